"""Where in the files a part of the scenario stands."""

from __future__ import annotations

from sim.errors import Fault
from sim.scenario.nodes import Node, Path, Place, dotted

__all__ = ["fault_at", "find", "locate"]


def find(root: Node, path: Path) -> tuple[Node, Path]:
    """Return the deepest node on `path`, and the part of the path that exists.

    Parts that are not in the tree are skipped: validators of unions and of keys put pseudo-parts
    into the places of their errors.
    """
    node = root
    shown: list[str | int] = []
    for part in path:
        value = node.value
        if isinstance(value, dict) and str(part) in value:
            node = value[str(part)]
            shown.append(str(part))
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            node = value[part]
            shown.append(part)
    return node, tuple(shown)


def locate(root: Node, path: Path, *, at_key: bool = False) -> Place:
    """Return the position of a part of the scenario, or of what it would stand in.

    Parameters
    ----------
    root : Node
        The whole tree.
    path : tuple of str or int
        Keys and list positions from the root.
    at_key : bool
        Whether the key is meant, not the value.
    """
    node, _ = find(root, path)
    return node.key if at_key and node.key is not None else node.shown_at


def fault_at(root: Node, path: Path, message: str, *, kind: str = "value") -> Fault:
    """Return a fault at a part of the scenario.

    Parameters
    ----------
    root : Node
    path : tuple of str or int
    message : str
        What is wrong, and what is allowed.
    kind : {"value", "key", "missing"}
        Whether the value is at fault, its key, or that it is missing.
    """
    at_key = kind == "key" or "[key]" in path
    place = locate(root, path, at_key=at_key)
    _, shown = find(root, path)
    if kind == "missing":
        shown = path
    field = dotted(tuple(shown)) or "file"
    return Fault(place.file, place.line, place.column, field, message)
