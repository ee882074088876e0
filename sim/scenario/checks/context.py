"""What a cross-check sees, and what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from sim.scenario.distributions import Distribution
from sim.scenario.models import Scenario
from sim.scenario.names import LEFT_OUT, listed, nearest
from sim.scenario.negotiations import STANDARD_REGIMES
from sim.scenario.nodes import Node, Path
from sim.scenario.numbers import Inline, NumberSpec

__all__ = ["Context", "Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a path of the scenario.

    Parameters
    ----------
    path : tuple of str or int
    message : str
        What is wrong, and what is allowed.
    kind : {"value", "key", "missing"}
    warning : bool
        Whether it is allowed, but probably not meant.
    """

    path: Path
    message: str
    kind: str = "value"
    warning: bool = False


@dataclass(frozen=True)
class Context:
    """A scenario without its invalid parts, and the tree with them.

    Parameters
    ----------
    scenario : Scenario
    root : Node
    """

    scenario: Scenario
    root: Node

    def _declared(self, block: str) -> tuple[str, ...]:
        """Return the names of a block as the file has them, valid entries or not."""
        found = self.root.value.get(block) if isinstance(self.root.value, dict) else None
        value = found.value if found is not None else None
        if isinstance(value, dict):
            return tuple(k for k, v in value.items() if v.value is not None)
        return ()

    @cached_property
    def players(self) -> tuple[str, ...]:
        """Names of the players."""
        return self._declared("players")

    @cached_property
    def issues(self) -> tuple[str, ...]:
        """Names of the issues."""
        return self._declared("issues")

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self._declared("parameters")

    @cached_property
    def payoffs(self) -> tuple[str, ...]:
        """Names of the payoff terms."""
        return self._declared("payoffs")

    @cached_property
    def whole(self) -> bool:
        """Whether all players and issues are sound, so that the tables that follow are known."""
        scenario = self.scenario
        return (
            len(scenario.players) == len(self.players)
            and len(scenario.issues) == len(self.issues)
            and all(p in self.players for i in scenario.issues.values() for p in i.parties)
            and all(len(set(issue.parties)) > 1 for issue in scenario.issues.values())
            and all(issue.track != LEFT_OUT for issue in scenario.issues.values())
        )

    @cached_property
    def standard_regimes(self) -> tuple[str, ...]:
        """Names of the standard regimes that this scenario has."""
        pairs = {frozenset(issue.parties) for issue in self.scenario.issues.values()}
        missing = {"trilateral", "trilateral-weighted"} if self.whole and len(pairs) < 2 else set()
        if "joint-front" not in self._declared("regimes"):
            missing.add("joint-front")
        return tuple(name for name in STANDARD_REGIMES if name not in missing)

    @cached_property
    def regimes(self) -> tuple[str, ...]:
        """Names of the regimes, standard ones and the file's own."""
        return tuple(dict.fromkeys([*self.standard_regimes, *self._declared("regimes")]))

    def name(
        self, name: str, known: Collection[str], path: Path, what: str, *, kind: str = "value"
    ) -> Iterator[Finding]:
        """Yield a finding unless `name` is known."""
        if name not in known and name != LEFT_OUT:
            yield Finding(
                path, f"unknown {what} {name!r}{nearest(name, known)}; known: {listed(known)}", kind
            )

    def player_names(self, names: Collection[str], path: Path) -> Iterator[Finding]:
        """Yield a finding for each name of a list or of a mapping's keys that is no player."""
        mapping = isinstance(names, dict)
        for n, name in enumerate(names):
            where = (*path, name if mapping else n)
            yield from self.name(
                name, self.players, where, "player", kind="key" if mapping else "value"
            )

    def value(self, spec: NumberSpec | None) -> float | Distribution | None:
        """Return the literal or the distribution behind a number; None if its name is unknown."""
        seen: set[str] = set()
        while isinstance(spec, str):
            parameter = self.scenario.parameters.get(spec)
            if parameter is None or spec in seen:
                return None
            seen.add(spec)
            spec = parameter.value
        return spec.distribution if isinstance(spec, Inline) else spec

    def limits(self, spec: NumberSpec | None) -> tuple[float, float] | None:
        """Return the lowest and highest possible value of a number; None if unknown."""
        found = self.value(spec)
        if isinstance(found, Distribution):
            return found.support
        return None if found is None else (found, found)
