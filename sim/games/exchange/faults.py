"""Faults of a file of another program, gathered while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from sim.errors import Fault, ScenarioError

__all__ = ["Faults", "Placed"]


class Placed(Protocol):
    """A part of a file that knows where it stands."""

    @property
    def line(self) -> int:
        """Line, from 1."""
        ...

    @property
    def column(self) -> int:
        """Column, from 1."""
        ...


@dataclass(slots=True)
class Faults:
    """The faults of one file."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, at: Placed, name: str, message: str) -> None:
        """Note a fault and read on."""
        self.found.append(Fault(self.file, at.line, at.column, name, message))

    def stop(self, at: Placed, name: str, message: str) -> NoReturn:
        """Note a fault and raise all of them."""
        self.add(at, name, message)
        raise ScenarioError(self.found)
