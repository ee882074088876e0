"""One offer to an opponent of unknown resolve, against all offers that could be best.

The proposer P pays u for a deal that is worth `size` to it: φ(u) = size − u − 0.3 u². Without a
deal P has −0.212 and the responder R 0.2, which its resolve adds to.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.negotiation.beliefs import OfferResult, solve_offer
from sim.scenario import parse_scenario

TEXT = """
title: An offer
players: { R: {}, P: {} }
parameters:
  size: { value: { uniform: [6, 12] } }
  grit: { value: { uniform: [0, 4] } }
issues:
  deal: { parties: [R, P], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
  pay: { parties: [R, P], track: trade, range: [0, 9], status_quo: 0, breakdown: 0.2 }
payoffs:
  worth: { linear: deal, weights: { P: size } }
  price: { transfer: pay, from: P, to: R, paying_cost: 0.3 }
beliefs:
  R-P: { proposer: P, responder: R, WHO }
"""
SIZE = np.array([6.0, 8.0, 10.0, 12.0])
D_P, D_R = -0.2 - 0.3 * 0.04, 0.2


def phi(u: np.ndarray, size: np.ndarray = SIZE) -> np.ndarray:
    return size - u - 0.3 * u**2


def solved(who: str, grit: float | np.ndarray = 3.0) -> OfferResult:
    theta = {"size": SIZE, "grit": np.broadcast_to(grit, (4,))}
    return solve_offer(parse_scenario(TEXT.replace("WHO", who)), "R-P", theta, 4)


TWO = """types: [{ name: pliant, probability: 0.5, resolve: 0 },
                 { name: resolute, probability: 0.5, resolve: grit }]"""


def test_two_types() -> None:
    """Either everybody is satisfied, or only who has no resolve: whichever is worth more."""
    grit = np.array([3.0, 3.0, 3.0, 1.0])
    found = solved(TWO, grit)
    both = phi(D_R + grit)
    one = 0.5 * phi(np.full(4, D_R)) + 0.5 * D_P
    assert (both > one).tolist() == [False, False, False, True]
    np.testing.assert_allclose(found.value, np.maximum(both, one), atol=1e-6)
    np.testing.assert_array_equal(found.single, found.value)
    np.testing.assert_array_equal(found.accepts, [[1, 0], [1, 0], [1, 0], [1, 1]])
    np.testing.assert_allclose(found.breakdown, [0.5, 0.5, 0.5, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.failure, [[D_P, D_R]] * 4, atol=1e-9)
    assert (found.table, found.proposer, found.responder) == ("R-P", "P", "R")
    assert found.types == ("pliant", "resolute")
    np.testing.assert_array_equal(found.probability, [0.5, 0.5])


def test_who_is_weak_may_change_from_draw_to_draw() -> None:
    """A second offer: the belief in the weak type is that in whoever has less resolve there."""
    types = """types: [{ name: steady, probability: 0.7, resolve: 2 },
                       { name: moody, probability: 0.3, resolve: grit }],
               second_offer: { after: 1, discount_factor: { R: 0.8, P: 0.9 } }"""
    grit = np.array([0.5, 3.5, 1.0, 2.5])
    scenario = parse_scenario(TEXT.replace("WHO", types))
    found = solve_offer(scenario, "R-P", {"size": SIZE, "grit": grit}, 4).second
    assert found is not None
    for n in range(4):
        one = {"size": SIZE[[n]], "grit": grit[[n]]}
        alone = solve_offer(scenario, "R-P", one, 1).second
        assert alone is not None
        np.testing.assert_allclose(found.value[n], alone.value[0], rtol=1e-9)
        np.testing.assert_allclose(found.breakdown[n], alone.breakdown[0], rtol=1e-9)


def test_the_risk_averse_are_told_money_not_utility() -> None:
    """Resolve is money. Averse P weighs the chance of refusal by utility; the value is money."""
    a = {"R": 0.5, "P": 0.2}
    own = ", ".join(f"{player}: {{ risk_aversion: {how} }}" for player, how in a.items())
    text = TEXT.replace("R: {}, P: {}", own)
    grit = np.array([3.0, 3.0, 3.0, 1.0])
    found = solve_offer(
        parse_scenario(text.replace("WHO", TWO)), "R-P", {"size": SIZE, "grit": grit}, 4
    )

    def utility(money: np.ndarray) -> np.ndarray:
        return (1.0 - np.exp(-a["P"] * money)) / a["P"]

    safe = utility(phi(D_R + grit))
    risky = 0.5 * utility(phi(np.full(4, D_R))) + 0.5 * utility(np.full(4, D_P))
    value = -np.log(1.0 - a["P"] * np.maximum(safe, risky)) / a["P"]
    assert (safe > risky).tolist() == [False, False, True, True]
    np.testing.assert_allclose(found.value, value, atol=1e-6)
    np.testing.assert_allclose(found.single, value, atol=1e-6)
    np.testing.assert_allclose(found.failure, [[D_P, D_R]] * 4, atol=1e-9)


def test_a_menu_leaves_the_resolute_out_now_and_then() -> None:
    """With chance q for the resolute the pliant type is just not tempted at D_R + q · resolve."""
    found = solved(TWO + ", menu: lottery")
    q = np.linspace(0.0, 1.0, 20_001)[:, None]
    value = 0.5 * phi(D_R + 3.0 * q) + 0.5 * (q * phi(np.full(4, D_R + 3.0)) + (1.0 - q) * D_P)
    best = value.argmax(axis=0)
    assert ((best > 0) & (best < 20_000)).any()
    np.testing.assert_allclose(found.value, value.max(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.accepts[:, 0], 1.0, atol=1e-6)
    np.testing.assert_allclose(found.accepts[:, 1], q[best, 0], atol=2e-4)
    np.testing.assert_allclose(found.breakdown, 0.5 * (1.0 - found.accepts[:, 1]), atol=1e-9)
    assert (found.value > found.single)[best > 0].all()
    np.testing.assert_allclose(found.single, solved(TWO).single, atol=1e-12)


@pytest.mark.parametrize("resolve", ["{ uniform: [0, 4] }", "grit", "half"])
def test_a_distribution_of_resolve_is_fifteen_types(resolve: str) -> None:
    """`half` stands for `grit`, which stands for its distribution: no draw of the Monte Carlo."""
    text = TEXT.replace("parameters:", "parameters:\n  half: grit")
    text = text.replace("WHO", f"resolve: {resolve}")
    theta = {"size": SIZE, "grit": np.full(4, 77.0)}
    found = solve_offer(parse_scenario(text), "R-P", theta, 4)
    level = (np.arange(15) + 0.5) / 15
    share = np.arange(1, 16)[:, None] / 15
    value = share * phi(D_R + 4.0 * level[:, None]) + (1.0 - share) * D_P
    best = value.argmax(axis=0)
    np.testing.assert_allclose(found.value, value.max(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.breakdown, 1.0 - share[best, 0], atol=1e-9)
    np.testing.assert_array_equal(found.accepts.sum(axis=1), best + 1)
    np.testing.assert_allclose(found.probability, 1.0 / 15)
    assert found.types[0] == "quantile 3 %"
    assert found.types[7] == "quantile 50 %"
    assert len(found.types) == 15


def test_a_resolve_that_is_known() -> None:
    found = solved("resolve: 1.5")
    np.testing.assert_allclose(found.value, phi(np.full(4, D_R + 1.5)), atol=1e-6)
    np.testing.assert_array_equal(found.accepts, np.ones((4, 15)))


def test_without_beliefs_there_is_nothing_to_solve() -> None:
    scenario = parse_scenario(TEXT.replace("WHO", TWO))
    with pytest.raises(ScenarioError, match="beliefs: has none for 'P'; there are R-P"):
        solve_offer(scenario, "P", {"size": SIZE, "grit": SIZE}, 4)
