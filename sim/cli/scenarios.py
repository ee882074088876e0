"""`sim check`, `show`, `schema` and `new`: what a scenario file says, before anything is solved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sim.cli.grids import consoles, grid
from sim.cli.options import parse_set
from sim.errors import SimError
from sim.negotiation import DOMAINS, Case, compile_case, median_theta
from sim.scenario import Scenario, load_scenario
from sim.scenario.numbers import NumberSpec

__all__ = ["check", "new", "schema", "show"]

FloatArray = NDArray[np.float64]


def check(file: Path, overrides: list[str], *, laws: bool = False) -> None:
    """Load a scenario and say that it is sound; its faults are raised, its warnings printed.

    With `laws`, its payoffs are also searched for breaches of the payoff laws.
    """
    out, err = consoles()
    scenario = load_scenario(file, parse_set(overrides))
    for warning in scenario.warnings:
        err.print(f"warning: {warning}", soft_wrap=True)
    case = compile_case(scenario, median_theta(scenario), 1)
    tables = {t.name for r in case.regimes.values() for t in r.tables}
    out.print(
        f"{file.name}: sound. {len(scenario.players)} players, {len(scenario.issues)} issues, "
        f"{len(scenario.payoffs)} payoff terms, {len(scenario.uncertain)} uncertain numbers, "
        f"{len(case.regimes)} regimes over {len(tables)} tables.",
        soft_wrap=True,
    )
    if laws:
        from sim.cli.laws import laws as check_laws

        check_laws(scenario, out)


def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from sim.scenario import json_schema

    print(json.dumps(json_schema(), indent=2))  # noqa: T201


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


def show(file: Path, overrides: list[str]) -> None:
    """Print players, issues, tables, and what each table is worth, at the medians."""
    out, _ = consoles()
    scenario = load_scenario(file, parse_set(overrides))
    case = compile_case(scenario, median_theta(scenario), 1)
    out.print(scenario.title, style="bold", soft_wrap=True)
    if scenario.summary:
        out.print(" ".join(scenario.summary.split()))
    out.print(f"\n{scenario.unit}; uncertain numbers at their medians\n")
    out.print(_players(scenario))
    out.print()
    out.print(_issues(scenario, case))
    out.print()
    _regimes(case, out)
    out.print()
    out.print(_status_quo(case))
    out.print()
    out.print(_worth(case))


def _players(scenario: Scenario) -> Table:
    """Names, and what the file says of each player."""
    theta = median_theta(scenario)
    told = {
        "GDP": ("gdp", ",.0f"),
        "weight": ("weight", ".4g"),
        "risk aversion": ("risk_aversion", ".4g"),
        "discount rate": ("discount_rate", ".4g"),
    }
    every = scenario.players.values()
    told = {
        head: entry
        for head, entry in told.items()
        if any(entry[0] in player.model_fields_set for player in every)
    }
    table = grid("Players", ["", "name", *told])
    table.columns[1].justify = "left"
    for key, player in scenario.players.items():
        cells = []
        for name, form in told.values():
            spec = getattr(player, name)
            cells.append("" if spec is None else f"{_middle(scenario, spec, theta):{form}}")
        table.add_row(key, _short(player.name or "", 32), *cells)
    return table


def _middle(scenario: Scenario, spec: NumberSpec, theta: Mapping[str, FloatArray]) -> float:
    return float(np.mean(scenario.number(spec, theta)))


def _issues(scenario: Scenario, case: Case) -> Table:
    """Ranges, status quo, breakdown and demand side by side."""
    theta = median_theta(scenario)
    table = grid("Issues", ["", "lowest", "highest", "status quo", "breakdown", "demand", "unit"])
    for k, (name, issue) in enumerate(scenario.issues.items()):
        numbers = [case.lower, case.upper, case.status_quo, case.breakdown]
        cells = [f"{array[0, k]:.4g}" for array in numbers]
        asked = issue.demand
        wanted = "" if asked is None else f"{_middle(scenario, asked, theta):.4g}"
        table.add_row(name, *cells, wanted, _short(issue.unit or ""))
    return table


def _short(text: str, width: int = 18) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _regimes(case: Case, out: Console) -> None:
    """Which tables each regime has, and what falls with each."""
    out.print("Regimes and their tables", style="bold")
    names = case.layout.issues
    for regime in case.regimes.values():
        out.print(f"{regime.name}")
        for table in regime.tables:
            falls = (
                "its issues fall"
                if set(table.falls) == set(table.issues)
                else (
                    "everything falls"
                    if len(table.falls) == len(names)
                    else f"{len(table.falls)} issues fall"
                )
            )
            if regime.fallback:
                falls = f"else {regime.fallback} stands"
            settled = ", ".join(names[k] for k in table.issues)
            out.print(f"  {table.name}: {settled}  ({falls})", soft_wrap=False)


def _status_quo(case: Case) -> Table:
    """What the status quo is worth, by player and domain: the zero of all changes."""
    worth = case.payoffs.by_domain(case.status_quo, DOMAINS)[0]
    table = grid("Payoff at the status quo, from which all is counted", ["", *DOMAINS, "total"])
    for player, amounts in zip(case.layout.players, worth, strict=True):
        cells = [f"{v:.2f}" if abs(v) > 5e-3 else "" for v in amounts]
        table.add_row(player, *cells, f"{amounts.sum():.2f}")
    return table


def _worth(case: Case) -> Table:
    """What breakdown of each table would change, from the status quo, by player and domain."""
    base = case.payoffs.by_domain(case.status_quo, DOMAINS)
    table = grid(
        "If a table fails: change of payoff from the status quo",
        ["", "player", *DOMAINS, "total"],
    )
    seen: dict[tuple[int, ...], str] = {}
    for regime in case.regimes.values():
        for side in regime.tables:
            falls = tuple(sorted(side.falls))
            if falls not in seen or set(side.issues) == set(falls):
                seen[falls] = side.name  # the table that settles just what falls names it best
    for fallen, name in seen.items():
        outcome = case.status_quo.copy()
        outcome[:, list(fallen)] = case.breakdown[:, list(fallen)]
        change = (case.payoffs.by_domain(outcome, DOMAINS) - base)[0]
        felt = [p for p in range(len(case.layout.players)) if np.any(np.abs(change[p]) > 1e-12)]
        for p in felt:
            cells = [f"{v:+.2f}" if abs(v) > 5e-3 else "" for v in change[p]]
            title = name if p == felt[0] else ""
            table.add_row(title, case.layout.players[p], *cells, f"{change[p].sum():+.2f}")
    if not table.row_count:
        table.add_row("nothing changes")
    return table
