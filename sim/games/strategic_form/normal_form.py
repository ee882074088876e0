"""Normal-form games: payoff tables, best responses and regret, for many draws at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import BoolArray, FloatArray, check_probabilities, finite

__all__ = [
    "PLAYERS",
    "NormalFormGame",
    "Profile",
    "best_responses",
    "bimatrix",
    "deviation_payoffs",
    "expected_payoffs",
    "merge_ties",
    "pure_profile",
    "regret",
    "relative_regret",
    "zero_sum",
]

REGRET = 1e-8
"""Largest regret, as a share of a player's payoff range, of what is called an equilibrium."""

TIE = 1e-6
"""Payoffs closer than this share of a player's payoff range are ties, where ties are merged."""

PLAYERS = 62
"""Most players of a table: an array has up to 64 axes, one for players and one for draws."""

Profile = tuple[FloatArray, ...]
"""One mixed strategy a player, shape (m_i,) or (B, m_i)."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalFormGame:
    """A finite game in normal form, in one draw or in many.

    Parameters
    ----------
    payoffs : array_like, shape (N, m_1, ..., m_N), or (B, N, m_1, ..., m_N) if `batched`
        u_i(a_1, ..., a_N) for N players with m_i actions, in B draws. Copied, then read-only.
    batched : bool, default False
        Whether a draw axis leads. Said, not guessed: a table of shape (3, 2, m, m) is a game of
        three players and three draws of a game of two.
    players : sequence of str, optional
        Names, by default `1`, `2`, ...
    actions : sequence of sequence of str, optional
        Names of every player's actions, by default `1`, `2`, ...
    title, comment : str, optional

    Raises
    ------
    GameError
        Wrong shape, a player without actions, NaN or infinite payoffs, names that do not fit.

    Examples
    --------
    >>> game = NormalFormGame([[[6, 2], [7, 0]], [[6, 7], [2, 0]]], players=["US", "JPN"])
    >>> game.n_players, game.shape
    (2, (2, 2))
    """

    payoffs: FloatArray
    batched: bool = False
    players: tuple[str, ...] = ()
    actions: tuple[tuple[str, ...], ...] = ()
    title: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        payoffs = np.array(finite("payoffs", self.payoffs))
        check_shape(payoffs, self.batched)
        payoffs.setflags(write=False)
        object.__setattr__(self, "payoffs", payoffs)
        count, shape = self.n_players, self.shape
        players = tuple(self.players) or tuple(str(i + 1) for i in range(count))
        default = tuple(tuple(str(a + 1) for a in range(m)) for m in shape)
        actions = tuple(tuple(names) for names in self.actions) or default
        if len(players) != count:
            raise GameError(f"players: {count} names are allowed, got {len(players)}")
        if tuple(len(names) for names in actions) != shape:
            got = tuple(len(names) for names in actions)
            raise GameError(f"actions: {shape} names are allowed, got {got}")
        object.__setattr__(self, "players", players)
        object.__setattr__(self, "actions", actions)

    @property
    def n_players(self) -> int:
        """Number of players N."""
        return int(self.payoffs.shape[int(self.batched)])

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of actions of every player, (m_1, ..., m_N)."""
        return self.payoffs.shape[1 + int(self.batched) :]

    @property
    def n_draws(self) -> int:
        """Number of draws B, 1 unless `batched`."""
        return self.payoffs.shape[0] if self.batched else 1

    @property
    def table(self) -> FloatArray:
        """Payoffs with the draw axis, shape (B, N, m_1, ..., m_N)."""
        return self.payoffs if self.batched else self.payoffs[None]

    @property
    def payoff_range(self) -> FloatArray:
        """Largest less smallest payoff of every player, shape (B, N)."""
        flat = self.table.reshape(self.n_draws, self.n_players, -1)
        return np.asarray(flat.max(axis=-1) - flat.min(axis=-1))

    def draw(self, index: int) -> NormalFormGame:
        """Return one draw as a game of its own.

        Raises
        ------
        GameError
            If there is no such draw.
        """
        if not -self.n_draws <= index < self.n_draws:
            raise GameError(f"draw: 0 to {self.n_draws - 1} is allowed, got {index}")
        return self.with_payoffs(self.table[index])

    def mean(self) -> NormalFormGame:
        """Return the game at the mean payoffs over the draws."""
        return self.with_payoffs(self.table.mean(axis=0))

    def with_payoffs(self, payoffs: npt.ArrayLike, *, batched: bool = False) -> NormalFormGame:
        """Return the game with the same names and other payoffs of the same numbers of actions."""
        array = np.asarray(payoffs, dtype=np.float64)
        if array.shape[int(batched) :] != (self.n_players, *self.shape):
            raise GameError(f"payoffs: shape {(self.n_players, *self.shape)} is allowed")
        return replace(self, payoffs=array, batched=batched)

    def restrict(self, kept: Sequence[Sequence[int]]) -> NormalFormGame:
        """Return the game in which only some actions remain.

        Parameters
        ----------
        kept : sequence of sequence of int
            The actions that remain, a non-empty list a player.
        """
        if len(kept) != self.n_players or any(not len(own) for own in kept):
            raise GameError(f"kept: a non-empty list for each of {self.n_players} players")
        table = self.table
        for player, own in enumerate(kept):
            table = np.take(table, list(own), axis=player + 2)
        names = tuple(tuple(self.actions[i][a] for a in own) for i, own in enumerate(kept))
        payoffs = table if self.batched else table[0]
        return replace(self, payoffs=payoffs, actions=names)


def check_shape(payoffs: FloatArray, batched: bool) -> None:
    """Raise a `GameError` unless the array is a payoff table."""
    lead = int(batched)
    good = (
        payoffs.ndim >= 2 + lead
        and payoffs.shape[lead] == payoffs.ndim - 1 - lead
        and min(payoffs.shape) > 0
    )
    if good:
        return
    allowed = "(B, N, m_1, ..., m_N)" if batched else "(N, m_1, ..., m_N)"
    hint = "" if batched else "; with a draw axis in front say batched=True"
    raise GameError(
        f"payoffs: shape {allowed} with at least one action a player is allowed, "
        f"got {payoffs.shape}{hint}"
    )


def bimatrix(row: npt.ArrayLike, column: npt.ArrayLike) -> NormalFormGame:
    """Return the two-player game with payoff matrices A and B.

    Parameters
    ----------
    row, column : array_like, shape (m, n) or (B, m, n)
        Payoffs of the player who chooses rows, and of the one who chooses columns.
    """
    a, b = finite("row", row), finite("column", column)
    if a.shape != b.shape or a.ndim not in (2, 3):
        raise GameError(
            f"row, column: two matrices of one shape are allowed, got {a.shape}, {b.shape}"
        )
    return NormalFormGame(np.stack([a, b], axis=a.ndim - 2), batched=a.ndim == 3)


def zero_sum(row: npt.ArrayLike) -> NormalFormGame:
    """Return the two-player game in which the column player loses what the row player wins."""
    return bimatrix(row, -finite("row", row))


def merge_ties(game: NormalFormGame, tolerance: float = TIE) -> NormalFormGame:
    """Return the game in which near-ties among a player's own actions are exact ties.

    Against every choice of the others, a player's payoffs are taken from the best down; each
    one that lies within `tolerance` times the player's payoff range of the best one not yet
    taken is raised to it. No payoff moves by more than that, and every function of this room
    then sees ties where the difference was only the rounding of whatever solver made the table.

    Parameters
    ----------
    game : NormalFormGame
    tolerance : float
        Share of each player's payoff range (in that draw) below which a difference is a tie.
    """
    if not 0 <= tolerance < 1:
        raise GameError(f"tolerance: [0, 1) is allowed, got {tolerance}")
    table = np.array(game.table)
    gap = tolerance * game.payoff_range
    for player in range(game.n_players):
        own = np.moveaxis(table[:, player], player + 1, 0)
        order = np.argsort(-own, axis=0, kind="stable")
        ranked = np.take_along_axis(own, order, axis=0)
        near = gap[:, player].reshape(-1, *[1] * (own.ndim - 2))
        leader = ranked[0]
        for row in ranked:
            leader = np.where(leader - row <= near, leader, row)
            row[...] = leader
        merged = np.empty_like(own)
        np.put_along_axis(merged, order, ranked, axis=0)
        table[:, player] = np.moveaxis(merged, 0, player + 1)
    return game.with_payoffs(table if game.batched else table[0], batched=game.batched)


def pure_profile(game: NormalFormGame, actions: Sequence[int]) -> Profile:
    """Return a profile of pure strategies as probability vectors, one shape (m_i,) a player."""
    if len(actions) != game.n_players or any(
        not 0 <= a < m for a, m in zip(actions, game.shape, strict=False)
    ):
        raise GameError(f"actions: one index below each of {game.shape} is allowed, got {actions}")
    return tuple(np.eye(m)[a] for a, m in zip(actions, game.shape, strict=True))


def read_profile(game: NormalFormGame, profile: Sequence[npt.ArrayLike]) -> Profile:
    """Return a profile with the draw axis, one shape (B or 1, m_i) a player."""
    if len(profile) != game.n_players:
        raise GameError(f"profile: {game.n_players} strategies are allowed, got {len(profile)}")
    strategies = []
    for name, count, given in zip(game.players, game.shape, profile, strict=True):
        numbers = finite(f"strategy of {name}", given)
        clipped = numbers.clip(0.0, 1.0)  # other solvers return -1e-17, or 1 + 1e-16
        rounded = np.where(np.abs(numbers - clipped) < 1e-12, clipped, numbers)
        strategy = np.atleast_2d(check_probabilities(f"strategy of {name}", rounded))
        if strategy.shape[1:] != (count,) or strategy.shape[0] not in (1, game.n_draws):
            raise GameError(
                f"strategy of {name}: shape ({count},) or ({game.n_draws}, {count}) is allowed, "
                f"got {strategy.shape}"
            )
        strategies.append(strategy)
    return tuple(strategies)


def contract(payoff: FloatArray, profile: Profile, keep: tuple[int, ...]) -> FloatArray:
    """Average one player's payoffs over the strategies of everyone but `keep`.

    Parameters
    ----------
    payoff : ndarray, shape (B, m_1, ..., m_N)
    profile : tuple of ndarray, shape (B or 1, m_i)
    keep : tuple of int
        Players whose axes remain, ascending.

    Returns
    -------
    ndarray, shape (B, m_k for k in keep)
    """
    result = payoff
    for player in reversed(range(len(profile))):
        if player not in keep:
            last = np.moveaxis(result, player + 1, -1)
            result = np.einsum("b...m,bm->b...", last, profile[player])
    return result


def deviation_payoffs(game: NormalFormGame, profile: Sequence[npt.ArrayLike]) -> Profile:
    """Return what each action pays against the others' strategies.

    Parameters
    ----------
    game : NormalFormGame
    profile : sequence of array_like, shape (m_i,) or (B, m_i)

    Returns
    -------
    tuple of ndarray, shape (m_i,), or (B, m_i) if the game is batched
        u_i(a_i, σ_−i).
    """
    read = read_profile(game, profile)
    own = tuple(contract(game.table[:, i], read, (i,)) for i in range(game.n_players))
    return own if game.batched else tuple(array[0] for array in own)


def expected_payoffs(game: NormalFormGame, profile: Sequence[npt.ArrayLike]) -> FloatArray:
    """Return u_i(σ), shape (N,), or (B, N) if the game is batched."""
    read = read_profile(game, profile)
    table = [contract(game.table[:, i], read, ()) for i in range(game.n_players)]
    payoffs = np.stack(table, axis=-1)
    return payoffs if game.batched else payoffs[0]


def regret(game: NormalFormGame, profile: Sequence[npt.ArrayLike]) -> FloatArray:
    """Return what each player could gain by deviating, in payoff units.

    max_a u_i(a, σ_−i) − u_i(σ), which is 0 for all i exactly at a Nash equilibrium.

    Returns
    -------
    ndarray, shape (N,), or (B, N) if the game is batched
    """
    read = read_profile(game, profile)
    lowest = game.table.reshape(game.n_draws, game.n_players, -1).min(axis=-1)
    gains = []
    for player in range(game.n_players):
        # Payoffs are measured from their minimum, so that a large common part costs no digits.
        shift = lowest[:, player].reshape(-1, *[1] * game.n_players)
        own = contract(game.table[:, player] - shift, read, (player,))
        gains.append(own.max(axis=-1) - (own * read[player]).sum(axis=-1))
    result = np.stack(gains, axis=-1).clip(min=0.0)
    return result if game.batched else result[0]


def relative_regret(game: NormalFormGame, profile: Sequence[npt.ArrayLike]) -> FloatArray:
    """Return the largest regret of any player as a share of that player's payoff range.

    Returns
    -------
    ndarray, shape (), or (B,) if the game is batched
        0 for players whose payoff is constant.
    """
    span = game.payoff_range
    scale = np.where(span > 0, span, 1.0)
    share: FloatArray = (regret(game, profile) / (scale if game.batched else scale[0])).max(axis=-1)
    return share


def best_responses(
    game: NormalFormGame, profile: Sequence[npt.ArrayLike], tolerance: float = REGRET
) -> tuple[BoolArray, ...]:
    """Return which actions are best against the others' strategies.

    Parameters
    ----------
    game : NormalFormGame
    profile : sequence of array_like, shape (m_i,) or (B, m_i)
        A player's own strategy does not matter.
    tolerance : float
        Share of the payoff range within which an action counts as best too.

    Returns
    -------
    tuple of ndarray of bool, shape (m_i,), or (B, m_i) if the game is batched
    """
    read = read_profile(game, profile)
    slack = tolerance * game.payoff_range
    masks = []
    for player in range(game.n_players):
        own = contract(game.table[:, player], read, (player,))
        mask = own >= (own.max(axis=-1) - slack[:, player])[:, None]
        masks.append(mask if game.batched else mask[0])
    return tuple(masks)
