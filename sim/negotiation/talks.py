"""Offers over time at a table of a scenario: who proposes, what waiting costs, what is coming.

The payoffs are those of `sim.games.alternating_offers`: flows s_i while they talk, d_i for ever
after a breakdown, u_i(x) for ever after agreement. The outcomes at the other tables stay at what
the regime leads to under Nash.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import BoxProblem, Ratifiers, solve
from sim.games.alternating_offers import (
    Event,
    Issues,
    Stage,
    Talks,
    finite_horizon,
    limit_disagreement,
    nash_limit,
    stationary_equilibrium,
)
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import Seat, take_seat
from sim.negotiation.terms import Names
from sim.scenario import Scenario
from sim.scenario import equilibria as specs
from sim.scenario.names import listed

__all__ = ["TalksResult", "solve_talks", "talks_of"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Theta = Mapping[str, FloatArray]

YEAR = 365.25


@dataclass(frozen=True)
class TalksResult:
    """Where offers over time end at one table.

    Parameters
    ----------
    table : str
    parties, issues : tuple of str
        n parties, k issues.
    proposers : tuple of str
        Who makes the first offer, one entry per row of `payoffs`.
    payoffs : (B, P, n) array
        Change of payoff from the status quo by first proposer, USD bn per year; with a horizon
        the discounted value before the first offer, of the declared first proposer alone. For the
        risk averse the sure change that is worth as much.
    outcome : (B, P, k) array
        What is proposed and accepted; with a horizon, the mean agreement.
    agreement : (B,) array
        Probability that they agree.
    date : (B,) array
        Years until they do; 0 without a horizon, where the first offer is accepted.
    limit : (B, n) array
        Payoffs as offers come ever faster: the Nash solution from d*, among the deals that nobody
        leaves for an outside option.
    count : (B,) int array
        Stationary equilibria found; 1 with a horizon.
    converged : (B,) bool array
    """

    table: str
    parties: tuple[str, ...]
    issues: tuple[str, ...]
    proposers: tuple[str, ...]
    payoffs: FloatArray
    outcome: FloatArray
    agreement: FloatArray
    date: FloatArray
    limit: FloatArray
    count: NDArray[np.int64]
    converged: BoolArray


def solve_talks(scenario: Scenario, table: str, theta: Theta, draws: int) -> TalksResult:
    """Solve the alternating offers that a scenario declares for a table.

    Parameters
    ----------
    scenario : Scenario
        With a block `talks:` for `table`.
    table : str
    theta : mapping of str to (B,) array
    draws : int
        B.

    Returns
    -------
    TalksResult

    Raises
    ------
    ScenarioError
        If the scenario has no talks at that table.
    GameError
        If a party has no discount rate above 0, or there is no such table.
    """
    spec = scenario.talks.get(table)
    if spec is None:
        raise scenario.fault("talks", f"has none for {table!r}; there are {listed(scenario.talks)}")
    seat = take_seat(compile_case(scenario, theta, draws), table)
    names = Names(scenario, theta, draws)
    first = _talks(seat, spec, names)
    proposers = spec.proposers or seat.parties
    order = [seat.parties.index(p) for p in proposers]
    point, weights = limit_disagreement(
        _rates(seat, spec, names),
        hazard=names.column(spec.breakdown_hazard),
        during=first.during,
        breakdown=first.breakdown,
    )
    issues = Issues(seat.payoffs, seat.lower, seat.upper)
    limit = seat.money(_limit(issues, first, point, weights))
    if spec.horizon is None:
        found = stationary_equilibrium(issues, first, order=order)
        return TalksResult(
            table=table,
            parties=seat.parties,
            issues=seat.issues,
            proposers=seat.parties,
            payoffs=seat.money(found.payoffs),
            outcome=found.outcome,
            agreement=found.agreement.astype(float),
            date=np.zeros(draws),
            limit=limit,
            count=found.count,
            converged=found.converged,
        )
    events = [_event(scenario, spec, n, names) for n in range(len(spec.events))]
    walk = _Stages(scenario, spec, seat, issues, theta, draws)
    ended = finite_horizon(
        walk,
        rounds=spec.horizon,
        order=order,
        interval=float(names.column(spec.interval)[0]),  # the same in all draws
        events=events,
    )
    return TalksResult(
        table=table,
        parties=seat.parties,
        issues=seat.issues,
        proposers=(proposers[0],),
        payoffs=seat.money(ended.payoffs)[:, None],
        outcome=ended.outcome[:, None],
        agreement=ended.agreement,
        date=ended.date,
        limit=limit,
        count=np.ones(draws, dtype=np.int64),
        converged=ended.converged,
    )


def _limit(issues: Issues, talks: Talks, point: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what fast offers lead to, (B, n): an outside option only bounds the Nash solution.

    max Σ w_i log(u_i − d*_i) subject to u ≥ o (Binmore, Shaked and Sutton 1989).
    """
    clock = talks.clock(*point.shape)
    if not np.isfinite(clock.outside).any():
        return nash_limit(issues, point, weights)
    stays = Ratifiers(issues.payoffs, np.maximum(clock.outside, point))
    problem = BoxProblem(
        issues.payoffs, issues.lower, issues.upper, point, weights=weights, ratifiers=stays
    )
    found = solve(problem, "nash")
    return np.where(found.agreement[:, None], found.payoffs, clock.opting_out())


def _rates(seat: Seat, spec: specs.Talks, names: Names) -> FloatArray:
    """Return the parties' discount rates per year, (B, n)."""
    columns = []
    for party in seat.parties:
        rate = spec.rates.get(party, names.scenario.players[party].discount_rate)
        columns.append(names.column(rate))  # the scenario's checks have seen that there is one
    return np.stack(columns, axis=1)


def talks_of(scenario: Scenario, seat: Seat, spec: specs.Talks, theta: Theta, draws: int) -> Talks:
    """Return what time does to the parties at a table, for sampled parameters."""
    return _talks(seat, spec, Names(scenario, theta, draws))


def _talks(seat: Seat, spec: specs.Talks, names: Names) -> Talks:
    """Return what time does to the parties at a table."""
    case = seat.case
    held = case.status_quo if spec.during_talks == "status_quo" else case.breakdown
    outside = np.full((case.n_draws, len(seat.parties)), -np.inf)
    for party, option in spec.outside_options.items():
        outside[:, seat.parties.index(party)] = names.column(option)
    return Talks.from_rates(
        _rates(seat, spec, names),
        interval=names.column(spec.interval),
        hazard=names.column(spec.breakdown_hazard),
        during=seat.held(held),
        breakdown=seat.failure(),
        outside=seat.utility(outside),
    )


def _event(scenario: Scenario, spec: specs.Talks, number: int, names: Names) -> Event:
    """Return a dated event, its date in years from the scenario's `as_of`."""
    event = spec.events[number]
    begin = scenario.as_of or dt.date.min
    return Event(
        name=f"{number}: {event.name or event.date.isoformat()}",
        date=(event.date - begin).days / YEAR,
        probability=names.column(event.probability),
        applies_to=event.applies_to,
    )


class _Stages:
    """The table and the clock after any set of events.

    A table stays the same object where the events that happened leave the payoffs of deals as they
    were and change only what failure or waiting brings.
    """

    def __init__(
        self,
        scenario: Scenario,
        spec: specs.Talks,
        seat: Seat,
        issues: Issues,
        theta: Theta,
        draws: int,
    ) -> None:
        self.scenario, self.spec, self.seat = scenario, spec, seat
        self.issues, self.theta, self.draws = issues, theta, draws

    def __call__(self, happened: frozenset[str]) -> Stage:
        """Return the stage after the events with these names."""
        changed = dict(self.theta)
        for name in sorted(happened):
            event = self.spec.events[int(name.split(":")[0])]
            for parameter, value in event.set.items():
                number = np.asarray(self.scenario.number(value, self.theta), dtype=float)
                changed[parameter] = np.broadcast_to(number, (self.draws,))
        names = Names(self.scenario, changed, self.draws)
        case = compile_case(self.scenario, changed, self.draws)
        seat = take_seat(case, self.seat.table.name, elsewhere=self.seat.elsewhere)
        return Stage(self._table(seat), _talks(seat, self.spec, names))

    def _table(self, seat: Seat) -> Issues:
        """Return the table, the first one where deals are worth what they were."""
        middle = 0.5 * (seat.lower + seat.upper)
        probes = [seat.lower, middle, seat.upper, self.seat.elsewhere[:, list(seat.table.issues)]]
        same = all(
            np.array_equal(seat.payoffs.utility(x), self.seat.payoffs.utility(x)) for x in probes
        )
        return self.issues if same else Issues(seat.payoffs, seat.lower, seat.upper)
