"""Coalitions behind the tables: what the hub gains from each set of partners (Shapley, core).

The characteristic function comes from bargaining: v(S) is the total gain over breakdown of
everything that the members of S reach at one table, the others' issues broken down; a coalition
without the hub, or of one, has nothing to settle and is worth 0. Gains are summed in money.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import GameError
from sim.games import CoalitionalGame, characteristic_function, shapley_value
from sim.negotiation.case import Case
from sim.negotiation.compile import compile_case
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.structure import Regime, Table
from sim.scenario import Scenario

__all__ = ["AllianceResult", "alliance_game", "solve_alliance"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class AllianceResult:
    """The game in which the hub deals with any set of its partners.

    Parameters
    ----------
    players : tuple of str
    game : CoalitionalGame
        Values (B, 2^N), USD bn per year above breakdown of everything.
    shapley : (B, N) array
    complements : (B,) array
        v(all) − Σ_j v({hub, j}): above 0 the partners are complements, below 0 substitutes.
    """

    players: tuple[str, ...]
    game: CoalitionalGame
    shapley: FloatArray
    complements: FloatArray


def alliance_game(case: Case, *, solution: str = "utilitarian") -> CoalitionalGame:
    """Return the characteristic function of a case.

    Parameters
    ----------
    case : Case
        With a hub: one player who is a party to every issue.
    solution : str
        What the members settle on, with equal weights and no rule of any declared regime; the
        utilitarian solution makes their total gain largest.

    Returns
    -------
    CoalitionalGame

    Raises
    ------
    GameError
        If there is no hub.
    """
    layout = case.layout
    hub = layout.hub()
    if hub is None:
        raise GameError("coalitions: one player who is a party to every issue is needed")
    down = case.payoffs.money(case.breakdown)
    worth: dict[tuple[str, ...], FloatArray] = {}
    partners = [p for p in range(len(layout.players)) if p != hub]
    for size in range(1, len(partners) + 1):
        for chosen in itertools.combinations(partners, size):
            members = tuple(sorted((hub, *chosen)))
            issues = tuple(
                k for k, sides in enumerate(layout.parties) if set(sides) <= set(members)
            )
            if not issues:
                continue
            settled = _together(case, members, issues, solution)
            gain = (settled - down)[:, list(members)].sum(axis=1)
            worth[tuple(layout.players[p] for p in members)] = gain
    return characteristic_function(lambda members: worth.get(members, 0.0), layout.players)


def _together(
    case: Case, members: tuple[int, ...], issues: tuple[int, ...], solution: str
) -> FloatArray:
    """Return the payoffs, (B, N), if `members` settle `issues` and the rest is broken down."""
    table = Table("coalition", members, issues, issues)
    players = len(case.layout.players)
    regime = Regime("coalition", (table,), audience_cost=(0.0,) * players, weights=(1.0,) * players)
    whole = replace(case, status_quo=case.breakdown, regimes={"coalition": regime})
    found = solve_regimes(whole, ["coalition"], solution)["coalition"]
    return found.lottery.money(case.payoffs)


def solve_alliance(
    scenario: Scenario, theta: Mapping[str, FloatArray], draws: int
) -> AllianceResult:
    """Return the coalitional game of a scenario with its Shapley value.

    Parameters
    ----------
    scenario : Scenario
    theta : mapping of str to (B,) array
    draws : int

    Returns
    -------
    AllianceResult
    """
    case = compile_case(scenario, theta, draws)
    game = alliance_game(case)
    hub = case.layout.hub()
    assert hub is not None
    names = case.layout.players
    pairs = [game.value((names[hub], name)) for name in names if name != names[hub]]
    whole = np.asarray(game.value(names))
    return AllianceResult(
        names, game, shapley_value(game), whole - np.sum([np.asarray(p) for p in pairs], axis=0)
    )
