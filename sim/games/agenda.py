"""The order of issues, and majority rule: who proposes what, and when.

References
----------
Inderst (2000), Multi-issue Bargaining with Endogenous Agenda, Games and Economic Behavior 30,
64-82. Busch and Horstmann (1997), Bargaining Frictions, Bargaining Procedures and Implied Costs
in Multiple-Issue Bargaining, Economica 64, 669-680. Baron and Ferejohn (1989), Bargaining in
Legislatures, American Political Science Review 83, 1181-1206.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import (
    FloatArray,
    check_probabilities,
    per_draw,
    whole,
    within,
)

__all__ = [
    "AgendaStage",
    "MajorityBargain",
    "SequentialAgenda",
    "majority_rule",
    "sequential_agenda",
]

_OPENERS = ("same", "random", "accepter")
_STEPS = 200
_MAX_PLAYERS = 60


@dataclass(frozen=True, slots=True)
class AgendaStage:
    """Stationary equilibrium of one issue of a sequential agenda.

    Attributes
    ----------
    shares : ndarray, shape (B, 2)
        Player 0's share when player 0 and when player 1 proposes.
    payoffs : ndarray, shape (B, 2, 2)
        [b, proposer, player], of this issue and of those that follow.
    """

    shares: FloatArray
    payoffs: FloatArray


@dataclass(frozen=True, slots=True)
class SequentialAgenda:
    """Issues settled one after the other, each in force when agreed.

    Attributes
    ----------
    stages : tuple of AgendaStage
        In the order of the agenda.
    payoffs : ndarray, shape (B, 2, 2)
        [b, first proposer, player], of all issues together.
    residual : ndarray, shape (B,)
        Largest one-shot gain over the sum of the values: 0 is an equilibrium.
    """

    stages: tuple[AgendaStage, ...]
    payoffs: FloatArray
    residual: FloatArray


def sequential_agenda(
    values: npt.ArrayLike, discount: npt.ArrayLike, *, opener: str = "random"
) -> SequentialAgenda:
    """Solve alternating offers over linear issues in a fixed order.

    Of issue k player i values a share x at values[k, i] x. An issue is implemented when agreed,
    and the talks on the next one open at once; only refusals take time. The last issue is a pie;
    before it, with W^q_i the value of what follows if q opens it, proposer i offers the share
    that leaves the other with u_j = delta_j (its value of proposing next), or takes the whole
    issue where even that is too much. Who opens the next issue decides at first order: with two
    issues and discount factors near one player 0 gets
    1/2 + kappa (a_0 b_1 - a_1 b_0)/(2 a_0 a_1) of the first, clipped to [0, 1], kappa = 0, 1/2
    and 1 if it is opened by the same proposer, by a coin, or by whoever accepted.

    Parameters
    ----------
    values : array_like, shape (K, 2) or (B, K, 2)
        Positive values of whole issues, in the order of the agenda.
    discount : array_like, float, shape (2,) or (B, 2)
        delta_i in [0, 1).
    opener : {"same", "random", "accepter"}
        Who proposes first on the next issue.

    Returns
    -------
    SequentialAgenda

    Raises
    ------
    GameError
        If shapes do not fit, a value is not positive or a discount factor is outside [0, 1).

    References
    ----------
    Inderst (2000); Busch and Horstmann (1997); formula of the limit: own derivation.
    """
    worth = within("values", values, 0.0, 1e300, open_low=True)
    worth = worth[None] if worth.ndim == 2 else worth
    if worth.ndim != 3 or worth.shape[2] != 2 or not worth.shape[1]:
        raise GameError(f"values: shape (K, 2) or (B, K, 2) is allowed, got {worth.shape}")
    if opener not in _OPENERS:
        raise GameError(f"opener: {', '.join(_OPENERS)} are allowed, got {opener!r}")
    b, k, _ = worth.shape
    delta = within("discount", discount, 0.0, 1.0, open_high=True)
    delta = per_draw("discount", delta, b, (2,))
    after = np.zeros((b, 2, 2))
    stages: list[AgendaStage] = []
    residual = np.zeros(b)
    for issue in range(k - 1, -1, -1):
        following = _opened(after, opener) if stages else after
        stage = _stage(worth[:, issue], delta, following)
        residual = np.maximum(residual, _stage_regret(stage, worth[:, issue], delta, following))
        stages.insert(0, stage)
        after = stage.payoffs
    return SequentialAgenda(
        stages=tuple(stages),
        payoffs=after,
        residual=residual / worth.sum(axis=(1, 2)),
    )


def _opened(payoffs: FloatArray, opener: str) -> FloatArray:
    """Return the value [b, proposer, player] of what follows an agreement."""
    if opener == "same":
        return payoffs
    if opener == "accepter":
        return payoffs[:, ::-1]
    return np.broadcast_to(payoffs.mean(axis=1, keepdims=True), payoffs.shape)


def _stage(worth: FloatArray, delta: FloatArray, after: FloatArray) -> AgendaStage:
    """Solve the two acceptance conditions: bisect player 0's share, then one secant step."""
    low, high = np.zeros(len(worth)), np.ones(len(worth))
    for _ in range(_STEPS):
        share = 0.5 * (low + high)
        more = _reply(share, worth, delta, after)[0] > share
        low, high = np.where(more, share, low), np.where(more, high, share)
    first = 0.5 * (low + high)
    # the map is piecewise linear: one secant step removes the error of the bisection
    width = 1e-3
    left, right = np.maximum(first - width, 0.0), np.minimum(first + width, 1.0)
    gap_left = _reply(left, worth, delta, after)[0] - left
    gap_right = _reply(right, worth, delta, after)[0] - right
    slope = (gap_right - gap_left) / (right - left)
    gap = _reply(first, worth, delta, after)[0] - first
    better = np.clip(first - gap / np.where(slope < 0.0, slope, -1.0), 0.0, 1.0)
    improves = np.abs(_reply(better, worth, delta, after)[0] - better) < np.abs(gap)
    first = np.where(improves, better, first)
    second = _reply(first, worth, delta, after)[1]
    shares = np.stack([first, second], axis=1)
    split = np.stack([shares, 1.0 - shares], axis=2)
    return AgendaStage(shares=shares, payoffs=split * worth[:, None, :] + after)


def _reply(
    share: FloatArray, worth: FloatArray, delta: FloatArray, after: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what 0 would propose if it expects to propose `share`, and what 1 proposes between."""
    own = worth[:, 0] * share + after[:, 0, 0]
    second = np.clip((delta[:, 0] * own - after[:, 1, 0]) / worth[:, 0], 0.0, 1.0)
    other = worth[:, 1] * (1.0 - second) + after[:, 1, 1]
    left = np.clip((delta[:, 1] * other - after[:, 0, 1]) / worth[:, 1], 0.0, 1.0)
    return 1.0 - left, second


def _stage_regret(
    stage: AgendaStage, worth: FloatArray, delta: FloatArray, after: FloatArray
) -> FloatArray:
    """Return the largest gain of refusing, and of asking for more that would be accepted."""
    worst = np.zeros(len(worth))
    for proposer in (0, 1):
        responder = 1 - proposer
        got = stage.payoffs[:, proposer, responder]
        wait = delta[:, responder] * stage.payoffs[:, responder, responder]
        share = stage.shares[:, proposer]
        kept = 1.0 - share if proposer == 0 else share
        spare = np.minimum(got - wait, kept * worth[:, responder]) / worth[:, responder]
        greed = np.maximum(spare, 0.0) * worth[:, proposer]
        # even the whole issue may leave the responder with more than it needs
        worst = np.maximum(worst, np.maximum(greed, wait - got))
    return worst


@dataclass(frozen=True, slots=True)
class MajorityBargain:
    """Stationary equilibrium of dividing a dollar under a voting rule.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Expected payoffs before a proposer is drawn.
    reservations : ndarray, shape (n,)
        delta v_i: the price of a vote.
    proposer_shares : ndarray, shape (n,)
        What each keeps when proposing.
    inclusion : ndarray, shape (n, n)
        [i, j]: probability that proposer i buys j's vote.
    residual : float
        Largest violation of the equilibrium conditions.
    """

    values: FloatArray
    reservations: FloatArray
    proposer_shares: FloatArray
    inclusion: FloatArray
    residual: float


def majority_rule(recognition: npt.ArrayLike, *, discount: float, quota: int) -> MajorityBargain:
    """Solve closed-rule bargaining over a dollar with random recognition.

    The proposer buys the quota - 1 cheapest votes at delta v_j. In equilibrium there is a price
    w with cheaper players always included (L), players at w included at random (M) and dearer
    ones never (H):
    v_i = p_i (1 - cost_i) + r_i delta v_i, r_i the chance of being bought, sum r_i = quota - 1.
    Values rise with p, so that groups are intervals in p; each pair of cuts is a linear system
    whose solution is checked. With equal p the values are 1/n and the proposer keeps
    1 - delta (quota - 1)/n.

    Parameters
    ----------
    recognition : array_like, shape (n,)
        Probabilities p_i of being recognised; 2 to 60 players.
    discount : float
        delta in [0, 1).
    quota : int
        Votes needed, the proposer's included, 1 to n.

    Returns
    -------
    MajorityBargain

    Raises
    ------
    GameError
        If an argument is outside its range, or no pair of cuts passes the check.

    References
    ----------
    Baron and Ferejohn (1989); Eraslan (2002), J. Economic Theory 103, 11-30 (payoffs are unique).
    """
    p = check_probabilities("recognition", recognition)
    if p.ndim != 1 or not 2 <= len(p) <= _MAX_PLAYERS:
        raise GameError(f"recognition: shape (n,), n from 2 to {_MAX_PLAYERS}, is allowed")
    delta = float(within("discount", discount, 0.0, 1.0, open_high=True))
    n = len(p)
    whole("quota", quota, 1, n)
    order = np.argsort(p, kind="stable")
    best: tuple[float, FloatArray, FloatArray] | None = None
    for low in range(quota):
        for top in range(max(low, quota - 1), n + 1):
            found = _groups(p[order], delta, quota, low, top)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
    if best is None or best[0] > 1e-9:
        raise GameError("recognition: no stationary equilibrium passed the check")
    values, bought = np.empty(n), np.zeros((n, n))
    values[order] = best[1]
    bought[np.ix_(order, order)] = best[2]
    price = delta * values
    return MajorityBargain(
        values=values,
        reservations=price,
        proposer_shares=1.0 - bought @ price,
        inclusion=bought,
        residual=best[0],
    )


def _groups(
    p: FloatArray, delta: float, quota: int, low: int, top: int
) -> tuple[float, FloatArray, FloatArray] | None:
    """Solve for values with L = [0, low), M = [low, top), H = [top, n); None if inconsistent."""
    n = len(p)
    if low > quota - 1 or top < quota - 1 or (low == top and low != quota - 1):
        return None
    values = _values(p, delta, quota, low, top)
    if values is None:
        return None
    price = delta * values
    middle = price[low:top].mean() if top > low else 0.0
    bought = _votes(p, values, price, quota, low, top)
    if bought is None:
        return None
    errors = [abs(values.sum() - 1.0)]
    for i in range(n):
        paid = float(bought[i] @ price)
        others = np.delete(np.arange(n), i)
        cheapest = float(np.sort(price[others])[: quota - 1].sum())
        errors.append(abs(paid - cheapest))
        chance = float(p @ bought[:, i])
        errors.append(abs(values[i] - p[i] * (1.0 - paid) - chance * price[i]))
    errors.append(float(np.abs(price[low:top] - middle).max(initial=0.0)))
    return float(max(errors)), values, bought


def _values(p: FloatArray, delta: float, quota: int, low: int, top: int) -> FloatArray | None:
    """Solve the linear system in (v_0, ..., v_(n-1)) of one pair of cuts."""
    n = len(p)
    system, right = np.zeros((n, n)), np.zeros(n)
    mixed = top > low
    for i in range(n):
        system[i, i] += 1.0
        right[i] += p[i]
        if i < low:
            system[i, :low] += p[i] * delta
            system[i, i] -= p[i] * delta + (1.0 - p[i]) * delta
            if mixed:
                system[i, low:top] += p[i] * delta * (quota - low) / (top - low)
        else:
            system[i, :low] += p[i] * delta
            if mixed:
                system[i, low:top] += p[i] * delta * (quota - 1 - low) / (top - low)
    if mixed:
        # players in M have equal values, and the values add to one
        system[low] = 1.0
        right[low] = 1.0
        for i in range(low + 1, top):
            system[i] = 0.0
            system[i, i], system[i, low], right[i] = 1.0, -1.0, 0.0
    try:
        values = np.asarray(np.linalg.solve(system, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return values if (values >= -1e-12).all() else None


def _votes(
    p: FloatArray, values: FloatArray, price: FloatArray, quota: int, low: int, top: int
) -> FloatArray | None:
    """Find the mixing over M that gives its members their values, by linear programming."""
    n = len(p)
    bought = np.zeros((n, n))
    bought[:, :low] = 1.0
    np.fill_diagonal(bought, 0.0)
    members = np.arange(low, top)
    slots = quota - 1 - bought.sum(axis=1)
    if not len(members):
        return bought if np.allclose(slots, 0.0) else None
    from scipy.optimize import linprog

    pairs = [(i, j) for i in range(n) for j in members if i != j]
    rows = np.zeros((n + len(members), len(pairs)))
    for column, (i, j) in enumerate(pairs):
        rows[i, column] = 1.0
        rows[n + j - low, column] = p[i]
    paid = 1.0 - bought[:, :low] @ price[:low] - slots * price[low]
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = (values[members] - p[members] * paid[members]) / price[members]
    if not np.isfinite(chance).all():
        chance = np.full(len(members), (p @ slots) / len(members))
    found = linprog(
        np.zeros(len(pairs)),
        A_eq=rows,
        b_eq=np.concatenate([slots, chance]),
        bounds=(0.0, 1.0),
        method="highs",
    )
    if found.x is None or not found.success:
        return None
    for column, (i, j) in enumerate(pairs):
        bought[i, j] = found.x[column]
    return bought
