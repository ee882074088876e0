"""Two-player games full of ties, against an enumeration in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
from hypothesis import given, settings

from sim.games import NormalFormGame, two_player_equilibria
from sim.testing import games

Vector = tuple[Fraction, ...]


def solve(rows: list[list[Fraction]], right: list[Fraction]) -> Vector | None:
    """Return the solution of a square system by elimination, None if it is singular."""
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    size = len(table)
    for c in range(size):
        pivot = next((r for r in range(c, size) if table[r][c] != 0), None)
        if pivot is None:
            return None
        table[c], table[pivot] = table[pivot], table[c]
        table[c] = [value / table[c][c] for value in table[c]]
        for r in range(size):
            if r != c:
                factor = table[r][c]
                table[r] = [x - factor * y for x, y in zip(table[r], table[c], strict=True)]
    return tuple(row[-1] for row in table)


def vertices(matrix: np.ndarray) -> dict[Vector, frozenset[int]]:
    """Return the non-zero vertices of {x ≥ 0, M x ≤ 1} and the constraints binding there."""
    count, size = matrix.shape
    rows = [[Fraction(int(v)) for v in row] for row in matrix]
    rows += [[Fraction(-int(i == j)) for j in range(size)] for i in range(size)]
    right = [Fraction(1)] * count + [Fraction(0)] * size
    found = {}
    for chosen in combinations(range(count + size), size):
        point = solve([rows[c] for c in chosen], [right[c] for c in chosen])
        if point is None or not any(point):
            continue
        slack = [
            b - sum(a * x for a, x in zip(row, point, strict=True))
            for row, b in zip(rows, right, strict=True)
        ]
        if min(slack) >= 0:
            found[point] = frozenset(c for c, s in enumerate(slack) if s == 0)
    return found


def extreme_equilibria(game: NormalFormGame) -> list[tuple[float, ...]]:
    """Return the pairs of vertices that carry all labels, as probabilities."""
    a, b = (table - table.min() + 1 for table in game.payoffs)
    m, n = game.shape
    pairs = []
    for x, row_labels in vertices(b.T).items():
        own = {(label + m) % (m + n) for label in row_labels}
        for y, column_labels in vertices(a).items():
            if len(own | column_labels) == m + n:
                pairs.append((*(v / sum(x) for v in x), *(v / sum(y) for v in y)))
    return sorted(tuple(round(float(v), 6) for v in pair) for pair in set(pairs))


@given(games(players=(2, 2), actions=(1, 4)))
@settings(deadline=None, max_examples=60)
def test_vertex_enumeration_finds_all_extreme_equilibria(game: NormalFormGame) -> None:
    found = two_player_equilibria(game, "vertex")
    ours = [tuple(round(float(p), 6) for s in one.profile for p in s) for one in found]
    assert sorted(ours) == extreme_equilibria(game)
    assert found.complete
