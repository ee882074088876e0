"""Who sits at which table, and what each breakdown brings down: the shape of a regime.

A regime is a set of tables that covers every issue once, with what each breakdown brings down, an
order, and a credibility. The standard regimes follow from the issues' parties and tracks alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Front", "Layout", "Regime", "Table", "linked_regions", "standard_regimes"]

Number = float | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Parties and the issues that they settle together.

    Parameters
    ----------
    name : str
    parties, issues : tuple of int
        Indices of players and of issues.
    falls : tuple of int
        The issues that a breakdown at this table brings down; the table's own are among them.
    """

    name: str
    parties: tuple[int, ...]
    issues: tuple[int, ...]
    falls: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """Players who bargain as one party.

    Parameters
    ----------
    members : tuple of int
    shares : tuple of float
        The weight ω_j of each member's payoff in the front's.
    head_count : bool
        Whether the front's Nash weight is the sum of its members' instead of one party's.
    division : {"none", "equal-gains", "shapley"}
        Side payments within the front after the agreement; balanced.
    """

    members: tuple[int, ...]
    shares: tuple[float, ...]
    head_count: bool = False
    division: str = "none"


@dataclass(frozen=True)
class Regime:
    """Tables, what breaks down, in which order, and with what credibility.

    Parameters
    ----------
    name : str
    tables : tuple of Table
        Cover every issue once.
    threat_credibility : float or (B,) array
        q, the chance that a threat is executed after a breakdown.
    audience_cost : tuple of float or (B,) arrays, one per player
        A_i ≥ 0, what a threat that is not executed costs (Fearon 1994), USD bn per year.
    erosion : float or (B,) array
        1 − c: the credibility of protection lost by putting it on a table with other files.
    weights : tuple of float or (B,) arrays, one per player
        Bargaining weights.
    breakdown : {"announced", "status_quo", "nash", "variable"}
        Where the breakdown values come from.
    fallback : str or None
        The regime whose outcome stands if a table fails (linkage by consent); None: what falls
        breaks down.
    stages : tuple of tuples of table indices
        Tables of one stage are solved side by side, stages one after the other.
    foresight : bool
        Whether an earlier stage anticipates the later response.
    front : Front or None
    rules : tuple of Regime
        Whose rules hold at each table, where a regime is put together from several; empty: its own.
    """

    name: str
    tables: tuple[Table, ...]
    threat_credibility: Number = 1.0
    audience_cost: tuple[Number, ...] = ()
    erosion: Number = 0.0
    weights: tuple[Number, ...] = ()
    breakdown: str = "announced"
    fallback: str | None = None
    stages: tuple[tuple[int, ...], ...] = ()
    foresight: bool = False
    front: Front | None = None
    rules: tuple[Regime, ...] = ()

    def rule(self, t: int) -> Regime:
        """Return the regime whose rules hold at table `t`."""
        return self.rules[t] if self.rules else self

    @property
    def order(self) -> tuple[tuple[int, ...], ...]:
        """The stages; one stage of all tables unless given."""
        return self.stages or (tuple(range(len(self.tables))),)

    def eroded(self) -> bool:
        """Whether any draw loses credibility."""
        every = (self, *self.rules)
        return any(bool(np.any(np.asarray(regime.erosion) != 0.0)) for regime in every)

    def without_erosion(self, name: str) -> Regime:
        """Return the same regime at credibility 1."""
        return replace(self, name=name, erosion=0.0)


@dataclass(frozen=True)
class Layout:
    """What the standard regimes follow from.

    Parameters
    ----------
    players, issues : tuple of str
    parties : tuple of tuples of int
        Per issue the players it is between.
    tracks : tuple of str
        Per issue the file it used to be settled in.
    """

    players: tuple[str, ...]
    issues: tuple[str, ...]
    parties: tuple[tuple[int, ...], ...]
    tracks: tuple[str, ...]

    def dyads(self) -> tuple[tuple[int, ...], ...]:
        """Return the distinct sets of parties, in the order of the issues."""
        return tuple(dict.fromkeys(self.parties))

    def issues_of(self, parties: tuple[int, ...], track: str | None = None) -> tuple[int, ...]:
        """Return the issues between `parties`, on one track or on all."""
        return tuple(
            k
            for k in range(len(self.issues))
            if self.parties[k] == parties and (track is None or self.tracks[k] == track)
        )

    def label(self, parties: Sequence[int]) -> str:
        """Return `US-JPN`."""
        return "-".join(self.players[p] for p in parties)

    def track_tables(self, *, whole_dyad_falls: bool) -> tuple[Table, ...]:
        """Return one table per dyad and track."""
        tables = []
        for parties in self.dyads():
            dyad = self.issues_of(parties)
            for track in dict.fromkeys(self.tracks[k] for k in dyad):
                own = self.issues_of(parties, track)
                name = f"{self.label(parties)} {track}"
                tables.append(Table(name, parties, own, dyad if whole_dyad_falls else own))
        return tuple(tables)

    def dyad_tables(self) -> tuple[Table, ...]:
        """Return one table per dyad with all its issues."""
        return tuple(
            Table(self.label(parties), parties, self.issues_of(parties), self.issues_of(parties))
            for parties in self.dyads()
        )

    def grand_table(self, name: str = "all") -> Table:
        """Return the table of everybody with everything on it."""
        parties = tuple(p for p in range(len(self.players)) if any(p in s for s in self.parties))
        everything = tuple(range(len(self.issues)))
        return Table(name, parties, everything, everything)

    def hub(self) -> int | None:
        """Return the one player who is a party to every issue, None if there is no single one."""
        common = set(range(len(self.players))).intersection(*map(set, self.parties))
        return common.pop() if len(common) == 1 else None


def standard_regimes(layout: Layout) -> dict[str, Regime]:
    """Return the regimes that follow from parties and tracks.

    `separate` and `threat-linked` have a table per dyad and track, `linked` and `linked-by-consent`
    one per dyad, `trilateral` one for all; `trilateral-weighted` gives the hub as many Nash weights
    as it has partners, which separates head count from packaging (Harsanyi 1977, joint-bargaining
    paradox).

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    dict of str to Regime
        Trilateral ones only when there is more than one dyad.
    """
    ones = (1.0,) * len(layout.players)
    zeros = (0.0,) * len(layout.players)
    dyads = layout.dyad_tables()

    def regime(name: str, tables: tuple[Table, ...], *, fallback: str | None = None) -> Regime:
        return Regime(name, tables, audience_cost=zeros, weights=ones, fallback=fallback)

    found = {
        "separate": regime("separate", layout.track_tables(whole_dyad_falls=False)),
        "threat-linked": regime("threat-linked", layout.track_tables(whole_dyad_falls=True)),
        "linked-by-consent": regime("linked-by-consent", dyads, fallback="separate"),
        "linked": regime("linked", dyads),
    }
    if len(dyads) > 1:
        found["trilateral"] = regime("trilateral", (layout.grand_table(),))
        hub = layout.hub()
        if hub is not None:
            doubled = tuple(float(len(dyads)) if p == hub else 1.0 for p in range(len(ones)))
            found["trilateral-weighted"] = replace(
                found["trilateral"], name="trilateral-weighted", weights=doubled
            )
    return found


def linked_regions(regime: Regime, tracks: Sequence[str]) -> frozenset[int]:
    """Return the issues that a table, or a threat across files, puts with another file.

    Protection loses credibility by being made conditional: a troop issue counts when what is
    settled, or what falls, at its table spans more than one track.
    """
    found: set[int] = set()
    for table in regime.tables:
        together = set(table.issues) | set(table.falls)
        if len({tracks[k] for k in together}) > 1:
            found |= together
    return frozenset(found)
