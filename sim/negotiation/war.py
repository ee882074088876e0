"""Where breakdown values come from: announced, the status quo, or the war that would follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.negotiation.case import Case
from sim.negotiation.structure import Regime

__all__ = ["with_breakdown"]

FloatArray = NDArray[np.float64]


def with_breakdown(case: Case, regime: Regime) -> Case:
    """Return the case with the breakdown values that `regime` asks for.

    Parameters
    ----------
    case : Case
        At the credibility of the regime.
    regime : Regime
        Its `breakdown` is `announced` (the scenario's values) or `status_quo`.

    Returns
    -------
    Case
    """
    if regime.breakdown == "status_quo":
        return replace(case, breakdown=case.status_quo)
    return case
