"""What is refused is refused in words: which argument, what it is, what is allowed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from box_cases import random_payoffs, random_problem

from sim.bargaining import (
    SOLUTIONS,
    BoxProblem,
    CurveProblem,
    FiniteProblem,
    Ratifiers,
    StreamProblem,
    TransferableProblem,
    audit,
    from_functions,
    frontier,
    maximisers,
    minkowski_sum,
    solve,
)
from sim.bargaining.box.table import prepare
from sim.errors import ProblemError

PAYOFFS = random_payoffs(np.random.default_rng(0), 2, 3, 4)
NONE = random_payoffs(np.random.default_rng(0), 2, 0, 4)
SUMMED = random_problem(np.random.default_rng(1), 3, 2, 2)
EYE3 = FiniteProblem(np.eye(3), np.zeros(3), lotteries=True)
LIST = FiniteProblem([[1, 1]], [0, 0])
KINDS = "FiniteProblem, StreamProblem, CurveProblem, TransferableProblem, BoxProblem"
FOUR = "nash, kalai_smorodinsky, egalitarian, utilitarian"


def box(**change: object) -> BoxProblem:
    return BoxProblem(
        **{"payoffs": PAYOFFS, "lower": 0.0, "upper": 1.0, "disagreement": 0.0} | change
    )


def functions(**change: object) -> BoxProblem:
    two = {"A": lambda x, **_: x, "B": lambda x, **_: 1 - x}
    fine = {"players": two, "issues": {"x": (0, 1)}, "disagreement": [0, 0]}
    return from_functions(**fine | change)


def of(utilities: object, disagreement: object = (0, 0), **more: object) -> FiniteProblem:
    return FiniteProblem(utilities, disagreement, **more)


def curve(function=lambda u: 1 - u, lower=0, upper=1, d=(0, 0), **more) -> CurveProblem:
    return CurveProblem(function, lower, upper, d, **more)


def dent(u: np.ndarray) -> np.ndarray:
    return np.where(u < 1, 3 - 2 * u, np.maximum(1.02 - 0.02 * u, 0.0))


REFUSED: dict[str, Callable[[], object]] = {
    # boxes
    "a table needs at least one player and one issue": lambda: box(payoffs=NONE),
    "bounds of issue 'issue 1' are upside down: lower must not exceed upper": lambda: box(
        lower=[0, 2, 0]
    ),
    "weights must be positive": lambda: box(weights=[1, 0]),
    "tie (0, 3): must name two different issues, 0 to 2": lambda: box(ties=((0, 3),)),
    "tie (3, 0): must name two different issues, 0 to 2": lambda: box(ties=((3, 0),)),
    "tie (-1, 0): must name two different issues, 0 to 2": lambda: box(ties=((-1, 0),)),
    "tie (0, -1): must name two different issues, 0 to 2": lambda: box(ties=((0, -1),)),
    "tie (2, 2): must name two different issues, 0 to 2": lambda: box(ties=((2, 2),)),
    "ratifiers must have the draws and the issues of the table": lambda: box(
        ratifiers=Ratifiers(PAYOFFS.take(slice(0, 2)))
    ),
    "thresholds must be finite, without NaN": lambda: box(ratifiers=Ratifiers(PAYOFFS, np.nan)),
    "lower must be finite, without NaN": lambda: box(lower=-np.inf),
    "upper must be finite, without NaN": lambda: box(upper=np.nan),
    "disagreement must be finite, without NaN": lambda: box(disagreement=np.nan),
    "weights must be finite, without NaN": lambda: box(weights=np.inf),
    "start must be finite, without NaN": lambda: box(start=np.nan),
    "tied issues must have ranges that meet": lambda: prepare(
        box(lower=[0, 0, 0.6], upper=[0.5, 1, 1], ties=((0, 2),))
    ),
    # lists
    "utilities: 1 alternatives for 1 players; at least one alternative and two players are "
    "needed": lambda: of([[1]], [0]),
    "utilities: 0 alternatives for 2 players; at least one alternative and two players are "
    "needed": lambda: of(np.zeros((0, 2))),
    "utilities: not an array of numbers": lambda: of([[1, "a"]]),
    "disagreement: not an array of numbers": lambda: of([[1, 2]], "ab"),
    "weights: not an array of numbers": lambda: of([[1, 2]], weights="ab"),
    "utilities: 1 dimensions; allowed: (2, 3)": lambda: of([1, 2]),
    "disagreement: 0 dimensions; allowed: (1, 2)": lambda: of([[1, 2]], 0),
    "weights: 0 dimensions; allowed: (1, 2)": lambda: of([[1, 2]], weights=1),
    "utilities: has NaN or infinite entries; only finite numbers are allowed": lambda: of(
        [[1, np.inf]]
    ),
    "disagreement: has NaN or infinite entries; only finite numbers are allowed": lambda: of(
        [[1, 1]], [0, np.nan]
    ),
    "disagreement: 1 numbers for 2 players": lambda: of([[1, 2]], [0]),
    "weights: 3 numbers for 2 players": lambda: of([[1, 2]], weights=[1, 1, 1]),
    "weights: must be positive": lambda: of([[1, 2]], weights=[0, 1]),
    "draws: utilities, disagreement and weights have [2, 3] draws; they must have one number of "
    "draws, or 1": lambda: of(np.ones((3, 1, 2)), np.zeros((2, 2))),
    f"solution: 'borda'; on a finite set: {FOUR}": lambda: maximisers(LIST, "borda"),
    "raiffa: 3 players; defined for two": lambda: solve(EYE3, "raiffa"),
    # streams
    "chunk: 3 utilities an alternative for 2 players": lambda: solve(
        StreamProblem(lambda: [[[1, 2, 3]]], [0, 0])
    ),
    "chunk: not an array of numbers": lambda: solve(StreamProblem(lambda: ["a"], [0, 0])),
    "chunk: 1 dimensions; allowed: (2,)": lambda: solve(StreamProblem(lambda: [[1, 2]], [0, 0])),
    "chunks: no alternatives": lambda: solve(StreamProblem(list, [0, 0], lotteries=True)),
    "disagreement: 2 dimensions; allowed: (1,)": lambda: StreamProblem(list, [[0, 0]]),
    # curves
    "draws: a curve is one problem; solve curves one at a time": lambda: curve(d=[[0, 0]] * 2),
    "range: lower 1.0 must be less than upper 1.0": lambda: curve(lower=1),
    "lower and upper: has NaN or infinite entries; only finite numbers are allowed": lambda: curve(
        upper=np.nan
    ),
    "function: not finite everywhere between lower and upper": lambda: curve(
        lambda u: np.where(u > 0.5, -np.inf, 1.0)
    ),
    "function: rises somewhere; u2 must not rise with u1": lambda: curve(lambda u: u),
    "raiffa: defined for convex sets, and the curve is not concave between 0 and 3": lambda: solve(
        curve(dent, upper=3), "raiffa"
    ),
    # transferable utility
    "disagreement: at least two players are needed": lambda: TransferableProblem(1, [0]),
    "draws: one number of draws is needed in every array": lambda: TransferableProblem(
        [1, 2], np.zeros((3, 2))
    ),
    "budget: 2 dimensions; allowed: (0, 1)": lambda: TransferableProblem([[1]], [0, 0]),
    "normal: must be positive": lambda: TransferableProblem(1, [0, 0], [1, 0]),
    "normal: 3 numbers for 2 players": lambda: TransferableProblem(1, [0, 0], [1, 1, 1]),
    "normal: not an array of numbers": lambda: TransferableProblem(1, [0, 0], "ab"),
    "perles_maschler: 3 players; defined for two": lambda: solve(
        TransferableProblem(1, [0, 0, 0]), "perles_maschler"
    ),
    # sums
    "minkowski_sum: at least one table is needed": minkowski_sum,
    "minkowski_sum: tables with [2, 3] players; one number is needed": lambda: minkowski_sum(
        EYE3, LIST
    ),
    "minkowski_sum: half spaces with different normals: unbounded sum": lambda: minkowski_sum(
        TransferableProblem(1, [0, 0]), TransferableProblem(1, [0, 0], [1, 2])
    ),
    "minkowski_sum: tables with and without lotteries do not add up": lambda: minkowski_sum(
        LIST, FiniteProblem([[1, 1]], [0, 0], lotteries=True)
    ),
    "minkowski_sum: 5000 x 4001 alternatives in 1 draws; at most 20000000 in all (stream the "
    "combinations instead: StreamProblem)": lambda: minkowski_sum(
        of(np.ones((5000, 2))), of(np.ones((4001, 2)))
    ),
    # plain functions
    "give either disagreement (utilities) or breakdown (an outcome)": lambda: functions(
        breakdown=[0.0]
    ),
    "at least one player and one issue are needed": lambda: functions(players={}),
    "issues: each needs a range (lower, upper)": lambda: functions(issues={"x": 1}),
    "issues: range of 'x' is (1.0, 0.0); lower <= upper": lambda: functions(issues={"x": (1, 0)}),
    "issues: range of 'x' is (0.0, inf); lower <= upper": lambda: functions(
        issues={"x": (0, np.inf)}
    ),
    "parameters: numbers, or arrays of one length, the number of draws": lambda: functions(
        parameters={"a": [[1.0]]}
    ),
    "start: 2 numbers for x": lambda: functions(start=[0, 0]),
    "weights: names ['A']; needed: ['A', 'B']": lambda: functions(weights={"A": 1}),
    "breakdown: names ['y']; needed: ['x']": lambda: functions(
        disagreement=None, breakdown={"y": 1}
    ),
    # doors
    f"solution: 'borda'; known: {', '.join(SOLUTIONS)}": lambda: solve(LIST, "borda"),
    f"problem: dict; nash is for {KINDS}": lambda: solve({}),
    f"raiffa: defined for convex sets; give lotteries=True, or one of {FOUR}": lambda: solve(
        LIST, "raiffa"
    ),
    f"perles_maschler: defined for convex sets; give lotteries=True, or one of {FOUR}": (
        lambda: solve(StreamProblem(list, [0, 0]), "perles_maschler")
    ),
    "frontier: 3 players; two are needed": lambda: solve(SUMMED, "raiffa"),
    "points: 1; at least 2 are needed": lambda: frontier(LIST, 1),
    f"solution: 'raiffa'; known: {FOUR}": lambda: audit(SUMMED, "raiffa"),
    "every and number must be at least 1": lambda: audit(SUMMED, every=0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused_in_these_words(message: str) -> None:
    with pytest.raises(ProblemError) as refusal:
        REFUSED[message]()
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "call",
    [
        lambda: box(ratifiers=Ratifiers(random_payoffs(np.random.default_rng(0), 1, 2, 4))),
        lambda: box(ratifiers=Ratifiers(PAYOFFS, np.zeros(3))),
        lambda: functions(disagreement=None),
        lambda: functions(issues={}),
        lambda: functions(issues={"x": (np.nan, 1)}),
        lambda: functions(parameters={"a": [1, 2], "b": [1, 2, 3]}),
        lambda: audit(SUMMED, number=0),
        lambda: frontier(EYE3),
        lambda: TransferableProblem(1, [0, 0], weights=[1, 0]),
    ],
)
def test_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ProblemError):
        call()


@pytest.mark.parametrize("wrong", ["low", [1.0, 2.0]])
def test_what_does_not_broadcast_names_its_shape(wrong: object) -> None:
    with pytest.raises(ProblemError) as refusal:
        box(lower=wrong)
    said = str(refusal.value)
    # What follows the colon is NumPy's reason.
    assert said.startswith("lower must be numbers that broadcast to shape (4, 3) (draws first): ")
    assert len(said.split("first): ")[1]) > 10


def test_the_limits_themselves_are_allowed() -> None:
    assert box(lower=1.0).bounds[0].min() == 1.0
    assert box(ties=((0, 2), (2, 1))).ties == ((0, 2), (2, 1))
    assert functions(issues={"x": (1, 1)}).bounds[0].tolist() == [[1.0]]
    assert len(frontier(of([[1, 1]], lotteries=True), 2).payoffs) == 1
    assert audit(SUMMED, every=1, number=1).draws.tolist() == [0, 1]
    flat = solve(curve(np.ones_like), "raiffa")
    assert flat.payoffs[0] == pytest.approx([1.0, 1.0])
    assert minkowski_sum(of(np.ones((2, 2))), of(np.ones((3, 2)))).utilities.shape == (1, 6, 2)
