"""An output along a parameter, and where it is zero: profiles and break-even points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError

__all__ = ["Crossing", "Profile", "crossings", "profile"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """The mean of an output along one parameter, all others as they are drawn.

    Parameters
    ----------
    centre : array, shape (b,)
        Mean of the parameter in each of b bins with equal numbers of draws.
    mean, error : array, shape (b, ...)
        Mean of the output there, and its standard error.
    """

    centre: FloatArray
    mean: FloatArray
    error: FloatArray


def profile(x: FloatArray, values: FloatArray, *, bins: int = 20) -> Profile:
    """Return E[output | parameter], from the draws of a run.

    Parameters
    ----------
    x : array, shape (n,)
        A parameter.
    values : array, shape (n, ...)
        Outputs.
    bins : int
        At most; equal values stay in one bin.

    Returns
    -------
    Profile

    Raises
    ------
    SamplingError
        Fewer than two draws a bin.
    """
    if bins < 1 or len(x) < 2 * bins:
        raise SamplingError(f"profile: {len(x)} draws do not fill {bins} bins")
    edges = np.unique(np.quantile(x, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    label = np.searchsorted(edges, x, side="right")
    parts = [np.flatnonzero(label == b) for b in range(len(edges) + 1)]
    parts = [part for part in parts if len(part) > 1]
    return Profile(
        centre=np.array([np.mean(x[part]) for part in parts]),
        mean=np.stack([np.mean(values[part], axis=0) for part in parts]),
        error=np.stack(
            [np.std(values[part], axis=0, ddof=1) / np.sqrt(len(part)) for part in parts]
        ),
    )


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where an output is zero.

    Parameters
    ----------
    value : float
        Of the parameter.
    error : float
        Its standard error, that of the output there over the slope.
    rising : bool
        Whether the output turns positive with the parameter.
    """

    value: float
    error: float
    rising: bool


def crossings(grid: FloatArray, mean: FloatArray, error: FloatArray) -> tuple[Crossing, ...]:
    """Return the break-even points of a mean along a grid, by linear interpolation.

    Parameters
    ----------
    grid : array, shape (g,)
        Ascending values of a parameter.
    mean, error : array, shape (g,)
        Mean of the output at each, and its standard error.

    Returns
    -------
    tuple of Crossing
        Ascending; none if the sign never changes.
    """
    found = []
    for k in range(len(grid) - 1):
        a, b = float(mean[k]), float(mean[k + 1])
        if (a > 0.0) == (b > 0.0):
            continue
        share = a / (a - b)
        slope = (b - a) / float(grid[k + 1] - grid[k])
        at = float(error[k]) * (1.0 - share) + float(error[k + 1]) * share
        value = float(grid[k]) + share * float(grid[k + 1] - grid[k])
        found.append(Crossing(value=value, error=at / abs(slope), rising=b > a))
    return tuple(found)
