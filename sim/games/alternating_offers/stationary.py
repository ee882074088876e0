"""Stationary subgame-perfect equilibria of alternating offers.

Proposers take turns in a fixed rotation; a proposal needs everybody's vote, given in turn; a
refusal passes the turn. With V^k_i the payoff of player i when k proposes, k's proposal solves

    max u_k(x)  subject to  u_j(x) >= max(o_j, (1 - delta_j) s_j + delta_j (p d_j + (1 - p) V^l_j))

for all j != k, where l proposes after k; and V^k = u(x^k). Agreement is immediate: next round's
proposal, offered now, would be accepted by everybody. An equilibrium is a fixed point of these
maps. With two players it is a zero of one increasing map minus the identity, so that all zeros
on a grid's cells are found; with more players it is sought by Newton's method from several starts.
On frontiers that are not concave there can be several.

References
----------
Rubinstein (1982), Econometrica 50, 97-109; Herrero (1985); Osborne and Rubinstein (1990),
Bargaining and Markets, sections 3.8-3.13; Binmore (1987), on frontiers that are not concave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, IntArray, finite, per_draw, whole
from sim.games.alternating_offers.fixed_points import (
    Candidate,
    close,
    implied_floors,
    rotation,
    settle,
    successor,
    two_players,
)
from sim.games.alternating_offers.menus import menu_equilibria
from sim.games.alternating_offers.tables import Menu, Offer, Pie, Table
from sim.games.alternating_offers.talks import Clock, Talks

__all__ = ["StationaryEquilibrium", "one_shot_regret", "stationary_equilibrium"]

_TOLERANCE = 1e-8
_POLISH_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class StationaryEquilibrium:
    """Stationary equilibria of alternating offers, the second axis the first proposer.

    Attributes
    ----------
    payoffs : ndarray, shape (B, N, N)
        `payoffs[b, k, i]`: of player i when k makes the first proposal, at the selected
        equilibrium (largest product of gains over perpetual talks, averaged over proposers).
    outcome : ndarray, shape (B, N, K)
        Proposals; all 0 without agreement.
    thresholds : ndarray, shape (B, N, N)
        What responder i accepts at least when k proposes.
    agreement : ndarray of bool, shape (B,)
        Whether something is better for all than talking for ever and opting out.
    converged : ndarray of bool, shape (B,)
        residual <= 1e-8.
    residual : ndarray, shape (B,)
        Largest one-shot gain: of a proposer from the best acceptable offer of a fresh search, of
        a responder from refusing; relative to the player's range of payoffs.
    count : ndarray of int, shape (B,)
        Equilibria found; 0 without agreement.
    all_payoffs : ndarray, shape (E, B, N, N)
    all_outcomes : ndarray, shape (E, B, N, K)
    exists : ndarray of bool, shape (E, B)
        Which entries of the lists are equilibria of the draw.
    complete : bool
        Whether the lists are known to be complete (pies and menus); otherwise a search found
        them and there may be more.
    """

    payoffs: FloatArray
    outcome: FloatArray
    thresholds: FloatArray
    agreement: BoolArray
    converged: BoolArray
    residual: FloatArray
    count: IntArray
    all_payoffs: FloatArray
    all_outcomes: FloatArray
    exists: BoolArray
    complete: bool


def stationary_equilibrium(
    table: Table, talks: Talks, *, order: Sequence[int] | None = None, scan: int = 9
) -> StationaryEquilibrium:
    """Find the stationary equilibria at a table.

    Parameters
    ----------
    table : Pie, Menu or Issues
        What is bargained over: N players, B draws.
    talks : Talks
        Patience, breakdown and payoffs while talking.
    order : sequence of int, optional
        Rotation of the proposers; default 0, 1, ..., N - 1.
    scan : int
        Cells of the grid on which several equilibria are looked for (two players), 1 to 1000;
        1 finds one equilibrium per draw.

    Returns
    -------
    StationaryEquilibrium

    Raises
    ------
    GameError
        If shapes, the order or the scan are not allowed.
    """
    n, draws = table.n_players, table.n_draws
    turn = _rotation(n, order)
    whole("scan", scan, 1, 1000)
    clock = talks.clock(draws, n)
    ideals, agreement = _ideal(table, clock)
    best = np.stack([ideals[i].payoffs[:, i] for i in range(n)], axis=1)
    span = np.maximum(best - clock.security, 1e-300)
    rows = np.flatnonzero(agreement)
    found: list[Candidate] = []
    if len(rows):
        part, time = table.take(rows), clock.take(rows)
        ideals = {i: offer.take(rows) for i, offer in ideals.items()}
        if isinstance(part, Menu):
            found = [Candidate(*c) for c in menu_equilibria(part, time, turn)]
        elif n == 2:
            found = two_players(part, time, turn, ideals, scan)
        else:
            found = rotation(part, time, turn, ideals)
        for candidate in found:
            _certify(candidate, part, time, turn, span[rows])
            candidate.rows = rows[candidate.rows]
    width = next(iter(ideals.values())).outcome.shape[1]
    return _collect(table, clock, agreement, found, turn, width)


def one_shot_regret(
    table: Table, talks: Talks, payoffs: FloatArray, *, order: Sequence[int] | None = None
) -> FloatArray:
    """Return the gains (B, N, N) of one-shot deviations from stationary payoffs (B, N, N).

    Entry [b, k, k] is what proposer k gains from the best offer that everybody accepts; entry
    [b, k, j] what responder j gains by refusing k's offer. An equilibrium has none positive.
    """
    n, draws = table.n_players, table.n_draws
    values = per_draw("payoffs", finite("payoffs", payoffs), draws, (n, n))
    return _gains(table, talks.clock(draws, n), values, _rotation(n, order))[0]


def _rotation(players: int, order: Sequence[int] | None) -> tuple[int, ...]:
    """Return the order of the proposers, each once."""
    turn = tuple(range(players)) if order is None else tuple(int(i) for i in order)
    if sorted(turn) != list(range(players)):
        raise GameError(
            f"order: a rotation of the players 0 to {players - 1} is allowed, got {order}"
        )
    return turn


def _ideal(table: Table, clock: Clock) -> tuple[dict[int, Offer], BoolArray]:
    """Return each player's best offer at the others' security, and whether all can gain."""
    best = {}
    agreement = np.ones(table.n_draws, dtype=bool)
    for player in range(table.n_players):
        best[player] = offer = table.offer(player, clock.security.copy())
        top = offer.payoffs[:, player]
        gain = top - clock.security[:, player]
        agreement &= offer.feasible & (gain > 1e-12 * (1.0 + np.abs(top)))
    if isinstance(table, Menu):  # no path leads from one player's ideal to the other's
        better = np.asarray((table.array > clock.security[:, None, :]).all(axis=2))
        agreement &= better.any(axis=1)
    return best, agreement


def _gains(
    table: Table, clock: Clock, payoffs: FloatArray, turn: Sequence[int]
) -> tuple[FloatArray, dict[int, Offer]]:
    """Return one-shot gains (B, N, N) and the freshly searched offers behind them."""
    gains = np.empty_like(payoffs)
    offers = {}
    for k, following in successor(turn).items():
        floors = clock.accept(payoffs[:, following])
        offers[k] = offer = table.offer(k, floors.copy())
        gains[:, k] = floors - payoffs[:, k]
        better = np.where(offer.feasible, offer.payoffs[:, k], -np.inf)
        gains[:, k, k] = better - payoffs[:, k, k]
    return gains, offers


def _certify(
    candidate: Candidate, table: Table, clock: Clock, turn: Sequence[int], span: FloatArray
) -> None:
    """Write the one-shot regret; where a fresh search beats an offer, settle again from there."""
    rows = candidate.rows
    doubtful = np.arange(len(rows))
    fresh: dict[int, Offer] = {}
    for attempt in range(1 if isinstance(table, Menu) else _POLISH_ROUNDS):
        part, time = table.take(rows[doubtful]), clock.take(rows[doubtful])
        if attempt:
            payoffs, outcome, _ = settle(part, time, turn, candidate.payoffs[doubtful], fresh)
            candidate.payoffs[doubtful], candidate.outcome[doubtful] = payoffs, outcome
        gains, fresh = _gains(part, time, candidate.payoffs[doubtful], turn)
        regret = (gains / span[rows[doubtful]][:, None, :]).max(axis=(1, 2))
        candidate.residual[doubtful] = np.maximum(regret, 0.0)
        worse = np.flatnonzero(regret > _TOLERANCE)
        doubtful = doubtful[worse]
        if not len(doubtful):
            return
        fresh = {k: offer.take(worse) for k, offer in fresh.items()}


def _collect(
    table: Table,
    clock: Clock,
    agreement: BoolArray,
    found: Sequence[Candidate],
    turn: Sequence[int],
    width: int,
) -> StationaryEquilibrium:
    """List the distinct equilibria of each draw and select one."""
    b, n = table.n_draws, table.n_players
    slots = max(len(found), 1)
    payoffs = np.repeat(clock.opting_out()[None, :, None, :], slots, axis=0).repeat(n, axis=2)
    outcome = np.zeros((slots, b, n, width))
    residual = np.where(agreement, np.inf, 0.0) * np.ones((slots, 1))
    present = np.zeros((slots, b), dtype=bool)
    for e, candidate in enumerate(found):
        rows = candidate.rows
        payoffs[e, rows], outcome[e, rows] = candidate.payoffs, candidate.outcome
        residual[e, rows], present[e, rows] = candidate.residual, True
    exists = present & (residual <= _TOLERANCE)
    for e in range(1, len(found)):
        for earlier in range(e):
            exists[e] &= ~(close(payoffs[e], payoffs[earlier]) & exists[earlier])
    chosen = _select(payoffs, clock, present, exists, residual)
    draw = np.arange(b)
    picked = payoffs[chosen, draw]
    keep = [e for e in range(slots) if exists[e].any()]
    return StationaryEquilibrium(
        payoffs=picked,
        outcome=outcome[chosen, draw],
        thresholds=implied_floors(clock, turn, picked),
        agreement=agreement,
        converged=residual[chosen, draw] <= _TOLERANCE,
        residual=residual[chosen, draw],
        count=exists.sum(axis=0),
        all_payoffs=payoffs[keep],
        all_outcomes=outcome[keep],
        exists=exists[keep],
        complete=isinstance(table, Pie | Menu),
    )


def _select(
    payoffs: FloatArray,
    clock: Clock,
    present: BoolArray,
    exists: BoolArray,
    residual: FloatArray,
) -> IntArray:
    """Pick the equilibrium with the largest product of gains; failing any, the least residual."""
    gains = np.maximum(payoffs.mean(axis=2) - clock.perpetual, 1e-300)
    weights = clock.weights / np.maximum(clock.weights.sum(axis=1, keepdims=True), 1e-300)
    product = (weights * np.log(gains)).sum(axis=2)
    none = ~exists.any(axis=0)
    score = np.where(exists, product, -np.inf)
    score = np.where(none & present, -residual, score)
    return np.asarray(score.argmax(axis=0), dtype=np.int64)
