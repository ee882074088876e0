"""Terms from Python: the same numbers as a built-in term, with numerical derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from payoffs_cases import number, single

from sim.errors import PayoffError
from sim.payoffs import Concession, CustomTerm, Interaction, Payoffs

LOWER, UPPER = (0.0, 0.0), (2.0, 50.0)


def product(x, *parameters):
    """A payoff with every kind of second derivative, for two players."""
    a = parameters[0] if parameters else 1.0
    z, y = x[:, 0], x[:, 1] / 10
    return np.column_stack([a * z * y + z**2, -a * np.exp(0.3 * z) * y**2])


def custom(**change):
    good = {"players": (2, 0), "issues": (1, 3), "lower": LOWER, "upper": UPPER}
    return CustomTerm(product, **{**good, **change})


def exact(z, y, a=1.0):
    e = np.exp(0.3 * z)
    value = [a * z * y / 10 + z**2, -a * e * (y / 10) ** 2]
    gradient = [
        [a * y / 10 + 2 * z, a * z / 10],
        [-a * 0.3 * e * (y / 10) ** 2, -a * e * y / 50],
    ]
    hessian = [
        [[2.0, a / 10], [a / 10, 0.0]],
        [
            [-a * 0.09 * e * (y / 10) ** 2, -a * 0.3 * e * y / 50],
            [-a * 0.3 * e * y / 50, -a * e / 50],
        ],
    ]
    return np.array(value), np.array(gradient), np.array(hessian)


@given(number(*[LOWER[0], UPPER[0]]), number(LOWER[1], UPPER[1]))
@settings(max_examples=150)
def test_derivatives_within_the_box_and_at_its_bounds(z, y):
    seen = []

    def watched(x):
        seen.append(x.copy())
        return product(x)

    term = CustomTerm(watched, (2, 0), (1, 3), lower=LOWER, upper=UPPER)
    payoffs = single(term, players=3, issues=4)
    x = np.array([9.0, z, 9.0, y])
    value, gradient, hessian = exact(z, y)
    np.testing.assert_allclose(payoffs.money(x)[0, [2, 0]], value, rtol=1e-12)
    found = payoffs.gradient(x)[0][[2, 0]][:, [1, 3]]
    np.testing.assert_allclose(found, gradient, rtol=1e-7, atol=1e-6)
    found = payoffs.hessian(x)[0][[2, 0]][:, [1, 3]][..., [1, 3]]
    np.testing.assert_allclose(found, hessian, rtol=1e-4, atol=1e-3)
    calls = np.concatenate(seen)
    assert np.all(calls >= LOWER)
    assert np.all(calls <= UPPER)


def test_without_bounds_steps_have_unit_scale():
    payoffs = single(custom(lower=None, upper=None), players=3, issues=4)
    x = np.array([0.0, 1.0, 0.0, 3.0])
    _, gradient, _ = exact(1.0, 3.0)
    found = payoffs.gradient(x)[0][[2, 0]][:, [1, 3]]
    np.testing.assert_allclose(found, gradient, rtol=1e-8, atol=1e-8)


def test_a_fixed_issue_needs_no_width():
    payoffs = single(custom(lower=(0.0, 5.0), upper=(2.0, 5.0)), players=3, issues=4)
    assert np.all(np.isfinite(payoffs.hessian(np.array([0.0, 0.0, 0.0, 5.0]))))


def test_bound_to_a_table_and_cut_to_draws():
    a = np.array([1.0, 2.0, -1.0, 0.5])
    payoffs = single(custom(parameters=(a,)), players=3, issues=4, n_draws=4)
    rng = np.random.default_rng(0)
    x = rng.uniform(0.2, 1.8, (4, 4))
    whole = payoffs.utility(x)
    for players, issues in (([0], [3]), ([1, 2], [1, 0]), ([2, 0], [3, 1]), ([0, 2], [0, 2])):
        table = payoffs.table(players, issues, x)
        np.testing.assert_allclose(table.utility(x[:, issues]), whole[:, players], rtol=1e-13)
        np.testing.assert_allclose(
            table.gradient(x[:, issues]),
            payoffs.gradient(x)[:, players][:, :, issues],
            atol=1e-12,
        )
        np.testing.assert_allclose(
            table.hessian(x[:, issues]),
            payoffs.hessian(x)[:, players][:, :, issues][..., issues],
            atol=1e-9,
        )
        some = np.array([True, False, False, True])
        np.testing.assert_array_equal(
            table.take(some).utility(x[some][:, issues]), table.utility(x[:, issues])[some]
        )
    assert payoffs.table([1], [3], x).kernels == ()


@dataclass(frozen=True)
class Lookup:
    """A user's function that carries arrays of its own."""

    table: np.ndarray

    def __call__(self, x):
        return np.interp(x[:, 0], np.arange(len(self.table)), self.table)


def test_a_function_keeps_its_own_arrays():
    term = CustomTerm(Lookup(np.array([0.0, 1.0, 4.0])), (0,), (0,))
    payoffs = single(term, players=1, issues=1, n_draws=2)
    np.testing.assert_allclose(payoffs.money(np.array([1.5])), [[2.5]] * 2)
    np.testing.assert_allclose(payoffs.take([1]).money(np.array([1.5])), [[2.5]])


def test_one_player_may_return_one_number_a_draw():
    term = CustomTerm(lambda x: x[:, 0] ** 2, (0,), (0,))
    payoffs = single(term, players=1, issues=1, n_draws=3)
    np.testing.assert_allclose(payoffs.money(np.array([3.0])), [[9.0]] * 3)


def test_the_same_as_a_built_in_term():
    def concession(x):
        return np.column_stack([-3 * x[:, 0] ** 1.5, 4 * x[:, 0] ** 0.7])

    mine = CustomTerm(concession, (0, 1), (0,), lower=(0.0,), upper=(1.0,))
    theirs = Concession("c", 0, 0, 1, cost=3.0, benefit=4.0, cost_power=1.5, benefit_power=0.7)
    coupled = Interaction("i", (0, 1), {0: 1.0})
    a, b = (
        Payoffs.from_status_quo("ab", "xy", [term, coupled], status_quo=[0, 1])
        for term in (mine, theirs)
    )
    x = np.array([0.4, 2.0])
    np.testing.assert_allclose(a.utility(x), b.utility(x), rtol=1e-13)
    np.testing.assert_allclose(a.gradient(x), b.gradient(x), rtol=1e-8)
    np.testing.assert_allclose(a.hessian(x), b.hessian(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"players": ()}, "each player once"),
        ({"issues": (1, 1)}, "each issue once"),
        ({"players": ("JPN", 1)}, "player 'JPN' must be given by its position"),
        ({"lower": None}, "both bounds or none"),
        ({"lower": (0.0,)}, "one lower bound"),
        ({"lower": (3.0, 0.0)}, "one lower bound <= upper bound"),
        ({"parameters": (np.nan,)}, "parameter 0 must be finite"),
    ],
)
def test_bad_custom_terms_are_named(change, message):
    with pytest.raises(PayoffError, match=f"custom term custom: .*{message}"):
        custom(**change)


def test_a_function_without_bounds_is_asked_beyond_the_range_and_says_where():
    def root(x):
        with np.errstate(invalid="ignore"):
            return np.sqrt(x[:, 0])

    free = CustomTerm(root, players=(0,), issues=(0,), name="root")
    x = np.zeros((1, 1))
    kernel = free.bind(x, {0: 0}, {0: 0})
    with pytest.raises(PayoffError, match=r"not finite at \[-\d.*\]; give lower and upper"):
        kernel.evaluate(x, 1)
    within = CustomTerm(root, players=(0,), issues=(0,), name="root", lower=(0.0,), upper=(1.0,))
    kernel = within.bind(x, {0: 0}, {0: 0})
    assert np.isfinite(kernel.evaluate(x, 2).gradient[0][-1]).all()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[:, 0], r"must return shape \(5, 2\)"),
        (lambda x: np.full((5, 2), np.nan), "not finite"),
    ],
)
def test_what_is_no_payoff_is_named(function, message):
    term = CustomTerm(function, (0, 1), (0,), name="mine")
    payoffs = single(term, players=2, issues=1, n_draws=5)
    with pytest.raises(PayoffError, match=f"custom term mine: .*{message}"):
        payoffs.money(np.array([1.0]))


def test_steps_are_a_share_of_the_width_wherever_the_range_lies():
    lower, upper = (100.0,), (100.001,)
    seen = []

    def parabola(x):
        seen.append(x.copy())
        return (x - 100.0) ** 2  # one column for one player

    payoffs = single(
        CustomTerm(parabola, (0,), (0,), lower=lower, upper=upper), players=1, issues=1
    )
    for x in (100.0, 100.0004, 100.001):
        point = np.array([x])
        np.testing.assert_allclose(payoffs.money(point), [[(x - 100) ** 2]], rtol=1e-9)
        np.testing.assert_allclose(payoffs.gradient(point), [[[2 * (x - 100)]]], atol=1e-6)
        np.testing.assert_allclose(payoffs.hessian(point), [[[[2.0]]]], rtol=1e-3)
    calls = np.concatenate(seen)
    assert calls.min() >= lower[0]
    assert calls.max() <= upper[0]


def test_what_a_function_returns_is_counted_in_floats():
    """Whole numbers and lists are numbers too; each player has a column of its own."""
    term = CustomTerm(lambda x: [[1, 2]] * len(x), (1, 0), (0,))
    payoffs = single(term, players=2, issues=1, n_draws=2)
    np.testing.assert_array_equal(payoffs.money(np.zeros(1)), [[2.0, 1.0]] * 2)
    assert {part.value.dtype for part in term.components(np.zeros((1, 2)))} == {np.dtype(float)}


def test_a_function_sees_floats_where_the_outcome_is_in_whole_numbers():
    payoffs = single(CustomTerm(lambda x: x[:, 0] ** -1, (0,), (0,)), players=1, issues=1)
    np.testing.assert_array_equal(payoffs.money(np.array([2])), [[0.5]])


def test_a_table_takes_the_columns_of_a_function_in_any_order():
    def three(x):
        return x[:, 0] * x[:, 1] ** 2 + 3 * x[:, 2] ** 2 * x[:, 0]

    payoffs = single(CustomTerm(three, (0,), (2, 0, 1)), players=1, issues=3)
    b, c, a = 0.4, 0.7, 1.2  # issue 2 is the first column
    x = np.array([b, c, a])
    gradient = [2 * a * b, 6 * a * c, b**2 + 3 * c**2]
    hessian = [[2 * a, 0, 2 * b], [0, 6 * a, 6 * c], [2 * b, 6 * c, 0]]
    np.testing.assert_allclose(payoffs.gradient(x)[0, 0], gradient, rtol=1e-8)
    np.testing.assert_allclose(payoffs.hessian(x)[0, 0], hessian, atol=1e-5)
    for places in ([2, 1], [1, 0], [0, 2, 1]):
        table = payoffs.table([0], places, x)
        np.testing.assert_allclose(table.gradient(x[places])[0, 0], np.take(gradient, places), 1e-8)
        expected = np.array(hessian)[np.ix_(places, places)]
        np.testing.assert_allclose(table.hessian(x[places])[0, 0], expected, atol=1e-5)
