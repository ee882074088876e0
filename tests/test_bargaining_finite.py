"""Lists of alternatives: definitions by enumeration, ties, no agreement, what is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

from sim.bargaining import FiniteProblem, StreamProblem, maximisers, solve
from sim.errors import ProblemError
from sim.testing import finite_problems

QUICK = settings(max_examples=60, deadline=None)
CONCEPTS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")


def by_definition(problem: FiniteProblem, solution: str) -> list[int]:
    """Return the maximisers of one draw by comparing sorted tuples in exact eighths."""
    gains = problem.gains()[0]
    active = (gains != 0).any(axis=0)
    gains, weights = gains[:, active], np.asarray(problem.weights)[0, active]
    rational = [a for a, g in enumerate(gains) if (g >= 0).all()]
    if not active.any() or not any((gains[a] > 0).all() for a in rational):
        return []
    ideal = gains[rational].max(axis=0)

    def key(a: int) -> tuple[float, ...]:
        g = gains[a]
        log = float(weights @ np.log(g)) if (g > 0).all() else -np.inf
        return {
            "nash": (round(log, 9),),
            "kalai_smorodinsky": tuple(np.sort(g / ideal).round(9)),
            "egalitarian": tuple(np.sort(g / weights).round(9)),
            "utilitarian": (round(float(weights @ g), 9), round(log, 9)),
        }[solution]

    best = max(key(a) for a in rational)
    return [a for a in rational if key(a) == best]


@pytest.mark.parametrize("solution", CONCEPTS)
@QUICK
@given(problem=finite_problems(players=(2, 4), agreement=False, weighted=True))
def test_the_definition(solution: str, problem: FiniteProblem) -> None:
    want = by_definition(problem, solution)
    ties = maximisers(problem, solution)[0]
    assert np.flatnonzero(ties).tolist() == want
    answer = solve(problem, solution)
    assert answer.agreement[0] == bool(want)
    assert answer.parameters["maximisers"][0] == len(want)
    if want:
        assert answer.parameters["alternative"][0] == want[0]
        assert np.array_equal(answer.payoffs[0], problem.utilities[0, want[0]])
        assert answer.outcome[0].tolist() == np.eye(len(ties))[want[0]].tolist()
    else:
        assert answer.parameters["alternative"][0] == -1
        assert np.array_equal(answer.payoffs, problem.disagreement)
        assert not answer.outcome.any()


@pytest.mark.parametrize("solution", CONCEPTS)
def test_draws_are_solved_each_for_itself(solution: str) -> None:
    rng = np.random.default_rng(1)
    utilities = rng.normal(size=(20, 15, 3))
    d = rng.normal(-1.0, 1.0, (20, 3))
    w = rng.uniform(0.5, 2.0, (20, 3))
    together = solve(FiniteProblem(utilities, d, weights=w), solution)
    for b in range(20):
        alone = solve(FiniteProblem(utilities[b], d[b], weights=w[b]), solution)
        assert np.array_equal(together.payoffs[b], alone.payoffs[0])
        assert together.agreement[b] == alone.agreement[0]


def test_one_list_with_many_disagreement_points() -> None:
    problem = FiniteProblem([[3, 1], [1, 3]], [[0, 0], [2, 0], [0, 2], [3, 3]])
    answer = solve(problem)
    assert answer.payoffs.tolist() == [[3, 1], [3, 1], [1, 3], [3, 3]]
    assert answer.agreement.tolist() == [True, True, True, False]


def test_two_losses_do_not_multiply_to_a_gain() -> None:
    answer = solve(FiniteProblem([[-5, -5], [1, 1]], [0, 0]))
    assert answer.payoffs.tolist() == [[1, 1]]


def test_a_gain_for_one_alone_is_no_agreement() -> None:
    answer = solve(FiniteProblem([[5, 0], [0, -1]], [0, 0]), "utilitarian")
    assert not answer.agreement[0]
    assert answer.converged[0]


def test_who_has_nothing_at_stake_is_left_out() -> None:
    problem = FiniteProblem([[1, 7, 4], [3, 7, 2]], [0, 7, 0])
    assert solve(problem, "nash").payoffs.tolist() == [[3, 7, 2]]
    assert solve(problem, "egalitarian").payoffs.tolist() == [[3, 7, 2]]
    assert not solve(FiniteProblem([[7, 7]], [7, 7])).agreement[0]


def test_the_ideal_point_comes_from_the_rational_part_only() -> None:
    answer = solve(FiniteProblem([[9, -1], [4, 1], [1, 4]], [0, 0]), "kalai_smorodinsky")
    assert answer.parameters["ideal"].tolist() == [[4, 4]]
    assert answer.parameters["distance"].tolist() == [0.75]


def test_ties_are_ties_in_any_unit() -> None:
    points = np.array([[3.0, 1.0], [1.0, 3.0], [0.1, 0.1]])
    for scale, shift in product([1e-6, 0.01, 7, 1e6], [0.0, 3.0]):
        problem = FiniteProblem(points * [scale, 1] + shift, [shift, shift])
        assert maximisers(problem).sum() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], [0]), "two players"),
        (([1, 2], [0, 0]), "utilities: 1 dimensions"),
        (([[1, np.nan]], [0, 0]), "utilities: has NaN"),
        (([[1, 2]], [0]), "disagreement: 1 numbers for 2 players"),
        (([[1, "a"]], [0, 0]), "utilities: not an array of numbers"),
        ((np.ones((3, 1, 2)), np.zeros((2, 2))), r"\[2, 3\] draws"),
    ],
)
def test_what_is_no_problem_is_refused(arguments, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        FiniteProblem(*arguments)


def test_weights_must_be_positive() -> None:
    with pytest.raises(ProblemError, match="weights: must be positive"):
        FiniteProblem([[1, 2]], [0, 0], weights=[1, 0])


def test_unknown_solutions_are_refused() -> None:
    problem = FiniteProblem([[1, 2]], [0, 0])
    with pytest.raises(ProblemError, match="'borda'; on a finite set: nash"):
        maximisers(problem, "borda")
    with pytest.raises(ProblemError, match="'borda'; known: nash"):
        solve(problem, "borda")
    with pytest.raises(ProblemError, match="convex sets; give lotteries=True"):
        solve(problem, "raiffa")


# ---- streams --------------------------------------------------------------------------------


def in_chunks(problem: FiniteProblem, size: int) -> StreamProblem:
    """Return the same list in chunks, one of them empty."""
    rows = problem.utilities[0]

    def chunks():
        for start in range(0, len(rows), size):
            yield rows[start : start + size]
            yield rows[:0]

    return StreamProblem(chunks, problem.disagreement[0], problem.lotteries, problem.weights)


@pytest.mark.parametrize("solution", CONCEPTS)
@settings(max_examples=30, deadline=None)
@given(problem=finite_problems(players=(2, 4), alternatives=(1, 12), agreement=False))
def test_a_stream_is_solved_like_the_list(solution: str, problem: FiniteProblem) -> None:
    whole = solve(problem, solution)
    for size in (1, 3, 100):
        part = solve(in_chunks(problem, size), solution)
        assert np.array_equal(part.payoffs, whole.payoffs)
        assert part.outcome[0, 0] == whole.parameters["alternative"][0]
        assert (
            part.parameters["ties"].tolist()
            == np.flatnonzero(maximisers(problem, solution)[0]).tolist()
        )
        assert np.array_equal(part.parameters["ideal"], whole.parameters["ideal"])


@pytest.mark.parametrize("solution", CONCEPTS)
@settings(max_examples=20, deadline=None)
@given(problem=finite_problems(players=(2, 4), alternatives=(1, 12), lotteries=True))
def test_a_stream_with_lotteries_is_solved_like_the_hull(
    solution: str, problem: FiniteProblem
) -> None:
    whole = solve(problem, solution)
    part = solve(in_chunks(problem, 4), solution)
    assert np.allclose(part.payoffs, whole.payoffs, atol=1e-7)
    expected = part.outcome[0] @ problem.utilities[0][part.parameters["alternatives"]]
    assert np.allclose(expected, part.payoffs[0], atol=1e-9)


def test_a_long_stream_is_never_held_whole() -> None:
    n, chunk = 100_000, 10_000
    grid = np.arange(chunk) / n

    def chunks():
        for start in range(0, n, chunk):
            x = start / n + grid
            yield np.stack([x, 1 - x**2], axis=1)

    answer = solve(StreamProblem(chunks, [0, 0]))
    assert np.allclose(answer.payoffs, [[3**-0.5, 2 / 3]], atol=1e-5)
    mixed = solve(StreamProblem(chunks, [0, 0], lotteries=True), "perles_maschler")
    assert np.allclose(mixed.payoffs, [[2 ** (-2 / 3), 1 - 2 ** (-4 / 3)]], atol=1e-5)


def test_streams_that_are_none_are_refused() -> None:
    with pytest.raises(ProblemError, match="3 utilities an alternative for 2 players"):
        solve(StreamProblem(lambda: [[[1, 2, 3]]], [0, 0]))
    with pytest.raises(ProblemError, match="no alternatives"):
        solve(StreamProblem(list, [0, 0], lotteries=True))
    with pytest.raises(ProblemError, match="convex sets"):
        solve(StreamProblem(lambda: [[[1, 2]]], [0, 0]), "perles_maschler")
    assert not solve(StreamProblem(list, [0, 0])).agreement[0]
