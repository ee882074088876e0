"""`transfer`: payments between players, with what they cost at home (model section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.errors import PayoffError
from sim.payoffs.terms import Component, Entry, Row, Rows, TermEvaluation, parameter, row

__all__ = ["Transfer"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment z: the payee gets μ z, the payer bears z + κ max(z − ref, 0)².

    The paying cost is once continuously differentiable; its second derivative jumps at `ref`,
    where the value from the left, 0, is returned.

    Parameters
    ----------
    name : str
    issue : int
        Payment z, USD bn per year.
    payer, payee : int or None
        None for a party whose payoff is not counted.
    premium : float or (B,)
        μ >= 0, what a dollar received is worth to the payee's government.
    paying_cost : float or (B,)
        κ >= 0, domestic political cost of paying more than `reference`.
    reference : float or (B,)
        ref; usually the payment at the status quo.
    domain : str

    Raises
    ------
    PayoffError
        If a number is outside its domain, or payer and payee are the same.
    """

    name: str
    issue: int
    payer: int | None
    payee: int | None
    premium: Row = 1.0
    paying_cost: Row = 0.0
    reference: Row = 0.0
    domain: str = "payments"

    def __post_init__(self) -> None:
        label = f"transfer {self.name}"
        put = object.__setattr__
        put(self, "premium", parameter(self.premium, f"{label}: premium", at_least=0.0))
        put(self, "paying_cost", parameter(self.paying_cost, f"{label}: paying cost", at_least=0.0))
        put(self, "reference", parameter(self.reference, f"{label}: reference"))
        if self.payer is not None and self.payer == self.payee:
            raise PayoffError(f"{label}: payer and payee must be two players")

    @property
    def players(self) -> tuple[int, ...]:
        """Payer and payee."""
        return tuple(sorted(p for p in (self.payer, self.payee) if p is not None))

    @property
    def issues(self) -> tuple[int, ...]:
        """The payment."""
        return (self.issue,)

    def components(self, x: Rows) -> list[Component]:
        """Return received, paid and the (political) paying cost."""
        z = row(x[self.issue])
        parts = []
        if self.payee is not None:
            parts.append(Component(self.payee, self.domain, "received", self.premium, z))
        if self.payer is not None:
            excess = np.maximum(z - self.reference, 0.0)
            cost = -self.paying_cost * excess * excess
            parts.append(Component(self.payer, self.domain, "paid", 1.0, -z))
            parts.append(Component(self.payer, self.domain, "paying cost", 1.0, cost, 0.0))
        return parts

    def bind(
        self,
        fixed: Rows,
        issues: Mapping[int, int],
        players: Mapping[int, int],
    ) -> Transfer | None:
        """Return the term in the table's positions; see `Term.bind`."""
        payer = None if self.payer is None else players.get(self.payer)
        payee = None if self.payee is None else players.get(self.payee)
        if payer is None and payee is None:
            return None
        return replace(self, issue=issues[self.issue], payer=payer, payee=payee)

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        z = x[self.issue]
        value: list[tuple[int, Row]] = []
        gradient: list[tuple[int, int, Row]] = []
        hessian: list[Entry] = []
        if self.payee is not None:
            value.append((self.payee, self.premium * z))
            gradient.append((self.payee, self.issue, self.premium))
        if self.payer is not None:
            excess = z - self.reference
            np.maximum(excess, 0.0, out=excess)
            cost = self.paying_cost * excess
            slope = -2.0 * cost
            slope -= 1.0
            cost *= excess
            cost += z
            value.append((self.payer, np.negative(cost, out=cost)))
            gradient.append((self.payer, self.issue, slope))
            if order >= 2:
                bent = np.multiply(excess > 0.0, -2.0 * self.paying_cost)
                hessian.append((self.payer, self.issue, self.issue, bent))
        return TermEvaluation(value, gradient if order >= 1 else [], hessian)
