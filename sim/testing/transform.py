"""The same bargaining problem in other units, with other names, smaller or larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import cast

import numpy as np

from sim.bargaining import BoxProblem, CurveProblem, FiniteProblem, TransferableProblem
from sim.bargaining.linear import ideal_gains
from sim.bargaining.problem import EvaluationLike, FloatArray, PayoffsLike, Rows
from sim.payoffs import Evaluation

__all__ = [
    "AffinePayoffs",
    "describe",
    "enlarge",
    "permute",
    "reduce_to",
    "rescale",
    "shrink_around",
    "symmetric",
    "without_losses",
]

Problem = BoxProblem | CurveProblem | FiniteProblem | TransferableProblem


@dataclass(frozen=True, eq=False)
class AffinePayoffs:
    """Payoffs s_i v_i + t_i of other payoffs v.

    Parameters
    ----------
    base : PayoffsLike
    scale : ndarray, shape (N,)
        Positive.
    shift : ndarray, shape (N,)
    """

    base: PayoffsLike
    scale: FloatArray
    shift: FloatArray

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the players."""
        return self.base.players

    @property
    def issues(self) -> tuple[str, ...]:
        """Names of the issues."""
        return self.base.issues

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Partition of the issues."""
        return self.base.blocks

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self.base.n_draws

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> EvaluationLike:
        """Evaluate; Hess = s (entries − c ∇v ∇vᵀ), so that c becomes c / s."""
        at = self.base.evaluate(x_rows, order)
        scale, shift = self.scale[:, None], self.shift[:, None]
        return Evaluation(
            value=scale * at.value + shift,
            gradient=scale[:, None] * at.gradient,
            hessian=tuple((p, i, j, self.scale[p] * h) for p, i, j, h in at.hessian),
            curvature=None if at.curvature is None else at.curvature / scale,
        )

    def take(self, rows: Rows) -> AffinePayoffs:
        """Restrict to some draws."""
        return AffinePayoffs(self.base.take(rows), self.scale, self.shift)

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        """Return the change of money worth v, which no unit of utility changes."""
        return self.base.certainty_equivalent((v - self.shift) / self.scale)


def rescale(
    problem: Problem, scale: Sequence[float] | FloatArray, shift: Sequence[float] | FloatArray
) -> Problem:
    """Return the problem in other units of utility: s_i u_i + t_i, disagreement likewise.

    Parameters
    ----------
    problem : BoxProblem, CurveProblem, FiniteProblem or TransferableProblem
    scale, shift : sequence of float
        One number a player; the scale is positive.
    """
    s, t = np.asarray(scale, float), np.asarray(shift, float)
    d = np.asarray(problem.disagreement) * s + t
    if isinstance(problem, FiniteProblem):
        return replace(problem, utilities=problem.utilities * s + t, disagreement=d)
    if isinstance(problem, TransferableProblem):
        normal = cast(FloatArray, problem.normal) / s
        return replace(problem, budget=problem.budget + normal @ t, disagreement=d, normal=normal)
    if isinstance(problem, CurveProblem):
        f = problem.function
        return replace(
            problem,
            function=lambda u1: s[1] * np.asarray(f((u1 - t[0]) / s[0])) + t[1],
            lower=problem.lower * s[0] + t[0],
            upper=problem.upper * s[0] + t[0],
            disagreement=d[0],
            derivative=None,
        )
    return replace(problem, payoffs=AffinePayoffs(problem.payoffs, s, t), disagreement=d)


def permute(problem: FiniteProblem, order: Sequence[int]) -> FiniteProblem:
    """Return the problem with the players in another order."""
    place = list(order)
    weights = cast(FloatArray, problem.weights)
    return replace(
        problem,
        utilities=problem.utilities[..., place],
        disagreement=problem.disagreement[:, place],
        weights=weights[:, place],
    )


def symmetric(problem: FiniteProblem) -> FiniteProblem:
    """Return the smallest symmetric problem around one: every player in every role.

    The disagreement point is that of the first player for all; its alternatives are moved
    along, so that gains stay what they were.
    """
    gains = problem.gains()
    level = problem.disagreement[:, :1]
    roles = [gains[..., list(order)] for order in permutations(range(problem.n_players))]
    return FiniteProblem(
        np.concatenate(roles, axis=1) + level[:, None],
        np.repeat(level, problem.n_players, axis=1),
        lotteries=problem.lotteries,
    )


def reduce_to(problem: FiniteProblem, point: FloatArray, kept: Sequence[bool]) -> FiniteProblem:
    """Return the problem with a point, and only some of the alternatives, in their order.

    Parameters
    ----------
    problem : FiniteProblem
        Of one draw.
    point : ndarray, shape (N,)
        Without lotteries one of the alternatives, which is kept where it stands; with
        lotteries any point of the hull.
    kept : sequence of bool
        One for each alternative.
    """
    alternatives = problem.utilities[0]
    mask = np.array(kept, dtype=bool)
    if problem.lotteries:
        return replace(problem, utilities=np.vstack([point, alternatives[mask]]))
    mask |= (alternatives == point).all(axis=1)
    return replace(problem, utilities=alternatives[mask])


def shrink_around(problem: BoxProblem, outcome: FloatArray, share: float) -> BoxProblem:
    """Return the problem on a smaller box that still holds the outcome.

    Parameters
    ----------
    problem : BoxProblem
    outcome : ndarray, shape (B, K)
    share : float
        How much of the distance from the outcome to each bound is left.
    """
    lower, upper = problem.bounds
    return replace(
        problem,
        lower=outcome - share * (outcome - lower),
        upper=outcome + share * (upper - outcome),
        start=None,
    )


def enlarge(problem: FiniteProblem, shares: Sequence[Sequence[float]]) -> FiniteProblem:
    """Return a larger problem with the same ideal point.

    Parameters
    ----------
    problem : FiniteProblem
        Of one draw with lotteries and an agreement.
    shares : sequence of sequences of float
        Further alternatives, each player's gain as a share of its ideal gain, in [0, 1].
    """
    ideal = ideal_gains(problem.gains()[0])
    added = problem.disagreement[0] + np.asarray(shares, float) * ideal
    return replace(problem, utilities=np.vstack([problem.utilities[0], added]))


def without_losses(problem: FiniteProblem) -> FiniteProblem:
    """Return the problem with every loss raised to a gain of 0.

    On such sets, inside the positive quadrant around the disagreement point, the theorems on
    larger sets and on sums of sets are stated.
    """
    return replace(problem, utilities=np.maximum(problem.utilities, problem.disagreement[:, None]))


def describe(value: object) -> str:
    """Return a counterexample as text that can be typed in again."""
    if isinstance(value, FiniteProblem):
        weights = cast(FloatArray, value.weights)
        given = "" if np.ptp(weights) == 0 else f", weights={_plain(weights[0])}"
        lotteries = ", lotteries=True" if value.lotteries else ""
        return (
            f"FiniteProblem({_plain(value.utilities[0])}, "
            f"{_plain(value.disagreement[0])}{lotteries}{given})"
        )
    if isinstance(value, CurveProblem):
        return (
            f"CurveProblem({value.function}, {value.lower:.12g}, {value.upper:.12g}, "
            f"{_plain(value.disagreement[0])})"
        )
    if isinstance(value, BoxProblem):
        lower, upper = value.bounds
        return (
            f"BoxProblem({value.payoffs}, lower={_plain(lower[0])}, upper={_plain(upper[0])}, "
            f"disagreement={_plain(np.asarray(value.disagreement)[0])})"
        )
    if isinstance(value, np.ndarray):
        return _plain(value)
    return repr(value)


def _plain(array: FloatArray) -> str:
    """Return nested lists with numbers as short as they can be."""
    if array.ndim == 0:
        return f"{float(array):.12g}"
    return "[" + ", ".join(_plain(row) for row in array) + "]"
