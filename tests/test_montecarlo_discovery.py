"""PRIM finds boxes that are there and no others; break-even points are where the sign turns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.errors import SamplingError
from sim.montecarlo.break_even import crossings, profile
from sim.montecarlo.discovery import peel, prim, score, screen

NAMES = ("a", "b", "c", "d")


def cases(n=3000, seed=0):
    return np.random.default_rng(seed).uniform(size=(n, 4))


def test_a_box_that_is_there_is_found():
    x = cases()
    y = (x[:, 0] < 0.6) & (x[:, 1] > 0.4)
    box = prim(x, y, names=NAMES, density=0.95)
    assert box.restricted == ("a", "b")
    assert box.upper[0] == pytest.approx(0.6, abs=0.03)
    assert box.lower[1] == pytest.approx(0.4, abs=0.03)
    assert np.isinf(box.lower[0])
    assert np.isinf(box.upper[1])
    assert box.density >= 0.95
    assert box.coverage >= 0.93
    assert box.upper_p[0] < 1e-10
    assert box.lower_p[0] == 1


def test_it_holds_on_cases_that_did_not_choose_it():
    x, rng = cases(seed=1), np.random.default_rng(2)
    y = rng.uniform(size=len(x)) < np.where((x[:, 2] > 0.3) & (x[:, 2] < 0.8), 0.9, 0.1)
    box = prim(x[::2], y[::2], names=NAMES)
    outside = score(box, x[1::2], y[1::2])
    assert "c" in box.restricted
    assert outside.density == pytest.approx(box.density, abs=0.06)
    assert outside.coverage == pytest.approx(box.coverage, abs=0.08)


def test_pure_noise_keeps_next_to_no_bounds():
    rng = np.random.default_rng(5)
    kept = [
        len(prim(cases(800, s), rng.uniform(size=800) < 0.3, names=NAMES, density=0.3).restricted)
        for s in range(20)
    ]
    assert np.mean(kept) < 0.5


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), share=st.floats(0.05, 0.9))
def test_scores_and_quasi_p_values_are_their_definitions(seed, share):
    x = np.round(cases(400, seed), 1)  # with ties
    y = np.random.default_rng(seed + 1).uniform(size=400) < share * x[:, 0]
    y[0] = True
    box = prim(x, y, names=NAMES)
    inside = np.ones(400, dtype=bool)
    for j in range(4):
        inside &= (x[:, j] >= box.lower[j]) & (x[:, j] <= box.upper[j])
    assert np.array_equal(inside, box.contains(x))
    assert box.mass == np.mean(inside)
    assert box.density == np.mean(y[inside])
    assert box.coverage == np.sum(y & inside) / np.sum(y)
    assert box.mass >= 0.05
    for j in range(4):
        for side, p in (("lower", box.lower_p[j]), ("upper", box.upper_p[j])):
            ends = {"lower": box.lower.copy(), "upper": box.upper.copy()}
            if np.isinf(ends[side][j]):
                assert p == 1
                continue
            ends[side][j] = -np.inf if side == "lower" else np.inf
            wider = np.all((x >= ends["lower"]) & (x <= ends["upper"]), axis=1)
            expected = stats.binom.sf(np.sum(y & inside) - 1, np.sum(inside), np.mean(y[wider]))
            assert p == pytest.approx(expected, rel=1e-9)


def test_many_parameters_that_do_not_matter_get_no_bounds():
    rng = np.random.default_rng(6)
    x = rng.uniform(size=(600, 40))
    y = rng.uniform(size=600) < np.where(x[:, 7] < 0.25, 0.7, 0.05)
    names = [f"x{j}" for j in range(40)]
    box = prim(x, y, names=names, density=0.6)
    assert box.restricted == ("x7",)
    assert box.upper[7] == pytest.approx(0.25, abs=0.05)
    assert np.sum(screen(x, y)) <= 3
    assert not np.any(screen(x, np.ones(600, dtype=bool)))


@pytest.mark.parametrize("seed", range(8))
def test_weak_parameters_do_not_drive_the_strong_one_out(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(500, 12))
    y = rng.uniform(size=500) < np.clip(0.45 - 1.8 * x[:, 0], 0, 1) + 0.2 * x[:, 1:9].mean(axis=1)
    box = prim(x, y, names=[f"x{j}" for j in range(12)])
    assert "x0" in box.restricted
    assert np.isfinite(box.upper[0])
    assert np.isinf(box.lower[0])


@pytest.mark.parametrize("seed", range(3))
def test_the_screen_is_a_kolmogorov_smirnov_test(seed):
    x = np.round(cases(300, seed)[:, :1], 2)
    y = np.random.default_rng(seed).uniform(size=300) < 0.2 + 0.25 * x[:, 0]
    p = stats.ks_2samp(x[y, 0], x[~y, 0], method="asymp").pvalue
    for significance in (0.7 * p, 1.4 * p):  # SciPy's p-value has a correction for small samples
        assert screen(x, y, significance=significance)[0] == (significance > p)


def test_the_path_shrinks_and_gets_denser_towards_the_box():
    x = cases()
    y = (x[:, 0] < 0.3) & (x[:, 3] < 0.5)
    path = peel(x, y, names=NAMES)
    mass = [box.mass for box in path]
    assert all(after < before for before, after in itertools.pairwise(mass))
    assert path[0].density == np.mean(y)
    assert path[0].coverage == 1
    assert path[-1].density > 0.95


def test_when_all_cases_are_of_interest_the_box_is_everything():
    x = cases(100)
    box = prim(x, np.ones(100, dtype=bool), names=NAMES)
    assert (box.restricted, box.density, box.coverage) == ((), 1, 1)


def test_a_parameter_that_does_not_vary_is_left_alone():
    x = np.column_stack([np.ones(500), cases(500)[:, 1]])
    box = prim(x, x[:, 1] > 0.5, names=("fixed", "b"))
    assert box.restricted == ("b",)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (cases(100), np.zeros(100, dtype=bool)),
        (cases(10), np.ones(10, dtype=bool)),
        (cases(100), np.ones(99, dtype=bool)),
    ],
)
def test_what_cannot_be_searched_is_named(x, y):
    with pytest.raises(SamplingError, match="discovery"):
        prim(x, y, names=NAMES)


@given(
    root=st.floats(-0.9, 0.9),
    slope=st.floats(0.1, 10),
    sign=st.sampled_from([-1, 1]),
)
def test_the_break_even_point_of_a_line_is_its_root(root, slope, sign):
    grid = np.linspace(-1, 1, 8)
    (found,) = crossings(grid, sign * slope * (grid - root), np.full(8, 0.2))
    assert found.value == pytest.approx(root, abs=1e-9)
    assert found.error == pytest.approx(0.2 / slope)
    assert found.rising == (sign > 0)


def test_every_break_even_point_is_found_and_none_is_made_up():
    grid = np.linspace(0, 2, 201)
    found = crossings(grid, np.sin(np.pi * grid * 1.5 + 0.1), np.zeros(201))
    assert [point.rising for point in found] == [False, True, False]
    assert crossings(grid, grid + 1, np.ones(201)) == ()


def test_a_profile_is_the_conditional_mean_within_its_errors():
    rng = np.random.default_rng(3)
    x = rng.normal(size=20_000)
    y = np.stack([x**2, 1 + rng.normal(size=20_000)], axis=1)
    found = profile(x, y, bins=10)
    assert found.mean.shape == found.error.shape == (10, 2)
    assert np.all(np.abs(found.mean[:, 1] - 1) < 4 * found.error[:, 1])
    ends = stats.norm.ppf([0.1, 0.2])
    part = x[(x > ends[0]) & (x < ends[1])]
    assert found.mean[1, 0] == pytest.approx(np.mean(part**2), rel=0.02)


def test_a_profile_keeps_equal_values_together():
    x = np.repeat([0.0, 1.0, 2.0], 50)
    found = profile(x, x + 1, bins=10)
    assert np.array_equal(found.centre, [0, 1, 2])
    assert np.array_equal(found.mean, [1, 2, 3])
    with pytest.raises(SamplingError, match="do not fill"):
        profile(x, x, bins=100)
