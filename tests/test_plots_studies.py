"""Figures of sensitivity, sweeps and discovery, on made-up studies whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plots_cases import assert_whole, base_case, made_up, study, texts

from sim.errors import FigureError, SimError
from sim.plots import FIGURES, heat_map, sobol, sweep, tornado

INPUTS = ("erosion", "reputation", "threat + trust")
PLAYERS = ("US", "JPN")


def swings(low, high, central, **told):
    """Return a tornado of the linkage gain; low and high are (input, player)."""
    dims = ("input", "solution", "player")
    return study(
        "tornado",
        {
            "low": (dims, np.asarray(low, float)[:, None]),
            "high": (dims, np.asarray(high, float)[:, None]),
            "central": (dims[1:], np.asarray(central, float)[None]),
        },
        {"input": list(INPUTS), "solution": ["nash"], "player": list(PLAYERS)},
        **({"of": "linkage_gain", "low": 0.05, "high": 0.95} | told),
    )


def indices(first, total, reach=0.05):
    """Return Sobol' indices; first and total are (input, player)."""
    first, total = (np.asarray(v, float)[:, None] for v in (first, total))
    dims = ("input", "solution", "player")
    return study(
        "sobol",
        {
            "first": (dims, first),
            "total": (dims, total),
            "first_interval": (("bound", *dims), np.stack([first - reach, first + reach])),
            "total_interval": (("bound", *dims), np.stack([total - reach, total + reach])),
        },
        {"input": list(INPUTS), "solution": ["nash"], "player": list(PLAYERS)},
        of="linkage_gain",
        points=128,
    )


def swept(*grids, players=PLAYERS, mean, error=0.1):
    """Return a sweep; `mean` maps the meshed grids to an array, the same for every player."""
    paths = [f"path_{k}" for k in range(len(grids))]
    field = np.asarray(mean(*np.meshgrid(*grids, indexing="ij")), float)
    stats = np.stack([field, np.full_like(field, error), field - 1, field, field + 1])
    values = np.repeat(stats[..., None, None], len(players), axis=-1)
    return study(
        "sweep",
        {"linkage_gain": (("statistic", *paths, "solution", "player"), values)},
        {
            "statistic": ["mean", "se", "q05", "q50", "q95"],
            "solution": ["nash"],
            "player": list(players),
        }
        | dict(zip(paths, grids, strict=True)),
        vary=dict(zip(paths, [list(map(float, g)) for g in grids], strict=True)),
        draws=64,
    )


# ---- tornado and Sobol' -------------------------------------------------------------------------


def test_the_widest_bar_stands_on_top_and_what_does_nothing_is_left_out():
    chart = tornado(swings([[0, 0], [-1, 1], [2, 2]], [[3, 1], [1, 2], [2, 2]], [2, 2]))
    assert_whole(chart)
    ticks = [t.get_text() for t in chart.axes[0].get_yticklabels()]
    assert ticks == ["erosion", "reputation"]
    ends = sorted(
        {round(p.get_x() + w, 9) for p in chart.axes[0].patches for w in (0, p.get_width())}
    )
    assert ends == [-1.0, 0.0, 1.0, 2.0, 3.0]
    assert "erosion 0 to +3" in chart.alt
    assert chart.axes[0].get_xlabel() == "gain (USD bn per year)"


def test_the_tornado_of_a_run_is_computed_from_its_scenario():
    chart = tornado(base_case())
    assert_whole(chart)
    assert "erosion" in chart.alt
    assert len(chart.axes) == 3


def test_indices_and_their_intervals_are_drawn():
    chart = sobol(indices([[0.5, 0.1], [0.2, 0.2], [0, 0]], [[0.6, 0.3], [0.3, 0.4], [0, 0]]))
    assert_whole(chart)
    widths = {round(p.get_width(), 9) for p in chart.axes[0].patches}
    assert widths == {0.5, 0.2, 0.6, 0.3}
    assert "erosion first order 0.5, total 0.6" in chart.alt
    assert "128 points" in chart.alt


def test_long_groups_of_inputs_are_shortened():
    dataset = swings([[0, 0]] * 3, [[1, 1], [2, 2], [3, 3]], [0, 0])
    names = [*INPUTS[:2], " + ".join(f"parameter_{k}" for k in range(20))]
    chart = tornado(dataset.assign_coords(input=names))
    assert_whole(chart)
    assert max(t.count("\n") for t in texts(chart)) <= 2


@settings(max_examples=10, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=12),
    figure=st.sampled_from([tornado, sobol]),
)
def test_any_numbers_are_drawn_or_refused_by_name(values, figure):
    first, second = np.array(values).reshape(2, 3, 2)
    dataset = swings(first, second, [0, 0]) if figure is tornado else indices(first, second)
    try:
        chart = figure(dataset)
    except SimError:
        return
    assert_whole(chart)


def test_outcomes_have_a_panel_an_issue():
    dims = ("input", "regime", "solution", "issue")
    values = np.arange(12.0).reshape(3, 2, 1, 2)
    dataset = study(
        "tornado",
        {
            "low": (dims, values),
            "high": (dims, values + 1.0),
            "central": (dims[1:], values[0]),
        },
        {
            "input": list(INPUTS),
            "regime": ["separate", "linked"],
            "solution": ["nash"],
            "issue": ["tariff", "troops"],
            "issue_unit": ("issue", ["rate", "thousand"]),
        },
        of="outcome",
    )
    chart = tornado(dataset, regime="separate")
    assert [axis.get_xlabel() for axis in chart.axes] == ["outcome (rate)", "outcome (thousand)"]
    with pytest.raises(FigureError, match="there are separate, linked"):
        tornado(dataset, regime="divided")


# ---- sweeps -------------------------------------------------------------------------------------


def test_the_break_even_point_is_where_the_mean_is_zero():
    chart = sweep(swept(np.linspace(0, 1, 5), mean=lambda x: 1 - 2.5 * x))
    assert_whole(chart)
    marks = [
        line
        for line in chart.axes[0].lines
        if line.get_marker() == "o" and len(line.get_xdata()) == 1
    ]
    assert [float(line.get_xdata()[0]) for line in marks] == pytest.approx([0.4])
    assert "crosses zero at 0.4 ± 0.04" in chart.alt


def test_the_break_even_contour_is_where_the_mean_is_zero():
    chart = heat_map(
        swept(np.linspace(0, 1, 9), np.linspace(0, 2, 9), mean=lambda x, y: x + y - 1.3)
    )
    assert_whole(chart)
    thick = [c for c in chart.axes[0].collections if np.max(c.get_linewidth()) > 1.5]
    points = np.vstack([path.vertices for c in thick for path in c.get_paths()])
    np.testing.assert_allclose(points.sum(axis=1), 1.3, atol=1e-9)
    assert "from −1.3 to +1.7" in chart.alt


def test_no_name_of_a_contour_is_cut():
    grid = np.linspace(0, 1, 4)
    chart = heat_map(swept(grid, grid, mean=lambda x, y: 2 * x + 3 * y * (y - 0.7)))
    chart.draw_without_rendering()
    for axis in chart.axes:
        frame = axis.get_window_extent()
        for name in axis.texts:
            box = name.get_window_extent()
            assert frame.x0 <= box.x0
            assert frame.y0 <= box.y0
            assert box.x1 <= frame.x1
            assert box.y1 <= frame.y1


@settings(max_examples=10, deadline=None)
@given(
    scale=st.sampled_from([0.0, 1e-9, 1.0, 1e9]),
    shift=st.floats(-2, 2),
    two=st.booleans(),
    size=st.integers(2, 5),
    error=st.sampled_from([0.0, 0.1, np.inf]),
)
def test_any_sweep_is_drawn(scale, shift, two, size, error):
    grid = np.linspace(-1, 1, size)
    if two:
        chart = heat_map(swept(grid, grid, mean=lambda x, y: scale * (x * y + shift), error=error))
    else:
        chart = sweep(swept(grid, mean=lambda x: scale * (x + shift), error=error))
    assert_whole(chart)


@pytest.mark.parametrize("width", [3.5, 7.0])
def test_sweeps_fit_a_column_and_a_page(width):
    chart = sweep(
        swept(np.linspace(0, 1, 5), mean=lambda x: x, players=("A", "B", "C")), width=width
    )
    assert_whole(chart)
    assert chart.get_figwidth() == width


def test_studies_that_do_not_fit_are_refused_by_name():
    one = swept(np.linspace(0, 1, 5), mean=lambda x: x)
    two = swept(np.linspace(0, 1, 3), np.linspace(0, 1, 3), mean=lambda x, y: x + y)
    bars = swings([[0, 0]] * 3, [[1, 1]] * 3, [0, 0])
    with pytest.raises(FigureError, match="heat-map for two numbers"):
        sweep(two)
    with pytest.raises(FigureError, match="take sweep"):
        heat_map(one)
    with pytest.raises(FigureError, match="'payoff' is not in this sweep; allowed: linkage_gain"):
        sweep(one, of="payoff")
    for figure in (sweep, heat_map, sobol):
        with pytest.raises(FigureError, match="this is a tornado"):
            figure(bars)
        with pytest.raises(FigureError, match="a result of sim run"):
            figure(made_up())
    with pytest.raises(FigureError, match="'utilitarian'"):
        sobol(indices([[1, 1]] * 3, [[1, 1]] * 3), solution="utilitarian")
    with pytest.raises(FigureError, match="no parameter moves anything"):
        tornado(swings([[1, 1]] * 3, [[1, 1]] * 3, [1, 1]))
    with pytest.raises(FigureError, match="high"):
        tornado(bars.drop_vars("high"))


def test_every_figure_says_what_it_needs_and_takes():
    for name, entry in FIGURES.items():
        assert entry.name == name
        assert all((entry.description, entry.needs, entry.kinds))
        assert "width" in entry.options
        assert entry.load().__doc__
