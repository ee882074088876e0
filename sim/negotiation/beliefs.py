"""One take-it-or-leave-it offer at a table of a scenario, to an opponent of unknown resolve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.games.alternating_offers import Issues
from sim.games.private_information import lottery_menu, take_it_or_leave_it
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import take_seat
from sim.negotiation.terms import Names
from sim.scenario import Inline, Scenario
from sim.scenario.distributions import Distribution

__all__ = ["OfferResult", "solve_offer"]

FloatArray = NDArray[np.float64]

QUANTILES = 15
"""How many equally likely types stand for a distribution of resolve."""


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
        The proposer's expected change of payoff from the status quo, USD bn per year.
    single : (B,) array
        The same for the best single offer, which a menu can only better.
    failure : (B, 2) array
        What proposer and responder have without a deal, before resolve.
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


def solve_offer(
    scenario: Scenario, table: str, theta: Mapping[str, FloatArray], draws: int
) -> OfferResult:
    """Solve the offer under private information that a scenario declares for a table.

    A type adds its resolve to what the responder has without a deal. A distribution of resolve is
    cut into `QUANTILES` equally likely types at their median quantiles; as a private type it is no
    draw of the Monte Carlo.

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
    spec = scenario.beliefs.get(table)
    if spec is None:
        raise scenario.fault(
            "beliefs", f"has none for {table!r}; there are {list(scenario.beliefs)}"
        )
    seat = take_seat(compile_case(scenario, theta, draws), table)
    names = Names(scenario, theta, draws)
    proposer, responder = seat.parties.index(spec.proposer), seat.parties.index(spec.responder)
    if spec.types:
        types = tuple(t.name for t in spec.types)
        belief = np.array([float(t.probability) for t in spec.types])
        resolve = np.stack([names.column(t.resolve) for t in spec.types], axis=1)
    else:
        distribution = _distribution(scenario, spec.resolve)
        levels = (np.arange(QUANTILES) + 0.5) / QUANTILES
        types = tuple(f"quantile {100 * level:.0f} %" for level in levels)
        belief = np.full(QUANTILES, 1.0 / QUANTILES)
        resolve = np.broadcast_to(distribution.ppf(levels), (draws, QUANTILES))
    failure = seat.failure()
    issues = Issues(seat.payoffs, seat.lower, seat.upper)
    reservations = failure[:, [responder]] + resolve
    single = take_it_or_leave_it(
        issues,
        proposer=proposer,
        reservations=reservations,
        beliefs=belief,
        disagreement=failure[:, proposer],
    )
    accepts, value = single.accepts.astype(float), single.value
    if spec.menu == "lottery":
        menu = lottery_menu(
            issues,
            proposer=proposer,
            reservations=reservations,
            beliefs=belief,
            disagreement=failure[:, proposer],
        )
        accepts, value = menu.probability, menu.value
    return OfferResult(
        table=table,
        proposer=spec.proposer,
        responder=spec.responder,
        types=types,
        probability=belief,
        accepts=accepts,
        breakdown=1.0 - accepts @ belief,
        value=value,
        single=single.value,
        failure=failure[:, [proposer, responder]],
    )


def _distribution(scenario: Scenario, spec: object) -> Distribution:
    """Return the distribution that a NUMBER stands for; a plain number is a point."""
    if isinstance(spec, Inline):
        return spec.distribution
    if isinstance(spec, str) and spec in scenario.parameters:
        return _distribution(scenario, scenario.parameters[spec].value)
    point = float(np.mean(np.asarray(spec, dtype=float)))
    return Distribution.of("uniform", [point - 1e-9, point + 1e-9])
