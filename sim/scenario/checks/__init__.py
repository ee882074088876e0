"""Named cross-checks: what no block of a file can know about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sim.errors import Fault
from sim.scenario.checks import (
    correlations,
    equilibria,
    issues,
    parameters,
    regimes,
    terms,
)
from sim.scenario.checks.context import Context, Finding
from sim.scenario.locate import fault_at
from sim.scenario.models import Scenario
from sim.scenario.names import LEFT_OUT
from sim.scenario.nodes import Node

__all__ = ["CHECKS", "check"]

Check = Callable[[Context], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "enough players, issues and payoffs": issues.enough,
    "parties": issues.parties,
    "ranges": issues.ranges,
    "ties": issues.ties,
    "names and bounds of parameters": parameters.references,
    "parameters that name each other": parameters.circles,
    "one name, one thing": parameters.double_names,
    "unused parameters": parameters.unused,
    "correlations": correlations.correlations,
    "payoffs": terms.payoffs,
    "ratifiers": terms.ratifiers,
    "issues and players without payoffs": terms.indifferent,
    "regimes": regimes.regimes,
    "regimes that lead back to themselves": regimes.circles,
    "simulation": regimes.simulation,
    "stances": equilibria.stances,
    "talks": equilibria.talks,
    "beliefs": equilibria.beliefs,
    "enforcement": equilibria.enforcement,
    "threats": equilibria.threats,
}
"""Every check by what it is about."""


def check(scenario: Scenario, root: Node) -> tuple[list[Fault], list[Fault]]:
    """Run all cross-checks.

    Parameters
    ----------
    scenario : Scenario
        Without the parts that are invalid in themselves.
    root : Node
        The whole tree, for positions and for the names that it declares.

    Returns
    -------
    (list of Fault, list of Fault)
        Faults, and warnings.
    """
    context = Context(scenario, root)
    found = [finding for one in CHECKS.values() for finding in one(context)]
    found = [finding for finding in found if LEFT_OUT not in finding.message]  # said already
    at = [(f.warning, fault_at(root, f.path, f.message, kind=f.kind)) for f in found]
    return [f for warning, f in at if not warning], [f for warning, f in at if warning]
