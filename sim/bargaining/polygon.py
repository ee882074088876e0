"""The Pareto frontier of a two-player set with straight edges, and the points on it.

A frontier is a chain of vertices from the best point for player 2 to the best point for
player 1; all draws at once, chains padded with their last vertex. Everything is exact up to
rounding: a solution is found on one edge in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.bargaining.problem import BoolArray, FloatArray

__all__ = [
    "Chain",
    "across",
    "egalitarian_point",
    "kalai_smorodinsky_point",
    "locate",
    "nash_point",
    "pareto_chain",
    "rational_part",
    "undominated",
    "utilitarian_point",
]

IntArray = np.ndarray[tuple[int, ...], np.dtype[np.intp]]
COLLINEAR = 1e-13
"""Two slopes closer than this share of their size are one."""
HALF_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Chain:
    """Vertices of a Pareto frontier, u₁ rising and u₂ falling.

    Parameters
    ----------
    points : ndarray, shape (B, H, 2)
        H ≥ 2; shorter chains repeat their last vertex.
    alternatives : ndarray of int, shape (B, H)
        Which alternative each vertex is.
    """

    points: FloatArray
    alternatives: IntArray


def pareto_chain(points: FloatArray) -> Chain:
    """Return the efficient vertices of the convex hull of points.

    Of the undominated points, in order, those below the line between their neighbours drop
    out, every other one at a time and in all draws at once; where this takes many rounds
    Andrew's scan ends it. Only slopes are compared, so that neither player's unit matters.

    Parameters
    ----------
    points : ndarray, shape (B, M, 2)

    Returns
    -------
    Chain

    References
    ----------
    Andrew (1979), Another efficient algorithm for convex hulls in two dimensions, Information
    Processing Letters 9:216-219.
    """
    index = undominated(points)
    chain = np.take_along_axis(points, index[..., None], axis=1)
    # Padding repeats the last point; u₁ tells where it begins.
    count = 1 + (np.diff(chain[..., 0], axis=1) > 0).sum(axis=1)
    idle = 0
    for half in range(HALF_ROUNDS):
        inner = np.arange(1, index.shape[1] - 1)
        drop = np.zeros(index.shape, dtype=bool)
        drop[:, 1:-1] = _below(chain[:, :-2], chain[:, 1:-1], chain[:, 2:])
        drop[:, 1:-1] &= (inner < count[:, None] - 1) & (inner % 2 == half % 2)
        idle = 0 if drop.any() else idle + 1
        if idle == 2:
            break
        if idle == 0:
            index, count = _kept(index, ~drop & (np.arange(index.shape[1]) < count[:, None]))
            chain = np.take_along_axis(points, index[..., None], axis=1)
    else:
        index = _scanned(points, index, count)
    if index.shape[1] == 1:
        index = np.repeat(index, 2, axis=1)
    return Chain(np.take_along_axis(points, index[..., None], axis=1), index)


def _below(left: FloatArray, middle: FloatArray, right: FloatArray) -> BoolArray:
    """Return whether the middle points lie on or below the lines between the others."""
    to_middle, to_right = middle - left, right - left
    return to_middle[..., 1] * to_right[..., 0] <= to_right[..., 1] * to_middle[..., 0] * (
        1.0 - COLLINEAR
    )


def _kept(index: IntArray, kept: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the indices that are kept, padded with the last one, and their number."""
    count = kept.sum(axis=1)
    place = np.cumsum(kept, axis=1) - 1
    row, column = np.nonzero(kept)
    last = index[np.arange(len(index)), kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)]
    shorter = np.repeat(last[:, None], int(count.max()), axis=1)
    shorter[row, place[row, column]] = index[row, column]
    return shorter, count


def _scanned(points: FloatArray, index: IntArray, count: IntArray) -> IntArray:
    """Finish the chains one by one, in one pass over each."""
    kept = np.zeros(index.shape, dtype=bool)
    for row, n in enumerate(count):
        own = points[row, index[row, :n]]
        stack: list[int] = []
        for k in range(n):
            while len(stack) > 1 and _below(own[stack[-2]], own[stack[-1]], own[k]):
                stack.pop()
            stack.append(k)
        kept[row, stack] = True
    return _kept(index, kept)[0]


def undominated(points: FloatArray) -> IntArray:
    """Return the indices of the undominated points, u₁ rising, padded with the last one."""
    order = np.lexsort((-points[..., 1], -points[..., 0]), axis=-1)
    u2 = np.take_along_axis(points[..., 1], order, axis=1)
    before = np.maximum.accumulate(u2, axis=1)
    kept = np.ones(u2.shape, dtype=bool)
    kept[:, 1:] = u2[:, 1:] > before[:, :-1]
    most = int(kept.sum(axis=1).max())
    # Kept ones first, in reverse: the last one kept is the best for player 2.
    rank = np.where(kept, -np.arange(u2.shape[1]), 1)
    place = np.argsort(rank, axis=1, kind="stable")[:, :most]
    valid = np.take_along_axis(kept, place, axis=1)
    place = np.where(valid, place, 0)
    return np.take_along_axis(order, place, axis=1)


def rational_part(points: FloatArray) -> FloatArray:
    """Return the part of a chain with both gains ≥ 0; it must pass through a point > 0.

    Parameters
    ----------
    points : ndarray, shape (B, H, 2)
        Gains.

    Returns
    -------
    ndarray, shape (B, H, 2)
        Vertices outside are moved to where the chain crosses the axis.
    """
    left = _cut(points, coordinate=0)
    return _cut(left[:, ::-1], coordinate=1)[:, ::-1]


def _cut(points: FloatArray, *, coordinate: int) -> FloatArray:
    """Move the leading vertices with a negative coordinate to where it is 0."""
    rows = np.arange(points.shape[0])
    value = points[..., coordinate]
    n_out = (value < 0).sum(axis=1)
    inside = np.minimum(n_out, points.shape[1] - 1)
    outside = np.maximum(inside - 1, 0)
    a, b = value[rows, outside], value[rows, inside]
    share = np.where(n_out > 0, -a / np.where(b > a, b - a, 1.0), 0.0)
    crossing = points[rows, outside] + share[:, None] * (
        points[rows, inside] - points[rows, outside]
    )
    crossing[:, coordinate] = 0.0
    moved = np.arange(points.shape[1]) < n_out[:, None]
    return np.where(moved[..., None], crossing[:, None, :], points)


def _edges(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return start and direction of every edge, shape (B, H−1, 2)."""
    return points[:, :-1], np.diff(points, axis=1)


def _on_edges(points: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each edge's Nash point and its Σ w_i log g_i, shapes (B, H−1, 2), (B, H−1)."""
    start, step = _edges(points)
    w1, w2 = weights[:, None, 0], weights[:, None, 1]
    bend = (w1 + w2) * step[..., 0] * step[..., 1]
    # w₁ Δ₁/(g₁ + tΔ₁) + w₂ Δ₂/(g₂ + tΔ₂) = 0
    slope = w1 * step[..., 0] * start[..., 1] + w2 * step[..., 1] * start[..., 0]
    share = np.clip(-slope / np.where(bend != 0, bend, -1.0), 0.0, 1.0)
    gains = start + share[..., None] * step
    gains = np.where((share == 1.0)[..., None], points[:, 1:], gains)
    with np.errstate(divide="ignore"):
        logs = np.where(weights[:, None] > 0, np.log(gains), 0.0)
        score = np.where(
            np.all((gains > 0) | (weights[:, None] == 0), axis=2),
            np.einsum("bhn,bn->bh", np.where(np.isfinite(logs), logs, 0.0), weights),
            -np.inf,
        )
    return gains, score


def nash_point(points: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the point of a rational chain with the largest Σ w_i log g_i, shape (B, 2)."""
    gains, score = _on_edges(points, weights)
    best: FloatArray = gains[np.arange(len(points)), score.argmax(axis=1)]
    return best


def utilitarian_point(points: FloatArray, weights: FloatArray, *, tie: float) -> FloatArray:
    """Return the point with the largest Σ w_i g_i, of several the Nash point, shape (B, 2).

    `tie` is the share of the largest sum within which edges are level.
    """
    nash, score = _on_edges(points, weights)
    total = np.einsum("bhn,bn->bh", points, weights)
    top = total.max(axis=1, keepdims=True)
    tied = total >= top - tie * np.abs(top)
    level = tied[:, :-1] & tied[:, 1:]
    first = tied.argmax(axis=1)
    rows = np.arange(len(points))
    edge = np.where(level, np.maximum(score, -1e300), -np.inf).argmax(axis=1)
    several = np.any(level, axis=1)[:, None]
    best: FloatArray = np.where(several, nash[rows, edge], points[rows, first])
    return best


def ray_point(points: FloatArray, direction: FloatArray) -> FloatArray:
    """Return where a ray from 0 meets the chain, or the nearer end if it passes outside.

    The end is the leximin choice: there one player's gain cannot be raised to its share.
    """
    rows = np.arange(len(points))
    side = points[..., 1] * direction[:, None, 0] - points[..., 0] * direction[:, None, 1]
    left = np.clip((side > 0).sum(axis=1) - 1, 0, points.shape[1] - 2)
    a, b = side[rows, left], side[rows, left + 1]
    share = np.clip(a / np.where(a != b, a - b, 1.0), 0.0, 1.0)[:, None]
    meeting: FloatArray = (1.0 - share) * points[rows, left] + share * points[rows, left + 1]
    return meeting


def ideal_point(points: FloatArray) -> FloatArray:
    """Return the largest gain of each player on a rational chain, shape (B, 2)."""
    return np.stack([points[:, -1, 0], points[:, 0, 1]], axis=1)


def kalai_smorodinsky_point(points: FloatArray) -> FloatArray:
    """Return where the ray to the ideal point meets a rational chain, shape (B, 2)."""
    return ray_point(points, ideal_point(points))


def egalitarian_point(points: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the leximin point of g_i / w_i on a rational chain, shape (B, 2)."""
    return ray_point(points, weights)


def across(points: FloatArray, at: FloatArray, *, player: int) -> FloatArray:
    """Return the most that the other player can have when `player` has `at`, shape (B,).

    Parameters
    ----------
    points : ndarray, shape (B, H, 2)
        A chain, u₁ rising; beyond its ends there is free disposal.
    at : ndarray, shape (B,)
        No more than the player's largest gain on the chain.
    player : int
        0 or 1.
    """
    rows = np.arange(len(points))
    line = points if player == 0 else points[:, ::-1]
    own, other = line[..., player], line[..., 1 - player]
    left = np.clip((own <= at[:, None]).sum(axis=1) - 1, 0, line.shape[1] - 2)
    run = own[rows, left + 1] - own[rows, left]
    share = np.clip((at - own[rows, left]) / np.where(run > 0, run, 1.0), 0.0, 1.0)
    height: FloatArray = (1.0 - share) * other[rows, left] + share * other[rows, left + 1]
    return height


def locate(chain: Chain, gains: FloatArray, n_alternatives: int) -> FloatArray:
    """Return the lottery over alternatives whose expected gains are a point of the chain.

    Parameters
    ----------
    chain : Chain
        In gains, before the rational part was cut out.
    gains : ndarray, shape (B, 2)
        Points on it.
    n_alternatives : int
        M.

    Returns
    -------
    ndarray, shape (B, M)
        At most two alternatives have a positive probability.
    """
    rows = np.arange(len(gains))
    u1 = chain.points[..., 0]
    left = np.clip((u1 <= gains[:, None, 0]).sum(axis=1) - 1, 0, u1.shape[1] - 2)
    # A padded tail repeats the last vertex: step back to the edge that ends there.
    last = u1.argmax(axis=1)
    left = np.where(left >= last, np.maximum(last - 1, 0), left)
    start, end = chain.points[rows, left], chain.points[rows, left + 1]
    step = end - start
    length = np.where(step != 0, np.abs(step), 1.0)
    # Each coordinate in the unit of its own edge, so that neither player's scale matters.
    share = ((gains - start) / length * np.sign(step)).sum(axis=1)
    share = np.clip(share / np.maximum((step != 0).sum(axis=1), 1), 0.0, 1.0)
    lottery = np.zeros((len(gains), n_alternatives))
    np.add.at(lottery, (rows, chain.alternatives[rows, left]), 1.0 - share)
    np.add.at(lottery, (rows, chain.alternatives[rows, left + 1]), share)
    return lottery


def has_mutual_gain(points: FloatArray, tolerance: FloatArray) -> BoolArray:
    """Return whether a chain passes through a point with both gains above the tolerance."""
    centre = ray_point(points - tolerance[:, None], np.where(tolerance > 0, tolerance, 1.0))
    positive: BoolArray = np.all(centre > 0, axis=1)
    return positive
