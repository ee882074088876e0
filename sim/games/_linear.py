"""Linear programs through HiGHS, behind one typed function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from sim.games._arrays import FloatArray

__all__ = ["LinearSolution", "maximise"]

Matrix = FloatArray | csr_array
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class LinearSolution:
    """An optimum of max c·x subject to A x ≤ b, E x = f and bounds.

    Parameters
    ----------
    x : ndarray, shape (n,)
    value : float
        c·x.
    duals : ndarray, shape (rows of A,)
        Shadow prices of A x ≤ b, at least 0.
    """

    x: FloatArray
    value: float
    duals: FloatArray


def maximise(
    objective: FloatArray,
    *,
    below: tuple[Matrix, FloatArray] | None = None,
    equal: tuple[Matrix, FloatArray] | None = None,
    bounds: Bounds | Sequence[Bounds] = (0.0, None),
) -> LinearSolution | None:
    """Solve a linear program; None unless HiGHS proves the optimum.

    Parameters
    ----------
    objective : ndarray, shape (n,)
        c.
    below, equal : (matrix, right-hand side), optional
        A and b, E and f.
    bounds : pair or sequence of pairs
        Of the variables; None is no bound.
    """
    matrix, right = below if below is not None else (None, None)
    rows, values = equal if equal is not None else (None, None)
    solved = linprog(  # type: ignore[call-overload, misc]  # the stubs know no sparse matrices
        -objective,
        A_ub=matrix,
        b_ub=right,
        A_eq=rows,
        b_eq=values,
        bounds=bounds,
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if solved.status != 0:
        return None
    duals = -np.asarray(solved.ineqlin.marginals, dtype=np.float64)
    return LinearSolution(np.asarray(solved.x, dtype=np.float64), -float(solved.fun), duals)
