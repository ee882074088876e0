"""Checks of stances, talks, beliefs, enforcement and threats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping

from sim.scenario.checks.context import Context, Finding
from sim.scenario.equilibria import Belief, Crisis, SecondOffer, StanceOutcome, Stances, Talks
from sim.scenario.names import listed, repeated
from sim.scenario.nodes import Path
from sim.scenario.tables import TableShape, dyads, table_shapes

__all__ = ["beliefs", "enforcement", "stances", "talks", "threats"]

MOST_PROFILES = 10_000
MOST_EVENTS = 6


def stances(context: Context) -> Iterator[Finding]:
    """Every profile of stances leads somewhere, by known names."""
    block = context.scenario.stances
    if block is None:
        return
    path: Path = ("stances",)
    yield from context.player_names(dict(block.players), (*path, "players"))
    for player, own in block.players.items():
        if not own:
            yield Finding((*path, "players", player), "lists no stance; one or more are needed")
        if repeated(own):
            yield Finding((*path, "players", player), f"lists twice: {listed(repeated(own))}")
    for n, outcome in enumerate(block.outcomes):
        yield from _outcome(context, block, outcome, (*path, "outcomes", n))
    yield from _coverage(block, path)


def _outcome(
    context: Context, block: Stances, outcome: StanceOutcome, path: Path
) -> Iterator[Finding]:
    for player, stance in outcome.when.items():
        where = (*path, "when", player)
        if player not in block.players:
            yield from context.name(player, block.players, where, "player with stances", kind="key")
        else:
            yield from context.name(stance, block.players[player], where, f"stance of {player}")
    groups = {"all", *context.players, *dyads(context.scenario)}
    for field in ("regime", "delay") if context.whole else ():
        for key in getattr(outcome, field):
            yield from context.name(
                key, groups, (*path, field, key), "player or pair of players", kind="key"
            )
    if context.whole:
        yield from _claimed(context, outcome, (*path, "regime"))
    for key, regime in outcome.regime.items():
        yield from context.name(regime, context.regimes, (*path, "regime", key), "regime")
    yield from context.player_names(dict(outcome.costs), (*path, "costs"))


def _claimed(context: Context, outcome: StanceOutcome, path: Path) -> Iterator[Finding]:
    """Every issue has a regime, and none lies between two players with a regime of their own."""
    for pair, table in dyads(context.scenario).items():
        if not {"all", pair, *table.parties} & set(outcome.regime):
            yield Finding(path, f"no regime for {pair}: {listed(table.issues)}")
    allies = [key for key in outcome.regime if key in context.players]
    for issue, stated in context.scenario.issues.items():
        both = [ally for ally in allies if ally in stated.parties]
        if len(both) > 1:
            pairs = ", ".join(f"{pair}: ..." for pair in dyads(context.scenario))
            yield Finding(
                path,
                f"{issue} is between {listed(both)}, and would be settled under the regime of "
                f"each; give regimes by pair: {{{pairs}}}",
            )
            return


def _fits(outcome: StanceOutcome, profile: Mapping[str, str]) -> bool:
    return all(profile.get(player) == stance for player, stance in outcome.when.items())


def _coverage(block: Stances, path: Path) -> Iterator[Finding]:
    """The first outcome that fits a profile holds: each profile has one, each outcome a profile."""
    names = list(block.players)
    size = math.prod(len(block.players[name]) for name in names)
    if size > MOST_PROFILES:
        yield Finding((*path, "players"), f"{size} profiles; at most {MOST_PROFILES} are computed")
        return
    reached: set[int] = set()
    open_profiles: list[str] = []
    for choice in itertools.product(*(block.players[name] for name in names)):
        profile = dict(zip(names, choice, strict=True))
        first = next((n for n, o in enumerate(block.outcomes) if _fits(o, profile)), None)
        if first is None:
            open_profiles.append(", ".join(f"{p} {s}" for p, s in profile.items()))
        else:
            reached.add(first)
    if open_profiles:
        yield Finding(
            (*path, "outcomes"),
            f"no outcome for {len(open_profiles)} profile(s), the first is: {open_profiles[0]}",
        )
    for n in range(len(block.outcomes)):
        if n not in reached and size:
            yield Finding(
                (*path, "outcomes", n),
                "no profile leads here: earlier ones fit first",
                warning=True,
            )


def _tables(context: Context) -> dict[str, TableShape]:
    """Return the tables by name; where a player or an issue is at fault, of unknown shape."""
    if context.whole:
        return table_shapes(context.scenario)
    named = [*context.scenario.talks, *context.scenario.beliefs]
    return {name: TableShape(context.players, context.issues) for name in named}


def talks(context: Context) -> Iterator[Finding]:
    """Talks are at a known table, between its parties, with a rate for each."""
    tables = _tables(context)
    for name, block in context.scenario.talks.items():
        path = ("talks", name)
        if name not in tables:
            yield from context.name(name, tables, path, "table", kind="key")
            continue
        parties = tables[name].parties
        for n, proposer in enumerate(block.proposers or ()):
            yield from context.name(proposer, parties, (*path, "proposers", n), f"party of {name}")
        if context.whole and block.proposers is not None:
            yield from _proposers(block, parties, (*path, "proposers"))
        for field in ("rates", "outside_options"):
            for player in getattr(block, field):
                yield from context.name(
                    player, parties, (*path, field, player), f"party of {name}", kind="key"
                )
        if context.whole:
            yield from _rates(context, block, parties, path)
        yield from _interval(context, block, (*path, "interval"))
        yield from _events(context, block, path)


def _proposers(block: Talks, parties: tuple[str, ...], path: Path) -> Iterator[Finding]:
    """Every party proposes; without a last offer, once a round of turns."""
    given = block.proposers or ()
    if set(given) != set(parties):
        yield Finding(path, f"every party proposes: {listed(parties)}")
    elif block.horizon is None and repeated(given):
        yield Finding(path, f"names twice: {listed(repeated(given))}; that needs a horizon")


def _interval(context: Context, block: Talks, path: Path) -> Iterator[Finding]:
    """With a last offer the rounds have the same dates in every draw."""
    limits = context.limits(block.interval)
    if block.horizon is not None and limits is not None and limits[0] < limits[1]:
        yield Finding(path, "must be one number where there is a horizon: rounds have dates")


def _rates(
    context: Context, block: Talks, parties: tuple[str, ...], path: Path
) -> Iterator[Finding]:
    for player in parties:
        own = context.scenario.players.get(player)
        rate = block.rates.get(player, None if own is None else own.discount_rate)
        if rate is None and own is not None:
            yield Finding(
                (*path, "rates"), f"no rate for {player}, here or as its discount_rate", "missing"
            )
            continue
        limits = context.limits(rate)
        if limits is not None and limits[1] <= 0:
            yield Finding((*path, "rates"), f"{player} needs a rate above 0")


def _events(context: Context, block: Talks, path: Path) -> Iterator[Finding]:
    if block.events and block.horizon is None:
        yield Finding((*path, "horizon"), "is missing: events need a number of offers", "missing")
    if len(block.events) > MOST_EVENTS:
        said = f"{len(block.events)} events; at most {MOST_EVENTS} are computed"
        yield Finding((*path, "events"), said)
    as_of = context.scenario.as_of
    if block.events and as_of is None:
        yield Finding((*path, "events"), "events need the date that talks start at: `as_of:`")
    for n, event in enumerate(block.events):
        where = (*path, "events", n)
        if as_of is not None and event.date < as_of:
            yield Finding((*where, "date"), f"lies before the case, which is as of {as_of}")
        for name in event.set:
            yield from context.name(
                name, context.parameters, (*where, "set", name), "parameter", kind="key"
            )


def beliefs(context: Context) -> Iterator[Finding]:
    """An offer is between the two parties of a known table; beliefs add to 1."""
    tables = _tables(context)
    for name, block in context.scenario.beliefs.items():
        path = ("beliefs", name)
        if name not in tables:
            yield from context.name(name, tables, path, "table", kind="key")
            continue
        table = tables[name]
        for field in ("proposer", "responder"):
            player = getattr(block, field)
            yield from context.name(player, table.parties, (*path, field), f"party of {name}")
        if block.proposer == block.responder:
            yield Finding((*path, "responder"), "must differ from the proposer")
        if context.whole and len(table.parties) != 2:
            yield Finding(path, f"has {len(table.parties)} parties; an offer is to one of two")
        yield from _types(block, path)
        if block.second_offer is not None:
            yield from _second_offer(context, block, block.second_offer, (*path, "second_offer"))
        if block.crisis is not None:
            yield from _crisis(context, block.crisis, table, (*path, "crisis"))


def _types(block: Belief, path: Path) -> Iterator[Finding]:
    if bool(block.types) == (block.resolve is not None):
        yield Finding(path, "give either types or the distribution of resolve", "key")
    if block.types:
        total = math.fsum(t.probability for t in block.types)
        if abs(total - 1) > 1e-6:
            yield Finding((*path, "types"), f"probabilities must add to 1, they add to {total:.6g}")
        twice = repeated(t.name for t in block.types)
        if twice:
            yield Finding((*path, "types"), f"names twice: {listed(twice)}")


def _second_offer(
    context: Context, block: Belief, offer: SecondOffer, path: Path
) -> Iterator[Finding]:
    """Two types of different resolve, and a price of waiting for both players."""
    if len(block.types) != 2:
        yield Finding(path, "needs two types of opponent, under `types:`", "key")
    elif block.types[0].resolve == block.types[1].resolve:
        yield Finding((*path[:-1], "types"), "must differ in resolve, or no type is the weaker")
    if block.menu == "lottery":
        yield Finding((*path[:-1], "menu"), "a menu of lotteries is one offer: `single` is allowed")
    parties = (block.proposer, block.responder)
    for player in offer.discount_factor:
        where = (*path, "discount_factor", player)
        yield from context.name(player, parties, where, "proposer or responder", kind="key")
    patient = [p for p in parties if p not in offer.discount_factor]
    yield from _impatience(context, patient, path)


def _impatience(context: Context, players: Collection[str], path: Path) -> Iterator[Finding]:
    """Waiting costs every one of these players something in every draw."""
    for name in players:
        player = context.scenario.players.get(name)
        if player is None:
            continue
        if player.discount_rate is None:
            yield Finding(path, f"no discount_rate for {name}", "missing")
            continue
        limits = context.limits(player.discount_rate)
        if limits is not None and limits[0] <= 0:
            yield Finding(path, f"{name} needs a discount_rate above 0, or waiting costs nothing")


def _crisis(context: Context, block: Crisis, table: TableShape, path: Path) -> Iterator[Finding]:
    """One issue of the table is moved; costs and the shift are those of its parties."""
    yield from context.name(
        block.transfer, table.issues, (*path, "transfer"), "issue of this table"
    )
    issue = context.scenario.issues.get(block.transfer)
    ends = [context.limits(end) for end in issue.range] if issue is not None else []
    if ends and ends[0] and ends[1] and ends[0][1] >= ends[1][0]:
        yield Finding(
            (*path, "transfer"), f"{block.transfer} has a range of no width in some draws"
        )
    for player in block.costs:
        where = (*path, "costs", player)
        yield from context.name(player, table.parties, where, "party of this table", kind="key")
    if block.shift is not None:
        where = (*path, "shift", "player")
        yield from context.name(block.shift.player, table.parties, where, "party of this table")
        yield from _impatience(context, table.parties, (*path, "shift"))


def enforcement(context: Context) -> Iterator[Finding]:
    """Enforcement is of a known regime, with known players, pairs and tracks."""
    block = context.scenario.enforcement
    if block is None:
        return
    path: Path = ("enforcement",)
    yield from context.name(block.regime, context.regimes, (*path, "regime"), "regime")
    yield from context.player_names(dict(block.discount_factor), (*path, "discount_factor"))
    pairs = dyads(context.scenario)
    for n, name in enumerate((block.tables or ()) if context.whole else ()):
        yield from context.name(name, pairs, (*path, "tables", n), "pair of players")
    tracks = dict.fromkeys(issue.track for issue in context.scenario.issues.values())
    for n, name in enumerate(block.tracks or ()):
        yield from context.name(name, tracks, (*path, "tracks", n), "track")


def threats(context: Context) -> Iterator[Finding]:
    """A player threatens with values in the range of issues that it controls."""
    scenario = context.scenario
    for player, postures in scenario.threats.items():
        path: Path = ("threats", player)
        yield from context.name(player, context.players, path, "player", kind="key")
        if not postures:
            yield Finding(path, "lists no threat; one or more are needed")
        twice = repeated(posture.name for posture in postures)
        if twice:
            yield Finding(path, f"names twice: {listed(twice)}")
        for n, posture in enumerate(postures):
            for issue in posture.set:
                where = (*path, n, "set", issue)
                yield from context.name(issue, context.issues, where, "issue", kind="key")
                if issue in scenario.issues:
                    yield from _threat(context, player, issue, (*path, n, "set", issue))


def _threat(context: Context, player: str, issue: str, path: Path) -> Iterator[Finding]:
    if context.whole and player in context.players:
        owner = context.scenario.controller_of(issue)
        if owner != player:
            yield Finding(path, f"{player} cannot set {issue} alone; {owner} controls it", "key")
    stated = context.scenario.issues[issue]
    low, high = (context.limits(end) for end in stated.range)
    posture = context.scenario.threats[player][int(path[2])]
    limits = context.limits(posture.set[issue])
    if low and high and limits and (limits[0] < low[1] or limits[1] > high[0]):
        yield Finding(path, f"lies outside the range, {low[1]:g} to {high[0]:g}")
