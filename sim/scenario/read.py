"""From files to one tree: reading, `extends:`, and overrides."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from sim.errors import Fault
from sim.scenario.distributions import FAMILIES
from sim.scenario.models import Scenario
from sim.scenario.names import listed, nearest, shown
from sim.scenario.nodes import Node, Path, Place, compose, dotted
from sim.scenario.payoffs import KINDS

__all__ = ["Reading", "file_text", "override", "read_path", "read_text"]

LARGEST_FILE = 5_000_000
_LONGEST_CHAIN = 20
DECLARED = ("players", "parameters", "issues", "payoffs", "ratifiers")
"""Blocks whose keys are names that the file declares: an override cannot add one."""


@dataclass
class Reading:
    """What has been read so far.

    Parameters
    ----------
    root : Node
        The merged tree.
    files : list of (name, text)
    faults : list of Fault
    notes : list of Fault
        What an override brought about besides.
    """

    root: Node
    files: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def read_path(path: str | os.PathLike[str]) -> Reading:
    """Read a file and what it extends."""
    name = os.fspath(path)
    text, wrong = file_text(name)
    nothing = Node({}, Place(name, 1, 1))
    if wrong:
        return Reading(nothing, [], [Fault(name, 1, 1, "file", wrong)])
    return read_text(text, name)


def read_text(text: str, name: str) -> Reading:
    """Read text as if it stood in the file `name`, and what it extends."""
    reading = Reading(Node({}, Place(name, 1, 1)))
    reading.root = _extended(text, name, (), reading)
    return reading


def file_text(name: str) -> tuple[str, str]:
    """Return the text of a file and what is wrong, one of them empty."""
    try:
        path = FilePath(name)
        if path.is_dir():
            return "", "is a folder; give a scenario file"
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        return "", f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if len(raw) > LARGEST_FILE:
        return "", f"is too large: at most {LARGEST_FILE} bytes"
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return "", f"is not UTF-8 text, on line {line}"


def _extended(text: str, name: str, chain: tuple[str, ...], reading: Reading) -> Node:
    reading.files.append((name, text))
    root, faults = compose(text, name)
    reading.faults.extend(faults)
    assert isinstance(root.value, dict)
    extends = root.value.pop("extends", None)
    if extends is None or extends.value is None:
        return root

    def wrong(message: str) -> Node:
        at = extends.place
        reading.faults.append(Fault(at.file, at.line, at.column, "extends", message))
        return root

    if not isinstance(extends.value, str):
        return wrong(f"must be the path of a scenario file, not {shown(extends.value)}")
    base_name = os.path.normpath(os.path.join(os.path.dirname(name), extends.value))
    chain = (*chain, os.path.realpath(name))
    if os.path.realpath(base_name) in chain:
        return wrong(f"goes round in a circle: {extends.value} extends this file")
    if len(chain) > _LONGEST_CHAIN:
        return wrong(f"goes through more than {_LONGEST_CHAIN} files")
    base_text, problem = file_text(base_name)
    if problem:
        return wrong(f"{base_name} {problem}")
    base = _extended(base_text, base_name, chain, reading)
    return _merge(base, root, (), reading.faults)


def _merge(base: Node, top: Node, path: Path, faults: list[Fault]) -> Node:
    """Lay `top` over `base`: mappings key by key, anything else replaced, null removes."""
    if not isinstance(base.value, dict) or not isinstance(top.value, dict):
        return top
    if _replaces(base.value, top.value, path):
        return top
    merged = dict(base.value)
    for key, node in top.value.items():
        where = (*path, key)
        if node.value is None:
            if merged.pop(key, None) is None:
                at = node.shown_at
                message = f"removes nothing: the extended file has none{nearest(key, base.value)}"
                faults.append(Fault(at.file, at.line, at.column, dotted(where), message))
        elif key in merged:
            merged[key] = _merge(merged[key], node, where, faults)
        else:
            merged[key] = node
    return replace(top, value=merged)


def _replaces(base: Mapping[str, Node], top: Mapping[str, Node], path: Path) -> bool:
    """Whether a mapping replaces the one below whole: distributions, and terms of another kind."""
    if (
        len(top) == 1
        and len(base) == 1
        and set(top) <= set(FAMILIES)
        and set(base) <= set(FAMILIES)
    ):
        return True
    kinds = set(top) & set(KINDS)
    return len(path) == 2 and path[0] == "payoffs" and bool(kinds) and not kinds & set(base)


# ---- overrides ----------------------------------------------------------------------------------


def override(reading: Reading, overrides: Mapping[str, object]) -> None:
    """Set single values: `issues.hns_jpn.demand` to 4, `erosion` to {uniform: [0, 0.2]}.

    Parameters
    ----------
    reading : Reading
        Changed in place.
    overrides : mapping of str to object
        Path, or the name of a parameter, to a value; text is read as YAML. `null` removes. An
        uncertain number that becomes certain takes its correlations with it.
    """
    for line, (path, value) in enumerate(overrides.items(), start=1):
        place = Place("--set", line, 1)
        unreadable: list[Fault] = []
        node = _valued(value, place, unreadable)
        if unreadable:
            reading.faults += [replace(fault, field=str(path)) for fault in unreadable]
            continue
        parts = _parts(str(path), reading.root)
        wrong = _unknown(parts, reading.root)
        if wrong:
            reading.faults.append(Fault("--set", line, 1, str(path), wrong))
        else:
            reading.root = _set(reading.root, parts, node)
            if isinstance(node.value, int | float):
                _uncorrelate(reading, parts, place)


def _uncorrelate(reading: Reading, parts: list[str], place: Place) -> None:
    """Take a number that is certain now out of the correlations, and say so."""
    root = reading.root
    assert isinstance(root.value, dict)
    pairs = root.value.get("correlations")
    if pairs is None or not isinstance(pairs.value, list):
        return
    own = len(parts) == 3 and parts[0] == "parameters"
    name = parts[1] if own else ".".join(parts)
    kept = []
    for pair in pairs.value:
        names = [item.value for item in pair.value[:2]] if isinstance(pair.value, list) else []
        if name not in names:
            kept.append(pair)
            continue
        message = f"{listed(map(str, names))}: left out, {name} is one number now"
        reading.notes.append(Fault(place.file, place.line, place.column, "correlations", message))
    inner = {**root.value, "correlations": replace(pairs, value=kept)}
    reading.root = replace(root, value=inner)


def _valued(value: object, place: Place, faults: list[Fault]) -> Node:
    if isinstance(value, str):
        made, wrong = compose(f"value: {value}", place.file)
        faults.extend(replace(w, line=place.line, column=1) for w in wrong)
        inner = made.value.get("value") if isinstance(made.value, dict) else None
        return _moved(inner, place) if inner is not None else Node(None, place, place)
    if isinstance(value, Mapping):
        return Node({str(k): _valued(v, place, faults) for k, v in value.items()}, place, place)
    if isinstance(value, Sequence):
        return Node([_valued(v, place, faults) for v in value], place, place)
    item = value.item() if hasattr(value, "item") else value
    if item is None or isinstance(item, str | int | float | bool):
        return Node(item, place, place)
    return Node(str(item), place, place)


def _moved(node: Node, place: Place) -> Node:
    if isinstance(node.value, dict):
        return Node({k: _moved(v, place) for k, v in node.value.items()}, place, place)
    if isinstance(node.value, list):
        return Node([_moved(v, place) for v in node.value], place, place)
    return Node(node.value, place, place)


def _declared(root: Node, block: str) -> Mapping[str, Node]:
    found = root.value.get(block) if isinstance(root.value, dict) else None
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _parts(path: str, root: Node) -> list[str]:
    """Split a path; a parameter's bare name, or its block, means its value."""
    parts = path.strip().split(".")
    parameters = _declared(root, "parameters")
    if len(parts) == 1 and parts[0] in parameters:
        parts = ["parameters", parts[0]]
    if len(parts) == 2 and parts[0] == "parameters" and parts[1] in parameters:
        parts.append("value")
    return parts


def _unknown(parts: list[str], root: Node) -> str:
    """Return what is wrong with a path, or nothing; keys of fixed blocks are checked later."""
    if not all(parts):
        return "must be a path such as issues.hns_jpn.demand=4, or the name of a parameter"
    if len(parts) == 1 and parts[0] not in Scenario.model_fields:
        known = _declared(root, "parameters")
        meant = nearest(parts[0], [*Scenario.model_fields, *known])
        return (
            f"is no parameter and no key{meant}; parameters: {listed(known)}; "
            "other numbers go by their path, such as issues.hns_jpn.demand"
        )
    if len(parts) > 1 and parts[0] in DECLARED and parts[1] not in _declared(root, parts[0]):
        known = _declared(root, parts[0])
        return f"there is no {parts[1]!r} in {parts[0]}{nearest(parts[1], known)}; {listed(known)}"
    return _no_such_item(parts, root)


def _no_such_item(parts: list[str], root: Node) -> str:
    """Return what is wrong with a path that steps beside the items of a list, or nothing."""
    node = root
    for n, part in enumerate(parts):
        if isinstance(node.value, list):
            if not (part.isdecimal() and int(part) < len(node.value)):
                count = f"{len(node.value)} items, counted from 0"
                return f"there is no {part!r} in {'.'.join(parts[:n])}: it has {count}"
            node = node.value[int(part)]
        elif isinstance(node.value, dict) and part in node.value:
            node = node.value[part]
        else:
            break
    return ""


def _set(node: Node, parts: list[str], value: Node) -> Node:
    """Return the tree with one value replaced."""
    if not parts:
        return replace(value, key=value.place)
    head, rest = parts[0], parts[1:]
    if isinstance(node.value, list) and head.isdecimal() and int(head) < len(node.value):
        items = list(node.value)
        items[int(head)] = _set(items[int(head)], rest, value)
        return replace(node, value=items)
    if not isinstance(node.value, dict):
        node = Node({}, value.place, value.place)
    inner = dict(node.value) if isinstance(node.value, dict) else {}
    below = inner.get(head, Node({}, value.place, value.place))
    inner[head] = _set(below, rest, value)
    return replace(node, value=inner)
