"""Equilibria without a bargaining table: normal-form games, offers, threats, coalitions.

Everything here works on bare arrays, draws first. The public names are those that the stub beside
this file imports. They are loaded when they are first used: importing this package loads neither
SciPy nor nashpy.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path


def _homes() -> dict[str, str]:
    """Return the module of every public name, as the stub says."""
    tree = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


_HOMES = _homes()
__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    """Load a public name from its module the first time it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names beside what is loaded."""
    return sorted({*globals(), *_HOMES})
