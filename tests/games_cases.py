"""Payoffs that several tests of the games share: the worked example with noise over draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.payoffs import Concession, Deterrence, Market, Payoffs, Presence, Supplier, Transfer

ISSUES = tuple(
    f"{kind}_{ally}"
    for ally in ("jpn", "rok")
    for kind in ("auto", "goods", "access", "invest", "hns", "troops")
)
LOWER = np.array([0.025, 0.015, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], dtype=float)
UPPER = np.array([0.275, 0.24, 1, 150, 8, 50, 0.25, 0.25, 1, 100, 8, 28.5], dtype=float)
STATUS_QUO = np.array([0.025, 0.015, 0, 0, 1.48, 50, 0, 0, 0, 0, 1.47, 28.5])
BREAKDOWN = np.array([0.275, 0.24, 0, 0, 1.48, 30, 0.25, 0.25, 0, 0, 1.47, 20])
US_JAPAN = ((0, 1), (0, 1, 2, 3, 4, 5))
TRADE_JAPAN = ((0, 1), (0, 1, 2, 3))
DEFENCE_JAPAN = ((0, 1), (4, 5))


def _market(
    name: str,
    size: npt.ArrayLike,
    shares: tuple[float, ...],
    issues: tuple[int, int],
    elasticities: tuple[float, float, float, float],
) -> Market:
    base = STATUS_QUO[list(issues)]
    substitution, demand, pass_through, weight = elasticities
    rest = 0.05 if name == "cars" else 0.1
    return Market(
        name=name,
        importer=0,
        size=size,
        suppliers=(
            Supplier("US", shares[0], player=0, weight=1.0 + weight),
            Supplier("JPN", shares[1], player=1, issue=issues[0], baseline=base[0], weight=1.3),
            Supplier("ROK", shares[2], player=2, issue=issues[1], baseline=base[1], weight=1.3),
            Supplier("ROW", shares[3], tariff=rest),
        ),
        substitution=substitution,
        demand_elasticity=demand,
        pass_through=pass_through,
        consumers=0.7,
        revenue=1.2,
    )


def worked_example(n_draws: int = 1, *, spread: float = 0.0, seed: int = 0) -> Payoffs:
    """Return the payoffs of the worked example; `spread` is the log sd of its levels."""
    rng = np.random.default_rng(seed)

    def level(value: float) -> np.ndarray:
        return value * np.exp(spread * rng.standard_normal(n_draws))

    terms = (
        _market("cars", level(650), (0.5, 0.075, 0.065, 0.36), (0, 6), (4, 1.4, 0.85, 0.6)),
        _market("goods", level(4500), (0.8, 0.0215, 0.018, 0.1605), (1, 7), (4, 1.2, 0.9, 0.3)),
        Deterrence("d_jpn", 5, 60.0, 80.0, stakes={0: level(60), 1: level(100)}),
        Deterrence("d_rok", 11, 120.0, 100.0, stakes={0: level(40), 2: level(200)}),
        Presence("p_jpn", 5, 0, 0.063),
        Presence("p_rok", 11, 0, 0.071),
        Transfer("hns_jpn", 4, 1, 0, premium=1.5, paying_cost=level(0.6), reference=1.48),
        Transfer("hns_rok", 10, 2, 0, premium=1.5, paying_cost=level(0.9), reference=1.47),
        Concession("access_jpn", 2, 1, 0, 3.0, 4.0, 1.5, 0.7, width=1.0),
        Concession("access_rok", 8, 2, 0, 3.0, 2.5, 1.5, 0.7, width=1.0),
        Concession("invest_jpn", 3, 1, 0, 0.0004, level(0.08), 2.0, 0.9, width=150.0),
        Concession("invest_rok", 9, 2, 0, 0.0008, level(0.08), 2.0, 0.9, width=100.0),
    )
    return Payoffs.from_status_quo(
        ("US", "JPN", "ROK"), ISSUES, terms, status_quo=STATUS_QUO, n_draws=n_draws
    )
