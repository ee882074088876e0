"""One door to every solution concept on every kind of bargaining set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from sim.bargaining.curve import CurveProblem, solve_curve
from sim.bargaining.egalitarian import egalitarian
from sim.bargaining.finite import KEYS, FiniteProblem, choose
from sim.bargaining.hull import solve_hull
from sim.bargaining.kalai_smorodinsky import kalai_smorodinsky
from sim.bargaining.nash import nash
from sim.bargaining.problem import BoxProblem, Solution
from sim.bargaining.stream import StreamProblem, solve_stream
from sim.bargaining.trace import solve_traced
from sim.bargaining.transferable import TransferableProblem, solve_transferable
from sim.bargaining.utilitarian import utilitarian
from sim.errors import ProblemError

__all__ = ["SOLUTIONS", "Problem", "solve"]

Problem = BoxProblem | FiniteProblem | StreamProblem | CurveProblem | TransferableProblem
Solver = Callable[[Any], Solution]

ANY_SET = tuple(KEYS)
CONVEX_SET = ("perles_maschler", "raiffa", "raiffa_continuous")


def _finite(problem: FiniteProblem, solution: str) -> Solution:
    if problem.lotteries:
        return solve_hull(problem, solution)
    _must_allow_lotteries(solution)
    return choose(problem, solution)


def _stream(problem: StreamProblem, solution: str) -> Solution:
    if not problem.lotteries:
        _must_allow_lotteries(solution)
    return solve_stream(problem, solution)


def _must_allow_lotteries(solution: str) -> None:
    if solution not in ANY_SET:
        raise ProblemError(
            f"{solution}: defined for convex sets; give lotteries=True, or one of "
            f"{', '.join(ANY_SET)}"
        )


def _named(solver: Callable[[Any, str], Solution], solution: str) -> Solver:
    return lambda problem: solver(problem, solution)


BOX: Mapping[str, Solver] = MappingProxyType(
    {
        "nash": nash,
        "kalai_smorodinsky": kalai_smorodinsky,
        "egalitarian": egalitarian,
        "utilitarian": utilitarian,
        "perles_maschler": partial(solve_traced, solution="perles_maschler"),
        "raiffa": partial(solve_traced, solution="raiffa"),
        "raiffa_continuous": partial(solve_traced, solution="raiffa_continuous"),
    }
)
"""Solution concept → the solver for tables with smooth payoffs on a box."""


def _table() -> dict[str, Mapping[type, Solver]]:
    kinds: dict[type, Callable[[Any, str], Solution]] = {
        FiniteProblem: _finite,
        StreamProblem: _stream,
        CurveProblem: solve_curve,
        TransferableProblem: solve_transferable,
    }
    return {
        name: MappingProxyType(
            {kind: _named(solver, name) for kind, solver in kinds.items()} | {BoxProblem: BOX[name]}
        )
        for name in (*ANY_SET, *CONVEX_SET)
    }


SOLUTIONS: Mapping[str, Mapping[type, Solver]] = MappingProxyType(_table())
"""Solution concept → kind of problem → the function that solves it."""


def solve(problem: Problem, solution: str = "nash") -> Solution:
    """Solve a bargaining problem.

    Parameters
    ----------
    problem : BoxProblem, FiniteProblem, StreamProblem, CurveProblem or TransferableProblem
        Outcomes in a box with smooth payoffs; a list of alternatives, or its convex hull;
        the same in chunks; two players on a curve u₂ = f(u₁); transferable utility.
    solution : str, default "nash"
        With gains g = u − d, weights w and ideal point I (each player's largest gain where
        nobody loses):

        - `nash`: max Π g_i^{w_i} (Nash 1950; weights: Harsanyi & Selten 1972);
        - `kalai_smorodinsky`: max min g_i / I_i, then leximin (Kalai & Smorodinsky 1975;
          leximin: Imai 1983);
        - `egalitarian`: max min g_i / w_i, then leximin (Kalai 1977);
        - `utilitarian`: max Σ w_i g_i with g ≥ 0, the Nash product among ties;
        - `perles_maschler`: equal ∫ √(−du₁ du₂) from both ends (Perles & Maschler 1981);
        - `raiffa`: d ← (d + ideal(d)) / 2, and `raiffa_continuous`: dd/dt = ideal(d) − d
          (Raiffa 1953). The last three are for two players and convex sets.

    Returns
    -------
    Solution
        Where no outcome gives every player a gain: `agreement` False, payoffs d.

    Raises
    ------
    ProblemError
        If the solution is unknown, or not defined for the problem.

    Examples
    --------
    >>> solve(FiniteProblem([[3, 1], [1, 3]], [0, 0], lotteries=True)).payoffs
    array([[2., 2.]])
    """
    if solution not in SOLUTIONS:
        raise ProblemError(f"solution: {solution!r}; known: {', '.join(SOLUTIONS)}")
    kinds = SOLUTIONS[solution]
    if type(problem) not in kinds:
        known = ", ".join(kind.__name__ for kind in kinds)
        raise ProblemError(f"problem: {type(problem).__name__}; {solution} is for {known}")
    return kinds[type(problem)](problem)
