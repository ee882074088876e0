"""Ratifiers: what an outcome is worth to those who can veto it at home (Putnam 1988).

A ratifier's payoff is its player's, term by term, times what it feels of each, plus terms of its
own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import Ratifiers
from sim.negotiation.case import Case
from sim.negotiation.lottery import Lottery, mix
from sim.negotiation.structure import Regime, Table

__all__ = ["refused", "room", "table_ratifiers"]

FloatArray = NDArray[np.float64]


def table_ratifiers(case: Case, table: Table, elsewhere: FloatArray) -> Ratifiers | None:
    """Return who must not lose at a table: the certain vetoes of its parties.

    A ratifier with a steepness ratifies by chance once the deal is made; it does not bound the
    deal.
    """
    payoffs = case.ratifier_payoffs
    bound = [r for r in case.ratifiers if r.player in table.parties and r.steepness is None]
    if payoffs is None or not bound:
        return None
    thresholds = [np.broadcast_to(np.asarray(r.threshold, float), (case.n_draws,)) for r in bound]
    return Ratifiers(
        payoffs=payoffs.table([r.index for r in bound], list(table.issues), elsewhere),
        thresholds=np.stack(thresholds, axis=1),
    )


def room(case: Case, table: Table, lottery: Lottery) -> FloatArray:
    """Return by how much the least content certain veto of a table is satisfied, (B,).

    ``min_r u_r(x) - threshold_r`` over the ratifiers that `table_ratifiers` names, u_r being
    expected over what happens everywhere; infinite if there is none.
    """
    felt = case.ratifier_payoffs
    bound = [r for r in case.ratifiers if r.player in table.parties and r.steepness is None]
    spare = np.full(case.n_draws, np.inf)
    if felt is None or not bound:
        return spare
    value = mix(lottery.chance, felt.utility(lottery.executed), felt.utility(lottery.unexecuted))
    for ratifier in bound:
        spare = np.minimum(spare, value[:, ratifier.index] - np.asarray(ratifier.threshold))
    return spare


def refused(case: Case, regime: Regime, lottery: Lottery) -> NDArray[np.bool_]:
    """Return where ratification by chance fails, (B, T): 1/(1 + exp(−k (u_r − ρ_r))) < luck.

    Parameters
    ----------
    case : Case
        At the credibility of the regime.
    regime : Regime
    lottery : Lottery
        What is put before the ratifiers: all tables' deals together, and what has fallen.
    """
    failed = np.zeros((case.n_draws, len(regime.tables)), dtype=bool)
    chancy = [r for r in case.ratifiers if r.steepness is not None]
    if not chancy or case.ratifier_payoffs is None:
        return failed
    felt = case.ratifier_payoffs
    value = mix(lottery.chance, felt.utility(lottery.executed), felt.utility(lottery.unexecuted))
    for ratifier in chancy:
        gain = value[:, ratifier.index] - np.asarray(ratifier.threshold)
        odds = np.asarray(ratifier.steepness) * gain
        ratified = 0.5 * (1.0 + np.tanh(0.5 * odds))  # the logistic function, without overflow
        for t, table in enumerate(regime.tables):
            if ratifier.player in table.parties:
                failed[:, t] |= np.asarray(ratifier.luck) > ratified
    return failed
