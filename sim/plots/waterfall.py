"""Why linkage pays or not: the linkage gain taken apart, as a waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from sim.errors import FigureError
from sim.plots.canvas import Chart, finish, panels, styled
from sim.plots.reading import FloatArray, footnote, labels, need, numbers, pick_solution, unit_of
from sim.plots.style import (
    FAINT,
    GAIN,
    INK,
    LOSS,
    MUTED,
    PAGE,
    estimate,
    signed,
    solution_label,
    with_unit,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PARTITIONS", "decomposition", "leverage"]

PARTITIONS = {
    "decomposition": ("logrolling", "coercion", "erosion"),
    "leverage": ("leverage", "packaging", "erosion"),
}
"""The two exact decompositions of the linkage gain."""

_TOTAL = "linked −\nseparate"
_PANEL = 2.2  # inches that the names of four bars need beside each other


@dataclass(frozen=True, slots=True)
class _Step:
    """One bar: where it starts, how far it goes, and how much the draws differ."""

    name: str
    start: float
    mean: float
    error: float
    low: float
    high: float


@styled
def decomposition(
    dataset: xr.Dataset, *, solution: str | None = None, width: float = PAGE
) -> Chart:
    """Draw the linkage gain of each player as logrolling + coercion + erosion.

    logrolling = linked-by-consent − separate, coercion = linked without erosion −
    linked-by-consent, erosion = linked − linked without erosion; means over the draws add up.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws of `separate`, `linked-by-consent` and `linked`.
    solution : str, optional
        The first of the result by default.
    width : float
        Inches; a player has at least 2.2 of them, so that few stand beside each other.

    Returns
    -------
    Chart
        A panel a player: bars from one running total to the next, mean ± standard error above
        them, whiskers over 5 to 95 % of the draws of each part.

    Raises
    ------
    FigureError
        The regimes of a part are not in the result, or no draw is finite.
    """
    return _waterfall(dataset, "decomposition", solution, width)


@styled
def leverage(dataset: xr.Dataset, *, solution: str | None = None, width: float = PAGE) -> Chart:
    """Draw the linkage gain of each player as leverage + packaging + erosion.

    leverage = threat-linked − separate, packaging = linked without erosion − threat-linked,
    erosion = linked − linked without erosion; means over the draws add up.

    Parameters
    ----------
    dataset, solution, width
        See `decomposition`; needs the regimes `separate`, `threat-linked` and `linked`.

    Returns
    -------
    Chart
        See `decomposition`.

    Raises
    ------
    FigureError
        The regimes of a part are not in the result, or no draw is finite.
    """
    return _waterfall(dataset, "leverage", solution, width)


def _waterfall(dataset: xr.Dataset, figure: str, solution: str | None, width: float) -> Chart:
    need(dataset, figure, "decomposition", "linkage_gain")
    parts = PARTITIONS[figure]
    there = labels(dataset, "part")
    missing = [name for name in parts if name not in there]
    if missing:
        raise FigureError(
            f"{figure}: this result cannot tell {', '.join(missing)}; run it with the regimes "
            "separate, threat-linked, linked-by-consent and linked"
        )
    solution = pick_solution(dataset, figure, solution)
    players = labels(dataset, "player")
    bars = [_steps(dataset, parts, solution, player, figure) for player in players]
    columns = min(len(players), max(int(width / _PANEL), 1))
    drawing, axes = panels(
        len(players), columns, width=width, row=2.1, rest=0.25, share=columns > 1
    )
    limits = _limits(bars)
    for p, player in enumerate(players):
        _panel(axes[p], bars[p], limits, title=player)
        axes[p].set_xlabel("part of the gain from linkage")
        if p % columns == 0:
            axes[p].set_ylabel(with_unit("gain", unit_of(dataset)))
    note = footnote(
        dataset,
        solution,
        regimes="mean ± standard error; whiskers: 5 to 95 % of draws of each part",
    )
    return finish(drawing, _words(dataset, bars, players, solution), note=note)


def _steps(
    dataset: xr.Dataset, parts: tuple[str, ...], solution: str, player: str, figure: str
) -> list[_Step]:
    """Return the bars of one player, the total last."""
    from sim.montecarlo.precision import standard_error

    columns = [
        numbers(dataset, "decomposition", solution=solution, player=player, part=part)
        for part in parts
    ]
    columns.append(numbers(dataset, "linkage_gain", solution=solution, player=player))
    kept = np.all([np.isfinite(column) for column in columns], axis=0)
    if not kept.any():
        raise FigureError(f"{figure}: no draw gives {player} a finite gain")
    label = dataset["replicate"].values[kept] if "replicate" in dataset else None
    steps, level = [], 0.0
    for name, column in zip((*parts, _TOTAL), columns, strict=True):
        values: FloatArray = column[kept]
        mean = float(values.mean())
        low, high = np.quantile(values, (0.05, 0.95))
        error = float(standard_error(values, label))
        start = 0.0 if name == _TOTAL else level
        steps.append(_Step(name, start, mean, error, float(low), float(high)))
        level += mean
    return steps


def _limits(bars: list[list[_Step]]) -> tuple[float, float]:
    """Return the lowest and the highest end of any bar or whisker."""
    ends = [s.start + end for steps in bars for s in steps for end in (0.0, s.low, s.high, s.mean)]
    return min(*ends, 0.0), max(*ends, 0.0)


def _panel(axis: Axes, steps: list[_Step], limits: tuple[float, float], *, title: str) -> None:
    """Draw the bars of one player."""
    axis.set_title(title)
    axis.axhline(0.0, color=INK, linewidth=0.8, zorder=3)
    bottom, top = limits
    room = 0.14 * ((top - bottom) or 1.0)
    for x, step in enumerate(steps):
        total = step.name == _TOTAL
        gain = step.mean >= 0.0
        color = GAIN if gain else LOSS
        axis.bar(
            x,
            step.mean,
            0.62,
            bottom=step.start,
            facecolor=color,
            alpha=0.85 if total else 0.5,
            edgecolor=color,
            zorder=1,
        )
        if not gain:
            axis.bar(
                x,
                step.mean,
                0.62,
                bottom=step.start,
                facecolor="none",
                hatch="//////",
                edgecolor=color,
                linewidth=0.0,
                zorder=1,
            )
        ends = (step.start + step.low, step.start + step.high)
        axis.plot([x, x], ends, color=INK, linewidth=0.9, zorder=4)
        for end in ends:
            axis.plot([x - 0.08, x + 0.08], [end, end], color=INK, linewidth=0.9, zorder=4)
        if not total:
            level = step.start + step.mean
            axis.plot([x + 0.31, x + 0.69], [level, level], color=MUTED, linewidth=0.6, zorder=2)
        told = estimate(step.mean, step.error, scale=top - bottom)
        axis.text(
            x,
            max(ends[1], step.start, step.start + step.mean) + 0.24 * room,
            "\n".join(told).rstrip(),
            ha="center",
            va="bottom",
            fontsize=6.5,
            linespacing=0.95,
        )
    axis.set_ylim(bottom - 0.3 * room, top + 1.6 * room)
    axis.axvline(len(steps) - 1.5, color=FAINT, linewidth=0.6, linestyle=(0.0, (2.0, 2.0)))
    axis.set_xticks(range(len(steps)), [step.name for step in steps])
    axis.tick_params(axis="x", length=0.0)


def _words(
    dataset: xr.Dataset, bars: list[list[_Step]], players: tuple[str, ...], solution: str
) -> str:
    """Return the alternative text."""
    told = []
    for player, steps in zip(players, bars, strict=True):
        size = max(abs(s.mean) for s in steps)
        parts = ", ".join(f"{s.name} {estimate(s.mean, 0.0, scale=size)[0]}" for s in steps[:-1])
        total = steps[-1]
        told.append(
            f"{player}: {parts}; in all {signed(total.mean)} (5 to 95 % of draws: "
            f"{signed(total.low)} to {signed(total.high)})."
        )
    return (
        f"Waterfall of the mean gain from linkage, {solution_label(solution)} solution, "
        f"{unit_of(dataset)}. " + " ".join(told)
    )
