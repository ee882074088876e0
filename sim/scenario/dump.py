"""A scenario as one YAML file, or as its starter template."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from sim.scenario.models import Scenario

__all__ = ["to_yaml"]


def to_yaml(scenario: Scenario) -> str:
    """Return the resolved scenario as YAML, defaults left out; it reads back as the same."""
    data = scenario.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None  # short lists and mappings on one line
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 110
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()
