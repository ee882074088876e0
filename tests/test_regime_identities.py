"""Facts about linked and separate tables that hold exactly, each under its conditions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from negotiation_cases import make_case, worked_case

from sim.bargaining import solve
from sim.negotiation import Case, decompose, solve_regimes
from sim.negotiation.fixed_points import seek_fixed_points
from sim.negotiation.stances import compose
from sim.negotiation.tables import table_problem
from sim.payoffs import Concession, Form, Linear, Payoffs, Power, Transfer

REGIMES = ["separate", "threat-linked", "linked-by-consent", "linked"]
A, B = 0, 1


def two_player_case(issues, terms, *, tracks, lower=0.0, upper=1.0, status_quo=0.0) -> Case:
    payoffs = Payoffs.from_status_quo(
        ("A", "B"), tuple(issues), terms, status_quo=np.broadcast_to(status_quo, len(issues))
    )
    return make_case(
        payoffs,
        parties=[(A, B)] * len(issues),
        tracks=tracks,
        lower=lower,
        upper=upper,
        status_quo=status_quo,
        breakdown=status_quo,
    )


def hostage_case(s: float, p: float, q: float) -> Case:
    """A contested pie of size s that is divided by a price, and an uncontested gain (p, q)."""
    terms = [
        Form("sales", 0, {B: Linear(s)}),
        Transfer("price", 1, payer=B, payee=A),
        Form("safety", 2, {A: Linear(p), B: Linear(q)}),
    ]
    return two_player_case(
        ["market", "price", "troops"],
        terms,
        tracks=["trade", "trade", "defence"],
        upper=[1.0, s, 1.0],
    )


def change(case: Case, regime: str, solution: str = "nash") -> np.ndarray:
    settled = solve_regimes(case, [regime], solution)[regime]
    assert settled.converged.all()
    return settled.lottery.money(case.payoffs) - case.payoffs.money(case.status_quo)


@given(s=st.floats(0.2, 5.0), p=st.floats(0.05, 5.0), q=st.floats(0.05, 5.0))
@settings(max_examples=40, deadline=None)
def test_hostage_theorem(s: float, p: float, q: float) -> None:
    """Linking costs the side with the larger uncontested gain min(|p − q|, s)/2."""
    case = hostage_case(s, p, q)
    np.testing.assert_allclose(change(case, "separate")[0], (s / 2 + p, s / 2 + q), atol=1e-6)
    first = np.clip((s + p + q) / 2, p, s + p)
    linked = change(case, "linked")[0]
    np.testing.assert_allclose(linked, (first, s + p + q - first), atol=2e-6)
    loss = max(s / 2 + p - linked[0], s / 2 + q - linked[1])
    np.testing.assert_allclose(loss, min(abs(p - q), s) / 2, atol=4e-6)


def test_kalai_smorodinsky_hurts_the_hostage_too() -> None:
    case = hostage_case(1.0, 2.0, 0.1)
    separate = change(case, "separate", "kalai_smorodinsky")[0]
    linked = change(case, "linked", "kalai_smorodinsky")[0]
    np.testing.assert_allclose(separate, (2.5, 0.6), atol=1e-6)
    assert linked[0] < separate[0] - 0.1
    np.testing.assert_allclose(linked.sum(), separate.sum(), atol=1e-6)


def give_and_take(seed: int, tables: int = 2) -> Case:
    """Random concave tables: each has a concession either way, on two tracks, separable."""
    rng = np.random.default_rng(seed)
    terms, issues, tracks = [], [], []
    for t in range(tables):
        for giver, receiver in ((A, B), (B, A)):
            name = f"{'AB'[giver]}_{t}"
            a, b = rng.uniform(0.3, 2.0), rng.uniform(0.5, 4.0)
            alpha, beta = rng.uniform(1.1, 2.5), rng.uniform(0.4, 1.0)
            terms.append(
                Concession(
                    name, len(issues), giver, receiver, a, b, cost_power=alpha, benefit_power=beta
                )
            )
            issues.append(name)
            tracks.append(f"track{t}")
    return two_player_case(issues, terms, tracks=tracks)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_product_dominance(seed: int) -> None:
    """Π gains(linked) ≥ Π Σ_tables gains(separate) for payoffs separable across the tables."""
    case = give_and_take(seed)
    separate, linked = change(case, "separate")[0], change(case, "linked")[0]
    assert np.prod(linked) >= np.prod(separate) * (1 - 1e-7)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_logrolling_never_hurts_the_parties_of_a_single_dyad(seed: int) -> None:
    case = give_and_take(seed)
    solved = solve_regimes(case, ["separate", "linked-by-consent"], "nash")
    gain = solved["linked-by-consent"].lottery.money(case.payoffs) - solved[
        "separate"
    ].lottery.money(case.payoffs)
    assert (gain >= -1e-7).all()


@pytest.mark.parametrize("solution", ["nash", "egalitarian", "utilitarian"])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_joint_breakdown_linked_and_threat_linked_are_one_point(solution: str, seed: int) -> None:
    """Same parties, weights, breakdown and q: block by block it is the same function of gains."""
    case = give_and_take(seed)
    np.testing.assert_allclose(
        change(case, "threat-linked", solution), change(case, "linked", solution), atol=1e-6
    )


@pytest.mark.parametrize("solution", ["nash", "egalitarian"])
def test_joint_breakdown_holds_for_one_ally_with_rules_of_its_own(solution: str) -> None:
    """Japan's tables under a threat believed half of the time, Korea's under a certain one."""
    case = worked_case()
    regimes = dict(case.regimes)
    for name in ("linked", "threat-linked"):
        regimes[f"half {name}"] = replace(regimes[name], name=name, threat_credibility=0.5)
    case = replace(case, regimes=regimes)
    apart, together = (
        compose(case, {"JPN": f"half {name}", "ROK": "linked"})
        for name in ("threat-linked", "linked")
    )
    both = replace(case, regimes={**regimes, "apart": apart, "together": together})
    np.testing.assert_allclose(
        change(both, "apart", solution), change(both, "together", solution), atol=1e-5
    )


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_egalitarian_least_gain_is_superadditive(seed: int) -> None:
    case = give_and_take(seed)
    separate = change(case, "separate", "egalitarian")[0]
    linked = change(case, "linked", "egalitarian")[0]
    assert linked.min() >= separate.min() - 1e-6


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_neutrality_with_unbounded_transfers(seed: int) -> None:
    """If money can change hands at every table, linked = separate."""
    rng = np.random.default_rng(seed)
    terms, issues, tracks, lower, upper = [], [], [], [], []
    for t in range(2):
        worth = rng.uniform(0.5, 5.0, 2)
        start = len(issues)
        terms.append(Form(f"project{t}", start, {A: Linear(worth[0]), B: Linear(worth[1])}))
        terms.append(Transfer(f"pay{t}", start + 1, payer=B, payee=A))
        issues += [f"project{t}", f"pay{t}"]
        tracks += [f"t{t}"] * 2
        lower += [0.0, -50.0]
        upper += [1.0, 50.0]
    case = two_player_case(issues, terms, tracks=tracks, lower=lower, upper=upper)
    separate, linked = change(case, "separate"), change(case, "linked")
    np.testing.assert_allclose(linked, separate, atol=1e-5)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_one_table_linked_is_that_table(seed: int) -> None:
    """With one track there is nothing to link."""
    case = give_and_take(seed, tables=1)
    for solution in ("nash", "kalai_smorodinsky", "egalitarian"):
        np.testing.assert_allclose(
            change(case, "linked", solution), change(case, "separate", solution), atol=1e-6
        )


def test_block_by_block_can_be_stuck_where_jointly_there_is_a_deal() -> None:
    """Gains 3x − 2y and 3y − 2x: jointly (1, 1); from (0, 0) no table alone has a deal.

    The converse of the joint-breakdown fact needs a start where all gains are positive.
    """
    terms = [
        Form("x", 0, {A: Linear(3.0), B: Linear(-2.0)}),
        Form("y", 1, {A: Linear(-2.0), B: Linear(3.0)}),
    ]
    case = two_player_case(["x", "y"], terms, tracks=["one", "two"])
    np.testing.assert_allclose(change(case, "linked")[0], (1.0, 1.0), atol=1e-6)
    np.testing.assert_allclose(change(case, "threat-linked")[0], (1.0, 1.0), atol=1e-6)
    separate = solve_regimes(case, ["separate"], "nash")["separate"]
    assert not separate.agreement.any()
    assert separate.converged.all()
    # ... and with the other table at (0, 0) there is no deal at either: an equilibrium too.
    regime = case.regimes["threat-linked"]
    for table in regime.tables:
        answer = solve(table_problem(case, regime, table, case.status_quo), "nash")
        assert not answer.agreement.any()


@given(seed=st.integers(0, 10**6), erosion=st.floats(0.0, 0.5))
@settings(max_examples=5, deadline=None)
def test_both_decompositions_add_up(seed: int, erosion: float) -> None:
    case = worked_case(3, gsd=1.1, seed=seed, erosion=erosion)
    twin = case.regimes["linked"].without_erosion("linked-without-erosion")
    case = replace(case, regimes={**case.regimes, twin.name: twin})
    payoff = {
        name: settled.lottery.money(case.under(case.regimes[name]).payoffs)
        for name, settled in solve_regimes(case, [*REGIMES, twin.name], "nash").items()
    }
    parts = decompose(payoff)
    gain = payoff["linked"] - payoff["separate"]
    headline = parts["logrolling"] + parts["coercion"] + parts["erosion"]
    second = parts["leverage"] + parts["packaging"] + parts["erosion"]
    np.testing.assert_allclose(headline, gain, atol=1e-12)
    np.testing.assert_allclose(second, gain, atol=1e-12)
    np.testing.assert_allclose(parts["packaging"], 0.0, atol=1e-5)


def test_a_draw_does_not_depend_on_its_company() -> None:
    """The same bytes whether a draw is solved alone, in part of the chunk, or in all of it."""
    case = worked_case(24, gsd=1.2, seed=3)
    whole = solve_regimes(case, REGIMES, "nash")
    for rows in (np.arange(5, 9), np.array([7]), np.arange(23, -1, -1)):
        part = solve_regimes(case.take(rows), REGIMES, "nash")
        for name in REGIMES:
            same = whole[name].lottery.executed[rows]
            np.testing.assert_array_equal(part[name].lottery.executed, same)


def test_shared_concession_exponents_power_form_agrees_with_concession() -> None:
    """A concession and the same payoffs as general forms lead to the same deal."""
    giving = Concession("c", 0, A, B, 1.0, 3.0, cost_power=2.0, benefit_power=0.5)
    taking = Form("t", 1, {A: Power(2.0, 0.8), B: Linear(-0.7)})
    first = two_player_case(["c", "t"], [giving, taking], tracks=["one", "one"])
    split = [Form("a", 0, {A: Power(-1.0, 2.0), B: Power(3.0, 0.5)}), taking]
    second = two_player_case(["c", "t"], split, tracks=["one", "one"])
    np.testing.assert_allclose(change(first, "linked"), change(second, "linked"), atol=1e-7)


@pytest.mark.parametrize("q", [0.0, 0.4, 1.0])
def test_disagreement_mixes_both_branches(q: float) -> None:
    """d = q v(breakdown) + (1 − q) v(status quo less the audience cost)."""
    case = worked_case()
    regime = replace(case.regimes["linked"], threat_credibility=q, audience_cost=(2.0, 0.0, 0.0))
    table = regime.tables[0]
    problem = table_problem(case, regime, table, case.status_quo)
    down = case.status_quo.copy()
    down[:, list(table.falls)] = case.breakdown[:, list(table.falls)]
    parties = list(table.parties)
    fallen = case.payoffs.utility(down)[:, parties]
    back = case.payoffs.utility(case.status_quo)[:, parties] - np.array([2.0, 0.0])
    np.testing.assert_allclose(problem.disagreement, q * fallen + (1 - q) * back, atol=1e-9)


def test_fixed_points_are_counted() -> None:
    """The stuck example has two: the deal, and mutual no-agreement; a concave case has one."""
    terms = [
        Form("x", 0, {A: Linear(3.0), B: Linear(-2.0)}),
        Form("y", 1, {A: Linear(-2.0), B: Linear(3.0)}),
    ]
    stuck = two_player_case(["x", "y"], terms, tracks=["one", "two"])
    found = seek_fixed_points(stuck, "threat-linked", "nash")
    assert found.several.all()
    assert found.no_agreement.all()
    single = seek_fixed_points(give_and_take(5), "threat-linked", "nash")
    assert not single.several.any()
    assert not single.no_agreement.any()
