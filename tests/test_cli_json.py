"""What commands print with --json: one object on stdout, by the book (no NaN), and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sim.cli.app import app
from sim.cli.objects import print_json
from sim.errors import ScenarioError

ROOT = Path(__file__).parents[1]
HOSTAGE = str(ROOT / "scenarios" / "theory" / "hostage-linkage.yaml")
WORKED = str(ROOT / "scenarios" / "worked-example.yaml")
STAT = {"mean", "se", "q05", "q50", "q95"}


def strict(text: str) -> Any:
    """Parse JSON as its standard has it: no NaN, no Infinity."""

    def refuse(name: str) -> float:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def told(*arguments: str) -> Any:
    found = CliRunner().invoke(app, [*arguments, "--json"])
    assert found.exit_code == 0, found.output
    return strict(found.stdout)


def is_stat(value: Any, *, alone: bool) -> bool:
    numbers = [value[key] for key in STAT - ({"se"} if alone else set())]
    assert not alone or value["se"] is None  # one draw alone tells nothing of its error
    return all(type(n) is float and math.isfinite(n) for n in numbers)


@pytest.mark.parametrize("draws", [1, 24])
def test_the_object_of_a_run_key_by_key(draws: int) -> None:
    alone = draws == 1
    names = ["nash", "egalitarian"]
    run = told("run", WORKED, "--draws", str(draws), "--seed", "5", "--workers", "1",
               "--solutions", ",".join(names), "--no-diagnostics")  # fmt: skip
    shown = told("show", WORKED)
    players, issues = list(shown["players"]), list(shown["issues"])
    assert (run["scenario"], run["draws"], run["seed"]) == ("worked-example", draws, 5)
    assert {"separate", "linked", "linked-by-consent", "trilateral"} <= set(run["regimes"])
    for regime, found in run["regimes"].items():
        assert list(found) == names
        for cell in found.values():
            assert {
                "agreement", "converged", "payoff_change", "payoff_change_by_domain", "outcome",
                "payoff_change_of_tariffs",
            } <= set(cell)  # fmt: skip
            assert list(cell["agreement"]) == list(shown["regimes"][regime]["tables"])
            assert all(0.0 <= p <= 1.0 for p in cell["agreement"].values())
            assert 0.0 <= cell["converged"] <= 1.0
            assert list(cell["payoff_change"]) == players
            assert list(cell["payoff_change_by_domain"]) == players
            assert list(cell["outcome"]) == issues
            stats = [*cell["payoff_change"].values(), *cell["outcome"].values()]
            for by_domain in cell["payoff_change_by_domain"].values():
                assert set(by_domain) == {"security", "tariffs", "payments", "other"}
                stats += by_domain.values()
            for player, by_channel in cell["payoff_change_of_tariffs"].items():
                assert list(by_channel) == ["consumers", "revenue", "profits"]
                stats += by_channel.values()
                tariffs = cell["payoff_change_by_domain"][player]["tariffs"]["mean"]
                through = [stat["mean"] for stat in by_channel.values()]
                assert math.isclose(sum(through), tariffs, rel_tol=1e-9, abs_tol=1e-9)
            assert all(set(stat) == STAT and is_stat(stat, alone=alone) for stat in stats)
    assert list(run["linkage_gain"]) == names
    parts = {"logrolling", "coercion", "erosion", "leverage", "packaging"}
    for gains in run["linkage_gain"].values():
        assert list(gains) == players
        for gain in gains.values():
            assert STAT | parts | {"p_gain"} <= set(gain)
            assert is_stat(gain, alone=alone)
            assert 0.0 <= gain["p_gain"] <= 1.0
            assert all(is_stat(gain[part], alone=alone) for part in parts)
    assert len(run["provenance"]["scenario_sha256"]) == 64
    assert type(run["provenance"]["version"]) is str


def test_a_run_too_large_for_the_memory_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["run", HOSTAGE, "--draws", "3", "--workers", "1", "--no-diagnostics"]
    small = told(*asked)
    monkeypatch.setattr("sim.cli.run.LARGE", 0)
    large = told(*asked)
    assert "temporary folder" in CliRunner().invoke(app, asked).stderr
    assert small == large


def test_show_tells_the_same_as_its_tables() -> None:
    shown = told("show", WORKED)
    assert set(shown) == {
        "title", "summary", "unit", "players", "issues", "regimes", "status_quo",
        "if_a_table_fails", "ratifiers",
    }  # fmt: skip
    assert shown["players"]["JPN"]["name"] == "Japan"
    for issue in shown["issues"].values():
        assert issue["lowest"] <= issue["status_quo"] <= issue["highest"]
        assert set(issue["parties"]) <= set(shown["players"])
    # Check values of the independent computation that the worked example comes from.
    totals = {player: worth["total"] for player, worth in shown["status_quo"].items()}
    assert totals == pytest.approx({"US": 1453.20, "JPN": 102.85, "ROK": 158.10}, abs=0.005)
    for changes in shown["if_a_table_fails"].values():
        for change in changes.values():
            assert sum(v for k, v in change.items() if k != "total") == pytest.approx(
                change["total"]
            )
    linked = shown["regimes"]["linked"]["tables"]
    assert sorted(i for table in linked.values() for i in table["issues"]) == sorted(
        shown["issues"]
    )
    assert shown["regimes"]["linked-by-consent"]["fallback"] == "separate"


def test_check_tells_what_is_sound_and_which_laws_hold() -> None:
    found = told("check", HOSTAGE, "--laws")
    assert found["sound"] is True
    assert found["faults"] == found["warnings"] == []
    assert found["players"] == 2
    assert {law["name"] for law in found["laws"]} >= {"finite", "gradient"}
    assert all(law["holds"] for law in found["laws"])


def test_check_tells_faults_with_their_places_and_still_fails(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = Path(HOSTAGE).read_text()
    file.write_text(text.replace("range: [0, 1]", "range: [1, 0]", 1))
    found = CliRunner().invoke(app, ["check", str(file), "--json"])
    assert isinstance(found.exception, ScenarioError)
    report = strict(found.stdout)
    assert report["sound"] is False
    assert [
        f"{f['file']}:{f['line']}:{f['column']}: {f['field']}: {f['message']}"
        for f in report["faults"]
    ] == str(found.exception).splitlines()


def test_a_number_that_leaves_its_correlations_is_said_on_stderr() -> None:
    base = str(ROOT / "scenarios" / "us-allies-2025-04.yaml")
    found = CliRunner().invoke(app, ["check", base, "--json", "--set", "troops_left_jpn=30"])
    assert found.exit_code == 0, found.output
    message = "--set:1:1: correlations: troops_left_jpn, troops_left_rok: left out"
    assert message in found.stderr
    (warning,) = strict(found.stdout)["warnings"]
    assert warning["field"] == "correlations"


STUDIES: dict[str, Callable[[Any], bool]] = {
    "sweep FILE --vary issues.price.demand=0:1:2 --draws 1": lambda d: "linkage_gain" in d["data"],
    "sweep FILE --vary issues.price.demand=0:1:2 --draws 1 --regimes separate": lambda d: (
        "payoff_change" in d["data"]
    ),
    "equilibria FILE --draws 2": lambda d: "title" in d,
}


@pytest.mark.parametrize("words", STUDIES)
def test_studies_print_one_object(words: str) -> None:
    arguments = [HOSTAGE if word == "FILE" else word for word in words.split()]
    assert STUDIES[words](told(*arguments))


def test_rerun_says_whether_every_bit_is_the_same(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = CliRunner().invoke(
        app, ["run", HOSTAGE, "--out", out, "--no-report", "--solutions", "nash", "--workers", "1"]
    )
    assert done.exit_code == 0, done.output
    assert told("rerun", out, "--workers", "1") == {"identical": True, "changes": []}


def test_what_a_tree_leaves_out_is_said(tmp_path: Path) -> None:
    base = str(ROOT / "scenarios" / "us-allies-2025-04.yaml")
    common = ["export", base, "--format", "efg", "--rounds", "1", "-o", str(tmp_path / "x.efg")]
    found = CliRunner().invoke(app, common)
    assert found.exit_code == 0, found.output
    assert "talks.US-JPN.events: left out of the tree: the pause ends" in found.stderr
    found = CliRunner().invoke(app, [*common, "--set", "talks.US-JPN.outside_options={JPN: -3}"])
    assert "talks.US-JPN.outside_options: left out of the tree: JPN" in found.stderr
    found = CliRunner().invoke(app, [*common, "--set", "talks.US-JPN.events=null"])
    assert found.exit_code == 0, found.output
    assert "left out" not in found.stderr


def test_what_is_not_finite_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1.0, math.nan, (math.inf,)], "b": {"c": -math.inf, "d": "nan"}})
    found = strict(capsys.readouterr().out)
    assert found == {"a": [1.0, None, [None]], "b": {"c": None, "d": "nan"}}


@pytest.mark.usefixtures("few_figures")
def test_merged_shards_tell_what_the_whole_run_tells(tmp_path: Path) -> None:
    base = ("run", WORKED, "--draws", "8", "--solutions", "nash", "--workers", "1",
            "--regimes", "separate,linked", "--set", "players.JPN.gdp=5000")  # fmt: skip
    folders = {name: str(tmp_path / name) for name in ("whole", "1", "2", "merged")}
    whole = told(*base, "--out", folders["whole"])
    for part in ("1", "2"):
        words = [*base, "--shard", f"{part}/2", "--out", folders[part]]
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 0, found.output
    assert told("merge", folders["1"], folders["2"], "--out", folders["merged"]) == whole
    assert {"flips", "threat_cost", "host_payments"} <= set(whole["diagnostics"])
    pages = [(Path(folders[name]) / "report.html").read_bytes() for name in ("whole", "merged")]
    assert pages[0] == pages[1]
