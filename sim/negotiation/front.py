"""Allies who bargain as one party, and how they divide afterwards.

A front's payoff is Σ_j ω_j u_j over its members, in money: a front shares risks. Merging can hurt
those who merge, the joint-bargaining paradox (Harsanyi 1977).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import ProblemError
from sim.negotiation.structure import Front
from sim.payoffs import Evaluation, TablePayoffs

__all__ = ["BargainingPayoffs", "GroupedPayoffs", "divide", "group_parties"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class GroupedPayoffs:
    """Payoffs of parties, of which some are fronts of several players.

    Parameters
    ----------
    base : TablePayoffs
        Risk neutral in the members of a front.
    groups : tuple of tuples of int
        Per party its members, indices into `base.players`.
    shares : tuple of tuples of float
        Per party its members' weights ω_j.
    """

    base: TablePayoffs
    groups: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]

    @property
    def players(self) -> tuple[str, ...]:
        """Names of the parties."""
        return tuple("+".join(self.base.players[p] for p in group) for group in self.groups)

    @property
    def issues(self) -> tuple[str, ...]:
        """Names of the issues."""
        return self.base.issues

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return self.base.n_draws

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Blocks of the Hessian, those of `base`."""
        return self.base.blocks

    def take(self, rows: NDArray[np.intp] | slice) -> GroupedPayoffs:
        """Return the payoffs of some draws."""
        return replace(self, base=self.base.take(rows))

    def certainty_equivalent(self, value: FloatArray) -> FloatArray:
        """Return `value`, (B, parties): parties count money."""
        return value

    def evaluate(self, x: FloatArray, order: int = 2) -> Evaluation:
        """Return value, gradient and Hessian at `x`, rows (K, B); see `TablePayoffs`."""
        inner = self.base.evaluate(x, order)
        party = {
            member: (p, share)
            for p, (group, shares) in enumerate(zip(self.groups, self.shares, strict=True))
            for member, share in zip(group, shares, strict=True)
        }
        value = np.zeros((len(self.groups), *inner.value.shape[1:]))
        gradient = np.zeros((len(self.groups), *inner.gradient.shape[1:]))
        for member, (p, share) in party.items():
            value[p] += share * inner.value[member]
            gradient[p] += share * inner.gradient[member]
        hessian = tuple(
            (party[member][0], i, j, party[member][1] * entry)
            for member, i, j, entry in inner.hessian
        )
        return Evaluation(value, gradient, hessian, None)


BargainingPayoffs = TablePayoffs | GroupedPayoffs


def group_parties(
    bound: TablePayoffs,
    parties: Sequence[int],
    front: Front,
    point: FloatArray,
    weights: FloatArray,
) -> tuple[GroupedPayoffs, FloatArray, FloatArray]:
    """Merge the members of a front at one table.

    Parameters
    ----------
    bound : TablePayoffs
        The table's payoffs, players in the order of `parties`.
    parties : sequence of int
        Indices of the players at the table.
    front : Front
    point, weights : (B, N) arrays
        Disagreement point and bargaining weights of the parties one by one.

    Returns
    -------
    GroupedPayoffs, (B, P) array, (B, P) array
        With one row for the front, after the outsiders.

    Raises
    ------
    ProblemError
        If a player of the table is risk averse: utilities of a front are not comparable.
    """
    if bound.risk_aversion is not None and np.any(bound.risk_aversion != 0.0):
        raise ProblemError(
            "a joint front adds up its members' payoffs in money: "
            "risk aversion must be 0 for every player at its table"
        )
    outsiders = [(n,) for n, p in enumerate(parties) if p not in front.members]
    inside = tuple(n for n, p in enumerate(parties) if p in front.members)
    shares = tuple(front.shares[front.members.index(parties[n])] for n in inside)
    groups = (*outsiders, inside)
    omegas = (*((1.0,) for _ in outsiders), shares)
    grouped = GroupedPayoffs(bound, groups, omegas)
    merged = np.stack(
        [
            sum((w * point[:, n] for n, w in zip(g, o, strict=True)), np.zeros(len(point)))
            for g, o in zip(groups, omegas, strict=True)
        ],
        axis=1,
    )
    own = weights[:, list(inside)].sum(axis=1) if front.head_count else np.ones(len(point))
    return (
        grouped,
        merged,
        np.concatenate([weights[:, [g[0] for g in outsiders]], own[:, None]], axis=1),
    )


def divide(
    front: Front, payoffs: FloatArray, disagreement: FloatArray, alone: FloatArray
) -> FloatArray:
    """Return the side payments inside a front, (B, N), balanced: they add up to 0 in every draw.

    `equal-gains` gives every member the same gain over the disagreement point. `shapley` gives the
    Shapley value of the game in which a member alone gets what it has without the front and the
    front gets its total; for two members that is each one's own plus half of what joining adds
    (Shapley 1953).

    Parameters
    ----------
    front : Front
    payoffs, disagreement, alone : (B, N) arrays
        Of all players: under the front before side payments, at its disagreement point, and in the
        regime without the front. USD bn per year.

    Returns
    -------
    (B, N) array
        0 for outsiders.
    """
    transfers = np.zeros_like(payoffs)
    if front.division == "none":
        return transfers
    members = list(front.members)
    if front.division == "shapley" and len(members) != 2:
        raise ProblemError(
            f"division: shapley is defined here for a front of two, not {len(members)}; "
            "allowed: none, equal-gains"
        )
    base = (disagreement if front.division == "equal-gains" else alone)[:, members]
    got = payoffs[:, members]
    surplus = (got - base).sum(axis=1, keepdims=True) / len(members)
    transfers[:, members] = base + surplus - got
    return transfers
