"""Tokens of Gambit's file formats, each with its place, and the faults found on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

from sim.errors import Fault, ScenarioError

__all__ = ["Reader", "Token", "decimal", "quoted"]

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|[+-]?\d+/\d+", re.ASCII)
WHOLE = re.compile(r"\d{1,9}", re.ASCII)
TOKEN = re.compile(r'[{},]|"|[^\s{},"]+')
BODY = re.compile(r'((?:[^"\\]|\\"|\\(?!"))*)"')
LARGEST = 10**300
DIGITS = 4000
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Token:
    r"""A piece of a file.

    Parameters
    ----------
    kind : str
        `string`, `word`, `{`, `}`, `,` or `end`.
    text : str
        Of a string: without its quotation marks, `\"` as `"`.
    line, column : int
        Where it begins, counted from 1.
    """

    kind: str
    text: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return the token as a message shows it."""
        if self.kind == "end":
            return "the end of the file"
        text = self.text if len(self.text) <= SHOWN else f"{self.text[:SHOWN]}..."
        return f'"{text}"' if self.kind == "string" else f"`{text}`"


@dataclass(slots=True)
class Reader:
    """A file being read: the next token, and the faults so far.

    Parameters
    ----------
    text : str
    file : str
        Name used in faults.
    """

    text: str
    file: str
    token: Token = field(init=False)
    found: list[Fault] = field(init=False, default_factory=list)
    tokens: Iterator[Token] = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.scan()
        self.token = next(self.tokens)

    def scan(self) -> Iterator[Token]:
        """Yield the tokens, the end over and over."""
        line, start, at = 1, 0, 0
        while match := TOKEN.search(self.text, at):
            breaks = self.text.count("\n", at, match.start())
            if breaks:  # most files have their payoffs on one line
                line, start = line + breaks, self.text.rfind("\n", at, match.start()) + 1
            column = match.start() - start + 1
            if match.group() != '"':
                kind = match.group() if match.group() in "{}," else "word"
                yield Token(kind, match.group(), line, column)
                at = match.end()
                continue
            body = BODY.match(self.text, match.end())
            if body is None:
                here = Token("word", '"', line, column)
                self.stop(here, "string", 'no closing ", which is needed')
            yield Token("string", body.group(1).replace('\\"', '"'), line, column)
            breaks = body.group().count("\n")
            if breaks:
                line, start = line + breaks, self.text.rfind("\n", 0, body.end()) + 1
            at = body.end()
        line += self.text.count("\n", at)
        column = len(self.text) - (self.text.rfind("\n") + 1) + 1
        while True:
            yield Token("end", "", line, column)

    def fault(self, token: Token, name: str, message: str) -> None:
        """Note a fault and read on."""
        self.found.append(Fault(self.file, token.line, token.column, name, message))

    def stop(self, token: Token, name: str, message: str) -> NoReturn:
        """Note a fault after which the rest cannot be understood, and raise all of them."""
        self.fault(token, name, message)
        raise ScenarioError(self.found)

    def finish(self) -> None:
        """Raise the faults, if there are any."""
        if self.found:
            raise ScenarioError(self.found)

    def take(self) -> Token:
        """Return the next token and go on."""
        token, self.token = self.token, next(self.tokens)
        return token

    def take_kind(self, kind: str, name: str, wanted: str) -> Token:
        """Return the next token, which must be of a kind."""
        if self.token.kind != kind:
            self.stop(self.token, name, f"{wanted} is allowed here, got {self.token}")
        return self.take()

    def at(self, kind: str) -> bool:
        """Return whether the next token is of a kind."""
        return self.token.kind == kind

    def string(self, name: str) -> str:
        """Return the next token, a text in quotation marks."""
        return self.take_kind("string", name, 'a text in "..."').text

    def number(self, name: str) -> Fraction:
        """Return the next token as an exact number; note a fault if it is too large or p/0."""
        token = self.take_kind("word", name, "a number")
        if len(token.text) > DIGITS or not NUMBER.fullmatch(token.text):
            self.fault(token, name, f"a decimal or p/q is allowed, got {token}")
            return Fraction(0)
        if "/" in token.text and int(token.text.split("/")[1]) == 0:
            self.fault(token, name, f"a denominator other than 0 is allowed, got {token}")
            return Fraction(0)
        value = Fraction(token.text)
        if abs(value.numerator) > LARGEST * value.denominator:
            self.fault(token, name, f"numbers up to 1e300 are allowed, got {token}")
            return Fraction(0)
        return value

    def whole(self, name: str, least: int) -> int:
        """Return the next token as a whole number; anything else ends the reading."""
        token = self.take_kind("word", name, "a whole number")
        if not WHOLE.fullmatch(token.text) or int(token.text) < least:
            self.stop(token, name, f"a whole number from {least} is allowed, got {token}")
        return int(token.text)

    def strings(self, name: str) -> tuple[str, ...]:
        """Return the texts in a pair of braces."""
        self.take_kind("{", name, "{")
        texts = []
        while not self.at("}"):
            texts.append(self.string(name))
        self.take()
        return tuple(texts)

    def numbers(self, name: str) -> tuple[Fraction, ...]:
        """Return the numbers in a pair of braces, with or without commas between them."""
        self.take_kind("{", name, "{")
        values = []
        while not self.at("}"):
            values.append(self.number(name))
            if self.at(","):
                self.take()
        self.take()
        return tuple(values)


def quoted(text: str) -> str:
    """Return a text in quotation marks, as Gambit reads it.

    Raises
    ------
    ValueError
        If a backslash stands before a quotation mark or at the end: Gambit's formats cannot
        say so.
    """
    if re.search(r'\\("|$)', text):
        raise ValueError(f"a backslash before a quotation mark or at the end, in {text!r}")
    return '"' + text.replace('"', '\\"') + '"'


def decimal(value: Fraction) -> str:
    """Return a number exactly: whole, decimal where that ends soon, else p/q."""
    twos, rest = 0, value.denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
    fives = 0
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    digits = max(twos, fives)
    if rest != 1 or digits > 340:
        return f"{value.numerator}/{value.denominator}"
    if digits == 0:
        return str(value.numerator)
    scaled = str(abs(value.numerator) * 10**digits // value.denominator).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{scaled[:-digits]}.{scaled[-digits:]}"
