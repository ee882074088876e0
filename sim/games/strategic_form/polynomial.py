"""All equilibria of small games of any number of players, support by support."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from sim.errors import GameError
from sim.games.strategic_form.dominance import Reduction, iterated_elimination
from sim.games.strategic_form.equilibrium import EquilibriumSet, certify
from sim.games.strategic_form.indifference import normalised
from sim.games.strategic_form.normal_form import NormalFormGame, Profile, pure_profile
from sim.games.strategic_form.pure import pure_equilibria, pure_profiles
from sim.games.strategic_form.subdivision import search_supports

__all__ = ["polynomial_equilibria"]

SUPPORTS = 100_000
"""Largest number of support profiles that are searched."""

SHARE = 4
"""One support size may use this part (one fourth) of the cells that are left."""


def polynomial_equilibria(game: NormalFormGame, *, max_cells: int = 300_000) -> EquilibriumSet:
    """Find all equilibria of a small game, mixed ones included.

    Strictly dominated actions go first. Then every profile of supports, smallest first, whose
    indifference equations and best-response inequalities are searched by subdivision.

    Parameters
    ----------
    game : NormalFormGame
        One draw; any number of players.
    max_cells : int
        Bound of the whole search, in cells visited: some ten seconds. Random 3×3×3 games take
        a few thousand cells, 4×4×4 games mostly 10⁵, some 10⁶.

    Returns
    -------
    EquilibriumSet
        `complete` if every cell was settled: then there are no others. A degenerate game has
        cells that cannot be settled (equilibria that form a continuum or touch); it is flagged,
        the equilibria found in such cells are listed, and `complete` is False.

    Raises
    ------
    GameError
        If the game has a draw axis.

    References
    ----------
    McKelvey and McLennan (1996), Computation of equilibria in finite games, Handbook of
    Computational Economics 1, ch. 2. Porter, Nudelman and Shoham (2008), Simple search methods
    for finding a Nash equilibrium, Games and Economic Behavior 63:642-662 (supports and
    conditional dominance). The corner-value test is that of Bernstein-form root isolation.

    Examples
    --------
    >>> chicken = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    >>> len(polynomial_equilibria(chicken))
    3
    """
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b) or game.mean()")
    if max_cells < 1:
        raise GameError(f"max_cells: at least 1 is allowed, got {max_cells}")
    reduced = iterated_elimination(game)
    small = reduced.game
    candidates = [pure_profile(small, a) for a in pure_profiles(pure_equilibria(small))]
    notes: list[str] = []
    degenerate = False
    shapes = [k for k in product(*(range(1, m + 1) for m in small.shape)) if sum(k) > len(k)]
    shapes.sort(key=lambda k: (sum(k), max(k) - min(k), k))
    if prod(2**m - 1 for m in small.shape) > SUPPORTS:
        shapes, notes = [], [f"more than {SUPPORTS} support profiles: only pure equilibria"]
    table = normalised(small.table)[0]
    left, unfinished = max_cells, 0
    for shape in shapes:
        search = search_supports(table, shape, left // SHARE)
        left -= search.visited
        candidates += search.profiles + search.unsure
        degenerate = degenerate or search.degenerate
        unfinished += not search.finished
    if unfinished:
        notes.append(f"{unfinished} of {len(shapes)} support sizes not finished in {max_cells}")
    if degenerate:
        notes.append("degenerate or nearly: equilibria that touch, or a continuum of them")
    found = certify(game, [lift(game, reduced, profile) for profile in candidates])
    complete = not notes
    return EquilibriumSet(
        found, "support enumeration with subdivision", complete, degenerate, tuple(notes)
    )


def lift(game: NormalFormGame, reduced: Reduction, profile: Profile) -> Profile:
    """Return a profile of the reduced game as one of the whole game."""
    whole = []
    for count, kept, strategy in zip(game.shape, reduced.kept, profile, strict=True):
        full = np.zeros(count)
        full[list(kept)] = strategy
        whole.append(full)
    return tuple(whole)
