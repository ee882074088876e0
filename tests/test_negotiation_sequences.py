"""Tables in an order, with and without foresight, and allies who bargain as one party."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from negotiation_cases import make_case, worked_case

from sim.bargaining import solve
from sim.errors import ProblemError
from sim.negotiation import Case, solve_regimes
from sim.negotiation.structure import Front
from sim.negotiation.tables import table_problem
from sim.payoffs import Form, Linear, Parity, Payoffs, Transfer

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

    def after(first: float) -> np.ndarray:
        stands = np.array([[first, 0.0]])
        second = solve(table_problem(case, regime, regime.tables[1], stands), "nash")
        outcome = np.array([[first, second.outcome[0, 0] if second.agreement[0] else 0.0]])
        return case.payoffs.utility(outcome)[0, [US, JPN]]

    failure = after(0.0)
    grid = np.linspace(0.0, 4.0, 801)
    gains = np.array([after(x) for x in grid]) - failure
    product = np.where((gains > 0.0).all(axis=1), gains.prod(axis=1), -np.inf)
    reached = after(settled.lottery.mean[0, 0]) - failure
    assert reached.prod() >= product.max() * (1 - 1e-6)
    np.testing.assert_allclose(settled.lottery.mean[0, 0], grid[product.argmax()], atol=0.006)


def test_foresight_says_what_it_does_not_cover() -> None:
    case = ordered(parity_case(), foresight=True)
    with pytest.raises(ProblemError, match="foresight"):
        solve_regimes(case, ["ordered"], "raiffa")


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
