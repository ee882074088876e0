"""The Nash bargaining solution on boxes."""

from __future__ import annotations

import numpy as np

from sim.bargaining.box.newton import Found, ascend, extended_log
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.problem import BoxProblem, FloatArray, Solution

__all__ = ["nash"]

CHUNK = 4096
STARTS = 6


def nash(problem: BoxProblem, *, chunk: int = CHUNK) -> Solution:
    """Return the (weighted) Nash bargaining solution, draw by draw.

    The outcome maximises ``sum_i w_i log(v_i(x) - d_i)`` over the outcomes at which everybody
    gains. The restriction comes first: two losses would multiply to a gain.

    Parameters
    ----------
    problem : BoxProblem
    chunk : int
        Draws solved together: sets speed and memory, never an answer.

    Returns
    -------
    Solution
        `residual` is the projected Newton decrement of the true log product: in the quadratic
        model at the answer, the product is short of its maximum by half the square of it,
        relatively. `converged` means that it is below 1e-9 (or the rounding of the gains),
        that everybody gains, that the Hessian is negative definite on the issues that are not
        at a bound, and that at the bounds the gradient points out.

    References
    ----------
    J. F. Nash, "The bargaining problem", Econometrica 18 (1950) 155-162.
    J. C. Harsanyi and R. Selten, "A generalized Nash solution for two-person bargaining games
    with incomplete information", Management Science 18 (1972) P80-P106 (weights).
    """
    parts = [
        _chunk(problem.take(slice(begin, begin + chunk)))
        for begin in range(0, problem.n_draws, chunk)
    ]
    d = np.asarray(problem.disagreement)
    x = np.concatenate([p.x for p in parts], axis=1) if parts else np.zeros((0, 0))
    converged = np.concatenate([p.converged for p in parts])
    payoffs = np.where(converged[:, None], d + np.concatenate([p.gains for p in parts], axis=1).T, d)
    return Solution(
        payoffs=payoffs,
        outcome=np.ascontiguousarray(x.T),
        agreement=converged,
        converged=converged,
        residual=np.concatenate([p.residual for p in parts]),
        method="nash",
    )


def _chunk(problem: BoxProblem) -> Found:
    table, start = prepare(problem)
    found = ascend(table, start)
    for again in starts(table, number=STARTS):
        left = np.flatnonzero(~found.converged)
        if left.size == 0:
            break
        more = ascend(table.take(left), again[:, left])
        for name in ("x", "gains", "converged", "residual"):
            getattr(found, name)[..., left] = getattr(more, name)
    full: FloatArray = table.expand(found.x)
    return Found(full, found.gains, found.converged, found.residual, found.iterations)
