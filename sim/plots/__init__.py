"""Figures: functions from a result to a matplotlib figure, with units and alternative text.

`FIGURES` lists them; `draw(name, dataset)` draws one, `save(figure, "file.svg")` writes it. Names
are loaded when they are first used: matplotlib loads when a figure is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.plots.boxes import box_of, draw_box, prim_box
    from sim.plots.break_even import break_even
    from sim.plots.canvas import FORMATS, Chart, inline_svg, render, save
    from sim.plots.game_table import GameTable, table_of
    from sim.plots.geometry import draw_space, payoff_space
    from sim.plots.intervals import outcomes
    from sim.plots.offers import alternating_offers, draw_offers
    from sim.plots.pairs import joint_gains
    from sim.plots.precision import convergence
    from sim.plots.quantal import draw_path, quantal_response
    from sim.plots.registry import FIGURES, Entry, alt_text, draw, parse_options
    from sim.plots.replies import best_responses, draw_replies
    from sim.plots.sensitivity import sobol, tornado
    from sim.plots.space import PayoffSpace, space_of, space_of_problem
    from sim.plots.stances import draw_game, stance_game
    from sim.plots.style import COLUMN, PAGE
    from sim.plots.sweeps import heat_map, sweep
    from sim.plots.war import Replies, replies_of
    from sim.plots.waterfall import decomposition, leverage
    from sim.plots.winners import who_gains

__all__ = [
    "COLUMN",
    "FIGURES",
    "FORMATS",
    "PAGE",
    "Chart",
    "Entry",
    "GameTable",
    "PayoffSpace",
    "Replies",
    "alt_text",
    "alternating_offers",
    "best_responses",
    "box_of",
    "break_even",
    "convergence",
    "decomposition",
    "draw",
    "draw_box",
    "draw_game",
    "draw_offers",
    "draw_path",
    "draw_replies",
    "draw_space",
    "heat_map",
    "inline_svg",
    "joint_gains",
    "leverage",
    "outcomes",
    "parse_options",
    "payoff_space",
    "prim_box",
    "quantal_response",
    "render",
    "replies_of",
    "save",
    "sobol",
    "space_of",
    "space_of_problem",
    "stance_game",
    "sweep",
    "table_of",
    "tornado",
    "who_gains",
]

HOMES = {
    "boxes": ("box_of", "draw_box", "prim_box"),
    "break_even": ("break_even",),
    "canvas": ("FORMATS", "Chart", "inline_svg", "render", "save"),
    "game_table": ("GameTable", "table_of"),
    "geometry": ("draw_space", "payoff_space"),
    "intervals": ("outcomes",),
    "offers": ("alternating_offers", "draw_offers"),
    "pairs": ("joint_gains",),
    "precision": ("convergence",),
    "quantal": ("draw_path", "quantal_response"),
    "registry": ("FIGURES", "Entry", "alt_text", "draw", "parse_options"),
    "replies": ("best_responses", "draw_replies"),
    "sensitivity": ("sobol", "tornado"),
    "space": ("PayoffSpace", "space_of", "space_of_problem"),
    "stances": ("draw_game", "stance_game"),
    "style": ("COLUMN", "PAGE"),
    "sweeps": ("heat_map", "sweep"),
    "war": ("Replies", "replies_of"),
    "waterfall": ("decomposition", "leverage"),
    "winners": ("who_gains",),
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
