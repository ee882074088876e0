"""The axioms of bargaining, each as a test that tries to refute a solution concept.

A case of an axiom is a problem, or a few, with whatever else the axiom speaks about. Its
`refute` returns a sentence that says how a solution violates the axiom at that case, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from sim.bargaining import FiniteProblem, Solution
from sim.testing import refute
from sim.testing.strategies import eighths, hull_problems
from sim.testing.transform import without_losses

__all__ = ["AXIOMS", "SATISFIES", "Axiom"]

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


_TABLE = (
    Axiom(
        "individual_rationality",
        "nobody gets less than without an agreement, and exactly that if there is none",
        "Nash (1950)",
        refute.individual_rationality,
        _alone,
        hull_problems(agreement=False),
    ),
    Axiom(
        "pareto",
        "nobody can have more without somebody having less",
        "Nash (1950), axiom 6",
        refute.pareto,
        _alone,
        hull_problems(agreement=False),
    ),
    Axiom(
        "symmetry",
        "players whose roles can be exchanged get the same",
        "Nash (1950), axiom 8",
        refute.symmetry,
        _alone,
        hull_problems(players=(2, 4), alternatives=(1, 4)),
    ),
    Axiom(
        "anonymity",
        "the names of the players do not matter",
        "Nash (1950), axiom 8",
        refute.anonymity,
        _ordered,
        ANY_HULL,
    ),
    Axiom(
        "scale_covariance",
        "the units and origins of utility do not matter",
        "Nash (1950), utilities",
        refute.covariance,
        _with(FACTORS, SHIFTS),
        ANY_HULL,
    ),
    Axiom(
        "translation",
        "the origins of utility do not matter",
        "Kalai (1977)",
        refute.covariance,
        _with(ONES, SHIFTS),
        ANY_HULL,
    ),
    Axiom(
        "independence_of_irrelevant_alternatives",
        "what is chosen from a set is chosen from every smaller set that still has it",
        "Nash (1950), axiom 7",
        refute.independence,
        _with(KEPT, st.sampled_from([0.25, 0.5, 0.75])),
        ANY_HULL,
    ),
    Axiom(
        "restricted_monotonicity",
        "if the set grows and the ideal point stays nobody loses (two players, no losses)",
        "Kalai & Smorodinsky (1975)",
        refute.restricted_monotonicity,
        _without_losses(_with(SOME_SHARES)),
        TWO_PLAYERS,
    ),
    Axiom(
        "least_gain_monotonicity",
        "if the set grows the least weighted gain does not fall",
        "Kalai (1977)",
        refute.least_gain,
        _with(SOME_ADDED),
        ANY_HULL,
    ),
    Axiom(
        "superadditivity",
        "nobody gets less from the sum of two problems than from both apart (two players, "
        "no losses)",
        "Perles & Maschler (1981)",
        refute.superadditivity,
        _without_losses(_paired),
        TWO_PLAYERS,
    ),
    Axiom(
        "product_dominance",
        "the product of gains from the sum of two problems is at least that of the summed "
        "gains from both apart",
        "Nash (1950): the summed gains are feasible in the sum",
        refute.product_dominance,
        _paired,
        hull_problems(players=(2, 3), alternatives=(1, 4)),
    ),
    Axiom(
        "weight_monotonicity",
        "a player whose weight grows does not lose",
        "Kalai (1977), Nash solutions with weights",
        refute.weight_monotonicity,
        _with(st.sampled_from([1.5, 2.0, 8.0])),
        hull_problems(weighted=True),
    ),
)

AXIOMS = MappingProxyType({axiom.name: axiom for axiom in _TABLE})
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
        "egalitarian": (
            *_COMMON,
            "independence_of_irrelevant_alternatives",
            "restricted_monotonicity",
            "least_gain_monotonicity",
        ),
        "utilitarian": _COMMON,
        "perles_maschler": (*_COMMON, "scale_covariance", "superadditivity"),
        "raiffa": (*_COMMON, "scale_covariance"),
        "raiffa_continuous": (*_COMMON, "scale_covariance"),
    }
)
"""Which axioms the solutions of `sim.bargaining` satisfy on convex sets; the last three for two
players only."""
