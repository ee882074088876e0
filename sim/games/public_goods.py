"""Alliances as voluntary contributions to a public good.

Ally i spends q_i of its income I_i on defence; utility (I_i - q_i)^(1-a) Q^a with Q = sum q.

References
----------
Olson and Zeckhauser (1966), An Economic Theory of Alliances, Rev. Econ. Stat. 48, 266-279.
Bergstrom, Blume and Varian (1986), J. Public Economics 29, 25-49.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, within

__all__ = ["Alliance", "alliance_contributions", "alliance_utility"]


@dataclass(frozen=True, slots=True)
class Alliance:
    """Nash equilibrium of an alliance's spending beside the efficient level.

    Attributes
    ----------
    contributions : ndarray, shape (B, n)
        q_i >= 0.
    total, efficient : ndarray, shape (B,)
        Q in equilibrium, and the Samuelson-efficient Q* = a sum I.
    contributors : ndarray of bool, shape (B, n)
        Who contributes; the others free-ride entirely.
    burdens : ndarray, shape (B, n)
        q_i / I_i: the larger ally bears the larger share of its income.
    utility : ndarray, shape (B, n)
    """

    contributions: FloatArray
    total: FloatArray
    efficient: FloatArray
    contributors: BoolArray
    burdens: FloatArray
    utility: FloatArray


def alliance_utility(
    contributions: npt.ArrayLike, incomes: npt.ArrayLike, *, taste: npt.ArrayLike
) -> FloatArray:
    """Return (I_i - q_i)^(1-a) Q^a, shape (..., n)."""
    q = within("contributions", contributions, 0.0, np.inf)
    income = within("incomes", incomes, 0.0, np.inf)
    if (q > income).any():
        raise GameError("contributions: at most the income is allowed")
    a = within("taste", taste, 0.0, 1.0, open_low=True, open_high=True)[..., None]
    return np.asarray((income - q) ** (1.0 - a) * q.sum(axis=-1, keepdims=True) ** a)


def alliance_contributions(incomes: npt.ArrayLike, *, taste: npt.ArrayLike) -> Alliance:
    """Solve the contribution game; it has one equilibrium.

    Best response q_i = max(a I_i - (1 - a) Q_-i, 0), that is q_i = max(I_i - (1 - a) Q / a, 0).
    With the m richest contributing, Q = a sum_m I / (a + (1 - a) m); m is the largest number
    whose poorest member still contributes.

    Parameters
    ----------
    incomes : array_like, shape (n,) or (B, n)
        I_i > 0.
    taste : array_like, float or shape (B,)
        a in (0, 1), weight of the public good.

    Returns
    -------
    Alliance
        With a leading axis of draws always.

    Raises
    ------
    GameError
        If an income is not positive or a is outside (0, 1).

    References
    ----------
    Olson and Zeckhauser (1966); Bergstrom, Blume and Varian (1986), theorem 3.
    """
    income = np.atleast_2d(within("incomes", incomes, 0.0, np.inf, open_low=True))
    a = np.atleast_1d(within("taste", taste, 0.0, 1.0, open_low=True, open_high=True))
    shapes_fit = income.ndim == 2 and a.ndim == 1
    if not shapes_fit or (len(income) != len(a) and 1 not in (len(income), len(a))):
        raise GameError(
            f"incomes, taste: shapes (B, n) and (B,) are allowed, got {income.shape}, {a.shape}"
        )
    draws = max(len(income), len(a))
    income = np.broadcast_to(income, (draws, income.shape[1]))
    a = np.broadcast_to(a, (draws,))[:, None]
    ranked = -np.sort(-income, axis=1)
    m = np.arange(1, income.shape[1] + 1)
    totals = a * np.cumsum(ranked, axis=1) / (a + (1.0 - a) * m)
    inside = ranked > (1.0 - a) / a * totals
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    total = np.take_along_axis(totals, last[:, None], axis=1)
    q = np.maximum(income - (1.0 - a) / a * total, 0.0)
    return Alliance(
        contributions=q,
        total=q.sum(axis=1),
        efficient=a[:, 0] * income.sum(axis=1),
        contributors=q > 0.0,
        burdens=q / income,
        utility=alliance_utility(q, income, taste=a[:, 0]),
    )
