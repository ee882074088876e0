"""The tables that follow from the issues' parties and tracks, by name.

`US-JPN trade` is the table of one pair of players and one track, `US-JPN` that of all their
issues, `all` that of everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.scenario.models import Scenario

__all__ = ["TableShape", "dyads", "standard_tables", "table_shapes"]


@dataclass(frozen=True, slots=True)
class TableShape:
    """Who sits at a table and what is on it.

    Parameters
    ----------
    parties, issues : tuple of str
    """

    parties: tuple[str, ...]
    issues: tuple[str, ...]


def _parties(scenario: Scenario, issue: str) -> tuple[str, ...]:
    stated = set(scenario.issues[issue].parties)
    return tuple(p for p in scenario.players if p in stated)


def dyads(scenario: Scenario) -> dict[str, TableShape]:
    """Return one table per set of parties, with all of its issues: `US-JPN`."""
    found: dict[tuple[str, ...], list[str]] = {}
    for issue in scenario.issues:
        found.setdefault(_parties(scenario, issue), []).append(issue)
    return {"-".join(who): TableShape(who, tuple(what)) for who, what in found.items()}


def standard_tables(scenario: Scenario) -> dict[str, TableShape]:
    """Return the tables of the standard regimes, by name."""
    found: dict[str, TableShape] = {}
    everybody: dict[str, None] = {}
    for label, dyad in dyads(scenario).items():
        tracks: dict[str, list[str]] = {}
        for issue in dyad.issues:
            tracks.setdefault(scenario.issues[issue].track, []).append(issue)
        for track, issues in tracks.items():
            found[f"{label} {track}"] = TableShape(dyad.parties, tuple(issues))
        found[label] = dyad
        everybody.update(dict.fromkeys(dyad.parties))
    grand = tuple(p for p in scenario.players if p in everybody)
    found["all"] = TableShape(grand, tuple(scenario.issues))
    return found


def table_shapes(scenario: Scenario) -> dict[str, TableShape]:
    """Return every table by name: the standard ones, then those that regimes declare."""
    found = standard_tables(scenario)
    for regime in scenario.regimes.values():
        for name, table in (regime.tables or {}).items():
            found[name] = TableShape(table.parties, table.issues)
    return found
