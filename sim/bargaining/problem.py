"""The bargaining problem on a box, and the frozen result that every solution returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import ProblemError

__all__ = ["BoxProblem", "EvaluationLike", "PayoffsLike", "Ratifiers", "Solution"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IndexArray = NDArray[np.intp]
Rows = slice | IndexArray
Entry = tuple[int, int, int, FloatArray | float]


class EvaluationLike(Protocol):
    """Values and derivatives of N players' payoffs at one point a draw; draws come last."""

    @property
    def value(self) -> FloatArray:
        """Payoffs, shape (N, B)."""

    @property
    def gradient(self) -> FloatArray:
        """First derivatives, shape (N, K, B)."""

    @property
    def hessian(self) -> Sequence[Entry]:
        """Entries (player, i, j, values) with i <= j; entries on one position add up."""

    @property
    def curvature(self) -> FloatArray | None:
        """Risk aversion c, shape (N, B): Hess v = sum(entries) - c grad v grad v^T."""


class PayoffsLike(Protocol):
    """What the solvers ask of payoffs: `sim.payoffs.Payoffs` is one."""

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the N players."""

    @property
    def issues(self) -> tuple[str, ...]:
        """Names of the K issues."""

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Partition of the issues: second derivatives vanish across blocks."""

    @property
    def n_draws(self) -> int:
        """Number of draws B."""

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> EvaluationLike:
        """Evaluate at `x_rows` (K, B) with derivatives up to `order`."""

    def take(self, rows: Rows) -> PayoffsLike:
        """Restrict to some draws."""

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        """Turn utilities v (B, N) into changes of money (B, N)."""


@dataclass(frozen=True, slots=True)
class Ratifiers:
    """Who must not lose, without a weight in the bargain: a win-set (Putnam 1988).

    A ratifier r accepts an outcome x if and only if ``v_r(x) - threshold_r >= 0``.

    Parameters
    ----------
    payoffs : PayoffsLike
        Payoffs of the R ratifiers over the issues (and draws) of the table.
    thresholds : array_like
        Smallest payoff that is accepted, broadcast to (B, R), in the units of `payoffs`.

    References
    ----------
    R. D. Putnam, "Diplomacy and domestic politics: the logic of two-level games",
    International Organization 42 (1988) 427-460.
    """

    payoffs: PayoffsLike
    thresholds: ArrayLike = 0.0

    def take(self, rows: Rows) -> Ratifiers:
        """Restrict to some draws."""
        thresholds = np.asarray(self.thresholds, dtype=float)
        if thresholds.ndim == 2 and thresholds.shape[0] > 1:
            thresholds = thresholds[rows]
        return Ratifiers(self.payoffs.take(rows), thresholds)


@dataclass(frozen=True, eq=False)
class BoxProblem:
    """A bargaining problem (S, d) a draw: smooth payoffs on a box of outcomes.

    ``S = {(v_1(x), ..., v_N(x)) : lower <= x <= upper, ties, ratifiers}``, disagreement point d.

    An issue with ``lower == upper`` stays where it is. A player whose payoff does not depend
    on any issue of the table cannot be bargained with: the solvers leave it out of the
    product (or the minimum) and only check that it does not lose.

    Parameters
    ----------
    payoffs : PayoffsLike
        Payoffs v of N players over K issues for B draws.
    lower, upper : array_like
        Bounds of the issues, broadcast to (B, K), finite.
    disagreement : array_like
        Payoffs d if no deal is made, in units of v, broadcast to (B, N).
    weights : array_like, optional
        Bargaining weights, positive, broadcast to (B, N); 1 by default.
    start : array_like, optional
        Where the search begins, broadcast to (B, K) and clipped into the box; its middle
        by default. An answer depends on it only where the problem has several local maxima.
    ties : sequence of (int, int), optional
        Pairs of issues held equal (most favoured nation).
    ratifiers : Ratifiers, optional
        Vetoes without a weight in the product.
    warm : mapping of str to ndarray
        `Solution.warm` of a problem much like this one, draw by draw: see `after`.

    Raises
    ------
    ProblemError
        Wrong shapes, NaN or infinite numbers, bounds upside down, weights that are not
        positive, ties between issues that do not exist or whose ranges do not meet.
    """

    payoffs: PayoffsLike
    lower: ArrayLike
    upper: ArrayLike
    disagreement: ArrayLike
    weights: ArrayLike | None = None
    start: ArrayLike | None = None
    ties: tuple[tuple[int, int], ...] = ()
    ratifiers: Ratifiers | None = None
    warm: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape_x = (self.n_draws, self.n_issues)
        shape_v = (self.n_draws, self.n_players)
        set_ = object.__setattr__
        set_(self, "lower", _finite("lower", self.lower, shape_x))
        set_(self, "upper", _finite("upper", self.upper, shape_x))
        set_(self, "disagreement", _finite("disagreement", self.disagreement, shape_v))
        if self.weights is not None:
            set_(self, "weights", _finite("weights", self.weights, shape_v))
        if self.start is not None:
            set_(self, "start", _finite("start", self.start, shape_x))
        set_(self, "ties", tuple((int(i), int(j)) for i, j in self.ties))
        self._check()

    def _check(self) -> None:
        if self.n_players == 0 or self.n_issues == 0:
            raise ProblemError("a table needs at least one player and one issue")
        lower, upper = self.bounds
        upside_down = np.flatnonzero((lower > upper).any(axis=0))
        if upside_down.size:
            k = int(upside_down[0])
            raise ProblemError(
                f"bounds of issue {self.payoffs.issues[k]!r} are upside down: "
                "lower must not exceed upper"
            )
        if self.weights is not None and not (np.asarray(self.weights) > 0).all():
            raise ProblemError("weights must be positive")
        for i, j in self.ties:
            if not (0 <= i < self.n_issues and 0 <= j < self.n_issues) or i == j:
                raise ProblemError(
                    f"tie ({i}, {j}): must name two different issues, 0 to {self.n_issues - 1}"
                )
        if self.ratifiers is not None:
            ratifying = self.ratifiers.payoffs
            if ratifying.n_draws != self.n_draws or len(ratifying.issues) != self.n_issues:
                raise ProblemError("ratifiers must have the draws and the issues of the table")
            _finite(
                "thresholds",
                self.ratifiers.thresholds,
                (self.n_draws, len(ratifying.players)),
            )

    @property
    def n_draws(self) -> int:
        """Number of draws B."""
        return self.payoffs.n_draws

    @property
    def n_players(self) -> int:
        """Number of players N."""
        return len(self.payoffs.players)

    @property
    def n_issues(self) -> int:
        """Number of issues K."""
        return len(self.payoffs.issues)

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds, each (B, K)."""
        return np.asarray(self.lower), np.asarray(self.upper)

    @property
    def starting_point(self) -> FloatArray:
        """Where the search begins, (B, K), inside the box."""
        lower, upper = self.bounds
        if self.start is None:
            return 0.5 * (lower + upper)
        inside: FloatArray = np.minimum(np.maximum(np.asarray(self.start), lower), upper)
        return inside

    def take(self, rows: Rows) -> BoxProblem:
        """Restrict to some draws.

        Parameters
        ----------
        rows : slice or integer array
            Draws to keep.

        Returns
        -------
        BoxProblem
        """

        def some(array: ArrayLike | None) -> FloatArray | None:
            return None if array is None else np.asarray(array)[rows]

        return _unchecked(
            self,
            payoffs=self.payoffs.take(rows),
            lower=np.asarray(self.lower)[rows],
            upper=np.asarray(self.upper)[rows],
            disagreement=np.asarray(self.disagreement)[rows],
            weights=some(self.weights),
            start=some(self.start),
            ratifiers=None if self.ratifiers is None else self.ratifiers.take(rows),
            warm={name: array[rows] for name, array in self.warm.items()},
        )

    def after(self, warm: Mapping[str, FloatArray]) -> BoxProblem:
        """Return the same problem for solvers that begin where those of another one ended.

        Like `start` this sets the speed; an answer depends on it only where the problem has
        several local maxima, and every answer passes the same certificate.

        Parameters
        ----------
        warm : mapping of str to ndarray, draws first
            `Solution.warm` of a problem with the same parties, issues, ties and ratifiers; rows
            of NaN where nothing is known.
        """
        for name, array in warm.items():
            if len(array) != self.n_draws:
                raise ProblemError(
                    f"warm {name!r} has {len(array)} draws; the problem has {self.n_draws}"
                )
        return _unchecked(self, warm=warm)

    def starting_at(self, start: ArrayLike) -> BoxProblem:
        """Return the same problem with another start, broadcast to (B, K)."""
        return replace(self, start=start)


def _unchecked(problem: BoxProblem, **changes: object) -> BoxProblem:
    """Copy with changes that cannot break the invariants: `take` is on the hot path."""
    copy = object.__new__(BoxProblem)
    for name in BoxProblem.__dataclass_fields__:
        object.__setattr__(copy, name, changes.get(name, getattr(problem, name)))
    return copy


def _finite(name: str, array: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return a float copy broadcast to `shape`, refusing NaN, infinity and wrong shapes."""
    try:
        given = np.asarray(array, dtype=float)
        full = np.array(np.broadcast_to(given, shape))
    except (TypeError, ValueError) as error:
        raise ProblemError(
            f"{name} must be numbers that broadcast to shape {shape} (draws first): {error}"
        ) from None
    if not np.isfinite(full).all():
        raise ProblemError(f"{name} must be finite, without NaN")
    return full


@dataclass(frozen=True, eq=False)
class Solution:
    """What a bargaining solution chose, and how well that was checked.

    No agreement is data: `payoffs` is then the disagreement point and `outcome` the start
    of the search, which the caller replaces by what falls.

    Parameters
    ----------
    payoffs : ndarray, (B, N)
        Payoffs v of the players.
    outcome : ndarray, (B, K) or (B, M)
        Values of the issues on a box; weights of the alternatives on a finite set.
    agreement : ndarray of bool, (B,)
        Whether there is a deal.
    converged : ndarray of bool, (B,)
        Whether the answer passed its certificate; without a deal, whether it was shown
        that there is none.
    residual : ndarray, (B,)
        How far from optimal the answer may be, relative (the method says in what measure).
    method : str
        Name of the solution and how it was computed.
    parameters : mapping
        Tolerances, weights and by-products of the method.
    warm : mapping of str to ndarray, draws first
        Where the method's inner searches ended, for `BoxProblem.after`; NaN where they failed.
    """

    payoffs: FloatArray
    outcome: FloatArray
    agreement: BoolArray
    converged: BoolArray
    residual: FloatArray
    method: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    warm: Mapping[str, FloatArray] = field(default_factory=dict)
