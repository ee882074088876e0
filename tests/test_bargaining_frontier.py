"""Frontiers for figures, and problems from plain functions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from sim.bargaining import (
    CurveProblem,
    FiniteProblem,
    StreamProblem,
    TransferableProblem,
    from_functions,
    frontier,
    solve,
)
from sim.errors import ProblemError
from sim.testing import curve_problems, finite_problems, hull_problems, smooth_problems
from sim.testing.refute import improvement

QUICK = settings(max_examples=30, deadline=None)
TWO = {"players": (2, 2)}


def checked(problem, points: int = 21) -> np.ndarray:
    """Return the payoffs of a frontier after checking order and rationality."""
    found = frontier(problem, points)
    assert found.agreement.all()
    assert found.joined
    line = found.payoffs[0]
    step = np.diff(line, axis=0)
    scale = np.abs(line).max() + 1.0
    assert (step[:, 0] >= -1e-7 * scale).all()
    assert (step[:, 1] <= 1e-7 * scale).all()
    assert (line >= np.asarray(problem.disagreement)[0] - 1e-7 * scale).all()
    return line


@QUICK
@given(hull_problems(**TWO))
def test_a_hull(problem: FiniteProblem) -> None:
    line = checked(problem)
    assert len(line) >= 21
    for point in line[:: len(line) // 5]:
        assert improvement(problem, point) <= 1e-6
    point = solve(problem, "kalai_smorodinsky").payoffs[0]
    height = np.interp(point[0], line[:, 0], line[:, 1])
    assert height == pytest.approx(point[1], abs=1e-9)


@QUICK
@given(finite_problems(**TWO))
def test_a_list_without_lotteries(problem: FiniteProblem) -> None:
    found = frontier(problem)
    assert not found.joined
    listed = {tuple(point) for point in problem.utilities[0]}
    for point in found.payoffs[0]:
        assert tuple(point) in listed
        assert (point >= problem.disagreement[0]).all()
        assert improvement(problem, point) <= 1e-6
    best = solve(problem).payoffs[0]
    assert (found.payoffs[0] == best).all(axis=1).any()


def test_lists_of_several_draws() -> None:
    d = [[0, 0], [2, 0], [9, 9]]
    found = frontier(FiniteProblem([[3, 1], [1, 3], [2, 2], [1, 1], [4, -1]], d))
    assert found.agreement.tolist() == [True, True, False]
    assert found.payoffs[0].tolist() == [[1, 3], [2, 2], [3, 1]]
    assert found.payoffs[1].tolist() == [[2, 2], [3, 1], [3, 1]]
    assert found.payoffs[2].tolist() == [[9, 9]] * 3


@QUICK
@given(curve_problems())
def test_a_curve(problem: CurveProblem) -> None:
    line = checked(problem)
    assert line[:, 1] == pytest.approx(problem.heights(line[:, 0]))
    assert len(line) == 21


def test_a_half_space() -> None:
    line = checked(TransferableProblem(4, [1, 0], [1, 2]), 3)
    assert line.tolist() == [[1, 1.5], [2.5, 0.75], [4, 0]]
    assert len(checked(TransferableProblem(4, [1, 0]), 2)) == 2


@settings(max_examples=8, deadline=None)
@given(smooth_problems(players=(2, 2)))
def test_a_box(problem) -> None:
    found = frontier(problem, 9)
    line = checked(problem, 9)
    lower, upper = problem.bounds
    assert ((lower <= found.outcome[0]) & (found.outcome[0] <= upper)).all()
    for x, point in zip(found.outcome[0], line, strict=True):
        assert problem.payoffs.utility(x[None])[0] == pytest.approx(point)
        assert improvement(problem, point) == 0.0


@QUICK
@given(finite_problems(**TWO, lotteries=None, alternatives=(1, 12)))
def test_a_stream_has_the_frontier_of_its_list(problem: FiniteProblem) -> None:
    rows = problem.utilities[0]
    stream = StreamProblem(
        lambda: (rows[k : k + 3] for k in range(0, len(rows), 3)),
        problem.disagreement[0],
        problem.lotteries,
    )
    one, other = frontier(stream, 9), frontier(problem, 9)
    assert one.joined == other.joined == problem.lotteries
    assert np.allclose(np.unique(one.payoffs[0], axis=0), np.unique(other.payoffs[0], axis=0))


def test_a_box_in_closed_form() -> None:
    table = from_functions(
        {"A": lambda x: x, "B": lambda x: 1 - x**2}, {"x": (0, 1)}, breakdown=[0.0]
    )
    # d = (0, 1): nobody can gain.
    assert not frontier(table).agreement.any()
    table = from_functions(
        {"A": lambda x: x, "B": lambda x: 1 - x**2}, {"x": (0, 1)}, disagreement=[0, 0]
    )
    line = checked(table, 41)
    assert line[:, 1] == pytest.approx(1 - line[:, 0] ** 2, abs=1e-9)
    assert line[[0, -1]] == pytest.approx(np.array([[0, 1], [1, 0]]), abs=1e-5)


def test_no_agreement_stays_at_disagreement() -> None:
    for problem in (
        FiniteProblem([[1, -1]], [0, 0]),
        FiniteProblem([[1, -1]], [0, 0], lotteries=True),
        TransferableProblem(-1, [0, 0]),
        CurveProblem(lambda u: -1 - u, 0, 1, [0, 0]),
    ):
        found = frontier(problem, 5)
        assert not found.agreement.any()
        assert not found.payoffs.any()


def test_what_has_no_frontier_is_refused() -> None:
    with pytest.raises(ProblemError, match="3 players; two are needed"):
        frontier(FiniteProblem([[1, 1, 1]], [0, 0, 0]))
    with pytest.raises(ProblemError, match="points: 1"):
        frontier(FiniteProblem([[1, 1]], [0, 0]), 1)


# ---- from functions -------------------------------------------------------------------------


def test_names_weights_and_draws() -> None:
    table = from_functions(
        {"US": lambda share, pie: pie * share, "JPN": lambda share, pie: pie * (1 - share)},
        {"share": (0, 1)},
        breakdown={"share": 0.0},
        weights={"JPN": 1, "US": 3},
        parameters={"pie": [1.0, 2.0, 3.0]},
    )
    assert table.payoffs.players == ("US", "JPN")
    assert table.payoffs.issues == ("share",)
    assert np.asarray(table.disagreement).tolist() == [[0, 1], [0, 2], [0, 3]]
    apart = from_functions(
        {"US": lambda share, pie: pie * share, "JPN": lambda share, pie: pie * (1 - share)},
        {"share": (0, 1)},
        disagreement=[0, 0],
        weights={"JPN": 1, "US": 3},
        start=[0.9],
        parameters={"pie": [1.0, 2.0, 3.0]},
    )
    answer = solve(apart)
    assert answer.outcome[:, 0] == pytest.approx([0.75] * 3)
    assert answer.payoffs[:, 0] == pytest.approx([0.75, 1.5, 2.25])


def test_several_issues_and_constant_payoffs() -> None:
    table = from_functions(
        {
            "A": lambda x, y: x - y**2,
            "B": lambda x, y: y - x**2,
            "C": lambda x, y: 1.0,
        },
        {"x": (0, 1), "y": (0, 1)},
        disagreement=[0, 0, 1],
    )
    answer = solve(table)
    assert answer.outcome[0] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert answer.payoffs[0] == pytest.approx([0.25, 0.25, 1.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"disagreement": None}, "either disagreement"),
        ({"breakdown": [0.0]}, "either disagreement"),
        ({"issues": {"x": (1, 0)}}, "range of 'x' is"),
        ({"issues": {"x": 1}}, "each needs a range"),
        ({"issues": {}}, "at least one player and one issue"),
        ({"weights": {"A": 1}}, r"names \['A'\]; needed: \['A', 'B'\]"),
        ({"start": [0, 0]}, "start: 2 numbers for x"),
        ({"parameters": {"a": [1, 2], "b": [1, 2, 3]}}, "one length"),
        ({"disagreement": [0, 0, 0]}, "disagreement"),
    ],
)
def test_what_cannot_be_built_is_refused(change, message: str) -> None:
    arguments = {
        "players": {"A": lambda x, **_: x, "B": lambda x, **_: 1 - x},
        "issues": {"x": (0, 1)},
        "disagreement": [0, 0],
    } | change
    players, issues = arguments.pop("players"), arguments.pop("issues")
    with pytest.raises(ProblemError, match=message):
        from_functions(players, issues, **arguments)
