"""Which tables a regime has, what the file changes in it, and in which order regimes are solved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import ScenarioError, SimError
from sim.negotiation import Front, Layout, Table, compile_case, layout_of, standard_regimes
from sim.negotiation.regimes import needed
from sim.negotiation.structure import Regime, linked_regions
from sim.scenario import parse_scenario

TEXT = """
title: Many regimes
players: { X: { weight: 2 }, H: { weight: power }, Y: { risk_aversion: 0 }, N: {} }
parameters: { power: { value: { uniform: [1, 3] } }, bold: { value: { uniform: [0, 1] } } }
issues:
  gain_x: { parties: [H, X], track: trade, range: [0, 1], status_quo: 0.5, breakdown: 0 }
  troops_x: { parties: [X, H], track: defence, range: [0, 9], status_quo: 5, breakdown: bold,
              controlled_by: H }
  gain_y: { parties: [Y, H], track: trade, range: [0, 1], status_quo: 0.5, breakdown: 0 }
  price_x: { parties: [H, X], track: trade, range: [-9, 9], status_quo: 0, breakdown: 0 }
  troops_y: { parties: [H, Y], track: defence, range: [0, 9], status_quo: 5, breakdown: 0 }
payoffs:
  x: { linear: gain_x, weights: { X: 1 } }
  y: { linear: gain_y, weights: { Y: 1 } }
ties: [[troops_x, troops_y]]
REGIMES
"""
X, H, Y, N = range(4)
GX, TX, GY, PX, TY = range(5)
POWER, BOLD = np.array([1.0, 2.0]), np.array([0.25, 0.5])


def regimes(text: str = "") -> dict[str, Regime]:
    scenario = parse_scenario(TEXT.replace("REGIMES", text))
    return dict(compile_case(scenario, {"power": POWER, "bold": BOLD}, 2).regimes)


def test_the_layout_is_that_of_the_file() -> None:
    layout = layout_of(parse_scenario(TEXT.replace("REGIMES", "")))
    assert layout.players == ("X", "H", "Y", "N")
    assert layout.issues == ("gain_x", "troops_x", "gain_y", "price_x", "troops_y")
    assert layout.parties == ((X, H), (X, H), (H, Y), (X, H), (H, Y))
    assert layout.tracks == ("trade", "defence", "trade", "trade", "defence")
    assert layout.dyads() == ((X, H), (H, Y))
    assert layout.issues_of((X, H)) == (GX, TX, PX)
    assert layout.issues_of((X, H), "trade") == (GX, PX)
    assert layout.issues_of((X, Y)) == ()
    assert layout.label((Y, X)) == "Y-X"
    assert layout.hub() == H
    assert replace(layout, parties=((X, H), (H, Y), (X, Y), (X, H), (H, Y))).hub() is None
    assert replace(layout, parties=((X, H),) * 5).hub() is None  # two could be it


def test_standard_tables() -> None:
    found = regimes()
    assert found["separate"].tables == (
        Table("X-H trade", (X, H), (GX, PX), (GX, PX)),
        Table("X-H defence", (X, H), (TX,), (TX,)),
        Table("H-Y trade", (H, Y), (GY,), (GY,)),
        Table("H-Y defence", (H, Y), (TY,), (TY,)),
    )
    assert [t.falls for t in found["threat-linked"].tables] == [(GX, TX, PX)] * 2 + [(GY, TY)] * 2
    assert [t.issues for t in found["threat-linked"].tables] == [(GX, PX), (TX,), (GY,), (TY,)]
    dyads = (
        Table("X-H", (X, H), (GX, TX, PX), (GX, TX, PX)),
        Table("H-Y", (H, Y), (GY, TY), (GY, TY)),
    )
    assert found["linked"].tables == found["linked-by-consent"].tables == dyads
    assert found["trilateral"].tables == (
        Table("all", (X, H, Y), (GX, TX, GY, PX, TY), (GX, TX, GY, PX, TY)),
    )
    assert found["trilateral-weighted"].tables == found["trilateral"].tables
    fallbacks = {name: r.fallback for name, r in found.items() if r.fallback is not None}
    assert fallbacks == {"linked-by-consent": "separate"}
    assert set(found) == {
        "separate", "threat-linked", "linked-by-consent", "linked", "linked-without-erosion",
        "trilateral", "trilateral-weighted",
    }  # fmt: skip
    for name, regime in found.items():
        assert regime.name == name
        hub = 2.0 if name == "trilateral-weighted" else 1.0
        assert regime.weights[X] == 2.0
        np.testing.assert_array_equal(regime.weights[H], hub * POWER)
        assert regime.weights[Y:] == (1.0, 1.0)
        assert regime.audience_cost == (0.0,) * 4
        assert (regime.threat_credibility, regime.erosion) == (1.0, 0.0)
        assert (regime.breakdown, regime.stages, regime.front) == ("announced", (), None)
        assert not regime.foresight


def test_two_players_have_no_table_of_three_and_no_hub_no_weighted_one() -> None:
    two = Layout(("A", "B"), ("x", "y"), ((0, 1), (0, 1)), ("a", "b"))
    assert set(standard_regimes(two)) == {
        "separate", "threat-linked", "linked-by-consent", "linked"
    }  # fmt: skip
    ring = Layout(("A", "B", "C"), ("x", "y", "z"), ((0, 1), (1, 2), (0, 2)), ("a", "a", "a"))
    found = standard_regimes(ring)
    assert "trilateral" in found
    assert "trilateral-weighted" not in found
    assert found["trilateral"].weights == (1.0, 1.0, 1.0)


def test_numbers_of_a_regime() -> None:
    found = regimes("""regimes:
  linked: { erosion: bold, threat_credibility: 0.5, audience_cost: { H: bold } }
  mine: { like: linked, weights: { Y: 3 }, erosion: 0, breakdown: nash }
  bold: { like: mine, disagreement: separate }
  plain: { like: bold, disagreement: breakdown }
  new: { audience_cost: { X: 1 } }
  separate: { threat_credibility: 0.75 }
  trilateral: { audience_cost: { Y: 2 }, threat_credibility: 0.25, weights: { X: 5 } }
""")
    linked = found["linked"]
    np.testing.assert_array_equal(linked.erosion, BOLD)
    assert linked.threat_credibility == 0.5
    assert linked.audience_cost[X] == linked.audience_cost[Y] == linked.audience_cost[N] == 0.0
    np.testing.assert_array_equal(linked.audience_cost[H], BOLD)
    assert linked.eroded()
    twin = found["linked-without-erosion"]
    assert (twin.erosion, twin.threat_credibility, twin.tables) == (0.0, 0.5, linked.tables)
    assert not twin.eroded()
    mine = found["mine"]
    assert (mine.threat_credibility, mine.breakdown, mine.erosion) == (0.5, "nash", 0.0)
    assert (mine.weights[Y], mine.weights[X]) == (3.0, 2.0)
    np.testing.assert_array_equal(mine.weights[H], POWER)
    np.testing.assert_array_equal(mine.audience_cost[H], BOLD)
    assert (found["bold"].fallback, found["bold"].breakdown) == ("separate", "nash")
    assert found["plain"].fallback is None
    assert found["plain"].weights[Y] == 3.0
    new = found["new"]  # a new name without `like` starts from what the file says of linked
    assert (new.name, new.threat_credibility) == ("new", 0.5)
    assert new.audience_cost == (1.0, 0.0, 0.0, 0.0)
    assert found["separate"].threat_credibility == 0.75
    assert found["threat-linked"].threat_credibility == 1.0
    weighted = found["trilateral-weighted"]
    assert (weighted.threat_credibility, weighted.audience_cost[Y]) == (0.25, 2.0)
    np.testing.assert_array_equal(weighted.weights[H], 2.0 * POWER)
    assert weighted.weights[X] == found["trilateral"].weights[X] == 5.0
    mixed = replace(found["separate"], rules=(found["separate"], linked))
    assert mixed.eroded()
    assert mixed.rule(1) is linked
    assert linked.rule(1) is linked


def test_own_tables_and_their_order() -> None:
    found = regimes("""regimes:
  mine:
    order: [H-Y, [trade, mixed]]
    foresight: true
    tables:
      mixed: { parties: [Y, X, H], issues: [gain_y, troops_x], falls: dyad }
      trade: { parties: [H, X], issues: [price_x, gain_x], falls: [troops_y, gain_x] }
      H-Y: { parties: [H, Y], issues: [troops_y], falls: all }
  players: { like: separate, order: [Y] }
  rest: { like: separate, order: [[X-H defence, Y]], foresight: false }
""")
    assert found["mine"].tables == (
        Table("mixed", (X, H, Y), (GY, TX), (GX, TX, GY, PX, TY)),
        Table("trade", (X, H), (PX, GX), (PX, GX, TY)),
        Table("H-Y", (H, Y), (TY,), (GX, TX, GY, PX, TY)),
    )
    assert found["mine"].order == ((2,), (1, 0))
    assert found["mine"].foresight
    assert found["players"].order == ((2, 3), (0, 1))
    assert found["rest"].order == ((1, 2, 3), (0,))
    assert not found["rest"].foresight
    assert found["separate"].order == ((0, 1, 2, 3),)
    own = regimes("""regimes:
  mine: { tables: { a: { parties: [H, X], issues: [gain_x] },
                    b: { parties: [H, X], issues: [troops_x, price_x], falls: own },
                    c: { parties: [H, Y], issues: [gain_y, troops_y], falls: dyad } } }
""")["mine"]
    assert [t.falls for t in own.tables] == [(GX,), (TX, PX), (GY, TY)]


def test_own_tables_do_not_inherit_an_order_of_others() -> None:
    found = regimes("""regimes:
  first: { like: separate, order: [Y] }
  mine: { like: first, tables: { h: { parties: [H, X], issues: [gain_x, troops_x, price_x] },
                                 y: { parties: [H, Y], issues: [gain_y, troops_y] } } }
""")
    assert found["first"].order == ((2, 3), (0, 1))
    assert found["mine"].order == ((0, 1),)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("", r"regimes\.mine\.foresight: needs an `order:` of two stages"),
        ("order: [H], ", r"needs an `order:` of two stages"),
        ("order: [Y, X], ", r"stage 1 holds H-Y trade, H-Y defence\. Name one table a stage"),
    ],
)
def test_whoever_looks_ahead_is_one_table(order: str, said: str) -> None:
    text = f"regimes: {{ mine: {{ like: separate, {order}foresight: true }} }}"
    with pytest.raises(ScenarioError, match=said):
        regimes(text)
    allowed = text.replace(order, "") if order else text
    allowed = allowed.replace("foresight", "order: [H-Y trade, Y], foresight")
    assert regimes(allowed)["mine"].order == ((2,), (3,), (0, 1))


def test_fronts() -> None:
    found = regimes("""regimes:
  joint-front: { front: { members: [Y, X], shares: { X: 2 }, division: equal-gains } }
  heads: { like: joint-front, front: { members: [X, Y], weight: head_count } }
""")
    assert found["joint-front"].front == Front((Y, X), (1.0, 2.0), False, "equal-gains")
    assert found["joint-front"].tables == found["trilateral"].tables
    assert found["joint-front"].name == "joint-front"
    assert found["heads"].front == Front((X, Y), (1.0, 1.0), True, "none")
    with pytest.raises(SimError, match=r"regimes\.joint-front\.front\.shares\.X: must be a plain"):
        regimes("regimes: { joint-front: { front: { members: [X, Y], shares: { X: power } } } }")


def test_a_case_is_what_the_file_says() -> None:
    case = compile_case(
        parse_scenario(TEXT.replace("REGIMES", "")), {"power": POWER, "bold": BOLD}, 2
    )
    assert case.n_draws == 2
    np.testing.assert_array_equal(case.lower, [[0, 0, 0, -9, 0]] * 2)
    np.testing.assert_array_equal(case.upper, [[1, 9, 1, 9, 9]] * 2)
    np.testing.assert_array_equal(case.width, [[1, 9, 1, 18, 9]] * 2)
    np.testing.assert_array_equal(case.status_quo, [[0.5, 5, 0.5, 0, 5]] * 2)
    np.testing.assert_array_equal(case.breakdown[:, TX], BOLD)
    assert case.ties == ((TX, TY),)
    assert case.controlled_by[TX] == H
    assert case.domains == ("other",) * 5
    assert case.payoffs.risk_aversion is None
    fixed = replace(case, upper=case.lower)
    np.testing.assert_array_equal(fixed.width, 1.0)
    averse = TEXT.replace("risk_aversion: 0", "risk_aversion: bold").replace("REGIMES", "")
    case = compile_case(parse_scenario(averse), {"power": POWER, "bold": BOLD}, 2)
    np.testing.assert_array_equal(case.payoffs.risk_aversion, [[0, 0], [0, 0], BOLD, [0, 0]])


def test_regimes_come_after_those_they_lean_on() -> None:
    table = Table("t", (0, 1), (0,), (0,))

    def regime(name: str, **changes: object) -> Regime:
        return replace(Regime(name, (table,)), **changes)  # type: ignore[arg-type]

    shared = Front((0, 1), (1.0, 1.0), division="shapley")
    known = {
        "a": regime("a", fallback="b"),
        "b": regime("b", fallback="c"),
        "c": regime("c"),
        "front": regime("front", front=shared),
        "equal": regime("equal", front=replace(shared, division="equal-gains")),
        "linked": regime("linked"),
    }
    assert needed(known, ["c"]) == ["c"]
    assert needed(known, ["a", "c", "linked"]) == ["c", "b", "a", "linked"]
    assert needed(known, ["front", "a", "equal"]) == ["linked", "front", "c", "b", "a", "equal"]
    del known["linked"]
    assert needed(known, ["front"]) == ["front"]


def test_troops_lose_credibility_only_beside_another_file() -> None:
    layout = layout_of(parse_scenario(TEXT.replace("REGIMES", "")))
    found = standard_regimes(layout)
    assert linked_regions(found["separate"], layout.tracks) == frozenset()
    assert linked_regions(found["linked"], layout.tracks) == frozenset(range(5))
    assert linked_regions(found["threat-linked"], layout.tracks) == frozenset(range(5))
    part = replace(found["linked"], tables=(Table("t", (X, H), (TX,), (TX, GX)),))
    assert linked_regions(part, layout.tracks) == frozenset({TX, GX})
    alone = replace(found["linked"], tables=(Table("t", (X, H), (TX, TY), (TX,)),))
    assert linked_regions(alone, layout.tracks) == frozenset()
