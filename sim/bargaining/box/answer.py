"""From chunks of draws to a `Solution`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sim.bargaining.box.table import Table
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray, Solution

__all__ = ["CHUNK", "Answer", "answer", "settle"]

CHUNK = 32768


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver found for a chunk; draws last.

    Attributes
    ----------
    x : (K_all, B)
    value : (N, B)
        Payoffs v there.
    agreement, converged : (B,) bool
    residual : (B,)
    extra : dict of str to (..., B)
        By-products, reported as parameters with draws first.
    warm : dict of str to (..., B)
        Where inner searches ended.
    """

    x: FloatArray
    value: FloatArray
    agreement: BoolArray
    converged: BoolArray
    residual: FloatArray
    extra: Mapping[str, FloatArray] = field(default_factory=dict)
    warm: Mapping[str, FloatArray] = field(default_factory=dict)


def answer(
    table: Table,
    x: FloatArray,
    agreement: BoolArray,
    converged: BoolArray,
    residual: FloatArray,
    extra: Mapping[str, FloatArray] | None = None,
    warm: Mapping[str, FloatArray] | None = None,
) -> Answer:
    """Evaluate the payoffs at `x` (K, B) and check that nobody who is indifferent loses.

    Where every party is indifferent there is nothing to search: there is a deal if one of them
    gains, none loses and no ratifier refuses.
    """
    value = table.utilities(x)
    if table.idle is not None:
        gains, n = table.value(x), table.n_parties
        noise = 1e-9 * np.maximum(np.abs(gains) + np.abs(table.reference), 1e-300)
        good = gains >= -noise
        moot = (gains[:n] > noise[:n]).any(axis=0) & good.all(axis=0)
        agreement = np.where(table.idle[:n].all(axis=0), moot, agreement)
        agreement &= (good | ~table.idle).all(axis=0)
    return Answer(table.expand(x), value, agreement, converged, residual, extra or {}, warm or {})


def settle(
    problem: BoxProblem,
    solver: Callable[[BoxProblem], Answer],
    *,
    method: str,
    chunk: int = CHUNK,
    parameters: Mapping[str, object] | None = None,
) -> Solution:
    """Solve chunk by chunk and put the answers together.

    Where there is no agreement, payoffs are the disagreement point and the outcome is the
    start of the search.

    Parameters
    ----------
    problem : BoxProblem
    solver : callable
        From the problem of a chunk to its answer.
    method : str
    chunk : int
        Draws a chunk.
    parameters : mapping, optional
        What else to report.

    Returns
    -------
    Solution
    """
    size = max(int(chunk), 1)
    # a draw without payoffs at some trial point (NaN) is flagged, and is no news for the others
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            solver(problem.take(slice(begin, begin + size)))
            for begin in range(0, max(problem.n_draws, 1), size)
        ]

    def joined(name: str) -> FloatArray:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)

    agreement = joined("agreement").astype(bool)
    deal = agreement[:, None]

    def draws_first(name: str) -> dict[str, FloatArray]:
        pieces = [getattr(part, name) for part in parts]
        return {
            key: np.moveaxis(np.concatenate([p[key] for p in pieces], axis=-1), -1, 0)
            for key in pieces[0]
        }

    return Solution(
        payoffs=np.where(deal, joined("value").T, np.asarray(problem.disagreement)),
        outcome=np.where(deal, joined("x").T, problem.starting_point),
        agreement=agreement,
        converged=joined("converged").astype(bool),
        residual=joined("residual"),
        method=method,
        parameters={**(parameters or {}), **draws_first("extra")},
        warm=draws_first("warm"),
    )
