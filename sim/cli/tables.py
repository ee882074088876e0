"""Tables on a terminal: from the summary of a result to lines of at most 80 columns.

Gains and losses are told apart by their sign, not by colour alone; a standard error stands behind
its mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.cli.grids import grid

__all__ = ["decimals", "label", "print_summary", "signed", "units"]

Summary = Mapping[str, Any]
Stat = Mapping[str, float | None]

_MOST_DECIMALS = 5

_SHORT = {
    "kalai_smorodinsky": "KS",
    "alternating_offers": "offers",
    "linked-without-erosion": "linked, no erosion",
    "trilateral-weighted": "trilateral, weighted",
}


def label(name: str) -> str:
    """Return the name of a regime or solution as a table shows it."""
    return _SHORT.get(name, name)


def decimals(errors: Iterable[float | None], least: int) -> int:
    """Return how many decimals show a digit of the smallest standard error, but 5 at most."""
    small = min((error for error in errors if error), default=1.0)
    return min(max(least, math.ceil(-math.log10(small))), max(least, _MOST_DECIMALS))


def signed(stats: Sequence[Stat], digits: Sequence[int], *, plus: bool = True) -> list[str]:
    """Return `+1.23 ±0.04` of each, mean and standard error aligned.

    One draw alone has no error to tell; an error that the decimals would hide is told as `3e-07`,
    and what is the same in every draw as `±0`.
    """
    sign = "+" if plus else ""
    means = [
        "none" if stat["mean"] is None else f"{_rounded(stat['mean'], n):{sign}.{n}f}"
        for stat, n in zip(stats, digits, strict=True)
    ]
    errors = [_error(stat["se"], n) for stat, n in zip(stats, digits, strict=True)]
    width = max(map(len, errors), default=0)
    return [
        f"{mean} {error:>{width}}" if width else mean
        for mean, error in zip(means, errors, strict=True)
    ]


def _rounded(value: float, digits: int) -> float:
    """Return a number without the sign of what is rounded away: 0, not −0."""
    return round(value, digits) + 0.0


def _error(error: float | None, digits: int) -> str:
    if error is None:
        return ""
    text = f"{error:.{digits}f}"
    return f"±{text if float(text) else f'{error:.0e}' if error else '0'}"


def coloured(text: str, value: float, error: float | None) -> Text:
    """Return green for a gain and red for a loss beyond two standard errors, plain otherwise."""
    if error is None or abs(value) <= 2.0 * error:
        return Text(text)
    return Text(text, style="green" if value > 0.0 else "red")


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
    console.print(Text(summary["title"], style="bold"))
    console.print(
        f"{_draws(summary['draws'])}, seed {summary['seed']}; {_unit(summary)}, "
        "mean ± standard error"
    )
    if reached := summary["provenance"].get("precision"):
        told = "as asked for" if reached["met"] else f"not {reached['se']:g}: the cap came first"
        console.print(f"largest standard error of a linkage gain {reached['reached']:.3g}, {told}")
    console.print()
    for solution in solutions:
        if solution in summary["linkage_gain"]:
            console.print(_gains(summary, solution))
            console.print()
    first = solutions[0]
    console.print(_payoffs(summary, first))
    console.print()
    console.print(_outcomes(summary, first, issues))
    console.print()
    if (table := units(issues)).row_count:
        console.print(table)
        console.print()
    console.print(_quality(summary, first))
    for table in _extras(summary, first):
        console.print()
        console.print(table)


def _draws(number: int) -> str:
    return "1 draw" if number == 1 else f"{number:,} draws"


def _unit(summary: Summary) -> str:
    """The scenario's unit of payoff, without the prices that it is told in."""
    return str(summary["provenance"]["unit"]).partition(" at ")[0]


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
    digits = decimals((stat["se"] for stat in gains.values()), 3)
    told = signed(list(gains.values()), [digits] * len(gains))
    for (player, stat), gain in zip(gains.items(), told, strict=True):
        cells: list[str | Text] = [player, coloured(gain, stat["mean"], stat["se"])]
        cells.append(f"{100 * stat['p_gain']:.0f} %")
        for part in ("logrolling", "coercion", "erosion"):
            cells.append(f"{_rounded(stat[part]['mean'], 3):+.3f}" if part in stat else "")
        table.add_row(*cells)
    return table


def _payoffs(summary: Summary, solution: str) -> Table:
    """Payoff changes from the status quo, regime by regime."""
    regimes = summary["regimes"]
    players = list(next(iter(regimes.values()))[solution]["payoff_change"])
    table = grid(f"Payoff, change from the status quo, {label(solution)}", ["", *players])
    stats = [[found[solution]["payoff_change"][p] for found in regimes.values()] for p in players]
    for row in zip(map(label, regimes), *map(_aligned, stats), strict=True):
        table.add_row(*row)
    return table


def _aligned(stats: Sequence[Stat], least: int = 2) -> list[str]:
    """Return the cells of a column, all with as many decimals."""
    return signed(stats, [decimals((stat["se"] for stat in stats), least)] * len(stats))


def _outcomes(summary: Summary, solution: str, issues: Mapping[str, str]) -> Table:
    """What is agreed, separate beside linked."""
    regimes = summary["regimes"]
    shown = [r for r in ("separate", "linked", "trilateral") if r in regimes] or list(regimes)[:3]
    table = grid(f"Outcomes, {label(solution)}", ["", *map(label, shown)])
    stats = [[regimes[r][solution]["outcome"][issue] for issue in issues] for r in shown]
    digits = [decimals((stat["se"] for stat in row), 3) for row in zip(*stats, strict=True)]
    columns = [signed(column, digits, plus=False) for column in stats]
    for row in zip(issues, *columns, strict=True):
        table.add_row(*row)
    return table


def units(issues: Mapping[str, str]) -> Table:
    """Return a table of units, each with the issues that are told in it."""
    table = grid("", ["unit", "issues"], words=("issues",))
    for unit in dict.fromkeys(unit for unit in issues.values() if unit):
        table.add_row(unit, ", ".join(issue for issue in issues if issues[issue] == unit))
    return table


def _quality(summary: Summary, solution: str) -> Table:
    """The chance of a deal, where it is least likely, and of a converged draw."""
    heads = ["", "fewest deals at a table", "converged"]
    table = grid("Chance of a deal, and converged draws", heads)
    for regime, found in summary["regimes"].items():
        entry = found[solution]
        deal = min(entry["agreement"].values(), default=float("nan"))
        table.add_row(label(regime), f"{100 * deal:.1f} %", f"{100 * entry['converged']:.2f} %")
    return table


def _extras(summary: Summary, solution: str) -> list[Table]:
    """What a referee will ask for: flips of the sign, threats, payments, other breakdowns."""
    found = []
    diagnostics = summary.get("diagnostics", {})
    if diagnostics.get("flips"):
        table = grid(
            "Where the linkage gain changes sign, all else at its median",
            ["", "player", "gains", "value", "quantile"],
            naming=2,
        )
        for flip in diagnostics["flips"]:
            side = "above" if flip["rising"] else "below"
            value, share = f"{flip['value']:.4g}", f"{100 * flip['quantile']:.0f} %"
            table.add_row(flip["parameter"], flip["player"], side, value, share)
        found.append(table)
    if diagnostics.get("threat_cost"):
        table = grid(
            "Carrying out one's own part of the breakdown costs, against a best response",
            ["", *diagnostics["threat_cost"]],
        )
        table.add_row(_unit(summary), *(f"{v:.2f}" for v in diagnostics["threat_cost"].values()))
        found.append(table)
    if diagnostics.get("gain_by_breakdown"):
        gains = diagnostics["gain_by_breakdown"]
        players = list(next(iter(gains.values())))
        table = grid(
            "Gain from linkage at the medians, by where breakdown values come from", ["", *players]
        )
        for kind, found_there in gains.items():
            cells = [found_there[p] for p in players]
            table.add_row(kind, *("none found" if v is None else f"{v:+.3f}" for v in cells))
        found.append(table)
    if diagnostics.get("fixed_points"):
        table = grid("More than one equilibrium of the tables", ["", "share", "walking out, too"])
        for regime, entry in diagnostics["fixed_points"].items():
            cells = [f"{100 * entry[key]:.0f} %" for key in ("several", "no_agreement")]
            table.add_row(f"{label(regime)} ({_draws(entry['draws'])})", *cells)
        found.append(table)
    payments = _payments(diagnostics.get("host_payments", {}))
    if payments.row_count:
        found.append(payments)
    if "linkage_gain_by_breakdown" in summary:
        gains = {k: v[solution] for k, v in summary["linkage_gain_by_breakdown"].items()}
        players = list(next(iter(gains.values())))
        table = grid(f"Gain from linkage by breakdown values, {label(solution)}", ["", *players])
        columns = [_aligned([stats[p] for stats in gains.values()], 3) for p in players]
        for row in zip(gains, *columns, strict=True):
            table.add_row(*row)
        found.append(table)
    return found


def _payments(payments: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """Host-nation payments in proportion, where there is something to set them against."""
    table = grid(
        "Host-nation payments",
        ["", "at", "USD bn/yr", "of presence cost", "of GDP", "USD per soldier"],
        naming=2,
    )

    def cell(value: float | None, times: float, form: str) -> str:
        return "" if value is None else form.format(times * value)

    for at, entries in payments.items():
        for entry in entries:
            if all(entry[key] is None for key in ("over_presence_cost", "over_gdp", "per_soldier")):
                continue
            table.add_row(
                entry["issue"],
                at,
                f"{entry['amount']:.2f}",
                cell(entry["over_presence_cost"], 100.0, "{:.0f} %"),
                cell(entry["over_gdp"], 100.0, "{:.3f} %"),
                cell(entry["per_soldier"], 1e3, "{:,.0f}"),
            )
    return table
