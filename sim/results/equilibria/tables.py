"""Offers at one table as plain data: over time, and to an opponent of unknown resolve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.negotiation.beliefs import solve_offer
from sim.negotiation.talks import solve_talks
from sim.results.equilibria.statistics import Statistics
from sim.scenario import Scenario

__all__ = ["offer_report", "talks_report"]

FloatArray = NDArray[np.float64]
Theta = Mapping[str, FloatArray]


def talks_report(
    scenario: Scenario, table: str, theta: Theta, draws: int, stat: Statistics
) -> dict[str, Any]:
    """Return the offers over time at a table: payoffs by first proposer, dates, the limit.

    Parameters
    ----------
    scenario : Scenario
    table : str
    theta : mapping of str to (B,) array
    draws : int
        B.
    stat : callable
        From draws to statistics.
    """
    found = solve_talks(scenario, table, theta, draws)
    return {
        "payoff": {
            first: {p: stat(found.payoffs[:, k, n]) for n, p in enumerate(found.parties)}
            for k, first in enumerate(found.proposers)
        },
        "limit": {p: stat(found.limit[:, n]) for n, p in enumerate(found.parties)},
        "outcome": {
            first: {i: stat(found.outcome[:, k, n]) for n, i in enumerate(found.issues)}
            for k, first in enumerate(found.proposers)
        },
        "agreement": stat(found.agreement),
        "years_until_agreement": stat(found.date),
        "equilibria": stat(found.count.astype(float)),
        "converged": float(found.converged.mean()),
    }


def offer_report(
    scenario: Scenario, table: str, theta: Theta, draws: int, stat: Statistics
) -> dict[str, Any]:
    """Return the offer to an opponent of unknown resolve: its value and the chance of no deal.

    Parameters
    ----------
    scenario : Scenario
    table : str
    theta : mapping of str to (B,) array
    draws : int
        B.
    stat : callable
        From draws to statistics.
    """
    found = solve_offer(scenario, table, theta, draws)
    return {
        "proposer": found.proposer,
        "responder": found.responder,
        "breakdown": stat(found.breakdown),
        "value": stat(found.value),
        "value_single_offer": stat(found.single),
        "without_a_deal": {
            found.proposer: stat(found.failure[:, 0]),
            found.responder: stat(found.failure[:, 1]),
        },
        "types": {
            name: {"belief": float(found.probability[t]), "deal": stat(found.accepts[:, t])}
            for t, name in enumerate(found.types)
        },
    }
