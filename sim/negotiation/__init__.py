"""Tables and regimes: the only place where the case meets the theory."""

from sim.negotiation.case import Case
from sim.negotiation.chunk import (
    CHANNELS,
    DOMAINS,
    Plan,
    make_plan,
    median_theta,
    solve_chunk,
)
from sim.negotiation.compile import compile_case, layout_of
from sim.negotiation.decompose import PARTS, decompose, linkage_gain
from sim.negotiation.nash_in_nash import Settings, Settled, nash_in_nash
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.structure import Front, Layout, Regime, Table, standard_regimes

__all__ = [
    "CHANNELS",
    "DOMAINS",
    "PARTS",
    "Case",
    "Front",
    "Layout",
    "Plan",
    "Regime",
    "Settings",
    "Settled",
    "Table",
    "compile_case",
    "decompose",
    "layout_of",
    "linkage_gain",
    "make_plan",
    "median_theta",
    "nash_in_nash",
    "solve_chunk",
    "solve_regimes",
    "standard_regimes",
]
