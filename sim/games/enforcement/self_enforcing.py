"""How deep a self-enforcing agreement can go, issue by issue and linked.

References
----------
Limão (2005), J. International Economics 67, 175-199; Bagwell and Staiger (1990), A Theory of
Managed Trade, American Economic Review 80, 779-795; Spagnolo (1999) on reallocating slack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, finite, within

__all__ = ["CooperationIssue", "DeepestAgreement", "deepest_agreement", "power_issue"]

_BISECTIONS = 80
_OUTER = 70
_TOLERANCE = 1e-9

Function = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class CooperationIssue:
    """One issue of a symmetric repeated game, x >= 0 the depth of cooperation.

    Parameters
    ----------
    benefit, benefit_slope : callable
        Per-period value over no cooperation, b(0) = 0, concave; and b'.
    gain, gain_slope : callable
        One-shot gain from deviating at depth x, g(0) = 0, convex; and g'.
    cap : float
        Full cooperation.
    """

    benefit: Function
    benefit_slope: Function
    gain: Function
    gain_slope: Function
    cap: float


def power_issue(
    *, benefit: float = 1.0, gain: float = 1.0, power: float = 2.0, cap: float = 1e6
) -> CooperationIssue:
    """Return the issue with b = benefit x and g = gain x^power.

    Raises
    ------
    GameError
        If a coefficient is not positive, the power below 1 or the cap not positive and finite.
    """
    for name, value in (("benefit", benefit), ("gain", gain), ("cap", cap)):
        within(name, value, 0.0, 1e300, open_low=True)
    within("power", power, 1.0, 1e3)
    return CooperationIssue(
        benefit=lambda x: benefit * x,
        benefit_slope=lambda x: np.full_like(x, benefit),
        gain=lambda x: np.asarray(gain * x**power),
        gain_slope=lambda x: np.asarray(gain * power * x ** (power - 1.0)),
        cap=cap,
    )


@dataclass(frozen=True, slots=True)
class DeepestAgreement:
    """The most valuable agreement that patience can hold up.

    Attributes
    ----------
    depth : ndarray, shape (B, K)
    value : ndarray, shape (B,)
        Sum of the benefits.
    slack : ndarray, shape (B, K) or (B,)
        delta/(1 - delta) b - g, issue by issue, or pooled: >= 0.
    multiplier : ndarray, shape (B,) or (B, K)
        Shadow value of a unit of slack; 0 where cooperation is full anyway.
    gap : ndarray, shape (B,)
        Duality gap: no agreement is worth more than value + gap.
    converged : ndarray of bool, shape (B,)
        gap <= 1e-9 of the value, constraints met.
    """

    depth: FloatArray
    value: FloatArray
    slack: FloatArray
    multiplier: FloatArray
    gap: FloatArray
    converged: BoolArray


def deepest_agreement(
    issues: Sequence[CooperationIssue], discount: npt.ArrayLike, *, linked: bool
) -> DeepestAgreement:
    """Maximise the benefits subject to incentive constraints, separate or pooled.

    max sum_k b_k(x_k) subject to g_k(x_k) <= rho b_k(x_k) for each k, or linked
    sum_k g_k <= rho sum_k b_k; rho = delta/(1 - delta), 0 <= x_k <= cap_k. A concave programme
    with a separable Lagrangian: x_k(mu) maximises (1 + mu rho) b_k - mu g_k, and mu is found by
    bisection. Linking reallocates slack: it never lowers the value, but where no issue has slack
    to spare it raises cooperation in one at the expense of the other.

    Parameters
    ----------
    issues : sequence of CooperationIssue
        K issues.
    discount : array_like, float or shape (B,)
        delta in [0, 1).
    linked : bool

    Returns
    -------
    DeepestAgreement

    Raises
    ------
    GameError
        If there is no issue, a discount factor is outside [0, 1), or an issue is not of the
        stated form (b(0) = g(0) = 0, b concave, g convex on a grid).

    References
    ----------
    Limão (2005), proposition 2.
    """
    delta = np.atleast_1d(within("discount", discount, 0.0, 1.0, open_high=True))
    if not issues or delta.ndim != 1:
        raise GameError("issues, discount: one issue or more, and a number or (B,), are allowed")
    for place, issue in enumerate(issues):
        _check(issue, place)
    rho = delta / (1.0 - delta)
    if linked:
        return _pooled(issues, rho)
    parts = [_pooled([issue], rho) for issue in issues]
    return DeepestAgreement(
        depth=np.concatenate([p.depth for p in parts], axis=1),
        value=np.sum([p.value for p in parts], axis=0),
        slack=np.stack([p.slack for p in parts], axis=1),
        multiplier=np.stack([p.multiplier for p in parts], axis=1),
        gap=np.sum([p.gap for p in parts], axis=0),
        converged=np.logical_and.reduce([p.converged for p in parts]),
    )


def _check(issue: CooperationIssue, place: int) -> None:
    within(f"issue {place}: cap", issue.cap, 0.0, 1e300, open_low=True)
    grid = issue.cap * np.linspace(0.0, 1.0, 41)
    b, g = finite("benefit", issue.benefit(grid)), finite("gain", issue.gain(grid))
    size = 1e-9 * (np.abs(b).max() + np.abs(g).max())
    if abs(b[0]) > size or abs(g[0]) > size:
        raise GameError(f"issue {place}: benefit and gain of 0 at depth 0 are allowed")
    if (np.diff(b, 2) > size).any() or (np.diff(g, 2) < -size).any():
        raise GameError(f"issue {place}: a concave benefit and a convex gain are allowed")


def _depths(
    issues: Sequence[CooperationIssue], multiplier: FloatArray, rho: FloatArray
) -> FloatArray:
    """Return x_k(mu) by bisecting (1 + mu rho) b' - mu g', (B, K)."""
    result = np.empty((len(rho), len(issues)))
    for k, issue in enumerate(issues):
        low, high = np.zeros(len(rho)), np.full(len(rho), issue.cap)
        for _ in range(_BISECTIONS):
            x = 0.5 * (low + high)
            slope = (1.0 + multiplier * rho) * issue.benefit_slope(x)
            rising = slope > multiplier * issue.gain_slope(x)
            low, high = np.where(rising, x, low), np.where(rising, high, x)
        result[:, k] = np.where(high >= issue.cap, issue.cap, low)
    return result


def _totals(issues: Sequence[CooperationIssue], x: FloatArray) -> tuple[FloatArray, FloatArray]:
    benefits = [issue.benefit(x[:, k]) for k, issue in enumerate(issues)]
    gains = [issue.gain(x[:, k]) for k, issue in enumerate(issues)]
    return np.sum(benefits, axis=0), np.sum(gains, axis=0)


def _pooled(issues: Sequence[CooperationIssue], rho: FloatArray) -> DeepestAgreement:
    """Bisect the multiplier in its logarithm; the feasible end is the answer."""
    low, high = np.full(len(rho), -40.0), np.full(len(rho), 40.0)
    full = _depths(issues, np.zeros(len(rho)), rho)
    benefit, gain = _totals(issues, full)
    free = gain <= rho * benefit
    for _ in range(_OUTER):
        middle = 0.5 * (low + high)
        benefit, gain = _totals(issues, _depths(issues, np.exp(middle), rho))
        broken = gain > rho * benefit
        low, high = np.where(broken, middle, low), np.where(broken, high, middle)
    multiplier = np.where(free, 0.0, np.exp(high))
    depth = np.where(free[:, None], full, _depths(issues, multiplier, rho))
    benefit, gain = _totals(issues, depth)
    slack = rho * benefit - gain
    # the Lagrangian at its maximiser bounds every feasible value from above
    gap = np.maximum(multiplier * slack, 0.0)
    return DeepestAgreement(
        depth=depth,
        value=benefit,
        slack=slack,
        multiplier=multiplier,
        gap=gap,
        converged=np.asarray(
            (gap <= _TOLERANCE * (1.0 + benefit)) & (slack >= -_TOLERANCE * (1.0 + gain))
        ),
    )
