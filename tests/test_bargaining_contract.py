"""What every solution of every kind of problem promises: shapes, flags, certificates."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bargaining import (
    SOLUTIONS,
    BoxProblem,
    CurveProblem,
    FiniteProblem,
    StreamProblem,
    TransferableProblem,
    from_functions,
    solve,
)
from sim.errors import ProblemError

TRIANGLE = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0]])


def deals() -> dict[str, object]:
    """Return problems with an agreement, all with gains (0, 2) to (4, 0) on a line."""
    return {
        "list": FiniteProblem([*TRIANGLE, [2.0, 1.0]], [0, 0]),
        "hull": FiniteProblem(TRIANGLE, [0, 0], lotteries=True),
        "stream": StreamProblem(lambda: iter([TRIANGLE, [[2.0, 1.0]]]), [0, 0]),
        "stream of a hull": StreamProblem(lambda: iter([TRIANGLE]), [0, 0], lotteries=True),
        "curve": CurveProblem(lambda u: 2 - u / 2, 0, 4, [0, 0]),
        "pie": TransferableProblem(4, [0, 0], [1, 2]),
        "box": from_functions(
            {"A": lambda x: 4 * x, "B": lambda x: 2 - 2 * x}, {"x": (0, 1)}, disagreement=[0, 0]
        ),
    }


def no_deals() -> dict[str, object]:
    """Return the same problems with a disagreement point that nobody can improve on."""
    d = [3.0, 1.0]
    return {
        "list": FiniteProblem([*TRIANGLE, [2.0, 1.0]], d),
        "hull": FiniteProblem(TRIANGLE, d, lotteries=True),
        "stream": StreamProblem(lambda: iter([TRIANGLE, [[2.0, 1.0]]]), d),
        "stream of a hull": StreamProblem(lambda: iter([TRIANGLE]), d, lotteries=True),
        "curve": CurveProblem(lambda u: 2 - u / 2, 0, 4, d),
        "pie": TransferableProblem(4, d, [1, 2]),
        "box": from_functions(
            {"A": lambda x: 4 * x, "B": lambda x: 2 - 2 * x}, {"x": (0, 1)}, disagreement=d
        ),
    }


def defined(kind: str, solution: str) -> bool:
    convex = solution in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")
    return convex or kind not in ("list", "stream")


CASES = [(k, s) for k in deals() for s in SOLUTIONS if defined(k, s)]
ALONG_THE_LINE = {"egalitarian": [4 / 3, 4 / 3], "utilitarian": [4.0, 0.0]}


@pytest.mark.parametrize(("kind", "solution"), CASES)
def test_deals(kind: str, solution: str) -> None:
    problem = deals()[kind]
    answer = solve(problem, solution)
    assert answer.payoffs.shape == (1, 2)
    for flags in (answer.agreement, answer.converged):
        assert flags.dtype == np.bool_
        assert flags.tolist() == [True]
    assert 0 <= answer.residual[0] <= 1e-5
    assert answer.method == solution
    want = ALONG_THE_LINE.get(solution, [2.0, 1.0])
    if kind in ("list", "stream") and solution == "egalitarian":
        want = [2.0, 1.0]
    assert answer.payoffs[0] == pytest.approx(want, abs=2e-5)
    if kind not in ("box",):
        assert answer.parameters["ideal"] == pytest.approx(np.array([[4.0, 2.0]]))
    if solution == "kalai_smorodinsky" and "distance" in answer.parameters:
        assert answer.parameters["distance"][0] <= 1e-8


@pytest.mark.parametrize(("kind", "solution"), CASES)
def test_no_deals(kind: str, solution: str) -> None:
    answer = solve(no_deals()[kind], solution)
    assert answer.agreement.tolist() == [False]
    assert answer.converged.tolist() == [True]
    assert answer.payoffs.tolist() == [[3.0, 1.0]]
    assert np.isfinite(answer.outcome).all()
    assert answer.residual[0] >= 0
    if kind not in ("box",):
        assert not np.asarray(answer.parameters["ideal"]).any()


def test_three_players_without_a_deal() -> None:
    corners = FiniteProblem(np.eye(3), [0.5, 0.5, 0.5], lotteries=True)
    for solution in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        answer = solve(corners, solution)
        assert answer.converged.all()
        assert not answer.agreement.any()
        assert not answer.residual.any()
        assert answer.payoffs.tolist() == [[0.5, 0.5, 0.5]]
    ks = solve(corners, "kalai_smorodinsky")
    assert not ks.parameters["ideal"].any()
    assert not ks.parameters["distance"].any()


def test_draws_with_and_without_a_deal_side_by_side() -> None:
    d = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.2, 0.2, 0.3]]
    both = FiniteProblem(np.eye(3), d, lotteries=True)
    for solution in ("nash", "kalai_smorodinsky", "egalitarian"):
        answer = solve(both, solution)
        assert answer.agreement.tolist() == [True, False, True]
        assert answer.payoffs == pytest.approx(
            np.array([[1 / 3] * 3, [0.5] * 3, [0.3, 0.3, 0.4]]), abs=1e-8
        )


def test_every_solution_is_offered_for_boxes_and_hulls() -> None:
    assert set(SOLUTIONS) == {
        "nash",
        "kalai_smorodinsky",
        "egalitarian",
        "utilitarian",
        "perles_maschler",
        "raiffa",
        "raiffa_continuous",
    }
    for kinds in SOLUTIONS.values():
        assert set(kinds) == {
            BoxProblem,
            CurveProblem,
            FiniteProblem,
            StreamProblem,
            TransferableProblem,
        }
    with pytest.raises(ProblemError, match="problem: dict; nash is for"):
        solve({})


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ProblemError, match="0 alternatives for 2 players"):
        FiniteProblem(np.zeros((0, 2)), [0, 0])
