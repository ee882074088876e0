"""General forms on one issue: a curve for each player, chosen by name (model section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from sim.errors import PayoffError
from sim.payoffs.powers import base, power
from sim.payoffs.terms import (
    Component,
    FloatArray,
    Row,
    Rows,
    TermEvaluation,
    parameter,
    parameters,
    row,
)

__all__ = [
    "Curve",
    "Exponential",
    "Form",
    "Interaction",
    "Linear",
    "Logistic",
    "Power",
    "QuadraticLoss",
]

Derivatives: TypeAlias = tuple[Row, Row | None, Row | None]


class Curve(Protocol):
    """A payoff as a function of one issue."""

    def evaluate(self, z: FloatArray, order: int) -> Derivatives:
        """Return f(z), f′(z), f″(z); None for what is above `order` or identically 0."""


@dataclass(frozen=True, slots=True)
class Linear:
    """w (z − reference).

    Parameters
    ----------
    weight, reference : float or (B,)
    """

    weight: Row
    reference: Row = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", parameter(self.weight, "linear: weight"))
        object.__setattr__(self, "reference", parameter(self.reference, "linear: reference"))

    def evaluate(self, z: FloatArray, order: int) -> Derivatives:
        """Return value and slope."""
        return self.weight * (z - self.reference), self.weight if order >= 1 else None, None


@dataclass(frozen=True, slots=True)
class Power:
    """w z^p for z >= 0, p > 0; 0^p = 0, derivatives at max(z, 10⁻⁹ of the range).

    Parameters
    ----------
    weight, exponent : float or (B,)
    width : float
        Width of the issue's range.
    """

    weight: Row
    exponent: Row
    width: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", parameter(self.weight, "power: weight"))
        bent = parameter(self.exponent, "power: exponent", above=0.0)
        object.__setattr__(self, "exponent", bent)

    def evaluate(self, z: FloatArray, order: int) -> Derivatives:
        """Return value and derivatives."""
        ready = base(z, width=self.width, name="power", derivatives=order >= 1)
        return power(ready, self.exponent, scale=self.weight, order=order)


@dataclass(frozen=True, slots=True)
class Exponential:
    """w e^(r z).

    Parameters
    ----------
    weight, rate : float or (B,)
    """

    weight: Row
    rate: Row

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", parameter(self.weight, "exponential: weight"))
        object.__setattr__(self, "rate", parameter(self.rate, "exponential: rate"))

    def evaluate(self, z: FloatArray, order: int) -> Derivatives:
        """Return value and derivatives."""
        value = self.weight * np.exp(self.rate * z)
        if order < 1:
            return value, None, None
        first = self.rate * value
        return value, first, self.rate * first if order >= 2 else None


@dataclass(frozen=True, slots=True)
class QuadraticLoss:
    """−w (z − ideal)²: the spatial model's loss.

    Parameters
    ----------
    weight, ideal : float or (B,)
        weight >= 0.

    References
    ----------
    Downs (1957), "An Economic Theory of Democracy"; Enelow and Hinich (1984).
    """

    weight: Row
    ideal: Row

    def __post_init__(self) -> None:
        weight = parameter(self.weight, "quadratic loss: weight", at_least=0.0)
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "ideal", parameter(self.ideal, "quadratic loss: ideal"))

    def evaluate(self, z: FloatArray, order: int) -> Derivatives:
        """Return value and derivatives."""
        away = z - self.ideal
        pull = -self.weight * away
        second = -2.0 * self.weight if order >= 2 else None
        return pull * away, 2.0 * pull if order >= 1 else None, second


@dataclass(frozen=True, slots=True)
class Logistic:
    """w / (1 + e^(−k (z − midpoint))).

    Parameters
    ----------
    weight, midpoint, steepness : float or (B,)
    """

    weight: Row
    midpoint: Row
    steepness: Row

    def __post_init__(self) -> None:
        for name in ("weight", "midpoint", "steepness"):
            object.__setattr__(self, name, parameter(getattr(self, name), f"logistic: {name}"))

    def evaluate(self, z: FloatArray, order: int) -> Derivatives:
        """Return value and derivatives."""
        # tanh does not overflow: 1/(1 + e^(−y)) = (1 + tanh(y/2))/2.
        half = np.tanh(0.5 * self.steepness * (z - self.midpoint))
        value = self.weight * (0.5 * (1.0 + half))
        if order < 1:
            return value, None, None
        first = self.weight * self.steepness * (0.25 * (1.0 - half * half))
        return value, first, -self.steepness * half * first if order >= 2 else None


@dataclass(frozen=True, slots=True)
class Form:
    """A payoff from one issue: each player has a curve over it.

    Parameters
    ----------
    name : str
    issue : int
    curves : mapping of player to Curve
        `Linear`, `Power`, `Exponential`, `QuadraticLoss`, `Logistic` or `Piecewise`.
    domain, component : str
    """

    name: str
    issue: int
    curves: Mapping[int, Curve]
    domain: str = "other"
    component: str = "form"

    @property
    def players(self) -> tuple[int, ...]:
        """Everyone with a curve."""
        return tuple(sorted(self.curves))

    @property
    def issues(self) -> tuple[int, ...]:
        """The issue."""
        return (self.issue,)

    def components(self, x: Rows) -> list[Component]:
        """Return one component a player."""
        return [
            Component(p, self.domain, self.component, 1.0, row(v))
            for p, v in self.evaluate(x, 0).value
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> Form | None:
        """Return the term in the table's positions; see `Term.bind`."""
        curves = {players[p]: curve for p, curve in self.curves.items() if p in players}
        return replace(self, issue=issues[self.issue], curves=curves) if curves else None

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        out = TermEvaluation([], [], [])
        for p, curve in self.curves.items():
            value, first, second = curve.evaluate(x[self.issue], order)
            out.value.append((p, value))
            if first is not None:
                out.gradient.append((p, self.issue, first))
            if second is not None:
                out.hessian.append((p, self.issue, self.issue, second))
        return out


@dataclass(frozen=True, slots=True)
class Interaction:
    """w_i x_j x_k: the product of two issues.

    Parameters
    ----------
    name : str
    pair : (int, int)
        Two different issues.
    weights : mapping of player to float or (B,)
    domain : str

    Raises
    ------
    PayoffError
        If the issues are the same, or a weight is not finite.
    """

    name: str
    pair: tuple[int, int]
    weights: Mapping[int, Row]
    domain: str = "other"

    def __post_init__(self) -> None:
        label = f"interaction {self.name}"
        if self.pair[0] == self.pair[1]:
            raise PayoffError(f"{label}: an interaction needs two different issues")
        object.__setattr__(self, "weights", parameters(self.weights, f"{label}: weight"))

    @property
    def players(self) -> tuple[int, ...]:
        """Everyone with a weight."""
        return tuple(sorted(self.weights))

    @property
    def issues(self) -> tuple[int, ...]:
        """Both issues."""
        return tuple(sorted(self.pair))

    def components(self, x: Rows) -> list[Component]:
        """Return one component a player."""
        return [
            Component(p, self.domain, "interaction", 1.0, row(v))
            for p, v in self.evaluate(x, 0).value
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> Form | Interaction | None:
        """Return the term at the table, linear if one of the issues is fixed; see `Term.bind`."""
        weights = {players[p]: w for p, w in self.weights.items() if p in players}
        if not weights:
            return None
        i, j = self.pair
        if i in issues and j in issues:
            return replace(self, pair=(issues[i], issues[j]), weights=weights)
        free, rest = (i, j) if i in issues else (j, i)
        curves = {p: Linear(w * fixed[rest]) for p, w in weights.items()}
        return Form(self.name, issues[free], curves)

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        i, j = sorted(self.pair)
        out = TermEvaluation([], [], [])
        for p, w in self.weights.items():
            slope = w * x[j]
            out.value.append((p, slope * x[i]))
            if order >= 1:
                out.gradient.extend([(p, i, slope), (p, j, w * x[i])])
            if order >= 2:
                out.hessian.append((p, i, j, w))
        return out
