"""Constrained maxima over boxes, thousands at a time: stabilised sequential quadratics.

With gamma_r = (g_r - offset_r)/scale_r of M rows (parties, then ratifiers), solve per draw

    max  F(gamma) + min_{r in T} gamma_r,    F = sum_r linear_r gamma_r + log_r log gamma_r,
    s.t. gamma_r >= 0 for r in C,   lower <= x <= upper.

Every bargaining solution on a box is one of these or a sequence of them: the max-min (T =
everybody), ideal points (linear = one player, C = the others), utilitarian (linear = weights),
Kalai-Smorodinsky (scale = ideal gains), leximin (C = who is settled, T = the others), Nash
products under vetoes (log).

A step maximises the quadratic model of the Lagrangian under the linearised rows (`step`,
`rows`): with A = -sum_r (F'_r + y_r) Hess gamma_r block-diagonal and r the gradient of the
Lagrangian, it is A^-1 (r + U mu) for a mu from an M x M system, whose inertia tells whether the
Lagrangian is concave where it must be.

A trial point is accepted if the exact penalty function rises by a share of what the model
predicts, or else if the residual of the Karush-Kuhn-Tucker conditions halves; a draw whose trial
points keep being refused goes on with a damped model. The residual is

    sum_k [r_k]+ (upper_k - x_k) + [-r_k]+ (x_k - lower_k) + violation + complementarity,

r the gradient of the Lagrangian: for concave problems a bound on what any outcome could add;
the rounding of gains that are a tiny share of what the table moves is taken off.

References
----------
J. Nocedal and S. J. Wright, Numerical Optimization, 2nd ed., Springer (2006), ch. 18.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from sim.bargaining.box.blocks import IntArray, dot, dot_rows, weighted_hessian
from sim.bargaining.box.certificate import gap
from sim.bargaining.box.pool import Search, exhaust, restore
from sim.bargaining.box.rows import Rows
from sim.bargaining.box.starts import inside
from sim.bargaining.box.step import Quadratic, box_step
from sim.bargaining.box.table import Gains, Table, moved
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["Programme", "Solved", "maximise"]

FLAT = 1e-5  # least pivot, relative to the gradients over the ranges
ARMIJO = 1e-4
SHORTEN = 0.3
TIRED = 0.05  # step length at which a draw tries a damped model instead
DAMPING = (1e-5, 1e-2, 1e9)  # least, first, largest
LEAST_PENALTY = 0.1
ROUNDING = 2.0**-44  # of a gain, relative to how much of it the table moves
LOOSE = 100.0  # by how much a search that runs out of time may miss the tolerance


@dataclass(frozen=True, slots=True)
class Programme:
    """What to maximise over the rows of a table; every array is (M, B).

    Attributes
    ----------
    scale, offset : float
        gamma = (g - offset)/scale.
    level : bool
        Rows of T.
    bound : bool
        Rows of C.
    linear : float
        Coefficients of gamma.
    log : float or None
        Coefficients of log gamma; such rows must start positive.
    """

    scale: FloatArray
    offset: FloatArray
    level: BoolArray
    bound: BoolArray
    linear: FloatArray
    log: FloatArray | None = None

    def take(self, rows: IndexArray) -> Programme:
        """Restrict to some draws."""
        return Programme(
            self.scale.take(rows, axis=1),
            self.offset.take(rows, axis=1),
            self.level.take(rows, axis=1),
            self.bound.take(rows, axis=1),
            self.linear.take(rows, axis=1),
            None if self.log is None else self.log.take(rows, axis=1),
        )


@dataclass(frozen=True, slots=True)
class Solved:
    """Where the search ended, per draw.

    Attributes
    ----------
    x : (K, B)
    gains : (M, B)
    multipliers : (M, B)
    value : (B,)
        The objective.
    converged : (B,) bool
    residual : (B,)
        In units of gamma.
    flat : (B,) bool
        Whether some direction had no curvature: the maximiser may not be the only one.
    """

    x: FloatArray
    gains: FloatArray
    multipliers: FloatArray
    value: FloatArray
    converged: BoolArray
    residual: FloatArray
    flat: BoolArray


@dataclass(slots=True)
class _State(Search):
    """An accepted point a draw and the trial from there; draws last."""

    trial: FloatArray  # (K, B)
    trial_y: FloatArray  # (M, B)
    x: FloatArray  # (K, B)
    y: FloatArray  # (M, B) multipliers
    step: FloatArray  # (K, B)
    turn: FloatArray  # (M, B): y+ - y
    penalty: FloatArray  # (M, B)
    gamma: FloatArray  # (M, B)
    value: FloatArray  # (B,) objective
    merit: FloatArray  # (B,)
    rise: FloatArray  # (B,) of the merit, predicted
    residual: FloatArray  # (B,)
    damping: FloatArray  # (B,)
    definite: BoolArray  # (B,)
    flat: BoolArray  # (B,)
    length: FloatArray  # (B,) of the step to the trial
    again: BoolArray  # (B,) whether the trial is the point itself, to be damped
    metric: FloatArray  # (K, B) unit of curvature
    noise: FloatArray  # (B,) rounding of gamma
    age: IntArray  # (B,)
    scale: FloatArray  # (M, B), as in the programme, to the end
    offset: FloatArray
    level: BoolArray
    bound: BoolArray
    linear: FloatArray
    log: FloatArray


POINT = (
    "x", "y", "step", "turn", "penalty", "gamma", "value", "merit", "rise", "residual",
    "damping", "definite", "flat",
)  # fmt: skip


def maximise(
    table: Table,
    programme: Programme,
    start: FloatArray,
    multipliers: FloatArray,
    *,
    exact: bool = False,
    tolerance: float = 1e-9,
    max_iterations: int = 60,
) -> Solved:
    """Find a local maximum of a programme from one start a draw.

    Parameters
    ----------
    table : Table
    programme : Programme
    start : ndarray, (K, B)
        At which the rows with a log are positive.
    multipliers : ndarray, (M, B)
        First guess, not negative; of `level` rows they add up to 1.
    exact : bool
        Begin there, not just inside the lower bounds.
    tolerance : float
        On the residual, in units of gamma.
    max_iterations : int

    Returns
    -------
    Solved
    """
    n_draws = start.shape[1]
    none = np.full(n_draws, -np.inf)
    out = Solved(
        start.copy(),
        np.full(multipliers.shape, -np.inf),
        multipliers.copy(),
        none,
        np.zeros(n_draws, dtype=bool),
        -none,
        np.zeros(n_draws, dtype=bool),
    )
    has_log = programme.log is not None

    def begin(part: Table, index: IndexArray) -> _State:
        here = programme.take(index)
        x = start[:, index] if exact else inside(part, start[:, index])
        return _fresh(index, x, multipliers[:, index], here)

    def advance(part: Table, state: _State) -> None:
        _iterate(part, state, has_log=has_log)
        state.age += 1
        last = (state.age >= max_iterations) | (state.length == 0.0)
        ends = state.length >= 1.0  # the point itself was just accepted
        # one step at least: where a similar problem ended would often pass as it is
        sure = state.definite & ends & (state.age > 1)
        good = sure & (state.residual <= tolerance)
        good |= sure & last & (state.residual <= LOOSE * tolerance)
        _record(out, state, np.flatnonzero((good | last) & state.open_), good)

    exhaust(table, begin, advance)
    return out


def _fresh(index: IndexArray, x: FloatArray, y: FloatArray, programme: Programme) -> _State:
    """Return the state before the first evaluation, which any point improves on."""
    b = len(index)
    no, one, none = np.zeros(b, dtype=bool), np.ones(b), np.full(b, -np.inf)
    still, rows, zero = np.zeros_like(x), np.zeros_like(y), np.zeros(b)
    p = programme
    log = rows if p.log is None else p.log
    return _State(
        index, ~no, x, y, x, y, still, rows, rows, rows, none, none, zero, -none, zero, no, no,
        one, no, still, zero, np.zeros(b, dtype=np.int64), p.scale, p.offset, p.level, p.bound,
        p.linear, log,
    )  # fmt: skip


def _record(out: Solved, state: _State, rows: IndexArray, good: BoolArray) -> None:
    """Write down the answers of draws that are done, and close them."""
    if rows.size == 0:
        return
    at = state.index[rows]
    out.x[:, at] = state.x[:, rows]
    out.gains[:, at] = (state.gamma * state.scale + state.offset)[:, rows]
    out.multipliers[:, at] = state.y[:, rows]
    out.value[at] = state.value[rows]
    out.converged[at] = good[rows]
    out.residual[at] = state.residual[rows]
    out.flat[at] = state.flat[rows]
    state.open_[rows] = False


def _iterate(table: Table, state: _State, *, has_log: bool) -> None:
    """Judge the trial points, step on from those accepted, and make new ones."""
    gains = table.evaluate(state.trial, 2)
    if state.age[0] == 0:
        state.metric, state.noise = _units(table, state, gains)
    old = _State(*(getattr(state, f.name) for f in fields(state)))
    here = _look(table, state, gains, has_log=has_log)
    state.damping = np.where(old.again, old.damping, 0.1 * old.damping)
    state.damping[state.damping < DAMPING[0]] = 0.0
    noise = state.noise + 1e-12 * (np.abs(state.gamma).max(axis=0) + 1.0)
    accepted = state.merit >= old.merit + ARMIJO * old.length * old.rise - noise
    accepted |= state.residual <= 0.5 * old.residual
    accepted &= np.isfinite(state.merit)
    _advance(table, state, gains, here)
    refused = np.flatnonzero(~accepted)
    state.length = np.where(accepted, 1.0, old.length)
    state.again = np.zeros_like(old.again)
    if refused.size:
        restore(state, refused, old, POINT)
        _shorten(state, refused)
    trial = state.x + state.length * state.step
    np.minimum(trial, table.upper, out=trial)
    np.maximum(trial, table.lower, out=trial)
    # a step from a bound where a power has infinite slope is too short to get anywhere
    back = (state.x <= table.lower) & (state.step > 0.0) & (old.x > table.lower)
    if back.any():
        k, b = np.nonzero(back)
        lower = table.lower[k, b]
        trial[k, b] = np.maximum(trial[k, b], lower + 0.1 * (old.x[k, b] - lower))
    state.trial = trial
    state.trial_y = state.y + state.length * state.turn


def _shorten(state: _State, rows: IndexArray) -> None:
    """Shorten refused steps; those too short are made anew by a damped model."""
    first = ~np.isfinite(state.merit[rows]) & ~np.isfinite(state.residual[rows])
    state.length[rows] *= np.where(first, 0.0, SHORTEN)  # nothing to go back to
    tired = rows[(state.length[rows] < TIRED) & ~first]
    state.damping[tired] = np.maximum(10.0 * state.damping[tired], DAMPING[1])
    state.step[:, tired] = 0.0
    state.turn[:, tired] = 0.0
    state.merit[tired] = -np.inf
    state.again[tired] = True
    # an open draw with length 0.5 is not at its point: only 1 counts as accepted
    state.length[tired] = np.where(state.damping[tired] > DAMPING[2], 0.0, 0.5)


def _units(table: Table, state: _State, gains: Gains) -> tuple[FloatArray, FloatArray]:
    """Return the unit of curvature, sum_r |grad gamma_r|/width (K, B), and gamma's rounding."""
    used = state.level | state.bound | (state.linear != 0.0) | (state.log != 0.0)
    gradient = gains.gradient * (used / state.scale)[:, None, :]
    width = table.width
    metric = np.add.reduce(np.abs(gradient), axis=0) / np.where(width > 0.0, width, 1.0)
    least = 1e-12 * metric.max(axis=0)
    noise = ROUNDING * moved(gradient, table.width).max(axis=0)
    return np.maximum(metric, np.where(least > 0.0, least, 1.0)), noise


def _least(tau: BoolArray, gamma: FloatArray) -> FloatArray:
    """Return the least gamma of the rows in T, (B,); 0 if there are none."""
    if not tau.any():
        return np.zeros(gamma.shape[1])
    least = np.where(tau, gamma, np.inf).min(axis=0)
    return np.where(tau.any(axis=0), least, 0.0)


class _View(NamedTuple):
    """First derivatives at a point: of gamma (M, K, B), Lagrangian (K, B), F (M, B); its rows."""

    gradient: FloatArray
    r: FloatArray
    slope: FloatArray
    rows: Rows


def _look(table: Table, state: _State, gains: Gains, *, has_log: bool) -> _View:
    """Move the state to its trial points, and look at what is there."""
    x, y = state.trial, state.trial_y
    gamma = (gains.value - state.offset) / state.scale
    gradient = gains.gradient / state.scale[:, None, :]
    level = _least(state.level, gamma)
    slack = np.where(state.level, gamma - level, np.where(state.bound, gamma, 0.0))
    slope, bend = state.linear, np.zeros_like(gamma)
    objective = dot(state.linear, gamma) + level
    if has_log:
        slope, bend, objective = _logs(state.log, gamma, slope, objective)
    m = slope + y
    if gains.curvature is not None:
        bend = bend + m * gains.curvature * state.scale
    short = np.where(state.bound, np.minimum(gamma, 0.0), 0.0)
    merit = objective + dot(state.penalty, short)
    r = dot_rows(m, gradient)
    residual = gap(table, x, r) - short.min(axis=0) + dot(y, np.abs(slack))
    if state.level.any():
        missing = np.abs(1.0 - dot(y, state.level.astype(float)))
        residual += np.where(state.level.any(axis=0), missing, 0.0)
    fine = np.isfinite(merit)
    state.x, state.y, state.gamma, state.value = x, y, gamma, objective
    state.merit = np.where(fine, merit, -np.inf)
    residual = np.where(residual > state.noise, residual - state.noise, 0.0)
    state.residual = np.where(fine, residual, np.inf)
    still = np.zeros_like(bend)
    rows = Rows(slack, y, bend, state.level, state.bound, y.copy(), still)
    return _View(gradient, r, slope, rows)


def _logs(
    log: FloatArray, gamma: FloatArray, slope: FloatArray, objective: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Add the logs to the slopes and the objective; return slopes, bends, objective."""
    good = (gamma > 0.0) | (log == 0.0)
    safe = np.where((log > 0.0) & good, gamma, 1.0)
    total = objective + dot(log, np.log(safe))
    everywhere = good.all(axis=0)
    return (
        slope + np.where(everywhere, log / safe, 0.0),
        np.where(everywhere, log / (safe * safe), 0.0),
        np.where(everywhere, total, -np.inf),
    )


def _lowest(table: Table, x: FloatArray, r: FloatArray, diagonal: FloatArray) -> FloatArray:
    """Return how far down a step may go, (K, B): to the lower bound, or nearly.

    A power z^beta has infinite slope at 0, so that no model at z > 0 knows what is there: a
    tenth of z is kept, unless the gradient is so much larger than the curvature explains that
    the bound is where it leads.
    """
    room = x - table.lower
    leads = r < -10.0 * np.abs(diagonal) * room
    return np.asarray(np.where(leads, -room, -0.9 * room))


def _advance(table: Table, state: _State, gains: Gains, here: _View) -> None:
    """Put the next step into the state, with what it predicts."""
    gradient, r, slope, rows = here
    weights = (slope + rows.y) / state.scale
    diagonal, off = weighted_hessian(gains.hessian, weights, len(state.x))
    if (state.damping > 0.0).any():
        diagonal += state.damping * state.metric
    highest = table.upper - state.x
    free = np.where(r > 0.0, highest > 0.0, state.x > table.lower)
    lowest = _lowest(table, state.x, r, diagonal)
    floor = FLAT * state.metric
    model = Quadratic(gradient, diagonal, off, floor, table.blocks, free, lowest, highest, r)
    step = box_step(model, rows)
    state.step, state.definite = step.move, step.definite
    state.flat = np.zeros_like(step.definite) if step.factor.flat is None else step.factor.flat
    state.turn = rows.found - state.y
    q = np.stack([dot(row, step.move) for row in gradient])
    ahead = state.gamma + q
    level = _least(rows.tau, ahead) - _least(rows.tau, state.gamma)
    wanted = 2.0 * rows.found
    penalty = np.maximum(wanted, 0.5 * (state.penalty + wanted))  # Powell (1978)
    np.maximum(penalty, LEAST_PENALTY, out=penalty)
    short = np.where(rows.bound, np.minimum(state.gamma, 0.0), 0.0)
    after = np.where(rows.bound, np.minimum(ahead, 0.0), 0.0)
    state.merit = state.merit + dot(penalty - state.penalty, short)
    state.penalty = penalty
    state.rise = dot(slope, q) + level + dot(penalty, after - short)
