"""Break-even points and curves in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sim.montecarlo.break_even import Root
    from sim.results.boundary import BreakEvenCurves, BreakEvenPoints

__all__ = ["curves_answer", "points_answer"]

Range = tuple[float, float]


def points_answer(found: BreakEvenPoints) -> str:
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


def curves_answer(found: BreakEvenCurves) -> str:
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


def _at(names: Sequence[str], point: npt.NDArray[np.float64]) -> str:
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
