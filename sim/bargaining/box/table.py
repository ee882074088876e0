"""A `BoxProblem` as the batched solvers see it: rows of draws, free issues, gains.

Everything here has the draws last, so that each vector operation runs over them. Nothing
here, or in any solver, mixes draws: a draw's answer is bitwise the same whatever other draws
share its chunk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sim.bargaining.box.blocks import dot_rows
from sim.bargaining.problem import (
    BoolArray,
    BoxProblem,
    Entry,
    EvaluationLike,
    FloatArray,
    PayoffsLike,
    Rows,
)
from sim.errors import ProblemError

A = TypeVar("A", bound=NDArray[Any])

__all__ = ["Gains", "Table", "moved", "prepare"]


class Gains(NamedTuple):
    """Gains of parties and slacks of ratifiers, M rows, over K free issues and B draws."""

    value: FloatArray  # (M, B)
    gradient: FloatArray  # (M, K, B)
    hessian: tuple[Entry, ...]
    curvature: FloatArray | None  # (M, B)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Gains over the free issues of a table; parties first, then ratifiers.

    Attributes
    ----------
    payoffs : PayoffsLike
    ratifiers : PayoffsLike or None
    blocks : tuple of tuple of int
        Partition of the free issues.
    lower, upper : (K, B)
    reference : (M, B)
        Disagreement payoffs, then thresholds.
    weights : (N, B)
    member : (K_all,) or None
        The free issue that each issue follows, if there are ties.
    idle : (M, B) or None
        Who is indifferent to the outcome: its gain reads 1, with no gradient.
    money : (2, N, B) or None
        If gains are differences of certainty equivalents instead of utilities: what a unit
        of utility is worth at disagreement, and the certainty equivalent of d.
    total : (N, B) or None
        Coefficients of one more row below the others: a weighted sum of the parties' gains.
    """

    payoffs: PayoffsLike
    ratifiers: PayoffsLike | None
    blocks: tuple[tuple[int, ...], ...]
    lower: FloatArray
    upper: FloatArray
    reference: FloatArray
    weights: FloatArray
    member: tuple[int, ...] | None = None
    idle: BoolArray | None = None
    money: FloatArray | None = None
    total: FloatArray | None = None

    @property
    def n_parties(self) -> int:
        """Number of players with a weight."""
        return int(self.weights.shape[0])

    @property
    def width(self) -> FloatArray:
        """Ranges of the free issues, (K, B)."""
        return self.upper - self.lower

    def take(self, rows: Rows) -> Table:
        """Restrict to some draws."""

        def some(array: A) -> A:
            part = array[:, rows] if isinstance(rows, slice) else array.take(rows, axis=1)
            return cast(A, part)

        return replace(
            self,
            payoffs=self.payoffs.take(rows),
            ratifiers=None if self.ratifiers is None else self.ratifiers.take(rows),
            lower=some(self.lower),
            upper=some(self.upper),
            reference=some(self.reference),
            weights=some(self.weights),
            idle=None if self.idle is None else some(self.idle),
            money=None if self.money is None else self.money[..., rows],
            total=None if self.total is None else some(self.total),
        )

    def expand(self, x: FloatArray) -> FloatArray:
        """Return all issues (K_all, B) from the free ones (K, B)."""
        return x if self.member is None else x[list(self.member)]

    def evaluate(self, x: FloatArray, order: int = 2) -> Gains:
        """Return gains and derivatives at `x` (K, B)."""
        full = self.expand(x)
        found = _gains(self.payoffs.evaluate(full, order))
        if self.money is not None:
            found = _in_money(found, self)
        if self.ratifiers is not None:
            found = _stack(found, _gains(self.ratifiers.evaluate(full, order)))
        value = found.value - self.reference
        if self.idle is not None:
            value[self.idle] = 1.0
        found = found._replace(value=value)
        if self.total is not None:
            found = _stack(found, _summed(found, self.total))
        return found if self.member is None else _tied(found, self.member, len(x))

    def value(self, x: FloatArray) -> FloatArray:
        """Return gains (M, B) at `x` (K, B), those of idle rows too."""
        return replace(self, idle=None).evaluate(x, 0).value

    def utilities(self, x: FloatArray) -> FloatArray:
        """Return payoffs v of the parties (N, B) at `x` (K, B)."""
        return self.payoffs.evaluate(self.expand(x), 0).value

    def parties(self) -> Table:
        """Return the table without its ratifiers."""
        if self.ratifiers is None:
            return self
        n = self.n_parties
        idle = None if self.idle is None else self.idle[:n]
        return replace(self, ratifiers=None, reference=self.reference[:n], idle=idle)

    def scaled(self) -> tuple[Table, FloatArray]:
        """Find out how much of each gain the table moves, and who is indifferent to all of it.

        Returns
        -------
        table : Table
            Knowing who is idle.
        scale : ndarray, (M, B)
            Sum over the issues of |dg/dx| times the range, in the middle of the box, or else
            the largest near its corners; 1 for the idle.
        """
        middle = self.lower + 0.5 * self.width
        scale = moved(replace(self, idle=None).evaluate(middle, 1).gradient, self.width)
        still = np.flatnonzero(~(scale > 0.0).all(axis=0))
        if still.size == 0:
            return self, scale
        part = replace(self, idle=None).take(still)
        for level in (0.03, 0.97):
            x = part.lower + level * part.width
            there = moved(part.evaluate(x, 1).gradient, part.width)
            scale[:, still] = np.where(scale[:, still] > 0.0, scale[:, still], there)
        idle = ~(scale > 0.0)
        scale[idle] = 1.0
        return replace(self, idle=idle if idle.any() else None), scale


def moved(gradient: FloatArray, width: FloatArray) -> FloatArray:
    """Return sum_k |dg/dx_k| width_k, (M, B), from a gradient (M, K, B)."""
    moves = np.abs(gradient)
    moves *= width
    total = moves[:, 0].copy()
    for k in range(1, moves.shape[1]):
        total += moves[:, k]
    return total


def prepare(problem: BoxProblem, *, money: bool = False) -> tuple[Table, FloatArray]:
    """Turn a problem into a table and the start of the search.

    Parameters
    ----------
    problem : BoxProblem
    money : bool
        Measure gains in certainty equivalents.

    Returns
    -------
    table : Table
    start : ndarray, (K, B)
        In the free issues.

    Raises
    ------
    ProblemError
        If tied issues have ranges that do not meet.
    """
    lower, upper = (np.ascontiguousarray(bound.T) for bound in problem.bounds)
    start = np.ascontiguousarray(problem.starting_point.T)
    reference = np.ascontiguousarray(np.asarray(problem.disagreement).T)
    if problem.weights is None:
        weights = np.ones_like(reference)
    else:
        weights = np.ascontiguousarray(np.asarray(problem.weights).T)
    ratifiers = None
    if problem.ratifiers is not None:
        ratifiers = problem.ratifiers.payoffs
        shape = (problem.n_draws, len(ratifiers.players))
        thresholds = np.broadcast_to(np.asarray(problem.ratifiers.thresholds, float), shape)
        reference = np.concatenate([reference, thresholds.T])
    blocks = problem.payoffs.blocks
    if ratifiers is not None:
        blocks = _merge(problem.n_issues, blocks, ratifiers.blocks)
    member = None
    if problem.ties:
        groups = _merge(problem.n_issues, problem.ties)
        member = tuple(
            next(g for g, group in enumerate(groups) if k in group) for k in range(problem.n_issues)
        )
        lower = np.stack([lower[list(g)].max(axis=0) for g in groups])
        upper = np.stack([upper[list(g)].min(axis=0) for g in groups])
        if (lower > upper).any():
            raise ProblemError("tied issues must have ranges that meet")
        start = np.stack([start[g[0]] for g in groups])
        start = np.minimum(np.maximum(start, lower), upper)
        free = tuple(tuple(member[k] for k in block) for block in blocks)
        blocks = _merge(len(groups), free)
    blocks = tuple(tuple(sorted(block)) for block in blocks)
    worth = _worth(problem) if money else None
    table = Table(
        problem.payoffs, ratifiers, blocks, lower, upper, reference, weights, member, money=worth
    )
    return table, start


def _worth(problem: BoxProblem) -> FloatArray:
    """Return what a unit of utility is worth at d, and the certainty equivalent of d."""
    d = np.asarray(problem.disagreement)
    at = problem.payoffs.certainty_equivalent(d)
    step = 0.5 * np.maximum(1.0, np.abs(at))  # exact where utility is money up to its unit
    below = problem.payoffs.certainty_equivalent(d - step)
    return np.ascontiguousarray(np.stack([((at - below) / step).T, at.T]))


def _in_money(found: Gains, table: Table) -> Gains:
    """Turn utilities v = f(u) with their derivatives into reference + gains of money u.

    Hess v = f' Hess u + f'' grad u grad u^T = sum(entries) - c grad v grad v^T with
    c = -f''/f'^2, so that Hess u = sum(entries)/f'. Where nobody is risk averse f is linear;
    elsewhere 1/f' is the central difference of the certainty equivalent, whose relative error
    at a step of 1e-5/c is 1e-10/3 for any CARA utility.
    """
    assert table.money is not None
    slope, base = table.money
    n = table.n_parties
    d = table.reference[:n]
    c = found.curvature
    if c is None:
        value = slope * (found.value - d)
    else:

        def worth(v: FloatArray) -> FloatArray:
            return table.payoffs.certainty_equivalent(np.ascontiguousarray(v.T)).T

        v = found.value
        step = np.where(c > 0.0, 1e-5 / np.where(c > 0.0, c, 1.0), 1.0 + np.abs(v))
        slope = (worth(v + step) - worth(v - step)) / (2.0 * step)
        value = worth(v) - base
    return Gains(
        d + value,
        found.gradient * slope[:, None, :],
        tuple((p, i, j, slope[p] * h) for p, i, j, h in found.hessian),
        None,
    )


def _gains(e: EvaluationLike) -> Gains:
    return Gains(e.value, e.gradient, tuple(e.hessian), e.curvature)


def _stack(parties: Gains, ratifiers: Gains) -> Gains:
    """Put the ratifiers' rows below those of the parties."""
    n = len(parties.value)
    curvature = None
    if parties.curvature is not None or ratifiers.curvature is not None:
        curvature = np.concatenate(
            [
                np.zeros_like(e.value) if e.curvature is None else e.curvature
                for e in (parties, ratifiers)
            ]
        )
    return Gains(
        np.concatenate([parties.value, ratifiers.value]),
        np.concatenate([parties.gradient, ratifiers.gradient]),
        parties.hessian + tuple((n + p, i, j, h) for p, i, j, h in ratifiers.hessian),
        curvature,
    )


def _summed(found: Gains, weights: FloatArray) -> Gains:
    """Return the weighted sum of the first rows as one row."""
    n = len(weights)
    if found.curvature is not None:
        raise ProblemError("a sum of risk averse utilities has no single curvature")
    return Gains(
        dot_rows(weights, found.value[:, None, :]),
        dot_rows(weights, found.gradient)[None],
        tuple((0, i, j, weights[p] * h) for p, i, j, h in found.hessian if p < n),
        None,
    )


def _tied(found: Gains, member: tuple[int, ...], n_free: int) -> Gains:
    """Add up the derivatives of issues that are held equal."""
    if found.gradient.size == 0:
        return found
    gradient = np.zeros((len(found.value), n_free, found.value.shape[1]))
    for k, g in enumerate(member):
        gradient[:, g] += found.gradient[:, k]
    entries: list[Entry] = []
    for p, i, j, h in found.hessian:
        a, b = sorted((member[i], member[j]))
        # both triangles of an off-diagonal entry fall on the diagonal of a tied pair
        entries.append((p, a, b, 2.0 * h if a == b and i != j else h))
    return found._replace(gradient=gradient, hessian=tuple(entries))


def _merge(size: int, *partitions: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """Return the finest partition of range(size) that no given set crosses."""
    label = list(range(size))
    for partition in partitions:
        for block in partition:
            joined = {label[k] for k in block}
            label = [min(joined) if a in joined else a for a in label]
    return tuple(tuple(k for k in range(size) if label[k] == a) for a in sorted(set(label)))
