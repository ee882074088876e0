"""Terms of a file become terms of the same name, with every number where it belongs."""

from __future__ import annotations

import numpy as np
import pytest

from sim import payoffs as room
from sim.negotiation import compile_case
from sim.payoffs import Form, Payoffs, Supplier
from sim.scenario import parse_scenario

A, B = 0, 1
DUTY, GIFT, TROOPS, OTHER = range(4)
HEAD = """
title: Every kind of term
players: { A: {}, B: {} }
parameters:
  p: { value: { uniform: [0.5, 1.5] } }
  q: { value: { uniform: [2, 4] } }
  top: { value: { uniform: [5, 9] } }
issues:
  duty: { parties: [A, B], track: trade, domain: tariffs, range: [0, 0.5], status_quo: 0.1,
          breakdown: 0.2 }
  gift: { parties: [A, B], track: money, domain: payments, range: [0.5, top], status_quo: q,
          breakdown: 1 }
  troops: { parties: [A, B], track: defence, domain: security, range: [0, 30], status_quo: 20,
            breakdown: 0 }
  other: { parties: [A, B], track: defence, domain: security, range: [0, 30], status_quo: 10,
           breakdown: 0 }
payoffs:
  t: """
P, Q, TOP = np.array([0.6, 1.0, 1.4]), np.array([3.5, 2.0, 2.5]), np.array([6.0, 8.5, 7.0])
X = np.array([[0.3, 4.0, 12.0, 7.0], [0.05, 1.0, 25.0, 3.0], [0.4, 5.5, 3.0, 28.0]])
PLAYERS, ISSUES = ("A", "B"), ("duty", "gift", "troops", "other")


def assert_same(text: str, term: room.Term) -> None:
    """Compare by domain, and without political weights, at an outcome a draw."""
    scenario = parse_scenario(HEAD + text)
    found = compile_case(scenario, {"p": P, "q": Q, "top": TOP}, 3)
    made = Payoffs(PLAYERS, ISSUES, (term,), 3, np.zeros((2, 3)))
    domains = ("security", "tariffs", "payments", "other")
    np.testing.assert_allclose(
        found.payoffs.by_domain(X, domains), made.by_domain(X, domains), rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(found.payoffs.unweighted(X), made.unweighted(X), rtol=1e-12)
    start = np.column_stack([np.full(3, 0.1), Q, np.full(3, 20.0), np.full(3, 10.0)])
    np.testing.assert_allclose(found.status_quo, start)
    np.testing.assert_allclose(found.payoffs.reference.T, made.money(start), rtol=1e-12, atol=1e-12)
    (mine,) = found.payoffs.terms
    assert (mine.name, mine.domain) == (term.name, term.domain)


def test_a_market_with_everything() -> None:
    text = """{ market: A, size: q, substitution: 4.5, demand_elasticity: p, pass_through: 0.7,
    margin: 0.3, weights: { consumers: 0.8, revenue: 1.3, producers: 1.7, exporters: 1.4 },
    suppliers: { A: { share: 0.5 }, B: { share: 0.3, tariff: duty },
                 rest: { share: 0.1, tariff: 0.07 },
                 far: { share: 0.1, tariff: duty, baseline: 0.02, weight: 2 } } }"""
    market = room.Market(
        "t",
        importer=A,
        size=Q,
        suppliers=(
            Supplier("A", 0.5, player=A, weight=1.7),
            Supplier("B", 0.3, player=B, issue=DUTY, baseline=0.1, weight=1.4),
            Supplier("rest", 0.1, tariff=0.07),
            Supplier("far", 0.1, issue=DUTY, baseline=0.02, weight=2.0),
        ),
        substitution=4.5,
        demand_elasticity=P,
        pass_through=0.7,
        margin=0.3,
        consumers=0.8,
        revenue=1.3,
        domain="tariffs",
    )
    assert_same(text, market)


def test_a_market_with_defaults_and_a_weight_for_one_supplier() -> None:
    """A fixed tariff may differ from the one that was observed."""
    text = """{ market: B, size: 50, substitution: q, demand_elasticity: 1.5, domain: other,
    suppliers: { B: { share: 0.4 }, rest: { share: 0.35, tariff: 0.2, baseline: 0.05 },
                 A: { share: 0.25, tariff: duty, baseline: 0.3, weight: p } } }"""
    market = room.Market(
        "t",
        importer=B,
        size=50.0,
        suppliers=(
            Supplier("B", 0.4, player=B),
            Supplier("rest", 0.35, tariff=0.2, baseline=0.05),
            Supplier("A", 0.25, player=A, issue=DUTY, baseline=0.3, weight=P),
        ),
        substitution=Q,
        demand_elasticity=1.5,
        domain="other",
    )
    assert_same(text, market)


@pytest.mark.parametrize("domain", [None, "other"])
def test_deterrence(domain: str | None) -> None:
    text = """{ deterrence: troops, own_forces: 11, threat: 25, effectiveness: p, decisiveness: 1.6,
    stakes: { A: 7, B: q }, spill_in: { other: 0.3 }, reputation: { A: 2 },
    abandonment: { B: 3 }, entrapment: { B: 0.05 }"""
    text += " }" if domain is None else f", domain: {domain} }}"
    term = room.Deterrence(
        "t",
        issue=TROOPS,
        own_forces=11.0,
        threat=25.0,
        stakes={A: 7.0, B: Q},
        effectiveness=P,
        decisiveness=1.6,
        spill_in={OTHER: 0.3},
        reputation={A: 2.0},
        abandonment={B: 3.0},
        entrapment={B: 0.05},
        full_strength=20.0,
        domain=domain or "security",
    )
    assert_same(text, term)
    (mine,) = compile_case(
        parse_scenario(HEAD + text), {"p": P, "q": Q, "top": TOP}, 3
    ).payoffs.terms
    less = [
        Payoffs(PLAYERS, ISSUES, (t,), 3, np.zeros((2, 3))).with_credibility({"t": 0.4}).money(X)
        for t in (mine, term)
    ]
    np.testing.assert_allclose(*less, rtol=1e-12)  # reputation and abandonment count below c = 1


def test_deterrence_where_nobody_is_stationed() -> None:
    """Troops are measured against the status quo; against 1 where that is nobody."""
    text = (
        "{ deterrence: troops, own_forces: 3, threat: 9, stakes: { A: 1 }, abandonment: { A: 2 } }"
    )
    scenario = parse_scenario(HEAD.replace("status_quo: 20", "status_quo: 0") + text)
    payoffs = compile_case(scenario, {"p": P, "q": Q, "top": TOP}, 3).payoffs
    force = 3.0 + X[:, 2]
    money = payoffs.with_credibility({"t": 0.5}).money(X)[:, A]
    force = 3.0 + 0.5 * X[:, 2]
    np.testing.assert_allclose(money, force / (force + 9.0) - 2.0 * 0.5 * X[:, 2], rtol=1e-12)


def test_presence() -> None:
    assert_same(
        "{ presence: other, player: B, cost: p }",
        room.Presence("t", issue=OTHER, player=B, cost=P),
    )
    assert_same(
        "{ presence: other, player: A, cost: 0.2, domain: payments }",
        room.Presence("t", issue=OTHER, player=A, cost=0.2, domain="payments"),
    )


def test_a_transfer_is_taken_for_granted_up_to_the_status_quo_or_what_is_said() -> None:
    assert_same(
        "{ transfer: gift, from: B, to: A, premium: 1.2, paying_cost: p }",
        room.Transfer("t", GIFT, payer=B, payee=A, premium=1.2, paying_cost=P, reference=Q),
    )
    assert_same(
        "{ transfer: gift, from: A, to: B, paying_cost: 0.1, reference: p, domain: other }",
        room.Transfer("t", GIFT, payer=A, payee=B, paying_cost=0.1, reference=P, domain="other"),
    )


def test_a_concession() -> None:
    term = room.Concession(
        "t",
        GIFT,
        giver=B,
        receiver=A,
        cost=P,
        benefit=Q,
        cost_power=1.7,
        benefit_power=0.6,
        width=8.0,  # the widest range of the draws
        domain="payments",
    )
    text = """{ concession: gift, from: B, to: A, cost: p, benefit: q, cost_power: 1.7,
    benefit_power: 0.6 }"""
    assert_same(text, term)
    (mine,) = compile_case(
        parse_scenario(HEAD + text), {"p": P, "q": Q, "top": TOP}, 3
    ).payoffs.terms
    assert mine.width == 8.0


def test_precedents() -> None:
    assert_same(
        "{ precedent: [gift, other], parity: p, players: [B] }",
        room.Parity("t", (GIFT, OTHER), {B: P}, domain="payments"),
    )
    assert_same(
        "{ precedent: gift, push: -0.3, player: B }",
        Form("t", GIFT, {B: room.Linear(-0.3, Q)}, "payments", "precedent"),
    )
    assert_same(
        "{ precedent: gift, push: p, player: A, reference: 1.1, domain: other }",
        Form("t", GIFT, {A: room.Linear(P, 1.1)}, "other", "precedent"),
    )


def test_an_interaction() -> None:
    assert_same(
        "{ interaction: [troops, gift], weights: { A: p, B: -0.1 }, domain: security }",
        room.Interaction("t", (TROOPS, GIFT), {A: P, B: -0.1}, domain="security"),
    )


@pytest.mark.parametrize(
    ("text", "curves"),
    [
        ("linear: gift, reference: q, weights: { A: p, B: -1 }",
         {A: room.Linear(P, Q), B: room.Linear(-1.0, Q)}),
        ("power: gift, exponent: p, weights: { B: q }", {B: room.Power(Q, P, 8.0)}),
        ("exponential: gift, rate: 0.3, weights: { A: p, B: 2 }",
         {A: room.Exponential(P, 0.3), B: room.Exponential(2.0, 0.3)}),
        ("quadratic_loss: gift, weights: { A: p, B: 2 }, ideals: { A: 3, B: q }",
         {A: room.QuadraticLoss(P, 3.0), B: room.QuadraticLoss(2.0, Q)}),
        ("logistic: gift, midpoint: q, steepness: 0.7, weights: { B: p }",
         {B: room.Logistic(P, Q, 0.7)}),
        ("piecewise: gift, points: { B: [[0, 1], [3, p], [9, q]] }",
         {B: room.Piecewise.through([(0.0, 1.0), (3.0, P), (9.0, Q)])}),
    ],
)  # fmt: skip
def test_general_forms(text: str, curves: dict[int, room.Curve]) -> None:
    kind = text.partition(":")[0]
    assert_same(f"{{ {text} }}", Form("t", GIFT, curves, "payments", kind))
    assert_same(f"{{ {text}, domain: other }}", Form("t", GIFT, curves, "other"))
    scenario = parse_scenario(HEAD + f"{{ {text} }}")
    case = compile_case(scenario, {"p": P, "q": Q, "top": TOP}, 3)
    kinds = {part.component for part in case.payoffs.components(X)}
    assert kinds == {kind}
    for curve in case.payoffs.terms[0].curves.values():
        assert getattr(curve, "width", 8.0) == 8.0
