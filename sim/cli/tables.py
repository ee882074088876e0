"""Tables on a terminal: from the summary of a result to lines of at most 80 columns.

Gains and losses are told apart by their sign, not by colour alone; a standard error stands behind
its mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["consoles", "grid", "label", "print_summary", "signed"]

Summary = Mapping[str, Any]

_SHORT = {
    "kalai_smorodinsky": "KS",
    "alternating_offers": "offers",
    "linked-without-erosion": "linked, no erosion",
    "trilateral-weighted": "trilateral, weighted",
}


def consoles() -> tuple[Console, Console]:
    """Return the consoles for stdout and stderr; both honour NO_COLOR and pipes."""
    out = Console(highlight=False, soft_wrap=False)
    if not out.is_terminal:
        out = Console(highlight=False, width=80, color_system=None)
    return out, Console(stderr=True, highlight=False)


def label(name: str) -> str:
    """Return the name of a regime or solution as a table shows it."""
    return _SHORT.get(name, name)


def signed(stat: Mapping[str, float], digits: int = 2) -> str:
    """Return `+1.23 ±0.04`, mean and standard error."""
    return f"{stat['mean']:+.{digits}f} ±{stat['se']:.{digits}f}"


def coloured(text: str, value: float, error: float) -> Text:
    """Return green for a gain and red for a loss beyond two standard errors, plain otherwise."""
    if abs(value) <= 2.0 * error:
        return Text(text)
    return Text(text, style="green" if value > 0.0 else "red")


def grid(title: str, columns: Sequence[str]) -> Table:
    """Return an empty table without lines, numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def print_summary(summary: Summary, console: Console, *, issues: Mapping[str, str]) -> None:
    """Print who gains, why, what is agreed, and how sure that is.

    Parameters
    ----------
    summary : mapping
        The object of `sim run --json`.
    console : Console
    issues : mapping of str to str
        Per issue its unit.
    """
    solutions = list(summary["linkage_gain"]) or _solutions(summary)
    console.print(f"[bold]{summary['title']}[/bold]")
    console.print(
        f"{summary['draws']:,} draws, seed {summary['seed']}; USD bn per year, "
        "mean ± standard error\n"
    )
    for solution in solutions:
        if solution in summary["linkage_gain"]:
            console.print(_gains(summary, solution))
            console.print()
    first = solutions[0]
    console.print(_payoffs(summary, first))
    console.print()
    console.print(_outcomes(summary, first, issues))
    console.print()
    console.print(_quality(summary, first))


def _solutions(summary: Summary) -> list[str]:
    regimes = summary["regimes"]
    return list(next(iter(regimes.values()))) if regimes else []


def _gains(summary: Summary, solution: str) -> Table:
    """Who gains from linkage, and why."""
    gains = summary["linkage_gain"][solution]
    table = grid(
        f"Gain from linkage (linked − separate), {label(solution)}",
        ["", "gain", "gains in", "logrolling", "coercion", "erosion"],
    )
    for player, stat in gains.items():
        cells: list[str | Text] = [player, coloured(signed(stat, 3), stat["mean"], stat["se"])]
        cells.append(f"{100 * stat['p_gain']:.0f} %")
        for part in ("logrolling", "coercion", "erosion"):
            cells.append(f"{stat[part]['mean']:+.3f}" if part in stat else "")
        table.add_row(*cells)
    return table


def _payoffs(summary: Summary, solution: str) -> Table:
    """Payoff changes from the status quo, regime by regime."""
    regimes = summary["regimes"]
    players = list(next(iter(regimes.values()))[solution]["payoff_change"])
    table = grid(f"Payoff, change from the status quo, {label(solution)}", ["", *players])
    for regime, found in regimes.items():
        stats = found[solution]["payoff_change"]
        table.add_row(label(regime), *(signed(stats[p]) for p in players))
    return table


def _outcomes(summary: Summary, solution: str, issues: Mapping[str, str]) -> Table:
    """What is agreed, separate beside linked."""
    regimes = summary["regimes"]
    shown = [r for r in ("separate", "linked", "trilateral") if r in regimes] or list(regimes)[:3]
    table = grid(f"Outcomes, {label(solution)}", ["", *map(label, shown), "unit"])
    for issue, unit in issues.items():
        cells = [signed(regimes[r][solution]["outcome"][issue], 3).lstrip("+") for r in shown]
        table.add_row(issue, *cells, unit if len(unit) <= 18 else unit[:17] + "…")
    return table


def _quality(summary: Summary, solution: str) -> Table:
    """The chance of a deal and of a converged draw."""
    table = grid("Chance of a deal, and converged draws", ["", "deal at every table", "converged"])
    for regime, found in summary["regimes"].items():
        entry = found[solution]
        deal = min(entry["agreement"].values(), default=float("nan"))
        table.add_row(label(regime), f"{100 * deal:.1f} %", f"{100 * entry['converged']:.2f} %")
    return table
