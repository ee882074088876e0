"""How a solution concept violates an axiom at one case: a sentence, or None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from sim.bargaining import BoxProblem, CurveProblem, FiniteProblem, Solution, minkowski_sum, solve
from sim.bargaining.linear import max_sum
from sim.bargaining.problem import FloatArray
from sim.testing.transform import (
    Problem,
    enlarge,
    permute,
    reduce_to,
    rescale,
    shrink_around,
    symmetric,
)

__all__ = [
    "anonymity",
    "covariance",
    "improvement",
    "independence",
    "individual_rationality",
    "least_gain",
    "pareto",
    "product_dominance",
    "restricted_monotonicity",
    "stake",
    "superadditivity",
    "symmetry",
    "weight_monotonicity",
]

CLOSE = 1e-6
"""Differences below this share of a player's stake are none."""

Solve = Callable[[Any], Solution]


def stake(problem: Problem) -> FloatArray:
    """Return the size of each player's gains, shape (N,): what differences are measured in."""
    d = np.asarray(problem.disagreement)[0]
    if isinstance(problem, FiniteProblem):
        reach: FloatArray = np.abs(problem.utilities[0] - d).max(axis=0)
    else:
        reach = np.abs(solve(problem).payoffs[0] - d)
    return np.where(reach > 0, reach, 1.0)


def improvement(problem: Problem, payoffs: FloatArray) -> float:
    """Return how much more than `payoffs` there is to have if nobody is to lose.

    Parameters
    ----------
    problem : FiniteProblem, CurveProblem or BoxProblem
        Of one draw.
    payoffs : ndarray, shape (N,)

    Returns
    -------
    float
        The sum of the players' additional gains, each as a share of its stake; 0 if the
        point is Pareto optimal. On a box: whether some outcome gives everybody more, 1 or 0.
    """
    size = stake(problem)
    if isinstance(problem, FiniteProblem):
        more = (problem.utilities[0] - payoffs) / size
        if problem.lotteries:
            answer = max_sum(np.vstack([more, np.zeros(len(size))]), np.ones(len(size)))
            return max(answer.value, 0.0)
        better = np.all(more >= -CLOSE, axis=1)
        return float(np.where(better, more.sum(axis=1), 0.0).max())
    if isinstance(problem, CurveProblem):
        inside = min(max(float(payoffs[0]), problem.lower), problem.upper)
        return max(problem.height(inside) - float(payoffs[1]), 0.0) / float(size[1])
    threshold = payoffs + CLOSE * size
    return float(solve(replace(cast(BoxProblem, problem), disagreement=threshold)).agreement[0])


def _numbers(values: Sequence[float] | FloatArray) -> str:
    return "(" + ", ".join(f"{value:.9g}" for value in values) + ")"


def _differ(one: FloatArray, other: FloatArray, size: FloatArray) -> bool:
    return bool((np.abs(one - other) > CLOSE * size).any())


def individual_rationality(solution: Solve, problem: Problem) -> str | None:
    """Nobody gets less than without an agreement."""
    answer = solution(problem)
    got, d = answer.payoffs[0], np.asarray(problem.disagreement)[0]
    if answer.agreement[0]:
        if (got < d - CLOSE * stake(problem)).any():
            return f"it gives {_numbers(got)}, disagreement {_numbers(d)}"
    elif _differ(got, d, stake(problem)):
        return f"there is no agreement, yet it gives {_numbers(got)} instead of {_numbers(d)}"
    return None


def pareto(solution: Solve, problem: Problem) -> str | None:
    """Nobody can have more without a loss to somebody."""
    answer = solution(problem)
    got = answer.payoffs[0]
    if not answer.agreement[0]:
        d = np.asarray(problem.disagreement)[0]
        mutual = solve(problem).agreement[0]
        return f"no agreement, though all can gain on {_numbers(d)}" if mutual else None
    more = improvement(problem, got)
    if more > CLOSE:
        return f"it gives {_numbers(got)}; without a loss to anybody {more:.3g} more can be had"
    return None


def symmetry(solution: Solve, problem: FiniteProblem) -> str | None:
    """Players in exchangeable roles get the same."""
    even = symmetric(problem)
    got = solution(even).payoffs[0]
    if np.ptp(got) > CLOSE * float(stake(even).max()):
        return f"equal players of the symmetric problem around it get {_numbers(got)}"
    return None


def anonymity(solution: Solve, case: tuple[FiniteProblem, list[int]]) -> str | None:
    """Names do not matter."""
    problem, order = case
    want = solution(problem).payoffs[0][order]
    got = solution(permute(problem, order)).payoffs[0]
    if _differ(got, want, stake(problem)[order]):
        return f"with players in order {order} it gives {_numbers(got)}, not {_numbers(want)}"
    return None


def covariance(solution: Solve, case: tuple[Problem, list[float], list[float]]) -> str | None:
    """Units and origins of utility do not matter."""
    problem, factors, shifts = case
    n = len(stake(problem))
    scale, shift = np.array(factors[:n]), np.array(shifts[:n])
    want = solution(problem).payoffs[0] * scale + shift
    got = solution(rescale(problem, scale, shift)).payoffs[0]
    if _differ(got, want, stake(problem) * scale + 1e-9 * np.abs(shift)):
        return (
            f"in units of {_numbers(scale)} from {_numbers(shift)} it gives {_numbers(got)}, "
            f"not {_numbers(want)}"
        )
    return None


def independence(solution: Solve, case: tuple[Problem, list[bool], float]) -> str | None:
    """What is chosen stays chosen when other outcomes go."""
    problem, kept, share = case
    answer = solution(problem)
    if not answer.agreement[0]:
        return None
    want = answer.payoffs[0]
    if isinstance(problem, FiniteProblem):
        mask = (kept * problem.utilities.shape[1])[: problem.utilities.shape[1]]
        smaller: Problem = reduce_to(problem, want, mask)
    else:
        smaller = shrink_around(cast(BoxProblem, problem), answer.outcome, share)
    got = solution(smaller).payoffs[0]
    # Where the product is flat, equal products 10⁻⁶ apart in payoffs are the same answer.
    if (np.abs(got - want) > np.sqrt(CLOSE) * stake(problem)).any():
        return f"from {_numbers(want)} it moves to {_numbers(got)} when other outcomes go"
    return None


def restricted_monotonicity(
    solution: Solve, case: tuple[FiniteProblem, list[list[float]]]
) -> str | None:
    """A larger set with the same ideal point hurts nobody."""
    problem, added = case
    larger = enlarge(problem, added)
    before, after = solution(problem).payoffs[0], solution(larger).payoffs[0]
    if (after < before - CLOSE * stake(larger)).any():
        return (
            f"from {_numbers(before)} it falls to {_numbers(after)} when the set grows to "
            f"{larger.utilities[0].tolist()} with the same ideal point"
        )
    return None


def least_gain(solution: Solve, case: tuple[FiniteProblem, list[list[float]]]) -> str | None:
    """A larger set does not lower the least gain."""
    problem, added = case
    larger = replace(
        problem,
        utilities=np.vstack([problem.utilities[0], np.array(added)[:, : problem.n_players]]),
    )
    weights = cast(FloatArray, problem.weights)[0]
    before, after = (
        float(((solution(p).payoffs[0] - problem.disagreement[0]) / weights).min())
        for p in (problem, larger)
    )
    if after < before - CLOSE * float((stake(larger) / weights).max()):
        return f"the least gain falls from {before:.9g} to {after:.9g} when {added} are added"
    return None


def superadditivity(solution: Solve, case: tuple[FiniteProblem, FiniteProblem]) -> str | None:
    """The sum of two problems gives nobody less than both apart."""
    linked = minkowski_sum(*case)
    apart = sum(solution(table).payoffs[0] for table in case)
    together = solution(linked).payoffs[0]
    if (together < apart - CLOSE * stake(linked)).any():
        return f"apart {_numbers(apart)}, linked {_numbers(together)}"
    return None


def product_dominance(solution: Solve, case: tuple[FiniteProblem, FiniteProblem]) -> str | None:
    """The product of gains is not lower in the sum of two problems."""
    linked = minkowski_sum(*case)
    d = linked.disagreement[0]
    apart = sum(solution(table).payoffs[0] for table in case) - d
    together = solution(linked).payoffs[0] - d
    size = stake(linked)
    if np.prod(together / size) < np.prod(apart / size) - CLOSE:
        return f"gains apart {_numbers(apart)}, linked {_numbers(together)}"
    return None


def weight_monotonicity(solution: Solve, case: tuple[FiniteProblem, float]) -> str | None:
    """A larger weight does not hurt."""
    problem, factor = case
    weights = np.array(cast(FloatArray, problem.weights))
    weights[:, 0] *= factor
    before = solution(problem).payoffs[0, 0]
    after = solution(replace(problem, weights=weights)).payoffs[0, 0]
    if after < before - CLOSE * stake(problem)[0]:
        return f"player 1 falls from {before:.9g} to {after:.9g} with {factor} times the weight"
    return None
