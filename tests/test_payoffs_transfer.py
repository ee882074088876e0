"""`transfer` and `concession`: payments, access, investment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payoffs_cases import assert_derivatives, number, single

from sim.errors import PayoffError
from sim.payoffs import Concession, Transfer

PAYER, PAYEE = 0, 1


def transfer(**change):
    good = {"premium": 1.5, "paying_cost": 0.6, "reference": 1.48}
    return Transfer("t", issue=0, payer=PAYER, payee=PAYEE, **{**good, **change})


@given(number(0, 3), number(0, 2), number(-1, 4), number(0, 8))
@settings(max_examples=150)
def test_transfer_formula_and_derivatives(premium, cost, reference, z):
    term = transfer(premium=premium, paying_cost=cost, reference=reference)
    payoffs = single(term, players=2, issues=1)
    x = np.array([z])
    expected = [-z - cost * max(z - reference, 0) ** 2, premium * z]
    np.testing.assert_allclose(payoffs.money(x)[0], expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(payoffs.utility(x)[0], expected, rtol=1e-13, atol=1e-13)
    if abs(z - reference) > 0.01:
        assert_derivatives(payoffs, x, step=1e-3)


def test_paying_cost_is_smooth_and_its_curvature_jumps_at_the_reference():
    payoffs = single(transfer(), players=2, issues=1, n_draws=3)
    x = 1.48 + np.array([[-1e-9], [0.0], [1e-9]])
    np.testing.assert_allclose(payoffs.gradient(x)[:, PAYER, 0], -1.0, atol=1e-8)
    np.testing.assert_allclose(payoffs.hessian(x)[:, PAYER, 0, 0], [0.0, 0.0, -1.2])


@given(number(0.1, 3), number(0, 2), number(0, 8), number(0.01, 2))
def test_payer_loses_and_payee_gains_from_paying_more(premium, cost, z, more):
    payoffs = single(transfer(premium=premium, paying_cost=cost), players=2, issues=1)
    less, much = payoffs.money(np.array([z]))[0], payoffs.money(np.array([z + more]))[0]
    assert much[PAYER] < less[PAYER]
    assert much[PAYEE] > less[PAYEE]


def test_without_politics_a_transfer_adds_to_zero():
    payoffs = single(transfer(), players=2, issues=1)
    x = np.array([4.0])
    np.testing.assert_allclose(payoffs.unweighted(x), [[-4.0, 4.0]])
    names = [(p.player, p.component) for p in payoffs.components(x)]
    assert names == [(PAYEE, "received"), (PAYER, "paid"), (PAYER, "paying cost")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"premium": -1.0}, "premium must be at least 0"),
        ({"paying_cost": -1.0}, "paying cost must be at least 0"),
        ({"reference": np.nan}, "reference must be finite"),
        ({"payee": PAYER}, "payer and payee must be two players"),
    ],
)
def test_bad_transfers_are_named(change, message):
    with pytest.raises(PayoffError, match=f"transfer t: .*{message}"):
        Transfer("t", **{"issue": 0, "payer": PAYER, "payee": PAYEE, **change})


GIVER, RECEIVER = 0, 1


def concession(**change):
    good = {"cost": 3.0, "benefit": 4.0, "cost_power": 1.5, "benefit_power": 0.7}
    return Concession("c", issue=0, giver=GIVER, receiver=RECEIVER, **{**good, **change})


cost_powers = st.one_of(st.sampled_from([1.0, 2.0]), number(1, 3))
benefit_powers = st.one_of(st.just(1.0), number(0.2, 1))


@given(number(0, 5), number(0, 5), cost_powers, benefit_powers, number(0.05, 1.0))
@settings(max_examples=150)
def test_concession_formula_and_derivatives(a, b, alpha, beta, z):
    term = concession(cost=a, benefit=b, cost_power=alpha, benefit_power=beta)
    payoffs = single(term, players=2, issues=1)
    x = np.array([z])
    expected = [-a * z**alpha, b * z**beta]
    np.testing.assert_allclose(payoffs.money(x)[0], expected, rtol=1e-13)
    np.testing.assert_allclose(payoffs.utility(x)[0], expected, rtol=1e-13)
    assert_derivatives(payoffs, x, step=1e-3 * z)


@pytest.mark.parametrize("width", [150.0, 0.02])
def test_at_zero_values_are_exact_and_derivatives_finite(width):
    """0^β = 0; derivatives at 10⁻⁹ of the range; in between, values still exact."""
    payoffs = single(concession(width=width), players=2, issues=1, n_draws=4)
    floor = 1e-9 * width
    z = np.array([0.0, floor / 10, floor, 1.0])
    x = z[:, None]
    np.testing.assert_array_equal(payoffs.money(x)[0], [0.0, 0.0])
    np.testing.assert_array_equal(payoffs.utility(x)[0], [0.0, 0.0])
    np.testing.assert_allclose(payoffs.utility(x)[:, RECEIVER], 4 * z**0.7, rtol=1e-13)
    np.testing.assert_allclose(payoffs.utility(x)[:, GIVER], -3 * z**1.5, rtol=1e-13)
    at = np.maximum(z, floor)
    np.testing.assert_allclose(payoffs.gradient(x)[:, RECEIVER, 0], 2.8 * at**-0.3, rtol=1e-12)
    np.testing.assert_allclose(payoffs.hessian(x)[:, RECEIVER, 0, 0], -0.84 * at**-1.3, rtol=1e-12)


def test_a_power_of_a_negative_number_is_named_and_rounding_is_not():
    payoffs = single(concession(), players=2, issues=1)
    with pytest.raises(PayoffError, match=r"c: a power needs an issue >= 0, got -0\.1"):
        payoffs.utility(np.array([-0.1]))
    np.testing.assert_array_equal(payoffs.utility(np.array([-1e-18])), [[0.0, 0.0]])


@pytest.mark.parametrize("party", [{"giver": None}, {"receiver": None}])
def test_a_party_may_be_no_player(party):
    both = single(concession(), players=2, issues=1)
    one = single(
        Concession("c", issue=0, **{"giver": 0, "receiver": 1, **party}, cost=3.0, benefit=4.0),
        players=2,
        issues=1,
    )
    x = np.array([1.0])
    present = [p for p, key in ((0, "giver"), (1, "receiver")) if key not in party]
    np.testing.assert_allclose(one.money(x)[0, present], both.money(x)[0, present])
    assert np.count_nonzero(one.money(x)) == 1


def test_powers_may_differ_between_draws():
    beta, alpha = np.array([0.5, 1.0, 0.9]), np.array([1.0, 2.0, 1.3])
    term = concession(benefit_power=beta, cost_power=alpha)
    payoffs = single(term, players=2, issues=1, n_draws=3)
    z = np.array([[0.3], [0.0], [0.9]])
    expected = np.column_stack([-3 * z[:, 0] ** alpha, 4 * z[:, 0] ** beta])
    np.testing.assert_allclose(payoffs.utility(z), expected, rtol=1e-13)
    assert_derivatives(payoffs.take([0, 2]), z[[0, 2]], step=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": -1.0}, "cost must be at least 0"),
        ({"benefit": -1.0}, "benefit must be at least 0"),
        ({"cost_power": 0.5}, "cost power must be at least 1"),
        ({"benefit_power": 0.0}, "benefit power must be above 0"),
        ({"benefit_power": 1.5}, "benefit power must be at most 1"),
        ({"receiver": GIVER}, "giver and receiver must be two players"),
    ],
)
def test_bad_concessions_are_named(change, message):
    good = {"issue": 0, "giver": GIVER, "receiver": RECEIVER, "cost": 1.0, "benefit": 1.0}
    with pytest.raises(PayoffError, match=f"concession c: .*{message}"):
        Concession("c", **{**good, **change})
