"""Linking tables: the sum of bargaining sets."""

from __future__ import annotations

from functools import reduce
from typing import cast, overload

import numpy as np

from sim.bargaining.finite import RELATIVE, FiniteProblem
from sim.bargaining.polygon import pareto_chain
from sim.bargaining.problem import FloatArray
from sim.bargaining.transferable import TransferableProblem
from sim.errors import ProblemError

__all__ = ["minkowski_sum"]

LARGEST = 20_000_000
"""Alternatives, over all draws, that a sum may have."""

Summand = FiniteProblem | TransferableProblem


@overload
def minkowski_sum(*problems: FiniteProblem) -> FiniteProblem: ...
@overload
def minkowski_sum(*problems: Summand) -> Summand: ...


def minkowski_sum(*problems: Summand) -> Summand:
    """Link tables: S = {Σ_k u_k : u_k ∈ S_k}, d = Σ_k d_k.

    What a player gets is the sum of what it gets at the tables: no table changes what
    another is worth, and a breakdown ends all of them.

    Parameters
    ----------
    *problems : FiniteProblem or TransferableProblem
        The separate tables, all with the same players. Draws broadcast. The weights are
        those of the first table.

    Returns
    -------
    FiniteProblem or TransferableProblem
        Lists: every combination of alternatives, the last table's fastest; with lotteries
        and two players only the vertices of the frontier are kept. A list added to
        transferable utility raises its budget by max Σ a_i u_i.

    Raises
    ------
    ProblemError
        No tables; different numbers of players; lists with and without lotteries; half
        spaces with different normals, whose sum is unbounded; more than 2·10⁷ combinations.

    Notes
    -----
    Theorems on solutions that add up over tables are about sets without losses: every point
    gives every player at least its disagreement utility. Where a table also has points with
    losses, linking makes them available, and the Perles–Maschler solution need not be
    superadditive.

    References
    ----------
    Perles & Maschler (1981), International Journal of Game Theory 10:163-193; Myerson
    (1981), Utilitarianism, egalitarianism, and the timing effect, Econometrica 49:883-897.

    Examples
    --------
    >>> trade = FiniteProblem([[0, 0], [3, -1]], [0, 0])
    >>> defence = FiniteProblem([[0, 0], [-1, 3]], [0, 0])
    >>> minkowski_sum(trade, defence).utilities[0].tolist()
    [[0.0, 0.0], [-1.0, 3.0], [3.0, -1.0], [2.0, 2.0]]
    """
    if not problems:
        raise ProblemError("minkowski_sum: at least one table is needed")
    players = sorted({problem.n_players for problem in problems})
    if len(players) > 1:
        raise ProblemError(f"minkowski_sum: tables with {players} players; one number is needed")
    # Lists first: each may be pruned before a half space swallows it.
    ordered = sorted(problems, key=lambda problem: isinstance(problem, TransferableProblem))
    total = reduce(_add, ordered)
    if total is problems[0]:
        return total
    return _reweighted(total, cast(FloatArray, problems[0].weights))


def _reweighted(total: Summand, weights: FloatArray) -> Summand:
    if isinstance(total, FiniteProblem):
        return FiniteProblem(
            total.utilities, total.disagreement, lotteries=total.lotteries, weights=weights
        )
    return TransferableProblem(total.budget, total.disagreement, total.normal, weights)


def _add(first: Summand, second: Summand) -> Summand:
    """Add two sets; a list never comes after a half space."""
    if isinstance(second, FiniteProblem):
        return _add_lists(cast(FiniteProblem, first), second)
    normal = cast(FloatArray, second.normal)
    if isinstance(first, FiniteProblem):
        best = np.einsum("bmn,bn->bm", *_same_draws(first.utilities, normal)).max(axis=1)
        budget = second.budget + best
    else:
        own = cast(FloatArray, first.normal)
        factor = own[:, :1] / normal[:, :1]
        if (np.abs(own - factor * normal) > RELATIVE * np.abs(own)).any():
            raise ProblemError("minkowski_sum: half spaces with different normals: unbounded sum")
        budget = first.budget / factor[:, 0] + second.budget
    return TransferableProblem(budget, first.disagreement + second.disagreement, normal)


def _same_draws(values: FloatArray, normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Broadcast the draws of two arrays."""
    n_draws = max(len(values), len(normal))
    return (
        np.broadcast_to(values, (n_draws, *values.shape[1:])),
        np.broadcast_to(normal, (n_draws, *normal.shape[1:])),
    )


def _add_lists(first: FiniteProblem, second: FiniteProblem) -> FiniteProblem:
    if first.lotteries != second.lotteries:
        raise ProblemError("minkowski_sum: tables with and without lotteries do not add up")
    one, other = _efficient(first), _efficient(second)
    n_draws = max(len(one), len(other))
    if n_draws * one.shape[1] * other.shape[1] > LARGEST:
        raise ProblemError(
            f"minkowski_sum: {one.shape[1]} x {other.shape[1]} alternatives in {n_draws} draws; "
            f"at most {LARGEST} in all (stream the combinations instead: StreamProblem)"
        )
    sums = one[:, :, None, :] + other[:, None, :, :]
    sums = sums.reshape(n_draws, -1, first.n_players)
    disagreement = first.disagreement + second.disagreement
    return FiniteProblem(sums, disagreement, lotteries=first.lotteries)


def _efficient(problem: FiniteProblem) -> FloatArray:
    """Return the alternatives that a sum needs."""
    if problem.lotteries and problem.n_players == 2:
        return pareto_chain(problem.utilities).points
    return problem.utilities
