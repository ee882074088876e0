"""Perles–Maschler and Raiffa by their definitions; curves, polygons and boxes agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.integrate import quad, solve_ivp

from sim.bargaining import CurveProblem, FiniteProblem, from_functions, solve
from sim.bargaining.hull import frontier_of
from sim.bargaining.perles_maschler import midpoint_of_curve, travel
from sim.bargaining.polygon import across
from sim.errors import ProblemError
from sim.testing import curve_problems, hull_problems

QUICK = settings(max_examples=40, deadline=None)
TWO = hull_problems(players=(2, 2), alternatives=(1, 10))
EVERY = (
    "nash",
    "kalai_smorodinsky",
    "egalitarian",
    "utilitarian",
    "perles_maschler",
    "raiffa",
    "raiffa_continuous",
)


def chain_of(problem: FiniteProblem) -> np.ndarray:
    """Return the distinct vertices of the rational frontier, in gains."""
    chain = frontier_of(problem).rational[0]
    return chain[np.append(True, np.diff(chain[:, 0]) > 0)]


def travelling_time(chain: np.ndarray) -> float:
    step = np.diff(chain, axis=0)
    return float(np.sqrt(-step[:, 0] * step[:, 1]).sum())


def ideal(chain: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Return what each player can have at most when the other keeps d."""
    one = across(chain[None], np.array([d[1]]), player=1)[0]
    other = across(chain[None], np.array([d[0]]), player=0)[0]
    return np.array([one, other])


@QUICK
@given(TWO)
def test_perles_maschler_halves_the_travelling_time(problem: FiniteProblem) -> None:
    chain = chain_of(problem)
    point = solve(problem, "perles_maschler").payoffs[0] - problem.disagreement[0]
    if len(chain) == 1:
        assert point == pytest.approx(chain[0])
        return
    left = chain[chain[:, 0] < point[0] - 1e-12]
    right = chain[chain[:, 0] > point[0] + 1e-12]
    before = travelling_time(np.vstack([left, point]))
    after = travelling_time(np.vstack([point, right]))
    assert before == pytest.approx(after, abs=1e-9)
    assert before + after == pytest.approx(travelling_time(chain), abs=1e-9)


@QUICK
@given(TWO)
def test_raiffa_is_where_steps_towards_the_ideal_point_end(problem: FiniteProblem) -> None:
    chain = chain_of(problem)
    d = np.zeros(2)
    for _ in range(80):
        d = (d + ideal(chain, d)) / 2 if len(chain) > 1 else (d + chain[0]) / 2
    point = solve(problem, "raiffa").payoffs[0] - problem.disagreement[0]
    assert point == pytest.approx(d, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(TWO)
def test_continuous_raiffa_against_a_numerical_path(problem: FiniteProblem) -> None:
    chain = chain_of(problem)
    if len(chain) == 1:
        return

    def velocity(_: float, d: np.ndarray) -> np.ndarray:
        return ideal(chain, d) - d

    # Short steps: the field has kinks that step control overlooks.
    path = solve_ivp(velocity, (0, 25), np.zeros(2), rtol=1e-9, atol=1e-11, max_step=0.05)
    point = solve(problem, "raiffa_continuous").payoffs[0] - problem.disagreement[0]
    assert point == pytest.approx(path.y[:, -1], abs=5e-5)


def test_a_draw_is_the_same_to_the_last_bit_in_any_company() -> None:
    rng = np.random.default_rng(1)
    utilities = rng.normal(size=(20, 9, 2)) * 10.0 ** rng.uniform(-2, 2, size=(20, 1, 2))
    for solution in EVERY:
        together = solve(FiniteProblem(utilities, [0, 0], lotteries=True), solution).payoffs
        for draw, listed in enumerate(utilities):
            alone = solve(FiniteProblem(listed, [0, 0], lotteries=True), solution).payoffs
            assert np.array_equal(alone[0], together[draw])


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_curve_near_its_end_and_in_any_unit(unit: float) -> None:
    """Nash has u₁² = w₁/(w₁ + 2w₂), the sum is largest at u₁ = w₁/(2w₂), in units of u₁."""
    for first, second in ((1.0, 1.0), (1.0, 300.0), (300.0, 1.0)):
        curve = CurveProblem(
            lambda u: 1 - (u / unit) ** 2, 0.0, unit, [0, 0], weights=[first / unit, second]
        )
        best = min(first / (2 * second), 1.0)
        assert solve(curve, "utilitarian").payoffs[0, 0] / unit == pytest.approx(best, rel=1e-7)
        even = CurveProblem(curve.function, 0.0, unit, [0, 0], weights=[first, second])
        nash = np.sqrt(first / (first + 2 * second))
        assert solve(even, "nash").payoffs[0, 0] / unit == pytest.approx(nash, rel=1e-7)
        # u₁/w₁ = (1 − u₁²)/w₂ in units of u₁
        equal = CurveProblem(curve.function, 0.0, unit, [0, 0], weights=[first * unit, second])
        root = (np.hypot(second, 2 * first) - second) / (2 * first)
        assert solve(equal, "egalitarian").payoffs[0, 0] / unit == pytest.approx(root, rel=1e-7)


def test_continuous_raiffa_may_end_in_a_vertex_or_at_once() -> None:
    square = FiniteProblem([[2, 3]], [0, 0], lotteries=True)
    assert solve(square, "raiffa_continuous").payoffs.tolist() == [[2, 3]]
    even = FiniteProblem([[3, 1], [2, 2], [1, 3]], [0, 0], lotteries=True)
    assert solve(even, "raiffa_continuous").payoffs[0] == pytest.approx([2, 2])
    line = FiniteProblem([[4, 0], [0, 2]], [0, 0], lotteries=True)
    assert solve(line, "raiffa_continuous").payoffs[0] == pytest.approx([2, 1])


# ---- curves ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("curve", "slope", "upper"),
    [
        (lambda u: 1 - u**2, lambda u: -2 * u, 1.0),
        (lambda u: np.sqrt(np.maximum(1 - u**2, 0)), lambda u: -u / np.sqrt(1 - u**2), 1.0),
        (lambda u: 1 - u**3, lambda u: -3 * u**2, 1.0),
        (lambda u: np.log(5 - u), lambda u: -1 / (5 - u), 4.0),
    ],
)
def test_quadrature(curve, slope, upper: float) -> None:
    want, _ = quad(lambda u: np.sqrt(-slope(u)), 0, upper, epsabs=1e-13, epsrel=1e-13, limit=500)
    assert travel(curve, 0, upper) == pytest.approx(want, abs=1e-10)
    assert travel(curve, 0, upper, derivative=slope) == pytest.approx(want, abs=1e-10)
    middle = midpoint_of_curve(curve, 0, upper, derivative=slope)
    assert midpoint_of_curve(curve, 0, upper) == pytest.approx(middle, abs=1e-10)
    half, _ = quad(lambda u: np.sqrt(-slope(u)), 0, middle, epsabs=1e-13, epsrel=1e-13, limit=500)
    assert half == pytest.approx(want / 2, abs=1e-10)


@pytest.mark.parametrize("solution", EVERY)
@settings(max_examples=8, deadline=None)
@given(problem=curve_problems())
def test_a_curve_and_its_fine_polygon_agree(solution: str, problem: CurveProblem) -> None:
    u1 = np.linspace(problem.lower, problem.upper, 2001)
    points = np.stack([u1, problem.heights(u1)], axis=1)
    polygon = FiniteProblem(points, problem.disagreement[0], lotteries=True)
    one, other = solve(problem, solution), solve(polygon, solution)
    assert one.converged.all()
    gains = np.abs(other.payoffs - problem.disagreement).max()
    if solution == "utilitarian":  # flat where the curve is nearly straight
        assert one.payoffs.sum() == pytest.approx(other.payoffs.sum(), abs=1e-5 * gains)
        return
    assert one.payoffs[0] == pytest.approx(other.payoffs[0], abs=2e-3 * gains)


def test_nash_on_a_curve_is_accurate() -> None:
    problem = CurveProblem(lambda u: 1 - u**2, 0, 1, [0, 0], [1, 2])
    # max log u + 2 log(1 − u²): 1/u = 4u/(1 − u²)
    assert solve(problem).payoffs[0] == pytest.approx([5**-0.5, 0.8], abs=1e-10)


def test_two_peaks_of_the_product() -> None:
    def dented(u):
        return np.where(u < 1, 3 - 2 * u, np.maximum(1.02 - 0.02 * u, 0.0))

    problem = CurveProblem(dented, 0, 3, [0, 0])
    assert solve(problem).payoffs[0] == pytest.approx([3, 0.96], abs=1e-6)
    for solution in ("perles_maschler", "raiffa"):
        with pytest.raises(ProblemError, match="the curve is not concave"):
            solve(problem, solution)


def test_ends_of_a_curve() -> None:
    steep = CurveProblem(lambda u: 10 - 0.1 * u, 0, 1, [0, 0])
    assert solve(steep, "egalitarian").payoffs[0] == pytest.approx([1, 9.9])
    assert solve(steep, "utilitarian").payoffs[0] == pytest.approx([1, 9.9])
    line = CurveProblem(lambda u: 10 - u, 0, 10, [1, 2])
    assert solve(line, "utilitarian").payoffs[0] == pytest.approx([4.5, 5.5])
    flat = CurveProblem(np.ones_like, 0, 1, [0, 0])
    for solution in EVERY:
        assert solve(flat, solution).payoffs[0] == pytest.approx([1, 1], abs=1e-9)


def test_no_agreement_on_a_curve() -> None:
    for d in ([2, 0], [0, 2], [1, 0], [0.8, 0.4]):
        answer = solve(CurveProblem(lambda u: 1 - u**2, 0, 1, d))
        assert not answer.agreement[0]
        assert answer.payoffs.tolist() == [d]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((lambda u: 1 - u, 1, 0, [0, 0]), "lower 1.0 must be less than upper 0.0"),
        ((lambda u: u, 0, 1, [0, 0]), "rises somewhere"),
        ((lambda u: 1 / u, 0, 1, [0, 0]), "not finite"),
        ((lambda u: 1 - u, 0, 1, [0, 0, 0]), "3 numbers for 2 players"),
        ((lambda u: 1 - u, 0, 1, [[0, 0], [0, 0]]), "one problem"),
    ],
)
def test_what_is_no_curve_is_refused(arguments, message: str) -> None:
    with np.errstate(divide="ignore"), pytest.raises(ProblemError, match=message):
        CurveProblem(*arguments)


# ---- boxes ----------------------------------------------------------------------------------


def test_boxes_by_following_the_frontier() -> None:
    table = from_functions(
        {"A": lambda x, scale: scale * x, "B": lambda x, scale: 1 - x**2},
        {"x": (0, 1)},
        disagreement=[0, 0],
        parameters={"scale": [1.0, 7.0]},
    )
    curve = CurveProblem(lambda u: 1 - u**2, 0, 1, [0, 0])
    for solution in ("perles_maschler", "raiffa", "raiffa_continuous"):
        answer = solve(table, solution)
        want = solve(curve, solution).payoffs[0]
        assert answer.converged.all()
        assert answer.payoffs == pytest.approx(want * [[1, 1], [7, 1]], abs=1e-5)
        assert answer.outcome[:, 0] == pytest.approx(want[0], abs=1e-5)


def test_a_box_with_a_kinked_frontier() -> None:
    table = from_functions(
        {"A": lambda x, y: 3 * x + y, "B": lambda x, y: 4 - x - 3 * y},
        {"x": (0, 1), "y": (0, 1)},
        disagreement=[0.5, 0],
    )
    polygon = FiniteProblem([[0, 4], [3, 3], [1, 1], [4, 0]], [0.5, 0], lotteries=True)
    for solution in ("perles_maschler", "raiffa", "raiffa_continuous"):
        got, want = solve(table, solution), solve(polygon, solution)
        assert got.converged.all()
        assert got.payoffs == pytest.approx(want.payoffs, abs=1e-5)


def test_a_dent_is_said_and_no_agreement_is_data() -> None:
    dented = from_functions(
        {"A": lambda x: x**2, "B": lambda x: (1 - x) ** 2}, {"x": (0, 1)}, disagreement=[0, 0]
    )
    answer = solve(dented, "raiffa")
    assert not answer.converged[0]
    assert answer.residual[0] > 0.1
    hopeless = from_functions(
        {"A": lambda x: x, "B": lambda x: -x}, {"x": (0, 1)}, disagreement=[0.5, 0]
    )
    none = solve(hopeless, "perles_maschler")
    assert not none.agreement[0]
    assert none.payoffs.tolist() == [[0.5, 0.0]]


def test_three_players_are_refused() -> None:
    table = from_functions(
        {"A": lambda x: x, "B": lambda x: x, "C": lambda x: 1 - x},
        {"x": (0, 1)},
        disagreement=[0, 0, 0],
    )
    with pytest.raises(ProblemError, match="3 players; two are needed"):
        solve(table, "perles_maschler")
