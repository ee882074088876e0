"""`precedent`: what one settlement means for others (model section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sim.errors import PayoffError
from sim.payoffs.forms import Form, Linear, QuadraticLoss
from sim.payoffs.terms import Component, Row, Rows, TermEvaluation, parameters, row

__all__ = ["Parity", "push"]


@dataclass(frozen=True, slots=True)
class Parity:
    """Parity between allies: −ν_i (x_j − x_k)² for two issues.

    Parameters
    ----------
    name : str
    pair : (int, int)
        Two different issues.
    weights : mapping of player to float or (B,)
        ν_i >= 0.
    domain : str

    Raises
    ------
    PayoffError
        If the issues are the same, or a weight is negative or not finite.
    """

    name: str
    pair: tuple[int, int]
    weights: Mapping[int, Row]
    domain: str = "other"

    def __post_init__(self) -> None:
        label = f"precedent {self.name}"
        if self.pair[0] == self.pair[1]:
            raise PayoffError(f"{label}: parity needs two different issues")
        weights = parameters(self.weights, f"{label}: parity", at_least=0.0)
        object.__setattr__(self, "weights", weights)

    @property
    def players(self) -> tuple[int, ...]:
        """Everyone who minds."""
        return tuple(sorted(self.weights))

    @property
    def issues(self) -> tuple[int, ...]:
        """Both issues."""
        return tuple(sorted(self.pair))

    def components(self, x: Rows) -> list[Component]:
        """Return one component a player."""
        return [
            Component(p, self.domain, "parity", 1.0, row(v)) for p, v in self.evaluate(x, 0).value
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> Form | Parity | None:
        """Return the term at the table, a quadratic loss if one issue is fixed; see `Term.bind`."""
        weights = {players[p]: w for p, w in self.weights.items() if p in players}
        if not weights:
            return None
        i, j = self.pair
        if i in issues and j in issues:
            return replace(self, pair=(issues[i], issues[j]), weights=weights)
        free, rest = (i, j) if i in issues else (j, i)
        curves = {p: QuadraticLoss(w, fixed[rest]) for p, w in weights.items()}
        return Form(self.name, issues[free], curves)

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        i, j = sorted(self.pair)
        gap = x[i] - x[j]
        out = TermEvaluation([], [], [])
        for p, weight in self.weights.items():
            pull = -weight * gap
            out.value.append((p, pull * gap))
            if order >= 1:
                pull = 2.0 * pull
                out.gradient.extend([(p, i, pull), (p, j, -pull)])
            if order >= 2:
                bent = -2.0 * weight
                out.hessian.extend([(p, i, i, bent), (p, j, j, bent), (p, i, j, -bent)])
        return out


def push(
    name: str,
    *,
    issue: int,
    player: int,
    weight: Row,
    reference: Row = 0.0,
    domain: str = "other",
) -> Form:
    """Return ψ (z − z⁰): what a settlement is worth as a precedent to others.

    Parameters
    ----------
    name : str
    issue, player : int
    weight : float or (B,)
        ψ, USD bn per year and unit of the issue.
    reference : float or (B,)
        z⁰, usually the status quo.
    domain : str
    """
    return Form(name, issue, {player: Linear(weight, reference)}, domain, "precedent")
