"""Where breakdown values come from: announced, the status quo, a war, or optimal threats.

- `announced`: the scenario's values.
- `status_quo`: nothing changes if talks fail.
- `nash`: the non-cooperative equilibrium, each player setting what it controls among what falls
  (Johnson 1953; Ossa 2014), everything else at the status quo.
- `variable`: Nash's (1953) optimal threats from the finite menus that the scenario declares, for
  tables of two parties.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.games.threats.war import best_response, nash_war
from sim.negotiation.case import Case
from sim.negotiation.optimal_threats import optimal_postures
from sim.negotiation.structure import Regime

__all__ = ["Breakdown", "breakdown_values", "threat_cost"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Breakdown:
    """What issues become if the tables that settle them fail.

    Parameters
    ----------
    values : (B, K) array
        In the issues' units.
    converged : (B,) bool array
        Whether they were found; always for announced values.
    """

    values: FloatArray
    converged: BoolArray


def breakdown_values(case: Case, regime: Regime) -> Breakdown:
    """Return the breakdown values that a regime asks for.

    Parameters
    ----------
    case : Case
        At the credibility of the regime.
    regime : Regime

    Returns
    -------
    Breakdown
    """
    sure = np.ones(case.n_draws, dtype=bool)
    if regime.breakdown == "status_quo":
        return Breakdown(case.status_quo, sure)
    if regime.breakdown == "announced":
        return Breakdown(case.breakdown, sure)
    solver = _war if regime.breakdown == "nash" else optimal_postures
    values, converged = case.breakdown.copy(), sure
    groups: dict[tuple[int, ...], set[int]] = {}
    for table in regime.tables:
        groups.setdefault(table.falls, set()).update(table.parties)
    for falls, parties in groups.items():
        found, good = solver(case, regime, tuple(sorted(parties)), falls)
        values[:, list(falls)] = found
        converged = converged & good
    return Breakdown(values, converged)


def _war(
    case: Case, _: Regime, parties: tuple[int, ...], falls: tuple[int, ...]
) -> tuple[FloatArray, BoolArray]:
    """Return the Nash equilibrium in what falls, (B, k), the rest at the status quo."""
    issues = list(falls)
    bound = case.payoffs.table(parties, issues, case.status_quo)
    control = [
        parties.index(case.controlled_by[k]) if case.controlled_by[k] in parties else None
        for k in issues
    ]
    war = nash_war(
        bound,
        lower=case.lower[:, issues],
        upper=case.upper[:, issues],
        control=control,
        start=case.breakdown[:, issues],
    )
    return war.outcome, war.converged


def threat_cost(case: Case, regime: Regime) -> FloatArray:
    """Return what it costs each player to carry out its own part of the announced breakdown.

    ``u_i(own best response) − u_i(own breakdown values)``, the others' instruments at breakdown: a
    threat with a cost above 0 is not worth executing once it has failed to move anybody.

    Parameters
    ----------
    case : Case
        At the credibility of the regime.
    regime : Regime
        What falls at its tables counts, all of it at once.

    Returns
    -------
    (B, N) array
        USD bn per year, risk neutral; 0 for players without an instrument.
    """
    falls = sorted({k for table in regime.tables for k in table.falls})
    outcome = case.status_quo.copy()
    outcome[:, falls] = case.breakdown[:, falls]
    payoffs = replace(case.payoffs, risk_aversion=None)
    everybody = range(len(case.layout.players))
    bound = payoffs.table(everybody, range(outcome.shape[1]), outcome)
    cost = np.zeros((case.n_draws, len(case.layout.players)))
    for player in everybody:
        own = [k for k in falls if case.controlled_by[k] == player]
        if not own:
            continue
        reply = best_response(
            bound, player, outcome=outcome, issues=own, lower=case.lower, upper=case.upper
        )
        stay = bound.utility(outcome)[:, player]
        cost[:, player] = np.maximum(reply.payoffs[:, player] - stay, 0.0)
    return cost
