"""Negotiation domains of GENIUS and GeniusWeb as finite bargaining problems."""

from __future__ import annotations

import json
import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.bargaining import FiniteProblem, solve
from sim.errors import GameError, ScenarioError
from sim.games import NegotiationDomain, read_domain
from sim.games.exchange.genius import parse_genius
from sim.games.exchange.geniusweb import parse_geniusweb

CAR = """<utility_space type="any" number_of_issues="3">
 <objective index="0" etype="objective" type="objective" description="" name="car">
  <issue index="1" etype="discrete" type="discrete" vtype="discrete" name="Brand">
   <item index="1" value="Ford" evaluation="3.0"></item>
   <item index="2" value="BMW" evaluation="5.0"></item>
   <item index="3" value="Kia" evaluation="0"/>
  </issue>
  <issue index="2" etype="integer" type="integer" vtype="integer" name="Price"
         lowerbound="10" upperbound="14">
   <evaluator ftype="linear" slope="0.25" offset="0.1"></evaluator>
  </issue>
  <issue index="3" type="integer" name="Years">
   <range lowerbound="1" upperbound="2"/>
   <evaluator ftype="linear" slope="-1" offset="1"/>
  </issue>
  <weight index="1" value="0.4"></weight>
  <weight index="2" value="0.5"></weight>
  <weight index="3" value="0.1"></weight>
 </objective>
 <discount_factor value="0.5"/>
 <reservation value="0.25"/>
</utility_space>
"""

JOBS = {
    "LinearAdditiveUtilitySpace": {
        "issueUtilities": {
            "lease car": {"DiscreteValueSetUtilities": {"valueUtilities": {"no": 0, "yes": 1}}},
            "salary": {
                "NumberValueSetUtilities": {
                    "lowValue": 1000,
                    "highValue": 3000,
                    "lowUtility": 0.4,
                    "highUtility": 0.9,
                }
            },
        },
        "issueWeights": {"lease car": 0.3, "salary": 0.7},
        "domain": {
            "name": "jobs",
            "issuesValues": {
                "lease car": {"values": ["yes", "no"]},
                "salary": {"range": ["1000", "3000", "500"]},
            },
        },
        "name": "employee",
        "reservationBid": {"issuevalues": {"lease car": "no", "salary": 2000}},
    }
}


def jobs(**changes: object) -> str:
    """Return the profile's text with members of the space replaced."""
    space = {**JOBS["LinearAdditiveUtilitySpace"], **changes}
    return json.dumps({"LinearAdditiveUtilitySpace": space}, indent=1)


@st.composite
def domains(draw: st.DrawFn, parties: tuple[int, int] = (2, 3)) -> NegotiationDomain:
    n = draw(st.integers(*parties))
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    tables = [
        np.array(draw(st.lists(st.integers(0, 8), min_size=m * n, max_size=m * n))).reshape(m, n)
        for m in counts
    ]
    issues = {f"issue {k}": [f"value {v}" for v in range(m)] for k, m in enumerate(counts)}
    reservation = draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    return NegotiationDomain(issues, tables, reservation)


def test_genius_evaluations() -> None:
    party = parse_genius(CAR, file="buyer.xml")
    assert party.name == "buyer"
    assert party.issues["Price"] == ("10", "11", "12", "13", "14")
    np.testing.assert_allclose(party.utilities["Brand"], 0.4 * np.array([0.6, 1.0, 0.0]))
    linear = np.array([0.1, 0.35, 0.6, 0.85, 1.0])  # cut off at 1
    np.testing.assert_allclose(party.utilities["Price"], 0.5 * linear)
    np.testing.assert_allclose(party.utilities["Years"], [0.1, 0.0])
    assert (party.reservation, party.discount) == (0.25, 0.5)


def test_geniusweb_utilities() -> None:
    party = parse_geniusweb(jobs())
    assert party.name == "employee"
    assert party.issues["salary"] == ("1000", "1500", "2000", "2500", "3000")
    np.testing.assert_allclose(party.utilities["lease car"], [0.3, 0.0])
    np.testing.assert_allclose(
        party.utilities["salary"], 0.7 * np.array([0.4, 0.525, 0.65, 0.775, 0.9])
    )
    assert party.reservation == pytest.approx(0.7 * 0.65)
    assert party.discount == 1.0
    old = jobs().replace("LinearAdditiveUtilitySpace", "linearadditive")
    old = old.replace("DiscreteValueSetUtilities", "discreteutils")
    old = old.replace("NumberValueSetUtilities", "numberutils")
    np.testing.assert_array_equal(
        parse_geniusweb(old).utilities["salary"], party.utilities["salary"]
    )
    assert parse_geniusweb(jobs(reservationBid=None)).reservation == 0.0
    fine = parse_geniusweb(jobs().replace('"500"', '"0.25"'))
    assert len(fine.issues["salary"]) == 8001
    assert fine.issues["salary"][1] == "1000.25"


def test_reading_files_of_two_parties(tmp_path: Path) -> None:
    seller = CAR.replace('slope="0.25" offset="0.1"', 'slope="-0.25" offset="1"')
    # The same issues in another order, and values in another order.
    item = '   <item index="1" value="Ford" evaluation="3.0"></item>\n'
    seller = seller.replace(item, "").replace("  </issue>\n", item + "  </issue>\n", 1)
    (tmp_path / "buyer.xml").write_text(CAR, encoding="utf-8")
    (tmp_path / "seller.xml").write_text(seller, encoding="utf-8")
    domain = read_domain(tmp_path / "buyer.xml", tmp_path / "seller.xml")
    assert domain.parties == ("buyer", "seller")
    assert domain.n_outcomes == 30
    best = domain.index({"Brand": "BMW", "Price": "10", "Years": "1"})
    np.testing.assert_allclose(domain.at([best]), [[0.4 + 0.05 + 0.1, 0.4 + 0.5 + 0.1]])
    for name in ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian"):
        found = solve(domain.problem(), name)
        chosen = int(found.outcome[0, 0])
        assert found.agreement.all()
        np.testing.assert_allclose(found.payoffs[0], domain.at(chosen))
        assert domain.outcome(chosen)["Brand"] == "BMW"
        later = solve(domain.problem(time=1.0), name)
        np.testing.assert_allclose(later.payoffs, 0.5 * found.payoffs)
    mixed = solve(domain.problem(lotteries=True), "nash")
    assert mixed.converged.all()
    (tmp_path / "a.json").write_text(jobs(), encoding="utf-8")
    other = read_domain(tmp_path / "a.json", tmp_path / "a.json")
    assert other.n_outcomes == 10
    with pytest.raises(GameError, match="other issues"):
        read_domain(tmp_path / "a.json", tmp_path / "buyer.xml")


@given(domains(), st.integers(1, 40))
@settings(deadline=None)
def test_blocks_are_all_outcomes_in_order(domain: NegotiationDomain, size: int) -> None:
    blocks = list(domain.blocks(size))
    assert all(1 <= len(block) <= size for block in blocks)
    table = np.concatenate(blocks)
    picks = product(*(range(len(v)) for v in domain.issues.values()))
    for number, pick in enumerate(picks):
        worth = sum(t[v] for t, v in zip(domain.utilities, pick, strict=True))
        np.testing.assert_allclose(table[number], worth, atol=1e-12)
        values = {n: v[i] for (n, v), i in zip(domain.issues.items(), pick, strict=True)}
        assert domain.outcome(number) == values
        assert domain.index(values) == number
    assert len(table) == domain.n_outcomes
    np.testing.assert_allclose(domain.at(np.arange(len(table))), table, atol=1e-12)


@given(domains(), st.sampled_from(["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"]))
@settings(deadline=None)
def test_streamed_solutions_are_those_of_the_whole_list(
    domain: NegotiationDomain, name: str
) -> None:
    table = domain.at(np.arange(domain.n_outcomes))
    whole = solve(FiniteProblem(table, domain.reservation), name)
    streamed = solve(domain.problem(block=7), name)
    assert streamed.agreement == whole.agreement
    np.testing.assert_allclose(streamed.payoffs, whole.payoffs, atol=1e-9)


def test_a_million_outcomes_take_little_memory() -> None:
    rng = np.random.default_rng(0)
    tables = [rng.random((10, 2)) for _ in range(6)]
    issues = {str(k): [str(v) for v in range(10)] for k in range(6)}
    domain = NegotiationDomain(issues, tables, [1.0, 1.0])
    tracemalloc.start()
    found = solve(domain.problem(block=20_000), "nash")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert domain.n_outcomes == 10**6
    assert peak < 8e6  # the whole table has 16 MB
    gains = np.prod(found.payoffs - 1.0)
    sample = domain.at(rng.integers(0, 10**6, 50_000)) - 1.0
    assert np.all(np.where((sample > 0).all(axis=1), sample.prod(axis=1), 0.0) <= gains + 1e-12)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('slope="0.25"', 'slope="x"', "b.xml:10:4: Price.slope: a finite number is needed"),
        ('slope="0.25" ', "", "b.xml:10:4: Price.slope: a finite number is needed, got None"),
        (
            'type="discrete" vtype="discrete"',
            'vtype="real"',
            "b.xml:3:3: Brand: discrete and integer issues are allowed, got real",
        ),
        ('evaluation="5.0"', "", "b.xml:5:4: Brand.evaluation: a finite number is needed"),
        ('evaluation="0"', 'evaluation="-1"', "b.xml:6:4: Brand.evaluation: at least 0 is allowed"),
        ('value="BMW"', 'value="Ford"', "b.xml:3:3: Brand: every value may stand once"),
        ('name="Price"', 'name="Brand"', "b.xml:8:3: issue: a name of its own is needed"),
        ('<weight index="2"', '<weight index="9"', "b.xml:8:3: Price: a weight with index '2'"),
        ('value="0.5"></w', 'value="-1"></w', "b.xml:17:3: weight of Price: at least 0"),
        ('upperbound="14"', 'upperbound="9"', "b.xml:8:3: Price: whole bounds"),
        ('factor value="0.5"', 'factor value="1.5"', "b.xml:20:2: discount_factor: 0 to 1"),
        (
            '<evaluator ftype="linear" slope="0.25" offset="0.1"></evaluator>',
            "",
            "b.xml:8:3: Price: an evaluator with slope and offset is needed",
        ),
        ("</utility_space>", "", "not XML"),
        ("<utility_space type", "<template type", "not XML"),
        ('type="any"', 'type="nonlinear"', "b.xml:1:1: utility_space: linear additive"),
    ],
)
def test_faults_of_genius_files(old: str, new: str, fault: str) -> None:
    assert old in CAR
    with pytest.raises(ScenarioError) as caught:
        parse_genius(CAR.replace(old, new, 1), file="b.xml")
    assert fault in str(caught.value)


def test_other_xml() -> None:
    with pytest.raises(ScenarioError, match="utility_space: is needed, got <html>"):
        parse_genius("<html/>")
    with pytest.raises(ScenarioError, match="issue: at least one"):
        parse_genius("<utility_space/>")
    with pytest.raises(ScenarioError, match="A: at least one item is needed"):
        parse_genius('<utility_space><issue name="A" index="1"/></utility_space>')
    template = f"<negotiation_template>{CAR}</negotiation_template>"
    assert parse_genius(template).discount == 0.5
    assert parse_genius(CAR.replace('factor value="0.5"', 'factor value="0"')).discount == 1.0
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?>' + CAR.replace("BMW", "Citroën")
    assert parse_genius(latin.encode("latin-1")).issues["Brand"][1] == "Citroën"


def test_xml_that_would_explode_is_refused_at_once() -> None:
    """Entities within entities, which some versions of expat write out; depth; odd encodings."""
    pieces = "".join(f'<!ENTITY e{i + 1} "{10 * f"&e{i};"}">' for i in range(9))
    bomb = f'<!DOCTYPE x [\n<!ENTITY e0 "ha">{pieces}]>{CAR.replace("BMW", "&e9;")}'
    for text, fault in (
        (bomb, "file: no entities are allowed, got e0"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hosts">]><x>&e;</x>', "no entities"),
        (100_000 * "<a>", "b.xml:1:301: file: nested deeper than 100"),
        ('<?xml version="1.0" encoding="none"?><a/>', "not XML: unknown encoding: none"),
        ('<?xml version="1.0" encoding="shift_jis"?><a/>', "not XML: multi-byte encodings"),
    ):
        with pytest.raises(ScenarioError) as caught:
            parse_genius(text.encode(), file="b.xml")
        assert len(caught.value.faults) == 1
        assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (jobs().replace("0.7", "0.8"), "issueWeights: a sum of 1 is needed, got 1.1"),
        (jobs().replace('"no": 0', '"maybe": 0'), "valueUtilities.maybe: yes, no are allowed"),
        (jobs().replace("0.9", "1.9"), "salary.highUtility: 0 to 1 is allowed, got 1.9"),
        (jobs().replace("0.9", '"high"'), "salary.highUtility: a finite number is needed"),
        (jobs().replace('"500"', '"-5"'), "salary.range: low up to high and a step"),
        (jobs().replace("3000,", "2900,"), "the ends of the range, 1000 and 3000, are needed"),
        (jobs().replace("2000\n", "2001\n"), "reservationBid.salary: 1000, 1500"),
        (jobs().replace('"issueWeights"', '"w"'), "2:32: profile.issueWeights: is needed"),
        (jobs(domain={"issuesValues": {}}), "at least one issue is needed"),
        (jobs(issueWeights={"lease car": True, "salary": -1}), "got True"),
        (jobs(issueWeights={"lease car": 2, "salary": -1}), "issueWeights.salary: at least 0"),
        (jobs(reservationBid={"issuevalues": {"car": 1}}), "reservationBid.car: lease car, salary"),
        (jobs().replace('"1000",', ""), "salary.range: [low, high, step] is needed, got 2"),
        (jobs().replace('"no"\n', '"yes"\n', 1), "at least one value, each once"),
        (jobs().replace('"range": [', '"range": 1, "x": ['), "salary.range: an array [...] is"),
        ('{"a": {}, "b": {}}', "an object with one member, its type, is needed, got 2"),
        (jobs(domain=[]), "domain: an object {...} is needed"),
        (jobs()[:-3], "not JSON: `,` or `}` is needed here"),
        (jobs() + "x", "not JSON: nothing more is allowed"),
        ('{"a": tru}', "j.json:1:7: file: not JSON: a value is needed here"),
        ('{"a" 1}', "j.json:1:6: file: not JSON: `:` is needed here"),
        ("[1 2]", "j.json:1:4: file: not JSON: `,` or `]` is needed here"),
        ("{1: 2}", 'not JSON: a name in "..." is needed here'),
        ('"\\q"', "not JSON: Invalid \\escape"),
        ("[" * 200, "nested deeper than 100"),
        (jobs().replace("0.9", "9" * 5000), "not JSON: a number of up to 1000 digits is needed"),
        ('{"SumOfGroups": {}}', "LinearAdditiveUtilitySpace is allowed, got SumOfGroups"),
        ("[]", "profile: an object {...} is needed"),
    ],
)
def test_faults_of_geniusweb_files(text: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_geniusweb(text, file="j.json")
    assert fault in str(caught.value)
    assert all(str(each).startswith("j.json:") for each in caught.value.faults)


@given(st.text(max_size=80), st.integers(0, len(CAR) - 1), st.integers(0, len(jobs()) - 1))
@settings(deadline=None)
def test_damaged_files_are_parties_or_faults(text: str, one: int, other: int) -> None:
    for parse, damaged in (
        (parse_genius, CAR[:one] + text + CAR[one + 1 :]),
        (parse_genius, text),
        (parse_geniusweb, jobs()[:other] + text + jobs()[other + 1 :]),
        (parse_geniusweb, text),
    ):
        try:
            said = parse(damaged).name
        except ScenarioError as error:
            said = str(error)
        assert isinstance(said, str)


def test_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(CAR.replace("0.25", "x"), encoding="utf-8")
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_domain(tmp_path / "a.xml", tmp_path / "b.json")
    assert [Path(fault.file).name for fault in caught.value.faults] == ["a.xml", "a.xml", "b.json"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NegotiationDomain({"x": "ab"}, [[[1, 2]]], [0, 0]), r"shape \(2, 2\)"),
        (lambda: NegotiationDomain({"x": "ab"}, [], [0, 0]), "1 tables"),
        (lambda: NegotiationDomain({}, [], [0, 0]), "at least one issue"),
        (lambda: NegotiationDomain({"x": "a"}, [[[1, np.nan]]], [0, 0]), "NaN"),
        (lambda: NegotiationDomain({"x": "a"}, [[[1, 1]]], [0, 0], [1, 0]), r"\(0, 1\]"),
        (lambda: NegotiationDomain({"x": "a"}, [[[1, 1]]], [0, 0]).outcome(1), "0 to 0"),
        (lambda: NegotiationDomain({"x": "a"}, [[[1, 1]]], [0, 0]).index({"x": "b"}), "x: a are"),
        (lambda: next(NegotiationDomain({"x": "a"}, [[[1, 1]]], [0, 0]).blocks(0)), "at least 1"),
        (lambda: NegotiationDomain({"x": "a"}, [[[1, 1]]], [0, 0]).problem(time=2), r"\[0, 1\]"),
        (read_domain, "at least one file"),
    ],
)
def test_faults(make: object, says: str) -> None:
    with pytest.raises(GameError, match=says):
        make()
