"""Files: the same bytes from the same numbers, whatever the user's settings; nothing global."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache

import matplotlib as mpl
import pytest
from plots_cases import base_case, made_up
from typer.testing import CliRunner

from sim.cli.app import app
from sim.errors import FigureError, ResultError
from sim.plots import FIGURES, FORMATS, inline_svg, joint_gains, render, save, who_gains
from sim.results import save_result

CASE = made_up(draws=64, players=3)


@cache
def gains(run=0):
    """Return the figure of one of several identical runs."""
    return who_gains(made_up(draws=64, players=3))


@pytest.mark.parametrize("form", FORMATS)
def test_identical_runs_give_identical_bytes(form):
    assert render(gains(), form) == render(gains(1), form)


ELSEWHERE = (  # drawn in test_plots_games
    "payoff-space",
    "best-responses",
    "alternating-offers",
    "stance-game",
    "quantal-response",
)


@pytest.mark.parametrize(
    "name", [n for n, f in FIGURES.items() if "result" in f.kinds and n not in ELSEWHERE]
)
def test_every_figure_of_a_run_has_one_svg(name):
    dataset = base_case()
    if name == "prim-box":  # needs more draws, and a player who gains in some
        dataset = made_up(players=1, draws=200, regimes=("separate", "linked"), parameters=2)
        dataset["linkage_gain"][:, 0, 0] = dataset["theta"].values[:, 0] - 0.4
    first, second = (render(FIGURES[name](dataset), "svg") for _ in range(2))
    assert first == second
    ET.fromstring(first)


def test_other_numbers_give_other_bytes():
    other = made_up(draws=64, players=3, seed=1)
    assert render(gains(), "svg") != render(who_gains(other), "svg")


def test_the_users_settings_play_no_part_and_stay():
    before = render(gains(), "svg")
    with mpl.rc_context({"font.size": 30.0, "axes.grid": True, "svg.hashsalt": "other"}):
        chosen = dict(mpl.rcParams)
        assert render(who_gains(CASE), "svg") == before
        assert dict(mpl.rcParams) == chosen


def test_no_date_and_no_machine_in_a_file():
    text = render(gains(), "svg").decode()
    assert "<dc:date>" not in text
    assert "CreationDate" not in render(gains(), "pdf").decode("latin-1")
    assert gains().alt.split(";")[0][:60] in text


def test_nothing_is_loaded_before_a_figure_is_drawn():
    code = (
        "import sys, sim, sim.plots, sim.plots.registry as r\n"
        "assert sorted(r.FIGURES) and 'FIGURES' in dir(sim.plots)\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sim.plots.who_gains\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_figures_stand_side_by_side_in_one_page():
    one, two = inline_svg(gains(), "one"), inline_svg(joint_gains(CASE), "two")
    root = ET.fromstring(f"<div>{one}{two}</div>")
    found = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(found) == len(set(found))
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', one + two))
    assert used <= set(found)
    for svg in root:
        assert svg.get("role") == "img"
        assert "gain" in svg.get("aria-label")
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", one)


def test_alternative_text_is_escaped():
    chart = who_gains(CASE)
    chart.alt = 'losses < gains & "more"'
    element = ET.fromstring(inline_svg(chart, "x"))
    assert element.get("aria-label") == chart.alt


def test_a_notebook_shows_the_svg():
    chart = gains()
    assert chart._repr_svg_().encode() == render(chart, "svg")


def test_what_cannot_be_written_has_a_name(tmp_path):
    chart = gains()
    with pytest.raises(FigureError, match=r"\.svg, \.pdf, \.png"):
        save(chart, tmp_path / "figure.gif")
    with pytest.raises(FigureError, match="allowed are svg"):
        render(chart, "gif")
    with pytest.raises(ResultError):
        save(chart, tmp_path / "nowhere" / "figure.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    save_result(base_case(), path / "result.nc")
    return path


def sim(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_writes_what_the_function_draws(folder, tmp_path):
    target = tmp_path / "gains.svg"
    told = sim("plot", folder, "who-gains", "-o", target, "--with", "regimes=linked")
    assert told.exit_code == 0, told.output
    assert str(target.name) in told.output.replace("\n", "")
    drawn = who_gains(base_case(), regimes=("linked",))
    assert target.read_bytes() == render(drawn, "svg")
    assert sim("plot", folder, "leverage", "-o", tmp_path / "a.pdf").exit_code == 0
    assert (tmp_path / "a.pdf").read_bytes()[:4] == b"%PDF"
    assert sim("plot", folder / "result.nc", "leverage", "-o", tmp_path / "a.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


def test_the_command_lists_the_figures():
    told = sim("plot", "--list")
    assert told.exit_code == 0
    for name in FIGURES:
        assert name in told.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give a result"),
        (["RUN"], "give a result"),
        (["RUN", "portrait"], "no figure 'portrait'"),
        (["RUN", "outcomes", "-o", "x.gif"], "must end in"),
        (["RUN", "outcomes", "--with", "tint=3"], "keys: regimes, issues"),
        (["RUN", "outcomes", "--with", "width=wide"], "positive number"),
        (["RUN", "joint-gains", "--with", "players=US"], "two names"),
        (["RUN", "prim-box", "--with", "wins=perhaps"], "yes and no"),
        (["RUN", "sobol"], "sim sensitivity"),
        (["RUN", "sweep"], "sim sweep"),
        (["nowhere", "outcomes"], "nowhere"),
    ],
)
def test_faults_of_the_command_are_named(folder, words, said):
    told = sim("plot", *(folder if word == "RUN" else word for word in words))
    assert told.exit_code != 0
    assert said in str(told.exception)
