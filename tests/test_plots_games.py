"""Figures of a table and of games: what is marked is where theory says it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plots_cases import assert_whole, base_case, textbook, texts

from sim.bargaining import from_functions
from sim.errors import FigureError
from sim.games import NormalFormGame, pure_equilibria
from sim.games.alternating_offers import Pie, convergence_path
from sim.plots import (
    alternating_offers,
    best_responses,
    draw_game,
    draw_offers,
    draw_path,
    draw_replies,
    draw_space,
    payoff_space,
    quantal_response,
    render,
    replies_of,
    space_of,
    space_of_problem,
    stance_game,
    table_of,
)
from sim.results import summarise
from sim.scenario import load_scenario

QUICK = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")


def pie(**changes):
    """Divide one dollar."""
    return from_functions(
        {"A": lambda share: share, "B": lambda share: 1.0 - share},
        {"share": (0.0, 1.0)},
        **({"disagreement": [0.0, 0.0]} | changes),
    )


def bowed():
    """The frontier √(1 − u1) + √(1 − u2) = 1: strictly convex, symmetric."""
    return from_functions(
        {"A": lambda x: 1.0 - (1.0 - x) ** 2, "B": lambda x: 1.0 - x**2},
        {"x": (0.0, 1.0)},
        disagreement=[0.0, 0.0],
    )


# ---- the payoff space of a table ----------------------------------------------------------------


def test_a_pie_has_the_frontier_and_the_points_of_the_textbook():
    side = space_of_problem(pie(disagreement=[0.2, 0.1])).sides[0]
    np.testing.assert_allclose(side.frontier.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(side.disagreement, [0.2, 0.1])
    np.testing.assert_allclose(side.ideal, [0.9, 0.8], atol=1e-9)
    for point in side.solutions.values():
        np.testing.assert_allclose(point, [0.55, 0.45], atol=1e-6)
    assert set(side.solutions) >= {"nash", "kalai_smorodinsky", "egalitarian", "raiffa"}


def test_a_symmetric_set_has_symmetric_solutions_on_its_frontier():
    side = space_of_problem(bowed(), solutions=QUICK).sides[0]
    rest = np.sqrt(np.maximum(1.0 - side.frontier, 0.0)).sum(axis=1)
    np.testing.assert_allclose(rest, 1.0, atol=1e-5)
    for name, point in side.solutions.items():
        np.testing.assert_allclose(point, [0.75, 0.75], atol=1e-4, err_msg=name)


@pytest.mark.parametrize("width", [3.5, 7.0])
def test_a_payoff_space_of_functions_is_drawn(width):
    chart = draw_space(space_of_problem(bowed(), solutions=QUICK), width=width)
    assert_whole(chart)
    assert len(chart.axes) == (2 if width > 5 else 1)
    for axis in chart.axes:
        assert "(utility)" in axis.get_xlabel()
    words = texts(chart)
    for name in ("Nash", "Kalai–Smorodinsky", "disagreement", "ideal"):
        assert name in words


def test_what_cannot_be_seen_on_an_axis_is_told_as_zero():
    space = space_of_problem(bowed(), solutions=("nash",))
    dust = replace(space.sides[0], disagreement=np.array([5.55e-17, -3e-9]))
    words = draw_space(replace(space, sides=(dust,))).alt
    assert "disagreement point A 0, B 0;" in words
    small = replace(space.sides[0], disagreement=np.array([2e-4, 0.0]))
    assert "A +0.0002, B 0;" in draw_space(replace(space, sides=(small,))).alt


def test_linkage_of_hostages_moves_nash_as_the_theorem_says():
    space = space_of(load_scenario("scenarios/theory/hostage-linkage.yaml"))
    apart, together = space.sides
    np.testing.assert_allclose(apart.solutions["nash"], [2.5, 0.6], atol=1e-6)
    np.testing.assert_allclose(together.solutions["nash"], [2.0, 1.1], atol=1e-6)
    np.testing.assert_allclose(apart.disagreement, [0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(together.ideal, [3.0, 1.1], atol=1e-6)


def test_both_regimes_stand_in_one_frame():
    chart = payoff_space(base_case(), solutions=("nash", "egalitarian"))
    assert_whole(chart)
    words = texts(chart)
    assert "frontier, separate" in words
    assert "frontier, linked" in words
    note = " ".join(" ".join(words).split())
    assert "frontier of all issues at once, which the tables of separate can fall short of" in note
    for part in ("US-JPN", "separate: disagreement point", "linked: disagreement point"):
        assert part in chart.alt
    assert all("USD bn per year" in axis.get_ylabel() for axis in chart.axes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "US-JPN-ROK"}, "is not there; linked has tables of two: US-JPN, US-ROK"),
        ({"regimes": ("separate", "trilateral")}, "needs a table of two parties; trilateral has"),
        ({"regimes": ("separate", "apart")}, "'apart'"),
        ({"solutions": ("shapley",)}, "'shapley'"),
    ],
)
def test_what_has_no_plane_is_refused_by_name(options, said):
    with pytest.raises(FigureError, match=said):
        payoff_space(base_case(), **options)


def test_a_table_without_any_deal_is_refused_by_name():
    with pytest.raises(FigureError, match="no outcome gives both a gain"):
        draw_space(space_of_problem(pie(disagreement=[0.7, 0.7])))


def test_three_players_have_no_plane():
    three = from_functions(
        {"A": lambda x: x, "B": lambda x: 1 - x, "C": lambda x: x},
        {"x": (0.0, 1.0)},
        disagreement=[0, 0, 0],
    )
    with pytest.raises(FigureError, match="A, B, C"):
        space_of_problem(three)


# ---- the war ------------------------------------------------------------------------------------


def test_the_tariff_war_has_its_curves_equilibrium_and_lens():
    chart = best_responses(textbook("tariff-prisoners-dilemma"))
    assert_whole(chart)
    curves = [line for line in chart.axes[0].lines if len(line.get_xdata()) > 100]
    np.testing.assert_allclose(curves[0].get_xdata(), 1.0 / 3.0, atol=1e-6)
    np.testing.assert_allclose(curves[1].get_ydata(), 1.0 / 3.0, atol=1e-6)
    assert "Equilibria: (0.333, 0.333)" in chart.alt
    assert "both better off" in texts(chart)
    assert "set by Home (units of good)" in chart.axes[0].get_xlabel()


def duopoly():
    """Cournot: u_i = x_i (1 − x_1 − x_2); reply (1 − x_j)/2, equilibrium 1/3 each."""
    return from_functions(
        {"A": lambda x, y: x * (1 - x - y), "B": lambda x, y: y * (1 - x - y)},
        {"x": (0.0, 1.0), "y": (0.0, 1.0)},
        disagreement=[0.0, 0.0],
    ).payoffs


def test_replies_are_best_and_cross_at_the_equilibrium():
    lower, upper = np.zeros(2), np.ones(2)
    found = replies_of(
        duopoly(), (0, 1), control=[0, 1], lower=lower, upper=upper, start=0.5 * upper
    )
    np.testing.assert_allclose(found.replies, 0.5 * (1.0 - found.grids), atol=1e-6)
    np.testing.assert_allclose(found.equilibria, [[1.0 / 3.0, 1.0 / 3.0]], atol=1e-6)
    x = np.linspace(0.0, 1.0, found.gains.shape[-1])
    first = x * (1.0 - x - x[:, None]) - 1.0 / 9.0  # the first issue runs along the columns
    np.testing.assert_allclose(found.gains[0], first, atol=1e-6)
    assert_whole(draw_replies(found))


def test_a_war_needs_two_sides():
    box = {"lower": np.zeros(2), "upper": np.ones(2), "start": np.zeros(2)}
    for control in ([0, 0], [0, None]):
        with pytest.raises(FigureError, match="two different players"):
            replies_of(duopoly(), (0, 1), control=control, **box)
    with pytest.raises(FigureError, match="one player sets every issue"):
        best_responses(textbook("logrolling"))
    with pytest.raises(FigureError, match="'corn'"):
        best_responses(textbook("tariff-prisoners-dilemma"), issues=("corn", "tariff_home"))
    with pytest.raises(FigureError, match="'peace'"):
        best_responses(textbook("tariff-prisoners-dilemma"), regime="peace")


# ---- the stance game ----------------------------------------------------------------------------


def frames(chart):
    """Return the thick frames of a payoff table."""
    return [p for p in chart.axes[0].patches if p.get_linewidth() > 1.5]


@settings(max_examples=20, deadline=None)
@given(
    shape=st.lists(st.integers(1, 3), min_size=2, max_size=3),
    seed=st.integers(0, 999),
    draws=st.integers(1, 5),
    ties=st.booleans(),
    width=st.sampled_from([3.5, 7.0]),
)
def test_exactly_the_pure_equilibria_are_framed(shape, seed, draws, ties, width):
    rng = np.random.default_rng(seed)
    payoffs = rng.normal(size=(draws, len(shape), *shape))
    game = NormalFormGame(np.round(payoffs) if ties else payoffs, batched=True)
    table = table_of(game)
    chart = draw_game(table, width=width)
    chart.draw_without_rendering()
    assert len(frames(chart)) == pure_equilibria(table.game).sum()
    if draws > 1:
        assert table.share.shape == tuple(shape)


def test_chicken_has_its_three_equilibria():
    game = NormalFormGame(
        [[[6, 2], [7, 0]], [[6, 7], [2, 0]]],
        players=("US", "JPN"),
        actions=(("yield", "insist"), ("yield", "insist")),
    )
    chart = draw_game(table_of(game, unit="points"))
    assert len(frames(chart)) == 2
    assert "mixed equilibrium: US yield 67 %, insist 33 %" in chart.alt
    assert "US insist, JPN yield; payoffs US +7, JPN +2" in chart.alt
    assert any(t.startswith("points;") for t in texts(chart))


@pytest.mark.parametrize("figure", [draw_game, draw_path])
def test_games_have_one_svg(figure):
    payoffs = np.random.default_rng(0).normal(size=(4, 3, 2, 3, 2))
    game = NormalFormGame(payoffs, batched=True)
    assert render(figure(table_of(game)), "svg") == render(figure(table_of(game)), "svg")


def test_matching_pennies_has_no_pure_equilibrium_and_says_so():
    chart = draw_game(table_of(NormalFormGame([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])))
    assert not frames(chart)
    assert any("no pure equilibrium" in t for t in texts(chart))


@pytest.mark.parametrize("width", [3.5, 7.0])
def test_the_quantal_path_leads_from_chance_to_the_equilibrium(width):
    game = NormalFormGame([[[9, 0], [0, 1]], [[0, 1], [1, 0]]])  # matching pennies of unequal stake
    chart = draw_path(table_of(game), width=width)
    assert_whole(chart)
    lines = [line for line in chart.axes[0].lines if len(line.get_xdata()) > 1]
    assert [line.get_ydata()[0] for line in lines] == pytest.approx([0.5, 0.5])
    assert lines[0].get_ydata()[-1] == pytest.approx(0.5, abs=0.01)
    ends = [line.get_ydata()[-1] for line in chart.axes[1].lines if len(line.get_xdata()) > 1]
    assert ends == pytest.approx([0.1, 0.9], abs=0.01)
    assert "λ" in chart.axes[0].get_xlabel()


def test_games_that_cannot_be_shown_are_refused_by_name():
    with pytest.raises(FigureError, match="one player"):
        draw_game(table_of(NormalFormGame([[1.0, 2.0]])))
    with pytest.raises(FigureError, match="at most 12"):
        draw_game(table_of(NormalFormGame(np.random.default_rng(0).normal(size=(2, 13, 2)))))
    with pytest.raises(FigureError, match="all payoffs are the same"):
        draw_path(table_of(NormalFormGame(np.zeros((2, 2, 2)))))
    for figure in (stance_game, quantal_response):
        with pytest.raises(FigureError, match="no stances"):
            figure(textbook("neutrality"))


def test_the_stances_of_the_base_case_are_drawn():
    chart = stance_game(base_case())
    words = texts(chart)
    assert {"US", "JPN: accept", "ROK: delay", "link with\ntroop threat"} <= set(words)
    assert "means of the first 32 draws" in chart.alt


# ---- alternating offers -------------------------------------------------------------------------


def test_offers_approach_nash_at_first_order():
    path = convergence_path(Pie(), [0.1, 0.2], intervals=[1.0, 0.1, 0.01])
    chart = draw_offers(path, players=("A", "B"))
    assert_whole(chart)
    line = max(chart.axes[2].lines, key=lambda line: line.get_zorder())
    slope = np.diff(np.log(line.get_ydata())) / np.diff(np.log(line.get_xdata()))
    np.testing.assert_allclose(slope, 1.0, atol=0.05)
    assert "limit +0.667" in chart.alt
    assert render(chart, "svg") == render(draw_offers(path, players=("A", "B")), "svg")


def test_offers_of_three_in_one_column():
    path = convergence_path(Pie(n_players=3), [0.1, 0.2, 0.3], intervals=[1.0, 0.5])
    assert_whole(draw_offers(path, players=("A", "B", "C"), unit="dollars", width=3.5))


def test_a_summary_has_no_draws_to_play_and_says_what_to_do():
    with pytest.raises(FigureError, match="--keep draws"):
        stance_game(summarise(base_case()))


def test_offers_of_the_base_case():
    chart = alternating_offers(base_case(), table="US-ROK")
    assert_whole(chart)
    assert {"ROK at US-ROK", "US offers first"} <= set(texts(chart))
    with pytest.raises(FigureError, match="there are US-JPN, US-ROK"):
        alternating_offers(base_case(), table="JPN-ROK")
    with pytest.raises(FigureError, match="no talks"):
        alternating_offers(textbook("neutrality"))


def test_a_result_without_its_scenario_is_refused_by_name():
    bare = base_case().copy()
    bare.attrs = {"unit": "USD bn per year"}
    for figure in (payoff_space, best_responses, stance_game, alternating_offers):
        with pytest.raises(FigureError, match="needs the scenario"):
            figure(bare)
