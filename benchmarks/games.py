"""Equilibria of many games: the batched solvers against nashpy, game by game, in one run.

For every size the same random games are given to both. nashpy is given its fastest way: support
enumeration of equal supports, vertex enumeration, or (for pure equilibria) a best-response test
of every profile. Making the game counts on both sides. The answers must be the same and the
ratio at least 100, or the run fails.

    python benchmarks/games.py            a table
    python benchmarks/games.py --json     the same as JSON on stdout
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import warnings
from collections.abc import Callable
from itertools import product

import nashpy
import numpy as np
from nashpy.utils.is_best_response import is_best_response

from sim.games import NormalFormGame, pure_equilibria, two_by_two_equilibria

Answer = list[tuple[float, ...]]
TARGET = 100.0
"""Ratio that both tasks have to reach at 2×2."""


def flat(profile: tuple[np.ndarray, np.ndarray]) -> tuple[float, ...]:
    """Return a profile as one row of numbers."""
    return tuple(float(p) for strategy in profile for p in strategy)


def same(ours: list[Answer], theirs: list[Answer]) -> bool:
    """Return whether both found the same equilibria of every game, to 1e-6."""
    for own, other in zip(ours, theirs, strict=True):
        if len(own) != len(other):
            return False
        gaps = [np.abs(np.array(other) - one).max(axis=1).min() for one in own]
        if max(gaps, default=0.0) > 1e-6:
            return False
    return True


def supports(a: np.ndarray, b: np.ndarray) -> Answer:
    game = nashpy.Game(a, b)
    return [flat(one) for one in game.support_enumeration(non_degenerate=True)]


def vertices(a: np.ndarray, b: np.ndarray) -> Answer:
    return [flat(one) for one in nashpy.Game(a, b).vertex_enumeration()]


def best_responses(a: np.ndarray, b: np.ndarray) -> Answer:
    rows, columns = np.eye(a.shape[0]), np.eye(a.shape[1])
    return [
        flat((x, y))
        for x, y in product(rows, columns)
        if is_best_response(a, y, x) and is_best_response(b.T, x, y)
    ]


def pure(answer: Answer) -> Answer:
    """Return the profiles in which nobody mixes."""
    return [one for one in answer if all(p in (0.0, 1.0) for p in one)]


def our_pure(payoffs: np.ndarray) -> list[Answer]:
    """Return the pure equilibria of every draw, comparable."""
    mask = pure_equilibria(NormalFormGame(payoffs, batched=True))
    rows, columns = (np.eye(m) for m in mask.shape[1:])
    return [[flat((rows[i], columns[j])) for i, j in np.argwhere(own)] for own in mask]


def our_2x2(payoffs: np.ndarray) -> list[Answer]:
    """Return all equilibria of every 2×2 draw, comparable."""
    found = two_by_two_equilibria(NormalFormGame(payoffs, batched=True))
    assert not found.degenerate.any()
    return [[flat(one.profile) for one in found.draw(draw)] for draw in range(len(payoffs))]


def best_of(task: Callable[[], object], repeats: int) -> float:
    """Return the shortest of several timings, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def nashpy_rates(
    payoffs: np.ndarray, methods: dict[str, Callable[[np.ndarray, np.ndarray], Answer]]
) -> tuple[str, float, list[Answer]]:
    """Return nashpy's fastest method, its games a second, and its answers."""
    rates: dict[str, float] = {}
    answers: dict[str, list[Answer]] = {}
    for name, method in methods.items():
        start = time.perf_counter()
        answers[name] = [method(*game) for game in payoffs]
        rates[name] = len(payoffs) / (time.perf_counter() - start)
    fastest = max(rates, key=lambda name: rates[name])
    return fastest, rates[fastest], answers[fastest]


def compare(task: str, actions: int, draws: int, sample: int, seed: int) -> dict[str, object]:
    """Time one task at one size, and check the answers on the sample."""
    rng = np.random.default_rng([seed, actions])
    payoffs = rng.normal(size=(draws, 2, actions, actions))
    few = payoffs[:sample]
    if task == "pure":
        seconds = best_of(lambda: pure_equilibria(NormalFormGame(payoffs, batched=True)), 5)
        methods = {"best responses": best_responses, "support enumeration": supports}
        name, rate, theirs = nashpy_rates(few, methods)
        agree = same(our_pure(few), [pure(each) for each in theirs])
    else:
        seconds = best_of(lambda: two_by_two_equilibria(NormalFormGame(payoffs, batched=True)), 5)
        methods = {"support enumeration": supports, "vertex enumeration": vertices}
        name, rate, theirs = nashpy_rates(few, methods)
        agree = same(our_2x2(few), theirs)
    return {
        "task": "pure equilibria" if task == "pure" else "all equilibria",
        "size": f"{actions}x{actions}",
        "games": draws,
        "rate": draws / seconds,
        "nashpy_method": name,
        "nashpy_games": sample,
        "nashpy_rate": rate,
        "ratio": draws / seconds / rate,
        "same_equilibria": agree,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=200_000, help="games solved at once")
    parser.add_argument("--sample", type=int, default=500, help="games given to nashpy")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="JSON on stdout")
    options = parser.parse_args()
    cases = [("all", 2), ("pure", 2), ("pure", 3), ("pure", 4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nashpy on an even number
        rows = [
            compare(task, m, options.draws // m, options.sample // m, options.seed)
            for task, m in cases
        ]
    good = all(row["same_equilibria"] for row in rows) and all(
        float(str(row["ratio"])) >= TARGET for row in rows
    )
    if options.json:
        versions = {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "nashpy": nashpy.__version__,
        }
        print(json.dumps({"versions": versions, "target": TARGET, "met": good, "cases": rows}))
    else:
        print(f"{'task':16} {'size':5} {'games/s':>12} {'nashpy/s':>9} {'ratio':>8}  same")
        for row in rows:
            print(
                f"{row['task']:16} {row['size']:5} {row['rate']:12,.0f} "
                f"{row['nashpy_rate']:9,.0f} {row['ratio']:8,.0f}  {row['same_equilibria']}"
                f"  ({row['nashpy_method']})"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
