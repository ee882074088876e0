"""Every notebook runs from top to bottom, and is one."""

from __future__ import annotations

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


def test_the_notebooks_are_there() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == [
        "01_first_scenario",
        "02_bargaining_solutions",
        "03_linkage",
        "04_monte_carlo_and_sensitivity",
        "05_equilibria",
        "06_your_own_payoffs",
        "07_april_2025",
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the repository, without a display, with warnings as errors."""
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("Agg")
    runpy.run_path(str(notebook), run_name="__main__")
    plt.close("all")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_a_notebook(notebook: Path) -> None:
    """It opens in Jupyter: valid, with a kernel, a title and text between the code."""
    import jupytext
    import nbformat

    opened = jupytext.read(notebook)
    nbformat.validate(opened)
    assert opened.metadata["kernelspec"]["name"] == "python3"
    assert opened.cells[0].cell_type == "markdown"
    assert opened.cells[0].source.startswith("# ")
    kinds = [cell.cell_type for cell in opened.cells]
    assert min(kinds.count("markdown"), kinds.count("code")) >= 5


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_pair_is_the_same_notebook_without_outputs(notebook: Path) -> None:
    """Whoever has no jupytext opens the .ipynb; `jupytext --sync` keeps the two together."""
    import jupytext
    import nbformat

    pair = nbformat.read(notebook.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(pair)
    cells = [(cell.cell_type, cell.source) for cell in pair.cells]
    assert cells == [(cell.cell_type, cell.source) for cell in jupytext.read(notebook).cells]
    code = [cell for cell in pair.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
