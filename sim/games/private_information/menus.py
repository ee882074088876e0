"""Menus for types that want different things: linear and integer programmes.

References
----------
Myerson (1979), Incentive Compatibility and the Bargaining Problem, Econometrica 47, 61-73;
Fudenberg and Tirole (1991), Game Theory, ch. 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, check_probabilities, finite, per_draw

__all__ = ["TypeMenu", "screening_menu"]


@dataclass(frozen=True, slots=True)
class TypeMenu:
    """Best incentive-compatible menu over a finite list of alternatives.

    Attributes
    ----------
    lottery : ndarray, shape (B, T, M)
        Probability of each alternative in the entry of each type; the rest is no deal.
    value : ndarray, shape (B,)
        The proposer's expected payoff.
    breakdown : ndarray, shape (B, T)
        Probability of no deal, by type.
    rents : ndarray, shape (B, T)
        What each type gets over its outside payoff.
    solved : ndarray of bool, shape (B,)
        Whether the programme was solved to optimality within its limits.
    """

    lottery: FloatArray
    value: FloatArray
    breakdown: FloatArray
    rents: FloatArray
    solved: BoolArray


def screening_menu(
    proposer: npt.ArrayLike,
    types: npt.ArrayLike,
    beliefs: npt.ArrayLike,
    *,
    outside: npt.ArrayLike = 0.0,
    disagreement: npt.ArrayLike = 0.0,
    lotteries: bool = True,
) -> TypeMenu:
    """Return the proposer's best menu when types differ in what they want, not only in resolve.

    max sum_t pi_t sum_m y_tm u_p(m) subject to, for all types t and s,
    sum_m y_tm (u_t(m) - o_t) >= max(0, sum_m y_sm (u_t(m) - o_t)), sum_m y_tm <= 1: a linear
    programme with lotteries, an integer programme without (at most one alternative an entry).

    Parameters
    ----------
    proposer : array_like, shape (M,) or (B, M)
        u_p of each alternative.
    types : array_like, shape (T, M) or (B, T, M)
        u_t of each alternative.
    beliefs : array_like, shape (T,) or (B, T)
    outside : array_like, shape (T,) or (B, T)
        o_t, payoffs without a deal.
    disagreement : array_like, float or shape (B,)
        The proposer's payoff without a deal.
    lotteries : bool
        Whether entries may be random.

    Returns
    -------
    TypeMenu

    Raises
    ------
    GameError
        If shapes do not fit or beliefs do not add to one.
    """
    own, wants = finite("proposer", proposer), finite("types", types)
    belief = check_probabilities("beliefs", beliefs)
    if wants.ndim not in (2, 3) or own.ndim not in (1, 2) or own.shape[-1] != wants.shape[-1]:
        raise GameError(
            "proposer, types: shapes (M,) or (B, M) and (T, M) or (B, T, M) are allowed, "
            f"got {own.shape} and {wants.shape}"
        )
    t, m = wants.shape[-2:]
    b = max(
        wants.shape[0] if wants.ndim == 3 else 1,
        own.shape[0] if own.ndim == 2 else 1,
        belief.shape[0] if belief.ndim == 2 else 1,
    )
    own = per_draw("proposer", own, b, (m,))
    wants = per_draw("types", wants, b, (t, m))
    belief = per_draw("beliefs", belief, b, (t,))
    reserve = per_draw("outside", finite("outside", outside), b, (t,))
    fallback = per_draw("disagreement", finite("disagreement", disagreement), b, ())
    lottery = np.zeros((b, t, m))
    solved = np.zeros(b, dtype=bool)
    for draw in range(b):
        gains = wants[draw] - reserve[draw][:, None]
        worth = belief[draw][:, None] * (own[draw] - fallback[draw])
        lottery[draw], solved[draw] = _programme(worth, gains, lotteries=lotteries)
    margin = own - fallback[:, None]
    value = fallback + np.einsum("bt,btm,bm->b", belief, lottery, margin)
    rents = np.einsum("btm,btm->bt", lottery, wants - reserve[:, :, None])
    return TypeMenu(
        lottery=lottery,
        value=value,
        breakdown=np.clip(1.0 - lottery.sum(axis=2), 0.0, 1.0),
        rents=rents,
        solved=solved,
    )


def _programme(worth: FloatArray, gains: FloatArray, *, lotteries: bool) -> tuple[FloatArray, bool]:
    """Solve one menu programme with HiGHS; the integer search is limited to 60 s."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    t, m = gains.shape
    rows = []
    for one in range(t):
        base = np.zeros((t, m))
        base[one] = gains[one]
        rows.append(base.copy())
        for other in range(t):
            if other != one:
                row = base.copy()
                row[other] -= gains[one]
                rows.append(row)
    tempted = csr_array(np.array(rows).reshape(len(rows), t * m))
    one_each = csr_array(np.kron(np.eye(t), np.ones((1, m))))
    found = milp(
        -worth.ravel(),
        integrality=np.zeros(t * m) if lotteries else np.ones(t * m),
        bounds=Bounds(0.0, 1.0),
        constraints=[
            LinearConstraint(tempted, lb=0.0),
            LinearConstraint(one_each, ub=1.0),
        ],
        options={"time_limit": 60.0},
    )
    if found.x is None:
        return np.zeros((t, m)), False
    point = np.asarray(found.x).reshape(t, m)
    if not lotteries:
        point = np.round(point)
    return np.clip(point, 0.0, 1.0), bool(found.success)
