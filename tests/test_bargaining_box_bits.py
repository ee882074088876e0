"""A draw's answer is the same to the last bit, whatever other draws it is solved with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from box_cases import random_problem
from numpy.typing import NDArray

from benchmarks import worked_example
from sim.bargaining import BoxProblem, Solution, maxmin, solve
from sim.bargaining.box import pool
from sim.bargaining.egalitarian import egalitarian
from sim.bargaining.kalai_smorodinsky import kalai_smorodinsky
from sim.bargaining.nash import nash
from sim.bargaining.utilitarian import utilitarian

SOLVERS = {f.__name__: f for f in (nash, kalai_smorodinsky, egalitarian, utilitarian)}
DRAWS = 240


def worked(
    table: tuple[tuple[int, ...], tuple[int, ...]], *, spread: float, aversion: bool = False
) -> BoxProblem:
    players, issues = table[0], list(table[1])
    payoffs = worked_example.build(
        DRAWS,
        gsd=spread,
        rng=np.random.default_rng(2),
        risk_aversion=np.array([0.02, 0.0, 0.05]) if aversion else None,
    )
    bound = payoffs.table(players, issues, worked_example.STATUS_QUO)
    d = bound.utility(worked_example.BREAKDOWN[issues])
    return BoxProblem(
        bound,
        worked_example.LOWER[issues],
        worked_example.UPPER[issues],
        d,
        start=worked_example.STATUS_QUO[issues],
    )


CASES = {
    "linked": lambda: worked(worked_example.LINKED_JPN, spread=1.4),
    "averse": lambda: worked(worked_example.LINKED_ROK, spread=1.2, aversion=True),
    "trilateral": lambda: worked(worked_example.TRILATERAL, spread=1.5),
    "blocks": lambda: random_problem(
        np.random.default_rng(1), 3, 4, DRAWS, concave=False, pairs=((0, 1), (1, 3))
    ),
}


def arrays(found: Solution) -> Iterator[NDArray[np.generic]]:
    yield from (found.payoffs, found.outcome, found.agreement, found.converged, found.residual)
    yield from (v for v in found.parameters.values() if isinstance(v, np.ndarray))


@pytest.mark.parametrize("solution", SOLVERS)
@pytest.mark.parametrize("case", CASES)
def test_bits(case: str, solution: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, solver = CASES[case](), SOLVERS[solution]
    whole = list(arrays(solver(problem)))
    order = np.random.default_rng(0).permutation(DRAWS)
    shuffled = problem.take(order)
    few = problem.take(slice(0, 14))
    for one, two in zip(whole, arrays(solver(few, chunk=7)), strict=True):
        assert np.array_equal(one[:14], two)
    for block, chunk in ((64, 100), (50, DRAWS)):
        monkeypatch.setattr(pool, "BLOCK", block)
        for one, two in zip(whole, arrays(solver(shuffled, chunk=chunk)), strict=True):
            assert np.array_equal(one[order], two)
    monkeypatch.setattr(pool, "BLOCK", 16384)
    alone = solver(problem.take(np.array([5])))
    for one, two in zip(whole, arrays(alone), strict=True):
        assert np.array_equal(one[5:6], two)


def test_max_min_bits() -> None:
    problem = CASES["trilateral"]()
    value, x = maxmin(problem)
    for chunk in (1, 17):
        few = problem.take(slice(30, 60))
        one, two = maxmin(few, chunk=chunk)
        assert np.array_equal(one, value[30:60])
        assert np.array_equal(two, x[30:60])


def test_elementary_functions_do_not_depend_on_the_length() -> None:
    """NumPy computes the tail of a row with the same code as its body."""
    values = np.random.default_rng(0).uniform(0.01, 5.0, 4099)
    for function in (np.exp, np.log, np.expm1, np.log1p, np.sqrt):
        whole = function(values)
        for length in (1, 2, 3, 5, 7, 8, 9, 15, 31, 1000):
            assert np.array_equal(function(values[:length]), whole[:length])
            assert np.array_equal(function(values[3 : 3 + length].copy()), whole[3 : 3 + length])
    whole = np.power(values, 0.7)
    assert all(np.array_equal(np.power(values[:n], 0.7), whole[:n]) for n in (1, 3, 7, 9, 63))


def test_seeded_problems_are_solved() -> None:
    for case in CASES.values():
        assert solve(case()).converged.all()
