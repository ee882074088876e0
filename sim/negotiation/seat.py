"""A table by its name, with the outcomes elsewhere: where the analyses of one table start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import GameError
from sim.negotiation.case import Case
from sim.negotiation.lottery import Lottery, cara
from sim.negotiation.nash_in_nash import Settled
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.structure import Regime, Table
from sim.negotiation.tables import disagreement
from sim.negotiation.war import breakdown_values
from sim.payoffs import TablePayoffs
from sim.payoffs.table import worth

__all__ = ["Seat", "take_seat"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Seat:
    """One table of a regime, the others at what the regime leads to.

    Parameters
    ----------
    case : Case
        At the credibility of the regime, with its breakdown values.
    regime : Regime
    table : Table
    elsewhere : (B, K) array
        Outcomes, the table's own columns included, under the solution that was asked for.
    payoffs : TablePayoffs
        Of the parties over the table's issues.
    settled : Settled
        What the regime leads to.
    """

    case: Case
    regime: Regime
    table: Table
    elsewhere: FloatArray
    payoffs: TablePayoffs
    settled: Settled

    @property
    def lower(self) -> FloatArray:
        """Lower bounds of the table's issues, (B, k)."""
        return self.case.lower[:, list(self.table.issues)]

    @property
    def upper(self) -> FloatArray:
        """Upper bounds of the table's issues, (B, k)."""
        return self.case.upper[:, list(self.table.issues)]

    @property
    def parties(self) -> tuple[str, ...]:
        """Names of the parties."""
        return tuple(self.case.layout.players[p] for p in self.table.parties)

    @property
    def issues(self) -> tuple[str, ...]:
        """Names of the issues."""
        return tuple(self.case.layout.issues[k] for k in self.table.issues)

    def money(self, utility: FloatArray, party: int | None = None) -> FloatArray:
        """Return the changes of money worth utilities v, (B, ..., n), or (B, ...) of one party.

        Infinite where a party is so averse to risk that large gains are alike to it.
        """
        return worth(utility, self._aversion(utility.ndim, party))

    def utility(self, money: FloatArray, party: int | None = None) -> FloatArray:
        """Return the utilities v of changes of money, (B, ..., n), or (B, ...) of one party."""
        return cara(money, self._aversion(money.ndim, party))

    def _aversion(self, dimensions: int, party: int | None) -> FloatArray | None:
        """Return the risk aversions so that their transpose is as wide as an array of so many."""
        every = self.payoffs.risk_aversion
        if every is None:
            return None
        own = every if party is None else every[party]
        return own.reshape(*own.shape[:-1], *[1] * (dimensions - own.ndim), -1)

    def failure(self) -> FloatArray:
        """Return v of the parties if the table fails, (B, n)."""
        return self._down().utility(self.case.payoffs)[:, list(self.table.parties)]

    def failure_in_money(self) -> FloatArray:
        """Return the sure changes of money that are worth a failure of the table, (B, n)."""
        return self._down().certainty_equivalent(self.case.payoffs)[:, list(self.table.parties)]

    def _down(self) -> Lottery:
        """Return what holds if the table fails."""
        return disagreement(self.case, self.regime, self.table, self.elsewhere, None)

    def held(self, values: FloatArray) -> FloatArray:
        """Return v of the parties while what falls is at `values`, (B, K)."""
        falls = np.zeros(values.shape[1], dtype=bool)
        falls[list(self.table.falls)] = True
        outcome = np.where(falls, values, self.elsewhere)
        lottery = Lottery.sure(outcome, len(self.case.layout.players))
        return lottery.utility(self.case.payoffs)[:, list(self.table.parties)]


def take_seat(
    case: Case, name: str, *, solution: str = "nash", elsewhere: FloatArray | None = None
) -> Seat:
    """Return the table called `name`, of `linked` if it has one, else of the first that does.

    Parameters
    ----------
    case : Case
    name : str
        `US-JPN` or `US-JPN trade`.
    solution : str
        Under which the other tables are settled.
    elsewhere : (B, K) array, optional
        The outcomes at the other tables, where they are known already.

    Raises
    ------
    GameError
        If no regime has such a table.
    """
    order = sorted(case.regimes, key=lambda key: key != "linked")
    for key in order:
        regime = case.regimes[key]
        for table in regime.tables:
            if table.name == name and regime.front is None:
                local = case.under(regime)
                local = replace(local, breakdown=breakdown_values(local, regime).values)
                settled = solve_regimes(case, [key], solution)[key]
                there = settled.lottery.mean if elsewhere is None else elsewhere
                bound = local.payoffs.table(table.parties, table.issues, there)
                return Seat(local, regime, table, there, bound, settled)
    tables = {t.name: None for r in case.regimes.values() for t in r.tables}
    raise GameError(f"no table {name!r}; there are {', '.join(tables)}")
