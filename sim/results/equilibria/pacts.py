"""Whether a deal holds, and what coalitions are worth, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.negotiation.alliance import solve_alliance
from sim.negotiation.holding import solve_enforcement
from sim.results.equilibria.statistics import Statistics
from sim.scenario import Scenario

__all__ = ["coalitions_report", "enforcement_report"]

FloatArray = NDArray[np.float64]
Theta = Mapping[str, FloatArray]


def enforcement_report(
    scenario: Scenario, theta: Theta, draws: int, stat: Statistics
) -> dict[str, Any]:
    """Return critical discount factors pair by pair: by track, pooled, and by issue.

    Parameters
    ----------
    scenario : Scenario
    theta : mapping of str to (B,) array
    draws : int
        B.
    stat : callable
        From draws to statistics.
    """
    report = {}
    for held in solve_enforcement(scenario, theta, draws):
        found = held.found
        report["-".join(held.parties)] = {
            "separate": {
                track: {
                    "critical_discount_factor": stat(found.separate_agreement[:, t]),
                    "never": float(np.isinf(found.separate_agreement[:, t]).mean()),
                    "rescued_by_linkage": float(found.rescued[:, t].mean()),
                    "tightened_by_linkage": float(found.tightened[:, t].mean()),
                    "holds": stat(held.separate_holds[:, t].astype(float)),
                }
                for t, track in enumerate(held.tracks)
            },
            "pooled": {
                "critical_discount_factor": stat(found.pooled_agreement),
                "never": float(np.isinf(found.pooled_agreement).mean()),
                "holds": stat(held.pooled_holds.astype(float)),
            },
            "by_issue": {
                issue: {
                    "critical_discount_factor": stat(held.by_issue.separate_agreement[:, n]),
                    "never": float(np.isinf(held.by_issue.separate_agreement[:, n]).mean()),
                }
                for n, issue in enumerate(held.issues)
            },
            "converged": float((found.converged & held.by_issue.converged).mean()),
        }
    return report


def coalitions_report(
    scenario: Scenario, theta: Theta, draws: int, stat: Statistics
) -> dict[str, Any]:
    """Return what coalitions are worth, the Shapley value, the nucleolus and the core.

    Parameters
    ----------
    scenario : Scenario
    theta : mapping of str to (B,) array
    draws : int
        B.
    stat : callable
        From draws to statistics.
    """
    from sim.games.coalitions.core_nucleolus import core, nucleolus

    found = solve_alliance(scenario, theta, draws)
    mean = type(found.game)(found.game.values.mean(axis=0), found.players)
    size = len(found.players)
    worth = {}
    for index in range(1, 2**size):
        members = [p for n, p in enumerate(found.players) if index >> n & 1]
        worth["+".join(members)] = stat(found.game.values[:, index])
    return {
        "worth": worth,
        "shapley": {p: stat(found.shapley[:, n]) for n, p in enumerate(found.players)},
        "nucleolus_at_means": dict(
            zip(found.players, map(float, nucleolus(mean).payoffs), strict=True)
        ),
        "core_empty_at_means": core(mean).empty,
        "complements": stat(found.complements),
    }
