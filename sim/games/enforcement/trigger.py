"""Enforcement linkage: what trigger strategies can hold up, table by table and pooled.

An agreement is a stationary path of a repeated game. Who deviates takes its best response over
its own instruments among the covered issues, once, while the others comply; from then on the
covered issues are at their static Nash equilibrium for ever. Linking pools the constraints.

References
----------
Bernheim and Whinston (1990), Multimarket Contact and Collusive Behavior, RAND J. Econ. 21, 1-26.
Spagnolo (1999), On Interdependent Supergames, J. Economic Theory 89, 127-139; (1999), Issue
Linkage, Delegation, and International Policy Cooperation, Cambridge DAE working paper 9913.
Limão (2005), Trade Policy, Cross-Border Externalities and Lobbies, J. Int. Econ. 67, 175-199.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sim.bargaining.problem import PayoffsLike
from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, finite, per_draw
from sim.games.box.maximise import check_box, utilities
from sim.games.threats.war import best_response, nash_war

__all__ = [
    "CriticalDiscount",
    "EnforcementLinkage",
    "Interdependence",
    "critical_discount",
    "enforcement_linkage",
    "enforcement_of",
    "interdependent_discount",
]

_MAX_TRACKS = 12


@dataclass(frozen=True, slots=True)
class CriticalDiscount:
    """Discount factors from which on complying is best.

    Attributes
    ----------
    factor : ndarray, shape (..., n)
        delta_i; inf where no discount factor below one is enough.
    never : ndarray of bool, shape (..., n)
        Where the punishment is better than complying, or as good and deviating is tempting.
    agreement : ndarray, shape (...)
        The largest delta_i: from it on the agreement holds.
    """

    factor: FloatArray
    never: BoolArray
    agreement: FloatArray


def critical_discount(
    deviation: npt.ArrayLike, cooperation: npt.ArrayLike, punishment: npt.ArrayLike
) -> CriticalDiscount:
    """Return delta_i = (dev - c)/(dev - N), 0 if dev <= c, as far as c > N.

    Complying is best iff c/(1 - delta) >= dev + delta N/(1 - delta). Where c < N the punishment is
    what the player would rather have, so that there is no delta from which on it complies; where
    c = N there is one, 0, only if dev <= c.

    Parameters
    ----------
    deviation, cooperation, punishment : array_like, shape (..., n)
        Per-period payoffs dev, c and N of n players.

    Returns
    -------
    CriticalDiscount

    Raises
    ------
    GameError
        If shapes do not fit or a payoff is NaN.
    """
    dev, c, n = _three(deviation, cooperation, punishment)
    tempted = dev > c
    never = np.asarray((c < n) | (tempted & (c == n)))
    gap = np.where(tempted & ~never, dev - n, 1.0)
    factor = np.where(never, np.inf, np.where(tempted, (dev - c) / gap, 0.0))
    agreement = factor.max(axis=-1) if factor.ndim else factor
    return CriticalDiscount(factor, never, np.asarray(agreement))


@dataclass(frozen=True, slots=True)
class EnforcementLinkage:
    """Critical discount factors track by track and pooled.

    Attributes
    ----------
    deviation, cooperation, punishment : ndarray, shape (B, T, n)
        Payoffs by track.
    pooled_deviation, pooled_cooperation, pooled_punishment : ndarray, shape (B, n)
        Payoffs when all tracks are one agreement.
    separate : ndarray, shape (B, T, n)
        Critical discount factors of the tracks alone, by player; inf: never.
    pooled : ndarray, shape (B, n)
    separate_agreement : ndarray, shape (B, T)
        Of the tracks' agreements: the largest over the players.
    pooled_agreement : ndarray, shape (B,)
    rescued, tightened : ndarray of bool, shape (B, T)
        Tracks that hold for more discount factors when pooled, and for fewer.
    converged : ndarray of bool, shape (B,)
        Whether every best response and war behind the payoffs was certified.
    """

    deviation: FloatArray
    cooperation: FloatArray
    punishment: FloatArray
    pooled_deviation: FloatArray
    pooled_cooperation: FloatArray
    pooled_punishment: FloatArray
    separate: FloatArray
    pooled: FloatArray
    separate_agreement: FloatArray
    pooled_agreement: FloatArray
    rescued: BoolArray
    tightened: BoolArray
    converged: BoolArray


def enforcement_linkage(
    deviation: npt.ArrayLike, cooperation: npt.ArrayLike, punishment: npt.ArrayLike
) -> EnforcementLinkage:
    """Return critical discount factors of separable tracks, alone and pooled.

    Payoffs add up over the tracks: pooled delta_i = sum (dev - c)/sum (dev - N), between the
    smallest and the largest of the tracks' own where dev >= c > N in every track; identical
    tracks gain nothing.

    Parameters
    ----------
    deviation, cooperation, punishment : array_like, shape (T, n) or (B, T, n)

    Returns
    -------
    EnforcementLinkage

    Raises
    ------
    GameError
        If shapes do not fit or a payoff is NaN.

    References
    ----------
    Bernheim and Whinston (1990), section 3.
    """
    dev, c, n = _three(deviation, cooperation, punishment)
    if dev.ndim not in (2, 3):
        raise GameError(f"deviation: shape (T, n) or (B, T, n) is allowed, got {dev.shape}")
    dev, c, n = (v[None] if v.ndim == 2 else v for v in (dev, c, n))
    best = np.maximum(dev, c)
    sums = (best.sum(axis=1), c.sum(axis=1), n.sum(axis=1))
    return _linkage((best, c, n), sums, np.ones(len(dev), dtype=bool))


def _linkage(
    tracks: tuple[FloatArray, FloatArray, FloatArray],
    pooled: tuple[FloatArray, FloatArray, FloatArray],
    converged: BoolArray,
) -> EnforcementLinkage:
    apart, joint = critical_discount(*tracks), critical_discount(*pooled)
    together = joint.agreement[:, None]
    return EnforcementLinkage(
        deviation=tracks[0],
        cooperation=tracks[1],
        punishment=tracks[2],
        pooled_deviation=pooled[0],
        pooled_cooperation=pooled[1],
        pooled_punishment=pooled[2],
        separate=apart.factor,
        pooled=joint.factor,
        separate_agreement=apart.agreement,
        pooled_agreement=joint.agreement,
        rescued=np.asarray(together < apart.agreement),
        tightened=np.asarray(together > apart.agreement),
        converged=converged,
    )


def enforcement_of(
    payoffs: PayoffsLike,
    *,
    outcome: npt.ArrayLike,
    tracks: Mapping[str, Sequence[int]],
    control: Sequence[int | None],
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    parties: Sequence[int] | None = None,
) -> EnforcementLinkage:
    """Return the critical discount factors of an agreement over issues with smooth payoffs.

    Deviation: best response over the own instruments among the covered issues. Punishment: the
    war over the covered issues, everything else at the agreement (`sim.games.threats.nash_war`,
    started at the agreement). A player without an instrument there cannot deviate: a war that is
    better for it than the agreement is counted as no worse.

    Parameters
    ----------
    payoffs : PayoffsLike
        N players, K issues, B draws.
    outcome : array_like, shape (K,) or (B, K)
        The agreement.
    tracks : mapping of str to sequence of int
        Issues covered by each track; T tracks.
    control : sequence of (int or None), length K
        Who can set each issue alone.
    lower, upper : array_like, shape (K,) or (B, K)
    parties : sequence of int, optional
        Players whose constraints count; default all.

    Returns
    -------
    EnforcementLinkage

    Raises
    ------
    GameError
        If a track is empty or covers an unknown issue, or shapes do not fit.
    """
    low, high = check_box(payoffs, np.asarray(lower, float), np.asarray(upper, float))
    b, k = low.shape
    x = np.array(per_draw("outcome", outcome, b, (k,)))
    if not tracks or any(not set(i) <= set(range(k)) or not len(i) for i in tracks.values()):
        raise GameError(f"tracks: non-empty lists of issues 0 to {k - 1} are allowed")
    if len(control) != k:
        raise GameError(f"control: one player or None an issue ({k}) is allowed")
    who = list(range(len(payoffs.players))) if parties is None else list(parties)
    found, sure = [], np.ones(b, dtype=bool)
    everything = sorted({i for issues in tracks.values() for i in issues})
    for issues in [*tracks.values(), everything]:
        values, good = _one_track(payoffs, x, list(issues), control, (low, high), who)
        found.append(values)
        sure &= good
    stacked = [np.stack([f[v] for f in found[:-1]], axis=1) for v in range(3)]
    return _linkage((stacked[0], stacked[1], stacked[2]), found[-1], sure)


def _one_track(
    payoffs: PayoffsLike,
    x: FloatArray,
    covered: list[int],
    control: Sequence[int | None],
    bounds: tuple[FloatArray, FloatArray],
    who: list[int],
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], BoolArray]:
    """Return (dev, c, N) of the parties, each (B, n), and whether all searches ended well."""
    base = utilities(payoffs, x)
    dev = base.copy()
    sure = np.ones(len(x), dtype=bool)
    holders = [control[i] if i in covered else None for i in range(x.shape[1])]
    for player in sorted({p for p in holders if p is not None}):
        mine = [i for i, p in enumerate(holders) if p == player]
        reply = best_response(
            payoffs, player, outcome=x, issues=mine, lower=bounds[0], upper=bounds[1]
        )
        dev[:, player] = np.maximum(reply.payoffs[:, player], base[:, player])
        sure &= reply.converged
    punished = base
    if any(p is not None for p in holders):
        war = nash_war(payoffs, lower=bounds[0], upper=bounds[1], control=holders, start=x)
        punished = war.payoffs.copy()
        idle = sorted(set(range(punished.shape[1])) - {p for p in holders if p is not None})
        punished[:, idle] = np.minimum(punished[:, idle], base[:, idle])
        sure &= war.converged
    return (dev[:, who], base[:, who], punished[:, who]), sure


@dataclass(frozen=True, slots=True)
class Interdependence:
    """Critical discount factors when the objective is not additive across tracks.

    Attributes
    ----------
    separate : ndarray, shape (..., T)
        Of each track alone: deviate and be punished there, comply elsewhere.
    any_subset : ndarray, shape (...)
        Of all tracks enforced separately by one government that may also deviate in several at
        once, each punished by itself.
    linked : ndarray, shape (...)
        Any deviation is punished everywhere.
    """

    separate: FloatArray
    any_subset: FloatArray
    linked: FloatArray


def interdependent_discount(
    deviation: npt.ArrayLike,
    cooperation: npt.ArrayLike,
    punishment: npt.ArrayLike,
    *,
    objective: Callable[[FloatArray], FloatArray],
) -> Interdependence:
    """Return critical discount factors for an objective v of the sum over tracks.

    Track k alone: (v(dev_k + c_-k) - v(c)) / (v(dev_k + c_-k) - v(N_k + c_-k)); linked:
    (v(sum dev) - v(sum c)) / (v(sum dev) - v(sum N)). For identical tracks with c > N: with v
    strictly concave (issues are substitutes) linkage adds enforcement power; with v strictly convex
    (complements) the deviation everywhere at once is the most tempting one, and linked tracks
    need more patience than each track alone: delegate them to separate agencies.
    One government that enforces separately must still resist deviating in several tracks at
    once, so `linked` never exceeds `any_subset`.

    Parameters
    ----------
    deviation, cooperation, punishment : array_like, shape (..., T)
        Per-period payoffs of one player by track, dev >= c.
    objective : callable
        v, rising, from an array to an array of the same shape.

    Returns
    -------
    Interdependence

    Raises
    ------
    GameError
        If shapes do not fit, dev < c somewhere, or there are more than 12 tracks.

    References
    ----------
    Spagnolo (1999), On Interdependent Supergames; Issue Linkage, Delegation, and International
    Policy Cooperation.
    """
    dev, c, n = _three(deviation, cooperation, punishment)
    if dev.ndim == 0 or not 1 <= dev.shape[-1] <= _MAX_TRACKS:
        raise GameError(f"deviation: a last axis of 1 to {_MAX_TRACKS} tracks is allowed")
    if (dev < c).any():
        raise GameError("deviation: at least the payoff of complying is allowed")
    tracks = dev.shape[-1]

    def factor(where: Sequence[int], punished: Sequence[int]) -> FloatArray:
        inside, hit = np.zeros(tracks, dtype=bool), np.zeros(tracks, dtype=bool)
        inside[list(where)], hit[list(punished)] = True, True
        values = [
            finite("objective", objective(np.asarray(total)))
            for total in (
                np.where(inside, dev, c).sum(axis=-1),
                c.sum(axis=-1),
                np.where(hit, n, c).sum(axis=-1),
            )
        ]
        return critical_discount(*(v[..., None] for v in values)).agreement

    alone = np.stack([factor([k], [k]) for k in range(tracks)], axis=-1)
    subsets = [s for r in range(1, tracks + 1) for s in combinations(range(tracks), r)]
    everywhere = range(tracks)
    return Interdependence(
        separate=alone,
        any_subset=np.max([factor(s, s) for s in subsets], axis=0),
        linked=factor(everywhere, everywhere),
    )


def _three(
    deviation: npt.ArrayLike, cooperation: npt.ArrayLike, punishment: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    dev, c = finite("deviation", deviation), finite("cooperation", cooperation)
    n = finite("punishment", punishment)
    try:
        dev, c, n = np.broadcast_arrays(dev, c, n)
    except ValueError as error:
        raise GameError(
            "deviation, cooperation, punishment: equal shapes are allowed, got "
            f"{dev.shape}, {c.shape}, {n.shape}"
        ) from error
    return dev, c, n
