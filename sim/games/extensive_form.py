"""Game trees with chance, information sets and outcomes, and their reduced normal form.

A tree is the tuple of its nodes in prefix order, as in Gambit's `.efg` files: a node, then the
whole subtree of its first action, then of its second, ... Numbers are exact fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

import numpy as np

from sim.errors import GameError
from sim.games.strategic_form.normal_form import PLAYERS, NormalFormGame

__all__ = ["ExtensiveFormGame", "Node", "Outcome", "chance", "decision", "terminal"]

Number = int | float | str | Fraction
Tree = tuple["Node", ...]
Moves = tuple[tuple[tuple[int, int], ...], ...]
"""What each player chose on the way to a node: (information set, action) pairs."""

Path = tuple["Node", Fraction, Moves]

STRATEGIES = 100_000
"""Most reduced strategies of one player."""

CELLS = 5_000_000
"""Most payoffs of the normal form of a tree."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Payoffs that a node adds to the path through it.

    Parameters
    ----------
    payoffs : tuple of Fraction
        One a player.
    name : str
    number : int
        Nodes with one number share the outcome; 0 leaves the numbering to the game.
    """

    payoffs: tuple[Fraction, ...]
    name: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a tree; it has as many subtrees as actions.

    Parameters
    ----------
    name : str
    player : int
        Who moves, counted from 1; 0 for chance and for terminal nodes.
    infoset : int
        Number of the information set, at least 1, within the player (or chance); 0 at a
        terminal node.
    infoset_name : str
    actions : tuple of str
        Empty at a terminal node.
    probabilities : tuple of Fraction
        Of the actions of chance; empty elsewhere.
    outcome : Outcome or None
        None pays nothing.
    """

    name: str = ""
    player: int = 0
    infoset: int = 0
    infoset_name: str = ""
    actions: tuple[str, ...] = ()
    probabilities: tuple[Fraction, ...] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class ExtensiveFormGame:
    """A game tree.

    Parameters
    ----------
    players : sequence of str
    nodes : sequence of Node
        In prefix order, the root first. `terminal`, `decision` and `chance` build them.
    title, comment : str

    Raises
    ------
    GameError
        If the nodes are no tree, an information set or an outcome is declared in two ways, a
        player does not exist, payoffs do not fit, or probabilities of chance do not add to 1.

    Examples
    --------
    >>> ask = decision(2, 1, {"accept": terminal([2, 1]), "refuse": terminal([0, 0])})
    >>> tree = decision(1, 1, {"ask": ask, "leave": terminal([1, 1])})
    >>> ExtensiveFormGame(["US", "JPN"], tree).normal_form().shape
    (2, 2)
    """

    players: tuple[str, ...]
    nodes: tuple[Node, ...]
    title: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "players", tuple(self.players))
        for index, field, message in faults(self.players, self.nodes):
            raise GameError(f"node {index + 1}: {field}: {message}")
        object.__setattr__(self, "nodes", numbered(tuple(self.nodes)))

    @property
    def n_players(self) -> int:
        """Number of players N."""
        return len(self.players)

    def paths(self) -> Iterator[Path]:
        """Yield each node with the probability of chance on the way and everyone's moves.

        Yields
        ------
        node : Node
        probability : Fraction
        moves : tuple of tuple of (information set, action)
            One tuple a player: what this player chose on the way, in order.
        """
        pending: list[tuple[Fraction, Moves]] = [(Fraction(1), ((),) * self.n_players)]
        for node in self.nodes:
            probability, moves = pending.pop()
            yield node, probability, moves
            for action in reversed(range(len(node.actions))):
                if node.player == 0:
                    pending.append((probability * node.probabilities[action], moves))
                    continue
                own = (*moves[node.player - 1], (node.infoset, action))
                after = (*moves[: node.player - 1], own, *moves[node.player :])
                pending.append((probability, after))

    def normal_form(self) -> NormalFormGame:
        """Return the reduced normal form.

        A reduced strategy says what to do at every information set that the player's own earlier
        choices do not rule out; others, marked `*` in its name, do not matter. Payoffs are
        expectations over chance, outcomes along a path added up.

        Raises
        ------
        GameError
            If there are more than 62 players, a player has more than 100,000 reduced strategies,
            or the table would have more than 5 million payoffs.
        """
        if self.n_players > PLAYERS:
            raise GameError(
                f"normal form: up to {PLAYERS} players are allowed, got {self.n_players}"
            )
        paths = list(self.paths())
        plans = [self.strategies(player, paths) for player in range(self.n_players)]
        shape = tuple(len(own) for own in plans)
        if self.n_players * prod(shape) > CELLS:
            raise GameError(f"normal form: up to {CELLS} payoffs are allowed, got shape {shape}")
        payoffs = np.zeros((self.n_players, *shape))
        for node, probability, moves in paths:
            if node.outcome is None:
                continue
            rows = [consistent(own, made) for own, made in zip(plans, moves, strict=True)]
            worth = np.array([float(probability * pay) for pay in node.outcome.payoffs])
            at = (np.arange(self.n_players), *(np.array(r, dtype=np.int64) for r in rows))
            payoffs[np.ix_(*at)] += worth.reshape(-1, *[1] * self.n_players)
        names = tuple(self.plan_names(player, own) for player, own in enumerate(plans))
        return NormalFormGame(
            payoffs, players=self.players, actions=names, title=self.title, comment=self.comment
        )

    def infosets(self, player: int) -> dict[int, tuple[str, ...]]:
        """Return the actions at every information set of a player, in order of appearance."""
        found: dict[int, tuple[str, ...]] = {}
        for node in self.nodes:
            if node.player == player + 1:
                found.setdefault(node.infoset, node.actions)
        return found

    def strategies(self, player: int, paths: Sequence[Path]) -> list[dict[int, int]]:
        """Return the reduced strategies of a player, as action numbers by information set."""
        sets = self.infosets(player)
        ways: dict[int, set[tuple[tuple[int, int], ...]]] = {number: set() for number in sets}
        for node, _, moves in paths:
            if node.player == player + 1:
                ways[node.infoset].add(moves[player])
        done: list[dict[int, int]] = []
        stack: list[dict[int, int]] = [{}]
        while stack:
            plan = stack.pop()
            following = next((h for h in sets if h not in plan and reached(plan, ways[h])), None)
            if following is None:
                done.append(plan)
            else:
                count = len(sets[following])
                stack += [{**plan, following: action} for action in reversed(range(count))]
            if len(done) + len(stack) > STRATEGIES:
                raise GameError(
                    f"normal form: up to {STRATEGIES} reduced strategies of "
                    f"{self.players[player]} are allowed"
                )
        return done

    def plan_names(self, player: int, plans: Sequence[dict[int, int]]) -> tuple[str, ...]:
        """Return a name for every reduced strategy: its actions, `*` where there is none."""
        sets = self.infosets(player)
        return tuple(
            "/".join(actions[plan[h]] if h in plan else "*" for h, actions in sets.items())
            for plan in plans
        )


def reached(plan: Mapping[int, int], ways: set[tuple[tuple[int, int], ...]]) -> bool:
    """Return whether a plan so far leads to an information set on some way."""
    return any(all(plan.get(h) == action for h, action in way) for way in ways)


def consistent(plans: Sequence[Mapping[int, int]], moves: Sequence[tuple[int, int]]) -> list[int]:
    """Return the strategies that make these moves."""
    return [
        row for row, plan in enumerate(plans) if all(plan.get(h) == action for h, action in moves)
    ]


def numbered(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Give outcomes that have no number one: the same for the same name and payoffs."""
    used = {node.outcome.number for node in nodes if node.outcome is not None}
    given: dict[tuple[str, tuple[Fraction, ...]], int] = {}
    result = []
    following = max(used, default=0)
    for node in nodes:
        outcome = node.outcome
        if outcome is not None and outcome.number == 0:
            key = (outcome.name, outcome.payoffs)
            if key not in given:
                following += 1
                given[key] = following
            node = replace(node, outcome=replace(outcome, number=given[key]))  # noqa: PLW2901
        result.append(node)
    return tuple(result)


def faults(players: Sequence[str], nodes: Sequence[Node]) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong with a list of nodes: node number, field, message."""
    if not players:
        yield 0, "players", "at least one is needed"
    missing = 1
    sets: dict[tuple[int, int], Node] = {}
    outcomes: dict[int, Outcome] = {}
    for index, node in enumerate(nodes):
        if missing == 0:
            yield index, "node", "the tree is complete before this node"
            return
        missing += len(node.actions) - 1
        yield from ((index, *fault) for fault in node_faults(node, len(players)))
        if node.actions:
            first = sets.setdefault((node.player, node.infoset), node)
            same = (first.actions, first.probabilities, first.infoset_name)
            if (node.actions, node.probabilities, node.infoset_name) != same:
                yield index, "information set", f"number {node.infoset} was declared differently"
        outcome = node.outcome
        if outcome and outcome.number and outcomes.setdefault(outcome.number, outcome) != outcome:
            yield index, "outcome", f"number {outcome.number} was declared differently"
    if missing:
        yield max(len(nodes) - 1, 0), "node", f"the tree is not complete: it lacks {missing}"


def node_faults(node: Node, count: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with one node on its own: field, message."""
    if not 0 <= node.player <= count:
        yield "player", f"1 to {count} is allowed, got {node.player}"
    if node.actions and node.infoset < 1:
        yield "information set", f"a number from 1 is allowed, got {node.infoset}"
    if not node.actions and node.player:
        yield "actions", "at least one is needed where a player moves"
    if node.actions and node.player == 0:
        if len(node.probabilities) != len(node.actions):
            yield "probabilities", f"one for each of {len(node.actions)} actions is needed"
        elif min(node.probabilities) < 0 or sum(node.probabilities) != 1:
            total = float(sum(node.probabilities))
            yield "probabilities", f"at least 0 with sum 1 are allowed, got a sum of {total:.9g}"
    if node.outcome is not None and len(node.outcome.payoffs) != count:
        yield "payoffs", f"{count} are allowed, got {len(node.outcome.payoffs)}"


def exact(value: Number) -> Fraction:
    """Return a number as the fraction it is written as: 0.1 is 1/10."""
    try:
        return Fraction(repr(float(value)) if isinstance(value, float) else value)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        raise GameError(f"number: a finite number or p/q is allowed, got {value!r}") from None


def terminal(payoffs: Sequence[Number], *, name: str = "", outcome: str = "") -> Tree:
    """Return an end of the tree with its payoffs."""
    return (Node(name, outcome=Outcome(tuple(exact(pay) for pay in payoffs), outcome)),)


def decision(
    player: int, infoset: int, moves: Mapping[str, Tree], *, name: str = "", infoset_name: str = ""
) -> Tree:
    """Return a node where a player moves, with the subtree of each action.

    Parameters
    ----------
    player : int
        Counted from 1.
    infoset : int
        Number of the information set; the player cannot tell nodes with one number apart.
    moves : mapping of action to subtree
    name, infoset_name : str
    """
    node = Node(name, player, infoset, infoset_name, tuple(moves))
    return (node, *(each for subtree in moves.values() for each in subtree))


def chance(
    infoset: int,
    moves: Mapping[str, tuple[Number, Tree]],
    *,
    name: str = "",
    infoset_name: str = "",
) -> Tree:
    """Return a move of chance, with the probability and the subtree of each event.

    Probabilities given as floats may miss a sum of 1 by rounding: the last one is then what the
    others leave.
    """
    weights = [exact(probability) for probability, _ in moves.values()]
    rest = 1 - sum(weights, Fraction(0))
    if weights and abs(rest) < Fraction(1, 10**9):
        weights[-1] += rest
    node = Node(name, 0, infoset, infoset_name, tuple(moves), tuple(weights))
    return (node, *(each for _, subtree in moves.values() for each in subtree))
