"""The greatest least share, then the next: leximin over the parties of a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.bargaining.box.deal import max_min, vetoes
from sim.bargaining.box.programme import Programme, Solved, maximise
from sim.bargaining.box.table import Table
from sim.bargaining.problem import BoolArray, FloatArray

__all__ = ["Level", "leximin"]

SETTLED = 1e-9  # multiplier above which a party holds the level down
SLACK = 1e-7  # share above the level that is worth a second stage


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
    """

    x: FloatArray
    gains: FloatArray
    value: FloatArray
    converged: BoolArray
    residual: FloatArray


def leximin(table: Table, scale: FloatArray, start: FloatArray, multipliers: FloatArray) -> Level:
    """Maximise the least g_p/scale_p over the parties, then the next least, and so on.

    Where the search from `start` fails its certificate, it is repeated from other starts.

    Parameters
    ----------
    table : Table
    scale : ndarray, (M, B)
    start : ndarray, (K, B)
    multipliers : ndarray, (M, B)
        First guess, adding up to 1 over the parties.

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
        table, Programme(scale, zero, rows, vetoes(table), zero), start, multipliers * rows
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
    found = Level(first.x, first.gains, first.value, first.converged, first.residual)
    _raise(table, scale, found, first, rows)
    return found


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
    direction that does not matter to those at the level.
    """
    share = found.gains / scale
    above = rows & (share > found.value + SLACK) & (first.multipliers <= SETTLED)
    some = np.flatnonzero(above.any(axis=0) & first.flat & found.converged)
    for _ in range(table.n_parties - 1):
        if some.size == 0:
            return
        part, up = table.take(some), above[:, some]
        share_here, scale_here = share[:, some], scale[:, some]
        held = rows[:, some] & ~up
        level = np.where(held, share_here * scale_here, 0.0)
        bound = held | vetoes(part)
        zero = np.zeros(scale_here.shape)
        stage = Programme(scale_here, level, up, bound, zero)
        guess = up / np.maximum(up.sum(axis=0), 1)
        better = maximise(part, stage, found.x[:, some], guess)
        new = better.gains / scale_here
        kept = np.where(held, new - share_here, np.inf).min(axis=0) > -1e-8
        before = np.where(up, share_here, np.inf).min(axis=0)
        rose = kept & (np.where(up, new, np.inf).min(axis=0) >= before - 1e-9)
        at = some[rose]
        found.x[:, at] = better.x[:, rose]
        found.gains[:, at] = better.gains[:, rose]
        share[:, at] = new[:, rose]
        found.converged[some] &= better.converged & rose
        found.residual[some] = np.maximum(found.residual[some], better.residual)
        above[:, some] = (
            up
            & (share[:, some] > np.where(up, share[:, some], np.inf).min(axis=0) + SLACK)
            & (better.multipliers <= SETTLED)
        )
        some = some[above[:, some].any(axis=0) & rose & better.converged]
