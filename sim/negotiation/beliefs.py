"""Offers at a table of a scenario to an opponent of unknown resolve: one, or two in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.games.alternating_offers import Issues
from sim.games.private_information import (
    TwoPeriods,
    lottery_menu,
    take_it_or_leave_it,
    two_period_offers,
)
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import take_seat
from sim.negotiation.terms import Names
from sim.scenario import Inline, Scenario
from sim.scenario.distributions import Distribution
from sim.scenario.equilibria import Belief, SecondOffer
from sim.scenario.names import listed

__all__ = ["OfferResult", "Types", "belief_at", "solve_offer", "types_of"]

FloatArray = NDArray[np.float64]

QUANTILES = 15
"""How many equally likely types stand for a distribution of resolve."""


@dataclass(frozen=True)
class Types:
    """The responders that a proposer thinks possible.

    Parameters
    ----------
    names : tuple of str
        T types.
    probability : (T,) array
        The proposer's belief.
    resolve : (B, T) array
        What each adds to the responder's payoff of no deal, USD bn per year.
    """

    names: tuple[str, ...]
    probability: FloatArray
    resolve: FloatArray


@dataclass(frozen=True)
class OfferResult:
    """The proposer's best offer, or menu of lotteries, and what it risks.

    Parameters
    ----------
    table, proposer, responder : str
    types : tuple of str
        T types of the responder.
    probability : (T,) array
        The proposer's belief.
    accepts : (B, T) array
        Probability that each type ends with a deal.
    breakdown : (B,) array
        Probability of no deal, under the belief.
    value : (B,) array
        The proposer's expected change of payoff from the status quo, USD bn per year; if it is
        risk averse, the sure change that is worth as much.
    single : (B,) array
        The same for the best single offer, which a menu can only better.
    failure : (B, 2) array
        What proposer and responder have without a deal, before resolve.
    second : TwoPeriods, optional
        What happens if a second offer follows a refusal, where the scenario asks for it.
    """

    table: str
    proposer: str
    responder: str
    types: tuple[str, ...]
    probability: FloatArray
    accepts: FloatArray
    breakdown: FloatArray
    value: FloatArray
    single: FloatArray
    failure: FloatArray
    second: TwoPeriods | None = None


def solve_offer(
    scenario: Scenario, table: str, theta: Mapping[str, FloatArray], draws: int
) -> OfferResult:
    """Solve the offer under private information that a scenario declares for a table.

    A type adds its resolve to what the responder has without a deal. A distribution of resolve is
    cut into `QUANTILES` equally likely types at their median quantiles; as a private type it is no
    draw of the Monte Carlo. With `second_offer:` also the equilibrium in which the proposer cannot
    help offering once more after a refusal.

    Parameters
    ----------
    scenario : Scenario
        With a block `beliefs:` for `table`.
    table : str
    theta : mapping of str to (B,) array
    draws : int

    Returns
    -------
    OfferResult

    Raises
    ------
    ScenarioError
        If the scenario has no beliefs at that table.
    """
    spec = belief_at(scenario, table)
    seat = take_seat(compile_case(scenario, theta, draws), table)
    names = Names(scenario, theta, draws)
    proposer, responder = seat.parties.index(spec.proposer), seat.parties.index(spec.responder)
    types = types_of(scenario, spec, names)
    failure = seat.failure()
    money = seat.failure_in_money()
    issues = Issues(seat.payoffs, seat.lower, seat.upper)
    reservations = seat.utility(money[:, [responder]] + types.resolve, responder)
    single = take_it_or_leave_it(
        issues,
        proposer=proposer,
        reservations=reservations,
        beliefs=types.probability,
        disagreement=failure[:, proposer],
    )
    accepts, value = single.accepts.astype(float), single.value
    if spec.menu == "lottery":
        menu = lottery_menu(
            issues,
            proposer=proposer,
            reservations=reservations,
            beliefs=types.probability,
            disagreement=failure[:, proposer],
        )
        accepts, value = menu.probability, menu.value
    second = _two_offers(
        issues,
        spec,
        names,
        proposer=proposer,
        reservations=reservations,
        disagreement=failure[:, proposer],
    )
    return OfferResult(
        table=table,
        proposer=spec.proposer,
        responder=spec.responder,
        types=types.names,
        probability=types.probability,
        accepts=accepts,
        breakdown=1.0 - accepts @ types.probability,
        value=seat.money(value, proposer),
        single=seat.money(single.value, proposer),
        failure=money[:, [proposer, responder]],
        second=second and replace(second, value=seat.money(second.value, proposer)),
    )


def belief_at(scenario: Scenario, table: str) -> Belief:
    """Return what a scenario's proposer believes at a table.

    Raises
    ------
    ScenarioError
        If the scenario has no beliefs at that table.
    """
    spec = scenario.beliefs.get(table)
    if spec is None:
        raise scenario.fault(
            "beliefs", f"has none for {table!r}; there are {listed(scenario.beliefs)}"
        )
    return spec


def types_of(scenario: Scenario, spec: Belief, names: Names) -> Types:
    """Return the declared types, or `QUANTILES` equally likely ones of a distribution."""
    if spec.types:
        return Types(
            names=tuple(t.name for t in spec.types),
            probability=np.array([float(t.probability) for t in spec.types]),
            resolve=names.columns([t.resolve for t in spec.types]),
        )
    levels = (np.arange(QUANTILES) + 0.5) / QUANTILES
    resolve = _distribution(scenario, spec.resolve).ppf(levels)
    return Types(
        names=tuple(f"quantile {100 * level:.0f} %" for level in levels),
        probability=np.full(QUANTILES, 1.0 / QUANTILES),
        resolve=np.broadcast_to(resolve, (names.draws, QUANTILES)),
    )


def _two_offers(
    issues: Issues,
    spec: Belief,
    names: Names,
    *,
    proposer: int,
    reservations: FloatArray,
    disagreement: FloatArray,
) -> TwoPeriods | None:
    """Return the equilibrium with a second offer, if the scenario asks for one."""
    if spec.second_offer is None:
        return None
    weak = reservations.argmin(axis=1)
    belief = np.array([float(t.probability) for t in spec.types])
    return two_period_offers(
        issues,
        proposer=proposer,
        reservations=np.sort(reservations, axis=1),
        weak=belief[weak],
        discount=np.stack(
            [_weight(names, spec.second_offer, p) for p in (spec.proposer, spec.responder)], axis=1
        ),
        disagreement=disagreement,
    )


def _weight(names: Names, spec: SecondOffer, player: str) -> FloatArray:
    """Return what gains from the second offer weigh, (B,): as stated, or exp(-rate · wait)."""
    stated = spec.discount_factor.get(player)
    if stated is not None:
        return names.column(stated)
    rate = names.scenario.players[player].discount_rate
    return np.asarray(np.exp(-names.column(rate) * names.column(spec.after)))


def _distribution(scenario: Scenario, spec: object) -> Distribution:
    """Return the distribution that a NUMBER stands for; a plain number is a point."""
    if isinstance(spec, Inline):
        return spec.distribution
    if isinstance(spec, str) and spec in scenario.parameters:
        return _distribution(scenario, scenario.parameters[spec].value)
    point = float(np.mean(np.asarray(spec, dtype=float)))
    return Distribution.of("uniform", [point - 1e-9, point + 1e-9])
