"""JSON whose every value knows its place in the file."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NoReturn

from sim.errors import Fault, ScenarioError

__all__ = ["Located", "parse_json"]

SPACE = re.compile(r"[ \t\n\r]*")
SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
DECODER = json.JSONDecoder()
DEPTH = 100
"""Deepest nesting that is read."""
DIGITS = 1000
"""Longest number that is read."""


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value and where it begins, line and column counted from 1.

    Parameters
    ----------
    value : object
        A dict of names to `Located`, a list of `Located`, or a scalar.
    line, column : int
    """

    value: object
    line: int
    column: int


def parse_json(text: str, *, file: str) -> Located:
    """Return the value of a JSON text.

    Raises
    ------
    ScenarioError
        With the place where the text is no JSON.
    """
    return Parser(text, file).whole()


@dataclass(slots=True)
class Parser:
    """Recursive descent over one text."""

    text: str
    file: str
    at: int = 0
    breaks: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.breaks = [match.start() for match in re.finditer("\n", self.text)]

    def whole(self) -> Located:
        """Return the only value of the text."""
        result = self.value(0)
        self.skip()
        if self.at < len(self.text):
            self.wrong("nothing more is allowed")
        return result

    def place(self, at: int) -> tuple[int, int]:
        """Return line and column of a position."""
        line = bisect_left(self.breaks, at)
        return line + 1, at - (self.breaks[line - 1] if line else -1)

    def wrong(self, message: str) -> NoReturn:
        """Raise a fault at the current position."""
        line, column = self.place(self.at)
        raise ScenarioError([Fault(self.file, line, column, "file", f"not JSON: {message}")])

    def skip(self) -> None:
        """Go past white space."""
        match = SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def mark(self, wanted: str) -> bool:
        """Go past a mark if it is next."""
        self.skip()
        found = self.text.startswith(wanted, self.at)
        self.at += len(wanted) * found
        return found

    def string(self) -> str:
        """Return a string whose quotation mark has been passed."""
        try:
            text, self.at = DECODER.raw_decode(self.text, self.at - 1)
        except json.JSONDecodeError as error:
            self.at = error.pos
            self.wrong(error.msg)
        return str(text)

    def value(self, depth: int) -> Located:
        """Return the next value."""
        self.skip()
        place = self.place(self.at)
        if depth > DEPTH:
            self.wrong(f"nested deeper than {DEPTH}")
        if self.mark("{"):
            return Located(self.members(depth), *place)
        if self.mark("["):
            return Located(self.elements(depth), *place)
        if self.mark('"'):
            return Located(self.string(), *place)
        match = SCALAR.match(self.text, self.at)
        if match is None:
            self.wrong("a value is needed here")
        if len(match.group()) > DIGITS:
            self.wrong(f"a number of up to {DIGITS} digits is needed here")
        self.at = match.end()
        return Located(json.loads(match.group()), *place)

    def members(self, depth: int) -> dict[str, Located]:
        """Return the members of an object."""
        found: dict[str, Located] = {}
        if self.mark("}"):
            return found
        while True:
            if not self.mark('"'):
                self.wrong('a name in "..." is needed here')
            name = self.string()
            if not self.mark(":"):
                self.wrong("`:` is needed here")
            found[name] = self.value(depth + 1)
            if self.mark("}"):
                return found
            if not self.mark(","):
                self.wrong("`,` or `}` is needed here")

    def elements(self, depth: int) -> list[Located]:
        """Return the elements of an array."""
        found: list[Located] = []
        if self.mark("]"):
            return found
        while True:
            found.append(self.value(depth + 1))
            if self.mark("]"):
                return found
            if not self.mark(","):
                self.wrong("`,` or `]` is needed here")
