"""Who is searched with whom: blocks that fit the cache, and one pool for the stragglers.

A block of draws is advanced together until few of them are still open; these wait in a pool
with the stragglers of other blocks, so that the last iterations too run over long rows. A draw
carries all that its search knows, and nothing mixes draws: when it moves to the pool, and with
whom, changes no bit of its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from sim.bargaining.box.table import Table
from sim.bargaining.problem import BoolArray, IndexArray

__all__ = ["BLOCK", "Search", "exhaust"]

BLOCK = 16384  # draws: long enough rows, small enough for the cache
LEAVE = 0.2  # share of a block at which its stragglers go to the pool
FEW = 256  # draws that are advanced together as fast as one
SHRINK = 0.6  # share of a block or pool at which those who are done are dropped


@dataclass(slots=True)
class Search:
    """The state of a search; a method adds arrays whose last axis runs over the draws.

    Attributes
    ----------
    index : (b,) int
        Position of each draw in the table.
    open_ : (b,) bool
        Who still searches.
    """

    index: IndexArray
    open_: BoolArray


S = TypeVar("S", bound=Search)


def take(state: S, rows: IndexArray) -> S:
    """Restrict a state to some of its draws."""
    return type(state)(*(getattr(state, f.name).take(rows, axis=-1) for f in fields(state)))


def restore(state: S, rows: IndexArray, old: S, names: Sequence[str]) -> None:
    """Put back what some draws knew before."""
    for name in names:
        getattr(state, name)[..., rows] = getattr(old, name)[..., rows]


def exhaust(
    table: Table,
    begin: Callable[[Table, IndexArray], S],
    advance: Callable[[Table, S], None],
) -> None:
    """Advance the search of every draw of a table until it is closed.

    Parameters
    ----------
    table : Table
    begin : callable
        From the table of a block and the positions of its draws to a fresh state.
    advance : callable
        One iteration, in place; it records the answers of the draws that it closes, and
        closes every draw in the end.
    """
    n_draws = table.lower.shape[1]
    waiting: list[S] = []
    for first in range(0, n_draws, BLOCK):
        last = min(first + BLOCK, n_draws)
        part = table.take(slice(first, last)) if last - first < n_draws else table
        state = begin(part, np.arange(first, last))
        waiting.append(_drain(part, state, advance, leave=LEAVE))
        if last == n_draws or sum(len(s.index) for s in waiting) >= BLOCK:
            pool = _joined(waiting)
            if not len(pool.index):
                continue
            leave = 0.0 if last == n_draws else LEAVE
            waiting = [_drain(table.take(pool.index), pool, advance, leave=leave)]


def _drain(
    table: Table,
    state: S,
    advance: Callable[[Table, S], None],
    *,
    leave: float,
) -> S:
    """Advance until at most a share of the draws is open; return these."""
    stop = leave * len(state.index)
    while (n_open := np.count_nonzero(state.open_)) > stop:
        if n_open <= SHRINK * len(state.index) and len(state.index) > FEW:
            rows = np.flatnonzero(state.open_)
            table, state = table.take(rows), take(state, rows)
        advance(table, state)
    return take(state, np.flatnonzero(state.open_))


def _joined(states: Sequence[S]) -> S:
    """Put states together, draw after draw."""
    first = states[0]
    if len(states) == 1:
        return first
    return type(first)(
        *(np.concatenate([getattr(s, f.name) for s in states], axis=-1) for f in fields(first))
    )
