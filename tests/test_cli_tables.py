"""What is printed on a terminal: units, titles, and scenarios with little to say."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from scenario_cases import SMALL
from typer.testing import CliRunner

from sim.cli.app import app
from sim.cli.discover import interval
from sim.cli.equilibria import equilibria
from sim.cli.grids import grid
from sim.cli.scenarios import check, show
from sim.cli.study import sweeps
from sim.cli.tables import decimals, print_summary, signed
from sim.montecarlo.break_even import Root
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


def test_the_chance_of_a_deal_is_that_of_the_table_with_fewest() -> None:
    """Two tables with a deal in half of the draws each may never have one both."""
    summary = summary_json(simulate(plan_run(HOSTAGE, solutions=("nash",))))
    summary["regimes"]["separate"]["nash"]["agreement"] = {"trade": 0.5, "defence": 0.75}
    lines = told(summary, {}).splitlines()
    assert any("fewest deals at a table" in line for line in lines)
    assert any(line.split()[:2] == ["separate", "50.0"] for line in lines)


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


NAMES = st.text("abcdefgh 美国_", min_size=1, max_size=24).map(str.strip).filter(bool)


@given(data=st.data(), width=st.integers(20, 120))
def test_no_number_is_cut_at_any_width(data: st.DataObject, width: int) -> None:
    columns = data.draw(st.lists(NAMES, min_size=1, max_size=6))
    numbers = [f"{100.25 + n:+.2f} ±0.02" for n in range(3 * len(columns))]
    table = grid("title", ["", *columns])
    for row in range(3):
        table.add_row(data.draw(NAMES), *numbers[row::3])
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "…" not in console.file.getvalue()
    for number in numbers:
        assert any(number in line for line in lines)


def test_words_are_broken_and_wide_tables_go_on_below() -> None:
    table = grid("", ["issue", "unit", "lowest", "highest"], words=("unit",))
    table.add_row("goods", "ad valorem rate, average over all goods but cars", "0.05", "0.25")
    console = Console(file=io.StringIO(), width=40, color_system=None)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert [line.rstrip() for line in text.splitlines()] == [
        "issue  unit              lowest  highest",
        "goods  ad valorem rate,    0.05     0.25",
        "       average over all",
        "       goods but cars",
    ]
    console = Console(file=io.StringIO(), width=33, color_system=None)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines[-2:] == ["issue  highest", "goods     0.25"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"mean": st.floats(-1e4, 1e4), "se": st.floats(0.0, 10.0) | st.just(0.0)}
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_standard_error_shows_a_digit(stats: list[dict[str, float]]) -> None:
    """What is printed is within half a unit of its last digit, and zero only if it is zero."""
    digits = decimals((stat["se"] for stat in stats), 2)
    assert 2 <= digits <= 5
    for stat, cell in zip(stats, signed(stats, [digits] * len(stats)), strict=True):
        mean, error = cell.replace("±", "").split()
        assert abs(float(mean) - stat["mean"]) <= 0.5000001 * 10.0**-digits
        assert mean[0] in "+-"
        assert (float(error) == 0.0) == (stat["se"] == 0.0)
        assert abs(float(error) - stat["se"]) <= 0.5000001 * max(10.0**-digits, stat["se"])


def test_decimals_follow_the_smallest_error() -> None:
    assert decimals([0.5, 0.0, 0.0123], 2) == 2
    assert decimals([0.5, 0.0012], 2) == 3
    assert decimals([0.5, 1e-9], 2) == 5
    assert decimals([None], 3) == 3
    assert signed([{"mean": 36.34, "se": 1e-9}], [5]) == ["+36.34000 ±1e-09"]
    assert signed([{"mean": 50.0, "se": 0.0}, {"mean": 2.0, "se": 0.25}], [2, 2], plus=False) == [
        "50.00    ±0",
        "2.00 ±0.25",
    ]


def test_units_are_told_in_full_with_their_issues() -> None:
    long = "ad valorem rate, average over all goods but cars, at the world prices of 2024"
    summary = summary_json(simulate(plan_run(HOSTAGE, solutions=("nash",))))
    text = told(summary, {"market": long, "price": "", "troops": long})
    assert long in " ".join(line.split("  ")[0] for line in text.splitlines())
    assert "market, troops" in text


def test_what_a_user_writes_is_no_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "From [/red] to [bold]linked[/bold] :smile:"
    file = tmp_path / "case.yaml"
    lines = HOSTAGE.read_text().splitlines()
    lines = [f"title: '{title}'" if line.startswith("title:") else line for line in lines]
    file.write_text("\n".join(lines))
    show(file, [])
    assert title in capsys.readouterr().out
    summary = summary_json(simulate(plan_run(file, solutions=("nash",))))
    assert title in told(summary, {"market": "[/m]", "price": "", "troops": ""})


def test_what_is_rounded_away_has_no_sign() -> None:
    assert signed([{"mean": -1e-5, "se": None}], [3]) == ["+0.000"]
    assert signed([{"mean": -1e-5, "se": None}], [3], plus=False) == ["0.000"]


def test_an_interval_that_runs_out_of_the_range_has_no_end() -> None:
    shapes = {
        (0.1, 0.2): "0.1 to 0.2",
        (-math.inf, 0.2): "up to 0.2",
        (0.1, math.inf): "from 0.1",
        (-math.inf, math.inf): "anywhere",
    }
    for (low, high), text in shapes.items():
        assert interval(Root(0.15, low, high, rising=True)) == text


def test_vetoes_are_shown_and_their_luck_is_no_uncertain_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vetoes.yaml"
    vetoes = """
ratifiers:
  senate: { player: A, label: US Senate, threshold: 0.25, probability: { steepness: 2 } }
  diet: { player: B }
"""
    file.write_text(HOSTAGE.read_text("utf-8") + vetoes)
    show(file, [])
    rows = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert {"US Senate A 0.25 by chance, steepness 2", "diet B 0 certain"} <= rows
    for path in (HOSTAGE, file):
        check(path, [])
        assert " 0 uncertain numbers" in capsys.readouterr().out


def test_what_stands_behind_plus_minus_is_said_where_it_is_no_standard_error(
    tmp_path: Path,
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    base = ["sensitivity", str(file), "--workers", "1", "--solutions", "nash"]
    for words, said in ((["--grouped", "--points", "32"], True), (["--method", "tornado"], False)):
        found = CliRunner().invoke(app, [*base, *words])
        assert found.exit_code == 0, found.output
        assert ("(± half of the 95 % interval)" in " ".join(found.stdout.split())) == said


@given(width=st.integers(20, 100))
def test_columns_that_name_a_row_are_said_again_wherever_a_table_goes_on(width: int) -> None:
    table = grid("", ["erosion", "threat_credibility", "US", "JPN", "ROK"], naming=2)
    rows = [(f"0.{n}", f"0.7{n}", f"-1.00{n}", f"+2.00{n}", f"+3.00{n}") for n in range(1, 4)]
    for row in rows:
        table.add_row(*row)
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for first, second, *numbers in rows:
        for number in numbers:
            (line,) = (line for line in text.splitlines() if number in line)
            if len(line.split()) > 2:  # not one number a line, below the names of its row
                assert line.split()[:2] == [first, second]


def test_a_narrow_sweep_over_two_numbers_says_both_in_every_part(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    sweeps(
        WORKED,
        vary=["issues.hns_jpn.breakdown=0:2:2", "payoffs.korea_access.cost=2:3:2"],
        draws=None,
        seed=None,
        workers=1,
        scheduler=None,
        out=None,
        resume=False,
        as_json=False,
        overrides=[],
        regimes=None,
        solutions=None,
    )
    parts = capsys.readouterr().out.strip().split("\n\n")
    assert len(parts) > 1
    for part in parts:
        (head,) = (line for line in part.splitlines() if "breakdown" in line)
        assert head.split()[:2] == ["hns_jpn.breakdown", "korea_access.cost"]
        assert sum(line.split()[:2] == ["2", "3"] for line in part.splitlines()) == 1


def test_a_failure_that_changes_nothing_is_one_line_at_any_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    show(HOSTAGE, [])
    after = capsys.readouterr().out.split("If a table fails")[1]
    assert after.count("nothing changes") == 1
    assert "player" not in after
