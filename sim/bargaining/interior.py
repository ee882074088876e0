"""The Nash product over lotteries, for any number of players: an interior-point method.

The answer carries its duality gap, computed from the lottery itself: the certificate does
not trust the iteration that found the lottery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.bargaining.problem import BoolArray, FloatArray

__all__ = ["max_log"]

ITERATIONS = 60
CAREFUL = 200
PATIENCE = 10
"""Steps without a smaller gap after which a draw is done."""
SOLVED = 1e-13
"""It is also done when the gap, relative to the sum of the weights, is below this."""
HARD = 1e-10
"""A larger gap is worth a second, more careful run."""
ZERO = 1e-9
"""A pinned gain, on the scale [−1, 1], within it is 0."""


@dataclass(frozen=True, slots=True)
class _Programme:
    """Gains (B, M, N), weights (B, N), who counts, who is pinned to 0, what is allowed."""

    values: FloatArray
    weight: FloatArray
    live: BoolArray
    pinned: BoolArray
    allowed: BoolArray

    def gain(self, lottery: FloatArray) -> FloatArray:
        """Return the players' expected gains, shape (B, N)."""
        gain: FloatArray = np.einsum("bmn,bm->bn", self.values, lottery)
        return gain

    def worth(self, price: FloatArray) -> FloatArray:
        """Return what every alternative is worth at prices, shape (B, M)."""
        worth: FloatArray = np.einsum("bmn,bn->bm", self.values, price)
        return worth


@dataclass(frozen=True, slots=True)
class _Iterate:
    """Lottery λ and its slack s, gains g and their prices y, and the level ν."""

    lottery: FloatArray
    slack: FloatArray
    gain: FloatArray
    price: FloatArray
    level: FloatArray


def max_log(
    gains: FloatArray,
    weights: FloatArray,
    *,
    pinned: BoolArray | None = None,
    allowed: BoolArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Maximise Σ w_i log Σ_a λ_a g_ai over lotteries λ, all draws at once.

    A primal-dual interior-point method on the optimality conditions of Eisenberg and Gale:
    with prices y_i = w_i / g_i no alternative is worth more than the level,
    Σ_i y_i g_ai + s_a = ν, s_a ≥ 0, λ_a s_a = 0. One step solves a system of size N + 1,
    whatever the number of alternatives.

    Parameters
    ----------
    gains : ndarray, shape (B, M, N)
        In [−1, 1]; some lottery must give every player with a weight a gain.
    weights : ndarray, shape (B, N)
        Players with weight 0 play no part.
    pinned : ndarray of bool, shape (B, N), optional
        Players without weight whose gain must be 0.
    allowed : ndarray of bool, shape (B, M), optional
        Alternatives that may have a positive probability; all by default.

    Returns
    -------
    lottery : ndarray, shape (B, M)
    gap : ndarray, shape (B,)
        max_a Σ_i y_i g_ai / Σ w_i − 1 at y_i = w_i / g_i: no lottery's Σ w_i log g_i, over
        Σ w_i, is higher by more than this.

    References
    ----------
    Eisenberg & Gale (1959), Consensus of subjective probabilities, Annals of Mathematical
    Statistics 30:165-168. Ye (2008), A path to the Arrow–Debreu competitive market
    equilibrium, Mathematical Programming 111:315-348.
    """
    weight = weights / weights.sum(axis=1, keepdims=True)
    live = weight > 0
    held = np.zeros(weight.shape, bool) if pinned is None else pinned
    part = np.ones(gains.shape[:2], bool) if allowed is None else allowed
    keep = (live | held)[:, None, :] & part[:, :, None]
    problem = _Programme(np.where(keep, gains, 0.0), weight, live, held, part)
    lottery, gap = _iterate(problem, careful=False)
    hard = np.flatnonzero(gap > HARD)
    if len(hard):
        # Gains near 1 where they were small, and short steps along the central path.
        found = problem.gain(lottery)[hard]
        unit = np.where(live[hard] & (found > 0), found, 1.0)
        again = _Programme(
            problem.values[hard] / unit[:, None], weight[hard], live[hard], held[hard], part[hard]
        )
        second, second_gap = _iterate(again, careful=True)
        better = second_gap < gap[hard]
        lottery[hard] = np.where(better[:, None], second, lottery[hard])
        gap[hard] = np.where(better, second_gap, gap[hard])
    return lottery, np.maximum(gap, 0.0)


def _iterate(problem: _Programme, *, careful: bool) -> tuple[FloatArray, FloatArray]:
    """Return the best lottery on the way and its gap, for every draw."""
    at = _start(problem)
    best, gap = at.lottery, _gap(problem, at)
    idle = np.zeros(len(gap), dtype=np.intp)
    done = gap <= SOLVED
    for _ in range(CAREFUL if careful else ITERATIONS):
        if done.all():
            break
        at = _step(problem, at, careful=careful)
        now = _gap(problem, at)
        # Who is done keeps its lottery: no draw depends on how long the others take.
        better = (now < gap) & ~done
        best = np.where(better[:, None], at.lottery, best)
        gap = np.where(better, now, gap)
        idle = np.where(better, 0, idle + 1)
        done |= (idle >= PATIENCE) | (gap <= SOLVED)
    return best / best.sum(axis=1, keepdims=True), gap


def _start(problem: _Programme) -> _Iterate:
    """Return an interior point: uniform lottery, prices of gains that are at least 0.1."""
    lottery = problem.allowed / problem.allowed.sum(axis=1, keepdims=True)
    gain = np.maximum(problem.gain(lottery), 0.1)
    price = problem.weight / gain
    worth = problem.worth(price)
    level = worth.max(axis=1) + 1.0
    return _Iterate(lottery, level[:, None] - worth, gain, price, level)


def _gap(problem: _Programme, at: _Iterate) -> FloatArray:
    """Return the duality gap at the lottery itself, infinite where a gain is not positive."""
    gain = problem.gain(at.lottery / at.lottery.sum(axis=1, keepdims=True))
    live, pinned = problem.live, problem.pinned
    good = np.all(((gain > 0) | ~live) & ((np.abs(gain) < ZERO) | ~pinned), axis=1)
    price = np.where(live, problem.weight / np.where(gain > 0, gain, 1.0), at.price * pinned)
    worth = np.where(problem.allowed, problem.worth(price), -np.inf)
    return np.where(good, worth.max(axis=1) - 1.0, np.inf)


def _step(problem: _Programme, at: _Iterate, *, careful: bool) -> _Iterate:
    """Take one predictor-corrector step, the same length in every variable of a draw.

    A careful step aims at a third of the mean product instead of predicting.
    """
    part = problem.allowed
    size = part.sum(axis=1)
    ratio = np.where(part, at.lottery / at.slack, 0.0)
    matrix = _normal_matrix(problem, at, ratio)
    products = at.lottery * at.slack * part
    mean = products.sum(axis=1) / size
    ahead = _direction(problem, at, matrix, -products)
    reach = _reach(problem, at, ahead)[:, None]
    after = (at.lottery + reach * ahead.lottery) * (at.slack + reach * ahead.slack) * part
    centring = (after.sum(axis=1) / size / np.maximum(mean, 1e-300)) ** 3 * mean
    target = (centring[:, None] - products - ahead.lottery * ahead.slack) * part
    if careful:
        target = (mean[:, None] / 3.0 - products) * part
    move = _direction(problem, at, matrix, target)
    length = np.minimum(0.99 * _reach(problem, at, move), 1.0)
    length = np.where(np.isfinite(length), length, 0.0)
    across = length[:, None]
    return _Iterate(
        np.where(part, at.lottery + across * move.lottery, 0.0),
        np.where(part, at.slack + across * move.slack, 1.0),
        at.gain + across * move.gain,
        at.price + across * move.price,
        at.level + length * move.level,
    )


def _normal_matrix(problem: _Programme, at: _Iterate, ratio: FloatArray) -> FloatArray:
    """Return the symmetric system for prices and level, shape (B, N + 1, N + 1)."""
    values, live = problem.values, problem.live
    scaled = values * ratio[..., None]
    n_draws, _, n_players = values.shape
    matrix = np.empty((n_draws, n_players + 1, n_players + 1))
    matrix[:, :-1, :-1] = np.matmul(values.transpose(0, 2, 1), scaled)
    own = np.where(live, at.gain / np.where(live, at.price, 1.0), 1.0)
    index = np.arange(n_players)
    matrix[:, index, index] += np.where(problem.pinned, 0.0, own)
    matrix[:, :-1, -1] = matrix[:, -1, :-1] = -scaled.sum(axis=1)
    matrix[:, -1, -1] = ratio.sum(axis=1)
    return matrix


def _direction(
    problem: _Programme, at: _Iterate, matrix: FloatArray, target: FloatArray
) -> _Iterate:
    """Return the Newton direction that moves the products λ_a s_a by `target`."""
    live = problem.live
    price = np.where(live, at.price, 1.0)
    ratio = np.where(problem.allowed, at.lottery / at.slack, 0.0)
    miss = at.level[:, None] - problem.worth(at.price) - at.slack
    push = np.where(problem.allowed, target / at.slack, 0.0)
    fresh = at.lottery + push - ratio * miss
    right = np.empty(matrix.shape[:2])
    right[:, :-1] = np.where(live, problem.weight / price, 0.0) - problem.gain(fresh)
    right[:, -1] = fresh.sum(axis=1) - 1.0
    solved = _solve(matrix, right)
    d_price, d_level = solved[:, :-1], solved[:, -1]
    d_slack = d_level[:, None] - problem.worth(d_price) + miss
    d_gain = np.where(live, problem.weight / price - at.gain - at.gain / price * d_price, 0.0)
    return _Iterate(push - ratio * d_slack, d_slack, d_gain, d_price, d_level)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve the symmetric systems after scaling them, with a last-digit ridge."""
    diagonal = np.abs(np.diagonal(matrix, axis1=1, axis2=2))
    root = 1.0 / np.sqrt(np.maximum(diagonal, 1e-300))
    scaled = matrix * root[:, :, None] * root[:, None, :]
    index = np.arange(matrix.shape[1])
    scaled[:, index, index] += 1e-15
    solution: FloatArray = np.linalg.solve(scaled, (right * root)[..., None])[..., 0] * root
    return solution


def _reach(problem: _Programme, at: _Iterate, move: _Iterate) -> FloatArray:
    """Return the longest step that keeps every positive variable at or above 0, shape (B,)."""
    limit = np.full(len(at.level), 1.0 / 0.99)
    for value, change, mask in (
        (at.lottery, move.lottery, problem.allowed),
        (at.slack, move.slack, problem.allowed),
        (at.gain, move.gain, problem.live),
        (at.price, move.price, problem.live),
    ):
        shrinking = mask & (change < 0)
        bound = np.where(shrinking, -value / np.where(shrinking, change, -1.0), np.inf)
        limit = np.minimum(limit, bound.min(axis=1))
    return limit
