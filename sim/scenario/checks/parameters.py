"""Checks of named numbers: references, bounds, circles, what nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from sim.scenario.checks.context import Context, Finding
from sim.scenario.distributions import Distribution
from sim.scenario.names import LEFT_OUT, listed, nearest
from sim.scenario.negotiations import Breakdown
from sim.scenario.nodes import Path
from sim.scenario.numbers import ParameterName
from sim.scenario.walk import numbers

__all__ = ["circles", "double_names", "references", "unused"]


def _is_tariff(path: Path) -> bool:
    return len(path) > 3 and path[-1] == "tariff" and path[-3] == "suppliers"


def _is_breakdown(path: Path) -> bool:
    return len(path) == 3 and path[0] == "issues" and path[2] == "breakdown"


_OF_A_REGIME = (
    "{0!r} belongs in a regime (regimes: linked: breakdown: {0}); the breakdown of an issue is a "
    "number, a parameter or a distribution"
)


def references(context: Context) -> Iterator[Finding]:
    """Every name in the place of a number is a parameter, and keeps the bounds of that place."""
    for path, number in numbers(context.scenario):
        if not isinstance(number, ParameterName) or number == LEFT_OUT:
            continue
        if _is_tariff(path) and number in context.issues:
            continue
        if number not in context.parameters:
            known = [*context.parameters, *(context.issues if _is_tariff(path) else ())]
            near = nearest(number, known)
            what = "issue or parameter" if _is_tariff(path) else "parameter"
            if _is_breakdown(path) and number in get_args(Breakdown):
                yield Finding(path, _OF_A_REGIME.format(number))
                continue
            yield Finding(
                path,
                f"unknown {what} {str(number)!r}{near}; parameters: {listed(context.parameters)}",
            )
            continue
        value = context.value(number)
        if isinstance(value, Distribution):
            wrong = number.bounds.broken_by(value)
            if wrong:
                yield Finding(path, f"parameter {str(number)!r} {wrong}")
        elif value is not None and not number.bounds.holds(value):
            yield Finding(path, f"parameter {str(number)!r} must be {number.bounds}, not {value:g}")


def circles(context: Context) -> Iterator[Finding]:
    """A parameter that is another's name leads to a number in the end."""
    parameters = context.scenario.parameters
    for name in parameters:
        seen, spec = [name], parameters[name].value
        while isinstance(spec, str) and spec in parameters and spec not in seen:
            seen.append(str(spec))
            spec = parameters[spec].value
        if isinstance(spec, str) and spec == name:
            route = " -> ".join([*seen, name])
            yield Finding(("parameters", name, "value"), f"goes round in a circle: {route}")


def double_names(context: Context) -> Iterator[Finding]:
    """A name stands for one thing: an issue or a parameter, so that a tariff can be either."""
    for name in context.parameters:
        if name in context.issues:
            yield Finding(
                ("parameters", name), f"{name!r} is an issue too; rename one of them", "key"
            )


def unused(context: Context) -> Iterator[Finding]:
    """A parameter that nothing refers to changes nothing."""
    used = {str(n) for _, n in numbers(context.scenario) if isinstance(n, ParameterName)}
    for name in context.scenario.parameters:
        if name not in used:
            yield Finding(("parameters", name), "nothing uses this parameter", "key", warning=True)
