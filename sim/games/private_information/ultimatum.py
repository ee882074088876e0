"""One take-it-or-leave-it offer to a responder whose resolve is its own secret.

The responder's type shifts only what it gets without a deal. Every deterministic menu then
collapses to one offer: all types that accept anything take the offer with the highest payoff to
them. A higher offer is accepted more often and worth less: price against the risk of refusal.

References
----------
Fudenberg and Tirole (1991), Game Theory, section 10.2; Fearon (1995), International Organization
49, 379-414, on the risk-return trade-off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    check_probabilities,
    finite,
    per_draw,
    whole,
    within,
)
from sim.games.alternating_offers.tables import Table
from sim.games.private_information.side import Side

__all__ = [
    "PostedPrice",
    "PriceRisk",
    "Screening",
    "posted_price",
    "price_versus_risk",
    "refusals",
    "take_it_or_leave_it",
    "uniform_price",
]

_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


@dataclass(frozen=True, slots=True)
class Screening:
    """The best deterministic offer to a responder of T possible types.

    Attributes
    ----------
    outcome : ndarray, shape (B, K)
        The offer; all 0 where making none is best.
    payoffs : ndarray, shape (B, 2)
        What proposer and responder get if it is accepted.
    value : ndarray, shape (B,)
        The proposer's expected payoff.
    breakdown : ndarray, shape (B,)
        Probability, under the proposer's belief, that the offer is refused.
    accepts : ndarray of bool, shape (B, T)
        Which types accept.
    target : ndarray of int, shape (B,)
        The most resolved type that is bought off; -1 where no offer is made.
    candidates, risks : ndarray, shape (B, T)
        Expected payoff and breakdown probability of the offer that just buys off each type;
        -inf and 1 where there is none.
    """

    outcome: FloatArray
    payoffs: FloatArray
    value: FloatArray
    breakdown: FloatArray
    accepts: BoolArray
    target: IntArray
    candidates: FloatArray
    risks: FloatArray


def take_it_or_leave_it(
    table: Table,
    *,
    proposer: int,
    reservations: npt.ArrayLike,
    beliefs: npt.ArrayLike,
    disagreement: npt.ArrayLike = 0.0,
) -> Screening:
    """Return the offer that maximises Pr(accept) u_p(x) + (1 - Pr(accept)) d_p.

    The candidates are max u_p(x) subject to u_r(x) >= d_t, one a type; a type accepts iff
    u_r(x) >= d_t. Ties go to the offer that is refused less often.

    Parameters
    ----------
    table : Table
        Two players: `Pie`, `Menu`, `Curve` or `Issues`.
    proposer : int
        0 or 1.
    reservations : array_like, shape (T,) or (B, T)
        d_t, the responder's payoff without a deal, by type.
    beliefs : array_like, shape (T,) or (B, T)
        Probabilities of the types.
    disagreement : array_like, float or shape (B,)
        d_p.

    Returns
    -------
    Screening

    Raises
    ------
    GameError
        If there are not two players, shapes do not fit, or beliefs do not add to one.
    """
    responder = _responder(table, proposer)
    belief = check_probabilities("beliefs", beliefs)
    types = belief.shape[-1]
    b = table.n_draws
    belief = per_draw("beliefs", belief, b, (types,))
    reserve = per_draw("reservations", finite("reservations", reservations), b, (types,))
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    candidates, risks = np.full((b, types), -np.inf), np.ones((b, types))
    outcomes, payoffs, taken = [], [], []
    offers = Side(table, proposer, fallback).offers(reserve)
    sizes = [np.where(offer.feasible, np.abs(offer.payoffs).max(axis=1), 0.0) for offer in offers]
    slack = 1e-9 * np.max(sizes, axis=0)[:, None]
    for t, offer in enumerate(offers):
        accepts = reserve <= offer.payoffs[:, [responder]] + slack
        accepts[:, t] = True
        chance = (belief * accepts).sum(axis=1)
        worth = chance * offer.payoffs[:, proposer] + (1.0 - chance) * fallback
        candidates[:, t] = np.where(offer.feasible, worth, -np.inf)
        risks[:, t] = np.where(offer.feasible, 1.0 - chance, 1.0)
        outcomes.append(offer.outcome)
        payoffs.append(offer.payoffs)
        taken.append(accepts)
    top = candidates.max(axis=1, keepdims=True)
    tied = candidates >= top - 1e-3 * slack
    best = np.where(tied, -risks, -np.inf).argmax(axis=1)
    draw = np.arange(b)
    made = candidates[draw, best] > fallback
    none = np.zeros((b, 2))
    none[:, proposer] = fallback
    return Screening(
        outcome=np.where(made[:, None], np.stack(outcomes)[best, draw], 0.0),
        payoffs=np.where(made[:, None], np.stack(payoffs)[best, draw], none),
        value=np.where(made, candidates[draw, best], fallback),
        breakdown=np.where(made, np.maximum(risks[draw, best], 0.0), 1.0),
        accepts=np.stack(taken)[best, draw] & made[:, None],
        target=np.where(made, best, -1),
        candidates=candidates,
        risks=np.maximum(risks, 0.0),
    )


@dataclass(frozen=True, slots=True)
class PriceRisk:
    """The best offer against a continuum of types, with the curve it was picked from.

    Attributes
    ----------
    outcome : ndarray, shape (B, K)
    payoffs : ndarray, shape (B, 2)
        Payoffs of proposer and responder if the offer is accepted.
    value, breakdown : ndarray, shape (B,)
        The proposer's expected payoff and the probability of a refusal.
    levels, risks, values : ndarray, shape (B, G)
        The grid: payoff offered to the responder, probability of refusal, expected payoff
        (-inf where no outcome gives the responder so much).
    """

    outcome: FloatArray
    payoffs: FloatArray
    value: FloatArray
    breakdown: FloatArray
    levels: FloatArray
    risks: FloatArray
    values: FloatArray


def price_versus_risk(
    table: Table,
    cdf: Callable[[FloatArray], FloatArray],
    *,
    proposer: int,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    disagreement: npt.ArrayLike = 0.0,
    points: int = 65,
) -> PriceRisk:
    """Return the offer that maximises F(u) (phi(u) - d_p) + d_p over the responder's payoff u.

    phi is the proposer's side of the frontier, F the distribution of the responder's reservation
    payoff. The best point of a grid on [low, high] is refined by golden-section search between
    its neighbours, to 1e-9 of the range if the objective has one peak there.

    Parameters
    ----------
    table : Table
        Two players, B draws.
    cdf : callable
        F, from an array (B,) to an array (B,).
    proposer : int
        0 or 1.
    low, high : array_like, float or shape (B,)
        Range of the responder's reservation payoff.
    disagreement : array_like, float or shape (B,)
        d_p.
    points : int
        G, 3 to 10000.

    Returns
    -------
    PriceRisk

    Raises
    ------
    GameError
        If the range is empty, F leaves [0, 1] or shapes do not fit.
    """
    responder = _responder(table, proposer)
    whole("points", points, 3, 10000)
    b = table.n_draws
    bottom = per_draw("low", finite("low", low), b, ())
    top = per_draw("high", finite("high", high), b, ())
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    if (bottom >= top).any():
        raise GameError("low, high: a range with low < high is allowed")

    def worth(level: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        floors = np.full((b, 2), -np.inf)
        floors[:, responder] = level
        offer = table.offer(proposer, floors)
        chance = within("cdf", cdf(offer.payoffs[:, responder]), 0.0, 1.0)
        value = fallback + chance * (offer.payoffs[:, proposer] - fallback)
        value = np.where(offer.feasible, value, -np.inf)
        return value, 1.0 - chance, offer.outcome, offer.payoffs

    levels = bottom[:, None] + (top - bottom)[:, None] * np.linspace(0.0, 1.0, points)
    curve = [worth(levels[:, g]) for g in range(points)]
    values = np.stack([c[0] for c in curve], axis=1)
    best = values.argmax(axis=1)
    draw = np.arange(b)
    left = levels[draw, np.maximum(best - 1, 0)]
    right = levels[draw, np.minimum(best + 1, points - 1)]
    level = _golden(lambda u: worth(u)[0], left, right)
    refined = worth(level)
    coarse = worth(levels[draw, best])
    better = refined[0] >= coarse[0]
    pick = [
        np.where(better if a.ndim == 1 else better[:, None], a, c)
        for a, c in zip(refined, coarse, strict=True)
    ]
    return PriceRisk(
        outcome=pick[2],
        payoffs=pick[3],
        value=np.maximum(pick[0], fallback),
        breakdown=np.where(pick[0] >= fallback, pick[1], 1.0),
        levels=levels,
        risks=np.stack([c[1] for c in curve], axis=1),
        values=values,
    )


def _golden(
    value: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return the maximiser between low and high, draw by draw."""
    inner = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    first, second = value(inner[0]), value(inner[1])
    for _ in range(45):
        left = first >= second
        low, high = np.where(left, low, inner[0]), np.where(left, inner[1], high)
        new = np.where(left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        found = value(new)
        inner = np.where(left, new, inner[1]), np.where(left, inner[0], new)
        first, second = np.where(left, found, second), np.where(left, first, found)
    return np.asarray(np.where(first >= second, inner[0], inner[1]))


def refusals(
    screening: Screening, beliefs: npt.ArrayLike, rng: np.random.Generator
) -> tuple[BoolArray, float, float]:
    """Draw one responder a draw and see whether it refuses.

    Parameters
    ----------
    screening : Screening
    beliefs : array_like, shape (T,) or (B, T)
        True probabilities of the types; they need not be the proposer's belief.
    rng : numpy.random.Generator

    Returns
    -------
    refused : ndarray of bool, shape (B,)
    frequency, standard_error : float
        Of a breakdown, over the draws; the analytic counterpart is `Screening.breakdown`.
    """
    b, types = screening.accepts.shape
    belief = per_draw("beliefs", check_probabilities("beliefs", beliefs), b, (types,))
    above = rng.random((b, 1)) > np.cumsum(belief, axis=1)[:, :-1]
    drawn = np.count_nonzero(above, axis=1)
    refused = np.asarray(~screening.accepts[np.arange(b), drawn])
    frequency = float(refused.mean())
    return refused, frequency, float(np.sqrt(frequency * (1.0 - frequency) / max(b, 1)))


@dataclass(frozen=True, slots=True)
class PostedPrice:
    """A seller's best price.

    Attributes
    ----------
    price, profit, breakdown : ndarray, shape (...)
        The price, the expected profit over the cost, and the probability of no sale.
    """

    price: FloatArray
    profit: FloatArray
    breakdown: FloatArray


def posted_price(
    values: npt.ArrayLike, beliefs: npt.ArrayLike, *, cost: npt.ArrayLike = 0.0
) -> PostedPrice:
    """Return the best price to a buyer whose value is one of T numbers.

    Some value v is the best price: it earns (v - c) Pr(value >= v). With two, v_L is best iff
    v_L - c >= Pr(v_H) (v_H - c). Ties go to the lower price, which sells more often.

    Parameters
    ----------
    values, beliefs : array_like, shape (..., T)
    cost : array_like, shape (...)

    Returns
    -------
    PostedPrice
    """
    belief = check_probabilities("beliefs", beliefs)
    value = finite("values", values)
    c = np.expand_dims(finite("cost", cost), -1)
    if value.shape[-1:] != belief.shape[-1:]:
        raise GameError("values, beliefs: one probability a value is allowed")
    value, belief = np.broadcast_arrays(value, belief)
    order = np.argsort(value, axis=-1)
    value = np.take_along_axis(value, order, axis=-1)
    belief = np.take_along_axis(belief, order, axis=-1)
    sold = np.cumsum(belief[..., ::-1], axis=-1)[..., ::-1]
    profit = (value - c) * sold
    best = np.expand_dims(profit.argmax(axis=-1), -1)
    made = np.take_along_axis(profit, best, axis=-1)[..., 0]
    chance = np.take_along_axis(np.broadcast_to(sold, profit.shape), best, axis=-1)[..., 0]
    price = np.take_along_axis(np.broadcast_to(value, profit.shape), best, axis=-1)[..., 0]
    return PostedPrice(
        price=price,
        profit=np.maximum(made, 0.0),
        breakdown=np.where(made >= 0.0, np.clip(1.0 - chance, 0.0, 1.0), 1.0),
    )


def uniform_price(
    cost: npt.ArrayLike = 0.0, *, low: npt.ArrayLike = 0.0, high: npt.ArrayLike = 1.0
) -> PostedPrice:
    """Return the monopoly price against a value uniform on [low, high].

    p = max((high + c)/2, low); on [0, 1] trade has probability (1 - c)/2 and the profit is
    ((1 - c)/2)^2.
    """
    c, bottom, top = (finite(n, v) for n, v in (("cost", cost), ("low", low), ("high", high)))
    if (bottom >= top).any():
        raise GameError("low, high: a range with low < high is allowed")
    price = np.clip(0.5 * (top + c), bottom, top)
    sold = (top - price) / (top - bottom)
    return PostedPrice(
        price=np.asarray(price),
        profit=np.asarray((price - c) * sold),
        breakdown=np.asarray(1.0 - sold),
    )


def _responder(table: Table, proposer: int) -> int:
    if table.n_players != 2:
        raise GameError(f"table: two players are allowed, got {table.n_players}")
    if proposer not in (0, 1):
        raise GameError(f"proposer: 0 or 1 is allowed, got {proposer}")
    return 1 - proposer
