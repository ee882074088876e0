"""`sim run`, `merge` and `rerun`: from a scenario to who gains from linkage."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rich.console import Console

from sim.cli.grids import consoles
from sim.cli.options import names, parse_set
from sim.cli.report import write_report
from sim.cli.tables import print_summary
from sim.errors import SimError
from sim.montecarlo.engine import Progress, Shard
from sim.negotiation.diagnostics import diagnose
from sim.results import (
    Run,
    merge_runs,
    plan_run,
    simulate,
    simulate_shard,
    summary_json,
)
from sim.results import rerun as run_again
from sim.results.planning import MOST
from sim.results.store import Keep

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["merge", "progress_bar", "rerun", "run"]


def run(
    file: Path,
    *,
    draws: str | None,
    seed: int | None,
    workers: int | None,
    out: Path | None,
    as_json: bool,
    overrides: list[str],
    regimes: str | None,
    solutions: str | None,
    sampler: str | None = None,
    se: float | None = None,
    resume: bool = False,
    keep: str = "draws",
    shard: str | None = None,
    scheduler: str | None = None,
    breakdowns: str | None = None,
    page: bool = True,
) -> None:
    """Solve a scenario and print, or write, what comes out."""
    if keep not in get_args(Keep):
        raise SimError(f"--keep {keep}: allowed are {', '.join(get_args(Keep))}")
    if resume and out is None:
        raise SimError("--resume: say which run to go on with, with --out DIR")
    stdout, stderr = consoles()
    planned = plan_run(
        file,
        draws=_count(draws),
        seed=seed,
        sampler=sampler,  # type: ignore[arg-type]
        regimes=names(regimes),
        solutions=names(solutions),
        se=se,
        overrides=parse_set(overrides),
    )
    for warning in planned.plan.scenario.warnings:
        stderr.print(f"warning: {warning}", soft_wrap=True)
    size = workers or os.cpu_count() or 1
    if shard is not None:
        if out is None:
            raise SimError("--shard: say where its chunks go, with --out DIR")
        with progress_bar(stderr) as progress:
            simulate_shard(
                planned,
                out,
                Shard.parse(shard),
                workers=size,
                scheduler=scheduler,
                resume=resume,
                keep=keep,  # type: ignore[arg-type]
                progress=progress,
            )
        stderr.print(f"shard {shard} done; bring all together with sim merge", soft_wrap=True)
        return
    with progress_bar(stderr) as progress:
        result = simulate(
            planned,
            workers=size,
            scheduler=scheduler,
            out=out,
            resume=resume,
            keep=keep,  # type: ignore[arg-type]
            progress=progress,
        )
    summary = summary_json(result)
    summary["diagnostics"] = _diagnosed(planned, summary)
    if breakdowns:
        summary["linkage_gain_by_breakdown"] = _by_breakdown(
            file, planned, names(breakdowns) or (), size
        )
    _tell(result, summary, stdout, as_json=as_json)
    if out is not None and page:
        write_report(result, out, summary["diagnostics"])
    if out is not None and not as_json:
        stdout.print(f"\nwritten to {out}", soft_wrap=True)


def _diagnosed(planned: Run, summary: dict[str, Any]) -> dict[str, Any]:
    """Return the referee's diagnostics under the first solution."""
    solution = planned.plan.solutions[0]
    outcomes = {
        regime: {issue: stat["mean"] for issue, stat in found[solution]["outcome"].items()}
        for regime, found in summary["regimes"].items()
        if regime in ("separate", "linked")
    }
    return diagnose(planned.plan.scenario, outcomes, solution=solution)


def _by_breakdown(
    file: Path, planned: Run, kinds: tuple[str, ...], workers: int
) -> dict[str, dict[str, Any]]:
    """Return the linkage gains if breakdown values come from each of several sources."""
    found = {}
    settings = json.loads(str(planned.attrs["overrides"]))
    for kind in kinds:
        changes = {f"regimes.{name}.breakdown": kind for name in ("separate", "linked")}
        again = plan_run(
            file,
            draws=planned.draws or 4096,
            seed=planned.design.seed,
            sampler=planned.design.sampler,
            regimes=("separate", "linked"),
            solutions=planned.plan.solutions,
            overrides={**settings, **changes},
        )
        found[kind] = summary_json(simulate(again, workers=workers))["linkage_gain"]
    return found


def _tell(result: xr.Dataset, summary: dict[str, Any], console: Console, *, as_json: bool) -> None:
    """Print a result as one JSON object or as tables."""
    if as_json:
        print(json.dumps(summary, indent=2, allow_nan=False))  # noqa: T201
        return
    units = zip(result["issue"].values, result["issue_unit"].values, strict=True)
    print_summary(summary, console, issues={str(k): str(unit) for k, unit in units})


def _count(text: str | None) -> int | Literal["auto"] | None:
    """Return `--draws` as a number, `auto`, or None."""
    if text is None:
        return None
    if text == "auto":
        return "auto"
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if not (1 <= number <= MOST and number.is_integer()):
        raise SimError(f"--draws {text}: allowed are the integers from 1 to {MOST:,}, and auto")
    return int(number)


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress | None]:
    """Show draws done, rate and time left on stderr; after Ctrl-C, how many of them are kept."""
    try:
        with _bar(console) as progress:
            yield progress
    except KeyboardInterrupt as stop:
        console.print(str(stop) or "interrupted", soft_wrap=True)
        raise


@contextmanager
def _bar(console: Console) -> Iterator[Progress | None]:
    """Show a bar on a terminal; nothing elsewhere."""
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        job = bar.add_task("draws", total=None, rate="")

        def update(done: int, total: int) -> None:
            speed = bar.tasks[job].speed
            rate = "" if not speed else f"{speed:,.0f}/s"
            bar.update(job, completed=done, total=total, rate=rate)

        yield update


def merge(parts: list[Path], out: Path, *, as_json: bool, page: bool = True) -> None:
    """Bring the shards of one run together, as if it had been one."""
    stdout, _ = consoles()
    result = merge_runs(parts, out)
    _tell(result, summary_json(result), stdout, as_json=as_json)
    if page:
        write_report(result, out)


def rerun(result: Path, *, workers: int | None) -> None:
    """Make a result again from its provenance; exit code 1 if a number differs."""
    stdout, stderr = consoles()
    with progress_bar(stderr) as progress:
        found = run_again(result, workers=workers or os.cpu_count() or 1, progress=progress)
    if found.identical:
        stdout.print("identical: every number is the same, bit for bit")
        return
    for change in found.changes:
        stdout.print(change, soft_wrap=True)
    raise SystemExit(1)
