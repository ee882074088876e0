"""Payoff terms as a file states them; their formulas are those of the terms of the same name.

The key that names the kind (`market:`, `transfer:`) says what the term is about: an importer for a
market, an issue for most others. Every weight, cost and benefit is in USD bn per year.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from sim.scenario.block import Block, Text
from sim.scenario.names import shown
from sim.scenario.numbers import (
    AboveMinusOne,
    AboveOne,
    AtLeastOne,
    NonNegative,
    Number,
    Plain,
    Positive,
    Probability,
    Unit,
    fault,
)
from sim.scenario.subjects import Domain, Pair, pair

__all__ = [
    "Concession",
    "Deterrence",
    "Exponential",
    "Interaction",
    "Linear",
    "Logistic",
    "Market",
    "MarketWeights",
    "Parity",
    "Piecewise",
    "Power",
    "Precedent",
    "Presence",
    "QuadraticLoss",
    "Supplier",
    "Term",
    "Transfer",
]


class Term(Block):
    """What every payoff term has."""

    kind: ClassVar[str]
    default_domain: ClassVar[str | None] = None
    """Domain unless given; None: that of the term's issue."""

    label: Text | None = Field(None, description="What it stands for, in a few words.")
    domain: Domain | None = Field(
        None,
        description="Where the payoff is counted: tariffs for a market, security for deterrence "
        "and presence, payments for a transfer, otherwise the domain of its issue.",
    )
    why: Text | None = Field(None, description="Why this term, and these numbers.")
    source: Text | None = Field(None, description="Where the figures come from.")

    @property
    def issues(self) -> tuple[str, ...]:
        """The issues that the term is about by its kind's key."""
        subject = getattr(self, self.kind)
        return subject if isinstance(subject, tuple) else (subject,)


class Supplier(Block):
    """Who sells in a market: the importer's producers, another player, or the rest."""

    share: Probability = Field(
        description="Share of consumer spending at the baseline; the shares of a market add to 1."
    )
    tariff: AboveMinusOne | None = Field(
        None,
        description="Ad valorem tariff, 0.25 is 25 %: an issue, or a number. None for the "
        "importer's own producers.",
    )
    baseline: AboveMinusOne | None = Field(
        None,
        description="Tariff at which shares and size were observed; the status quo of the issue, "
        "or the fixed tariff, unless given.",
    )
    weight: NonNegative | None = Field(
        None, description="Political weight 1 + lambda of this supplier's profits."
    )


class MarketWeights(Block):
    """Political weights of a market (Grossman and Helpman 1994); all 1 unless given."""

    consumers: NonNegative = Field(1.0, description="w_C: weight of consumer surplus.")
    revenue: NonNegative = Field(1.0, description="w_R: weight of tariff revenue.")
    producers: NonNegative = Field(
        1.0, description="1 + lambda: weight of the importer's producers' profits."
    )
    exporters: NonNegative = Field(
        1.0, description="1 + lambda: weight of exporters' profits with their own governments."
    )


class Market(Term):
    """A market with tariffs: constant elasticities, one price index for all suppliers."""

    kind: ClassVar[str] = "market"
    default_domain: ClassVar[str | None] = "tariffs"

    market: Text = Field(description="The importing player.")
    size: Positive = Field(description="Consumer spending at the baseline, USD bn per year.")
    suppliers: dict[Text, Supplier] = Field(
        description="Suppliers by player; any other name is the rest of the world, "
        "without a payoff."
    )
    substitution: AboveOne = Field(description="Elasticity of substitution sigma, above 1.")
    demand_elasticity: Positive = Field(description="Elasticity of demand epsilon, above 0.")
    pass_through: Unit = Field(
        1.0, description="Share phi of a tariff that reaches consumers' prices, above 0, at most 1."
    )
    margin: Unit | None = Field(
        None, description="Producers' margin over unit cost at the baseline; 1/sigma unless given."
    )
    weights: MarketWeights = Field(MarketWeights(), description="Political weights.")

    @property
    def issues(self) -> tuple[str, ...]:
        """Names that may be issues: the suppliers' tariffs."""
        return tuple(s.tariff for s in self.suppliers.values() if isinstance(s.tariff, str))


class Deterrence(Term):
    """Protection by own forces and stationed troops against a threat (ratio contest success)."""

    kind: ClassVar[str] = "deterrence"
    default_domain: ClassVar[str | None] = "security"

    deterrence: Text = Field(description="The troop issue, in thousands.")
    own_forces: NonNegative = Field(description="The region's own forces, thousand equivalents.")
    threat: Positive = Field(description="The threat, thousand troop equivalents.")
    effectiveness: Positive = Field(1.0, description="Own-force equivalents per stationed soldier.")
    decisiveness: Positive = Field(1.0, description="Exponent m of the contest success function.")
    stakes: dict[Text, NonNegative] = Field(
        description="Per player the loss avoided by certain deterrence, USD bn per year."
    )
    spill_in: dict[Text, NonNegative] = Field(
        default={}, description="Troop issues of other regions that also protect this one: share."
    )
    reputation: dict[Text, NonNegative] = Field(
        default={},
        description="Per player the cost of lost credibility with third allies, at c = 0.",
    )
    abandonment: dict[Text, NonNegative] = Field(
        default={}, description="Per player the cost A of fear of abandonment, -A (1 - c) T/T0."
    )
    entrapment: dict[Text, NonNegative] = Field(
        default={}, description="Per player the cost of fear of entrapment, per thousand troops."
    )


class Presence(Term):
    """What stationing costs whoever stations the troops."""

    kind: ClassVar[str] = "presence"
    default_domain: ClassVar[str | None] = "security"

    presence: Text = Field(description="The troop issue, in thousands.")
    player: Text = Field(description="Who stations them.")
    cost: NonNegative = Field(description="USD bn per year and thousand troops.")


class Transfer(Term):
    """A payment from one player to another."""

    kind: ClassVar[str] = "transfer"
    default_domain: ClassVar[str | None] = "payments"

    transfer: Text = Field(description="The payment, an issue in USD bn per year.")
    from_: Text = Field(alias="from", description="Who pays.")
    to: Text = Field(description="Who is paid.")
    premium: NonNegative = Field(1.0, description="Political worth mu of a dollar to who is paid.")
    paying_cost: NonNegative = Field(
        0.0,
        description="Domestic political cost kappa of paying more than the reference: "
        "kappa (z - reference)^2, USD bn.",
    )
    reference: Number | None = Field(
        None, description="Payment that is taken for granted at home; the status quo unless given."
    )


class Concession(Term):
    """Something that one player grants and another enjoys: market access, investment, purchases."""

    kind: ClassVar[str] = "concession"

    concession: Text = Field(description="The issue, at least 0.")
    from_: Text = Field(alias="from", description="Who grants it.")
    to: Text = Field(description="Who enjoys it.")
    cost: NonNegative = Field(description="a of the giver's cost a z^alpha, USD bn per year.")
    cost_power: AtLeastOne = Field(1.0, description="alpha, at least 1.")
    benefit: NonNegative = Field(
        description="b of the receiver's benefit b z^beta, USD bn per year."
    )
    benefit_power: Unit = Field(1.0, description="beta, above 0, at most 1.")


class Parity(Term):
    """Two settlements compared with each other: -parity (x_a - x_b)^2."""

    kind: ClassVar[str] = "precedent"

    precedent: Pair = Field(description="The two issues that are compared.")
    parity: NonNegative = Field(description="Cost of a difference of 1, squared.")
    players: tuple[Text, ...] = Field(description="Who minds the difference.")


class Precedent(Term):
    """What a settlement is worth as an example to others: push (x - reference)."""

    kind: ClassVar[str] = "precedent"

    precedent: Text = Field(description="The issue that sets the example.")
    push: Number = Field(description="Worth of one unit more; negative if the example hurts.")
    player: Text = Field(description="Whose it is.")
    reference: Number | None = Field(None, description="The status quo unless given.")


class _Weighted(Term):
    weights: dict[Text, Number] = Field(description="Weight per player; others are indifferent.")


class Linear(_Weighted):
    """w (x - reference)."""

    kind: ClassVar[str] = "linear"

    linear: Text = Field(description="The issue.")
    reference: Number = Field(0.0, description="Where the payoff is 0.")


class Power(_Weighted):
    """w x^exponent, for issues that are never negative."""

    kind: ClassVar[str] = "power"

    power: Text = Field(description="The issue, at least 0.")
    exponent: Positive = Field(description="Above 0; below 1 is concave.")


class Exponential(_Weighted):
    """w exp(rate x)."""

    kind: ClassVar[str] = "exponential"

    exponential: Text = Field(description="The issue.")
    rate: Number = Field(description="Growth per unit of the issue.")


class QuadraticLoss(Term):
    """-w (x - ideal)^2: the spatial model."""

    kind: ClassVar[str] = "quadratic_loss"

    quadratic_loss: Text = Field(description="The issue.")
    weights: dict[Text, NonNegative] = Field(description="Weight per player, at least 0.")
    ideals: dict[Text, Number] = Field(description="Ideal point per player.")


class Logistic(_Weighted):
    """w / (1 + exp(-steepness (x - midpoint)))."""

    kind: ClassVar[str] = "logistic"

    logistic: Text = Field(description="The issue.")
    midpoint: Number = Field(description="Where half of the weight is reached.")
    steepness: Number = Field(description="Per unit of the issue.")


def _point(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fault(f"must be a point [x, y], not {shown(value)}")
    return value


class Piecewise(Term):
    """A monotone cubic through points, USD bn per year."""

    kind: ClassVar[str] = "piecewise"

    piecewise: Text = Field(description="The issue.")
    points: dict[Text, tuple[Annotated[tuple[Plain, Number], BeforeValidator(_point)], ...]] = (
        Field(description="Per player two or more points [x, payoff], x rising.")
    )


class Interaction(_Weighted):
    """w x_a x_b: two issues that are worth more, or less, together."""

    kind: ClassVar[str] = "interaction"

    interaction: Annotated[Pair, BeforeValidator(pair)] = Field(description="The two issues.")
