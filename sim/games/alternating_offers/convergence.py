"""How alternating offers approach the Nash solution as the time between offers shrinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, per_draw, within
from sim.games.alternating_offers.limits import nash_limit
from sim.games.alternating_offers.stationary import stationary_equilibrium
from sim.games.alternating_offers.tables import Table
from sim.games.alternating_offers.talks import Talks, limit_disagreement

__all__ = ["Convergence", "convergence_path"]


@dataclass(frozen=True, slots=True)
class Convergence:
    """Distance of alternating offers from the Nash solution by the time between offers.

    Attributes
    ----------
    intervals : ndarray, shape (D,)
        Times between offers.
    payoffs : ndarray, shape (D, B, N, N)
        Equilibrium payoffs, third axis the first proposer.
    limit : ndarray, shape (B, N)
        Nash solution with d* and the weights 1/(r_i + beta).
    distance : ndarray, shape (D, B)
        Largest difference from the limit over proposers and players.
    premium : ndarray, shape (D, B, N)
        What each player gains by making the first proposal: its payoff less the limit.
    converged : ndarray of bool, shape (D, B)
        Whether each equilibrium was found to tolerance.
    """

    intervals: FloatArray
    payoffs: FloatArray
    limit: FloatArray
    distance: FloatArray
    premium: FloatArray
    converged: BoolArray

    @property
    def order(self) -> FloatArray:
        """Order of convergence between successive intervals, (D - 1, B): 1 is first order."""
        with np.errstate(divide="ignore", invalid="ignore"):
            fall = np.log(self.distance[1:] / self.distance[:-1])
        return np.asarray(fall / np.log(self.intervals[1:] / self.intervals[:-1])[:, None])


def convergence_path(
    table: Table,
    rates: npt.ArrayLike,
    *,
    intervals: Sequence[float],
    hazard: npt.ArrayLike = 0.0,
    during: npt.ArrayLike = 0.0,
    breakdown: npt.ArrayLike = 0.0,
    scan: int = 1,
) -> Convergence:
    """Solve alternating offers for shorter and shorter rounds beside their limit.

    delta_i = exp(-r_i Delta), p = 1 - exp(-beta Delta); the limit is the Nash solution with
    d*_i = (r_i s_i + beta d_i)/(r_i + beta) and weights 1/(r_i + beta), approached at first
    order in Delta: for a pie and no hazard x_1 - alpha_1 = r_1 r_2 Delta/(2 (r_1 + r_2)) + ...

    Parameters
    ----------
    table : Pie, Curve, Menu or Issues
        N players, B draws. A menu is discrete and does not converge.
    rates, hazard, during, breakdown : array_like
        r, beta, s and d, as for `Talks.from_rates`.
    intervals : sequence of float
        Times between offers, positive, falling.
    scan : int
        As for `stationary_equilibrium`.

    Returns
    -------
    Convergence

    Raises
    ------
    GameError
        If an argument is outside what is allowed.

    References
    ----------
    Binmore, Rubinstein and Wolinsky (1986), RAND J. Econ. 17, 176-188.
    """
    times = within("intervals", list(intervals), 0.0, np.inf, open_low=True)
    if times.ndim != 1 or not len(times) or (np.diff(times) >= 0.0).any():
        raise GameError("intervals: a falling list of positive times is allowed")
    b, n = table.n_draws, table.n_players
    r = per_draw("rates", rates, b, (n,))
    beta = per_draw("hazard", hazard, b, ())
    s = per_draw("during", during, b, (n,))
    d = per_draw("breakdown", breakdown, b, (n,))
    point, weights = limit_disagreement(r, hazard=beta, during=s, breakdown=d)
    limit = nash_limit(table, point, weights)
    found = [
        stationary_equilibrium(
            table,
            Talks.from_rates(r, interval=float(t), hazard=beta, during=s, breakdown=d),
            scan=scan,
        )
        for t in times
    ]
    payoffs = np.stack([f.payoffs for f in found])
    gap = payoffs - limit[:, None, :]
    own = np.arange(n)
    return Convergence(
        intervals=times,
        payoffs=payoffs,
        limit=limit,
        distance=np.abs(gap).max(axis=(2, 3)),
        premium=gap[:, :, own, own],
        converged=np.stack([f.converged for f in found]),
    )
