"""Best responses of two players in one instrument each, around the equilibrium of the whole war."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import FigureError

if TYPE_CHECKING:
    from sim.bargaining.problem import PayoffsLike

__all__ = ["FIELD", "Replies", "replies_of"]

FloatArray = npt.NDArray[np.float64]

FIELD = 81
"""Values of each issue at which gains over the equilibrium are computed."""

_NAME = "best-responses"
_POINTS = 201


@dataclass(frozen=True)
class Replies:
    """Two players' best responses in one issue each.

    Parameters
    ----------
    players : (str, str)
        Who sets the first and who sets the second issue.
    labels, units : (str, str)
        Of the issues.
    grids : array, shape (2, P)
        Values of the other's issue that each answers: of the second, and of the first.
    replies : array, shape (2, P)
        The first player's best value of the first issue, the second's of the second.
    equilibria : array, shape (E, 2)
        Values of the two issues at the equilibria of the whole war.
    gains : array, shape (2, M, M)
        What each player gains over the first equilibrium at M values of the second issue (rows) and
        of the first, evenly over their ranges; empty without an equilibrium.
    marks : mapping of str to (2,) array
        Landmarks: status quo, breakdown.
    note : str
    """

    players: tuple[str, str]
    labels: tuple[str, str]
    units: tuple[str, str]
    grids: FloatArray
    replies: FloatArray
    equilibria: FloatArray
    gains: FloatArray
    marks: Mapping[str, FloatArray] = field(default_factory=dict)
    note: str = ""


def replies_of(
    payoffs: PayoffsLike,
    issues: tuple[int, int],
    *,
    control: Sequence[int | None],
    lower: FloatArray,
    upper: FloatArray,
    start: FloatArray,
    units: tuple[str, str] = ("1", "1"),
    labels: tuple[str, str] | None = None,
    marks: Mapping[str, FloatArray] | None = None,
    note: str = "",
) -> Replies:
    """Return the best responses of two players, all other issues at the equilibrium of the war.

    Parameters
    ----------
    payoffs : PayoffsLike
        N players, K issues; its first draw is taken.
    issues : (int, int)
        Set by two different players.
    control : sequence of (int or None), length K
        Who sets each issue; None: it stays at `start`.
    lower, upper, start : arrays, shape (K,)
    units, labels : (str, str)
        Of the two issues.
    marks, note
        See `Replies`.

    Returns
    -------
    Replies

    Raises
    ------
    FigureError
        One player sets both issues, or nobody one of them.
    """
    from sim.games.threats.war import best_response, nash_war

    owners = [control[k] for k in issues]
    if None in owners or owners[0] == owners[1]:
        raise FigureError(f"{_NAME}: needs two issues that two different players set")
    one = payoffs.take(np.array([0]))
    war = nash_war(one, lower=lower, upper=upper, control=control, start=start, starts=6)
    many = payoffs.take(np.zeros(_POINTS, dtype=np.intp))
    low, high = (np.broadcast_to(v, (_POINTS, len(lower))) for v in (lower, upper))
    grids, found = [], []
    for own, other in ((0, 1), (1, 0)):
        grid = np.linspace(lower[issues[other]], upper[issues[other]], _POINTS)
        outcome = np.broadcast_to(war.outcome[0], low.shape).copy()
        outcome[:, issues[other]] = grid
        player = owners[own]
        assert player is not None
        answer = best_response(
            many, player, outcome=outcome, issues=[issues[own]], lower=low, upper=high
        )
        grids.append(grid)
        found.append(answer.outcome[:, issues[own]])
    found_there = war.all_outcomes[war.exists[:, 0], 0]
    points = found_there[:, list(issues)]
    at = [p for p in owners if p is not None]
    names = labels or (payoffs.issues[issues[0]], payoffs.issues[issues[1]])
    return Replies(
        players=(payoffs.players[at[0]], payoffs.players[at[1]]),
        labels=names,
        units=units,
        grids=np.array(grids),
        replies=np.array(found),
        equilibria=points,
        gains=_gains(one, found_there, issues, at, (lower, upper)),
        marks=marks or {},
        note=note,
    )


def _gains(
    payoffs: PayoffsLike,
    equilibria: FloatArray,
    issues: tuple[int, int],
    players: list[int],
    bounds: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Return what two players gain over the first equilibrium as two issues move, (2, M, M)."""
    if not len(equilibria):
        return np.zeros((2, 0, 0))
    first, second = (np.linspace(bounds[0][k], bounds[1][k], FIELD) for k in issues)
    x = np.repeat(equilibria[:1], FIELD**2, axis=0)
    x[:, issues[0]], x[:, issues[1]] = np.tile(first, FIELD), np.repeat(second, FIELD)
    whole = np.vstack([equilibria[:1], x])
    many = payoffs.take(np.zeros(len(whole), dtype=np.intp))
    value = np.asarray(many.evaluate(np.ascontiguousarray(whole.T), 0).value)[players]
    return (value[:, 1:] - value[:, :1]).reshape(2, FIELD, FIELD)
