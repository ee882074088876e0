"""Best-response curves of the tariff war: what each side sets against the other's instrument."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.errors import FigureError
from sim.plots.canvas import Chart, chart, finish, styled
from sim.plots.reading import FloatArray, scenario_of
from sim.plots.style import COLUMN, FAINT, INK, axis_unit, mark, percent, plain
from sim.plots.war import FIELD, Replies, replies_of

if TYPE_CHECKING:
    import xarray as xr

    from sim.negotiation import Case
    from sim.scenario import Scenario

__all__ = ["best_responses", "draw_replies"]

_NAME = "best-responses"
_JUMP = 0.03


def best_responses(
    dataset: xr.Dataset,
    *,
    issues: tuple[str, str] | None = None,
    regime: str = "linked",
    width: float = COLUMN,
) -> Chart:
    """Draw the best-response curves of the war that follows if a regime's tables fail.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result that holds its scenario.
    issues : (str, str), optional
        Controlled by two different players; by default two tariffs, or else the first tariff and
        the first instrument of the other side.
    regime : str
        What falls at its tables is what is fought with, at its credibility.
    width : float
        Inches.

    Returns
    -------
    Chart
        See `draw_replies`. Parameters at their medians, other issues at the war's equilibrium.

    Raises
    ------
    FigureError
        No scenario, an unknown name, one player who sets both, or nobody to fight with.
    """
    from sim.negotiation import compile_case, median_theta

    scenario = scenario_of(dataset, _NAME)
    case = compile_case(scenario, median_theta(scenario), 1)
    if regime not in case.regimes:
        raise FigureError(f"{_NAME}: regime {regime!r}: there are {', '.join(case.regimes)}")
    rules = case.regimes[regime]
    local = case.under(rules)
    falls = {k for table in rules.tables for k in table.falls}
    pair = _pair(case, issues, sorted(falls))
    payoffs = replace(local.payoffs, risk_aversion=None).table(
        range(len(case.layout.players)), range(len(case.layout.issues)), local.breakdown
    )
    found = replies_of(
        payoffs,
        pair,
        control=[case.controlled_by[k] if k in falls else None for k in range(len(payoffs.issues))],
        lower=local.lower[0],
        upper=local.upper[0],
        start=local.breakdown[0],
        units=(_unit(scenario, case, pair[0]), _unit(scenario, case, pair[1])),
        labels=(_label(scenario, case, pair[0]), _label(scenario, case, pair[1])),
        marks={
            "status quo": local.status_quo[0, list(pair)],
            "breakdown": local.breakdown[0, list(pair)],
        },
        note="parameters at their medians, all other issues at the equilibrium of the war",
    )
    return draw_replies(found, width=width)


def _pair(case: Case, issues: tuple[str, str] | None, falls: list[int]) -> tuple[int, int]:
    """Return the two issues asked for, or two that different players set."""
    names, control = case.layout.issues, case.controlled_by
    if issues is not None:
        for name in issues:
            if name not in names:
                raise FigureError(f"{_NAME}: issue {name!r}: there are {', '.join(names)}")
        return names.index(issues[0]), names.index(issues[1])
    tariffs = [k for k in falls if case.domains[k] == "tariffs"]
    for first in tariffs or falls:
        for pool in (tariffs, falls):
            for second in pool:
                same_table = case.layout.parties[first] == case.layout.parties[second]
                if same_table and control[first] != control[second]:
                    return first, second
    raise FigureError(f"{_NAME}: one player sets every issue: there is no war to draw")


def _label(scenario: Scenario, case: Case, issue: int) -> str:
    """Return the label of an issue without what stands in parentheses."""
    name = case.layout.issues[issue]
    return (scenario.issues[name].label or name).partition(" (")[0]


def _unit(scenario: Scenario, case: Case, issue: int) -> str:
    return axis_unit(scenario.issues[case.layout.issues[issue]].unit or "1")


@styled
def draw_replies(replies: Replies, *, width: float = COLUMN) -> Chart:
    """Draw best-response curves.

    Parameters
    ----------
    replies : Replies
        From `replies_of`.
    width : float
        Inches; at most 4.5 are used.

    Returns
    -------
    Chart
        The first issue across, the second up: each player's best reply to the other's value (broken
        where it jumps), the equilibria of the war, status quo and breakdown.
    """
    side = min(width, 4.5)
    figure = chart(side, side)
    axis = figure.subplots()
    _fields(axis, replies)
    for n, (grid, reply) in enumerate(zip(replies.grids, replies.replies, strict=True)):
        style = mark(n)
        for piece in _pieces(reply):
            x, y = (reply, grid) if n == 0 else (grid, reply)
            axis.plot(
                x[piece],
                y[piece],
                color=style.color,
                linestyle=style.dashes,
                linewidth=1.8,
                clip_on=False,
            )
    axis.plot(
        *replies.equilibria.T,
        linestyle="",
        marker="*",
        markersize=13.0,
        color=INK,
        clip_on=False,
        zorder=5,
    )
    shapes = {"status quo": ("s", 7.0), "breakdown": ("X", 5.0)}
    for name, point in replies.marks.items():
        axis.plot(
            *point,
            linestyle="",
            marker=shapes.get(name, ("D", 5.0))[0],
            color="white",
            markeredgecolor=INK,
            markersize=shapes.get(name, ("D", 5.0))[1],
            clip_on=False,
            zorder=6,
        )
    _axes(axis, replies)
    figure.legend(handles=_keys(replies, shapes), loc="outside upper left", ncols=2)
    note = replies.note or "all other issues at the equilibrium of the war"
    if replies.gains.size:
        note = f"{note}; thin: indifference curves through the equilibrium"
    if not len(replies.equilibria):
        note = f"no pure equilibrium found; {note}"
    return finish(figure, _words(replies), note=note)


def _pieces(reply: FloatArray) -> list[slice]:
    """Return the parts of a curve between its jumps."""
    spread = float(np.ptp(reply)) or 1.0
    cuts = np.flatnonzero(np.abs(np.diff(reply)) > max(_JUMP * spread, 1e-12) * 4.0) + 1
    ends = [0, *cuts.tolist(), len(reply)]
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def _axes(axis: Axes, replies: Replies) -> None:
    """Set limits and labels."""
    limits = [(replies.grids[1].min(), replies.grids[1].max())]
    limits.append((replies.grids[0].min(), replies.grids[0].max()))
    points = [replies.equilibria, *(point[None] for point in replies.marks.values())]
    every = np.vstack([p for p in points if len(p)] or [np.zeros((0, 2))])
    for k, (low, high) in enumerate(limits):
        column = every[:, k] if len(every) else np.array([low])
        first, last = min(low, float(column.min())), max(high, float(column.max()))
        room = 0.03 * ((last - first) or 1.0)
        (axis.set_xlim if k == 0 else axis.set_ylim)(first - room, last + room)
    labels = [
        f"{name}\nset by {player} ({unit})"
        for name, player, unit in zip(replies.labels, replies.players, replies.units, strict=True)
    ]
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])


def _fields(axis: Axes, replies: Replies) -> None:
    """Draw each player's indifference curve through the equilibrium, and shade the lens."""
    if not replies.gains.size:
        return
    size = np.abs(replies.gains).max(axis=(1, 2))
    x = np.linspace(replies.grids[1].min(), replies.grids[1].max(), FIELD)
    y = np.linspace(replies.grids[0].min(), replies.grids[0].max(), FIELD)
    for n, gain in enumerate(replies.gains):
        if size[n] > 0.0:
            style = mark(n)
            axis.contour(x, y, gain, levels=[0.0], colors=style.color, linewidths=0.6, zorder=1)
    both = np.min(replies.gains / np.where(size > 0.0, size, 1.0)[:, None, None], axis=0)
    if both.max() > 1e-6:
        axis.contourf(x, y, both, levels=[1e-6, 2.0], colors=[FAINT], alpha=0.5, zorder=0)


def _lens(replies: Replies) -> float:
    """Return the share of the values of both issues at which both gain over the equilibrium."""
    size = np.abs(replies.gains).max(axis=(1, 2), initial=0.0)
    return float(np.mean((replies.gains > 1e-6 * size[:, None, None]).all(axis=0)))


def _keys(replies: Replies, shapes: Mapping[str, tuple[str, float]]) -> list[Line2D | Patch]:
    """Explain curves and points."""
    keys: list[Line2D | Patch] = []
    for n, player in enumerate(replies.players):
        style = mark(n)
        keys.append(
            Line2D([], [], color=style.color, linestyle=style.dashes, label=f"best reply, {player}")
        )
    if len(replies.equilibria):
        keys.append(
            Line2D([], [], linestyle="", marker="*", markersize=9.0, color=INK, label="equilibrium")
        )
    for name in replies.marks:
        keys.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker=shapes.get(name, ("D", 5.0))[0],
                color="white",
                markeredgecolor=INK,
                markersize=shapes.get(name, ("D", 5.0))[1],
                label=name,
            )
        )
    if replies.gains.size and _lens(replies) > 0.0:
        keys.append(Patch(facecolor=FAINT, alpha=0.5, label="both better off"))
    return keys


def _words(replies: Replies) -> str:
    """Return the alternative text."""
    told = ["Best-response curves."]
    for n in (0, 1):
        other = 1 - n
        first, last = float(replies.replies[n, 0]), float(replies.replies[n, -1])
        told.append(
            f"{replies.players[n]} sets {replies.labels[n]} ({replies.units[n]}): best "
            f"{plain(first)} where {replies.labels[other]} is {plain(float(replies.grids[n, 0]))}, "
            f"{plain(last)} where it is {plain(float(replies.grids[n, -1]))}."
        )
    points = [f"({plain(float(a))}, {plain(float(b))})" for a, b in replies.equilibria]
    told.append(f"Equilibria: {', '.join(points) or 'none found'}.")
    if replies.gains.size:
        share = _lens(replies)
        told.append(f"Both are better off than there at {percent(share)} of the values.")
    marks = [f"{k} ({plain(float(p[0]))}, {plain(float(p[1]))})" for k, p in replies.marks.items()]
    told.append(f"{'; '.join(marks)}." if marks else "")
    return " ".join(told)
