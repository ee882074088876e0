"""Who gains from linkage: the distribution of every player's gain under every regime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from sim.errors import FigureError
from sim.plots.canvas import Chart, finish, panels, styled
from sim.plots.reading import (
    BASE,
    FloatArray,
    Split,
    choose,
    counted,
    footnote,
    gains,
    labels,
    need,
    pick_solution,
    span,
    split,
    tie_scale,
    unit_of,
)
from sim.plots.style import (
    FAINT,
    GAIN,
    INK,
    LOSS,
    MUTED,
    PAGE,
    percent,
    regime_label,
    signed,
    solution_label,
    with_unit,
    wrapped,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["who_gains"]

_BINS = 48
_NAME = "who-gains"
_NAMES, _PANEL = 0.8, 1.7  # inches that the names of regimes need, and a player's shares of draws
_TOP = 0.6  # height of the tallest bar; above it stand the shares, where no line crosses them


@dataclass(frozen=True, slots=True)
class _Cell:
    """One player under one regime."""

    values: FloatArray
    tie: float
    split: Split | None


@styled
def who_gains(
    dataset: xr.Dataset,
    *,
    solution: str | None = None,
    regimes: tuple[str, ...] | None = None,
    width: float = PAGE,
) -> Chart:
    """Draw what each player gains under each regime over separate tables, draw by draw.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws, of `separate` and at least one other regime.
    solution : str, optional
        The first of the result by default.
    regimes : tuple of str, optional
        All but `separate` by default.
    width : float
        Inches; a player has at least 1.7 of them, so that few stand beside each other.

    Returns
    -------
    Chart
        A column a player, a row a regime: a histogram with an edge at zero, losses hatched; dot
        and bar are the median and the 5 to 95 % interval; in the corners the share of draws on
        each side of zero. Payoffs in the unit of the scenario.

    Raises
    ------
    FigureError
        Only one regime, no `separate`, no draws, or a name that is not there.
    """
    need(dataset, _NAME, "payoff_change")
    solution = pick_solution(dataset, _NAME, solution)
    known = labels(dataset, "regime")
    others = tuple(name for name in known if name != BASE)
    if BASE not in known or not others:
        raise FigureError(
            f"{_NAME}: compares regimes with {BASE!r}; this result has only {', '.join(known)}"
        )
    shown = tuple(choose(_NAME, "regime", r, others) for r in regimes) if regimes else others
    players = labels(dataset, "player")
    cells = _cells(dataset, shown, solution)
    columns = min(len(players), max(int((width - _NAMES) / _PANEL), 1))
    row = 0.42 * len(shown) + 0.75
    figure, axes = panels(len(players), columns, width=width, row=row, rest=0.2, share=columns > 1)
    for p, player in enumerate(players):
        _panel(axes[p], cells[p], title=player)
        axes[p].set_xlabel(with_unit("gain", unit_of(dataset)))
        if p % columns == 0:
            names = [wrapped(regime_label(name), 14) for name in shown]
            axes[p].set_yticks(range(len(shown)), names)
            axes[p].set_ylabel(f"regime, against {regime_label(BASE)}")
    lost = sum(int(np.sum(~np.isfinite(cell.values))) for row in cells for cell in row)
    told = "dot and bar: median, 5 to 95 % of draws; tails beyond 0.5 % not drawn"
    note = footnote(dataset, solution, left_out=lost, regimes=told)
    return finish(figure, _words(dataset, cells, shown, players, solution), note=note)


def _cells(dataset: xr.Dataset, regimes: tuple[str, ...], solution: str) -> list[list[_Cell]]:
    """Return the cells of each player, a regime after the other."""
    found: list[list[_Cell]] = [[] for _ in labels(dataset, "player")]
    for regime in regimes:
        values, ties = gains(dataset, regime, solution), tie_scale(dataset, regime, solution)
        for p, row in enumerate(found):
            tie = float(ties[p])
            row.append(_Cell(values[:, p], tie, split(values[:, p], tie)))
    return found


def _panel(axis: Axes, cells: list[_Cell], *, title: str) -> None:
    """Draw the rows of one player, the first regime on top."""
    axis.set_title(title)
    axis.set_ylim(len(cells) - 0.6, -0.95)
    drawable = [cell.values for cell in cells if cell.split is not None]
    limits = _room(span(drawable)) if drawable else np.array([-1.0, 1.0])
    axis.set_xlim(*limits)
    for y, cell in enumerate(cells):
        _row(axis, cell, y, limits)
    axis.tick_params(axis="y", length=0.0)
    axis.spines["left"].set_visible(False)


def _room(limits: FloatArray) -> FloatArray:
    """Widen limits until a quarter lies on each side of zero, whichever side the draws are on."""
    low, high = float(limits[0]), float(limits[1])
    return np.array([min(low, -high / 2.6), max(high, -low / 2.6)])


def _row(axis: Axes, cell: _Cell, y: int, limits: FloatArray) -> None:
    """Draw one histogram above its base line, the interval on it and the shares in the corners."""
    axis.axhline(y, color=MUTED, linewidth=0.3, zorder=0)
    axis.plot([0.0, 0.0], [y, y - _TOP], color=INK, linewidth=0.8, zorder=3)
    found, across = cell.split, axis.get_yaxis_transform()
    if found is None:
        axis.text(0.5, y - 0.3, "no finite draw", ha="center", transform=across)
        return
    _histogram(axis, cell, found, y, limits)
    axis.plot([found.low, found.high], [y, y], color=INK, linewidth=1.6, zorder=4)
    axis.plot(found.middle, y, "o", color="white", markeredgecolor=INK, markersize=3.6, zorder=5)
    even = f", even {percent(found.tie)}" if found.tie > 0.0 else ""
    texts = ((0.0, f"lose {percent(found.lose)}{even}"), (1.0, f"gain {percent(found.gain)}"))
    for x, text in texts:
        end = "right" if x else "left"
        axis.text(x, y - 0.84, text, transform=across, fontsize=6.5, va="top", ha=end)


def _histogram(axis: Axes, cell: _Cell, found: Split, y: int, limits: FloatArray) -> None:
    """Draw the bars of one row: one edge lies at zero, so that no bar has both colours."""
    step = (limits[1] - limits[0]) / _BINS
    edges = np.floor(limits[0] / step) * step + step * np.arange(_BINS + 2)
    edges = edges - edges[np.argmin(np.abs(edges))]
    finite = cell.values[np.isfinite(cell.values)]
    count = np.histogram(finite[np.abs(finite) > cell.tie], edges)[0].astype(float)
    even = found.tie * len(finite)
    unit = _TOP / max(count.max(), even, 1.0)
    for sign, color, hatch in ((-1, LOSS, "//////"), (1, GAIN, None)):
        top = y - np.where(np.sign(edges[:-1] + 0.5 * step) == sign, unit * count, 0.0)
        axis.stairs(top, edges, baseline=y, fill=True, facecolor=color, alpha=0.55, zorder=1)
        if hatch and (top < y).any():
            bars = axis.stairs(top, edges, baseline=y, fill=True, facecolor="none", zorder=1)
            bars.set(hatch=hatch, edgecolor=color, linewidth=0.0)
    if even > 0.0:
        axis.bar(0.0, -unit * even, step, bottom=y, color=FAINT, zorder=2)


def _words(
    dataset: xr.Dataset,
    cells: list[list[_Cell]],
    regimes: tuple[str, ...],
    players: tuple[str, ...],
    solution: str,
) -> str:
    """Return the alternative text."""
    parts = [
        f"Distributions of each player's gain over separate tables, "
        f"{solution_label(solution)} solution, {counted(dataset)}, "
        f"{unit_of(dataset)}."
    ]
    for r, regime in enumerate(regimes):
        told = []
        for p, player in enumerate(players):
            found = cells[p][r].split
            if found is None:
                told.append(f"{player} has no finite draw")
                continue
            told.append(
                f"{player} {found.told()} of draws, median {signed(found.middle)} "
                f"(5 to 95 %: {signed(found.low)} to {signed(found.high)})"
            )
        parts.append(f"{regime_label(regime)}: {'; '.join(told)}.")
    return " ".join(parts)
