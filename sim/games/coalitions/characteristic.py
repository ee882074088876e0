"""Games in characteristic function form, and the Shapley and Owen values.

A coalition is a whole number whose binary digits are its members: bit i is player i. So the
characteristic function is one array of 2^n numbers, and 0 is the empty coalition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, factorial

import numpy as np
import numpy.typing as npt

from sim.errors import GameError
from sim.games._arrays import FloatArray, IntArray, finite, whole

__all__ = [
    "CoalitionalGame",
    "airport_game",
    "bankruptcy_game",
    "characteristic_function",
    "merge_players",
    "owen_value",
    "shapley_value",
    "voting_power",
    "weighted_voting_game",
]

PLAYERS = 20
"""Most players of a game whose 2^n coalitions are all listed."""

WORK = 5_000_000
"""Largest number of counts, players times quota, in the generating function of a vote."""


@dataclass(frozen=True, slots=True, eq=False)
class CoalitionalGame:
    """A game with transferable payoffs, in one draw or in many.

    Parameters
    ----------
    values : array_like, shape (2^n,) or (B, 2^n)
        v(S) for every coalition S, its members the binary digits of the index; v(∅) = 0.
    players : sequence of str, optional
        Names, by default `1`, `2`, ...

    Raises
    ------
    GameError
        If the length is not a power of two for 1 to 20 players, a value is not finite, or
        v(∅) is not 0.

    Examples
    --------
    >>> CoalitionalGame([0, 0, 0, 1], players=["US", "JPN"]).value(["US", "JPN"])
    1.0
    """

    values: FloatArray
    players: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = np.array(finite("values", self.values))
        size = values.shape[-1] if values.ndim in (1, 2) else 0
        count = size.bit_length() - 1
        if size != 2**count or not 1 <= count <= PLAYERS or not values.size:
            raise GameError(
                f"values: shape (2^n,) or (B, 2^n) for 1 to {PLAYERS} players is allowed, "
                f"got {values.shape}"
            )
        if (values[..., 0] != 0).any():
            raise GameError("values: the empty coalition is worth 0, and stands first")
        players = tuple(self.players) or tuple(str(i + 1) for i in range(count))
        if len(players) != count or len(set(players)) != count:
            raise GameError(f"players: {count} different names are allowed, got {players}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "players", players)

    @property
    def n_players(self) -> int:
        """Number of players n."""
        return len(self.players)

    @property
    def batched(self) -> bool:
        """Whether a draw axis leads."""
        return self.values.ndim == 2

    def coalition(self, members: Iterable[str]) -> int:
        """Return the index of a coalition of named players."""
        index = 0
        for name in members:
            if name not in self.players:
                raise GameError(f"players: {', '.join(self.players)} are allowed, got {name!r}")
            index |= 1 << self.players.index(name)
        return index

    def value(self, members: Iterable[str]) -> float | FloatArray:
        """Return v(S) of a coalition of named players, a number or shape (B,)."""
        worth = self.values[..., self.coalition(members)]
        return worth if self.batched else float(worth)

    def draw(self, index: int) -> CoalitionalGame:
        """Return one draw as a game of its own."""
        return CoalitionalGame(np.atleast_2d(self.values)[index], self.players)


def characteristic_function(
    value: Callable[[tuple[str, ...]], npt.ArrayLike] | Mapping[Sequence[str], npt.ArrayLike],
    players: Sequence[str],
) -> CoalitionalGame:
    """Build a game from a function of the members, or from a table of them.

    Parameters
    ----------
    value : callable or mapping
        Called with the names of the members, in the order of `players`; or a mapping from tuples
        of names, in any order, in which a coalition that is missing is worth 0. Values are
        numbers or arrays of shape (B,).
    players : sequence of str

    Returns
    -------
    CoalitionalGame

    Examples
    --------
    >>> glove = characteristic_function({("L", "R"): 1, ("L", "M"): 1, ("L", "M", "R"): 1}, "LMR")
    >>> shapley_value(glove)
    array([0.66666667, 0.16666667, 0.16666667])
    """
    names = tuple(players)
    if not 1 <= len(names) <= PLAYERS:
        raise GameError(f"players: 1 to {PLAYERS} names are allowed, got {len(names)}")
    worth: list[npt.ArrayLike] = [0.0]
    table: dict[frozenset[str], npt.ArrayLike] = {}
    if isinstance(value, Mapping):
        table = {frozenset(members): v for members, v in value.items()}
        unknown = set().union(*table) - set(names)
        if unknown:
            raise GameError(f"players: {', '.join(names)} are allowed, got {sorted(unknown)}")
    for index in range(1, 2 ** len(names)):
        members = tuple(name for i, name in enumerate(names) if index >> i & 1)
        worth.append(value(members) if callable(value) else table.get(frozenset(members), 0.0))
    columns = np.broadcast_arrays(*(finite("value", each) for each in worth))
    return CoalitionalGame(np.stack(columns, axis=-1), names)


def sizes(count: int) -> IntArray:
    """Return the number of members of every coalition, shape (2^n,)."""
    size = np.zeros(1, dtype=np.int64)
    for _ in range(count):
        size = np.concatenate([size, size + 1])
    return size


def shapley_value(game: CoalitionalGame) -> FloatArray:
    """Return the Shapley value.

    φ_i = Σ_{S ∌ i} |S|! (n − |S| − 1)! / n! · (v(S ∪ i) − v(S)), over all coalitions at once.

    Returns
    -------
    ndarray, shape (n,), or (B, n) if the game is batched

    References
    ----------
    Shapley (1953), A value for n-person games, Contributions to the Theory of Games II.
    """
    n = game.n_players
    lead = game.values.shape[:-1]
    weights = np.array([1.0 / (n * comb(n - 1, s)) for s in range(n)])[sizes(n - 1)]
    shares = []
    for player in range(n):
        cube = game.values.reshape(*lead, -1, 2, 2**player)
        margin = (cube[..., 1, :] - cube[..., 0, :]).reshape(*lead, -1)
        shares.append(margin @ weights)
    return np.stack(shares, axis=-1)


def read_unions(game: CoalitionalGame, unions: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return the unions as lists of player numbers, those not named on their own."""
    named = [name for union in unions for name in union]
    for name in named:
        if name not in game.players:
            raise GameError(f"unions: {', '.join(game.players)} are allowed, got {name!r}")
    if len(set(named)) != len(named) or any(not len(union) for union in unions):
        raise GameError("unions: every player may be in one union, and no union may be empty")
    alone = [[name] for name in game.players if name not in named]
    groups = [[game.players.index(name) for name in union] for union in (*unions, *alone)]
    return sorted((sorted(group) for group in groups), key=lambda group: group[0])


def merge_players(game: CoalitionalGame, unions: Sequence[Sequence[str]]) -> CoalitionalGame:
    """Return the game between unions, each of which acts as one player.

    Parameters
    ----------
    game : CoalitionalGame
    unions : sequence of sequence of str
        Players who merge; those not named stay alone.

    Returns
    -------
    CoalitionalGame
        Its players are named after their members, `JPN+ROK`, in the order of first members.
    """
    groups = read_unions(game, unions)
    masks = [sum(1 << player for player in group) for group in groups]
    index = np.zeros(1, dtype=np.int64)
    for mask in masks:
        index = np.concatenate([index, index + mask])
    names = tuple("+".join(game.players[player] for player in group) for group in groups)
    return CoalitionalGame(game.values[..., index], names)


def owen_value(game: CoalitionalGame, unions: Sequence[Sequence[str]]) -> FloatArray:
    """Return the Owen value: the Shapley value when unions bargain as one.

    A union gets its Shapley value in the game between unions, and divides it by what its members
    could have contributed to the other unions without each other: φ_i = Σ_R Σ_T
    r! (m − r − 1)!/m! · t! (b − t − 1)!/b! · (v(R ∪ T ∪ i) − v(R ∪ T)), R over sets of r of the
    other m − 1 unions, T over sets of t of the other b − 1 members of i's union.

    Parameters
    ----------
    game : CoalitionalGame
    unions : sequence of sequence of str
        Players who bargain as one; those not named stay alone.

    Returns
    -------
    ndarray, shape (n,), or (B, n) if the game is batched

    References
    ----------
    Owen (1977), Values of games with a priori unions. Harsanyi (1977), Rational Behavior and
    Bargaining Equilibrium, ch. 11, on why merging can hurt (joint-bargaining paradox).
    """
    groups = read_unions(game, unions)
    masks = [sum(1 << player for player in group) for group in groups]
    value = np.zeros((*game.values.shape[:-1], game.n_players))
    for own, group in enumerate(groups):
        outside, outer_weights = weighted_subsets([m for k, m in enumerate(masks) if k != own])
        for player in group:
            inside, inner_weights = weighted_subsets([1 << p for p in group if p != player])
            base = (outside[:, None] + inside[None, :]).ravel()
            weight = np.outer(outer_weights, inner_weights).ravel()
            margin = game.values[..., base | (1 << player)] - game.values[..., base]
            value[..., player] = margin @ weight
    return value


def weighted_subsets(masks: Sequence[int]) -> tuple[IntArray, FloatArray]:
    """Return the unions of all sets of k masks, and r! (k − r)!/(k + 1)! for r of them."""
    index = np.zeros(1, dtype=np.int64)
    for mask in masks:
        index = np.concatenate([index, index + mask])
    k = len(masks)
    weight = [factorial(r) * factorial(k - r) / factorial(k + 1) for r in range(k + 1)]
    return index, np.array(weight)[sizes(k)]


def bankruptcy_game(estate: float, claims: npt.ArrayLike) -> CoalitionalGame:
    """Return the game of a bankrupt estate: v(S) = max(0, E − Σ of the claims outside S).

    References
    ----------
    O'Neill (1982), Mathematical Social Sciences 2:345-371; Aumann and Maschler (1985), Journal
    of Economic Theory 36:195-213: its nucleolus is the Talmud's division.
    """
    demands = finite("claims", claims)
    total = additive(demands)
    worth = float(finite("estate", estate))
    if (demands < 0).any() or not 0 <= worth <= total[-1]:
        raise GameError("claims at least 0 and an estate between 0 and their sum are allowed")
    return CoalitionalGame((worth - total[::-1]).clip(min=0.0))


def airport_game(costs: npt.ArrayLike) -> CoalitionalGame:
    """Return the cost game in which a coalition pays for its most expensive member alone.

    References
    ----------
    Littlechild and Owen (1973), Management Science 20:370-372.
    """
    needs = finite("costs", costs)
    if needs.ndim != 1 or (needs < 0).any():
        raise GameError("costs: one number at least 0 for each player is allowed")
    cost = np.zeros(1)
    for need in needs:
        cost = np.concatenate([cost, np.maximum(cost, need)])
    return CoalitionalGame(cost)


def weighted_voting_game(quota: float, weights: npt.ArrayLike) -> CoalitionalGame:
    """Return the game in which a coalition wins 1 if its weights reach the quota."""
    votes, needed = read_votes(quota, weights)
    return CoalitionalGame((additive(votes) >= needed).astype(np.float64))


def additive(weights: FloatArray) -> FloatArray:
    """Return the sum of weights of every coalition, shape (2^n,)."""
    if weights.ndim != 1 or not 1 <= len(weights) <= PLAYERS:
        raise GameError(f"one number for each of 1 to {PLAYERS} players is allowed")
    total = np.zeros(1)
    for weight in weights:
        total = np.concatenate([total, total + weight])
    return total


def read_votes(quota: float, weights: npt.ArrayLike) -> tuple[FloatArray, float]:
    """Return weights and quota of a vote, or say what is wrong with them."""
    votes, needed = finite("weights", weights), float(finite("quota", quota))
    if votes.ndim != 1 or not len(votes) or (votes < 0).any():
        raise GameError("weights: one number at least 0 for each player is allowed")
    if not 0 < needed <= votes.sum():
        raise GameError(f"quota: above 0 and up to {votes.sum():g} is allowed, got {needed:g}")
    return votes, needed


def voting_power(quota: int, weights: Sequence[int]) -> FloatArray:
    """Return the Shapley–Shubik index of a weighted vote by its generating function.

    With c_i(k, w) the number of coalitions of k others with total weight w, the coefficients of
    Π_{j ≠ i} (1 + x y^{w_j}), φ_i = Σ_k k! (n − k − 1)!/n! Σ_{w = q − w_i}^{q − 1} c_i(k, w).
    Counts are exact whole numbers, so any number of players goes.

    Parameters
    ----------
    quota : int
        Weight that wins.
    weights : sequence of int

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    Shapley and Shubik (1954), American Political Science Review 48:787-792; Mann and Shapley
    (1962), RAND RM-3158.

    Examples
    --------
    >>> voting_power(39, [7] * 5 + [1] * 10).round(6)[[0, 5]]
    array([0.19627 , 0.001865])
    """
    votes = [whole("weights", w, 0, 10**6) for w in weights]
    read_votes(quota, votes)
    needed = whole("quota", quota, 1, sum(votes))
    n = len(votes)
    if n * needed > WORK:
        raise GameError(f"quota: up to {WORK // n} is allowed for {n} players, got {needed}")
    index: dict[int, float] = {}
    for own in set(votes):
        others = list(votes)
        others.remove(own)
        counts = coalition_counts(others, needed)
        swings = [sum(row[max(0, needed - own) : needed]) for row in counts]
        exact = sum(s * factorial(k) * factorial(n - k - 1) for k, s in enumerate(swings))
        index[own] = exact / factorial(n)
    return np.array([index[own] for own in votes])


def coalition_counts(votes: Sequence[int], limit: int) -> list[list[int]]:
    """Return the number of coalitions by size and by total weight below a limit."""
    table = np.zeros((len(votes) + 1, limit), dtype=object)
    table[0, 0] = 1
    for vote in votes:
        if vote < limit:
            table[1:, vote:] = table[1:, vote:] + table[:-1, : limit - vote]
    return [list(row) for row in table]
