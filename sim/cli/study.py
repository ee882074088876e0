"""`sim sensitivity` and `sim sweep`: what the answer rests on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sim.cli.grids import consoles, grid
from sim.cli.objects import print_json
from sim.cli.options import names, parse_set, warn
from sim.cli.run import progress_bar
from sim.cli.tables import decimals, label, signed
from sim.errors import SimError
from sim.montecarlo.engine import Progress
from sim.montecarlo.sweeps import parse_vary
from sim.results import Execution, morris, plan_run, sobol, sweep
from sim.results import tornado as run_tornado

if TYPE_CHECKING:
    import xarray as xr

    from sim.results import Run

__all__ = ["execution", "planned_study", "sensitivity", "sweeps"]

METHODS = ("sobol", "tornado", "morris")


def planned_study(
    file: Path,
    *,
    draws: int | None,
    seed: int | None,
    regimes: str | None,
    solutions: str | None,
    overrides: list[str],
) -> Run:
    """Plan a study: the regimes separate and linked unless others are asked for."""
    planned = plan_run(
        file,
        draws=draws,
        seed=seed,
        regimes=names(regimes) or ("separate", "linked"),
        solutions=names(solutions) or ("nash",),
        overrides=parse_set(overrides),
    )
    warn(planned.plan.scenario, consoles()[1])
    return planned


def execution(
    workers: int | None,
    scheduler: str | None,
    out: Path | None,
    *,
    resume: bool,
    progress: Progress | None,
) -> Execution:
    """Return how a study is computed: on all cores unless told otherwise."""
    return Execution(
        workers=workers or os.cpu_count() or 1,
        scheduler=scheduler,
        out=out,
        resume=resume,
        progress=progress,
    )


def sensitivity(
    file: Path,
    *,
    of: str,
    method: str,
    points: int,
    grouped: bool,
    seed: int | None,
    workers: int | None,
    scheduler: str | None,
    out: Path | None,
    resume: bool,
    as_json: bool,
    overrides: list[str],
    regimes: str | None,
    solutions: str | None,
) -> None:
    """Say which parameters the answer rests on."""
    if method not in METHODS:
        raise SimError(f"--method {method}: allowed are {', '.join(METHODS)}")
    stdout, stderr = consoles()
    planned = planned_study(
        file, draws=None, seed=seed, regimes=regimes, solutions=solutions, overrides=overrides
    )
    if method != "sobol" and planned.design.copula is not None:
        stderr.print(f"{method}: one parameter moves at a time, correlations play no part")
    with progress_bar(stderr) as progress:
        how = execution(workers, scheduler, out, resume=resume, progress=progress)
        if method == "sobol":
            found = sobol(planned, of=of, points=points, grouped=grouped, how=how)
        elif method == "tornado":
            found = run_tornado(planned, of=of, how=how)
        else:
            found = morris(planned, of=of, trajectories=max(4, points // 50), how=how)
    if as_json:
        print_json(_plain(found))
        return
    stdout.print(found.attrs["title"], style="bold")
    for cell in _cells(found):
        table = _ranking(found, cell, method)
        stdout.print(table)
        stdout.print()
    _where(stdout, out, f"{method}.nc")


def _cells(found: xr.Dataset) -> list[dict[str, str]]:
    """Return the labels of every output, one mapping each."""
    first = found[next(n for n in ("total", "high", "mu_star") if n in found)]
    dims = [dim for dim in first.dims if dim != "input"]
    shape = tuple(found.sizes[d] for d in dims)
    return [
        {str(d): str(found[d].values[at[n]]) for n, d in enumerate(dims)}
        for at in np.ndindex(*shape)
    ]


def _ranking(found: xr.Dataset, cell: dict[str, str], method: str, most: int = 12) -> Any:
    """Rank the inputs of one output; an interval stands behind its estimate."""
    here = found.sel(cell)
    title = ", ".join(label(value) for value in cell.values())
    if any(f"{name}_interval" in found for name in ("first", "total")):
        title += " (± half of the 95 % interval)"  # elsewhere ± is a standard error
    if method == "sobol":
        order, columns = here["total"].values, ("first", "total")
    elif method == "tornado":
        order, columns = np.abs(here["high"].values - here["low"].values), ("low", "high")
    else:
        order, columns = here["mu_star"].values, ("mu_star", "sigma")
    table = grid(f"{method}: {title}", ["", *columns])
    for n in np.argsort(-order)[:most]:
        row = here.isel(input=int(n))
        cells = []
        for name in columns:
            text = f"{float(row[name]):+.3f}"
            if f"{name}_interval" in row:
                low, high = (float(v) for v in row[f"{name}_interval"].values)
                text += f" ±{0.5 * (high - low):.3f}"
            cells.append(text)
        name = str(found["input"].values[n])
        table.add_row(name, *cells)
    return table


def _plain(dataset: xr.Dataset) -> dict[str, Any]:
    """Return a dataset as JSON data."""
    return {
        "coords": {str(k): v.values.tolist() for k, v in dataset.coords.items()},
        "data": {
            str(k): {"dims": list(map(str, v.dims)), "values": v.values.tolist()}
            for k, v in dataset.data_vars.items()
        },
    }


def sweeps(
    file: Path,
    *,
    vary: list[str],
    draws: int | None,
    seed: int | None,
    workers: int | None,
    scheduler: str | None,
    out: Path | None,
    resume: bool,
    as_json: bool,
    overrides: list[str],
    regimes: str | None,
    solutions: str | None,
) -> None:
    """Run a scenario over a grid of one or two numbers, with common draws."""
    stdout, stderr = consoles()
    planned = planned_study(
        file, draws=draws, seed=seed, regimes=regimes, solutions=solutions, overrides=overrides
    )
    grids = [parse_vary(text) for text in vary]
    with progress_bar(stderr) as progress:
        how = execution(workers, scheduler, out, resume=resume, progress=progress)
        found = sweep(planned, grids, how=how)
    if as_json:
        print_json(_plain(found))
        return
    stdout.print(found.attrs["title"], style="bold")
    for table in _swept(found, [one.path for one in grids]):
        stdout.print(table)
    _where(stdout, out, "sweep.nc")


def _swept(found: xr.Dataset, paths: Sequence[str]) -> list[Table]:
    """Return the linkage gains over the grid; without them the payoffs of every regime."""
    solution = str(found["solution"].values[0])
    if "linkage_gain" in found:
        gain = found["linkage_gain"].sel(solution=solution)
        return [_over_grid(f"Gain from linkage, {label(solution)}", gain, paths)]
    change = found["payoff_change"].sel(solution=solution)
    return [
        _over_grid(
            f"Payoff, change from the status quo, {label(str(regime))}, {label(solution)}",
            change.sel(regime=regime),
            paths,
        )
        for regime in found["regime"].values
    ]


def _over_grid(title: str, array: xr.DataArray, paths: Sequence[str]) -> Table:
    """Tabulate mean and standard error of every player at every point of a grid."""
    heads = [path.removesuffix(".value").partition(".")[2] or path for path in paths]
    players = [str(name) for name in array["player"].values]
    flat = array.transpose("statistic", "player", *paths).sel(statistic=["mean", "se"]).values
    columns = []
    for means, errors in flat.reshape(2, len(players), -1).swapaxes(0, 1):
        stats = [
            {"mean": float(m), "se": float(e) if np.isfinite(e) else None}
            for m, e in zip(means, errors, strict=True)
        ]
        columns.append(signed(stats, [decimals((stat["se"] for stat in stats), 3)] * len(stats)))
    points = itertools.product(*(array[path].values.tolist() for path in paths))
    table = grid(title, [*heads, *players], naming=len(heads))
    for point, cells in zip(points, zip(*columns, strict=True), strict=True):
        table.add_row(*(f"{value:.4g}" for value in point), *cells)
    return table


def _where(stdout: Console, out: Path | None, name: str) -> None:
    """Say where the result stands."""
    if out is not None:
        stdout.print(f"written to {out / name}", soft_wrap=True)
