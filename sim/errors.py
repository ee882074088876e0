"""What can be wrong with what a user gave: every fault of the user's is a `SimError`.

The command line prints a `SimError` on stderr, one line a fault, and exits with code 2;
anything else that is raised is a fault of the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "EngineError",
    "Fault",
    "FigureError",
    "GameError",
    "PayoffError",
    "ProblemError",
    "ResultError",
    "SamplingError",
    "ScenarioError",
    "SimError",
]


class SimError(ValueError):
    """A fault in what the user gave; the message says what is wrong and what is allowed."""


class PayoffError(SimError):
    """A payoff term with parameters outside their domain."""


class ProblemError(SimError):
    """A bargaining problem that is not one: wrong shapes, bounds upside down, NaN."""


class GameError(SimError):
    """A game with wrong shapes, NaN, or probabilities that are none."""


class ResultError(SimError):
    """A result that cannot be read, written, resumed or merged."""


class FigureError(SimError):
    """A figure that the result cannot show, or that cannot be written as asked."""


class EngineError(SimError):
    """Workers that cannot be started or reached, or that died at work."""


class SamplingError(SimError):
    """A sampling design that cannot be drawn: clashing correlations, a method that does not fit."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault at one place of a file.

    Parameters
    ----------
    file : str
        Name of the file as the user gave it.
    line, column : int
        Position, counted from 1.
    field : str
        Path of the field, `issues.hns_jpn.range`.
    message : str
        What is wrong, and what is allowed.
    """

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        """Return `file:line:column: field: message`, on one line."""
        text = f"{self.file}:{self.line}:{self.column}: {self.field}: {self.message}"
        return " ".join(text.split())


class ScenarioError(SimError):
    """All faults of a scenario file at once.

    Parameters
    ----------
    faults : sequence of Fault
        At least one.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Fault, ...]]]:
        """Pickle the faults, not the text: a worker's error arrives as it was raised."""
        return type(self), (self.faults,)
