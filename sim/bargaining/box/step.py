"""One Newton step inside a box: a quadratic model with bounds, solved by its active set.

The model has second derivative -(A + U diag(b) U^T), A block-diagonal, U the gradients of M
rows. Issues that are `free` solve it; the others go to a bound. From a guess of who is free,
issues that leave the box are sent to the bound they cross and the rest is solved again, knowing
of that move; issues at a bound at which the model's own gradient points inside are released
(the primal-dual active set of Hintermueller, Ito and Kunisch 2002). A step that is merely
clipped instead has the other issues make up for moves that never happen, and zigzags.

References
----------
M. Hintermueller, K. Ito and K. Kunisch, "The primal-dual active set strategy as a semismooth
Newton method", SIAM Journal on Optimization 13 (2002) 865-888.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from sim.bargaining.box.blocks import Factor, IntArray, Off, dot, dot_rows, factorise, gram
from sim.bargaining.problem import BoolArray, FloatArray, IndexArray

__all__ = ["Quadratic", "RowSystem", "Step", "box_step"]

PASSES = 4


class RowSystem(Protocol):
    """The M x M system of the rows: nonlinear outer functions, constraints, multipliers."""

    def solve(
        self, g: list[list[FloatArray]], shift: FloatArray | None, rows: IndexArray | None
    ) -> tuple[FloatArray, IntArray | int]:
        """Return mu (M, b) and negative pivots, where the rows change by G mu + shift."""


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A quadratic model at x over a box; draws last.

    Attributes
    ----------
    gradient : (M, K, B)
        U.
    diagonal : (K, B)
        Of A.
    off : dict (i, j), i < j -> (B,)
        Of A.
    floor : (K, B)
        Least pivots.
    blocks : tuple of tuple of int
    free : (K, B) bool
        Who is thought to move.
    lowest, highest : (K, B)
        Bounds of the step: lower - x and upper - x.
    slope : (K, B), or None
        What the rows' first derivatives add up to before the step, r; mu are then changes of
        what they count. Where A is next to nothing W mu would cancel, and A^-1 r + W mu with
        a small mu does not. None: mu is all that they count.
    """

    gradient: FloatArray
    diagonal: FloatArray
    off: Off
    floor: FloatArray
    blocks: tuple[tuple[int, ...], ...]
    free: BoolArray
    lowest: FloatArray
    highest: FloatArray
    slope: FloatArray | None = None

    def take(self, rows: IndexArray, free: BoolArray) -> Quadratic:
        """Restrict to some draws, with another guess."""
        return Quadratic(
            self.gradient.take(rows, axis=2),
            self.diagonal.take(rows, axis=1),
            {key: entry.take(rows) for key, entry in self.off.items()},
            self.floor.take(rows, axis=1),
            self.blocks,
            free,
            self.lowest.take(rows, axis=1),
            self.highest.take(rows, axis=1),
            None if self.slope is None else self.slope.take(rows, axis=1),
        )


class Step(NamedTuple):
    """The step of every draw.

    Attributes
    ----------
    move : (K, B)
    mu : (M, B)
        move = A^-1 (r + U mu) on the free issues.
    definite : (B,) bool
        Whether the model is concave on the free issues; if not, |A| stood in for A.
    revised : (B,) bool
        Whether the guess of who is free was changed.
    factor : Factor
        Of A on the issues that were free at first.
    """

    move: FloatArray
    mu: FloatArray
    definite: BoolArray
    revised: BoolArray
    factor: Factor


def box_step(model: Quadratic, system: RowSystem, careful: BoolArray | None = None) -> Step:
    """Return the step that maximises the model in the box, draw by draw.

    Parameters
    ----------
    model : Quadratic
    system : RowSystem
    careful : ndarray of bool, (B,), optional
        Whose active set is revised; the others stay with their guess.

    Returns
    -------
    Step
        After at most `PASSES` changes of the active set: then clip it.
    """
    step = _solve(model, system, None, None)
    rows: IndexArray | None = None
    part, move, mu = model, step.move, step.mu
    if careful is not None and not careful.all():
        rows = np.flatnonzero(careful)
        if rows.size == 0:
            return step
        part = model.take(rows, model.free.take(rows, axis=1))
        move, mu = move.take(rows, axis=1), mu.take(rows, axis=1)
    free = part.free
    for _ in range(PASSES):
        outside = free & ((move < part.lowest) | (move > part.highest))
        pull = dot_rows(mu, part.gradient)
        if part.slope is not None:
            pull += part.slope
        pull -= _times(part, move)
        release = ~free & np.where(pull > 0.0, move < part.highest, move > part.lowest)
        changed = outside | release
        again = np.flatnonzero(changed.any(axis=0))
        if again.size == 0:
            break
        rows = again if rows is None else rows[again]
        fixed = np.where(free, np.minimum(np.maximum(move, part.lowest), part.highest), move)
        free, fixed = (free ^ changed)[:, again], fixed[:, again]
        fixed[free] = 0.0
        part = part.take(again, free)
        found = _solve(part, system, fixed, rows)
        move, mu = found.move, found.mu
        step.move[:, rows], step.mu[:, rows], step.definite[rows] = move, mu, found.definite
        step.revised[rows] = True
    return step


def _times(model: Quadratic, move: FloatArray) -> FloatArray:
    """Return A move."""
    product = model.diagonal * move
    for (i, j), entry in model.off.items():
        product[i] += entry * move[j]
        product[j] += entry * move[i]
    return product


def _solve(
    model: Quadratic,
    system: RowSystem,
    fixed: FloatArray | None,
    rows: IndexArray | None,
) -> Step:
    """Solve for the free issues, the others moving by `fixed`."""
    factor = factorise(model.diagonal, model.off, model.free, model.floor, model.blocks)
    found = _solve_with(factor, model, system, fixed, rows)
    bad = np.flatnonzero(~found.definite)
    if bad.size:
        part = model.take(bad, model.free.take(bad, axis=1))
        safe = factor.take(bad).absolute()
        still = None if fixed is None else fixed.take(bad, axis=1)
        who = bad if rows is None else rows[bad]
        better = _solve_with(safe, part, system, still, who)
        found.move[:, bad], found.mu[:, bad] = better.move, better.mu
    return found


def _solve_with(
    factor: Factor,
    model: Quadratic,
    system: RowSystem,
    fixed: FloatArray | None,
    rows: IndexArray | None,
) -> Step:
    w = factor.solve(model.gradient)
    g = gram(model.gradient, w)
    base = None if model.slope is None else factor.solve(model.slope)
    if fixed is not None:
        led = fixed - factor.solve(_times(model, fixed)) if model.off else fixed
        base = led if base is None else base + led
    shift = None if base is None else np.stack([dot(row, base) for row in model.gradient])
    mu, negative = system.solve(g, shift, rows)
    move = dot_rows(mu, w)
    if base is not None:
        move += base
    indefinite = 0 if factor.negative is None else factor.negative
    definite = np.zeros(move.shape[1], dtype=bool) | (negative == indefinite)
    return Step(move, mu, definite, np.zeros(len(definite), dtype=bool), factor)
