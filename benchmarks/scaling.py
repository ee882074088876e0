"""Draws per second against draws and workers, peak memory, and what each engine costs a task.

Each case runs the base case in a process of its own, into a folder, as `sim run --out` does: two
regimes under Nash, where a draw costs a tenth of a millisecond, and all regimes and solutions,
where it costs a hundred times as much and starting workers is nothing. The bytes of the summaries
must not depend on the workers. Over the sizes of three or more cases that differ in nothing else,
seconds = start + draws/rate is fitted, with equal weight on relative errors; `worst` is the largest
|fitted/measured − 1|: small means that the time is linear in the draws.

    python benchmarks/scaling.py --json
    python benchmarks/scaling.py --draws 1000,10000 --whole 2000 --workers 1,2,4
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np

from sim.montecarlo.chunks import Arrays, MemoryStore
from sim.montecarlo.engine import run
from sim.montecarlo.engines import open_engine
from sim.results import Run, plan_run, simulate

BASE_CASE = Path(__file__).parents[1] / "scenarios" / "us-allies-2025-04.yaml"
TASKS = 200


def planned(args: argparse.Namespace, draws: int) -> Run:
    """Return the run of one case."""
    if args.all:
        return plan_run(args.scenario, draws=draws, seed=0)
    return plan_run(
        args.scenario, draws=draws, seed=0, regimes=("separate", "linked"), solutions=("nash",)
    )


def one(args: argparse.Namespace) -> None:
    """Run one case in this process, and print it."""
    draws, workers = int(args.draws), int(args.workers)
    what = planned(args, draws)
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        simulate(what, workers=workers, out=folder, keep=args.keep).close()
        seconds = perf_counter() - start
        summary = Path(folder, "summary.json").read_bytes()
        size = Path(folder, "result.nc").stat().st_size
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        json.dumps(
            {
                "regimes": "all" if args.all else "separate, linked; nash",
                "draws": draws,
                "workers": workers,
                "seconds": seconds,
                "draws_per_s": draws / seconds,
                "peak_mib": own / 1024,
                "peak_mib_worker": child / 1024,
                "file_mib": size / 2**20,
                "sha256": hashlib.sha256(summary).hexdigest(),
            }
        )
    )


def case(args: argparse.Namespace, draws: int, workers: int, *, whole: bool) -> dict[str, Any]:
    """Run one case in a fresh process."""
    command = [sys.executable, __file__, "--one", "--draws", str(draws), "--workers", str(workers)]
    command += ["--scenario", args.scenario, "--keep", args.keep, *(["--all"] if whole else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def linear_fits(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fit seconds = start + draws/rate of each number of workers."""
    found = []
    for regimes, workers in dict.fromkeys((one["regimes"], one["workers"]) for one in cases):
        same = [one for one in cases if (one["regimes"], one["workers"]) == (regimes, workers)]
        if len(same) < 3:  # two points always lie on a line
            continue
        draws, seconds = (np.array([one[key] for one in same]) for key in ("draws", "seconds"))
        columns = np.stack([1.0 / seconds, draws / seconds], axis=1)
        (start, cost), *_ = np.linalg.lstsq(columns, np.ones(len(same)), rcond=None)
        found.append(
            {
                "regimes": regimes,
                "workers": workers,
                "start_s": float(start),
                "draws_per_s": float(1.0 / cost),
                "worst": float(np.max(np.abs(columns @ [start, cost] - 1.0))),
            }
        )
    return found


def nothing(rows: range) -> Arrays:
    """Return next to nothing: a task that costs only what the engine costs."""
    return {"x": np.zeros(len(rows))}


def overhead() -> dict[str, float]:
    """Return milliseconds a task of each engine, its start left out."""
    from distributed import LocalCluster

    found = {}

    def timed(workers: int, scheduler: str | None) -> float:
        with open_engine(workers=workers, scheduler=scheduler) as engine:
            run(nothing, 8, store=MemoryStore(), engine=engine, chunk=1)  # starts the workers
            start = perf_counter()
            run(nothing, TASKS, store=MemoryStore(), engine=engine, chunk=1)
            return 1e3 * (perf_counter() - start) / TASKS

    found["serial"] = timed(1, None)
    found["processes"] = timed(2, None)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        found["dask"] = timed(1, cluster.scheduler_address)
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scenario", default=str(BASE_CASE))
    parser.add_argument("--draws", default="1000,10000,100000,1000000", help="A,B: each of them")
    parser.add_argument("--workers", default="1,2", help="A,B: each of them")
    parser.add_argument("--whole", default="10000", help="draws of all regimes and solutions")
    parser.add_argument("--all", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keep", default="summary", choices=["draws", "summary"])
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    if args.one:
        one(args)
        return
    pools = [int(text) for text in args.workers.split(",")]
    sizes = [(int(text), False) for text in args.draws.split(",") if text]
    sizes += [(int(text), True) for text in args.whole.split(",") if text]
    cases = []
    for draws, whole in sizes:
        same = [case(args, draws, workers, whole=whole) for workers in pools]
        if len({found.pop("sha256") for found in same}) > 1:
            sys.exit(f"{draws} draws: the result depends on the number of workers")
        for found in same:
            found["speedup"] = same[0]["seconds"] / found["seconds"]
            if not args.json:
                print(
                    f"{found['regimes']}, {draws:,} draws, {found['workers']} workers: "
                    f"{found['draws_per_s']:,.0f}/s, {found['speedup']:.2f}x, "
                    f"peak {found['peak_mib']:,.0f} MiB, "
                    f"a worker {found['peak_mib_worker']:,.0f} MiB"
                )
        cases += same
    fits = linear_fits(cases)
    tasks = overhead()
    if args.json:
        print(json.dumps({"cases": cases, "linear": fits, "ms_per_task": tasks}))
        return
    for fit in fits:
        print(
            f"{fit['regimes']}, {fit['workers']} workers: {fit['start_s']:.2f} s + draws/"
            f"{fit['draws_per_s']:,.0f}, at worst {100 * fit['worst']:.0f} % off"
        )
    for name, cost in tasks.items():
        print(f"{name}: {cost:.2f} ms a task")


if __name__ == "__main__":
    main()
