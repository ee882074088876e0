"""How sure the means are: running means and standard errors as the draws add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from sim.errors import FigureError
from sim.plots.canvas import Chart, finish, log_scale, panels, side_by_side, styled
from sim.plots.reading import FloatArray, footnote, labels, need, numbers, pick_solution, unit_of
from sim.plots.style import FAINT, INK, MUTED, PAGE, estimate, mark, solution_label, with_unit

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["convergence"]

_NAME = "convergence"
_POINTS = 40
_LEAST = 8


@dataclass(frozen=True, slots=True)
class _Path:
    """Running mean and standard error of one player's gain after `draws` draws."""

    draws: FloatArray
    mean: FloatArray
    error: FloatArray


@styled
def convergence(dataset: xr.Dataset, *, solution: str | None = None, width: float = PAGE) -> Chart:
    """Draw how the mean linkage gains settle as draws add up, with their standard errors.

    Standard errors are s/√n for independent draws, and come from the replicate means for Sobol'
    and Latin hypercube designs, see `sim.montecarlo.precision.standard_error`.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with at least 16 draws of `separate` and `linked`.
    solution : str, optional
        The first of the result by default.
    width : float
        Inches; below 5 the panels stand below each other.

    Returns
    -------
    Chart
        A panel a player: running mean with a band of two standard errors against the number of
        draws, and a panel of all standard errors beside the slopes −1/2 (independent draws) and −1.

    Raises
    ------
    FigureError
        No linkage gain, too few draws, or none of them finite.
    """
    need(dataset, _NAME, "linkage_gain")
    solution = pick_solution(dataset, _NAME, solution)
    players = labels(dataset, "player")
    paths = {player: _path(dataset, solution, player) for player in players}
    count = len(players) + 1
    columns = side_by_side(2 if count <= 4 else count, width)  # four: two by two
    figure, axes = panels(count, columns, width=width, row=1.9, rest=0.25)
    for p, player in enumerate(players):
        _mean(axes[p], paths[player], p)
        axes[p].set_title(player)
        axes[p].set_ylabel(with_unit("mean gain", unit_of(dataset)))
    _errors(axes[len(players)], paths)
    axes[len(players)].set_ylabel(with_unit("standard error", unit_of(dataset)))
    for axis in axes:
        log_scale(axis, "x")
        axis.set_xlabel("draws (number)")
    note = footnote(dataset, solution, regimes=f"band: ± 2 standard errors; {_sampler(dataset)}")
    return finish(figure, _words(dataset, paths, solution), note=note)


def _path(dataset: xr.Dataset, solution: str, player: str) -> _Path:
    """Return running means and standard errors on a logarithmic grid of draws."""
    from sim.montecarlo.precision import standard_error

    values = numbers(dataset, "linkage_gain", solution=solution, player=player)
    kept = np.isfinite(values)
    values = values[kept]
    label = dataset["replicate"].values[kept] if "replicate" in dataset else None
    first = _LEAST if label is None else max(_LEAST, 2 * len(np.unique(label)))
    if len(values) < 2 * first:
        raise FigureError(
            f"{_NAME}: needs {2 * first} finite draws to show how means settle; {player} has "
            f"{len(values)}"
        )
    steps = np.unique(np.geomspace(first, len(values), _POINTS).astype(int))
    errors = [
        float(standard_error(values[:n], None if label is None else label[:n])) for n in steps
    ]
    means = np.cumsum(values)[steps - 1] / steps
    return _Path(steps.astype(float), means, np.array(errors))


def _mean(axis: Axes, path: _Path, index: int) -> None:
    """Draw one running mean and its band."""
    style = mark(index)
    low, high = path.mean - 2.0 * path.error, path.mean + 2.0 * path.error
    axis.fill_between(path.draws, low, high, color=style.color, alpha=0.25, linewidth=0.0)
    axis.plot(path.draws, path.mean, color=style.color, linestyle=style.dashes)
    axis.axhline(path.mean[-1], color=MUTED, linewidth=0.6, zorder=0)
    text, error = estimate(float(path.mean[-1]), float(path.error[-1]))
    axis.text(
        0.97, 0.95, f"{text} {error}", transform=axis.transAxes, ha="right", va="top", fontsize=7.0
    )
    if low.min() <= 0.0 <= high.max():
        axis.axhline(0.0, color=INK, linewidth=0.8, zorder=1)


def _errors(axis: Axes, paths: dict[str, _Path]) -> None:
    """Draw all standard errors on logarithmic axes, with the slopes of the two samplers."""
    axis.set_title("standard errors")
    drawn = False
    for p, (player, path) in enumerate(paths.items()):
        style = mark(p)
        some = path.error > 0.0
        if some.any():
            axis.plot(
                path.draws[some],
                path.error[some],
                color=style.color,
                linestyle=style.dashes,
                marker=style.marker,
                markevery=max(int(some.sum()) // 6, 1),
                markersize=3.0,
                label=player,
            )
            drawn = True
    if not drawn:
        axis.text(0.5, 0.5, "all 0: every draw\nis the same", transform=axis.transAxes, ha="center")
        return
    log_scale(axis, "y")
    first = next(path for path in paths.values() if (path.error > 0.0).any())
    level = 0.5 * min(
        float(path.error[path.error > 0.0].max())
        for path in paths.values()
        if (path.error > 0.0).any()
    )
    ends = first.draws[[0, -1]]
    for slope, name in ((-0.5, "−1/2"), (-1.0, "−1")):
        line = level * (ends / ends[0]) ** slope
        axis.plot(ends, line, color=FAINT, linewidth=0.8, linestyle=(0.0, (3.0, 2.0)), zorder=0)
        axis.text(ends[1], line[1], f" {name}", fontsize=6.0, color=MUTED, va="center")
    axis.legend(loc="lower left")


def _sampler(dataset: xr.Dataset) -> str:
    if "replicate" not in dataset:
        return "independent draws"
    return f"errors from {len(np.unique(dataset['replicate'].values))} replicates"


def _words(dataset: xr.Dataset, paths: dict[str, _Path], solution: str) -> str:
    """Return the alternative text."""
    told = []
    for player, path in paths.items():
        text, error = estimate(float(path.mean[-1]), float(path.error[-1]))
        early, early_error = estimate(float(path.mean[0]), float(path.error[0]))
        told.append(
            f"{player}: {early} {early_error} after {path.draws[0]:.0f} draws, {text} {error} "
            f"after {path.draws[-1]:,.0f}."
        )
    return (
        f"Running mean of the linkage gain with two standard errors, "
        f"{solution_label(solution)} solution, "
        f"{unit_of(dataset)}. " + " ".join(told)
    )
