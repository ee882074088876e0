"""The stance game as plain data: payoffs, equilibria, dominance, and whether files are linked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.games import EquilibriumSet, NormalFormGame, merge_ties
from sim.negotiation.stances import StanceGame
from sim.results.equilibria.statistics import Statistics

__all__ = ["stance_report"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

TIE = 1e-6
"""Payoffs closer than this share of a player's range in the stance game are equal."""


@dataclass(frozen=True)
class _Table:
    """A stance game with what several parts of its report need.

    Parameters
    ----------
    game : StanceGame
    """

    game: StanceGame

    @cached_property
    def mean(self) -> NormalFormGame:
        """The game at mean payoffs, near-ties made ties."""
        return merge_ties(self.game.mean_game(), TIE)

    @cached_property
    def batch(self) -> NormalFormGame:
        """The game in every draw, near-ties made ties."""
        return merge_ties(self.game.game(), TIE)

    @cached_property
    def pure(self) -> BoolArray:
        """Which profiles are equilibria, (B, m_1, ..., m_N)."""
        from sim.games import pure_equilibria

        return pure_equilibria(self.batch)

    @cached_property
    def lead(self) -> FloatArray:
        """What each player would gain by its best stance at mean payoffs, (N, m_1, ..., m_N)."""
        table = self.mean.payoffs
        best = [table[n].max(axis=n, keepdims=True) - table[n] for n in range(len(table))]
        return np.stack(best)

    def profile(self, at: tuple[int, ...]) -> dict[str, str]:
        """Return the stances of a profile by player."""
        named = zip(self.game.players, self.game.stances, at, strict=True)
        return {player: own[n] for player, own, n in named}

    def by_player(self, values: Any) -> dict[str, float]:
        """Return one number a player by name."""
        return dict(zip(self.game.players, map(float, values), strict=True))


def stance_report(
    game: StanceGame, stat: Statistics, central: StanceGame | None = None
) -> dict[str, Any]:
    """Return the stance game at mean payoffs, its equilibria, and P(linkage) over the draws.

    P(linkage) is an interval: the share of draws in which every pure equilibrium links files, and
    in which some does; beside it the shares under risk dominance and under the equilibrium that
    the logit branch selects, and the range over correlated equilibria. Draws without a pure
    equilibrium count in neither end of the first interval.

    Parameters
    ----------
    game : StanceGame
    stat : callable
        From draws to statistics.
    central : StanceGame, optional
        The game in one draw, at the mean of every parameter.

    Returns
    -------
    dict
        `players`, `stances`, `profiles`, `equilibria`, the `method` that found them, whether
        their list is `complete`, `notes` why not, and whether stances tie so that mixed ones form
        continua (`degenerate`), `at_mean_parameters` if there is that game, `dominance`,
        `correlated`, `p_linkage`, `pure_equilibria`, `without_pure_equilibrium`, `converged`,
        `agenda`.
    """
    from sim.games import equilibria

    table = _Table(game)
    found = equilibria(table.mean)
    number = table.pure.reshape(len(table.pure), -1).sum(axis=1)
    return {
        "players": list(game.players),
        "stances": {p: list(s) for p, s in zip(game.players, game.stances, strict=True)},
        "profiles": [_profile(table, at) for at in np.ndindex(*game.linked.shape)],
        "equilibria": _equilibria(table, found),
        "degenerate": found.degenerate,
        "complete": found.complete,
        "method": found.method,
        "notes": list(found.notes),
        **({} if central is None else {"at_mean_parameters": _central(central)}),
        "dominance": _dominance(table),
        "correlated": _correlated(table),
        "p_linkage": _p_linkage(table, stat),
        "pure_equilibria": stat(number.astype(float)),
        "without_pure_equilibrium": float((number == 0).mean()),
        "converged": float(game.converged.mean()),
        "agenda": _agenda(game, stat),
    }


def _profile(table: _Table, at: tuple[int, ...]) -> dict[str, Any]:
    """Return one profile: where it leads, what it pays, and who would leave it for what."""
    game, payoffs = table.game, table.game.payoffs.mean(axis=0)
    lead = np.moveaxis(table.lead, 0, -1)[at]
    leavers = {}
    for n, player in enumerate(game.players):
        if lead[n] > 0.0:
            best = int(np.argmax(np.moveaxis(payoffs[n], n, -1)[(*at[:n], *at[n + 1 :])]))
            leavers[player] = {"to": game.stances[n][best], "gain": float(lead[n])}
    return {
        "profile": table.profile(at),
        "regime": str(game.regimes[at]),
        "linked": bool(game.linked[at]),
        "payoff": table.by_player(np.moveaxis(payoffs, 0, -1)[at]),
        "share_equilibrium": float(table.pure.mean(axis=0)[at]),
        "regret": table.by_player(lead),
        "deviations": leavers,
    }


def _equilibria(table: _Table, found: EquilibriumSet) -> list[dict[str, Any]]:
    """Return the equilibria at mean payoffs."""
    game = table.game
    return [
        {
            "profile": {
                p: {s: float(w) for s, w in zip(game.stances[n], one.profile[n], strict=True)}
                for n, p in enumerate(game.players)
            },
            "payoff": table.by_player(one.payoffs),
            "regret": float(one.regret),
        }
        for one in found
    ]


def _central(game: StanceGame) -> dict[str, Any]:
    """Return payoffs and pure equilibria of the game at the mean of every parameter."""
    table = _Table(game)
    payoffs = np.moveaxis(game.payoffs[0], 0, -1)
    return {
        "profiles": [
            {"profile": table.profile(at), "payoff": table.by_player(payoffs[at])}
            for at in np.ndindex(*game.linked.shape)
        ],
        "pure_equilibria": [table.profile(tuple(at)) for at in np.argwhere(table.pure[0])],
        "converged": bool(game.converged[0]),
    }


def _dominance(table: _Table) -> dict[str, Any]:
    """Return which stances are dominated, what elimination leaves, and to what each is best.

    At mean payoffs by pure and mixed strategies; over the draws by pure ones. `out` is the round
    of iterated elimination, counted from 1, in which a stance goes, None if it stays.
    """
    from sim.games import dominated, iterated_elimination, survivors

    game = table.game
    at_means = {
        "strictly": dominated(table.mean),
        "weakly": dominated(table.mean, strict=False),
    }
    strict, weak = (iterated_elimination(table.mean, strict=kind) for kind in (True, False))
    shares = {
        "strictly": dominated(table.batch, mixed=False),
        "weakly": dominated(table.batch, strict=False, mixed=False),
        "survives_strict": survivors(table.batch),
        "survives_weak": survivors(table.batch, strict=False),
    }
    report: dict[str, Any] = {}
    for n, player in enumerate(game.players):
        best = np.moveaxis(table.lead[n] <= 0.0, n, 0).reshape(len(game.stances[n]), -1)
        report[player] = {
            stance: {
                **{key: bool(mask[n][a]) for key, mask in at_means.items()},
                "out_strict": _round(strict.rounds, n, a),
                "out_weak": _round(weak.rounds, n, a),
                "best_reply_to": int(best[a].sum()),
                "of": best.shape[1],
                "share": {key: float(mask[n][:, a].mean()) for key, mask in shares.items()},
            }
            for a, stance in enumerate(game.stances[n])
        }
    return report


def _round(rounds: tuple[tuple[tuple[int, ...], ...], ...], player: int, action: int) -> int | None:
    return next((k for k, lost in enumerate(rounds, start=1) if action in lost[player]), None)


def _correlated(table: _Table) -> dict[str, Any]:
    """Return what correlated equilibria at mean payoffs can bring: each end is one of them."""
    from sim.games import correlated_range

    game = table.game
    linked = correlated_range(table.mean, game.linked)
    own = [correlated_range(table.mean, row) for row in np.eye(len(game.players))]
    return {
        "p_linkage": {"low": float(linked.low[0]), "high": float(linked.high[0])},
        "payoff": {
            player: {"low": float(found.low[0]), "high": float(found.high[0])}
            for player, found in zip(game.players, own, strict=True)
        },
        "converged": all(bool(found.converged[0]) for found in (linked, *own)),
    }


def _p_linkage(table: _Table, stat: Statistics) -> dict[str, Any]:
    """Return how often files are linked: in all or some equilibria, and in selected ones."""
    from sim.games import correlated_range, logit_selection, risk_dominant

    flat, linked = table.pure.reshape(len(table.pure), -1), table.game.linked.ravel()
    some = (flat & linked).any(axis=1)
    every = flat.any(axis=1) & ~(flat & ~linked).any(axis=1)
    chosen = risk_dominant(table.batch)
    risky = np.zeros(len(flat), dtype=bool)
    picked = np.flatnonzero(chosen.selected)
    risky[picked] = table.game.linked[tuple(np.asarray(chosen.actions)[picked].T)]
    logit = logit_selection(table.batch)
    weight = np.ones((len(flat), 1))
    for strategy in logit.profile:
        weight = (weight[:, :, None] * strategy[:, None, :]).reshape(len(flat), -1)
    advised = correlated_range(table.batch, table.game.linked)
    return {
        "every_equilibrium": stat(every.astype(float)),
        "some_equilibrium": stat(some.astype(float)),
        "risk_dominant": stat(risky.astype(float)),
        "risk_dominant_selected": float(chosen.selected.mean()),
        "logit": stat((weight * linked).sum(axis=1)),
        "logit_converged": float(logit.converged.mean()),
        "correlated_low": stat(advised.low),
        "correlated_high": stat(advised.high),
        "correlated_converged": float(advised.converged.mean()),
    }


def _agenda(game: StanceGame, stat: Statistics) -> dict[str, Any]:
    """Return the agenda stage, in which linkage itself is bargained over (Harstad 2001).

    With the best unlinked profile for the total as the disagreement point, a linked profile is
    chosen when everybody gains by one of them, or when the winners can compensate the losers.
    `gain` is that of the linked profile with the largest total.
    """
    totals = game.payoffs.sum(axis=1).reshape(len(game.payoffs), -1)
    flat = game.payoffs.reshape(*game.payoffs.shape[:2], -1)
    linked = game.linked.ravel()
    if not linked.any() or linked.all():
        return {}
    rows = np.arange(len(totals))
    apart = np.where(linked, -np.inf, totals).argmax(axis=1)
    together = np.where(linked, totals, -np.inf).argmax(axis=1)
    gain = flat[rows, :, together] - flat[rows, :, apart]
    lead = np.asarray(flat[:, :, linked] - flat[rows, :, apart][:, :, None] > 0.0)
    return {
        "gain": {p: stat(gain[:, n]) for n, p in enumerate(game.players)},
        "everybody_gains": stat(np.any(lead.all(axis=1), axis=1).astype(float)),
        "winners_can_compensate": stat((gain.sum(axis=1) > 0.0).astype(float)),
    }
