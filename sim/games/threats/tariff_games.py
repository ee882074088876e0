"""Tariff games in closed form: the linear two-country game and the optimal tariff.

References
----------
Johnson (1953), Optimum Tariffs and Retaliation, Rev. Econ. Studies 21, 142-153.
Bagwell and Staiger (2002), The Economics of the World Trading System, ch. 2 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import FloatArray, finite, within

__all__ = ["LinearTariffGame", "OptimalTariff", "optimal_tariff"]


@dataclass(frozen=True, slots=True)
class LinearTariffGame:
    """Two mirror-image countries, each importing the other's good under a specific tariff.

    Demand for each good in each country is alpha - p; the exporter owns e of it, the importer
    nothing. With a tariff t, p = p* + t, imports are M = (e - t)/2 up to the prohibitive t = e,
    p* = alpha - (e + t)/2. Welfare of a country is consumer surplus on both goods, tariff revenue
    t M and the value p* e of its endowment at the partner's tariff.

    Parameters
    ----------
    alpha, endowment : array_like, shape (...)
        Intercept of demand and e > 0, with alpha >= e so that prices stay positive.

    References
    ----------
    Bagwell and Staiger (2002); Johnson (1953) for the prisoner's dilemma.
    """

    alpha: npt.ArrayLike
    endowment: npt.ArrayLike

    def __post_init__(self) -> None:
        """Refuse intercepts and endowments that leave a price negative."""
        e = within("endowment", self.endowment, 0.0, np.inf, open_low=True)
        if (finite("alpha", self.alpha) < e).any():
            raise GameError("alpha: at least the endowment is allowed (prices stay positive)")

    def welfare(self, own: npt.ArrayLike, partner: npt.ArrayLike) -> FloatArray:
        """Return a country's welfare at its own tariff and its partner's, shape (...)."""
        e = np.asarray(self.endowment, dtype=np.float64)
        alpha = np.asarray(self.alpha, dtype=np.float64)
        t = np.clip(finite("own", own), -e, e)
        s = np.clip(finite("partner", partner), -e, e)
        imports = 0.5 * (e - t)
        kept = 0.5 * (e + s)
        price_abroad = alpha - kept
        return np.asarray(0.5 * imports**2 + t * imports + 0.5 * kept**2 + price_abroad * e)

    @property
    def nash_tariff(self) -> FloatArray:
        """The dominant tariff e/3, from dW/dt = (e - 3 t)/4."""
        return np.asarray(self.endowment, dtype=np.float64) / 3.0

    @property
    def threat_tariff(self) -> FloatArray:
        """The optimal threat e/2 with transferable utility: it maximises own less other's welfare.

        A tariff t moves the own welfare by (e - 3 t)/4 and the partner's by -(e - t)/4; the
        difference decides what a threat is worth (Nash 1953).
        """
        return np.asarray(self.endowment, dtype=np.float64) / 2.0

    def dilemma(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return (T, R, P, S): temptation, free trade, Nash tariffs, sucker's payoff."""
        t = self.nash_tariff
        zero = np.zeros_like(t)
        return (
            self.welfare(t, zero),
            self.welfare(zero, zero),
            self.welfare(t, t),
            self.welfare(zero, t),
        )


@dataclass(frozen=True, slots=True)
class OptimalTariff:
    """The tariff that maximises an importer's welfare against linear export supply.

    Attributes
    ----------
    imports, price, world_price : ndarray, shape (...)
        m, p and p* at the optimum.
    specific, ad_valorem : ndarray, shape (...)
        t = p - p* and t / p*.
    supply_elasticity : ndarray, shape (...)
        epsilon* = p*/(b m) of foreign export supply; the ad valorem tariff is its inverse.
    welfare_gain : ndarray, shape (...)
        Importer's welfare less that of free trade.
    """

    imports: FloatArray
    price: FloatArray
    world_price: FloatArray
    specific: FloatArray
    ad_valorem: FloatArray
    supply_elasticity: FloatArray
    welfare_gain: FloatArray


def optimal_tariff(
    demand: tuple[npt.ArrayLike, npt.ArrayLike], supply: tuple[npt.ArrayLike, npt.ArrayLike]
) -> OptimalTariff:
    """Return the optimal tariff for import demand p = A - B m and supply p* = a + b m.

    The importer maximises A m - B m^2/2 - (a + b m) m: m = (A - a)/(B + 2 b), and
    t = b m, which is the inverse-elasticity rule t/p* = 1/epsilon*.

    Parameters
    ----------
    demand : (A, B)
        Choke price and slope B > 0 of import demand, each of shape (...).
    supply : (a, b)
        Intercept a >= 0 and slope b >= 0 of foreign export supply; b = 0 is a small country.

    Returns
    -------
    OptimalTariff

    Raises
    ------
    GameError
        If a slope is negative, or A <= a (no trade).

    References
    ----------
    Bickerdike (1906), Economic Journal 16, 529-535; Johnson (1953).
    """
    choke = finite("demand", demand[0])
    slope = within("demand slope", demand[1], 0.0, np.inf, open_low=True)
    floor = within("supply", supply[0], 0.0, np.inf)
    rise = within("supply slope", supply[1], 0.0, np.inf)
    if (choke <= floor).any():
        raise GameError("demand: a choke price above the supply's intercept is allowed (trade)")
    imports = np.asarray((choke - floor) / (slope + 2.0 * rise))
    world = floor + rise * imports
    free = (choke - floor) / (slope + rise)
    specific = np.asarray(rise * imports)
    elastic = specific <= 0.0  # a small country: supply is perfectly elastic
    with np.errstate(over="ignore"):  # beyond the largest number, as good as elastic
        ratio = world / np.where(elastic, 1.0, specific)
    elasticity = np.where(elastic, np.inf, ratio)
    return OptimalTariff(
        imports=imports,
        price=np.asarray(choke - slope * imports),
        world_price=np.asarray(world),
        specific=specific,
        ad_valorem=np.where(elastic, 0.0, specific / np.where(elastic, 1.0, world)),
        supply_elasticity=elasticity,
        welfare_gain=np.asarray(
            (choke - floor) * (imports - free) - (0.5 * slope + rise) * (imports**2 - free**2)
        ),
    )
