"""`sim discover`: boxes in which a player gains, and the values at which the gain turns."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.text import Text

from sim.cli.grids import consoles, grid
from sim.cli.objects import print_json
from sim.cli.options import names
from sim.cli.run import progress_bar
from sim.cli.study import execution, planned_study
from sim.cli.tables import label
from sim.errors import SimError
from sim.results import (
    BreakEvenCurves,
    BreakEvenPoints,
    Discovery,
    along,
    break_even,
    load_break_even,
    load_result,
    read_break_even,
    simulate,
)
from sim.results import discover as search
from sim.results.planning import run_of

if TYPE_CHECKING:
    import xarray as xr

    from sim.montecarlo.break_even import Root

__all__ = ["find_box", "find_break_even", "interval", "tell_again"]

_DRAWS = 1024  # a point of the grid
_POINTS = {1: 13, 2: 9}  # a number, where one or two are asked for
_ROWS = 7  # of a table over two numbers


def find_box(
    source: Path,
    *,
    of: str,
    player: str | None,
    wins: bool,
    density: float,
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
    """Find the parameters for which a player gains, or loses, from linkage."""
    if of != "linkage_gain":
        raise SimError("--of: goes with --break-even; boxes are of the linkage gain")
    stdout, stderr = consoles()
    if _is_scenario(source):
        planned = planned_study(
            source,
            draws=draws,
            seed=seed,
            regimes=regimes,
            solutions=solutions,
            overrides=overrides,
        )
        _known(player, planned.plan.players)
        with progress_bar(stderr) as progress:
            result = simulate(
                planned,
                workers=workers or os.cpu_count() or 1,
                scheduler=scheduler,
                out=out,
                resume=resume,
                progress=progress,
            )
    else:
        _refuse(source, draws=draws, seed=seed, out=out, set=overrides, regimes=regimes)
        result = load_result(source)
    players = [player] if player else [str(p) for p in result["player"].values]
    boxes, silent = [], []
    for name in players:
        try:
            boxes.append(search(result, player=name, wins=wins, density=density))
        except SimError as reason:
            if player:
                raise
            silent.append(f"{name}: {reason}")
    if as_json:
        print_json({"boxes": [box.as_dict() for box in boxes], "none": silent})
        return
    for box in boxes:
        _print_box(box, stdout)
    for line in silent:
        stdout.print(line, soft_wrap=True)


def _print_box(box: Discovery, console: Console) -> None:
    """Say how often a player gains, or loses, and in which box."""
    entry, side = box.as_dict(), "gains" if box.wins else "loses"
    console.print(
        Text(f"{box.player} {side} in {100 * box.share:.1f} % of draws", style="bold"),
        f"({label(box.solution)}); inside the box in {100 * box.held_out.density:.0f} % of "
        f"held-out draws, which holds {100 * box.held_out.coverage:.0f} % of all such draws",
        soft_wrap=True,
    )
    if not entry["bounds"]:
        console.print("no number has a limit there: the box is the whole space\n")
        return
    table = grid("", ["", "from", "to"])
    for name, bounds in entry["bounds"].items():
        cells = [_bound(bounds.get(end)) for end in ("lower", "upper")]
        table.add_row(name, *cells)
    console.print(table)
    console.print()


def _bound(bound: dict[str, float] | None) -> str:
    """Return a bound of a box with its quasi-p-value, nothing where there is none."""
    return "" if bound is None else f"{bound['value']:.4g} (p {bound['quasi_p']:.1g})"


def _is_scenario(source: Path) -> bool:
    return source.suffix in {".yaml", ".yml"}


def _known(player: str | None, players: Sequence[str]) -> None:
    if player is not None and player not in players:
        raise SimError(f"player {player!r}: there are {', '.join(players)}")


def _refuse(source: Path, **given: Any) -> None:
    """Refuse options that change what a result is made of."""
    wrong = [f"--{name}" for name, value in given.items() if value not in (None, [])]
    if wrong:
        raise SimError(f"{source}: is a result already; {', '.join(wrong)} go with a scenario file")


def find_break_even(
    source: Path,
    numbers: list[str],
    *,
    of: str,
    player: str | None,
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
    """Find where the mean of an output turns along one or two numbers."""
    if len(numbers) > 2:
        raise SimError(f"--break-even: once or twice, not {len(numbers)} times")
    _, stderr = consoles()
    if _is_scenario(source):
        planned = planned_study(
            source,
            draws=draws or _DRAWS,
            seed=seed,
            regimes=regimes,
            solutions=solutions,
            overrides=overrides,
        )
    else:
        _refuse(source, seed=seed, set=overrides)
        planned = run_of(
            load_result(source).attrs,
            draws=draws or _DRAWS,
            regimes=names(regimes) or ("separate", "linked"),
            solutions=names(solutions),
        )
    _known(player, planned.plan.players)
    vary = [along(planned, text, points=_POINTS[len(numbers)]) for text in numbers]
    with progress_bar(stderr) as progress:
        how = execution(workers, scheduler, out, resume=resume, progress=progress)
        found = break_even(planned, vary, of=of, draws=draws or _DRAWS, how=how)
    _tell(found, player=player, as_json=as_json)
    if out is not None and not as_json:
        consoles()[0].print(f"written to {out / 'break-even.nc'}", soft_wrap=True)


def tell_again(source: Path, *, player: str | None, as_json: bool) -> bool:
    """Print a study that is there already; False if the source is none."""
    if source.name != "break-even.nc" and not (source / "break-even.nc").is_file():
        return False
    _tell(load_break_even(source), player=player, as_json=as_json)
    return True


def _tell(found: xr.Dataset, *, player: str | None, as_json: bool) -> None:
    """Print the answers of a break-even study, and what they rest on."""
    answers = read_break_even(found, player=player)
    told = json.loads(str(found.attrs["analysis"]))
    worst = float(found["converged"].min())
    if as_json:
        print_json(
            {
                "title": str(found.attrs["title"]),
                "scenario": str(found.attrs["scenario"]),
                "seed": int(found.attrs["seed"]),
                "draws_per_point": told["draws"],
                "degrees_of_freedom": told["freedom"],
                "converged": worst,
                "answers": [answer.as_dict() for answer in answers],
            }
        )
        return
    stdout, _ = consoles()
    stdout.print(found.attrs["title"], style="bold")
    several = found.sizes["solution"] > 1
    for answer in answers:
        where = f"{label(answer.cell['solution'])}: " if several else ""
        stdout.print(f"{where}{answer.answer}")
    stdout.print()
    points = [answer for answer in answers if isinstance(answer, BreakEvenPoints)]
    if any(answer.roots or answer.at_medians for answer in points):
        _print_points(points, stdout)
    for answer in answers:
        if isinstance(answer, BreakEvenCurves) and answer.curves:
            _print_rows(answer, stdout)
    stdout.print(
        f"{told['draws']:,} common draws a point, all other numbers as drawn; intervals at 95 %, "
        f"t with {told['freedom']} degrees of freedom; at worst {100 * worst:.1f} % converged"
    )


def _print_points(answers: Sequence[BreakEvenPoints], console: Console) -> None:
    table = grid(
        f"Break-even along {answers[0].along}", ["", "gains", "value", "95 %", "at the medians"]
    )
    for answer in answers:
        name = ", ".join(label(part) for dim, part in answer.cell.items() if dim != "solution")
        rows = max(len(answer.roots), len(answer.at_medians))
        for k in range(rows):
            root = answer.roots[k] if k < len(answer.roots) else None
            middle = answer.at_medians[k] if k < len(answer.at_medians) else None
            table.add_row(
                name,
                "" if root is None else "above" if root.rising else "below",
                "" if root is None else f"{root.value:.4g}",
                "" if root is None else interval(root),
                "" if middle is None else f"{middle[0]:.4g}",
            )
    console.print(table)
    console.print()


def interval(root: Root) -> str:
    """Return an interval; what runs out of the range has no end."""
    low, high = np.isfinite(root.lower), np.isfinite(root.upper)
    if low and high:
        return f"{root.lower:.4g} to {root.upper:.4g}"
    return f"from {root.lower:.4g}" if low else f"up to {root.upper:.4g}" if high else "anywhere"


def _print_rows(answer: BreakEvenCurves, console: Console) -> None:
    """Print break-even values of the first number at some values of the second."""
    first, second = answer.along
    name = ", ".join(label(part) for part in answer.cell.values())
    table = grid(f"{name}: break-even {first} by {second}", [second, "gains", first, "95 %"])
    chosen = np.unique(np.linspace(0, len(answer.rows) - 1, _ROWS).round().astype(int))
    for y, roots in (answer.rows[k] for k in chosen):
        for root in roots:
            side = "above" if root.rising else "below"
            table.add_row(f"{y:.4g}", side, f"{root.value:.4g}", interval(root))
        if not roots:
            table.add_row(f"{y:.4g}", "", "none", "")
    console.print(table)
    console.print()
