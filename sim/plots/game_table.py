"""A game as a table with its equilibria: what the figures of the stance game show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.errors import FigureError
from sim.plots.reading import FloatArray, need, scenario_of
from sim.plots.style import percent

if TYPE_CHECKING:
    import xarray as xr

    from sim.games import EquilibriumSet, NormalFormGame

__all__ = ["TIE", "GameTable", "best_of", "profile_words", "stances_of", "table_of"]

TIE = 1e-6
"""Payoffs closer than this share of a player's range, and less likely stances, do not count."""

_DRAWS = 64


@dataclass(frozen=True)
class GameTable:
    """A game as a table: what `draw_game` and `draw_path` show.

    Parameters
    ----------
    game : NormalFormGame
        One draw, or the means of many.
    found : EquilibriumSet
        Its equilibria.
    share : array, shape (m_1, ..., m_N), or None
        In which share of the draws each profile is an equilibrium.
    unit : str
        Of the payoffs.
    note : str
    """

    game: NormalFormGame
    found: EquilibriumSet
    share: FloatArray | None
    unit: str
    note: str = ""


def table_of(game: NormalFormGame, *, unit: str = "utility", note: str = "") -> GameTable:
    """Return a game with its equilibria; of a batched game those at mean payoffs.

    Parameters
    ----------
    game : NormalFormGame
    unit : str
        Of its payoffs.
    note : str

    Returns
    -------
    GameTable
        Payoffs closer than 10⁻⁶ of a player's range are ties.
    """
    from sim.games import equilibria, merge_ties, pure_equilibria

    single = merge_ties(game.mean() if game.batched else game, TIE)
    share = None
    if game.batched and game.n_draws > 1:
        share = np.asarray(pure_equilibria(merge_ties(game, TIE)).mean(axis=0), dtype=np.float64)
    return GameTable(single, equilibria(single), share, unit, note)


def stances_of(dataset: xr.Dataset, figure: str) -> GameTable:
    """Return the stance game of the scenario of a result, in its first draws.

    Raises
    ------
    FigureError
        No stances, or a result that kept only a summary: the message says what to do.
    """
    from sim.negotiation import median_theta
    from sim.negotiation.stances import stance_game as play

    scenario = scenario_of(dataset, figure)
    if scenario.stances is None:
        raise FigureError(f"{figure}: the scenario has no stances: add a block `stances:`")
    theta, draws = median_theta(scenario), 1
    if "theta" in dataset:
        need(dataset, figure, "theta")
        rows = np.asarray(dataset["theta"].isel(draw=slice(0, _DRAWS)).values, dtype=np.float64)
        names = [str(name) for name in dataset["parameter"].values]
        theta = {name: rows[:, k].copy() for k, name in enumerate(names)}
        draws = len(rows)
    told = f"means of the first {draws} draws" if draws > 1 else "parameters at their medians"
    played = play(scenario, theta, draws)
    return table_of(played.game(), unit=scenario.unit, note=told)


def best_of(game: NormalFormGame) -> npt.NDArray[np.bool_]:
    """Return whether each player's stance is a best response to the others', (N, m_1, ..., m_N)."""
    table = game.table[0]
    found = np.zeros(table.shape, dtype=bool)
    for n in range(game.n_players):
        top = table[n].max(axis=n, keepdims=True)
        found[n] = table[n] >= top - TIE * max(float(np.ptp(table[n])), 1e-300)
    return found


def profile_words(game: NormalFormGame, profile: tuple[FloatArray, ...]) -> str:
    """Say which actions each player plays, and how often."""
    told = []
    for player, names, strategy in zip(game.players, game.actions, profile, strict=True):
        played = [
            f"{name} {percent(float(p))}"
            for name, p in zip(names, strategy, strict=True)
            if p > TIE
        ]
        told.append(f"{player} {', '.join(played)}")
    return "; ".join(told)
