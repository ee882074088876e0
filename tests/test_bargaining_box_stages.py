"""Boxes: what the solutions do after the first search, and what they report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from box_cases import random_payoffs, random_problem

from sim.bargaining import BoxProblem, Ratifiers, from_functions, ideal_point, solve
from sim.bargaining import egalitarian as egalitarian_
from sim.bargaining import ideal as ideal_
from sim.bargaining import kalai_smorodinsky as kalai_smorodinsky_
from sim.bargaining import nash as nash_
from sim.bargaining import utilitarian as utilitarian_
from sim.bargaining.box import deal, leximin, newton
from sim.bargaining.box.table import prepare

MODULES = {
    "nash": nash_,
    "kalai_smorodinsky": kalai_smorodinsky_,
    "egalitarian": egalitarian_,
    "utilitarian": utilitarian_,
}
SOLUTIONS = tuple(MODULES)


def triangle(**more: object) -> BoxProblem:
    """Three players divide 1 by two issues: gains x, y and 1 - x - y, with curvature."""
    return from_functions(
        {
            "A": lambda x, y: x - 0.1 * x**2,
            "B": lambda x, y: y - 0.1 * y**2,
            "C": lambda x, y: 1 - x - y - 0.1 * (1 - x - y) ** 2,
        },
        {"x": (0, 1), "y": (0, 1)},
        disagreement=[0, 0, 0],
        **more,
    )


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_three_equals_get_a_third_each(solution: str) -> None:
    found = solve(triangle(), solution)
    share = 1 / 3 - 0.1 / 9
    assert found.outcome[0] == pytest.approx([1 / 3, 1 / 3], abs=1e-6)
    assert found.payoffs[0] == pytest.approx([share] * 3, abs=1e-6)
    assert found.method == solution
    assert found.agreement.tolist() == found.converged.tolist() == [True]
    assert 0.0 <= found.residual[0] <= 1e-7


def test_what_is_reported() -> None:
    share = 1 / 3 - 0.1 / 9
    least = {"least_gain": 1e-9}
    money = {**least, "money_metric": True}
    assert dict(solve(triangle(), "nash").parameters) == least
    found = solve(triangle(weights=[1, 2, 2]), "utilitarian").parameters
    assert set(found) == {*money, "total"}
    assert {k: found[k] for k in money} == money
    payoffs = solve(triangle(weights=[1, 2, 2]), "utilitarian").payoffs
    assert found["total"] == pytest.approx(payoffs @ [1, 2, 2])
    found = solve(triangle(), "egalitarian").parameters
    assert set(found) == {*money, "level", "distance"}
    assert found["level"] == pytest.approx([share], abs=1e-7)
    assert found["distance"] == pytest.approx([0.0], abs=1e-7)
    found = solve(triangle(), "kalai_smorodinsky").parameters
    assert set(found) == {"ideal", "share", "distance"}
    assert found["ideal"] == pytest.approx(np.full((1, 3), 0.9), abs=1e-7)
    assert found["share"] == pytest.approx([share / 0.9], abs=1e-6)
    assert found["distance"] == pytest.approx([0.0], abs=1e-6)
    assert ideal_point(triangle()) == pytest.approx(np.full((1, 3), 0.9), abs=1e-7)


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_without_a_deal_nothing_is_reported(solution: str) -> None:
    hopeless = from_functions(
        {"A": lambda x, d: x, "B": lambda x, d: 1 - x - d},
        {"x": (0, 1)},
        disagreement=[0.5, 0],
        start=[0.25],
        parameters={"d": [0.0, 0.7, 0.2]},
    )
    found = solve(hopeless, solution)
    assert found.agreement.tolist() == [True, False, True]
    assert found.converged.all()
    assert found.payoffs[1].tolist() == [0.5, 0.0]
    assert found.outcome[1].tolist() == [0.25]
    for name in ("ideal", "total", "level", "share", "distance"):
        if name in found.parameters:
            assert not np.asarray(found.parameters[name])[1].any()


# ---- a first search that fails ---------------------------------------------------------------


def spoil(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, *, calls: int = 1, step: int = 2
) -> Callable[[], int]:
    """Let the first calls of a search fail for every other draw, or all; count the calls."""
    honest = getattr(module, name)
    count = [0]

    def spoiled(*args: Any, **more: Any) -> Any:
        found = honest(*args, **more)
        count[0] += 1
        if count[0] > calls:
            return found
        bad = np.arange(len(found.converged)) % step == 0
        change = {
            "converged": found.converged & ~bad,
            "residual": np.where(bad, np.inf, found.residual),
            "gains": np.where(bad, -np.inf, found.gains),
        }
        if hasattr(found, "value"):
            change["value"] = np.where(bad, -np.inf, found.value)
        return replace(found, **change)

    monkeypatch.setattr(module, name, spoiled)
    return lambda: count[0]


@pytest.mark.parametrize(
    ("solution", "module", "name", "calls"),
    [
        ("nash", nash_, "ascend", 1),
        ("nash", nash_, "ascend", 2),
        ("kalai_smorodinsky", ideal_, "maximise", 1),
        ("kalai_smorodinsky", ideal_, "maximise", 3),
        ("kalai_smorodinsky", leximin, "maximise", 1),
        ("egalitarian", leximin, "maximise", 1),
        ("egalitarian", egalitarian_, "leximin", 1),
        ("utilitarian", utilitarian_, "maximise", 1),
        ("utilitarian", utilitarian_, "maximise", 3),
        ("utilitarian", deal, "maximise", 1),
        ("egalitarian", deal, "maximise", 1),
    ],
)
@pytest.mark.parametrize("veto", [False, True])
def test_other_starts_find_what_the_first_one_missed(
    solution: str,
    module: ModuleType,
    name: str,
    calls: int,
    veto: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Concave problems have one answer, whichever start leads to it."""
    problem = random_problem(np.random.default_rng(5), 3, 3, 9)
    if veto:
        ratifying = random_payoffs(np.random.default_rng(6), 2, 3, 9)
        here = solve(problem, solution).outcome
        # Who ratifies likes the answer as it is, by a little: the vetoes stand but do not bind.
        threshold = ratifying.at(here) - 1e-3
        problem = replace(problem, ratifiers=Ratifiers(ratifying, threshold))
    honest = solve(problem, solution)
    assert honest.converged.all()
    spoil(monkeypatch, module, name, calls=calls)
    found = solve(problem, solution)
    assert found.agreement.all()
    assert found.converged.all()
    assert found.residual.max() <= 1e-6
    assert found.payoffs == pytest.approx(honest.payoffs, abs=2e-5)
    for key in ("ideal", "total", "level", "share"):
        if key in honest.parameters:
            assert found.parameters[key] == pytest.approx(honest.parameters[key], abs=1e-5)


def test_a_search_that_never_succeeds_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(np.random.default_rng(5), 3, 3, 4)
    for solution, name in (("nash", "ascend"), ("utilitarian", "maximise")):
        with monkeypatch.context() as patch:
            spoil(patch, MODULES[solution], name, calls=99, step=1)
            found = solve(problem, solution)
        assert not found.converged.any()
        assert found.agreement.all()
        assert (found.residual == np.inf).all()


def test_too_few_iterations_are_no_answer() -> None:
    problem = random_problem(np.random.default_rng(7), 3, 4, 20)
    table, start = prepare(problem)
    found = newton.ascend(table, start, max_iterations=1)
    assert not found.converged.any()
    assert (found.residual == np.inf).all()
    assert (found.gains == -np.inf).all()
    enough = newton.ascend(table, start)
    assert enough.converged.mean() > 0.8
    assert (enough.residual[enough.converged] <= 1e-7).all()
    assert (enough.gains[:, enough.converged] > 0).all()
    assert (enough.gains[:, ~enough.converged] == -np.inf).all()
