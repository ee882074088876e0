"""Break-even points and curves: closed forms, and intervals that hold as often as they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from sim.errors import SamplingError
from sim.montecarlo.break_even import chord_error, critical_value, roots, undecided
from sim.montecarlo.contours import corner, finer, surface_error, zero_curves
from sim.montecarlo.precision import standard_error
from sim.montecarlo.sampling import design, replicate
from sim.scenario import Distribution


class Unknown:
    """A parameter that is not known."""

    def __init__(self, name, law):
        self.name, self.distribution = name, law


NORMAL = Unknown("y", Distribution.of("normal", {"mean": 1.0, "sd": 1.0}))
GRID = np.linspace(-1.0, 2.0, 7)


# ---- points -------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("freedom", [1, 7, 1000])
def test_the_critical_value_is_that_of_students_t(freedom, confidence):
    expected = stats.t.ppf(0.5 + 0.5 * confidence, freedom)
    assert critical_value(freedom, confidence) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("confidence", [-0.1, 0.0, 1.0, 95.0])
def test_a_confidence_is_between_0_and_1(confidence):
    with pytest.raises(SamplingError, match="confidence"):
        critical_value(7, confidence)


@given(
    root=st.floats(-0.8, 1.8),
    slope=st.floats(0.1, 10.0),
    sign=st.sampled_from([-1.0, 1.0]),
    reach=st.floats(0.0, 0.01),
)
def test_the_interval_of_a_line_is_its_reach_over_its_slope(root, slope, sign, reach):
    (found,) = roots(GRID, sign * slope * (GRID - root), np.full(len(GRID), reach))
    assert found.value == pytest.approx(root, abs=1e-12)
    assert found.rising == (sign > 0.0)
    assert found.lower == pytest.approx(root - reach / slope, abs=1e-9)
    assert found.upper == pytest.approx(root + reach / slope, abs=1e-9)


curves = arrays.arrays(float, 7, elements=st.floats(-3.0, 3.0))
reaches = arrays.arrays(float, 7, elements=st.floats(0.0, 1.0))


@given(mean=curves, reach=reaches, at=arrays.arrays(float, 20, elements=st.floats(-1.0, 2.0)))
def test_the_confidence_set_is_where_zero_is_within_reach(mean, reach, at):
    found = undecided(GRID, mean, reach)
    inside = np.zeros(len(at), dtype=bool)
    for low, high in found:
        inside |= (low <= at) & (at <= high)
    gap = np.interp(at, GRID, reach) - np.abs(np.interp(at, GRID, mean))
    clear = np.abs(gap) > 1e-9
    assert np.array_equal(inside[clear], (gap >= 0.0)[clear])
    assert all(low <= high for low, high in found)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))


@given(mean=curves, reach=reaches)
def test_every_root_lies_in_its_interval_and_the_sides_alternate(mean, reach):
    found = roots(GRID, mean, reach)
    assert all(one.lower <= one.value <= one.upper for one in found)
    assert all(a.rising != b.rising for a, b in itertools.pairwise(found))
    assert len(found) % 2 == ((mean[0] > 0.0) != (mean[-1] > 0.0))


def test_all_roots_of_a_curve_with_several_are_listed_and_none_is_made_up():
    grid = np.linspace(0.0, 1.0, 201)
    cubic = (grid - 0.2) * (grid - 0.5) * (grid - 0.9)
    found = roots(grid, cubic, np.full(201, 1e-3))
    assert [one.value for one in found] == pytest.approx([0.2, 0.5, 0.9], abs=1e-6)
    assert [one.rising for one in found] == [True, False, True]
    assert found[0].upper < found[1].lower < found[1].upper < found[2].lower
    assert roots(grid, cubic + 1.0, np.full(201, 1e-3)) == ()
    assert undecided(grid, cubic + 1.0, np.full(201, 1e-3)) == ()


def test_a_mean_that_touches_zero_from_above_does_not_change_its_sign():
    grid, zeros = np.linspace(-1.0, 1.0, 5), np.zeros(5)
    assert roots(grid, grid**2, zeros) == ()
    assert roots(grid, -(grid**2), zeros) == ()
    assert undecided(grid, grid**2, zeros) == ((0.0, 0.0),)
    flat = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    assert [one.value for one in roots(grid, flat, zeros)] == [-0.5, 0.0]


def test_roots_that_the_draws_do_not_keep_apart_share_an_interval():
    grid = np.linspace(0.0, 1.0, 101)
    found = roots(grid, (grid - 0.45) * (grid - 0.55), np.full(101, 0.01))
    assert len(found) == 2
    assert (found[0].lower, found[0].upper) == (found[1].lower, found[1].upper)
    assert found[0].lower < 0.45 < 0.55 < found[0].upper


def test_an_interval_that_runs_out_of_the_grid_has_no_end():
    (found,) = roots(GRID, GRID + 0.9, np.full(len(GRID), 0.3))
    assert found.lower == -np.inf
    assert found.upper == pytest.approx(-0.6)
    assert undecided(GRID, GRID, np.full(len(GRID), 9.0)) == ((-1.0, 2.0),)


def test_nothing_is_said_of_cells_that_are_not_finite():
    mean = np.array([1.0, 1.0, np.nan, 1.0, 1.0, -1.0, -1.0])
    found = undecided(GRID, mean, np.zeros(7))
    assert np.allclose(found, [(-0.5, 0.5), (1.25, 1.25)])
    assert [one.value for one in roots(GRID, mean, np.zeros(7))] == pytest.approx([1.25])


def coverage(sampler, gain, draws, truth, runs=400):
    """Return how often the set of a gain a(x) − y, whose zero is known, holds that zero."""
    grid = np.linspace(0.0, 2.0, 9)
    held = 0
    for seed in range(runs):
        plan = design([NORMAL], seed=seed, sampler=sampler, total=draws)
        y = plan(range(draws))["y"]
        label = replicate(plan, range(draws))
        values = gain(grid[:, None], y)
        mean = values.mean(axis=1)
        freedom = draws - 1 if label is None else plan.replicates - 1
        reach = critical_value(freedom) * standard_error(values.T, label)
        found = undecided(grid, mean, reach, chord_error(grid, mean))
        held += any(low <= truth <= high for low, high in found)
    return held / runs


# four standard errors of a share of 400 runs
BAND = 4.0 * np.sqrt(0.95 * 0.05 / 400)


@pytest.mark.parametrize(("sampler", "draws"), [("random", 20), ("sobol", 64), ("lhs", 64)])
def test_the_interval_of_a_linear_gain_holds_the_truth_in_95_of_100_runs(sampler, draws):
    # E[3x − 2y] with E[y] = 1 is zero at 2/3, and the error of ȳ is the same at every x
    share = coverage(sampler, lambda x, y: 3.0 * x - 2.0 * y, draws, 2.0 / 3.0)
    assert share == pytest.approx(0.95, abs=BAND)


def test_the_interval_of_a_curved_gain_holds_the_truth_at_least_as_often():
    # E[x² − y²] with E[y²] = 2 is zero at √2, where the errors grow with nothing but y
    share = coverage("random", lambda x, y: x**2 - y**2, 200, np.sqrt(2.0))
    assert share >= 0.95 - BAND


# ---- interpolation ------------------------------------------------------------------------------


@given(
    kink=st.floats(0.0, 1.0),
    slopes=st.tuples(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0)),
    inner=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=8, unique=True),
)
def test_the_error_of_interpolation_is_bounded_at_a_kink_on_any_grid(kink, slopes, inner):
    grid = np.unique(np.round([0.0, *inner, 1.0], 6))

    def curve(x):
        return np.where(x < kink, slopes[0], slopes[1]) * (x - kink)

    fine = np.linspace(0.0, 1.0, 997)
    off = np.abs(np.interp(fine, grid, curve(grid)) - curve(fine))
    cell = np.clip(np.searchsorted(grid, fine, side="right") - 1, 0, len(grid) - 2)
    bound = chord_error(grid, curve(grid))
    assert bound.shape == (len(grid) - 1,)
    if grid[1] < kink < grid[-2]:  # what bends in the first or last cell shows at one end only
        assert np.all(off <= bound[cell] + 1e-9)


@pytest.mark.parametrize("curve", [np.exp, np.sin, lambda x: x**3, np.sqrt])
@pytest.mark.parametrize("points", [5, 9, 33])
def test_the_error_of_interpolation_is_bounded_on_smooth_curves(curve, points):
    grid, fine = np.linspace(1.0, 3.0, points), np.linspace(1.0, 3.0, 1000)
    off = np.abs(np.interp(fine, grid, curve(grid)) - curve(fine))
    cell = np.clip(np.searchsorted(grid, fine, side="right") - 1, 0, points - 2)
    bound = chord_error(grid, curve(grid))[cell]
    assert np.all(off <= bound + 1e-12)
    assert np.max(bound) <= 8.0 * np.max(off)


def test_of_two_points_no_error_can_be_told():
    assert np.array_equal(chord_error(np.array([0.0, 1.0]), np.array([0.0, 5.0])), [0.0])


@given(values=arrays.arrays(float, (5, 3), elements=st.floats(-9.0, 9.0)), parts=st.integers(1, 5))
def test_a_finer_grid_is_linear_in_every_cell(values, parts):
    grid = np.array([0.0, 1.0, 1.5, 4.0, 5.0])
    x, field = finer(grid, values, parts=parts)
    assert len(x) == 4 * parts + 1
    assert np.all(np.isin(grid, x))
    for column in range(3):
        expected = np.interp(x, grid, values[:, column])
        np.testing.assert_allclose(field[:, column], expected, atol=1e-9)


# ---- curves -------------------------------------------------------------------------------------

X, Y = np.linspace(0.0, 2.0, 9), np.linspace(-1.0, 3.0, 7)


def field(function, x=X, y=Y):
    return function(*np.meshgrid(x, y, indexing="ij"))


@given(a=st.floats(0.2, 5.0), b=st.floats(0.2, 5.0), shift=st.floats(-0.9, 0.9))
def test_the_zero_line_of_a_linear_gain_is_exact(a, b, shift):
    def gain(x, y):
        return a * (x - 1.0) - b * (y - 1.0) + shift * min(a, b)

    (curve,) = zero_curves(X, Y, field(gain))
    np.testing.assert_allclose(gain(curve[:, 0], curve[:, 1]), 0.0, atol=1e-9)
    for x, y in curve[[0, -1]]:  # it ends where the grid does
        assert x in (X[0], X[-1]) or y in (Y[0], Y[-1])
    assert np.all(np.diff(curve[:, 0]) * np.sign(curve[-1, 0] - curve[0, 0]) >= -1e-12)


def test_a_circle_is_closed_and_round():
    x = np.linspace(-1.5, 1.5, 61)
    (curve,) = zero_curves(x, x, field(lambda x, y: 1.0 - x**2 - y**2, x, x))
    assert np.array_equal(curve[0], curve[-1])
    # linear interpolation of 1 − x² over a cell of width h is off by at most h²/4
    np.testing.assert_allclose(np.hypot(*curve.T), 1.0, atol=0.05**2 / 4)


def test_two_curves_come_apart_and_the_longest_first():
    x = np.linspace(0.0, 1.0, 21)
    values = field(lambda x, y: (x + y - 0.32) * (x + y - 1.01), x, x)
    long, short = zero_curves(x, x, values)
    assert len(long) > len(short)
    np.testing.assert_allclose(long.sum(axis=1), 1.01, atol=2e-3)
    np.testing.assert_allclose(short.sum(axis=1), 0.32, atol=2e-3)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("tilt", [-0.3, 0.3])
def test_a_saddle_is_joined_as_its_middle_says(sign, tilt):
    x = np.array([0.0, 1.0])
    values = sign * np.array([[1.0, -1.0], [-1.0, 1.0]]) + tilt
    pieces = zero_curves(x, x, values)
    assert len(pieces) == 2
    corners = {(i, j): values[i, j] > 0.0 for i in (0, 1) for j in (0, 1)}
    alone = {at for at, positive in corners.items() if positive != (tilt > 0.0)}
    for piece in pieces:  # each cuts off one corner whose sign is not that of the middle
        near = np.round(2.0 * piece.mean(axis=0) - 0.5)
        assert tuple(np.clip(near, 0, 1).astype(int)) in alone


@given(values=arrays.arrays(float, (5, 6), elements=st.floats(-1.0, 1.0)))
def test_every_edge_whose_ends_differ_in_sign_is_on_one_curve(values):
    x, y = np.arange(5.0), np.arange(6.0)
    above = values > 0.0
    cut = np.sum(above[1:] != above[:-1]) + np.sum(above[:, 1:] != above[:, :-1])
    found = zero_curves(x, y, values)
    points = sum(len(c) - bool(np.array_equal(c[0], c[-1]) and len(c) > 2) for c in found)
    assert points <= cut <= points + len(found)
    for curve in found:
        assert np.all((curve >= 0.0) & (curve <= [4.0, 5.0]))
        steps = np.abs(np.diff(curve, axis=0))
        assert np.all(steps <= 1.0)


def test_there_is_no_curve_where_the_sign_is_one_or_nothing_is_known():
    assert zero_curves(X, Y, field(lambda x, y: 1.0 + x**2 + y**2)) == ()
    assert zero_curves(X, Y, np.full((9, 7), np.nan)) == ()
    half = field(lambda x, y: x - 1.1 + 0.0 * y)
    half[:, 3:] = np.inf
    (curve,) = zero_curves(X, Y, half)
    assert curve[:, 1].max() == Y[2]


def test_the_band_of_a_plane_has_no_error_of_interpolation_and_a_bowl_has_enough():
    assert np.allclose(surface_error(X, Y, field(lambda x, y: 3.0 * x - y + 1.0)), 0.0, atol=1e-12)
    values = field(lambda x, y: x**2 + y**2)
    bound = surface_error(X, Y, values)
    x, along = finer(X, values, parts=8)
    y, both = finer(Y, along.T, parts=8)
    exact = field(lambda x, y: x**2 + y**2, x, y)
    room = finer(Y, finer(X, bound, parts=8)[1].T, parts=8)[1].T
    assert np.all(np.abs(both.T - exact) <= room)


@given(inside=arrays.arrays(bool, (4, 5)))
def test_the_rectangle_in_a_corner_is_the_largest_of_all(inside):
    x, y = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 2.0, 3.0, 5.0, 6.0])
    best = 0.0
    for i0, i1 in itertools.combinations(range(4), 2):
        for j0, j1 in itertools.combinations(range(5), 2):
            at_corner = (i0 == 0 or i1 == 3) and (j0 == 0 or j1 == 4)
            if at_corner and inside[i0 : i1 + 1, j0 : j1 + 1].all():
                best = max(best, (x[i1] - x[i0]) * (y[j1] - y[j0]))
    found = corner(x, y, inside)
    if found is None:
        assert best == 0.0
        return
    (a, b), (c, d) = found
    assert (b - a) * (d - c) == best
    assert a == 0.0 or b == 4.0
    assert c == 0.0 or d == 6.0
    part = inside[np.ix_((x >= a) & (x <= b), (y >= c) & (y <= d))]
    assert part.all()
