"""The rows of a constrained step: who is in force, and with which multiplier.

With y the multipliers so far, what the step adds to F' + y, mu, comes from an M x M system: for
rows in force

    q + e - tau dt + eta (y+ - y) = 0,    y+ = y + mu + b q,    q = G mu + shift,

for the others y+ = 0 (b: curvature of log and risk aversion; `shift`: what the gradient of the
Lagrangian and issues that go to their bounds do to the rows), and for the common level t of the
rows of T

    1 - sum_T y+ = epsilon dt.

The terms eta and epsilon are what an augmented Lagrangian adds (Wright 1998; Hager 1999): tiny
against G, so that convergence stays superlinear, they keep the system solvable where the
gradients in force are dependent. Rows enter and leave by a primal-dual active set.

References
----------
S. J. Wright, "Superlinear convergence of a stabilized SQP method to a degenerate solution",
Computational Optimization and Applications 11 (1998) 253-275.
W. W. Hager, "Stabilized sequential quadratic programming", ibid. 12 (1999) 253-273.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from sim.bargaining.box.blocks import IntArray, dot, solve_small
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["Rows"]

THETA = 1e-5  # eta and epsilon, relative to G
HUGE = 1e200
Gram = list[list[FloatArray]]


class _Solution(NamedTuple):
    """mu, G mu and y+ are (M, B), the others (B,)."""

    mu: FloatArray
    q: FloatArray
    y: FloatArray
    rise: FloatArray
    negative: IntArray


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows at a point, and the multipliers that a step gives them; all (M, B).

    Attributes
    ----------
    slack : float
        gamma - t on the rows of T, gamma on the others of C; in a system, with the shift.
    y, bend : float
        Multipliers so far, and b.
    tau, bound : bool
        Members of T and of C.
    found : float
        Multipliers y+, written by `solve`.
    turn : float
        b shift.
    """

    slack: FloatArray
    y: FloatArray
    bend: FloatArray
    tau: BoolArray
    bound: BoolArray
    found: FloatArray
    turn: FloatArray

    def take(self, rows: IndexArray) -> Rows:
        """Restrict to some draws."""
        return Rows(*(getattr(self, f.name).take(rows, axis=1) for f in fields(self)))

    def solve(
        self, g: Gram, shift: FloatArray | None, rows: IndexArray | None
    ) -> tuple[FloatArray, IntArray]:
        """Return mu and the number of negative pivots; see `RowSystem`."""
        here = self if rows is None else self.take(rows)
        if shift is not None:
            here = replace(here, slack=here.slack + shift, turn=here.bend * shift)
        found = here.active_set(g)
        self.found[:, slice(None) if rows is None else rows] = found.y
        return found.mu, found.negative

    def active_set(self, g: Gram) -> _Solution:
        """Return the solution with the rows in force that it asks for."""
        force = (self.tau & (self.y >= self.slack)) | (self.bound & (self.y > self.slack))
        found = self.with_force(g, force)
        rows = np.arange(force.shape[1])
        part, here, at = self, g, found
        for turn in range(3 * len(force)):
            room = part.slack + at.q
            room -= np.where(part.tau, at.rise, 0.0)
            now = force.take(rows, axis=1)
            wrong = np.where(now, -at.y, np.where(part.tau | part.bound, -room - 1e-12, -1.0))
            if turn > len(force):  # in circles: one at a time, the worst
                wrong = np.where(wrong == wrong.max(axis=0), wrong, -1.0)
            then = now ^ (wrong > 0.0)
            changed = np.flatnonzero((then != now).any(axis=0))
            if changed.size == 0:
                break
            rows = rows[changed]
            then = then.take(changed, axis=1)
            force[:, rows] = then
            part = part.take(changed)
            here = [[entry.take(changed) for entry in line] for line in here]
            at = part.with_force(here, then)
            for array, piece in zip(found, at, strict=True):
                array[..., rows] = piece
        np.maximum(found.y, 0.0, out=found.y)
        return found

    def with_force(self, g: Gram, force: BoolArray) -> _Solution:
        """Return the solution with given rows in force."""
        m, b = force.shape
        curved, levels = bool(self.bend.any()), bool(self.tau.any())
        unit = _unit(g, force)
        eta = THETA * unit
        slack, loose, y = self.slack, np.full((), HUGE), self.y
        share = force.astype(float)
        if curved:
            share = force / (1.0 + eta * self.bend)
            slack = slack + eta * self.turn
            loose = 1.0 / np.maximum(self.bend, 1.0 / HUGE)
            y = y + self.turn
        rhs = np.where(force, -share * slack, -loose * y)
        extra = np.where(force, eta * share, loose)
        system = [[g[p][o].copy() for o in range(p + 1)] for p in range(m)]
        if levels:
            common, wanted, epsilon = self._level(share, unit, curved=curved)
            rhs += common * (wanted / epsilon)
            for p in range(m):
                tied = common[p] / epsilon
                for o in range(p + 1):
                    system[p][o] += tied * common[o]
        for p in range(m):
            system[p][p] += extra[p]
        mu, negative = solve_small(system, rhs)
        q = _times(g, mu)
        y = y + mu
        if curved:
            y += self.bend * q
        y = np.where(force, y, 0.0)
        rise = np.zeros(b)
        if levels:
            rise = np.where(self.tau.any(axis=0), (wanted - dot(common, mu)) / epsilon, 0.0)
        return _Solution(mu, q, y, rise, negative + np.zeros(b, dtype=np.int64))

    def _level(
        self, share: FloatArray, unit: FloatArray, *, curved: bool
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what dt is made of: epsilon dt = wanted - common mu.

        1 - sum_T y+ = epsilon dt with y+ = y + share (mu + turn + b (tau dt - e)).
        """
        common = share * self.tau
        wanted = 1.0 - dot(np.where(common > 0.0, 1.0, 0.0), self.y)
        epsilon = THETA / unit
        if curved:
            epsilon = epsilon + dot(common, self.bend)
            wanted += dot(common, self.bend * self.slack - self.turn)
        return common, wanted, epsilon


def _unit(g: Gram, force: BoolArray) -> FloatArray:
    """Return the largest of G's diagonal in force, between 0.001 and 1, (B,)."""
    largest = np.zeros(force.shape[1])
    for p in range(len(force)):
        np.maximum(largest, np.abs(g[p][p]) * force[p], out=largest)
    return np.asarray(np.minimum(np.maximum(largest, 1e-3), 1.0))


def _times(g: Gram, mu: FloatArray) -> FloatArray:
    """Return G mu."""
    q = np.zeros_like(mu)
    for p in range(len(mu)):
        for o in range(p + 1):
            q[p] += g[p][o] * mu[o]
            if o < p:
                q[o] += g[p][o] * mu[p]
    return q
