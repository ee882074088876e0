"""Where linkage pays: boxes of parameters (PRIM)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError

__all__ = ["Box", "peel", "prim", "score", "screen"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_FEWEST = 20  # cases in a box


@dataclass(frozen=True)
class Box:
    """A box of parameters, and how well it holds the cases of interest.

    Parameters
    ----------
    names : tuple of str
        The d parameters.
    lower, upper : array, shape (d,)
        Bounds, inclusive; infinite where a parameter is not restricted.
    coverage : float
        Share of all cases of interest that are in the box.
    density : float
        Share of the cases in the box that are of interest.
    mass : float
        Share of all cases that are in the box.
    lower_p, upper_p : array, shape (d,)
        Quasi-p-value of each bound: the chance that a box without it, whose density is p, holds as
        many cases of interest among as many cases, P(Bin(n, p) ≥ k). 1 where there is no bound.
        Small ones say that the bound is no accident of the sample (the cases chose the box, hence
        "quasi").
    """

    names: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    coverage: float
    density: float
    mass: float
    lower_p: FloatArray
    upper_p: FloatArray

    @property
    def restricted(self) -> tuple[str, ...]:
        """The parameters that have a bound."""
        bound = np.isfinite(self.lower) | np.isfinite(self.upper)
        return tuple(name for name, has in zip(self.names, bound, strict=True) if has)

    def contains(self, x: FloatArray) -> BoolArray:
        """Return which of the rows of `x`, shape (n, d), are in the box."""
        return np.asarray(np.all((x >= self.lower) & (x <= self.upper), axis=1))


def prim(
    x: FloatArray,
    y: BoolArray,
    *,
    names: Sequence[str],
    density: float = 0.8,
    alpha: float = 0.05,
    min_mass: float = 0.05,
    significance: float = 0.05,
) -> Box:
    """Find a box of parameters in which most cases are of interest (PRIM).

    Parameters enter one at a time, of those that `screen` lets through: the one with which peeling
    the whole range down ends in the best box, the largest that is dense enough or else the densest,
    as long as every parameter in it has a bound that is no accident (by quasi-p-value). Then bounds
    that could be one are dropped, and what costs no density is pasted back. Peeling along all
    parameters at once wastes its few cases on accidents: some forty parameters make any thousand
    cases look dense, in the cases that chose the box but not in others.

    Parameters
    ----------
    x : array, shape (n, d)
        Parameters of n cases.
    y : bool array, shape (n,)
        Which cases are of interest: a player gains.
    names : sequence of str
        The d parameters.
    density : float
        Share of cases of interest to reach; the densest box of the path where none reaches it.
    alpha : float
        Share of the box that one peel takes off.
    min_mass : float
        Smallest box, as a share of all cases.
    significance : float
        Largest quasi-p-value of a bound that stays.

    Returns
    -------
    Box

    Raises
    ------
    SamplingError
        Shapes that do not fit, too few cases, or none of interest.

    References
    ----------
    Friedman & Fisher (1999), Bump hunting in high-dimensional data, Statistics and Computing 9.
    Bryant & Lempert (2010), Thinking inside the box, Technological Forecasting & Social Change 77.
    """
    names = list(names)
    best = _everything(x, y, names)
    chosen: list[int] = []
    left = [int(j) for j in np.flatnonzero(screen(x, y, significance=significance))]
    while left:
        tried = {}
        for j in left:
            box = _peeled(x, y, best, [*chosen, j], density=density, alpha=alpha, min_mass=min_mass)
            sure = np.minimum(box.lower_p, box.upper_p)[[*chosen, j]] <= significance
            if np.all(sure):
                tried[j] = box
        if not tried:
            break
        new = max(tried, key=lambda j: _worth(tried[j], density))
        if _worth(tried[new], density) <= _worth(best, density):
            break
        best = tried[new]
        chosen.append(new)
        left.remove(new)
    return _with_p(_pasted(_pruned(best, x, y, significance), x, y, alpha), x, y)


def _worth(box: Box, density: float) -> tuple[float, float]:
    """Return what makes a box the better one: as dense as wanted, then large."""
    return min(box.density, density), box.mass


def _peeled(
    x: FloatArray,
    y: BoolArray,
    like: Box,
    active: list[int],
    *,
    density: float,
    alpha: float,
    min_mass: float,
) -> Box:
    """Return the best box of the path along some parameters only, with its quasi-p-values."""
    path = peel(
        x[:, active], y, names=[like.names[j] for j in active], alpha=alpha, min_mass=min_mass
    )
    best = max(path, key=lambda box: _worth(box, density))
    lower, upper = np.full(x.shape[1], -np.inf), np.full(x.shape[1], np.inf)
    lower[active], upper[active] = best.lower, best.upper
    return _with_p(score(replace(like, lower=lower, upper=upper), x, y), x, y)


def screen(x: FloatArray, y: BoolArray, *, significance: float = 0.05) -> BoolArray:
    """Return which parameters are distributed otherwise among the cases of interest.

    A Kolmogorov–Smirnov test a parameter between the cases of interest and all others, with the
    false discovery rate held at `significance`. A parameter that matters in interactions alone is
    not seen.

    Parameters
    ----------
    x, y
        See `prim`.
    significance : float
        Share of accidents among what is let through.

    Returns
    -------
    bool array, shape (d,)

    References
    ----------
    Spear & Hornberger (1980), Eutrophication in Peel Inlet II, Water Research 14 (regional
    sensitivity analysis). Benjamini & Hochberg (1995), JRSS B 57.
    """
    from scipy.special import kolmogorov

    inside, outside = int(np.sum(y)), int(np.sum(~y))
    if inside == 0 or outside == 0:
        return np.zeros(x.shape[1], dtype=bool)
    p = np.empty(x.shape[1])
    for j in range(x.shape[1]):
        order = np.argsort(x[:, j], kind="stable")
        ranks = np.searchsorted(x[order, j], np.unique(x[:, j]), side="right")
        seen = np.cumsum(y[order])[ranks - 1]
        gap = np.max(np.abs(seen / inside - (ranks - seen) / outside))
        p[j] = kolmogorov(gap * np.sqrt(inside * outside / (inside + outside)))
    rank = np.argsort(p)
    passed = p[rank] <= significance * np.arange(1, len(p) + 1) / len(p)
    count = int(np.max(np.flatnonzero(passed), initial=-1)) + 1
    keep = np.zeros(len(p), dtype=bool)
    keep[rank[:count]] = True
    return keep


def peel(
    x: FloatArray,
    y: BoolArray,
    *,
    names: Sequence[str],
    alpha: float = 0.05,
    min_mass: float = 0.05,
) -> tuple[Box, ...]:
    """Peel the whole range down, step by step.

    Each step takes off the share `alpha` of the cases in the box at one end of one parameter (of a
    discrete one, an end value with all its cases): where density rises most per case given up.

    Parameters
    ----------
    x, y, names, alpha, min_mass
        See `prim`.

    Returns
    -------
    tuple of Box
        From the whole range on; the quasi-p-values are not computed.

    Raises
    ------
    SamplingError
        See `prim`.
    """
    box = _everything(x, y, names)
    n = len(y)
    path, inside = [box], np.ones(n, dtype=bool)
    while path[-1].density < 1.0:
        found = _best_peel(x[inside], y[inside], alpha)
        if found is None:
            break
        side, j, bound = found
        box = score(_moved(box, side, j, bound), x, y)
        inside = box.contains(x)
        if inside.sum() < max(min_mass * n, _FEWEST):
            break
        path.append(box)
    return tuple(path)


def _everything(x: FloatArray, y: BoolArray, names: Sequence[str]) -> Box:
    """Return the box without bounds, after checking the cases."""
    n, d = x.shape
    if y.shape != (n,) or len(names) != d:
        raise SamplingError(
            f"discovery: {n} cases of {d} parameters, but {len(y)} marks and {len(names)} names"
        )
    if n < 2 * _FEWEST or not np.any(y):
        raise SamplingError(
            f"discovery: {int(np.sum(y))} of {n} cases are of interest; "
            f"at least {2 * _FEWEST} cases and one of interest are needed"
        )
    ends, ones = np.full(d, np.inf), np.ones(d)
    return Box(tuple(names), -ends, ends, 1.0, float(y.mean()), 1.0, ones, ones)


def score(box: Box, x: FloatArray, y: BoolArray) -> Box:
    """Return the box with coverage, density and mass on these cases, such as held-out ones."""
    inside = box.contains(x)
    held, count = int(np.sum(y & inside)), int(np.sum(inside))
    return replace(
        box,
        coverage=held / max(int(np.sum(y)), 1),
        density=held / max(count, 1),
        mass=count / len(y),
    )


def _best_peel(x: FloatArray, y: BoolArray, alpha: float) -> tuple[str, int, float] | None:
    """Return (side, parameter, new bound) of the best peel; None if none is left."""
    n, total = len(y), int(np.sum(y))
    gone = max(1, int(np.ceil(alpha * n)))
    best, found = -np.inf, None
    for j in range(x.shape[1]):
        column = x[:, j]
        low = np.partition(column, gone - 1)[gone - 1]
        high = np.partition(column, n - gone)[n - gone]
        for side, keep in (("lower", column > low), ("upper", column < high)):
            left = int(np.sum(keep))
            if left in (0, n):
                continue
            gain = (np.sum(y[keep]) / left - total / n) / (n - left)
            if gain > best:
                kept = column[keep]
                best = gain
                found = (side, j, float(kept.min() if side == "lower" else kept.max()))
    return found


def _bounds(box: Box) -> list[tuple[str, int]]:
    return [
        (side, int(j))
        for side in ("lower", "upper")
        for j in np.flatnonzero(np.isfinite(getattr(box, side)))
    ]


def _moved(box: Box, side: str, j: int, bound: float) -> Box:
    ends = getattr(box, side).copy()
    ends[j] = bound
    return replace(box, **{side: ends})


def _without(box: Box, side: str, j: int) -> Box:
    return _moved(box, side, j, -np.inf if side == "lower" else np.inf)


def _quasi_p(box: Box, side: str, j: int, x: FloatArray, y: BoolArray) -> float:
    from scipy.special import bdtrc

    inside = box.contains(x)
    wider = score(_without(box, side, j), x, y)
    k, n = int(np.sum(y & inside)), int(np.sum(inside))
    return 1.0 if k == 0 else float(bdtrc(k - 1, n, wider.density))


def _with_p(box: Box, x: FloatArray, y: BoolArray) -> Box:
    d = len(box.names)
    values = {"lower": np.ones(d), "upper": np.ones(d)}
    for side, j in _bounds(box):
        values[side][j] = _quasi_p(box, side, j, x, y)
    return replace(box, lower_p=values["lower"], upper_p=values["upper"])


def _pruned(box: Box, x: FloatArray, y: BoolArray, significance: float) -> Box:
    while bounds := _bounds(box):
        p = [_quasi_p(box, side, j, x, y) for side, j in bounds]
        worst = int(np.argmax(p))
        if p[worst] <= significance:
            break
        box = score(_without(box, *bounds[worst]), x, y)
    return box


def _pasted(box: Box, x: FloatArray, y: BoolArray, alpha: float) -> Box:
    """Move bounds outwards as long as the density does not fall, by `alpha` of the box a time."""
    while True:
        step = max(1, int(alpha * np.sum(box.contains(x))))
        wider = []
        for side, j in _bounds(box):
            open_box = _without(box, side, j)
            beyond = x[open_box.contains(x) & ~box.contains(x), j]
            if len(beyond) == 0:
                wider.append(open_box)
                continue
            order = np.sort(beyond) if side == "upper" else -np.sort(-beyond)
            wider.append(_moved(box, side, j, float(order[min(step, len(order)) - 1])))
        tried = [score(one, x, y) for one in wider]
        better = [one for one in tried if one.density >= box.density]
        if not better:
            return box
        box = max(better, key=lambda one: (one.density, one.mass))
