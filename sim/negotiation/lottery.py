"""What a regime leads to: one outcome, or after a breakdown a lottery over two.

After a breakdown the threat is executed with probability q and not with 1 − q; in the second case
the status quo of what falls comes back and each party bears its audience cost A_i ≥ 0 (Fearon
1994). Whether threats are executed is one event for all the tables of a draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.payoffs import Payoffs, TablePayoffs

__all__ = ["Lottery", "mix"]

FloatArray = NDArray[np.float64]
P = TypeVar("P", bound=Payoffs | TablePayoffs)


def mix(chance: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return `chance·first + (1 − chance)·second`, exactly `first` where both are equal."""
    q = chance.reshape(chance.shape + (1,) * (first.ndim - 1))
    return np.where(first == second, first, q * first + (1.0 - q) * second)


@dataclass(frozen=True)
class Lottery:
    """An outcome per draw, in two branches that differ only in what fell.

    Parameters
    ----------
    executed, unexecuted : (B, K) arrays
        The outcome if threats are executed, and if not; equal where every table agreed.
    chance : (B,) array
        q, the probability of `executed`.
    penalty : (B, N) array
        What each player bears in `unexecuted`: its audience cost, 0 where nothing fell. USD bn per
        year.
    """

    executed: FloatArray
    unexecuted: FloatArray
    chance: FloatArray
    penalty: FloatArray

    @staticmethod
    def sure(outcome: FloatArray, n_players: int) -> Lottery:
        """Return the lottery that gives `outcome`, (B, K), for certain."""
        draws = outcome.shape[0]
        return Lottery(outcome, outcome, np.ones(draws), np.zeros((draws, n_players)))

    @property
    def mean(self) -> FloatArray:
        """The mean outcome, (B, K)."""
        return mix(self.chance, self.executed, self.unexecuted)

    def take(self, rows: NDArray[np.intp]) -> Lottery:
        """Return the lottery of some draws."""
        return Lottery(
            self.executed[rows], self.unexecuted[rows], self.chance[rows], self.penalty[rows]
        )

    def where(self, choose: NDArray[np.bool_], other: Lottery) -> Lottery:
        """Return this lottery where `choose`, (B,), and `other` elsewhere."""
        pick = choose[:, None]
        return Lottery(
            np.where(pick, self.executed, other.executed),
            np.where(pick, self.unexecuted, other.unexecuted),
            np.where(choose, self.chance, other.chance),
            np.where(pick, self.penalty, other.penalty),
        )

    def money(self, payoffs: Payoffs) -> FloatArray:
        """Return the expected payoff, (B, N), USD bn per year."""
        return mix(
            self.chance, payoffs.money(self.executed), payoffs.money(self.unexecuted) - self.penalty
        )

    def utility(self, payoffs: Payoffs | TablePayoffs) -> FloatArray:
        """Return the expected utility, (B, N): utilities are mixed, not money.

        The audience cost is money, so it goes through the risk attitude: v_i of the change of
        payoff less A_i.
        """
        done = payoffs.utility(self.executed)
        if self.unexecuted is self.executed and not np.any(self.penalty):
            return done
        lost = payoffs.utility(self.unexecuted)
        if np.any(self.penalty):
            change = _neutral(payoffs).utility(self.unexecuted) - self.penalty
            lost = cara(change, payoffs.risk_aversion)
        return mix(self.chance, done, lost)

    def certainty_equivalent(self, payoffs: Payoffs) -> FloatArray:
        """Return the sure change of money that is worth the lottery, (B, N).

        With Δ the smaller change of the two it is Δ − ln(1 + E[e^(−a (Δ' − Δ)) − 1])/a: utilities
        could no longer tell large changes apart.
        """
        neutral = _neutral(payoffs)
        done = neutral.utility(self.executed)
        lost = neutral.utility(self.unexecuted) - self.penalty
        mean = mix(self.chance, done, lost)
        if payoffs.risk_aversion is None:
            return mean
        a, q = payoffs.risk_aversion.T, self.chance[:, None]
        done = np.where(q == 0.0, lost, done)  # what has no chance is not the smaller change
        lost = np.where(q == 1.0, done, lost)
        least = np.minimum(done, lost)
        above = q * np.expm1(-a * (done - least)) + (1.0 - q) * np.expm1(-a * (lost - least))
        averse = least - np.log1p(above) / np.where(a == 0.0, 1.0, a)
        return np.where((a == 0.0) | (done == lost), mean, averse)


def _neutral(payoffs: P) -> P:
    """Return the same payoffs of players who are risk neutral: changes of money."""
    return payoffs if payoffs.risk_aversion is None else replace(payoffs, risk_aversion=None)


def cara(change: FloatArray, aversion: FloatArray | None) -> FloatArray:
    """Return (1 − e^(−aΔ))/a, Δ where a = 0; change (B, N), aversion (N, B)."""
    if aversion is None:
        return change
    a = aversion.T
    safe = np.where(a == 0.0, 1.0, a)
    return np.asarray(np.where(a == 0.0, change, -np.expm1(-safe * change) / safe))
