"""Any Python function of the outcome as a term; its derivatives are taken numerically."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sim.errors import PayoffError
from sim.payoffs.terms import (
    Component,
    FloatArray,
    Row,
    Rows,
    TermEvaluation,
    parameter,
)

__all__ = ["CustomKernel", "CustomTerm"]

Function: TypeAlias = Callable[..., object]

# Steps, as a share of the range, that balance truncation against rounding.
FIRST_STEP = float(np.finfo(np.float64).eps ** (1 / 3))
SECOND_STEP = float(np.finfo(np.float64).eps ** (1 / 4))


@dataclass(frozen=True, slots=True)
class CustomTerm:
    """A payoff given by a Python function.

    Derivatives are central differences with steps in proportion to the issue's range. Next to a
    bound the three points move inside and the parabola through them is followed to the bound: the
    function is never called outside [lower, upper]. It should be twice differentiable; where
    it has a kink the solvers' certificate will say so.

    Parameters
    ----------
    function : callable
        function(x, *parameters) with x (B, k), one column an issue, and parameters of shape (B,)
        or floats; returns (B, n), one column a player, or (B,) if there is one. Row b may
        depend on row b of x and of the parameters only.
    players : tuple of int
    issues : tuple of int
    name, domain : str
    lower, upper : tuple of float, optional
        The issues' ranges. Default: unbounded with unit width.
    parameters : tuple of float or (B,)
        What differs between draws has to be handed over here, so that a solver can work on some
        of the draws.

    Raises
    ------
    PayoffError
        If positions repeat, bounds are upside down, or the function returns what is no payoff.
    """

    function: Function
    players: tuple[int, ...]
    issues: tuple[int, ...]
    name: str = "custom"
    domain: str = "other"
    lower: tuple[float, ...] | None = None
    upper: tuple[float, ...] | None = None
    parameters: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        label = f"custom term {self.name}"
        for what, places in (("player", self.players), ("issue", self.issues)):
            if not places or len(set(places)) != len(places):
                raise PayoffError(f"{label}: each {what} once, at least one, got {places}")
            names = [place for place in places if isinstance(place, str)]
            if names:
                raise PayoffError(
                    f"{label}: {what} {names[0]!r} must be given by its position in the scenario's "
                    f"order, 0 for the first"
                )
        checked = tuple(
            parameter(p, f"{label}: parameter {n}") for n, p in enumerate(self.parameters)
        )
        object.__setattr__(self, "parameters", checked)
        lower, upper = self.lower, self.upper
        if (lower is None) != (upper is None):
            raise PayoffError(f"{label}: give both bounds or none")
        if lower is not None and upper is not None:
            same = len(lower) == len(upper) == len(self.issues)
            if not same or any(not a <= b for a, b in zip(lower, upper, strict=True)):
                raise PayoffError(f"{label}: one lower bound <= upper bound for each issue")

    def components(self, x: Rows) -> list[Component]:
        """Return one component a player."""
        values = call(self, [x[i] for i in self.issues])
        return [
            Component(p, self.domain, self.name, 1.0, value)
            for p, value in zip(self.players, values, strict=True)
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> CustomKernel | None:
        """Return the function of the table's issues; see `Term.bind`."""
        if not any(p in players for p in self.players):
            return None
        return CustomKernel(
            term=self,
            columns=tuple(issues.get(i, fixed[i]) for i in self.issues),
            accounts=tuple(players.get(p) for p in self.players),
        )


@dataclass(frozen=True, slots=True)
class CustomKernel:
    """A custom term at a table; made by `CustomTerm.bind`.

    Attributes
    ----------
    term : CustomTerm
    columns : tuple of int or (B,)
        For each of the term's issues its position at the table, or where it stays.
    accounts : tuple of int or None
        Position at the table of each of the term's players.
    """

    term: CustomTerm
    columns: tuple[int | FloatArray, ...]
    accounts: tuple[int | None, ...]

    @property
    def issues(self) -> tuple[int, ...]:
        """Issues at the table."""
        return tuple(k for k in self.columns if isinstance(k, int))

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and numerical derivatives; see `Kernel.evaluate`."""
        columns = [x[k] if isinstance(k, int) else k for k in self.columns]
        free = [n for n, k in enumerate(self.columns) if isinstance(k, int)]
        out = TermEvaluation([], [], [])
        self._append(out.value, (), call(self.term, columns))
        if order >= 1:
            for n in free:
                self._append(out.gradient, (n,), self._slope(columns, n))
        if order >= 2:
            self._hessian(out, columns, free)
        return out

    def _append(self, out: list, where: tuple[int, ...], values: FloatArray) -> None:  # type: ignore[type-arg]
        places = sorted(k for n in where if isinstance(k := self.columns[n], int))
        out += [
            (player, *places, value)
            for player, value in zip(self.accounts, values, strict=True)
            if player is not None
        ]

    def _steps(self, x: FloatArray, n: int, share: float) -> tuple[FloatArray, float]:
        """Return a centre whose neighbours are in range, and the step."""
        lower, upper = self.term.lower, self.term.upper
        if lower is None or upper is None or lower[n] == upper[n]:
            return x, share
        step = share * (upper[n] - lower[n])
        return np.clip(x, lower[n] + step, upper[n] - step), step

    def _slope(self, columns: list[FloatArray], n: int) -> FloatArray:
        centre, step = self._steps(columns[n], n, FIRST_STEP)
        above = call(self.term, _moved(columns, {n: centre + step}))
        below = call(self.term, _moved(columns, {n: centre - step}))
        off = columns[n] - centre
        slope = (above - below) / (2.0 * step)
        if not np.any(off):
            return slope
        middle = call(self.term, _moved(columns, {n: centre}))
        return slope + off * (above - 2.0 * middle + below) / (step * step)

    def _hessian(self, out: TermEvaluation, columns: list[FloatArray], free: list[int]) -> None:
        """Append second differences; a pair needs two points more than its members."""
        steps = {n: self._steps(columns[n], n, SECOND_STEP) for n in free}
        home = _moved(columns, {n: centre for n, (centre, _) in steps.items()})
        middle = call(self.term, home)
        up = {n: call(self.term, _moved(home, {n: home[n] + steps[n][1]})) for n in free}
        down = {n: call(self.term, _moved(home, {n: home[n] - steps[n][1]})) for n in free}
        for a, n in enumerate(free):
            h = steps[n][1]
            self._append(out.hessian, (n, n), (up[n] - 2.0 * middle + down[n]) / (h * h))
            for q in free[:a]:
                g = steps[q][1]
                both = call(self.term, _moved(home, {n: home[n] + h, q: home[q] + g}))
                none = call(self.term, _moved(home, {n: home[n] - h, q: home[q] - g}))
                single = up[n] + up[q] + down[n] + down[q]
                cross = (both - single + 2.0 * middle + none) / (2.0 * h * g)
                self._append(out.hessian, (n, q), cross)


def _moved(columns: list[FloatArray], changes: Mapping[int, FloatArray]) -> list[FloatArray]:
    return [changes.get(n, column) for n, column in enumerate(columns)]


def call(term: CustomTerm, columns: list[FloatArray]) -> FloatArray:
    """Return the function's value (N, B), a player in each row, after checking what came back.

    Raises
    ------
    PayoffError
        If the shape is wrong or a value is not finite.
    """
    x = np.column_stack(np.broadcast_arrays(*columns))
    b, n = len(x), len(term.players)
    value = np.asarray(term.function(x, *term.parameters), dtype=np.float64)
    if value.shape == (b,) and n == 1:
        value = value[:, None]
    if value.shape != (b, n):
        raise PayoffError(
            f"custom term {term.name}: the function must return shape ({b}, {n}), one row a draw "
            f"and one column a player, got {value.shape}"
        )
    if not np.all(np.isfinite(value)):
        row = int(np.argmin(np.isfinite(value).all(axis=1)))
        unbounded = "; give lower and upper, to be asked within them only"
        raise PayoffError(
            f"custom term {term.name}: the function returned a value not finite at "
            f"{[float(v) for v in x[row]]}{unbounded if term.lower is None else ''}"
        )
    return np.ascontiguousarray(value.T)
