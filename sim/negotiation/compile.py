"""From a scenario and sampled parameters to a case: names become positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.negotiation.case import Case, Ratifier
from sim.negotiation.declared import build_regimes
from sim.negotiation.felt import Felt
from sim.negotiation.structure import Layout
from sim.negotiation.terms import Names, build_term
from sim.payoffs import Deterrence, Payoffs, Term
from sim.scenario import Scenario

__all__ = ["compile_case", "layout_of"]

FloatArray = NDArray[np.float64]
Theta = Mapping[str, FloatArray]


def layout_of(scenario: Scenario) -> Layout:
    """Return who bargains with whom over what, in the order of the file."""
    players = tuple(scenario.players)
    return Layout(
        players=players,
        issues=tuple(scenario.issues),
        parties=tuple(
            tuple(sorted(players.index(p) for p in issue.parties))
            for issue in scenario.issues.values()
        ),
        tracks=tuple(issue.track for issue in scenario.issues.values()),
    )


def compile_case(
    scenario: Scenario, theta: Theta, draws: int, *, extra: Sequence[Term] = ()
) -> Case:
    """Return the case of a scenario for sampled parameters.

    Parameters
    ----------
    scenario : Scenario
    theta : mapping of str to (B,) array
        One array per uncertain number of the scenario.
    draws : int
        B.
    extra : sequence of Term
        Payoff terms beside those of the file, by positions: `sim.payoffs.CustomTerm` for instance.

    Returns
    -------
    Case
    """
    layout = layout_of(scenario)
    names = Names(scenario, theta, draws)
    issues = list(scenario.issues.values())
    lower = names.columns([issue.range[0] for issue in issues])
    upper = names.columns([issue.range[1] for issue in issues])
    status_quo = names.columns([issue.status_quo for issue in issues])
    aversion = np.stack(
        [names.column(player.risk_aversion) for player in scenario.players.values()]
    )
    stated = (build_term(name, spec, names) for name, spec in scenario.payoffs.items())
    terms = (*stated, *extra)
    payoffs = Payoffs.from_status_quo(
        layout.players,
        layout.issues,
        terms,
        status_quo=status_quo,
        n_draws=draws,
        risk_aversion=aversion if np.any(aversion) else None,
    )
    ratifiers, ratifying = build_ratifiers(scenario, names, terms, status_quo)
    return Case(
        layout=layout,
        payoffs=payoffs,
        lower=lower,
        upper=upper,
        status_quo=status_quo,
        breakdown=names.columns([issue.breakdown for issue in issues]),
        regions={t.name: t.issue for t in terms if isinstance(t, Deterrence)},
        domains=tuple(issue.domain for issue in issues),
        controlled_by=tuple(
            layout.players.index(scenario.controller_of(issue)) for issue in layout.issues
        ),
        ties=tuple((names.issue(a), names.issue(b)) for a, b in scenario.ties),
        regimes=build_regimes(scenario, layout, names),
        postures={
            names.player(player): tuple(
                {names.issue(k): names.column(v) for k, v in posture.set.items()}
                for posture in menu
            )
            for player, menu in scenario.threats.items()
        },
        ratifiers=ratifiers,
        ratifier_payoffs=ratifying,
    )


def build_ratifiers(
    scenario: Scenario, names: Names, terms: tuple[Term, ...], status_quo: FloatArray
) -> tuple[tuple[Ratifier, ...], Payoffs | None]:
    """Return the ratifiers of a scenario and their payoffs, one row each.

    Parameters
    ----------
    scenario : Scenario
    names : Names
    terms : tuple of Term
        The players' terms.
    status_quo : (B, K) array

    Returns
    -------
    tuple of Ratifier, Payoffs or None
    """
    if not scenario.ratifiers:
        return (), None
    found: list[Ratifier] = []
    felt: list[Term] = []
    for row, (name, spec) in enumerate(scenario.ratifiers.items()):
        player = names.player(spec.player)
        chance = spec.probability
        found.append(
            Ratifier(
                name=name,
                player=player,
                index=row,
                threshold=names.number(spec.threshold),
                steepness=None if chance is None else names.number(chance.steepness),
                luck=0.0 if chance is None else names.theta[f"ratifiers.{name}.luck"],
            )
        )
        for term in terms:
            share = names.number(spec.stakes.get(term.name, 1.0))
            if player in term.players and np.any(np.asarray(share) != 0.0):
                felt.append(Felt(term, player, row, share))
        for key, own in spec.payoffs.items():
            felt.append(Felt(build_term(f"{name}.{key}", own, names), player, row, 1.0))
    payoffs = Payoffs.from_status_quo(
        tuple(scenario.ratifiers),
        tuple(scenario.issues),
        felt,
        status_quo=status_quo,
        n_draws=names.draws,
    )
    return tuple(found), payoffs
