"""An output along a parameter, and where it is zero: profiles and break-even points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError

__all__ = [
    "Crossing",
    "Profile",
    "Root",
    "chord_error",
    "critical_value",
    "crossings",
    "profile",
    "roots",
    "undecided",
]

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

    They are the ends of the stretches on which the mean is positive. Where it is zero at a single
    grid point and positive on both sides, it touches zero and does not cross it.

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
    positive = mean > 0.0
    positive[1:-1] |= (mean[1:-1] == 0.0) & positive[:-2] & positive[2:]
    for k in range(len(grid) - 1):
        a, b = float(mean[k]), float(mean[k + 1])
        if positive[k] == positive[k + 1] or not np.isfinite(b - a):
            continue
        share = a / (a - b)
        slope = (b - a) / float(grid[k + 1] - grid[k])
        at = float(error[k]) * (1.0 - share) + float(error[k + 1]) * share
        value = float(grid[k]) + share * float(grid[k + 1] - grid[k])
        found.append(Crossing(value=value, error=at / abs(slope), rising=b > a))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Root:
    """A break-even point with its confidence interval.

    Parameters
    ----------
    value : float
        Of the parameter: the mean is zero there.
    lower, upper : float
        The stretch around it in which the mean cannot be told from zero; infinite where that
        stretch runs out of the grid.
    rising : bool
        Whether the output turns positive with the parameter.
    """

    value: float
    lower: float
    upper: float
    rising: bool


def critical_value(freedom: float, confidence: float = 0.95) -> float:
    """Return the two-sided critical value of Student's t.

    Parameters
    ----------
    freedom : float
        Degrees of freedom: replicates − 1, or draws − 1 where these are independent.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    SamplingError
        A confidence that is none.
    """
    from scipy.special import stdtrit

    if not 0.0 < confidence < 1.0:
        raise SamplingError(f"confidence {confidence}: must be above 0 and below 1")
    return float(stdtrit(freedom, 0.5 + 0.5 * confidence))


def chord_error(grid: FloatArray, mean: FloatArray) -> FloatArray:
    """Bound what linear interpolation gets wrong in each cell of a grid.

    In a cell of width h whose chord has the slope s, between chords of the slopes s₋ and s₊, the
    bound is

        h/2 · max(|s − s₋|, |s₊ − s|).

    It holds for a curve with one kink in the cell, and is four times the usual h²|g″|/8 where the
    curve is smooth and the grid even. The first and the last cell have one neighbour only: of a
    kink in their outer half they see less.

    Parameters
    ----------
    grid : array, shape (g,)
        Ascending.
    mean : array, shape (g, ...)

    Returns
    -------
    array, shape (g − 1, ...)
        0 for a grid of two points, of which nothing can be told.
    """
    width = np.diff(grid).reshape(-1, *[1] * (mean.ndim - 1))
    with np.errstate(invalid="ignore"):
        slope = np.diff(mean, axis=0) / width
        bend = np.abs(np.diff(slope, axis=0))
    none = np.zeros((1, *mean.shape[1:]))
    either = np.maximum(np.concatenate([none, bend]), np.concatenate([bend, none]))
    return np.asarray(0.5 * width * either)


def undecided(
    grid: FloatArray, mean: FloatArray, reach: FloatArray, slack: FloatArray | None = None
) -> tuple[tuple[float, float], ...]:
    """Return the confidence set of the break-even points along a grid.

    With ĝ(x) the mean of an output where the parameter is x, and t(x) the reach of its confidence
    interval,

        C = {x : |ĝ(x)| ≤ t(x)},

    the values at which a test does not tell the mean from zero. A true break-even point is outside
    C only if the test at that very point errs, so that it lies in C with the confidence of the
    reach (Fieller 1954): whatever the curve looks like, and whether it crosses zero once, often or
    never. Between grid points ĝ and t are linear.

    Parameters
    ----------
    grid : array, shape (g,)
        Ascending values of a parameter.
    mean : array, shape (g,)
        Mean of the output at each, from common draws.
    reach : array, shape (g,)
        Half the width of its confidence interval.
    slack : array, shape (g − 1,), optional
        Added to the reach in each cell: the error of the interpolation, see `chord_error`.

    Returns
    -------
    tuple of (float, float)
        Ascending intervals; an end of the grid stands for itself. A cell with an end that is not
        finite is undecided.

    References
    ----------
    Fieller (1954), Some problems in interval estimation, JRSS B 16.
    """
    slack = np.zeros(len(grid) - 1) if slack is None else slack
    found: list[tuple[float, float]] = []
    for k in range(len(grid) - 1):
        a, b = float(grid[k]), float(grid[k + 1])
        ends = mean[k : k + 2], reach[k : k + 2] + slack[k]
        if not np.all(np.isfinite(ends)):
            low, high = 0.0, 1.0
        else:
            above = _below_zero(ends[0] - ends[1])
            below = _below_zero(-ends[0] - ends[1])
            low, high = max(above[0], below[0]), min(above[1], below[1])
        if low > high:
            continue
        first, last = (a + share * (b - a) for share in (low, high))
        last = b if high == 1.0 else last
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def _below_zero(ends: FloatArray) -> tuple[float, float]:
    """Return the part of [0, 1] on which a line with these ends is ≤ 0; (1, 0) for none."""
    a, b = float(ends[0]), float(ends[1])
    if a > 0.0 and b > 0.0:
        return 1.0, 0.0
    if a <= 0.0 and b <= 0.0:
        return 0.0, 1.0
    share = a / (a - b)
    return (0.0, share) if a <= 0.0 else (share, 1.0)


def roots(
    grid: FloatArray, mean: FloatArray, reach: FloatArray, slack: FloatArray | None = None
) -> tuple[Root, ...]:
    """Return the break-even points along a grid, each with its confidence interval.

    Parameters
    ----------
    grid, mean, reach, slack
        See `undecided`, whose interval around a point is the point's own. Points that the draws
        do not keep apart share one.

    Returns
    -------
    tuple of Root
        Ascending; none if the sign never changes.
    """
    stretches = undecided(grid, mean, reach, slack)
    found = []
    for cross in crossings(grid, mean, reach):
        low, high = next(
            ((a, b) for a, b in stretches if a <= cross.value <= b), (cross.value, cross.value)
        )
        found.append(
            Root(
                value=cross.value,
                lower=-np.inf if low <= grid[0] else low,
                upper=np.inf if high >= grid[-1] else high,
                rising=cross.rising,
            )
        )
    return tuple(found)
