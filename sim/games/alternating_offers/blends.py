"""Tables whose payoffs are an average of several: a deal that a later event may revalue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.bargaining.problem import Entry, EvaluationLike, PayoffsLike, Rows
from sim.errors import GameError
from sim.games._arrays import FloatArray
from sim.games.alternating_offers.tables import Issues, Menu, Pie, Table

__all__ = ["Blend", "blend_tables"]


@dataclass(frozen=True, slots=True)
class _Evaluation:
    value: FloatArray
    gradient: FloatArray
    hessian: tuple[Entry, ...]
    curvature: FloatArray | None


@dataclass(frozen=True, slots=True)
class Blend:
    """Payoffs sum_m w_m,i u_m,i(x), over the same players and issues.

    Attributes
    ----------
    parts : tuple of PayoffsLike
    weights : tuple of ndarray, shape (N, B)
    """

    parts: tuple[PayoffsLike, ...]
    weights: tuple[FloatArray, ...]

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the players."""
        return self.parts[0].players

    @property
    def issues(self) -> tuple[str, ...]:
        """Names of the issues."""
        return self.parts[0].issues

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """One block: the parts may couple different issues."""
        return (tuple(range(len(self.issues))),)

    @property
    def n_draws(self) -> int:
        """B."""
        return self.parts[0].n_draws

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> EvaluationLike:
        """Return the weighted sum of the parts with its derivatives."""
        found = [part.evaluate(x_rows, order) for part in self.parts]
        value = sum(w * f.value for w, f in zip(self.weights, found, strict=True))
        gradient = sum(w[:, None] * f.gradient for w, f in zip(self.weights, found, strict=True))
        entries: list[Entry] = []
        if order >= 2:
            for w, f in zip(self.weights, found, strict=True):
                entries += [(p, i, j, w[p] * h) for p, i, j, h in f.hessian]
                if f.curvature is not None:
                    entries += _outer(-w * f.curvature, f.gradient)
        return _Evaluation(np.asarray(value), np.asarray(gradient), tuple(entries), None)

    def take(self, rows: Rows) -> Blend:
        """Return the blend of some draws."""
        parts = tuple(part.take(rows) for part in self.parts)
        return Blend(parts, tuple(w[:, rows] for w in self.weights))

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        """Refuse: utilities averaged over events are worth no amount of money by themselves."""
        raise GameError("a blend of payoffs has no certainty equivalent; ask its parts")


def _outer(factor: FloatArray, gradient: FloatArray) -> list[Entry]:
    """Return factor_p g_p g_p^T as entries."""
    n, k, _ = gradient.shape
    return [
        (p, i, j, factor[p] * gradient[p, i] * gradient[p, j])
        for p in range(n)
        for i in range(k)
        for j in range(i, k)
    ]


def blend_tables(tables: Sequence[Table], weights: Sequence[FloatArray]) -> Table:
    """Return the table with payoffs sum_m w_m u_m, weights (B, N) that add to one.

    What can be agreed on is what the first table allows; equal tables are merged.

    Raises
    ------
    GameError
        If the tables are of different kinds.
    """
    merged: list[tuple[Table, FloatArray]] = []
    for table, weight in zip(tables, weights, strict=True):
        for place, (known, total) in enumerate(merged):
            if known is table:
                merged[place] = (known, total + weight)
                break
        else:
            merged.append((table, weight))
    first = merged[0][0]
    if len(merged) == 1:
        return first
    kinds = [t for t, _ in merged]
    if isinstance(first, Pie) and all(isinstance(t, Pie) for t in kinds):
        base = sum(w * np.asarray(t.base) for t, w in merged if isinstance(t, Pie))
        return Pie(first.size, first.n_players, np.asarray(base))
    if isinstance(first, Menu) and all(isinstance(t, Menu) for t in kinds):
        return Menu(np.asarray(sum(w[:, None] * t.array for t, w in merged if isinstance(t, Menu))))
    if isinstance(first, Issues) and all(isinstance(t, Issues) for t in kinds):
        parts = tuple(t.payoffs for t in kinds if isinstance(t, Issues))
        rows = tuple(np.ascontiguousarray(np.asarray(w).T) for _, w in merged)
        return Issues(Blend(parts, rows), first.lower, first.upper, first.starts)
    raise GameError("stage: tables of one kind (all pies, all menus or all issues) are allowed")
