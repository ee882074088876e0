"""What is wrong or suspicious about payoffs in a box: said before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import PayoffError
from sim.payoffs.core import Payoffs
from sim.payoffs.market import Market
from sim.payoffs.table import rows_of
from sim.payoffs.terms import Component, FloatArray, Term

__all__ = ["require_defined", "warnings"]

SCALES = 1e6
STEEP = 30.0


def warnings(payoffs: Payoffs, lower: ArrayLike, upper: ArrayLike) -> list[str]:
    """Return what a user should know about payoffs in the box [lower, upper], one text each.

    Three things: exporters whose margin turns negative (b_s <= 1 − μ), terms of one player
    whose scales are 10⁶ apart (a solver's tolerance then hides the small one), and risk aversion
    so large that e^(−aΔ) leaves the range in which utilities can be told apart.

    Parameters
    ----------
    payoffs : Payoffs
    lower, upper : (K,) or (B, K)
    """
    low, high = _box(payoffs, lower, upper)
    texts = [text for term in payoffs.terms for text in _margins(term, high)]
    texts += _scales(payoffs, low, high)
    texts += _aversion(payoffs, low, high)
    return texts


def require_defined(payoffs: Payoffs, lower: ArrayLike, upper: ArrayLike) -> None:
    """Refuse payoffs that are not finite numbers everywhere in the box [lower, upper].

    Tried at both corners, in the middle and with each issue at its bounds: a tariff of −100 %, a
    power of a negative number, an exponential that overflows.

    Parameters
    ----------
    payoffs : Payoffs
    lower, upper : (K,) or (B, K)

    Raises
    ------
    PayoffError
        Names the term, the player and the outcome.
    """
    low, high = _box(payoffs, lower, upper)
    with np.errstate(all="ignore"):
        for point in _points(low, high):
            for term in payoffs.terms:
                for part in term.components(point):
                    _require_finite(payoffs, term, part, point)


def _require_finite(payoffs: Payoffs, term: Term, part: Component, point: FloatArray) -> None:
    amount = np.broadcast_to(part.weight * part.value, (payoffs.n_draws,))
    bad = np.flatnonzero(~np.isfinite(amount))
    if bad.size:
        at = ", ".join(f"{payoffs.issues[i]} = {point[i, bad[0]]:g}" for i in term.issues)
        raise PayoffError(
            f"term {term.name}: {part.component} of {payoffs.players[part.player]} is no finite "
            f"number at {at}; narrow the range or check the parameters"
        )


def _box(payoffs: Payoffs, lower: ArrayLike, upper: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both bounds as rows."""
    k, b = len(payoffs.issues), payoffs.n_draws
    return (
        rows_of(np.asarray(lower), n_issues=k, n_draws=b),
        rows_of(np.asarray(upper), n_issues=k, n_draws=b),
    )


def _margins(term: Term, high: FloatArray) -> Iterator[str]:
    if not isinstance(term, Market):
        return
    for name, margin in term.margins(high):
        share = float(np.mean(margin <= 0.0))
        if share > 0.0:
            yield (
                f"market {term.name}: the margin of {name} turns negative at the highest tariff "
                f"(in {share:.0%} of the draws); raise the margin or the pass-through, or lower "
                "the range"
            )


def _points(low: FloatArray, high: FloatArray) -> Iterator[FloatArray]:
    """Yield both corners, the middle, and the middle with one issue at a bound."""
    middle = 0.5 * (low + high)
    yield from (low, middle, high)
    for k in range(len(low)):
        for end in (low, high):
            point = middle.copy()
            point[k] = end[k]
            yield point


def _scales(payoffs: Payoffs, low: FloatArray, high: FloatArray) -> list[str]:
    """Compare, per player, how far each term moves within the box (median over draws)."""
    spread: dict[int, dict[str, float]] = {}
    for term in payoffs.terms:
        seen: dict[int, list[FloatArray]] = {}
        for point in _points(low, high):
            total: dict[int, FloatArray] = {}
            for part in term.components(point):
                amount = np.broadcast_to(part.weight * part.value, (payoffs.n_draws,))
                total[part.player] = total.get(part.player, 0.0) + amount
            for player, amount in total.items():
                seen.setdefault(player, []).append(amount)
        for player, values in seen.items():
            width = np.ptp(np.array(values), axis=0)
            if width.size and np.median(width) > 0.0:
                spread.setdefault(player, {})[term.name] = float(np.median(width))
    texts = []
    for player, widths in sorted(spread.items()):
        large, small = max(widths, key=widths.__getitem__), min(widths, key=widths.__getitem__)
        if widths[large] > SCALES * widths[small]:
            texts.append(
                f"{payoffs.players[player]}: term {large} moves by {widths[large]:.3g} within the "
                f"box but {small} by {widths[small]:.3g}; check the units of both"
            )
    return texts


def _aversion(payoffs: Payoffs, low: FloatArray, high: FloatArray) -> list[str]:
    if payoffs.risk_aversion is None:
        return []
    most = np.zeros(len(payoffs.players))
    for point in _points(low, high):
        change = payoffs.money(point.T).T - payoffs.reference
        steep = np.abs(payoffs.risk_aversion * change)
        most = np.maximum(most, steep.max(axis=1))
    return [
        f"{name}: risk aversion times the change of payoff reaches {m:.3g} within the box; above "
        f"{STEEP:g} utilities can no longer be told apart"
        for name, m in zip(payoffs.players, most, strict=True)
        if m > STEEP
    ]
