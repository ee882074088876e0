"""The worked example of the theory as bare arrays: three countries, twelve issues.

Used by tests and benchmarks alike: `build()` is the case of one draw with the published
parameters, `build(10_000, gsd=1.2, rng=rng)` the same with lognormal parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.payoffs import (
    Concession,
    Deterrence,
    Market,
    Payoffs,
    Presence,
    Supplier,
    Term,
    Transfer,
)

FloatArray = NDArray[np.float64]
Row = FloatArray | float

PLAYERS = ("US", "JPN", "ROK")
US, JPN, ROK = 0, 1, 2
ISSUES = tuple(
    f"{kind}_{ally}"
    for ally in ("jpn", "rok")
    for kind in ("auto", "goods", "access", "invest", "hns", "troops")
)
LOWER = np.array([0.025, 0.015, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], dtype=np.float64)
UPPER = np.array([0.275, 0.24, 1, 150, 8, 50, 0.25, 0.25, 1, 100, 8, 28.5], dtype=np.float64)
STATUS_QUO = np.array([0.025, 0.015, 0, 0, 1.48, 50, 0, 0, 0, 0, 1.47, 28.5], dtype=np.float64)
BREAKDOWN = np.array([0.275, 0.24, 0, 0, 1.48, 30, 0.25, 0.25, 0, 0, 1.47, 20], dtype=np.float64)

# Players and issues of the tables, by position.
LINKED_JPN = ((US, JPN), (0, 1, 2, 3, 4, 5))
LINKED_ROK = ((US, ROK), (6, 7, 8, 9, 10, 11))
TRADE_JPN = ((US, JPN), (0, 1, 2, 3))
DEFENCE_JPN = ((US, JPN), (4, 5))
TRADE_ROK = ((US, ROK), (6, 7, 8, 9))
DEFENCE_ROK = ((US, ROK), (10, 11))
TRILATERAL = ((US, JPN, ROK), tuple(range(12)))


@dataclass(frozen=True)
class Draw:
    """Multiplies numbers by lognormal factors of one geometric standard deviation.

    Parameters
    ----------
    n : int
    gsd : float
        1: every number stays what it is.
    rng : numpy.random.Generator
    """

    n: int
    gsd: float
    rng: np.random.Generator

    def __call__(self, median: float) -> Row:
        """Return a positive number with its spread."""
        if self.gsd == 1.0:
            return median
        return median * np.exp(np.log(self.gsd) * self.rng.standard_normal(self.n))

    def above_one(self, median: float) -> Row:
        """Return a number above 1 whose distance from 1 is spread."""
        return 1.0 + self(median - 1.0)

    def below_one(self, median: float) -> Row:
        """Return a number in (0, 1) whose distance from 1 is spread."""
        return 1.0 - np.minimum(self(1.0 - median), 0.95) if self.gsd != 1.0 else median


def market(
    draw: Draw,
    name: str,
    size: float,
    shares: dict[str, float],
    *,
    issues: tuple[int, int],
    rest: float,
    baseline_jpn: float,
    elasticities: tuple[float, float, float],
    domestic: float,
) -> Market:
    """Return one of the two US markets."""
    spread = {key: draw(value) for key, value in shares.items()}
    total = sum(spread.values())
    share = {key: value / total for key, value in spread.items()}
    substitution, demand, pass_through = elasticities
    suppliers = (
        Supplier("US", share["US"], player=US, weight=draw.above_one(domestic)),
        Supplier(
            "JPN",
            share["JPN"],
            player=JPN,
            issue=issues[0],
            baseline=baseline_jpn,
            weight=draw.above_one(1.3),
        ),
        Supplier(
            "ROK",
            share["ROK"],
            player=ROK,
            issue=issues[1],
            baseline=0.0,
            weight=draw.above_one(1.3),
        ),
        Supplier("ROW", share["ROW"], tariff=rest),
    )
    return Market(
        name,
        importer=US,
        size=draw(size),
        suppliers=suppliers,
        substitution=draw.above_one(substitution),
        demand_elasticity=draw(demand),
        pass_through=draw.below_one(pass_through),
        consumers=draw(0.7),
        revenue=draw.above_one(1.2),
    )


def terms(draw: Draw) -> tuple[Term, ...]:
    """Return all terms of the worked example."""
    return (
        market(
            draw,
            "cars",
            650.0,
            {"US": 0.5, "JPN": 0.075, "ROK": 0.065, "ROW": 0.36},
            issues=(0, 6),
            rest=0.05,
            baseline_jpn=0.025,
            elasticities=(4.0, 1.4, 0.85),
            domestic=1.6,
        ),
        market(
            draw,
            "goods",
            4500.0,
            {"US": 0.8, "JPN": 0.0215, "ROK": 0.018, "ROW": 0.1605},
            issues=(1, 7),
            rest=0.1,
            baseline_jpn=0.015,
            elasticities=(4.0, 1.2, 0.9),
            domestic=1.3,
        ),
        Deterrence(
            "japan",
            issue=5,
            own_forces=draw(60.0),
            threat=draw(80.0),
            stakes={US: draw(60.0), JPN: draw(100.0)},
        ),
        Deterrence(
            "korea",
            issue=11,
            own_forces=draw(120.0),
            threat=draw(100.0),
            stakes={US: draw(40.0), ROK: draw(200.0)},
        ),
        Presence("troops_jpn", issue=5, player=US, cost=draw(0.063)),
        Presence("troops_rok", issue=11, player=US, cost=draw(0.071)),
        Transfer(
            "hns_jpn",
            issue=4,
            payer=JPN,
            payee=US,
            premium=draw.above_one(1.5),
            paying_cost=draw(0.6),
            reference=1.48,
        ),
        Transfer(
            "hns_rok",
            issue=10,
            payer=ROK,
            payee=US,
            premium=draw.above_one(1.5),
            paying_cost=draw(0.9),
            reference=1.47,
        ),
        concession(draw, "access_jpn", 2, JPN, cost=(3.0, 1.5), benefit=(4.0, 0.7)),
        concession(draw, "access_rok", 8, ROK, cost=(3.0, 1.5), benefit=(2.5, 0.7)),
        concession(draw, "invest_jpn", 3, JPN, cost=(0.0004, 2.0), benefit=(0.08, 0.9)),
        concession(draw, "invest_rok", 9, ROK, cost=(0.0008, 2.0), benefit=(0.08, 0.9)),
    )


def concession(
    draw: Draw,
    name: str,
    issue: int,
    giver: int,
    *,
    cost: tuple[float, float],
    benefit: tuple[float, float],
) -> Concession:
    """Return a concession to the United States; its powers are not uncertain."""
    return Concession(
        name,
        issue=issue,
        giver=giver,
        receiver=US,
        cost=draw(cost[0]),
        benefit=draw(benefit[0]),
        cost_power=cost[1],
        benefit_power=benefit[1],
        width=float(UPPER[issue] - LOWER[issue]),
    )


def build(
    n_draws: int = 1,
    *,
    gsd: float = 1.0,
    rng: np.random.Generator | None = None,
    risk_aversion: FloatArray | None = None,
) -> Payoffs:
    """Return the worked example's payoffs.

    Parameters
    ----------
    n_draws : int
    gsd : float
        Geometric standard deviation of every parameter except powers and fixed tariffs; of σ,
        φ, 1 + λ, w_R and the premiums the distance from 1 is spread. Shares are rescaled to
        sum to 1.
    rng : numpy.random.Generator, optional
        Default: seed 0.
    risk_aversion : (3,), optional
    """
    draw = Draw(n_draws, gsd, np.random.default_rng(0) if rng is None else rng)
    return Payoffs.from_status_quo(
        PLAYERS,
        ISSUES,
        terms(draw),
        status_quo=STATUS_QUO,
        n_draws=n_draws,
        risk_aversion=risk_aversion,
    )
