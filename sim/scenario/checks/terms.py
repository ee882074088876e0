"""Checks of payoff terms: names of players and issues, shares, shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

from sim.scenario.checks.context import Context, Finding
from sim.scenario.checks.world import check_world
from sim.scenario.distributions import Distribution
from sim.scenario.names import listed, nearest
from sim.scenario.nodes import Path
from sim.scenario.terms import (
    Concession,
    Deterrence,
    Interaction,
    Market,
    Parity,
    Piecewise,
    Power,
    Precedent,
    Presence,
    QuadraticLoss,
    Term,
    Transfer,
)
from sim.scenario.world import GeneralEquilibrium

__all__ = ["indifferent", "payoffs", "ratifiers"]

SHARES_TOLERANCE = 1e-9


def payoffs(context: Context) -> Iterator[Finding]:
    """Every term names known players and issues, and its numbers fit together."""
    for name, term in context.scenario.payoffs.items():
        yield from check_term(context, term, ("payoffs", name))


def ratifiers(context: Context) -> Iterator[Finding]:
    """A ratifier belongs to a player, feels known terms, and has sound ones of its own."""
    for name, ratifier in context.scenario.ratifiers.items():
        path = ("ratifiers", name)
        yield from context.name(ratifier.player, context.players, (*path, "player"), "player")
        for term in ratifier.stakes:
            yield from context.name(
                term, context.payoffs, (*path, "stakes", term), "payoff term", kind="key"
            )
        for key, own in ratifier.payoffs.items():
            yield from check_term(context, own, (*path, "payoffs", key))


def check_term(context: Context, term: Term, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with one term at `path`."""
    if isinstance(term, Market):
        yield from _market(context, term, path)
        return
    if isinstance(term, GeneralEquilibrium):
        yield from check_world(context, term, path)
        return
    subject = (*path, term.kind)
    for n, issue in enumerate(term.issues):
        several = isinstance(term, Parity | Interaction)
        yield from context.name(
            issue, context.issues, (*subject, n) if several else subject, "issue"
        )
    if isinstance(term, Parity | Interaction) and term.issues[0] == term.issues[1]:
        yield Finding(subject, f"names {term.issues[0]!r} twice; two different issues are needed")
    if isinstance(term, Deterrence | Presence | Concession | Power):
        yield from _not_negative(context, term, subject)
    yield from _players(context, term, path)
    if isinstance(term, QuadraticLoss) and set(term.weights) != set(term.ideals):
        odd = sorted(set(term.weights) ^ set(term.ideals))
        yield Finding(
            (*path, "ideals"), f"weights and ideals name different players: {listed(odd)}"
        )
    if isinstance(term, Piecewise):
        yield from _points(term, path)


def _players(context: Context, term: Term, path: Path) -> Iterator[Finding]:
    """Check every mapping by player, and the single players that a term names."""
    for field in (
        "stakes",
        "reputation",
        "abandonment",
        "entrapment",
        "weights",
        "ideals",
        "points",
    ):
        value = getattr(term, field, None)
        if isinstance(value, Mapping):
            yield from context.player_names(dict(value), (*path, field))
            if not value and field in {"stakes", "weights", "points"}:
                yield Finding((*path, field), f"is empty; players: {listed(context.players)}")
    if isinstance(term, Deterrence):
        for name in term.spill_in:
            yield from context.name(
                name, context.issues, (*path, "spill_in", name), "issue", kind="key"
            )
            if name == term.deterrence:
                yield Finding((*path, "spill_in", name), "these troops count already", "key")
    if isinstance(term, Presence | Precedent):
        yield from context.name(term.player, context.players, (*path, "player"), "player")
    if isinstance(term, Parity):
        yield from context.player_names(term.players, (*path, "players"))
    if isinstance(term, Transfer | Concession):
        yield from context.name(term.from_, context.players, (*path, "from"), "player")
        yield from context.name(term.to, context.players, (*path, "to"), "player")
        if term.from_ == term.to:
            yield Finding((*path, "to"), f"goes from {term.to!r} to itself; name two players")


def _not_negative(context: Context, term: Term, path: Path) -> Iterator[Finding]:
    issue = context.scenario.issues.get(term.issues[0])
    low = None if issue is None else context.limits(issue.range[0])
    if low is not None and low[0] < 0:
        reach = f"{low[0]:g}" if math.isfinite(low[0]) else "without end"
        message = f"needs an issue that is never negative; {term.issues[0]} begins at {reach}"
        yield Finding(path, message)


def _points(term: Piecewise, path: Path) -> Iterator[Finding]:
    for player, points in term.points.items():
        where = (*path, "points", player)
        if len(points) < 2:
            yield Finding(where, "needs two points or more")
        for n, (left, right) in enumerate(pairwise(points), start=1):
            if right[0] <= left[0]:
                yield Finding(
                    (*where, n),
                    f"x must rise from point to point; {right[0]:g} follows {left[0]:g}",
                )


# ---- markets ------------------------------------------------------------------------------------


def _market(context: Context, term: Market, path: Path) -> Iterator[Finding]:
    yield from context.name(term.market, context.players, (*path, "market"), "player")
    yield from _shares(context, term, path)
    for name, supplier in term.suppliers.items():
        where = (*path, "suppliers", name)
        if name == term.market and supplier.tariff is not None:
            yield Finding(
                (*where, "tariff"), "the importer's own producers pay no tariff; leave it out"
            )
        elif supplier.tariff is None and name != term.market in context.players:
            yield Finding(
                (*where, "tariff"), "is missing: an issue, a number or a parameter", "missing"
            )
        yield from _tariff(context, term, name, where)


def _tariff(context: Context, term: Market, name: str, where: Path) -> Iterator[Finding]:
    """A tariff is above -100 %; a supplier that is nobody may be a player's name misspelt."""
    tariff = term.suppliers[name].tariff
    issue = context.scenario.issues.get(tariff) if isinstance(tariff, str) else None
    if issue is None:
        return
    low = context.limits(issue.range[0])
    if low is not None and low[0] <= -1:
        yield Finding((*where, "tariff"), f"a tariff must be above -1; {tariff} can be {low[0]:g}")
    left_out = [p for p in issue.parties if p not in term.suppliers and p != term.market]
    if name not in context.players and left_out:
        yield Finding(
            where,
            f"{name!r} is no player, so nobody earns its profits{nearest(name, left_out)}",
            "key",
            warning=True,
        )


def _shares(context: Context, term: Market, path: Path) -> Iterator[Finding]:
    where = (*path, "suppliers")
    values = [context.value(s.share) for s in term.suppliers.values()]
    if not values:
        yield Finding(where, "names no supplier; one or more are needed")
    elif any(isinstance(v, Distribution) for v in values):
        yield Finding(where, "shares must be plain numbers: uncertain ones would not add to 1")
    elif all(isinstance(v, float) for v in values):
        total = math.fsum(v for v in values if isinstance(v, float))
        if abs(total - 1) > SHARES_TOLERANCE:
            yield Finding(where, f"shares must add to 1, they add to {total:.10g}")


# ---- warnings -----------------------------------------------------------------------------------


def indifferent(context: Context) -> Iterator[Finding]:
    """An issue that no payoff depends on, or a player whom nothing concerns, is probably a slip."""
    scenario = context.scenario
    own = [term for ratifier in scenario.ratifiers.values() for term in ratifier.payoffs.values()]
    named: set[str] = set()
    concerned: set[str] = set()
    for term in [*scenario.payoffs.values(), *own]:
        named.update(term.issues)
        named.update(getattr(term, "spill_in", ()))
        for field in (
            "stakes",
            "weights",
            "points",
            "players",
            "suppliers",
            "entrapment",
            "regions",
        ):
            value = getattr(term, field, ())
            concerned.update(value if isinstance(value, Mapping | tuple) else ())
        for field in ("market", "player", "from_", "to"):
            concerned.add(getattr(term, field, ""))
    for name in scenario.issues:
        if name not in named:
            yield Finding(("issues", name), "no payoff depends on this issue", "key", warning=True)
    for name in scenario.players:
        if name not in concerned:
            yield Finding(("players", name), "no payoff concerns this player", "key", warning=True)
