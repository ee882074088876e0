"""Tables in an order, with and without foresight, and allies who bargain as one party."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from negotiation_cases import make_case, worked_case

from sim.bargaining import solve
from sim.errors import ProblemError
from sim.negotiation import Case, compile_case, foresight, make_plan, solve_regimes
from sim.negotiation.nash_in_nash import Settled
from sim.negotiation.structure import Front
from sim.negotiation.tables import table_problem
from sim.payoffs import Form, Linear, Parity, Payoffs, Transfer
from sim.scenario import parse_scenario

US, JPN, ROK = 0, 1, 2


def ordered(case: Case, *, foresight: bool) -> Case:
    """Return the case with a regime in which Japan's linked table comes first."""
    regime = replace(
        case.regimes["linked"], name="ordered", stages=((0,), (1,)), foresight=foresight
    )
    return replace(case, regimes={**case.regimes, "ordered": regime})


def test_without_foresight_each_stage_takes_what_stands() -> None:
    """First Japan's table with Korea at the status quo, then Korea's with Japan's deal."""
    case = ordered(worked_case(3, gsd=1.1), foresight=False)
    settled = solve_regimes(case, ["ordered"], "nash")["ordered"]
    regime = case.regimes["ordered"]
    japan, korea = (list(table.issues) for table in regime.tables)
    first = solve(table_problem(case, regime, regime.tables[0], case.status_quo), "nash")
    np.testing.assert_allclose(settled.lottery.mean[:, japan], first.outcome, atol=1e-5)
    stands = case.status_quo.copy()
    stands[:, japan] = first.outcome
    second = solve(table_problem(case, regime, regime.tables[1], stands), "nash")
    np.testing.assert_allclose(settled.lottery.mean[:, korea], second.outcome, atol=1e-5)


def parity_case() -> Case:
    """Two payments to the hub, which the allies want to be alike: the first sets a precedent."""
    payoffs = Payoffs.from_status_quo(
        ("US", "JPN", "ROK"),
        ("pay_jpn", "pay_rok"),
        [
            Transfer("jpn", 0, payer=JPN, payee=US),
            Transfer("rok", 1, payer=ROK, payee=US),
            Form("worth_jpn", 0, {JPN: Linear(3.0)}),
            Form("worth_rok", 1, {ROK: Linear(1.6)}),
            Parity("parity", (0, 1), {JPN: 0.3, ROK: 0.3}),
        ],
        status_quo=[0.0, 0.0],
    )
    return make_case(
        payoffs,
        parties=[(US, JPN), (US, ROK)],
        tracks=["money", "money"],
        lower=0.0,
        upper=4.0,
        status_quo=0.0,
        breakdown=0.0,
    )


def test_foresight_finds_what_a_grid_over_the_first_deal_finds() -> None:
    case = ordered(parity_case(), foresight=True)
    regime = case.regimes["ordered"]
    settled = solve_regimes(case, ["ordered"], "nash")["ordered"]
    assert settled.converged.all()

    def after(first: np.ndarray) -> np.ndarray:
        many = case.take(np.zeros(len(first), dtype=np.intp))
        stands = np.column_stack([first, np.zeros(len(first))])
        second = solve(table_problem(many, regime, regime.tables[1], stands), "nash")
        stands[:, 1] = np.where(second.agreement, second.outcome[:, 0], 0.0)
        return many.payoffs.utility(stands)[:, [US, JPN]]

    failure = after(np.zeros(1))
    grid = np.linspace(0.0, 4.0, 801)
    gains = after(grid) - failure
    product = np.where((gains > 0.0).all(axis=1), gains.prod(axis=1), -np.inf)
    reached = after(settled.lottery.mean[:, 0]) - failure
    assert reached.prod() >= product.max() * (1 - 1e-6)
    np.testing.assert_allclose(settled.lottery.mean[0, 0], grid[product.argmax()], atol=0.006)


def test_foresight_says_what_it_does_not_cover() -> None:
    case = ordered(parity_case(), foresight=True)
    with pytest.raises(ProblemError, match="foresight"):
        solve_regimes(case, ["ordered"], "raiffa")


@pytest.mark.parametrize("stages", [((0, 1),), ((0,),), ((0, 1), (2,))])
def test_foresight_needs_one_table_first_and_others_after_it(
    stages: tuple[tuple[int, ...], ...],
) -> None:
    regime = replace(parity_case().regimes["linked"], name="wrong", stages=stages, foresight=True)
    with pytest.raises(ProblemError, match="one table in the first stage and others after it"):
        foresight.check_foresight(regime, "nash")


def test_planning_refuses_a_solution_that_foresight_does_not_cover() -> None:
    with pytest.raises(ProblemError, match=r"foresight: true knows nash.*got raiffa"):
        make_plan(parse_scenario(HOSTAGE), regimes=("all-falls",), solutions=("raiffa",))


HOSTAGE = """
title: A pie of 3, and troops that both want
players: { A: {}, B: {}, C: {} }
issues:
  market: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, B], track: trade, range: [0, 9], status_quo: 0, breakdown: 0 }
  troops: { parties: [A, B], track: defence, range: [0, 1], status_quo: 0, breakdown: 0 }
  visits: { parties: [A, C], track: defence, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  sales: { linear: market, weights: { B: 3 } }
  payment: { transfer: price, from: B, to: A }
  safety: { linear: troops, weights: { A: 2, B: 0.5 } }
  visits: { linear: visits, weights: { A: 1, C: 1 } }
regimes:
  all-falls:
    { like: threat-linked, order: [[A-B trade], [A-B defence, A-C defence]], foresight: true }
  own-falls: { like: separate, order: [[A-B trade], [A-B defence, A-C defence]], foresight: true }
"""


SAFE, GONE = "{ A: 2, B: 0.5 }", "{ A: 2, B: -4 }"


@pytest.mark.parametrize(
    ("pie", "safety", "all_falls", "own_falls"),
    [
        (3, SAFE, ((1, 0.75, 1, 1), [1, 1, 1]), ((1, 1.5, 1, 1), [1, 1, 1])),
        (-3, SAFE, ((0, 0, 1, 1), [1, 1, 1]), ((0, 0, 1, 1), [0, 1, 1])),
        (-3, GONE, ((0, 0, 0, 1), [0, 0, 1]), ((0, 0, 0, 1), [0, 0, 1])),
    ],
)
def test_foresight_counts_what_the_first_breakdown_brings_down(
    pie: float, safety: str, all_falls: tuple[Any, Any], own_falls: tuple[Any, Any]
) -> None:
    """Where the troops fall with the pie, A's larger gain from them is B's hostage.

    Gains are then price + 2 and 3 − price + ½; where the troops stand whatever happens, price and
    3 − price. A pie that costs is left alone, and the tables sign nothing but peace for the troops.
    """
    text = HOSTAGE.replace("{ B: 3 }", f"{{ B: {pie} }}").replace(SAFE, safety)
    case = compile_case(parse_scenario(text), {}, 1)
    solved = solve_regimes(case, ["all-falls", "own-falls"], "nash")
    for name, (outcome, agreement) in (("all-falls", all_falls), ("own-falls", own_falls)):
        settled = solved[name]
        np.testing.assert_allclose(settled.lottery.mean[0], outcome, atol=1e-4, err_msg=name)
        np.testing.assert_array_equal(settled.agreement[0], agreement, err_msg=name)
        assert settled.converged.all()


def test_foresight_weighs_both_branches_of_the_first_breakdown() -> None:
    """Executed with 1/4, the threat makes B pay 2; empty, it shames A by 1.

    d = (2/4 − 3/4, −2/4), and whatever happens the troops give both the same: z + 1/4 = 3 − z + ½.
    """
    text = HOSTAGE.replace("range: [0, 9], status_quo: 0, breakdown: 0", "range: [0, 9], "
                           "status_quo: 0, breakdown: 2")  # fmt: skip
    text = text.replace(
        "own-falls: { like: separate,",
        "own-falls: { like: separate, threat_credibility: 0.25, audience_cost: { A: 1 },",
    )
    case = compile_case(parse_scenario(text), {}, 1)
    settled = solve_regimes(case, ["own-falls"], "nash")["own-falls"]
    np.testing.assert_allclose(settled.lottery.mean[0], (1.0, 1.625, 1.0, 1.0), atol=1e-4)


def unanimity_case(division: str, *, head_count: bool = False) -> Case:
    """A project worth 12 to the hub, who can pay both allies; everybody must agree."""
    payoffs = Payoffs.from_status_quo(
        ("US", "JPN", "ROK"),
        ("project", "to_jpn", "to_rok"),
        [
            Form("project", 0, {US: Linear(12.0)}),
            Transfer("to_jpn", 1, payer=US, payee=JPN),
            Transfer("to_rok", 2, payer=US, payee=ROK),
        ],
        status_quo=[0.0, 0.0, 0.0],
    )
    case = make_case(
        payoffs,
        parties=[(US, JPN), (US, JPN), (US, ROK)],
        tracks=["all"] * 3,
        lower=0.0,
        upper=[1.0, 20.0, 20.0],
        status_quo=0.0,
        breakdown=0.0,
    )
    front = Front((JPN, ROK), (1.0, 1.0), head_count, division)
    regime = replace(case.regimes["trilateral"], name="joint-front", front=front)
    return replace(case, regimes={**case.regimes, "joint-front": regime})


def test_joining_forces_hurts_where_all_are_needed() -> None:
    """Harsanyi's paradox: apart the allies get 4 each of 12, as one party 6 together."""
    case = unanimity_case("equal-gains")
    solved = solve_regimes(case, ["trilateral", "joint-front"], "nash")
    apart = solved["trilateral"].lottery.money(case.payoffs)[0]
    np.testing.assert_allclose(apart, (4.0, 4.0, 4.0), atol=1e-5)
    front = solved["joint-front"]
    money = front.lottery.money(case.payoffs)[0] + front.side_payments[0]
    np.testing.assert_allclose(money, (6.0, 3.0, 3.0), atol=1e-5)
    np.testing.assert_allclose(front.side_payments.sum(axis=1), 0.0, atol=1e-12)
    voted = unanimity_case("none", head_count=True)
    kept = solve_regimes(voted, ["joint-front"], "nash")["joint-front"]
    total = kept.lottery.money(voted.payoffs)[0]
    np.testing.assert_allclose((total[US], total[1:].sum()), (4.0, 8.0), atol=1e-5)


def test_shapley_division_starts_from_what_each_has_alone() -> None:
    case = unanimity_case("shapley")
    solved = solve_regimes(case, ["joint-front"], "nash")
    alone = solved["linked"].lottery.money(case.payoffs)[0, 1:]
    front = solved["joint-front"]
    money = (front.lottery.money(case.payoffs) + front.side_payments)[0, 1:]
    np.testing.assert_allclose(money - alone, (money.sum() - alone.sum()) / 2, atol=1e-9)


def test_what_each_has_alone_is_felt_at_the_trust_that_linking_leaves() -> None:
    """Korea has twice Japan's stake: linking without the front costs it more trust."""
    case = worked_case(erosion=0.3)
    front = Front((JPN, ROK), (1.0, 1.0), False, "shapley")
    regime = replace(case.regimes["trilateral"], name="front", front=front, erosion=0.1)
    case = replace(case, regimes={**case.regimes, "front": regime})
    solved = solve_regimes(case, ["front"], "nash")
    alone, joined = (
        solved[name].lottery.money(case.under(case.regimes[name]).payoffs)[0, 1:]
        for name in ("linked", "front")
    )
    gain = joined + solved["front"].side_payments[0, 1:] - alone
    np.testing.assert_allclose(gain, gain.mean(), atol=1e-9)


@pytest.mark.parametrize("branch", ["breakdown", "status_quo"])
def test_an_answer_to_the_first_breakdown_that_is_not_found_is_flagged(
    branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first parties fall back on needs both branches."""
    case = ordered(parity_case(), foresight=True)
    case = replace(case, breakdown=case.breakdown + 0.1)
    settle = foresight._Response._after

    def lost(answer: foresight._Response, outcome: np.ndarray) -> Settled:
        found = settle(answer, outcome)
        there = np.isclose(outcome[:, 0], getattr(case, branch)[:, 0])
        return replace(found, converged=found.converged & ~there)

    assert solve_regimes(case, ["ordered"], "nash")["ordered"].converged.all()
    monkeypatch.setattr(foresight._Response, "_after", lost)
    assert not solve_regimes(case, ["ordered"], "nash")["ordered"].converged.any()
