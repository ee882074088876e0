"""Along one or two numbers: sweep lines with bands, heat maps with the break-even contour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.ticker import MaxNLocator

from sim.errors import FigureError, ScenarioError
from sim.plots.analysis import dims_of, need_analysis, settings_of
from sim.plots.canvas import Chart, finish, panels, side_by_side, styled
from sim.plots.reading import FloatArray, labels, pick_solution, scenario_of, unit_of
from sim.plots.style import (
    INK,
    MUTED,
    PAGE,
    axis_unit,
    mark,
    plain,
    regime_label,
    signed,
    solution_label,
    with_unit,
)

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["UNKNOWN", "heat_map", "parameter_unit", "sweep", "tidy"]

UNKNOWN = "its own unit"
"""The unit of a number that the result does not know."""


@styled
def sweep(
    dataset: xr.Dataset,
    *,
    of: str = "linkage_gain",
    solution: str | None = None,
    regime: str | None = None,
    width: float = PAGE,
) -> Chart:
    """Draw a quantity along one number, with bands.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `sim.results.sweep` over one number.
    of : str
        `linkage_gain`, `payoff_change`, `outcome`, ...
    solution : str, optional
        The first one by default.
    regime : str, optional
        Where the quantity differs by regime; `linked` by default.
    width : float
        Inches; below 5 the panels stand below each other.

    Returns
    -------
    Chart
        A panel a player (or issue): the mean, a band of two standard errors, a lighter one over 5
        to 95 % of the draws, and where the mean crosses zero.

    Raises
    ------
    FigureError
        Another analysis, two numbers varied (see `heat_map`), or a name that is not there.
    """
    chosen, solution, paths = _read(dataset, "sweep", of, solution, regime)
    if len(paths) != 1:
        raise FigureError(
            f"sweep: {' and '.join(paths)} are varied; take the figure heat-map for two numbers"
        )
    path = paths[0]
    dim, names = dims_of(chosen, "sweep")
    columns = side_by_side(len(names), width)
    figure, axes = panels(len(names), columns, width=width, row=2.0, rest=0.3)
    x = np.asarray(chosen[path].values, dtype=np.float64)
    words = [
        f"{_quantity(of)} along {path}, {solution_label(solution)} solution: mean and 5 to 95 % of "
        "draws."
    ]
    for n, name in enumerate(names):
        stats = {
            key: np.asarray(chosen.sel({dim: name, "statistic": key}).values, dtype=np.float64)
            for key in ("mean", "se", "q05", "q95")
        }
        axes[n].set_title(name)
        axes[n].set_xlabel(with_unit(tidy(path), parameter_unit(dataset, path)))
        axes[n].set_ylabel(with_unit(_quantity(of), _unit(dataset, dim, name)))
        words.append(f"{name}: {_line(axes[n], x, stats, n)}.")
    note = _note(dataset, of, solution, regime, "dark band: ± 2 standard errors, light: 5 to 95 %")
    return finish(figure, " ".join(words), note=note)


@styled
def heat_map(
    dataset: xr.Dataset,
    *,
    of: str = "linkage_gain",
    solution: str | None = None,
    regime: str | None = None,
    width: float = PAGE,
) -> Chart:
    """Draw the mean of a quantity over two numbers, with the contour on which it is zero.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `sim.results.sweep` over two numbers.
    of, solution, regime, width
        See `sweep`.

    Returns
    -------
    Chart
        A panel a player (or issue): colours around zero, losses hatched, the break-even contour
        thick, further contours with their values.

    Raises
    ------
    FigureError
        Another analysis, one number varied (see `sweep`), or a name that is not there.
    """
    chosen, solution, paths = _read(dataset, "heat-map", of, solution, regime)
    if len(paths) != 2:
        raise FigureError(
            f"heat-map: needs two numbers; this sweep varies {', '.join(paths)}: take sweep"
        )
    dim, names = dims_of(chosen, "heat-map")
    columns = side_by_side(len(names), width)
    row = 0.78 * width / columns + 0.35
    figure, axes = panels(len(names), columns, width=width, row=row, rest=0.25)
    x, y = (np.asarray(chosen[path].values, dtype=np.float64) for path in paths)
    words = [
        f"Mean {_quantity(of)} over {' and '.join(paths)}, {solution_label(solution)} solution."
    ]
    for n, name in enumerate(names):
        field = chosen.sel({dim: name, "statistic": "mean"}).transpose(paths[1], paths[0])
        values = np.asarray(field.values, dtype=np.float64)
        axes[n].set_title(name)
        axes[n].set_xlabel(with_unit(tidy(paths[0]), parameter_unit(dataset, paths[0])))
        axes[n].set_ylabel(with_unit(tidy(paths[1]), parameter_unit(dataset, paths[1])))
        bar_label = with_unit(_quantity(of), _unit(dataset, dim, name))
        words.append(f"{name}: {_field(figure, axes[n], (x, y, values), bar_label)}.")
    note = _note(dataset, of, solution, regime, "thick: break-even; hatched: below zero")
    return finish(figure, " ".join(words), note=note)


def _read(
    dataset: xr.Dataset, figure: str, of: str, solution: str | None, regime: str | None
) -> tuple[xr.DataArray, str, tuple[str, ...]]:
    """Return the quantity at one solution and regime, and the paths that are varied."""
    need_analysis(dataset, figure, "sweep")
    paths = tuple(str(path) for path in settings_of(dataset).get("vary", {}))
    if of not in dataset or "statistic" not in dataset[of].dims:
        known = [str(k) for k, v in dataset.data_vars.items() if "statistic" in v.dims]
        raise FigureError(f"{figure}: {of!r} is not in this sweep; allowed: {', '.join(known)}")
    solution = pick_solution(dataset, figure, solution)
    chosen = dataset[of].sel(solution=solution)
    if "regime" in chosen.dims:
        known = list(labels(dataset, "regime"))
        name = regime or ("linked" if "linked" in known else known[0])
        if name not in known:
            raise FigureError(f"{figure}: regime {name!r}: there are {', '.join(known)}")
        chosen = chosen.sel(regime=name)
    if "part" in chosen.dims:
        raise FigureError(f"{figure}: {of} has parts; take linkage_gain")
    return chosen, solution, paths


def _line(axis: Axes, x: FloatArray, stats: dict[str, FloatArray], index: int) -> str:
    """Draw one quantity along one number; return what it shows in words."""
    from sim.montecarlo.break_even import crossings

    style, mean = mark(index), stats["mean"]
    error = np.where(np.isfinite(stats["se"]), stats["se"], 0.0)
    axis.fill_between(x, stats["q05"], stats["q95"], color=style.color, alpha=0.13, linewidth=0.0)
    axis.fill_between(
        x, mean - 2.0 * error, mean + 2.0 * error, color=style.color, alpha=0.4, linewidth=0.0
    )
    axis.plot(x, mean, color=style.color, marker=style.marker, markersize=3.0)
    low, high = axis.get_ylim()
    if low <= 0.0 <= high:
        axis.axhline(0.0, color=INK, linewidth=0.8)
    ends = f"{signed(float(mean[0]))} at {plain(float(x[0]))}, {signed(float(mean[-1]))} at "
    words = [f"{ends}{plain(float(x[-1]))}"]
    for cross in crossings(x, mean, error):
        axis.plot(cross.value, 0.0, "o", color="white", markeredgecolor=INK, zorder=5)
        axis.annotate(
            plain(cross.value),
            (cross.value, 0.0),
            xytext=(3, 4),
            textcoords="offset points",
            fontsize=6.5,
        )
        words.append(f"crosses zero at {plain(cross.value)} ± {cross.error:.1g}")
    return "; ".join(words)


def _field(
    figure: Chart, axis: Axes, values: tuple[FloatArray, FloatArray, FloatArray], label: str
) -> str:
    """Draw one quantity over two numbers; return what it shows in words."""
    x, y, z = values
    finite = z[np.isfinite(z)]
    if not len(finite):
        raise FigureError("heat-map: no point of the grid is finite")
    size = float(np.abs(finite).max()) or 1.0
    norm = TwoSlopeNorm(vmin=-1.3 * size, vcenter=0.0, vmax=1.3 * size)  # ends too dark for text
    image = axis.pcolormesh(x, y, z, norm=norm, cmap="PuOr", shading="nearest")
    image.set_edgecolor("face")  # no hairlines between cells in vector files
    low, high = float(finite.min()), float(finite.max())
    if low < 0.0:
        below = axis.contourf(x, y, z, levels=[low - size, 0.0], colors="none", hatches=["//"])
        below.set_edgecolor(MUTED)
        below.set_linewidth(0.0)
    if low < 0.0 < high:
        axis.contour(x, y, z, levels=[0.0], colors=INK, linewidths=1.8)
    levels = [v for v in MaxNLocator(5).tick_values(low, high) if low < v < high and v != 0.0]
    if levels:
        lines = axis.contour(x, y, z, levels=levels, colors=INK, linewidths=0.5, linestyles="-")
        names = axis.clabel(lines, fontsize=6.0, fmt=lambda v: plain(float(v), 2), inline=False)
        for name in names:
            name.set_bbox({"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.4})
            if not _inside(name.get_position(), x, y):
                name.remove()
    axis.set_xlim(x.min(), x.max())
    axis.set_ylim(y.min(), y.max())
    bar = figure.colorbar(image, ax=axis, shrink=0.9, pad=0.02, aspect=28)
    bar.set_label(label, fontsize=6.5)
    bar.outline.set_linewidth(0.4)
    share = float(np.mean(finite > 0.0))
    sign = (
        "above zero everywhere"
        if low > 0.0
        else "below zero everywhere"
        if high < 0.0
        else f"above zero at {100.0 * share:.0f} % of the grid"
    )
    return f"from {signed(low)} to {signed(high)}, {sign}"


def _inside(place: tuple[float, float], x: FloatArray, y: FloatArray) -> bool:
    """Say whether a name at a place of the plane stands clear of the frame, which would cut it."""
    ends = ((place[0], x), (place[1], y))
    shares = [(v - e.min()) / max(float(np.ptp(e)), 1e-300) for v, e in ends]
    return all(0.08 < share < 0.92 for share in shares)


def parameter_unit(dataset: xr.Dataset, path: str) -> str:
    """Return the unit of a number of the scenario, as far as the result tells."""
    try:
        scenario = scenario_of(dataset, "parameter")
    except (FigureError, ScenarioError):
        return UNKNOWN
    parts = path.split(".")
    name = parts[1] if parts[0] == "parameters" and len(parts) > 1 else parts[0]
    if name in scenario.parameters:
        return axis_unit(scenario.parameters[name].unit or "1")
    if parts[0] == "issues" and len(parts) > 1 and parts[1] in scenario.issues:
        return axis_unit(scenario.issues[parts[1]].unit or "1")
    return UNKNOWN


def tidy(path: str) -> str:
    """Return a path as an axis shows it."""
    return path.removeprefix("parameters.").removesuffix(".value").replace("_", " ")


def _quantity(of: str) -> str:
    return "gain" if of == "linkage_gain" else of.replace("_", " ")


def _unit(dataset: xr.Dataset, dim: str, name: str) -> str:
    if dim == "issue" and "issue_unit" in dataset.variables:
        return axis_unit(str(dataset["issue_unit"].sel(issue=name).values))
    return unit_of(dataset)


def _note(dataset: xr.Dataset, of: str, solution: str, regime: str | None, key: str) -> str:
    told = settings_of(dataset)
    where = f", {regime_label(regime or 'linked')}" if "regime" in dataset[of].dims else ""
    return (
        f"{solution_label(solution)} solution{where}; {told.get('draws', '?')} draws a point; {key}"
    )
