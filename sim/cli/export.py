"""`sim export`: games of a scenario for Gambit, results as CSV."""

from __future__ import annotations

from pathlib import Path

from sim.cli.grids import consoles
from sim.cli.options import parse_set
from sim.errors import SimError
from sim.negotiation import median_theta
from sim.negotiation.stances import stance_game
from sim.negotiation.trees import talks_tree
from sim.scenario import Scenario, load_scenario

__all__ = ["export"]

FORMATS = ("nfg", "efg", "csv")


def export(
    source: Path, *, form: str, out: Path, table: str | None, rounds: int, overrides: list[str]
) -> None:
    """Write the stance game (nfg), offers over time (efg), or a result's statistics (csv)."""
    if form not in FORMATS:
        raise SimError(f"--format {form}: allowed are {', '.join(FORMATS)}")
    stdout, _ = consoles()
    try:
        if form == "csv":
            from sim.results import load_summary, summary_csv

            out.write_text(summary_csv(load_summary(source)), encoding="utf-8")
        else:
            scenario = load_scenario(source, parse_set(overrides))
            text = _stances(scenario) if form == "nfg" else _talks(scenario, table, rounds)
            out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SimError(f"{out}: cannot be written: {error.strerror}") from None
    stdout.print(f"{out} written", soft_wrap=True)


def _stances(scenario: Scenario) -> str:
    """Return the stance game at the medians of the parameters."""
    from sim.games import nfg_text

    game = stance_game(scenario, median_theta(scenario), 1).mean_game()
    return nfg_text(game)


def _talks(scenario: Scenario, table: str | None, rounds: int) -> str:
    """Return a finite tree of the talks at one table, at the medians of the parameters."""
    from sim.games import efg_text

    if not scenario.talks:
        raise scenario.fault("talks", "is missing: an efg needs offers over time at some table")
    return efg_text(talks_tree(scenario, table or next(iter(scenario.talks)), rounds=rounds))
