"""Payoffs at one table, as the solvers see them: rows in, value, gradient and Hessian out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from sim.errors import PayoffError
from sim.payoffs.terms import (
    Entry,
    FloatArray,
    Kernel,
    Rows,
    Take,
    expm1_ratio,
    positions,
    take,
    whole,
)

__all__ = ["Evaluation", "TablePayoffs"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Payoffs with derivatives at one point per draw; draws last, local positions.

    Attributes
    ----------
    value : (N, B)
        Risk-transformed change of payoff from the reference; risk neutral: u − reference.
    gradient : (N, K, B)
        Of `value`; (N, 0, B) at order 0.
    hessian : tuple of (player, issue i, issue j, float or (B,))
        i <= j; what is not listed is zero, several entries on one position add up. Empty below
        order 2.
    curvature : (N, B) or None
        Hess v_p = Σ entries of p − curvature_p grad v_p grad v_pᵀ; None if nobody is risk averse.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: tuple[Entry, ...]
    curvature: FloatArray | None


@dataclass(frozen=True)
class TablePayoffs:
    """Payoffs of the players at a table as functions of the issues that are settled there.

    Made by `Payoffs.table`; everything else is folded into constants.

    Attributes
    ----------
    players, issues : tuple of str
    kernels : tuple of Kernel
    n_draws : int
    offset : (N, B)
        Payoff of all that is folded, less the reference.
    risk_aversion : (N, B) or None
        CARA coefficient a, per USD bn.
    """

    players: tuple[str, ...]
    issues: tuple[str, ...]
    kernels: tuple[Kernel, ...]
    n_draws: int
    offset: FloatArray
    risk_aversion: FloatArray | None = None

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Partition of the issues; Hessian entries stand only inside a block."""
        return connected([kernel.issues for kernel in self.kernels], len(self.issues))

    def evaluate(self, x_rows: Rows, order: int = 2) -> Evaluation:
        """Return value (order 0), gradient (1) and Hessian (2) of v.

        Parameters
        ----------
        x_rows : (K, B)
            Issues lead, draws run along contiguous rows.
        order : {0, 1, 2}
        """
        n, k = len(self.players), len(self.issues)
        value = self.offset.copy()
        gradient = np.empty((n, k if order >= 1 else 0, self.n_draws))
        entries: list[Entry] = []
        written = set()
        for kernel in self.kernels:
            part = kernel.evaluate(x_rows, order)
            for p, amount in part.value:
                value[p] += amount
            for p, i, slope in part.gradient:
                if (p, i) in written:
                    gradient[p, i] += slope
                else:
                    gradient[p, i] = slope
                    written.add((p, i))
            entries += part.hessian
        if order >= 1 and len(written) < n * k:
            for p, i in product(range(n), range(k)):
                if (p, i) not in written:
                    gradient[p, i] = 0.0
        if self.risk_aversion is None:
            return Evaluation(value, gradient, tuple(entries), None)
        return averse(value, gradient, entries, self.risk_aversion)

    def _rows(self, x: FloatArray) -> FloatArray:
        return rows_of(x, n_issues=len(self.issues), n_draws=self.n_draws)

    def utility(self, x: FloatArray) -> FloatArray:
        """Return v, the risk-transformed change of payoff; x (B, K) or (K,), result (B, N)."""
        return np.ascontiguousarray(self.evaluate(self._rows(x), 0).value.T)

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of v; x (B, K) or (K,), result (B, N, K)."""
        return np.ascontiguousarray(self.evaluate(self._rows(x), 1).gradient.transpose(2, 0, 1))

    def hessian(self, x: FloatArray) -> FloatArray:
        """Return the dense Hessian of v; x (B, K) or (K,), result (B, N, K, K)."""
        return dense_hessian(self.evaluate(self._rows(x), 2))

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        """Return the change of money that is worth `v`, the inverse of the CARA transform.

        Parameters
        ----------
        v : (B, N)

        Returns
        -------
        (B, N)
            Infinite where a v >= 1: to who is so averse to risk all large gains are alike, and
            what cannot be told apart cannot be settled by money. Solvers flag such draws.
        """
        return worth(v, self.risk_aversion)

    def take(self, rows: Take) -> TablePayoffs:
        """Return the payoffs of some draws only: a slice, positions or a mask."""
        rows = positions(rows)
        if whole(rows, self.n_draws):
            return self
        offset = self.offset[:, rows]
        aversion = None if self.risk_aversion is None else self.risk_aversion[:, rows]
        return replace(
            self,
            kernels=take(self.kernels, rows),
            n_draws=offset.shape[1],
            offset=offset,
            risk_aversion=aversion,
        )


def averse(
    value: FloatArray, gradient: FloatArray, entries: Sequence[Entry], a: FloatArray
) -> Evaluation:
    """Return the CARA transform v = (1 − e^(−aΔ))/a of payoff changes Δ with its derivatives.

    grad v = e^(−aΔ) grad u and Hess v = e^(−aΔ) Hess u − a e^(aΔ) grad v grad vᵀ.

    Parameters
    ----------
    value : (N, B)
    gradient : (N, K, B)
    entries : sequence of (player, i, j, row)
    a : (N, B)
        0 is linear.
    """
    z = -a * value
    factor = np.exp(z)
    transformed = value * expm1_ratio(z)
    scaled = tuple((p, i, j, factor[p] * h) for p, i, j, h in entries)
    return Evaluation(transformed, gradient * factor[:, None], scaled, a / factor)


def certainty_equivalent(v: FloatArray, a: FloatArray | None) -> FloatArray:
    """Return −ln(1 − a v)/a, which is v at a = 0; v (B, N), a (N, B) or None.

    Raises
    ------
    PayoffError
        If no amount of money is worth `v`: a v >= 1.
    """
    v = np.asarray(v, dtype=np.float64)
    if a is not None and np.any(a.T * v >= 1.0):
        raise PayoffError("no amount of money is worth a utility of 1/risk_aversion or more")
    return worth(v, a)


def worth(v: FloatArray, a: FloatArray | None) -> FloatArray:
    """Return `certainty_equivalent`, infinite where no amount of money is worth `v`."""
    v = np.asarray(v, dtype=np.float64)
    if a is None:
        return v.copy()
    y = -a.T * v
    beyond, safe = y <= -1.0, np.where((y == 0.0) | (y <= -1.0), 1.0, y)
    ratio = np.where(y == 0.0, 1.0, np.log1p(safe) / safe)
    return np.where(beyond, np.inf, v * ratio)


def dense_hessian(evaluation: Evaluation) -> FloatArray:
    """Return the Hessian of an order-2 evaluation as one array (B, N, K, K)."""
    gradient = evaluation.gradient
    n, k, b = gradient.shape
    dense = np.zeros((n, k, k, b))
    for p, i, j, h in evaluation.hessian:
        dense[p, i, j] += h
        if i != j:
            dense[p, j, i] += h
    if evaluation.curvature is not None:
        outer = gradient[:, :, None] * gradient[:, None, :]
        dense -= evaluation.curvature[:, None, None] * outer
    return np.ascontiguousarray(dense.transpose(3, 0, 1, 2))


def connected(groups: Sequence[Sequence[int]], n: int) -> tuple[tuple[int, ...], ...]:
    """Return the connected components of `n` nodes, each group tying its members together."""
    root = list(range(n))
    for group in groups:
        for i in group[1:]:
            low, high = sorted((root[group[0]], root[i]))
            root = [low if r == high else r for r in root]
    return tuple(tuple(i for i in range(n) if root[i] == r) for r in sorted(set(root)))


def rows_of(x: FloatArray, *, n_issues: int, n_draws: int) -> FloatArray:
    """Return outcomes (B, K) or (K,) as contiguous rows (K, B).

    Raises
    ------
    PayoffError
        If the shape does not fit the issues and draws.
    """
    x = np.asarray(x, dtype=np.float64)
    k, b = n_issues, n_draws
    if x.shape not in {(k,), (b, k), (1, k)}:
        raise PayoffError(f"outcomes must have shape ({b}, {k}) or ({k},), got {x.shape}")
    return np.ascontiguousarray(np.broadcast_to(x, (b, k)).T)
