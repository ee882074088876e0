"""What figures read from a result, and the faults they name when it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import FigureError
from sim.plots.style import percent, solution_label

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario import Scenario

__all__ = [
    "BASE",
    "FloatArray",
    "Split",
    "choose",
    "counted",
    "footnote",
    "gains",
    "labels",
    "need",
    "numbers",
    "pick_solution",
    "scenario_of",
    "span",
    "split",
    "tie_scale",
    "unit_of",
]

FloatArray = npt.NDArray[np.float64]

BASE = "separate"
"""The regime that others are compared with."""


def need(dataset: xr.Dataset, figure: str, *names: str) -> None:
    """Check that a result has draws and the variables that a figure needs.

    Raises
    ------
    FigureError
        It has not; the message says what is there.
    """
    if "statistic" in dataset.dims:
        raise FigureError(
            f"{figure}: needs the draws, and this result kept only their summary; run again with "
            "--keep draws"
        )
    missing = [name for name in names if name not in dataset.variables]
    if missing:
        there = ", ".join(str(name) for name in dataset.data_vars) or "nothing"
        raise FigureError(f"{figure}: needs {', '.join(missing)}; this result has {there}")
    if dataset.sizes.get("draw", 0) < 1:
        raise FigureError(f"{figure}: this result has no draws")


def labels(dataset: xr.Dataset, dim: str) -> tuple[str, ...]:
    """Return the labels of a dimension, in order; none if it is not there."""
    return tuple(str(v) for v in dataset[dim].values) if dim in dataset.variables else ()


def choose(figure: str, what: str, name: str, known: Sequence[str]) -> str:
    """Return `name` if it is known.

    Raises
    ------
    FigureError
        It is not; the message lists what is.
    """
    if name not in known:
        allowed = ", ".join(known) or "none in this result"
        raise FigureError(f"{figure}: {what} {name!r} is not in this result; allowed: {allowed}")
    return name


def pick_solution(dataset: xr.Dataset, figure: str, solution: str | None) -> str:
    """Return the solution asked for, the first of the result by default."""
    known = labels(dataset, "solution")
    if solution is None and known:
        return known[0]
    return choose(figure, "solution", solution or "", known)


def numbers(dataset: xr.Dataset, name: str, **at: str) -> FloatArray:
    """Return a variable at some labels as an array of floats."""
    return np.asarray(dataset[name].sel(at).values, dtype=np.float64)


def gains(dataset: xr.Dataset, regime: str, solution: str) -> FloatArray:
    """Return what each player gains under a regime over separate tables, paired, (draw, player)."""
    there = numbers(dataset, "payoff_change", regime=regime, solution=solution)
    with np.errstate(invalid="ignore"):  # a difference of infinite payoffs is not finite: left out
        return there - numbers(dataset, "payoff_change", regime=BASE, solution=solution)


def tie_scale(dataset: xr.Dataset, regime: str, solution: str) -> FloatArray:
    """Return per player the gain below which a draw is a tie.

    As in `sim.results.summarise`: 10⁻⁶ of the mean over draws of the larger of |payoff change| in
    the two regimes.
    """
    from sim.results.summary import TIE

    pair = [
        np.abs(numbers(dataset, "payoff_change", regime=name, solution=solution))
        for name in (regime, BASE)
    ]
    larger = np.maximum(*pair)
    finite = np.isfinite(larger)
    count = np.maximum(finite.sum(axis=0), 1)
    return np.asarray(TIE * np.where(finite, larger, 0.0).sum(axis=0) / count)


@dataclass(frozen=True, slots=True)
class Split:
    """How draws fall on both sides of zero.

    Parameters
    ----------
    lose, tie, gain : float
        Shares of the finite draws.
    mean : float
    low, middle, high : float
        Quantiles 5, 50 and 95 %.
    """

    lose: float
    tie: float
    gain: float
    mean: float
    low: float
    middle: float
    high: float

    def told(self) -> str:
        """Return `gains in 12 %, loses in 88 %`."""
        parts = [f"gains in {percent(self.gain)}", f"loses in {percent(self.lose)}"]
        if self.tie > 0.0:
            parts.append(f"neither in {percent(self.tie)}")
        return ", ".join(parts)


def split(values: FloatArray, tie: float) -> Split | None:
    """Return how (B,) gains fall on both sides of zero; None if none is finite."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, middle, high = np.quantile(finite, (0.05, 0.5, 0.95))
    return Split(
        lose=float(np.mean(finite < -tie)),
        tie=float(np.mean(np.abs(finite) <= tie)),
        gain=float(np.mean(finite > tie)),
        mean=float(np.mean(finite)),
        low=float(low),
        middle=float(middle),
        high=float(high),
    )


def span(values: Sequence[FloatArray], *, zero: bool = True, tail: float = 0.005) -> FloatArray:
    """Return limits that hold the central 1 − 2·tail of every array, and 0, with a margin."""
    ends = [np.quantile(v[np.isfinite(v)], (tail, 1.0 - tail)) for v in values]
    every = np.concatenate([*ends, [0.0]] if zero else ends)
    low, high = float(every.min()), float(every.max())
    width = high - low
    if width <= 1e-12 * max(abs(low), abs(high), 1e-300):
        width = 2.0 * max(abs(low), abs(high), 0.5)
    return np.array([low - 0.04 * width, high + 0.04 * width])


def unit_of(dataset: xr.Dataset) -> str:
    """Return the unit of payoffs."""
    unit = dataset.attrs.get("unit") or dataset["payoff_change"].attrs.get("units", "")
    return str(unit)


def scenario_of(dataset: xr.Dataset, figure: str) -> Scenario:
    """Return the scenario that a result was made from: its text is part of the result.

    Raises
    ------
    FigureError
        The result does not hold it.
    """
    text = dataset.attrs.get("scenario_text")
    if not text:
        raise FigureError(f"{figure}: needs the scenario, which this result does not hold")
    return _parsed(str(text), f"{dataset.attrs.get('scenario', 'scenario')}.yaml")


@lru_cache(maxsize=2)
def _parsed(text: str, name: str) -> Scenario:
    """Read a scenario once for all figures of a result."""
    from sim.scenario import parse_scenario

    return parse_scenario(text, name=name)


def counted(dataset: xr.Dataset) -> str:
    """Return `1 draw` or `256 draws`."""
    draws = int(dataset.sizes["draw"])
    return f"{draws:,} draw{'s' * (draws > 1)}"


def footnote(dataset: xr.Dataset, solution: str, *, left_out: int = 0, regimes: str = "") -> str:
    """Return what stands in small print below a figure: solution, draws, what is flagged."""
    draws = int(dataset.sizes["draw"])
    parts = [f"{solution_label(solution)} solution", counted(dataset)]
    if "converged" in dataset:
        flags = dataset["converged"].sel(solution=solution)
        lost = int(np.sum(~np.asarray(flags.values, dtype=bool).reshape(draws, -1).all(axis=1)))
        if lost:
            parts.append(f"{lost:,} unconverged in some regime, included")
    if left_out:
        parts.append(f"{left_out:,} numbers not finite, left out")
    if regimes:
        parts.append(regimes)
    if axis_tail := unit_of(dataset).partition(" at ")[2]:
        parts.append(f"at {axis_tail}")
    return "; ".join(parts)
