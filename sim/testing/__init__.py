"""Strategies and axiom checks for users' own payoffs."""

from sim.testing.axioms import AXIOMS, SATISFIES, Axiom
from sim.testing.check import AxiomViolation, check_axiom, check_axioms, check_product_dominance
from sim.testing.laws import Law, LawViolation, assert_laws, check_laws
from sim.testing.signs import expected_signs
from sim.testing.strategies import (
    curve_problems,
    finite_problems,
    games,
    hull_problems,
    payoffs,
    scenario_texts,
    scenarios,
    smooth_problems,
)

__all__ = [
    "AXIOMS",
    "SATISFIES",
    "Axiom",
    "AxiomViolation",
    "Law",
    "LawViolation",
    "assert_laws",
    "check_axiom",
    "check_axioms",
    "check_laws",
    "check_product_dominance",
    "curve_problems",
    "expected_signs",
    "finite_problems",
    "games",
    "hull_problems",
    "payoffs",
    "scenario_texts",
    "scenarios",
    "smooth_problems",
]
