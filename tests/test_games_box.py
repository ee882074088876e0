"""Constrained maxima on boxes: the definition, against SciPy, and what the multipliers mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from games_cases import BREAKDOWN, LOWER, STATUS_QUO, UPPER, US_JAPAN, worked_example
from scipy.optimize import minimize

from sim.errors import GameError
from sim.games.box.maximise import maximise, starting_points, utilities
from sim.payoffs import CustomTerm, Payoffs


@pytest.fixture(scope="module")
def table():
    payoffs = worked_example(12, spread=0.2, seed=3)
    issues = list(US_JAPAN[1])
    part = payoffs.table(*US_JAPAN, STATUS_QUO)
    low, high = (np.tile(b[issues], (12, 1)) for b in (LOWER, UPPER))
    return part, low, high, part.utility(BREAKDOWN[issues])


@pytest.mark.parametrize("player", [0, 1])
def test_maximum_agrees_with_slsqp_and_floors_bind(table, player):
    part, low, high, floors = table
    other = 1 - player
    floors = floors + 0.5
    found = maximise(
        part, player, lower=low, upper=high, floors=floors, starts=starting_points(low, high, 3)
    )
    assert found.converged.all()
    assert found.feasible.all()
    np.testing.assert_allclose(found.payoffs[:, other], floors[:, other], atol=1e-9)
    for draw in range(3):
        best = by_slsqp(part.take(np.array([draw])), player, low[draw], high[draw], floors[draw])
        assert found.payoffs[draw, player] >= best - 1e-6


def test_the_best_of_the_starts_wins_draw_by_draw(table):
    part, low, high, floors = table
    starts = starting_points(low, high, 4)
    found = maximise(part, 0, lower=low, upper=high, floors=floors, starts=starts)
    alone = [
        maximise(part, 0, lower=low, upper=high, floors=floors, starts=[start]) for start in starts
    ]
    best = np.max([np.where(one.feasible, one.payoffs[:, 0], -np.inf) for one in alone], axis=0)
    np.testing.assert_allclose(found.payoffs[:, 0], best, rtol=1e-12)
    np.testing.assert_array_equal(found.feasible, np.any([one.feasible for one in alone], axis=0))


def by_slsqp(part, player, low, high, floors):
    """Return the best of three runs of SLSQP on one draw."""
    other, width = 1 - player, high - low

    def outcome(z):
        return (low + z * width)[None]

    return -min(
        minimize(
            lambda z: -part.utility(outcome(z))[0, player],
            start,
            jac=lambda z: -part.gradient(outcome(z))[0, player] * width,
            bounds=[(1e-9, 1)] * 6,
            constraints={
                "type": "ineq",
                "fun": lambda z: part.utility(outcome(z))[0, other] - floors[other],
            },
            method="SLSQP",
            options={"ftol": 1e-13, "maxiter": 400},
        ).fun
        for start in np.random.default_rng(0).uniform(0.1, 0.9, (3, 6))
    )


def test_multipliers_are_the_slope_of_the_frontier(table):
    part, low, high, floors = table
    step = 1e-4
    at = [
        maximise(part, 0, lower=low, upper=high, floors=floors + shift)
        for shift in (0.5 - step, 0.5, 0.5 + step)
    ]
    slope = (at[0].payoffs[:, 0] - at[2].payoffs[:, 0]) / (2 * step)
    np.testing.assert_allclose(at[1].multipliers[:, 1], slope, rtol=1e-5)


def test_warm_start_ends_at_the_same_point(table):
    part, low, high, floors = table
    cold = maximise(part, 1, lower=low, upper=high, floors=floors + 0.6)
    near = maximise(part, 1, lower=low, upper=high, floors=floors + 0.5)
    warm = maximise(
        part,
        1,
        lower=low,
        upper=high,
        floors=floors + 0.6,
        starts=[near.outcome],
        multipliers=near.multipliers,
    )
    np.testing.assert_allclose(warm.payoffs, cold.payoffs, atol=1e-8)


def test_no_random_outcome_is_better(table):
    part, low, high, floors = table
    found = maximise(part, 0, lower=low, upper=high, floors=floors)
    rng = np.random.default_rng(0)
    for _ in range(300):
        u = utilities(part, low + rng.random(low.shape) * (high - low))
        assert not ((u[:, 1] >= floors[:, 1]) & (u[:, 0] > found.payoffs[:, 0] + 1e-9)).any()


def test_impossible_floors_are_flagged(table):
    part, low, high, floors = table
    found = maximise(part, 0, lower=low, upper=high, floors=floors + 1e4)
    assert not found.feasible.any()
    assert np.isfinite(found.payoffs).all()


def test_fixed_issues_stay(table):
    part, low, high, floors = table
    top = high.copy()
    top[:, 2] = low[:, 2] = 0.25
    found = maximise(part, 0, lower=low, upper=top, floors=floors)
    np.testing.assert_array_equal(found.outcome[:, 2], 0.25)
    low[:, 2] = 0.0


def test_bounds_must_be_in_order_and_finite(table):
    part, low, high, _ = table
    with pytest.raises(GameError, match="bounds in order"):
        maximise(part, 0, lower=high, upper=low)
    with pytest.raises(GameError, match="shape"):
        maximise(part, 0, lower=low[:, :2], upper=high)
    with pytest.raises(GameError, match="finite"):
        maximise(part, 0, lower=low, upper=np.full_like(high, np.inf))


class Patchy:
    """Payoffs that one draw does not have in the middle of the box."""

    def __init__(self, whole, lost):
        self.whole, self.lost = whole, lost
        self.players, self.issues, self.blocks = whole.players, whole.issues, whole.blocks
        self.n_draws = whole.n_draws

    def evaluate(self, x_rows, order=2):
        found = self.whole.evaluate(x_rows, order)
        bad = self.lost & (x_rows[0] > 0.05)
        hole = np.where(bad, np.nan, 0.0)
        entries = tuple((p, i, j, h + hole) for p, i, j, h in found.hessian)
        return replace(
            found, value=found.value + hole, gradient=found.gradient + hole, hessian=entries
        )

    def take(self, rows):
        return Patchy(self.whole.take(rows), self.lost[rows])


def test_a_draw_without_payoffs_is_flagged_and_stops_no_other(table):
    part, low, high, floors = table
    lost = np.arange(12) == 4
    given = {"lower": low, "upper": high, "floors": floors}
    starts = starting_points(low, high, 3)
    found = maximise(Patchy(part, lost), 0, starts=starts, **given)
    whole = maximise(part, 0, starts=starts, **given)
    assert not found.converged[4]
    assert found.converged[~lost].all()
    np.testing.assert_allclose(found.payoffs[~lost], whole.payoffs[~lost], rtol=1e-10)


@pytest.mark.parametrize("order", [(0.05, 0.9), (0.9, 0.05)])
def test_of_two_local_maxima_the_higher_is_kept(order):
    """x^2 - 0.3 x on [0, 1]: 0 at one end, 0.7 at the other, whichever is found first."""
    term = CustomTerm(lambda x: x**2 - 0.3 * x, (0,), (0,), lower=(0.0,), upper=(1.0,))
    payoffs = Payoffs.from_status_quo(("a",), ("x",), (term,), status_quo=[0.0], n_draws=2)
    starts = [np.full((2, 1), start) for start in order]
    found = maximise(payoffs, 0, lower=np.zeros((2, 1)), upper=np.ones((2, 1)), starts=starts)
    assert found.converged.all()
    np.testing.assert_allclose(found.payoffs, 0.7)
