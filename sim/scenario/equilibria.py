"""Blocks beyond the bargaining tables: stances, talks over time, beliefs, enforcement, threats."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from sim.scenario.block import Block, Text, Whole
from sim.scenario.distributions import FAMILIES
from sim.scenario.negotiations import Solution
from sim.scenario.numbers import (
    DISTRIBUTION,
    Discount,
    NonNegative,
    Number,
    Plain,
    Positive,
    Probability,
)

__all__ = [
    "Belief",
    "Crisis",
    "Enforcement",
    "Event",
    "Posture",
    "SecondOffer",
    "Shift",
    "StanceOutcome",
    "Stances",
    "Talks",
    "Type",
]


def _spread(value: object) -> object:
    """Let one regime, or one number, stand for all tables: `{all: value}`."""
    inline = isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in FAMILIES
    if inline or isinstance(value, str | int | float):
        return {"all": value}
    return value


_NAME = {"type": "string"}
_YEARS = {"anyOf": [{"type": "number", "minimum": 0}, _NAME, dict(DISTRIBUTION)]}
RegimePerAlly = Annotated[
    dict[Text, Text],
    BeforeValidator(_spread),
    WithJsonSchema({"anyOf": [_NAME, {"type": "object", "additionalProperties": _NAME}]}),
]
YearsPerAlly = Annotated[
    dict[Text, NonNegative],
    BeforeValidator(_spread),
    WithJsonSchema({"anyOf": [_YEARS, {"type": "object", "additionalProperties": _YEARS}]}),
]


class StanceOutcome(Block):
    """Where a profile of stances leads."""

    when: dict[Text, Text] = Field(
        default={}, description="Player to stance; a player that is not named may take any stance."
    )
    regime: RegimePerAlly = Field(
        description="The regime that follows, or one per ally: {JPN: linked, ROK: separate}; "
        "where allies have issues of their own with each other, one per pair: {US-JPN: linked, "
        "US-ROK: separate, JPN-ROK: separate}."
    )
    costs: dict[Text, Number] = Field(
        default={},
        description="Per player what this profile costs besides, such as a refusal; "
        "USD bn per year.",
    )
    delay: YearsPerAlly = Field(
        default={}, description="Years until the tables meet, or years per ally: {ROK: 0.13}."
    )
    meanwhile: Literal["status_quo", "breakdown"] = Field(
        "status_quo", description="What holds until the tables meet."
    )
    note: Text | None = Field(None, description="Anything a reader should know.")


class Stances(Block):
    """What each player can do before any table meets, and where each profile leads."""

    players: dict[Text, tuple[Text, ...]] = Field(
        description="Per player its stances, one or more."
    )
    outcomes: tuple[StanceOutcome, ...] = Field(
        description="Profiles and what follows; the first one that fits holds."
    )
    solution: Solution = Field("nash", description="How each table is solved.")


class Event(Block):
    """Something with a date that changes parameters: an election, the end of a tariff pause."""

    name: Text | None = Field(None, description="What happens.")
    date: dt.date = Field(description="When, as 2025-06-03.")
    probability: Probability = Field(1.0, description="Chance that it happens.")
    applies_to: Literal["preferences", "world"] = Field(
        "world",
        description="world: everybody's payoffs change from that date on. preferences: from that "
        "date on a government decides by the new numbers; the one before values later deals by "
        "its own.",
    )
    set: dict[Text, Number] = Field(description="Per parameter its new value.")
    source: Text | None = Field(None, description="Where it comes from.")


class Talks(Block):
    """Offers and counter-offers at one table over time (Rubinstein 1982)."""

    proposers: tuple[Text, ...] | None = Field(
        None, description="Who proposes, in turn; the table's parties unless given."
    )
    interval: Positive = Field(
        description="Years between offers; 0.0833 is a month. With a horizon the same in all draws."
    )
    rates: dict[Text, NonNegative] = Field(
        default={}, description="Discount rate per player and year; the player's own unless given."
    )
    breakdown_hazard: NonNegative = Field(
        0.0, description="Rate per year at which talks break down for good by themselves."
    )
    during_talks: Literal["status_quo", "breakdown"] = Field(
        "status_quo", description="What holds while they talk: are the tariffs on or off?"
    )
    outside_options: dict[Text, Number] = Field(
        default={},
        description="Per player what leaving for good is worth, as a change of payoff from the "
        "status quo; it bounds the deal, it does not shift it.",
    )
    horizon: Annotated[Whole, Field(ge=1, le=1000)] | None = Field(
        None, description="Number of offers, after which a refusal is final; endless unless given."
    )
    events: tuple[Event, ...] = Field(
        default=(), description="Dated changes, 6 at most; a horizon is needed with them."
    )
    source: Text | None = Field(None, description="Where the figures come from.")


class Type(Block):
    """One kind of opponent that the proposer thinks possible."""

    name: Text = Field(description="Such as resolute.")
    probability: Annotated[Plain, Field(ge=0, le=1)] = Field(
        description="Belief that it is this one; beliefs add to 1."
    )
    resolve: Number = Field(
        description="What is added to the responder's payoff of no deal, USD bn per year."
    )


class SecondOffer(Block):
    """A second offer after a refusal, which the proposer cannot promise not to make."""

    after: Positive = Field(description="Years from the first offer to the second.")
    discount_factor: dict[Text, Discount] = Field(
        default={},
        description="Per player the weight of gains from the second offer; "
        "exp(-discount rate x after) unless given.",
    )


class Shift(Block):
    """A shift of power to come, after which nobody can be held to the terms of before."""

    player: Text = Field(description="To whom a breakdown will be worth less.")
    after: Positive = Field(description="Years until then.")
    loss: NonNegative = Field(
        description="How much less a breakdown is worth to it from then on, USD bn per year."
    )


class Crisis(Block):
    """The transfers that both prefer to a breakdown (Fearon 1995), the other issues given."""

    transfer: Text = Field(
        description="The issue that is moved: one of the table's, better for one the more it is "
        "and worse for the other, such as a payment."
    )
    others: Literal["agreement", "status_quo"] = Field(
        "agreement",
        description="What the table's other issues are: what the table agrees on without "
        "secrets, or the status quo.",
    )
    costs: dict[Text, NonNegative] = Field(
        default={},
        description="Per player what a breakdown costs besides what falls, USD bn per year; it "
        "widens the range.",
    )
    lot: Positive | None = Field(
        None,
        description="The transfer comes in whole lots of this size from its status quo; any "
        "amount unless given.",
    )
    shift: Shift | None = Field(
        None, description="A shift of power that the parties cannot bargain away."
    )
    source: Text | None = Field(None, description="Where the figures come from.")


class Belief(Block):
    """A take-it-or-leave-it offer to an opponent whose resolve the proposer does not know."""

    proposer: Text = Field(description="Who makes the offer.")
    responder: Text = Field(description="Who accepts or refuses.")
    types: tuple[Type, ...] = Field(default=(), description="The possible kinds of opponent.")
    resolve: Number | None = Field(
        None, description="Instead of types: the distribution of the responder's resolve."
    )
    menu: Literal["single", "lottery"] = Field(
        "single", description="One offer, or a menu that leaves out weak types at random."
    )
    second_offer: SecondOffer | None = Field(
        None,
        description="Also solve two offers to two types by a proposer that cannot commit itself "
        "to its first.",
    )
    crisis: Crisis | None = Field(
        None, description="Also report which values of one issue both prefer to a breakdown."
    )
    source: Text | None = Field(None, description="Where the figures come from.")


class Enforcement(Block):
    """Whether a deal holds afterwards: a repeated game with tariff war as punishment."""

    regime: Text = Field("linked", description="The regime whose deal is to be held.")
    solution: Solution = Field("nash", description="How its tables are solved.")
    discount_factor: dict[Text, Discount] = Field(
        default={}, description="Per player and year; 1/(1 + discount rate) unless given."
    )
    tables: tuple[Text, ...] | None = Field(
        None, description="Pairs of players whose issues are pooled; all unless given."
    )
    tracks: tuple[Text, ...] | None = Field(
        None, description="Tracks to compare one by one with the pool; all unless given."
    )


class Posture(Block):
    """A threat that can be declared: values of issues on breakdown."""

    name: Text = Field(description="Such as withdraw-half.")
    set: dict[Text, Number] = Field(description="Issue to the value that is threatened.")
