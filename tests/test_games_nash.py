"""All equilibria: 2×2 games in draws, two players through nashpy, three and more by supports."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import nashpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    EquilibriumSet,
    NormalFormGame,
    bimatrix,
    certify,
    equilibria,
    polynomial_equilibria,
    pure_equilibria,
    pure_profile,
    pure_profiles,
    read,
    relative_regret,
    two_by_two_equilibria,
    two_player_equilibria,
    zero_sum,
)
from sim.games.strategic_form import equilibrium as equilibrium_module
from sim.testing import games

DATA = Path(__file__).parent / "data"


def profiles(found: EquilibriumSet) -> list[list[float]]:
    return sorted([round(float(p), 6) for s in one.profile for p in s] for one in found)


def profiles_of(game: NormalFormGame, candidates: list) -> list[list[float]]:
    """Return the candidates that are equilibria, as `profiles` does."""
    good = [one for one in candidates if relative_regret(game, one) <= 1e-6]
    return sorted([round(float(p), 6) for s in one for p in s] for one in good)


def volunteers(n: int, benefit: float = 1.0, cost: float = 0.4) -> NormalFormGame:
    """Return Diekmann's dilemma: all gain if anyone volunteers (action 0), who pays for it."""
    acts = np.indices([2] * n) == 0
    return NormalFormGame(benefit * acts.any(axis=0) - cost * acts)


def check(game: NormalFormGame, found: EquilibriumSet) -> None:
    """Assert that what was found are distinct equilibria, and the pure ones all of them."""
    for one in found:
        assert float(relative_regret(game, one.profile)) <= 1e-8
        assert one.regret <= 1e-8
        assert all(abs(s.sum() - 1) < 1e-12 and s.min() >= 0 for s in one.profile)
    flat = profiles(found)
    assert len({tuple(row) for row in flat}) == len(flat)
    pure = {one.actions for one in found.pure}
    assert pure == set(pure_profiles(pure_equilibria(game)))


# --- known games ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "vertex", "support", "polynomial"])
@pytest.mark.parametrize(
    ("game", "expected"),
    [
        # Matching pennies; battle of the sexes; rock-paper-scissors; chicken.
        (zero_sum([[1, -1], [-1, 1]]), [[0.5] * 4]),
        (
            bimatrix([[3, 0], [0, 2]], [[2, 0], [0, 3]]),
            [[0, 1, 0, 1], [0.6, 0.4, 0.4, 0.6], [1, 0, 1, 0]],
        ),
        (zero_sum([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]), [[1 / 3] * 6]),
        (
            bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]]),
            [[0, 1, 1, 0], [2 / 3, 1 / 3, 2 / 3, 1 / 3], [1, 0, 0, 1]],
        ),
    ],
)
def test_textbook_games(game: NormalFormGame, expected: list[list[float]], method: str) -> None:
    found = equilibria(game, method)
    np.testing.assert_allclose(profiles(found), expected, atol=1e-6)
    assert found.complete
    assert not found.degenerate
    check(game, found)


def test_von_stengels_game_has_75_equilibria() -> None:
    game = read(DATA / "von_stengel_6x6.nfg")
    for method in ("vertex", "support"):
        found = two_player_equilibria(game, method)
        assert len(found) == 75
        assert found.complete
        check(game, found)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_volunteers_dilemma(n: int) -> None:
    # Any set of players may be the ones who sometimes volunteer, the rest never do: 2^n − 1.
    game = volunteers(n)
    found = polynomial_equilibria(game)
    assert len(found) == 2**n - 1
    assert found.complete
    check(game, found)
    for one in found:
        active = [s[1] for s in one.profile if s[1] < 1]
        if len(active) > 1:
            np.testing.assert_allclose(active, 0.4 ** (1 / (len(active) - 1)), atol=1e-10)


def test_three_player_volunteers_dilemma_has_seven_equilibria() -> None:
    found = equilibria(volunteers(3))
    assert (len(found), len(found.pure), found.complete) == (7, 3, True)


def test_mckelvey_and_mclennan_2x2x2_game_has_nine_equilibria() -> None:
    game = read(DATA / "mckelvey_mclennan_2x2x2.nfg")
    found = equilibria(game)
    assert len(found) == 9
    assert sum(all(len(own) == 2 for own in one.support) for one in found) == 2
    assert found.complete
    check(game, found)


def test_degenerate_game_by_vertices() -> None:
    # Column is indifferent when row plays first: a segment with two extreme points.
    game = bimatrix([[1, 1], [0, 0]], [[1, 1], [0, 1]])
    for method in ("auto", "vertex", "support"):
        found = equilibria(game, method)
        assert profiles(found) == [[1, 0, 0, 1], [1, 0, 1, 0]]
        assert found.degenerate
        assert found.complete
    assert any("degenerate" in note for note in two_player_equilibria(game, "support").notes)
    flat = equilibria(bimatrix(np.zeros((2, 3)), np.zeros((2, 3))))
    assert len(flat) == 6
    assert flat.degenerate


def test_equilibria_that_support_enumeration_misses() -> None:
    # Row's third action ties with its first against the mixture: supports of unequal size.
    game = bimatrix([[3, 3], [2, 5], [0, 6]], [[3, 3], [2, 6], [3, 1]])
    nash = nashpy.Game(*game.payoffs)
    with pytest.warns(RuntimeWarning, match="even number"):
        assert len(list(nash.support_enumeration())) == 2
    found = two_player_equilibria(game, "support")
    assert profiles(found) == profiles(two_player_equilibria(game, "vertex"))
    assert len(found) > 2
    check(game, found)


def test_methods_agree_on_games_with_one_choice() -> None:
    for game in (bimatrix([[3], [3]], [[1], [2]]), bimatrix([[0, 1]], [[2, 2]])):
        for method in ("auto", "vertex", "support", "lemke_howson"):
            found = equilibria(game, method)
            assert len(found) == 2
            assert found.complete
    assert len(equilibria(NormalFormGame([[1.0, 3.0, 2.0]]))) == 1


# --- properties ----------------------------------------------------------------------------


@given(games(players=(2, 2), actions=(1, 4)))
@settings(deadline=None, max_examples=60)
def test_every_method_returns_equilibria_of_games_with_ties(game: NormalFormGame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {m: equilibria(game, m) for m in ("vertex", "support", "lemke_howson", "auto")}
    for each in found.values():
        check(game, each)
        assert len(each) >= 1
    assert found["vertex"].complete
    assert profiles(found["support"]) == profiles(found["vertex"])
    extreme = {tuple(row) for row in profiles(found["vertex"])}
    assert {tuple(row) for row in profiles(found["auto"])} == extreme
    if not found["vertex"].degenerate:
        assert len(found["vertex"]) % 2 == 1


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 4))
@settings(deadline=None, max_examples=40)
def test_nondegenerate_games_have_nashpys_equilibria(seed: int, m: int, n: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, m, n))
    game = bimatrix(a, b)
    theirs = profiles_of(game, list(nashpy.Game(a, b).vertex_enumeration()))
    with warnings.catch_warnings():
        # Its support enumeration compares payoffs with ==, and loses one now and then.
        warnings.simplefilter("ignore", RuntimeWarning)
        some = list(nashpy.Game(a, b).support_enumeration(non_degenerate=True))
    for method in ("vertex", "support", "polynomial"):
        found = equilibria(game, method)
        ours = np.array(profiles(found))
        np.testing.assert_allclose(ours, theirs, atol=2e-6)
        assert all(np.abs(ours - np.concatenate(one)).max(axis=1).min() < 2e-6 for one in some)
        assert found.complete
        assert len(found) % 2 == 1


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=20)
def test_2x2_games_in_draws_have_nashpys_equilibria(seed: int) -> None:
    rng = np.random.default_rng(seed)
    game = NormalFormGame(rng.normal(size=(6, 2, 2, 2)), batched=True)
    solved = two_by_two_equilibria(game)
    assert np.all((solved.count == 1) | (solved.count == 3))
    assert not solved.degenerate.any()
    np.testing.assert_array_equal(solved.is_equilibrium[:, :2, :2], pure_equilibria(game))
    assert solved.regret[solved.is_equilibrium].max() <= 1e-8
    for draw in range(6):
        nash = nashpy.Game(*game.payoffs[draw]).support_enumeration(non_degenerate=True)
        expected = sorted([round(float(p), 6) for s in one for p in s] for one in nash)
        found = solved.draw(draw)
        np.testing.assert_allclose(profiles(found), expected, atol=2e-6)
        check(game.draw(draw), found)


@given(games(players=(2, 2), actions=(2, 2)))
@settings(deadline=None)
def test_2x2_games_with_ties_have_the_extreme_equilibria(game: NormalFormGame) -> None:
    solved = two_by_two_equilibria(game).draw(0)
    vertex = two_player_equilibria(game, "vertex")
    assert profiles(solved) == profiles(vertex)
    assert solved.degenerate == vertex.degenerate
    check(game, solved)


@given(st.integers(0, 10**6), st.sampled_from([(2, 2, 2), (3, 2, 2), (2, 2, 2, 2), (3, 3, 2)]))
@settings(deadline=None, max_examples=40)
def test_three_and_more_players_oddness(seed: int, shape: tuple[int, ...]) -> None:
    payoffs = np.random.default_rng(seed).normal(size=(len(shape), *shape))
    game = NormalFormGame(payoffs)
    found = equilibria(game)
    check(game, found)
    assert found.complete
    assert len(found) % 2 == 1


@given(games(players=(3, 3), actions=(1, 2)))
@settings(deadline=None, max_examples=40)
def test_three_players_with_ties_are_verified_or_flagged(game: NormalFormGame) -> None:
    found = polynomial_equilibria(game, max_cells=4000)
    check(game, found)
    assert len(found) >= 1
    assert found.complete == (not found.notes)


def test_no_equilibrium_is_missing_from_a_complete_list() -> None:
    # Newton's method from many places finds nothing that the certified search has not.
    rng = np.random.default_rng(8)
    for _ in range(4):
        game = NormalFormGame(rng.normal(size=(3, 2, 3, 2)))
        listed = polynomial_equilibria(game)
        assert listed.complete
        starts = [tuple(rng.dirichlet(np.full(m, 0.5)) for m in game.shape) for _ in range(60)]
        again = certify(game, starts)
        found = {tuple(row) for row in profiles(listed)}
        for one in again:
            assert tuple(round(float(p), 6) for s in one.profile for p in s) in found


# --- bounds and faults ---------------------------------------------------------------------


def test_large_games_end_and_say_that_the_list_is_open() -> None:
    rng = np.random.default_rng(0)
    big = NormalFormGame(rng.normal(size=(2, 18, 18)))
    found = equilibria(big)
    check(big, found)
    assert not found.complete
    assert len(found) >= 1
    assert any("Lemke" in note for note in found.notes)
    wide = NormalFormGame(rng.normal(size=(3, 9, 9, 9)))
    found = equilibria(wide)
    check(wide, found)
    assert not found.complete
    assert any("too large" in note for note in found.notes)


@pytest.mark.parametrize("method", ["vertex", "support"])
def test_methods_that_would_not_end_are_not_tried(method: str) -> None:
    game = bimatrix(*np.random.default_rng(3).normal(size=(2, 16, 16)))
    found = two_player_equilibria(game, method)
    check(game, found)
    assert not found.complete
    assert any("not tried" in note for note in found.notes)


def test_too_many_supports_leave_the_pure_equilibria() -> None:
    game = NormalFormGame(np.random.default_rng(3).normal(size=(3, 7, 7, 7)))
    found = polynomial_equilibria(game)
    check(game, found)
    assert len(found) == len(found.pure)
    assert not found.complete


def test_certify_keeps_equilibria_once_and_drops_the_rest() -> None:
    game = bimatrix([[6, 2], [7, 0]], [[6, 7], [2, 0]])
    rough = (np.array([0.6667, 0.3333]), np.array([0.6666, 0.3334]))
    rounded = (np.array([1.0, -1e-15]), np.array([1e-16, 1.0]))
    none = (np.array([np.nan, 1.0]), np.array([1.0, 0.0]))
    empty = (np.zeros(2), np.array([1.0, 0.0]))
    corner = (np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    found = certify(game, [rough, rough, rounded, none, empty, corner])
    assert [one.actions for one in found if one.pure] == [(0, 1)]
    np.testing.assert_allclose(found[1].profile[0], [2 / 3, 1 / 3], atol=1e-14)
    assert len(found) == 2
    whole = EquilibriumSet(found, "by hand", complete=False)
    assert whole[0] is found[0]
    assert whole.regret <= 1e-12
    assert EquilibriumSet((), "nothing", complete=False).regret == 0.0


def test_bounded_searches_say_so() -> None:
    game = bimatrix(*np.random.default_rng(3).normal(size=(2, 8, 8)))
    short = two_player_equilibria(game, "lemke_howson", max_pivots=1)
    assert any("in 1 pivots" in note for note in short.notes)
    few = polynomial_equilibria(volunteers(4), max_cells=20)
    assert not few.complete
    assert any("not finished" in note for note in few.notes)
    check(volunteers(4), few)


def test_lemke_howson_does_not_cycle_on_degenerate_games() -> None:
    game = bimatrix(np.ones((4, 4)), np.ones((4, 4)))
    found = two_player_equilibria(game, "lemke_howson")
    check(game, found)
    assert not found.complete


def test_faults() -> None:
    one = volunteers(2)
    with pytest.raises(GameError, match="method: auto, pure"):
        equilibria(one, "guess")
    with pytest.raises(GameError, match="two players"):
        equilibria(volunteers(3), "vertex")
    with pytest.raises(GameError, match="one draw"):
        equilibria(NormalFormGame(one.table, batched=True))
    with pytest.raises(GameError, match="two actions each"):
        two_by_two_equilibria(volunteers(3))
    with pytest.raises(GameError, match="at least 1"):
        two_player_equilibria(one, max_pivots=0)
    with pytest.raises(GameError, match="at least 1"):
        polynomial_equilibria(one, max_cells=0)


def test_names_come_lazily() -> None:
    import sim.games

    for name in sim.games.__all__:
        assert getattr(sim.games, name) is not None
    assert set(sim.games.__all__) <= set(dir(sim.games))
    assert "nashpy" in sys.modules
    with pytest.raises(AttributeError, match="no attribute"):
        _ = sim.games.nothing


def test_equilibria_of_a_constant_game_are_told_apart_in_no_more_looks_than_there_are(monkeypatch):
    """A list that is compared pair by pair takes minutes where thousands of profiles tie."""
    looks = []
    apart = equilibrium_module.distance
    monkeypatch.setattr(equilibrium_module, "distance", lambda a, b: looks.append(1) or apart(a, b))
    game = NormalFormGame(np.zeros((3, 5, 4, 6)))
    pure = [pure_profile(game, at) for at in np.ndindex(5, 4, 6)]
    assert len(certify(game, pure + pure)) == 120
    assert len(looks) <= 2 * 120


@pytest.mark.parametrize(("shift", "count"), [(0.9e-7, 1), (1.1e-7, 2)])
def test_profiles_whose_probabilities_differ_by_less_are_one(shift, count):
    game = NormalFormGame(np.zeros((2, 3, 3)))
    even = np.full(3, 1 / 3)
    for move in ([1, -1, 0], [-1, 0, 1], [0, 1, -1]):
        near = even + shift * np.array(move)
        assert len(certify(game, [(even, even), (near, even)])) == count
        assert len(certify(game, [(even, near), (even, even)])) == count
