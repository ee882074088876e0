"""Blocks beyond the bargaining tables: what they mean, and what is wrong with them."""

from __future__ import annotations

import datetime as dt

import pytest
from scenario_cases import EQUILIBRIA, SMALL, changed, faults

from sim.scenario import Inline, parse_scenario


@pytest.fixture(scope="module")
def scenario():
    return parse_scenario(EQUILIBRIA)


def test_stances(scenario):
    block = scenario.stances
    assert block.players == {"A": ("separate", "link", "threaten"), "B": ("accept", "insist")}
    first, second, third, fourth = block.outcomes
    assert first.regime == {"all": "separate"}
    assert first.delay == {}
    assert second.delay == {"all": 0.1}
    assert third.regime == {"B": "threat-linked"}
    assert isinstance(third.delay["A-B"], Inline)
    assert third.delay["A-B"].name == "stances.outcomes.2.delay.A-B"
    assert third.meanwhile == "breakdown"
    assert fourth.costs == {"A": 1, "B": "cost"}


def test_talks(scenario):
    block = scenario.talks["A-B"]
    assert block.proposers == ("A", "B")
    assert block.rates == {"A": 0.07}
    assert block.events[0].date == dt.date(2025, 6, 3)
    assert block.events[1].set == {"stake": 12}
    assert (block.events[0].applies_to, block.events[1].applies_to) == ("preferences", "world")


def test_beliefs_enforcement_threats(scenario):
    assert [t.probability for t in scenario.beliefs["A-B trade"].types] == [0.4, 0.6]
    assert isinstance(scenario.beliefs["A-B"].resolve, Inline)
    assert scenario.enforcement.discount_factor == {"A": 0.9}
    assert [p.name for p in scenario.threats["A"]] == ["stay", "leave"]
    assert scenario.threats["B"][0].set == {"payment": 0}


def test_inline_numbers_of_these_blocks_are_uncertain(scenario):
    assert [u.name for u in scenario.uncertain] == [
        "cost",
        "stake",
        "regimes.linked.erosion",
        "stances.outcomes.2.delay.A-B",
        "beliefs.A-B.resolve",
    ]


def test_round_trip(scenario):
    assert parse_scenario(scenario.to_yaml()).sha256 == scenario.sha256


RESOLVE = "proposer: A, responder: B, resolve: { uniform: [0, 3] } }"
OUTCOME = "    - { when: { A: separate }, regime: separate }\n"
CASES = {
    "no outcome": ((OUTCOME, ""), "stances.outcomes", "the first is: A separate, B accept"),
    "unknown stance": (
        ("when: { A: separate }", "when: { A: seperate }"),
        "stances.outcomes.0.when.A",
        "did you mean 'separate'",
    ),
    "player without stances": (
        ("when: { A: separate }", "when: { C: separate }"),
        "stances.outcomes.0.when.C",
        "unknown player with stances",
    ),
    "stances of nobody": (
        ("    A: [separate, link, threaten]", "    C: [separate, link, threaten]"),
        "stances.players.C",
        "unknown player 'C'",
    ),
    "stance twice": (
        ("B: [accept, insist]", "B: [accept, accept]"),
        "stances.players.B",
        "lists twice: accept",
    ),
    "no stance": (("B: [accept, insist]", "B: []"), "stances.players.B", "no stance"),
    "unknown regime": (
        ("regime: linked, delay", "regime: lnked, delay"),
        "stances.outcomes.1.regime",
        "unknown regime 'lnked'",
    ),
    "regime of nobody": (
        ("regime: { B: threat", "regime: { C: threat"),
        "stances.outcomes.2.regime.C",
        "unknown player or pair",
    ),
    "negative delay": (
        ("delay: 0.1", "delay: -0.1"),
        "stances.outcomes.1.delay",
        "must be at least 0, not -0.1",
    ),
    "talks at no table": (
        ("talks:\n  A-B:", "talks:\n  A-C:"),
        "talks.A-C",
        "unknown table 'A-C'; did you mean 'A-B'",
    ),
    "no rate": (("  B: { discount_rate: 0.1 }", "  B: {}"), "talks.A-B.rates", "no rate for B"),
    "a silent party": (
        ("proposers: [A, B]", "proposers: [A]"),
        "talks.A-B.proposers",
        "every party",
    ),
    "events without an end": (("    horizon: 12\n", ""), "talks.A-B.horizon", "is missing"),
    "events before the case": (
        ("date: 2025-06-03", "date: 2024-06-03"),
        "talks.A-B.events.0.date",
        "before the case",
    ),
    "no date": (("date: 2025-06-03", "date: June"), "talks.A-B.events.0.date", "must be a date"),
    "events on unknown numbers": (
        ("set: { cost: 0.4 }", "set: { cots: 0.4 }"),
        "talks.A-B.events.0.set.cots",
        "did you mean 'cost'",
    ),
    "no patience in draws": (
        ("  B: { discount_rate: 0.1 }", "  B: { discount_rate: 0 }"),
        "talks.A-B.rates",
        "B needs a rate above 0",
    ),
    "too many offers": (("horizon: 12", "horizon: 1001"), "talks.A-B.horizon", "at most 1000"),
    "dates that differ from draw to draw": (
        ("interval: 0.0833", "interval: { uniform: [0.05, 0.1] }"),
        "talks.A-B.interval",
        "must be one number where there is a horizon",
    ),
    "no interval": (("interval: 0.0833", "interval: 0"), "talks.A-B.interval", "above 0"),
    "belief about oneself": (
        ("proposer: A, responder: B, resolve", "proposer: A, responder: A, resolve"),
        "beliefs.A-B.responder",
        "must differ",
    ),
    "beliefs that do not add up": (
        ("probability: 0.4", "probability: 0.3"),
        "beliefs.A-B trade.types",
        "they add to 0.9",
    ),
    "belief above one": (
        ("probability: 0.4", "probability: 1.4"),
        "beliefs.A-B trade.types.0.probability",
        "at most 1",
    ),
    "no belief": (
        (", resolve: { uniform: [0, 3] } }", " }"),
        "beliefs.A-B",
        "either types or the distribution",
    ),
    "a second offer to a distribution": (
        (RESOLVE, RESOLVE[:-1] + ", second_offer: { after: 1 } }"),
        "beliefs.A-B.second_offer",
        "needs two types of opponent",
    ),
    "a second offer after a lottery": (
        ("menu: lottery", "menu: lottery\n    second_offer: { after: 1 }"),
        "beliefs.A-B trade.menu",
        "`single` is allowed",
    ),
    "types of one resolve": (
        ("resolve: 2 }\n    menu: lottery", "resolve: 0 }\n    second_offer: { after: 1 }"),
        "beliefs.A-B trade.types",
        "must differ in resolve",
    ),
    "weight of a stranger": (
        ("menu: lottery", "second_offer: { after: 1, discount_factor: { C: 0.5 } }"),
        "beliefs.A-B trade.second_offer.discount_factor.C",
        "unknown proposer or responder",
    ),
    "a second offer that costs no time": (
        ("menu: lottery", "second_offer: { after: 0 }"),
        "beliefs.A-B trade.second_offer.after",
        "above 0",
    ),
    "a discount factor of one between offers": (
        ("menu: lottery", "second_offer: { after: 1, discount_factor: { A: 1 } }"),
        "beliefs.A-B trade.second_offer.discount_factor.A",
        "at least 0 and below 1",
    ),
    "a crisis over nothing": (
        ("menu: lottery", "crisis: { transfer: payment }"),
        "beliefs.A-B trade.crisis.transfer",
        "unknown issue of this table",
    ),
    "costs of a stranger": (
        ("menu: lottery", "crisis: { transfer: tariff, costs: { C: 1 } }"),
        "beliefs.A-B trade.crisis.costs.C",
        "unknown party of this table",
    ),
    "costs below zero": (
        ("menu: lottery", "crisis: { transfer: tariff, costs: { A: -1 } }"),
        "beliefs.A-B trade.crisis.costs.A",
        "at least 0",
    ),
    "lots of nothing": (
        ("menu: lottery", "crisis: { transfer: tariff, lot: 0 }"),
        "beliefs.A-B trade.crisis.lot",
        "above 0",
    ),
    "a shift against a stranger": (
        (
            "menu: lottery",
            "crisis: { transfer: tariff, shift: { player: C, after: 1, loss: 1 } }",
        ),
        "beliefs.A-B trade.crisis.shift.player",
        "unknown party of this table",
    ),
    "discount factor of one": (
        ("discount_factor: { A: 0.9 }", "discount_factor: { A: 1 }"),
        "enforcement.discount_factor.A",
        "at least 0 and below 1",
    ),
    "unknown track": (
        ("tracks: [trade, defence]", "tracks: [trade, defense]"),
        "enforcement.tracks.1",
        "did you mean 'defence'",
    ),
    "another's instrument": (
        ("set: { payment: 0 }", "set: { troops: 0 }"),
        "threats.B.0.set.troops",
        "B cannot set troops alone; A controls it",
    ),
    "a threat out of range": (
        ("tariff: 0.25 } }\n  B:", "tariff: 0.5 } }\n  B:"),
        "threats.A.1.set.tariff",
        "outside the range, 0 to 0.25",
    ),
    "a threat twice": (("name: leave", "name: stay"), "threats.A", "names twice: stay"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong(name):
    replacement, field, said = CASES[name]
    lines = faults(changed(replacement, text=EQUILIBRIA))
    assert any(f": {field}: " in line and said in line for line in lines), lines


SHIFT = "crisis: { transfer: tariff, shift: { player: A, after: 1, loss: 1 } }"


@pytest.mark.parametrize(
    ("rate", "block", "field", "said"),
    [
        ("{}", "second_offer: { after: 1 }", "second_offer", "no discount_rate for B"),
        ("{}", SHIFT, "crisis.shift", "no discount_rate for B"),
        ("{ discount_rate: 0 }", SHIFT, "crisis.shift", "B needs a discount_rate above 0"),
    ],
)
def test_waiting_costs_something(rate: str, block: str, field: str, said: str):
    text = changed(
        ("  B: { discount_rate: 0.1 }", f"  B: {rate}"), ("menu: lottery", block), text=EQUILIBRIA
    )
    lines = faults(text)
    assert any(f": beliefs.A-B trade.{field}: " in line and said in line for line in lines), lines


def test_an_issue_between_two_players_has_the_regime_of_one():
    stances = """
stances:
  players: { A: [go] }
  outcomes: [{ when: {}, regime: { A: linked, B: separate } }]
"""
    lines = faults(SMALL + stances)
    assert len(lines) == 1
    assert ": stances.outcomes.0.regime: tariff is between A, B" in lines[0]
    assert "by pair: {A-B: ...}" in lines[0]


def test_every_issue_has_a_regime():
    stances = "stances: { players: { A: [go] }, outcomes: [{ when: {}, regime: { C: linked } }] }"
    (line,) = faults(changed(("players:\n  A:", "players:\n  C: {}\n  A:")) + stances)
    assert ": stances.outcomes.0.regime: no regime for A-B: " in line


def test_for_ever_is_once_each_in_turn():
    """Without a last offer nobody proposes twice in a round, nor are there dated events."""
    endless = EQUILIBRIA.replace("    horizon: 12\n", "").replace(
        "[A, B]\n    int", "[A, B, A]\n    int"
    )
    assert any("talks.A-B.proposers: names twice: A" in line for line in faults(endless))


def test_more_events_than_are_computed():
    many = "".join(
        f"      - {{ date: 2025-{m:02}-03, set: {{ stake: 12 }} }}\n" for m in range(6, 12)
    )
    lines = faults(changed(("    events:\n", "    events:\n" + many), text=EQUILIBRIA))
    assert len(lines) == 1
    assert "talks.A-B.events: 8 events; at most 6" in lines[0]


def test_an_offer_is_to_one_of_two():
    text = changed(
        ("players:\n  A:", "players:\n  C: {}\n  A:"),
        ("  troops:\n    parties: [A, B]", "  troops:\n    parties: [A, B, C]"),
        (
            "  A-B: { proposer: A, responder: B, resolve",
            "  C-A-B: { proposer: A, responder: B, resolve",
        ),
        text=EQUILIBRIA,
    )
    assert any("beliefs.C-A-B: has 3 parties" in line for line in faults(text)), faults(text)


def test_an_outcome_that_is_never_reached_is_a_warning():
    text = changed((OUTCOME, OUTCOME + OUTCOME), text=EQUILIBRIA)
    (warning,) = parse_scenario(text).warnings
    assert warning.field == "stances.outcomes.1"


def test_too_many_profiles_are_refused_at_once():
    many = ", ".join(f"s{n}" for n in range(120))
    text = SMALL + f"stances: {{ players: {{ A: [{many}], B: [{many}] }}, outcomes: [] }}\n"
    assert any("14400 profiles; at most 10000" in line for line in faults(text))
