"""Enforcement linkage: critical discount factors and the deepest agreements, by definition."""

from __future__ import annotations

import numpy as np
import pytest
from games_cases import LOWER, UPPER, worked_example
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from sim.bargaining import from_functions
from sim.errors import GameError
from sim.games import (
    CooperationIssue,
    critical_discount,
    deepest_agreement,
    enforcement_linkage,
    enforcement_of,
    interdependent_discount,
    power_issue,
)

CONTROL = [0, 0, 1, 1, 1, 0, 0, 0, 2, 2, 2, 0]
numbers = st.integers(-50, 50).map(lambda v: v / 10)


@given(numbers, numbers, numbers, st.floats(0.01, 0.99))
def test_complying_is_best_exactly_from_the_factor_on(dev, c, n, delta):
    found = critical_discount([dev], [c], [n])
    # after a deviation the punishment is what follows, so that it is never better to deviate at
    # a higher discount factor only if c > n
    best = c / (1 - delta) >= dev + delta * n / (1 - delta) - 1e-12
    patient = 1 - 1e-9
    if c < n:
        assert found.never[0]
        assert np.isinf(found.factor[0])
        assert c < (1 - patient) * dev + patient * n
    elif dev <= c:
        assert found.factor[0] == 0.0
        assert best
    elif c > n:
        if abs(delta - found.factor[0]) > 1e-9:
            assert best == (delta >= found.factor[0])
    else:
        assert found.never[0]
        assert np.isinf(found.factor[0])
        assert not best
    assert found.agreement == found.factor[0]


def test_who_has_no_instrument_cannot_deviate():
    """Player 0 sets its best tariff of 1/3 in war; player 1 only gains or suffers from it."""
    both = from_functions(
        {"A": lambda t: t / 4 - 3 * t**2 / 8, "B": lambda t: t}, {"t": (0, 1)}, disagreement=[0, 0]
    ).payoffs
    found = enforcement_of(
        both, outcome=[0.0], tracks={"only": [0]}, control=[0], lower=[0.0], upper=[1.0]
    )
    assert np.isinf(found.separate[0, 0, 0])
    assert found.separate[0, 0, 1] == 0.0


@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 10_000))
def test_pooled_factors_lie_between_the_tracks(tracks, players, seed):
    rng = np.random.default_rng(seed)
    n = rng.normal(size=(5, tracks, players))
    c = n + rng.uniform(0.1, 1, n.shape)
    dev = c + rng.uniform(0, 1, n.shape)
    found = enforcement_linkage(dev, c, n)
    assert (found.pooled >= found.separate.min(axis=1) - 1e-12).all()
    assert (found.pooled <= found.separate.max(axis=1) + 1e-12).all()
    expected = (dev - c).sum(axis=1) / (dev - n).sum(axis=1)
    np.testing.assert_allclose(found.pooled, expected)
    np.testing.assert_array_equal(found.separate_agreement, found.separate.max(axis=2))
    np.testing.assert_array_equal(found.pooled_agreement, found.pooled.max(axis=1))
    assert not (found.rescued & found.tightened).any()


def test_a_hopeless_track_is_rescued_and_another_tightened():
    found = enforcement_linkage([[5.0], [4.0]], [[3.0], [3.0]], [[1.0], [3.5]])
    assert np.isinf(found.separate_agreement[0, 1])
    np.testing.assert_allclose(found.pooled_agreement, 3 / 4.5)
    np.testing.assert_array_equal(found.rescued, [[False, True]])
    np.testing.assert_array_equal(found.tightened, [[True, False]])


def test_identical_tracks_gain_nothing():
    found = enforcement_linkage([[5.0]] * 3, [[3.0]] * 3, [[1.0]] * 3)
    np.testing.assert_allclose(found.pooled_agreement, found.separate_agreement[0, 0])


def test_the_worked_example():
    """Japan's defence track is never enforceable alone, pooled it is at .83; trade needs .64."""
    outcome = np.array(
        [0.1064, 0.1474, 0.9235, 86.8529, 2.2743, 50, 0.1329, 0.1735, 0.5792, 50.5057, 2.2005, 28.5]
    )
    found = enforcement_of(
        worked_example(),
        outcome=outcome,
        tracks={"trade": [0, 1, 2, 3], "defence": [4, 5]},
        control=CONTROL,
        lower=LOWER,
        upper=UPPER,
        parties=[0, 1],
    )
    assert found.converged.all()
    assert round(float(found.separate_agreement[0, 0]), 2) == 0.64
    assert np.isinf(found.separate[0, 1, 1])
    assert round(float(found.pooled_agreement[0]), 2) == 0.83
    np.testing.assert_array_equal(found.rescued, [[False, True]])
    np.testing.assert_array_equal(found.tightened, [[True, False]])
    assert (found.deviation >= found.cooperation).all()


def test_patience_just_enough_makes_the_agreement_hold():
    payoffs = worked_example(3, spread=0.2, seed=11)
    outcome = np.tile(0.5 * (LOWER + UPPER), (3, 1))
    found = enforcement_of(
        payoffs,
        outcome=outcome,
        tracks={"US-Japan": range(6)},
        control=CONTROL,
        lower=LOWER,
        upper=UPPER,
        parties=[0, 1],
    )
    np.testing.assert_allclose(found.pooled_deviation, found.deviation[:, 0])
    delta = found.pooled
    inside = (delta > 0) & (delta < 1)
    comply = found.pooled_cooperation / (1 - np.where(inside, delta, 0.5))
    cheat = (
        found.pooled_deviation
        + np.where(inside, delta, 0.5)
        / (1 - np.where(inside, delta, 0.5))
        * found.pooled_punishment
    )
    np.testing.assert_allclose(comply[inside], cheat[inside], rtol=1e-9)


@pytest.mark.parametrize(
    ("objective", "sign"), [(np.sqrt, -1), (lambda x: 2 * x + 1, 0), (np.square, 1)]
)
def test_substitutes_ease_and_complements_tighten(objective, sign):
    """Spagnolo: linkage adds enforcement power if the objective is concave, and the reverse."""
    found = interdependent_discount([5.0, 5.0], [3.0, 3.0], [1.0, 1.0], objective=objective)
    assert np.sign(np.round(found.linked - found.separate.max(), 12)) == sign
    assert found.linked <= found.any_subset + 1e-12


@given(st.integers(1, 4), st.integers(0, 1000))
@settings(deadline=None)
def test_one_government_never_loses_by_linking(tracks, seed):
    rng = np.random.default_rng(seed)
    n = rng.uniform(0, 1, (3, tracks))
    c = n + rng.uniform(0.1, 1, n.shape)
    dev = c + rng.uniform(0, 1, n.shape)
    for objective in (np.sqrt, np.square, np.exp):
        found = interdependent_discount(dev, c, n, objective=objective)
        assert (found.linked <= found.any_subset + 1e-12).all()
    linear = interdependent_discount(dev, c, n, objective=lambda x: x)
    np.testing.assert_allclose(linear.separate, (dev - c) / (dev - n))


@given(
    st.lists(
        st.tuples(st.floats(0.5, 2), st.floats(0.5, 2), st.floats(1.2, 4), st.floats(0.3, 2)),
        min_size=1,
        max_size=3,
    ),
    st.floats(0.1, 0.7),
)
@settings(deadline=None, max_examples=25)
def test_deepest_agreements_solve_the_programme(parameters, delta):
    issues = [power_issue(benefit=v, gain=a, power=p, cap=x) for v, a, p, x in parameters]
    rho = delta / (1 - delta)
    apart = deepest_agreement(issues, delta, linked=False)
    joint = deepest_agreement(issues, delta, linked=True)
    assert apart.converged.all()
    assert joint.converged.all()
    assert joint.value[0] >= apart.value[0] - 1e-9
    v, a, p, cap = np.array(parameters).T
    x = apart.depth[0]
    assert (a * x**p <= rho * v * x + 1e-9).all()
    np.testing.assert_allclose(x, np.minimum((rho * v / a) ** (1 / (p - 1)), cap), rtol=1e-6)
    y = joint.depth[0]
    assert (a * y**p).sum() <= rho * (v * y).sum() + 1e-9

    def slack(z):
        return rho * v @ z - (a * np.maximum(z, 0) ** p).sum()

    by_slsqp = minimize(
        lambda z: -v @ z,
        0.5 * x + 1e-3,
        bounds=[(0, c) for c in cap],
        constraints={
            "type": "ineq",
            "fun": lambda z: rho * v @ z - (a * np.maximum(z, 0) ** p).sum(),
        },
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 300},
    )
    np.testing.assert_allclose(joint.value[0], -by_slsqp.fun, atol=1e-5)


def test_linkage_takes_from_one_issue_to_give_to_another():
    issues = [power_issue(power=2), power_issue(power=3)]
    apart = deepest_agreement(issues, [1 / 3, 0.4], linked=False)
    joint = deepest_agreement(issues, [1 / 3, 0.4], linked=True)
    assert (joint.depth[:, 0] > apart.depth[:, 0]).all()
    assert (joint.depth[:, 1] < apart.depth[:, 1]).all()
    np.testing.assert_allclose(joint.slack, 0, atol=1e-9)


def test_full_cooperation_has_no_shadow_price():
    found = deepest_agreement([power_issue(cap=0.5)], 0.9, linked=True)
    np.testing.assert_array_equal(found.depth, 0.5)
    np.testing.assert_array_equal(found.multiplier, 0.0)
    assert found.slack[0] > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: critical_discount([1.0, 2.0], [1.0, 2.0, 3.0], [0.0]), "equal shapes"),
        (lambda: critical_discount([np.nan], [1.0], [0.0]), "deviation: NaN"),
        (lambda: enforcement_linkage([1.0], [1.0], [0.0]), r"shape \(T, n\)"),
        (lambda: interdependent_discount([0.0], [1.0], [0.0], objective=np.exp), "complying"),
        (lambda: interdependent_discount([[2.0] * 13], [[1.0] * 13], 0.0, objective=np.exp), "12"),
        (
            lambda: interdependent_discount([2.0], [1.0], [-1.0], objective=np.sqrt),
            "objective: NaN",
        ),
        (lambda: deepest_agreement([], 0.5, linked=True), "one issue or more"),
        (lambda: deepest_agreement([power_issue()], 1.0, linked=True), r"\[0, 1\)"),
        (lambda: power_issue(power=0.5), "power"),
        (lambda: power_issue(gain=-1.0), "gain"),
        (
            lambda: deepest_agreement(
                [CooperationIssue(np.square, lambda x: 2 * x, np.square, lambda x: 2 * x, 1.0)],
                0.5,
                linked=True,
            ),
            "concave benefit",
        ),
        (
            lambda: deepest_agreement(
                [CooperationIssue(lambda x: x + 1, np.ones_like, np.square, lambda x: 2 * x, 1.0)],
                0.5,
                linked=True,
            ),
            "0 at depth 0",
        ),
        (
            lambda: enforcement_of(
                worked_example(),
                outcome=LOWER,
                tracks={"a": []},
                control=CONTROL,
                lower=LOWER,
                upper=UPPER,
            ),
            "tracks",
        ),
        (
            lambda: enforcement_of(
                worked_example(),
                outcome=LOWER,
                tracks={"a": [1]},
                control=[0],
                lower=LOWER,
                upper=UPPER,
            ),
            "control",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message), np.errstate(invalid="ignore"):
        make()


def test_equal_tracks_are_neither_rescued_nor_tightened():
    found = enforcement_linkage([[5.0], [5.0]], [[3.0], [3.0]], [[1.0], [1.0]])
    assert found.pooled_agreement[0] == found.separate_agreement[0, 0] == 0.5
    assert not found.rescued.any()
    assert not found.tightened.any()


@pytest.mark.parametrize("delta", [0.2, 0.35, 0.5])
def test_the_multiplier_is_the_shadow_price_of_slack(delta):
    """Every depth maximises the Lagrangian (1 + mu rho) b - mu g on a grid."""
    parameters = [(1.0, 1.0, 2.0), (2.0, 1.5, 3.0)]
    issues = [power_issue(benefit=v, gain=a, power=p, cap=2.0) for v, a, p in parameters]
    found = deepest_agreement(issues, delta, linked=True)
    rho, mu = delta / (1 - delta), found.multiplier[0]
    assert mu > 0.0
    grid = np.linspace(0.0, 2.0, 2001)
    for (v, a, p), depth in zip(parameters, found.depth[0], strict=True):
        value = (1 + mu * rho) * v * grid - mu * a * grid**p
        here = (1 + mu * rho) * v * depth - mu * a * depth**p
        assert here >= value.max() - 1e-9
