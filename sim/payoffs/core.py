"""Payoffs: a sum of terms, for many draws of the parameters at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import PayoffError
from sim.payoffs.deterrence import Deterrence
from sim.payoffs.table import Evaluation, TablePayoffs, certainty_equivalent, connected, rows_of
from sim.payoffs.terms import (
    Component,
    FloatArray,
    Kernel,
    Row,
    Rows,
    Take,
    Term,
    draws_of,
    positions,
    take,
    whole,
)

__all__ = ["Payoffs"]


@dataclass(frozen=True)
class Payoffs:
    """What an outcome is worth to each player, in each draw of the parameters.

    Payoffs u_i(x; θ) are sums of terms in USD bn per year. Solvers see v_i, the CARA transform of
    the change from `reference`: (1 − e^(−aΔ))/a, Δ where a = 0.

    Parameters
    ----------
    players, issues : tuple of str
        N players and K issues.
    terms : tuple of Term
    n_draws : int
        B; every parameter of a term is a number or has this length.
    reference : (N, B)
        u at the status quo with credibility 1.
    risk_aversion : (N,), (N, B) or None
        CARA coefficient a >= 0 per USD bn; None or 0: risk neutral.

    Raises
    ------
    PayoffError
        If names, positions, lengths or shapes do not fit together.

    See Also
    --------
    Payoffs.from_status_quo : works out `reference`.
    """

    players: tuple[str, ...]
    issues: tuple[str, ...]
    terms: tuple[Term, ...]
    n_draws: int
    reference: FloatArray
    risk_aversion: FloatArray | None = None

    def __post_init__(self) -> None:
        shape = (len(self.players), self.n_draws)
        _check_names(self)
        for term in self.terms:
            _check_term(term, self)
        put = object.__setattr__
        put(self, "reference", _spread(self.reference, shape, "reference"))
        if self.risk_aversion is not None:
            a = _spread(self.risk_aversion, shape, "risk aversion")
            if np.any(a < 0.0):
                raise PayoffError(f"risk aversion must be at least 0, got {a.min():g}")
            put(self, "risk_aversion", a if np.any(a > 0.0) else None)

    @classmethod
    def from_status_quo(
        cls,
        players: Sequence[str],
        issues: Sequence[str],
        terms: Sequence[Term],
        *,
        status_quo: ArrayLike,
        n_draws: int = 1,
        risk_aversion: ArrayLike | None = None,
    ) -> Payoffs:
        """Return payoffs whose reference is the payoff of `status_quo`, (K,) or (B, K).

        NaN in a draw in which a term has no value there; `take` the others to go on with them.
        """
        zero = np.zeros((len(players), n_draws))
        a = None if risk_aversion is None else np.asarray(risk_aversion)
        bare = cls(tuple(players), tuple(issues), tuple(terms), n_draws, zero, a)
        worth = np.ascontiguousarray(bare.money(np.asarray(status_quo)).T)
        object.__setattr__(bare, "reference", worth)  # past the check: NaN stays in its draw
        return bare

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Partition of the issues; Hessian entries stand only inside a block."""
        return connected([term.issues for term in self.terms], len(self.issues))

    @cached_property
    def _everything(self) -> TablePayoffs:
        """All players with all issues at one table."""
        nowhere = np.zeros((self.n_draws, len(self.issues)))
        return self.table(range(len(self.players)), range(len(self.issues)), nowhere)

    def evaluate(self, x_rows: Rows, order: int = 2) -> Evaluation:
        """Return value, gradient and Hessian of v at `x_rows` (K, B); see `TablePayoffs`."""
        return self._everything.evaluate(x_rows, order)

    def money(self, x: FloatArray) -> FloatArray:
        """Return payoffs u in USD bn per year; x (B, K) or (K,), result (B, N)."""
        return self._total(x, unweighted=False)

    def unweighted(self, x: FloatArray) -> FloatArray:
        """Return payoffs with political weights 1, premiums and political costs off; (B, N)."""
        return self._total(x, unweighted=True)

    def _total(self, x: FloatArray, *, unweighted: bool) -> FloatArray:
        total = np.zeros((len(self.players), self.n_draws))
        for part in self.components(x):
            total[part.player] += (part.unweighted if unweighted else part.weight) * part.value
        return np.ascontiguousarray(total.T)

    def utility(self, x: FloatArray) -> FloatArray:
        """Return v, the risk-transformed change of payoff; x (B, K) or (K,), result (B, N)."""
        return self._everything.utility(x)

    def gradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of v; x (B, K) or (K,), result (B, N, K)."""
        return self._everything.gradient(x)

    def hessian(self, x: FloatArray) -> FloatArray:
        """Return the dense Hessian of v; x (B, K) or (K,), result (B, N, K, K)."""
        return self._everything.hessian(x)

    def components(self, x: FloatArray) -> list[Component]:
        """Return every part of every payoff at x, (B, K) or (K,): payoff = Σ weight · value."""
        rows = rows_of(x, n_issues=len(self.issues), n_draws=self.n_draws)
        return [part for term in self.terms for part in term.components(rows)]

    def by_domain(
        self, x: FloatArray, domains: Sequence[str], channels: Sequence[str] = ()
    ) -> FloatArray:
        """Return payoffs u by domain, and what of the tariffs goes through each channel.

        Parameters
        ----------
        x : (B, K) or (K,)
        domains : sequence of str
            D names; every domain of a term is among them.
        channels : sequence of str
            C names of components of the domain `tariffs`: consumers, revenue, profits.

        Returns
        -------
        (B, N, D + C)

        Raises
        ------
        PayoffError
            If a term has a domain that is not listed.
        """
        total = np.zeros((len(self.players), len(domains) + len(channels), self.n_draws))
        place = {name: d for d, name in enumerate(domains)}
        channel = {name: len(domains) + c for c, name in enumerate(channels)}
        for part in self.components(x):
            if part.domain not in place:
                raise PayoffError(
                    f"domain {part.domain!r} is not among those asked for: {', '.join(domains)}"
                )
            amount = part.weight * part.value
            total[part.player, place[part.domain]] += amount
            if part.domain == "tariffs" and part.component in channel:
                total[part.player, channel[part.component]] += amount
        return np.ascontiguousarray(total.transpose(2, 0, 1))

    def certainty_equivalent(self, v: FloatArray) -> FloatArray:
        """Return the change of money worth `v` (B, N), the inverse of the CARA transform.

        Raises
        ------
        PayoffError
            If no amount of money is worth `v`: a v >= 1.
        """
        return certainty_equivalent(v, self.risk_aversion)

    def table(
        self, players: Sequence[int], issues: Sequence[int], outcome: FloatArray
    ) -> TablePayoffs:
        """Return the payoffs of some players as functions of some issues, the others fixed.

        Parameters
        ----------
        players, issues : sequences of int
            Positions; their order is the order at the table.
        outcome : (B, K) or (K,)
            Where the issues that are not at the table stay.
        """
        fixed = rows_of(outcome, n_issues=len(self.issues), n_draws=self.n_draws)
        _check_places("player", players, self.players)
        _check_places("issue", issues, self.issues)
        local_players = {p: n for n, p in enumerate(players)}
        local_issues = {i: n for n, i in enumerate(issues)}
        offset = -self.reference[list(players)]
        kernels: list[Kernel] = []
        for term in self.terms:
            if not any(i in local_issues for i in term.issues):
                for part in term.components(fixed):
                    if part.player in local_players:
                        offset[local_players[part.player]] += part.weight * part.value
                continue
            kernel = term.bind(fixed, local_issues, local_players)
            if kernel is not None:
                kernels.append(kernel)
        a = None if self.risk_aversion is None else self.risk_aversion[list(players)]
        return TablePayoffs(
            tuple(self.players[p] for p in players),
            tuple(self.issues[i] for i in issues),
            tuple(kernels),
            self.n_draws,
            offset,
            None if a is None or not np.any(a) else a,
        )

    def take(self, rows: Take) -> Payoffs:
        """Return the payoffs of some draws only: a slice, positions or a mask."""
        rows = positions(rows)
        if whole(rows, self.n_draws):
            return self
        reference = self.reference[:, rows]
        return replace(
            self,
            terms=take(self.terms, rows),
            n_draws=reference.shape[1],
            reference=reference,
            risk_aversion=None if self.risk_aversion is None else self.risk_aversion[:, rows],
        )

    def with_credibility(self, credibility: Mapping[str, Row]) -> Payoffs:
        """Return the payoffs with other credibilities; the reference stays as it is.

        Parameters
        ----------
        credibility : mapping of str to float or (B,)
            By name of a deterrence term.

        Raises
        ------
        PayoffError
            If a name is not that of a deterrence term, or a credibility is not in [0, 1].
        """
        known = [t.name for t in self.terms if isinstance(t, Deterrence)]
        for name in credibility:
            if name not in known:
                raise PayoffError(
                    f"{name!r} is no deterrence term; there are: {', '.join(known) or 'none'}"
                )
        return replace(
            self,
            terms=tuple(
                replace(t, credibility=credibility[t.name])
                if isinstance(t, Deterrence) and t.name in credibility
                else t
                for t in self.terms
            ),
        )


def _check_names(payoffs: Payoffs) -> None:
    for what, names in (("player", payoffs.players), ("issue", payoffs.issues)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PayoffError(f"{what} {twice[0]!r} is named twice")
    if payoffs.n_draws < 0:
        raise PayoffError(f"the number of draws must be at least 0, got {payoffs.n_draws}")


def _check_places(what: str, places: Sequence[int], names: Sequence[str]) -> None:
    if len(set(places)) != len(places) or not all(0 <= p < len(names) for p in places):
        raise PayoffError(
            f"each {what} at a table once, by position from 0 to {len(names) - 1}, "
            f"got {list(places)}"
        )


def _check_term(term: Term, payoffs: Payoffs) -> None:
    for what, places, names in (
        ("player", term.players, payoffs.players),
        ("issue", term.issues, payoffs.issues),
    ):
        for place in places:
            if not 0 <= place < len(names):
                raise PayoffError(
                    f"term {term.name}: {what} {place} does not exist, there are {len(names)}"
                )
    for length in draws_of(term):
        if length != payoffs.n_draws:
            raise PayoffError(
                f"term {term.name}: a parameter has {length} values, there are "
                f"{payoffs.n_draws} draws"
            )


def _spread(value: ArrayLike, shape: tuple[int, int], label: str) -> FloatArray:
    """Return (N,) or (N, B) as a contiguous (N, B)."""
    array = np.asarray(value, dtype=np.float64)
    if array.shape == shape[:1]:
        array = array[:, None]
    if array.shape not in {shape, (shape[0], 1)}:
        raise PayoffError(f"{label} must have shape {shape} or {shape[:1]}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise PayoffError(f"{label} must be finite")
    return np.ascontiguousarray(np.broadcast_to(array, shape))
