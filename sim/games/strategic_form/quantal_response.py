"""Logit quantal response equilibria and the equilibrium to which their principal branch leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, within
from sim.games.strategic_form.equilibrium import SUPPORT
from sim.games.strategic_form.indifference import polish
from sim.games.strategic_form.logit_walk import Walk, choice
from sim.games.strategic_form.normal_form import (
    REGRET,
    NormalFormGame,
    Profile,
    deviation_payoffs,
    relative_regret,
)

__all__ = ["LogitPath", "LogitResponse", "logit_path", "logit_response", "logit_selection"]

END = 1e9
"""Precision, in units of one over the smallest payoff range, at which a branch is ended."""

ENOUGH = 1e5
"""Precision, in the same units, from which a branch that rounding ends has shown its limit."""

MAX_STEPS = 2000
"""Bound of the steps along a branch."""


@dataclass(frozen=True, slots=True, eq=False)
class LogitResponse:
    """A point of the principal branch of logit quantal response equilibria, draw by draw.

    Parameters
    ----------
    profile : tuple of ndarray, shape (m_i,), or (B, m_i) if the game is batched
        Choice probabilities.
    rationality : ndarray, shape () or (B,)
        Precision λ that was reached, in one over the payoffs' unit.
    residual : ndarray, shape () or (B,)
        Of a quantal response: max_a |σ_i(a) − softmax(λ u_i(·, σ_−i))_a|. Of a selected Nash
        equilibrium: its relative regret.
    converged : ndarray of bool, shape () or (B,)
        Whether the branch was followed to the end and the residual is at most 1e-8.
    """

    profile: Profile
    rationality: FloatArray
    residual: FloatArray
    converged: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class LogitPath:
    """The principal branch of logit quantal response equilibria of one game.

    Parameters
    ----------
    rationality : ndarray, shape (S,)
        Precision λ along the branch, from 0; it may turn back in between.
    profiles : tuple of ndarray, shape (S, m_i)
    converged : bool
        Whether the branch was followed to the precision asked for.
    """

    rationality: FloatArray
    profiles: Profile
    converged: bool


def logit_response(
    game: NormalFormGame, rationality: npt.ArrayLike, *, max_steps: int = MAX_STEPS
) -> LogitResponse:
    """Return the logit quantal response equilibrium at a given precision.

    σ_i(a) = exp(λ u_i(a, σ_−i)) / Σ_b exp(λ u_i(b, σ_−i)). Where there are several, the one at
    which the principal branch, which starts at uniform play for λ = 0, first reaches λ.

    Parameters
    ----------
    game : NormalFormGame
    rationality : array_like, shape () or (B,)
        Precision λ ≥ 0, in one over the payoffs' unit, the same for all players.
    max_steps : int
        Bound of the steps along the branch.

    Returns
    -------
    LogitResponse

    Raises
    ------
    GameError
        If λ is negative or not finite.

    References
    ----------
    McKelvey and Palfrey (1995), Quantal response equilibria for normal form games, Games and
    Economic Behavior 10:6-38. Turocy (2005), A dynamic homotopy interpretation of the logistic
    quantal response equilibrium correspondence, Games and Economic Behavior 51:243-263.

    Examples
    --------
    >>> pennies = NormalFormGame([[[9, 0], [0, 1]], [[0, 1], [1, 0]]])
    >>> logit_response(pennies, 1.0).profile[0].round(3)
    array([0.894, 0.106])
    """
    given = within("rationality", rationality, 0.0, np.inf, open_high=True)
    if given.shape not in ((), (game.n_draws,)):
        raise GameError(f"rationality: one number, or {game.n_draws}, got shape {given.shape}")
    scale = common_scale(game)
    target = np.broadcast_to(given, (game.n_draws,)) * scale
    walk = Walk(game.table / lifted(scale, game.table.ndim), target)
    walk.run(max_steps)
    profile = walk.profile()
    value = walk.rationality / scale
    own = deviation_payoffs(game, profile if game.batched else [s[0] for s in profile])
    stacked = own if game.batched else tuple(u[None] for u in own)
    error = np.zeros(game.n_draws)
    for strategy, payoff in zip(profile, stacked, strict=True):
        error = np.maximum(error, np.abs(strategy - choice(payoff, value)).max(axis=1))
    return response(game, profile, value, error, walk.reached & (error <= 1e-8))


def logit_selection(game: NormalFormGame, *, max_steps: int = MAX_STEPS) -> LogitResponse:
    """Return the Nash equilibrium to which the principal logit branch leads, in every draw.

    The branch is followed to a precision of 1e9 over the smallest payoff range, where a quantal
    response is an equilibrium up to a relative regret of ln(m) · 1e-9; actions played with less
    than 1e-6 are then dropped and the indifference equations of the rest solved. In a degenerate
    game rounding may end the branch earlier; from 1e5 on the draw still counts as converged if
    the equilibrium so found is within 1e-3 of the branch.

    Parameters
    ----------
    game : NormalFormGame
    max_steps : int
        Bound of the steps along the branch; a draw that needs more is flagged.

    Returns
    -------
    LogitResponse
        `residual` is the relative regret of the equilibrium returned.

    Notes
    -----
    Payoff ranges of players that are more than 10⁴ apart make the branch too steep for floats in
    many draws; these are flagged. The branch is unique for almost all payoffs. In a game with an
    exact symmetry it may run through a bifurcation; it is then continued straight on, along the
    symmetric branch.
    """
    scale = common_scale(game)
    span = game.payoff_range / scale[:, None]
    smallest = np.where(span > 0, span, np.inf).min(axis=1)
    target = np.minimum(END / np.where(np.isfinite(smallest), smallest, 1.0), 1e13)
    walk = Walk(game.table / lifted(scale, game.table.ndim), target)
    walk.run(max_steps)
    profile = walk.profile()
    support = tuple(strategy > SUPPORT for strategy in profile)
    sharp = polish(game.table, profile, support)
    batch = game if game.batched else game.with_payoffs(game.table, batched=True)
    regrets = [relative_regret(batch, each) for each in (profile, sharp)]
    moved = np.max([np.abs(a - b).max(axis=1) for a, b in zip(profile, sharp, strict=True)], axis=0)
    better = (regrets[1] <= regrets[0]) & (moved < 1e-3)
    chosen = tuple(np.where(better[:, None], b, a) for a, b in zip(profile, sharp, strict=True))
    worst = np.where(better, regrets[1], regrets[0])
    arrived = walk.reached | (walk.rationality >= target * (ENOUGH / END))
    return response(game, chosen, walk.rationality / scale, worst, arrived & (worst <= REGRET))


def logit_path(
    game: NormalFormGame, rationality: float, *, max_steps: int = MAX_STEPS
) -> LogitPath:
    """Follow the principal logit branch of one game from λ = 0 to a given precision.

    Parameters
    ----------
    game : NormalFormGame
        One draw.
    rationality : float
        Where to stop, in one over the payoffs' unit.
    max_steps : int

    Returns
    -------
    LogitPath

    Raises
    ------
    GameError
        If the game has a draw axis, or λ is negative.
    """
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b) or game.mean()")
    target = within("rationality", rationality, 0.0, np.inf, open_high=True)
    scale = common_scale(game)
    walk = Walk(game.table / lifted(scale, game.table.ndim), np.reshape(target, 1) * scale)
    along = [float(walk.rationality[0])]
    profiles = [walk.profile()]
    for _ in range(max_steps):
        if walk.done.all():
            break
        if walk.step()[0]:
            along.append(float(walk.rationality[0]))
            profiles.append(walk.profile())
    strategies = tuple(np.concatenate(own) for own in zip(*profiles, strict=True))
    return LogitPath(np.array(along) / scale[0], strategies, bool(walk.reached[0]))


def response(
    game: NormalFormGame,
    profile: Profile,
    rationality: FloatArray,
    residual: FloatArray,
    converged: BoolArray,
) -> LogitResponse:
    """Return the result in the game's own shape."""
    if game.batched:
        return LogitResponse(profile, rationality, residual, converged)
    first = tuple(strategy[0] for strategy in profile)
    return LogitResponse(
        first, np.asarray(rationality[0]), np.asarray(residual[0]), np.asarray(converged[0])
    )


def common_scale(game: NormalFormGame) -> FloatArray:
    """Return the largest payoff range of any player in each draw, 1 if all are constant."""
    widest = game.payoff_range.max(axis=1)
    return np.where(widest > 0, widest, 1.0)


def lifted(scale: FloatArray, dimensions: int) -> FloatArray:
    """Return one number a draw with the axes of a payoff table."""
    return scale.reshape(-1, *[1] * (dimensions - 1))
