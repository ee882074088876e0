"""Walks through a scenario: its numbers with their paths, and where figures come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from sim.scenario.distributions import Distribution
from sim.scenario.nodes import Path, dotted
from sim.scenario.numbers import Inline, NumberSpec, ParameterName

__all__ = ["Sourced", "Uncertain", "figure", "name_inlines", "numbers", "parts", "sources"]


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A number that nobody knows exactly.

    Parameters
    ----------
    name : str
        The parameter's name, or the path of an inline distribution.
    distribution : Distribution
    why : str or None
        Why this range.
    source : str or None
    label : str or None
        Short text for figures.
    """

    name: str
    distribution: Distribution
    why: str | None = None
    source: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Sourced:
    """A part of the scenario with its source, for the report.

    Parameters
    ----------
    path : str
        `issues.hns_jpn`.
    label : str
        What it is, in words.
    figures : tuple of pairs of str
        Field and value of each of its numbers.
    unit, why, source : str or None
    """

    path: str
    label: str
    figures: tuple[tuple[str, str], ...]
    unit: str | None = None
    why: str | None = None
    source: str | None = None


def parts(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield every block and leaf with its path, blocks before what is in them."""
    yield path, value
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from parts(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from parts(inner, (*path, str(key)))
    elif isinstance(value, tuple):
        for i, inner in enumerate(value):
            yield from parts(inner, (*path, i))


def numbers(value: object, path: Path = ()) -> Iterator[tuple[Path, NumberSpec]]:
    """Yield every number with its path."""
    for where, part in parts(value, path):
        if isinstance(part, float | ParameterName | Inline):
            yield where, part


def name_inlines(value: object) -> None:
    """Give every inline distribution its path as a name; those of `parameters:` have theirs."""
    for path, number in numbers(value):
        if isinstance(number, Inline):
            own = len(path) == 3 and path[0] == "parameters"
            # The one place where a frozen value is completed: only here its path is known.
            object.__setattr__(number, "name", str(path[1]) if own else dotted(path))


def figure(number: NumberSpec) -> str:
    """Return a number in words: `4`, `erosion`, `uniform(low 0, high 1)`."""
    if isinstance(number, Inline):
        return str(number.distribution)
    return number if isinstance(number, str) else f"{number:g}"


def sources(scenario: BaseModel) -> Iterator[Sourced]:
    """Yield every block that has a source or a reason, with its numbers."""
    for path, part in parts(scenario):
        if not isinstance(part, BaseModel) or not path:
            continue
        source, why = getattr(part, "source", None), getattr(part, "why", None)
        if source is None and why is None:
            continue
        label = getattr(part, "label", None) or getattr(part, "name", None) or str(path[-1])
        figures = tuple(
            (dotted(where), figure(n)) for where, n in numbers(part) if _stated(part, where)
        )
        yield Sourced(dotted(path), label, figures, getattr(part, "unit", None), why, source)


def _stated(block: BaseModel, path: Path) -> bool:
    """Whether the file states the number, in contrast to a default."""
    names = {field.alias or name: name for name, field in type(block).model_fields.items()}
    return names[str(path[0])] in block.model_fields_set
