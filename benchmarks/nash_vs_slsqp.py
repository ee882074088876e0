"""Nash solutions of one table per draw: the batched solver against SciPy's SLSQP.

Two tables of the worked example with lognormal parameters (geometric standard deviation 1.2):
United States and Japan, linked (2 players, 6 issues), and trilateral (3 players, 12 issues).

The batched side goes through `sim.bargaining.solve` on the project's own payoff terms. The
competitor solves a sample of the same draws one at a time, single-threaded, with analytic
gradients of plain-float payoffs of its own (`scalar_payoffs.py`), in two forms:

- two-stage: the largest least gain first, then the Nash product from there under g >= 0;
- best: the log extended quadratically below a floor, in the unit box, warm-started at the
  solution of the central parameters; tolerance and floor are the fastest pair of a grid
  (`--tune`) that reaches the accuracy asked for.

The answers are checked, not only timed: both sides' payoffs must agree, and the Nash product of
both is compared with a multi-start reference. `max_error` is two-sided: |product/reference - 1|
at the batched solver's outcome, on the true objective, worst of the reference draws.

    python benchmarks/nash_vs_slsqp.py --json
    python benchmarks/nash_vs_slsqp.py --draws 10000 --sample 50 --reference 20
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log
from time import perf_counter
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np
from scalar_payoffs import Gains, compile_draw
from scipy.optimize import minimize
from worked_example import BREAKDOWN, LINKED_JPN, LOWER, STATUS_QUO, TRILATERAL, UPPER, build

from sim.bargaining import BoxProblem, solve
from sim.payoffs import Payoffs
from sim.payoffs.heap import keep_freed_memory

GSD = 1.2
ACCURACY = 1e-6
TWO_STAGE_TOLERANCE = 1e-9
BEST = {"linked_jpn": (1e-7, 0.03), "trilateral": (1e-7, 0.03)}  # tolerance, floor: see --tune
GRID = [
    (tol, floor) for tol in (1e-7, 1e-8, 1e-9, 1e-10, 1e-11) for floor in (0.3, 0.1, 0.03, 0.01)
]
Answer = tuple[list[float], bool]


@dataclass(frozen=True)
class Case:
    """One table in all draws.

    Attributes
    ----------
    name : str
    payoffs : Payoffs
    table : (players, issues)
    problem : BoxProblem
    """

    name: str
    payoffs: Payoffs
    table: tuple[tuple[int, ...], tuple[int, ...]]
    problem: BoxProblem

    def gains(self, draw: int) -> Gains:
        """Return the competitor's payoffs in one draw."""
        issues = list(self.table[1])
        return compile_draw(
            self.payoffs.take(np.array([draw])),
            self.table,
            STATUS_QUO,
            disagreement=np.asarray(self.problem.disagreement)[draw],
            box=(LOWER[issues], UPPER[issues]),
        )


def make(
    name: str, table: tuple[tuple[int, ...], tuple[int, ...]], n_draws: int, seed: int
) -> Case:
    """Return the case, its search starting at the solution of the central parameters."""
    central = problem_of(build(1), table)
    start = solve(central).outcome[0]
    payoffs = build(n_draws, gsd=GSD, rng=np.random.default_rng(seed))
    return Case(name, payoffs, table, problem_of(payoffs, table, start))


def problem_of(
    payoffs: Payoffs,
    table: tuple[tuple[int, ...], tuple[int, ...]],
    start: np.ndarray | None = None,
) -> BoxProblem:
    """Return the Nash problem at a table; the other issues stay at the status quo."""
    players, issues = table
    bound = payoffs.table(players, issues, STATUS_QUO)
    d = bound.utility(BREAKDOWN[list(issues)])
    return BoxProblem(bound, LOWER[list(issues)], UPPER[list(issues)], d, start=start)


def scales(gains: Gains, z: list[float]) -> list[float]:
    """Return sum_k |dg_p/dz_k|: the units of the gains."""
    return [sum(abs(s) for s in row) for row in gains(z)[1]]


def two_stage(gains: Gains, n_issues: int) -> Answer:
    """Maximise the least gain from mid-box, then the product of the gains."""
    z0 = [0.5] * n_issues
    unit = scales(gains, z0)
    n = len(unit)
    last: dict[str, Any] = {"z": None}

    def at(z: Any) -> tuple[list[float], list[list[float]]]:
        key = z.tobytes()
        if last["z"] != key:
            last["z"], last["found"] = key, gains(z.tolist())
        return last["found"]  # type: ignore[no-any-return]

    def room(y: Any) -> list[float]:
        t = float(y[-1])
        return [g / u - t for g, u in zip(at(y[:-1])[0], unit, strict=True)]

    def room_slopes(y: Any) -> list[list[float]]:
        rows = at(y[:-1])[1]
        return [[s / u for s in row] + [-1.0] for row, u in zip(rows, unit, strict=True)]

    down = np.array([0.0] * n_issues + [-1.0])
    first = minimize(
        lambda y: -float(y[-1]),
        np.array([*z0, min(g / u for g, u in zip(gains(z0)[0], unit, strict=True))]),
        jac=lambda y: down,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_issues + [(None, None)],
        constraints={"type": "ineq", "fun": room, "jac": room_slopes},
        options={"ftol": 1e-6, "maxiter": 200},
    )

    def product(z: Any) -> tuple[float, list[float]]:
        g, rows = at(z)
        if min(g) <= 0.0:
            return 1e3, [0.0] * n_issues
        slopes = [-sum(row[k] / v for row, v in zip(rows, g, strict=True)) for k in range(n_issues)]
        return -sum(log(v) for v in g), slopes

    second = minimize(
        product,
        np.clip(first.x[:-1], 0.0, 1.0),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_issues,
        constraints={
            "type": "ineq",
            "fun": lambda z: [g / u for g, u in zip(at(z)[0], unit, strict=True)],
            "jac": lambda z: [[s / u for s in row] for row, u in zip(at(z)[1], unit, strict=True)],
        },
        options={"ftol": TWO_STAGE_TOLERANCE, "maxiter": 200},
    )
    assert n > 0
    return second.x.tolist(), bool(second.success)


def extended(gains: Gains, z0: list[float], *, tolerance: float, share: float) -> Answer:
    """Maximise the sum of logs, extended quadratically below a share of the gains' units."""
    floors = [share * u for u in scales(gains, z0)]
    n_issues = len(z0)

    def objective(z: Any) -> tuple[float, list[float]]:
        value, rows = gains(z.tolist())
        total, a = 0.0, []
        for g, e in zip(value, floors, strict=True):
            if g >= e:
                total += log(g)
                a.append(1.0 / g)
            else:
                short = (g - e) / e
                total += log(e) + short - 0.5 * short * short
                a.append((1.0 - short) / e)
        return -total, [
            -sum(b * row[k] for b, row in zip(a, rows, strict=True)) for k in range(n_issues)
        ]

    found = minimize(
        objective,
        np.array(z0),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n_issues,
        options={"ftol": tolerance, "maxiter": 200},
    )
    return found.x.tolist(), bool(found.success)


def log_product(gains: Gains, z: list[float]) -> float:
    """Return the true objective, -inf where somebody loses."""
    value = gains([min(max(t, 0.0), 1.0) for t in z])[0]
    return sum(log(g) for g in value) if min(value) > 0.0 else -inf


def reference(gains: Gains, z0: list[float], rng: np.random.Generator, starts: int = 8) -> float:
    """Return the best log product of many starts, with ever smaller floors."""
    best = -inf
    for k in range(starts):
        z = z0 if k == 0 else rng.uniform(0.02, 0.98, len(z0)).tolist()
        for share in (0.1, 0.01, 0.001):
            z, _ = extended(gains, z, tolerance=1e-15, share=share)
        best = max(best, log_product(gains, z))
    return best


def timed(
    function: Callable[[Gains], Answer], compiled: list[Gains]
) -> tuple[float, list[list[float]]]:
    """Return problems per second and the answers."""
    begin = perf_counter()
    answers = [function(gains)[0] for gains in compiled]
    return len(compiled) / (perf_counter() - begin), answers


def check_payoffs(case: Case, compiled: list[Gains], rng: np.random.Generator) -> float:
    """Return the largest difference between the two sides' gains and gradients, relative."""
    worst = 0.0
    issues = list(case.table[1])
    width = UPPER[issues] - LOWER[issues]
    for draw, gains in enumerate(compiled):
        z = rng.uniform(0.0, 1.0, len(issues))
        value, slopes = gains(z.tolist())
        one = case.problem.take(np.array([draw]))
        there = one.payoffs.evaluate((LOWER[issues] + z * width)[:, None], 1)
        unit = np.abs(there.gradient[:, :, 0] * width).sum(axis=1)
        gap = np.abs(there.value[:, 0] - np.asarray(one.disagreement)[0] - value) / unit
        tilt = np.abs(there.gradient[:, :, 0] * width - slopes).max(axis=1) / unit
        worst = max(worst, float(gap.max()), float(tilt.max()))
    if worst > 1e-10:
        raise SystemExit(f"the two sides' payoffs differ by {worst:.1e} of their scale")
    return worst


def run(case: Case, args: argparse.Namespace) -> dict[str, float]:
    """Time both sides at one table and check the answers."""
    rng = np.random.default_rng(args.seed + 1)
    issues = list(case.table[1])
    width = UPPER[issues] - LOWER[issues]
    solve(case.problem.take(slice(0, min(args.draws, 4096))))  # warm up
    count = min(max(args.sample, args.reference), args.draws)
    compiled = [case.gains(draw) for draw in range(count)]
    difference = check_payoffs(case, compiled, rng)
    z0 = ((np.asarray(case.problem.start)[0] - LOWER[issues]) / width).tolist()
    tolerance, share = tune(case, compiled, z0) if args.tune else BEST[case.name]
    sample = compiled[: args.sample]
    rate = slow = fast = 0.0
    for _ in range(args.repeats):  # in turn, the best time of each counts
        begin = perf_counter()
        solution = solve(case.problem)
        rate = max(rate, args.draws / (perf_counter() - begin))
        once, plain = timed(lambda g: two_stage(g, len(issues)), sample)
        slow = max(slow, once)
        once, tuned = timed(lambda g: extended(g, z0, tolerance=tolerance, share=share), sample)
        fast = max(fast, once)
    z = (solution.outcome[: args.reference] - LOWER[issues]) / width
    best = [reference(g, z0, rng) for g in compiled[: args.reference]]
    ours = [log_product(g, row.tolist()) for g, row in zip(compiled, z, strict=False)]
    return {
        "draws_per_s": rate,
        "ratio_two_stage": rate / slow,
        "ratio_best": rate / fast,
        "max_error": worst(ours, best),
        "unconverged": float(np.mean(~solution.converged)),
        "agreement": float(np.mean(solution.agreement)),
        "max_residual": float(solution.residual[solution.converged].max()),
        "slsqp_two_stage_per_s": slow,
        "slsqp_best_per_s": fast,
        "slsqp_two_stage_error": worst(
            [log_product(g, a) for g, a in zip(sample, plain, strict=True)], best
        ),
        "slsqp_best_error": worst(
            [log_product(g, a) for g, a in zip(sample, tuned, strict=True)], best
        ),
        "payoff_difference": difference,
    }


def worst(found: list[float], best: list[float]) -> float:
    """Return the largest |product/reference - 1| over the draws that have a reference."""
    return max(abs(np.expm1(a - b)) for a, b in zip(found, best, strict=False))


def tune(case: Case, compiled: list[Gains], z0: list[float]) -> tuple[float, float]:
    """Return the fastest pair of the grid that is accurate on a sub-sample."""
    some = compiled[:100]
    rng = np.random.default_rng(5)
    best = [reference(g, z0, rng, 3) for g in some]
    rates: dict[tuple[float, float], float] = {}
    for tolerance, share in GRID:
        rate, answers = timed(
            lambda g: extended(g, z0, tolerance=tolerance, share=share),  # noqa: B023
            some,
        )
        error = worst([log_product(g, a) for g, a in zip(some, answers, strict=True)], best)
        print(
            f"{case.name}: ftol {tolerance:g}, floor {share:g}: {rate:.0f}/s, error {error:.1e}",
            file=sys.stderr,
        )
        if error <= ACCURACY:
            rates[tolerance, share] = rate
    return max(rates, key=lambda key: rates[key])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=100_000, help="draws of the batched side")
    parser.add_argument("--sample", type=int, default=400, help="draws of the competitor")
    parser.add_argument("--reference", type=int, default=200, help="draws with a reference")
    parser.add_argument("--repeats", type=int, default=3, help="the best times count")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tune", action="store_true", help="tune the competitor again")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    keep_freed_memory()
    found = run(make("linked_jpn", LINKED_JPN, args.draws, args.seed), args)
    trilateral = run(make("trilateral", TRILATERAL, args.draws, args.seed), args)
    if args.json:
        print(json.dumps({**found, "trilateral": trilateral}))
        return
    for title, numbers in (("US-Japan linked, 6 issues", found), ("trilateral, 12", trilateral)):
        print(title)
        for key, value in numbers.items():
            print(f"  {key:24s}{value:,.6g}")


if __name__ == "__main__":
    main()
