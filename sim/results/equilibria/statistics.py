"""From draws to a mean, its standard error and quantiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.montecarlo.precision import standard_error
from sim.montecarlo.sampling import Design, replicate

__all__ = ["Statistics", "statistics"]

Statistics = Callable[[NDArray[np.float64]], dict[str, float | None]]
"""From draws (B,) to {mean, se, q05, q50, q95}; mean and se are None where a draw is not finite."""

_QUANTILES = ("q05", "q50", "q95")


def statistics(scheme: Design, draws: int, known: NDArray[np.intp]) -> Statistics:
    """Return the function that turns known draws (B,) into {mean, se, q05, q50, q95}.

    Parameters
    ----------
    scheme : Design
        What the draws come from: its replicates give the standard errors.
    draws : int
        How many there are.
    known : (B,) array
        Which of them are summed up.
    """
    every = replicate(scheme, range(draws))
    labels = None if every is None else every[known]

    def stat(values: NDArray[np.float64]) -> dict[str, float | None]:
        known = np.asarray(values, dtype=float)
        finite = known[np.isfinite(known)]
        if len(finite) < len(known):
            low, middle, high = np.quantile(known, [0.05, 0.5, 0.95], method="lower")
            spread = [_or_none(q) for q in (low, middle, high)]
            return {"mean": None, "se": None, **dict(zip(_QUANTILES, spread, strict=True))}
        low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
        error = float(standard_error(known[:, None], labels)[0])
        return {
            "mean": float(known.mean()),
            "se": _or_none(error),
            "q05": float(low),
            "q50": float(middle),
            "q95": float(high),
        }

    return stat


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
