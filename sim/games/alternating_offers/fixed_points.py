"""Fixed points of the maps from next round's payoffs to this round's offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.games._arrays import BoolArray, FloatArray, IntArray
from sim.games.alternating_offers.limits import nash_limit
from sim.games.alternating_offers.tables import Offer, Pie, Table
from sim.games.alternating_offers.talks import Clock

__all__ = ["Candidate", "close", "implied_floors", "rotation", "settle", "successor", "two_players"]

_SAME = 1e-6
_ROOT_STEPS = 80
_NEWTON_STEPS = 60
_FEW_STEPS = 12
_SHORTER = 4


@dataclass(slots=True)
class Candidate:
    """One fixed point of some draws, axes (b, proposer, ...)."""

    rows: IntArray
    payoffs: FloatArray
    outcome: FloatArray
    residual: FloatArray


def successor(turn: Sequence[int]) -> dict[int, int]:
    """Return who proposes after whom."""
    return {k: turn[(n + 1) % len(turn)] for n, k in enumerate(turn)}


def two_players(
    table: Table, clock: Clock, turn: Sequence[int], ideals: dict[int, Offer], scan: int
) -> list[Candidate]:
    """Find the zeros of F(a) - a, F the value of proposing when proposing is worth a next time."""
    low, high = clock.security[:, turn[0]], ideals[turn[0]].payoffs[:, turn[0]]
    if scan == 1:
        return [_bracketed(table, clock, turn, low, high, ideals)]
    grid = low + (high - low) * np.linspace(0.0, 1.0, scan + 1)[:, None]
    excess = np.empty_like(grid)
    offers = dict(ideals)
    for g, level in enumerate(grid):
        value, _, offers = _cycle(table, clock, turn, level, offers)
        excess[g] = value - level
    excess[0], excess[-1] = np.maximum(excess[0], 0.0), np.minimum(excess[-1], -1e-300)
    found = []
    for g in range(scan):
        rows = np.flatnonzero((excess[g] >= 0.0) != (excess[g + 1] >= 0.0))
        if len(rows):
            near = {k: offer.take(rows) for k, offer in ideals.items()}
            ends = grid[g, rows], grid[g + 1, rows]
            part = _bracketed(table.take(rows), clock.take(rows), turn, *ends, near)
            part.rows = rows
            found.append(part)
    return found


def _cycle(
    table: Table,
    clock: Clock,
    turn: Sequence[int],
    level: FloatArray,
    offers: dict[int, Offer],
) -> tuple[FloatArray, FloatArray, dict[int, Offer]]:
    """Return F(a), its derivative, and the two offers behind it."""
    first, second = turn
    value = np.zeros((len(level), 2))
    value[:, first] = level
    slope = np.ones(len(level))
    made: dict[int, Offer] = {}
    for proposer, responder in ((second, first), (first, second)):
        moves = clock.wait(value)[:, responder] > clock.outside[:, responder]
        offer = table.offer(proposer, clock.accept(value), offers.get(proposer))
        slope *= -offer.multipliers[:, responder] * np.where(moves, clock.slope[:, responder], 0.0)
        value = offer.payoffs
        made[proposer] = offer
    return value[:, first], slope, made


def _bracketed(
    table: Table,
    clock: Clock,
    turn: Sequence[int],
    low: FloatArray,
    high: FloatArray,
    offers: dict[int, Offer],
) -> Candidate:
    """Newton's method on F(a) - a, kept inside a bracket that shrinks at every step."""
    low, high = low.copy(), high.copy()
    value, slope, offers = _cycle(table, clock, turn, low, offers)
    rising = value < low
    level = 0.5 * (low + high)
    for _ in range(_ROOT_STEPS):
        value, slope, offers = _cycle(table, clock, turn, level, offers)
        excess = value - level
        left = (excess > 0.0) != rising
        low, high = np.where(left, level, low), np.where(left, high, level)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = level + excess / (1.0 - slope)
        inside = (newton > low) & (newton < high)
        step = np.where(inside, newton, 0.5 * (low + high)) - level
        small = np.abs(step) <= 1e-15 * (np.abs(level) + np.abs(high - low))
        level = np.where(excess == 0.0, level, level + step)
        if (small | (excess == 0.0)).all():
            break
    _, _, offers = _cycle(table, clock, turn, level, offers)
    start = np.full(len(level), np.inf)
    return Candidate(np.arange(len(level)), _stacked(offers), _outcomes(offers), start)


def rotation(
    table: Table, clock: Clock, turn: Sequence[int], ideals: dict[int, Offer]
) -> list[Candidate]:
    """Settle from the Nash point and each player's ideal (pies: unique); keep what is new.

    The ideals are tried for a few rounds only: they look for further equilibria, and where Newton's
    method does not find one at once it is on its way back to the first.
    """
    n = table.n_players
    found: list[Candidate] = []
    points = [nash_limit(table, clock.security, np.maximum(clock.weights, 1e-3))]
    if not isinstance(table, Pie):
        points += [ideals[favourite].payoffs for favourite in range(n)]
    for point in points:
        start = np.repeat(point[:, None, :], n, axis=1)
        rounds = _FEW_STEPS if found else _NEWTON_STEPS
        payoffs, outcome, new = settle(table, clock, turn, start, ideals, rounds=rounds)
        new |= not found
        for earlier in found:
            new[earlier.rows] &= ~close(payoffs[earlier.rows], earlier.payoffs)
        rows = np.flatnonzero(new)
        if len(rows):
            unknown = np.full(len(rows), np.inf)
            found.append(Candidate(rows, payoffs[rows], outcome[rows], unknown))
    return found


def close(one: FloatArray, other: FloatArray) -> BoolArray:
    """Say where two lists of payoffs (b, N, N) are the same equilibrium."""
    size = 1.0 + np.abs(one).max(axis=(1, 2))
    return np.asarray(np.abs(one - other).max(axis=(1, 2)) <= _SAME * size)


def settle(
    table: Table,
    clock: Clock,
    turn: Sequence[int],
    start: FloatArray,
    near: dict[int, Offer],
    *,
    rounds: int = 60,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Solve for the thresholds c = G(c), by Newton steps that a plain round replaces if worse.

    Returns payoffs and outcomes by proposer, and whether the thresholds came to rest.
    """
    floors = implied_floors(clock, turn, start)
    offers = _proposals(table, floors, near)
    payoffs, outcome = _stacked(offers), _outcomes(offers)
    miss = _miss(implied_floors(clock, turn, payoffs), floors)
    live = np.arange(table.n_draws)
    resting = np.zeros(table.n_draws, dtype=bool)
    for _ in range(rounds):
        implied = implied_floors(clock, turn, payoffs[live])
        offers, floors, new = _newton_round(table, clock, turn, offers, implied, floors, miss)
        payoffs[live], outcome[live] = _stacked(offers), _outcomes(offers)
        size = 1.0 + np.abs(floors).max(axis=(1, 2))
        # a step from below 1e-12 ends at rounding error, as the convergence is quadratic
        going = (miss > 1e-12 * size) & (new > 0.0)
        resting[live[~going]] = True
        live, miss, floors = live[going], new[going], floors[going]
        if not len(live):
            break
        if not going.all():
            keep = np.flatnonzero(going)
            table, clock = table.take(keep), clock.take(keep)
            offers = {k: offer.take(keep) for k, offer in offers.items()}
    return payoffs, outcome, resting


def _newton_round(
    table: Table,
    clock: Clock,
    turn: Sequence[int],
    offers: dict[int, Offer],
    implied: FloatArray,
    floors: FloatArray,
    miss: FloatArray,
) -> tuple[dict[int, Offer], FloatArray, FloatArray]:
    """Return offers, floors and misfit after a Newton step, shortened until it helps.

    Where no step helps, the floors that the present offers imply are taken: a plain round.
    """
    step = _newton_step(clock, turn, offers, implied, floors) - floors
    size = np.ones(len(floors))
    for _ in range(_SHORTER):
        trial = np.maximum(floors + size[:, None, None] * step, clock.security[:, None, :])
        made = _proposals(table, trial, offers)
        feasible = np.logical_and.reduce([o.feasible for o in made.values()])
        new = _miss(implied_floors(clock, turn, _stacked(made)), trial)
        good = feasible & (new < miss)
        if good.all():
            return made, trial, new
        size = np.where(good, size, 0.3 * size)
    trial = np.where(good[:, None, None], trial, implied)
    made = _proposals(table, trial, offers)
    return made, trial, _miss(implied_floors(clock, turn, _stacked(made)), trial)


def _proposals(table: Table, floors: FloatArray, before: dict[int, Offer]) -> dict[int, Offer]:
    """Return everybody's best offer at the floors (B, proposer, N)."""
    return {k: table.offer(k, floors[:, k].copy(), before.get(k)) for k in range(floors.shape[1])}


def _stacked(offers: dict[int, Offer]) -> FloatArray:
    """Return payoffs (B, proposer, N)."""
    return np.stack([offers[k].payoffs for k in sorted(offers)], axis=1)


def _outcomes(offers: dict[int, Offer]) -> FloatArray:
    """Return outcomes (B, proposer, K)."""
    return np.stack([offers[k].outcome for k in sorted(offers)], axis=1)


def implied_floors(clock: Clock, turn: Sequence[int], payoffs: FloatArray) -> FloatArray:
    """Return thresholds (B, proposer, N) implied by the next proposers' payoffs."""
    floors = np.empty_like(payoffs)
    for k, following in successor(turn).items():
        floors[:, k] = clock.accept(payoffs[:, following])
    return floors


def _miss(implied: FloatArray, floors: FloatArray) -> FloatArray:
    """Return the largest |G(c) - c| over the responders of each draw."""
    others = ~np.eye(floors.shape[1], dtype=bool)
    return np.asarray(np.abs(implied - floors)[:, others].max(axis=1))


def _newton_step(
    clock: Clock,
    turn: Sequence[int],
    offers: dict[int, Offer],
    implied: FloatArray,
    floors: FloatArray,
) -> FloatArray:
    """Return c + (I - G')^-1 (G(c) - c), with dV_k/dc_l = -lambda_l and dV_j/dc_j = 1 if bound."""
    b, n, _ = floors.shape
    jacobian = np.zeros((b, n, n, n, n))
    free = implied > clock.outside[:, None, :]
    for k, following in successor(turn).items():
        bound = offers[following].multipliers > 0.0
        for j in range(n):
            if j == k:
                continue
            speed = clock.slope[:, j] * free[:, k, j]
            if j == following:
                jacobian[:, k, j, following] = -speed[:, None] * offers[following].multipliers
            else:
                jacobian[:, k, j, following, j] = speed * bound[:, j]
    system = np.eye(n * n) - jacobian.reshape(b, n * n, n * n)
    gap = (implied - floors).reshape(b, n * n, 1)
    step = np.linalg.solve(system, gap).reshape(b, n, n)
    return np.asarray(floors + step)
