"""Distributions against SciPy's, their own definitions, and bad parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from sim.scenario.distributions import FAMILIES, LARGEST, Distribution, DistributionError

U = np.linspace(0.0005, 0.9995, 1999)
CASES = [
    ("uniform", [2, 5], stats.uniform(2, 3)),
    ("loguniform", [2, 5], stats.loguniform(2, 5)),
    ("triangular", [1, 2, 5], stats.triang(0.25, 1, 4)),
    ("triangular", [1, 1, 5], stats.triang(0, 1, 4)),
    ("triangular", [1, 5, 5], stats.triang(1, 1, 4)),
    ("normal", {"mean": 1, "sd": 2}, stats.norm(1, 2)),
    ("lognormal", {"median": 2, "gsd": 1.5}, stats.lognorm(math.log(1.5), scale=2)),
    ("beta", {"a": 2, "b": 3, "low": 1, "high": 3}, stats.beta(2, 3, 1, 2)),
    ("gamma", {"mean": 2, "sd": 1}, stats.gamma(4, scale=0.5)),
    ("gamma", {"shape": 4, "scale": 0.5}, stats.gamma(4, scale=0.5)),
    ("exponential", {"mean": 3}, stats.expon(scale=3)),
    ("student_t", {"df": 4, "mean": 1, "scale": 2}, stats.t(4, 1, 2)),
    ("bernoulli", {"p": 0.3}, stats.bernoulli(0.3)),
    ("poisson", {"mean": 3.3}, stats.poisson(3.3)),
]
CONTINUOUS = [case for case in CASES if not FAMILIES[case[0]].discrete]


@pytest.mark.parametrize(("family", "parameters", "reference"), CASES)
def test_quantiles_and_mean_are_those_of_scipy(family, parameters, reference):
    made = Distribution.of(family, parameters)
    np.testing.assert_allclose(made.ppf(U), reference.ppf(U), rtol=1e-12, atol=1e-12)
    assert made.mean == pytest.approx(float(reference.mean()), rel=1e-12)
    assert made.support == pytest.approx(tuple(float(x) for x in reference.support()))
    for x in [-1.0, *reference.ppf([0.01, 0.3, 0.8, 0.99]), 50.0]:
        assert made.cdf(float(x)) == pytest.approx(float(reference.cdf(x)), abs=1e-12)


@pytest.mark.parametrize(("family", "parameters", "reference"), CONTINUOUS)
def test_truncation_keeps_the_shape_between_its_ends(family, parameters, reference):
    low, high = float(reference.ppf(0.2)), float(reference.ppf(0.7))
    given = (
        dict(zip(FAMILIES[family].forms[0], parameters, strict=True))
        if isinstance(parameters, list)
        else dict(parameters)
    )
    made = Distribution.of(family, {**given, "min": low, "max": high})
    np.testing.assert_allclose(made.ppf(U), reference.ppf(0.2 + 0.5 * U), rtol=1e-9)
    expected = integrate.quad(lambda x: x * reference.pdf(x), low, high, epsabs=1e-12)[0] / 0.5
    assert made.mean == pytest.approx(expected, rel=1e-8)
    assert made.support == (low, high)
    assert (made.cdf(low - 1.0), made.cdf(high)) == (0.0, 1.0)
    np.testing.assert_allclose([made.cdf(float(x)) for x in made.ppf(U)], U, atol=1e-9)


def test_moments_that_parameters_name():
    beta = Distribution.of("beta", {"mean": 0.1, "sd": 0.05})
    lognormal = Distribution.of("lognormal", {"mean": 3, "sd": 2})
    for made, mean, sd in ((beta, 0.1, 0.05), (lognormal, 3, 2)):
        moments = [
            integrate.quad(lambda u, k=k, m=made: float(m.ppf(u)) ** k, 0, 1, limit=400)[0]
            for k in (1, 2)
        ]
        assert made.mean == pytest.approx(mean, rel=1e-12)
        assert moments[0] == pytest.approx(mean, rel=1e-4)
        assert math.sqrt(moments[1] - moments[0] ** 2) == pytest.approx(sd, rel=2e-3)


def test_choice_has_the_listed_values_with_their_probabilities():
    made = Distribution.of("choice", {"values": [3, 1, 2], "probabilities": [0.2, 0.5, 0.3]})
    draws = made.ppf((np.arange(10_000) + 0.5) / 10_000)
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == [1, 2, 3]
    assert counts.tolist() == [5000, 3000, 2000]
    assert made.mean == pytest.approx(1.7)
    assert made.support == (1, 3)
    assert Distribution.of("choice", {"values": [5]}).mean == 5


def test_bernoulli_at_its_ends():
    assert Distribution.of("bernoulli", {"p": 0}).support == (0, 0)
    assert Distribution.of("bernoulli", {"p": 1}).ppf([0.0, 0.5, 1.0]).tolist() == [1, 1, 1]


@pytest.mark.parametrize(("family", "parameters", "_"), CASES)
def test_spec_reads_back_as_the_same_distribution(family, parameters, _):
    made = Distribution.of(family, parameters)
    ((name, inner),) = made.spec().items()
    assert Distribution.of(name, inner) == made
    assert str(made).startswith(f"{family}(")


BAD = [
    ("nromal", {"mean": 0, "sd": 1}, (), "did you mean 'normal'"),
    ("normal", {"mean": 0, "sd": 0}, ("sd",), "above 0"),
    ("normal", {"mean": 0}, (), "needs {mean, sd}"),
    ("normal", [0, 1], (), "must be given as {mean, sd}"),
    ("normal", 3, (), "must be given as"),
    ("normal", {"mean": 0, "sd": 1, "maxx": 1}, ("maxx",), "did you mean 'max'"),
    ("normal", {"mean": 0, "sd": 1, "min": 3, "max": 2}, ("max",), "above min"),
    ("normal", {"mean": 0, "sd": 1, "min": 30}, ("min",), "almost nothing"),
    ("normal", {"mean": math.nan, "sd": 1}, ("mean",), "finite"),
    ("normal", {"mean": 10**400, "sd": 1}, ("mean",), "finite"),
    ("normal", {"mean": True, "sd": 1}, ("mean",), "must be a number, not true"),
    ("normal", {"mean": "0", "sd": 1}, ("mean",), "must be a number"),
    ("uniform", [1, 1], (1,), "high must be above low"),
    ("uniform", [1, 2, 3], (), "takes 2 numbers [low, high], not 3"),
    ("triangular", [0, 3, 2], (1,), "mode must lie between"),
    ("triangular", [0, "x", 2], (1,), "must be a number"),
    ("loguniform", [0, 1], (0,), "above 0"),
    ("lognormal", {"median": -1, "gsd": 2}, ("median",), "above 0"),
    ("lognormal", {"median": 1, "gsd": 0.5}, ("gsd",), "above 1"),
    ("lognormal", {"mean": 1, "gsd": 2}, (), "needs {median, gsd} or {mean, sd}"),
    ("beta", {"mean": 0.1, "sd": 0.5}, ("sd",), "below 0.3"),
    ("beta", {"mean": 1.1, "sd": 0.1}, ("mean",), "between 0 and 1"),
    ("beta", {"a": 0, "b": 1}, ("a",), "above 0"),
    ("gamma", {"mean": -1, "sd": 1}, ("mean",), "above 0"),
    ("student_t", {"df": 1, "scale": 1}, ("df",), "above 1"),
    ("bernoulli", {"p": 1.2}, ("p",), "between 0 and 1"),
    ("bernoulli", {"p": 0.2, "min": 0}, ("min",), "no parameter 'min'"),
    ("poisson", {"mean": 0}, ("mean",), "above 0"),
    ("choice", {"values": []}, ("values",), "at least one"),
    ("choice", {"values": 3}, ("values",), "list of numbers"),
    ("choice", {"values": [1, "a"]}, ("values", 1), "must be a number"),
    ("choice", {"values": [1, 2], "probabilities": [0.5, 0.6]}, ("probabilities",), "add to 1"),
    ("choice", {"values": [1, 2], "probabilities": [1]}, ("probabilities",), "as many"),
    ("choice", {"values": [1, 2], "probabilities": [2, -1]}, ("probabilities",), "not be negative"),
]


@pytest.mark.parametrize(("family", "parameters", "path", "said"), BAD)
def test_bad_parameters_are_named(family, parameters, path, said):
    with pytest.raises(DistributionError) as caught:
        Distribution.of(family, parameters)
    assert said in caught.value.message
    assert caught.value.path == path


NUMBER = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0, 1, -1, 1e-300, 1e-12, LARGEST, -LARGEST, 10**30, True, None, "x"]),
    st.floats(0.01, 10),
)


@given(
    st.sampled_from(list(FAMILIES)).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.sampled_from(FAMILIES[name].forms).flatmap(
                lambda form: st.fixed_dictionaries(
                    dict.fromkeys(form, NUMBER), optional={"min": NUMBER, "max": NUMBER}
                )
            ),
        )
    )
)
def test_whatever_is_accepted_can_be_drawn_from(case):
    family, parameters = case
    try:
        made = Distribution.of(family, parameters)
    except DistributionError:
        return
    with np.errstate(all="ignore"):
        draws = made.ppf([1e-9, 0.1, 0.5, 0.9, 1 - 1e-9])
    assert np.isfinite(draws).all()
    assert (np.diff(draws) >= 0).all()
    low, high = made.support
    assert low <= draws[0]
    assert draws[-1] <= high
    assert low <= made.mean <= high
