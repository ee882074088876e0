"""Checks of regimes: names, coverage of the issues, circles, orders, fronts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sim.scenario.checks.context import Context, Finding
from sim.scenario.names import LEFT_OUT, listed, nearest, repeated
from sim.scenario.negotiations import STANDARD_REGIMES, Front, Regime
from sim.scenario.nodes import Path
from sim.scenario.tables import TableShape, dyads, standard_tables

__all__ = ["circles", "regimes", "simulation"]


def regimes(context: Context) -> Iterator[Finding]:
    """Every regime names known things, and settles every issue once."""
    for name, regime in context.scenario.regimes.items():
        path = ("regimes", name)
        yield from _names(context, name, regime, path)
        if regime.tables is not None:
            yield from _tables(context, regime, path)
        if regime.order is not None and context.whole:
            yield from _order(context, regime, path)
        if regime.front is not None:
            yield from _front(context, regime.front, (*path, "front"))
        if regime.breakdown == "variable" and not context.scenario.threats:
            yield Finding(
                (*path, "breakdown"), "variable needs a block `threats:` with the threats"
            )


def _names(context: Context, name: str, regime: Regime, path: Path) -> Iterator[Finding]:
    if regime.like is not None:
        yield from context.name(regime.like, context.regimes, (*path, "like"), "regime")
    elif name not in STANDARD_REGIMES and regime.tables is None:
        close = nearest(name, STANDARD_REGIMES, cutoff=0.8)
        if close:
            message = f"is no standard regime{close} If it is new, say what it is `like:`"
            yield Finding(path, message, "key")
    if name.startswith("trilateral") and name not in context.standard_regimes:
        yield Finding(path, "needs issues between more than one set of players", "key")
    if name == "joint-front" and regime.front is None:
        yield Finding((*path, "front"), "is missing: the members of the front", "missing")
    if regime.disagreement not in {None, "breakdown"}:
        known = ["breakdown", *context.regimes]
        yield from context.name(regime.disagreement or "", known, (*path, "disagreement"), "regime")
    for field in ("audience_cost", "weights"):
        by_player = getattr(regime, field)
        if by_player is not None:
            yield from context.player_names(dict(by_player), (*path, field))


def circles(context: Context) -> Iterator[Finding]:
    """What a regime starts from, or falls back on, does not lead back to itself."""
    declared = context.scenario.regimes
    for field in ("like", "disagreement"):
        for name in declared:
            seen = [name]
            step = getattr(declared[name], field)
            while step in declared and step not in seen:
                seen.append(step)
                step = getattr(declared[step], field)
            own = field == "like" and seen == [name] and name in STANDARD_REGIMES
            if step == name and not own:
                route = " -> ".join([*seen, name])
                yield Finding(("regimes", name, field), f"goes round in a circle: {route}")


def _tables(context: Context, regime: Regime, path: Path) -> Iterator[Finding]:
    settled: Counter[str] = Counter()
    for key, table in (regime.tables or {}).items():
        where = (*path, "tables", key)
        settled.update(table.issues)
        yield from context.player_names(table.parties, (*where, "parties"))
        if len(set(table.parties)) < 2 and LEFT_OUT not in table.parties:
            yield Finding((*where, "parties"), "two different players or more sit at a table")
        for n, issue in enumerate(table.issues):
            yield from context.name(issue, context.issues, (*where, "issues", n), "issue")
            stated = context.scenario.issues.get(issue)
            absent = [p for p in stated.parties if p not in table.parties] if stated else []
            if absent:
                yield Finding(
                    (*where, "issues", n), f"{issue} cannot be settled without {listed(absent)}"
                )
        if not isinstance(table.falls, str):
            for n, issue in enumerate(table.falls):
                yield from context.name(issue, context.issues, (*where, "falls", n), "issue")
    twice = [issue for issue, count in settled.items() if count > 1]
    if twice:
        yield Finding((*path, "tables"), f"settles more than once: {listed(twice)}")
    left = [issue for issue in context.issues if issue not in settled]
    if left:
        yield Finding(
            (*path, "tables"), f"leaves unsettled: {listed(left)}; every issue needs a table"
        )


def _order(context: Context, regime: Regime, path: Path) -> Iterator[Finding]:
    tables = _shapes(context, regime)
    seen: dict[str, str] = {}
    for n, stage in enumerate(regime.order or ()):
        for m, name in enumerate(stage):
            where = (*path, "order", n, m)
            if name not in tables and name not in context.players:
                yield from context.name(name, [*tables, *context.players], where, "table or player")
            elif name in seen:
                yield Finding(where, f"{name} comes twice; a table is settled once")
            seen[name] = name


def _shapes(context: Context, regime: Regime) -> dict[str, TableShape]:
    """Return the tables that a regime may order: its own, or those of what it starts from."""
    scenario = context.scenario
    seen: set[str] = set()
    start: Regime | None = regime
    while start is not None:
        if start.tables is not None:
            return {k: TableShape(t.parties, t.issues) for k, t in start.tables.items()}
        if start.like is None or start.like in seen:
            break
        seen.add(start.like)
        start = scenario.regimes.get(start.like)
    return standard_tables(scenario)


def _front(context: Context, front: Front, path: Path) -> Iterator[Finding]:
    yield from context.player_names(front.members, (*path, "members"))
    if len(set(front.members)) < 2 and LEFT_OUT not in front.members:
        yield Finding((*path, "members"), "a front has two different members or more")
    elif set(front.members) >= set(context.players):
        yield Finding((*path, "members"), "everybody is a member: nobody is left to bargain with")
    if front.division == "shapley" and len(set(front.members)) > 2:
        yield Finding(
            (*path, "division"), "shapley is for a front of two; allowed: none, equal-gains"
        )
    for name in front.shares:
        if name not in front.members:
            yield Finding(
                (*path, "shares", name), f"{name!r} is no member: {listed(front.members)}", "key"
            )


def simulation(context: Context) -> Iterator[Finding]:
    """What is to be simulated exists, and is named once."""
    simulate = context.scenario.simulate
    for n, name in enumerate(simulate.regimes or ()):
        yield from context.name(name, context.regimes, ("simulate", "regimes", n), "regime")
    numbers = {*context.parameters, *(u.name for u in context.scenario.uncertain)}
    for n, name in enumerate(simulate.important):
        yield from context.name(name, numbers, ("simulate", "important", n), "parameter")
    lists = {
        ("simulate", "regimes"): simulate.regimes,
        ("simulate", "solutions"): simulate.solutions,
        ("simulate", "important"): simulate.important or None,
        ("solutions",): context.scenario.solutions,
    }
    for path, names in lists.items():
        if names is not None and not names:
            yield Finding(path, "is empty; leave it out for all")
        double = repeated(names or ())
        if double:
            yield Finding(path, f"names twice: {listed(double)}")
    several = [label for label, t in dyads(context.scenario).items() if len(t.parties) > 2]
    for solution in ("perles_maschler", "raiffa"):
        if several and solution in context.scenario.solutions:
            yield Finding(
                ("solutions",),
                f"{solution} is for two parties; {several[0]} has more",
                warning=True,
            )
