"""The stance game: before any table meets, each player chooses how to come to it.

A profile of stances leads to a regime, or to one regime an ally, perhaps after a delay and at a
cost. Its payoffs are those of the regime under one bargaining solution; the equilibria of the
resulting normal-form game say whether linkage is chosen at all.

With delays T_j before ally j's tables meet, flows are discounted at each player's rate r_i:
``u_i = Σ_phases (e^(−r_i a) − e^(−r_i b)) u_i(what holds from a to b)``, the last phase without
end; a front divides its gains once all have met. Credibility that a regime erodes is lost from the
announcement on: the flows before the tables meet are valued at it too, since protection has been
put in doubt by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import GameError
from sim.games import NormalFormGame
from sim.negotiation.case import Case
from sim.negotiation.compile import compile_case
from sim.negotiation.nash_in_nash import Settled
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.structure import Layout, Regime
from sim.negotiation.terms import Names
from sim.payoffs import keep_freed_memory
from sim.scenario import Scenario
from sim.scenario.equilibria import StanceOutcome

__all__ = ["StanceGame", "compose", "concerns", "leads_to", "stance_game"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class StanceGame:
    """The normal-form game over stances, for B draws.

    Parameters
    ----------
    players : tuple of str
        Who chooses a stance, N of them.
    stances : tuple of tuples of str
        Per player its m_i stances.
    payoffs : (B, N, m_1, ..., m_N) array
        Change of payoff from the status quo, USD bn per year.
    linked : (m_1, ..., m_N) bool array
        Whether some table of the profile's regime settles more than one file.
    regimes : array of str, (m_1, ..., m_N)
        What each profile leads to, in words.
    converged : (B,) bool array
        Whether every regime behind the payoffs was solved.
    """

    players: tuple[str, ...]
    stances: tuple[tuple[str, ...], ...]
    payoffs: FloatArray
    linked: BoolArray
    regimes: NDArray[np.str_]
    converged: BoolArray

    def game(self) -> NormalFormGame:
        """Return the batched normal-form game."""
        return NormalFormGame(
            self.payoffs, batched=True, players=self.players, actions=self.stances
        )

    def mean_game(self) -> NormalFormGame:
        """Return the game at mean payoffs over the draws."""
        return NormalFormGame(self.payoffs.mean(axis=0), players=self.players, actions=self.stances)


def leads_to(scenario: Scenario, profile: Mapping[str, str]) -> StanceOutcome:
    """Return the first outcome of the stance game whose conditions a profile meets.

    Raises
    ------
    ScenarioError
        If none does.
    """
    assert scenario.stances is not None
    for outcome in scenario.stances.outcomes:
        if all(profile.get(player) == stance for player, stance in outcome.when.items()):
            return outcome
    text = ", ".join(f"{player}: {stance}" for player, stance in profile.items())
    raise scenario.fault("stances.outcomes", f"no outcome for {{{text}}}; every profile needs one")


def compose(case: Case, regimes: Mapping[str, str]) -> Regime:
    """Return one regime in which each ally's tables are those of its own regime.

    Parameters
    ----------
    case : Case
    regimes : mapping of str to str
        Ally, or pair of players such as `US-JPN`, to regime; `{"all": name}` is that regime.

    Returns
    -------
    Regime
        With the rules of each table's regime: its credibility, costs, erosion and weights.

    Raises
    ------
    GameError
        If the tables of the allies' regimes do not settle every issue once, or one of the regimes
        has a front, stages, a fallback or breakdown values of its own: those hold for all tables or
        none.
    """
    layout = case.layout
    whole = all(any(concerns(layout, name, who) for name in regimes) for who in layout.parties)
    if whole and len(set(regimes.values())) == 1:
        return case.regimes[next(iter(regimes.values()))]
    tables, rules = [], []
    for ally, name in regimes.items():
        regime = case.regimes[name]
        if regime.front or regime.stages or regime.fallback or regime.breakdown != "announced":
            raise GameError(
                f"stances: {name} cannot hold for {ally} alone: it has a front, an order, "
                "a fallback or breakdown values of its own"
            )
        for table in regime.tables:
            if concerns(layout, ally, table.parties):
                tables.append(table)
                rules.append(replace(regime, tables=(table,)))
    settled = sorted(k for table in tables for k in table.issues)
    if settled != list(range(len(layout.issues))):
        count = Counter(settled)
        wrong = [name for k, name in enumerate(layout.issues) if count[k] != 1]
        raise GameError(
            f"stances: the tables of {dict(regimes)} must settle every issue once; "
            f"they do not settle, or settle twice: {', '.join(wrong)}"
        )
    name = ", ".join(f"{ally}: {regime}" for ally, regime in regimes.items())
    first = rules[0]
    return replace(first, name=name, tables=tuple(tables), rules=tuple(rules))


def concerns(layout: Layout, group: str, parties: Sequence[int]) -> bool:
    """Whether `all`, a player or a pair such as `US-JPN` speaks of what these parties settle."""
    if group in layout.players:
        return layout.players.index(group) in parties
    return group in ("all", layout.label(parties))


def stance_game(scenario: Scenario, theta: Mapping[str, FloatArray], draws: int) -> StanceGame:
    """Return the stance game of a scenario.

    Parameters
    ----------
    scenario : Scenario
        With a block `stances:`.
    theta : mapping of str to (B,) array
    draws : int
        B.

    Returns
    -------
    StanceGame

    Raises
    ------
    ScenarioError
        If the scenario has no stances, or a profile leads nowhere.
    """
    spec = scenario.stances
    if spec is None:
        raise scenario.fault("stances", "is missing: the stance game needs stances and outcomes")
    keep_freed_memory()
    case = compile_case(scenario, theta, draws)
    names = Names(scenario, theta, draws)
    players, stances = tuple(spec.players), tuple(tuple(s) for s in spec.players.values())
    shape = tuple(len(s) for s in stances)
    payoffs = np.zeros((draws, len(case.layout.players), *shape))
    linked, labels = np.zeros(shape, dtype=bool), np.empty(shape, dtype=object)
    solved: dict[str, tuple[Case, Settled]] = {}
    converged = np.ones(draws, dtype=bool)
    for at in np.ndindex(*shape):
        profile = {p: stances[n][at[n]] for n, p in enumerate(players)}
        outcome = leads_to(scenario, profile)
        regime = compose(case, outcome.regime)
        if regime.name not in solved:
            solved[regime.name] = _solve(case, regime, spec.solution)
        local, settled = solved[regime.name]
        converged &= settled.converged
        payoffs[:, :, *at] = _value(local, settled, outcome, names)
        linked[at] = any(
            len({case.layout.tracks[k] for k in table.issues}) > 1 for table in regime.tables
        )
        labels[at] = regime.name
    chosen = [case.layout.players.index(p) for p in players]
    return StanceGame(players, stances, payoffs[:, chosen], linked, labels.astype(str), converged)


def _solve(case: Case, regime: Regime, solution: str) -> tuple[Case, Settled]:
    """Solve one regime, which may be put together from several."""
    whole = replace(case, regimes={**case.regimes, regime.name: regime})
    return whole.under(regime), solve_regimes(whole, [regime.name], solution)[regime.name]


def _value(case: Case, settled: Settled, outcome: StanceOutcome, names: Names) -> FloatArray:
    """Return the change of payoff from the status quo, (B, N), with delays and costs."""
    reference = case.payoffs.reference.T
    final = settled.lottery.money(case.payoffs) + settled.side_payments - reference
    waits = _waits(outcome, names)
    value = _discounted(case, settled, outcome, waits, names) if waits else final
    for player, cost in outcome.costs.items():
        value[:, names.player(player)] -= names.column(cost)
    return value


def _waits(outcome: StanceOutcome, names: Names) -> dict[str, FloatArray]:
    """Return per ally or pair of players the years until its tables meet."""
    waits = {group: names.column(years) for group, years in outcome.delay.items()}
    return {group: years for group, years in waits.items() if np.any(years > 0.0)}


def _discounted(
    case: Case,
    settled: Settled,
    outcome: StanceOutcome,
    waits: Mapping[str, FloatArray],
    names: Names,
) -> FloatArray:
    """Return the discounted mean of the flows before and after each ally's tables meet."""
    layout, reference = case.layout, case.payoffs.reference.T
    rates = np.stack(
        [
            names.column(0.0 if player.discount_rate is None else player.discount_rate)
            for player in names.scenario.players.values()
        ],
        axis=1,
    )
    until = np.zeros(case.lower.shape)
    for group, years in waits.items():
        for k, parties in enumerate(layout.parties):
            if concerns(layout, group, parties):
                until[:, k] = np.maximum(until[:, k], years)
    held = case.status_quo if outcome.meanwhile == "status_quo" else case.breakdown
    dates: Sequence[FloatArray] = [np.zeros(case.n_draws), *waits.values()]
    order = np.sort(np.stack(dates, axis=1), axis=1)
    total = np.zeros_like(reference)
    for n in range(order.shape[1]):
        begin = order[:, n]
        waiting = until > begin[:, None]
        lottery = replace(
            settled.lottery,
            executed=np.where(waiting, held, settled.lottery.executed),
            unexecuted=np.where(waiting, held, settled.lottery.unexecuted),
        )
        flow = lottery.money(case.payoffs) - reference
        flow += np.where(np.any(waiting, axis=1, keepdims=True), 0.0, settled.side_payments)
        weight = np.exp(-rates * begin[:, None])
        if n + 1 < order.shape[1]:
            weight = weight - np.exp(-rates * order[:, n + 1, None])
        total += weight * flow
    return total
