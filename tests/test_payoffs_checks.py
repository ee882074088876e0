"""What is said of payoffs before anything is solved: undefined, badly scaled, too averse."""

from __future__ import annotations

import re

import numpy as np
import pytest
from payoffs_cases import single

from sim.errors import PayoffError
from sim.payoffs import (
    Exponential,
    Form,
    Interaction,
    Linear,
    Market,
    Payoffs,
    QuadraticLoss,
    Supplier,
    Transfer,
    require_defined,
    warnings,
)


def sum_of(*terms, n_draws: int = 1, **more) -> Payoffs:
    """Payoffs of players a and b over issues x and y."""
    return Payoffs(("a", "b"), ("x", "y"), terms, n_draws, np.zeros((2, n_draws)), **more)


def line(name: str, weight, player: int = 0, issue: int = 0) -> Form:
    return Form(name, issue, {player: Linear(weight)})


BOX = [0.0, 0.0], [1.0, 1.0]


def test_a_term_that_is_no_number_is_named_with_all_its_issues():
    huge = Interaction("both", (1, 0), {1: np.array([1.0, 2e299, 1.0])})
    payoffs = sum_of(huge, n_draws=3)
    require_defined(payoffs, *BOX)
    upper = np.array([[1.0, 1.0], [1e5, 1e4], [1.0, 1.0]])
    message = "term both: interaction of b is no finite number at x = 100000, y = 10000; narrow the"
    with pytest.raises(PayoffError, match=f"^{message} range or check the parameters$"):
        require_defined(payoffs, np.zeros(2), upper)


@pytest.mark.parametrize("place", range(2))
@pytest.mark.parametrize("end", [-800.0, 800.0])
def test_each_bound_of_each_issue_is_tried(place, end):
    """An overflow that shows only where one issue is at a bound and the other in the middle."""

    def spike(x):
        middle = np.abs(x[:, 1 - place] - 0.5) < 1e-9
        return np.where(middle & (x[:, place] == end), np.inf, 0.0)

    class Spike:
        name, domain, players, issues = "spike", "other", (0,), (0, 1)

        def components(self, x):
            from sim.payoffs import Component

            return [Component(0, "other", "spike", 1.0, spike(np.transpose(x)))]

    payoffs = sum_of(Spike())
    lower, upper = np.zeros(2), np.ones(2)
    require_defined(payoffs, lower, upper)
    (lower if end < 0 else upper)[place] = end
    with pytest.raises(PayoffError, match="term spike"):
        require_defined(payoffs, lower, upper)


def test_the_margin_text_says_what_to_do():
    market = Market(
        "cars",
        importer=0,
        size=10.0,
        suppliers=(
            Supplier("x", 0.5, issue=0, baseline=0.0),
            Supplier("y", 0.5, issue=1, baseline=0.0),
        ),
        substitution=4.0,
        demand_elasticity=1.2,
        pass_through=np.array([0.2, 1.0, 1.0, 1.0]),
        margin=0.1,
    )
    texts = warnings(sum_of(market, n_draws=4), [0.0, 0.0], [0.25, 0.01])
    assert texts == [
        "market cars: the margin of x turns negative at the highest tariff (in 25% of the draws); "
        "raise the margin or the pass-through, or lower the range"
    ]


def test_margins_are_border_prices_less_unit_cost():
    market = Market(
        "cars",
        importer=0,
        size=10.0,
        suppliers=(
            Supplier("x", 0.5, issue=0, baseline=0.1),
            Supplier("y", 0.5, tariff=0.2, baseline=0.0),
        ),
        substitution=4.0,
        demand_elasticity=1.2,
        pass_through=0.6,
    )
    found = dict(market.margins(np.array([[0.5], [9.0]])))
    np.testing.assert_allclose(found["x"], (1.5 / 1.1) ** -0.4 - 0.75, rtol=1e-12)
    np.testing.assert_allclose(found["y"], 1.2**-0.4 - 0.75, rtol=1e-12)
    assert found["y"].shape == (1,)


@pytest.mark.parametrize(
    ("large", "small", "warned"),
    [
        (2e6, 1.0, True),
        (1e6, 1.0, False),  # the ratio itself is allowed
        (1e4, 1e-3, True),
        (1e-3, 1e-10, True),
        (1e-3, 1e-8, False),
        (1e9, 0.0, False),  # a term that does not move has no scale
    ],
)
def test_scales_are_compared_by_ratio(large, small, warned):
    texts = warnings(sum_of(line("aa", large), line("zz", small)), *BOX)
    swapped = warnings(sum_of(line("aa", small), line("zz", large)), *BOX)
    assert len(texts) == len(swapped) == warned
    if warned:
        assert texts[0] == (
            f"a: term aa moves by {large:.3g} within the box but zz by {small:.3g}; check the "
            "units of both"
        )
        assert f"term zz moves by {large:.3g} within the box but aa by {small:.3g}" in swapped[0]


def test_a_scale_is_that_of_the_sum_of_a_players_components():
    """The payer's cost and payment are one amount: z + κ z² moves by 4 + 8 over [0, 4]."""
    pay = Transfer("pay", 0, 0, 1, premium=0.0, paying_cost=0.5)
    texts = warnings(sum_of(pay, line("big", 1e9, issue=1)), [0.0, 0.0], [4.0, 1.0])
    assert texts == [
        "a: term big moves by 1e+09 within the box but pay by 12; check the units of both"
    ]


def test_a_scale_is_the_median_over_draws():
    weights = np.array([1.0, 3.0, 5e7])
    pair = sum_of(line("w", weights), line("other", 5e6), n_draws=3)
    assert len(warnings(pair, *BOX)) == 1
    assert "w by 3;" in warnings(pair, *BOX)[0]
    assert warnings(sum_of(line("w", weights), line("other", 2e6), n_draws=3), *BOX) == []


def test_a_peak_inside_the_box_counts():
    """Both corners are worth the same: only the middle shows that the term moves."""
    hill = Form("hill", 0, {0: QuadraticLoss(1.0, 0.5)})
    assert "hill by 0.25;" in warnings(sum_of(hill, line("big", 1e9, issue=1)), *BOX)[0]


def test_no_draws_no_warnings():
    payoffs = sum_of(line("f", 1.0), n_draws=1, risk_aversion=np.ones((2, 1))).take(slice(0, 0))
    assert warnings(payoffs, *BOX) == []


@pytest.mark.parametrize(("high", "warned"), [(30.0, False), (30.5, True)])
def test_steep_risk_aversion_is_measured_from_the_reference(high, warned):
    """a Δ above 30, Δ the change from the reference, wherever that is."""
    payoffs = Payoffs.from_status_quo(
        ("a", "b"),
        ("x",),
        (Form("f", 0, {0: Linear(1.0), 1: Linear(0.1)}),),
        status_quo=[100.0],
        risk_aversion=[1.0, 1.0],
    )
    texts = warnings(payoffs, [100.0], [100.0 + high])
    expected = (
        f"a: risk aversion times the change of payoff reaches {high:.3g} within the box; above 30 "
        "utilities can no longer be told apart"
    )
    assert texts == ([expected] if warned else [])
    # A loss is as steep as a gain.
    assert len(warnings(payoffs, [100.0 - high], [100.0])) == warned


def test_the_steepest_draw_counts():
    term = Form("f", 0, {0: Linear(np.array([1.0, 50.0, 2.0]))})
    payoffs = single(term, players=1, issues=1, n_draws=3, risk_aversion=[1.0])
    (text,) = warnings(payoffs, [0.0], [1.0])
    assert re.match("^p0: risk aversion times the change of payoff reaches 50 ", text)


def test_an_exponential_out_of_range_is_refused_without_a_floating_point_warning():
    payoffs = single(Form("f", 0, {0: Exponential(1.0, 1.0)}), players=1, issues=1)
    with pytest.raises(PayoffError, match="form of p0 is no finite number at x0 = 800"):
        require_defined(payoffs, [-800.0], [800.0])
