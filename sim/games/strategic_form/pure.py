"""Every pure equilibrium of a game, in all draws at once."""

from __future__ import annotations

import numpy as np

from sim.games._arrays import BoolArray
from sim.games.strategic_form.normal_form import REGRET, NormalFormGame

__all__ = ["pure_equilibria", "pure_profiles"]


def pure_equilibria(game: NormalFormGame, *, tolerance: float = REGRET) -> BoolArray:
    """Return which profiles of pure strategies are Nash equilibria.

    a is one if u_i(a) ≥ max_b u_i(b, a_−i) − tolerance · range_i for every player i.

    Parameters
    ----------
    game : NormalFormGame
    tolerance : float
        Share of a player's payoff range that a deviation may gain. Where near-ties are to be
        ties, apply `merge_ties` to the game first.

    Returns
    -------
    ndarray of bool, shape (m_1, ..., m_N), or (B, m_1, ..., m_N) if the game is batched

    Examples
    --------
    >>> game = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> pure_profiles(pure_equilibria(game))
    ((0, 1), (1, 0))
    """
    # Draws last and contiguous: every comparison below is then one pass over the draws.
    table = np.ascontiguousarray(np.moveaxis(game.table, 0, -1))
    mask = np.ones(table.shape[1:], dtype=bool)
    for player, own in enumerate(table):
        flat = own.reshape(-1, own.shape[-1])
        slack = tolerance * (flat.max(axis=0) - flat.min(axis=0))
        mask &= own >= own.max(axis=player, keepdims=True) - slack
    result: BoolArray = np.moveaxis(mask, -1, 0)
    return result if game.batched else result[0]


def pure_profiles(mask: BoolArray) -> tuple[tuple[int, ...], ...]:
    """List the profiles marked in an array of shape (m_1, ..., m_N), in lexicographic order."""
    return tuple(tuple(int(a) for a in row) for row in np.argwhere(mask))
