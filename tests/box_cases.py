"""Payoffs and problems for the tests of the box solvers: smooth, random, and with known answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import BoxProblem

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """What `Smooth.evaluate` returns."""

    value: FloatArray
    gradient: FloatArray
    hessian: tuple[tuple[int, int, int, FloatArray], ...]
    curvature: FloatArray | None


@dataclass(frozen=True)
class Smooth:
    """u_p = sum_k [a x_k - b (x_k - c)^2/2 + e sqrt(x_k)] + sum over pairs f x_i x_j.

    `slope`, `bend`, `ideal`, `root` are (B, N, K), `cross` (B, N, P) for P `pairs` of issues;
    with risk aversion a > 0, (N,), payoffs are (1 - exp(-a u))/a.
    """

    slope: FloatArray
    bend: FloatArray
    ideal: FloatArray
    root: FloatArray
    cross: FloatArray
    pairs: tuple[tuple[int, int], ...] = ()
    aversion: FloatArray | None = None
    scale: FloatArray | None = None
    shift: FloatArray | None = None
    blocks: tuple[tuple[int, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        label = list(range(len(self.issues)))
        for i, j in self.pairs:
            low, high = sorted((label[i], label[j]))
            label = [low if a == high else a for a in label]
        groups = tuple(
            tuple(k for k in range(len(label)) if label[k] == a) for a in sorted(set(label))
        )
        object.__setattr__(self, "blocks", groups)

    @property
    def players(self) -> tuple[str, ...]:
        return tuple(f"player {p}" for p in range(self.slope.shape[1]))

    @property
    def issues(self) -> tuple[str, ...]:
        return tuple(f"issue {k}" for k in range(self.slope.shape[2]))

    @property
    def n_draws(self) -> int:
        return self.slope.shape[0]

    def take(self, rows: NDArray[np.intp] | slice) -> Smooth:
        arrays = (self.slope, self.bend, self.ideal, self.root, self.cross)
        return Smooth(*(a[rows] for a in arrays), self.pairs, self.aversion, self.scale, self.shift)

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> Point:
        a, b, c, e = (
            np.ascontiguousarray(m.transpose(1, 2, 0))
            for m in (self.slope, self.bend, self.ideal, self.root)
        )
        f = self.cross.transpose(1, 2, 0)
        n, k, _ = a.shape
        z = np.maximum(x_rows, 1e-12)
        r = np.sqrt(z)
        away = x_rows - c
        parts = a * x_rows - 0.5 * b * away * away + e * r
        value = np.zeros((n, self.n_draws))
        for i in range(k):
            value += parts[:, i]
        gradient = a - b * away + 0.5 * e / r
        entries = []
        for p in range(n):
            for i in range(k):
                entries.append((p, i, i, -b[p, i] - 0.25 * e[p, i] / (z[i] * r[i])))
            for at, (i, j) in enumerate(self.pairs):
                value[p] += f[p, at] * x_rows[i] * x_rows[j]
                gradient[p, i] += f[p, at] * x_rows[j]
                gradient[p, j] += f[p, at] * x_rows[i]
                entries.append((p, min(i, j), max(i, j), f[p, at].copy()))
        curvature = None
        if self.aversion is not None:
            risk = self.aversion[:, None]
            factor = np.exp(-risk * value)
            value = -np.expm1(-risk * value) / risk
            gradient = gradient * factor[:, None]
            entries = [(p, i, j, factor[p] * h) for p, i, j, h in entries]
            curvature = risk / factor
        if self.scale is not None:
            value = self.scale[:, None] * value + self.shift[:, None]
            gradient = self.scale[:, None, None] * gradient
            entries = [(p, i, j, self.scale[p] * h) for p, i, j, h in entries]
            curvature = None if curvature is None else curvature / self.scale[:, None]
        if order < 1:
            gradient = gradient[:, :0]
        return Point(value, gradient, tuple(entries) if order > 1 else (), curvature)

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        if self.scale is not None:
            v = (v - self.shift) / self.scale
        return v.copy() if self.aversion is None else -np.log1p(-self.aversion * v) / self.aversion

    def at(self, x: FloatArray) -> FloatArray:
        """Return payoffs (B, N) at outcomes (B, K)."""
        return self.evaluate(np.ascontiguousarray(x.T), 0).value.T


def random_payoffs(
    rng: np.random.Generator,
    n: int,
    k: int,
    b: int,
    *,
    concave: bool = True,
    pairs: tuple[tuple[int, int], ...] = (),
) -> Smooth:
    """Return opposed interests with something to gain together."""
    shape = (b, n, k)
    conflict = rng.normal(size=(b, 1, k)) * rng.choice([-1.0, 1.0], size=shape)
    bend = rng.uniform(0.2, 3.0, shape)
    if not concave:
        bend -= rng.uniform(0.0, 3.0, shape)
    cross = rng.uniform(-0.3, 0.3, (b, n, len(pairs)))
    return Smooth(
        conflict + 0.2 * rng.normal(size=shape),
        bend,
        rng.uniform(0.0, 1.0, shape),
        rng.uniform(0.0, 1.0, shape) * (rng.random(shape) < 0.3),
        cross,
        pairs,
    )


def random_problem(
    rng: np.random.Generator,
    n: int,
    k: int,
    b: int,
    *,
    concave: bool = True,
    pairs: tuple[tuple[int, int], ...] = (),
    weights: FloatArray | None = None,
) -> BoxProblem:
    """Return a problem in which everybody can gain: d is below some inner outcome."""
    payoffs = random_payoffs(rng, n, k, b, concave=concave, pairs=pairs)
    inner = rng.uniform(0.1, 0.9, (b, k))
    d = payoffs.at(inner) - rng.uniform(0.05, 1.0, (b, n))
    return BoxProblem(payoffs, np.zeros(k), np.ones(k), d, weights=weights)


def gains(problem: BoxProblem, x: FloatArray) -> FloatArray:
    """Return v(x) - d, (B, N)."""
    rows = np.ascontiguousarray(np.broadcast_to(x, (problem.n_draws, problem.n_issues)).T)
    return problem.payoffs.evaluate(rows, 0).value.T - np.asarray(problem.disagreement)


def stakes(problem: BoxProblem) -> FloatArray:
    """Return how much of each payoff the table moves, (B, N)."""
    lower, upper = problem.bounds
    middle = np.ascontiguousarray((0.5 * (lower + upper)).T)
    gradient = problem.payoffs.evaluate(middle, 1).gradient
    return np.abs(gradient * (upper - lower).T).sum(axis=1).T


def outcomes(problem: BoxProblem, rng: np.random.Generator, number: int) -> FloatArray:
    """Return random outcomes, some at bounds, (number, B, K)."""
    lower, upper = problem.bounds
    share = rng.uniform(-0.2, 1.2, (number, *lower.shape)).clip(0.0, 1.0)
    return lower + share * (upper - lower)
