"""Reading a negotiation domain from the profiles of its parties."""

from __future__ import annotations

from pathlib import Path

from sim.errors import Fault, GameError, ScenarioError
from sim.games.domains import NegotiationDomain, Party, join
from sim.games.exchange.genius import read_genius
from sim.games.exchange.geniusweb import read_geniusweb

__all__ = ["read_domain"]


def read_domain(*paths: str | Path) -> NegotiationDomain:
    """Read a negotiation domain: one profile a party, of GENIUS (XML) or GeniusWeb (JSON).

    Parameters
    ----------
    *paths : path-like
        A utility space a party. GENIUS: `<utility_space>` with discrete and integer issues.
        GeniusWeb: `LinearAdditiveUtilitySpace` with discrete and number issues.

    Returns
    -------
    NegotiationDomain

    Raises
    ------
    ScenarioError
        With every fault as `file:line:column: field: message`.
    GameError
        If the files are of different domains, or there is none.

    References
    ----------
    Lin, Kraus, Baarslag, Tykhonov, Hindriks and Jonker (2014), Genius: an integrated environment
    for supporting the design of generic automated negotiators, Computational Intelligence
    30:48-70.
    """
    if not paths:
        raise GameError("paths: at least one file is needed")
    found: list[Party] = []
    wrong: list[Fault] = []
    for path in paths:
        reader = read_geniusweb if str(path).lower().endswith(".json") else read_genius
        try:
            found.append(reader(path))
        except ScenarioError as error:
            wrong += error.faults
    if wrong:
        raise ScenarioError(wrong)
    return join(found)
