"""The payoff space of one table, at the medians of all parameters: what the figure of it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import FigureError, ProblemError
from sim.plots.style import listed, regime_label

if TYPE_CHECKING:
    from sim.bargaining import BoxProblem
    from sim.negotiation import Case, Regime, Settled, Table
    from sim.negotiation.tables import Fallback
    from sim.scenario import Scenario

__all__ = ["NO_DEAL", "PayoffSpace", "Side", "space_of", "space_of_problem"]

FloatArray = npt.NDArray[np.float64]

NO_DEAL = "no agreement"
"""Why a solution is not there where talks fail."""

_NAME = "payoff-space"
_POINTS = 121


@dataclass(frozen=True)
class Side:
    """The bargaining set of two players under one regime.

    Parameters
    ----------
    regime : str
    frontier : array, shape (P, 2)
        The individually rational part of the Pareto frontier; empty without an agreement.
    disagreement, ideal : array, shape (2,)
        What a breakdown of all tables between them leaves; the most each can get where the other
        does not lose.
    solutions : mapping of str to array, shape (2,)
        Per solution concept the payoffs that it leads to.
    refused : mapping of str to str
        Solutions that are not there, and why.
    """

    regime: str
    frontier: FloatArray
    disagreement: FloatArray
    ideal: FloatArray
    solutions: Mapping[str, FloatArray]
    refused: Mapping[str, str]


@dataclass(frozen=True)
class PayoffSpace:
    """The payoff space of two players, for one regime or several.

    Parameters
    ----------
    table : str
    players : (str, str)
    unit : str
    sides : tuple of Side
        Payoffs as certainty equivalents of the change from the status quo.
    note : str
        What is held where.
    """

    table: str
    players: tuple[str, str]
    unit: str
    sides: tuple[Side, ...]
    note: str = ""


def space_of_problem(
    problem: BoxProblem, *, solutions: Sequence[str] | None = None, unit: str = "utility"
) -> PayoffSpace:
    """Return the payoff space of one bargaining problem, such as one of plain functions.

    Parameters
    ----------
    problem : BoxProblem
        Of two players; its first draw is taken.
    solutions : sequence of str, optional
        All but `raiffa_continuous` by default.
    unit : str
        Of the payoffs.

    Returns
    -------
    PayoffSpace

    Raises
    ------
    FigureError
        There are not two players.
    """
    players = problem.payoffs.players
    if len(players) != 2:
        raise FigureError(f"{_NAME}: needs two players; this table has {', '.join(players)}")
    first = problem.take(np.array([0]))
    found, refused = _solved(first, _concepts(solutions))
    side = _side("table", first, found, refused)
    return PayoffSpace("table", (players[0], players[1]), unit, (side,))


def space_of(
    scenario: Scenario,
    *,
    table: str | None = None,
    regimes: Sequence[str] = ("separate", "linked"),
    solutions: Sequence[str] | None = None,
) -> PayoffSpace:
    """Return the payoff space of two players under several regimes.

    Every uncertain number is at its median. The other tables stand where the Nash solution of the
    same regime leaves them.

    Parameters
    ----------
    scenario : Scenario
    table : str, optional
        A table of two parties in the last regime, the first one by default. In the other regimes
        the tables that settle the same issues between the same parties are taken together.
    regimes : sequence of str
    solutions : sequence of str, optional
        All but `raiffa_continuous` by default.

    Returns
    -------
    PayoffSpace

    Raises
    ------
    FigureError
        No such regime or table, a table that is not between two, issues that another regime settles
        with others.
    """
    from sim.negotiation import compile_case, median_theta, solve_regimes

    case = compile_case(scenario, median_theta(scenario), 1)
    for name in regimes:
        if name not in case.regimes:
            raise FigureError(f"{_NAME}: regime {name!r}: there are {', '.join(case.regimes)}")
    chosen = _table(case, case.regimes[regimes[-1]], table)
    tables = {name: _same(case, case.regimes[name], chosen) for name in regimes}
    solved = solve_regimes(case, list(regimes), "nash")
    sides = [
        _regime_side(case, case.regimes[name], tables[name], solved, _concepts(solutions))
        for name in regimes
    ]
    one, two = (case.layout.players[p] for p in chosen.parties)
    note = "parameters at their medians, other tables at their Nash solution"
    if apart := [name for name in regimes if len(tables[name]) > 1]:
        names = listed([regime_label(name) for name in apart])
        note += f"; frontier of all issues at once, which the tables of {names} can fall short of"
    return PayoffSpace(chosen.name, (one, two), scenario.unit, tuple(sides), note)


def _concepts(solutions: Sequence[str] | None) -> tuple[str, ...]:
    from sim.bargaining import SOLUTIONS

    if solutions is None:
        return tuple(name for name in SOLUTIONS if name != "raiffa_continuous")
    unknown = [name for name in solutions if name not in SOLUTIONS]
    if unknown:
        raise FigureError(f"{_NAME}: solution {unknown[0]!r}: there are {', '.join(SOLUTIONS)}")
    return tuple(solutions)


def _table(case: Case, regime: Regime, name: str | None) -> Table:
    """Return the table asked for."""
    pairs = [t for t in regime.tables if len(t.parties) == 2]
    known = ", ".join(t.name for t in pairs)
    if not pairs:
        raise FigureError(f"{_NAME}: needs a table of two parties; {regime.name} has none")
    if name is None:
        return pairs[0]
    for table in regime.tables:
        if table.name == name and len(table.parties) == 2:
            return table
    parties = next((t.parties for t in regime.tables if t.name == name), None)
    why = "is not there" if parties is None else f"has {len(parties)} parties"
    raise FigureError(f"{_NAME}: table {name!r} {why}; {regime.name} has tables of two: {known}")


def _same(case: Case, regime: Regime, table: Table) -> tuple[Table, ...]:
    """Return the tables of a regime that settle the same issues between the same parties."""
    wanted = set(table.issues)
    own = [t for t in regime.tables if set(t.issues) <= wanted and t.parties == table.parties]
    if {k for t in own for k in t.issues} != wanted or regime.front is not None:
        raise FigureError(
            f"{_NAME}: {regime.name} does not settle the issues of {table.name} between its two "
            "parties alone"
        )
    return tuple(own)


def _regime_side(
    case: Case,
    regime: Regime,
    tables: tuple[Table, ...],
    solved: Mapping[str, Settled],
    concepts: tuple[str, ...],
) -> Side:
    """Return the bargaining set under one regime, its tables between the two taken together."""
    from sim.negotiation import Table
    from sim.negotiation.tables import table_problem
    from sim.negotiation.war import breakdown_values

    local = case.under(regime)
    local = replace(local, breakdown=breakdown_values(local, regime).values)
    elsewhere = solved[regime.name].lottery.mean
    fallback = _fallback(case, regime, solved)
    issues = tuple(sorted(k for t in tables for k in t.issues))
    falls = tuple(sorted({k for t in tables for k in t.falls}))
    whole = Table("+".join(t.name for t in tables), tables[0].parties, issues, falls)
    problem = table_problem(local, regime, whole, elsewhere, fallback=fallback)
    if len(tables) == 1:
        found, refused = _solved(problem, concepts)
    else:
        found, refused = _side_by_side(local, regime, tables, elsewhere, fallback, concepts)
    return _side(regime.name, problem, found, refused)


def _fallback(case: Case, regime: Regime, solved: Mapping[str, Settled]) -> Fallback | None:
    from sim.negotiation.tables import Fallback

    if regime.fallback is None:
        return None
    return Fallback(solved[regime.fallback].lottery, np.ones(case.lower.shape, dtype=bool))


def _side(
    regime: str,
    problem: BoxProblem,
    found: Mapping[str, FloatArray],
    refused: Mapping[str, str],
) -> Side:
    """Return frontier, disagreement and ideal point of a problem beside its solutions."""
    from sim.bargaining import frontier

    money = problem.payoffs.certainty_equivalent
    edge = frontier(problem, _POINTS)
    point = money(np.asarray(problem.disagreement, dtype=np.float64))[0]
    curve = np.zeros((0, 2))
    ideal = point
    if edge.agreement[0]:
        curve = np.stack([money(edge.payoffs[:, n])[0] for n in range(edge.payoffs.shape[1])])
        ideal = curve.max(axis=0)
    return Side(regime, curve, point, ideal, found, refused)


Points = tuple[dict[str, FloatArray], dict[str, str]]


def _solved(problem: BoxProblem, concepts: tuple[str, ...]) -> Points:
    """Return the payoffs of each solution at one table, and why some are not there."""
    from sim.bargaining import solve

    found: dict[str, FloatArray] = {}
    refused: dict[str, str] = {}
    for concept in concepts:
        try:
            answer = solve(problem, concept)
        except ProblemError as error:
            refused[concept] = str(error)
            continue
        if answer.agreement[0]:
            found[concept] = problem.payoffs.certainty_equivalent(answer.payoffs)[0]
        else:
            refused[concept] = NO_DEAL
    return found, refused


def _side_by_side(
    local: Case,
    regime: Regime,
    tables: tuple[Table, ...],
    elsewhere: FloatArray,
    fallback: Fallback | None,
    concepts: tuple[str, ...],
) -> Points:
    """Return the payoffs of each solution at several tables that are solved side by side."""
    from sim.negotiation import nash_in_nash

    alone = replace(regime, tables=tables, stages=())
    parties = list(tables[0].parties)
    found: dict[str, FloatArray] = {}
    refused: dict[str, str] = {}
    for concept in concepts:
        try:
            settled = nash_in_nash(local, alone, concept, start=elsewhere, fallback=fallback)
        except ProblemError as error:
            refused[concept] = str(error)
            continue
        if settled.agreement.all():
            utility = settled.lottery.utility(local.payoffs)
            found[concept] = local.payoffs.certainty_equivalent(utility)[0, parties]
        else:
            refused[concept] = NO_DEAL
    return found, refused
