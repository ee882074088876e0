"""Maximise Nash products over boxes, thousands at a time: asynchronous projected Newton.

The objective of a draw is the weighted log of the gains, extended below a floor:

    Phi(x) = sum_p w_p L(g_p(x)),   L(g) = log e + s - s^2/2,   s = (g - e)/e,   e = max(g, floor).

It is defined everywhere, so that the search may start where somebody loses, and it is the true
log as soon as all gains exceed their floors, which follow the gains down to half of them where
everybody gains. If it is largest where somebody loses, the floors are lowered. The Newton step
needs only an N x N system,

    (diag(e^2/w) + G) mu = 2 e - g,     step = W mu,     W = A^-1 U,  G = U^T W

(`blocks`), where A = -sum_p w_p (2e - g)/e^2 Hess_p; `step` finds which issues are at a bound.

Every draw carries its own step length: a trial point that fails the test of Armijo is taken
back and shortened while the others go on, so there is no inner loop. When the decrement, the
root of twice what the quadratic model still promises, is below 1e-5 where everybody gains and
the model is concave, one last step is made, and its end is certified on the true objective by

    residual = sum_k [r_k]+ (upper_k - x_k) + [-r_k]+ (x_k - lower_k),    r = grad sum w log g :

if the log product is concave, no outcome in the box has one that is larger by more than that.
What the rounding of gains and issues explains is taken off: gains that are a tiny share of what
the table moves cannot be told better.

References
----------
D. P. Bertsekas, "Projected Newton methods for optimization problems with simple constraints",
SIAM Journal on Control and Optimization 20 (1982) 221-246 (step lengths along bent paths).
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
from sim.bargaining.box.certificate import NOISE, certificates
from sim.bargaining.box.pool import Search, exhaust, restore
from sim.bargaining.box.starts import inside
from sim.bargaining.box.step import Quadratic, box_step
from sim.bargaining.box.table import Gains, Table, moved
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["Found", "ascend"]

ARMIJO = 1e-4
FLAT = 1e-10  # pivots below this share of the rank-N part count as no curvature
STALE = 30.0  # change of a gain after which the least pivots are worked out again
CLOSE = 1e-2  # gains and losses below this share of their scale are close to disagreement
FALL = 0.03  # by how much at most a floor falls at once: gains at the start may be tiny
READY = 1e-5  # decrement from which one more step is the last
NEAR = 0.1  # decrement at which a maximum where somebody loses counts as reached
LEAST_FLOOR = 1e-10  # of the scale of a gain
SHORT = 0.05  # step length at which a draw falls back on its gradient
STALLED = 1e-10
EARLY = 3  # iterations in which a step finds out about bounds before it is tried
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """Where the search ended, per draw.

    Attributes
    ----------
    x : (K, B)
    gains : (N, B)
    converged : (B,) bool
    residual : (B,)
    """

    x: FloatArray
    gains: FloatArray
    converged: BoolArray
    residual: FloatArray


@dataclass(slots=True)
class _State(Search):
    """An accepted point a draw and the trial from there; draws last."""

    trial: FloatArray  # (K, B)
    x: FloatArray  # (K, B)
    gradient: FloatArray  # (K, B) of Phi
    step: FloatArray  # (K, B)
    reach: FloatArray  # (K, B) inverse pivots: how far curvature lets an issue go
    floor: FloatArray  # (N, B)
    value: FloatArray  # (B,)
    promise: FloatArray  # (B,) gradient times step, the squared decrement
    length: FloatArray  # (B,) of the step to the trial
    bent: BoolArray  # (B,) whether the step is a gradient's
    scale: FloatArray  # (N, B) how much of a gain the table moves
    pivots: FloatArray  # (K, B) least pivots
    mark: FloatArray  # (N, B) gains that they are relative to
    age: IntArray  # (B,)


POINT = ("x", "gradient", "step", "reach", "floor", "value", "promise")


def ascend(
    table: Table,
    start: FloatArray,
    *,
    exact: bool = False,
    tolerance: float = 1e-7,
    max_iterations: int = 60,
) -> Found:
    """Maximise the Nash product of the parties from one start a draw.

    Parameters
    ----------
    table : Table
        Without ratifiers.
    start : ndarray, (K, B)
    exact : bool
        Begin there, not just inside the lower bounds: who gains little may lose it there.
    tolerance : float
        On the residual, the log of the product that may be missing.
    max_iterations : int

    Returns
    -------
    Found
        Where the search did not converge, `gains` is -inf.
    """
    n_draws = start.shape[1]
    out = Found(
        start.copy(),
        np.full((table.n_parties, n_draws), -np.inf),
        np.zeros(n_draws, dtype=bool),
        np.full(n_draws, np.inf),
    )
    rows = np.arange(n_draws)
    for attempt in range(ATTEMPTS):
        some = rows if attempt else slice(None)
        part = table.take(some) if attempt else table
        begin = out.x[:, some] if exact else inside(part, out.x[:, some])
        x, ready = _search(part, begin, max_iterations)
        gains, residual = certificates(part, x)
        sure = ready & (residual <= tolerance)
        out.x[:, some] = x
        out.residual[some] = np.where(ready, residual, np.inf)
        out.gains[:, some] = np.where(sure, gains, -np.inf)
        out.converged[some] = sure
        rows = rows[ready & ~sure]
        if rows.size == 0:
            break
    return out


def _search(table: Table, start: FloatArray, max_iterations: int) -> tuple[FloatArray, BoolArray]:
    """Return where the search of each draw ended, and whether one last step led there."""
    end = start.copy()
    ready = np.zeros(start.shape[1], dtype=bool)

    def begin(part: Table, index: IndexArray) -> _State:
        n, b = part.n_parties, len(index)
        x = start[:, index]
        none = np.full(b, -np.inf)
        rows, one = np.zeros((n, b)), np.ones(b)
        no, age = np.zeros(b, dtype=bool), np.zeros(b, dtype=np.int64)
        empty = np.zeros_like(x)
        return _State(
            index, ~no, x, x, empty, empty, empty, rows, none, np.zeros(b), one, no, rows, empty,
            rows, age,
        )  # fmt: skip

    def advance(part: Table, state: _State) -> None:
        last, gone = _iterate(part, state)
        state.age += 1
        gone |= state.open_ & (state.age >= max_iterations)
        for who, point in ((last, state.trial), (gone, state.x)):
            rows = np.flatnonzero(who)
            end[:, state.index[rows]] = point[:, rows]
            state.open_[rows] = False
        ready[state.index[np.flatnonzero(last)]] = True

    exhaust(table, begin, advance)
    return end, ready


def _iterate(table: Table, state: _State) -> tuple[BoolArray, BoolArray]:
    """Judge the trial points and make new ones; return who is at its last, and who gave up."""
    trial = state.trial
    gains = table.evaluate(trial, 2)
    g = gains.value
    near = np.zeros(len(state.index), dtype=bool)
    if state.age[0] == 0:
        state.scale = moved(gains.gradient, table.width)
        state.floor, near = _first_floors(g, state.scale)
        state.mark = np.full_like(state.scale, np.inf)
        state.pivots = np.zeros_like(trial)
    value = extended_log(g, state.floor, table.weights)
    promise = state.length * state.promise
    noise = NOISE * dot(table.weights, state.scale / np.maximum(g, state.floor))
    accepted = value >= state.value + ARMIJO * promise - noise
    everybody: BoolArray = np.asarray((g > 0.0).all(axis=0))
    old = _State(
        state.index, state.open_, trial, state.x, state.gradient, state.step, state.reach,
        state.floor, state.value, state.promise, state.length, state.bent, state.scale,
        state.pivots, state.mark, state.age,
    )  # fmt: skip
    decrement, definite = _newton(table, state, gains, everybody, value)
    state.length = np.where(accepted, 1.0, old.length)
    state.bent = old.bent & ~accepted
    refused = np.flatnonzero(~accepted)
    if refused.size:
        rise = value[refused] - old.value[refused]
        restore(state, refused, old, POINT)
        _shorten(table, state, refused, rise, promise[refused])
    true = (g >= state.floor).all(axis=0)
    last = accepted & definite & true & (decrement <= READY) & state.open_
    loses = accepted & (decrement < NEAR) & ~everybody & state.open_
    gone = state.open_ & (near | (state.length < STALLED))
    if loses.any():
        gone |= _lower_floors(state, np.flatnonzero(loses))
    state.trial = _trial(table, state, old.x)
    return last, gone


def _shorten(
    table: Table, state: _State, rows: IndexArray, rise: FloatArray, promise: FloatArray
) -> None:
    """Shorten refused steps by interpolation; those too short turn into the gradient's."""
    with np.errstate(all="ignore"):
        factor = np.fmin(np.fmax(0.5 * promise / (promise - rise), 0.1), 0.5)
    fresh = ~np.isfinite(state.value[rows])  # nothing to go back to
    state.length[rows] *= np.where(fresh, 0.0, factor)
    tired = rows[(state.length[rows] < SHORT) & ~state.bent[rows] & ~fresh]
    if tired.size:
        # scaled issue by issue, it leads uphill along any path that bounds bend
        width = table.upper[:, tired] - table.lower[:, tired]
        uphill = state.gradient[:, tired]
        step = np.minimum(np.maximum(uphill * np.abs(state.reach[:, tired]), -width), width)
        state.step[:, tired], state.promise[tired] = step, dot(uphill, step)
        state.length[tired] = 1.0
        state.bent[tired] = True


def _lower_floors(state: _State, rows: IndexArray) -> BoolArray:
    """Lower the floors of draws that are best off where somebody loses; who gives up."""
    state.floor[:, rows] *= 0.1
    state.value[rows] = -np.inf
    hopeless = np.zeros(len(state.index), dtype=bool)
    spent = state.floor[:, rows] < LEAST_FLOOR * state.scale[:, rows]
    hopeless[rows] = spent.any(axis=0)
    return hopeless


def extended_log(gains: FloatArray, floor: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Phi, shape (B,): the true weighted log where gains exceed their floors."""
    e = np.maximum(gains, floor)
    total = np.log(e)
    if (gains < floor).any():
        short = (gains - e) / e
        total += short - 0.5 * short * short
    total *= weights
    value: FloatArray = total[0].copy()
    for row in total[1:]:
        value += row
    return value


def _first_floors(gains: FloatArray, scale: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return floors (N, B) to begin with, and who begins too close to disagreement.

    Where everybody gains already, floors are as far below the scales as the largest gain is:
    a search that begins near its maximum stays there. Where nobody has gained or lost much,
    a search for the product would first go astray: the max-min has to say where to begin.
    """
    unit = np.where(scale > 0.0, scale, 1.0)
    share = gains / unit
    everybody = (gains > 0.0).all(axis=0)
    largest = np.minimum(np.abs(share).max(axis=0), 1.0)
    near = ~everybody & (largest < CLOSE)
    return np.where(everybody, largest * unit, unit), near


def _renew_pivots(table: Table, state: _State, gradient: FloatArray, e: FloatArray) -> None:
    """Keep the least pivots a small share of the rank-N part, which moves with the gains."""
    stale = (STALE * e < state.mark) | (e > STALE * state.mark)
    rows = np.flatnonzero(stale.any(axis=0))
    if rows.size == 0:
        return
    unit = e.take(rows, axis=1)
    rank = gradient.take(rows, axis=2) / unit[:, None, :]
    pivots = FLAT * dot(table.weights.take(rows, axis=1)[:, None, :], rank * rank)
    largest = pivots.max(axis=0)
    tiny = 1e-8 * np.where(largest > 0.0, largest, 1.0)
    state.pivots[:, rows] = np.maximum(pivots, tiny)
    state.mark[:, rows] = unit


def _newton(
    table: Table, state: _State, gains: Gains, everybody: BoolArray, value: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Move the state to its trial points; return decrements and where the model is concave."""
    g, u, x = gains.value, gains.gradient, state.trial
    follow = np.maximum(0.5 * g, FALL * state.floor)
    floor = np.where(everybody, np.minimum(state.floor, follow), state.floor)
    e = np.maximum(g, floor)
    _renew_pivots(table, state, u, e)
    rhs = 2.0 * e - g
    inverse_b = e * e
    inverse_b /= table.weights
    a = rhs / inverse_b
    r = dot_rows(a, u)
    diagonal, off = weighted_hessian(gains.hessian, a, len(x))
    if gains.curvature is not None:
        inverse_b = 1.0 / (1.0 / inverse_b + a * gains.curvature)
        rhs = a * inverse_b
    free = np.where(r > 0.0, x < table.upper, x > table.lower)
    careful = (state.age < EARLY) | (state.length < 1.0)
    lowest, highest = r, r  # nobody asks, unless somebody is careful
    if careful.any():
        lowest, highest = table.lower - x, table.upper - x
    model = Quadratic(u, diagonal, off, state.pivots, table.blocks, free, lowest, highest)
    found = box_step(model, _Logs(inverse_b, rhs), careful)
    step, factor = found.move, found.factor
    if factor.flat is not None:
        rows = np.flatnonzero(factor.flat & found.definite & ~found.revised)
        step[:, rows] = _flat_step(factor.take(rows), u[..., rows], inverse_b[:, rows], r[:, rows])
    if (g < state.floor).any():
        value = extended_log(g, floor, table.weights)
    state.value = value
    state.x, state.gradient, state.step = x, r, step
    state.reach, state.floor = factor.inverse, floor
    state.promise = np.maximum(dot(r, step), 0.0)
    return np.sqrt(state.promise), found.definite


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
        system[p][p] += inverse_b[p]
    nu, _ = solve_small(system, np.stack([dot(w_p, r) for w_p in w]))
    return factor.solve(r) - dot_rows(nu, w)


def _trial(table: Table, state: _State, before: FloatArray) -> FloatArray:
    """Return the next trial points: along the step, inside the box.

    A power z^beta has infinite slope at 0: a step from z > 0 keeps a tenth of z, unless the
    gradient is so much larger than the curvature explains that the bound is where it leads.
    Where that was wrong, and the gradient at the bound points back inside, the search goes on
    at a tenth of what z was: from 0, steps grow too slowly.
    """
    whole = (state.length == 1.0).all()
    x: FloatArray = state.x + (state.step if whole else state.length * state.step)
    np.minimum(x, table.upper, out=x)
    low = x < table.lower
    at = np.flatnonzero(low)  # places in the flattened arrays: much faster than pairs
    if at.size:
        lower = table.lower.take(at)
        room = state.x.take(at) - lower
        reach = np.abs(state.gradient.take(at) * state.reach.take(at))
        np.put(x, at, lower + np.where(reach > 10.0 * room, 0.0, 0.1 * room))
    at = np.flatnonzero((state.x <= table.lower) & (state.gradient > 0.0))
    if at.size:
        lower = table.lower.take(at)
        np.put(x, at, np.maximum(x.take(at), lower + 0.1 * (before.take(at) - lower)))
    return x
