"""Figures of break-even studies whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plots_cases import assert_whole, made_up, texts
from test_results_break_even import T7, study

from sim.errors import FigureError
from sim.plots import FIGURES, break_even, draw

UNIT = np.linspace(0.0, 1.0, 9)


def test_a_point_and_its_interval_are_drawn_where_they_are():
    chart = break_even(study([UNIT], lambda x: 0.4 - x))
    assert_whole(chart)
    lines = chart.axes[0].lines
    (point,) = [line for line in lines if line.get_marker() == "o"]
    assert float(point.get_xdata()[0]) == pytest.approx(0.4)
    (bar,) = [line for line in lines if line.get_linewidth() == 3.0]
    np.testing.assert_allclose(bar.get_xdata(), [0.4 - 0.01 * T7, 0.4 + 0.01 * T7])
    assert "A gains from linkage where x is below 0.4 (95 %: 0.3764 to 0.4236)" in chart.alt
    assert [axis.get_title("left") for axis in chart.axes] == ["A", "B"]
    assert "0.4" in texts(chart)


def test_the_band_is_as_wide_as_the_interval():
    chart = break_even(study([UNIT], lambda x: 0.4 - x), players=("A",))
    (axis,) = chart.axes
    edges = axis.collections[0].get_paths()[0].vertices
    at_end = edges[np.isclose(edges[:, 0], 1.0), 1]
    assert at_end.max() - at_end.min() == pytest.approx(2.0 * 0.01 * T7)


def test_the_curve_over_two_numbers_is_the_zero_line():
    chart = break_even(study([UNIT, 2.0 * UNIT], lambda x, y: y - x - 0.3))
    assert_whole(chart)
    solid = [line for line in chart.axes[0].lines if line.get_linewidth() == 1.2]
    points = np.concatenate([line.get_xydata() for line in solid])
    np.testing.assert_allclose(points[:, 1] - points[:, 0], 0.3, atol=1e-9)
    assert {"gains", "loses"} <= set(texts(chart))
    assert chart.axes[0].get_xlabel().startswith("x (")
    assert chart.axes[0].get_ylabel().startswith("y (")


@settings(max_examples=20)
@given(
    scale=st.sampled_from([0.0, 1e-9, 1.0, 1e9]),
    shift=st.floats(-2.0, 2.0),
    two=st.booleans(),
    size=st.integers(3, 5),
    error=st.sampled_from([0.0, 0.1, np.inf]),
)
def test_any_study_is_drawn_or_refused(scale, shift, two, size, error):
    grid = np.linspace(-1.0, 1.0, size)
    if two:
        found = study([grid, grid], lambda x, y: scale * (x * y + shift), error=error)
    else:
        found = study([grid], lambda x: scale * (x + shift), error=error)
    if not two and error == np.inf:
        with pytest.raises(FigureError, match="no mean of this study is finite"):
            break_even(found)
        return
    assert_whole(break_even(found))


@pytest.mark.parametrize("width", [3.5, 7.0])
def test_it_fits_a_column_and_a_page(width):
    chart = break_even(study([UNIT, UNIT], lambda x, y: y - x), width=width)
    assert_whole(chart)
    assert chart.get_figwidth() == width


def test_what_is_not_there_is_named():
    one = study([UNIT], lambda x: 0.4 - x)
    with pytest.raises(FigureError, match="'C' is not in this result; allowed: A, B"):
        break_even(one, players=("C",))
    with pytest.raises(FigureError, match="does not differ by regime"):
        break_even(one, regime="linked")
    with pytest.raises(FigureError, match="'raiffa'"):
        break_even(one, solution="raiffa")
    with pytest.raises(FigureError, match="sim discover FILE --break-even"):
        break_even(made_up())


def test_it_is_among_the_figures():
    assert FIGURES["break-even"].kinds == ("break-even",)
    assert "break-even" in FIGURES["break-even"].needs
    assert_whole(draw("break-even", study([UNIT], lambda x: 0.4 - x)))
