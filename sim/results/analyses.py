"""Sensitivity, sweeps and discovery on whole scenarios: labelled, resumable, on any engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.case_task import CaseTask
from sim.montecarlo.chunks import Arrays, ChunkStore, gather
from sim.montecarlo.engine import Task
from sim.montecarlo.one_at_a_time import morris_design, morris_effects, swings, tornado_design
from sim.montecarlo.sampling import replicate
from sim.montecarlo.sensitivity import sobol_design, sobol_indices
from sim.montecarlo.sweeps import Vary, sweep_task
from sim.results.dataset import SCHEMA, to_dataset
from sim.results.domain import require_domain
from sim.results.execution import Execution, Fill, finished
from sim.results.planning import Run
from sim.results.summary import summarise

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["morris", "sobol", "sweep", "tornado"]

FloatArray = npt.NDArray[np.float64]

_SWEPT = (
    "linkage_gain",
    "decomposition",
    "payoff_change",
    "outcome",
    "agreement",
    "converged",
    "residual",
)
_QUANTITIES = tuple(
    name for name, known in SCHEMA.items() if not known.share and name not in ("theta", "replicate")
)


@dataclass(frozen=True, slots=True)
class _Only:
    """A task that returns some arrays of another."""

    task: Task
    names: tuple[str, ...]

    def __call__(self, rows: range) -> Arrays:
        arrays = self.task(rows)
        missing = [name for name in self.names if name not in arrays]
        if missing:
            raise SamplingError(
                f"{', '.join(missing)}: not among the results; there are {', '.join(arrays)} "
                "(the linkage gain needs the regimes separate and linked)"
            )
        return {name: arrays[name] for name in self.names}


def sobol(
    planned: Run,
    *,
    of: str = "linkage_gain",
    points: int = 1024,
    grouped: bool = False,
    how: Execution | None = None,
) -> xr.Dataset:
    """Estimate Sobol' indices of every output of a scenario.

    Parameters
    ----------
    planned : Run
        From `plan_run`: scenario, seed, sampler, regimes, solutions. Its number of draws plays no
        part.
    of : str
        A quantity of `SCHEMA`: `linkage_gain`, `payoff_change`, `outcome`, ...
    points : int
        Each costs one draw an input, and two.
    grouped : bool
        Take correlated parameters as one input; without it they are refused.
    how : Execution, optional
        Workers, folder, progress.

    Returns
    -------
    xarray.Dataset
        `first`, `total` (input, ...), `first_interval`, `total_interval` (bound, input, ...) with
        95 % confidence, `variance` (...), where ... are the dimensions of the quantity.

    Raises
    ------
    SamplingError
        Correlated inputs that are not grouped, or no such quantity.

    See Also
    --------
    sim.montecarlo.sensitivity.sobol_indices : formulas and references.
    """
    dims = _dims(of)
    design = sobol_design(planned.design, grouped=grouped)
    rows = points * design.width
    what = {"analysis": "sobol", "of": of, "points": points, "grouped": grouped}

    def read(values: FloatArray) -> xr.Dataset:
        found = sobol_indices(design, values)
        return _labelled(
            planned,
            {
                "first": (("input", *dims), found.first),
                "total": (("input", *dims), found.total),
                "first_interval": (("bound", "input", *dims), found.first_interval),
                "total_interval": (("bound", "input", *dims), found.total_interval),
                "variance": (dims, found.variance),
            },
            {"input": found.inputs, "bound": ("lower", "upper")},
        )

    return _computed(planned, CaseTask(planned.plan, design), rows, of, what, read, how)


def tornado(
    planned: Run,
    *,
    of: str = "linkage_gain",
    low: float = 0.05,
    high: float = 0.95,
    how: Execution | None = None,
) -> xr.Dataset:
    """Move every parameter from one quantile to another, one at a time, others at their medians.

    Parameters
    ----------
    planned, of, how
        See `sobol`.
    low, high : float
        Quantiles.

    Returns
    -------
    xarray.Dataset
        `low`, `high` (input, ...), `central` (...).

    Raises
    ------
    SamplingError
        Quantiles that are none, or no such quantity.
    """
    dims = _dims(of)
    design = tornado_design(planned.design, low=low, high=high)
    what = {"analysis": "tornado", "of": of, "low": low, "high": high}

    def read(values: FloatArray) -> xr.Dataset:
        found = swings(design, values)
        variables = {
            "low": (("input", *dims), found.low),
            "high": (("input", *dims), found.high),
            "central": (dims, found.central),
        }
        return _labelled(planned, variables, {"input": found.inputs})

    rows = len(design.points)
    return _computed(planned, CaseTask(planned.plan, design), rows, of, what, read, how)


def morris(
    planned: Run,
    *,
    of: str = "linkage_gain",
    trajectories: int = 20,
    how: Execution | None = None,
) -> xr.Dataset:
    """Screen many parameters by Morris' elementary effects; needs SALib.

    Parameters
    ----------
    planned, of, how
        See `sobol`.
    trajectories : int
        Each costs one draw a parameter, and one.

    Returns
    -------
    xarray.Dataset
        `mu_star`, `mu_star_reach`, `sigma` (input, ...).

    Raises
    ------
    SamplingError
        SALib is not installed, or no such quantity.
    """
    dims = ("input", *_dims(of))
    design = morris_design(planned.design, trajectories=trajectories)
    what = {"analysis": "morris", "of": of, "trajectories": trajectories}

    def read(values: FloatArray) -> xr.Dataset:
        found = morris_effects(design, values)
        variables = {
            "mu_star": (dims, found.mu_star),
            "mu_star_reach": (dims, found.mu_star_reach),
            "sigma": (dims, found.sigma),
        }
        return _labelled(planned, variables, {"input": found.inputs})

    rows = len(design.points)
    return _computed(planned, CaseTask(planned.plan, design), rows, of, what, read, how)


def sweep(
    planned: Run,
    vary: Sequence[Vary],
    *,
    draws: int | None = None,
    how: Execution | None = None,
) -> xr.Dataset:
    """Run a scenario at every point of a grid over one or two numbers, with common draws.

    Parameters
    ----------
    planned : Run
        From `plan_run`.
    vary : sequence of Vary
        What to vary; see `parse_vary`.
    draws : int, optional
        Draws a point; the run's by default.
    how : Execution, optional
        Workers, folder, progress.

    Returns
    -------
    xarray.Dataset
        As `summarise` returns it, with the dimensions of the grid, named by their paths, behind
        `statistic`.

    Raises
    ------
    SimError
        A path that is no number of the scenario, or a value that it cannot have.

    See Also
    --------
    sim.montecarlo.break_even.crossings : break-even points along a dimension.
    """
    count = draws or planned.draws
    if count is None:
        raise SamplingError("sweep: say how many draws a point, a sweep does not stop by precision")
    require_domain(planned.plan.scenario, vary, "vary")
    task = sweep_task(planned.plan, planned.design, vary, draws=count, keep=_SWEPT)
    grid = {one.path: one.values for one in vary}
    what = {"analysis": "sweep", "vary": grid, "draws": count}

    def study(store: ChunkStore, fill: Fill) -> xr.Dataset:
        fill(task, task.rows)
        parts = [
            _point(planned, gather(store, range(k * count, (k + 1) * count)), count)
            for k in range(len(task.points))
        ]
        return _gridded(planned, parts, grid)

    return finished(planned, study, what, how or Execution(), rows=task.rows)


def _point(planned: Run, arrays: Arrays, count: int) -> xr.Dataset:
    """Summarise the draws of one point of a sweep."""
    label = replicate(planned.design, range(count))
    labels = {name: values for name, (dim, values) in planned.coords.items() if name == dim}
    whole = arrays if label is None else arrays | {"replicate": label}
    return summarise(to_dataset(whole, labels, attrs=planned.attrs))


def _gridded(
    planned: Run, parts: Sequence[xr.Dataset], grid: Mapping[str, tuple[float, ...]]
) -> xr.Dataset:
    import xarray as xr

    shape = tuple(len(values) for values in grid.values())
    variables: dict[Any, Any] = {}
    for name, first in parts[0].data_vars.items():
        stacked = np.stack([part[name].values for part in parts], axis=0)
        stacked = stacked.reshape(*shape, *first.shape)
        inner = first.dims
        if "statistic" in inner:  # keep it in front
            stacked = np.moveaxis(stacked, len(shape), 0)
            dims: tuple[Any, ...] = ("statistic", *grid, *inner[1:])
        else:
            dims = (*grid, *inner)
        variables[name] = (dims, stacked, dict(first.attrs))
    coords: dict[Any, Any] = {
        **parts[0].coords,
        **{path: np.array(values) for path, values in grid.items()},
    }
    return xr.Dataset(variables, coords=coords, attrs=dict(planned.attrs))


def _dims(of: str) -> tuple[str, ...]:
    """Return the dimensions of a quantity behind the draws."""
    if of not in _QUANTITIES:
        raise SamplingError(f"{of}: no quantity to analyse; there are {', '.join(_QUANTITIES)}")
    return SCHEMA[of].dims[1:]


def _labelled(
    planned: Run, variables: Mapping[str, Any], labels: Mapping[str, tuple[str, ...]]
) -> xr.Dataset:
    import xarray as xr

    dims = dict.fromkeys(dim for known in variables.values() for dim in known[0])  # in order
    named = {name: values for name, (dim, values) in planned.coords.items() if name == dim}
    coords = {dim: np.array({**named, **labels}[dim]) for dim in dims}
    return xr.Dataset(dict(variables), coords=coords, attrs=dict(planned.attrs))


def _computed(
    planned: Run,
    task: Task,
    rows: int,
    of: str,
    what: Mapping[str, object],
    read: Callable[[FloatArray], xr.Dataset],
    how: Execution | None,
) -> xr.Dataset:
    """Compute one quantity in all rows of a design, and read it."""

    def study(store: ChunkStore, fill: Fill) -> xr.Dataset:
        fill(_Only(task, (of,)), rows)
        return read(gather(store, range(rows))[of])

    return finished(planned, study, what, how or Execution(), rows=rows)
