"""Where a mean turns, read from what `break_even` computed: points, curves, and a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.break_even import (
    Root,
    chord_error,
    critical_value,
    crossings,
    roots,
    undecided,
)
from sim.montecarlo.contours import corner, finer, surface_error, zero_curves
from sim.results.wording import curves_answer, points_answer

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["BreakEvenCurves", "BreakEvenPoints", "read_break_even"]

FloatArray = npt.NDArray[np.float64]
Range = tuple[float, float]

_PARTS = 16  # of a cell, to tell where a sign is sure


@dataclass(frozen=True, slots=True)
class BreakEvenPoints:
    """Where the mean of one output is zero along one number.

    Parameters
    ----------
    of : str
        The output.
    cell : mapping of str to str
        Whose: player and solution, where needed regime or part.
    along : str
        The number.
    ends : (float, float)
        The range that was searched.
    confidence : float
    roots : tuple of Root
        Ascending, each with its interval; none if the mean keeps its sign.
    undecided : tuple of (float, float)
        The whole confidence set: wherever the mean cannot be told from zero.
    at_medians : tuple of (float, bool)
        Break-even points with all others at their medians, and whether the output is positive
        above.
    signs : (int, int)
        Sign of the mean at both ends.
    nearest : (float, float, float)
        The value at which the mean is the fewest standard errors away from zero, mean and standard
        error there.
    probability : float or None
        Of a value in the range at which the mean is positive, by the number's distribution; None
        for a number that is certain.
    """

    of: str
    cell: Mapping[str, str]
    along: str
    ends: Range
    confidence: float
    roots: tuple[Root, ...]
    undecided: tuple[Range, ...]
    at_medians: tuple[tuple[float, bool], ...]
    signs: tuple[int, int]
    nearest: tuple[float, float, float]
    probability: float | None

    @property
    def answer(self) -> str:
        """Where the output is positive, and how sure that is, in one sentence."""
        return points_answer(self)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON data; the end of an interval that runs out of the range is null."""
        return {
            "of": self.of,
            **self.cell,
            "answer": self.answer,
            "along": {self.along: list(self.ends)},
            "confidence": self.confidence,
            "sign_at_ends": list(self.signs),
            "roots": [
                {key: _finite(value) for key, value in asdict(root).items()} for root in self.roots
            ],
            "undecided": [list(stretch) for stretch in self.undecided],
            "at_medians": [{"value": value, "rising": up} for value, up in self.at_medians],
            "probability": self.probability,
        }


@dataclass(frozen=True, slots=True)
class BreakEvenCurves:
    """Where the mean of one output is zero over two numbers.

    Parameters
    ----------
    of, cell, confidence
        See `BreakEvenPoints`.
    along : (str, str)
        The numbers x and y.
    ends : ((float, float), (float, float))
        Their ranges.
    curves : tuple of array, shape (k, 2)
        The break-even curves, points (x, y).
    gain_band, loss_band : tuple of array, shape (k, 2)
        The curves beyond which the mean is surely positive, and surely negative: the true curve
        runs between them, with the confidence at each of its points.
    at_medians : tuple of array, shape (k, 2)
        The break-even curves with all others at their medians.
    rows : tuple of (float, tuple of Root)
        Per value of y the break-even points along x.
    shares : (float, float, float)
        Shares of the rectangle in which the mean is surely positive, surely negative, and neither.
    gains_where, losses_where : ((float, float), (float, float)) or None
        The largest rectangle in a corner of both ranges in which that is sure at each point.
    """

    of: str
    cell: Mapping[str, str]
    along: tuple[str, str]
    ends: tuple[Range, Range]
    confidence: float
    curves: tuple[FloatArray, ...]
    gain_band: tuple[FloatArray, ...]
    loss_band: tuple[FloatArray, ...]
    at_medians: tuple[FloatArray, ...]
    rows: tuple[tuple[float, tuple[Root, ...]], ...]
    shares: tuple[float, float, float]
    gains_where: tuple[Range, Range] | None
    losses_where: tuple[Range, Range] | None

    @property
    def answer(self) -> str:
        """Where the output is surely positive and surely negative, in one sentence."""
        return curves_answer(self)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON data; the end of an interval that runs out of the range is null."""

        def named(where: tuple[Range, Range] | None) -> dict[str, list[float]] | None:
            if where is None:
                return None
            return {name: list(ends) for name, ends in zip(self.along, where, strict=True)}

        def plain(curves: Sequence[FloatArray]) -> list[list[list[float]]]:
            return [curve.tolist() for curve in curves]

        return {
            "of": self.of,
            **self.cell,
            "answer": self.answer,
            "along": named(self.ends),
            "confidence": self.confidence,
            "curves": plain(self.curves),
            "band": {"gain": plain(self.gain_band), "loss": plain(self.loss_band)},
            "at_medians": plain(self.at_medians),
            "rows": [
                {
                    self.along[1]: y,
                    "roots": [
                        {key: _finite(value) for key, value in asdict(root).items()}
                        for root in found
                    ],
                }
                for y, found in self.rows
            ],
            "share_sure": dict(zip(("gain", "loss", "neither"), self.shares, strict=True)),
            "gains_where": named(self.gains_where),
            "losses_where": named(self.losses_where),
        }


def _finite(value: Any) -> Any:
    """Return what JSON has no word for as None."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


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
