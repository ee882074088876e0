"""The stance game: its payoff table with the equilibria marked."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sim.errors import FigureError
from sim.plots.canvas import Chart, chart, finish, styled
from sim.plots.game_table import GameTable, best_of, profile_words, stances_of
from sim.plots.style import (
    FAINT,
    INK,
    MUTED,
    PAGE,
    SHADE,
    axis_unit,
    mark,
    percent,
    signed,
    wrapped,
)

if TYPE_CHECKING:
    import xarray as xr

    from sim.games import NormalFormGame

__all__ = ["draw_game", "stance_game"]

_MOST = 12
_NARROW = 0.8


def stance_game(dataset: xr.Dataset, *, width: float = PAGE) -> Chart:
    """Draw the payoff table of the stance game with its equilibria.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result that holds a scenario with stances.
    width : float
        Inches.

    Returns
    -------
    Chart
        See `draw_game`; means over the first 64 draws.

    Raises
    ------
    FigureError
        No scenario, no stances, or a table too large to read.
    """
    return draw_game(stances_of(dataset, "stance-game"), width=width)


@styled
def draw_game(table: GameTable, *, width: float = PAGE) -> Chart:
    """Draw the payoff table of a game of two players or more.

    Parameters
    ----------
    table : GameTable
        From `table_of`.
    width : float
        Inches.

    Returns
    -------
    Chart
        A row a stance of the first player, a column a combination of the others'. In a cell the
        payoffs in the order of the players; what is a best response is bold with a dot. Pure
        equilibria have a thick frame; mixed ones are listed below. Where columns would be narrower
        than 0.8 inches, a line a profile instead.

    Raises
    ------
    FigureError
        One player, or more than 12 rows or columns.
    """
    game = table.game
    if game.n_players < 2:
        raise FigureError("stance-game: one player plays no game; two or more are needed")
    rows, columns = game.shape[0], int(np.prod(game.shape[1:]))
    if max(rows, columns) > _MOST:
        raise FigureError(
            f"stance-game: {rows} by {columns} profiles; at most {_MOST} by {_MOST} can be read"
        )
    mixed = [one for one in table.found if not one.pure]
    if width / columns < _NARROW:
        figure = _listing(table, width, 0.14 * len(mixed))
    else:
        figure = _matrix(table, width, 0.14 * len(mixed))
    told = [f"mixed equilibrium: {profile_words(game, one.profile)}" for one in mixed]
    text = "\n".join([_legend(table), *told])
    figure.supxlabel(_fold(text, width), x=0.01, ha="left", fontsize=6.0, color=MUTED)
    return finish(figure, _words(table))


def _matrix(table: GameTable, width: float, more: float) -> Chart:
    """Draw a row a stance of the first player, a column a combination of the others'."""
    game = table.game
    rows, columns = game.shape[0], int(np.prod(game.shape[1:]))
    lines, heads = game.n_players + (table.share is not None), game.n_players - 1
    figure = chart(width, 0.45 + 0.2 * heads + rows * (0.15 * lines + 0.14) + more + 0.35)
    axis = figure.subplots()
    axis.set_axis_off()
    axis.set_xlim(-1.0 * columns / (width - 1.0), columns)  # an inch for the names of the rows
    axis.set_ylim(rows + 0.02, -0.38 * heads - 0.05)
    _heads(axis, game, heads)
    others = list(itertools.product(*(range(m) for m in game.shape[1:])))
    best = best_of(game)
    pure = {one.actions for one in table.found.pure}
    for r, (c, rest) in itertools.product(range(rows), enumerate(others)):
        at = (r, *rest)
        _cell(axis, table, (c, r), at, best)
        if at in pure:
            _frame(axis, (c + 0.03, r + 0.03), 0.94, 0.94)
    return figure


def _frame(axis: Axes, corner: tuple[float, float], width: float, height: float) -> None:
    axis.add_patch(
        Rectangle(corner, width, height, facecolor="none", edgecolor=INK, linewidth=1.8, zorder=4)
    )


def _listing(table: GameTable, width: float, more: float) -> Chart:
    """Draw a line a profile, where a matrix would be too wide."""
    game, payoffs = table.game, table.game.table[0]
    profiles = list(np.ndindex(*game.shape))
    figure = chart(width, 0.16 * (len(profiles) + 1) + more + 0.75)
    axis = figure.subplots()
    axis.set_axis_off()
    axis.set_xlim(0.0, 1.0)
    axis.set_ylim(len(profiles) + 0.1, -1.1)
    last = 1.0 if table.share is None else 0.89
    step = min(0.15, 0.5 / game.n_players)
    ends = [last - step * (game.n_players - 1 - n) for n in range(game.n_players)]
    axis.text(0.0, -0.5, " / ".join(game.players), va="center", fontsize=6.5, fontweight="bold")
    heads = list(zip(ends, game.players, strict=True))
    heads += [] if table.share is None else [(1.0, "eq. in")]
    for x, name in heads:
        axis.text(x, -0.5, name, va="center", ha="right", fontsize=6.5, fontweight="bold")
    best, size = best_of(game), float(np.abs(payoffs).max())
    pure = {one.actions for one in table.found.pure}
    for y, at in enumerate(profiles):
        names = " / ".join(game.actions[n][a].replace("-", " ") for n, a in enumerate(at))
        axis.text(0.0, y + 0.5, names, va="center", fontsize=6.0)
        for n, x in enumerate(ends):
            strong = bool(best[(n, *at)])
            text = f"{'•' if strong else ''} {_digits(float(payoffs[(n, *at)]), size)}"
            weight = "bold" if strong else "normal"
            axis.text(x, y + 0.5, text, va="center", ha="right", fontsize=6.0, fontweight=weight)
        if table.share is not None:
            text = percent(float(table.share[at]))
            axis.text(1.0, y + 0.5, text, va="center", ha="right", fontsize=6.0, color=MUTED)
        if at in pure:
            _frame(axis, (-0.01, y + 0.04), 1.02, 0.92)
    return figure


def _fold(text: str, width: float) -> str:
    return "\n".join(wrapped(line, int(23 * width)) for line in text.split("\n"))


def _heads(axis: Axes, game: NormalFormGame, heads: int) -> None:
    """Name the stances: the first player's beside the rows, the others' above the columns."""
    left = axis.get_xlim()[0]
    for r, name in enumerate(game.actions[0]):
        label = wrapped(name.replace("-", " "), 13)
        axis.text(left, r + 0.5, label, va="center", fontsize=7.0, fontweight="bold")
    axis.text(left, -0.12, game.players[0], fontsize=7.0, color=MUTED, va="center")
    for h in range(heads):
        y = -0.38 * (heads - h) + 0.22
        inner = int(np.prod(game.shape[h + 2 :]))
        names = game.actions[h + 1]
        for k in range(int(np.prod(game.shape[1 : h + 2]))):
            text = f"{game.players[h + 1]}: {names[k % len(names)].replace('-', ' ')}"
            x = (k + 0.5) * inner
            axis.text(x, y, wrapped(text, 14 * inner), ha="center", va="center", fontsize=6.5)
            if inner > 1:
                ends = (k * inner + 0.06, (k + 1) * inner - 0.06)
                axis.plot(ends, (y + 0.15, y + 0.15), color=FAINT, linewidth=0.8)


def _cell(
    axis: Axes,
    table: GameTable,
    corner: tuple[int, int],
    at: tuple[int, ...],
    best: npt.NDArray[np.bool_],
) -> None:
    """Draw one cell: a line a player, and in how many draws the profile is an equilibrium."""
    game = table.game
    lines = game.n_players + (table.share is not None)
    axis.add_patch(
        Rectangle(corner, 1.0, 1.0, facecolor=SHADE if sum(corner) % 2 else "white", linewidth=0.0)
    )
    payoffs = game.table[0]
    size = float(np.abs(payoffs).max())
    for n, player in enumerate(game.players):
        y = corner[1] + (n + 0.5 + 0.15) / (lines + 0.3)
        value = float(payoffs[(n, *at)])
        strong = bool(best[(n, *at)])
        axis.text(
            corner[0] + 0.1, y, player, fontsize=5.5, color=mark(n).color, va="center", ha="left"
        )
        axis.text(
            corner[0] + 0.9,
            y,
            f"{'•' if strong else ''} {_digits(value, size)}",
            fontsize=6.5,
            fontweight="bold" if strong else "normal",
            va="center",
            ha="right",
        )
    if table.share is not None:
        y = corner[1] + (lines - 0.5 + 0.15) / (lines + 0.3)
        text = f"in {percent(float(table.share[at]))}"
        axis.text(corner[0] + 0.9, y, text, fontsize=5.5, color=MUTED, va="center", ha="right")


def _digits(value: float, size: float) -> str:
    """Return a payoff with the decimals that the largest payoff of the table leaves room for."""
    places = 2 if size < 100.0 else 1 if size < 1000.0 else 0
    return f"{value:+,.{places}f}".replace("-", "−") if 1e-3 < size < 1e6 else signed(value)


def _legend(table: GameTable) -> str:
    parts = [f"{axis_unit(table.unit)}"]
    if table.note:
        parts.append(table.note)
    parts.append("• best response to the others; thick frame: pure equilibrium")
    if table.share is not None:
        parts.append("in n %: share of draws in which the profile is a pure equilibrium")
    if not len(table.found.pure):
        parts.append("no pure equilibrium")
    if not table.found.complete:
        parts.append("the list of equilibria may be incomplete")
    return "; ".join(parts)


def _words(table: GameTable) -> str:
    """Return the alternative text of the table."""
    game = table.game
    about = ", ".join(part for part in (table.unit, table.note) if part)
    told = [f"Payoff table of {' and '.join(game.players)}, {about}."]
    for one in table.found.pure:
        names = [
            f"{p} {a[k]}" for p, a, k in zip(game.players, game.actions, one.actions, strict=True)
        ]
        pays = [f"{p} {signed(float(u))}" for p, u in zip(game.players, one.payoffs, strict=True)]
        share = ""
        if table.share is not None:
            share = f", an equilibrium in {percent(float(table.share[one.actions]))} of draws"
        told.append(f"Equilibrium: {', '.join(names)}; payoffs {', '.join(pays)}{share}.")
    mixed = [profile_words(game, one.profile) for one in table.found if not one.pure]
    told += [f"mixed equilibrium: {words}." for words in mixed]
    if not len(table.found):
        told.append("No equilibrium was found.")
    return " ".join(told)
