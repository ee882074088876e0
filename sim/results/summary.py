"""From draws to what a paper prints: means with standard errors, quantiles, shares."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.montecarlo.precision import IntArray, standard_error
from sim.results.dataset import SCHEMA

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["STATISTICS", "TIE", "is_summary", "summarise"]

FloatArray = npt.NDArray[np.float64]

STATISTICS = ("mean", "se", "q05", "q50", "q95")
TIE = 1e-6
"""Gains within this share of a player's mean payoff change are ties."""

_QUANTILES = (0.05, 0.5, 0.95)
_AT_ONCE = 2**27  # bytes of a variable that is read in one go, not in columns


def is_summary(dataset: xr.Dataset) -> bool:
    """Whether a dataset holds statistics instead of draws."""
    return "statistic" in dataset.dims


def summarise(dataset: xr.Dataset, *, threads: int = 1) -> xr.Dataset:
    """Reduce the draws of a result to statistics.

    Quantiles are exact (linear interpolation between order statistics): the columns of large
    variables are read one after another, so that a million draws need some hundred megabytes at a
    time.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws, in memory or lazily opened; a summary is returned as it is.
    threads : int
        Columns reduced at a time; the numbers do not depend on it.

    Returns
    -------
    xarray.Dataset
        Every quantity with the dimension `statistic` (mean, se, q05, q50, q95) in place of `draw`;
        `agreement` and `converged` as shares of draws (-1 where the regime has no such table);
        `p_gain` and `p_tie` (solution, player): the shares of draws in which linkage gains more
        than `TIE` of the player's scale, and in which it is within ± that. The scale is the mean
        over draws of the larger of |payoff change| if linked and if separate. Draws without a value
        (NaN: payoffs that have none, never `converged`) are left out of the statistics, and count
        as neither gain nor tie.

    See Also
    --------
    sim.montecarlo.precision.standard_error : the standard error of each sampler.
    """
    import xarray as xr

    if is_summary(dataset):
        return dataset
    replicate = dataset["replicate"].values if "replicate" in dataset else None
    variables = {}
    for name in dataset.data_vars:
        if name == "replicate":
            continue
        array, known = dataset[name], SCHEMA[str(name)]
        if array.nbytes <= _AT_ONCE:
            array = array.compute()
        if known.share:
            reduced, dims = _shares(array), known.dims[1:]
        else:
            reduced = _statistics(array, replicate, threads)
            dims = ("statistic", *known.dims[1:])
        variables[str(name)] = (dims, reduced, dict(array.attrs))
    variables |= _chances(dataset)
    coords = {name: value for name, value in dataset.coords.items() if "draw" not in value.dims}
    return xr.Dataset(
        variables, coords={**coords, "statistic": np.array(STATISTICS)}, attrs=dataset.attrs
    )


def _statistics(array: xr.DataArray, replicate: IntArray | None, threads: int) -> FloatArray:
    """Return the statistics, (statistic, ...)."""
    result = np.empty((*array.shape[1:], len(STATISTICS)))

    def fill(index: tuple[int, ...]) -> None:
        columns = _columns(array, index)
        reduced = [_reduce(np.ascontiguousarray(column), replicate) for column in columns.T]
        result[index] = np.reshape(reduced, result[index].shape)

    with ThreadPoolExecutor(threads) as pool:  # sorting runs without the interpreter's lock
        list(pool.map(fill, _parts(array)))
    return np.ascontiguousarray(np.moveaxis(result, -1, 0))


def _reduce(column: FloatArray, replicate: IntArray | None) -> FloatArray:
    """Return the statistics of the known draws of one column; infinite where a draw is."""
    known = ~np.isnan(column)
    if not known.all():
        replicate = None if replicate is None else replicate[known]
        column = column[known]
    if not len(column):
        return np.full(len(STATISTICS), np.inf)
    with np.errstate(invalid="ignore"):
        mean = column[0] + np.mean(column - column[0])  # exact for a constant
        error = standard_error(column, replicate)
        found = np.array([mean, error, *np.quantile(column, _QUANTILES)])
    return np.where(np.isnan(found), np.inf, found)


def _parts(array: xr.DataArray) -> Iterator[tuple[int, ...]]:
    """Yield the indices of what is read at a time: a regime and solution, or a parameter."""
    outer = [
        range(size)
        for dim, size in zip(array.dims[1:], array.shape[1:], strict=True)
        if dim in ("regime", "solution", "parameter")
    ]
    return itertools.product(*outer)


def _columns(array: xr.DataArray, index: tuple[int, ...]) -> FloatArray:
    """Return the draws of one part, (n, m)."""
    block = np.asarray(array[(slice(None), *index)].values, dtype=np.float64)
    return block.reshape(len(block), -1)


def _shares(array: xr.DataArray) -> FloatArray:
    """Return the share of draws with a 1; −1 where every draw says −1."""
    result = np.empty(array.shape[1:])
    for index in _parts(array):
        columns = _columns(array, index)
        absent = np.all(columns == -1.0, axis=0)
        share = np.mean(columns == 1.0, axis=0)
        result[index] = np.where(absent, -1.0, share).reshape(result[index].shape)
    return result


def _chances(
    dataset: xr.Dataset,
) -> dict[str, tuple[tuple[str, ...], FloatArray, dict[str, str]]]:
    if "linkage_gain" not in dataset:
        return {}
    gains = dataset["linkage_gain"]
    above, tied = np.empty(gains.shape[1:]), np.empty(gains.shape[1:])
    linked, separate = (
        dataset["payoff_change"].sel(regime=regime) for regime in ("linked", "separate")
    )
    for s in range(gains.shape[1]):
        gain = gains[:, s].values
        size = np.maximum(np.abs(linked[:, s].values), np.abs(separate[:, s].values))
        known = np.isfinite(size)
        scale = np.mean(size, axis=0, where=known) if known.any(axis=0).all() else np.inf
        above[s] = np.mean(gain > TIE * scale, axis=0)
        tied[s] = np.mean(np.abs(gain) <= TIE * scale, axis=0)
    dims = ("solution", "player")
    return {
        "p_gain": (dims, above, {"units": "1", "long_name": "share of draws with a linkage gain"}),
        "p_tie": (dims, tied, {"units": "1", "long_name": "share of draws with a tie"}),
    }
