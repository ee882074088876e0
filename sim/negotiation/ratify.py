"""Ratifiers: what an outcome is worth to those who can veto it at home (Putnam 1988).

A ratifier's payoff is its player's, term by term, times what it feels of each, plus terms of its
own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import Ratifiers
from sim.negotiation.case import Case
from sim.negotiation.structure import Table

__all__ = ["table_ratifiers"]

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
