"""Tariff wars and tariff talks in general equilibrium.

References
----------
Gros (1987), A Note on the Optimal Tariff, Retaliation and the Welfare Loss from Tariff Wars,
J. International Economics 23, 357-367. Mayer (1981), Theoretical Considerations on Negotiated
Tariff Adjustments, Oxford Econ. Papers 33, 135-153. Ossa (2014), Trade Wars and Trade Talks with
Data, American Economic Review 104, 4104-4146.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.bargaining.problem import BoxProblem
from sim.bargaining.solve import solve
from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, per_draw, within
from sim.games.threats.war import nash_war
from sim.payoffs.core import Payoffs
from sim.payoffs.general_equilibrium import GeneralEquilibrium
from sim.payoffs.hat_algebra import World, equilibrium

__all__ = ["TariffOutcome", "cooperative_tariffs", "nash_tariffs", "symmetric_nash_tariff"]

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TariffOutcome:
    """Tariffs with the welfare that they lead to.

    Attributes
    ----------
    tariffs : ndarray, shape (B, N, N)
        Of importer j on exporter i.
    welfare : ndarray, shape (B, N)
        Ŵ_j relative to the baseline.
    residual : ndarray, shape (B,)
        Regret of the war, or the certificate of the bargaining solution.
    converged : ndarray of bool, shape (B,)
    """

    tariffs: FloatArray
    welfare: FloatArray
    residual: FloatArray
    converged: BoolArray


def nash_tariffs(
    world: World,
    *,
    players: Sequence[int] | None = None,
    lower: float = -0.5,
    upper: float = 3.0,
    starts: int = 1,
) -> TariffOutcome:
    """Return Nash equilibrium tariffs: each player's best against the others'.

    Parameters
    ----------
    world : World
        N countries, B draws.
    players : sequence of int, optional
        Countries that set tariffs on all others; default all. The rest stay at the baseline.
    lower, upper : float
        Bounds of the search, above -1.
    starts : int
        Starts of the sweeps, the baseline first; with several all agreeing is some evidence that
        the equilibrium is unique.

    Returns
    -------
    TariffOutcome
        `residual` is the relative regret of a fresh search.

    Raises
    ------
    GameError
        If players or bounds are not allowed.

    References
    ----------
    Gros (1987); Ossa (2014), section II.
    """
    who = _players(world, players)
    pairs = [(i, j) for j in who for i in range(world.n_countries) if i != j]
    payoffs, base = _payoffs(world, pairs)
    low, high = _box(world, pairs, lower, upper)
    war = nash_war(
        payoffs,
        lower=low,
        upper=high,
        control=[sorted(who).index(j) for _, j in pairs],
        start=base,
        starts=starts,
    )
    return _outcome(world, pairs, war.outcome, war.regret, war.converged)


def cooperative_tariffs(
    world: World,
    disagreement: npt.ArrayLike,
    *,
    weights: npt.ArrayLike = 1.0,
    lower: float = -0.5,
    upper: float = 3.0,
) -> TariffOutcome:
    """Return the Nash bargain over all bilateral tariffs, without transfers.

    Efficient tariffs leave consumers' relative prices equal everywhere,
    1 + t_ij = beta_i/beta_j: with two countries (1 + t_12)(1 + t_21) = 1, with three the cycle
    (1 + t_12)(1 + t_23)(1 + t_31) = 1 too. A subsidy on imports is how a country pays.

    Parameters
    ----------
    world : World
    disagreement : array_like, shape (N,) or (B, N)
        Welfare Ŵ without an agreement, for instance of `nash_tariffs`.
    weights : array_like, shape (N,) or (B, N)
        Bargaining weights.
    lower, upper : float
        Bounds of every tariff.

    Returns
    -------
    TariffOutcome

    Raises
    ------
    GameError
        If shapes or bounds are not allowed.

    References
    ----------
    Mayer (1981); the locus for three countries: own derivation.
    """
    n, b = world.n_countries, world.n_draws
    pairs = [(i, j) for j in range(n) for i in range(n) if i != j]
    payoffs, base = _payoffs(world, pairs)
    low, high = _box(world, pairs, lower, upper)
    fallback = per_draw("disagreement", disagreement, b, (n,))
    answer = solve(
        BoxProblem(
            payoffs,
            low,
            high,
            (fallback - 1.0) * world.spending,
            weights=per_draw("weights", weights, b, (n,)),
            start=base,
        ),
        "nash",
    )
    x = np.where(answer.agreement[:, None], answer.outcome, base)
    return _outcome(world, pairs, x, answer.residual, answer.converged)


def symmetric_nash_tariff(
    substitution: npt.ArrayLike, import_share: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the Nash tariff of two identical countries from its first-order condition.

    t (sigma - 1)(1 - l) = 1 - l t/(1 + t), l the import share at tariff t:
    l = lam (1 + t)^(1-sigma) / (1 - lam + lam (1 + t)^(1-sigma)).

    Parameters
    ----------
    substitution : array_like, shape (...)
        sigma > 1.
    import_share : array_like, shape (...)
        lam in (0, 1), share of imports in spending under free trade.

    Returns
    -------
    tariff, share, welfare : ndarray, shape (...)
        t, l and welfare relative to free trade.

    Raises
    ------
    GameError
        If an argument is outside its range.

    References
    ----------
    Gros (1987); t = 1/((sigma - 1) alpha_FF), alpha_FF the partner's domestic sales over its
    output.
    """
    sigma = within("substitution", substitution, 1.0, np.inf, open_low=True)
    lam = within("import_share", import_share, 0.0, 1.0, open_low=True, open_high=True)
    sigma, lam = np.broadcast_arrays(sigma, lam)

    def share(t: FloatArray) -> FloatArray:
        bought = lam * (1.0 + t) ** (1.0 - sigma)
        return np.asarray(bought / (1.0 - lam + bought))

    low, high = np.zeros_like(sigma), 1.0 / (sigma - 1.0) / (1.0 - lam) + 1.0
    for _ in range(200):
        t = 0.5 * (low + high)
        spent = share(t)
        below = t * (sigma - 1.0) * (1.0 - spent) < 1.0 - spent * t / (1.0 + t)
        low, high = np.where(below, t, low), np.where(below, high, t)
    t = 0.5 * (low + high)
    spent = share(t)
    prices = (1.0 - lam + lam * (1.0 + t) ** (1.0 - sigma)) ** (1.0 / (1.0 - sigma))
    return np.asarray(t), spent, np.asarray(1.0 / (1.0 - spent * t / (1.0 + t)) / prices)


def _players(world: World, players: Sequence[int] | None) -> list[int]:
    n = world.n_countries
    who = list(range(n)) if players is None else [int(p) for p in players]
    if not who or len(set(who)) != len(who) or not set(who) <= set(range(n)):
        raise GameError(f"players: different countries 0 to {n - 1} are allowed, got {players}")
    return who


def _payoffs(world: World, pairs: Sequence[Pair]) -> tuple[Payoffs, FloatArray]:
    """Return equivalent variations as payoffs over the tariffs `pairs`, and the baseline's."""
    importers = sorted({j for _, j in pairs})
    countries = tuple(
        importers.index(c) if c in importers else None for c in range(world.n_countries)
    )
    term = GeneralEquilibrium(
        "world",
        world.flows,
        countries,
        {pair: k for k, pair in enumerate(pairs)},
        substitution=np.asarray(world.substitution),
        baseline=world.tariffs,
    )
    base = np.stack([np.asarray(world.tariffs)[:, i, j] for i, j in pairs], axis=1)
    payoffs = Payoffs.from_status_quo(
        tuple(str(j) for j in importers),
        tuple(f"{i}->{j}" for i, j in pairs),
        (term,),
        status_quo=base,
        n_draws=world.n_draws,
    )
    return payoffs, base


def _box(
    world: World, pairs: Sequence[Pair], lower: float, upper: float
) -> tuple[FloatArray, FloatArray]:
    if not -1.0 < lower < upper < np.inf:
        raise GameError("lower, upper: -1 < lower < upper is allowed")
    shape = (world.n_draws, len(pairs))
    return np.full(shape, float(lower)), np.full(shape, float(upper))


def _outcome(
    world: World,
    pairs: Sequence[Pair],
    x: FloatArray,
    residual: FloatArray,
    converged: BoolArray,
) -> TariffOutcome:
    tariffs = np.array(world.tariffs)
    for k, (i, j) in enumerate(pairs):
        tariffs[:, i, j] = x[:, k]
    found = equilibrium(world, tariffs)
    return TariffOutcome(tariffs, found.welfare, residual, converged & found.converged)
