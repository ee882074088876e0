"""In which issues a player's payoff must rise, and in which it must fall."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sim.payoffs import (
    Concession,
    Deterrence,
    Exponential,
    Form,
    GeneralEquilibrium,
    Linear,
    Logistic,
    Market,
    Payoffs,
    Power,
    Presence,
    Term,
    Transfer,
)
from sim.payoffs.table import rows_of
from sim.payoffs.terms import FloatArray

__all__ = ["expected_signs"]

BALANCE = 1e-9

Signed = tuple[int, int, int]
"""Player, issue and sign; 0 where the sign is not known beforehand."""


def expected_signs(
    payoffs: Payoffs, lower: ArrayLike, upper: ArrayLike
) -> dict[tuple[int, int], int]:
    """Return the signs that theory gives: what `check_laws` should find monotone.

    Payments help whoever is paid and hurt whoever pays, concessions likewise; stationed troops
    cost whoever stations them and protect whoever has a stake; a tariff hurts the exporter that
    it is put on, and helps its rivals if substitution is stronger than demand. A player and an
    issue are left out where terms disagree or where one of them can go either way, such as the
    importer's gain from a tariff.

    In general equilibrium a tariff hurts the exporter that it is put on if every country's trade
    is balanced: demand leaves its labour for that of all others, and as goods are gross
    substitutes its wage falls against every other wage (Mosak 1944). That is a proof at free trade
    only; with tariffs everywhere no sign was wrong in 10⁵ random balanced worlds. Nothing is
    claimed where a theorem of that kind fails: with deficits (a transfer that is fixed buys more
    when wages fall), subsidies, an issue that is several tariffs, or unequal political weights.
    Third countries gain from diverted trade or lose with their partner, the importer either.

    Parameters
    ----------
    payoffs : Payoffs
    lower, upper : array_like, shape (K,) or (B, K)
        The box.

    Returns
    -------
    dict of (int, int) to int
        (player, issue) → +1 or −1.

    References
    ----------
    Mosak (1944), General-Equilibrium Theory in International Trade, Cowles Commission.
    """
    sizes = {"n_issues": len(payoffs.issues), "n_draws": payoffs.n_draws}
    low, high = (rows_of(np.asarray(bound, float), **sizes) for bound in (lower, upper))
    found: dict[tuple[int, int], set[int]] = {}
    for term in payoffs.terms:
        for player, issue, sign in _signs(term, low, high):
            found.setdefault((player, issue), set()).add(sign)
    return {place: min(signs) for place, signs in found.items() if signs in ({1}, {-1})}


def _signs(term: Term, low: FloatArray, high: FloatArray) -> Iterator[Signed]:
    """Yield a sign for every player and issue that a term speaks of."""
    if isinstance(term, Market):
        yield from _market(term, high)
    elif isinstance(term, Deterrence):
        yield from _deterrence(term)
    elif isinstance(term, Presence):
        yield term.player, term.issue, -1
    elif isinstance(term, Form):
        for player, curve in term.curves.items():
            yield player, term.issue, _curve(curve)
    elif isinstance(term, Transfer):
        yield from _two_sides(term.payer, term.payee, term.issue)
    elif isinstance(term, Concession):
        yield from _two_sides(term.giver, term.receiver, term.issue)
    elif isinstance(term, GeneralEquilibrium):
        yield from _world(term, low)
    else:
        yield from ((player, issue, 0) for player in term.players for issue in term.issues)


def _two_sides(loser: int | None, winner: int | None, issue: int) -> Iterator[Signed]:
    for player, sign in ((loser, -1), (winner, 1)):
        if player is not None:
            yield player, issue, sign


def _sign(values: ArrayLike) -> int:
    """Return the common sign of numbers, 0 if they have none."""
    array = np.asarray(values)
    return 1 if (array >= 0).all() else -1 if (array <= 0).all() else 0


CURVES: dict[type, Callable[[Any], ArrayLike]] = {
    Linear: lambda curve: curve.weight,
    Power: lambda curve: curve.weight,
    Exponential: lambda curve: np.multiply(curve.weight, curve.rate),
    Logistic: lambda curve: np.multiply(curve.weight, curve.steepness),
}


def _curve(curve: object) -> int:
    steepness = CURVES.get(type(curve))
    return 0 if steepness is None else _sign(steepness(curve))


def _deterrence(term: Deterrence) -> Iterator[Signed]:
    """Protection helps; fear of abandonment and of entrapment go the other way."""
    for player in term.players:
        feared = player in term.abandonment or player in term.entrapment
        sign = _sign(term.stakes.get(player, 0.0))
        yield player, term.issue, 0 if feared else sign
        yield from ((player, issue, sign) for issue in term.spill_in)


def _market(term: Market, high: FloatArray) -> Iterator[Signed]:
    """Exporters lose by their own tariff; rivals gain if σ ≥ ε; the importer may do either."""
    rivals = _sign(np.subtract(term.substitution, term.demand_elasticity))
    sound = all((margin > 0).all() for _, margin in term.margins(high))
    tariffs = [supplier.issue for supplier in term.suppliers if supplier.issue is not None]
    for issue in term.issues:
        for supplier in term.suppliers:
            if supplier.player is None or supplier.player == term.importer:
                continue
            sign = -1 if supplier.issue == issue else rivals
            yield supplier.player, issue, sign if sound and tariffs.count(issue) == 1 else 0
        if term.importer is not None:
            yield term.importer, issue, 0


def _world(term: GeneralEquilibrium, low: FloatArray) -> Iterator[Signed]:
    """Exporters lose by a tariff on them in a balanced world; everyone else may do either."""
    known = _balanced(term) and _unsubsidised(term, low)
    tariffs = list(term.issues_of.values())
    incomes, revenues = term.income or {}, term.revenue or {}
    for (exporter, _), issue in term.issues_of.items():
        for country, player in enumerate(term.countries):
            if player is not None:
                even = np.all(np.equal(incomes[player], revenues[player]))
                hit = country == exporter and tariffs.count(issue) == 1
                yield player, issue, -1 if known and hit and even else 0


def _balanced(term: GeneralEquilibrium) -> bool:
    """Whether every country buys for what it sells, but for rounding."""
    flows = term.flows
    assert isinstance(flows, tuple)  # a table of numbers or rows
    sold = [sum(row) for row in flows]
    bought = [sum(column) for column in zip(*flows, strict=True)]
    return all(np.allclose(x, y, rtol=BALANCE) for x, y in zip(sold, bought, strict=True))


def _unsubsidised(term: GeneralEquilibrium, low: FloatArray) -> bool:
    """Whether no tariff is negative, at the baseline or in the box."""
    assert isinstance(term.baseline, tuple)
    assert isinstance(term.fixed, tuple)
    rates = [rate for table in (term.baseline, term.fixed) for row in table for rate in row]
    return all(np.all(np.greater_equal(rate, 0.0)) for rate in (*rates, *low[list(term.issues)]))
