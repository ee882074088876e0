"""Alternating offers: stationary equilibria, finite horizons with events, the Nash limit."""

from sim.games.alternating_offers.convergence import Convergence, convergence_path
from sim.games.alternating_offers.curves import Curve
from sim.games.alternating_offers.events import Event
from sim.games.alternating_offers.finite_horizon import (
    Branch,
    FiniteHorizon,
    Stage,
    finite_horizon,
)
from sim.games.alternating_offers.limits import nash_limit
from sim.games.alternating_offers.stationary import (
    StationaryEquilibrium,
    one_shot_regret,
    stationary_equilibrium,
)
from sim.games.alternating_offers.tables import Issues, Menu, Offer, Pie, Table
from sim.games.alternating_offers.talks import Talks, limit_disagreement

__all__ = [
    "Branch",
    "Convergence",
    "Curve",
    "Event",
    "FiniteHorizon",
    "Issues",
    "Menu",
    "Offer",
    "Pie",
    "Stage",
    "StationaryEquilibrium",
    "Table",
    "Talks",
    "convergence_path",
    "finite_horizon",
    "limit_disagreement",
    "nash_limit",
    "one_shot_regret",
    "stationary_equilibrium",
]
