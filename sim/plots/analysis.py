"""What the figures of sensitivity, sweeps and discovery read: the dataset of an analysis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import FigureError
from sim.plots.reading import labels, pick_solution

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["dims_of", "kind_of", "need_analysis", "pick_output", "settings_of"]

_MADE_BY = {
    "tornado": "sim sensitivity FILE --method tornado",
    "sobol": "sim sensitivity FILE --method sobol",
    "break-even": "sim discover FILE --break-even NAME --out DIR",
    "sweep": "sim sweep FILE --vary path=from:to:n",
}


def settings_of(dataset: xr.Dataset) -> dict[str, Any]:
    """Return what an analysis says of itself, {} of a plain result."""
    told = dataset.attrs.get("analysis")
    return dict(json.loads(str(told))) if told else {}


def kind_of(dataset: xr.Dataset) -> str:
    """Return `tornado`, `sobol`, `sweep`, ..., or `result` for a run."""
    return str(settings_of(dataset).get("analysis", "result"))


def need_analysis(dataset: xr.Dataset, figure: str, kind: str, *names: str) -> None:
    """Check that a dataset is the analysis that a figure shows.

    Raises
    ------
    FigureError
        It is another one, or a variable is missing.
    """
    found = kind_of(dataset)
    if found != kind:
        what = "a result of sim run" if found == "result" else f"a {found}"
        raise FigureError(f"{figure}: needs what `{_MADE_BY[kind]}` writes; this is {what}")
    missing = [name for name in names if name not in dataset.variables]
    if missing:
        raise FigureError(f"{figure}: needs {', '.join(missing)}, which is not in this {kind}")


def pick_output(
    dataset: xr.Dataset, figure: str, solution: str | None, regime: str | None
) -> tuple[xr.Dataset, str]:
    """Return the part of an analysis at one solution (and regime), and the solution's name.

    Raises
    ------
    FigureError
        A name that is not there, or quantities that are not by player.
    """
    solution = pick_solution(dataset, figure, solution)
    chosen = dataset.sel(solution=solution)
    if "regime" in chosen.dims:
        known = labels(chosen, "regime")
        name = regime or ("linked" if "linked" in known else known[0])
        if name not in known:
            raise FigureError(f"{figure}: regime {name!r}: there are {', '.join(known)}")
        chosen = chosen.sel(regime=name)
    return chosen, solution


def dims_of(dataset: xr.Dataset | xr.DataArray, figure: str) -> tuple[str, tuple[str, ...]]:
    """Return the dimension whose labels get a panel each, and the labels: players, or issues.

    Raises
    ------
    FigureError
        Neither is there.
    """
    for dim in ("player", "issue"):
        if dim in dataset.dims:
            return dim, tuple(str(v) for v in np.atleast_1d(dataset[dim].values))
    raise FigureError(f"{figure}: shows quantities by player or by issue")
