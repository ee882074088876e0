"""Bargaining over a list of alternatives, with or without lotteries over them.

Without lotteries the set is the list itself and the best alternative is found by comparing
keys, column by column: this file. With lotteries the set is the convex hull of the list:
`sim.bargaining.hull`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from sim.bargaining.problem import BoolArray, FloatArray, Solution
from sim.errors import ProblemError

__all__ = ["FiniteProblem", "Stakes", "choose", "maximisers", "stakes"]

RELATIVE = 1e-12
"""Gains and keys closer than this share of their scale are ties."""


@dataclass(frozen=True, slots=True)
class FiniteProblem:
    """A bargaining problem whose feasible set is a list of alternatives.

    Parameters
    ----------
    utilities : array_like, shape (M, N) or (B, M, N)
        What each of M alternatives is worth to each of N players, in B draws. Two
        dimensions: the same alternatives in every draw.
    disagreement : array_like, shape (N,) or (B, N)
        What each player has without an agreement, in the same utility.
    lotteries : bool, default False
        False: one alternative is chosen. True: a lottery over alternatives may be chosen, so
        that the feasible set is their convex hull. Free disposal may be added to the hull
        without changing any solution: every solution here is efficient.
    weights : array_like, shape (N,) or (B, N), optional
        Bargaining weights, positive; equal by default. Kalai–Smorodinsky, Perles–Maschler
        and Raiffa ignore them.

    Attributes
    ----------
    utilities : ndarray, shape (B, M, N)
    disagreement, weights : ndarray, shape (B, N)

    Raises
    ------
    ProblemError
        Wrong shapes, fewer than two players, numbers that are not finite, weights that are
        not positive.

    Notes
    -----
    A player whose utility is the same at every alternative and at disagreement has nothing
    at stake: it is left out of products and minima, and keeps its disagreement utility.
    The egalitarian and the utilitarian solution compare utilities between players as they
    are given: give them in money.

    Examples
    --------
    >>> problem = FiniteProblem([[3, 1], [1, 3]], [0, 0], lotteries=True)
    >>> problem.utilities.shape
    (1, 2, 2)
    """

    utilities: FloatArray
    disagreement: FloatArray
    lotteries: bool = False
    weights: FloatArray | None = None

    def __post_init__(self) -> None:
        utilities = as_finite(self.utilities, "utilities", (2, 3))
        if utilities.ndim == 2:
            utilities = utilities[None]
        n_players = utilities.shape[2]
        if n_players < 2 or utilities.shape[1] < 1:
            raise ProblemError(
                f"utilities: {utilities.shape[1]} alternatives for {n_players} players; "
                "at least one alternative and two players are needed"
            )
        disagreement, weights = parties(self.disagreement, self.weights, n_players)
        draws = {utilities.shape[0], disagreement.shape[0], weights.shape[0]} - {1}
        if len(draws) > 1:
            raise ProblemError(
                f"draws: utilities, disagreement and weights have {sorted(draws)} draws; "
                "they must have one number of draws, or 1"
            )
        n_draws = draws.pop() if draws else 1
        shape = (n_draws, n_players)
        object.__setattr__(
            self, "utilities", np.broadcast_to(utilities, (n_draws, *utilities.shape[1:]))
        )
        object.__setattr__(self, "disagreement", np.broadcast_to(disagreement, shape))
        object.__setattr__(self, "weights", np.broadcast_to(weights, shape))

    @property
    def n_draws(self) -> int:
        """Number of draws B."""
        return len(self.disagreement)

    @property
    def n_players(self) -> int:
        """Number of players N."""
        return int(self.utilities.shape[2])

    def gains(self) -> FloatArray:
        """Return utilities less disagreement, shape (B, M, N)."""
        return self.utilities - self.disagreement[:, None, :]


def as_finite(values: object, name: str, dimensions: tuple[int, ...]) -> FloatArray:
    """Return `values` as a float array of an allowed dimension, or say what is wrong."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ProblemError(f"{name}: not an array of numbers") from None
    if array.ndim not in dimensions:
        raise ProblemError(f"{name}: {array.ndim} dimensions; allowed: {dimensions}")
    if not np.isfinite(array).all():
        raise ProblemError(f"{name}: has NaN or infinite entries; only finite numbers are allowed")
    return array


def parties(
    disagreement: object, weights: object, n_players: int, *, name: str = "weights"
) -> tuple[FloatArray, FloatArray]:
    """Return disagreement and weights as (B or 1, N) arrays; weights default to 1."""
    d = np.atleast_2d(as_finite(disagreement, "disagreement", (1, 2)))
    w = np.ones((1, n_players)) if weights is None else as_finite(weights, name, (1, 2))
    w = np.atleast_2d(w)
    for what, array in (("disagreement", d), (name, w)):
        if array.shape[1] != n_players:
            raise ProblemError(f"{what}: {array.shape[1]} numbers for {n_players} players")
    if not (w > 0).all():
        raise ProblemError(f"{name}: must be positive")
    return d, w


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a set offers each player; the draws lead.

    Parameters
    ----------
    scale : ndarray, shape (B, N)
        Largest absolute gain or loss of each player, 1 for a player without a stake.
    tolerance : ndarray, shape (B, N)
        Gains within it are 0.
    ideal : ndarray, shape (B, N)
        Largest gain in the individually rational part of the set.
    active : ndarray of bool, shape (B, N)
        Who has something at stake.
    agreement : ndarray of bool, shape (B,)
        Whether some feasible point gives every active player a gain.
    """

    scale: FloatArray
    tolerance: FloatArray
    ideal: FloatArray
    active: BoolArray
    agreement: BoolArray


def stakes(problem: FiniteProblem) -> Stakes:
    """Return what the alternatives themselves, without lotteries, offer each player."""
    gains = problem.gains()
    size = np.maximum(np.abs(problem.utilities).max(axis=1), np.abs(problem.disagreement))
    scale, tolerance, active = scales(np.abs(gains).max(axis=1), size)
    rational: BoolArray = np.all(gains >= -tolerance[:, None], axis=2)
    ideal = np.where(rational[..., None], gains, 0.0).max(axis=1).clip(min=0.0)
    mutual: BoolArray = np.all((gains > tolerance[:, None]) | ~active[:, None], axis=2)
    agreement: BoolArray = np.any(mutual, axis=1) & np.any(active, axis=1)
    return Stakes(scale, tolerance, ideal, active, agreement)


def scales(reach: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return scale, tolerance and who is active, from the largest gains and utilities."""
    rounding = 4.0 * np.finfo(np.float64).eps * size
    active = reach > rounding
    return np.where(active, reach, 1.0), RELATIVE * reach + rounding, active


def nash_keys(gains: FloatArray, weights: FloatArray, at: Stakes) -> list[FloatArray]:
    """Return Σ w_i log g_i, −∞ unless every active gain is positive."""
    positive = np.all((gains > at.tolerance[:, None]) | ~at.active[:, None], axis=2)
    share = np.where(at.active[:, None] & positive[..., None], gains / at.scale[:, None], 1.0)
    total = weights.sum(axis=1)[:, None]
    score = np.einsum("bmn,bn->bm", np.log(share), weights) / total
    return [np.where(positive, score, -np.inf)]


def utilitarian_keys(gains: FloatArray, weights: FloatArray, at: Stakes) -> list[FloatArray]:
    """Return Σ w_i g_i, then the Nash product among ties."""
    total = np.einsum("bmn,bn->bm", gains, weights)
    return [total, *nash_keys(gains, weights, at)]


def kalai_smorodinsky_keys(gains: FloatArray, weights: FloatArray, at: Stakes) -> list[FloatArray]:
    """Return g_i / ideal_i in ascending order (leximin); weights play no part."""
    ideal = np.where(at.ideal > at.tolerance, at.ideal, 1.0)
    return list(np.moveaxis(np.sort(gains / ideal[:, None], axis=2), 2, 0))


def egalitarian_keys(gains: FloatArray, weights: FloatArray, at: Stakes) -> list[FloatArray]:
    """Return g_i / w_i in ascending order (leximin)."""
    return list(np.moveaxis(np.sort(gains / weights[:, None], axis=2), 2, 0))


Keys = Callable[[FloatArray, FloatArray, Stakes], list[FloatArray]]

KEYS: dict[str, Keys] = {
    "nash": nash_keys,
    "kalai_smorodinsky": kalai_smorodinsky_keys,
    "egalitarian": egalitarian_keys,
    "utilitarian": utilitarian_keys,
}


def best(keys: list[FloatArray], allowed: BoolArray, *, slack: FloatArray) -> BoolArray:
    """Return who is best by the first key, then by the second among ties, and so on.

    Parameters
    ----------
    keys : list of ndarray, shape (B, M)
    allowed : ndarray of bool, shape (B, M)
        Who takes part.
    slack : ndarray, shape (B,)
        Keys within it of the best one are ties.
    """
    kept = allowed.copy()
    for key in keys:
        top = np.where(kept, key, -np.inf).max(axis=1)
        kept &= key >= (top - slack)[:, None]
    return kept


def slack_of(name: str, at: Stakes, weights: FloatArray) -> FloatArray:
    """Return what counts as a tie between two keys of a solution, shape (B,).

    It is what the tolerance of the gains makes of the key: 10⁻¹² of the stake, or more where
    utilities are large against gains.
    """
    slack: FloatArray
    if name == "egalitarian":
        slack = (at.tolerance / weights).max(axis=1)
    elif name == "utilitarian":
        slack = (at.tolerance * weights).sum(axis=1)
    else:
        ideal = np.where(at.ideal > at.tolerance, at.ideal, at.scale)
        slack = (at.tolerance / ideal).max(axis=1)
    return slack


def maximisers(problem: FiniteProblem, solution: str = "nash") -> BoolArray:
    """Return every alternative that a solution concept may pick, without lotteries.

    Parameters
    ----------
    problem : FiniteProblem
    solution : str
        `nash`, `kalai_smorodinsky`, `egalitarian` or `utilitarian`.

    Returns
    -------
    ndarray of bool, shape (B, M)
        The maximisers; none in a draw without agreement.

    Raises
    ------
    ProblemError
        If the solution is none of the four.

    Examples
    --------
    >>> maximisers(FiniteProblem([[0, 0], [3, 1], [1, 3]], [0, 0]))
    array([[False,  True,  True]])
    """
    if solution not in KEYS:
        raise ProblemError(f"solution: {solution!r}; on a finite set: {', '.join(KEYS)}")
    at = stakes(problem)
    gains = problem.gains()
    weights = weights_of(problem)
    allowed = np.all(gains >= -at.tolerance[:, None], axis=2) & at.agreement[:, None]
    keys = KEYS[solution](gains, weights, at)
    return best(keys, allowed, slack=slack_of(solution, at, weights))


def weights_of(problem: FiniteProblem) -> FloatArray:
    """Return the weights, which are always set once the problem is built."""
    return cast(FloatArray, problem.weights)


def choose(problem: FiniteProblem, solution: str) -> Solution:
    """Return the best single alternative of every draw.

    Individually rational alternatives only (g_i ≥ 0 for all i) are compared; there is an
    agreement if one of them gives every player a gain. Of several maximisers the one that
    stands first in the list is returned; `maximisers` gives them all.

    Parameters
    ----------
    problem : FiniteProblem
    solution : str
        `nash` maximises Σ w_i log g_i; `kalai_smorodinsky` is the leximin of g_i / ideal_i;
        `egalitarian` the leximin of g_i / w_i; `utilitarian` maximises Σ w_i g_i, and the
        Nash product among ties.

    Returns
    -------
    Solution
        Exact. `outcome` has a 1 at the alternative chosen. `parameters` has `alternative`
        (index, −1 without agreement), `maximisers` (their number), `ideal` and, for
        Kalai–Smorodinsky, `distance`: the largest less the smallest g_i / ideal_i, 0 on the
        ray to the ideal point.

    References
    ----------
    Mariotti (1998), Nash bargaining theory when the number of alternatives can be finite,
    Social Choice and Welfare 15:413-421.
    """
    ties = maximisers(problem, solution)
    at = stakes(problem)
    first = ties.argmax(axis=1)
    rows = np.arange(problem.n_draws)
    agreed = at.agreement
    payoffs = np.where(agreed[:, None], problem.utilities[rows, first], problem.disagreement)
    outcome = np.zeros(ties.shape)
    outcome[rows, first] = agreed
    parameters: dict[str, object] = {
        "alternative": np.where(agreed, first, -1),
        "maximisers": ties.sum(axis=1),
        "ideal": at.ideal,
    }
    if solution == "kalai_smorodinsky":
        parameters["distance"] = off_ray(payoffs - problem.disagreement, at)
    exact = np.zeros(problem.n_draws)
    return Solution(
        payoffs, outcome, agreed, np.ones(problem.n_draws, bool), exact, solution, parameters
    )


def off_ray(gains: FloatArray, at: Stakes) -> FloatArray:
    """Return max less min of g_i / ideal_i over the active players, shape (B,)."""
    live = at.active & (at.ideal > at.tolerance)
    share = gains / np.where(live, at.ideal, 1.0)
    spread = np.where(live, share, -np.inf).max(axis=1) - np.where(live, share, np.inf).min(axis=1)
    return np.where(np.any(live, axis=1) & at.agreement, spread, 0.0)
