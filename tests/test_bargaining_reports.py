"""What solutions report beside payoffs: ties, distances, residuals, audits; draw by draw."""

from __future__ import annotations

import numpy as np
import pytest
from box_cases import random_payoffs, random_problem
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bargaining import (
    SOLUTIONS,
    BoxProblem,
    CurveProblem,
    FiniteProblem,
    StreamProblem,
    TransferableProblem,
    audit,
    from_functions,
    frontier,
    hull,
    interior,
    linear,
    maximisers,
    multistart,
    polygon,
    solve,
)
from sim.bargaining import curve as curves
from sim.bargaining.finite import Stakes, off_ray, scales, slack_of, stakes
from sim.errors import ProblemError

QUICK = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
CONCEPTS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")


# ---- lists -----------------------------------------------------------------------------------


def test_what_a_list_offers() -> None:
    """Player 3 has nothing at stake in draw 1; draw 2 has no alternative without a loss."""
    utilities = [[[4, 1, 7], [-1, 9, 7], [2, 3, 7]], [[4, 1, 7], [-1, 9, 7], [2, 3, 7]]]
    at = stakes(FiniteProblem(utilities, [[0, 0, 7], [5, 0, 6]]))
    assert at.scale.tolist() == [[4, 9, 1], [6, 9, 1]]
    assert at.active.tolist() == [[True, True, False], [True, True, True]]
    assert at.agreement.tolist() == [True, False]
    assert at.ideal.tolist() == [[4, 3, 0], [0, 0, 0]]
    rounding = 4 * np.finfo(float).eps * np.array([[4, 9, 7], [5, 9, 7]])
    reach = np.array([[4, 9, 0], [6, 9, 1]])
    assert at.tolerance == pytest.approx(1e-12 * reach + rounding, rel=1e-12)


def test_who_is_active_by_rounding() -> None:
    size = np.array([[1.0, 1e6]])
    eps = np.finfo(float).eps
    _, _, active = scales(np.array([[4 * eps, 5e6 * eps]]), size)
    assert active.tolist() == [[False, True]]


def test_what_counts_as_a_tie() -> None:
    tolerance, ideal = np.array([[1.0, 3.0]]), np.array([[10.0, 2.0]])
    at = Stakes(np.array([[20.0, 4.0]]), tolerance, ideal, ideal > 0, np.array([True]))
    weights = np.array([[2.0, 5.0]])
    assert slack_of("egalitarian", at, weights).tolist() == [0.6]
    assert slack_of("utilitarian", at, weights).tolist() == [17.0]
    # Player 2's ideal gain is within its tolerance: its scale is what there is.
    assert slack_of("nash", at, weights).tolist() == [0.75]
    assert slack_of("kalai_smorodinsky", at, weights).tolist() == [0.75]


@pytest.mark.parametrize("solution", CONCEPTS)
def test_ties_within_the_tolerance_only(solution: str) -> None:
    w = np.array([0.25, 4.0])
    for change, tied in ((0.0, True), (1e-14, True), (1e-9, False), (-1e-9, True)):
        points = np.array([[4.0, 4.0], [4.0 + change, 4.0 + change], [8.0, 1.0]])
        both = maximisers(FiniteProblem(points[:2], [0, 0], weights=w), solution)
        assert both.tolist() == [[tied and change >= 0, True]] if change >= 0 else [[True, False]]


def test_the_distance_from_the_ray_is_each_draws_own() -> None:
    utilities = [[[4, 1], [1, 4]], [[6, 3], [0, 0]], [[4, 4], [1, 1]], [[-1, 2], [2, -1]]]
    found = solve(FiniteProblem(utilities, [0, 0]), "kalai_smorodinsky").parameters
    assert np.asarray(found["distance"]).tolist() == [0.75, 0.0, 0.0, 0.0]
    at = Stakes(
        np.ones((3, 3)), np.zeros((3, 3)), np.array([[2.0, 4.0, 0.0], *[[1.0] * 3] * 2]),
        np.array([[True, True, False]] * 2 + [[False] * 3]), np.array([True] * 3),
    )  # fmt: skip
    gains = np.array([[1.0, 1.0, 9.0], [0.1, 0.5, 9.0], [1.0, 2.0, 3.0]])
    assert off_ray(gains, at) == pytest.approx([0.25, 0.4, 0.0])


def test_weights_are_those_given() -> None:
    points = [[4.0, 1.0], [2.0, 1.9], [1.0, 3.0]]
    best = {(1, 1): 0, (1, 2): 2, (4, 1): 0, (1, 5): 2}
    for weights, place in best.items():
        problem = FiniteProblem(points, [0, 0], weights=weights)
        log = np.log(points) @ weights
        assert solve(problem).parameters["alternative"] == log.argmax()
        total = np.array(points) @ weights
        assert solve(problem, "utilitarian").parameters["alternative"] == total.argmax() == place


@pytest.mark.parametrize("weights", [[1, 5], [5, 1]])
def test_a_stream_has_the_weights_of_its_list(weights: list[float]) -> None:
    points = [[4.0, 1.0], [2.0, 1.9], [1.0, 3.0]]
    for solution in ("nash", "egalitarian", "utilitarian"):
        for lotteries in (False, True):
            stream = StreamProblem(lambda: iter([points]), [0, 0], lotteries, weights)
            listed = FiniteProblem(points, [0, 0], lotteries=lotteries, weights=weights)
            one, other = solve(stream, solution), solve(listed, solution)
            assert one.payoffs == pytest.approx(other.payoffs)


def test_a_stream_reports_ties_by_their_place() -> None:
    rows = [[[1, 1], [3, 1]], [[0, 9]], [[1, 3], [2, 1]]]
    for solution in ("nash", "egalitarian"):
        found = solve(StreamProblem(lambda: iter(rows), [0, 0]), solution)
        whole = solve(FiniteProblem(np.concatenate(rows), [0, 0]), solution)
        ties = np.asarray(found.parameters["ties"])
        assert ties.dtype.kind == "i"
        assert np.asarray(found.parameters["maximisers"]).tolist() == [len(ties)]
        assert found.parameters["maximisers"] == whole.parameters["maximisers"]
        assert found.outcome.tolist() == [[float(ties[0])]]
        assert found.converged.tolist() == [True]
        assert found.residual.tolist() == [0.0]
    none = solve(StreamProblem(lambda: iter(rows), [3, 3]))
    assert np.asarray(none.parameters["ties"]).tolist() == []
    assert np.asarray(none.parameters["ties"]).dtype.kind == "i"
    assert none.parameters["maximisers"].tolist() == [0]
    assert none.outcome.tolist() == [[-1.0]]
    off = solve(StreamProblem(lambda: iter(rows), [0, 0]), "kalai_smorodinsky").parameters
    assert set(off) == {"ties", "maximisers", "ideal", "distance"}


# ---- hulls -----------------------------------------------------------------------------------


@pytest.mark.parametrize("solution", CONCEPTS)
@pytest.mark.parametrize("n_draws", [1, 2, 3])
def test_three_players_by_lottery(solution: str, n_draws: int) -> None:
    """The unit simplex in any units: a third each, certified, in each of its draws."""
    unit = np.array([2.0, 5.0, 0.5])
    utilities = np.stack([np.eye(3) * unit * (b + 1) for b in range(n_draws)])
    if solution in ("egalitarian", "utilitarian"):
        utilities = np.stack([np.eye(3) * (b + 1) for b in range(n_draws)])
    found = solve(FiniteProblem(utilities, np.zeros(3), lotteries=True), solution)
    assert found.outcome == pytest.approx(np.full((n_draws, 3), 1 / 3), abs=1e-7)
    assert found.method == solution
    assert found.converged.tolist() == [True] * n_draws
    assert ((found.residual >= 0) & (found.residual <= 1e-8)).all()
    if solution == "kalai_smorodinsky":
        ideal = utilities[:, range(3), range(3)]
        assert found.parameters["ideal"] == pytest.approx(ideal)
        assert found.parameters["distance"] == pytest.approx(np.zeros(n_draws), abs=1e-7)
    else:
        assert dict(found.parameters) == {}


@pytest.mark.parametrize("solution", CONCEPTS)
def test_a_gap_that_is_too_large_is_not_converged(
    solution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    problem = FiniteProblem(rng.uniform(0, 1, (3, 6, 3)), np.zeros(3), lotteries=True)
    monkeypatch.setattr(hull, "CERTIFIED", -1.0)
    assert not solve(problem, solution).converged.any()


def test_a_programme_that_fails_is_not_taken_for_no_deal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only mixing gives everybody a gain in draw 1, and nothing does in draw 2."""
    cycle = np.array([[4.0, -1, -1], [-1, 4, -1], [-1, -1, 4]])
    problem = FiniteProblem([cycle, cycle - 2.0], np.zeros(3), lotteries=True)
    assert solve(problem).agreement.tolist() == [True, False]
    assert solve(problem).converged.tolist() == [True, True]
    honest = linear._linear

    def failing(*arguments, **more):
        point, price = honest(*arguments, **more)
        return np.full_like(point, np.nan), np.zeros_like(price)

    monkeypatch.setattr(linear, "_linear", failing)
    never = linear.leximin(cycle, np.ones(3))
    assert never.value == -np.inf
    assert never.gap == np.inf
    assert never.lottery == pytest.approx([1 / 3] * 3)
    assert never.price.tolist() == [0.0] * 3
    found = solve(FiniteProblem([cycle - 0.7, cycle - 2.0], np.zeros(3), lotteries=True))
    assert not found.agreement.any()
    assert not found.converged.any()
    assert (found.residual == np.inf).all()
    assert not found.outcome.any()


def test_where_nobody_has_a_stake_there_is_nothing_to_agree_on() -> None:
    utilities = np.array([np.eye(3), np.ones((3, 3)), np.eye(3)])
    d = [[0.0] * 3, [1.0] * 3, [0.4] * 3]
    for solution in CONCEPTS:
        found = solve(FiniteProblem(utilities, d, lotteries=True), solution)
        assert found.agreement.tolist() == [True, False, False]
        assert found.converged.all()
        assert found.payoffs[1].tolist() == [1.0] * 3
    listed = solve(FiniteProblem(utilities, d), "kalai_smorodinsky").parameters["distance"]
    assert np.asarray(listed).dtype == np.float64


def test_scales_of_a_hull_are_each_draws_own() -> None:
    utilities = np.array([[[3.0, 1.0], [1.0, 3.0]], [[3e6, 1e-3], [1e6, 3e-3]]])
    both = hull.frontier_of(FiniteProblem(utilities, np.zeros(2), lotteries=True)).at
    for b in range(2):
        alone = hull.frontier_of(FiniteProblem(utilities[b], np.zeros(2), lotteries=True)).at
        for name in ("scale", "tolerance", "ideal", "active", "agreement"):
            assert np.array_equal(getattr(both, name)[b], getattr(alone, name)[0])
    assert both.ideal.tolist() == [[3.0, 3.0], [3e6, 3e-3]]


def test_points_of_a_frontier_lie_at_equal_distances_and_at_vertices() -> None:
    line = frontier(FiniteProblem([[4, 0], [0, 2]], [0, 0], lotteries=True), 5).payoffs[0]
    assert np.unique(line[:, 0].round(12)).tolist() == [0, 1, 2, 3, 4]
    assert line[:, 1] == pytest.approx(2 - line[:, 0] / 2)
    # Edges (0, 3) to (2, 2) and on to (3, 0): as long, in shares of the ideal gains 3 and 3.
    bent = frontier(FiniteProblem([[0, 3], [2, 2], [3, 0]], [0, 0], lotteries=True), 3)
    assert np.unique(bent.payoffs[0].round(12), axis=0).tolist() == [[0, 3], [2, 2], [3, 0]]
    assert frontier(CurveProblem(lambda u: 2 - u / 2, 0, 4, [0, 0]), 5).payoffs[0] == (
        pytest.approx(np.stack([np.arange(5.0), 2 - np.arange(5.0) / 2], axis=1))
    )


def test_long_chains_are_finished_by_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rounds of halving, or many: the same vertices."""
    rng = np.random.default_rng(2)
    points = rng.normal(size=(5, 60, 2))
    points[0] = np.stack([np.linspace(0, 1, 60), 1 - np.linspace(0, 1, 60) ** 2], axis=1)
    points[1, :, 1] = 1 - points[1, :, 0]  # all on one line
    points[2] = points[2, :1]
    whole = polygon.pareto_chain(points)
    for rounds in (1, 2, 3):
        monkeypatch.setattr(polygon, "HALF_ROUNDS", rounds)
        again = polygon.pareto_chain(points)
        for one, two in zip(whole.points, again.points, strict=True):
            assert np.array_equal(np.unique(one, axis=0), np.unique(two, axis=0))
        chosen = np.take_along_axis(points, again.alternatives[..., None], axis=1)
        assert np.array_equal(chosen, again.points)


def test_where_a_lottery_cannot_be_certified_the_plain_optimum_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Utilitarian ties over three players go to the product, unless that search fails."""
    flat = FiniteProblem(np.diag([6.0, 6.0, 6.0]), np.zeros(3), lotteries=True)
    assert solve(flat, "utilitarian").payoffs[0] == pytest.approx([2, 2, 2], abs=1e-6)
    honest = interior.max_log

    def failing(*arguments, **more):
        lottery, gap = honest(*arguments, **more)
        return lottery, gap + 1.0

    monkeypatch.setattr(interior, "max_log", failing)
    found = solve(flat, "utilitarian")
    assert found.payoffs.sum() == pytest.approx(6.0)
    assert found.converged.all()


# ---- curves ----------------------------------------------------------------------------------


def test_a_curve_is_as_exact_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = CurveProblem(lambda u: 1 - u**2, 0, 1, [0, 0])
    # max u (1 - u^2); u = 1 - u^2; max u + 1 - u^2
    exact = {
        "nash": 3**-0.5,
        "kalai_smorodinsky": (5**0.5 - 1) / 2,
        "egalitarian": (5**0.5 - 1) / 2,
        "utilitarian": 0.5,
    }
    for solution, u in exact.items():
        found = solve(problem, solution)
        assert found.outcome[0, 0] == pytest.approx(u, abs=1e-9)
        assert found.payoffs[0] == pytest.approx([u, 1 - u**2], abs=1e-9)
        assert found.residual[0] <= 1e-8
        assert found.method == solution
    assert solve(problem).parameters["ideal"].tolist() == [[1.0, 1.0]]
    monkeypatch.setattr(curves, "CERTIFIED", -1.0)
    assert not solve(problem).converged[0]


def test_the_residual_of_equal_travel_is_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a line travel is proportional to u1: stopping at a quarter misses by a half."""
    line = CurveProblem(lambda u: 2 - u, 0, 2, [0, 0])
    monkeypatch.setattr(curves, "midpoint_of_curve", lambda *_, **__: 0.5)
    found = solve(line, "perles_maschler")
    assert found.residual[0] == pytest.approx(0.5)
    assert not found.converged[0]


def test_weights_on_a_curve() -> None:
    line = CurveProblem(lambda u: 12 - 2 * u, 0, 6, [1, 2], [1, 3])
    found = solve(line, "egalitarian").payoffs[0] - [1, 2]
    assert found[1] == pytest.approx(3 * found[0])
    assert found[1] == pytest.approx(12 - 2 * (found[0] + 1) - 2)
    nash = solve(line).payoffs[0] - [1, 2]
    assert nash[1] / nash[0] == pytest.approx(2 * 3)
    assert solve(line, "utilitarian").payoffs[0] == pytest.approx([1, 10])


@pytest.mark.parametrize("solution", SOLUTIONS)
@pytest.mark.parametrize("d", [(0.5, 0.25), (-1.0, 0.25), (0.5, -3.0)])
def test_a_line_is_a_pie(solution: str, d: tuple[float, float]) -> None:
    """Under u1 + u2 = 3 with both between the ends: a hull of two points answers the same."""
    line = CurveProblem(lambda u: 3 - u, 0.25, 2.5, d)
    ends = FiniteProblem([[0.25, 2.75], [2.5, 0.5]], d, lotteries=True)
    one, other = solve(line, solution), solve(ends, solution)
    assert one.converged.all()
    assert one.payoffs[0] == pytest.approx(other.payoffs[0], abs=1e-8)
    assert one.parameters["ideal"] == pytest.approx(np.asarray(other.parameters["ideal"]))


def test_how_much_a_curve_may_bend_the_wrong_way() -> None:
    """Between grid points 1/512 apart, u2 = 1 - u + c u (1 - u) has second difference -2c/512^2."""
    for c, fine in ((0.5, True), (0.0, True), (-1e-5, True), (-1e-3, False)):
        problem = CurveProblem(lambda u, c=c: 1 - u + c * u * (1 - u), 0, 1, [0, 0])
        if fine:
            found = solve(problem, "raiffa")
            assert found.converged[0]
            assert found.payoffs[0, 1] == pytest.approx(problem.height(found.payoffs[0, 0]))
        else:
            with pytest.raises(ProblemError, match="not concave between 0 and 1"):
                solve(problem, "raiffa")


def test_a_surplus_within_rounding_is_none() -> None:
    for d, deal in (([5e14, 5e14 - 1], False), ([5e14, 5e14 - 1e6], True)):
        assert solve(TransferableProblem(1e15, d)).agreement[0] == deal


# ---- boxes -----------------------------------------------------------------------------------


def test_ties_are_pairs_of_whole_numbers() -> None:
    payoffs = random_payoffs(np.random.default_rng(0), 2, 3, 4)
    pairs = np.array([[0, 2]])
    problem = BoxProblem(payoffs, 0, 1, 0.0, ties=pairs)  # type: ignore[arg-type]
    assert problem.ties == ((0, 2),)
    assert all(type(k) is int for k in problem.ties[0])
    assert problem.take(np.array([1])).ties == ((0, 2),)


def two_hills(start: float = 0.1) -> BoxProblem:
    """The total has maxima near 0.1 (1.0) and 0.9 (1.5 in draw 2, 0.8 in draws 1 and 3)."""

    def hills(x: np.ndarray, high: np.ndarray) -> np.ndarray:
        return np.exp(-60 * (x - 0.1) ** 2) + high * np.exp(-60 * (x - 0.9) ** 2)

    return from_functions(
        {"A": hills, "B": lambda x, high: 1e-3 * hills(x, high)},
        {"x": (0, 1)},
        disagreement=[0, 0],
        start=[start],
        parameters={"high": [0.8, 1.5, 0.8]},
    )


@pytest.mark.parametrize("solution", ["nash", "egalitarian", "utilitarian"])
def test_an_audit_measures_what_was_missed(solution: str) -> None:
    found = audit(two_hills(), solution, every=1)
    assert found.draws.tolist() == [0, 1, 2]
    assert found.several.tolist() == [True] * 3
    assert not found.missed.any()
    assert found.rate == 1.0
    # A log product is relative as it is: two logs. The others are shares of the best.
    missed = 2 * np.log(1.5) if solution == "nash" else 0.5 / 1.5
    assert found.regret == pytest.approx([0.0, missed, 0.0], abs=1e-6)
    assert found.worst == pytest.approx(missed, abs=1e-6)


@pytest.mark.parametrize("solution", ["nash", "egalitarian", "utilitarian"])
def test_many_starts_find_the_higher_hill_draw_by_draw(solution: str) -> None:
    found = multistart(two_hills(), solution, number=3)
    assert found.payoffs[:, 0] == pytest.approx([1.0, 1.5, 1.0], abs=1e-6)
    assert found.outcome[:, 0] == pytest.approx([0.1, 0.9, 0.1], abs=1e-3)
    assert found.converged.all()
    start = np.asarray(found.parameters["start"])
    assert (start > 0).tolist() == [False, True, False]
    # Every part of an answer comes from one search.
    alone = solve(two_hills(0.9), solution).payoffs[1]
    assert found.payoffs[1] == pytest.approx(alone, rel=1e-9)


@QUICK
@given(seed=SEEDS)
def test_many_starts_are_never_worse_and_change_nothing_where_payoffs_are_concave(
    seed: int,
) -> None:
    problem = random_problem(np.random.default_rng(seed), 2, 3, 4)
    one, many = solve(problem), multistart(problem, number=3)
    assert (many.agreement >= one.agreement).all()
    assert many.payoffs == pytest.approx(one.payoffs, rel=1e-5, abs=1e-7)


def test_parameters_that_are_numbers_hold_in_all_draws() -> None:
    table = from_functions(
        {"A": lambda x, a, b: a * b * x, "B": lambda x, a, b: 1 - x},
        {"x": (0, 1)},
        disagreement=[0, 0],
        parameters={"a": 3, "b": [1.0, 2.0]},
    )
    assert solve(table).payoffs == pytest.approx(np.array([[1.5, 0.5], [3.0, 0.5]]))


def test_which_draws_are_audited() -> None:
    problem = random_problem(np.random.default_rng(3), 2, 2, 9)
    assert audit(problem, every=4, number=1).draws.tolist() == [0, 4, 8]
    assert audit(problem, first=6, every=4, number=1).draws.tolist() == [2, 6]
    none = audit(problem, first=1, every=100, number=1)
    assert none.draws.tolist() == []
    assert none.rate == none.worst == 0.0
    concave = audit(problem, every=3, number=3)
    assert not concave.several.any()
    assert concave.rate == 0.0
    assert concave.worst <= 1e-6


@QUICK
@given(seed=SEEDS)
def test_chunks_do_not_matter(seed: int) -> None:
    problem = random_problem(np.random.default_rng(seed), 2, 2, 5)
    whole = solve(problem)
    for rows in (slice(0, 2), slice(4, 5)):
        part = solve(problem.take(rows))
        assert np.array_equal(part.payoffs, whole.payoffs[rows])
        assert np.array_equal(part.outcome, whole.outcome[rows])
