"""Cases for the tests of tables and regimes, made from bare payoffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks import worked_example
from sim.negotiation.case import Case
from sim.negotiation.structure import Layout, standard_regimes
from sim.payoffs import Deterrence, Payoffs

FloatArray = NDArray[np.float64]


def make_case(
    payoffs: Payoffs,
    *,
    parties: Sequence[tuple[int, ...]],
    tracks: Sequence[str],
    lower: ArrayLike,
    upper: ArrayLike,
    status_quo: ArrayLike,
    breakdown: ArrayLike,
) -> Case:
    """Return a case with the standard regimes."""
    shape = (payoffs.n_draws, len(payoffs.issues))
    layout = Layout(payoffs.players, payoffs.issues, tuple(parties), tuple(tracks))

    def spread(values: ArrayLike) -> FloatArray:
        return np.broadcast_to(np.asarray(values, dtype=float), shape).copy()

    return Case(
        layout=layout,
        payoffs=payoffs,
        lower=spread(lower),
        upper=spread(upper),
        status_quo=spread(status_quo),
        breakdown=spread(breakdown),
        regions={t.name: t.issue for t in payoffs.terms if isinstance(t, Deterrence)},
        domains=("other",) * shape[1],
        controlled_by=tuple(p[0] for p in parties),
        ties=(),
        regimes=standard_regimes(layout),
    )


def worked_case(n: int = 1, *, gsd: float = 1.0, seed: int = 0, erosion: float = 0.0) -> Case:
    """Return the worked example as a case; `erosion` is that of `linked`."""
    payoffs = worked_example.build(n, gsd=gsd, rng=np.random.default_rng(seed))
    us, japan, korea = 0, 1, 2
    track = ["trade"] * 4 + ["defence"] * 2
    case = make_case(
        payoffs,
        parties=[(us, japan)] * 6 + [(us, korea)] * 6,
        tracks=track * 2,
        lower=worked_example.LOWER,
        upper=worked_example.UPPER,
        status_quo=worked_example.STATUS_QUO,
        breakdown=worked_example.BREAKDOWN,
    )
    regimes = dict(case.regimes)
    regimes["linked"] = replace(regimes["linked"], erosion=erosion)
    return replace(case, regimes=regimes)
