"""Menus of lotteries: what a proposer can do with a promise to walk away at random.

References
----------
Myerson (1979), Incentive Compatibility and the Bargaining Problem, Econometrica 47, 61-73;
Fudenberg and Tirole (1991), Game Theory, ch. 7; Maskin and Riley (1984), RAND J. Econ. 15,
171-196, on random exclusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import (
    BoolArray,
    FloatArray,
    check_probabilities,
    finite,
    per_draw,
)
from sim.games.alternating_offers.tables import Offer, Table

__all__ = ["LotteryMenu", "TypeMenu", "lottery_menu", "screening_menu"]

_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class LotteryMenu:
    """Best menu of (outcome, probability of a deal) when types differ in resolve only.

    Attributes
    ----------
    probability : ndarray, shape (B, T)
        q_t, probability of a deal if the responder takes the entry of type t.
    offered : ndarray, shape (B, T)
        u_t, the responder's payoff in that deal.
    outcome : ndarray, shape (B, T, K)
    value : ndarray, shape (B,)
        The proposer's expected payoff.
    breakdown : ndarray, shape (B,)
        Expected probability of no deal.
    rents : ndarray, shape (B, T)
        What each type gets over its reservation payoff.
    gap : ndarray, shape (B,)
        Upper bound on what a better menu could add (exact on concave frontiers).
    """

    probability: FloatArray
    offered: FloatArray
    outcome: FloatArray
    value: FloatArray
    breakdown: FloatArray
    rents: FloatArray
    gap: FloatArray


def lottery_menu(
    table: Table,
    *,
    proposer: int,
    reservations: npt.ArrayLike,
    beliefs: npt.ArrayLike,
    disagreement: npt.ArrayLike = 0.0,
) -> LotteryMenu:
    """Return the best incentive-compatible menu with random exclusion.

    With types d_1 < ... < d_T the binding constraints are: the highest type gets no rent, each
    type is just not tempted by the next one's entry, and q falls in resolve. Rents are
    R_t = R_(t+1) + q_(t+1) (d_(t+1) - d_t), offers u_t = d_t + R_t/q_t, and the proposer
    maximises sum_t pi_t [q_t phi(u_t) + (1 - q_t) d_p] over 1 = q_1 >= ... >= q_T >= 0: a concave
    programme if the frontier phi is concave. Certificate: the gap of the linear bound over the
    polytope's corners (1, ..., 1, 0, ..., 0), which are the single deterministic offers.

    Parameters
    ----------
    table, proposer, disagreement
        As for `take_it_or_leave_it`.
    reservations, beliefs : array_like, shape (T,) or (B, T)
        Different reservation payoffs, in any order, each feasible.

    Returns
    -------
    LotteryMenu
        Types in the order given.

    Raises
    ------
    GameError
        If shapes do not fit, beliefs do not add to one, two types have the same resolve, or a
        type cannot be bought off.
    """
    if table.n_players != 2 or proposer not in (0, 1):
        raise GameError("table, proposer: two players, of whom 0 or 1 proposes, are allowed")
    belief = check_probabilities("beliefs", beliefs)
    b, types = table.n_draws, belief.shape[-1]
    belief = per_draw("beliefs", belief, b, (types,))
    reserve = per_draw("reservations", finite("reservations", reservations), b, (types,))
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    order = np.argsort(reserve, axis=1)
    programme = _Programme(
        table,
        proposer,
        np.take_along_axis(reserve, order, axis=1),
        np.take_along_axis(belief, order, axis=1),
        fallback,
    )
    if (np.diff(programme.reserve, axis=1) <= 0.0).any():
        raise GameError("reservations: types with different payoffs are allowed")
    weights = _two_types(programme) if types == 2 else _many_types(programme)
    return _menu(programme, weights, np.argsort(order, axis=1))


@dataclass(frozen=True, slots=True)
class _Programme:
    """The concave programme in the weights of the corners; types ascend in resolve."""

    table: Table
    proposer: int
    reserve: FloatArray
    belief: FloatArray
    fallback: FloatArray

    def deals(self, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return q, rents and offers (B, T) of weights on the corners."""
        q = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(self.reserve, axis=1) * q[:, 1:]
        rents = np.zeros_like(q)
        rents[:, :-1] = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
        safe = np.where(q > 0.0, q, 1.0)
        return q, rents, self.reserve + np.where(q > 0.0, rents / safe, 0.0)

    def value(
        self, weights: FloatArray, near: Sequence[Offer] | None = None
    ) -> tuple[FloatArray, FloatArray, list[Offer]]:
        """Return the value (B,), its gradient in the weights (B, T) and the offers by type."""
        q, _, offered = self.deals(weights)
        responder = 1 - self.proposer
        level, slope, offers = np.empty_like(q), np.empty_like(q), []
        for t in range(q.shape[1]):
            floors = np.full((len(q), 2), -np.inf)
            floors[:, responder] = offered[:, t]
            offer = self.table.offer(self.proposer, floors, near[t] if near else None)
            if not offer.feasible.all():
                raise GameError("reservations: types that some outcome satisfies are allowed")
            level[:, t] = offer.payoffs[:, self.proposer] - self.fallback
            slope[:, t] = -offer.multipliers[:, responder]
            offers.append(offer)
        worth = self.fallback + (self.belief * q * level).sum(axis=1)
        excess = offered - self.reserve
        by_q = self.belief * (level - slope * excess)
        pressed = np.cumsum(self.belief * slope, axis=1)
        by_q[:, 1:] += pressed[:, :-1] * np.diff(self.reserve, axis=1)
        return worth, np.cumsum(by_q, axis=1), offers


def _two_types(programme: _Programme) -> FloatArray:
    """Bisect the derivative in q_2, the weight of the safe offer."""
    b = len(programme.reserve)
    low, high = np.zeros(b), np.ones(b)
    near: list[Offer] | None = None
    for _ in range(_BISECTIONS):
        q = 0.5 * (low + high)
        _, slope, near = programme.value(np.stack([1.0 - q, q], axis=1), near)
        rising = slope[:, 1] > slope[:, 0]
        low, high = np.where(rising, q, low), np.where(rising, high, q)
    ends = np.stack([low, np.zeros(b), np.ones(b)])
    values = np.stack([programme.value(np.stack([1.0 - q, q], axis=1))[0] for q in ends])
    best = ends[values.argmax(axis=0), np.arange(b)]
    return np.stack([1.0 - best, best], axis=1)


def _many_types(programme: _Programme) -> FloatArray:
    """Solve draw by draw with SLSQP in the weights of the corners."""
    from scipy.optimize import LinearConstraint, minimize

    b, types = programme.reserve.shape
    weights = np.full((b, types), 1.0 / types)
    for draw in range(b):
        rows = np.array([draw])
        one = _Programme(
            programme.table.take(rows),
            programme.proposer,
            programme.reserve[rows],
            programme.belief[rows],
            programme.fallback[rows],
        )

        def cost(w: FloatArray, one: _Programme = one) -> float:
            return -float(one.value(np.maximum(w, 0.0)[None])[0][0])

        def slope(w: FloatArray, one: _Programme = one) -> FloatArray:
            return np.asarray(-one.value(np.maximum(w, 0.0)[None])[1][0])

        starts = [np.full(types, 1.0 / types), *np.eye(types)]
        best = min(starts, key=cost)
        found = minimize(
            cost,
            0.98 * best + 0.02 / types,
            jac=slope,
            bounds=[(0.0, 1.0)] * types,
            constraints=LinearConstraint(np.ones((1, types)), 1.0, 1.0),
            method="SLSQP",
            options={"maxiter": 200, "ftol": 1e-14},
        ).x
        point = np.maximum(found, 0.0) / np.maximum(found, 0.0).sum()
        weights[draw] = min([point, best], key=cost)
    return weights


def _menu(programme: _Programme, weights: FloatArray, back: npt.NDArray[np.intp]) -> LotteryMenu:
    """Describe the menu, types in the order that the user gave."""
    worth, slope, offers = programme.value(weights)
    q, rents, offered = programme.deals(weights)
    gap = slope.max(axis=1) - (slope * weights).sum(axis=1)
    stacked = np.stack([offer.outcome for offer in offers], axis=1)
    return LotteryMenu(
        probability=np.take_along_axis(q, back, axis=1),
        offered=np.take_along_axis(offered, back, axis=1),
        outcome=np.take_along_axis(stacked, back[:, :, None], axis=1),
        value=worth,
        breakdown=(programme.belief * (1.0 - q)).sum(axis=1),
        rents=np.take_along_axis(rents, back, axis=1),
        gap=np.maximum(gap, 0.0),
    )


@dataclass(frozen=True, slots=True)
class TypeMenu:
    """Best incentive-compatible menu over a finite list of alternatives.

    Attributes
    ----------
    lottery : ndarray, shape (B, T, M)
        Probability of each alternative in the entry of each type; the rest is no deal.
    value : ndarray, shape (B,)
        The proposer's expected payoff.
    breakdown : ndarray, shape (B, T)
        Probability of no deal, by type.
    rents : ndarray, shape (B, T)
        What each type gets over its outside payoff.
    solved : ndarray of bool, shape (B,)
        Whether the programme was solved to optimality within its limits.
    """

    lottery: FloatArray
    value: FloatArray
    breakdown: FloatArray
    rents: FloatArray
    solved: BoolArray


def screening_menu(
    proposer: npt.ArrayLike,
    types: npt.ArrayLike,
    beliefs: npt.ArrayLike,
    *,
    outside: npt.ArrayLike = 0.0,
    disagreement: npt.ArrayLike = 0.0,
    lotteries: bool = True,
) -> TypeMenu:
    """Return the proposer's best menu when types differ in what they want, not only in resolve.

    max sum_t pi_t sum_m y_tm u_p(m) subject to, for all types t and s,
    sum_m y_tm (u_t(m) - o_t) >= max(0, sum_m y_sm (u_t(m) - o_t)), sum_m y_tm <= 1: a linear
    programme with lotteries, an integer programme without (at most one alternative an entry).

    Parameters
    ----------
    proposer : array_like, shape (M,) or (B, M)
        u_p of each alternative.
    types : array_like, shape (T, M) or (B, T, M)
        u_t of each alternative.
    beliefs : array_like, shape (T,) or (B, T)
    outside : array_like, shape (T,) or (B, T)
        o_t, payoffs without a deal.
    disagreement : array_like, float or shape (B,)
        The proposer's payoff without a deal.
    lotteries : bool
        Whether entries may be random.

    Returns
    -------
    TypeMenu

    Raises
    ------
    GameError
        If shapes do not fit or beliefs do not add to one.
    """
    own, wants = finite("proposer", proposer), finite("types", types)
    belief = check_probabilities("beliefs", beliefs)
    if wants.ndim not in (2, 3) or own.ndim not in (1, 2) or own.shape[-1] != wants.shape[-1]:
        raise GameError(
            "proposer, types: shapes (M,) or (B, M) and (T, M) or (B, T, M) are allowed, "
            f"got {own.shape} and {wants.shape}"
        )
    t, m = wants.shape[-2:]
    b = max(
        wants.shape[0] if wants.ndim == 3 else 1,
        own.shape[0] if own.ndim == 2 else 1,
        belief.shape[0] if belief.ndim == 2 else 1,
    )
    own = per_draw("proposer", own, b, (m,))
    wants = per_draw("types", wants, b, (t, m))
    belief = per_draw("beliefs", belief, b, (t,))
    reserve = per_draw("outside", finite("outside", outside), b, (t,))
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    lottery = np.zeros((b, t, m))
    solved = np.zeros(b, dtype=bool)
    for draw in range(b):
        gains = wants[draw] - reserve[draw][:, None]
        worth = belief[draw][:, None] * (own[draw] - fallback[draw])
        lottery[draw], solved[draw] = _programme(worth, gains, lotteries=lotteries)
    margin = own - fallback[:, None]
    value = fallback + np.einsum("bt,btm,bm->b", belief, lottery, margin)
    rents = np.einsum("btm,btm->bt", lottery, wants - reserve[:, :, None])
    return TypeMenu(
        lottery=lottery,
        value=value,
        breakdown=np.clip(1.0 - lottery.sum(axis=2), 0.0, 1.0),
        rents=rents,
        solved=solved,
    )


def _programme(worth: FloatArray, gains: FloatArray, *, lotteries: bool) -> tuple[FloatArray, bool]:
    """Solve one menu programme with HiGHS; the integer search is limited to 60 s."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    t, m = gains.shape
    rows = []
    for one in range(t):
        base = np.zeros((t, m))
        base[one] = gains[one]
        rows.append(base.copy())
        for other in range(t):
            if other != one:
                row = base.copy()
                row[other] -= gains[one]
                rows.append(row)
    tempted = csr_array(np.array(rows).reshape(len(rows), t * m))
    one_each = csr_array(np.kron(np.eye(t), np.ones((1, m))))
    found = milp(
        -worth.ravel(),
        integrality=np.zeros(t * m) if lotteries else np.ones(t * m),
        bounds=Bounds(0.0, 1.0),
        constraints=[
            LinearConstraint(tempted, lb=0.0),
            LinearConstraint(one_each, ub=1.0),
        ],
        options={"time_limit": 60.0},
    )
    if found.x is None:
        return np.zeros((t, m)), False
    point = np.asarray(found.x).reshape(t, m)
    if not lotteries:
        point = np.round(point)
    return np.clip(point, 0.0, 1.0), bool(found.success)
