"""The greatest least share, then the next: leximin over the parties of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.bargaining.box.deal import max_min, vetoes
from sim.bargaining.box.programme import Programme, Solved, maximise
from sim.bargaining.box.table import Table
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["Level", "leximin", "parties", "recalled"]

SETTLED = 1e-9  # multiplier above which a party holds the level down
SLACK = 1e-7  # share above the level that is worth a second stage
SEEN = 1e-9  # of a gain, what an issue must move to matter
BENT = 1e-6  # the same by curvature, which rounding blurs where derivatives are numerical


@dataclass(frozen=True, slots=True)
class Level:
    """A leximin point; draws last.

    Attributes
    ----------
    x : (K, B)
    gains : (M, B)
    value : (B,)
        The least share.
    converged : (B,) bool
    residual : (B,)
        In shares.
    multipliers : (M, B)
        Of the least share.
    """

    x: FloatArray
    gains: FloatArray
    value: FloatArray
    converged: BoolArray
    residual: FloatArray
    multipliers: FloatArray


def leximin(
    table: Table,
    scale: FloatArray,
    start: FloatArray,
    multipliers: FloatArray,
    *,
    exact: bool = False,
) -> Level:
    """Maximise the least g_p/scale_p over the parties, then the next least, and so on.

    Where the search from `start` fails its certificate, it is repeated from other starts.

    Parameters
    ----------
    table : Table
    scale : ndarray, (M, B)
    start : ndarray, (K, B)
    multipliers : ndarray, (M, B)
        First guess, adding up to 1 over the parties.
    exact : bool
        Begin there, not just inside the lower bounds.

    Returns
    -------
    Level

    References
    ----------
    H. Imai, "Individual monotonicity and lexicographic maxmin solution", Econometrica 51
    (1983) 389-401.
    """
    zero = np.zeros(scale.shape)
    rows = parties(table)
    first = maximise(
        table,
        Programme(scale, zero, rows, vetoes(table), zero),
        start,
        multipliers * rows,
        exact=exact,
    )
    left = np.flatnonzero(~first.converged)
    if left.size:
        part = table.take(left)
        again = max_min(part, scale[:, left], start[:, left])
        first.x[:, left] = again.x
        first.gains[:, left] = part.evaluate(again.x, 0).value
        first.value[left] = again.value
        first.converged[left] = again.converged
        first.residual[left] = again.residual
        first.multipliers[:, left] = 0.0
        first.flat[left] = True
    found = Level(
        first.x, first.gains, first.value, first.converged, first.residual, first.multipliers
    )
    _raise(table, scale, found, first, rows)
    return found


def recalled(
    table: Table,
    scale: FloatArray,
    prices: FloatArray | None,
    rows: IndexArray,
    guess: FloatArray,
) -> FloatArray:
    """Return the multipliers that a similar problem ended with, adding up to 1, or the guess.

    Parameters
    ----------
    table : Table
    scale : ndarray, (M, B)
    prices : ndarray, (B_all, M), or None
        Multipliers over scale, per unit of the gains; NaN where they are not known.
    rows : ndarray of int, (B,)
        Which of the draws these are.
    guess : ndarray, (M, B)

    Returns
    -------
    ndarray, (M, B)
    """
    if prices is None:
        return guess
    y = prices[rows].T * scale
    total = (y * parties(table)).sum(axis=0)
    known = np.isfinite(total) & (total > 0.0)
    return np.where(known, y / np.where(known, total, 1.0), guess)


def parties(table: Table) -> BoolArray:
    """Return which rows bargain, (M, B): parties who are not indifferent."""
    rows = np.zeros(table.reference.shape, dtype=bool)
    rows[: table.n_parties] = True
    if table.idle is not None:
        rows &= ~table.idle
    return rows


def _raise(table: Table, scale: FloatArray, found: Level, first: Solved, rows: BoolArray) -> None:
    """Raise, in place, those above the level while the others keep theirs.

    A second stage is needed only where the maximiser is not unique: its model is flat in some
    direction that does not matter to those at the level. First the issues that matter to none
    of them move; where two or more hold the level, then all issues under the constraint that
    these keep their shares. (One alone is at its own maximum, where that constraint has no
    gradient.)
    """
    share = found.gains / scale
    above = rows & (share > found.value + SLACK) & (first.multipliers <= SETTLED)
    some = np.flatnonzero(above.any(axis=0) & first.flat & found.converged)
    for _ in range(table.n_parties - 1):
        if some.size == 0:
            return
        up, held = above[:, some], (rows & ~above)[:, some]
        part = table.take(some)
        better = _next(_freeze(part, held, found.x[:, some]), scale[:, some], up, found, some)
        several = np.flatnonzero(held.sum(axis=0) > 1)
        if several.size:
            _next(
                part.take(several), scale[:, some[several]], up[:, several], found, some[several],
                held[:, several],
            )  # fmt: skip
        share[:, some] = found.gains[:, some] / scale[:, some]
        least = np.where(up, share[:, some], np.inf).min(axis=0)
        still = up & (share[:, some] > least + SLACK) & (better.multipliers <= SETTLED)
        above[:, some] = still
        some = some[still.any(axis=0) & found.converged[some]]


def _next(
    table: Table,
    scale: FloatArray,
    up: BoolArray,
    found: Level,
    rows: IndexArray,
    held: BoolArray | None = None,
) -> Solved:
    """Raise the least share of `up`, (M, b), where nobody of `held` falls; write it to `found`."""
    shares = found.gains[:, rows] / scale
    bound = vetoes(table)
    offset = np.zeros(scale.shape)
    if held is not None:
        bound = bound | held
        offset = np.where(held, shares * scale, 0.0)
    stage = Programme(scale, offset, up, bound, np.zeros(scale.shape))
    guess = up / np.maximum(up.sum(axis=0), 1)
    better = maximise(table, stage, found.x[:, rows], guess)
    new = better.gains / scale
    others = ~up & (np.abs(found.gains[:, rows]) < np.inf)
    fell = np.where(others, shares - new, 0.0).max(axis=0)
    before = np.where(up, shares, np.inf).min(axis=0)
    after = np.where(up, new, np.inf).min(axis=0)
    take = np.flatnonzero((fell <= 1e-8) & (after >= before - 1e-9))
    at = rows[take]
    found.x[:, at] = better.x[:, take]
    found.gains[:, at] = better.gains[:, take]
    found.residual[at] = np.maximum(found.residual[at], better.residual[take])
    if held is None:
        sure = np.zeros(len(rows), dtype=bool)
        sure[take] = better.converged[take]
        found.converged[rows] &= sure
    return better


def _freeze(table: Table, held: BoolArray, x: FloatArray) -> Table:
    """Fix the issues that matter to one of `held`, (M, B), at `x`."""
    gains = table.evaluate(x, 2)
    width = table.width
    slope = np.abs(gains.gradient) * held[:, None, :] * width
    bend = np.zeros_like(slope)
    for p, i, j, h in gains.hessian:
        size = np.abs(h) * held[p] * width[i] * width[j]
        bend[p, i] += size
        bend[p, j] += size
    largest = np.maximum(slope.sum(axis=1).max(axis=0), (slope + bend).max(axis=(0, 1)))
    fixed = ((slope > SEEN * largest) | (bend > BENT * largest)).any(axis=0)
    return replace(
        table,
        lower=np.where(fixed, x, table.lower),
        upper=np.where(fixed, x, table.upper),
    )
