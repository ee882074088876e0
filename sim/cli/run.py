"""`sim run`, `merge` and `rerun`: from a scenario to who gains from linkage."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, get_args

from rich.console import Console

from sim.cli.grids import consoles
from sim.cli.objects import print_json
from sim.cli.options import names, parse_set, warn
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
from sim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["merge", "progress_bar", "rerun", "run"]

LARGE = 2_000_000
"""Draws times regimes times solutions from which a run needs a folder: a gigabyte of draws."""


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
    cap: int | None = None,
    resume: bool = False,
    keep: str = "draws",
    shard: str | None = None,
    scheduler: str | None = None,
    breakdowns: str | None = None,
    diagnostics: bool = True,
    page: bool = True,
) -> None:
    """Solve a scenario and print, or write, what comes out."""
    _refuse(out, resume=resume, keep=keep, shard=shard, breakdowns=breakdowns)
    stdout, stderr = consoles()
    planned = plan_run(
        file,
        draws=_count(draws),
        seed=seed,
        sampler=sampler,  # type: ignore[arg-type]
        regimes=names(regimes),
        solutions=names(solutions),
        se=se,
        cap=cap,
        overrides=parse_set(overrides),
    )
    others = _with_breakdowns(file, planned, names(breakdowns) or ())
    warn(planned.plan.scenario, stderr)
    how = _How(workers or os.cpu_count() or 1, scheduler, out, resume, keep)
    if shard is not None:
        _compute_shard(planned, Shard.parse(shard), how, stderr)
        return
    with _room(planned, how, stderr) as roomy:
        result = _compute(planned, roomy, stderr)
        summary = summary_json(result)
    plan = planned.plan
    if diagnostics:
        summary["diagnostics"] = _diagnosed(plan.scenario, plan.solutions[0], summary)
    if others:
        summary["linkage_gain_by_breakdown"] = {
            kind: summary_json(simulate(other, workers=how.workers))["linkage_gain"]
            for kind, other in others.items()
        }
    if out is not None and page:
        write_report(result, out, summary.get("diagnostics"))
    _tell(result, summary, stdout, as_json=as_json)
    if out is not None and not as_json:
        stdout.print(f"\nwritten to {out}", soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _How:
    """How a run is computed; it changes no number."""

    workers: int
    scheduler: str | None
    out: Path | None
    resume: bool
    keep: str


def _refuse(
    out: Path | None, *, resume: bool, keep: str, shard: str | None, breakdowns: str | None
) -> None:
    """Refuse options that do not go together, before anything is read."""
    if keep not in get_args(Keep):
        raise SimError(f"--keep {keep}: allowed are {', '.join(get_args(Keep))}")
    if resume and out is None:
        raise SimError("--resume: say which run to go on with, with --out DIR")
    if shard is not None and out is None:
        raise SimError("--shard: say where its chunks go, with --out DIR")
    if shard is not None and breakdowns is not None:
        raise SimError("--breakdowns: goes with a whole run, not with --shard")


@contextmanager
def _room(planned: Run, how: _How, stderr: Console) -> Iterator[_How]:
    """Compute a run that is too large for the memory in a folder, which is gone afterwards."""
    plan = planned.plan
    size = (planned.draws or 0) * len(plan.regimes) * len(plan.solutions)
    if how.out is not None or size <= LARGE:
        yield how
        return
    stderr.print(
        "a large run: its draws go to a temporary folder while it lasts; --out DIR keeps them",
        soft_wrap=True,
    )
    with TemporaryDirectory(prefix="sim-") as folder:
        yield replace(how, out=Path(folder), keep="summary")


def _compute(planned: Run, how: _How, stderr: Console) -> xr.Dataset:
    with progress_bar(stderr) as progress:
        return simulate(
            planned,
            workers=how.workers,
            scheduler=how.scheduler,
            out=how.out,
            resume=how.resume,
            keep=how.keep,  # type: ignore[arg-type]
            progress=progress,
        )


def _compute_shard(planned: Run, shard: Shard, how: _How, stderr: Console) -> None:
    assert how.out is not None
    with progress_bar(stderr) as progress:
        simulate_shard(
            planned,
            how.out,
            shard,
            workers=how.workers,
            scheduler=how.scheduler,
            resume=how.resume,
            keep=how.keep,  # type: ignore[arg-type]
            progress=progress,
        )
    stderr.print(
        f"shard {shard.part}/{shard.of} done; bring all together with sim merge", soft_wrap=True
    )


def _diagnosed(scenario: Scenario, solution: str, summary: dict[str, Any]) -> dict[str, Any]:
    """Return the referee's diagnostics under a solution, the first of a run."""
    outcomes = {
        regime: {issue: stat["mean"] for issue, stat in found[solution]["outcome"].items()}
        for regime, found in summary["regimes"].items()
        if regime in ("separate", "linked")
    }
    return diagnose(scenario, outcomes, solution=solution, regimes=tuple(summary["regimes"]))


def _with_breakdowns(file: Path, planned: Run, kinds: tuple[str, ...]) -> dict[str, Run]:
    """Plan the run again with breakdown values from each of several sources."""
    settings = json.loads(str(planned.attrs["overrides"]))
    return {
        kind: plan_run(
            file,
            draws=planned.draws or 4096,
            seed=planned.design.seed,
            sampler=planned.design.sampler,
            regimes=("separate", "linked"),
            solutions=planned.plan.solutions,
            overrides={
                **settings,
                **{f"regimes.{name}.breakdown": kind for name in ("separate", "linked")},
            },
        )
        for kind in kinds
    }


def _tell(result: xr.Dataset, summary: dict[str, Any], console: Console, *, as_json: bool) -> None:
    """Print a result as one JSON object or as tables."""
    if as_json:
        print_json(summary)
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


def merge(
    parts: list[Path], out: Path, *, as_json: bool, diagnostics: bool = True, page: bool = True
) -> None:
    """Bring the shards of one run together, as if it had been one."""
    from sim.plots.reading import scenario_of

    stdout, _ = consoles()
    result = merge_runs(parts, out)
    summary = summary_json(result)
    if diagnostics:
        solution = str(result["solution"].values[0])
        summary["diagnostics"] = _diagnosed(scenario_of(result, "merge"), solution, summary)
    if page:
        write_report(result, out, summary.get("diagnostics"))
    _tell(result, summary, stdout, as_json=as_json)
    if not as_json:
        stdout.print(f"\nwritten to {out}", soft_wrap=True)


def rerun(
    result: Path, *, workers: int | None, scheduler: str | None, as_json: bool = False
) -> None:
    """Make a result again from its provenance; exit code 1 if a number differs."""
    stdout, stderr = consoles()
    with progress_bar(stderr) as progress:
        found = run_again(
            result,
            workers=workers or os.cpu_count() or 1,
            scheduler=scheduler,
            progress=progress,
        )
    if as_json:
        print_json({"identical": found.identical, "changes": list(found.changes)})
    elif found.identical:
        stdout.print("identical: every number is the same, bit for bit")
    else:
        for change in found.changes:
            stdout.print(change, soft_wrap=True)
    if not found.identical:
        raise SystemExit(1)
