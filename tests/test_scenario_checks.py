"""Every named cross-check finds what it is there for, and says where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_cases import SMALL, changed, faults, position, small

from sim.scenario.checks.correlations import clash

RANGE = "range: [0, 8]\n    status_quo: 1.5\n    breakdown: 1.5\n    demand: 6"
LINKED = "  linked: { erosion: { beta: { mean: 0.1, sd: 0.05 } } }\n"
HOST = "  host: { transfer: payment, from: B, to: A, paying_cost: cost }\n"


def both(old: str, new: str) -> str:
    return changed((old, new))


CASES = {
    # players and issues
    "one player": (both("  B: { discount_rate: 0.1 }\n", ""), "players", "must name 2 or more"),
    "one party": (
        both("parties: [A, B]\n    track: trade", "parties: [A]\n    track: trade"),
        "issues.tariff.parties",
        "two different players or more",
    ),
    "a party twice": (
        both("parties: [A, B]\n    track: trade", "parties: [A, B, A]\n    track: trade"),
        "issues.tariff.parties",
        "names twice: A",
    ),
    "controlled by a stranger": (
        both("    track: trade", "    track: trade\n    controlled_by: C"),
        "issues.tariff.controlled_by",
        "must be one of the parties A, B",
    ),
    "cut off beside the distribution": (
        both("{ uniform: [10, 20] }", "{ uniform: [10, 20], min: 12 }"),
        "parameters.stake.value",
        "min and max stand within the distribution: {uniform: {..., min: 0}}",
    ),
    # ranges
    "upside down": (both("[0, 8]", "[8, 0]"), "issues.payment.range", "is upside down"),
    "upside down by name": (
        both("[0, 8]", "[cost, 1]"),
        "issues.payment.range",
        "upside down in some draws",
    ),
    "status quo below": (
        both("status_quo: 50", "status_quo: -1"),
        "issues.troops.status_quo",
        "-1 lies below the range, which begins at 0",
    ),
    "breakdown above": (
        both("breakdown: 30", "breakdown: 60"),
        "issues.troops.breakdown",
        "60 lies above the range, which ends at 50",
    ),
    "demand above": (both("demand: 6", "demand: 9"), "issues.payment.demand", "9 lies above"),
    "offer above": (both("demand: 6", "offer: 9"), "issues.payment.offer", "9 lies above"),
    "breakdown in some draws": (
        both("breakdown: 30", "breakdown: cost"),
        "issues.troops.breakdown",
        "cut the distribution off",
    ),
    "enormous": (both("demand: 6", "demand: 1e300"), "issues.payment.demand", "at most 1e+12"),
    "infinite": (both("demand: 6", "demand: .inf"), "issues.payment.demand", "must be finite"),
    "text for a number": (
        both("demand: 6", "demand: '6'"),
        "issues.payment.demand",
        "write 6 without quotes",
    ),
    # ties
    "a tie to nobody": (SMALL + "ties: [[tariff, trif]]\n", "ties.0.1", "did you mean 'tariff'"),
    "a tie to itself": (SMALL + "ties: [[tariff, tariff]]\n", "ties.0", "to itself"),
    "a tie of three": (SMALL + "ties: [[tariff, payment, troops]]\n", "ties.0", "a list of two"),
    "a tie without overlap": (
        changed((RANGE, RANGE.replace("[0, 8]", "[1, 8]"))) + "ties: [[tariff, payment]]\n",
        "ties.0",
        "do not overlap",
    ),
    # parameters
    "unknown parameter": (
        both("stake, B: 100", "staek, B: 100"),
        "payoffs.deterrence.stakes.A",
        "unknown parameter 'staek'; did you mean 'stake'",
    ),
    "a parameter out of bounds": (
        both("share: 0.4\n", "share: 1.4\n"),
        "payoffs.market.suppliers.B.share",
        "parameter 'share' must be at least 0 and at most 1, not 1.4",
    ),
    "draws out of bounds": (
        both("substitution: 4", "substitution: cost"),
        "payoffs.market.substitution",
        "must be above 1, but lognormal(median 0.6, gsd 1.5) reaches 0; cut it off with min: 1",
    ),
    "an endless inline distribution": (
        both("threat: 80", "threat: { normal: { mean: 80, sd: 9 } }"),
        "payoffs.deterrence.threat",
        "has no lower end; cut it off with min: 0",
    ),
    "parameters in a circle": (
        both("  share: 0.4\n", "  share: other\n  other: share\n"),
        "parameters.share",
        "goes round in a circle: share -> other -> share",
    ),
    "one name for two things": (
        both("  share: 0.4\n", "  share: 0.4\n  tariff: 3\n"),
        "parameters.tariff",
        "is an issue too",
    ),
    "a name that is none": (
        both("  share: 0.4\n", "  share: 0.4\n  2nd: 3\n"),
        "parameters.2nd",
        "a letter first",
    ),
    # correlations
    "correlation of a constant": (
        both("[cost, stake, 0.5]", "[cost, share, 0.5]"),
        "correlations.0.1",
        "only distributions can be correlated",
    ),
    "correlation too large": (
        both("[cost, stake, 0.5]", "[cost, stake, 1.5]"),
        "correlations.0.2",
        "between -1 and 1",
    ),
    "correlated with itself": (
        both("[cost, stake, 0.5]", "[cost, cost, 0.5]"),
        "correlations.0",
        "with itself",
    ),
    "correlated twice": (
        both("[cost, stake, 0.5]", "[cost, stake, 0.5]\n  - [stake, cost, 0.1]"),
        "correlations.1",
        "correlated already, in entry 0",
    ),
    "correlation of two": (
        both("[cost, stake, 0.5]", "[cost, stake]"),
        "correlations.0",
        "[parameter, parameter, correlation]",
    ),
    # payoffs
    "no kind": (both("  host: { transfer: ", "  host: { transfr: "), "payoffs.host", "has no kind"),
    "two kinds": (
        both("  host: { transfer: payment,", "  host: { transfer: payment, linear: payment,"),
        "payoffs.host.linear",
        "2 kinds",
    ),
    "unknown issue": (
        both("deterrence: troops", "deterrence: trops"),
        "payoffs.deterrence.deterrence",
        "unknown issue 'trops'; did you mean 'troops'",
    ),
    "shares": (
        both("share: 0.6", "share: 0.5"),
        "payoffs.market.suppliers",
        "must add to 1, they add to 0.9",
    ),
    "uncertain shares": (
        both("  share: 0.4\n", "  share: { value: { uniform: [0.3, 0.5] } }\n"),
        "payoffs.market.suppliers",
        "must be plain numbers",
    ),
    "no tariff": (
        both(", tariff: tariff }", " }"),
        "payoffs.market.suppliers.B.tariff",
        "is missing",
    ),
    "a tariff at home": (
        both("A: { share: 0.6 }", "A: { share: 0.6, tariff: 0.1 }"),
        "payoffs.market.suppliers.A.tariff",
        "pay no tariff",
    ),
    "paying oneself": (both("from: B", "from: A"), "payoffs.host.to", "to itself"),
    "negative troops": (
        both("range: [0, 50]", "range: [-1, 50]"),
        "payoffs.deterrence.deterrence",
        "never negative; troops begins at -1",
    ),
    "curves": (
        both(
            HOST,
            HOST + "  curve: { piecewise: tariff, points: { A: [[0, 1], [0, 2]], B: [[0, 1]] } }\n",
        ),
        "payoffs.curve.points.A.1",
        "x must rise",
    ),
    "one point": (
        both(HOST, HOST + "  curve: { piecewise: tariff, points: { B: [[0, 1]] } }\n"),
        "payoffs.curve.points.B",
        "two points",
    ),
    "ideals": (
        both(
            HOST, HOST + "  loss: { quadratic_loss: tariff, weights: { A: 1 }, ideals: { B: 0 } }\n"
        ),
        "payoffs.loss.ideals",
        "name different players: A, B",
    ),
    "an interaction with itself": (
        both(HOST, HOST + "  both: { interaction: [tariff, tariff], weights: { A: 1 } }\n"),
        "payoffs.both.interaction",
        "twice",
    ),
    "parity of strangers": (
        both(HOST, HOST + "  par: { precedent: [tariff, troops], parity: 1, players: [C] }\n"),
        "payoffs.par.players.0",
        "unknown player 'C'",
    ),
    "spill-in of itself": (
        both("    threat: 80", "    threat: 80\n    spill_in: { troops: 0.1 }"),
        "payoffs.deterrence.spill_in.troops",
        "count already",
    ),
    # ratifiers
    "a ratifier of nobody": (
        SMALL + "ratifiers: { diet: { player: C, stakes: { hots: 2 } } }\n",
        "ratifiers.diet.player",
        "unknown player 'C'",
    ),
    "a ratifier of unknown stakes": (
        SMALL + "ratifiers: { diet: { player: B, stakes: { hots: 2 } } }\n",
        "ratifiers.diet.stakes.hots",
        "did you mean 'host'",
    ),
    # regimes
    "misspelt regime": (
        both(LINKED, LINKED.replace("linked", "linkd")),
        "regimes.linkd",
        "is no standard regime; did you mean 'linked'? If it is new, say what it is `like:`",
    ),
    "the breakdown of a regime": (
        both("breakdown: 30", "breakdown: nash"),
        "issues.troops.breakdown",
        "'nash' belongs in a regime (regimes: linked: breakdown: nash); the breakdown of an issue",
    ),
    "like nothing": (
        SMALL + "  new: { like: lnked }\n",
        "regimes.new.like",
        "unknown regime 'lnked'; did you mean 'linked'",
    ),
    "regimes in a circle": (
        SMALL + "  x: { like: y }\n  y: { like: x }\n",
        "regimes.x.like",
        "x -> y -> x",
    ),
    "fallbacks in a circle": (
        SMALL + "  x: { disagreement: y }\n  y: { disagreement: x }\n",
        "regimes.y.disagreement",
        "y -> x -> y",
    ),
    "a table in two stages": (
        SMALL + "  x: { order: [[A-B trade], [A-B trade]] }\n",
        "regimes.x.order.1.0",
        "comes twice",
    ),
    "an unknown table": (
        SMALL + "  x: { order: [A-B trad] }\n",
        "regimes.x.order.0",
        "did you mean 'A-B trade'",
    ),
    "tables that leave an issue": (
        SMALL + "  x: { tables: { t: { parties: [A, B], issues: [tariff, payment] } } }\n",
        "regimes.x.tables",
        "leaves unsettled: troops",
    ),
    "tables that settle twice": (
        SMALL
        + "  x: { tables: { t: { parties: [A, B], issues: [tariff, payment, troops] }, "
        + "u: { parties: [A, B], issues: [troops] } } }\n",
        "regimes.x.tables",
        "settles more than once: troops",
    ),
    "falls": (
        SMALL
        + "  x: { tables: { t: { parties: [A, B], issues: [tariff, payment, troops], "
        + "falls: al } } }\n",
        "regimes.x.tables.t.falls",
        "own, dyad, all, or a list",
    ),
    "a front of one": (
        SMALL + "  joint-front: { front: { members: [A] } }\n",
        "regimes.joint-front.front.members",
        "two different members",
    ),
    "a front of everybody": (
        SMALL + "  joint-front: { front: { members: [A, B] } }\n",
        "regimes.joint-front.front.members",
        "nobody is left",
    ),
    "a front of three by Shapley": (
        both("  B: { disc", "  C: {}\n  D: {}\n  B: { disc")
        + "  joint-front: { front: { members: [B, C, D], division: shapley } }\n",
        "regimes.joint-front.front.division",
        "is for a front of two",
    ),
    "a front of none": (
        SMALL + "  joint-front: { erosion: 0.1 }\n",
        "regimes.joint-front.front",
        "is missing",
    ),
    "three-way with two": (
        SMALL + "  trilateral: { erosion: 0.1 }\n",
        "regimes.trilateral",
        "more than one set of players",
    ),
    "audience of nobody": (
        SMALL + "  x: { audience_cost: { C: 1 } }\n",
        "regimes.x.audience_cost.C",
        "unknown player",
    ),
    "variable without threats": (
        SMALL + "  x: { breakdown: variable }\n",
        "regimes.x.breakdown",
        "threats:",
    ),
    # simulation
    "unknown solution": (
        SMALL + "solutions: [nash, kalai]\n",
        "solutions.1",
        "did you mean 'kalai_smorodinsky'",
    ),
    "solution twice": (SMALL + "solutions: [nash, nash]\n", "solutions", "twice: nash"),
    "no solution": (SMALL + "solutions: []\n", "solutions", "is empty"),
    "unknown regime": (
        SMALL + "simulate: { regimes: [linkd] }\n",
        "simulate.regimes.0",
        "did you mean 'linked'",
    ),
    "unknown important number": (
        SMALL + "simulate: { important: [cost, stke] }\n",
        "simulate.important.1",
        "unknown parameter 'stke'; did you mean 'stake'",
    ),
    "important twice": (
        SMALL + "simulate: { important: [cost, stake, cost] }\n",
        "simulate.important",
        "names twice: cost",
    ),
    "no draws": (SMALL + "simulate: { draws: 0 }\n", "simulate.draws", "must be at least 1"),
    "half a draw": (SMALL + "simulate: { draws: 0.5 }\n", "simulate.draws", "whole number"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_check_finds(name):
    text, field, said = CASES[name]
    lines = faults(text)
    assert any(f": {field}: " in line and said in line for line in lines), lines


def test_an_unknown_important_number_is_found_where_it_stands():
    text = SMALL + "simulate:\n  important: [cost, share,\n    erosin]\n"
    assert [line.split(": ")[0] for line in faults(text)] == [f"s.yaml:{position(text, 'erosin')}"]
    assert faults(text.replace("erosin", "stake")) == []  # `share`, a number, may be uncertain once


def test_a_misspelt_regime_is_found_at_its_key():
    text = changed((LINKED, LINKED.replace("linked", "linkd")))
    (line,) = faults(text)
    assert line.startswith(f"s.yaml:{position(text, 'linkd')}: regimes.linkd: ")
    for new in (
        "like: linked",
        "tables: { T: { parties: [A, B], issues: [tariff, payment, troops] } }",
    ):
        assert faults(changed((LINKED, f"  linkd: {{ {new} }}\n"))) == []
    assert faults(changed((LINKED, "  hostage: { erosion: 0.1 }\n"))) == []


WARNINGS = {
    "unused": (("  share: 0.4\n", "  share: 0.4\n  idle: 3\n"), "parameters.idle", "nothing uses"),
    "no payoff": (
        (
            "  troops:\n",
            "  spare:\n    parties: [A, B]\n    track: trade\n    range: [0, 1]\n"
            "    status_quo: 0\n    breakdown: 0\n  troops:\n",
        ),
        "issues.spare",
        "no payoff depends",
    ),
    "nobody": (("  B: { disc", "  C: {}\n  B: { disc"), "players.C", "no payoff concerns"),
    "a tie across tables": (
        ("payoffs:\n", "ties: [[tariff, payment]]\npayoffs:\n"),
        "ties.0",
        "not under separate, where each has a table of its own",
    ),
    "misspelt supplier": (
        ("      B: { share: share", "      BB: { share: share"),
        "payoffs.market.suppliers.BB",
        "is no player",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_probably_not_meant_is_a_warning(name):
    replacement, field, said = WARNINGS[name]
    (warning,) = [w for w in small(replacement).warnings if w.field == field]
    assert said in warning.message


def test_a_tie_at_one_table_is_no_matter_for_a_warning():
    tie = ("payoffs:\n", "ties: [[payment, troops]]\npayoffs:\n")
    assert not [w for w in small(tie).warnings if w.field == "ties.0"]
    third = ("  B: { disc", "  C: {}\n  B: { disc")
    tracks = "    track: defence\n    domain: security"
    elsewhere = (f"    parties: [A, B]\n{tracks}", f"    parties: [A, C]\n{tracks}")
    (warning,) = [w for w in small(tie, third, elsewhere).warnings if w.field == "ties.0"]
    assert "not under separate and linked" in warning.message


def test_ends_of_a_range_may_be_the_same_parameter_as_the_breakdown():
    scenario = small(
        ("range: [0, 50]\n    status_quo: 50", "range: [0, cost]\n    status_quo: cost"),
        ("breakdown: 30", "breakdown: 0"),
    )
    assert scenario.issues["troops"].status_quo == "cost"


# ---- correlations -------------------------------------------------------------------------------


def test_the_entries_that_clash_are_named_and_no_others():
    entries = [("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.5), ("c", "d", 0.2), ("e", "f", 1.0)]
    assert set(clash(entries, rank=False)) == {"a", "b", "c"}
    assert clash(entries[2:], rank=False) == ()


def test_a_pair_that_is_not_named_is_uncorrelated():
    text = changed(
        ("  share: 0.4\n", "  share: 0.4\n  more: { value: { uniform: [0, 1] } }\n"),
        ("  - [cost, stake, 0.5]\n", "  - [cost, stake, 0.9]\n  - [stake, more, 0.9]\n"),
        ("paying_cost: cost }", "paying_cost: cost, premium: more }"),
    )
    (said,) = faults(text)
    assert "with cost and more uncorrelated" in said


def test_a_clash_is_reported_at_the_last_of_its_entries():
    text = changed(
        ("  share: 0.4\n", "  share: 0.4\n  more: { value: { uniform: [0, 1] } }\n"),
        (
            "  - [cost, stake, 0.5]\n",
            "  - [cost, stake, 0.9]\n  - [stake, more, 0.9]\n  - [cost, more, -0.9]\n",
        ),
        ("paying_cost: cost }", "paying_cost: cost, premium: more }"),
    )
    (said,) = faults(text)
    assert ": correlations.2: cannot hold together" in said
    assert "[cost, stake, 0.9], [stake, more, 0.9], [cost, more, -0.9]" in said


@given(st.data())
def test_correlations_of_real_variables_never_clash(data):
    size = data.draw(st.integers(2, 5))
    rows = data.draw(
        st.lists(
            st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(
                lambda r: max(map(abs, r)) > 0.1
            ),
            min_size=size,
            max_size=size,
        )
    )
    entries = []
    for i in range(size):
        for j in range(i):
            norm = sum(x * x for x in rows[i]) * sum(x * x for x in rows[j])
            dot = sum(x * y for x, y in zip(rows[i], rows[j], strict=True))
            entries.append((f"p{i}", f"p{j}", max(-1.0, min(1.0, dot / norm**0.5))))
    assert clash(entries, rank=False) == ()
