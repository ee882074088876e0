"""The Armington world: equilibrium conditions, derivatives, and the term made of it."""

from __future__ import annotations

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


def test_doubling_the_world_changes_no_welfare():
    world, tariffs = random_world(3)
    twice = World(2 * np.asarray(world.flows), world.substitution, world.tariffs)
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
