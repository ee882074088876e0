"""General forms, the piecewise curve and precedents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payoffs_cases import assert_derivatives, number, single
from scipy.interpolate import PchipInterpolator

from sim.errors import PayoffError
from sim.payoffs import (
    Exponential,
    Form,
    Interaction,
    Linear,
    Logistic,
    Parity,
    Piecewise,
    Power,
    QuadraticLoss,
    push,
)

weights = number(-5, 5)

curves = st.one_of(
    st.tuples(
        st.builds(Linear, weights, number(-2, 2)),
        st.just(lambda c, z: c.weight * (z - c.reference)),
    ),
    st.tuples(
        st.builds(Power, weights, st.one_of(st.sampled_from([1.0, 2.0]), number(0.3, 4))),
        st.just(lambda c, z: c.weight * z**c.exponent),
    ),
    st.tuples(
        st.builds(Exponential, weights, number(-2, 2)),
        st.just(lambda c, z: c.weight * np.exp(c.rate * z)),
    ),
    st.tuples(
        st.builds(QuadraticLoss, number(0, 5), number(-2, 2)),
        st.just(lambda c, z: -c.weight * (z - c.ideal) ** 2),
    ),
    st.tuples(
        st.builds(Logistic, weights, number(-1, 2), number(-3, 3)),
        st.just(lambda c, z: c.weight / (1 + np.exp(-c.steepness * (z - c.midpoint)))),
    ),
)


@given(curves, number(0.2, 2))
@settings(max_examples=300)
def test_a_curve_is_its_formula(case, z):
    curve, formula = case
    payoffs = single(Form("f", 1, {2: curve}), players=3, issues=2)
    x = np.array([0.5, z])
    expected = np.array([[0.0, 0.0, formula(curve, z)]])
    np.testing.assert_allclose(payoffs.money(x), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(payoffs.utility(x), expected, rtol=1e-12, atol=1e-13)
    assert_derivatives(payoffs, x, step=2e-3)


@given(st.lists(curves, min_size=2, max_size=2), number(0.2, 2), number(0.2, 2))
def test_a_form_at_a_table(cases, elsewhere, z):
    form = Form("f", 1, {2: cases[0][0], 0: cases[1][0]}, domain="payments", component="c")
    payoffs = single(form, players=3, issues=3)
    outcome = np.array([9.0, elsewhere, 9.0])
    table = payoffs.table([2, 1], [1], outcome)
    moved = np.array([9.0, z, 9.0])
    local = np.array([z])
    np.testing.assert_array_equal(table.utility(local), payoffs.utility(moved)[:, [2, 1]])
    np.testing.assert_array_equal(
        table.gradient(local), payoffs.gradient(moved)[:, [2, 1]][:, :, [1]]
    )
    fixed = payoffs.table([2, 1], [0], outcome)
    np.testing.assert_allclose(
        fixed.utility(np.array([3.0])), payoffs.utility(outcome)[:, [2, 1]], rtol=1e-14
    )
    assert {(p.domain, p.component) for p in payoffs.components(outcome)} == {("payments", "c")}
    # Nobody at the table has a part in it.
    assert payoffs.table([1], [1], outcome).kernels == ()


def test_logistic_and_exponential_far_out_do_not_overflow():
    curve = Logistic(2.0, midpoint=0.0, steepness=50.0)
    payoffs = single(Form("f", 0, {0: curve}), players=1, issues=1, n_draws=2)
    x = np.array([[-1e3], [1e3]])
    np.testing.assert_allclose(payoffs.money(x)[:, 0], [0.0, 2.0])
    np.testing.assert_allclose(payoffs.hessian(x).ravel(), 0.0, atol=1e-12)


places = st.lists(st.integers(0, 50), min_size=2, max_size=8, unique=True).map(
    lambda v: tuple(0.1 * n for n in sorted(v))
)


@st.composite
def points(draw):
    at = draw(places)
    # SciPy overflows on denormal steps: values on a grid.
    return at, tuple(draw(st.integers(-1000, 1000)) / 100 for _ in at)


@given(points(), number(0, 1))
@settings(max_examples=200)
def test_piecewise_is_scipys_pchip(data, share):
    at, values = data
    z = np.array([at[0] + share * (at[-1] - at[0])])
    curve, oracle = Piecewise(at, values), PchipInterpolator(at, values)
    value, first, second = curve.evaluate(z, 2)
    scale = 1 + np.ptp(values) / np.diff(at).min() ** 2
    np.testing.assert_allclose(value, oracle(z), rtol=1e-9, atol=1e-11 * scale)
    np.testing.assert_allclose(first, oracle(z, 1), rtol=1e-9, atol=1e-11 * scale)
    if np.abs(z[0] - np.array(at)).min() > 1e-9:
        np.testing.assert_allclose(second, oracle(z, 2), rtol=1e-9, atol=1e-10 * scale)


@given(places, st.data())
def test_piecewise_keeps_to_points_and_their_order(at, data):
    values = sorted(data.draw(st.lists(number(-5, 5), min_size=len(at), max_size=len(at))))
    curve = Piecewise(at, tuple(values))
    np.testing.assert_allclose(curve.evaluate(np.array(at), 0)[0], values, atol=1e-12)
    path = curve.evaluate(np.linspace(at[0] - 1, at[-1] + 1, 500), 0)[0]
    assert np.diff(path).min() >= -1e-12


def test_piecewise_goes_straight_on_and_differs_by_draw():
    y = np.array([1.0, 4.0])
    curve = Piecewise.through([(0, 0.0), (1, y), (3, 5.0)])
    apart = [Piecewise((0.0, 1.0, 3.0), (0.0, v, 5.0)) for v in y]
    for z in map(np.array, ([0.3, 2.0], [-0.5, 4.0], [1.0, 3.0])):
        for order in range(3):
            both = curve.evaluate(z, 2)[order]
            alone = [c.evaluate(z[n : n + 1], 2)[order][0] for n, c in enumerate(apart)]
            np.testing.assert_allclose(both, alone, rtol=1e-14)
    payoffs = single(Form("f", 0, {0: curve}), players=1, issues=1, n_draws=2)
    assert_derivatives(payoffs, [[0.4], [2.2]], step=1e-3)
    assert_derivatives(payoffs, [[-0.4], [3.6]], step=1e-3)
    np.testing.assert_array_equal(
        payoffs.take([1]).utility(np.array([2.2])), payoffs.utility(np.array([2.2]))[[1]]
    )


@given(points())
def test_the_second_derivative_at_a_point_is_the_one_from_the_right(data):
    at, values = data
    curve = Piecewise(at, values)
    places = np.array(at[:-1])
    second = curve.evaluate(places, 2)[2]
    beside = curve.evaluate(places + 1e-10, 2)[2]
    scale = 1 + np.ptp(values) / np.diff(at).min() ** 3
    np.testing.assert_allclose(second, beside, rtol=0, atol=1e-8 * scale)


def test_the_smallest_steps_have_a_slope():
    """Differences at the end of the floating-point range: no slope is 0/0."""
    tiny = np.nextafter(0.0, 1.0)
    curve = Piecewise((0.0, 10.0, 20.0, 30.0), (0.0, 40 * tiny, 80 * tiny, 120 * tiny))
    for row in curve.evaluate(np.array([0.0, 5.0, 10.0, 15.0, 29.0]), 2):
        assert np.isfinite(row).all()


@given(number(-1, 1), number(-1, 1))
def test_two_points_are_a_line(a, b):
    value, first, second = Piecewise((1.0, 3.0), (a, b)).evaluate(np.array([0.0, 2.0, 5.0]), 2)
    slope = (b - a) / 2
    np.testing.assert_allclose(value, a + slope * np.array([-1.0, 1.0, 4.0]), atol=1e-14)
    np.testing.assert_allclose(first, slope, atol=1e-14)
    np.testing.assert_allclose(second, 0.0, atol=1e-14)


pairs = st.sampled_from([(0, 2), (2, 0)])


@given(pairs, weights, weights, st.lists(number(0, 3), min_size=3, max_size=3).map(np.array))
def test_interaction_is_a_product(pair, a, b, x):
    term = Interaction("i", pair, {0: a, 1: b})
    payoffs = single(term, players=2, issues=3)
    expected = np.array([[a, b]]) * x[0] * x[2]
    np.testing.assert_allclose(payoffs.money(x), expected, atol=1e-14)
    assert_derivatives(payoffs, x, step=1e-2)
    _bound_agrees(payoffs, x)
    assert payoffs.blocks == ((0, 2), (1,))


@given(pairs, number(0, 5), number(0, 5), st.lists(number(0, 3), min_size=3, max_size=3))
def test_parity_punishes_distance(pair, a, b, x):
    x = np.array(x)
    payoffs = single(Parity("p", pair, {0: a, 1: b}), players=2, issues=3)
    expected = -np.array([[a, b]]) * (x[0] - x[2]) ** 2
    np.testing.assert_allclose(payoffs.money(x), expected, atol=1e-13)
    assert_derivatives(payoffs, x, step=1e-2)
    _bound_agrees(payoffs, x)


def _bound_agrees(payoffs, x):
    """Both issues at the table, either one, and none."""
    for issues in ([2, 1, 0], [0], [2, 1], [1]):
        table = payoffs.table([1, 0], issues, x)
        local = x[issues]
        np.testing.assert_allclose(table.utility(local), payoffs.utility(x)[:, [1, 0]], atol=1e-12)
        np.testing.assert_allclose(
            table.gradient(local), payoffs.gradient(x)[:, [1, 0]][:, :, issues], atol=1e-12
        )
        np.testing.assert_allclose(
            table.hessian(local),
            payoffs.hessian(x)[:, [1, 0]][:, :, issues][..., issues],
            atol=1e-12,
        )
    assert payoffs.table([], [0], x).kernels == ()


def test_push_is_linear_from_its_reference():
    term = push("p", issue=0, player=1, weight=2.0, reference=1.5)
    payoffs = single(term, players=2, issues=1)
    np.testing.assert_allclose(payoffs.money(np.array([4.0])), [[0.0, 5.0]])
    assert [p.component for p in payoffs.components(np.array([4.0]))] == ["precedent"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Power(1.0, 0.0), "exponent must be above 0"),
        (lambda: QuadraticLoss(-1.0, 0.0), "weight must be at least 0"),
        (lambda: Linear(np.nan), "weight must be finite"),
        (lambda: Logistic(1.0, np.inf, 1.0), "midpoint must be finite"),
        (lambda: Piecewise((0.0,), (1.0,)), "two places or more"),
        (lambda: Piecewise((0.0, 0.0), (1.0, 2.0)), "each above the one before"),
        (lambda: Piecewise((0.0, 1.0), (1.0,)), "2 places but 1 values"),
        (lambda: Interaction("i", (1, 1), {0: 1.0}), "two different issues"),
        (lambda: Parity("p", (1, 1), {0: 1.0}), "two different issues"),
        (lambda: Parity("p", (0, 1), {0: -1.0}), "parity of player 0 must be at least 0"),
    ],
)
def test_bad_forms_are_named(build, message):
    with pytest.raises(PayoffError, match=message):
        build()
