"""Constrained maxima over boxes, thousands at a time: stabilised sequential quadratics.

With gains gamma_r = (g_r - offset_r)/scale_r of M rows (parties, then ratifiers), solve per draw

    max  sum_r [linear_r gamma_r + log_r log gamma_r] + kappa min_{r in T} gamma_r
    s.t. gamma_r >= 0 for r in C,   lower <= x <= upper.

Every bargaining solution on a box is one of these or a sequence of them: the max-min (T =
everybody), ideal points (linear = one player, C = the others), utilitarian (linear = weights),
Kalai-Smorodinsky (scale = ideal gains), leximin (C = who is settled, T = the others), Nash
products under vetoes (log).

A step solves the quadratic model of the Lagrangian under the linearised rows. With y the
multipliers of the rows, A = -sum_r (F'_r + y_r) Hess gamma_r block-diagonal, U the gradients,
W = A^-1 U and G = U^T W, the step is W mu, and mu comes from an M x M system: for rows in force

    G mu + e - tau dt + eta (y+ - y) = 0,    y+ = mu + b q - F',    q = G mu,

for the others b q + mu = F' (b: curvature of log and risk aversion), and for the common level t
kappa - sum_T y+ = epsilon dt. The terms eta and epsilon are what an augmented Lagrangian adds
(Wright 1998; Hager 1999); they are tiny against G, so that convergence stays superlinear, and
keep the system solvable where the gradients in force are dependent. Rows enter and leave by a
primal-dual active set; their inertia tells whether the Lagrangian is concave where it must be.

A trial point is accepted if the exact penalty function rises as predicted, or else if the
residual of the Karush-Kuhn-Tucker conditions halves. That residual is

    sum_k [r_k]+ (upper_k - x_k) + [-r_k]+ (x_k - lower_k) + violation + complementarity,

r the gradient of the Lagrangian: for concave problems a bound on what any outcome could add.

References
----------
S. J. Wright, "Superlinear convergence of a stabilized SQP method to a degenerate solution",
Computational Optimization and Applications 11 (1998) 253-275.
W. W. Hager, "Stabilized sequential quadratic programming", ibid. 12 (1999) 253-273.
M. Hintermueller, K. Ito and K. Kunisch, "The primal-dual active set strategy as a semismooth
Newton method", SIAM Journal on Optimization 13 (2002) 865-888.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sim.bargaining.box.blocks import IntArray, dot, dot_rows, solve_small, weighted_hessian
from sim.bargaining.box.newton import NOISE, inside
from sim.bargaining.box.step import Quadratic, box_step
from sim.bargaining.box.table import Gains, Table
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["Programme", "Solved", "maximise"]

THETA = 1e-5  # eta and epsilon, relative to G
HUGE = 1e200
FLAT = 1e-6  # least pivot, relative to the squared gradients
FIRST_DAMPING = 1e-2
LEAST_DAMPING = 1e-5
COMPACT = 0.3


@dataclass(frozen=True, slots=True)
class Programme:
    """What to maximise over the rows of a table; every array is (M, B).

    Attributes
    ----------
    scale, offset : float
        gamma = (g - offset)/scale.
    level : bool
        Rows whose least gamma is maximised; kappa = 1 if there are any.
    bound : bool
        Rows with gamma >= 0.
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
        changes = {
            f.name: None if (a := getattr(self, f.name)) is None else a.take(rows, axis=1)
            for f in fields(self)
        }
        return replace(self, **changes)


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
class _Point:
    """An accepted point a draw and the step from there; draws last."""

    x: FloatArray  # (K, B)
    y: FloatArray  # (M, B)
    step: FloatArray  # (K, B)
    turn: FloatArray  # (M, B): y+ - y
    penalty: FloatArray  # (M, B)
    gamma: FloatArray  # (M, B)
    rise: FloatArray  # (B,) predicted
    merit: FloatArray  # (B,)
    residual: FloatArray  # (B,)
    damping: FloatArray  # (B,)

    def take(self, rows: IndexArray) -> _Point:
        return _Point(*(getattr(self, f.name).take(rows, axis=-1) for f in fields(self)))

    def restore(self, rows: IndexArray, old: _Point) -> None:
        for f in fields(self):
            getattr(self, f.name)[..., rows] = getattr(old, f.name)[..., rows]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a step at a point, and the multipliers it finds; all (M, B).

    Attributes
    ----------
    slack : gamma - tau t on the rows of T, gamma on the others of C
    y, slope, bend : multipliers so far, F' and b
    tau, bound : members of T and of C
    found : multipliers y+, written by `solve`
    """

    slack: FloatArray
    y: FloatArray
    slope: FloatArray
    bend: FloatArray
    tau: BoolArray
    bound: BoolArray
    found: FloatArray

    def take(self, rows: IndexArray) -> _Rows:
        """Restrict to some draws."""
        return _Rows(*(getattr(self, f.name).take(rows, axis=1) for f in fields(self)))

    def solve(
        self, g: list[list[FloatArray]], shift: FloatArray | None, rows: IndexArray | None
    ) -> tuple[FloatArray, IntArray | int]:
        """Return mu and the number of negative pivots; see `RowSystem`."""
        here = self if rows is None else self.take(rows)
        if shift is not None:
            here = replace(here, slack=here.slack + shift, slope=here.slope - here.bend * shift)
        mu, y, negative = here.active_set(g)
        self.found[:, slice(None) if rows is None else rows] = y
        return mu, negative

    def active_set(self, g: list[list[FloatArray]]) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return mu, the multipliers of the rows in force, and the negative pivots."""
        force = self.tau | (self.bound & (self.y > self.slack))
        mu, q, y, rise, negative = self.with_force(g, force)
        rows = np.arange(force.shape[1])
        part, some = self, g
        for _ in range(2 * len(force) + 2):
            room = part.slack + q[:, rows] - np.where(part.tau, rise[rows], 0.0)
            now = force[:, rows]
            then = np.where(now, y[:, rows] >= 0.0, (part.tau | part.bound) & (room < -1e-12))
            changed = np.flatnonzero((then != now).any(axis=0))
            if changed.size == 0:
                break
            rows = rows[changed]
            force[:, rows] = then[:, changed]
            part = part.take(changed)
            some = [[entry[changed] for entry in line] for line in some]
            found = part.with_force(some, force[:, rows])
            for array, piece in zip((mu, q, y, rise, negative), found, strict=True):
                array[..., rows] = piece
        return mu, np.maximum(y, 0.0), negative

    def with_force(
        self, g: list[list[FloatArray]], force: BoolArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray]:
        """Return mu, q, y+ (M, B), the rise of the level and the negative pivots (B,)."""
        m = len(g)
        size = np.stack([g[p][p] for p in range(m)])
        largest = np.where(force, np.abs(size), 0.0).max(axis=0)
        unit = np.minimum(np.maximum(largest, 1e-3), 1.0)
        eta = THETA * unit
        damped = force / (1.0 + eta * self.bend)
        common = np.where(self.tau, damped, 0.0)
        # kappa - sum_T y+ = epsilon dt, y+ = damped (mu + b (eta y - e + tau dt) - F')
        epsilon = THETA / unit + dot(common, self.bend)
        wanted = 1.0 + dot(common, self.bend * (self.slack - eta * self.y) + self.slope)
        rhs = damped * (eta * (self.y + self.slope) - self.slack) + common * (wanted / epsilon)
        loose = 1.0 / np.maximum(self.bend, 1.0 / HUGE)
        rhs = np.where(force, rhs, loose * self.slope)
        system = [[entry.copy() for entry in line] for line in g]
        for p in range(m):
            for o in range(p + 1):
                system[p][o] += common[p] * common[o] / epsilon
            system[p][p] += np.where(force[p], eta * damped[p], loose[p])
        mu, negative = solve_small(system, rhs)
        q = np.zeros_like(mu)
        for p in range(m):
            for o in range(m):
                q[p] += g[max(p, o)][min(p, o)] * mu[o]
        y = np.where(force, mu + self.bend * q - self.slope, 0.0)
        rise = (wanted - dot(common, mu)) / epsilon
        rise = np.where(self.tau.any(axis=0), rise, 0.0)
        return mu, q, y, rise, negative + np.zeros(len(rise), dtype=np.int64)


def maximise(
    table: Table,
    programme: Programme,
    start: FloatArray,
    multipliers: FloatArray,
    *,
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
    tolerance : float
        On the residual, in units of gamma.
    max_iterations : int

    Returns
    -------
    Solved
    """
    n_draws = start.shape[1]
    out = Solved(
        start.copy(),
        np.full(multipliers.shape, -np.inf),
        multipliers.copy(),
        np.full(n_draws, -np.inf),
        np.zeros(n_draws, dtype=bool),
        np.full(n_draws, np.inf),
        np.zeros(n_draws, dtype=bool),
    )
    index = np.arange(n_draws)
    open_ = np.ones(n_draws, dtype=bool)
    again = np.zeros(n_draws, dtype=bool)
    length = np.ones(n_draws)
    trial, y = inside(table, start), multipliers
    point: _Point | None = None
    metric = np.zeros(0)
    for iteration in range(max_iterations):
        gains = table.evaluate(trial, 2)
        if point is None:
            metric = _metric(programme, gains)
            point = _nowhere(trial, y)
        new, model, objective = _here(table, programme, gains, trial, y, point)
        new.damping = np.where(again, point.damping, 0.1 * point.damping)
        new.damping[new.damping < LEAST_DAMPING] = 0.0
        noise = NOISE * _loudness(programme, gains)
        accepted = new.merit >= point.merit + 1e-4 * length * point.rise - noise
        accepted |= new.residual <= 0.5 * point.residual
        if iteration == 0:
            accepted = np.isfinite(new.merit)
            length = np.where(accepted, 1.0, 0.0)
        definite, flat = _advance(table, programme, gains, new, model, metric)
        refused = np.flatnonzero(~accepted)
        length[accepted] = 1.0
        again[:] = False
        if refused.size:
            new.restore(refused, point)
            length[refused] *= 0.3
            tired = refused[(length[refused] < 0.05) & (length[refused] > 0.0)]
            # start again from the same point with a shorter, safer step
            new.damping[tired] = np.maximum(10.0 * new.damping[tired], FIRST_DAMPING)
            new.step[:, tired] = 0.0
            new.turn[:, tired] = 0.0
            new.merit[tired] = -np.inf
            again[tired] = True
            length[tired] = np.where(new.damping[tired] > 1e9, 0.0, 1.0)
        point = new
        good = accepted & open_ & definite & (point.residual <= tolerance)
        last = (iteration == max_iterations - 1) | (length == 0.0)
        good |= accepted & open_ & definite & last & (point.residual <= 100.0 * tolerance)
        leaving = np.flatnonzero(good | (open_ & last))
        if leaving.size:
            at = index[leaving]
            out.x[:, at] = point.x[:, leaving]
            out.gains[:, at] = (point.gamma * programme.scale + programme.offset)[:, leaving]
            out.multipliers[:, at] = point.y[:, leaving]
            out.value[at] = objective[leaving]
            out.converged[at] = good[leaving]
            out.residual[at] = point.residual[leaving]
            out.flat[at] = flat[leaving]
            open_[leaving] = False
        n_open = int(np.count_nonzero(open_))
        if n_open == 0:
            break
        if n_open < (1.0 - COMPACT) * len(index):
            keep = np.flatnonzero(open_)
            table, programme, point = table.take(keep), programme.take(keep), point.take(keep)
            metric, index = metric.take(keep, axis=1), index[keep]
            length, open_, again = length[keep], open_[keep], again[keep]
        trial = point.x + length * point.step
        np.minimum(np.maximum(trial, table.lower), table.upper, out=trial)
        y = point.y + length * point.turn
    return out


def _nowhere(x: FloatArray, y: FloatArray) -> _Point:
    """Return what any first point improves on."""
    none = np.full(x.shape[1], -np.inf)
    zero, flat = np.zeros_like(y), np.zeros_like(none)
    return _Point(x, y, np.zeros_like(x), zero, zero, zero, flat, none, -none, flat)


def _metric(programme: Programme, gains: Gains) -> FloatArray:
    """Return sum_r |grad gamma_r|^2 issue by issue, (K, B): the unit of curvature."""
    used = programme.level | programme.bound | (programme.linear != 0.0)
    if programme.log is not None:
        used |= programme.log != 0.0
    gradient = gains.gradient * (used / programme.scale)[:, None, :]
    metric = dot(gradient, gradient)
    least = 1e-12 * metric.max(axis=0)
    return np.maximum(metric, np.where(least > 0.0, least, 1.0))


def _loudness(programme: Programme, gains: Gains) -> FloatArray:
    """Return how loud the rounding of gains is in units of gamma, relative to NOISE."""
    return np.asarray((np.abs(gains.value / programme.scale) + 1.0).max(axis=0))


def _least(tau: BoolArray, gamma: FloatArray) -> FloatArray:
    """Return the least gamma of the rows in T, (B,); 0 if there are none."""
    least = np.where(tau, gamma, np.inf).min(axis=0)
    return np.where(tau.any(axis=0), least, 0.0)


def _here(
    table: Table,
    programme: Programme,
    gains: Gains,
    x: FloatArray,
    y: FloatArray,
    old: _Point,
) -> tuple[_Point, tuple[FloatArray, BoolArray, _Rows], FloatArray]:
    """Return the merit and the residual at a trial point, and its model without factors."""
    gamma = (gains.value - programme.offset) / programme.scale
    gradient = gains.gradient / programme.scale[:, None, :]
    tau = programme.level
    any_level = tau.any(axis=0)
    level = _least(tau, gamma)
    slack = np.where(tau, gamma - level, np.where(programme.bound, gamma, 0.0))
    slope, bend = programme.linear, np.zeros_like(gamma)
    objective = dot(programme.linear, gamma) + level
    if programme.log is not None:
        with np.errstate(all="ignore"):
            safe = np.where(programme.log > 0.0, gamma, 1.0)
            slope = slope + programme.log / safe
            bend = programme.log / (safe * safe)
            logs = np.where(safe > 0.0, np.log(np.abs(safe)), -np.inf)
            objective = objective + dot(programme.log, logs)
        good = np.isfinite(objective)
        if not good.all():
            slope, bend = np.where(good, slope, programme.linear), np.where(good, bend, 0.0)
    m = slope + y
    if gains.curvature is not None:
        bend = bend + m * gains.curvature * programme.scale
    short = np.where(programme.bound, np.minimum(gamma, 0.0), 0.0)
    merit = objective + dot(old.penalty, short)
    r = dot_rows(m, gradient)
    ahead = np.where(r > 0.0, table.upper - x, table.lower - x)
    ahead *= r
    gap = ahead[0].copy()
    for row in ahead[1:]:
        gap += row
    gap -= short.min(axis=0)
    gap += dot(y, np.abs(slack))
    gap += np.where(any_level, np.abs(1.0 - dot(y, tau)), 0.0)
    residual = np.where(np.isfinite(merit), gap, np.inf)
    merit = np.where(np.isfinite(merit), merit, -np.inf)
    free = np.where(r > 0.0, x < table.upper, x > table.lower)
    rows = _Rows(slack, y, slope, bend, tau, programme.bound, y.copy())
    zero = np.zeros_like(x)
    zero_y = np.zeros_like(y)
    point = _Point(x, y, zero, zero_y, old.penalty, gamma, gap, merit, residual, old.damping)
    return point, (gradient, free, rows), objective


def _advance(
    table: Table,
    programme: Programme,
    gains: Gains,
    point: _Point,
    model: tuple[FloatArray, BoolArray, _Rows],
    metric: FloatArray,
) -> tuple[BoolArray, BoolArray]:
    """Put the step into the point; return whether its model is concave, and flat somewhere."""
    gradient, free, rows = model
    weights = (rows.slope + rows.y) / programme.scale
    diagonal, off = weighted_hessian(gains.hessian, weights, len(point.x))
    damped = np.flatnonzero(point.damping > 0.0)
    if damped.size:
        diagonal[:, damped] += point.damping[damped] * metric[:, damped]
    quadratic = Quadratic(
        gradient,
        diagonal,
        off,
        FLAT * metric,
        table.blocks,
        free,
        table.lower - point.x,
        table.upper - point.x,
    )
    step = box_step(quadratic, rows)
    point.step = step.move
    point.turn = rows.found - point.y
    q = np.stack([dot(row, point.step) for row in gradient])
    ahead = point.gamma + q
    level = _least(rows.tau, ahead) - _least(rows.tau, point.gamma)
    penalty = np.maximum(point.penalty, 2.0 * rows.found)
    short = np.where(rows.bound, np.minimum(point.gamma, 0.0), 0.0)
    after = np.where(rows.bound, np.minimum(ahead, 0.0), 0.0)
    point.merit = point.merit + dot(penalty - point.penalty, short)
    point.penalty = penalty
    point.rise = dot(rows.slope, q) + level + dot(penalty, after - short)
    flat = np.zeros_like(step.definite) if step.factor.flat is None else step.factor.flat
    return step.definite, flat
