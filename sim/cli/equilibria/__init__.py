"""`sim equilibria`: what is threatened, whether linkage is chosen, and whether the deal holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sim.cli.equilibria.beliefs import beliefs
from sim.cli.equilibria.deals import coalitions, enforcement, talks
from sim.cli.equilibria.stances import stances
from sim.cli.grids import consoles
from sim.cli.objects import print_json
from sim.cli.options import parse_set, warn
from sim.results.equilibria import Progress, equilibria_report
from sim.scenario import load_scenario

__all__ = ["equilibria"]


def equilibria(
    file: Path, *, draws: int, seed: int | None, as_json: bool, overrides: list[str]
) -> None:
    """Analyse what a scenario declares beyond its bargaining tables, and print it."""
    out, err = consoles()
    scenario = load_scenario(file, parse_set(overrides))
    warn(scenario, err)
    with _status(err) as progress:
        report = equilibria_report(scenario, draws=draws, seed=seed, progress=progress)
    if as_json:
        print_json(report)
        return
    out.print(Text(report["title"], style="bold"))
    out.print(f"{draws:,} draws, seed {report['seed']}; {report['unit']}\n", soft_wrap=True)
    if lost := report["draws_without_payoffs"]:
        out.print(f"{lost:,} draws left out: payoffs without a value at status quo or breakdown\n")
    for key, show in _SHOWS.items():
        if key in report:
            show(report[key], out)
    if not any(key in report for key in _SHOWS):
        out.print(
            "Nothing to solve: the file declares no stances:, talks:, beliefs: or enforcement:, "
            "and has no player with several partners, whose coalitions could be valued."
        )


@contextmanager
def _status(console: Console) -> Iterator[Progress | None]:
    """Show which analysis is in work, on a terminal; say where Ctrl-C came."""
    current = "interrupted before the first analysis"
    try:
        with console.status("draws") as line:

            def update(what: str, done: int, total: int) -> None:
                nonlocal current
                current = f"interrupted in {what}; nothing is kept"
                line.update(f"{what} ({done + 1} of {total})")

            yield update
    except KeyboardInterrupt:
        console.print(current, soft_wrap=True)
        raise


_SHOWS = {
    "stances": stances,
    "talks": talks,
    "beliefs": beliefs,
    "enforcement": enforcement,
    "coalitions": coalitions,
}
