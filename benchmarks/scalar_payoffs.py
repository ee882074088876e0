"""The worked example's payoffs for one draw in plain floats: what a careful user would write.

This is the competitor's side of `nash_vs_slsqp.py`. It shares no code with `sim.payoffs`; it
reads the same parameters, and the benchmark checks that both sides give the same numbers.
Everything that does not depend on the outcome is worked out once per draw.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

import numpy as np

from sim.payoffs import Concession, Deterrence, Market, Payoffs, Presence, Transfer

Gains = Callable[[list[float]], tuple[list[float], list[list[float]]]]


def number(value: object) -> float:
    """Return a parameter of the only draw."""
    return float(np.asarray(value, dtype=float).reshape(()))


class ScalarMarket:
    """A market with one or two tariffs at the table.

    Rows of `value` and `slopes` are the importer, then the exporter of each tariff.
    """

    def __init__(self, market: Market, issues: list[int], outcome: np.ndarray) -> None:
        sigma = number(market.substitution)
        epsilon = number(market.demand_elasticity)
        phi = number(market.pass_through)
        margin = number(market.margin)
        self.C, self.B, self.phi = phi * (1.0 - sigma), phi * (sigma - epsilon), phi
        self.size = number(market.size)
        self.consumers = number(market.consumers)
        self.revenue = number(market.revenue)
        self.one_less = 1.0 - epsilon
        self.eta = self.one_less / (1.0 - sigma)
        self.rest = self.fixed = 0.0
        self.active: list[tuple[int, int, float, float, float]] = []
        for s in market.suppliers:
            share, weight = number(s.share), number(s.weight)
            tau0 = log(1.0 + number(s.baseline))
            if s.issue in issues:
                cost = weight * (1.0 - margin) * exp((phi - 1.0) * tau0)
                self.active.append(
                    (issues.index(s.issue), s.player, log(share) - self.C * tau0, weight, cost)
                )
                continue
            tariff = number(s.tariff) if s.issue is None else float(outcome[s.issue])
            change = log(1.0 + tariff) - tau0
            w = share * exp(self.C * change)
            self.rest += w
            self.fixed += w * self.revenue * tariff / (1.0 + tariff)
            if s.player == market.importer:
                self.fixed += w * weight * (1.0 - (1.0 - margin) * exp((1.0 - phi) * change))

    def add(self, x: list[float], value: list[float], slopes: list[list[float]]) -> None:
        """Add payoffs to `value` and derivatives to `slopes`, both by player."""
        C, B, revenue, phi = self.C, self.B, self.revenue, self.phi
        D = self.rest
        parts = []
        for k, player, level, weight, cost in self.active:
            factor = 1.0 + x[k]
            tau = log(factor)
            w = exp(C * tau + level)
            D += w
            parts.append((k, player, 1.0 / factor, tau, w, weight, cost))
        E = self.size * exp(self.eta * log(D))
        per = E / D
        Q = self.fixed * per
        for _, _, J, _, w, _, _ in parts:
            Q += revenue * per * w * (1.0 - J)
        value[0] += Q - self.consumers * (E - self.size) / self.one_less
        home = slopes[0]
        for k, player, J, tau, w, weight, cost in parts:
            X, V = per * w, w / D
            grown = cost * exp((1.0 - phi) * tau)
            profit = X * J * (weight - grown)
            value[player] += profit
            own = slopes[player]
            for k2, _, J2, _, w2, _, _ in parts:
                own[k2] += B * w2 / D * profit * J2
            own[k] += (C * profit - X * J * (weight - phi * grown)) * J
            home[k] += (
                B * V * Q + revenue * X * (C * (1.0 - J) + J) - self.consumers * phi * X
            ) * J


def compile_draw(
    payoffs: Payoffs,
    table: tuple[tuple[int, ...], tuple[int, ...]],
    outcome: np.ndarray,
    *,
    disagreement: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
) -> Gains:
    """Return gains and gradients at one table as a function of z in the unit box.

    Parameters
    ----------
    payoffs : Payoffs
        Of one draw; its terms hold the parameters.
    table : (players, issues)
        The first player is the importer and the stationing country.
    outcome : (K,)
        Where the other issues stay.
    disagreement : (N,)
    box : (lower, upper)
    """
    players, issues = list(table[0]), list(table[1])
    low, width = box[0].tolist(), (box[1] - box[0]).tolist()
    reference = payoffs.reference[:, 0]
    constant = [-float(reference[p]) - float(d) for p, d in zip(players, disagreement, strict=True)]
    markets, linear, troops, gifts, payments = [], [], [], [], []
    for term in payoffs.terms:
        here = [i for i in term.issues if i in issues]
        if not here:
            for part in term.components([np.full(1, v) for v in outcome]):
                if part.player in players:
                    constant[players.index(part.player)] += number(part.weight * part.value)
            continue
        if isinstance(term, Market):
            market = ScalarMarket(term, issues, outcome)
            market.active = [
                (k, players.index(p) if p in players else -1, a, w, c)
                for k, p, a, w, c in market.active
            ]
            markets.append(market)
            continue
        k = issues.index(term.issue)
        if isinstance(term, Deterrence):
            for p, stake in term.stakes.items():
                if p in players:
                    troops.append(
                        (
                            players.index(p),
                            k,
                            number(term.own_forces),
                            number(term.threat),
                            number(stake),
                        )
                    )
        elif isinstance(term, Presence):
            linear.append((players.index(term.player), k, -number(term.cost)))
        elif isinstance(term, Transfer):
            linear.append((players.index(term.payee), k, number(term.premium)))
            payments.append(
                (
                    players.index(term.payer),
                    k,
                    number(term.paying_cost),
                    number(term.reference),
                )
            )
        elif isinstance(term, Concession):
            gifts.append(
                (
                    players.index(term.receiver),
                    players.index(term.giver),
                    k,
                    number(term.benefit),
                    number(term.benefit_power),
                    number(term.cost),
                    number(term.cost_power),
                )
            )
    n, m = len(players), len(issues)

    def gains(z: list[float]) -> tuple[list[float], list[list[float]]]:
        x = [a + b * t for a, b, t in zip(low, width, z, strict=True)]
        value = constant.copy()
        slopes = [[0.0] * m for _ in range(n)]
        for market in markets:
            market.add(x, value, slopes)
        for p, k, o, threat, stake in troops:
            force = o + x[k]
            total = force + threat
            value[p] += stake * force / total
            slopes[p][k] += stake * threat / (total * total)
        for p, k, slope in linear:
            value[p] += slope * x[k]
            slopes[p][k] += slope
        for p, k, cost, reference in payments:
            over = x[k] - reference
            value[p] -= x[k]
            slopes[p][k] -= 1.0
            if over > 0.0:
                value[p] -= cost * over * over
                slopes[p][k] -= 2.0 * cost * over
        for receiver, giver, k, b, beta, a, alpha in gifts:
            base = x[k] if x[k] > 1e-9 * width[k] else 1e-9 * width[k]
            gain, loss = b * base**beta, a * base**alpha
            value[receiver] += gain
            value[giver] -= loss
            slopes[receiver][k] += beta * gain / base
            slopes[giver][k] -= alpha * loss / base
        return value, [[s * w for s, w in zip(row, width, strict=True)] for row in slopes]

    return gains
