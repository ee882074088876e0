"""z^β and its derivatives, the way every term with a power takes them.

For β < 1 the slope at 0 is infinite. The value is exact, with 0^β = 0; only the derivatives are
taken at max(z, 10⁻⁹ of the issue's range), so that a solver can start at 0 without being misled.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import PayoffError
from sim.payoffs.terms import FloatArray, Row

__all__ = ["FLOOR", "Base", "base", "power"]

FLOOR = 1e-9


class Base(NamedTuple):
    """z ready for several powers: they share one logarithm and one reciprocal.

    Attributes
    ----------
    z : (B,)
        The issue, at least 0.
    log, inverse : (B,)
        ln and 1/z at max(z, floor).
    low : (B,) bool, or None
        What was below the floor; None if nothing was.
    """

    z: FloatArray
    log: FloatArray
    inverse: FloatArray
    low: NDArray[np.bool_] | None


def base(z: FloatArray, *, width: float, name: str, derivatives: bool) -> Base:
    """Return `z` ready for `power`.

    Parameters
    ----------
    z : (B,)
    width : float
        Width of the issue's range; the floor for derivatives is 10⁻⁹ of it, or 10⁻⁹ if the range
        is a point.
    name : str
        Term, for the message.
    derivatives : bool
        Whether derivatives will be asked for.

    Raises
    ------
    PayoffError
        If z is negative beyond rounding.
    """
    floor = FLOOR * (width if width > 0.0 else 1.0)
    least = float(z.min()) if z.size else floor
    if least < -floor:
        raise PayoffError(f"{name}: a power needs an issue >= 0, got {least:g}")
    low = z < floor if least < floor else None
    clamped = z if low is None else np.maximum(z, floor)
    return Base(
        z=z if low is None else np.maximum(z, 0.0),
        log=np.log(clamped),
        inverse=1.0 / clamped if derivatives else clamped,
        low=low,
    )


def power(
    z: Base, exponent: Row, *, scale: Row, order: int
) -> tuple[FloatArray, Row | None, Row | None]:
    """Return scale · z^exponent and its first and second derivative (None above `order`).

    Parameters
    ----------
    z : Base
    exponent : float or (B,)
        Above 0.
    scale : float or (B,)
    order : int
    """
    if isinstance(exponent, float) and exponent in {1.0, 2.0}:
        return _polynomial(z, exponent, scale, order)
    bent = exponent * z.log
    np.exp(bent, out=bent)
    bent *= scale
    value = bent
    if z.low is not None:
        # Between 0 and the floor the value is exact; at 0 it is exactly 0. Draws above the floor
        # keep their value to the last bit, whatever the others do.
        value = np.where(z.low, scale * np.power(z.z, exponent), bent)
    if order < 1:
        return value, None, None
    first = bent * z.inverse
    first *= exponent
    if order < 2:
        return value, first, None
    second = first * z.inverse
    second *= exponent - 1.0
    return value, first, second


def _polynomial(
    z: Base, exponent: float, scale: Row, order: int
) -> tuple[FloatArray, Row | None, Row | None]:
    """Return the linear and the quadratic case, which need no transcendental function."""
    linear = scale * z.z
    if exponent == 1.0:
        return linear, (scale if order >= 1 else None), None
    value = linear * z.z
    if order < 1:
        return value, None, None
    linear *= 2.0
    return value, linear, (2.0 * scale if order >= 2 else None)
