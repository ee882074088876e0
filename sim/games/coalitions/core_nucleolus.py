"""The core, with a certificate either way, and the nucleolus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray
from sim.games._linear import maximise
from sim.games.coalitions.characteristic import CoalitionalGame

__all__ = ["Core", "Nucleolus", "core", "excesses", "nucleolus"]

CORE_PLAYERS = 15
"""Most players for which a linear program over all coalitions is set up."""

TOLERANCE = 1e-8
"""Share of the scale of the values within which excesses and sums count as equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """Whether the core is empty, and the proof.

    Parameters
    ----------
    empty : bool
    element : ndarray, shape (n,), or None
        A payoff in the core, if it is not empty: Σ x = v(N) and x(S) ≥ v(S) for all S.
    balanced : mapping of coalition index to weight, or None
        If the core is empty: weights λ_S ≥ 0 with Σ_{S ∋ i} λ_S = 1 for every i and
        Σ λ_S v(S) > v(N), which no x can satisfy (Bondareva–Shapley).
    slack : float
        v(N) less the least Σ x with x(S) ≥ v(S) for all S ≠ N: at least 0 if the core is not
        empty, by how much v(N) falls short otherwise.
    residual : float
        By how much the certificate misses its equations and inequalities, as a share of the
        scale of v.
    converged : bool
        Whether the residual is at most 1e-8.
    """

    empty: bool
    element: FloatArray | None
    balanced: dict[int, float] | None
    slack: float
    residual: float
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Nucleolus:
    """The payoff that minimises the largest dissatisfaction, then the next largest, and so on.

    Parameters
    ----------
    payoffs : ndarray, shape (n,)
    levels : ndarray, shape (L,)
        Excesses v(S) − x(S) that each linear program settled, in descending order; the first is
        that of the least core.
    residual : float
        |Σ x − v(N)| and violations of the settled levels, as a share of the scale of v.
    converged : bool
        Whether the payoffs are determined (the settled coalitions have full rank) and the
        residual is at most 1e-8.
    """

    payoffs: FloatArray
    levels: FloatArray
    residual: float
    converged: bool


def one_draw(game: CoalitionalGame) -> FloatArray:
    """Return the values of a game that a linear program can take."""
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b)")
    if game.n_players > CORE_PLAYERS:
        raise GameError(f"game: up to {CORE_PLAYERS} players are allowed, got {game.n_players}")
    return game.values


def memberships(count: int) -> FloatArray:
    """Return who is in each coalition, shape (2^n, n)."""
    return ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)


def scale_of(values: FloatArray) -> float:
    """Return the largest absolute value, 1 if all are 0."""
    return float(np.abs(values).max()) or 1.0


def excesses(game: CoalitionalGame, payoffs: FloatArray) -> FloatArray:
    """Return v(S) − x(S) of every coalition, shape (2^n,), or (B, 2^n)."""
    x = np.asarray(payoffs, dtype=np.float64)
    if x.shape[-1:] != (game.n_players,):
        raise GameError(f"payoffs: {game.n_players} numbers are allowed, got shape {x.shape}")
    short: FloatArray = game.values - x @ memberships(game.n_players).T
    return short


def core(game: CoalitionalGame) -> Core:
    """Decide whether the core is empty, and prove it.

    min Σ x subject to x(S) ≥ v(S) for all S ≠ N. The core is not empty exactly if the minimum is
    at most v(N); what is left is then shared equally. Otherwise the shadow prices are the
    balanced weights that prove it empty.

    Parameters
    ----------
    game : CoalitionalGame
        One draw, up to 15 players.

    Returns
    -------
    Core

    Raises
    ------
    GameError
        If the game has a draw axis or too many players.

    References
    ----------
    Bondareva (1963); Shapley (1967), On balanced sets and cores, Naval Research Logistics
    Quarterly 14:453-460.

    Examples
    --------
    >>> majority = CoalitionalGame([0, 0, 0, 1, 0, 1, 1, 1])
    >>> core(majority).balanced
    {3: 0.5, 5: 0.5, 6: 0.5}
    """
    values = one_draw(game)
    n, scale = game.n_players, scale_of(values)
    members = memberships(n)
    proper = slice(1, 2**n - 1)
    total = float(values[-1]) / scale
    if n == 1:
        return Core(False, values[-1:].copy(), None, 0.0, 0.0, True)
    solved = maximise(
        -np.ones(n), below=(-members[proper], -values[proper] / scale), bounds=(None, None)
    )
    if solved is None:
        raise GameError("values: the program for the core has no solution; check their scale")
    slack = total + solved.value
    if slack >= -TOLERANCE:
        x = solved.x + slack / n
        residual = float((values / scale - members @ x).max(initial=0.0))
        return Core(False, x * scale, None, slack * scale, residual, residual <= TOLERANCE)
    weights = np.where(solved.duals > 1e-12, solved.duals, 0.0)
    cover = float(np.abs(weights @ members[proper] - 1.0).max())
    gain = float(weights @ values[proper]) / scale - total
    residual = max(cover, abs(gain + slack))
    balanced = {int(s) + 1: float(weights[s]) for s in np.flatnonzero(weights)}
    return Core(True, None, balanced, slack * scale, residual, residual <= TOLERANCE and gain > 0)


def nucleolus(game: CoalitionalGame, *, rational: bool = True) -> Nucleolus:
    """Return the nucleolus.

    Among payoffs with Σ x = v(N), the one whose excesses v(S) − x(S), sorted downwards, are
    lexicographically least. A sequence of linear programs lowers the largest excess that is
    still open; coalitions with a positive shadow price have that excess at every optimum and are
    settled, and with them every coalition whose payoff they determine.

    Parameters
    ----------
    game : CoalitionalGame
        One draw, up to 15 players.
    rational : bool
        Whether x_i ≥ v({i}) is required. Without it: the prenucleolus.

    Returns
    -------
    Nucleolus

    Raises
    ------
    GameError
        If the game has a draw axis or too many players, or if nobody can be given v({i}), so
        that only the prenucleolus exists.

    References
    ----------
    Schmeidler (1969), SIAM Journal on Applied Mathematics 17:1163-1170; Maschler, Peleg and
    Shapley (1979), Mathematics of Operations Research 4:303-338.

    Examples
    --------
    >>> from sim.games import bankruptcy_game
    >>> nucleolus(bankruptcy_game(200, [100, 200, 300])).payoffs
    array([50., 75., 75.])
    """
    values = one_draw(game)
    n, scale = game.n_players, scale_of(values)
    worth = values / scale
    alone = worth[2 ** np.arange(n)]
    if rational and alone.sum() > worth[-1] + TOLERANCE:
        raise GameError(
            "game: players together get less than each alone, so that no payoff gives everyone "
            "v({i}); rational=False gives the prenucleolus"
        )
    members = memberships(n)
    fixed, right = members[-1:], worth[-1:]
    open_ = np.arange(1, 2**n - 1)
    levels: list[float] = []
    x = np.full(n, worth[-1] / n)
    while np.linalg.matrix_rank(fixed) < n:
        solved = lower(worth, members, open_, (fixed, right), alone if rational else None)
        if solved is None:
            break
        x, level, settled = solved
        levels.append(level * scale)
        fixed = np.concatenate([fixed, members[settled]])
        right = np.concatenate([right, worth[settled] - level])
        fixed, right = independent(fixed, right)
        open_ = open_[~determined(members[open_], fixed)]
    determined_all = bool(np.linalg.matrix_rank(fixed) == n)
    if determined_all:
        x = np.linalg.lstsq(fixed, right, rcond=None)[0]
    residual = float(np.abs(fixed @ x - right).max())
    if rational:
        residual = max(residual, float((alone - x).max(initial=0.0)))
    good = determined_all and residual <= TOLERANCE
    return Nucleolus(x * scale, np.array(levels) + 0.0, residual, good)


def lower(
    worth: FloatArray,
    members: FloatArray,
    open_: IntArray,
    settled: tuple[FloatArray, FloatArray],
    alone: FloatArray | None,
) -> tuple[FloatArray, float, IntArray] | None:
    """Minimise the largest open excess: payoffs, the level, and the coalitions it settles."""
    fixed, right = settled
    n = members.shape[1]
    below = np.column_stack([-members[open_], -np.ones(len(open_))])
    equal = np.column_stack([fixed, np.zeros(len(fixed))])
    floor = [(None, None)] * n if alone is None else [(float(low), None) for low in alone]
    solved = maximise(
        np.append(np.zeros(n), -1.0),
        below=(below, -worth[open_]),
        equal=(equal, right),
        bounds=[*floor, (None, None)],
    )
    if solved is None:
        return None
    # The prices of the open coalitions add to one: at least one is at 1/|open| or above.
    tight = open_[solved.duals >= min(1e-7, 0.5 / len(open_))]
    return solved.x[:n], float(solved.x[n]), tight


def independent(rows: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a largest set of independent rows, earlier ones first."""
    kept: list[int] = []
    basis = np.zeros((0, rows.shape[1]))
    for number, row in enumerate(rows):
        rest = row - basis.T @ (basis @ row)
        if np.linalg.norm(rest) > 1e-6:
            basis = np.concatenate([basis, rest[None] / np.linalg.norm(rest)])
            kept.append(number)
    return rows[kept], right[kept]


def determined(rows: FloatArray, fixed: FloatArray) -> BoolArray:
    """Return which coalitions' payoffs follow from those of the settled ones."""
    orthogonal, _ = np.linalg.qr(fixed.T)
    rest = rows - (rows @ orthogonal) @ orthogonal.T
    return np.asarray(np.linalg.norm(rest, axis=1) <= 1e-6)
