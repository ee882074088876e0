"""Negotiation domains with linear additive utilities, as bargaining problems.

An outcome is one value of every issue, and a party's utility is a sum over issues. So a domain
is a short table an issue, however many outcomes it has: they are made block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from sim.bargaining.stream import StreamProblem
from sim.errors import GameError
from sim.games._arrays import FloatArray, IntArray, finite, within

__all__ = ["NegotiationDomain", "Party", "join"]

BLOCK = 1 << 17
"""Outcomes made at once, unless said otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Party:
    """What one file says: the issues, and what each value is worth to one party.

    Parameters
    ----------
    name : str
    issues : mapping of str to sequence of str
        The values of every issue, in order.
    utilities : mapping of str to ndarray
        Weighted utility of every value of every issue.
    reservation : float
        Utility without an agreement.
    discount : float
        Factor δ in (0, 1]: at time t in [0, 1] utilities are worth δ^t as much.
    """

    name: str
    issues: Mapping[str, tuple[str, ...]]
    utilities: Mapping[str, FloatArray]
    reservation: float = 0.0
    discount: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class NegotiationDomain:
    """Issues with finitely many values, and additive utilities of N parties.

    Parameters
    ----------
    issues : mapping of str to sequence of str
        The values of every issue, in order. Outcomes are numbered with the last issue fastest.
    utilities : sequence of array_like, shape (m_k, N)
        What each of the m_k values of issue k adds to every party's utility.
    reservation : array_like, shape (N,)
        Utilities without an agreement.
    discount : array_like, shape (N,), optional
        Factors in (0, 1] by which a whole unit of time shrinks utilities; 1 by default.
    parties : sequence of str, optional

    Raises
    ------
    GameError
        If shapes do not fit, a number is not finite or a discount factor is outside (0, 1].

    Examples
    --------
    >>> domain = NegotiationDomain({"x": "ab"}, [[[1, 0], [0, 1]]], reservation=[0, 0])
    >>> domain.n_outcomes, domain.outcome(1)
    (2, {'x': 'b'})
    """

    issues: Mapping[str, tuple[str, ...]]
    utilities: tuple[FloatArray, ...]
    reservation: FloatArray
    discount: FloatArray | None = None
    parties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        issues = {name: tuple(values) for name, values in self.issues.items()}
        reservation = finite("reservation", self.reservation)
        count = reservation.size
        if reservation.shape != (count,) or not count or not issues:
            raise GameError("reservation: one number a party, and at least one issue, are needed")
        tables = tuple(
            finite(f"utilities of {n}", t) for n, t in zip(issues, self.utilities, strict=False)
        )
        for (name, values), table in zip(issues.items(), tables, strict=False):
            if not values or table.shape != (len(values), count):
                raise GameError(
                    f"utilities of {name}: shape {(len(values), count)} with at least one value "
                    f"is allowed, got {table.shape}"
                )
        if len(self.utilities) != len(issues):
            raise GameError(f"utilities: {len(issues)} tables are allowed")
        given = np.ones(count) if self.discount is None else self.discount
        discount = within("discount", given, 0.0, 1.0, open_low=True)
        parties = tuple(self.parties) or tuple(str(i + 1) for i in range(count))
        if discount.shape != (count,) or len(parties) != count:
            raise GameError(f"discount, parties: {count} entries are allowed")
        object.__setattr__(self, "issues", issues)
        object.__setattr__(self, "utilities", tables)
        object.__setattr__(self, "reservation", reservation)
        object.__setattr__(self, "discount", discount)
        object.__setattr__(self, "parties", parties)

    @property
    def n_parties(self) -> int:
        """Number of parties N."""
        return len(self.parties)

    @property
    def n_outcomes(self) -> int:
        """Number of outcomes, the product of the numbers of values."""
        return prod(len(values) for values in self.issues.values())

    def outcome(self, index: int) -> dict[str, str]:
        """Return the value of every issue in an outcome."""
        if not 0 <= index < self.n_outcomes:
            raise GameError(f"outcome: 0 to {self.n_outcomes - 1} is allowed, got {index}")
        picks: list[int] = []
        for values in reversed(tuple(self.issues.values())):
            index, pick = divmod(index, len(values))
            picks.append(pick)
        pairs = zip(self.issues.items(), reversed(picks), strict=True)
        return {name: values[pick] for (name, values), pick in pairs}

    def index(self, outcome: Mapping[str, str]) -> int:
        """Return the number of an outcome given by the value of every issue."""
        number = 0
        for name, values in self.issues.items():
            value = outcome.get(name)
            if value not in values:
                raise GameError(f"{name}: {', '.join(values)} are allowed, got {value!r}")
            number = number * len(values) + values.index(value)
        return number

    def at(self, indices: npt.ArrayLike) -> FloatArray:
        """Return the utilities of some outcomes, shape (M,) to (M, N)."""
        rest = np.asarray(indices, dtype=np.int64)
        total = np.zeros((*rest.shape, self.n_parties))
        for table in reversed(self.utilities):
            rest, pick = np.divmod(rest, len(table))
            total += table[pick]
        return total

    def blocks(self, size: int = BLOCK) -> Iterator[FloatArray]:
        """Yield the utilities of all outcomes in order, a block at a time.

        Parameters
        ----------
        size : int
            Most outcomes in a block.

        Yields
        ------
        ndarray, shape (at most `size`, N)
        """
        if size < 1:
            raise GameError(f"size: at least 1 is allowed, got {size}")
        tail, split = np.zeros((1, self.n_parties)), len(self.utilities)
        while split and len(tail) * len(self.utilities[split - 1]) <= size:
            split -= 1
            table = self.utilities[split]
            tail = (table[:, None, :] + tail[None, :, :]).reshape(-1, self.n_parties)
        heads = prod(len(table) for table in self.utilities[:split])
        step = size // len(tail)
        for start in range(0, heads, step):
            head = self.heads(np.arange(start, min(start + step, heads)), split)
            yield (head[:, None, :] + tail[None, :, :]).reshape(-1, self.n_parties)

    def heads(self, indices: IntArray, split: int) -> FloatArray:
        """Return what the first issues add in some of their combinations, shape (M, N)."""
        total = np.zeros((len(indices), self.n_parties))
        for table in reversed(self.utilities[:split]):
            indices, pick = np.divmod(indices, len(table))
            total += table[pick]
        return total

    def problem(
        self,
        *,
        lotteries: bool = False,
        weights: npt.ArrayLike | None = None,
        time: float = 0.0,
        block: int = BLOCK,
    ) -> StreamProblem:
        """Return the bargaining problem, on which every solution of `sim.bargaining` runs.

        Parameters
        ----------
        lotteries : bool
            Whether lotteries over outcomes may be agreed on.
        weights : array_like, shape (N,), optional
            Bargaining weights.
        time : float
            When the agreement is made, in [0, 1]: utilities and reservations are multiplied by
            δ^time.
        block : int
            Outcomes held at once.

        Returns
        -------
        StreamProblem
            Its alternatives are the outcomes in order; `outcome` names the one chosen.
        """
        when = float(within("time", time, 0.0, 1.0))
        factor = np.asarray(self.discount) ** when

        def chunks() -> Iterator[FloatArray]:
            return (each * factor for each in self.blocks(block))

        given = None if weights is None else finite("weights", weights)
        return StreamProblem(chunks, self.reservation * factor, lotteries, given)


def join(parties: Sequence[Party]) -> NegotiationDomain:
    """Put the parties of one domain together.

    Raises
    ------
    GameError
        If they do not have the same issues with the same values.
    """
    first = parties[0]
    for other in parties[1:]:
        if {n: set(v) for n, v in other.issues.items()} != {
            n: set(v) for n, v in first.issues.items()
        }:
            raise GameError(
                f"parties: {other.name} has other issues or values than {first.name}; "
                "the same in all files are allowed"
            )
    tables = []
    for name, values in first.issues.items():
        columns = [
            party.utilities[name][[party.issues[name].index(v) for v in values]]
            for party in parties
        ]
        tables.append(np.stack(columns, axis=1))
    return NegotiationDomain(
        first.issues,
        tuple(tables),
        np.array([party.reservation for party in parties]),
        np.array([party.discount for party in parties]),
        tuple(party.name for party in parties),
    )
