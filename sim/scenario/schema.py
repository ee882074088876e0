"""The JSON Schema of scenario files, for editors that complete and check while one types."""

from __future__ import annotations

import copy
from typing import Any

from sim.scenario.distributions import FAMILIES, TRUNCATION
from sim.scenario.families import Family
from sim.scenario.models import Scenario
from sim.scenario.numbers import DISTRIBUTION

__all__ = ["json_schema"]

_EXTENDS = {
    "type": "string",
    "description": "Another scenario file, relative to this one. What stands here is laid over it: "
    "mappings merge key by key, lists and distributions replace, null removes a key.",
}
_SHORT = {"type": "string", "description": "name of a parameter"}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    A file with `extends:` is a variant: every key is optional there, and null removes one.

    Returns
    -------
    dict
        Every field has a description, with its unit and its default.
    """
    whole = _referring(Scenario.model_json_schema(by_alias=True, mode="validation"))
    definitions: dict[str, Any] = whole.pop("$defs")
    definitions["Distribution"] = _distributions()
    short = [{"type": "number"}, _SHORT, {"$ref": "#/$defs/Distribution"}]
    definitions["Parameter"] = {"anyOf": [definitions["Parameter"], *short]}
    definitions["Scenario"] = whole
    variants = {
        f"Variant{name}": _loosened(body)
        for name, body in definitions.items()
        if name != "Distribution"
    }
    variants["VariantScenario"]["properties"]["extends"] = _EXTENDS
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "linkage-sim scenario",
        "description": "A negotiation: who bargains over what, what it is worth, and how.",
        "if": {"type": "object", "required": ["extends"]},
        "then": {"$ref": "#/$defs/VariantScenario"},
        "else": {"$ref": "#/$defs/Scenario"},
        "$defs": {**definitions, **variants},
    }


def _referring(schema: Any) -> Any:
    """Return the schema with a reference wherever a distribution may stand."""
    if isinstance(schema, list):
        return [_referring(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema == DISTRIBUTION:
        return {"$ref": "#/$defs/Distribution"}
    return {key: _referring(value) for key, value in schema.items()}


def _distributions() -> dict[str, Any]:
    """Return the schema of an inline distribution: one family with its parameters."""
    return {
        "description": "An uncertain number: one distribution with its parameters.",
        "oneOf": [
            {
                "type": "object",
                "description": f"{family.summary} (scipy.stats.{family.scipy})",
                "properties": {name: {"anyOf": _forms(family)}},
                "required": [name],
                "additionalProperties": False,
            }
            for name, family in FAMILIES.items()
        ],
    }


def _forms(family: Family) -> list[dict[str, Any]]:
    number: dict[str, Any] = {"type": "number"}
    if family.name == "choice":
        number = {"type": "array", "items": {"type": "number"}, "minItems": 1}
    ends = {} if family.discrete else TRUNCATION
    found: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": {
                **{key: {**number, "description": text} for key, text in form.items()},
                **{key: {"type": "number", "description": text} for key, text in ends.items()},
            },
            "required": [key for key in form if key not in family.optional],
            "additionalProperties": False,
        }
        for form in family.forms
    ]
    if family.listed:
        size = len(family.forms[0])
        names = ", ".join(family.forms[0])
        listed = {"type": "array", "items": number, "minItems": size, "maxItems": size}
        found.append({**listed, "description": f"[{names}]"})
    return found


def _loosened(schema: Any) -> Any:
    """Return a schema in which nothing is required and null is allowed: that of a variant."""
    if isinstance(schema, list):
        return [_loosened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _loosened(value) for key, value in schema.items() if key != "required"}
    if isinstance(schema.get("required"), dict):  # a property of that name, not the keyword
        found["required"] = _loosened(schema["required"])
    reference = found.get("$ref")
    if isinstance(reference, str) and not reference.endswith("/Distribution"):
        found["$ref"] = reference.replace("#/$defs/", "#/$defs/Variant")
    if isinstance(schema.get("properties"), dict):
        found["properties"] = {k: _nullable(v) for k, v in found["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _nullable(found["additionalProperties"])
    return copy.deepcopy(found)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {k: schema[k] for k in ("description", "default") if k in schema}
    found["anyOf"] = [schema, {"type": "null"}]
    return found
