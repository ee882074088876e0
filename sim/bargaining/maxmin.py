"""The largest least gain: whether there is a deal."""

from __future__ import annotations

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.deal import STARTS, max_min
from sim.bargaining.box.table import prepare
from sim.bargaining.problem import BoxProblem, FloatArray

__all__ = ["maxmin"]


def maxmin(
    problem: BoxProblem, *, starts: int = STARTS, enough: float = np.inf, chunk: int = CHUNK
) -> tuple[FloatArray, FloatArray]:
    """Maximise the least gain from several starts: there is a deal iff it is positive.

    ``max_x min_i (v_i(x) - d_i)/s_i`` over the parties that are not indifferent to every
    issue, ratifiers consenting; s_i is how much of player i's payoff the table moves, the sum
    over issues of |dv_i/dx| times the range in the middle of the box. The sign does not depend
    on s; the solutions speak of a deal where the value exceeds 1e-9.

    Parameters
    ----------
    problem : BoxProblem
    starts : int
        How many starts; the best answer counts.
    enough : float
        A value above which a draw needs no further start.
    chunk : int
        Draws solved together: sets speed and memory, never an answer.

    Returns
    -------
    value : ndarray, (B,)
        Where an indifferent player would lose: at most 0. Where everybody is indifferent and none
        loses: the largest gain as it is.
    x : ndarray, (B, K)
        Where it is reached.
    """

    def solver(part: BoxProblem) -> Answer:
        table, start = prepare(part)
        table, scale = table.scaled()
        best = max_min(table, scale, start, number=starts, enough=enough)
        everybody = np.ones(len(best.value), dtype=bool)
        found = answer(table, best.x, everybody, best.converged, best.residual)
        value = np.where(found.agreement, best.value, np.minimum(best.value, 0.0))
        if table.idle is not None:
            n = table.n_parties
            nothing = found.agreement & table.idle[:n].all(axis=0)
            value = np.where(nothing, table.value(best.x)[:n].max(axis=0), value)
        return Answer(
            found.x, found.value, everybody, found.converged, found.residual, {"value": value}
        )

    found = settle(problem, solver, method="maxmin", chunk=chunk)
    return np.asarray(found.parameters["value"]), found.outcome
