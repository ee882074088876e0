"""The whole base case: draws per second and peak memory, all regimes, three solutions.

    python benchmarks/base_case.py --json

Checks its answer: the decompositions' sums, and equal numbers for one worker and two on the first
draws. `--large` runs 10⁶ draws of two regimes under Nash into a folder, for the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from sim.results import plan_run, simulate

SCENARIO = Path(__file__).parents[1] / "scenarios" / "us-allies-2025-04.yaml"


def peak_mib() -> float:
    """Return the largest resident memory of this process and of its children, MiB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024.0


def base_case(draws: int, workers: int) -> dict[str, object]:
    """Time all regimes under Nash, Kalai–Smorodinsky and egalitarian."""
    began = time.perf_counter()
    result = simulate(plan_run(SCENARIO, draws=draws), workers=workers)
    seconds = time.perf_counter() - began
    parts = result["decomposition"].sel(part=["logrolling", "coercion", "erosion"]).sum("part")
    assert np.allclose(parts, result["linkage_gain"], atol=1e-9)
    converged = result["converged"].mean("draw")
    few = 512
    one, two = (
        simulate(plan_run(SCENARIO, draws=few, solutions=("nash",)), workers=w) for w in (1, 2)
    )
    assert one.equals(two)
    return {
        "draws": draws,
        "workers": workers,
        "regimes": result.sizes["regime"],
        "solutions": result.sizes["solution"],
        "seconds": seconds,
        "draws_per_s": draws / seconds,
        "peak_mib_per_process": peak_mib(),
        "unconverged": {
            str(s): {
                str(r): round(float((1.0 - converged.sel(regime=r, solution=s)) * draws))
                for r in result["regime"].values
            }
            for s in result["solution"].values
        },
    }


def large(draws: int, workers: int) -> dict[str, object]:
    """Run many draws of two regimes under Nash into a folder."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = plan_run(SCENARIO, draws=draws, regimes=("separate", "linked"), solutions=("nash",))
        result = simulate(run, workers=workers, out=Path(folder) / "large")
        assert result.sizes["draw"] == draws
        result.close()
    seconds = time.perf_counter() - began
    return {
        "draws": draws,
        "seconds": seconds,
        "draws_per_s": draws / seconds,
        "peak_mib_per_process": peak_mib(),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--large", type=int, metavar="DRAWS", help="10⁶ for the memory claim")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.large:
        report = large(options.large, options.workers)
    else:
        report = base_case(options.draws, options.workers)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for key, value in report.items():
        print(f"{key:24} {value}")


if __name__ == "__main__":
    main()
