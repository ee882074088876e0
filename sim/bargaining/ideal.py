"""The ideal point on boxes: what each player gets at most while nobody loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sim.bargaining.box.answer import CHUNK, Answer, answer, settle
from sim.bargaining.box.deal import vetoes
from sim.bargaining.box.leximin import parties
from sim.bargaining.box.programme import Programme, Solved, maximise
from sim.bargaining.box.starts import starts
from sim.bargaining.box.table import Table, prepare
from sim.bargaining.nash import nash_product
from sim.bargaining.problem import BoolArray, BoxProblem, FloatArray, IndexArray

__all__ = ["Ideals", "ideal_point", "ideals"]

RESCUES = 5
CLEAR = 1e-3  # share of a similar table's ideal gains above which everybody gains for sure


def ideal_point(problem: BoxProblem, *, chunk: int = CHUNK) -> FloatArray:
    """Return the most that each player can get if nobody loses, as payoffs v, shape (B, N).

    Parameters
    ----------
    problem : BoxProblem
    chunk : int

    Returns
    -------
    ndarray, (B, N)
        The disagreement point where there is no deal.
    """
    found = settle(problem, _chunk, method="ideal", chunk=chunk)
    return np.asarray(problem.disagreement + np.asarray(found.parameters["ideal"]))


def _chunk(problem: BoxProblem) -> Answer:
    found = ideals(problem)
    extra = {"ideal": found.gains}
    return answer(found.table, found.x, found.deal, found.converged, found.residual, extra)


@dataclass(frozen=True, slots=True)
class Ideals:
    """The ideal point of every draw; draws last.

    Attributes
    ----------
    table : Table
        Knowing who is idle, as far as that was looked into.
    x : (K, B)
        Where everybody gains, if there is a deal.
    deal : (B,) bool
    gains : (N, B)
        Ideal gains.
    converged : (B,) bool
    residual : (B,)
    warm : dict of str to (N, K, B) and (N, M, B)
        Where each player gets most, and what the others' vetoes cost it there.
    """

    table: Table
    x: FloatArray
    deal: BoolArray
    gains: FloatArray
    converged: BoolArray
    residual: FloatArray
    warm: Mapping[str, FloatArray]


def ideals(problem: BoxProblem) -> Ideals:
    """Find the ideal points of a chunk.

    The search begins at the Nash point, which also says whether there is a deal; or where that
    of a similar table ended, if everybody gains at the start of this one.

    Parameters
    ----------
    problem : BoxProblem

    Returns
    -------
    Ideals
    """
    table, start = prepare(problem)
    deal = _known(table, problem.warm, start)
    x, sure, worst = start.copy(), deal.copy(), np.zeros(len(deal))
    cold = np.flatnonzero(~deal)
    if cold.size:
        part = table if cold.size == len(deal) else table.take(cold)
        part, nash, agreed = nash_product(part, start[:, cold])
        if part.idle is not None:
            idle = np.zeros(table.reference.shape, dtype=bool)
            idle[:, cold] = part.idle
            table = replace(table, idle=idle)
        x[:, cold], deal[cold], sure[cold] = nash.x, agreed, nash.converged | agreed
        worst[cold] = np.where(agreed, 0.0, nash.residual)
    n, n_draws = table.n_parties, len(deal)
    gains = np.zeros((n, n_draws))
    points = np.full((n, *x.shape), np.nan)
    costs = np.full((n, *table.reference.shape), np.nan)
    rows = np.flatnonzero(deal)
    if rows.size:
        before = {name: array[rows] for name, array in problem.warm.items()}
        found = _most(table if rows.size == n_draws else table.take(rows), x[:, rows], before)
        gains[:, rows] = found.gains
        sure[rows] &= found.fine.all(axis=0)
        worst[rows] = np.maximum(worst[rows], found.residual.max(axis=0))
        points[..., rows], costs[..., rows] = found.x, found.costs
    return Ideals(table, x, deal, gains, sure, worst, {"points": points, "costs": costs})


def _known(table: Table, warm: Mapping[str, FloatArray], start: FloatArray) -> BoolArray:
    """Return where the start is a deal already, and the ideal point of a similar table known."""
    if "points" not in warm:
        return np.zeros(start.shape[1], dtype=bool)
    gains = table.evaluate(start, 0).value
    clear = (gains[: table.n_parties] > CLEAR * warm["ideal"].T).all(axis=0)
    clear &= (gains > 0.0).all(axis=0)
    return np.asarray(clear & np.isfinite(warm["points"]).all(axis=(1, 2)))


class _Most(NamedTuple):
    """What each player gets at most: (N, B), then where (N, K, B), at what cost (N, M, B)."""

    gains: FloatArray
    fine: BoolArray
    residual: FloatArray
    x: FloatArray
    costs: FloatArray


def _most(table: Table, start: FloatArray, warm: Mapping[str, FloatArray]) -> _Most:
    """Maximise each player's gain while nobody loses, all players at once.

    Parameters
    ----------
    table : Table
    start : ndarray, (K, B)
        At which everybody gains.
    warm : mapping of str to ndarray, draws first
        `points` and `costs` of a similar table.
    """
    n, n_draws = table.n_parties, start.shape[1]
    every = np.tile(np.arange(n_draws), n)  # the draws, player after player
    mine = (np.repeat(np.arange(n), n_draws), np.arange(len(every)))
    gains = table.evaluate(start, 0).value[:, every]
    stacked, x = table.take(every), start[:, every]
    programme, guess = _selfish(stacked, gains, mine)
    unit = programme.scale[mine] / programme.scale
    found, fine = _search(stacked, programme, x, guess, gains[mine], mine[0], warm, unit)
    best, residual = np.maximum(found.gains[mine], gains[mine]), found.residual
    points = np.where(fine, found.x, np.nan)
    costs = np.where(fine, found.multipliers * unit, np.nan)
    if stacked.idle is not None:
        idle = stacked.idle[mine]
        best, fine = np.where(idle, 0.0, best), fine | idle
        residual = np.where(idle, 0.0, residual)
    shape = (n, n_draws)
    return _Most(
        best.reshape(shape),
        fine.reshape(shape),
        residual.reshape(shape),
        points.reshape(-1, *shape).transpose(1, 0, 2),
        costs.reshape(-1, *shape).transpose(1, 0, 2),
    )


def _selfish(
    table: Table, gains: FloatArray, mine: tuple[IndexArray, IndexArray]
) -> tuple[Programme, FloatArray]:
    """Return the programmes of draws with one player each, and a guess of the multipliers."""
    live = parties(table)
    bound = live | vetoes(table)
    bound[mine] = False
    zero = np.zeros(gains.shape)
    linear, guess = zero.copy(), zero.copy()
    linear[mine] = 1.0
    guess[: table.n_parties] = table.weights / table.weights[mine]
    guess *= bound
    scale = np.where(live & (gains > 0.0), gains, 1.0)
    return Programme(scale, zero, np.zeros(zero.shape, dtype=bool), bound, linear), guess


def _search(
    table: Table,
    programme: Programme,
    x: FloatArray,
    guess: FloatArray,
    least: FloatArray,
    player: IndexArray,
    warm: Mapping[str, FloatArray],
    unit: FloatArray,
) -> tuple[Solved, BoolArray]:
    """Search from what is known of similar tables, from `x`, from further starts; who succeeds."""
    begin, prices = x, guess
    if "points" in warm:
        points = warm["points"].transpose(2, 1, 0).reshape(x.shape)
        costs = warm["costs"].transpose(2, 1, 0).reshape(guess.shape)
        seen = np.isfinite(points).all(axis=0)
        begin, prices = np.where(seen, points, x), np.where(seen, costs / unit, guess)
    found = maximise(table, programme, begin, prices, exact=True)
    # a local maximum below what the player has at the start is not the one to find
    enough = least * (1.0 - 1e-9)
    fine = found.converged & (found.gains[player, np.arange(len(player))] >= enough)
    for again, exact in _again(table, x if "points" in warm else None):
        left = np.flatnonzero(~fine)
        if left.size == 0:
            break
        part = programme.take(left)
        more = maximise(table.take(left), part, again[:, left], guess[:, left], exact=exact)
        reached = more.gains[player[left], np.arange(len(left))]
        good = np.flatnonzero(more.converged & (reached >= enough[left]))
        for name in ("x", "gains", "multipliers", "residual"):
            getattr(found, name)[..., left[good]] = getattr(more, name)[..., good]
        fine[left[good]] = True
    return found, fine


def _again(table: Table, first: FloatArray | None) -> Iterator[tuple[FloatArray, bool]]:
    """Yield where a search that failed begins again, and whether exactly there."""
    if first is not None:
        yield first, True
    for start in starts(table, number=RESCUES):
        yield start, False
