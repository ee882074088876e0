"""The stance game as `sim equilibria` reports it: dominance, regret and correlated equilibria."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy.optimize import linprog

from sim.cli.equilibria import equilibria
from sim.cli.equilibria.beliefs import beliefs
from sim.cli.equilibria.deals import enforcement
from sim.cli.equilibria.stances import stances
from sim.errors import SimError
from sim.negotiation.stances import StanceGame
from sim.negotiation.talks import TalksResult
from sim.results.equilibria import equilibria_report, stance_report, tables
from sim.results.equilibria.pacts import enforcement_report
from sim.scenario import load_scenario, parse_scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
STANCES = (("apart", "link", "threat"), ("accept", "insist"))
LINKED = np.array([[False, False], [True, False], [True, True]])


def plain(values: np.ndarray) -> dict[str, float | None]:
    return {"mean": float(np.mean(values)), "se": 0.0}


def made(payoffs: np.ndarray) -> StanceGame:
    return StanceGame(
        ("H", "A"), STANCES, payoffs, LINKED, LINKED.astype(str), np.ones(len(payoffs), dtype=bool)
    )


@pytest.fixture(scope="module")
def game() -> StanceGame:
    """Forty draws around a game of chicken with a third stance that is seldom worth taking."""
    base = np.array([[[6, 2], [7, 0], [5, -1]], [[6, 7], [2, 0], [1, 0]]], dtype=float)
    return made(base + np.random.default_rng(5).normal(0.0, 1.5, (40, *base.shape)))


@pytest.fixture(scope="module")
def report(game: StanceGame) -> dict:
    return stance_report(game, plain)


def beaten(own: np.ndarray, a: int) -> bool:
    """Whether another row of (m, S) payoffs beats row a in every column."""
    return any((own[b] > own[a]).all() for b in range(len(own)) if b != a)


def test_dominated_stances_are_dominated_at_every_profile(game, report) -> None:
    mean = game.payoffs.mean(axis=0)
    shares = np.zeros(2)
    for n, player in enumerate(game.players):
        own = np.moveaxis(mean[n], n, 0)
        rows = np.moveaxis(game.payoffs[:, n], n + 1, 1)
        for a, stance in enumerate(STANCES[n]):
            entry = report["dominance"][player][stance]
            share = np.mean([beaten(draw, a) for draw in rows])
            assert entry["share"]["strictly"] == pytest.approx(share)
            assert entry["best_reply_to"] == int((own[a] >= own.max(axis=0)).sum())
            assert entry["of"] == own.shape[1]
            if beaten(own, a):
                assert entry["strictly"]
                assert entry["weakly"]
                assert entry["out_strict"] == 1
            if entry["strictly"]:
                assert entry["best_reply_to"] == 0
            shares += [entry["strictly"], not entry["strictly"]]
    assert (shares > 0).all()  # the case has both


def test_what_is_left_supports_every_equilibrium(report) -> None:
    for one in report["equilibria"]:
        for player, strategy in one["profile"].items():
            for stance, weight in strategy.items():
                if weight > 1e-9:
                    assert report["dominance"][player][stance]["out_strict"] is None


def test_weak_dominance_and_rounds() -> None:
    """`link` never does worse than the others; once it is alone, accepting is beaten."""
    one = np.array([[[1, 0], [2, 1], [2, 0]], [[0, 1], [0, 1], [3, 0]]], dtype=float)
    found = stance_report(made(one[None]), plain)["dominance"]
    assert (found["H"]["threat"]["strictly"], found["H"]["threat"]["weakly"]) == (False, True)
    assert (found["H"]["threat"]["out_strict"], found["H"]["threat"]["out_weak"]) == (None, 1)
    assert found["H"]["apart"]["out_weak"] == 1
    assert found["A"]["accept"]["out_strict"] is None
    assert found["A"]["accept"]["out_weak"] == 2
    assert found["A"]["insist"]["share"] == {
        "strictly": 0.0,
        "weakly": 0.0,
        "survives_strict": 1.0,
        "survives_weak": 1.0,
    }


def test_regret_is_what_the_best_stance_would_add(game, report) -> None:
    mean = game.payoffs.mean(axis=0)
    for entry, at in zip(report["profiles"], product(range(3), range(2)), strict=True):
        for n, player in enumerate(game.players):
            best = mean[n].max(axis=n)[at[1 - n]]
            assert entry["regret"][player] == pytest.approx(best - mean[n][at], abs=1e-4)
            assert (player in entry["deviations"]) == (entry["regret"][player] > 0)


def bound(payoffs: np.ndarray, goal: np.ndarray) -> float:
    """Return max Σ goal p over correlated equilibria p, its constraints written out by hand."""
    places = list(product(range(3), range(2)))
    rows = []
    for n in range(2):
        for told, done in product(range(len(STANCES[n])), repeat=2):
            row = []
            for at in places:
                other = (done, at[1]) if n == 0 else (at[0], done)
                row.append(payoffs[n][other] - payoffs[n][at] if at[n] == told else 0.0)
            rows.append(row)
    found = linprog(
        -goal.ravel(), A_ub=rows, b_ub=np.zeros(len(rows)), A_eq=np.ones((1, 6)), b_eq=[1.0]
    )
    assert found.status == 0
    return -float(found.fun)


def test_correlated_equilibria_obey_their_constraints(game, report) -> None:
    mean, linked = game.payoffs.mean(axis=0), LINKED.astype(float)
    found = report["correlated"]
    assert found["converged"]
    assert found["p_linkage"]["high"] == pytest.approx(bound(mean, linked), abs=1e-4)
    assert found["p_linkage"]["low"] == pytest.approx(-bound(mean, -linked), abs=1e-4)
    for n, player in enumerate(game.players):
        assert found["payoff"][player]["high"] == pytest.approx(bound(mean, mean[n]), abs=1e-4)
        assert found["payoff"][player]["low"] == pytest.approx(-bound(mean, -mean[n]), abs=1e-4)
    chance = report["p_linkage"]
    high = np.mean([bound(draw, linked) for draw in game.payoffs])
    assert chance["correlated_high"]["mean"] == pytest.approx(high, abs=1e-4)
    assert chance["correlated_converged"] == 1.0
    assert chance["correlated_low"]["mean"] <= chance["logit"]["mean"]
    assert chance["some_equilibrium"]["mean"] <= chance["correlated_high"]["mean"]


def test_the_report_is_plain_data(report) -> None:
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_progress_names_every_analysis_before_it_begins() -> None:
    scenario = load_scenario(SCENARIOS / "theory" / "crisis-bargaining.yaml")
    told: list[tuple[str, int, int]] = []
    report = equilibria_report(scenario, draws=8, progress=lambda *now: told.append(now))
    kinds = [kind for kind in ("stances", "talks", "beliefs", "enforcement") if kind in report]
    assert [what.split(" at ")[0] for what, _, _ in told] == kinds
    assert [(done, total) for _, done, total in told] == [(k, len(told)) for k in range(len(told))]
    assert told


def test_the_agenda_is_settled_where_a_linked_profile_is_better(game, report) -> None:
    """Profile by profile; the gain reported is that of the best linked one for the total."""
    everybody, compensated, gains = [], [], []
    for draw in game.payoffs:
        profiles = {at: draw[(slice(None), *at)] for at in product(range(3), range(2))}
        apart = max((u for at, u in profiles.items() if not LINKED[at]), key=np.sum)
        joint = [u for at, u in profiles.items() if LINKED[at]]
        best = max(joint, key=np.sum)
        everybody.append(any((u > apart).all() for u in joint))
        compensated.append(best.sum() > apart.sum())
        gains.append(best - apart)
    found = report["agenda"]
    assert found["everybody_gains"]["mean"] == pytest.approx(np.mean(everybody))
    assert found["winners_can_compensate"]["mean"] == pytest.approx(np.mean(compensated))
    for n, player in enumerate(game.players):
        assert found["gain"][player]["mean"] == pytest.approx(np.mean(gains, axis=0)[n])
    assert 0 < np.mean(everybody) < np.mean(compensated) < 1


def test_without_pure_equilibria_a_draw_counts_at_neither_end() -> None:
    """Matching pennies in every profile that the first two stances make."""
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0], [-9.0, -9.0]])
    found = stance_report(made(np.stack([pennies, -pennies])[None].repeat(2, axis=0)), plain)
    assert found["without_pure_equilibrium"] == 1.0
    assert found["p_linkage"]["every_equilibrium"]["mean"] == 0.0
    assert found["p_linkage"]["some_equilibrium"]["mean"] == 0.0


def told(report: dict) -> str:
    out = Console(width=400, record=True, file=io.StringIO())
    stances(report, out)
    return out.export_text()


def test_mixed_equilibria_are_printed_with_what_they_bring() -> None:
    """Chicken: each yields with 2/3; the third stance is never taken."""
    chicken = np.array([[[6, 2], [7, 0], [-9, -9]], [[6, 7], [2, 0], [0, 0]]], dtype=float)
    found = stance_report(made(chicken[None].repeat(2, axis=0)), plain)
    assert found["complete"]
    assert "vertex" in found["method"]
    text = told(found)
    line = (
        "mixed: H apart 66.7 %, link 33.3 %; A accept 66.7 %, insist 33.3 % (u H +4.67, u A +4.67)"
    )
    assert line in text
    assert "may be incomplete" not in text
    short = told({**found, "complete": False, "degenerate": False, "notes": ["too large"]})
    assert "The list may be incomplete: too large" in short
    many = told({**found, "equilibria": found["equilibria"] * 9, "degenerate": True})
    assert "3 more mixed ones are in the output of --json" in many
    assert "whole ranges, of which some points are listed" in many


def printed(show: Callable[[Any, Console], None], report: dict, start: str) -> str:
    """Return the line that begins with `start`, without the blanks between its cells."""
    out = Console(width=400, record=True, file=io.StringIO())
    show(report, out)
    (line,) = [row for row in out.export_text().splitlines() if row.startswith(start)]
    return " ".join(line.split())


def test_every_figure_is_printed_under_its_name(report) -> None:
    def share(percent: float) -> dict:
        return {"mean": percent / 100, "se": 0.0, "q50": percent / 100}

    keys = "every_equilibrium some_equilibrium risk_dominant logit correlated_low correlated_high"
    chance = {key: share(11 + n) for n, key in enumerate(keys.split())}
    game = {**report, "p_linkage": {**chance, "risk_dominant_selected": 0.21}}
    for said, percent in (
        ("in every pure equilibrium", 11),
        ("in some pure equilibrium", 12),
        ("in the risk-dominant one (there is one in 21 % of draws)", 13),
        ("in the one the logit branch selects", 14),
        ("at least, in any correlated equilibrium", 15),
        ("at most, in any correlated equilibrium", 16),
    ):
        assert printed(stances, game, said) == f"{said} {percent}.0 % ±0.0"
    track = {
        "critical_discount_factor": share(21),
        "never": 0.22,
        "holds": share(23),
        "rescued_by_linkage": 0.24,
        "tightened_by_linkage": 0.25,
    }
    pooled = {"critical_discount_factor": share(31), "never": 0.32, "holds": share(33)}
    issue = {"critical_discount_factor": share(41), "never": 0.42}
    held = {
        "A-B": {
            "separate": {"trade": track},
            "pooled": pooled,
            "by_issue": {"duty": issue},
            "converged": 1.0,
        }
    }
    rows = [printed(enforcement, held, start) for start in ("A-B trade", "A-B pooled")]
    assert rows == ["A-B trade 0.21 ±0.00 22 % 23 % 24 % 25 %", "A-B pooled 0.31 ±0.00 32 % 33 %"]
    offer = {
        "proposer": "B",
        "breakdown": share(51),
        "value": share(52),
        "without_a_deal": {"A": share(53), "B": share(54)},
    }
    assert printed(beliefs, {"A-B": offer}, "A-B") == "A-B B 51.0 % ±0.0 0.52 ±0.00 0.54 ±0.00"


PATIENCE = """
title: Is a deal worth waiting for?
players: { A: { discount_rate: 0.5 }, B: { discount_rate: 0.5 } }
parameters: { wait: { value: { uniform: [0, 20] } } }
issues:
  deal: { parties: [A, B], track: trade, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  worth: { linear: deal, weights: { A: 1, B: 1 } }
stances:
  players: { A: [wait, leave] }
  outcomes:
    - { when: { A: wait }, regime: linked, delay: wait, costs: { A: 0.05 } }
    - { when: { A: leave }, regime: separate, delay: 1000 }
"""


def test_the_game_at_mean_parameters_is_not_that_of_mean_payoffs() -> None:
    """Waiting is worth e^(−w/2): 0.1 on average over w in [0, 20], e^−5 at w = 10; leaving 0."""
    found = equilibria_report(parse_scenario(PATIENCE), draws=256)["stances"]
    assert [one["profile"]["A"]["wait"] for one in found["equilibria"]] == [1.0]
    assert found["profiles"][0]["payoff"]["A"] == pytest.approx(0.05, abs=5e-3)
    there = found["at_mean_parameters"]
    assert there["converged"]
    assert there["pure_equilibria"] == [{"A": "leave"}]
    worth = [one["payoff"]["A"] for one in there["profiles"]]
    assert worth == pytest.approx([np.exp(-5.0) - 0.05, 0.0], abs=1e-4)
    assert "differ from these by up to 0.09: leave" in told(found)


def test_the_worked_example_holds_as_its_author_found() -> None:
    """Japan: trade alone from 0.64 on, defence alone never, both pooled from 0.83 on."""
    text = (SCENARIOS / "worked-example.yaml").read_text(encoding="utf-8")
    rules = "\nenforcement: { regime: separate, tables: [US-JPN], discount_factor: { US: 0.8 } }\n"
    report = enforcement_report(parse_scenario(text + rules), {}, 1, plain)
    assert list(report) == ["US-JPN"]
    trade, defence = (report["US-JPN"]["separate"][track] for track in ("trade", "defence"))
    pooled = report["US-JPN"]["pooled"]
    assert trade["critical_discount_factor"]["mean"] == pytest.approx(0.64, abs=5e-3)
    assert pooled["critical_discount_factor"]["mean"] == pytest.approx(0.83, abs=5e-3)
    assert defence["critical_discount_factor"]["mean"] == np.inf
    assert (trade["never"], defence["never"], pooled["never"]) == (0.0, 1.0, 0.0)
    assert (trade["rescued_by_linkage"], trade["tightened_by_linkage"]) == (0.0, 1.0)
    assert (defence["rescued_by_linkage"], defence["tightened_by_linkage"]) == (1.0, 0.0)
    assert (trade["holds"]["mean"], defence["holds"]["mean"]) == (1.0, 0.0)


def test_every_figure_of_talks_stands_under_its_name(monkeypatch) -> None:
    """First proposers by row, players by column; no two numbers are the same."""
    found = TalksResult(
        table="A-B",
        parties=("A", "B"),
        issues=("duty", "price", "aid"),
        proposers=("A", "B"),
        payoffs=np.array([[[1.0, 2.0], [3.0, 4.0]]]),
        outcome=np.array([[[5.0, 6.0, 7.0], [8.0, 9.0, 10.0]]]),
        agreement=np.array([0.5]),
        date=np.array([0.25]),
        limit=np.array([[11.0, 12.0]]),
        count=np.array([13]),
        converged=np.array([True]),
    )
    monkeypatch.setattr(tables, "solve_talks", lambda *_: found)
    report = tables.talks_report(parse_scenario(PATIENCE), "A-B", {}, 1, lambda v: float(v[0]))
    assert report == {
        "payoff": {"A": {"A": 1.0, "B": 2.0}, "B": {"A": 3.0, "B": 4.0}},
        "limit": {"A": 11.0, "B": 12.0},
        "outcome": {
            "A": {"duty": 5.0, "price": 6.0, "aid": 7.0},
            "B": {"duty": 8.0, "price": 9.0, "aid": 10.0},
        },
        "agreement": 0.5,
        "years_until_agreement": 0.25,
        "equilibria": 13.0,
        "converged": 1.0,
    }


DEBT = """
title: A world that may not clear
players: { A: {}, B: {} }
parameters: { threat: { value: { uniform: [LOW, 1] } } }
issues:
  duty: { parties: [A, B], track: trade, domain: tariffs, range: [0, threat], status_quo: 0,
          breakdown: threat }
payoffs:
  world:
    general_equilibrium:
      trade: { east: { west: 4 }, west: { east: 20 } }
      gdp: { east: 40, west: 25 }
    regions: { A: east, B: west }
    tariffs: [{ exporter: west, importer: east, issue: duty }]
    elasticity: 4
enforcement: { regime: linked }
"""
"""West owes 16 a year, which at a duty near 1 nobody can earn: no wages clear the markets."""


def test_draws_without_payoffs_are_left_out_and_counted(tmp_path, capsys) -> None:
    text = DEBT.replace("LOW", "0.5")
    report = equilibria_report(parse_scenario(text), draws=16)
    assert 0 < report["draws_without_payoffs"] < 16
    assert report["draws"] == 16
    factor = report["enforcement"]["A-B"]["pooled"]["critical_discount_factor"]
    assert factor["mean"] == 0.0  # whoever sets the duty keeps it as high as it goes
    with pytest.raises(SimError, match=r"^equilibria: fewer than two draws have payoffs"):
        equilibria_report(parse_scenario(DEBT.replace("LOW", "0.98")), draws=4)
    file = tmp_path / "debt.yaml"
    file.write_text(text)
    equilibria(file, draws=16, seed=None, as_json=False, overrides=[])
    said = capsys.readouterr().out
    assert f"{report['draws_without_payoffs']} draws left out: payoffs without a value" in said
