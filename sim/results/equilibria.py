"""What `sim equilibria` reports: stances, talks, beliefs, enforcement and coalitions of a scenario.

Plain data with statistics over draws, ready for JSON and for tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import SimError
from sim.montecarlo.precision import standard_error
from sim.montecarlo.sampling import Design, design, replicate
from sim.negotiation.alliance import solve_alliance
from sim.negotiation.beliefs import solve_offer
from sim.negotiation.holding import solve_enforcement
from sim.negotiation.stances import StanceGame, stance_game
from sim.negotiation.structure import Layout
from sim.negotiation.talks import solve_talks
from sim.scenario import Scenario

__all__ = ["equilibria_report", "stance_report"]

FloatArray = NDArray[np.float64]
Theta = Mapping[str, FloatArray]

MOST = 1_000_000
"""Most draws, which are all held in memory at once."""

TIE = 1e-6
"""Payoffs closer than this share of a player's range in the stance game are equal."""


def equilibria_report(
    scenario: Scenario, *, draws: int = 256, seed: int | None = None
) -> dict[str, Any]:
    """Analyse everything that a scenario declares beyond its bargaining tables.

    Parameters
    ----------
    scenario : Scenario
    draws : int
        Draws of the uncertain numbers.
    seed : int, optional
        The scenario's own by default.

    Returns
    -------
    dict
        `scenario`, `draws`, `seed`, and those of `stances`, `talks`, `beliefs`, `enforcement`,
        `coalitions` that the scenario has. STAT is {mean, se, q05, q50, q95}.

    Raises
    ------
    SimError
        With fewer draws than two, or more than are held in memory at once.
    """
    if not 2 <= draws <= MOST:
        raise SimError(f"draws {draws}: allowed are the integers from 2 to {MOST:,}")
    rules = scenario.simulate
    scheme = design(
        scenario.uncertain,
        seed=rules.seed if seed is None else seed,
        sampler=rules.sampler,
        replicates=rules.replicates,
        total=draws,
        correlations=scenario.correlations,
        correlation_kind=scenario.correlation_kind,
    )
    theta = scheme(range(draws))
    stat = _statistics(scheme, draws)
    report: dict[str, Any] = {
        "title": scenario.title,
        "scenario_sha256": scenario.sha256,
        "draws": draws,
        "seed": scheme.seed,
        "unit": scenario.unit,
    }
    if scenario.stances is not None:
        report["stances"] = stance_report(stance_game(scenario, theta, draws), stat)
    if scenario.talks:
        report["talks"] = {t: _talks(scenario, t, theta, draws, stat) for t in scenario.talks}
    if scenario.beliefs:
        report["beliefs"] = {t: _offer(scenario, t, theta, draws, stat) for t in scenario.beliefs}
    if scenario.enforcement is not None:
        report["enforcement"] = _enforcement(scenario, theta, draws, stat)
    if _has_hub(scenario):
        report["coalitions"] = _coalitions(scenario, theta, draws, stat)
    return report


Statistics = Callable[[FloatArray], dict[str, float | None]]


def _statistics(scheme: Design, draws: int) -> Statistics:
    """Return the function that turns draws (B,) into {mean, se, q05, q50, q95}."""
    labels = replicate(scheme, range(draws))

    def stat(values: FloatArray) -> dict[str, float | None]:
        known = np.asarray(values, dtype=float)
        finite = known[np.isfinite(known)]
        if len(finite) < len(known):
            low, middle, high = np.quantile(known, [0.05, 0.5, 0.95], method="lower")
            spread = [_or_none(q) for q in (low, middle, high)]
            return {"mean": None, "se": None, **dict(zip(_QUANTILES, spread, strict=True))}
        low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
        error = float(standard_error(known[:, None], labels)[0])
        return {
            "mean": float(known.mean()),
            "se": _or_none(error),
            "q05": float(low),
            "q50": float(middle),
            "q95": float(high),
        }

    return stat


_QUANTILES = ("q05", "q50", "q95")


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def stance_report(game: StanceGame, stat: Statistics) -> dict[str, Any]:
    """Return the stance game at mean payoffs, its equilibria, and P(linkage) over the draws.

    P(linkage) is an interval: the share of draws in which every pure equilibrium links files, and
    in which some does; beside it the shares under risk dominance and under the equilibrium that
    the logit branch selects. Draws without a pure equilibrium count in neither end.

    Parameters
    ----------
    game : StanceGame
    stat : callable
        From draws to statistics.
    """
    from sim.games import (
        equilibria,
        logit_selection,
        merge_ties,
        pure_equilibria,
        risk_dominant,
    )

    mean = merge_ties(game.mean_game(), TIE)
    table = game.payoffs.mean(axis=0)
    batch = merge_ties(game.game(), TIE)
    pure = pure_equilibria(batch)
    flat, linked = pure.reshape(len(pure), -1), game.linked.ravel()
    number = flat.sum(axis=1)
    some = (flat & linked).any(axis=1)
    every = (number > 0) & ~(flat & ~linked).any(axis=1)
    chosen = risk_dominant(batch)
    risky = np.zeros(len(pure), dtype=bool)
    picked = np.flatnonzero(chosen.selected)
    risky[picked] = game.linked[tuple(np.asarray(chosen.actions)[picked].T)]
    logit = logit_selection(batch)
    weight = np.ones((len(pure), 1))
    for strategy in logit.profile:
        weight = (weight[:, :, None] * strategy[:, None, :]).reshape(len(pure), -1)
    return {
        "players": list(game.players),
        "stances": {p: list(s) for p, s in zip(game.players, game.stances, strict=True)},
        "profiles": [
            {
                "profile": {p: game.stances[n][at[n]] for n, p in enumerate(game.players)},
                "regime": str(game.regimes[at]),
                "linked": bool(game.linked[at]),
                "payoff": {p: float(table[(n, *at)]) for n, p in enumerate(game.players)},
                "share_equilibrium": float(pure[(slice(None), *at)].mean()),
                "deviations": _deviations(game, table, at),
            }
            for at in np.ndindex(*game.linked.shape)
        ],
        "equilibria": [
            {
                "profile": {
                    p: {s: float(w) for s, w in zip(game.stances[n], one.profile[n], strict=True)}
                    for n, p in enumerate(game.players)
                },
                "payoff": dict(zip(game.players, map(float, one.payoffs), strict=True)),
                "regret": float(one.regret),
            }
            for one in equilibria(mean)
        ],
        "p_linkage": {
            "every_equilibrium": stat(every.astype(float)),
            "some_equilibrium": stat(some.astype(float)),
            "risk_dominant": stat(risky.astype(float)),
            "risk_dominant_selected": float(chosen.selected.mean()),
            "logit": stat((weight * linked).sum(axis=1)),
            "logit_converged": float(logit.converged.mean()),
        },
        "pure_equilibria": stat(number.astype(float)),
        "without_pure_equilibrium": float((number == 0).mean()),
        "converged": float(game.converged.mean()),
        "agenda": _agenda(game, stat),
    }


def _deviations(game: StanceGame, table: FloatArray, at: tuple[int, ...]) -> dict[str, Any]:
    """Return who would leave a profile at mean payoffs, for which stance, and what for."""
    found = {}
    for n, player in enumerate(game.players):
        along = np.moveaxis(table[n], n, -1)[(*at[:n], *at[n + 1 :])]
        best = int(np.argmax(along))
        gain = float(along[best] - along[at[n]])
        if gain > TIE * max(float(np.ptp(table[n])), 1e-300):
            found[player] = {"to": game.stances[n][best], "gain": gain}
    return found


def _agenda(game: StanceGame, stat: Statistics) -> dict[str, Any]:
    """Return the agenda stage, in which linkage itself is bargained over (Harstad 2001).

    With the best unlinked profile for the total as the disagreement point, a linked profile is
    chosen when everybody gains, or when the winners can compensate the losers.
    """
    totals = game.payoffs.sum(axis=1).reshape(len(game.payoffs), -1)
    flat = game.payoffs.reshape(*game.payoffs.shape[:2], -1)
    linked = game.linked.ravel()
    if not linked.any() or linked.all():
        return {}
    rows = np.arange(len(totals))
    apart = np.where(linked, -np.inf, totals).argmax(axis=1)
    together = np.where(linked, totals, -np.inf).argmax(axis=1)
    gain = flat[rows, :, together] - flat[rows, :, apart]
    return {
        "gain": {p: stat(gain[:, n]) for n, p in enumerate(game.players)},
        "everybody_gains": stat((gain > 0.0).all(axis=1).astype(float)),
        "winners_can_compensate": stat((gain.sum(axis=1) > 0.0).astype(float)),
    }


def _talks(
    scenario: Scenario, table: str, theta: Theta, draws: int, stat: Statistics
) -> dict[str, Any]:
    found = solve_talks(scenario, table, theta, draws)
    return {
        "payoff": {
            first: {p: stat(found.payoffs[:, k, n]) for n, p in enumerate(found.parties)}
            for k, first in enumerate(found.proposers)
        },
        "limit": {p: stat(found.limit[:, n]) for n, p in enumerate(found.parties)},
        "outcome": {
            first: {i: stat(found.outcome[:, k, n]) for n, i in enumerate(found.issues)}
            for k, first in enumerate(found.proposers)
        },
        "agreement": stat(found.agreement),
        "years_until_agreement": stat(found.date),
        "equilibria": stat(found.count.astype(float)),
        "converged": float(found.converged.mean()),
    }


def _offer(
    scenario: Scenario, table: str, theta: Theta, draws: int, stat: Statistics
) -> dict[str, Any]:
    found = solve_offer(scenario, table, theta, draws)
    return {
        "proposer": found.proposer,
        "responder": found.responder,
        "breakdown": stat(found.breakdown),
        "value": stat(found.value),
        "value_single_offer": stat(found.single),
        "without_a_deal": {
            found.proposer: stat(found.failure[:, 0]),
            found.responder: stat(found.failure[:, 1]),
        },
        "types": {
            name: {"belief": float(found.probability[t]), "deal": stat(found.accepts[:, t])}
            for t, name in enumerate(found.types)
        },
    }


def _enforcement(scenario: Scenario, theta: Theta, draws: int, stat: Statistics) -> dict[str, Any]:
    report = {}
    for held in solve_enforcement(scenario, theta, draws):
        found = held.found
        report["-".join(held.parties)] = {
            "separate": {
                track: {
                    "critical_discount_factor": stat(found.separate_agreement[:, t]),
                    "never": float(np.isinf(found.separate_agreement[:, t]).mean()),
                    "rescued_by_linkage": float(found.rescued[:, t].mean()),
                    "tightened_by_linkage": float(found.tightened[:, t].mean()),
                    "holds": stat(held.separate_holds[:, t].astype(float)),
                }
                for t, track in enumerate(held.tracks)
            },
            "pooled": {
                "critical_discount_factor": stat(found.pooled_agreement),
                "never": float(np.isinf(found.pooled_agreement).mean()),
                "holds": stat(held.pooled_holds.astype(float)),
            },
            "by_issue": {
                issue: {
                    "critical_discount_factor": stat(held.by_issue.separate_agreement[:, n]),
                    "never": float(np.isinf(held.by_issue.separate_agreement[:, n]).mean()),
                }
                for n, issue in enumerate(held.issues)
            },
            "converged": float((found.converged & held.by_issue.converged).mean()),
        }
    return report


def _coalitions(scenario: Scenario, theta: Theta, draws: int, stat: Statistics) -> dict[str, Any]:
    from sim.games.coalitions.core_nucleolus import core, nucleolus

    found = solve_alliance(scenario, theta, draws)
    mean = type(found.game)(found.game.values.mean(axis=0), found.players)
    size = len(found.players)
    worth = {}
    for index in range(1, 2**size):
        members = [p for n, p in enumerate(found.players) if index >> n & 1]
        worth["+".join(members)] = stat(found.game.values[:, index])
    return {
        "worth": worth,
        "shapley": {p: stat(found.shapley[:, n]) for n, p in enumerate(found.players)},
        "nucleolus_at_means": dict(
            zip(found.players, map(float, nucleolus(mean).payoffs), strict=True)
        ),
        "core_empty_at_means": core(mean).empty,
        "complements": stat(found.complements),
    }


def _has_hub(scenario: Scenario) -> bool:
    from sim.negotiation.compile import layout_of

    layout: Layout = layout_of(scenario)
    return layout.hub() is not None and len(layout.dyads()) > 1
