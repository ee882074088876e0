"""Augmented Lagrangian and Karush-Kuhn-Tucker Newton steps behind `sim.games.box.maximise`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.bargaining.problem import EvaluationLike, PayoffsLike
from sim.games._arrays import BoolArray, FloatArray, IntArray

__all__ = ["ScaledProblem", "augmented_lagrangian", "kkt_residual", "polish"]

_OUTER = 25
_INNER = 60
_HALVINGS = 30
_POLISH = 12
_TIGHT = 1e-11
_HOPELESS = 1e-6
_PATIENCE = 8


@dataclass(slots=True)
class ScaledProblem:
    """The scaled problem of some draws: z in the unit box, utilities over `scale`."""

    payoffs: PayoffsLike
    player: int
    lower: FloatArray
    width: FloatArray
    floors: FloatArray
    scale: FloatArray

    def take(self, rows: IntArray) -> ScaledProblem:
        """Return the problem of some draws."""
        return ScaledProblem(
            self.payoffs.take(rows),
            self.player,
            self.lower[rows],
            self.width[rows],
            self.floors[rows],
            self.scale[rows],
        )

    def _evaluate(self, z: FloatArray, order: int) -> EvaluationLike:
        x = self.lower + z * self.width
        return self.payoffs.evaluate(np.ascontiguousarray(x.T), order)

    def value(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the scaled objective -u_i (B,) and the violations c_j - u_j (B, N)."""
        u = self._evaluate(z, 0).value.T
        return -u[:, self.player] / self.scale[:, self.player], (self.floors - u) / self.scale

    def slopes(self, z: FloatArray) -> FloatArray:
        """Return gradients of scaled utilities in z, (B, N, K)."""
        return self._slopes(self._evaluate(z, 1))

    def _slopes(self, found: EvaluationLike) -> FloatArray:
        g = found.gradient.transpose(2, 0, 1)
        return np.asarray(g * self.width[:, None, :] / self.scale[:, :, None])

    def everything(self, z: FloatArray) -> tuple[FloatArray, FloatArray, EvaluationLike]:
        """Return violations, slopes and what `bend` needs."""
        found = self._evaluate(z, 2)
        return (self.floors - found.value.T) / self.scale, self._slopes(found), found

    def bend(self, found: EvaluationLike, weights: FloatArray) -> FloatArray:
        """Return the Hessian (B, K, K) of -sum_j weight_j u_j in z, the own weight being 1."""
        own = weights.copy()
        own[:, self.player] = 1.0
        own /= self.scale
        b, k = self.lower.shape
        total = np.zeros((k, k, b))
        for p, i, j, h in found.hessian:
            total[i, j] -= own[:, p] * h
            if i != j:
                total[j, i] -= own[:, p] * h
        if found.curvature is not None:
            weight = own.T * found.curvature
            total += np.einsum("nb,nkb,nlb->klb", weight, found.gradient, found.gradient)
        return np.asarray(total.transpose(2, 0, 1) * self.width[:, :, None] * self.width[:, None])


def kkt_residual(
    problem: ScaledProblem, z: FloatArray, weights: FloatArray, violation: FloatArray
) -> FloatArray:
    """Return the largest of the projected gradient, violations and idle multipliers."""
    slope = _lagrange_gradient(problem, problem.slopes(z), weights)
    stationary = np.abs(z - np.clip(z - slope, 0.0, 1.0)).max(axis=1, initial=0.0)
    size = 1.0 + weights.max(axis=1, initial=0.0)
    broken = np.maximum(violation, 0.0).max(axis=1, initial=0.0)
    slack = weights * np.maximum(np.where(weights > 0.0, -violation, 0.0), 0.0)
    return np.asarray(np.maximum(stationary / size, broken) + slack.max(axis=1, initial=0.0))


def _lagrange_gradient(
    problem: ScaledProblem, slopes: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the gradient of -u_i - sum_j lambda_j u_j in z."""
    own = weights.copy()
    own[:, problem.player] = 1.0
    return -np.asarray(np.einsum("bn,bnk->bk", own, slopes))


def augmented_lagrangian(
    problem: ScaledProblem, z: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Run the augmented Lagrangian; draws whose polish succeeds leave the loop."""
    z, weights = z.copy(), weights.copy()
    penalty = np.full(len(z), 10.0)
    before = np.full(len(z), np.inf)
    hopeless = np.zeros(len(z), dtype=np.int64)
    live = np.arange(len(z))
    for _ in range(_OUTER):
        part = problem.take(live)
        point = _newton(part, z[live], weights[live], penalty[live])
        _, violation = part.value(point)
        multiplier = np.maximum(weights[live] + penalty[live, None] * violation, 0.0)
        size = np.abs(np.maximum(violation, -weights[live] / penalty[live, None]))
        worst = np.where(np.isfinite(part.floors), size, 0.0).max(axis=1, initial=0.0)
        stuck = worst > 0.25 * before[live]
        penalty[live] = np.where(stuck, np.minimum(penalty[live] * 5.0, 1e9), penalty[live])
        # floors that nothing reaches: the violation stays where it is under any penalty
        flat = (worst > 0.99 * before[live]) & (worst > _HOPELESS)
        hopeless[live] = np.where(flat, hopeless[live] + 1, 0)
        before[live] = worst
        sharp_z, sharp_weights, sharp = polish(part, point, multiplier)
        z[live] = np.where(sharp[:, None], sharp_z, point)
        weights[live] = np.where(sharp[:, None], sharp_weights, multiplier)
        floored = np.isfinite(part.floors).any(axis=1)
        live = live[~sharp & floored & (hopeless[live] < _PATIENCE)]
        if not len(live):
            break
    return z, weights


def _augmented(
    problem: ScaledProblem, z: FloatArray, weights: FloatArray, penalty: FloatArray
) -> FloatArray:
    """Return -u_i + sum_j max(0, lambda_j + rho r_j)^2 / (2 rho)."""
    cost, violation = problem.value(z)
    pressed = np.maximum(weights + penalty[:, None] * violation, 0.0)
    return np.asarray(cost + (pressed**2).sum(axis=1) / (2.0 * penalty))


def _newton(
    problem: ScaledProblem, z: FloatArray, weights: FloatArray, penalty: FloatArray
) -> FloatArray:
    """Minimise the augmented Lagrangian over the unit box by projected Newton steps."""
    z = z.copy()
    live = np.arange(len(z))
    for _ in range(_INNER):
        part = problem.take(live)
        point, rho, lam = z[live], penalty[live], weights[live]
        violation, slopes, found = part.everything(point)
        pressed = np.maximum(lam + rho[:, None] * violation, 0.0)
        gradient = _lagrange_gradient(part, slopes, pressed)
        blocked = ((point <= 0.0) & (gradient > 0.0)) | ((point >= 1.0) & (gradient < 0.0))
        hessian = part.bend(found, pressed)
        active = (pressed > 0.0) * rho[:, None]
        hessian += np.einsum("bn,bnk,bnl->bkl", active, slopes, slopes)
        step = _direction(hessian, gradient, ~blocked)
        moved, went = _line_search(part, point, (lam, rho), step, gradient)
        z[live] = moved
        live = live[went & (np.abs(moved - point).max(axis=1, initial=0.0) > 1e-10)]
        if not len(live):
            break
    return z


def _direction(hessian: FloatArray, gradient: FloatArray, free: BoolArray) -> FloatArray:
    """Return the Newton direction on the free issues, curvatures made positive."""
    hessian = hessian * (free[:, :, None] & free[:, None, :])
    values, vectors = np.linalg.eigh(_finite(hessian))
    top = np.abs(values).max(axis=1, initial=0.0)[:, None]
    bend = np.maximum(np.abs(values), 1e-8 * top + 1e-10)
    target = np.where(free, gradient, 0.0)
    inner = np.matmul(target[:, None, :], vectors)[:, 0] / bend
    step = -np.matmul(vectors, inner[:, :, None])[:, :, 0]
    longest = np.abs(step).max(axis=1, initial=0.0)[:, None]
    return np.asarray(np.where(free, step / np.maximum(longest / 2.0, 1.0), 0.0))


def _line_search(
    problem: ScaledProblem,
    z: FloatArray,
    multiplier: tuple[FloatArray, FloatArray],
    step: FloatArray,
    gradient: FloatArray,
) -> tuple[FloatArray, BoolArray]:
    """Backtrack along the projected path until Armijo's condition holds."""
    base = _augmented(problem, z, *multiplier)
    length = np.ones(len(z))
    result, went = z.copy(), np.zeros(len(z), dtype=bool)
    for _ in range(_HALVINGS):
        trial = np.clip(z + length[:, None] * step, 0.0, 1.0)
        value = _augmented(problem, trial, *multiplier)
        promise = np.minimum((gradient * (trial - z)).sum(axis=1), 0.0)
        good = ~went & (value <= base + 1e-4 * promise)
        result[good] = trial[good]
        went |= good
        if went.all():
            break
        length = np.where(went, length, 0.4 * length)
    return result, went


def polish(
    problem: ScaledProblem, z: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Solve the KKT equations of the active set by Newton; say where that is the answer."""
    b, k = z.shape
    slope = _lagrange_gradient(problem, problem.slopes(z), weights)
    fixed = ((z <= 1e-10) & (slope >= 0.0)) | ((z >= 1.0 - 1e-10) & (slope <= 0.0))
    bound = (weights > 1e-9) & np.isfinite(problem.floors)
    point, lam = np.where(fixed, np.round(z), z), np.where(bound, weights, 0.0)
    error = np.full(b, np.inf)
    for _ in range(_POLISH):
        violation, slopes, found = problem.everything(point)
        gradient = np.where(fixed, 0.0, _lagrange_gradient(problem, slopes, lam))
        gap = np.where(bound, violation, 0.0)
        error = np.maximum(
            np.abs(gradient).max(axis=1, initial=0.0), np.abs(gap).max(axis=1, initial=0.0)
        )
        if (error <= 1e-14).all():
            break
        step = _kkt_step(problem.bend(found, lam), slopes, gradient, gap, fixed, bound)
        new = point + step[:, :k]
        inside = np.isfinite(step).all(axis=1) & (np.abs(step[:, :k]).max(axis=1) < 0.5)
        new = np.where(inside[:, None], np.clip(new, -1e-9, 1.0 + 1e-9), point)
        point, lam = new, np.where(inside[:, None], lam + step[:, k:], lam)
        lam = np.where(bound, lam, 0.0)
    point = np.clip(point, 0.0, 1.0)
    _, violation = problem.value(point)
    size = 1.0 + np.abs(lam).max(axis=1, initial=0.0)
    sharp = (error <= _TIGHT * size) & (lam >= -1e-9).all(axis=1)
    lam = np.maximum(lam, 0.0)
    sharp &= kkt_residual(problem, point, lam, violation) <= 10.0 * _TIGHT
    sharp &= _curves_up(problem, point, lam, fixed, bound)
    keep = sharp[:, None]
    return np.where(keep, point, z), np.where(keep, lam, weights), sharp


def _curves_up(
    problem: ScaledProblem, z: FloatArray, lam: FloatArray, fixed: BoolArray, bound: BoolArray
) -> BoolArray:
    """Check the second-order condition: H + c J'J >= 0 on the free issues for a large c."""
    _, slopes, found = problem.everything(z)
    hessian = problem.bend(found, lam)
    active = slopes * bound[:, :, None]
    size = 1.0 + np.abs(hessian).max(axis=(1, 2), initial=0.0)
    hessian += 1e3 * size[:, None, None] * np.einsum("bnk,bnl->bkl", active, active)
    free = ~fixed
    curves = np.linalg.eigvalsh(_finite(hessian * (free[:, :, None] & free[:, None, :])))
    return np.asarray(curves[:, 0] >= -1e-7 * size)


def _finite(hessian: FloatArray) -> FloatArray:
    """Return 0 in a draw without payoffs here: NaN stops the eigenvalues of the whole batch."""
    return np.where(np.isfinite(hessian).all(axis=(1, 2), keepdims=True), hessian, 0.0)


def _kkt_step(
    hessian: FloatArray,
    slopes: FloatArray,
    gradient: FloatArray,
    gap: FloatArray,
    fixed: BoolArray,
    bound: BoolArray,
) -> FloatArray:
    """Solve the KKT system; fixed issues and slack floors have unit rows."""
    b, k = gradient.shape
    n = gap.shape[1]
    free = ~fixed
    matrix = np.zeros((b, k + n, k + n))
    matrix[:, :k, :k] = hessian * (free[:, :, None] & free[:, None, :])
    cross = slopes * (bound[:, :, None] & free[:, None, :])
    matrix[:, k:, :k] = -cross
    matrix[:, :k, k:] = -cross.transpose(0, 2, 1)
    tiny = 1e-14 * (1.0 + np.abs(hessian).max(axis=(1, 2), initial=0.0))[:, None]
    matrix[:, np.arange(k), np.arange(k)] += np.where(fixed, 1.0, tiny)
    places = k + np.arange(n)
    matrix[:, places, places] += np.where(bound, -1e-15, 1.0)
    right = -np.concatenate([gradient, gap], axis=1)
    try:
        return np.asarray(np.linalg.solve(matrix, right[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        return np.zeros((b, k + n))
