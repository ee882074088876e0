"""Menus of lotteries: what a proposer can do with a promise to walk away at random.

References
----------
Maskin and Riley (1984), Monopoly with Incomplete Information, RAND J. Econ. 15, 171-196; Myerson
(1979), Econometrica 47, 61-73; Fudenberg and Tirole (1991), Game Theory, ch. 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, check_probabilities, finite, per_draw
from sim.games.alternating_offers.tables import Offer, Table
from sim.games.private_information.side import Side

__all__ = ["LotteryMenu", "lottery_menu"]

_BISECTIONS = 60
_NEWTON = 12
_BARRIERS = 14


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
        Upper bound on what a better menu could add, if the frontier is concave.
    reachable : ndarray of bool, shape (B, T)
        Whether some outcome satisfies the type at all; the others get no deal.
    """

    probability: FloatArray
    offered: FloatArray
    outcome: FloatArray
    value: FloatArray
    breakdown: FloatArray
    rents: FloatArray
    gap: FloatArray
    reachable: BoolArray


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
    maximises sum_t pi_t [q_t phi(u_t) + (1 - q_t) d_p] over 1 >= q_1 >= ... >= q_T >= 0: a
    concave programme if the frontier phi is concave. The corners of that set are no offer and
    the single deterministic offers (1, ..., 1, 0, ..., 0); the certificate is the linear bound
    over them. Two types are solved by bisection on the frontier itself, more by an interior-point
    method on a piecewise cubic through 49 of its points, evaluated on the frontier at the end;
    the best single offer is taken where that is no worse.

    Parameters
    ----------
    table, proposer, disagreement
        As for `take_it_or_leave_it`.
    reservations, beliefs : array_like, shape (T,) or (B, T)
        Different reservation payoffs, in any order. Types that nothing satisfies get no deal.

    Returns
    -------
    LotteryMenu
        Types in the order given.

    Raises
    ------
    GameError
        If shapes do not fit, beliefs do not add to one, or two types have the same resolve.
    """
    if table.n_players != 2 or proposer not in (0, 1):
        raise GameError("table, proposer: two players, of whom 0 or 1 proposes, are allowed")
    belief = check_probabilities("beliefs", beliefs)
    b, types = table.n_draws, belief.shape[-1]
    belief = per_draw("beliefs", belief, b, (types,))
    reserve = per_draw("reservations", finite("reservations", reservations), b, (types,))
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    order = np.argsort(reserve, axis=1)
    programme = _Programme.of(
        Side(table, proposer, fallback),
        np.take_along_axis(reserve, order, axis=1),
        np.take_along_axis(belief, order, axis=1),
    )
    if (np.diff(programme.reserve, axis=1) <= 0.0).any():
        raise GameError("reservations: types with different payoffs are allowed")
    inner = _two_types(programme) if types == 2 else _interior(programme)
    singles = programme.singles()
    # a kink of the frontier can mislead the smooth search, never the comparison
    better = programme.exact(inner)[0] >= singles.max(axis=1)
    best = np.where(better[:, None], inner, np.eye(types + 1)[singles.argmax(axis=1)])
    return _menu(programme, best, np.argsort(order, axis=1), fallback)


@dataclass(frozen=True, slots=True)
class _Programme:
    """The programme in the weights (B, T + 1) of the corners; corner 0 is no offer.

    Attributes
    ----------
    side : Side
        The proposer's side of the frontier, in gains over d_p.
    reserve, belief : ndarray, shape (B, T)
        Ascending in resolve.
    reachable : ndarray of bool, shape (B, T)
    """

    side: Side
    reserve: FloatArray
    belief: FloatArray
    reachable: BoolArray

    @classmethod
    def of(cls, side: Side, reserve: FloatArray, belief: FloatArray) -> _Programme:
        """Find out which types some outcome satisfies."""
        top = side.highest()
        slack = 1e-9 * (1.0 + np.abs(top))
        return cls(side, reserve, belief, np.asarray(reserve <= (top + slack)[:, None]))

    @property
    def open(self) -> BoolArray:
        """Corners that a menu may mix, (B, T + 1)."""
        return np.concatenate([np.ones_like(self.reachable[:, :1]), self.reachable], axis=1)

    def deals(self, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return q, rents and offers (B, T)."""
        used = np.where(self.reachable, weights[:, 1:], 0.0)
        q = np.cumsum(used[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(self.reserve, axis=1) * q[:, 1:]
        rents = np.zeros_like(q)
        rents[:, :-1] = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
        made = q > 0.0
        excess = np.where(made, rents / np.where(made, q, 1.0), 0.0)
        return q, rents, np.where(self.reachable, self.reserve + excess, self.reserve[:, :1])

    def score(
        self, q: FloatArray, offered: FloatArray, level: FloatArray, slope: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the gain over d_p (B,) and its derivative in the weights (B, T + 1)."""
        worth = (self.belief * q * level).sum(axis=1)
        excess = np.where(self.reachable, offered - self.reserve, 0.0)
        by_q = self.belief * (level - slope * excess)
        pressed = np.cumsum(self.belief * slope, axis=1)
        by_q[:, 1:] += pressed[:, :-1] * np.diff(self.reserve, axis=1)
        slopes = np.cumsum(by_q, axis=1)
        return worth, np.concatenate([np.zeros((len(q), 1)), slopes], axis=1)

    def singles(self) -> FloatArray:
        """Return the gains over d_p of the corners, (B, T + 1)."""
        levels = np.where(self.reachable, self.reserve, self.reserve[:, :1])
        level, _ = self.side.read(self.side.offers(levels))
        worth = np.where(self.reachable, np.cumsum(self.belief, axis=1) * level, -np.inf)
        return np.concatenate([np.zeros((len(worth), 1)), worth], axis=1)

    def exact(
        self, weights: FloatArray, near: list[Offer] | None = None
    ) -> tuple[FloatArray, FloatArray, list[Offer]]:
        """Return gain, derivative and offers on the frontier itself."""
        q, _, offered = self.deals(weights)
        offers = self.side.offers(offered, near)
        level, slope = self.side.read(offers)
        return *self.score(q, offered, level, slope), offers


def _two_types(programme: _Programme) -> FloatArray:
    """Bisect the derivative between selling to the weak type and to both."""
    b = len(programme.reserve)
    low, high = np.zeros(b), np.ones(b)
    near: list[Offer] | None = None
    for _ in range(_BISECTIONS):
        q = 0.5 * (low + high)
        mix = np.stack([np.zeros(b), 1.0 - q, q], axis=1)
        _, slope, near = programme.exact(mix, near)
        rising = (slope[:, 2] > slope[:, 1]) & programme.reachable[:, 1]
        low, high = np.where(rising, q, low), np.where(rising, high, q)
    low = np.where(programme.reachable[:, 1], low, 0.0)
    return np.stack([np.zeros(b), 1.0 - low, low], axis=1)


def _interior(programme: _Programme) -> FloatArray:
    """Maximise by Newton steps on a log barrier over the corners' weights."""
    side, open_ = programme.side, programme.open
    curve = side.tabulate(programme.reserve, programme.reachable)
    n = open_.shape[1]
    weights = np.where(open_, 1.0, 0.0) / open_.sum(axis=1, keepdims=True)
    scale = np.maximum(curve.span, 1e-12)
    for barrier in 0.3 ** np.arange(_BARRIERS) * 0.1:
        for _ in range(_NEWTON):
            q, rents, offered = programme.deals(weights)
            level, slope, bend = curve.at(offered)
            _, by_weight = programme.score(q, offered, level, slope)
            hessian = _hessian(programme, q, rents, bend)
            mu = (barrier * scale)[:, None]
            safe = np.where(open_, weights, 1.0)
            gradient = np.where(open_, by_weight + mu / safe, 0.0)
            hessian -= (np.where(open_, mu / safe**2, 1.0))[:, :, None] * np.eye(n)
            step = _constrained_step(hessian, gradient, open_)
            shrink = np.where(step < 0.0, -step / np.where(open_, weights, 1.0), 0.0)
            length = np.minimum(0.95 / np.maximum(shrink.max(axis=1), 1e-300), 1.0)
            weights = weights + length[:, None] * step
            if np.abs(step).max() <= 1e-9:
                break
    weights = np.where(open_, weights, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _hessian(
    programme: _Programme, q: FloatArray, rents: FloatArray, bend: FloatArray
) -> FloatArray:
    """Return sum_t pi_t phi''_t/q_t v_t v_t', v_t the slope of R_t less e_t that of q_t."""
    b, types = q.shape
    made = programme.reachable & (q > 1e-12)
    safe = np.where(made, q, 1.0)
    excess = np.where(made, rents / safe, 0.0)
    inside = np.arange(types)[:, None] <= np.arange(types)  # corner k sells to types t <= k
    distance = programme.reserve[:, None, :] - programme.reserve[:, :, None]
    slopes = np.where(inside, distance - excess[:, :, None], 0.0)
    slopes = np.where(programme.reachable[:, None, :], slopes, 0.0)
    factor = np.where(made, programme.belief * np.minimum(bend, 0.0) / safe, 0.0)
    hessian = np.zeros((b, types + 1, types + 1))
    hessian[:, 1:, 1:] = np.einsum("bt,btk,btl->bkl", factor, slopes, slopes)
    return hessian


def _constrained_step(hessian: FloatArray, gradient: FloatArray, open_: BoolArray) -> FloatArray:
    """Return the Newton step that keeps the sum of the weights."""
    b, n = gradient.shape
    system = np.zeros((b, n + 1, n + 1))
    free = open_[:, :, None] & open_[:, None, :]
    system[:, :n, :n] = np.where(free | np.eye(n, dtype=bool), hessian, 0.0)
    system[:, :n, n] = system[:, n, :n] = open_
    right = np.concatenate([-gradient, np.zeros((b, 1))], axis=1)
    return np.asarray(np.linalg.solve(system, right[:, :, None])[:, :n, 0])


def _menu(
    programme: _Programme,
    weights: FloatArray,
    back: npt.NDArray[np.intp],
    fallback: FloatArray,
) -> LotteryMenu:
    """Describe the menu, types in the order that the user gave."""
    worth, slope, offers = programme.exact(weights)
    q, rents, offered = programme.deals(weights)
    gap = np.where(programme.open, slope, -np.inf).max(axis=1) - (slope * weights).sum(axis=1)
    outcomes = np.stack([offer.outcome for offer in offers], axis=1)
    outcomes = np.where((q > 0.0)[:, :, None], outcomes, 0.0)
    return LotteryMenu(
        probability=np.take_along_axis(q, back, axis=1),
        offered=np.take_along_axis(offered, back, axis=1),
        outcome=np.take_along_axis(outcomes, back[:, :, None], axis=1),
        value=fallback + worth,
        breakdown=(programme.belief * (1.0 - q)).sum(axis=1),
        rents=np.take_along_axis(rents, back, axis=1),
        gap=np.maximum(gap, 0.0),
        reachable=np.take_along_axis(programme.reachable, back, axis=1),
    )
