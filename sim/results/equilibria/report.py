"""All of a scenario's equilibrium analyses in one report, on the same draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.errors import SimError
from sim.montecarlo.sampling import design
from sim.negotiation.chunk import has_payoffs
from sim.negotiation.compile import compile_case
from sim.negotiation.stances import stance_game
from sim.negotiation.structure import Layout
from sim.results.equilibria.pacts import coalitions_report, enforcement_report
from sim.results.equilibria.stances import stance_report
from sim.results.equilibria.statistics import statistics
from sim.results.equilibria.tables import offer_report, talks_report
from sim.scenario import Scenario

__all__ = ["Progress", "equilibria_report"]

MOST = 1_000_000
"""Most draws, which are all held in memory at once."""

Progress = Callable[[str, int, int], None]
"""What is being worked on, how many analyses are done, of how many."""


def equilibria_report(
    scenario: Scenario,
    *,
    draws: int = 256,
    seed: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Analyse everything that a scenario declares beyond its bargaining tables.

    Parameters
    ----------
    scenario : Scenario
    draws : int
        Draws of the uncertain numbers.
    seed : int, optional
        The scenario's own by default.
    progress : callable, optional
        Told of every analysis before it begins.

    Returns
    -------
    dict
        `scenario`, `draws`, `seed`, and those of `stances`, `talks`, `beliefs`, `enforcement`,
        `coalitions` that the scenario has. STAT is {mean, se, q05, q50, q95}. Over the draws that
        have payoffs at the status quo and at breakdown; `draws_without_payoffs` have none.

    Raises
    ------
    SimError
        With fewer draws than two that have payoffs, or more than are held in memory at once.
    """
    if not 2 <= draws <= MOST:
        raise SimError(f"draws {draws}: allowed are the integers from 2 to {MOST:,}")
    rules = scenario.simulate
    scheme = design(
        scenario.uncertain,
        seed=rules.seed if seed is None else seed,
        sampler=rules.sampler,
        replicates=rules.replicates,
        total=draws,
        correlations=scenario.correlations,
        correlation_kind=scenario.correlation_kind,
    )
    theta = scheme(range(draws))
    known = np.flatnonzero(has_payoffs(compile_case(scenario, theta, draws)))
    if len(known) < 2:
        raise SimError("equilibria: fewer than two draws have payoffs at status quo and breakdown")
    theta = {name: values[known] for name, values in theta.items()}
    stat = statistics(scheme, draws, known)
    report: dict[str, Any] = {
        "title": scenario.title,
        "scenario_sha256": scenario.sha256,
        "draws": draws,
        "seed": scheme.seed,
        "unit": scenario.unit,
        "draws_without_payoffs": draws - len(known),
    }
    draws = len(known)
    jobs = _analyses(scenario)
    for done, (kind, table) in enumerate(jobs):
        if progress is not None:
            progress(f"{kind} at {table}" if table else kind, done, len(jobs))
        if kind == "stances":
            centre = {name: values.mean(keepdims=True) for name, values in theta.items()}
            sound = has_payoffs(compile_case(scenario, centre, 1)).all()
            report[kind] = stance_report(
                stance_game(scenario, theta, draws),
                stat,
                stance_game(scenario, centre, 1) if sound else None,
            )
        elif kind == "enforcement":
            report[kind] = enforcement_report(scenario, theta, draws, stat)
        elif kind == "coalitions":
            report[kind] = coalitions_report(scenario, theta, draws, stat)
        else:
            solve = talks_report if kind == "talks" else offer_report
            report.setdefault(kind, {})[table] = solve(scenario, table, theta, draws, stat)
    return report


def _analyses(scenario: Scenario) -> list[tuple[str, str]]:
    """Return what there is to analyse: the kind, and the table where it is one of a table."""
    jobs = [("stances", "")] if scenario.stances is not None else []
    jobs += [("talks", table) for table in scenario.talks]
    jobs += [("beliefs", table) for table in scenario.beliefs]
    jobs += [("enforcement", "")] if scenario.enforcement is not None else []
    return jobs + ([("coalitions", "")] if _has_hub(scenario) else [])


def _has_hub(scenario: Scenario) -> bool:
    from sim.negotiation.compile import layout_of

    layout: Layout = layout_of(scenario)
    return layout.hub() is not None and len(layout.dyads()) > 1
