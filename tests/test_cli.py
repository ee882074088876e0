"""A few whole runs through the real command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from sim.cli import main
from sim.cli.app import app
from sim.results import plan_run, simulate, summary_json

ROOT = Path(__file__).parents[1]
WORKED = ROOT / "scenarios" / "worked-example.yaml"
BASE = ROOT / "scenarios" / "us-allies-2025-04.yaml"
HOSTAGE = ROOT / "scenarios" / "theory" / "hostage-linkage.yaml"
COMMANDS = ("run", "merge", "rerun", "equilibria", "sensitivity", "discover", "sweep")
COMMANDS += ("check", "show", "schema", "new", "export")


PLAIN = {"OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "80"}


def sim(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user does."""
    environment = {**os.environ, **PLAIN}
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
    )


def here(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, from its words to its exit code, without a start."""
    words, out, err = ["sim", *map(str, arguments)], StringIO(), StringIO()
    with (
        patch.object(sys, "argv", words),
        patch.dict(os.environ, PLAIN),
        chdir(cwd or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main()
    return subprocess.CompletedProcess(words, end.value.code or 0, out.getvalue(), err.getvalue())


TWO = ("--solutions", "nash,kalai_smorodinsky")
SMALL = ("--regimes", "separate,linked", "--solutions", "nash", "--workers", 1, "--no-diagnostics")


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """Return what a run of the base case says with --json."""
    words = ("--draws", 64, "--workers", 1, "--solutions", "nash", "--json", "--no-diagnostics")
    found = sim("run", BASE, *words)
    assert found.returncode == 0, found.stderr
    whole: dict[str, Any] = json.loads(found.stdout)
    return whole


def test_every_command_has_a_help_that_teaches() -> None:
    overview = sim("--help")
    assert overview.returncode == 0
    for command in COMMANDS:
        assert command in overview.stdout
        found = CliRunner().invoke(app, [command, "--help"])
        assert found.exit_code == 0
        assert "Usage" in found.stdout
        assert len(found.stdout.split()) > 20


def test_importing_sim_and_asking_for_help_load_nothing_heavy() -> None:
    code = (
        "import sys, sim, sim.cli.app\n"
        "heavy = {'numpy', 'scipy', 'xarray', 'matplotlib', 'nashpy', 'pydantic', 'hypothesis'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.strip() == "[]"


def test_json_has_what_is_promised_and_the_decompositions_add_up(report: dict[str, Any]) -> None:
    assert {"scenario", "draws", "seed", "regimes", "linkage_gain", "provenance"} <= set(report)
    assert report["draws"] == 64
    assert len(report["provenance"]["scenario_sha256"]) == 64
    stat = {"mean", "se", "q05", "q50", "q95"}
    for regime, found_there in report["regimes"].items():
        cell = found_there["nash"]
        assert 0.0 <= cell["converged"] <= 1.0
        assert all(0.0 <= p <= 1.0 for p in cell["agreement"].values()), regime
        for player, change in cell["payoff_change"].items():
            assert set(change) == stat
            parts = cell["payoff_change_by_domain"][player]
            total = sum(part["mean"] for part in parts.values())
            assert total == pytest.approx(change["mean"], abs=1e-9)
        assert set(cell["outcome"]) == set(report["regimes"]["separate"]["nash"]["outcome"])
    for gain in report["linkage_gain"]["nash"].values():
        headline = gain["logrolling"]["mean"] + gain["coercion"]["mean"] + gain["erosion"]["mean"]
        second = gain["leverage"]["mean"] + gain["packaging"]["mean"] + gain["erosion"]["mean"]
        assert headline == pytest.approx(gain["mean"], abs=1e-9)
        assert second == pytest.approx(gain["mean"], abs=1e-9)
        assert 0.0 <= gain["p_gain"] <= 1.0


def test_the_worked_example_through_the_command_line() -> None:
    """Numbers of an independent solver, from the scenario file to the JSON object."""
    found = sim("run", WORKED, "--draws", 1, "--workers", 1, "--json", "--no-diagnostics")
    assert found.returncode == 0, found.stderr
    regimes = json.loads(found.stdout)["regimes"]

    def change(regime: str, solution: str) -> list[float]:
        cell = regimes[regime][solution]["payoff_change"]
        return [cell[player]["mean"] for player in ("US", "JPN", "ROK")]

    assert change("separate", "nash") == pytest.approx([42.0167, -22.4221, -22.0593], abs=1e-4)
    assert change("linked", "nash") == pytest.approx([41.8480, -22.1796, -22.0155], abs=1e-4)
    consent = change("linked-by-consent", "nash")
    assert consent == pytest.approx([42.0311, -22.4076, -22.0612], abs=1e-4)
    weighted = change("trilateral-weighted", "nash")
    assert weighted == pytest.approx([41.8779, -24.2462, -19.9025], abs=1e-4)
    smorodinsky = change("linked", "kalai_smorodinsky")
    assert smorodinsky == pytest.approx([41.8148, -22.1386, -22.0070], abs=2e-4)
    egalitarian = change("trilateral", "egalitarian")
    assert egalitarian == pytest.approx([40.7697, -23.4570, -19.0220], abs=2e-4)


def test_tables_fit_eighty_columns() -> None:
    for arguments in (("run", BASE, "--draws", 8, "--workers", 1, *TWO), ("show", BASE)):
        found = here(*arguments)
        assert found.returncode == 0, found.stderr
        assert max(map(len, found.stdout.splitlines())) <= 80
        assert "\x1b[" not in found.stdout


def test_seed_zero_reproduces_on_any_number_of_workers() -> None:
    found = sim("run", BASE, "--draws", 600, "--seed", 0, *SMALL, "--workers", 2, "--json")
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    names = {"regimes": ("separate", "linked"), "solutions": ("nash",)}
    one, other = (
        json.loads(
            json.dumps(summary_json(simulate(plan_run(BASE, draws=600, seed=seed, **names))))
        )
        for seed in (0, 1)
    )
    assert told == one
    assert told["linkage_gain"] != other["linkage_gain"]


def test_faults_are_said_all_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    text = HOSTAGE.read_text().replace("parties: [A, B]", "parties: [A, C]", 1)
    text = text.replace("range: [0, 1]", "range: [1, 0]", 1)
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    out = tmp_path / "out"
    found = here("run", "wrong.yaml", "--out", out, cwd=tmp_path)
    assert found.returncode == 2
    assert found.stdout == ""
    lines = found.stderr.strip().splitlines()
    assert len(lines) >= 2
    for line in lines:
        name, row, column, _ = line.split(":", 3)
        assert name == "wrong.yaml"
        assert int(row) > 0
        assert int(column) > 0
    assert not out.exists()


def test_set_overrides_a_number(report: dict[str, Any]) -> None:
    words = (*SMALL, "--json", "--set", "parameters.erosion.value=0")
    free = here("run", BASE, "--draws", 64, *words)
    assert free.returncode == 0
    after = json.loads(free.stdout)
    assert (
        after["linkage_gain"]["nash"]["US"]["mean"] > report["linkage_gain"]["nash"]["US"]["mean"]
    )
    assert after["provenance"]["overrides"]
    assert not report["provenance"]["overrides"]
    wrong = here("run", BASE, "--set", "parameters.erosin.value=0")
    assert wrong.returncode == 2
    assert "erosion" in wrong.stderr


def test_starter_is_sound_and_runs(tmp_path: Path) -> None:
    assert here("new", "mine.yaml", cwd=tmp_path).returncode == 0
    assert here("new", "mine.yaml", cwd=tmp_path).returncode == 2
    assert here("check", "mine.yaml", "--laws", cwd=tmp_path).returncode == 0
    assert here("run", "mine.yaml", "--draws", 32, cwd=tmp_path).returncode == 0
    schema = here("schema")
    assert "Scenario" in json.loads(schema.stdout)["$defs"]


def test_ctrl_c_keeps_what_was_finished_and_resume_ends_the_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    base = ["run", str(BASE), "--draws", "1100", *map(str, SMALL), "--no-report", "--out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", *base, str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for _ in range(6000):
        if list(out.glob("chunks/*.npz")) or process.poll() is not None:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode in (130, 0)  # 0: it was finished before the signal came
    again = sim(*base, out, "--resume", "--json")
    assert again.returncode == 0, again.stderr
    names = {"regimes": ("separate", "linked"), "solutions": ("nash",)}
    whole = simulate(plan_run(BASE, draws=1100, **names), out=tmp_path / "whole")
    told = json.loads(again.stdout)
    assert told == json.loads(json.dumps(summary_json(whole)))
    assert (out / "result.nc").read_bytes() == (tmp_path / "whole" / "result.nc").read_bytes()


def test_exports_are_read_back(tmp_path: Path) -> None:
    from sim.games import read

    assert here("export", BASE, "--format", "nfg", "-o", tmp_path / "stances.nfg").returncode == 0
    stances = read(tmp_path / "stances.nfg")
    assert stances.shape == (3, 2, 3)
    assert here("export", BASE, "--format", "efg", "-o", tmp_path / "talks.efg").returncode == 0
    assert read(tmp_path / "talks.efg").players == ("US", "JPN")
    wrong = here("export", BASE, "--format", "xls", "-o", tmp_path / "no")
    assert wrong.returncode == 2
    assert "nfg, efg, csv" in wrong.stderr


def test_an_exported_deal_that_leaves_a_party_nothing_is_an_exact_tie(tmp_path: Path) -> None:
    from sim.games import read

    done = here("export", BASE, "--format", "efg", "--rounds", "1", "-o", tmp_path / "talks.efg")
    assert done.returncode == 0, done.stderr
    ends = [node.outcome.payoffs for node in read(tmp_path / "talks.efg").nodes if node.outcome]
    gains = [
        tuple(a - r for a, r in zip(*deal, strict=True))
        for deal in zip(ends[::2], ends[1::2], strict=True)
    ]
    assert len(gains) == 5
    assert gains[0][0] == 0 < gains[0][1]
    assert gains[-1][1] == 0 < gains[-1][0]
    assert all(min(deal) > 0.1 for deal in gains[1:-1])
