"""The Kalai-Smorodinsky solution on boxes, and the ideal point."""

from __future__ import annotations

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.deal import vetoes
from sim.bargaining.box.leximin import leximin, parties
from sim.bargaining.box.programme import Programme, maximise
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.nash import nash_product
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray, Solution

__all__ = ["ideal_point", "kalai_smorodinsky"]

RESCUES = 5


def kalai_smorodinsky(problem: BoxProblem, *, chunk: int = CHUNK) -> Solution:
    """Return the Kalai-Smorodinsky solution, draw by draw.

    With two players and a comprehensive set it is the efficient point on the ray from d to
    the ideal point I, ``I_i = max g_i(x)`` over the outcomes at which nobody loses and no
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


def ideal_point(problem: BoxProblem, *, chunk: int = CHUNK) -> FloatArray:
    """Return the most that each player can get if nobody loses, as payoffs v, shape (B, N).

    Parameters
    ----------
    problem : BoxProblem
    chunk : int

    Returns
    -------
    ndarray, (B, N)
        The disagreement point where there is no deal.
    """
    found = settle(problem, _ideal_chunk, method="ideal", chunk=chunk)
    return np.asarray(problem.disagreement + np.asarray(found.parameters["ideal"]))


def _chunk(problem: BoxProblem) -> Answer:
    table, start, deal, ideal, sure, worst = _ideals(problem)
    n, n_draws = table.n_parties, start.shape[1]
    converged, residual = sure.copy(), worst.copy()
    x = start.copy()
    share, distance = np.zeros(n_draws), np.zeros(n_draws)
    rows = np.flatnonzero(deal)
    if rows.size:
        part = table.take(rows)
        scale = np.ones(part.reference.shape)
        scale[:n] = np.where(ideal[:, rows] > 0.0, ideal[:, rows], 1.0)
        gains = part.evaluate(start[:, rows], 0).value
        guess = _nash_multipliers(part, scale, gains)
        found = leximin(part, scale, start[:, rows], guess, exact=True)
        x[:, rows] = found.x
        converged[rows] &= found.converged
        residual[rows] = np.maximum(residual[rows], found.residual)
        shares = found.gains / scale
        live = parties(part)
        share[rows] = np.where(live, shares, np.inf).min(axis=0)
        distance[rows] = np.where(live, shares, -np.inf).max(axis=0) - share[rows]
    extra = {"ideal": ideal, "share": share, "distance": distance}
    return answer(table, x, deal, converged, residual, extra)


def _ideal_chunk(problem: BoxProblem) -> Answer:
    table, start, deal, ideal, sure, worst = _ideals(problem)
    return answer(table, start, deal, sure, worst, {"ideal": ideal})


def _ideals(
    problem: BoxProblem,
) -> tuple[Table, FloatArray, BoolArray, FloatArray, BoolArray, FloatArray]:
    """Return table, Nash points (K, B), who has a deal, ideal gains (N, B), flags, residuals."""
    table, start = prepare(problem)
    table, nash, deal = nash_product(table, start)
    sure, worst = nash.converged | deal, np.where(deal, 0.0, nash.residual)
    ideal = np.zeros((table.n_parties, start.shape[1]))
    rows = np.flatnonzero(deal)
    if rows.size:
        part = table.take(rows)
        for player in range(table.n_parties):
            most, fine, residual = _most(part, nash.x[:, rows], player)
            ideal[player, rows] = most
            sure[rows] &= fine
            worst[rows] = np.maximum(worst[rows], residual)
    return table, nash.x, deal, ideal, sure, worst


def _nash_multipliers(table: Table, scale: FloatArray, gains: FloatArray) -> FloatArray:
    """Return multipliers under which the Nash point maximises the Lagrangian, summing to 1."""
    n = table.n_parties
    guess = np.zeros(scale.shape)
    positive = np.where(gains[:n] > 0.0, gains[:n], 1.0)
    guess[:n] = table.weights * scale[:n] / positive * parties(table)[:n]
    return np.asarray(guess / np.maximum(guess.sum(axis=0), 1e-300))


def _most(table: Table, start: FloatArray, player: int) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Maximise one player's gain while nobody loses; return gain, certificate, residual."""
    live = parties(table)
    gains = table.evaluate(start, 0).value
    scale = np.where(live & (gains > 0.0), gains, 1.0)
    bound = live | vetoes(table)
    bound[player] = False
    linear = np.zeros(scale.shape)
    linear[player] = 1.0
    zero = np.zeros(scale.shape)
    programme = Programme(scale, zero, np.zeros_like(live), bound, linear)
    guess = zero.copy()
    guess[: table.n_parties] = table.weights / table.weights[player]
    guess *= bound
    found = maximise(table, programme, start, guess, exact=True)
    # a local maximum below what the player has at the start is not the one to find
    enough = gains[player] * (1.0 - 1e-9)
    most, residual = found.gains[player], found.residual
    fine = found.converged & (most >= enough)
    for again in starts(table, number=RESCUES):
        left = np.flatnonzero(~fine)
        if left.size == 0:
            break
        more = maximise(table.take(left), programme.take(left), again[:, left], guess[:, left])
        good = more.converged & (more.gains[player] >= enough[left])
        most[left] = np.where(good, more.gains[player], most[left])
        residual[left] = np.where(good, more.residual, residual[left])
        fine[left] = good
    most = np.maximum(most, gains[player])
    if table.idle is not None:
        most = np.where(table.idle[player], 0.0, most)
        fine |= table.idle[player]
        residual = np.where(table.idle[player], 0.0, residual)
    return most, fine, residual
