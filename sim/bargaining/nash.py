"""The Nash bargaining solution on boxes."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.deal import GAIN, MaxMin, max_min, vetoes
from sim.bargaining.box.newton import Found, ascend
from sim.bargaining.box.programme import Programme, maximise
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray, IndexArray, Solution

__all__ = ["nash"]


def nash(problem: BoxProblem, *, chunk: int = CHUNK) -> Solution:
    """Return the (weighted) Nash bargaining solution, draw by draw.

    The outcome maximises ``sum_i w_i log(v_i(x) - d_i)`` over the outcomes at which everybody
    gains and no ratifier refuses. The restriction comes first: two losses would multiply to a
    gain. Payoffs need not be concave: the answer is a certified local maximum, reached from
    `problem.start`; `audit` measures how often there are several.

    Parameters
    ----------
    problem : BoxProblem
    chunk : int
        Draws solved together: sets speed and memory, never an answer.

    Returns
    -------
    Solution
        `residual` is the sum over issues of the slope of the true log product times the room
        in that direction: for concave problems, the product of no outcome is larger by more
        than that, relatively. What the rounding of gains explains is taken off. `converged`
        means that it is at most 1e-7, that everybody gains, that the last Newton decrement was
        below 1e-5 and the Hessian negative definite on the issues that are not at a bound;
        without agreement, that a multi-start max-min found no outcome that gives everybody more
        than 1e-9 of what the table can move. Where a ratifier binds, `residual` is that of the
        Karush-Kuhn-Tucker conditions.

    References
    ----------
    J. F. Nash, "The bargaining problem", Econometrica 18 (1950) 155-162.
    J. C. Harsanyi and R. Selten, "A generalized Nash solution for two-person bargaining games
    with incomplete information", Management Science 18 (1972) P80-P106 (weights).
    """
    parameters = {"least_gain": GAIN}
    return settle(problem, _chunk, method="nash", chunk=chunk, parameters=parameters)


def _chunk(problem: BoxProblem) -> Answer:
    table, start = prepare(problem)
    table, found, agreement = nash_product(table, start)
    return answer(table, found.x, agreement, found.converged, found.residual)


def nash_product(table: Table, start: FloatArray) -> tuple[Table, Found, BoolArray]:
    """Maximise Nash products and decide who has a deal.

    Parameters
    ----------
    table : Table
    start : ndarray, (K, B)

    Returns
    -------
    table : Table
        Knowing who is idle, as far as that was looked into.
    found : Found
    agreement : ndarray of bool, (B,)
    """
    found = ascend(table.parties(), start)
    accepted = found.converged.copy()
    if table.ratifiers is not None:
        there = table.value(found.x)[table.n_parties :]
        accepted &= (there >= 0.0).all(axis=0)
    agreement = accepted.copy()
    left = np.flatnonzero(~accepted)
    if left.size:
        table, scale = table.scaled()
        part = table.take(left)
        better, agreed = _rescue(part, scale[:, left], found.x[:, left])
        _put(found, better, left)
        agreement[left] = agreed
    return table, found, agreement


def _put(found: Found, part: Found, rows: IndexArray) -> None:
    for name in ("x", "gains", "converged", "residual"):
        getattr(found, name)[..., rows] = getattr(part, name)


def _rescue(table: Table, scale: FloatArray, first: FloatArray) -> tuple[Found, BoolArray]:
    """Decide by max-min whether there is a deal, and search from where everybody gains."""
    deal: MaxMin = max_min(table, scale, first, enough=GAIN)
    agreement = deal.value > GAIN
    gains = np.full((table.n_parties, first.shape[1]), -np.inf)
    found = Found(deal.x, gains, deal.converged & ~agreement, deal.residual)
    rows = np.flatnonzero(agreement)
    if rows.size:
        _put(found, _from_gains(table.take(rows), scale[:, rows], deal.x[:, rows]), rows)
    return found, agreement


def _from_gains(table: Table, scale: FloatArray, start: FloatArray) -> Found:
    """Search from points where everybody gains; where that fails, from other starts."""
    found = _one(table, scale, start)
    for again in starts(table, number=5):
        left = np.flatnonzero(~found.converged)
        if left.size == 0:
            break
        part = table.take(left)
        deal = max_min(part, scale[:, left], again[:, left], number=1)
        more = _one(part, scale[:, left], deal.x)
        better = np.flatnonzero(more.converged)
        some = (getattr(more, f.name)[..., better] for f in fields(more))
        _put(found, Found(*some), left[better])
    return found


def _one(table: Table, scale: FloatArray, start: FloatArray) -> Found:
    if table.ratifiers is None:
        return ascend(table, start, exact=True)
    n = table.n_parties
    zero, nobody = np.zeros(scale.shape), np.zeros(scale.shape, dtype=bool)
    logs = zero.copy()
    logs[:n] = table.weights
    if table.idle is not None:
        logs[table.idle] = 0.0
    programme = Programme(scale, zero, nobody, vetoes(table), zero, logs)
    solved = maximise(table, programme, start, zero)
    return Found(solved.x, solved.gains[:n], solved.converged, solved.residual)
