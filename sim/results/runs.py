"""Running: from a planned run to a labelled result, in memory or in a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sim.errors import SamplingError
from sim.montecarlo.chunks import ChunkStore, MemoryStore, gather
from sim.montecarlo.engine import Progress, Shard, chunk_size, run, run_to_precision
from sim.montecarlo.engines import Engine, open_engine
from sim.montecarlo.precision import FIRST_STAGE
from sim.montecarlo.sampling import Sampler, replicate
from sim.results.dataset import to_dataset
from sim.results.folders import finish, open_run, saying_what_is_kept
from sim.results.planning import Run, plan_run
from sim.results.provenance import residuals
from sim.results.store import Keep, load_result
from sim.results.summary import summarise
from sim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["simulate", "simulate_shard"]


def simulate(
    scenario: Scenario | Run | str | os.PathLike[str],
    *,
    draws: int | Literal["auto"] | None = None,
    seed: int | None = None,
    sampler: Sampler | None = None,
    regimes: tuple[str, ...] | None = None,
    solutions: tuple[str, ...] | None = None,
    se: float | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    chunk: int | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    keep: Keep = "draws",
    progress: Progress | None = None,
) -> xr.Dataset:
    """Solve a scenario in many draws of what is uncertain.

    The same scenario, seed and versions give the same numbers, and the same bytes in a file, on
    any number of workers, in chunks of any size, resumed or not.

    Parameters
    ----------
    scenario : Scenario, Run or path
        A scenario, its file, or a run from `plan_run`, which has more settings.
    draws, seed, sampler, regimes, solutions, se
        See `plan_run`; the scenario's own unless given.
    workers : int
        Processes. A script that asks for more than 1 needs `if __name__ == "__main__":`.
    scheduler : str, optional
        Address of a `dask.distributed` scheduler, in place of processes.
    chunk : int, optional
        Draws solved at a time.
    out : path, optional
        A folder: finished chunks are kept there while the run lasts, then `result.nc`,
        `summary.json` and `summary.csv`. Without it the result is in memory only.
    resume : bool
        Go on with the run in `out`.
    keep : {"draws", "summary"}
        What to keep: all draws, or their statistics.
    progress : callable, optional
        Called with the draws done and the draws to do.

    Returns
    -------
    xarray.Dataset
        See `sim.results.SCHEMA`; lazily opened with `out`. Unconverged draws are in it, flagged.

    Raises
    ------
    SimError
        A fault in what was asked for: `ScenarioError`, `SamplingError`, `EngineError`,
        `ResultError`.
    KeyboardInterrupt
        Ctrl-C; chunks finished by then are in `out`, and the message says how many draws.

    Examples
    --------
    >>> import sim
    >>> result = sim.simulate("scenarios/worked-example.yaml", draws=100)  # doctest: +SKIP
    """
    asked = (draws, seed, sampler, regimes, solutions, se)
    if not isinstance(scenario, Run):
        scenario = plan_run(
            scenario,
            draws=draws,
            seed=seed,
            sampler=sampler,
            regimes=regimes,
            solutions=solutions,
            se=se,
        )
    elif any(value is not None for value in asked):
        raise SamplingError("a run is planned already: give its settings to plan_run")
    chunk = chunk or scenario.plan.scenario.simulate.chunk
    busy = _busy(workers, scenario, chunk)
    with open_engine(workers=busy, scheduler=scheduler) as engine:
        if out is None:
            memory = MemoryStore()
            reached = _compute(scenario, memory, engine, chunk, progress)
            return _in_memory(scenario, memory, reached, keep)
        folder = Path(out)
        manifest = scenario.manifest(keep)
        store = open_run(folder, manifest, resume=resume)
        if store is not None:
            with saying_what_is_kept(store, scenario.draws):
                reached = _compute(scenario, store, engine, chunk, progress)
                finish(store, manifest, reached, threads=max(1, busy))
    return load_result(folder)


def simulate_shard(
    planned: Run,
    out: str | os.PathLike[str],
    shard: Shard,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    chunk: int | None = None,
    resume: bool = False,
    keep: Keep = "draws",
    progress: Progress | None = None,
) -> None:
    """Compute one part of a run, for batch systems; `merge_runs` brings the parts together.

    Parameters
    ----------
    planned : Run
        The whole run.
    out : path
        A folder for this part, or one for all parts.
    shard : Shard
        Which part. All parts need the same chunk.
    workers, scheduler, chunk, resume, keep, progress
        See `simulate`.

    Raises
    ------
    SimError
        See `simulate`.
    """
    if planned.draws is None:
        raise SamplingError("draws auto: not in shards, which do not know of each other's draws")
    store = open_run(Path(out), planned.manifest(keep), resume=resume)
    if store is None:
        return
    with (
        saying_what_is_kept(store, planned.draws),
        open_engine(workers=workers, scheduler=scheduler) as engine,
    ):
        run(
            planned.task,
            planned.draws,
            store=store,
            engine=engine,
            chunk=chunk or planned.plan.scenario.simulate.chunk,
            shard=shard,
            progress=progress,
        )


def _busy(workers: int, planned: Run, chunk: int | None) -> int:
    """Return how many workers find something to do: starting one costs a second or two."""
    draws = planned.draws or FIRST_STAGE
    chunks = -(-draws // (chunk or chunk_size(draws)))
    return max(1, min(workers, chunks)) if workers > 0 else workers


def _compute(
    planned: Run, store: ChunkStore, engine: Engine, chunk: int | None, progress: Progress | None
) -> dict[str, str | int]:
    """Compute what is missing and return the attributes that are known only then."""
    if planned.precision is None:
        total = planned.draws or 0
        run(planned.task, total, store=store, engine=engine, chunk=chunk, progress=progress)
        return {"draws": total}
    reached = run_to_precision(
        planned.task,
        planned.precision,
        store=store,
        replicates=partial(replicate, planned.design),
        doubling=planned.design.sampler == "sobol",
        engine=engine,
        chunk=chunk,
        progress=progress,
    )
    told = {"se": reached.target, "reached": reached.error, "met": reached.met}
    return {"draws": reached.draws, "precision": json.dumps(told, sort_keys=True)}


def _in_memory(
    planned: Run, store: MemoryStore, reached: Mapping[str, str | int], keep: Keep
) -> xr.Dataset:
    rows = range(int(reached["draws"]))
    names = list(next(iter(store.chunks.values())))
    arrays = {}
    for name in names:  # one at a time, so that no more than one is there twice
        arrays[name] = gather(store, rows, [name])[name]
        for chunk in store.chunks.values():
            del chunk[name]
    if (label := replicate(planned.design, rows)) is not None:
        arrays["replicate"] = label
    found = residuals(arrays["residual"], arrays["converged"])
    labels = {name: values for name, (dim, values) in planned.coords.items() if name == dim}
    further = {name: at for name, at in planned.coords.items() if name not in labels}
    attrs = {**planned.attrs, **reached, "residual": found}
    dataset = to_dataset(arrays, labels, attrs=attrs, coords=further)
    return summarise(dataset) if keep == "summary" else dataset
