"""The proposer's side of a table: its payoff as a function of what the responder gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.games._arrays import BoolArray, FloatArray
from sim.games.alternating_offers.tables import Offer, Table

__all__ = ["Side", "TabulatedSide"]

_NODES = 49


@dataclass(frozen=True, slots=True)
class Side:
    """phi(u) - d_p: the proposer's largest gain if the responder is to get at least u.

    Attributes
    ----------
    table : Table
    proposer : int
    fallback : ndarray, shape (B,)
        d_p.
    """

    table: Table
    proposer: int
    fallback: FloatArray

    def offer(self, level: FloatArray, near: Offer | None = None) -> Offer:
        """Return the offers that give the responder `level` (B,)."""
        floors = np.full((self.table.n_draws, 2), -np.inf)
        floors[:, 1 - self.proposer] = level
        return self.table.offer(self.proposer, floors, near)

    def offers(self, levels: FloatArray, near: Sequence[Offer] | None = None) -> list[Offer]:
        """Return one list of offers per column of `levels` (B, T), each started from the last."""
        found: list[Offer] = []
        for t in range(levels.shape[1]):
            start = near[t] if near else (found[-1] if found else None)
            found.append(self.offer(levels[:, t], start))
        return found

    def read(self, offers: Sequence[Offer]) -> tuple[FloatArray, FloatArray]:
        """Return gains and slopes (B, T); 0 where an offer is not feasible."""
        level = np.stack([o.payoffs[:, self.proposer] for o in offers], axis=1)
        slope = -np.stack([o.multipliers[:, 1 - self.proposer] for o in offers], axis=1)
        fits = np.stack([o.feasible for o in offers], axis=1)
        return (
            np.where(fits, level - self.fallback[:, None], 0.0),
            np.where(fits, slope, 0.0),
        )

    def highest(self) -> FloatArray:
        """Return the most that the responder can get, (B,)."""
        responder = 1 - self.proposer
        floors = np.full((self.table.n_draws, 2), -np.inf)
        return self.table.offer(responder, floors).payoffs[:, responder]

    def tabulate(self, reserve: FloatArray, reachable: BoolArray) -> TabulatedSide:
        """Return a piecewise cubic between the lowest and the highest reachable reservation."""
        low = reserve[:, 0]
        high = np.where(reachable, reserve, -np.inf).max(axis=1)
        high = np.where(np.isfinite(high), high, low)
        # nodes crowd at the top, where frontiers turn steep
        share = 1.0 - (1.0 - np.linspace(0.0, 1.0, _NODES)) ** 2
        width = np.maximum(high - low, 1e-12 * (1.0 + np.abs(low)))
        nodes = low[:, None] + width[:, None] * share
        level, slope = self.read(self.offers(nodes))
        return TabulatedSide(nodes, level, slope)


@dataclass(frozen=True, slots=True)
class TabulatedSide:
    """Cubic Hermite interpolation of a `Side`.

    Attributes
    ----------
    nodes, level, slope : ndarray, shape (B, M)
    """

    nodes: FloatArray
    level: FloatArray
    slope: FloatArray

    @property
    def span(self) -> FloatArray:
        """Largest gain or loss on the nodes, (B,)."""
        return np.asarray(np.abs(self.level).max(axis=1))

    def at(self, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value, first and second derivative at `points` (B, T)."""
        points = np.clip(points, self.nodes[:, :1], self.nodes[:, -1:])
        count = (points[:, :, None] >= self.nodes[:, None, :]).sum(axis=2)
        left = np.clip(count - 1, 0, self.nodes.shape[1] - 2)
        x0, x1 = (np.take_along_axis(self.nodes, left + s, axis=1) for s in (0, 1))
        y0, y1 = (np.take_along_axis(self.level, left + s, axis=1) for s in (0, 1))
        h = x1 - x0
        m0, m1 = (h * np.take_along_axis(self.slope, left + s, axis=1) for s in (0, 1))
        t = (points - x0) / h
        c2, c3 = 3.0 * (y1 - y0) - 2.0 * m0 - m1, 2.0 * (y0 - y1) + m0 + m1
        value = y0 + t * (m0 + t * (c2 + t * c3))
        first = (m0 + t * (2.0 * c2 + 3.0 * t * c3)) / h
        second = (2.0 * c2 + 6.0 * t * c3) / h**2
        return value, first, second
