"""Linear additive profiles of the GeniusWeb negotiation platform, in JSON."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from sim.errors import ScenarioError
from sim.games._arrays import FloatArray
from sim.games.domains import Party
from sim.games.exchange.faults import Faults
from sim.games.exchange.located_json import Located, parse_json
from sim.games.exchange.text import read_text

__all__ = ["parse_geniusweb", "read_geniusweb"]

VALUES = 1_000_000
"""Most values of a number issue."""

WEIGHTS = 1e-6
"""Weights may miss a sum of 1 by this much."""


class Reading(Faults):
    """Reading members, elements and numbers, with faults."""

    def members(self, at: Located, name: str) -> dict[str, Located]:
        """Return the members of an object."""
        if not isinstance(at.value, dict):
            self.stop(at, name, "an object {...} is needed")
        return at.value

    def member(self, at: Located, key: str, name: str) -> Located:
        """Return one member of an object."""
        found = self.members(at, name)
        if key not in found:
            self.stop(at, f"{name}.{key}", "is needed")
        return found[key]

    def items(self, at: Located, name: str) -> list[Located]:
        """Return the elements of an array."""
        if not isinstance(at.value, list):
            self.stop(at, name, "an array [...] is needed")
        return at.value

    def number(self, at: Located, name: str) -> Decimal:
        """Return an exact number, given as one or in quotation marks."""
        if not isinstance(at.value, bool) and isinstance(at.value, int | float | str):
            try:
                value = Decimal(str(at.value))
            except InvalidOperation:
                value = Decimal("NaN")
            if value.is_finite() and math.isfinite(float(value)):
                return value
        self.add(at, name, f"a finite number is needed, got {at.value!r}")
        return Decimal(0)


def read_geniusweb(path: str | Path) -> Party:
    """Read one party's profile from a GeniusWeb JSON file.

    u(outcome) = Σ weight of the issue · utility of its value. A discrete value has the utility
    listed (0 if none is); a number issue is linear between its ends, at low, low + step, ... up
    to high. The reservation value is the utility of the reservation bid, 0 without one.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Party

    Raises
    ------
    ScenarioError
        With every fault as `file:line:column: field: message`.
    """
    return parse_geniusweb(read_text(path), file=str(path))


def parse_geniusweb(text: str, *, file: str = "<text>") -> Party:
    """Read one party's profile from JSON text; `file` names it in faults."""
    faults = Reading(file)
    profile = unwrap(parse_json(text, file=file), faults)
    domain = faults.member(profile, "domain", "profile")
    sets = faults.members(faults.member(domain, "issuesValues", "domain"), "domain.issuesValues")
    given = faults.member(profile, "issueUtilities", "profile")
    weights = faults.member(profile, "issueWeights", "profile")
    issues: dict[str, tuple[str, ...]] = {}
    utilities: dict[str, FloatArray] = {}
    total = Decimal(0)
    for name, values in sets.items():
        weight_at = faults.member(weights, name, "issueWeights")
        weight = faults.number(weight_at, f"issueWeights.{name}")
        if weight < 0:
            faults.add(weight_at, f"issueWeights.{name}", f"at least 0 is allowed, got {weight}")
        total += weight
        kind, worth = only_member(faults.member(given, name, "issueUtilities"), name, faults)
        table = number_table if "number" in kind.lower() else discrete_table
        issues[name], plain = table(values, worth, name, faults)
        utilities[name] = plain * float(weight)
    if not issues:
        faults.stop(domain, "domain.issuesValues", "at least one issue is needed")
    if abs(total - 1) > WEIGHTS:
        faults.add(weights, "issueWeights", f"a sum of 1 is needed, got {total}")
    members = faults.members(profile, "profile")
    named = members.get("name")
    name = str(named.value) if named is not None else Path(file).stem
    reservation = 0.0
    bid = members.get("reservationBid")
    if bid is not None and bid.value is not None:
        reservation = bid_utility(bid, issues, utilities, faults)
    if faults.found:
        raise ScenarioError(faults.found)
    return Party(name, issues, utilities, reservation)


def unwrap(root: Located, faults: Reading) -> Located:
    """Return the profile inside its type's wrapper."""
    members = faults.members(root, "profile")
    if "issueUtilities" in members:
        return root
    kind, profile = only_member(root, "profile", faults)
    if "linearadditive" not in kind.lower():
        faults.stop(root, "profile", f"LinearAdditiveUtilitySpace is allowed, got {kind}")
    return profile


def only_member(at: Located, name: str, faults: Reading) -> tuple[str, Located]:
    """Return the name and the value of the one member of an object."""
    members = faults.members(at, name)
    if len(members) != 1:
        faults.stop(at, name, f"an object with one member, its type, is needed, got {len(members)}")
    return next(iter(members.items()))


def discrete_table(
    values: Located, worth: Located, name: str, faults: Reading
) -> tuple[tuple[str, ...], FloatArray]:
    """Return the values of a discrete issue and their utilities."""
    listed = faults.items(faults.member(values, "values", name), f"{name}.values")
    names = tuple(str(each.value) for each in listed)
    if not names or len(set(names)) != len(names):
        faults.stop(values, f"{name}.values", "at least one value, each once, is needed")
    path = f"issueUtilities.{name}.valueUtilities"
    given = faults.members(faults.member(worth, "valueUtilities", name), path)
    for key, at in given.items():
        if key not in names:
            faults.add(at, f"{path}.{key}", f"{', '.join(names)} are allowed")
    utilities = [
        unit(given[key], f"{path}.{key}", faults) if key in given else 0.0 for key in names
    ]
    return names, np.array(utilities)


def number_table(
    values: Located, worth: Located, name: str, faults: Reading
) -> tuple[tuple[str, ...], FloatArray]:
    """Return the values of a number issue and their utilities."""
    span = faults.items(faults.member(values, "range", name), f"{name}.range")
    if len(span) != 3:
        faults.stop(values, f"{name}.range", f"[low, high, step] is needed, got {len(span)}")
    low, high, step = (faults.number(each, f"{name}.range") for each in span)
    if step <= 0 or high < low or (high - low) / step >= VALUES:
        message = f"low up to high and a step for fewer than {VALUES} values are allowed"
        faults.stop(values, f"{name}.range", message)
    count = int((high - low) / step) + 1
    path = f"issueUtilities.{name}"
    ends = {
        k: faults.number(faults.member(worth, k, path), f"{path}.{k}")
        for k in ("lowValue", "highValue")
    }
    first, last = (
        unit(faults.member(worth, key, path), f"{path}.{key}", faults)
        for key in ("lowUtility", "highUtility")
    )
    if (ends["lowValue"], ends["highValue"]) != (low, high):
        faults.add(worth, path, f"the ends of the range, {low} and {high}, are needed")
    points = [low + k * step for k in range(count)]
    width = float(high - low) or 1.0
    share = np.array([float(x - low) for x in points]) / width
    return tuple(format(x.normalize(), "f") for x in points), first + share * (last - first)


def unit(at: Located, name: str, faults: Reading) -> float:
    """Return a utility in [0, 1]."""
    value = float(faults.number(at, name))
    if not 0 <= value <= 1:
        faults.add(at, name, f"0 to 1 is allowed, got {value:g}")
    return value


def bid_utility(
    bid: Located,
    issues: dict[str, tuple[str, ...]],
    utilities: dict[str, FloatArray],
    faults: Reading,
) -> float:
    """Return the utility of a bid that may leave issues open: they add nothing."""
    total = 0.0
    chosen = faults.members(faults.member(bid, "issuevalues", "reservationBid"), "reservationBid")
    for name, at in chosen.items():
        path = f"reservationBid.{name}"
        if name not in issues:
            faults.add(at, path, f"{', '.join(issues)} are allowed")
            continue
        value = str(at.value)
        if value not in issues[name] and not isinstance(at.value, str | bool):
            value = format(faults.number(at, path).normalize(), "f")
        if value not in issues[name]:
            faults.add(at, path, f"{', '.join(issues[name][:20])} are allowed, got {at.value!r}")
            continue
        total += float(utilities[name][issues[name].index(value)])
    return total
