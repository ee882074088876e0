"""The data of a scenario as one YAML file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

from ruamel.yaml import YAML

__all__ = ["digest", "to_yaml"]


def to_yaml(data: Mapping[str, object]) -> str:
    """Return a scenario's data as YAML, in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None  # short lists and mappings on one line
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 110
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def digest(text: str) -> str:
    """Return the hash of a scenario's text from `to_yaml`."""
    return hashlib.sha256(text.encode()).hexdigest()
