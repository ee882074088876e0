"""Search from many starts and keep the best answer: for payoffs with several local maxima."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sim.bargaining.audit import OBJECTIVES, STARTS
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import prepare
from sim.bargaining.problem import BoxProblem, IndexArray, Solution
from sim.errors import ProblemError

__all__ = ["multistart"]

BETTER = 1e-9


def multistart(problem: BoxProblem, solution: str = "nash", *, number: int = STARTS) -> Solution:
    """Solve from `problem.start` and from further starts, and keep the best answer of each draw.

    `sim.bargaining.solve` searches again only where its first answer fails its certificate, which
    is local where payoffs are not concave. This searches everywhere, at `number` times the cost.
    It may still miss the global maximum: no number of starts proves one.

    Parameters
    ----------
    problem : BoxProblem
    solution : {"nash", "kalai_smorodinsky", "egalitarian", "utilitarian"}
    number : int
        Further starts: the middle of the box, near its corners of all-low and all-high, two points
        between, then a Kronecker sequence; the same in every draw.

    Returns
    -------
    Solution
        `parameters["start"]`, (B,), says from which start the answer came; 0 is `problem.start`.
        A certified deal gives way only to one whose objective (the log product, the least share,
        the least gain, the sum) is larger by more than 1e-9, relatively.

    Raises
    ------
    ProblemError
        If the solution is unknown, or `number` is not positive.

    Examples
    --------
    >>> from sim.bargaining import from_functions, solve
    >>> def hills(x):
    ...     return np.exp(-60 * (x - 0.1) ** 2) + 2 * np.exp(-60 * (x - 0.9) ** 2)
    >>> players = {"A": hills, "B": hills}
    >>> problem = from_functions(players, {"x": (0, 1)}, disagreement=[0, 0], start=[0.1])
    >>> solve(problem).payoffs.round(6), multistart(problem).payoffs.round(6)
    (array([[1., 1.]]), array([[2., 2.]]))
    """
    if solution not in OBJECTIVES:
        raise ProblemError(f"solution: {solution!r}; known: {', '.join(OBJECTIVES)}")
    if number < 1:
        raise ProblemError("number must be at least 1")
    solver, objective = OBJECTIVES[solution]
    best = solver(problem)
    score = objective(problem, best)
    origin = np.zeros(problem.n_draws, dtype=np.intp)
    table, _ = prepare(problem)
    for n, start in enumerate(starts(table, number=number), start=1):
        again = solver(problem.starting_at(table.expand(start).T))
        other = objective(problem, again)
        # a log product is relative as it is
        scale = 1.0 if solution == "nash" else np.maximum(np.abs(score), 1e-300)
        certified = best.converged & best.agreement
        better = again.converged & again.agreement & (~certified | (other > score + BETTER * scale))
        better |= again.converged & ~best.converged & ~best.agreement
        rows = np.flatnonzero(better)
        best, score[rows], origin[rows] = _with(best, again, rows), other[rows], n
    return replace(best, parameters={**best.parameters, "start": origin})


def _with(solution: Solution, other: Solution, rows: IndexArray) -> Solution:
    """Return a solution with some draws from another one."""

    def mixed(mine: Any, theirs: Any) -> Any:
        if isinstance(mine, Mapping):
            return {key: mixed(value, theirs.get(key, value)) for key, value in mine.items()}
        if not isinstance(mine, np.ndarray) or mine.shape[:1] != solution.agreement.shape:
            return mine
        array = mine.copy()
        array[rows] = theirs[rows]
        return array

    names = ("payoffs", "outcome", "agreement", "converged", "residual", "parameters", "warm")
    return replace(
        solution, **{name: mixed(getattr(solution, name), getattr(other, name)) for name in names}
    )
