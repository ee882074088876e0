"""Anderson acceleration of a fixed-point iteration, draw by draw.

With f_k = g(x_k) − x_k and differences Δ over the last two steps, the next point is

    x_{k+1} = g(x_k) − Σ_j γ_j Δg_j,    γ = argmin ‖f_k − Σ_j γ_j Δf_j‖

(Anderson 1965; Walker–Ni 2011). A draw whose last step did not shrink f takes a plain step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Anderson"]

FloatArray = NDArray[np.float64]

_DEPTH = 2


class Anderson:
    """The memory of the last steps of every draw.

    Parameters
    ----------
    draws, size : int
        B draws of a vector of K entries.
    """

    def __init__(self, draws: int, size: int) -> None:
        self._image = np.full((_DEPTH + 1, draws, size), np.nan)
        self._change = np.full((_DEPTH + 1, draws, size), np.nan)

    def forget(self, rows: NDArray[np.intp]) -> None:
        """Start afresh in some draws."""
        self._image[:, rows] = np.nan
        self._change[:, rows] = np.nan

    def step(self, rows: NDArray[np.intp], before: FloatArray, after: FloatArray) -> FloatArray:
        """Return where to go next.

        Parameters
        ----------
        rows : (M,) int array
            The draws.
        before, after : (M, K) arrays
            A point and its image, in units in which entries compare.

        Returns
        -------
        (M, K) array
            `after`, where there is no history yet or the last step did not help.
        """
        self._image[1:, rows] = self._image[:-1, rows]
        self._change[1:, rows] = self._change[:-1, rows]
        self._image[0, rows], self._change[0, rows] = after, after - before
        image, change = self._image[:, rows], self._change[:, rows]
        d_image, d_change = image[:-1] - image[1:], change[:-1] - change[1:]
        known = np.isfinite(d_change).all(axis=(0, 2))
        known &= (change[0] ** 2).sum(axis=1) < (change[1] ** 2).sum(axis=1)
        first, second, now = d_change[0], d_change[1], change[0]
        aa, bb = (first * first).sum(axis=1), (second * second).sum(axis=1)
        ab = (first * second).sum(axis=1)
        fa, fb = (first * now).sum(axis=1), (second * now).sum(axis=1)
        determinant = aa * bb - ab * ab
        known &= determinant > 1e-12 * aa * bb
        safe = np.where(known, determinant, 1.0)
        gamma = (bb * fa - ab * fb) / safe
        delta = (aa * fb - ab * fa) / safe
        jump = gamma[:, None] * d_image[0] + delta[:, None] * d_image[1]
        return np.asarray(np.where(known[:, None], after - jump, after))
