"""The base of every block of a scenario file: frozen, no unknown keys, errors that teach."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from sim.scenario.names import listed, nearest, shown
from sim.scenario.numbers import fault

__all__ = ["Block", "Flag", "Name", "Text", "Whole"]

_NAME = re.compile(r"[^\W\d][\w-]*")


def _name(value: object) -> object:
    if isinstance(value, str) and not _NAME.fullmatch(value):
        raise fault(
            f"{shown(value)} is no name: a letter first, then letters, digits, '_' and '-'",
            value=value,
        )
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise fault(f"must be text, not {shown(value)}; put it in quotes", value=value)
    return value


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 1e4 draws
    if isinstance(value, bool) or not isinstance(value, int):
        raise fault(f"must be a whole number, not {shown(value)}", value=value)
    return value


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise fault(f"must be true or false, not {shown(value)}", value=value)
    return value


Text = Annotated[str, BeforeValidator(_text)]
"""Any text."""
Name = Annotated[
    str, BeforeValidator(_text), AfterValidator(_name), Field(pattern=r"^[^\W\d][\w-]*$")
]
"""A name: a letter first, then letters, digits, `_` and `-`."""
Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number."""
Flag = Annotated[bool, BeforeValidator(_flag)]
"""true or false."""


# Kinds of errors of limits, and whose place is a key instead of a value.
_LIMITS = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}
_KINDS = {"missing": "scenario_missing", "extra_forbidden": "scenario_key"}


class Block(BaseModel):
    """A mapping of a scenario file with a fixed set of keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _teach(cls, value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            lines = [_line(detail, cls) for detail in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, lines) from None


def _line(detail: ErrorDetails, block: type[Block]) -> InitErrorDetails:
    """Return an error in the words of a scenario file, at the same place."""
    if detail["type"].startswith("scenario"):  # already in these words, by an inner block
        kind, message = detail["type"], detail["msg"]
    else:
        kind = _KINDS.get(detail["type"], "scenario")
        message = _words(detail, block)
    custom = PydanticCustomError(kind, message)
    return InitErrorDetails(type=custom, loc=detail["loc"], input=detail["input"])


def _fields(block: type[Block]) -> list[tuple[str, FieldInfo]]:
    return list(block.model_fields.items())


def _words(detail: ErrorDetails, block: type[Block]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    names = [field.alias or name for name, field in _fields(block)]
    if kind == "extra_forbidden":
        key = detail["loc"][-1] if detail["loc"] else ""
        return f"unknown key{nearest(key, names)}; allowed: {listed(names, most=30)}"
    if kind == "missing":
        about = {field.alias or name: field.description for name, field in _fields(block)}
        return f"is missing: {about.get(str(detail['loc'][-1])) or 'it must be given'}"
    if kind in {"model_type", "model_attributes_type"}:
        return f"must be a mapping with {listed(names, most=30)}, not {shown(detail['input'])}"
    if kind == "dict_type":
        return f"must be a mapping of names, not {shown(detail['input'])}"
    if kind in {"tuple_type", "list_type"}:
        return f"must be a list, not {shown(detail['input'])}"
    if kind == "literal_error":
        allowed = [part.strip(" '") for part in re.split(r",| or ", str(context["expected"]))]
        near = nearest(detail["input"], allowed) if isinstance(detail["input"], str) else ""
        return f"must be one of {', '.join(allowed)}, not {shown(detail['input'])}{near}"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"must be {words} {context[name]}, not {shown(detail['input'])}"
    if kind.startswith("date"):
        return f"must be a date such as 2025-04-17, not {shown(detail['input'])}"
    return f"{detail['msg']}, not {shown(detail['input'])}"
