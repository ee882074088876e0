"""Running again: a result, or a study, made anew from what its file says of itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ResultError
from sim.montecarlo.engine import Progress
from sim.montecarlo.sweeps import Vary
from sim.results.analyses import morris, sobol, sweep, tornado
from sim.results.break_even import break_even
from sim.results.execution import Execution
from sim.results.planning import Run, run_of
from sim.results.provenance import Comparison, compare
from sim.results.runs import simulate
from sim.results.store import load_result, load_summary
from sim.results.summary import is_summary, summarise

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["rerun"]

_SENSITIVITY: Mapping[str, Callable[..., xr.Dataset]] = {
    "sobol": sobol,
    "tornado": tornado,
    "morris": morris,
}


def rerun(
    result: xr.Dataset | str | os.PathLike[str],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Make a result again from what it says of itself, and compare bit for bit.

    Parameters
    ----------
    result : xarray.Dataset or path
        A result, or its file or folder: of a run, where the statistics in the file are compared
        as well as the draws, or of a study (sensitivity, sweep, break-even).
    workers, scheduler, progress
        See `simulate`.

    Returns
    -------
    Comparison
        Whether every number is the same, and what changed where it is not.

    Raises
    ------
    ResultError
        There is no provenance.
    """
    import xarray as xr

    how = Execution(workers=workers, scheduler=scheduler, progress=progress)
    path = None if isinstance(result, xr.Dataset) else Path(result)
    old = result if isinstance(result, xr.Dataset) else _opened(Path(result))
    if "analysis" in old.attrs:
        return compare(old, _made(run_of(old.attrs), json.loads(old.attrs["analysis"]), how))
    new = simulate(
        run_of(old.attrs),
        workers=workers,
        scheduler=scheduler,
        keep="summary" if is_summary(old) else "draws",
        progress=progress,
    )
    found = compare(old, new)
    if path is None or is_summary(old):
        return found
    stored = compare(load_summary(path), summarise(new))
    told = [f"summary of {change}" for change in stored.changes if change not in found.changes]
    return Comparison(found.identical and stored.identical, (*found.changes, *told))


def _opened(path: Path) -> xr.Dataset:
    """Open a run's result, or a study: a `.nc` file, or a folder that holds one."""
    import xarray as xr

    files = sorted(path.glob("*.nc")) if path.is_dir() else [path]
    if len(files) == 1 and files[0].suffix == ".nc" and files[0].name != "result.nc":
        with suppress(OSError, ValueError), xr.open_dataset(files[0], engine="h5netcdf") as found:
            if "analysis" in found.attrs:
                return found.load()
    return load_result(path)  # or its message says what is wrong


def _made(planned: Run, told: Mapping[str, Any], how: Execution) -> xr.Dataset:
    """Make a study from what it says of itself."""
    rest = dict(told)
    kind = rest.pop("analysis")
    if kind in _SENSITIVITY:
        return _SENSITIVITY[kind](planned, **rest, how=how)
    if kind == "sweep":
        varied = [Vary(path, tuple(values)) for path, values in rest["vary"].items()]
        return sweep(planned, varied, draws=rest["draws"], how=how)
    if kind == "break-even":
        along = [
            Vary(path, tuple(np.linspace(*ends).tolist())) for path, ends in rest["along"].items()
        ]
        return break_even(planned, along, of=rest["of"], draws=rest["draws"], how=how)
    raise ResultError(f"{kind}: no study that can be made again; its result can")
