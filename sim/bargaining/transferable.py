"""Transferable utility: everything with Σ a_i u_i ≤ budget is feasible, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from sim.bargaining.finite import RELATIVE, as_finite, parties
from sim.bargaining.problem import FloatArray, Solution
from sim.errors import ProblemError

__all__ = ["TransferableProblem", "solve_transferable"]


@dataclass(frozen=True, eq=False)
class TransferableProblem:
    """A bargaining problem whose feasible set is {u : Σ a_i u_i ≤ budget}.

    With a = (1, …, 1) it is a pie that can be divided in money without bounds.

    Parameters
    ----------
    budget : array_like, scalar or shape (B,)
        The right-hand side.
    disagreement : array_like, shape (N,) or (B, N)
    normal : array_like, shape (N,) or (B, N), optional
        The positive a_i; 1 by default.
    weights : array_like, shape (N,) or (B, N), optional
        Bargaining weights, positive; equal by default.

    Raises
    ------
    ProblemError
        Wrong shapes, NaN, `normal` or `weights` that are not positive.

    Examples
    --------
    >>> problem = TransferableProblem(10, [1, 2], weights=[0.3, 0.7])
    >>> solve_transferable(problem, "nash").payoffs
    array([[3.1, 6.9]])
    """

    budget: FloatArray
    disagreement: FloatArray
    normal: FloatArray | None = None
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        budget = np.atleast_1d(as_finite(self.budget, "budget", (0, 1)))
        first = np.atleast_2d(as_finite(self.disagreement, "disagreement", (1, 2)))
        n_players = first.shape[1]
        disagreement, weights = parties(first, self.weights, n_players)
        _, normal = parties(first, self.normal, n_players, name="normal")
        if n_players < 2:
            raise ProblemError("disagreement: at least two players are needed")
        try:
            shape = np.broadcast_shapes(
                (len(budget), 1), disagreement.shape, weights.shape, normal.shape
            )
        except ValueError:
            raise ProblemError("draws: one number of draws is needed in every array") from None
        object.__setattr__(self, "budget", np.broadcast_to(budget, shape[:1]))
        object.__setattr__(self, "disagreement", np.broadcast_to(disagreement, shape))
        object.__setattr__(self, "normal", np.broadcast_to(normal, shape))
        object.__setattr__(self, "weights", np.broadcast_to(weights, shape))

    @property
    def n_draws(self) -> int:
        """Number of draws B."""
        return len(self.disagreement)

    @property
    def n_players(self) -> int:
        """Number of players N."""
        return int(self.disagreement.shape[1])

    def surplus(self) -> FloatArray:
        """Return budget less the cost of the disagreement point, shape (B,)."""
        cost: FloatArray = np.einsum("bn,bn->b", cast(FloatArray, self.normal), self.disagreement)
        return self.budget - cost


Shares = Callable[[FloatArray, FloatArray], FloatArray]


def _by_weight(normal: FloatArray, weights: FloatArray) -> FloatArray:
    """Nash: w_i / Σ w."""
    share: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return share


def _equal(normal: FloatArray, weights: FloatArray) -> FloatArray:
    """Kalai–Smorodinsky, Perles–Maschler, Raiffa: 1 / N of the surplus."""
    return np.full(normal.shape, 1.0 / normal.shape[1])


def _equal_gains(normal: FloatArray, weights: FloatArray) -> FloatArray:
    """Egalitarian: gains in proportion to w, which cost a_i w_i."""
    return _by_weight(normal, normal * weights)


def _cheapest(normal: FloatArray, weights: FloatArray) -> FloatArray:
    """Utilitarian: to whom a unit of surplus is worth most, by weight among ties."""
    worth = weights / normal
    tied = worth >= worth.max(axis=1, keepdims=True) * (1.0 - RELATIVE)
    return _by_weight(normal, np.where(tied, weights, 0.0))


SHARES: dict[str, Shares] = {
    "nash": _by_weight,
    "kalai_smorodinsky": _equal,
    "egalitarian": _equal_gains,
    "utilitarian": _cheapest,
    "perles_maschler": _equal,
    "raiffa": _equal,
    "raiffa_continuous": _equal,
}


def solve_transferable(problem: TransferableProblem, solution: str) -> Solution:
    """Divide the surplus: u_i = d_i + s_i (budget − Σ a_j d_j) / a_i.

    Parameters
    ----------
    problem : TransferableProblem
    solution : str
        The share s_i is w_i / Σ w under `nash`; 1 / N under `kalai_smorodinsky`, `raiffa`,
        `raiffa_continuous` and `perles_maschler` (two players); a_i w_i / Σ a w under
        `egalitarian`; all of it goes to the largest w_i / a_i under `utilitarian`.

    Returns
    -------
    Solution
        Exact; `outcome` holds the shares s_i, 0 without agreement. There is an agreement
        if the surplus is positive.

    References
    ----------
    Nash (1950), The bargaining problem, Econometrica 18:155-162 (the case with money).
    """
    if solution == "perles_maschler" and problem.n_players != 2:
        raise ProblemError(f"perles_maschler: {problem.n_players} players; defined for two")
    normal, weights = cast(FloatArray, problem.normal), cast(FloatArray, problem.weights)
    surplus = problem.surplus()
    size = np.abs(problem.budget) + np.abs(normal * problem.disagreement).sum(axis=1)
    agreement = surplus > RELATIVE * size
    share = np.where(agreement[:, None], SHARES[solution](normal, weights), 0.0)
    ideal = np.where(agreement[:, None], surplus[:, None] / normal, 0.0)
    exact = np.zeros(problem.n_draws)
    return Solution(
        problem.disagreement + share * ideal,
        share,
        agreement,
        np.ones(problem.n_draws, dtype=bool),
        exact,
        solution,
        {"ideal": ideal},
    )
