"""NUMBER: a literal, the name of a parameter, or an inline distribution, within bounds.

Every number of a scenario file is one of these. Bounds are checked for literals and inline
distributions when they are read, for named parameters when the whole file is known: every possible
draw must keep them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from sim.scenario.distributions import (
    FAMILIES,
    LARGEST,
    TRUNCATION,
    Distribution,
    DistributionError,
)
from sim.scenario.names import shown

__all__ = [
    "DISTRIBUTION",
    "AboveMinusOne",
    "AboveOne",
    "AtLeastOne",
    "Bounds",
    "Discount",
    "Inline",
    "NonNegative",
    "Number",
    "NumberSpec",
    "ParameterName",
    "Plain",
    "Positive",
    "Probability",
    "Unit",
    "fault",
]


def fault(message: str, *loc: str | int, value: object = None) -> ValidationError:
    """Return a validation error with one message at a relative place.

    Raised inside a validator, it keeps its place below the field that is being validated.
    """
    error = PydanticCustomError("scenario", message)
    return ValidationError.from_exception_data(
        "scenario", [InitErrorDetails(type=error, loc=loc, input=value)]
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """The interval that every draw of a number must lie in; an open end is not allowed itself."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __str__(self) -> str:
        """Return `above 0 and at most 1`."""
        parts = []
        if math.isfinite(self.low):
            parts.append(f"{'above' if self.low_open else 'at least'} {self.low:g}")
        if math.isfinite(self.high):
            parts.append(f"{'below' if self.high_open else 'at most'} {self.high:g}")
        return " and ".join(parts) or "any number"

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def broken_by(self, distribution: Distribution) -> str:
        """Return what is wrong with a distribution, or nothing."""
        low, high = distribution.support
        attained = distribution.discrete
        below = low < self.low or (attained and self.low_open and low == self.low)
        above = high > self.high or (attained and self.high_open and high == self.high)
        if not below and not above:
            return ""
        end, side = (low, "lower") if below else (high, "upper")
        reach = f"reaches {end:g}" if math.isfinite(end) else f"has no {side} end"
        cuts = [f"min: {self.low:g}"] if below else []
        cuts += [f"max: {self.high:g}"] if above else []
        overlap = max(low, self.low) < min(high, self.high)
        remedy = f"; cut it off with {' and '.join(cuts)}" if overlap and not attained else ""
        return f"must be {self}, but {distribution} {reach}{remedy}"


class ParameterName(str):
    """The name of a parameter where a number is wanted; keeps the bounds of that place.

    Attributes
    ----------
    bounds : Bounds
    """

    bounds: Bounds

    def __new__(cls, name: str, bounds: Bounds | None = None) -> ParameterName:
        """Return the name with its bounds, any number unless given."""
        made = super().__new__(cls, name)
        made.bounds = bounds or Bounds()
        return made

    def __reduce__(self) -> tuple[type[ParameterName], tuple[str, Bounds]]:
        return ParameterName, (str(self), self.bounds)


@dataclass(frozen=True)
class Inline:
    """A distribution written where the number stands.

    Parameters
    ----------
    distribution : Distribution
    name : str
        The path of the place, `payoffs.us_cars.size`: under it the draws go. Set when the file is
        read.
    """

    distribution: Distribution
    name: str = ""


DISTRIBUTION = {"title": "Distribution"}
"""Stands in the JSON Schema of a block where that of the distributions belongs."""
NumberSpec = float | ParameterName | Inline
"""What a NUMBER is once read."""


def read_number(value: object, bounds: Bounds) -> NumberSpec:
    """Return the number that a file's value stands for.

    Raises
    ------
    pydantic.ValidationError
        With the place inside an inline distribution.
    """
    if isinstance(value, Inline):
        return value
    if isinstance(value, str):
        return ParameterName(_name(value), bounds)
    if isinstance(value, Mapping):
        return Inline(_distribution(value, bounds))
    if isinstance(value, bool) or not isinstance(value, int | float):
        wanted = "a number, the name of a parameter, or a distribution such as {uniform: [0, 1]}"
        raise fault(f"must be {wanted}, not {shown(value)}", value=value)
    if not abs(value) <= LARGEST:
        raise fault(f"must be finite and at most {LARGEST:g} in size, not {shown(value)}")
    if not bounds.holds(value):
        raise fault(f"must be {bounds}, not {value:g}")
    return float(value)


def _name(value: str) -> str:
    if not value.strip():
        raise fault("must be a number, the name of a parameter, or a distribution, not empty text")
    try:
        finite = math.isfinite(float(value))
    except ValueError:
        return value
    if not finite:
        raise fault(f"must be a finite number, not {value.strip()}")
    raise fault(f"is text that reads like a number: write {value.strip()} without quotes")


def _distribution(value: Mapping[object, object], bounds: Bounds) -> Distribution:
    if len(value) != 1:
        cut = next((family for family in FAMILIES if family in value), None)
        if cut is not None and set(value) <= {cut, *TRUNCATION}:
            raise fault(f"min and max stand within the distribution: {{{cut}: {{..., min: 0}}}}")
        raise fault(
            "must be a number, the name of a parameter, or one distribution such as "
            f"{{uniform: [0, 1]}}, not a mapping of {len(value)} keys"
        )
    family, parameters = next(iter(value.items()))
    try:
        found = Distribution.of(str(family), parameters)  # type: ignore[arg-type]
    except DistributionError as error:
        inside = () if family not in FAMILIES else error.path
        raise fault(error.message, str(family), *inside) from None
    wrong = bounds.broken_by(found)
    if wrong:
        raise fault(wrong)
    return found


class _NumberType:
    """Annotation that makes a field a NUMBER within bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: read_number(value, self.bounds),
            serialization=core_schema.plain_serializer_function_ser_schema(write_number),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        literal: dict[str, Any] = {"type": "number"}
        if math.isfinite(self.bounds.low):
            literal["exclusiveMinimum" if self.bounds.low_open else "minimum"] = self.bounds.low
        if math.isfinite(self.bounds.high):
            literal["exclusiveMaximum" if self.bounds.high_open else "maximum"] = self.bounds.high
        name = {"type": "string", "description": "name of a parameter"}
        return {"anyOf": [literal, name, dict(DISTRIBUTION)]}


def write_number(spec: object) -> object:
    """Return a number as a scenario file has it."""
    if isinstance(spec, Inline):
        return spec.distribution.spec()
    return str(spec) if isinstance(spec, str) else spec


def _literal(value: object) -> float:
    found = read_number(value, Bounds())
    if not isinstance(found, float):
        raise fault(f"must be a plain number here, not {shown(value)}")
    return found


Plain = Annotated[float, BeforeValidator(_literal)]
"""A plain number that cannot be uncertain."""
Number = Annotated[NumberSpec, _NumberType(Bounds())]
"""Any number."""
NonNegative = Annotated[NumberSpec, _NumberType(Bounds(low=0))]
"""At least 0."""
Positive = Annotated[NumberSpec, _NumberType(Bounds(low=0, low_open=True))]
"""Above 0."""
AboveOne = Annotated[NumberSpec, _NumberType(Bounds(low=1, low_open=True))]
"""Above 1."""
AtLeastOne = Annotated[NumberSpec, _NumberType(Bounds(low=1))]
"""At least 1."""
AboveMinusOne = Annotated[NumberSpec, _NumberType(Bounds(low=-1, low_open=True))]
"""Above -1: an ad valorem tariff or subsidy."""
Unit = Annotated[NumberSpec, _NumberType(Bounds(low=0, high=1, low_open=True))]
"""Above 0 and at most 1."""
Probability = Annotated[NumberSpec, _NumberType(Bounds(low=0, high=1))]
"""Between 0 and 1."""
Discount = Annotated[NumberSpec, _NumberType(Bounds(low=0, high=1, high_open=True))]
"""At least 0 and below 1: a discount factor."""
