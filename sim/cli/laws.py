"""`sim check --laws`: try to break the laws of a scenario's payoffs."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from sim.cli.tables import grid
from sim.errors import PayoffError
from sim.montecarlo.sampling import design
from sim.negotiation import compile_case
from sim.negotiation.terms import Names
from sim.scenario import Scenario
from sim.scenario.terms import Presence, Transfer
from sim.testing import check_laws

__all__ = ["laws"]

DRAWS = 32


def laws(scenario: Scenario, out: Console) -> None:
    """Print which laws hold in the first draws, and raise if one does not.

    Payments must not hurt who is paid, nor help who pays; stationed troops must not help whoever
    bears their cost alone.

    Raises
    ------
    PayoffError
        With the simplest counterexample of each law that fails.
    """
    rules = scenario.simulate
    scheme = design(
        scenario.uncertain,
        seed=rules.seed,
        sampler="random",
        correlations=scenario.correlations,
        correlation_kind=scenario.correlation_kind,
    )
    theta = scheme(range(DRAWS))
    case = compile_case(scenario, theta, DRAWS)
    names = Names(scenario, theta, DRAWS)
    found = check_laws(case.payoffs, case.lower, case.upper, monotone=_signs(scenario, names))
    table = grid(f"Laws of the payoffs, {DRAWS} draws", ["", "holds", "found"])
    for law in found:
        table.add_row(law.name, "yes" if law.holds else "NO", " ".join(law.message.split())[:58])
    out.print(table)
    broken = [f"{law.name}: {law.message}" for law in found if not law.holds]
    if broken:
        raise PayoffError("\n".join(" ".join(line.split()) for line in broken))


def _signs(scenario: Scenario, names: Names) -> dict[tuple[int, int], int]:
    """Return the signs that transfers must have, where nothing else speaks of the issue."""
    speaks: dict[str, int] = {}
    for term in scenario.payoffs.values():
        for issue in term.issues:
            speaks[issue] = speaks.get(issue, 0) + 1
    signs: dict[tuple[int, int], int] = {}
    for term in scenario.payoffs.values():
        if isinstance(term, Transfer) and speaks[term.transfer] == 1:
            k = names.issue(term.transfer)
            low = np.min(names.column(scenario.issues[term.transfer].range[0]))
            signs[names.player(term.to), k] = 1
            if low >= 0.0:
                signs[names.player(term.from_), k] = -1
        elif isinstance(term, Presence) and speaks[term.presence] == 1:
            signs[names.player(term.player), names.issue(term.presence)] = -1
    return signs
