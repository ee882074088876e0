"""Predictor and corrector along the logit branch, for many draws at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.games._arrays import BoolArray, FloatArray, IntArray
from sim.games.strategic_form.indifference import newton_step, pair_payoffs
from sim.games.strategic_form.normal_form import Profile

__all__ = ["Walk", "choice", "softmax"]

FIRST_STEP = 0.02
"""Arc length of the first step, payoffs scaled to a range of one."""

SHORTEST = 1e-9
"""Arc length below which a draw is given up."""

BIFURCATION = 1e-3
"""Arc length below which a change of orientation is taken for a bifurcation of the branch."""

GROWTH = 2.0
"""Factor by which the arc length grows after an easy step."""

UNLIKELY = 3.0
"""Log-odds of another action against the base at which the base is changed."""


class Walk:
    """The principal branch of one game in many draws: where each draw is, and how to go on.

    Unknowns are log-odds w_i(a) = ln σ_i(a) − ln σ_i(base) and the precision λ; the branch is
    H(w, λ) = w − λ (u_i(a, σ_−i) − u_i(base, σ_−i)) = 0 through w = 0, λ = 0. In log-odds the
    equations stay well scaled while probabilities vanish, and far out the branch is a straight
    line, so that steps may grow without bound. The base is an action that is played: where it
    stops being so, another takes its place, or log-odds would lose their digits to it.

    Parameters
    ----------
    table : ndarray, shape (B, N, m_1, ..., m_N)
        Payoffs with a largest range of one.
    target : ndarray, shape (B,)
        Precision at which each draw stops.

    Attributes
    ----------
    odds : ndarray, shape (B, d)
        With d = Σ (m_i − 1); the base of each player is the first action of `order`.
    order : list of ndarray of int, shape (B, m_i)
        The actions in the order of the log-odds.
    rationality : ndarray, shape (B,)
    reached, done : ndarray of bool, shape (B,)
        Whether the target was reached; whether the draw goes no further.
    """

    def __init__(self, table: FloatArray, target: FloatArray) -> None:
        self.table = table.copy()
        self.order = [np.tile(np.arange(m), (len(table), 1)) for m in table.shape[2:]]
        self.shape = table.shape[2:]
        self.target = target
        size = sum(m - 1 for m in self.shape)
        self.odds = np.zeros((len(table), size))
        self.rationality = np.zeros(len(table))
        self.length = np.full(len(table), FIRST_STEP)
        self.tangent = np.zeros((len(table), size + 1))
        self.tangent[:, -1] = 1.0
        self.reached = np.atleast_1d(target <= 0)
        self.done = self.reached.copy()
        start = np.zeros_like(self.tangent)
        self.tangent, _, self.sign = direction(table, start, self.tangent)

    def run(self, max_steps: int) -> None:
        """Step until every draw is done, at most `max_steps` times."""
        for _ in range(max_steps):
            if self.done.all():
                return
            self.step()

    def step(self) -> BoolArray:
        """Try one step of every draw that is not done; return which draws moved, shape (B,)."""
        rows = np.flatnonzero(~self.done)
        tangent, length = self.tangent[rows], self.length[rows]
        start = self.point(rows)
        left = self.target[rows] - start[:, -1]
        # The last step ends exactly at the target: λ is then held, not the arc length.
        last = tangent[:, -1] * length >= left
        length = np.where(last, left / np.where(last, tangent[:, -1], 1.0), length)
        border = np.where(last[:, None], np.eye(start.shape[1])[-1], tangent)
        guess = start + length[:, None] * tangent
        guess[last, -1] = self.target[rows][last]
        end, good, easy = correct(self.table[rows], guess, border)
        ahead, turning, sign = direction(self.table[rows], end, tangent)
        # On one smooth branch the orientation cannot change: a change is a jump to another one,
        # unless the step is so short that it crossed a bifurcation.
        good &= (turning > 0.9) & ((sign == self.sign[rows]) | (length < BIFURCATION))
        moved = rows[good]
        self.odds[moved], self.rationality[moved] = end[good, :-1], end[good, -1]
        self.tangent[moved], self.sign[moved] = ahead[good], sign[good]
        self.reached[rows[good & last]] = True
        longer = np.where(easy & (turning > 0.995) & ~last, GROWTH * length, self.length[rows])
        self.length[rows] = np.where(good, longer, length / 2.0)
        self.done[rows] = self.reached[rows] | (self.length[rows] < SHORTEST)
        self.rebase(moved)
        result = np.zeros(len(self.table), dtype=bool)
        result[moved] = True
        return result

    def rebase(self, rows: IntArray) -> None:
        """Make the likeliest action the base, where the base has become unlikely."""
        cuts = [int(c) for c in np.cumsum([0, *(m - 1 for m in self.shape)])]
        for i, m in enumerate(self.shape):
            part = slice(cuts[i], cuts[i + 1])
            own = self.odds[rows, part]
            late = rows[own.max(axis=1, initial=0.0) > UNLIKELY]
            if not len(late):
                continue
            best = self.odds[late, part].argmax(axis=1)
            for each in (self.odds, self.tangent):
                piece = each[late, part]
                lead = piece[np.arange(len(late)), best]
                piece -= lead[:, None]
                piece[np.arange(len(late)), best] = -lead
                each[late, part] = piece
            swap = np.tile(np.arange(m), (len(late), 1))
            swap[np.arange(len(late)), best + 1] = 0
            swap[:, 0] = best + 1
            self.order[i][late] = np.take_along_axis(self.order[i][late], swap, axis=1)
            shape = [len(late), 1, *[1] * len(self.shape)]
            shape[i + 2] = m
            self.table[late] = np.take_along_axis(self.table[late], swap.reshape(shape), axis=i + 2)
            norm = np.linalg.norm(self.tangent[late], axis=1, keepdims=True)
            self.tangent[late] /= norm
            _, matrix = bordered(self.table[late], self.point(late), self.tangent[late])
            self.sign[late], _ = np.linalg.slogdet(matrix)

    def point(self, rows: IntArray) -> FloatArray:
        """Return log-odds and precision of some draws, shape (R, d + 1)."""
        return np.column_stack([self.odds[rows], self.rationality[rows]])

    def profile(self) -> Profile:
        """Return the strategies, actions in the game's own order, shape (B, m_i) each."""
        result = []
        for order, strategy in zip(self.order, softmax(self.odds, self.shape), strict=True):
            own = np.empty_like(strategy)
            np.put_along_axis(own, order, strategy, axis=1)
            result.append(own)
        return tuple(result)


def direction(
    table: FloatArray, point: FloatArray, before: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the unit tangent, its cosine with the one before, and the orientation ±1."""
    _, matrix = bordered(table, point, before)
    right = np.zeros_like(point)
    right[:, -1] = -1.0
    tangent = newton_step(matrix, right)
    norm = np.linalg.norm(tangent, axis=1, keepdims=True)
    tangent = np.where(norm > 0, tangent / np.where(norm > 0, norm, 1.0), before)
    cosine = (tangent * before).sum(axis=1)
    tangent = np.where(cosine[:, None] < 0, -tangent, tangent)
    matrix[:, -1] = tangent
    sign, _ = np.linalg.slogdet(matrix)
    return tangent, np.abs(cosine), np.asarray(sign)


def correct(
    table: FloatArray, guess: FloatArray, border: FloatArray
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Return to the branch by Newton's method, at right angles to the border.

    Returns
    -------
    end : ndarray, shape (B, d + 1)
    good : ndarray of bool, shape (B,)
        Converged, with steps that shrank fast enough for the branch not to have been left.
    easy : ndarray of bool, shape (B,)
        The next step may be longer.
    """
    end = guess.copy()
    # Log-odds grow like λ, and the rounding error of the smallest of them with the largest.
    enough = np.maximum(1e-9, 1e-13 * guess[:, -1])
    good = np.ones(len(guess), dtype=bool)
    first: FloatArray = np.zeros(len(guess))
    before: FloatArray = np.full(len(guess), np.inf)
    for iteration in range(6):
        residual, matrix = bordered(table, end, border)
        step = newton_step(matrix, residual)
        step = np.where(np.isfinite(step.sum(axis=1, keepdims=True)), step, 1e3)
        size = np.asarray((np.abs(step) / (1.0 + np.abs(end))).max(axis=1))
        end = end + np.where(good[:, None], step, 0.0)
        if iteration == 0:
            first = size
            good &= size < 0.05
        else:
            good &= (size < 0.3 * before) | (size < enough)
        before = size
        if not (good & (size >= 0.01 * enough)).any():
            break
    good &= before < enough
    return end, good, first < 0.005


def bordered(
    table: FloatArray, point: FloatArray, border: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return H with a zero below it, and its Jacobian in (w, λ) with the border below it.

    Returns
    -------
    residual : ndarray, shape (B, d + 1)
    matrix : ndarray, shape (B, d + 1, d + 1)
    """
    shape = table.shape[2:]
    odds, rationality = point[:, :-1], point[:, -1]
    profile = softmax(odds, shape)
    own, pairs = pair_payoffs(table, profile)
    size = odds.shape[1]
    lead = np.concatenate([u[:, 1:] - u[:, :1] for u in own], axis=1)
    residual = np.zeros_like(point)
    residual[:, :-1] = odds - rationality[:, None] * lead
    matrix = np.zeros((len(point), size + 1, size + 1))
    cuts = [int(c) for c in np.cumsum([0, *(m - 1 for m in shape)])]
    slopes = [s[:, :, None] * (np.eye(s.shape[1]) - s[:, None, :]) for s in profile]
    for i in range(len(shape)):
        for j in range(len(shape)):
            if i != j:
                gap = pairs[i][j][:, 1:] - pairs[i][j][:, :1]
                block = gap @ slopes[j][:, :, 1:]
                part = (slice(None), slice(cuts[i], cuts[i + 1]), slice(cuts[j], cuts[j + 1]))
                matrix[part] = -rationality[:, None, None] * block
    diagonal = np.arange(size)
    matrix[:, diagonal, diagonal] += 1.0
    matrix[:, :-1, -1] = -lead
    matrix[:, -1] = border
    return residual, matrix


def softmax(odds: FloatArray, shape: Sequence[int]) -> Profile:
    """Return the strategies with these log-odds against each player's first action.

    Parameters
    ----------
    odds : ndarray, shape (B, Σ (m_i − 1))

    Returns
    -------
    tuple of ndarray, shape (B, m_i)
    """
    profile = []
    at = 0
    for m in shape:
        logits = np.column_stack([np.zeros(len(odds)), odds[:, at : at + m - 1]])
        profile.append(choice(logits, np.ones(len(odds))))
        at += m - 1
    return tuple(profile)


def choice(payoff: FloatArray, rationality: FloatArray) -> FloatArray:
    """Return the logit choice probabilities exp(λ u_a) / Σ_b exp(λ u_b), shape (B, m)."""
    lead = payoff - payoff.max(axis=1, keepdims=True)
    weights = np.exp(rationality[:, None] * lead)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
