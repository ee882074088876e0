"""Figures of a run: right numbers, labels with units, named errors, on any result."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.patches import Rectangle
from plots_cases import REGIMES, assert_whole, base_case, made_up, results, texts

from sim.errors import FigureError, SimError
from sim.plots import (
    convergence,
    decomposition,
    joint_gains,
    leverage,
    outcomes,
    prim_box,
    who_gains,
)
from sim.results import summarise

FIGURES = (who_gains, decomposition, leverage, joint_gains, outcomes, convergence, prim_box)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__)
@settings(max_examples=12, deadline=None)
@given(dataset=results())
def test_any_result_is_drawn_or_refused_by_name(figure, dataset):
    try:
        chart = figure(dataset)
    except SimError:
        return
    assert_whole(chart)


@pytest.mark.parametrize("width", [3.5, 7.0])
@pytest.mark.parametrize("figure", FIGURES[:-1], ids=lambda f: f.__name__)
def test_fits_a_column_and_a_page(figure, width):
    chart = figure(made_up(draws=64, players=3), width=width)
    assert_whole(chart)
    assert chart.get_figwidth() <= width
    smallest = min(t.get_fontsize() for t in chart.findobj(lambda a: hasattr(a, "get_fontsize")))
    assert smallest >= 5.5


@pytest.mark.parametrize("figure", FIGURES[:-1], ids=lambda f: f.__name__)
def test_every_axis_says_its_unit(figure):
    known = ("USD bn", "number", "rate", "share", "thousand")
    labels = []
    for axis in figure(base_case()).axes:
        shared = [other.get_ylabel() for other in axis.get_shared_y_axes().get_siblings(axis)]
        labels.append(" ".join([axis.get_xlabel(), axis.get_ylabel(), *shared]))
    assert all(any(unit in label for unit in known) for label in labels), labels


def test_shares_are_those_of_the_draws():
    dataset = made_up(players=1, draws=400, regimes=("separate", "linked"))
    gain = dataset["linkage_gain"].values[:, 0, 0]
    words = texts(who_gains(dataset))
    assert f"gain {round(100 * np.mean(gain > 0))} %" in words
    assert f"lose {round(100 * np.mean(gain < 0))} %" in words


def test_ties_are_neither_gain_nor_loss():
    dataset = made_up(players=1, draws=10, regimes=("separate", "linked"))
    dataset["payoff_change"][:, 1] = dataset["payoff_change"][:, 0].values
    words = texts(who_gains(dataset))
    assert "lose 0 %, even 100 %" in words
    assert "gain 0 %" in words


@pytest.mark.parametrize("players", [1, 3, 4])
@pytest.mark.parametrize("width", [3.5, 5.0, 7.0])
def test_shares_stand_clear_of_zero_and_of_each_other(players, width):
    dataset = made_up(players=players, draws=40, regimes=("separate", "linked", "trilateral"))
    dataset["payoff_change"][:, 1] = dataset["payoff_change"][:, 0].values + 1e-20
    dataset["payoff_change"][:20, 1, 0, 0] += 1.0
    chart = who_gains(dataset, width=width)
    for axis in chart.axes:
        shares = [t.get_window_extent() for t in axis.texts if t.get_text()[:4] in ("lose", "gain")]
        assert len(shares) == 4
        zeros = [line for line in axis.lines if np.all(np.asarray(line.get_xdata()) == 0.0)]
        lines = [line.get_window_extent() for line in zeros if len(line.get_xdata()) == 2]
        assert lines
        apart = [*lines, *(other.get_tightbbox() for other in chart.axes if other is not axis)]
        for n, box in enumerate(shares):
            assert not any(box.overlaps(other) for other in (*shares[n + 1 :], *apart))


def test_what_is_rare_is_not_called_never():
    dataset = made_up(players=1, draws=1000, regimes=("separate", "linked"))
    dataset["payoff_change"][:, 0] = 0.0
    dataset["payoff_change"][:, 1] = 1.0
    dataset["payoff_change"][0, 1] = -1.0
    words = texts(who_gains(dataset))
    assert "lose <1 %" in words
    assert "gain >99 %" in words


@pytest.mark.parametrize("figure", [decomposition, leverage])
def test_bars_lead_from_nothing_to_the_whole_gain(figure):
    dataset = made_up(players=2, draws=50)
    for n, axis in enumerate(figure(dataset).axes):
        bars = [p for p in axis.patches if isinstance(p, Rectangle) and p.get_hatch() is None]
        ends = [bar.get_y() + bar.get_height() for bar in bars]
        gain = float(dataset["linkage_gain"].isel(player=n, solution=0).mean())
        assert ends[-1] == pytest.approx(gain)
        assert ends[-2] == pytest.approx(gain), "the parts add up"
        assert bars[0].get_y() == 0.0


def test_quadrants_add_up():
    dataset = made_up(players=2, draws=300)
    shares = [t for t in texts(joint_gains(dataset)) if t.endswith(" %")]
    assert len(shares) == 4
    assert sum(int(t.split()[0].strip("<>")) for t in shares) == pytest.approx(100, abs=2)


def test_shares_of_the_quadrants_hide_no_draw():
    dataset = made_up(draws=400)
    change = dataset["payoff_change"]
    change.values = np.random.default_rng(1).uniform(-1, 1, change.shape)
    change.loc[{"regime": "separate"}] = 0.0
    chart = joint_gains(dataset)
    chart.draw_without_rendering()
    for axis in chart.axes:
        cells = axis.collections[0]
        middles = axis.transData.transform(cells.get_offsets())
        for text in axis.texts:
            box = text.get_window_extent()
            assert not any(box.contains(*middle) for middle in middles)


@pytest.mark.parametrize(("figure", "dot"), [(who_gains, "dot and bar:"), (joint_gains, "dot:")])
def test_small_print_names_the_marks_and_what_is_not_drawn(figure, dot):
    note = " ".join(" ".join(texts(figure(made_up()))).split())
    assert dot in note
    assert "tails beyond 0.5 % not drawn" in note


def test_pairs_that_are_not_shown_and_draws_on_an_axis_are_told():
    dataset = made_up(players=4)
    change = dataset["payoff_change"]
    change.loc[{"regime": "linked"}] = change.sel(regime="separate").values
    chart = joint_gains(dataset)
    assert "3 of 6 pairs" in " ".join(" ".join(texts(chart)).split())
    assert "no difference for one or both in 100 %" in chart.alt


@pytest.mark.parametrize("figure", [who_gains, decomposition, convergence])
def test_names_of_axes_and_bars_stay_apart(figure):
    dataset = made_up(players=4)
    dataset.attrs["unit"] = "billions of constant purchasing-power-parity-adjusted dollars a year"
    chart = figure(dataset)
    boxes = [axis.xaxis.label.get_window_extent() for axis in chart.axes]
    sides = [axis.yaxis.label.get_window_extent() for axis in chart.axes if axis.get_ylabel()]
    for axis in chart.axes if figure is decomposition else ():
        boxes += [t.get_window_extent() for t in axis.get_xticklabels()]
    for n, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[n + 1 :])
    page = chart.bbox
    for box in (*boxes, *sides):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1


def test_outcomes_show_the_landmarks_of_the_scenario():
    chart = outcomes(base_case(), issues=("hns_jpn",), regimes=("separate", "linked"))
    axis = chart.axes[0]
    drawn = [float(v) for line in axis.lines for v in np.atleast_1d(line.get_xdata())]
    for landmark in (1.48, 5.92):
        assert any(abs(v - landmark) < 1e-9 for v in drawn)
    assert "demand 5.92" in chart.alt
    legend = [t.get_text() for t in chart.legends[0].get_texts()]
    assert {"status quo", "breakdown", "demand"} <= set(legend)


def test_a_regime_without_any_deal_says_so():
    chart = outcomes(made_up(deal=0.0))
    assert texts(chart).count("no deal in any draw") == 2 * 3
    assert "no deal in any draw" in chart.alt


def test_outcomes_of_failed_talks_are_left_out():
    dataset = made_up(players=2, draws=200, issues=1, regimes=("separate",), deal=0.5)
    both = (dataset["agreement"].values == 1).all(axis=-1)[:, 0, 0]
    kept = dataset["outcome"].values[both, 0, 0, 0]
    line = outcomes(dataset).axes[0].lines[0]
    np.testing.assert_allclose(line.get_xdata(), np.quantile(kept, [0.05, 0.95]))


def test_a_constant_gain_has_no_error_and_says_so():
    dataset = made_up(players=1, draws=40, scale=0.0)
    assert "all 0: every draw\nis the same" in texts(convergence(dataset))


def test_the_band_ends_at_the_reported_error():
    dataset = made_up(players=1, draws=64, replicates=4)
    stats = summarise(dataset)["linkage_gain"].isel(solution=0, player=0)
    mean, error = float(stats.sel(statistic="mean")), float(stats.sel(statistic="se"))
    axis = convergence(dataset).axes[0]
    line = next(line for line in axis.lines if len(line.get_xdata()) > 2)
    assert line.get_ydata()[-1] == pytest.approx(mean)
    top = axis.collections[0].get_paths()[0].vertices[:, 1]
    assert np.any(np.isclose(top, mean + 2.0 * error))


def test_a_box_is_found_where_it_was_put():
    dataset = made_up(players=1, draws=600, regimes=("separate", "linked"), parameters=3)
    inside = dataset["theta"].values[:, 1] < 0.3
    dataset["linkage_gain"][:, 0, 0] = np.where(inside, 1.0, -1.0)
    chart = prim_box(dataset)
    assert_whole(chart)
    assert "theta 1 ≤ 0.3" in chart.alt
    assert "theta 0" not in chart.alt
    edge = max(p.get_x() + p.get_width() for p in chart.axes[0].patches)
    assert edge == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize(
    ("figure", "dataset", "said"),
    [
        (who_gains, made_up(regimes=("separate",)), "separate"),
        (who_gains, made_up(regimes=("linked", "trilateral")), "separate"),
        (who_gains, summarise(made_up()), "--keep draws"),
        (who_gains, made_up().drop_vars("payoff_change"), "payoff_change"),
        (decomposition, made_up(regimes=("separate", "linked")), "logrolling, coercion"),
        (leverage, made_up(regimes=("separate", "linked")), "leverage"),
        (decomposition, made_up(regimes=("separate",)), "decomposition"),
        (decomposition, made_up(lost=1.0), "no draw"),
        (joint_gains, made_up(players=1), "two players"),
        (joint_gains, made_up(regimes=("separate", "trilateral")), "'linked'"),
        (joint_gains, made_up(lost=1.0), "no draw"),
        (outcomes, made_up().drop_vars("outcome"), "outcome"),
        (convergence, made_up(draws=10), "16 finite draws"),
        (convergence, made_up(regimes=("separate",)), "linkage_gain"),
        (prim_box, made_up(), "nothing is uncertain"),
        (prim_box, made_up(parameters=2, scale=0.0), "no draw"),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_what_cannot_be_shown_has_a_name(figure, dataset, said):
    with pytest.raises(FigureError, match=said):
        figure(dataset)


@pytest.mark.parametrize(
    ("figure", "options", "said"),
    [
        (who_gains, {"solution": "shapley"}, "allowed: nash"),
        (who_gains, {"regimes": ("linked", "divided")}, "divided"),
        (who_gains, {"regimes": ("separate",)}, "allowed: threat-linked"),
        (joint_gains, {"players": ("US", "UK")}, "UK"),
        (joint_gains, {"regime": "separate"}, "must differ"),
        (outcomes, {"issues": ("weather",)}, "weather"),
        (outcomes, {"regimes": ("divided",)}, ", ".join(REGIMES)),
        (prim_box, {"player": "UK"}, "UK"),
    ],
)
def test_unknown_names_are_told_with_what_is_allowed(figure, options, said):
    with pytest.raises(FigureError, match=said):
        figure(made_up(parameters=2), **options)
