"""A small scenario that tests change line by line."""

from __future__ import annotations

from pathlib import Path

from sim.errors import ScenarioError
from sim.scenario import Scenario, parse_scenario
from sim.scenario.nodes import Node

FOLDER = Path(__file__).parent.parent / "scenarios"

SMALL = """\
title: Small
as_of: 2025-04-17
players:
  A: { name: Alpha, discount_rate: 0.05 }
  B: { discount_rate: 0.1 }
parameters:
  cost:
    value: { lognormal: { median: 0.6, gsd: 1.5 } }
    why: a reason
    source: a book
  stake: { value: { uniform: [10, 20] } }
  share: 0.4
correlations:
  - [cost, stake, 0.5]
issues:
  tariff:
    parties: [A, B]
    track: trade
    domain: tariffs
    range: [0, 0.25]
    status_quo: 0.05
    breakdown: 0.25
  payment:
    parties: [A, B]
    track: defence
    domain: payments
    unit: USD bn
    range: [0, 8]
    status_quo: 1.5
    breakdown: 1.5
    demand: 6
    source: a newspaper
  troops:
    parties: [A, B]
    track: defence
    domain: security
    range: [0, 50]
    status_quo: 50
    breakdown: 30
payoffs:
  market:
    market: A
    size: 100
    suppliers:
      A: { share: 0.6 }
      B: { share: share, tariff: tariff }
    substitution: 4
    demand_elasticity: 1.2
  deterrence:
    deterrence: troops
    own_forces: 60
    threat: 80
    stakes: { A: stake, B: 100 }
  host: { transfer: payment, from: B, to: A, paying_cost: cost }
regimes:
  linked: { erosion: { beta: { mean: 0.1, sd: 0.05 } } }
"""

EQUILIBRIA = (
    SMALL
    + """\
stances:
  players:
    A: [separate, link, threaten]
    B: [accept, insist]
  outcomes:
    - { when: { A: separate }, regime: separate }
    - { when: { A: link, B: accept }, regime: linked, delay: 0.1 }
    - when: { A: threaten, B: accept }
      regime: { B: threat-linked }
      delay: { A-B: { uniform: [0, 1] } }
      meanwhile: breakdown
    - when: { B: insist }
      regime: { all: separate }
      costs: { A: 1, B: cost }
  solution: nash
talks:
  A-B:
    proposers: [A, B]
    interval: 0.0833
    rates: { A: 0.07 }
    breakdown_hazard: 0.1
    during_talks: breakdown
    outside_options: { B: -3 }
    horizon: 12
    events:
      - { name: election, date: 2025-06-03, applies_to: preferences, set: { cost: 0.4 } }
      - { name: pause ends, date: 2025-07-09, probability: 0.7, set: { stake: 12 } }
beliefs:
  A-B trade:
    proposer: A
    responder: B
    types:
      - { name: weak, probability: 0.4, resolve: 0 }
      - { name: resolute, probability: 0.6, resolve: 2 }
    menu: lottery
  A-B: { proposer: A, responder: B, resolve: { uniform: [0, 3] } }
enforcement:
  regime: linked
  discount_factor: { A: 0.9 }
  tables: [A-B]
  tracks: [trade, defence]
threats:
  A:
    - { name: stay, set: {} }
    - { name: leave, set: { troops: 0, tariff: 0.25 } }
  B:
    - { name: stop paying, set: { payment: 0 } }
"""
)
"""The small scenario with every block beyond the bargaining tables."""


def changed(*replacements: tuple[str, str], text: str = SMALL) -> str:
    """Return the text with parts replaced, each of which must be there once."""
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def faults(text: str, overrides: dict[str, object] | None = None) -> list[str]:
    """Return what is wrong with a text, one line a fault; nothing if it is sound."""
    try:
        parse_scenario(text, overrides, name="s.yaml")
    except ScenarioError as error:
        return str(error).splitlines()
    return []


def small(*replacements: tuple[str, str], overrides: dict[str, object] | None = None) -> Scenario:
    """Return the small scenario with parts replaced."""
    return parse_scenario(changed(*replacements), overrides, name="s.yaml")


def position(text: str, part: str) -> str:
    """Return `line:column` of the only place of `part`, counted from 1."""
    assert text.count(part) == 1, part
    before = text[: text.index(part)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def bare(node: Node) -> object:
    """Return the data of a tree, empty keys included."""
    if isinstance(node.value, dict):
        return {key: bare(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [bare(item) for item in node.value]
    return node.value
