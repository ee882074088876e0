"""The axioms of bargaining, each as a test that tries to refute a solution concept.

A case of an axiom is a problem, or a few, with whatever else the axiom speaks about. Its
`refute` returns a sentence that says how a solution violates the axiom at that case, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from hypothesis import strategies as st

from sim.bargaining import BoxProblem, CurveProblem, FiniteProblem, Solution, minkowski_sum, solve
from sim.bargaining.linear import max_sum
from sim.bargaining.problem import FloatArray
from sim.testing.strategies import eighths, hull_problems
from sim.testing.transform import (
    Problem,
    enlarge,
    permute,
    reduce_to,
    rescale,
    shrink_around,
    symmetric,
    without_losses,
)

__all__ = ["AXIOMS", "SATISFIES", "Axiom", "improvement"]

CLOSE = 1e-6
"""Differences below this share of a player's stake are none."""

Solve = Callable[[Any], Solution]
Cases = Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]]


@dataclass(frozen=True, slots=True)
class Axiom:
    """One axiom.

    Parameters
    ----------
    name : str
    statement : str
        In one sentence.
    reference : str
    refute : callable
        (solution, case) → how it is violated, or None.
    cases : callable
        From a strategy for problems to one for cases.
    problems : strategy
        Problems by default.
    """

    name: str
    statement: str
    reference: str
    refute: Callable[[Solve, Any], str | None]
    cases: Cases
    problems: st.SearchStrategy[Any]


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


def _rational(solution: Solve, problem: Problem) -> str | None:
    answer = solution(problem)
    got, d = answer.payoffs[0], np.asarray(problem.disagreement)[0]
    if answer.agreement[0]:
        if (got < d - CLOSE * stake(problem)).any():
            return f"it gives {_numbers(got)}, disagreement {_numbers(d)}"
    elif _differ(got, d, stake(problem)):
        return f"there is no agreement, yet it gives {_numbers(got)} instead of {_numbers(d)}"
    return None


def _pareto(solution: Solve, problem: Problem) -> str | None:
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


def _symmetry(solution: Solve, problem: FiniteProblem) -> str | None:
    even = symmetric(problem)
    got = solution(even).payoffs[0]
    if np.ptp(got) > CLOSE * float(stake(even).max()):
        return f"equal players of the symmetric problem around it get {_numbers(got)}"
    return None


def _anonymity(solution: Solve, case: tuple[FiniteProblem, list[int]]) -> str | None:
    problem, order = case
    want = solution(problem).payoffs[0][order]
    got = solution(permute(problem, order)).payoffs[0]
    if _differ(got, want, stake(problem)[order]):
        return f"with players in order {order} it gives {_numbers(got)}, not {_numbers(want)}"
    return None


def _covariance(solution: Solve, case: tuple[Problem, list[float], list[float]]) -> str | None:
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


def _iia(solution: Solve, case: tuple[Problem, list[bool], float]) -> str | None:
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


def _restricted_monotonicity(
    solution: Solve, case: tuple[FiniteProblem, list[list[float]]]
) -> str | None:
    problem, added = case
    larger = enlarge(problem, added)
    before, after = solution(problem).payoffs[0], solution(larger).payoffs[0]
    if (after < before - CLOSE * stake(larger)).any():
        return (
            f"from {_numbers(before)} it falls to {_numbers(after)} when the set grows to "
            f"{larger.utilities[0].tolist()} with the same ideal point"
        )
    return None


def _least_gain(solution: Solve, case: tuple[FiniteProblem, list[list[float]]]) -> str | None:
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


def _superadditivity(solution: Solve, case: tuple[FiniteProblem, FiniteProblem]) -> str | None:
    linked = minkowski_sum(*case)
    apart = sum(solution(table).payoffs[0] for table in case)
    together = solution(linked).payoffs[0]
    if (together < apart - CLOSE * stake(linked)).any():
        return f"apart {_numbers(apart)}, linked {_numbers(together)}"
    return None


def _product(solution: Solve, case: tuple[FiniteProblem, FiniteProblem]) -> str | None:
    linked = minkowski_sum(*case)
    d = linked.disagreement[0]
    apart = sum(solution(table).payoffs[0] for table in case) - d
    together = solution(linked).payoffs[0] - d
    size = stake(linked)
    if np.prod(together / size) < np.prod(apart / size) - CLOSE:
        return f"gains apart {_numbers(apart)}, linked {_numbers(together)}"
    return None


def _weights(solution: Solve, case: tuple[FiniteProblem, float]) -> str | None:
    problem, factor = case
    weights = np.array(cast(FloatArray, problem.weights))
    weights[:, 0] *= factor
    before = solution(problem).payoffs[0, 0]
    after = solution(replace(problem, weights=weights)).payoffs[0, 0]
    if after < before - CLOSE * stake(problem)[0]:
        return f"player 1 falls from {before:.9g} to {after:.9g} with {factor} times the weight"
    return None


def _alone(problems: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return problems


def _with(*extras: st.SearchStrategy[Any]) -> Cases:
    return lambda problems: st.tuples(problems, *extras)


def _ordered(problems: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def with_order(problem: FiniteProblem) -> st.SearchStrategy[Any]:
        orders = st.permutations(range(problem.n_players)).map(list)
        return st.tuples(st.just(problem), orders)

    return problems.flatmap(with_order)


def _paired(problems: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def with_partner(problem: FiniteProblem) -> st.SearchStrategy[Any]:
        same = problems.filter(lambda other: other.n_players == problem.n_players)
        return st.tuples(st.just(problem), same)

    return problems.flatmap(with_partner)


def _without_losses(cases: Cases) -> Cases:
    return lambda problems: cases(problems.map(without_losses))


FACTORS = st.lists(st.sampled_from([7.0, 0.01, 1.0, 0.5, 3.0]), min_size=5, max_size=5)
SHIFTS = st.lists(eighths(-8, 8), min_size=5, max_size=5)
ONES = st.just([1.0] * 5)
KEPT = st.lists(st.booleans(), min_size=4, max_size=8)
ANY_HULL = hull_problems()
TWO_PLAYERS = hull_problems(players=(2, 2))
SOME_ADDED = st.lists(st.lists(eighths(-8, 8), min_size=5, max_size=5), min_size=1, max_size=3)
SOME_SHARES = st.lists(st.lists(eighths(0, 1), min_size=2, max_size=2), min_size=1, max_size=3)


def _all() -> list[Axiom]:
    return [
        Axiom(
            "individual_rationality",
            "nobody gets less than without an agreement, and exactly that if there is none",
            "Nash (1950)",
            _rational,
            _alone,
            hull_problems(agreement=False),
        ),
        Axiom(
            "pareto",
            "nobody can have more without somebody having less",
            "Nash (1950), axiom 6",
            _pareto,
            _alone,
            hull_problems(agreement=False),
        ),
        Axiom(
            "symmetry",
            "players whose roles can be exchanged get the same",
            "Nash (1950), axiom 8",
            _symmetry,
            _alone,
            hull_problems(players=(2, 4), alternatives=(1, 4)),
        ),
        Axiom(
            "anonymity",
            "the names of the players do not matter",
            "Nash (1950), axiom 8",
            _anonymity,
            _ordered,
            ANY_HULL,
        ),
        Axiom(
            "scale_covariance",
            "the units and origins of utility do not matter",
            "Nash (1950), utilities",
            _covariance,
            _with(FACTORS, SHIFTS),
            ANY_HULL,
        ),
        Axiom(
            "translation",
            "the origins of utility do not matter",
            "Kalai (1977)",
            _covariance,
            _with(ONES, SHIFTS),
            ANY_HULL,
        ),
        Axiom(
            "independence_of_irrelevant_alternatives",
            "what is chosen from a set is chosen from every smaller set that still has it",
            "Nash (1950), axiom 7",
            _iia,
            _with(KEPT, st.sampled_from([0.25, 0.5, 0.75])),
            ANY_HULL,
        ),
        Axiom(
            "restricted_monotonicity",
            "if the set grows and the ideal point stays nobody loses (two players, no losses)",
            "Kalai & Smorodinsky (1975)",
            _restricted_monotonicity,
            _without_losses(_with(SOME_SHARES)),
            TWO_PLAYERS,
        ),
        Axiom(
            "least_gain_monotonicity",
            "if the set grows the least weighted gain does not fall",
            "Kalai (1977)",
            _least_gain,
            _with(SOME_ADDED),
            ANY_HULL,
        ),
        Axiom(
            "superadditivity",
            "nobody gets less from the sum of two problems than from both apart (two players, "
            "no losses)",
            "Perles & Maschler (1981)",
            _superadditivity,
            _without_losses(_paired),
            TWO_PLAYERS,
        ),
        Axiom(
            "product_dominance",
            "the product of gains from the sum of two problems is at least that of the summed "
            "gains from both apart",
            "Nash (1950): the summed gains are feasible in the sum",
            _product,
            _paired,
            hull_problems(players=(2, 3), alternatives=(1, 4)),
        ),
        Axiom(
            "weight_monotonicity",
            "a player whose weight grows does not lose",
            "Kalai (1977), Nash solutions with weights",
            _weights,
            _with(st.sampled_from([1.5, 2.0, 8.0])),
            hull_problems(weighted=True),
        ),
    ]


AXIOMS = MappingProxyType({axiom.name: axiom for axiom in _all()})
"""Every axiom by name."""

_COMMON = ("individual_rationality", "pareto", "symmetry", "anonymity", "translation")

SATISFIES = MappingProxyType(
    {
        "nash": (
            *_COMMON,
            "scale_covariance",
            "independence_of_irrelevant_alternatives",
            "product_dominance",
            "weight_monotonicity",
        ),
        "kalai_smorodinsky": (*_COMMON, "scale_covariance", "restricted_monotonicity"),
        "egalitarian": (*_COMMON, "least_gain_monotonicity"),
        "utilitarian": _COMMON,
        "perles_maschler": (*_COMMON, "scale_covariance", "superadditivity"),
        "raiffa": (*_COMMON, "scale_covariance"),
        "raiffa_continuous": (*_COMMON, "scale_covariance"),
    }
)
"""Which axioms the solutions of `sim.bargaining` satisfy on convex sets; the last three for two
players only."""
