"""Which unknown matters: tornado and Sobol' bars."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from sim.errors import FigureError
from sim.plots.analysis import dims_of, kind_of, need_analysis, pick_output, settings_of
from sim.plots.canvas import Chart, finish, panels, side_by_side, styled
from sim.plots.reading import FloatArray, pick_solution, scenario_of, unit_of
from sim.plots.style import (
    BLUE,
    INK,
    ORANGE,
    PAGE,
    SKY,
    axis_unit,
    percent,
    plain,
    signed,
    solution_label,
    with_unit,
    wrapped,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sobol", "tornado"]

_MOST = 12


@styled
def tornado(
    dataset: xr.Dataset,
    *,
    solution: str | None = None,
    regime: str | None = None,
    most: int = _MOST,
    width: float = PAGE,
) -> Chart:
    """Draw what each parameter alone does to the gains: a bar from its low to its high value.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `sim.results.tornado`; or a result that holds its scenario, for which it is computed.
    solution : str, optional
        The first one by default.
    regime : str, optional
        Where the quantity differs by regime; `linked` by default.
    most : int
        Parameters shown, the widest bars of any panel first.
    width : float
        Inches; below 5 the panels stand below each other.

    Returns
    -------
    Chart
        A panel a player: the quantity with the parameter at its low (hatched) and high quantile,
        all others at their medians; lines at zero and at the central value.

    Raises
    ------
    FigureError
        Another analysis, nothing uncertain, or a name that is not there.
    """
    if kind_of(dataset) == "result":
        dataset = _computed(dataset, solution)
    need_analysis(dataset, "tornado", "tornado", "low", "high", "central")
    told = settings_of(dataset)
    chosen, solution = pick_output(dataset, "tornado", solution, regime)
    dim, names = dims_of(chosen, "tornado")
    low, high = (chosen[v].transpose("input", dim).values for v in ("low", "high"))
    central = np.atleast_1d(chosen["central"].values)
    order = _order(np.abs(high - low), np.maximum(np.abs(low), np.abs(high)), "tornado", most)
    inputs = [str(v) for v in chosen["input"].values]
    shown = _shown([inputs[k] for k in order])
    figure, axes = _panels(names, shown, width)
    for n, (axis, name) in enumerate(zip(axes, names, strict=True)):
        _swing_bars(axis, low[order, n], high[order, n], float(central[n]))
        axis.set_title(name)
        axis.set_xlabel(with_unit(_quantity(told), _unit(dataset, dim, name)))
    _parameters(axes, shown)
    share = (percent(float(told.get("low", 0.05))), percent(float(told.get("high", 0.95))))
    figure.legend(
        handles=[
            Patch(
                facecolor=SKY, hatch="//////", edgecolor=BLUE, label=f"at its {share[0]} quantile"
            ),
            Patch(facecolor=ORANGE, edgecolor=INK, label=f"at its {share[1]} quantile"),
        ],
        loc="outside upper left",
        ncols=2,
    )
    note = f"{solution_label(solution)} solution; one parameter at a time, others at their medians"
    words = [
        f"Tornado of {_quantity(told)}, {solution_label(solution)} solution: each parameter from "
        f"its {share[0]} to its {share[1]} quantile, others at their medians."
    ]
    for n, name in enumerate(names):
        bars = [
            f"{inputs[k]} {signed(float(low[k, n]))} to {signed(float(high[k, n]))}"
            for k in _largest(np.abs(high - low)[:, n], order)
        ]
        words.append(f"{name}, central {signed(float(central[n]))}: {'; '.join(bars)}.")
    return finish(figure, " ".join(words), note=note + _rest(len(inputs), len(order)))


@styled
def sobol(
    dataset: xr.Dataset,
    *,
    solution: str | None = None,
    regime: str | None = None,
    most: int = _MOST,
    width: float = PAGE,
) -> Chart:
    """Draw first-order and total Sobol' indices with their confidence intervals.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `sim.results.sobol`.
    solution, regime, most, width
        See `tornado`.

    Returns
    -------
    Chart
        A panel a player: per input the share of the variance that it explains alone (filled) and
        with all its interactions (hatched), whiskers over 95 % confidence intervals.

    Raises
    ------
    FigureError
        Another analysis, no variance, or a name that is not there.
    """
    need_analysis(dataset, "sobol", "sobol", "first", "total", "first_interval", "total_interval")
    told = settings_of(dataset)
    chosen, solution = pick_output(dataset, "sobol", solution, regime)
    dim, names = dims_of(chosen, "sobol")
    first, total = (chosen[v].transpose("input", dim).values for v in ("first", "total"))
    ends = [
        chosen[v].transpose("bound", "input", dim).values
        for v in ("first_interval", "total_interval")
    ]
    order = _order(total, np.ones_like(total), "sobol", most)
    inputs = [str(v) for v in chosen["input"].values]
    shown = _shown([inputs[k] for k in order])
    figure, axes = _panels(names, shown, width)
    for n, (axis, name) in enumerate(zip(axes, names, strict=True)):
        _index_bars(axis, (first[order, n], total[order, n]), [e[:, order, n] for e in ends])
        axis.set_xlim(0.0, min(1.05 * max(float(ends[1].max()), float(total.max())), 1.3))
        axis.set_title(name)
        axis.set_xlabel("share of variance (1)")
    _parameters(axes, shown)
    figure.legend(
        handles=[
            Patch(facecolor=BLUE, edgecolor=BLUE, label="first order: alone"),
            Patch(facecolor="white", hatch="//////", edgecolor=ORANGE, label="total: with others"),
        ],
        loc="outside upper left",
        ncols=2,
    )
    points = int(told.get("points", 0))
    note = (
        f"{solution_label(solution)} solution; variance of {_quantity(told)}; {points:,} points; "
        "whiskers: 95 % confidence"
    )
    words = [
        f"Sobol' indices of {_quantity(told)}, {solution_label(solution)} solution, {points:,} "
        "points."
    ]
    for n, name in enumerate(names):
        bars = [
            f"{inputs[k]} first order {plain(float(first[k, n]), 2)}, total "
            f"{plain(float(total[k, n]), 2)}"
            for k in _largest(total[:, n], order)
        ]
        words.append(f"{name}: {'; '.join(bars)}.")
    return finish(figure, " ".join(words), note=note + _rest(len(inputs), len(order)))


def _computed(dataset: xr.Dataset, solution: str | None) -> xr.Dataset:
    """Return the tornado of the linkage gain of the scenario that a result was made from."""
    from sim.results import plan_run
    from sim.results.analyses import tornado as analyse

    solution = pick_solution(dataset, "tornado", solution)
    scenario = scenario_of(dataset, "tornado")
    if not scenario.uncertain:
        raise FigureError("tornado: nothing is uncertain in this scenario")
    pair = ("separate", "linked")
    return analyse(plan_run(scenario, draws=1, regimes=pair, solutions=(solution,)))


def _order(size: FloatArray, scale: FloatArray, figure: str, most: int) -> list[int]:
    """Return the inputs with the largest size in any panel, those that do nothing left out."""
    widest = np.nan_to_num(size).max(axis=1)
    moves = widest > 1e-9 * max(float(np.nan_to_num(scale).max(initial=0.0)), 1e-300)
    order = [int(k) for k in np.argsort(-widest, kind="stable") if moves[k]]
    if not order:
        raise FigureError(f"{figure}: no parameter moves anything")
    return order[:most]


def _largest(size: FloatArray, order: list[int], count: int = 5) -> list[int]:
    """Return the inputs that matter most in one panel, for words."""
    return sorted(order, key=lambda k: -float(size[k]))[:count]


def _shown(inputs: list[str]) -> list[str]:
    """Return the names of inputs as an axis has room for them, in two lines at most."""
    return [wrapped(shorten(name.replace("_", " "), 50, placeholder=" …"), 26) for name in inputs]


def _panels(names: tuple[str, ...], inputs: list[str], width: float) -> tuple[Chart, list[Axes]]:
    each = 0.24 if any("\n" in name for name in inputs) else 0.17
    columns, row = side_by_side(len(names), width), each * len(inputs) + 0.7
    return panels(len(names), columns, width=width, row=row, rest=0.35)


def _parameters(axes: list[Axes], names: list[str]) -> None:
    """Name the bars: on the first panel of each row, the others have the same order."""
    for axis in axes:
        axis.set_ylim(len(names) - 0.4, -0.6)
        first = axis.get_subplotspec().is_first_col()  # type: ignore[union-attr]
        axis.set_yticks(range(len(names)), names if first else [])
        axis.set_ylabel("parameter" if first else "")
        axis.tick_params(axis="y", length=0.0)
        axis.spines["left"].set_visible(False)


def _swing_bars(axis: Axes, low: FloatArray, high: FloatArray, central: float) -> None:
    """Draw one panel of the tornado."""
    y = np.arange(len(low))
    axis.barh(
        y,
        low - central,
        0.62,
        left=central,
        color=SKY,
        hatch="//////",
        edgecolor=BLUE,
        linewidth=0.3,
    )
    axis.barh(y, high - central, 0.62, left=central, color=ORANGE, edgecolor=INK, linewidth=0.3)
    both = (np.sign(low - central) == np.sign(high - central)) & (low != central)
    for k in np.flatnonzero(both):  # the shorter bar would hide behind the longer one
        axis.plot([low[k]], [k], "|", color=BLUE, markersize=5.0)
        axis.plot([high[k]], [k], "|", color=INK, markersize=5.0)
    axis.axvline(central, color=INK, linewidth=0.6)
    limits = axis.get_xlim()
    if limits[0] <= 0.0 <= limits[1]:
        axis.axvline(0.0, color=INK, linewidth=0.9, linestyle=(0.0, (4.0, 2.0)))


def _index_bars(axis: Axes, values: tuple[FloatArray, FloatArray], ends: list[FloatArray]) -> None:
    """Draw one panel of Sobol' indices."""
    y = np.arange(len(values[0]))
    looks = (
        (-0.19, values[0], ends[0], {"facecolor": BLUE, "edgecolor": BLUE}),
        (0.19, values[1], ends[1], {"facecolor": "white", "edgecolor": ORANGE, "hatch": "//////"}),
    )
    for shift, value, interval, look in looks:
        axis.barh(y + shift, np.maximum(value, 0.0), 0.36, linewidth=0.5, **look)  # type: ignore[arg-type]
        axis.hlines(y + shift, *np.maximum(interval, 0.0), color=INK, linewidth=0.8)


def _quantity(told: dict[str, object]) -> str:
    name = str(told.get("of", "linkage_gain"))
    return "gain" if name == "linkage_gain" else name.replace("_", " ")


def _unit(dataset: xr.Dataset, dim: str, name: str) -> str:
    """Return the unit of the quantity: that of the issue, or that of payoffs."""
    if dim != "issue":
        return unit_of(dataset)
    if "issue_unit" not in dataset.variables:
        return "unit of the issue"
    return axis_unit(str(dataset["issue_unit"].sel(issue=name).values))


def _rest(known: int, shown: int) -> str:
    return f"; {shown} of {known} inputs" if shown < known else ""
