"""Equilibria, quantal responses and files against Gambit.

Games go to Gambit as the text of a `.nfg` or `.efg` file, so that every comparison is one of the
files too. Where Gambit can compute with rational numbers it does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pygambit
from hypothesis import given, settings
from typer.testing import CliRunner

from against import compared
from against.profiles import (
    CATALOGUE,
    TIED,
    apart,
    flat,
    missing,
    ours,
    random_games,
    tied_games,
)
from sim.bargaining import BoxProblem, frontier
from sim.cli.app import app
from sim.games import (
    Menu,
    NormalFormGame,
    Stage,
    correlated_equilibrium,
    equilibria,
    finite_horizon,
    logit_response,
    logit_selection,
    nfg_text,
    parse_efg,
    parse_nfg,
    pure_equilibria,
    pure_profiles,
    read,
    two_by_two_equilibria,
)
from sim.negotiation import median_theta
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import take_seat
from sim.negotiation.talks import talks_of
from sim.scenario import Scenario, load_scenario
from sim.testing import games

ROOT = Path(__file__).parents[2]
CATALOG = Path(pygambit.__file__).parent / "catalog_data"
WITH_STANCES = (
    "us-allies-2025-04",
    "us-allies-2025-04-in-force",
    "us-allies-higher-threat",
    "us-allies-joint-front",
    "us-allies-three-way-table",
)
APART = "distance of the sets, in probabilities"
OUTCOMES = '\n{\n{ "'
"""Where the list of outcomes begins, in a file of that version."""


def table(game: NormalFormGame) -> pygambit.Game:
    """Return a game as Gambit reads it."""
    return pygambit.read_nfg(io.StringIO(nfg_text(game)))


def theirs(found: pygambit.nash.NashComputationResult) -> list[np.ndarray]:
    """Return the profiles that Gambit found."""
    return [listed(profile) for profile in found.equilibria]


def listed(profile: pygambit.MixedStrategyProfile) -> np.ndarray:
    """Return the probabilities of a profile one after the other."""
    players = profile.game.players
    return np.array([float(profile[s]) for player in players for s in player.strategies])


def worst_regret(game: NormalFormGame, found: np.ndarray) -> float:
    """Return the largest regret of profiles by Gambit's reckoning, as a share of its range."""
    there, worst = table(game), 0.0
    span = float(max(there.max_payoff - there.min_payoff, 1e-300))
    for row in found:
        cut = np.split(row, np.cumsum(game.shape)[:-1])
        profile = there.mixed_strategy_profile(data=[list(map(float, own)) for own in cut])
        worst = max(worst, float(profile.max_regret()) / span)
    return worst


def payoffs_of(game: pygambit.Game) -> np.ndarray:
    """Return Gambit's payoff table, shape (N, m_1, ..., m_N)."""
    return np.array([own.astype(float) for own in game.to_arrays(float)])


def random_tables(seed: int, shapes: list[tuple[int, ...]], each: int) -> Iterator[NormalFormGame]:
    """Yield games with normal payoffs."""
    rng = np.random.default_rng(seed)
    for shape in shapes:
        for _ in range(each):
            yield NormalFormGame(rng.normal(size=(len(shape), *shape)))


THREE = [(2, 2, 2), (3, 2, 2), (3, 3, 2), (2, 2, 2, 2)]


# --- equilibria ----------------------------------------------------------------------------


@compared(measure=APART, tolerance=1e-6)
def test_all_equilibria_of_random_games() -> Iterator[float]:
    """All equilibria of random games from 2×2 to 5×5, in rational numbers."""
    for game in random_games(1, each=2):
        found = theirs(pygambit.nash.enummixed_solve(table(game), rational=True))
        for method in ("vertex", "polynomial"):
            yield apart(ours(equilibria(game, method)), found)


@compared(measure=APART, tolerance=1e-6)
def test_2x2_games_in_draws() -> Iterator[float]:
    """All equilibria of random 2×2 games, by the closed form, in rational numbers."""
    payoffs = np.random.default_rng(2).normal(size=(100, 2, 2, 2))
    solved = two_by_two_equilibria(NormalFormGame(payoffs, batched=True))
    for draw, each in enumerate(payoffs):
        found = pygambit.nash.enummixed_solve(table(NormalFormGame(each)), rational=True)
        yield apart(ours(solved.draw(draw)), theirs(found))


@compared(measure=APART, tolerance=1e-6)
def test_all_equilibria_of_textbook_games() -> Iterator[float]:
    """All equilibria of textbook games, by every method, in rational numbers."""
    for game in CATALOGUE.values():
        found = theirs(pygambit.nash.enummixed_solve(table(game), rational=True))
        for method in ("auto", "vertex", "support", "polynomial"):
            yield apart(ours(equilibria(game, method)), found)


@compared(measure=APART, tolerance=1e-6)
def test_extreme_equilibria_of_degenerate_games() -> Iterator[float]:
    """Extreme equilibria of degenerate games of two players, in rational numbers."""
    for game in (*TIED.values(), *tied_games(3, count=100)):
        found = theirs(pygambit.nash.enummixed_solve(table(game), rational=True))
        yield apart(ours(equilibria(game)), found)


@compared(measure="distance of theirs from ours, in probabilities", tolerance=1e-6)
def test_pivoting_in_degenerate_games() -> Iterator[float]:
    """Equilibria of degenerate games to which complementary pivoting leads, in rational numbers."""
    for game in (*TIED.values(), *tied_games(11, count=40)):
        found = pygambit.nash.lcp_solve(table(game), rational=True, use_strategic=True)
        yield missing(theirs(found), ours(equilibria(game)))


@compared(measure="pure equilibria that one of the two lacks", tolerance=0)
def test_pure_equilibria() -> Iterator[float]:
    """Pure equilibria of random games with ties, two to four players."""
    rng = np.random.default_rng(4)
    for shape in (*[(4, 5)] * 20, *[(3, 4, 3)] * 20, *[(2, 3, 2, 3)] * 20):
        game = NormalFormGame(rng.integers(-3, 4, size=(len(shape), *shape)))
        found = theirs(pygambit.nash.enumpure_solve(table(game)))
        mine = pure_profiles(pure_equilibria(game))
        other = {
            tuple(int(own.argmax()) for own in np.split(row, np.cumsum(shape)[:-1]))
            for row in found
        }
        yield len(set(mine) ^ other)


@compared(measure="distance of theirs from ours, in probabilities", tolerance=1e-6)
def test_equilibria_of_three_and_four_players() -> Iterator[float]:
    """Every equilibrium that Gambit's polynomial systems give, three and four players."""
    for game in random_tables(5, THREE, 6):
        found = pygambit.nash.enumpoly_solve(table(game), use_strategic=True, maxregret=1e-9)
        yield missing(theirs(found), ours(equilibria(game)))


@compared(measure="regret by Gambit, relative to the range of payoffs", tolerance=1e-9)
def test_regret_of_three_and_four_players() -> Iterator[float]:
    """Every equilibrium listed here is one by Gambit's payoffs, three and four players."""
    for game in random_tables(5, THREE, 6):
        found = equilibria(game)
        assert found.complete
        yield worst_regret(game, ours(found))


@compared(measure="distance of theirs from ours, in probabilities", tolerance=1e-5)
def test_simplicial_subdivision() -> Iterator[float]:
    """The equilibrium to which simplicial subdivision leads, three players."""
    for game in random_tables(6, THREE[:2], 5):
        there = table(game)
        start = there.mixed_strategy_profile(rational=True)
        found = pygambit.nash.simpdiv_solve(start, maxregret=pygambit.Rational(1, 10**8))
        yield missing(theirs(found), ours(equilibria(game)))


# --- quantal responses and correlated equilibria -------------------------------------------


@compared(measure="difference of a probability", tolerance=1e-6)
def test_quantal_responses() -> Iterator[float]:
    """Logit quantal responses on the principal branch at six precisions, two and three players."""
    at = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0]
    for game in random_tables(7, [(2, 2), (3, 3), (4, 3), (2, 2, 2), (3, 2, 2)], 5):
        branch = pygambit.qre.logit_solve_lambda(table(game), at)
        for precision, point in zip(at, branch, strict=True):
            found = logit_response(game, precision)
            assert found.converged
            yield float(np.abs(flat(found.profile) - listed(point.profile)).max())


@compared(measure="difference of a probability", tolerance=1e-6)
def test_selection_by_the_logit_branch() -> Iterator[float]:
    """The equilibrium to which the principal logit branch leads, two and three players."""
    for game in random_tables(8, [(2, 2), (3, 3), (2, 2, 2), (3, 2, 2)], 5):
        found = logit_selection(game)
        assert found.converged
        (limit,) = theirs(pygambit.nash.logit_solve(table(game), maxregret=1e-10))
        yield float(np.abs(flat(found.profile) - limit).max())


@compared(measure="value short of the best of Gambit's Nash equilibria", tolerance=1e-9)
def test_no_nash_equilibrium_beats_the_best_correlated_one() -> Iterator[float]:
    """The best correlated equilibrium pays in all at least what the best Nash equilibrium does."""
    for game in (*random_games(9, each=1), *CATALOGUE.values()):
        found = pygambit.nash.enummixed_solve(table(game), rational=True).equilibria
        best = max(float(sum(one.payoff(p) for p in one.game.players)) for one in found)
        yield max(0.0, best - correlated_equilibrium(game).value)


# --- files ---------------------------------------------------------------------------------


@compared(measure="relative difference of a payoff", tolerance=1e-14)
def test_games_of_gambits_catalogue() -> Iterator[float]:
    """Reduced normal form of every game of Gambit's catalogue of the literature."""
    for path in sorted([*CATALOG.rglob("*.nfg"), *CATALOG.rglob("*.efg")]):
        game = read(path)
        there = payoffs_of(getattr(pygambit, f"read_{path.suffix[1:]}")(path))
        here = (game if isinstance(game, NormalFormGame) else game.normal_form()).payoffs
        assert here.shape == there.shape
        yield float((np.abs(here - there) / np.maximum(1.0, np.abs(there))).max())


@compared(measure=APART, tolerance=1e-6)
def test_equilibria_of_gambits_catalogue() -> Iterator[float]:
    """Extreme equilibria of the two-player games of Gambit's catalogue, in rational numbers."""
    for path in sorted([*CATALOG.rglob("*.nfg"), *CATALOG.rglob("*.efg")]):
        game = read(path)
        form = game if isinstance(game, NormalFormGame) else game.normal_form()
        if form.n_players == 2:
            found = pygambit.nash.enummixed_solve(table(form), rational=True)
            yield apart(ours(equilibria(form)), theirs(found))


@compared(measure="relative difference of a payoff", tolerance=1e-14)
def test_files_written_by_gambit() -> Iterator[float]:
    """Files that Gambit writes: tables with outcomes, tables with payoffs, trees."""
    for game in random_tables(10, [(2, 3), (3, 2, 2)], 3):
        text = table(game).to_nfg()
        assert OUTCOMES in text
        yield float(np.abs(parse_nfg(text).payoffs - game.payoffs).max())
    for path in sorted(CATALOG.rglob("*.efg")):
        there, here = pygambit.read_efg(path), read(path).normal_form().payoffs
        text = there.to_nfg()
        assert OUTCOMES not in text
        reduced = parse_nfg(text).payoffs
        yield float((np.abs(reduced - here) / np.maximum(1.0, np.abs(here))).max())
        yield float(np.abs(parse_efg(there.to_efg()).normal_form().payoffs - here).max())


@given(games(players=(1, 3), actions=(1, 3)))
@settings(max_examples=50)
def test_any_table_is_the_same_game_there(game: NormalFormGame) -> None:
    there = table(game)
    np.testing.assert_array_equal(payoffs_of(there), game.payoffs)
    assert tuple(player.label for player in there.players) == game.players


# --- shipped scenarios ---------------------------------------------------------------------


def exported(path: Path, form: str, folder: str, *more: str) -> Path:
    """Return the file that `sim export` writes of a scenario."""
    out = Path(folder) / f"{path.stem}.{form}"
    given = ["export", str(path), "--format", form, "-o", str(out), *more]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    return out


@compared(measure="distance of the sets, in probabilities", tolerance=1e-6)
def test_stance_games_of_shipped_scenarios() -> Iterator[float]:
    """Equilibria of the three-player stance games of shipped scenarios, as `sim export` writes."""
    for name in WITH_STANCES:
        path = ROOT / "scenarios" / f"{name}.yaml"
        with TemporaryDirectory() as folder:
            out = exported(path, "nfg", folder)
            game, there = read(out), pygambit.read_nfg(out)
        assert isinstance(game, NormalFormGame)
        np.testing.assert_array_equal(payoffs_of(there), game.payoffs)
        found = equilibria(game)  # stances that lead to the same make it degenerate
        assert worst_regret(game, ours(found)) <= 1e-9
        pure = theirs(pygambit.nash.enumpure_solve(there))
        yield apart(ours(found)[[one.pure for one in found]], pure)
        some = theirs(pygambit.nash.enumpoly_solve(there, use_strategic=True, maxregret=1e-9))
        yield missing(some, ours(found))


@compared(measure="relative difference of a payoff", tolerance=1e-9)
def test_subgame_perfect_payoffs_of_the_base_case() -> Iterator[float]:
    """Subgame-perfect payoffs of offers over time in the base case, as `sim export` writes them."""
    path = ROOT / "scenarios" / "us-allies-2025-04.yaml"
    scenario = load_scenario(path)
    for name, rounds in product(scenario.talks, (1, 2, 3)):
        with TemporaryDirectory() as folder:
            out = exported(path, "efg", folder, "--table", name, "--rounds", str(rounds))
            there = pygambit.read_efg(out)
        profile = there.mixed_behavior_profile()
        backwards(there.root, profile)
        for node in there.nodes:
            for child in node.children if node.player and not node.player.is_chance else ():
                gain = profile.node_value(node.player, child) - profile.node_value(
                    node.player, node
                )
                assert gain <= 1e-9
        value = offers_over_time(scenario, name, rounds)
        for player, mine in zip(there.players, value, strict=True):
            yield abs(profile.payoff(player) / mine - 1)


def backwards(node: pygambit.Node, profile: pygambit.MixedBehaviorProfile) -> np.ndarray:
    """Set the best action at every node below, by backward induction; return the payoffs."""
    players = node.game.players
    if node.is_terminal:
        return np.array([float(node.outcome[player]) for player in players])
    below = np.array([backwards(child, profile) for child in node.children])
    if node.player.is_chance:
        return np.array([float(action.prob) for action in node.infoset.actions]) @ below
    best = int(below[:, node.player.number].argmax())
    for position, action in enumerate(node.infoset.actions):
        profile[action] = float(position == best)
    return below[best]


def offers_over_time(scenario: Scenario, name: str, rounds: int) -> np.ndarray:
    """Return the value, before the first offer, of the deals that an exported tree offers."""
    theta = median_theta(scenario)
    seat = take_seat(compile_case(scenario, theta, 1), name)
    deals = frontier(BoxProblem(seat.payoffs, seat.lower, seat.upper, seat.failure()), 5)
    talks = talks_of(scenario, seat, scenario.talks[name], theta, 1)
    return finite_horizon(Stage(Menu(deals.payoffs), talks), rounds=rounds).payoffs[0]
