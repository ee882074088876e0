"""The utilitarian solution on boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.deal import GAIN, MaxMin, harm, max_min, vetoes
from sim.bargaining.box.leximin import parties
from sim.bargaining.box.programme import Programme, Solved, maximise
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.problem import BoxProblem, FloatArray, IndexArray, Solution

__all__ = ["utilitarian"]

RESCUES = 5
TIE = 1e-9  # how much of the total may be given up for the better of two ties


def utilitarian(problem: BoxProblem, *, chunk: int = CHUNK) -> Solution:
    """Return the utilitarian solution under individual rationality, draw by draw.

    It maximises ``sum_i w_i g_i(x)`` over the outcomes at which nobody loses and no ratifier
    refuses, with gains g_i in certainty equivalents (money). Of several maximisers it takes
    the one with the largest (weighted) Nash product.

    Parameters
    ----------
    problem : BoxProblem
    chunk : int
        Draws solved together: sets speed and memory, never an answer.

    Returns
    -------
    Solution
        `residual` bounds, for concave problems, what the total could still rise, relative to
        the money that the table moves. `parameters` has `total` (B,), the weighted sum of
        gains in money, and `money_metric`, True.

    References
    ----------
    J. C. Harsanyi, "Cardinal welfare, individualistic ethics, and interpersonal comparisons of
    utility", Journal of Political Economy 63 (1955) 309-321.
    """
    parameters = {"money_metric": True, "least_gain": GAIN}
    return settle(problem, _chunk, method="utilitarian", chunk=chunk, parameters=parameters)


def _chunk(problem: BoxProblem) -> Answer:
    table, start = prepare(problem, money=True)
    table, unit = table.scaled()
    safe: MaxMin = max_min(table, unit, start, enough=GAIN)
    deal = safe.value > GAIN
    x, converged, residual = safe.x.copy(), safe.converged.copy(), safe.residual.copy()
    total = np.zeros(x.shape[1])
    rows = np.flatnonzero(deal)
    if rows.size:
        part = table.take(rows)
        found, money = _largest(part, unit[:, rows], safe.x[:, rows])
        flat = np.flatnonzero(found.flat & found.converged)
        if flat.size:
            _best_tie(part, unit[:, rows], safe.x[:, rows], found, flat)
        x[:, rows] = found.x
        lost = harm(found.gains, unit[:, rows])
        converged[rows] = found.converged & (lost == 0.0)
        residual[rows] = np.maximum(found.residual, lost)
        total[rows] = found.value * money
    return answer(table, x, deal, converged, residual, {"total": total})


def _largest(table: Table, unit: FloatArray, start: FloatArray) -> tuple[Solved, FloatArray]:
    """Maximise the weighted sum in units of money (B,); return what was found and the unit."""
    live = parties(table)
    n = table.n_parties
    weighted = table.weights * unit[:n] * live[:n]
    money = weighted.sum(axis=0)
    linear = np.zeros(unit.shape)
    linear[:n] = weighted / money
    zero = np.zeros(unit.shape)
    programme = Programme(unit, zero, np.zeros_like(live), live | vetoes(table), linear)
    found = maximise(table, programme, start, zero)
    for again in starts(table, number=RESCUES):
        left = np.flatnonzero(~found.converged)
        if left.size == 0:
            break
        more = maximise(table.take(left), programme.take(left), again[:, left], zero[:, left])
        _put(found, more, left, np.flatnonzero(more.converged))
    return found, money


def _put(found: Solved, part: Solved, rows: IndexArray, which: IndexArray) -> None:
    """Overwrite some draws of what was found."""
    at = rows[which]
    n_rows = len(found.gains)
    for name in ("x", "value", "converged", "residual", "flat"):
        getattr(found, name)[..., at] = getattr(part, name)[..., which]
    for name in ("gains", "multipliers"):
        getattr(found, name)[:, at] = getattr(part, name)[:n_rows, which]


def _best_tie(
    table: Table, unit: FloatArray, safe: FloatArray, found: Solved, rows: IndexArray
) -> None:
    """Replace, in place, a maximiser that may not be the only one by the best for the product.

    The product is maximised under the constraint that the total stays what it is.
    """
    part, scale = table.take(rows), unit[:, rows]
    live = parties(part)
    n = part.n_parties
    weights = part.weights * live[:n]
    money = (weights * scale[:n]).sum(axis=0)
    part = replace(part, total=weights)
    best = (weights * found.gains[:n, rows]).sum(axis=0)
    add = np.ones((1, len(rows)))
    scale = np.concatenate([scale, add * money])
    offset = np.zeros(scale.shape)
    offset[-1] = best - TIE * money
    logs = np.zeros(scale.shape)
    logs[:n] = part.weights * live[:n]
    bound = np.concatenate([vetoes(table.take(rows)), add.astype(bool)])
    zero = np.zeros(scale.shape)
    programme = Programme(scale, offset, np.zeros(scale.shape, dtype=bool), bound, zero, logs)
    better = maximise(part, programme, safe[:, rows], zero, tolerance=1e-8)
    kept = (better.gains[-1] >= best - 3.0 * TIE * money) & (better.gains[:n] >= 0.0).all(axis=0)
    value = found.value[rows]
    which = np.flatnonzero(better.converged & kept)
    _put(found, better, rows, which)
    found.value[rows[which]] = value[which]
