"""The tables of a report: numbers with their standard errors, ready to be laid out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sim.plots.style import percent, plain, regime_label, settled, signed, solution_label
from sim.report.facts import Facts, Stat
from sim.report.words import amount
from sim.results import is_summary

__all__ = ["Cell", "Table", "estimate_cell", "result_tables", "text_cell"]

ABSENT = "–"
"""Stands where a number is not known."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    text : str
    small : str
        Stands behind or below it in small print: a standard error, a range.
    tone : str
        `gain` or `loss` beyond two standard errors, which the sign says too; `absent` where there
        is nothing to say.
    """

    text: str
    small: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption.

    Parameters
    ----------
    name : str
        Identifier in the page.
    title : str
    head : tuple of str
        One a column; the first column labels the rows.
    rows : tuple of tuple of Cell
    note : str
        How to read it.
    words : bool
        Whether it holds text rather than numbers; on a narrow screen rows become cards.
    """

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    words: bool = False

    @property
    def layout(self) -> str:
        """`words`; or `stack` for many columns, where a phone shows labels above numbers."""
        if self.words:
            return "words"
        return "stack" if len(self.head) > 4 else "numbers"


def text_cell(text: object, small: str = "") -> Cell:
    """Return a cell of text, a dash for none."""
    known = text is not None and text != ""
    return Cell(str(text), small) if known else Cell(ABSENT, small, "absent")


def estimate_cell(
    mean: float | None, error: float | None, *, scale: float = 0.0, judged: bool = True
) -> Cell:
    """Return a mean with its standard error; `judged` marks gains and losses."""
    if mean is None or not math.isfinite(mean):
        return Cell(ABSENT)
    value, _, spread = amount(mean, error, scale).partition(" ")
    if not judged:
        return Cell(value.lstrip("+"), spread)
    sure = error is not None and math.isfinite(error) and abs(mean) > max(2.0 * error, 1e-6 * scale)
    return Cell(value, spread, ("gain" if mean > 0.0 else "loss") if sure else "")


def _stat(stat: Stat, *, scale: float = 0.0) -> Cell:
    return estimate_cell(stat["mean"], stat["se"], scale=scale)


def result_tables(facts: Facts) -> list[Table]:
    """Return the tables of the results, those that the run has numbers for."""
    found = [_gains(facts, solution) for solution in facts.solutions if facts.gain(solution)]
    found += [_payoffs(facts), _certain(facts), _side_payments(facts), _domains(facts)]
    found += [_weights(facts), _outcomes(facts), _deals(facts)]
    return [table for table in found if table.rows]


def _gains(facts: Facts, solution: str) -> Table:
    known = facts.gain(solution)
    parts = [p for p in facts.labels("part") if all(p in stat for stat in known.values())]
    scale = {key: facts.scale(key, solution) for key in known}
    rows = [
        (Cell("gain"), *(_stat(stat, scale=scale[key]) for key, stat in known.items())),
        (Cell("5 to 95 % of draws"), *(Cell(_between(s, scale[key])) for key, s in known.items())),
        (Cell("gains in"), *(Cell(percent(s["p_gain"]), _ties(s)) for s in known.values())),
        *(
            (Cell(p), *(_stat(stat[p], scale=scale[key]) for key, stat in known.items()))
            for p in parts
        ),
    ]
    sums = [
        f"gain = {' + '.join(names)}"
        for names in (("logrolling", "coercion", "erosion"), ("leverage", "packaging", "erosion"))
        if set(names) <= set(parts)
    ]
    told = f" In every draw {', and '.join(sums)}." if sums else ""
    return Table(
        name=f"gain-{solution}",
        title=f"Gain from linkage and its parts, {solution_label(solution)}",
        head=("", *(facts.players[key] for key in known)),
        rows=tuple(rows),
        note=f"Payoff if linked less payoff if separate, {facts.unit}, paired draw by draw; mean "
        f"± standard error.{told}",
    )


def _between(stat: Stat, scale: float) -> str:
    low, high = stat["q05"], stat["q95"]
    if low is None or high is None:
        return ABSENT
    return f"{signed(settled(low, scale))} to {signed(settled(high, scale))}"


def _ties(stat: Stat) -> str:
    tied = stat["p_tie"] or 0.0
    return f"no difference in {percent(tied)}" if tied > 0.0 else ""


def _payoffs(facts: Facts) -> Table:
    rows = [
        (
            Cell(regime_label(regime)),
            *(
                _stat(stat, scale=facts.scale(key))
                for key, stat in facts.cell(regime)["payoff_change"].items()
            ),
        )
        for regime in facts.regimes
    ]
    return Table(
        name="payoffs",
        title=f"Payoffs by regime, {solution_label(facts.solution)}",
        head=("", *facts.players),
        rows=tuple(rows),
        note=f"Change from the status quo, {facts.unit}; mean ± standard error.",
    )


def _certain(facts: Facts) -> Table:
    averse = any(facts.scenario.players[key].risk_aversion != 0.0 for key in facts.players)
    return Table(
        name="certain",
        title=f"Certainty equivalents by regime, {solution_label(facts.solution)}",
        head=("", *facts.players),
        rows=_by_regime(facts, "certainty_equivalent") if averse else (),
        note=f"The sure change that a risk-averse player holds for as good, {facts.unit}; it "
        "differs from the payoff where a failed table leaves a lottery.",
    )


def _side_payments(facts: Facts) -> Table:
    rows = _by_regime(facts, "side_payment")
    return Table(
        name="side-payments",
        title=f"Side payments within a front, {solution_label(facts.solution)}",
        head=("", *facts.players),
        rows=tuple(row for row in rows if any(cell.text != "0" for cell in row[1:])),
        note=f"Received after the deal, {facts.unit}; they add up to 0 and are part of the payoffs "
        "above.",
    )


def _by_regime(facts: Facts, variable: str) -> tuple[tuple[Cell, ...], ...]:
    """Return a row a regime of a quantity by player; none if the run does not know it."""
    if variable not in facts.statistics:
        return ()
    array = facts.statistics[variable].sel(solution=facts.solution)
    found = []
    for regime in facts.regimes:
        at = {
            key: array.sel(regime=regime, player=key, statistic=["mean", "se"]).values
            for key in facts.players
        }
        cells = [estimate_cell(*at[key], scale=facts.scale(key)) for key in facts.players]
        found.append((Cell(regime_label(regime)), *cells))
    return tuple(found)


def _shown(facts: Facts, most: int = 3) -> list[str]:
    """Return the regimes of the wide tables: the two compared first."""
    first = [r for r in ("separate", "linked", "trilateral", "joint-front") if r in facts.regimes]
    return (first + [r for r in facts.regimes if r not in first])[:most]


def _domains(facts: Facts) -> Table:
    shown = _shown(facts)
    cells = {r: facts.cell(r).get("payoff_change_by_domain", {}) for r in shown}
    gaps = facts.difference("payoff_change_by_domain", facts.solution)
    domains = facts.labels("domain") if all(cells.values()) else ()
    rows = []
    for key, name in facts.players.items():
        scale = facts.scale(key)
        for n, domain in enumerate(domains):
            stats = [cells[r][key][domain] for r in shown]
            if any(stat["mean"] for stat in stats):
                last = [estimate_cell(*gaps[key][n], scale=scale)] if gaps else []
                values = [_stat(stat, scale=scale) for stat in stats]
                rows.append((Cell(name, domain), *values, *last))
    return Table(
        name="domains",
        title=f"Payoffs by domain, {solution_label(facts.solution)}",
        head=("", *map(regime_label, shown), *(["linked − separate"] if gaps else [])),
        rows=tuple(rows),
        note=f"Change from the status quo, {facts.unit}; the domains of a player add up to its "
        "payoff. Domains without any effect are left out.",
    )


def _weights(facts: Facts) -> Table:
    rows = []
    for solution in facts.solutions:
        both = {
            "with": facts.difference("payoff_change", solution),
            "without": facts.difference("payoff_change_unweighted", solution),
        }
        for label, found in both.items():
            if found:
                cells = [
                    estimate_cell(*found[key], scale=facts.scale(key, solution))
                    for key in facts.players
                ]
                rows.append((Cell(label, solution_label(solution)), *cells))
    return Table(
        name="weights",
        title="Gain from linkage with and without political weights",
        head=("political weights", *facts.players),
        rows=tuple(rows),
        note="With: as governments value it, which is what they bargain by. Without: the same "
        f"outcomes, every dollar counted once. Mean ± standard error, {facts.unit}.",
    )


def _outcomes(facts: Facts) -> Table:
    shown, rows = _shown(facts), []
    means = facts.scenario.means
    for key, label in facts.issues.items():
        issue = facts.scenario.issues.get(key)
        row = [Cell(label, facts.units[key] if facts.units[key] != key else "")]
        for field in ("status_quo", "breakdown"):
            spec = getattr(issue, field) if issue else None
            row.append(Cell(ABSENT if spec is None else plain(_mean(facts, spec, means))))
        ends = [_mean(facts, end, means) for end in issue.range] if issue else [0.0, 0.0]
        wide = ends[1] - ends[0]
        for regime in shown:
            stat = facts.cell(regime)["outcome"][key]
            if None in stat.values():
                row.append(estimate_cell(stat["mean"], stat["se"], judged=False))
                continue
            mean, low, high = (plain(settled(stat[q], wide)) for q in ("mean", "q05", "q95"))
            row.append(Cell(mean, f"{low} to {high}") if high != low else Cell(mean))
        rows.append(tuple(row))
    return Table(
        name="outcomes",
        title=f"What is agreed, {solution_label(facts.solution)}",
        head=("", "status quo", "breakdown", *map(regime_label, shown)),
        rows=tuple(rows),
        note="Means over the draws; in small print what lies between 5 and 95 % of them. Where a "
        "table fails, the outcome is what follows the breakdown.",
    )


def _mean(facts: Facts, spec: object, means: dict[str, float]) -> float:
    return float(facts.scenario.number(spec, means))  # type: ignore[arg-type]


def _deals(facts: Facts) -> Table:
    rows = []
    for regime in facts.regimes:
        tables: dict[str, float] = facts.cell(regime)["agreement"]
        share = facts.deals.get(regime)
        rows.append(
            (
                Cell(regime_label(regime)),
                Cell(ABSENT if share is None else percent(share)),
                text_cell(_listed(tables)),
            )
        )
    return Table(
        name="agreement",
        title=f"Where talks succeed, {solution_label(facts.solution)}",
        head=("", f"every table{', at most' * is_summary(facts.result)}", "table by table"),
        rows=tuple(rows),
        note="Share of draws with a deal.",
        words=True,
    )


def _listed(tables: dict[str, float]) -> str:
    return join(f"{name} {percent(share)}" for name, share in tables.items())


def join(texts: Iterable[str] | Sequence[str]) -> str:
    """Return texts with semicolons between."""
    return "; ".join(texts)
