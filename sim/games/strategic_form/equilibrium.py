"""What an equilibrium is, and how one is checked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from sim.games._arrays import FloatArray
from sim.games.strategic_form.indifference import polish
from sim.games.strategic_form.normal_form import (
    REGRET,
    NormalFormGame,
    Profile,
    expected_payoffs,
    relative_regret,
)

__all__ = ["Equilibrium", "EquilibriumSet", "certify"]

SAME = 1e-7
"""Profiles whose probabilities all differ by less are one profile."""

ROUNDING = 1e-13
"""Probabilities below it are rounding error."""

SUPPORT = 1e-6
"""Actions played with less probability are taken out of a support before sharpening."""


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """One Nash equilibrium of a game in one draw.

    Parameters
    ----------
    profile : tuple of ndarray, shape (m_i,)
        Mixed strategies.
    payoffs : ndarray, shape (N,)
        Expected payoffs, in the game's units.
    regret : float
        Largest gain from a deviation, as a share of that player's payoff range; at most 1e-8.
    """

    profile: Profile
    payoffs: FloatArray
    regret: float

    @property
    def support(self) -> tuple[tuple[int, ...], ...]:
        """The actions that each player plays with positive probability."""
        return tuple(tuple(int(a) for a in np.flatnonzero(s > SUPPORT)) for s in self.profile)

    @property
    def pure(self) -> bool:
        """Whether nobody mixes."""
        return all(len(own) == 1 for own in self.support)

    @property
    def actions(self) -> tuple[int, ...]:
        """The likeliest action of each player: the profile itself if it is pure."""
        return tuple(int(s.argmax()) for s in self.profile)


@dataclass(frozen=True, slots=True, eq=False)
class EquilibriumSet:
    """The equilibria that a method found, and what is known of the list.

    Parameters
    ----------
    equilibria : tuple of Equilibrium
        Distinct, verified, in an order that depends only on the profiles.
    method : str
        How they were found.
    complete : bool
        Whether these are all equilibria. In a degenerate game of two players: all extreme ones,
        of which every other is a convex combination.
    degenerate : bool
        Whether the game was seen to be degenerate: some mixed strategy has more best responses
        than actions in its support.
    notes : tuple of str
        Why the list may be incomplete, what a library warned of.
    """

    equilibria: tuple[Equilibrium, ...]
    method: str
    complete: bool
    degenerate: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of equilibria."""
        return len(self.equilibria)

    def __iter__(self) -> Iterator[Equilibrium]:
        """Iterate over the equilibria."""
        return iter(self.equilibria)

    def __getitem__(self, index: int) -> Equilibrium:
        """Return one equilibrium."""
        return self.equilibria[index]

    @property
    def pure(self) -> tuple[Equilibrium, ...]:
        """Those in which nobody mixes."""
        return tuple(one for one in self.equilibria if one.pure)

    @property
    def regret(self) -> float:
        """Largest relative regret in the list, 0 if it is empty."""
        return max((one.regret for one in self.equilibria), default=0.0)


def certify(
    game: NormalFormGame, candidates: Iterable[Profile], *, tolerance: float = REGRET
) -> tuple[Equilibrium, ...]:
    """Keep the candidates that are equilibria, each once, sharpened where that helps.

    Parameters
    ----------
    game : NormalFormGame
        One draw.
    candidates : iterable of profiles, shape (m_i,) a player
        Non-negative up to rounding; they are clipped and normalised first.
    tolerance : float
        Largest relative regret.

    Returns
    -------
    tuple of Equilibrium
        Sorted, by descending probability of the first actions.
    """
    found = _Distinct()
    for candidate in candidates:
        profile = normalise(candidate)
        if profile is None:
            continue
        worst = float(relative_regret(game, profile))
        if worst > 0.0:
            sharper = sharpen(game, profile)
            other = float(relative_regret(game, sharper))
            if other < worst and distance(profile, sharper) < 1e-3:
                profile, worst = sharper, other
        if worst <= tolerance and found.new(profile):
            found.add(Equilibrium(profile, expected_payoffs(game, profile), worst))
    every = (one for _, one in found.placed)
    return tuple(sorted(every, key=lambda one: [-round(p, 9) for s in one.profile for p in s]))


class _Distinct:
    """Equilibria by their place on a line, so that a profile is compared with near ones only."""

    def __init__(self) -> None:
        self.placed: list[tuple[float, Equilibrium]] = []

    def new(self, profile: Profile) -> bool:
        """Whether no equilibrium has the same probabilities."""
        here, reach = self._place(profile)
        first = bisect_left(self.placed, here - reach, key=itemgetter(0))
        last = bisect_right(self.placed, here + reach, key=itemgetter(0))
        return all(distance(profile, one.profile) > SAME for _, one in self.placed[first:last])

    def add(self, one: Equilibrium) -> None:
        """Add an equilibrium."""
        insort(self.placed, (self._place(one.profile)[0], one), key=itemgetter(0))

    @staticmethod
    def _place(profile: Profile) -> tuple[float, float]:
        """Return a weighted sum of the probabilities, and how far the same profile may be off."""
        flat = np.concatenate(profile)
        weights = np.cos(np.arange(1, len(flat) + 1))
        return float(weights @ flat), SAME * float(np.abs(weights).sum())


def normalise(profile: Profile) -> Profile | None:
    """Clip rounding off a profile; None if it is not one."""
    strategies = []
    for given in profile:
        strategy = np.asarray(given, dtype=np.float64)
        if not np.isfinite(strategy).all() or strategy.min() < -1e-6:
            return None
        clipped = np.where(strategy < ROUNDING, 0.0, strategy)
        total = clipped.sum()
        if total <= 0:
            return None
        strategies.append(clipped / total)
    return tuple(strategies)


def distance(one: Profile, other: Profile) -> float:
    """Return the largest difference of a probability."""
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


def sharpen(game: NormalFormGame, profile: Profile) -> Profile:
    """Return the solution of the indifference equations near one profile, on its support."""
    lifted = tuple(strategy[None] for strategy in profile)
    masks = tuple(strategy > SUPPORT for strategy in lifted)
    return tuple(strategy[0] for strategy in polish(game.table, lifted, masks))
