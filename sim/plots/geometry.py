"""The geometry of one table: frontier, disagreement and ideal point, solutions, by regime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sim.errors import FigureError
from sim.plots.canvas import Chart, chart, finish, grid, styled
from sim.plots.reading import FloatArray, scenario_of
from sim.plots.space import NO_DEAL, PayoffSpace, Side, space_of
from sim.plots.style import (
    COLUMN,
    INK,
    MUTED,
    PAGE,
    mark,
    plain,
    regime_label,
    signed,
    solution_label,
    with_unit,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["draw_space", "payoff_space"]

_NAME = "payoff-space"
_SHAPES = {
    "nash": ("o", 5.5),
    "kalai_smorodinsky": ("s", 5.0),
    "egalitarian": ("^", 5.5),
    "utilitarian": ("D", 4.6),
    "perles_maschler": ("p", 5.5),
    "raiffa": ("v", 5.5),
    "raiffa_continuous": ("<", 5.5),
}


def payoff_space(
    dataset: xr.Dataset,
    *,
    table: str | None = None,
    regimes: tuple[str, ...] = ("separate", "linked"),
    solutions: tuple[str, ...] | None = None,
    width: float = PAGE,
) -> Chart:
    """Draw the payoff space of a table of two under both regimes, at the medians of all parameters.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result that holds its scenario.
    table : str, optional
        A table of the last regime; its first table of two parties by default.
    regimes : tuple of str
        Drawn in one frame.
    solutions : tuple of str, optional
        All by default, but for Raiffa's in continuous time.
    width : float
        Inches; below 5 without the enlarged part.

    Returns
    -------
    Chart
        See `draw_space`.

    Raises
    ------
    FigureError
        The result holds no scenario, or there is no such table or regime; no regime has an outcome
        from which both gain.
    """
    scenario = scenario_of(dataset, _NAME)
    space = space_of(scenario, table=table, regimes=regimes, solutions=solutions)
    return draw_space(space, width=width)


@styled
def draw_space(space: PayoffSpace, *, width: float = COLUMN) -> Chart:
    """Draw a payoff space.

    Parameters
    ----------
    space : PayoffSpace
        From `space_of` or `space_of_problem`.
    width : float
        Inches; from 5 on the neighbourhood of the solutions is enlarged in a second panel.

    Returns
    -------
    Chart
        Per regime the bargaining set (shaded), its Pareto frontier, the disagreement point (×), the
        ideal point (+) and every solution; an arrow leads from the first solution under the first
        regime to that under the last.

    Raises
    ------
    FigureError
        Under no regime is there an outcome from which both gain.
    """
    if not any(len(side.frontier) for side in space.sides):
        names = ", ".join(regime_label(side.regime) for side in space.sides)
        raise FigureError(f"{_NAME}: {space.table}: no outcome gives both a gain under {names}")
    panels = 2 if width >= 5.0 else 1
    figure = chart(width, 0.92 * width / panels + 0.75)
    axes = grid(figure, 1, panels)
    for n, axis in enumerate(axes):
        for s, side in enumerate(space.sides):
            _draw_side(axis, side, s)
        _shift(axis, space)
        axis.set_xlabel(with_unit(f"{space.players[0]}, change of payoff", space.unit))
        axis.set_ylabel(with_unit(f"{space.players[1]}, change of payoff", space.unit))
        axis.set_title(f"{space.table}: {'the solutions, enlarged' if n else 'the whole set'}")
    _frame(axes[0], space)
    if panels == 2:
        _zoom(axes[1], space)
    figure.legend(handles=_keys(space), loc="outside upper left", ncols=4 if panels == 2 else 2)
    return finish(figure, _words(space), note=_note(space))


def _draw_side(axis: Axes, side: Side, index: int) -> None:
    """Draw the bargaining set under one regime."""
    style = mark(index)
    d, ideal = side.disagreement, side.ideal
    axis.plot(*d, "x", color=style.color, markersize=6.0, markeredgewidth=1.6, zorder=6)
    if not len(side.frontier):
        axis.annotate(
            "no deal", (d[0], d[1]), xytext=(5, 3), textcoords="offset points", fontsize=6.5
        )
        return
    corner = np.vstack(
        [[d[0], side.frontier[0, 1]], side.frontier, [side.frontier[-1, 0], d[1]], d]
    )
    axis.fill(*corner.T, color=style.color, alpha=0.07, linewidth=0.0, zorder=0)
    axis.plot(*side.frontier.T, color=style.color, linestyle=style.dashes, zorder=2)
    axis.plot(*ideal, "+", color=style.color, markersize=7.0, markeredgewidth=1.4, zorder=6)
    for end in ((d[0], ideal[1]), (ideal[0], d[1])):
        for start in (d, ideal):
            x, y = (start[0], end[0]), (start[1], end[1])
            axis.plot(x, y, color=style.color, linewidth=0.5, linestyle=(0.0, (1.0, 2.0)), zorder=1)
    for name, point in side.solutions.items():
        shape, size = _SHAPES.get(name, ("h", 5.0))
        axis.plot(
            *point,
            marker=shape,
            markersize=size,
            markerfacecolor=style.color if index else "white",
            markeredgecolor=INK if index else style.color,
            markeredgewidth=0.6 if index else 1.1,
            linestyle="",
            zorder=4 + index,
        )


def _shift(axis: Axes, space: PayoffSpace) -> None:
    """Draw the arrow from one regime to the other, if both have the first solution."""
    common = _common(space)
    if common is None:
        return
    axis.annotate(
        "",
        xy=tuple(space.sides[-1].solutions[common]),
        xytext=tuple(space.sides[0].solutions[common]),
        arrowprops={
            "arrowstyle": "-|>",
            "color": INK,
            "linewidth": 0.8,
            "shrinkA": 4,
            "shrinkB": 4,
        },
        zorder=8,
    )


def _common(space: PayoffSpace) -> str | None:
    """Return the first solution that both the first and the last regime have."""
    first, last = space.sides[0], space.sides[-1]
    both = [name for name in first.solutions if name in last.solutions]
    return both[0] if len(space.sides) > 1 and both else None


def _points(space: PayoffSpace) -> FloatArray:
    """Return every solution of every regime, (P, 2)."""
    found = [point for side in space.sides for point in side.solutions.values()]
    return np.array(found) if found else np.zeros((0, 2))


def _frame(axis: Axes, space: PayoffSpace) -> None:
    """Set the limits to what is drawn, with a margin."""
    parts = [np.vstack([s.frontier, s.disagreement, s.ideal]) for s in space.sides]
    _limits(axis, np.vstack([*parts, _points(space)]), 0.06)


def _zoom(axis: Axes, space: PayoffSpace) -> None:
    """Set the limits to the solutions, the utilitarian ones apart, which often lie at a corner."""
    near = [p for s in space.sides for name, p in s.solutions.items() if name != "utilitarian"]
    if not near:
        axis.text(0.5, 0.5, "no solution", transform=axis.transAxes, ha="center")
        return
    _limits(axis, np.array(near), 0.5)
    for side in dict.fromkeys([0, len(space.sides) - 1]):  # between them there is no room for names
        for point, names in _clusters(space.sides[side], axis):
            _name(axis, point, names, above=side == 0)


def _clusters(side: Side, axis: Axes) -> list[tuple[FloatArray, list[str]]]:
    """Return the solutions inside a panel, those that its scale cannot tell apart together."""
    limits = np.array([axis.get_xlim(), axis.get_ylim()])
    found: list[tuple[FloatArray, list[str]]] = []
    for name, point in side.solutions.items():
        if np.any((point < limits[:, 0]) | (point > limits[:, 1])):
            continue
        for other, names in found:
            if np.all(np.abs(other - point) < 0.03 * np.ptp(limits, axis=1)):
                names.append(name)
                break
        else:
            found.append((point, [name]))
    return found


def _name(axis: Axes, point: FloatArray, names: list[str], *, above: bool) -> None:
    """Write what a marker stands for beside it, away from the panel's nearer edge."""
    low, high = axis.get_xlim()
    share = (point[0] - low) / (high - low)
    left = share > (0.7 if above else 0.3)  # first outside the set, the last inside it
    axis.annotate(
        "\n".join(solution_label(name) for name in names),
        tuple(point),
        xytext=(-7 if left else 7, 5 if above else -5),
        textcoords="offset points",
        fontsize=6.0,
        ha="right" if left else "left",
        va="bottom" if above else "top",
        linespacing=1.0,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
        zorder=3,
    )


def _limits(axis: Axes, points: FloatArray, margin: float) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    room = margin * np.maximum(high - low, 1e-3 * np.maximum(np.abs(high).max(), 1e-300))
    axis.set_xlim(low[0] - room[0], high[0] + room[0])
    axis.set_ylim(low[1] - room[1], high[1] + room[1])


def _keys(space: PayoffSpace) -> list[Line2D]:
    """Explain regimes, points and solutions."""
    keys = []
    for n, side in enumerate(space.sides):
        style = mark(n)
        label = f"frontier, {regime_label(side.regime)}"
        keys.append(Line2D([], [], color=style.color, linestyle=style.dashes, label=label))
    points = [("disagreement", "x", 6.0), ("ideal", "+", 7.0)]
    for name in dict.fromkeys(name for side in space.sides for name in side.solutions):
        points.append((solution_label(name), *_SHAPES.get(name, ("h", 5.0))))
    for label, shape, size in points:
        keys.append(
            Line2D([], [], linestyle="", color=MUTED, marker=shape, markersize=size, label=label)
        )
    return keys


def _note(space: PayoffSpace) -> str:
    """Return the small print."""
    parts = [space.note] if space.note else []
    if len(space.sides) > 1:
        names = [regime_label(side.regime) for side in space.sides]
        parts.append(f"white: {names[0]}, filled: {', '.join(names[1:])}")
        if common := _common(space):
            parts.append(f"arrow: shift of the {solution_label(common)} solution")
    for side in space.sides:
        under = f"under {regime_label(side.regime)}"
        failed = [name for name, why in side.refused.items() if why == NO_DEAL]
        if failed and not side.solutions:
            parts.append(f"no agreement {under}")
        elif failed:
            parts.append(f"no agreement {under}: {', '.join(map(solution_label, failed))}")
        if lacking := [solution_label(name) for name in side.refused if name not in failed]:
            parts.append(f"not defined {under}: {', '.join(lacking)}")
    return "; ".join(parts)


def _words(space: PayoffSpace) -> str:
    """Return the alternative text."""
    one, two = space.players
    sides = [
        np.vstack([s.frontier, s.disagreement, s.ideal, *s.solutions.values()]) for s in space.sides
    ]
    scale = np.abs(np.vstack(sides)).max(axis=0)

    def at(point: FloatArray) -> tuple[str, str]:
        """Return both payoffs; what cannot be seen on the axis is zero."""
        x, y = np.where(np.abs(point) <= 1e-6 * scale, 0.0, point)
        return signed(float(x)), signed(float(y))

    told = [f"Payoff space of {one} and {two} at the table {space.table}, {space.unit}."]
    for side in space.sides:
        name = regime_label(side.regime)
        d = at(side.disagreement)
        told.append(f"{name}: disagreement point {one} {d[0]}, {two} {d[1]};")
        if not len(side.frontier):
            told.append("no outcome gives both a gain.")
            continue
        told.append(
            f"ideal point {', '.join(at(side.ideal))}; Pareto frontier of "
            f"{plain(len(side.frontier))} points;"
        )
        solutions = [
            f"{solution_label(key)} {', '.join(at(p))}" for key, p in side.solutions.items()
        ]
        told.append(f"{'; '.join(solutions) or 'no solution'}.")
    return " ".join(told)
