"""Offers over time at a table of a scenario, against backward induction done by hand.

A and B divide what a deal is worth to B by a price: u_A + u_B is the same at every deal, so that
offers follow from the acceptance conditions alone. What A settles with C is worth 1 to it, come
what may.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from sim.errors import GameError, ScenarioError
from sim.games import ExtensiveFormGame
from sim.negotiation.compile import compile_case
from sim.negotiation.seat import take_seat
from sim.negotiation.talks import solve_talks, talks_of
from sim.negotiation.trees import talks_tree
from sim.scenario import Scenario, parse_scenario

TEXT = """
title: A price
as_of: 2025-01-01
players: { C: {}, A: { discount_rate: 0.5 }, B: { discount_rate: slow } }
parameters:
  size: { value: { uniform: [3, 5] } }
  slow: { value: { uniform: [0.2, 0.4] } }
  left: { value: { uniform: [-1, 1] } }
issues:
  aid: { parties: [C, A], track: aid, range: [0, 1], status_quo: 0, breakdown: 0 }
  deal: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0.25, breakdown: 0 }
  price: { parties: [A, B], track: money, range: [-30, 30], status_quo: 0, breakdown: -0.4 }
payoffs:
  help: { linear: aid, weights: { A: 1, C: 1 } }
  worth: { linear: deal, weights: { B: size } }
  pay: { transfer: price, from: B, to: A }
talks:
  A-B: { interval: 0.25, TALKS }
"""
SIZE, SLOW = np.array([4.0, 3.2, 5.0]), np.array([0.3, 0.25, 0.4])
THETA = {"size": SIZE, "slow": SLOW, "left": np.array([0.2, 0.5, -0.4])}
HAZARD = 0.6
DELTA = np.exp(-0.25 * np.column_stack([np.full(3, 0.5), SLOW]))
P = 1.0 - np.exp(-0.25 * HAZARD)
AID = np.array([1.0, 0.0])
"""What A and B have from the other table at all times."""


def loaded(talks: str = f"breakdown_hazard: {HAZARD}") -> Scenario:
    return parse_scenario(TEXT.replace("TALKS", talks))


def failure(size: np.ndarray) -> np.ndarray:
    """What A and B have after a breakdown: the price comes back, the deal goes."""
    return np.column_stack([np.full(3, -0.4), 0.4 - 0.25 * size])


def wait(
    then: np.ndarray, held: np.ndarray | float, broken: np.ndarray, risk: float = P
) -> np.ndarray:
    return (1.0 - DELTA) * held + DELTA * (risk * broken + (1.0 - risk) * then)


@pytest.mark.parametrize("during", ["status_quo", "breakdown"])
@pytest.mark.parametrize("option", [None, 2.4])
def test_endless_talks_make_every_responder_indifferent(during: str, option: float | None) -> None:
    extra = "" if option is None else f", outside_options: {{ B: {option} }}"
    scenario = loaded(f"breakdown_hazard: {HAZARD}, during_talks: {during}{extra}")
    found = solve_talks(scenario, "A-B", THETA, 3)
    broken, surplus = failure(SIZE), 0.75 * SIZE
    held = 0.0 if during == "status_quo" else broken
    floor = np.array([-np.inf, -np.inf if option is None else option])
    when_a, when_b = (found.payoffs - AID)[:, 0], (found.payoffs - AID)[:, 1]
    np.testing.assert_allclose(when_a.sum(axis=1), surplus, atol=1e-7)
    np.testing.assert_allclose(when_b.sum(axis=1), surplus, atol=1e-7)
    least_b = np.maximum(floor, wait(when_b, held, broken))[:, 1]
    least_a = np.maximum(floor, wait(when_a, held, broken))[:, 0]
    np.testing.assert_allclose(when_a[:, 1], least_b, atol=1e-6)
    np.testing.assert_allclose(when_b[:, 0], least_a, atol=1e-6)
    if option is not None:
        np.testing.assert_allclose(when_a[:, 1], option, atol=1e-6)
    assert found.converged.all()
    np.testing.assert_array_equal(found.agreement, 1.0)
    np.testing.assert_array_equal(found.date, 0.0)
    np.testing.assert_array_equal(found.count, 1)
    np.testing.assert_allclose(found.outcome[..., 0], 1.0, atol=1e-6)
    np.testing.assert_allclose(found.outcome[..., 1] + 1.0, found.payoffs[..., 0], atol=1e-6)
    assert found.table == "A-B"
    assert found.parties == found.proposers == ("A", "B")
    assert found.issues == ("deal", "price")
    # As offers come ever faster: Nash from d* = (r s + β d)/(r + β) with weights 1/(r + β).
    rates = np.column_stack([np.full(3, 0.5), SLOW])
    point = (rates * held + HAZARD * broken) / (rates + HAZARD)
    share = (1.0 / (rates + HAZARD)) / (1.0 / (rates + HAZARD)).sum(axis=1, keepdims=True)
    limit = point + share * (surplus - point.sum(axis=1))[:, None]
    if option is not None:  # it only bounds
        limit[:, 1] = np.maximum(limit[:, 1], option)
        limit[:, 0] = surplus - limit[:, 1]
    np.testing.assert_allclose(found.limit - AID, limit, atol=1e-6)


def test_fast_offers_come_to_the_limit_with_and_without_an_option() -> None:
    """An option of B that binds in some draws and not in others; and one too good for any deal."""
    rest = f"breakdown_hazard: {HAZARD}, outside_options: {{ B: 1.5 }}"
    fast = TEXT.replace("interval: 0.25", "interval: 0.0002").replace("TALKS", rest)
    found = solve_talks(parse_scenario(fast), "A-B", THETA, 3)
    np.testing.assert_array_equal(found.agreement, 1.0)
    np.testing.assert_allclose(found.payoffs, found.limit[:, None].repeat(2, axis=1), atol=2e-3)
    assert np.isclose(found.limit[:, 1], 1.5, atol=1e-6).sum() in {1, 2}
    gone = solve_talks(loaded("outside_options: { B: 9 }"), "A-B", THETA, 3)
    np.testing.assert_array_equal(gone.agreement, 0.0)
    assert gone.outcome.shape == (3, 2, 2)
    np.testing.assert_array_equal(gone.limit, gone.payoffs[:, 0])
    np.testing.assert_array_equal(gone.limit[:, 1], 9.0)


def averse(text: str, a: float = 0.3) -> Scenario:
    """Return the scenario with B averse to risk: v = (1 − e^(−aΔ))/a."""
    own = f"{{ discount_rate: slow, risk_aversion: {a} }}"
    return parse_scenario(text.replace("{ discount_rate: slow }", own))


def test_the_risk_averse_are_told_money_not_utility() -> None:
    """B waits for utilities; what it is said to get, and its option, are money."""
    a, surplus = 0.3, 0.75 * SIZE

    def utility(money: np.ndarray) -> np.ndarray:
        return (1.0 - np.exp(-a * money)) / a

    def money(utility: np.ndarray) -> np.ndarray:
        return -np.log(1.0 - a * utility) / a

    found = solve_talks(averse(TEXT.replace("TALKS", "rates: {}")), "A-B", THETA, 3)
    by_a, by_b = np.zeros((3, 2)), np.zeros((3, 2))
    for _ in range(400):
        by_a[:, 1] = money(DELTA[:, 1] * utility(by_b[:, 1]))
        by_a[:, 0] = surplus - by_a[:, 1]
        by_b[:, 0] = DELTA[:, 0] * (by_a[:, 0] + 1.0) + (1.0 - DELTA[:, 0]) - 1.0
        by_b[:, 1] = surplus - by_b[:, 0]
    np.testing.assert_allclose(found.payoffs - AID, np.stack([by_a, by_b], axis=1), atol=1e-6)
    option = averse(TEXT.replace("TALKS", "outside_options: { B: 2.4 }"))
    found = solve_talks(option, "A-B", THETA, 3)
    np.testing.assert_allclose(found.payoffs[:, 0, 1], 2.4, atol=1e-6)
    np.testing.assert_array_less(2.4 - 1e-6, found.limit[:, 1])
    ended = solve_talks(averse(TEXT.replace("TALKS", "horizon: 1")), "A-B", THETA, 3)
    np.testing.assert_allclose(ended.payoffs[:, 0, 1], failure(SIZE)[:, 1], atol=1e-6)


def test_rates_of_the_talks_come_before_those_of_the_players() -> None:
    slow = solve_talks(loaded("rates: { A: slow }"), "A-B", THETA, 3).payoffs[:, 0] - AID
    delta = np.exp(-0.25 * SLOW)
    np.testing.assert_allclose(slow[:, 0], 0.75 * SIZE / (1.0 + delta), atol=1e-6)  # Rubinstein


def test_the_time_between_offers_may_be_uncertain() -> None:
    """Each draw has its own, not their mean: Rubinstein's shares, draw by draw."""
    text = TEXT.replace("interval: 0.25", "interval: left").replace("TALKS", "rates: {}")
    text = text.replace("left: { value: { uniform: [-1, 1]", "left: { value: { uniform: [0.1, 1]")
    gap = np.array([0.2, 0.5, 0.9])
    found = solve_talks(parse_scenario(text), "A-B", {**THETA, "left": gap}, 3).payoffs[:, 0] - AID
    delta = np.exp(-gap[:, None] * np.column_stack([np.full(3, 0.5), SLOW]))
    share = (1.0 - delta[:, 1]) / (1.0 - delta.prod(axis=1))
    np.testing.assert_allclose(found[:, 0], 0.75 * SIZE * share, atol=1e-6)


def test_a_horizon_is_backward_induction() -> None:
    """Three offers: A, B, A; a refusal of the last one is a breakdown."""
    scenario = loaded(f"breakdown_hazard: {HAZARD}, horizon: 3")
    found = solve_talks(scenario, "A-B", THETA, 3)
    broken, surplus = failure(SIZE), 0.75 * SIZE
    last = np.column_stack([surplus - broken[:, 1], broken[:, 1]])
    least = wait(last, 0.0, broken)[:, 0]
    middle = np.column_stack([least, surplus - least])
    least = wait(middle, 0.0, broken)[:, 1]
    first = np.column_stack([surplus - least, least])
    np.testing.assert_allclose(found.payoffs[:, 0] - AID, first, atol=1e-6)
    np.testing.assert_allclose(found.outcome[:, 0, 1], first[:, 0], atol=1e-6)
    assert found.payoffs.shape == (3, 1, 2)
    assert found.proposers == ("A",)
    np.testing.assert_array_equal(found.agreement, 1.0)
    np.testing.assert_array_equal(found.date, 0.0)
    np.testing.assert_array_equal(found.count, 1)
    assert found.converged.all()
    turned = loaded(f"breakdown_hazard: {HAZARD}, horizon: 1, proposers: [B, A]")
    found = solve_talks(turned, "A-B", THETA, 3)
    assert found.proposers == ("B",)
    np.testing.assert_allclose(found.payoffs[:, 0, 0] - 1.0, broken[:, 0], atol=1e-6)


def test_a_dated_event_revalues_deals_from_its_date_on() -> None:
    """Two offers, A and B; between them the deal's worth may change, whoever signed it when."""
    date = dt.date(2025, 1, 1) + dt.timedelta(days=91)  # 0.249 years: known before round 1
    event = f"{{ date: {date}, probability: 0.3, set: {{ size: 8 }} }}"
    talks = f"breakdown_hazard: {HAZARD}, horizon: 2, events: [{event}]"
    found = solve_talks(loaded(talks), "A-B", THETA, 3)
    now, then = failure(SIZE), failure(np.full(3, 8.0))
    mean = 0.7 * 0.75 * SIZE + 0.3 * 0.75 * 8.0  # worth of the deal after the date, in expectation
    broken = 0.7 * now + 0.3 * then
    second = np.column_stack([now[:, 0], mean - now[:, 0]])  # A gets what a breakdown gives
    least = wait(second, 0.0, broken)[:, 1]
    surplus = (1.0 - DELTA[:, 1]) * 0.75 * SIZE + DELTA[:, 1] * mean
    first = np.column_stack([surplus - least, least])
    np.testing.assert_allclose(found.payoffs[:, 0] - AID, first, atol=1e-6)
    np.testing.assert_array_equal(found.agreement, 1.0)
    # A day more and it comes after the last offer: it revalues the deal after two rounds.
    late = talks.replace(str(date), str(dt.date(2025, 1, 1) + dt.timedelta(days=92)))
    found = solve_talks(loaded(late), "A-B", THETA, 3)
    d_a, d_b = now[:, 0], (1.0 - DELTA[:, 1]) * now[:, 1] + DELTA[:, 1] * broken[:, 1]
    worth = (1.0 - DELTA[:, 1]) * 0.75 * SIZE + DELTA[:, 1] * mean
    least = ((1.0 - DELTA) * 0.0 + DELTA * (
        P * np.column_stack([d_a, d_b]) + (1.0 - P) * np.column_stack([d_a, worth - d_a])
    ))[:, 1]  # fmt: skip
    surplus = (1.0 - DELTA[:, 1] ** 2) * 0.75 * SIZE + DELTA[:, 1] ** 2 * mean
    np.testing.assert_allclose(found.payoffs[:, 0, 0] - 1.0, surplus - least, atol=1e-6)


def test_who_expects_a_keener_partner_waits_for_the_election() -> None:
    """After it B values the deal at 24; A is patient, and B cannot offer enough before.

    B would rather pay less before, by its own values of then; but the last word is A's.
    """
    event = (
        "{ name: election, date: 2025-04-01, probability: 0.5, applies_to: preferences,"
        " set: { size: big } }"
    )
    text = TEXT.replace("parameters:", "parameters:\n  big: 24")
    rules = f"horizon: 2, events: [{event}], proposers: [B, A], rates: {{ A: 0.05 }}"
    found = solve_talks(parse_scenario(text.replace("TALKS", rules)), "A-B", THETA, 3)
    price = sum(
        0.5 * (0.75 * size - failure(size)[:, 1]) for size in (SIZE, np.full(3, 24.0))
    )  # A's last offer leaves B what it has after a breakdown
    later = np.column_stack([np.full(3, np.exp(-0.25 * 0.05)), DELTA[:, 1]])
    value = later * np.column_stack([price, 0.75 * SIZE - price])
    waits = value[:, 0] > 0.75 * SIZE - value[:, 1]
    assert waits.any()
    np.testing.assert_allclose(found.payoffs[waits, 0] - AID, value[waits], atol=1e-6)
    np.testing.assert_allclose(found.outcome[waits, 0, 1], price[waits], atol=1e-6)
    np.testing.assert_allclose(found.date, np.where(waits, 0.25, 0.0), atol=1e-12)
    np.testing.assert_allclose(found.agreement, 1.0, atol=1e-12)


def test_an_event_that_changes_only_the_breakdown() -> None:
    """A loses its leverage: from round 1 on a breakdown leaves the price at `left`."""
    event = "{ date: 2025-04-01, set: { floor: left } }"
    text = TEXT.replace("breakdown: -0.4", "breakdown: floor")
    text = text.replace("parameters:", "parameters:\n  floor: -0.4")
    text = text.replace("TALKS", f"breakdown_hazard: {HAZARD}, horizon: 2, events: [{event}]")
    found = solve_talks(parse_scenario(text), "A-B", THETA, 3)
    left, surplus = THETA["left"], 0.75 * SIZE
    broken = np.column_stack([left, -left - 0.25 * SIZE])
    second = np.column_stack([left, surplus - left])
    least = wait(second, 0.0, broken)[:, 1]
    np.testing.assert_allclose(found.payoffs[:, 0, 1], least, atol=1e-6)


def test_what_is_asked_for_must_be_there() -> None:
    with pytest.raises(ScenarioError, match="talks: has none for 'A-C'; there are A-B"):
        solve_talks(loaded(), "A-C", THETA, 3)
    with pytest.raises(ScenarioError, match="talks: has none for 'A-C'; there are A-B"):
        talks_tree(loaded(), "A-C")
    with pytest.raises(GameError, match="no table 'A-D'; there are C-A aid, A-B trade, A-B money"):
        take_seat(compile_case(loaded(), THETA, 3), "A-D")


def test_a_seat_knows_its_table_and_what_stands_elsewhere() -> None:
    case = compile_case(loaded(), THETA, 3)
    seat = take_seat(case, "A-B")
    assert seat.regime.name == "linked"
    assert (seat.parties, seat.issues) == (("A", "B"), ("deal", "price"))
    np.testing.assert_array_equal(seat.lower, [[0.0, -30.0]] * 3)
    np.testing.assert_array_equal(seat.upper, [[1.0, 30.0]] * 3)
    np.testing.assert_allclose(seat.failure(), failure(SIZE) + AID, atol=1e-9)
    np.testing.assert_allclose(seat.elsewhere[:, 0], 1.0, atol=1e-6)  # the aid is settled: +1 to A
    np.testing.assert_allclose(seat.held(case.status_quo), np.tile(AID, (3, 1)), atol=1e-9)
    given = take_seat(case, "A-B", elsewhere=case.status_quo)
    np.testing.assert_array_equal(given.elsewhere, case.status_quo)
    apart = take_seat(case, "A-B money")
    assert (apart.regime.name, apart.issues) == ("separate", ("price",))
    fair = take_seat(case, "A-B", solution="egalitarian")
    gains = fair.payoffs.utility(fair.elsewhere[:, 1:]) - fair.failure()
    np.testing.assert_allclose(gains[:, 0], gains[:, 1], atol=1e-6)


def values(game: ExtensiveFormGame) -> tuple[np.ndarray, list[str]]:
    """Return the subgame-perfect payoffs of a tree, and the labels of the root's actions."""

    def solved(at: int) -> tuple[np.ndarray, int]:
        node = game.nodes[at]
        if not node.actions:
            assert node.outcome is not None
            return np.array([float(v) for v in node.outcome.payoffs]), at + 1
        options, following = [], at + 1
        for _ in node.actions:
            value, following = solved(following)
            options.append(value)
        if node.player == 0:
            odds = [float(p) for p in node.probabilities]
            return sum(p * v for p, v in zip(odds, options, strict=True)), following
        return max(options, key=lambda payoffs: payoffs[node.player - 1]), following

    return solved(0)[0], list(game.nodes[0].actions)


@pytest.mark.parametrize("risk", [0.0, HAZARD])
def test_a_tree_is_backward_induction_over_its_offers(risk: float) -> None:
    scenario = loaded(f"breakdown_hazard: {risk}, during_talks: breakdown")
    deals, rounds = 6, 2
    game = talks_tree(scenario, "A-B", rounds=rounds, deals=deals)
    assert game.players == ("A", "B")
    assert "A price" in game.title
    assert "A-B" in game.title
    size, delta = 4.0, np.exp(-0.25 * np.array([0.5, 0.3]))
    broken = np.array([0.6, 0.4 - 0.25 * size])
    value, actions = values(game)
    assert actions == [f"deal {n + 1}" for n in range(deals)]
    menu = leaves(game, deals, rounds)
    np.testing.assert_allclose(menu.sum(axis=1), 0.75 * size + 1.0, atol=1e-6)
    ends = [broken, [0.75 * size + 1.0 - broken[1], broken[1]]]
    ends[0] = [broken[0], 0.75 * size + 1.0 - broken[0]]
    np.testing.assert_allclose(sorted(menu[[0, -1]].tolist()), ends, atol=1e-6)
    p = 1.0 - np.exp(-0.25 * risk)

    def at(t: int, then: np.ndarray) -> np.ndarray:
        return (1.0 - delta**t) * broken + delta**t * then

    best: np.ndarray | None = None
    for t in reversed(range(rounds)):
        refused = at(t, broken) if best is None else p * at(t + 1, broken) + (1.0 - p) * best
        proposer, responder = t % 2, 1 - t % 2
        options = [at(t, u) if at(t, u)[responder] >= refused[responder] else refused for u in menu]
        best = max(options, key=lambda u: u[proposer])
    np.testing.assert_allclose(value, best, atol=1e-6)


def leaves(game: ExtensiveFormGame, deals: int, rounds: int) -> np.ndarray:
    """Return the payoffs of the offers of the first round, which are accepted undiscounted."""
    found, at = [], 1
    for _ in range(deals):
        assert game.nodes[at].actions == ("accept", "refuse")
        accepted = game.nodes[at + 1]
        assert accepted.outcome is not None
        found.append([float(v) for v in accepted.outcome.payoffs])
        at += subtree(game, at)
    return np.array(found)


def subtree(game: ExtensiveFormGame, at: int) -> int:
    """Return the number of nodes of the subtree at a node."""
    open_, n = 1, 0
    while open_:
        open_ += len(game.nodes[at + n].actions) - 1
        n += 1
    return n


@pytest.mark.parametrize(
    ("rounds", "deals", "allowed"),
    [(0, 3, False), (1, 1, False), (1, 2, True), (5, 5, True), (6, 5, False)],
)
def test_trees_have_a_least_and_a_largest_size(rounds: int, deals: int, allowed: bool) -> None:
    if allowed:
        game = talks_tree(loaded(), "A-B", rounds=rounds, deals=deals)
        assert len(game.nodes[0].actions) == deals
    else:
        with pytest.raises(GameError, match="rounds, deals: at least 1 and 2, and at most 10⁵"):
            talks_tree(loaded(), "A-B", rounds=rounds, deals=deals)


def test_trees_are_for_two() -> None:
    text = TEXT.replace("  A-B: { interval: 0.25, TALKS }", "  all: { interval: 0.25 }")
    text = text.replace("players: { C: {}", "players: { C: { discount_rate: 0.1 }")
    with pytest.raises(GameError, match="all: trees are for tables of two parties, not 3"):
        talks_tree(parse_scenario(text), "all")


def test_talks_of_a_seat_are_the_clock_of_its_parties() -> None:
    scenario = loaded(f"breakdown_hazard: {HAZARD}, during_talks: breakdown")
    seat = take_seat(compile_case(scenario, THETA, 3), "A-B")
    clock = talks_of(scenario, seat, scenario.talks["A-B"], THETA, 3).clock(3, 2)
    np.testing.assert_allclose(clock.discount, DELTA)
    np.testing.assert_allclose(clock.risk, P)
    np.testing.assert_allclose(clock.during, failure(SIZE) + AID, atol=1e-9)
    np.testing.assert_allclose(clock.breakdown, failure(SIZE) + AID, atol=1e-9)
