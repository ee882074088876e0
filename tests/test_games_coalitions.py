"""Coalitions: values by orders of arrival, the core with its proof, the nucleolus by Kohlberg."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from sim.errors import GameError
from sim.games import (
    CoalitionalGame,
    airport_game,
    bankruptcy_game,
    characteristic_function,
    core,
    excesses,
    merge_players,
    nucleolus,
    owen_value,
    shapley_value,
    voting_power,
    weighted_voting_game,
)

UNANIMITY = characteristic_function({("US", "JPN", "ROK"): 1.0}, ("US", "JPN", "ROK"))
EITHER_ALLY = characteristic_function(
    lambda who: float("US" in who and len(who) > 1), ("US", "JPN", "ROK")
)


@st.composite
def coalitional(draw: st.DrawFn, low: int = 1, high: int = 4) -> CoalitionalGame:
    n = draw(st.integers(low, high))
    values = draw(st.lists(st.integers(-5, 12), min_size=2**n - 1, max_size=2**n - 1))
    return CoalitionalGame([0.0, *map(float, values)])


def by_orders(game: CoalitionalGame, unions: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Return average marginal contributions over the orders in which unions stay together."""
    n = game.n_players
    home = {p: k for k, union in enumerate(unions) for p in union}
    total, count = np.zeros(n), 0
    for order in permutations(range(n)):
        blocks = [home[p] for p in order]
        if sum(a != b for a, b in pairwise(blocks)) != len(unions) - 1:
            continue
        count += 1
        coalition = 0
        for p in order:
            total[p] += game.values[coalition | 1 << p] - game.values[coalition]
            coalition |= 1 << p
    return total / count


@given(coalitional())
def test_shapley_value_is_the_average_over_orders_of_arrival(game: CoalitionalGame) -> None:
    alone = tuple((p,) for p in range(game.n_players))
    value = shapley_value(game)
    np.testing.assert_allclose(value, by_orders(game, alone), atol=1e-12)
    assert value.sum() == pytest.approx(game.values[-1])


@given(coalitional(2, 5), st.data())
@settings(deadline=None, max_examples=50)
def test_owen_value_is_the_average_over_orders_of_unions(
    game: CoalitionalGame, data: st.DataObject
) -> None:
    labels = data.draw(
        st.lists(st.integers(0, 2), min_size=game.n_players, max_size=game.n_players)
    )
    unions = [[p for p in range(game.n_players) if labels[p] == k] for k in set(labels)]
    named = [[game.players[p] for p in union] for union in unions]
    value = owen_value(game, named)
    expected = by_orders(game, tuple(tuple(u) for u in unions))
    np.testing.assert_allclose(value, expected, atol=1e-12)
    between = shapley_value(merge_players(game, named))
    order = sorted(unions, key=min)
    np.testing.assert_allclose([value[u].sum() for u in order], between, atol=1e-12)


def test_draws() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(6, 16))
    values[:, 0] = 0
    game = CoalitionalGame(values)
    for draw in range(6):
        np.testing.assert_allclose(shapley_value(game)[draw], shapley_value(game.draw(draw)))
        bloc = [("2", "4")]
        np.testing.assert_allclose(owen_value(game, bloc)[draw], owen_value(game.draw(draw), bloc))
    table = characteristic_function({("a", "b"): np.arange(3.0)}, "ab")
    np.testing.assert_array_equal(table.value("ab"), [0, 1, 2])
    assert table.draw(2).value(["b", "a"]) == 2.0


def test_joint_front_pays_for_substitutes_and_costs_complements() -> None:
    bloc = [("JPN", "ROK")]
    np.testing.assert_allclose(shapley_value(UNANIMITY)[1:].sum(), 2 / 3)
    np.testing.assert_allclose(owen_value(UNANIMITY, bloc)[1:].sum(), 1 / 2)
    np.testing.assert_allclose(shapley_value(EITHER_ALLY)[1:].sum(), 1 / 3)
    np.testing.assert_allclose(owen_value(EITHER_ALLY, bloc)[1:].sum(), 1 / 2)
    merged = merge_players(UNANIMITY, [("ROK", "JPN")])
    assert merged.players == ("US", "JPN+ROK")


# --- votes ---------------------------------------------------------------------------------


def test_security_council_exactly() -> None:
    power = voting_power(39, [7] * 5 + [1] * 10)
    np.testing.assert_allclose(power[:5], 421 / 2145, rtol=1e-15)
    np.testing.assert_allclose(power[5:], 4 / 2145, rtol=1e-15)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=7), st.data())
def test_voting_power_is_the_shapley_value_of_the_vote(
    weights: list[int], data: st.DataObject
) -> None:
    if not sum(weights):
        return
    quota = data.draw(st.integers(1, sum(weights)))
    expected = shapley_value(weighted_voting_game(quota, weights))
    np.testing.assert_allclose(voting_power(quota, weights), expected, atol=1e-14)


def test_many_voters() -> None:
    power = voting_power(51, [1] * 100)
    np.testing.assert_allclose(power, 0.01, rtol=1e-12)


# --- core ----------------------------------------------------------------------------------


@given(coalitional(1, 5))
@settings(deadline=None)
def test_core_comes_with_a_proof_either_way(game: CoalitionalGame) -> None:
    found = core(game)
    n = game.n_players
    assert found.converged
    if found.empty:
        cover = np.zeros(n)
        worth = 0.0
        for coalition, weight in found.balanced.items():
            assert weight > 0
            cover += weight * np.array([coalition >> p & 1 for p in range(n)])
            worth += weight * game.values[coalition]
        np.testing.assert_allclose(cover, 1.0, atol=1e-8)
        assert worth > game.values[-1]
        assert found.slack < 0
    else:
        assert found.element.sum() == pytest.approx(game.values[-1], abs=1e-9)
        assert excesses(game, found.element).max() <= 1e-7


def test_cores_of_known_games() -> None:
    majority = weighted_voting_game(2, [1, 1, 1])
    assert core(majority).balanced == {0b011: 0.5, 0b101: 0.5, 0b110: 0.5}
    np.testing.assert_allclose(core(EITHER_ALLY).element, [1, 0, 0], atol=1e-9)
    assert not core(UNANIMITY).empty
    np.testing.assert_array_equal(core(CoalitionalGame([0, 7])).element, [7])
    np.testing.assert_array_equal(nucleolus(CoalitionalGame([0, 7])).payoffs, [7])
    convex = bankruptcy_game(200, [100, 200, 300])
    shares = shapley_value(convex)
    assert excesses(convex, shares).max() <= 1e-9


# --- nucleolus -----------------------------------------------------------------------------


def balanced_with(rows: np.ndarray) -> bool:
    """Return whether positive weights on all rows add to the grand coalition's row."""
    if not len(rows):
        return False
    solved = linprog(
        np.zeros(len(rows)), A_eq=rows.T, b_eq=np.ones(rows.shape[1]), bounds=(1e-6, None)
    )
    return bool(solved.status == 0)


@given(coalitional(2, 4))
@settings(deadline=None, max_examples=60)
def test_prenucleolus_meets_kohlbergs_criterion(game: CoalitionalGame) -> None:
    # For every level, the coalitions with at least that excess are a balanced collection.
    found = nucleolus(game, rational=False)
    assert found.converged
    assert found.payoffs.sum() == pytest.approx(game.values[-1], abs=1e-8)
    n = game.n_players
    members = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(float)
    short = excesses(game, found.payoffs)[1:-1]
    for level in np.unique(short.round(6)):
        assert balanced_with(members[1:-1][short >= level - 1e-6])
    assert found.levels[0] == pytest.approx(short.max(), abs=1e-7)
    assert np.all(np.diff(found.levels) <= 1e-9)


@given(coalitional(2, 4), st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_no_imputation_is_lexicographically_better(game: CoalitionalGame, seed: int) -> None:
    n = game.n_players
    alone = game.values[2 ** np.arange(n)]
    surplus = game.values[-1] - alone.sum()
    if surplus < 0:
        with pytest.raises(GameError, match="prenucleolus"):
            nucleolus(game)
        return
    found = nucleolus(game)
    assert found.converged
    assert np.all(found.payoffs >= alone - 1e-8)
    ours = np.sort(excesses(game, found.payoffs))[::-1]
    rng = np.random.default_rng(seed)
    for _ in range(40):
        other = alone + surplus * rng.dirichlet(np.full(n, 0.5))
        near = found.payoffs + 10 ** rng.uniform(-5, 0) * (other - found.payoffs)
        theirs = np.sort(excesses(game, near))[::-1]
        first = np.flatnonzero(np.abs(theirs - ours) > 1e-7)
        assert not len(first) or theirs[first[0]] > ours[first[0]]


def test_talmud() -> None:
    for estate, shares in ((100, [100 / 3] * 3), (200, [50, 75, 75]), (300, [50, 100, 150])):
        found = nucleolus(bankruptcy_game(estate, [100, 200, 300]))
        np.testing.assert_allclose(found.payoffs, shares, atol=1e-9)
        # Consistency (Aumann and Maschler): any two divide their sum by the contested garment.
        for i, j in combinations(range(3), 2):
            claims = np.array([100, 200, 300])[[i, j]]
            both = found.payoffs[i] + found.payoffs[j]
            concede = (both - claims[::-1]).clip(min=0)
            expected = concede + (both - concede.sum()) / 2
            np.testing.assert_allclose(found.payoffs[[i, j]], expected, atol=1e-9)


def test_a_player_nobody_can_satisfy_is_held_at_its_own_worth() -> None:
    # The prenucleolus of this game gives player 1 less than it has alone.
    game = CoalitionalGame([0, 0, 0, 0, 0, 0, 20, 2])
    free, held = nucleolus(game, rational=False), nucleolus(game)
    assert free.payoffs[0] < -1
    np.testing.assert_allclose(held.payoffs, [0, 1, 1], atol=1e-9)


# --- airport and faults --------------------------------------------------------------------


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_airport_shares_each_stretch_among_those_who_need_it(costs: list[int]) -> None:
    shares = shapley_value(airport_game(costs))
    steps = sorted({0, *costs})
    for player, need in enumerate(costs):
        own = 0.0
        for a, b in pairwise(steps):
            if need >= b:
                own += (b - a) / sum(c >= b for c in costs)
        assert shares[player] == pytest.approx(own, abs=1e-12)


def test_twenty_players_at_once() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=2**20)
    values[0] = 0
    assert shapley_value(CoalitionalGame(values)).sum() == pytest.approx(values[-1])
    assert factorial(20) > 10**18  # orders of arrival that were not enumerated


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CoalitionalGame([0, 1, 2]), r"\(2\^n,\)"),
        (lambda: CoalitionalGame([1, 1]), "empty coalition"),
        (lambda: CoalitionalGame([0, np.nan]), "NaN"),
        (lambda: CoalitionalGame([0, 1], ["a", "b"]), "1 different names"),
        (lambda: UNANIMITY.value(["EU"]), "US, JPN, ROK are allowed"),
        (lambda: owen_value(UNANIMITY, [["US"], ["US"]]), "one union"),
        (lambda: merge_players(UNANIMITY, [["EU"]]), "US, JPN, ROK are allowed"),
        (lambda: characteristic_function({("x",): 1}, "ab"), "a, b are allowed"),
        (lambda: characteristic_function({}, [str(i) for i in range(21)]), "1 to 20 names"),
        (lambda: bankruptcy_game(700, [100, 200, 300]), "between 0 and their sum"),
        (lambda: airport_game([-1]), "at least 0"),
        (lambda: weighted_voting_game(1, [[1, 2]]), "one number at least 0"),
        (lambda: bankruptcy_game(1, [[1, 2]]), "1 to 20 players"),
        (lambda: voting_power(9, [1, 2]), "up to 3 is allowed"),
        (lambda: voting_power(1, [0.5, 1]), "whole number"),
        (lambda: voting_power(10**6, [10**6] * 9), "players"),
        (lambda: core(CoalitionalGame(np.zeros((2, 4)))), "one draw"),
        (lambda: nucleolus(CoalitionalGame(np.zeros(2**16))), "up to 15 players"),
        (lambda: excesses(UNANIMITY, [1, 2]), "3 numbers"),
    ],
)
def test_faults(make: object, says: str) -> None:
    with pytest.raises(GameError, match=says):
        make()
