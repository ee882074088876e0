"""How many draws a Sobol' sequence saves: variance of means on the base case, against random draws.

Several runs with seeds of their own estimate the mean payoff changes and linkage gains of a
scenario from the same number of draws. Printed per quantity:

- `ratio`: variance of the mean of independent draws, s²/n, over that of Sobol' points, v/R, where v
  is the variance of the means of all replicates of all runs (they are independent of one another);
- `low`, `high`: its 95 % interval, from a jackknife of log ratio over the runs. The goal counts as
  met where `low` reaches it for every quantity, so that no lucky seed meets it;
- `honesty`: the squared standard error that a run reports, on average, over the variance of the
  runs' means (1 is right), and `coverage`: the share of runs whose 95 % interval holds the mean of
  all runs.

The means of the two samplers must agree within their errors.

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
import numpy.typing as npt
from scipy.stats import t as student

from sim.montecarlo.precision import standard_error
from sim.montecarlo.sampling import Sampler, replicate
from sim.results import plan_run

BASE_CASE = Path(__file__).parents[1] / "scenarios" / "us-allies-2025-04.yaml"
GOAL = 50.0
CHUNK = 8192
FloatArray = npt.NDArray[np.float64]


def estimates(args: argparse.Namespace, sampler: Sampler, seed: int) -> dict[str, Any]:
    """Return means, squared standard errors and variances of all quantities of one run.

    `replicates` are the means of its R replicates, shape (R, quantities).
    """
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
    parts = [] if label is None else [values[label == r].mean(axis=0) for r in np.unique(label)]
    return {
        "names": names,
        "mean": values.mean(axis=0),
        "error2": standard_error(values, label) ** 2,
        "variance": values.var(axis=0, ddof=1),
        "replicates": np.array(parts),
    }


def log_ratio(variance: FloatArray, means: FloatArray, draws: int) -> FloatArray:
    """Return log of (s²/n)/(v/R) from K runs: `variance` (K, q), replicate means (K, R, q)."""
    runs, replicates, _ = means.shape
    v = means.reshape(runs * replicates, -1).var(axis=0, ddof=1)
    found: FloatArray = np.log(variance.mean(axis=0) / draws) - np.log(v / replicates)
    return found


def intervals(variance: FloatArray, means: FloatArray, draws: int) -> FloatArray:
    """Return ratio, low and high, shape (3, q), of K runs."""
    runs = len(means)
    whole = log_ratio(variance, means, draws)
    without = np.stack(
        [
            log_ratio(np.delete(variance, k, axis=0), np.delete(means, k, axis=0), draws)
            for k in range(runs)
        ]
    )
    error = np.sqrt((runs - 1) * without.var(axis=0))
    reach = student.ppf(0.975, runs - 1) * error
    found: FloatArray = np.exp(np.stack([whole, whole - reach, whole + reach]))
    return found


def compare(args: argparse.Namespace) -> dict[str, Any]:
    """Run both samplers and return what is printed."""
    runs = [estimates(args, "sobol", seed) for seed in range(args.seeds)]
    plain = estimates(args, "random", 0)
    means, error2, variance, parts = (
        np.stack([run[what] for run in runs])
        for what in ("mean", "error2", "variance", "replicates")
    )
    centre = means.mean(axis=0)
    if np.any(np.abs(plain["mean"] - centre) > 5.0 * np.sqrt(plain["error2"])):
        sys.exit("the two samplers disagree about a mean: a fault, not a matter of speed")
    ratio, low, high = intervals(variance, parts, args.draws)
    reach = student.ppf(0.975, args.replicates - 1) * np.sqrt(error2)
    columns = {
        "ratio": ratio,
        "low": low,
        "high": high,
        "honesty": error2.mean(axis=0) / means.var(axis=0, ddof=1),
        "coverage": np.mean(np.abs(means - centre) <= reach, axis=0),
    }
    return {
        "draws": args.draws,
        "replicates": args.replicates,
        "seeds": args.seeds,
        "least_ratio": float(ratio.min()),
        "least_low": float(low.min()),
        "median_ratio": float(np.median(ratio)),
        "coverage": float(columns["coverage"].mean()),
        "goal": GOAL,
        "met": bool(low.min() >= GOAL),
        "quantities": {
            name: {key: float(values[i]) for key, values in columns.items()}
            | {"met": bool(low[i] >= GOAL)}
            for i, name in enumerate(plain["names"])
        },
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scenario", default=str(BASE_CASE))
    parser.add_argument("--draws", type=int, default=8192)
    parser.add_argument("--seeds", type=int, default=48, help="runs, at least 2")
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--solutions", default="nash", help="A,B")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    if args.draws % args.replicates or args.seeds < 2:
        parser.error("needs a multiple of --replicates draws and at least 2 seeds")
    found = compare(args)
    if args.json:
        print(json.dumps(found))
        return
    print(f"variance of independent draws over that of Sobol' points, {args.draws} draws")
    for name, numbers in found["quantities"].items():
        print(
            f"  {name:50s}{numbers['ratio']:7.0f} [{numbers['low']:.0f}, {numbers['high']:.0f}]"
            f"   honesty {numbers['honesty']:.2f}, coverage {numbers['coverage']:.2f}"
        )
    print(
        f"least {found['least_ratio']:.0f}, at least {found['least_low']:.0f} with 95 %; "
        f"goal {GOAL:.0f}"
    )


if __name__ == "__main__":
    main()
