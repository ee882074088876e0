"""Sobol' indices against closed forms and SciPy, swings and Morris effects by their definition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from SALib.analyze import morris as salib
from scipy import stats

from sim.errors import SamplingError
from sim.montecarlo.chunks import MemoryStore, gather
from sim.montecarlo.engine import run
from sim.montecarlo.one_at_a_time import morris_design, morris_effects, swings, tornado_design
from sim.montecarlo.sampling import design
from sim.montecarlo.sensitivity import sobol_design, sobol_indices


@dataclass(frozen=True)
class Uniform:
    name: str
    low: float = 0.0
    high: float = 1.0

    @property
    def distribution(self):
        return self

    def ppf(self, u):
        return self.low + (self.high - self.low) * u


def base(count, low=0.0, high=1.0, **options):
    names = [Uniform(f"x{i + 1}", low, high) for i in range(count)]
    return design(names, **({"seed": 0} | options))


def matrix(draws):
    return np.stack([*draws.values()], axis=1)


def ishigami(x, a=7.0, b=0.1):
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


WEIGHTS = np.array([0.0, 0.5, 3.0, 9.0, 99.0])


def sobol_g(x):
    return np.prod((np.abs(4 * x - 2) + WEIGHTS) / (1 + WEIGHTS), axis=1)


def both(model, scheme, points):
    """Run a model on all rows of a design, through the engine, in chunks of odd size."""
    store, rows = MemoryStore(), points * scheme.width
    run(lambda r: {"y": model(matrix(scheme(r)))}, rows, store=store, chunk=1001)
    return gather(store, range(rows))["y"]


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_ishigami(sampler):
    points = 16 * 4096
    scheme = sobol_design(base(3, -np.pi, np.pi, sampler=sampler))
    found = sobol_indices(scheme, both(ishigami, scheme, points))
    first = np.array([0.313905191148, 0.44241114479, 0.0])
    total = np.array([0.55758885521, 0.44241114479, 0.243683664062])
    exact = 0.003 if sampler == "sobol" else 0.02
    assert np.allclose(found.first, first, atol=exact)
    assert np.allclose(found.total, total, atol=exact)
    assert found.variance == pytest.approx(13.8445879407, rel=exact)
    reach = found.first_interval[1] - found.first_interval[0]
    assert np.all(np.abs(found.first - first) <= reach)
    assert np.all(np.abs(found.total - total) <= found.total_interval[1] - found.total_interval[0])


def test_sobol_g():
    scheme = sobol_design(base(5))
    found = sobol_indices(scheme, both(sobol_g, scheme, 16 * 512))
    parts = 1 / (3 * (1 + WEIGHTS) ** 2)
    variance = np.prod(1 + parts) - 1
    assert found.variance == pytest.approx(variance, rel=0.01)
    assert np.allclose(found.first, parts / variance, atol=0.01)
    others = np.prod(1 + parts) / (1 + parts)
    assert np.allclose(found.total, parts * others / variance, atol=0.01)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = []
    for seed in range(60):
        scheme = sobol_design(base(3, -np.pi, np.pi, seed=seed))
        found = sobol_indices(scheme, both(ishigami, scheme, 16 * 64))
        low, high = found.total_interval
        truth = np.array([0.55758885521, 0.44241114479, 0.243683664062])
        hits.append((low <= truth) & (truth <= high))
    assert 0.88 <= np.mean(hits) <= 1.0


def test_the_reach_of_an_interval_is_students_t_over_the_replicates():
    scheme = sobol_design(base(3, replicates=8))
    values = both(ishigami, scheme, 64)
    narrow, wide = (sobol_indices(scheme, values, confidence=c) for c in (0.5, 0.95))
    for name in ("first_interval", "total_interval"):
        ratio = np.ptp(getattr(wide, name), axis=0) / np.ptp(getattr(narrow, name), axis=0)
        assert ratio == pytest.approx(stats.t.ppf(0.975, 7) / stats.t.ppf(0.75, 7))


def test_estimates_are_those_of_scipy():
    scheme = sobol_design(base(3, -np.pi, np.pi))
    values = both(ishigami, scheme, 1024)
    found = sobol_indices(scheme, values)
    table = values.reshape(1024, 5).T
    theirs = stats.sobol_indices(
        func={"f_A": table[:1], "f_B": table[1:2], "f_AB": table[2:, None]}, n=1024
    )
    assert np.allclose(found.first, theirs.first_order, atol=1e-12)
    assert np.allclose(found.total, theirs.total_order, atol=1e-12)


def test_many_outputs_at_once_and_one_that_does_not_vary():
    scheme = sobol_design(base(3, -np.pi, np.pi))

    def model(x):
        y = ishigami(x)
        return np.stack([np.stack([y, 5 - 2 * y], 1), np.stack([x[:, 1], 0 * y + 3], 1)], 1)

    found = sobol_indices(scheme, both(model, scheme, 512))
    alone = sobol_indices(scheme, both(ishigami, scheme, 512))
    assert found.first.shape == (3, 2, 2)
    assert found.total_interval.shape == (2, 3, 2, 2)
    for output in (0, 1):  # a scale and an origin change no share
        assert np.allclose(found.first[:, 0, output], alone.first, atol=1e-9)
    assert np.allclose(found.total[:, 1, 0], [0, 1, 0], atol=0.02)
    assert np.all(found.first[:, 1, 1] == 0)
    assert found.variance[1, 1] == 0


def test_correlated_inputs_are_refused_by_name_or_grouped():
    pairs = [("x1", "x3", 0.6), ("x3", "x4", 0.2)]
    plan = base(5, correlations=pairs)
    with pytest.raises(SamplingError, match=r"correlated.*: x1, x3, x4; .*--grouped"):
        sobol_design(plan)
    scheme = sobol_design(plan, grouped=True)
    assert scheme.inputs == ("x1 + x3 + x4", "x2", "x5")
    z = stats.norm.ppf

    def model(x):  # additive, so that shares are ratios of variances
        return z(x[:, 0]) + z(x[:, 2]) + 2 * z(x[:, 1])

    found = sobol_indices(scheme, both(model, scheme, 16 * 256))
    r = 2 * np.sin(np.pi * 0.6 / 6)
    group = 2 + 2 * r
    assert np.allclose(found.first, np.array([group, 4, 0]) / (group + 4), atol=0.01)
    assert np.allclose(found.total, found.first, atol=0.01)
    # and within the group the draws are as correlated as was said
    draws = scheme(range(5 * 4096))
    assert stats.spearmanr(draws["x1"], draws["x3"]).statistic == pytest.approx(0.6, abs=0.03)


def test_rows_that_are_no_whole_points_are_refused():
    scheme = sobol_design(base(3))
    for rows in (5 * 64 + 1, 5 * 8):
        with pytest.raises(SamplingError, match="two points a replicate"):
            sobol_indices(scheme, np.zeros(rows))


@pytest.mark.parametrize("method", [sobol_design, tornado_design, morris_design])
def test_without_anything_uncertain_there_is_nothing_to_rank(method):
    with pytest.raises(SamplingError, match="nothing is uncertain"):
        method(base(0))


def test_one_morris_path_has_no_spread():
    with pytest.raises(SamplingError, match="1 trajectories tell no spread"):
        morris_design(base(3), trajectories=1)


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_a_discrete_input_has_the_share_of_its_variance(sampler):
    def model(x):  # Var 2 B(0.3) = 0.84, Var z = 1, Var B z' = 0.3, of which B has none alone
        z = stats.norm.ppf(x[:, :2])
        coin = x[:, 2] > 0.7
        return 2.0 * coin + z[:, 0] + coin * z[:, 1]

    scheme = sobol_design(base(3, sampler=sampler))
    found = sobol_indices(scheme, both(model, scheme, 4096))
    whole = 0.84 + 1.0 + 0.3
    first, total = np.array([1.0, 0.09, 0.84]), np.array([1.0, 0.3, 1.05])
    # E[· | z'] = 0.3 z' has variance 0.09; given z' the coin's is 0.21 (2 + z')², on average 1.05
    for name, share in (("first", first), ("total", total)):
        low, high = getattr(found, f"{name}_interval")
        reach = high - low  # twice the half width: all six hold but for one seed in thousands
        assert np.all(np.abs(getattr(found, name) - share / whole) <= reach), name


def test_tornado_moves_one_parameter_at_a_time():
    scheme = tornado_design(base(3, -1.0, 1.0), low=0.1, high=0.9)
    x = matrix(scheme(range(7)))
    assert np.array_equal(x[0], [0, 0, 0])
    found = swings(scheme, np.stack([x.sum(axis=1), x[:, 0] * x[:, 1]], axis=1))
    assert np.allclose(found.low[:, 0], -0.8)
    assert np.allclose(found.high[:, 0], 0.8)
    assert np.all(found.low[:, 1] == found.central[1])  # an interaction does not show alone
    with pytest.raises(SamplingError, match=r"quantiles 0.9 to 0.1"):
        tornado_design(base(3), low=0.9, high=0.1)


@pytest.mark.parametrize("seed", [0, 1])
def test_morris_effects_are_those_of_salib(seed):
    scheme = morris_design(base(3, seed=seed), trajectories=30)
    again = morris_design(base(3, seed=seed), trajectories=30)
    assert np.array_equal(scheme.points, again.points)
    x = matrix(scheme(range(120)))
    y = ishigami(np.pi * (2 * x - 1))
    found = morris_effects(scheme, np.stack([y, 2 * y], axis=1))
    problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[0.01, 0.99]] * 3}
    theirs = salib.analyze(problem, scheme.points, y, num_levels=4, seed=1)
    assert np.allclose(found.mu_star[:, 0], theirs["mu_star"].astype(float))
    assert np.allclose(found.sigma[:, 1], 2 * theirs["sigma"].astype(float))


def test_morris_effects_of_a_linear_model_are_its_slopes():
    scheme = morris_design(base(4), trajectories=8)
    x = matrix(scheme(range(40)))
    found = morris_effects(scheme, x @ np.array([1.0, -2.0, 0.0, 4.0]))
    assert np.allclose(found.mu_star, 0.98 * np.array([1, 2, 0, 4]))
    assert np.allclose(found.sigma, 0, atol=1e-12)


def test_the_reach_of_a_morris_effect_covers_its_mean_as_often_as_it_says():
    """One input interacts with another, so that its absolute effect has a spread."""
    held = []
    truth = np.mean([1.0, 2.0, 3.0, 4.0])  # the levels of x2 are equally likely
    for seed in range(100):
        scheme = morris_design(base(2, seed=seed), trajectories=6)
        level = np.rint(3.0 * (scheme.points - 0.01) / 0.98)
        found = morris_effects(scheme, (level[:, 0] / 3.0) * (1.0 + level[:, 1]))
        held.append(abs(found.mu_star[0] - truth) <= found.mu_star_reach[0])
    assert np.mean(held) >= 0.9
