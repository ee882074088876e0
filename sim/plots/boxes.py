"""Where linkage pays: a box of parameters in which a player gains, found by PRIM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sim.errors import FigureError
from sim.plots.canvas import Chart, chart, finish, styled
from sim.plots.reading import (
    FloatArray,
    choose,
    labels,
    need,
    numbers,
    pick_solution,
    span,
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
    plain,
    solution_label,
    with_unit,
    wrapped,
)
from sim.plots.sweeps import UNKNOWN, parameter_unit

if TYPE_CHECKING:
    import xarray as xr

    from sim.results.discovery import Discovery

__all__ = ["box_of", "draw_box", "prim_box"]

BoolArray = npt.NDArray[np.bool_]

_NAME = "prim-box"
_DRAWN = 1500


@styled
def prim_box(
    dataset: xr.Dataset,
    *,
    player: str | None = None,
    solution: str | None = None,
    wins: bool = True,
    width: float = PAGE,
) -> Chart:
    """Draw the box of parameters in which a player gains from linkage.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws, with uncertain parameters, `separate` and `linked`.
    player : str, optional
        By default the one whose gains and losses are most balanced.
    solution : str, optional
        The first of the result by default.
    wins : bool
        False: where the player loses.
    width : float
        Inches; below 5 the panels stand below each other.

    Returns
    -------
    Chart
        Draws that gain (dots) and lose (crosses) over the two parameters that the box restricts
        most, and its edges; beside it every restricted parameter on the scale of its quantiles,
        with the bounds in its own unit.

    Raises
    ------
    FigureError
        Nothing uncertain, nobody's sign changes, no bound that is more than an accident, or a name
        that is not there.
    SamplingError
        Too few draws.
    """
    return draw_box(dataset, box_of(dataset, player=player, solution=solution, wins=wins), width)


def box_of(
    dataset: xr.Dataset,
    *,
    player: str | None = None,
    solution: str | None = None,
    wins: bool = True,
) -> Discovery:
    """Find the box that `prim_box` draws.

    Parameters
    ----------
    dataset, player, solution, wins
        See `prim_box`.

    Returns
    -------
    Discovery

    Raises
    ------
    FigureError, SamplingError
        See `prim_box`.
    """
    from sim.results import discover

    need(dataset, _NAME, "linkage_gain", "payoff_change")
    if "theta" not in dataset:
        raise FigureError(f"{_NAME}: nothing is uncertain in this result")
    solution = pick_solution(dataset, _NAME, solution)
    share = np.mean(_signs(dataset, solution) == (1.0 if wins else -1.0), axis=0)
    players = labels(dataset, "player")
    if player is None:
        player = players[int(np.argmin(np.abs(share - 0.5)))]
    p = players.index(choose(_NAME, "player", player, players))
    if share[p] in {0.0, 1.0}:
        word = "gains" if wins else "loses"
        how = "no" if share[p] == 0.0 else "every"
        raise FigureError(f"{_NAME}: {player} {word} in {how} draw: there is no box to find")
    found = discover(dataset, player=player, solution=solution, wins=wins)
    if not found.box.restricted:
        raise FigureError(f"{_NAME}: no bound on a parameter is more than an accident of the draws")
    return found


@styled
def draw_box(dataset: xr.Dataset, found: Discovery, width: float = PAGE) -> Chart:
    """Draw a box that is found.

    Parameters
    ----------
    dataset : xarray.Dataset
        The result that it was found in.
    found : Discovery
        From `box_of`.
    width : float
        See `prim_box`.

    Returns
    -------
    Chart
    """
    order = _order(dataset, found)
    wide = width >= 5.0
    figure = chart(width, 2.9 if wide else 2.9 + 0.5 + 0.33 * len(order))
    if wide:
        axes = figure.subplots(1, 2, squeeze=False, width_ratios=[1.0, 1.05]).ravel()
    else:
        heights = [2.6, 0.5 + 0.3 * len(order)]
        axes = figure.subplots(2, 1, squeeze=False, height_ratios=heights).ravel()
    p = labels(dataset, "player").index(found.player)
    hit: BoolArray = _signs(dataset, found.solution)[:, p] == (1.0 if found.wins else -1.0)
    _scatter(axes[0], dataset, found, order, hit)
    _bounds(axes[1], dataset, found, order, tall=wide)
    note = (
        f"{solution_label(found.solution)} solution; {percent(found.share)} of all draws are of "
        f"interest; box found in half of the draws; in the other half {_scores(found)}"
    )
    return finish(figure, _words(dataset, found, order), note=note)


def _signs(dataset: xr.Dataset, solution: str) -> FloatArray:
    """Return the sign of every gain, (draws, players); 0 where it is a tie."""
    gains = numbers(dataset, "linkage_gain", solution=solution)
    return np.where(np.abs(gains) <= tie_scale(dataset, "linked", solution), 0, np.sign(gains))


def _scores(found: Discovery) -> str:
    box = found.held_out
    return (
        f"coverage {percent(box.coverage)}, density {percent(box.density)}, mass "
        f"{percent(box.mass)}"
    )


def _order(dataset: xr.Dataset, found: Discovery) -> list[int]:
    """Return the restricted parameters, those first whose bounds cut off the most draws."""
    theta = np.asarray(dataset["theta"].values, dtype=np.float64)
    box = found.box
    cut = np.mean((theta < box.lower) | (theta > box.upper), axis=0)
    bound = np.isfinite(box.lower) | np.isfinite(box.upper)
    return [int(k) for k in np.argsort(-cut, kind="stable") if bound[k]]


def _limits(found: Discovery, k: int, values: FloatArray) -> tuple[float, float]:
    """Return the edges of the box along a parameter, those of the draws where it has none."""
    low, high = float(found.box.lower[k]), float(found.box.upper[k])
    return max(low, float(values.min())), min(high, float(values.max()))


def _scatter(
    axis: Axes, dataset: xr.Dataset, found: Discovery, order: list[int], hit: BoolArray
) -> None:
    """Draw the draws over the two parameters that are cut most; over one, against the gain."""
    theta = np.asarray(dataset["theta"].values, dtype=np.float64)
    names = found.box.names
    x = theta[:, order[0]]
    if len(order) > 1:
        y = theta[:, order[1]]
        label = with_unit(_tidy(names[order[1]]), parameter_unit(dataset, names[order[1]]))
        edges = _limits(found, order[1], y)
    else:
        y = numbers(dataset, "linkage_gain", solution=found.solution, player=found.player)
        label = with_unit("gain", unit_of(dataset))
        edges = (float(y.min()), float(y.max()))
    some = np.arange(min(len(x), _DRAWN))
    yes, no = some[hit[some]], some[~hit[some]]
    word, other = ("gains", "does not") if found.wins else ("loses", "does not")
    colors = (GAIN, LOSS) if found.wins else (LOSS, GAIN)
    axis.plot(x[no], y[no], "x", color=colors[1], markersize=2.2, markeredgewidth=0.5, alpha=0.7)
    axis.plot(x[yes], y[yes], "o", color=colors[0], markersize=2.2, markeredgewidth=0.0)
    axis.plot([], [], "o", color=colors[0], label=f"{found.player} {word}")
    axis.plot([], [], "x", color=colors[1], label=other)
    across = _limits(found, order[0], x)
    axis.add_patch(
        Rectangle(
            (across[0], edges[0]),
            across[1] - across[0],
            edges[1] - edges[0],
            facecolor="none",
            edgecolor=INK,
            linewidth=1.5,
            zorder=5,
        )
    )
    axis.set_xlim(*span([x], zero=False, tail=0.0))
    axis.set_ylim(*span([y], zero=False, tail=0.0))
    axis.set_xlabel(with_unit(_tidy(names[order[0]]), parameter_unit(dataset, names[order[0]])))
    axis.set_ylabel(label)
    axis.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.0)


def _bounds(
    axis: Axes, dataset: xr.Dataset, found: Discovery, order: list[int], *, tall: bool
) -> None:
    """Draw each restricted parameter on the scale of its quantiles."""
    theta = np.asarray(dataset["theta"].values, dtype=np.float64)
    box = found.box
    axis.set_title(
        f"box: coverage {percent(box.coverage)}, density {percent(box.density)}",
        fontsize=7.0,
        fontweight="normal",
    )
    for y, k in enumerate(order):
        values = theta[:, k]
        low, high = float(np.mean(values < box.lower[k])), float(np.mean(values <= box.upper[k]))
        axis.plot([0.0, 1.0], [y, y], color=FAINT, linewidth=3.0, solid_capstyle="butt")
        axis.plot(
            [low, high],
            [y, y],
            color=GAIN if found.wins else LOSS,
            linewidth=5.0,
            solid_capstyle="butt",
        )
        p = min(float(box.lower_p[k]), float(box.upper_p[k]))
        text = f"{_range(found, k)}   p {'<0.001' if p < 1e-3 else f'= {p:.3f}'}"
        axis.annotate(
            text, (0.0, y), xytext=(0, 4), textcoords="offset points", fontsize=6.0, color=MUTED
        )
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(max(len(order), 4 if tall else 0) - 0.5, -0.75)
    axis.set_yticks(range(len(order)), [wrapped(_tidy(box.names[k]), 20) for k in order])
    axis.tick_params(axis="y", length=0.0)
    axis.spines["left"].set_visible(False)
    axis.set_xlabel("quantile of the parameter (1)")
    axis.set_ylabel("parameter")


def _range(found: Discovery, k: int) -> str:
    """Return the bounds of a parameter in words."""
    low, high = float(found.box.lower[k]), float(found.box.upper[k])
    if not np.isfinite(high):
        return f"≥ {plain(low)}"
    if not np.isfinite(low):
        return f"≤ {plain(high)}"
    return f"{plain(low)} to {plain(high)}"


def _unit(dataset: xr.Dataset, name: str) -> str:
    """Return a parameter's unit, nothing where the result does not know it."""
    unit = parameter_unit(dataset, name)
    return "" if unit in {UNKNOWN, "1"} else unit


def _tidy(name: str) -> str:
    return name.replace("_", " ")


def _words(dataset: xr.Dataset, found: Discovery, order: list[int]) -> str:
    """Return the alternative text."""
    names = found.box.names
    bounds = "; ".join(
        " ".join([_tidy(names[k]), _range(found, k), _unit(dataset, names[k])]).rstrip()
        for k in order
    )
    word = "gains" if found.wins else "loses"
    return (
        f"Box of parameters in which {found.player} {word} from linkage, {found.solution} "
        f"solution: {bounds}. Coverage {percent(found.box.coverage)}, density "
        f"{percent(found.box.density)}; in draws that did not choose it {_scores(found)}. Of all "
        f"draws {percent(found.share)} are of interest."
    )
