"""Payoff tables: what is accepted, regret by its definition, dominance, ties."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sim.errors import GameError
from sim.games import (
    NormalFormGame,
    best_responses,
    bimatrix,
    deviation_payoffs,
    dominated,
    expected_payoffs,
    iterated_elimination,
    merge_ties,
    pure_equilibria,
    pure_profile,
    pure_profiles,
    regret,
    relative_regret,
    survivors,
    zero_sum,
)
from sim.testing import games

CHICKEN = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])


def mixtures(game: NormalFormGame, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.full(m, 0.7)) for m in game.shape]


def by_enumeration(game: NormalFormGame, profile: list[np.ndarray]) -> np.ndarray:
    """Return expected payoffs by adding up all profiles, one at a time."""
    total = np.zeros(game.n_players)
    for actions in product(*(range(m) for m in game.shape)):
        weight = np.prod([s[a] for s, a in zip(profile, actions, strict=True)])
        total += weight * game.payoffs[(slice(None), *actions)]
    return total


@given(games(players=(1, 4), actions=(1, 3)), st.integers(0, 10**6))
@settings(deadline=None)
def test_regret_is_what_the_best_deviation_gains(game: NormalFormGame, seed: int) -> None:
    profile = mixtures(game, seed)
    value = by_enumeration(game, profile)
    np.testing.assert_allclose(expected_payoffs(game, profile), value, atol=1e-12)
    for player, own in enumerate(deviation_payoffs(game, profile)):
        for action in range(game.shape[player]):
            changed = [*profile]
            changed[player] = np.eye(game.shape[player])[action]
            assert own[action] == pytest.approx(by_enumeration(game, changed)[player], abs=1e-12)
        gain = max(own) - value[player]
        assert regret(game, profile)[player] == pytest.approx(max(gain, 0.0), abs=1e-12)
        best = best_responses(game, profile)[player]
        assert best[np.argmax(own)]
        assert np.all(own[best] >= own.max() - 1e-7)


@given(games(players=(1, 3)), st.integers(0, 10**6))
@settings(deadline=None)
def test_relative_regret_ignores_units_and_origins(game: NormalFormGame, seed: int) -> None:
    profile = mixtures(game, seed)
    rng = np.random.default_rng(seed)
    lift = (game.n_players, *[1] * game.n_players)
    factor, shift = rng.lognormal(size=lift), 1e3 * rng.normal(size=lift)
    other = game.with_payoffs(game.payoffs * factor + shift)
    before, after = relative_regret(game, profile), relative_regret(other, profile)
    assert after == pytest.approx(float(before), abs=1e-9)
    assert 0.0 <= before <= 1.0 + 1e-12


def test_a_large_common_part_costs_no_digits() -> None:
    far = CHICKEN.with_payoffs(CHICKEN.payoffs * 2.0**-20 + 2.0**30)
    profile = [[2 / 3, 1 / 3], [2 / 3, 1 / 3]]
    assert relative_regret(far, profile) <= 1e-15


def test_draws_are_games_of_their_own() -> None:
    rng = np.random.default_rng(1)
    many = NormalFormGame(rng.normal(size=(5, 3, 2, 3, 2)), batched=True)
    profile = [rng.dirichlet(np.ones(m), size=5) for m in many.shape]
    gains, payoffs = regret(many, profile), expected_payoffs(many, profile)
    share, mask = relative_regret(many, profile), pure_equilibria(many)
    for draw in range(5):
        one, own = many.draw(draw), [s[draw] for s in profile]
        np.testing.assert_allclose(regret(one, own), gains[draw])
        np.testing.assert_allclose(expected_payoffs(one, own), payoffs[draw])
        assert relative_regret(one, own) == pytest.approx(share[draw])
        np.testing.assert_array_equal(pure_equilibria(one), mask[draw])
    shared = [s[0] for s in profile]
    np.testing.assert_allclose(regret(many, shared)[3], regret(many.draw(3), shared))
    np.testing.assert_allclose(many.mean().payoffs, many.payoffs.mean(axis=0))


@given(games(players=(1, 4), actions=(1, 3)))
def test_pure_equilibria_are_the_profiles_without_regret(game: NormalFormGame) -> None:
    mask = pure_equilibria(game)
    for actions in product(*(range(m) for m in game.shape)):
        at = relative_regret(game, pure_profile(game, actions))
        assert mask[actions] == (at <= 1e-8)
    assert pure_profiles(mask) == tuple(sorted(pure_profiles(mask)))


@given(hnp.arrays(float, (2, 3, 4), elements=st.integers(0, 40).map(float)))
def test_merging_ties_raises_to_the_leader_and_no_further(payoffs: np.ndarray) -> None:
    game = NormalFormGame(payoffs)
    merged = merge_ties(game, 0.125)
    gap = 0.125 * game.payoff_range[0]
    for player in range(2):
        before = np.moveaxis(payoffs[player], player, 0)
        after = np.moveaxis(merged.payoffs[player], player, 0)
        assert np.all(after >= before)
        assert np.all(after - before <= gap[player])
        assert np.array_equal(after.max(axis=0), before.max(axis=0))
        near = before >= before.max(axis=0) - gap[player]
        assert np.array_equal(after == after.max(axis=0), near)
    assert np.array_equal(merge_ties(game, 0.0).payoffs, game.payoffs)


def test_a_near_tie_is_no_equilibrium_until_ties_are_merged() -> None:
    game = bimatrix([[1.0, 0.0], [1.0 + 1e-7, 1.0]], [[1.0, 0.0], [1.0, 0.0]])
    assert not pure_equilibria(game)[0, 0]
    assert pure_equilibria(merge_ties(game))[0, 0]
    assert pure_equilibria(game)[1, 0]


def test_prisoners_dilemma_and_weak_dominance() -> None:
    dilemma = bimatrix([[3, 0], [5, 1]], [[3, 5], [0, 1]])
    assert [list(mask) for mask in dominated(dilemma)] == [[True, False]] * 2
    assert iterated_elimination(dilemma).kept == ((1,), (1,))
    weak = bimatrix([[1, 1], [1, 0]], [[0, 0], [0, 0]])
    assert not any(mask.any() for mask in dominated(weak))
    assert list(dominated(weak, strict=False)[0]) == [False, True]


def test_a_mixture_can_dominate_where_no_pure_action_does() -> None:
    game = bimatrix([[3, 0], [0, 3], [1, 1]], [[0, 0], [0, 0], [0, 0]])
    assert not dominated(game, mixed=False)[0].any()
    assert list(dominated(game)[0]) == [False, False, True]
    edge = bimatrix([[2, 0], [0, 2], [1, 1]], [[0, 0], [0, 0], [0, 0]])
    assert not dominated(edge)[0].any()
    assert not dominated(edge, strict=False)[0].any()


def test_iterated_elimination_goes_round_by_round() -> None:
    # Osborne and Rubinstein's kind of example: R goes first, then B, then L.
    game = bimatrix([[1, 1, 0], [0, 0, 2]], [[0, 2, 1], [3, 1, 0]])
    reduced = iterated_elimination(game)
    assert reduced.rounds == (((), (2,)), ((1,), ()), ((), (0,)))
    assert reduced.kept == ((0,), (1,))
    assert reduced.game.actions == (("1",), ("2",))


@given(games(players=(2, 3)), st.integers(0, 10**6), st.booleans())
@settings(deadline=None, max_examples=40)
def test_survivors_of_many_draws_are_those_of_each(
    one: NormalFormGame, seed: int, strict: bool
) -> None:
    noise = np.random.default_rng(seed).integers(-1, 2, (4, *one.payoffs.shape))
    game = NormalFormGame(one.payoffs + noise, batched=True)
    masks = survivors(game, strict=strict)
    for b in range(game.n_draws):
        kept = iterated_elimination(game.draw(b), strict=strict, mixed=False).kept
        assert tuple(tuple(np.flatnonzero(mask[b])) for mask in masks) == kept


def test_survivors_of_one_draw() -> None:
    game = bimatrix([[1, 1, 0], [0, 0, 2]], [[0, 2, 1], [3, 1, 0]])
    assert [list(mask) for mask in survivors(game)] == [[True, False], [False, True, False]]


@given(games(players=(2, 3), actions=(1, 3)))
@settings(deadline=None, max_examples=40)
def test_strict_elimination_loses_no_pure_equilibrium(game: NormalFormGame) -> None:
    kept = iterated_elimination(game).kept
    for actions in pure_profiles(pure_equilibria(game)):
        assert all(action in own for action, own in zip(actions, kept, strict=True))


@pytest.mark.parametrize(
    ("payoffs", "batched", "says"),
    [
        ([[1, 2], [3, 4]], False, r"shape \(N, m_1"),
        (np.zeros((5, 2, 2, 2)), False, "batched=True"),
        (np.zeros((2, 2, 2)), True, r"\(B, N, m_1"),
        (np.zeros((2, 0, 2)), False, "at least one action"),
        ([[[1, np.nan], [0, 0]], [[0, 0], [0, 0]]], False, "NaN is not allowed"),
        ([[[1, np.inf], [0, 0]], [[0, 0], [0, 0]]], False, "finite"),
        ([[["x", 1], [0, 0]], [[0, 0], [0, 0]]], False, "numbers are allowed"),
    ],
)
def test_tables_that_are_no_game(payoffs: object, batched: bool, says: str) -> None:
    with pytest.raises(GameError, match=says):
        NormalFormGame(payoffs, batched=batched)


def test_other_faults_say_what_is_allowed() -> None:
    with pytest.raises(GameError, match="2 names are allowed"):
        NormalFormGame(CHICKEN.payoffs, players=["US"])
    with pytest.raises(GameError, match=r"\(2, 2\) names"):
        NormalFormGame(CHICKEN.payoffs, actions=[["a"], ["b", "c"]])
    with pytest.raises(GameError, match="add to 1"):
        regret(CHICKEN, [[0.5, 0.6], [1, 0]])
    with pytest.raises(GameError, match="2 strategies"):
        regret(CHICKEN, [[1, 0]])
    with pytest.raises(GameError, match=r"shape \(2,\)"):
        regret(CHICKEN, [[1, 0], [1, 0, 0]])
    with pytest.raises(GameError, match="one index"):
        pure_profile(CHICKEN, [0, 2])
    with pytest.raises(GameError, match="0 to 0"):
        CHICKEN.draw(1)
    with pytest.raises(GameError, match="non-empty"):
        CHICKEN.restrict([[0], []])
    with pytest.raises(GameError, match="one shape"):
        bimatrix([[1, 2]], [[1], [2]])
    with pytest.raises(GameError, match=r"\[0, 1\)"):
        merge_ties(CHICKEN, 1.5)
    with pytest.raises(GameError, match="one draw"):
        iterated_elimination(NormalFormGame(CHICKEN.table, batched=True))


def test_the_table_is_the_games_own_and_read_only() -> None:
    payoffs = np.zeros((2, 2, 2))
    game = NormalFormGame(payoffs)
    payoffs[0, 0, 0] = 9.0
    assert game.payoffs[0, 0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        game.payoffs[0, 0, 0] = 1.0
    assert np.array_equal(zero_sum([[1, -1]]).payoffs, [[[1, -1]], [[-1, 1]]])


def test_ties_do_not_hide_weak_dominance_by_a_pure_action():
    """The second row pays the same in one column and less in the other."""
    row = [[1.0, 2.0], [1.0, 1.0], [0.0, 3.0]]
    game = NormalFormGame([row, np.zeros((3, 2))])
    assert list(dominated(game, strict=False, mixed=False)[0]) == [False, True, False]
    assert not dominated(game, strict=True, mixed=False)[0].any()
