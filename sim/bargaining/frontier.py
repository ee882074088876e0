"""Points of the Pareto frontier of two players, for figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from sim.bargaining.curve import CurveProblem, rational_range
from sim.bargaining.finite import FiniteProblem, stakes
from sim.bargaining.hull import frontier_of
from sim.bargaining.polygon import undominated
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray
from sim.bargaining.stream import StreamProblem, efficient
from sim.bargaining.trace import ends, fan, money_scale
from sim.bargaining.transferable import TransferableProblem
from sim.errors import ProblemError

__all__ = ["Frontier", "frontier"]

Problem = BoxProblem | CurveProblem | FiniteProblem | StreamProblem | TransferableProblem


@dataclass(frozen=True, eq=False)
class Frontier:
    """Efficient outcomes at which nobody loses.

    Parameters
    ----------
    payoffs : ndarray, shape (B, P, 2)
        u₁ rising, u₂ falling; the disagreement point throughout where there is no agreement.
    outcome : ndarray, shape (B, P, K), or None
        On a box the values of the issues.
    joined : bool
        Whether the points between neighbours are feasible: not so for a list of alternatives
        without lotteries.
    agreement : ndarray of bool, shape (B,)
    """

    payoffs: FloatArray
    outcome: FloatArray | None
    joined: bool
    agreement: BoolArray


def frontier(problem: Problem, points: int = 101) -> Frontier:
    """Return the individually rational part of a Pareto frontier.

    Parameters
    ----------
    problem : BoxProblem, CurveProblem, FiniteProblem, StreamProblem or TransferableProblem
        Of two players.
    points : int
        How many points: on a box on rays from the disagreement point at equal angles, in units
        of the Kalai–Smorodinsky gains; on a curve or a hull at equal distances, where a hull's
        vertices come on top; a list without lotteries has as many as are undominated.

    Returns
    -------
    Frontier

    Raises
    ------
    ProblemError
        If there are not two players, or `points` is less than 2.
    """
    if problem.n_players != 2:
        raise ProblemError(f"frontier: {problem.n_players} players; two are needed")
    if points < 2:
        raise ProblemError(f"points: {points}; at least 2 are needed")
    if isinstance(problem, BoxProblem):
        return _box(problem, points)
    if isinstance(problem, CurveProblem):
        return _curve(problem, points)
    if isinstance(problem, TransferableProblem):
        return _transferable(problem, points)
    if isinstance(problem, StreamProblem):
        problem, _ = efficient(problem)
    return _hull(problem, points) if problem.lotteries else _list(problem)


def _box(problem: BoxProblem, points: int) -> Frontier:
    scale, found = money_scale(problem)
    d = np.asarray(problem.disagreement)
    payoffs = np.repeat(d[:, None], points, axis=1)
    outcome = np.repeat(found.outcome[:, None], points, axis=1)
    rows = np.flatnonzero(found.agreement)
    if len(rows):
        left, right = ends(problem, scale, rows)
        share = np.linspace(0.0, 1.0, points)[1:-1]
        angles = left.angle[:, None] + share * (right.angle - left.angle)[:, None]
        inner = fan(problem, scale, np.repeat(rows, points - 2), angles.ravel())
        whole = left.joined(inner).joined(right)
        payoffs[rows] += whole.gains.reshape(len(rows), points, 2)
        outcome[rows] = whole.outcome.reshape(len(rows), points, -1)
    return Frontier(payoffs, outcome, True, found.agreement)


def _curve(problem: CurveProblem, points: int) -> Frontier:
    limits = rational_range(problem)
    if limits is None:
        none = np.repeat(problem.disagreement[:, None], points, axis=1)
        return Frontier(none, None, True, np.array([False]))
    fine = np.linspace(*limits, 64 * points)
    run, fall = limits[1] - limits[0], np.ptp(problem.heights(fine))
    step = np.hypot(np.diff(fine) / run, np.diff(problem.heights(fine)) / max(fall, 1e-300))
    along = np.concatenate([[0.0], np.cumsum(step)])
    u1 = np.interp(np.linspace(0.0, along[-1], points), along, fine)
    pairs = np.stack([u1, problem.heights(u1)], axis=1)
    return Frontier(pairs[None], None, True, np.array([True]))


def _transferable(problem: TransferableProblem, points: int) -> Frontier:
    surplus = np.maximum(problem.surplus(), 0.0)
    share = np.linspace(0.0, 1.0, points)
    shares = np.stack([share, 1.0 - share], axis=1)
    normal = cast(FloatArray, problem.normal)
    gains = shares * (surplus[:, None] / normal)[:, None, :]
    return Frontier(problem.disagreement[:, None] + gains, None, True, surplus > 0)


def _hull(problem: FiniteProblem, points: int) -> Frontier:
    """Place points at equal distances along the edges, and all vertices among them."""
    found = frontier_of(problem)
    agreed = found.at.agreement
    ideal = np.where(agreed[:, None], np.maximum(found.at.ideal, 1e-300), 1.0)
    step = np.diff(found.rational / ideal[:, None], axis=1)
    along = np.concatenate(
        [np.zeros((len(ideal), 1)), np.cumsum(np.hypot(step[..., 0], step[..., 1]), axis=1)],
        axis=1,
    )
    gains = np.zeros((len(ideal), points + along.shape[1], 2))
    for row in np.flatnonzero(agreed):
        at = np.sort(np.concatenate([np.linspace(0.0, along[row, -1], points), along[row]]))
        for player in range(2):
            gains[row, :, player] = np.interp(at, along[row], found.rational[row, :, player])
    return Frontier(problem.disagreement[:, None] + gains, None, True, agreed)


def _list(problem: FiniteProblem) -> Frontier:
    """Keep the undominated alternatives that give nobody a loss, repeated to one length."""
    at = stakes(problem)
    gains = problem.gains()
    rational = np.all(gains >= -at.tolerance[:, None], axis=2) & at.agreement[:, None]
    # The others stand where the best of them stands, and are dominated there.
    first = rational.argmax(axis=1)
    kept = np.where(rational[..., None], gains, gains[np.arange(len(first)), first][:, None])
    place = undominated(kept)
    chosen = np.take_along_axis(kept, place[..., None], axis=1)
    chosen = np.where(at.agreement[:, None, None], chosen, 0.0)
    return Frontier(problem.disagreement[:, None] + chosen, None, False, at.agreement)
