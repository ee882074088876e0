"""Boxes of parameters against the PRIM of ema_workbench.

Both peel where density rises most per case given up, so that each of its steps can be taken again
from the same box. Where several peels are equally good the two may choose differently, which is why
steps are compared, not whole paths. Our path goes on to the least mass, theirs ends as soon as no
peel helps. `prim` drops bounds that could be an accident and gives their coverage up: it is held to
theirs where they do without such bounds too.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from against import compared
from sim.montecarlo.discovery import peel, prim, score

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of parts that are not installed, and of pandas
    import pandas as pd
    from ema_workbench.analysis.prim import Prim, PrimBox

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
NAMES = ("a", "b", "c", "d")
DENSITY = 0.8


def cases(number: int = 1000) -> Iterator[tuple[FloatArray, BoolArray]]:
    """Yield four parameters and which cases are of interest: a corner, a band, a slope, a ball."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.uniform(size=(number, 4))
        yield x, (x[:, 0] < 0.6) & (x[:, 1] > 0.4)
        band = (x[:, 2] > 0.3) & (x[:, 2] < 0.8)
        yield x, rng.uniform(size=number) < np.where(band, 0.9, 0.1)
        yield x, x[:, 0] + x[:, 1] * x[:, 2] > 1.1
        yield x, ((x[:, :3] - 0.3) ** 2).sum(axis=1) < 0.15


@cache
def searched() -> list[tuple[FloatArray, BoolArray, PrimBox]]:
    """Return the cases with the box that ema_workbench finds at our settings, and its path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            (x, y, Prim(pd.DataFrame(x, columns=NAMES), y, threshold=DENSITY).find_box())
            for x, y in cases()
        ]


@compared(measure="difference of density or mass after a peel", tolerance=1e-12)
def test_every_peel() -> Iterator[float]:
    """PRIM: every step of a peeling path, taken again from the same box."""
    for x, y, box in searched():
        inside = np.ones(len(y), dtype=bool)
        for limits in box.box_lims[1:]:
            after = ((x >= limits.values[0]) & (x <= limits.values[1])).all(axis=1)
            if after.sum() > inside.sum():
                break  # from here on it pastes
            mine = peel(x[inside], y[inside], names=NAMES)[1]
            mass = after.sum() / inside.sum()
            yield max(abs(mine.density - y[after].mean()), abs(mine.mass - mass))
            inside = after


@compared(measure="difference of a coverage, a density or a mass", tolerance=1e-12)
def test_scores_of_their_boxes() -> Iterator[float]:
    """PRIM: coverage, density and mass of every box of a path, by our reckoning."""
    for x, y, box in searched():
        start = peel(x, y, names=NAMES)[0]
        for row, limits in zip(box.peeling_trajectory.itertuples(), box.box_lims, strict=True):
            lower, upper = limits.values
            mine = score(replace(start, lower=lower, upper=upper), x, y)
            theirs = (row.coverage, row.density, row.mass)
            ours = (mine.coverage, mine.density, mine.mass)
            yield max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


@compared(measure="coverage that our path lacks", tolerance=1e-12)
def test_coverage_on_the_path() -> Iterator[float]:
    """PRIM: largest coverage on a path at a density of 0.8 or more."""
    for x, y, box in searched():
        path = peel(x, y, names=NAMES)
        mine = max(step.coverage for step in path if step.density >= DENSITY)
        yield max(0.0, float(best(box).coverage) - mine)


@compared(measure="coverage that our box lacks", tolerance=1e-12)
def test_coverage_of_the_box() -> Iterator[float]:
    """PRIM: coverage of the box that is chosen, where theirs restricts no more parameters."""
    for x, y, box in searched():
        mine, theirs = prim(x, y, names=NAMES, density=DENSITY), best(box)
        assert mine.density >= DENSITY
        assert "d" not in mine.restricted  # which plays no part in any of the cases
        if theirs.res_dim <= len(mine.restricted):
            yield max(0.0, float(theirs.coverage) - mine.coverage)


def best(box: PrimBox) -> pd.Series:
    """Return the box of a path that has the largest coverage among those dense enough."""
    path = box.peeling_trajectory
    path = path[path.density >= DENSITY]
    return path.loc[path.coverage.idxmax()]
