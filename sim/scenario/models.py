"""The scenario: everything that a file says, checked, frozen, its numbers resolved on demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from sim.errors import Fault, ScenarioError
from sim.scenario.block import Block, Name, Text
from sim.scenario.distributions import Distribution
from sim.scenario.dump import digest, to_yaml
from sim.scenario.equilibria import Belief, Enforcement, Posture, Stances, Talks
from sim.scenario.names import listed, nearest, shown
from sim.scenario.negotiations import Ratifier, Regime, Simulate, Solution
from sim.scenario.nodes import Place
from sim.scenario.numbers import Inline, NumberSpec, Plain, fault
from sim.scenario.payoffs import AnyTerm
from sim.scenario.subjects import Issue, Pair, Parameter, Player
from sim.scenario.terms import Concession, Market, Presence, Term, Transfer
from sim.scenario.walk import Sourced, Uncertain, name_inlines, numbers, sources
from sim.scenario.world import GeneralEquilibrium

__all__ = ["Correlation", "Scenario", "SourceFile"]

FloatArray = NDArray[np.float64]


def _triple(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise fault(f"must be [parameter, parameter, correlation], not {shown(value)}")
    return value


Correlation = Annotated[tuple[Text, Text, Plain], BeforeValidator(_triple)]
"""Two uncertain numbers and their correlation."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a scenario was read from.

    Parameters
    ----------
    name : str
        As the user gave it, or as `extends:` led to it.
    text : str
    """

    name: str
    text: str


class Scenario(Block):
    """A case: players, issues, payoffs, what is uncertain, how it is negotiated and simulated."""

    title: Text = Field(description="The case in one line.")
    as_of: dt.date | None = Field(None, description="Date that the figures hold at: 2025-04-17.")
    unit: Text = Field("USD bn per year", description="Unit of all payoffs, in words.")
    summary: Text | None = Field(None, description="What the case is about, in a few sentences.")
    players: dict[Name, Player] = Field(description="Who bargains, two players or more.")
    parameters: dict[Name, Parameter] = Field(
        default={}, description="Named numbers that payoffs and regimes refer to."
    )
    correlations: tuple[Correlation, ...] = Field(
        default=(), description="Pairs of uncertain parameters with their correlation: [a, b, 0.5]."
    )
    correlation_kind: Literal["rank", "linear"] = Field(
        "rank",
        description="Rank correlations (Spearman), or linear ones (Pearson) of the parameters "
        "themselves.",
    )
    issues: dict[Name, Issue] = Field(description="What is bargained over.")
    ties: tuple[Pair, ...] = Field(
        default=(),
        description="Pairs of issues held equal, such as most favoured nations' tariffs, at every "
        "table that settles both.",
    )
    payoffs: dict[Name, AnyTerm] = Field(description="What an outcome is worth: a sum of terms.")
    ratifiers: dict[Name, Ratifier] = Field(default={}, description="Vetoes at home.")
    regimes: dict[Name, Regime] = Field(
        default={}, description="What differs from the standard regimes, and new ones."
    )
    solutions: tuple[Solution, ...] = Field(
        ("nash", "kalai_smorodinsky", "egalitarian"),
        description="Rules that pick a deal at a table.",
    )
    stances: Stances | None = Field(None, description="What is chosen before any table meets.")
    talks: dict[Text, Talks] = Field(
        default={}, description="Per table, offers and counter-offers over time."
    )
    beliefs: dict[Text, Belief] = Field(
        default={}, description="Per table, an offer under private information."
    )
    enforcement: Enforcement | None = Field(
        None, description="Whether the deal holds as a repeated game."
    )
    threats: dict[Text, tuple[Posture, ...]] = Field(
        default={},
        description="Per player the threats that can be declared (`breakdown: variable`).",
    )
    simulate: Simulate = Field(Simulate(), description="Draws, seed and sampler.")

    _files: tuple[SourceFile, ...] = PrivateAttr(default=())
    _warnings: tuple[Fault, ...] = PrivateAttr(default=())
    _places: dict[str, Place] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _name_inlines(self) -> Scenario:
        name_inlines(self)
        return self

    # ---- numbers ------------------------------------------------------------------------------

    @property
    def uncertain(self) -> tuple[Uncertain, ...]:
        """Every uncertain number: players, parameters, issues, payoffs ..., each in file order."""
        found = []
        for _, number in numbers(self):
            if isinstance(number, Inline):
                about = self.parameters.get(number.name)
                extra = (about.why, about.source, about.label) if about else (None, None, None)
                found.append(Uncertain(number.name, number.distribution, *extra))
        for name, ratifier in self.ratifiers.items():
            if ratifier.probability is not None:
                even = Distribution.of("uniform", [0.0, 1.0])
                found.append(Uncertain(f"ratifiers.{name}.luck", even, "ratification by chance"))
        return tuple(found)

    @property
    def means(self) -> dict[str, float]:
        """The expectation of every uncertain number: a `theta` for the central case."""
        return {u.name: u.distribution.mean for u in self.uncertain}

    def number(
        self, spec: NumberSpec, theta: Mapping[str, FloatArray | float] | None = None
    ) -> FloatArray | float:
        """Return what a NUMBER stands for.

        Parameters
        ----------
        spec : float, ParameterName or Inline
            A number of this scenario, or the name of one of its parameters.
        theta : mapping of str to float or (B,) array
            Draws by name, as in `uncertain`. It may also hold parameters that are no distributions:
            theirs is then the value from `theta`.

        Returns
        -------
        float or (B,) array

        Raises
        ------
        ScenarioError
            If the name is unknown, or uncertain and without draws.
        """
        theta = theta or {}
        name = spec.name if isinstance(spec, Inline) else spec
        for _ in range(len(self.parameters) + 1):
            if not isinstance(name, str):
                return name
            if name in theta:
                return theta[name]
            if name not in self.parameters:
                break
            value = self.parameters[name].value
            name = value.name if isinstance(value, Inline) else value
            if name in self.parameters and isinstance(value, Inline):
                break
        known = [*self.parameters, *(u.name for u in self.uncertain)]
        wrong = "has no draws" if name in known else f"is no parameter{nearest(name, known)}"
        raise self.fault(str(name), f"{wrong}; parameters: {listed(self.parameters)}")

    # ---- what follows from the file -----------------------------------------------------------

    def domain_of(self, term: Term) -> str:
        """Return the domain that a payoff term is counted in."""
        if term.domain is not None:
            return term.domain
        if term.default_domain is not None:
            return term.default_domain
        return self.issues[term.issues[0]].domain

    def controller_of(self, issue: str) -> str:
        """Return the player who can set an issue alone.

        Who levies the tariff, stations the troops, pays or concedes; without such a term the first
        party for tariffs and security, else the last.
        """
        stated = self.issues[issue]
        if stated.controlled_by is not None:
            return stated.controlled_by
        for term in self.payoffs.values():
            player = _controller(term, issue)
            if player in stated.parties:
                return player
        return stated.parties[0 if stated.domain in {"tariffs", "security"} else -1]

    # ---- where it comes from ------------------------------------------------------------------

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The texts it was read from: the file itself, then what it extends."""
        return self._files

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What is allowed but probably not meant, such as parameters that nothing uses."""
        return self._warnings

    @property
    def sources(self) -> tuple[Sourced, ...]:
        """Every part with a source or a reason, with its numbers, for the report."""
        return tuple(sources(self))

    @property
    def sha256(self) -> str:
        """Hash of the resolved content, after `extends` and overrides; comments do not matter."""
        return digest(self.to_yaml())

    def to_yaml(self) -> str:
        """Return the resolved scenario as one file: no `extends`, defaults left out."""
        return to_yaml(self.model_dump(mode="json", by_alias=True, exclude_defaults=True))

    def fault(self, path: str, message: str) -> ScenarioError:
        """Return an error at the place where `path` stands in the files, to be raised."""
        parts = path.split(".")
        for n in range(len(parts), -1, -1):
            place = self._places.get(".".join(parts[:n]))
            if place is not None:
                return ScenarioError([Fault(place.file, place.line, place.column, path, message)])
        return ScenarioError([Fault("scenario", 1, 1, path, message)])


def _controller(term: Term, issue: str) -> str | None:
    if isinstance(term, Market):
        return term.market if issue in term.issues else None
    if isinstance(term, Presence):
        return term.player if term.presence == issue else None
    if isinstance(term, Transfer | Concession):
        return term.from_ if issue in term.issues else None
    if isinstance(term, GeneralEquilibrium):
        levied = {t.importer for t in term.tariffs if t.issue == issue}
        return next((p for p, region in term.regions.items() if region in levied), None)
    return None
