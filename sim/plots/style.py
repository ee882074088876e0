"""One style for all figures: colours, markers, names and numbers. Needs no matplotlib.

Colours are those of Okabe and Ito (2008), which all common forms of colour vision tell apart; no
figure says anything by colour alone, so that every one is legible in grey.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "COLUMN",
    "FAINT",
    "GAIN",
    "INK",
    "LOSS",
    "MUTED",
    "PAGE",
    "RC",
    "SHADE",
    "Mark",
    "axis_unit",
    "estimate",
    "listed",
    "mark",
    "percent",
    "plain",
    "regime_label",
    "settled",
    "signed",
    "solution_label",
    "with_unit",
    "wrapped",
]

COLUMN = 3.5
"""Width of one column of a journal, inches."""
PAGE = 7.0
"""Width of a page of two columns, inches."""

INK, MUTED, FAINT, SHADE = "#1a1a1a", "#5f5f5f", "#b8b8b8", "#efefef"
BLUE, VERMILLION, GREEN = "#0072b2", "#d55e00", "#009e73"
ORANGE, PURPLE, SKY = "#e69f00", "#cc79a7", "#56b4e9"
GAIN, LOSS = BLUE, VERMILLION


@dataclass(frozen=True, slots=True)
class Mark:
    """How one of several things is drawn: told apart by more than its colour.

    Parameters
    ----------
    color : str
    marker : str
    dashes : str or (float, tuple of float)
        A matplotlib line style.
    hatch : str
    """

    color: str
    marker: str
    dashes: Literal["-"] | tuple[float, tuple[float, ...]]
    hatch: str


_MARKS = (
    Mark(BLUE, "o", "-", ""),
    Mark(VERMILLION, "s", (0.0, (5.0, 1.5)), "////"),
    Mark(GREEN, "D", (0.0, (1.2, 1.2)), "...."),
    Mark(ORANGE, "^", (0.0, (5.0, 1.5, 1.2, 1.5)), "xxxx"),
    Mark(PURPLE, "v", (0.0, (8.0, 2.0)), "\\\\\\\\"),
    Mark(SKY, "P", (0.0, (3.0, 1.0, 1.0, 1.0, 1.0, 1.0)), "----"),
    Mark(INK, "X", (0.0, (1.0, 2.5)), "||||"),
)


def mark(index: int) -> Mark:
    """Return how the thing number `index` is drawn; after seven they repeat."""
    return _MARKS[index % len(_MARKS)]


RC: Mapping[str, object] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 5.0,
    "axes.labelsize": 7.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.xmargin": 0.04,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.borderaxespad": 0.2,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.0,
    "patch.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "text.color": INK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 300.0,
    "svg.fonttype": "path",
    "svg.hashsalt": "linkage-sim",
    "pdf.fonttype": 42,
    "mathtext.fontset": "dejavusans",
}
"""What differs from matplotlib's own defaults; whatever a user has set plays no part."""

_REGIMES = {
    "separate": "separate",
    "threat-linked": "threat-linked",
    "linked-by-consent": "linked by consent",
    "linked": "linked",
    "linked-without-erosion": "linked, no erosion",
    "trilateral": "trilateral",
    "trilateral-weighted": "trilateral, weighted",
    "joint-front": "joint front",
}
_SOLUTIONS = {
    "nash": "Nash",
    "kalai_smorodinsky": "Kalai–Smorodinsky",
    "egalitarian": "egalitarian",
    "utilitarian": "utilitarian",
    "perles_maschler": "Perles–Maschler",
    "raiffa": "Raiffa",
    "raiffa_continuous": "Raiffa, continuous",
    "alternating_offers": "alternating offers",
}


def regime_label(name: str) -> str:
    """Return the name of a regime as a figure shows it."""
    return _REGIMES.get(name, name)


def solution_label(name: str) -> str:
    """Return the name of a solution concept as a figure shows it."""
    return _SOLUTIONS.get(name, name)


def axis_unit(unit: str) -> str:
    """Return a unit as an axis has room for it: `USD bn per year at 2024 prices` loses its end."""
    head = unit.partition(" at ")[0].partition(",")[0].strip()
    return head or "no unit given"


def with_unit(text: str, unit: str) -> str:
    """Return `text (unit)`, the text of an axis."""
    return f"{text} ({axis_unit(unit)})"


def plain(value: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, no exponent where it can be helped."""
    if value == 0.0 or not math.isfinite(value):
        return "0" if value == 0.0 else str(value).replace("-", "−").replace("inf", "∞")
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size < 7:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    rounded = round(value, digits - 1 - size)
    text = f"{rounded:,.{max(digits - 1 - size, 0)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", "0"} else text.replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """Return a number with its sign, `+0.21` or `−1.6`."""
    text = plain(value, digits)
    return text if text.startswith("−") or text == "0" else f"+{text}"


def estimate(mean: float, error: float, *, scale: float = 0.0) -> tuple[str, str]:
    """Return a mean with its sign and its standard error, to the same decimal place.

    What is below 10⁻⁶ of `scale` is 0. Where nothing is known of the error its text is empty.
    """
    known = math.isfinite(error)
    if abs(mean) <= 1e-6 * scale and not (known and error > 1e-6 * scale):
        return "0", "±0" if known else ""
    if not math.isfinite(error) or error <= 0.0:
        return signed(mean), "±0" if error == 0.0 else ""
    places = min(max(1 - math.floor(math.log10(error)), 0), 6)
    places -= int(places > 0 and round(error, places) * 10**places >= 20)  # one digit is enough
    text = f"{mean:+,.{places}f}".replace("-", "−")
    return text, f"±{error:,.{places}f}"


def settled(value: float, scale: float) -> float:
    """Return 0 for what is below 10⁻⁹ of `scale`, where a solver's answer is its rounding."""
    return 0.0 if abs(value) <= 1e-9 * scale else value


def percent(share: float) -> str:
    """Return a share as `12 %`; what is rare, not never, is `<1 %`, what is nearly sure `>99 %`."""
    rounded = round(100.0 * share)
    if rounded == 0 and share > 0.0:
        return "<1 %"
    if rounded == 100 and share < 1.0:
        return ">99 %"
    return f"{rounded:d} %"


def listed(names: Sequence[str]) -> str:
    """Return `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def wrapped(text: str, width: int) -> str:
    """Return a text broken into lines of at most `width` characters; `5 %` stays together."""
    import textwrap

    return "\n".join(textwrap.wrap(text.replace(" %", "\u00a0%"), width)) or text
