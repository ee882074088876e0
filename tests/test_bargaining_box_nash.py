"""Nash products on boxes: certificates, traps, vetoes, ties, idle players, many starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from box_cases import Smooth, gains, outcomes, random_payoffs, random_problem, stakes
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from sim.bargaining import BoxProblem, Ratifiers, audit, from_functions, ideal_point, maxmin, solve
from sim.payoffs import Concession, Payoffs

FloatArray = NDArray[np.float64]
QUICK = settings(max_examples=15, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


def log_product(problem: BoxProblem, x: FloatArray) -> FloatArray:
    g = gains(problem, x)
    with np.errstate(all="ignore"):
        return np.where((g > 0).all(axis=1), np.log(np.maximum(g, 1e-300)).sum(axis=1), -np.inf)


def first_order_gap(problem: BoxProblem, x: FloatArray) -> FloatArray:
    """Return what a concave log product could still rise: sum over issues of slope times room."""
    lower, upper = problem.bounds
    at = problem.payoffs.evaluate(np.ascontiguousarray(x.T), 1)
    slope = np.einsum("bn,nkb->bk", 1.0 / gains(problem, x), at.gradient)
    return np.asarray((slope * np.where(slope > 0, upper - x, lower - x)).sum(axis=1))


def by_slsqp(problem: BoxProblem, draw: int, rng: np.random.Generator, starts: int) -> float:
    """Return the best log product that SciPy finds from many starts."""
    one = problem.take(np.array([draw]))
    lower, upper = (bound[0] for bound in one.bounds)
    d = np.asarray(one.disagreement)[0]
    best = -np.inf
    for _ in range(starts):

        def loss(x: FloatArray) -> tuple[float, FloatArray]:
            at = one.payoffs.evaluate(x[:, None], 1)
            g = at.value[:, 0] - d
            e = np.maximum(g, 1e-3)
            short = (g - e) / e
            value = (np.log(e) + short - 0.5 * short**2).sum()
            return -value, -((1 - short) / e) @ at.gradient[:, :, 0]

        found = minimize(
            loss,
            rng.uniform(lower, upper),
            jac=True,
            method="SLSQP",
            bounds=list(zip(lower, upper, strict=True)),
            options={"ftol": 1e-15, "maxiter": 500},
        )
        best = max(best, float(log_product(one, found.x.clip(lower, upper)[None])[0]))
    return best


def test_the_cases_have_the_derivatives_they_claim() -> None:
    rng = np.random.default_rng(0)
    payoffs = replace(
        random_payoffs(rng, 2, 3, 1, pairs=((0, 2),)),
        aversion=np.array([0.5, 1.5]),
        scale=np.array([2.0, 0.1]),
        shift=np.array([1.0, -3.0]),
    )
    x, h = rng.uniform(0.2, 0.8, (3, 1)), 1e-6
    at = payoffs.evaluate(x)
    for k in range(3):
        step = np.eye(3)[:, [k]] * h
        up, down = payoffs.evaluate(x + step, 1), payoffs.evaluate(x - step, 1)
        assert at.gradient[:, k] == pytest.approx((up.value - down.value) / (2 * h), rel=1e-6)
        curve = (up.gradient - down.gradient) / (2 * h)
        assert at.curvature is not None
        dense = -at.curvature[:, None] * at.gradient * at.gradient[:, [k]]
        for p, i, j, value in at.hessian:
            if k in (i, j):
                dense[p, j if i == k else i] += value
        assert dense == pytest.approx(curve, rel=1e-4, abs=1e-6)


@QUICK
@given(seed=SEEDS, n=st.integers(2, 4), k=st.integers(1, 5))
def test_residual_is_the_gap_of_first_order(seed: int, n: int, k: int) -> None:
    problem = random_problem(np.random.default_rng(seed), n, k, 20, pairs=((0, k - 1),) * (k > 1))
    found = solve(problem)
    assert found.converged.all()
    assert (found.residual <= 1e-7).all()
    assert (found.payoffs > np.asarray(problem.disagreement)).all()
    assert (first_order_gap(problem, found.outcome) <= found.residual + 1e-8).all()


@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=SEEDS, n=st.integers(2, 3), k=st.integers(1, 4), concave=st.booleans())
def test_as_good_as_many_starts_of_slsqp(seed: int, n: int, k: int, concave: bool) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n, k, 4, concave=concave)
    found = solve(problem)
    assert found.converged.all()
    mine = log_product(problem, found.outcome)
    best = np.array([by_slsqp(problem, b, rng, 8) for b in range(4)])
    if concave:
        assert np.abs(np.expm1(best - mine)).max() <= 1e-6
    else:  # a local maximum, and the audit knows whether it is the best
        report = audit(problem, every=1)
        better = np.flatnonzero(best > mine + 1e-6)
        assert set(better) <= set(report.draws[report.several | report.missed])


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=SEEDS, k=st.integers(1, 5))
def test_indefinite_hessians_keep_the_certificate(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = tuple((i, i + 1) for i in range(k - 1))
    problem = random_problem(rng, 2, k, 50, concave=False, pairs=pairs)
    found = solve(problem)
    mine = log_product(problem, found.outcome)
    near = outcomes(problem, rng, 200) * 1e-3 + found.outcome * (1 - 1e-3)
    best = np.stack([log_product(problem, x) for x in near]).max(axis=0)
    sure = found.converged
    assert sure.mean() > 0.9
    assert (best <= mine + 1e-9)[sure].all()


@pytest.mark.parametrize("gain", [1e-5, 1e-4, 5e-4, 2e-3])
@pytest.mark.parametrize("n", [2, 3])
def test_tiny_gains_are_gains(gain: float, n: int) -> None:
    """The disagreement point sits a little below, or above, the frontier."""
    rng = np.random.default_rng(5)
    problem = random_problem(rng, n, 4, 40)
    frontier = solve(problem)
    unit = stakes(problem)
    below = replace(problem, disagreement=frontier.payoffs - gain * unit)
    found = solve(below)
    assert found.agreement.all()
    assert found.converged.all()
    assert (found.payoffs > np.asarray(below.disagreement)).all()
    value, x = maxmin(below)
    assert (value >= gain - 2e-9).all()
    assert (gains(below, x) > 0).all()
    above = replace(problem, disagreement=frontier.payoffs + gain * unit)
    none = solve(above)
    assert not none.agreement.any()
    assert none.converged.all()
    assert np.array_equal(none.payoffs, above.disagreement)
    assert np.array_equal(none.outcome, above.starting_point)
    assert (maxmin(above)[0] < 0).all()
    for solution in ("kalai_smorodinsky", "egalitarian", "utilitarian"):
        assert solve(below, solution).agreement.all()
        refused = solve(above, solution)
        assert not refused.agreement.any()
        assert np.array_equal(refused.payoffs, above.disagreement)


def test_no_deal_block_by_block_but_jointly() -> None:
    """Gains 3x - 2y and 3y - 2x on the unit square (model.md, section 3)."""
    both = from_functions(
        {"A": lambda x, y: 3 * x - 2 * y, "B": lambda x, y: 3 * y - 2 * x},
        {"x": (0, 1), "y": (0, 1)},
        disagreement=[0, 0],
    )
    for start in ([0.5, 0.5], [0, 0], [1, 0], [0.02, 0.98]):
        found = solve(both.starting_at(start))
        assert found.outcome == pytest.approx(np.ones((1, 2)))
        assert found.payoffs == pytest.approx(np.ones((1, 2)))
    one = replace(both, upper=[1, 0], start=[0.5, 0])
    assert not solve(one).agreement[0]


@pytest.mark.parametrize("start", [0.0, 1e-9, 0.5, 1.0])
@pytest.mark.parametrize("power", [0.05, 0.3, 0.7, 0.95])
def test_powers_that_start_at_zero(start: float, power: float) -> None:
    """b z^beta has infinite slope at 0; the search must not stand still there."""
    term = Concession("c", 0, 1, 0, 0.5, 1.0, 1.0, power, 1.0)
    payoffs = Payoffs.from_status_quo(("A", "B"), ("z", "pay"), (term,), status_quo=[0.0, 0.0])
    tax = from_functions(
        {"A": lambda z, t: -t + z**power, "B": lambda z, t: t - 0.5 * z},
        {"z": (0, 1), "pay": (0, 2)},
        disagreement=[0, 0],
    )
    best = min(1.0, (2.0 * power) ** (1.0 / (1.0 - power)))
    found = solve(replace(tax, start=[start, 0.1]))
    assert found.converged[0]
    assert found.outcome[0, 0] == pytest.approx(best, rel=1e-5)
    assert not solve(BoxProblem(payoffs, [0, 0], [1, 0], [0, 0])).agreement[0]  # B only pays


@QUICK
@given(seed=SEEDS, k=st.integers(2, 5))
def test_fixed_issues_are_constants(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, 2, k, 10)
    stays = rng.uniform(0.3, 0.7, (10, 1))
    lower, upper = (np.array(b) for b in problem.bounds)
    lower[:, :1] = upper[:, :1] = stays
    fixed = replace(problem, lower=lower, upper=upper)
    found = solve(fixed)
    assert found.converged.all()
    assert np.array_equal(found.outcome[:, :1][found.agreement], stays[found.agreement])
    mixed = replace(problem, lower=np.where(np.arange(10)[:, None] < 5, lower, 0.0))
    assert np.array_equal(solve(mixed).converged, np.ones(10, dtype=bool))


@QUICK
@given(seed=SEEDS)
def test_ties_are_equalities(seed: int) -> None:
    """x_0 = x_2 held equal, against the same payoffs written with one issue less."""
    rng = np.random.default_rng(seed)
    base = random_payoffs(rng, 2, 3, 6, pairs=((0, 2), (1, 2)))
    d = base.at(np.full((6, 3), 0.5)) - 0.2
    tied = BoxProblem(base, [0, 0, 0.1], [0.9, 1, 1], d, ties=((0, 2),))
    bend = base.bend[:, :, :2].copy()
    # the two quadratics in the tied issue, completed to one
    b0, b2 = base.bend[:, :, 0], base.bend[:, :, 2]
    c0, c2 = base.ideal[:, :, 0], base.ideal[:, :, 2]
    bend[:, :, 0] = b0 + b2 - 2.0 * base.cross[:, :, 0]
    slope = base.slope[:, :, :2].copy()
    slope[:, :, 0] += base.slope[:, :, 2] + b0 * c0 + b2 * c2
    ideal = base.ideal[:, :, :2].copy()
    ideal[:, :, 0] = 0.0
    root = base.root[:, :, :2].copy()
    root[:, :, 0] += base.root[:, :, 2]
    merged = Smooth(slope, bend, ideal, root, base.cross[:, :, 1:], ((0, 1),))
    constant = -0.5 * (b0 * c0**2 + b2 * c2**2)
    plain = BoxProblem(merged, [0.1, 0], [0.9, 1], d - constant)
    for solution in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        one, two = solve(tied, solution), solve(plain, solution)
        assert np.array_equal(one.outcome[:, 0], one.outcome[:, 2])
        assert one.payoffs == pytest.approx(two.payoffs + constant, abs=2e-6)


@QUICK
@given(seed=SEEDS, n=st.integers(2, 3))
def test_a_veto_binds_or_does_not(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n, 3, 8)
    judge = random_payoffs(rng, 1, 3, 8)
    free = solve(problem)
    there = judge.at(free.outcome)
    mild = replace(problem, ratifiers=Ratifiers(judge, there - 0.1))
    assert solve(mild).payoffs == pytest.approx(free.payoffs, abs=1e-7)
    strict = replace(problem, ratifiers=Ratifiers(judge, there + 0.02))
    for solution in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        found = solve(strict, solution)
        assert found.converged.all()
        deal = found.agreement
        accepted = judge.at(found.outcome) >= there + 0.02 - 1e-7
        assert accepted[deal].all()
    found = solve(strict)
    points = list(outcomes(problem, rng, 3000))
    draw, x = np.tile(np.arange(8), len(points)), np.concatenate(points)  # all points at once
    accepts = judge.take(draw).at(x) >= there[draw] + 0.02
    mine = log_product(problem, found.outcome)[draw]
    allowed = found.agreement[draw] & accepts[:, 0]
    assert (log_product(problem.take(draw), x) <= mine + 1e-6)[allowed].all()
    never = solve(replace(problem, ratifiers=Ratifiers(judge, there + 100.0)))
    assert not never.agreement.any()
    assert never.converged.all()


def test_who_does_not_care_is_left_out() -> None:
    rng = np.random.default_rng(3)
    two = random_problem(rng, 2, 3, 10)
    base = two.payoffs
    assert isinstance(base, Smooth)
    zero = np.zeros((10, 1, 3))
    three = Smooth(
        *(
            np.concatenate([m, zero], axis=1)
            for m in (base.slope, base.bend, base.ideal, base.root)
        ),
        np.zeros((10, 3, 0)),
    )
    for solution in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        plain = solve(two, solution)
        content = BoxProblem(
            three, 0.0, 1.0, np.concatenate([two.disagreement, np.zeros((10, 1))], axis=1)
        )
        found = solve(content, solution)
        assert found.agreement.all()
        assert found.converged.all()
        assert found.payoffs[:, :2] == pytest.approx(plain.payoffs, abs=1e-6)
        higher = np.array([0.0, 0.0, 0.1])
        robbed = replace(content, disagreement=np.asarray(content.disagreement) + higher)
        none = solve(robbed, solution)
        assert not none.agreement.any()
        assert none.converged.all()
    nobody = Smooth(zero, zero, zero, zero, np.zeros((10, 1, 0)))
    assert not solve(BoxProblem(nobody, 0.0, 1.0, 0.0)).agreement.any()


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_where_all_are_indifferent_every_draw_is_judged_alone(unit: float) -> None:
    """A gains 1 whatever is agreed; B nothing, or it loses 1."""
    given = from_functions(
        {"A": lambda x, b: unit + 0.0 * (x + b), "B": lambda x, b: unit * b + 0.0 * x},
        {"x": (0, 1)},
        disagreement=[0, 0],
        parameters={"b": [0.0, -1.0, 0.0]},
    )
    for solution in ("nash", "egalitarian", "kalai_smorodinsky", "utilitarian"):
        found = solve(given, solution)
        assert found.agreement.tolist() == [True, False, True]
        assert found.payoffs.tolist() == [[unit, 0.0], [0.0, 0.0], [unit, 0.0]]


def test_risk_aversion_in_closed_form() -> None:
    """Splitting a pie, CARA against a risk-neutral player: Nash depends on a, equal money not."""
    for a in (0.1, 1.0, 3.0):
        pie = Smooth(
            np.array([[[1.0], [-1.0]]]),
            *(np.zeros((1, 2, 1)) for _ in range(3)),
            np.zeros((1, 2, 0)),
            (),
            np.array([a, 1e-300]),
        )
        problem = BoxProblem(pie, [0.0], [1.0], [0.0, -1.0])
        x = solve(problem).outcome[0, 0]
        # a e^{-ax}/(1 - e^{-ax}) = 1/(1 - x)
        assert a / np.expm1(a * x) == pytest.approx(1.0 / (1.0 - x), rel=1e-7)
        assert solve(problem, "egalitarian").outcome[0, 0] == pytest.approx(0.5, abs=1e-7)


def test_ideal_point_is_the_individually_rational_one() -> None:
    pie = from_functions(
        {"A": lambda x: x, "B": lambda x: 1.0 - x}, {"x": (0, 1)}, disagreement=[0.2, 0.3]
    )
    assert ideal_point(pie) == pytest.approx(np.array([[0.7, 0.8]]), abs=1e-8)


def test_audit_finds_the_other_maximum() -> None:
    """Two hills for both players; the start decides which is climbed."""
    hills = from_functions(
        {
            "A": lambda x: np.exp(-40 * (x - 0.2) ** 2) + 0.5 * np.exp(-40 * (x - 0.8) ** 2),
            "B": lambda x: np.exp(-40 * (x - 0.2) ** 2) + 0.5 * np.exp(-40 * (x - 0.8) ** 2),
        },
        {"x": (0, 1)},
        disagreement=[0, 0],
        start=[0.85],
    )
    found = solve(hills)
    assert found.outcome[0, 0] == pytest.approx(0.8, abs=1e-4)
    report = audit(hills, every=1)
    assert report.rate == 1.0
    assert report.worst == pytest.approx(2.0 * np.log(2.0), abs=1e-3)
    assert audit(hills.starting_at([0.25]), every=1).worst <= 1e-9
    assert list(audit(hills, first=199, every=100).draws) == []
    assert list(audit(hills, first=200, every=100).draws) == [0]
