"""The worked example as the tests of the games use it: who sits where, and noise over draws."""

from __future__ import annotations

import numpy as np

from benchmarks import worked_example as example
from sim.payoffs import Payoffs

LOWER = np.asarray(example.LOWER, dtype=float)
UPPER = np.asarray(example.UPPER, dtype=float)
STATUS_QUO = np.asarray(example.STATUS_QUO, dtype=float)
BREAKDOWN = np.asarray(example.BREAKDOWN, dtype=float)
US_JAPAN = ((0, 1), (0, 1, 2, 3, 4, 5))


def worked_example(n_draws: int = 1, *, spread: float = 0.0, seed: int = 0) -> Payoffs:
    """Return the payoffs of the worked example; `spread` is the log sd of its parameters."""
    return example.build(n_draws, gsd=float(np.exp(spread)), rng=np.random.default_rng(seed))
