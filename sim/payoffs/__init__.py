"""What an outcome is worth."""

from sim.payoffs.concession import Concession
from sim.payoffs.core import Payoffs
from sim.payoffs.deterrence import Deterrence
from sim.payoffs.market import Market, Supplier
from sim.payoffs.presence import Presence
from sim.payoffs.table import Evaluation, TablePayoffs
from sim.payoffs.terms import Component, Kernel, Term, TermEvaluation
from sim.payoffs.transfer import Transfer

__all__ = [
    "Component",
    "Concession",
    "Deterrence",
    "Evaluation",
    "Kernel",
    "Market",
    "Payoffs",
    "Presence",
    "Supplier",
    "TablePayoffs",
    "Term",
    "TermEvaluation",
    "Transfer",
]
