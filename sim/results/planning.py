"""What a run computes: from a scenario and settings to draws, regimes, labels, provenance."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sim.errors import ResultError, SamplingError
from sim.montecarlo.case_task import CaseTask, part_names, scenario_design
from sim.montecarlo.precision import CAP, IntArray, Precision, standard_error
from sim.montecarlo.sampling import Design, Sampler
from sim.negotiation import CHANNELS, DOMAINS, Plan, Settings, make_plan
from sim.payoffs import Term
from sim.results.provenance import provenance
from sim.results.store import Coordinates, Keep
from sim.scenario import Scenario, load_scenario, parse_scenario

__all__ = ["CAP", "MOST", "Run", "plan_run", "run_of"]

MOST = 10**9
"""Most draws of a run, as in a scenario file."""


@dataclass(frozen=True)
class Run:
    """What is computed; how (workers, chunks, folder) is said when it is computed.

    Parameters
    ----------
    plan : Plan
        The scenario, its regimes and solutions.
    design : Design
        The draws.
    draws : int or None
        None: until `precision` is reached.
    precision : Precision or None
        When to stop.
    attrs : mapping
        Provenance.
    coords : mapping of str to (str, tuple of str)
        Labels, see `sim.results.store.write_result`.
    """

    plan: Plan
    design: Design
    draws: int | None
    precision: Precision | None
    attrs: Mapping[str, str | int | float]
    coords: Coordinates

    @property
    def task(self) -> CaseTask:
        """From a range of draws to arrays, for the engines."""
        return CaseTask(self.plan, self.design)

    def manifest(self, keep: Keep) -> dict[str, Any]:
        """Return what a folder of this run says of itself: two runs with one manifest are one."""
        precision = self.precision
        return {
            "format": 1,
            "keep": keep,
            "draws": self.draws or "auto",
            "precision": precision and {"se": precision.target, "cap": precision.cap},
            "replicates": None if self.design.sampler == "random" else self.design.replicates,
            "attrs": dict(self.attrs),
            "coords": {name: [dim, list(labels)] for name, (dim, labels) in self.coords.items()},
        }


def plan_run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    draws: int | Literal["auto"] | None = None,
    seed: int | None = None,
    sampler: Sampler | None = None,
    replicates: int | None = None,
    regimes: tuple[str, ...] | None = None,
    solutions: tuple[str, ...] | None = None,
    settings: Settings | None = None,
    se: float | None = None,
    cap: int | None = None,
    overrides: Mapping[str, object] | None = None,
    extra: tuple[Term, ...] = (),
) -> Run:
    """Decide what a run computes. Whatever is not given is as the scenario's `simulate:` says.

    Parameters
    ----------
    scenario : Scenario or path
        A scenario, or its file.
    draws : int or "auto", optional
        Number of draws; "auto" goes on until `se` is reached.
    seed, sampler, replicates
        See `sim.montecarlo.sampling.Design`.
    regimes, solutions : tuple of str, optional
        See `sim.negotiation.make_plan`.
    settings : Settings, optional
        Of the solver.
    se : float, optional
        With "auto": the largest standard error of the linkage gains allowed, in the payoffs' unit.
    cap : int, optional
        With "auto": most draws; by default `sim.montecarlo.precision.CAP`.
    overrides : mapping of str to object, optional
        Numbers that are set on top of a scenario file; of a `Scenario`, those that were.
    extra : tuple of Term
        Payoff terms beside those of the file, for instance a `sim.payoffs.CustomTerm`; a result
        with such terms cannot be made again from what it says of itself.

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError, SamplingError
        What is wrong, and what is allowed.
    """
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario, overrides)
    given = scenario.simulate
    count = _count(draws if draws is not None else given.draws, se, cap)
    if count is None and (sampler or given.sampler) == "lhs":
        raise SamplingError("draws auto: not with lhs, its design depends on the number of draws")
    scheme = scenario_design(
        scenario, draws=count, seed=seed, sampler=sampler, replicates=replicates
    )
    plan = make_plan(scenario, regimes=regimes, solutions=solutions, settings=settings, extra=extra)
    if count is None and not part_names(plan.regimes):
        raise SamplingError(
            "draws auto: needs the regimes separate and linked, whose gain it watches"
        )
    return Run(
        plan=plan,
        design=scheme,
        draws=count,
        precision=None
        if se is None
        else Precision(se, largest_error, ("linkage_gain",), cap=CAP if cap is None else cap),
        attrs=provenance(scenario, plan, scheme, draws=count, overrides=overrides),
        coords=_coordinates(scenario, plan, scheme),
    )


def _count(draws: int | str, se: float | None, cap: int | None) -> int | None:
    if draws == "auto":
        if se is None:
            raise SamplingError("draws auto: say how exact, the standard error to reach (se)")
        return None
    if not isinstance(draws, int) or not 1 <= draws <= MOST:
        raise SamplingError(f"draws {draws}: allowed are the integers from 1 to {MOST:,}, and auto")
    if se is not None:
        raise SamplingError(f"se {se}: goes with draws auto, not with {draws} draws")
    if cap is not None:
        raise SamplingError(f"cap {cap}: goes with draws auto, not with {draws} draws")
    return draws


def largest_error(
    arrays: Mapping[str, npt.NDArray[Any]], label: IntArray | None
) -> npt.NDArray[np.float64]:
    """Return the standard errors of the linkage gains, per solution and player."""
    return standard_error(arrays["linkage_gain"], label)


def _coordinates(scenario: Scenario, plan: Plan, scheme: Design) -> Coordinates:
    players = [scenario.players[name] for name in plan.players]
    issues = [scenario.issues[name] for name in plan.issues]
    return {
        "regime": ("regime", plan.regimes),
        "solution": ("solution", plan.solutions),
        "player": ("player", plan.players),
        "issue": ("issue", plan.issues),
        "table": ("table", plan.tables),
        "domain": ("domain", tuple(DOMAINS)),
        "channel": ("channel", CHANNELS),
        "part": ("part", part_names(plan.regimes)),
        "parameter": ("parameter", scheme.names),
        "player_name": (
            "player",
            tuple(p.name or key for key, p in zip(plan.players, players, strict=True)),
        ),
        "issue_label": (
            "issue",
            tuple(i.label or key for key, i in zip(plan.issues, issues, strict=True)),
        ),
        "issue_unit": ("issue", tuple(i.unit or "" for i in issues)),
        "issue_domain": ("issue", tuple(i.domain for i in issues)),
    }


def run_of(
    attrs: Mapping[str, Any],
    *,
    draws: int | None = None,
    regimes: tuple[str, ...] | None = None,
    solutions: tuple[str, ...] | None = None,
) -> Run:
    """Return the run that a result's provenance describes.

    Parameters
    ----------
    attrs : mapping
        Of the result.
    draws, regimes, solutions
        In place of its own.

    Raises
    ------
    ResultError
        It describes none.
    """
    try:
        settings = json.loads(attrs["settings"])
        if "extra" in settings:
            raise ResultError(
                f"made with terms from Python, {', '.join(settings['extra'])}: run it there again"
            )
        scenario = parse_scenario(attrs["scenario_text"], name=f"{attrs['scenario']}.yaml")
        return plan_run(
            scenario,
            draws=draws or int(attrs["draws"]),
            seed=int(attrs["seed"]),
            sampler=settings["sampler"],
            replicates=settings["replicates"],
            regimes=regimes or tuple(settings["regimes"]),
            solutions=solutions or tuple(settings["solutions"]),
            settings=Settings(**settings["solver"]),
            overrides=json.loads(attrs["overrides"]),
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ResultError(f"no provenance to run again from ({error})") from error
