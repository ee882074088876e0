"""Bilateral trade when both sides have secrets: the double auction and what is possible at all.

References
----------
Chatterjee and Samuelson (1983), Bargaining under Incomplete Information, Operations Research 31,
835-851. Myerson and Satterthwaite (1983), Efficient Mechanisms for Bilateral Trading, J. Economic
Theory 29, 265-281.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import FloatArray, within

__all__ = [
    "DoubleAuction",
    "Mechanism",
    "Prior",
    "chatterjee_samuelson",
    "myerson_satterthwaite",
    "uniform_prior",
]

_NODES = 64
_BISECTIONS = 80


@dataclass(frozen=True, slots=True)
class DoubleAuction:
    """Linear equilibrium of the k-double auction with values and costs uniform on [0, 1].

    Attributes
    ----------
    buyer, seller : ndarray, shape (..., 2)
        (slope, intercept) of b(v) and s(c).
    trade : ndarray, shape (..., 2)
        (slope, intercept): trade iff v >= slope c + intercept.
    probability, gains : ndarray, shape (...)
        Of trade, and expected gains from it.
    first_best : float
        Expected gains if trade took place whenever v > c: 1/6.
    efficiency : ndarray, shape (...)
        gains / first_best.
    """

    buyer: FloatArray
    seller: FloatArray
    trade: FloatArray
    probability: FloatArray
    gains: FloatArray
    first_best: float
    efficiency: FloatArray


def chatterjee_samuelson(k: npt.ArrayLike = 0.5) -> DoubleAuction:
    """Return the linear equilibrium of the sealed-offer bargain at price k b + (1 - k) s.

    b(v) = v/(1 + k) + k (1 - k)/(2 (1 + k)), s(c) = c/(2 - k) + (1 - k)/2; trade iff b >= s.
    k = 1 is the buyer's take-it-or-leave-it offer, k = 0 the seller's.

    Parameters
    ----------
    k : array_like, shape (...)
        Weight of the buyer's offer in the price, in [0, 1].

    Returns
    -------
    DoubleAuction

    Raises
    ------
    GameError
        If k is outside [0, 1].

    References
    ----------
    Chatterjee and Samuelson (1983), example 1; Satterthwaite and Williams (1989).
    """
    weight = within("k", k, 0.0, 1.0)
    buyer = np.stack([1.0 / (1.0 + weight), weight * (1.0 - weight) / (2.0 * (1.0 + weight))], -1)
    seller = np.stack([1.0 / (2.0 - weight), 0.5 * (1.0 - weight)], axis=-1)
    slope = seller[..., 0] / buyer[..., 0]
    intercept = (seller[..., 1] - buyer[..., 1]) / buyer[..., 0]
    room = 1.0 - intercept
    probability = room**2 / (2.0 * slope)
    # over c in [0, room/slope]: integral of (1 - t^2)/2 - c (1 - t) with t = slope c + intercept
    end = room / slope
    gains = (
        0.5 * end
        - ((1.0 - 0.0) ** 3 - intercept**3) / (6.0 * slope)
        - (room * end**2 / 2.0 - slope * end**3 / 3.0)
    )
    return DoubleAuction(
        buyer=buyer,
        seller=seller,
        trade=np.stack([slope, intercept], axis=-1),
        probability=np.asarray(probability),
        gains=np.asarray(gains),
        first_best=1.0 / 6.0,
        efficiency=np.asarray(gains * 6.0),
    )


@dataclass(frozen=True, slots=True)
class Prior:
    """Distribution of a secret number on [low, high], with a positive density inside.

    Parameters
    ----------
    cdf, density : callable
        From an array to an array of the same shape.
    low, high : float
    """

    cdf: Callable[[FloatArray], FloatArray]
    density: Callable[[FloatArray], FloatArray]
    low: float
    high: float


def uniform_prior(low: float = 0.0, high: float = 1.0) -> Prior:
    """Return the uniform distribution on [low, high]."""
    if not low < high:
        raise GameError("low, high: a range with low < high is allowed")
    width = high - low
    return Prior(
        cdf=lambda x: np.clip((x - low) / width, 0.0, 1.0),
        density=lambda x: np.full_like(x, 1.0 / width),
        low=low,
        high=high,
    )


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What incentive-compatible, individually rational trade can reach.

    Attributes
    ----------
    deficit : float
        Smallest outside subsidy with which trade whenever v > c is possible; 0 if none is needed.
    first_best : float
        Expected gains of trade whenever v > c.
    second_best : float
        Largest expected gains without a subsidy.
    distortion : float
        alpha in [0, 1]: the second best trades iff
        v - alpha (1 - G(v))/g(v) >= c + alpha F(c)/f(c).
    probability : float
        Of trade in the second best.
    """

    deficit: float
    first_best: float
    second_best: float
    distortion: float
    probability: float


def myerson_satterthwaite(buyer: Prior, seller: Prior) -> Mechanism:
    """Return the deficit of efficient trade, and the best that is possible without one.

    Values are independent and utility is linear in money. The deficit is
    E[(c + F/f) - (v - (1 - G)/g); v > c]; it is positive whenever the interiors of the supports
    overlap with positive densities, so that no mechanism is efficient, Bayesian incentive
    compatible, individually rational for each type and without a subsidy. The second best
    maximises the gains subject to a deficit of zero.

    Parameters
    ----------
    buyer, seller : Prior
        Of the buyer's value v (G, g) and of the seller's cost c (F, f).

    Returns
    -------
    Mechanism

    Raises
    ------
    GameError
        If a virtual value or cost falls somewhere (not regular), or the supports leave no trade.

    References
    ----------
    Myerson and Satterthwaite (1983), theorems 1 and 2.
    """
    if buyer.high <= seller.low:
        raise GameError("buyer, seller: supports in which v > c happens are allowed")
    _check_regular(buyer, seller)
    subsidy, first, always = _integrals(buyer, seller, 0.0)
    if subsidy <= 0.0:
        return Mechanism(0.0, first, first, 0.0, always)
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        alpha = 0.5 * (low + high)
        short = _integrals(buyer, seller, alpha)[0] > 0.0
        low, high = (alpha, high) if short else (low, alpha)
    _, gains, chance = _integrals(buyer, seller, high)
    return Mechanism(subsidy, first, gains, high, chance)


def _virtual_value(prior: Prior, v: FloatArray, alpha: float) -> FloatArray:
    return np.asarray(v - alpha * (1.0 - prior.cdf(v)) / prior.density(v))


def _virtual_cost(prior: Prior, c: FloatArray, alpha: float) -> FloatArray:
    return np.asarray(c + alpha * prior.cdf(c) / prior.density(c))


def _check_regular(buyer: Prior, seller: Prior) -> None:
    for name, prior, virtual in (
        ("buyer", buyer, _virtual_value),
        ("seller", seller, _virtual_cost),
    ):
        inside = np.linspace(prior.low, prior.high, 203)[1:-1]
        if not (prior.density(inside) > 0.0).all():
            raise GameError(f"{name}: a density that is positive inside the support is allowed")
        if (np.diff(virtual(prior, inside, 1.0)) < -1e-9 * (prior.high - prior.low)).any():
            raise GameError(f"{name}: a virtual valuation that never falls is allowed (regularity)")


def _integrals(buyer: Prior, seller: Prior, alpha: float) -> tuple[float, float, float]:
    """Return deficit, gains and probability of trading on virtual values of weight alpha."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    lowest = np.array([seller.low])
    start = _solve(lambda v: _virtual_value(buyer, v, alpha) - lowest, buyer.low, buyer.high, 1)
    # the reach of the cost ends at its support: a kink in v that splits the outer integral
    highest = _virtual_cost(seller, np.array([seller.high]), alpha)
    kink = _solve(lambda v: _virtual_value(buyer, v, alpha) - highest, buyer.low, buyer.high, 1)
    deficit = gains = chance = 0.0
    for left, right in ((float(start[0]), float(kink[0])), (float(kink[0]), buyer.high)):
        if right <= left:
            continue
        v = 0.5 * (left + right) + 0.5 * (right - left) * nodes
        mass = 0.5 * (right - left) * weights * buyer.density(v)
        worth = _virtual_value(buyer, v, alpha)

        def excess(c: FloatArray, worth: FloatArray = worth) -> FloatArray:
            return np.asarray(_virtual_cost(seller, c, alpha) - worth)

        end = _solve(excess, seller.low, seller.high, len(v))
        half = 0.5 * (end - seller.low)[:, None]
        c = seller.low + half + half * nodes
        inner = half * weights * seller.density(c) * mass[:, None]
        value = _virtual_value(buyer, v, 1.0)[:, None]
        deficit += float((inner * (_virtual_cost(seller, c, 1.0) - value)).sum())
        gains += float((inner * (v[:, None] - c)).sum())
        chance += float(inner.sum())
    return deficit, gains, chance


def _solve(
    function: Callable[[FloatArray], FloatArray], low: float, high: float, size: int
) -> FloatArray:
    """Return where a rising function crosses zero, clipped to [low, high]."""
    left, right = np.full(size, low), np.full(size, high)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (left + right)
        below = function(middle) < 0.0
        left, right = np.where(below, middle, left), np.where(below, right, middle)
    return np.asarray(0.5 * (left + right))
