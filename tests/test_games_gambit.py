"""Gambit files: both versions, trees, exact numbers, round trips, and every fault in its place."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError, ScenarioError
from sim.games import (
    ExtensiveFormGame,
    NormalFormGame,
    chance,
    decision,
    efg_text,
    equilibria,
    nfg_text,
    parse_efg,
    parse_nfg,
    read,
    read_efg,
    read_nfg,
    terminal,
    write_efg,
    write_nfg,
)
from sim.games.extensive_form import Node, Outcome

SELTEN = """NFG 1 R "Selten (IJGT, 75), Figure 2, normal form"
{ "Player 1" "Player 2" } { 3 2 }

1 1 0 2 0 2 1 1 0 3 2 0
"""
SELTEN_OUTCOMES = """NFG 1 R "Selten (IJGT, 75), Figure 2, normal form" { "Player 1" "Player 2" }
{
{ "1" "2" "3" }
{ "1" "2" }
}
"with a comment"
{
{ "" 1, 1 }
{ "both the \\"same\\"" 0, 2 }
{ "" 0/7 3.0 }
{ "" 4/2, 0 }
}
1 2 2 1 3 4
"""
BAGWELL = """EFG 2 R "Commitment and unobservability" { "Leader" "Follower" }
"Bagwell (1993): a Stackelberg game whose first move is seen through noise"

p "" 1 1 "" { "S" "C" } 0
c "" 1 "" { "s" 99/100 "c" 1/100 } 0
p "" 2 1 "" { "S" "C" } 0
t "" 1 "SS" { 5, 2 }
t "" 2 "SC" { 3, 1 }
p "" 2 2 "" { "S" "C" } 0
t "" 1 "SS" { 5, 2 }
t "" 2
c "" 2 "" { "s" .01 "c" 0.99 } 0
p "" 2 1 0
t "" 3 "CS" { 6, 3 }
t "" 4 "CC" { 4, 4 }
p "" 2 2 "" { "S" "C" } 0
t "" 3 "CS" { 6, 3 }
t "" 4 "CC" { 4, 4 }
"""

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r\\\x00"),
    max_size=8,
).filter(lambda text: text.isprintable())
numbers = st.fractions(-1000, 1000, max_denominator=10**6) | st.integers(-9, 9).map(Fraction)


@st.composite
def tables(draw: st.DrawFn) -> NormalFormGame:
    n = draw(st.integers(1, 3))
    shape = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    size = n * int(np.prod(shape))
    values = draw(st.lists(st.floats(-1e300, 1e300), min_size=size, max_size=size))
    return NormalFormGame(
        np.array(values).reshape(n, *shape),
        players=[draw(texts) for _ in shape],
        actions=[[draw(texts) for _ in range(m)] for m in shape],
        title=draw(texts),
        comment=draw(texts),
    )


@st.composite
def trees(draw: st.DrawFn, players: int, depth: int = 3) -> tuple[Node, ...]:
    kind = draw(st.sampled_from("tpc")) if depth else "t"
    if kind == "t":
        if draw(st.booleans()):
            return terminal([draw(numbers) for _ in range(players)], name=draw(texts))
        return (Node(draw(texts)),)
    below = [draw(trees(players, depth - 1)) for _ in range(draw(st.integers(1, 3)))]
    names = [f"{i} {draw(texts)}" for i in range(len(below))]
    # A number of its own for every set, so that no two nodes have to agree on its actions.
    number = draw(st.integers(1, 10**9 - 1))
    if kind == "p":
        moves = dict(zip(names, below, strict=True))
        player = draw(st.integers(1, players))
        return decision(player, number, moves, name=draw(texts), infoset_name=draw(texts))
    odds = [draw(st.integers(1, 9)) for _ in below]
    events = {
        name: (Fraction(odd, sum(odds)), tree)
        for name, odd, tree in zip(names, odds, below, strict=True)
    }
    return chance(number, events, infoset_name=draw(texts))


def same(one: NormalFormGame, other: NormalFormGame) -> bool:
    names = ("players", "actions", "title", "comment")
    return np.array_equal(one.payoffs, other.payoffs) and all(
        getattr(one, name) == getattr(other, name) for name in names
    )


# --- .nfg ----------------------------------------------------------------------------------


def test_payoff_and_outcome_versions_are_one_game() -> None:
    one, other = parse_nfg(SELTEN), parse_nfg(SELTEN_OUTCOMES)
    np.testing.assert_array_equal(one.payoffs, other.payoffs)
    np.testing.assert_array_equal(one.payoffs[0], [[1, 1], [0, 0], [0, 2]])
    np.testing.assert_array_equal(one.payoffs[1], [[1, 1], [2, 3], [2, 0]])
    assert one.players == ("Player 1", "Player 2")
    assert other.comment == "with a comment"


def test_outcome_zero_pays_nothing_and_numbers_are_exact() -> None:
    text = 'NFG 1 D "t" { "A" } { { "x" "y" "z" } } { { "half" 1/2 } { "tenth" -1e-1 } } 0 1 2'
    game = parse_nfg(text)
    np.testing.assert_array_equal(game.payoffs, [[0.0, 0.5, -0.1]])
    assert game.actions == (("x", "y", "z"),)
    many = parse_nfg('NFG 1 R "t" { "A" } { 5 } +1 -.5 1. 2/3 1E2')
    np.testing.assert_array_equal(many.payoffs, [[1, -0.5, 1, 2 / 3, 100]])


@given(tables())
@settings(deadline=None)
def test_nfg_round_trip(game: NormalFormGame) -> None:
    assert same(parse_nfg(nfg_text(game)), game)


def test_files(tmp_path: Path) -> None:
    game, tree = parse_nfg(SELTEN), parse_efg(BAGWELL)
    write_nfg(game, tmp_path / "g.nfg")
    write_efg(tree, tmp_path / "g.efg")
    for name in ("g.nfg", "g.efg"):
        assert (tmp_path / name).read_text(encoding="utf-8").endswith("\n")
    assert same(read_nfg(tmp_path / "g.nfg"), game)
    assert read_efg(tmp_path / "g.efg") == tree
    assert same(read(tmp_path / "g.nfg"), game)
    assert read(tmp_path / "g.efg") == tree


QUOTES = '"" '


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["x.nfg:1:1: header: NFG 1 R is allowed first"]),
        ("NFG 2 R", ["x.nfg:1:5: header: NFG 1 R is allowed first"]),
        ('NFG 1 R "t" { }', ["x.nfg:1:13: players: at least one name is needed"]),
        (
            'NFG 1 R "t" { "A" } { 2 }\n1',
            ["x.nfg:2:2: payoffs: 2 are needed, got 1"],
        ),
        (
            'NFG 1 R "t" { "A" } { 2 }\n1 2\n3',
            ["x.nfg:3:1: payoffs: nothing more is allowed, got `3`"],
        ),
        (
            'NFG 1 R "t" { "A" } { 3 }\n4/0 x\n1e999',
            [
                "x.nfg:2:1: payoffs: a denominator other than 0 is allowed, got `4/0`",
                "x.nfg:2:5: payoffs: a decimal or p/q is allowed, got `x`",
                "x.nfg:3:1: payoffs: numbers up to 1e300 are allowed, got `1e999`",
            ],
        ),
        (
            'NFG 1 R "t" { "A" "B" } { 2 } 1',
            ["x.nfg:1:25: strategies: 2 are allowed, one for each player, got 1"],
        ),
        (
            'NFG 1 R "t" { "A" } { { } } 1',
            ["x.nfg:1:23: strategies: numbers from 1, or lists of names, are allowed"],
        ),
        (
            'NFG 1 R "t\n  { "A" } { 2 } 1 2',
            ["x.nfg:2:6: players: { is allowed here, got `A`"],
        ),
        ('NFG 1 R\n "t', ['x.nfg:2:2: string: no closing ", which is needed']),
        (
            'NFG 1 R "t" { "A" } { 2 }\n{ { "" 1 2 }\n{ "" 3 } } 1 7',
            [
                "x.nfg:2:3: outcomes: 1 payoffs are allowed, got 2",
                "x.nfg:3:14: outcomes: 0 to 2 is allowed, got 7",
            ],
        ),
        (
            'NFG 1 R "t" { "A" } { 2 } { { "" 1 } } 1',
            ["x.nfg:1:41: outcomes: 2 numbers are needed, got 1"],
        ),
        (
            'NFG 1 R "t" { "A" } { 99999999 } 1',
            ["x.nfg:1:34: strategies: up to 10000000 payoffs are allowed"],
        ),
        (
            f'NFG 1 R "" {{ {63 * QUOTES}}} {{ {63 * "1 "}}} 1',
            ["x.nfg:1:335: players: up to 62 are allowed, got 63"],
        ),
        (
            f'NFG 1 R "" {{ "" }} {{ 1 }} "of\ntwo lines" {5000 * "1"}',
            [f"x.nfg:2:12: payoffs: a decimal or p/q is allowed, got `{60 * '1'}...`"],
        ),
        (
            'NFG 1 R "" { "" } { 2 } 1 \u0662',
            ["x.nfg:1:27: payoffs: a decimal or p/q is allowed, got `\u0662`"],
        ),
    ],
)
def test_faults_of_nfg_files(text: str, faults: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_nfg(text, file="x.nfg")
    assert str(caught.value).splitlines() == faults


def outcome_of(text: str) -> str:
    """Return `game`, or the faults of a text that is none; any other error fails the test."""
    parse = parse_efg if text.startswith("EFG") else parse_nfg
    try:
        parse(text)
    except ScenarioError as error:
        return str(error)
    return "game"


@given(st.sampled_from(["", 'NFG 1 R "t" { "A" } ', 'EFG 2 R "t" { "A" } ']), st.text(max_size=60))
def test_any_text_is_a_game_or_a_fault(start: str, text: str) -> None:
    assert outcome_of(start + text) != ""


@given(
    st.sampled_from([SELTEN, SELTEN_OUTCOMES, BAGWELL]),
    st.integers(0, 800),
    st.sampled_from(['"', "{", "}", "7", "", " ", "x", "/", "\\"]),
)
def test_a_damaged_file_is_a_game_or_a_fault(text: str, at: int, instead: str) -> None:
    at %= len(text)
    said = outcome_of(text[:at] + instead + text[at + 1 :])
    for line in said.splitlines():
        assert line == "game" or re.match(r"<text>:[1-9]\d*:[1-9]\d*: \w", line)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        read(tmp_path / "nowhere.nfg")
    (tmp_path / "bytes.nfg").write_bytes(b'NFG 1 R "\n\xff"')
    with pytest.raises(ScenarioError, match=r"bytes.nfg:2:1: file: UTF-8 is allowed"):
        read(tmp_path / "bytes.nfg")
    (tmp_path / "other.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(ScenarioError, match="NFG 1 R or EFG 2 R"):
        read(tmp_path / "other.txt")


def test_what_the_format_cannot_hold() -> None:
    with pytest.raises(GameError, match="backslash"):
        nfg_text(NormalFormGame([[1.0]], title="ends in \\"))
    with pytest.raises(GameError, match="one draw"):
        nfg_text(NormalFormGame([[[1.0]]], batched=True))
    with pytest.raises(GameError, match="backslash"):
        efg_text(ExtensiveFormGame(["\\"], terminal([1])))


# --- .efg ----------------------------------------------------------------------------------


def test_bagwells_game() -> None:
    tree = parse_efg(BAGWELL)
    assert parse_efg(efg_text(tree)) == tree
    game = tree.normal_form()
    assert game.actions == (("S", "C"), ("S/S", "S/C", "C/S", "C/C"))
    np.testing.assert_allclose(game.payoffs[0, 0], [5, 4.98, 3.02, 3], atol=1e-15)
    np.testing.assert_allclose(game.payoffs[1, 1], [3, 3.99, 3.01, 4], atol=1e-15)
    # Bagwell: with any noise the one pure equilibrium is the Cournot one.
    assert [one.actions for one in equilibria(game).pure] == [(1, 3)]


@given(st.data())
@settings(deadline=None)
def test_efg_round_trip(data: st.DataObject) -> None:
    players = data.draw(st.integers(1, 3))
    tree = data.draw(trees(players))
    try:
        game = ExtensiveFormGame([data.draw(texts) for _ in range(players)], tree, "t", "c")
    except GameError:
        return  # two sets drew the same number
    assert parse_efg(efg_text(game)) == game


def play(game: ExtensiveFormGame, choose: dict[tuple[int, int], str]) -> np.ndarray:
    """Return expected payoffs when every set plays one named action, by walking the tree."""
    nodes = iter(game.nodes)

    def walk(weight: float) -> np.ndarray:
        node = next(nodes)
        pays = np.zeros(game.n_players)
        if node.outcome is not None:
            pays += weight * np.array([float(p) for p in node.outcome.payoffs])
        for position, action in enumerate(node.actions):
            if node.player == 0:
                share = float(node.probabilities[position])
            else:
                share = float(choose[node.player, node.infoset] == action)
            pays += walk(weight * share)
        return pays

    return walk(1.0)


@given(st.data())
@settings(deadline=None, max_examples=50)
def test_normal_form_pays_what_playing_the_tree_pays(data: st.DataObject) -> None:
    players = data.draw(st.integers(1, 3))
    try:
        tree = ExtensiveFormGame([str(i) for i in range(players)], data.draw(trees(players)))
    except GameError:
        return
    table = tree.normal_form()
    picks = [data.draw(st.integers(0, m - 1)) for m in table.shape]
    choose = {}
    for player in range(players):
        sets = tree.infosets(player)
        named = table.actions[player][picks[player]]
        plans = tree.strategies(player, list(tree.paths()))
        plan = plans[picks[player]]
        for number, actions in sets.items():
            choose[player + 1, number] = actions[plan.get(number, 0)]
        assert ("*" in named) >= (len(plan) < len(sets))
    np.testing.assert_allclose(table.payoffs[(slice(None), *picks)], play(tree, choose), atol=1e-9)


def test_reduced_strategies_leave_out_what_own_moves_rule_out() -> None:
    later = decision(1, 2, {"x": terminal([1]), "y": terminal([2])})
    tree = decision(1, 1, {"in": later, "out": terminal([0])})
    game = ExtensiveFormGame(["A"], tree).normal_form()
    assert game.actions == (("in/x", "in/y", "out/*"),)
    np.testing.assert_array_equal(game.payoffs, [[1, 2, 0]])


def test_outcomes_on_the_way_add_up() -> None:
    tree = (
        Node("", 1, 1, "", ("a", "b"), outcome=Outcome((Fraction(10),))),
        *terminal([1]),
        *terminal([2]),
    )
    game = ExtensiveFormGame(["A"], tree)
    np.testing.assert_array_equal(game.normal_form().payoffs, [[11, 12]])
    assert [node.outcome.number for node in game.nodes] == [1, 2, 3]


def test_a_deep_tree_needs_no_recursion() -> None:
    tree = terminal([0, 0])
    nodes = []
    for turn in range(3000):
        nodes.append(Node("", 1 + turn % 2, turn + 1, "", ("go",)))
    game = ExtensiveFormGame(["A", "B"], (*nodes, *tree))
    assert parse_efg(efg_text(game)) == game
    assert game.normal_form().shape == (1, 1)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"s" 99/100', '"s" 9/100', "5:11: probabilities: at least 0 with sum 1 are allowed"),
        ('t "" 3 "CS" { 6, 3 }', 't "" 3 "CS" { 6 }', "17:13: payoffs: 2 are allowed, got 1"),
        ('t "" 2\n', 't "" 9\n', "11:6: outcome: number 9 is described nowhere before"),
        ('p "" 2 1 0', 'p "" 2 7 0', "13:8: information set: number 7 is described nowhere"),
        ('p "" 1 1 "" {', 'p "" 3 1 "" {', "4:6: player: 1 to 2 is allowed, got 3"),
        ('p "" 2 2 "" { "S" "C" } 0', 'p "" 2 2 "" { "S" "D" } 0', "16:13: information set"),
        ('c "" 2 "" {', 'q "" 2 "" {', "12:1: node: c, p or t is allowed, got `q`"),
        ('2 2 "" { "S" "C" } 0', '2 2 "" { } 0', "16:13: actions: at least one is needed"),
        ('2 2 "" { "S" "C" } 0', '2 2 "" { "S" "C" } 0 {1 1}', "16:25: outcome: 0 has no payoffs"),
        ('t "" 4 "CC" { 4, 4 }', 't "" 4 "CC" { 4, 5 }', "18:6: outcome: number 4 was described"),
        ("EFG 2", "EFG 1", "1:5: header: EFG 2 R is allowed first"),
        ("EFG 2 R", "EFG 2 X", "1:7: header: R or D is allowed here"),
    ],
)
def test_faults_of_efg_files(old: str, new: str, fault: str) -> None:
    at = BAGWELL.rindex(old)
    damaged = BAGWELL[:at] + new + BAGWELL[at + len(old) :]
    with pytest.raises(ScenarioError) as caught:
        parse_efg(damaged, file="b.efg")
    assert f"b.efg:{fault}" in str(caught.value)


def test_nodes_after_the_end_of_the_tree() -> None:
    with pytest.raises(ScenarioError, match="19:1: node: the tree is complete, got `t`"):
        parse_efg(BAGWELL + 't "" 1')


def test_a_tree_that_ends_too_early() -> None:
    with pytest.raises(ScenarioError, match=r"17:\d+: node: a node: c, p or t is allowed here"):
        parse_efg("\n".join(BAGWELL.splitlines()[:17]))


def test_probabilities_cut_to_six_digits_are_rescaled() -> None:
    text = 'EFG 2 R "t" { "A" }\nc "" 1 "" { "a" .333333 "b" .333333 "c" .333333 } 0\n'
    tree = parse_efg(text + "\n".join(['t "" 1 "" { 3 }'] * 3))
    assert tree.nodes[0].probabilities == (Fraction(1, 3),) * 3
    np.testing.assert_array_equal(tree.normal_form().payoffs, [[3.0]])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ExtensiveFormGame([], terminal([])), "players"),
        (lambda: ExtensiveFormGame(["A"], terminal([1, 2])), "1 are allowed, got 2"),
        (lambda: ExtensiveFormGame(["A"], terminal([1]) * 2), "complete before this node"),
        (lambda: ExtensiveFormGame(["A"], (Node("", 1, 1, "", ("a",)),)), "lacks 1"),
        (lambda: ExtensiveFormGame(["A"], decision(2, 1, {"a": terminal([1])})), "1 to 1"),
        (lambda: ExtensiveFormGame(["A"], decision(1, 0, {"a": terminal([1])})), "from 1"),
        (lambda: ExtensiveFormGame(["A"], chance(1, {"a": (0.5, terminal([1]))})), "sum of 0.5"),
        (lambda: ExtensiveFormGame(["A"], (Node("", 1),)), "at least one is needed where"),
        (
            lambda: ExtensiveFormGame(["A"], (Node("", 0, 1, "", ("a",)), *terminal([1]))),
            "one for each of 1 actions",
        ),
        (
            lambda: ExtensiveFormGame(
                ["A"], decision(1, 1, {"a": decision(1, 1, {"b": terminal([1])})})
            ),
            "number 1 was declared differently",
        ),
        (
            lambda: ExtensiveFormGame(
                ["A"],
                (
                    Node("", 1, 1, "", ("a", "b")),
                    Node(outcome=Outcome((Fraction(1),), "x", 1)),
                    Node(outcome=Outcome((Fraction(2),), "x", 1)),
                ),
            ),
            "outcome: number 1 was declared differently",
        ),
        (lambda: terminal([float("nan")]), "finite number"),
        (lambda: terminal(["1/0"]), "p/q"),
    ],
)
def test_trees_that_are_none(make: object, says: str) -> None:
    with pytest.raises(GameError, match=says):
        make()


def test_float_probabilities_add_to_one_exactly() -> None:
    events = {str(i): (1 / 3, terminal([1])) for i in range(3)}
    game = ExtensiveFormGame(["A"], chance(1, events))
    assert sum(game.nodes[0].probabilities) == 1
    assert parse_efg(efg_text(game)) == game


def two_way(player: int, number: int, pays: int) -> tuple[Node, ...]:
    ends = {"a": terminal([0] * pays), "b": terminal([1] * pays)}
    return decision(player, number, ends)


def test_a_tree_of_more_players_than_a_table_has_axes() -> None:
    with pytest.raises(GameError, match="up to 62 players are allowed, got 63"):
        ExtensiveFormGame(63 * ("A",), terminal(63 * [1])).normal_form()


def test_a_normal_form_that_would_not_fit() -> None:
    events = {str(i): (Fraction(1, 18), two_way(1, i, 1)) for i in range(1, 19)}
    with pytest.raises(GameError, match="reduced strategies"):
        ExtensiveFormGame(["A"], chance(1, events)).normal_form()
    both = [two_way(player, number, 2) for player in (1, 2) for number in range(1, 13)]
    events = {str(k): (Fraction(1, 24), tree) for k, tree in enumerate(both)}
    with pytest.raises(GameError, match="payoffs are allowed"):
        ExtensiveFormGame(["A", "B"], chance(1, events)).normal_form()
