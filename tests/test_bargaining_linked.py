"""Transferable utility in closed form; sums of sets; the facts about linking tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bargaining import FiniteProblem, TransferableProblem, minkowski_sum, solve
from sim.errors import ProblemError
from sim.testing import finite_problems, hull_problems
from sim.testing.transform import without_losses

QUICK = settings(max_examples=50, deadline=None)
CONCEPTS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")
positive = st.integers(1, 32).map(lambda k: k / 8)


@st.composite
def pies(draw, players=(2, 4)) -> TransferableProblem:
    n = draw(st.integers(*players))
    a, w = (draw(st.lists(positive, min_size=n, max_size=n)) for _ in range(2))
    d = draw(st.lists(st.integers(-16, 16).map(lambda k: k / 8), min_size=n, max_size=n))
    surplus = draw(positive)
    return TransferableProblem(float(np.dot(a, d)) + surplus, d, a, w)


@pytest.mark.parametrize("solution", CONCEPTS)
@QUICK
@given(problem=pies())
def test_a_half_space_is_the_hull_of_its_corners(solution: str, problem) -> None:
    corners = problem.disagreement + np.diag(problem.surplus()[0] / problem.normal[0])
    listed = FiniteProblem(corners, problem.disagreement[0], True, problem.weights)
    closed, found = solve(problem, solution), solve(listed, solution)
    assert closed.payoffs == pytest.approx(found.payoffs, abs=1e-6)
    assert closed.outcome.sum() == pytest.approx(1.0)
    spent = np.einsum("bn,bn->b", problem.normal, closed.payoffs)
    assert spent == pytest.approx(problem.budget)


@QUICK
@given(problem=pies(players=(2, 2)))
def test_solutions_for_two_halve_the_surplus(problem) -> None:
    corners = problem.disagreement + np.diag(problem.surplus()[0] / problem.normal[0])
    listed = FiniteProblem(corners, problem.disagreement[0], True)
    for solution in ("perles_maschler", "raiffa", "raiffa_continuous"):
        closed = solve(problem, solution).payoffs
        assert closed == pytest.approx(solve(listed, solution).payoffs, abs=1e-9)


def test_no_surplus_no_agreement() -> None:
    answer = solve(TransferableProblem([1.0, 3.0], [1, 1]))
    assert answer.agreement.tolist() == [False, True]
    assert answer.payoffs.tolist() == [[1, 1], [1.5, 1.5]]
    assert answer.outcome.tolist() == [[0, 0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, [0]), "two players"),
        ((1, [0, 0], [1, -1]), "must be positive"),
        ((np.nan, [0, 0]), "budget: has NaN"),
        ((1, [0, np.nan]), "^disagreement: has NaN"),
        (([1, 2, 3], [[0, 0], [0, 0]]), "one number of draws"),
    ],
)
def test_what_is_no_pie_is_refused(arguments, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        TransferableProblem(*arguments)


def test_three_players_are_too_many_for_perles_maschler() -> None:
    with pytest.raises(ProblemError, match="3 players; defined for two"):
        solve(TransferableProblem(1, [0, 0, 0]), "perles_maschler")


# ---- sums -----------------------------------------------------------------------------------


@QUICK
@given(
    hull_problems(players=(3, 3), alternatives=(1, 4)),
    hull_problems(players=(3, 3), alternatives=(1, 4)),
)
def test_a_sum_reaches_in_every_direction_as_far_as_its_parts(one, other) -> None:
    total = minkowski_sum(one, other)
    assert np.array_equal(total.disagreement, one.disagreement + other.disagreement)
    for direction in np.random.default_rng(0).normal(size=(20, 3)):
        reach = [(p.utilities[0] @ direction).max() for p in (total, one, other)]
        assert reach[0] == pytest.approx(reach[1] + reach[2])


@QUICK
@given(hull_problems(players=(2, 2)), hull_problems(players=(2, 2)))
def test_for_two_players_only_the_frontier_is_kept(one, other) -> None:
    pruned = minkowski_sum(one, other)
    pairs = one.utilities[0][:, None] + other.utilities[0][None]
    whole = FiniteProblem(pairs.reshape(-1, 2), pruned.disagreement[0], lotteries=True)
    assert pruned.utilities.shape[1] <= whole.utilities.shape[1] + 3
    for solution in (*CONCEPTS, "perles_maschler", "raiffa"):
        assert solve(pruned, solution).payoffs == pytest.approx(
            solve(whole, solution).payoffs, abs=1e-9
        )


def test_packages_of_projects() -> None:
    one = FiniteProblem([[0, 0, 0], [2, -1, -1]], [0, 0, 0])
    other = FiniteProblem([[0, 0, 0], [-1, 2, -1]], [0, 0, 0])
    third = FiniteProblem([[0, 0, 0], [-0.5, -0.5, 3]], [0, 0, 0])
    package = minkowski_sum(one, other, third)
    assert package.utilities.shape == (1, 8, 3)
    answer = solve(package)
    assert answer.payoffs.tolist() == [[0.5, 0.5, 1]]
    assert answer.parameters["alternative"].tolist() == [7]


@QUICK
@given(
    hull_problems(players=(2, 3), alternatives=(1, 4)),
    st.lists(positive, min_size=3, max_size=3),
)
def test_a_list_raises_the_budget_by_what_it_is_worth(listed, prices) -> None:
    n = listed.n_players
    money = TransferableProblem(1.0, np.zeros(n), prices[:n])
    for total in (minkowski_sum(money, listed), minkowski_sum(listed, money)):
        assert isinstance(total, TransferableProblem)
        best = (listed.utilities[0] @ prices[:n]).max()
        assert total.budget[0] == pytest.approx(1.0 + best)
        assert np.array_equal(total.disagreement, listed.disagreement)


def test_half_spaces_add_up_in_any_unit() -> None:
    one = TransferableProblem(6, [1, 0], [1, 2])
    other = TransferableProblem(8, [0, -2], [2, 4], weights=[3, 1])
    total = minkowski_sum(one, other)
    for direction in (1, 2):
        assert total.budget[0] * direction / total.normal[0, 0] == pytest.approx(10 * direction)
    assert total.weights.tolist() == [[1, 1]]
    assert total.disagreement.tolist() == [[1, -2]]
    with pytest.raises(ProblemError, match="unbounded sum"):
        minkowski_sum(one, TransferableProblem(1, [0, 0], [1, 3]))


def test_weights_are_those_of_the_first_table() -> None:
    listed = FiniteProblem([[1, 0], [0, 1]], [0, 0], True, [2, 1])
    money = TransferableProblem(1, [0, 0], weights=[5, 1])
    assert minkowski_sum(listed, money).weights.tolist() == [[2, 1]]
    assert minkowski_sum(money, listed).weights.tolist() == [[5, 1]]
    assert minkowski_sum(listed) is listed


def test_draws_broadcast() -> None:
    one = FiniteProblem(np.random.default_rng(0).normal(size=(3, 4, 2)), [0, 0], True)
    other = FiniteProblem([[1, 0], [0, 1]], [0, 0], True)
    assert minkowski_sum(one, other).n_draws == 3
    prices = TransferableProblem([1, 2, 3], [0, 0])
    assert minkowski_sum(other, prices).budget == pytest.approx([2, 3, 4])


def test_sums_that_are_none_are_refused() -> None:
    two = FiniteProblem([[1, 1]], [0, 0])
    with pytest.raises(ProblemError, match="at least one table"):
        minkowski_sum()
    with pytest.raises(ProblemError, match=r"\[2, 3\] players"):
        minkowski_sum(two, FiniteProblem([[1, 1, 1]], [0, 0, 0]))
    with pytest.raises(ProblemError, match="with and without lotteries"):
        minkowski_sum(two, FiniteProblem([[1, 1]], [0, 0], lotteries=True))
    long = FiniteProblem(np.zeros((5000, 2)), [0, 0])
    with pytest.raises(ProblemError, match="stream the combinations"):
        minkowski_sum(long, long)


# ---- facts about linkage --------------------------------------------------------------------


@QUICK
@given(s=positive, p=positive, q=positive, weight=st.sampled_from([0.25, 0.5, 0.75]))
def test_the_hostage_theorem(s: float, p: float, q: float, weight: float) -> None:
    w = [weight, 1 - weight]
    contested = FiniteProblem([[s, 0], [0, s]], [0, 0], True, w)
    uncontested = FiniteProblem([[p, q]], [0, 0], True, w)
    linked = solve(minkowski_sum(contested, uncontested)).payoffs[0]
    one = np.clip(weight * (s + p + q), p, s + p)
    assert linked == pytest.approx([one, s + p + q - one], abs=1e-9)
    if weight == 0.5:
        separate = solve(contested).payoffs[0] + solve(uncontested).payoffs[0]
        assert separate == pytest.approx([s / 2 + p, s / 2 + q], abs=1e-9)
        loss = separate - linked
        assert loss[int(q > p)] == pytest.approx(min(abs(p - q), s) / 2, abs=1e-9)


@QUICK
@given(finite_problems(players=(2, 4), alternatives=(1, 4)), st.data())
def test_the_product_of_gains_never_falls(one, data) -> None:
    n = one.n_players
    other = data.draw(finite_problems(players=(n, n), alternatives=(1, 4)))
    linked = minkowski_sum(one, other)
    apart = sum(solve(p).payoffs - p.disagreement for p in (one, other))
    together = solve(linked).payoffs - linked.disagreement
    assert together.prod() >= apart.prod() * (1 - 1e-9)


@QUICK
@given(
    hull_problems(players=(3, 3), alternatives=(1, 4)),
    hull_problems(players=(3, 3), alternatives=(1, 4)),
)
def test_the_least_gain_is_superadditive_under_the_egalitarian_solution(one, other) -> None:
    tables = [without_losses(one), without_losses(other)]
    least = [
        (solve(p, "egalitarian").payoffs - p.disagreement).min()
        for p in (minkowski_sum(*tables), *tables)
    ]
    assert least[0] >= least[1] + least[2] - 1e-7


@QUICK
@given(one=pies(players=(3, 3)), other=positive)
def test_transferable_utility_is_neutral(one, other: float) -> None:
    second = TransferableProblem(other, [0, 0, 0], one.normal, one.weights)
    for solution in ("nash", "kalai_smorodinsky", "egalitarian"):
        apart = solve(one, solution).payoffs + solve(second, solution).payoffs
        assert solve(minkowski_sum(one, second), solution).payoffs == pytest.approx(apart)
