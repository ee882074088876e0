"""Made-up results for the tests of the figures, and what every figure must keep."""

from __future__ import annotations

import functools
import json

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import sim
from sim.montecarlo.case_task import linkage, part_names
from sim.results.dataset import to_dataset

UNIT = "USD bn per year at 2024 prices"
REGIMES = ("separate", "threat-linked", "linked-by-consent", "linked", "trilateral")
PLAYERS = ("US", "JPN", "Côte d’Ivoire", "X")


def made_up(
    *,
    players=2,
    draws=40,
    regimes=REGIMES,
    solutions=("nash",),
    issues=2,
    seed=0,
    scale=1.0,
    lost=0.0,
    deal=0.9,
    replicates=None,
    parameters=0,
    shift=0.0,
):
    """Return a result as a run would make it, of random numbers.

    `lost` is the share of payoffs that are infinite, `deal` the chance of an agreement.
    """
    rng = np.random.default_rng(seed)
    shape = (draws, len(regimes), len(solutions))
    change = scale * (rng.normal(size=(*shape, players)) + shift)
    change[rng.random(change.shape) < lost] = np.inf
    tables = ("a", "b")
    arrays = {
        "payoff_change": change,
        "outcome": rng.random((*shape, issues)),
        "agreement": (rng.random((*shape, len(tables))) < deal).astype(np.int8),
        "converged": rng.random(shape) < 0.95,
        "residual": np.zeros(shape),
    }
    with np.errstate(invalid="ignore"):
        arrays |= linkage(change, tuple(regimes))
    if parameters:
        arrays["theta"] = rng.random((draws, parameters))
    if replicates:
        arrays["replicate"] = np.arange(draws) % replicates
    names = tuple(f"issue {k}" for k in range(issues))
    labels = {
        "regime": tuple(regimes),
        "solution": tuple(solutions),
        "player": PLAYERS[:players],
        "issue": names,
        "table": tables,
        "part": part_names(tuple(regimes)),
        "parameter": tuple(f"theta_{k}" for k in range(parameters)),
    }
    coords = {
        "issue_label": ("issue", tuple(f"Label of {name}" for name in names)),
        "issue_unit": ("issue", ("thousand",) * issues),
    }
    return to_dataset(arrays, labels, attrs={"unit": UNIT, "seed": seed}, coords=coords)


@st.composite
def results(draw):
    """Results of any size, with ties, extreme scales and payoffs that are not finite."""
    regimes = draw(st.lists(st.sampled_from(REGIMES), min_size=1, unique=True))
    return made_up(
        players=draw(st.integers(1, 4)),
        draws=draw(st.integers(1, 40)),
        regimes=tuple(regimes),
        solutions=("nash", "egalitarian")[: draw(st.integers(1, 2))],
        issues=draw(st.integers(1, 3)),
        seed=draw(st.integers(0, 1000)),
        scale=draw(st.sampled_from([0.0, 1e-9, 1.0, 1e9])),
        lost=draw(st.sampled_from([0.0, 0.1, 1.0])),
        deal=draw(st.sampled_from([0.0, 0.9, 1.0])),
        replicates=draw(st.sampled_from([None, 4])),
        parameters=draw(st.integers(0, 2)),
    )


def study(kind, variables, coords, **told):
    """Return the dataset of an analysis."""
    attrs = {"unit": UNIT, "analysis": json.dumps({"analysis": kind, **told})}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


@functools.cache
def base_case():
    """Return a small run of the shipped base case."""
    return sim.simulate("scenarios/us-allies-2025-04.yaml", draws=32, solutions=("nash",))


@functools.cache
def textbook(name):
    """Return a run of a textbook case of one draw."""
    return sim.simulate(f"scenarios/theory/{name}.yaml", draws=1, solutions=("nash",))


def texts(chart):
    """Return every text of a figure as it is drawn."""
    from matplotlib.text import Text

    return [t.get_text() for t in chart.findobj(Text) if t.get_text() and t.get_visible()]


def assert_whole(chart):
    """Assert what holds for every figure: labels with units, nothing empty, words with numbers."""
    chart.draw_without_rendering()
    assert chart.axes
    for axis in chart.axes:
        assert axis.has_data() or axis.texts, "an empty axis"
        if not axis.axison:
            continue
        first = axis.get_subplotspec() is None or axis.get_subplotspec().is_first_col()
        assert axis.get_xlabel() or axis.get_label() == "<colorbar>"
        assert axis.get_ylabel() or not first
        for own in (axis.get_xlim(), axis.get_ylim()):
            assert np.isfinite(own).all()
            assert own[0] != own[1]
    assert len(chart.alt) > 30
    assert any(c.isdigit() for c in chart.alt)
    assert "nan" not in chart.alt.lower().replace("finance", "")
