"""Where breakdown values come from, what threats cost, what coalitions of partners are worth."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sim.errors import GameError
from sim.negotiation import Case, compile_case, solve_regimes
from sim.negotiation.alliance import alliance_game, solve_alliance
from sim.negotiation.structure import Table
from sim.negotiation.war import breakdown_values, threat_cost
from sim.scenario import Scenario, parse_scenario

WAR = """
title: Tariffs
players: { C: {}, A: {}, B: {} }
parameters: { taste: { value: { uniform: [0.1, 0.5] } } }
issues:
  side: { parties: [C, A], track: side, range: [0, 1], status_quo: 0.3, breakdown: 0.9,
          controlled_by: C }
  of_a: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0.1, breakdown: 0.7,
          controlled_by: A }
  of_b: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0.2, breakdown: 0.4,
          controlled_by: B }
payoffs:
  a: { quadratic_loss: of_a, weights: { A: 1, B: 2 }, ideals: { A: taste, B: 0 } }
  b: { quadratic_loss: of_b, weights: { A: 2, B: 1 }, ideals: { A: 0, B: 0.6 } }
  both: { interaction: [of_a, of_b], weights: { A: 0.5 } }
  c: { quadratic_loss: side, weights: { C: 1, A: 1 }, ideals: { C: 0.5, A: 0 } }
regimes:
  war: { like: linked, breakdown: nash }
  peace: { like: linked, breakdown: status_quo }
"""
TASTE = np.array([0.1, 0.3, 0.5])


def at_war() -> Case:
    return compile_case(parse_scenario(WAR), {"taste": TASTE}, 3)


def test_announced_or_the_status_quo() -> None:
    case = at_war()
    for name, values in (("linked", case.breakdown), ("peace", case.status_quo)):
        found = breakdown_values(case, case.regimes[name])
        np.testing.assert_array_equal(found.values, values)
        assert found.converged.all()


def test_a_war_is_a_best_reply_of_each_to_the_others() -> None:
    """B's is 0.6; A's 2 (taste − x) + ½ y = 0 at y = 0.6; each dyad fights its own war."""
    case = at_war()
    found = breakdown_values(case, case.regimes["war"])
    assert found.converged.all()
    np.testing.assert_allclose(found.values[:, 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(found.values[:, 1], TASTE + 0.15, atol=1e-6)
    np.testing.assert_allclose(found.values[:, 2], 0.6, atol=1e-6)
    # Where less falls, the rest stays at the status quo: A's reply is to y = 0.2.
    regime = case.regimes["war"]
    only = Table("only", (1, 2), (1,), (1,))
    found = breakdown_values(case, replace(regime, tables=(only,)))
    np.testing.assert_allclose(found.values[:, 1], TASTE + 0.05, atol=1e-6)
    np.testing.assert_array_equal(found.values[:, [0, 2]], case.breakdown[:, [0, 2]])
    # An instrument of somebody who is not at the table stays where the announced war puts it.
    wide = Table("wide", (1, 2), (1, 2), (0, 1, 2))
    found = breakdown_values(case, replace(regime, tables=(wide,)))
    np.testing.assert_allclose(found.values[:, 0], 0.9, atol=1e-6)
    np.testing.assert_allclose(found.values[:, 1], TASTE + 0.15, atol=1e-6)


def test_tables_that_bring_down_the_same_issues_fight_one_war() -> None:
    case = at_war()
    halves = (Table("one", (1, 0), (0,), (0, 1)), Table("two", (1, 2), (1, 2), (0, 1)))
    found = breakdown_values(case, replace(case.regimes["war"], tables=halves))
    np.testing.assert_allclose(found.values[:, 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(found.values[:, 1], TASTE + 0.05, atol=1e-6)


def test_a_threat_costs_what_the_best_reply_would_have_saved() -> None:
    """A's reply to y = 0.4 is taste + 0.1, B's 0.6, C's 0.5; losses are quadratic."""
    case = at_war()
    cost = threat_cost(case, case.regimes["linked"])
    expected = [np.full(3, 0.4**2), (0.7 - TASTE - 0.1) ** 2, np.full(3, 0.2**2)]
    np.testing.assert_allclose(cost, np.column_stack(expected), atol=1e-6)
    averse = replace(case, payoffs=replace(case.payoffs, risk_aversion=np.full((3, 3), 0.7)))
    np.testing.assert_allclose(threat_cost(averse, case.regimes["linked"]), cost, atol=1e-6)
    # What does not fall costs nothing, and A then replies to B's status quo, 0.2.
    table = Table("only", (1, 2), (1,), (1,))
    cost = threat_cost(case, replace(case.regimes["linked"], tables=(table,)))
    np.testing.assert_allclose(cost[:, 1], (0.7 - TASTE - 0.05) ** 2, atol=1e-6)
    np.testing.assert_array_equal(cost[:, [0, 2]], 0.0)


THREATS = """
title: Threats
players: { C: {}, A: {}, B: {} }
parameters: { extra: { value: { uniform: [0, 1] } } }
issues:
  side: { parties: [C, A], track: side, range: [0, 1], status_quo: 0, breakdown: 0 }
  a: { parties: [A, B], track: t, range: [0, 9], status_quo: 0, breakdown: 2, controlled_by: A }
  b: { parties: [A, B], track: t, range: [0, 9], status_quo: 0, breakdown: 3, controlled_by: B }
  cash: { parties: [A, B], track: t, range: [-99, 99], status_quo: 0, breakdown: 0 }
payoffs:
  harm_a: { linear: a, weights: { A: -1, B: -2 } }
  harm_b: { linear: b, weights: { A: -1.5, B: -1 } }
  pay: { transfer: cash, from: B, to: A }
  side: { linear: side, weights: { C: 1, A: 1 } }
  REST
regimes: { tough: { like: linked, breakdown: variable, tables: {
  ab: { parties: [A, B], issues: [a, b, cash] },
  ca: { parties: [C, A], issues: [side] } } } }
threats:
  A: [{ name: none, set: { a: 0 } }, { name: some, set: { a: 4 } }, { name: other, set: { a: 1 } }]
  B: [{ name: none, set: { b: 0 } }, { name: some, set: { b: extra } }]
  C: [{ name: none, set: {} }]
"""
EXTRA = np.array([0.25, 1.0])


def threatened(rest: str = "", menus: str | None = None) -> Case:
    text = THREATS.replace("REST", rest)
    if menus is not None:
        text = text[: text.index("threats:")] + menus
    return compile_case(parse_scenario(text), {"extra": EXTRA}, 2)


def test_optimal_threats_hurt_the_other_side_more() -> None:
    """Deals are efficient: only d_A − d_B = a − ½ b counts; A takes its worst, B the most."""
    case = threatened()
    found = breakdown_values(case, case.regimes["tough"])
    assert found.converged.all()
    np.testing.assert_allclose(found.values[:, 1], 4.0, atol=1e-9)
    np.testing.assert_allclose(found.values[:, 2], EXTRA, atol=1e-9)
    np.testing.assert_array_equal(found.values[:, [0, 3]], 0.0)


def test_threats_without_a_saddle_are_mixed() -> None:
    """d_A − d_B = −(a − 1)(b − 2) over {0, 2} × {1, 4}: matching pennies in unequal stakes."""
    menus = "threats: {{ A: [{}, {}], B: [{}, {}], C: [{{ name: none, set: {{}} }}] }}".format(
        *(f"{{ name: n{v}, set: {{ {k}: {v} }} }}" for k, v in (("a", 0), ("a", 2)) ),
        *(f"{{ name: n{v}, set: {{ {k}: {v} }} }}" for k, v in (("b", 1), ("b", 4)) ),
    )  # fmt: skip
    rest = "cross: { interaction: [a, b], weights: { A: -1 } }"
    text = THREATS.replace("REST", rest)
    text = text.replace("{ A: -1, B: -2 }", "{ A: 2, B: 0 }")
    text = text.replace("{ A: -1.5, B: -1 }", "{ A: 1, B: 0 }")
    text = text[: text.index("threats:")] + menus
    case = compile_case(parse_scenario(text), {"extra": EXTRA}, 2)
    found = breakdown_values(case, case.regimes["tough"])
    # A is indifferent at E b = 2: a third of the time 4; B at E a = 1: half and half.
    np.testing.assert_allclose(found.values[:, 2], 2.0, atol=1e-5)
    np.testing.assert_allclose(found.values[:, 1], 1.0, atol=1e-5)
    assert found.converged.all()


SHADOW = """
title: A payment that is dear to B, and threats that are dear to those who make them
players: { A: {}, B: {}, C: {} }
issues:
  pie: { parties: [A, B], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, B], track: t, range: [0, 9], status_quo: 0, breakdown: 0 }
  a: { parties: [A, B], track: t, range: [0, 1], status_quo: 0, breakdown: 0, controlled_by: A }
  b: { parties: [A, B], track: t, range: [0, 1], status_quo: 0, breakdown: 0, controlled_by: B }
  oven: { parties: [A, C], track: t, range: [0, 1], status_quo: 1, breakdown: 0 }
payoffs:
  pie: { linear: pie, weights: { B: 4 } }
  baked: { interaction: [pie, oven], weights: { B: 6 } }
  oven: { linear: oven, weights: { A: 1, C: 1 } }
  pay: { transfer: price, from: B, to: A, paying_cost: 0.5 }
  harm_a: { linear: a, weights: { A: -1, B: -2.4 } }
  harm_b: { linear: b, weights: { A: -3, B: -0.1 } }
regimes:
  tough: { like: linked, breakdown: variable }
  loose: { like: linked, breakdown: variable, threat_credibility: 0.3 }
  shamed: { like: loose, audience_cost: { A: 3 } }
threats:
  A: [{ name: none, set: { a: 0 } }, { name: some, set: { a: 1 } }]
  B: [{ name: none, set: { b: 0 } }, { name: some, set: { b: 1 } }]
  C: [{ name: none, set: {} }]
"""


def test_threats_are_chosen_at_the_credibility_at_which_they_are_made() -> None:
    """Gains (z − d_A)(10 − z − ½ z² − d_B): a dollar for A costs B 1 + z.

    A's threat raises the price if 2.4 > 1 + z. B's own lowers z to 1.07 at q = 1, so A threatens
    too; to 1.68 at q = 0.3, where A does not. If an empty threat shames A by 3, its point lies as
    low as at q = 1 again, z is 1.07 and A threatens. What A and C settle stands meanwhile.
    """
    case = compile_case(parse_scenario(SHADOW), {}, 1)

    def price(q: float, shame: float, a: float, b: float) -> float:
        d_a, d_b = q * (-a - 3 * b) - (1 - q) * shame, q * (-2.4 * a - 0.1 * b)
        # The product's derivative: 10 − z − ½ z² − d_B = (z − d_A)(1 + z).
        return float(max(np.roots([1.5, 2.0 - d_a, d_b - d_a - 10.0])))

    for name, q, shame, expected in (
        ("tough", 1.0, 0.0, 1.0),
        ("loose", 0.3, 0.0, 0.0),
        ("shamed", 0.3, 3.0, 1.0),
    ):
        a, b = breakdown_values(case, case.regimes[name]).values[0, 2:4]
        assert (a, b) == pytest.approx((expected, 1.0), abs=1e-9), name
        assert price(q, shame, a, b) >= price(q, shame, 1 - a, b)  # A wants it high,
        assert price(q, shame, a, b) <= price(q, shame, a, 1 - b)  # B low
        settled = solve_regimes(case, [name], "nash")[name]
        assert settled.lottery.mean[0, 1] == pytest.approx(price(q, shame, a, b), abs=1e-6)


def test_threats_are_for_two_who_have_declared_some() -> None:
    case = threatened()
    regime = case.regimes["tough"]
    three = replace(regime, tables=(Table("all", (0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3)),))
    with pytest.raises(GameError, match="tables of two parties, not of C, A, B; allowed there: an"):
        breakdown_values(case, three)
    with pytest.raises(GameError, match=r"variable needs threats\.B, a list of postures"):
        breakdown_values(replace(case, postures={1: case.postures[1]}), regime)


ALLIANCE = """
title: A hub
players: { X: {}, H: {}, Y: {}, Z: {} }
parameters: { help: { value: { uniform: [-2, 3] } } }
issues:
  x: { parties: [H, X], track: t, range: [0, 2], status_quo: 0.5, breakdown: 0.25 }
  cash_x: { parties: [H, X], track: t, range: [-50, 50], status_quo: 1, breakdown: 0 }
  y: { parties: [H, Y], track: t, range: [0, 3], status_quo: 1, breakdown: 0.5 }
  cash_y: { parties: [H, Y], track: t, range: [-50, 50], status_quo: 1, breakdown: 0 }
  cash_z: { parties: [H, Z], track: t, range: [-50, 50], status_quo: 0, breakdown: 0 }
payoffs:
  x: { linear: x, weights: { X: 4, H: -1 } }
  y: { linear: y, weights: { Y: 2, X: help, H: 0.5 } }
  both: { interaction: [x, y], weights: { H: 1 } }
  pay_x: { transfer: cash_x, from: X, to: H }
  pay_y: { transfer: cash_y, from: Y, to: H }
  pay_z: { transfer: cash_z, from: Z, to: H }
regimes: { separate: { threat_credibility: 0.3, audience_cost: { X: 2 } } }
"""
HELP = np.array([-2.0, 0.5, 3.0])


def allied(text: str = ALLIANCE) -> tuple[Scenario, dict[str, np.ndarray]]:
    return parse_scenario(text), {"help": HELP}


def worth(members: str) -> np.ndarray:
    """Return what the members gain together over breakdown: the best corner of their issues."""
    low = {"x": 0.25, "y": 0.5}
    best = np.full(3, -np.inf)
    xs = (0.0, 2.0) if "X" in members else (0.25,)
    ys = (0.0, 3.0) if "Y" in members else (0.5,)
    for x, y in itertools.product(xs, ys):
        total = (4.0 * (x - low["x"])) * ("X" in members) - (x - low["x"])
        total += (2.0 * (y - low["y"])) * ("Y" in members) + 0.5 * (y - low["y"])
        total += x * y - low["x"] * low["y"]
        best = np.maximum(best, total + HELP * (y - low["y"]) * ("X" in members))
    return best


def test_a_coalition_is_worth_what_its_members_settle_together() -> None:
    scenario, theta = allied()
    found = solve_alliance(scenario, theta, 3)
    assert found.players == ("X", "H", "Y", "Z")
    value = found.game.value
    for members in ("XH", "HY", "XHY", "XHYZ", "HYZ"):
        np.testing.assert_allclose(
            np.asarray(value(tuple(members))), worth(members), atol=1e-5, err_msg=members
        )
    for members in (("X",), ("X", "Y"), ("H",), ("H", "Z")):
        np.testing.assert_allclose(np.asarray(value(members)), 0.0, atol=1e-5)
    pairs = worth("XH") + worth("HY")
    np.testing.assert_allclose(found.complements, worth("XHYZ") - pairs, atol=1e-5)
    # Shapley: the mean over all orders of what a player adds.
    names, shares = found.players, np.zeros((3, 4))
    for order in itertools.permutations(range(4)):
        for n, player in enumerate(order):
            before = tuple(names[p] for p in sorted(order[:n]))
            after = tuple(names[p] for p in sorted(order[: n + 1]))
            added = np.asarray(value(after)) - (np.asarray(value(before)) if before else 0.0)
            shares[:, player] += added / 24
    np.testing.assert_allclose(found.shapley, shares, atol=1e-5)


def test_what_a_coalition_is_worth_takes_no_rule_from_a_regime() -> None:
    """Bargaining weights, order and threats of separate tables do not bear on the largest total.

    Cash is dear to pay, so that weights of a weighted sum would move what X and H settle on.
    """
    dear = ALLIANCE.replace("from: X, to: H }", "from: X, to: H, premium: 2 }")
    before = solve_alliance(*allied(dear), 3).game.values
    rules = "weights: { X: 9 }, order: [H-Y t, X-H t, H-Z t], breakdown: nash,"
    text = dear.replace("separate: {", f"separate: {{ {rules}")
    np.testing.assert_allclose(solve_alliance(*allied(text), 3).game.values, before, atol=1e-6)


def test_under_another_solution_the_total_may_be_smaller() -> None:
    """X has 4z − c and H c − 3z with c ≤ 5.5: the total is largest at z = 1.75.

    Nash gives up some of it, as H cannot be paid enough: z = 38.5/24.
    """
    text = ALLIANCE.replace(
        "cash_x: { parties: [H, X], track: t, range: [-50, 50], status_quo: 1,",
        "cash_x: { parties: [H, X], track: t, range: [0, 5.5], status_quo: 0,",
    )
    scenario, theta = allied(text.replace("{ X: 4, H: -1 }", "{ X: 4, H: -3.5 }"))
    case = compile_case(scenario, theta, 3)
    for solution, total in (("utilitarian", 1.75), ("nash", 38.5 / 24.0)):
        game = alliance_game(case, solution=solution)
        np.testing.assert_allclose(np.asarray(game.value(("X", "H"))), total, atol=1e-5)


def test_without_a_hub_there_is_no_such_game() -> None:
    scenario, theta = allied(ALLIANCE.replace("parties: [H, Z]", "parties: [X, Z]"))
    with pytest.raises(GameError, match="coalitions: one player who is a party to every issue"):
        alliance_game(compile_case(scenario, theta, 3))
