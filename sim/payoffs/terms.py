"""What a payoff term is: the doors between the terms and the sum that `Payoffs` makes of them.

A *term* is a small frozen dataclass in its own file; it speaks of issues and players by their
position in a `Payoffs`. `bind` turns it into a *kernel*: the same function of the issues of one
table only, everything else folded into constants. Kernels are what the solvers evaluate.

Arrays
------
A row is the value of one issue, or of one parameter, over the draws: shape (B,). A parameter is
a float where it is the same in all draws and a row where it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import PayoffError

__all__ = [
    "Component",
    "Entry",
    "FloatArray",
    "Kernel",
    "Row",
    "Rows",
    "Take",
    "Term",
    "TermEvaluation",
    "draws_of",
    "expm1_ratio",
    "parameter",
    "parameters",
    "positions",
    "row",
    "take",
    "whole",
]

FloatArray: TypeAlias = NDArray[np.float64]
Row: TypeAlias = FloatArray | float
Rows: TypeAlias = Sequence[FloatArray] | FloatArray
Take: TypeAlias = slice | NDArray[np.integer] | NDArray[np.bool_]
Entry: TypeAlias = tuple[int, int, int, Row]

T = TypeVar("T")


class TermEvaluation(NamedTuple):
    """Value and derivatives of one term as lists of what is not structurally zero.

    Attributes
    ----------
    value : list of (player, row)
    gradient : list of (player, issue, row)
        Empty if `order` < 1. Several entries on one position add up.
    hessian : list of (player, issue i, issue j, row)
        i <= j, the symmetric twin is implied; empty if `order` < 2. Several entries add up.
    """

    value: list[tuple[int, Row]]
    gradient: list[tuple[int, int, Row]]
    hessian: list[Entry]


@dataclass(frozen=True, slots=True)
class Component:
    """One part of one player's payoff: payoff = weight * value.

    Parameters
    ----------
    player : int
    domain : str
        security, tariffs, payments or other; what the payoff is reported under.
    component : str
        What it is within the term: consumers, revenue, profits, received, ...
    weight : float or (B,)
        Political weight.
    value : (B,)
        Value at weight 1, in USD bn per year.
    unweighted : float
        Weight in the report without politics: 1, or 0 for what is nothing but a political cost.
    """

    player: int
    domain: str
    component: str
    weight: Row
    value: FloatArray
    unweighted: float = 1.0


class Kernel(Protocol):
    """A term as a function of the issues of one table, in the table's own positions."""

    @property
    def issues(self) -> tuple[int, ...]:
        """Issues that it depends on; its Hessian couples them."""

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value (order 0), gradient (1) and Hessian (2) at `x`, one row an issue."""


class Term(Protocol):
    """A term of the payoffs, in the positions of the whole `Payoffs`."""

    @property
    def name(self) -> str:
        """Name for messages and for `with_credibility`."""

    @property
    def domain(self) -> str:
        """Domain under which its components are reported."""

    @property
    def players(self) -> tuple[int, ...]:
        """Players who get something from it."""

    @property
    def issues(self) -> tuple[int, ...]:
        """Issues that it depends on."""

    def components(self, x: Rows) -> list[Component]:
        """Return the parts of the term; each player's weighted parts sum to its value."""

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> Kernel | None:
        """Return the term at one table, or None if no player there has a part in it.

        Parameters
        ----------
        fixed : rows of all issues
            Where the issues that are not at the table stay.
        issues, players : mapping of int to int
            Position in the `Payoffs` to position at the table, for those at the table. At least
            one of the term's issues is among them.
        """


def parameter(
    value: ArrayLike,
    label: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """Return `value` as a float or a row after checking its domain.

    Raises
    ------
    PayoffError
        If it is not finite, not a number or a row, or outside the domain.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise PayoffError(f"{label} must be a number or one number a draw, got {value!r}") from None
    if array.ndim > 1:
        raise PayoffError(f"{label} must be a number or one number a draw, got {array.shape}")
    if array.size == 0:
        return array
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PayoffError(f"{label} must be finite, got {low if not np.isfinite(low) else high}")
    for bad, words, limit, worst in (
        (above is not None and low <= above, "above", above, low),
        (at_least is not None and low < at_least, "at least", at_least, low),
        (at_most is not None and high > at_most, "at most", at_most, high),
    ):
        if bad:
            raise PayoffError(f"{label} must be {words} {limit:g}, got {worst:g}")
    return float(array) if array.ndim == 0 else np.ascontiguousarray(array)


def parameters(
    value: Mapping[int, ArrayLike], label: str, *, at_least: float | None = None
) -> dict[int, Row]:
    """Return a mapping of players to checked parameters; see `parameter`."""
    return {p: parameter(v, f"{label} of player {p}", at_least=at_least) for p, v in value.items()}


def take(value: T, rows: slice | NDArray[np.integer]) -> T:
    """Return `value` with every row inside it cut to the draws `rows`.

    Walks through frozen dataclasses, tuples and mappings, so that terms and kernels need no code
    of their own for it. What can be called is a user's function and left alone.
    """
    result: Any = value
    kind: Any = type(value)
    if kind in _PLAIN or callable(value):
        return value
    if isinstance(value, np.ndarray):
        if value.ndim:
            result = value[rows] if isinstance(rows, slice) else value.take(rows, axis=0)
    elif names := _rows_in(kind):
        old = [getattr(value, name) for name in names]
        new = [take(item, rows) for item in old]
        if not _same(old, new):
            # Past __init__: what was valid in all draws is valid in some.
            result = object.__new__(kind)
            for name, item in zip(names, new, strict=True):
                object.__setattr__(result, name, item)
    elif isinstance(value, tuple):
        items = tuple([take(item, rows) for item in value])
        result = value if _same(value, items) else items
    elif isinstance(value, Mapping):
        table = {key: take(item, rows) for key, item in value.items()}
        result = value if _same(value.values(), table.values()) else table
    return result  # type: ignore[no-any-return]


_PLAIN = frozenset({float, int, str, bool, type(None)})


@cache
def _rows_in(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass, none of what is not one: they are asked for often."""
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()


def _same(old: Iterable[object], new: Iterable[object]) -> bool:
    """Whether all items are the very same objects."""
    return all(a is b for a, b in zip(old, new, strict=True))


def positions(rows: Take) -> slice | NDArray[np.integer]:
    """Return a selection of draws as a slice or positions."""
    if isinstance(rows, slice):
        return rows
    chosen: NDArray[Any] = np.asarray(rows)
    if not chosen.size:
        return np.zeros(0, dtype=np.intp)  # an empty list has no type of its own
    return np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen


def whole(rows: slice | NDArray[np.integer], n_draws: int) -> bool:
    """Whether a selection is all draws in their order: half of what solvers ask for."""
    if isinstance(rows, slice):
        return rows.indices(n_draws) == (0, n_draws, 1)
    return len(rows) == n_draws and bool((rows == np.arange(n_draws)).all())


def draws_of(value: object) -> set[int]:
    """Return the lengths of all rows inside `value`; see `take`."""
    if callable(value):
        return set()
    if isinstance(value, np.ndarray):
        return {value.size} if value.ndim else set()
    if is_dataclass(value):
        return set().union(*(draws_of(getattr(value, f.name)) for f in fields(value)))
    if isinstance(value, Mapping):
        return set().union(*(draws_of(item) for item in value.values()))
    if isinstance(value, tuple):
        return set().union(*(draws_of(item) for item in value))
    return set()


def row(value: Row) -> FloatArray:
    """Return a parameter or row as an array, 0-d where it is the same in all draws."""
    return np.asarray(value, dtype=np.float64)


def expm1_ratio(z: Row) -> FloatArray:
    """Return expm1(z)/z, 1 at z = 0: smooth across it."""
    z = np.asarray(z, dtype=np.float64)
    safe = np.where(z == 0.0, 1.0, z)
    return np.where(z == 0.0, 1.0, np.expm1(safe) / safe)
