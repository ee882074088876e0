"""How a study is computed, and the folder that keeps it: the same for all of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.montecarlo.chunks import ChunkStore, MemoryStore, open_folder, replacing
from sim.montecarlo.engine import Progress, Task
from sim.montecarlo.engine import run as compute
from sim.montecarlo.engines import open_engine
from sim.results.folders import saying_what_is_kept
from sim.results.planning import Run

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Execution", "Fill", "Study", "finished"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How something is computed; it changes no number.

    Parameters
    ----------
    workers, scheduler, chunk, progress
        See `sim.results.simulate`.
    out : path, optional
        A folder that keeps finished chunks, and in the end the result.
    resume : bool
        Go on with what is in `out`.
    """

    workers: int = 1
    scheduler: str | None = None
    chunk: int | None = None
    out: str | os.PathLike[str] | None = None
    resume: bool = False
    progress: Progress | None = None


Fill = Callable[[Task, int], None]
"""Compute the first so many rows of a task, as far as they are not there yet."""
Study = Callable[[ChunkStore, Fill], "xr.Dataset"]
"""Fill a store with what is needed, and read the dataset from it."""


def finished(
    planned: Run,
    study: Study,
    what: Mapping[str, object],
    how: Execution,
    *,
    rows: int | None = None,
) -> xr.Dataset:
    """Make a study, and keep it if there is a folder.

    Parameters
    ----------
    planned : Run
        What it is made from.
    study : callable
        From an empty store, or one with the chunks of an interrupted study, to the dataset.
    what : mapping
        What the study says of itself; `analysis` names its file.
    how : Execution
    rows : int, optional
        Rows of the whole study, where they are known before.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    SimError
        The folder is another run's, or cannot be written.
    """
    import xarray as xr

    def computed(store: ChunkStore) -> xr.Dataset:
        with open_engine(workers=how.workers, scheduler=how.scheduler) as engine:

            def fill(task: Task, total: int) -> None:
                compute(
                    task, total, store=store, engine=engine, chunk=how.chunk, progress=how.progress
                )

            dataset = study(store, fill)
        return dataset.assign_attrs(analysis=json.dumps(what, sort_keys=True))

    if how.out is None:
        return computed(MemoryStore())
    folder = Path(how.out)
    manifest = planned.manifest("draws") | {"draws": rows or "auto", "analysis": dict(what)}
    store = open_folder(folder, manifest, resume=how.resume)
    file = folder / f"{what['analysis']}.nc"
    if not file.exists():
        with saying_what_is_kept(store, rows):
            dataset = computed(store)
        with replacing(file) as part:
            dataset.to_netcdf(part, engine="h5netcdf")
    store.remove()
    return xr.load_dataset(file, engine="h5netcdf")
