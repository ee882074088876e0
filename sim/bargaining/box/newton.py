"""Maximise Nash products over boxes, thousands at a time: asynchronous projected Newton.

The objective of a draw is the weighted log of the gains, extended below a floor e:

    Phi(x) = sum_p w_p L(g_p(x)),   L(g) = log e + (g - e)/e - ((g - e)/e)^2 / 2,  e = max(g, floor).

It is defined everywhere, so that the search may start where somebody loses, and it is the true
log as soon as all gains exceed their floors, which follow the gains down to half of them: at an
accepted point where everybody gains, e = g. The Newton step needs only an N x N system,

    (diag(e^2/w) + G) mu = 2 e - g,     step = W mu,     W = A^-1 U,  G = U^T W

(`blocks`), where A = -sum_p w_p (2e - g)/e^2 Hess_p on the free issues: those not at a bound
that the gradient points out of (Bertsekas 1982).

Every draw carries its own step length: a trial point that fails the test of Armijo is taken
back and shortened while the others go on, so there is no inner loop. A draw leaves when its
projected Newton decrement, the root of twice the shortfall of log Phi in the quadratic model,
is below the tolerance *at a point where everybody truly gains* and the exact Hessian is
negative definite on the free issues.

References
----------
D. P. Bertsekas, "Projected Newton methods for optimization problems with simple constraints",
SIAM Journal on Control and Optimization 20 (1982) 221-246.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.bargaining.box.blocks import (
    Factor,
    IntArray,
    dot,
    dot_rows,
    gram,
    solve_small,
    weighted_hessian,
)
from sim.bargaining.box.step import Quadratic, box_step
from sim.bargaining.box.table import Gains, Table, moved
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["INSIDE", "Found", "ascend", "inside"]

INSIDE = 1e-6  # starts are this far inside lower bounds, where powers of an issue have a kink
ARMIJO = 1e-4
FLAT = 1e-7  # pivots below this share of the rank-N part count as no curvature
NOISE = 2.0**-40  # rounding of a payoff, relative to its scale on the table
STALLED = 1e-10
SHORT = 0.05  # step length at which a draw falls back on its gradient
NEAR = 0.1  # decrement at which a maximum where somebody loses counts as reached
LEAST_FLOOR = 1e-6  # of the scale of a gain
COMPACT = 0.3
NOBODY = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Found:
    """Where the search ended, per draw.

    Attributes
    ----------
    x : (K, B)
    gains : (N, B)
    converged : (B,) bool
    residual : (B,)
        Projected Newton decrement; the log of the product is short by half its square.
    iterations : int
    """

    x: FloatArray
    gains: FloatArray
    converged: BoolArray
    residual: FloatArray
    iterations: int


@dataclass(slots=True)
class _Point:
    """An accepted point a draw and the step from there."""

    x: FloatArray
    gradient: FloatArray  # (K, B) of Phi
    step: FloatArray
    curvature: FloatArray  # (K, B) inverse pivots
    floor: FloatArray  # (N, B)
    value: FloatArray  # (B,)

    def take(self, rows: IndexArray) -> _Point:
        return _Point(
            *(getattr(self, name).take(rows, axis=-1) for name in self.__dataclass_fields__)
        )

    def restore(self, rows: IndexArray, old: _Point) -> None:
        for name in self.__dataclass_fields__:
            getattr(self, name)[..., rows] = getattr(old, name)[..., rows]


def inside(table: Table, start: FloatArray) -> FloatArray:
    """Clip a start into the box, off its lower faces."""
    low = table.lower + INSIDE * table.width
    return np.asarray(np.minimum(np.maximum(start, low), table.upper))


def ascend(
    table: Table,
    start: FloatArray,
    *,
    tolerance: float = 1e-9,
    max_iterations: int = 60,
) -> Found:
    """Maximise the Nash product of the parties from one start a draw.

    Parameters
    ----------
    table : Table
        Without ratifiers.
    start : ndarray, (K, B)
    tolerance : float
        On the projected Newton decrement.
    max_iterations : int

    Returns
    -------
    Found
    """
    n_draws = start.shape[1]
    out = Found(
        start.copy(),
        np.full((table.n_parties, n_draws), -np.inf),
        np.zeros(n_draws, dtype=bool),
        np.full(n_draws, np.inf),
        max_iterations,
    )
    index = np.arange(n_draws)
    trial = inside(table, start)
    length = np.ones(n_draws)
    open_ = np.ones(n_draws, dtype=bool)
    fallback = np.zeros(n_draws, dtype=bool)
    point: _Point | None = None
    scale = pivots = np.zeros(0)
    for _ in range(max_iterations):
        gains = table.evaluate(trial, 2)
        if point is None:
            scale = moved(gains.gradient, table.width)
            floor, pivots = _floors(gains, table, scale)
            accepted = np.isfinite(gains.value).all(axis=0)
        else:
            floor = point.floor
            value = extended_log(gains.value, floor, table.weights)
            way = trial - point.x
            slope = dot(point.gradient, way)
            noise = NOISE * dot(table.weights, scale / np.maximum(gains.value, floor))
            accepted = value >= point.value + ARMIJO * slope - noise
        new, decrement, definite = _newton(table, trial, gains, floor, pivots)
        refused = np.flatnonzero(~accepted)
        if point is None:
            length = np.where(accepted, 1.0, 0.0)
        else:
            length = np.where(accepted, 1.0, length)
            if refused.size:
                new.restore(refused, point)
                rise, short = value[refused] - point.value[refused], slope[refused]
                with np.errstate(all="ignore"):
                    factor = np.fmin(np.fmax(0.5 * short / (short - rise), 0.1), 0.5)
                length[refused] *= factor
                uphill = refused[(length[refused] < SHORT) & ~fallback[refused]]
                if uphill.size:
                    new.step[:, uphill] = _gradient_step(table, new, uphill)
                    length[uphill] = 1.0
            fallback &= ~accepted
            if refused.size:
                fallback[uphill] = True
        point = new
        fits = decrement <= tolerance + NOISE * _relative(scale, gains.value)
        good = accepted & definite & fits & open_
        ready = np.flatnonzero(good)
        if ready.size:
            ready = ready[_certified(table, point, gains, ready)]
            at = index[ready]
            out.x[:, at] = point.x[:, ready]
            out.gains[:, at] = gains.value[:, ready]
            out.residual[at] = decrement[ready]
            out.converged[at] = True
            open_[ready] = False
        loses = accepted & open_ & (decrement < NEAR) & ~(gains.value > 0).all(axis=0)
        lower_floor = np.flatnonzero(loses)
        if lower_floor.size:
            point.floor[:, lower_floor] *= 0.1
            point.value[lower_floor] = -np.inf
            hopeless = (point.floor < LEAST_FLOOR * scale).any(axis=0) & loses
            length[hopeless] = 0.0
        gone = np.flatnonzero(open_ & (length < STALLED))
        if gone.size:
            out.x[:, index[gone]] = point.x[:, gone]
            open_[gone] = False
        n_open = int(np.count_nonzero(open_))
        if n_open == 0:
            break
        if n_open < (1.0 - COMPACT) * len(index):
            keep = np.flatnonzero(open_)
            table, point, index = table.take(keep), point.take(keep), index[keep]
            scale, pivots = scale.take(keep, axis=1), pivots.take(keep, axis=1)
            length, open_, fallback = length[keep], open_[keep], fallback[keep]
        trial = _trial(table, point, length)
    else:
        left = np.flatnonzero(open_)
        out.x[:, index[left]] = point.x[:, left]
    return out


def extended_log(gains: FloatArray, floor: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Phi, shape (B,): the true weighted log where gains exceed their floors."""
    e = np.maximum(gains, floor)
    total = np.log(e)
    if (gains < floor).any():
        short = (gains - e) / e
        total += short - 0.5 * short * short
    total *= weights
    value = total[0].copy()
    for row in total[1:]:
        value += row
    return value


def _relative(scale: FloatArray, gains: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.asarray((scale / np.abs(gains)).max(axis=0))


def _floors(gains: Gains, table: Table, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the first floors of the log (N, B) and the least pivots (K, B)."""
    floor = np.where(scale > 0, scale, 1.0)
    e = np.maximum(gains.value, floor)
    rank = gains.gradient / e[:, None, :]
    pivots = dot(table.weights[:, None, :], rank * rank)
    pivots *= FLAT
    tiny = pivots.max(axis=0)
    tiny = np.where(tiny > 0, tiny, 1.0) * 1e-8
    return floor, np.maximum(pivots, tiny)


def _newton(
    table: Table, x: FloatArray, gains: Gains, floor: FloatArray, pivots: FloatArray
) -> tuple[_Point, FloatArray, BoolArray]:
    """Return the point with its Newton step, the decrement, and whether M is definite."""
    g, u, w = gains.value, gains.gradient, table.weights
    everybody = (g > 0).all(axis=0)
    floor = np.where(everybody, np.minimum(floor, 0.5 * g), floor)
    e = np.maximum(g, floor)
    value = extended_log(g, floor, w)
    radius = e * e
    radius /= w
    a = (2.0 * e - g) / radius
    rhs = 2.0 * e - g
    r = dot_rows(a, u)
    free = np.where(r > 0, x < table.upper, x > table.lower)
    diagonal, off = weighted_hessian(gains.hessian, a, len(x))
    if gains.curvature is None:
        inverse_b = radius
    else:
        inverse_b = 1.0 / (1.0 / radius + a * gains.curvature)
        rhs = a * inverse_b
    model = Quadratic(
        u, diagonal, off, pivots, table.blocks, free, table.lower - x, table.upper - x
    )
    found = box_step(model, _Logs(inverse_b, rhs))
    step, factor, definite = found.move, found.factor, found.definite
    if factor.flat is not None:
        rows = np.flatnonzero(factor.flat & definite)
        step[:, rows] = _flat_step(factor.take(rows), u[..., rows], inverse_b[:, rows], r[:, rows])
    decrement = np.sqrt(np.maximum(dot(r, step), 0.0))
    definite &= everybody
    return _Point(x, r, step, factor.inverse, floor, value), decrement, definite


@dataclass(frozen=True, slots=True)
class _Logs:
    """The rows of a Nash product: (diag(1/b) + G) mu = rhs - shift."""

    inverse_b: FloatArray
    rhs: FloatArray

    def solve(
        self, g: list[list[FloatArray]], shift: FloatArray | None, rows: IndexArray | None
    ) -> tuple[FloatArray, IntArray | int]:
        """Return mu and the number of negative pivots; see `RowSystem`."""
        inverse_b, rhs = self.inverse_b, self.rhs
        if rows is not None:
            inverse_b, rhs = inverse_b.take(rows, axis=1), rhs.take(rows, axis=1)
        if shift is not None:
            rhs = rhs - shift
        for p in range(len(g)):
            g[p][p] += inverse_b[p]
        return solve_small(g, rhs)


def _flat_step(factor: Factor, u: FloatArray, inverse_b: FloatArray, r: FloatArray) -> FloatArray:
    """Return M^-1 r by Woodbury's formula, whose error shrinks with r.

    Where payoffs are linear in an issue, W is so large that W mu cancels: good to find the
    maximum, not good enough to stand on it.
    """
    if r.shape[1] == 0:
        return r
    w = factor.solve(u)
    system = gram(u, w)
    for p in range(len(u)):
        system[p][p] = system[p][p] + inverse_b[p]
    nu, _ = solve_small(system, np.stack([dot(w_p, r) for w_p in w]))
    return factor.solve(r) - dot_rows(nu, w)


def _gradient_step(table: Table, point: _Point, rows: IndexArray) -> FloatArray:
    """Return the gradient, scaled issue by issue: uphill along any path that bounds bend."""
    r = point.gradient[:, rows]
    width = table.upper[:, rows] - table.lower[:, rows]
    step = r * np.abs(point.curvature[:, rows])
    return np.asarray(np.minimum(np.maximum(step, -width), width))


def _certified(table: Table, point: _Point, gains: Gains, rows: IndexArray) -> BoolArray:
    """Whether the gradient of the true log product vanishes on the free issues, first order."""
    x, r = point.x[:, rows], point.gradient[:, rows]
    lower, upper = table.lower[:, rows], table.upper[:, rows]
    free = np.where(r > 0, x < upper, x > lower)
    slope = np.abs(r) * (upper - lower) * free
    ahead = _relative(np.ones_like(gains.value[:, rows]), gains.value[:, rows])
    return np.asarray((slope.max(axis=0) <= 1e-4) & np.isfinite(ahead))


def _trial(table: Table, point: _Point, length: FloatArray) -> FloatArray:
    """Return the next trial points: along the step, inside the box.

    A power z^beta has infinite slope at 0: a step from z > 0 keeps a tenth of z, unless the
    gradient is so much larger than the curvature explains that the bound is where it leads.
    """
    x = point.x + length * point.step
    np.minimum(x, table.upper, out=x)
    low = x < table.lower
    if low.any():
        k, b = np.nonzero(low)
        room = point.x[k, b] - table.lower[k, b]
        reach = np.abs(point.gradient[k, b] * point.curvature[k, b])
        x[k, b] = table.lower[k, b] + np.where(reach > 10.0 * room, 0.0, 0.1 * room)
    return np.asarray(x)
