"""Choosing among pure equilibria: risk dominance and payoff dominance, in all draws at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray
from sim.games.strategic_form.normal_form import TIE, NormalFormGame
from sim.games.strategic_form.pure import pure_equilibria

__all__ = ["Selection", "payoff_dominant", "risk_dominant"]

PAIRS = 2_000_000
"""Largest number of pairs of equilibria that are compared."""

Comparison = Callable[
    [NormalFormGame, IntArray, IntArray, IntArray, float], tuple[BoolArray, BoolArray]
]
"""Given a game, draws, two profiles and a tie: where the first wins, where the second."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The pure equilibrium that a criterion selects, draw by draw.

    Parameters
    ----------
    actions : ndarray of int, shape (N,), or (B, N) if the game is batched
        The profile selected, −1 where there is none.
    selected : ndarray of bool, shape () or (B,)
        Whether one equilibrium beats all others; false if there is no pure equilibrium, if two
        tie, or if they beat each other in a circle.
    criterion : str
    """

    actions: IntArray
    selected: BoolArray
    criterion: str


def risk_dominant(game: NormalFormGame, *, tie: float = TIE) -> Selection:
    """Return the pure equilibrium that risk-dominates every other one.

    s risk-dominates t if Π_i (u_i(s) − u_i(t_i, s_−i)) > Π_i (u_i(t) − u_i(s_i, t_−i)), the
    products running over the players whose actions differ: what they would lose by moving to the
    other equilibrium alone. In 2×2 games with two strict equilibria this is Harsanyi and
    Selten's risk dominance. In larger games it is their Nash-product criterion applied pair by
    pair, which needs no tracing procedure but is not transitive: where no equilibrium beats all
    others none is selected. `sim.games.logit_selection` always selects.

    Parameters
    ----------
    game : NormalFormGame
    tie : float
        Products closer than this share of the larger one tie.

    Returns
    -------
    Selection
        A sole pure equilibrium is selected.

    Raises
    ------
    GameError
        If there are too many equilibria to compare in pairs (about 2000).

    References
    ----------
    Harsanyi and Selten (1988), A General Theory of Equilibrium Selection in Games, ch. 3 and 5.

    Examples
    --------
    >>> hunt = NormalFormGame([[[4, 0], [3, 3]], [[4, 3], [0, 3]]])
    >>> risk_dominant(hunt).actions
    array([1, 1])
    """
    return tournament(game, deviation_products, tie, "risk dominance")


def payoff_dominant(game: NormalFormGame, *, tie: float = TIE) -> Selection:
    """Return the pure equilibrium that Pareto-dominates every other one.

    Parameters
    ----------
    game : NormalFormGame
    tie : float
        Share of a player's payoff range below which payoffs are equal.

    Returns
    -------
    Selection
    """
    return tournament(game, payoff_leads, tie, "payoff dominance")


def tournament(game: NormalFormGame, compare: Comparison, tie: float, criterion: str) -> Selection:
    """Return the equilibrium that beats all others, by comparing all pairs of profiles."""
    total = prod(game.shape)
    mask = pure_equilibria(game)
    flat = (mask if game.batched else mask[None]).reshape(game.n_draws, total)
    unbeaten = flat.copy()
    profiles = np.array(np.unravel_index(np.arange(total), game.shape)).T
    ever = np.flatnonzero(flat.any(axis=0))
    if len(ever) * (len(ever) - 1) // 2 > PAIRS:
        most = int((2 * PAIRS) ** 0.5)
        raise GameError(f"game: about {most} equilibrium profiles are allowed, got {len(ever)}")
    for s, t in combinations(ever, 2):
        rows = np.flatnonzero(flat[:, s] & flat[:, t])
        if len(rows):
            first, second = compare(game, rows, profiles[s], profiles[t], tie)
            unbeaten[rows, s] &= first
            unbeaten[rows, t] &= second
    selected = np.atleast_1d(unbeaten.sum(axis=1) == 1)
    actions = np.where(selected[:, None], profiles[unbeaten.argmax(axis=1)], -1)
    if game.batched:
        return Selection(actions, selected, criterion)
    return Selection(actions[0], np.asarray(selected[0]), criterion)


def payoffs_at(game: NormalFormGame, rows: IntArray, profile: IntArray) -> FloatArray:
    """Return the payoffs of some draws at a profile, shape (R, N)."""
    at: FloatArray = game.table[(rows, slice(None), *profile)]
    return at


def deviation_products(
    game: NormalFormGame, rows: IntArray, s: IntArray, t: IntArray, tie: float
) -> tuple[BoolArray, BoolArray]:
    """Return where s, and where t, wins by the products of deviation losses."""
    own, other = payoffs_at(game, rows, s), payoffs_at(game, rows, t)
    span = game.payoff_range[rows]
    scale = np.where(span > 0, span, 1.0)
    first, second = np.ones(len(rows)), np.ones(len(rows))
    for i in np.flatnonzero(s != t):
        away, back = s.copy(), t.copy()
        away[i], back[i] = t[i], s[i]
        first *= ((own - payoffs_at(game, rows, away)) / scale)[:, i].clip(min=0.0)
        second *= ((other - payoffs_at(game, rows, back)) / scale)[:, i].clip(min=0.0)
    slack = tie * np.maximum(first, second)
    return np.atleast_1d(first > second + slack), np.atleast_1d(second > first + slack)


def payoff_leads(
    game: NormalFormGame, rows: IntArray, s: IntArray, t: IntArray, tie: float
) -> tuple[BoolArray, BoolArray]:
    """Return where s, and where t, pays nobody less and somebody more."""
    lead = payoffs_at(game, rows, s) - payoffs_at(game, rows, t)
    slack = tie * game.payoff_range[rows]
    more, less = lead > slack, lead < -slack
    first, second = np.atleast_1d(more.any(axis=1)), np.atleast_1d(less.any(axis=1))
    return first & ~second, second & ~first
