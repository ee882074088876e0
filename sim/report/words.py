"""Chances, names and numbers in words."""

from __future__ import annotations

import math

from sim.plots.style import estimate, percent

__all__ = ["amount", "likelihood", "often", "unbroken", "with_article"]

_WORDS = (
    (0.99, "virtually certain"),
    (0.90, "very likely"),
    (0.66, "likely"),
    (0.33, "about as likely as not"),
    (0.10, "unlikely"),
    (0.01, "very unlikely"),
)
_ARTICLE = {
    "United", "Republic", "Kingdom", "People's", "Democratic", "Federal", "European", "Union",
    "Netherlands", "Philippines", "Czech", "Russian", "Dominican", "Gulf", "Soviet", "Commonwealth",
}  # fmt: skip


def likelihood(share: float) -> str:
    """Return a probability in the calibrated words of the IPCC.

    From `exceptionally unlikely` (below 1 %) over `about as likely as not` (33 to 66 %) to
    `virtually certain` (99 % and more).

    Parameters
    ----------
    share : float
        Probability, 0 to 1.

    References
    ----------
    Mastrandrea et al. (2010), Guidance note for lead authors of the IPCC Fifth Assessment Report on
    consistent treatment of uncertainties.
    """
    return next((word for least, word in _WORDS if share >= least), "exceptionally unlikely")


def often(share: float) -> str:
    """Return a share of draws: `every draw`, `no draw`, `12 % of draws`."""
    if share >= 1.0:
        return "every draw"
    return "no draw" if share <= 0.0 else f"{percent(share)} of draws"


def with_article(name: str) -> str:
    """Return `the United States` for `United States`, other names as they are."""
    first = name.split(" ", 1)[0]
    return f"the {name}" if first in _ARTICLE and " " in name else name


def amount(mean: float, error: float | None, scale: float = 0.0) -> str:
    """Return `−1.606 ±0.016`, or the mean alone where nothing is known of its error."""
    value, spread = estimate(mean, math.inf if error is None else error, scale=scale)
    return f"{value} {spread}".strip()


def unbroken(text: str) -> str:
    """Return a text in which no line ends before a percent sign or a standard error."""
    return text.replace(" %", "\u00a0%").replace(" ±", "\u00a0±")
