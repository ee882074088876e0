"""`sim export`: games of a scenario for Gambit, results as CSV."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sim.cli.grids import consoles
from sim.cli.options import parse_set, warn
from sim.errors import SimError
from sim.negotiation import median_theta
from sim.negotiation.stances import stance_game
from sim.negotiation.trees import talks_tree
from sim.scenario import Scenario, load_scenario
from sim.scenario.names import listed

__all__ = ["export"]

FORMATS = ("nfg", "efg", "csv")


def export(
    source: Path, *, form: str, out: Path, table: str | None, rounds: int, overrides: list[str]
) -> None:
    """Write the stance game (nfg), offers over time (efg), or a result's statistics (csv)."""
    if form not in FORMATS:
        raise SimError(f"--format {form}: allowed are {', '.join(FORMATS)}")
    if form == "csv" and overrides:
        raise SimError(
            "--set: goes with a scenario file; csv is of a result, which is made already"
        )
    if form != "efg" and table is not None:
        raise SimError(f"--table: goes with --format efg, not with {form}")
    stdout, stderr = consoles()
    if form == "csv":
        text = _statistics(source)
    else:
        scenario = load_scenario(source, parse_set(overrides))
        warn(scenario, stderr)
        text = _stances(scenario) if form == "nfg" else _talks(scenario, table, rounds, stderr)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SimError(f"{out}: cannot be written: {error.strerror}") from None
    stdout.print(f"{out} written", soft_wrap=True)


def _statistics(source: Path) -> str:
    from sim.results import load_summary, summary_csv

    return summary_csv(load_summary(source))


def _stances(scenario: Scenario) -> str:
    """Return the stance game at the medians of the parameters."""
    from sim.games import nfg_text

    game = stance_game(scenario, median_theta(scenario), 1).mean_game()
    return nfg_text(game)


def _talks(scenario: Scenario, table: str | None, rounds: int, stderr: Console) -> str:
    """Return a finite tree of the talks at one table, at the medians of the parameters.

    What a tree does not hold is said on stderr.
    """
    from sim.games import efg_text

    if not scenario.talks:
        raise scenario.fault("talks", "is missing: an efg needs offers over time at some table")
    name = table or next(iter(scenario.talks))
    text = efg_text(talks_tree(scenario, name, rounds=rounds))
    talks = scenario.talks[name]
    gone = {"outside_options": listed(talks.outside_options)} if talks.outside_options else {}
    if talks.events:
        gone["events"] = listed(event.name or str(event.date) for event in talks.events)
    for field, names in gone.items():
        stderr.print(
            f"warning: talks.{name}.{field}: left out of the tree: {names}", soft_wrap=True
        )
    return text
