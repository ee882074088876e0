"""What is bargained over at one table, and what a solution of it looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Solution"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Solution:
    """The point that a solution concept picks in every draw, and how well it is known.

    Parameters
    ----------
    payoffs : ndarray, shape (B, N)
        Utilities at the solution; the disagreement point where there is no agreement.
    outcome : ndarray, shape (B, K) or (B, M)
        On a box: the value of every issue. On a finite set or its convex hull: the
        probability of every alternative, all 0 where there is no agreement.
    agreement : ndarray of bool, shape (B,)
        Whether some outcome gives every party a gain; decided by the set, never by where
        a solver stopped.
    converged : ndarray of bool, shape (B,)
        Whether the certificate below was met.
    residual : ndarray, shape (B,)
        Certificate of the definition, relative to the scale of the gains: 0 is exact.
    method : str
        Name of the solution concept, as in `SOLUTIONS`.
    parameters : mapping
        Whatever else belongs to the answer: weights, ideal point, multipliers.
    """

    payoffs: FloatArray
    outcome: FloatArray
    agreement: BoolArray
    converged: BoolArray
    residual: FloatArray
    method: str
    parameters: Mapping[str, object] = field(default_factory=dict)
