"""Contests, alliances and crises: no deviation pays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    alliance_contributions,
    alliance_utility,
    contest_payoffs,
    crisis_range,
    preventive_war,
    risk_return,
    tullock,
)
from sim.games.contests import _regret

prizes = st.lists(st.floats(0.1, 10), min_size=2, max_size=5)


@given(prizes, st.sampled_from([0.3, 0.7, 1.0]))
@settings(deadline=None)
def test_no_other_effort_pays(values, returns):
    found = tullock(values, returns=returns)
    assert found.exists[0]
    assert found.regret[0] < 1e-9
    x = found.efforts[0]
    np.testing.assert_allclose(
        contest_payoffs(x, values, returns=returns), found.payoffs[0], atol=1e-12
    )
    rng = np.random.default_rng(0)
    for player in range(len(values)):
        trials = np.tile(x, (40, 1))
        trials[:, player] = rng.random(40) * values[player]
        others = contest_payoffs(trials, values, returns=returns)[:, player]
        assert (others <= found.payoffs[0, player] + 1e-9).all()
    np.testing.assert_allclose(found.probabilities.sum(), 1.0)
    np.testing.assert_allclose(found.dissipation, x.sum() / max(values))


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0.2, 2.5))
def test_two_players_with_any_returns(first, second, returns):
    found = tullock([first, second], returns=returns)
    low, high = sorted((first, second))
    assert found.exists[0] == (returns <= 1 + (low / high) ** returns)
    if found.exists[0]:
        assert found.regret[0] < 1e-9


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(2.1, 4.0))
@settings(max_examples=25)
def test_where_there_is_no_equilibrium_the_regret_is_what_a_deviation_gains(first, second, returns):
    """Nobody spends: whoever spends a little wins for sure what it had in half of all cases."""
    found = tullock([first, second], returns=returns)
    assert not found.exists[0]
    np.testing.assert_array_equal(found.efforts, 0.0)
    gains = []
    for player, value in enumerate((first, second)):
        trials = np.zeros((401, 2))
        trials[:, player] = np.linspace(0.0, value, 401)
        payoffs = contest_payoffs(trials, [first, second], returns=returns)[:, player]
        gains.append(payoffs.max() - payoffs[0])
    np.testing.assert_allclose(found.regret, max(gains) / max(first, second), rtol=1e-12)
    np.testing.assert_allclose(found.regret, 0.5 - 1.0 / 400, rtol=1e-9)


@given(st.lists(st.floats(0.1, 10), min_size=6, max_size=6), st.floats(0.3, 3.0))
@settings(max_examples=25)
def test_regret_of_any_efforts_is_the_best_deviation_on_the_grid(numbers, returns):
    values, efforts = np.array(numbers[:3]), np.array(numbers[3:]) / 10
    base = contest_payoffs(efforts, values, returns=returns)
    gains = []
    for player in range(3):
        trials = np.tile(efforts, (401, 1))
        trials[:, player] = np.linspace(0.0, values[player], 401)
        payoffs = contest_payoffs(trials, values, returns=returns)[:, player]
        gains.append((payoffs - base[player]).max())
    found = _regret(efforts[None], values[None], np.array([returns]))
    np.testing.assert_allclose(found, max(0.0, *gains) / values.max(), atol=1e-12)


def test_closed_forms():
    np.testing.assert_allclose(tullock([4, 1]).efforts, [[0.64, 0.16]])
    np.testing.assert_allclose(tullock([9] * 3).efforts, 2.0)
    np.testing.assert_allclose(tullock([9] * 4, returns=0.5).efforts, 3 * 0.5 * 9 / 16)
    np.testing.assert_allclose(tullock([9] * 3, returns=1.5).payoffs, 0.0, atol=1e-12)
    assert not tullock([9] * 3, returns=1.6).exists[0]


def test_a_low_value_stays_out():
    found = tullock([[4.0, 2.0, 0.1], [4.0, 2.0, 1.9]])
    assert found.efforts[0, 2] == 0.0
    assert found.efforts[1, 2] > 0.0
    pair = tullock([4.0, 2.0])
    np.testing.assert_allclose(found.efforts[0, :2], pair.efforts[0], atol=1e-12)


def test_nobody_spends_means_equal_chances():
    np.testing.assert_allclose(contest_payoffs([0.0, 0.0], [2.0, 4.0]), [1.0, 2.0])


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=6), st.floats(0.05, 0.95))
def test_contributions_are_best_responses(incomes, taste):
    found = alliance_contributions(incomes, taste=taste)
    q = found.contributions[0]
    np.testing.assert_allclose(found.total[0], q.sum())
    for i, income in enumerate(incomes):
        best = max(taste * income - (1 - taste) * (q.sum() - q[i]), 0.0)
        np.testing.assert_allclose(q[i], best, atol=1e-9 * max(incomes))
        for share in np.linspace(0, 1, 21):
            trial = q.copy()
            trial[i] = share * income
            other = alliance_utility(trial, incomes, taste=taste)[i]
            assert other <= found.utility[0, i] * (1 + 1e-9) + 1e-12
    assert found.total[0] <= found.efficient[0] + 1e-9
    np.testing.assert_allclose(found.efficient[0], taste * sum(incomes))
    # the exploitation of the great by the small
    order = np.argsort(incomes)
    assert (np.diff(found.burdens[0][order]) >= -1e-12).all()


def test_draws_of_alliances():
    found = alliance_contributions([[60, 40], [60, 1]], taste=[0.5, 0.5])
    np.testing.assert_allclose(found.contributions, [[80 / 3, 20 / 3], [30, 0]])
    np.testing.assert_array_equal(found.contributors, [[True, True], [True, False]])


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.05, 0.95))
def test_the_settlement_is_the_nash_solution(p, cost_a, cost_b, weight):
    found = crisis_range(p, [cost_a, cost_b], weight=weight)
    assert found.low <= found.settlement + 1e-12
    assert found.settlement <= found.high + 1e-12
    gains = found.payoffs - found.war
    assert (gains >= -1e-12).all()
    shares = np.linspace(0, 1, 501)
    war = found.war
    inside = (shares >= war[0]) & (1 - shares >= war[1])

    def product(x):
        return np.maximum(x - war[0], 0) ** weight * np.maximum(1 - x - war[1], 0) ** (1 - weight)

    assert (product(shares[inside]) <= product(found.settlement) + 1e-9).all()


@given(st.floats(0, 0.9), st.floats(0, 0.6), st.floats(0, 0.05), st.floats(0.01, 0.6))
def test_the_demand_trades_risk_against_return(p, cost, low, width):
    found = risk_return(p, cost, opponent_cost=[low, low + width])
    for x in np.linspace(p + low, 1.0, 200):
        risk = np.clip((x - p - low) / width, 0, 1)
        assert risk * (p - cost) + (1 - risk) * x <= found.value + 1e-9
    margin = found.demand - p
    np.testing.assert_allclose(found.risk_of_war, (margin - low) / width, atol=1e-9)


def test_no_risk_is_taken_when_war_is_dear():
    assert risk_return(0.5, 0.6, opponent_cost=[0.1, 0.4]).risk_of_war == 0.0
    assert risk_return(0.5, 0.0, opponent_cost=[0.0, 0.4]).risk_of_war > 0.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 0.95), st.floats(0, 2))
def test_war_is_preventive_if_the_best_peace_is_worse(p1, p2, delta, cost):
    found = preventive_war(p1, p2, discount=delta, cost=cost)
    if abs(found.fight_now - found.best_peace) > 1e-9:
        assert found.war == (found.fight_now > found.best_peace)
    assert found.war == (p2 > found.threshold) or abs(p2 - found.threshold) < 1e-12


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tullock([1.0]), "n >= 2"),
        (lambda: tullock([1.0, 0.0]), "values"),
        (lambda: tullock([1.0, 2.0], returns=0.0), "returns"),
        (lambda: tullock([1.0, 2.0, 3.0], returns=1.2), "r <= 1"),
        (lambda: tullock([[1.0, 2.0]] * 2, returns=[1.0] * 3), "returns"),
        (lambda: alliance_contributions([1.0, -1.0], taste=0.5), "incomes"),
        (lambda: alliance_contributions([1.0, 1.0], taste=1.0), "taste"),
        (lambda: alliance_contributions([[1.0, 1.0]] * 2, taste=[0.5] * 3), "incomes, taste"),
        (lambda: alliance_utility([2.0], [1.0], taste=0.5), "at most the income"),
        (lambda: crisis_range(1.1, [0.1, 0.1]), "win_probability"),
        (lambda: crisis_range(0.5, [0.1]), "last axis of length 2"),
        (lambda: crisis_range(0.5, [0.1, -0.1]), "costs"),
        (lambda: risk_return(0.5, 0.1, opponent_cost=[0.2, 0.2]), "l < h"),
        (lambda: risk_return(0.95, 0.1, opponent_cost=[0.2, 0.3]), "safe demand"),
        (lambda: preventive_war(0.5, 0.5, discount=1.0, cost=0.1), "discount"),
        (lambda: preventive_war(0.5, np.nan, discount=0.5, cost=0.1), "NaN"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()
