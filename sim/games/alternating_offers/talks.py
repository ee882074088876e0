"""The clock of alternating offers: patience, breakdown, and what flows while talks last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import FloatArray, finite, per_draw, within

__all__ = ["Clock", "Talks", "limit_disagreement"]


@dataclass(frozen=True, slots=True)
class Talks:
    """What time does to the parties. Payoffs are flows, normalised by (1 - delta).

    While talks last player i receives s_i a round; with probability p a round that ends in a
    refusal they break down and i receives d_i for ever after; after an agreement u_i(x) for ever.
    A responder accepts iff
    u_i(x) >= max(o_i, (1 - delta_i) s_i + delta_i (p d_i + (1 - p) V_i)),
    V_i its own value of the next round.

    Parameters
    ----------
    discount : array_like, float, shape (N,) or (B, N)
        delta_i in [0, 1).
    breakdown_risk : array_like, float or shape (B,)
        p in [0, 1].
    during : array_like, float, shape (N,) or (B, N)
        s_i.
    breakdown : array_like, float, shape (N,) or (B, N)
        d_i.
    outside : array_like, float, shape (N,) or (B, N), optional
        o_i, an option that a responder may take instead of going on; it ends the talks for all.
        Default: none (-inf).

    Raises
    ------
    GameError
        If a discount factor is outside [0, 1), p outside [0, 1], or a payoff NaN.

    References
    ----------
    Rubinstein (1982), Econometrica 50, 97-109; Binmore, Rubinstein and Wolinsky (1986), RAND J.
    Econ. 17, 176-188; Binmore, Shaked and Sutton (1989), QJE 104, 753-770.
    """

    discount: npt.ArrayLike
    breakdown_risk: npt.ArrayLike = 0.0
    during: npt.ArrayLike = 0.0
    breakdown: npt.ArrayLike = 0.0
    outside: npt.ArrayLike = -np.inf

    def __post_init__(self) -> None:
        """Check what does not depend on the table."""
        within("discount", self.discount, 0.0, 1.0, open_high=True)
        within("breakdown_risk", self.breakdown_risk, 0.0, 1.0)
        finite("during", self.during)
        finite("breakdown", self.breakdown)
        if (finite("outside", self.outside, infinite=True) == np.inf).any():
            raise GameError("outside: numbers below inf, or -inf for none, are allowed")

    @classmethod
    def from_rates(
        cls,
        rates: npt.ArrayLike,
        *,
        interval: npt.ArrayLike,
        hazard: npt.ArrayLike = 0.0,
        during: npt.ArrayLike = 0.0,
        breakdown: npt.ArrayLike = 0.0,
        outside: npt.ArrayLike = -np.inf,
    ) -> Talks:
        """Return talks with delta_i = exp(-r_i Delta) and p = 1 - exp(-beta Delta).

        Parameters
        ----------
        rates : array_like, shape (N,) or (B, N)
            r_i > 0 per unit of time.
        interval : array_like, float or shape (B,)
            Delta > 0, time between two offers, in the same unit.
        hazard : array_like, float or shape (B,)
            beta >= 0, rate of an exogenous breakdown.
        during, breakdown, outside : array_like
            As for `Talks`.
        """
        rate = within("rates", rates, 0.0, np.inf, open_low=True)
        gap = within("interval", interval, 0.0, np.inf, open_low=True)
        beta = within("hazard", hazard, 0.0, np.inf)
        return cls(
            discount=np.exp(-rate * gap[..., None]),
            breakdown_risk=-np.expm1(-beta * gap),
            during=during,
            breakdown=breakdown,
            outside=outside,
        )

    def clock(self, n_draws: int, n_players: int) -> Clock:
        """Return the same, one row a draw."""
        tail = (n_players,)
        return Clock(
            per_draw("discount", self.discount, n_draws, tail),
            per_draw("breakdown_risk", self.breakdown_risk, n_draws, ()),
            per_draw("during", self.during, n_draws, tail),
            per_draw("breakdown", self.breakdown, n_draws, tail),
            per_draw("outside", self.outside, n_draws, tail),
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """`Talks` with every array broadcast: (B, N), and (B,) for the risk of breakdown."""

    discount: FloatArray
    risk: FloatArray
    during: FloatArray
    breakdown: FloatArray
    outside: FloatArray

    def take(self, rows: npt.NDArray[np.int64]) -> Clock:
        """Return the clock of some draws."""
        return Clock(
            self.discount[rows],
            self.risk[rows],
            self.during[rows],
            self.breakdown[rows],
            self.outside[rows],
        )

    def wait(self, value: FloatArray) -> FloatArray:
        """Return (1 - delta) s + delta (p d + (1 - p) V), shape (B, N), for V of shape (B, N)."""
        p = self.risk[:, None]
        later = p * self.breakdown + (1.0 - p) * value
        return np.asarray((1.0 - self.discount) * self.during + self.discount * later)

    def accept(self, value: FloatArray) -> FloatArray:
        """Return what a responder accepts at least: max(o, wait(V))."""
        return np.maximum(self.outside, self.wait(value))

    @property
    def slope(self) -> FloatArray:
        """Derivative delta_i (1 - p) of `wait`, (B, N)."""
        return np.asarray(self.discount * (1.0 - self.risk[:, None]))

    @property
    def perpetual(self) -> FloatArray:
        """Value of talking until breakdown: the fixed point of `wait`, (B, N)."""
        fixed = (1.0 - self.discount) * self.during
        fixed = fixed + self.discount * self.risk[:, None] * self.breakdown
        return np.asarray(fixed / (1.0 - self.slope))

    @property
    def security(self) -> FloatArray:
        """What nobody accepts less than: max(o, perpetual), (B, N)."""
        return np.maximum(self.outside, self.perpetual)

    @property
    def weights(self) -> FloatArray:
        """Bargaining weights -1/ln(delta_i (1 - p)) that short rounds lead to, (B, N)."""
        with np.errstate(divide="ignore"):
            return np.asarray(-1.0 / np.log(self.slope))

    def opting_out(self) -> FloatArray:
        """Return the payoffs without any agreement: o if somebody has such an option, else D."""
        fallback = np.where(np.isfinite(self.outside), self.outside, self.breakdown)
        leaves = np.asarray((self.outside > self.perpetual).any(axis=1))
        return np.where(leaves[:, None], fallback, self.perpetual)


def limit_disagreement(
    rates: npt.ArrayLike,
    *,
    hazard: npt.ArrayLike = 0.0,
    during: npt.ArrayLike = 0.0,
    breakdown: npt.ArrayLike = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """Return the Nash problem that alternating offers approach as offers come fast.

    d*_i = (r_i s_i + beta d_i)/(r_i + beta), weights 1/(r_i + beta). An outside option is no part
    of it: it only bounds the solution from below.

    Parameters
    ----------
    rates : array_like, shape (..., N)
        r_i >= 0.
    hazard : array_like, shape (...)
        beta >= 0; r_i + beta > 0.
    during, breakdown : array_like, shape (..., N)
        s and d.

    Returns
    -------
    disagreement, weights : ndarray, shape (..., N)
        The weights add to one.

    References
    ----------
    Binmore, Rubinstein and Wolinsky (1986): beta = 0, and r = 0. Muthoo (1999), Bargaining Theory
    with Applications: risk of breakdown (ch. 4) and payoffs while talking (ch. 6).
    """
    r = within("rates", rates, 0.0, np.inf)
    beta = within("hazard", hazard, 0.0, np.inf)[..., None]
    speed = within("rates + hazard", r + beta, 0.0, np.inf, open_low=True)
    s, d = finite("during", during), finite("breakdown", breakdown)
    disagreement = np.asarray((r * s + beta * d) / speed)
    weights = np.broadcast_to(1.0 / speed, disagreement.shape)
    return disagreement, weights / weights.sum(axis=-1, keepdims=True)
