"""How often tables have more than one fixed point, on a sub-sample of the draws.

Side by side they can support each other in several ways, and where payoffs are not concave a single
table can have several local maxima, each of which passes its certificate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import solve
from sim.negotiation.case import Case, take_regime
from sim.negotiation.nash_in_nash import Settings, nash_in_nash
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.structure import Regime
from sim.negotiation.tables import fallen, table_problem
from sim.negotiation.war import breakdown_values

__all__ = ["FixedPoints", "seek_fixed_points"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

APART = 1e-4
"""Outcomes that differ by more than this share of a range are different fixed points."""
PATIENCE = 60
"""Sweeps from a further start; one that has not settled by then cycles, as a rule, for ever."""


@dataclass(frozen=True)
class FixedPoints:
    """What further starts of the sweeps led to.

    Parameters
    ----------
    several : (B,) bool array
        Whether some start ended, converged and with the same agreements or others, elsewhere.
    no_agreement : (B,) bool array
        Whether everybody walking out is an equilibrium too: with all other tables fallen, no table
        has a deal. Only looked at where tables bring each other down.
    starts : int
        Starts in all; a search that may miss some.
    """

    several: BoolArray
    no_agreement: BoolArray
    starts: int


def seek_fixed_points(case: Case, name: str, solution: str) -> FixedPoints:
    """Look for further fixed points of a regime: solve it from other starts and compare.

    Parameters
    ----------
    case : Case
    name : str
        Of a regime.
    solution : str

    Returns
    -------
    FixedPoints
        All False for regimes with a fallback or an order: those start where they must.
    """
    regime = case.regimes[name]
    none = np.zeros(case.n_draws, dtype=bool)
    if regime.fallback or regime.foresight or len(regime.order) > 1:
        return FixedPoints(none, none, 1)
    first = solve_regimes(case, [name], solution)[name]
    local = case.under(regime)
    local = replace(local, breakdown=breakdown_values(local, regime).values)
    starts = [
        np.clip(case.status_quo, case.lower, case.upper),
        np.clip(local.breakdown, case.lower, case.upper),
        0.5 * (case.lower + case.upper),
    ]
    every = np.tile(np.arange(case.n_draws), len(starts))  # all starts at once
    other = nash_in_nash(
        local.take(every),
        take_regime(regime, every),
        solution,
        start=np.concatenate(starts),
        settings=Settings(sweeps=PATIENCE),
    )
    gap = np.abs(other.lottery.mean - first.lottery.mean[every]) / case.width[every]
    apart = (gap.max(axis=1) > APART) | (other.agreement != first.agreement[every]).any(axis=1)
    several = (apart & other.converged & first.converged[every]).reshape(len(starts), -1)
    walk_out = _all_walk_out(local, regime, solution)
    return FixedPoints(several.any(axis=0), walk_out, len(starts) + 1)


def _all_walk_out(case: Case, regime: Regime, solution: str) -> BoolArray:
    """Return where no table has a deal while all other tables have fallen."""
    if not any(set(table.falls) > set(table.issues) for table in regime.tables):
        return np.zeros(case.n_draws, dtype=bool)
    everything = np.ones(case.lower.shape[1], dtype=bool)
    down = fallen(case, regime, case.status_quo, everything).mean
    nobody = np.ones(case.n_draws, dtype=bool)
    for table in regime.tables:
        nobody &= ~solve(table_problem(case, regime, table, down), solution).agreement
    return nobody
