"""All Nash equilibria of one game, by whichever method fits it."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from sim.errors import GameError
from sim.games.strategic_form.equilibrium import EquilibriumSet, certify
from sim.games.strategic_form.normal_form import NormalFormGame, pure_profile
from sim.games.strategic_form.polynomial import polynomial_equilibria
from sim.games.strategic_form.pure import pure_equilibria, pure_profiles
from sim.games.strategic_form.quantal_response import logit_selection
from sim.games.strategic_form.two_by_two import two_by_two_equilibria

__all__ = ["METHODS", "equilibria"]

SMALL = 50_000
"""Largest number of support profiles for which `auto` looks for mixed equilibria."""


def equilibria(game: NormalFormGame, method: str = "auto") -> EquilibriumSet:
    """Find the Nash equilibria of a game in one draw.

    Parameters
    ----------
    game : NormalFormGame
        One draw. For many draws see `pure_equilibria`,
        `two_by_two_equilibria` and `logit_selection`.
    method : str
        `auto`: the closed form for 2×2 games, vertex enumeration for two players, supports with
        certified subdivision for one or for three and more; for games too large for that, all
        pure equilibria and the one on the logit branch. `pure`: pure ones only. `vertex`,
        `support`, `lemke_howson`: two players, through nashpy (`two_player_equilibria`).
        `polynomial`: any number of players (`polynomial_equilibria`). `logit`: the one that the
        logit branch selects.

    Returns
    -------
    EquilibriumSet
        Every one verified to a relative regret of 1e-8; `method` says how they were found,
        `complete` whether they are all, `notes` why not.

    Raises
    ------
    GameError
        If the game has a draw axis, or the method is unknown or not for so many players.

    Examples
    --------
    >>> chicken = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> [one.payoffs.round(2).tolist() for one in equilibria(chicken)]
    [[2.0, 7.0], [4.67, 4.67], [7.0, 2.0]]
    """
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b) or game.mean()")
    if method not in METHODS:
        raise GameError(f"method: {', '.join(METHODS)} are allowed, got {method!r}")
    return METHODS[method](game)


def automatic(game: NormalFormGame) -> EquilibriumSet:
    """Choose the method by the number of players and of actions."""
    if game.shape == (2, 2):
        return two_by_two_equilibria(game).draw(0)
    if game.n_players == 2:
        return through_nashpy("auto")(game)
    if prod(2**m - 1 for m in game.shape) <= SMALL:
        return polynomial_equilibria(game)
    return pure_and_logit(game)


def through_nashpy(method: str) -> Callable[[NormalFormGame], EquilibriumSet]:
    """Return a two-player method; nashpy, slow to import, is loaded when it is used."""

    def solve(game: NormalFormGame) -> EquilibriumSet:
        from sim.games.strategic_form.two_player import two_player_equilibria

        return two_player_equilibria(game, method)

    return solve


def pure_only(game: NormalFormGame) -> EquilibriumSet:
    """List the pure equilibria; complete as far as pure ones go, so never said to be."""
    profiles = [pure_profile(game, actions) for actions in pure_profiles(pure_equilibria(game))]
    note = "pure equilibria only"
    return EquilibriumSet(certify(game, profiles), "enumeration", complete=False, notes=(note,))


def by_logit(game: NormalFormGame) -> EquilibriumSet:
    """Return the equilibrium that the principal logit branch selects."""
    selected = logit_selection(game)
    notes = ["the principal logit branch selects one equilibrium"]
    if not selected.converged:
        notes.append(f"branch ended at precision {float(selected.rationality):.3g}")
    return EquilibriumSet(
        certify(game, [selected.profile]), "logit branch", complete=False, notes=tuple(notes)
    )


def pure_and_logit(game: NormalFormGame) -> EquilibriumSet:
    """Return what can be had of a large game: all pure equilibria, and the logit one."""
    found = [pure_profile(game, actions) for actions in pure_profiles(pure_equilibria(game))]
    found.append(logit_selection(game).profile)
    notes = ("game too large for mixed equilibria: all pure ones, and the logit branch's",)
    return EquilibriumSet(
        certify(game, found), "enumeration and logit branch", complete=False, notes=notes
    )


METHODS: dict[str, Callable[[NormalFormGame], EquilibriumSet]] = {
    "auto": automatic,
    "pure": pure_only,
    "vertex": through_nashpy("vertex"),
    "support": through_nashpy("support"),
    "lemke_howson": through_nashpy("lemke_howson"),
    "polynomial": polynomial_equilibria,
    "logit": by_logit,
}
