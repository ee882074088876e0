"""A case: the numbers of a scenario for many draws, ready for the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from sim.negotiation.felt import with_felt_credibility
from sim.negotiation.structure import Layout, Number, Regime, linked_regions
from sim.payoffs import Payoffs

__all__ = ["Case", "Ratifier", "take_number"]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.intp]


def take_number(number: Number, rows: Rows) -> Number:
    """Return a number for some draws: floats hold for all of them."""
    return number[rows] if isinstance(number, np.ndarray) else number


@dataclass(frozen=True)
class Ratifier:
    """A veto without weight in the product (Putnam 1988).

    The deal needs u_r(x) − u_r(status quo) ≥ ρ_r; with a steepness k, it is ratified with
    probability logit⁻¹(k (u_r − ρ_r)) instead.

    Parameters
    ----------
    name : str
    player : int
        On whose behalf it vetoes: it matters at the tables where this player sits.
    index : int
        Its row in the case's `ratifier_payoffs`.
    threshold : float or (B,) array
        ρ_r, USD bn per year.
    steepness : float or (B,) array or None
        k, per USD bn; None is a certain veto.
    luck : float or (B,) array
        Uniform on [0, 1]: a deal is ratified where it is at most the probability.
    """

    name: str
    player: int
    index: int
    threshold: Number
    steepness: Number | None = None
    luck: Number = 0.0


@dataclass(frozen=True)
class Case:
    """Everything that the regimes of a scenario need, for B draws.

    Parameters
    ----------
    layout : Layout
        Players, issues, parties and tracks.
    payoffs : Payoffs
        At credibility 1; its reference is the status quo.
    lower, upper, status_quo, breakdown : (B, K) arrays
        In the issues' own units.
    regions : mapping of str to int
        Per deterrence term the index of its troop issue.
    domains : tuple of str
        The domain of each issue.
    controlled_by : tuple of int
        Who can set each issue alone.
    ties : tuple of pairs of int
        Issues held equal.
    regimes : mapping of str to Regime
    postures : mapping of int to tuple of mappings of int to (B,) array
        Per player the threats that it can declare: issue to value on breakdown.
    ratifiers : tuple of Ratifier
    ratifier_payoffs : Payoffs or None
        One row per ratifier.
    """

    layout: Layout
    payoffs: Payoffs
    lower: FloatArray
    upper: FloatArray
    status_quo: FloatArray
    breakdown: FloatArray
    regions: Mapping[str, int]
    domains: tuple[str, ...]
    controlled_by: tuple[int, ...]
    ties: tuple[tuple[int, int], ...]
    regimes: Mapping[str, Regime]
    postures: Mapping[int, tuple[Mapping[int, FloatArray], ...]] = field(default_factory=dict)
    ratifiers: tuple[Ratifier, ...] = ()
    ratifier_payoffs: Payoffs | None = None

    @property
    def n_draws(self) -> int:
        """Number of draws B."""
        return int(self.lower.shape[0])

    @property
    def width(self) -> FloatArray:
        """The range of each issue, (B, K), 1 where an issue is fixed."""
        width = self.upper - self.lower
        return np.where(width > 0.0, width, 1.0)

    def take(self, rows: Rows) -> Case:
        """Return the case for some draws."""
        return replace(
            self,
            payoffs=self.payoffs.take(rows),
            lower=self.lower[rows],
            upper=self.upper[rows],
            status_quo=self.status_quo[rows],
            breakdown=self.breakdown[rows],
            regimes={name: take_regime(regime, rows) for name, regime in self.regimes.items()},
            postures={
                player: tuple({k: v[rows] for k, v in posture.items()} for posture in menu)
                for player, menu in self.postures.items()
            },
            ratifiers=tuple(
                replace(
                    r,
                    threshold=take_number(r.threshold, rows),
                    steepness=None if r.steepness is None else take_number(r.steepness, rows),
                    luck=take_number(r.luck, rows),
                )
                for r in self.ratifiers
            ),
            ratifier_payoffs=None
            if self.ratifier_payoffs is None
            else self.ratifier_payoffs.take(rows),
        )

    def under(self, regime: Regime) -> Case:
        """Return the case at the credibility that `regime` leaves: c = 1 − erosion if linked.

        The status quo as reference point stays at credibility 1.
        """
        if not regime.eroded():
            return self
        lost: dict[str, FloatArray] = {}
        for rule in regime.rules or (regime,):
            exposed = linked_regions(rule, self.layout.tracks)
            credibility = 1.0 - np.asarray(rule.erosion, dtype=float)
            lost |= {name: credibility for name, issue in self.regions.items() if issue in exposed}
        if not lost:
            return self
        ratifying = self.ratifier_payoffs
        return replace(
            self,
            payoffs=self.payoffs.with_credibility(lost),
            ratifier_payoffs=None if ratifying is None else with_felt_credibility(ratifying, lost),
        )


def take_regime(regime: Regime, rows: Rows) -> Regime:
    """Return the regime with its numbers for some draws."""
    changed: dict[str, object] = {}
    for item in fields(regime):
        value = getattr(regime, item.name)
        if isinstance(value, np.ndarray):
            changed[item.name] = value[rows]
        elif item.name in {"audience_cost", "weights"}:
            changed[item.name] = tuple(take_number(number, rows) for number in value)
        elif item.name == "rules":
            changed[item.name] = tuple(take_regime(rule, rows) for rule in value)
    return replace(regime, **changed)  # type: ignore[arg-type]
