"""A figure, and how it is written: the same bytes from the same numbers, whatever the user's setup.

This is the one module that decides about matplotlib's settings. Figures are made without pyplot, so
that nothing global changes.
"""

from __future__ import annotations

import io
import math
import os
import re
from html import escape
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sim.errors import FigureError
from sim.montecarlo.chunks import atomic_write
from sim.plots.style import MUTED, RC, plain, wrapped

__all__ = [
    "FORMATS",
    "Chart",
    "chart",
    "finish",
    "grid",
    "inline_svg",
    "log_scale",
    "panels",
    "render",
    "save",
    "side_by_side",
    "styled",
]

FORMATS = ("svg", "pdf", "png")
"""What a figure can be written as."""

_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "linkage-sim"},
    "pdf": {"CreationDate": None, "Creator": "linkage-sim", "Producer": None},
    "png": {"Software": "linkage-sim"},
}


LEAST_WIDTH, GREATEST_WIDTH = 2.0, 100.0
"""Inches, of a figure in which something can be read."""

_LINE = 0.1  # inches, of a further line of the note below a figure

_ASIDE = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk", "keymap", "animation")
"""Settings of windows and of the process, which figures in files know nothing of."""


def _settings() -> dict[Any, Any]:
    default = mpl.rcParamsDefault
    return {key: default[key] for key in default if not key.startswith(_ASIDE)} | dict(RC)


styled = mpl.rc_context(_settings())
"""Decorator: run a function under the style of this package and matplotlib's own defaults."""


class Chart(Figure):
    """A matplotlib figure that carries its alternative text.

    Attributes
    ----------
    alt : str
        What the figure shows, in words with numbers, for whoever cannot see it.
    """

    alt: str = ""

    def _repr_svg_(self) -> str:
        """Show the figure in a notebook."""
        return render(self, "svg").decode()


def chart(width: float, height: float) -> Chart:
    """Return an empty figure of a size in inches; call it under `styled`.

    Raises
    ------
    FigureError
        If nothing could be read in it.
    """
    if not LEAST_WIDTH <= width <= GREATEST_WIDTH:
        bounds = f"{LEAST_WIDTH:g} to {GREATEST_WIDTH:g} inches"
        raise FigureError(f"width {width:g}: allowed are {bounds}")
    figure = Chart(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.03, hspace=0.03)  # type: ignore[union-attr,call-arg]
    return figure


def grid(figure: Chart, rows: int, columns: int, *, share: bool = False) -> list[Axes]:
    """Return a grid of axes, row by row; with `share` all have one y-axis."""
    axes = figure.subplots(rows, columns, squeeze=False, sharey=share)
    return [axes[i, j] for i in range(rows) for j in range(columns)]


def side_by_side(count: int, width: float) -> int:
    """Return how many of `count` panels share a row: 3 at most, 1 in less than 5 inches."""
    return min(count, 3) if width >= 5.0 else 1


def panels(
    count: int, columns: int, *, width: float, row: float, rest: float, share: bool = False
) -> tuple[Chart, list[Axes]]:
    """Return a figure of a number of panels, row by row; call it under `styled`.

    Parameters
    ----------
    count : int
        Panels; the last row may have room for more.
    columns : int
        Panels in a row.
    width, row, rest : float
        Inches: width of the figure, height of a row, and of what stands above and below.
    share : bool
        All have one y-axis.

    Raises
    ------
    FigureError
        If nothing could be read in it.
    """
    rows = -(-count // columns)
    figure = chart(width, rows * row + rest)
    axes = grid(figure, rows, columns, share=share)
    for axis in axes[count:]:
        axis.remove()
    return figure, axes[:count]


def log_scale(axis: Axes, side: Literal["x", "y"]) -> None:
    """Make an axis logarithmic, its ticks plain numbers: `0.01`, not a power of ten."""
    (axis.set_xscale if side == "x" else axis.set_yscale)("log")
    low, high = axis.get_xlim() if side == "x" else axis.get_ylim()
    decades = math.log10(high / low)
    own = axis.xaxis if side == "x" else axis.yaxis
    subs = (1.0,) if decades > 2.2 else (1.0, 3.0) if decades > 1.2 else (1.0, 2.0, 5.0)
    own.set_major_locator(LogLocator(subs=subs, numticks=8))
    own.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    own.set_minor_formatter(NullFormatter())


def finish(figure: Chart, alt: str, *, note: str = "") -> Chart:
    """Attach the alternative text, write a note below the figure, and lay it out for good.

    Every drawing would move the panels a little further otherwise: a figure has one layout. A note
    of several lines makes the figure taller, not its panels smaller. With no engine left, writing
    it does not draw it once more for its layout.
    """
    figure.alt = " ".join(alt.split())
    if note:
        text = wrapped(note, int(23 * figure.get_figwidth()))
        figure.set_figheight(figure.get_figheight() + _LINE * text.count("\n"))
        figure.supxlabel(text, x=0.01, ha="left", fontsize=6.0, color=MUTED)
    _lay_out(figure)
    if _wrap_labels(figure):
        _lay_out(figure)
    figure.set_layout_engine(None)
    return figure


def _lay_out(figure: Chart) -> None:
    """Place panels and texts; drawing would do so too, and everything else besides."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def _wrap_labels(figure: Chart) -> bool:
    """Break the texts of axes that are much longer than their axis; say whether there were any."""
    extra = 0
    for axis in figure.axes:
        frame = axis.get_window_extent()
        for label, room in ((axis.xaxis.label, frame.width), (axis.yaxis.label, frame.height)):
            box, text = label.get_window_extent(), label.get_text()
            length = box.width if label is axis.xaxis.label else box.height
            if length > 1.2 * room and "\n" not in text:
                broken = wrapped(text, max(int(len(text) * 0.9 * room / length), 8))
                label.set_text(broken)
                extra = max(extra, broken.count("\n"))
    grid = figure.axes[0].get_gridspec() if figure.axes else None
    figure.set_figheight(figure.get_figheight() + _LINE * extra * (grid.nrows if grid else 1))
    return extra > 0


def render(figure: Figure, form: str) -> bytes:
    """Return a figure as the bytes of a file.

    Parameters
    ----------
    figure : matplotlib Figure
    form : {"svg", "pdf", "png"}

    Returns
    -------
    bytes
        The same for the same figure: no date, no random identifiers.

    Raises
    ------
    FigureError
        The form is not known.
    """
    if form not in FORMATS:
        raise FigureError(f"{form or 'no suffix'}: allowed are {', '.join(FORMATS)}")
    target = io.BytesIO()
    metadata = dict(_METADATA[form])
    if form == "svg" and isinstance(figure, Chart):
        metadata["Description"] = figure.alt or None
    with mpl.rc_context(_settings()):
        figure.savefig(target, format=form, metadata=metadata)
    return target.getvalue()


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file; its suffix says how.

    Parameters
    ----------
    figure : matplotlib Figure
    path : path-like
        Ends in `.svg`, `.pdf` or `.png`; replaced only when the new one is whole.

    Raises
    ------
    FigureError
        Another suffix.
    ResultError
        The file cannot be written.
    """
    file = Path(path)
    atomic_write(file, render(figure, form_of(file)))


def form_of(path: str | os.PathLike[str]) -> str:
    """Return the form that a file's suffix asks for.

    Raises
    ------
    FigureError
        It is none of `FORMATS`.
    """
    form = Path(path).suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise FigureError(f"{path}: must end in .{', .'.join(FORMATS)}")
    return form


_IDENTIFIER = re.compile(r'(\bid="|url\(#|href="#)')


def inline_svg(figure: Chart, name: str) -> str:
    """Return a figure as an `<svg>` element that stands beside others in one HTML page.

    Parameters
    ----------
    figure : Chart
    name : str
        Put before every identifier, which must be unique in a page.

    Returns
    -------
    str
        Without XML declaration and document type; with `role="img"` and the alternative text.
    """
    text = render(figure, "svg").decode()
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = _IDENTIFIER.sub(rf"\g<1>{name}-", body)
    label = f'<svg role="img" aria-label="{escape(figure.alt, quote=True)}"'
    return body.replace("<svg", label, 1)
