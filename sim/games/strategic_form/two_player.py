"""Equilibria of two-player games: nashpy behind one typed, bounded and verified function."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import comb

import nashpy
import numpy as np
from nashpy.algorithms.support_enumeration import support_enumeration
from nashpy.linalg import create_col_tableau, create_row_tableau
from nashpy.polytope import build_halfspaces, find_feasible_point
from scipy.spatial import HalfspaceIntersection, QhullError

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray
from sim.games.strategic_form.equilibrium import EquilibriumSet, certify
from sim.games.strategic_form.indifference import normalised
from sim.games.strategic_form.normal_form import NormalFormGame, Profile, pure_profile
from sim.games.strategic_form.pure import pure_equilibria, pure_profiles

__all__ = ["METHODS", "two_player_equilibria"]

LABEL = 1e-8
"""A constraint of a best-response polytope within this of equality is a label of the vertex."""

VERTICES = 30_000
"""Largest number of vertices a best-response polytope may have (upper-bound theorem)."""

SUPPORT_PAIRS = 20_000
"""Largest number of support pairs of equal size, and 2^(m+n) at most 50 times as many."""


def two_player_equilibria(
    game: NormalFormGame, method: str = "auto", *, max_pivots: int = 1000
) -> EquilibriumSet:
    """Find the Nash equilibria of a two-player game in one draw.

    Parameters
    ----------
    game : NormalFormGame
        Two players, one draw.
    method : str
        `vertex`: every pair of vertices of the best-response polytopes that together carry all
        labels; finds all extreme equilibria of any game, degenerate or not. `support`: nashpy's
        support enumeration. It may miss equilibria of a degenerate game, and, as it compares
        floats for equality, now and then of others: the list is checked by vertex enumeration,
        which takes its place if it finds more. `lemke_howson`: complementary pivoting from every
        label, lexicographic, with at most `max_pivots` pivots each; some equilibria, seldom
        all. `auto`: `vertex` while the polytopes stay small, else Lemke–Howson and all pure ones.
    max_pivots : int
        Bound of every Lemke–Howson path.

    Returns
    -------
    EquilibriumSet
        Verified by best-response regret, without duplicates; `complete` says whether all
        (extreme) equilibria are there, `notes` why not and what nashpy warned of.

    Raises
    ------
    GameError
        If the game has a draw axis or not two players, or the method is unknown.

    References
    ----------
    Lemke and Howson (1964), Journal of SIAM 12:413-423. Avis, Rosenberg, Savani and von Stengel
    (2010), Enumeration of Nash equilibria for two-player games, Economic Theory 42:9-37.

    Examples
    --------
    >>> pennies = NormalFormGame([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])
    >>> found = two_player_equilibria(pennies)
    >>> len(found), found.complete, found[0].profile[0]
    (1, True, array([0.5, 0.5]))
    """
    if game.batched or game.n_players != 2:
        raise GameError(
            f"game: two players and one draw are allowed, got {game.n_players} players and "
            f"{game.n_draws} draws; take game.draw(b) or game.mean()"
        )
    if method not in METHODS:
        raise GameError(f"method: {', '.join(METHODS)} are allowed, got {method!r}")
    if max_pivots < 1:
        raise GameError(f"max_pivots: at least 1 is allowed, got {max_pivots}")
    return no_choice(game) if 1 in game.shape else METHODS[method](game, max_pivots)


def no_choice(game: NormalFormGame) -> EquilibriumSet:
    """Solve a game in which one player has one action: the other's best actions."""
    masks = pure_profiles(pure_equilibria(game))
    found = certify(game, [pure_profile(game, actions) for actions in masks])
    return EquilibriumSet(found, "best responses", complete=True, degenerate=len(found) > 1)


def matrices(game: NormalFormGame) -> tuple[FloatArray, FloatArray]:
    """Return both payoff matrices, scaled to [1, 2]: positive, as the polytopes need them."""
    scaled = normalised(game.table)[0] + 1.0
    return scaled[0], scaled[1]


def automatic(game: NormalFormGame, max_pivots: int) -> EquilibriumSet:
    """Choose vertex enumeration where it is bounded, else pivoting."""
    if vertex_bound(game) <= VERTICES:
        return by_vertices(game, max_pivots)
    return by_pivoting(game, max_pivots)


def vertex_bound(game: NormalFormGame) -> int:
    """Return the most vertices that a best-response polytope of the game can have.

    McMullen's upper-bound theorem for a polytope of dimension d with n = m_1 + m_2 facets.
    """
    facets = sum(game.shape)
    bounds = []
    for d in game.shape:
        upper, lower = (d + 1) // 2, d // 2
        bounds.append(comb(facets - upper, lower) + comb(facets - lower - 1, upper - 1))
    return max(bounds)


def by_vertices(game: NormalFormGame, max_pivots: int) -> EquilibriumSet:
    """Match the vertices of both best-response polytopes by their labels."""
    name = f"vertex enumeration (nashpy {nashpy.__version__})"
    if vertex_bound(game) > VERTICES:
        note = f"more than {VERTICES} vertices possible: vertex enumeration not tried"
        return with_notes(by_pivoting(game, max_pivots), note)
    a, b = matrices(game)
    with captured() as notes:
        try:
            row_points, row_labels = vertices(b.T)
            column_points, column_labels = vertices(a)
        except (QhullError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            return with_notes(by_pivoting(game, max_pivots), f"vertex enumeration failed: {first}")
    # Labels of P are (columns, rows), of Q (rows, columns): bring both to (rows, columns).
    rows, columns = game.shape
    row_labels = np.roll(row_labels, rows, axis=1)
    degenerate = bool(
        (row_labels.sum(axis=1) > rows).any() or (column_labels.sum(axis=1) > columns).any()
    )
    candidates = [
        (row_points[i], column_points[j]) for i, j in fully_labelled(row_labels, column_labels)
    ]
    found = certify(game, candidates)
    parity = degenerate or len(found) % 2 == 1
    if not parity:
        notes.append("an even number of equilibria of a nondegenerate game: some are missing")
    return EquilibriumSet(found, name, parity, degenerate, tuple(notes))


def vertices(payoffs: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the non-zero vertices of {x ≥ 0 : M x ≤ 1}, and which constraints bind at each.

    Parameters
    ----------
    payoffs : ndarray, shape (k, d)
        Positive.

    Returns
    -------
    points : ndarray, shape (V, d)
        Normalised to probabilities.
    labels : ndarray of bool, shape (V, k + d)
        The k payoff constraints, then x ≥ 0.
    """
    halfspaces = build_halfspaces(payoffs)
    solid = HalfspaceIntersection(halfspaces, find_feasible_point(halfspaces))
    point = np.asarray(solid.intersections)
    solid.close()
    point = point[np.isfinite(point).all(axis=1)]
    point = point[np.abs(point).max(axis=1, initial=0.0) > LABEL].clip(min=0.0)
    binding = np.column_stack([1.0 - point @ payoffs.T, point]) <= LABEL
    _, first = np.unique(binding, axis=0, return_index=True)
    point, binding = point[first], binding[first]
    return point / point.sum(axis=1, keepdims=True), binding


def fully_labelled(one: BoolArray, other: BoolArray) -> Iterator[tuple[int, int]]:
    """Yield the pairs of vertices that together carry every label, block by block."""
    missing = (~one).astype(np.float32)
    lacking = (~other).astype(np.float32)
    block = max(1, 4_000_000 // max(1, len(lacking)))
    for start in range(0, len(missing), block):
        both = missing[start : start + block] @ lacking.T
        for i, j in np.argwhere(both < 0.5):
            yield start + int(i), int(j)


def by_supports(game: NormalFormGame, max_pivots: int) -> EquilibriumSet:
    """Run nashpy's support enumeration, and vertex enumeration if the game is degenerate."""
    rows, columns = game.shape
    pairs = comb(rows + columns, rows) - 1
    if pairs > SUPPORT_PAIRS or 2 ** (rows + columns) > 50 * SUPPORT_PAIRS:
        note = f"{pairs} support pairs: support enumeration not tried"
        return with_notes(automatic(game, max_pivots), note)
    a, b = matrices(game)
    with captured() as notes:
        found = certify(game, list(support_enumeration(a, b, non_degenerate=True)))
    checked = by_vertices(game, max_pivots)
    if checked.degenerate or not checked.complete or len(checked) > len(found):
        why = "the game is degenerate" if checked.degenerate else "rounding"
        note = f"support enumeration found {len(found)} ({why}): vertex enumeration instead"
        return with_notes(checked, *notes, note)
    name = f"support enumeration (nashpy {nashpy.__version__})"
    return EquilibriumSet(found, name, complete=True, notes=tuple(notes))


def by_pivoting(game: NormalFormGame, max_pivots: int) -> EquilibriumSet:
    """Follow the Lemke–Howson path from every label, and add all pure equilibria."""
    a, b = matrices(game)
    candidates: list[Profile] = []
    stopped = 0
    with captured() as notes:
        for label in range(sum(game.shape)):
            profile = lemke_howson_path(a, b, label, max_pivots)
            if profile is None:
                stopped += 1
            else:
                candidates.append(profile)
    if stopped:
        notes.append(f"{stopped} of {sum(game.shape)} paths without an end in {max_pivots} pivots")
    notes.append("Lemke–Howson reaches some equilibria only")
    for actions in pure_profiles(pure_equilibria(game)):
        candidates.append(pure_profile(game, actions))
    name = f"Lemke–Howson from every label (nashpy {nashpy.__version__}) and pure equilibria"
    return EquilibriumSet(certify(game, candidates), name, complete=False, notes=tuple(notes))


def lemke_howson_path(
    row: FloatArray, column: FloatArray, label: int, max_pivots: int
) -> Profile | None:
    """Pivot nashpy's lexicographic tableaux from one dropped label; None if it does not end."""
    own, other = create_col_tableau(row, True), create_row_tableau(column, True)
    # A label that is basic in one tableau enters there, and the tableaux then take turns.
    turn = [other, own] if label in other.non_basic_variables else [own, other]
    entering = label
    for step in range(max_pivots):
        tableau = turn[step % 2]
        try:
            entering = tableau.pivot_and_drop_label(entering)
        except (ValueError, KeyError):  # the tableau lost its labels to rounding
            return None
        # Integer pivoting in floats overflows: ratios within a row are all that matters.
        tableau._tableau /= np.abs(tableau._tableau).max(axis=1, keepdims=True)
        if own.non_basic_variables | other.non_basic_variables == own.labels:
            x = other.to_strategy(own.non_basic_variables)
            y = own.to_strategy(other.non_basic_variables)
            return (x, y) if (x.shape, y.shape) == ((len(row),), (row.shape[1],)) else None
    return None


@contextmanager
def captured() -> Iterator[list[str]]:
    """Collect what a library warns of, instead of printing it."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        yield notes
    notes.extend(dict.fromkeys(" ".join(str(item.message).split()) for item in caught))


def with_notes(found: EquilibriumSet, *notes: str) -> EquilibriumSet:
    """Return the same list with notes put in front."""
    return EquilibriumSet(
        found.equilibria, found.method, found.complete, found.degenerate, (*notes, *found.notes)
    )


METHODS: dict[str, Callable[[NormalFormGame, int], EquilibriumSet]] = {
    "auto": automatic,
    "vertex": by_vertices,
    "support": by_supports,
    "lemke_howson": by_pivoting,
}
