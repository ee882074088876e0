r"""The market at one table: value, gradient and Hessian in the tariffs that are settled there.

With τ = ln(1 + t), C = φ(1 − σ), B = φ(σ − ε), spending shares v_s and total spending E, each
player's payoff is a sum Q = Σ X_s h_s(τ_s) of consumer spending X_s = E v_s times what the player
gets from each unit of it, plus w_C ΔCS for the importer. Because ∂X_s/∂τ_r = X_s (C δ_rs + B v_r),

    ∂Q/∂τ_r       = X_r A_r + B v_r Q,     A = h′ + C h
    ∂²Q/∂τ_r∂τ_q  = δ_rq [X_r (C A_r + A′_r) + B C v_r Q]
                    + B (v_r X_q A_q + v_q X_r A_r) + B (B − C) v_q v_r Q

and ∂ΔCS/∂τ_r = −φ X_r adds −w_C φ to A_r and w_C φ B E v_q v_r to the cross terms. Going from τ to
t, J = dτ/dt = 1/(1 + t), the products that follow carry J: R = J X is the border value, V = J v.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.payoffs.terms import Entry, FloatArray, Row, Rows, TermEvaluation

if TYPE_CHECKING:
    from sim.payoffs.market import Market, Supplier

__all__ = ["MarketKernel", "compile_market"]

TINY = 1e-200


@dataclass(frozen=True, slots=True)
class ActiveSupplier:
    """A supplier whose tariff is settled at the table.

    a_s c_s^(1−σ) = exp(C τ + `level`); its profits are R (`weight` − `cost` e^((1−φ)τ)).
    """

    issue: int
    level: Row
    weight: Row
    cost: Row


@dataclass(frozen=True, slots=True)
class Account:
    """What one player at the table gets: `fixed` per unit of E/D, and the profits of `own`."""

    player: int
    fixed: Row | None
    own: tuple[int, ...]
    importer: bool


@dataclass(frozen=True, slots=True)
class MarketKernel:
    """A market bound to a table; made by `compile_market`.

    Attributes
    ----------
    issues : tuple of int
    active : tuple of ActiveSupplier
    accounts : tuple of Account
    rest : float or (B,), or None
        Σ a_s c_s^(1−σ) over the suppliers whose tariff is fixed.
    C, B, C1, half : float or (B,)
        φ(1−σ), φ(σ−ε), C − 1 and (B − C)/2.
    eta : float or (B,)
        (1−ε)/(1−σ): spending E = E0 D^eta.
    size, surplus : float or (B,)
        E0, and −w_C E0/(1−ε).
    absorbed : float or (B,), or None
        1 − φ; None if pass-through is complete.
    F, F1 : float or (B,)
        φ − C and (φ − C)(1 − φ).
    revenue, slope, level, cross : float or (B,)
        w_R; w_R(1−C); w_R C − w_C φ; w_C φ B/2.
    """

    issues: tuple[int, ...]
    active: tuple[ActiveSupplier, ...]
    accounts: tuple[Account, ...]
    rest: Row | None
    C: Row
    B: Row
    C1: Row
    half: Row
    eta: Row
    size: Row
    surplus: Row
    absorbed: Row | None
    F: Row
    F1: Row
    revenue: Row
    slope: Row
    level: Row
    cross: Row

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value, gradient and Hessian; see `Kernel.evaluate`."""
        state = self._spending(x)
        out = TermEvaluation([], [], [])
        for account in self.accounts:
            if account.importer:
                self._importer(account, state, order, out)
            else:
                self._exporter(account, state, order, out)
        return out

    def _spending(self, x: Rows) -> Spending:
        tau, J, weight = [], [], []
        D: Row | None = self.rest
        for s in self.active:
            factor = x[s.issue] + 1.0
            log_factor = np.log(factor)
            tau.append(log_factor)
            J.append(np.divide(1.0, factor, out=factor))
            w = self.C * log_factor
            w += s.level
            np.exp(w, out=w)
            weight.append(w)
            D = w if D is None else D + w
        assert D is not None
        growth = np.log(D)
        growth *= self.eta
        np.expm1(growth, out=growth)
        E = self.size * growth
        E += self.size
        inverse = 1.0 / D
        V = weight
        X, R = [], []
        for j, share in zip(J, V, strict=True):
            np.multiply(share, inverse, out=share)
            spent = E * share
            np.multiply(share, j, out=share)
            X.append(spent)
            R.append(spent * j)
        inverse *= E
        return Spending(tau, J, V, X, R, E, inverse, growth)

    def _importer(self, account: Account, s: Spending, order: int, out: TermEvaluation) -> None:
        Q = s.X[0] - s.R[0]
        for spent, border in zip(s.X[1:], s.R[1:], strict=True):
            Q += spent
            Q -= border
        Q *= self.revenue
        if account.fixed is not None:
            Q += s.per_weight * account.fixed
        if order >= 1:
            BQ = self.B * Q
            slopes = []
            for j, border in zip(s.J, s.R, strict=True):
                first = self.slope * j
                second = first * border
                np.negative(second, out=second)
                first += self.level
                first *= border
                slopes.append((first, second))
            U = self.half * BQ
            if order >= 2:
                U += self.cross * s.E
            self._derivatives(account.player, s, BQ, U, dict(enumerate(slopes)), order, out)
        Q += self.surplus * s.growth
        out.value.append((account.player, Q))

    def _exporter(self, account: Account, s: Spending, order: int, out: TermEvaluation) -> None:
        Q: Row | None = None if account.fixed is None else s.per_weight * account.fixed
        slopes = {}
        for r in account.own:
            supplier = self.active[r]
            gross = supplier.weight * s.R[r]
            cost = supplier.cost * s.R[r]
            if self.absorbed is not None:
                grown = self.absorbed * s.tau[r]
                np.exp(grown, out=grown)
                cost *= grown
            Q = gross - cost if Q is None else Q + (gross - cost)
            if order >= 1:
                gross *= self.C1
                gross += self.F * cost
                gross *= s.J[r]
                if self.absorbed is None:
                    second = -gross
                else:
                    cost *= self.F1
                    cost *= s.J[r]
                    second = np.subtract(cost, gross, out=cost)
                slopes[r] = (gross, second)
        assert Q is not None
        out.value.append((account.player, Q))
        if order >= 1:
            BQ = self.B * Q
            self._derivatives(account.player, s, BQ, self.half * BQ, slopes, order, out)

    def _derivatives(
        self,
        player: int,
        s: Spending,
        BQ: FloatArray,
        U: FloatArray,
        slopes: Mapping[int, tuple[FloatArray, FloatArray]],
        order: int,
        out: TermEvaluation,
    ) -> None:
        """Append gradient and Hessian from Ã = J X A and J² X A′ per supplier (`slopes`)."""
        W = []
        for r, supplier in enumerate(self.active):
            own = slopes.get(r)
            gradient = s.V[r] * BQ
            if own is not None:
                gradient += own[0]
            out.gradient.append((player, supplier.issue, gradient))
            if order < 2:
                continue
            w = U * s.V[r]
            if own is not None:
                w += self.B * own[0]
            W.append(w)
            diagonal = self.C1 * gradient
            if own is not None:
                diagonal += own[1]
            diagonal *= s.J[r]
            bent = s.V[r] * w
            bent *= 2.0
            diagonal += bent
            out.hessian.append((player, supplier.issue, supplier.issue, diagonal))
            for q in range(r):
                out.hessian.append(self._cross(player, q, r, s, W))

    def _cross(self, player: int, q: int, r: int, s: Spending, W: list[FloatArray]) -> Entry:
        cross = s.V[q] * W[r]
        cross += s.V[r] * W[q]
        i, j = sorted((self.active[q].issue, self.active[r].issue))
        if i == j:
            cross *= 2.0  # two suppliers move with one tariff: (q, r) and (r, q)
        return (player, i, j, cross)


class Spending(NamedTuple):
    """Rows that the accounts of a market share; lists run over the active suppliers."""

    tau: list[FloatArray]
    J: list[FloatArray]
    V: list[FloatArray]
    X: list[FloatArray]
    R: list[FloatArray]
    E: FloatArray
    per_weight: FloatArray
    growth: FloatArray


def compile_market(
    market: Market, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
) -> MarketKernel | None:
    """Return the market at a table, or None if no player there has a part in it."""
    sigma, phi, margin = market.substitution, market.pass_through, market.margin
    assert margin is not None
    C = phi * (1.0 - sigma)
    active: list[ActiveSupplier] = []
    own: dict[int, list[int]] = {}
    constant: dict[int, Row] = {}
    rest: Row | None = None
    for s in market.suppliers:
        assert s.baseline is not None
        tau0 = np.log1p(s.baseline)
        local = None if s.player is None else players.get(s.player)
        if s.issue is not None and s.issue in issues:
            if local is not None:
                own.setdefault(local, []).append(len(active))
            cost = s.weight * (1.0 - margin) * np.exp((phi - 1.0) * tau0)
            level = _log(s.share) - C * tau0
            active.append(ActiveSupplier(issues[s.issue], _plain(level), s.weight, _plain(cost)))
            continue
        tariff = s.tariff if s.issue is None else fixed[s.issue]
        weight, per_weight = _folded(market, s, tariff, C)
        rest = weight if rest is None else rest + weight
        if local is not None:
            constant[local] = constant.get(local, 0.0) + per_weight * weight
        importer = None if market.importer is None else players.get(market.importer)
        if importer is not None and np.any(np.asarray(tariff) != 0.0):
            duty = market.revenue * weight * tariff / (1.0 + tariff)
            constant[importer] = constant.get(importer, 0.0) + duty
    return _kernel(market, players, active, own, constant, rest)


def _folded(market: Market, s: Supplier, tariff: Row, C: Row) -> tuple[Row, Row]:
    """Return a_s c_s^(1−σ) of a fixed supplier and its weighted profits per unit of spending."""
    assert s.baseline is not None
    assert market.margin is not None
    log_t = np.log1p(tariff) - np.log1p(s.baseline)
    cost = (1.0 - market.margin) * np.exp((1.0 - market.pass_through) * log_t)
    return s.share * np.exp(C * log_t), s.weight * (1.0 - cost) / (1.0 + tariff)


def _kernel(
    market: Market,
    players: Mapping[int, int],
    active: list[ActiveSupplier],
    own: Mapping[int, list[int]],
    constant: Mapping[int, Row],
    rest: Row | None,
) -> MarketKernel | None:
    sigma, epsilon, phi = market.substitution, market.demand_elasticity, market.pass_through
    C, B = phi * (1.0 - sigma), phi * (sigma - epsilon)
    importer = None if market.importer is None else players.get(market.importer)
    accounts = []
    for p in sorted({p for p in (importer, *own, *constant) if p is not None}):
        fixed = constant.get(p)
        accounts.append(
            Account(
                p, None if fixed is None else _plain(fixed), tuple(own.get(p, ())), p == importer
            )
        )
    if not accounts:
        return None
    # expm1(z)/z at z = 0: an elasticity of exactly 1 is replaced by one that differs by TINY.
    theta = np.where(np.asarray(epsilon) == 1.0, TINY, 1.0 - np.asarray(epsilon))
    complete = not np.any(np.asarray(phi) != 1.0)
    return MarketKernel(
        issues=tuple(sorted({a.issue for a in active})),
        active=tuple(active),
        accounts=tuple(accounts),
        rest=None if rest is None else _plain(rest),
        C=_plain(C),
        B=_plain(B),
        C1=_plain(C - 1.0),
        half=_plain(0.5 * (B - C)),
        eta=_plain(theta / (1.0 - sigma)),
        size=market.size,
        surplus=_plain(-market.consumers * market.size / theta),
        absorbed=None if complete else _plain(1.0 - phi),
        F=_plain(phi - C),
        F1=_plain((phi - C) * (1.0 - phi)),
        revenue=market.revenue,
        slope=_plain(market.revenue * (1.0 - C)),
        level=_plain(market.revenue * C - market.consumers * phi),
        cross=_plain(0.5 * market.consumers * phi * B),
    )


def _log(value: Row) -> FloatArray:
    """Return ln, with ln 0 so low that exp gives 0 without a warning."""
    value = np.asarray(value, dtype=np.float64)
    return np.where(value > 0.0, np.log(np.where(value > 0.0, value, 1.0)), -700.0)


def _plain(value: Row) -> Row:
    """Return a float for what is no row."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else array
