"""Stationary equilibria of alternating offers: the definition, closed forms, the Nash limit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from games_cases import (
    BREAKDOWN,
    LOWER,
    STATUS_QUO,
    UPPER,
    US_JAPAN,
    worked_example,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    Curve,
    Issues,
    Menu,
    Pie,
    Talks,
    convergence_path,
    limit_disagreement,
    nash_limit,
    one_shot_regret,
    stationary_equilibrium,
)

factors = st.floats(0.0, 0.98)
amounts = st.floats(-0.3, 0.3)


def japan(draws: int = 4):
    """Return the table of the United States and Japan and its breakdown payoffs."""
    payoffs = worked_example(draws, spread=0.2, seed=1)
    issues = list(US_JAPAN[1])
    table = payoffs.table(*US_JAPAN, STATUS_QUO)
    return Issues(table, LOWER[issues], UPPER[issues]), table.utility(BREAKDOWN[issues])


def wait(delta, p, s, d, value):
    """Return what refusing is worth, written out."""
    return (1 - delta) * s + delta * (p * d + (1 - p) * value)


@given(factors, factors)
def test_rubinstein_shares(first, second):
    found = stationary_equilibrium(Pie(), Talks([first, second]))
    x = (1 - second) / (1 - first * second)
    np.testing.assert_allclose(found.payoffs[0, 0], [x, 1 - x], atol=1e-12)
    np.testing.assert_allclose(found.payoffs[0, 1, 0], first * x, atol=1e-12)
    assert found.complete
    assert found.count[0] == 1


@given(
    st.integers(2, 4),
    st.lists(factors, min_size=4, max_size=4),
    st.lists(amounts, min_size=4, max_size=4),
    st.lists(amounts, min_size=4, max_size=4),
    st.floats(0.0, 0.5),
)
@settings(deadline=None)
def test_every_pie_satisfies_the_definition(n, deltas, during, breakdown, p):
    delta, s, d = (np.array(v[:n]) for v in (deltas, during, breakdown))
    found = stationary_equilibrium(
        Pie(2.0, n), Talks(delta, breakdown_risk=p, during=s, breakdown=d)
    )
    perpetual = ((1 - delta) * s + delta * p * d) / (1 - delta * (1 - p))
    # a share is never negative: what nobody can be made to give up is no obstacle
    if np.maximum(perpetual, 0).sum() > 2.0 - 1e-9:
        return
    assert found.agreement.all()
    assert found.converged.all()
    payoffs = found.payoffs[0]
    for k in range(n):
        following = payoffs[(k + 1) % n]
        needs = np.maximum(wait(delta, p, s, d, following), 0.0)
        needs[k] = 2.0 - np.delete(needs, k).sum()
        np.testing.assert_allclose(payoffs[k], needs, atol=1e-9)


@given(factors, factors, st.floats(0.0, 0.9))
def test_a_risk_of_breakdown_at_zero_is_impatience(first, second, p):
    risky = stationary_equilibrium(Pie(), Talks([first, second], breakdown_risk=p))
    impatient = stationary_equilibrium(Pie(), Talks([first * (1 - p), second * (1 - p)]))
    np.testing.assert_allclose(risky.payoffs, impatient.payoffs, atol=1e-12)


@given(st.floats(0.05, 0.98), st.floats(0.0, 0.95))
def test_an_outside_option_bounds_and_does_not_shift(delta, option):
    found = stationary_equilibrium(Pie(), Talks(delta, outside=[-np.inf, option]))
    responder = max(delta / (1 + delta), option)
    np.testing.assert_allclose(found.payoffs[0, 0], [1 - responder, responder], atol=1e-12)


def test_a_base_shifts_payoffs_one_to_one():
    talks = Talks([0.9, 0.8], during=[0.4, -0.2], breakdown=[0.4, -0.2])
    shifted = stationary_equilibrium(Pie(base=[0.4, -0.2]), talks)
    plain = stationary_equilibrium(Pie(), Talks([0.9, 0.8]))
    np.testing.assert_allclose(shifted.payoffs - [0.4, -0.2], plain.payoffs, atol=1e-12)


def test_no_agreement_is_data():
    apart = Talks(0.9, during=[0.7, 0.6], breakdown=0.0)
    found = stationary_equilibrium(Pie(), apart)
    assert not found.agreement.any()
    assert found.converged.all()
    assert found.count[0] == 0
    np.testing.assert_allclose(found.payoffs[0], [[0.7, 0.6]] * 2)
    leaving = stationary_equilibrium(Pie(), Talks(0.9, outside=[0.7, 0.6]))
    assert not leaving.agreement.any()
    np.testing.assert_allclose(leaving.payoffs[0], [[0.7, 0.6]] * 2)
    assert leaving.outcome.shape == found.outcome.shape == (1, 2, 2)


@pytest.mark.parametrize(("during", "hazard"), [(0.0, 0.3), (-5.0, 0.0), (-5.0, 0.2)])
def test_issues_satisfy_the_definition(during, hazard):
    table, breakdown = japan()
    talks = Talks.from_rates(
        [0.05, 0.1], interval=0.25, hazard=hazard, during=during, breakdown=breakdown
    )
    found = stationary_equilibrium(table, talks)
    assert found.agreement.all()
    assert found.converged.all()
    assert (found.count == 1).all()
    gains = one_shot_regret(table, talks, found.payoffs)
    assert gains.max() < 1e-8
    for k in (0, 1):
        np.testing.assert_allclose(
            table.payoffs_of(found.outcome[:, k]), found.payoffs[:, k], atol=1e-9
        )
        responder = 1 - k
        later = found.payoffs[:, responder, responder]
        delta, p = np.exp(-[0.05, 0.1][responder] * 0.25), -np.expm1(-hazard * 0.25)
        needs = wait(delta, p, during, breakdown[:, responder], later)
        np.testing.assert_allclose(found.payoffs[:, k, responder], needs, atol=1e-8)
        np.testing.assert_allclose(found.thresholds[:, k, responder], needs, atol=1e-8)


def test_three_players_take_turns_over_issues():
    payoffs = worked_example(2, spread=0.2, seed=5)
    table = Issues(payoffs, LOWER, UPPER)
    breakdown = payoffs.utility(BREAKDOWN)
    talks = Talks.from_rates([0.05, 0.1, 0.08], interval=0.5, hazard=0.3, breakdown=breakdown)
    for order in ((0, 1, 2), (0, 2, 1)):
        found = stationary_equilibrium(table, talks, order=order)
        assert found.converged.all()
        assert one_shot_regret(table, talks, found.payoffs, order=order).max() < 1e-7
        for k, following in zip(order, (*order[1:], order[0]), strict=True):
            for j in set(order) - {k}:
                speed = np.exp(-[0.05, 0.1, 0.08][j] * 0.5)
                needs = wait(
                    speed, -np.expm1(-0.15), 0, breakdown[:, j], found.payoffs[:, following, j]
                )
                assert (found.payoffs[:, k, j] >= needs - 1e-7).all()


@given(
    st.integers(1, 7).flatmap(
        lambda m: st.tuples(
            st.lists(st.integers(0, 9), min_size=m, max_size=m, unique=True),
            st.lists(st.integers(0, 9), min_size=m, max_size=m, unique=True),
        )
    ),
    st.sampled_from([0.5, 0.7, 0.9]),
    st.sampled_from([0.5, 0.7, 0.9]),
)
@settings(deadline=None, max_examples=150)
def test_menus_list_exactly_the_equilibria(points, first, second):
    u = np.array(points, dtype=float).T
    delta = np.array([first, second])
    found = stationary_equilibrium(Menu(u), Talks(delta))

    def best(proposer, following):
        other = 1 - proposer
        fits = [a for a in u if a[other] >= delta[other] * following[other] - 1e-12]
        return max(a[proposer] for a in fits)

    truth = {
        (*x, *y)
        for x, y in product(map(tuple, u), repeat=2)
        if x[1] >= delta[1] * y[1] - 1e-12
        and y[0] >= delta[0] * x[0] - 1e-12
        and x[0] == best(0, y)
        and y[1] == best(1, x)
    }
    assert found.agreement[0] == (u > 0).all(axis=1).any()
    assert found.complete
    if found.agreement[0]:
        listed = [
            tuple(payoffs[0].ravel())
            for payoffs, here in zip(found.all_payoffs, found.exists, strict=True)
            if here[0]
        ]
        assert len(listed) == len(set(listed)) == found.count[0]
        assert set(listed) == truth
        assert found.converged[0] == bool(truth)


def test_a_frontier_that_is_not_concave_has_three_equilibria():
    bent = Curve(lambda u: 1 - u - 0.072 * np.sin(4 * np.pi * u))
    found = stationary_equilibrium(bent, Talks(0.95), scan=100)
    assert found.count[0] == 3
    assert not found.complete
    for payoffs, here in zip(found.all_payoffs, found.exists, strict=True):
        assert here.all()
        assert one_shot_regret(bent, Talks(0.95), payoffs).max() < 1e-9
    once = stationary_equilibrium(bent, Talks(0.95), scan=1)
    assert once.converged.all()
    assert once.count[0] == 1


def test_draws_do_not_touch_each_other():
    table, breakdown = japan(6)
    talks = {"interval": 0.25, "hazard": 0.3}
    whole = stationary_equilibrium(
        table, Talks.from_rates([0.05, 0.1], breakdown=breakdown, **talks)
    )
    rows = np.array([4, 1])
    part = stationary_equilibrium(
        table.take(rows), Talks.from_rates([0.05, 0.1], breakdown=breakdown[rows], **talks)
    )
    np.testing.assert_allclose(part.payoffs, whole.payoffs[rows], atol=1e-9)


def test_first_order_convergence_to_nash():
    table, breakdown = japan(3)
    path = convergence_path(
        table,
        [0.05, 0.15],
        intervals=[0.4, 0.2, 0.1, 0.05],
        hazard=0.3,
        during=[1.0, -1.0],
        breakdown=breakdown,
    )
    assert path.converged.all()
    assert np.abs(path.order[-1] - 1).max() < 0.02
    point, weights = limit_disagreement(
        np.array([0.05, 0.15]), hazard=0.3, during=[1.0, -1.0], breakdown=breakdown
    )
    np.testing.assert_allclose(
        point, (np.array([0.05, 0.15]) * [1.0, -1.0] + 0.3 * breakdown) / [0.35, 0.45]
    )
    np.testing.assert_allclose(weights[0] * [0.35, 0.45], weights[0, 0] * 0.35)
    np.testing.assert_allclose(path.limit, nash_limit(table, point, weights))
    # making the first offer is an advantage that vanishes
    advantage = np.stack([path.payoffs[:, :, i, i] - path.payoffs[:, :, 1 - i, i] for i in (0, 1)])
    assert (advantage > 0).all()
    assert (np.diff(advantage, axis=1) < 0).all()


def test_proposer_premium_of_a_pie():
    path = convergence_path(Pie(), [0.05, 0.15], intervals=[1e-2, 1e-3])
    np.testing.assert_allclose(path.premium[-1, 0, 0] / 1e-3, 0.05 * 0.15 / 0.4, rtol=1e-4)
    np.testing.assert_allclose(path.limit[0], [0.75, 0.25])


def test_nash_limit_of_each_kind_of_table():
    d, w = [0.1, 0.2], [1.0, 2.0]
    np.testing.assert_allclose(nash_limit(Pie(), d, w), [[0.1 + 0.7 / 3, 0.2 + 1.4 / 3]])
    np.testing.assert_allclose(
        nash_limit(Curve(lambda u: 1 - u), d, w), [[0.1 + 0.7 / 3, 0.2 + 1.4 / 3]], atol=1e-7
    )
    np.testing.assert_allclose(nash_limit(Menu([[1, 1], [2, 0.3]]), d, w), [[1, 1]])
    three = nash_limit(Pie(1.0, 3), [-1.0, 0.0, 0.0], np.ones(3))
    np.testing.assert_allclose(three, [[0.0, 0.5, 0.5]])
    np.testing.assert_allclose(nash_limit(Pie(), [0.8, 0.7], w), [[0.8, 0.7]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Talks(1.0), r"discount: values in \[0, 1\)"),
        (lambda: Talks(-0.1), r"discount: values in \[0, 1\)"),
        (lambda: Talks([0.9, np.nan]), "discount: NaN"),
        (lambda: Talks(0.9, breakdown_risk=1.2), r"breakdown_risk: values in \[0, 1\]"),
        (lambda: Talks.from_rates([0.1, 0.0], interval=1.0), "rates: values in"),
        (lambda: Talks(0.9, outside=[np.inf, 0.0]), "outside: numbers below inf"),
        (lambda: Pie(1.0, 2.5), "n_players: a whole number"),
        (lambda: nash_limit(Pie(), np.nan, 1.0), "disagreement: NaN"),
        (lambda: nash_limit(Pie(), 0.0, [1.0, -1.0]), "weights: values in"),
        (lambda: one_shot_regret(Pie(), Talks(0.9), np.zeros((2, 3))), "payoffs: a number, shape"),
        (lambda: one_shot_regret(Pie(), Talks(0.9), np.eye(2), order=[0, 7]), "order: a rotation"),
        (lambda: Talks.from_rates([0.1, 0.1], interval=0.0), "interval: values in"),
        (lambda: stationary_equilibrium(Pie(), Talks([0.9] * 3)), r"discount: .*shape \(2,\)"),
        (lambda: stationary_equilibrium(Pie(), Talks(0.9), order=[0, 0]), "order: a rotation"),
        (lambda: stationary_equilibrium(Pie(), Talks(0.9), scan=0), "scan: 1 to 1000"),
        (lambda: Menu([[1.0, np.nan]]), "utilities: NaN"),
        (lambda: Menu([1.0, 2.0]), r"utilities: shape \(M, N\)"),
        (lambda: Pie(-1.0), "size: values in"),
        (lambda: Pie(1.0, 1), "two players"),
        (lambda: Curve(lambda u: u), "falls"),
        (lambda: Curve(lambda u: -u, 1.0, 0.0), "low < high"),
        (lambda: convergence_path(Pie(), [0.1, 0.1], intervals=[0.1, 1.0]), "falling list"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()


def test_one_player_with_an_option_ends_talks_for_both():
    """No share is enough for both; the second player has nowhere to go but breakdown."""
    talks = Talks(0.9, outside=[0.7, -np.inf], during=[0.0, 0.6], breakdown=[0.1, 0.2])
    found = stationary_equilibrium(Pie(), talks)
    assert not found.agreement.any()
    np.testing.assert_allclose(found.payoffs[0], [[0.7, 0.2]] * 2)


def test_ties_of_the_proposer_are_broken_for_the_responders():
    menu = Menu([[1.0, 0.2, 0.1], [1.0, 0.1, 0.4], [0.9, 1.0, 1.0], [1.0, 0.3, 0.2]])
    offer = menu.offer(0, np.full((1, 3), -np.inf))
    np.testing.assert_array_equal(offer.payoffs, [[1.0, 0.1, 0.4]])
    assert menu.offer(0, np.array([[0.0, 0.15, 0.0]])).outcome[0].argmax() == 3


def test_floors_that_take_the_whole_pie_leave_an_offer():
    """Nothing is left for the proposer, which is feasible; a hundredth more is not."""
    whole = Pie(n_players=3).offer(0, np.array([[0.0, 0.3, 0.7]]))
    assert whole.feasible.all()
    np.testing.assert_allclose(whole.payoffs, [[0.0, 0.3, 0.7]])
    assert not Pie(n_players=3).offer(0, np.array([[0.0, 0.31, 0.7]])).feasible.any()
