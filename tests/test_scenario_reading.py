"""Reading: positions, syntax, duplicate keys, `extends:`, overrides."""

from __future__ import annotations

import pytest
from scenario_cases import FOLDER, SMALL, changed, faults, position, small

from sim.errors import ScenarioError
from sim.scenario import Inline, load_scenario, parse_scenario
from sim.scenario.nodes import compose, plain


def test_the_small_scenario_is_sound():
    scenario = small()
    assert scenario.warnings == ()
    assert scenario.files[0].text == SMALL


# ---- positions ----------------------------------------------------------------------------------

PLACES = [
    ("    status_quo: 1.5", "    status_quo: high", "issues.payment.status_quo", "high"),
    ("range: [0, 8]", "range: [0, huge]", "issues.payment.range.1", "huge"),
    ("domain: payments", "domain: payment", "issues.payment.domain", "payment\n"),
    ("gsd: 1.5", "gsd: 0.5", "parameters.cost.value.lognormal.gsd", "0.5 } }"),
    ("median: 0.6, gsd", "medain: 0.6, gsd", "parameters.cost.value.lognormal.medain", "0.6, gsd"),
    ("{ uniform: [10, 20] }", "{ uniform: [20, 10] }", "parameters.stake.value.uniform.1", "10] }"),
    ("{ uniform: [10, 20] }", "{ unifrom: [10, 20] }", "parameters.stake.value.unifrom", "unifrom"),
    ("    substitution: 4", "    substituton: 4", "payoffs.market.substituton", "substituton"),
    ("name: Alpha", "nome: Alpha", "players.A.nome", "nome"),
    ("from: B", "from: C", "payoffs.host.from", "C, to"),
    ("[cost, stake, 0.5]", "[cost, steak, 0.5]", "correlations.0.1", "steak"),
    ("tariff: tariff", "tariff: tarif", "payoffs.market.suppliers.B.tariff", "tarif }"),
    ("mean: 0.1, sd: 0.05", "mean: 0.1, sd: 5", "regimes.linked.erosion.beta.sd", "5 } } }"),
    ("stakes: { A: stake,", "stakes: { X: stake,", "payoffs.deterrence.stakes.X", "X: stake"),
    ("as_of: 2025-04-17", "as_of: 2025-04-31", "as_of", "2025-04-31"),
]


@pytest.mark.parametrize(("old", "new", "field", "at"), PLACES)
def test_a_fault_points_at_its_value(old, new, field, at):
    text = changed((old, new))
    said = faults(text)
    assert any(f.startswith(f"s.yaml:{position(text, at)}: {field}: ") for f in said), said


def test_a_missing_key_is_reported_at_the_block_it_belongs_to():
    text = changed(("    breakdown: 30\n", ""))
    (said,) = faults(text)
    assert said.startswith(
        f"s.yaml:{position(text, 'troops:' + chr(10))}: issues.troops.breakdown: "
    )
    assert "is missing" in said


def test_an_unknown_key_is_taught():
    (said,) = faults(changed(("    demand: 6", "    demnd: 6")))
    assert "unknown key; did you mean 'demand'?; allowed: label, parties, track" in said


def test_all_faults_come_at_once_in_the_order_of_the_file():
    text = changed(
        ("name: Alpha", "nome: Alpha"),
        ("gsd: 1.5", "gsd: 0.5"),
        ("    parties: [A, B]\n    track: trade", "    parties: [A, C]\n    track: trade"),
        ("range: [0, 8]", "range: [8, 0]"),
        ("    breakdown: 30", "    breakdown: .nan"),
        ("share: 0.6", "share: 0.7"),
        ("    own_forces: 60\n", ""),
        ("transfer: payment", "transfer: paymnt"),
    )
    said = faults(text)
    fields = [line.split(": ")[1] for line in said]
    assert fields == [
        "players.A.nome",
        "parameters.cost.value.lognormal.gsd",
        "issues.tariff.parties.1",
        "issues.payment.range",
        "issues.troops.breakdown",
        "payoffs.market.suppliers",
        "payoffs.deterrence.own_forces",
        "payoffs.host.transfer",
    ]
    lines = [int(line.split(":")[1]) for line in said]
    assert lines == sorted(lines)


# ---- YAML ---------------------------------------------------------------------------------------


def test_duplicate_keys_are_all_named_with_the_first_place():
    text = SMALL + "title: Again\nissues: {}\n"
    last = SMALL.count("\n")
    assert faults(text) == [
        f"s.yaml:{last + 1}:1: title: is there twice, first on line 1",
        f"s.yaml:{last + 2}:1: issues: is there twice, first on line 15",
    ]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: [1\nb: 2", "s.yaml:2:2: file: is not valid YAML"),
        ("a:\n\tb: 1", "s.yaml:2:1: file: is not valid YAML"),
        ("a: *nowhere", "s.yaml:1:4: file: is not valid YAML"),
        ("a: 'open", "s.yaml:1:9: file: is not valid YAML"),
        ("a: 1\n---\nb: 2", "s.yaml:2:1: file: is not valid YAML"),
        ("[" * 5000, "s.yaml:1:1: file: cannot be read as YAML: nested too deeply"),
        ("- 1", "s.yaml:1:1: file: must be a mapping"),
        ("a: !!python/name:os.system x", "s.yaml:1:4: a: tags are not allowed"),
        ("a: &x [*x]", "s.yaml:1:4: a.0: an alias that contains itself"),
        ("? [a]\n: 1", "s.yaml:1:3: file: a key must be a name"),
        ("a: 1_000", "s.yaml:1:4: a: '1_000' is neither a number nor text"),
        ("\x00", "s.yaml:1:1: file: is not valid YAML"),
    ],
)
def test_what_is_no_yaml_is_said_with_its_position(text, start):
    said = faults(text)
    assert any(line.startswith(start) for line in said), said


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1", "spaces, not tabs"),
        ("a: b: c", "contains a colon in quotes"),
        ("a: 1\nb\nc: 2", "a colon and a space"),
        ("a: *b", "begins with * in quotes"),
        ("a: @b", "begins with such a sign"),
        ("a: { b: c: d }", "brackets in quotes"),
    ],
)
def test_what_beginners_do_is_answered_with_a_remedy(text, hint):
    (said,) = faults(text)
    assert hint in said


def test_exponential_aliases_do_not_blow_up():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for n in range(1, 12):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    assert any("too large" in line for line in faults("\n".join(lines)))


def test_scalars_are_those_of_yaml_1_2():
    text = "a: no\nb: 1e-3\nc: 017\nd: 0x1F\ne: .inf\nf: '1'\ng: 12:30\nh: ~\ni: .5\nj: true"
    tree, wrong = compose(text, "s.yaml")
    assert wrong == []
    assert plain(tree) == {
        "a": "no",
        "b": 1e-3,
        "c": 17,
        "d": 31,
        "e": float("inf"),
        "f": "1",
        "g": "12:30",
        "i": 0.5,
        "j": True,
    }


def test_anchors_and_merge_keys_work():
    text = changed(
        (
            "  A: { name: Alpha, discount_rate: 0.05 }",
            "  A: &a { name: Alpha, discount_rate: 0.05 }",
        ),
        ("  B: { discount_rate: 0.1 }", "  B: { <<: *a, name: Beta }"),
    )
    scenario = parse_scenario(text)
    assert scenario.players["B"].name == "Beta"
    assert scenario.players["B"].discount_rate == 0.05


def test_an_empty_key_counts_as_not_given():
    assert small(("    demand: 6", "    demand:")).issues["payment"].demand is None


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"title: a\nsummary: \xe9\n")
    for name, said in [
        ("nowhere.yaml", "cannot be read"),
        ("latin.yaml", "is not UTF-8 text, on line 2"),
        ("", "is a folder"),
        ("nul\0.yaml", "cannot be read"),
    ]:
        with pytest.raises(ScenarioError, match=said):
            load_scenario(f"{tmp_path}/{name}")


def test_an_empty_file_lacks_everything():
    said = faults("")
    assert [line.split(": ")[1] for line in said] == ["title", "players", "issues", "payoffs"]


# ---- extends ------------------------------------------------------------------------------------


def write(folder, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_variant_merges_replaces_and_removes(tmp_path):
    write(
        tmp_path,
        base=SMALL,
        variant="""\
extends: base.yaml
title: Variant
parameters:
  cost: { value: { uniform: [0, 1] }, why: another reason }
correlations: null
issues:
  payment: { demand: null, range: [0, 9] }
payoffs:
  host: { linear: payment, weights: { A: 1 } }
  deterrence: { threat: 90 }
""",
    )
    scenario = load_scenario(tmp_path / "variant.yaml")
    assert scenario.title == "Variant"
    cost = scenario.parameters["cost"]
    assert isinstance(cost.value, Inline)
    assert cost.value.distribution.family == "uniform"
    assert (cost.why, cost.source) == ("another reason", "a book")
    assert scenario.correlations == ()
    assert scenario.issues["payment"].demand is None
    assert scenario.issues["payment"].range == (0, 9)
    assert scenario.issues["payment"].source == "a newspaper"
    assert scenario.payoffs["host"].kind == "linear"
    assert scenario.payoffs["deterrence"].threat == 90
    assert scenario.payoffs["deterrence"].own_forces == 60
    assert list(scenario.issues) == ["tariff", "payment", "troops"]
    assert [f.name for f in scenario.files] == [
        str(tmp_path / "variant.yaml"),
        str(tmp_path / "base.yaml"),
    ]


def test_a_fault_points_into_the_file_that_the_value_came_from(tmp_path):
    write(
        tmp_path,
        base=changed(("range: [0, 8]", "range: [8, 0]")),
        variant="extends: base.yaml\nissues:\n  troops: { status_quo: 70 }\n",
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "variant.yaml")
    upside, above = sorted(caught.value.faults, key=lambda f: f.field)
    assert upside.file == str(tmp_path / "base.yaml")
    assert upside.field == "issues.payment.range"
    assert above.file == str(tmp_path / "variant.yaml")
    assert (above.line, above.column, above.field) == (3, 25, "issues.troops.status_quo")


def test_chains_and_folders(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path, base=SMALL, middle="extends: base.yaml\ntitle: Middle\n")
    write(tmp_path / "sub", top="extends: ../middle.yaml\nsummary: Top\n")
    scenario = load_scenario(tmp_path / "sub" / "top.yaml")
    assert (scenario.title, scenario.summary, len(scenario.files)) == ("Middle", "Top", 3)


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("loop.yaml", "goes round in a circle"),
        ("other.yaml", "goes round in a circle"),
        ("nowhere.yaml", "cannot be read"),
        (".", "is a folder"),
        ("[a, b]", "must be the path of a scenario file"),
    ],
)
def test_extends_that_lead_nowhere(tmp_path, extends, said):
    write(tmp_path, loop=f"extends: {extends}\n", other="extends: loop.yaml\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "loop.yaml")
    assert any(said in f.message and f.field == "extends" for f in caught.value.faults)


def test_null_that_removes_nothing_is_a_fault(tmp_path):
    write(tmp_path, base=SMALL, variant="extends: base.yaml\nissues:\n  paymnt: null\n")
    with pytest.raises(ScenarioError, match=r"3:3: issues.paymnt: removes nothing.*'payment'"):
        load_scenario(tmp_path / "variant.yaml")


# ---- overrides ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("issues.payment.demand", 4, lambda s: s.issues["payment"].demand == 4),
        ("issues.payment.demand", "4", lambda s: s.issues["payment"].demand == 4),
        ("issues.payment.range.1", "9", lambda s: s.issues["payment"].range == (0, 9)),
        ("issues.payment.range", [0, 9], lambda s: s.issues["payment"].range == (0, 9)),
        ("parameters.share.value", 0.4, lambda s: s.number("share") == 0.4),
        ("share", "0.4", lambda s: s.number("share") == 0.4),
        ("parameters.cost", "0.7", lambda s: s.number("cost") == 0.7),
        ("cost", "0.7", lambda s: s.parameters["cost"].source == "a book"),
        ("cost", "{uniform: [0, 3]}", lambda s: s.means["cost"] == 1.5),
        ("cost", {"uniform": [0, 3]}, lambda s: s.means["cost"] == 1.5),
        ("parameters.cost.value.lognormal.median", "2", lambda s: s.means["cost"] > 2),
        ("simulate.draws", "1e3", lambda s: s.simulate.draws == 1000),
        ("simulate", "{draws: 7}", lambda s: s.simulate.draws == 7),
        ("regimes.separate.threat_credibility", "0.5", lambda s: "separate" in s.regimes),
        ("issues.payment.demand", None, lambda s: s.issues["payment"].demand is None),
        ("payoffs.host.from", "B", lambda s: s.payoffs["host"].from_ == "B"),
    ],
)
def test_overrides(path, value, read):
    assert read(small(overrides={path: value}))


@pytest.mark.parametrize("path", ["cost", "parameters.cost", "parameters.cost.value"])
@pytest.mark.parametrize("value", [0.7, "0.7"])
def test_a_number_that_becomes_certain_leaves_its_correlations_and_that_is_said(path, value):
    scenario = small(overrides={"issues.payment.demand": 7, path: value})
    assert scenario.correlations == ()
    assert [str(warning) for warning in scenario.warnings] == [
        "--set:2:1: correlations: cost, stake: left out, cost is one number now"
    ]
    three = SMALL.replace("share: 0.4", "share: 0.4\n  more: { value: { uniform: [0, 1] } }")
    three = three.replace("0.5]\nissues", "0.5]\n  - [more, stake, 0.3]\nissues")
    assert parse_scenario(three, {path: value}).correlations == (("more", "stake", 0.3),)
    # What is still uncertain stays correlated.
    assert small(overrides={path: {"uniform": [0, 3]}}).correlations == (("cost", "stake", 0.5),)


def test_a_place_that_becomes_certain_leaves_its_correlations():
    text = SMALL.replace("[cost, stake, 0.5]", "[cost, regimes.linked.erosion, 0.5]")
    assert len(parse_scenario(text).correlations) == 1
    assert parse_scenario(text, {"regimes.linked.erosion": 0.2}).correlations == ()


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("issues.paymnt.demand", 4, "no 'paymnt' in issues; did you mean 'payment'"),
        ("issues.payment.demnd", 4, "issues.payment.demnd: unknown key; did you mean 'demand'"),
        ("parameters.cots.value", 4, "did you mean 'cost'"),
        ("cots", 4, "cots: is no parameter and no key; did you mean 'cost'"),
        ("issues..demand", 4, "must be a path"),
        ("", 4, "must be a path"),
        ("issues.payment.range", "[0,", "issues.payment.range: is not valid YAML"),
        ("issues.payment.range.2", 4, "no '2' in issues.payment.range: it has 2 items"),
        ("issues.payment.range.high", 4, "no 'high' in issues.payment.range"),
        ("payment", 4, "payment: is no parameter and no key"),
        ("payment", 4, "other numbers go by their path"),
        ("title.x", "1", "title: must be text"),
        ("issues.payment.demand", float("nan"), "issues.payment.demand: must be finite"),
        ("issues.payment.demand", "99", "issues.payment.demand: 99 lies above the range"),
        ("regimes.linkd.erosion.x", "1", "regimes.linkd.erosion"),
        ("simulate.draws", object(), "simulate.draws: must be a whole number"),
    ],
)
def test_overrides_that_lead_nowhere(path, value, said):
    lines = faults(SMALL, {path: value})
    assert any(line.startswith("--set:1:1: ") and said in line for line in lines), lines


def test_the_second_override_is_on_line_two():
    assert faults(SMALL, {"share": 0.4, "nonsense": 1})[0].startswith("--set:2:1: nonsense: ")


def test_what_was_read_once_is_read_the_same_again() -> None:
    """Composed text is remembered; overrides, bases and tables of trade are laid over a copy."""
    for name in ("us-allies-2025-04", "us-allies-semiconductors", "us-allies-general-equilibrium"):
        file = FOLDER / f"{name}.yaml"
        first = load_scenario(file)
        other = load_scenario(file, {"erosion": 0.5, "issues.hns_jpn.demand": 4})
        assert other.to_yaml() != first.to_yaml()
        assert load_scenario(file) == first
        assert load_scenario(file).to_yaml() == first.to_yaml()
