"""Everything that was assumed: its value or range, why, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from sim.plots.style import plain
from sim.report.facts import Facts
from sim.report.tables import ABSENT, Cell, Table, join, text_cell
from sim.scenario.numbers import Inline
from sim.scenario.walk import Sourced, figure

__all__ = ["assumption_tables", "unsourced"]

_REGIMES = {
    "separate": "A table per pair of players and file; if it fails, its own issues break down.",
    "threat-linked": "Tables as if separate, but one failure brings down all issues of the pair.",
    "linked-by-consent": "One table per pair; if it fails, the separate outcome stands.",
    "linked": "One table per pair; if it fails, all of its issues break down.",
    "linked-without-erosion": "As linked, while protection keeps its whole credibility.",
    "trilateral": "One table for all; if it fails, everything breaks down.",
    "trilateral-weighted": "As trilateral, the common partner with a weight for each ally.",
    "joint-front": "The allies bargain as one party.",
}
_UNSOURCED = "no source given: a judgement"
_KINDS = ("parameters", "issues", "payoffs", "regimes", "players")


def assumption_tables(facts: Facts) -> list[Table]:
    """Return the tables of players, issues, parameters, payoffs, regimes and all else."""
    found = [
        _parameters(facts),
        _further_ranges(facts),
        _correlations(facts),
        _issues(facts),
        _payoffs(facts),
        _players(facts),
        _regimes(facts),
        _others(facts),
    ]
    return [table for table in found if table.rows]


def unsourced(facts: Facts) -> tuple[int, int]:
    """Return how many parameters rest on judgement alone, and how many there are."""
    known = facts.scenario.parameters.values()
    bare = [p for p in known if not p.source or p.source.strip().lower().startswith("judg")]
    return len(bare), len(known)


def _parameters(facts: Facts) -> Table:
    rows = []
    for name, parameter in facts.scenario.parameters.items():
        value = parameter.value
        shown = _range(value) if isinstance(value, Inline) else Cell(figure(value))
        rows.append(
            (
                Cell(name, parameter.label or ""),
                Cell(shown.text, _joined(shown.small, parameter.unit)),
                text_cell(parameter.why),
                Cell(parameter.source or _UNSOURCED),
            )
        )
    return Table(
        name="parameters",
        title="Parameters",
        head=("parameter", "value or range", "why", "source"),
        rows=tuple(rows),
        note="Of an uncertain parameter the median, the range between its 5 and 95 % quantiles and "
        "the distribution.",
        words=True,
    )


def _range(value: Inline) -> Cell:
    low, middle, high = (plain(float(q)) for q in value.distribution.ppf(np.array(_LEVELS)))
    return Cell(f"{middle} ({low} to {high})", str(value.distribution))


_LEVELS = [0.05, 0.5, 0.95]


def _joined(*texts: str | None) -> str:
    return ", ".join(text for text in texts if text)


def _further_ranges(facts: Facts) -> Table:
    """Return the uncertain numbers that stand elsewhere than under `parameters`."""
    rows = tuple(
        (Cell(item.name), Cell(*_spread(item.distribution)))
        for item in facts.scenario.uncertain
        if item.name not in facts.scenario.parameters
    )
    return Table("ranges", "Further uncertain numbers", ("number", "range"), rows, words=True)


def _spread(distribution: object) -> tuple[str, str]:
    cell = _range(Inline(distribution))  # type: ignore[arg-type]
    return cell.text, cell.small


def _correlations(facts: Facts) -> Table:
    kind = facts.scenario.correlation_kind
    rows = tuple(
        (Cell(f"{first} with {second}"), Cell(plain(value)))
        for first, second, value in facts.scenario.correlations
    )
    note = "All other uncertain numbers are independent."
    return Table("correlations", f"Correlations ({kind})", ("pair", "value"), rows, note)


def _issues(facts: Facts) -> Table:
    rows = []
    for name, issue in facts.scenario.issues.items():
        low, high = (figure(end) for end in issue.range)
        asked = [
            f"{field} {figure(spec)}"
            for field, spec in (("demand", issue.demand), ("offer", issue.offer))
            if spec is not None
        ]
        about = _joined(name, "–".join(issue.parties), f"{issue.track} file", issue.domain)
        rows.append(
            (
                Cell(issue.label or name, about),
                Cell(f"{low} to {high}" if low != high else f"fixed at {low}", issue.unit or ""),
                Cell(figure(issue.status_quo)),
                Cell(figure(issue.breakdown), join(asked)),
                Cell(join(t for t in (issue.source or _UNSOURCED, issue.note) if t)),
            )
        )
    return Table(
        name="issues",
        title="Issues",
        head=("issue", "what a deal can set", "status quo", "if talks fail", "source"),
        rows=tuple(rows),
        words=True,
    )


def _payoffs(facts: Facts) -> Table:
    sourced = {item.path: item for item in facts.scenario.sources}
    names = {*facts.scenario.parameters, *facts.scenario.issues}
    rows = []
    for name, term in facts.scenario.payoffs.items():
        told = sourced.get(f"payoffs.{name}") or _stated(f"payoffs.{name}", term)
        label = getattr(term, "label", None)
        about = _joined(label, f"{term.kind}, {facts.scenario.domain_of(term)}")
        why, source = _origin(told)
        if not told.source and any(text not in names for _, text in told.figures):
            source = Cell(_UNSOURCED)
        rows.append((Cell(name, about), Cell(_figures(told)), why, source))
    return Table(
        name="terms",
        title="What an outcome is worth",
        head=("payoff term", "numbers", "why", "source"),
        rows=tuple(rows),
        note="A payoff is the sum of its terms; a name stands for the parameter above.",
        words=True,
    )


def _stated(path: str, block: object) -> Sourced:
    from sim.scenario.walk import numbers

    given: set[str] = getattr(block, "model_fields_set", set())
    figures = tuple(
        (".".join(map(str, where)), figure(number))
        for where, number in numbers(block)
        if str(where[0]) in given or f"{where[0]}_" in given
    )
    return Sourced(path, path, figures)


def _figures(item: Sourced) -> str:
    return join(f"{field}: {value}" for field, value in item.figures) or ABSENT


def _origin(item: Sourced) -> tuple[Cell, Cell]:
    return text_cell(item.why), text_cell(item.source)


def _players(facts: Facts) -> Table:
    rows = []
    for key, player in facts.scenario.players.items():
        about = [
            f"{text} {figure(spec)}"
            for text, spec in (
                ("GDP", player.gdp),
                ("bargaining weight", player.weight),
                ("risk aversion", player.risk_aversion),
                ("discount rate", player.discount_rate),
            )
            if spec is not None
        ]
        origin = join(t for t in (player.source, player.note) if t)
        rows.append((Cell(player.name or key, key), Cell(join(about)), text_cell(origin)))
    return Table(
        "players", "Players", ("player", "figures", "source"), tuple(rows), _GDP, words=True
    )


_GDP = "GDP in USD bn per year; a weight of 1 and a risk aversion of 0 unless said otherwise."


def _regimes(facts: Facts) -> Table:
    rows = []
    for name in facts.regimes:
        stated = facts.scenario.regimes.get(name)
        fields = stated.model_dump(exclude_unset=True) if stated else {}
        rest = {k: v for k, v in fields.items() if k not in ("label", "note", "source")}
        text = (stated and stated.label) or _REGIMES.get(name) or _like(fields)
        origin = join(str(fields[k]) for k in ("source", "note") if fields.get(k))
        rows.append((Cell(name, text), text_cell(join(_flat(rest))), text_cell(origin)))
    return Table("regimes", "Regimes", ("regime", "as stated", "source"), tuple(rows), words=True)


def _like(fields: Mapping[str, object]) -> str:
    start = fields.get("like", "linked")
    return f"Stated by the scenario, starting from {start}."


def _flat(value: object, path: str = "") -> Iterator[str]:
    """Yield `field: value` for every leaf."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        texts = [t for inner in value for t in _flat(inner)]
        yield f"{path}: [{', '.join(texts)}]" if path else f"[{', '.join(texts)}]"
    elif value is not None:
        text = f"{value:g}" if isinstance(value, float) else str(value)
        yield f"{path}: {text}" if path else text


def _others(facts: Facts) -> Table:
    """Return what has a source or a reason and stands in none of the tables above."""
    rows = []
    for item in facts.scenario.sources:
        if item.path.split(".")[0] in _KINDS:
            continue
        told = Cell(_figures(item), item.unit or "")
        rows.append((Cell(item.label, item.path), told, *_origin(item)))
    return Table(
        name="others",
        title="Everything else with a reason or a source",
        head=("assumption", "value", "why", "source"),
        rows=tuple(rows),
        words=True,
    )
