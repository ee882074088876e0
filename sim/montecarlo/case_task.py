"""The task of a scenario: from the numbers of some draws to what every regime leads to in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.montecarlo.chunks import Arrays
from sim.montecarlo.sampling import Design, design
from sim.negotiation import Plan, solve_chunk
from sim.scenario import Scenario

__all__ = ["CaseTask", "scenario_design"]


@dataclass(frozen=True)
class CaseTask:
    """A picklable function of the draws alone.

    Parameters
    ----------
    plan : Plan
    design : Design
    """

    plan: Plan
    design: Design

    def __call__(self, rows: range) -> Arrays:
        """Return the arrays of `solve_chunk` and `parameter`, (B, P), for the draws `rows`."""
        theta = self.design(rows)
        arrays: Arrays = dict(solve_chunk(self.plan, theta, len(rows)))
        columns = [np.asarray(theta[name], dtype=float) for name in self.design.names]
        arrays["parameter"] = np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0))
        return arrays


def scenario_design(
    scenario: Scenario, *, draws: int, seed: int | None = None, sampler: str | None = None
) -> Design:
    """Return the design of a scenario's uncertain numbers.

    Parameters
    ----------
    scenario : Scenario
    draws : int
        Total number; only `lhs` depends on it.
    seed, sampler : optional
        The scenario's own by default.

    Returns
    -------
    Design
    """
    rules = scenario.simulate
    return design(
        scenario.uncertain,
        seed=rules.seed if seed is None else seed,
        sampler=sampler or rules.sampler,  # type: ignore[arg-type]
        replicates=rules.replicates,
        total=draws,
        correlations=scenario.correlations,
        correlation_kind=scenario.correlation_kind,
    )
