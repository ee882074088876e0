"""Alternatives that do not fit in memory: solved chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from sim.bargaining import polygon
from sim.bargaining.finite import (
    KEYS,
    FiniteProblem,
    Stakes,
    as_finite,
    best,
    off_ray,
    parties,
    scales,
    slack_of,
)
from sim.bargaining.hull import solve_hull, undominated
from sim.bargaining.polygon import IntArray, pareto_chain
from sim.bargaining.problem import FloatArray, Solution
from sim.errors import ProblemError

__all__ = ["StreamProblem", "efficient", "solve_stream"]


@dataclass(frozen=True, eq=False)
class StreamProblem:
    """A finite bargaining problem whose alternatives come in chunks.

    Parameters
    ----------
    chunks : callable
        Called without arguments it starts over and yields arrays of shape (m, N), the
        utilities of the next m alternatives. It is called up to three times (scale, ideal
        point, solution) and must yield the same.
    disagreement : array_like, shape (N,)
    lotteries : bool, default False
        With lotteries the efficient alternatives only are held in memory (two players: the
        vertices of the frontier).
    weights : array_like, shape (N,), optional

    Raises
    ------
    ProblemError
        Wrong shapes, NaN, weights that are not positive.

    Examples
    --------
    >>> problem = StreamProblem(lambda: iter([[[0, 0], [3, 1]], [[1, 3]]]), [0, 0])
    >>> solve_stream(problem, "nash").parameters["maximisers"]
    array([2])
    """

    chunks: Callable[[], Iterable[FloatArray]]
    disagreement: FloatArray
    lotteries: bool = False
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        first = np.atleast_2d(as_finite(self.disagreement, "disagreement", (1,)))
        disagreement, weights = parties(first, self.weights, first.shape[1])
        object.__setattr__(self, "disagreement", disagreement)
        object.__setattr__(self, "weights", weights)

    @property
    def n_draws(self) -> int:
        """Number of draws, 1."""
        return 1

    @property
    def n_players(self) -> int:
        """Number of players N."""
        return int(self.disagreement.shape[1])

    def __iter__(self) -> Iterator[FloatArray]:
        """Yield the chunks, checked, shape (m, N)."""
        for chunk in self.chunks():
            utilities = as_finite(chunk, "chunk", (2,))
            if utilities.shape[1] != self.n_players:
                raise ProblemError(
                    f"chunk: {utilities.shape[1]} utilities an alternative for "
                    f"{self.n_players} players"
                )
            if len(utilities):
                yield utilities


def solve_stream(problem: StreamProblem, solution: str) -> Solution:
    """Return the best alternative, or lottery, of a stream of alternatives.

    Two passes find each player's scale and ideal point, a third one the best alternatives;
    what is held is one chunk and the maximisers.

    Parameters
    ----------
    problem : StreamProblem
    solution : str
        As in `sim.bargaining.finite.choose`; with lotteries as in
        `sim.bargaining.hull.solve_hull`.

    Returns
    -------
    Solution
        Of one draw. Without lotteries `outcome` is the index of the alternative, −1 without
        agreement, and `parameters["ties"]` the indices of all maximisers. With lotteries
        `outcome` holds the probabilities of `parameters["alternatives"]`, their indices.
    """
    if problem.lotteries:
        return _solve_lotteries(problem, solution)
    at = _survey(problem)
    weights = cast(FloatArray, problem.weights)
    slack = slack_of(solution, at, weights)
    kept = np.zeros((1, 0, problem.n_players))
    index = np.zeros(0, dtype=np.intp)
    seen = 0
    for chunk in problem:
        gains = np.concatenate([kept, (chunk - problem.disagreement)[None]], axis=1)
        allowed = np.all(gains >= -at.tolerance[:, None], axis=2) & at.agreement
        if allowed.any():
            top = best(KEYS[solution](gains, weights, at), allowed, slack=slack)[0]
            index = np.concatenate([index, seen + np.arange(len(chunk))])[top]
            kept = gains[:, top]
        seen += len(chunk)
    gains = kept[:, 0] if at.agreement[0] else np.zeros((1, problem.n_players))
    parameters: dict[str, object] = {
        "ties": index,
        "maximisers": np.array([len(index)]),
        "ideal": at.ideal,
    }
    if solution == "kalai_smorodinsky":
        parameters["distance"] = off_ray(gains, at)
    outcome = np.array([[float(index[0]) if len(index) else -1.0]])
    return Solution(
        problem.disagreement + gains,
        outcome,
        at.agreement,
        np.array([True]),
        np.zeros(1),
        solution,
        parameters,
    )


def _survey(problem: StreamProblem) -> Stakes:
    """Return scale, ideal point and agreement from one pass over the alternatives."""
    n_players = problem.n_players
    reach, size = np.zeros(n_players), np.abs(problem.disagreement[0])
    for chunk in problem:
        reach = np.maximum(reach, np.abs(chunk - problem.disagreement).max(axis=0))
        size = np.maximum(size, np.abs(chunk).max(axis=0))
    scale, tolerance, active = scales(reach, size)
    ideal, mutual = np.zeros(n_players), False
    for chunk in problem:
        gains = chunk - problem.disagreement
        rational = np.all(gains >= -tolerance, axis=1)
        ideal = np.maximum(ideal, np.where(rational[:, None], gains, 0.0).max(axis=0))
        mutual |= bool(np.any(np.all((gains > tolerance) | ~active, axis=1)))
    agreement = np.array([mutual and bool(active.any())])
    return Stakes(scale[None], tolerance[None], ideal[None], active[None], agreement)


def _solve_lotteries(problem: StreamProblem, solution: str) -> Solution:
    """Keep what may be efficient, then solve its hull."""
    kept, index = efficient(problem)
    found = solve_hull(kept, solution)
    return replace(found, parameters={**found.parameters, "alternatives": index})


def efficient(problem: StreamProblem) -> tuple[FiniteProblem, IntArray]:
    """Return the alternatives that may be efficient, and their places in the stream.

    Parameters
    ----------
    problem : StreamProblem

    Returns
    -------
    problem : FiniteProblem
        The undominated alternatives; with lotteries and two players the vertices of the
        frontier.
    index : ndarray of int

    Raises
    ------
    ProblemError
        If the stream is empty.
    """
    reduce = undominated
    if problem.n_players == 2:
        reduce = _vertices if problem.lotteries else _staircase
    kept = np.zeros((0, problem.n_players))
    index = np.zeros(0, dtype=np.intp)
    seen = 0
    for chunk in problem:
        points = np.concatenate([kept, chunk])
        names = np.concatenate([index, seen + np.arange(len(chunk))])
        place = reduce(points)
        kept, index = points[place], names[place]
        seen += len(chunk)
    if not seen:
        raise ProblemError("chunks: no alternatives")
    weights = cast(FloatArray, problem.weights)
    whole = FiniteProblem(kept, problem.disagreement[0], problem.lotteries, weights)
    return whole, index


def _vertices(points: FloatArray) -> IntArray:
    """Return the indices of the vertices of a two-player frontier."""
    return np.unique(pareto_chain(points[None]).alternatives[0])


def _staircase(points: FloatArray) -> IntArray:
    """Return the indices of the undominated alternatives of two players."""
    return np.unique(polygon.undominated(points[None])[0])
