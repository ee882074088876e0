"""Constrained maxima on boxes: one player's payoff subject to floors on the others'.

    max u_i(x)   subject to   u_j(x) >= c_j (j != i),   lower <= x <= upper

one problem a draw, all draws at once. An augmented Lagrangian with projected Newton steps finds
the active bounds and floors; Newton's method on the Karush-Kuhn-Tucker equations of that active
set then brings the residual to rounding error. A warm start whose active set still holds needs
only the second part. This is the step from which offers, best responses and deviations are made.

References
----------
Bertsekas (1982), Constrained Optimization and Lagrange Multiplier Methods, ch. 2-4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sim.bargaining.problem import PayoffsLike
from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray
from sim.games.box.newton import ScaledProblem, augmented_lagrangian, kkt_residual, polish

__all__ = ["BoxMaximum", "check_box", "maximise", "starting_points", "utilities"]

_LOOSE = 1e-7


@dataclass(frozen=True, slots=True)
class BoxMaximum:
    """Constrained maxima, one a draw.

    Attributes
    ----------
    outcome : ndarray, shape (B, K)
    payoffs : ndarray, shape (B, N)
    feasible : ndarray of bool, shape (B,)
        Whether the floors hold to 1e-7 of the players' scales.
    converged : ndarray of bool, shape (B,)
        Whether the residual is at most 1e-7.
    residual : ndarray, shape (B,)
        Projected-gradient and violation residual, relative to the players' scales.
    multipliers : ndarray, shape (B, N)
        Fall of the maximum per unit of a floor: -d max u_i / d c_j >= 0.
    """

    outcome: FloatArray
    payoffs: FloatArray
    feasible: BoolArray
    converged: BoolArray
    residual: FloatArray
    multipliers: FloatArray


def utilities(payoffs: PayoffsLike, x: FloatArray) -> FloatArray:
    """Return utilities (B, N) at outcomes (B, K)."""
    return np.ascontiguousarray(payoffs.evaluate(np.ascontiguousarray(x.T), 0).value.T)


def check_box(
    payoffs: PayoffsLike, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return bounds (B, K) after checking that they are finite and in order."""
    shape = (payoffs.n_draws, len(payoffs.issues))
    bounds = []
    for name, value in (("lower", lower), ("upper", upper)):
        array = np.asarray(value, dtype=np.float64)
        if array.shape not in {shape, shape[1:]}:
            raise GameError(f"{name}: shape {shape} or {shape[1:]} is allowed, got {array.shape}")
        if not np.isfinite(array).all():
            raise GameError(f"{name}: finite bounds are allowed")
        bounds.append(np.broadcast_to(array, shape))
    if (bounds[0] > bounds[1]).any():
        raise GameError("lower, upper: bounds in order are allowed")
    return bounds[0], bounds[1]


def starting_points(lower: FloatArray, upper: FloatArray, count: int) -> list[FloatArray]:
    """Return `count` starts in the box: its middle, then a fixed low-discrepancy sequence.

    The sequence is the Kronecker sequence of the generalised golden ratio, kept 5 % away from
    the bounds, where powers below one have infinite slopes.
    """
    k = lower.shape[1]
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (k + 1.0))
    step = ratio ** -np.arange(1.0, k + 1.0)
    fractions = [np.full(k, 0.5)] + [(0.5 + n * step) % 1.0 for n in range(1, count)]
    return [lower + (0.05 + 0.9 * f) * (upper - lower) for f in fractions]


def maximise(
    payoffs: PayoffsLike,
    player: int,
    *,
    lower: FloatArray,
    upper: FloatArray,
    floors: FloatArray | None = None,
    starts: Sequence[FloatArray] = (),
    multipliers: FloatArray | None = None,
) -> BoxMaximum:
    """Maximise one player's utility subject to floors on the others', best of several starts.

    Parameters
    ----------
    payoffs : PayoffsLike
        N players, K issues, B draws.
    player : int
        Whose utility is maximised.
    lower, upper : ndarray, shape (B, K)
    floors : ndarray, shape (B, N), optional
        c_j; -inf for no floor. The player's own column is not read.
    starts : sequence of ndarray, shape (B, K)
        Default: the middle of the box.
    multipliers : ndarray, shape (B, N), optional
        Guess of the multipliers, for every start.

    Returns
    -------
    BoxMaximum
        Per draw the feasible result with the highest payoff, else the least violation.
    """
    lower, upper = check_box(payoffs, lower, upper)
    n = len(payoffs.players)
    if floors is None:
        floors = np.full((payoffs.n_draws, n), -np.inf)
    floors = np.array(floors, dtype=np.float64)
    floors[:, player] = -np.inf
    points = np.stack(starts or starting_points(lower, upper, 1))
    count, draws = points.shape[:2]
    every = np.tile(np.arange(draws), count)  # all starts at once, start after start
    found = _solve(
        payoffs if count == 1 else payoffs.take(every),
        player,
        (lower[every], upper[every]),
        floors[every],
        points.reshape(len(every), -1),
        None if multipliers is None else multipliers[every],
    )
    best = _part(found, slice(0, draws))
    for start in range(1, count):
        best = _better(best, _part(found, slice(start * draws, (start + 1) * draws)), player)
    return best


def _part(found: BoxMaximum, rows: slice) -> BoxMaximum:
    """Return the maxima of some draws."""
    return BoxMaximum(*(getattr(found, item.name)[rows] for item in fields(found)))


def _better(old: BoxMaximum, new: BoxMaximum, player: int) -> BoxMaximum:
    """Keep, per draw, what is feasible, then what is worth more or violates less."""
    higher = new.payoffs[:, player] > old.payoffs[:, player]
    closer = new.residual < old.residual
    better = np.where(
        new.feasible == old.feasible, np.where(new.feasible, higher, closer), new.feasible
    )
    rows = better[:, None]
    return BoxMaximum(
        outcome=np.where(rows, new.outcome, old.outcome),
        payoffs=np.where(rows, new.payoffs, old.payoffs),
        feasible=np.where(better, new.feasible, old.feasible),
        converged=np.where(better, new.converged, old.converged),
        residual=np.where(better, new.residual, old.residual),
        multipliers=np.where(rows, new.multipliers, old.multipliers),
    )


def _scale(payoffs: PayoffsLike, lower: FloatArray, width: FloatArray) -> FloatArray:
    """Return the players' scales: how much they care for the box's width, at an odd point of it.

    Not at the start: a start that is an optimum already has no slope.
    """
    here = payoffs.evaluate(np.ascontiguousarray((lower + 0.37 * width).T), 1)
    slope = np.abs(here.gradient.transpose(2, 0, 1) * width[:, None, :]).sum(axis=2)
    return np.where(slope > 0.0, slope, np.maximum(np.abs(here.value.T), 1.0))


def _solve(
    payoffs: PayoffsLike,
    player: int,
    bounds: tuple[FloatArray, FloatArray],
    floors: FloatArray,
    start: FloatArray,
    guess: FloatArray | None,
) -> BoxMaximum:
    """Solve from the given starts: polish if the guess is good, else the augmented Lagrangian."""
    lower, width = bounds[0], bounds[1] - bounds[0]
    z = np.clip((start - lower) / np.where(width > 0.0, width, 1.0), 0.0, 1.0)
    scale = _scale(payoffs, lower, width)
    problem = ScaledProblem(payoffs, player, lower, width, floors, scale)
    weights = np.zeros_like(floors)
    rows = np.arange(len(z))
    if guess is not None:
        weights = guess * scale / scale[:, [player]]
        z, weights, sharp = polish(problem, z, weights)
        rows = np.flatnonzero(~sharp)
    if len(rows):
        z[rows], weights[rows] = augmented_lagrangian(problem.take(rows), z[rows], weights[rows])
    _, violation = problem.value(z)
    residual = kkt_residual(problem, z, weights, violation)
    worst = np.maximum(violation, 0.0).max(axis=1, initial=0.0)
    outcome = lower + z * width
    return BoxMaximum(
        outcome=np.where(z == 1.0, bounds[1], outcome),
        payoffs=utilities(payoffs, outcome),
        feasible=worst <= _LOOSE,
        converged=residual <= _LOOSE,
        residual=residual,
        multipliers=weights * scale[:, [player]] / scale,
    )
