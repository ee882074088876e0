"""The stance game of a scenario: what a profile leads to, when, and at what cost."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import GameError, ScenarioError
from sim.negotiation import compile_case, solve_regimes
from sim.negotiation.stances import compose, leads_to, stance_game
from sim.scenario import Scenario, parse_scenario

TEXT = """
title: A hub and two allies
players: { X: { discount_rate: 0.1 }, H: { discount_rate: slow }, Y: {} }
parameters:
  size: { value: { uniform: [1, 3] } }
  slow: { value: { uniform: [0, 0.2] } }
  row: { value: { uniform: [0, 1] } }
issues:
  gain_x: { parties: [H, X], track: trade, range: [0, 1], status_quo: 0.5, breakdown: 0 }
  price_x: { parties: [H, X], track: trade, range: [-9, 9], status_quo: 0, breakdown: 0 }
  troops_x: { parties: [H, X], track: defence, domain: security, range: [0, 10], status_quo: 10,
              breakdown: 0 }
  gain_y: { parties: [H, Y], track: trade, range: [0, 1], status_quo: 0.5, breakdown: 0.25 }
  price_y: { parties: [H, Y], track: trade, range: [-9, 9], status_quo: 0, breakdown: 0 }
  aid_y: { parties: [H, Y], track: aid, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  gain_x: { linear: gain_x, weights: { X: size } }
  pay_x: { transfer: price_x, from: X, to: H }
  guard_x: { deterrence: troops_x, own_forces: 0, threat: 10, stakes: { X: 6, H: 2 } }
  gain_y: { linear: gain_y, weights: { Y: 4, X: 0.5 } }
  pay_y: { transfer: price_y, from: Y, to: H }
  aid_y: { linear: aid_y, weights: { Y: 1, H: 1 } }
regimes:
  linked: { erosion: 0.3 }
  hard: { like: linked, erosion: 0.6, threat_credibility: 0.5, audience_cost: { H: 0.4 } }
stances:
  players: { H: [apart, link], Y: [accept, refuse] }
  outcomes:
    - { when: { H: apart }, regime: separate }
    - { when: { H: link, Y: accept }, regime: linked, costs: { Y: row, H: 0.25 }, delay: 0.5 }
    - when: { H: link }
      regime: { X: hard, Y: separate }
      delay: { X: 0.25, Y: wait }
      meanwhile: breakdown
"""
WAIT = np.array([1.0, 0.1, 0.0, 0.25])
THETA = {
    "size": np.array([1.5, 2.0, 2.5, 1.0]),
    "slow": np.array([0.05, 0.1, 0.15, 0.0]),
    "row": np.array([0.2, 0.4, 0.6, 0.8]),
    "wait": WAIT,
}
HUB, ALLY = 0, 1


def loaded(text: str = TEXT) -> Scenario:
    text = text.replace("parameters:", "parameters:\n  wait: { value: { uniform: [0, 1] } }")
    return parse_scenario(text)


def table(base: np.ndarray, erosion: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what H and X have from their linked table, by Nash, and its surplus.

    Two terms: the price divides the gain size · ½ and what erosion takes from protection, which
    is 6 and 2 times D = 10c/(10c + 10), from the breakdown point.
    """
    lost = 10 * (1 - erosion) / (10 * (1 - erosion) + 10) - 0.5
    worth = np.column_stack([np.full(4, 2.0 * lost), 0.5 * base + 6.0 * lost])
    down = np.column_stack([np.full(4, -1.0), -0.5 * base - 3.0])
    surplus = (worth - down).sum(axis=1)
    return down + 0.5 * surplus[:, None], surplus


def test_the_game_has_the_payoffs_of_its_regimes_delays_and_costs() -> None:
    game = stance_game(loaded(), THETA, 4)
    assert game.players == ("H", "Y")
    assert game.stances == (("apart", "link"), ("accept", "refuse"))
    assert game.payoffs.shape == (4, 2, 2, 2)
    assert game.converged.all()
    np.testing.assert_array_equal(game.linked, [[False, False], [True, True]])
    assert game.linked.dtype == bool  # a mask over profiles
    assert game.regimes[0, 0] == game.regimes[0, 1] == "separate"
    assert game.regimes[1, 0] == "linked"
    assert game.regimes[1, 1] == "X: hard, Y: separate"
    size, slow = THETA["size"], THETA["slow"]
    # Apart: trade with X alone gives the halves of `size` over breakdown; troops stay.
    trade_x = 0.5 * size  # surplus over the breakdown is size; each has half of it
    trade_y = 0.5 * 3.0  # 4 · (1 − ¼), halved
    apart_h = trade_x + trade_y + 1.0
    apart_y = -1.0 + trade_y + 1.0
    np.testing.assert_allclose(game.payoffs[:, HUB, 0], apart_h[:, None] + np.zeros(2), atol=1e-6)
    np.testing.assert_allclose(game.payoffs[:, ALLY, 0], apart_y + np.zeros((4, 2)), atol=1e-6)
    # Linked after half a year at the status quo. X's table also loses credibility.
    after, _ = table(size, 0.3)
    linked_h = after[:, 0] + (0.5 * (3.0 + 2.0))
    linked_y = -1.0 + 0.5 * (3.0 + 2.0)
    held = np.exp(-slow * 0.5)
    lost = 2.0 * (7.0 / 17.0 - 0.5)  # credibility is lost from the announcement on
    expected = (1.0 - held) * lost + held * linked_h - 0.25
    np.testing.assert_allclose(game.payoffs[:, HUB, 1, 0], expected, atol=1e-5)
    np.testing.assert_allclose(
        game.payoffs[:, ALLY, 1, 0], linked_y - THETA["row"], atol=1e-5
    )  # Y is patient: no discount rate
    # X's file alone is linked, in ¼ year; Y's tables meet after `wait`; breakdown until then.
    after = hard(size)
    first, second = np.minimum(0.25, WAIT), np.maximum(0.25, WAIT)
    a, b = np.exp(-slow * first), np.exp(-slow * second)
    with_y = trade_y + 1.0
    between = np.where(WAIT < 0.25, -1.0 + with_y, after[:, 0])
    expected = (1.0 - a) * -1.0 + (a - b) * between + b * (after[:, 0] + with_y)
    np.testing.assert_allclose(game.payoffs[:, HUB, 1, 1], expected, atol=1e-5)
    np.testing.assert_allclose(game.payoffs[:, ALLY, 1, 1], apart_y, atol=1e-5)


def hard(size: np.ndarray) -> np.ndarray:
    """H and X at erosion 0.6, q = ½ and an audience cost of 0.4 to H."""
    lost = 4.0 / 14.0 - 0.5
    worth = np.column_stack([np.full(4, 2.0 * lost), 0.5 * size + 6.0 * lost])
    down = np.column_stack([np.full(4, -1.0), -0.5 * size - 3.0])
    back = np.column_stack([np.full(4, 2.0 * lost - 0.4), np.full(4, 6.0 * lost)])
    point = 0.5 * down + 0.5 * back
    surplus = (worth - point).sum(axis=1)
    return point + 0.5 * surplus[:, None]


def test_a_front_divides_nothing_until_it_has_met() -> None:
    """With the status quo until then, waiting T years takes e^(−rT) of what each would have."""
    front = "regimes:\n  front: { front: { members: [X, Y], division: equal-gains }, erosion: 0 }"
    text = TEXT.replace("regimes:", front)
    text = (
        text[: text.index("stances:")]
        + """
stances:
  players: { H: [now, later], X: [come], Y: [come] }
  outcomes:
    - { when: { H: now }, regime: front }
    - { when: { H: later }, regime: front, delay: 2 }
"""
    )
    text = text.replace("Y: {} }", "Y: { discount_rate: 0.3 } }")
    found = stance_game(parse_scenario(text), THETA, 4).payoffs[..., 0, 0]
    rates = np.column_stack([THETA["slow"], np.full(4, 0.1), np.full(4, 0.3)])
    np.testing.assert_allclose(found[..., 1], np.exp(-2.0 * rates) * found[..., 0], atol=1e-9)


def test_as_a_normal_form_game() -> None:
    game = stance_game(loaded(), THETA, 4)
    batch, mean = game.game(), game.mean_game()
    assert batch.players == mean.players == ("H", "Y")
    assert batch.actions == mean.actions == game.stances
    np.testing.assert_allclose(mean.payoffs, game.payoffs.mean(axis=0))
    np.testing.assert_array_equal(batch.payoffs, game.payoffs)


def test_the_first_outcome_that_fits_holds() -> None:
    scenario = loaded()
    assert leads_to(scenario, {"H": "link", "Y": "accept"}).regime == {"all": "linked"}
    assert leads_to(scenario, {"H": "link", "Y": "refuse"}).regime["X"] == "hard"
    with pytest.raises(ScenarioError, match=r"no outcome for \{H: bluff, Y: accept\}; every"):
        leads_to(scenario, {"H": "bluff", "Y": "accept"})
    bare = parse_scenario(TEXT[: TEXT.index("stances:")])
    with pytest.raises(ScenarioError, match="stances: is missing: the stance game needs stances"):
        stance_game(bare, THETA, 4)


def test_regimes_ally_by_ally_keep_their_rules() -> None:
    case = compile_case(loaded(), THETA, 4)
    both = compose(case, {"X": "hard", "Y": "separate"})
    assert [t.name for t in both.tables] == ["X-H", "H-Y trade", "H-Y aid"]
    assert [rule.name for rule in both.rules] == ["hard", "separate", "separate"]
    assert both.rule(0).threat_credibility == 0.5
    assert both.rule(0).tables == (both.tables[0],)
    assert compose(case, {"all": "hard"}) is case.regimes["hard"]
    assert compose(case, {"X": "linked", "Y": "linked"}) is case.regimes["linked"]
    with pytest.raises(GameError, match=r"tables of \{'X': 'linked', 'H': 'separate'\} must sett"):
        compose(case, {"X": "linked", "H": "separate"})
    with pytest.raises(GameError, match="linked-by-consent cannot hold for X alone: it has a fr"):
        compose(case, {"X": "linked-by-consent", "Y": "separate"})


def test_without_a_wait_each_table_is_as_under_its_own_regime() -> None:
    """H's share of 2.5 with Y by separate tables; by `hard` from (−0.2, −0.5), 4.7 to share."""
    text = TEXT.replace("Y: wait", "Y: 0").replace("X: 0.25", "X: 0")
    game = stance_game(parse_scenario(text), THETA, 4)
    alone = hard(THETA["size"])[:, 0]
    np.testing.assert_allclose(game.payoffs[:, HUB, 1, 1], alone + 2.5, atol=1e-5)
    case = compile_case(loaded(), THETA, 4)
    solved = solve_regimes(case, ["hard"], "nash")["hard"]
    money = solved.lottery.money(case.under(case.regimes["hard"]).payoffs)
    found = money - case.payoffs.money(case.status_quo)
    np.testing.assert_allclose(found[:, 1], alone + 2.15, atol=1e-5)


def test_a_pair_of_players_stands_for_its_tables() -> None:
    """The pairs are X-H and H-Y: with one hub, as good as the ally alone."""
    case = compile_case(loaded(), THETA, 4)
    found = compose(case, {"X-H": "hard", "Y": "separate"})
    known = compose(case, {"X": "hard", "Y": "separate"})
    assert found.tables == known.tables
    text = TEXT.replace("{ X: hard, Y: separate }", "{ X-H: hard, H-Y: separate }")
    text = text.replace("{ X: 0.25, Y: wait }", "{ X-H: 0.25, H-Y: wait }")
    pairs, allies = stance_game(loaded(text), THETA, 4), stance_game(loaded(), THETA, 4)
    np.testing.assert_array_equal(pairs.payoffs, allies.payoffs)


def test_tables_wait_for_the_last_of_their_parties() -> None:
    """H needs half a year, X a quarter: in whatever order it is said, X's table waits for H."""
    found = [
        stance_game(parse_scenario(TEXT.replace("{ X: 0.25, Y: wait }", delay)), THETA, 4)
        for delay in ("{ H: 0.5, X: 0.25 }", "{ X: 0.25, H: 0.5 }", "{ all: 0.5 }")
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other.payoffs, found[0].payoffs, atol=1e-12)


def test_a_regime_for_one_ally_leaves_the_other_without_tables() -> None:
    case = compile_case(loaded(), THETA, 4)
    with pytest.raises(GameError, match=r"the tables of \{'X': 'linked'\} must settle every"):
        compose(case, {"X": "linked"})
