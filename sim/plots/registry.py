"""Every figure by its name, what it shows, what it needs. Needs matplotlib only to draw one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from sim.errors import FigureError

if TYPE_CHECKING:
    import xarray as xr

    from sim.plots.canvas import Chart

__all__ = ["FIGURES", "Entry", "alt_text", "draw", "parse_options"]

Options = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure: call it with a dataset to draw it.

    Parameters
    ----------
    name : str
        As `sim plot` takes it.
    description : str
        What it shows, in one line.
    needs : str
        What the dataset must hold, in words.
    kinds : tuple of str
        What the dataset may be: `result` of a run, or the analysis `tornado`, `sobol`, `sweep`,
        `break-even`.
    module, function : str
        Where it is.
    """

    name: str
    description: str
    needs: str
    kinds: tuple[str, ...]
    module: str
    function: str

    def __call__(self, dataset: xr.Dataset, options: Options | None = None) -> Chart:
        """Draw the figure; see `draw`."""
        given = dict(options or {})
        allowed = self.options
        unknown = [name for name in given if name not in allowed]
        if unknown:
            raise FigureError(
                f"{self.name}: no option {unknown[0]!r}; allowed: {', '.join(allowed)}"
            )
        chart: Chart = self.load()(dataset, **given)
        return chart

    def load(self) -> Callable[..., Chart]:
        """Return the function that draws it."""
        found: Callable[..., Chart] = getattr(
            import_module(f"sim.plots.{self.module}"), self.function
        )
        return found

    @property
    def options(self) -> tuple[str, ...]:
        """The options that it takes, beside the dataset."""
        return tuple(inspect.signature(self.load()).parameters)[1:]


_RESULT = ("result",)
_ENTRIES = (
    Entry(
        "who-gains",
        "distributions of every player's gain under every regime, with the share on each side",
        "draws of separate and another regime",
        _RESULT,
        "winners",
        "who_gains",
    ),
    Entry(
        "decomposition",
        "waterfall of the linkage gain: logrolling, coercion, erosion",
        "draws of separate, linked-by-consent and linked",
        _RESULT,
        "waterfall",
        "decomposition",
    ),
    Entry(
        "leverage",
        "waterfall of the linkage gain: leverage, packaging, erosion",
        "draws of separate, threat-linked and linked",
        _RESULT,
        "waterfall",
        "leverage",
    ),
    Entry(
        "outcomes",
        "every issue as intervals, with status quo, breakdown and demand",
        "draws",
        _RESULT,
        "intervals",
        "outcomes",
    ),
    Entry(
        "joint-gains",
        "two players' gains against each other, with the share of draws in each quadrant",
        "draws of separate and linked, two players",
        _RESULT,
        "pairs",
        "joint_gains",
    ),
    Entry(
        "payoff-space",
        "frontier, disagreement and ideal point and every solution of a table, both regimes",
        "the scenario in the result, a table of two",
        _RESULT,
        "geometry",
        "payoff_space",
    ),
    Entry(
        "tornado",
        "what each uncertain number alone does to the gains",
        "a result with uncertain numbers, or what sim sensitivity writes",
        ("result", "tornado"),
        "sensitivity",
        "tornado",
    ),
    Entry(
        "sobol",
        "first-order and total Sobol' indices with confidence intervals",
        "what sim sensitivity writes",
        ("sobol",),
        "sensitivity",
        "sobol",
    ),
    Entry(
        "prim-box",
        "the box of parameters in which a player gains",
        "draws with uncertain numbers, of separate and linked",
        _RESULT,
        "boxes",
        "prim_box",
    ),
    Entry(
        "sweep",
        "a quantity along one number, with bands and break-even points",
        "what sim sweep over one number writes",
        ("sweep",),
        "sweeps",
        "sweep",
    ),
    Entry(
        "heat-map",
        "a quantity over two numbers, with the break-even contour",
        "what sim sweep over two numbers writes",
        ("sweep",),
        "sweeps",
        "heat_map",
    ),
    Entry(
        "break-even",
        "where the mean gain turns along one number, or on which curve over two, with its band",
        "what sim discover --break-even writes",
        ("break-even",),
        "break_even",
        "break_even",
    ),
    Entry(
        "best-responses",
        "best-response curves of the tariff war and the lens of mutual gains",
        "the scenario in the result, issues that two players set",
        _RESULT,
        "replies",
        "best_responses",
    ),
    Entry(
        "stance-game",
        "payoff table of the stance game, equilibria marked",
        "a scenario with stances in the result",
        _RESULT,
        "stances",
        "stance_game",
    ),
    Entry(
        "quantal-response",
        "the logit path from choice by chance to an equilibrium of the stance game",
        "a scenario with stances in the result",
        _RESULT,
        "quantal",
        "quantal_response",
    ),
    Entry(
        "alternating-offers",
        "offers over time approach the Nash solution as they come faster",
        "a scenario with talks in the result",
        _RESULT,
        "offers",
        "alternating_offers",
    ),
    Entry(
        "convergence",
        "running means of the gains and their standard errors",
        "16 draws or more of separate and linked",
        _RESULT,
        "precision",
        "convergence",
    ),
)

FIGURES: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Name → figure, in the order of a report."""


def draw(name: str, dataset: xr.Dataset, options: Options | None = None) -> Chart:
    """Draw a figure by its name.

    Parameters
    ----------
    name : str
        A key of `FIGURES`.
    dataset : xarray.Dataset
        A result or an analysis, see `FIGURES[name].needs`.
    options : mapping of str to object, optional
        Keyword arguments of the figure: `solution`, `width`, ...; see `FIGURES[name].options`.

    Returns
    -------
    Chart
        A matplotlib Figure with its alternative text in `alt`.

    Raises
    ------
    FigureError
        No such figure or option, or nothing to show: the message says what is missing.
    """
    if name not in FIGURES:
        raise FigureError(f"no figure {name!r}; there are {', '.join(FIGURES)}")
    return FIGURES[name](dataset, options)


def alt_text(name: str, dataset: xr.Dataset, options: Options | None = None) -> str:
    """Return what a figure shows in words with numbers; the `alt` of the chart that `draw` gives.

    Parameters
    ----------
    name, dataset, options
        See `draw`.
    """
    return draw(name, dataset, options).alt


def parse_options(name: str, texts: Sequence[str]) -> dict[str, object]:
    """Read options of a figure from `key=value` texts.

    Parameters
    ----------
    name : str
        A key of `FIGURES`.
    texts : sequence of str
        Lists are separated by commas: `regimes=separate,linked`.

    Returns
    -------
    dict

    Raises
    ------
    FigureError
        No such figure or option, or a value of the wrong kind.
    """
    if name not in FIGURES:
        raise FigureError(f"no figure {name!r}; there are {', '.join(FIGURES)}")
    parameters = inspect.signature(FIGURES[name].load()).parameters
    allowed = FIGURES[name].options
    found: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in allowed:
            raise FigureError(f"{name}: {text!r}: write key=value; keys: {', '.join(allowed)}")
        found[key] = _value(name, key, value, str(parameters[key].annotation))
    return found


def _value(name: str, key: str, text: str, kind: str) -> object:
    """Return a value as the annotation of its parameter asks."""
    if kind.startswith("tuple"):
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        if kind.startswith("tuple[str, str]") and len(parts) != 2:
            raise FigureError(f"{name}: {key}={text}: two names, separated by a comma")
        return parts
    if kind == "bool":
        if text not in {"yes", "no"}:
            raise FigureError(f"{name}: {key}={text}: allowed are yes and no")
        return text == "yes"
    if kind in {"int", "float"}:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not 0.0 < number < 1000.0 or (kind == "int" and number != int(number)):
            raise FigureError(f"{name}: {key}={text}: a positive number below 1000 is allowed")
        return int(number) if kind == "int" else number
    return text
