"""Draws: their marginals and dependence, and that draw n is draw n wherever it is made."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_cases import changed
from scipy import stats
from scipy.stats import qmc

from sim.errors import SamplingError
from sim.montecarlo.case_task import scenario_design
from sim.montecarlo.copula import gaussian_copula
from sim.montecarlo.sampling import design, independent_uniforms, replicate, sample, uniforms
from sim.scenario import parse_scenario

SAMPLERS = ("random", "sobol", "lhs")


@dataclass(frozen=True)
class Law:
    """A SciPy distribution by name, with a quantile function."""

    name: str
    args: tuple[float, ...] = ()

    def ppf(self, u):
        return getattr(stats, self.name).ppf(u, *self.args)


@dataclass(frozen=True)
class Parameter:
    name: str
    distribution: Law


def parameters(count=4):
    laws = [Law("lognorm", (0.4,)), Law("norm"), Law("triang", (0.3,)), Law("uniform")]
    return [Parameter(f"p{i}", laws[i % 4]) for i in range(count)]


PAIRS = [("p0", "p1", 0.6), ("p1", "p3", -0.4)]


@settings(max_examples=30, deadline=None)
@given(
    sampler=st.sampled_from(SAMPLERS),
    seed=st.integers(0, 2**70),
    total=st.integers(1, 3000),
    cuts=st.lists(st.integers(0, 3000), max_size=4),
)
def test_draw_n_does_not_depend_on_the_chunk(sampler, seed, total, cuts):
    plan = design(parameters(), seed=seed, sampler=sampler, total=total, correlations=PAIRS)
    whole = plan(range(total))
    edges = sorted({0, total, *(cut for cut in cuts if cut < total)})
    parts = [plan(range(a, b)) for a, b in itertools.pairwise(edges)]
    for name, values in whole.items():
        assert np.array_equal(values, np.concatenate([part[name] for part in parts]))
        assert np.all(np.isfinite(values))


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_longer_run_begins_with_the_shorter_one(sampler):
    plan = design(parameters(), seed=0, sampler=sampler)
    short, long = plan(range(100)), plan(range(5000))
    assert all(np.array_equal(short[name], long[name][:100]) for name in short)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_further_parameter_changes_no_earlier_one(sampler):
    few = sample(parameters(3), range(200), seed=5, sampler=sampler)
    many = sample(parameters(9), range(200), seed=5, sampler=sampler)
    assert all(np.array_equal(few[name], many[name]) for name in few)


@settings(max_examples=30, deadline=None)
@given(
    sampler=st.sampled_from(SAMPLERS),
    places=st.lists(st.integers(0, 40), min_size=4, max_size=4, unique=True),
    left_out=st.integers(0, 3),
)
def test_a_place_is_a_coordinate_whoever_else_is_drawn(sampler, places, left_out):
    options = {"seed": 5, "sampler": sampler, "total": 64}
    everybody = parameters()
    plan = design(everybody, places=tuple(places), **options)
    u = independent_uniforms(plan, range(64), dimensions=41)
    assert np.array_equal(uniforms(plan, range(64)), u[:, places])
    fewer = [p for i, p in enumerate(everybody) if i != left_out]
    theirs = tuple(p for i, p in enumerate(places) if i != left_out)
    draws, others = plan(range(64)), design(fewer, places=theirs, **options)(range(64))
    assert all(np.array_equal(draws[name], values) for name, values in others.items())


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("important", [(), ("stake", "idle", "cost"), ("idle",)])
def test_a_parameter_that_is_set_leaves_the_draws_of_the_others(sampler, important):
    text = changed(("  share: 0.4\n", "  share: 0.4\n  idle: { value: { uniform: [0, 20] } }\n"))
    text = text.replace("correlations:\n  - [cost, stake, 0.5]\n", "")
    text += f"simulate: {{ important: [{', '.join(important)}] }}\n"

    def draws(overrides):
        scenario = parse_scenario(text, overrides, name="s.yaml")
        return scenario_design(scenario, draws=64, sampler=sampler)(range(64))

    whole = draws({})
    assert {"cost", "stake", "idle"} <= set(whole)
    for name in ("cost", "stake", "idle"):
        some = draws({f"parameters.{name}.value": 12})
        assert {*some, name} == {*whole}
        assert all(np.array_equal(values, whole[other]) for other, values in some.items())


def test_important_numbers_share_the_most_even_coordinates():
    """In every replicate each dyadic box of area 1/n holds one of n points: a (0, m, 2)-net."""
    names = ["early", *(f"x{i}" for i in range(40)), "late"]
    more = "".join(f"  {name}: {{ value: {{ uniform: [0, 1] }} }}\n" for name in names)
    text = changed(("  share: 0.4\n", f"  share: 0.4\n{more}"))
    m, n = 6, 64

    def in_boxes(extra):
        plan = scenario_design(parse_scenario(text + extra, name="s.yaml"))
        draws, label = plan(range(8 * n)), replicate(plan, range(8 * n))
        counts = []
        for r, k in itertools.product(range(8), range(m + 1)):
            a = np.floor(draws["early"][label == r] * 2**k)
            b = np.floor(draws["late"][label == r] * 2 ** (m - k))
            counts.append(len({*zip(a, b, strict=True)}))
        return counts

    assert in_boxes("simulate: { important: [late, early] }\n") == [n] * (8 * (m + 1))
    assert min(in_boxes("")) < n


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_seed_zero_is_a_seed_and_seeds_differ(sampler):
    zero, again, one = (
        sample(parameters(), range(64), seed=seed, sampler=sampler)["p1"] for seed in (0, 0, 1)
    )
    assert np.array_equal(zero, again)
    assert not np.any(zero == one)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_marginals_are_the_distributions(sampler):
    draws = sample(parameters(), range(16384), seed=3, sampler=sampler, correlations=PAIRS)
    for parameter in parameters():
        law = getattr(stats, parameter.distribution.name)(*parameter.distribution.args)
        assert stats.kstest(draws[parameter.name], law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rank_correlations_are_met(sampler):
    draws = sample(parameters(), range(16384), seed=1, sampler=sampler, correlations=PAIRS)
    for a, b, value in [*PAIRS, ("p0", "p2", 0.0)]:
        assert stats.spearmanr(draws[a], draws[b]).statistic == pytest.approx(value, abs=0.02)


def test_linear_correlation_of_lognormals_has_its_closed_form():
    laws = {"a": Law("lognorm", (0.5,)), "b": Law("lognorm", (1.0,))}
    copula = gaussian_copula("ab", [("a", "b", 0.4)], kind="linear", distributions=laws)
    r = copula.correlation[0][1]
    spread = np.sqrt(np.expm1(0.25) * np.expm1(1.0))
    assert np.expm1(0.5 * r) / spread == pytest.approx(0.4, abs=1e-6)


def test_linear_correlation_of_bernoullis_is_that_of_the_draws():
    coins = [Parameter("a", Law("bernoulli", (0.3,))), Parameter("b", Law("bernoulli", (0.6,)))]
    draws = sample(
        coins, range(65536), seed=2, correlations=[("a", "b", 0.5)], correlation_kind="linear"
    )
    assert np.corrcoef(draws["a"], draws["b"])[0, 1] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("p", "q", "target"),
    [(0.5, 0.5, 0.95), (0.5, 0.5, -0.9), (0.1, 0.1, 0.9), (0.02, 0.02, 0.8), (0.1, 0.3, 0.45)],
)
def test_a_strong_linear_correlation_of_bernoullis_is_met_exactly(p, q, target):
    laws = {"a": Law("bernoulli", (p,)), "b": Law("bernoulli", (q,))}
    copula = gaussian_copula("ab", [("a", "b", target)], kind="linear", distributions=laws)
    r = copula.correlation[0][1]
    both = stats.multivariate_normal.cdf(stats.norm.ppf([p, q]), cov=[[1.0, r], [r, 1.0]])
    met = (both - p * q) / np.sqrt(p * (1.0 - p) * q * (1.0 - q))
    assert met == pytest.approx(target, abs=1e-3)


def test_a_linear_correlation_out_of_reach_names_the_reach():
    laws = {"a": Law("lognorm", (2.0,)), "b": Law("norm")}
    with pytest.raises(SamplingError, match=r"a and b.*linear correlation in \[-0\.\d+, 0\.\d+\]"):
        gaussian_copula("ab", [("a", "b", 0.99)], kind="linear", distributions=laws)


def test_perfect_correlation_is_allowed():
    draws = sample(parameters(), range(500), seed=1, correlations=[("p1", "p3", 1.0)])
    assert np.allclose(stats.norm.cdf(draws["p1"]), draws["p3"], atol=1e-9)


def test_clashing_correlations_are_named_and_the_rest_is_not():
    entries = [("a", "d", 0.1), ("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)]
    with pytest.raises(SamplingError) as caught:
        gaussian_copula("abcd", entries)
    message = str(caught.value)
    assert "a–b 0.9, b–c 0.9, a–c -0.9" in message
    assert "a–d" not in message
    low, high = (float(x) for x in message.split("[")[1].rstrip("]").split(","))
    for value, fits in [(low + 1e-3, True), (low - 1e-3, False), (high - 1e-3, True)]:
        trial = [*entries[:3], ("a", "c", value)]
        if fits:
            assert gaussian_copula("abcd", trial) is not None
        else:
            with pytest.raises(SamplingError):
                gaussian_copula("abcd", trial)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("a", "x", 0.5)], "x is no uncertain parameter; there are a, b, c"),
        ([("a", "b", 1.5)], r"1.5 is outside \[-1, 1\]"),
        ([("a", "b", float("nan"))], "nan is outside"),
        ([("a", "b", 0.5), ("b", "a", 0.2)], "stands once"),
        ([("a", "a", 0.5)], "stands once"),
    ],
)
def test_faulty_correlations_are_named(entries, message):
    with pytest.raises(SamplingError, match=message):
        gaussian_copula("abc", entries)


def test_unknown_kind_is_named():
    with pytest.raises(SamplingError, match="allowed are 'rank' and 'linear'"):
        gaussian_copula("ab", [("a", "b", 0.5)], kind="kendall")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "halton"}, "allowed are random, sobol, lhs"),
        ({"seed": -1}, "from 0"),
        ({"replicates": 1}, "at least 2"),
        ({"sampler": "lhs"}, "depends on the number of draws"),
        ({"places": (0, 1, 1, 2)}, "one of its own"),
        ({"places": (0, 1, 2)}, "one of its own"),
        ({"places": (0, 0, 1, 2, 3)}, "one of its own"),
        ({"places": (-1, 0, 1, 2)}, "from 0"),
        ({"places": (0, 1, 2, 21201)}, "at most 21201"),
    ],
)
def test_faulty_settings_are_named(options, message):
    with pytest.raises(SamplingError, match=message):
        design(parameters(), **({"seed": 1} | options))


def test_rows_outside_of_the_design_are_refused():
    plan = design(parameters(), seed=1, sampler="lhs", total=10)
    for rows in (range(5, 11), range(0, 10, 2), range(-3, 2)):
        with pytest.raises(SamplingError):
            plan(rows)


def test_each_replicate_of_sobol_is_a_net_of_its_own():
    plan = design(parameters(5), seed=11, replicates=4)
    u = independent_uniforms(plan, range(4 * 256), dimensions=5).reshape(256, 4, 5)
    for r in range(4):
        cells = np.floor(u[:, r] * 256).astype(int)
        for j in range(5):  # one point in each of 256 intervals, whatever the scramble
            assert sorted(cells[:, j]) == list(range(256))
        # SciPy's own scramble has the same discrepancy
        theirs = qmc.discrepancy(qmc.Sobol(5, rng=1).random(256))
        assert qmc.discrepancy(u[:, r]) < 1.5 * theirs
    assert not np.any(u[:, 0] == u[:, 1])


def test_each_replicate_of_lhs_is_a_latin_hypercube():
    plan = design(parameters(3), seed=4, sampler="lhs", replicates=3, total=3 * 50)
    u = uniforms(plan, range(150))
    for r in range(3):
        own = u[replicate(plan, range(150)) == r]
        for j in range(3):
            assert sorted(np.floor(own[:, j] * 50).astype(int)) == list(range(50))


def test_a_design_travels_and_needs_no_parameters():
    plan = pickle.loads(pickle.dumps(design(parameters(), seed=9, correlations=PAIRS)))
    assert np.array_equal(
        plan(range(9))["p0"], sample(parameters(), range(9), seed=9, correlations=PAIRS)["p0"]
    )
    assert design([], seed=1)(range(5)) == {}


def test_correlated_groups_are_the_connected_ones():
    copula = gaussian_copula("abcde", [("a", "c", 0.2), ("e", "c", 0.2), ("b", "d", 0.1)])
    assert copula.groups() == ((0, 2, 4), (1, 3))
