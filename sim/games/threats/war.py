"""Wars over issues: pure Nash equilibria in the instruments that each player controls.

What talks fall back on need not be announced: it can be the non-cooperative equilibrium in
tariffs, retaliation and troops. Each player maximises its own payoff over the issues that it
controls, the others' held.

References
----------
Johnson (1953), Optimum Tariffs and Retaliation, Rev. Econ. Studies 21, 142-153; Ossa (2014), Trade
Wars and Trade Talks with Data, American Economic Review 104, 4104-4146.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.bargaining.problem import EvaluationLike, PayoffsLike, Rows
from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray, per_draw, whole
from sim.games.box.maximise import BoxMaximum, check_box, maximise, starting_points, utilities
from sim.payoffs.core import Payoffs
from sim.payoffs.table import Evaluation

__all__ = ["NashWar", "best_response", "nash_war", "war_regret"]

_SWEEPS = 200
_ROUNDS = 4
_STILL = 1e-11
_TOLERANCE = 1e-8
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class NashWar:
    """Pure Nash equilibria in the instruments.

    Attributes
    ----------
    outcome : ndarray, shape (B, K)
        Selected equilibrium: the one reached from `start`; failing that, the first one found.
    payoffs : ndarray, shape (B, N)
    regret : ndarray, shape (B,)
        Largest gain of a player from the best response of a fresh search, over the range of its
        payoff along its own instruments.
    converged : ndarray of bool, shape (B,)
        regret <= 1e-8.
    count : ndarray of int, shape (B,)
        Equilibria found; the search may miss some.
    all_outcomes : ndarray, shape (E, B, K)
    all_payoffs : ndarray, shape (E, B, N)
    exists : ndarray of bool, shape (E, B)
        Which entries are equilibria of the draw.
    """

    outcome: FloatArray
    payoffs: FloatArray
    regret: FloatArray
    converged: BoolArray
    count: IntArray
    all_outcomes: FloatArray
    all_payoffs: FloatArray
    exists: BoolArray


def best_response(
    payoffs: PayoffsLike,
    player: int,
    *,
    outcome: FloatArray,
    issues: Sequence[int],
    lower: FloatArray,
    upper: FloatArray,
    starts: Sequence[FloatArray] | None = None,
) -> BoxMaximum:
    """Maximise a player's payoff over some issues, the others held at `outcome`.

    Parameters
    ----------
    payoffs : PayoffsLike
        N players, K issues, B draws.
    player : int
    outcome : ndarray, shape (B, K)
        Where the other issues stay.
    issues : sequence of int
        The player's instruments.
    lower, upper : ndarray, shape (K,) or (B, K)
    starts : sequence of ndarray, shape (B, K), optional
        Default: `outcome`, three spread points and the two corners. Given starts are taken to be
        near the answer.

    Returns
    -------
    BoxMaximum
        Full outcomes (B, K).
    """
    low, high = check_box(payoffs, lower, upper)
    own = list(issues)
    bottom, top = low[:, own], high[:, own]
    if starts is None:
        points = [outcome[:, own], *starting_points(bottom, top, 3), bottom, top]
        guess = None
    else:
        points, guess = [start[:, own] for start in starts], np.zeros((len(low), 1))
    alone = _alone(payoffs, player, own, outcome)
    found = maximise(alone, 0, lower=bottom, upper=top, starts=points, multipliers=guess)
    full = outcome.copy()
    full[:, own] = found.outcome
    return BoxMaximum(
        outcome=full,
        payoffs=utilities(payoffs, full),
        feasible=found.feasible,
        converged=found.converged,
        residual=found.residual,
        multipliers=np.zeros((len(low), len(payoffs.players))),
    )


def _alone(
    payoffs: PayoffsLike, player: int, issues: list[int], outcome: FloatArray
) -> PayoffsLike:
    """Return one player's payoff as a function of its own instruments."""
    if isinstance(payoffs, Payoffs):
        return payoffs.table([player], issues, outcome)
    return _Alone(payoffs, player, tuple(issues), outcome)


@dataclass(frozen=True, slots=True)
class _Alone:
    """Any payoffs, seen by one player who sets some of the issues."""

    whole: PayoffsLike
    player: int
    own: tuple[int, ...]
    outcome: FloatArray

    @property
    def players(self) -> tuple[str, ...]:
        return (self.whole.players[self.player],)

    @property
    def issues(self) -> tuple[str, ...]:
        return tuple(self.whole.issues[i] for i in self.own)

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        return (tuple(range(len(self.own))),)

    @property
    def n_draws(self) -> int:
        return self.whole.n_draws

    def evaluate(self, x_rows: FloatArray, order: int = 2) -> EvaluationLike:
        rows = np.array(self.outcome.T)
        rows[list(self.own)] = x_rows
        found = self.whole.evaluate(rows, order)
        place = {issue: k for k, issue in enumerate(self.own)}
        one = slice(self.player, self.player + 1)
        return Evaluation(
            value=found.value[one],
            gradient=found.gradient[one][:, list(self.own)] if order else found.gradient[one],
            hessian=tuple(
                (0, place[i], place[j], h) if place[i] <= place[j] else (0, place[j], place[i], h)
                for p, i, j, h in found.hessian
                if p == self.player and i in place and j in place
            ),
            curvature=None if found.curvature is None else found.curvature[one],
        )

    def take(self, rows: Rows) -> _Alone:
        return _Alone(self.whole.take(rows), self.player, self.own, self.outcome[rows])

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        full = np.zeros((len(v), len(self.whole.players)))
        full[:, self.player] = v[:, 0]
        return self.whole.certainty_equivalent(full)[:, [self.player]]


def nash_war(
    payoffs: PayoffsLike,
    *,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    control: Sequence[int | None],
    start: npt.ArrayLike,
    starts: int = 4,
) -> NashWar:
    """Find pure Nash equilibria by sweeps of best responses from several starts.

    Parameters
    ----------
    payoffs : PayoffsLike
        N players, K issues, B draws.
    lower, upper : array_like, shape (K,) or (B, K)
    control : sequence of (int or None), length K
        Who sets each issue; None: the issue stays at `start`.
    start : array_like, shape (K,) or (B, K)
        First start, for instance the announced breakdown.
    starts : int
        Starts in all, 1 to 100: `start`, each player's corners, then spread points.

    Returns
    -------
    NashWar
        `exists` holds what passed the certificate; where nothing did, `outcome` is where the
        sweeps ended and `converged` is False (best responses may cycle).

    Raises
    ------
    GameError
        If shapes do not fit or an issue is controlled by nobody at the table.
    """
    b, n, k = payoffs.n_draws, len(payoffs.players), len(payoffs.issues)
    low, high = check_box(payoffs, np.asarray(lower, float), np.asarray(upper, float))
    first = np.clip(per_draw("start", start, b, (k,)), low, high)
    whole("starts", starts, 1, 100)
    holdings = _holdings(control, n, k)
    if not holdings:
        raise GameError("control: at least one issue that a player controls is allowed")
    moving = np.zeros(k, dtype=bool)
    moving[[i for issues in holdings.values() for i in issues]] = True
    points = [first, np.where(moving, low, first), np.where(moving, high, first)]
    points += [np.where(moving, p, first) for p in starting_points(low, high, max(starts - 3, 1))]
    every = np.tile(np.arange(b), starts)  # all starts at once, start after start
    outcomes, regrets = _to_rest(
        payoffs.take(every), holdings, (low[every], high[every]), np.concatenate(points[:starts])
    )
    outcomes, regrets = outcomes.reshape(starts, b, k), regrets.reshape(starts, b)
    return _war(payoffs, outcomes, regrets, high - low)


def war_regret(
    payoffs: PayoffsLike,
    outcome: FloatArray,
    *,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    control: Sequence[int | None],
) -> FloatArray:
    """Return what each player gains from its best response, shape (B, N).

    Parameters
    ----------
    payoffs, lower, upper, control
        As for `nash_war`.
    outcome : ndarray, shape (B, K)
    """
    low, high = check_box(payoffs, np.asarray(lower, float), np.asarray(upper, float))
    gains = np.zeros((payoffs.n_draws, len(payoffs.players)))
    base = utilities(payoffs, outcome)
    for player, issues in _holdings(control, len(payoffs.players), len(payoffs.issues)).items():
        reply = best_response(
            payoffs, player, outcome=outcome, issues=issues, lower=low, upper=high
        )
        gains[:, player] = np.maximum(reply.payoffs[:, player] - base[:, player], 0.0)
    return gains


def _holdings(control: Sequence[int | None], n: int, k: int) -> dict[int, list[int]]:
    """Return the issues of each player who controls some."""
    if len(control) != k:
        raise GameError(f"control: one player or None an issue ({k}) is allowed")
    holdings: dict[int, list[int]] = {}
    for issue, player in enumerate(control):
        if player is None:
            continue
        if not 0 <= player < n:
            raise GameError(f"control: players 0 to {n - 1} or None are allowed, got {player}")
        holdings.setdefault(int(player), []).append(issue)
    return dict(sorted(holdings.items()))


def _to_rest(
    payoffs: PayoffsLike,
    holdings: dict[int, list[int]],
    bounds: tuple[FloatArray, FloatArray],
    start: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Sweep to rest, then jump to better far replies, if any, and sweep again."""
    x = start.copy()
    regret = np.full(len(x), np.inf)
    live = np.arange(len(x))
    for _ in range(_ROUNDS):
        part = payoffs.take(live)
        box = bounds[0][live], bounds[1][live]
        x[live] = _sweep(part, holdings, box, x[live])
        jumped, gain = _far_replies(part, holdings, box, x[live])
        regret[live] = gain
        going = gain > _TOLERANCE
        live, jumped = live[going], jumped[going]
        if not len(live):
            break
        x[live] = jumped
    return x, regret


def _sweep(
    payoffs: PayoffsLike,
    holdings: dict[int, list[int]],
    bounds: tuple[FloatArray, FloatArray],
    x: FloatArray,
) -> FloatArray:
    """Reply in turn, each from where it stands, until nobody moves."""
    x = x.copy()
    width = np.where(bounds[1] > bounds[0], bounds[1] - bounds[0], 1.0)
    live = np.arange(len(x))
    for _ in range(_SWEEPS):
        part, box = payoffs.take(live), (bounds[0][live], bounds[1][live])
        before = x[live].copy()
        point = before
        for player, issues in holdings.items():
            point = best_response(
                part,
                player,
                outcome=point,
                issues=issues,
                lower=box[0],
                upper=box[1],
                starts=[point],
            ).outcome
        x[live] = point
        live = live[(np.abs(point - before) / width[live]).max(axis=1) > _STILL]
        if not len(live):
            break
    return x


def _far_replies(
    payoffs: PayoffsLike,
    holdings: dict[int, list[int]],
    bounds: tuple[FloatArray, FloatArray],
    x: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the outcome after everybody's global reply, and the largest relative gain."""
    base = utilities(payoffs, x)
    worst = np.zeros(len(x))
    jumped = x.copy()
    for player, issues in holdings.items():
        reply = best_response(
            payoffs, player, outcome=x, issues=issues, lower=bounds[0], upper=bounds[1]
        )
        gain = reply.payoffs[:, player] - base[:, player]
        spread = _spread(payoffs, player, issues, bounds, x, reply.payoffs[:, player])
        relative = np.maximum(gain, 0.0) / spread
        worst = np.maximum(worst, relative)
        better = (relative > _TOLERANCE)[:, None]
        chosen = np.zeros(x.shape[1], dtype=bool)
        chosen[issues] = True
        jumped = np.where(better & chosen, reply.outcome, jumped)
    return jumped, worst


def _spread(
    payoffs: PayoffsLike,
    player: int,
    issues: list[int],
    bounds: tuple[FloatArray, FloatArray],
    x: FloatArray,
    best: FloatArray,
) -> FloatArray:
    """Return the range of the payoff between the best reply and the corners of the instruments."""
    lowest = best.copy()
    for corner in bounds:
        point = x.copy()
        point[:, issues] = corner[:, issues]
        lowest = np.minimum(lowest, utilities(payoffs, point)[:, player])
    return np.maximum(best - lowest, 1e-12 * (1.0 + np.abs(best)))


def _war(
    payoffs: PayoffsLike, outcomes: FloatArray, regrets: FloatArray, width: FloatArray
) -> NashWar:
    """Drop repetitions and select."""
    exists = regrets <= _TOLERANCE
    scale = np.where(width > 0.0, width, 1.0)
    for e in range(1, len(outcomes)):
        for earlier in range(e):
            gap = (np.abs(outcomes[e] - outcomes[earlier]) / scale).max(axis=1)
            exists[e] &= ~((gap <= _SAME) & exists[earlier])
    chosen = exists.argmax(axis=0)
    draw = np.arange(outcomes.shape[1])
    keep = [e for e in range(len(outcomes)) if exists[e].any()]
    values = [utilities(payoffs, outcomes[e]) for e in keep]
    shape = (0, outcomes.shape[1], len(payoffs.players))
    return NashWar(
        outcome=outcomes[chosen, draw],
        payoffs=utilities(payoffs, outcomes[chosen, draw]),
        regret=regrets[chosen, draw],
        converged=np.asarray(exists.any(axis=0)),
        count=exists.sum(axis=0),
        all_outcomes=outcomes[keep],
        all_payoffs=np.stack(values) if values else np.zeros(shape),
        exists=exists[keep],
    )
