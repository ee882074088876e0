"""The starter scenario that `sim new` writes: small, commented, and it runs."""

from __future__ import annotations

from importlib import resources

__all__ = ["starter"]


def starter() -> str:
    """Return the text of a commented scenario to start from."""
    return resources.files("sim.scenario").joinpath("starter.yaml").read_text(encoding="utf-8")
