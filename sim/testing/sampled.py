"""Payoffs on a box, with the points at which their laws are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from sim.bargaining.problem import FloatArray, PayoffsLike, Rows
from sim.errors import ProblemError
from sim.payoffs import Evaluation

__all__ = ["MARGIN", "Function", "Plain", "Tried"]

DRAWS = 32
"""At most so many draws are looked at."""
CORNERS = 32
"""At most so many corners of the box are tried."""
MARGIN = 1e-3
"""Derivatives are looked at so far inside: a power may have an infinite slope at a bound."""
ROUNDING = 1e-13
"""Terms that cancel leave this share of a payoff's size, which is at least 1, as noise."""

Function = Callable[[FloatArray], ArrayLike]


@dataclass(frozen=True, eq=False)
class Tried:
    """Payoffs of at most `DRAWS` draws, their box, and where they are tried."""

    payoffs: PayoffsLike
    lower: FloatArray
    upper: FloatArray
    analytic: bool
    tried: tuple[FloatArray, ...]
    corners: tuple[FloatArray, ...]
    draws: tuple[int, ...]

    @classmethod
    def of(
        cls,
        payoffs: PayoffsLike | Function,
        lower: ArrayLike,
        upper: ArrayLike,
        points: int,
        seed: int,
    ) -> Tried:
        """Choose draws and points; see `sim.testing.check_laws`."""
        analytic = hasattr(payoffs, "evaluate")
        low, high = (np.atleast_2d(np.asarray(bound, float)) for bound in (lower, upper))
        given = cast(
            PayoffsLike, payoffs if analytic else Plain.of(cast(Function, payoffs), low, high)
        )
        n_draws, n_issues = given.n_draws, len(given.issues)
        try:
            low, high = (np.broadcast_to(bound, (n_draws, n_issues)) for bound in (low, high))
        except ValueError:
            raise ProblemError(
                f"bounds: shapes {low.shape} and {high.shape}; ({n_issues},) is allowed, or "
                f"({n_draws}, {n_issues})"
            ) from None
        if not (np.isfinite(low) & np.isfinite(high) & (low <= high)).all():
            raise ProblemError("bounds: must be finite, lower at most upper")
        kept = np.unique(np.linspace(0, n_draws - 1, min(DRAWS, n_draws)).astype(np.intp))
        low, high = low[kept], high[kept]
        tried = tuple(points_of(low, high, points, seed))
        corners = tuple(corners_of(low, high, seed))
        return cls(given.take(kept), low, high, analytic, tried, corners, tuple(kept.tolist()))

    def value(self, x: FloatArray) -> FloatArray:
        """Return payoffs (B, N) at outcomes (B, K)."""
        with np.errstate(all="ignore"):
            values: FloatArray = self.payoffs.evaluate(np.ascontiguousarray(x.T), 0).value.T
        return values

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return gradients (B, N, K)."""
        at = self.payoffs.evaluate(np.ascontiguousarray(x.T), 1)
        return np.moveaxis(at.gradient, 2, 0)

    def hessian(self, x: FloatArray) -> FloatArray:
        """Return dense Hessians (B, N, K, K)."""
        at = self.payoffs.evaluate(np.ascontiguousarray(x.T), 2)
        b, n, k = len(x), at.gradient.shape[0], at.gradient.shape[1]
        dense = np.zeros((b, n, k, k))
        for p, i, j, value in at.hessian:
            dense[:, p, i, j] += value
            if i != j:
                dense[:, p, j, i] += value
        if at.curvature is not None:
            slope = np.moveaxis(at.gradient, 2, 0)
            dense -= at.curvature.T[..., None, None] * slope[..., None] * slope[..., None, :]
        return dense

    @property
    def width(self) -> FloatArray:
        """Ranges (B, K)."""
        return self.upper - self.lower

    def spread(self) -> tuple[FloatArray, FloatArray]:
        """Return the range of each payoff over the points tried, and its rounding, (B, N)."""
        values = np.array([self.value(x) for x in self.tried])
        size = np.maximum(np.abs(values).max(axis=0), 1.0)
        return np.ptp(values, axis=0), ROUNDING * size

    def at(self, x: FloatArray, draw: int) -> str:
        """Return an outcome in words."""
        pairs = zip(self.payoffs.issues, x[draw], strict=True)
        words = ", ".join(f"{name} = {value:.6g}" for name, value in pairs)
        return words if len(x) == 1 else f"{words} in draw {self.draws[draw]}"


@dataclass(frozen=True, eq=False)
class Plain:
    """A plain function as payoffs of one draw; its derivatives are differences."""

    function: Function
    players: tuple[str, ...]
    issues: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    n_draws: int = 1

    @classmethod
    def of(cls, function: Function, low: FloatArray, high: FloatArray) -> Plain:
        """Find out how many players and issues the function speaks of."""
        shape = np.asarray(function((low[:1] + high[:1]) / 2.0)).shape
        if len(shape) != 2 or shape[0] != 1:
            raise ProblemError(f"function: returns shape {shape} at one outcome; (1, N) is allowed")
        players = tuple(f"player {p}" for p in range(shape[1]))
        issues = tuple(f"issue {i}" for i in range(low.shape[1]))
        return cls(function, players, issues, low[:1], high[:1])

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """All issues may interact."""
        return (tuple(range(len(self.issues))),)

    def take(self, rows: Rows) -> Plain:
        """Return itself: there is one draw."""
        return self

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        """Return v."""
        return v

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> Evaluation:
        """Evaluate; derivatives by central differences inside the box."""
        x = x_rows.T
        n, k = len(self.players), len(self.issues)
        step = MARGIN / 4.0 * (self.upper - self.lower)[0] if order else np.zeros(k)
        safe = np.where(step > 0, step, 1.0)
        inside = np.clip(x, self.lower + 2.0 * step, self.upper - 2.0 * step) if order else x

        def at(*moves: tuple[int, int]) -> FloatArray:
            point = inside.copy()
            for issue, sign in moves:
                point[:, issue] += sign * step[issue]
            return np.asarray(self.function(point), float).T

        gradient = np.zeros((n, k, len(x)))
        entries = []
        for i in range(k if order else 0):
            gradient[:, i] = (at((i, 1)) - at((i, -1))) / (2.0 * safe[i])
            for j in range(i, k):
                both = at((i, 1), (j, 1)) + at((i, -1), (j, -1))
                apart = at((i, 1), (j, -1)) + at((i, -1), (j, 1))
                second = (both - apart) / (4.0 * safe[i] * safe[j])
                entries += [(p, i, j, second[p]) for p in range(n)]
        return Evaluation(at(), gradient, tuple(entries), None)


def points_of(low: FloatArray, high: FloatArray, points: int, seed: int) -> Iterator[FloatArray]:
    """Yield two corners, the middle, middles of faces, then random points; shape (B, K) each."""
    middle = (low + high) / 2.0
    yield from (low, high, middle)
    for k in range(low.shape[1]):
        for bound in (low, high):
            face = middle.copy()
            face[:, k] = bound[:, k]
            yield face
    rng = np.random.default_rng(seed)
    for _ in range(points):
        yield low + (high - low) * rng.random(low.shape)


def corners_of(low: FloatArray, high: FloatArray, seed: int) -> Iterator[FloatArray]:
    """Yield all corners, (B, K) each; of more than 32 random ones, others in every draw."""
    n_issues, rng = low.shape[1], np.random.default_rng(seed)
    every = 2**n_issues <= CORNERS
    for corner in range(min(2**n_issues, CORNERS)):
        bits = corner >> np.arange(n_issues) & 1 if every else rng.integers(0, 2, low.shape)
        yield np.where(bits, high, low)
