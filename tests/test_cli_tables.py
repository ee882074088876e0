"""What is printed on a terminal: units, titles, and scenarios with little to say."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from sim.cli.equilibria import equilibria
from sim.cli.scenarios import show
from sim.cli.tables import grid, print_summary
from sim.results import plan_run, simulate, summary_json
from sim.scenario import parse_scenario

ROOT = Path(__file__).parents[1]
HOSTAGE = ROOT / "scenarios" / "theory" / "hostage-linkage.yaml"
WORKED = ROOT / "scenarios" / "worked-example.yaml"


def told(summary: dict[str, object], issues: dict[str, str]) -> str:
    """Return the tables of a result on a console of 80 columns."""
    console = Console(file=io.StringIO(), width=80, color_system=None)
    print_summary(summary, console, issues=issues)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_payoffs_are_told_in_the_unit_of_the_scenario() -> None:
    summary = summary_json(simulate(plan_run(HOSTAGE, solutions=("nash",))))
    summary["diagnostics"] = {
        "threat_cost": {"A": 2.0, "B": 0.0},
        "host_payments": {
            "linked": [
                {
                    "issue": "price",
                    "amount": 0.5,
                    "over_presence_cost": None,
                    "over_gdp": None,
                    "per_soldier": None,
                }
            ]
        },
    }
    text = told(summary, {"market": "", "price": "", "troops": ""})
    assert "1 draw, seed 0; units of payoff" in text
    assert "USD" not in text
    assert "Host-nation payments" not in text  # there is nothing to set them against


def test_a_long_title_is_not_broken_by_narrow_columns() -> None:
    title = "A title that is wider than the numbers below it"
    for width, lines in ((80, 1), (30, 2)):
        console = Console(file=io.StringIO(), width=width, color_system=None)
        table = grid(title, ["", "x"])
        table.add_row("a", "1")
        console.print(table)
        console.print(table)  # printing leaves the table as it was
        assert isinstance(console.file, io.StringIO)
        text = console.file.getvalue()
        assert len(text.splitlines()) == 2 * (lines + 2)
        assert " ".join(text.splitlines()[:lines]).split() == title.split()


def test_show_has_players_and_what_the_status_quo_is_worth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(WORKED, ["players.JPN.gdp=4030"])
    text = capsys.readouterr().out
    assert "Republic of Korea" in text
    assert "4,030" in text
    worth = text.split("Payoff at the status quo")[1].split("If a table fails")[0].splitlines()
    totals = {line.split()[0]: float(line.split()[-1]) for line in worth[2:] if line.strip()}
    # Check values of the independent computation that the worked example comes from.
    assert totals == {"US": 1453.20, "JPN": 102.85, "ROK": 158.10}


def test_a_scenario_without_equilibria_says_what_could_be_declared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(parse_scenario(HOSTAGE.read_text(), name="case.yaml").to_yaml())
    equilibria(file, draws=2, seed=None, as_json=False, overrides=[])
    text = capsys.readouterr().out
    for block in ("stances", "talks", "beliefs", "enforcement"):
        assert f"{block}:" in text
