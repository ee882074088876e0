"""What is on the table: a pie, a list of alternatives, or issues with smooth payoffs.

Every table answers one question: what is the best offer that gives each responder its floor?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from sim.bargaining.problem import PayoffsLike
from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray, finite, whole, within
from sim.games.box.maximise import check_box, maximise, starting_points, utilities

__all__ = ["Issues", "Menu", "Offer", "Pie", "Table"]


@dataclass(frozen=True, slots=True)
class Offer:
    """Best acceptable offers, one a draw.

    Attributes
    ----------
    outcome : ndarray, shape (B, K)
        Shares of the pie, probabilities of the alternatives, or values of the issues.
    payoffs : ndarray, shape (B, N)
    feasible : ndarray of bool, shape (B,)
        Whether some outcome gives every responder its floor.
    multipliers : ndarray, shape (B, N)
        Fall of the proposer's payoff per unit of a responder's floor.
    converged : ndarray of bool, shape (B,)
    """

    outcome: FloatArray
    payoffs: FloatArray
    feasible: BoolArray
    multipliers: FloatArray
    converged: BoolArray

    def take(self, rows: IntArray) -> Offer:
        """Return the offers of some draws."""
        return Offer(
            self.outcome[rows],
            self.payoffs[rows],
            self.feasible[rows],
            self.multipliers[rows],
            self.converged[rows],
        )


class Table(Protocol):
    """A set of outcomes with the payoffs of N players in B draws."""

    @property
    def n_players(self) -> int:
        """N."""

    @property
    def n_draws(self) -> int:
        """B."""

    def offer(self, proposer: int, floors: FloatArray, previous: Offer | None = None) -> Offer:
        """Return the outcome best for `proposer` with payoffs >= floors (B, N) for the others."""

    def payoffs_of(self, outcome: FloatArray) -> FloatArray:
        """Return payoffs (B, N) of outcomes (B, K)."""

    def take(self, rows: IntArray) -> Self:
        """Return the table of some draws."""


@dataclass(frozen=True, slots=True)
class Pie:
    """Money to divide: u_i = base_i + share_i, shares >= 0 that add to at most `size`.

    Parameters
    ----------
    size : array_like, shape () or (B,)
        >= 0.
    n_players : int
    base : array_like, shape (N,) or (B, N)
        Payoffs that an agreement brings beside the pie.
    """

    size: npt.ArrayLike = 1.0
    n_players: int = 2
    base: npt.ArrayLike = 0.0

    def __post_init__(self) -> None:
        """Bring the arrays to (B,) and (B, N)."""
        size = np.atleast_1d(within("size", self.size, 0.0, np.inf))
        base = finite("base", self.base)
        whole("n_players", self.n_players, 1, 1000)
        if size.ndim != 1 or self.n_players < 2 or base.ndim > 2:
            raise GameError("size: a number or shape (B,) is allowed, with two players or more")
        draws = max(len(size), len(base) if base.ndim == 2 else 1)
        try:
            object.__setattr__(self, "size", np.broadcast_to(size, (draws,)))
            object.__setattr__(self, "base", np.broadcast_to(base, (draws, self.n_players)))
        except ValueError as error:
            raise GameError(f"base: shape (N,) or (B, N) is allowed, got {base.shape}") from error

    @property
    def n_draws(self) -> int:
        """Number of draws, B."""
        return int(np.asarray(self.size).shape[0])

    def offer(self, proposer: int, floors: FloatArray, previous: Offer | None = None) -> Offer:
        """Give each responder its floor, and the proposer the rest."""
        del previous
        needs = np.maximum(floors - np.asarray(self.base), 0.0)
        paid = needs > 0.0
        needs[:, proposer] = 0.0
        rest = np.asarray(self.size) - needs.sum(axis=1)
        shares = needs.copy()
        shares[:, proposer] = np.maximum(rest, 0.0)
        paid[:, proposer] = False
        tolerance = 1e-12 * (1.0 + np.asarray(self.size))
        return Offer(
            outcome=shares,
            payoffs=self.payoffs_of(shares),
            feasible=np.asarray(rest >= -tolerance),
            multipliers=paid.astype(np.float64),
            converged=np.ones(len(rest), dtype=bool),
        )

    def payoffs_of(self, outcome: FloatArray) -> FloatArray:
        """Return base + shares."""
        return np.asarray(np.asarray(self.base) + outcome)

    def take(self, rows: IntArray) -> Pie:
        """Return the pies of some draws."""
        return Pie(np.asarray(self.size)[rows], self.n_players, np.asarray(self.base)[rows])


@dataclass(frozen=True, slots=True)
class Menu:
    """A finite list of alternatives.

    Parameters
    ----------
    utilities : array_like, shape (M, N) or (B, M, N)

    Notes
    -----
    Ties between alternatives that are equally good for the proposer are broken in favour of the
    sum of the responders' payoffs, then of the earlier alternative.
    """

    utilities: npt.ArrayLike

    def __post_init__(self) -> None:
        """Bring the array to (B, M, N)."""
        array = finite("utilities", self.utilities)
        if array.ndim == 2:
            array = array[None]
        if array.ndim != 3 or array.shape[1] < 1 or array.shape[2] < 2:
            raise GameError(
                f"utilities: shape (M, N) or (B, M, N) is allowed, got {np.shape(self.utilities)}"
            )
        object.__setattr__(self, "utilities", array)

    @property
    def array(self) -> FloatArray:
        """Utilities (B, M, N)."""
        return np.asarray(self.utilities)

    @property
    def n_players(self) -> int:
        """N."""
        return int(self.array.shape[2])

    @property
    def n_draws(self) -> int:
        """B."""
        return int(self.array.shape[0])

    def choose(self, proposer: int, floors: FloatArray) -> tuple[IntArray, BoolArray]:
        """Return positions and feasibility (B, ...) for floors (B, ..., N)."""
        u = self.array
        extra = floors.ndim - 2
        wide = u.reshape(u.shape[0], *([1] * extra), *u.shape[1:])
        fits = np.ones((*floors.shape[:-1], u.shape[1]), dtype=bool)
        rest = np.zeros(wide.shape[:-1])
        for player in range(self.n_players):
            if player != proposer:
                slack = 1e-12 * (1.0 + np.abs(wide[..., player]))
                fits &= wide[..., player] >= floors[..., player, None] - slack
                rest = rest + wide[..., player]
        own = np.where(fits, wide[..., proposer], -np.inf)
        top = own.max(axis=-1, keepdims=True)
        tied = np.where(fits & (own >= top), rest, -np.inf)
        return np.asarray(tied.argmax(axis=-1), dtype=np.int64), np.asarray(fits.any(axis=-1))

    def offer(self, proposer: int, floors: FloatArray, previous: Offer | None = None) -> Offer:
        """Pick the alternative best for the proposer among those that reach the floors."""
        del previous
        place, feasible = self.choose(proposer, floors)
        outcome = np.zeros(self.array.shape[:2])
        outcome[np.arange(len(place)), place] = 1.0
        return Offer(
            outcome=outcome,
            payoffs=self.payoffs_of(outcome),
            feasible=feasible,
            multipliers=np.zeros_like(floors),
            converged=np.ones(len(place), dtype=bool),
        )

    def payoffs_of(self, outcome: FloatArray) -> FloatArray:
        """Return expected utilities of probabilities (B, M)."""
        return np.asarray(np.einsum("bm,bmn->bn", outcome, self.array))

    def take(self, rows: IntArray) -> Menu:
        """Return the menus of some draws."""
        return Menu(self.array[rows])


@dataclass(frozen=True, slots=True)
class Issues:
    """Issues in a box with smooth payoffs.

    Parameters
    ----------
    payoffs : PayoffsLike
        `sim.payoffs.Payoffs`, one of its tables, or anything with the same methods.
    lower, upper : array_like, shape (K,) or (B, K)
    starts : int
        Starts of a search that cannot build on an earlier offer.
    """

    payoffs: PayoffsLike
    lower: npt.ArrayLike
    upper: npt.ArrayLike
    starts: int = 4

    def __post_init__(self) -> None:
        """Check the box."""
        lower, upper = np.asarray(self.lower, float), np.asarray(self.upper, float)
        lower, upper = check_box(self.payoffs, lower, upper)
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)

    @property
    def n_players(self) -> int:
        """N."""
        return len(self.payoffs.players)

    @property
    def n_draws(self) -> int:
        """B."""
        return self.payoffs.n_draws

    def offer(self, proposer: int, floors: FloatArray, previous: Offer | None = None) -> Offer:
        """Maximise the proposer's utility subject to the floors, from `previous` if given."""
        lower, upper = np.asarray(self.lower), np.asarray(self.upper)
        starts = starting_points(lower, upper, self.starts)
        guess = None
        if previous is not None:
            starts, guess = [previous.outcome], previous.multipliers
        found = maximise(
            self.payoffs,
            proposer,
            lower=lower,
            upper=upper,
            floors=floors,
            starts=starts,
            multipliers=guess,
        )
        return Offer(
            outcome=found.outcome,
            payoffs=found.payoffs,
            feasible=found.feasible,
            multipliers=found.multipliers,
            converged=found.converged,
        )

    def payoffs_of(self, outcome: FloatArray) -> FloatArray:
        """Return the utilities of outcomes (B, K)."""
        return utilities(self.payoffs, outcome)

    def take(self, rows: IntArray) -> Issues:
        """Return the issues of some draws."""
        return Issues(
            self.payoffs.take(rows),
            np.asarray(self.lower)[rows],
            np.asarray(self.upper)[rows],
            self.starts,
        )
