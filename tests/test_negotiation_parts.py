"""Acceleration, lotteries, what falls, and decompositions, each against its definition."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from negotiation_cases import make_case

from sim.negotiation import decompose, linkage_gain
from sim.negotiation.anderson import Anderson
from sim.negotiation.case import Case
from sim.negotiation.lottery import Lottery, mix
from sim.negotiation.structure import Table
from sim.negotiation.tables import Fallback, disagreement, fallen, involved, table_problem
from sim.payoffs import Form, Linear, Payoffs, Power

A, B, C = range(3)


# ---- acceleration -------------------------------------------------------------------------------


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_anderson_solves_a_linear_iteration_in_the_plane_exactly(seed: int) -> None:
    """With two differences in memory the residual of x ↦ Mx + b is 0 after three steps."""
    rng = np.random.default_rng(seed)
    draws = 5
    angle, size = rng.uniform(0.5, 2.5, draws), rng.uniform(0.3, 0.8, draws)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = size[:, None, None] * np.moveaxis(turn, 2, 0)
    offset = rng.normal(size=(draws, 2))
    fixed = np.linalg.solve(np.eye(2) - matrix, offset[..., None])[..., 0]

    def image(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.einsum("bij,bj->bi", matrix[rows], x) + offset[rows]

    memory, rows = Anderson(draws, 2), np.arange(draws)
    x = rng.normal(size=(draws, 2))
    steps = []
    for _ in range(3):
        steps.append((x, image(x, rows)))
        x = memory.step(rows, *steps[-1])
        if len(steps) < 3:
            np.testing.assert_array_equal(x, steps[-1][1])  # no history yet
    np.testing.assert_allclose(x, fixed, atol=1e-8)
    # Some draws only, in another order, and one of them without its past.
    part = np.array([4, 1])
    again = Anderson(draws, 2)
    for before, after in steps[:2]:
        again.step(rows, before, after)
    again.forget(np.array([1]))
    out = again.step(part, steps[2][0][part], steps[2][1][part])
    np.testing.assert_allclose(out[0], fixed[4], atol=1e-8)
    np.testing.assert_array_equal(out[1], steps[2][1][1])


def test_anderson_takes_a_plain_step_after_one_that_did_not_help() -> None:
    memory, rows = Anderson(2, 2), np.arange(2)
    points = [np.array([[0.0, 0.0]] * 2), np.array([[1.0, 0.5]] * 2), np.array([[0.5, 0.9]] * 2)]
    changes = [np.array([[1.0, 0.5]] * 2), np.array([[0.4, 0.3]] * 2)]
    for x, f in zip(points, changes, strict=False):
        memory.step(rows, x, x + f)
    last = np.array([[0.3, 0.4], [0.1, -0.2]])  # as long as the one before, and shorter
    out = memory.step(rows, points[2], points[2] + last)
    np.testing.assert_array_equal(out[0], points[2][0] + last[0])
    assert (out[1] != points[2][1] + last[1]).any()


def test_anderson_knows_when_two_differences_are_one() -> None:
    """On a line the least-squares problem has many solutions: a plain step."""
    memory, rows = Anderson(1, 2), np.arange(1)
    x = np.array([[1.0, 2.0]])
    for _ in range(3):
        after = 0.5 * x
        step = memory.step(rows, x, after)
        np.testing.assert_array_equal(step, after)
        x = after


# ---- lotteries ----------------------------------------------------------------------------------


def two_branches() -> tuple[Lottery, Payoffs]:
    payoffs = Payoffs.from_status_quo(
        ("A", "B"),
        ("x", "y"),
        [Form("x", 0, {A: Linear(2.0), B: Linear(-1.0)}), Form("y", 1, {B: Power(1.0, 0.5)})],
        status_quo=[0.5, 1.0],
        n_draws=3,
        risk_aversion=np.array([[0.3, 0.0, 0.8], [0.0, 0.0, 0.5]]),
    )
    lottery = Lottery(
        np.array([[1.0, 4.0], [0.2, 1.0], [0.7, 2.25]]),
        np.array([[0.0, 4.0], [0.5, 0.0], [0.7, 2.25]]),
        np.array([0.25, 0.6, 0.9]),
        np.array([[0.5, 0.0], [0.1, 0.2], [0.3, 0.4]]),
    )
    return lottery, payoffs


def test_a_lottery_mixes_money_in_money_and_utility_in_utility() -> None:
    lottery, payoffs = two_branches()
    q = lottery.chance[:, None]
    np.testing.assert_allclose(
        lottery.mean, q * lottery.executed + (1 - q) * lottery.unexecuted, atol=1e-12
    )
    done, back = payoffs.money(lottery.executed), payoffs.money(lottery.unexecuted)
    np.testing.assert_allclose(
        lottery.money(payoffs), q * done + (1 - q) * (back - lottery.penalty), atol=1e-12
    )
    reference, a = payoffs.reference.T, payoffs.risk_aversion.T

    def v(money: np.ndarray) -> np.ndarray:
        change = money - reference
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(a > 0, (1 - np.exp(-a * change)) / a, change)

    expected = q * v(done) + (1 - q) * v(back - lottery.penalty)
    np.testing.assert_allclose(lottery.utility(payoffs), expected, atol=1e-9)
    neutral = replace(payoffs, risk_aversion=None)
    expected = lottery.money(payoffs) - reference
    np.testing.assert_allclose(lottery.utility(neutral), expected, atol=1e-9)
    free = replace(lottery, penalty=np.zeros((3, 2)))
    np.testing.assert_allclose(free.utility(payoffs), q * v(done) + (1 - q) * v(back), atol=1e-9)
    sure = Lottery.sure(lottery.executed, 2)
    np.testing.assert_allclose(sure.utility(payoffs), v(done), atol=1e-9)
    np.testing.assert_array_equal(sure.money(payoffs), done)


def test_a_lottery_is_worth_a_sure_sum_however_large_and_averse_to_risk() -> None:
    """−ln E[e^(−aΔ)]/a by logarithms of sums, where 1 − a v is 0 in floating point."""
    averse = np.array([[0.0, 1e-9, 0.3, 2.0, 2.0]])
    payoffs = Payoffs.from_status_quo(
        ("A",), ("x",), [Form("x", 0, {0: Linear(1.0)})],
        status_quo=[5.0], n_draws=5, risk_aversion=averse,
    )  # fmt: skip
    done, lost = np.array([[95.0], [95.0], [95.0], [95.0], [45.0]]), np.full((5, 1), 65.0)
    chance, penalty = np.full(5, 0.25), np.full((5, 1), 2.0)
    lottery = Lottery(done, lost, chance, penalty)
    a, first, second = averse[0], done[:, 0] - 5.0, lost[:, 0] - 7.0
    with np.errstate(divide="ignore", invalid="ignore"):
        total = np.logaddexp(np.log(chance) - a * first, np.log(1 - chance) - a * second)
        want = np.where(a < 1e-6, chance * first + (1 - chance) * second, -total / a)
    found = lottery.certainty_equivalent(payoffs)
    np.testing.assert_allclose(found[:, 0], want, rtol=1e-6)
    small = Lottery(np.full((5, 1), 6.0), np.full((5, 1), 4.0), chance, penalty)
    money = payoffs.certainty_equivalent(small.utility(payoffs))
    np.testing.assert_allclose(small.certainty_equivalent(payoffs), money, rtol=1e-6)
    sure = Lottery.sure(done, 1).certainty_equivalent(payoffs)
    np.testing.assert_array_equal(sure, done - 5.0)
    for q, certain in ((1.0, first), (0.0, second)):  # the branch without a chance does not count
        found = Lottery(done, lost, np.full(5, q), penalty).certainty_equivalent(payoffs)
        np.testing.assert_allclose(found[:, 0], certain, rtol=1e-12)


def test_rows_and_choices_of_lotteries() -> None:
    first, _ = two_branches()
    second = Lottery(
        first.executed + 1, first.unexecuted + 2, 1.0 - first.chance, first.penalty + 3
    )
    choose = np.array([True, False, True])
    picked = first.where(choose, second)
    for item in fields(Lottery):
        mine, other = getattr(first, item.name), getattr(second, item.name)
        got = getattr(picked, item.name)
        np.testing.assert_array_equal(got[[0, 2]], mine[[0, 2]])
        np.testing.assert_array_equal(got[1], other[1])
        np.testing.assert_array_equal(
            getattr(first.take(np.array([2, 0])), item.name), mine[[2, 0]]
        )


def test_a_mixture_of_equals_is_exact() -> None:
    value = np.array([[0.1, 1.0 / 3.0]])
    np.testing.assert_array_equal(mix(np.array([0.7]), value, value), value)
    np.testing.assert_allclose(mix(np.array([0.7]), value, 0.0 * value), 0.7 * value)
    np.testing.assert_allclose(mix(np.array([0.25]), np.array([1.0]), np.array([5.0])), 4.0)


# ---- what falls ---------------------------------------------------------------------------------


def three_players(draws: int = 2) -> Case:
    payoffs = Payoffs.from_status_quo(
        ("A", "B", "C"),
        ("x", "y", "z"),
        [
            Form("x", 0, {A: Linear(2.0), B: Linear(1.0)}),
            Form("y", 1, {A: Linear(-1.0), B: Linear(4.0)}),
            Form("z", 2, {A: Linear(0.5), C: Linear(3.0), B: Linear(0.25)}),
        ],
        status_quo=[0.5, 0.25, 0.5],
        n_draws=draws,
    )
    return make_case(
        payoffs,
        parties=[(A, B), (A, B), (A, C)],
        tracks=["one", "two", "one"],
        lower=0.0,
        upper=[1.0, 1.0, 2.0],
        status_quo=[0.5, 0.25, 0.5],
        breakdown=[0.0, 0.1, 0.2],
    )


def test_what_falls_is_a_lottery_over_breakdown_and_status_quo() -> None:
    case = three_players()
    elsewhere = np.array([[0.9, 0.8, 1.7], [0.6, 0.7, 1.5]])
    regime = replace(
        case.regimes["linked"],
        threat_credibility=np.array([0.3, 0.6]),
        audience_cost=(0.5, np.array([1.0, 2.0]), 4.0),
    )
    found = fallen(case, regime, elsewhere, np.array([False, True, False]))
    np.testing.assert_array_equal(found.executed, [[0.9, 0.1, 1.7], [0.6, 0.1, 1.5]])
    np.testing.assert_array_equal(found.unexecuted, [[0.9, 0.25, 1.7], [0.6, 0.25, 1.5]])
    np.testing.assert_array_equal(found.chance, [0.3, 0.6])
    np.testing.assert_array_equal(found.penalty, [[0.5, 1.0, 0.0], [0.5, 2.0, 0.0]])
    rows = np.array([[True, False, False], [False, False, True]])
    np.testing.assert_array_equal(involved(case, rows), [[True, True, False], [True, False, True]])
    by_draw = fallen(case, regime, elsewhere, rows)
    np.testing.assert_array_equal(by_draw.penalty, [[0.5, 1.0, 0.0], [0.5, 0.0, 4.0]])
    table = Table("t", (A, B), (0,), (0, 1))
    point = disagreement(case, regime, table, elsewhere, None)
    np.testing.assert_array_equal(point.executed, [[0.0, 0.1, 1.7], [0.0, 0.1, 1.5]])
    stands = Fallback(
        Lottery(elsewhere + 1, elsewhere + 2, np.array([0.1, 0.2]), np.ones((2, 3))),
        np.array([[True, False, True], [False, True, False]]),
    )
    point = disagreement(case, regime, table, elsewhere, stands)
    np.testing.assert_array_equal(point.executed, [[1.9, 0.8, 1.7], [1.6, 0.7, 1.5]])
    np.testing.assert_array_equal(point.unexecuted, [[2.9, 0.8, 1.7], [2.6, 0.7, 1.5]])
    np.testing.assert_array_equal(point.chance, [0.1, 0.2])
    # Only those bear it whose issue here did not come to an agreement there.
    np.testing.assert_array_equal(point.penalty, [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    taken = stands.take(np.array([1]))
    np.testing.assert_array_equal(taken.agreed, [[False, True, False]])
    np.testing.assert_array_equal(taken.lottery.chance, [0.2])
    # The problem at the table: what others fall back on, weights and ties included.
    tied = replace(case, ties=((1, 0), (0, 2)))
    regime = replace(regime, weights=(2.0, np.array([3.0, 5.0]), 7.0))
    problem = table_problem(tied, regime, Table("t", (A, B), (0, 1), (0, 1)), elsewhere)
    assert problem.ties == ((1, 0),)
    np.testing.assert_array_equal(problem.weights, [[2.0, 3.0], [2.0, 5.0]])
    np.testing.assert_array_equal(problem.start, elsewhere[:, :2])
    np.testing.assert_array_equal(problem.lower, case.lower[:, :2])
    np.testing.assert_array_equal(problem.upper, case.upper[:, :2])
    wide = Table("t", (A, B), (0, 1), (0, 1, 2))
    for table in (wide, replace(wide, falls=(0, 1))):
        problem = table_problem(case, regime, table, elsewhere)
        lottery = disagreement(case, regime, table, elsewhere, None)
        expected = lottery.utility(case.payoffs)[:, [A, B]]
        np.testing.assert_allclose(problem.disagreement, expected, atol=1e-12)


# ---- decomposition ------------------------------------------------------------------------------


def test_parts_of_the_gain_are_differences_of_regimes() -> None:
    values = {
        "separate": 1.0, "linked": 2.0, "linked-by-consent": 4.0, "threat-linked": 8.0,
        "linked-without-erosion": 16.0,
    }  # fmt: skip
    payoff = {name: np.array([value]) for name, value in values.items()}
    assert {k: v.item() for k, v in decompose(payoff).items()} == {
        "logrolling": 3.0, "coercion": 12.0, "erosion": -14.0, "leverage": 7.0, "packaging": 8.0
    }  # fmt: skip
    assert linkage_gain(payoff).item() == 1.0
    pure = {k: v for k, v in payoff.items() if k != "linked-without-erosion"}
    assert {k: v.item() for k, v in decompose(pure).items()} == {
        "logrolling": 3.0, "coercion": -2.0, "erosion": 0.0, "leverage": 7.0, "packaging": -6.0
    }  # fmt: skip
    assert set(decompose({"linked": payoff["linked"]})) == {"erosion"}
    assert set(decompose({"separate": payoff["separate"], "threat-linked": payoff["linked"]})) == {
        "leverage"
    }
    assert decompose({}) == {}
