"""`sim report`: a result as one page that can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.grids import consoles

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["REPORT", "report", "write_report"]

REPORT = "report.html"
"""Name of the page in the folder of a run."""


def report(result: Path, out: Path | None) -> None:
    """Write the report of a result; beside it unless said otherwise."""
    from sim.report import render
    from sim.results import load_result

    stdout, _ = consoles()
    folder = result if result.is_dir() else result.parent
    target = folder / REPORT if out is None else out
    with load_result(result) as dataset:
        render(dataset, target)
    stdout.print(f"written to {target}", soft_wrap=True)


def write_report(
    result: xr.Dataset, folder: Path, diagnostics: Mapping[str, Any] | None = None
) -> None:
    """Write the report of a run into its folder; diagnostics that are not given are computed."""
    from sim.report import render

    render(result, folder / REPORT, diagnostics=diagnostics)
