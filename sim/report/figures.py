"""The figures of a report: drawn for a page and for a phone, each with its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import SimError

if TYPE_CHECKING:
    import xarray as xr

    from sim.plots import Chart

__all__ = ["Figure", "figures"]

Draw = Callable[..., "Chart"]


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


def figures(result: xr.Dataset, *, stances: bool = False) -> list[Figure]:
    """Draw the figures of a result.

    Parameters
    ----------
    result : xarray.Dataset
        With draws, or a summary, of which most figures then say that they need the draws.
    stances : bool
        Whether the scenario lets players choose whether to link.
    """
    return [
        _drawn(result, name, title, reading, draw)
        for name, title, reading, draw in _chosen()
        if stances or name != "stance-game"
    ]


def _chosen() -> Iterator[tuple[str, str, str, Draw]]:
    """Yield name, title, reading and function of every figure, in the order of the page."""
    from sim.plots import (
        convergence,
        decomposition,
        joint_gains,
        outcomes,
        payoff_space,
        prim_box,
        stance_game,
        tornado,
        who_gains,
    )

    yield (
        "who-gains",
        "Who gains from linkage",
        "What every player gains over separate tables, draw by draw. Right of the line at zero it "
        "gains, left of it (hatched) it loses; dot and bar are the median and the middle 90 % of "
        "draws.",
        who_gains,
    )
    yield (
        "decomposition",
        "Why",
        "The mean gain in steps: trading concessions by consent (logrolling), the larger threat of "
        "everything failing at once (coercion), and the credibility that protection loses by being "
        "made conditional (erosion).",
        decomposition,
    )
    yield (
        "joint-gains",
        "Together, or at each other's cost",
        "Each point is a draw; the four quadrants say how often both gain, both lose, or one gains "
        "at the other's cost.",
        joint_gains,
    )
    yield (
        "outcomes",
        "What is agreed",
        "Median and middle 90 % of draws for every issue, beside the status quo, what was asked "
        "for and what follows if talks fail.",
        outcomes,
    )
    yield (
        "payoff-space",
        "What the talks are about",
        "All that a table can agree on, in payoffs of two players: linking the files moves both "
        "the frontier and the point that counts if talks fail.",
        payoff_space,
    )
    yield (
        "tornado",
        "Which assumptions the answer rests on",
        "The gain at the 5 and the 95 % quantile of one parameter at a time, all others at their "
        "medians; the longest bars come first.",
        tornado,
    )
    yield (
        "prim-box",
        "Where linkage would pay",
        "The box of parameters in which one player's gains are densest, found in the draws and "
        "tried on draws that did not choose it.",
        prim_box,
    )
    yield (
        "stance-game",
        "Is linkage chosen at all",
        "Payoffs of every combination of stances before any table meets; best responses are "
        "marked, and so are equilibria, from which nobody would turn away alone.",
        stance_game,
    )
    yield (
        "convergence",
        "How sure the mean is",
        "The running mean of the gain with two standard errors, as draws come in.",
        convergence,
    )


def _drawn(result: xr.Dataset, name: str, title: str, reading: str, draw: Draw) -> Figure:
    from sim.plots import COLUMN, PAGE, inline_svg

    try:
        wide, narrow = draw(result, width=PAGE), draw(result, width=COLUMN)
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
