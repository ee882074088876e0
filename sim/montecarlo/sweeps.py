"""Sweeps: a run at every point of a grid, each with the same draws."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import SamplingError
from sim.montecarlo.case_task import CaseTask
from sim.montecarlo.chunks import Arrays
from sim.montecarlo.sampling import Design

if TYPE_CHECKING:
    from sim.negotiation import Plan, Settings

__all__ = ["MOST_POINTS", "SweepTask", "Vary", "parse_vary", "sweep_task"]

MOST_POINTS = 10_000
"""Grid points of one number."""
Point = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Vary:
    """A number that a sweep varies.

    Parameters
    ----------
    path : str
        Name of a parameter, or dotted path of any number in the scenario.
    values : tuple of float
        In the order of the result.
    """

    path: str
    values: tuple[float, ...]


def parse_vary(text: str) -> Vary:
    """Read `path=from:to:n`.

    Raises
    ------
    SamplingError
        It is something else.

    Examples
    --------
    >>> parse_vary("erosion=0:0.4:3")
    Vary(path='erosion', values=(0.0, 0.2, 0.4))
    """
    path, equals, numbers = text.partition("=")
    try:
        start, stop, count = numbers.split(":")
        first, last, points = float(start), float(stop), int(count)
    except ValueError as error:
        raise SamplingError(
            f"vary {text!r}: write path=from:to:n, such as erosion=0:0.4:9"
        ) from error
    if not equals or not path.strip() or not np.isfinite([first, last]).all():
        raise SamplingError(f"vary {text!r}: needs a path and two finite ends")
    if not 2 <= points <= MOST_POINTS:
        raise SamplingError(f"vary {text!r}: allowed are 2 to {MOST_POINTS:,} points")
    grid = np.linspace(first, last, points)
    return Vary(path.strip(), tuple(float(value) for value in grid))


@dataclass(frozen=True)
class SweepTask:
    """Solve a scenario at every point of a grid; row n is draw n % draws of point n // draws.

    Parameters
    ----------
    task : CaseTask
        The scenario as it is; its draws are used at every point (common random numbers), so that
        differences between points are differences of the scenario alone.
    points : tuple of tuple of (str, float)
        What is set at each point.
    draws : int
        Draws a point.
    keep : tuple of str
        The arrays to return; those of them that there are.
    text : str
        The scenario, where paths are varied that are no parameters; else empty.
    """

    task: CaseTask
    points: tuple[Point, ...]
    draws: int
    keep: tuple[str, ...]
    text: str = ""

    @property
    def rows(self) -> int:
        """Number of rows of the whole sweep."""
        return len(self.points) * self.draws

    def __call__(self, rows: range) -> Arrays:
        """Return the arrays of `rows`."""
        pieces = []
        for at in range(rows.start // self.draws, (rows.stop - 1) // self.draws + 1):
            first = at * self.draws
            own = range(max(rows.start - first, 0), min(rows.stop - first, self.draws))
            arrays = self.at(at)(own)
            pieces.append({name: arrays[name] for name in self.keep if name in arrays})
        if len(pieces) == 1:
            return pieces[0]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}

    def at(self, point: int) -> CaseTask:
        """Return the task of one point of the grid."""
        scenario = self.task.plan.scenario
        known = {*scenario.parameters, *(unknown.name for unknown in scenario.uncertain)}
        fixed, elsewhere = dict(self.task.fixed), []
        for path, value in self.points[point]:
            name = path.removeprefix("parameters.").removesuffix(".value")
            if name in known:
                fixed[name] = value
            else:
                elsewhere.append((path, value))
        task = replace(self.task, fixed=fixed, store_parameters=False)
        if not elsewhere:
            return task
        plan = self.task.plan
        other = _plan(self.text, tuple(elsewhere), plan.regimes, plan.solutions, plan.settings)
        return replace(task, plan=other)


def sweep_task(
    plan: Plan, design: Design, vary: Sequence[Vary], *, draws: int, keep: Sequence[str]
) -> SweepTask:
    """Make the task of a sweep over one or two numbers.

    Parameters
    ----------
    plan : Plan
        The scenario, regimes, solutions.
    design : Design
        The draws at every point; those of a number that is varied are not used.
    vary : sequence of Vary
        One or two; the last one runs fastest.
    draws : int
        Draws a point.
    keep : sequence of str
        The arrays to return.

    Returns
    -------
    SweepTask

    Raises
    ------
    ScenarioError
        A path that is no number of the scenario, or a value that it cannot have.
    SamplingError
        No or more than two numbers to vary, or the same one twice.
    """
    paths = [one.path for one in vary]
    if not 1 <= len(vary) <= 2 or len(set(paths)) != len(paths):
        raise SamplingError(f"sweep over {', '.join(paths) or 'nothing'}: vary one or two numbers")
    grid = itertools.product(*(one.values for one in vary))
    points = tuple(tuple(zip(paths, values, strict=True)) for values in grid)
    task = CaseTask(plan, design)
    sweep = SweepTask(task, points, draws, tuple(keep), plan.scenario.to_yaml())
    if all(sweep.at(corner).plan is plan for corner in (0, -1)):
        return replace(sweep, text="")
    return sweep


@lru_cache(maxsize=4)
def _plan(
    text: str,
    settings_on_top: Point,
    regimes: tuple[str, ...],
    solutions: tuple[str, ...],
    settings: Settings,
) -> Plan:
    from sim.negotiation import make_plan
    from sim.scenario import parse_scenario

    scenario = parse_scenario(text, dict(settings_on_top), name="scenario")
    return make_plan(scenario, regimes=regimes, solutions=solutions, settings=settings)
