"""Checks of players and issues: enough of them, parties, ranges, ties."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.scenario.checks.context import Context, Finding
from sim.scenario.names import LEFT_OUT, listed, repeated
from sim.scenario.numbers import NumberSpec
from sim.scenario.subjects import Issue
from sim.scenario.walk import figure

__all__ = ["enough", "parties", "ranges", "ties"]


def enough(context: Context) -> Iterator[Finding]:
    """There are two players, an issue and a payoff at least."""
    needed = {"players": 2, "issues": 1, "payoffs": 1}
    blocks = context.root.value if isinstance(context.root.value, dict) else {}
    for name, least in needed.items():
        block = blocks.get(name)
        if block is not None and isinstance(block.value, dict) and len(block.value) < least:
            yield Finding((name,), f"must name {least} or more, not {len(block.value)}", "key")


def parties(context: Context) -> Iterator[Finding]:
    """The parties of an issue are two or more different players; one of them controls it."""
    for name, issue in context.scenario.issues.items():
        path = ("issues", name, "parties")
        yield from context.player_names(issue.parties, path)
        if len(set(issue.parties)) < 2 and LEFT_OUT not in issue.parties:
            yield Finding(
                path, f"two different players or more settle an issue; {_players(context)}"
            )
        elif repeated(issue.parties):
            yield Finding(path, f"names twice: {listed(repeated(issue.parties))}")
        if issue.controlled_by is not None and issue.controlled_by not in issue.parties:
            yield Finding(
                ("issues", name, "controlled_by"),
                f"must be one of the parties {listed(issue.parties)}, not {issue.controlled_by!r}",
            )


def _players(context: Context) -> str:
    return f"players: {listed(context.players)}"


def ranges(context: Context) -> Iterator[Finding]:
    """A range is upright; status quo, breakdown, demand and offer lie in it."""
    for name, issue in context.scenario.issues.items():
        low, high = issue.range
        bottom, top = context.limits(low), context.limits(high)
        if low != high and bottom and top and bottom[1] > top[0]:
            yield Finding(("issues", name, "range"), _upside_down(low, high, bottom[1], top[0]))
            continue
        for field in ("status_quo", "breakdown", "demand", "offer"):
            yield from _inside(context, name, issue, field)


def _upside_down(low: NumberSpec, high: NumberSpec, bottom: float, top: float) -> str:
    if isinstance(low, float) and isinstance(high, float):
        return f"is upside down: {low:g} is above {high:g}; give [lowest, highest]"
    return (
        f"is upside down in some draws: the lowest, {figure(low)}, reaches {bottom:g}, "
        f"the highest, {figure(high)}, {top:g}"
    )


def _inside(context: Context, name: str, issue: Issue, field: str) -> Iterator[Finding]:
    spec: NumberSpec | None = getattr(issue, field)
    limits = context.limits(spec)
    if spec is None or limits is None:
        return
    low, high = issue.range
    bottom, top = context.limits(low), context.limits(high)
    path = ("issues", name, field)
    reach = f"{limits[0]:g}" if limits[0] == limits[1] else f"{figure(spec)} from {_ends(limits)}"
    if bottom is not None and spec != low and limits[0] < bottom[1]:
        yield Finding(
            path, f"{reach} lies below the range, which begins at {bottom[1]:g}{_cut(limits)}"
        )
    if top is not None and spec != high and limits[1] > top[0]:
        yield Finding(path, f"{reach} lies above the range, which ends at {top[0]:g}{_cut(limits)}")


def _ends(limits: tuple[float, float]) -> str:
    words = [f"{end:g}" if math.isfinite(end) else "without end" for end in limits]
    return " to ".join(words)


def _cut(limits: tuple[float, float]) -> str:
    uncertain = limits[0] != limits[1]
    return "; widen the range" + (
        " or cut the distribution off with min and max" if uncertain else ""
    )


def ties(context: Context) -> Iterator[Finding]:
    """A tie holds two different issues equal, within ranges that overlap."""
    for n, pair in enumerate(context.scenario.ties):
        for position, name in enumerate(pair):
            yield from context.name(name, context.issues, ("ties", n, position), "issue")
        if pair[0] == pair[1]:
            yield Finding(("ties", n), f"ties {pair[0]!r} to itself; name two different issues")
            continue
        issues = [context.scenario.issues.get(name) for name in pair]
        known = [issue for issue in issues if issue is not None]
        if len(known) < 2:
            continue
        ends = [(context.limits(i.range[0]), context.limits(i.range[1])) for i in known]
        (low_a, high_a), (low_b, high_b) = ends
        if low_a and high_a and low_b and high_b:
            lowest, highest = max(low_a[1], low_b[1]), min(high_a[0], high_b[0])
            if lowest > highest:
                yield Finding(("ties", n), f"the ranges of {pair[0]} and {pair[1]} do not overlap")
        one, other = known
        apart = "separate" if set(one.parties) == set(other.parties) else "separate and linked"
        if apart != "separate" or one.track != other.track:
            yield Finding(
                ("ties", n),
                f"holds {pair[0]} and {pair[1]} equal where one table settles both, not under "
                f"{apart}, where each has a table of its own",
                warning=True,
            )
