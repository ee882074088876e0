"""Checks of `general_equilibrium`: tables that fit together, known regions, players and issues."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.scenario.checks.context import Context, Finding
from sim.scenario.names import LEFT_OUT, listed, nearest, repeated
from sim.scenario.nodes import Path
from sim.scenario.world import GeneralEquilibrium, WorldData

__all__ = ["check_world"]


def check_world(context: Context, term: GeneralEquilibrium, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with a `general_equilibrium` term at `path`."""
    yield from _data(term.general_equilibrium, (*path, term.kind))
    yield from _regions(context, term, path)
    yield from _tariffs(context, term, path)


def _data(data: WorldData, path: Path) -> Iterator[Finding]:
    """Every region has its output and a number for its trade with every other one."""
    trade, gdp = data.trade, data.gdp
    if len(trade) < 2:
        yield Finding((*path, "trade"), "must hold two regions or more")
    for exporter, row in trade.items():
        where = (*path, "trade", exporter)
        missing = [name for name in trade if name != exporter and name not in row]
        if missing:
            yield Finding(where, f"must say what goes to every other region; no {listed(missing)}")
        for importer in row:
            if importer not in trade:
                message = f"unknown region {importer!r}{nearest(importer, trade)}; exporters: "
                yield Finding((*where, importer), message + listed(trade), "key")
        if exporter not in gdp:
            yield Finding((*path, "gdp"), f"says nothing of {exporter}; regions: {listed(gdp)}")
            continue
        sold = math.fsum(value for name, value in row.items() if name != exporter)
        if gdp[exporter] <= sold:
            yield Finding(
                (*path, "gdp", exporter),
                f"must exceed its exports to other regions, {sold:g}, but is {gdp[exporter]:g}",
            )


def _regions(context: Context, term: GeneralEquilibrium, path: Path) -> Iterator[Finding]:
    known = term.general_equilibrium.trade
    where = (*path, "regions")
    if not term.regions:
        yield Finding(where, f"is empty; players: {listed(context.players)}")
    yield from context.player_names(dict(term.regions), where)
    for player, region in term.regions.items():
        yield from context.name(region, known, (*where, player), "region")
    for region in repeated(term.regions.values()):
        yield Finding(where, f"gives {region} to two players; each region has one at most")
    for field, weights in (("income", term.income), ("revenue", term.revenue)):
        for player in weights:
            yield from context.name(
                player, term.regions, (*path, field, player), "player with a region", kind="key"
            )


def _tariffs(context: Context, term: GeneralEquilibrium, path: Path) -> Iterator[Finding]:
    known = term.general_equilibrium.trade
    if not term.tariffs:
        yield Finding((*path, "tariffs"), "is empty; name at least one tariff that is an issue")
    seen: set[tuple[str, str]] = set()
    for n, tariff in enumerate(term.tariffs):
        where = (*path, "tariffs", n)
        pair = (tariff.exporter, tariff.importer)
        yield from context.name(tariff.exporter, known, (*where, "exporter"), "region")
        yield from context.name(tariff.importer, known, (*where, "importer"), "region")
        yield from context.name(tariff.issue, context.issues, (*where, "issue"), "issue")
        if LEFT_OUT not in pair and pair[0] == pair[1]:
            yield Finding((*where, "importer"), "a region levies no tariff on its own goods")
        elif LEFT_OUT not in pair and pair in seen:
            message = f"the tariff of {pair[1]} on {pair[0]} stands here twice"
            yield Finding((*where, "exporter"), message)
        seen.add(pair)
        issue = context.scenario.issues.get(tariff.issue)
        low = None if issue is None else context.limits(issue.range[0])
        if low is not None and low[0] <= -1:
            message = f"a tariff must be above -1; {tariff.issue} can be {low[0]:g}"
            yield Finding((*where, "issue"), message)
