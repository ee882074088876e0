"""Reading Gambit files of either kind."""

from __future__ import annotations

from pathlib import Path

from sim.errors import Fault, ScenarioError
from sim.games.exchange.gambit_efg import parse_efg
from sim.games.exchange.gambit_nfg import parse_nfg
from sim.games.exchange.text import read_text
from sim.games.extensive_form import ExtensiveFormGame
from sim.games.strategic_form.normal_form import NormalFormGame

__all__ = ["read"]


def read(path: str | Path) -> NormalFormGame | ExtensiveFormGame:
    """Read a Gambit file, strategic (`.nfg`) or extensive (`.efg`), by its first word.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    NormalFormGame or ExtensiveFormGame

    Raises
    ------
    ScenarioError
        With every fault as `file:line:column: field: message`.
    """
    text = read_text(path)
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    if word == "NFG":
        return parse_nfg(text, file=str(path))
    if word == "EFG":
        return parse_efg(text, file=str(path))
    raise ScenarioError([Fault(str(path), 1, 1, "header", "NFG 1 R or EFG 2 R is allowed first")])
