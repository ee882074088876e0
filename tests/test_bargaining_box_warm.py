"""Boxes: searches that begin where those of a similar problem ended; steps that do not stall."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from box_cases import Smooth, gains, random_problem, stakes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.bargaining import BoxProblem, Solution, solve
from sim.bargaining.box.programme import Programme, maximise
from sim.bargaining.box.table import prepare
from sim.errors import ProblemError

FloatArray = NDArray[np.float64]
SLOW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
WARM = ("kalai_smorodinsky", "egalitarian")


def neighbours(seed: int, n: int = 2) -> tuple[BoxProblem, BoxProblem]:
    """Return two problems whose disagreement points differ by 1 % of what the table moves."""
    rng = np.random.default_rng(seed)
    one = random_problem(rng, n, 4, 60, pairs=((0, 1),))
    d = np.asarray(one.disagreement) + 0.01 * stakes(one) * rng.uniform(-1, 1, (60, n))
    return one, replace(one, disagreement=d)


def after(problem: BoxProblem, found: Solution) -> BoxProblem:
    return problem.starting_at(found.outcome).after(found.warm)


@pytest.mark.parametrize("solution", WARM)
@SLOW
@given(seed=st.integers(0, 2**32), n=st.sampled_from([2, 3]))
def test_a_warm_start_leads_to_the_same_answer(solution: str, seed: int, n: int) -> None:
    one, two = neighbours(seed, n)
    cold = solve(two, solution)
    warm = solve(after(two, solve(one, solution)), solution)
    assert np.array_equal(cold.agreement, warm.agreement)
    both = cold.converged & warm.converged & cold.agreement
    assert warm.converged.mean() >= cold.converged.mean() - 0.05
    away = np.abs(gains(two, cold.outcome) - gains(two, warm.outcome)) / stakes(two)
    assert away[both].max() < 1e-7
    assert (warm.residual[warm.converged] <= 1e-7).all()


@pytest.mark.parametrize("solution", WARM)
def test_bits_of_a_warm_start_do_not_depend_on_the_company(solution: str) -> None:
    one, two = neighbours(7)
    problem = after(two, solve(one, solution))
    whole = solve(problem, solution)
    for rows in (slice(3, 30), np.array([41]), np.array([50, 2, 17])):
        part = solve(problem.take(rows), solution)
        for name in ("payoffs", "outcome", "agreement", "converged", "residual"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[rows])
        for name, array in part.warm.items():
            assert np.array_equal(array, whole.warm[name][rows], equal_nan=True)


@dataclass(frozen=True)
class Counted:
    """Payoffs that count at how many points they are evaluated with second derivatives."""

    base: Smooth
    count: list[int]

    def __getattr__(self, name: str) -> object:
        return getattr(self.base, name)

    def take(self, rows: NDArray[np.intp] | slice) -> Counted:
        return Counted(self.base.take(rows), self.count)

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> object:
        self.count[0] += x_rows.shape[1] if order == 2 else 0
        return self.base.evaluate(x_rows, order)


def test_a_warm_start_saves_evaluations() -> None:
    """Ideal points above all: each player's is found again from where it was."""
    one, two = neighbours(3)
    counts = []
    known = solve(one, "kalai_smorodinsky")
    for problem in (two.starting_at(known.outcome), after(two, known)):  # cold, warm
        counter = [0]
        solve(replace(problem, payoffs=Counted(problem.payoffs, counter)), "kalai_smorodinsky")
        counts.append(counter[0])
    assert counts[1] < 0.8 * counts[0]


@pytest.mark.parametrize("solution", WARM)
def test_what_is_remembered_of_draws_without_a_deal_is_not_used(solution: str) -> None:
    """A draw that had no deal gets one as if nothing had been known."""
    one, two = neighbours(11)
    d = np.asarray(one.disagreement).copy()
    d[::2] += 100.0
    before = solve(replace(one, disagreement=d), solution)
    assert not before.agreement[::2].any()
    assert all(np.isnan(before.warm[name][::2]).all() for name in ("prices",))
    start = before.outcome
    cold = solve(two.starting_at(start), solution)
    warm = solve(two.starting_at(start).after(before.warm), solution)
    for name in ("payoffs", "outcome", "agreement", "converged", "residual"):
        assert np.array_equal(getattr(cold, name)[::2], getattr(warm, name)[::2])


def test_what_is_remembered_of_other_draws_is_refused() -> None:
    one, two = neighbours(5)
    found = solve(one, "egalitarian")
    with pytest.raises(ProblemError, match="'prices' has 60 draws; the problem has 4"):
        two.take(slice(0, 4)).after(found.warm)


@pytest.mark.parametrize("solution", ["nash", "utilitarian"])
def test_solutions_that_keep_nothing_ignore_it(solution: str) -> None:
    one, two = neighbours(5)
    found = solve(one, solution)
    assert not found.warm
    assert np.array_equal(solve(after(two, found), solution).converged, np.ones(60, bool))


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001])
@SLOW
@given(seed=st.integers(0, 2**32))
def test_a_payment_without_curvature_is_solved_to_rounding(seed: int, unit: float) -> None:
    """Who pays until nothing is left ends at 0 to rounding, from nearby and in small units.

    Maximise v_0 = a x subject to v_1 = s - b x >= 0, gains in `unit` times what x moves.
    """
    rng = np.random.default_rng(seed)
    draws = 40
    a, price = rng.uniform(0.1, 30.0, (2, draws))
    none = np.zeros((draws, 2, 1))
    slope = np.stack([a, -price], axis=1)[:, :, None]
    payoffs = Smooth(slope, none, none, none, np.zeros((draws, 2, 0)))
    budget = rng.uniform(0.1, 0.9, draws) * price
    d = np.stack([np.zeros(draws), -budget], axis=1)
    table, _ = prepare(BoxProblem(payoffs, 0.0, 1.0, d))
    zero = np.zeros((2, draws))
    linear, bound = zero.copy(), zero.astype(bool)
    linear[0], bound[1] = 1.0, True
    scale = unit * np.stack([a, price])
    programme = Programme(scale, zero, zero.astype(bool), bound, linear)
    near = (budget / price)[None] * (1.0 - 1e-8)
    multipliers = np.stack([zero[0], np.ones(draws)])
    found = maximise(table, programme, near, multipliers, exact=True, max_iterations=5)
    assert found.converged.all()
    assert found.x[0] == pytest.approx(budget / price, rel=1e-12)
    assert np.abs(found.gains[1] / price).max() <= 1e-13
