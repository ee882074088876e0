"""The Perles–Maschler solution of two-player problems: superadditive over issues.

Two points run along the Pareto frontier of a convex set from its two ends, such that the
product of their speeds in the two coordinates is the same, and meet at the solution P:

    ∫ √(−du₁ du₂) from the left end to P  =  ∫ √(−du₁ du₂) from P to the right end.

The ends are those of the individually rational part. So it is superadditive for problems in which
no outcome gives anybody less than d: otherwise a loss at one table can be made up for at the other,
and the frontier of the sum has ends that neither part has.

References
----------
Perles & Maschler (1981), The super-additive solution for the Nash bargaining game,
International Journal of Game Theory 10:163-193.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.bargaining.problem import FloatArray

__all__ = ["midpoint_of_chain", "midpoint_of_curve", "travel"]

Curve = Callable[[FloatArray], FloatArray]

LEVELS = 7
"""Halvings of the step of the quadrature; 2⁷ · 8 chords at most."""
REACH = 3.2
"""Range of the double-exponential variable: beyond it the weight is below 10⁻¹⁵."""


def midpoint_of_chain(points: FloatArray) -> FloatArray:
    """Return the Perles–Maschler point of a frontier with straight edges, exactly.

    An edge with differences Δ₁, Δ₂ takes √(−Δ₁Δ₂) to travel, at constant speed.

    Parameters
    ----------
    points : ndarray, shape (B, H, 2)
        Vertices of the individually rational frontier, u₁ rising, padded at the end.

    Returns
    -------
    ndarray, shape (B, 2)
    """
    step = np.diff(points, axis=1)
    time = np.sqrt(np.maximum(-step[..., 0] * step[..., 1], 0.0))
    passed = np.cumsum(time, axis=1)
    half = passed[:, -1] / 2.0
    edge = np.minimum((passed < half[:, None]).sum(axis=1), time.shape[1] - 1)
    rows = np.arange(len(points))
    before = passed[rows, edge] - time[rows, edge]
    share = (half - before) / np.where(time[rows, edge] > 0, time[rows, edge], 1.0)
    point: FloatArray = points[rows, edge] + np.clip(share, 0.0, 1.0)[:, None] * step[rows, edge]
    return point


def travel(curve: Curve, lower: float, upper: float, *, derivative: Curve | None = None) -> float:
    """Return ∫ √(−u₂′(u₁)) du₁ along a concave falling curve.

    The range is cut at u₁ = lower + (upper − lower) / (1 + e^(−π sinh t)), t equally spaced,
    which crowds both ends, where the slope may be 0 or infinite. Without a derivative the
    chord between neighbours takes √(−Δ₁Δ₂); its error has even powers of the step only, and
    Romberg's table removes them.

    Parameters
    ----------
    curve : callable
        u₂ as a function of u₁, on arrays.
    lower, upper : float
        Range of u₁.
    derivative : callable, optional
        Slope of the curve, on arrays; without it what the curve loses to rounding where it
        is flat, some 10⁻¹⁰ of the whole, is lost here.

    Returns
    -------
    float
    """
    if not upper > lower:
        return 0.0
    row: list[float] = []
    for level in range(LEVELS + 1):
        t = np.linspace(-REACH, REACH, 8 * 2**level + 1)
        fraction = 1.0 / (1.0 + np.exp(-np.pi * np.sinh(t)))
        fraction[0], fraction[-1] = 0.0, 1.0
        u1 = lower + (upper - lower) * fraction
        if derivative is None:
            fall = np.maximum(-np.diff(curve(u1)), 0.0)
            sums = [float(np.sqrt(np.diff(u1) * fall).sum())]
            for power, coarse in enumerate(row, start=1):
                sums.append(sums[-1] + (sums[-1] - coarse) / (4.0**power - 1.0))
        else:
            inside = (u1 > lower) & (u1 < upper)
            speed = np.pi * np.cosh(t) * fraction * (1.0 - fraction) * (t[1] - t[0])
            steep = np.sqrt(np.maximum(-derivative(u1[inside]), 0.0))
            sums = [float((steep * speed[inside]).sum() * (upper - lower))]
        if level > 3 and abs(sums[-1] - row[-1]) <= 1e-14 * abs(sums[-1]):
            return sums[-1]
        row = sums
    return row[-1]


def midpoint_of_curve(
    curve: Curve, lower: float, upper: float, *, derivative: Curve | None = None
) -> float:
    """Return u₁ of the Perles–Maschler point of a concave falling curve.

    Parameters
    ----------
    curve, derivative : callable
        As in `travel`.
    lower, upper : float
        Ends of the individually rational frontier.

    Returns
    -------
    float
        u₁ where the travelling times from the two ends are equal.
    """
    from scipy.optimize import brentq

    def difference(u1: float) -> float:
        passed = travel(curve, lower, u1, derivative=derivative)
        return passed - travel(curve, u1, upper, derivative=derivative)

    if not upper > lower or difference(upper) <= 0.0:
        # One efficient point only: the best for player 1.
        return upper
    return float(brentq(difference, lower, upper, xtol=1e-15 * (upper - lower), rtol=1e-14))
