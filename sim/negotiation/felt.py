"""A payoff term as a ratifier feels it: its player's part, scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.payoffs import Component, Deterrence, Kernel, Payoffs, Term, TermEvaluation

__all__ = ["Felt", "with_felt_credibility"]

FloatArray = NDArray[np.float64]
Row = FloatArray | float
Rows = Sequence[FloatArray] | FloatArray


@dataclass(frozen=True, slots=True)
class Felt:
    """A term as a ratifier feels it: its player's part, times a factor.

    Parameters
    ----------
    term : Term
    player : int
        Whose part of `term`.
    ratifier : int
        The row it is credited to.
    factor : float or (B,)
    """

    term: Term
    player: int
    ratifier: int
    factor: Row

    @property
    def name(self) -> str:
        """Name of the term."""
        return self.term.name

    @property
    def domain(self) -> str:
        """Domain of the term."""
        return self.term.domain

    @property
    def players(self) -> tuple[int, ...]:
        """The ratifier."""
        return (self.ratifier,)

    @property
    def issues(self) -> tuple[int, ...]:
        """Issues of the term."""
        return self.term.issues

    def components(self, x: Rows) -> list[Component]:
        """Return the player's parts, credited to the ratifier."""
        return [
            replace(part, player=self.ratifier, weight=part.weight * self.factor)
            for part in self.term.components(x)
            if part.player == self.player
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> FeltKernel | None:
        """Return the term at one table; see `Term.bind`."""
        if self.ratifier not in players:
            return None
        kernel = self.term.bind(fixed, issues, {self.player: 0})
        return None if kernel is None else FeltKernel(kernel, players[self.ratifier], self.factor)


@dataclass(frozen=True, slots=True)
class FeltKernel:
    """A kernel of one player, credited to a ratifier and scaled."""

    kernel: Kernel
    row: int
    factor: Row

    @property
    def issues(self) -> tuple[int, ...]:
        """Issues of the kernel."""
        return self.kernel.issues

    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value and derivatives; see `Kernel.evaluate`."""
        inner = self.kernel.evaluate(x, order)
        return TermEvaluation(
            [(self.row, self.factor * v) for _, v in inner.value],
            [(self.row, i, self.factor * g) for _, i, g in inner.gradient],
            [(self.row, i, j, self.factor * h) for _, i, j, h in inner.hessian],
        )


def with_felt_credibility(payoffs: Payoffs, credibility: Mapping[str, Row]) -> Payoffs:
    """Return ratifiers' payoffs at other credibilities; see `Payoffs.with_credibility`."""

    def changed(term: Term) -> Term:
        if not isinstance(term, Felt) or term.name not in credibility:
            return term
        if not isinstance(term.term, Deterrence):
            return term
        return replace(term, term=replace(term.term, credibility=credibility[term.name]))

    return replace(payoffs, terms=tuple(changed(term) for term in payoffs.terms))
