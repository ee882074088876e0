"""What cannot be done is refused in one line that says what can, and nothing is computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli.app import app
from sim.errors import FigureError, SimError

ROOT = Path(__file__).parents[1]
HOSTAGE = str(ROOT / "scenarios" / "theory" / "hostage-linkage.yaml")

REFUSED = {
    "--regimes linkd": r"regime 'linkd': unknown; did you mean 'linked'\?; there are separate, ",
    "--solutions nahs": r"solution: 'nahs'; known: nash, ",
    "--draws 1e30": r"--draws 1e30: allowed are the integers from 1 to 1,000,000,000, and auto",
    "--draws 1e400": r"--draws 1e400: allowed are the integers from 1",
    "--draws nan": r"--draws nan: allowed are the integers from 1",
    "--draws 2.5": r"--draws 2.5: allowed are the integers from 1",
    "--regimes ,": r"',' names nothing: write A,B, or leave the option out",
    "--solutions ,": r"',' names nothing",
    "--shard 1/2": r"--shard: say where its chunks go, with --out DIR",
    "--shard 1/2 --out x --breakdowns nash": r"--breakdowns: goes with a whole run, not with --sha",
    "--set players.A.weight=nan": r"players.A.weight: must be a finite number, not nan",
    "--scheduler host": r"scheduler host: write its address, such as tcp://host:8786",
    "--draws 8 --cap 16": r"cap 16: goes with draws auto, not with 8 draws",
    "--keep all": r"--keep all: allowed are draws, summary",
    "--resume": r"--resume: say which run to go on with, with --out DIR",
    "--sampler halton": r"sampler 'halton': allowed are random, sobol, lhs",
    "--breakdowns peace": r"must be one of announced, status_quo, nash, variable, not 'peace'",
}


@pytest.mark.parametrize("options", REFUSED)
def test_a_run_that_cannot_be_is_refused(options: str) -> None:
    found = CliRunner().invoke(app, ["run", HOSTAGE, "--workers", "1", *options.split()])
    assert isinstance(found.exception, SimError)
    with pytest.raises(SimError, match=REFUSED[options]):
        raise found.exception
    assert found.stdout == ""


@pytest.mark.parametrize("text", ["-1", "1.5", "1e400", "nan", "x", "1e17", "9" * 5000])
def test_a_seed_is_an_integer(text: str) -> None:
    found = CliRunner().invoke(app, ["run", HOSTAGE, "--seed", text], env={"COLUMNS": "20000"})
    assert found.exit_code == 2
    assert f"{text}: allowed are the integers from 0" in found.stderr


@pytest.mark.parametrize(("text", "seed"), [("1e9", 10**9), ("007", 7), (str(2**70), 2**70)])
def test_a_seed_may_be_written_as_one_likes(text: str, seed: int) -> None:
    words = ["run", HOSTAGE, "--seed", text, "--workers", "1", "--solutions", "nash", "--json"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 0, found.output
    assert int(json.loads(found.stdout)["seed"]) == seed


def test_a_scenario_is_no_result() -> None:
    for command in ("report", "rerun"):
        found = CliRunner().invoke(app, [command, HOSTAGE])
        assert isinstance(found.exception, SimError)
        assert "a scenario is no result; sim run" in str(found.exception)


def test_shards_that_are_not_all_there_leave_nothing_behind(tmp_path: Path) -> None:
    base = ["run", HOSTAGE, "--draws", "64", "--workers", "1", "--solutions", "nash"]
    part, whole = tmp_path / "part", tmp_path / "whole"
    for words in (["--shard", "2/2", "--out", str(part)], ["--out", str(whole), "--no-report"]):
        done = CliRunner().invoke(app, [*base, *words])
        assert done.exit_code == 0, done.output
    refused = {
        part: "of 64 are in none of the shards",
        whole: "is a whole run already, no shard",
        tmp_path: "no folder of a run: it has no manifest.json",
    }
    for folder, said in refused.items():
        found = CliRunner().invoke(app, ["merge", str(folder), "--out", str(tmp_path / "all")])
        assert isinstance(found.exception, SimError)
        assert said in str(found.exception)
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("draws", ["1", "1000000000000"])
def test_equilibria_of_more_draws_than_memory_holds_are_refused(draws: str) -> None:
    found = CliRunner().invoke(app, ["equilibria", HOSTAGE, "--draws", draws])
    assert isinstance(found.exception, SimError)
    assert str(found.exception) == f"draws {draws}: allowed are the integers from 2 to 1,000,000"


@pytest.mark.parametrize("command", ["report", "rerun"])
def test_a_result_that_is_not_there_is_named(command: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, [command, str(tmp_path / "absent")])
    assert isinstance(found.exception, SimError)
    message = str(found.exception)
    assert message.endswith(f"no result of a run: there is no file {tmp_path / 'absent'}")


@pytest.mark.parametrize("width", [0.01, 1.9, 101.0])
def test_a_figure_in_which_nothing_could_be_read_is_refused(width: float) -> None:
    from sim.plots.canvas import chart

    with pytest.raises(FigureError, match=r"allowed are 2 to 100 inches"):
        chart(width, 2.0)


def test_every_command_shows_an_example_in_its_help() -> None:
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert len(names) >= 14
    for name in names:
        found = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "100"})
        assert found.exit_code == 0
        assert f"Example: sim {name}" in found.stdout, name


def test_whose_gain_is_sought_is_known_before_anything_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def computed(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be computed")

    monkeypatch.setattr("sim.cli.discover.simulate", computed)
    found = CliRunner().invoke(app, ["discover", HOSTAGE, "--player", "X"])
    assert isinstance(found.exception, SimError)
    assert str(found.exception) == "player 'X': there are A, B"


@pytest.mark.parametrize("columns", ["40", "79", "80", "200"])
def test_help_names_every_option_in_full_at_any_width(columns: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "sim", "run", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": columns},
    )
    assert "…" not in found.stdout
    for option in ("--draws", "--scheduler", "--breakdowns", "--solutions", "--no-report"):
        assert option in found.stdout
