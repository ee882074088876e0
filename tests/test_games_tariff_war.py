"""Tariff wars and talks in general equilibrium: regret, efficiency, the Mayer locus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import cooperative_tariffs, nash_tariffs, symmetric_nash_tariff
from sim.payoffs import World, equilibrium

TOY = np.array([[95, 3, 2], [3, 20.5, 1.5], [2, 1.5, 6.5]])


def test_no_other_tariffs_pay_in_a_war():
    world = World(TOY, np.array([4.0, 6.0]))
    found = nash_tariffs(world)
    assert found.converged.all()
    assert (found.welfare < 1.0).any(axis=1).all()
    rng = np.random.default_rng(0)
    for country in range(3):
        others = [i for i in range(3) if i != country]
        for _ in range(60):
            tariffs = found.tariffs.copy()
            tariffs[:, others, country] *= rng.uniform(0.5, 1.5, (2, 2))
            other = equilibrium(world, tariffs).welfare[:, country]
            assert (other <= found.welfare[:, country] + 1e-12).all()


def test_who_is_no_player_keeps_its_tariffs():
    base = 0.1 * (1 - np.eye(3))
    world = World(TOY, 5.0, base)
    found = nash_tariffs(world, players=[2])
    np.testing.assert_array_equal(found.tariffs[0][:, :2], base[:, :2])
    assert found.welfare[0, 2] > 1.0
    assert (found.tariffs[0, :2, 2] > 0.15).all()


@given(st.floats(1.5, 10), st.floats(0.05, 0.5))
@settings(deadline=None, max_examples=8)
def test_symmetric_wars_agree_with_the_first_order_condition(sigma, share):
    world = World([[1 - share, share], [share, 1 - share]], sigma)
    tariff, spent, welfare = symmetric_nash_tariff(sigma, share)
    found = nash_tariffs(world, upper=float(2 * tariff + 1))
    assert found.converged.all()
    np.testing.assert_allclose(found.tariffs[0][[0, 1], [1, 0]], tariff, rtol=1e-7)
    np.testing.assert_allclose(found.welfare[0], welfare, rtol=1e-9)
    np.testing.assert_allclose(equilibrium(world, found.tariffs).shares[0, 0, 1], spent, rtol=1e-7)


def test_a_deal_is_efficient_and_better_than_war():
    world = World(TOY, 5.0)
    war = nash_tariffs(world)
    deal = cooperative_tariffs(world, war.welfare)
    assert deal.converged.all()
    assert (deal.welfare > war.welfare).all()
    factor = 1 + deal.tariffs[0]
    for i in range(3):
        for j in range(3):
            for k in range(3):
                np.testing.assert_allclose(factor[i, j] * factor[j, k] * factor[k, i], 1, atol=1e-6)
    rng = np.random.default_rng(1)
    for _ in range(300):
        change = 0.02 * rng.standard_normal((3, 3)) * (1 - np.eye(3))
        other = equilibrium(world, deal.tariffs + change).welfare
        assert not (other > deal.welfare + 1e-9).all()


def test_weights_move_the_deal_along_the_locus():
    world = World([[95, 5], [5, 20]], 5.0)
    war = nash_tariffs(world)
    even = cooperative_tariffs(world, war.welfare)
    strong = cooperative_tariffs(world, war.welfare, weights=[3.0, 1.0])
    assert strong.welfare[0, 0] > even.welfare[0, 0]
    assert strong.welfare[0, 1] < even.welfare[0, 1]
    product = (1 + strong.tariffs[0, 0, 1]) * (1 + strong.tariffs[0, 1, 0])
    np.testing.assert_allclose(product, 1.0, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nash_tariffs(World(TOY), players=[3]), "countries 0 to 2"),
        (lambda: nash_tariffs(World(TOY), players=[0, 0]), "different countries"),
        (lambda: nash_tariffs(World(TOY), lower=-1.0), "-1 < lower < upper"),
        (lambda: cooperative_tariffs(World(TOY), [1.0, 1.0]), r"disagreement: .*shape \(3,\)"),
        (lambda: symmetric_nash_tariff(1.0, 0.3), "substitution"),
        (lambda: symmetric_nash_tariff(5.0, 1.0), "import_share"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()
