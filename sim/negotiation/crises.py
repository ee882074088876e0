"""Which values of one issue both parties of a table prefer to a breakdown, and why none is left.

After Fearon (1995): the range is as wide as what a breakdown costs both; the proposer does not know
where it ends; a transfer in lots may miss it; and a shift of power that is to come may empty it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.games import TransferRange, lots_within, range_before_shift, transfer_range
from sim.games.alternating_offers import Issues
from sim.games.private_information import take_it_or_leave_it
from sim.negotiation.beliefs import Types, belief_at, types_of
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import Seat, take_seat
from sim.negotiation.terms import Names
from sim.payoffs import TablePayoffs
from sim.scenario import Scenario
from sim.scenario.equilibria import Crisis, Shift

__all__ = ["CrisisResult", "solve_crisis"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CrisisResult:
    """Transfers that both prefer to a breakdown, by type of the responder.

    Parameters
    ----------
    table, transfer : str
    parties : tuple of str
    types : tuple of str
        T types of the responder.
    probability : (T,) array
        The proposer's belief.
    lower, upper : (B,) array
        Range of the issue.
    found : TransferRange
        Arrays (B, T); an end within the issue's range leaves somebody indifferent.
    costless : (B, T) array
        Width of the range without the declared costs of a breakdown.
    lots : (B, T) int array, optional
        How many whole lots both accept.
    before_shift : TransferRange, optional
        What both accept if nobody can commit to terms after the declared shift of power.
    agreed : (B,) array
        The transfer that the table agrees on without secrets.
    demand : (B,) array, optional
        The transfer that was asked for, if the issue says.
    offer : (B,) array
        The proposer's best take-it-or-leave-it transfer; NaN where it makes none.
    risk : (B,) array
        Probability, under the belief, that it is refused.
    lost : (B,) array
        Probability that it is refused by a type with which some transfer is better for both.
    """

    table: str
    transfer: str
    parties: tuple[str, ...]
    types: tuple[str, ...]
    probability: FloatArray
    lower: FloatArray
    upper: FloatArray
    found: TransferRange
    costless: FloatArray
    lots: IntArray | None
    before_shift: TransferRange | None
    agreed: FloatArray
    demand: FloatArray | None
    offer: FloatArray
    risk: FloatArray
    lost: FloatArray


def solve_crisis(
    scenario: Scenario, table: str, theta: Mapping[str, FloatArray], draws: int
) -> CrisisResult:
    """Solve the crisis bargaining that a scenario declares for a table of two.

    u_i(t) is party i's payoff with the transfer at t and everything else as the table agrees, or
    at the status quo; d_i is its payoff if the table fails less its costs, for the responder plus
    its resolve.

    Parameters
    ----------
    scenario : Scenario
        With `beliefs:` for `table` that have a `crisis:`.
    table : str
    theta : mapping of str to (B,) array
    draws : int
        B.

    Returns
    -------
    CrisisResult

    Raises
    ------
    ScenarioError
        If the scenario declares no crisis bargaining at that table.
    """
    belief = belief_at(scenario, table)
    spec = belief.crisis
    if spec is None:
        raise scenario.fault(f"beliefs.{table}", "has no crisis: to solve")
    seat = take_seat(compile_case(scenario, theta, draws), table)
    names = Names(scenario, theta, draws)
    issue, responder = names.issue(spec.transfer), seat.parties.index(belief.responder)
    types = types_of(scenario, belief, names)
    failure = seat.failure_in_money()
    costs = names.columns([spec.costs.get(party, 0.0) for party in seat.parties])
    own = _PerType(_alone(seat, spec, issue), seat.case.lower[:, issue], seat.case.upper[:, issue])
    money = _spread(failure - costs, responder, types)
    reserve = seat.utility(money)
    found = own.range(reserve)
    stated = scenario.issues[spec.transfer]
    single = take_it_or_leave_it(
        Issues(own.payoffs, own.lower[:, None], own.upper[:, None]),
        proposer=1 - responder,
        reservations=reserve[:, :, responder],
        beliefs=types.probability,
        disagreement=reserve[:, 0, 1 - responder],
    )
    refused = ~single.accepts & ~found.empty
    return CrisisResult(
        table=table,
        transfer=spec.transfer,
        parties=seat.parties,
        types=types.names,
        probability=types.probability,
        lower=own.lower,
        upper=own.upper,
        found=found,
        costless=own.range(seat.utility(_spread(failure, responder, types))).width,
        lots=None if spec.lot is None else _lots(found, names, spec, stated.status_quo),
        before_shift=None if spec.shift is None else own.shifted(money, seat, names, spec.shift),
        agreed=seat.elsewhere[:, issue],
        demand=None if stated.demand is None else names.column(stated.demand),
        offer=np.where(single.target >= 0, single.outcome[:, 0], np.nan),
        risk=single.breakdown,
        lost=refused.astype(float) @ types.probability,
    )


def _alone(seat: Seat, spec: Crisis, issue: int) -> TablePayoffs:
    """Return the parties' payoffs as functions of the transfer, all else given."""
    outcome = seat.elsewhere.copy()
    if spec.others == "status_quo":
        on_table = list(seat.table.issues)
        outcome[:, on_table] = seat.case.status_quo[:, on_table]
    return seat.case.payoffs.table(seat.table.parties, (issue,), outcome)


def _spread(failure: FloatArray, responder: int, types: Types) -> FloatArray:
    """Return d of both parties against every type, (B, T, 2), in money."""
    reserve = np.repeat(failure[:, None, :], len(types.names), axis=1)
    reserve[:, :, responder] += types.resolve
    return reserve


def _lots(found: TransferRange, names: Names, spec: Crisis, origin: object) -> IntArray:
    """Return how many lots lie in each range, (B, T)."""
    shape = found.low.shape
    flat = _shaped(found, (-1,))
    lot, start = (np.repeat(names.column(one), shape[1]) for one in (spec.lot, origin))
    return lots_within(flat, lot, origin=start).reshape(shape)


def _shaped(found: TransferRange, shape: tuple[int, ...]) -> TransferRange:
    """Return a range with its arrays in another shape."""
    fields = ("low", "high", "empty", "width", "monotone")
    return replace(found, **{name: getattr(found, name).reshape(shape) for name in fields})


@dataclass(frozen=True)
class _PerType:
    """One issue with the payoffs of two parties in B draws, solved for T types at once.

    Parameters
    ----------
    payoffs : TablePayoffs
    lower, upper : (B,) array
    """

    payoffs: TablePayoffs
    lower: FloatArray
    upper: FloatArray

    def _rows(self, types: int) -> tuple[TablePayoffs, FloatArray, FloatArray]:
        rows = np.repeat(np.arange(len(self.lower)), types)
        return self.payoffs.take(rows), self.lower[rows], self.upper[rows]

    def range(self, reserve: FloatArray) -> TransferRange:
        """Return what is accepted for reservations (B, T, 2)."""
        payoffs, lower, upper = self._rows(reserve.shape[1])
        found = transfer_range(
            lambda t: payoffs.utility(t[:, None]),
            lower=lower,
            upper=upper,
            reservations=reserve.reshape(-1, 2),
        )
        return _shaped(found, reserve.shape[:2])

    def shifted(self, money: FloatArray, seat: Seat, names: Names, spec: Shift) -> TransferRange:
        """Return what is accepted for reservations (B, T, 2), in money, before a shift of power."""
        types, declining = money.shape[1], seat.parties.index(spec.player)
        reserve, later = seat.utility(money), money.copy()
        later[:, :, declining] -= names.column(spec.loss)[:, None]
        loss = (reserve - seat.utility(later))[:, :, declining]
        payoffs, lower, upper = self._rows(types)
        rates = names.columns([names.scenario.players[p].discount_rate for p in seat.parties])
        weight = np.exp(-rates * names.column(spec.after)[:, None])
        found = range_before_shift(
            lambda t: payoffs.utility(t[:, None]),
            lower=lower,
            upper=upper,
            reservations=reserve.reshape(-1, 2),
            declining=declining,
            loss=loss.ravel(),
            discount=np.repeat(weight, types, axis=0),
        )
        return _shaped(found, reserve.shape[:2])
