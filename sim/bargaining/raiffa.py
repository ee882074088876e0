"""Raiffa's solutions of two-player problems: the disagreement point creeps to the frontier.

Discrete: d ← (d + ideal(d)) / 2, each player in turn having its best with equal chance.
Continuous: dd/dt = ideal(d) − d. Here ideal(d) = (largest u₁ with u₂ ≥ d₂, largest u₂ with
u₁ ≥ d₁). Both converge to an efficient point; each discrete step at least halves what is
left, on a convex set.

References
----------
Raiffa (1953), Arbitration schemes for generalized two-person games, Contributions to the
Theory of Games II, 361-387. Livne (1989), Axiomatic characterizations of the Raiffa and the
Kalai–Smorodinsky solutions, Operations Research 37:972-980.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.bargaining.polygon import across
from sim.bargaining.problem import FloatArray

__all__ = ["continuous_on_chain", "continuous_on_curve", "discrete", "discrete_on_chain"]

STEPS = 200
CLOSE = 1e-15
"""The discrete iteration stops when this share of the first ideal point is left."""
HORIZON = 45.0
"""Time by which what moves at rate 1 has moved to the last digit."""
SLOW = 1e-6
"""Below it ω is 0."""

Other = Callable[[FloatArray], FloatArray]


def discrete(height: Other, width: Other, start: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Iterate d ← (d + ideal(d)) / 2 until it stands on the frontier.

    Parameters
    ----------
    height, width : callable
        The most that player 2 can have at player 1's gains, and the reverse; arrays (B,).
    start : ndarray, shape (B, 2)
        Disagreement point.

    Returns
    -------
    point : ndarray, shape (B, 2)
    left : ndarray, shape (B,)
        Largest share of a player's first gain that is left at the point.
    """
    here = start
    whole: FloatArray | None = None
    left = np.ones(len(start))
    done = np.zeros(len(start), dtype=bool)
    for _ in range(STEPS):
        ideal = np.stack([width(here[:, 1]), height(here[:, 0])], axis=1)
        rest = np.maximum(ideal - here, 0.0)
        whole = np.where(rest > 0, rest, 1.0) if whole is None else whole
        now = (rest / whole).max(axis=1)
        # Who is done stays, however long the others take: no draw depends on its company.
        done |= (now <= CLOSE) | (now >= left) & (now < 1e-12)
        left = np.minimum(now, left)
        if done.all():
            break
        here = np.where(done[:, None], here, here + rest / 2.0)
    return here, left


def discrete_on_chain(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Iterate from 0 to a frontier with straight edges, all draws at once.

    Parameters
    ----------
    points : ndarray, shape (B, H, 2)
        Individually rational frontier in gains.

    Returns
    -------
    point : ndarray, shape (B, 2)
    left : ndarray, shape (B,)
        As in `discrete`.
    """
    return discrete(
        lambda u1: across(points, u1, player=0),
        lambda u2: across(points, u2, player=1),
        np.zeros((len(points), 2)),
    )


def continuous_on_chain(points: FloatArray) -> FloatArray:
    """Follow dd/dt = ideal(d) − d from 0 to a frontier with straight edges, exactly.

    While ideal₂ runs along one edge and ideal₁ along another the path solves a linear
    differential equation, in closed form; it ends when both stand on one edge, whose part
    between them the path then halves.

    Parameters
    ----------
    points : ndarray, shape (B, H, 2)
        Individually rational frontier in gains.

    Returns
    -------
    ndarray, shape (B, 2)
    """
    ends = []
    for chain in points:
        distinct = chain[np.append(True, np.diff(chain[:, 0]) > 0)]
        ends.append(_follow(_to_axes(distinct)) if len(distinct) > 1 else distinct[0])
    return np.array(ends)


def _to_axes(inner: FloatArray) -> FloatArray:
    """Add the flat and the steep end of a chain, where there is free disposal."""
    flat = np.array([[0.0, inner[0, 1]]]) if inner[0, 0] > 0 else np.zeros((0, 2))
    steep = np.array([[inner[-1, 0], 0.0]]) if inner[-1, 1] > 0 else np.zeros((0, 2))
    return np.concatenate([flat, inner, steep])


def _follow(chain: FloatArray) -> FloatArray:
    """Return the end of the path for one chain from axis to axis."""
    top, right = 0, len(chain) - 2  # the edges above and to the right of d
    here = np.zeros(2)
    while top < right:
        here, hit = _cross(here, chain[top : top + 2], chain[right : right + 2])
        if hit == 0:
            top += 1
        elif hit == 1:
            right -= 1
        else:
            return here
    start, end = chain[top], chain[top + 1]
    ideal = np.array([_line(here[1], start[::-1], end[::-1]), _line(here[0], start, end)])
    middle: FloatArray = (here + ideal) / 2.0
    return middle


def _line(at: float, start: FloatArray, end: FloatArray) -> float:
    """Return the second coordinate of the line through two points where the first is `at`."""
    run = end[0] - start[0]
    share = (at - start[0]) / run if run != 0 else 0.0
    return float(start[1] + share * (end[1] - start[1]))


def _cross(here: FloatArray, top: FloatArray, right: FloatArray) -> tuple[FloatArray, int]:
    """Move until d₁ passes the end of the edge above it, or d₂ that of the edge at its right.

    d₁′ = X(d₂) − d₁ and d₂′ = Y(d₁) − d₂ with X′ = −δ, Y′ = −β: the velocities are sums of
    e^(−(1−ω)t) and e^(−(1+ω)t), ω = √(βδ) < 1.

    Returns
    -------
    point : ndarray, shape (2,)
    hit : int
        0: the edge above is passed, 1: the edge at the right, 2: neither; the path ends at
        the vertex between them.
    """
    from scipy.optimize import brentq

    beta = -(top[1, 1] - top[0, 1]) / (top[1, 0] - top[0, 0])
    delta = -(right[1, 0] - right[0, 0]) / (right[1, 1] - right[0, 1])
    speed = np.array(
        [_line(here[1], right[0, ::-1], right[1, ::-1]), _line(here[0], top[0], top[1])]
    )
    speed = np.maximum(speed - here, 0.0)
    omega = float(np.sqrt(max(beta * delta, 0.0)))
    cross = np.array([delta * speed[1], beta * speed[0]])

    def moved(time: float) -> FloatArray:
        slow = -np.expm1(-(1.0 - omega) * time) / (1.0 - omega)
        fast = -np.expm1(-(1.0 + omega) * time) / (1.0 + omega)
        if omega > SLOW:
            mixed = (slow - fast) / (2.0 * omega)
        else:
            mixed = 1.0 - (1.0 + time) * np.exp(-time)
        even = (slow + fast) / 2.0
        place: FloatArray = here + even * speed - mixed * cross
        return place

    goals = (top[1, 0], right[0, 1])
    found = (HORIZON / (1.0 - omega), 2)
    for player, pull in enumerate(cross):
        # Beyond its end an edge no longer binds: the line may turn back there.
        peak = speed[player] / pull if pull > 0 else np.inf
        if omega > SLOW:
            peak = np.arctanh(omega * peak) / omega if omega * peak < 1 else np.inf
        last = min(found[0], float(peak))
        goal = goals[player]
        if here[player] >= goal:
            found = (0.0, player)
        elif moved(last)[player] > goal:
            time = float(brentq(lambda t: moved(t)[player] - goal, 0.0, last, xtol=1e-14))  # noqa: B023
            found = (time, player)
    point = moved(found[0])
    if found[1] < 2:
        point[found[1]] = goals[found[1]]
    return point, found[1]


def continuous_on_curve(
    height: Callable[[float], float], width: Callable[[float], float]
) -> tuple[FloatArray, float]:
    """Follow dd/dt = ideal(d) − d from 0 to a smooth frontier.

    Parameters
    ----------
    height, width : callable
        The most that player 2 can have at a gain of player 1, and the reverse.

    Returns
    -------
    point : ndarray, shape (2,)
    left : float
        Largest share of a player's first gain that is left at the point.
    """
    from scipy.integrate import solve_ivp

    whole = np.array([width(0.0), height(0.0)])

    def velocity(_: float, share: FloatArray) -> FloatArray:
        d1, d2 = share * whole
        rest: FloatArray = np.array([width(d2) - d1, height(d1) - d2]) / whole
        return rest

    path = solve_ivp(velocity, (0.0, HORIZON), np.zeros(2), method="DOP853", rtol=1e-12, atol=1e-14)
    end = path.y[:, -1]
    return end * whole, float(np.abs(velocity(0.0, end)).max())
