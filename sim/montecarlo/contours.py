"""An output over two parameters: the curve on which it is zero, and where its sign is sure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.montecarlo.break_even import chord_error

__all__ = ["corner", "finer", "surface_error", "zero_curves"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Edge = tuple[int, int, int]  # from the grid point (i, j) along x (0) or y (1)


def zero_curves(x: FloatArray, y: FloatArray, values: FloatArray) -> tuple[FloatArray, ...]:
    """Return the curves on which a field over a grid is zero, by marching squares.

    Along every edge of the grid the field is linear, and its zero is a point of a curve; inside a
    cell the points are joined by straight lines. Of the two ways to join four points the one is
    taken that agrees with the sign of the mean of the four corners. A linear field gives its zero
    line exactly.

    Parameters
    ----------
    x : array, shape (m,)
        Ascending.
    y : array, shape (n,)
        Ascending.
    values : array, shape (m, n)
        Cells with a corner that is not finite are left out.

    Returns
    -------
    tuple of array, shape (k, 2)
        Curves of k points (x, y), longest first; the last point of a closed one is its first.

    References
    ----------
    Lorensen & Cline (1987), Marching cubes, Computer Graphics 21 (the same in three dimensions).
    """
    links: dict[Edge, list[Edge]] = {}
    for i in range(len(x) - 1):
        for j in range(len(y) - 1):
            for one, other in _segments(values, i, j):
                links.setdefault(one, []).append(other)
                links.setdefault(other, []).append(one)
    curves = []
    while links:
        start = min(links, key=lambda edge: (len(links[edge]), edge))  # an open end first
        chain = _followed(links, start)
        curves.append(np.array([_zero_on(edge, x, y, values) for edge in chain]))
    return tuple(sorted(curves, key=lambda curve: -len(curve)))


def _segments(values: FloatArray, i: int, j: int) -> list[tuple[Edge, Edge]]:
    """Return the pieces of the zero curve in one cell, by the edges that they join."""
    corners = (values[i, j], values[i + 1, j], values[i + 1, j + 1], values[i, j + 1])
    if not np.all(np.isfinite(corners)):
        return []
    edges: tuple[Edge, ...] = ((i, j, 0), (i + 1, j, 1), (i, j + 1, 0), (i, j, 1))
    signs = [bool(corner > 0.0) for corner in corners]
    cut = [edges[k] for k in range(4) if signs[k] != signs[(k + 1) % 4]]
    if len(cut) < 4:
        return [(cut[0], cut[1])] if cut else []
    around_first = (np.mean(corners) > 0.0) != signs[0]  # the first corner stands alone
    if around_first:
        return [(edges[3], edges[0]), (edges[1], edges[2])]
    return [(edges[0], edges[1]), (edges[2], edges[3])]


def _followed(links: dict[Edge, list[Edge]], start: Edge) -> list[Edge]:
    """Take the curve that begins at an edge out of the links."""
    chain, at = [start], start
    while links.get(at):
        after = links[at].pop()
        links[after].remove(at)
        chain.append(after)
        at = after
    for edge in chain:
        if edge in links and not links[edge]:
            del links[edge]
    return chain


def _zero_on(edge: Edge, x: FloatArray, y: FloatArray, values: FloatArray) -> tuple[float, float]:
    i, j, along = edge
    a = float(values[i, j])
    b = float(values[i + 1, j] if along == 0 else values[i, j + 1])
    share = a / (a - b)
    if along == 0:
        return float(x[i] + share * (x[i + 1] - x[i])), float(y[j])
    return float(x[i]), float(y[j] + share * (y[j + 1] - y[j]))


def surface_error(x: FloatArray, y: FloatArray, values: FloatArray) -> FloatArray:
    """Bound at every grid point what interpolation gets wrong in the cells around it.

    The sum over both directions of the largest `chord_error` of the cells that meet there.

    Parameters
    ----------
    x, y, values
        See `zero_curves`; `values` may have further dimensions.

    Returns
    -------
    array, shape of `values`
    """
    along_x = _largest_beside(chord_error(x, values))
    other = np.moveaxis(values, 1, 0)
    along_y = np.moveaxis(_largest_beside(chord_error(y, other)), 0, 1)
    return np.asarray(along_x + along_y)


def _largest_beside(cells: FloatArray) -> FloatArray:
    """Return at each point the larger of the cells on both sides, (g − 1, ...) to (g, ...)."""
    before, after = np.concatenate([cells[:1], cells]), np.concatenate([cells, cells[-1:]])
    return np.asarray(np.maximum(before, after))


def finer(grid: FloatArray, values: FloatArray, *, parts: int) -> tuple[FloatArray, FloatArray]:
    """Return a grid with every cell in equal parts, and a field along its first axis, linear there.

    Parameters
    ----------
    grid : array, shape (g,)
    values : array, shape (g, ...)
    parts : int

    Returns
    -------
    (array, array), shapes (h,), (h, ...)
        With h = (g − 1) parts + 1.
    """
    cell = np.arange((len(grid) - 1) * parts + 1) / parts
    low = np.minimum(cell.astype(int), len(grid) - 2)
    share = cell - low
    broad = share.reshape(-1, *[1] * (values.ndim - 1))
    points = (1.0 - share) * grid[low] + share * grid[low + 1]
    with np.errstate(invalid="ignore"):  # beside what is not finite nothing is known
        return points, (1.0 - broad) * values[low] + broad * values[low + 1]


def corner(
    x: FloatArray, y: FloatArray, inside: BoolArray
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the largest rectangle in a corner of a grid all of whose points are inside.

    It says in one sentence what a curve takes a figure to say: gains if x is below 0.6 and y above
    0.4.

    Parameters
    ----------
    x : array, shape (m,)
        Ascending.
    y : array, shape (n,)
        Ascending.
    inside : bool array, shape (m, n)

    Returns
    -------
    ((float, float), (float, float)) or None
        Its ends along x and along y; None if there is none with an area.
    """
    best, found = 0.0, None
    for step_x in (1, -1):
        for step_y in (1, -1):
            along, up = x[::step_x], y[::step_y]
            whole = np.logical_and.accumulate(inside[::step_x, ::step_y], axis=0)
            whole = np.logical_and.accumulate(whole, axis=1)
            area = np.where(whole, np.abs(np.outer(along - along[0], up - up[0])), 0.0)
            i, j = np.unravel_index(int(np.argmax(area)), area.shape)
            if area[i, j] > best:
                best = float(area[i, j])
                found = (_ordered(along[0], along[i]), _ordered(up[0], up[j]))
    return found


def _ordered(one: float, other: float) -> tuple[float, float]:
    return float(min(one, other)), float(max(one, other))
