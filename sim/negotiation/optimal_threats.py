"""Nash's (1953) variable threats at a table of two, from the menus that a scenario declares.

Each party picks a posture, a set of values for issues on breakdown; the Nash solution with equal
weights from the point that the two postures lead to is the payoff of the threat game. That point is
the disagreement point of the regime: the postures carried out with probability q, else the status
quo less audience costs. The equilibrium in mixed postures is found on the convex hull of the
table's frontier; the breakdown values are the means over the mixed postures, which is exact where
the optimal postures are pure. Whatever solution the table then uses, the postures are Nash's.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import BoxProblem, frontier
from sim.errors import GameError
from sim.games.threats.variable import optimal_threats
from sim.negotiation.case import Case
from sim.negotiation.structure import Regime
from sim.negotiation.tables import fallen

__all__ = ["optimal_postures"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

FRONTIER_POINTS = 33


def optimal_postures(
    case: Case, regime: Regime, parties: tuple[int, ...], falls: tuple[int, ...]
) -> tuple[FloatArray, BoolArray]:
    """Return the optimal breakdown values of what falls between two parties.

    Parameters
    ----------
    case : Case
    regime : Regime
        Whose threats they are: its credibility q and audience costs.
    parties : tuple of int
    falls : tuple of int
        The issues that fall, K_f of them; the rest at the status quo.

    Returns
    -------
    (B, K_f) array, (B,) bool array
        The values, and whether they were found.

    Raises
    ------
    GameError
        If there are not exactly two parties, or one of them has declared no postures.
    """
    names = [case.layout.players[p] for p in parties]
    if len(parties) != 2:
        raise GameError(
            f"breakdown: variable is for tables of two parties, not of {', '.join(names)}; "
            "allowed there: announced, status_quo, nash"
        )
    for player, name in zip(parties, names, strict=True):
        if not case.postures.get(player):
            raise GameError(f"breakdown: variable needs threats.{name}, a list of postures")
    issues = list(falls)
    bound = case.payoffs.table(parties, issues, case.status_quo)
    falling = np.isin(np.arange(case.lower.shape[1]), issues)
    menus = [case.postures[p] for p in parties]
    shape = (len(menus[0]), len(menus[1]))
    values = np.empty((*shape, case.n_draws, len(issues)))
    points = np.empty((*shape, case.n_draws, 2))
    for i, j in itertools.product(range(shape[0]), range(shape[1])):
        outcome = case.breakdown.copy()
        for posture in (menus[0][i], menus[1][j]):
            for issue, value in posture.items():
                outcome[:, issue] = value
        values[i, j] = outcome[:, issues]
        lottery = fallen(replace(case, breakdown=outcome), regime, case.status_quo, falling)
        points[i, j] = lottery.utility(case.payoffs)[:, list(parties)]
    problem = BoxProblem(
        payoffs=bound,
        lower=case.lower[:, issues],
        upper=case.upper[:, issues],
        disagreement=points.min(axis=(0, 1)),
    )
    edge = frontier(problem, FRONTIER_POINTS)
    matrices = np.moveaxis(points, 2, 0)
    found = optimal_threats(matrices[..., 0], matrices[..., 1], alternatives=edge.payoffs)
    weights = found.row[:, :, None] * found.column[:, None, :]
    return np.einsum("bij,ijbk->bk", weights, values), found.converged
