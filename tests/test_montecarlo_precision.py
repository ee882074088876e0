"""Standard errors are what means scatter by, and a run stops where they are small enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.errors import SamplingError
from sim.montecarlo.precision import Precision, next_total, standard_error
from sim.montecarlo.sampling import design, replicate


@dataclass(frozen=True)
class Normal:
    name: str = "s"
    mean: float = 0.0
    sd: float = 1.0

    @property
    def distribution(self):
        return self

    def ppf(self, u):
        return stats.norm.ppf(u, self.mean, self.sd)


def surplus_gain(sampler, seed, n):
    """MC-NORMAL-SURPLUS: half of a surplus s ~ N(½, 1), no agreement if s < 0."""
    plan = design([Normal(mean=0.5)], seed=seed, sampler=sampler, total=n)
    s = plan(range(n))["s"]
    return s > 0, np.maximum(s, 0) / 2, replicate(plan, range(n))


@pytest.mark.parametrize("sampler", ["random", "sobol", "lhs"])
def test_normal_surplus_within_its_standard_errors(sampler):
    agree, gain, label = surplus_gain(sampler, 20250417, 16384)
    for values, truth in [(agree.astype(float), 0.691462461274), (gain, 0.348898278701)]:
        error = float(standard_error(values, label))
        assert error < 0.005
        # a share has steps of 1/1,024 in each replicate, and may scatter less than one
        assert abs(values.mean() - truth) < 4 * error + 1 / 1024


@pytest.mark.parametrize("sampler", ["random", "sobol", "lhs"])
def test_the_standard_error_is_the_scatter_over_seeds(sampler):
    runs = [surplus_gain(sampler, seed, 512)[1:] for seed in range(150)]
    scatter = np.std([values.mean() for values, _ in runs], ddof=1)
    told = np.sqrt(np.mean([standard_error(values, label) ** 2 for values, label in runs]))
    assert told == pytest.approx(scatter, rel=0.25)


@pytest.mark.parametrize("sampler", ["random", "sobol", "lhs"])
def test_intervals_cover_as_often_as_they_say(sampler):
    """400 intervals of 95 % from 256 draws for the mean of a lognormal product of five."""
    names, hits, runs = [Normal(f"x{i}") for i in range(5)], 0, 400
    truth = np.exp(5 * 0.3**2 / 2)
    for seed in range(runs):
        plan = design(names, seed=seed, sampler=sampler, total=256)
        values = np.exp(0.3 * np.sum([*plan(range(256)).values()], axis=0))
        freedom = 255 if sampler == "random" else plan.replicates - 1
        label = replicate(plan, range(256))
        reach = stats.t.ppf(0.975, freedom) * standard_error(values, label)
        hits += abs(values.mean() - truth) <= reach
    assert stats.binomtest(hits, runs, 0.95).pvalue > 1e-3


def test_equal_replicates_give_the_textbook_formula():
    rng = np.random.default_rng(0)
    values, label = rng.normal(size=(60, 2, 3)), np.arange(60) % 5
    means = np.stack([values[label == r].mean(axis=0) for r in range(5)])
    expected = np.std(means, axis=0, ddof=1) / np.sqrt(5)
    assert np.allclose(standard_error(values, label), expected, rtol=1e-12)


@pytest.mark.parametrize("label", [None, np.arange(64) % 8])
def test_draws_without_a_value_are_left_out(label):
    values = np.random.default_rng(1).normal(size=(64, 3))
    lost = np.arange(64) % 5 == 2
    gappy = np.where(lost[:, None] & [True, False, False], np.nan, values)
    gappy[:, 2] = np.nan
    known = standard_error(values[~lost], None if label is None else label[~lost])
    if label is None:
        rest = values[~lost]
        assert known == pytest.approx(rest.std(axis=0, ddof=1) / np.sqrt(len(rest)), rel=1e-12)
    found = standard_error(gappy, label)
    assert found[0] == known[0]
    assert found[1] == standard_error(values, label)[1]
    assert found[2] == np.inf


def test_nothing_is_known_from_one_draw_or_one_replicate():
    assert np.isinf(standard_error(np.ones((1, 2)))).all()
    assert np.isinf(standard_error(np.ones(5), np.zeros(5, dtype=int)))
    assert standard_error(np.ones(5)) == 0


@given(
    n=st.integers(2, 10**6),
    error=st.floats(0, 1e3) | st.just(float("inf")),
    target=st.floats(1e-3, 10),
    cap=st.integers(2, 10**6),
    doubling=st.booleans(),
)
def test_next_total_stops_or_grows_up_to_the_cap(n, error, target, cap, doubling):
    n = min(n, cap)
    following = next_total(n, error=error, target=target, cap=cap, doubling=doubling)
    assert n <= following <= cap
    assert (following == n) == (error <= target or n == cap)


def test_independent_draws_go_where_the_root_law_says():
    there = next_total(10_000, error=0.1, target=0.06, cap=10**6, doubling=False)
    assert there == pytest.approx(10_000 * (0.1 / 0.06) ** 2, rel=0.03)
    assert next_total(4096, error=0.1, target=0.06, cap=10**6, doubling=True) == 8192


@pytest.mark.parametrize("fault", [{"target": 0.0}, {"target": float("nan")}, {"cap": 1}])
def test_a_precision_that_cannot_be_reached_is_refused(fault):
    with pytest.raises(SamplingError):
        Precision(**({"target": 1.0, "measure": len, "watched": ()} | fault))
