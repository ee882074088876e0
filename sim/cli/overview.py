"""What `sim show` tells of a scenario, as data: all at the medians of the uncertain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.negotiation import DOMAINS, Case, compile_case, median_theta
from sim.scenario import Scenario
from sim.scenario.numbers import NumberSpec

__all__ = ["overview"]

FloatArray = NDArray[np.float64]
Theta = Mapping[str, FloatArray]


def overview(scenario: Scenario) -> dict[str, Any]:
    """Return players, issues, regimes, and what the status quo and failed talks are worth.

    Returns
    -------
    dict
        `title`, `summary`, `unit`; `players` {name: {name, gdp, weight, risk_aversion,
        discount_rate}}; `issues` {name: {label, domain, unit, parties, lowest, highest, status_quo,
        breakdown, demand}}; `regimes` {name: {fallback, tables: {name: {parties, issues, falls}}}};
        `status_quo` {player: {domain: payoff, total}}; `if_a_table_fails` {table: {player: change
        from the status quo by domain, total}}, those that feel it; `ratifiers` {name: {label,
        player, threshold, steepness}}, the latter of a veto by chance. What is not given, or
        infinite, is None.
    """
    theta = median_theta(scenario)
    case = compile_case(scenario, theta, 1)
    return {
        "title": scenario.title,
        "summary": scenario.summary,
        "unit": scenario.unit,
        "players": {
            key: {
                "name": player.name,
                **{
                    field: _middle(scenario, getattr(player, field), theta)
                    for field in ("gdp", "weight", "risk_aversion", "discount_rate")
                },
            }
            for key, player in scenario.players.items()
        },
        "issues": _issues(scenario, case, theta),
        "regimes": _regimes(case),
        "status_quo": _status_quo(case),
        "if_a_table_fails": _failures(case),
        "ratifiers": {
            name: {
                "label": ratifier.label,
                "player": ratifier.player,
                "threshold": _middle(scenario, ratifier.threshold, theta),
                "steepness": ratifier.probability and ratifier.probability.steepness,
            }
            for name, ratifier in scenario.ratifiers.items()
        },
    }


def _middle(scenario: Scenario, spec: NumberSpec | None, theta: Theta) -> float | None:
    return None if spec is None else _finite(np.mean(scenario.number(spec, theta)))


def _finite(value: np.floating[Any] | float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _issues(scenario: Scenario, case: Case, theta: Theta) -> dict[str, Any]:
    return {
        name: {
            "label": issue.label,
            "domain": issue.domain,
            "unit": issue.unit,
            "parties": list(issue.parties),
            "lowest": _finite(case.lower[0, k]),
            "highest": _finite(case.upper[0, k]),
            "status_quo": _finite(case.status_quo[0, k]),
            "breakdown": _finite(case.breakdown[0, k]),
            "demand": _middle(scenario, issue.demand, theta),
        }
        for k, (name, issue) in enumerate(scenario.issues.items())
    }


def _regimes(case: Case) -> dict[str, Any]:
    players, issues = case.layout.players, case.layout.issues
    return {
        regime.name: {
            "fallback": regime.fallback,
            "tables": {
                table.name: {
                    "parties": [players[p] for p in table.parties],
                    "issues": [issues[k] for k in table.issues],
                    "falls": [issues[k] for k in sorted(table.falls)],
                }
                for table in regime.tables
            },
        }
        for regime in case.regimes.values()
    }


def _status_quo(case: Case) -> dict[str, dict[str, float | None]]:
    """Return what the status quo is worth: the zero of all changes."""
    worth = case.payoffs.by_domain(case.status_quo, DOMAINS)[0]
    return dict(zip(case.layout.players, map(_by_domain, worth), strict=True))


def _by_domain(amounts: FloatArray) -> dict[str, float | None]:
    found = {domain: _finite(v) for domain, v in zip(DOMAINS, amounts, strict=True)}
    return {**found, "total": _finite(amounts.sum())}


def _failures(case: Case) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return what breakdown of each table would change, for those who feel it."""
    base = case.payoffs.by_domain(case.status_quo, DOMAINS)
    seen: dict[tuple[int, ...], str] = {}
    for regime in case.regimes.values():
        for side in regime.tables:
            falls = tuple(sorted(side.falls))
            if falls not in seen or set(side.issues) == set(falls):
                seen[falls] = side.name  # the table that settles just what falls names it best
    found = {}
    for fallen, name in seen.items():
        outcome = case.status_quo.copy()
        outcome[:, list(fallen)] = case.breakdown[:, list(fallen)]
        change = (case.payoffs.by_domain(outcome, DOMAINS) - base)[0]
        found[name] = {
            player: _by_domain(amounts)
            for player, amounts in zip(case.layout.players, change, strict=True)
            if np.any(np.abs(amounts) > 1e-12)
        }
    return found
