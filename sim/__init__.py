"""Linked versus separate negotiations: bargaining, equilibria and Monte Carlo.

The public names load what they need when they are first used; importing `sim` loads nothing heavy
and runs nothing.

Examples
--------
>>> import sim
>>> problem = sim.bargaining.FiniteProblem([[3, 1], [1, 3]], [0, 0], lotteries=True)
>>> sim.bargaining.solve(problem, "nash").payoffs
array([[2., 2.]])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sim.errors import ScenarioError, SimError

if TYPE_CHECKING:
    from sim import bargaining, games, payoffs, plots, report, testing
    from sim.results import load_result, simulate, summarise
    from sim.scenario import Scenario, load_scenario

__version__ = "0.1.0"

__all__ = [
    "Scenario",
    "ScenarioError",
    "SimError",
    "bargaining",
    "games",
    "load_result",
    "load_scenario",
    "payoffs",
    "plots",
    "report",
    "simulate",
    "summarise",
    "testing",
]

_ROOM = {
    "Scenario": "sim.scenario",
    "load_scenario": "sim.scenario",
    "load_result": "sim.results",
    "simulate": "sim.results",
    "summarise": "sim.results",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name in _ROOM:
        return getattr(import_module(_ROOM[name]), name)
    if name in __all__:
        return import_module(f"sim.{name}")
    raise AttributeError(f"module 'sim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
