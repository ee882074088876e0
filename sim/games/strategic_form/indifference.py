"""The indifference equations of a game, and Newton's method on them for many draws at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sim.games._arrays import BoolArray, FloatArray
from sim.games.strategic_form.normal_form import Profile, contract

__all__ = ["normalised", "pair_payoffs", "polish"]


def normalised(table: FloatArray) -> FloatArray:
    """Scale every player's payoffs in every draw to [0, 1]; constant ones become 0.

    Parameters
    ----------
    table : ndarray, shape (B, N, m_1, ..., m_N)

    Returns
    -------
    ndarray, shape (B, N, m_1, ..., m_N)
    """
    actions = tuple(range(2, table.ndim))
    lowest = table.min(axis=actions, keepdims=True)
    span = table.max(axis=actions, keepdims=True) - lowest
    scaled: FloatArray = (table - lowest) / np.where(span > 0, span, 1.0)
    return scaled


def pair_payoffs(
    table: FloatArray, profile: Profile
) -> tuple[list[FloatArray], list[list[FloatArray]]]:
    """Return payoffs of own actions, and of pairs of own and another's actions.

    Parameters
    ----------
    table : ndarray, shape (B, N, m_1, ..., m_N)
    profile : tuple of ndarray, shape (B, m_i)

    Returns
    -------
    own : list of ndarray, shape (B, m_i)
        u_i(a_i, σ_−i).
    pairs : list of list of ndarray, shape (B, m_i, m_j)
        u_i(a_i, a_j, σ_−ij) = ∂u_i(a_i, σ_−i)/∂σ_j(a_j); zeros for j = i.
    """
    count = len(profile)
    own: list[FloatArray] = []
    pairs: list[list[FloatArray]] = []
    for i in range(count):
        row: list[FloatArray] = []
        for j in range(count):
            if i == j:
                width = profile[i].shape[1]
                row.append(np.zeros((table.shape[0], width, width)))
                continue
            pair = contract(table[:, i], profile, (min(i, j), max(i, j)))
            row.append(pair if i < j else pair.swapaxes(1, 2))
        other = 1 if i == 0 else 0
        alone = count == 1
        own.append(table[:, 0] if alone else np.einsum("bij,bj->bi", row[other], profile[other]))
        pairs.append(row)
    return own, pairs


def polish(
    table: FloatArray, profile: Profile, support: tuple[BoolArray, ...], *, steps: int = 12
) -> Profile:
    """Solve the indifference equations on given supports by Newton's method, draw by draw.

    u_i(a, σ_−i) = v_i for a in the support of i, σ_i(a) = 0 outside it, Σ_a σ_i(a) = 1. Where
    the equations are singular the step is the shortest least-squares one.

    Parameters
    ----------
    table : ndarray, shape (B, N, m_1, ..., m_N)
    profile : tuple of ndarray, shape (B, m_i)
        Where to start.
    support : tuple of ndarray of bool, shape (B, m_i)
        At least one action a player.
    steps : int
        Most Newton steps.

    Returns
    -------
    tuple of ndarray, shape (B, m_i)
        Clipped to probabilities. Whether they are an equilibrium is for the caller to check.
    """
    scaled = normalised(table)
    cuts = [int(c) for c in np.cumsum([0, *table.shape[2:]])]
    inside = np.concatenate(support, axis=1)
    point = np.where(inside, np.concatenate(profile, axis=1), 0.0)
    own, _ = pair_payoffs(scaled, slices(point, cuts))
    values = np.stack([(u * s).sum(1) for u, s in zip(own, slices(point, cuts), strict=True)], 1)
    for _ in range(steps):
        derivatives = pair_payoffs(scaled, slices(point, cuts))
        residual, jacobian = equations(point, values, inside, derivatives, cuts)
        step = newton_step(jacobian, residual)
        point = point + step[:, : cuts[-1]]
        values = values + step[:, cuts[-1] :]
        if np.abs(step).max(initial=0.0) < 1e-15:
            break
    parts = slices(np.where(inside, point, 0.0).clip(min=0.0, max=1.0), cuts)
    totals = [part.sum(axis=1, keepdims=True) for part in parts]
    return tuple(part / np.where(t > 0, t, 1.0) for part, t in zip(parts, totals, strict=True))


def slices(point: FloatArray, cuts: Sequence[int]) -> Profile:
    """Cut a row of all probabilities into one strategy a player."""
    return tuple(point[:, a:b] for a, b in pairwise(cuts))


def equations(
    point: FloatArray,
    values: FloatArray,
    inside: BoolArray,
    derivatives: tuple[list[FloatArray], list[list[FloatArray]]],
    cuts: Sequence[int],
) -> tuple[FloatArray, FloatArray]:
    """Return residual and Jacobian of the indifference equations in (σ, v).

    Returns
    -------
    residual : ndarray, shape (B, M + N)
        With M = Σ m_i: rows of actions, then sums of probabilities.
    jacobian : ndarray, shape (B, M + N, M + N)
    """
    own, pairs = derivatives
    count, total = len(own), cuts[-1]
    n_draws = point.shape[0]
    residual = np.zeros((n_draws, total + count))
    jacobian = np.zeros((n_draws, total + count, total + count))
    for i in range(count):
        rows = slice(cuts[i], cuts[i + 1])
        mask = inside[:, rows]
        residual[:, rows] = np.where(mask, own[i] - values[:, i : i + 1], point[:, rows])
        residual[:, total + i] = point[:, rows].sum(axis=1) - 1.0
        for j in range(count):
            columns = slice(cuts[j], cuts[j + 1])
            jacobian[:, rows, columns] = np.where(mask[:, :, None], pairs[i][j], 0.0)
        diagonal = np.arange(cuts[i], cuts[i + 1])
        jacobian[:, diagonal, diagonal] += ~mask
        jacobian[:, rows, total + i] = -1.0 * mask
        jacobian[:, total + i, rows] = 1.0
    return residual, jacobian


def newton_step(jacobian: FloatArray, residual: FloatArray) -> FloatArray:
    """Solve J s = −r draw by draw, in the least-squares sense where J is singular."""
    step: FloatArray = np.zeros_like(residual)
    sound = np.zeros(len(residual), dtype=bool)
    try:
        step = np.asarray(np.linalg.solve(jacobian, -residual[..., None]))[..., 0]
        sound = np.isfinite(step).all(axis=1) & (np.abs(step).max(axis=1) < 1e3)
    except np.linalg.LinAlgError:
        pass  # one singular draw stops the whole batch: all go through the pseudo-inverse
    rest = ~sound
    if rest.any():
        inverse = np.asarray(np.linalg.pinv(jacobian[rest], rcond=1e-10))
        step[rest] = -np.einsum("bij,bj->bi", inverse, residual[rest])
    return step
