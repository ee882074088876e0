"""Sobol' indices and elementary effects against SALib, on its points and on ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import morris as their_effects
from SALib.analyze import sobol as their_indices
from SALib.sample import morris as their_trajectories
from SALib.sample import sobol as their_points
from test_montecarlo_sensitivity import base, ishigami, matrix, sobol_g
from test_results_runs import CASE

from against import compared
from sim.montecarlo.case_task import CaseTask
from sim.montecarlo.one_at_a_time import PointsDesign, morris_design, morris_effects
from sim.montecarlo.sampling import Design
from sim.montecarlo.sensitivity import sobol_design, sobol_indices
from sim.results import plan_run
from sim.scenario import parse_scenario

FloatArray = NDArray[np.float64]
INSIDE = 1e-9
"""Points of a design lie strictly between 0 and 1."""


@dataclass(frozen=True)
class Model:
    """Inputs, and the output as a function of a plan for them and its number of rows."""

    design: Design
    run: Callable[[Callable, int], FloatArray]

    @property
    def problem(self) -> dict[str, object]:
        """The inputs in SALib's words, as probabilities."""
        d = len(self.design.names)
        return {"num_vars": d, "names": list(self.design.names), "bounds": [[0.0, 1.0]] * d}

    def at(self, u: FloatArray) -> FloatArray:
        """Return the output at probabilities (n, d) of the inputs."""
        inside = u.clip(INSIDE, 1.0 - INSIDE)
        return self.run(PointsDesign(self.design, inside), len(u))


def function(f: Callable[[FloatArray], FloatArray], design: Design) -> Model:
    """Return a function of the inputs as a model."""
    return Model(design, lambda plan, rows: f(matrix(plan(range(rows)))))


def scenario() -> Model:
    """Return the linkage gain of a player in a small scenario with three uncertain numbers."""
    text = CASE.replace("correlations: [[benefit, cost, 0.4]]", "")
    planned = plan_run(
        parse_scenario(text), draws=64, solutions=("nash",), regimes=("separate", "linked")
    )

    def gain(plan: Callable, rows: int) -> FloatArray:
        return CaseTask(planned.plan, plan)(range(rows))["linkage_gain"][:, 0, 0]

    return Model(planned.design, gain)


def models() -> Iterator[tuple[Model, int]]:
    """Yield models with a number of points, a power of two."""
    yield function(ishigami, base(3, -np.pi, np.pi)), 2048
    yield function(sobol_g, base(5)), 2048
    yield scenario(), 128


@compared(measure="difference of an index", tolerance=1e-12)
def test_sobol_indices_of_the_same_outputs() -> Iterator[float]:
    """Sobol' indices, first and total, from the same outputs, centred alike.

    SALib takes the mean of all rows off the outputs, this program that of A and B; by how much the
    estimate of a first index then differs is known.
    """
    for model, points in models():
        scheme = sobol_design(model.design)
        values = model.run(scheme, points * scheme.width)
        mine = sobol_indices(scheme, values)
        blocks = values.reshape(points, scheme.width)
        order = [0, *range(2, scheme.width), 1]  # SALib puts B last
        theirs = their_indices.analyze(
            model.problem, blocks[:, order].ravel(), calc_second_order=False, seed=1
        )
        f_a, f_ab = blocks[:, 0], blocks[:, 2:]
        shift = (values.mean() - blocks[:, :2].mean()) * (f_ab.mean(axis=0) - f_a.mean())
        yield from np.abs(mine.first - theirs["S1"] - shift / mine.variance)
        yield from np.abs(mine.total - theirs["ST"])


@compared(measure="difference of an index, in half widths of both 95 % intervals", tolerance=1.0)
def test_sobol_indices_of_their_own_points() -> Iterator[float]:
    """Sobol' indices, first and total, each program from points of its own."""
    for model, points in models():
        scheme = sobol_design(model.design)
        mine = sobol_indices(scheme, model.run(scheme, points * scheme.width))
        u = their_points.sample(model.problem, points, calc_second_order=False, seed=1)
        theirs = their_indices.analyze(model.problem, model.at(u), calc_second_order=False, seed=1)
        for one, name, interval in (
            (mine.first, "S1", mine.first_interval),
            (mine.total, "ST", mine.total_interval),
        ):
            reach = 0.5 * np.ptp(interval, axis=0) + theirs[f"{name}_conf"]
            yield from np.abs(one - theirs[name]) / np.maximum(reach, 1e-9)


@compared(measure="relative difference of μ* or σ", tolerance=1e-9)
def test_elementary_effects_of_the_same_outputs() -> Iterator[float]:
    """Morris: mean absolute effects and their standard deviations, from the same outputs."""
    for model, _ in models():
        scheme = morris_design(model.design, trajectories=30)
        values = model.run(scheme, len(scheme.points))
        mine = morris_effects(scheme, values)
        problem = model.problem | {"bounds": [[0.01, 0.99]] * len(model.design.names)}
        theirs = their_effects.analyze(problem, scheme.points, values, num_levels=4, seed=1)
        for one, name in ((mine.mu_star, "mu_star"), (mine.sigma, "sigma")):
            other = np.asarray(theirs[name], float)
            yield from np.abs(one - other) / max(1e-12, float(np.abs(theirs["mu_star"]).max()))


@compared(measure="difference of μ*, in half widths of both 95 % intervals", tolerance=1.0)
def test_elementary_effects_of_their_own_trajectories() -> Iterator[float]:
    """Morris: mean absolute effects, each program from trajectories of its own."""
    for model, _ in models():
        scheme = morris_design(model.design, trajectories=40)
        mine = morris_effects(scheme, model.run(scheme, len(scheme.points)))
        problem = model.problem | {"bounds": [[0.01, 0.99]] * len(model.design.names)}
        u = their_trajectories.sample(problem, 40, num_levels=4, seed=7)
        theirs = their_effects.analyze(problem, u, model.at(u), num_levels=4, seed=7)
        other = np.asarray(theirs["mu_star"], float)
        reach = mine.mu_star_reach + np.asarray(theirs["mu_star_conf"], float)
        yield from np.abs(mine.mu_star - other) / np.maximum(reach, 1e-9 * np.abs(other).max())
