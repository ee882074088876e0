"""The task of a run: from a range of draws to the arrays of its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.montecarlo.chunks import Arrays
from sim.montecarlo.sampling import Design, Draws, Sampler, design

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.negotiation import Plan
    from sim.scenario import Scenario

__all__ = ["CaseTask", "linkage", "part_names", "scenario_design"]


@dataclass(frozen=True, slots=True)
class CaseTask:
    """Solve a scenario in the draws asked for; small, picklable, a function of the draws alone.

    Parameters
    ----------
    plan : sim.negotiation.Plan
        What to solve in every draw.
    design : callable
        From a range of draws to the parameters: a `Design`, or another plan for them.
    fixed : mapping of str to float
        Parameters that are held at a number, whatever was drawn: a sweep keeps the draws of all
        others that way.
    store_parameters : bool
        Keep the drawn parameters among the arrays.
    """

    plan: Plan
    design: Callable[[range], Draws]
    fixed: Mapping[str, float] = field(default_factory=dict)
    store_parameters: bool = True

    def __call__(self, rows: range) -> Arrays:
        """Return the arrays of the draws `rows`, draws leading; see `sim.results.SCHEMA`."""
        from sim.negotiation import solve_chunk

        n = len(rows)
        drawn = self.design(rows)
        theta = drawn | {name: np.full(n, value) for name, value in self.fixed.items()}
        arrays: Arrays = dict(solve_chunk(self.plan, theta, n))
        arrays |= linkage(arrays["payoff_change"], self.plan.regimes)
        if self.store_parameters and drawn:
            arrays["theta"] = np.stack([*drawn.values()], axis=1)
        return arrays


def scenario_design(
    scenario: Scenario,
    *,
    draws: int | None = None,
    seed: int | None = None,
    sampler: Sampler | None = None,
    replicates: int | None = None,
) -> Design:
    """Return the design of a scenario's uncertain numbers.

    Places in the point set go to the names in `simulate.important`, then to all other parameters of
    the file, uncertain or not, then to what is uncertain without being a parameter. So setting a
    parameter to a number leaves the draws of all others as they were, and two runs that differ by
    it can be compared draw by draw.

    Parameters
    ----------
    scenario : Scenario
        Its `simulate:` says what is not given.
    draws : int, optional
        Total number, which only `lhs` depends on.
    seed, sampler, replicates
        See `Design`.

    Returns
    -------
    Design

    Raises
    ------
    SamplingError
        Clashing correlations, or a sampler that does not fit.
    """
    given = scenario.simulate
    unknown = [number.name for number in scenario.uncertain]
    order = list(dict.fromkeys([*given.important, *scenario.parameters, *unknown]))
    return design(
        scenario.uncertain,
        seed=given.seed if seed is None else seed,
        sampler=sampler or given.sampler,
        replicates=replicates or given.replicates,
        total=draws,
        correlations=scenario.correlations,
        correlation_kind=scenario.correlation_kind,
        places=tuple(order.index(name) for name in unknown),
    )


def linkage(payoff_change: Any, regimes: tuple[str, ...]) -> Arrays:
    """Return the linkage gain and its parts, as far as the regimes allow.

    Parameters
    ----------
    payoff_change : array, shape (n, R, S, N)
        USD bn per year.
    regimes : tuple of str
        Names along R.

    Returns
    -------
    dict of str to array
        `linkage_gain` (n, S, N) and `decomposition` (n, S, P, N), P as in `part_names`; nothing
        without the regimes `separate` and `linked`.
    """
    from sim.negotiation import decompose, linkage_gain

    if not {"linked", "separate"} <= set(regimes):
        return {}
    payoff = {name: payoff_change[:, i] for i, name in enumerate(regimes)}
    parts = decompose(payoff)
    names = part_names(regimes)
    return {
        "linkage_gain": linkage_gain(payoff),
        "decomposition": np.stack([parts[name] for name in names], axis=2),
    }


def part_names(regimes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts of the linkage gain that these regimes allow, in their usual order."""
    from sim.negotiation import PARTS, decompose

    if not {"linked", "separate"} <= set(regimes):
        return ()
    found = decompose({name: np.zeros(1) for name in regimes})
    return tuple(name for name in PARTS if name in found)
