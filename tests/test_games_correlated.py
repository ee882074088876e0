"""Correlated equilibria and selection among pure ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import (
    NormalFormGame,
    bimatrix,
    correlated_equilibrium,
    correlated_range,
    correlated_regret,
    equilibria,
    payoff_dominant,
    risk_dominant,
    zero_sum,
)
from sim.testing import games

CHICKEN = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])


def gain_from_disobeying(game: NormalFormGame, p: np.ndarray) -> float:
    """Return the largest gain over all players, recommendations and disobediences, by loops."""
    worst = 0.0
    for player, count in enumerate(game.shape):
        own = np.moveaxis(game.payoffs[player], player, 0)
        weight = np.moveaxis(p, player, 0)
        for told in range(count):
            for done in range(count):
                worst = max(worst, float((weight[told] * (own[done] - own[told])).sum()))
    return worst


def test_chicken() -> None:
    found = correlated_equilibrium(CHICKEN)
    np.testing.assert_allclose(found.distribution, [[0.5, 0.25], [0.25, 0.0]], atol=1e-9)
    np.testing.assert_allclose(found.payoffs, [5.25, 5.25], atol=1e-9)
    assert found.value == pytest.approx(10.5)
    assert found.converged
    best = correlated_equilibrium(CHICKEN, [1, 0])
    np.testing.assert_allclose(best.payoffs, [7, 2], atol=1e-9)


def test_an_objective_by_profile() -> None:
    # The most that the crash can be played: Aumann's chicken bounds it.
    crash = np.array([[0.0, 0.0], [0.0, 1.0]])
    found = correlated_equilibrium(CHICKEN, crash)
    assert 0.1 < found.value < 0.3
    assert gain_from_disobeying(CHICKEN, found.distribution) <= 1e-8


@given(games(players=(1, 3), actions=(1, 3)), st.integers(0, 10**6))
@settings(deadline=None, max_examples=50)
def test_obeyed_and_never_worse_than_any_nash_equilibrium(game: NormalFormGame, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=game.n_players)
    found = correlated_equilibrium(game, weights)
    coarse = correlated_equilibrium(game, weights, coarse=True)
    assert found.converged
    assert coarse.converged
    assert found.distribution.min() >= 0
    assert found.distribution.sum() == pytest.approx(1.0)
    span = float(game.payoff_range.max())
    assert gain_from_disobeying(game, found.distribution) <= 1e-8 * span
    assert correlated_regret(game, found.distribution) <= 1e-8
    assert coarse.value >= found.value - 1e-7 * (1 + span)
    for one in equilibria(game):
        assert float(weights @ one.payoffs) <= found.value + 1e-6 * (1 + span)


def test_zero_sum_games_have_their_value() -> None:
    game = zero_sum([[0, -1, 2], [1, 0, -1], [-2, 1, 0]])
    found = correlated_equilibrium(game, [1, 0])
    assert found.value == pytest.approx(0.0, abs=1e-9)


def test_regret_of_a_given_distribution() -> None:
    traffic = np.array([[0.0, 0.5], [0.5, 0.0]])
    assert correlated_regret(CHICKEN, traffic) == 0.0
    crash = np.array([[0.0, 0.0], [0.0, 1.0]])
    assert correlated_regret(CHICKEN, crash) == pytest.approx(2 / 7)
    assert correlated_regret(CHICKEN, crash, coarse=True) == pytest.approx(2 / 7)


def test_faults() -> None:
    with pytest.raises(GameError, match=r"shape \(2,\) or \(2, 2\)"):
        correlated_equilibrium(CHICKEN, [1, 2, 3])
    with pytest.raises(GameError, match="one draw"):
        correlated_equilibrium(NormalFormGame(CHICKEN.table, batched=True))
    with pytest.raises(GameError, match="Π m_i"):
        correlated_equilibrium(NormalFormGame(np.zeros((2, 300, 300))))
    with pytest.raises(GameError, match=r"shape \(2, 2\)"):
        correlated_regret(CHICKEN, [0.5, 0.5])
    with pytest.raises(GameError, match="add to 1"):
        correlated_regret(CHICKEN, np.full((2, 2), 0.3))


# --- selection -----------------------------------------------------------------------------


def test_stag_hunt_pits_payoff_against_risk() -> None:
    hunt = bimatrix([[4, 0], [3, 3]], [[4, 3], [0, 3]])
    assert list(risk_dominant(hunt).actions) == [1, 1]
    assert list(payoff_dominant(hunt).actions) == [0, 0]


def test_harsanyi_seltens_products() -> None:
    # Losses (4, 1) at the first against (1, 3) at the second: 4 > 3.
    game = bimatrix([[4, 0], [0, 1]], [[1, 0], [0, 3]])
    assert list(risk_dominant(game).actions) == [0, 0]
    even = bimatrix([[4, 0], [0, 1]], [[1, 0], [0, 4]])
    tied = risk_dominant(even)
    assert not tied.selected
    assert list(tied.actions) == [-1, -1]


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_risk_dominance_follows_the_larger_basin_of_mixed_play(seed: int) -> None:
    # 2×2: s is risk dominant iff the mixed equilibrium asks the players together for less.
    rng = np.random.default_rng(seed)
    a, b = 2.0 * np.eye(2) + rng.random((2, 2, 2))
    found = risk_dominant(bimatrix(a, b))
    q = (a[1, 1] - a[0, 1]) / (a[0, 0] - a[1, 0] + a[1, 1] - a[0, 1])
    p = (b[1, 1] - b[1, 0]) / (b[0, 0] - b[0, 1] + b[1, 1] - b[1, 0])
    assert found.selected
    assert found.actions[0] == (0 if p + q < 1 else 1)


def test_selection_in_draws_and_in_larger_games() -> None:
    rng = np.random.default_rng(2)
    many = NormalFormGame(rng.integers(0, 9, size=(200, 3, 2, 3, 2)) * 1.0, batched=True)
    for criterion in (risk_dominant, payoff_dominant):
        found = criterion(many)
        for draw in range(0, 200, 20):
            alone = criterion(many.draw(draw))
            assert alone.selected == found.selected[draw]
            assert list(alone.actions) == list(found.actions[draw])
        assert np.all((found.actions == -1).all(axis=1) == ~found.selected)
    dominant = payoff_dominant(many)
    for draw in np.flatnonzero(dominant.selected)[:20]:
        game = many.draw(draw)
        best = game.payoffs[(slice(None), *dominant.actions[draw])]
        for one in equilibria(game, "pure"):
            assert np.all(best >= one.payoffs - 1e-5)


def test_a_sole_pure_equilibrium_is_selected_and_none_is_not() -> None:
    dilemma = bimatrix([[3, 0], [5, 1]], [[3, 5], [0, 1]])
    assert list(risk_dominant(dilemma).actions) == [1, 1]
    pennies = zero_sum([[1, -1], [-1, 1]])
    assert not risk_dominant(pennies).selected
    with pytest.raises(GameError, match="equilibrium profiles are allowed"):
        risk_dominant(NormalFormGame(np.zeros((2, 60, 60))))
    # many profiles of which few are equilibria are no matter
    many = np.full((2, 60, 60), -9.0)
    many[0, [0, 7]] = many[1][:, [0, 7]] = -1.0
    many[:, [0, 0, 7, 7], [0, 7, 0, 7]] = [[4.0, 0.0, 3.0, 3.0], [4.0, 3.0, 0.0, 3.0]]
    assert list(risk_dominant(NormalFormGame(many)).actions) == [7, 7]


@given(games(players=(2, 3), actions=(1, 3)), st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_the_range_of_an_event_holds_every_nash_equilibrium(one: NormalFormGame, seed: int):
    rng = np.random.default_rng(seed)
    noise = rng.integers(-1, 2, (2, *one.payoffs.shape))
    game = NormalFormGame(one.payoffs + noise, batched=True)
    event = rng.random(game.shape) < 0.5
    found = correlated_range(game, event)
    assert found.converged.all()
    assert (found.low <= found.high + 1e-9).all()
    for b in range(game.n_draws):
        for one in equilibria(game.draw(b)):
            chance = event.astype(float)
            for strategy in one.profile:
                chance = np.tensordot(strategy, chance, axes=1)
            assert found.low[b] - 1e-7 <= float(chance) <= found.high[b] + 1e-7


def test_the_range_is_reached_by_points_of_the_polytope() -> None:
    """In chicken the payoff of a player runs from 2 to 7: its two pure equilibria."""
    found = correlated_range(CHICKEN, [1, 0])
    np.testing.assert_allclose([found.low, found.high], [[2], [7]], atol=1e-9)
    # The largest chance of the crash, by trying distributions on a grid.
    grid = np.linspace(0.0, 1.0, 41)
    best = 0.0
    for stay in grid:
        for first in grid[grid <= 1 - stay]:
            rest = 1 - stay - first
            for second in grid[grid <= rest]:
                p = np.array([[stay, first], [second, rest - second]])
                if gain_from_disobeying(CHICKEN, p) <= 1e-12:
                    best = max(best, p[1, 1])
    crash = correlated_range(CHICKEN, [[0, 0], [0, 1]])
    assert best <= crash.high[0] <= best + 0.05
    np.testing.assert_allclose(crash.low, 0.0, atol=1e-12)


def test_a_range_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(GameError, match=r"objective: shape \(2,\) or \(2, 2\) is allowed"):
        correlated_range(CHICKEN, [1, 2, 3])
