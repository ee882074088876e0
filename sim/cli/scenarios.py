"""`sim check`, `show`, `schema` and `new`: what a scenario file says, before anything is solved."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sim.cli.grids import consoles, grid
from sim.cli.objects import print_json
from sim.cli.options import parse_set, warn
from sim.cli.overview import overview
from sim.cli.tables import units
from sim.errors import ScenarioError, SimError
from sim.negotiation import DOMAINS, compile_case, median_theta
from sim.scenario import Scenario, load_scenario

__all__ = ["check", "new", "schema", "show"]

Told = Mapping[str, Any]


def check(file: Path, overrides: list[str], *, laws: bool = False, as_json: bool = False) -> None:
    """Load a scenario and say that it is sound; its faults are raised, its warnings printed.

    With `laws`, its payoffs are also searched for breaches of the payoff laws. As JSON, faults and
    warnings also stand on stdout, each with its place.
    """
    from sim.cli.laws import find_laws, law_table, require

    out, err = consoles()
    try:
        scenario = load_scenario(file, parse_set(overrides))
    except ScenarioError as error:
        if as_json:
            print_json(
                {"file": str(file), "sound": False, "faults": list(map(asdict, error.faults))}
            )
        raise
    warn(scenario, err)
    counts = _counts(scenario)
    found = find_laws(scenario) if laws else []
    if as_json:
        told: dict[str, object] = {"file": str(file), "sound": True, "faults": []}
        told |= {"warnings": list(map(asdict, scenario.warnings)), **counts}
        if laws:
            told["laws"] = [
                {"name": law.name, "holds": law.holds, "message": law.message} for law in found
            ]
        print_json(told)
    else:
        words = ", ".join(
            f"{n} {name.replace('_', ' ').removesuffix('s' if n == 1 else '')}"
            for name, n in counts.items()
        )
        out.print(f"{file.name}: sound. {words}.", soft_wrap=True)
        if laws:
            out.print(law_table(found))
    require(found)


def _counts(scenario: Scenario) -> dict[str, int]:
    case = compile_case(scenario, median_theta(scenario), 1)
    return {
        "players": len(scenario.players),
        "issues": len(scenario.issues),
        "payoff_terms": len(scenario.payoffs),
        # the luck of a ratifier by chance is drawn as well, but nobody wrote it down
        "uncertain_numbers": len(scenario.uncertain)
        - sum(r.probability is not None for r in scenario.ratifiers.values()),
        "regimes": len(case.regimes),
        "tables": len({t.name for r in case.regimes.values() for t in r.tables}),
    }


def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from sim.scenario import json_schema

    print_json(json_schema())


def new(file: Path) -> None:
    """Write the starter scenario to a file that does not exist yet.

    Raises
    ------
    SimError
        If it exists, or cannot be written.
    """
    from sim.scenario import starter

    out, _ = consoles()
    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(starter())
    except FileExistsError:
        raise SimError(f"{file}: exists already; give the name of a new file") from None
    except OSError as error:
        raise SimError(f"{file}: cannot be written: {error.strerror}") from None
    out.print(f"{file} written. Next: sim show {file}, then sim run {file}", soft_wrap=True)


def show(file: Path, overrides: list[str], *, as_json: bool = False) -> None:
    """Print players, issues, tables, and what each table is worth, at the medians."""
    out, err = consoles()
    scenario = load_scenario(file, parse_set(overrides))
    warn(scenario, err)
    told = overview(scenario)
    if as_json:
        print_json(told)
        return
    out.print(scenario.title, style="bold", soft_wrap=True)
    if scenario.summary:
        out.print(" ".join(scenario.summary.split()))
    out.print(f"\n{scenario.unit}; uncertain numbers at their medians\n")
    out.print(_players(scenario, told["players"]))
    out.print()
    out.print(_issues(told["issues"]))
    out.print()
    named = {name: issue["unit"] or "" for name, issue in told["issues"].items()}
    if any(named.values()):
        out.print(units(named))
        out.print()
    _regimes(told, out)
    out.print()
    out.print(_status_quo(told["status_quo"]))
    out.print()
    out.print(_failures(told["if_a_table_fails"]))
    if told["ratifiers"]:
        out.print()
        out.print(_ratifiers(told["ratifiers"]))


def _players(scenario: Scenario, told: Told) -> Table:
    """Names, and what the file says of each player."""
    heads = {
        "GDP": ("gdp", ",.0f"),
        "weight": ("weight", ".4g"),
        "risk aversion": ("risk_aversion", ".4g"),
        "discount rate": ("discount_rate", ".4g"),
    }
    every = scenario.players.values()
    shown = {
        head: entry
        for head, entry in heads.items()
        if any(entry[0] in player.model_fields_set for player in every)
    }
    table = grid("Players", ["", "name", *shown], words=("name",))
    for key, player in told.items():
        cells = [_cell(player[name], form) for name, form in shown.values()]
        table.add_row(key, player["name"] or "", *cells)
    return table


def _ratifiers(told: Told) -> Table:
    """Who can veto whose signature, below which gain, and whether for certain."""
    table = grid("Ratifiers: vetoes at home", ["", "ratifies for", "least gain", "veto"])
    for name, entry in told.items():
        slope = entry["steepness"]
        veto = "certain" if slope is None else f"by chance, steepness {_cell(slope)}"
        table.add_row(entry["label"] or name, entry["player"], _cell(entry["threshold"]), veto)
    return table


def _cell(value: float | None, form: str = ".4g") -> str:
    return "" if value is None else f"{value:{form}}"


def _issues(told: Told) -> Table:
    """Ranges, status quo, breakdown and demand side by side."""
    heads = ("lowest", "highest", "status quo", "breakdown", "demand")
    table = grid("Issues", ["", *heads])
    for name, issue in told.items():
        table.add_row(name, *(_cell(issue[head.replace(" ", "_")]) for head in heads))
    return table


def _regimes(told: Told, out: Console) -> None:
    """Which tables each regime has, and what falls with each."""
    out.print("Regimes and their tables", style="bold")
    for name, regime in told["regimes"].items():
        out.print(name)
        for key, table in regime["tables"].items():
            if regime["fallback"]:
                falls = f"else {regime['fallback']} stands"
            elif set(table["falls"]) == set(table["issues"]):
                falls = "its issues fall"
            elif len(table["falls"]) == len(told["issues"]):
                falls = "everything falls"
            else:
                falls = f"{len(table['falls'])} issues fall"
            line = f"  {key}: {', '.join(table['issues'])} ({falls})"
            lines = textwrap.wrap(line, out.width, subsequent_indent="    ", break_on_hyphens=False)
            out.print("\n".join(lines), soft_wrap=True)


def _status_quo(told: Told) -> Table:
    """What the status quo is worth, by player and domain: the zero of all changes."""
    table = grid("Payoff at the status quo, from which all is counted", ["", *DOMAINS, "total"])
    for player, amounts in told.items():
        table.add_row(player, *_amounts(amounts, ".2f"))
    return table


def _amounts(amounts: Mapping[str, float | None], form: str) -> list[str]:
    """Return payoffs by domain, nothing where a domain plays no part, and their total."""
    cells = [_cell(v, form) if v is None or abs(v) > 5e-3 else "" for v in amounts.values()]
    return [*cells[:-1], _cell(amounts["total"], form)]


def _failures(told: Told) -> Table:
    """What breakdown of each table would change, from the status quo, by player and domain."""
    title = "If a table fails: change of payoff from the status quo"
    table = grid(title, ["", "player", *DOMAINS, "total"], naming=2)
    for name, changes in told.items():
        for n, (player, amounts) in enumerate(changes.items()):
            table.add_row("" if n else name, player, *_amounts(amounts, "+.2f"))
    if not table.row_count:
        table = grid(title, [""])
        table.add_row("nothing changes")
    return table
