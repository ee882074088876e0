"""Crisis bargaining and second offers at a table of a scenario, against their formulas.

The proposer P pays t for a deal that is worth `size` to it: u_P(t) = size − t − 0.3 t², u_R(t) = t.
Without a deal P has −0.212 and the responder R 0.2, which its resolve adds to.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import GameError, ScenarioError
from sim.games import Curve, preventive_war, two_period_offers
from sim.negotiation.beliefs import OfferResult, solve_offer
from sim.negotiation.crises import CrisisResult, solve_crisis
from sim.scenario import parse_scenario

TEXT = """
title: A crisis
players: { R: { discount_rate: 0.5 }, P: { discount_rate: 0.1 } }
parameters:
  size: { value: { uniform: [1, 12] } }
  grit: { value: { uniform: [0, 4] } }
issues:
  deal: { parties: [R, P], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
  pay: { parties: [R, P], track: trade, range: [0, 9], status_quo: 0, breakdown: 0.2, DEMAND }
payoffs:
  worth: { linear: deal, weights: { P: size } }
  price: { transfer: pay, from: P, to: R, paying_cost: 0.3 }
beliefs:
  R-P:
    proposer: P
    responder: R
    types:
      - { name: resolute, probability: 0.4, resolve: grit }
      - { name: pliant, probability: 0.6, resolve: 0 }
    MORE
"""
SIZE = np.array([1.5, 4.0, 6.0, 12.0])
D_P, D_R = -0.2 - 0.3 * 0.04, 0.2
BELIEF = np.array([0.4, 0.6])


def most(worth: np.ndarray) -> np.ndarray:
    """The payment t with t + 0.3 t² = worth."""
    return (-1.0 + np.sqrt(1.0 + 1.2 * worth)) / 0.6


def scenario_of(more: str, demand: str = "note: none"):
    return parse_scenario(TEXT.replace("MORE", more).replace("DEMAND", demand))


def crisis(more: str, grit: float = 2.0, demand: str = "note: none") -> CrisisResult:
    theta = {"size": SIZE, "grit": np.full(4, grit)}
    return solve_crisis(scenario_of(more, demand), "R-P", theta, 4)


def test_the_edges_leave_a_party_indifferent() -> None:
    found = crisis("crisis: { transfer: pay }")
    resolve = np.array([2.0, 0.0])
    np.testing.assert_allclose(found.found.low, np.tile(D_R + resolve, (4, 1)), atol=1e-9)
    high = most(SIZE - D_P)
    np.testing.assert_allclose(found.found.high, np.tile(high[:, None], 2), atol=1e-5)
    np.testing.assert_array_equal(found.found.empty[:, 0], high < 2.2)
    assert found.found.empty[:, 0].tolist() == [True, False, False, False]
    np.testing.assert_array_equal(found.costless, found.found.width)
    assert found.types == ("resolute", "pliant")
    assert found.parties == ("R", "P")
    assert (found.lots, found.before_shift, found.demand) == (None, None, None)
    np.testing.assert_array_equal(found.upper, 9.0)


def test_costs_of_a_breakdown_widen_the_range() -> None:
    found = crisis("crisis: { transfer: pay, costs: { P: 1, R: 0.1 } }")
    np.testing.assert_allclose(found.found.low[:, 1], D_R - 0.1, atol=1e-9)
    np.testing.assert_allclose(found.found.high[:, 1], most(SIZE - D_P + 1.0), atol=1e-5)
    plain = crisis("crisis: { transfer: pay }")
    np.testing.assert_allclose(found.costless, plain.found.width, atol=1e-9)
    assert (found.found.width[:, 1] > found.costless[:, 1] + 0.1).all()


def test_the_other_issues_may_stay_at_the_status_quo() -> None:
    """Without the deal P pays only to avoid the breakdown and its cost."""
    found = crisis("crisis: { transfer: pay, others: status_quo, costs: { P: 1 } }", grit=0.5)
    np.testing.assert_allclose(found.found.high[:, 1], most(1.0 - D_P), atol=1e-6)
    np.testing.assert_allclose(found.found.low, np.tile([0.7, 0.2], (4, 1)), atol=1e-9)


def test_price_and_risk_of_the_best_demand() -> None:
    """P offers what the pliant type or what both accept, whichever is worth more."""
    found = crisis("crisis: { transfer: pay }")
    offers = np.array([D_R + 2.0, D_R])
    value = np.stack([SIZE - t - 0.3 * t**2 for t in offers], axis=1)
    both, one = value[:, 0], 0.6 * value[:, 1] + 0.4 * D_P
    sure = both >= one
    assert sure.tolist() == [False, False, False, True]
    np.testing.assert_allclose(found.offer, np.where(sure, offers[0], offers[1]), atol=1e-6)
    np.testing.assert_allclose(found.risk, np.where(sure, 0.0, 0.4), atol=1e-12)
    # In the first draw there is nothing to lose: no payment suits both P and the resolute type.
    np.testing.assert_allclose(found.lost, [0.0, 0.4, 0.4, 0.0], atol=1e-12)


def test_lots_and_demands() -> None:
    found = crisis("crisis: { transfer: pay, lot: 1.5 }", grit=2.0, demand="demand: 3")
    np.testing.assert_array_equal(found.demand, 3.0)
    high = most(SIZE - D_P)
    ladder = 1.5 * np.arange(7)
    count = [[int(((ladder >= low) & (ladder <= top)).sum()) for low in (2.2, 0.2)] for top in high]
    np.testing.assert_array_equal(found.lots, count)
    assert crisis("crisis: { transfer: pay, lot: 5 }").lots[1].tolist() == [0, 0]


def test_a_shift_of_power_that_nobody_can_undo() -> None:
    """R asks today for 0.1 δ/(1 − δ) more, δ = e^(−0.5 · 2); P pays for what it gains later."""
    text = "crisis: { transfer: pay, shift: { player: R, after: 2, loss: 0.1 } }"
    found = crisis(text, grit=0.0)
    delta_r, delta_p = np.exp(-1.0), np.exp(-0.2)
    need = D_R + 0.1 * delta_r / (1.0 - delta_r)
    np.testing.assert_allclose(found.before_shift.low[:, 1], need, atol=1e-9)
    later = SIZE - (D_R - 0.1) - 0.3 * (D_R - 0.1) ** 2
    least = (D_P - delta_p * later) / (1.0 - delta_p)
    np.testing.assert_allclose(
        found.before_shift.high[:, 1], np.minimum(most(SIZE - least), 9.0), atol=1e-4
    )
    assert not found.before_shift.empty.any()
    # A resolute R, who stands to lose 3 in a month, would have to be paid more than there is.
    lost = crisis(text.replace("after: 2, loss: 0.1", "after: 0.1, loss: 3"), grit=4.0)
    assert lost.before_shift.empty[:, 0].all()
    assert not lost.found.empty[3, 0]


def test_risk_aversion_moves_the_range_only_where_time_or_chance_does() -> None:
    """Between sure things costs and resolve count as money; before a shift utilities are added."""
    averse = TEXT.replace("discount_rate: 0.5", "discount_rate: 0.5, risk_aversion: 0.4")
    averse = averse.replace("discount_rate: 0.1", "discount_rate: 0.1, risk_aversion: 0.1")

    def solved(text: str, more: str) -> CrisisResult:
        block = "crisis: { transfer: pay, costs: { P: 1, R: 0.1 }, " + more + " }"
        scenario = parse_scenario(text.replace("MORE", block).replace("DEMAND", "note: none"))
        return solve_crisis(scenario, "R-P", {"size": SIZE, "grit": np.full(4, 2.0)}, 4)

    plain, same = solved(TEXT, "others: agreement"), solved(averse, "others: agreement")
    np.testing.assert_allclose(same.found.low, plain.found.low, atol=1e-8)
    np.testing.assert_allclose(same.found.high, plain.found.high, atol=1e-8)
    np.testing.assert_allclose(same.costless, plain.costless, atol=1e-8)
    found = solved(averse, "shift: { player: R, after: 2, loss: 0.5 }").before_shift

    def utility(money: np.ndarray) -> np.ndarray:
        return (1.0 - np.exp(-0.4 * money)) / 0.4

    delta, d = np.exp(-1.0), D_R - 0.1 + np.array([2.0, 0.0])  # the resolute and the pliant
    after = np.maximum(d - 0.5, 0.0)  # no payment is below 0
    need = (utility(d) - delta * utility(after)) / (1.0 - delta)
    np.testing.assert_allclose(found.low[3], -np.log(1.0 - 0.4 * need) / 0.4, atol=1e-8)


def test_preventive_war_from_a_file() -> None:
    """A prize of 1 that war divides at p₁ now and p₂ later, against Fearon's condition."""
    text = """
title: A rising state
players: { A: { discount_rate: rate }, B: { discount_rate: rate } }
parameters: { rate: { value: { uniform: [0.1, 2] } }, rise: { value: { uniform: [0, 0.4] } } }
issues:
  share: { parties: [A, B], track: land, range: [0, 1], status_quo: 0.5, breakdown: 0.5 }
payoffs:
  prize: { linear: share, weights: { A: 1, B: -1 } }
beliefs:
  A-B:
    proposer: A
    responder: B
    resolve: 0
    crisis: { transfer: share, costs: { A: 0.1, B: 0.05 },
              shift: { player: B, after: 1, loss: rise } }
"""
    rng = np.random.default_rng(3)
    theta = {"rate": rng.uniform(0.1, 2, 40), "rise": rng.uniform(0, 0.4, 40)}
    found = solve_crisis(parse_scenario(text), "A-B", theta, 40)
    delta = np.exp(-theta["rate"])
    known = preventive_war(0.5, 0.5 + theta["rise"], discount=delta, cost=0.05 / (1.0 - delta))
    assert 0 < known.war.sum() < 40
    np.testing.assert_array_equal(found.before_shift.empty[:, 0], known.war)
    np.testing.assert_allclose(found.found.low, 0.4, atol=1e-9)
    np.testing.assert_allclose(found.found.high, 0.55, atol=1e-9)


def offer(more: str, grit: float) -> OfferResult:
    theta = {"size": SIZE, "grit": np.full(4, grit)}
    return solve_offer(scenario_of(more), "R-P", theta, 4)


@pytest.mark.parametrize(
    ("more", "weights"),
    [
        ("second_offer: { after: 2 }", (np.exp(-0.2), np.exp(-1.0))),
        ("second_offer: { after: 2, discount_factor: { R: 0.9, P: 0.3 } }", (0.3, 0.9)),
        ("second_offer: { after: 1, discount_factor: { R: 0 } }", (np.exp(-0.1), 0.0)),
    ],
)
def test_two_offers_without_commitment(more: str, weights: tuple[float, float]) -> None:
    found = offer(more, 2.5)
    frontier = Curve(lambda u: -u - 0.3 * u**2, low=np.zeros(4), high=np.full(4, 9.0))
    known = two_period_offers(  # the size of the deal is the same in both, so d_P takes it up
        frontier,
        proposer=0,
        reservations=np.tile([D_R, D_R + 2.5], (4, 1)),
        weak=0.6,
        discount=weights,
        disagreement=D_P - SIZE,
    )
    assert found.second is not None
    assert len(set(known.plan.tolist())) > 1
    np.testing.assert_allclose(found.second.value, known.value + SIZE, atol=1e-5)
    for field in ("breakdown", "delay", "weak_accepts"):
        np.testing.assert_allclose(getattr(found.second, field), getattr(known, field), atol=1e-5)
    np.testing.assert_array_equal(found.second.plan, known.plan)


def test_what_is_not_declared_is_not_solved() -> None:
    assert offer("source: nowhere", 1.0).second is None
    with pytest.raises(ScenarioError, match=r"beliefs\.R-P: has no crisis: to solve"):
        crisis("source: nowhere")
    theta = {"size": SIZE, "grit": SIZE}
    with pytest.raises(ScenarioError, match="beliefs: has none for 'P'"):
        solve_crisis(scenario_of("crisis: { transfer: pay }"), "P", theta, 4)
    with pytest.raises(GameError, match="d_L < d_H"):
        offer("second_offer: { after: 2 }", 0.0)
