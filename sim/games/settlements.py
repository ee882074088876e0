"""Transfers that both sides prefer to a breakdown, and why there may be none.

A settlement is a number t, such as a payment, in [lower, upper]; u_i(t) is what it is worth to
each of two parties, d_i what a breakdown is. With the payoffs of a prize that is divided and wars
that cost, this is Fearon's bargaining range; `sim.games.crisis` has that case in closed form.

References
----------
Fearon (1995), Rationalist Explanations for War, International Organization 49, 379-414.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray, finite, per_draw, within

__all__ = ["TransferRange", "lots_within", "range_before_shift", "transfer_range"]

Worth = Callable[[FloatArray], FloatArray]

_HALVINGS = 60
_GRID = 17


@dataclass(frozen=True, slots=True)
class TransferRange:
    """What both parties accept.

    Attributes
    ----------
    low, high : ndarray, shape (B,)
        Least and largest transfer that every party accepts which gains, or loses, by more of it.
        An end of [lower, upper] where the party accepts that too; inf as `low` and -inf as `high`
        where it accepts none.
    empty : ndarray of bool, shape (B,)
        Whether no transfer is accepted by both: low > high.
    width : ndarray, shape (B,)
        high - low, 0 where the range is empty.
    monotone : ndarray of bool, shape (B,)
        Whether both payoffs are monotone on a grid, so that what is accepted is one interval.
    """

    low: FloatArray
    high: FloatArray
    empty: BoolArray
    width: FloatArray
    monotone: BoolArray


def transfer_range(
    worth: Worth,
    *,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    reservations: npt.ArrayLike,
) -> TransferRange:
    """Return the transfers t in [lower, upper] with u_i(t) >= d_i for both parties.

    Each payoff must be monotone in t. The edges are found by bisection, to 1e-18 of the range;
    there a party is indifferent, u_i(t) = d_i.

    Parameters
    ----------
    worth : callable
        u, from transfers (B,) to payoffs (B, 2).
    lower, upper : array_like, float or shape (B,)
        lower < upper.
    reservations : array_like, shape (2,) or (B, 2)
        d_i; -inf for a party that accepts everything.

    Returns
    -------
    TransferRange

    Raises
    ------
    GameError
        If lower >= upper, shapes do not fit, or `worth` returns NaN or not (B, 2).

    Examples
    --------
    Fearon's range with p = 0.5 and costs of 0.2 and 0.1: [p - c_A, p + c_B].

    >>> found = transfer_range(
    ...     lambda t: np.stack([t, 1 - t], axis=1), lower=0, upper=1, reservations=[0.3, 0.4]
    ... )
    >>> found.low.round(9), found.high.round(9)
    (array([0.3]), array([0.6]))
    """
    reserve = finite("reservations", reservations, infinite=True)
    low, high = np.atleast_1d(finite("lower", lower)), np.atleast_1d(finite("upper", upper))
    b = max(len(low), len(high), len(reserve) if reserve.ndim == 2 else 1)
    low, high = per_draw("lower", low, b, ()), per_draw("upper", high, b, ())
    reserve = per_draw("reservations", reserve, b, (2,))
    if (low >= high).any():
        raise GameError("lower, upper: lower < upper is allowed")
    grid = np.stack([_worth(worth, low + (high - low) * s) for s in np.linspace(0, 1, _GRID)])
    rising = grid[-1] >= grid[0]
    steps = np.diff(grid, axis=0) * np.where(rising, 1.0, -1.0)
    slack = 1e-9 * (1.0 + np.ptp(grid, axis=0))
    floor, ceiling = low.copy(), high.copy()
    for party in range(2):
        edge = _edge(worth, party, low, high, reserve[:, party], rising[:, party])
        floor = np.where(rising[:, party], np.maximum(floor, edge), floor)
        ceiling = np.where(rising[:, party], ceiling, np.minimum(ceiling, edge))
    empty = floor > ceiling
    return TransferRange(
        low=floor,
        high=ceiling,
        empty=empty,
        width=np.maximum(ceiling - floor, 0.0),
        monotone=np.asarray((steps >= -slack).all(axis=(0, 2))),
    )


def _worth(worth: Worth, transfer: FloatArray) -> FloatArray:
    value = finite("worth", worth(transfer))
    if value.shape != (len(transfer), 2):
        raise GameError(f"worth: payoffs {(len(transfer), 2)} are allowed, got {value.shape}")
    return value


def _edge(
    worth: Worth,
    party: int,
    low: FloatArray,
    high: FloatArray,
    reserve: FloatArray,
    rising: BoolArray,
) -> FloatArray:
    """Return the transfer at which a party just accepts, the last one that it does accept."""
    bad, good = np.where(rising, low, high), np.where(rising, high, low)
    all_fine = _worth(worth, bad)[:, party] >= reserve
    none = _worth(worth, good)[:, party] < reserve
    worst = bad.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * (bad + good)
        fine = _worth(worth, middle)[:, party] >= reserve
        good, bad = np.where(fine, middle, good), np.where(fine, bad, middle)
    return np.where(none, np.where(rising, np.inf, -np.inf), np.where(all_fine, worst, good))


def lots_within(
    found: TransferRange, lot: npt.ArrayLike, *, origin: npt.ArrayLike = 0.0
) -> IntArray:
    """Return how many transfers origin + k lot, k a whole number, both parties accept.

    A stake that cannot be divided, or only in lots, may leave none although the range is not
    empty.

    Parameters
    ----------
    found : TransferRange
    lot : array_like, float or shape (B,)
        > 0.
    origin : array_like, float or shape (B,)

    Returns
    -------
    ndarray of int, shape (B,)

    Raises
    ------
    GameError
        If a lot is not above 0.

    References
    ----------
    Fearon (1995), pp. 389-390, on issue indivisibilities.
    """
    size = per_draw("lot", within("lot", lot, 0.0, np.inf, open_low=True), len(found.low), ())
    start = per_draw("origin", finite("origin", origin), len(found.low), ())
    low, high = (np.where(found.empty, 0.0, end) for end in (found.low, found.high))
    first = np.ceil((low - start) / size - 1e-9)
    last = np.floor((high - start) / size + 1e-9)
    count = np.where(found.empty, 0.0, np.maximum(last - first + 1.0, 0.0))
    return np.asarray(count, dtype=np.int64)


def range_before_shift(
    worth: Worth,
    *,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    reservations: npt.ArrayLike,
    declining: int,
    loss: npt.ArrayLike,
    discount: npt.ArrayLike,
) -> TransferRange:
    """Return what both accept until power shifts, if nobody can commit to terms after the shift.

    A breakdown now is worth d_i for ever. After the shift a breakdown is worth d_p - loss to the
    declining party p, and the other offers it no more than that: t* with u_p(t*) = d_p - loss, or
    the end of the range that it likes best. Today's transfer must make up for it: both accept t iff

        (1 - delta_i) u_i(t) + delta_i L_i >= d_i,  L_i = u_i(t*), for the other at least d_o,

    so that p needs u_p(t) >= d_p + loss delta_p/(1 - delta_p). An empty range is preventive war.

    Parameters
    ----------
    worth, lower, upper, reservations
        As in `transfer_range`, with finite d_i.
    declining : int
        p, 0 or 1.
    loss : array_like, float or shape (B,)
        >= 0.
    discount : array_like, float, shape (2,) or (B, 2)
        delta_i in [0, 1): weight of everything after the shift.

    Returns
    -------
    TransferRange

    Raises
    ------
    GameError
        If an argument is outside its range.

    References
    ----------
    Fearon (1995), pp. 401-408; Powell (2006), International Organization 60, 169-203.
    """
    if declining not in (0, 1):
        raise GameError(f"declining: 0 or 1 is allowed, got {declining}")
    values = finite("reservations", reservations)
    low, high = np.atleast_1d(finite("lower", lower)), np.atleast_1d(finite("upper", upper))
    b = max(len(low), len(high), len(values) if values.ndim == 2 else 1)
    values = per_draw("reservations", values, b, (2,))
    fall = per_draw("loss", within("loss", loss, 0.0, np.inf), b, ())
    delta = per_draw("discount", within("discount", discount, 0.0, 1.0, open_high=True), b, (2,))
    later = values.copy()
    later[:, declining] -= fall
    floors = np.full((b, 2), -np.inf)
    floors[:, declining] = later[:, declining]
    after = transfer_range(worth, lower=low, upper=high, reservations=floors)
    other = 1 - declining
    ends = [_worth(worth, np.clip(end, low, high)) for end in (after.low, after.high)]
    dictated = np.where((ends[0][:, other] >= ends[1][:, other])[:, None], *ends)
    later = np.where(after.empty[:, None], later, np.maximum(dictated, later))
    return transfer_range(
        worth, lower=low, upper=high, reservations=(values - delta * later) / (1.0 - delta)
    )
