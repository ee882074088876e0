"""Wars over instruments and optimal threats: no player gains by another choice."""

from __future__ import annotations

import numpy as np
import pytest
from games_cases import BREAKDOWN, LOWER, STATUS_QUO, UPPER, worked_example
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bargaining import FiniteProblem, solve
from sim.errors import GameError
from sim.games import (
    best_response,
    nash_war,
    optimal_threats,
    optimal_threats_transferable,
    war_regret,
    zero_sum_value,
)
from sim.payoffs import CustomTerm, Payoffs

CONTROL = [0, 0, 1, 1, 1, 0, 0, 0, 2, 2, 2, 0]


def duopoly(draws: int = 1, *, cross: float = -1.0) -> Payoffs:
    """Return u_i = x_i (1 - x_i + cross x_j); cross = -1 is Cournot competition."""
    term = CustomTerm(
        lambda x: np.stack([x[:, i] * (1 - x[:, i] + cross * x[:, 1 - i]) for i in (0, 1)], axis=1),
        (0, 1),
        (0, 1),
        lower=(0.0, 0.0),
        upper=(1.0, 1.0),
    )
    return Payoffs.from_status_quo(
        ("a", "b"), ("x", "y"), (term,), status_quo=[0.1, 0.1], n_draws=draws
    )


def test_cournot():
    found = nash_war(
        duopoly(3), lower=np.zeros(2), upper=np.ones(2), control=[0, 1], start=[0.9, 0.1]
    )
    assert found.converged.all()
    np.testing.assert_allclose(found.outcome, 1 / 3, atol=1e-7)
    assert (found.count == 1).all()


def test_several_equilibria_are_listed():
    """Beyond cross = -2 each can keep the other out: two corners beside the middle."""
    found = nash_war(
        duopoly(cross=-3.0),
        lower=np.zeros(2),
        upper=np.ones(2),
        control=[0, 1],
        start=[0.45, 0.0],
        starts=12,
    )
    listed = {
        tuple(np.round(x[0], 4))
        for x, e in zip(found.all_outcomes, found.exists, strict=True)
        if e[0]
    }
    assert {(0.5, 0.0), (0.0, 0.5)} <= listed
    assert listed <= {(0.5, 0.0), (0.0, 0.5), (0.2, 0.2)}
    np.testing.assert_allclose(found.outcome, [[0.5, 0.0]], atol=1e-7)
    for x in found.all_outcomes:
        gains = war_regret(
            duopoly(cross=-3.0), x, lower=np.zeros(2), upper=np.ones(2), control=[0, 1]
        )
        assert gains.max() < 1e-8


def test_the_war_of_the_worked_example_has_no_regret():
    payoffs = worked_example(6, spread=0.2, seed=7)
    found = nash_war(payoffs, lower=LOWER, upper=UPPER, control=CONTROL, start=BREAKDOWN)
    assert found.converged.all()
    base = payoffs.utility(found.outcome)
    np.testing.assert_allclose(base, found.payoffs)
    rng = np.random.default_rng(0)
    for player in range(3):
        mine = [i for i, p in enumerate(CONTROL) if p == player]
        for _ in range(200):
            x = found.outcome.copy()
            x[:, mine] = LOWER[mine] + rng.random((6, len(mine))) * (UPPER - LOWER)[mine]
            assert (payoffs.utility(x)[:, player] <= base[:, player] + 1e-9).all()


def test_issues_that_nobody_sets_stay():
    payoffs = worked_example(2)
    control = [0, None, *([None] * 10)]
    found = nash_war(payoffs, lower=LOWER, upper=UPPER, control=control, start=STATUS_QUO)
    np.testing.assert_array_equal(found.outcome[:, 1:], np.tile(STATUS_QUO[1:], (2, 1)))
    reply = best_response(
        payoffs, 0, outcome=np.tile(STATUS_QUO, (2, 1)), issues=[0], lower=LOWER, upper=UPPER
    )
    np.testing.assert_allclose(found.outcome, reply.outcome, atol=1e-9)


def test_any_payoffs_will_do():
    """What is not a `Payoffs` is wrapped: a table is one."""
    payoffs = worked_example(2, spread=0.1)
    table = payoffs.table(range(3), range(12), np.tile(STATUS_QUO, (2, 1)))
    kwargs = {"lower": LOWER, "upper": UPPER, "control": CONTROL, "start": BREAKDOWN}
    np.testing.assert_allclose(
        nash_war(table, **kwargs).outcome, nash_war(payoffs, **kwargs).outcome, atol=1e-7
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"control": [0]}, "one player or None an issue"),
        ({"control": [0, 5]}, "players 0 to 1 or None"),
        ({"control": [None, None]}, "at least one issue"),
        ({"start": [0.1]}, r"start: a number, shape \(2,\)"),
        ({"upper": [-1.0, 1.0]}, "bounds in order"),
        ({"starts": 0}, "starts: 1 to 100"),
    ],
)
def test_what_a_war_refuses(change, message):
    kwargs = {"lower": [0, 0], "upper": [1, 1], "control": [0, 1], "start": [0.1, 0.1]}
    with pytest.raises(GameError, match=message):
        nash_war(duopoly(), **kwargs | change)


matrices = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10_000))


@given(matrices)
@settings(deadline=None)
def test_values_of_matrix_games(shape):
    m, n, seed = shape
    game = np.random.default_rng(seed).integers(-5, 6, (3, m, n)).astype(float)
    value, row, column = zero_sum_value(game)
    np.testing.assert_allclose(row.sum(axis=1), 1)
    np.testing.assert_allclose(column.sum(axis=1), 1)
    assert row.min() >= 0
    assert column.min() >= 0
    np.testing.assert_allclose(np.einsum("bm,bmn->bn", row, game).min(axis=1), value, atol=1e-9)
    np.testing.assert_allclose(np.einsum("bmn,bn->bm", game, column).max(axis=1), value, atol=1e-9)


def test_matching_pennies_threats_are_mixed():
    a = np.array([[1.0, -1.0], [-1.0, 1.0]])
    found = optimal_threats_transferable(a, -a, surplus=10)
    np.testing.assert_allclose(found.row, 0.5)
    np.testing.assert_allclose(found.column, 0.5)
    np.testing.assert_allclose(found.payoffs, 5)
    bonus = np.array([[0.0, 0.0], [0.0, 2.0]])
    skewed = optimal_threats_transferable(a + bonus, -a, surplus=10)
    v, _, _ = zero_sum_value(2 * a + bonus)
    np.testing.assert_allclose(skewed.payoffs[0], [5 + v[0] / 2, 5 - v[0] / 2])


@given(matrices)
@settings(deadline=None, max_examples=50)
def test_no_pure_threat_does_better_with_transfers(shape):
    m, n, seed = shape
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 1, m, n))
    found = optimal_threats_transferable(a, b)
    assert found.converged.all()
    total = (a + b).max()
    for i in range(m):
        place = [found.column[0] @ a[0, i], found.column[0] @ b[0, i]]
        assert (total + place[0] - place[1]) / 2 <= found.payoffs[0, 0] + 1e-9
    for j in range(n):
        place = [found.row[0] @ a[0, :, j], found.row[0] @ b[0, :, j]]
        assert (total + place[1] - place[0]) / 2 <= found.payoffs[0, 1] + 1e-9


@given(matrices)
@settings(deadline=None, max_examples=50)
def test_no_pure_threat_does_better_on_a_hull(shape):
    m, n, seed = shape
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, m, n))
    more = rng.normal(size=(4, 2)) + 1
    found = optimal_threats(a, b, alternatives=more)
    assert found.converged.all()
    points = np.concatenate([np.stack([a.ravel(), b.ravel()], axis=1), more])
    for i in range(m):
        place = [found.column[0] @ a[i], found.column[0] @ b[i]]
        bargain = solve(FiniteProblem(points, place, lotteries=True)).payoffs[0]
        assert bargain[0] <= found.payoffs[0, 0] + 1e-7
    for j in range(n):
        place = [found.row[0] @ a[:, j], found.row[0] @ b[:, j]]
        bargain = solve(FiniteProblem(points, place, lotteries=True)).payoffs[0]
        assert bargain[1] <= found.payoffs[0, 1] + 1e-7
    # utility is transferable at the rates of comparison: half the line's length to each
    rates, sigma = found.rates[0], (points @ found.rates[0]).max()
    share = np.array([sigma + found.value[0], sigma - found.value[0]]) / 2
    np.testing.assert_allclose(rates * found.payoffs[0], share, atol=1e-6)


def test_a_long_line_of_transfers_makes_the_hull_transferable():
    a, b = np.array([[5.0, 0.0], [0.0, 3.0]]), np.array([[3.0, -4.0], [0.0, 6.0]])
    far = [[109.0, -100.0], [-100.0, 109.0]]
    hull = optimal_threats(a, b, alternatives=far)
    money = optimal_threats_transferable(a, b)
    np.testing.assert_allclose(hull.payoffs, money.payoffs, atol=1e-7)
    np.testing.assert_allclose(hull.rates, 0.5)


def test_a_threat_across_issues_pays_if_it_hurts_the_target_more():
    for own, other in ((1.0, 4.0), (3.0, 2.0)):
        found = optimal_threats_transferable([[0.0], [-own]], [[0.0], [-other]], surplus=10)
        gain = max((other - own) / 2, 0.0)
        np.testing.assert_allclose(found.payoffs, [[5 + gain, 5 - gain]])
        assert (found.row[0, 1] == 1.0) == (other > own)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimal_threats([[1.0]], [[1.0, 2.0]]), "equal shapes"),
        (lambda: optimal_threats([[[1.0]]] * 2, [[[1.0]]] * 3), "numbers of draws"),
        (lambda: optimal_threats([[np.nan]], [[1.0]]), "NaN"),
        (lambda: optimal_threats([[1.0]], [[1.0]], alternatives=[[1.0]]), r"shape \(M, 2\)"),
        (lambda: optimal_threats_transferable([[1.0]], [[1.0]], surplus=1.0), "at least max"),
        (lambda: zero_sum_value([1.0]), r"shape \(m, n\)"),
    ],
)
def test_what_threats_refuse(make, message):
    with pytest.raises(GameError, match=message):
        make()


def chase(catches: bool) -> Payoffs:
    """Return u_0 = (x - y)^2, which flees, and u_1 = -(x - y)^2, which follows or stays at 0.5."""
    term = CustomTerm(
        lambda x: np.stack(
            [(x[:, 0] - x[:, 1]) ** 2, -(((x[:, 0] if catches else 0.5) - x[:, 1]) ** 2)], axis=1
        ),
        (0, 1),
        (0, 1),
        lower=(0.0, 0.0),
        upper=(1.0, 1.0),
    )
    return Payoffs.from_status_quo(("a", "b"), ("x", "y"), (term,), status_quo=[0.5, 0.5])


def test_a_war_without_a_pure_equilibrium_is_not_said_to_have_one():
    rules = {"lower": np.zeros(2), "upper": np.ones(2), "control": [0, 1]}
    found = nash_war(chase(catches=True), start=[0.3, 0.3], **rules)
    assert not found.converged.any()
    assert found.count[0] == 0
    assert found.regret[0] > 1e-3
    assert len(found.all_outcomes) == 0


def test_a_reply_that_is_only_locally_best_is_left():
    """Payoff x^2 - 0.3 x: from 0.1 uphill leads to 0, the far end is better."""
    term = CustomTerm(lambda x: x**2 - 0.3 * x, (0,), (0,), lower=(0.0,), upper=(1.0,))
    payoffs = Payoffs.from_status_quo(("a",), ("x",), (term,), status_quo=[0.1])
    found = nash_war(
        payoffs, lower=np.zeros(1), upper=np.ones(1), control=[0], start=[0.1], starts=1
    )
    assert found.converged.all()
    np.testing.assert_allclose(found.outcome, 1.0, atol=1e-9)
