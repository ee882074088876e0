"""The equations of exact hat algebra and Newton's method for them, in plain arrays.

The formulas stand in `sim.payoffs.hat_algebra`. Everything here works on real and on complex
numbers alike: complex steps through it give exact derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.payoffs.terms import take

__all__ = ["Array", "Baseline", "State", "solve_wages", "solved"]

Array = NDArray[Any]  # floats, or complex numbers for derivatives by complex steps

_STEPS = 60
_FEW = 20
_PATH = 16


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the equations need of a world, draws first."""

    shares: Array  # (B, N, N)
    output: Array  # (B, N)
    deficit: Array  # (B, N)
    power: Array  # 1 − σ, (B,)
    logs: Array  # ln(1 + t) at the baseline, (B, N, N)


@dataclass(frozen=True, slots=True)
class State:
    """The world at given tariffs and wages, not necessarily an equilibrium."""

    shares: Array  # L'
    kept: Array  # 1/(1 + t')
    average: Array  # Σ_i t'/(1 + t') L', (B, N)
    income: Array  # ŵ Y + D
    spending: Array  # E'
    prices: Array  # P̂
    earned: Array  # ŵ Y
    excess: Array  # Σ_j L' E'/(1 + t') − ŵ Y

    @classmethod
    def at(cls, base: Baseline, logs: Array, wages: Array) -> State:
        """Evaluate at log tariff factors (B, N, N) and log wages (B, N)."""
        power = base.power[:, None, None]
        weight = base.shares * np.exp(power * (wages[:, :, None] + logs - base.logs))
        total = weight.sum(axis=1)
        shares = weight / total[:, None, :]
        kept = np.exp(-logs)
        average = ((1.0 - kept) * shares).sum(axis=1)
        earned = np.exp(wages) * base.output
        income = earned + base.deficit
        spending = income / (1.0 - average)
        excess = (shares * kept * spending[:, None, :]).sum(axis=2) - earned
        prices = np.exp(np.log(total) / base.power[:, None])
        return cls(shares, kept, average, income, spending, prices, earned, excess)

    def by_wages(self, power: Array) -> tuple[Array, Array]:
        """Return d ln E'_j/dω_k and d excess_i/dω_k, each (B, N, N)."""
        theta = power[:, None, None]
        eye = np.eye(self.earned.shape[1])
        taxed = (1.0 - self.kept - self.average[:, None, :]) * self.shares  # (B, k, j)
        log_e = (eye * (self.earned / self.income)[:, None, :]) + theta * taxed / (
            1.0 - self.average
        )[:, None, :]
        log_e = log_e.transpose(0, 2, 1)  # (B, j, k)
        sold = self.shares * self.kept * self.spending[:, None, :]  # (B, i, j)
        jacobian = np.matmul(sold, log_e) - theta * np.matmul(sold, self.shares.transpose(0, 2, 1))
        own = theta[:, :, 0] * sold.sum(axis=2) - self.earned
        return log_e, jacobian + eye * own[:, :, None]

    def by_tariff(self, power: Array, exporter: int, importer: int) -> tuple[Array, Array]:
        """Return d ln E'_importer (B,) and d excess (B, N) by ln(1 + t) of one tariff."""
        m, j = exporter, importer
        share, kept = self.shares[:, m, j], self.kept[:, m, j]
        taxed = 1.0 - kept - self.average[:, j]
        log_e = (kept * share + power * share * taxed) / (1.0 - self.average[:, j])
        sold = self.shares[:, :, j] * self.kept[:, :, j] * self.spending[:, j, None]
        change = sold * (log_e - power * share)[:, None]
        change[:, m] += (power - 1.0) * sold[:, m]
        return log_e, change


def solve_wages(base: Baseline, logs: Array, start: Array | None = None) -> Array:
    """Return log wages (B, N) that clear the labour markets, real or complex.

    NaN in the draws in which Newton's method fails also along a path of tariffs from the baseline:
    their payoffs are then NaN too, the other draws go on.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        first = np.zeros(base.output.shape) if start is None else start
        wages, good = _newton(base, logs, first, _STEPS)
        wages[~good] = np.nan
        rows = np.flatnonzero(~good & np.isfinite(first).all(axis=1))
        found = np.zeros((len(rows), wages.shape[1]))
        for step in np.linspace(0.0, 1.0, _PATH + 1)[1:]:
            if not len(rows):  # where the path breaks off, it leads nowhere
                break
            part = take(base, rows)
            at = part.logs + step * (logs[rows] - part.logs)
            found, fine = _newton(part, at, found, _STEPS if step == 1.0 else _FEW)
            rows, found = rows[fine], found[fine]
        wages[rows] = found
    return wages


def _newton(
    base: Baseline, logs: Array, wages: Array, steps: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Damped Newton; the last market's equation is replaced by the numeraire.

    Wages at which a country owes more than it earns solve the equations and are none. A draw that
    has ended stays as it is: it does not depend on how long the others take.
    """
    world = base.output.sum(axis=1)
    small, done = np.zeros(len(wages), dtype=bool), np.zeros(len(wages), dtype=bool)
    for _ in range(steps):
        state = State.at(base, logs, wages)
        _, jacobian = state.by_wages(base.power)
        right = state.excess.copy()
        jacobian[:, -1] = state.earned
        right[:, -1] = state.earned.sum(axis=1) - world
        step = -solved(jacobian, right[:, :, None])[:, :, 0]
        longest = np.abs(step).max(axis=1)
        moved = wages + step / np.maximum(longest / 0.5, 1.0)[:, None]
        wages = np.where(done[:, None], wages, moved)
        done |= small | ~np.isfinite(longest)
        if done.all():
            break
        small = longest <= 1e-9  # one more step after it: convergence is quadratic
    solvent = (np.exp(wages.real) * base.output + base.deficit > 0.0).all(axis=1)
    return wages, done & np.isfinite(wages).all(axis=1) & solvent


def solved(matrix: Array, right: Array) -> Array:
    """Return X with A X = R draw by draw, (B, N, K), NaN where A (B, N, N) is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:  # one singular draw stops the whole batch
        if len(matrix) == 1:
            return np.full_like(right, np.nan)
        half = len(matrix) // 2
        parts = [(matrix[:half], right[:half]), (matrix[half:], right[half:])]
        return np.concatenate([solved(a, r) for a, r in parts])
