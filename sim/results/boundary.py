"""Where a mean turns, read from what `break_even` computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.break_even import (
    chord_error,
    critical_value,
    crossings,
    roots,
    undecided,
)
from sim.montecarlo.contours import corner, finer, surface_error, zero_curves
from sim.results.break_even_answers import BreakEvenCurves, BreakEvenPoints

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["read_break_even"]

FloatArray = npt.NDArray[np.float64]

_PARTS = 16  # of a cell, to tell where a sign is sure


def read_break_even(
    found: xr.Dataset, *, player: str | None = None, confidence: float = 0.95
) -> tuple[BreakEvenPoints | BreakEvenCurves, ...]:
    """Find where the means of `break_even` are zero.

    Parameters
    ----------
    found : xarray.Dataset
        From `break_even`.
    player : str, optional
        Everybody by default.
    confidence : float
        At each point of a curve; for several players or points at once it is lower.

    Returns
    -------
    tuple of BreakEvenPoints, or of BreakEvenCurves
        One a solution (regime, part) and player: along one number points, along two curves.

    Raises
    ------
    SamplingError
        Another dataset, or no such player.
    """
    told = json.loads(str(found.attrs.get("analysis", "{}")))
    if told.get("analysis") != "break-even":
        raise SamplingError("no break-even study: sim discover FILE --break-even NAME makes one")
    players = [str(name) for name in found["player"].values]
    if player is not None and player not in players:
        raise SamplingError(f"player {player!r}: there are {', '.join(players)}")
    paths = tuple(str(dim) for dim in found["mean"].dims if dim in told["along"])
    factor = critical_value(float(told["freedom"]), confidence)
    dims = [str(dim) for dim in found["mean"].dims if dim not in paths]
    answers: list[BreakEvenPoints | BreakEvenCurves] = []
    for at in np.ndindex(*(found.sizes[dim] for dim in dims)):
        cell = {dim: str(found[dim].values[k]) for dim, k in zip(dims, at, strict=True)}
        if player in (None, cell["player"]):
            here = found.isel(dict(zip(dims, at, strict=True)))
            read = _points if len(paths) == 1 else _curves
            answers.append(read(here, str(told["of"]), cell, paths, factor, confidence))
    return tuple(answers)


def _points(
    here: xr.Dataset,
    of: str,
    cell: Mapping[str, str],
    paths: tuple[str, ...],
    factor: float,
    confidence: float,
) -> BreakEvenPoints:
    (path,) = paths
    grid, mean, error = (_array(here[name]) for name in (path, "mean", "se"))
    reach, slack = factor * error, chord_error(grid, mean)
    own = "medians" if "medians" in here.dims else path
    middle = crossings(_array(here[own]), _array(here["at_medians"]), np.zeros(here.sizes[own]))
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.nan_to_num(np.abs(mean) / error, nan=0.0, posinf=np.inf)
    k = int(np.lexsort((np.abs(mean), away))[0])
    return BreakEvenPoints(
        of=of,
        cell=cell,
        along=path,
        ends=(float(grid[0]), float(grid[-1])),
        confidence=confidence,
        roots=roots(grid, mean, reach, slack),
        undecided=undecided(grid, mean, reach, slack),
        at_medians=tuple((cross.value, cross.rising) for cross in middle),
        signs=(_sign(mean[0]), _sign(mean[-1])),
        nearest=(float(grid[k]), float(mean[k]), float(error[k])),
        probability=_probability(mean, _array(here["cdf"])) if "cdf" in here else None,
    )


def _probability(mean: FloatArray, cdf: FloatArray) -> float:
    """Return the probability of a positive mean, by the distribution function at grid points."""
    first, last = mean[:-1], mean[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.maximum(first, last) / np.abs(first - last)
    share = np.where((first > 0.0) == (last > 0.0), first > 0.0, share)
    return float(np.sum(np.nan_to_num(share) * np.diff(cdf)))


def _sign(value: float) -> int:
    return int(value > 0.0) - int(value < 0.0)


def _curves(
    here: xr.Dataset,
    of: str,
    cell: Mapping[str, str],
    paths: tuple[str, ...],
    factor: float,
    confidence: float,
) -> BreakEvenCurves:
    first, second = paths
    x, y = _array(here[first]), _array(here[second])
    mean, error, middle = (
        _array(here[name].transpose(first, second)) for name in ("mean", "se", "at_medians")
    )
    reach = factor * error
    whole = reach + surface_error(x, y, mean)
    fine = finer(x, mean, parts=_PARTS)[0], finer(y, mean.T, parts=_PARTS)[0]
    gain = _between(x, y, mean - whole) > 0.0
    loss = _between(x, y, mean + whole) < 0.0
    return BreakEvenCurves(
        of=of,
        cell=cell,
        along=(first, second),
        ends=((float(x[0]), float(x[-1])), (float(y[0]), float(y[-1]))),
        confidence=confidence,
        curves=zero_curves(x, y, mean),
        gain_band=zero_curves(x, y, mean - whole),
        loss_band=zero_curves(x, y, mean + whole),
        at_medians=zero_curves(x, y, middle),
        rows=tuple(
            (
                float(y[j]),
                roots(x, mean[:, j], reach[:, j], chord_error(x, mean[:, j])),
            )
            for j in range(len(y))
        ),
        shares=(
            float(np.mean(gain)),
            float(np.mean(loss)),
            float(np.mean(~gain & ~loss)),
        ),
        gains_where=corner(*fine, gain),
        losses_where=corner(*fine, loss),
    )


def _between(x: FloatArray, y: FloatArray, values: FloatArray) -> FloatArray:
    """Return a field on a finer grid, bilinear in every cell."""
    _, along = finer(x, values, parts=_PARTS)
    return finer(y, along.T, parts=_PARTS)[1].T


def _array(values: xr.DataArray) -> FloatArray:
    return np.asarray(values.values, dtype=np.float64)
