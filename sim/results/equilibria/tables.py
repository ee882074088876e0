"""Offers at one table as plain data: over time, to unknown opponents, and in a crisis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.games import TransferRange, TwoPeriods
from sim.negotiation.beliefs import OfferResult, solve_offer
from sim.negotiation.crises import CrisisResult, solve_crisis
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
    report: dict[str, Any] = {
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
    if found.second is not None:
        report["second_offer"] = _two_offers(found, found.second, stat)
    crisis = scenario.beliefs[table].crisis
    if crisis is not None:
        report["crisis"] = _crisis(solve_crisis(scenario, table, theta, draws), stat)
    return report


PLANS = ("pool", "skim", "mix", "exclude")


def _two_offers(found: OfferResult, second: TwoPeriods, stat: Statistics) -> dict[str, Any]:
    """Return two offers without commitment: what they bring, when, and what commitment is worth."""
    return {
        "value": stat(second.value),
        "value_of_commitment": stat(found.single - second.value),
        "breakdown": stat(second.breakdown),
        "delay": stat(second.delay),
        "plans": {
            name: stat((second.plan == number).astype(float)) for number, name in enumerate(PLANS)
        },
    }


def _crisis(found: CrisisResult, stat: Statistics) -> dict[str, Any]:
    """Return the transfers that both prefer to a breakdown, type by type and under the belief."""
    belief = found.probability
    report: dict[str, Any] = {
        "transfer": found.transfer,
        "parties": list(found.parties),
        "agreed": stat(found.agreed),
        "types": {
            name: {"belief": float(belief[t]), **_range(found.found, t, stat)}
            for t, name in enumerate(found.types)
        },
        "any_type": {
            "low": stat(found.found.low.max(axis=1)),
            "high": stat(found.found.high.min(axis=1)),
            "empty": stat(
                (found.found.low.max(axis=1) > found.found.high.min(axis=1)).astype(float)
            ),
        },
        "empty": stat(found.found.empty.astype(float) @ belief),
        "width": stat(found.found.width @ belief),
        "width_without_costs": stat(found.costless @ belief),
        "offer": stat(found.offer),
        "refused": stat(found.risk),
        "refused_though_both_could_gain": stat(found.lost),
        "converged": float(found.found.monotone.mean()),
    }
    if found.demand is not None:
        inside = (found.found.low <= found.demand[:, None]) & (
            found.demand[:, None] <= found.found.high
        )
        report["demand"] = {
            "value": stat(found.demand),
            "acceptable": stat(inside.astype(float) @ belief),
        }
    if found.lots is not None:
        lost = (found.lots == 0) & ~found.found.empty
        report["no_whole_lot"] = stat(lost.astype(float) @ belief)
    if found.before_shift is not None:
        report["before_shift"] = _before_shift(found, found.before_shift, stat)
    return report


def _range(found: TransferRange, number: int, stat: Statistics) -> dict[str, Any]:
    """Return the range against one type."""
    return {
        "low": stat(found.low[:, number]),
        "high": stat(found.high[:, number]),
        "width": stat(found.width[:, number]),
        "empty": stat(found.empty[:, number].astype(float)),
    }


def _before_shift(found: CrisisResult, shifted: TransferRange, stat: Statistics) -> dict[str, Any]:
    """Return what a shift of power to come leaves of the range, and how often it leaves nothing."""
    broken = shifted.empty & ~found.found.empty
    return {
        "types": {name: _range(shifted, t, stat) for t, name in enumerate(found.types)},
        "width": stat(shifted.width @ found.probability),
        "broken_by_the_shift": stat(broken.astype(float) @ found.probability),
    }
