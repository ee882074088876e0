"""One table inside a regime: its disagreement point and its bargaining problem.

d_i = q v_i(breakdown of what falls, x elsewhere)
+ (1 − q) v_i(status quo of what falls, x elsewhere, less A_i)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import BoxProblem
from sim.negotiation.case import Case
from sim.negotiation.front import BargainingPayoffs, group_parties
from sim.negotiation.lottery import Lottery
from sim.negotiation.ratify import table_ratifiers
from sim.negotiation.structure import Number, Regime, Table

__all__ = ["Fallback", "disagreement", "fallen", "involved", "per_draw", "table_problem"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Fallback:
    """The result of another regime that stands if a table fails.

    Parameters
    ----------
    lottery : Lottery
        Its outcome.
    agreed : (B, K) bool array
        Whether each issue was settled by an agreement there.
    """

    lottery: Lottery
    agreed: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> Fallback:
        """Return the fallback of some draws."""
        return Fallback(self.lottery.take(rows), self.agreed[rows])


def per_draw(number: Number, draws: int) -> FloatArray:
    """Return a number as an array (B,)."""
    return np.broadcast_to(np.asarray(number, dtype=float), (draws,)).copy()


def involved(case: Case, issues: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which players are a party to any of `issues`, (B, K) -> (B, N)."""
    found = np.zeros((issues.shape[0], len(case.layout.players)), dtype=bool)
    for issue, parties in enumerate(case.layout.parties):
        found[:, list(parties)] |= issues[:, issue, None]
    return found


def fallen(case: Case, regime: Regime, elsewhere: FloatArray, falls: NDArray[np.bool_]) -> Lottery:
    """Return the lottery after a breakdown that brings down `falls`.

    Parameters
    ----------
    case : Case
    regime : Regime
    elsewhere : (B, K) array
        What stands where nothing falls.
    falls : (B, K) or (K,) bool array

    Returns
    -------
    Lottery
        With the audience costs of the parties to what falls.
    """
    draws = case.n_draws
    falls = np.broadcast_to(falls, elsewhere.shape)
    chance = per_draw(regime.threat_credibility, draws)
    cost = np.stack([per_draw(a, draws) for a in regime.audience_cost], axis=1)
    return Lottery(
        np.where(falls, case.breakdown, elsewhere),
        np.where(falls, case.status_quo, elsewhere),
        chance,
        np.where(involved(case, falls), cost, 0.0),
    )


def disagreement(
    case: Case, regime: Regime, table: Table, elsewhere: FloatArray, fallback: Fallback | None
) -> Lottery:
    """Return what happens if `table` fails while `elsewhere`, (B, K), stands at the others."""
    if fallback is not None:
        own = np.zeros(elsewhere.shape[1], dtype=bool)
        own[list(table.issues)] = True
        return Lottery(
            np.where(own, fallback.lottery.executed, elsewhere),
            np.where(own, fallback.lottery.unexecuted, elsewhere),
            fallback.lottery.chance,
            # What failed at other tables stays failed, whatever is settled here.
            np.where(involved(case, own & ~fallback.agreed), fallback.lottery.penalty, 0.0),
        )
    falls = np.zeros(elsewhere.shape[1], dtype=bool)
    falls[list(table.falls)] = True
    return fallen(case, regime, elsewhere, falls)


def table_problem(
    case: Case,
    regime: Regime,
    table: Table,
    elsewhere: FloatArray,
    *,
    fallback: Fallback | None = None,
) -> BoxProblem:
    """Return the bargaining problem at one table.

    Parameters
    ----------
    case : Case
        At the credibility of the regime.
    regime : Regime
    table : Table
    elsewhere : (B, K) array
        The outcomes at the other tables; the table's own columns are where its solver starts.
    fallback : Fallback, optional
        What stands if the table fails, for linkage by consent.

    Returns
    -------
    BoxProblem
        Over the table's issues; its players are the parties, a front counting as one.
    """
    parties, issues = list(table.parties), list(table.issues)
    lottery = disagreement(case, regime, table, elsewhere, fallback)
    falling = set(table.falls) if fallback is None else set(issues)
    bound = case.payoffs.table(parties, issues, elsewhere)
    if falling <= set(issues):  # the same folded constants on both sides of the gain
        point = Lottery(
            lottery.executed[:, issues],
            lottery.unexecuted[:, issues],
            lottery.chance,
            lottery.penalty[:, parties],
        ).utility(bound)
    else:
        point = lottery.utility(case.payoffs)[:, parties]
    weights = np.stack([per_draw(regime.weights[p], case.n_draws) for p in parties], axis=1)
    local: BargainingPayoffs = bound
    if regime.front is not None:
        local, point, weights = group_parties(bound, table.parties, regime.front, point, weights)
    return BoxProblem(
        payoffs=local,
        lower=case.lower[:, issues],
        upper=case.upper[:, issues],
        disagreement=point,
        weights=weights,
        start=elsewhere[:, issues],
        ties=tuple(
            (issues.index(a), issues.index(b)) for a, b in case.ties if a in issues and b in issues
        ),
        ratifiers=table_ratifiers(case, table, elsewhere),
    )
