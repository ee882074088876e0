"""The scenario as other rooms see it: numbers, what follows, provenance, schema, starter."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
from scenario_cases import EQUILIBRIA, FOLDER, SMALL, bare, changed, position, small

from sim.errors import ScenarioError
from sim.scenario import (
    FAMILIES,
    Inline,
    ParameterName,
    json_schema,
    load_scenario,
    parse_scenario,
    starter,
)
from sim.scenario.nodes import compose
from sim.scenario.tables import standard_tables, table_shapes

EXAMPLE = FOLDER / "worked-example.yaml"


# ---- numbers ------------------------------------------------------------------------------------


def test_uncertain_numbers_are_named_by_parameter_or_path():
    scenario = small()
    assert [u.name for u in scenario.uncertain] == ["cost", "stake", "regimes.linked.erosion"]
    cost = scenario.uncertain[0]
    assert (cost.why, cost.source) == ("a reason", "a book")
    assert cost.distribution.family == "lognormal"
    assert scenario.means["stake"] == 15


def test_a_number_is_a_literal_a_name_or_inline():
    scenario = small()
    theta = {name: np.array([0.1, 0.2]) for name in scenario.means}
    assert scenario.number(4.0, theta) == 4.0
    assert scenario.number(ParameterName("share"), {}) == 0.4
    np.testing.assert_array_equal(scenario.number("cost", theta), [0.1, 0.2])
    erosion = scenario.regimes["linked"].erosion
    assert isinstance(erosion, Inline)
    np.testing.assert_array_equal(scenario.number(erosion, theta), [0.1, 0.2])


def test_draws_take_precedence_over_a_plain_parameter():
    scenario = small()
    assert scenario.number("share", {"share": 0.3}) == 0.3


def test_a_parameter_may_be_the_name_of_another():
    scenario = small(("  share: 0.4\n", "  share: other\n  other: 0.4\n"))
    assert scenario.number("share") == 0.4
    assert [u.name for u in scenario.uncertain] == ["cost", "stake", "regimes.linked.erosion"]


@pytest.mark.parametrize(("name", "said"), [("cost", "has no draws"), ("cots", "is no parameter")])
def test_a_number_without_a_value_is_a_named_error(name, said):
    with pytest.raises(ScenarioError, match=said):
        small().number(name, {})


def test_a_scenario_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        small().title = "other"


# ---- what follows from the file -----------------------------------------------------------------


def test_who_controls_an_issue():
    scenario = load_scenario(EXAMPLE)
    controlled = {name: scenario.controller_of(name) for name in scenario.issues}
    assert controlled == {
        **dict.fromkeys(["auto_jpn", "goods_jpn", "troops_jpn"], "US"),
        **dict.fromkeys(["auto_rok", "goods_rok", "troops_rok"], "US"),
        **dict.fromkeys(["access_jpn", "invest_jpn", "hns_jpn"], "JPN"),
        **dict.fromkeys(["access_rok", "invest_rok", "hns_rok"], "ROK"),
    }
    stated = small(("    track: trade", "    track: trade\n    controlled_by: B"))
    assert stated.controller_of("tariff") == "B"


def test_domains_of_terms():
    scenario = load_scenario(EXAMPLE)
    domains = {name: scenario.domain_of(term) for name, term in scenario.payoffs.items()}
    assert domains["us_cars"] == "tariffs"
    assert domains["japan_presence"] == domains["korea_deterrence"] == "security"
    assert domains["korea_payment"] == "payments"
    assert domains["japan_investment"] == "other"
    own = small(("paying_cost: cost }", "paying_cost: cost, domain: other }"))
    assert own.domain_of(own.payoffs["host"]) == "other"


def test_tables_by_name():
    scenario = load_scenario(EXAMPLE)
    tables = standard_tables(scenario)
    assert list(tables) == [
        "US-JPN trade",
        "US-JPN defence",
        "US-JPN",
        "US-ROK trade",
        "US-ROK defence",
        "US-ROK",
        "all",
    ]
    assert tables["US-ROK defence"].issues == ("hns_rok", "troops_rok")
    assert tables["all"].parties == ("US", "JPN", "ROK")
    own = parse_scenario(
        SMALL
        + "  new: { tables: { big: { parties: [A, B], issues: [tariff, payment, troops] } } }\n"
    )
    assert table_shapes(own)["big"].issues == ("tariff", "payment", "troops")


def test_the_worked_example_has_every_parameter():
    scenario = load_scenario(EXAMPLE)
    assert scenario.warnings == ()
    assert scenario.uncertain == ()
    assert len(scenario.issues) == 12
    assert len(scenario.payoffs) == 12
    cars = scenario.payoffs["us_cars"]
    assert (cars.size, cars.substitution, cars.demand_elasticity, cars.pass_through) == (
        650,
        4,
        1.4,
        0.85,
    )
    assert (cars.weights.consumers, cars.weights.revenue) == (0.7, 1.2)
    assert (cars.weights.producers, cars.weights.exporters) == (1.6, 1.3)


# ---- provenance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SMALL, EQUILIBRIA, starter(), EXAMPLE.read_text("utf-8")])
def test_resolved_text_reads_back_as_the_same(text):
    scenario = parse_scenario(text)
    again = parse_scenario(scenario.to_yaml())
    assert again.to_yaml() == scenario.to_yaml()
    assert again.sha256 == scenario.sha256
    assert again.model_dump() == scenario.model_dump()
    assert [u.name for u in again.uncertain] == [u.name for u in scenario.uncertain]


def test_the_hash_is_of_the_content():
    base = small()
    assert parse_scenario("# a comment\n" + SMALL).sha256 == base.sha256
    assert small(("demand: 6", "demand: 6.0")).sha256 == base.sha256
    assert small(("demand: 6", "demand: 6.5")).sha256 != base.sha256
    assert small(overrides={"share": 0.4}).sha256 == base.sha256
    assert small(overrides={"issues.payment.demand": 7}).sha256 != base.sha256


def test_a_scenario_travels_to_a_worker():
    scenario = small()
    again = pickle.loads(pickle.dumps(scenario))
    assert again.sha256 == scenario.sha256
    assert again.files == scenario.files
    assert again.uncertain == scenario.uncertain


def test_sources_come_with_their_figures():
    found = {s.path: s for s in small().sources}
    assert set(found) == {"parameters.cost", "issues.payment"}
    payment = found["issues.payment"]
    assert payment.source == "a newspaper"
    assert payment.unit == "USD bn"
    assert dict(payment.figures) == {
        "range.0": "0",
        "range.1": "8",
        "status_quo": "1.5",
        "breakdown": "1.5",
        "demand": "6",
    }
    assert found["parameters.cost"].figures == (("value", "lognormal(median 0.6, gsd 1.5)"),)


def test_an_error_of_another_room_finds_its_place():
    scenario = small()
    error = scenario.fault("payoffs.market.size", "is too small")
    size = position(SMALL, "100\n    suppliers")
    assert str(error) == f"s.yaml:{size}: payoffs.market.size: is too small"
    (nearby,) = scenario.fault("payoffs.market.nothing", "?").faults
    assert f"{nearby.line}:{nearby.column}" == position(SMALL, "market:\n")


# ---- schema and starter -------------------------------------------------------------------------

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def structure_faults(text: str) -> list[str]:
    """Return what the JSON Schema says against a text."""
    data = bare(compose(text, "x")[0])
    return [error.message for error in VALIDATOR.iter_errors(data)]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    json.dumps(json_schema())


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda p: p.name)
def test_shipped_files_have_the_structure_of_the_schema(path):
    assert structure_faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize("text", [SMALL, EQUILIBRIA, starter()])
def test_other_files_have_it_too(text):
    assert structure_faults(text) == []


@pytest.mark.parametrize(
    "replacement",
    [
        ("demand: 6", "demnd: 6"),
        ("domain: payments", "domain: payment"),
        ("{ uniform: [10, 20] }", "{ uniform: [10] }"),
        ("{ uniform: [10, 20] }", "{ unifrom: [10, 20] }"),
        ("    breakdown: 30\n", ""),
        ("substitution: 4", "substitution: 1"),
        ("title: Small", "title: 3"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(replacement):
    text = changed(replacement)
    assert structure_faults(text)
    with pytest.raises(ScenarioError):
        parse_scenario(text)


def test_every_field_of_the_schema_is_described():
    definitions = json_schema()["$defs"]
    for name, body in definitions.items():
        for variant in [body, *body.get("anyOf", [])]:
            for field, about in variant.get("properties", {}).items():
                if name != "Distribution":
                    assert about.get("description"), (name, field)
    families = definitions["Distribution"]["oneOf"]
    assert [f["required"][0] for f in families] == list(FAMILIES)
    assert all(f["description"] for f in families)


def test_the_starter_is_sound_and_commented():
    scenario = parse_scenario(starter())
    assert scenario.warnings == ()
    assert starter().count("#") > 20
    assert {u.name for u in scenario.uncertain} == {"consumer_weight", "paying_cost", "erosion"}


def test_reading_scenarios_loads_nothing_heavy():
    code = (
        "import sys, sim.scenario\n"
        "heavy = {'scipy.stats', 'scipy.optimize', 'pandas', 'xarray', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
