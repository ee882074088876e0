"""Gambit's strategic game files (`.nfg`), payoff and outcome versions."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from pathlib import Path

import numpy as np

from sim.errors import GameError
from sim.games.exchange.gambit_lexer import Reader, decimal, quoted
from sim.games.exchange.text import read_text
from sim.games.strategic_form.normal_form import PLAYERS, NormalFormGame

__all__ = ["nfg_text", "parse_nfg", "read_nfg", "write_nfg"]

ENTRIES = 10_000_000
"""Most payoffs of a game that is read."""


def read_nfg(path: str | Path) -> NormalFormGame:
    """Read a `.nfg` file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    NormalFormGame
        One draw. Rational and decimal payoffs are rounded once, to the nearest float.

    Raises
    ------
    ScenarioError
        With every fault as `file:line:column: field: message`.

    References
    ----------
    Gambit's documentation, "Game representation formats".
    """
    return parse_nfg(read_text(path), file=str(path))


def parse_nfg(text: str, *, file: str = "<text>") -> NormalFormGame:
    """Read a game from the text of a `.nfg` file; `file` names it in faults.

    Examples
    --------
    >>> parse_nfg('NFG 1 R "Chicken" { "A" "B" } { 2 2 } 6 6 7 2 2 7 0 0').payoffs[0]
    array([[6., 2.],
           [7., 0.]])
    """
    reader = Reader(text, file)
    header(reader, "NFG", "1")
    title = reader.string("title")
    players = player_names(reader)
    shape, actions = strategies(reader, len(players))
    comment = reader.string("comment") if reader.at("string") else ""
    if len(players) > PLAYERS:
        reader.stop(reader.token, "players", f"up to {PLAYERS} are allowed, got {len(players)}")
    if len(players) * prod(shape) > ENTRIES:
        reader.stop(reader.token, "strategies", f"up to {ENTRIES} payoffs are allowed")
    body = outcome_body if reader.at("{") else payoff_body
    values = body(reader, shape, len(players))
    if not reader.at("end"):
        reader.stop(reader.token, "payoffs", f"nothing more is allowed, got {reader.token}")
    reader.finish()
    table = np.array([float(value) for value in values]).reshape(*shape[::-1], len(players))
    return NormalFormGame(table.T, players=players, actions=actions, title=title, comment=comment)


def header(reader: Reader, kind: str, version: str) -> None:
    """Read the first three words of a file."""
    for wanted in (kind, version):
        if reader.token.text != wanted or not reader.at("word"):
            reader.stop(reader.token, "header", f"{kind} {version} R is allowed first")
        reader.take()
    if reader.token.text not in ("R", "D") or not reader.at("word"):
        reader.stop(reader.token, "header", f"R or D is allowed here, got {reader.token}")
    reader.take()


def player_names(reader: Reader) -> tuple[str, ...]:
    """Read the players, of whom there must be one."""
    token = reader.token
    names = reader.strings("players")
    if not names:
        reader.stop(token, "players", "at least one name is needed")
    return names


def strategies(reader: Reader, count: int) -> tuple[tuple[int, ...], tuple[tuple[str, ...], ...]]:
    """Read the numbers of strategies, or their names: numbers and names (none if not given)."""
    start = reader.take_kind("{", "strategies", "{")
    shape: list[int] = []
    names: list[tuple[str, ...]] = []
    while not reader.at("}"):
        token = reader.token
        if reader.at("{"):
            names.append(reader.strings("strategies"))
            shape.append(len(names[-1]))
        else:
            shape.append(reader.whole("strategies", 1))
        if shape[-1] == 0 or (names and len(names) != len(shape)):
            reader.stop(token, "strategies", "numbers from 1, or lists of names, are allowed")
    reader.take()
    if len(shape) != count:
        message = f"{count} are allowed, one for each player, got {len(shape)}"
        reader.stop(start, "strategies", message)
    return tuple(shape), tuple(names)


def payoff_body(reader: Reader, shape: tuple[int, ...], count: int) -> list[Fraction]:
    """Read the payoffs of every profile, in the order of the file."""
    values: list[Fraction] = []
    needed = count * prod(shape)
    while len(values) < needed:
        if reader.at("end"):
            reader.stop(reader.token, "payoffs", f"{needed} are needed, got {len(values)}")
        values.append(reader.number("payoffs"))
        if reader.at(","):
            reader.take()
    return values


def outcome_body(reader: Reader, shape: tuple[int, ...], count: int) -> list[Fraction]:
    """Read the outcomes and the outcome of every profile; payoffs in the order of the file."""
    reader.take()
    outcomes: list[tuple[Fraction, ...]] = [(Fraction(0),) * count]
    while not reader.at("}"):
        start = reader.take_kind("{", "outcomes", "{")
        if reader.at("string"):
            reader.take()
        pays: list[Fraction] = []
        while not reader.at("}"):
            pays.append(reader.number("outcomes"))
            if reader.at(","):
                reader.take()
        reader.take()
        if len(pays) != count:
            reader.fault(start, "outcomes", f"{count} payoffs are allowed, got {len(pays)}")
            pays = [Fraction(0)] * count
        outcomes.append(tuple(pays))
    reader.take()
    values: list[Fraction] = []
    for _ in range(prod(shape)):
        token = reader.token
        if reader.at("end"):
            got = len(values) // count
            reader.stop(token, "outcomes", f"{prod(shape)} numbers are needed, got {got}")
        number = reader.whole("outcomes", 0)
        if number >= len(outcomes):
            message = f"0 to {len(outcomes) - 1} is allowed, got {number}"
            reader.fault(token, "outcomes", message)
            number = 0
        values.extend(outcomes[number])
    return values


def nfg_text(game: NormalFormGame) -> str:
    """Return a game as the text of a `.nfg` file, payoff version; every float is kept exactly.

    Raises
    ------
    GameError
        If the game has a draw axis, or a name that the format cannot hold.
    """
    if game.batched:
        raise GameError("game: one draw is allowed; take game.draw(b) or game.mean()")
    try:
        names = " ".join(quoted(name) for name in game.players)
        lists = "\n".join(
            "{ " + " ".join(quoted(name) for name in own) + " }" for own in game.actions
        )
        title, comment = quoted(game.title), quoted(game.comment)
    except ValueError as error:
        raise GameError(f"names: Gambit cannot read {error}") from None
    rows = game.payoffs.T.reshape(-1, game.n_players)
    body = "\n".join(" ".join(decimal(Fraction(repr(float(v)))) for v in row) for row in rows)
    return f"NFG 1 R {title} {{ {names} }}\n\n{{\n{lists}\n}}\n{comment}\n\n{body}\n"


def write_nfg(game: NormalFormGame, path: str | Path) -> None:
    """Write a game as a `.nfg` file that Gambit reads.

    Parameters
    ----------
    game : NormalFormGame
        One draw.
    path : path-like

    Raises
    ------
    GameError
        As `nfg_text`.
    """
    text = nfg_text(game)
    Path(path).write_text(text, encoding="utf-8")
