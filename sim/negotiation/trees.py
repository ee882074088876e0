"""Offers over time as a finite game tree, for programs that read extensive forms."""

from __future__ import annotations

import numpy as np

from sim.bargaining import BoxProblem, frontier
from sim.errors import GameError
from sim.games import ExtensiveFormGame, chance, decision, terminal
from sim.negotiation.chunk import median_theta
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import take_seat
from sim.negotiation.talks import talks_of
from sim.scenario import Scenario
from sim.scenario.names import listed

__all__ = ["talks_tree"]

DEALS = 5
"""Deals on the frontier among which a proposer chooses."""

ROUNDING = 1e-8
"""Gains over d below this share of what the deals move are what a solver left of none."""


def talks_tree(
    scenario: Scenario, table: str, *, rounds: int = 2, deals: int = DEALS
) -> ExtensiveFormGame:
    """Return the offers over time at a table of two as a tree, at the medians of the parameters.

    In each round the proposer offers one of `deals` points of the table's frontier and the other
    accepts or refuses; a refusal is followed by the chance of breakdown, the last one by d.
    Agreement in round t is worth (1 − δ^t) s + δ^t u(x), breakdown after it
    (1 − δ^(t+1)) s + δ^(t+1) d. Dated events and outside options are left out. The two deals at the
    ends of the frontier leave one party exactly d: it is then indifferent, and the equilibrium in
    which it accepts is the one of offers that can be made ever finer.

    Parameters
    ----------
    scenario : Scenario
        With talks at `table`.
    table : str
    rounds : int
        At least 1; the tree has about (deals + 1)^rounds leaves.
    deals : int
        At least 2.

    Returns
    -------
    ExtensiveFormGame

    Raises
    ------
    GameError
        If the table has not two parties, or the tree would be larger than 10⁵ leaves.
    """
    spec = scenario.talks.get(table)
    if spec is None:
        raise scenario.fault("talks", f"has none for {table!r}; there are {listed(scenario.talks)}")
    if rounds < 1 or deals < 2 or (2 * deals) ** rounds > 10**5:
        raise GameError("rounds, deals: at least 1 and 2, and at most 10⁵ leaves, are allowed")
    theta = median_theta(scenario)
    seat = take_seat(compile_case(scenario, theta, 1), table)
    if len(seat.parties) != 2:
        raise GameError(f"{table}: trees are for tables of two parties, not {len(seat.parties)}")
    clock = talks_of(scenario, seat, spec, theta, 1).clock(1, 2)
    problem = BoxProblem(seat.payoffs, seat.lower, seat.upper, seat.failure())
    offers = frontier(problem, deals).payoffs[0]
    delta, held, failure = clock.discount[0], clock.during[0], clock.breakdown[0]
    none = np.abs(offers - failure) <= ROUNDING * np.ptp(offers, axis=0)
    offers = np.where(none, failure, offers)
    risk = float(clock.risk[0])
    number = iter(range(1, 10**9))

    def after(t: int, then: np.ndarray) -> list[float]:
        return list(map(float, (1.0 - delta**t) * held + delta**t * then))

    def stage(t: int):  # type: ignore[no-untyped-def]  # trees are nested tuples of nodes
        proposer = 1 + t % 2
        moves = {}
        for n, offer in enumerate(offers):
            if t + 1 == rounds:
                refused = terminal(after(t, failure))
            elif risk > 0.0:
                refused = chance(
                    next(number),
                    {
                        "breakdown": (risk, terminal(after(t + 1, failure))),
                        "talks go on": (1.0 - risk, stage(t + 1)),
                    },
                )
            else:
                refused = stage(t + 1)
            answers = {"accept": terminal(after(t, offer)), "refuse": refused}
            moves[f"deal {n + 1}"] = decision(3 - proposer, next(number), answers)
        return decision(proposer, next(number), moves)

    return ExtensiveFormGame(seat.parties, stage(0), title=f"{scenario.title}: offers at {table}")
