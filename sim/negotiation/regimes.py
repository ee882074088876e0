"""Every regime of a case under one solution, in the order in which they lean on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import maxmin
from sim.negotiation.case import Case
from sim.negotiation.foresight import with_foresight
from sim.negotiation.front import divide
from sim.negotiation.nash_in_nash import Settings, Settled, nash_in_nash
from sim.negotiation.structure import Regime, Table
from sim.negotiation.tables import Fallback, fallen, table_problem
from sim.negotiation.war import breakdown_values

__all__ = ["needed", "solve_regimes"]

FloatArray = NDArray[np.float64]

JOINT = ("nash", "egalitarian", "utilitarian")
"""Solutions whose joint point is an equilibrium of tables that bring each other down."""


def needed(regimes: Mapping[str, Regime], wanted: Sequence[str]) -> list[str]:
    """Return `wanted` and what they lean on, each before whoever leans on it.

    Parameters
    ----------
    regimes : mapping of str to Regime
    wanted : sequence of str

    Returns
    -------
    list of str
        A fallback comes before the regime that falls back on it, and `linked` before a front that
        divides by what its members have alone.
    """
    order: list[str] = []

    def add(name: str) -> None:
        if name in order:
            return
        regime = regimes[name]
        for other in (regime.fallback, _alone(regime, regimes)):
            if other is not None:
                add(other)
        order.append(name)

    for name in wanted:
        add(name)
    return order


def _alone(regime: Regime, regimes: Mapping[str, Regime]) -> str | None:
    """Name the regime that says what the members of a front have without it."""
    divides = regime.front is not None and regime.front.division == "shapley"
    return "linked" if divides and "linked" in regimes else None


def solve_regimes(
    case: Case,
    wanted: Sequence[str],
    solution: str,
    *,
    central: Mapping[str, FloatArray] | None = None,
    settings: Settings | None = None,
) -> dict[str, Settled]:
    """Solve regimes of a case under one solution.

    Parameters
    ----------
    case : Case
    wanted : sequence of str
        Names of regimes.
    solution : str
        A name from `sim.bargaining.SOLUTIONS`.
    central : mapping of str to (K,) array, optional
        Per regime the outcome at central parameters, where the sweeps start; the status quo
        otherwise.
    settings : Settings, optional

    Returns
    -------
    dict of str to Settled
        In the order of `needed`.
    """
    done: dict[str, Settled] = {}
    for name in needed(case.regimes, wanted):
        regime = case.regimes[name]
        local = case.under(regime)
        threats = breakdown_values(local, regime)
        local = replace(local, breakdown=threats.values)
        fallback = None
        if regime.fallback is not None:
            fallback = _stands(case.regimes[regime.fallback], done[regime.fallback], case)
        start = _start(local, regime, solution, central, settings)
        if fallback is not None and (central is None or name not in central):
            start = fallback.lottery.mean
        if regime.foresight:
            settled = with_foresight(local, regime, solution, start=start, settings=settings)
        else:
            settled = nash_in_nash(
                local, regime, solution, start=start, fallback=fallback, settings=settings
            )
        if regime.front is not None:
            settled = _divided(local, regime, settled, done.get("linked"), case)
        done[name] = replace(settled, converged=settled.converged & threats.converged)
    return done


def _start(
    case: Case,
    regime: Regime,
    solution: str,
    central: Mapping[str, FloatArray] | None,
    settings: Settings | None,
) -> FloatArray:
    """Return where the sweeps start: the central outcome, or the status quo, inside the box.

    Where tables share what their breakdown brings down, every table must start with gains to share:
    block by block there may be further equilibria, mutual no-agreement among them. A solution that
    maximises one function of the gains over the disagreement point, with equal weights and one q,
    has the point that solves the tables jointly among its equilibria (joint breakdown), so they
    start there, and the sweeps have only to confirm it. Kalai–Smorodinsky measures gains by the
    ideal points of each table: it starts from the joint max-min point of all that falls together.
    """
    guess = case.status_quo if central is None else central[regime.name]
    start = np.clip(np.broadcast_to(guess, case.lower.shape), case.lower, case.upper).copy()
    hostages = _hostages(regime)
    if not hostages:
        return start
    if solution in JOINT:
        alone = tuple(
            t for t in regime.tables if not any(set(t.issues) <= set(h.issues) for h in hostages)
        )
        tables = (*hostages, *alone)
        rules = tuple(_rule_of(regime, t) for t in tables) if regime.rules else ()
        joint = replace(regime, tables=tables, stages=(), rules=rules)
        return nash_in_nash(case, joint, solution, start=start, settings=settings).lottery.mean
    for table in hostages:
        problem = table_problem(case, regime, table, start)
        value, point = maxmin(problem, enough=0.0)
        issues = list(table.issues)
        start[:, issues] = np.where((value > 0.0)[:, None], point, start[:, issues])
    return start


def _rule_of(regime: Regime, joint: Table) -> Regime:
    """Return whose rules hold at a table that is put together from tables of `regime`."""
    first = next(n for n, t in enumerate(regime.tables) if set(t.issues) <= set(joint.issues))
    return regime.rule(first)


def _hostages(regime: Regime) -> list[Table]:
    """Return one joint table for each group of tables that bring each other down."""
    if regime.fallback is not None or regime.front is not None or len(regime.order) > 1:
        return []
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[Table]] = {}
    for table in regime.tables:
        if set(table.falls) > set(table.issues):
            groups.setdefault((table.parties, table.falls), []).append(table)
    joint = []
    for (parties, falls), tables in groups.items():
        issues = tuple(k for table in tables for k in table.issues)
        if len(tables) > 1 and set(issues) == set(falls):
            joint.append(Table("+".join(t.name for t in tables), parties, issues, falls))
    return joint


def _stands(regime: Regime, settled: Settled, case: Case) -> Fallback:
    """Return a solved regime as what stands under another one."""
    agreed = np.ones(case.lower.shape, dtype=bool)
    for t, table in enumerate(regime.tables):
        agreed[:, list(table.issues)] &= settled.agreement[:, t, None]
    return Fallback(settled.lottery, agreed)


def _divided(
    local: Case, regime: Regime, settled: Settled, alone: Settled | None, case: Case
) -> Settled:
    """Add the side payments inside a front."""
    assert regime.front is not None
    everything = np.ones(local.lower.shape[1], dtype=bool)
    point = fallen(local, regime, settled.lottery.mean, everything).money(local.payoffs)
    outside = point
    if alone is not None:  # at the credibility that linking leaves without the front
        outside = alone.lottery.money(case.under(case.regimes["linked"]).payoffs)
    payments = divide(regime.front, settled.lottery.money(local.payoffs), point, outside)
    return replace(settled, side_payments=payments)
