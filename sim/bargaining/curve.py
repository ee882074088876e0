"""Two players whose efficient payoffs lie on a curve u₂ = f(u₁)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.bargaining.finite import RELATIVE, as_finite, parties
from sim.bargaining.perles_maschler import midpoint_of_curve, travel
from sim.bargaining.problem import FloatArray, Solution
from sim.bargaining.raiffa import continuous_on_curve, discrete
from sim.errors import ProblemError

__all__ = ["CurveProblem", "rational_range", "solve_curve"]

CERTIFIED = 1e-8
"""A larger residual is reported as not converged."""
GRID = 513
"""Points at which a curve is checked and several maxima are told apart."""
BEND = 1e-9
"""A second difference above it, relative to the fall of the curve, is not concave."""

Curve = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class CurveProblem:
    """A bargaining problem under the curve u₂ = f(u₁), with free disposal.

    Parameters
    ----------
    function : callable
        f, on arrays; it must not rise. It need not be concave, except for Perles–Maschler
        and Raiffa.
    lower, upper : float
        Range of u₁ on the curve.
    disagreement : array_like, shape (2,)
    weights : array_like, shape (2,), optional
        Bargaining weights, positive; equal by default.
    derivative : callable, optional
        f′, on arrays; used where given for accuracy.

    Raises
    ------
    ProblemError
        If the range is upside down, or f is not finite or rises somewhere in it.

    Examples
    --------
    >>> problem = CurveProblem(lambda u: 1 - u**2, 0, 1, [0, 0])
    >>> solve_curve(problem, "nash").payoffs.round(6)
    array([[0.57735 , 0.666667]])
    """

    function: Curve
    lower: float
    upper: float
    disagreement: FloatArray
    weights: FloatArray | None = None
    derivative: Curve | None = None

    def __post_init__(self) -> None:
        disagreement, weights = parties(self.disagreement, self.weights, 2)
        if len(disagreement) != 1 or len(weights) != 1:
            raise ProblemError("draws: a curve is one problem; solve curves one at a time")
        lower, upper = as_finite([self.lower, self.upper], "lower and upper", (1,))
        if not lower < upper:
            raise ProblemError(f"range: lower {lower} must be less than upper {upper}")
        object.__setattr__(self, "disagreement", disagreement)
        object.__setattr__(self, "weights", weights)
        values = self.heights(np.linspace(lower, upper, GRID))
        if not np.isfinite(values).all():
            raise ProblemError("function: not finite everywhere between lower and upper")
        if (np.diff(values) > RELATIVE * np.abs(values).max()).any():
            raise ProblemError("function: rises somewhere; u2 must not rise with u1")

    @property
    def n_draws(self) -> int:
        """Number of draws, 1."""
        return 1

    @property
    def n_players(self) -> int:
        """Number of players, 2."""
        return 2

    def heights(self, u1: FloatArray) -> FloatArray:
        """Return f at an array of u₁."""
        found = np.asarray(self.function(u1), dtype=np.float64)
        return found if found.shape == u1.shape else np.broadcast_to(found, u1.shape)

    def height(self, u1: float) -> float:
        """Return f at one u₁."""
        return float(self.heights(np.array([u1]))[0])


@dataclass(frozen=True, eq=False)
class _Part:
    """The individually rational part of a curve, from u₁ = left to u₁ = right."""

    problem: CurveProblem
    left: float
    right: float

    @property
    def d(self) -> FloatArray:
        point: FloatArray = self.problem.disagreement[0]
        return point

    @property
    def weights(self) -> FloatArray:
        weights: FloatArray = np.asarray(self.problem.weights)[0]
        return weights

    @property
    def ideal(self) -> FloatArray:
        return np.array([self.right - self.d[0], self.problem.height(self.left) - self.d[1]])

    def gains(self, u1: FloatArray) -> FloatArray:
        """Return gains at an array of u₁, shape (2, …)."""
        return np.stack([u1 - self.d[0], self.problem.heights(u1) - self.d[1]])

    def gain(self, u1: float) -> FloatArray:
        """Return gains at one u₁, shape (2,)."""
        one: FloatArray = self.gains(np.array([u1]))[:, 0]
        return one

    def width(self, u2: float) -> float:
        """Return the largest u₁ on the part at which f ≥ u₂."""
        if self.problem.height(self.right) >= u2:
            return self.right
        if self.problem.height(self.left) <= u2:
            return self.left
        return _root(lambda u1: self.problem.height(u1) - u2, self.left, self.right)


def _root(function: Callable[[float], float], left: float, right: float) -> float:
    """Return where a function that falls through 0 between two points does so."""
    from scipy.optimize import brentq

    return float(brentq(function, left, right, xtol=1e-15 * max(abs(left), abs(right)), rtol=1e-14))


def _rational(problem: CurveProblem) -> _Part | None:
    """Return the part of the curve with both gains, or None if there is none."""
    d1, d2 = problem.disagreement[0]
    left = max(problem.lower, float(d1))
    tolerance = RELATIVE * max(problem.upper - problem.lower, 1e-300)
    if problem.upper - d1 <= tolerance or problem.height(left) - d2 <= 0:
        return None
    right = problem.upper
    if problem.height(right) < d2:
        right = _root(lambda u1: problem.height(u1) - float(d2), left, right)
    part = _Part(problem, left, right)
    return part if (part.ideal > 0).all() else None


Choice = tuple[float, float]
"""u₁, and by how much the definition is missed there."""


def _largest(score: Curve, part: _Part) -> Choice:
    """Return the u₁ with the largest score: a grid, then Brent, then its flat derivative.

    It is missed by as much as another point of the grid is better.
    """
    from scipy.optimize import brentq, minimize_scalar

    grid = np.linspace(part.left, part.right, GRID)
    values = score(grid)
    k = int(values.argmax())
    low, high = grid[max(k - 1, 0)], grid[min(k + 1, GRID - 1)]

    def one(u1: float) -> float:
        return float(score(np.array([u1]))[0])

    width = part.right - part.left
    found = minimize_scalar(
        lambda u: -one(u), bounds=(low, high), method="bounded", options={"xatol": 1e-10 * width}
    )
    best = max((float(found.x), float(grid[k])), key=one)
    # A maximum is known to half the digits of its value: refine by a fourth-order slope, whose
    # error grows towards an end, where a log is steep.
    step = min(1e-3 * width, 1e-2 * min(best - part.left, part.right - best))

    def slope(u1: float) -> float:
        near = score(u1 + step * np.array([-2.0, -1.0, 1.0, 2.0]))
        return float(near @ np.array([1.0, -8.0, 8.0, -1.0]))

    low, high = best - step, best + step
    if step > 0 and slope(low) > 0 > slope(high):
        best = float(brentq(slope, low, high, xtol=1e-15 * width))
    return best, max(float(values[k]) - one(best), 0.0)


def _nash_score(part: _Part) -> Curve:
    def score(u1: FloatArray) -> FloatArray:
        gains = part.gains(u1)
        safe = np.log(np.where(gains > 0, gains, 1.0))
        total: FloatArray = np.where((gains > 0).all(axis=0), part.weights @ safe, -np.inf)
        return total

    return score


def _nash(part: _Part) -> Choice:
    """Max Σ w_i log g_i."""
    return _largest(_nash_score(part), part)


def _ray(part: _Part, direction: FloatArray) -> Choice:
    """Where the ray from the disagreement point meets the curve, or the nearer end."""

    def side(u1: float) -> float:
        g1, g2 = part.gain(u1)
        return float(g2 * direction[0] - g1 * direction[1])

    if side(part.left) <= 0:
        return part.left, 0.0
    if side(part.right) >= 0:
        return part.right, 0.0
    u1 = _root(side, part.left, part.right)
    share = part.gain(u1) / direction
    return u1, float(abs(share[0] - share[1]) / share.max())


def _utilitarian(part: _Part) -> Choice:
    """Max Σ w_i g_i, and the Nash product among ties."""

    def total(u1: FloatArray) -> FloatArray:
        sums: FloatArray = part.weights @ part.gains(u1)
        return sums

    best, missed = _largest(total, part)
    grid = np.linspace(part.left, part.right, GRID)
    top = float(part.weights @ part.gain(best))
    tied = grid[total(grid) >= top - RELATIVE * abs(top)]
    if len(tied) < 2:
        return best, missed / top
    return _largest(_nash_score(part), _Part(part.problem, float(tied[0]), float(tied[-1])))


def _perles_maschler(part: _Part) -> Choice:
    """Equal travelling times from both ends."""
    curve, slope = part.problem.heights, part.problem.derivative
    u1 = midpoint_of_curve(curve, part.left, part.right, derivative=slope)
    before = travel(curve, part.left, u1, derivative=slope)
    after = travel(curve, u1, part.right, derivative=slope)
    return u1, abs(before - after) / max(before + after, 1e-300)


def _raiffa(part: _Part) -> Choice:
    """Limit of d ← (d + ideal(d)) / 2."""
    end, left = discrete(
        lambda u1: part.problem.heights(np.maximum(u1, part.left)),
        lambda u2: np.array([part.width(float(v)) for v in u2]),
        part.d[None],
    )
    return float(np.clip(end[0, 0], part.left, part.right)), float(left[0])


def _raiffa_continuous(part: _Part) -> Choice:
    """Limit of dd/dt = ideal(d) − d."""
    d1, d2 = (float(v) for v in part.d)
    end, left = continuous_on_curve(
        lambda g1: part.problem.height(min(max(g1 + d1, part.left), part.right)) - d2,
        lambda g2: part.width(g2 + d2) - d1,
    )
    return float(np.clip(d1 + end[0], part.left, part.right)), left


def rational_range(problem: CurveProblem) -> tuple[float, float] | None:
    """Return the range of u₁ on which nobody loses, or None if there is no agreement."""
    part = _rational(problem)
    return None if part is None else (part.left, part.right)


CHOICES: dict[str, Callable[[_Part], Choice]] = {
    "nash": _nash,
    "kalai_smorodinsky": lambda part: _ray(part, part.ideal),
    "egalitarian": lambda part: _ray(part, part.weights),
    "utilitarian": _utilitarian,
    "perles_maschler": _perles_maschler,
    "raiffa": _raiffa,
    "raiffa_continuous": _raiffa_continuous,
}
NEEDS_CONVEX = ("perles_maschler", "raiffa", "raiffa_continuous")


def solve_curve(problem: CurveProblem, solution: str) -> Solution:
    """Return the point of the curve that a solution concept picks.

    Parameters
    ----------
    problem : CurveProblem
    solution : str
        `nash`, `kalai_smorodinsky`, `egalitarian`, `utilitarian`, `perles_maschler`,
        `raiffa` (discrete) or `raiffa_continuous`.

    Returns
    -------
    Solution
        Of one draw, to some ten digits; `outcome` is u₁. `residual`: by how much a point of
        a grid is better (`nash`, `utilitarian`), or by how much the equality that defines
        the solution is missed, relative. `parameters` has `ideal`.

    Raises
    ------
    ProblemError
        If a solution for convex sets is asked of a curve that is not concave.
    """
    part = _rational(problem)
    if part is None:
        return _solution(problem, None, (problem.lower, 0.0), solution)
    if solution in NEEDS_CONVEX:
        _must_be_concave(part, solution)
    return _solution(problem, part, CHOICES[solution](part), solution)


def _must_be_concave(part: _Part, solution: str) -> None:
    values = part.problem.heights(np.linspace(part.left, part.right, GRID))
    if (np.diff(values, 2) > BEND * (values[0] - values[-1])).any():
        raise ProblemError(
            f"{solution}: defined for convex sets, and the curve is not concave between "
            f"{part.left:.6g} and {part.right:.6g}"
        )


def _solution(problem: CurveProblem, part: _Part | None, choice: Choice, solution: str) -> Solution:
    u1, missed = choice
    point = problem.disagreement[0] if part is None else np.array([u1, problem.height(u1)])
    return Solution(
        point[None].copy(),
        np.array([[u1]]),
        np.array([part is not None]),
        np.array([missed <= CERTIFIED]),
        np.array([missed]),
        solution,
        {"ideal": np.zeros((1, 2)) if part is None else part.ideal[None]},
    )
