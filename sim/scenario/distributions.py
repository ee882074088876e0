"""Distributions of uncertain numbers: a frozen list by name, vectorised, usable without a scenario.

>>> from sim.scenario.distributions import Distribution
>>> Distribution.of("triangular", [0, 1, 2]).mean
1.0
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import SimError
from sim.scenario.bounded import BOUNDED
from sim.scenario.discrete import DISCRETE, choice_shape
from sim.scenario.families import Family
from sim.scenario.names import nearest, shown
from sim.scenario.tailed import TAILED

__all__ = ["FAMILIES", "LARGEST", "Distribution", "DistributionError"]

FloatArray = NDArray[np.float64]
FAMILIES: dict[str, Family] = {**BOUNDED, **TAILED, **DISCRETE}
LARGEST = 1e12
"""The largest magnitude of any number of a scenario."""
TRUNCATION = {"min": "lowest value that is kept", "max": "highest value that is kept"}
_LEAST_MASS = 1e-6  # a truncation that keeps less is a slip, and would lose digits


class DistributionError(SimError):
    """A distribution with bad parameters.

    Parameters
    ----------
    message : str
        What is wrong, and what is allowed.
    path : tuple of str or int
        The parameter at fault, relative to the distribution.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        self.message = message
        self.path = path
        super().__init__(message)


@dataclass(frozen=True)
class Distribution:
    """A distribution with its parameters, possibly truncated.

    Truncation to [min, max] keeps the shape between: with F the distribution function, quantile u
    of the truncated one is quantile F(min) + u (F(max) − F(min)) of the whole.

    Parameters
    ----------
    family : str
        Name in `FAMILIES`.
    parameters : tuple of pairs
        As given, by name; lists of `choice` as tuples.
    shape : tuple of float
        The standard parameters that the family's functions take.
    minimum, maximum : float
        Ends of the truncation; infinite without one.

    See Also
    --------
    Distribution.of : checks the parameters, and is the way to make one.
    """

    family: str
    parameters: tuple[tuple[str, float | tuple[float, ...]], ...]
    shape: tuple[float, ...]
    minimum: float = -math.inf
    maximum: float = math.inf

    @classmethod
    def of(cls, family: str, parameters: Mapping[str, object] | Sequence[object]) -> Distribution:
        """Return the distribution `family` with `parameters`.

        Parameters
        ----------
        family : str
            Name in `FAMILIES`.
        parameters : mapping or sequence
            By name, or in order where the family allows a list (uniform, loguniform, triangular).
            Continuous families also take `min` and `max`.

        Raises
        ------
        DistributionError
            Naming the parameter, what is wrong and what is allowed.

        Examples
        --------
        >>> Distribution.of("normal", {"mean": 0, "sd": 1, "min": 0}).support
        (0.0, inf)
        """
        known = FAMILIES.get(family)
        if known is None:
            raise DistributionError(
                f"unknown distribution {family!r}{nearest(family, FAMILIES)}; "
                f"allowed: {', '.join(FAMILIES)}"
            )
        given = _named(known, parameters)
        ends = _truncation(given)
        shape = _shape(known, given, listed=not isinstance(parameters, Mapping))
        low, high = ends.get("min", -math.inf), ends.get("max", math.inf)
        made = cls(family, tuple(given.items()), shape, low, high)
        made._probe(ends)
        return made

    @property
    def _kind(self) -> Family:
        return FAMILIES[self.family]

    @property
    def discrete(self) -> bool:
        """Whether only separate values are possible."""
        return self._kind.discrete

    @property
    def support(self) -> tuple[float, float]:
        """The lowest and the highest possible value."""
        low, high = self._kind.support(self.shape)
        return max(low, self.minimum), min(high, self.maximum)

    @property
    def _tails(self) -> tuple[float, float]:
        low, high = self.support
        whole = self._kind.support(self.shape)
        return (
            self._kind.cdf(low, self.shape) if low > whole[0] else 0.0,
            self._kind.cdf(high, self.shape) if high < whole[1] else 1.0,
        )

    @property
    def mean(self) -> float:
        """The expectation."""
        low, high = self.support
        below, above = self._tails
        if not self.discrete and (below, above) != (0.0, 1.0):
            upper = self._kind.partial(high, self.shape)
            part = upper - self._kind.partial(low, self.shape)
            return min(max(part / (above - below), low), high)
        return self._kind.partial(math.inf if math.isinf(high) else high, self.shape)

    def ppf(self, u: ArrayLike) -> FloatArray:
        """Return quantiles.

        Parameters
        ----------
        u : array_like
            Probabilities in [0, 1]; where the support is unbounded, 0 and 1 give infinities.

        Returns
        -------
        array of the shape of `u`
        """
        u = np.asarray(u, dtype=float)
        below, above = self._tails
        inner = u if (below, above) == (0.0, 1.0) else below + u * (above - below)
        values = np.asarray(self._kind.ppf(inner, self.shape), dtype=float)
        return np.asarray(np.clip(values, *self.support), dtype=float)

    def cdf(self, x: float) -> float:
        """Return the probability of values up to `x`."""
        low, high = self.support
        if x < low or x >= high:
            return 0.0 if x < low else 1.0
        below, above = self._tails
        return (self._kind.cdf(x, self.shape) - below) / (above - below)

    def spec(self) -> dict[str, object]:
        """Return the distribution as a scenario file has it."""
        inner: dict[str, object] = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self.parameters
        }
        if math.isfinite(self.minimum):
            inner["min"] = self.minimum
        if math.isfinite(self.maximum):
            inner["max"] = self.maximum
        if self._kind.listed and list(inner) == list(self._kind.forms[0]):
            return {self.family: list(inner.values())}
        return {self.family: inner}

    def __str__(self) -> str:
        """Return `triangular(low 0.5, mode 0.7, high 1)`."""
        inner = [f"{key} {_text(value)}" for key, value in self.parameters]
        inner += [f"min {self.minimum:g}"] if math.isfinite(self.minimum) else []
        inner += [f"max {self.maximum:g}"] if math.isfinite(self.maximum) else []
        return f"{self.family}({', '.join(inner)})"

    def _probe(self, ends: Mapping[str, float]) -> None:
        """Refuse a truncation that keeps nothing, and parameters beyond what floats carry."""
        low, high = self.support
        try:
            below, above = self._tails
            with np.errstate(all="ignore"):
                probe = self.ppf(np.array([1e-9, 0.25, 0.5, 0.75, 1 - 1e-9]))
            mean = self.mean if above > below else math.nan
        except (ArithmeticError, ValueError):
            below, above, probe, mean = 0.0, 1.0, np.array([math.nan]), math.nan
        if ends and (low >= high or above - below < _LEAST_MASS):
            raise DistributionError(
                f"keeps almost nothing of {self.family}: the range between min and max has "
                f"probability {max(above - below, 0.0):.2g}, at least {_LEAST_MASS:g} is needed",
                (next(iter(ends)),),
            )
        fine = np.isfinite(probe).all() and np.abs(probe).max() <= LARGEST**2
        if not fine or (np.diff(probe) < 0).any() or not low <= mean <= high:
            raise DistributionError(f"parameters of {self.family} too extreme to be computed with")


def _text(value: float | tuple[float, ...]) -> str:
    return f"{value:g}" if isinstance(value, float) else "/".join(f"{v:g}" for v in value)


def _named(family: Family, parameters: object) -> dict[str, float | tuple[float, ...]]:
    """Return the parameters by name, each a float or, for `choice`, a tuple of floats."""
    first = list(family.forms[0])
    if isinstance(parameters, Mapping):
        pairs = [(key, key, value) for key, value in parameters.items()]
    elif isinstance(parameters, Sequence) and not isinstance(parameters, str) and family.listed:
        if len(parameters) != len(first):
            raise DistributionError(
                f"{family.name} takes {len(first)} numbers [{', '.join(first)}], "
                f"not {len(parameters)}"
            )
        pairs = [(name, i, v) for i, (name, v) in enumerate(zip(first, parameters, strict=True))]
    else:
        raise DistributionError(f"parameters of {family.name} must be given as {_usage(family)}")
    _check_names(family, [name for name, _, _ in pairs])
    return {name: _value(value, place, family) for name, place, value in pairs}


def _usage(family: Family) -> str:
    listed = [f"[{', '.join(family.forms[0])}]"] if family.listed else []
    forms = [[name for name in form if name not in family.optional] for form in family.forms]
    optional = [name for name in family.forms[0] if name in family.optional]
    also = f", optionally {', '.join(optional)}" if optional else ""
    return " or ".join(listed + [f"{{{', '.join(form)}}}" for form in forms]) + also


def _check_names(family: Family, names: list[object]) -> None:
    extra = set() if family.discrete else set(TRUNCATION)
    known = {name for form in family.forms for name in form} | extra
    for name in names:
        if name not in known:
            raise DistributionError(
                f"{family.name} has no parameter {name!r}{nearest(name, known)}; "
                f"allowed: {_usage(family)}" + (", and min, max" if extra else ""),
                (str(name),),
            )
    given = set(names) - extra
    if not any(set(form) - family.optional <= given <= set(form) for form in family.forms):
        raise DistributionError(
            f"{family.name} needs {_usage(family)}, not {{{', '.join(map(str, names))}}}"
        )


def _value(value: object, place: str | int, family: Family) -> float | tuple[float, ...]:
    if family.name == "choice":
        if isinstance(value, Mapping | str) or not isinstance(value, Sequence):
            raise DistributionError("must be a list of numbers", (place,))
        return tuple(_number(v, (place, i)) for i, v in enumerate(value))
    return _number(value, (place,))


def _number(value: object, path: tuple[str | int, ...]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        raise DistributionError(f"must be a number, not {shown(value)}", path)
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not abs(number) <= LARGEST:  # NaN fails too
        raise DistributionError(f"must be finite and at most {LARGEST:g} in size", path)
    return number


def _shape(
    family: Family, given: Mapping[str, float | tuple[float, ...]], *, listed: bool
) -> tuple[float, ...]:
    try:
        if family.name == "choice":
            lists = {k: v for k, v in given.items() if isinstance(v, tuple)}
            return choice_shape(lists["values"], lists.get("probabilities"))
        return family.standardise({k: v for k, v in given.items() if isinstance(v, float)})
    except ValueError as error:
        if len(error.args) == 2:
            name, wrong = error.args
            order = list(family.forms[0])
            where = (order.index(name) if listed else name,) if name in given else ()
            raise DistributionError(f"{name} {wrong}", where) from None
        raise DistributionError(f"parameters of {family.name} too extreme") from None
    except ArithmeticError:
        raise DistributionError(f"parameters of {family.name} too extreme") from None


def _truncation(given: dict[str, float | tuple[float, ...]]) -> dict[str, float]:
    """Take the truncation out of the parameters."""
    taken = {key: given.pop(key) for key in TRUNCATION if key in given}
    found: dict[str, float] = {k: end for k, end in taken.items() if isinstance(end, float)}
    low, high = found.get("min", -math.inf), found.get("max", math.inf)
    if low >= high:
        raise DistributionError(f"max must be above min, which is {low:g}", ("max",))
    return found
