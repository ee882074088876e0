"""Offers over time by an uninformed side that cannot commit to its last word.

References
----------
Fudenberg and Tirole (1983), Sequential Bargaining with Incomplete Information, Rev. Econ. Studies
50, 221-247. Stokey (1981), Bell J. Econ. 12, 112-128. Gul, Sonnenschein and Wilson (1986),
J. Economic Theory 39, 155-190. Coase (1972), J. Law and Economics 15, 143-149.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import FloatArray, IntArray, finite, per_draw, whole, within
from sim.games.alternating_offers.tables import Table

__all__ = [
    "CoasePath",
    "TwoPeriods",
    "coase_path",
    "two_period_offers",
    "uniform_offers",
]


@dataclass(frozen=True, slots=True)
class TwoPeriods:
    """Equilibrium of two offers to a responder of two types, without commitment.

    Attributes
    ----------
    value : ndarray, shape (B,)
        The proposer's expected payoff.
    first, second : ndarray, shape (B,)
        What the two offers give the responder; the second is the one more likely to be made
        after a refusal.
    plan : ndarray of int, shape (B,)
        0 pool (d_H at once), 1 skim (the weak type takes the first offer for sure), 2 mix (the
        weak type takes it with a probability that leaves the proposer just willing to stay hard),
        3 exclude (no deal with the tough type is worth making).
    weak_accepts : ndarray, shape (B,)
        Probability that the weak type takes the first offer.
    belief_after : ndarray, shape (B,)
        Posterior probability of the weak type after a refusal.
    soft : ndarray, shape (B,)
        Probability that the second offer is d_H.
    breakdown : ndarray, shape (B,)
        Probability that both offers are refused.
    delay : ndarray, shape (B,)
        Probability that the deal waits for the second offer.
    plans : ndarray, shape (B, 4)
        The proposer's value of each plan; -inf where it is no equilibrium continuation.
    """

    value: FloatArray
    first: FloatArray
    second: FloatArray
    plan: IntArray
    weak_accepts: FloatArray
    belief_after: FloatArray
    soft: FloatArray
    breakdown: FloatArray
    delay: FloatArray
    plans: FloatArray


def two_period_offers(
    table: Table,
    *,
    proposer: int,
    reservations: npt.ArrayLike,
    weak: npt.ArrayLike,
    discount: npt.ArrayLike,
    disagreement: npt.ArrayLike = 0.0,
) -> TwoPeriods:
    """Return the perfect Bayesian equilibrium of two offers to a weak or a tough responder.

    Flows without a deal are the disagreement payoffs, gains are discounted. Let
    g(u) = phi(u) - d_p, g_t = g(d_t). After a refusal the proposer offers d_H if its belief in
    the weak type is at most mu* = g_H/g_L, d_L if at least mu*. In the first period it

    - pools: offers d_H, worth g_H;
    - skims: offers u = d_L + delta_r (d_H - d_L), which the weak type takes for sure; worth
      mu g(u) + (1 - mu) delta_p g_H;
    - mixes, if mu > mu*: offers d_L; the weak type takes it with
      y = (mu - mu*)/(mu (1 - mu*)), after which the belief is mu* and the proposer stays hard;
      worth mu y g_L + (1 - mu y) delta_p g_H.

    If g_H <= 0 there is nothing to wait for: it excludes the tough type and offers d_L at once,
    worth mu g_L, or nothing if g_L <= 0 too. The frontier is taken to fall from d_L on.

    Parameters
    ----------
    table : Table
        Two players, B draws.
    proposer : int
        0 or 1.
    reservations : array_like, shape (2,) or (B, 2)
        d_L < d_H of the weak and the tough type.
    weak : array_like, float or shape (B,)
        mu in [0, 1], prior probability of the weak type.
    discount : array_like, float, shape (2,) or (B, 2)
        (delta_p, delta_r) of proposer and responder, in [0, 1).
    disagreement : array_like, float or shape (B,)
        d_p.

    Returns
    -------
    TwoPeriods

    Raises
    ------
    GameError
        If shapes do not fit, or d_L >= d_H.

    References
    ----------
    Fudenberg and Tirole (1983), section 3; Fudenberg and Tirole (1991), section 10.2.
    """
    if table.n_players != 2 or proposer not in (0, 1):
        raise GameError("table, proposer: two players, of whom 0 or 1 proposes, are allowed")
    b = table.n_draws
    reserve = per_draw("reservations", finite("reservations", reservations), b, (2,))
    mu = per_draw("weak", within("weak", weak, 0.0, 1.0), b, ())
    delta = within("discount", discount, 0.0, 1.0, open_high=True)
    delta = per_draw("discount", delta, b, (2,))
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    low, high = reserve[:, 0], reserve[:, 1]
    if (low >= high).any():
        raise GameError("reservations: d_L < d_H is allowed")

    def gain(level: FloatArray) -> FloatArray:
        floors = np.full((b, 2), -np.inf)
        floors[:, 1 - proposer] = level
        offer = table.offer(proposer, floors)
        return np.where(offer.feasible, offer.payoffs[:, proposer] - fallback, -np.inf)

    skim = low + delta[:, 1] * (high - low)
    plans, takes, critical = _plans(gain(low), gain(skim), gain(high), mu=mu, delta=delta[:, 0])
    plan = plans.argmax(axis=1)
    accepts = np.choose(plan, [np.ones(b), np.ones(b), takes, takes])
    waiting = np.choose(plan, [np.zeros(b), 1.0 - mu, mu * (1.0 - takes), np.zeros(b)])
    refused = np.choose(plan, [np.zeros(b), np.zeros(b), 1.0 - mu, 1.0 - mu * takes])
    return TwoPeriods(
        value=fallback + plans[np.arange(b), plan],
        first=np.choose(plan, [high, skim, low, low]),
        second=np.choose(plan, [high, high, low, low]),
        plan=plan.astype(np.int64),
        weak_accepts=accepts,
        belief_after=np.choose(plan, [np.zeros(b), np.zeros(b), critical, mu * (1.0 - takes)]),
        soft=np.choose(plan, [np.ones(b), np.ones(b), np.zeros(b), np.zeros(b)]),
        breakdown=refused,
        delay=waiting,
        plans=fallback[:, None] + plans,
    )


def _plans(
    low: FloatArray, skim: FloatArray, high: FloatArray, *, mu: FloatArray, delta: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the gains of the four plans (B, 4), the weak type's chance to accept, and mu*.

    From the proposer's gains g_L, g(u) and g_H, -inf where the table cannot give so much. The
    chance is that of mixing, or where the tough type is excluded that of a first offer.
    """
    shut = high <= 0.0
    soft, best = np.where(shut, 0.0, high), np.where(low > 0.0, low, 0.0)
    critical = np.where(shut, 0.0, soft / np.where(shut, 1.0, low))
    hard = ~shut & (mu > critical)
    share = np.where(hard, mu * (1.0 - critical), 1.0)
    takes = np.where(hard, (mu - critical) / share, np.where(shut & (low > 0.0), 1.0, 0.0))
    later = delta * soft
    mixed = mu * takes
    plans = np.stack(
        [
            np.where(shut, -np.inf, soft),
            np.where(shut, -np.inf, mu * np.where(shut, 0.0, skim) + (1.0 - mu) * later),
            np.where(hard, mixed * best + (1.0 - mixed) * later, -np.inf),
            np.where(shut, mu * best, -np.inf),
        ],
        axis=1,
    )
    return plans, takes, critical


@dataclass(frozen=True, slots=True)
class CoasePath:
    """Falling offers of a seller without commitment to a buyer with a value uniform on [0, 1].

    Attributes
    ----------
    prices : ndarray, shape (..., periods)
    states : ndarray, shape (..., periods + 1)
        Highest value that has not bought, from 1 on.
    profit : ndarray, shape (...)
        Discounted expected profit.
    """

    prices: FloatArray
    states: FloatArray
    profit: FloatArray

    @property
    def sold(self) -> FloatArray:
        """Probability of a sale in each period, shape (..., periods)."""
        return np.asarray(-np.diff(self.states, axis=-1))


def uniform_offers(discount: npt.ArrayLike, *, periods: int) -> CoasePath:
    """Return the offers of a seller with `periods` chances, by backward induction.

    With the values on [0, v] left and n offers to go the price is a_n v, the profit b_n v^2 and
    the next state c_n v: a buyer of value v' is indifferent at p = (1 - delta + delta a_(n-1)) v',
    so with m = 1 - delta + delta a_(n-1), c_n = m/(2 (m - delta b_(n-1))), a_n = m c_n,
    b_n = m c_n (1 - c_n) + delta b_(n-1) c_n^2, from a_1 = c_1 = 1/2, b_1 = 1/4.

    Parameters
    ----------
    discount : array_like, shape (...)
        delta in [0, 1), common to both.
    periods : int
        1 to 100000.

    Returns
    -------
    CoasePath

    Raises
    ------
    GameError
        If an argument is outside its range.

    References
    ----------
    Stokey (1981); Sobel and Takahashi (1983), Rev. Econ. Studies 50, 411-426.
    """
    delta = within("discount", discount, 0.0, 1.0, open_high=True)
    n = whole("periods", periods, 1, 100_000)
    price, worth, keep = np.full_like(delta, 0.5), np.full_like(delta, 0.25), [0.5 + 0.0 * delta]
    levels = [price]
    for _ in range(n - 1):
        slope = 1.0 - delta + delta * price
        cut = slope / (2.0 * (slope - delta * worth))
        price, worth = slope * cut, slope * cut * (1.0 - cut) + delta * worth * cut**2
        keep.append(np.asarray(cut))
        levels.append(np.asarray(price))
    cuts = np.stack(keep[::-1], axis=-1)
    states = np.concatenate([np.ones((*delta.shape, 1)), np.cumprod(cuts, axis=-1)], axis=-1)
    return CoasePath(
        prices=np.stack(levels[::-1], axis=-1) * states[..., :-1],
        states=states,
        profit=np.asarray(worth),
    )


def coase_path(discount: npt.ArrayLike, *, periods: int = 1) -> CoasePath:
    """Return the first offers of the stationary equilibrium without a last period.

    With r = sqrt(1 - delta): prices p_n = r (1 - r)/delta times the state, the state shrinks by
    (1 - r)/delta a period, and the profit is p_0/2. As delta goes to 1 the price falls to the
    cost and trade is immediate (Coase).

    Parameters
    ----------
    discount : array_like, shape (...)
        delta in (0, 1).
    periods : int
        How many offers to list.

    Returns
    -------
    CoasePath

    Raises
    ------
    GameError
        If an argument is outside its range.

    References
    ----------
    Stokey (1981); Gul, Sonnenschein and Wilson (1986), no gap, uniform.
    """
    delta = within("discount", discount, 0.0, 1.0, open_low=True, open_high=True)
    n = whole("periods", periods, 1, 100_000)
    root = np.sqrt(1.0 - delta)
    ratio = (1.0 - root) / delta
    states = ratio[..., None] ** np.arange(n + 1)
    first = root * ratio
    return CoasePath(
        prices=first[..., None] * states[..., :-1],
        states=states,
        profit=np.asarray(0.5 * first),
    )
