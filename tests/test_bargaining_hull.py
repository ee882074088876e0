"""Convex hulls: certificates recomputed here, two ways for two players, leximin, ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import minimize

from sim.bargaining import FiniteProblem, hull, linear, solve
from sim.bargaining.interior import max_log
from sim.bargaining.polygon import pareto_chain
from sim.errors import ProblemError
from sim.testing import hull_problems

QUICK = settings(max_examples=60, deadline=None)
CONCEPTS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")


def gains_of(problem: FiniteProblem, solution: str) -> np.ndarray:
    return solve(problem, solution).payoffs[0] - problem.disagreement[0]


@pytest.mark.parametrize("solution", CONCEPTS)
@QUICK
@given(problem=hull_problems(agreement=False, weighted=True))
def test_the_lottery_yields_the_payoffs(solution: str, problem: FiniteProblem) -> None:
    answer = solve(problem, solution)
    assert answer.converged.all()
    if not answer.agreement[0]:
        assert not answer.outcome.any()
        assert np.array_equal(answer.payoffs, problem.disagreement)
        return
    lottery = answer.outcome[0]
    assert (lottery >= 0).all()
    assert lottery.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(lottery @ problem.utilities[0], answer.payoffs[0], atol=1e-12)
    if problem.n_players == 2:
        assert (lottery > 1e-12).sum() <= 2


@QUICK
@given(problem=hull_problems(weighted=True))
def test_nash_no_alternative_is_worth_more_at_its_prices(problem: FiniteProblem) -> None:
    gains = gains_of(problem, "nash")
    weights = np.asarray(problem.weights)[0]
    worth = problem.gains()[0] @ (weights / gains)
    assert worth.max() <= weights.sum() * (1 + 2e-8)


@QUICK
@given(problem=hull_problems(weighted=True))
def test_egalitarian_no_lottery_has_a_larger_least_gain(problem: FiniteProblem) -> None:
    weights = np.asarray(problem.weights)[0]
    least = (gains_of(problem, "egalitarian") / weights).min()
    # Nature picks the prices: weak duality bounds the least gain from above.
    shares = problem.gains()[0] / weights
    prices = linear.leximin(shares, np.ones(problem.n_players)).price
    assert prices.sum() == pytest.approx(1.0)
    assert least == pytest.approx((shares @ prices).max(), abs=1e-7)


@QUICK
@given(problem=hull_problems())
def test_kalai_smorodinsky_two_players_on_the_ray(problem: FiniteProblem) -> None:
    answer = solve(problem, "kalai_smorodinsky")
    ideal = answer.parameters["ideal"][0]
    assert ideal == pytest.approx(linear.ideal_gains(problem.gains()[0]), abs=1e-7)
    if problem.n_players == 2:
        assert answer.parameters["distance"][0] <= 1e-9


@QUICK
@given(problem=hull_problems(weighted=True))
def test_utilitarian_has_the_largest_sum_without_losses(problem: FiniteProblem) -> None:
    weights = np.asarray(problem.weights)[0]
    gains = gains_of(problem, "utilitarian")
    best = linear.max_sum(problem.gains()[0], weights)
    assert (gains >= -1e-9).all()
    assert weights @ gains == pytest.approx(best.value, abs=1e-7)
    assert best.gap <= 1e-9 * max(best.value, 1.0)


@pytest.mark.parametrize("solution", CONCEPTS)
def test_two_players_by_edges_and_by_programmes(solution: str) -> None:
    rng = np.random.default_rng(2)
    for points in (rng.normal(size=(60, 12, 2)), rng.integers(-3, 4, size=(60, 6, 2))):
        weights = rng.uniform(0.2, 1.0, (60, 2))
        problem = FiniteProblem(points, [0, 0], lotteries=True, weights=weights)
        edges, programmes = solve(problem, solution), hull._many_players(problem, solution)
        assert np.array_equal(edges.agreement, programmes.agreement)
        assert np.allclose(edges.payoffs, programmes.payoffs, atol=2e-6)


def test_many_small_integer_problems_are_all_certified() -> None:
    rng = np.random.default_rng(3)
    for n in (3, 4):
        problem = FiniteProblem(rng.integers(-3, 4, (400, 6, n)), np.zeros(n), lotteries=True)
        answer = solve(problem)
        assert answer.converged.all()
        assert 0.2 < answer.agreement.mean() < 1.0
        assert answer.residual.max() <= 1e-8


def test_nash_against_scipy() -> None:
    rng = np.random.default_rng(4)
    gains = rng.uniform(-0.5, 1.0, (5, 8, 3))
    gains[:, 0] = 0.3
    answer = solve(FiniteProblem(gains, np.zeros(3), lotteries=True))
    for own, lottery in zip(gains, answer.outcome, strict=True):
        found = minimize(
            lambda x, own=own: -np.log(np.maximum(x @ own, 1e-9)).sum(),
            np.eye(8)[0] * 0.9 + 0.0125,
            bounds=[(0, 1)] * 8,
            constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert np.log(lottery @ own).sum() >= -found.fun - 1e-9


def test_leximin_goes_on_after_the_least() -> None:
    """Player 1 cannot have more than 1; the others then share what is left."""
    problem = FiniteProblem([[1, 0, 6], [1, 6, 0], [0, 9, 9]], [0, 0, 0], lotteries=True)
    gains = gains_of(problem, "egalitarian")
    assert gains == pytest.approx([1, 3, 3])
    stages = linear.leximin(np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 3.0]]), np.ones(3))
    assert stages.value == pytest.approx(1.0)
    assert stages.lottery == pytest.approx([1.0, 0.0])


def test_utilitarian_ties_go_to_the_nash_point() -> None:
    line = FiniteProblem([[4, 0], [0, 4]], [1, 0], lotteries=True)
    assert gains_of(line, "utilitarian") == pytest.approx([1.5, 1.5])
    plane = FiniteProblem(np.diag([6.0, 6.0, 6.0]), [0, 0, 0], lotteries=True)
    assert gains_of(plane, "utilitarian") == pytest.approx([2, 2, 2], abs=1e-9)
    # The tie is among points at which player 1 has nothing: the others divide.
    edge = FiniteProblem([[-1, 6, 0], [-1, 0, 6], [1, 1, 1], [1, 0, 0]], [0, 0, 0], lotteries=True)
    gains = gains_of(edge, "utilitarian")
    assert gains[0] == pytest.approx(0, abs=1e-9)
    assert gains[1] == pytest.approx(gains[2], abs=1e-7)
    # The sum is 6 everywhere; player 1 gains only in mixtures.
    mixed = FiniteProblem([[2, 4, 0], [-2, 2, 6], [-2, 6, 2]], [0, 0, 0], lotteries=True)
    gains = gains_of(mixed, "utilitarian")
    m = np.linspace(0.5, 1, 200_001)  # probability of the first, the rest on the second
    product = (4 * m - 2) * (2 * m + 2) * (6 - 6 * m)
    assert gains.sum() == pytest.approx(6)
    assert gains.prod() == pytest.approx(product.max(), rel=1e-9)


def test_only_mixing_makes_an_agreement() -> None:
    cycle = FiniteProblem([[4, -1, -1], [-1, 4, -1], [-1, -1, 4]], [0, 0, 0], lotteries=True)
    for solution in CONCEPTS:
        answer = solve(cycle, solution)
        assert answer.agreement[0]
        assert answer.payoffs[0] == pytest.approx([2 / 3] * 3, abs=1e-8)
    none = FiniteProblem([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]], [0, 0, 0.1], lotteries=True)
    assert not solve(none).agreement[0]


def test_who_has_nothing_at_stake_is_left_out() -> None:
    three = FiniteProblem([[3, 7, 0], [0, 7, 3]], [0, 7, 0], lotteries=True)
    two = FiniteProblem([[3, 7], [1, 7]], [0, 7], lotteries=True)
    for solution in CONCEPTS:
        assert solve(three, solution).payoffs[0] == pytest.approx([1.5, 7, 1.5], abs=1e-8)
        assert solve(two, solution).payoffs[0] == pytest.approx([3, 7])


def test_dominated_alternatives_change_nothing() -> None:
    rng = np.random.default_rng(5)
    few = rng.uniform(0, 1, (6, 4)) + np.linspace(0.1, 1, 6)[:, None]
    many = np.vstack([few, few[rng.integers(0, 6, 500)] - rng.uniform(0.1, 1, (500, 4))])
    for solution in CONCEPTS:
        short = solve(FiniteProblem(few, np.zeros(4), lotteries=True), solution)
        long = solve(FiniteProblem(many, np.zeros(4), lotteries=True), solution)
        assert np.allclose(short.payoffs, long.payoffs, atol=1e-7)
        assert long.outcome.shape == (1, 506)


def test_solutions_for_two_are_refused_for_three() -> None:
    with pytest.raises(ProblemError, match="raiffa: 3 players; defined for two"):
        solve(FiniteProblem(np.eye(3), np.zeros(3), lotteries=True), "raiffa")


@QUICK
@given(problem=hull_problems(players=(2, 2), alternatives=(1, 12)))
def test_the_chain_is_the_efficient_part_of_the_hull(problem: FiniteProblem) -> None:
    points = problem.utilities[0]
    chain = pareto_chain(points[None]).points[0]
    step = np.diff(chain, axis=0)
    assert (step[:, 0] >= 0).all()
    assert (step[:, 1] <= 0).all()
    moves = step[step[:, 0] > 0]
    slopes = moves[:, 1] / moves[:, 0]
    assert (np.diff(slopes) < 0).all()
    for weight in np.linspace(0.01, 0.99, 23):
        normal = np.array([weight, 1 - weight])
        assert (chain @ normal).max() == pytest.approx((points @ normal).max(), abs=1e-12)


def test_interior_point_reports_its_gap() -> None:
    gains = np.array([[[1.0, 0.0], [0.0, 1.0], [0.4, 0.4]]])
    lottery, gap = max_log(gains, np.ones((1, 2)))
    assert lottery[0] == pytest.approx([0.5, 0.5, 0.0], abs=1e-9)
    assert gap[0] <= 1e-9
    only = np.array([[True, False, True]])
    lottery, gap = max_log(gains, np.ones((1, 2)), allowed=only)
    assert lottery[0, 1] == 0
    assert gap[0] <= 1e-9
