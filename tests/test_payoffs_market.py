"""`market`: the formulas of section 2.1, its derivatives, and what trade theory says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payoffs_cases import PlainMarket, assert_derivatives, differences, markets, number, single

from sim.errors import PayoffError
from sim.payoffs import Market, Supplier, warnings

tariffs = st.lists(number(0.0, 0.6), min_size=3, max_size=3).map(np.array)


@given(markets(), tariffs)
@settings(max_examples=150)
def test_value_and_gradient_are_those_of_the_plain_formulas(market, t):
    payoffs, plain = single(market, players=3, issues=3), PlainMarket(market)
    expected = plain.payoffs(t, 3).real
    scale = 1e-12 * market.size
    np.testing.assert_allclose(payoffs.money(t)[0], expected, rtol=1e-12, atol=scale)
    np.testing.assert_allclose(payoffs.utility(t)[0], expected, rtol=1e-12, atol=scale)
    gradient = plain.gradient(t, 3)
    np.testing.assert_allclose(payoffs.gradient(t)[0], gradient, rtol=1e-10, atol=10 * scale)


@given(markets(), tariffs)
@settings(max_examples=150)
def test_hessian_is_the_derivative_of_the_plain_gradient(market, t):
    payoffs, plain = single(market, players=3, issues=3), PlainMarket(market)
    expected = differences(
        lambda x: np.array([plain.gradient(row, 3) for row in x]), t[None], np.full(3, 1e-3)
    )
    np.testing.assert_allclose(payoffs.hessian(t), expected, rtol=1e-6, atol=1e-7 * market.size)


@given(markets(), tariffs, st.data())
@settings(max_examples=100)
def test_a_bound_market_is_the_market(market, t, data):
    payoffs = single(market, players=3, issues=3)
    players = data.draw(st.permutations(range(3)))[: data.draw(st.integers(1, 3))]
    issues = data.draw(st.permutations(range(3)))[: data.draw(st.integers(1, 3))]
    table = payoffs.table(players, issues, t)
    local = data.draw(tariffs)[: len(issues)]
    moved = t.copy()
    moved[issues] = local
    tolerance = {"rtol": 1e-10, "atol": 1e-10 * market.size}
    np.testing.assert_allclose(
        table.utility(local), payoffs.utility(moved)[:, players], **tolerance
    )
    np.testing.assert_allclose(
        table.gradient(local), payoffs.gradient(moved)[:, players][:, :, issues], **tolerance
    )
    np.testing.assert_allclose(
        table.hessian(local),
        payoffs.hessian(moved)[:, players][:, :, issues][..., issues],
        **tolerance,
    )


@given(markets())
def test_nothing_changes_for_consumers_at_the_baseline(market):
    suppliers = tuple(
        replace(s, issue=None if s.issue is None else n, tariff=s.baseline)
        for n, s in enumerate(market.suppliers)
    )
    at_baseline = replace(market, suppliers=suppliers)
    t = np.array([s.baseline for s in suppliers])
    parts = {
        (p.player, p.component): p
        for p in single(at_baseline, players=3, issues=5).components(np.resize(t, 5))
    }
    if market.importer is not None:
        assert abs(parts[0, "consumers"].value[()].item()) < 1e-9 * market.size


@given(number(0.3, 3), number(0.0, 0.5))
def test_consumer_surplus_is_smooth_across_unit_elasticity(size, t):
    def surplus(epsilon):
        market = Market(
            "m",
            importer=0,
            size=size,
            suppliers=(Supplier("x", 1.0, issue=0, baseline=0.0),),
            substitution=4.0,
            demand_elasticity=epsilon,
        )
        payoffs = single(market, players=1, issues=1)
        return payoffs.utility(np.array([t])), payoffs.gradient(np.array([t]))

    for close in (1 - 1e-9, 1 + 1e-9, 1 + 2.3e-16):
        for a, b in zip(surplus(1.0), surplus(close), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)


def unit_market(*, pass_through, domestic, tariff=0.0, share=0.2):
    """Unit weights: a supplier whose tariff is the issue, the rest, and perhaps a home producer."""
    home = 0.5 if domestic else 0.0
    suppliers = [
        Supplier("x", share, player=1, issue=0, baseline=0.0),
        Supplier("rest", 1 - share - home, tariff=tariff, baseline=0.0),
    ]
    if domestic:
        suppliers.append(Supplier("home", home, player=0))
    return Market(
        "m",
        importer=0,
        size=100.0,
        suppliers=tuple(suppliers),
        substitution=4.0,
        demand_elasticity=1.3,
        pass_through=pass_through,
    )


@given(number(0.5, 1), st.booleans(), number(0, 0.3), number(0, 0.6))
def test_welfare_identity_at_unit_weights(phi, domestic, rest, t):
    """dW/dt_s = (1 − φ) R_s + Σ t_j dR_j/dt_s + dπ_dom/dt_s."""
    market = unit_market(pass_through=phi, domestic=domestic, tariff=rest)
    plain, h = PlainMarket(market), 1e-40
    parts, moved = plain.evaluate([t]), plain.evaluate([t + 1j * h])
    dR = [r.imag / h for r in moved["R"]]
    expected = (1 - phi) * parts["R"][0] + t * dR[0] + rest * dR[1]
    if domestic:
        expected += moved["profit"][2].imag / h
    actual = single(market, players=2, issues=1).gradient(np.array([t]))[0, 0, 0]
    assert actual == pytest.approx(expected.real, rel=1e-10, abs=1e-10)


def best_tariff(market):
    grid = np.linspace(0.0, 1.0, 4001)[:, None]
    payoffs = single(market, players=2, issues=1, n_draws=len(grid))
    return grid[payoffs.money(grid)[:, 0].argmax(), 0]


def test_optimal_tariff_is_zero_at_full_pass_through_without_domestic_producer():
    assert best_tariff(unit_market(pass_through=1.0, domestic=False)) == 0.0


def test_optimal_tariff_is_positive_with_a_domestic_producer_or_incomplete_pass_through():
    assert best_tariff(unit_market(pass_through=1.0, domestic=True)) > 0.01
    assert best_tariff(unit_market(pass_through=0.8, domestic=False)) > 0.01


def consumers_and_profits(market, t):
    """Consumer surplus (if there is an importing player) and profits by supplier."""
    found = market.components(t[:, None])
    names = [s.name for s in market.suppliers if s.player is not None]
    profits = [p.value.item() for p in found if p.component == "profits"]
    return (
        [p.value.item() for p in found if p.component == "consumers"],
        dict(zip(names, profits, strict=True)),
    )


@given(markets(positive_margin=True), tariffs, number(0.01, 0.2))
@settings(max_examples=150)
def test_tariffs_hurt_consumers_and_whoever_pays_them(market, t, more):
    surplus, profits = consumers_and_profits(market, t)
    higher, reduced = consumers_and_profits(market, t + np.array([more, 0.0, 0.0]))
    assert all(b < a for a, b in zip(surplus, higher, strict=True))
    if sum(s.issue == 0 for s in market.suppliers) == 1:
        assert reduced["last"] < profits["last"]


@given(markets(positive_margin=True), tariffs, number(0.01, 0.2))
@settings(max_examples=150)
def test_a_tariff_on_one_supplier_helps_its_rivals_where_goods_are_substitutes(market, t, more):
    """∂ ln X_s/∂τ_r = φ (σ − ε) v_r: the shared price index couples the suppliers."""
    sign = np.sign(market.substitution - market.demand_elasticity)
    _, before = consumers_and_profits(market, t)
    _, after = consumers_and_profits(market, t + np.array([more, 0.0, 0.0]))
    for s in market.suppliers:
        if s.player is not None and s.issue != 0:
            assert sign * (after[s.name] - before[s.name]) >= -1e-12 * market.size


@given(markets(), tariffs)
def test_components_add_up(market, t):
    payoffs = single(market, players=3, issues=3)
    total = np.zeros(3)
    for part in payoffs.components(t):
        assert part.domain == "tariffs"
        assert part.component in {"consumers", "revenue", "profits"}
        total[part.player] += part.weight * part.value.item()
    np.testing.assert_allclose(total, payoffs.utility(t)[0], rtol=1e-11, atol=1e-10 * market.size)


def test_two_suppliers_with_one_tariff_move_along():
    def build(issue):
        return Market(
            "m",
            importer=0,
            size=50.0,
            suppliers=(
                Supplier("a", 0.4, player=1, issue=0, baseline=0.02),
                Supplier("rest", 0.6, issue=issue, baseline=0.05),
            ),
            substitution=3.0,
            demand_elasticity=0.7,
            pass_through=0.9,
        )

    together, apart = single(build(0), players=2, issues=1), single(build(1), players=2, issues=2)
    for t in (0.0, 0.1, 0.4):
        np.testing.assert_allclose(
            together.money(np.array([t])), apart.money(np.array([t, t])), rtol=1e-13
        )
    assert_derivatives(together, [[0.13]], step=1e-3)


def test_draws_are_independent():
    rng = np.random.default_rng(3)
    n = 40
    raw = rng.uniform(0.1, 1.0, (3, n))
    shares = raw / raw.sum(axis=0)
    sigma = rng.uniform(1.5, 6.0, n)
    epsilon = np.where(np.arange(n) % 4 == 0, 1.0, rng.uniform(0.3, 2.0, n))
    phi = np.where(np.arange(n) % 3 == 0, 1.0, rng.uniform(0.6, 1.0, n))
    t = rng.uniform(0.0, 0.5, (n, 2))

    def build(rows):
        return Market(
            "m",
            importer=0,
            size=100.0,
            suppliers=(
                Supplier("home", shares[0][rows], player=0, weight=1.3),
                Supplier("a", shares[1][rows], player=1, issue=0, baseline=0.02),
                Supplier("b", shares[2][rows], player=2, issue=1, baseline=0.0),
            ),
            substitution=sigma[rows],
            demand_elasticity=epsilon[rows],
            pass_through=phi[rows],
        )

    whole = single(build(slice(None)), players=3, issues=2, n_draws=n)
    hessian = whole.hessian(t)
    for draw in range(n):
        alone = single(build(slice(draw, draw + 1)), players=3, issues=2)
        np.testing.assert_allclose(alone.utility(t[draw])[0], whole.utility(t)[draw], rtol=1e-13)
        np.testing.assert_allclose(alone.hessian(t[draw])[0], hessian[draw], rtol=1e-10, atol=1e-9)


GOOD = {
    "size": 10.0,
    "substitution": 4.0,
    "demand_elasticity": 1.2,
}
TWO = (Supplier("home", 0.5, player=0), Supplier("x", 0.5, issue=0, baseline=0.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 0.0}, "size must be above 0"),
        ({"size": float("nan")}, "size must be finite"),
        ({"size": "much"}, "size must be a number"),
        ({"size": np.ones((2, 2))}, "size must be a number or one number a draw"),
        ({"substitution": 1.0}, "substitution must be above 1"),
        ({"demand_elasticity": 0.0}, "demand elasticity must be above 0"),
        ({"pass_through": 0.0}, "pass through must be above 0"),
        ({"pass_through": 1.1}, "pass through must be at most 1, got 1.1"),
        ({"margin": 0.0}, "margin must be above 0"),
        ({"margin": 1.2}, "margin must be at most 1"),
        ({"consumers": -1.0}, "consumers must be at least 0"),
        ({"revenue": -1.0}, "revenue must be at least 0"),
        ({"suppliers": TWO[:1]}, "shares must sum to 1, they sum to 0.5"),
        ({"suppliers": ()}, "shares must sum to 1, they sum to 0"),
        (
            {"suppliers": (Supplier("home", 1.0, player=0, tariff=0.1),)},
            "the domestic supplier home has no tariff",
        ),
        (
            {"suppliers": (Supplier("home", 1.0, player=0, issue=0, baseline=0.0),)},
            "the domestic supplier home has no tariff",
        ),
    ],
)
def test_bad_markets_are_named(change, message):
    with pytest.raises(PayoffError, match=message):
        Market("m", importer=0, **{"suppliers": TWO, **GOOD, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": -0.1}, "share must be at least 0"),
        ({"share": 1.5}, "share must be at most 1"),
        ({"tariff": -1.0}, "tariff must be above -1"),
        ({"baseline": -1.0}, "baseline must be above -1"),
        ({"weight": -0.5}, "weight must be at least 0"),
        ({"issue": 0}, "needs a baseline tariff"),
    ],
)
def test_bad_suppliers_are_named(change, message):
    with pytest.raises(PayoffError, match=f"supplier x: .*{message}"):
        Supplier("x", **{"share": 0.5, **change})


def test_shares_may_miss_one_by_rounding_only():
    third = 1 / 3
    Market("m", importer=0, suppliers=tuple(Supplier(n, third) for n in "abc"), **GOOD)
    with pytest.raises(PayoffError, match="shares must sum to 1"):
        Market("m", importer=0, suppliers=(Supplier("a", 0.5), Supplier("b", 0.5 + 1e-8)), **GOOD)


@pytest.mark.parametrize("shares", [[0.5, 0.4], [0.4, 0.5], [0.5, 0.6]])
def test_shares_must_sum_to_one_in_every_draw(shares):
    suppliers = (Supplier("a", 0.5), Supplier("b", np.array(shares)))
    worst = 0.5 + next(s for s in shares if s != 0.5)
    with pytest.raises(PayoffError, match=f"^market m: shares must sum to 1, they sum to {worst}$"):
        Market("m", importer=0, suppliers=suppliers, **GOOD)


@pytest.mark.parametrize("fixed", [0.0, 0.25, 1.0])
def test_a_fixed_tariff_yields_revenue(fixed):
    """At its baseline a supplier with share a and tariff t brings E0 a t/(1 + t)."""
    suppliers = (
        Supplier("x", 0.3, player=1, issue=0, baseline=0.1),
        Supplier("y", 0.7, tariff=fixed),
    )
    payoffs = single(Market("m", 0, suppliers=suppliers, **GOOD), players=2, issues=1)
    x = np.array([0.1])
    revenue = 10.0 * (0.3 * 0.1 / 1.1 + 0.7 * fixed / (1 + fixed))
    np.testing.assert_allclose(payoffs.money(x)[0, 0], revenue, rtol=1e-12)
    np.testing.assert_allclose(payoffs.utility(x)[0, 0], revenue, rtol=1e-12)


def test_a_supplier_without_share_earns_nothing():
    market = Market(
        "m",
        importer=0,
        suppliers=(Supplier("a", 0.0, player=1, issue=0, baseline=0.0), Supplier("b", 1.0)),
        **GOOD,
    )
    payoffs = single(market, players=2, issues=1)
    t = np.array([0.2])
    np.testing.assert_allclose(payoffs.utility(t), 0.0, atol=1e-12)
    np.testing.assert_allclose(payoffs.gradient(t), 0.0, atol=1e-12)


def test_negative_margins_are_warned_of():
    market = Market(
        "cars",
        importer=0,
        suppliers=(Supplier("home", 0.5, player=0), Supplier("x", 0.5, issue=0, baseline=0.0)),
        size=10.0,
        substitution=4.0,
        demand_elasticity=1.2,
        pass_through=np.array([0.2, 1.0]),
        margin=0.1,
    )
    payoffs = single(market, players=1, issues=1, n_draws=2)
    (text,) = warnings(payoffs, np.array([0.0]), np.array([0.25]))
    assert "market cars: the margin of x turns negative" in text
    assert "50%" in text
    assert warnings(payoffs, np.array([0.0]), np.array([0.05])) == []
