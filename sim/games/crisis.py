"""Crisis bargaining, or why states fight when a settlement beats war for both.

Two states divide a prize of size 1; A's share is x. War gives A the prize with probability p and
costs A and B c_A and c_B (shares of the prize). Risk neutral.

References
----------
Fearon (1995), Rationalist Explanations for War, International Organization 49, 379-414.
Powell (2006), War as a Commitment Problem, International Organization 60, 169-203.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, finite, within

__all__ = [
    "CrisisRange",
    "PreventiveWar",
    "RiskReturn",
    "crisis_range",
    "preventive_war",
    "risk_return",
]


@dataclass(frozen=True, slots=True)
class CrisisRange:
    """What both prefer to war.

    Attributes
    ----------
    low, high : ndarray, shape (...)
        Shares of A that both accept: [p - c_A, p + c_B] within [0, 1].
    surplus : ndarray, shape (...)
        Cost of war that a settlement saves: c_A + c_B.
    settlement : ndarray, shape (...)
        Share of A at the Nash bargaining solution with war as the disagreement point.
    war : ndarray, shape (..., 2)
        Values of war (p - c_A, 1 - p - c_B).
    payoffs : ndarray, shape (..., 2)
        Values of the settlement (x, 1 - x).
    """

    low: FloatArray
    high: FloatArray
    surplus: FloatArray
    settlement: FloatArray
    war: FloatArray
    payoffs: FloatArray


def crisis_range(
    win_probability: npt.ArrayLike,
    costs: npt.ArrayLike,
    *,
    weight: npt.ArrayLike = 0.5,
) -> CrisisRange:
    """Return the range of settlements that both prefer to war, and the Nash settlement in it.

    The range is [p - c_A, p + c_B]; with A's bargaining weight alpha the settlement is
    x = p - c_A + alpha (c_A + c_B), clipped to [0, 1] (the product is concave in x).

    Parameters
    ----------
    win_probability : array_like, shape (...)
        p, probability that A wins a war.
    costs : array_like, shape (..., 2)
        (c_A, c_B) >= 0, shares of the prize.
    weight : array_like, shape (...)
        alpha in [0, 1], A's bargaining weight.

    Returns
    -------
    CrisisRange

    Raises
    ------
    GameError
        If p or alpha is outside [0, 1], or a cost is negative or NaN.

    References
    ----------
    Fearon (1995), pp. 386-388.
    """
    p = within("win_probability", win_probability, 0.0, 1.0)
    cost = _costs(costs)
    alpha = within("weight", weight, 0.0, 1.0)
    p, cost_a, cost_b, alpha = np.broadcast_arrays(p, cost[..., 0], cost[..., 1], alpha)
    surplus = cost_a + cost_b
    settlement = np.clip(p - cost_a + alpha * surplus, 0.0, 1.0)
    return CrisisRange(
        low=np.maximum(p - cost_a, 0.0),
        high=np.minimum(p + cost_b, 1.0),
        surplus=surplus,
        settlement=settlement,
        war=np.stack([p - cost_a, 1.0 - p - cost_b], axis=-1),
        payoffs=np.stack([settlement, 1.0 - settlement], axis=-1),
    )


@dataclass(frozen=True, slots=True)
class RiskReturn:
    """A demand under uncertainty over the other's resolve.

    Attributes
    ----------
    demand : ndarray, shape (...)
        Share that A asks for.
    risk_of_war : ndarray, shape (...)
        Probability that B refuses and fights.
    value : ndarray, shape (...)
        A's expected payoff.
    """

    demand: FloatArray
    risk_of_war: FloatArray
    value: FloatArray


def risk_return(
    win_probability: npt.ArrayLike,
    cost: npt.ArrayLike,
    *,
    opponent_cost: npt.ArrayLike,
) -> RiskReturn:
    """Return A's take-it-or-leave-it demand when B's cost of war is uniform on [l, h].

    B fights iff 1 - x < 1 - p - c_B. A maximises
    F(x - p) (p - c_A) + (1 - F(x - p)) x with F uniform, so that
    x = p + clip((h - c_A)/2, l, min(h, 1 - p)): a little risk is worth taking when h > c_A + 2 l.

    Parameters
    ----------
    win_probability, cost : array_like, shape (...)
        p in [0, 1] and c_A >= 0.
    opponent_cost : array_like, shape (..., 2)
        (l, h), 0 <= l < h: bounds of B's cost, which only B knows.

    Returns
    -------
    RiskReturn

    Raises
    ------
    GameError
        If an argument is outside its range, or a demand of p + l would exceed the prize.

    References
    ----------
    Fearon (1995), pp. 390-395 and appendix, claim 1.
    """
    p = within("win_probability", win_probability, 0.0, 1.0)
    own = within("cost", cost, 0.0, np.inf)
    bounds = _costs(opponent_cost)
    p, own, low, high = np.broadcast_arrays(p, own, bounds[..., 0], bounds[..., 1])
    if (low >= high).any():
        raise GameError("opponent_cost: bounds l < h are allowed")
    if (p + low > 1.0).any():
        raise GameError("opponent_cost: p + l <= 1 is allowed, so that a safe demand exists")
    margin = np.clip(0.5 * (high - own), low, np.minimum(high, 1.0 - p))
    risk = (margin - low) / (high - low)
    return RiskReturn(
        demand=p + margin,
        risk_of_war=risk,
        value=risk * (p - own) + (1.0 - risk) * (p + margin),
    )


@dataclass(frozen=True, slots=True)
class PreventiveWar:
    """Whether a declining state fights now.

    Attributes
    ----------
    threshold : ndarray, shape (...)
        The opponent's later probability of winning above which the declining state attacks.
    war : ndarray of bool, shape (...)
        Whether it attacks at the given later probability.
    fight_now, best_peace : ndarray, shape (...)
        Discounted values to the declining state of attacking, and of the best that the rising
        state can offer without commitment.
    """

    threshold: FloatArray
    war: BoolArray
    fight_now: FloatArray
    best_peace: FloatArray


def preventive_war(
    win_now: npt.ArrayLike,
    win_later: npt.ArrayLike,
    *,
    discount: npt.ArrayLike,
    cost: npt.ArrayLike,
) -> PreventiveWar:
    """Return whether a shift of power that cannot be bargained away leads to war.

    The rising state A wins with p_1 today and p_2 from tomorrow on; a war of B's costs c_B once.
    B fights today for (1 - p_1)/(1 - delta) - c_B; in peace it gets at most the whole prize
    today and delta ((1 - p_2)/(1 - delta) - c_B) afterwards. War iff
    delta p_2 - p_1 > c_B (1 - delta)^2.

    Parameters
    ----------
    win_now, win_later : array_like, shape (...)
        p_1 and p_2, A's probabilities of winning.
    discount : array_like, shape (...)
        delta in (0, 1).
    cost : array_like, shape (...)
        c_B >= 0, in units of one period's prize.

    Returns
    -------
    PreventiveWar

    Raises
    ------
    GameError
        If an argument is outside its range.

    References
    ----------
    Fearon (1995), pp. 404-408; Powell (2006).
    """
    p1 = within("win_now", win_now, 0.0, 1.0)
    p2 = within("win_later", win_later, 0.0, 1.0)
    delta = within("discount", discount, 0.0, 1.0, open_low=True, open_high=True)
    c = within("cost", cost, 0.0, np.inf)
    p1, p2, delta, c = np.broadcast_arrays(p1, p2, delta, c)
    fight = (1.0 - p1) / (1.0 - delta) - c
    peace = 1.0 + delta * ((1.0 - p2) / (1.0 - delta) - c)
    return PreventiveWar(
        threshold=(p1 + c * (1.0 - delta) ** 2) / delta,
        war=np.asarray(delta * p2 - p1 > c * (1.0 - delta) ** 2),
        fight_now=fight,
        best_peace=peace,
    )


def _costs(value: npt.ArrayLike) -> FloatArray:
    """Return pairs (..., 2) of numbers >= 0."""
    array = finite("costs", value)
    if array.ndim == 0 or array.shape[-1] != 2:
        raise GameError(f"costs: a last axis of length 2 is allowed, got shape {array.shape}")
    return within("costs", array, 0.0, np.inf)
