"""The tables of the worked example against the numbers of an independent solver."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import worked_example as we
from sim.bargaining import BoxProblem, solve

FloatArray = NDArray[np.float64]
Table = tuple[tuple[int, ...], tuple[int, ...]]
PAYOFFS = we.build()
# Change of payoff from the status quo; Nash good to 1e-4 as printed, the others to about 1e-4.
TRILATERAL = {
    ("nash", 1): (39.3127, -22.2765, -18.0576),
    ("nash", 2): (41.8779, -24.2462, -19.9025),
    ("kalai_smorodinsky", 1): (39.5112, -22.3927, -18.2291),
    ("egalitarian", 1): (40.7697, -23.4570, -19.0220),
}
LINKED = {
    "nash": (41.8480, -22.1796, -22.0155),
    "kalai_smorodinsky": (41.8148, -22.1386, -22.0070),
    "egalitarian": (43.5728, -23.8268, -23.0424),
}
SEPARATE = {
    "nash": (42.0167, -22.4221, -22.0593),
    "kalai_smorodinsky": (42.1166, -22.5196, -22.0988),
    "egalitarian": (43.5723, -23.8276, -23.0419),
}


def table_at(table: Table, x: FloatArray, weights: list[float] | None = None) -> BoxProblem:
    players, issues = table[0], list(table[1])
    bound = PAYOFFS.table(players, issues, x)
    d = bound.utility(we.BREAKDOWN[issues])
    return BoxProblem(
        bound, we.LOWER[issues], we.UPPER[issues], d, weights=weights, start=x[issues]
    )


def side_by_side(tables: list[Table], solution: str) -> FloatArray:
    """Return the outcome at which each table answers the others."""
    x = we.STATUS_QUO.copy()
    for _ in range(40):
        before = x.copy()
        for table in tables:
            found = solve(table_at(table, x), solution)
            assert found.agreement.all()
            assert found.converged.all()
            x[list(table[1])] = found.outcome[0]
        if np.abs((x - before) / (we.UPPER - we.LOWER)).max() < 1e-8:
            return x
    raise AssertionError("the tables do not settle")


def change(x: FloatArray) -> FloatArray:
    return (PAYOFFS.money(x) - PAYOFFS.money(we.STATUS_QUO))[0]


@pytest.mark.parametrize(("solution", "weight"), TRILATERAL)
def test_trilateral(solution: str, weight: int) -> None:
    weights = [float(weight), 1.0, 1.0]
    found = solve(table_at(we.TRILATERAL, we.STATUS_QUO, weights), solution)
    assert found.converged.all()
    assert found.payoffs[0] == pytest.approx(TRILATERAL[solution, weight], abs=2e-4)


@pytest.mark.parametrize("solution", LINKED)
def test_linked(solution: str) -> None:
    x = side_by_side([we.LINKED_JPN, we.LINKED_ROK], solution)
    assert change(x) == pytest.approx(LINKED[solution], abs=2e-4)


@pytest.mark.parametrize("solution", SEPARATE)
def test_separate(solution: str) -> None:
    tables = [we.TRADE_JPN, we.DEFENCE_JPN, we.TRADE_ROK, we.DEFENCE_ROK]
    x = side_by_side(tables, solution)
    assert change(x) == pytest.approx(SEPARATE[solution], abs=2e-4)


def test_outcomes_under_nash() -> None:
    want = [
        0.1012,
        0.1425,
        0.9043,
        85.5302,
        2.5002,
        50,
        0.13,
        0.1711,
        0.5726,
        50.0853,
        2.2862,
        28.5,
    ]
    x = side_by_side([we.LINKED_JPN, we.LINKED_ROK], "nash")
    assert x == pytest.approx(want, abs=6e-5)


@pytest.mark.parametrize("spread", [1.2, 1.6])
@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"])
def test_lognormal_parameters(solution: str, spread: float) -> None:
    """Hundreds of cases around the example, from the middle of the box: none unconverged."""
    payoffs = we.build(400, gsd=spread, rng=np.random.default_rng(4))
    for players, issues in (we.LINKED_JPN, we.DEFENCE_ROK, we.TRILATERAL):
        bound = payoffs.table(players, issues, we.STATUS_QUO)
        d = bound.utility(we.BREAKDOWN[list(issues)])
        problem = BoxProblem(bound, we.LOWER[list(issues)], we.UPPER[list(issues)], d)
        found = solve(problem, solution)
        assert found.converged.all()
        assert found.agreement.all()
        assert found.residual.max() <= 1e-6
        assert (found.payoffs >= d - 1e-7).all()


def test_the_benchmark_checks_its_answer() -> None:
    script = Path(__file__).parent.parent / "benchmarks" / "nash_vs_slsqp.py"
    options = ["--json", "--draws", "300", "--sample", "4", "--reference", "4", "--repeats", "1"]
    run = subprocess.run(
        [sys.executable, "-W", "error", str(script), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    for numbers in (found, found["trilateral"]):
        assert numbers["max_error"] <= 1e-6
        assert numbers["unconverged"] == 0.0
        assert numbers["slsqp_best_error"] <= 1e-6
        assert numbers["payoff_difference"] <= 1e-10
        assert {"draws_per_s", "ratio_two_stage", "ratio_best"} <= set(numbers)


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"])
def test_consent(solution: str) -> None:
    """d is what separate tables reach: gains of 1e-7 to 0.1, where the table moves about 100."""
    n = 400
    payoffs = we.build(n, gsd=1.2, rng=np.random.default_rng(4))
    x = np.tile(we.STATUS_QUO, (n, 1))
    for players, issues in (we.TRADE_JPN, we.DEFENCE_JPN):
        bound = payoffs.table(players, issues, x)
        d = bound.utility(we.BREAKDOWN[list(issues)])
        problem = BoxProblem(bound, we.LOWER[list(issues)], we.UPPER[list(issues)], d)
        x[:, list(issues)] = solve(problem, solution).outcome
    players, issues = we.LINKED_JPN
    bound = payoffs.table(players, issues, x)
    start = x[:, list(issues)]
    d = bound.utility(start)
    joint = BoxProblem(bound, we.LOWER[list(issues)], we.UPPER[list(issues)], d, start=start)
    found = solve(joint, solution)
    assert found.converged.all()
    assert (found.payoffs >= d - 1e-7).all()
    unit = np.abs(bound.gradient(start) * (we.UPPER - we.LOWER)[list(issues)]).sum(axis=2)
    gains = (found.payoffs - d)[found.agreement] / unit[found.agreement]
    assert gains.max() < 0.05
    if solution != "utilitarian":
        assert found.agreement.mean() > 0.9
        assert (gains > 0).all()
