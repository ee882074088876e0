"""Where the search begins again: a fixed list of points in the unit box.

The list is the same for every draw, so that an answer never depends on which draws happen to
be solved together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.bargaining.box.table import Table
from sim.bargaining.problem import FloatArray

__all__ = ["inside", "starts"]

INSIDE = 1e-6  # starts are this far off lower bounds, where powers of an issue have a kink
LEVELS = (0.5, 0.05, 0.95, 0.25, 0.75)


def starts(table: Table, first: FloatArray | None = None, *, number: int) -> Iterator[FloatArray]:
    """Yield `number` starting points (K, B), as many as are asked for.

    The given one, the middle of the box, near its corners of all-low and all-high, two
    points between, then points of a Kronecker sequence on the golden ratio's generalisation.

    Parameters
    ----------
    table : Table
    first : ndarray, (K, B), optional
        Comes first.
    number : int
        How many in all.

    References
    ----------
    H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods, SIAM (1992), ch. 3.
    """
    n_issues = len(table.lower)
    if first is not None:
        yield first
        number -= 1
    root = 2.0
    for _ in range(60):  # the root above 1 of r^(K+1) = r + 1
        root = (1.0 + root) ** (1.0 / (n_issues + 1))
    steps = root ** -np.arange(1.0, n_issues + 1.0)
    for m in range(number):
        if m < len(LEVELS):
            level = np.full(n_issues, LEVELS[m])
        else:
            level = np.mod(0.5 + (m - len(LEVELS) + 1) * steps, 1.0)
        yield table.lower + level[:, None] * table.width


def inside(table: Table, start: FloatArray) -> FloatArray:
    """Clip a start into the box, off its lower faces."""
    low = table.lower + INSIDE * table.width
    return np.asarray(np.minimum(np.maximum(start, low), table.upper))
