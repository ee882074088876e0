"""Gambit's extensive game files (`.efg`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from sim.errors import GameError
from sim.games.exchange.gambit_lexer import Reader, Token, decimal, quoted
from sim.games.exchange.gambit_nfg import header, player_names
from sim.games.exchange.text import read_text
from sim.games.extensive_form import ExtensiveFormGame, Node, Outcome, faults

__all__ = ["efg_text", "parse_efg", "read_efg", "write_efg"]

NEARLY_ONE = Fraction(1, 10**6)
"""Probabilities in the file may miss a sum of 1 by this much, and are then rescaled."""


@dataclass(slots=True)
class Declared:
    """Information sets and outcomes that the file has described so far."""

    sets: dict[tuple[int, int], tuple[str, tuple[str, ...], tuple[Fraction, ...]]] = field(
        default_factory=dict
    )
    outcomes: dict[int, Outcome] = field(default_factory=dict)


def read_efg(path: str | Path) -> ExtensiveFormGame:
    """Read a `.efg` file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    ExtensiveFormGame
        `.normal_form()` turns it into a table.

    Raises
    ------
    ScenarioError
        With every fault as `file:line:column: field: message`.

    References
    ----------
    Gambit's documentation, "Game representation formats".
    """
    return parse_efg(read_text(path), file=str(path))


def parse_efg(text: str, *, file: str = "<text>") -> ExtensiveFormGame:
    """Read a game from the text of a `.efg` file; `file` names it in faults."""
    reader = Reader(text, file)
    header(reader, "EFG", "2")
    title = reader.string("title")
    players = player_names(reader)
    comment = reader.string("comment") if reader.at("string") else ""
    declared = Declared()
    nodes: list[Node] = []
    places: list[Token] = []
    missing = 1
    while missing:
        places.append(reader.token)
        nodes.append(node(reader, declared, len(players)))
        missing += len(nodes[-1].actions) - 1
    if not reader.at("end"):
        message = f"the tree is complete, got {reader.token}"
        reader.stop(reader.token, "node", message)
    reader.finish()
    for index, name, message in faults(players, nodes):
        reader.fault(places[index], name, message)
    reader.finish()
    return ExtensiveFormGame(players, tuple(nodes), title, comment)


def node(reader: Reader, declared: Declared, count: int) -> Node:
    """Read one node."""
    token = reader.take_kind("word", "node", "a node: c, p or t")
    if token.text not in ("c", "p", "t"):
        reader.stop(token, "node", f"c, p or t is allowed, got {token}")
    name = reader.string("name of the node")
    if token.text == "t":
        return Node(name, outcome=outcome(reader, declared, count))
    player = 0
    if token.text == "p":
        place = reader.token
        player = reader.whole("player", 1)
        if player > count:
            reader.fault(place, "player", f"1 to {count} is allowed, got {player}")
            player = count
    place = reader.token
    number = reader.whole("information set", 1)
    label, actions, weights = moves(reader, declared, place, (player, number))
    pays = outcome(reader, declared, count)
    return Node(name, player, number, label, actions, weights, pays)


def moves(
    reader: Reader, declared: Declared, place: Token, key: tuple[int, int]
) -> tuple[str, tuple[str, ...], tuple[Fraction, ...]]:
    """Read the description of an information set, or return the one given before."""
    if not reader.at("string") and not reader.at("{"):
        if key not in declared.sets:
            reader.stop(place, "information set", f"number {key[1]} is described nowhere before")
        return declared.sets[key]
    label = reader.take().text if reader.at("string") else ""
    start = reader.take_kind("{", "actions", "{")
    actions: list[str] = []
    weights: list[Fraction] = []
    while not reader.at("}"):
        actions.append(reader.string("actions"))
        if key[0] == 0:
            weights.append(reader.number("probabilities"))
    reader.take()
    if not actions:
        reader.stop(start, "actions", "at least one is needed")
    if key[0] == 0:
        weights = whole_probabilities(reader, start, weights)
    described = (label, tuple(actions), tuple(weights))
    if declared.sets.setdefault(key, described) != described:
        reader.fault(start, "information set", f"number {key[1]} was described differently before")
    return described


def whole_probabilities(reader: Reader, start: Token, weights: list[Fraction]) -> list[Fraction]:
    """Return probabilities that add to exactly 1; a fault if these are none."""
    total = sum(weights, Fraction(0))
    if min(weights) < 0 or abs(total - 1) > NEARLY_ONE:
        message = f"at least 0 with sum 1 are allowed, got a sum of {float(total):.9g}"
        reader.fault(start, "probabilities", message)
        return [Fraction(1, len(weights))] * len(weights)
    return [weight / total for weight in weights]


def outcome(reader: Reader, declared: Declared, count: int) -> Outcome | None:
    """Read the number of an outcome and its description, if it is given."""
    place = reader.token
    number = reader.whole("outcome", 0)
    label = reader.take().text if reader.at("string") else ""
    if not reader.at("{"):
        if number == 0:
            return None
        if number not in declared.outcomes:
            reader.stop(place, "outcome", f"number {number} is described nowhere before")
        return declared.outcomes[number]
    start = reader.token
    pays = reader.numbers("payoffs")
    if number == 0:
        reader.fault(place, "outcome", "0 has no payoffs; a number from 1 is allowed")
        return None
    if len(pays) != count:
        reader.fault(start, "payoffs", f"{count} are allowed, got {len(pays)}")
        return None
    described = Outcome(pays, label, number)
    if declared.outcomes.setdefault(number, described) != described:
        reader.fault(place, "outcome", f"number {number} was described differently before")
    return described


def efg_text(game: ExtensiveFormGame) -> str:
    """Return a tree as the text of an `.efg` file; every number is kept exactly.

    Raises
    ------
    GameError
        If a name is one that the format cannot hold.
    """
    try:
        names = " ".join(quoted(name) for name in game.players)
        lines = [f"EFG 2 R {quoted(game.title)} {{ {names} }}", quoted(game.comment), ""]
        lines += [node_text(each) for each in game.nodes]
    except ValueError as error:
        raise GameError(f"names: Gambit cannot read {error}") from None
    return "\n".join(lines) + "\n"


def node_text(each: Node) -> str:
    """Return the line of one node."""
    words = [quoted(each.name)]
    if not each.actions:
        words.insert(0, "t")
    else:
        words[:0] = ["p"] if each.player else ["c"]
        words += [str(each.player)] if each.player else []
        words += [str(each.infoset), quoted(each.infoset_name), "{"]
        for position, action in enumerate(each.actions):
            words.append(quoted(action))
            if not each.player:
                words.append(decimal(each.probabilities[position]))
        words.append("}")
    if each.outcome is None:
        return " ".join([*words, "0"])
    pays = ", ".join(decimal(pay) for pay in each.outcome.payoffs)
    return " ".join([*words, str(each.outcome.number), quoted(each.outcome.name), "{", pays, "}"])


def write_efg(game: ExtensiveFormGame, path: str | Path) -> None:
    """Write a tree as an `.efg` file that Gambit reads.

    Parameters
    ----------
    game : ExtensiveFormGame
    path : path-like

    Raises
    ------
    GameError
        As `efg_text`.
    """
    text = efg_text(game)
    Path(path).write_text(text, encoding="utf-8")
