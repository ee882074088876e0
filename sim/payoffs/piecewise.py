"""A curve through given points: monotone piecewise cubic interpolation (PCHIP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.errors import PayoffError
from sim.payoffs.terms import FloatArray, Row, parameter

__all__ = ["Piecewise"]


@dataclass(frozen=True, slots=True)
class Piecewise:
    """A monotone cubic through points; straight on beyond the first and the last.

    Between two points the curve is the cubic Hermite polynomial with Fritsch and Carlson's slopes
    in Brodlie's form, so that it rises where the points rise and falls where they fall. It is once
    continuously differentiable; its second derivative jumps at the points, where the one from the
    right is returned.

    Parameters
    ----------
    at : tuple of float
        Places on the issue, strictly increasing, at least 2.
    values : tuple of float or (B,)
        Payoff at each place, USD bn per year.

    Raises
    ------
    PayoffError
        If places do not increase, there are fewer than two, or lengths differ.

    References
    ----------
    Fritsch and Carlson (1980), "Monotone Piecewise Cubic Interpolation", SIAM J. Numer. Anal. 17;
    Fritsch and Butland (1984), SIAM J. Sci. Stat. Comput. 5.
    """

    at: tuple[float, ...]
    values: tuple[Row, ...]

    def __post_init__(self) -> None:
        if len(self.at) != len(self.values):
            raise PayoffError(
                f"piecewise: {len(self.at)} places but {len(self.values)} values; one of each"
            )
        at = tuple(float(parameter(place, "piecewise: place")) for place in self.at)
        if len(at) < 2 or any(b <= a for a, b in pairwise(at)):
            raise PayoffError(
                f"piecewise: two places or more, each above the one before, got {list(at)}"
            )
        values = tuple(parameter(v, "piecewise: value") for v in self.values)
        object.__setattr__(self, "at", at)
        object.__setattr__(self, "values", values)

    @classmethod
    def through(cls, points: Sequence[tuple[float, Row]]) -> Piecewise:
        """Return the curve through (place, value) pairs."""
        return cls(tuple(float(x) for x, _ in points), tuple(y for _, y in points))

    def evaluate(self, z: FloatArray, order: int) -> tuple[Row, Row | None, Row | None]:
        """Return value and derivatives; see `Curve.evaluate`."""
        knots = np.asarray(self.at)
        heights = np.array(np.broadcast_arrays(*self.values))
        slopes = _slopes(knots, heights)
        piece = np.clip(np.searchsorted(knots, z, side="right") - 1, 0, len(knots) - 2)
        width = knots[piece + 1] - knots[piece]
        # Hermite basis on s in [0, 1]; what sticks out goes on along the end slope.
        inside = np.clip(z, knots[0], knots[-1])
        beyond = z - inside
        s = (inside - knots[piece]) / width
        y0, y1 = _pick(heights, piece), _pick(heights, piece + 1)
        m0, m1 = _pick(slopes, piece) * width, _pick(slopes, piece + 1) * width
        c2 = 3.0 * (y1 - y0) - 2.0 * m0 - m1
        c3 = m0 + m1 - 2.0 * (y1 - y0)
        first = (m0 + s * (2.0 * c2 + 3.0 * s * c3)) / width
        value = y0 + s * (m0 + s * (c2 + s * c3)) + beyond * first
        if order < 1:
            return value, None, None
        if order < 2:
            return value, first, None
        second = np.where(beyond == 0.0, (2.0 * c2 + 6.0 * s * c3) / (width * width), 0.0)
        return value, first, second


def _pick(table: FloatArray, piece: NDArray[np.integer]) -> FloatArray:
    """Return table[piece], draw by draw where the table (M,) or (M, B) differs by draw."""
    if table.ndim == 1:
        return np.asarray(table[piece])
    return np.asarray(np.take_along_axis(table, np.atleast_1d(piece)[None], axis=0)[0])


def _slopes(knots: FloatArray, heights: FloatArray) -> FloatArray:
    """Return the slopes at the points, (M,) or (M, B)."""
    h = np.diff(knots).reshape(-1, *([1] * (heights.ndim - 1)))
    d = np.diff(heights, axis=0) / h
    slopes = np.empty_like(heights)
    if len(knots) == 2:
        slopes[:] = d[0]
        return slopes
    before, after = d[:-1], d[1:]
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    weighted = w1 * after + w2 * before
    # At a peak, a trough or a plateau the slope is 0, elsewhere a weighted harmonic mean.
    turns = np.sign(before) * np.sign(after) <= 0.0
    share = after / np.where(turns, 1.0, weighted)
    slopes[1:-1] = np.where(turns, 0.0, (w1 + w2) * before * share)
    slopes[0] = _end(h[0], h[1], d[0], d[1])
    slopes[-1] = _end(h[-1], h[-2], d[-1], d[-2])
    return slopes


def _end(h0: FloatArray, h1: FloatArray, d0: FloatArray, d1: FloatArray) -> FloatArray:
    """Return the one-sided three-point slope, cut so that the curve stays monotone."""
    slope = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    slope = np.where(np.sign(slope) != np.sign(d0), 0.0, slope)
    steep = (np.sign(d0) != np.sign(d1)) & (np.abs(slope) > 3.0 * np.abs(d0))
    return np.where(steep, 3.0 * d0, slope)
