"""The figures of a report: drawn for a page and for a phone, each with its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import FigureError, SimError
from sim.report.facts import Facts
from sim.results import is_summary

if TYPE_CHECKING:
    from sim.plots import Chart

__all__ = ["Figure", "figures"]

_COMPARING = ("decomposition", "joint-gains", "tornado", "prim-box", "convergence")

Draw = Callable[[float], "Chart"]
"""From a width in inches to the figure."""
Prepare = Callable[[Facts], Draw]
"""From a result to its figure: what is computed for it is computed once for all widths."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the page.

    Parameters
    ----------
    name, title : str
    reading : str
        How to read it.
    words : str
        What it shows, with numbers; what is missing if it cannot be drawn.
    wide, narrow : str
        The `<svg>` for a page and for a phone; empty if it cannot be drawn.
    """

    name: str
    title: str
    reading: str
    words: str
    wide: str = ""
    narrow: str = ""


_WORDS = {
    "who-gains": (
        "Who gains from linkage",
        "What every player gains over separate tables, draw by draw. Right of the line at zero it "
        "gains, left of it (hatched) it loses; dot and bar are the median and the middle 90 % of "
        "draws.",
    ),
    "decomposition": (
        "Why",
        "The mean gain in steps: trading concessions by consent (logrolling), the larger threat of "
        "everything failing at once (coercion), and the credibility that protection loses by being "
        "made conditional (erosion).",
    ),
    "joint-gains": (
        "Together, or at each other's cost",
        "Darker where more draws fall; the four quadrants say how often both gain, both lose, or "
        "one gains and the other loses.",
    ),
    "outcomes": (
        "What is agreed",
        "Median and middle 90 % of draws for every issue, beside the status quo, what was asked "
        "for and what follows if talks fail.",
    ),
    "payoff-space": (
        "What the talks are about",
        "All that a table can agree on, in payoffs of two players: linking the files moves both "
        "the frontier and the point that counts if talks fail.",
    ),
    "tornado": (
        "Which assumptions the answer rests on",
        "The gain at the 5 and the 95 % quantile of one parameter at a time, all others at their "
        "medians; the longest bars come first.",
    ),
    "prim-box": (
        "Where linkage would pay",
        "The box of parameters in which one player's gains are densest, found in the draws and "
        "tried on draws that did not choose it.",
    ),
    "stance-game": (
        "Is linkage chosen at all",
        "Payoffs of every combination of stances before any table meets; best responses are "
        "marked, and so are equilibria, from which nobody would turn away alone.",
    ),
    "convergence": (
        "How sure the mean is",
        "The running mean of the gain with two standard errors, as draws come in.",
    ),
}
"""Title and how to read it, in the order of the page."""


def figures(facts: Facts) -> list[Figure]:
    """Draw the figures of a result; of a summary most say that they need the draws."""
    prepared = _prepared()
    if facts.scenario.stances is None or is_summary(facts.result):
        del prepared["stance-game"]
    return [_drawn(facts, name, prepared[name]) for name in _WORDS if name in prepared]


def _prepared() -> dict[str, Prepare]:
    """Return how each figure is made."""
    from sim import plots

    return {
        "who-gains": _by_width(plots.who_gains),
        "decomposition": _by_width(plots.decomposition),
        "joint-gains": _by_width(plots.joint_gains),
        "outcomes": _by_width(plots.outcomes),
        "payoff-space": _payoff_space,
        "tornado": _tornado,
        "prim-box": _prim_box,
        "stance-game": _stance_game,
        "convergence": _by_width(plots.convergence),
    }


def _by_width(draw: Callable[..., Chart]) -> Prepare:
    """Return how to make a figure that reads everything from the result itself."""
    return lambda facts: lambda width: draw(facts.result, width=width)


def _payoff_space(facts: Facts) -> Draw:
    from sim.plots import draw_space, space_of

    regimes = [name for name in ("separate", "linked") if name in facts.regimes]
    if not regimes:
        raise FigureError("It shows the regimes separate and linked; this run has neither.")
    space = space_of(facts.scenario, regimes=regimes)
    return lambda width: draw_space(space, width=width)


def _tornado(facts: Facts) -> Draw:
    from sim.plots import tornado
    from sim.results import plan_run
    from sim.results import tornado as analyse

    if not facts.uncertain:
        raise FigureError("Nothing is uncertain in this scenario.")
    planned = plan_run(
        facts.scenario, draws=1, regimes=("separate", "linked"), solutions=(facts.solution,)
    )
    found = analyse(planned)
    return lambda width: tornado(found, width=width)


def _prim_box(facts: Facts) -> Draw:
    from sim.plots import box_of, draw_box

    found = box_of(facts.result)
    return lambda width: draw_box(facts.result, found, width)


def _stance_game(facts: Facts) -> Draw:
    from sim.plots import draw_game
    from sim.plots.game_table import stances_of

    table = stances_of(facts.result, "stance-game")
    return lambda width: draw_game(table, width=width)


def _drawn(facts: Facts, name: str, prepare: Prepare) -> Figure:
    from sim.plots import COLUMN, PAGE, inline_svg

    title, reading = _WORDS[name]
    try:
        if name in _COMPARING and not facts.gain():
            raise FigureError("It compares the regimes separate and linked; this run lacks one.")
        draw = prepare(facts)
        wide, narrow = draw(PAGE), draw(COLUMN)
    except SimError as missing:
        return Figure(name, title, reading, f"Not drawn. {missing}")
    return Figure(
        name=name,
        title=title,
        reading=reading,
        words=wide.alt,
        wide=_compact(inline_svg(wide, f"w-{name}")),
        narrow=_compact(inline_svg(narrow, f"n-{name}")),
    )


_GEOMETRY = re.compile(r'( (?:d|x|y)=")([^"]*)"')
_LONG = re.compile(r"-?\d+\.\d{3,}")


def _compact(svg: str) -> str:
    """Round coordinates to hundredths of a point, which no printer shows."""

    def shorter(match: re.Match[str]) -> str:
        return match[1] + _LONG.sub(_rounded, " ".join(match[2].split())) + '"'

    return _GEOMETRY.sub(shorter, svg)


def _rounded(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
