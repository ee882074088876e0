"""Linear algebra of many tiny systems at once: block-diagonal plus rank N.

Second derivatives of payoffs couple few issues, so the matrix of a Newton step is

    M = A + U diag(b) U^T,     A block-diagonal with tiny blocks, U = (grad g_1, ..., grad g_N).

With W = A^-1 U and the Gram matrix G = U^T W, every step is W mu with mu from an N x N system:
no K x K matrix is ever formed. Inertias add up (Haynsworth 1968):

    neg(M) = neg(A) - neg(diag(1/b) + G),

so that M can be known to be positive definite although A is not, where exporters' losses are
convex in a tariff; the Newton step is then kept as it is, and with it quadratic convergence.

Sums over issues run row by row, never through BLAS or pairwise summation: the rounding of a
draw must not depend on how many draws there are.

References
----------
E. V. Haynsworth, "Determination of the inertia of a partitioned Hermitian matrix",
Linear Algebra and its Applications 1 (1968) 73-81.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.bargaining.problem import BoolArray, Entry, FloatArray

__all__ = [
    "Factor",
    "IntArray",
    "Off",
    "dot",
    "dot_rows",
    "factorise",
    "gram",
    "solve_small",
    "weighted_hessian",
]

ROUNDING = 2.0**-51
TINY = 1e-300

IntArray = NDArray[np.int64]
Off = dict[tuple[int, int], FloatArray]


def dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return sum_k a_k b_k over the first axis, added row by row."""
    product = a * b
    if product.shape[-1] != 1:
        return np.asarray(np.add.reduce(product, axis=0))
    total: FloatArray = product[0].copy()  # of one draw, NumPy would add pairwise
    for row in product[1:]:
        total += row
    return total


def dot_rows(a: FloatArray, u: FloatArray) -> FloatArray:
    """Return sum_p a_p u_p, (K, B), from a (M, B) and u (M, K, B)."""
    total = a[0] * u[0]
    for p in range(1, len(a)):
        total += a[p] * u[p]
    return np.asarray(total)


def weighted_hessian(
    entries: Sequence[Entry], a: FloatArray, n_issues: int
) -> tuple[FloatArray, Off]:
    """Return A = -sum_p a_p Hess_p as its diagonal (K, B) and what is off it, by (i, j), i < j."""
    diagonal = np.zeros((n_issues, a.shape[1]))
    off: Off = {}
    for p, i, j, h in entries:
        if i == j:
            diagonal[i] -= a[p] * h
        elif (i, j) in off:
            off[i, j] -= a[p] * h
        else:
            off[i, j] = -a[p] * h
    return diagonal, off


@dataclass(slots=True)
class Factor:
    """L D L^T of A on the free issues; fixed issues have inverse pivot 0.

    Attributes
    ----------
    inverse : (K, B)
        1/D on the free issues, 0 elsewhere.
    lower : dict (i, j) -> (B,)
        L below its diagonal, i > j.
    negative : (B,) int, or None
        Number of negative pivots; None if there are none.
    flat : (B,) bool, or None
        Whether some pivot was lifted; None if none was.
    """

    inverse: FloatArray
    lower: Off
    negative: IntArray | None
    flat: BoolArray | None = None

    def solve(self, u: FloatArray) -> FloatArray:
        """Return A^-1 u on the free issues, u (..., K, B), 0 on the others."""
        if not self.lower:
            return np.asarray(u * self.inverse)
        z = u.copy()
        for (i, j), ell in self.lower.items():
            z[..., i, :] -= ell * z[..., j, :]
        z *= self.inverse
        for (i, j), ell in reversed(self.lower.items()):
            z[..., j, :] -= ell * z[..., i, :]
        return z

    def take(self, rows: NDArray[np.intp]) -> Factor:
        """Restrict to some draws."""
        return Factor(
            self.inverse.take(rows, axis=1),
            {key: ell[rows] for key, ell in self.lower.items()},
            None if self.negative is None else self.negative[rows],
        )

    def absolute(self) -> Factor:
        """Return L |D| L^T, positive definite: its steps always lead uphill."""
        return Factor(np.abs(self.inverse), self.lower, None)


def factorise(
    diagonal: FloatArray,
    off: Off,
    free: BoolArray,
    floor: FloatArray,
    blocks: Sequence[Sequence[int]],
) -> Factor:
    """Factorise A block by block.

    Parameters
    ----------
    diagonal : ndarray, (K, B)
    off : dict
        Entries above the diagonal.
    free : ndarray of bool, (K, B)
        Which issues move.
    floor : ndarray, (K, B)
        Pivots smaller than this in magnitude are lifted to it: an issue in which all payoffs
        are linear has curvature 0, and the rank-N part alone holds it.
    blocks : sequence of sequence of int

    Returns
    -------
    Factor
    """
    lower: Off = {}
    if off:
        diagonal, off = diagonal.copy(), dict(off)
    for block in blocks if off else ():
        for at, j in enumerate(block[:-1]):
            rest = [i for i in block[at + 1 :] if (j, i) in off]
            if not rest:
                continue
            inverse = free[j] / _lifted(diagonal[j], floor[j])
            for i in rest:
                lower[i, j] = off[j, i] * inverse
            for at_i, i in enumerate(rest):
                diagonal[i] -= lower[i, j] * off[j, i]
                for k in rest[at_i + 1 :]:
                    fill = lower[i, j] * off[j, k]
                    off[i, k] = off[i, k] - fill if (i, k) in off else -fill
    small = diagonal < floor
    negative: IntArray | None = None
    flat: BoolArray | None = None
    places = np.flatnonzero(small)  # places in the flattened arrays: much faster than pairs
    if places.size:
        pivot, least = diagonal.take(places), floor.take(places)
        weak, moves, draw = np.abs(pivot) < least, free.take(places), places % diagonal.shape[1]
        diagonal = diagonal.copy()
        np.put(diagonal, places, np.where(weak, least, pivot))
        flat = np.zeros(diagonal.shape[1], dtype=bool)
        flat[draw[weak & moves]] = True
        below = draw[~weak & moves]
        if below.size:
            negative = np.bincount(below, minlength=diagonal.shape[1]).astype(np.int64)
    return Factor(free / diagonal, lower, negative, flat)


def _lifted(pivot: FloatArray, floor: FloatArray) -> FloatArray:
    return np.where(np.abs(pivot) < floor, floor, pivot)


def gram(u: FloatArray, w: FloatArray) -> list[list[FloatArray]]:
    """Return the lower triangle of G = U^T W, rows of (B,) arrays."""
    return [[dot(u[p], w[q]) for q in range(p + 1)] for p in range(len(u))]


def solve_small(
    matrix: list[list[FloatArray]], rhs: FloatArray
) -> tuple[FloatArray, IntArray | int]:
    """Solve symmetric N x N systems by L D L^T.

    Parameters
    ----------
    matrix : lower triangle, rows of (B,) arrays
        Overwritten.
    rhs : ndarray, (N, B)

    Returns
    -------
    solution : ndarray, (N, B)
    negative : int or ndarray of int, (B,)
        Number of negative pivots.
    """
    n = len(matrix)
    z = rhs.copy()
    least = [ROUNDING * np.abs(matrix[j][j]) for j in range(1, n)]
    inverse = []
    negative: IntArray | int = 0
    for j in range(n):
        pivot = matrix[j][j]
        if j:
            lost = np.abs(pivot) <= least[j - 1]
            if lost.any():
                pivot = np.where(lost, np.maximum(least[j - 1], TINY), pivot)
        below = pivot < 0
        if below.any():
            negative = negative + below
        inverse.append(1.0 / pivot)
        for i in range(j + 1, n):
            ell = matrix[i][j] * inverse[j]
            z[i] -= ell * z[j]
            for k in range(j + 1, i + 1):
                matrix[i][k] -= ell * matrix[k][j]
            # the column is needed by the rows below: keep L for the way back in its place
        for i in range(j + 1, n):
            matrix[i][j] = matrix[i][j] * inverse[j]
    for j in reversed(range(n)):
        z[j] *= inverse[j]
        for i in range(j + 1, n):
            z[j] -= matrix[i][j] * z[i]
    return z, negative
