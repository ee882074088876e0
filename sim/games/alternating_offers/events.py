"""Dated events that change what the parties want, or what the world pays them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import within

__all__ = ["Event"]

_APPLIES = ("preferences", "world")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may happen at a known date: an election, the end of a tariff pause.

    Parameters
    ----------
    name : str
    date : float
        Time from the first offer, >= 0; it is known before the first offer at or after it.
    probability : array_like, float or shape (B,)
        That it happens, at its date, independently of other events.
    applies_to : {"preferences", "world"}
        `preferences`: a government's own parameters change, and only decisions after the event
        use them; before it, later deals are valued with the parameters of before. `world`:
        payoffs change for everybody from the date on, also those of deals made earlier.
    """

    name: str
    date: float
    probability: npt.ArrayLike = 1.0
    applies_to: str = "world"

    def __post_init__(self) -> None:
        """Check the date, the probability and what it applies to."""
        within(f"event {self.name}: date", self.date, 0.0, np.inf)
        within(f"event {self.name}: probability", self.probability, 0.0, 1.0)
        if self.applies_to not in _APPLIES:
            raise GameError(
                f"event {self.name}: applies_to preferences or world is allowed, "
                f"got {self.applies_to!r}"
            )
