"""Solutions that are wrong on purpose: each axiom check catches one and says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from sim.bargaining import FiniteProblem, Solution, solve
from sim.errors import ProblemError
from sim.testing import (
    AXIOMS,
    SATISFIES,
    AxiomViolation,
    check_axiom,
    check_axioms,
    curve_problems,
    hull_problems,
    smooth_problems,
)

TWO = hull_problems(players=(2, 2), alternatives=(1, 4))


def moved(problem: FiniteProblem, payoffs: np.ndarray, solution: str = "nash") -> Solution:
    """Return a solution with other payoffs."""
    return replace(solve(problem, solution), payoffs=payoffs)


def greedy(problem: FiniteProblem) -> Solution:
    """Give everything to the largest sum, losses or not."""
    total = problem.utilities.sum(axis=2).argmax(axis=1)
    return moved(problem, problem.utilities[np.arange(len(total)), total])


def halfway(problem: FiniteProblem) -> Solution:
    """Stop halfway between disagreement and the Nash solution."""
    return moved(problem, (solve(problem).payoffs + problem.disagreement) / 2)


def favourite(problem: FiniteProblem) -> Solution:
    """Give player 1 three times the weight."""
    weights = np.ones(problem.n_players)
    weights[0] = 3.0
    return solve(replace(problem, weights=weights))


def blind(problem: FiniteProblem) -> Solution:
    """Forget where disagreement is: bargain from −10."""
    elsewhere = replace(problem, disagreement=np.full(problem.n_players, -10.0))
    return solve(elsewhere)


def contrary(problem: FiniteProblem) -> Solution:
    """Take weights for their inverse."""
    return solve(replace(problem, weights=1.0 / np.asarray(problem.weights)))


def losing(problem: FiniteProblem) -> Solution:
    """Multiply gains without asking whether they are positive."""
    gains = problem.gains()
    best = gains.prod(axis=2).argmax(axis=1)
    agreed = np.ones(problem.n_draws, dtype=bool)
    payoffs = problem.utilities[np.arange(len(best)), best]
    return replace(solve(problem), payoffs=payoffs, agreement=agreed)


WRONG = [
    ("individual_rationality", greedy),
    ("individual_rationality", losing),
    ("pareto", halfway),
    ("symmetry", favourite),
    ("anonymity", favourite),
    ("scale_covariance", "egalitarian"),
    ("scale_covariance", "utilitarian"),
    ("translation", blind),
    ("independence_of_irrelevant_alternatives", "kalai_smorodinsky"),
    ("restricted_monotonicity", "nash"),
    ("least_gain_monotonicity", "nash"),
    ("least_gain_monotonicity", "utilitarian"),
    ("superadditivity", "egalitarian"),
    ("product_dominance", "utilitarian"),
    ("weight_monotonicity", contrary),
]


def test_every_axiom_has_a_wrong_solution() -> None:
    assert {axiom for axiom, _ in WRONG} == set(AXIOMS)


@pytest.mark.parametrize(("axiom", "solution"), WRONG)
def test_wrong_solutions_are_caught(axiom: str, solution: object) -> None:
    weighted = hull_problems(players=(2, 2), weighted=True)
    problems = weighted if axiom == "weight_monotonicity" else TWO
    with pytest.raises(AxiomViolation) as caught:
        check_axiom(solution, axiom, problems=problems, examples=400)
    message = str(caught.value)
    assert message.startswith(f"{axiom} is violated")
    assert "smallest counterexample:\n  FiniteProblem([" in message
    assert caught.value.axiom == axiom


def test_a_counterexample_is_small_and_can_be_typed_in_again() -> None:
    with pytest.raises(AxiomViolation) as caught:
        check_axiom(halfway, "pareto", problems=TWO)
    problem = caught.value.case
    text = str(caught.value).splitlines()[-1].strip()
    again = eval(text, {"FiniteProblem": FiniteProblem})
    assert problem.n_players == 2
    assert problem.utilities.shape[1] == 1
    assert np.array_equal(again.utilities, problem.utilities)
    assert np.array_equal(again.disagreement, problem.disagreement)


def test_the_same_seed_finds_the_same_counterexample() -> None:
    messages = []
    for _ in range(2):
        with pytest.raises(AxiomViolation) as caught:
            check_axiom(favourite, "symmetry", problems=TWO, seed=3)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_wrong_solutions_on_boxes_and_curves_are_caught() -> None:
    for problems in (smooth_problems(), curve_problems()):
        with pytest.raises(AxiomViolation, match="pareto is violated"):
            check_axiom(half_of_nash, "pareto", problems=problems)


def half_of_nash(problem) -> Solution:
    answer = solve(problem)
    return replace(answer, payoffs=(answer.payoffs + np.asarray(problem.disagreement)) / 2)


def nowhere(problem: FiniteProblem) -> Solution:
    """Divide nothing by nothing."""
    return moved(problem, np.full((1, problem.n_players), np.nan))


@pytest.mark.parametrize("axiom", list(AXIOMS))
def test_payoffs_that_are_no_numbers_violate_every_axiom(axiom: str) -> None:
    only = st.just(FiniteProblem([[1, 2], [2, 1]], [0, 0], lotteries=True))
    with pytest.raises(AxiomViolation, match=f"{axiom} is violated") as caught:
        check_axiom(nowhere, axiom, problems=only)
    assert "it gives [nan, nan" in str(caught.value)


def test_unknown_axioms_are_named() -> None:
    with pytest.raises(ProblemError, match="fairness"):
        check_axiom("nash", "fairness", problems=st.nothing())


@pytest.mark.parametrize("solution", ["perles_maschler", "raiffa", "raiffa_continuous"])
def test_solutions_for_two_are_tried_on_two_unless_told_otherwise(solution: str) -> None:
    check_axioms(solution, SATISFIES[solution], examples=10)
    with pytest.raises(AxiomViolation, match="independence"):
        check_axiom(solution, "independence_of_irrelevant_alternatives")
