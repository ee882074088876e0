"""Is there a deal at all? Decided by a multi-start max-min, never by where a search stopped."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sim.bargaining.box.pool import BLOCK
from sim.bargaining.box.programme import Programme, Solved, maximise
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import Table
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["GAIN", "MaxMin", "harm", "max_min", "vetoes"]

GAIN = 1e-9
"""Least gain that counts, relative to how much of a player's payoff the table moves."""

STARTS = 6
HARM = 1e-6
"""Largest loss that rounding explains, in the same units."""
BARELY = 1e-7  # a veto may leave no room at all: no row is then above 0


@dataclass(frozen=True, slots=True)
class MaxMin:
    """The largest least gain; draws last.

    Attributes
    ----------
    value : (B,)
        max_x min_p g_p(x)/scale_p over the parties.
    x : (K, B)
    converged : (B,) bool
        Whether the best start passed the certificate.
    residual : (B,)
    """

    value: FloatArray
    x: FloatArray
    converged: BoolArray
    residual: FloatArray


def max_min(
    table: Table,
    scale: FloatArray,
    first: FloatArray,
    *,
    number: int = STARTS,
    enough: float = np.inf,
) -> MaxMin:
    """Maximise the least scaled gain of the parties, ratifiers consenting, from several starts.

    With ratifiers, the least of all rows comes first: if it is positive there is a deal, and if
    it is clearly negative there is none, so that the constrained search starts where its
    constraints hold.

    Parameters
    ----------
    table : Table
        Knowing who is idle.
    scale : ndarray, (M, B)
        Units of the gains; the decision whether there is a deal does not depend on them.
    first : ndarray, (K, B)
        The first start.
    number : int
        How many starts.
    enough : float
        A draw with a certified value above this needs no further start.

    Returns
    -------
    MaxMin
    """
    everybody = np.ones(scale.shape, dtype=bool)
    if table.idle is not None:
        everybody &= ~table.idle
    best = _search(table, scale, first, everybody, number=number, enough=enough)
    if table.ratifiers is None:
        return best
    rows = np.flatnonzero((best.value > -BARELY) & (best.value <= enough))
    if rows.size:
        part, few = table.take(rows), everybody[:, rows]
        few[table.n_parties :] = False
        again = _search(part, scale[:, rows], best.x[:, rows], few, number=1, enough=enough)
        better = np.flatnonzero(again.converged & (again.value > best.value[rows]))
        for name in ("value", "x", "converged", "residual"):
            getattr(best, name)[..., rows[better]] = getattr(again, name)[..., better]
    return best


def _search(
    table: Table,
    scale: FloatArray,
    first: FloatArray,
    level: BoolArray,
    *,
    number: int,
    enough: float,
) -> MaxMin:
    """Maximise the least of the rows in `level`, the other ratifiers consenting."""
    n_draws = first.shape[1]
    best = MaxMin(
        np.full(n_draws, -np.inf),
        first.copy(),
        np.zeros(n_draws, dtype=bool),
        np.full(n_draws, np.inf),
    )
    rows, left = np.arange(n_draws), list(starts(table, first, number=number))
    count = 1
    while rows.size and left:
        group, left = left[:count], left[count:]
        again = np.tile(rows, len(group))
        start = np.concatenate([x[:, rows] for x in group], axis=1)
        found = _least_gain(table.take(again), scale[:, again], start, level[:, again])
        for n in range(len(group)):
            turn = n * rows.size + np.flatnonzero(best.value[rows] <= enough)
            _improve(best, _pick(found, turn), again[turn])
        rows = rows[best.value[rows] <= enough]
        # most of those who are left want every start: all at once, if they are few
        count = len(left) if rows.size * len(left) <= BLOCK else 1
    return best


def _improve(best: MaxMin, found: Solved, rows: IndexArray) -> None:
    """Keep what was found for some draws where it is better, in place."""
    value = np.where(np.isfinite(found.value), found.value, -np.inf)
    # a certified answer counts for more than a stray one that is better by rounding
    better = value > best.value[rows] + 1e-12
    better |= found.converged & ~best.converged[rows] & (value > best.value[rows] - 1e-9)
    at = rows[better]
    best.value[at], best.x[:, at] = value[better], found.x[:, better]
    best.converged[at] = found.converged[better]
    best.residual[at] = found.residual[better]


def _pick(found: Solved, rows: IndexArray) -> Solved:
    """Restrict to some draws."""
    return Solved(*(getattr(found, f.name)[..., rows] for f in fields(found)))


def _least_gain(table: Table, scale: FloatArray, start: FloatArray, level: BoolArray) -> Solved:
    """Maximise the least scaled row of `level` from one start a draw."""
    zero = np.zeros(scale.shape)
    bound = vetoes(table) & ~level
    guess = level / np.maximum(level.sum(axis=0), 1)
    solved = maximise(table, Programme(scale, zero, level, bound, zero), start, guess)
    # ratifiers who refuse: no deal, however large the gains
    slack = np.where(bound, solved.gains / scale, np.inf).min(axis=0, initial=np.inf)
    value = np.where(slack < -1e-9, np.minimum(slack, solved.value), solved.value)
    return replace(solved, value=value)


def vetoes(table: Table) -> BoolArray:
    """Return which rows are constraints in any case: ratifiers, (M, B)."""
    rows = np.zeros(table.reference.shape, dtype=bool)
    rows[table.n_parties :] = True
    if table.idle is not None:
        rows &= ~table.idle
    return rows


def harm(gains: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the largest loss, (B,), in units of `scale`, (M, B); 0 where rounding explains it.

    Sums and minima in money are solved to a share of the money that the whole table moves. To a
    party with far less at stake than the others that can be a loss.
    """
    loss = (-gains / scale).max(axis=0, initial=0.0)
    return np.where(loss > HARM, loss, 0.0)
