"""Derivative-free maximisation for many draws at once, where the objective can jump.

Compass search (Kolda–Lewis–Torczon 2003): poll both directions of every coordinate, move to the
best point that improves, shrink the mesh where none does; at the end no poll at the final mesh is
better. The polls are also central differences: from them comes a quasi-Newton (BFGS) direction that
offers a few more candidates, taken only if one is better still: smooth stretches go quickly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Found", "compass_search"]

FloatArray = NDArray[np.float64]
Score = Callable[[FloatArray, NDArray[np.intp]], FloatArray]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search ended.

    Parameters
    ----------
    point : (B, K) array
    score : (B,) array
    mesh : (B,) array
        The final mesh, a share of the box: no poll at this distance is better.
    """

    point: FloatArray
    score: FloatArray
    mesh: FloatArray


def compass_search(
    score: Score,
    start: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    *,
    mesh: float = 1e-6,
    first: float = 0.25,
    iterations: int = 400,
) -> Found:
    """Maximise `score` over a box, draw by draw.

    Parameters
    ----------
    score : callable
        `(points (M, K), rows (M,)) -> (M,)`; row r of the points belongs to draw `rows[r]`.
    start, lower, upper : (B, K) arrays
    mesh : float
        Stop when no poll at this share of the box is better.
    first : float
        The first mesh.
    iterations : int
        Bound on the number of polls; the mesh reached is reported.

    Returns
    -------
    Found
    """
    width = upper - lower
    spread = np.where(width > 0.0, width, 1.0)
    walk = _Walk.begin((np.clip(start, lower, upper) - lower) / spread, first)
    free = width > 0.0

    def unit_score(z: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        return score(lower[rows] + np.where(free[rows], z, 0.0) * width[rows], rows)

    walk.value = unit_score(walk.point, np.arange(len(start)))
    rows = np.arange(len(start))
    for _ in range(iterations):
        if not len(rows):
            break
        _advance(walk, unit_score, rows)
        rows = rows[walk.mesh[rows] >= mesh]
    return Found(lower + np.where(free, walk.point, 0.0) * width, walk.value, walk.mesh)


@dataclass
class _Walk:
    """Where the search of every draw stands, in the unit box."""

    point: FloatArray
    value: FloatArray
    mesh: FloatArray
    curvature: FloatArray  # inverse Hessian of −score, (B, K, K)
    last_point: FloatArray
    last_gradient: FloatArray

    @classmethod
    def begin(cls, point: FloatArray, first: float) -> _Walk:
        """Start at `point`, without any curvature."""
        draws, n = point.shape
        nowhere = np.full((draws, n), np.nan)
        identity = np.broadcast_to(np.eye(n), (draws, n, n)).copy()
        mesh = np.full(draws, first)
        return cls(point, np.zeros(draws), mesh, identity, nowhere, nowhere.copy())


_LENGTHS = np.array([2.0, 1.0, 0.5, 0.2, 0.05])


def _advance(walk: _Walk, score: Score, rows: NDArray[np.intp]) -> None:
    """Poll, try the quasi-Newton candidates, and move to the best."""
    z, value, h = walk.point[rows], walk.value[rows], walk.mesh[rows]
    m, n = z.shape
    directions = np.concatenate([np.eye(n), -np.eye(n)])
    polls = np.clip(z[:, None, :] + h[:, None, None] * directions, 0.0, 1.0)
    scores = score(polls.reshape(-1, n), np.repeat(rows, 2 * n)).reshape(m, 2 * n)
    direction = _quasi_newton(walk, rows, polls, scores)
    tries = np.clip(z[:, None, :] + _LENGTHS[:, None] * direction[:, None, :], 0.0, 1.0)
    tried = score(tries.reshape(-1, n), np.repeat(rows, len(_LENGTHS))).reshape(m, -1)
    every = np.concatenate([polls, tries], axis=1)
    found = np.concatenate([scores, tried], axis=1)
    pick = found.argmax(axis=1)
    top, there = found[np.arange(m), pick], every[np.arange(m), pick]
    better = top > value
    far = np.abs(there - z).max(axis=1) >= 0.99 * h
    walk.point[rows[better]] = there[better]
    walk.value[rows[better]] = top[better]
    walk.mesh[rows[~(better & far)]] *= 0.25


def _quasi_newton(
    walk: _Walk, rows: NDArray[np.intp], polls: FloatArray, scores: FloatArray
) -> FloatArray:
    """Return the BFGS direction (B, K), 0 along coordinates that point out of the box."""
    z, n = walk.point[rows], walk.point.shape[1]
    index = np.arange(n)
    span = polls[:, index, index] - polls[:, n + index, index]
    rise = scores[:, :n] - scores[:, n:]
    usable = (span > 0.0) & (np.abs(rise) < _JUMP)
    gradient = np.where(usable, rise / np.where(span > 0.0, span, 1.0), 0.0)
    s = z - walk.last_point[rows]
    y = walk.last_gradient[rows] - gradient  # of −score
    bent = np.einsum("bi,bi->b", s, y)
    update = np.isfinite(bent) & (bent > 1e-12)
    walk.curvature[rows[update]] = _bfgs(
        walk.curvature[rows[update]], s[update], y[update], bent[update]
    )
    walk.last_point[rows], walk.last_gradient[rows] = z, gradient
    held = ((z <= 0.0) & (gradient < 0.0)) | ((z >= 1.0) & (gradient > 0.0))
    pull = np.where(held, 0.0, gradient)
    direction = np.where(held, 0.0, np.einsum("bij,bj->bi", walk.curvature[rows], pull))
    size = np.abs(direction).max(axis=1, keepdims=True)
    return np.asarray(direction / np.maximum(1.0, 2.0 * size))


_JUMP = 1e6  # a difference of scores beyond any payoff: one side is no deal


def _bfgs(inverse: FloatArray, s: FloatArray, y: FloatArray, bent: FloatArray) -> FloatArray:
    """Return the BFGS update of inverse Hessians (M, K, K); Nocedal–Wright (2006), eq. 6.17."""
    rho = 1.0 / bent
    left = np.eye(s.shape[1]) - rho[:, None, None] * s[:, :, None] * y[:, None, :]
    middle = np.einsum("bij,bjk,blk->bil", left, inverse, left)
    return np.asarray(middle + rho[:, None, None] * s[:, :, None] * s[:, None, :])
