"""`deterrence` and `presence`: section 2.2 and the cost of troops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payoffs_cases import assert_derivatives, number, single

from sim.errors import PayoffError
from sim.payoffs import Deterrence, Payoffs, Presence


@st.composite
def regions(draw):
    return Deterrence(
        "d",
        issue=draw(st.integers(0, 2)),
        own_forces=draw(number(1, 100)),
        threat=draw(number(5, 200)),
        stakes={0: draw(number(0, 100)), 2: draw(number(0, 100))},
        effectiveness=draw(number(0.5, 3)),
        decisiveness=draw(st.one_of(st.just(1.0), number(0.3, 4))),
        credibility=draw(st.one_of(st.just(1.0), number(0, 1))),
        spill_in={},
        reputation=draw(st.dictionaries(st.integers(0, 2), number(0, 10))),
        abandonment=draw(st.dictionaries(st.integers(0, 2), number(0, 10))),
        entrapment=draw(st.dictionaries(st.integers(0, 2), number(0, 1))),
        full_strength=draw(number(10, 60)),
    )


@st.composite
def alliances(draw):
    region = draw(regions())
    others = [k for k in range(3) if k != region.issue]
    shares = draw(st.dictionaries(st.sampled_from(others), number(0.05, 1)))
    fields = {name: getattr(region, name) for name in region.__dataclass_fields__}
    return Deterrence(**{**fields, "spill_in": shares})


troops = st.lists(number(2, 50), min_size=3, max_size=3).map(np.array)


def plain(d, troops, player):
    present = troops[d.issue] + sum(s * troops[k] for k, s in d.spill_in.items())
    force = d.own_forces + d.credibility * d.effectiveness * present
    held = force**d.decisiveness / (force**d.decisiveness + d.threat**d.decisiveness)
    doubt = 1 - d.credibility
    return (
        d.stakes.get(player, 0) * held
        - d.reputation.get(player, 0) * doubt
        - d.abandonment.get(player, 0) * doubt * troops[d.issue] / d.full_strength
        - d.entrapment.get(player, 0) * troops[d.issue]
    )


@given(alliances(), troops)
@settings(max_examples=150)
def test_formula_and_derivatives(region, x):
    payoffs = single(region, players=3, issues=3)
    expected = [plain(region, x, p) for p in range(3)]
    np.testing.assert_allclose(payoffs.money(x)[0], expected, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(payoffs.utility(x)[0], expected, rtol=1e-12, atol=1e-11)
    assert_derivatives(payoffs, x, step=1e-2)


@given(alliances(), troops, troops, st.data())
@settings(max_examples=100)
def test_bound_to_a_table(region, outside, inside, data):
    payoffs = single(region, players=3, issues=3)
    players = data.draw(st.permutations(range(3)))[: data.draw(st.integers(1, 3))]
    issues = data.draw(st.permutations(range(3)))[: data.draw(st.integers(1, 3))]
    table = payoffs.table(players, issues, outside)
    moved = outside.copy()
    moved[issues] = inside[: len(issues)]
    local = moved[issues]
    tolerance = {"rtol": 1e-11, "atol": 1e-10}
    np.testing.assert_allclose(
        table.utility(local), payoffs.utility(moved)[:, players], **tolerance
    )
    np.testing.assert_allclose(
        table.hessian(local),
        payoffs.hessian(moved)[:, players][:, :, issues][..., issues],
        **tolerance,
    )


def test_deterrence_is_a_public_good():
    """Olson and Zeckhauser: a soldier protects everyone with a stake, none less for the others."""
    alone = single(
        Deterrence("d", issue=0, own_forces=60.0, threat=80.0, stakes={1: 100.0}),
        players=3,
        issues=1,
    )
    shared = single(
        Deterrence("d", issue=0, own_forces=60.0, threat=80.0, stakes={0: 60.0, 1: 100.0, 2: 5.0}),
        players=3,
        issues=1,
    )
    x = np.array([50.0])
    assert shared.money(x)[0, 1] == alone.money(x)[0, 1]
    gradient = shared.gradient(x)[0, :, 0]
    np.testing.assert_allclose(gradient, gradient[1] * np.array([0.6, 1.0, 0.05]))
    assert np.all(gradient > 0)


@given(regions(), troops, number(0.1, 5))
def test_troops_and_credibility_deter(region, x, more):
    stakes = single(
        Deterrence(
            "d",
            issue=region.issue,
            own_forces=region.own_forces,
            threat=region.threat,
            stakes={0: 10.0},
            decisiveness=region.decisiveness,
            credibility=0.5,
        ),
        players=1,
        issues=3,
    )
    more_troops = x + more * (np.arange(3) == region.issue)
    assert stakes.money(more_troops)[0, 0] > stakes.money(x)[0, 0]
    assert stakes.with_credibility({"d": 0.9}).money(x)[0, 0] > stakes.money(x)[0, 0]


def test_erosion_costs_reputation_and_adds_fear():
    region = Deterrence(
        "d",
        issue=0,
        own_forces=60.0,
        threat=80.0,
        stakes={0: 0.0},
        reputation={0: 4.0},
        abandonment={1: 10.0},
        entrapment={1: 0.1},
        full_strength=50.0,
    )
    payoffs = single(region, players=2, issues=1)
    x = np.array([25.0])
    np.testing.assert_allclose(payoffs.money(x), [[0.0, -2.5]])
    np.testing.assert_allclose(payoffs.with_credibility({"d": 0.8}).money(x), [[-0.8, -3.5]])
    names = {(p.player, p.component) for p in payoffs.components(x)}
    assert names == {
        (0, "deterrence"), (0, "reputation"), (1, "abandonment"), (1, "entrapment")
    }  # fmt: skip


def test_credibility_may_differ_between_draws_and_leaves_the_reference():
    region = Deterrence("d", issue=0, own_forces=60.0, threat=80.0, stakes={0: 60.0})
    payoffs = Payoffs.from_status_quo(["a"], ["T"], [region], status_quo=[50.0], n_draws=3)
    eroded = payoffs.with_credibility({"d": np.array([1.0, 0.8, 0.0])})
    np.testing.assert_array_equal(eroded.reference, payoffs.reference)
    change = eroded.utility(np.array([50.0]))[:, 0]
    expected = 60 * (np.array([110, 100, 60]) / np.array([190, 180, 140]) - 110 / 190)
    np.testing.assert_allclose(change, expected, atol=1e-12)


@pytest.mark.parametrize("m", [0.5, 1.0, 2.0, 3.0])
def test_contests_of_whole_decisiveness(m):
    """D, D′ and D″ of F^m/(F^m + Θ^m) with F = 30 + T and Θ = 50."""
    region = Deterrence("d", 0, own_forces=30.0, threat=50.0, stakes={0: 7.0}, decisiveness=m)
    payoffs = single(region, players=1, issues=1)
    force = 45.0
    held = force**m / (force**m + 50.0**m)
    slope = m * held * (1 - held) / force
    bend = slope * (m * (1 - 2 * held) - 1) / force
    x = np.array([15.0])
    np.testing.assert_allclose(payoffs.money(x), [[7 * held]], rtol=1e-13)
    np.testing.assert_allclose(payoffs.gradient(x), [[[7 * slope]]], rtol=1e-12)
    np.testing.assert_allclose(payoffs.hessian(x), [[[[7 * bend]]]], rtol=1e-12)


@pytest.mark.parametrize("m", [0.5, 2.0])
def test_without_force_derivatives_are_those_of_a_little(m):
    """Taken at F = 10⁻⁹ Θ, where D is (10⁻⁹)^m/(1 + (10⁻⁹)^m)."""
    region = Deterrence("d", 0, own_forces=0.0, threat=80.0, stakes={0: 1.0}, decisiveness=m)
    payoffs = single(region, players=1, issues=1)
    held = 1e-9**m / (1 + 1e-9**m)
    slope = m * held * (1 - held) / 80e-9
    bend = slope * (m * (1 - 2 * held) - 1) / 80e-9
    np.testing.assert_allclose(payoffs.gradient(np.zeros(1)), [[[slope]]], rtol=1e-12)
    np.testing.assert_allclose(payoffs.hessian(np.zeros(1)), [[[[bend]]]], rtol=1e-12)


def test_no_force_deters_nothing():
    for m in (0.5, 1.0, 2.0):
        region = Deterrence(
            "d", issue=0, own_forces=0.0, threat=80.0, stakes={0: 60.0}, decisiveness=m
        )
        payoffs = single(region, players=1, issues=1)
        x = np.array([0.0])
        assert payoffs.money(x)[0, 0] == 0.0
        assert payoffs.utility(x)[0, 0] == 0.0
        assert np.all(np.isfinite(payoffs.gradient(x)))
        assert np.all(np.isfinite(payoffs.hessian(x)))


@given(number(0, 1), number(0, 50))
def test_presence_costs_whoever_stations_the_troops(cost, troops):
    payoffs = single(Presence("p", issue=0, player=1, cost=cost), players=2, issues=1)
    x = np.array([troops])
    np.testing.assert_allclose(payoffs.money(x), [[0.0, -cost * troops]])
    np.testing.assert_allclose(payoffs.gradient(x), [[[0.0], [-cost]]])
    assert not payoffs.hessian(x).any()
    assert [p.component for p in payoffs.components(x)] == ["presence"]


GOOD = {"issue": 0, "own_forces": 60.0, "threat": 80.0, "stakes": {0: 60.0}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"own_forces": -1.0}, "own forces must be at least 0"),
        ({"threat": 0.0}, "threat must be above 0"),
        ({"effectiveness": -1.0}, "effectiveness must be at least 0"),
        ({"decisiveness": 0.0}, "decisiveness must be above 0"),
        ({"credibility": 1.1}, "credibility must be at most 1"),
        ({"credibility": -0.1}, "credibility must be at least 0"),
        ({"full_strength": 0.0}, "full strength must be above 0"),
        ({"stakes": {0: np.inf}}, "stakes of player 0 must be finite"),
        ({"reputation": {1: np.nan}}, "reputation of player 1 must be finite"),
        ({"spill_in": {1: -0.1}}, "spill-in of issue 1 must be at least 0"),
        ({"spill_in": {0: 0.1}}, "spill-in comes from other regions' troops"),
    ],
)
def test_bad_regions_are_named(change, message):
    with pytest.raises(PayoffError, match=f"deterrence d: .*{message}"):
        Deterrence("d", **{**GOOD, **change})


def test_bad_presence_and_unknown_credibility_are_named():
    with pytest.raises(PayoffError, match="presence p: cost must be at least 0"):
        Presence("p", issue=0, player=0, cost=-0.1)
    payoffs = single(Deterrence("d", **GOOD), players=1, issues=1)
    with pytest.raises(PayoffError, match="'e' is no deterrence term; there are: d"):
        payoffs.with_credibility({"e": 0.5})
    with pytest.raises(PayoffError, match="credibility must be at most 1"):
        payoffs.with_credibility({"d": 2.0})
