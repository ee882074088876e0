"""What an outcome is worth to each player: terms, their sum, and the payoffs at one table.

A term is a frozen dataclass over positions of players and issues; `Payoffs` adds terms up for many
draws of their parameters; `Payoffs.table` folds everything that one table does not settle into
constants and gives the solvers value, gradient and Hessian.
"""

from sim.payoffs.checks import require_defined, warnings
from sim.payoffs.concession import Concession
from sim.payoffs.core import Payoffs
from sim.payoffs.custom import CustomTerm
from sim.payoffs.deterrence import Deterrence
from sim.payoffs.forms import (
    Curve,
    Exponential,
    Form,
    Interaction,
    Linear,
    Logistic,
    Power,
    QuadraticLoss,
)
from sim.payoffs.general_equilibrium import GeneralEquilibrium
from sim.payoffs.hat_algebra import (
    World,
    WorldEquilibrium,
    acr_autarky_loss,
    acr_welfare,
    equilibrium,
)
from sim.payoffs.heap import keep_freed_memory
from sim.payoffs.market import Market, Supplier
from sim.payoffs.piecewise import Piecewise
from sim.payoffs.precedent import Parity, push
from sim.payoffs.presence import Presence
from sim.payoffs.table import Evaluation, TablePayoffs
from sim.payoffs.terms import Component, Kernel, Term, TermEvaluation
from sim.payoffs.trade_data import read_world
from sim.payoffs.transfer import Transfer

__all__ = [
    "Component",
    "Concession",
    "Curve",
    "CustomTerm",
    "Deterrence",
    "Evaluation",
    "Exponential",
    "Form",
    "GeneralEquilibrium",
    "Interaction",
    "Kernel",
    "Linear",
    "Logistic",
    "Market",
    "Parity",
    "Payoffs",
    "Piecewise",
    "Power",
    "Presence",
    "QuadraticLoss",
    "Supplier",
    "TablePayoffs",
    "Term",
    "TermEvaluation",
    "Transfer",
    "World",
    "WorldEquilibrium",
    "acr_autarky_loss",
    "acr_welfare",
    "equilibrium",
    "keep_freed_memory",
    "push",
    "read_world",
    "require_defined",
    "warnings",
]
