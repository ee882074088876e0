"""The Kalai-Smorodinsky solution on boxes."""

from __future__ import annotations

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.leximin import leximin, parties, recalled
from sim.bargaining.box.table import Table
from sim.bargaining.ideal import ideals
from sim.bargaining.problem import BoxProblem, FloatArray, Solution

__all__ = ["kalai_smorodinsky"]


def kalai_smorodinsky(problem: BoxProblem, *, chunk: int = CHUNK) -> Solution:
    """Return the Kalai-Smorodinsky solution, draw by draw.

    With two players and a convex set it is the efficient point on the ray from d to the
    ideal point I, ``I_i = max g_i(x)`` over the outcomes at which nobody loses and no
    ratifier refuses (the individually rational part only). In general: maximise
    ``min_i g_i(x)/I_i``, then the next least, and so on. Weights play no part.

    Parameters
    ----------
    problem : BoxProblem
    chunk : int
        Draws solved together: sets speed and memory, never an answer.

    Returns
    -------
    Solution
        `residual` bounds, for concave problems, what the least share of the ideal gain (or
        an ideal gain, relative to itself) could still rise. `parameters` has `ideal`, the
        ideal gains (B, N), `distance`, the largest less the smallest share g_i/I_i (0 on the
        ray), and `share`, the least.

    References
    ----------
    E. Kalai and M. Smorodinsky, "Other solutions to Nash's bargaining problem", Econometrica
    43 (1975) 513-518.
    H. Imai, "Individual monotonicity and lexicographic maxmin solution", Econometrica 51
    (1983) 389-401.
    """
    return settle(problem, _chunk, method="kalai_smorodinsky", chunk=chunk)


def _chunk(problem: BoxProblem) -> Answer:
    found = ideals(problem)
    table, n = found.table, found.table.n_parties
    converged, residual = found.converged.copy(), found.residual.copy()
    x = found.x.copy()
    n_draws = x.shape[1]
    share, distance = np.zeros(n_draws), np.zeros(n_draws)
    prices = np.full(table.reference.shape, np.nan)
    rows = np.flatnonzero(found.deal)
    if rows.size:
        part = table if rows.size == n_draws else table.take(rows)
        scale = np.ones(part.reference.shape)
        scale[:n] = np.where(found.gains[:, rows] > 0.0, found.gains[:, rows], 1.0)
        guess = _nash_multipliers(part, scale, part.evaluate(x[:, rows], 0).value)
        guess = recalled(part, scale, problem.warm.get("prices"), rows, guess)
        level = leximin(part, scale, x[:, rows], guess, exact=True)
        x[:, rows] = level.x
        converged[rows] &= level.converged
        residual[rows] = np.maximum(residual[rows], level.residual)
        prices[:, rows] = level.multipliers / scale
        shares = level.gains / scale
        live = parties(part)
        least = np.where(live, shares, np.inf).min(axis=0)
        most = np.where(live, shares, -np.inf).max(axis=0)
        some = live.any(axis=0)  # where nobody can gain anything there are no shares of it
        share[rows], distance[rows] = np.where(some, (least, most - least), 0.0)
    extra = {"ideal": found.gains, "share": share, "distance": distance}
    warm = {"ideal": found.gains, "prices": prices, **found.warm}
    return answer(table, x, found.deal, converged, residual, extra, warm)


def _nash_multipliers(table: Table, scale: FloatArray, gains: FloatArray) -> FloatArray:
    """Return multipliers under which the Nash point maximises the Lagrangian, summing to 1."""
    n = table.n_parties
    guess = np.zeros(scale.shape)
    positive = np.where(gains[:n] > 0.0, gains[:n], 1.0)
    guess[:n] = table.weights * scale[:n] / positive * parties(table)[:n]
    return np.asarray(guess / np.maximum(guess.sum(axis=0), 1e-300))
