"""What `--json` prints: one object on stdout, by the book."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

__all__ = ["print_json"]


def print_json(told: object) -> None:
    """Print an object as JSON, which knows no NaN and no infinity: what is not finite is null."""
    print(json.dumps(_finite(told), allow_nan=False, indent=2))  # noqa: T201


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
