"""Optimal threats before a bargain (Nash 1953): two players, finitely many postures.

Each player commits to a threat, possibly at random; if the bargain fails, the threats are carried
out. The bargain is the Nash solution from that point. Over continuous threats in several issues,
or for three and more players, the method is not offered: a value need not exist there.

References
----------
Nash (1953), Two-Person Cooperative Games, Econometrica 21, 128-140.
Ferguson, Game Theory, part III, section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sim.bargaining.finite import FiniteProblem
from sim.bargaining.solve import solve
from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, finite, per_draw

__all__ = ["OptimalThreats", "optimal_threats", "optimal_threats_transferable", "zero_sum_value"]

_BISECTIONS = 80
_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class OptimalThreats:
    """Optimal threats and the bargain that they lead to.

    Attributes
    ----------
    payoffs : ndarray, shape (B, 2)
        Of the bargain.
    disagreement : ndarray, shape (B, 2)
        Payoffs if the threats are carried out.
    row, column : ndarray, shape (B, m), (B, n)
        Mixed threats of players 0 and 1.
    rates : ndarray, shape (B, 2)
        Rates of comparison (lambda_0, lambda_1) >= 0 that add to one: utility is transferable at
        these rates around the solution; (1/2, 1/2) with transferable utility.
    value : ndarray, shape (B,)
        Value of the zero-sum game lambda_0 A - lambda_1 B.
    regret : ndarray, shape (B,)
        Largest gain of a player from another pure threat, in payoffs of the bargain.
    converged : ndarray of bool, shape (B,)
        regret <= 1e-8 of the largest payoff.
    """

    payoffs: FloatArray
    disagreement: FloatArray
    row: FloatArray
    column: FloatArray
    rates: FloatArray
    value: FloatArray
    regret: FloatArray
    converged: BoolArray


def zero_sum_value(matrix: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Solve matrix games that the row player maximises.

    Saddle points and 2 by 2 games in closed form, the rest by linear programming.

    Parameters
    ----------
    matrix : array_like, shape (m, n) or (B, m, n)

    Returns
    -------
    value : ndarray, shape (B,)
    row, column : ndarray, shape (B, m), (B, n)
        Optimal mixed strategies.

    Raises
    ------
    GameError
        If the shape is not allowed or a number is NaN.
    """
    game = finite("matrix", matrix)
    game = game[None] if game.ndim == 2 else game
    if game.ndim != 3 or 0 in game.shape[1:]:
        raise GameError(f"matrix: shape (m, n) or (B, m, n) is allowed, got {game.shape}")
    b, m, n = game.shape
    floor, ceiling = game.min(axis=2), game.max(axis=1)
    row, column = np.zeros((b, m)), np.zeros((b, n))
    best, least = floor.argmax(axis=1), ceiling.argmin(axis=1)
    draw = np.arange(b)
    row[draw, best] = 1.0
    column[draw, least] = 1.0
    value = floor[draw, best].copy()
    mixed = np.flatnonzero(value < ceiling[draw, least])
    if m == n == 2:
        part = game[mixed]
        gap = part[:, 0, 0] - part[:, 0, 1] - part[:, 1, 0] + part[:, 1, 1]
        row[mixed, 0] = (part[:, 1, 1] - part[:, 1, 0]) / gap
        column[mixed, 0] = (part[:, 1, 1] - part[:, 0, 1]) / gap
        row[mixed, 1], column[mixed, 1] = 1.0 - row[mixed, 0], 1.0 - column[mixed, 0]
        value[mixed] = (part[:, 0, 0] * part[:, 1, 1] - part[:, 0, 1] * part[:, 1, 0]) / gap
    else:
        for one in mixed:
            value[one], row[one], column[one] = _programme(np.asarray(game[one]))
    return value, row, column


def _programme(game: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Maximise v subject to x'G >= v; the duals are the column player's strategy."""
    from scipy.optimize import linprog

    m, n = game.shape
    scale = float(np.abs(game).max())
    found = linprog(
        np.append(np.zeros(m), -1.0),
        A_ub=np.column_stack([-game.T / scale, np.ones(n)]),
        b_ub=np.zeros(n),
        A_eq=np.append(np.ones(m), 0.0)[None],
        b_eq=np.ones(1),
        bounds=[(0.0, None)] * m + [(None, None)],
        method="highs-ds",
    )
    column = np.maximum(-np.asarray(found.ineqlin.marginals), 0.0)
    row = np.maximum(np.asarray(found.x, dtype=np.float64)[:m], 0.0)
    row, column = row / row.sum(), column / column.sum()
    return float(row @ game @ column), row, column


def optimal_threats_transferable(
    row_payoffs: npt.ArrayLike,
    column_payoffs: npt.ArrayLike,
    *,
    surplus: npt.ArrayLike | None = None,
) -> OptimalThreats:
    """Return optimal threats and the bargain when utility is transferable one to one.

    The threat game is the zero-sum game A - B with value v; with the largest total sigma the
    bargain is ((sigma + v)/2, (sigma - v)/2).

    Parameters
    ----------
    row_payoffs, column_payoffs : array_like, shape (m, n) or (B, m, n)
        A and B: what players 0 and 1 get when threats i and j are carried out.
    surplus : array_like, float or shape (B,), optional
        sigma, default max(A + B).

    Returns
    -------
    OptimalThreats

    Raises
    ------
    GameError
        If shapes do not fit, or `surplus` is less than some pair of threats gives in all.

    References
    ----------
    Nash (1953).
    """
    a, b = _pair(row_payoffs, column_payoffs)
    most = (a + b).max(axis=(1, 2))
    total = most if surplus is None else per_draw("surplus", finite("surplus", surplus), len(a), ())
    if (total < most - 1e-12 * (1.0 + np.abs(most))).any():
        raise GameError("surplus: at least max(A + B) is allowed")
    value, row, column = zero_sum_value(a - b)
    point = _carried_out(a, b, row, column)
    payoffs = np.stack([0.5 * (total + value), 0.5 * (total - value)], axis=1)
    gain_row = np.einsum("bmn,bn->bm", a - b, column).max(axis=1) - value
    gain_column = value - np.einsum("bmn,bm->bn", a - b, row).min(axis=1)
    regret = 0.5 * np.maximum(np.maximum(gain_row, gain_column), 0.0)
    return OptimalThreats(
        payoffs=payoffs,
        disagreement=point,
        row=row,
        column=column,
        rates=np.full((len(a), 2), 0.5),
        value=0.5 * value,
        regret=regret,
        converged=regret <= _TOLERANCE * (1.0 + np.abs(payoffs).max(axis=1)),
    )


def optimal_threats(
    row_payoffs: npt.ArrayLike,
    column_payoffs: npt.ArrayLike,
    *,
    alternatives: npt.ArrayLike | None = None,
) -> OptimalThreats:
    """Return optimal threats when the bargain is over the convex hull of finitely many points.

    S is the hull of `alternatives` and of what the threats themselves give, with free disposal.
    For rates lambda let sigma = max lambda.S and v = val(lambda_0 A - lambda_1 B): the bargain
    is phi = ((sigma + v)/(2 lambda_0), (sigma - v)/(2 lambda_1)) for the rates at which phi is
    in S. Going along the frontier, lambda_0 u_0 - lambda_1 u_1 - v changes sign exactly there: on
    an edge (its normal gives the rates) or at a corner (bisection between the normals). The
    certificate is the definition: no pure threat gives its player more in the Nash solution from
    the point that it leads to.

    Parameters
    ----------
    row_payoffs, column_payoffs : array_like, shape (m, n) or (B, m, n)
        A and B, as for `optimal_threats_transferable`.
    alternatives : array_like, shape (M, 2) or (B, M, 2), optional
        What can be agreed on beside the threats' own outcomes.

    Returns
    -------
    OptimalThreats

    Raises
    ------
    GameError
        If shapes do not fit or a number is NaN.

    References
    ----------
    Nash (1953), sections 4-6.
    """
    a, b = _pair(row_payoffs, column_payoffs)
    draws = len(a)
    points = np.stack([a.reshape(draws, -1), b.reshape(draws, -1)], axis=2)
    if alternatives is not None:
        more = finite("alternatives", alternatives)
        more = more[None] if more.ndim == 2 else more
        if more.ndim != 3 or more.shape[2] != 2 or more.shape[0] not in (1, draws):
            raise GameError(
                f"alternatives: shape (M, 2) or ({draws}, M, 2) is allowed, got {more.shape}"
            )
        more = np.broadcast_to(more, (draws, *more.shape[1:]))
        points = np.concatenate([points, more], axis=1)
    rates = np.stack([_rates(a[d], b[d], _frontier(points[d])) for d in range(draws)])
    value, row, column = zero_sum_value(rates[:, :1, None] * a - rates[:, 1:, None] * b)
    place = _carried_out(a, b, row, column)
    payoffs = solve(FiniteProblem(points, place, lotteries=True), "nash").payoffs
    regret = _regret(a, b, points, row, column, payoffs)
    return OptimalThreats(
        payoffs=payoffs,
        disagreement=place,
        row=row,
        column=column,
        rates=rates,
        value=value,
        regret=regret,
        converged=regret <= _TOLERANCE * (1.0 + np.abs(payoffs).max(axis=1)),
    )


def _pair(row: npt.ArrayLike, column: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = finite("row_payoffs", row), finite("column_payoffs", column)
    a, b = (v[None] if v.ndim == 2 else v for v in (a, b))
    if a.ndim != 3 or b.ndim != 3 or a.shape[1:] != b.shape[1:] or 0 in a.shape[1:]:
        raise GameError(
            "row_payoffs, column_payoffs: equal shapes (m, n) or (B, m, n) are allowed, "
            f"got {a.shape} and {b.shape}; threats are for two players with finite menus"
        )
    if len(a) != len(b) and 1 not in (len(a), len(b)):
        raise GameError("row_payoffs, column_payoffs: equal numbers of draws are allowed")
    shape = (max(len(a), len(b)), *a.shape[1:])
    return np.broadcast_to(a, shape), np.broadcast_to(b, shape)


def _carried_out(a: FloatArray, b: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
    """Return expected payoffs of mixed threats, (B, 2)."""
    return np.stack([np.einsum("bm,bmn,bn->b", row, g, column) for g in (a, b)], axis=1)


def _frontier(points: FloatArray) -> FloatArray:
    """Return the corners of the efficient frontier of the hull, player 0's payoff rising."""
    order = np.lexsort((-points[:, 1], points[:, 0]))
    chain: list[FloatArray] = []
    for point in points[order]:
        while chain and point[1] >= chain[-1][1]:
            chain.pop()
        while len(chain) >= 2 and _turns_up(chain[-2], chain[-1], point):
            chain.pop()
        if not chain or point[0] > chain[-1][0]:
            chain.append(point)
    return np.array(chain)


def _turns_up(one: FloatArray, two: FloatArray, three: FloatArray) -> bool:
    """Say whether the middle point lies on or below the line between the others."""
    first, second = two - one, three - one
    return bool(first[0] * second[1] - first[1] * second[0] >= 0.0)


def _rates(a: FloatArray, b: FloatArray, chain: FloatArray) -> FloatArray:
    """Walk along the frontier from player 1's end until lambda_0 u_0 - lambda_1 u_1 reaches v."""

    def excess(corner: FloatArray, rates: FloatArray) -> float:
        value, _, _ = zero_sum_value(rates[0] * (a - corner[0]) - rates[1] * (b - corner[1]))
        return -float(value[0])

    normals = [np.array([0.0, 1.0])]
    for left, right in pairwise(chain):
        normal = np.array([left[1] - right[1], right[0] - left[0]])
        normals.append(normal / normal.sum())
    normals.append(np.array([1.0, 0.0]))
    for k, corner in enumerate(chain):
        left, right = normals[k], normals[k + 1]
        if excess(corner, left) >= 0.0:
            return left
        if excess(corner, right) >= 0.0:
            return _bisect(left, right, partial(excess, corner))
    return normals[-1]


def _bisect(
    left: FloatArray, right: FloatArray, excess: Callable[[FloatArray], float]
) -> FloatArray:
    """Return the rates between two normals at which the excess is zero."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if excess((1.0 - middle) * left + middle * right) >= 0.0:
            high = middle
        else:
            low = middle
    return (1.0 - high) * left + high * right


def _regret(
    a: FloatArray,
    b: FloatArray,
    points: FloatArray,
    row: FloatArray,
    column: FloatArray,
    payoffs: FloatArray,
) -> FloatArray:
    """Return the largest gain of a pure threat, by solving the bargain that it leads to."""
    worst = np.zeros(len(a))
    for player, size in ((0, a.shape[1]), (1, a.shape[2])):
        for threat in range(size):
            mine = np.zeros((len(a), size))
            mine[:, threat] = 1.0
            pair = (mine, column) if player == 0 else (row, mine)
            place = _carried_out(a, b, *pair)
            other = solve(FiniteProblem(points, place, lotteries=True), "nash").payoffs
            worst = np.maximum(worst, other[:, player] - payoffs[:, player])
    return worst
