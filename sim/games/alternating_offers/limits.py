"""The Nash solution of the tables of alternating offers: what they approach."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.bargaining.finite import FiniteProblem
from sim.bargaining.problem import BoxProblem
from sim.bargaining.solve import solve
from sim.errors import GameError
from sim.games._arrays import FloatArray, finite, per_draw, within
from sim.games.alternating_offers.curves import Curve
from sim.games.alternating_offers.tables import Issues, Menu, Pie, Table

__all__ = ["nash_limit"]

_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


def nash_limit(table: Table, disagreement: npt.ArrayLike, weights: npt.ArrayLike) -> FloatArray:
    """Return the payoffs (B, N) of the weighted Nash solution of a table.

    Parameters
    ----------
    table : Pie, Curve, Menu or Issues
    disagreement, weights : array_like, shape (N,) or (B, N)
        Weights above 0.

    Raises
    ------
    GameError
        If an argument is not as described, or the kind of table is unknown.
    """
    b, n = table.n_draws, table.n_players
    d = per_draw("disagreement", finite("disagreement", disagreement), b, (n,))
    w = per_draw("weights", within("weights", weights, 0.0, np.inf, open_low=True), b, (n,))
    if isinstance(table, Issues):
        lower, upper = np.asarray(table.lower), np.asarray(table.upper)
        problem = BoxProblem(table.payoffs, lower, upper, d, weights=w)
        return np.asarray(solve(problem, "nash").payoffs)
    if isinstance(table, Menu):
        return np.asarray(solve(FiniteProblem(table.array, d, weights=w), "nash").payoffs)
    if isinstance(table, Pie):
        return _pie(table, d, w)
    if isinstance(table, Curve):
        return _curve(table, d, w)
    raise GameError("table: a Pie, Curve, Menu or Issues is allowed")


def _pie(pie: Pie, d: FloatArray, w: FloatArray) -> FloatArray:
    """Divide what is left over d by the weights; nobody's share falls below 0."""
    base, size = np.asarray(pie.base), np.asarray(pie.size)
    open_ = np.ones_like(d, dtype=bool)
    shares = np.zeros_like(d)
    for _ in range(pie.n_players):
        need = np.where(open_, d - base, 0.0)
        weight = np.where(open_, w, 0.0)
        rest = (size - need.sum(axis=1))[:, None]
        shares = np.where(open_, need + weight / weight.sum(axis=1, keepdims=True) * rest, 0.0)
        open_ &= shares > 0.0
    gain = base + shares - d
    gains = np.asarray((gain >= 0.0).all(axis=1))
    return np.asarray(np.where(gains[:, None], base + shares, d))


def _curve(curve: Curve, d: FloatArray, w: FloatArray) -> FloatArray:
    """Search the best of 2001 points of the curve, then between its neighbours."""
    low, high = np.asarray(curve.low), np.asarray(curve.high)

    def product(level: FloatArray) -> FloatArray:
        payoffs = curve.payoffs_of(level[:, None])
        gains = payoffs - d
        logs = np.log(np.maximum(gains, 1e-300))
        return np.where((gains > 0.0).all(axis=1), (w * logs).sum(axis=1), -np.inf)

    grid = low + (high - low) * np.linspace(0.0, 1.0, 2001)[:, None]
    best = np.stack([product(level) for level in grid]).argmax(axis=0)
    draw = np.arange(curve.n_draws)
    left, right = grid[np.maximum(best - 1, 0), draw], grid[np.minimum(best + 1, 2000), draw]
    for _ in range(80):
        one, two = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
        up = product(one) >= product(two)
        left, right = np.where(up, left, one), np.where(up, two, right)
    payoffs = curve.payoffs_of(0.5 * (left + right)[:, None])
    gains = np.asarray((payoffs > d).all(axis=1))
    return np.where(gains[:, None], payoffs, d)
