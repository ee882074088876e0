"""The logit quantal response path of the stance game: from choice by chance to an equilibrium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from sim.errors import FigureError
from sim.plots.canvas import Chart, finish, log_scale, panels, side_by_side, styled
from sim.plots.game_table import GameTable, profile_words, stances_of
from sim.plots.style import PAGE, axis_unit, mark, plain

if TYPE_CHECKING:
    import xarray as xr

    from sim.games.strategic_form.quantal_response import LogitPath, LogitResponse

__all__ = ["draw_path", "quantal_response"]


def quantal_response(dataset: xr.Dataset, *, width: float = PAGE) -> Chart:
    """Draw the logit quantal response path of the stance game.

    Parameters
    ----------
    dataset, width
        A result that holds a scenario with stances; inches.

    Returns
    -------
    Chart
        See `draw_path`.

    Raises
    ------
    FigureError
        No scenario, or no stances.
    """
    return draw_path(stances_of(dataset, "quantal-response"), width=width)


@styled
def draw_path(table: GameTable, *, width: float = PAGE) -> Chart:
    """Draw the principal branch of logit quantal response equilibria of a game.

    Parameters
    ----------
    table : GameTable
        From `table_of`.
    width : float
        Inches; below 5 the players stand below each other.

    Returns
    -------
    Chart
        A panel a player: the probability of every stance against the precision λ of choice, from
        chance (λ = 0) to the Nash equilibrium that the branch selects (dots at the right).

    Raises
    ------
    FigureError
        All payoffs of all players are the same.

    References
    ----------
    McKelvey and Palfrey (1995), Quantal response equilibria for normal form games, Games and
    Economic Behavior 10:6-38.
    """
    from sim.games import logit_path, logit_selection

    game = table.game
    scale = float(game.payoff_range.max())
    if scale <= 0.0:
        raise FigureError("quantal-response: all payoffs are the same: every choice is as good")
    end = 2000.0 / scale
    path, chosen = logit_path(game, end), logit_selection(game)
    columns = side_by_side(game.n_players, width)
    figure, axes = panels(game.n_players, columns, width=width, row=2.25, rest=0.35)
    for player, axis in enumerate(axes):
        _panel(axis, table, player, path, chosen)
    note = "; ".join(
        part
        for part in (
            table.note,
            "left: choice by chance; marks at the right: the equilibrium selected",
            "" if path.converged and chosen.converged else "the branch was not followed to its end",
        )
        if part
    )
    selected = profile_words(game, chosen.profile)
    words = (
        f"Logit quantal response path from uniform choice to precision {plain(end)} per "
        f"{axis_unit(table.unit)}; it selects the equilibrium {selected}."
    )
    return finish(figure, words, note=note)


def _panel(
    axis: Axes, table: GameTable, player: int, path: LogitPath, chosen: LogitResponse
) -> None:
    """Draw one player's probabilities along the path, and what is selected at its end."""
    game = table.game
    first = 0.02 / float(game.payoff_range.max())  # a logarithmic axis has no room for λ = 0
    x = np.maximum(path.rationality, first)
    for a, name in enumerate(game.actions[player]):
        style = mark(a)
        axis.plot(
            x,
            path.profiles[player][:, a],
            color=style.color,
            linestyle=style.dashes,
            label=name.replace("-", " "),
        )
        end = chosen.profile[player][a]
        axis.plot(x[-1], end, style.marker, color=style.color, clip_on=False, zorder=5)
    log_scale(axis, "x")
    axis.set_ylim(-0.02, 1.02)
    axis.set_title(game.players[player])
    axis.set_xlabel(f"precision λ (1 / {axis_unit(table.unit)})")
    axis.set_ylabel("probability of the stance (1)")
    axis.legend(loc="lower left", bbox_to_anchor=(0.0, 1.12), ncols=1, borderaxespad=0.0)
