"""Try to break a solution concept: search for the smallest case that violates an axiom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from sim.bargaining import Solution, solve
from sim.bargaining.hull import MANY
from sim.errors import ProblemError
from sim.testing.axioms import AXIOMS, SATISFIES, Axiom
from sim.testing.transform import describe

__all__ = ["AxiomViolation", "check_axiom", "check_axioms", "check_product_dominance"]

EXAMPLES = 100
TWO_PLAYERS = frozenset(SATISFIES) - frozenset(MANY)
"""Solutions that are defined for two players only."""


class AxiomViolation(AssertionError):  # noqa: N818  (an assertion that fails, by its own name)
    """A solution concept violates an axiom at a case that is part of the message.

    Parameters
    ----------
    axiom : str
    case : object
        The smallest counterexample that was found.
    message : str
    """

    def __init__(self, axiom: str, case: object, message: str) -> None:
        self.axiom = axiom
        self.case = case
        super().__init__(message)


def check_axiom(
    solution: str | Callable[[Any], Solution],
    axiom: str,
    *,
    problems: st.SearchStrategy[Any] | None = None,
    examples: int = EXAMPLES,
    seed: int = 0,
) -> None:
    """Search for a case at which a solution concept violates an axiom.

    Parameters
    ----------
    solution : str or callable
        Name of a solution of `sim.bargaining`, or a function from a problem to a `Solution`.
    axiom : str
        One of `AXIOMS`.
    problems : strategy, optional
        Hypothesis strategy for problems, such as `sim.testing.hull_problems(players=(2, 2))`;
        by default the sets that the axiom speaks about, of two players where a named solution is
        defined for no more.
    examples : int
        How many cases are tried.
    seed : int
        The same seed tries the same cases.

    Raises
    ------
    AxiomViolation
        With the axiom's name and the smallest counterexample that was found.
    ProblemError
        If there is no such axiom.

    Examples
    --------
    >>> from sim.testing import hull_problems
    >>> check_axiom("nash", "scale_covariance", problems=hull_problems(players=(2, 2)))
    """
    if axiom not in AXIOMS:
        raise ProblemError(f"axiom: {', '.join(AXIOMS)} are allowed, got {axiom!r}")
    law = AXIOMS[axiom]
    chosen = (lambda problem: solve(problem, solution)) if isinstance(solution, str) else solution
    if problems is None:
        two = isinstance(solution, str) and solution in TWO_PLAYERS
        problems = law.problems.filter(_of_two) if two else law.problems
    cases = law.cases(problems)
    case = _find(cases, lambda case: _refuted(law, chosen, case) is not None, examples, seed)
    if case is not None:
        raise AxiomViolation(axiom, case[0], _message(law, chosen, case[0]))


def _of_two(problem: Any) -> bool:
    return bool(problem.n_players == 2)


def check_axioms(
    solution: str | Callable[[Any], Solution],
    axioms: Sequence[str],
    *,
    problems: st.SearchStrategy[Any] | None = None,
    examples: int = EXAMPLES,
    seed: int = 0,
) -> None:
    """Check several axioms, one after the other; see `check_axiom`.

    Examples
    --------
    >>> from sim.testing import hull_problems
    >>> two = hull_problems(players=(2, 2))
    >>> check_axioms("kalai_smorodinsky", ["pareto", "symmetry"], problems=two, examples=20)
    """
    for axiom in axioms:
        check_axiom(solution, axiom, problems=problems, examples=examples, seed=seed)


def check_product_dominance(
    tables: st.SearchStrategy[Any],
    *,
    solution: str | Callable[[Any], Solution] = "nash",
    examples: int = EXAMPLES,
    seed: int = 0,
) -> None:
    """Check that linking tables never lowers the product of gains; see `check_axiom`.

    Parameters
    ----------
    tables : strategy
        For the tables that are linked, two at a time.
    """
    check_axiom(solution, "product_dominance", problems=tables, examples=examples, seed=seed)


def _find(
    cases: st.SearchStrategy[Any], broken: Callable[[Any], bool], examples: int, seed: int
) -> tuple[Any] | None:
    """Return the smallest case for which `broken` is true, or None if none was met."""
    quiet = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        return (find(cases, broken, settings=quiet, random=Random(seed)),)
    except NoSuchExample:
        return None


class _NoPayoffs(Exception):  # noqa: N818  (caught where it is raised)
    """A solution gave what is no number to somebody."""


def _refuted(law: Axiom, solution: Callable[[Any], Solution], case: Any) -> str | None:
    """Return how a solution violates an axiom at a case: also by payoffs that are not finite."""

    def finite(problem: Any) -> Solution:
        answer = solution(problem)
        if not np.isfinite(answer.payoffs).all():
            raise _NoPayoffs(f"it gives {np.asarray(answer.payoffs)[0].tolist()}")
        return answer

    try:
        return law.refute(finite, case)
    except _NoPayoffs as found:
        return str(found)


def _message(law: Axiom, solution: Callable[[Any], Solution], case: Any) -> str:
    parts = case if isinstance(case, tuple) else (case,)
    shown = "\n  ".join(describe(part) for part in parts)
    return (
        f"{law.name} is violated ({law.statement}; {law.reference}):\n"
        f"{_refuted(law, solution, case)}\nsmallest counterexample:\n  {shown}"
    )
