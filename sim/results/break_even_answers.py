"""Break-even points and curves: as data, and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.montecarlo.break_even import Root

__all__ = ["BreakEvenCurves", "BreakEvenPoints"]

FloatArray = npt.NDArray[np.float64]
Range = tuple[float, float]


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
        return _points_answer(self)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON data; the end of an interval that runs out of the range is null."""
        return {
            "of": self.of,
            **self.cell,
            "answer": self.answer,
            "along": {self.along: list(self.ends)},
            "confidence": self.confidence,
            "sign_at_ends": list(self.signs),
            "roots": _data(self.roots),
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
        return _curves_answer(self)

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
            "rows": [{self.along[1]: y, "roots": _data(found)} for y, found in self.rows],
            "share_sure": dict(zip(("gain", "loss", "neither"), self.shares, strict=True)),
            "gains_where": named(self.gains_where),
            "losses_where": named(self.losses_where),
        }


def _data(found: Sequence[Root]) -> list[dict[str, Any]]:
    """Return break-even points as JSON data; what JSON has no word for is None."""
    return [
        {
            key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in asdict(root).items()
        }
        for root in found
    ]


def _points_answer(found: BreakEvenPoints) -> str:
    """Return where the output is positive along one number, and how sure that is."""
    name, (low, high) = found.along, found.ends
    gains, loses, neither = _verbs(found.of, found.cell)
    span = f"from {low:.4g} to {high:.4g}"
    if found.roots:
        sure = f"{100 * found.confidence:g} %"
        chance = found.probability
        known = "" if chance is None else f"; the probability of that is {100 * chance:.3g} %"
        return f"{gains} where {name} is {_stretches(found.roots, sure)}{known}."
    value, mean, error = found.nearest
    if mean == 0.0 and error == 0.0:
        return f"{neither} at any {name} {span}."
    if [found.ends] == list(found.undecided):
        return (
            f"No sign change of the mean along {name} {span}, but its sign cannot be told either: "
            f"{mean:+.3g} ± {error:.2g} at {value:.4g}; more draws would."
        )
    verb = gains if mean > 0.0 else loses
    open_ends = [f"{a:.4g} to {b:.4g}" for a, b in found.undecided]
    doubt = f"; from {' and from '.join(open_ends)} that is not sure" if open_ends else ""
    return (
        f"{verb} at every {name} {span}, there is no sign change in the range: at the nearest, "
        f"{name} {value:.4g}, it is {mean:+.3g} ± {error:.2g}{doubt}."
    )


def _verbs(of: str, cell: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the sentence's beginnings: positive, negative, zero."""
    player = cell["player"]
    if of == "linkage_gain":
        return (
            f"{player} gains from linkage",
            f"{player} loses from linkage",
            f"Linkage makes no difference to {player}",
        )
    further = ", ".join(cell[dim] for dim in ("regime", "part") if dim in cell)
    what = f"{player}'s {of.replace('_', ' ')}{f' ({further})' if further else ''} is"
    return f"{what} above zero", f"{what} below zero", f"{what} zero"


def _stretches(found: Sequence[Root], sure: str) -> str:
    """Return the stretches on which the mean is positive, `below 1 (…) or above 3 (…)`."""
    parts: list[str] = []
    start: str | None = None
    for root in found:
        at = f"{root.value:.4g} ({sure}: {_interval(root)})"
        if root.rising:
            start = at
        else:
            parts.append(f"below {at}" if start is None else f"between {start} and {at}")
            start = None
    return " or ".join(parts if start is None else [*parts, f"above {start}"])


def _interval(root: Root) -> str:
    low, high = np.isfinite(root.lower), np.isfinite(root.upper)
    if low and high:
        return f"{root.lower:.4g} to {root.upper:.4g}"
    if low or high:
        return f"from {root.lower:.4g} on" if low else f"up to {root.upper:.4g}"
    return "anywhere in the range"


def _curves_answer(found: BreakEvenCurves) -> str:
    """Return where the output is surely positive and surely negative over two numbers."""
    gains, loses, _ = _verbs(found.of, found.cell)
    names, shares = found.along, found.shares
    span = " and ".join(
        f"{name} from {low:.4g} to {high:.4g}"
        for name, (low, high) in zip(names, found.ends, strict=True)
    )
    if not found.curves:
        if shares[0] == 1.0 or shares[1] == 1.0:
            verb = gains if shares[0] == 1.0 else loses
            return f"{verb} at every {span}, surely: there is no sign change in the range."
        told = f", surely in {100 * max(shares[:2]):.0f} % of it" if max(shares[:2]) > 0.0 else ""
        return f"No sign change of {found.cell['player']}'s mean at {span}{told}."
    parts = []
    for verb, where in ((gains, found.gains_where), (loses, found.losses_where)):
        if where is not None:
            parts.append(f"{verb} where {_box(names, where, found.ends)}")
    first, last = found.curves[0][0], found.curves[0][-1]
    if np.array_equal(first, last):
        parts.append("the longest break-even curve is closed")
    else:
        parts.append(f"break-even runs from {_at(names, first)} to {_at(names, last)}")
    parts.append(
        f"of the whole range gains are sure in {_share(shares[0])}, losses in "
        f"{_share(shares[1])}, neither in {_share(shares[2])}"
    )
    return f"{'; '.join(parts)} ({100 * found.confidence:g} % at each point)."


def _share(value: float) -> str:
    return "less than 1 %" if 0.0 < value < 0.005 else f"{100 * value:.0f} %"


def _at(names: Sequence[str], point: FloatArray) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in zip(names, point, strict=True))


def _box(names: Sequence[str], where: Sequence[Range], ends: Sequence[Range]) -> str:
    """Return `x is below 0.6 and y above 0.4`; what is not restricted is left out."""
    told = []
    for name, (low, high), (first, last) in zip(names, where, ends, strict=True):
        if low > first:
            told.append(f"{name} is above {low:.4g}")
        elif high < last:
            told.append(f"{name} is below {high:.4g}")
    return " and ".join(told)
