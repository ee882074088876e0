"""From a term as the file says it to a term of `sim.payoffs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import payoffs as room
from sim.payoffs import Term
from sim.scenario import Scenario
from sim.scenario import terms as specs
from sim.scenario.world import GeneralEquilibrium

__all__ = ["Names", "build_term"]

FloatArray = NDArray[np.float64]
Number = float | FloatArray


class Names:
    """What the names and numbers of a scenario stand for, given sampled parameters.

    Parameters
    ----------
    scenario : Scenario
    theta : mapping of str to (B,) array
    draws : int
        B.
    """

    def __init__(self, scenario: Scenario, theta: Mapping[str, FloatArray], draws: int) -> None:
        self.scenario, self.theta, self.draws = scenario, theta, draws
        self._players = {name: n for n, name in enumerate(scenario.players)}
        self._issues = {name: k for k, name in enumerate(scenario.issues)}

    def number(self, spec: Any) -> Number:
        """Return a NUMBER of the file as a float or an array (B,)."""
        return self.scenario.number(spec, self.theta)

    def column(self, spec: Any) -> FloatArray:
        """Return a NUMBER as an array (B,)."""
        return np.broadcast_to(np.asarray(self.number(spec), dtype=float), (self.draws,))

    def columns(self, specs: Sequence[Any]) -> FloatArray:
        """Return NUMBERs as an array (B, K)."""
        return np.stack([self.column(spec) for spec in specs], axis=1)

    def player(self, name: str) -> int:
        """Return a player's position."""
        return self._players[name]

    def by_player(self, numbers: Mapping[str, Any] | None) -> dict[int, Number]:
        """Return NUMBERs by player's position."""
        return {self._players[name]: self.number(spec) for name, spec in (numbers or {}).items()}

    def issue(self, name: str) -> int:
        """Return an issue's position."""
        return self._issues[name]

    def status_quo(self, issue: str) -> Number:
        """Return the status quo of an issue."""
        return self.number(self.scenario.issues[issue].status_quo)

    def width(self, issue: str) -> float:
        """Return the largest width of an issue's range over the draws."""
        low, high = self.scenario.issues[issue].range
        return float(np.max(np.asarray(self.number(high)) - np.asarray(self.number(low))))


def _market(name: str, spec: specs.Market, names: Names) -> Term:
    suppliers = []
    for key, supplier in spec.suppliers.items():
        player = names.player(key) if key in names.scenario.players else None
        own = spec.weights.producers if key == spec.market else spec.weights.exporters
        weight = own if supplier.weight is None else supplier.weight
        issue = supplier.tariff if supplier.tariff in names.scenario.issues else None
        tariff = 0.0 if supplier.tariff is None or issue else names.number(supplier.tariff)
        baseline: Number | None = None
        if supplier.baseline is not None:
            baseline = names.number(supplier.baseline)
        elif issue is not None:
            baseline = names.status_quo(issue)
        suppliers.append(
            room.Supplier(
                key,
                names.number(supplier.share),
                player=player,
                issue=None if issue is None else names.issue(issue),
                tariff=tariff,
                baseline=baseline,
                weight=names.number(weight),
            )
        )
    return room.Market(
        name,
        importer=names.player(spec.market),
        size=names.number(spec.size),
        suppliers=tuple(suppliers),
        substitution=names.number(spec.substitution),
        demand_elasticity=names.number(spec.demand_elasticity),
        pass_through=names.number(spec.pass_through),
        margin=None if spec.margin is None else names.number(spec.margin),
        consumers=names.number(spec.weights.consumers),
        revenue=names.number(spec.weights.revenue),
        domain=names.scenario.domain_of(spec),
    )


def _general_equilibrium(name: str, spec: GeneralEquilibrium, names: Names) -> Term:
    data = spec.general_equilibrium
    at = {region: n for n, region in enumerate(data.trade)}
    trade = np.array([[row.get(to, 0.0) for to in at] for row in data.trade.values()])
    sigma = names.number(spec.elasticity)
    world = room.World.from_trade(trade, [data.gdp[region] for region in at], substitution=sigma)
    rates = {
        (at[t.exporter], at[t.importer]): names.status_quo(t.issue)
        if t.baseline is None
        else names.number(t.baseline)
        for t in spec.tariffs
    }
    baseline = np.zeros((max(np.size(rate) for rate in rates.values()), len(at), len(at)))
    for (exporter, importer), rate in rates.items():
        baseline[:, exporter, importer] = rate
    players = {region: names.player(player) for player, region in spec.regions.items()}
    return room.GeneralEquilibrium(
        name,
        flows=np.asarray(world.flows)[0],
        countries=tuple(players.get(region) for region in at),
        issues_of={(at[t.exporter], at[t.importer]): names.issue(t.issue) for t in spec.tariffs},
        substitution=sigma,
        baseline=baseline,
        income=names.by_player(spec.income),
        revenue=names.by_player(spec.revenue),
        domain=names.scenario.domain_of(spec),
    )


def _deterrence(name: str, spec: specs.Deterrence, names: Names) -> Term:
    strength = names.status_quo(spec.deterrence)
    return room.Deterrence(
        name,
        issue=names.issue(spec.deterrence),
        own_forces=names.number(spec.own_forces),
        threat=names.number(spec.threat),
        stakes=names.by_player(spec.stakes),
        effectiveness=names.number(spec.effectiveness),
        decisiveness=names.number(spec.decisiveness),
        spill_in={names.issue(k): names.number(v) for k, v in spec.spill_in.items()},
        reputation=names.by_player(spec.reputation),
        abandonment=names.by_player(spec.abandonment),
        entrapment=names.by_player(spec.entrapment),
        full_strength=strength if np.all(np.asarray(strength) > 0.0) else 1.0,
        domain=names.scenario.domain_of(spec),
    )


def _presence(name: str, spec: specs.Presence, names: Names) -> Term:
    return room.Presence(
        name,
        issue=names.issue(spec.presence),
        player=names.player(spec.player),
        cost=names.number(spec.cost),
        domain=names.scenario.domain_of(spec),
    )


def _transfer(name: str, spec: specs.Transfer, names: Names) -> Term:
    taken = spec.reference
    return room.Transfer(
        name,
        issue=names.issue(spec.transfer),
        payer=names.player(spec.from_),
        payee=names.player(spec.to),
        premium=names.number(spec.premium),
        paying_cost=names.number(spec.paying_cost),
        reference=names.status_quo(spec.transfer) if taken is None else names.number(taken),
        domain=names.scenario.domain_of(spec),
    )


def _concession(name: str, spec: specs.Concession, names: Names) -> Term:
    return room.Concession(
        name,
        issue=names.issue(spec.concession),
        giver=names.player(spec.from_),
        receiver=names.player(spec.to),
        cost=names.number(spec.cost),
        benefit=names.number(spec.benefit),
        cost_power=names.number(spec.cost_power),
        benefit_power=names.number(spec.benefit_power),
        width=names.width(spec.concession),
        domain=names.scenario.domain_of(spec),
    )


def _parity(name: str, spec: specs.Parity, names: Names) -> Term:
    weight = names.number(spec.parity)
    first, second = spec.precedent
    return room.Parity(
        name,
        pair=(names.issue(first), names.issue(second)),
        weights={names.player(p): weight for p in spec.players},
        domain=names.scenario.domain_of(spec),
    )


def _precedent(name: str, spec: specs.Precedent, names: Names) -> Term:
    taken = spec.reference
    return room.push(
        name,
        issue=names.issue(spec.precedent),
        player=names.player(spec.player),
        weight=names.number(spec.push),
        reference=names.status_quo(spec.precedent) if taken is None else names.number(taken),
        domain=names.scenario.domain_of(spec),
    )


def _interaction(name: str, spec: specs.Interaction, names: Names) -> Term:
    first, second = spec.interaction
    return room.Interaction(
        name,
        pair=(names.issue(first), names.issue(second)),
        weights=names.by_player(spec.weights),
        domain=names.scenario.domain_of(spec),
    )


def _form(name: str, spec: specs.Term, names: Names) -> Term:
    """Return a general form: one curve a player over one issue."""
    curves: dict[int, room.Curve] = {}
    match spec:
        case specs.Linear():
            at = names.number(spec.reference)
            curves = {p: room.Linear(w, at) for p, w in names.by_player(spec.weights).items()}
        case specs.Power():
            width, exponent = names.width(spec.power), names.number(spec.exponent)
            weights = names.by_player(spec.weights)
            curves = {p: room.Power(w, exponent, width) for p, w in weights.items()}
        case specs.Exponential():
            rate = names.number(spec.rate)
            curves = {
                p: room.Exponential(w, rate) for p, w in names.by_player(spec.weights).items()
            }
        case specs.QuadraticLoss():
            ideals = names.by_player(spec.ideals)
            weights = names.by_player(spec.weights)
            curves = {p: room.QuadraticLoss(w, ideals[p]) for p, w in weights.items()}
        case specs.Logistic():
            middle, steep = names.number(spec.midpoint), names.number(spec.steepness)
            weights = names.by_player(spec.weights)
            curves = {p: room.Logistic(w, middle, steep) for p, w in weights.items()}
        case specs.Piecewise():
            for player, points in spec.points.items():
                through = [(float(x), names.number(y)) for x, y in points]
                curves[names.player(player)] = room.Piecewise.through(through)
    return room.Form(
        name, names.issue(spec.issues[0]), curves, names.scenario.domain_of(spec), spec.kind
    )


BUILDERS: dict[type[specs.Term], Callable[[str, Any, Names], Term]] = {
    specs.Market: _market,
    GeneralEquilibrium: _general_equilibrium,
    specs.Deterrence: _deterrence,
    specs.Presence: _presence,
    specs.Transfer: _transfer,
    specs.Concession: _concession,
    specs.Parity: _parity,
    specs.Precedent: _precedent,
    specs.Interaction: _interaction,
    specs.Linear: _form,
    specs.Power: _form,
    specs.Exponential: _form,
    specs.QuadraticLoss: _form,
    specs.Logistic: _form,
    specs.Piecewise: _form,
}
"""How each kind of term becomes arrays."""


def build_term(name: str, spec: specs.Term, names: Names) -> Term:
    """Return the term of a file as a term of `sim.payoffs`.

    Parameters
    ----------
    name : str
        Its key under `payoffs:`.
    spec : sim.scenario term
    names : Names

    Returns
    -------
    Term
    """
    return BUILDERS[type(spec)](name, spec, names)
