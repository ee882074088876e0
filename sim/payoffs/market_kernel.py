r"""The market at one table: value, gradient and Hessian in the tariffs that are settled there.

With τ = ln(1 + t), C = φ(1 − σ), B = φ(σ − ε), spending shares v_s and total spending E, each
player's payoff is a sum Q = Σ X_s h_s(τ_s) of consumer spending X_s = E v_s times what the player
gets from each unit of it, plus w_C ΔCS for the importer. Because ∂X_s/∂τ_r = X_s (C δ_rs + B v_r),

    ∂Q/∂τ_r       = X_r A_r + B v_r Q,     A = h′ + C h
    ∂²Q/∂τ_r∂τ_q  = δ_rq [X_r (C A_r + A′_r) + B C v_r Q]
                    + B (v_r X_q A_q + v_q X_r A_r) + B (B − C) v_q v_r Q

and ∂ΔCS/∂τ_r = −φ X_r adds −w_C φ to A_r and w_C φ B E v_q v_r to the second derivatives.

From τ to t with J = dτ/dt = 1/(1 + t): write V = J v, a_r = B V_r Q, Ã = J X A and R = J X, the
border value. Then with g the gradient in t and W_r = B Ã_r + ½(B − C) a_r (+ ½ w_C φ B R_r),

    g_r  = Ã_r + a_r
    H_rq = V_q W_r + V_r W_q + δ_rq J_r [(C − 1) g_r + J_r X_r A′_r]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from sim.payoffs.terms import Entry, FloatArray, Row, Rows, TermEvaluation

__all__ = ["Account", "ActiveSupplier", "MarketKernel"]

Slopes: TypeAlias = dict[int, tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class ActiveSupplier:
    """A supplier whose tariff is settled at the table.

    a_s c_s^(1−σ) = exp(C τ + `level`); profits are R (`weight` − n), n = `cost` e^((1−φ)τ).
    `bent` is (C − 1) `weight`.
    """

    issue: int
    level: Row
    weight: Row
    cost: Row
    bent: Row


@dataclass(frozen=True, slots=True)
class Account:
    """What one player at the table gets: `fixed` per unit of E/D, and the profits of `own`."""

    player: int
    fixed: Row | None
    own: tuple[int, ...]
    importer: bool


@dataclass(frozen=True, slots=True)
class MarketKernel:
    """A market bound to a table; made by `Market.bind`.

    Attributes
    ----------
    issues : tuple of int
    active : tuple of ActiveSupplier
    accounts : tuple of Account
    rest : float or (B,), or None
        Σ a_s c_s^(1−σ) over the suppliers whose tariff is fixed.
    size : float or (B,)
        E0.
    eta : float or (B,)
        (1−ε)/(1−σ): with D = Σ a_s c_s^(1−σ), spending is E = E0 D^eta.
    surplus : float or (B,)
        −w_C E0/(1−ε): w_C ΔCS = surplus (D^eta − 1).
    C, C1, B, half : float or (B,)
        φ(1−σ), C − 1, φ(σ−ε), (B − C)/2.
    absorbed : float or (B,), or None
        1 − φ; None if pass-through is complete in every draw.
    F, F1 : float or (B,)
        φ − C, (φ − C)(1 − φ).
    duty, slope, level, cross : float or (B,)
        w_R, w_R (1−C), w_R C − w_C φ, w_C φ B/2.
    """

    issues: tuple[int, ...]
    active: tuple[ActiveSupplier, ...]
    accounts: tuple[Account, ...]
    rest: Row | None
    size: Row
    eta: Row
    surplus: Row
    C: Row
    C1: Row
    B: Row
    half: Row
    absorbed: Row | None
    F: Row
    F1: Row
    duty: Row
    slope: Row
    level: Row
    cross: Row

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value, gradient and Hessian; see `Kernel.evaluate`."""
        s = self._spending(x, order)
        out = TermEvaluation([], [], [])
        for account in self.accounts:
            Q: FloatArray | None = None
            if account.fixed is not None:
                Q = s.per_weight * account.fixed
            if account.importer:
                Q, slopes = self._revenue(s, Q, order)
            else:
                Q, slopes = self._profits(s, Q, account.own, order)
            if order >= 1:
                self._differentiate(account, s, Q, slopes, order=order, out=out)
            if account.importer:
                Q += self.surplus * s.growth
            out.value.append((account.player, Q))
        return out

    def _spending(self, x: Rows, order: int) -> Spending:
        """Return what all accounts share: spending, shares and border values."""
        t, tau, J, V = [], [], [], []
        D: Row | None = self.rest
        for supplier in self.active:
            t.append(x[supplier.issue])
            factor = t[-1] + 1.0
            tau.append(np.log(factor))
            J.append(np.divide(1.0, factor, out=factor))
            weight = self.C * tau[-1]
            weight += supplier.level
            V.append(np.exp(weight, out=weight))
            D = weight if D is None else D + weight
        assert D is not None
        growth = np.log(D)
        growth *= self.eta
        np.expm1(growth, out=growth)
        E = self.size * growth
        E += self.size
        per_weight = 1.0 / D
        R, RJ = [], []
        for j, v in zip(J, V, strict=True):
            np.multiply(v, per_weight, out=v)
            np.multiply(v, j, out=v)
            R.append(E * v)
            if order >= 1:
                RJ.append(R[-1] * j)
        per_weight *= E
        BV = [self.B * v for v in V] if order >= 1 else []
        return Spending(t, tau, J, V, BV, R, RJ, per_weight, growth)

    def _revenue(self, s: Spending, Q: FloatArray | None, order: int) -> tuple[FloatArray, Slopes]:
        """Return w_R G plus what is fixed, and (Ã, J² X A′) of the importer, ΔCS included."""
        slopes: Slopes = {}
        for r, border in enumerate(s.R):
            revenue = s.t[r] * border
            revenue *= self.duty
            if Q is None:
                Q = revenue
            else:
                Q += revenue
            if order >= 1:
                bent = self.slope * s.RJ[r]
                first = self.level * border
                first += bent
                slopes[r] = (first, np.negative(bent, out=bent))
        assert Q is not None
        return Q, slopes

    def _profits(
        self, s: Spending, Q: FloatArray | None, own: tuple[int, ...], order: int
    ) -> tuple[FloatArray, Slopes]:
        """Return an exporter's profits and its (Ã, J² X A′): h = J (weight − n)."""
        slopes: Slopes = {}
        for r in own:
            supplier = self.active[r]
            cost: Row = supplier.cost
            if self.absorbed is not None:
                grown = self.absorbed * s.tau[r]
                np.exp(grown, out=grown)
                grown *= supplier.cost
                cost = grown
            profit = s.R[r] * (supplier.weight - cost)
            Q = profit if Q is None else np.add(Q, profit, out=Q)
            if order >= 1:
                bent = self.F * cost + supplier.bent
                second = self.F1 * cost - bent
                slopes[r] = (s.RJ[r] * bent, s.RJ[r] * second)
        assert Q is not None
        return Q, slopes

    def _differentiate(
        self,
        account: Account,
        s: Spending,
        Q: FloatArray,
        slopes: Slopes,
        *,
        order: int,
        out: TermEvaluation,
    ) -> None:
        """Append g and H of an account, given its (Ã, J² X A′) where they are not 0."""
        p = account.player
        W: list[FloatArray] = []
        for r, supplier in enumerate(self.active):
            own = slopes.get(r)
            g = s.BV[r] * Q
            out.gradient.append((p, supplier.issue, g))
            if order >= 2:
                w = self.half * g
                if account.importer:
                    w += self.cross * s.R[r]
                if own is not None:
                    w += self.B * own[0]
                W.append(w)
            if own is not None:
                g += own[0]
            if order < 2:
                continue
            diagonal = self.C1 * g
            if own is not None:
                diagonal += own[1]
            diagonal *= s.J[r]
            bent = s.V[r] * W[r]
            diagonal += bent
            diagonal += bent
            out.hessian.append((p, supplier.issue, supplier.issue, diagonal))
            out.hessian.extend(self._cross(p, q, r, s.V, W) for q in range(r))

    def _cross(self, p: int, q: int, r: int, V: list[FloatArray], W: list[FloatArray]) -> Entry:
        cross = V[q] * W[r]
        cross += V[r] * W[q]
        i, j = sorted((self.active[q].issue, self.active[r].issue))
        if i == j:
            cross *= 2.0  # two suppliers move with one tariff: (q, r) and (r, q)
        return (p, i, j, cross)


class Spending(NamedTuple):
    """Rows that the accounts of a market share; lists run over the active suppliers."""

    t: list[FloatArray]
    tau: list[FloatArray]
    J: list[FloatArray]
    V: list[FloatArray]
    BV: list[FloatArray]
    R: list[FloatArray]
    RJ: list[FloatArray]
    per_weight: FloatArray
    growth: FloatArray
