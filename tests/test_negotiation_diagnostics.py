"""What a referee asks for, on cases whose answers are known in advance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.negotiation import compile_case, make_plan, solve_chunk, solve_regimes
from sim.negotiation.diagnostics import (
    HostPayment,
    diagnose,
    flip_points,
    gain_by_breakdown,
    host_payments,
)
from sim.scenario import parse_scenario

HOSTAGE = """
title: Hostage
players: { B: {}, A: {} }
parameters:
  p: { value: { uniform: [0, 5] } }
  q: { value: { uniform: [1, 3] } }
  s: { value: { choice: { values: [1, 3] } } }
issues:
  market: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, B], track: trade, range: [0, 9], status_quo: 0, breakdown: 0 }
  troops: { parties: [A, B], track: defence, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  sales: { linear: market, weights: { B: s } }
  payment: { transfer: price, from: B, to: A }
  safety: { linear: troops, weights: { A: p, B: q } }
"""


@pytest.mark.parametrize("bisections", [0, 6, 20])
def test_the_gain_flips_where_both_want_the_troops_alike(bisections: int) -> None:
    """Linking costs A half of p − q and gives it to B: the sign changes at p = q."""
    found = flip_points(parse_scenario(HOSTAGE), points=8, bisections=bisections)
    assert [(f.parameter, f.player) for f in found] == [
        ("p", "B"), ("p", "A"), ("q", "B"), ("q", "A")
    ]  # fmt: skip
    width = {"p": 5 * 0.98 / 7, "q": 2 * 0.98 / 7}
    for flip in found:
        value, quantile = (2.0, 0.4) if flip.parameter == "p" else (2.5, 0.75)
        assert abs(flip.value - value) <= 0.5 * flip.bracket + 1e-9
        span = {"p": 5.0, "q": 2.0}[flip.parameter]
        assert abs(flip.quantile - quantile) <= (0.5 * flip.bracket + 1e-9) / span
        assert flip.rising == ((flip.parameter, flip.player) in {("p", "B"), ("q", "A")})
        assert flip.bracket == pytest.approx(width[flip.parameter] / 2**bisections, rel=1e-6)


def test_a_flip_lies_where_the_distribution_says() -> None:
    """The chance of less than 2 under triangular(0, 0, 5) is 1 − (3/5)²; q has the median 2."""
    text = HOSTAGE.replace("{ uniform: [0, 5] }", "{ triangular: [0, 0, 5] }")
    for flip in flip_points(parse_scenario(text), parameters=["p"], points=5):
        assert flip.value == pytest.approx(2.0, abs=1e-5)
        assert flip.quantile == pytest.approx(0.64, abs=1e-5)


def test_flips_along_some_parameters_or_none() -> None:
    scenario = parse_scenario(HOSTAGE)
    assert {f.parameter for f in flip_points(scenario, parameters=["q"], points=4)} == {"q"}
    assert flip_points(scenario, parameters=["s"]) == ()
    flat = parse_scenario(HOSTAGE.replace("A: p, B: q", "A: p, B: 7"))
    assert flip_points(flat, points=5) == ()  # B always wants them more
    (b, a) = flip_points(scenario, parameters=["p"], solution="egalitarian", points=4)
    # Equal gains linked; apart equal gains of the market and, at the troops, min(p, q) each.
    assert (b.player, a.player) == ("B", "A")
    assert a.rising != b.rising


PAYMENTS = """
title: Payments
players: { H: {}, J: { gdp: wealth }, K: {} }
parameters: { wealth: { value: { uniform: [100, 300] } }, cost: { value: { uniform: [0.1, 0.3] } } }
issues:
  pay_j: { parties: [H, J], track: t, range: [0, 9], status_quo: 1.5, breakdown: 0 }
  army: { parties: [J, H], track: t, range: [0, 50], status_quo: 30, breakdown: 0 }
  navy: { parties: [H, J], track: t, range: [0, 50], status_quo: 10, breakdown: 0 }
  pay_k: { parties: [H, K], track: t, range: [0, 9], status_quo: 2, breakdown: 0 }
  troops_k: { parties: [H, K], track: t, range: [0, 9], status_quo: 4, breakdown: 0 }
payoffs:
  worth: { linear: army, weights: { J: 1 } }
  j: { transfer: pay_j, from: J, to: H }
  army: { presence: army, player: H, cost: cost }
  navy: { presence: navy, player: H, cost: 0.4 }
  k: { transfer: pay_k, from: K, to: H }
  k_troops: { presence: troops_k, player: H, cost: 0 }
"""


def test_payments_in_proportion_to_troops_and_wealth() -> None:
    scenario = parse_scenario(PAYMENTS)
    outcome = {"pay_j": 3.0, "army": 20.0, "navy": 5.0, "pay_k": 2.0, "troops_k": 0.0}
    j, k = host_payments(scenario, outcome)
    assert (j.issue, j.payer, j.amount) == ("pay_j", "J", 3.0)
    assert j.over_presence_cost == pytest.approx(3.0 / (0.2 * 20.0 + 0.4 * 5.0))
    assert j.over_gdp == pytest.approx(3.0 / 200.0)
    assert j.per_soldier == pytest.approx(1e3 * 3.0 / 25.0)
    assert k == HostPayment("pay_k", "K", 2.0, None, None, None)
    (_, k) = host_payments(scenario, outcome | {"troops_k": 1.0})
    assert (k.over_presence_cost, k.per_soldier) == (None, 2000.0)


WAR = """
title: Tariffs and a price
players: { A: {}, B: {} }
parameters: { taste: { value: { uniform: [0.3, 0.5] } } }
issues:
  of_a: { parties: [A, B], track: a, range: [0, 1], status_quo: 0, breakdown: 0.8,
          controlled_by: A }
  of_b: { parties: [A, B], track: b, range: [0, 1], status_quo: 0.1, breakdown: 0,
          controlled_by: B }
  cash: { parties: [A, B], track: a, range: [-9, 9], status_quo: 0, breakdown: 0 }
payoffs:
  a: { quadratic_loss: of_a, weights: { A: 1, B: 2 }, ideals: { A: taste, B: 0 } }
  b: { quadratic_loss: of_b, weights: { A: 2, B: 1 }, ideals: { A: 0, B: 0.6 } }
  pay: { transfer: cash, from: B, to: A }
threats:
  A: [{ name: mild, set: { of_a: 0.4 } }, { name: harsh, set: { of_a: 0.9 } }]
  B: [{ name: none, set: { of_b: 0 } }]
"""


def test_the_gain_by_where_breakdown_values_come_from() -> None:
    """The war is each one's best reply, cash at B's; of A's threats the one that hurts B more."""
    scenario = parse_scenario(WAR)
    found = gain_by_breakdown(scenario)
    down = {
        "announced": (0.8, 0.0, 0.0),
        "status_quo": (0.0, 0.1, 0.0),
        "nash": (0.4, 0.6, -9.0),
        "variable": (0.9, 0.0, 0.0),
    }
    assert list(found) == list(down)
    case = compile_case(scenario, {"taste": np.array([0.4])}, 1)
    for kind, values in down.items():
        solved = solve_regimes(
            replace(case, breakdown=np.array([values])), ["separate", "linked"], "nash"
        )
        money = {name: s.lottery.money(case.payoffs)[0] for name, s in solved.items()}
        gain = [found[kind]["A"], found[kind]["B"]]
        np.testing.assert_allclose(gain, money["linked"] - money["separate"], atol=2e-5)
    without = parse_scenario(WAR.replace("  B: [{ name: none, set: { of_b: 0 } }]\n", ""))
    assert list(gain_by_breakdown(without)) == ["announced", "status_quo", "nash"]


def test_what_did_not_converge_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    import sim.negotiation.diagnostics as room

    def doubted(case, wanted, solution):  # type: ignore[no-untyped-def]
        solved = real(case, wanted, solution)
        last = replace(solved["linked"], converged=np.zeros(1, dtype=bool))
        return {**solved, "linked": last}

    real = room.solve_regimes
    monkeypatch.setattr(room, "solve_regimes", doubted)
    found = gain_by_breakdown(parse_scenario(HOSTAGE))
    assert found["announced"] == {"A": None, "B": None}


def test_diagnosis() -> None:
    scenario = parse_scenario(WAR.replace("{ uniform: [0.3, 0.5] }", "0.4"))
    found = diagnose(scenario, {"demand": {"of_a": 0.1, "of_b": 0.3, "cash": 2.0}})
    assert set(found) == {
        "host_payments", "threat_cost", "fixed_points", "gain_by_breakdown", "flips"
    }  # fmt: skip
    assert list(found["host_payments"]) == ["status quo", "demand"]
    assert found["host_payments"]["demand"][0]["amount"] == 2.0
    assert found["host_payments"]["status quo"][0]["amount"] == 0.0
    # Carrying it out costs A 0.4² against its best tariff; B could also stop all payments.
    assert found["threat_cost"] == pytest.approx({"A": 0.4**2, "B": 0.6**2 + 9.0}, abs=1e-6)
    assert set(found["fixed_points"]) == {"separate", "threat-linked", "linked"}
    assert found["flips"] == []
    assert found["fixed_points"]["linked"] == {
        "several": 0.0, "no_agreement": 0.0, "draws": 1, "starts": 4
    }  # fmt: skip


def test_diagnosis_with_flips_and_costs_of_another_regime() -> None:
    text = HOSTAGE.replace("{ value: { uniform: [1, 3] } }", "2")
    found = diagnose(parse_scenario(text), {}, regime="separate")
    assert [(f["parameter"], f["player"]) for f in found["flips"]] == [("p", "B"), ("p", "A")]
    assert found["flips"][0]["value"] == pytest.approx(2.0, abs=1e-6)
    assert found["threat_cost"] == pytest.approx({"B": 1.0 + 2.0, "A": 0.0}, abs=1e-6)
    fair = diagnose(parse_scenario(text), {}, solution="egalitarian", regime="unheard of")
    assert "threat_cost" not in fair
    assert fair["gain_by_breakdown"] != found["gain_by_breakdown"]


def test_mutual_no_agreement_is_an_equilibrium_in_a_share_of_the_draws() -> None:
    """Gains 3x + cy and 3y + cx at two tables that bring each other down, c = −2 or 1.

    From a breakdown at nothing, no table alone has a deal if c < 0; jointly there is one.
    """
    text = """
title: Stuck
players: { A: {}, B: {} }
parameters: { c: { value: { choice: { values: [-2, 1] } } } }
issues:
  x: { parties: [A, B], track: one, range: [0, 1], status_quo: 0, breakdown: 0 }
  y: { parties: [A, B], track: two, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  x: { linear: x, weights: { A: 3, B: c } }
  y: { linear: y, weights: { A: c, B: 3 } }
"""
    found = diagnose(parse_scenario(text), {})["fixed_points"]
    stuck = float((np.random.default_rng(0).random(32) <= 0.5).mean())
    assert 0.3 < stuck < 0.7
    assert found["threat-linked"] == {
        "several": stuck, "no_agreement": stuck, "draws": 32, "starts": 4
    }  # fmt: skip
    assert found["separate"]["no_agreement"] == 0.0
    assert found["linked"] == {"several": 0.0, "no_agreement": 0.0, "draws": 32, "starts": 4}
    few = diagnose(parse_scenario(text), {}, regimes=("separate", "linked", "mine"))
    assert few["fixed_points"] == {name: found[name] for name in ("separate", "linked")}


def test_the_gain_and_the_cost_of_a_threat_are_felt_at_the_trust_that_is_left() -> None:
    """With a fifth of the trust lost: the gain of a run, and the cost of leaving of what is left.

    America's best reply to the announced breakdown is found among tariffs and troops one by one.
    """
    path = Path(__file__).parents[1] / "scenarios" / "lost-trust.yaml"
    text = "extends: worked-example.yaml\nregimes: { linked: { erosion: 0.2 } }\n"
    scenario = parse_scenario(text, name=str(path))
    found = diagnose(scenario, {})
    plan = make_plan(scenario, regimes=("separate", "linked"), solutions=("nash",))
    change = solve_chunk(plan, {}, 1)["payoff_change"][0, :, 0]
    gain = change[plan.regimes.index("linked")] - change[plan.regimes.index("separate")]
    announced = found["gain_by_breakdown"]["announced"]
    np.testing.assert_allclose([announced[p] for p in plan.players], gain, atol=1e-6)

    case = compile_case(scenario, {}, 1)
    payoffs = case.under(case.regimes["linked"]).payoffs
    best = case.breakdown.copy()
    for _ in range(3):
        for k in [k for k, player in enumerate(case.controlled_by) if player == 0]:
            grid = np.linspace(case.lower[0, k], case.upper[0, k], 201)
            tries = np.repeat(best, len(grid), axis=0)
            tries[:, k] = grid
            worth = [payoffs.money(x[None])[0, 0] for x in tries]
            best = tries[[int(np.argmax(worth))]]
    expected = payoffs.money(best)[0, 0] - payoffs.money(case.breakdown)[0, 0]
    assert found["threat_cost"]["US"] == pytest.approx(expected, abs=1e-3)
