"""Players, uncertain parameters, and the issues that are bargained over."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from sim.scenario.block import Block, Name, Text
from sim.scenario.names import shown
from sim.scenario.numbers import (
    NonNegative,
    Number,
    Positive,
    fault,
)

__all__ = ["Domain", "Issue", "Pair", "Parameter", "Player", "pair"]

Domain = Literal["security", "tariffs", "payments", "other"]


def pair(value: object) -> object:
    """Return a list of two as it is, refuse anything else."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fault(f"must be a list of two, not {shown(value)}", value=value)
    return value


Pair = Annotated[tuple[Text, Text], BeforeValidator(pair)]
"""Two names."""


class Player(Block):
    """A government, or anybody else who sits at a table."""

    name: Text | None = Field(None, description="Full name, for tables and figures.")
    gdp: Positive | None = Field(
        None,
        description="Gross domestic product, USD bn per year; payments are also shown over it.",
    )
    risk_aversion: NonNegative = Field(
        0.0,
        description="Absolute risk aversion a, per USD bn: utility of a change of payoff D is "
        "(1 - exp(-a D))/a (CARA). 0 is risk neutral.",
    )
    weight: Positive = Field(1.0, description="Bargaining weight at every table; 1 unless given.")
    discount_rate: NonNegative | None = Field(
        None, description="Discount rate per year, for talks over time and for enforcement."
    )
    note: Text | None = Field(None, description="Anything a reader should know.")
    source: Text | None = Field(None, description="Where the figures come from.")


def _parameter(value: object) -> object:
    """Let `erosion: 0.1` stand for `erosion: {value: 0.1}`."""
    short = isinstance(value, int | float | str) and not isinstance(value, bool)
    return {"value": value} if short else value


class Parameter(Block):
    """A number with a name: a literal or a distribution, its reason and its source."""

    value: Number = Field(description="A number, a distribution, or the name of another parameter.")
    why: Text | None = Field(None, description="Why this value or range.")
    source: Text | None = Field(None, description="Where it comes from.")
    unit: Text | None = Field(None, description="Its unit, in words.")
    label: Text | None = Field(None, description="Short text for figures.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return _parameter(value)


class Issue(Block):
    """A number that is bargained over: its range, what it is now and without a deal."""

    label: Text | None = Field(None, description="What is settled, in a few words.")
    parties: tuple[Text, ...] = Field(description="The players who settle it, two or more.")
    track: Name = Field(
        description="The file it belongs to, such as trade or defence: issues of one pair of "
        "players and one track have a table of their own under `separate`."
    )
    domain: Domain = Field(
        "other", description="What it is about: security, tariffs, payments or other."
    )
    unit: Text | None = Field(None, description="Its unit, in words.")
    range: Annotated[tuple[Number, Number], BeforeValidator(pair)] = Field(
        description="[lowest, highest] value that a deal can set; [x, x] fixes the issue."
    )
    status_quo: Number = Field(description="Its value now: the reference point of all payoffs.")
    breakdown: Number = Field(description="Its value if the table that settles it fails.")
    controlled_by: Text | None = Field(
        None,
        description="Who can set it alone. Unless given: who levies the tariff, stations the "
        "troops, makes the payment or the concession; otherwise the first party for tariffs and "
        "security, else the last.",
    )
    demand: Number | None = Field(None, description="What was asked for; shown, never in a payoff.")
    offer: Number | None = Field(None, description="What was offered; shown, never in a payoff.")
    note: Text | None = Field(None, description="Anything a reader should know.")
    source: Text | None = Field(None, description="Where the figures come from.")
