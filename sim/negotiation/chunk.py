"""From sampled parameters to labelled arrays: the pure function that Monte Carlo repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sim.errors import SimError
from sim.negotiation.case import Case
from sim.negotiation.compile import compile_case
from sim.negotiation.declared import WITHOUT_EROSION
from sim.negotiation.foresight import check_foresight
from sim.negotiation.lottery import Lottery, mix
from sim.negotiation.nash_in_nash import Settings, Settled
from sim.negotiation.regimes import needed, solve_regimes
from sim.payoffs import Payoffs, Term, keep_freed_memory
from sim.scenario import Scenario
from sim.scenario.names import nearest

__all__ = ["CHANNELS", "DOMAINS", "Plan", "has_payoffs", "make_plan", "median_theta", "solve_chunk"]

FloatArray = NDArray[np.float64]
Theta = Mapping[str, FloatArray]

DOMAINS = ("security", "tariffs", "payments", "other")
CHANNELS = ("consumers", "revenue", "profits")
"""Through which tariffs reach a payoff."""
"""The domains by which every payoff is reported."""
ROUGH = 1e-3
"""How far the sweeps at the medians go: every draw only starts there."""


@dataclass(frozen=True)
class Plan:
    """What to solve in every draw; small, and sent to the workers as it is.

    Parameters
    ----------
    scenario : Scenario
    regimes, solutions, players, issues, tables : tuple of str
        The labels of the result's axes; `tables` are those of all regimes.
    central : mapping of str to (K,) array
        Per regime the outcome at the medians of all parameters, under Nash or else the first
        solution, where every draw starts under every solution.
    settings : Settings
    extra : tuple of Term
        Payoff terms beside those of the scenario file.
    """

    scenario: Scenario
    regimes: tuple[str, ...]
    solutions: tuple[str, ...]
    players: tuple[str, ...]
    issues: tuple[str, ...]
    tables: tuple[str, ...]
    central: Mapping[str, FloatArray] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    extra: tuple[Term, ...] = ()


def median_theta(scenario: Scenario) -> dict[str, FloatArray]:
    """Return one draw with every uncertain number at its median."""
    half = np.array([0.5])
    return {item.name: item.distribution.ppf(half) for item in scenario.uncertain}


def make_plan(
    scenario: Scenario,
    *,
    regimes: tuple[str, ...] | None = None,
    solutions: tuple[str, ...] | None = None,
    settings: Settings | None = None,
    extra: tuple[Term, ...] = (),
) -> Plan:
    """Decide what is solved, and solve it at the medians of the parameters.

    Parameters
    ----------
    scenario : Scenario
    regimes, solutions : tuple of str, optional
        The scenario's own by default. The regimes that these lean on are added.
    settings : Settings, optional
    extra : tuple of Term
        Payoff terms beside those of the scenario file, for instance a `sim.payoffs.CustomTerm`.

    Returns
    -------
    Plan

    Raises
    ------
    SimError
        If a regime or a solution is unknown, or a solution for two is asked of a larger table.
    """
    case = compile_case(scenario, median_theta(scenario), 1, extra=extra)
    wanted = regimes or scenario.simulate.regimes or tuple(case.regimes)
    for name in wanted:
        if name not in case.regimes:
            hint = nearest(name, case.regimes)
            raise SimError(f"regime {name!r}: unknown{hint}; there are {', '.join(case.regimes)}")
    names = needed(case.regimes, _with_twins(case, [n for n in wanted if _distinct(case, n)]))
    concepts = solutions or scenario.simulate.solutions or tuple(scenario.solutions)
    _for_two(case, names, concepts)
    settings = settings or Settings()
    # Looking ahead takes long and gives only a start here: the same order without it does as well.
    for name, concept in product(names, concepts):
        if case.regimes[name].foresight:
            check_foresight(case.regimes[name], concept)
    blind = {name: replace(regime, foresight=False) for name, regime in case.regimes.items()}
    shortsighted = replace(case, regimes=blind)
    # Solutions of one table lie near each other: one of them is a start for all.
    central = dict.fromkeys(names, case.status_quo[0])
    if has_payoffs(case).all():
        rough = replace(settings, tolerance=max(settings.tolerance, ROUGH))
        concept = "nash" if "nash" in concepts else concepts[0]
        for name, settled in solve_regimes(shortsighted, names, concept, settings=rough).items():
            central[name] = settled.lottery.mean[0]
    tables = dict.fromkeys(t.name for name in names for t in case.regimes[name].tables)
    return Plan(
        scenario=scenario,
        regimes=tuple(names),
        solutions=tuple(concepts),
        players=case.layout.players,
        issues=case.layout.issues,
        tables=tuple(tables),
        central=central,
        settings=settings,
        extra=extra,
    )


def _for_two(case: Case, regimes: Sequence[str], solutions: Sequence[str]) -> None:
    """Raise if a solution that is defined for two players is asked of a larger table."""
    paired = [s for s in solutions if s in ("perles_maschler", "raiffa")]
    large = [
        name
        for name in regimes
        if case.regimes[name].front is None
        and any(len(table.parties) > 2 for table in case.regimes[name].tables)
    ]
    if paired and large:
        raise SimError(
            f"{' and '.join(paired)}: for tables of two, but more sit at one under "
            f"{', '.join(large)}; choose other solutions, or only the other regimes"
        )


def _with_twins(case: Case, wanted: list[str]) -> list[str]:
    """Add the twin of an eroded `linked`, without which its gain cannot be taken apart."""
    twin = "linked" + WITHOUT_EROSION
    if "linked" in wanted and twin not in wanted and _distinct(case, twin):
        wanted.append(twin)
    return wanted


def _distinct(case: Case, name: str) -> bool:
    """Whether a regime says something of its own: a twin needs erosion to differ."""
    if not name.endswith(WITHOUT_EROSION):
        return True
    return case.regimes[name.removesuffix(WITHOUT_EROSION)].eroded()


def solve_chunk(plan: Plan, theta: Theta, draws: int) -> dict[str, FloatArray]:
    """Solve every regime under every solution for some draws.

    Parameters
    ----------
    plan : Plan
    theta : mapping of str to (B,) array
        The sampled parameters.
    draws : int
        B; needed when nothing is uncertain.

    Returns
    -------
    dict of str to array
        `payoff_change` and `payoff_change_unweighted` (B, R, S, N), `payoff_change_by_domain`
        (B, R, S, N, D), `payoff_change_of_tariffs` (B, R, S, N, C) by channel, `side_payment`
        (B, R, S, N), `certainty_equivalent` (B, R, S, N), all USD bn per year from the status quo;
        `outcome` (B, R, S, K) in the issues' units; `agreement` (B, R, S, T) int8, −1 where the
        regime has no such table; `converged` (B, R, S) bool; `residual` (B, R, S); `sweeps`
        (B, R, S) int16. A draw whose payoffs have no value at the status quo or at breakdown has
        NaN everywhere and is not `converged`; nor is one whose outcome has none.
    """
    keep_freed_memory()
    case = compile_case(plan.scenario, theta, draws, extra=plan.extra)
    known = np.flatnonzero(has_payoffs(case))
    if len(known) == draws:
        return _solve(plan, case)
    out = _empty(plan, draws, np.nan)
    if len(known):
        for name, values in _solve(plan, case.take(known)).items():
            out[name][known] = values
    return out


def has_payoffs(case: Case) -> NDArray[np.bool_]:
    """Return in which draws payoffs have a value at the status quo and at breakdown, (B,).

    `general_equilibrium` has none where no wages clear the markets, and to who is very averse to
    risk a large loss is beyond all numbers; without these two points a draw has nothing to bargain
    from.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        both = case.payoffs.money(case.status_quo) + case.payoffs.money(case.breakdown)
        if case.payoffs.risk_aversion is not None:
            both = both + case.payoffs.utility(case.breakdown)
    return np.asarray(np.isfinite(both).all(axis=1))


def _solve(plan: Plan, case: Case) -> dict[str, FloatArray]:
    """Solve every regime under every solution, in draws that all have payoffs."""
    base = case.payoffs.by_domain(case.status_quo, DOMAINS, CHANNELS)
    base_unweighted = case.payoffs.unweighted(case.status_quo)
    out = _empty(plan, case.n_draws)
    for s, solution in enumerate(plan.solutions):
        solved = solve_regimes(
            case, plan.regimes, solution, central=plan.central, settings=plan.settings
        )
        for r, name in enumerate(plan.regimes):
            payoffs = case.under(case.regimes[name]).payoffs
            _record(out, (r, s), plan, case, payoffs, solved[name])
            settled = solved[name]
            split = _split(payoffs, settled.lottery) - base
            by_domain, by_channel = np.split(split, [len(DOMAINS)], axis=-1)
            by_domain[:, :, DOMAINS.index("payments")] += settled.side_payments
            out["payoff_change_by_domain"][:, r, s] = by_domain
            out["payoff_change_of_tariffs"][:, r, s] = by_channel
            out["payoff_change"][:, r, s] = change = by_domain.sum(axis=-1)
            valued = np.isfinite(change).all(axis=1)
            out["converged"][:, r, s] = settled.converged & valued
            raw = mix(
                settled.lottery.chance,
                payoffs.unweighted(settled.lottery.executed),
                payoffs.unweighted(settled.lottery.unexecuted) - settled.lottery.penalty,
            )
            out["payoff_change_unweighted"][:, r, s] = raw + settled.side_payments - base_unweighted
    return out


def _empty(plan: Plan, draws: int, value: float = 0.0) -> dict[str, FloatArray]:
    """Return the arrays of a chunk, to be filled regime by regime; residual 1: nothing known."""
    shape = (draws, len(plan.regimes), len(plan.solutions))
    players, issues = (len(plan.players),), (len(plan.issues),)
    return {
        "payoff_change": np.full(shape + players, value),
        "payoff_change_unweighted": np.full(shape + players, value),
        "payoff_change_by_domain": np.full((*shape, *players, len(DOMAINS)), value),
        "payoff_change_of_tariffs": np.full((*shape, *players, len(CHANNELS)), value),
        "certainty_equivalent": np.full(shape + players, value),
        "side_payment": np.full(shape + players, value),
        "outcome": np.full(shape + issues, value),
        "agreement": np.full((*shape, len(plan.tables)), -1, dtype=np.int8),
        "converged": np.zeros(shape, dtype=bool),
        "residual": np.ones(shape),
        "sweeps": np.zeros(shape, dtype=np.int16),
    }


def _record(
    out: dict[str, FloatArray],
    at: tuple[int, int],
    plan: Plan,
    case: Case,
    payoffs: Payoffs,
    settled: Settled,
) -> None:
    """Write what is not a payoff in money."""
    r, s = at
    regime = case.regimes[plan.regimes[r]]
    out["outcome"][:, r, s] = settled.lottery.mean
    out["residual"][:, r, s] = settled.residual
    out["sweeps"][:, r, s] = settled.sweeps
    out["side_payment"][:, r, s] = settled.side_payments
    out["certainty_equivalent"][:, r, s] = (
        settled.lottery.certainty_equivalent(payoffs) + settled.side_payments
    )
    for t, table in enumerate(regime.tables):
        out["agreement"][:, r, s, plan.tables.index(table.name)] = settled.agreement[:, t]


def _split(payoffs: Payoffs, lottery: Lottery) -> FloatArray:
    """Return the expected payoff by domain, then tariffs by channel, (B, N, D + C).

    Audience costs count as `other`.
    """
    lost = payoffs.by_domain(lottery.unexecuted, DOMAINS, CHANNELS)
    lost[:, :, DOMAINS.index("other")] -= lottery.penalty
    return mix(lottery.chance, payoffs.by_domain(lottery.executed, DOMAINS, CHANNELS), lost)
