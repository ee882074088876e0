"""Bargaining with secrets: incentive constraints, best responses and published numbers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from games_cases import BREAKDOWN, LOWER, STATUS_QUO, UPPER, US_JAPAN, worked_example
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    Curve,
    Issues,
    Menu,
    Pie,
    Prior,
    chatterjee_samuelson,
    coase_path,
    lottery_menu,
    myerson_satterthwaite,
    posted_price,
    price_versus_risk,
    refusals,
    screening_menu,
    take_it_or_leave_it,
    two_period_offers,
    uniform_offers,
    uniform_price,
    uniform_prior,
)

PARABOLA = Curve(lambda u: 1 - u**2)
TWO = {"proposer": 0, "reservations": [0.0, 0.6], "beliefs": [0.64, 0.36]}
weights = st.lists(st.floats(0.05, 1.0), min_size=2, max_size=4).map(
    lambda w: np.array(w) / np.sum(w)
)


def japan():
    payoffs = worked_example(5, spread=0.2, seed=4)
    issues = list(US_JAPAN[1])
    table = payoffs.table(*US_JAPAN, STATUS_QUO)
    return Issues(table, LOWER[issues], UPPER[issues]), table.utility(BREAKDOWN[issues])


def test_single_offers_of_the_specification():
    found = take_it_or_leave_it(PARABOLA, **TWO)
    np.testing.assert_allclose(found.candidates, [[0.64, 0.64]])
    np.testing.assert_allclose(found.value, 0.64)
    # a tie goes to the offer that is refused less often
    np.testing.assert_array_equal(found.breakdown, 0.0)
    np.testing.assert_allclose(found.risks, [[0.36, 0.0]])


def test_lottery_of_the_specification():
    found = lottery_menu(PARABOLA, **TWO)
    np.testing.assert_allclose(found.value, 0.6976, atol=1e-10)
    np.testing.assert_allclose(found.probability, [[1.0, 0.5]], atol=1e-6)
    np.testing.assert_allclose(found.breakdown, 0.18, atol=1e-6)
    assert found.gap[0] < 1e-9
    by_grid = screening_menu(
        1 - np.linspace(0, 1, 401) ** 2,
        np.tile(np.linspace(0, 1, 401), (2, 1)),
        [0.64, 0.36],
        outside=[0.0, 0.6],
    )
    np.testing.assert_allclose(by_grid.value, found.value, atol=1e-4)


@given(weights, st.data())
@settings(deadline=None, max_examples=25)
def test_lottery_menus_are_incentive_compatible_and_beat_offers(beliefs, data):
    n = len(beliefs)
    levels = data.draw(st.lists(st.integers(0, 80), min_size=n, max_size=n, unique=True))
    reserve = np.array(levels) / 100
    found = lottery_menu(PARABOLA, proposer=0, reservations=reserve, beliefs=beliefs)
    offer = take_it_or_leave_it(PARABOLA, proposer=0, reservations=reserve, beliefs=beliefs)
    assert found.value[0] >= offer.value[0] - 1e-9
    assert found.gap[0] < 1e-5
    q, u = found.probability[0], found.offered[0]
    for own, other in product(range(n), repeat=2):
        truth = q[own] * (u[own] - reserve[own])
        lie = q[other] * (u[other] - reserve[own])
        assert truth >= max(lie, 0.0) - 1e-9
    np.testing.assert_allclose(found.rents[0], q * (u - reserve), atol=1e-9)
    worth = beliefs @ (q * (1 - u**2))
    np.testing.assert_allclose(found.value[0], worth, atol=1e-9)
    grid = np.linspace(0, 1, 101)
    programme = screening_menu(1 - grid**2, np.tile(grid, (n, 1)), beliefs, outside=reserve)
    assert found.value[0] >= programme.value[0] - 1e-7


def test_types_that_nothing_satisfies_get_no_deal():
    beliefs = np.array([0.5, 0.3, 0.2])
    found = lottery_menu(PARABOLA, proposer=0, reservations=[0.0, 1.4, 0.6], beliefs=beliefs)
    np.testing.assert_array_equal(found.reachable, [[True, False, True]])
    assert found.probability[0, 1] == 0.0
    rest = lottery_menu(
        PARABOLA, proposer=0, reservations=[0.0, 0.6], beliefs=np.array([5.0, 2.0]) / 7
    )
    np.testing.assert_allclose(found.value, 0.7 * rest.value, atol=1e-6)
    nobody = lottery_menu(PARABOLA, proposer=0, reservations=[1.2, 1.4], beliefs=[0.5, 0.5])
    np.testing.assert_array_equal(nobody.value, 0.0)
    np.testing.assert_array_equal(nobody.breakdown, 1.0)


def test_many_types_at_a_table_of_issues():
    table, breakdown = japan()
    resolve = breakdown[:, [1]] + np.linspace(-5, 25, 9)
    kwargs = {
        "proposer": 0,
        "reservations": resolve,
        "beliefs": np.full(9, 1 / 9),
        "disagreement": breakdown[:, 0],
    }
    menu, single = lottery_menu(table, **kwargs), take_it_or_leave_it(table, **kwargs)
    assert (menu.value >= single.value - 1e-9).all()
    assert (menu.gap <= 1e-4 * (menu.value - breakdown[:, 0])).all()
    assert (np.diff(menu.probability, axis=1) <= 1e-9).all()


def test_a_linear_frontier_needs_no_lottery():
    found = lottery_menu(Pie(), **TWO)
    offer = take_it_or_leave_it(Pie(), **TWO)
    np.testing.assert_allclose(found.value, offer.value, atol=1e-9)


@given(weights, st.data())
@settings(deadline=None)
def test_the_best_offer_beats_every_other(beliefs, data):
    n = len(beliefs)
    reserve = np.array(data.draw(st.lists(st.floats(0, 1.2), min_size=n, max_size=n)))
    fallback = data.draw(st.floats(-0.2, 0.5))
    found = take_it_or_leave_it(
        PARABOLA, proposer=0, reservations=reserve, beliefs=beliefs, disagreement=fallback
    )
    for u in np.linspace(0, 1, 201):
        chance = beliefs[reserve <= u].sum()
        assert found.value[0] >= chance * (1 - u**2) + (1 - chance) * fallback - 1e-9
    if found.target[0] < 0:
        assert found.value[0] == fallback
        assert found.breakdown[0] == 1.0
    else:
        got = found.payoffs[0, 1]
        np.testing.assert_array_equal(found.accepts[0], reserve <= got + 1e-9)
        chance = beliefs @ found.accepts[0]
        np.testing.assert_allclose(found.breakdown[0], 1 - chance, atol=1e-12)


def test_issues_of_a_table_with_an_uncertain_resolve():
    table, breakdown = japan()
    resolve = breakdown[:, [1]] + np.array([-2.0, 0.0, 6.0])
    found = take_it_or_leave_it(
        table,
        proposer=0,
        reservations=resolve,
        beliefs=[0.2, 0.5, 0.3],
        disagreement=breakdown[:, 0],
    )
    assert (found.value >= found.candidates.max(axis=1) - 1e-12).all()
    draw = np.arange(5)
    np.testing.assert_allclose(found.payoffs[:, 1], resolve[draw, found.target], atol=1e-7)
    menu = lottery_menu(
        table,
        proposer=0,
        reservations=resolve[:, 1:],
        beliefs=[0.6, 0.4],
        disagreement=breakdown[:, 0],
    )
    single = take_it_or_leave_it(
        table,
        proposer=0,
        reservations=resolve[:, 1:],
        beliefs=[0.6, 0.4],
        disagreement=breakdown[:, 0],
    )
    assert (menu.value >= single.value - 1e-7).all()
    assert (menu.gap < 1e-4).all()


def test_refusals_have_the_stated_frequency():
    n = 20_000
    found = take_it_or_leave_it(
        Pie(np.full(n, 1.0)), proposer=0, reservations=[0.1, 0.6], beliefs=[0.7, 0.3]
    )
    refused, share, error = refusals(found, [0.7, 0.3], np.random.default_rng(0))
    assert refused.shape == (n,)
    assert abs(share - found.breakdown[0]) < 4 * error
    none, zero, _ = refusals(found, [1.0, 0.0], np.random.default_rng(0))
    assert not none.any()
    assert zero == 0.0


def test_price_against_risk():
    """The seller of a pie against a uniform reservation: u = (1 - d_p)/2."""
    cost = np.array([0.0, 0.2, 0.5])
    found = price_versus_risk(
        Pie(np.ones(3)),
        lambda u: np.clip(u, 0, 1),
        proposer=0,
        low=0.0,
        high=1.0,
        disagreement=cost,
    )
    np.testing.assert_allclose(found.payoffs[:, 1], (1 - cost) / 2, atol=1e-7)
    np.testing.assert_allclose(found.breakdown, 1 - (1 - cost) / 2, atol=1e-7)
    np.testing.assert_allclose(found.value, cost + ((1 - cost) / 2) ** 2, atol=1e-12)
    assert (found.values.max(axis=1) <= found.value + 1e-12).all()
    assert (np.diff(found.risks, axis=1) <= 0).all()


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=5), st.floats(0, 1), st.data())
def test_posted_prices_are_optimal(values, cost, data):
    n = len(values)
    raw = np.array(data.draw(st.lists(st.floats(0.05, 1), min_size=n, max_size=n)))
    beliefs = raw / raw.sum()
    found = posted_price(values, beliefs, cost=cost)
    v = np.array(values)
    for price in np.concatenate([v, np.linspace(0, 11, 111)]):
        assert found.profit >= (price - cost) * beliefs[v >= price].sum() - 1e-12


def test_uniform_price_is_the_monopoly_price():
    found = uniform_price(0.1, low=0.5, high=1.5)
    grid = np.linspace(0.1, 1.5, 14_001)
    profit = (grid - 0.1) * np.clip(1.5 - grid, 0, 1)
    np.testing.assert_allclose(found.profit, profit.max(), atol=1e-7)
    certain = uniform_price(0.1, low=3.0, high=3.5)
    assert certain.price == 3.0
    assert certain.breakdown == 0.0


@given(
    st.integers(2, 3),
    st.integers(2, 5),
    st.integers(0, 1000),
    st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_menus_for_preference_types(types, alternatives, seed, lotteries):
    rng = np.random.default_rng(seed)
    proposer = rng.uniform(-0.5, 1, alternatives)
    wants = rng.uniform(-0.5, 1, (types, alternatives))
    beliefs = rng.dirichlet(np.ones(types))
    outside = rng.uniform(-0.2, 0.4, types)
    found = screening_menu(
        proposer, wants, beliefs, outside=outside, disagreement=0.05, lotteries=lotteries
    )
    assert found.solved.all()
    y = found.lottery[0]
    gains = wants - outside[:, None]
    for own, other in product(range(types), repeat=2):
        assert gains[own] @ y[own] >= max(gains[own] @ y[other], 0.0) - 1e-7
    np.testing.assert_allclose(found.breakdown[0], 1 - y.sum(axis=1), atol=1e-9)
    value = 0.05 + beliefs @ (y @ (proposer - 0.05))
    np.testing.assert_allclose(found.value[0], value, atol=1e-9)
    best = -np.inf
    for menu in product(range(-1, alternatives), repeat=types):
        entry = np.array([[0.0] * alternatives if m < 0 else np.eye(alternatives)[m] for m in menu])
        u = gains @ entry.T
        if all(u[t, t] >= max(u[t].max(), 0.0) - 1e-12 for t in range(types)):
            best = max(best, 0.05 + beliefs @ (entry @ (proposer - 0.05)))
    if lotteries:
        assert found.value[0] >= best - 1e-7
    else:
        np.testing.assert_allclose(found.value[0], best, atol=1e-7)


@given(st.floats(0, 1))
def test_double_auction_offers_are_best_responses(k):
    found = chatterjee_samuelson(k)
    (b1, b0), (s1, s0) = found.buyer, found.seller
    costs = np.linspace(0, 1, 4001)
    asks = s1 * costs + s0
    bids = np.linspace(0, 1, 401)
    for value in (0.3, 0.6, 0.95):

        def profit(bid, value=value):
            return np.mean((value - k * bid - (1 - k) * asks) * (asks <= bid))

        own = b1 * value + b0
        assert profit(own) >= max(profit(bid) for bid in bids) - 1e-3
    values = np.linspace(0, 1, 4001)
    offers = b1 * values + b0
    for cost in (0.05, 0.4, 0.7):

        def gain(ask, cost=cost):
            return np.mean((k * offers + (1 - k) * ask - cost) * (offers >= ask))

        own = s1 * cost + s0
        assert gain(own) >= max(gain(ask) for ask in bids) - 1e-3


@pytest.mark.parametrize("k", [0.0, 0.25, 0.5, 1.0])
def test_double_auction_gains_by_quadrature(k):
    found = chatterjee_samuelson(k)
    grid = (np.arange(2000) + 0.5) / 2000
    v, c = np.meshgrid(grid, grid)
    trade = v >= found.trade[0] * c + found.trade[1]
    np.testing.assert_allclose(found.probability, trade.mean(), atol=1e-3)
    np.testing.assert_allclose(found.gains, ((v - c) * trade).mean(), atol=1e-3)


def test_no_mechanism_beats_the_double_auction_at_uniform_priors():
    found = myerson_satterthwaite(uniform_prior(), uniform_prior())
    np.testing.assert_allclose(found.deficit, 1 / 6, atol=1e-12)
    np.testing.assert_allclose(found.second_best, 9 / 64, atol=1e-12)
    np.testing.assert_allclose(found.probability, 9 / 32, atol=1e-12)
    np.testing.assert_allclose(found.distortion, 1 / 3, atol=1e-9)


def test_supports_apart_need_no_subsidy():
    found = myerson_satterthwaite(uniform_prior(2, 3), uniform_prior(0, 1))
    assert found.deficit == 0.0
    assert found.second_best == found.first_best == pytest.approx(2.0)


def test_other_priors_against_monte_carlo():
    square = Prior(cdf=lambda x: x**2, density=lambda x: 2 * x, low=0.0, high=1.0)
    found = myerson_satterthwaite(square, uniform_prior(0.2, 1.4))
    assert 0 < found.second_best < found.first_best
    rng = np.random.default_rng(0)
    v, c = np.sqrt(rng.random(400_000)), rng.uniform(0.2, 1.4, 400_000)
    first = np.maximum(v - c, 0)
    assert abs(first.mean() - found.first_best) < 4 * first.std() / 632
    virtual = c + (c - 0.2) - (v - (1 - v**2) / (2 * v))
    deficit = virtual * (v > c)
    assert abs(deficit.mean() - found.deficit) < 4 * deficit.std() / 632
    a = found.distortion
    trade = v - a * (1 - v**2) / (2 * v) >= c + a * (c - 0.2)
    balance = virtual * trade
    assert abs(balance.mean()) < 4 * balance.std() / 632
    np.testing.assert_allclose(trade.mean(), found.probability, atol=4e-3)


@given(st.floats(0.05, 0.95), st.floats(0.0, 0.98), st.floats(0.0, 0.98))
def test_two_period_offers_are_an_equilibrium(weak, own, other):
    """Check optimality of every step, not the formula."""
    low, high = 0.1, 0.55
    found = two_period_offers(
        PARABOLA, proposer=0, reservations=[low, high], weak=weak, discount=[own, other]
    )
    phi = {u: 1 - u**2 for u in (low, high)}
    belief = found.belief_after[0]
    second = {"soft": phi[high], "hard": belief * phi[low]}
    if found.soft[0] == 1.0:
        assert second["soft"] >= second["hard"] - 1e-12
    else:
        assert second["hard"] >= second["soft"] - 1e-12
    # Bayes' rule after a refusal
    y = found.weak_accepts[0]
    if y < 1.0 or weak == 0.0:
        posterior = weak * (1 - y) / (weak * (1 - y) + 1 - weak)
        np.testing.assert_allclose(belief, posterior, atol=1e-9)
    # the weak type's choice
    waiting = other * (found.soft[0] * high + (1 - found.soft[0]) * low - low)
    now = found.first[0] - low
    if 0.0 < y < 1.0:
        np.testing.assert_allclose(now, waiting, atol=1e-12)
    elif found.plan[0] == 1:
        assert now >= waiting - 1e-12
    # the value, by adding up what happens
    take_first = weak * y * (found.first[0] < high) + (found.first[0] >= high)
    later = 1 - take_first
    worth = take_first * (1 - found.first[0] ** 2)
    if found.plan[0] == 1:
        worth += later * own * phi[high]
    elif found.plan[0] == 2:
        worth += weak * (1 - y) * own * phi[low]
    np.testing.assert_allclose(found.value[0], worth, atol=1e-9)
    assert found.value[0] == found.plans[0].max()
    assert found.value[0] >= phi[high] - 1e-12


def test_a_tough_type_that_is_worth_no_deal_is_left_out():
    """The pie is 1: nothing buys off 1.1; with d_p = 0.95 a deal with the weak type is bad too."""
    found = two_period_offers(
        Pie(np.ones(3)),
        proposer=0,
        reservations=[[0.5, 1.1], [0.5, 0.9], [0.5, 0.9]],
        weak=0.4,
        discount=0.9,
        disagreement=[0.0, 0.2, 0.95],
    )
    single = take_it_or_leave_it(
        Pie(np.ones(3)),
        proposer=0,
        reservations=[[0.5, 1.1], [0.5, 0.9], [0.5, 0.9]],
        beliefs=[0.4, 0.6],
        disagreement=[0.0, 0.2, 0.95],
    )
    assert found.plan.tolist() == [3, 3, 3]
    np.testing.assert_allclose(found.value, [0.2, 0.2 + 0.4 * 0.3, 0.95])
    np.testing.assert_allclose(found.value, single.value)  # nobody waits for what never comes
    np.testing.assert_allclose(found.breakdown, [0.6, 0.6, 1.0])
    np.testing.assert_allclose(found.weak_accepts, [1.0, 1.0, 0.0])
    np.testing.assert_allclose(found.belief_after, [0.0, 0.0, 0.4])
    np.testing.assert_array_equal(found.delay, 0.0)


def test_without_commitment_less_is_had_than_with():
    for weak in np.linspace(0.05, 0.95, 19):
        commit = take_it_or_leave_it(
            Pie(), proposer=0, reservations=[0.0, 0.5], beliefs=[weak, 1 - weak]
        )
        found = two_period_offers(
            Pie(), proposer=0, reservations=[0.0, 0.5], weak=weak, discount=0.8
        )
        assert found.value[0] <= commit.value[0] + 1e-12


@given(st.floats(0.0, 0.99))
def test_two_offers_to_a_uniform_buyer(delta):
    """p_1 = (2 - delta)^2 / (2 (4 - 3 delta)), as in Fudenberg and Tirole."""
    found = uniform_offers(delta, periods=2)
    np.testing.assert_allclose(found.prices[0], (2 - delta) ** 2 / (2 * (4 - 3 * delta)))
    cut = found.states[1]
    np.testing.assert_allclose(cut - found.prices[0], delta * (cut - found.prices[1]), atol=1e-12)
    np.testing.assert_allclose(found.prices[1], cut / 2)
    profit = (1 - cut) * found.prices[0] + delta * (cut / 2) ** 2
    np.testing.assert_allclose(found.profit, profit)
    # no other first price does better, the buyers and the second period responding
    for price in np.linspace(0.05, 0.95, 91):
        at = min(price / (1 - delta / 2), 1.0)
        assert (1 - at) * price + delta * (at / 2) ** 2 <= profit + 1e-12


@given(st.floats(0.05, 0.98))
def test_many_offers_approach_coase(delta):
    long = uniform_offers(delta, periods=2000)
    path = coase_path(delta, periods=5)
    np.testing.assert_allclose(long.prices[:5], path.prices, atol=1e-6)
    np.testing.assert_allclose(long.profit, path.profit, atol=1e-8)
    assert long.sold.sum() == pytest.approx(1.0, abs=1e-6)
    # each marginal buyer is indifferent
    marginal = path.states[1:-1]
    np.testing.assert_allclose(
        marginal - path.prices[:-1], delta * (marginal - path.prices[1:]), atol=1e-12
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: take_it_or_leave_it(PARABOLA, **TWO | {"beliefs": [0.6, 0.36]}), "add to 1"),
        (lambda: take_it_or_leave_it(PARABOLA, **TWO | {"proposer": 2}), "proposer: 0 or 1"),
        (lambda: take_it_or_leave_it(PARABOLA, **TWO | {"reservations": [0.1]}), r"shape \(2,\)"),
        (lambda: take_it_or_leave_it(Pie(1.0, 3), **TWO), "two players"),
        (lambda: lottery_menu(PARABOLA, **TWO | {"reservations": [0.6, 0.6]}), "different"),
        (lambda: screening_menu([1.0], [[1.0, 2.0]], [1.0]), "proposer, types"),
        (
            lambda: price_versus_risk(Pie(), lambda u: u + 1, proposer=0, low=0.1, high=1),
            "cdf: values",
        ),
        (lambda: price_versus_risk(Pie(), lambda u: u, proposer=0, low=1, high=1), "low < high"),
        (lambda: posted_price([1.0, 2.0, 3.0], [0.5, 0.5]), "one probability"),
        (lambda: uniform_price(low=1.0, high=0.0), "low < high"),
        (lambda: chatterjee_samuelson(1.2), r"k: values in \[0, 1\]"),
        (lambda: uniform_prior(1.0, 1.0), "low < high"),
        (lambda: myerson_satterthwaite(uniform_prior(0, 1), uniform_prior(1, 2)), "v > c"),
        (
            lambda: myerson_satterthwaite(
                Prior(
                    lambda x: np.clip(x, 0, 1),
                    lambda x: np.where(x < 0.5, 1.9, 0.1),
                    0.0,
                    1.0,
                ),
                uniform_prior(),
            ),
            "regularity",
        ),
        (lambda: uniform_offers(1.0, periods=2), r"discount: values in \[0, 1\)"),
        (lambda: uniform_offers(0.5, periods=0), "periods: 1 to"),
        (lambda: coase_path(0.0), r"discount: values in \(0, 1\)"),
        (
            lambda: two_period_offers(
                Pie(), proposer=0, reservations=[0.5, 0.1], weak=0.5, discount=0.9
            ),
            "d_L < d_H",
        ),
        (
            lambda: two_period_offers(
                Pie(), proposer=0, reservations=[0.1, 0.5], weak=0.5, discount=1.0
            ),
            r"discount: values in \[0, 1\)",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()


def test_menus_of_alternatives_can_be_offered_from_too():
    found = take_it_or_leave_it(
        Menu([[1.0, 0.0], [0.6, 0.5], [0.2, 1.0]]),
        proposer=0,
        reservations=[0.0, 0.4],
        beliefs=[0.5, 0.5],
    )
    np.testing.assert_allclose(found.value, 0.6)
    np.testing.assert_array_equal(found.outcome, [[0.0, 1.0, 0.0]])


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.1, 0.7))
@settings(deadline=None, max_examples=60)
def test_no_first_offer_beats_that_of_two_periods(weak, own, other, high):
    """Every first offer, with every continuation that is an equilibrium after it.

    After a refusal the proposer is soft (offers d_H) if its belief in the weak type is at most mu*
    = g_H/g_L and hard (d_L) if at least mu*; the weak type, d_L = 0, waits only for softness.
    """

    def gain(u):
        return 1 - u**2

    found = two_period_offers(
        PARABOLA, proposer=0, reservations=[0.0, high], weak=weak, discount=[own, other]
    )
    critical, later = gain(high) / gain(0.0), own * gain(high)
    best = gain(high)
    for first in np.linspace(0.0, high, 301)[:-1]:
        soft_after_all = first >= other * high  # all weak types accept: the rest is tough
        if soft_after_all:
            best = max(best, weak * gain(first) + (1 - weak) * later)
        if weak <= critical and first <= other * high:
            best = max(best, later)
        if weak > critical and first <= other * high:
            y = (weak - critical) / (weak * (1 - critical))
            best = max(best, weak * y * gain(first) + (1 - weak * y) * later)
    assert found.value[0] >= best - 1e-9
    assert found.value[0] <= best + 0.02  # the grid's step


def test_who_mixes_is_hard_in_the_end_and_loses_the_tough_type():
    """A patient weak type and an impatient proposer: the first offer is d_L, taken at random."""
    found = two_period_offers(
        PARABOLA, proposer=0, reservations=[0.0, 0.9], weak=0.9, discount=[0.3, 0.95]
    )
    assert found.plan[0] == 2
    y = (0.9 - 0.19) / (0.9 * 0.81)
    np.testing.assert_allclose(found.weak_accepts, y)
    np.testing.assert_allclose(found.value, 0.9 * y + (1 - 0.9 * y) * 0.3 * 0.19)
    np.testing.assert_allclose(found.breakdown, 1 - 0.9)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_an_offer_does_not_depend_on_the_unit(unit):
    """On a pie the risky offer brings 0.64, the safe one 0.4; at belief 0.4 both the same."""
    types = {"proposer": 0, "reservations": np.array([0.0, 0.6]) * unit}
    risky = take_it_or_leave_it(Pie(unit), beliefs=[0.64, 0.36], **types)
    np.testing.assert_allclose(risky.value, 0.64 * unit, rtol=1e-12)
    assert risky.accepts.tolist() == [[True, False]]
    even = take_it_or_leave_it(Pie(unit), beliefs=[0.4, 0.6], **types)
    assert even.accepts.tolist() == [[True, True]]  # the one that risks less
    np.testing.assert_allclose(even.value, 0.4 * unit, rtol=1e-12)
