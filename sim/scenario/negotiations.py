"""Regimes, ratifiers, and how to simulate."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from sim.scenario.block import Block, Flag, Name, Text, Whole
from sim.scenario.names import shown
from sim.scenario.numbers import NonNegative, Number, Positive, Probability, fault
from sim.scenario.payoffs import AnyTerm

__all__ = [
    "SOLUTIONS",
    "STANDARD_REGIMES",
    "Breakdown",
    "Front",
    "Ratification",
    "Ratifier",
    "Regime",
    "Simulate",
    "Solution",
    "Table",
]

STANDARD_REGIMES = (
    "separate",
    "threat-linked",
    "linked-by-consent",
    "linked",
    "trilateral",
    "trilateral-weighted",
    "joint-front",
)
"""Regimes that come by themselves, from the issues' parties and tracks."""

Solution = Literal[
    "nash", "kalai_smorodinsky", "egalitarian", "utilitarian", "perles_maschler", "raiffa"
]
SOLUTIONS: tuple[str, ...] = Solution.__args__  # type: ignore[attr-defined]
Breakdown = Literal["announced", "status_quo", "nash", "variable"]


def _falls(value: object) -> object:
    """Read own, dyad, all, or a list of issues."""
    if isinstance(value, str) and value in _FALLS:
        return value
    if not isinstance(value, list | tuple):
        raise fault(f"must be {', '.join(_FALLS)}, or a list of issues, not {shown(value)}")
    for n, name in enumerate(value):
        if not isinstance(name, str):
            raise fault(f"must be the name of an issue, not {shown(name)}", n)
    return tuple(value)


_FALLS = ("own", "dyad", "all")
_LIST = {"type": "array", "items": {"type": "string"}}
Falls = Annotated[
    str | tuple[str, ...],
    PlainValidator(_falls),
    WithJsonSchema({"anyOf": [{"enum": list(_FALLS)}, _LIST]}),
]
"""What a breakdown brings down."""


class Table(Block):
    """Parties, the issues that they settle together, and what falls if they do not."""

    parties: tuple[Text, ...] = Field(description="Who sits at it, two players or more.")
    issues: tuple[Text, ...] = Field(description="What is on it.")
    falls: Falls = Field(
        "own",
        description="What a breakdown brings down: its own issues, every issue of its parties "
        "(dyad), all issues, or the listed ones.",
    )


class Front(Block):
    """Players who bargain as one party."""

    members: tuple[Text, ...] = Field(description="Who joins, two players or more.")
    shares: dict[Text, Positive] = Field(
        default={}, description="Weight of each member's payoff in the front's; 1 unless given."
    )
    weight: Literal["one", "head_count"] = Field(
        "one", description="Nash weight of the front: one party's, or the sum of its members'."
    )
    division: Literal["none", "equal-gains", "shapley"] = Field(
        "none", description="Side payments within the front after the deal; they add to 0."
    )


def _stages(value: object) -> object:
    """Let `[JPN, ROK]` stand for `[[JPN], [ROK]]`."""
    if not isinstance(value, list | tuple):
        return value
    return [[stage] if isinstance(stage, str) else stage for stage in value]


_STAGE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Stages = Annotated[
    tuple[tuple[Text, ...], ...],
    BeforeValidator(_stages),
    WithJsonSchema({"type": "array", "items": _STAGE}),
]


class Regime(Block):
    """How the tables are set: a change to a standard regime, or a new one."""

    like: Text | None = Field(
        None,
        description="The regime that it starts from; `linked` for a new name without tables.",
    )
    label: Text | None = Field(None, description="What it stands for, in a few words.")
    erosion: Probability | None = Field(
        None,
        description="Credibility of protection that is lost by making it conditional: "
        "c = 1 - erosion for troops on a table with other files.",
    )
    threat_credibility: Probability | None = Field(
        None, description="Chance q that a threat is executed after a breakdown; 1 unless given."
    )
    audience_cost: dict[Text, NonNegative] | None = Field(
        None,
        description="Per player the cost of a threat that is not executed, USD bn per year "
        "(Fearon 1994).",
    )
    weights: dict[Text, Positive] | None = Field(
        None, description="Bargaining weights that differ from the players' own."
    )
    breakdown: Breakdown | None = Field(
        None,
        description="What happens on breakdown: the announced values, the status quo, the tariff "
        "and troop war (nash), or Nash's optimal threats (variable).",
    )
    order: Stages | None = Field(
        None,
        description="Tables, or players for all of their tables, one stage after the other; "
        "[a, b] is one stage of two. Tables that are not named come last, side by side.",
    )
    foresight: Flag | None = Field(
        None,
        description="Whether earlier stages anticipate what later ones will settle; each stage but "
        "the last is then one table.",
    )
    tables: dict[Text, Table] | None = Field(
        None, description="Its own tables; they settle every issue once."
    )
    disagreement: Text | None = Field(
        None, description="`breakdown`, or the regime whose outcome stands if a table fails."
    )
    front: Front | None = Field(None, description="Players who bargain as one party.")
    note: Text | None = Field(None, description="Anything a reader should know.")
    source: Text | None = Field(None, description="Where the figures come from.")


class Ratification(Block):
    """Ratification by chance: probability 1/(1 + exp(-steepness (gain - threshold)))."""

    steepness: Positive = Field(description="Per USD bn.")


class Ratifier(Block):
    """A veto at home, without weight in the product (Putnam 1988): a parliament, a lobby.

    Its payoff is its player's, term by term, times `stakes`, plus its own `payoffs`.
    """

    player: Text = Field(description="Whose signature it must ratify.")
    label: Text | None = Field(None, description="Who it is.")
    stakes: dict[Text, Number] = Field(
        default={},
        description="Per payoff term how much of its player's share it feels; 1 unless given, 0 is "
        "indifferent.",
    )
    payoffs: dict[Name, AnyTerm] = Field(
        default={}, description="Terms of its own, written as if it were its player."
    )
    threshold: Number = Field(
        0.0, description="Least gain from the status quo that it ratifies, USD bn per year."
    )
    probability: Ratification | None = Field(
        None, description="Ratification by chance instead of a certain veto."
    )
    why: Text | None = Field(None, description="Why this ratifier, and these numbers.")
    source: Text | None = Field(None, description="Where the figures come from.")


class Simulate(Block):
    """How many draws, from which seed, with which sampler."""

    draws: Annotated[Whole, Field(ge=1, le=10**9)] = Field(10000, description="Number of draws.")
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(
        0, description="The same seed gives the same draws; 0 is a seed."
    )
    sampler: Literal["random", "sobol", "lhs"] = Field(
        "sobol",
        description="Independent draws, scrambled Sobol' points, or Latin hypercubes.",
    )
    replicates: Annotated[Whole, Field(ge=2, le=1024)] = Field(
        8, description="Independent randomisations of Sobol' points, for standard errors."
    )
    important: tuple[Text, ...] = Field(
        default=(),
        description="Numbers that the answer rests on most (see sim sensitivity), the weightiest "
        "first: they get the most even coordinates of the Sobol' points, so that fewer draws do.",
    )
    chunk: Annotated[Whole, Field(ge=1, le=10**7)] | None = Field(
        None, description="Draws solved at a time; chosen by itself unless given."
    )
    regimes: tuple[Text, ...] | None = Field(
        None, description="Regimes to solve; all unless given."
    )
    solutions: tuple[Solution, ...] | None = Field(
        None, description="Solutions to report; the scenario's unless given."
    )
