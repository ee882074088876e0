"""Derivative-free maximisation for many draws at once, where the objective can jump.

Compass search (Kolda–Lewis–Torczon 2003): poll both directions of every coordinate, move to the
best point that improves, halve the mesh where none does. The polls' second differences offer one
more candidate, the coordinatewise Newton step, which is taken only if it is better still.
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
    draws, n = start.shape
    width = upper - lower
    best = np.clip(start, lower, upper)
    value = score(best, np.arange(draws))
    step = np.full(draws, first)
    rows = np.arange(draws)
    directions = np.concatenate([np.eye(n), -np.eye(n)])
    for _ in range(iterations):
        if not len(rows):
            break
        h = step[rows][:, None, None] * width[rows][:, None, :]
        polls = np.clip(
            best[rows][:, None, :] + h * directions,
            lower[rows][:, None, :],
            upper[rows][:, None, :],
        )
        scores = score(polls.reshape(-1, n), np.repeat(rows, 2 * n)).reshape(len(rows), 2 * n)
        newton = _newton(best[rows], value[rows], polls, scores)
        newton = np.clip(newton, lower[rows], upper[rows])
        polls = np.concatenate([polls, newton[:, None, :]], axis=1)
        scores = np.concatenate([scores, score(newton, rows)[:, None]], axis=1)
        pick = scores.argmax(axis=1)
        top = scores[np.arange(len(rows)), pick]
        better = top > value[rows]
        best[rows[better]] = polls[better, pick[better]]
        value[rows[better]] = top[better]
        step[rows[~better]] *= 0.5
        rows = rows[step[rows] >= mesh]
    return Found(best, value, step)


def _newton(
    centre: FloatArray, value: FloatArray, polls: FloatArray, scores: FloatArray
) -> FloatArray:
    """Return the coordinatewise Newton point, `centre` where differences do not serve."""
    n = centre.shape[1]
    index = np.arange(n)
    up = polls[:, index, index] - centre
    down = centre - polls[:, n + index, index]
    ahead, back = scores[:, :n] - value[:, None], scores[:, n:] - value[:, None]
    even = (up > 0.0) & np.isclose(up, down)
    curved = even & (ahead + back < 0.0) & np.isfinite(ahead + back)
    slope, bend = ahead - back, ahead + back
    move = np.where(curved, -0.5 * up * slope / np.where(curved, bend, -1.0), 0.0)
    return np.asarray(centre + np.clip(move, -4.0 * up, 4.0 * up))
