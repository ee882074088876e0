"""`deterrence`: what stationed troops protect, and what credibility adds (model section 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import PayoffError
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

__all__ = ["Deterrence", "DeterrenceKernel"]

FORCE_FLOOR = 1e-9


@dataclass(frozen=True, slots=True)
class Deterrence:
    """A region that own forces and stationed troops defend: deterrence is a public good.

    Force and the probability that deterrence holds, the ratio contest success function::

        F = o + c e (T_k + Σ_j s_j T_j)        D = F^m/(F^m + Θ^m)

        payoff of i:  V_i D − ρ_i (1 − c) − A_i (1 − c) T_k/T⁰ − E_i T_k

    The spill-in share s_j of another region's troops is protected by the same promise, so that
    credibility c and effectiveness e apply to it as well.

    Parameters
    ----------
    name : str
    issue : int
        Troops T_k stationed in the region, thousands.
    own_forces : float or (B,)
        o >= 0, thousand troop-equivalents.
    threat : float or (B,)
        Θ > 0, thousand troop-equivalents.
    stakes : mapping of player to float or (B,)
        V_i, expected loss avoided at D = 1, USD bn per year.
    effectiveness : float or (B,)
        e >= 0, troop-equivalents per soldier.
    decisiveness : float or (B,)
        m > 0.
    credibility : float or (B,)
        c in [0, 1].
    spill_in : mapping of issue to float or (B,)
        s_j >= 0 of the troops of other regions.
    reputation, abandonment, entrapment : mapping of player to float or (B,)
        ρ_i, A_i and E_i, USD bn per year (E per thousand troops).
    full_strength : float or (B,)
        T⁰ > 0, thousand troops; usually the status quo.
    domain : str

    Raises
    ------
    PayoffError
        If a number is outside its domain.

    References
    ----------
    Tullock (1980), "Efficient Rent Seeking"; Skaperdas (1996), "Contest Success Functions",
    Economic Theory 7; Olson and Zeckhauser (1966), "An Economic Theory of Alliances", REStat 48;
    Snyder (1984), "The Security Dilemma in Alliance Politics", World Politics 36.
    """

    name: str
    issue: int
    own_forces: Row
    threat: Row
    stakes: Mapping[int, Row]
    effectiveness: Row = 1.0
    decisiveness: Row = 1.0
    credibility: Row = 1.0
    spill_in: Mapping[int, Row] = field(default_factory=dict)
    reputation: Mapping[int, Row] = field(default_factory=dict)
    abandonment: Mapping[int, Row] = field(default_factory=dict)
    entrapment: Mapping[int, Row] = field(default_factory=dict)
    full_strength: Row = 1.0
    domain: str = "security"

    def __post_init__(self) -> None:
        label = f"deterrence {self.name}"

        def put(name: str, value: ArrayLike, **domain: float) -> None:
            text = f"{label}: {name.replace('_', ' ')}"
            object.__setattr__(self, name, parameter(value, text, **domain))

        put("own_forces", self.own_forces, at_least=0.0)
        put("threat", self.threat, above=0.0)
        put("effectiveness", self.effectiveness, at_least=0.0)
        put("decisiveness", self.decisiveness, above=0.0)
        put("credibility", self.credibility, at_least=0.0, at_most=1.0)
        put("full_strength", self.full_strength, above=0.0)
        for name in ("stakes", "reputation", "abandonment", "entrapment"):
            checked = parameters(getattr(self, name), f"{label}: {name}")
            object.__setattr__(self, name, checked)
        shares = {
            k: parameter(v, f"{label}: spill-in of issue {k}", at_least=0.0)
            for k, v in self.spill_in.items()
        }
        object.__setattr__(self, "spill_in", shares)
        if self.issue in shares:
            raise PayoffError(f"{label}: spill-in comes from other regions' troops")

    @property
    def players(self) -> tuple[int, ...]:
        """Everyone with a stake, a reputation or a fear in it."""
        found = {*self.stakes, *self.reputation, *self.abandonment, *self.entrapment}
        return tuple(sorted(found))

    @property
    def issues(self) -> tuple[int, ...]:
        """The region's troops and those that spill in."""
        return tuple(sorted({self.issue, *self.spill_in}))

    def components(self, x: Rows) -> list[Component]:
        """Return deterrence, reputation, abandonment and entrapment, where they are not absent."""
        troops, doubt = x[self.issue], 1.0 - self.credibility
        present: Row = troops
        for k, share in self.spill_in.items():
            present = present + share * x[k]
        force = self.own_forces + self.credibility * self.effectiveness * present
        held, _, _ = _contest(row(force), self.threat, self.decisiveness, 0)
        zero = np.zeros_like(held)
        values = (
            ("deterrence", self.stakes, held),
            ("reputation", self.reputation, zero - doubt),
            ("abandonment", self.abandonment, zero - doubt * troops / self.full_strength),
            ("entrapment", self.entrapment, zero - troops),
        )
        return [
            Component(p, self.domain, name, 1.0, row(weight * value))
            for name, weights, value in values
            for p, weight in weights.items()
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> DeterrenceKernel | None:
        """Return deterrence as a function of the troops at the table; see `Term.bind`."""
        strength, doubt = self.credibility * self.effectiveness, 1.0 - self.credibility
        own = self.own_forces
        factors: dict[int, Row] = {}
        for k, share in ((self.issue, 1.0), *self.spill_in.items()):
            if k in issues:
                factors[issues[k]] = strength * share
            else:
                own = own + strength * share * fixed[k]
        here = issues.get(self.issue)
        accounts = []
        for p in self.players:
            if p not in players:
                continue
            constant: Row = -self.reputation.get(p, 0.0) * doubt
            slope: Row = -self.entrapment.get(p, 0.0)
            slope = slope - self.abandonment.get(p, 0.0) * doubt / self.full_strength
            if here is None:
                constant = constant + slope * fixed[self.issue]
            stake = self.stakes.get(p, 0.0)
            accounts.append((players[p], stake, _optional(constant), _optional(slope)))
        if not accounts:
            return None
        return DeterrenceKernel(
            own, self.threat, self.decisiveness, tuple(factors.items()), tuple(accounts), here
        )


@dataclass(frozen=True, slots=True)
class DeterrenceKernel:
    """Deterrence at a table; made by `Deterrence.bind`.

    Attributes
    ----------
    own : float or (B,)
        Force of everything that is not settled at the table.
    threat, decisiveness : float or (B,)
    factors : tuple of (issue, float or (B,))
        Force per thousand troops.
    accounts : tuple of (player, stake, constant or None, slope in the region's troops or None)
        The slope counts where those troops are settled at the table.
    here : int or None
        The region's troops, if they are settled at the table.
    """

    own: Row
    threat: Row
    decisiveness: Row
    factors: tuple[tuple[int, Row], ...]
    accounts: tuple[tuple[int, Row, Row | None, Row | None], ...]
    here: int | None

    @property
    def issues(self) -> tuple[int, ...]:
        """Troops that are settled at the table."""
        return tuple(k for k, _ in self.factors)

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        force = self.own
        for k, factor in self.factors:
            force = force + _times(factor, x[k])
        held, first, second = _contest(row(force), self.threat, self.decisiveness, order)
        out = TermEvaluation([], [], [])
        slopes = [(k, _times(f, first)) for k, f in self.factors if order >= 1]
        bends = [
            (min(i, j), max(i, j), _times(f, _times(g, second)))
            for n, (i, f) in enumerate(self.factors)
            for j, g in self.factors[: n + 1]
            if order >= 2
        ]
        for p, stake, constant, drift in self.accounts:
            worth = stake * held
            if constant is not None:
                worth += constant
            if drift is not None and self.here is not None:
                worth += drift * x[self.here]
                if order >= 1:
                    out.gradient.append((p, self.here, drift))
            out.value.append((p, worth))
            out.gradient.extend((p, k, stake * slope) for k, slope in slopes)
            out.hessian.extend((p, i, j, stake * bend) for i, j, bend in bends)
        return out


def _contest(
    force: FloatArray, threat: Row, decisiveness: Row, order: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return D = F^m/(F^m + Θ^m), D′ = m D(1−D)/F and D″ = D′ (m (1−2D) − 1)/F.

    With m = 1, D = F/(F+Θ), D′ = Θ/(F+Θ)² and D″ = −2 D′/(F+Θ) need no transcendental
    function. Otherwise D is exactly 0 at F = 0, and derivatives are taken at max(F, 10⁻⁹ Θ).
    """
    if isinstance(decisiveness, float) and decisiveness == 1.0:
        inverse = 1.0 / (force + threat)
        held = force * inverse
        if order < 1:
            return held, held, held
        first = threat * inverse
        first *= inverse
        second = first * inverse
        second *= -2.0
        return held, first, second
    ratio = np.power(np.maximum(force, 0.0) / threat, decisiveness)
    held = row(ratio / (1.0 + ratio))
    if order < 1:
        return held, held, held
    there = np.maximum(force, FORCE_FLOOR * row(threat))
    ratio = np.power(there / threat, decisiveness)
    near = ratio / (1.0 + ratio)
    first = decisiveness * near * (1.0 - near) / there
    return held, first, first * (decisiveness * (1.0 - 2.0 * near) - 1.0) / there


def _times(factor: Row, value: FloatArray) -> FloatArray:
    """Return the product; most scenarios have factor 1, the number."""
    return value if isinstance(factor, float) and factor == 1.0 else row(factor * value)


def _optional(value: Row) -> Row | None:
    """Return None for what is 0 in every draw."""
    return None if not np.any(value) else value
