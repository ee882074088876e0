"""Equilibria of two-player games against nashpy.

Vertex enumeration takes its polytopes from nashpy, so that the solver which shares nothing with it,
supports with certified subdivision (`polynomial`), is held to nashpy as well.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import nashpy

from against import compared
from against.profiles import CATALOGUE, TIED, apart, flat, missing, ours, random_games, tied_games
from sim.games import NormalFormGame, equilibria, relative_regret


def theirs(game: NormalFormGame, method: str) -> list:
    """Return the equilibria that nashpy lists, without those that are none by their regret."""
    payoffs = game.payoffs - game.payoffs.min() + 1.0  # its polytopes need positive payoffs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of degenerate games, and of rounding
        found = list(getattr(nashpy.Game(*payoffs), method)())
    return [flat(one) for one in found if relative_regret(game, one) <= 1e-6]


@compared(measure="distance of the sets, in probabilities", tolerance=1e-6)
def test_all_equilibria_of_random_games() -> Iterator[float]:
    """All equilibria of random games from 2×2 to 5×5, by vertices and by supports."""
    for game in random_games(1, each=4):
        listed = theirs(game, "vertex_enumeration")
        for method in ("vertex", "polynomial"):
            yield apart(ours(equilibria(game, method)), listed)


@compared(measure="distance of the sets, in probabilities", tolerance=1e-6)
def test_all_equilibria_of_textbook_games() -> Iterator[float]:
    """All equilibria of textbook games, by every method."""
    for game in CATALOGUE.values():
        listed = theirs(game, "support_enumeration")
        for method in ("auto", "vertex", "support", "polynomial"):
            yield apart(ours(equilibria(game, method)), listed)


@compared(measure="distance of theirs from ours, in probabilities", tolerance=1e-6)
def test_lemke_howson_reaches_equilibria_that_are_listed() -> Iterator[float]:
    """Lemke–Howson from every label leads to equilibria of the list."""
    for game in random_games(2, each=3):
        listed = ours(equilibria(game))
        yield missing(theirs(game, "lemke_howson_enumeration"), listed)


@compared(measure="distance of the sets, in probabilities", tolerance=1e-6)
def test_extreme_equilibria_of_degenerate_games() -> Iterator[float]:
    """Extreme equilibria of degenerate games, by vertices."""
    for game in (*TIED.values(), *tied_games(3, count=40)):
        yield apart(ours(equilibria(game, "vertex")), theirs(game, "vertex_enumeration"))


@compared(measure="distance of theirs from ours, in probabilities", tolerance=1e-6)
def test_supports_of_degenerate_games() -> Iterator[float]:
    """Equilibria of degenerate games that support enumeration finds, by vertices."""
    for game in (*TIED.values(), *tied_games(4, count=40)):
        yield missing(theirs(game, "support_enumeration"), ours(equilibria(game, "vertex")))
