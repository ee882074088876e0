"""All equilibria of 2×2 games, in all draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray
from sim.games.strategic_form.equilibrium import EquilibriumSet, certify
from sim.games.strategic_form.normal_form import REGRET, NormalFormGame, Profile

__all__ = ["TwoByTwoEquilibria", "two_by_two_equilibria"]

CHUNK = 4096
"""Draws solved at once: small enough to stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class TwoByTwoEquilibria:
    """All (extreme) equilibria of a 2×2 game in every draw.

    Every extreme equilibrium is a pair out of three strategies a player: the first action, the
    second, and the one at which the other player is indifferent.

    Parameters
    ----------
    row, column : ndarray, shape (B, 3)
        Probability of the first action under each of the three: 1, 0, and the mixed one, which
        is 1/2 where no strategy makes the other indifferent (`is_equilibrium` is then False).
    is_equilibrium : ndarray of bool, shape (B, 3, 3)
        Which pairs are equilibria; [:, :2, :2] are the pure ones.
    regret : ndarray, shape (B, 3, 3)
        Relative regret of every pair; at most 1e-8 where `is_equilibrium`.
    degenerate : ndarray of bool, shape (B,)
        Whether some pure strategy leaves the other player indifferent. The equilibria listed are
        then the extreme ones, and there may be a continuum between them; elsewhere the list is
        complete, and their number is 1 or 3.
    game : NormalFormGame
        The game solved.
    """

    row: FloatArray
    column: FloatArray
    is_equilibrium: BoolArray
    regret: FloatArray
    degenerate: BoolArray
    game: NormalFormGame

    @property
    def count(self) -> IntArray:
        """Number of equilibria listed, shape (B,)."""
        return np.asarray(self.is_equilibrium.sum(axis=(1, 2)), dtype=np.int64)

    def draw(self, index: int) -> EquilibriumSet:
        """Return the equilibria of one draw as a list."""
        profiles: list[Profile] = []
        for r, c in np.argwhere(self.is_equilibrium[index]):
            p, q = float(self.row[index, r]), float(self.column[index, c])
            profiles.append((np.array([p, 1.0 - p]), np.array([q, 1.0 - q])))
        return EquilibriumSet(
            certify(self.game.draw(index), profiles),
            "closed form for 2×2 games",
            complete=True,
            degenerate=bool(self.degenerate[index]),
        )


def two_by_two_equilibria(game: NormalFormGame, *, tolerance: float = REGRET) -> TwoByTwoEquilibria:
    """Find all equilibria of a 2×2 game in every draw.

    With Δ_j = u_1(first, j) − u_1(second, j), the row player is indifferent at
    q = Δ_2 / (Δ_2 − Δ_1) if Δ_1 Δ_2 < 0; the column player likewise at p. All nine pairs of
    {1, 0, p} × {1, 0, q} are tested by their regret.

    Parameters
    ----------
    game : NormalFormGame
        Two players with two actions each, one draw or many.
    tolerance : float
        Largest relative regret; payoff differences within this share of the range are ties.

    Returns
    -------
    TwoByTwoEquilibria

    Raises
    ------
    GameError
        If the game is not 2×2.

    Examples
    --------
    >>> chicken = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> two_by_two_equilibria(chicken).draw(0)[1].profile[0]
    array([0.66666667, 0.33333333])
    """
    if game.shape != (2, 2):
        raise GameError(f"game: two players with two actions each are allowed, got {game.shape}")
    count = game.n_draws
    rows, columns = np.empty((count, 3)), np.empty((count, 3))
    worst = np.empty((count, 3, 3))
    found = np.empty((count, 3, 3), dtype=bool)
    degenerate = np.empty(count, dtype=bool)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        table = np.ascontiguousarray(np.moveaxis(game.table[part], 0, -1))
        p, q, bad, good, tie = solve(table, tolerance)
        rows[part], columns[part], degenerate[part] = p.T, q.T, tie
        worst[part], found[part] = np.moveaxis(bad, -1, 0), np.moveaxis(good, -1, 0)
    return TwoByTwoEquilibria(rows, columns, found, worst, degenerate, game)


def solve(
    table: FloatArray, tolerance: float
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray, BoolArray]:
    """Solve a block of draws, payoffs (2, 2, 2, B): p, q (3, B), regret, found (3, 3, B), ties."""
    row_gain, row_tie = advantage(table[0, 0] - table[0, 1], spread(table[0]), tolerance)
    column_gain, column_tie = advantage(
        table[1, :, 0] - table[1, :, 1], spread(table[1]), tolerance
    )
    p, q = candidates(column_gain), candidates(row_gain)
    row_regret = shortfall(p[:, None], lead(row_gain, q)[None, :])
    column_regret = shortfall(q[None, :], lead(column_gain, p)[:, None])
    worst = np.maximum(row_regret, column_regret)
    found = worst <= tolerance
    found[2] &= column_gain[0] * column_gain[1] < 0
    found[:, 2] &= row_gain[0] * row_gain[1] < 0
    return p, q, worst, found, row_tie | column_tie


def spread(own: FloatArray) -> FloatArray:
    """Return the range of one player's payoffs, (2, 2, B) to (B,), 1 where it is 0."""
    high = np.maximum(np.maximum(own[0, 0], own[0, 1]), np.maximum(own[1, 0], own[1, 1]))
    low = np.minimum(np.minimum(own[0, 0], own[0, 1]), np.minimum(own[1, 0], own[1, 1]))
    span = high - low
    return np.where(span > 0, span, 1.0)


def advantage(gain: FloatArray, span: FloatArray, tolerance: float) -> tuple[FloatArray, BoolArray]:
    """Return the lead of the first action against each pure strategy, and where one is a tie."""
    scaled = gain / span
    tie = np.abs(scaled) <= tolerance
    return np.where(tie, 0.0, scaled), np.asarray(tie[0] | tie[1])


def candidates(gain: FloatArray) -> FloatArray:
    """Return 1, 0 and the probability that makes a player with these leads indifferent."""
    first, second = gain
    total = second - first
    mixes = first * second < 0
    mixed = np.where(mixes, second, 1.0) / np.where(mixes, total, 2.0)
    return np.stack([np.ones_like(first), np.zeros_like(first), mixed])


def lead(gain: FloatArray, probability: FloatArray) -> FloatArray:
    """Return the lead of the first action when the other plays its first so often, (3, B)."""
    result: FloatArray = probability * gain[0] + (1.0 - probability) * gain[1]
    return result


def shortfall(probability: FloatArray, ahead: FloatArray) -> FloatArray:
    """Return the regret of playing the first action so often: (1 − p) lead⁺ + p lead⁻."""
    short: FloatArray = np.where(ahead > 0, 1.0 - probability, -probability) * ahead
    return short
