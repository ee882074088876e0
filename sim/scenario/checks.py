"""Cross-checks (stub)."""

from __future__ import annotations

from sim.errors import Fault
from sim.scenario.models import Scenario
from sim.scenario.nodes import Node

__all__ = ["check"]


def check(scenario: Scenario, root: Node) -> tuple[list[Fault], list[Fault]]:
    """Return faults and warnings."""
    return [], []
