"""Every solution of the project satisfies its axioms, on every kind of set."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bargaining import FiniteProblem, minkowski_sum, solve
from sim.testing import (
    SATISFIES,
    AxiomViolation,
    check_axiom,
    check_axioms,
    check_product_dominance,
    curve_problems,
    finite_problems,
    hull_problems,
    smooth_problems,
)

TWO_PLAYERS_ONLY = ("perles_maschler", "raiffa", "raiffa_continuous")
ON_HULLS = [(solution, axiom) for solution, axioms in SATISFIES.items() for axiom in axioms]


@pytest.mark.parametrize(("solution", "axiom"), ON_HULLS)
def test_hulls(solution: str, axiom: str) -> None:
    problems = None
    if solution in TWO_PLAYERS_ONLY:
        may_fail = axiom in ("individual_rationality", "pareto")
        problems = hull_problems(players=(2, 2), agreement=not may_fail)
    check_axiom(solution, axiom, problems=problems, examples=40)


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"])
def test_lists_without_lotteries(solution: str) -> None:
    check_axioms(
        solution,
        ["individual_rationality", "pareto", "translation"],
        problems=finite_problems(agreement=False),
        examples=60,
    )
    scaled = ["scale_covariance"] if solution in ("nash", "kalai_smorodinsky") else []
    check_axioms(solution, scaled, problems=finite_problems(), examples=60)


def test_nash_ignores_irrelevant_alternatives_in_lists() -> None:
    check_axiom(
        "nash",
        "independence_of_irrelevant_alternatives",
        problems=finite_problems(alternatives=(3, 8)),
    )


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"])
def test_boxes(solution: str) -> None:
    axioms = ["individual_rationality", "pareto"]
    if solution in ("nash", "kalai_smorodinsky"):
        axioms.append("scale_covariance")
    if solution == "nash":
        axioms.append("independence_of_irrelevant_alternatives")
    check_axioms(solution, axioms, problems=smooth_problems(), examples=25)


@pytest.mark.parametrize("solution", list(SATISFIES))
def test_curves(solution: str) -> None:
    axioms = ["individual_rationality", "pareto", "translation"]
    if "scale_covariance" in SATISFIES[solution]:
        axioms.append("scale_covariance")
    examples = 5 if solution == "raiffa_continuous" else 25
    check_axioms(solution, axioms, problems=curve_problems(), examples=examples)


def test_linking_boxes_or_lists_never_lowers_the_product() -> None:
    check_product_dominance(hull_problems(players=(3, 3), alternatives=(1, 4)), examples=30)
    check_product_dominance(finite_problems(players=(2, 3), alternatives=(1, 4)), examples=30)


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky"])
def test_linkage_hurts_someone_under_nash_and_kalai_smorodinsky(solution: str) -> None:
    with pytest.raises(AxiomViolation, match="superadditivity"):
        check_axiom(solution, "superadditivity", examples=400)


def test_perles_maschler_is_superadditive_only_where_no_outcome_is_a_loss() -> None:
    """A pie that may be divided beyond all of it pays for what the other table gives one alone.

    The frontier u1 + u2 = 1.5 of the sum, halved, gives 0.75 each; apart they have 0.5 and 1.
    """
    pie = FiniteProblem([[3, -2], [-2, 3]], [0, 0], lotteries=True)
    gift = FiniteProblem([[1e-9, 0.5], [0, 0]], [0, 0], lotteries=True)
    apart = sum(solve(table, "perles_maschler").payoffs[0] for table in (pie, gift))
    linked = solve(minkowski_sum(pie, gift), "perles_maschler").payoffs[0]
    np.testing.assert_allclose(apart, [0.5, 1.0], atol=1e-6)
    np.testing.assert_allclose(linked, [0.75, 0.75], atol=1e-6)
