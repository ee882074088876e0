"""`sim sensitivity` and `sim sweep`: what the answer rests on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.cli.grids import consoles, grid
from sim.cli.options import names, parse_set
from sim.cli.run import progress_bar
from sim.cli.tables import label
from sim.errors import SimError
from sim.montecarlo.sweeps import parse_vary
from sim.results import Execution, morris, plan_run, sobol, sweep
from sim.results import tornado as run_tornado

if TYPE_CHECKING:
    import xarray as xr

    from sim.results import Run

__all__ = ["planned_study", "sensitivity", "sweeps"]

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
    return plan_run(
        file,
        draws=draws,
        seed=seed,
        regimes=names(regimes) or ("separate", "linked"),
        solutions=names(solutions) or ("nash",),
        overrides=parse_set(overrides),
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
    with progress_bar(stderr) as progress:
        how = Execution(
            workers=workers or os.cpu_count() or 1, out=out, resume=resume, progress=progress
        )
        if method == "sobol":
            found = sobol(planned, of=of, points=points, grouped=grouped, how=how)
        elif method == "tornado":
            found = run_tornado(planned, of=of, how=how)
        else:
            found = morris(planned, of=of, trajectories=max(4, points // 50), how=how)
    if as_json:
        print(json.dumps(_plain(found), allow_nan=False, indent=2))  # noqa: T201
        return
    stdout.print(found.attrs["title"], style="bold")
    for cell in _cells(found):
        table = _ranking(found, cell, method)
        stdout.print(table)
        stdout.print()


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
        table.add_row(name if len(name) <= 44 else f"{name[:43]}…", *cells)
    return table


def _plain(dataset: xr.Dataset) -> dict[str, Any]:
    """Return a dataset as JSON data, what is not finite as null."""

    def number(value: Any) -> Any:
        if isinstance(value, float) and not np.isfinite(value):
            return None
        return [number(v) for v in value] if isinstance(value, list) else value

    return {
        "coords": {str(k): v.values.tolist() for k, v in dataset.coords.items()},
        "data": {
            str(k): {"dims": list(map(str, v.dims)), "values": number(v.values.tolist())}
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
        how = Execution(
            workers=workers or os.cpu_count() or 1, out=out, resume=resume, progress=progress
        )
        found = sweep(planned, grids, how=how)
    if as_json:
        print(json.dumps(_plain(found), allow_nan=False, indent=2))  # noqa: T201
        return
    stdout.print(found.attrs["title"], style="bold")
    if "linkage_gain" not in found:
        raise SimError("sweep: the linkage gain needs the regimes separate and linked")
    paths = [g.path for g in grids]
    gain = found["linkage_gain"]
    solution = str(found["solution"].values[0])
    table = grid(
        f"Gain from linkage, {label(solution)}",
        [
            *(p.split(".")[-2] if p.endswith(".value") else p for p in paths),
            *map(str, found["player"].values),
        ],
    )
    for at in np.ndindex(*(found.sizes[p] for p in paths)):
        here = gain.isel(dict(zip(paths, at, strict=True))).sel(solution=solution)
        cells = [
            f"{float(here.sel(player=p, statistic='mean')):+.3f} "
            f"±{float(here.sel(player=p, statistic='se')):.3f}"
            for p in found["player"].values
        ]
        values = [f"{float(found[p].values[n]):.4g}" for p, n in zip(paths, at, strict=True)]
        table.add_row(*values, *cells)
    stdout.print(table)
