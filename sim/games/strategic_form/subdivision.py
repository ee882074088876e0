"""Roots of indifference equations by certified subdivision.

On one support the indifference equations are polynomials, affine in each player's strategy. On
a product of simplices the range of such a polynomial is exactly the span of its values at the
corners, and these are payoffs of a game whose actions are the corners. So a cell (a product of
simplices) is thrown away as soon as some equation, or some combination of them, has one sign at
all corners; it is settled as soon as the Jacobian varies so little over it that there can be at
most one root, and Newton's method finds that root; otherwise it is bisected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from sim.games._arrays import BoolArray, FloatArray, IntArray
from sim.games.strategic_form.normal_form import Profile

__all__ = ["Search", "search_supports"]

BLOCK = 1024
"""Cells treated at once."""

FLAT = 1e-9
"""A cell over which no (normalised) payoff difference varies by more is given up."""

UNSURE = 4
"""Cells given up per support size whose midpoint is still tried as an equilibrium."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A batch of products of simplices, all on supports of the same sizes.

    Parameters
    ----------
    corners : tuple of ndarray, shape (C, k_i, m_i)
        The k_i corners of player i's simplex, as mixed strategies of the whole game.
    support : tuple of ndarray of int, shape (C, k_i)
        The actions between which player i must be indifferent.
    """

    corners: tuple[FloatArray, ...]
    support: tuple[IntArray, ...]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.corners[0])

    def take(self, rows: slice | BoolArray | IntArray) -> Cells:
        """Return some of the cells, by slice, mask or index."""
        return Cells(tuple(c[rows] for c in self.corners), tuple(s[rows] for s in self.support))


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What the search on supports of given sizes came to.

    Parameters
    ----------
    profiles : list of profiles
        The roots.
    unsure : list of profiles
        Midpoints of some cells that were given up: candidates.
    visited : int
        Number of cells.
    finished : bool
        Whether no cell was left when the budget ran out.
    degenerate : bool
        Whether some cell could not be settled however small.
    """

    profiles: list[Profile]
    unsure: list[Profile]
    visited: int
    finished: bool
    degenerate: bool


def search_supports(table: FloatArray, shape: tuple[int, ...], budget: int) -> Search:
    """Search all supports of the given sizes, within a number of cells."""
    stack = list(initial(table.shape[1:], shape))
    profiles: list[Profile] = []
    unsure: list[Profile] = []
    visited = 0
    while stack and visited < budget:
        cells = stack.pop()
        visited += len(cells)
        values = corner_payoffs(table, cells)
        cells, values = keep(cells, values, ~dominated_somewhere(values, cells))
        if not len(cells):
            continue
        leads = against_base(values, cells)
        equations = differences(leads, cells, shape)
        open_, roots = settle(equations, shape)
        profiles += [point(cells, c, weights) for c, weights in roots]
        if not open_.any():
            continue
        cells, leads, equations = cells.take(open_), [u[open_] for u in leads], equations[open_]
        player, edge, hopeless = choose_edge(equations, leads, shape)
        for c in np.flatnonzero(hopeless)[: UNSURE - len(unsure)]:
            unsure.append(point(cells, int(c), [np.full(k, 1.0 / k) for k in shape]))
        rest = ~hopeless
        stack += list(bisect(cells.take(rest), player[rest], edge[rest], shape))
    degenerate = bool(unsure)
    for cells in stack[-UNSURE:]:
        unsure.append(point(cells, 0, [np.full(k, 1.0 / k) for k in shape]))
    return Search(profiles, unsure, visited, not stack, degenerate)


def initial(actions: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[Cells]:
    """Yield one cell for every support profile of the given sizes, in blocks."""
    lists = [
        np.array(list(combinations(range(m), k)), dtype=np.int64)
        for m, k in zip(actions, shape, strict=True)
    ]
    total = prod(len(each) for each in lists)
    for start in range(0, total, BLOCK):
        picks = np.unravel_index(
            np.arange(start, min(start + BLOCK, total)), [len(each) for each in lists]
        )
        support = tuple(each[pick] for each, pick in zip(lists, picks, strict=True))
        corners = tuple(np.eye(m)[own] for m, own in zip(actions, support, strict=True))
        yield Cells(corners, support)


def corner_payoffs(table: FloatArray, cells: Cells) -> list[FloatArray]:
    """Return what each action pays each player at the corners of the others' simplices.

    Returns
    -------
    list of ndarray, shape (C, m_i, k_1, ..., 1, ..., k_N)
        With axis i of the corners of length 1.
    """
    count = len(cells)
    result = []
    for i, payoff in enumerate(table):
        value = np.broadcast_to(payoff, (count, *payoff.shape))
        for j, corner in enumerate(cells.corners):
            if j != i:
                last = np.moveaxis(value, j + 1, -1)
                flat = last.reshape(count, -1, last.shape[-1]) @ corner.swapaxes(1, 2)
                value = np.moveaxis(flat.reshape(*last.shape[:-1], -1), -1, j + 1)
        own = np.moveaxis(value, i + 1, 1)
        result.append(np.expand_dims(own, i + 2))
    return result


def keep(cells: Cells, values: list[FloatArray], mask: BoolArray) -> tuple[Cells, list[FloatArray]]:
    """Return the marked cells and their corner payoffs."""
    if mask.all():
        return cells, values
    return cells.take(mask), [value[mask] for value in values]


def dominated_somewhere(values: list[FloatArray], cells: Cells) -> BoolArray:
    """Return where an action of the support is worse than another one at all corners."""
    out = np.zeros(len(cells), dtype=bool)
    for value, own in zip(values, cells.support, strict=True):
        flat = value.reshape(*value.shape[:2], -1)
        inside = np.take_along_axis(flat, own[:, :, None], axis=1)
        for action in range(flat.shape[1]):
            lead = flat[:, action, None, :] - inside
            out |= (lead.min(axis=2) > 1e-13).any(axis=1)
    return out


def against_base(values: list[FloatArray], cells: Cells) -> list[FloatArray]:
    """Return u_i(a) − u_i(a_0) at all corners, a_0 the first action of the support."""
    leads = []
    for value, own in zip(values, cells.support, strict=True):
        index = own[:, :1].reshape(len(own), *[1] * (value.ndim - 1))
        leads.append(value - np.take_along_axis(value, index, axis=1))
    return leads


def differences(leads: list[FloatArray], cells: Cells, shape: tuple[int, ...]) -> FloatArray:
    """Return the equations u_i(a) − u_i(a_0) = 0, a in the support, at all corners.

    Returns
    -------
    ndarray, shape (C, d, k_1, ..., k_N)
        With d = Σ (k_i − 1).
    """
    rows = []
    for lead, own in zip(leads, cells.support, strict=True):
        index = own[:, 1:].reshape(len(own), -1, *[1] * (lead.ndim - 2))
        inside = np.take_along_axis(lead, index, axis=1)
        rows.append(np.broadcast_to(inside, (*inside.shape[:2], *shape)))
    return np.concatenate(rows, axis=1)


def settle(
    equations: FloatArray, shape: tuple[int, ...]
) -> tuple[BoolArray, list[tuple[int, list[FloatArray]]]]:
    """Decide which cells have no root or exactly one.

    With Y the inverse of the Jacobian at the midpoint: no root if a row of Y f has one sign at
    all corners; at most one if ‖|Y| max |J − J_mid|‖_∞ < 1, and Newton's method then finds it.

    Returns
    -------
    open : ndarray of bool, shape (C,)
        Cells that are still undecided.
    roots : list of (cell, barycentric weights of each player)
    """
    flat = equations.reshape(*equations.shape[:2], -1)
    middle = [np.full((len(flat), k), 1.0 / k) for k in shape]
    _, jacobian = evaluate(flat, middle, shape)
    size = np.abs(jacobian).max(axis=(1, 2), initial=0.0)
    sound = np.abs(np.linalg.det(jacobian / np.where(size > 0, size, 1.0)[:, None, None])) > 1e-12
    safe = np.where(sound[:, None, None], jacobian, np.eye(jacobian.shape[1]))
    inverse = np.asarray(np.linalg.inv(safe))
    combined = inverse @ flat
    absent = ((combined.min(axis=2) > 1e-9) | (combined.max(axis=2) < -1e-9)).any(axis=1)
    spread = np.abs(inverse) @ jacobian_radius(equations, jacobian, shape)
    single = sound & ~absent & (spread.sum(axis=2).max(axis=1) < 1.0)
    undecided = ~absent
    roots: list[tuple[int, list[FloatArray]]] = []
    where = np.flatnonzero(single)
    if len(where):
        weights, inside = newton(flat[where], [w[where] for w in middle], shape)
        undecided[where[inside]] = False
        roots = [(int(c), [w[r] for w in weights]) for r, c in enumerate(where) if inside[r]]
    return undecided, roots


def evaluate(
    flat: FloatArray, weights: list[FloatArray], shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Return the equations and their Jacobian at barycentric weights.

    The free coordinates of player j are the weights of corners 1, ..., k_j − 1.

    Returns
    -------
    value : ndarray, shape (C, d)
    jacobian : ndarray, shape (C, d, d)
    """
    value = np.einsum("cdk,ck->cd", flat, outer(weights))
    columns = []
    for j, k in enumerate(shape):
        for corner in range(1, k):
            step = np.zeros(k)
            step[0], step[corner] = -1.0, 1.0
            moved = [*weights]
            moved[j] = np.broadcast_to(step, weights[j].shape)
            columns.append(np.einsum("cdk,ck->cd", flat, outer(moved)))
    return value, np.stack(columns, axis=2)


def outer(weights: list[FloatArray]) -> FloatArray:
    """Return the products of weights, (C, k_1), ..., (C, k_N) to (C, Π k_i)."""
    result = weights[0]
    for each in weights[1:]:
        result = (result[:, :, None] * each[:, None, :]).reshape(len(result), -1)
    return result


def jacobian_radius(
    equations: FloatArray, jacobian: FloatArray, shape: tuple[int, ...]
) -> FloatArray:
    """Return the largest distance of each entry of the Jacobian over a cell from its midpoint."""
    columns: list[FloatArray] = []
    for j, k in enumerate(shape):
        base = np.take(equations, [0], axis=j + 2)
        for corner in range(1, k):
            slope = np.take(equations, [corner], axis=j + 2) - base
            slope = slope.reshape(*slope.shape[:2], -1)
            middle = jacobian[:, :, len(columns)]
            columns.append(np.abs(slope - middle[..., None]).max(axis=2))
    return np.stack(columns, axis=2)


def newton(
    flat: FloatArray, start: list[FloatArray], shape: tuple[int, ...]
) -> tuple[list[FloatArray], BoolArray]:
    """Return roots in barycentric weights, and which of them lie inside their cells."""
    weights = [w.copy() for w in start]
    alive = np.ones(len(flat), dtype=bool)
    size = np.full(len(flat), np.inf)
    for _ in range(20):
        value, jacobian = evaluate(flat, weights, shape)
        alive &= np.isfinite(jacobian).all(axis=(1, 2)) & (np.abs(value).max(axis=1) < 1e6)
        alive &= np.abs(np.linalg.det(jacobian)) > 1e-300
        jacobian[~alive] = np.eye(jacobian.shape[1])
        step = np.where(alive[:, None], np.linalg.solve(jacobian, -value[..., None])[..., 0], 0.0)
        at = 0
        for w, k in zip(weights, shape, strict=True):
            w[:, 1:] += step[:, at : at + k - 1]
            w[:, 0] = 1.0 - w[:, 1:].sum(axis=1)
            at += k - 1
        size = np.abs(step).max(axis=1)
        if size.max() < 1e-14:
            break
    low = np.min([w.min(axis=1) for w in weights], axis=0)
    return weights, np.asarray(alive & (size < 1e-10) & (low > -1e-9))


def point(cells: Cells, index: int, weights: list[FloatArray]) -> Profile:
    """Return the profile at barycentric weights of one cell."""
    return tuple(w @ corner[index] for w, corner in zip(weights, cells.corners, strict=True))


def choose_edge(
    equations: FloatArray, leads: list[FloatArray], shape: tuple[int, ...]
) -> tuple[IntArray, IntArray, BoolArray]:
    """Return which edge to bisect, and which cells to give up.

    The edge is the one along which the equations vary most. Where they do not vary at all, the
    players are indifferent in the whole cell: then the one along which it varies most whether
    some other action is better. Given up are cells in which none is, a continuum of equilibria,
    and those too small to tell.

    Returns
    -------
    player, edge : ndarray of int, shape (C,)
    hopeless : ndarray of bool, shape (C,)
    """
    variation, player, edge = widest([equations], shape)
    hopeless = variation <= FLAT
    if hopeless.any():
        best = np.max([u.reshape(len(u), -1).max(axis=1) for u in leads], axis=0)
        other, second, along = widest(leads, shape)
        player, edge = np.where(hopeless, second, player), np.where(hopeless, along, edge)
        hopeless &= (best <= FLAT) | (other <= FLAT)
    return player, edge, hopeless


def widest(
    tables: list[FloatArray], shape: tuple[int, ...]
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the edge along which tables of corner values vary most.

    Parameters
    ----------
    tables : list of ndarray, shape (C, rows, k_1, ..., k_N), some k_i = 1 where i plays no part

    Returns
    -------
    variation : ndarray, shape (C,)
    player, edge : ndarray of int, shape (C,)
    """
    variations, owners, edges = [], [], []
    for j, k in enumerate(shape):
        for number, (s, t) in enumerate(combinations(range(k), 2)):
            widths = [np.zeros(len(tables[0]))]
            for table in tables:
                if table.shape[j + 2] == k:
                    gap = np.take(table, s, axis=j + 2) - np.take(table, t, axis=j + 2)
                    widths.append(np.abs(gap.reshape(len(gap), -1)).max(axis=1, initial=0.0))
            variations.append(np.max(widths, axis=0))
            owners.append(j)
            edges.append(number)
    stacked = np.stack(variations, axis=1)
    best = stacked.argmax(axis=1)
    return stacked.max(axis=1), np.array(owners)[best], np.array(edges)[best]


def bisect(
    cells: Cells,
    player: IntArray,
    edge: IntArray,
    shape: tuple[int, ...],
) -> Iterator[Cells]:
    """Yield both halves of every cell, in blocks."""
    if not len(cells):
        return
    halves = []
    for side in (0, 1):
        corners = [c.copy() for c in cells.corners]
        for j, k in enumerate(shape):
            for number, ends in enumerate(combinations(range(k), 2)):
                rows = np.flatnonzero((player == j) & (edge == number))
                middle = cells.corners[j][rows][:, list(ends)].mean(axis=1)
                corners[j][rows, ends[side]] = middle
        halves.append(corners)
    joined = Cells(
        tuple(np.concatenate(pair) for pair in zip(*halves, strict=True)),
        tuple(np.concatenate([s, s]) for s in cells.support),
    )
    for start in range(0, len(joined), BLOCK):
        yield joined.take(slice(start, start + BLOCK))
