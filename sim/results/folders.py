"""The folder of a run: chunks while it lasts, a result when it is done."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ResultError
from sim.montecarlo.chunks import (
    Arrays,
    FolderStore,
    atomic_write,
    gaps,
    gather,
    merge,
    open_folder,
    read_manifest,
    rows_done,
)
from sim.results.export import summary_csv, summary_json
from sim.results.store import load_result, load_summary, write_result

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["finish", "merge_runs", "open_run", "saying_what_is_kept"]

_RESULT = "result.nc"


def open_run(
    path: Path, manifest: Mapping[str, Any], *, resume: bool = False
) -> FolderStore | None:
    """Start or resume a run in a folder.

    Parameters
    ----------
    path, manifest, resume
        See `sim.montecarlo.chunks.open_folder`.

    Returns
    -------
    FolderStore or None
        None if the run is finished: its result is there.

    Raises
    ------
    ResultError
        Another run's folder, an unwritable one, or this run's without `resume`.
    """
    if (path / _RESULT).exists() and not (path / "manifest.json").exists():
        raise ResultError(f"{path}: holds a {_RESULT} that no run here made; take another folder")
    store = open_folder(path, manifest, resume=resume)
    if (path / _RESULT).exists():
        _leave(store)
        return None
    return store


@contextlib.contextmanager
def saying_what_is_kept(store: FolderStore, total: int | None = None) -> Iterator[None]:
    """Have a Ctrl-C say how many draws are in the folder, of how many."""
    try:
        yield
    except KeyboardInterrupt as stop:
        of = "" if total is None else f" of {total:,}"
        raise KeyboardInterrupt(
            f"interrupted: {rows_done(store):,}{of} draws are kept in {store.path}; resume to go on"
        ) from stop


@contextlib.contextmanager
def _hearing_ctrl_c() -> Iterator[Callable[[], None]]:
    """Yield a check that raises a Ctrl-C which went unheard.

    Python drops what is raised in a destructor or in the callback of a weak reference, and files of
    netCDF open and close many.
    """
    heard: list[int] = []

    def note(number: int, _: object) -> None:
        heard.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if heard:
            raise KeyboardInterrupt

    own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not own or threading.current_thread() is not threading.main_thread():
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def finish(
    store: FolderStore,
    manifest: Mapping[str, Any],
    reached: Mapping[str, str | int],
    *,
    threads: int = 1,
) -> None:
    """Turn the chunks of a run into `result.nc`, `summary.json` and `summary.csv`.

    Parameters
    ----------
    store : FolderStore
        With all chunks.
    manifest : mapping
        Of the run.
    reached : mapping
        Attributes that are known only now: `draws`, and `precision` where it was asked for.
    threads : int
        See `sim.results.summarise`.

    Raises
    ------
    ResultError
        Draws are missing, or the disk is full; the chunks stay, and resuming goes on from there.
    """
    replicates = manifest["replicates"]

    def blocks(rows: range) -> Arrays:
        check()
        arrays = gather(store, rows)
        if replicates is not None:
            arrays["replicate"] = np.arange(rows.start, rows.stop) % replicates
        return arrays

    coords = {name: (dim, tuple(labels)) for name, (dim, labels) in manifest["coords"].items()}
    with _hearing_ctrl_c() as check:
        write_result(
            store.path / _RESULT,
            blocks,
            int(reached["draws"]),
            coords=coords,
            attrs={**manifest["attrs"], **reached},
            keep=manifest["keep"],
            threads=threads,
        )
        check()
    _leave(store)


def _leave(store: FolderStore) -> None:
    """Write the small files and delete the chunks; safe to do again after an interruption."""
    statistics = load_summary(store.path)
    text = json.dumps(summary_json(statistics), indent=1, ensure_ascii=False, allow_nan=False)
    atomic_write(store.path / "summary.json", f"{text}\n".encode())
    atomic_write(store.path / "summary.csv", summary_csv(statistics).encode())
    store.remove()


def merge_runs(parts: Iterable[Path], target: Path) -> xr.Dataset:
    """Bring the shards of a run together and finish it.

    Parameters
    ----------
    parts : iterable of Path
        The folders of all shards.
    target : Path
        Folder of the whole run; may be one of the parts.

    Returns
    -------
    xarray.Dataset
        The same, byte for byte, as of a run in one piece.

    Raises
    ------
    ResultError
        The folders are not of one run, or draws are missing: the message says which.
    """
    folders = list(parts)
    done = (target / _RESULT).exists()
    if not done:
        _require_all(folders, target)
    store = merge(folders, target)
    if not done:
        manifest = read_manifest(target)
        finish(store, manifest, {"draws": int(manifest["draws"])})
    return load_result(target)


def _require_all(folders: list[Path], target: Path) -> None:
    """Raise unless the shards hold every draw; nothing is written for less."""
    total = 0
    for folder in folders:
        manifest = read_manifest(folder)
        if (folder / _RESULT).exists():
            raise ResultError(f"{folder}: is a whole run already, no shard")
        if manifest.get("draws") == "auto":
            raise ResultError(f"{folder}: a run that stops by precision has no shards; resume it")
        total = int(manifest["draws"])
    spans = {span for folder in (*folders, target) for span in FolderStore(folder).spans()}
    if missing := gaps(sorted(spans), range(total)):
        told = ", ".join(f"{start} to {stop - 1}" for start, stop in missing[:5])
        raise ResultError(f"{target}: draws {told} of {total} are in none of the shards")
