"""Equilibria without a bargaining table: normal-form games, offers, threats, coalitions.

Everything here works on bare arrays, draws first. Names are loaded when they are first used:
importing this package loads neither SciPy nor nashpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.games.coalitions import (
        CoalitionalGame,
        airport_game,
        bankruptcy_game,
        characteristic_function,
        merge_players,
        owen_value,
        shapley_value,
        voting_power,
        weighted_voting_game,
    )
    from sim.games.core_nucleolus import Core, Nucleolus, core, excesses, nucleolus
    from sim.games.correlated import (
        CorrelatedEquilibrium,
        correlated_equilibrium,
        correlated_regret,
    )
    from sim.games.domains import NegotiationDomain, read_domain
    from sim.games.dominance import Reduction, dominated, iterated_elimination
    from sim.games.equilibrium import Equilibrium, EquilibriumSet, certify
    from sim.games.extensive_form import (
        ExtensiveFormGame,
        Node,
        Outcome,
        chance,
        decision,
        terminal,
    )
    from sim.games.gambit import read
    from sim.games.gambit_efg import efg_text, parse_efg, read_efg, write_efg
    from sim.games.gambit_nfg import nfg_text, parse_nfg, read_nfg, write_nfg
    from sim.games.nash import equilibria
    from sim.games.normal_form import (
        NormalFormGame,
        best_responses,
        bimatrix,
        deviation_payoffs,
        expected_payoffs,
        merge_ties,
        pure_profile,
        regret,
        relative_regret,
        zero_sum,
    )
    from sim.games.polynomial import polynomial_equilibria
    from sim.games.pure import pure_equilibria, pure_profiles
    from sim.games.quantal_response import (
        LogitPath,
        LogitResponse,
        logit_path,
        logit_response,
        logit_selection,
    )
    from sim.games.selection import Selection, payoff_dominant, risk_dominant
    from sim.games.two_by_two import TwoByTwoEquilibria, two_by_two_equilibria
    from sim.games.two_player import two_player_equilibria

__all__ = [
    "CoalitionalGame",
    "Core",
    "CorrelatedEquilibrium",
    "Equilibrium",
    "EquilibriumSet",
    "ExtensiveFormGame",
    "LogitPath",
    "LogitResponse",
    "NegotiationDomain",
    "Node",
    "NormalFormGame",
    "Nucleolus",
    "Outcome",
    "Reduction",
    "Selection",
    "TwoByTwoEquilibria",
    "airport_game",
    "bankruptcy_game",
    "best_responses",
    "bimatrix",
    "certify",
    "chance",
    "characteristic_function",
    "core",
    "correlated_equilibrium",
    "correlated_regret",
    "decision",
    "deviation_payoffs",
    "dominated",
    "efg_text",
    "equilibria",
    "excesses",
    "expected_payoffs",
    "iterated_elimination",
    "logit_path",
    "logit_response",
    "logit_selection",
    "merge_players",
    "merge_ties",
    "nfg_text",
    "nucleolus",
    "owen_value",
    "parse_efg",
    "parse_nfg",
    "payoff_dominant",
    "polynomial_equilibria",
    "pure_equilibria",
    "pure_profile",
    "pure_profiles",
    "read",
    "read_domain",
    "read_efg",
    "read_nfg",
    "regret",
    "relative_regret",
    "risk_dominant",
    "shapley_value",
    "terminal",
    "two_by_two_equilibria",
    "two_player_equilibria",
    "voting_power",
    "weighted_voting_game",
    "write_efg",
    "write_nfg",
    "zero_sum",
]

HOMES = {
    "coalitions": (
        "CoalitionalGame",
        "airport_game",
        "bankruptcy_game",
        "characteristic_function",
        "merge_players",
        "owen_value",
        "shapley_value",
        "voting_power",
        "weighted_voting_game",
    ),
    "core_nucleolus": (
        "Core",
        "Nucleolus",
        "core",
        "excesses",
        "nucleolus",
    ),
    "domains": (
        "NegotiationDomain",
        "read_domain",
    ),
    "extensive_form": (
        "ExtensiveFormGame",
        "Node",
        "Outcome",
        "chance",
        "decision",
        "terminal",
    ),
    "gambit": ("read",),
    "gambit_efg": (
        "efg_text",
        "parse_efg",
        "read_efg",
        "write_efg",
    ),
    "gambit_nfg": (
        "nfg_text",
        "parse_nfg",
        "read_nfg",
        "write_nfg",
    ),
    "correlated": ("CorrelatedEquilibrium", "correlated_equilibrium", "correlated_regret"),
    "dominance": ("Reduction", "dominated", "iterated_elimination"),
    "equilibrium": ("Equilibrium", "EquilibriumSet", "certify"),
    "nash": ("equilibria",),
    "normal_form": (
        "NormalFormGame",
        "best_responses",
        "bimatrix",
        "deviation_payoffs",
        "expected_payoffs",
        "merge_ties",
        "pure_profile",
        "regret",
        "relative_regret",
        "zero_sum",
    ),
    "polynomial": ("polynomial_equilibria",),
    "pure": ("pure_equilibria", "pure_profiles"),
    "quantal_response": (
        "LogitPath",
        "LogitResponse",
        "logit_path",
        "logit_response",
        "logit_selection",
    ),
    "selection": ("Selection", "payoff_dominant", "risk_dominant"),
    "two_by_two": ("TwoByTwoEquilibria", "two_by_two_equilibria"),
    "two_player": ("two_player_equilibria",),
}
"""Which module each public name comes from."""


def __getattr__(name: str) -> object:
    """Load a public name from its module the first time it is asked for."""
    for module, names in HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names beside what is loaded."""
    return sorted({*globals(), *__all__})
