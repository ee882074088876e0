"""Bilateral deals with one hub in closed form or one dimension: oracles for Nash-in-Nash.

Each pair's deal is its Nash bargaining solution given the other pairs' deals, without
renegotiation after a breakdown elsewhere.

References
----------
Horn and Wolinsky (1988), Bilateral Monopolies and Incentives for Merger, RAND J. Econ. 19,
408-419.
Collard-Wexler, Gowrisankaran and Lee (2019), J. Political Economy 127, 163-195.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, finite, within

__all__ = ["HubDeals", "UpstreamPrices", "horn_wolinsky_cournot", "hub_nash_in_nash"]

_SWEEPS = 500


@dataclass(frozen=True, slots=True)
class HubDeals:
    """Nash-in-Nash with transferable utility between a hub and m spokes.

    Attributes
    ----------
    payoffs : ndarray, shape (..., m + 1)
        The hub first.
    marginal : ndarray, shape (..., m)
        v(all) - v(all but j), the surplus of link j given the others.
    agreement : ndarray of bool, shape (..., m)
        Whether link j has a surplus; without one the pair would not sign, and `payoffs` of that
        draw (all links formed) are not an equilibrium.
    """

    payoffs: FloatArray
    marginal: FloatArray
    agreement: BoolArray


def hub_nash_in_nash(worth: npt.ArrayLike, *, hub_weight: npt.ArrayLike = 0.5) -> HubDeals:
    """Return the payoffs when each spoke bargains with the hub over its marginal contribution.

    Spoke j gets (1 - alpha) (v(M) - v(M without j)), the hub the rest. With two spokes that are
    worth v_J and v_K alone, the hub gets (v_J + v_K)/2 at alpha = 1/2.

    Parameters
    ----------
    worth : array_like, shape (..., 2**m)
        v(S) of the hub with the spokes S; position sum_j 2**j over the members j of S, so that
        worth[..., 0] is the hub alone (its zero is subtracted from nobody's marginal).
    hub_weight : array_like, shape (...)
        alpha in [0, 1].

    Returns
    -------
    HubDeals

    Raises
    ------
    GameError
        If the last axis is no power of two, or a number is NaN.

    References
    ----------
    Collard-Wexler, Gowrisankaran and Lee (2019), eq. (2).
    """
    v = finite("worth", worth)
    size = v.shape[-1] if v.ndim else 0
    m = size.bit_length() - 1
    if size < 2 or size != 1 << m:
        raise GameError(f"worth: a last axis of length 2**m, m >= 1, is allowed, got {v.shape}")
    alpha = within("hub_weight", hub_weight, 0.0, 1.0)
    full = size - 1
    marginal = np.stack([v[..., full] - v[..., full ^ (1 << j)] for j in range(m)], axis=-1)
    spokes = (1.0 - alpha[..., None]) * marginal
    hub = v[..., full] - spokes.sum(axis=-1)
    return HubDeals(
        payoffs=np.concatenate([hub[..., None], spokes], axis=-1),
        marginal=marginal,
        agreement=np.asarray(marginal >= 0.0),
    )


@dataclass(frozen=True, slots=True)
class UpstreamPrices:
    """Input prices of an upstream monopolist with two Cournot buyers.

    Attributes
    ----------
    prices, quantities : ndarray, shape (B, 2)
        w_i and q_i = (a - 2 w_i + w_j)/(3 b).
    upstream : ndarray, shape (B,)
        Profit sum (w_i - c) q_i.
    downstream : ndarray, shape (B, 2)
        Profits b q_i^2.
    residual : ndarray, shape (B,)
        Largest move of a price in one more round of best deals, over a.
    converged : ndarray of bool, shape (B,)
        residual <= 1e-10.
    """

    prices: FloatArray
    quantities: FloatArray
    upstream: FloatArray
    downstream: FloatArray
    residual: FloatArray
    converged: BoolArray


def horn_wolinsky_cournot(
    *,
    cost: npt.ArrayLike = 0.0,
    intercept: npt.ArrayLike = 1.0,
    slope: npt.ArrayLike = 1.0,
    upstream_weight: npt.ArrayLike = 0.5,
) -> UpstreamPrices:
    """Solve two bargains over linear input prices by sweeps of best deals.

    Inverse demand P = a - b Q; pair i maximises
    (U(w_i, w_j) - U_0)^alpha (b q_i^2)^(1 - alpha), where after a breakdown the rival is a
    monopolist at its unchanged w_j: U_0 = (w_j - c)(a - w_j)/(2 b).

    Parameters
    ----------
    cost, intercept, slope : array_like, float or shape (B,)
        c >= 0, a > c, b > 0.
    upstream_weight : array_like, float or shape (B,)
        alpha in (0, 1).

    Returns
    -------
    UpstreamPrices

    Raises
    ------
    GameError
        If an argument is outside its range.

    References
    ----------
    Horn and Wolinsky (1988), section 3.
    """
    a = within("intercept", intercept, 0.0, np.inf, open_low=True)
    b = within("slope", slope, 0.0, np.inf, open_low=True)
    c = within("cost", cost, 0.0, np.inf)
    alpha = within("upstream_weight", upstream_weight, 0.0, 1.0, open_low=True, open_high=True)
    a, b, c, alpha = (np.atleast_1d(v) for v in np.broadcast_arrays(a, b, c, alpha))
    if (c >= a).any():
        raise GameError("cost: below the intercept of demand is allowed")
    prices = np.stack([0.5 * (a + c)] * 2, axis=1)
    residual = np.full(len(a), np.inf)
    for _ in range(_SWEEPS):
        before = prices.copy()
        for buyer in (0, 1):
            prices[:, buyer] = _best_price(prices[:, 1 - buyer], a, b, c, alpha)
        residual = np.abs(prices - before).max(axis=1) / a
        if (residual <= 1e-14).all():
            break
    quantities = (a[:, None] - 2.0 * prices + prices[:, ::-1]) / (3.0 * b[:, None])
    return UpstreamPrices(
        prices=prices,
        quantities=quantities,
        upstream=((prices - c[:, None]) * quantities).sum(axis=1),
        downstream=b[:, None] * quantities**2,
        residual=residual,
        converged=residual <= 1e-10,
    )


def _best_price(
    rival: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray, alpha: FloatArray
) -> FloatArray:
    """Bisect alpha U' q - (1 - alpha) (4/(3 b)) (U - U_0), quadratic in w, positive at w = c."""
    low, high = c.copy(), 0.25 * (a + 2.0 * rival + c)
    for _ in range(80):
        w = 0.5 * (low + high)
        q, q_rival = (a - 2.0 * w + rival) / (3.0 * b), (a - 2.0 * rival + w) / (3.0 * b)
        gain = (w - c) * q + (rival - c) * (q_rival - (a - rival) / (2.0 * b))
        slope = (a + 2.0 * rival - 4.0 * w + c) / (3.0 * b)
        rising = alpha * slope * q > (1.0 - alpha) * 4.0 / (3.0 * b) * gain
        low, high = np.where(rising, w, low), np.where(rising, high, w)
    return np.asarray(0.5 * (low + high))
