"""`sim discover`: break-even points of the base case through the real command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_cli import BASE, sim
from typer.testing import CliRunner

from sim.cli.app import app
from sim.errors import SimError

ERODING = "erosion=0:0.1:3"


def discover(*arguments: object) -> str:
    """Return what the command prints, in this process; its faults are raised."""
    found = CliRunner().invoke(app, ["discover", *map(str, arguments)], catch_exceptions=False)
    assert found.exit_code == 0, found.stderr
    return found.stdout


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small study."""
    folder = tmp_path_factory.mktemp("discover") / "study"
    options = ("--draws", 16, "--workers", 1, "--out", folder)
    found = sim("discover", BASE, "--break-even", ERODING, *options)
    assert found.returncode == 0, found.stderr
    assert all(len(line) <= 80 for line in found.stdout.splitlines()[:-2])
    assert "JPN gains from linkage where erosion is below" in found.stdout
    assert "US loses from linkage at every erosion from 0 to 0.1" in found.stdout
    assert "16 common draws a point" in found.stdout
    return folder


def test_a_study_is_read_again_as_json_and_drawn(study: Path, tmp_path: Path) -> None:
    told = json.loads(discover(study, "--json"))
    assert (told["draws_per_point"], told["degrees_of_freedom"]) == (16, 7)
    answers = {answer["player"]: answer for answer in told["answers"]}
    assert set(answers) == {"US", "JPN", "ROK"}
    for answer in answers.values():
        assert answer["along"] == {"erosion": [0.0, 0.1]}
        for root in answer["roots"]:
            low = 0.0 if root["lower"] is None else root["lower"]
            high = 0.1 if root["upper"] is None else root["upper"]
            assert 0.0 <= low <= root["value"] <= high <= 0.1
    assert answers["US"]["roots"] == []
    (root,) = answers["JPN"]["roots"]
    assert not root["rising"]
    one = discover(study / "break-even.nc", "--player", "JPN", "--json")
    assert json.loads(one)["answers"] == [answers["JPN"]]
    drawn = sim("plot", study, "break-even", "-o", tmp_path / "figure.svg")
    assert drawn.returncode == 0, drawn.stderr
    assert "JPN" in drawn.stdout
    assert (tmp_path / "figure.svg").stat().st_size > 1000


def test_a_study_goes_on_with_resume_and_never_over_another(study: Path) -> None:
    common = (BASE, "--draws", 16, "--workers", 1, "--out", study, "--json", "--resume")
    again = discover(*common, "--break-even", ERODING)
    assert json.loads(again) == json.loads(discover(study, "--json"))
    with pytest.raises(SimError, match="holds another run"):
        discover(*common, "--break-even", "erosion=0:0.2:3")


def test_a_kept_run_can_be_asked_and_a_box_searched_in_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    found = sim("discover", BASE, "--draws", 256, "--workers", 1, "--out", run, "--player", "JPN")
    assert found.returncode == 0, found.stderr
    assert "JPN gains in" in found.stdout
    assert (run / "result.nc").is_file()
    assert discover(run, "--player", "JPN") == found.stdout
    even = discover(run, "--break-even", ERODING, "--draws", 16, "--workers", 1, "--json")
    assert json.loads(even)["seed"] == 20250417


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--break-even", "eroson"), "did you mean 'erosion'"),
        (("--break-even", "erosion", "--of", "happiness"), "allowed are payoff_change"),
        (("--break-even", "erosion", "--player", "CHN"), "there are US, JPN, ROK"),
        (("--break-even", "erosion", *(("--break-even", "audience_cost") * 2)), "once or twice"),
        (("--break-even", "erosion=-1:1"), "must be at least 0"),
        (("--of", "payoff_change"), "--of: goes with --break-even"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], message: str) -> None:
    found = CliRunner().invoke(app, ["discover", str(BASE), *arguments])
    assert isinstance(found.exception, SimError)
    assert message in str(found.exception)
    assert found.stdout == ""


def test_who_gains_everywhere_needs_no_limit(tmp_path: Path) -> None:
    """A pie of 3, halved apart; what B gets besides is worth less to it than A's to A."""
    file = tmp_path / "sure.yaml"
    file.write_text("""
title: A hostage of uncertain worth
players: { A: {}, B: {} }
parameters: { worth: { value: { uniform: [2, 4] } } }
issues:
  market: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
  price: { parties: [A, B], track: trade, range: [0, 9], status_quo: 0, breakdown: 0 }
  troops: { parties: [A, B], track: defence, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  sales: { linear: market, weights: { B: 3 } }
  payment: { transfer: price, from: B, to: A }
  safety: { linear: troops, weights: { A: worth, B: 0.5 } }
solutions: [nash]
""")
    text = discover(file, "--player", "B", "--draws", 128, "--workers", 1)
    assert "B gains in 100.0 % of draws" in text
    assert "no number has a limit there: the box is the whole space" in text
    assert "from" not in text
