"""`sim sensitivity`, `discover` and `sweep`: what the answer rests on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.cli.options import names, parse_set
from sim.cli.run import progress_bar
from sim.cli.tables import consoles, grid, label
from sim.errors import SimError
from sim.montecarlo.sweeps import parse_vary
from sim.results import Execution, discover, load_result, morris, plan_run, simulate, sobol, sweep
from sim.results import tornado as run_tornado

if TYPE_CHECKING:
    import xarray as xr

    from sim.results import Run

__all__ = ["find_box", "sensitivity", "sweeps"]

METHODS = ("sobol", "tornado", "morris")


def _planned(
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
    planned = _planned(
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
    stdout.print(f"[bold]{found.attrs['title']}[/bold]")
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


def find_box(
    source: Path,
    *,
    player: str | None,
    wins: bool,
    draws: int | None,
    seed: int | None,
    workers: int | None,
    density: float,
    as_json: bool,
    overrides: list[str],
) -> None:
    """Find the parameters for which a player gains, or loses, from linkage."""
    stdout, stderr = consoles()
    if source.suffix in {".yaml", ".yml"}:
        planned = _planned(
            source, draws=draws, seed=seed, regimes=None, solutions=None, overrides=overrides
        )
        with progress_bar(stderr) as progress:
            result = simulate(planned, workers=workers or os.cpu_count() or 1, progress=progress)
    else:
        result = load_result(source)
    players = [player] if player else [str(p) for p in result["player"].values]
    boxes, silent = [], []
    for name in players:
        try:
            boxes.append(discover(result, player=name, wins=wins, density=density))
        except SimError as reason:
            if player:
                raise
            silent.append(f"{name}: {reason}")
    if as_json:
        found = {"boxes": [box.as_dict() for box in boxes], "none": silent}
        print(json.dumps(found, indent=2))  # noqa: T201
        return
    side = "gains" if wins else "loses"
    for box in boxes:
        entry = box.as_dict()
        stdout.print(
            f"[bold]{box.player} {side} in {100 * box.share:.1f} % of draws[/bold] "
            f"({label(box.solution)}); inside the box in {100 * box.held_out.density:.0f} % of "
            f"held-out draws, which holds {100 * box.held_out.coverage:.0f} % of all such draws",
            soft_wrap=True,
        )
        table = grid("", ["", "from", "to"])
        for name, bounds in entry["bounds"].items():
            cells = [_bound(bounds.get(end)) for end in ("lower", "upper")]
            table.add_row(name, *cells)
        stdout.print(table)
        stdout.print()
    for line in silent:
        stdout.print(line, soft_wrap=True)


def _bound(bound: dict[str, float] | None) -> str:
    """Return a bound of a box with its quasi-p-value, nothing where there is none."""
    return "" if bound is None else f"{bound['value']:.4g} (p {bound['quasi_p']:.1g})"


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
    planned = _planned(
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
    stdout.print(f"[bold]{found.attrs['title']}[/bold]")
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
