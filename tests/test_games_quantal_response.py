"""Logit quantal response: the fixed point, published limits, the branch and its end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, softmax

from sim.errors import GameError
from sim.games import (
    NormalFormGame,
    bimatrix,
    deviation_payoffs,
    equilibria,
    logit_path,
    logit_response,
    logit_selection,
    payoff_dominant,
    relative_regret,
    risk_dominant,
    zero_sum,
)
from sim.testing import games


def uneven_pennies(x: float) -> NormalFormGame:
    """Return matching pennies in which the row player wins x at (first, first) (Ochs 1995)."""
    return bimatrix([[x, 0], [0, 1]], [[0, 1], [1, 0]])


@given(games(players=(1, 3), actions=(1, 3)), st.floats(0.0, 20.0))
@settings(deadline=None, max_examples=60)
def test_response_is_the_logit_of_its_own_payoffs(game: NormalFormGame, lam: float) -> None:
    found = logit_response(game, lam)
    if not found.converged:
        return
    for strategy, payoffs in zip(
        found.profile, deviation_payoffs(game, found.profile), strict=True
    ):
        np.testing.assert_allclose(strategy, softmax(lam * payoffs), atol=1e-8)
    assert found.rationality == pytest.approx(lam)


def test_uniform_play_at_zero_precision() -> None:
    found = logit_response(uneven_pennies(9.0), 0.0)
    assert found.converged
    assert all(np.array_equal(strategy, [0.5, 0.5]) for strategy in found.profile)


@pytest.mark.parametrize("lam", [0.05, 0.3, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("x", [1.0, 4.0, 9.0])
def test_matching_pennies_has_one_response_found_by_bisection(x: float, lam: float) -> None:
    # One equation in p: q answers p, and p must answer q; the right side falls in p.
    def gap(p: float) -> float:
        q = expit(lam * ((1 - p) - p))
        return float(expit(lam * (x * q - (1 - q)))) - p

    p = brentq(gap, 0.0, 1.0, xtol=1e-15)
    found = logit_response(uneven_pennies(x), lam)
    assert found.converged
    assert found.profile[0][0] == pytest.approx(p, abs=1e-9)
    assert found.profile[1][0] == pytest.approx(expit(lam * (1 - 2 * p)), abs=1e-9)


def test_own_payoff_effect() -> None:
    # Nash play of the row player does not depend on its own payoff x; quantal response does
    # (Goeree and Holt 2001).
    shares = [float(logit_response(uneven_pennies(x), 1.0).profile[0][0]) for x in (1, 2, 4, 9)]
    assert shares[0] == pytest.approx(0.5, abs=1e-12)
    assert np.all(np.diff(shares) > 0.01)
    limit = logit_selection(uneven_pennies(9.0))
    np.testing.assert_allclose(limit.profile[0], [0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(limit.profile[1], [0.1, 0.9], atol=1e-12)


def test_units_of_payoffs_are_units_of_precision() -> None:
    game = uneven_pennies(4.0)
    dear = game.with_payoffs(1000 * game.payoffs + 7)
    one, other = logit_response(game, 2.0), logit_response(dear, 0.002)
    np.testing.assert_allclose(one.profile[0], other.profile[0], atol=1e-10)


def test_rock_paper_scissors_stays_uniform() -> None:
    path = logit_path(zero_sum([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]), 50.0)
    assert path.converged
    assert path.rationality[-1] == pytest.approx(50.0)
    for strategy in path.profiles:
        np.testing.assert_allclose(strategy, 1 / 3, atol=1e-12)


def test_the_branch_of_a_stag_hunt_ends_at_the_risk_dominant_equilibrium() -> None:
    # Symmetric 2×2 coordination (Turocy 2005); hare is risk dominant here.
    hunt = bimatrix([[4, 0], [3, 3]], [[4, 3], [0, 3]])
    found = logit_selection(hunt)
    assert found.converged
    assert [list(s) for s in found.profile] == [[0, 1], [0, 1]]
    path = logit_path(hunt, 10.0)
    assert np.all(np.diff(path.rationality) > 0)
    assert path.profiles[0][0, 0] == 0.5
    for lam, p in zip(path.rationality, path.profiles[0], strict=True):
        own = deviation_payoffs(hunt, [p, p])[0]
        np.testing.assert_allclose(p, softmax(lam * own), atol=1e-7)


def test_symmetric_coordination_in_draws_selects_risk_dominance() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=(300, 2, 2))
    a.sort(axis=1)
    a[:, :, 0] = a[:, ::-1, 0]  # both diagonal profiles strict
    game = bimatrix(a, a.swapaxes(1, 2))
    found, chosen = logit_selection(game), risk_dominant(game)
    assert found.converged.all()
    assert chosen.selected.all()
    played = np.stack([s.argmax(axis=1) for s in found.profile], axis=1)
    np.testing.assert_array_equal(played, chosen.actions)


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (3, 2, 3), (2, 2, 2, 2)])
def test_selection_is_an_equilibrium_and_draws_do_not_mix(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(11)
    many = NormalFormGame(rng.normal(size=(40, len(shape), *shape)), batched=True)
    found = logit_selection(many)
    assert found.converged.mean() > 0.97
    assert found.residual[found.converged].max() <= 1e-8
    assert np.all(relative_regret(many, found.profile)[found.converged] <= 1e-8)
    for draw in (0, 17, 39):
        alone = logit_selection(many.draw(draw))
        for one, all_ in zip(alone.profile, found.profile, strict=True):
            np.testing.assert_allclose(one, all_[draw], atol=1e-9)
    if len(shape) < 4:
        listed = equilibria(many.draw(0))
        ours = np.concatenate([s[0] for s in found.profile])
        gaps = [np.abs(ours - np.concatenate(one.profile)).max() for one in listed]
        assert min(gaps) < 1e-8


def test_the_branch_turns_back_and_is_followed() -> None:
    game = bimatrix(
        [[3, 9, 8], [2, 1, 9], [6, 0, 6]],
        [[5, 1, 1], [2, 6, 7], [2, 1, 7]],
    )
    path = logit_path(game, 60.0)
    assert path.converged
    back = np.diff(path.rationality).min()
    assert back < -0.1
    steps = np.max([np.abs(np.diff(s, axis=0)).max(axis=1) for s in path.profiles], axis=0)
    assert steps.max() < 0.25
    for lam, p, q in zip(path.rationality, *path.profiles, strict=True):
        for strategy, own in zip((p, q), deviation_payoffs(game, (p, q)), strict=True):
            np.testing.assert_allclose(strategy, softmax(lam * own), atol=1e-6)
    (only,) = equilibria(game)
    found = logit_selection(game)
    np.testing.assert_allclose(found.profile[0], only.profile[0], atol=1e-9)


def test_three_player_volunteers_reach_the_symmetric_equilibrium() -> None:
    acts = np.indices([2] * 3) == 0
    game = NormalFormGame(1.0 * acts.any(axis=0) - 0.4 * acts)
    found = logit_selection(game)
    assert found.converged
    np.testing.assert_allclose([s[1] for s in found.profile], 0.4**0.5, atol=1e-10)


@given(games(players=(2, 3), actions=(1, 3)))
@settings(deadline=None, max_examples=40)
def test_degenerate_games_converge_or_say_so(game: NormalFormGame) -> None:
    found = logit_selection(game)
    assert all(np.isfinite(s).all() and abs(s.sum() - 1) < 1e-12 for s in found.profile)
    if found.converged:
        assert relative_regret(game, found.profile) <= 1e-8


def test_a_bound_on_steps_is_flagged() -> None:
    found = logit_selection(uneven_pennies(9.0), max_steps=3)
    assert not found.converged
    short = logit_path(uneven_pennies(9.0), 100.0, max_steps=3)
    assert not short.converged
    assert len(short.rationality) <= 4


def test_faults() -> None:
    game = uneven_pennies(2.0)
    with pytest.raises(GameError, match=r"\[0, inf\)"):
        logit_response(game, -1.0)
    with pytest.raises(GameError, match="NaN"):
        logit_response(game, np.nan)
    with pytest.raises(GameError, match="one number, or 1"):
        logit_response(game, [1.0, 2.0])
    with pytest.raises(GameError, match="one draw"):
        logit_path(NormalFormGame(game.table, batched=True), 1.0)


@pytest.mark.parametrize("seed", range(6))
def test_a_selected_mixture_is_indifferent_to_the_last_digits(seed: int) -> None:
    """Not only as far as the branch went: each action of the support pays the same."""
    rng = np.random.default_rng(seed)
    pennies = np.array([[[1.0, -1.0], [-1.0, 1.0]], [[-1.0, 1.0], [1.0, -1.0]]])
    game = NormalFormGame(pennies * rng.uniform(0.5, 2.0, pennies.shape))
    found = logit_selection(game)
    assert found.converged
    assert min(s.min() for s in found.profile) > 0.01
    for pays in deviation_payoffs(game, found.profile):
        np.testing.assert_allclose(pays[0], pays[1], rtol=0, atol=1e-13)


def test_a_tie_for_one_player_does_not_stop_payoff_dominance() -> None:
    """(2, 1) pays nobody less than (1, 1), and the row player more."""
    game = bimatrix([[2, 0], [0, 1]], [[1, 0], [0, 1]])
    assert payoff_dominant(game).actions.tolist() == [0, 0]
    turned = bimatrix([[1, 0], [0, 2]], [[1, 0], [0, 1]])
    assert payoff_dominant(turned).actions.tolist() == [1, 1]
    crossed = bimatrix([[1, 0], [0, 2]], [[2, 0], [0, 1]])
    assert not payoff_dominant(crossed).selected
