"""Tariff games in closed form and bilateral deals with a hub: best responses by search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    LinearTariffGame,
    critical_discount,
    horn_wolinsky_cournot,
    hub_nash_in_nash,
    optimal_tariff,
    optimal_threats_transferable,
)


@given(st.floats(0.2, 3), st.floats(0, 3))
def test_the_linear_game_is_a_prisoners_dilemma(e, more):
    game = LinearTariffGame(e + more, e)
    temptation, reward, punishment, sucker = game.dilemma()
    assert temptation > reward > punishment > sucker
    assert 2 * reward > temptation + sucker
    np.testing.assert_allclose(
        critical_discount([temptation], [reward], [punishment]).agreement, 0.6
    )
    grid = np.linspace(-e, e, 2001)
    for other in (0.0, e / 3, e / 2):
        own = game.welfare(grid, other)
        assert own.max() <= game.welfare(game.nash_tariff, other) + 1e-12
        lead = own - game.welfare(other, grid)
        at = game.threat_tariff
        assert lead.max() <= game.welfare(at, other) - game.welfare(other, at) + 1e-12
        assert (own + game.welfare(other, grid)).argmax() == 1000


def test_threats_with_transfers_are_the_threat_tariffs():
    game = LinearTariffGame(1.0, 1.0)
    menu = np.linspace(0, 1, 41)
    own = game.welfare(menu[:, None], menu[None, :])
    found = optimal_threats_transferable(own, own.T)
    assert menu[found.row[0].argmax()] == menu[found.column[0].argmax()] == 0.5
    np.testing.assert_allclose(found.payoffs, 0.75)


def test_prices_clear_the_market():
    """Own welfare from prices, written out."""
    e, t, s = 0.8, 0.1, 0.3
    game = LinearTariffGame(1.2, e)
    p_abroad = 1.2 - (e + t) / 2
    assert (1.2 - p_abroad) + (1.2 - p_abroad - t) == pytest.approx(e)
    imported = (1.2 - p_abroad - t) ** 2 / 2 + t * (e - t) / 2
    price = 1.2 - (e + s) / 2
    exported = (1.2 - price) ** 2 / 2 + price * e
    np.testing.assert_allclose(game.welfare(t, s), imported + exported)


@given(st.floats(1, 20), st.floats(0.1, 5), st.floats(0, 0.9), st.floats(0, 5))
@example(1.0, 1.0, 0.5, 2e-309)
def test_no_other_quantity_beats_the_optimal_tariff(choke, slope, below, rise):
    floor = below * choke
    found = optimal_tariff((choke, slope), (floor, rise))

    def welfare(m):
        return choke * m - slope * m**2 / 2 - (floor + rise * m) * m

    m = np.linspace(0, choke / slope, 2001)
    assert welfare(m).max() <= welfare(found.imports) + 1e-9
    free = (choke - floor) / (slope + rise)
    np.testing.assert_allclose(
        found.welfare_gain, welfare(found.imports) - welfare(free), atol=1e-9
    )
    np.testing.assert_allclose(found.price - found.world_price, found.specific, atol=1e-9)
    if np.isfinite(found.supply_elasticity) and found.world_price > 0:
        np.testing.assert_allclose(found.ad_valorem * found.supply_elasticity, 1.0)
    if rise == 0:
        assert found.specific == 0.0


@given(st.floats(0.1, 0.9), st.floats(0, 0.8), st.floats(0.5, 3))
@settings(deadline=None, max_examples=30)
def test_input_prices_are_pairwise_nash_bargains(weight, cost, slope):
    found = horn_wolinsky_cournot(cost=cost, slope=slope, upstream_weight=weight)
    assert found.converged[0]
    (w, rival), q = found.prices[0], found.quantities[0]
    np.testing.assert_allclose(q[0], (1 - 2 * w + rival) / (3 * slope))
    np.testing.assert_allclose(found.downstream[0], slope * q**2)

    def product(price):
        mine = (1 - 2 * price + rival) / (3 * slope)
        other = (1 - 2 * rival + price) / (3 * slope)
        alone = (rival - cost) * (1 - rival) / (2 * slope)
        gain = (price - cost) * mine + (rival - cost) * other - alone
        good = (gain > 0) & (mine > 0)
        return np.where(good, np.maximum(gain, 1e-300) ** weight, 0) * (
            slope * np.maximum(mine, 0) ** 2
        ) ** (1 - weight)

    grid = np.linspace(cost, 1, 20_001)
    assert product(grid).max() <= product(np.array(w)) * (1 + 1e-9)


def test_draws_of_input_prices():
    found = horn_wolinsky_cournot(cost=np.array([0.0, 0.3]), upstream_weight=0.5)
    np.testing.assert_allclose(found.prices, [[0.25] * 2, [0.3 + 0.7 / 4] * 2], atol=1e-9)


@given(st.integers(1, 4), st.integers(0, 1000), st.floats(0, 1))
def test_hub_deals_split_marginal_contributions(spokes, seed, weight):
    worth = np.random.default_rng(seed).normal(size=(3, 2**spokes))
    found = hub_nash_in_nash(worth, hub_weight=weight)
    np.testing.assert_allclose(found.payoffs.sum(axis=1), worth[:, -1])
    for j in range(spokes):
        margin = worth[:, -1] - worth[:, (2**spokes - 1) ^ (1 << j)]
        np.testing.assert_allclose(found.payoffs[:, j + 1], (1 - weight) * margin)
        np.testing.assert_array_equal(found.agreement[:, j], margin >= 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearTariffGame(0.5, 1.0), "alpha"),
        (lambda: LinearTariffGame(1.0, 0.0), "endowment"),
        (lambda: LinearTariffGame(1.0, 1.0).welfare(np.nan, 0.0), "NaN"),
        (lambda: optimal_tariff((1.0, 1.0), (2.0, 1.0)), "trade"),
        (lambda: optimal_tariff((1.0, 0.0), (0.0, 1.0)), "slope"),
        (lambda: hub_nash_in_nash([0.0, 1.0, 2.0]), "2\\*\\*m"),
        (lambda: hub_nash_in_nash([0.0, np.nan]), "NaN"),
        (lambda: horn_wolinsky_cournot(cost=1.0), "below the intercept"),
        (lambda: horn_wolinsky_cournot(upstream_weight=1.0), "upstream_weight"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()
