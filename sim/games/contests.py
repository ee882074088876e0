"""Rent-seeking contests with the ratio success function.

Player i spends x_i to win a prize worth V_i with probability x_i^r / sum_j x_j^r.

References
----------
Tullock (1980), Efficient Rent Seeking, in Buchanan, Tollison and Tullock (eds).
Hillman and Riley (1989), Economics and Politics 1, 17-39.
Cornes and Hartley (2005), Economic Theory 26, 923-946 (share functions).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, finite, within

__all__ = ["Contest", "contest_payoffs", "tullock"]

_BISECTIONS = 64


@dataclass(frozen=True, slots=True)
class Contest:
    """Pure equilibrium of a contest.

    Attributes
    ----------
    efforts, probabilities, payoffs : ndarray, shape (B, n)
        x_i, x_i^r / sum x^r and V_i p_i - x_i.
    dissipation : ndarray, shape (B,)
        Sum of efforts over the largest prize.
    exists : ndarray of bool, shape (B,)
        False where no pure equilibrium exists (the returns r are too large for the values); the
        efforts there are 0 and must not be read as an equilibrium.
    regret : ndarray, shape (B,)
        Largest gain of a player from the best of a grid of other efforts, over the largest prize.
    """

    efforts: FloatArray
    probabilities: FloatArray
    payoffs: FloatArray
    dissipation: FloatArray
    exists: BoolArray
    regret: FloatArray


def contest_payoffs(
    efforts: npt.ArrayLike, values: npt.ArrayLike, *, returns: npt.ArrayLike = 1.0
) -> FloatArray:
    """Return V_i x_i^r / sum_j x_j^r - x_i; equal chances when nobody spends.

    Parameters
    ----------
    efforts, values : array_like, shape (..., n)
        x_i >= 0 and V_i.
    returns : array_like, shape (...)
        r > 0.

    Returns
    -------
    ndarray, shape (..., n)
    """
    x = within("efforts", efforts, 0.0, np.inf)
    value = finite("values", values)
    return np.asarray(value * _chances(x, np.asarray(returns, dtype=np.float64)) - x)


def tullock(values: npt.ArrayLike, *, returns: npt.ArrayLike = 1.0) -> Contest:
    """Solve the contest for its pure Nash equilibrium.

    r = 1, any n: x_i = Y max(1 - Y/V_i, 0), with the total Y the root of sum_i (1 - Y/V_i)^+ = 1
    (low values stay out). n = 2: x_i = r V_i^(r+1) V_j^r / (V_1^r + V_2^r)^2, an equilibrium iff
    r <= 1 + (V_min/V_max)^r. r < 1, any n: with y = x^r and Y = sum y the share s_i = y_i/Y
    solves r (1 - s) V_i = Y^(1/r) s^(1/r - 1), which falls in Y, and Y the root of sum s_i = 1.
    r > 1 with n > 2 equal values: x = (n - 1) r V / n^2, an equilibrium iff r <= n/(n - 1).

    Parameters
    ----------
    values : array_like, shape (n,) or (B, n)
        Prizes V_i > 0, n >= 2.
    returns : array_like, float or shape (B,)
        r > 0.

    Returns
    -------
    Contest
        With a leading axis of draws always.

    Raises
    ------
    GameError
        If a value or r is not positive, n < 2, or r > 1 with three or more unequal values (pure
        equilibria are then not offered).

    References
    ----------
    Tullock (1980); Hillman and Riley (1989); Cornes and Hartley (2005); Nti (1999).
    """
    value = np.atleast_2d(within("values", values, 0.0, np.inf, open_low=True))
    r = within("returns", returns, 0.0, np.inf, open_low=True)
    finite("values", value)
    if value.ndim != 2 or value.shape[1] < 2:
        raise GameError(f"values: shape (n,) or (B, n), n >= 2, is allowed, got {value.shape}")
    if r.ndim > 1 or (r.ndim == 1 and value.shape[0] not in (1, r.size)):
        raise GameError(f"returns: a number or shape ({value.shape[0]},) is allowed, got {r.shape}")
    draws = max(value.shape[0], r.size)
    value = np.broadcast_to(value, (draws, value.shape[1]))
    r = np.broadcast_to(r, (draws,))
    efforts, exists = _efforts(value, r)
    payoffs = value * _chances(efforts, r) - efforts
    return Contest(
        efforts=efforts,
        probabilities=_chances(efforts, r),
        payoffs=payoffs,
        dissipation=efforts.sum(axis=1) / value.max(axis=1),
        exists=exists,
        regret=_regret(efforts, value, r),
    )


def _efforts(value: FloatArray, r: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Choose the closed form or the share functions, draw by draw."""
    n = value.shape[1]
    equal = np.ptp(value, axis=1) <= 1e-14 * value.max(axis=1)
    if n == 2:
        power = value ** r[:, None]
        total = power.sum(axis=1)
        efforts = (r * power.prod(axis=1) / total**2)[:, None] * value
        exists = r <= 1.0 + (value.min(axis=1) / value.max(axis=1)) ** r
    else:
        if (~equal & (r > 1.0)).any():
            raise GameError(
                "returns: r <= 1 is allowed for three or more players with unequal values"
            )
        efforts = np.empty_like(value)
        symmetric = (n - 1) * r * value[:, 0] / n**2
        efforts[equal] = symmetric[equal, None]
        efforts[~equal] = _share_efforts(value[~equal], r[~equal])
        exists = np.where(equal, r <= n / (n - 1), True)
    return np.where(exists[:, None], efforts, 0.0), np.asarray(exists)


def _share_efforts(value: FloatArray, r: FloatArray) -> FloatArray:
    """Find the total at which the shares add to one, by bisection in its logarithm."""
    if not len(value):
        return value
    inverse = 1.0 / r[:, None]

    def shares(aggregate: FloatArray) -> FloatArray:
        """Share of each player given the log of Y^(1/r); zero where r = 1 and V_i <= Y."""
        level = np.exp(aggregate)[:, None]
        low, high = np.zeros_like(value), np.ones_like(value)
        for _ in range(60):
            middle = 0.5 * (low + high)
            gain = (1.0 - middle) * value > inverse * level * middle ** (inverse - 1.0)
            low, high = np.where(gain, middle, low), np.where(gain, high, middle)
        linear = np.maximum(1.0 - level / value, 0.0)
        return np.where(inverse == 1.0, linear, 0.5 * (low + high))

    low = np.log(value.max(axis=1)) - 60.0
    high = np.log(value.sum(axis=1)) + 5.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        crowded = shares(middle).sum(axis=1) > 1.0
        low, high = np.where(crowded, middle, low), np.where(crowded, high, middle)
    middle = 0.5 * (low + high)
    share = shares(middle)
    return np.asarray(
        (share / share.sum(axis=1, keepdims=True)) ** inverse * np.exp(middle)[:, None]
    )


def _chances(x: FloatArray, r: FloatArray) -> FloatArray:
    """Return x^r / sum x^r, equal shares when nobody spends; scaled against overflow."""
    top = x.max(axis=-1, keepdims=True)
    power = np.where(top > 0.0, x / np.where(top > 0.0, top, 1.0), 1.0) ** r[..., None]
    return np.asarray(power / power.sum(axis=-1, keepdims=True))


def _regret(efforts: FloatArray, value: FloatArray, r: FloatArray) -> FloatArray:
    """Return the largest gain of a deviation to a grid of 401 efforts in [0, V_i]."""
    base = value * _chances(efforts, r) - efforts
    worst = np.zeros(len(value))
    rows = max(1, 1_000_000 // max(1, len(value)))  # of the grid at once, for the memory
    for player in range(value.shape[1]):
        others = np.delete(efforts, player, axis=1)
        strongest = others.max(axis=1)
        relative = others / np.where(strongest > 0.0, strongest, 1.0)[:, None]
        rivals = (relative ** r[:, None]).sum(axis=1)
        for fractions in np.split(np.linspace(0.0, 1.0, 401), range(rows, 401, rows)):
            trial = fractions[:, None] * value[:, player]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                chance = 1.0 / (1.0 + rivals * (strongest / trial) ** r)
            # Spending nothing wins nothing, or deviates from nothing where nobody spends.
            chance = np.where(trial > 0.0, chance, 0.0)
            gain = (value[:, player] * chance - trial - base[:, player]).max(axis=0)
            worst = np.maximum(worst, gain)
    return np.asarray(worst / value.max(axis=1))
