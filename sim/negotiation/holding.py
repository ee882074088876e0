"""Does the deal hold by itself? Enforcement of a regime's agreement as a repeated game.

Deviation is a best response over the own instruments among the covered issues, punishment reverts
to the war in the covered issues; track by track, and pooled (Bernheim–Whinston 1990).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.games.enforcement import EnforcementLinkage, enforcement_of
from sim.negotiation.compile import compile_case
from sim.negotiation.regimes import solve_regimes
from sim.scenario import Scenario

__all__ = ["HoldingResult", "solve_enforcement"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class HoldingResult:
    """Critical discount factors of one dyad's agreement.

    Parameters
    ----------
    parties, tracks : tuple of str
    found : EnforcementLinkage
        Arrays over draws, tracks and parties.
    """

    parties: tuple[str, ...]
    tracks: tuple[str, ...]
    found: EnforcementLinkage


def solve_enforcement(
    scenario: Scenario, theta: Mapping[str, FloatArray], draws: int
) -> tuple[HoldingResult, ...]:
    """Return, dyad by dyad, from which discount factor on the agreement holds.

    Parameters
    ----------
    scenario : Scenario
        Its `enforcement:` names the regime and solution; `linked` and `nash` without one.
    theta : mapping of str to (B,) array
    draws : int

    Returns
    -------
    tuple of HoldingResult
    """
    spec = scenario.enforcement
    name = "linked" if spec is None else spec.regime
    solution = "nash" if spec is None else spec.solution
    case = compile_case(scenario, theta, draws)
    regime = case.regimes[name]
    local = case.under(regime)
    outcome = solve_regimes(case, [name], solution)[name].lottery.mean
    results = []
    for parties in case.layout.dyads():
        dyad = case.layout.issues_of(parties)
        tracks = {
            track: [dyad.index(k) for k in case.layout.issues_of(parties, track)]
            for track in dict.fromkeys(case.layout.tracks[k] for k in dyad)
        }
        bound = local.payoffs.table(parties, dyad, outcome)
        control = [
            parties.index(case.controlled_by[k]) if case.controlled_by[k] in parties else None
            for k in dyad
        ]
        found = enforcement_of(
            bound,
            outcome=outcome[:, list(dyad)],
            tracks=tracks,
            control=control,
            lower=case.lower[:, list(dyad)],
            upper=case.upper[:, list(dyad)],
        )
        names = tuple(case.layout.players[p] for p in parties)
        results.append(HoldingResult(names, tuple(tracks), found))
    return tuple(results)
