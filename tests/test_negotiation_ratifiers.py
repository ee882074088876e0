"""Ratifiers: a certain veto bounds the deal, one by chance lets it pass now and then."""

from __future__ import annotations

import numpy as np
import pytest

from sim.negotiation import compile_case, median_theta, solve_regimes
from sim.scenario import Scenario, parse_scenario

TEXT = """
title: A market, a payment and a parliament
players: { A: {}, B: {} }
issues:
  market: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, B], track: trade, domain: payments, range: [0, 10], status_quo: 0,
           breakdown: 0 }
payoffs:
  sales: { linear: market, weights: { A: -1, B: 9 } }
  payment: { transfer: price, from: B, to: A }
"""


def loaded(extra: str) -> Scenario:
    return parse_scenario(TEXT + extra)


def test_without_ratifiers_the_surplus_is_halved() -> None:
    case = compile_case(loaded(""), {}, 1)
    settled = solve_regimes(case, ["separate"], "nash")["separate"]
    np.testing.assert_allclose(settled.lottery.money(case.payoffs)[0], (4.0, 4.0), atol=1e-6)


@pytest.mark.parametrize(
    ("solution", "expected"),
    [("nash", 4.5), ("egalitarian", 4.5), ("kalai_smorodinsky", 39.5 / 11.5)],
)
def test_a_certain_veto_is_a_bound_without_weight(solution: str, expected: float) -> None:
    """B's parliament feels half of the sales, 4.5: the price cannot be 5, half of the surplus.

    It also lowers A's ideal gain from 8 to 3.5: under Kalai-Smorodinsky
    (price − 1)/3.5 = (9 − price)/8.
    """
    veto = "ratifiers: { diet: { player: B, stakes: { sales: 0.5 }, threshold: 0 } }\n"
    case = compile_case(loaded(veto), {}, 1)
    settled = solve_regimes(case, ["separate"], solution)["separate"]
    market, price = settled.lottery.mean[0]
    assert settled.agreement.all()
    assert 4.5 * market - price >= -1e-7  # the parliament does not lose
    np.testing.assert_allclose((market, price), (1.0, expected), atol=1e-5)


def test_a_veto_that_nothing_satisfies_is_no_agreement() -> None:
    veto = "ratifiers: { diet: { player: B, threshold: 50 } }\n"
    case = compile_case(loaded(veto), {}, 1)
    settled = solve_regimes(case, ["separate"], "nash")["separate"]
    assert not settled.agreement.any()
    np.testing.assert_allclose(settled.lottery.money(case.payoffs)[0], (0.0, 0.0), atol=1e-9)


def test_ratification_by_chance_has_the_logistic_probability() -> None:
    """The deal gives B 4: with threshold 3 and steepness 0.7 it passes with 1/(1 + e^−0.7)."""
    chance = "ratifiers: { diet: { player: B, threshold: 3, probability: { steepness: 0.7 } } }\n"
    scenario = loaded(chance)
    assert [u.name for u in scenario.uncertain] == ["ratifiers.diet.luck"]
    draws = 4000
    luck = (np.arange(draws) + 0.5) / draws
    case = compile_case(scenario, {"ratifiers.diet.luck": luck}, draws)
    settled = solve_regimes(case, ["separate"], "nash")["separate"]
    passed = settled.agreement[:, 0]
    assert passed.mean() == pytest.approx(1.0 / (1.0 + np.exp(-0.7)), abs=1.0 / draws)
    money = settled.lottery.money(case.payoffs)
    np.testing.assert_allclose(money[passed], 4.0, atol=1e-6)
    np.testing.assert_allclose(money[~passed], 0.0, atol=1e-12)
    assert median_theta(scenario)["ratifiers.diet.luck"][0] == 0.5


TWO_ALLIES = """
title: A and B have what they want without a deal; C's parliament votes on what A and C settle
players: { A: {}, B: {}, C: {} }
issues:
  war: { parties: [A, B], track: t, range: [0, 1], status_quo: 0, breakdown: 1 }
  pie: { parties: [A, C], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, C], track: t, range: [0, 9], status_quo: 0, breakdown: 0 }
payoffs:
  war: { linear: war, weights: { A: 2, B: 1, C: -1 } }
  pie: { linear: pie, weights: { C: 4 } }
  pay: { transfer: price, from: C, to: A }
ratifiers:
  house: { player: C, threshold: THRESHOLD, probability: { steepness: 1000 } }
"""


@pytest.mark.parametrize(("threshold", "passes"), [(0.9, True), (1.1, False)])
def test_a_vote_is_taken_whatever_fails_elsewhere(threshold: float, passes: bool) -> None:
    """Half of the pie is 2 for C, and the war that A and B do not settle costs it 1."""
    text = TWO_ALLIES.replace("THRESHOLD", str(threshold))
    case = compile_case(parse_scenario(text), {"ratifiers.house.luck": np.array([0.5])}, 1)
    settled = solve_regimes(case, ["separate"], "nash")["separate"]
    np.testing.assert_array_equal(settled.agreement[0], [False, passes])
    pie = float(passes)
    np.testing.assert_allclose(settled.lottery.mean[0], (1.0, pie, 2.0 * pie), atol=1e-6)


BASE = """
  base: { parties: [A, B], track: defence, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  base: { linear: base, weights: { A: 1, B: 1 } }"""

AHEAD = """
regimes:
  ordered: { like: separate, order: [A-B trade, A-B defence], foresight: true }
"""


def ahead(ratifier: str) -> Scenario:
    """Return the market, then a base worth 1 to each, which the first table foresees."""
    return parse_scenario(TEXT.replace("\npayoffs:", BASE) + AHEAD + ratifier)


@pytest.mark.parametrize(("threshold", "price"), [(0, 5.0), (1, 4.5), (3, 2.5)])
def test_a_veto_bounds_a_deal_that_looks_ahead(threshold: float, price: float) -> None:
    """The diet feels half of the sales and all of the base: 4.5 − price + 1 ≥ threshold."""
    veto = (
        f"ratifiers: {{ diet: {{ player: B, stakes: {{ sales: 0.5 }}, threshold: {threshold} }} }}"
    )
    case = compile_case(ahead(veto), {}, 1)
    settled = solve_regimes(case, ["ordered"], "nash")["ordered"]
    assert settled.agreement.all()
    np.testing.assert_allclose(settled.lottery.mean[0], (1.0, price, 1.0), atol=1e-3)
    assert 4.5 - settled.lottery.mean[0, 1] + 1.0 >= threshold - 1e-9


def test_a_veto_that_nothing_satisfies_stops_who_looks_ahead() -> None:
    case = compile_case(ahead("ratifiers: { diet: { player: B, threshold: 50 } }"), {}, 1)
    settled = solve_regimes(case, ["ordered"], "nash")["ordered"]
    assert not settled.agreement.any()
    np.testing.assert_allclose(settled.lottery.mean[0], 0.0, atol=1e-9)


def test_chance_also_decides_on_a_deal_that_looks_ahead() -> None:
    """After both deals B has 4 + 1, so that with threshold 4 luck above 1/(1 + e^−0.7) fails."""
    chance = "ratifiers: { diet: { player: B, threshold: 4, probability: { steepness: 0.7 } } }"
    odds = 1.0 / (1.0 + np.exp(-0.7))
    luck = np.array([0.9 * odds, 1.1 * odds])
    case = compile_case(ahead(chance), {"ratifiers.diet.luck": luck}, 2)
    settled = solve_regimes(case, ["ordered"], "nash")["ordered"]
    first = [table.name for table in case.regimes["ordered"].tables].index("A-B trade")
    np.testing.assert_array_equal(settled.agreement[:, first], [True, False])
