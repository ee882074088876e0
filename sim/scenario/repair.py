"""Leaves what is invalid out of a scenario's data, so that the rest can be checked."""

from __future__ import annotations

from sim.scenario.distributions import FAMILIES
from sim.scenario.names import LEFT_OUT
from sim.scenario.nodes import Path

__all__ = ["Repair"]

_BLOCKS: dict[str, object] = {"title": "-", "players": {}, "issues": {}, "payoffs": {}}


class Repair:
    """Takes invalid values out of plain data, a little more at every attempt.

    A value goes with its key; where it is needed, `LEFT_OUT` takes its place; where that will not
    do either, the whole named entry goes, such as an issue, or at last the block.

    Parameters
    ----------
    data : dict
        Changed in place.
    """

    def __init__(self, data: dict[str, object]) -> None:
        self.data = data
        self.tried: dict[Path, int] = {}

    def leave_out(self, loc: Path, *, missing: bool) -> None:
        """Take out what an error at `loc` is about."""
        path = self._existing(loc, missing=missing)
        step = self.tried.get(path, 0)
        self.tried[path] = step + 1
        parent = self._get(path[:-1])
        if not path:
            self.data.clear()
        elif step == 0 and isinstance(parent, dict):
            self._put(path) if missing else parent.pop(str(path[-1]), None)
        elif step == 0 and isinstance(parent, list) and isinstance(path[-1], int):
            parent[path[-1]] = LEFT_OUT
        elif step == 1 and isinstance(parent, dict) and str(path[-1]) not in parent:
            self._put(path)
        else:
            self._drop(path[: 2 if len(path) > 2 and step < 3 else 1])

    def _put(self, path: Path) -> None:
        parent = self._get(path[:-1])
        if isinstance(parent, dict):
            key = str(path[-1])
            parent[key] = _BLOCKS.get(key, LEFT_OUT) if len(path) == 1 else LEFT_OUT

    def _drop(self, path: Path) -> None:
        parent = self._get(path[:-1])
        if isinstance(parent, dict):
            parent.pop(str(path[-1]), None)
            if len(path) == 1 and path[0] in _BLOCKS:
                self._put(path)
        elif len(path) > 1:
            self._drop(path[:-1])

    def _get(self, path: Path) -> object:
        value: object = self.data
        for part in path:
            if isinstance(value, dict):
                value = value.get(str(part))
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def _existing(self, loc: Path, *, missing: bool) -> Path:
        """Return the part of `loc` that is in the data, down to a distribution at most."""
        path: tuple[str | int, ...] = ()
        value: object = self.data
        for part in loc:
            if isinstance(value, dict) and part in FAMILIES and len(value) == 1:
                break
            if isinstance(value, dict) and str(part) in value:
                value = value[str(part)]
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            elif missing and isinstance(value, dict) and part == loc[-1]:
                return (*path, part)
            else:
                continue
            path = (*path, part)
        return path
