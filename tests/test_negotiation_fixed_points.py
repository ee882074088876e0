"""Tables side by side and one after the other: each is the solution given the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from negotiation_cases import make_case, worked_case

from sim.bargaining import solve
from sim.negotiation import Case, Settings, compile_case, nash_in_nash, solve_regimes
from sim.negotiation.fixed_points import seek_fixed_points
from sim.negotiation.foresight import with_foresight
from sim.negotiation.tables import table_problem
from sim.payoffs import Form, Interaction, Linear, Payoffs, Power, QuadraticLoss
from sim.scenario import parse_scenario

A, B, C = range(3)


# ---- the definition -----------------------------------------------------------------------------


@pytest.mark.parametrize("solution", ["nash", "egalitarian"])
@pytest.mark.parametrize("name", ["separate", "linked", "threat-linked"])
def test_no_table_would_settle_anything_else_given_the_others(name: str, solution: str) -> None:
    case = worked_case(3, gsd=1.1, seed=2)
    regime = case.regimes[name]
    settled = solve_regimes(case, [name], solution)[name]
    assert settled.converged.all()
    assert settled.agreement.all()
    assert (settled.residual < 1e-6).all()
    outcome = settled.lottery.mean
    np.testing.assert_array_equal(settled.lottery.executed, settled.lottery.unexecuted)
    for table in regime.tables:
        issues = list(table.issues)
        answer = solve(table_problem(case, regime, table, outcome), solution)
        gap = np.abs(answer.outcome - outcome[:, issues]) / case.width[:, issues]
        np.testing.assert_allclose(gap, 0.0, atol=2e-5)


def drifting(draws: int = 2) -> Case:
    """Two tables whose ideal points pull each other: x* = a + y/2, y* = b + x/2."""
    pull = np.array([0.1, 0.3])[:draws]
    payoffs = Payoffs.from_status_quo(
        ("A", "B", "C"),
        ("x", "y"),
        [
            Form("x", 0, {A: QuadraticLoss(1.0, pull), B: Linear(0.0)}),
            Form("y", 1, {A: QuadraticLoss(1.0, 0.2)}),
            Interaction("both", (0, 1), {A: 1.0}),
        ],
        status_quo=[0.0, 0.0],
        n_draws=draws,
    )
    return make_case(
        payoffs,
        parties=[(A, B), (A, C)],
        tracks=["one", "two"],
        lower=0.0,
        upper=2.0,
        status_quo=0.0,
        breakdown=0.0,
    )


def test_sweeps_stop_when_nothing_moves_and_say_so_when_it_still_does() -> None:
    """B and C are indifferent: A has its way, and the fixed point of its two wishes is known.

    x = p + y/2 and y = 0.2 + x/2 meet at x = 4/3 (p + 0.1); a sweep takes three quarters away.
    """
    case = drifting()
    regime = case.regimes["separate"]
    pull = np.array([0.1, 0.3])
    x = 4.0 / 3.0 * (pull + 0.1)
    fixed = np.column_stack([x, 0.2 + 0.5 * x])
    start = np.zeros((2, 2))
    found = nash_in_nash(case, regime, "utilitarian", start=start)
    np.testing.assert_allclose(found.lottery.mean, fixed, atol=1e-6)
    assert found.converged.all()
    for sweeps in (1, 2, 3):
        short = nash_in_nash(
            case, regime, "utilitarian", start=start, settings=Settings(sweeps=sweeps)
        )
        x = y = np.zeros(2)
        for _ in range(sweeps):
            last, x = (x, y), pull + 0.5 * y
            y = 0.2 + 0.5 * x
        np.testing.assert_allclose(short.lottery.mean, np.column_stack([x, y]), atol=1e-6)
        assert not short.converged.any()
        np.testing.assert_array_equal(short.sweeps, sweeps)
        moved = np.maximum(np.abs(x - last[0]), np.abs(y - last[1])) / 2.0
        np.testing.assert_allclose(short.residual, moved, atol=1e-6)
    loose = nash_in_nash(
        case, regime, "utilitarian", start=start, settings=Settings(tolerance=0.03)
    )
    assert loose.converged.all()
    assert (loose.sweeps < found.sweeps).all()
    assert (loose.residual <= 0.03).all()
    # A draw that starts at its fixed point is done after one sweep, whatever the other does.
    ready = nash_in_nash(case, regime, "utilitarian", start=np.array([fixed[0], [0.0, 0.0]]))
    np.testing.assert_allclose(ready.lottery.mean, fixed, atol=1e-6)
    assert ready.sweeps[0] < ready.sweeps[1]
    assert (found.sweeps < 14).all()  # plain sweeps would take twelve and more


# ---- breakdowns ---------------------------------------------------------------------------------


def half_failing() -> Case:
    """B loses by any x that is to be had; what A and C settle on y depends on where x ends."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B", "C"),
        ("x", "y"),
        [
            Form("x", 0, {A: Linear(1.0), B: Linear(-1.0)}),
            Form("y", 1, {A: QuadraticLoss(1.0, 0.5), C: Linear(0.8)}),
            Interaction("both", (0, 1), {A: 1.0}),
        ],
        status_quo=[0.2, 0.1],
        n_draws=1,
    )
    return make_case(
        payoffs,
        parties=[(A, B), (A, C)],
        tracks=["one", "two"],
        lower=[0.8, 0.0],
        upper=1.0,
        status_quo=[0.2, 0.1],
        breakdown=[0.6, 0.0],
    )


def test_the_others_see_the_mean_breakdown_of_a_failed_table() -> None:
    """q = ¼: x is 0.6 or 0.2, 0.3 on average. A: −(y − ½)² + 0.3 y, C: 0.8 y, from y = 0 or 0.1."""
    case = half_failing()
    regime = replace(
        case.regimes["separate"], threat_credibility=0.25, audience_cost=(0.4, 0.05, 7.0)
    )
    case = replace(case, regimes={"separate": regime})
    found = solve_regimes(case, ["separate"], "nash")["separate"]
    lottery = found.lottery
    assert found.converged.all()
    np.testing.assert_array_equal(found.agreement, [[False, True]])
    y = np.linspace(0.0, 1.0, 400_001)
    own = -((y - 0.5) ** 2) + 0.3 * y
    point = 0.25 * (-0.25) + 0.75 * (-0.16 + 0.03 - 0.4)
    down_c = 0.25 * 0.0 + 0.75 * (0.08 - 7.0)
    product = np.where((own > point) & (0.8 * y > down_c), (own - point) * (0.8 * y - down_c), 0)
    best = y[product.argmax()]
    np.testing.assert_allclose(lottery.executed, [[0.6, best]], atol=1e-4)
    np.testing.assert_allclose(lottery.unexecuted, [[0.2, best]], atol=1e-4)
    np.testing.assert_array_equal(lottery.chance, [0.25])
    np.testing.assert_array_equal(lottery.penalty, [[0.4, 0.05, 0.0]])
    # Where a breakdown of the first brings everything down, the deal of the second is void.
    wide = replace(regime.tables[0], falls=(0, 1))
    both = replace(regime, tables=(wide, regime.tables[1]), name="both")
    found = nash_in_nash(case, both, "nash", start=case.status_quo)
    np.testing.assert_array_equal(found.agreement, [[False, False]])
    np.testing.assert_allclose(found.lottery.executed, [[0.6, 0.0]])
    np.testing.assert_allclose(found.lottery.unexecuted, [[0.2, 0.1]])
    np.testing.assert_array_equal(found.lottery.penalty, [[0.4, 0.05, 7.0]])


def test_each_table_fails_by_its_own_rules() -> None:
    """The chance is that of a table that failed; costs are the larger ones, of who was there."""
    case = half_failing()
    base = replace(case.regimes["separate"], audience_cost=(0.1, 0.0, 0.0))
    rule = replace(base, threat_credibility=0.5, audience_cost=(0.4, 0.2, 9.0))
    other = replace(base, threat_credibility=0.75, audience_cost=(3.0, 3.0, 3.0))
    mixed = replace(base, rules=(rule, other), name="mixed")
    found = nash_in_nash(case, mixed, "nash", start=case.status_quo)
    np.testing.assert_array_equal(found.agreement, [[False, True]])
    np.testing.assert_array_equal(found.lottery.chance, [0.5])
    np.testing.assert_array_equal(found.lottery.penalty, [[0.4, 0.2, 0.0]])
    turned = replace(mixed, tables=mixed.tables[::-1], rules=(other, rule), name="turned")
    again = nash_in_nash(case, turned, "nash", start=case.status_quo)
    np.testing.assert_array_equal(again.agreement, [[True, False]])
    np.testing.assert_array_equal(again.lottery.penalty, [[0.4, 0.2, 0.0]])


@pytest.mark.parametrize("solution", ["nash", "egalitarian", "kalai_smorodinsky"])
def test_tables_that_fall_together_start_where_there_is_something_to_share(solution: str) -> None:
    """Gains 3x − 2y and 3y − 2x: from nothing no table alone has a deal, jointly (1, 1) is one."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B"),
        ("x", "y"),
        [
            Form("x", 0, {A: Linear(3.0), B: Linear(-2.0)}),
            Form("y", 1, {A: Linear(-2.0), B: Linear(3.0)}),
        ],
        status_quo=[0.0, 0.0],
    )
    case = make_case(
        payoffs, parties=[(A, B)] * 2, tracks=["one", "two"],
        lower=0.0, upper=1.0, status_quo=0.0, breakdown=0.0,
    )  # fmt: skip
    found = solve_regimes(case, ["threat-linked"], solution)["threat-linked"]
    assert found.agreement.all()
    assert (found.lottery.money(payoffs) > 0.1).all()
    stuck = seek_fixed_points(case, "threat-linked", solution)
    assert stuck.several.all()
    assert stuck.no_agreement.all()
    assert stuck.starts == 4
    for name, starts in (("linked", 4), ("linked-by-consent", 1)):
        none = seek_fixed_points(case, name, solution)
        assert not none.several.any()
        assert not none.no_agreement.any()
        assert none.starts == starts


def test_one_table_that_agrees_alone_is_no_mutual_walk_out() -> None:
    """The first table has a deal whatever the others do, the other two only together."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B"),
        ("z", "x", "y"),
        [
            Form("z", 0, {A: Linear(1.0), B: Linear(1.0)}),
            Form("x", 1, {A: Linear(3.0), B: Linear(-2.0)}),
            Form("y", 2, {A: Linear(-2.0), B: Linear(3.0)}),
        ],
        status_quo=[0.0] * 3,
    )
    case = make_case(
        payoffs, parties=[(A, B)] * 3, tracks=["zero", "one", "two"],
        lower=0.0, upper=1.0, status_quo=0.0, breakdown=0.0,
    )  # fmt: skip
    assert not seek_fixed_points(case, "threat-linked", "nash").no_agreement.any()


@pytest.mark.parametrize("solution", ["nash", "egalitarian", "utilitarian", "kalai_smorodinsky"])
def test_local_maxima_of_one_table_are_counted(solution: str) -> None:
    """Both like x at either end, 0.2 more at the upper one in the second draw than at the lower."""
    tilt = np.array([0.0, 0.2])
    payoffs = Payoffs.from_status_quo(
        ("A", "B"),
        ("x",),
        [
            Form("valley", 0, {p: Power(4.0, 2.0) for p in (A, B)}),
            Form("slope", 0, {p: Linear(tilt - 4.0) for p in (A, B)}),
        ],
        status_quo=[0.1],
        n_draws=2,
    )
    case = make_case(
        payoffs, parties=[(A, B)], tracks=["one"],
        lower=0.0, upper=1.0, status_quo=0.1, breakdown=0.55,
    )  # fmt: skip
    assert seek_fixed_points(case, "linked", solution).several.all()
    plain = replace(case, lower=np.full((2, 1), 0.6), breakdown=np.full((2, 1), 0.6))
    assert not seek_fixed_points(plain, "linked", solution).several.any()


def test_rules_of_its_own_at_every_table_start_from_the_same_point() -> None:
    """x and y fall together, z alone: the same rules written out once a table change nothing."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B", "C"),
        ("x", "y", "z"),
        [
            Form("x", 0, {A: Linear(3.0), B: Linear(-2.0)}),
            Form("y", 1, {A: Linear(-2.0), B: Linear(3.0)}),
            Form("z", 2, {A: QuadraticLoss(1.0, 0.4), 2: QuadraticLoss(1.0, 0.8)}),
        ],
        status_quo=[0.0, 0.0, 0.0],
    )
    case = make_case(
        payoffs, parties=[(A, B)] * 2 + [(A, 2)], tracks=["one", "two", "one"],
        lower=0.0, upper=1.0, status_quo=0.0, breakdown=0.0,
    )  # fmt: skip
    plain = case.regimes["threat-linked"]
    ruled = replace(plain, name="ruled", rules=(plain,) * len(plain.tables))
    both = replace(case, regimes={**case.regimes, "ruled": ruled})
    found = solve_regimes(both, ["threat-linked", "ruled"], "nash")
    assert found["ruled"].agreement.all()
    np.testing.assert_array_equal(found["ruled"].lottery.mean, found["threat-linked"].lottery.mean)


def test_a_tie_holds_where_one_table_settles_both_issues() -> None:
    """A's ideals are 0.2 and 0.8, B has its own in the middle: tied, both lie at ½."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B"),
        ("x", "y"),
        [
            Form("x", 0, {A: QuadraticLoss(1.0, 0.2), B: QuadraticLoss(1.0, 0.5)}),
            Form("y", 1, {A: QuadraticLoss(1.0, 0.8), B: QuadraticLoss(1.0, 0.5)}),
        ],
        status_quo=[0.0, 0.0],
    )
    case = make_case(
        payoffs, parties=[(A, B)] * 2, tracks=["one", "two"],
        lower=0.0, upper=1.0, status_quo=0.0, breakdown=0.0,
    )  # fmt: skip
    tied = solve_regimes(replace(case, ties=((0, 1),)), ["separate", "linked"], "nash")
    np.testing.assert_allclose(tied["linked"].lottery.mean, [[0.5, 0.5]], atol=1e-6)
    apart = tied["separate"].lottery.mean[0]
    assert apart[1] - apart[0] > 0.1


@pytest.mark.parametrize("solution", ["nash", "egalitarian", "utilitarian", "kalai_smorodinsky"])
def test_a_file_that_cannot_move_is_no_reason_to_let_the_others_fall(solution: str) -> None:
    """The defence file is fixed; that it does not fail is worth the pie to both."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B"),
        ("pie", "troops"),
        [
            Form("pie", 0, {A: Linear(1.0), B: QuadraticLoss(1.0, 0.2)}),
            Form("troops", 1, {A: Linear(1.0), B: Linear(1.0)}),
        ],
        status_quo=[0.5, 3.0],
    )
    case = make_case(
        payoffs, parties=[(A, B)] * 2, tracks=["trade", "defence"],
        lower=[0.0, 3.0], upper=[1.0, 3.0], status_quo=[0.5, 3.0], breakdown=[0.0, 3.0],
    )  # fmt: skip
    found = solve_regimes(case, ["threat-linked", "linked"], solution)
    assert found["threat-linked"].agreement.all()
    linked = found["linked"].lottery.mean
    np.testing.assert_allclose(found["threat-linked"].lottery.mean, linked, atol=1e-6)


def test_consent_keeps_what_stands_unless_both_gain() -> None:
    """At what stands nobody has given anything: a gain for A alone is refused by B."""
    case = half_failing()
    found = solve_regimes(case, ["linked-by-consent", "separate"], "nash")
    consent, separate = found["linked-by-consent"], found["separate"]
    np.testing.assert_allclose(consent.lottery.executed, separate.lottery.executed, atol=1e-9)
    np.testing.assert_allclose(consent.lottery.unexecuted, separate.lottery.unexecuted, atol=1e-9)
    np.testing.assert_array_equal(consent.agreement, separate.agreement)
    assert consent.converged.all()


STUCK = """
title: A meets B over something useless, C over a pie of 4, D over two halves of a whole
players: { A: {}, B: {}, C: {}, D: {} }
issues:
  odd: { parties: [A, B], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }
  pie: { parties: [A, C], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, C], track: t, range: [0, 9], status_quo: 0, breakdown: 0 }
  left: { parties: [A, D], track: one, range: [0, 1], status_quo: 0, breakdown: 0 }
  right: { parties: [A, D], track: two, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  odd: { linear: odd, weights: { A: ODD, B: ODD } }
  pie: { linear: pie, weights: { C: 4 } }
  pay: { transfer: price, from: C, to: A }
  left: { linear: left, weights: { A: -1, D: -1 } }
  right: { linear: right, weights: { A: -1, D: -1 } }
  whole: { interaction: [left, right], weights: { A: 5, D: 5 } }
regimes: { separate: { threat_credibility: 0.5, audience_cost: { A: 2 } } }
"""


@pytest.mark.parametrize("odd", [-1, 1])
def test_consent_here_neither_cures_nor_suffers_what_failed_there(odd: int) -> None:
    """An empty threat costs A half of 2, once, and only while something it failed at stands.

    At C's table too a walk-out would cost A 1, so that the pie is halved from (−1, 0): nothing is
    left to trade there by consent, whatever failed at the others. Linked, the halves are joined and
    give 3 to A and D. With B the threat stays empty where the issue is of no use.
    """
    case = compile_case(parse_scenario(STUCK.replace("ODD", str(odd))), {}, 1)
    found = solve_regimes(case, ["separate", "linked-by-consent"], "nash")
    separate, consent = found["separate"], found["linked-by-consent"]
    useful = odd > 0
    np.testing.assert_array_equal(separate.agreement, [[useful, True, False, False]])
    np.testing.assert_array_equal(consent.agreement, [[useful, True, True]])
    gain = float(useful)
    for settled, joined in ((separate, 0.0), (consent, 1.0)):
        expected = [gain, 1.0, 1.5, joined, joined]
        np.testing.assert_allclose(settled.lottery.mean[0], expected, atol=1e-5)
    for settled, whole, shame in ((separate, 0.0, 1.0), (consent, 3.0, 1.0 - gain)):
        money = settled.lottery.money(case.payoffs)[0]
        np.testing.assert_allclose(money, (gain + 1.5 + whole - shame, gain, 2.5, whole), atol=1e-5)


# ---- one after the other ------------------------------------------------------------------------


def precedent(weight: float = 1.0) -> Case:
    """C follows what B has settled: its table halves y of 3 − (x − y)², A likes both."""
    payoffs = Payoffs.from_status_quo(
        ("A", "B", "C"),
        ("x", "y"),
        [
            Form("x", 0, {A: Linear(1.0), B: QuadraticLoss(1.0, 0.3)}),
            Form("y", 1, {A: Linear(0.5), C: QuadraticLoss(1.0, 0.1)}),
            Interaction("both", (0, 1), {B: 0.4, C: 1.6}),
        ],
        status_quo=[0.0, 0.0],
    )
    case = make_case(
        payoffs, parties=[(A, B), (A, C)], tracks=["one", "two"],
        lower=0.0, upper=1.0, status_quo=0.0, breakdown=[0.05, 0.0],
    )  # fmt: skip
    regime = replace(
        case.regimes["linked"], name="ordered", stages=((0,), (1,)), foresight=True,
        threat_credibility=0.5, audience_cost=(0.02, 0.01, 0.0), weights=(weight, 1.0, 1.0),
    )  # fmt: skip
    return replace(case, regimes={"ordered": regime})


GRID = np.linspace(0.0, 1.0, 2001)


def reply(x: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Return what A and C settle after x, by brute force over y."""
    y = GRID[:, None]
    gain_a = 0.5 * y + 0.5 * 0.02  # a failure there costs A its audience cost, half of the time
    gain_c = -((y - 0.1) ** 2) + 0.01 + 1.6 * x * y
    product = np.where((gain_a > 0) & (gain_c > 0), gain_a**weight * np.maximum(gain_c, 0), -1.0)
    best = product.argmax(axis=0)
    return np.where(product.max(axis=0) > 0, GRID[best], 0.0)


def worth(x: np.ndarray, weight: float = 1.0) -> np.ndarray:
    y = reply(x, weight)
    return np.stack([x + 0.5 * y, -((x - 0.3) ** 2) + 0.09 + 0.4 * x * y])


@pytest.mark.parametrize(
    ("solution", "weight"),
    [("nash", 1.0), ("nash", 3.0), ("egalitarian", 8.0), ("kalai_smorodinsky", 1.0)],
)
def test_foresight_is_the_best_first_deal_given_the_reply(solution: str, weight: float) -> None:
    case = precedent(weight)
    regime = case.regimes["ordered"]
    # The reply comes from the same solution; brute force is for Nash, so the second table is its.
    found = with_foresight(case, regime, solution, start=case.status_quo, mesh=1e-3)
    down = 0.5 * worth(np.array([0.05]), weight) + 0.5 * (
        worth(np.array([0.0]), weight) - np.array([[0.02], [0.01]])
    )
    if solution != "nash":
        later = replace(regime, stages=((1,),), foresight=False)
        down, gains = brute(case, later, solution)
    else:
        gains = worth(GRID, weight) - down
    product = {
        "nash": lambda g: (
            weight * np.log(np.maximum(g[0], 1e-12)) + np.log(np.maximum(g[1], 1e-12))
        ),
        "egalitarian": lambda g: np.minimum(g[0] / weight, g[1]),
        "kalai_smorodinsky": lambda g: (g / ideal(g)[:, None]).min(axis=0),
    }[solution]
    safe = (gains > 0).all(axis=0)
    assert safe.any()
    score = np.where(safe, product(gains), -np.inf)
    x = found.lottery.mean[0, 0]
    np.testing.assert_allclose(x, GRID[: len(score)][score.argmax()] if len(score) == len(GRID)
                               else COARSE[score.argmax()], atol=0.011)  # fmt: skip
    assert found.converged.all()
    assert found.agreement.all()
    assert (found.residual < 1e-3).all()


COARSE = np.linspace(0.0, 1.0, 101)


def ideal(gains: np.ndarray) -> np.ndarray:
    """Return each one's largest gain among the deals that harm nobody."""
    safe = (gains > 0).all(axis=0)
    return gains[:, safe].max(axis=1)


def brute(case: Case, later, solution: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the parties' gains over a coarse grid of first deals, replies by the solver."""

    def after(x: float) -> np.ndarray:
        stands = np.array([[x, 0.0]])
        table = later.tables[1]
        second = solve(table_problem(case, later, table, stands), solution)
        y = second.outcome[0, 0] if second.agreement[0] else 0.0
        return case.payoffs.utility(np.array([[x, y]]))[0, [A, B]]

    down = 0.5 * after(0.05) + 0.5 * (after(0.0) - np.array([0.02, 0.01]))
    return down[:, None], np.stack([after(x) for x in COARSE], axis=1) - down[:, None]


def test_when_the_first_table_fails_the_later_ones_answer_to_that() -> None:
    """B wants nothing of x: the threat is carried out, x = 0.05, or the status quo is back."""
    case = precedent()
    payoffs = Payoffs.from_status_quo(
        case.layout.players,
        case.layout.issues,
        [
            Form("x", 0, {A: Linear(1.0), B: Linear(-9.0)}),
            Form("y", 1, {A: Linear(0.5), C: QuadraticLoss(1.0, 0.1)}),
            Interaction("both", (0, 1), {C: 1.6}),
        ],
        status_quo=[0.0, 0.0],
    )
    regime = replace(case.regimes["ordered"], audience_cost=(0.02, 0.0, 0.0))
    case = replace(case, payoffs=payoffs, breakdown=np.array([[0.05, 0.0]]),
                   lower=np.array([[0.05, 0.0]]), status_quo=np.array([[0.05, 0.0]]))  # fmt: skip
    found = with_foresight(case, regime, "nash", start=case.status_quo, mesh=1e-3)
    np.testing.assert_array_equal(found.agreement, [[False, True]])
    y = reply(np.array([0.05]))[0]
    np.testing.assert_allclose(found.lottery.executed, [[0.05, y]], atol=2e-3)
    np.testing.assert_allclose(found.lottery.unexecuted, [[0.05, y]], atol=2e-3)
    np.testing.assert_array_equal(found.lottery.chance, [0.5])
    np.testing.assert_array_equal(found.lottery.penalty, [[0.02, 0.0, 0.0]])
    wide = replace(regime, tables=(replace(regime.tables[0], falls=(0, 1)), regime.tables[1]))
    found = with_foresight(case, wide, "nash", start=case.status_quo, mesh=1e-3)
    np.testing.assert_array_equal(found.agreement, [[False, False]])


def test_an_earlier_stage_sees_the_status_quo_of_the_later_ones() -> None:
    """Wherever the sweeps start: what B and A settle counts y = 0, although 0.4 xy is B's too."""
    case = precedent()
    regime = replace(case.regimes["ordered"], foresight=False)
    first = nash_in_nash(case, regime, "nash", start=case.status_quo)
    other = nash_in_nash(case, regime, "nash", start=np.array([[0.9, 0.8]]))
    np.testing.assert_allclose(other.lottery.mean, first.lottery.mean, atol=1e-6)
    alone = solve(table_problem(case, regime, regime.tables[0], case.status_quo), "nash")
    np.testing.assert_allclose(first.lottery.mean[:, 0], alone.outcome[:, 0], atol=1e-6)


def test_a_first_table_of_one_issue_may_end_at_its_veto() -> None:
    """H gains b, B gains 2b − 0.8b²; the parliament of A allows a ≤ 0.8, and H wants more."""
    text = """
title: A hub settles with two allies in turn
players: { H: {}, A: {}, B: {} }
issues:
  a: { parties: [H, A], track: t, range: [0, 4], status_quo: 0.4, breakdown: 0.1 }
  b: { parties: [H, B], track: t, range: [0, 4], status_quo: 0.4, breakdown: 0.1 }
payoffs:
  worth_a: { linear: a, weights: { A: 3 } }
  worth_b: { linear: b, weights: { B: 3 } }
  dear_a: { quadratic_loss: a, ideals: { A: 0 }, weights: { A: 0.8 } }
  dear_b: { quadratic_loss: b, ideals: { B: 0 }, weights: { B: 0.8 } }
  pay_a: { transfer: a, from: A, to: H }
  pay_b: { transfer: b, from: B, to: H }
ratifiers:
  house: { player: A, stakes: { worth_a: 0, dear_a: 0 }, threshold: -0.4 }
regimes:
  row: { like: linked, order: [[A], [B]], foresight: true }
"""
    found = solve_regimes(compile_case(parse_scenario(text), {}, 1), ["row"], "nash")["row"]
    assert found.converged.all()
    # (b − 0.1)(2b − 0.8b² − 0.192) is largest where 2.4b² − 4.16b + 0.392 = 0
    b = max(np.roots([2.4, -4.16, 0.392]))
    np.testing.assert_allclose(found.lottery.mean, [[0.8, b]], atol=1e-5)
    # Of two issues the search may have stopped along the veto: it does not say that it converged.
    another = "c: { parties: [H, A], track: t, range: [0, 1], status_quo: 0, breakdown: 0 }"
    worth = "worth_c: { linear: c, weights: { A: 2, H: -0.5 } }"
    text = text.replace("payoffs:", f"  {another}\npayoffs:\n  {worth}")
    for stake, sure in ((0.1, False), (1.0, True)):  # where it minds c as A does it is content
        minds = text.replace("dear_a: 0 }", f"dear_a: 0, worth_c: {stake} }}")
        found = solve_regimes(compile_case(parse_scenario(minds), {}, 1), ["row"], "nash")["row"]
        assert found.agreement.all()
        assert found.converged.all() == sure
