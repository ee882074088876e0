"""How sure we are of a mean: standard errors by sampler, and when a run may stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError

__all__ = ["CAP", "FIRST_STAGE", "Precision", "next_total", "standard_error"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FIRST_STAGE = 2048
"""Draws before the first look of a run that stops by precision."""
CAP = 1_048_576
"""Most draws of a run that stops by precision, unless said otherwise."""


def standard_error(values: FloatArray, replicate: IntArray | None = None) -> FloatArray:
    """Return the standard error of the mean over draws.

    Independent draws: s/√n. With R replicates (Sobol', Latin hypercube), whose means m_r over
    n_r draws are independent of one another,

        se² = R/(R − 1) Σ_r (n_r/n)² (m_r − m)²,

    which is the variance of the replicate means over R where all n_r are equal. Within a replicate
    the draws are no independent sample: s/√n would overstate the error many times.

    Parameters
    ----------
    values : array, shape (n, ...)
        One row a draw; draws without a value (NaN) are left out.
    replicate : array of int, shape (n,), optional
        The replicate of each draw; None for independent draws.

    Returns
    -------
    array, shape (...)
        `inf` where one draw or one replicate is all there is: nothing is known of the error.

    References
    ----------
    Owen, Monte Carlo theory, methods and examples, ch. 17 (replicated randomised QMC).
    """
    columns = values.reshape(len(values), -1)
    errors = [_error(np.ascontiguousarray(column), replicate) for column in columns.T]
    return np.array(errors).reshape(values.shape[1:])


def _error(values: FloatArray, replicate: IntArray | None) -> float:
    """Return the standard error of one column: alone, so that it rounds alike in any company."""
    known = ~np.isnan(values)
    if not known.all():
        replicate = None if replicate is None else replicate[known]
        values = values[known]
    n = len(values)
    if n == 0:
        return np.inf
    values = values - values[0]  # a constant then has no error at all, not that of rounding
    if replicate is None:
        return float(np.std(values, ddof=1)) / np.sqrt(n) if n > 1 else np.inf
    counts = np.bincount(replicate)
    count = np.count_nonzero(counts)
    if count < 2:
        return np.inf
    sums = np.bincount(replicate, weights=values)
    # (n_r/n)² (m_r − m)² with n_r m_r the sum of replicate r
    squares = np.sum((sums - counts * (np.sum(sums) / n)) ** 2) / n**2
    return float(np.sqrt(squares * (count / (count - 1))))


@dataclass(frozen=True, slots=True)
class Precision:
    """Stop when every watched mean is known well enough.

    Parameters
    ----------
    target : float
        Largest standard error allowed, in the unit of what is watched.
    measure : callable
        From the finished draws, dict of arrays (n, ...), and their replicates to the standard
        errors of what is watched. It sees draws 0 … n − 1 in order, whoever computed them, so that
        where a run stops is the same on any number of workers.
    watched : tuple of str
        The arrays that `measure` reads.
    cap : int
        Most draws.
    first : int
        Draws before the first look.
    """

    target: float
    measure: Callable[[dict[str, npt.NDArray[np.generic]], IntArray | None], FloatArray]
    watched: tuple[str, ...]
    cap: int = CAP
    first: int = FIRST_STAGE

    def __post_init__(self) -> None:
        if not self.target > 0:
            raise SamplingError(f"se {self.target}: a standard error to reach is positive")
        if self.cap < 2 or self.first < 2:
            raise SamplingError("a run that stops by precision needs at least 2 draws")


def next_total(n: int, *, error: float, target: float, cap: int, doubling: bool) -> int:
    """Return how many draws a run should have next; n itself means stop.

    Sobol' sequences are balanced at powers of two, so they double. Independent draws go to the
    number that se ∝ n^(−1/2) predicts, at least a quarter and at most three times more.

    Parameters
    ----------
    n : int
        Draws so far.
    error : float
        Largest standard error so far.
    target, cap
        See `Precision`.
    doubling : bool
        True for Sobol'.

    Returns
    -------
    int
        Between n and `cap`.
    """
    if error <= target or n >= cap:
        return n
    if doubling or not np.isfinite(error):
        return min(2 * n, cap)
    predicted = 1.02 * n * (error / target) ** 2
    return min(int(np.ceil(min(max(predicted, 1.25 * n), 4.0 * n))), cap)
