"""Run a task over the draws, chunk by chunk, on whatever engine, and keep what is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from sim.errors import EngineError, ResultError
from sim.montecarlo.chunks import Arrays, ChunkStore, Span, gaps, gather
from sim.montecarlo.engines import Engine, SerialExecutor
from sim.montecarlo.precision import IntArray, Precision, next_total

__all__ = ["Progress", "Reached", "Shard", "Task", "chunk_size", "run", "run_to_precision"]

Task = Callable[[range], Arrays]
Progress = Callable[[int, int], None]

_SMALLEST, _LARGEST = 512, 8192
_PATIENCE = 2.0  # seconds without a chunk after which to look whether the workers live


class ReplicateOf(Protocol):
    """The replicate of each draw, or None where draws are independent."""

    def __call__(self, rows: range, /) -> IntArray | None:
        """Return the replicates of `rows`."""
        ...


@dataclass(frozen=True, slots=True)
class Shard:
    """Part i of n of a run: every n-th chunk.

    Parameters
    ----------
    part, of : int
        1 ≤ part ≤ of.
    """

    part: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.part <= self.of:
            raise EngineError(f"shard {self.part}/{self.of}: allowed are 1/n to n/n")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `i/n`.

        Raises
        ------
        EngineError
            It is something else.
        """
        try:
            part, of = (int(number) for number in text.split("/"))
        except ValueError as error:
            raise EngineError(f"shard {text!r}: write it as i/n, such as 1/4") from error
        return cls(part, of)


@dataclass(frozen=True, slots=True)
class Reached:
    """How a run that stops by precision ended.

    Parameters
    ----------
    draws : int
        Draws computed.
    error : float
        Largest standard error of what was watched.
    target : float
        What was asked for; missed where `error` is larger: the cap came first.
    """

    draws: int
    error: float
    target: float

    @property
    def met(self) -> bool:
        """Whether the target was met."""
        return self.error <= self.target


def chunk_size(n_draws: int) -> int:
    """Return the usual chunk: a quarter of the run, at least 512 and at most 8192 draws.

    A chunk costs a good part of its time whatever its size, so that few large ones are fastest. It
    does not depend on the number of workers: every engine computes the same chunks.
    """
    return min(max(-(-n_draws // 4), _SMALLEST), _LARGEST)


def run(
    task: Task,
    n_draws: int,
    *,
    store: ChunkStore,
    engine: Engine | None = None,
    chunk: int | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> None:
    """Compute the draws 0 … n_draws − 1 that the store does not have yet.

    Parameters
    ----------
    task : callable
        From a range of draws to a dict of arrays with the draws leading. A function of the draws
        alone, and picklable where the engine has other processes.
    n_draws : int
        Number of draws of the whole run.
    store : ChunkStore
        Where finished chunks go. Each is kept as soon as it is there.
    engine : Engine, optional
        Default: this process.
    chunk : int, optional
        Draws a chunk; the result must not depend on it. Default: `chunk_size`.
    shard : Shard, optional
        Compute only this part.
    progress : callable, optional
        Called with the draws done and the draws to do in all.

    Raises
    ------
    ResultError
        A chunk cannot be kept.
    EngineError
        A worker died.
    KeyboardInterrupt
        Ctrl-C; as after any error, the chunks finished by then are in the store and work in hand
        is given up.
    """
    size = chunk or chunk_size(n_draws)
    chunks = _chunks(n_draws, size, shard or Shard())
    spans = store.spans()
    todo = [gap for start, stop in chunks for gap in gaps(spans, range(start, stop))]
    total = sum(stop - start for start, stop in chunks)
    done = total - sum(stop - start for start, stop in todo)

    def keep(span: Span, arrays: Arrays) -> None:
        nonlocal done
        store.put(span, arrays)
        done += span[1] - span[0]
        if progress is not None:
            progress(done, total)

    if progress is not None:
        progress(done, total)
    _compute(task, todo, keep, engine or Engine(SerialExecutor()))


def run_to_precision(
    task: Task,
    precision: Precision,
    *,
    store: ChunkStore,
    replicates: ReplicateOf,
    doubling: bool,
    engine: Engine | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Reached:
    """Compute draws until the watched means are known well enough, or the cap is reached.

    The looks come at totals that follow from the draws alone, so that a run stops at the same draw
    on any engine, resumed or not.

    Parameters
    ----------
    task, store, engine, chunk, progress
        See `run`.
    precision : Precision
        When to stop.
    replicates : callable
        From a range of draws to their replicates, or None: what the standard error rests on.
    doubling : bool
        Double the number of draws at each stage (Sobol' sequences).

    Returns
    -------
    Reached
        Draws, and whether the target was met.

    Raises
    ------
    ResultError, EngineError, KeyboardInterrupt
        See `run`.
    """
    total = min(precision.first, precision.cap)
    while True:
        run(
            task,
            total,
            store=store,
            engine=engine,
            chunk=chunk,
            progress=progress,
        )
        rows = range(total)
        watched = gather(store, rows, precision.watched)
        error = float(np.max(precision.measure(watched, replicates(rows)), initial=0.0))
        following = next_total(
            total, error=error, target=precision.target, cap=precision.cap, doubling=doubling
        )
        if following == total:
            return Reached(draws=total, error=error, target=precision.target)
        total = following


def _chunks(n_draws: int, chunk: int, shard: Shard) -> list[Span]:
    if chunk < 1:
        raise EngineError(f"chunk {chunk}: allowed are the integers from 1")
    starts = range(0, n_draws, chunk)[shard.part - 1 :: shard.of]
    return [(start, min(start + chunk, n_draws)) for start in starts]


def _compute(
    task: Task, todo: Iterable[Span], keep: Callable[[Span, Arrays], None], engine: Engine
) -> None:
    """Hand out chunks, no more than there are slots, and keep each as it comes back."""
    flight: dict[Future[Arrays], Span] = {}
    waiting = iter(todo)
    try:
        while True:
            for span in islice(waiting, engine.slots - len(flight)):
                flight[engine.executor.submit(_work, task, span)] = span
            if not flight:
                return
            finished = wait(flight, timeout=_PATIENCE, return_when=FIRST_COMPLETED).done
            if not finished and engine.lost():
                raise BrokenExecutor
            for future in finished:
                keep(flight[future], future.result())
                del flight[future]
    except BaseException as error:
        _salvage(flight, keep)
        engine.abandon()
        if isinstance(error, BrokenExecutor):
            raise EngineError(
                "a worker died, most often for want of memory; finished chunks are kept: "
                "resume with fewer workers or smaller chunks (a script that asks for workers "
                'stands under `if __name__ == "__main__":`)'
            ) from error
        raise


def _salvage(flight: dict[Future[Arrays], Span], keep: Callable[[Span, Arrays], None]) -> None:
    """Keep the chunks that finished while something else went wrong."""
    for future, span in flight.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            with suppress(ResultError):
                keep(span, future.result())


def _work(task: Task, span: Span) -> Arrays:
    """Compute a chunk, in a worker, and check that it is one."""
    arrays = task(range(*span))
    for name, array in arrays.items():
        if len(array) != span[1] - span[0]:
            raise ValueError(
                f"{name}: {len(array)} draws came back for the {span[1] - span[0]} of {span}"
            )
    return arrays
