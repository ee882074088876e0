"""The interior-point method piece by piece: each against the equations that define it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bargaining import interior, linear
from sim.bargaining.interior import _Iterate, _Programme, max_log

QUICK = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, pinned: bool = True) -> tuple[_Programme, _Iterate, np.random.Generator]:
    """Return a programme and some interior iterate: with players who do not count or are pinned."""
    rng = np.random.default_rng(seed)
    b, m, n = 3, int(rng.integers(2, 7)), 4
    live = np.ones((b, n), bool)
    live[1, 2] = live[2, 1] = False
    held = np.zeros((b, n), bool)
    held[1, 2] = pinned
    allowed = np.ones((b, m), bool)
    allowed[0, 0] = m < 3
    values = rng.uniform(-1, 1, (b, m, n)) * (live | held)[:, None] * allowed[:, :, None]
    weight = rng.uniform(0.2, 1.0, (b, n)) * live
    programme = _Programme(values, weight / weight.sum(axis=1, keepdims=True), live, held, allowed)
    positive = [rng.uniform(0.1, 2.0, size) for size in ((b, m), (b, m), (b, n), (b, n))]
    lottery, slack, gain, price = positive
    price = np.where(live, price, held * rng.normal(size=(b, n)))
    at = _Iterate(
        np.where(allowed, lottery, 0.0), np.where(allowed, slack, 1.0), gain, price,
        rng.normal(size=b),
    )  # fmt: skip
    return programme, at, rng


@QUICK
@given(seed=SEEDS)
def test_a_direction_solves_the_linearised_conditions(seed: int) -> None:
    """All are linear but the two products, which move at first order."""
    problem, at, rng = drawn(seed)
    part, live = problem.allowed, problem.live
    target = rng.normal(size=part.shape) * part
    ratio = np.where(part, at.lottery / at.slack, 0.0)
    matrix = interior._normal_matrix(problem, at, ratio)
    assert np.allclose(matrix, matrix.transpose(0, 2, 1))
    move = interior._direction(problem, at, matrix, target)
    size = np.linalg.cond(matrix).max() * 1e-11
    new_lottery, new_slack = at.lottery + move.lottery, at.slack + move.slack
    new_price, new_level = at.price + move.price, at.level + move.level
    new_gain = problem.gain(new_lottery * part)
    worth = problem.worth(new_price)
    # nu - sum_i y_i g_ai = s_a
    assert np.allclose((new_level[:, None] - worth)[part], new_slack[part], atol=size)
    # the products lambda_a s_a move by the target
    product = at.lottery * move.slack + at.slack * move.lottery
    assert np.allclose(product[part], target[part], atol=size)
    # g_i y_i = w_i at first order, and g_i is the gain of the lottery
    product = at.gain * at.price + at.gain * move.price + at.price * move.gain
    assert np.allclose(product[live], problem.weight[live], atol=size)
    assert np.allclose((at.gain + move.gain)[live], new_gain[live], atol=size)
    assert np.allclose(new_gain[problem.pinned], 0.0, atol=size)
    assert np.allclose((new_lottery * part).sum(axis=1), 1.0, atol=size)


@QUICK
@given(seed=SEEDS)
def test_how_far_a_step_may_go(seed: int) -> None:
    problem, at, rng = drawn(seed)
    b = len(at.level)
    move = _Iterate(
        *(rng.normal(size=a.shape) * 2.0 for a in (at.lottery, at.slack, at.gain, at.price)),
        np.zeros(b),
    )
    reach = interior._reach(problem, at, move)
    for d in range(b):
        least = 1.0 / 0.99
        for value, change, mask in (
            (at.lottery, move.lottery, problem.allowed),
            (at.slack, move.slack, problem.allowed),
            (at.gain, move.gain, problem.live),
            (at.price, move.price, problem.live),
        ):
            v, c = value[d][mask[d]], change[d][mask[d]]
            least = min([least, *(-v[c < 0] / c[c < 0])])
        assert reach[d] == pytest.approx(least)


@QUICK
@given(seed=SEEDS)
def test_a_step_stays_inside_and_closes_the_gap(seed: int) -> None:
    problem, _, _ = drawn(seed, pinned=False)
    at = interior._start(problem)
    part = problem.allowed
    assert np.allclose(at.lottery.sum(axis=1), 1.0)
    assert np.allclose(at.lottery[part], (part / part.sum(axis=1, keepdims=True))[part])
    assert (at.gain >= 0.1).all()
    assert np.allclose(at.gain * at.price, problem.weight)
    assert np.allclose(at.level[:, None] - problem.worth(at.price), at.slack)
    assert np.allclose(at.slack.min(axis=1), 1.0)
    for careful in (False, True):
        now = at
        for _ in range(3):
            now = interior._step(problem, now, careful=careful)
            for value, mask in (
                (now.lottery, part), (now.slack, part),
                (now.gain, problem.live), (now.price, problem.live),
            ):  # fmt: skip
                assert (value[mask] > 0).all()
            assert not now.lottery[~part].any()
            assert (now.slack[~part] == 1.0).all()


@QUICK
@given(seed=SEEDS)
def test_the_gap_is_the_duality_gap_at_the_lottery(seed: int) -> None:
    problem, at, _ = drawn(seed)
    gap = interior._gap(problem, at)
    for d in range(len(gap)):
        live, pinned, part = problem.live[d], problem.pinned[d], problem.allowed[d]
        lottery = at.lottery[d] / at.lottery[d].sum()
        gain = lottery @ problem.values[d]
        if (gain[live] <= 0).any() or (np.abs(gain[pinned]) > 1e-9).any():
            assert gap[d] == np.inf
            continue
        price = problem.weight[d][live] / gain[live]
        worth = problem.values[d][:, live] @ price
        worth += problem.values[d][:, pinned] @ at.price[d][pinned]
        assert gap[d] == pytest.approx(worth[part].max() - 1.0)


def test_the_gap_where_it_is_one_number() -> None:
    """Gains (1, 0) and (0, 1) at 3 : 1: prices 2/3 and 2, the second is worth 2."""
    problem = _Programme(
        np.eye(2)[None], np.full((1, 2), 0.5), np.ones((1, 2), bool), np.zeros((1, 2), bool),
        np.ones((1, 2), bool),
    )  # fmt: skip
    at = interior._start(problem)
    tilted = _Iterate(np.array([[3.0, 1.0]]), at.slack, at.gain, at.price, at.level)
    assert interior._gap(problem, tilted) == pytest.approx([1.0])
    nothing = _Iterate(np.array([[1.0, 0.0]]), at.slack, at.gain, at.price, at.level)
    assert interior._gap(problem, nothing) == [np.inf]


@QUICK
@given(seed=SEEDS)
def test_scaled_symmetric_systems(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(4, 3, 3))
    a = a @ a.transpose(0, 2, 1) + 0.1 * np.eye(3)
    unit = 10.0 ** rng.uniform(-8, 8, (4, 3))
    right = rng.normal(size=(4, 3)) * unit
    found = interior._solve(a * unit[:, :, None] * unit[:, None, :], right)
    want = np.linalg.solve(a, (right / unit)[..., None])[..., 0] / unit
    assert np.allclose(found / want, 1.0, atol=1e-8)
    # A row of zeros, which nothing asks for, does no harm.
    singular = np.zeros((1, 2, 2))
    singular[0, 0, 0] = 2.0
    assert interior._solve(singular, np.array([[4.0, 0.0]])) == pytest.approx(
        np.array([[2.0, 0.0]])
    )


@QUICK
@given(seed=SEEDS)
def test_a_few_steps_are_enough(seed: int) -> None:
    """Interior points take some 10 to 30 steps whatever the size, and 60 are allowed."""
    rng = np.random.default_rng(seed)
    b, m, n = 6, int(rng.integers(2, 40)), int(rng.integers(2, 6))
    gains = rng.uniform(-1, 1, (b, m, n))
    gains[:, 0] = rng.uniform(0.05, 1.0, (b, n))
    weights = rng.uniform(0.2, 3.0, (b, n))
    lottery, gap = max_log(gains, weights)
    assert (gap <= 1e-9).all()
    weight = weights / weights.sum(axis=1, keepdims=True)
    everyone = np.ones((b, n), bool)
    problem = _Programme(gains, weight, everyone, ~everyone, np.ones((b, m), bool))
    for steps, careful in ((30, False), (60, True)):
        # The best on the way counts: past the last digit, steps only stir up rounding.
        at, best = interior._start(problem), np.full(b, np.inf)
        for _ in range(steps):
            at = interior._step(problem, at, careful=careful)
            best = np.minimum(best, interior._gap(problem, at))
        assert (best <= 1e-8).all()
    assert np.allclose(lottery.sum(axis=1), 1.0)
    own = np.einsum("bmn,bm->bn", gains, lottery)
    worth = np.einsum("bmn,bn->bm", gains, weight / own).max(axis=1)
    assert np.allclose(np.maximum(worth - 1.0, 0.0), gap, atol=1e-12)


def test_units_of_gains_and_weights_do_not_matter() -> None:
    """Tiny gains take the careful run; each draw keeps the better of its two answers."""
    rng = np.random.default_rng(3)
    gains = rng.uniform(-1, 1, (8, 6, 3))
    gains[:, 0] = 0.3
    weights = rng.uniform(0.5, 2.0, (8, 3))
    plain, gap = max_log(gains, weights)
    tiny = gains * np.array([1.0, 1e-5, 1e-7])
    small, small_gap = max_log(tiny, 10.0 * weights)
    assert (gap <= 1e-10).all()
    assert (small_gap <= 1e-10).all()
    assert np.allclose(
        np.einsum("bmn,bm->bn", gains, plain), np.einsum("bmn,bm->bn", gains, small), rtol=1e-4
    )


def test_one_hard_draw_leaves_the_others_alone() -> None:
    rng = np.random.default_rng(4)
    gains = rng.uniform(-1, 1, (5, 6, 3))
    gains[:, 0] = 0.3
    gains[2] *= np.array([1e-8, 1.0, 1e-9])
    together, gap = max_log(gains, np.ones((5, 3)))
    assert (gap <= 1e-8).all()
    for d in range(5):
        alone, own = max_log(gains[d : d + 1], np.ones((1, 3)))
        assert np.array_equal(together[d], alone[0])  # to the last bit
        assert own[0] <= 1e-8


def test_pinned_players_have_nothing_and_others_share() -> None:
    """Player 3 is held at 0: a third on the third alternative, which the second makes up for.

    With probability t there and (1 - 3t)/2 on the first, the product is (1 - t)(1 + 3t)/4.
    """
    gains = np.array([[[1.0, 0.0, 0.5], [0.0, 1.0, -0.5], [1.0, 1.0, 1.0], [0.2, 0.2, 0.0]]])
    weights = np.array([[1.0, 1.0, 0.0]])
    lottery, gap = max_log(gains, weights, pinned=np.array([[False, False, True]]))
    assert lottery[0] == pytest.approx([0.0, 2 / 3, 1 / 3, 0.0], abs=1e-4)
    assert gap[0] <= 1e-8
    free, _ = max_log(gains, weights)
    assert free[0] == pytest.approx([0.0, 0.0, 1.0, 0.0], abs=1e-6)


# ---- linear programmes ----------------------------------------------------------------------


def test_no_lottery_without_a_loss() -> None:
    """Where the constraints cannot be met the answer says so: no value, no price."""
    point, price = linear._linear(
        np.array([1.0, 1.0]), np.array([[1.0, 1.0]]), np.array([0.5]), n_alternatives=2
    )
    assert np.isnan(point).all()
    assert point.shape == (2,)
    assert price.tolist() == [0.0]


@QUICK
@given(seed=SEEDS)
def test_leximin_by_its_definition(seed: int) -> None:
    """Each stage's value is the most that its players can have at least, by weak duality."""
    rng = np.random.default_rng(seed)
    gains = rng.uniform(0.0, 1.0, (int(rng.integers(2, 7)), 3))
    scale = rng.uniform(0.5, 2.0, 3)
    answer = linear.leximin(gains, scale)
    share = answer.lottery @ gains / scale
    assert answer.value == pytest.approx(share.min(), abs=1e-8)
    assert answer.price.sum() == pytest.approx(1.0)
    assert (answer.price >= 0).all()
    assert (gains / scale @ answer.price).max() - answer.value <= answer.gap + 1e-12
    assert 0 <= answer.gap <= 1e-8
    # Nobody can have more without somebody with less or as much losing.
    for i in range(3):
        poorer = share <= share[i] + 1e-9
        at_least = np.where(poorer, share, -1e3) - 1e-9
        at_least[i] = -1e3
        most, _ = linear._linear(
            gains[:, i], -(gains / scale).T, -at_least, n_alternatives=len(gains)
        )
        assert most @ gains[:, i] / scale[i] <= share[i] + 1e-6


def test_sums_and_their_prices() -> None:
    """Max g_1 + g_2 on a segment from (3, -1) to (0, 1): player 2's limit binds at (1.5, 0)."""
    gains = np.array([[3.0, -1.0], [0.0, 1.0]])
    answer = linear.max_sum(gains, np.ones(2))
    assert answer.lottery == pytest.approx([0.5, 0.5])
    assert answer.value == pytest.approx(1.5)
    # With price p for player 2: 3 - (1 + p) = 1 + p.
    assert answer.price == pytest.approx([0.0, 0.5])
    assert answer.gap == pytest.approx(0.0, abs=1e-12)
    assert linear.max_sum(gains, np.array([1.0, 3.0])).value == pytest.approx(3.0)
    assert linear.ideal_gains(gains) == pytest.approx([1.5, 1.0])
