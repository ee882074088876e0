"""The sum of terms: the worked example, risk attitudes, tables, draws, reports."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payoffs_cases import assert_derivatives, number, single

from benchmarks import worked_example as case
from sim.errors import PayoffError
from sim.payoffs import (
    Concession,
    Evaluation,
    Exponential,
    Form,
    Interaction,
    Linear,
    Market,
    Payoffs,
    Power,
    Presence,
    Supplier,
    Transfer,
    keep_freed_memory,
    require_defined,
    warnings,
)

WIDTH = case.UPPER - case.LOWER
TABLES = (
    case.LINKED_JPN,
    case.LINKED_ROK,
    case.TRADE_JPN,
    case.DEFENCE_JPN,
    case.TRADE_ROK,
    case.DEFENCE_ROK,
    case.TRILATERAL,
    ((2, 0), (9, 6, 1, 4)),
    ((1,), (6, 7, 11)),
)


def outcomes(n, seed=0, margin=0.0):
    rng = np.random.default_rng(seed)
    return case.LOWER + WIDTH * rng.uniform(margin, 1 - margin, (n, len(WIDTH)))


def test_check_values_of_the_worked_example():
    payoffs = case.build()
    status_quo = payoffs.money(case.STATUS_QUO)[0]
    assert [f"{u:.6f}" for u in status_quo] == ["1453.196693", "102.851118", "158.103353"]
    change = payoffs.money(case.BREAKDOWN)[0] - status_quo
    assert [f"{u:.6f}" for u in change] == ["33.700649", "-30.526057", "-26.091036"]
    np.testing.assert_allclose(payoffs.utility(case.BREAKDOWN)[0], change, rtol=1e-12)
    assert not payoffs.utility(case.STATUS_QUO).any() or np.allclose(
        payoffs.utility(case.STATUS_QUO), 0.0, atol=1e-11
    )


@given(
    st.lists(number(0.02, 0.98), min_size=12, max_size=12),
    st.sampled_from([None, (0.0, 0.02, 0.0), (0.01, 0.03, 0.005)]),
    st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_derivatives_of_the_whole_with_risk_aversion(shares, aversion, seed):
    payoffs = case.build(
        3,
        gsd=1.2,
        rng=np.random.default_rng(seed),
        risk_aversion=None if aversion is None else np.array(aversion),
    )
    x = np.tile(case.LOWER + WIDTH * np.array(shares), (3, 1))
    # Away from the kink of the paying cost, in units of the ranges.
    x[:, [4, 10]] = np.where(np.abs(x[:, [4, 10]] - 1.475) < 0.1, 1.7, x[:, [4, 10]])
    assert_derivatives(payoffs, x, step=2e-4 * WIDTH, tolerance=1e-5)


@pytest.mark.parametrize("aversion", [None, np.array([0.01, 0.0, 0.02])])
@pytest.mark.parametrize(("players", "issues"), TABLES)
def test_a_table_is_the_payoffs_with_the_rest_fixed(players, issues, aversion):
    payoffs = case.build(5, gsd=1.3, risk_aversion=aversion)
    elsewhere, inside = outcomes(5, 1), outcomes(5, 2)
    moved = elsewhere.copy()
    moved[:, issues] = inside[:, issues]
    table, local = payoffs.table(players, issues, elsewhere), inside[:, issues]
    assert table.players == tuple(case.PLAYERS[p] for p in players)
    assert table.issues == tuple(case.ISSUES[i] for i in issues)
    p, i = list(players), list(issues)
    np.testing.assert_allclose(table.utility(local), payoffs.utility(moved)[:, p], atol=1e-9)
    np.testing.assert_allclose(
        table.gradient(local), payoffs.gradient(moved)[:, p][:, :, i], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        table.hessian(local),
        payoffs.hessian(moved)[:, p][:, :, i][..., i],
        rtol=1e-8,
        atol=1e-8,
    )
    money = payoffs.money(moved) - payoffs.reference.T
    np.testing.assert_allclose(
        table.certainty_equivalent(table.utility(local)), money[:, p], atol=1e-8
    )


def test_orders_agree_and_leave_out_what_is_not_asked():
    payoffs = case.build(4, gsd=1.2, risk_aversion=np.array([0.01, 0.02, 0.0]))
    rows = np.ascontiguousarray(outcomes(4).T)
    none, first, second = (payoffs.evaluate(rows, order) for order in range(3))
    assert isinstance(second, Evaluation)
    np.testing.assert_array_equal(none.value, second.value)
    np.testing.assert_array_equal(first.value, second.value)
    np.testing.assert_array_equal(first.gradient, second.gradient)
    assert none.gradient.shape == (3, 0, 4)
    assert none.hessian == first.hessian == ()
    assert second.gradient.shape == (3, 12, 4)


def test_evaluation_leaves_inputs_alone_and_results_apart():
    payoffs = case.build(4, gsd=1.2)
    rows = np.ascontiguousarray(outcomes(4).T)
    kept = rows.copy()
    before = payoffs.evaluate(rows)
    value, gradient = before.value.copy(), before.gradient.copy()
    hessian = [np.array(h) for *_, h in before.hessian]
    payoffs.evaluate(np.ascontiguousarray(outcomes(4, 5).T))
    np.testing.assert_array_equal(rows, kept)
    np.testing.assert_array_equal(before.value, value)
    np.testing.assert_array_equal(before.gradient, gradient)
    for (*_, entry), old in zip(before.hessian, hessian, strict=True):
        np.testing.assert_array_equal(entry, old)
    again = payoffs.evaluate(rows)
    np.testing.assert_array_equal(again.value, value)
    np.testing.assert_array_equal(again.gradient, gradient)


def test_blocks_partition_the_issues_and_hold_the_hessian():
    payoffs = case.build()
    assert payoffs.blocks == (
        (0, 6), (1, 7), (2,), (3,), (4,), (5,), (8,), (9,), (10,), (11,)
    )  # fmt: skip
    linked = payoffs.table(*case.LINKED_JPN, case.STATUS_QUO)
    assert linked.blocks == tuple((k,) for k in range(6))
    terms = (
        Interaction("a", (0, 3), {0: 1.0}),
        Interaction("b", (4, 3), {0: 1.0}),
        Interaction("c", (1, 2), {0: 1.0}),
    )
    chained = Payoffs.from_status_quo("a", "vwxyz", terms, status_quo=np.zeros(5))
    assert chained.blocks == ((0, 3, 4), (1, 2))
    hessian = chained.hessian(np.ones(5))[0, 0]
    for block in chained.blocks:
        outside = [k for k in range(5) if k not in block]
        assert not hessian[np.ix_(block, outside)].any()


@given(st.sampled_from([slice(1, 4), np.array([4, 0, 0]), np.array([1, 0, 1, 0, 1], dtype=bool)]))
@settings(max_examples=3)
def test_take_is_slicing(rows):
    payoffs = case.build(5, gsd=1.2, risk_aversion=np.array([0.01, 0.0, 0.02]))
    x = outcomes(5)
    some = payoffs.take(rows)
    np.testing.assert_array_equal(some.money(x[rows]), payoffs.money(x)[rows])
    np.testing.assert_array_equal(some.utility(x[rows]), payoffs.utility(x)[rows])
    np.testing.assert_array_equal(some.hessian(x[rows]), payoffs.hessian(x)[rows])
    np.testing.assert_array_equal(some.reference, payoffs.reference[:, rows])
    table = payoffs.table(*case.LINKED_JPN, x)
    local = x[:, :6]
    np.testing.assert_array_equal(table.take(rows).hessian(local[rows]), table.hessian(local)[rows])
    assert table.take(rows).n_draws == len(x[rows])
    for everything in (slice(None), np.arange(5), np.ones(5, dtype=bool)):
        assert payoffs.take(everything) is payoffs
        assert table.take(everything) is table


def test_take_of_nothing_and_of_plain_numbers():
    payoffs = case.build(3)
    for none in ([], (), np.zeros(0)):
        assert payoffs.take(none).n_draws == 0
        assert payoffs.table([0], [0], case.STATUS_QUO).take(none).n_draws == 0
    nobody = payoffs.take(np.zeros(3, dtype=bool))
    assert nobody.n_draws == 0
    assert nobody.utility(np.empty((0, 12))).shape == (0, 3)
    assert nobody.hessian(np.empty((0, 12))).shape == (0, 3, 12, 12)
    np.testing.assert_array_equal(
        payoffs.take([1]).money(case.BREAKDOWN), payoffs.money(case.BREAKDOWN)[[1]]
    )


def test_reports_add_up():
    payoffs = case.build(4, gsd=1.2)
    x = outcomes(4)
    domains = ("security", "tariffs", "payments", "other")
    by_domain = payoffs.by_domain(x, domains)
    assert by_domain.shape == (4, 3, 4)
    np.testing.assert_allclose(by_domain.sum(axis=2), payoffs.money(x), rtol=1e-13)
    np.testing.assert_allclose(
        payoffs.money(x) - payoffs.reference.T, payoffs.utility(x), atol=1e-9
    )
    order = payoffs.by_domain(x, domains[::-1])
    np.testing.assert_array_equal(order[:, :, ::-1], by_domain)
    with pytest.raises(PayoffError, match="domain 'other' is not among those asked for: security"):
        payoffs.by_domain(x, domains[:3])


def test_without_politics_weights_are_one_and_political_costs_gone():
    payoffs = case.build()
    x = outcomes(1)[0]
    total = np.zeros(3)
    for part in payoffs.components(x):
        if part.component != "paying cost":
            total[part.player] += part.value.item()
    np.testing.assert_allclose(payoffs.unweighted(x)[0], total, rtol=1e-13)
    assert not np.allclose(payoffs.unweighted(x), payoffs.money(x))


@given(number(0, 0.3), number(-50, 50))
def test_cara_transform_and_its_inverse(a, change):
    payoffs = single(Form("f", 0, {0: Linear(1.0)}), players=1, issues=1, risk_aversion=[a])
    x = np.array([change])
    v = payoffs.utility(x)
    expected = change if a < 1e-12 else (1 - np.exp(-a * change)) / a
    np.testing.assert_allclose(v, [[expected]], rtol=1e-3 if a < 1e-9 else 1e-6, atol=1e-6)
    if a * change > -20 and a * change < 12:
        np.testing.assert_allclose(payoffs.certainty_equivalent(v), [[change]], atol=1e-6)
    assert payoffs.utility(np.array([0.0])) == 0.0
    assert payoffs.certainty_equivalent(np.zeros((1, 1))) == 0.0


def test_risk_aversion_is_linear_in_the_limit_and_mixes_with_neutrality():
    rng = np.random.default_rng(0)
    a = np.array([[0.0, 1e-12, 0.05]])
    x = rng.uniform(1, 20, (3, 1))
    term = Form("f", 0, {0: Linear(1.0)})
    averse = single(term, players=1, issues=1, n_draws=3, risk_aversion=a)
    np.testing.assert_allclose(averse.utility(x)[:2], x[:2], rtol=1e-10)
    assert averse.utility(x)[2] < x[2]
    evaluation = averse.evaluate(np.ascontiguousarray(x.T))
    assert evaluation.curvature is not None
    assert evaluation.curvature[0, 0] == 0.0
    neutral = single(term, players=1, issues=1, n_draws=3, risk_aversion=np.zeros(1))
    assert neutral.risk_aversion is None
    assert neutral.evaluate(np.ascontiguousarray(x.T)).curvature is None
    with pytest.raises(PayoffError, match="no amount of money"):
        averse.certainty_equivalent(np.full((3, 1), 20.0))


def test_entries_on_one_position_add_up():
    term = Form("f", 0, {0: Power(1.0, 3.0)})
    twice = Payoffs.from_status_quo("a", "x", [term, term], status_quo=[0.0])
    once = Payoffs.from_status_quo("a", "x", [term], status_quo=[0.0])
    x = np.array([1.3])
    np.testing.assert_allclose(twice.gradient(x), 2 * once.gradient(x))
    np.testing.assert_allclose(twice.hessian(x), 2 * once.hessian(x))


PRESENCE = Presence("p", issue=0, player=0, cost=1.0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Payoffs.from_status_quo("aa", "x", [], status_quo=[0.0]), "player 'a' is named"),
        (lambda: Payoffs.from_status_quo("a", "xx", [], status_quo=[0, 0]), "issue 'x' is named"),
        (
            lambda: Payoffs.from_status_quo("", "x", [PRESENCE], status_quo=[0]),
            "term p: player 0 does not exist",
        ),
        (
            lambda: Payoffs.from_status_quo("a", "", [PRESENCE], status_quo=[]),
            "term p: issue 0 does not exist",
        ),
        (
            lambda: Payoffs.from_status_quo(
                "a", "x", [Presence("p", 0, 0, np.ones(2))], status_quo=[0.0], n_draws=3
            ),
            "a parameter has 2 values, there are 3 draws",
        ),
        (
            lambda: Payoffs.from_status_quo("a", "x", [PRESENCE], status_quo=[0.0, 1.0]),
            r"outcomes must have shape \(1, 1\) or \(1,\), got \(2,\)",
        ),
        (
            lambda: Payoffs.from_status_quo(
                "a", "x", [PRESENCE], status_quo=[0.0], risk_aversion=[-0.1]
            ),
            "risk aversion must be at least 0, got -0.1",
        ),
        (
            lambda: Payoffs.from_status_quo(
                "a", "x", [PRESENCE], status_quo=[0.0], risk_aversion=[0.1, 0.1]
            ),
            "risk aversion must have shape",
        ),
        (
            lambda: Payoffs(("a",), ("x",), (PRESENCE,), 2, np.full((1, 2), np.nan)),
            "reference must be finite",
        ),
        (lambda: Payoffs((), (), (), -1, np.empty((0, 0))), "number of draws must be at least 0"),
        (lambda: case.build().table([0, 0], [1], case.STATUS_QUO), "each player at a table once"),
        (lambda: case.build().table([0], [12], case.STATUS_QUO), "each issue at a table once"),
    ],
)
def test_bad_payoffs_are_named(build, message):
    with pytest.raises(PayoffError, match=message):
        build()


def test_shapes_and_places_are_named_with_what_is_allowed():
    payoffs = Payoffs(("a", "b"), ("x", "y", "z"), (PRESENCE,), 3, np.zeros((2, 3)))
    for places, message in (
        (([0, 2], [0]), "each player at a table once, by position from 0 to 1, got [0, 2]"),
        (([0], [-1]), "each issue at a table once, by position from 0 to 2, got [-1]"),
    ):
        with pytest.raises(PayoffError, match=f"^{re.escape(message)}$"):
            payoffs.table(*places, np.zeros(3))
    message = "reference must have shape (2, 3) or (2,), got (3,)"
    with pytest.raises(PayoffError, match=f"^{re.escape(message)}$"):
        replace(payoffs, reference=np.zeros(3))
    one = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(payoffs.money(one), payoffs.money(np.tile(one, (3, 1))))
    for shape in ((2, 3), (4,), (3, 2), (1, 1, 3)):
        with pytest.raises(PayoffError, match=r"^outcomes must have shape \(3, 3\) or \(3,\)"):
            payoffs.money(np.zeros(shape))


def test_the_worked_example_gives_no_warning():
    assert warnings(case.build(8, gsd=1.2), case.LOWER, case.UPPER) == []


def test_scales_far_apart_and_steep_risk_aversion_are_warned_of():
    terms = (
        Concession("dollars", 0, 0, 1, cost=3e9, benefit=4e9),
        Transfer("billions", issue=1, payer=0, payee=1),
    )
    payoffs = Payoffs.from_status_quo(
        "ab", "xy", terms, status_quo=[0, 0], risk_aversion=[0.0, 1e-8]
    )
    texts = warnings(payoffs, [0.0, 0.0], [1.0, 8.0])
    assert [t.split(":")[0] for t in texts] == ["a", "b", "b"]
    assert "term dollars moves by 3e+09 within the box but billions by 8" in texts[0]
    assert "risk aversion times the change of payoff reaches 40" in texts[2]


@pytest.mark.parametrize(
    ("term", "upper", "message"),
    [
        (case.build().terms[0], 0.2, "term cars: consumers of US is no finite number at auto_jpn"),
        (Form("f", 0, {0: Power(1.0, 0.5)}), 1.0, "a power needs an issue >= 0, got -1"),
        (Form("f", 0, {0: Exponential(1.0, 9.0)}), 1e3, "term f: form of US .* auto_jpn = 499.5"),
    ],
)
def test_payoffs_that_are_no_number_in_the_box_are_refused(term, upper, message):
    payoffs = Payoffs.from_status_quo(case.PLAYERS, case.ISSUES, [term], status_quo=case.LOWER)
    require_defined(payoffs, case.LOWER, np.minimum(case.UPPER, upper if upper < 2 else 2))
    outside = np.where(np.arange(12) == 0, -1.0, case.LOWER)
    with pytest.raises(PayoffError, match=message):
        require_defined(payoffs, outside, np.maximum(case.UPPER, upper))


def test_keeping_freed_memory_changes_no_number():
    payoffs = case.build(50, gsd=1.2)
    before = payoffs.utility(outcomes(50))
    assert keep_freed_memory() in {True, False}
    np.testing.assert_array_equal(payoffs.utility(outcomes(50)), before)


def test_powers_at_a_range_of_one_point():
    curve = Power(1.0, 0.5, width=0.0)
    payoffs = single(Form("f", 0, {0: curve}), players=1, issues=1)
    x = np.zeros(1)
    np.testing.assert_allclose(payoffs.gradient(x), [[[0.5 * 1e-9**-0.5]]], rtol=1e-12)
    np.testing.assert_allclose(payoffs.hessian(x), [[[[-0.25 * 1e-9**-1.5]]]], rtol=1e-12)


def test_a_reference_and_an_aversion_for_all_draws_are_spread_over_them():
    payoffs = Payoffs(("a", "b"), ("x",), (PRESENCE,), 3, [1, 2], [0.1, 0])
    np.testing.assert_array_equal(payoffs.reference, [[1.0] * 3, [2.0] * 3])
    np.testing.assert_array_equal(payoffs.risk_aversion, [[0.1] * 3, [0.0] * 3])
    assert payoffs.reference.dtype == payoffs.risk_aversion.dtype == np.float64
    np.testing.assert_array_equal(payoffs.table([1], [0], np.zeros(1)).offset, [[-2.0] * 3])
    assert payoffs.table([1], [0], np.zeros(1)).risk_aversion is None


def test_what_money_is_worth_a_utility():
    neutral = single(Form("f", 0, {0: Linear(1.0)}), players=1, issues=1)
    value = neutral.certainty_equivalent([[3]])
    assert value.dtype == np.float64
    np.testing.assert_array_equal(value, [[3.0]])
    averse = replace(neutral, risk_aversion=np.full((1, 1), 0.5))
    np.testing.assert_allclose(averse.certainty_equivalent([[1.0]]), [[np.log(2) / 0.5]])
    message = "^no amount of money is worth a utility of 1/risk_aversion or more$"
    with pytest.raises(PayoffError, match=message):
        averse.certainty_equivalent([[2.0]])


def test_no_draws_at_all():
    """A market and a sum over no draws are built and evaluated like any other."""
    none = np.empty(0)
    suppliers = (Supplier("x", none, issue=0, baseline=0.0), Supplier("rest", none))
    market = Market("m", 0, none, suppliers, 4.0, 1.2)
    payoffs = Payoffs(("a",), ("x",), (market,), 0, np.empty((1, 0)))
    assert payoffs.utility(np.empty((0, 1))).shape == (0, 1)
    assert payoffs.hessian(np.empty((0, 1))).shape == (0, 1, 1, 1)
