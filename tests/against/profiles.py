"""Sets of strategy profiles: what two programs found, and how far it is apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.games import EquilibriumSet, NormalFormGame, bimatrix, zero_sum

FloatArray = NDArray[np.float64]
CATALOGUE: dict[str, NormalFormGame] = {
    "prisoner's dilemma": bimatrix([[3, 0], [5, 1]], [[3, 5], [0, 1]]),
    "chicken": bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]]),
    "stag hunt": bimatrix([[4, 0], [3, 3]], [[4, 3], [0, 3]]),
    "matching pennies": zero_sum([[1, -1], [-1, 1]]),
    "battle of the sexes": bimatrix([[3, 0], [0, 2]], [[2, 0], [0, 3]]),
    "coordination on three": bimatrix(np.diag([1, 2, 3]), np.diag([1, 2, 3])),
    "rock, paper, scissors": zero_sum([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]),
    "Shapley's cycle": bimatrix(np.eye(3), np.roll(np.eye(3), 1, axis=1)),
    "inspection": bimatrix([[0, 2], [1, 1]], [[3, 1], [0, 2]]),
}
"""Textbook games, none of them degenerate."""

TIED: dict[str, NormalFormGame] = {
    "row's first action leaves column indifferent": bimatrix([[1, 1], [0, 0]], [[1, 1], [0, 1]]),
    "everything is the same": bimatrix(np.zeros((2, 3)), np.zeros((2, 3))),
    "a third action ties with the mixture": bimatrix(
        [[3, 3], [2, 5], [0, 6]], [[3, 3], [2, 6], [3, 1]]
    ),
    "an entry that nobody has to prevent": bimatrix([[0, 0], [-1, 2]], [[3, 3], [-1, 1]]),
}
"""Degenerate games: their equilibria are infinitely many, of which the extreme ones are listed."""


def flat(profile: Sequence[ArrayLike]) -> FloatArray:
    """Return the probabilities of a profile one after the other."""
    return np.concatenate([np.asarray(own, dtype=float) for own in profile])


def ours(found: EquilibriumSet) -> FloatArray:
    """Return what this program found, one row a profile, shape (E, Σ m_i)."""
    return np.array([flat(one.profile) for one in found])


def missing(some: Iterable[ArrayLike], among: Iterable[ArrayLike]) -> float:
    """Return the largest distance of a profile of `some` from the nearest `among` others."""
    one, other = np.array(list(some), float), np.array(list(among), float)
    if not len(one) or not len(other):
        return 0.0 if not len(one) else np.inf
    return float(np.abs(one[:, None] - other[None]).max(axis=2).min(axis=1).max())


def apart(some: Iterable[ArrayLike], others: Iterable[ArrayLike]) -> float:
    """Return the Hausdorff distance of two sets of profiles, in probabilities."""
    one, other = list(some), list(others)
    return max(missing(one, other), missing(other, one))


def random_games(seed: int, *, each: int) -> Iterator[NormalFormGame]:
    """Yield games of two players with normal payoffs, from 2×2 to 5×5."""
    rng = np.random.default_rng(seed)
    for rows in range(2, 6):
        for columns in range(2, 6):
            for _ in range(each):
                yield bimatrix(*rng.normal(size=(2, rows, columns)))


def tied_games(seed: int, *, count: int) -> Iterator[NormalFormGame]:
    """Yield games of two players with small whole payoffs, most of them degenerate."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        shape = rng.integers(2, 5, size=2)
        yield bimatrix(*rng.integers(-2, 3, size=(2, *shape)))
