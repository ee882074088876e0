"""How many draws a Sobol' sequence saves: variance of means on the base case, against random draws.

Both samplers estimate the mean payoff changes and linkage gains of a scenario from the same number
of draws, with several seeds. The variance of the estimate over seeds is what a user is exposed to.
Printed per quantity: `ratio`, variance of independent draws (s²/n) over that of Sobol' points;
`honesty`, the standard error that one run reports, squared, over the variance over seeds (1 is
right). The means of the two samplers must agree within their errors.

    python benchmarks/sampling.py --json
    python benchmarks/sampling.py --seeds 8 --replicates 16
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np

from sim.montecarlo.precision import standard_error
from sim.montecarlo.sampling import replicate
from sim.results import plan_run

BASE_CASE = Path(__file__).parents[1] / "scenarios" / "us-allies-2025-04.yaml"
GOAL = 50.0
CHUNK = 8192


def estimates(args: argparse.Namespace, sampler: str, seed: int) -> dict[str, Any]:
    """Return means, squared standard errors and variances of all quantities of one run."""
    planned = plan_run(
        args.scenario,
        draws=args.draws,
        seed=seed,
        sampler=sampler,
        replicates=args.replicates,
        regimes=("separate", "linked"),
        solutions=tuple(args.solutions.split(",")),
    )
    chunks = [
        planned.task(range(start, min(start + CHUNK, args.draws)))
        for start in range(0, args.draws, CHUNK)
    ]
    label = replicate(planned.design, range(args.draws))
    names, columns = [], []
    for s, solution in enumerate(planned.plan.solutions):
        for p, player in enumerate(planned.plan.players):
            for r, regime in enumerate(planned.plan.regimes):
                names.append(f"payoff change, {regime}, {solution}, {player}")
                columns.append(np.concatenate([c["payoff_change"][:, r, s, p] for c in chunks]))
            names.append(f"linkage gain, {solution}, {player}")
            columns.append(np.concatenate([c["linkage_gain"][:, s, p] for c in chunks]))
    values = np.stack(columns, axis=1)
    return {
        "names": names,
        "mean": values.mean(axis=0),
        "error2": standard_error(values, label) ** 2,
        "variance": values.var(axis=0, ddof=1),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scenario", default=str(BASE_CASE))
    parser.add_argument("--draws", type=int, default=8192)
    parser.add_argument(
        "--seeds", type=int, default=24, help="runs that the variance is taken over"
    )
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--solutions", default="nash", help="A,B")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    runs = [estimates(args, "sobol", seed) for seed in range(args.seeds)]
    plain = estimates(args, "random", 0)
    means = np.stack([run["mean"] for run in runs])
    independent = np.mean([run["variance"] for run in runs], axis=0) / args.draws
    scatter = means.var(axis=0, ddof=1)
    ratio = independent / scatter
    honesty = np.mean([run["error2"] for run in runs], axis=0) / scatter
    apart = np.abs(plain["mean"] - means.mean(axis=0)) / np.sqrt(plain["error2"])
    if np.any(apart > 5.0):
        sys.exit("the two samplers disagree about a mean: a fault, not a matter of speed")
    found = {
        "draws": args.draws,
        "replicates": args.replicates,
        "seeds": args.seeds,
        "least_ratio": float(ratio.min()),
        "median_ratio": float(np.median(ratio)),
        "goal": GOAL,
        "met": bool(ratio.min() >= GOAL),
        "quantities": {
            name: {"ratio": float(a), "honesty": float(b)}
            for name, a, b in zip(plain["names"], ratio, honesty, strict=True)
        },
    }
    if args.json:
        print(json.dumps(found))
        return
    print(f"variance of independent draws over that of Sobol' points, {args.draws} draws")
    for name, numbers in found["quantities"].items():  # type: ignore[attr-defined]
        print(f"  {name:50s}{numbers['ratio']:8.0f}   honesty {numbers['honesty']:.2f}")
    print(f"least {found['least_ratio']:.0f}, goal {GOAL:.0f}")


if __name__ == "__main__":
    main()
