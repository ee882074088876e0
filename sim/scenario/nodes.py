"""YAML text to a tree of values that know where they stand.

The text is composed by ruamel.yaml (YAML 1.2), which keeps line and column of every key and value;
the tree is built here, so that duplicate keys, tags and runaway aliases are faults with a position
and no Python object is ever constructed from a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode

from sim.errors import Fault

__all__ = ["Node", "Path", "Place", "compose", "dotted", "plain"]

Path = tuple[str | int, ...]
Scalar = str | int | float | bool | None
LARGEST_TREE = 200_000
DEEPEST = 60
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {"nan": float("nan"), "inf": float("inf"), "+inf": float("inf"), "-inf": -float("inf")}
_HINTS = {
    "'\\t'": "; indent with spaces, not tabs",
    "mapping values are not allowed": "; put text that contains a colon in quotes",
    "could not find expected ':'": "; every key needs a colon and a space after it",
    "undefined alias": "; put text that begins with * in quotes",
    "cannot start any token": "; put text that begins with such a sign in quotes",
    "expected ',' or": "; put text that contains commas, colons or brackets in quotes",
}
_CORE = {"str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq"}


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file, counted from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file.

    Parameters
    ----------
    value : dict of str to Node, list of Node, or scalar
    place : Place
        Where the value begins.
    key : Place or None
        Where its key stands, if it has one.
    """

    value: dict[str, Node] | list[Node] | Scalar
    place: Place
    key: Place | None = None

    @property
    def shown_at(self) -> Place:
        """Where a fault of this value is reported: a scalar itself, anything larger at its key."""
        scalar = not isinstance(self.value, dict | list) and self.value is not None
        return self.place if scalar or self.key is None else self.key


def dotted(path: Path) -> str:
    """Return `issues.hns_jpn.range.0`."""
    return ".".join(str(part) for part in path)


def plain(node: Node) -> object:
    """Return the bare Python value of a tree; keys whose value is null are left out."""
    if isinstance(node.value, dict):
        return {k: plain(v) for k, v in node.value.items() if v.value is not None}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def compose(text: str, file: str) -> tuple[Node, list[Fault]]:
    """Read YAML text.

    Parameters
    ----------
    text : str
    file : str
        Its name, for positions.

    Returns
    -------
    (Node, list of Fault)
        The tree, empty if the text is no YAML, and everything that is wrong with it.
    """
    nothing = Node({}, Place(file, 1, 1))
    try:
        root = _known(text) if len(text) <= _SMALL else _composed(text)
    except YAMLError as error:
        return nothing, [_syntax(error, file)]
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        return nothing, [Fault(file, 1, 1, "file", f"cannot be read as YAML: {error}")]
    except RecursionError:
        return nothing, [Fault(file, 1, 1, "file", "cannot be read as YAML: nested too deeply")]
    if root is None:
        return nothing, []
    builder = _Builder(file)
    tree = builder.build(root, (), None, 0)
    if not isinstance(tree.value, dict):
        builder.say(tree.place, (), "must be a mapping with keys such as title, players, issues")
        tree = replace(tree, value={})
    return tree, builder.faults


def _composed(text: str) -> YamlNode | None:
    root: YamlNode | None = YAML(typ="safe", pure=True).compose(text)
    return root


_SMALL = 100_000
_known = lru_cache(maxsize=32)(_composed)
"""Composing takes a third of a second a file, and a sweep reads one at every point of its grid."""


def _syntax(error: YAMLError, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    if isinstance(error, MarkedYAMLError):
        said = "; ".join(str(part) for part in (error.context, error.problem) if part)
    else:
        said = str(error).splitlines()[0] if str(error) else "unreadable"
    hint = next((hint for sign, hint in _HINTS.items() if sign in said), "")
    return Fault(file, line, column, "file", f"is not valid YAML: {said}{hint}")


class _Builder:
    """Turns composed nodes into a tree, collecting faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.count = 0
        self.open: set[int] = set()

    def say(self, place: Place, path: Path, message: str) -> None:
        self.faults.append(
            Fault(place.file, place.line, place.column, dotted(path) or "file", message)
        )

    def build(self, node: YamlNode, path: Path, key: Place | None, depth: int) -> Node:
        place = self.at(node)
        self.count += 1
        if self.count > LARGEST_TREE or depth > DEEPEST or id(node) in self.open:
            if self.count <= LARGEST_TREE + 1:
                wrong = "an alias that contains itself" if id(node) in self.open else "too large"
                self.say(place, path, f"{wrong}: at most {LARGEST_TREE} values, {DEEPEST} deep")
            return Node(None, place, key)
        self.open.add(id(node))
        try:
            return Node(self.value(node, place, path, depth), place, key)
        finally:
            self.open.discard(id(node))

    def at(self, node: YamlNode) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def value(
        self, node: YamlNode, place: Place, path: Path, depth: int
    ) -> dict[str, Node] | list[Node] | Scalar:
        tag = str(node.tag).rsplit(":", 1)[-1]
        if not str(node.tag).startswith("tag:yaml.org,2002:") or tag not in _CORE:
            self.say(place, path, f"tags are not allowed here: {node.tag}")
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return [
                self.build(item, (*path, i), None, depth + 1) for i, item in enumerate(node.value)
            ]
        assert isinstance(node, ScalarNode)
        return self.scalar(node, tag, place, path)

    def mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in node.value:
            place = self.at(key_node)
            if not isinstance(key_node, ScalarNode):
                self.say(place, path, "a key must be a name")
                continue
            key = str(key_node.value)
            value = self.build(value_node, (*path, key), place, depth + 1)
            if key == "<<" and str(key_node.tag).endswith(":merge"):
                for name, inner in self.merge(value, (*path, key)):
                    merged.setdefault(name, inner)
            elif key in found:
                first = found[key].key or found[key].place
                self.say(place, (*path, key), f"is there twice, first on line {first.line}")
            else:
                found[key] = value
        return {**{k: v for k, v in merged.items() if k not in found}, **found}

    def merge(self, value: Node, path: Path) -> Iterator[tuple[str, Node]]:
        sources = value.value if isinstance(value.value, list) else [value]
        for source in sources:
            if isinstance(source.value, dict):
                yield from source.value.items()
            else:
                self.say(value.place, path, "merges mappings only, such as <<: *anchor")

    def scalar(self, node: ScalarNode, tag: str, place: Place, path: Path) -> Scalar:
        text = str(node.value)
        if tag in {"str", "timestamp", "value", "merge"}:
            return text  # dates stay text: the field knows whether it is one
        if tag == "null":
            return None
        if tag == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        number = _number(text)
        if number is None:
            self.say(
                place, path, f"{text[:40]!r} is neither a number nor text; quote it if it is text"
            )
        return number


def _number(text: str) -> int | float | None:
    if _INT.fullmatch(text):
        if len(text) > 400:
            return float("inf")
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _SPECIAL.get(text.lower().replace(".", ""))
