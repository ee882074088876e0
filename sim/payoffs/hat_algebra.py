r"""One-sector Armington world in exact hat algebra, with tariff revenue.

N countries, each with one good and a fixed endowment of labour; elasticity of substitution σ.
Data: border values X_ij of what exporter i sells to importer j, and tariffs t_ij of j on i at
which they were observed. Everything is relative to that baseline; no other parameter is needed::

    L_ij  = X_ij (1 + t_ij)/E_j                          share of spending
    L'_ij = L_ij (ŵ_i T̂_ij)^(1−σ) / Σ_k L_kj (ŵ_k T̂_kj)^(1−σ),   T̂ = (1 + t')/(1 + t)
    E'_j  = (ŵ_j Y_j + D_j)/(1 − Σ_i t'_ij/(1 + t'_ij) L'_ij)     spending = income + revenue
    ŵ_i Y_i = Σ_j L'_ij E'_j/(1 + t'_ij)                 labour markets clear
    P̂_j  = (Σ_i L_ij (ŵ_i T̂_ij)^(1−σ))^(1/(1−σ)),   Ŵ_j = Ê_j/P̂_j

World income Σ ŵ_i Y_i is the numeraire; trade deficits D_j stay constant in it.

References
----------
Dekle, Eaton and Kortum (2008), Global Rebalancing with Gravity, IMF Staff Papers 55, 511-540.
Ossa (2014), Trade Wars and Trade Talks with Data, American Economic Review 104, 4104-4146.
Arkolakis, Costinot and Rodríguez-Clare (2012), American Economic Review 102, 94-130.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import PayoffError
from sim.payoffs.hat_equations import Baseline, State, solve_wages
from sim.payoffs.terms import FloatArray

__all__ = ["World", "WorldEquilibrium", "acr_autarky_loss", "acr_welfare", "equilibrium"]


@dataclass(frozen=True, slots=True)
class World:
    """Baseline of N countries in B draws.

    Parameters
    ----------
    flows : array_like, shape (N, N) or (B, N, N)
        X_ij >= 0, border values (before the importer's tariff), exporter first; the diagonal is
        domestic sales.
    substitution : array_like, float or (B,)
        σ > 1; the trade elasticity is σ − 1.
    tariffs : array_like, shape (N, N) or (B, N, N)
        Baseline t_ij > −1 of importer j on exporter i; the diagonal is 0.

    Raises
    ------
    PayoffError
        If shapes do not fit, numbers are outside their domain, or a country sells or buys nothing.
    """

    flows: ArrayLike
    substitution: ArrayLike = 5.0
    tariffs: ArrayLike = 0.0

    def __post_init__(self) -> None:
        flows = _finite(self.flows, "flows")
        sigma = np.atleast_1d(_finite(self.substitution, "substitution"))
        tariffs = _finite(self.tariffs, "tariffs")
        if flows.ndim not in (2, 3) or flows.shape[-1] != flows.shape[-2] or flows.shape[-1] < 2:
            raise PayoffError(f"flows must have shape (N, N) or (B, N, N), got {flows.shape}")
        n = flows.shape[-1]
        draws = max(a.shape[0] if a.ndim == d else 1 for a, d in ((flows, 3), (sigma, 1)))
        draws = max(draws, tariffs.shape[0] if tariffs.ndim == 3 else 1)
        try:
            flows = np.broadcast_to(flows, (draws, n, n))
            sigma = np.broadcast_to(sigma, (draws,))
            tariffs = np.broadcast_to(tariffs, (draws, n, n))
        except ValueError as error:
            raise PayoffError("flows, substitution and tariffs must have the same draws") from error
        if (flows < 0.0).any() or (flows.sum(axis=1) <= 0.0).any() or not _sells(flows):
            raise PayoffError("flows must be at least 0, and every country must sell and buy")
        if (sigma <= 1.0).any():
            raise PayoffError(f"substitution must be above 1, got {sigma.min():g}")
        if (tariffs <= -1.0).any() or np.einsum("bii->bi", tariffs).any():
            raise PayoffError("tariffs must be above -1, and 0 on a country's own goods")
        object.__setattr__(self, "flows", flows)
        object.__setattr__(self, "substitution", sigma)
        object.__setattr__(self, "tariffs", tariffs)

    @property
    def n_draws(self) -> int:
        """B."""
        return int(np.asarray(self.flows).shape[0])

    @property
    def n_countries(self) -> int:
        """N."""
        return int(np.asarray(self.flows).shape[1])

    @property
    def output(self) -> FloatArray:
        """Y_i = Σ_j X_ij, (B, N)."""
        return np.asarray(np.asarray(self.flows).sum(axis=2))

    @property
    def deficit(self) -> FloatArray:
        """D_j = Σ_i X_ij − Y_j, (B, N)."""
        return np.asarray(np.asarray(self.flows).sum(axis=1) - self.output)

    @property
    def income(self) -> FloatArray:
        """Y_j + D_j, spending before tariff revenue, (B, N)."""
        return np.asarray(np.asarray(self.flows).sum(axis=1))

    @property
    def spending(self) -> FloatArray:
        """E_j = Σ_i X_ij (1 + t_ij), (B, N)."""
        return np.asarray((np.asarray(self.flows) * (1.0 + np.asarray(self.tariffs))).sum(axis=1))

    @property
    def shares(self) -> FloatArray:
        """L_ij, (B, N, N)."""
        spent = np.asarray(self.flows) * (1.0 + np.asarray(self.tariffs))
        return np.asarray(spent / self.spending[:, None, :])

    @classmethod
    def from_trade(
        cls,
        trade: ArrayLike,
        output: ArrayLike,
        *,
        substitution: ArrayLike = 5.0,
        tariffs: ArrayLike = 0.0,
    ) -> World:
        """Return a world from trade between countries and their output.

        Domestic sales are output less exports to others; what `trade` says of a region's trade
        with itself is part of them.

        Parameters
        ----------
        trade : array_like, (N, N) or (B, N, N)
            Exports of i to j, USD bn per year.
        output : array_like, (N,) or (B, N)
            Y_i in the same unit: GDP, or gross output if trade is to be compared with that.
        substitution, tariffs : array_like
            As for `World`.

        Raises
        ------
        PayoffError
            If a country exports more than its output.
        """
        flows = np.array(_finite(trade, "trade"))
        made = _finite(output, "output")
        if flows.ndim not in (2, 3) or made.shape[-1:] != flows.shape[-1:]:
            raise PayoffError(
                f"trade and output must have shapes (N, N) and (N,), got {flows.shape} and "
                f"{made.shape}"
            )
        own = np.arange(flows.shape[-1])
        flows[..., own, own] = 0.0
        home = made - flows.sum(axis=-1)
        if (home <= 0.0).any():
            raise PayoffError("output must exceed exports to others")
        flows = np.array(np.broadcast_to(flows, (*home.shape[:-1], *flows.shape[-2:])))
        flows[..., own, own] = home
        return cls(flows, substitution, tariffs)

    def balanced(self) -> World:
        """Return the counterfactual world without deficits, as a new baseline.

        The deficits are set to zero at unchanged tariffs (Dekle, Eaton and Kortum 2008; Ossa 2014
        purges the data so).

        Raises
        ------
        PayoffError
            If no such world is found in some draw.
        """
        found = equilibrium(self, self.tariffs, deficit=np.zeros_like(self.deficit))
        if not found.converged.all():
            raise PayoffError("no world without deficits was found")
        tariffs = np.asarray(self.tariffs)
        border = found.shares * found.spending[:, None, :] / (1.0 + tariffs)
        return World(border, self.substitution, tariffs)


@dataclass(frozen=True, slots=True)
class WorldEquilibrium:
    """A world at other tariffs, relative to its baseline.

    Attributes
    ----------
    welfare : ndarray, shape (B, N)
        Ŵ_j = Ê_j/P̂_j; the equivalent variation is E_j (Ŵ_j − 1).
    wages, prices : ndarray, shape (B, N)
        ŵ and P̂.
    spending, revenue : ndarray, shape (B, N)
        E' and Σ_i t'_ij/(1 + t'_ij) L'_ij E'_j, in units of the flows.
    shares : ndarray, shape (B, N, N)
        L'_ij.
    residual : ndarray, shape (B,)
        Largest excess demand for labour over world income.
    converged : ndarray of bool, shape (B,)
        Whether wages that clear the markets were found; everything else is NaN where not.
    """

    welfare: FloatArray
    wages: FloatArray
    prices: FloatArray
    spending: FloatArray
    revenue: FloatArray
    shares: FloatArray
    residual: FloatArray
    converged: NDArray[np.bool_]


@np.errstate(invalid="ignore", over="ignore")
def equilibrium(
    world: World, tariffs: ArrayLike, *, deficit: FloatArray | None = None
) -> WorldEquilibrium:
    """Solve for wages at new tariffs by Newton's method in their logarithms.

    Parameters
    ----------
    world : World
    tariffs : array_like, shape (N, N) or (B, N, N)
        t'_ij > −1 of importer j on exporter i, 0 on the diagonal.
    deficit : ndarray, shape (B, N), optional
        New deficits that add to zero; default: the baseline's.

    Returns
    -------
    WorldEquilibrium
        A draw in which no wages clear the markets is flagged.

    Raises
    ------
    PayoffError
        If tariffs are outside their domain.
    """
    n, b = world.n_countries, world.n_draws
    new = _finite(tariffs, "tariffs")
    if new.shape not in {(n, n), (b, n, n)}:
        raise PayoffError(f"tariffs must have shape ({n}, {n}) or ({b}, {n}, {n}), got {new.shape}")
    if (new <= -1.0).any() or np.einsum("...ii->...i", new).any():
        raise PayoffError("tariffs must be above -1, and 0 on a country's own goods")
    baseline = baseline_of(world, deficit)
    logs = np.log1p(np.broadcast_to(new, (b, n, n)))
    wages = solve_wages(baseline, logs)
    state = State.at(baseline, logs, wages)
    hat = state.spending / world.spending
    return WorldEquilibrium(
        welfare=np.asarray(hat / state.prices),
        wages=np.exp(wages),
        prices=state.prices,
        spending=state.spending,
        revenue=state.spending - state.income,
        shares=state.shares,
        residual=np.abs(state.excess).max(axis=1) / baseline.output.sum(axis=1),
        converged=np.asarray(np.isfinite(wages).all(axis=1)),
    )


def baseline_of(world: World, deficit: FloatArray | None = None) -> Baseline:
    """Return what the equations need of a world, with its own deficits or new ones (B, N)."""
    return Baseline(
        shares=world.shares,
        output=world.output,
        deficit=world.deficit if deficit is None else deficit,
        power=1.0 - np.asarray(world.substitution),
        logs=np.log1p(np.asarray(world.tariffs)),
    )


def acr_autarky_loss(domestic_share: ArrayLike, trade_elasticity: ArrayLike) -> FloatArray:
    """Return 1 − λ^(1/ε), what moving to autarky costs; λ is the share of spending at home.

    References
    ----------
    Arkolakis, Costinot and Rodríguez-Clare (2012), equation (1).
    """
    share, elasticity = (
        _finite(domestic_share, "domestic share"),
        _finite(trade_elasticity, "trade elasticity"),
    )
    if (share <= 0.0).any() or (share > 1.0).any() or (elasticity <= 0.0).any():
        raise PayoffError("domestic share must be in (0, 1], trade elasticity above 0")
    return np.asarray(-np.expm1(np.log(share) / elasticity))


def acr_welfare(world: World, found: WorldEquilibrium) -> FloatArray:
    """Return Ŵ_j = (Ê_j/ŵ_j) (L'_jj/L_jj)^(−1/(σ−1)), which the equilibrium must satisfy too."""
    home = np.einsum("bjj->bj", found.shares) / np.einsum("bjj->bj", world.shares)
    hat = found.spending / world.spending
    power = -1.0 / (np.asarray(world.substitution) - 1.0)
    return np.asarray(hat / found.wages * home ** power[:, None])


def _sells(flows: FloatArray) -> bool:
    return bool((flows.sum(axis=2) > 0.0).all())


def _finite(value: ArrayLike, label: str) -> FloatArray:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise PayoffError(f"{label} must be numbers in rows of one length") from None
    if not np.isfinite(array).all():
        raise PayoffError(f"{label} must be finite")
    return array
