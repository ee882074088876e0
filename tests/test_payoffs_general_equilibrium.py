"""The Armington world: equilibrium conditions, derivatives, and the term made of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import PayoffError
from sim.payoffs import (
    GeneralEquilibrium,
    Payoffs,
    World,
    acr_autarky_loss,
    acr_welfare,
    equilibrium,
    hat_algebra,
    hat_equations,
    read_world,
)

TOY = np.array([[95, 3, 2], [3, 20.5, 1.5], [2, 1.5, 6.5]])
DATA = Path(__file__).parents[1] / "scenarios" / "data"
PAIRS = {(1, 0): 0, (2, 0): 1, (0, 1): 2, (2, 1): 3, (0, 2): 4, (1, 2): 5}


def random_world(seed: int, *, countries: int = 3, draws: int = 4):
    """Return an unbalanced world with baseline tariffs, and new tariffs."""
    rng = np.random.default_rng(seed)
    flows = rng.uniform(1, 5, (draws, countries, countries)) + 30 * np.eye(countries)
    off = 1 - np.eye(countries)
    base, new = rng.uniform(0, 0.3, (2, draws, countries, countries)) * off
    return World(flows, rng.uniform(2, 8, draws), base), new * 2


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(deadline=None, max_examples=40)
def test_an_equilibrium_satisfies_its_definition(seed, countries):
    world, tariffs = random_world(seed, countries=countries)
    found = equilibrium(world, tariffs)
    assert found.residual.max() < 1e-12
    sigma = np.asarray(world.substitution)[:, None, None]
    factor = found.wages[:, :, None] * (1 + tariffs) / (1 + np.asarray(world.tariffs))
    weight = world.shares * factor ** (1 - sigma)
    np.testing.assert_allclose(found.shares, weight / weight.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(
        found.prices, weight.sum(axis=1) ** (1 / (1 - sigma[:, :, 0])), rtol=1e-10
    )
    bought = found.shares * found.spending[:, None, :]
    revenue = (tariffs / (1 + tariffs) * bought).sum(axis=1)
    np.testing.assert_allclose(found.revenue, revenue, rtol=1e-9, atol=1e-10)
    earned = (bought / (1 + tariffs)).sum(axis=2)
    np.testing.assert_allclose(earned, found.wages * world.output, rtol=1e-10)
    np.testing.assert_allclose(found.spending, earned + world.deficit + revenue, rtol=1e-10)
    np.testing.assert_allclose(earned.sum(axis=1), world.output.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(
        found.welfare, found.spending / world.spending / found.prices, rtol=1e-12
    )
    np.testing.assert_allclose(acr_welfare(world, found), found.welfare, rtol=1e-9)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_nothing_changes_at_the_baseline(seed):
    world, _ = random_world(seed)
    found = equilibrium(world, world.tariffs)
    for hat in (found.welfare, found.wages, found.prices):
        np.testing.assert_allclose(hat, 1.0, atol=1e-12)
    np.testing.assert_allclose(found.spending, world.spending, rtol=1e-12)


@pytest.mark.parametrize("times", [2.0, 1e-3])
def test_the_size_of_the_world_changes_no_welfare(times):
    world, tariffs = random_world(3)
    twice = World(times * np.asarray(world.flows), world.substitution, world.tariffs)
    np.testing.assert_allclose(
        equilibrium(twice, tariffs).welfare, equilibrium(world, tariffs).welfare
    )


def test_prohibitive_tariffs_are_autarky():
    world = World(TOY, 5.0)
    walls = 1e6 * (1 - np.eye(3))
    home = np.diag(TOY) / TOY.sum(axis=0)
    np.testing.assert_allclose(
        1 - equilibrium(world, walls).welfare[0], acr_autarky_loss(home, 4.0), atol=1e-9
    )


def test_free_trade_is_efficient_in_sum_of_small_changes():
    """At free trade the first-order gains of any tariff add to zero."""
    payoffs = payoffs_of(GeneralEquilibrium("world", TOY, (0, 1, 2), PAIRS))
    np.testing.assert_allclose(payoffs.gradient(np.zeros(6)).sum(axis=1), 0.0, atol=1e-10)


def test_a_balanced_world_has_no_deficits():
    world, _ = random_world(5)
    flat = world.balanced()
    np.testing.assert_allclose(flat.deficit, 0.0, atol=1e-9)
    np.testing.assert_allclose(equilibrium(flat, flat.tariffs).welfare, 1.0, atol=1e-12)


def payoffs_of(term: GeneralEquilibrium, draws: int = 1, base=None) -> Payoffs:
    """Return the payoffs of one term over six tariffs."""
    start = np.zeros(6) if base is None else base
    return Payoffs.from_status_quo(
        ("US", "JPN", "ROK"), tuple("abcdef"), (term,), status_quo=start, n_draws=draws
    )


def rich_term(draws: int) -> GeneralEquilibrium:
    rng = np.random.default_rng(0)
    return GeneralEquilibrium(
        "world",
        TOY * rng.uniform(0.9, 1.1, (draws, 3, 3)),
        (0, 1, 2),
        PAIRS,
        substitution=rng.uniform(3, 7, draws),
        baseline=0.05 * (1 - np.eye(3)),
        income={0: 0.9, 2: rng.uniform(0.5, 1, draws)},
        revenue={0: 1.2, 1: 0.5},
    )


def test_derivatives_of_the_term():
    payoffs = payoffs_of(rich_term(3), 3, np.full(6, 0.05))
    x = np.random.default_rng(1).uniform(0, 0.4, (3, 6))
    gradient, hessian = payoffs.gradient(x), payoffs.hessian(x)
    step = 1e-5
    for k in range(6):
        move = step * np.eye(6)[k]
        by_value = (payoffs.utility(x + move) - payoffs.utility(x - move)) / (2 * step)
        by_slope = (payoffs.gradient(x + move) - payoffs.gradient(x - move)) / (2 * step)
        np.testing.assert_allclose(gradient[:, :, k], by_value, atol=1e-7)
        np.testing.assert_allclose(hessian[:, :, :, k], by_slope, atol=1e-6)
    np.testing.assert_allclose(hessian, hessian.transpose(0, 1, 3, 2), atol=1e-12)


def test_payoffs_are_equivalent_variations():
    payoffs = payoffs_of(GeneralEquilibrium("world", TOY, (0, 1, 2), PAIRS))
    x = np.array([0.25, 0.2, 0.1, 0.0, 0.05, 0.3])
    tariffs = np.zeros((3, 3))
    for (i, j), k in PAIRS.items():
        tariffs[i, j] = x[k]
    welfare = equilibrium(World(TOY, 5.0), tariffs).welfare[0]
    np.testing.assert_allclose(payoffs.money(x)[0], TOY.sum(axis=0) * (welfare - 1))


def test_components_and_weights():
    term = rich_term(2)
    payoffs = payoffs_of(term, 2, np.full(6, 0.05))
    x = np.full((2, 6), 0.2)
    parts = payoffs.components(x)
    assert {p.component for p in parts} == {"income", "revenue"}
    total = np.zeros((2, 3))
    for part in parts:
        total[:, part.player] += part.weight * part.value
    np.testing.assert_allclose(total, payoffs.money(x))
    np.testing.assert_allclose(total - payoffs.reference.T, payoffs.utility(x), atol=1e-12)
    np.testing.assert_allclose(payoffs.reference, 0.0, atol=1e-12)
    assert not np.allclose(payoffs.unweighted(x), payoffs.money(x))


def test_a_table_folds_the_other_tariffs():
    payoffs = payoffs_of(rich_term(3), 3, np.full(6, 0.05))
    x = np.random.default_rng(2).uniform(0, 0.4, (3, 6))
    table = payoffs.table((0, 2), (4, 1), x)
    np.testing.assert_allclose(
        table.utility(x[:, [4, 1]]), payoffs.utility(x)[:, [0, 2]], atol=1e-12
    )
    np.testing.assert_allclose(
        table.hessian(x[:, [4, 1]]),
        payoffs.hessian(x)[:, [0, 2]][:, :, [4, 1]][:, :, :, [4, 1]],
        atol=1e-10,
    )
    rows = np.array([2, 0])
    np.testing.assert_allclose(
        table.take(rows).gradient(x[rows][:, [4, 1]]), table.gradient(x[:, [4, 1]])[rows]
    )


def test_one_issue_may_be_several_tariffs():
    shared = {pair: 0 if pair[1] == 0 else k for pair, k in PAIRS.items()}
    term = GeneralEquilibrium("world", TOY, (0, None, 1), shared, fixed=0.1 * (1 - np.eye(3)))
    assert term.players == (0, 1)
    payoffs = Payoffs.from_status_quo(
        ("US", "ROK"), tuple("abcdef"), (term,), status_quo=np.zeros(6)
    )
    apart = payoffs_of(GeneralEquilibrium("world", TOY, (0, 1, 2), PAIRS))
    x = np.array([0.3, 0.0, 0.1, 0.2, 0.05, 0.15])
    both = x.copy()
    both[1] = 0.3
    np.testing.assert_allclose(payoffs.money(x)[0], apart.money(both)[0, [0, 2]])
    slope = apart.gradient(both)[0]
    np.testing.assert_allclose(
        payoffs.gradient(x)[0, :, 0], (slope[:, 0] + slope[:, 1])[[0, 2]], atol=1e-10
    )


def test_seven_regions():
    regions, world = read_world(DATA / "goods_trade_2023.csv", DATA / "gdp_2023.csv")
    assert regions == ("USA", "JPN", "KOR", "CHN", "EU", "CAN_MEX", "ROW")
    np.testing.assert_allclose(world.output[0, 0], 27843.283)
    np.testing.assert_allclose(np.asarray(world.flows)[0, 1, 0], 141.429)
    np.testing.assert_allclose(world.deficit.sum(), 0.0, atol=1e-9)
    tariffs = np.zeros((7, 7))
    tariffs[1:, 0] = 0.1
    found = equilibrium(world, tariffs)
    assert found.welfare[0, 0] > 1.0
    assert (found.welfare[0, 1:] < 1.0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: World([1.0, 2.0]), "shape"),
        (lambda: World([[1.0, np.nan], [1.0, 1.0]]), "finite"),
        (lambda: World([[1.0, -1.0], [1.0, 1.0]]), "at least 0"),
        (lambda: World([[0.0, 0.0], [1.0, 1.0]]), "sell and buy"),
        (lambda: World(TOY, 1.0), "substitution must be above 1"),
        (lambda: World(TOY, 5.0, 0.1), "0 on a country's own goods"),
        (lambda: World(TOY, 5.0, -np.ones((3, 3))), "above -1"),
        (lambda: World(np.stack([TOY] * 2), np.full(3, 5.0)), "same draws"),
        (lambda: equilibrium(World(TOY), np.zeros((2, 2))), "shape"),
        (lambda: equilibrium(World(TOY), np.full((3, 3), 0.1)), "own goods"),
        (lambda: World.from_trade(TOY, [1.0, 30.0, 30.0]), "exceed exports"),
        (lambda: World.from_trade(TOY, [1.0, 30.0]), "shapes"),
        (lambda: acr_autarky_loss(0.0, 5.0), "domestic share"),
        (lambda: GeneralEquilibrium("w", TOY, (0, 1), PAIRS), "one player or None"),
        (lambda: GeneralEquilibrium("w", TOY, (0, 0, 1), PAIRS), "each player once"),
        (lambda: GeneralEquilibrium("w", TOY, (0, 1, 2), {(0, 0): 1}), "two different countries"),
        (lambda: GeneralEquilibrium("w", TOY, (0, 1, 2), {}), "at least one tariff"),
        (
            lambda: GeneralEquilibrium("w", TOY, (0, 1, 2), PAIRS, substitution=0.5),
            "substitution must be above 1",
        ),
        (
            lambda: GeneralEquilibrium("w", TOY, (0, 1, 2), PAIRS, revenue={0: -1.0}),
            "revenue weight",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(PayoffError, match=message):
        make()


@pytest.mark.parametrize(
    ("trade", "gdp", "message"),
    [
        ("exporter,A,B\nA,0,1\nC,1,0\n", "region,gdp\nA,5\nB,5\n", "same regions"),
        ("exporter,A,B\nA,0,x\nB,1,0\n", "region,gdp\nA,5\nB,5\n", "no number"),
        ("exporter,A,B\nA,0\nB,1,0\n", "region,gdp\nA,5\nB,5\n", "must have 2 numbers"),
        ("exporter,A,B\nA,0,1\nB,1,0\n", "region,gdp\nA,5\n", "no output of B"),
        ("exporter,A,B\n", "region,gdp\nA,5\n", "at least one row"),
        (None, "region,gdp\nA,5\n", "cannot be read"),
    ],
)
def test_what_a_reader_refuses(tmp_path, trade, gdp, message):
    if trade is not None:
        (tmp_path / "trade.csv").write_text(trade)
    (tmp_path / "gdp.csv").write_text(gdp)
    with pytest.raises(PayoffError, match=message):
        read_world(tmp_path / "trade.csv", tmp_path / "gdp.csv")


def lopsided(draws: int, countries: int = 3):
    """Return unbalanced flows, tariffs at the baseline and others, all of them different."""
    rng = np.random.default_rng(11)
    shape = (draws, countries, countries)
    off = 1 - np.eye(countries)
    flows = rng.uniform(1, 9, shape) + np.diag(rng.uniform(10, 40, countries))
    return flows, rng.uniform(0, 0.2, shape) * off, rng.uniform(0, 0.5, shape) * off


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("given_fixed", [True, False])
def test_payoffs_are_weighted_real_income_and_revenue(draws, given_fixed):
    """Against `equilibrium`: some tariffs are issues, the others stay where they are fixed."""
    flows, base, fixed = lopsided(draws)
    sigma, weight = np.linspace(3.0, 6.0, draws), np.linspace(0.5, 0.9, draws)
    term = GeneralEquilibrium(
        "w",
        flows,
        (2, None, 0),
        {(0, 1): 3, (1, 2): 1},
        substitution=sigma,
        baseline=base,
        fixed=fixed if given_fixed else None,
        income={2: weight},
        revenue={0: 1.3},
    )
    payoffs = Payoffs(tuple("abc"), tuple("wxyz"), (term,), draws, np.zeros((3, draws)))
    x = np.random.default_rng(3).uniform(0, 0.6, (draws, 4))
    tariffs = (fixed if given_fixed else base).copy()
    tariffs[:, 0, 1], tariffs[:, 1, 2] = x[:, 3], x[:, 1]
    world = World(flows, sigma, base)
    found = equilibrium(world, tariffs)
    earned = (found.spending - found.revenue) / found.prices - world.income
    taxed = found.revenue / found.prices - (world.spending - world.income)
    expected = np.zeros((draws, 3))
    expected[:, 2] = weight * earned[:, 0] + taxed[:, 0]
    expected[:, 0] = earned[:, 2] + 1.3 * taxed[:, 2]
    for same in (payoffs, replace(payoffs, terms=(replace(term, name="again"),))):
        np.testing.assert_allclose(same.money(x), expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(same.utility(x), expected, rtol=1e-9, atol=1e-9)
    kinds = {(p.player, p.component): p.value for p in payoffs.components(x)}
    np.testing.assert_allclose(kinds[2, "income"], earned[:, 0], atol=1e-9)
    np.testing.assert_allclose(kinds[0, "revenue"], taxed[:, 2], atol=1e-9)
    np.testing.assert_array_equal(payoffs.take([-1]).money(x[-1:]), payoffs.money(x)[-1:])


def test_two_countries_and_a_term_with_tables_of_numbers():
    flows = ((30.0, 4.0), (6.0, 20.0))
    term = GeneralEquilibrium("w", flows, (0, 1), {(0, 1): 0, (1, 0): 1}, substitution=3.0)
    payoffs = Payoffs.from_status_quo("ab", "xy", (term,), status_quo=np.zeros(2))
    tariffs = np.array([[0.0, 0.3], [0.1, 0.0]])
    world = World(flows, 3.0)
    gains = world.spending * (equilibrium(world, tariffs).welfare - 1)
    np.testing.assert_allclose(payoffs.money(np.array([0.3, 0.1])), gains, rtol=1e-10)


@pytest.mark.parametrize("seed", [244, 491, 578, 1382, 1389])
def test_wages_are_found_where_large_tariffs_meet_small_home_markets(seed):
    """Worlds in which Newton's method overshoots from the baseline: markets clear all the same."""
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 5)
    flows = np.exp(rng.normal(0, 1, (n, n))) + np.diag(rng.uniform(0, 30, n))
    sigma = rng.uniform(1.2, 12)
    tariffs = np.exp(rng.normal(0, 2, (n, n))) * (1 - np.eye(n))
    base = 0.2 * (1 - np.eye(n))
    world = World(np.stack([flows] * 3), sigma, base)
    found = equilibrium(world, np.stack([base, tariffs, 0.1 * tariffs]))
    assert found.residual.max() < 1e-10
    assert found.spending.min() > 0.0
    np.testing.assert_allclose(acr_welfare(world, found), found.welfare, rtol=1e-7)
    np.testing.assert_allclose(found.welfare[0], 1.0, atol=1e-12)
    alone = equilibrium(World(flows, sigma, base), tariffs)
    np.testing.assert_allclose(found.welfare[1], alone.welfare[0], rtol=1e-9)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_new_deficits_are_those_of_the_equilibrium(seed):
    world, tariffs = random_world(seed)
    deficit = world.deficit * np.array([0.5])
    found = equilibrium(world, tariffs, deficit=deficit)
    bought = found.shares * found.spending[:, None, :] / (1 + tariffs)
    np.testing.assert_allclose(bought.sum(axis=1) - bought.sum(axis=2), deficit, atol=1e-9)


def test_balancing_keeps_tariffs_and_labour_income_of_the_equilibrium():
    world, _ = random_world(5)
    flat = world.balanced()
    np.testing.assert_array_equal(flat.tariffs, world.tariffs)
    np.testing.assert_array_equal(flat.substitution, world.substitution)
    found = equilibrium(world, world.tariffs, deficit=np.zeros_like(world.deficit))
    np.testing.assert_allclose(flat.output, found.wages * world.output, rtol=1e-10)
    np.testing.assert_allclose(flat.spending, found.spending, rtol=1e-10)


@pytest.mark.parametrize("draws", [None, 4])
def test_a_world_from_trade_sells_the_rest_at_home(draws):
    rng = np.random.default_rng(1)
    shape = (4, 4) if draws is None else (draws, 4, 4)
    trade = rng.uniform(1, 3, shape)
    output = rng.uniform(10, 20, 4)
    tariffs = 0.1 * (1 - np.eye(4))
    world = World.from_trade(trade, output, substitution=3.0, tariffs=tariffs)
    np.testing.assert_allclose(world.output, np.broadcast_to(output, world.output.shape))
    off = ~np.eye(4, dtype=bool)
    flows = np.asarray(world.flows).reshape(-1, 4, 4)
    np.testing.assert_array_equal(flows[:, off], trade.reshape(-1, 4, 4)[:, off])
    np.testing.assert_array_equal(np.asarray(world.tariffs)[0], tariffs)
    assert (np.asarray(world.substitution) == 3.0).all()
    plain = World.from_trade(trade, output)
    assert (np.asarray(plain.substitution) == 5.0).all()
    assert not np.asarray(plain.tariffs).any()


def test_output_may_differ_between_draws():
    trade = np.array([[0.0, 1.0], [2.0, 0.0]])
    world = World.from_trade(trade, [[1.5, 3.0], [2.0, 2.5]])
    np.testing.assert_allclose(np.asarray(world.flows), [[[0.5, 1], [2, 1]], [[1, 1], [2, 0.5]]])
    # The last thing sold abroad: nothing is left at home.
    with pytest.raises(PayoffError, match=r"^output must exceed exports to others$"):
        World.from_trade(trade, [1.0, 3.0])


def test_countries_need_not_trade_with_everyone():
    """Without trade between 0 and 2 their tariffs on each other change nothing."""
    world = World([[50.0, 4.0, 0.0], [6.0, 30.0, 3.0], [0.0, 2.0, 20.0]])
    tariffs = 0.1 * (1 - np.eye(3))
    higher = tariffs + 0.5 * np.fliplr(np.diag([1.0, 0.0, 1.0]))
    np.testing.assert_allclose(
        equilibrium(world, higher).welfare, equilibrium(world, tariffs).welfare, rtol=1e-12
    )


def test_shapes_that_broadcast():
    """Any of flows, substitution and tariffs may differ between draws, the others follow."""
    off = 1 - np.eye(3)
    for world in (
        World(np.stack([TOY] * 2), 4.0, 0.1 * off),
        World(TOY, [4.0, 4.0], 0.1 * off),
        World(TOY, 4.0, np.stack([0.1 * off] * 2)),
        World(TOY, [4.0], np.stack([0.1 * off] * 2)),
    ):
        assert (world.n_draws, world.n_countries) == (2, 3)
        found = equilibrium(world, 0.2 * off)
        assert found.welfare.shape == (2, 3)
        np.testing.assert_array_equal(found.welfare[0], found.welfare[1])
    assert World(TOY).n_draws == 1
    assert (np.asarray(World(TOY).substitution) == 5.0).all()


@pytest.mark.parametrize("share", [0.2, 0.9, 1.0])
@pytest.mark.parametrize("elasticity", [0.5, 1.0, 4.0])
def test_the_loss_from_autarky_is_the_formula(share, elasticity):
    loss = acr_autarky_loss(share, elasticity)
    np.testing.assert_allclose(loss, 1 - share ** (1 / elasticity), atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: acr_autarky_loss(1.1, 5.0), "domestic share must be in (0, 1], trade elasticity"),
        (lambda: acr_autarky_loss(0.5, 0.0), "domestic share must be in (0, 1], trade elasticity"),
        (lambda: acr_autarky_loss(np.nan, 5.0), "domestic share must be finite"),
        (lambda: acr_autarky_loss(0.5, np.inf), "trade elasticity must be finite"),
        (lambda: World.from_trade(np.full((2, 2), np.nan), [1, 1]), "trade must be finite"),
        (lambda: World.from_trade(TOY, [1, 1, np.nan]), "output must be finite"),
        (lambda: World.from_trade([1.0, 2.0], [1.0, 2.0]), "trade and output must have shapes"),
        (lambda: World("much"), "flows must be numbers in rows of one length"),
        (
            lambda: World(TOY, 5.0, -1.5 * (1 - np.eye(3))),
            "tariffs must be above -1, and 0 on a country's own goods",
        ),
        (lambda: World(TOY, 5.0, np.eye(3) - 1), "tariffs must be above -1, and 0 on"),
        (lambda: equilibrium(World(TOY), np.eye(3) - 1), "tariffs must be above -1, and 0 on"),
        (
            lambda: World(np.stack([TOY] * 2), np.full(3, 5.0)),
            "flows, substitution and tariffs must have the same draws",
        ),
        (lambda: World(TOY, np.nan), "substitution must be finite"),
        (lambda: World(TOY, 5.0, np.nan), "tariffs must be finite"),
        (lambda: World(np.ones((1, 1))), "flows must have shape (N, N) or (B, N, N), got (1, 1)"),
        (lambda: World(np.ones((2, 3))), "flows must have shape (N, N) or (B, N, N), got (2, 3)"),
        (lambda: World(np.ones((1, 1, 2, 2))), "flows must have shape"),
        (lambda: World([[1.0, 0.0], [1.0, 0.0]]), "flows must be at least 0, and every country"),
        (lambda: World(TOY, [3.0, 0.5]), "substitution must be above 1, got 0.5"),
        (lambda: equilibrium(World(TOY), np.full((3, 3), np.nan)), "tariffs must be finite"),
        (lambda: equilibrium(World(TOY), 1.5 * (np.eye(3) - 1)), "tariffs must be above -1"),
        (
            lambda: equilibrium(World(TOY), np.zeros(3)),
            "tariffs must have shape (3, 3) or (1, 3, 3), got (3,)",
        ),
        (
            lambda: GeneralEquilibrium("w", TOY, (None,) * 3, PAIRS),
            "general equilibrium w: each player once, at least one",
        ),
        (
            lambda: GeneralEquilibrium("w", TOY, (0,), PAIRS),
            "general equilibrium w: one player or None for each of 3 countries",
        ),
        (
            lambda: GeneralEquilibrium("w", TOY, (0, 1, 2), {}),
            "general equilibrium w: at least one tariff that is an issue",
        ),
    ],
)
def test_faults_are_said_from_the_first_word(make, message):
    with pytest.raises(PayoffError, match=f"^{re.escape(message)}"):
        make()


def test_a_reader_hands_on_elasticity_and_tariffs_and_names_bad_rows(tmp_path):
    trade, gdp = tmp_path / "trade.csv", tmp_path / "gdp.csv"
    trade.write_text("exporter,Türkiye,B\nTürkiye,0,1\nB,2,0\n", encoding="utf-8")
    gdp.write_text("region,gdp\nB,6\n\nTürkiye,5\n", encoding="utf-8")
    tariffs = np.array([[0.0, 0.1], [0.2, 0.0]])
    regions, world = read_world(trade, gdp, substitution=3.0, tariffs=tariffs)
    assert regions == ("Türkiye", "B")
    np.testing.assert_array_equal(np.asarray(world.flows)[0], [[4.0, 1.0], [2.0, 4.0]])
    np.testing.assert_array_equal(np.asarray(world.tariffs)[0], tariffs)
    np.testing.assert_array_equal(world.substitution, [3.0])
    plain = read_world(trade, gdp)[1]
    np.testing.assert_array_equal(plain.substitution, [5.0])
    assert not np.asarray(plain.tariffs).any()
    for text, message in (
        ("region,gdp\nB,6\nTürkiye\n", "gdp.csv: row 'Türkiye' must have 1 numbers"),
        ("region,gdp\nB,6\nTürkiye,x\n", "gdp.csv: row 'Türkiye' holds what is no number"),
        ("region,gdp\nC,6\n", "gdp.csv: no output of Türkiye, B"),
    ):
        gdp.write_text(text, encoding="utf-8")
        with pytest.raises(PayoffError, match=f"^{re.escape(message)}$"):
            read_world(trade, gdp)


@pytest.mark.parametrize("sigma", [1.01, 1.5, 20.0])
def test_goods_may_be_poor_or_close_substitutes(sigma):
    world = World(TOY, sigma)
    found = equilibrium(world, 0.2 * (1 - np.eye(3)))
    assert found.residual.max() < 1e-12
    np.testing.assert_allclose(acr_welfare(world, found), found.welfare, rtol=1e-9)


def test_the_residual_is_excess_demand_for_labour_over_world_income(monkeypatch):
    """Seen at wages that clear no market."""
    world, tariffs = random_world(4)
    wages = np.random.default_rng(0).uniform(-0.1, 0.1, (4, 3)) * np.array([[1.0], [0], [3], [2]])
    monkeypatch.setattr(hat_algebra, "solve_wages", lambda base, logs: wages)
    found = equilibrium(world, tariffs)
    sold = (found.shares * found.spending[:, None, :] / (1 + tariffs)).sum(axis=2)
    excess = np.abs(sold - np.exp(wages) * world.output).max(axis=1)
    np.testing.assert_allclose(found.residual, excess / world.output.sum(axis=1), rtol=1e-10)


def test_where_no_wages_can_clear_the_markets_the_draw_is_flagged():
    """A country that owes twice what the world earns cannot pay it at any wage."""
    world = World(np.stack([TOY] * 2))
    owed = TOY.sum()
    deficit = np.array([[-2.0 * owed, owed, owed], [0.0, 0.0, 0.0]])
    found = equilibrium(world, np.zeros((3, 3)), deficit=deficit)
    np.testing.assert_array_equal(found.converged, [False, True])
    for part in (found.welfare, found.wages, found.prices, found.spending, found.residual):
        assert np.isnan(part[0]).all()
    alone = equilibrium(World(TOY), np.zeros((3, 3)), deficit=deficit[1:])
    np.testing.assert_array_equal(found.welfare[1:], alone.welfare)
    np.testing.assert_array_equal(found.wages[1:], alone.wages)


DEBTOR = np.array([[20.0, 20.0], [4.0, 30.0]])
"""Country 0 sells 20 and buys 4: it owes 16, and earns less the higher the tariff on its goods."""


def test_payoffs_without_an_equilibrium_are_missing_in_their_draw_only():
    term = GeneralEquilibrium("w", DEBTOR, (0, 1), {(0, 1): 0}, substitution=4.0)
    payoffs = Payoffs.from_status_quo("ab", "x", (term,), status_quo=np.zeros(1), n_draws=3)
    tariffs = np.array([[0.3], [9.0], [0.6]])
    value = payoffs.evaluate(tariffs.T)
    assert np.isnan(value.value[:, 1]).all()
    some = payoffs.take([0, 2]).evaluate(tariffs[[0, 2]].T)
    np.testing.assert_array_equal(value.value[:, [0, 2]], some.value)
    np.testing.assert_array_equal(value.gradient[:, :, [0, 2]], some.gradient)
    assert np.isfinite(some.gradient).all()


def test_wages_are_those_of_the_draw_alone():
    """However long the others of its batch take."""
    world, tariffs = random_world(8, draws=6)
    calm = tariffs * np.array([0.0, 1e-9, 1e-3, 0.1, 1.0, 10.0])[:, None, None]
    found = equilibrium(world, calm)
    for b in range(6):
        one = World(world.flows[b], world.substitution[b], world.tariffs[b])
        np.testing.assert_array_equal(equilibrium(one, calm[b]).wages[0], found.wages[b])


def test_singular_draws_stop_no_others():
    """Half of the equations are singular; the rest is solved as it is alone."""
    rng = np.random.default_rng(0)
    matrix, right = rng.normal(size=(5, 3, 3)), rng.normal(size=(5, 3, 2))
    matrix[[1, 4]] = 0.0
    found = hat_equations.solved(matrix, right)
    assert np.isnan(found[[1, 4]]).all()
    good = [0, 2, 3]
    np.testing.assert_allclose(matrix[good] @ found[good], right[good], atol=1e-12)


def test_a_world_that_cannot_be_balanced_is_refused(monkeypatch):
    def lost(base, logs):
        return np.full(base.output.shape, np.nan)

    monkeypatch.setattr(hat_algebra, "solve_wages", lost)
    with pytest.raises(PayoffError, match=r"^no world without deficits was found$"):
        World(TOY).balanced()
