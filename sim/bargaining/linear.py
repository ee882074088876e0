"""Linear programmes over lotteries, one draw at a time.

Every answer carries its weak-duality gap, computed from the lottery itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.bargaining.problem import FloatArray

__all__ = ["BINDING", "LinearAnswer", "ideal_gains", "leximin", "max_sum"]

BINDING = 1e-9
"""Multipliers above it, on scaled gains, belong to binding constraints."""


@dataclass(frozen=True, slots=True)
class LinearAnswer:
    """A lottery from linear programmes.

    Parameters
    ----------
    lottery : ndarray, shape (M,)
    value : float
        What was maximised, at the lottery.
    gap : float
        Weak-duality gap of `value`, the largest over the stages.
    price : ndarray, shape (N,)
        Multipliers of the players' constraints in the first stage.
    """

    lottery: FloatArray
    value: float
    gap: float
    price: FloatArray


def _linear(
    objective: FloatArray, below: FloatArray, limit: FloatArray, *, n_alternatives: int
) -> tuple[FloatArray, FloatArray]:
    """Maximise over λ (and free variables after it); return the point and multipliers."""
    from scipy.optimize import linprog

    total = np.zeros((1, len(objective)))
    total[0, :n_alternatives] = 1.0
    free = len(objective) - n_alternatives
    answer = linprog(
        -objective,
        A_ub=below,
        b_ub=limit,
        A_eq=total,
        b_eq=[1.0],
        bounds=[(0.0, None)] * n_alternatives + [(None, None)] * free,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if answer.x is None:
        return np.full(len(objective), np.nan), np.zeros(len(limit))
    point = np.array(answer.x)
    point[:n_alternatives] = np.maximum(point[:n_alternatives], 0.0)
    point[:n_alternatives] /= point[:n_alternatives].sum()
    return point, np.maximum(-np.asarray(answer.ineqlin.marginals), 0.0)


def leximin(gains: FloatArray, scale: FloatArray) -> LinearAnswer:
    """Maximise the least g_i / s_i over lotteries, then the next, and so on.

    In each stage max t subject to g_i ≥ s_i t for the players not yet settled; those whose
    multiplier is positive cannot have more and are settled at t.

    Parameters
    ----------
    gains : ndarray, shape (M, N)
    scale : ndarray, shape (N,)
        Positive.

    Returns
    -------
    LinearAnswer
        `value` is the least g_i / s_i.
    """
    n_alternatives, n_players = gains.shape
    share = gains / scale
    settled = np.full(n_players, np.nan)
    answer: LinearAnswer | None = None
    while np.isnan(settled).any():
        open_ = np.isnan(settled)
        below = np.hstack([-share.T, np.where(open_, 1.0, 0.0)[:, None]])
        floor = np.where(open_, 0.0, settled)
        objective = np.append(np.zeros(n_alternatives), 1.0)
        point, price = _linear(
            objective, below, -(floor - 1e-12 * np.abs(floor)), n_alternatives=n_alternatives
        )
        reached = point[:-1] @ share
        if not np.isfinite(reached).all():
            break
        level = float(reached[open_].min())
        weight = price / max(float(price[open_].sum()), 1e-300)
        bound = float((share @ weight).max()) - float(weight[~open_] @ settled[~open_])
        gap = max(bound - level, 0.0)
        if answer is None:
            answer = LinearAnswer(point[:-1], level, gap, weight)
        else:
            answer = LinearAnswer(point[:-1], answer.value, max(gap, answer.gap), answer.price)
        tight = open_ & (weight > BINDING)
        settled[tight if tight.any() else open_] = level
    return answer or LinearAnswer(
        np.full(n_alternatives, 1.0 / n_alternatives), -np.inf, np.inf, np.zeros(n_players)
    )


def ideal_gains(gains: FloatArray) -> FloatArray:
    """Return each player's largest gain over lotteries that give nobody a loss.

    Parameters
    ----------
    gains : ndarray, shape (M, N)
        Some lottery must give everybody a gain.

    Returns
    -------
    ndarray, shape (N,)
    """
    zero = np.zeros(gains.shape[1])
    best = []
    for player in range(gains.shape[1]):
        point, _ = _linear(gains[:, player], -gains.T, zero, n_alternatives=len(gains))
        best.append(float(point @ gains[:, player]))
    return np.array(best)


def max_sum(gains: FloatArray, weights: FloatArray) -> LinearAnswer:
    """Maximise Σ w_i g_i over lotteries that give nobody a loss.

    Parameters
    ----------
    gains : ndarray, shape (M, N)
    weights : ndarray, shape (N,)

    Returns
    -------
    LinearAnswer
        `price` holds the multipliers of g_i ≥ 0.
    """
    worth = gains @ weights
    zero = np.zeros(gains.shape[1])
    point, price = _linear(worth, -gains.T, zero, n_alternatives=len(gains))
    value = float(point @ worth)
    bound = float((worth + gains @ price).max())
    return LinearAnswer(point, value, max(bound - value, 0.0), price)
