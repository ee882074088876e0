"""Where a mean turns: break-even points along one number, the break-even curve over two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from sim.errors import FigureError
from sim.montecarlo.break_even import chord_error, critical_value
from sim.montecarlo.contours import surface_error
from sim.plots.analysis import need_analysis, settings_of
from sim.plots.canvas import Chart, finish, panels, side_by_side, styled
from sim.plots.reading import FloatArray, choose, labels, pick_solution, unit_of
from sim.plots.style import (
    GAIN,
    INK,
    LOSS,
    MUTED,
    PAGE,
    mark,
    plain,
    solution_label,
    with_unit,
)
from sim.plots.sweeps import parameter_unit, tidy
from sim.results import BreakEvenCurves, BreakEvenPoints, read_break_even

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["break_even"]

BoolArray = npt.NDArray[np.bool_]

_CONFIDENCE = 0.95
_PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}


@styled
def break_even(
    dataset: xr.Dataset,
    *,
    solution: str | None = None,
    regime: str | None = None,
    part: str | None = None,
    players: tuple[str, ...] = (),
    width: float = PAGE,
) -> Chart:
    """Draw where the mean of an output is zero, and how sure that is.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `sim.results.break_even`.
    solution, regime, part : str, optional
        The first ones by default; of regimes `linked`.
    players : tuple of str
        Everybody by default.
    width : float
        Inches; below 5 the panels stand below each other.

    Returns
    -------
    Chart
        A panel a player. Along one number: the mean with its 95 % band, break-even points with
        their intervals, dashed the same at the medians. Over two: where gains and losses are sure,
        the band in between that is not, in it the break-even curve, dashed that at the medians.

    Raises
    ------
    FigureError
        Another analysis, or a name that is not there.
    """
    need_analysis(dataset, "break-even", "break-even", "mean", "se", "at_medians")
    told = settings_of(dataset)
    names = _chosen(dataset, solution, regime, part)
    whose = players or labels(dataset, "player")
    for name in whose:
        choose("break-even", "player", name, labels(dataset, "player"))
    here = dataset.sel(names)
    answers = {
        a.cell["player"]: a for a in read_break_even(dataset) if names.items() <= a.cell.items()
    }
    flat = len(told["along"]) == 1
    columns = side_by_side(len(whose), width)
    row = 2.0 if flat else 0.8 * width / columns
    figure, axes = panels(len(whose), columns, width=width, row=row, rest=0.35)
    factor = critical_value(float(told["freedom"]), _CONFIDENCE)
    for n, name in enumerate(whose):
        answer = answers[name]
        axes[n].set_title(name)
        if isinstance(answer, BreakEvenPoints):
            _line(axes[n], here.sel(player=name), answer, factor, n)
            quantity = "gain" if answer.of == "linkage_gain" else tidy(answer.of)
            axes[n].set_ylabel(with_unit(quantity, unit_of(dataset)))
            axes[n].set_xlabel(_axis(dataset, answer.along))
        else:
            _plane(axes[n], here.sel(player=name), answer, factor)
            axes[n].set_xlabel(_axis(dataset, answer.along[0]))
            axes[n].set_ylabel(_axis(dataset, answer.along[1]))
    key = "band: 95 %" if flat else "grey: neither is sure at 95 %"
    note = [
        *(solution_label(value) if dim == "solution" else value for dim, value in names.items())
    ]
    note[0] += " solution"
    shown = f"{told['draws']:,} common draws a point; {key}; dashed: all other numbers at medians"
    words = " ".join(answers[name].answer for name in whose)
    return finish(figure, words, note=f"{', '.join(note)}; {shown}")


def _chosen(
    dataset: xr.Dataset, solution: str | None, regime: str | None, part: str | None
) -> dict[str, str]:
    """Return the labels of every dimension but the player's."""
    names = {"solution": pick_solution(dataset, "break-even", solution)}
    for dim, asked in (("regime", regime), ("part", part)):
        if dim in dataset["mean"].dims:
            known = labels(dataset, dim)
            usual = "linked" if "linked" in known else known[0]
            names[dim] = choose("break-even", dim, asked or usual, known)
        elif asked is not None:
            raise FigureError(f"break-even: {dim} {asked!r}: this output does not differ by {dim}")
    return names


def _axis(dataset: xr.Dataset, path: str) -> str:
    return with_unit(tidy(path), parameter_unit(dataset, path))


def _line(axis: Axes, here: xr.Dataset, answer: BreakEvenPoints, factor: float, index: int) -> None:
    """Draw a mean along one number, its band and its break-even points."""
    x, mean, error = (np.asarray(here[n].values, float) for n in (answer.along, "mean", "se"))
    slack = chord_error(x, mean)
    beside = np.maximum(np.concatenate([slack[:1], slack]), np.concatenate([slack, slack[-1:]]))
    reach = factor * error + beside
    style = mark(index)
    fine = np.isfinite(mean) & np.isfinite(reach)
    if not fine.any():
        raise FigureError("break-even: no mean of this study is finite")
    low, high = (np.where(fine, mean + side * reach, np.nan) for side in (-1.0, 1.0))
    axis.fill_between(x, low, high, color=style.color, alpha=0.3, linewidth=0.0)
    axis.plot(x, np.where(fine, mean, np.nan), color=style.color)
    own = "medians" if "medians" in here.dims else answer.along
    middle = np.asarray(here["at_medians"].values, float)
    axis.plot(here[own].values, middle, color=MUTED, linewidth=0.8, dashes=(4.0, 2.0))
    axis.axhline(0.0, color=INK, linewidth=0.7)
    axis.set_xlim(*answer.ends)
    for root in answer.roots:
        ends = np.clip([root.lower, root.upper], *answer.ends)
        axis.plot(ends, [0.0, 0.0], color=INK, linewidth=3.0, solid_capstyle="butt", zorder=4)
        axis.plot(
            root.value, 0.0, "o", color="white", markersize=3.0, markeredgecolor=INK, zorder=5
        )
        left = root.value > np.mean(answer.ends)
        axis.annotate(
            plain(root.value),
            (root.value, 0.0),
            xytext=(-4 if left else 4, 5),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=6.5,
        )


def _plane(axis: Axes, here: xr.Dataset, answer: BreakEvenCurves, factor: float) -> None:
    """Draw where the sign over two numbers is sure, and the break-even curves."""
    x, y = (np.asarray(here[name].values, float) for name in answer.along)
    mean, error = (
        np.asarray(here[name].transpose(*answer.along).values, float) for name in ("mean", "se")
    )
    reach = factor * error + surface_error(x, y, mean)
    axis.set_facecolor("#d9d9d9")  # neither is sure
    axis.set_axisbelow(False)
    positive = answer.of == "linkage_gain"
    sides = (
        (mean - reach, GAIN, "", "gains" if positive else "above zero"),
        (-mean - reach, LOSS, "////", "loses" if positive else "below zero"),
    )
    if not any(np.any(sure > 0.0) for sure, *_ in sides):
        across, up = (float(np.mean(ends)) for ends in answer.ends)
        axis.text(across, up, "neither is sure", ha="center", fontsize=7.0)
    for sure, color, hatch, word in sides:
        if not np.any(sure > 0.0):
            continue
        top = float(np.nanmax(np.where(np.isfinite(sure), sure, np.nan)))
        filled = axis.contourf(
            x, y, sure.T, levels=[0.0, 2.0 * top], colors=[_pale(color)], hatches=[hatch]
        )
        filled.set_edgecolor("white")
        filled.set_linewidth(0.0)
        if (at := _deepest(x, y, sure > 0.0)) is not None:
            axis.text(*at, word, ha="center", va="center", fontsize=7.0, bbox=_PAPER)
    for curve in answer.curves:
        axis.plot(*curve.T, color=INK, linewidth=1.2)
    for curve in answer.at_medians:
        axis.plot(*curve.T, color=INK, linewidth=0.8, dashes=(4.0, 2.0))
    axis.set_xlim(*answer.ends[0])
    axis.set_ylim(*answer.ends[1])


def _pale(color: str) -> str:
    """Return a colour mixed with white, opaque so that files have no transparency to blend."""
    parts = [int(color[k : k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(0.4 * part + 0.6 * 255):02x}" for part in parts)


def _deepest(x: FloatArray, y: FloatArray, inside: BoolArray) -> tuple[float, float] | None:
    """Return the grid point of a region farthest from its edges, None if there is no room."""
    across, up = np.linspace(0.0, 1.0, len(x)), np.linspace(0.0, 1.0, len(y))
    points = np.stack(np.meshgrid(across, up, indexing="ij"), axis=-1)
    frame = np.min(np.concatenate([points, 1.0 - points], axis=-1), axis=-1)
    outside = points[~inside]
    gap = np.linalg.norm(points[:, :, None] - outside, axis=-1).min(axis=-1, initial=np.inf)
    depth = np.where(inside, np.minimum(frame, 0.5 * gap), -1.0)
    i, j = np.unravel_index(int(np.argmax(depth)), depth.shape)
    return (float(x[i]), float(y[j])) if depth[i, j] > 0.05 else None
