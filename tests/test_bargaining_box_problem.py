"""What a box problem is, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from box_cases import random_payoffs, random_problem

from sim.bargaining import BoxProblem, Ratifiers, audit, solve
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import prepare
from sim.errors import ProblemError

PAYOFFS = random_payoffs(np.random.default_rng(0), 2, 3, 4)
FINE: Mapping[str, object] = {"lower": 0.0, "upper": [1, 1, 1], "disagreement": np.zeros((4, 2))}


def test_everything_is_spread_over_the_draws() -> None:
    problem = BoxProblem(PAYOFFS, 0.0, [1, 2, 3], 0.0, weights=[1, 2], start=9.0)
    assert problem.bounds[0].shape == problem.bounds[1].shape == (4, 3)
    assert np.asarray(problem.weights).tolist() == [[1.0, 2.0]] * 4
    assert problem.starting_point.tolist() == [[1.0, 2.0, 3.0]] * 4
    assert BoxProblem(PAYOFFS, 0.0, 1.0, 0.0).starting_point.tolist() == [[0.5] * 3] * 4
    some = problem.take(np.array([2, 0]))
    assert (some.n_draws, some.n_players, some.n_issues) == (2, 2, 3)
    assert np.array_equal(some.payoffs.slope, PAYOFFS.slope[[2, 0]])
    assert problem.starting_at(0.25).starting_point.tolist() == [[0.25] * 3] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": [0, 2, 0]}, "issue 1.*upside down"),
        ({"lower": np.nan}, "lower must be finite"),
        ({"upper": np.inf}, "upper must be finite"),
        ({"upper": [1, 1]}, "upper must be numbers that broadcast"),
        ({"upper": "high"}, "upper must be numbers"),
        ({"disagreement": np.zeros((4, 3))}, "disagreement"),
        ({"disagreement": [0.0, np.nan]}, "disagreement must be finite"),
        ({"weights": [1, 0]}, "weights must be positive"),
        ({"weights": [1, np.nan]}, "weights must be finite"),
        ({"start": np.full(3, np.nan)}, "start must be finite"),
        ({"ties": ((0, 3),)}, r"tie \(0, 3\)"),
        ({"ties": ((1, 1),)}, "two different issues"),
        ({"ratifiers": Ratifiers(PAYOFFS.take(slice(0, 2)))}, "draws and the issues"),
        ({"ratifiers": Ratifiers(PAYOFFS, np.nan)}, "thresholds must be finite"),
    ],
)
def test_what_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        BoxProblem(PAYOFFS, **{**FINE, **change})  # type: ignore[arg-type]


def test_ties_whose_ranges_do_not_meet() -> None:
    problem = BoxProblem(PAYOFFS, [0, 0, 0.6], [0.5, 1, 1], 0.0, ties=((0, 2),))
    with pytest.raises(ProblemError, match="ranges that meet"):
        solve(problem)


def test_ties_chain() -> None:
    problem = random_problem(np.random.default_rng(1), 2, 4, 3)
    chained = BoxProblem(problem.payoffs, 0, 1, problem.disagreement, ties=((0, 1), (3, 1)))
    found = solve(chained)
    assert np.array_equal(found.outcome[:, 0], found.outcome[:, 1])
    assert np.array_equal(found.outcome[:, 0], found.outcome[:, 3])


def test_inputs_are_copied() -> None:
    d = np.zeros((4, 2))
    problem = BoxProblem(PAYOFFS, 0.0, 1.0, d)
    d[:] = np.nan
    assert np.isfinite(np.asarray(problem.disagreement)).all()


def test_starts_are_inside_and_the_same_for_all() -> None:
    problem = random_problem(np.random.default_rng(2), 2, 3, 5)
    table, first = prepare(problem)
    points = list(starts(table, first, number=12))
    assert len(points) == 12
    assert points[0] is first
    for point in points:
        assert ((point >= table.lower) & (point <= table.upper)).all()
        assert np.ptp(point, axis=1).max() == 0.0
    assert len({tuple(p[:, 0]) for p in points[1:]}) == 11


def test_no_draws() -> None:
    none = random_problem(np.random.default_rng(3), 2, 3, 4).take(np.zeros(0, dtype=np.intp))
    for solution in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        found = solve(none, solution)
        assert found.payoffs.shape == (0, 2)
        assert found.outcome.shape == (0, 3)
        assert found.converged.shape == (0,)


def test_audit_refuses_what_it_does_not_know() -> None:
    problem = random_problem(np.random.default_rng(3), 2, 3, 4)
    with pytest.raises(ProblemError, match="raiffa"):
        audit(problem, "raiffa")
    with pytest.raises(ProblemError, match="at least 1"):
        audit(problem, every=0)
