"""Solve some draws again from many starts, to see how often there are several local maxima."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import prepare
from sim.bargaining.egalitarian import egalitarian
from sim.bargaining.kalai_smorodinsky import kalai_smorodinsky
from sim.bargaining.nash import nash
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray, IndexArray, Solution
from sim.bargaining.utilitarian import utilitarian
from sim.errors import ProblemError

__all__ = ["Audit", "audit"]

STARTS = 12
EVERY = 100
SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Audit:
    """What solving some draws again from many starts showed.

    Attributes
    ----------
    draws : ndarray of int, (n,)
        Which draws were solved again.
    several : ndarray of bool, (n,)
        Whether certified answers from different starts differ in their objective: there are
        several local maxima.
    regret : ndarray, (n,)
        By how much the best answer beats the one from `problem.start`, relatively; 0 if
        none does.
    missed : ndarray of bool, (n,)
        Whether some start found a deal and `problem.start` led to none, or the reverse.
    """

    draws: IndexArray
    several: BoolArray
    regret: FloatArray
    missed: BoolArray

    @property
    def rate(self) -> float:
        """Share of the draws with several local maxima."""
        return float(self.several.mean()) if self.several.size else 0.0

    @property
    def worst(self) -> float:
        """Largest regret."""
        return float(self.regret.max(initial=0.0))


def audit(
    problem: BoxProblem,
    solution: str = "nash",
    *,
    first: int = 0,
    every: int = EVERY,
    number: int = STARTS,
) -> Audit:
    """Solve every hundredth draw again from twelve starts.

    Payoffs need not be concave, so that a certified local maximum need not be the global one.
    Which draws are audited depends on their number in the whole sample only: pass as `first`
    the number of the problem's first draw, and chunks and workers do not matter.

    Parameters
    ----------
    problem : BoxProblem
    solution : {"nash", "kalai_smorodinsky", "egalitarian", "utilitarian"}
    first : int
        Number of the problem's first draw.
    every : int
        Draws whose number is a multiple of this are audited.
    number : int
        How many starts, `problem.start` not counted.

    Returns
    -------
    Audit

    Raises
    ------
    ProblemError
        If the solution is unknown, or a number is not positive.
    """
    if solution not in OBJECTIVES:
        raise ProblemError(f"solution: {solution!r}; known: {', '.join(OBJECTIVES)}")
    if every < 1 or number < 1:
        raise ProblemError("every and number must be at least 1")
    draws = np.arange(-first % every, problem.n_draws, every)
    part = problem.take(draws)
    solver, objective = OBJECTIVES[solution]
    given = solver(part)
    mine = objective(part, given)
    best, least = mine.copy(), mine.copy()
    missed = np.zeros(len(draws), dtype=bool)
    table, _ = prepare(part)
    for start in starts(table, number=number) if len(draws) else ():
        again = solver(part.starting_at(table.expand(start).T))
        score = objective(part, again)
        sure = again.converged & given.converged
        missed |= sure & (again.agreement != given.agreement)
        counts = sure & again.agreement & given.agreement
        best = np.where(counts, np.maximum(best, score), best)
        least = np.where(counts, np.minimum(least, score), least)
    # a log product is relative as it is
    scale = np.ones_like(best) if solution == "nash" else np.maximum(np.abs(best), 1e-300)
    regret = np.maximum(best - mine, 0.0) / scale
    return Audit(draws, (best - least) / scale > SAME, regret, missed)


def _log_product(problem: BoxProblem, found: Solution) -> FloatArray:
    weights = np.ones_like(found.payoffs) if problem.weights is None else problem.weights
    gains = np.where(
        found.agreement[:, None], found.payoffs - np.asarray(problem.disagreement), 1.0
    )
    return np.asarray((np.asarray(weights) * np.log(np.maximum(gains, 1e-300))).sum(axis=1))


def _reported(name: str) -> Callable[[BoxProblem, Solution], FloatArray]:
    return lambda problem, found: np.asarray(found.parameters[name])


OBJECTIVES: Mapping[
    str,
    tuple[Callable[[BoxProblem], Solution], Callable[[BoxProblem, Solution], FloatArray]],
] = MappingProxyType(
    {
        "nash": (nash, _log_product),
        "kalai_smorodinsky": (kalai_smorodinsky, _reported("share")),
        "egalitarian": (egalitarian, _reported("level")),
        "utilitarian": (utilitarian, _reported("total")),
    }
)
"""Solution concept → its solver and what it maximises, (B,)."""
