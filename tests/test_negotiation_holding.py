"""Whether a deal holds by itself: critical discount factors of two tariff dilemmas.

In each, the own tariff t is worth g t − h t² and costs the other side a t: the deal is free trade,
the best deviation g/2h with a gain of g²/4h, and the punishment costs a · g/2h − g²/4h.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.negotiation import compile_case, solve_regimes
from sim.negotiation.holding import HoldingResult, solve_enforcement
from sim.scenario import parse_scenario

ISSUE = """
  {name}: {{ parties: [{a}, {b}], track: {track}, controlled_by: {own}, range: [0, 1],
             status_quo: {start}, breakdown: {start} }}"""
PAYOFF = """
  {name}_self: {{ linear: {name}, weights: {{ {own}: {g}, {other}: -{a} }} }}
  {name}_waste: {{ power: {name}, exponent: 2, weights: {{ {own}: -{h} }} }}"""
TRACKS = {"cars": (0.25, 0.375, 0.25), "steel": (0.5, 0.5, 0.6)}


def text(enforcement: str) -> str:
    """Return a scenario with A–B on both tracks and C–A on steel."""
    issues, payoffs = "", ""
    for track, (g, h, a) in TRACKS.items():
        for pair in ("AB", "CA"):
            if (track, pair) == ("cars", "CA"):
                continue
            for own, other in (pair, pair[::-1]):
                name = f"{track}_{own.lower()}{other.lower()}"
                first, second = sorted(pair, key="CAB".index)
                issues += ISSUE.format(
                    name=name, a=first, b=second, track=track, own=own, start=g / (2 * h)
                )
                payoffs += PAYOFF.format(name=name, own=own, other=other, g=g, h=h, a=a)
    return f"""title: Dilemmas
players: {{ C: {{ discount_rate: 0.25 }}, A: {{ discount_rate: rate }}, B: {{}} }}
parameters:
  rate: {{ value: {{ uniform: [0, 3] }} }}
  firm: {{ value: {{ uniform: [0, 0.9] }} }}
issues:{issues}
payoffs:{payoffs}
{enforcement}
"""


RATE, FIRM = np.array([0.5, 2.0]), np.array([0.51, 0.49])


def solved(enforcement: str = "") -> tuple[HoldingResult, ...]:
    return solve_enforcement(parse_scenario(text(enforcement)), {"rate": RATE, "firm": FIRM}, 2)


def factor(*tracks: str) -> float:
    """Return Σ gain of deviating / Σ (gain + loss by the war)."""
    gain = sum(g**2 / (4 * h) for g, h, _ in (TRACKS[t] for t in tracks))
    lost = sum(a * g / (2 * h) for g, h, a in (TRACKS[t] for t in tracks))
    return gain / lost


def test_track_by_track_and_pooled() -> None:
    """Without a block: the linked Nash deal of every dyad, and 1/(1 + discount rate)."""
    second, first = sorted(solved(), key=lambda r: len(r.tracks))
    assert first.parties == ("A", "B")
    assert first.tracks == ("cars", "steel")
    assert first.issues == ("cars_ab", "cars_ba", "steel_ab", "steel_ba")
    assert second.parties == ("C", "A")
    assert second.tracks == ("steel",)
    separate = [[[factor("cars")] * 2, [factor("steel")] * 2]] * 2
    np.testing.assert_allclose(first.found.separate, separate, atol=1e-5)
    np.testing.assert_allclose(first.found.pooled, factor("cars", "steel"), atol=1e-5)
    np.testing.assert_allclose(second.found.pooled, factor("steel"), atol=1e-5)
    assert first.found.converged.all()
    np.testing.assert_allclose(
        first.patience, np.column_stack([1.0 / (1.0 + RATE), np.ones(2)]), atol=1e-12
    )
    np.testing.assert_allclose(second.patience[:, 0], 0.8)
    # A pool can hold what one of its tracks cannot: 10/23 lies between 5/12 and 1/2.
    assert factor("steel") < factor("cars", "steel") < factor("cars")
    patient = replace(first, patience=np.array([[0.45, 0.45], [0.45, 0.43]]))
    np.testing.assert_array_equal(patient.separate_holds, [[False, True], [False, True]])
    np.testing.assert_array_equal(patient.pooled_holds, [True, False])
    # Alone, whoever holds the only instrument has nothing to fear: never. The other has none: 0.
    own = np.array([[np.inf, 0.0], [0.0, np.inf]] * 2)
    np.testing.assert_array_equal(first.by_issue.separate, np.broadcast_to(own, (2, 4, 2)))
    np.testing.assert_allclose(first.by_issue.pooled, first.found.pooled, atol=1e-9)


def test_some_tracks_of_some_dyads_with_stated_patience() -> None:
    """Cars need a discount factor of ½ of both."""
    (found,) = solved(
        "enforcement: { discount_factor: { A: firm, B: 0.95 }, tables: [A-B], tracks: [cars] }"
    )
    assert (found.parties, found.tracks) == (("A", "B"), ("cars",))
    np.testing.assert_allclose(found.patience, np.column_stack([FIRM, np.full(2, 0.95)]))
    np.testing.assert_allclose(found.found.pooled, factor("cars"), atol=1e-5)
    np.testing.assert_array_equal(found.separate_holds, FIRM[:, None] >= 0.5)
    np.testing.assert_array_equal(found.pooled_holds, FIRM >= 0.5)


def test_the_deal_in_question_is_that_of_the_regime_and_its_solution() -> None:
    """A weighs more: the deal leaves it some of its tariff, and under each solution another."""
    regime = "regimes: { mine: { like: separate, weights: { A: 4 } } }\n"
    rules = "enforcement: { regime: mine, solution: egalitarian, tracks: [cars] }"
    (found,) = solved(regime + rules)
    assert (found.parties, found.tracks) == (("A", "B"), ("cars",))
    case = compile_case(parse_scenario(text(regime)), {"rate": RATE, "firm": FIRM}, 2)
    mean = solve_regimes(case, ["mine"], "egalitarian")["mine"].lottery.mean
    cars = [n for n, name in enumerate(case.layout.issues) if name.startswith("cars")]
    (first, second), (g, h, a) = mean[0, cars], TRACKS["cars"]
    deal = g * first - h * first**2 - a * second, g * second - h * second**2 - a * first
    war = (g**2 / (4 * h) - a * g / (2 * h),) * 2
    np.testing.assert_allclose(
        found.found.pooled_cooperation - found.found.pooled_punishment,
        [[c - n for c, n in zip(deal, war, strict=True)]] * 2,
        atol=1e-6,
    )
