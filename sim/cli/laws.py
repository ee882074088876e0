"""`sim check --laws`: try to break the laws of a scenario's payoffs."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from sim.cli.grids import grid
from sim.errors import PayoffError
from sim.montecarlo.sampling import design
from sim.negotiation import compile_case
from sim.scenario import Scenario
from sim.testing import Law, check_laws, expected_signs

__all__ = ["find_laws", "law_table", "require"]

DRAWS = 32


def find_laws(scenario: Scenario) -> list[Law]:
    """Return which laws hold in the first draws.

    Payoffs must be finite, have the derivatives that solvers are told, and rise and fall where
    theory says that they do.
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
    return list(check_laws(case.payoffs, case.lower, case.upper, monotone=signs))


def law_table(found: Iterable[Law]) -> Table:
    """Return the laws as a table."""
    table = grid(f"Laws of the payoffs, {DRAWS} draws", ["", "holds", "found"], words=("found",))
    for law in found:
        holds = "-" if law.name == "concave" else "yes" if law.holds else "NO"  # no law: told only
        table.add_row(law.name, holds, " ".join(law.message.split()))
    return table


def require(found: Iterable[Law]) -> None:
    """Raise if a law does not hold.

    Raises
    ------
    PayoffError
        With the simplest counterexample of each law that fails.
    """
    broken = [f"{law.name}: {law.message}" for law in found if not law.holds]
    if broken:
        raise PayoffError("\n".join(" ".join(line.split()) for line in broken))
