"""Who gains together: the joint distribution of two players' gains from linkage."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from sim.errors import FigureError
from sim.plots.canvas import Chart, chart, finish, grid, styled
from sim.plots.reading import (
    BASE,
    FloatArray,
    choose,
    footnote,
    gains,
    labels,
    need,
    pick_solution,
    span,
    tie_scale,
    unit_of,
)
from sim.plots.style import INK, PAGE, listed, percent, regime_label, solution_label, with_unit

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["joint_gains"]

_NAME = "joint-gains"
_CELLS = 34
_PAIRS = 3  # stand beside each other on a page
_STRIP = 0.12  # above and below the draws, where the shares of the quadrants hide none of them


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two players' gains and the shares of draws in the quadrants.

    `quadrants` is keyed by the signs of the two gains; what is on an axis is `tied`.
    """

    names: tuple[str, str]
    values: FloatArray
    quadrants: dict[tuple[int, int], float]
    tied: float


@styled
def joint_gains(
    dataset: xr.Dataset,
    *,
    players: tuple[str, str] | None = None,
    regime: str = "linked",
    solution: str | None = None,
    width: float = PAGE,
) -> Chart:
    """Draw the gains of two players from a regime over separate tables against each other.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws of `separate` and `regime`, and two players or more.
    players : (str, str), optional
        One pair; by default every pair, three at most.
    regime : str
        What is compared with `separate`.
    solution : str, optional
        The first of the result by default.
    width : float
        Inches; below 5 the pairs stand below each other.

    Returns
    -------
    Chart
        A panel a pair: density of draws, darker where more fall, lines at zero, and in each
        quadrant the share of draws in it. Both axes in the unit of the scenario.

    Raises
    ------
    FigureError
        One player, a regime that is not there, no finite draw.
    """
    need(dataset, _NAME, "payoff_change")
    solution = pick_solution(dataset, _NAME, solution)
    everybody, known = labels(dataset, "player"), labels(dataset, "regime")
    for name in (BASE, regime):
        choose(_NAME, "regime", name, known)
    if regime == BASE:
        raise FigureError(f"{_NAME}: regime must differ from {BASE!r}, which it is compared with")
    if len(everybody) < 2:
        raise FigureError(f"{_NAME}: needs two players; this result has {listed(everybody)}")
    every = list(itertools.combinations(everybody, 2))
    pairs = every[:_PAIRS] if players is None else [players]
    for name in itertools.chain(*pairs):
        choose(_NAME, "player", name, everybody)
    found = [_pair(dataset, pair, regime, solution) for pair in pairs]
    columns = len(found) if width >= 5.0 else 1
    rows = -(-len(found) // columns)
    side = min((width - 0.3) / columns, 3.2)
    figure = chart(min(width, columns * 3.5), rows * (side + 0.1) + 0.25)
    for axis, pair in zip(grid(figure, rows, columns), found, strict=True):
        _panel(axis, pair)
        axis.set_xlabel(with_unit(f"{pair.names[0]} gain", unit_of(dataset)))
        axis.set_ylabel(with_unit(f"{pair.names[1]} gain", unit_of(dataset)))
    note = footnote(
        dataset,
        solution,
        left_out=int(dataset.sizes["draw"] - min(len(p.values) for p in found)),
        regimes=f"{regime_label(regime)} − {regime_label(BASE)}; darker: more draws, log scale; "
        "dot: medians; tails beyond 0.5 % not drawn"
        + (f"; {len(pairs)} of {len(every)} pairs" if len(pairs) < len(every) else ""),
    )
    return finish(figure, _words(dataset, found, regime, solution), note=note)


def _pair(dataset: xr.Dataset, names: tuple[str, str], regime: str, solution: str) -> _Pair:
    """Return the gains of two players, finite draws only, and the shares of the quadrants."""
    at = [labels(dataset, "player").index(name) for name in names]
    values = gains(dataset, regime, solution)[:, at]
    values = values[np.isfinite(values).all(axis=1)]
    if not len(values):
        raise FigureError(f"{_NAME}: no draw gives {listed(names)} a finite gain")
    ties = tie_scale(dataset, regime, solution)[at]
    sign = np.where(np.abs(values) <= ties, 0, np.sign(values)).astype(int)
    quadrants = {
        (a, b): float(np.mean((sign[:, 0] == a) & (sign[:, 1] == b)))
        for a in (-1, 1)
        for b in (-1, 1)
    }
    return _Pair(names, values, quadrants, float(np.mean((sign == 0).any(axis=1))))


def _panel(axis: Axes, pair: _Pair) -> None:
    """Draw one pair."""
    x, y = span([pair.values[:, 0]]), span([pair.values[:, 1]])
    x, y = (_both_sides(limits) for limits in (x, y))
    inside = np.all(
        [(v >= lim[0]) & (v <= lim[1]) for v, lim in zip(pair.values.T, (x, y), strict=True)],
        axis=0,
    )
    shown = pair.values[inside]
    axis.hexbin(
        shown[:, 0],
        shown[:, 1],
        gridsize=(_CELLS, int(_CELLS / 1.7)),
        extent=(*x, *y),
        mincnt=1,
        norm=LogNorm(vmin=0.5, vmax=max(len(shown) / 40.0, 2.0)),
        cmap="Blues",
        linewidths=0.1,
        edgecolors="none",
    )
    axis.axhline(0.0, color=INK, linewidth=0.8)
    axis.axvline(0.0, color=INK, linewidth=0.8)
    axis.set_xlim(*x)
    strip = _STRIP * (y[1] - y[0])
    axis.set_ylim(y[0] - strip, y[1] + strip)
    middle = np.median(pair.values, axis=0)
    axis.plot(*middle, "o", color="white", markeredgecolor=INK, markersize=4.2, zorder=5)
    for (a, b), share in pair.quadrants.items():
        axis.text(
            0.5 + 0.47 * a,
            0.5 + 0.47 * b,
            percent(share),
            transform=axis.transAxes,
            ha="right" if a > 0 else "left",
            va="top" if b > 0 else "bottom",
            fontweight="bold",
        )
    if pair.tied > 0.0:
        axis.set_title(f"on an axis: {percent(pair.tied)}", fontsize=7.0, fontweight="normal")


def _both_sides(limits: FloatArray) -> FloatArray:
    """Widen limits until zero leaves room on each side for the share of draws."""
    low, high = float(limits[0]), float(limits[1])
    low, high = min(low, -high / 3.5), max(high, -low / 3.5)
    return np.array([low - 0.03 * (high - low), high + 0.03 * (high - low)])


def _words(dataset: xr.Dataset, pairs: list[_Pair], regime: str, solution: str) -> str:
    """Return the alternative text."""
    told = []
    for pair in pairs:
        one, two = pair.names
        q = pair.quadrants
        told.append(
            f"{one} and {two}: both gain in {percent(q[1, 1])} of draws, both lose in "
            f"{percent(q[-1, -1])}, only {one} gains in {percent(q[1, -1])}, only {two} in "
            f"{percent(q[-1, 1])}"
            + (f"; no difference for one or both in {percent(pair.tied)}." if pair.tied else ".")
        )
    return (
        f"Joint distribution of gains from {regime_label(regime)} over separate tables, "
        f"{solution_label(solution)} solution, {unit_of(dataset)}. " + " ".join(told)
    )
