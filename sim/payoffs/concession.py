"""`concession`: market access, investment, purchases (model section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sim.errors import PayoffError
from sim.payoffs.powers import base, power
from sim.payoffs.terms import Component, Entry, Row, Rows, TermEvaluation, parameter, row

__all__ = ["Concession"]


@dataclass(frozen=True, slots=True)
class Concession:
    """A concession z: the receiver gets b z^β, the giver bears a z^α.

    β < 1 has an infinite slope at 0: derivatives are taken at max(z, 10⁻⁹ of the range), values
    are exact with 0^β = 0.

    Parameters
    ----------
    name : str
    issue : int
        The concession z >= 0.
    giver, receiver : int or None
        None for a party whose payoff is not counted.
    cost, benefit : float or (B,)
        a >= 0 and b >= 0, USD bn per year at z = 1.
    cost_power : float or (B,)
        α >= 1.
    benefit_power : float or (B,)
        β in (0, 1].
    width : float
        Width of the issue's range.
    domain : str

    Raises
    ------
    PayoffError
        If a number is outside its domain, or giver and receiver are the same.
    """

    name: str
    issue: int
    giver: int | None
    receiver: int | None
    cost: Row
    benefit: Row
    cost_power: Row = 1.0
    benefit_power: Row = 1.0
    width: float = 1.0
    domain: str = "other"

    def __post_init__(self) -> None:
        label = f"concession {self.name}"
        put = object.__setattr__
        put(self, "cost", parameter(self.cost, f"{label}: cost", at_least=0.0))
        put(self, "benefit", parameter(self.benefit, f"{label}: benefit", at_least=0.0))
        put(self, "cost_power", parameter(self.cost_power, f"{label}: cost power", at_least=1.0))
        bent = parameter(self.benefit_power, f"{label}: benefit power", above=0.0, at_most=1.0)
        put(self, "benefit_power", bent)
        if self.giver is not None and self.giver == self.receiver:
            raise PayoffError(f"{label}: giver and receiver must be two players")

    @property
    def players(self) -> tuple[int, ...]:
        """Giver and receiver."""
        return tuple(sorted(p for p in (self.giver, self.receiver) if p is not None))

    @property
    def issues(self) -> tuple[int, ...]:
        """The concession."""
        return (self.issue,)

    def components(self, x: Rows) -> list[Component]:
        """Return cost and benefit."""
        value = self.evaluate(x, 0).value
        names = {self.giver: "cost", self.receiver: "benefit"}
        return [Component(p, self.domain, names[p], 1.0, row(v)) for p, v in value]

    def bind(
        self,
        fixed: Rows,
        issues: Mapping[int, int],
        players: Mapping[int, int],
    ) -> Concession | None:
        """Return the term in the table's positions; see `Term.bind`."""
        giver = None if self.giver is None else players.get(self.giver)
        receiver = None if self.receiver is None else players.get(self.receiver)
        if giver is None and receiver is None:
            return None
        return replace(self, issue=issues[self.issue], giver=giver, receiver=receiver)

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        z = base(x[self.issue], width=self.width, name=self.name, derivatives=order >= 1)
        out = TermEvaluation([], [], [])
        if self.receiver is not None:
            gained = power(z, self.benefit_power, scale=self.benefit, order=order)
            self._add(out, self.receiver, gained)
        if self.giver is not None:
            self._add(out, self.giver, power(z, self.cost_power, scale=-self.cost, order=order))
        return out

    def _add(
        self, out: TermEvaluation, player: int, curve: tuple[Row, Row | None, Row | None]
    ) -> None:
        value, first, second = curve
        out.value.append((player, value))
        if first is not None:
            out.gradient.append((player, self.issue, first))
        if second is not None:
            entry: Entry = (player, self.issue, self.issue, second)
            out.hessian.append(entry)
