"""The egalitarian solution on boxes."""

from __future__ import annotations

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.deal import GAIN, harm, max_min
from sim.bargaining.box.leximin import leximin, parties, recalled
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.problem import BoxProblem, FloatArray, Solution

__all__ = ["egalitarian"]


def egalitarian(problem: BoxProblem, *, chunk: int = CHUNK) -> Solution:
    """Return the egalitarian solution, draw by draw.

    It maximises ``min_i g_i(x)/w_i``, then the next least, and so on, with gains g_i counted
    in certainty equivalents: money, so that it is not covariant with the scale of utilities,
    by design (Kalai 1977).

    Parameters
    ----------
    problem : BoxProblem
    chunk : int
        Draws solved together: sets speed and memory, never an answer.

    Returns
    -------
    Solution
        `residual` bounds, for concave problems, what the least gain could still rise, relative
        to the money that the table moves. `parameters` has `level` (B,), the least gain over
        weight in money; `distance` (B,), the largest less the least; `money_metric`, True.

    References
    ----------
    E. Kalai, "Proportional solutions to bargaining situations: interpersonal utility
    comparisons", Econometrica 45 (1977) 1623-1630.
    """
    parameters = {"money_metric": True, "least_gain": GAIN}
    return settle(problem, _chunk, method="egalitarian", chunk=chunk, parameters=parameters)


def _chunk(problem: BoxProblem) -> Answer:
    table, start = prepare(problem, money=True)
    table, unit = table.scaled()
    scale = common_scale(table, unit)
    live = parties(table)
    everybody = np.arange(start.shape[1])
    guess = live / np.maximum(live.sum(axis=0), 1)
    guess = recalled(table, scale, problem.warm.get("prices"), everybody, guess)
    found = leximin(table, scale, start, guess)
    gains = np.where(live, found.gains / unit, np.inf).min(axis=0)
    deal = found.converged & (gains > GAIN)
    converged, residual = found.converged.copy(), found.residual.copy()
    left = np.flatnonzero(~deal)
    if left.size:
        part = table.take(left)
        best = max_min(part, unit[:, left], start[:, left], enough=GAIN)
        deal[left] = best.value > GAIN
        converged[left], residual[left] = best.converged, best.residual
        rows = np.flatnonzero(deal[left])
        if rows.size:
            at = left[rows]
            again = leximin(
                table.take(at), scale[:, at], best.x[:, rows], (live / live.sum(axis=0))[:, at]
            )
            found.x[:, at], found.gains[:, at] = again.x, again.gains
            found.multipliers[:, at] = again.multipliers
            converged[at], residual[at] = again.converged, again.residual
    lost = np.where(deal, harm(found.gains, unit), 0.0)
    converged, residual = converged & (lost == 0.0), np.maximum(residual, lost)
    shares = found.gains[: table.n_parties] / table.weights
    here = live[: table.n_parties]
    level = np.where(here, shares, np.inf).min(axis=0)
    distance = np.where(here, shares, -np.inf).max(axis=0) - level
    none = ~deal | ~here.any(axis=0)
    level[none] = distance[none] = 0.0
    extra = {"level": level, "distance": distance}
    warm = {"prices": np.where(deal, found.multipliers / scale, np.nan)}
    return answer(table, found.x, deal, converged, residual, extra, warm)


def common_scale(table: Table, unit: FloatArray) -> FloatArray:
    """Return weights times one unit of money a draw, (M, B); ratifiers keep their own unit."""
    n = table.n_parties
    live = parties(table)[:n]
    money = np.where(live, unit[:n], 0.0).sum(axis=0) / np.maximum(live.sum(axis=0), 1)
    scale = unit.copy()
    scale[:n] = table.weights * np.where(money > 0.0, money, 1.0)
    return scale
