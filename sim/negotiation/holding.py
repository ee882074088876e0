"""Does the deal hold by itself? Enforcement of a regime's agreement as a repeated game.

Deviation is a best response over the own instruments among the covered issues, punishment reverts
to the war in the covered issues; track by track, and pooled (Bernheim–Whinston 1990).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sim.games.enforcement.trigger import EnforcementLinkage, enforcement_of
from sim.negotiation.compile import compile_case
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.terms import Names
from sim.scenario import Scenario
from sim.scenario.equilibria import Enforcement

__all__ = ["HoldingResult", "solve_enforcement"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class HoldingResult:
    """Critical discount factors of one dyad's agreement.

    Parameters
    ----------
    parties, tracks, issues : tuple of str
    found : EnforcementLinkage
        Track by track and pooled; arrays over draws, tracks and parties.
    by_issue : EnforcementLinkage
        The same with every issue as a track of its own.
    patience : (B, n) array
        The parties' discount factors per year.
    """

    parties: tuple[str, ...]
    tracks: tuple[str, ...]
    issues: tuple[str, ...]
    found: EnforcementLinkage
    by_issue: EnforcementLinkage
    patience: FloatArray

    @property
    def separate_holds(self) -> BoolArray:
        """Whether each track's agreement holds by itself, (B, T)."""
        return np.asarray((self.found.separate <= self.patience[:, None]).all(axis=2))

    @property
    def pooled_holds(self) -> BoolArray:
        """Whether the pooled agreement holds, (B,)."""
        return np.asarray((self.found.pooled <= self.patience).all(axis=1))


def solve_enforcement(
    scenario: Scenario, theta: Mapping[str, FloatArray], draws: int
) -> tuple[HoldingResult, ...]:
    """Return, dyad by dyad, from which discount factor on the agreement holds.

    Parameters
    ----------
    scenario : Scenario
        Its `enforcement:` names the regime, the solution, the discount factors, and perhaps some
        dyads and tracks; `linked`, `nash`, 1/(1 + discount rate) and all of them without one.
    theta : mapping of str to (B,) array
    draws : int

    Returns
    -------
    tuple of HoldingResult
    """
    spec = scenario.enforcement or Enforcement()
    names = Names(scenario, theta, draws)
    case = compile_case(scenario, theta, draws)
    local = case.under(case.regimes[spec.regime])
    outcome = solve_regimes(case, [spec.regime], spec.solution)[spec.regime].lottery.mean
    results = []
    for parties in case.layout.dyads():
        if spec.tables is not None and case.layout.label(parties) not in spec.tables:
            continue
        tracks = dict.fromkeys(case.layout.tracks[k] for k in case.layout.issues_of(parties))
        chosen = [t for t in tracks if spec.tracks is None or t in spec.tracks]
        dyad = tuple(k for t in chosen for k in case.layout.issues_of(parties, t))
        if not dyad:
            continue
        bound = local.payoffs.table(parties, dyad, outcome)
        solve = partial(
            enforcement_of,
            bound,
            outcome=outcome[:, list(dyad)],
            control=[parties.index(case.controlled_by[k]) for k in dyad],
            lower=case.lower[:, list(dyad)],
            upper=case.upper[:, list(dyad)],
        )
        by_track = {t: [dyad.index(k) for k in case.layout.issues_of(parties, t)] for t in chosen}
        by_issue = {case.layout.issues[k]: [n] for n, k in enumerate(dyad)}
        results.append(
            HoldingResult(
                parties=tuple(case.layout.players[p] for p in parties),
                tracks=tuple(chosen),
                issues=tuple(by_issue),
                found=solve(tracks=by_track),
                by_issue=solve(tracks=by_issue),
                patience=_patience(names, spec, [case.layout.players[p] for p in parties]),
            )
        )
    return tuple(results)


def _patience(names: Names, spec: Enforcement, players: Sequence[str]) -> FloatArray:
    """Return discount factors per year, (B, n): the stated ones, else 1/(1 + discount rate)."""
    columns = []
    for player in players:
        stated = spec.discount_factor.get(player)
        rate = names.scenario.players[player].discount_rate
        if stated is not None:
            columns.append(names.column(stated))
        else:
            columns.append(1.0 / (1.0 + names.column(0.0 if rate is None else rate)))
    return np.stack(columns, axis=1)
