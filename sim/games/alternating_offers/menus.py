"""All stationary equilibria in pure strategies over a finite list of alternatives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.games._arrays import FloatArray, IntArray
from sim.games.alternating_offers.tables import Menu
from sim.games.alternating_offers.talks import Clock

__all__ = ["menu_equilibria"]

_CELLS = 4_000_000


def menu_equilibria(
    menu: Menu, clock: Clock, turn: Sequence[int]
) -> list[tuple[IntArray, FloatArray, FloatArray, FloatArray]]:
    """Return every cycle of proposals that reproduces itself.

    What k proposes depends only on what its successor l would propose:
    x^k = R_k(x^l), the best alternative for k among those with u_j >= accept_j(u_j(x^l)). The
    equilibria are the fixed points of R_first o ... o R_last, found by trying all M alternatives
    as the first proposal. Draws without one (pure strategies may cycle) get the first proposals
    of the cycle that the best alternative for the first proposer leads to; their regret shows.

    Returns
    -------
    list of (rows, payoffs (b, N, N), outcome (b, N, M), residual (b,))
        One entry per rank: entry e holds the e-th fixed point of the draws that have one.
    """
    positions = _fixed_points(menu, clock, turn)
    most = max(len(p) for p in positions)
    found = []
    for rank in range(most):
        rows = np.array([b for b, p in enumerate(positions) if len(p) > rank], dtype=np.int64)
        place = np.stack([positions[b][rank] for b in rows])
        payoffs = menu.array[rows[:, None], place]
        outcome = np.zeros((*place.shape, menu.array.shape[1]))
        np.put_along_axis(outcome, place[:, :, None], 1.0, axis=2)
        found.append((rows, payoffs, outcome, np.full(len(rows), np.inf)))
    return found


def _fixed_points(menu: Menu, clock: Clock, turn: Sequence[int]) -> list[IntArray]:
    """Return, per draw, the cycles (E, N) of positions, by proposer."""
    b, m = menu.array.shape[:2]
    chunk = max(1, _CELLS // (m * m))
    result: list[IntArray] = []
    for first in range(0, b, chunk):
        rows = np.arange(first, min(first + chunk, b))
        result += _chunk(menu.take(rows), clock.take(rows), turn)
    return result


def _chunk(menu: Menu, clock: Clock, turn: Sequence[int]) -> list[IntArray]:
    b, m, n = menu.array.shape
    replies = {}
    for k in turn:
        floors = np.stack([clock.accept(menu.array[:, a]) for a in range(m)], axis=1)
        replies[k], _ = menu.choose(k, floors)
    current = np.broadcast_to(np.arange(m), (b, m))
    cycle = np.empty((b, m, n), dtype=np.int64)
    cycle[:, :, turn[0]] = current
    for k in reversed(turn[1:]):
        current = np.take_along_axis(replies[k], current, axis=1)
        cycle[:, :, k] = current
    closing = np.take_along_axis(replies[turn[0]], current, axis=1)
    rational = np.asarray((menu.array >= clock.security[:, None, :] - 1e-12).all(axis=2))
    fixed = np.asarray((closing == np.arange(m)) & rational)
    result = []
    for draw in range(b):
        if fixed[draw].any():
            result.append(cycle[draw, fixed[draw]])
            continue
        start = int(np.where(rational[draw], menu.array[draw, :, turn[0]], -np.inf).argmax())
        for _ in range(m):
            start = int(closing[draw, start])
        result.append(cycle[draw, [start]])
    return result
