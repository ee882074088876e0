"""Alternating offers with a last round and with dated events, by backward induction.

References
----------
Ståhl (1972), Bargaining Theory; Osborne and Rubinstein (1990), section 3.10; Fearon (1998),
International Organization 52, 269-305, on what waiting for an event does to a bargain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from math import ceil

import numpy as np

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, per_draw, whole, within
from sim.games.alternating_offers.blends import blend_tables
from sim.games.alternating_offers.events import Event
from sim.games.alternating_offers.tables import Offer, Table
from sim.games.alternating_offers.talks import Clock, Talks

__all__ = ["Branch", "FiniteHorizon", "Stage", "finite_horizon"]

_MAX_ROUNDS = 1000
_MAX_EVENTS = 6

State = frozenset[str]


@dataclass(frozen=True, slots=True)
class Stage:
    """The game while a given set of events has happened: what is on the table, and the clock."""

    table: Table
    talks: Talks


@dataclass(frozen=True, slots=True)
class Branch:
    """What is done in one round after one set of events.

    Attributes
    ----------
    round : int
    date : float
    events : frozenset of str
        Those that have happened.
    proposer : int
    probability : ndarray, shape (B,)
        That the talks come here.
    agreement : ndarray of bool, shape (B,)
        Whether the proposal is accepted here.
    outcome : ndarray, shape (B, K)
        The proposal; read it only where `agreement` holds.
    payoffs : ndarray, shape (B, N)
        Values of being here, by the preferences of here.
    thresholds : ndarray, shape (B, N)
        What each responder accepts at least.
    """

    round: int
    date: float
    events: State
    proposer: int
    probability: FloatArray
    agreement: BoolArray
    outcome: FloatArray
    payoffs: FloatArray
    thresholds: FloatArray


@dataclass(frozen=True, slots=True)
class FiniteHorizon:
    """Subgame-perfect equilibrium path of a finite bargain.

    Attributes
    ----------
    payoffs : ndarray, shape (B, N)
        Values before the first offer, by the preferences of the start.
    agreement : ndarray, shape (B,)
        Probability that the talks end with an agreement.
    date : ndarray, shape (B,)
        Expected date of the agreement given that there is one; 0 if there is none.
    outcome : ndarray, shape (B, K)
        Mean agreement given that there is one; 0 if there is none.
    branches : tuple of Branch
        Every round and set of events, in the order of time.
    converged : ndarray of bool, shape (B,)
        Whether every offer on the way was found to tolerance.
    """

    payoffs: FloatArray
    agreement: FloatArray
    date: FloatArray
    outcome: FloatArray
    branches: tuple[Branch, ...]
    converged: BoolArray


@dataclass(slots=True)
class _Game:
    """The game with its stages by set of events, made when first asked for."""

    make: Callable[[State], Stage]
    events: tuple[Event, ...]
    rounds: dict[str, int]
    interval: float
    last: int
    order: tuple[int, ...]
    n_draws: int = 0
    n_players: int = 0
    tables: dict[State, Table] = field(default_factory=dict)
    clocks: dict[State, Clock] = field(default_factory=dict)

    def stage(self, state: State) -> tuple[Table, Clock]:
        """Return table and clock after the events `state`."""
        if state not in self.tables:
            made = self.make(state)
            if self.tables and (made.table.n_draws, made.table.n_players) != (
                self.n_draws,
                self.n_players,
            ):
                raise GameError("stage: the same players and draws after every event are allowed")
            self.tables[state] = made.table
            self.clocks[state] = made.talks.clock(made.table.n_draws, made.table.n_players)
        return self.tables[state], self.clocks[state]

    def states(self, date: int) -> Iterator[State]:
        """Return the sets of events that may have happened by a round."""
        past = [e.name for e in self.events if self.rounds[e.name] <= date]
        subsets = chain.from_iterable(combinations(past, n) for n in range(len(past) + 1))
        return (frozenset(s) for s in subsets)

    def moves(self, state: State, date: int, kind: str = "") -> list[tuple[State, FloatArray]]:
        """Return what `state` may have become at round `date`, with probabilities (B,)."""
        found = [(state, np.ones(self.n_draws))]
        for event in self.events:
            if self.rounds[event.name] != date or (kind and event.applies_to != kind):
                continue
            p = per_draw(event.name, event.probability, self.n_draws, ())
            found = [
                (after, chance * odds)
                for before, chance in found
                for after, odds in ((before | {event.name}, p), (before, 1.0 - p))
            ]
        return found

    def of_kind(self, state: State, kind: str) -> State:
        """Return the events of `state` that apply to `kind`."""
        return frozenset(e.name for e in self.events if e.name in state and e.applies_to == kind)

    def path(self, tastes: State, world: State, date: int) -> list[tuple[State, FloatArray]]:
        """Return the weights (B, N) of the worlds that a deal of round `date` will live in."""
        shape = (self.n_draws, self.n_players)
        pending = [
            r for e in self.events if e.applies_to == "world" and (r := self.rounds[e.name]) > date
        ]
        if not pending:
            return [(tastes | world, np.ones(shape))]
        turn = min(pending)
        _, clock = self.stage(tastes | world)
        later = clock.discount ** (turn - date)
        weights = [(tastes | world, 1.0 - later)]
        for after, chance in self.moves(world, turn, "world"):
            for state, weight in self.path(tastes, after, turn):
                weights.append((state, later * chance[:, None] * weight))
        return weights


def finite_horizon(
    stage: Stage | Callable[[frozenset[str]], Stage],
    *,
    rounds: int,
    order: Sequence[int] | None = None,
    interval: float = 1.0,
    events: Sequence[Event] = (),
) -> FiniteHorizon:
    """Solve alternating offers with a last round by backward induction.

    In round t player order[t mod N] proposes; the proposal that maximises its value of the deal
    subject to every responder's max(o_j, wait_j) is made if waiting is worth no more to the
    proposer. Refusing in the last round gives d; before, a refusal gives
    (1 - delta) s + delta E (p d + (1 - p) V) with V the value of the next round. The recursion
    values the outcome to come and its date with the parameters of whoever decides now: a
    government before an election values a deal made after it with its own preferences, knowing
    that its successor will strike it. Deals and breakdowns before a `world` event are flows that
    the event revalues at its date; an outside option is a value.

    Parameters
    ----------
    stage : Stage or callable
        Table and talks; or a function from the set of names of past events to them. Tables must
        be of one kind with the same players and draws. Return the same table object where an
        event leaves payoffs of deals as they were.
    rounds : int
        1 to 1000.
    order : sequence of int, optional
        Proposers, repeated; default 0, 1, ..., N - 1.
    interval : float
        Time between two offers, in the unit of the events' dates.
    events : sequence of Event
        At most 6, with different names. After the last round they can only revalue what has been
        agreed, or has broken down.

    Returns
    -------
    FiniteHorizon

    Raises
    ------
    GameError
        If an argument is outside what is allowed.

    References
    ----------
    Ståhl (1972); Rubinstein (1982) is the limit of many rounds.
    """
    game = _read(stage, rounds, order, interval, events)
    ahead: dict[State, dict[State, FloatArray]] = {}
    warm: dict[tuple[int, State], Offer] = {}
    branches: list[Branch] = []
    converged = np.ones(game.n_draws, dtype=bool)
    for date in range(game.last, -1, -1):
        here: dict[State, dict[State, FloatArray]] = {}
        for state in game.states(date):
            branch, here[state], offer = _decide(game, date, state, ahead, warm)
            warm[branch.proposer, state] = offer
            converged &= offer.converged | ~offer.feasible
            branches.append(branch)
        ahead = here
    none = frozenset[str]()
    value = sum(p[:, None] * ahead[s][none] for s, p in game.moves(none, 0))
    return _walk(game, branches, np.asarray(value), converged)


def _read(
    stage: Stage | Callable[[frozenset[str]], Stage],
    rounds: int,
    order: Sequence[int] | None,
    interval: float,
    events: Sequence[Event],
) -> _Game:
    """Check the arguments and place the events in rounds."""
    last = whole("rounds", rounds, 1, _MAX_ROUNDS) - 1
    gap = float(within("interval", interval, 0.0, np.inf, open_low=True))
    names = [e.name for e in events]
    if len(events) > _MAX_EVENTS or len(set(names)) != len(names):
        raise GameError(f"events: up to {_MAX_EVENTS} with different names are allowed")
    dates = {e.name: ceil(e.date / gap - 1e-9) for e in events}
    if not isinstance(stage, Stage) and not callable(stage):
        raise GameError(f"stage: a Stage, or a function to one, is allowed, got {stage!r}")
    make = (lambda _: stage) if isinstance(stage, Stage) else stage
    game = _Game(make, tuple(events), dates, gap, last, ())
    table, _ = game.stage(frozenset())
    game.n_draws, game.n_players = table.n_draws, table.n_players
    game.order = tuple(range(table.n_players)) if order is None else tuple(order)
    if not game.order or not set(game.order) <= set(range(table.n_players)):
        raise GameError(f"order: players 0 to {table.n_players - 1} are allowed, got {order}")
    return game


def _decide(
    game: _Game,
    date: int,
    state: State,
    ahead: dict[State, dict[State, FloatArray]],
    warm: dict[tuple[int, State], Offer],
) -> tuple[Branch, dict[State, FloatArray], Offer]:
    """Solve one round after one set of events; value it for every earlier set of preferences."""
    tastes, world = game.of_kind(state, "preferences"), game.of_kind(state, "world")
    waits = {old: _wait(game, date, state, old, ahead) for old in _subsets(tastes)}
    clock = game.stage(state)[1]
    proposer = game.order[date % len(game.order)]
    floors = np.maximum(clock.outside, waits[tastes])
    leaving = clock.outside > waits[tastes]
    leaving[:, proposer] = False
    path = game.path(tastes, world, date)
    table = blend_tables([game.stage(s)[0] for s, _ in path], [w for _, w in path])
    offer = table.offer(proposer, floors.copy(), warm.get((proposer, state)))
    leaves = np.asarray(leaving.any(axis=1))
    refused = {old: _refused(game, old | world, waits[old], leaves) for old in waits}
    own = refused[tastes][:, proposer]
    size = 1e-12 * (1.0 + np.abs(own))
    deal = offer.feasible & (offer.payoffs[:, proposer] >= own - size)
    values = {}
    for old, otherwise in refused.items():
        worth = sum(
            weight * game.stage(s)[0].payoffs_of(offer.outcome)
            for s, weight in game.path(old, world, date)
        )
        values[old] = np.where(deal[:, None], worth, otherwise)
    branch = Branch(
        round=date,
        date=date * game.interval,
        events=state,
        proposer=proposer,
        probability=np.zeros(game.n_draws),
        agreement=deal,
        outcome=offer.outcome,
        payoffs=values[tastes],
        thresholds=floors,
    )
    return branch, values, offer


def _subsets(tastes: State) -> list[State]:
    """Return all preferences that somebody before or at this point may have."""
    names = sorted(tastes)
    return [frozenset(s) for n in range(len(names) + 1) for s in combinations(names, n)]


def _wait(
    game: _Game,
    date: int,
    state: State,
    old: State,
    ahead: dict[State, dict[State, FloatArray]],
) -> FloatArray:
    """Return the value of a refusal to somebody with the preferences `old`, (B, N)."""
    world = game.of_kind(state, "world")
    if date == game.last:
        return _broken(game, date, old, world)
    clock = game.stage(old | world)[1]
    p = clock.risk[:, None]
    later = np.zeros((game.n_draws, game.n_players))
    for after, chance in game.moves(state, date + 1):
        broken = _broken(game, date + 1, old, game.of_kind(after, "world"))
        later += chance[:, None] * (p * broken + (1.0 - p) * ahead[after][old])
    return np.asarray((1.0 - clock.discount) * clock.during + clock.discount * later)


def _broken(game: _Game, date: int, old: State, world: State) -> FloatArray:
    """Return the value of talks that have broken down, to somebody with the preferences `old`."""
    path = game.path(old, world, date)
    return np.asarray(sum(weight * game.stage(s)[1].breakdown for s, weight in path))


def _refused(game: _Game, state: State, wait: FloatArray, leaves: BoolArray) -> FloatArray:
    """Return what a refusal leads to: somebody's outside option, or waiting."""
    clock = game.stage(state)[1]
    fallback = np.where(np.isfinite(clock.outside), clock.outside, clock.breakdown)
    return np.where(leaves[:, None], fallback, wait)


def _walk(
    game: _Game, branches: list[Branch], value: FloatArray, converged: BoolArray
) -> FiniteHorizon:
    """Go forward in time with the probabilities of coming to each branch."""
    by_place = {(b.round, b.events): b for b in branches}
    chance: dict[tuple[int, State], FloatArray] = {}
    for state, p in game.moves(frozenset(), 0):
        chance[0, state] = p
    agreement, date = np.zeros(game.n_draws), np.zeros(game.n_draws)
    outcome = np.zeros_like(branches[0].outcome)
    ordered: list[Branch] = []
    for place in sorted(by_place, key=lambda key: (key[0], sorted(key[1]))):
        branch = by_place[place]
        p = chance.get(place, np.zeros(game.n_draws))
        done = np.where(branch.agreement, p, 0.0)
        agreement += done
        date += done * branch.date
        outcome += done[:, None] * branch.outcome
        clock = game.stage(branch.events)[1]
        left = np.where(_leaves(branch, clock), 0.0, (p - done) * (1.0 - clock.risk))
        if branch.round < game.last:
            for state, odds in game.moves(branch.events, branch.round + 1):
                key = branch.round + 1, state
                chance[key] = chance.get(key, np.zeros(game.n_draws)) + left * odds
        ordered.append(replace(branch, probability=p))
    some = np.where(agreement > 0.0, agreement, 1.0)
    return FiniteHorizon(
        payoffs=value,
        agreement=agreement,
        date=date / some,
        outcome=outcome / some[:, None],
        branches=tuple(ordered),
        converged=converged,
    )


def _leaves(branch: Branch, clock: Clock) -> BoolArray:
    """Say where a responder would take its outside option after the round's refusal."""
    at_option = (branch.thresholds <= clock.outside) & np.isfinite(clock.outside)
    at_option[:, branch.proposer] = False
    return np.asarray(at_option.any(axis=1) & ~branch.agreement)
