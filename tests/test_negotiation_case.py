"""Cases of some draws and at other credibilities, ratifiers, and fronts, by definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from negotiation_cases import worked_case

from sim.errors import ProblemError
from sim.negotiation import compile_case
from sim.negotiation.case import Case, Ratifier
from sim.negotiation.felt import Felt
from sim.negotiation.front import divide, group_parties
from sim.negotiation.lottery import Lottery
from sim.negotiation.ratify import refused, table_ratifiers
from sim.negotiation.structure import Front
from sim.payoffs import Form, Linear, Payoffs, Power, Transfer
from sim.scenario import parse_scenario

A, B, C = range(3)


# ---- cases of some draws, and at other credibilities --------------------------------------------


def guarded(draws: int) -> Case:
    scenario = parse_scenario("""
title: Guarded
players: { A: {}, B: { weight: power } }
parameters:
  power: { value: { uniform: [1, 3] } }
  lost: { value: { uniform: [0, 0.5] } }
  part: { value: { uniform: [0, 1] } }
issues:
  troops: { parties: [A, B], track: defence, range: [0, 10], status_quo: 10, breakdown: part,
            controlled_by: A }
  price: { parties: [A, B], track: trade, range: [0, 5], status_quo: 1, breakdown: 0 }
payoffs:
  guard: { deterrence: troops, own_forces: 0, threat: 10, stakes: { A: 1, B: 6 } }
  pay: { transfer: price, from: B, to: A }
regimes:
  linked: { erosion: lost, audience_cost: { A: part, B: 1 }, threat_credibility: part }
  fixed: { like: separate, erosion: 0.9 }
ratifiers:
  sure: { player: B, stakes: { guard: part, pay: 2 }, threshold: part,
          payoffs: { own: { linear: price, weights: { B: 3 } } } }
  chancy: { player: A, threshold: 0.5, probability: { steepness: power } }
threats: { A: [{ name: leave, set: { troops: part } }] }
""")
    rng = np.random.default_rng(0)
    theta = {u.name: u.distribution.ppf(rng.random(draws)) for u in scenario.uncertain}
    return compile_case(scenario, theta, draws)


def test_some_draws_of_a_case_are_those_draws() -> None:
    case = guarded(4)
    rows = np.array([3, 1])
    part = case.take(rows)
    assert part.n_draws == 2
    for name in ("lower", "upper", "status_quo", "breakdown"):
        np.testing.assert_array_equal(getattr(part, name), getattr(case, name)[rows])
    np.testing.assert_array_equal(part.width, case.width[rows])
    x = np.array([[4.0, 2.0], [5.0, 3.0]])
    whole = np.zeros((4, 2))
    whole[rows] = x
    np.testing.assert_allclose(part.payoffs.money(x), case.payoffs.money(whole)[rows])
    mine, other = part.ratifier_payoffs, case.ratifier_payoffs
    assert mine is not None
    assert other is not None
    np.testing.assert_allclose(mine.money(x), other.money(whole)[rows])
    for r, s in zip(part.ratifiers, case.ratifiers, strict=True):
        assert (r.name, r.player, r.index) == (s.name, s.player, s.index)
        assert (r.steepness is None) == (s.steepness is None)
    np.testing.assert_array_equal(part.ratifiers[0].threshold, case.ratifiers[0].threshold[rows])
    np.testing.assert_array_equal(part.ratifiers[1].steepness, case.ratifiers[1].steepness[rows])
    np.testing.assert_array_equal(part.ratifiers[1].luck, case.ratifiers[1].luck[rows])
    assert part.ratifiers[1].threshold == 0.5
    np.testing.assert_array_equal(part.postures[A][0][0], case.postures[A][0][0][rows])
    regime, whole_regime = part.regimes["linked"], case.regimes["linked"]
    np.testing.assert_array_equal(regime.erosion, whole_regime.erosion[rows])
    np.testing.assert_array_equal(regime.threat_credibility, whole_regime.threat_credibility[rows])
    np.testing.assert_array_equal(regime.audience_cost[A], whole_regime.audience_cost[A][rows])
    assert regime.audience_cost[B] == 1.0
    np.testing.assert_array_equal(regime.weights[B], whole_regime.weights[B][rows])
    both = replace(whole_regime, rules=(whole_regime,), name="both")
    (rule,) = replace(case, regimes={"both": both}).take(rows).regimes["both"].rules
    np.testing.assert_array_equal(rule.erosion, whole_regime.erosion[rows])
    assert worked_case(2).take(np.array([0])).ratifier_payoffs is None


def test_linked_troops_lose_credibility_for_players_and_ratifiers() -> None:
    """D = 10c/(10c + 10) at c = 1 − erosion; the reference stays at c = 1."""
    case = guarded(4)
    eroded = case.under(case.regimes["linked"])
    lost = np.asarray(case.regimes["linked"].erosion)
    x = np.array([[10.0, 2.0]] * 4)
    held = (1 - lost) / (2 - lost)
    money = np.column_stack([held + 2.0, 6.0 * held - 2.0])
    np.testing.assert_allclose(eroded.payoffs.money(x), money, atol=1e-12)
    np.testing.assert_allclose(eroded.payoffs.reference.T, [[1.5, 2.0]] * 4)
    part = np.asarray(case.ratifiers[0].threshold)
    assert eroded.ratifier_payoffs is not None
    feels = eroded.ratifier_payoffs.money(x)
    np.testing.assert_allclose(feels[:, 0], part * 6.0 * held - 4.0 + 6.0, atol=1e-12)
    np.testing.assert_allclose(feels[:, 1], held + 2.0, atol=1e-12)
    assert case.under(case.regimes["separate"]) is case
    alone = case.under(case.regimes["fixed"])  # troops alone at their table lose nothing
    np.testing.assert_allclose(alone.payoffs.money(x)[:, A], 2.5)
    mixed = replace(
        case.regimes["separate"], rules=(case.regimes["linked"], case.regimes["separate"])
    )
    np.testing.assert_allclose(case.under(mixed).payoffs.money(x), money, atol=1e-12)


# ---- ratifiers ----------------------------------------------------------------------------------


def test_what_a_ratifier_feels_of_a_term() -> None:
    """Its player's part times a factor, as value, gradient and Hessian at a table."""
    term = Form("t", 1, {A: Power(2.0, 1.5), B: Linear(3.0)})
    factor = np.array([0.5, 2.0])
    felt = Felt(term, A, 1, factor)
    assert (felt.name, felt.domain, felt.players, felt.issues) == ("t", "other", (1,), (1,))
    x = np.array([[0.2, 0.3], [4.0, 9.0]])
    (part,) = felt.components(x)
    assert (part.player, part.domain) == (1, "other")
    np.testing.assert_allclose(part.weight * part.value, factor * 2.0 * x[1] ** 1.5)
    kernel = felt.bind(x, {1: 0}, {7: 0, 1: 2})
    assert kernel is not None
    assert kernel.issues == (0,)
    found = kernel.evaluate(x[1:], 2)
    ((row, value),) = found.value
    ((_, i, slope),) = found.gradient
    ((_, _, j, bend),) = found.hessian
    assert (row, i, j) == (2, 0, 0)
    np.testing.assert_allclose(value, factor * 2.0 * x[1] ** 1.5)
    np.testing.assert_allclose(slope, factor * 3.0 * x[1] ** 0.5)
    np.testing.assert_allclose(bend, factor * 1.5 * x[1] ** -0.5)
    assert felt.bind(x, {1: 0}, {7: 0}) is None
    assert Felt(term, C, 1, factor).bind(x, {1: 0}, {1: 0}) is None


def test_who_must_ratify_at_a_table_and_who_does_by_chance() -> None:
    case = guarded(4)
    (table,) = case.regimes["linked"].tables
    found = table_ratifiers(case, table, case.status_quo)
    assert found is not None
    np.testing.assert_array_equal(found.thresholds[:, 0], case.ratifiers[0].threshold)
    assert found.thresholds.shape == (4, 1)
    assert found.payoffs.players == ("sure",)
    assert table_ratifiers(case, replace(table, parties=(A,)), case.status_quo) is None
    assert table_ratifiers(replace(case, ratifiers=()), table, case.status_quo) is None
    x = np.array([[10.0, 2.0]] * 4)  # the gain of A is 1
    deal = Lottery.sure(x, 2)
    steep = np.asarray(case.ratifiers[1].steepness)
    odds = 1.0 / (1.0 + np.exp(-0.5 * steep))
    regime = case.regimes["separate"]
    for shift, passes in ((-1e-9, True), (1e-9, False)):
        lucky = replace(case.ratifiers[1], luck=odds + shift)
        failed = refused(replace(case, ratifiers=(case.ratifiers[0], lucky)), regime, deal)
        assert failed.shape == (4, 2)
        assert (failed == (not passes)).all()
    elsewhere = replace(regime, tables=(replace(regime.tables[0], parties=(B,)), regime.tables[1]))
    lucky = Ratifier("r", A, 1, 0.5, 1.0, 1.0)
    failed = refused(replace(case, ratifiers=(lucky,)), elsewhere, deal)
    np.testing.assert_array_equal(failed, [[False, True]] * 4)
    assert not refused(replace(case, ratifiers=case.ratifiers[:1]), regime, deal).any()
    # What has fallen counts with its chance: A's gain of 1 a quarter of the time.
    mixed = Lottery(x, case.status_quo, np.full(4, 0.25), np.zeros((4, 2)))
    odds = 1.0 / (1.0 + np.exp(0.25 * steep))
    for shift, passes in ((-1e-9, True), (1e-9, False)):
        lucky = replace(case.ratifiers[1], luck=odds + shift)
        failed = refused(replace(case, ratifiers=(case.ratifiers[0], lucky)), regime, mixed)
        assert (failed == (not passes)).all()


# ---- fronts -------------------------------------------------------------------------------------


def test_a_front_counts_as_one() -> None:
    """Value, gradient, Hessian and disagreement of B and A with shares 2 and 3, beside C."""
    terms = [
        Form("x", 0, {A: Power(1.0, 2.0), B: Linear(4.0), C: Linear(-1.0)}),
        Transfer("y", 1, payer=C, payee=A, premium=1.5, paying_cost=0.2),
    ]
    payoffs = Payoffs.from_status_quo(
        ("A", "B", "C"), ("x", "y"), terms, status_quo=[1.0, 0.0], n_draws=2
    )
    start = np.array([[1.0, 0.0]] * 2)
    bound = payoffs.table((C, A, B), (0, 1), start)
    point = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    weights = np.array([[0.5, 1.5, 2.5], [1.0, 2.0, 3.0]])
    front = Front((B, A), (2.0, 3.0))
    grouped, merged, own = group_parties(bound, (C, A, B), front, point, weights)
    assert grouped.players == ("C", "A+B")
    assert (grouped.issues, grouped.n_draws) == (("x", "y"), 2)
    assert grouped.blocks == bound.blocks
    np.testing.assert_allclose(merged, [[1.0, 3 * 2 + 2 * 3], [4.0, 3 * 5 + 2 * 6]])
    np.testing.assert_allclose(own, [[0.5, 1.0], [1.0, 1.0]])
    counted = group_parties(bound, (C, A, B), replace(front, head_count=True), point, weights)[2]
    np.testing.assert_allclose(counted, [[0.5, 4.0], [1.0, 5.0]])
    x, y = np.array([2.0, 3.0]), np.array([0.5, 0.7])
    found = grouped.evaluate(np.stack([x, y]))
    together = 3 * (x**2 - 1 + 1.5 * y) + 2 * 4 * (x - 1)
    np.testing.assert_allclose(found.value, [-(x - 1) - y - 0.2 * y**2, together], atol=1e-12)
    np.testing.assert_allclose(found.gradient[1], [3 * 2 * x + 8, [4.5, 4.5]], atol=1e-12)
    np.testing.assert_allclose(found.gradient[0], [[-1, -1], -1 - 0.4 * y], atol=1e-12)
    dense = np.zeros((2, 2, 2, 2))
    for row, i, j, entry in found.hessian:
        dense[row, i, j] += entry
    np.testing.assert_allclose(dense[1, 0, 0], 6.0)
    np.testing.assert_allclose(dense[0, 1, 1], -0.4)
    part = grouped.take(np.array([1]))
    np.testing.assert_allclose(
        part.evaluate(np.array([[3.0], [0.7]]), 1).value[:, 0], found.value[:, 1]
    )
    assert part.n_draws == 1
    np.testing.assert_array_equal(grouped.certainty_equivalent(point), point)
    averse = replace(payoffs, risk_aversion=np.array([[0.0] * 2, [0.1] * 2, [0.0] * 2]))
    with pytest.raises(ProblemError, match="risk aversion must be 0 for every player at its"):
        group_parties(averse.table((C, A, B), (0, 1), start), (C, A, B), front, point, weights)


def test_division_inside_a_front() -> None:
    got = np.array([[9.0, 4.0, 2.0], [9.0, 0.0, 5.0]])
    down = np.array([[0.0, 1.0, 1.0], [0.0, -1.0, 2.0]])
    alone = np.array([[7.0, 2.0, 0.0], [7.0, 3.0, 1.0]])
    front = Front((C, B), (1.0, 1.0), division="equal-gains")
    paid = divide(front, got, down, alone)
    np.testing.assert_allclose(paid, [[0, -1.0, 1.0], [0, 1.0, -1.0]])
    gains = (got + paid - down)[:, [B, C]]
    np.testing.assert_allclose(gains[:, 0], gains[:, 1])
    paid = divide(replace(front, division="shapley"), got, down, alone)
    gains = (got + paid - alone)[:, [B, C]]  # each its own and half of what joining adds
    np.testing.assert_allclose(gains, [[2.0, 2.0], [0.5, 0.5]])
    np.testing.assert_array_equal(divide(replace(front, division="none"), got, down, alone), 0.0)
    three = Front((A, B, C), (1.0, 1.0, 1.0), division="equal-gains")
    paid = divide(three, got, down, alone)
    np.testing.assert_allclose(paid.sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.ptp(got + paid - down, axis=1), 0.0, atol=1e-12)
    with pytest.raises(ProblemError, match="defined here for a front of two, not 3; allowed: none"):
        divide(replace(three, division="shapley"), got, down, alone)
