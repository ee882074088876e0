"""`presence`: what stationed troops cost whoever stations them (model section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sim.payoffs.terms import Component, Row, Rows, TermEvaluation, parameter, row

__all__ = ["Presence"]


@dataclass(frozen=True, slots=True)
class Presence:
    """Cost of troops: the stationing player gets −κ T.

    Parameters
    ----------
    name : str
    issue : int
        Troops T, thousands.
    player : int
        Who stations them.
    cost : float or (B,)
        κ >= 0, USD bn per year and thousand troops beyond what they would cost at home.
    domain : str

    Raises
    ------
    PayoffError
        If the cost is negative or not finite.
    """

    name: str
    issue: int
    player: int
    cost: Row
    domain: str = "security"

    def __post_init__(self) -> None:
        cost = parameter(self.cost, f"presence {self.name}: cost", at_least=0.0)
        object.__setattr__(self, "cost", cost)

    @property
    def players(self) -> tuple[int, ...]:
        """The stationing player."""
        return (self.player,)

    @property
    def issues(self) -> tuple[int, ...]:
        """The troops."""
        return (self.issue,)

    def components(self, x: Rows) -> list[Component]:
        """Return the cost."""
        value = row(-self.cost * x[self.issue])
        return [Component(self.player, self.domain, "presence", 1.0, value)]

    def bind(
        self,
        fixed: Rows,
        issues: Mapping[int, int],
        players: Mapping[int, int],
    ) -> Presence | None:
        """Return the term in the table's positions; see `Term.bind`."""
        if self.player not in players:
            return None
        return replace(self, issue=issues[self.issue], player=players[self.player])

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return −κT and −κ; see `Kernel.evaluate`."""
        slope = -self.cost
        gradient = [(self.player, self.issue, slope)] if order >= 1 else []
        return TermEvaluation([(self.player, slope * x[self.issue])], gradient, [])
