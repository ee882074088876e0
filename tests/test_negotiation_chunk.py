"""A chunk of draws: what is solved, in what order, and where every number is written."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import SimError
from sim.negotiation import (
    DOMAINS,
    Settings,
    compile_case,
    make_plan,
    median_theta,
    solve_chunk,
    solve_regimes,
)
from sim.payoffs import CustomTerm
from sim.scenario import parse_scenario

TEXT = """
title: A chunk
players: { A: {}, B: { risk_aversion: 0.2 }, C: {} }
parameters: { size: { value: { uniform: [1, 3] } }, fear: { value: { uniform: [0, 0.5] } } }
issues:
  deal: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0.25, breakdown: 0 }
  price: { parties: [A, B], track: trade, range: [-9, 9], status_quo: 1, breakdown: 0 }
  troops: { parties: [A, B], track: defence, domain: security, range: [0, 9], status_quo: 9,
            breakdown: 0 }
  gift: { parties: [A, C], track: aid, range: [0, 4], status_quo: 0, breakdown: 0 }
payoffs:
  worth: { linear: deal, weights: { B: size }, domain: tariffs }
  pay: { transfer: price, from: B, to: A, premium: 1.5 }
  guard: { deterrence: troops, own_forces: 0, threat: 9, stakes: { A: 1, B: 4 } }
  gift: { linear: gift, weights: { A: -1, C: -1 } }
regimes:
  linked: { erosion: fear }
  rough: { like: linked, threat_credibility: 0.3, audience_cost: { A: 0.7 } }
REST
"""
THETA = {"size": np.array([1.5, 2.5, 2.0]), "fear": np.array([0.0, 0.3, 0.5])}
FRONT = """  joint-front: { front: { members: [B, C], division: equal-gains } }
"""


def loaded(rest: str = "solutions: [nash, egalitarian]", front: bool = False) -> object:
    text = TEXT.replace("risk_aversion: 0.2", "") if front else TEXT
    return parse_scenario(text.replace("REST", (FRONT if front else "") + rest))


def test_every_array_is_that_of_the_regime_and_solution() -> None:
    scenario = loaded()
    plan = make_plan(scenario, regimes=("rough", "linked", "linked-by-consent"))
    assert plan.solutions == ("nash", "egalitarian")
    # Consent leans on separate; linked is eroded, so that its twin is needed for the decomposition.
    assert plan.regimes == (
        "rough", "linked", "separate", "linked-by-consent", "linked-without-erosion"
    )  # fmt: skip
    assert plan.players == ("A", "B", "C")
    assert plan.issues == ("deal", "price", "troops", "gift")
    assert plan.tables == ("A-B", "A-C", "A-B trade", "A-B defence", "A-C aid")
    out = solve_chunk(plan, THETA, 3)
    case = compile_case(scenario, THETA, 3)
    shape = (3, 5, 2)
    for name, tail in (
        ("payoff_change", (3,)), ("payoff_change_unweighted", (3,)), ("side_payment", (3,)),
        ("certainty_equivalent", (3,)), ("payoff_change_by_domain", (3, 4)), ("outcome", (4,)),
        ("payoff_change_of_tariffs", (3, 3)),
        ("agreement", (5,)), ("converged", ()), ("residual", ()), ("sweeps", ()),
    ):  # fmt: skip
        assert out[name].shape == shape + tail
    assert (out["agreement"].dtype, out["sweeps"].dtype) == (np.int8, np.int16)
    start = case.payoffs.money(case.status_quo)
    assert out["converged"].all()
    for s, solution in enumerate(plan.solutions):
        solved = solve_regimes(case, plan.regimes, solution, central=plan.central)
        for r, name in enumerate(plan.regimes):
            settled, local = solved[name], case.under(case.regimes[name]).payoffs
            lottery = settled.lottery
            change = lottery.money(local) - start
            np.testing.assert_allclose(out["payoff_change"][:, r, s], change, atol=1e-12)
            np.testing.assert_array_equal(out["outcome"][:, r, s], lottery.mean)
            np.testing.assert_array_equal(out["residual"][:, r, s], settled.residual)
            np.testing.assert_array_equal(out["sweeps"][:, r, s], settled.sweeps)
            domains = out["payoff_change_by_domain"][:, r, s]
            np.testing.assert_allclose(domains.sum(axis=-1), change, atol=1e-12)
            certain = local.certainty_equivalent(lottery.utility(local))
            np.testing.assert_allclose(out["certainty_equivalent"][:, r, s], certain, atol=1e-12)
            raw = out["payoff_change_unweighted"][:, r, s]
            # Without politics a dollar paid is a dollar received: 0.5 a dollar was its premium.
            price = lottery.chance * lottery.executed[:, 1]
            price = price + (1 - lottery.chance) * lottery.unexecuted[:, 1] - 1.0
            np.testing.assert_allclose(raw[:, 0], change[:, 0] - 0.5 * price, atol=1e-9)
            np.testing.assert_allclose(raw[:, 1:], change[:, 1:], atol=1e-9)
            at_tables = [plan.tables.index(t.name) for t in case.regimes[name].tables]
            np.testing.assert_array_equal(out["agreement"][:, r, s][:, at_tables],
                                          settled.agreement)  # fmt: skip
            others = [t for t in range(5) if t not in at_tables]
            np.testing.assert_array_equal(out["agreement"][:, r, s][:, others], -1)


def test_domains_and_what_a_threat_costs() -> None:
    """The aid has no deal: under `rough` A pays its audience cost in 7 of 10 cases, as `other`."""
    scenario = loaded("solutions: [nash]")
    plan = make_plan(scenario, regimes=("rough",))
    assert plan.regimes == ("rough",)
    out = solve_chunk(plan, THETA, 3)
    domains = {name: out["payoff_change_by_domain"][:, 0, 0, :, d]
               for d, name in enumerate(DOMAINS)}  # fmt: skip
    assert DOMAINS == ("security", "tariffs", "payments", "other")
    np.testing.assert_array_equal(out["agreement"][:, 0, 0], [[1, 0]] * 3)
    np.testing.assert_allclose(domains["other"], [[-0.7 * 0.7, 0.0, 0.0]] * 3, atol=1e-9)
    unweighted = out["payoff_change_unweighted"][:, 0, 0]
    price = out["outcome"][:, 0, 0, 1] - 1.0
    np.testing.assert_allclose(domains["payments"][:, 0], 1.5 * price, atol=1e-9)
    np.testing.assert_allclose(domains["payments"][:, 1], -price, atol=1e-9)
    deal = out["outcome"][:, 0, 0, 0] - 0.25
    np.testing.assert_allclose(domains["tariffs"][:, 1], THETA["size"] * deal, atol=1e-9)
    np.testing.assert_allclose(domains["tariffs"][:, 0], 0.0)
    kept = 1.0 - THETA["fear"]
    lost = kept / (1.0 + kept) - 0.5  # D = 9c/(9c + 9), and 0.5 before
    np.testing.assert_allclose(domains["security"][:, 1], 4.0 * lost, atol=1e-9)
    held = -0.5 * 1.4 * 0.7
    np.testing.assert_allclose(unweighted[:, 0], lost + held + price, atol=1e-9)


def test_side_payments_are_payments() -> None:
    scenario = loaded("solutions: [nash]", front=True)
    plan = make_plan(scenario, regimes=("joint-front",))
    out = solve_chunk(plan, THETA, 3)
    side = out["side_payment"][:, 0, 0]
    assert np.abs(side).max() > 0.01
    np.testing.assert_allclose(side.sum(axis=-1), 0.0, atol=1e-12)
    case = compile_case(scenario, THETA, 3)
    payments = out["payoff_change_by_domain"][:, 0, 0, :, DOMAINS.index("payments")]
    price = out["outcome"][:, 0, 0, 1] - 1.0
    np.testing.assert_allclose(payments[:, 2], side[:, 2], atol=1e-9)
    np.testing.assert_allclose(payments[:, 1], side[:, 1] - price, atol=1e-9)
    money = case.payoffs.money(out["outcome"][:, 0, 0]) - case.payoffs.money(case.status_quo)
    np.testing.assert_allclose(out["payoff_change"][:, 0, 0], money + side, atol=1e-9)
    np.testing.assert_allclose(out["certainty_equivalent"][:, 0, 0], money + side, atol=1e-9)
    unweighted = out["payoff_change_unweighted"][:, 0, 0]
    np.testing.assert_allclose(unweighted[:, 2], money[:, 2] + side[:, 2], atol=1e-9)


def test_a_plan_by_default_is_what_the_file_asks_for() -> None:
    scenario = loaded("solutions: [egalitarian]\nsimulate: { regimes: [separate, linked] }")
    plan = make_plan(scenario)
    assert plan.regimes == ("separate", "linked", "linked-without-erosion")
    assert plan.solutions == ("egalitarian",)
    assert plan.settings == Settings()
    assert plan.extra == ()
    assert plan.scenario is scenario
    everything = make_plan(loaded("solutions: [nash]\nsimulate: { solutions: [egalitarian] }"))
    assert everything.solutions == ("egalitarian",)
    assert set(everything.regimes) == {
        "separate", "threat-linked", "linked-by-consent", "linked", "trilateral",
        "trilateral-weighted", "rough", "linked-without-erosion",
    }  # fmt: skip
    # Central outcomes are the solutions at the medians.
    case = compile_case(scenario, median_theta(scenario), 1)
    for name in plan.regimes:
        solved = solve_regimes(case, [name], "egalitarian")[name]
        np.testing.assert_allclose(plan.central[name], solved.lottery.mean[0], atol=1e-6)
    calm = parse_scenario(TEXT.replace("erosion: fear", "erosion: 0").replace("REST", ""))
    assert make_plan(calm, regimes=("linked",)).regimes == ("linked",)
    twin = make_plan(calm, regimes=("separate", "linked-without-erosion"))
    assert twin.regimes == ("separate",)
    asked = make_plan(scenario, regimes=("linked-without-erosion", "linked"))
    assert asked.regimes == ("linked-without-erosion", "linked")


def test_settings_and_extra_terms_reach_the_solver() -> None:
    """One sweep is not enough to know that separate tables have settled."""
    scenario = loaded("solutions: [nash]")
    plan = make_plan(scenario, regimes=("separate",), settings=Settings(sweeps=1))
    assert plan.settings.sweeps == 1
    out = solve_chunk(plan, THETA, 3)
    np.testing.assert_array_equal(out["sweeps"], 1)
    assert not out["converged"].any()
    assert np.isfinite(out["payoff_change"]).all()
    bonus = CustomTerm(lambda x: 3.0 * x, players=(2,), issues=(3,), name="bonus")
    plan = make_plan(scenario, regimes=("separate",), extra=(bonus,))
    out = solve_chunk(plan, THETA, 3)
    assert plan.extra == (bonus,)
    assert plan.central["separate"][3] == pytest.approx(0.0, abs=1e-6)  # A still loses
    worth = CustomTerm(lambda x: 3.0 * x, players=(0,), issues=(3,), name="worth")
    plan = make_plan(scenario, regimes=("separate",), extra=(bonus, worth))
    assert plan.central["separate"][3] == pytest.approx(4.0, abs=1e-6)
    out = solve_chunk(plan, THETA, 3)
    np.testing.assert_allclose(out["payoff_change"][:, 0, 0, 2], 8.0, atol=1e-5)


def test_medians() -> None:
    assert {k: v.tolist() for k, v in median_theta(loaded()).items()} == {
        "size": [2.0], "fear": [0.25]
    }  # fmt: skip


DEBT = """
title: A world that may not clear
players: { A: {}, B: {} }
parameters: { threat: { value: { uniform: [0.2, 1] } } }
issues:
  duty: { parties: [A, B], track: trade, domain: tariffs, range: [0, threat], status_quo: 0,
          breakdown: threat }
  aid: { parties: [A, B], track: aid, range: [0, 4], status_quo: 0, breakdown: 0 }
payoffs:
  world:
    general_equilibrium:
      trade: { east: { west: 4 }, west: { east: 20 } }
      gdp: { east: 40, west: 25 }
    regions: { A: east, B: west }
    tariffs: [{ exporter: west, importer: east, issue: duty }]
    elasticity: 4
  aid: { linear: aid, weights: { A: -1, B: 1.5 } }
solutions: [nash]
"""


@pytest.mark.parametrize("threats", [[0.3, 1.0, 0.6], [1.0, 1.0]])
def test_draws_without_payoffs_are_flagged_and_stop_no_others(threats) -> None:
    """West owes 16 a year, which at a duty of 1 nobody can earn: no wages clear the markets."""
    plan = make_plan(parse_scenario(DEBT), regimes=("separate", "linked"))
    threat = np.array(threats)
    known = threat < 1.0
    out = solve_chunk(plan, {"threat": threat}, len(threat))
    assert not out["converged"][~known].any()
    assert np.isnan(out["payoff_change"][~known]).all()
    assert np.isnan(out["outcome"][~known]).all()
    assert (out["residual"][~known] == 1.0).all()
    assert out["converged"][known].all()
    if known.any():
        alone = solve_chunk(plan, {"threat": threat[known]}, int(known.sum()))
        for name, values in alone.items():
            np.testing.assert_array_equal(out[name][known], values, err_msg=name)


def test_a_plan_whose_median_has_no_payoffs_starts_at_the_status_quo() -> None:
    scenario = parse_scenario(DEBT.replace("[0.2, 1]", "[0.2, 2.2]"))
    plan = make_plan(scenario, regimes=("linked",))
    np.testing.assert_array_equal(plan.central["linked"], [0.0, 0.0])
    out = solve_chunk(plan, {"threat": np.array([0.4])}, 1)
    assert out["converged"].all()


def test_a_solution_for_two_is_not_asked_of_a_larger_table() -> None:
    scenario = parse_scenario("""
title: A hub and two
players: { H: {}, A: {}, B: {} }
issues:
  a: { parties: [H, A], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }
  b: { parties: [H, B], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  a: { linear: a, weights: { H: 1, A: 2 } }
  b: { linear: b, weights: { H: 1, B: 2 } }
""")
    with pytest.raises(SimError, match=r"raiffa: for tables of two, but more sit .* trilateral"):
        make_plan(scenario, solutions=("nash", "raiffa"))
    assert make_plan(scenario, solutions=("raiffa",), regimes=("separate",)).solutions == (
        "raiffa",
    )


def test_who_is_so_averse_to_risk_that_gains_are_alike_stops_no_run() -> None:
    """A gains 90: at an aversion of 1 its utility is 1 to the last digit, its money still 90."""
    text = """
title: Steep
players: { A: { risk_aversion: k }, B: {} }
parameters: { k: { value: { uniform: [0.01, 2] } } }
issues:
  x: { parties: [A, B], track: one, range: [0, 1], status_quo: 0, breakdown: 0 }
  y: { parties: [A, B], track: one, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  x: { linear: x, weights: { A: 90, B: 5 } }
  y: { linear: y, weights: { B: 9, A: -1 } }
"""
    k = np.array([0.01, 1.0, 2.0])
    for solution in ("nash", "egalitarian", "utilitarian"):
        plan = make_plan(parse_scenario(text), regimes=("separate",), solutions=(solution,))
        found = solve_chunk(plan, {"k": k}, 3)
        assert np.isfinite(found["certainty_equivalent"]).all()
        worth = found["certainty_equivalent"], found["payoff_change"]
        np.testing.assert_allclose(*worth, rtol=1e-9)
        assert found["converged"][0].all()
    # from a status quo of 90 a breakdown at 0 is a loss of e^(90 k) in utility: too much at k = 9
    fall = text.replace("status_quo: 0, breakdown: 0 }", "status_quo: 1, breakdown: 0 }", 1)
    plan = make_plan(parse_scenario(fall), regimes=("separate",), solutions=("nash",))
    found = solve_chunk(plan, {"k": np.array([0.01, 9.0])}, 2)
    assert found["converged"][:, 0, 0].tolist() == [True, False]
    assert np.isfinite(found["payoff_change"][0]).all()
    assert np.isnan(found["payoff_change"][1]).all()
