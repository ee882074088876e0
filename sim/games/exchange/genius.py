"""Utility spaces of the GENIUS negotiation environment (ANAC competitions), in XML."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np

from sim.errors import ScenarioError
from sim.games._arrays import FloatArray
from sim.games.domains import Party
from sim.games.exchange.faults import Faults
from sim.games.exchange.text import read_bytes

__all__ = ["parse_genius", "read_genius"]

INTEGERS = 1_000_000
"""Most values of an integer issue."""

DEPTH = 100
"""Deepest nesting that is read."""

NOTHING = 1e-5
"""GENIUS takes evaluations whose largest is below this as 0."""


@dataclass(slots=True)
class Element:
    """An XML element and its place."""

    tag: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list[Element] = field(default_factory=list)

    def find(self, tag: str) -> list[Element]:
        """Return all elements of a kind below this one, in order."""
        found = []
        for child in self.children:
            if child.tag == tag:
                found.append(child)
            found += child.find(tag)
        return found


class Reading(Faults):
    """Reading attributes, with faults."""

    def number(self, at: Element, key: str, name: str, default: float | None = None) -> float:
        """Return a number from an attribute; 0 and a fault if there is none."""
        text = at.attributes.get(key)
        if text is None and default is not None:
            return default
        try:
            value = float(text) if text is not None else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.add(at, f"{name}.{key}", f"a finite number is needed, got {text!r}")
            return 0.0
        return value


def read_genius(path: str | Path) -> Party:
    """Read one party's utility space from a GENIUS XML file.

    A discrete value is worth its evaluation over the largest evaluation of the issue; an integer
    x is worth slope · (x − lower bound) + offset, cut to [0, 1]. Both are weighted by the issue.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Party
        Named after the file. A discount factor of 0 or none means no discount, as in GENIUS.

    Raises
    ------
    ScenarioError
        With every fault as `file:line:column: field: message`. Real-valued issues and
        non-linear spaces have no finite additive table and are refused.
    """
    return parse_genius(read_bytes(path), file=str(path))


def parse_genius(text: str | bytes, *, file: str = "<text>") -> Party:
    """Read one party's utility space from XML; `file` names it in faults."""
    faults = Reading(file)
    root = parse_xml(text, faults)
    space = root if root.tag == "utility_space" else next(iter(root.find("utility_space")), None)
    if space is None:
        faults.stop(root, "utility_space", f"is needed, got <{root.tag}>")
    if space.attributes.get("type", "").lower() in ("nonlinear", "constraint"):
        faults.stop(space, "utility_space", "linear additive spaces are allowed")
    weights = {each.attributes.get("index", ""): each for each in space.find("weight")}
    issues: dict[str, tuple[str, ...]] = {}
    utilities: dict[str, FloatArray] = {}
    for issue in space.find("issue"):
        name = issue.attributes.get("name", "")
        if not name or name in issues:
            faults.add(issue, "issue", f"a name of its own is needed, got {name!r}")
            continue
        values, worth = issue_table(issue, name, faults)
        issues[name] = values
        utilities[name] = worth * issue_weight(issue, name, weights, faults)
    if not issues:
        faults.stop(space, "issue", "at least one is needed")
    reservation = attribute(space, "reservation", 0.0, faults)
    discount = attribute(space, "discount_factor", 1.0, faults)
    if not 0 <= discount <= 1:
        at = space.find("discount_factor")[0]
        faults.add(at, "discount_factor", f"0 to 1 is allowed, got {discount:g}")
    if faults.found:
        raise ScenarioError(faults.found)
    return Party(Path(file).stem, issues, utilities, reservation, discount or 1.0)


def parse_xml(text: str | bytes, faults: Reading) -> Element:
    """Return the root element; a fault at the place where the text is no XML.

    Entities are refused where they are declared: they may refer to each other without end.
    """
    parser = expat.ParserCreate()
    top = Element("", {}, 1, 1)
    stack = [top]

    def here() -> tuple[int, int]:
        return parser.CurrentLineNumber, parser.CurrentColumnNumber + 1

    def start(tag: str, attributes: dict[str, str]) -> None:
        child = Element(tag, attributes, *here())
        if len(stack) > DEPTH:
            faults.stop(child, "file", f"nested deeper than {DEPTH}")
        stack[-1].children.append(child)
        stack.append(child)

    def end(tag: str) -> None:
        stack.pop()

    def entity(name: str, *_: object) -> None:
        faults.stop(Element("", {}, *here()), "file", f"no entities are allowed, got {name}")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text, True)
    except ScenarioError:
        raise
    except expat.ExpatError as error:
        at = Element("", {}, error.lineno, error.offset + 1)
        faults.stop(at, "file", f"not XML: {expat.ErrorString(error.code)}")
    except (LookupError, ValueError) as error:  # of Python's decoders
        faults.stop(Element("", {}, *here()), "file", f"not XML: {error}")
    return top.children[0]


def issue_table(issue: Element, name: str, faults: Reading) -> tuple[tuple[str, ...], FloatArray]:
    """Return the values of an issue and what they are worth before weighting."""
    given = issue.attributes
    kind = given.get("vtype") or given.get("type") or given.get("etype") or "discrete"
    if kind == "discrete":
        return discrete_table(issue, name, faults)
    if kind == "integer":
        return integer_table(issue, name, faults)
    faults.add(issue, name, f"discrete and integer issues are allowed, got {kind}")
    return ("",), np.zeros(1)


def discrete_table(
    issue: Element, name: str, faults: Reading
) -> tuple[tuple[str, ...], FloatArray]:
    """Return values and evaluations over the largest one."""
    items = issue.find("item")
    values = tuple(item.attributes.get("value", "") for item in items)
    if not items:
        faults.add(issue, name, "at least one item is needed")
        return ("",), np.zeros(1)
    if len(set(values)) != len(values):
        faults.add(issue, name, "every value may stand once")
    worth = np.array([faults.number(item, "evaluation", name) for item in items])
    for item, value in zip(items, worth.tolist(), strict=True):
        if value < 0:
            faults.add(item, f"{name}.evaluation", f"at least 0 is allowed, got {value:g}")
    top = float(worth.max())
    return values, worth / top if top >= NOTHING else np.zeros(len(worth))


def integer_table(issue: Element, name: str, faults: Reading) -> tuple[tuple[str, ...], FloatArray]:
    """Return the whole numbers between the bounds and their linear evaluation."""
    bounds = next((each for each in issue.find("range")), issue)
    if "lowerbound" in issue.attributes:
        bounds = issue
    low = faults.number(bounds, "lowerbound", name)
    high = faults.number(bounds, "upperbound", name)
    if low != int(low) or high != int(high) or not 0 <= high - low < INTEGERS:
        message = f"whole bounds, up to {INTEGERS} values apart, are allowed, got {low:g}, {high:g}"
        faults.add(bounds, name, message)
        return ("",), np.zeros(1)
    evaluator = next(iter(issue.find("evaluator")), None)
    if evaluator is None:
        faults.add(issue, name, "an evaluator with slope and offset is needed")
        return ("",), np.zeros(1)
    slope = faults.number(evaluator, "slope", name)
    offset = faults.number(evaluator, "offset", name)
    steps = np.arange(int(high - low) + 1)
    worth = (slope * steps + offset).clip(0.0, 1.0)
    return tuple(str(int(low) + int(step)) for step in steps), worth


def issue_weight(issue: Element, name: str, weights: dict[str, Element], faults: Reading) -> float:
    """Return the weight of an issue, at least 0."""
    index = issue.attributes.get("index", "")
    if index not in weights:
        faults.add(issue, name, f"a weight with index {index!r} is needed")
        return 0.0
    value = faults.number(weights[index], "value", f"weight of {name}")
    if value < 0:
        faults.add(weights[index], f"weight of {name}", f"at least 0 is allowed, got {value:g}")
    return value


def attribute(space: Element, tag: str, default: float, faults: Reading) -> float:
    """Return the `value` of an element that may be missing."""
    found = space.find(tag)
    return faults.number(found[0], "value", tag) if found else default
