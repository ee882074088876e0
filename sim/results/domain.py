"""Which values a number of a scenario can be set to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.errors import Fault, SamplingError, ScenarioError
from sim.montecarlo.sweeps import Vary
from sim.scenario import Scenario, parse_scenario
from sim.scenario.names import listed

__all__ = ["own_name", "require_domain"]


def own_name(scenario: Scenario, path: str) -> str | None:
    """Return the name that a number has of its own, as a parameter or where it is uncertain."""
    name = path.removeprefix("parameters.").removesuffix(".value")
    known = {*scenario.parameters, *(unknown.name for unknown in scenario.uncertain)}
    return name if name in known else None


def require_domain(scenario: Scenario, vary: Iterable[Vary], what: str) -> None:
    """Raise unless a scenario can have every value that is to be set.

    Parameters
    ----------
    scenario : Scenario
    vary : iterable of Vary
        Ascending or descending values; each number on its own, the others as they are.
    what : str
        What is done with them, for the message: "vary", "break-even along".

    Raises
    ------
    SamplingError
        Names the number, what it must be and where, and which values lie outside.
    """
    text = scenario.to_yaml()
    for one in vary:
        name = own_name(scenario, one.path)
        path = f"parameters.{name}.value" if name in scenario.parameters else name or one.path
        refused = _refused(text, path, one.values)
        if not refused:
            continue
        fault, *more = next(iter(refused.values()))
        outside = [f"{value:g}" for value in one.values if value in refused]
        others = f" (and in {len(more)} more places)" if more else ""
        raise SamplingError(
            f"{what} {name or one.path} from {one.values[0]:g} to {one.values[-1]:g}: "
            f"{listed(outside)} cannot be; {fault.field}: {fault.message}{others}"
        )


def _refused(text: str, path: str, values: Sequence[float]) -> dict[float, tuple[Fault, ...]]:
    """Return the values that are refused, from either end: those allowed are an interval."""
    found: dict[float, tuple[Fault, ...]] = {}
    for side in (values, values[::-1]):
        for value in side:
            if value in found:
                break
            try:
                parse_scenario(text, {path: value})
            except ScenarioError as error:
                found[value] = error.faults
            else:
                break
    return found
