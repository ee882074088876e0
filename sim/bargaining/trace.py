"""Following the Pareto frontier of two players on a box, and solutions that need all of it.

A ray from the disagreement point meets the frontier in its egalitarian point with the ray as
weights, in certainty equivalents; all rays of all draws are solved together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.bargaining.egalitarian import egalitarian
from sim.bargaining.kalai_smorodinsky import kalai_smorodinsky
from sim.bargaining.perles_maschler import midpoint_of_chain
from sim.bargaining.polygon import pareto_chain
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray, Solution
from sim.bargaining.raiffa import continuous_on_chain, discrete_on_chain
from sim.bargaining.utilitarian import utilitarian
from sim.errors import ProblemError

__all__ = ["Rays", "ends", "fan", "money_scale", "solve_traced", "trace"]

TILT = 1e-6
"""At an end of the frontier the other player's gain has this weight."""
FIRST = 17
ROUNDS = 16
FINE = 3e-8
"""An interval is cut in two as long as this brings its travelling time down by more."""
CERTIFIED = 1e-4
"""A larger residual, or a larger dent in the frontier, is not converged."""

IntArray = np.ndarray[tuple[int, ...], np.dtype[np.intp]]


@dataclass(frozen=True, slots=True)
class Rays:
    """Points of frontiers, sorted by draw and by angle from player 2's axis.

    Parameters
    ----------
    draw : ndarray of int, shape (P,)
    angle : ndarray, shape (P,)
        Of the ray, in (0, π/2), in units of the ideal gains.
    gains : ndarray, shape (P, 2)
    outcome : ndarray, shape (P, K)
    converged : ndarray of bool, shape (P,)
    """

    draw: IntArray
    angle: FloatArray
    gains: FloatArray
    outcome: FloatArray
    converged: BoolArray

    def joined(self, other: Rays) -> Rays:
        """Return both, sorted."""
        angle = np.concatenate([self.angle, other.angle])
        draw = np.concatenate([self.draw, other.draw])
        order = np.lexsort((angle, draw))
        return Rays(
            draw[order],
            angle[order],
            np.concatenate([self.gains, other.gains])[order],
            np.concatenate([self.outcome, other.outcome])[order],
            np.concatenate([self.converged, other.converged])[order],
        )


def money_scale(problem: BoxProblem) -> tuple[FloatArray, Solution]:
    """Return a scale of each player's gains in money, (B, 2), and the solution it is from."""
    if problem.n_players != 2:
        raise ProblemError(f"frontier: {problem.n_players} players; two are needed")
    found = kalai_smorodinsky(problem)
    gains = _money(problem, found.payoffs)
    return np.where(gains > 0, gains, 1.0), found


def _money(problem: BoxProblem, payoffs: FloatArray) -> FloatArray:
    """Return gains in certainty equivalents, (B, N)."""
    value = problem.payoffs.certainty_equivalent
    gains: FloatArray = value(payoffs) - value(np.asarray(problem.disagreement))
    return gains


def fan(problem: BoxProblem, scale: FloatArray, draw: IntArray, angle: FloatArray) -> Rays:
    """Return where rays meet the frontier.

    Parameters
    ----------
    problem : BoxProblem
        Of two players.
    scale : ndarray, shape (B, 2)
        Units of money in which angles are taken.
    draw : ndarray of int, shape (P,)
        Which draw a ray belongs to.
    angle : ndarray, shape (P,)
    """
    weights = np.stack([np.sin(angle), np.cos(angle)], axis=1) * scale[draw]
    some = replace(problem.take(draw), weights=weights)
    found = egalitarian(some)
    gains = found.payoffs - np.asarray(some.disagreement)
    return Rays(draw, angle, gains, found.outcome, found.converged & found.agreement)


def trace(problem: BoxProblem, scale: FloatArray, rows: IntArray) -> Rays:
    """Return points of the frontiers of some draws, closer where they bend or kink.

    Parameters
    ----------
    problem : BoxProblem
    scale : ndarray, shape (B, 2)
    rows : ndarray of int
        Draws with an agreement.
    """
    left, right = ends(problem, scale, rows)
    share = np.linspace(0.0, 1.0, FIRST)[1:-1]
    angles = left.angle[:, None] + share * (right.angle - left.angle)[:, None]
    inner = fan(problem, scale, np.repeat(rows, FIRST - 2), angles.ravel())
    found = left.joined(inner).joined(right)
    open_ = np.diff(found.draw, append=-1) == 0
    for _ in range(ROUNDS):
        at = np.flatnonzero(open_)
        if not len(at):
            break
        middle = (found.angle[at] + found.angle[at + 1]) / 2
        new = fan(problem, scale, found.draw[at], middle)
        size = scale[new.draw].prod(axis=1) ** 0.5
        whole = _time(found.gains[at], found.gains[at + 1])
        halves = _time(found.gains[at], new.gains) + _time(new.gains, found.gains[at + 1])
        deeper = whole - halves > FINE * size
        # Where the new points land tells which intervals are still open.
        marked = np.zeros(len(found.draw), dtype=bool)
        marked[at] = deeper
        found, open_ = found.joined(new), _carry(found, new, marked, deeper)
    return found


def ends(problem: BoxProblem, scale: FloatArray, rows: IntArray) -> tuple[Rays, Rays]:
    """Return the points of the frontiers that are best for player 2, and for player 1."""
    return _end(problem, scale, rows, 1), _end(problem, scale, rows, 0)


def _end(problem: BoxProblem, scale: FloatArray, rows: IntArray, player: int) -> Rays:
    tilt = np.where(np.arange(2) == player, 1.0, TILT)
    some = replace(problem.take(rows), weights=tilt / scale[rows])
    found = utilitarian(some)
    gains = found.payoffs - np.asarray(some.disagreement)
    angle = _angle(some, found.payoffs, scale[rows])
    return Rays(rows, angle, gains, found.outcome, found.converged)


def _angle(problem: BoxProblem, payoffs: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the angle of payoffs from player 2's axis, (B,)."""
    money = np.maximum(_money(problem, payoffs), 0.0) / scale
    angle: FloatArray = np.arctan2(money[:, 0], money[:, 1])
    return angle


def _carry(old: Rays, new: Rays, marked: BoolArray, deeper: BoolArray) -> BoolArray:
    """Return which intervals of the joined points are to be cut again."""
    draw = np.concatenate([old.draw, new.draw])
    order = np.lexsort((np.concatenate([old.angle, new.angle]), draw))
    return np.concatenate([marked, deeper])[order]


def _time(start: FloatArray, end: FloatArray) -> FloatArray:
    step = end - start
    time: FloatArray = np.sqrt(np.maximum(-step[:, 0] * step[:, 1], 0.0))
    return time


def chains(found: Rays, rows: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the concave frontier through the points of each draw, and its deepest dent.

    Returns
    -------
    points : ndarray, shape (len(rows), H, 2)
        Vertices in gains, u₁ rising, padded with the last one.
    dent : ndarray, shape (len(rows),)
        By how much a point lies below it, as a share of the largest gain.
    count : ndarray of int, shape (len(rows),)
        Number of points.
    """
    count = np.bincount(found.draw, minlength=int(rows.max()) + 1)[rows]
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    place = first[:, None] + np.minimum(np.arange(count.max()), count[:, None] - 1)
    gains = np.maximum(found.gains[place], 0.0)
    points = pareto_chain(gains).points
    dent = np.zeros(len(rows))
    for row, (own, chain) in enumerate(zip(gains, points, strict=True)):
        height = np.interp(own[:, 0], chain[:, 0], chain[:, 1])
        dent[row] = np.max(height - own[:, 1]) / max(float(chain[0, 1]), 1e-300)
    return points, dent, count


CHOICES = {
    "perles_maschler": midpoint_of_chain,
    "raiffa": lambda points: discrete_on_chain(points)[0],
    "raiffa_continuous": continuous_on_chain,
}


def solve_traced(problem: BoxProblem, solution: str) -> Solution:
    """Return a solution that needs the whole frontier of two players on a box.

    The frontier is followed ray by ray, its points are joined by straight edges, and the
    frontier is solved again on the ray through the answer.

    Parameters
    ----------
    problem : BoxProblem
        Of two players.
    solution : str
        `perles_maschler`, `raiffa` or `raiffa_continuous`.

    Returns
    -------
    Solution
        To some six digits. `residual`, as a share of the gains, is the largest of: how far the
        point on the chain and the one on the frontier are apart; what the edges may still miss
        of the travelling time; how deep the frontier's deepest dent is, since these solutions
        are defined for convex sets. `converged` means that it is at most 10⁻⁴, and that every
        point of the frontier that was looked at passed its own certificate.

    Raises
    ------
    ProblemError
        If there are not two players.
    """
    scale, found = money_scale(problem)
    payoffs, outcome = found.payoffs.copy(), found.outcome.copy()
    residual, converged = found.residual.copy(), found.converged.copy()
    rows = np.flatnonzero(found.agreement)
    if len(rows):
        rays = trace(problem, scale, rows)
        points, dent, count = chains(rays, rows)
        gains = CHOICES[solution](points)
        d = np.asarray(problem.disagreement)[rows]
        end = fan(problem, scale, rows, _angle(problem.take(rows), d + gains, scale[rows]))
        apart = np.abs(end.gains - gains).max(axis=1) / gains.max(axis=1)
        payoffs[rows], outcome[rows] = d + end.gains, end.outcome
        residual[rows] = np.maximum(np.maximum(apart, dent), count * FINE / 3.0)
        sure = np.bincount(rays.draw, ~rays.converged, len(converged))[rows] == 0
        converged[rows] = end.converged & sure & (residual[rows] <= CERTIFIED)
    return Solution(payoffs, outcome, found.agreement, converged, residual, solution, {})
