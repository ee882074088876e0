"""Tables side by side: a fixed point in which each table's solution takes the others' as given.

Horn–Wolinsky (1988), Collard-Wexler–Gowrisankaran–Lee (2019): a Nash equilibrium among bargaining
tables, with no renegotiation after a breakdown elsewhere. Sweeps over the tables, each solved given
the newest outcomes of the others (Gauss–Seidel), until no outcome moves by more than a tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.bargaining import BoxProblem, Solution, solve
from sim.negotiation.anderson import Anderson
from sim.negotiation.case import Case, take_regime
from sim.negotiation.lottery import Lottery
from sim.negotiation.ratify import refused
from sim.negotiation.structure import Regime
from sim.negotiation.tables import Fallback, fallen, involved, table_problem

__all__ = ["Settings", "Settled", "nash_in_nash"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


CLOSE = 1e-6
"""Residual, relative, up to which an answer at a table counts as found."""
NULL = 1e-6
"""Gains from consent below this share of the largest payoff count as none."""

_PLAIN = 4  # sweeps before acceleration: tables that hardly touch have settled by then


@dataclass(frozen=True, slots=True)
class Settings:
    """How far the sweeps go.

    Parameters
    ----------
    tolerance : float
        Largest move of an issue in the last sweep, as a share of its range.
    sweeps : int
        The bound on the number of sweeps; a draw that is not settled by then is flagged.
    """

    tolerance: float = 1e-7
    sweeps: int = 200


@dataclass(frozen=True)
class Settled:
    """What a regime leads to under one solution.

    Parameters
    ----------
    lottery : Lottery
        The outcome, with its two branches where something fell.
    agreement : (B, T) bool array
        Per table of the regime: agreed, and not brought down by a breakdown elsewhere.
    converged : (B,) bool array
        The tables' solvers and the sweeps over them.
    residual : (B,) array
        The larger of the solvers' residuals and the last sweep's move, relative.
    sweeps : (B,) int array
    side_payments : (B, N) array
        Within a front, USD bn per year; balanced.
    """

    lottery: Lottery
    agreement: BoolArray
    converged: BoolArray
    residual: FloatArray
    sweeps: NDArray[np.int64]
    side_payments: FloatArray


@dataclass
class _State:
    """Where the sweeps stand, for all draws; the only mutable thing of this module."""

    outcome: FloatArray
    failed: BoolArray
    solved: BoolArray
    residual: FloatArray
    moved: FloatArray
    sweeps: NDArray[np.int64]
    warm: dict[int, dict[str, FloatArray]] = field(default_factory=dict)

    def remember(self, table: int, rows: NDArray[np.intp], warm: Mapping[str, FloatArray]) -> None:
        """Keep where the solver of a table ended, for its next sweep."""
        store = self.warm.setdefault(table, {})
        for name, array in warm.items():
            if name not in store:
                store[name] = np.full((len(self.solved), *array.shape[1:]), np.nan)
            store[name][rows] = array


def nash_in_nash(
    case: Case,
    regime: Regime,
    solution: str,
    *,
    start: FloatArray,
    fallback: Fallback | None = None,
    settings: Settings | None = None,
) -> Settled:
    """Solve the tables of a regime, stage after stage, those of one stage side by side.

    Parameters
    ----------
    case : Case
        At the credibility of the regime.
    regime : Regime
    solution : str
        A name from `sim.bargaining.SOLUTIONS`.
    start : (B, K) array
        Where the sweeps start.
    fallback : Fallback, optional
        What stands if a table fails.
    settings : Settings, optional

    Returns
    -------
    Settled
        A draw that cycles between agreement and none, or is not settled within the bound, is not
        `converged`.

    Notes
    -----
    Issues of later stages sit at the status quo, those of earlier ones at what was settled. A
    failed table's own issues lie at their mean breakdown for the other tables of its stage; what
    else it brings down voids the agreements there once the sweeps have settled.
    """
    settings = settings or Settings()
    draws = case.n_draws
    state = _State(
        outcome=start.copy(),
        failed=np.zeros((draws, len(regime.tables)), dtype=bool),
        solved=np.ones(draws, dtype=bool),
        residual=np.zeros(draws),
        moved=np.zeros(draws),
        sweeps=np.zeros(draws, dtype=np.int64),
    )
    for number, stage in enumerate(regime.order):
        later = [k for s in regime.order[number + 1 :] for t in s for k in regime.tables[t].issues]
        own = [k for t in stage for k in regime.tables[t].issues]
        state.outcome[:, own] = start[:, own]
        state.outcome[:, later] = case.status_quo[:, later]
        _solve_stage(state, case, regime, solution, stage, fallback, settings)
    return _settle(state, case, regime, fallback, settings)


def _solve_stage(
    state: _State,
    case: Case,
    regime: Regime,
    solution: str,
    stage: Sequence[int],
    fallback: Fallback | None,
    settings: Settings,
) -> None:
    """Sweep over the tables of one stage until nothing moves, dropping draws that have settled."""
    moved, solved, residual = state.moved.copy(), state.solved.copy(), state.residual.copy()
    rows = np.arange(case.n_draws)
    local, rules, stands = case, regime, fallback
    memory = Anderson(*state.outcome.shape)
    own = [k for t in stage for k in regime.tables[t].issues]
    for sweep in range(settings.sweeps):
        before = state.outcome[rows]
        _sweep(state, local, rules, solution, stage, rows, stands)
        if len(stage) == 1:
            state.moved[rows] = 0.0  # one table: nothing else can move
            break
        going = state.moved[rows] > settings.tolerance
        rows, before, width = rows[going], before[going], local.width[going]
        if not len(rows):
            break
        memory.forget(rows[~np.isfinite(state.moved[rows])])  # a table changed its mind
        ahead = memory.step(rows, before / width, state.outcome[rows] / width) * width
        if sweep >= _PLAIN:
            inside = np.clip(ahead, case.lower[rows], case.upper[rows])
            state.outcome[rows[:, None], own] = inside[:, own]
        local, rules = case.take(rows), take_regime(regime, rows)
        stands = None if fallback is None else fallback.take(rows)
    state.moved = np.maximum(state.moved, moved)
    state.solved &= solved
    state.residual = np.maximum(state.residual, residual)


def _sweep(
    state: _State,
    case: Case,
    regime: Regime,
    solution: str,
    stage: Sequence[int],
    rows: NDArray[np.intp],
    fallback: Fallback | None,
) -> None:
    """Solve each table once, given the newest outcomes of the others."""
    before, failed_before = state.outcome[rows], state.failed[rows]
    outcome, failed = before.copy(), failed_before.copy()
    solved = np.ones(len(rows), dtype=bool)
    residual = np.zeros(len(rows))
    for t in stage:
        table = regime.tables[t]
        issues = list(table.issues)
        elsewhere = outcome
        others = [s for s in stage if s != t and failed[:, s].any()]
        if others and fallback is None:
            elsewhere = outcome.copy()
            down = fallen(case, regime, outcome, np.ones(outcome.shape[1], dtype=bool)).mean
            for s in others:
                own = list(regime.tables[s].issues)
                elsewhere[:, own] = np.where(failed[:, s, None], down[:, own], outcome[:, own])
        problem = table_problem(case, regime.rule(t), table, elsewhere, fallback=fallback)
        warm = {name: array[rows] for name, array in state.warm.get(t, {}).items()}
        answer: Solution = solve(problem.after(warm), solution)
        state.remember(t, rows, answer.warm)
        deal = answer.agreement
        sure = answer.converged | (deal & (answer.residual <= CLOSE))
        if fallback is not None:
            null = _negligible(answer, problem)
            deal, sure = deal & ~null, sure | null
        outcome[:, issues] = np.where(deal[:, None], answer.outcome, outcome[:, issues])
        if fallback is not None:
            stands = fallback.lottery.mean[:, issues]
            outcome[:, issues] = np.where(deal[:, None], outcome[:, issues], stands)
        failed[:, t] = ~deal
        solved &= sure
        residual = np.maximum(residual, np.where(sure & ~deal, 0.0, answer.residual))
    move = np.abs(outcome - before) / case.width
    state.moved[rows] = np.where(
        (failed != failed_before).any(axis=1), np.inf, move.max(axis=1, initial=0.0)
    )
    state.outcome[rows], state.failed[rows] = outcome, failed
    state.solved[rows] = solved
    state.residual[rows] = residual
    state.sweeps[rows] += 1


def _negligible(answer: Solution, problem: BoxProblem) -> BoolArray:
    """Return where reopening what is settled would give nobody more than `NULL` of what is there.

    Such gains, some ten thousand dollars a year, are near what payoffs in floating point can tell.
    Where the table could not be solved either, ten times as much still counts as nothing.
    """
    settled = np.asarray(problem.disagreement)
    gain = (answer.payoffs - settled).max(axis=1)
    limit = np.where(answer.converged, NULL, 10.0 * NULL)
    return np.asarray(gain <= limit * np.abs(settled).max(axis=1))


def _settle(
    state: _State,
    case: Case,
    regime: Regime,
    fallback: Fallback | None,
    settings: Settings,
) -> Settled:
    """Turn the state of the sweeps into outcomes, breakdowns and flags."""
    down = _brought_down(state, regime, fallback)
    if fallback is None:
        before = _fallen_tables(state, case, regime, down)
    else:
        before = Lottery.sure(state.outcome, len(case.layout.players))
    stands = [~down[:, list(table.issues)].any(axis=1) for table in regime.tables]
    state.failed |= refused(case, regime, before) & np.stack(stands, axis=1)
    down = _brought_down(state, regime, fallback)
    if fallback is None:
        lottery = _fallen_tables(state, case, regime, down)
        agreed = ~down
    else:
        other = fallback.lottery
        lottery = Lottery(
            np.where(down, other.executed, state.outcome),
            np.where(down, other.unexecuted, state.outcome),
            other.chance,
            np.where(involved(case, down & ~fallback.agreed), other.penalty, 0.0),
        )
        agreed = ~down | fallback.agreed
    agreement = [agreed[:, list(table.issues)].all(axis=1) for table in regime.tables]
    settled = state.moved <= settings.tolerance
    return Settled(
        lottery=lottery,
        agreement=np.stack(agreement, axis=1),
        converged=state.solved & settled,
        residual=np.maximum(_relative(state.residual), _relative(state.moved)),
        sweeps=state.sweeps,
        side_payments=np.zeros((case.n_draws, len(case.layout.players))),
    )


def _brought_down(state: _State, regime: Regime, fallback: Fallback | None) -> BoolArray:
    """Return which issues the failed tables bring down, (B, K)."""
    down = np.zeros(state.outcome.shape, dtype=bool)
    for t, table in enumerate(regime.tables):
        reach = table.falls if fallback is None else table.issues
        down[:, list(reach)] |= state.failed[:, t, None]
    return down


def _fallen_tables(state: _State, case: Case, regime: Regime, down: BoolArray) -> Lottery:
    """Return the lottery over what fell, at the chance and cost of the tables that failed."""
    lottery = fallen(case, regime, state.outcome, down)
    if not regime.rules:
        return lottery
    chance, penalty = np.ones(case.n_draws), np.zeros_like(lottery.penalty)
    for t, table in enumerate(regime.tables):
        reach = np.zeros(down.shape[1], dtype=bool)
        reach[list(table.falls)] = True
        part = fallen(case, regime.rule(t), state.outcome, reach)
        lost = state.failed[:, t]
        chance = np.where(lost, part.chance, chance)
        penalty = np.where(lost[:, None], np.maximum(penalty, part.penalty), penalty)
    return Lottery(lottery.executed, lottery.unexecuted, chance, penalty)


def _relative(residual: FloatArray) -> FloatArray:
    """Return a relative residual: 1 says that nothing is known of an unconverged draw."""
    return np.minimum(np.nan_to_num(residual, nan=1.0), 1.0)
