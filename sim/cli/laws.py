"""`sim check --laws`: try to break the laws of a scenario's payoffs."""

from __future__ import annotations

from rich.console import Console

from sim.cli.grids import grid
from sim.errors import PayoffError
from sim.montecarlo.sampling import design
from sim.negotiation import compile_case
from sim.scenario import Scenario
from sim.testing import check_laws, expected_signs

__all__ = ["laws"]

DRAWS = 32


def laws(scenario: Scenario, out: Console) -> None:
    """Print which laws hold in the first draws, and raise if one does not.

    Payoffs must be finite, have the derivatives that solvers are told, and rise and fall where
    theory says that they do.

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
    signs = expected_signs(case.payoffs, case.lower, case.upper)
    found = check_laws(case.payoffs, case.lower, case.upper, monotone=signs)
    table = grid(f"Laws of the payoffs, {DRAWS} draws", ["", "holds", "found"])
    for law in found:
        table.add_row(law.name, "yes" if law.holds else "NO", " ".join(law.message.split())[:58])
    out.print(table)
    broken = [f"{law.name}: {law.message}" for law in found if not law.holds]
    if broken:
        raise PayoffError("\n".join(" ".join(line.split()) for line in broken))
