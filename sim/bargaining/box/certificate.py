"""How far an answer may be from optimal, on the true objective and beyond rounding."""

from __future__ import annotations

import numpy as np

from sim.bargaining.box.blocks import dot, dot_rows
from sim.bargaining.box.pool import BLOCK
from sim.bargaining.box.table import Table, moved
from sim.bargaining.problem import FloatArray

__all__ = ["EPSILON", "NOISE", "certificates", "gap"]

NOISE = 2.0**-40  # rounding of a gain, relative to its scale on the table
EPSILON = 2.0**-45  # rounding of a payoff that is itself 50 to 100 times what the table moves


def gap(table: Table, x: FloatArray, r: FloatArray) -> FloatArray:
    """Return sum_k [r_k]+ (upper_k - x_k) + [-r_k]+ (x_k - lower_k), (B,)."""
    ahead = np.where(r > 0.0, table.upper - x, table.lower - x)
    ahead *= r
    total: FloatArray = ahead[0].copy()
    for row in ahead[1:]:
        total += row
    return total


def certificates(table: Table, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Certify the Nash products at `x` (K, B), block by block.

    Returns
    -------
    gains : ndarray, (N, B)
    residual : ndarray, (B,)
        `gap` of the true log product beyond rounding; infinite where somebody does not gain.
    """
    n_draws = x.shape[1]
    if n_draws <= BLOCK:
        return _certificate(table, x)
    blocks = [slice(first, first + BLOCK) for first in range(0, n_draws, BLOCK)]
    parts = [_certificate(table.take(rows), x[:, rows]) for rows in blocks]
    gains, residual = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    return gains, residual


def _certificate(table: Table, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return gains (N, B) and the residual of the true log product beyond rounding (B,)."""
    gains = table.evaluate(x, 1)
    positive = (gains.value > 0.0).all(axis=0)
    safe = np.where(positive, gains.value, 1.0)
    a = table.weights / safe
    r = dot_rows(a, gains.gradient)
    found = gap(table, x, r)
    # rounding of the gains moves r at first order, that of x at second
    reach = moved(gains.gradient, table.width) / safe
    noise = NOISE * dot(table.weights, reach) + EPSILON * dot(table.weights, reach * reach)
    residual = np.where(found > noise, found - noise, 0.0)
    return gains.value, np.where(positive, residual, np.inf)
