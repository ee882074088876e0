"""The payoff laws: payoffs of the project obey them, broken ones are caught and explained."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ProblemError
from sim.payoffs import (
    CustomTerm,
    Deterrence,
    Form,
    GeneralEquilibrium,
    Linear,
    Market,
    Payoffs,
    Power,
    Presence,
    QuadraticLoss,
    Supplier,
    Transfer,
    World,
)
from sim.testing import Law, LawViolation, assert_laws, check_laws, expected_signs, payoffs
from sim.testing.transform import AffinePayoffs

QUICK = settings(max_examples=25, deadline=None)


def table(*terms, n: int = 2, k: int = 2) -> Payoffs:
    """Return payoffs of terms without a reference."""
    names = tuple(f"p{i}" for i in range(n)), tuple(f"x{i}" for i in range(k))
    return Payoffs(*names, tuple(terms), 1, np.zeros((n, 1)))


@dataclass(frozen=True)
class Tampered:
    """Payoffs whose derivatives were changed."""

    base: Payoffs
    slope: float = 1.0
    bend: float = 1.0

    def __getattr__(self, name: str):
        return getattr(self.base, name)

    def take(self, rows) -> Tampered:
        return replace(self, base=self.base.take(rows))

    def evaluate(self, x_rows, order: int = 2):
        at = self.base.evaluate(x_rows, order)
        entries = tuple((p, i, j, self.bend * h) for p, i, j, h in at.hessian)
        return replace(at, gradient=self.slope * at.gradient, hessian=entries)


@QUICK
@given(payoffs())
def test_drawn_payoffs_obey_the_laws(drawn: Payoffs) -> None:
    k = len(drawn.issues)
    signs = expected_signs(drawn, np.zeros(k), np.ones(k))
    for law in check_laws(drawn, np.zeros(k), np.ones(k), monotone=signs, points=8):
        assert law.holds, law


@QUICK
@given(payoffs())
def test_payoffs_in_other_units_obey_the_laws(drawn: Payoffs) -> None:
    n, k = len(drawn.players), len(drawn.issues)
    averse = replace(drawn, risk_aversion=np.full((n, drawn.n_draws), 0.1))
    scaled = AffinePayoffs(averse, np.linspace(0.01, 7, n), np.arange(n) - 1.0)
    assert_laws(scaled, np.zeros(k), np.ones(k))


def test_a_wrong_gradient_is_caught_at_a_simple_point() -> None:
    right = table(Form("loss", 0, {0: QuadraticLoss(2.0, 0.25)}))
    with pytest.raises(LawViolation, match=r"gradient is violated: d\(p0\)/d\(x0\) is") as caught:
        assert_laws(Tampered(right, slope=1.01), [0, 0], [1, 1])
    assert "x1 = 0.001" in str(caught.value)


def test_a_wrong_hessian_is_caught() -> None:
    right = table(Form("loss", 1, {1: QuadraticLoss(2.0, 0.25)}))
    with pytest.raises(LawViolation, match=r"hessian is violated: d²\(p1\)/d\(x1\)d\(x1\) is -4.4"):
        assert_laws(Tampered(right, bend=1.1), [0, 0], [1, 1])


def test_kinks_of_a_slope_and_infinite_slopes_are_no_violation() -> None:
    kinked = Transfer("pay", 0, 0, 1, paying_cost=3.0, reference=0.5)
    steep = Form("root", 1, {0: Power(1.0, 0.5)})
    assert_laws(table(kinked, steep), [0, 0], [1, 1])


def test_what_is_not_finite_is_caught() -> None:
    def function(x):
        return np.stack([np.sqrt(x[:, 0] - 0.5), x[:, 1]], axis=1)

    with pytest.raises(LawViolation, match="finite is violated: the payoff of player 0 is nan"):
        assert_laws(function, [0, 0], [1, 1])
    term = CustomTerm(function, (0, 1), (0, 1))
    with np.errstate(invalid="ignore"), pytest.raises(LawViolation, match="value not finite"):
        assert_laws(table(term), [0, 0], [1, 1])


def test_signs() -> None:
    rising = table(Form("line", 0, {0: Linear(2.0), 1: Linear(-1.0)}))
    signs = {(0, 0): 1, (1, 0): -1, (0, 1): 1, (1, 1): -1}
    assert_laws(rising, [0, 0], [1, 1], monotone=signs)
    laws = check_laws(rising, [0, 0], [1, 1], monotone={(1, 0): 1})
    wrong = [law for law in laws if not law.holds]
    assert [law.name for law in wrong] == ["monotone"]
    assert wrong[0].message == "p1 must rise in x0, and does not at x0 = 0, x1 = 0"


def test_the_simplest_counterexample_is_shown() -> None:
    def bump(x):
        return -np.maximum(x[:, :1] - 0.713, 0.0)

    laws = check_laws(bump, [0], [1], monotone={(0, 0): 1})
    assert laws[1].message == "player 0 must rise in issue 0, and does not at issue 0 = 1"


def test_a_jump_between_the_points_that_are_tried_is_found() -> None:
    """Its slope is 1 wherever it has one: only values far apart show the fall."""

    def jump(x):
        return x[:, :1] - (x[:, :1] > 0.713)

    laws = check_laws(jump, [0], [1], monotone={(0, 0): 1})
    told = "player 0 must rise in issue 0, and does not on the way to its highest at issue 0 = 0.5"
    assert laws[1] == Law("monotone", False, told)
    laws = check_laws(lambda x: jump(1.0 - x), [0], [1], monotone={(0, 0): -1})
    assert not laws[1].holds
    assert laws[1].message.startswith("player 0 must fall in issue 0, and does not on the way")
    assert check_laws(lambda x: (x[:, :1] > 0.7) * 1.0, [0], [1], monotone={(0, 0): 1})[1].holds


def test_curvature_is_reported_and_allowed() -> None:
    mixed = table(Form("bend", 0, {0: Power(1.0, 2.0), 1: Power(-1.0, 2.0)}))
    law = check_laws(mixed, [0, 0], [1, 1])[-1]
    assert law.name == "concave"
    assert law.holds
    assert law.message == "not concave for p0 at 100% of the points"
    flat = check_laws(table(Form("line", 0, {0: Linear(1.0)})), [0, 0], [1, 1])[-1]
    assert flat.message == "concave for all players"


def test_many_draws_with_their_own_boxes() -> None:
    n = 100
    slopes = np.linspace(-1, 1, n)
    terms = (Form("line", 0, {0: Linear(slopes)}),)
    many = Payoffs(("p0",), ("x0",), terms, n, np.zeros((1, n)))
    upper = np.linspace(1, 2, n)[:, None]
    laws = check_laws(many, np.zeros((n, 1)), upper, monotone={(0, 0): 1})
    assert [law.holds for law in laws] == [True, True, True, False, True]
    assert "x0 = 0 in draw 0" in laws[3].message


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        ([0, 0, 0], [1, 1], "shapes"),
        ([0, 2], [1, 1], "lower at most upper"),
        ([0, 0], [1, np.inf], "finite"),
    ],
)
def test_bounds_that_do_not_fit(lower, upper, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        check_laws(table(Form("line", 0, {0: Linear(1.0)})), lower, upper)


def test_functions_of_the_wrong_shape() -> None:
    with pytest.raises(ProblemError, match=r"\(1, N\) is allowed"):
        check_laws(lambda x: x[:, 0], [0], [1])


def market(sigma: float, *, pass_through: float = 1.0, shared: bool = False) -> Payoffs:
    """Return a market with two exporters, players 1 and 2."""
    suppliers = (
        Supplier("home", 0.4, player=0),
        Supplier("one", 0.3, player=1, issue=0, baseline=0.0),
        Supplier("two", 0.3, player=2, issue=0 if shared else 1, baseline=0.0),
    )
    term = Market("cars", 0, 100.0, suppliers, sigma, 2.0, pass_through)
    return table(term, n=3)


def test_signs_of_a_market() -> None:
    box = [0, 0], [0.5, 0.5]
    strong = expected_signs(market(4.0), *box)
    assert strong == {(1, 0): -1, (1, 1): 1, (2, 0): 1, (2, 1): -1}
    weak = expected_signs(market(1.5), *box)
    assert weak == {(1, 0): -1, (1, 1): -1, (2, 0): -1, (2, 1): -1}
    for sigma, signs in ((4.0, strong), (1.5, weak)):
        assert_laws(market(sigma), *box, monotone=signs)
    assert expected_signs(market(4.0, shared=True), *box) == {}
    # A margin that turns negative: nothing is known.
    assert expected_signs(market(8.0, pass_through=0.5), [0, 0], [2, 2]) == {}


def test_signs_of_troops_and_payments() -> None:
    protect = Deterrence("guard", 0, 1.0, 1.0, {0: 1.0, 1: 2.0}, entrapment={1: 0.1})
    pay = Transfer("pay", 1, 1, 0)
    assert expected_signs(table(protect, pay), [0, 0], [1, 1]) == {
        (0, 0): 1,
        (0, 1): 1,
        (1, 1): -1,
    }
    station = Presence("station", 0, 0, 0.5)
    assert (0, 0) not in expected_signs(table(protect, station), [0, 0], [1, 1])
    assert expected_signs(table(station), [0, 0], [1, 1]) == {(0, 0): -1}
    bent = Form("bent", 1, {0: QuadraticLoss(1.0, 0.5), 1: Linear(-2.0)})
    assert expected_signs(table(bent), [0, 0], [1, 1]) == {(1, 1): -1}


PAIRS = {(1, 0): 0, (2, 0): 1, (0, 1): 2, (2, 1): 3, (0, 2): 4, (1, 2): 5}
LOSERS = {(exporter, issue): -1 for (exporter, _), issue in PAIRS.items()}


def general_equilibrium(flows, pairs=PAIRS, **change) -> Payoffs:
    return table(GeneralEquilibrium("world", flows, (0, 1, 2), pairs, **change), n=3, k=6)


@given(st.integers(0, 10_000), st.floats(0.0, 0.5))
@QUICK
def test_a_tariff_in_a_balanced_world_hurts_the_exporter(seed: int, taxed: float) -> None:
    rng = np.random.default_rng(seed)
    flows = rng.uniform(1, 5, (3, 3)) + rng.uniform(0, 30) * np.eye(3)
    tariffs = rng.uniform(0, taxed, (3, 3)) * (1 - np.eye(3))
    world = World(flows, rng.uniform(1.5, 8), tariffs).balanced()
    even = general_equilibrium(world.flows, substitution=world.substitution, baseline=tariffs)
    signs = expected_signs(even, np.zeros(6), np.ones(6))
    assert signs == LOSERS
    slopes = even.gradient(rng.uniform(0, 1, 6))[0]
    assert all(sign * slopes[place] > 0 for place, sign in signs.items())


def test_a_tariff_helps_an_exporter_that_lives_on_a_transfer() -> None:
    """What country 1 is given buys more where wages fall: no sign can be promised."""
    flows = np.array([[50.0, 1.0, 5.0], [5.0, 20.0, 1.0], [5.0, 40.0, 50.0]])
    given_more = general_equilibrium(flows, substitution=1.5)
    assert given_more.gradient(np.zeros(6))[0, 1, 0] > 1.0
    assert expected_signs(given_more, np.zeros(6), np.ones(6)) == {}


def test_signs_of_a_world_need_plain_tariffs_and_weights() -> None:
    flows = np.array([[95, 3, 2], [3, 20.5, 1.5], [2, 1.5, 6.5]])
    box = np.zeros(6), np.ones(6)
    assert expected_signs(general_equilibrium(flows), *box) == LOSERS
    assert expected_signs(general_equilibrium(flows), np.full(6, -0.1), box[1]) == {}
    subsidy = -0.1 * (1 - np.eye(3))
    assert expected_signs(general_equilibrium(flows, fixed=subsidy), *box) == {}
    shared = {**PAIRS, (2, 0): 0}
    both = expected_signs(general_equilibrium(flows, shared), *box)
    assert both == {place: sign for place, sign in LOSERS.items() if place[1] > 1}
    uneven = expected_signs(general_equilibrium(flows, revenue={1: 2.0}), *box)
    assert uneven == {place: sign for place, sign in LOSERS.items() if place[0] != 1}


@pytest.mark.parametrize("part", ["slope", "bend"])
@pytest.mark.parametrize("worth", [np.nan, np.inf])
def test_derivatives_that_are_no_numbers_are_caught(part: str, worth: float) -> None:
    right = table(Form("loss", 0, {0: QuadraticLoss(2.0, 0.25)}))
    law = {"slope": "gradient", "bend": "hessian"}[part]
    with pytest.raises(LawViolation, match=f"{law} is violated: .* is -?{worth}, differences"):
        assert_laws(Tampered(right, **{part: worth}), [0, 0], [1, 1])
    assert len(check_laws(Tampered(right, **{part: worth}), [0, 0], [1, 1])) == 4


def test_every_corner_of_a_small_box_is_tried() -> None:
    def deep(x):
        low = (x[:, 0] > 0) | (x[:, 1] < 1) | (x[:, 2] > 0)
        return np.where(low, 0.0, -np.inf)[:, None]

    with pytest.raises(LawViolation, match="issue 0 = 0, issue 1 = 1, issue 2 = 0"):
        assert_laws(deep, [0, 0, 0], [1, 1, 1])


@pytest.mark.parametrize("signs", [{(2, 0): 1}, {(0, 2): 1}, {(-1, 0): 1}, {(0, 0): 0}])
def test_signs_of_nobody_are_refused(signs) -> None:
    with pytest.raises(ProblemError, match="monotone: players 0 to 1, issues 0 to 1"):
        check_laws(table(Form("line", 0, {0: Linear(1.0)})), [0, 0], [1, 1], monotone=signs)
