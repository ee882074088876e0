"""Boxes: ties, leximin, vetoes, indifferent players: answers known in closed form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from box_cases import random_payoffs

from sim.bargaining import BoxProblem, Ratifiers, from_functions, maxmin, solve, trace
from sim.bargaining.box.table import prepare

SOLUTIONS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")


@pytest.mark.parametrize("idle", [False, True])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 3.0)])
def test_a_tie_of_totals_goes_to_the_product(idle: bool, weights: tuple[float, float]) -> None:
    """In money 1 - w of A's cost w times as much: the total is flat in x, the product is not."""
    w, v = weights
    players = {"A": lambda x, pie: pie * x / w, "B": lambda x, pie: pie * (1 - x) / v}
    if idle:
        players["C"] = lambda x, pie: 2.0
    table = from_functions(
        players,
        {"x": (0, 1)},
        disagreement=[0, 0, 2][: len(players)],
        weights=[w, v, 5][: len(players)],
        start=[0.3],
        parameters={"pie": [1.0, 4.0, 0.5]},
    )
    found = solve(table, "utilitarian")
    assert found.converged.all()
    assert found.outcome[:, 0] == pytest.approx([w / (w + v)] * 3, abs=1e-5)
    assert found.parameters["total"] == pytest.approx([1.0, 4.0, 0.5], abs=1e-7)
    if idle:
        assert found.payoffs[:, 2] == pytest.approx([2.0] * 3)


def test_a_tie_under_a_veto_and_beside_draws_without_one() -> None:
    """In every other draw a slope decides; in the rest x is divided as far as C allows."""
    two = from_functions(
        {"A": lambda x, s: x * (1 + s), "B": lambda x, s: 1 - x},
        {"x": (0, 1)},
        disagreement=[0, 0],
        parameters={"s": [0.0, 0.5, 0.0, -0.5]},
    )
    voter = from_functions(
        {"C": lambda x, s: x}, {"x": (0, 1)}, disagreement=[0], parameters={"s": np.zeros(4)}
    )
    free = solve(two, "utilitarian")
    assert free.outcome[:, 0] == pytest.approx([0.5, 1.0, 0.5, 0.0], abs=1e-5)
    held = replace(two, ratifiers=Ratifiers(voter.payoffs, [[0.7], [0.7], [0.2], [0.2]]))
    found = solve(held, "utilitarian")
    assert found.converged.all()
    assert found.outcome[:, 0] == pytest.approx([0.7, 1.0, 0.5, 0.2], abs=1e-5)


@pytest.mark.parametrize("solution", ["egalitarian", "kalai_smorodinsky"])
def test_leximin_divides_what_the_least_does_not_need(solution: str) -> None:
    """A can have 0.1 at most; B and C then share y, and the slack of E follows z."""
    table = from_functions(
        {
            "A": lambda x, y, z: 0.1 * x,
            "B": lambda x, y, z: y + 0.2,
            "C": lambda x, y, z: 1.2 - y,
            "E": lambda x, y, z: 3.0 + z,
        },
        {"x": (0, 1), "y": (0, 1), "z": (0, 1)},
        disagreement=[0, 0, 0, 0],
        start=[0.2, 0.9, 0.4],
    )
    found = solve(table, solution)
    assert found.converged.all()
    assert found.outcome[0] == pytest.approx([1.0, 0.5, 1.0], abs=1e-5)
    assert found.payoffs[0] == pytest.approx([0.1, 0.7, 0.7, 4.0], abs=1e-5)


def test_leximin_holds_those_who_share_the_level() -> None:
    """A and B share x; what they do not see, y, is then shared by C and D, who gain more."""
    table = from_functions(
        {
            "A": lambda x, y, s: x,
            "B": lambda x, y, s: 1 - x,
            "C": lambda x, y, s: 2 + y - (x - 0.5) ** 2,
            "D": lambda x, y, s: 2 + s - y,
        },
        {"x": (0, 1), "y": (0, 1)},
        disagreement=[0, 0, 0, 0],
        weights=[1, 1, 1, 1],
        start=[0.3, 0.9],
        parameters={"s": [1.0, 0.6, 3.0]},
    )
    found = solve(table, "egalitarian")
    assert found.converged.all()
    assert found.outcome[:, 0] == pytest.approx([0.5] * 3, abs=1e-6)
    assert found.outcome[:, 1] == pytest.approx([0.5, 0.3, 1.0], abs=1e-5)
    assert found.parameters["level"] == pytest.approx([0.5] * 3, abs=1e-6)
    most = found.payoffs.max(axis=1)
    assert found.parameters["distance"] == pytest.approx(most - 0.5, abs=1e-6)


def test_leximin_moves_shared_issues_where_the_level_allows() -> None:
    """A = x + y and B = 2 - x - y hold x + y at 1; along that line C and D divide x - y."""
    table = from_functions(
        {
            "A": lambda x, y: x + y,
            "B": lambda x, y: 2 - x - y,
            "C": lambda x, y: 2 + x - y,
            "D": lambda x, y: 2.5 - x + y,
        },
        {"x": (0, 1), "y": (0, 1)},
        disagreement=[0, 0, 0, 0],
        start=[0.1, 0.8],
    )
    found = solve(table, "egalitarian")
    assert found.converged.all()
    assert found.payoffs[0, :2] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert found.payoffs[0, 2:] == pytest.approx([2.25, 2.25], abs=1e-4)


def test_egalitarian_weights_are_units_of_gain() -> None:
    table = from_functions(
        {"A": lambda x: 30 * x, "B": lambda x: 10 * (1 - x), "C": lambda x: 5.0},
        {"x": (0, 1)},
        disagreement=[0, 0, 5],
        weights=[2, 1, 7],
    )
    found = solve(table, "egalitarian")
    # 30 x / 2 = 10 (1 - x)
    assert found.outcome[0] == pytest.approx([0.4])
    assert found.payoffs[0] == pytest.approx([12, 6, 5])
    assert found.parameters["level"] == pytest.approx([6.0])


def test_who_is_indifferent_must_not_lose() -> None:
    players = {"A": lambda x: x, "B": lambda x: 1 - x, "C": lambda x: 5.0}
    for d, deal_ in ((5.0, True), (5.1, False), (4.9, True)):
        table = from_functions(players, {"x": (0, 1)}, disagreement=[0, 0, d])
        for solution in SOLUTIONS:
            found = solve(table, solution)
            assert found.agreement[0] == deal_, (d, solution)
            assert found.payoffs[0, 2] == (5.0 if deal_ else d)
        value, x = maxmin(table)
        assert (value[0] > 0) == deal_
        assert x[0] == pytest.approx([0.5])
    nobody = from_functions({"C": players["C"], "D": players["C"]}, {"x": (0, 1)}, breakdown=[0])
    assert not solve(nobody).agreement[0]


def test_where_nothing_can_move_there_is_a_deal_if_somebody_gains_and_nobody_loses() -> None:
    """x is fixed at ½, or moves nobody: whatever the solution, A has 0.5 and B 0.5 - d."""
    d = np.array([0.2, 0.5, 0.6])
    fixed = from_functions(
        {"A": lambda x, d: x, "B": lambda x, d: 1 - x - d},
        {"x": (0.5, 0.5)},
        disagreement=[0.1, 0.0],
        parameters={"d": d},
    )
    moot = from_functions(
        {"A": lambda x, d: 0.5, "B": lambda x, d: 0.5 - d},
        {"x": (0, 1)},
        disagreement=[0.1, 0.0],
        parameters={"d": d},
    )
    for table in (fixed, moot):
        for solution in SOLUTIONS:
            found = solve(table, solution)
            assert found.agreement.tolist() == [True, True, False], solution
            assert found.converged.all()
            want = np.array([[0.5, 0.3], [0.5, 0.0], [0.1, 0.0]])
            assert found.payoffs == pytest.approx(want)
            assert all(np.isfinite(v).all() for v in found.parameters.values())
        value, _ = maxmin(table)
        assert (value > 0).tolist() == [True, True, False]
    voter = from_functions({"C": lambda x: x}, {"x": (0.5, 0.5)}, disagreement=[0]).payoffs
    for threshold, passes in ((0.4, True), (0.6, False)):
        held = replace(fixed.take(np.array([0])), ratifiers=Ratifiers(voter, threshold))
        for solution in SOLUTIONS:
            assert solve(held, solution).agreement[0] == passes


def test_a_deal_that_harms_somebody_is_never_called_found() -> None:
    """A's money moves a million times as much as B's: what B may lose is lost in its rounding."""
    big = 1e6
    table = from_functions(
        {
            "A": lambda x, y: big * x - y,
            "B": lambda x, y: big * y - x - (x - 10) ** 2 / big + 100 / big,
        },
        {"x": (0, big), "y": (0, 1 / big)},
        disagreement=[0, 0],
    )
    stake = np.array([big**2, 2 * big])
    for solution in SOLUTIONS:
        found = solve(table, solution)
        unharmed = (found.payoffs >= -1e-6 * stake).all()
        assert unharmed or not (found.converged[0] or found.residual[0] < 1e-6), solution


def test_max_min_from_one_start_and_from_many() -> None:
    """A hill of 1 near the start, and one of 2 far away."""
    table = from_functions(
        {
            "A": lambda x: np.exp(-50 * (x - 0.2) ** 2) + 2 * np.exp(-50 * (x - 0.95) ** 2),
            "B": lambda x: 100.0 + x,
        },
        {"x": (0, 1)},
        disagreement=[0, 0],
        start=[0.22],
    )
    scale = np.abs(np.asarray(prepare(table)[0].scaled()[1]))[0, 0]
    one, x = maxmin(table, starts=1)
    assert x[0] == pytest.approx([0.2], abs=1e-4)
    assert one * scale == pytest.approx([1.0], rel=1e-4)
    many, x = maxmin(table)
    assert x[0] == pytest.approx([0.95], abs=1e-4)
    assert many * scale == pytest.approx([2.0], rel=1e-4)


@pytest.mark.parametrize("solution", [*SOLUTIONS, "maxmin"])
def test_a_veto_leaves_what_it_leaves(solution: str) -> None:
    """C accepts x from 0.2, 0.7, 1 (where B has nothing) and 1.2 (nowhere) upwards."""
    two = from_functions(
        {"A": lambda x, s: x, "B": lambda x, s: 1 - x},
        {"x": (0, 1)},
        disagreement=[0, 0],
        start=[0.1],
        parameters={"s": np.ones(4)},
    )
    voters = from_functions(
        {"C": lambda x, s: s * x, "D": lambda x, s: 2.0 + 0 * s},
        {"x": (0, 1)},
        disagreement=[0, 0],
        parameters={"s": np.ones(4)},
    ).payoffs
    levels = np.array([0.2, 0.7, 1.0, 1.2])
    for d, allowed in ((1.9, True), (2.1, False)):
        thresholds = np.stack([levels, np.full(4, d)], axis=1)
        held = replace(two, ratifiers=Ratifiers(voters, thresholds))
        if solution == "maxmin":
            value, x = maxmin(held)
            want = np.array([0.5, 0.3, 0.0, -0.2])
            assert value == pytest.approx(want if allowed else np.minimum(want, 0.0), abs=1e-6)
            assert x[:3, 0] == pytest.approx([0.5, 0.7, 1.0], abs=1e-6)
            continue
        found = solve(held, solution)
        assert found.agreement.tolist() == [allowed, allowed, False, False]
        assert found.converged.all()
        # Kalai-Smorodinsky: B's ideal gain is what C leaves it, 0.8 or 0.3.
        want = np.array([1 / 1.8, 1 / 1.3] if solution == "kalai_smorodinsky" else [0.5, 0.7])
        if allowed:
            assert found.outcome[:2, 0] == pytest.approx(want, abs=1e-5)


def test_traced_solutions_report_like_the_others() -> None:
    table = from_functions(
        {"A": lambda x: x, "B": lambda x: 1 - x**2}, {"x": (0, 1)}, disagreement=[0, 0]
    )
    for solution in ("perles_maschler", "raiffa", "raiffa_continuous"):
        found = solve(table, solution)
        assert dict(found.parameters) == {}
        assert found.method == solution
        assert 0.0 < found.residual[0] <= 1e-5


def test_a_frontier_point_that_fails_is_said_of_its_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    table = from_functions(
        {"A": lambda x, s: s * x, "B": lambda x, s: 1 - x**2},
        {"x": (0, 1)},
        disagreement=[0, 0],
        parameters={"s": [1.0, 2.0, 3.0]},
    )
    honest, calls = trace.fan, [0]

    def spoiled(problem: BoxProblem, scale: Any, draw: Any, angle: Any) -> trace.Rays:
        rays = honest(problem, scale, draw, angle)
        calls[0] += 1
        first = draw.searchsorted(1)
        missed = (np.arange(len(draw)) == first) & (calls[0] == 1)
        return replace(rays, converged=rays.converged & ~missed)

    monkeypatch.setattr(trace, "fan", spoiled)
    assert solve(table, "raiffa").converged.tolist() == [True, False, True]


def test_who_loses_in_one_draw_spoils_that_draw_only() -> None:
    players = {"A": lambda x, c: x, "B": lambda x, c: 1 - x, "C": lambda x, c: c + 0 * x}
    table = from_functions(
        players, {"x": (0, 1)}, disagreement=[0, 0, 5], parameters={"c": [5.0, 4.0, 6.0]}
    )
    for solution in SOLUTIONS:
        found = solve(table, solution)
        assert found.agreement.tolist() == [True, False, True]
        assert found.payoffs[:, 2].tolist() == [5.0, 5.0, 6.0]


def test_losses_within_rounding_are_none() -> None:
    """C's payoff of 1e9 is known to some digits: a millionth less is a loss, 1e-3 is not."""
    players = {"A": lambda x: x, "B": lambda x: 1 - x, "C": lambda x: 1e9}
    for lost, deal_ in ((1e-3, True), (1e3, False), (-1e3, True)):
        table = from_functions(players, {"x": (0, 1)}, disagreement=[0, 0, 1e9 + lost])
        assert solve(table).agreement[0] == deal_


def test_some_draws_of_a_problem_keep_all_that_it_knows() -> None:
    payoffs = random_payoffs(np.random.default_rng(0), 2, 3, 4)
    weights, start = np.arange(1.0, 9.0).reshape(4, 2), np.linspace(0, 1, 12).reshape(4, 3)
    lower, upper, d = -start - 1.0, start + 1.0, -weights
    problem = BoxProblem(payoffs, lower, upper, d, weights=weights, start=start, ties=((0, 1),))
    some = problem.take(np.array([2, 0]))
    for name, whole in (
        ("lower", lower), ("upper", upper), ("disagreement", d), ("weights", weights),
        ("start", start),
    ):  # fmt: skip
        assert np.array_equal(getattr(some, name), whole[[2, 0]])
    assert some.ties == ((0, 1),)
    assert some.ratifiers is None
