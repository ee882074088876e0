"""How shares and statistics stand in the tables of `sim equilibria`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

__all__ = ["Report", "figure", "percent", "unsolved"]

Report = Mapping[str, Any]


def percent(stat: Report) -> str:
    """Write a share of draws with its standard error."""
    error = stat["se"]
    return f"{100 * stat['mean']:.1f} %" + ("" if error is None else f" ±{100 * error:.1f}")


def figure(stat: Report, digits: int = 2) -> str:
    """Write a mean with its standard error, or the median where there is no mean."""
    if stat["mean"] is None:
        middle = "never" if stat["q50"] is None else f"{stat['q50']:.{digits}f}"
        return f"median {middle}"
    error = "" if stat["se"] is None else f" ±{stat['se']:.{digits}f}"
    return f"{stat['mean']:.{digits}f}{error}"


def unsolved(converged: float, out: Console) -> None:
    """Say in how many draws a solver did not get to the end, if in any."""
    if converged < 1.0:
        out.print(f"not certified in {100 * (1 - converged):.1f} % of draws, which count as found")
