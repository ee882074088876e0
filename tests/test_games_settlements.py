"""Transfers that both prefer to a breakdown, by their definition and against Fearon's formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    crisis_range,
    lots_within,
    preventive_war,
    range_before_shift,
    transfer_range,
)

shares = st.floats(0.0, 1.0)


def prize(t: np.ndarray) -> np.ndarray:
    """A's share and B's."""
    return np.stack([t, 1.0 - t], axis=1)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=50)
def test_both_accept_inside_and_somebody_refuses_outside(seed: int) -> None:
    """Payers whose last dollar hurts most, receivers who value it ever less."""
    rng = np.random.default_rng(seed)
    b = 6
    hurt, power = rng.uniform(0, 2, b), rng.uniform(0.3, 1.0, b)
    lower, upper = rng.uniform(-1, 1, b), rng.uniform(2, 4, b)

    def worth(t: np.ndarray) -> np.ndarray:
        return np.stack([-t - hurt * (t - lower) ** 2, 3 * (t - lower) ** power], axis=1)

    reserve = np.stack([rng.uniform(-8, 2, b), rng.uniform(-1, 5, b)], axis=1)
    found = transfer_range(worth, lower=lower, upper=upper, reservations=reserve)
    assert found.monotone.all()
    for t in np.linspace(lower, upper, 201):
        both = (worth(t) >= reserve).all(axis=1)
        inside = (found.low <= t) & (t <= found.high)
        near = np.minimum(np.abs(t - found.low), np.abs(t - found.high)) < 1e-9
        np.testing.assert_array_equal(both[~near], inside[~near])
    pays, gets = worth(np.clip(found.high, lower, upper)), worth(np.clip(found.low, lower, upper))
    edge = np.isfinite(found.high) & (found.high < upper)
    np.testing.assert_allclose(pays[edge, 0], reserve[edge, 0], atol=1e-9)
    edge = np.isfinite(found.low) & (found.low > lower)
    np.testing.assert_allclose(gets[edge, 1], reserve[edge, 1], atol=1e-6)
    np.testing.assert_array_equal(found.empty, found.low > found.high)
    np.testing.assert_allclose(
        found.width[~found.empty], (found.high - found.low)[~found.empty], atol=1e-12
    )
    assert (found.width[found.empty] == 0).all()


@given(shares, shares, shares)
@settings(deadline=None)
def test_fearons_range(p: float, cost_a: float, cost_b: float) -> None:
    known = crisis_range(p, [cost_a, cost_b])
    found = transfer_range(prize, lower=0, upper=1, reservations=known.war)
    np.testing.assert_allclose([found.low[0], found.high[0]], [known.low, known.high], atol=1e-12)


def test_costs_of_war_widen_the_range_by_their_sum() -> None:
    width = [
        transfer_range(prize, lower=0, upper=1, reservations=[0.5 - a, 0.5 - c]).width[0]
        for a, c in ((0.1, 0.0), (0.1, 0.2), (0.3, 0.2))
    ]
    np.testing.assert_allclose(width, [0.1, 0.3, 0.5], atol=1e-12)


def test_nothing_is_accepted_where_war_is_better_than_the_whole_prize() -> None:
    found = transfer_range(prize, lower=0, upper=1, reservations=[[0.2, 1.1], [0.7, 0.4]])
    assert found.empty.all()
    assert found.high[0] == -np.inf
    np.testing.assert_allclose([found.low[1], found.high[1]], [0.7, 0.6])


def test_payoffs_that_turn_are_flagged() -> None:
    found = transfer_range(
        lambda t: np.stack([-((t - 0.5) ** 2), t], axis=1), lower=0, upper=1, reservations=[-1, 0]
    )
    assert not found.monotone[0]


@given(shares, shares, st.floats(0.05, 0.95), st.floats(0.01, 0.6), st.floats(0.01, 0.6))
@settings(deadline=None, max_examples=200)
def test_an_empty_range_before_a_shift_is_preventive_war(p, rise, delta, cost_a, cost_b) -> None:
    """A rises from p to p₂. War costs c once: (1 − δ) c a period."""
    later = p + rise * (1.0 - p)
    cost = (1.0 - delta) * np.array([cost_a, cost_b])
    if 1.0 - later < cost[1]:
        return  # a share below 0 that the closed form allows itself
    known = preventive_war(p, later, discount=delta, cost=cost_b)
    if abs(known.fight_now - known.best_peace) < 1e-9:
        return
    found = range_before_shift(
        prize,
        lower=0,
        upper=1,
        reservations=[p - cost[0], 1.0 - p - cost[1]],
        declining=1,
        loss=later - p,
        discount=delta,
    )
    assert found.empty[0] == known.war


def test_a_shift_to_come_makes_the_declining_party_ask_for_more() -> None:
    """By hand: B must have 0.4 + 0.1 · δ/(1 − δ) today; A, who rises, pays up to what it gains."""
    found = range_before_shift(
        prize, lower=0, upper=1, reservations=[0.5, 0.4], declining=1, loss=0.1, discount=0.5
    )
    # Later B gets 0.3 and A 0.7, so A accepts 0.3 today: 0.5 · 0.3 + 0.5 · 0.7 = 0.5.
    np.testing.assert_allclose([found.low[0], found.high[0]], [0.3, 0.5], atol=1e-12)
    other = range_before_shift(
        prize, lower=0, upper=1, reservations=[0.5, 0.4], declining=0, loss=0.1, discount=[0.5, 0]
    )
    np.testing.assert_allclose([other.low[0], other.high[0]], [0.6, 0.6], atol=1e-12)
    same = range_before_shift(
        prize, lower=0, upper=1, reservations=[0.5, 0.4], declining=0, loss=0.0, discount=[0.5, 0]
    )
    np.testing.assert_allclose([same.low[0], same.high[0]], [0.5, 0.6], atol=1e-12)


@given(st.floats(0.05, 1.0), st.floats(-1.0, 1.0), shares, shares)
@settings(deadline=None)
def test_lots_are_counted(lot: float, origin: float, a: float, c: float) -> None:
    found = transfer_range(prize, lower=0, upper=1, reservations=[a, c])
    ladder = origin + lot * np.arange(-100, 101)
    inside = (ladder >= a - 1e-10) & (ladder <= 1 - c + 1e-10)
    count = int(inside.sum()) if not found.empty[0] else 0
    assert int(lots_within(found, lot, origin=origin)[0]) == count


BAD = {
    "a range without width": ({"upper": 0}, "lower < upper is allowed"),
    "NaN": ({"reservations": [np.nan, 0]}, "NaN is not allowed"),
    "three parties": ({"reservations": [0, 0, 0]}, "reservations: a number, shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name: str) -> None:
    change, message = BAD[name]
    given_ = {"lower": 0, "upper": 1, "reservations": [0.1, 0.1]} | change
    with pytest.raises(GameError, match=message):
        transfer_range(prize, **given_)


def test_what_is_refused_of_shifts_lots_and_payoffs() -> None:
    bounds = {"lower": 0, "upper": 1, "reservations": [0.1, 0.1]}
    found = transfer_range(prize, **bounds)
    with pytest.raises(GameError, match=r"lot: values in \(0, inf\]"):
        lots_within(found, 0.0)
    with pytest.raises(GameError, match="worth: payoffs"):
        transfer_range(lambda t: t, **bounds)
    with pytest.raises(GameError, match="declining: 0 or 1"):
        range_before_shift(prize, **bounds, declining=2, loss=0, discount=0.5)
    with pytest.raises(GameError, match=r"discount: values in \[0, 1\)"):
        range_before_shift(prize, **bounds, declining=1, loss=0, discount=1.0)
    with pytest.raises(GameError, match="loss"):
        range_before_shift(prize, **bounds, declining=1, loss=-1, discount=0.5)
