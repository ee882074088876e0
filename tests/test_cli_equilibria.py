"""`sim equilibria` on a file: crisis bargaining, second offers and the stance game, end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scenario_cases import EQUILIBRIA, FOLDER
from typer.testing import CliRunner

from sim.cli.app import app
from sim.errors import ScenarioError
from sim.results.equilibria import equilibria_report

CRISIS = str(FOLDER / "theory" / "crisis-bargaining.yaml")


def printed(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["equilibria", *arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture(scope="module")
def offer() -> dict[str, Any]:
    report = json.loads(printed(CRISIS, "--draws", "256", "--json"))
    return report["beliefs"]["A-B"]


def test_the_range_of_the_file_is_fearons(offer: dict[str, Any]) -> None:
    """p − c_A to p + c_B; the hawkish type minds war 0.15 less."""
    found = offer["crisis"]
    for kind, high in (("dovish", 0.7), ("hawkish", 0.55)):
        entry = found["types"][kind]
        assert entry["low"]["mean"] == pytest.approx(0.4, abs=1e-9)
        assert entry["high"]["mean"] == pytest.approx(high, abs=1e-9)
        assert entry["empty"]["mean"] == 0.0
    assert found["width"]["mean"] == pytest.approx(0.7 * 0.3 + 0.3 * 0.15)
    assert found["any_type"]["high"]["mean"] == pytest.approx(0.55, abs=1e-9)
    assert found["converged"] == 1.0


def test_three_reasons_for_war(offer: dict[str, Any]) -> None:
    found = offer["crisis"]
    assert found["offer"]["mean"] == pytest.approx(0.7, abs=1e-6)
    assert found["refused"]["mean"] == pytest.approx(0.3)
    assert found["refused_though_both_could_gain"]["mean"] == pytest.approx(0.3)
    assert found["no_whole_lot"]["mean"] == pytest.approx(1.0)
    shift = found["before_shift"]
    for kind, threshold in (("dovish", 0.7 / 9), ("hawkish", 0.55 / 9)):
        share = shift["types"][kind]["empty"]
        assert share["mean"] == pytest.approx(1.0 - threshold / 0.1, abs=0.01)
    broken = 0.7 * (1.0 - 7 / 9) + 0.3 * (1.0 - 5.5 / 9)
    error = shift["broken_by_the_shift"]["se"]
    assert abs(shift["broken_by_the_shift"]["mean"] - broken) < max(4 * error, 0.01)
    assert found["demand"]["acceptable"]["mean"] == pytest.approx(0.7)


def test_two_offers_of_the_file(offer: dict[str, Any]) -> None:
    """The weak type takes the first offer with y = (0.7 − 0.5)/(0.7 · 0.5) = 4/7."""
    found, gain = offer["second_offer"], 0.1 * 0 + 0.4 * 0.3 + 0.6 * 0.9 * 0.15
    without = offer["without_a_deal"]["A"]["mean"]
    assert found["value"]["mean"] == pytest.approx(without + gain, abs=1e-6)
    assert found["value_of_commitment"]["mean"] == pytest.approx(0.7 * 0.3 - gain, abs=1e-6)
    assert found["breakdown"]["mean"] == pytest.approx(0.3)
    assert found["delay"]["mean"] == pytest.approx(0.7 * 3 / 7)
    assert found["plans"]["mix"]["mean"] == 1.0


def test_what_is_printed_says_it_in_words() -> None:
    text = printed(CRISIS, "--draws", "16")
    assert max(map(len, text.splitlines())) <= 80
    for words in (
        "what both prefer to a breakdown, share",
        "no whole lot within the range",
        "nothing left: broken off before the shift",
        "a second offer after a refusal, without commitment",
        "stays hard, the weaker type gives way at random",
    ):
        assert words in text


def test_the_stance_game_is_printed_with_dominance_and_advice(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(EQUILIBRIA)
    text = printed(str(file), "--draws", "4")
    assert "Stances that another one beats whatever the others do" in text
    assert text.index("Chance that files are linked") < text.index("Stance game:")
    assert "at most, in any correlated equilibrium" in text
    assert "Correlated equilibrium: a mediator" in text
    report = json.loads(printed(str(file), "--draws", "4", "--json"))["stances"]
    assert set(report["dominance"]["A"]) == {"separate", "link", "threaten"}
    ends = report["correlated"]["p_linkage"]
    assert 0.0 <= ends["low"] <= ends["high"] <= 1.0
    for one in report["profiles"]:
        assert set(one["regret"]) == {"A", "B"}
        assert all((gain > 0) == (p in one["deviations"]) for p, gain in one["regret"].items())


def test_ties_hopeless_issues_and_coalitions_are_told_in_few_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solved: list[dict[str, Any]] = []

    def once(*given: Any, **how: Any) -> dict[str, Any]:  # for the tables and for the object
        if not solved:
            solved.append(equilibria_report(*given, **how))
        return solved[0]

    monkeypatch.setattr("sim.cli.equilibria.equilibria_report", once)
    base, draws = str(FOLDER / "us-allies-2025-04.yaml"), ("--draws", "2")
    text = printed(base, *draws)
    told = " ".join(text.split())
    report = json.loads(printed(base, *draws, "--json"))
    assert {"talks", "beliefs", "enforcement", "coalitions"} <= set(report)
    game = report["stances"]
    chance = game["p_linkage"]
    assert chance["every_equilibrium"]["mean"] <= chance["some_equilibrium"]["mean"]
    assert all(one["regret"] <= 1e-8 for one in game["equilibria"])
    assert game["degenerate"]  # Japan's answer to separate talks changes nothing
    assert ("Through such ties mixed equilibria" in told) == any(
        max(strategy.values()) < 1.0 - 1e-9
        for one in game["equilibria"]
        for strategy in one["profile"].values()
    )
    for dyad, found in report["enforcement"].items():
        never = [i for i, entry in found["by_issue"].items() if entry["never"] == 1.0]
        assert f"{dyad}: never, in any draw: {', '.join(never)}, each alone" in told
        for issue in found["by_issue"]:
            assert (f"{issue} alone " in text) == (issue not in never)
    assert text.index("Shapley value") < text.index("US+JPN+ROK")
    assert max(map(len, text.splitlines())) <= 80


def test_a_fault_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    text = Path(CRISIS).read_text().replace("transfer: share", "transfer: shore")
    file.write_text(text)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "transfer: shore" in row)
    found = CliRunner().invoke(app, ["equilibria", str(file)])
    assert isinstance(found.exception, ScenarioError)
    assert f"case.yaml:{line}:" in str(found.exception)
    assert "did you mean 'share'" in str(found.exception)
