"""The stance game of the April 2025 case against a second implementation.

Each table of a regime must settle, given the others, where SciPy's SLSQP does (`plain_case.py`);
what follows, delays, costs and equilibria, is read from the file's text and enumerated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
from plain_case import PlainCase, read
from test_second_method import BASE, JPN, ROK, US, plain_draws, table, theta_of

from sim.negotiation import compile_case, solve_regimes
from sim.negotiation.case import Case
from sim.negotiation.stances import compose, stance_game
from sim.results.equilibria import stance_report
from sim.scenario import load_scenario

DRAWS = 2  # the medians and one random draw
TIE = 1e-6


def meets(case: PlainCase, ally: str, regime: str) -> list[dict[str, Any]]:
    """Return the rules of an ally's tables under a regime of the file."""
    pair = (US, ally)
    dyad = case.where(parties=pair)
    shame, erosion = case.theta["audience_cost"], case.theta["erosion"]
    tracks = [case.where(parties=pair, track=t) for t in ("trade", "defence")]
    if regime == "separate":
        return [{"own": t, "falls": t} for t in tracks]
    if regime == "linked-refused":
        return [{"own": t, "falls": dyad, "shame": shame, "erosion": erosion} for t in tracks]
    if regime == "linked":
        return [{"own": dyad, "falls": dyad, "shame": shame, "erosion": erosion}]
    troops = [case.issues.index(f"troops_{ally.lower()}")]
    money = [k for k in dyad if k not in troops]
    return [{"own": k, "falls": k, "shame": shame} for k in (money, troops)]


def erosion_where_tables_rest(case: PlainCase, regimes: Mapping[str, str], x: np.ndarray) -> float:
    """Return the erosion under a regime an ally, each of whose tables settles on `x` given `x`."""
    rules = [(ally, r) for ally in (JPN, ROK) for r in meets(case, ally, regimes[ally])]
    for ally, rule in rules:
        own = rule["own"]
        side = table(case, x, parties=(US, ally), **{k: v for k, v in rule.items() if k != "own"})
        side.issues = own
        mine = side.solve("nash")
        share = (x[own] - mine[own]) / case.width[own]
        np.testing.assert_allclose(share, 0.0, atol=1e-4, err_msg=f"{ally} {regimes}")
    return max(rule.get("erosion", 0.0) for _, rule in rules)


def worth(case: PlainCase, outcome: Mapping[str, Any], x: np.ndarray, erosion: float) -> np.ndarray:
    """Return payoffs (N,): flows before and after each ally's tables meet, less the costs."""
    wait = {ally: case.number(outcome.get("delay", {}).get(ally, 0.0)) for ally in (JPN, ROK)}
    rate = np.array([p["discount_rate"] for p in case.tree["players"].values()])
    dates = [0.0, *sorted(wait.values()), np.inf]
    total = np.zeros(len(case.players))
    for begin, end in pairwise(dates):
        held = x.copy()
        for ally, years in wait.items():
            if years > begin:
                dyad = case.where(parties=(US, ally))
                held[dyad] = getattr(case, outcome["meanwhile"])[dyad]
        flow = case.money(held, erosion) - case.reference
        total += (np.exp(-rate * begin) - np.exp(-rate * end)) * flow
    for player, cost in outcome.get("costs", {}).items():
        total[case.players.index(player)] -= case.number(cost)
    return total


def test_stances_in_several_draws_by_enumeration() -> None:
    """Payoffs of all profiles, their pure equilibria, and the interval of P(linkage)."""
    scenario = load_scenario(BASE)
    theta = theta_of(scenario, DRAWS)
    cases = plain_draws(BASE, theta)
    game = stance_game(scenario, theta, DRAWS)
    whole = compile_case(scenario, theta, DRAWS)
    assert game.converged.all()
    spec = read(BASE)["stances"]
    stances = list(spec["players"].values())
    profiles = list(product(*stances))
    every, some = [], []
    outcomes: dict[tuple[str, ...], np.ndarray] = {}
    for n, case in enumerate(cases):
        solved: dict[tuple[str, ...], tuple[np.ndarray, float]] = {}
        value, linked = {}, {}
        for profile in profiles:
            named = dict(zip(spec["players"], profile, strict=True))
            outcome = next(o for o in spec["outcomes"] if o["when"].items() <= named.items())
            rule = outcome["regime"]
            rules = rule if isinstance(rule, dict) else dict.fromkeys((JPN, ROK), rule)
            key = (rules[JPN], rules[ROK])
            if key not in solved:
                if key not in outcomes:
                    outcomes[key] = _outcomes(whole, rules)
                x = np.clip(outcomes[key][n], case.lower, case.lower + case.width)
                solved[key] = (x, erosion_where_tables_rest(case, rules, x))
            value[profile] = worth(case, outcome, *solved[key])
            linked[profile] = bool({"linked", "payments-linked"} & set(key))
            at = tuple(s.index(a) for s, a in zip(stances, profile, strict=True))
            np.testing.assert_allclose(game.payoffs[n, :, *at], value[profile], atol=1e-4)
            assert game.linked[at] == linked[profile]
        stable = [p for p in profiles if _regret(value, p, stances) <= TIE]
        every.append(bool(stable) and all(linked[p] for p in stable))
        some.append(any(linked[p] for p in stable))
    found = stance_report(game, lambda v: {"mean": float(np.mean(v))})["p_linkage"]
    assert found["every_equilibrium"]["mean"] == np.mean(every)
    assert found["some_equilibrium"]["mean"] == np.mean(some)


def _outcomes(case: Case, regimes: Mapping[str, str]) -> np.ndarray:
    """Return where the tables of a regime an ally come to rest, (B, K)."""
    regime = compose(case, regimes)
    regimes_too = replace(case, regimes={**case.regimes, regime.name: regime})
    return solve_regimes(regimes_too, [regime.name], "nash")[regime.name].lottery.mean


def _regret(value: Mapping[Any, np.ndarray], profile: tuple[str, ...], stances: list[Any]) -> float:
    """Return the most that anybody gains by another stance."""
    return max(
        value[(*profile[:i], other, *profile[i + 1 :])][i] - value[profile][i]
        for i, own in enumerate(stances)
        for other in own
    )
