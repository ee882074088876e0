"""The answer in three sentences: who gains, how sure that is, and why.

Written from the numbers alone, for any sign of them, ties, few draws, failed talks and runs in
which a regime is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sim.plots.style import listed, percent, regime_label, signed
from sim.report.words import amount, likelihood, often, with_article

__all__ = ["FEW", "Evidence", "Gain", "Verdict", "answer"]

FEW = 30
"""With fewer draws chances are counted, not put in words."""

Verdict = Literal["gain", "loss", "same", "open"]

_PARTS = (("logrolling", "coercion", "erosion"), ("leverage", "packaging", "erosion"))
_MEANING = {
    "logrolling": "logrolling, the trade of concessions across issues by consent",
    "coercion": "coercion, the larger threat of everything failing at once",
    "erosion": "erosion, the credibility that protection loses by being made conditional",
    "leverage": "leverage, the larger threat of everything failing at once",
    "packaging": "packaging, the trade of concessions across issues",
}


@dataclass(frozen=True, slots=True)
class Gain:
    """What one player gains from linkage: payoff if linked less payoff if separate.

    Parameters
    ----------
    player : str
        Name in words.
    mean : float
    se : float or None
        Standard error of the mean; None where nothing is known of it.
    low, high : float
        Quantiles 5 and 95 % over the draws.
    share, tied : float
        Shares of draws in which the player gains, and in which it makes no difference.
    scale : float
        Size of the payoffs, below 10⁻⁶ of which nothing counts.
    """

    player: str
    mean: float
    se: float | None
    low: float
    high: float
    share: float
    tied: float = 0.0
    scale: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """`gain` or `loss` beyond two standard errors; `same` if tied in every draw."""
        if self.tied >= 1.0 or abs(self.mean) <= 1e-6 * self.scale or self.mean == 0.0:
            return "same" if self.tied >= 1.0 or not self.se else "open"
        if self.se is not None and abs(self.mean) <= 2.0 * self.se:
            return "open"
        return "gain" if self.mean > 0.0 else "loss"

    @property
    def told(self) -> str:
        """`−1.606 ±0.016`."""
        return amount(self.mean, self.se, self.scale)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers that the answer rests on.

    Parameters
    ----------
    unit : str
        Of the payoffs.
    draws : int
    uncertain : bool
        Whether anything differs between draws.
    gains : tuple of Gain
        Empty if the run lacks `separate` or `linked`.
    parts : mapping of str to mapping of str to float
        Per player the parts of the mean gain.
    deals : mapping of str to float
        Per regime the share of draws in which every table reaches a deal.
    payoffs : mapping of str to mapping of str to (float, float or None)
        Per regime and player the mean change from the status quo and its standard error.
    """

    unit: str
    draws: int
    uncertain: bool = True
    gains: tuple[Gain, ...] = ()
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    deals: Mapping[str, float] = field(default_factory=dict)
    payoffs: Mapping[str, Mapping[str, tuple[float, float | None]]] = field(default_factory=dict)


def answer(evidence: Evidence) -> tuple[str, str, str]:
    """Return the answer to "who gains from linkage?" in three sentences.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    (str, str, str)
        Who gains and how much; how sure that is; why, and how often talks fail.
    """
    if not evidence.gains:
        return _without_comparison(evidence)
    return _who(evidence), _how_sure(evidence), f"{_why(evidence)}{_talks(evidence)}."


def _lead(evidence: Evidence) -> str:
    if not evidence.uncertain or evidence.draws < 2:
        return ""
    return f"On average over {evidence.draws:,} draws, "


def _who(evidence: Evidence) -> str:
    """Say who gains and who loses, with the mean and its error."""
    gains = evidence.gains
    groups: dict[Verdict, list[Gain]] = {}
    for gain in gains:
        groups.setdefault(gain.verdict, []).append(gain)
    everybody = "both sides" if len(gains) == 2 else "everybody"
    if "same" in groups and len(groups) == 1:
        text = "linkage makes no difference to anybody"
        return _sentence(f"{_lead(evidence)}{text}: one table gives what separate tables give.")
    if len(groups) == 1:
        verb = {
            "gain": f"linkage pays for {everybody}",
            "loss": f"linkage costs {everybody}",
            "open": f"what linkage does to {everybody} cannot be told from zero",
        }[next(iter(groups))]
        told = listed([f"{with_article(g.player)} {g.told}" for g in gains])
        return _sentence(f"{_lead(evidence)}{verb}: {told}, {_measure(evidence)}.")
    clauses = [
        f"{_VERBS[verdict]} {listed([_named(g) for g in groups[verdict]])}"
        for verdict in _VERBS
        if verdict in groups
    ]
    told = "; it ".join(clauses)
    return _sentence(f"{_lead(evidence)}linkage {told}, {_measure(evidence)}.")


_VERBS: Mapping[Verdict, str] = {
    "gain": "pays for",
    "loss": "costs",
    "open": "has an effect that cannot be told from zero on",
    "same": "makes no difference to",
}


def _named(gain: Gain) -> str:
    name = with_article(gain.player)
    return name if gain.verdict == "same" else f"{name} ({gain.told})"


def _measure(evidence: Evidence) -> str:
    known = any(g.se is not None and g.se > 0.0 for g in evidence.gains)
    error = ", ± one standard error" if known and evidence.draws > 1 else ""
    return f"in {evidence.unit} against separate tables{error}"


def _how_sure(evidence: Evidence) -> str:
    """Say how sure that is, in words and figures."""
    gains, draws = evidence.gains, evidence.draws
    if not evidence.uncertain:
        return (
            "Nothing in this scenario is uncertain, so that this is one computation and no "
            "estimate: it is as sure as the figures put in."
        )
    if draws < 2:
        return "One draw says nothing of how sure this is."
    if all(g.tied >= 1.0 for g in gains):
        return f"That holds in every one of the {draws:,} draws."
    if draws < FEW:
        told = [
            f"{with_article(g.player)} gains in {round(g.share * draws)} of {draws}"
            f"{_tied(g)}, {_between(g)}"
            for g in gains
        ]
        return f"With so few draws chances cannot be told: {'; '.join(told)}."
    told = []
    for n, g in enumerate(gains):
        range_ = f"{'5 to 95 %: ' if n == 0 else ''}{signed(g.low)} to {signed(g.high)}"
        share = f"{often(g.share)}{_tied(g)}"
        told.append(f"{likelihood(g.share)} for {with_article(g.player)} ({share}; {range_})")
    return f"Within the ranges assumed, a gain is {listed(told)}."


def _tied(gain: Gain) -> str:
    return f", no difference in {percent(gain.tied)}" if gain.tied > 0.0 else ""


def _between(gain: Gain) -> str:
    return f"mostly between {signed(gain.low)} and {signed(gain.high)}"


def _why(evidence: Evidence) -> str:
    """Name the largest part of each gain or loss, in the direction of its mean."""
    moved = [g for g in evidence.gains if g.verdict in ("gain", "loss")]
    if not moved:
        return "No effect on average is left to be explained"
    largest: dict[str, list[str]] = {}
    for gain in moved:
        parts = evidence.parts.get(gain.player, {})
        known = next((names for names in _PARTS if all(n in parts for n in names)), ())
        same = {n: parts[n] for n in known if parts[n] * gain.mean > 0.0}
        if same:
            part = max(same, key=lambda name: abs(same[name]))
            told = f"{with_article(gain.player)} ({signed(same[part])}, in all {signed(gain.mean)})"
            largest.setdefault(part, []).append(told)
    if not largest:
        return "Why this is so cannot be told from this run, which lacks the regimes between"
    clauses = [f"for {listed(who)} it is {_MEANING[part]}" for part, who in largest.items()]
    if len(clauses) == 1:
        (part, who), *_ = largest.items()
        return f"The largest part of it is {_MEANING[part]}: {listed(who)}"
    return f"As to the largest part of it, {', '.join(clauses)}"


def _talks(evidence: Evidence) -> str:
    """Say how often talks fail; nothing if the run does not know."""
    linked, separate = (evidence.deals.get(name) for name in ("linked", "separate"))
    if linked is None or separate is None:
        return ""
    if linked == separate:
        return f"; {_deals(linked, evidence)}, linked or separate"
    return f"; if linked, {_deals(linked, evidence)}, if separate, {_deals(separate, evidence)}"


def _deals(share: float, evidence: Evidence) -> str:
    """Return `all tables reach a deal in 12 % of draws`."""
    draws = " in every draw" if evidence.uncertain else ""
    if share <= 0.0:
        return f"at least one table fails{draws}"
    if share >= 1.0:
        return f"every table reaches a deal{draws}"
    return f"all tables reach a deal in {often(share)}"


def _without_comparison(evidence: Evidence) -> tuple[str, str, str]:
    """Say what a run tells that lacks `separate` or `linked`."""
    names = [regime_label(name) for name in evidence.payoffs]
    there = listed(names) or "none"
    first = (
        f"This run does not say who gains from linkage, which compares the regimes separate and "
        f"linked: it holds {'only ' if len(names) == 1 else ''}{there}."
    )
    players: dict[str, list[tuple[float, str, str]]] = {}
    for regime, found in evidence.payoffs.items():
        for player, (mean, se) in found.items():
            entry = (mean, amount(mean, se), regime_label(regime))
            players.setdefault(player, []).append(entry)
    told = []
    for player, entries in players.items():
        _, text, regime = max(entries, key=lambda entry: entry[0])
        under = f" under {regime}" if len(entries) > 1 else ""
        told.append(f"{with_article(player)} {text}{under}")
    best = "the best regime of each player gives" if len(names) > 1 else "it gives"
    second = f"Against the status quo {best}, in {evidence.unit}: {listed(told) or 'nothing'}."
    deals = [
        f"under {regime_label(regime)} {_deals(share, evidence)}"
        for regime, share in evidence.deals.items()
    ]
    third = _sentence(f"{'; '.join(deals)}.") if deals else "Of deals it tells nothing."
    return first, second, third


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
