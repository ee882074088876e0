"""Results from the literature, each computed through public functions.

`SOLVERS` maps the id of a result in `tests/data/published.toml` to a function from its
inputs to what was expected, under the same names. Every module of this package registers
its own by `@solves(id)`; a new module needs no further mention.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "published.toml"
STANDARD_ERRORS = 4.0

Inputs = Mapping[str, Any]
Answers = Mapping[str, Any]
SOLVERS: dict[str, Callable[[Inputs], Answers]] = {}


@dataclass(frozen=True)
class Estimate:
    """Monte Carlo estimates and their standard errors, numbers or arrays."""

    mean: float | np.ndarray
    error: float | np.ndarray


@dataclass(frozen=True)
class Band:
    """A range that a published order of magnitude must lie in."""

    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """One result of the data file."""

    id: str
    reference: str
    kind: str
    claim: str
    tolerance: float
    inputs: Inputs
    expected: Answers
    wrong: Answers = field(default_factory=dict)


def solves(*ids: str):
    """Register a function as the solver of results."""

    def register(solver: Callable[[Inputs], Answers]) -> Callable[[Inputs], Answers]:
        for name in ids:
            if name in SOLVERS:
                raise ValueError(f"{name} has two solvers")
            SOLVERS[name] = solver
        return solver

    return register


def results() -> list[Result]:
    """Return every result of the data file, in its order."""
    with DATA.open("rb") as file:
        return [Result(**row) for row in tomllib.load(file)["result"]]


def error(computed: object, expected: object, result: Result) -> float:
    """Return by how much an answer misses, in units of what is tolerated: at most 1 passes."""
    if isinstance(computed, Estimate):
        off = np.abs(np.asarray(computed.mean) - np.asarray(expected, dtype=float))
        return float(np.max(off / (STANDARD_ERRORS * np.asarray(computed.error))))
    if isinstance(computed, Band):
        return 0.0 if computed.low <= float(expected) <= computed.high else np.inf
    got, want = np.asarray(computed, dtype=float), np.asarray(expected, dtype=float)
    if got.shape != want.shape:
        raise AssertionError(f"{result.id}: shape {got.shape}, expected {want.shape}")
    miss = np.abs(got - want) / np.maximum(1.0, np.abs(want))
    return float(np.max(np.where(np.isfinite(got), miss, np.inf)) / result.tolerance)


for _module in pkgutil.iter_modules(__path__):
    if _module.name == "__main__":
        continue
    importlib.import_module(f"{__name__}.{_module.name}")
