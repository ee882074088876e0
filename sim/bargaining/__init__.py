"""One table: the bargaining problem and its solutions."""

from sim.bargaining.audit import Audit, audit
from sim.bargaining.build import from_functions
from sim.bargaining.curve import CurveProblem
from sim.bargaining.finite import FiniteProblem, maximisers
from sim.bargaining.frontier import Frontier, frontier
from sim.bargaining.ideal import ideal_point
from sim.bargaining.maxmin import maxmin
from sim.bargaining.minkowski import minkowski_sum
from sim.bargaining.multistart import multistart
from sim.bargaining.problem import BoxProblem, Ratifiers, Solution
from sim.bargaining.solve import SOLUTIONS, solve
from sim.bargaining.stream import StreamProblem
from sim.bargaining.transferable import TransferableProblem

__all__ = [
    "SOLUTIONS",
    "Audit",
    "BoxProblem",
    "CurveProblem",
    "FiniteProblem",
    "Frontier",
    "Ratifiers",
    "Solution",
    "StreamProblem",
    "TransferableProblem",
    "audit",
    "from_functions",
    "frontier",
    "ideal_point",
    "maximisers",
    "maxmin",
    "minkowski_sum",
    "multistart",
    "solve",
]
