"""A uniform random sample of mutants of one room: how many of them the tests kill.

`mutmut` plants the faults and finds out which tests reach which function; what it would do with all
mutants and all tests takes days. Here every mutant of the sample meets the tests that reach it for
some seconds, first those that have killed most a second so far. More tests can only kill more.

In a clone, with the `dev` extra and `mutmut`:

    mutmut run NAME_OF_ANY_MUTANT        (once: makes the mutants and lists who reaches them)
    python benchmarks/mutants.py bargaining --sample 400 --seed 1 --out sample.jsonl

A sample that was interrupted goes on with what stands in its file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MUTANTS = Path(__file__).parents[1] / "mutants"
PYTEST = ["--rootdir=.", "-o", "addopts=", "-p", "no:xdist", "-p", "no:cacheprovider", "-q", "-x"]
OVERHEAD = 0.05  # seconds of a test besides what it says


@dataclass(frozen=True)
class Stats:
    """Which tests reach a function, and how long each takes, in seconds."""

    reach: dict[str, list[str]]
    seconds: dict[str, float]


class Culprit:
    """Remember the first test that fails."""

    name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the name of a test that failed."""
        if report.failed and not self.name:
            self.name = report.nodeid


def mutants_of(room: str) -> list[str]:
    """Return the names of all mutants of `sim/ROOM`, in order."""
    found: list[str] = []
    for meta in sorted((MUTANTS / "sim" / room).rglob("*.meta")):
        found += json.loads(meta.read_text())["exit_code_by_key"]
    return sorted(found)


def chosen(tests: list[str], stats: Stats, kills: Counter[str], budget: float) -> list[str]:
    """Return the tests for one mutant: most kills a second first, as far as the budget goes."""
    cost = {test: stats.seconds[test] + OVERHEAD for test in tests}
    order = sorted(tests, key=lambda test: (-(kills[test] + 1.0) / cost[test], test))
    spent = np.cumsum([cost[test] for test in order])
    return order[: max(1, int(np.searchsorted(spent, budget, side="right")))]


def start(mutant: str, tests: list[str], budget: float) -> tuple[int, int]:
    """Try a mutant in a child process; return its id, and where it says which test fails."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    os.environ["MUTANT_UNDER_TEST"] = mutant
    limit = int(20 * budget) + 60  # of processor time: a mutant that never ends is dead as well
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    culprit = Culprit()
    code = int(pytest.main([*PYTEST, *tests], plugins=[culprit]))
    os.write(write, culprit.name.encode()[:4000])
    os._exit(code)


def ended(status: int, read: int) -> dict[str, Any]:
    """Return how a child ended: `killed` by a test, by `time`, or not (`survived`)."""
    with os.fdopen(read, "rb") as pipe:
        name = pipe.read().decode()
    if os.WIFSIGNALED(status):
        return {"end": "time", "by": ""}
    ends = {0: "survived", 1: "killed", 3: "killed"}
    return {"end": ends.get(os.WEXITSTATUS(status), "broken"), "by": name}


def main() -> None:
    """Draw the sample, try it, and print the rate with its standard error."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("room", help="bargaining, negotiation or payoffs")
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=8.0, help="of tests for each mutant")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, required=True, help="one JSON line for each mutant")
    given = parser.parse_args()

    told = json.loads((MUTANTS / "mutmut-stats.json").read_text())
    stats = Stats(told["tests_by_mangled_function_name"], told["duration_by_test"])
    names = mutants_of(given.room)
    drawn = np.random.default_rng(given.seed).permutation(len(names))[: given.sample]
    lines = given.out.read_text().splitlines() if given.out.exists() else []
    done = {line["mutant"]: line for line in map(json.loads, lines)}
    kills = Counter(str(line["by"]) for line in done.values())

    out = given.out.resolve().open("a")
    os.environ["MUTANT_UNDER_TEST"] = ""
    os.chdir(MUTANTS)
    sys.path[:0] = [str(MUTANTS), str(MUTANTS / "tests")]
    pytest.main([*PYTEST, "--collect-only", "-qqq", *{t.partition("::")[0] for t in stats.seconds}])
    waiting = [names[n] for n in drawn if names[n] not in done]
    running: dict[int, tuple[str, int]] = {}

    def note(mutant: str, end: dict[str, Any]) -> None:
        done[mutant] = {"mutant": mutant, **end}
        kills[end["by"]] += 1
        out.write(json.dumps(done[mutant]) + "\n")
        out.flush()
        print(f"{len(done)}/{given.sample} {end['end']} {mutant}", file=sys.stderr)

    while waiting or running:
        while waiting and len(running) < given.workers:
            mutant = waiting.pop(0)
            reach = stats.reach.get(mutant.partition("__mutmut_")[0])
            if not reach:
                note(mutant, {"end": "survived", "by": ""})
                continue
            child, read = start(mutant, chosen(reach, stats, kills, given.seconds), given.seconds)
            running[child] = mutant, read
        if running:
            child, status = os.wait()
            mutant, read = running.pop(child)
            note(mutant, ended(status, read))
    ends = Counter(done[names[n]]["end"] for n in drawn)
    rate = (ends["killed"] + ends["time"]) / len(drawn)
    error = (rate * (1.0 - rate) / len(drawn)) ** 0.5
    print(json.dumps({"mutants": len(names), **ends, "rate": rate, "standard_error": error}))


if __name__ == "__main__":
    main()
