"""Dominated actions, by pure and by mixed strategies, and their iterated elimination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray
from sim.games._linear import maximise
from sim.games.strategic_form.indifference import normalised
from sim.games.strategic_form.normal_form import REGRET, NormalFormGame

__all__ = ["Reduction", "dominated", "iterated_elimination", "survivors"]


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """What iterated elimination of dominated actions leaves.

    Parameters
    ----------
    game : NormalFormGame
        The reduced game.
    kept : tuple of tuple of int
        The actions that remain, as numbered in the original game.
    rounds : tuple of tuple of tuple of int
        The actions that each player lost in each round, as numbered in the original game.
    """

    game: NormalFormGame
    kept: tuple[tuple[int, ...], ...]
    rounds: tuple[tuple[tuple[int, ...], ...], ...]


def dominated(
    game: NormalFormGame, *, strict: bool = True, mixed: bool = True
) -> tuple[BoolArray, ...]:
    """Return which actions are dominated.

    Action a of player i is strictly dominated if some strategy σ_i has
    u_i(σ_i, s) > u_i(a, s) for all s of the others; weakly if ≥ for all s and > for one.

    Parameters
    ----------
    game : NormalFormGame
    strict : bool
        Strict or weak dominance.
    mixed : bool
        Whether mixed strategies may dominate (one linear program an action and draw), or pure
        ones only (vectorised over draws).

    Returns
    -------
    tuple of ndarray of bool, shape (m_i,), or (B, m_i) if the game is batched
        A difference within 1e-8 of a player's payoff range counts as none.
    """
    table = normalised(game.table)
    masks = []
    for player in range(game.n_players):
        own = np.moveaxis(table[:, player], player + 1, 1)
        own = own.reshape(game.n_draws, game.shape[player], -1)
        mask = by_pure(own, strict)
        if mixed:
            for draw in range(game.n_draws):
                for action in np.flatnonzero(~mask[draw]):
                    mask[draw, action] = by_mixed(own[draw], int(action), strict)
        masks.append(mask if game.batched else mask[0])
    return tuple(masks)


def by_pure(own: FloatArray, strict: bool) -> BoolArray:
    """Return which rows of (B, m, S) payoffs another row dominates, shape (B, m)."""
    count = own.shape[1]
    mask = np.zeros(own.shape[:2], dtype=bool)
    for action in range(count):
        for other in range(count):
            if other == action:
                continue
            lead = own[:, other] - own[:, action]
            if strict:
                mask[:, action] |= (lead > REGRET).all(axis=1)
            else:
                mask[:, action] |= (lead >= -REGRET).all(axis=1) & (lead > REGRET).any(axis=1)
    return mask


def by_mixed(own: FloatArray, action: int, strict: bool) -> bool:
    """Return whether a mixture of the other rows of (m, S) payoffs dominates one row.

    Strict: max ε subject to Σ_k p_k u(k, s) − u(a, s) ≥ ε for all s. Weak: max Σ_s of the left
    sides, each at least 0.
    """
    others = np.delete(own, action, axis=0)
    if not len(others):
        return False
    lead = (others - own[action]).T
    columns = lead.shape[1]
    if strict:
        matrix = np.column_stack([-lead, np.ones(len(lead))])
        objective = np.append(np.zeros(columns), 1.0)
        total = np.append(np.ones(columns), 0.0)[None]
        bounds = [(0.0, 1.0)] * columns + [(-1.0, 1.0)]
    else:
        matrix, objective, total = -lead, lead.sum(axis=0), np.ones((1, columns))
        bounds = [(0.0, 1.0)] * columns
    solved = maximise(
        objective, below=(matrix, np.zeros(len(lead))), equal=(total, np.ones(1)), bounds=bounds
    )
    return solved is not None and solved.value > REGRET


def iterated_elimination(
    game: NormalFormGame, *, strict: bool = True, mixed: bool = True
) -> Reduction:
    """Delete all dominated actions of all players at once, again and again, until none is left.

    Under strict dominance the order does not matter and no Nash equilibrium is lost; under weak
    dominance both may fail, and the order is this one: simultaneous rounds.

    Parameters
    ----------
    game : NormalFormGame
        One draw.
    strict, mixed : bool
        As in `dominated`.

    Raises
    ------
    GameError
        If the game has a draw axis; take `game.draw(b)` or `game.mean()`.
    """
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b) or game.mean()")
    kept = tuple(tuple(range(m)) for m in game.shape)
    rounds: list[tuple[tuple[int, ...], ...]] = []
    while True:
        current = game.restrict(kept)
        masks = dominated(current, strict=strict, mixed=mixed)
        lost = tuple(
            tuple(a for a, out in zip(own, mask, strict=True) if out)
            for own, mask in zip(kept, masks, strict=True)
        )
        if not any(lost):
            return Reduction(current, kept, tuple(rounds))
        rounds.append(lost)
        kept = tuple(
            tuple(a for a in own if a not in out) for own, out in zip(kept, lost, strict=True)
        )


def survivors(game: NormalFormGame, *, strict: bool = True) -> tuple[BoolArray, ...]:
    """Return the actions that iterated elimination by pure strategies leaves, draw by draw.

    In each round every player loses all actions a to which some action b still there is better,
    u_i(b, s) > u_i(a, s), against all s that the others still have (weakly: ≥ for all s and > for
    one).

    Parameters
    ----------
    game : NormalFormGame
    strict : bool
        Strict or weak dominance; the rounds are simultaneous, as in `iterated_elimination`.

    Returns
    -------
    tuple of ndarray of bool, shape (m_i,), or (B, m_i) if the game is batched
        A difference within 1e-8 of a player's payoff range in the whole game counts as none.
    """
    table = normalised(game.table)
    alive = [np.ones((game.n_draws, m), dtype=bool) for m in game.shape]
    for _ in range(sum(game.shape)):  # each round but the last deletes one action at least
        lost = [by_survivors(table, alive, player, strict) for player in range(game.n_players)]
        if not any(mask.any() for mask in lost):
            break
        alive = [left & ~mask for left, mask in zip(alive, lost, strict=True)]
    return tuple(mask if game.batched else mask[0] for mask in alive)


def by_survivors(table: FloatArray, alive: list[BoolArray], player: int, strict: bool) -> BoolArray:
    """Return which living actions of a player a living one dominates among the living, (B, m)."""
    own = np.moveaxis(table[:, player], player + 1, 1)
    draws, count = own.shape[:2]
    facing = np.ones((draws, *own.shape[2:]), dtype=bool)
    others = [mask for n, mask in enumerate(alive) if n != player]
    for axis, mask in enumerate(others, start=1):
        facing &= mask.reshape(draws, *(-1 if n == axis else 1 for n in range(1, facing.ndim)))
    own, facing = own.reshape(draws, count, -1), facing.reshape(draws, -1)
    found = np.zeros((draws, count), dtype=bool)
    for action in range(count):
        for other in range(count):
            lead = own[:, other] - own[:, action]
            if strict:
                better = ((lead > REGRET) | ~facing).all(axis=1)
            else:
                better = ((lead >= -REGRET) | ~facing).all(axis=1)
                better &= ((lead > REGRET) & facing).any(axis=1)
            found[:, action] |= better & alive[player][:, other] & (action != other)
    return found & alive[player]
