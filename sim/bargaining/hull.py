"""Bargaining over lotteries: the convex hull of a list of alternatives.

Two players: exact, along the edges of the frontier (`sim.bargaining.polygon`). Three and
more: linear programmes for minima and sums, an interior-point method for the Nash product,
each with the duality gap as certificate (`interior`, `linear`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sim.bargaining import interior, linear, polygon
from sim.bargaining.finite import RELATIVE, FiniteProblem, Stakes, off_ray, scales, weights_of
from sim.bargaining.perles_maschler import midpoint_of_chain
from sim.bargaining.problem import BoolArray, FloatArray, Solution
from sim.bargaining.raiffa import continuous_on_chain, discrete_on_chain
from sim.errors import ProblemError

__all__ = ["HullFrontier", "frontier_of", "solve_hull", "undominated"]

CERTIFIED = 1e-8
"""A relative duality gap above it is reported as not converged."""
MIXED = 1e-9
"""The least scaled gain that a lottery must reach to count as an agreement."""


@dataclass(frozen=True, slots=True)
class HullFrontier:
    """The frontier of a two-player hull in gains.

    Parameters
    ----------
    chain : Chain
        All of it, with the alternatives that are its vertices.
    rational : ndarray, shape (B, H, 2)
        The individually rational part; a unit triangle's where there is no agreement.
    at : Stakes
        Scale, tolerance, ideal point and agreement.
    """

    chain: polygon.Chain
    rational: FloatArray
    at: Stakes


def frontier_of(problem: FiniteProblem) -> HullFrontier:
    """Return the frontier of a two-player hull, exactly."""
    gains = problem.gains()
    size = np.maximum(np.abs(problem.utilities).max(axis=1), np.abs(problem.disagreement))
    scale, tolerance, active = scales(np.abs(gains).max(axis=1), size)
    chain = polygon.pareto_chain(gains)
    # A player without a stake never stands in the way of an agreement.
    points = chain.points + np.where(active, 0.0, 1.0)[:, None]
    agreement: BoolArray = polygon.has_mutual_gain(points, tolerance) & np.any(active, axis=1)
    unit = np.zeros((chain.points.shape[1], 2))
    unit[0], unit[1:] = (0.0, 1.0), (1.0, 0.0)
    rational = polygon.rational_part(np.where(agreement[:, None, None], chain.points, unit))
    ideal = np.where(agreement[:, None], polygon.ideal_point(rational), 0.0)
    return HullFrontier(chain, rational, Stakes(scale, tolerance, ideal, active, agreement))


def _two_players(problem: FiniteProblem, solution: str) -> Solution:
    """Solve on the edges of the frontier."""
    frontier = frontier_of(problem)
    weights = np.where(frontier.at.active, weights_of(problem), 0.0)
    gains = POINTS[solution](frontier.rational, weights)
    return _finish(problem, frontier, gains, solution)


def _finish(
    problem: FiniteProblem, frontier: HullFrontier, gains: FloatArray, method: str
) -> Solution:
    """Return a point of a two-player frontier as a solution, with its lottery."""
    at = frontier.at
    agreed = at.agreement[:, None]
    lottery = polygon.locate(frontier.chain, gains, problem.utilities.shape[1])
    parameters: dict[str, object] = {"ideal": at.ideal}
    if method == "kalai_smorodinsky":
        parameters["distance"] = off_ray(np.where(agreed, gains, 0.0), at)
    return Solution(
        problem.disagreement + np.where(agreed, gains, 0.0),
        np.where(agreed, lottery, 0.0),
        at.agreement,
        np.ones(problem.n_draws, dtype=bool),
        np.zeros(problem.n_draws),
        method,
        parameters,
    )


Point = Callable[[FloatArray, FloatArray], FloatArray]

POINTS: dict[str, Point] = {
    "nash": polygon.nash_point,
    "kalai_smorodinsky": lambda points, _: polygon.kalai_smorodinsky_point(points),
    "egalitarian": polygon.egalitarian_point,
    "utilitarian": lambda points, weights: polygon.utilitarian_point(points, weights, tie=RELATIVE),
    "perles_maschler": lambda points, _: midpoint_of_chain(points),
    "raiffa": lambda points, _: discrete_on_chain(points)[0],
    "raiffa_continuous": lambda points, _: continuous_on_chain(points),
}


def solve_hull(problem: FiniteProblem, solution: str) -> Solution:
    """Return the lottery that a solution concept picks from the hull of the alternatives.

    Parameters
    ----------
    problem : FiniteProblem
        With `lotteries`.
    solution : str
        `nash`, `kalai_smorodinsky`, `egalitarian` or `utilitarian`, as in
        `sim.bargaining.finite.choose`; for two players also `perles_maschler`, `raiffa`
        (discrete) and `raiffa_continuous`.

    Returns
    -------
    Solution
        `outcome` is the lottery. Two players: exact, at most two alternatives in it. More:
        `residual` is the duality gap, relative to the value; without agreement, the most that
        the least gain could be, as a share of the players' largest.

    Raises
    ------
    ProblemError
        If a solution for two players is asked of more.
    """
    if problem.n_players > 2 and solution not in MANY:
        raise ProblemError(f"{solution}: {problem.n_players} players; defined for two")
    if problem.n_players == 2:
        return _two_players(problem, solution)
    if problem.n_draws > 1:
        return _many_players(problem, solution)
    # One long list: the efficient alternatives are few, and programmes grow with the list.
    kept = undominated(problem.utilities[0])
    found = _many_players(replace(problem, utilities=problem.utilities[:, kept]), solution)
    lottery = np.zeros(problem.utilities.shape[:2])
    lottery[:, kept] = found.outcome
    return replace(found, outcome=lottery)


def _many_players(problem: FiniteProblem, solution: str) -> Solution:
    """Solve by linear and concave programmes on gains scaled to [−1, 1]."""
    gains = problem.gains()
    size = np.maximum(np.abs(problem.utilities).max(axis=1), np.abs(problem.disagreement))
    scale, tolerance, active = scales(np.abs(gains).max(axis=1), size)
    scaled = gains / scale[:, None]
    agreement, residual = _mutual_gain(scaled, active, tolerance / scale)
    lottery = np.zeros(gains.shape[:2])
    ideal = np.zeros(scale.shape)
    rows = np.flatnonzero(agreement)
    if len(rows):
        weights = np.where(active, weights_of(problem), 0.0)[rows]
        found = MANY[solution](scaled[rows], weights, scale[rows], active[rows])
        lottery[rows], residual[rows], ideal[rows] = found
    mean = np.einsum("bmn,bm->bn", gains, lottery)
    parameters: dict[str, object] = {}
    if solution == "kalai_smorodinsky":
        at = Stakes(scale, tolerance, ideal, active, agreement)
        parameters = {"ideal": ideal, "distance": off_ray(mean, at)}
    return Solution(
        problem.disagreement + np.where(agreement[:, None], mean, 0.0),
        lottery,
        agreement,
        residual <= CERTIFIED,
        residual,
        solution,
        parameters,
    )


def undominated(points: FloatArray) -> polygon.IntArray:
    """Return the indices of the alternatives that no other weakly dominates, repeats once."""
    order = np.argsort(-points.sum(axis=1), kind="stable")
    left = points[order]
    kept = []
    # Whoever has the largest sum of those left is undominated.
    while len(order):
        kept.append(order[0])
        survives = np.any(left > left[0], axis=1)
        order, left = order[survives], left[survives]
    return np.sort(np.array(kept))


def _mutual_gain(
    scaled: FloatArray, active: BoolArray, tolerance: FloatArray
) -> tuple[BoolArray, FloatArray]:
    """Return whether some lottery gives every active player a gain, by linear programme.

    The least scaled gain must exceed 10⁻⁹ where only a mixture of alternatives reaches it.
    Where none does, the second array holds the most that it can be: 0 if nobody can gain, but
    infinite where the programme was not solved.
    """
    floor = np.where(active, tolerance, -np.inf)
    someone = np.any(active, axis=1)
    found: BoolArray = np.any(np.all(scaled > floor[:, None], axis=2), axis=1) & someone
    mixed = np.where(active, MIXED, -np.inf)
    found |= np.all(scaled.mean(axis=1) > mixed, axis=1) & someone
    open_ = np.zeros(len(scaled))
    for row in np.flatnonzero(~found & someone):
        part = scaled[row][:, active[row]]
        answer = linear.leximin(part, np.ones(part.shape[1]))
        found[row] = answer.value > MIXED
        most = answer.value + answer.gap if np.isfinite(answer.gap) else np.inf
        open_[row] = 0.0 if found[row] else max(most, 0.0)
    return found, open_


Found = tuple[FloatArray, FloatArray, FloatArray]
"""Lottery (B, M), residual (B,) and the players' scale or ideal point (B, N)."""


def _nash(scaled: FloatArray, weights: FloatArray, scale: FloatArray, active: BoolArray) -> Found:
    lottery, gap = interior.max_log(scaled, weights)
    return lottery, gap, scale


def _leximin(scaled: FloatArray, unit: FloatArray, active: BoolArray) -> Found:
    """Return the leximin of g_i / unit_i over the active players, draw by draw."""
    lottery = np.zeros(scaled.shape[:2])
    residual = np.zeros(len(scaled))
    for row, live in enumerate(active):
        answer = linear.leximin(scaled[row][:, live], unit[row, live])
        lottery[row] = answer.lottery
        residual[row] = answer.gap / max(answer.value, MIXED)
    return lottery, residual, unit


def _kalai_smorodinsky(
    scaled: FloatArray, weights: FloatArray, scale: FloatArray, active: BoolArray
) -> Found:
    ideal = np.zeros(scale.shape)
    for row, live in enumerate(active):
        ideal[row, live] = linear.ideal_gains(scaled[row][:, live])
    lottery, residual, _ = _leximin(scaled, ideal, active)
    return lottery, residual, ideal * scale


def _egalitarian(
    scaled: FloatArray, weights: FloatArray, scale: FloatArray, active: BoolArray
) -> Found:
    unit = np.where(active, weights, 1.0) / scale
    return _leximin(scaled, unit / unit.max(axis=1, keepdims=True), active)


def _utilitarian(
    scaled: FloatArray, weights: FloatArray, scale: FloatArray, active: BoolArray
) -> Found:
    worth = weights * scale
    worth = worth / worth.max(axis=1, keepdims=True)
    lottery = np.zeros(scaled.shape[:2])
    residual = np.zeros(len(scaled))
    for row in range(len(scaled)):
        answer = linear.max_sum(scaled[row], worth[row])
        lottery[row] = _fairest(scaled[row], worth[row], weights[row], answer)
        residual[row] = answer.gap / max(answer.value, MIXED)
    return lottery, residual, scale


def _fairest(
    scaled: FloatArray, worth: FloatArray, weights: FloatArray, answer: linear.LinearAnswer
) -> FloatArray:
    """Return the Nash lottery among those with the same Σ w_i g_i, if they differ."""
    reduced = answer.value - scaled @ (worth + answer.price)
    tied = reduced <= linear.BINDING
    if tied.sum() < 2:
        return answer.lottery
    bound = answer.price > linear.BINDING
    # Among the ties a bound player has neither a gain nor a loss.
    level = np.hstack([scaled[tied], -scaled[tied][:, bound]])
    reach = linear.ideal_gains(level)[: len(weights)]
    pinned = bound | (reach <= linear.BINDING)
    free = np.where(pinned, 0.0, weights)
    if not free.any():
        return answer.lottery
    lottery, gap = interior.max_log(
        scaled[None], free[None], pinned=pinned[None], allowed=tied[None]
    )
    best = float(lottery[0] @ scaled @ worth) >= answer.value - linear.BINDING
    return lottery[0] if gap[0] <= CERTIFIED and best else answer.lottery


Many = Callable[[FloatArray, FloatArray, FloatArray, BoolArray], Found]

MANY: dict[str, Many] = {
    "nash": _nash,
    "kalai_smorodinsky": _kalai_smorodinsky,
    "egalitarian": _egalitarian,
    "utilitarian": _utilitarian,
}
