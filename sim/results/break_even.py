"""Where an output turns: its mean along one or two numbers of a scenario, with common draws."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import ResultError, SamplingError
from sim.montecarlo.break_even import chord_error, critical_value
from sim.montecarlo.case_task import linkage, part_names
from sim.montecarlo.chunks import Arrays, ChunkStore, gather
from sim.montecarlo.precision import IntArray, standard_error
from sim.montecarlo.sampling import replicate
from sim.montecarlo.sweeps import MOST_POINTS, SweepTask, Vary, sweep_task
from sim.negotiation import median_theta, solve_chunk
from sim.results.dataset import SCHEMA
from sim.results.domain import own_name, require_domain
from sim.results.execution import Execution, Fill, finished
from sim.results.planning import Run
from sim.results.summary import TIE
from sim.scenario.names import listed, nearest

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["OUTPUTS", "along", "break_even", "load_break_even"]

FloatArray = npt.NDArray[np.float64]

OUTPUTS = tuple(
    name for name, known in SCHEMA.items() if known.dims[-1] == "player" and known.dims[0] == "draw"
)
"""What may be asked for: the quantities that every player has."""

_FINER = 8  # parts of a cell in which something turns
_MEDIANS = 8  # points a cell at the medians, which cost a draw each
_TAIL = 0.01  # of a distribution left out at either end of the default range


def along(planned: Run, text: str, *, points: int = 13) -> Vary:
    """Read `NAME`, `NAME=FROM:TO` or `NAME=FROM:TO:N`: a number and where to look.

    Parameters
    ----------
    planned : Run
    text : str
        The name of an uncertain number needs no range: it is that of its distribution between the
        quantiles 1 and 99 %, or to its very end where that is near. Any other number of the
        scenario, by its dotted path, needs one.
    points : int
        Grid points, where the text does not say.

    Returns
    -------
    Vary

    Raises
    ------
    SimError
        No such number, no range for one that is certain, one that takes separate values only, or
        a range that the scenario does not allow.
    """
    path, equals, numbers = text.partition("=")
    path = path.strip()
    name = path.removeprefix("parameters.").removesuffix(".value")
    laws = {unknown.name: unknown.distribution for unknown in planned.plan.scenario.uncertain}
    if name in laws and laws[name].discrete:
        raise SamplingError(
            f"break-even along {name}: it is {laws[name]} and has no values in between; "
            "sim sweep compares those that it takes"
        )
    if equals:
        parts = numbers.split(":")
        try:
            low, high = (float(part) for part in parts[:2])
            points = int(parts[2]) if parts[2:] else points
        except ValueError:
            low = high = np.nan
        fine = np.isfinite([low, high]).all() and low < high and 3 <= points <= MOST_POINTS
        if len(parts) > 3 or not fine:
            raise SamplingError(
                f"break-even along {text}: write NAME, NAME=FROM:TO or NAME=FROM:TO:N with "
                f"FROM below TO and N at least 3, at most {MOST_POINTS:,}, such as erosion=0:0.4:13"
            )
    elif name in laws:
        low, high = _range(planned, name)
    else:
        hint = nearest(name, laws) or "."
        raise SamplingError(
            f"break-even along {name}: not among the uncertain numbers{hint} There are "
            f"{listed(laws, most=60)}. Any other number of the scenario needs a range, "
            f"{path}=FROM:TO"
        )
    own = own_name(planned.plan.scenario, path)
    grid = np.linspace(low, high, points)
    found = Vary(own or path, tuple(float(value) for value in grid))
    require_domain(planned.plan.scenario, [found], "break-even along")
    return found


def _range(planned: Run, name: str) -> tuple[float, float]:
    """Return where an uncertain number lies but for its tails."""
    law = next(u.distribution for u in planned.plan.scenario.uncertain if u.name == name)
    tails = law.ppf([_TAIL, 1.0 - _TAIL])
    ends, width = np.array(law.support), tails[1] - tails[0]
    low, high = np.where(np.abs(tails - ends) <= 0.05 * width, ends, tails)
    return float(low), float(high)


def break_even(
    planned: Run,
    vary: Sequence[Vary],
    *,
    of: str = "linkage_gain",
    draws: int = 1024,
    how: Execution | None = None,
) -> xr.Dataset:
    """Compute the mean of an output along one or two numbers, all others as they are drawn.

    The number is set to every value of a grid and the scenario solved again in the same draws
    of all others (common random numbers): with θ₋ the others and G the output,

        g(x) = E[G(x, θ₋)].

    So x has its own effect alone, whatever it is correlated with; a regression on the draws of a
    run would mix in what moves with it, and would need a bandwidth. Along one number, the cells in
    which a mean or an end of its confidence interval changes sign are computed again on a grid 8
    times finer.

    Parameters
    ----------
    planned : Run
        From `plan_run`. Its own number of draws plays no part.
    vary : sequence of Vary
        One or two, see `along`; at least three ascending values each.
    of : str
        A name of `OUTPUTS`.
    draws : int
        Draws a grid point.
    how : Execution, optional
        Workers, folder (`break-even.nc`), progress.

    Returns
    -------
    xarray.Dataset
        `mean`, `se`, `p_positive` (numbers, ...): mean of the output, its standard error, share of
        draws above zero, ties (`TIE`) counting as zero; `converged` (numbers, regime, solution):
        share of converged draws; `cdf` (number): P(number ≤ x), of one uncertain number;
        `at_medians` (medians, ...) or (numbers, ...): the output with
        all others at their medians. `read_break_even` finds what is zero where.

    Raises
    ------
    SimError
        No such output, number or range; too few draws to tell a standard error.

    See Also
    --------
    sim.montecarlo.break_even.undecided : the confidence set, formula and reference.

    References
    ----------
    Glasserman & Yao (1992), Some guidelines and guarantees for common random numbers, Management
    Science 38.
    """
    _need_output(planned, of)
    if any(len(one.values) < 3 or np.any(np.diff(one.values) <= 0.0) for one in vary):
        raise SamplingError("break-even: needs three ascending values or more of each number")
    label = replicate(planned.design, range(draws))
    if not np.isfinite(standard_error(np.zeros(draws), label)):
        raise SamplingError(
            f"break-even: {draws} draws are too few to tell a standard error; take at least "
            f"{2 if label is None else planned.design.replicates}"
        )
    freedom = draws - 1 if label is None else int(np.max(label))
    task = sweep_task(
        planned.plan, planned.design, vary, draws=draws, keep=(of, "payoff_change", "converged")
    )
    _at_medians(replace(task, points=task.points[:1]), of)  # faults before anything is computed
    what = {
        "analysis": "break-even",
        "of": of,
        "along": {one.path: [one.values[0], one.values[-1], len(one.values)] for one in vary},
        "draws": draws,
        "freedom": freedom,
    }

    def study(store: ChunkStore, fill: Fill) -> xr.Dataset:
        fill(task, task.rows)
        found = _means(task, store, range(len(task.points)), of, label)
        if len(vary) == 2:
            return _labelled(planned, task, vary, found, of)
        grid = np.array(vary[0].values)
        values = _finer(grid, found["mean"], critical_value(freedom) * found["se"])
        if not len(values):
            return _labelled(planned, task, vary, found, of)
        whole = replace(task, points=task.points + tuple(((vary[0].path, v),) for v in values))
        fill(whole, whole.rows)
        every = np.concatenate([grid, values])
        order = np.argsort(every)
        found = _means(task, store, range(len(every)), of, label)
        found = {name: array[order] for name, array in found.items()}
        return _labelled(
            planned, task, [Vary(vary[0].path, tuple(every[order].tolist()))], found, of
        )

    return finished(planned, study, what, how or Execution())


def load_break_even(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open what `break_even` left in a folder.

    Parameters
    ----------
    path : str or path-like
        The folder, or its `break-even.nc`.

    Raises
    ------
    ResultError
        There is none.
    """
    import xarray as xr

    file = Path(path)
    file = file / "break-even.nc" if file.is_dir() else file
    try:
        found = xr.load_dataset(file, engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: no break-even study ({error})") from error
    if json.loads(str(found.attrs.get("analysis", "{}"))).get("analysis") != "break-even":
        raise ResultError(f"{path}: netCDF, but no break-even study")
    return found


def _need_output(planned: Run, of: str) -> None:
    if of not in OUTPUTS:
        raise SamplingError(f"break-even of {of}: allowed are {', '.join(OUTPUTS)}")
    if of in ("linkage_gain", "decomposition") and not part_names(planned.plan.regimes):
        raise SamplingError(f"break-even of {of}: needs the regimes separate and linked")


def _means(
    task: SweepTask, store: ChunkStore, points: range, of: str, label: IntArray | None
) -> dict[str, FloatArray]:
    """Reduce the draws of grid points, which lie one after another in the store."""
    known, count = task.task.plan.regimes, task.draws
    pair = [known.index(name) for name in ("separate", "linked") if name in known]
    regimes = pair if len(pair) == 2 else list(range(len(known)))
    found = []
    for k in points:
        arrays = gather(store, range(k * count, (k + 1) * count))
        found.append(_point(arrays, of, label, regimes))
    names = ("mean", "se", "p_positive", "converged")
    return {
        name: np.stack(part) for name, part in zip(names, zip(*found, strict=True), strict=True)
    }


def _point(
    arrays: Arrays, of: str, label: IntArray | None, regimes: Sequence[int]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return mean, standard error, share above zero, share converged at one grid point."""
    size = np.max(np.abs(arrays["payoff_change"][:, regimes]), axis=1)  # (n, S, N)
    known = np.isfinite(size)
    scale = np.where(known, size, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    values = _untied(arrays, of, scale)
    with np.errstate(invalid="ignore"):
        mean = values[0] + np.mean(values - values[0], axis=0)  # exact for a constant
        error = standard_error(values, label)
    blank = ~np.isfinite(mean)
    return (
        np.where(blank, np.nan, mean),
        np.where(blank | ~np.isfinite(error), np.inf, error),
        np.mean(values > 0.0, axis=0),
        np.mean(arrays["converged"], axis=0),
    )


def _untied(arrays: Arrays, of: str, scale: FloatArray) -> FloatArray:
    """Return an output with ties set to 0; the scale of payoffs is (..., S, N)."""
    values = np.asarray(arrays[of], dtype=np.float64)
    if "part" in SCHEMA[of].dims:
        scale = scale[..., None, :]
    elif "regime" in SCHEMA[of].dims:
        scale = scale[..., None, :, :]
    return np.where(np.abs(values) <= TIE * scale, 0.0, values)


def _finer(grid: FloatArray, mean: FloatArray, reach: FloatArray) -> FloatArray:
    """Return the values inside the cells in which a mean or an end of its interval turns."""
    mean, reach = (values.reshape(len(grid), -1) for values in (mean, reach))
    slack = chord_error(grid, mean)
    turning = np.zeros(len(grid) - 1, dtype=bool)
    for side in (-1.0, 0.0, 1.0):
        first, last = (mean[at] + side * (reach[at] + slack) for at in (np.s_[:-1], np.s_[1:]))
        turning |= np.any((first > 0.0) != (last > 0.0), axis=1)
    cells = np.flatnonzero(turning)
    inner = [np.linspace(grid[k], grid[k + 1], _FINER + 1)[1:-1] for k in cells]
    return np.concatenate(inner) if inner else np.empty(0)


def _labelled(
    planned: Run, task: SweepTask, vary: Sequence[Vary], found: Mapping[str, FloatArray], of: str
) -> xr.Dataset:
    """Return the dataset, with the output at the medians along the same numbers."""
    import xarray as xr

    paths = [one.path for one in vary]
    grids = {one.path: np.array(one.values) for one in vary}
    shape = tuple(len(grid) for grid in grids.values())
    dims = SCHEMA[of].dims[1:]
    alone = len(vary) == 1 and not task.text
    middle = dict(grids)
    if alone:
        grid = grids[paths[0]]
        inner = [np.linspace(*ends, _MEDIANS + 1)[:-1] for ends in itertools.pairwise(grid)]
        middle = {paths[0]: np.concatenate([*inner, grid[-1:]])}
    points = tuple(tuple(zip(paths, at, strict=True)) for at in itertools.product(*middle.values()))
    central = _at_medians(replace(task, points=points), of)
    own = ("medians",) if alone else tuple(paths)
    size = central.shape[1:]
    variables = {
        name: ((*paths, *dims), found[name].reshape(*shape, *size))
        for name in ("mean", "se", "p_positive")
    }
    converged = found["converged"]
    variables["converged"] = (
        (*paths, "regime", "solution"),
        converged.reshape(*shape, *converged.shape[1:]),
    )
    variables["at_medians"] = (
        (*own, *dims),
        central.reshape(*(len(grid) for grid in middle.values()), *size),
    )
    laws = {unknown.name: unknown.distribution for unknown in planned.plan.scenario.uncertain}
    if len(vary) == 1 and paths[0] in laws:
        law = laws[paths[0]]
        variables["cdf"] = (tuple(paths), np.array([law.cdf(v) for v in grids[paths[0]]]))
    used = {dim for known in variables.values() for dim in known[0]}
    labels = {dim: np.array(v) for dim, (at, v) in planned.coords.items() if dim == at}
    coords = {dim: values for dim, values in labels.items() if dim in used}
    if alone:
        coords["medians"] = middle[paths[0]]
    return xr.Dataset(variables, coords={**coords, **grids}, attrs=dict(planned.attrs))


def _at_medians(task: SweepTask, of: str) -> FloatArray:
    """Return the output at every point with all that is not set at its median."""
    found = []
    points = [task.at(k) for k in range(len(task.points))]
    for _, group in itertools.groupby(points, key=lambda point: id(point.plan)):
        alike = list(group)
        plan = alike[0].plan
        theta = {
            name: np.full(len(alike), value[0])
            for name, value in median_theta(plan.scenario).items()
        }
        theta |= {name: np.array([one.fixed[name] for one in alike]) for name in alike[0].fixed}
        arrays: Arrays = dict(solve_chunk(plan, theta, len(alike)))
        arrays |= linkage(arrays["payoff_change"], plan.regimes)
        if of not in arrays:
            raise SamplingError(f"break-even of {of}: this scenario has no such output")
        found.append(_untied(arrays, of, np.max(np.abs(arrays["payoff_change"]), axis=1)))
    return np.concatenate(found)
