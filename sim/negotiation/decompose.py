"""Who gains from linkage, and why: two exact decompositions of the gain.

headline  linked − separate = logrolling + coercion + erosion
logrolling = linked-by-consent − separate
coercion   = linked without erosion − linked-by-consent
erosion    = linked − linked without erosion
second    linked − separate = leverage + packaging + erosion
leverage   = threat-linked − separate
packaging  = linked without erosion − threat-linked
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARTS", "decompose", "linkage_gain"]

FloatArray = NDArray[np.float64]

PARTS = ("logrolling", "coercion", "erosion", "leverage", "packaging")
"""The parts of the two decompositions; erosion belongs to both."""


def linkage_gain(payoff: Mapping[str, FloatArray]) -> FloatArray:
    """Return u(linked) − u(separate), paired per draw.

    Parameters
    ----------
    payoff : mapping of str to array
        Per regime the payoffs, any common shape; needs `linked` and `separate`.
    """
    return payoff["linked"] - payoff["separate"]


def decompose(payoff: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the parts of the linkage gain.

    Parameters
    ----------
    payoff : mapping of str to array
        Per regime the payoffs, any common shape. `linked-without-erosion` may be absent where
        `linked` carries no erosion: they are then the same.

    Returns
    -------
    dict of str to array
        By the names of `PARTS`; a part whose regimes are absent is left out.
    """
    pure = payoff.get("linked-without-erosion", payoff.get("linked"))
    pairs = {
        "logrolling": (payoff.get("linked-by-consent"), payoff.get("separate")),
        "coercion": (pure, payoff.get("linked-by-consent")),
        "erosion": (payoff.get("linked"), pure),
        "leverage": (payoff.get("threat-linked"), payoff.get("separate")),
        "packaging": (pure, payoff.get("threat-linked")),
    }
    return {
        part: after - before
        for part, (after, before) in pairs.items()
        if after is not None and before is not None
    }
