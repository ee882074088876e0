"""What every kind of term owes the sum: labels, orders, places at a table, cuts to draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from payoffs_cases import single

from sim.errors import PayoffError
from sim.payoffs import (
    Concession,
    CustomTerm,
    Deterrence,
    Exponential,
    Form,
    GeneralEquilibrium,
    Interaction,
    Linear,
    Logistic,
    Market,
    Parity,
    Payoffs,
    Piecewise,
    Power,
    Presence,
    QuadraticLoss,
    Supplier,
    Transfer,
    push,
)
from sim.payoffs.terms import draws_of, parameter, take

FLOWS = np.array([[50.0, 3.0, 5.0], [4.0, 20.0, 1.0], [2.0, 6.0, 30.0]])
HERE, THERE = np.array([0.3, 1.2, 0.6, 0.9]), np.array([0.5, 0.7, 1.1, 0.2])


def squares(x, a):
    return np.column_stack([a * x[:, 0] ** 2, x[:, 0] * x[:, 1]])


def terms():
    """One of each kind, over four issues and three players, with its labels."""
    suppliers = (
        Supplier("home", 0.4, player=1, weight=1.5),
        Supplier("a", 0.35, player=0, issue=3, baseline=0.1, weight=0.5),
        Supplier("b", 0.25, player=2, issue=1, baseline=0.0),
    )
    guard = Deterrence(
        "guard",
        issue=2,
        own_forces=3.0,
        threat=4.0,
        stakes={0: 9.0, 2: 5.0},
        decisiveness=1.4,
        credibility=0.7,
        spill_in={3: 0.3},
        reputation={1: 2.0},
        abandonment={2: 3.0},
        entrapment={0: 0.2},
    )
    return {
        "concession": (
            Concession("open", 2, 0, 2, 3.0, 4.0, 1.5, 0.7),
            {(0, "other", "cost", 1.0), (2, "other", "benefit", 1.0)},
        ),
        "custom": (
            CustomTerm(squares, (2, 0), (1, 3), "mine", "security", parameters=(1.5,)),
            {(2, "security", "mine", 1.0), (0, "security", "mine", 1.0)},
        ),
        "deterrence": (
            guard,
            {
                (0, "security", "deterrence", 1.0),
                (2, "security", "deterrence", 1.0),
                (1, "security", "reputation", 1.0),
                (2, "security", "abandonment", 1.0),
                (0, "security", "entrapment", 1.0),
            },
        ),
        "form": (
            Form("bent", 1, {2: Logistic(2.0, 0.4, 1.3), 0: Exponential(1.1, 0.5)}, "payments"),
            {(2, "payments", "form", 1.0), (0, "payments", "form", 1.0)},
        ),
        "general equilibrium": (
            GeneralEquilibrium("world", FLOWS, (2, None, 0), {(1, 0): 3, (0, 2): 1, (2, 1): 2}),
            {(p, "tariffs", name, 1.0) for p in (2, 0) for name in ("income", "revenue")},
        ),
        "interaction": (
            Interaction("both", (3, 1), {1: 2.0, 0: -1.0}),
            {(1, "other", "interaction", 1.0), (0, "other", "interaction", 1.0)},
        ),
        "market": (
            Market("cars", 1, 80.0, suppliers, 3.0, 1.2, 0.8),
            {(1, "tariffs", name, 1.0) for name in ("consumers", "revenue", "profits")}
            | {(p, "tariffs", "profits", 1.0) for p in (0, 2)},
        ),
        "parity": (
            Parity("equal", (2, 0), {1: 2.0, 2: 1.0}),
            {(1, "other", "parity", 1.0), (2, "other", "parity", 1.0)},
        ),
        "presence": (
            Presence("base", 3, 1, 0.4),
            {(1, "security", "presence", 1.0)},
        ),
        "push": (
            push("signal", issue=1, player=2, weight=3.0),
            {(2, "other", "precedent", 1.0)},
        ),
        "transfer": (
            Transfer("fee", 1, 0, 2, 1.5, 0.6, 0.2),
            {
                (2, "payments", "received", 1.0),
                (0, "payments", "paid", 1.0),
                (0, "payments", "paying cost", 0.0),
            },
        ),
    }


KINDS = list(terms())


@pytest.mark.parametrize("kind", KINDS)
def test_components_carry_their_labels_and_add_up(kind):
    term, labels = terms()[kind]
    parts = term.components(HERE[:, None])
    assert {(p.player, p.domain, p.component, p.unweighted) for p in parts} == labels
    assert len(parts) == len(labels)
    assert set(term.players) == {p.player for p in parts}
    total = np.zeros(3)
    for part in parts:
        total[part.player] += part.weight * np.asarray(part.value).item()
    payoffs = single(term, players=3, issues=4)
    np.testing.assert_allclose(payoffs.utility(HERE)[0], total, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_domain_of_its_own_reaches_every_component(kind):
    term = replace(terms()[kind][0], domain="elsewhere")
    assert {part.domain for part in term.components(HERE[:, None])} == {"elsewhere"}


@pytest.mark.parametrize("kind", KINDS)
def test_orders_leave_out_what_is_not_asked(kind):
    """Value 0, gradient 1, Hessian 2: the same numbers at every order, and nothing above it."""
    term, _ = terms()[kind]
    (kernel,) = single(term, players=3, issues=4).table(range(3), range(4), THERE).kernels
    assert set(kernel.issues) == set(term.issues)
    none, first, second = (kernel.evaluate(HERE[:, None], order) for order in range(3))
    assert none.gradient == []
    assert none.hessian == first.hessian == []
    for a, b in ((none.value, second.value), (first.gradient, second.gradient)):
        assert [entry[:-1] for entry in a] == [entry[:-1] for entry in b]
        for one, other in zip(a, b, strict=True):
            np.testing.assert_allclose(one[-1], other[-1], rtol=1e-13)
    assert all(i <= j for _, i, j, _ in second.hessian)


@pytest.mark.parametrize(
    "curve",
    [
        Linear(2.0, 0.3),
        Power(2.0, 1.0),
        Power(2.0, 2.0),
        Power(2.0, 0.5),
        Exponential(2.0, 0.3),
        QuadraticLoss(2.0, 0.3),
        Logistic(2.0, 0.3, 1.5),
        Piecewise((0.0, 1.0, 2.0), (0.0, 3.0, 4.0)),
    ],
)
def test_orders_of_a_curve(curve):
    z = np.array([0.4, 1.7])
    none, first, second = (curve.evaluate(z, order) for order in range(3))
    assert none[1] is none[2] is first[2] is None
    np.testing.assert_array_equal(none[0], second[0])
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_a_push_from_nothing_is_the_payment_itself():
    term = push("signal", issue=0, player=0, weight=3.0)
    assert term.name == "signal"
    np.testing.assert_allclose(
        single(term, players=1, issues=1).money(np.array([2.0])), [[6.0]], rtol=1e-15
    )


@pytest.mark.parametrize("players", [(0, 1, 2), (2, 0), (1, 2), (1,), (2, 1, 0), (0,)])
@pytest.mark.parametrize("issues", [(3, 2, 1, 0), (1,), (3, 1), (0, 2), (2, 3)])
@pytest.mark.parametrize("kind", KINDS)
def test_places_at_a_table_are_those_of_the_table(kind, players, issues):
    term, _ = terms()[kind]
    payoffs = single(term, players=3, issues=4)
    p, i = list(players), list(issues)
    moved = THERE.copy()
    moved[i] = HERE[i]
    table = payoffs.table(players, issues, THERE)
    close = {"rtol": 1e-8, "atol": 1e-8}
    np.testing.assert_allclose(table.utility(HERE[i]), payoffs.money(moved)[:, p], **close)
    gradient, hessian = payoffs.gradient(moved), payoffs.hessian(moved)
    np.testing.assert_allclose(table.gradient(HERE[i]), gradient[:, p][:, :, i], **close)
    np.testing.assert_allclose(table.hessian(HERE[i]), hessian[:, p][:, :, i][..., i], **close)
    part = set(term.players) & set(players) and set(term.issues) & set(issues)
    assert len(table.kernels) == bool(part)


@pytest.mark.parametrize("kind", KINDS)
def test_a_term_without_rows_is_its_own_cut(kind):
    term, _ = terms()[kind]
    assert draws_of(term) == set()
    assert take(term, slice(0, 1)) is term
    assert take(term, np.array([0])) is term


def test_a_cut_takes_rows_wherever_they_are():
    rows = np.array([1.0, 2.0, 3.0])
    term = Form("f", 0, {0: Piecewise((0.0, 1.0), (rows, 2 * rows)), 1: Power(1.0, 2.0)})
    assert draws_of(term) == {3}
    for places in (slice(1, None), np.array([1, 2])):
        cut = take(term, places)
        np.testing.assert_array_equal(cut.curves[0].values, [[2.0, 3.0], [4.0, 6.0]])
        assert cut.curves[1] is term.curves[1]
        assert cut.name == "f"
    scalar = np.array(5.0)
    assert take(scalar, slice(1, None)) is scalar
    assert draws_of(scalar) == set()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("much", "a: size must be a number or one number a draw, got 'much'"),
        (np.ones((2, 3)), r"a: size must be a number or one number a draw, got \(2, 3\)"),
        ([1.0, np.inf], "a: size must be finite, got inf"),
        ([-np.inf, 1.0], "a: size must be finite, got -inf"),
        (0.5, "a: size must be above 0.5, got 0.5"),
        ([1.0, 2.5], "a: size must be at most 2, got 2.5"),
    ],
)
def test_parameters_are_named_with_what_is_allowed(value, message):
    with pytest.raises(PayoffError, match=f"^{message}$"):
        parameter(value, "a: size", above=0.5, at_most=2.0)


def test_limits_themselves_are_allowed_or_not():
    assert parameter(2, "a", above=1.0, at_most=2.0) == 2.0
    assert parameter(1, "a", at_least=1.0) == 1.0
    with pytest.raises(PayoffError, match=r"^a must be at least 1, got 0\.5$"):
        parameter([0.5, 3.0], "a", at_least=1.0)
    assert isinstance(parameter(2, "a"), float)
    assert parameter([], "a", above=1.0).shape == (0,)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Interaction("i", (0, 1), {0: np.nan}), "interaction i: weight of player 0 must"),
        (lambda: Interaction("i", (1, 1), {}), "interaction i: an interaction needs two"),
        (lambda: Parity("p", (0, 1), {3: -1.0}), "precedent p: parity of player 3 must"),
        (lambda: Parity("p", (1, 1), {}), "precedent p: parity needs two different issues"),
        (lambda: Linear(1.0, np.nan), "linear: reference must be finite"),
        (lambda: QuadraticLoss(1.0, np.nan), "quadratic loss: ideal must be finite"),
        (lambda: Exponential(np.nan, 1.0), "exponential: weight must be finite"),
        (lambda: Exponential(1.0, np.nan), "exponential: rate must be finite"),
        (lambda: Logistic(1.0, 1.0, np.nan), "logistic: steepness must be finite"),
        (lambda: Power(np.nan, 1.0), "power: weight must be finite"),
        (lambda: Piecewise((0.0, np.nan), (1.0, 2.0)), "piecewise: place must be finite"),
        (lambda: Piecewise((0.0, 1.0), (1.0, np.nan)), "piecewise: value must be finite"),
        (
            lambda: GeneralEquilibrium("w", FLOWS, (0, 1, 2), {(3, 0): 0}),
            r"general equilibrium w: pairs of two different countries 0 to 2, got \(3, 0\)",
        ),
        (
            lambda: GeneralEquilibrium("w", FLOWS, (0, 1, 2), {(1, 0): 0}, income={0: -1.0}),
            "general equilibrium w: income weight must be at least 0, got -1",
        ),
        (
            lambda: GeneralEquilibrium("w", FLOWS, (0, 1, 2), {(1, 0): 0}, substitution=[2.0, 1.0]),
            "general equilibrium w: substitution must be above 1, got 1",
        ),
        (lambda: GeneralEquilibrium("w", 1.0, (0,), {(1, 0): 0}), "flows must have shape"),
        (lambda: GeneralEquilibrium("w", ((1, 2), (3,)), (0,), {}), "flows must be numbers in"),
    ],
)
def test_faults_name_the_term_and_the_parameter(build, message):
    with pytest.raises(PayoffError, match=f"^{message}"):
        build()


def test_a_power_below_zero_names_what_has_the_power():
    payoffs = single(Form("f", 0, {0: Power(1.0, 0.5)}), players=1, issues=1)
    with pytest.raises(PayoffError, match=r"^power: a power needs an issue >= 0, got -1$"):
        payoffs.money(np.array([-1.0]))


def test_only_the_named_promises_change():
    """Terms that are no deterrence, or not named, stay the very same."""
    near = Deterrence("near", 0, 1.0, 2.0, {0: 5.0}, credibility=0.9)
    far = replace(near, name="far", issue=1)
    base = Presence("base", 0, 0, 0.1)
    payoffs = Payoffs.from_status_quo("a", "xy", (near, base, far), status_quo=[1.0, 1.0])
    changed = payoffs.with_credibility({"far": 0.2})
    assert changed.terms[0] is near
    assert changed.terms[1] is base
    assert changed.terms[2] == replace(far, credibility=0.2)
    with pytest.raises(PayoffError, match=r"^'base' is no deterrence term; there are: near, far$"):
        payoffs.with_credibility({"base": 0.2})
    alone = Payoffs.from_status_quo("a", "x", (base,), status_quo=[1.0])
    with pytest.raises(PayoffError, match=r"^'near' is no deterrence term; there are: none$"):
        alone.with_credibility({"near": 0.2})
    with pytest.raises(
        PayoffError, match=r"^domain 'security' is not among those asked for: other, tariffs$"
    ):
        alone.by_domain(np.ones(1), ("other", "tariffs"))


def test_a_party_that_is_no_player_is_nobody_at_any_table():
    """None must not be looked up: a table may hold anything under other keys."""
    for term in (
        Transfer("t", 0, None, 1),
        Transfer("t", 0, 1, None),
        Concession("c", 0, None, 1, 1.0, 1.0),
        Concession("c", 0, 1, None, 1.0, 1.0),
    ):
        payoffs = single(term, players=2, issues=1)
        assert term.players == (1,)
        assert payoffs.table([0], [0], np.ones(1)).kernels == ()
        here = payoffs.table([1], [0], np.ones(1))
        np.testing.assert_allclose(
            here.utility(np.full(1, 2.0)), payoffs.money(np.full(1, 2.0))[:, [1]]
        )
