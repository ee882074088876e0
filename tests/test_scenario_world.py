"""`general_equilibrium` in a scenario file: its data, its faults, and the numbers it leads to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenario_cases import FOLDER, position

from sim.errors import ScenarioError
from sim.negotiation import compile_case
from sim.payoffs import World, equilibrium, read_world
from sim.scenario import json_schema, load_scenario, parse_scenario

TRADE, GDP = FOLDER / "data" / "goods_trade_2023.csv", FOLDER / "data" / "gdp_2023.csv"
TEXT = """\
title: World
players: { A: {}, B: {} }
issues:
  duty:
    parties: [A, B]
    track: trade
    domain: tariffs
    range: [0, 0.5]
    status_quo: 0.1
    breakdown: 0.3
  answer:
    parties: [A, B]
    track: trade
    domain: tariffs
    range: [0, 0.5]
    status_quo: 0
    breakdown: 0.2
payoffs:
  world:
    general_equilibrium:
      trade:
        east: { west: 3, rest: 2 }
        west: { east: 4, rest: 1.5 }
        rest: { east: 2, west: 1.25 }
      gdp: { east: 100, west: 25, rest: 10 }
    regions: { A: east, B: west }
    tariffs:
      - { exporter: west, importer: east, issue: duty }
      - { exporter: east, importer: west, issue: answer, baseline: 0.05 }
    elasticity: 4
    revenue: { A: 1.5 }
"""


def said(text: str, name: str = "s.yaml") -> list[str]:
    """Return the faults of a text."""
    try:
        parse_scenario(text, name=name)
    except ScenarioError as error:
        return str(error).splitlines()
    return []


def edited(old: str, new: str) -> str:
    """Return the text with its only `old` replaced."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_money_is_that_of_the_equilibrium() -> None:
    """w_I N'/P + w_R (E' - N')/P, against the equilibrium solved from the same tables."""
    case = compile_case(parse_scenario(TEXT), {}, 1)
    base = np.array([[0, 0.05, 0], [0.1, 0, 0], [0, 0, 0]])
    trade = [[0, 3, 2], [4, 0, 1.5], [2, 1.25, 0]]
    world = World.from_trade(trade, [100, 25, 10], substitution=4.0, tariffs=base)

    def worth(duty: float, answer: float) -> np.ndarray:
        new = np.array([[0, answer, 0], [duty, 0, 0], [0, 0, 0]])
        found = equilibrium(world, new)
        income, revenue = found.spending - found.revenue, found.revenue
        return ((income + [1.5, 1, 1] * revenue) / found.prices)[0, :2]

    change = case.payoffs.money(np.array([[0.3, 0.2]])) - case.payoffs.money(np.array([[0.1, 0.0]]))
    np.testing.assert_allclose(change[0], worth(0.3, 0.2) - worth(0.1, 0.0), rtol=1e-9)


def test_shipped_case_is_the_world_of_the_data() -> None:
    """At a tariff of 24 % on Japan, America gains what `sim.payoffs` says, in every draw."""
    scenario = load_scenario(FOLDER / "us-allies-general-equilibrium.yaml")
    sigma = np.array([3.0, 5.0])
    theta = {name: np.full(2, mean) for name, mean in scenario.means.items()}
    case = compile_case(scenario, theta | {"elasticity": sigma, "revenue_weight": np.ones(2)}, 2)
    status_quo = {key: issue.status_quo for key, issue in scenario.issues.items()}
    outcome = np.array([list((status_quo | {"tariff_jpn": 0.24}).values())] * 2, dtype=float)
    regions, data = read_world(TRADE, GDP)
    us, jpn = regions.index("USA"), regions.index("JPN")
    base = np.zeros((7, 7))
    base[jpn, us] = 0.018
    new = base.copy()
    new[jpn, us] = 0.24
    world = World(np.asarray(data.flows)[0], sigma, base)
    gains = world.spending * (equilibrium(world, new).welfare - 1.0)
    change = case.payoffs.money(outcome) - case.payoffs.money(
        np.array([list(status_quo.values())] * 2, dtype=float)
    )
    np.testing.assert_allclose(change[:, 0], gains[:, us], rtol=1e-9)
    np.testing.assert_allclose(change[:, 1], gains[:, jpn], rtol=1e-9)
    np.testing.assert_allclose(change[:, 2], gains[:, regions.index("KOR")], rtol=1e-9)


def test_resolved_text_needs_no_other_file() -> None:
    scenario = load_scenario(FOLDER / "us-allies-general-equilibrium.yaml")
    again = parse_scenario(scenario.to_yaml(), name="elsewhere/result.yaml")
    assert again.sha256 == scenario.sha256
    assert ".csv" not in again.to_yaml()
    assert (
        again.payoffs["world"].general_equilibrium == scenario.payoffs["world"].general_equilibrium
    )
    assert [Path(file.name).name for file in scenario.files[1:]] == [TRADE.name, GDP.name]


def test_hash_follows_the_data(tmp_path: Path) -> None:
    text = edited("{ east: 100, west: 25, rest: 10 }", "gdp.csv")
    (tmp_path / "s.yaml").write_text(text)
    (tmp_path / "gdp.csv").write_text("region,gdp\neast,100\nwest,25\nrest,10\n")
    assert load_scenario(tmp_path / "s.yaml").sha256 == parse_scenario(TEXT).sha256
    (tmp_path / "gdp.csv").write_text("region,gdp\neast,101\nwest,25\nrest,10\n")
    assert load_scenario(tmp_path / "s.yaml").sha256 != parse_scenario(TEXT).sha256


def test_domain_and_controllers() -> None:
    scenario = parse_scenario(TEXT)
    assert scenario.domain_of(scenario.payoffs["world"]) == "tariffs"
    assert (scenario.controller_of("duty"), scenario.controller_of("answer")) == ("A", "B")
    assert scenario.warnings == ()


def test_data_are_set_by_override() -> None:
    scenario = parse_scenario(TEXT, {"payoffs.world.general_equilibrium.gdp.east": 120})
    assert scenario.payoffs["world"].general_equilibrium.gdp["east"] == 120.0


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("A: east, ", "A: eest, ", "eest", "unknown region 'eest'"),
        ("B: west }", "C: west }", "C: west", "unknown player 'C'"),
        ("issue: duty", "issue: dutty", "dutty", "unknown issue 'dutty'; did you mean 'duty'?"),
        ("{ exporter: west,", "{ exporter: wst,", "wst", "unknown region 'wst'"),
        ("{ exporter: west,", "{ exporter: east,", "east, issue: duty", "no tariff on its own"),
        ("revenue: { A", "revenue: { C", "C: 1.5", "unknown player with a region 'C'"),
        ("elasticity: 4", "elasticity: 1", "1\n    revenue", "must be above 1"),
        ("east: 100, ", "east: 4, ", "4, west: 25", "must exceed its exports to other regions, 5"),
        ("{ west: 3, rest: 2 }", "{ west: -3, rest: 2 }", "-3", "at least 0"),
        ("{ west: 3, rest: 2 }", "{ west: many, rest: 2 }", "many", "must be a plain number"),
        ("{ west: 3, rest: 2 }", "{ west: 3 }", "east: { west: 3 }", "no rest"),
        ("baseline: 0.05", "baseline: -1", "-1 }", "must be above -1"),
        ("gdp: { east: 100, ", "gdp: { ", "gdp: {", "says nothing of east"),
        ("exporter: east, importer: west", "exporter: west, importer: east", "", "stands here"),
        ("gdp: {", "gpd: {", "gpd", "unknown key; did you mean 'gdp'?"),
        ("B: west }", "B: east }", "regions:", "gives east to two players"),
        ("{ east: 100, west: 25, rest: 10 }", "no.csv", "no.csv", "no.csv cannot be read"),
    ],
)
def test_faults_stand_where_they_are(old: str, new: str, at: str, message: str) -> None:
    text = edited(old, new)
    found = said(text)
    hit = [line for line in found if message in line]
    assert hit, found
    if at:
        assert hit[0].startswith(f"s.yaml:{position(text, at)}: payoffs.world"), (hit, at)


@pytest.mark.parametrize(
    ("table", "start", "message"),
    [
        (
            "r,g\neast,100\nwest,x\nrest,10\n",
            "3:6: ",
            "must be a plain number, at least 0, not 'x'",
        ),
        ("r,g\neast,100\nwest,nan\nrest,10\n", "3:6: ", "must be finite"),
        ("r,g\neast,100\nwest\n", "3:1: ", "needs 2 cells"),
        ("r,g\neast,100\neast,20\n", "1:1: ", "names regions twice: east"),
        ("r,g\n", "1:1: ", "needs a header"),
        ("r,g\neast,4\nwest,25\nrest,10\n", "2:6: ", "must exceed its exports"),
    ],
)
def test_faults_of_a_table_point_into_it(
    tmp_path: Path, table: str, start: str, message: str
) -> None:
    (tmp_path / "gdp.csv").write_text(table)
    text = edited("{ east: 100, west: 25, rest: 10 }", "gdp.csv")
    found = said(text, str(tmp_path / "s.yaml"))
    begin = f"{tmp_path / 'gdp.csv'}:{start}payoffs.world.general_equilibrium.gdp"
    assert any(line.startswith(begin) and message in line for line in found), found


def test_schema_allows_files_and_mappings() -> None:
    data = json_schema()["$defs"]["WorldData"]["properties"]
    for field in ("trade", "gdp"):
        assert [form["type"] for form in data[field]["anyOf"]] == ["string", "object"]
