"""Reading the arrays that a user hands to a game: shapes, draws, probabilities.

Every function raises `sim.errors.GameError` and says what is allowed. Draws lead: an array
that every draw shares may be given without the draw axis.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sim.errors import GameError

__all__ = [
    "BoolArray",
    "FloatArray",
    "IntArray",
    "check_probabilities",
    "finite",
    "per_draw",
    "whole",
    "within",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def finite(name: str, value: npt.ArrayLike, *, infinite: bool = False) -> FloatArray:
    """Return `value` as floats; refuse NaN, and infinities unless `infinite`."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GameError(f"{name}: numbers are allowed, got {value!r}") from error
    if np.isnan(array).any():
        raise GameError(f"{name}: NaN is not allowed")
    if not infinite and np.isinf(array).any():
        raise GameError(f"{name}: finite numbers are allowed, got an infinite one")
    return array


def within(
    name: str,
    value: npt.ArrayLike,
    low: float,
    high: float,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> FloatArray:
    """Return `value` as floats in [low, high], or with the ends open where said."""
    array = finite(name, value)
    below = array <= low if open_low else array < low
    above = array >= high if open_high else array > high
    if (below | above).any():
        ends = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        worst = float(array[below | above].flat[0])
        raise GameError(f"{name}: values in {ends} are allowed, got {worst:g}")
    return array


def per_draw(name: str, value: npt.ArrayLike, n_draws: int, tail: tuple[int, ...]) -> FloatArray:
    """Broadcast a float, an array of shape `tail`, or one of shape (B, *tail) to (B, *tail)."""
    array = np.asarray(value, dtype=np.float64)
    shape = (n_draws, *tail)
    if array.ndim == len(shape) - 1 and array.shape == tail:
        return np.broadcast_to(array, shape)
    if array.ndim in (0, len(shape)):
        try:
            return np.broadcast_to(array, shape)
        except ValueError:
            pass
    allowed = f"a number, shape {tail} or shape {shape}" if tail else f"a number or shape {shape}"
    raise GameError(f"{name}: {allowed} is allowed, got shape {array.shape}")


def check_probabilities(name: str, value: npt.ArrayLike) -> FloatArray:
    """Return probabilities whose last axis adds to one (to 1e-9)."""
    array = within(name, value, 0.0, 1.0)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise GameError(f"{name}: one probability for each case is allowed, got none")
    total = array.sum(axis=-1)
    if np.abs(total - 1.0).max() > 1e-9:
        worst = float(total.flat[int(np.abs(total - 1.0).argmax())])
        raise GameError(f"{name}: probabilities that add to 1 are allowed, got a sum of {worst:g}")
    return array


def whole(name: str, value: int, low: int, high: int) -> int:
    """Return a whole number in [low, high]: rounds, starts, points of a grid."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise GameError(f"{name}: a whole number is allowed, got {value!r}")
    if not low <= value <= high:
        raise GameError(f"{name}: {low} to {high} is allowed, got {value}")
    return int(value)
