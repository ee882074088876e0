"""Two players on a frontier that is given as a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import FloatArray, IntArray, finite
from sim.games.alternating_offers.tables import Offer

__all__ = ["Curve"]

_BISECTIONS = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """The outcomes (F(u), u) of players 0 and 1, low <= u <= high; free disposal.

    Parameters
    ----------
    frontier : callable
        F, falling, from an array of any shape to one of the same shape; it need not be concave.
    low, high : array_like, shape () or (B,)
        Range of player 1's payoff.
    slope : callable, optional
        F'; default: central differences with a step of 1e-6 of the range.

    Raises
    ------
    GameError
        If the range is empty or F rises somewhere on a grid of 101 points.
    """

    frontier: Callable[[FloatArray], FloatArray]
    low: npt.ArrayLike = 0.0
    high: npt.ArrayLike = 1.0
    slope: Callable[[FloatArray], FloatArray] | None = None

    def __post_init__(self) -> None:
        """Bring the range to (B,) and look at the function."""
        low, high = np.broadcast_arrays(finite("low", self.low), finite("high", self.high))
        low, high = np.atleast_1d(low), np.atleast_1d(high)
        if low.ndim != 1 or (low >= high).any():
            raise GameError("low, high: numbers or shape (B,) with low < high are allowed")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        grid = low + (high - low) * np.linspace(0.0, 1.0, 101)[:, None]
        values = finite("frontier", self.frontier(grid))
        if (np.diff(values, axis=0) > 1e-12 * (1.0 + np.abs(values).max())).any():
            raise GameError("frontier: a function that falls on the whole range is allowed")

    @property
    def n_players(self) -> int:
        """Two."""
        return 2

    @property
    def n_draws(self) -> int:
        """B."""
        return len(np.asarray(self.low))

    def offer(self, proposer: int, floors: FloatArray, previous: Offer | None = None) -> Offer:
        """Give player 1 its floor, or as much as leaves player 0 its own."""
        del previous
        low, high = np.asarray(self.low), np.asarray(self.high)
        tolerance = 1e-12 * (1.0 + np.abs(high - low))
        if proposer == 0:
            feasible = np.asarray(floors[:, 1] <= high + tolerance)
            level = np.clip(floors[:, 1], low, high)
            bound = floors[:, 1] > low
        else:
            floor = floors[:, 0]
            feasible = np.asarray(self.frontier(low) >= floor - tolerance)
            level = self._highest(floor)
            bound = self.frontier(high) < floor
        steep = -self._steepness(level)
        trade = steep if proposer == 0 else 1.0 / np.maximum(steep, 1e-300)
        multipliers = np.zeros_like(floors)
        multipliers[:, 1 - proposer] = np.where(bound, trade, 0.0)
        outcome = level[:, None]
        return Offer(
            outcome=outcome,
            payoffs=self.payoffs_of(outcome),
            feasible=feasible,
            multipliers=multipliers,
            converged=np.ones(len(level), dtype=bool),
        )

    def _highest(self, floor: FloatArray) -> FloatArray:
        """Return the largest u with F(u) >= floor, by bisection."""
        low, high = np.asarray(self.low).copy(), np.asarray(self.high).copy()
        whole = self.frontier(high) >= floor
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            fits = self.frontier(middle) >= floor
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        return np.asarray(np.where(whole, self.high, low))

    def _steepness(self, level: FloatArray) -> FloatArray:
        if self.slope is not None:
            return np.asarray(self.slope(level))
        low, high = np.asarray(self.low), np.asarray(self.high)
        step = 1e-6 * (high - low)
        right, left = np.minimum(level + step, high), np.maximum(level - step, low)
        return np.asarray((self.frontier(right) - self.frontier(left)) / (right - left))

    def payoffs_of(self, outcome: FloatArray) -> FloatArray:
        """Return (F(u), u)."""
        return np.stack([self.frontier(outcome[:, 0]), outcome[:, 0]], axis=1)

    def take(self, rows: IntArray) -> Curve:
        """Return the curve of some draws."""
        return Curve(
            self.frontier, np.asarray(self.low)[rows], np.asarray(self.high)[rows], self.slope
        )
