"""The strategies draw what they promise."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bargaining import maximisers, solve
from sim.scenario import parse_scenario
from sim.testing import (
    curve_problems,
    finite_problems,
    games,
    hull_problems,
    payoffs,
    scenario_texts,
    scenarios,
    smooth_problems,
)

QUICK = settings(max_examples=40, deadline=None)


@QUICK
@given(finite_problems(players=(2, 4), alternatives=(2, 6), lotteries=None, weighted=True))
def test_finite_problems(problem) -> None:
    assert 2 <= problem.n_players <= 4
    assert 2 <= problem.utilities.shape[1] <= 6
    assert (problem.gains()[0, 0] > 0).all()
    assert solve(problem).agreement.all()
    assert maximisers(problem).any()


@QUICK
@given(st.data())
def test_hull_problems_may_be_without_an_agreement(data) -> None:
    problem = data.draw(hull_problems(agreement=False))
    assert problem.lotteries
    assert solve(problem).agreement.shape == (1,)


def test_both_kinds_of_hulls_are_drawn() -> None:
    seen = set()

    @settings(max_examples=60, deadline=None, database=None)
    @given(hull_problems(agreement=False))
    def look(problem) -> None:
        seen.add(bool(solve(problem).agreement[0]))

    look()
    assert seen == {True, False}


@QUICK
@given(smooth_problems())
def test_smooth_problems_have_a_deal_and_concave_payoffs(problem) -> None:
    assert solve(problem).agreement.all()
    middle = np.full((1, problem.n_issues), 0.5)
    largest = np.linalg.eigvalsh(problem.payoffs.hessian(middle))[..., -1]
    assert (largest <= 1e-9).all()


@QUICK
@given(curve_problems())
def test_curves_fall_and_pass_above_the_disagreement_point(problem) -> None:
    d1, d2 = problem.disagreement[0]
    assert problem.height(d1) > d2
    assert solve(problem).agreement.all()


@QUICK
@given(payoffs(players=(3, 3), issues=(2, 2), draws=(2, 2)))
def test_payoffs(drawn) -> None:
    assert drawn.utility(np.array([0.5, 0.5])).shape == (2, 3)
    assert np.allclose(drawn.utility(np.array([0.5, 0.5])), 0.0)


@QUICK
@given(games(players=(2, 3), actions=(1, 3)))
def test_games(game) -> None:
    assert len(game.shape) == game.n_players
    assert max(game.shape) <= 3


@settings(max_examples=15, deadline=None)
@given(scenarios())
def test_scenarios_are_valid(scenario) -> None:
    assert scenario.uncertain[0].name == "paying_cost"
    assert len(scenario.issues) == 3 * (len(scenario.players) - 1)


@settings(max_examples=5, deadline=None)
@given(scenario_texts(allies=(2, 2)))
def test_scenario_texts_can_be_read(text: str) -> None:
    assert len(parse_scenario(text).players) == 3
