"""Who computes: this process, further processes, or a dask cluster, behind one seam.

The seam is `concurrent.futures.Executor`. What travels to a worker is the task (a design and a
scenario's text, some kilobytes) and a range of draws; what comes back are arrays.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sim.errors import EngineError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing.process import BaseProcess

__all__ = ["Engine", "SerialExecutor", "dask_engine", "open_engine", "process_engine"]

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


class SerialExecutor(Executor):
    """An executor that computes on the spot, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn` and return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # handed on by future.result()
            future.set_exception(error)
        return future


def _nothing() -> None:
    return None


def _none_lost() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Engine:
    """An executor and what a run needs to know of it.

    Parameters
    ----------
    executor : Executor
        Any `concurrent.futures.Executor`.
    slots : int
        Chunks handed out at once: bounds the memory of a run.
    abandon : callable
        Ends the work in hand at once, without waiting for it.
    lost : callable
        Whether a worker is gone whose chunk will never come back.
    """

    executor: Executor
    slots: int = 1
    abandon: Callable[[], None] = _nothing
    lost: Callable[[], bool] = _none_lost


@contextmanager
def open_engine(*, workers: int = 1, scheduler: str | None = None) -> Iterator[Engine]:
    """Open the engine for a number of workers on this machine, or for a dask scheduler.

    Parameters
    ----------
    workers : int
        1 computes in this process; more start that many processes.
    scheduler : str, optional
        Address of a `dask.distributed` scheduler, `tcp://host:8786`.

    Yields
    ------
    Engine

    Raises
    ------
    EngineError
        Fewer than one worker, no answer from the scheduler, or dask is not installed.
    """
    if scheduler is not None:
        with dask_engine(scheduler) as engine:
            yield engine
    elif workers == 1:
        yield Engine(SerialExecutor())
    elif workers > 1:
        with process_engine(workers) as engine:
            yield engine
    else:
        raise EngineError(f"workers {workers}: allowed are the integers from 1")


@contextmanager
def process_engine(workers: int) -> Iterator[Engine]:
    """Open a pool of spawned processes, each with a single-threaded BLAS.

    A script that uses it needs `if __name__ == "__main__":`, as any that spawns processes.

    Parameters
    ----------
    workers : int
        Number of processes.

    Yields
    ------
    Engine
        Two chunks a worker are in hand, so that none waits for the next.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    pool = _MaskedPool(
        ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_set_up_worker
        )
    )
    # What follows reads the pool's own records: no public name tells who works and what they sent.
    results: Any = pool.inner._result_queue
    processes: Mapping[int, BaseProcess] = pool.inner._processes

    def lost() -> bool:
        return any(process.exitcode is not None for process in tuple(processes.values()))

    def abandon() -> None:
        ending = tuple(processes.values())
        reader: Any = pool.inner._executor_manager_thread  # which shutdown forgets
        pool.inner.shutdown(wait=False, cancel_futures=True)
        for process in ending:
            process.terminate()
        for process in ending:
            process.join()
        # A worker that ends while it sends leaves half a message, and the pool's reader waits for
        # the rest as long as anyone could still write it: this process, in name.
        results._writer.close()
        # Python wakes the reader at exit, and complains if it is just closing what wakes it.
        if reader is not None:
            reader.join(1.0)

    with _single_threaded():
        try:
            yield Engine(pool, slots=2 * workers, abandon=abandon, lost=lost)
        finally:
            pool.inner.shutdown(wait=True, cancel_futures=True)


class _MaskedPool(Executor):
    """A process pool whose workers never see the Ctrl-C that is meant for the parent.

    Processes start inside `submit` and inherit the signal mask: without it, one that is interrupted
    while it imports would print a traceback of its own.
    """

    def __init__(self, inner: ProcessPoolExecutor) -> None:
        self.inner = inner

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if not hasattr(signal, "pthread_sigmask"):
            return self.inner.submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self.inner.submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _set_up_worker() -> None:
    """Ignore Ctrl-C, and end when the parent is gone, be it killed."""
    import multiprocessing
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True, name="follow-parent").start()


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Have processes that start meanwhile use one thread each: sums then round alike anywhere."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_ADDRESS = re.compile(r"inproc://.+|(\w+://)?(\[[^\]]+\]|[^:/\s]+):\d+(/.*)?")


@contextmanager
def dask_engine(scheduler: str, *, timeout: float = 10.0) -> Iterator[Engine]:
    """Open the executor of a `dask.distributed` cluster.

    The workers need this version of `sim` and of NumPy; dask starts them with one BLAS thread.

    Parameters
    ----------
    scheduler : str
        Address of the scheduler, `tcp://host:8786`.
    timeout : float
        Seconds to wait for its answer.

    Yields
    ------
    Engine

    Raises
    ------
    EngineError
        No answer, no workers, or dask is not installed.
    """
    if not _ADDRESS.fullmatch(scheduler):
        raise EngineError(f"scheduler {scheduler}: write its address, such as tcp://host:8786")
    try:
        import distributed
    except ImportError as error:
        raise EngineError(
            "a scheduler needs dask.distributed: install linkage-sim[dask]"
        ) from error
    make_client: Any = distributed.Client
    try:
        client = make_client(scheduler, timeout=timeout, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise EngineError(f"scheduler {scheduler}: no answer ({error})") from error
    try:
        threads = sum(client.ncores().values())
        if threads == 0:
            raise EngineError(f"scheduler {scheduler}: it has no workers")
        pool = client.get_executor(pure=False)
        yield Engine(pool, slots=2 * threads, abandon=lambda: pool.shutdown(wait=False))
    finally:
        client.close()
