"""Pieces of the box solvers, each against what defines it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from box_cases import Smooth, random_payoffs, random_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.bargaining import Ratifiers
from sim.bargaining.box import certificate, pool
from sim.bargaining.box.deal import MaxMin, _improve
from sim.bargaining.box.newton import extended_log
from sim.bargaining.box.programme import Programme, Solved, _logs, maximise
from sim.bargaining.box.rows import THETA, Rows
from sim.bargaining.box.starts import INSIDE, inside, starts
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.problem import BoxProblem
from sim.errors import ProblemError

FloatArray = NDArray[np.float64]
QUICK = settings(max_examples=20, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
B = 4


# ---- gains and their derivatives -------------------------------------------------------------


def averse(seed: int, aversion: list[float]) -> Smooth:
    payoffs = random_payoffs(np.random.default_rng(seed), len(aversion), 4, B, pairs=((0, 1),))
    return replace(payoffs, aversion=np.array(aversion))


def tables(seed: int, kind: str) -> Table:
    """Return a table of each kind that `Table.evaluate` knows."""
    payoffs = averse(seed, [0.3, 0.7, 1.1])
    ratifying = averse(seed + 1, [0.5, 0.2])
    if "neutral" in kind:
        payoffs, ratifying = replace(payoffs, aversion=None), replace(ratifying, aversion=None)
    if "mixed" in kind:
        ratifying = replace(ratifying, aversion=None)
    if "flipped" in kind:
        payoffs, ratifying = replace(payoffs, aversion=None), averse(seed + 1, [0.5, 0.2])
    d = payoffs.at(np.full((B, 4), 0.4)) - 0.1
    problem = BoxProblem(
        payoffs,
        np.full(4, 0.1),
        np.ones(4),
        d,
        ties=((0, 1), (2, 3)) if "tied" in kind else (),
        ratifiers=Ratifiers(ratifying, [0.1, -0.2]) if "veto" in kind else None,
    )
    table, _ = prepare(problem, money="money" in kind)
    if "total" in kind:
        weights = np.random.default_rng(seed).uniform(0.5, 2.0, (3, B))
        table = replace(table, total=weights)
    return table


KINDS = (
    "plain", "veto", "mixed veto", "flipped veto", "neutral veto", "tied", "tied veto", "money",
    "neutral money", "money veto", "money mixed veto tied", "money total", "neutral total tied",
    "money mixed veto total tied",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_are_those_of_the_gains(kind: str) -> None:
    """Central differences of values, then of gradients; curvature -c grad v grad v^T included."""
    table = tables(7, kind)
    rng = np.random.default_rng(8)
    x = table.lower + rng.uniform(0.2, 0.8, table.lower.shape) * table.width
    here = table.evaluate(x, 2)
    m, k = len(here.value), len(x)
    hessian = np.zeros((m, k, k, B))
    for p, i, j, h in here.hessian:
        assert i <= j
        hessian[p, i, j] += h
        if i != j:
            hessian[p, j, i] += h
    if here.curvature is not None:
        bent = here.gradient[:, :, None] * here.gradient[:, None]
        hessian -= here.curvature[:, None, None] * bent
    step = 1e-5
    for i in range(k):
        move = np.zeros_like(x)
        move[i] = step
        above, below = table.evaluate(x + move, 1), table.evaluate(x - move, 1)
        slope = (above.value - below.value) / (2 * step)
        assert here.gradient[:, i] == pytest.approx(slope, abs=1e-7)
        bend = (above.gradient - below.gradient) / (2 * step)
        assert hessian[:, :, i] == pytest.approx(bend, abs=2e-5)
    assert table.evaluate(x, 0).value == pytest.approx(here.value)
    assert table.evaluate(x).hessian


@pytest.mark.parametrize("kind", ["money", "neutral money", "money veto"])
def test_gains_in_money_are_certainty_equivalents(kind: str) -> None:
    table = tables(7, kind)
    x = table.lower + 0.7 * table.width
    worth = table.payoffs.certainty_equivalent
    v, d = table.utilities(x).T, table.reference[:3].T
    want = worth(v) - worth(d)
    for gains in (table.evaluate(x, 1).value, table.value(x)):
        assert np.allclose(gains[:3].T, want)


def test_a_total_is_the_weighted_sum_of_the_parties() -> None:
    table = tables(7, "neutral veto total")
    found = table.evaluate(table.lower + 0.3 * table.width, 2)
    assert len(found.value) == 3 + 2 + 1
    assert table.total is not None
    assert found.value[-1] == pytest.approx((table.total * found.value[:3]).sum(axis=0))
    words = r"^a sum of risk averse utilities has no single curvature$"
    with pytest.raises(ProblemError, match=words):
        tables(7, "total").evaluate(table.lower)


def test_fewer_draws_are_the_same_table() -> None:
    for kind in ("money veto tied", "neutral veto total"):
        table = tables(7, kind)
        x = table.lower + 0.3 * table.width
        whole = table.evaluate(x, 1)
        for rows in (np.array([2, 0]), slice(1, 3)):
            found = table.take(rows).evaluate(np.ascontiguousarray(x[:, rows]), 1)
            assert np.array_equal(found.value, whole.value[:, rows])
            assert np.array_equal(found.gradient, whole.gradient[..., rows])


def test_thresholds_of_ratifiers_follow_their_draws() -> None:
    payoffs = averse(3, [0.3, 0.7])
    every = Ratifiers(payoffs, np.arange(8).reshape(4, 2)).take(np.array([3, 1]))
    assert np.asarray(every.thresholds).tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert np.asarray(every.thresholds).dtype == np.float64
    assert every.payoffs.n_draws == 2
    for common in (1.5, [1.0, 2.0], [[1.0, 2.0]]):
        some = Ratifiers(payoffs, common).take(np.array([3, 1]))
        assert np.array_equal(np.asarray(some.thresholds), np.asarray(common))


def test_a_log_of_what_is_not_positive_is_said_of_that_draw_alone() -> None:
    log = np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 2.0]])
    gamma = np.array([[0.5, 2.0, 4.0], [4.0, -3.0, -1.0]])
    slope, bend, value = _logs(log, gamma, np.ones((2, 3)), np.full(3, 10.0))
    assert value == pytest.approx([10 + np.log(0.5) + 2 * np.log(4), 10 + np.log(2), -np.inf])
    assert slope == pytest.approx(np.array([[3.0, 1.5, 1.0], [1.5, 1.0, 1.0]]))
    assert bend == pytest.approx(np.array([[4.0, 0.25, 0.0], [0.125, 0.0, 0.0]]))


def test_who_is_idle_reads_one() -> None:
    table = tables(7, "veto")
    idle = np.zeros((5, B), bool)
    idle[1, 2] = idle[4, 0] = True
    lazy = replace(table, idle=idle)
    x = table.lower + 0.3 * table.width
    plain, found = table.evaluate(x, 1).value, lazy.evaluate(x, 1).value
    assert np.array_equal(found, np.where(idle, 1.0, plain))
    assert np.array_equal(lazy.value(x), plain)
    part = lazy.take(np.array([2, 0]))
    assert part.idle is not None
    assert np.array_equal(part.idle, idle[:, [2, 0]])
    assert np.array_equal(part.evaluate(x[:, [2, 0]]).value, found[:, [2, 0]])
    alone = lazy.parties()
    assert alone.idle is not None
    assert np.array_equal(alone.evaluate(x).value, found[:3])


# ---- rows ------------------------------------------------------------------------------------


def rows_of(seed: int, curved: bool) -> tuple[Rows, list[list[FloatArray]], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    m, b = 4, 6
    tau = np.zeros((m, b), bool)
    tau[:2, :3] = True
    bound = np.zeros((m, b), bool)
    bound[2:] = True
    bound[:2, 3:] = rng.random((2, 3)) < 0.5
    slack = rng.normal(size=(m, b))
    y = rng.uniform(0, 1, (m, b)) * (tau | bound)
    bend = rng.uniform(0.1, 2.0, (m, b)) if curved else np.zeros((m, b))
    u = rng.normal(size=(b, m, 6))
    dense = u @ u.transpose(0, 2, 1)
    gram = [[dense[:, p, o].copy() for o in range(p + 1)] for p in range(m)]
    turn = bend * rng.normal(size=(m, b))
    rows = Rows(slack, y, bend, tau, bound, y.copy(), turn)
    return rows, gram, (tau | bound) & (rng.random((m, b)) < 0.7)


@pytest.mark.parametrize("curved", [False, True])
@QUICK
@given(seed=SEEDS)
def test_rows_in_force_satisfy_their_equations(seed: int, curved: bool) -> None:
    rows, gram, force = rows_of(seed, curved)
    m, b = force.shape
    force[0, :3] = True  # somebody holds the common level
    found = rows.with_force(gram, force)
    dense = np.zeros((b, m, m))
    for p in range(m):
        for o in range(p + 1):
            dense[:, p, o] = dense[:, o, p] = gram[p][o]
    q = np.einsum("bpo,ob->pb", dense, found.mu)
    assert found.q == pytest.approx(q, abs=1e-6)
    own = np.where(force, np.abs(np.einsum("bpp->pb", dense)), 0.0).max(axis=0)
    unit = np.clip(own, 1e-3, 1.0)
    eta, epsilon = THETA * unit, THETA / unit
    y = rows.y + found.mu + rows.turn + rows.bend * q
    assert np.where(force, y, 0.0) == pytest.approx(found.y, abs=1e-5)
    in_force = q + rows.slack - rows.tau * found.rise + eta * (y - rows.y)
    assert in_force[force] == pytest.approx(0.0, abs=1e-4)
    assert y[~force] == pytest.approx(0.0, abs=1e-4)
    level = rows.tau.any(axis=0)
    missing = 1.0 - (found.y * rows.tau).sum(axis=0) - epsilon * found.rise
    assert missing[level] == pytest.approx(0.0, abs=1e-4)
    assert not found.rise[~level].any()


@QUICK
@given(seed=SEEDS)
def test_the_active_set_is_consistent(seed: int) -> None:
    """Multipliers are not negative; who has none does not fall below what is asked of it."""
    rows, gram, _ = rows_of(seed, curved=False)
    found = rows.active_set(gram)
    assert (found.y >= 0).all()
    room = rows.slack + found.q - np.where(rows.tau, found.rise, 0.0)
    asked = rows.tau | rows.bound
    assert (room[asked & (found.y == 0)] >= -1e-3).all()
    assert (np.abs(room[found.y > 1e-9]) <= 1e-3).all()
    assert not found.y[~asked].any()
    some = np.array([4, 1])
    mu, _ = rows.solve([[g[some] for g in line] for line in gram], None, some)
    assert mu == pytest.approx(found.mu[:, some], rel=1e-6, abs=1e-6)
    assert rows.found[:, some] == pytest.approx(found.y[:, some], rel=1e-6, abs=1e-6)


@QUICK
@given(seed=SEEDS)
def test_a_shift_moves_slacks_and_multipliers(seed: int) -> None:
    rows, gram, _ = rows_of(seed, curved=True)
    shift = np.random.default_rng(seed + 1).normal(size=rows.slack.shape) * 0.3
    moved = replace(rows, slack=rows.slack + shift, turn=rows.bend * shift)
    want = moved.active_set(gram)
    mu, negative = rows.solve(gram, shift, None)
    assert mu == pytest.approx(want.mu)
    assert np.array_equal(negative, want.negative)
    assert rows.found == pytest.approx(want.y)


# ---- programmes ------------------------------------------------------------------------------


@QUICK
@given(seed=SEEDS)
def test_a_programme_is_solved_where_no_outcome_does_better(seed: int) -> None:
    """A weighted sum with logs under constraints, against sampled outcomes nearby and far."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, 3, 3, 3)
    table, start = prepare(problem)
    zero = np.zeros((3, 3))
    bound = np.zeros((3, 3), bool)
    bound[1:] = True
    linear = zero.copy()
    linear[0] = 1.0
    scale = rng.uniform(0.5, 2.0, (3, 3))
    offset = np.minimum(table.evaluate(start, 0).value, 0.0) - 0.01
    programme = Programme(scale, offset, np.zeros((3, 3), bool), bound, linear)
    found = maximise(table, programme, start, zero)
    done = np.flatnonzero(found.converged)
    assert len(done)
    value = table.evaluate(found.x, 0).value
    gamma = (value - offset) / scale
    assert found.gains[:, done] == pytest.approx(value[:, done])
    assert found.value[done] == pytest.approx(gamma[0, done])
    assert (gamma[1:, done] >= -1e-8).all()
    assert (found.residual[done] <= 1e-7).all()
    assert (found.multipliers >= 0).all()
    for _ in range(40):
        far = rng.uniform(size=found.x.shape)
        x = far if rng.random() < 0.5 else found.x + 0.02 * (far - found.x)
        other = (table.evaluate(x, 0).value - offset) / scale
        fine = (other[1:] >= 0).all(axis=0)
        assert (other[0] <= gamma[0] + 1e-6)[fine & found.converged].all()
    slow = maximise(table, programme, start, zero, max_iterations=1)
    assert not slow.converged[slow.residual > 1e-7].any()
    rough = maximise(table, programme, start, zero, tolerance=1e-2)
    assert (rough.residual[rough.converged] <= 1.0).all()


# ---- who is searched with whom ---------------------------------------------------------------


@dataclass
class Counter(pool.Search):
    left: NDArray[np.int64]


@dataclass
class Draws:
    """Stands for a table: knows only which draws it has."""

    lower: FloatArray

    def take(self, rows: slice | NDArray[np.intp]) -> Draws:
        return Draws(self.lower[:, rows])


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
@pytest.mark.parametrize("few", [1, 256])
def test_every_draw_is_advanced_until_it_closes(
    block: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each draw asks for its own number of steps and gets at least that, on its own row."""
    monkeypatch.setattr(pool, "BLOCK", block)
    monkeypatch.setattr(pool, "FEW", few)
    n = 200
    wanted = np.random.default_rng(0).integers(1, 9, n)
    wanted[::50] = 40
    table = Draws(np.arange(n, dtype=float)[None])
    steps, closed = np.zeros(n, np.int64), np.zeros(n, np.int64)
    widths: list[int] = []

    def begin(part: Draws, index: NDArray[np.intp]) -> Counter:
        assert np.array_equal(part.lower[0], index)
        assert len(index) <= block
        return Counter(index, np.ones(len(index), bool), wanted[index].copy())

    def advance(part: Draws, state: Counter) -> None:
        assert np.array_equal(part.lower[0], state.index)
        widths.append(len(state.index))
        steps[state.index[state.open_]] += 1
        state.left -= 1
        done = np.flatnonzero((state.left <= 0) & state.open_)
        closed[state.index[done]] += 1
        state.open_[done] = False

    pool.exhaust(table, begin, advance)  # type: ignore[arg-type, type-var]
    assert np.array_equal(steps, wanted)
    assert (closed == 1).all()
    if few == 1 and block == 1000:
        # Those who are done are dropped: the last steps do not carry all the draws.
        assert widths[0] == n
        assert widths[-1] <= n // 2
    if block == 7:
        # Stragglers of many blocks wait for each other.
        assert sum(widths) < 40 * n // 2


def test_no_draws_are_no_work() -> None:
    pool.exhaust(Draws(np.zeros((1, 0))), lambda *_: 1 / 0, lambda *_: 1 / 0)  # type: ignore[arg-type]


def test_certificates_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    table, start = prepare(random_problem(np.random.default_rng(1), 3, 3, 10))
    gains, residual = certificate.certificates(table, start)
    monkeypatch.setattr(certificate, "BLOCK", 3)
    again, same = certificate.certificates(table, start)
    assert np.array_equal(gains, again)
    assert np.array_equal(residual, same)


def test_the_gap_is_slope_times_room() -> None:
    table, _ = prepare(random_problem(np.random.default_rng(1), 2, 2, 3))
    x = np.array([[0.2, 1.0, 0.0], [0.5, 0.5, 0.25]])
    r = np.array([[2.0, 3.0, -1.0], [-4.0, 0.0, 8.0]])
    # 2 * 0.8 + 4 * 0.5; nothing; nothing + 8 * 0.75
    assert certificate.gap(table, x, r) == pytest.approx([3.6, 0.0, 6.0])


# ---- starts, extended logs -------------------------------------------------------------------


def test_where_searches_begin() -> None:
    problem = random_problem(np.random.default_rng(2), 2, 3, 2)
    table, _ = prepare(replace(problem, lower=-1.0, upper=[1.0, 3.0, 0.0]))
    points = list(starts(table, number=7))
    assert len(points) == 7
    for point, level in zip(points, (0.5, 0.05, 0.95, 0.25, 0.75), strict=False):
        assert point == pytest.approx(table.lower + level * table.width)
    # Kronecker: steps 1/r, 1/r^2, 1/r^3 with r^4 = r + 1.
    root = max(np.roots([1, 0, 0, -1, -1]).real)
    for m, point in enumerate(points[5:], start=1):
        level = np.mod(0.5 + m * root ** -np.arange(1.0, 4.0), 1.0)
        assert point == pytest.approx(table.lower + level[:, None] * table.width)
    low = inside(table, table.lower - 5.0)
    assert low == pytest.approx(table.lower + INSIDE * table.width)
    assert np.array_equal(inside(table, table.upper + 5.0), table.upper)
    assert [p is table.upper for p in starts(table, table.upper, number=1)] == [True]


def test_the_log_goes_on_as_a_parabola_below_its_floor() -> None:
    """Value and both derivatives fit at the floor; above it, it is the log."""
    floor, weight = np.array([[0.5], [1.0]]), np.array([[2.0], [3.0]])

    def phi(g: float) -> float:
        return float(extended_log(np.array([[g], [4.0]]), floor, weight)[0])

    assert phi(2.0) == pytest.approx(2 * np.log(2.0) + 3 * np.log(4.0))
    for g in (0.3, -1.0, -20.0):
        s = g / 0.5 - 1.0
        assert phi(g) == pytest.approx(2 * (np.log(0.5) + s - s * s / 2) + 3 * np.log(4.0))
    h = 1e-4
    for side in (0.5 - h, 0.5 + h):
        slope = (phi(side + h / 10) - phi(side - h / 10)) / (h / 5)
        assert slope == pytest.approx(2 / side, rel=1e-3)


def test_of_several_searches_the_best_is_kept_and_certified_if_equally_good() -> None:
    """Draws: a better one; a certified one as good; a certified one that is worse; no number."""
    best = MaxMin(np.ones(4), np.zeros((1, 4)), np.zeros(4, dtype=bool), np.ones(4))
    value = np.array([1.5, 1.0 - 1e-10, 0.5, np.nan])
    sure = np.array([False, True, True, True])
    rest = np.zeros((1, 4))
    found = Solved(np.full((1, 4), 2.0), rest, rest, value, sure, np.full(4, 0.25), sure)
    _improve(best, found, np.arange(4))
    np.testing.assert_array_equal(best.value, [1.5, 1.0 - 1e-10, 1.0, 1.0])
    np.testing.assert_array_equal(best.x, [[2.0, 2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(best.converged, [False, True, False, False])
    np.testing.assert_array_equal(best.residual, [0.25, 0.25, 1.0, 1.0])
