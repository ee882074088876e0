"""`sim plot`: a figure from a result, as SVG, PDF or PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from sim.cli.grids import consoles
from sim.errors import SimError
from sim.plots.registry import FIGURES, Entry, draw, parse_options

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["list_figures", "load", "plot"]


def plot(result: Path | None, name: str | None, out: Path | None, options: list[str]) -> None:
    """Draw one figure and write it.

    Parameters
    ----------
    result : Path
        A result or an analysis: its folder or its `.nc` file.
    name : str
        See `sim plot --list`.
    out : Path, optional
        Ends in `.svg`, `.pdf` or `.png`; the figure's name as SVG by default.
    options : list of str
        `key=value` texts.

    Raises
    ------
    SimError
        No result or name, an unknown one, an unknown option, or nothing to show.
    """
    if result is None or name is None:
        raise SimError(
            f"sim plot RESULT NAME: give a result and one of {', '.join(FIGURES)}; "
            "sim plot --list says what they show"
        )
    from sim.plots.canvas import form_of, save

    given = parse_options(name, options)
    target = out or Path(f"{name}.svg")
    form_of(target)
    chart = draw(name, load(result, FIGURES[name]), given)
    save(chart, target)
    stdout, _ = consoles()
    stdout.print(Text(chart.alt))
    stdout.print(f"written to {target}", soft_wrap=True)


def list_figures() -> None:
    """Print every figure: its name, what it shows, what it needs."""
    stdout, _ = consoles()
    for entry in FIGURES.values():
        stdout.print(Text.assemble((entry.name, "bold"), f": {entry.description}"))
        stdout.print(f"    needs {entry.needs}")


def load(path: Path, entry: Entry) -> xr.Dataset:
    """Open what a figure needs: the file given, or from a folder the one that fits it best.

    Raises
    ------
    ResultError
        There is no such file, or it is no result.
    """
    import xarray as xr

    from sim.results import load_result

    if path.is_dir():
        files = [path / f"{kind}.nc" for kind in reversed(entry.kinds)]
        path = next((file for file in files if file.exists()), path)
        others = sorted(path.glob("*.nc")) if path.is_dir() else []
        path = others[0] if others else path
    if path.suffix == ".nc" and path.name != "result.nc" and path.is_file():
        try:
            with xr.open_dataset(path, engine="h5netcdf") as found:
                if "analysis" in found.attrs:
                    return found.load()
        except (OSError, ValueError):
            pass  # the message of load_result says what is wrong
    return load_result(path)
