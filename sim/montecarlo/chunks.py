"""Finished chunks of a run: in memory, or in a folder that survives whatever ends the run.

A folder holds `manifest.json`, which says what run it belongs to, and `chunks/START-STOP.npz`. Each
file is written under another name, flushed to disk and renamed, so that it is there whole or not at
all; two processes may share a folder, since both would write the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sim.errors import ResultError

__all__ = [
    "Arrays",
    "ChunkStore",
    "FolderStore",
    "MemoryStore",
    "Span",
    "atomic_write",
    "gaps",
    "gather",
    "merge",
    "open_folder",
    "read_manifest",
    "replacing",
    "rows_done",
]

Arrays = dict[str, npt.NDArray[Any]]
Span = tuple[int, int]
Manifest = Mapping[str, Any]

_LONGEST = 80  # of a value in a message
_TOLD = 3  # differences in a message
_MANIFEST = "manifest.json"
_CHUNKS = "chunks"
_HALF = f".*.{'?' * 12}.part"  # see `replacing`
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile)
_NAME = re.compile(r"(\d+)-(\d+)\.npz")


class ChunkStore(Protocol):
    """Where finished chunks go."""

    def spans(self) -> tuple[Span, ...]:
        """Return (start, stop) of every finished chunk, ascending."""
        ...

    def put(self, span: Span, arrays: Arrays) -> None:
        """Keep the arrays of the draws start … stop − 1, all or nothing."""
        ...

    def get(self, span: Span, names: Collection[str] | None = None) -> Arrays:
        """Return the arrays of a finished chunk, or those named."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryStore:
    """Chunks of a run that is kept in memory."""

    chunks: dict[Span, Arrays] = field(default_factory=dict)

    def spans(self) -> tuple[Span, ...]:
        """Return (start, stop) of every finished chunk, ascending."""
        return tuple(sorted(self.chunks))

    def put(self, span: Span, arrays: Arrays) -> None:
        """Keep the arrays of the draws start … stop − 1."""
        self.chunks[span] = arrays

    def get(self, span: Span, names: Collection[str] | None = None) -> Arrays:
        """Return the arrays of a finished chunk, or those named."""
        whole = self.chunks[span]
        return dict(whole) if names is None else {name: whole[name] for name in names}


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Chunks of a run in a folder; made by `open_folder`.

    Parameters
    ----------
    path : Path
        The folder of the run.
    """

    path: Path

    def spans(self) -> tuple[Span, ...]:
        """Return (start, stop) of every finished chunk, ascending."""
        names = (_NAME.fullmatch(file.name) for file in (self.path / _CHUNKS).glob("*.npz"))
        return tuple(sorted((int(name[1]), int(name[2])) for name in names if name))

    def put(self, span: Span, arrays: Arrays) -> None:
        """Write the arrays of the draws start … stop − 1, atomically and durably.

        Raises
        ------
        ResultError
            The disk is full or the folder cannot be written; finished chunks stay.
        """
        named: dict[str, Any] = dict(arrays)
        with replacing(self._file(span)) as part, part.open("xb") as file:
            np.savez(file, **named)

    def get(self, span: Span, names: Collection[str] | None = None) -> Arrays:
        """Return the arrays of a finished chunk, or those named.

        Raises
        ------
        ResultError
            The file cannot be read or its checksum is wrong.
        """
        try:
            with self._file(span).open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in (names or archive.files)}
        except _UNREADABLE as error:
            raise ResultError(
                f"{self._file(span)}: no chunk of this run ({error}); "
                "resume the run and it is computed again"
            ) from error

    def drop_damaged(self) -> None:
        """Delete chunks that cannot be read or are not whole, which a failing disk leaves."""
        for span in self.spans():
            try:
                whole = all(len(array) == span[1] - span[0] for array in self.get(span).values())
            except ResultError:
                whole = False
            if not whole:
                self._file(span).unlink()

    def remove(self) -> None:
        """Delete the chunks and all that a killed run left half written; the result stays."""
        folder = self.path / _CHUNKS
        halves = [*folder.glob(_HALF), *self.path.glob(_HALF)]
        for file in [*map(self._file, self.spans()), *halves]:
            file.unlink(missing_ok=True)
        with suppress(OSError):  # something of somebody else's is in it
            folder.rmdir()

    def _file(self, span: Span) -> Path:
        return self.path / _CHUNKS / f"{span[0]:010d}-{span[1]:010d}.npz"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Let a file be written that is there whole or not at all, whatever happens in between.

    Parameters
    ----------
    path : Path
        The file; it is replaced if it is there.

    Yields
    ------
    Path
        The name to write to, in the same folder. After the block it is flushed to disk and
        renamed; after an error it is gone.

    Raises
    ------
    ResultError
        Full disk, unwritable folder; `path` is as it was.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ResultError(
            f"{path}: cannot be written ({error.strerror or error}); what was there is kept"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def atomic_write(path: Path, content: bytes) -> None:
    """Write a small file as `replacing` does."""
    with replacing(path) as part:
        part.write_bytes(content)


def _sync_folder(path: Path) -> None:
    with suppress(OSError):  # not every system lets a folder be opened
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_folder(path: Path, manifest: Manifest, *, resume: bool = False) -> FolderStore:
    """Start a run in a folder, or go on with the one that is there.

    Parameters
    ----------
    path : Path
        Made if need be.
    manifest : mapping
        What the run is: scenario hash, overrides, seed, settings, versions; JSON values.
    resume : bool
        Go on with a run that is there already, or start one.

    Returns
    -------
    FolderStore

    Raises
    ------
    ResultError
        The folder holds another run (the message says in what it differs), or this one without
        `resume`; or it cannot be written.
    """
    there = path / _MANIFEST
    store = FolderStore(path)
    if there.exists():
        held = read_manifest(path)
        if differing := _differences(held, json.loads(_text(manifest))):
            raise ResultError(
                f"{path}: holds another run: {_briefly(differing)}; take another folder"
            )
        if not resume:
            raise ResultError(f"{path}: holds this run already; resume it or take another folder")
        store.drop_damaged()
    try:
        (path / _CHUNKS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(f"{path}: cannot be made ({error.strerror or error})") from error
    if not there.exists():
        atomic_write(there, _text(manifest).encode())
    return store


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of a run's folder.

    Raises
    ------
    ResultError
        There is none, or it is not one.
    """
    try:
        manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path}: no folder of a run: it has no {_MANIFEST}") from error
    except ValueError as error:
        raise ResultError(f"{path}: no folder of a run (its manifest: {error})") from error
    if not isinstance(manifest, dict):
        raise ResultError(f"{path}: no folder of a run (its manifest is no mapping)")
    return manifest


def merge(parts: Iterable[Path], target: Path) -> FolderStore:
    """Bring the chunks of shards together in one folder.

    Parameters
    ----------
    parts : iterable of Path
        Folders of shards of one run.
    target : Path
        Folder for all of them; may be one of the parts.

    Returns
    -------
    FolderStore

    Raises
    ------
    ResultError
        The folders are not of one run.
    """
    folders = list(parts)
    if not folders:
        raise ResultError("merge: no folders given")
    manifest = read_manifest(folders[0])
    for folder in folders[1:]:
        if differing := _differences(manifest, read_manifest(folder)):
            raise ResultError(
                f"{folder}: holds another run than {folders[0]}: {_briefly(differing)}"
            )
    store = open_folder(target, manifest, resume=True)
    for source in map(FolderStore, folders):
        for span in sorted({*source.spans()} - {*store.spans()}):
            store.put(span, source.get(span))
    return store


def rows_done(store: ChunkStore) -> int:
    """Return the number of draws in the finished chunks."""
    spans = store.spans()
    if not spans:
        return 0
    last = max(stop for _, stop in spans)
    return last - sum(stop - start for start, stop in gaps(spans, range(last)))


def gaps(spans: Iterable[Span], rows: range) -> list[Span]:
    """Return the parts of `rows` that none of the ascending `spans` covers, ascending."""
    at, left = rows.start, []
    for start, stop in spans:
        if start >= rows.stop:
            break
        if start > at:
            left.append((at, start))
        at = max(at, stop)
    if at < rows.stop:
        left.append((at, rows.stop))
    return left


def gather(store: ChunkStore, rows: range, names: Collection[str] | None = None) -> Arrays:
    """Return arrays of the draws `rows`, from however many chunks.

    Raises
    ------
    ResultError
        Some of the draws are in no finished chunk, or the chunks are not of one kind.
    """
    spans = store.spans()
    if missing := gaps(spans, rows):
        told = ", ".join(f"{start} to {stop - 1}" for start, stop in missing[:5])
        raise ResultError(f"draws {told} are not computed yet")
    pieces: list[Arrays] = []
    at = rows.start
    for start, stop in spans:
        if start <= at < min(stop, rows.stop):
            whole = store.get((start, stop), names)
            if pieces and whole.keys() != pieces[0].keys():
                other = ", ".join(sorted(whole.keys() ^ pieces[0].keys()))
                raise ResultError(f"draws {start} to {stop - 1}: not all chunks have {other}")
            piece = slice(at - start, min(stop, rows.stop) - start)
            pieces.append({name: array[piece] for name, array in whole.items()})
            at = min(stop, rows.stop)
    if len(pieces) == 1:
        return pieces[0]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _text(manifest: Manifest) -> str:
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"


def _differences(there: Any, here: Any, name: str = "") -> list[str]:
    """Name what differs between two JSON values, `seed is 1 there and 2 here`."""
    first, second = _parsed(there), _parsed(here)
    if isinstance(first, dict) and isinstance(second, dict):
        told = []
        for key in dict.fromkeys([*first, *second]):
            inner = str(key) if name in ("", "attrs") else f"{name}.{key}"
            told += _differences(first.get(key), second.get(key), inner)
        return told
    if first == second:
        return []
    texts = [json.dumps(value, ensure_ascii=False) for value in (first, second)]
    if max(map(len, texts)) > _LONGEST:
        return [f"{name} differs"]
    return [f"{name} is {texts[0]} there and {texts[1]} here"]


def _briefly(differing: Sequence[str]) -> str:
    """Say the first differences, those that only follow from others left out."""
    told = list(dict.fromkeys(differing))
    for following in (("scenario_sha256 ", "coords."), ("scenario_text ", "title ")):
        told = [one for one in told if not one.startswith(following)] or told
    more = len(told) - _TOLD
    return "; ".join(told[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _parsed(value: Any) -> Any:
    """Return the mapping that a text of JSON stands for, anything else as it is."""
    if isinstance(value, str) and value.startswith("{"):
        with suppress(ValueError):
            return json.loads(value)
    return value
