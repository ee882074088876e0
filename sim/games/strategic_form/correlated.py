"""Correlated equilibria by linear programming."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, check_probabilities, finite
from sim.games._linear import maximise
from sim.games.strategic_form.indifference import normalised
from sim.games.strategic_form.normal_form import NormalFormGame

__all__ = [
    "CorrelatedEquilibrium",
    "CorrelatedRange",
    "correlated_equilibrium",
    "correlated_range",
    "correlated_regret",
]

ENTRIES = 5_000_000
"""Largest number of entries of the incentive constraints, Σ m_i · Π m_i."""


@dataclass(frozen=True, slots=True, eq=False)
class CorrelatedEquilibrium:
    """A distribution over profiles that nobody gains from disobeying.

    Parameters
    ----------
    distribution : ndarray, shape (m_1, ..., m_N)
        Probability of every profile of pure strategies.
    payoffs : ndarray, shape (N,)
        Expected payoffs.
    value : float
        The objective that was maximised.
    regret : float
        Largest gain from disobeying, as a share of that player's payoff range.
    converged : bool
        Whether the program was solved and the regret is at most 1e-8.
    coarse : bool
        Whether players had to commit before they saw their recommendation.
    """

    distribution: FloatArray
    payoffs: FloatArray
    value: float
    regret: float
    converged: bool
    coarse: bool = False


def correlated_equilibrium(
    game: NormalFormGame, objective: npt.ArrayLike | None = None, *, coarse: bool = False
) -> CorrelatedEquilibrium:
    """Return the correlated equilibrium that maximises a linear objective.

    max Σ_s c(s) p(s) over distributions p with, for every player i and actions a, b,
    Σ_{s: s_i = a} p(s) (u_i(b, s_−i) − u_i(s)) ≤ 0.

    Parameters
    ----------
    game : NormalFormGame
        One draw.
    objective : array_like, optional
        Weights of the players' payoffs, shape (N,), c = Σ w_i u_i; or c itself, shape
        (m_1, ..., m_N). By default the sum of payoffs.
    coarse : bool
        Whether to impose only that nobody gains by a fixed action before the recommendation:
        Σ_s p(s) (u_i(b, s_−i) − u_i(s)) ≤ 0 (Moulin and Vial 1978).

    Returns
    -------
    CorrelatedEquilibrium

    Raises
    ------
    GameError
        If the game has a draw axis or is too large (Σ m_i · Π m_i above 5e6), or the objective
        has neither shape.

    References
    ----------
    Aumann (1974), Journal of Mathematical Economics 1:67-96; (1987), Econometrica 55:1-18.

    Examples
    --------
    >>> chicken = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> correlated_equilibrium(chicken).payoffs
    array([5.25, 5.25])
    """
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b) or game.mean()")
    entries = sum(game.shape) * prod(game.shape)
    if entries > ENTRIES:
        raise GameError(f"game: Σ m_i · Π m_i up to {ENTRIES} is allowed, got {entries}")
    reward = read_objective(game, objective)
    rows = [incentives(game, player, coarse) for player in range(game.n_players)]
    scale = float(np.abs(reward).max()) or 1.0
    solved = maximise(
        reward.ravel() / scale,
        below=(vstack(rows), np.zeros(sum(part.shape[0] for part in rows))),
        equal=(np.ones((1, reward.size)), np.ones(1)),
        bounds=(0.0, 1.0),
    )
    if solved is None:
        uniform = np.full(game.shape, 1.0 / reward.size)
        return result(game, uniform, reward, coarse, found=False)
    distribution = solved.x.clip(min=0.0).reshape(game.shape)
    return result(game, distribution / distribution.sum(), reward, coarse, found=True)


@dataclass(frozen=True, slots=True, eq=False)
class CorrelatedRange:
    """What an expectation can be in a correlated equilibrium, for B draws.

    Parameters
    ----------
    low, high : ndarray, shape (B,)
        Its smallest and its largest value over all correlated equilibria.
    converged : ndarray of bool, shape (B,)
        Whether both programs were solved with a regret of at most 1e-8.
    """

    low: FloatArray
    high: FloatArray
    converged: BoolArray


def correlated_range(game: NormalFormGame, objective: npt.ArrayLike) -> CorrelatedRange:
    """Return the range of Σ_s c(s) p(s) over the correlated equilibria p of each draw.

    All equilibria in Nash's sense are among them, and all mixtures of those by a signal that
    everybody sees. With c = 1 on some profiles and 0 elsewhere, it is the range of the
    probability of these profiles.

    Parameters
    ----------
    game : NormalFormGame
        One draw, or B of them.
    objective : array_like
        As in `correlated_equilibrium`; the same for all draws.

    Returns
    -------
    CorrelatedRange

    Raises
    ------
    GameError
        If the game is too large, or the objective has a wrong shape.

    References
    ----------
    Aumann (1987), Econometrica 55:1-18.

    Examples
    --------
    >>> chicken = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> found = correlated_range(chicken, [1, 0])
    >>> float(found.low[0].round(6)), float(found.high[0].round(6))
    (2.0, 7.0)
    """
    given = np.asarray(objective, dtype=np.float64)
    draws = [game.draw(b) for b in range(game.n_draws)] if game.batched else [game]
    ends = [
        (correlated_equilibrium(one, -given), correlated_equilibrium(one, given)) for one in draws
    ]
    return CorrelatedRange(
        low=np.array([0.0 - least.value for least, _ in ends]),
        high=np.array([most.value for _, most in ends]),
        converged=np.array([least.converged and most.converged for least, most in ends]),
    )


def result(
    game: NormalFormGame, distribution: FloatArray, reward: FloatArray, coarse: bool, *, found: bool
) -> CorrelatedEquilibrium:
    """Return a distribution with what it pays and how well it is obeyed."""
    payoffs = (game.payoffs * distribution).reshape(game.n_players, -1).sum(axis=1)
    regret = correlated_regret(game, distribution, coarse=coarse)
    value = float((reward * distribution).sum())
    return CorrelatedEquilibrium(
        distribution, payoffs, value, regret, found and regret <= 1e-8, coarse
    )


def read_objective(game: NormalFormGame, objective: npt.ArrayLike | None) -> FloatArray:
    """Return the objective as one number a profile, shape (m_1, ..., m_N)."""
    given = finite("objective", np.ones(game.n_players) if objective is None else objective)
    if given.shape == (game.n_players,):
        return np.asarray(np.tensordot(given, game.payoffs, axes=1))
    if given.shape == game.shape:
        return given
    raise GameError(
        f"objective: shape ({game.n_players},) or {game.shape} is allowed, got {given.shape}"
    )


def gains(game: NormalFormGame, player: int) -> FloatArray:
    """Return u_i(b, s_−i) − u_i(s) on [0, 1] payoffs: own action a, b, the others'."""
    own = np.moveaxis(normalised(game.table)[0, player], player, 0)
    flat = own.reshape(own.shape[0], -1)
    lead: FloatArray = flat[None, :, :] - flat[:, None, :]
    return lead


def incentives(game: NormalFormGame, player: int, coarse: bool) -> csr_array:
    """Return the incentive constraints of one player, one column a profile."""
    lead = gains(game, player)
    count = lead.shape[0]
    profile = np.arange(np.prod(game.shape)).reshape(game.shape)
    column = np.moveaxis(profile, player, 0).reshape(count, -1)
    wide = np.broadcast_to(column[:, None, :], lead.shape)
    own, other, _ = np.indices(lead.shape)
    row = other if coarse else own * count + other
    height = count if coarse else count * count
    return csr_array((lead.ravel(), (row.ravel(), wide.ravel())), shape=(height, profile.size))


def correlated_regret(
    game: NormalFormGame, distribution: npt.ArrayLike, *, coarse: bool = False
) -> float:
    """Return the largest gain from disobeying, as a share of that player's payoff range.

    max over i, a, b of Σ_{s: s_i = a} p(s) (u_i(b, s_−i) − u_i(s)) / range_i.

    Parameters
    ----------
    game : NormalFormGame
        One draw.
    distribution : array_like, shape (m_1, ..., m_N)
    coarse : bool
        Sum over a before taking the maximum.
    """
    p = np.asarray(distribution, dtype=np.float64)
    if p.shape != game.shape:
        raise GameError(f"distribution: shape {game.shape} is allowed, got {p.shape}")
    check_probabilities("distribution", p.ravel())
    worst = 0.0
    for player, count in enumerate(game.shape):
        weight = np.moveaxis(p, player, 0).reshape(count, -1)
        gain = (gains(game, player) * weight[:, None, :]).sum(axis=2)
        worst = max(worst, float((gain.sum(axis=0) if coarse else gain).max()))
    return worst
