"""Tables in an order, where the earlier one foresees the later response.

The first table bargains over x1 knowing that the rest will answer with x2*(x1), and that after its
own breakdown they will answer with x2*(breakdown 1). The response can jump, so the search is
derivative-free and starts from several points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import ProblemError
from sim.negotiation.case import Case, take_regime
from sim.negotiation.lottery import Lottery
from sim.negotiation.nash_in_nash import Settings, Settled, nash_in_nash
from sim.negotiation.ratify import refused, room
from sim.negotiation.search import Found, compass_search
from sim.negotiation.structure import Regime, Table
from sim.negotiation.tables import fallen, per_draw
from sim.payoffs.table import worth as money_worth

__all__ = ["check_foresight", "with_foresight"]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.intp]
Aim = Callable[[FloatArray, Rows], FloatArray]  # (v of the first parties, their draws) -> score

_ROUGH = 0.02  # mesh to which every start is searched, before the best of them is refined

# A veto with less room than this binds, in the units of the ratifier's payoff.
_AT_THE_VETO = 1e-3

# Solutions that compare gains between parties, and so count them in money.
_IN_MONEY = ("egalitarian", "utilitarian")

# Below any score of a deal; the smallest gain is added, so that the search can climb out.
_NO_DEAL = -1e9


def with_foresight(
    case: Case,
    regime: Regime,
    solution: str,
    *,
    start: FloatArray,
    settings: Settings | None = None,
    mesh: float = 1e-5,
) -> Settled:
    """Solve the tables of a regime in their order, the first one foreseeing the rest.

    Parameters
    ----------
    case : Case
    regime : Regime
        Its first stage holds one table.
    solution : {"nash", "egalitarian", "utilitarian", "kalai_smorodinsky"}
    start : (B, K) array
    settings : Settings, optional
        Of the later stages' sweeps.
    mesh : float
        Accuracy of the first table's outcome, a share of each range.

    Returns
    -------
    Settled
        `residual` is at least the final mesh. A draw in which two starts end at different points
        with equal scores keeps the first of them. Where a certain veto binds a first table of
        several issues the search may have stopped along it: such draws count as not converged.

    Raises
    ------
    ProblemError
        For a solution, or a first stage, that foresight does not cover.
    """
    check_foresight(regime, solution)
    head, rest = regime.order[0], regime.order[1:]
    table = regime.tables[head[0]]
    later = replace(regime, stages=rest, foresight=len(rest) > 1)
    answer = _Response(case, later, table, solution, start, settings, list(table.issues))
    myopic = nash_in_nash(case, regime, solution, start=start, settings=settings)
    point, failure = answer.disagreement(regime)
    weights = np.stack([per_draw(regime.weights[p], case.n_draws) for p in table.parties], axis=1)
    found = _search(answer, point, weights, solution, myopic.lottery.mean, mesh)
    settled = answer.settle(found.point, np.arange(case.n_draws))
    deal = found.score > 0.5 * _NO_DEAL
    stuck = deal & (len(table.issues) > 1) & (room(case, table, settled.lottery) < _AT_THE_VETO)
    deal &= ~refused(case, regime, settled.lottery)[:, head[0]]
    return replace(
        settled,
        lottery=settled.lottery.where(deal, failure.lottery),
        agreement=np.where(deal[:, None], settled.agreement, failure.agreement),
        converged=settled.converged & failure.converged & (found.mesh < mesh) & ~stuck,
        residual=np.maximum(np.maximum(settled.residual, failure.residual), found.mesh),
    )


def check_foresight(regime: Regime, solution: str) -> None:
    """Raise if foresight does not cover a solution, or the first stage of a regime.

    Parameters
    ----------
    regime : Regime
    solution : str

    Raises
    ------
    ProblemError
    """
    allowed = ("nash", "egalitarian", "utilitarian", "kalai_smorodinsky")
    if solution not in allowed:
        raise ProblemError(f"foresight: true knows {', '.join(allowed)}; got {solution}")
    if len(regime.order[0]) != 1 or len(regime.order) == 1:
        raise ProblemError("foresight: true needs one table in the first stage and others after it")


def _survives(regime: Regime, table: Table) -> NDArray[np.bool_]:
    """Return which tables' agreements stand if `table` fails: those that it does not bring down."""
    return np.array([not set(other.issues) & set(table.falls) for other in regime.tables])


@dataclass(frozen=True)
class _Response:
    """The later stages' answer to a first outcome, and what the first parties then get."""

    case: Case
    later: Regime
    table: Table
    solution: str
    start: FloatArray
    settings: Settings | None
    issues: list[int]  # held while the later stages answer: at first the table's own

    def settle(self, first: FloatArray, rows: Rows) -> Settled:
        """Solve the later stages with the issues that are held at `first`, (M, k)."""
        local = self.case.take(rows)
        fixed = {}
        for name in ("lower", "upper", "status_quo", "breakdown"):
            array = getattr(local, name).copy()
            if name in {"lower", "upper"}:
                array[:, self.issues] = first
            fixed[name] = array
        start = self.start[rows].copy()
        start[:, self.issues] = first
        rules = take_regime(self.later, rows)
        solver = with_foresight if rules.foresight else nash_in_nash
        return solver(
            replace(local, **fixed), rules, self.solution, start=start, settings=self.settings
        )

    def judged(self, first: FloatArray, rows: Rows) -> tuple[FloatArray, FloatArray]:
        """Return v of the first table's parties after the response, (M, n), and `room`, (M,)."""
        lottery = self.settle(first, rows).lottery
        own = lottery.utility(self.case.payoffs.take(rows))[:, list(self.table.parties)]
        return own, room(self.case.take(rows), self.table, lottery)

    def gains(self, worth: FloatArray, point: FloatArray, rows: Rows) -> FloatArray:
        """Return v - d of the first table's parties, (M, n), as their solution counts gains.

        The egalitarian and the utilitarian solution count them in certainty equivalents.
        """
        aversion = self.case.payoffs.risk_aversion
        if self.solution not in _IN_MONEY or aversion is None:
            return worth - point
        own = aversion[list(self.table.parties)][:, rows]
        return money_worth(worth, own) - money_worth(point, own)

    def disagreement(self, regime: Regime) -> tuple[FloatArray, Settled]:
        """Return v of the parties, (B, n), after the first breakdown, and what happens then.

        The tables that it leaves standing answer to each branch: the threat executed, or the status
        quo back at the audience cost. Where one of them fails in its turn, its mean breakdown
        stands. A table whose issues fall with the first one does not meet.
        """
        case = self.case
        elsewhere = self.start.copy()
        for t in (t for stage in regime.order for t in stage):
            own = list(regime.tables[t].issues)
            elsewhere[:, own] = case.status_quo[:, own]
        falls = np.zeros(elsewhere.shape[1], dtype=bool)
        falls[list(self.table.falls)] = True
        branches = fallen(case, regime, elsewhere, falls)
        done, back = (self._after(x) for x in (branches.executed, branches.unexecuted))
        lottery = Lottery(done.lottery.mean, back.lottery.mean, branches.chance, branches.penalty)
        failure = replace(
            done,
            lottery=lottery,
            agreement=done.agreement & back.agreement & _survives(regime, self.table),
            converged=done.converged & back.converged,
            residual=np.maximum(done.residual, back.residual),
        )
        return lottery.utility(case.payoffs)[:, list(self.table.parties)], failure

    def _after(self, branch: FloatArray) -> Settled:
        """Return what the rest settles if what fell lies where it does in `branch`, (B, K)."""
        down = set(self.table.falls)
        meet = [
            tuple(t for t in stage if not down & set(self.later.tables[t].issues))
            for stage in self.later.order
        ]
        stages = tuple(stage for stage in meet if stage)
        if not stages:
            return _nobody_meets(branch, len(self.later.tables), len(self.case.layout.players))
        start = branch.copy()
        for t in (t for stage in stages for t in stage):
            own = list(self.later.tables[t].issues)
            start[:, own] = self.start[:, own]
        later = replace(self.later, stages=stages, foresight=len(stages) > 1)
        answer = replace(self, later=later, issues=sorted(down), start=start)
        return answer.settle(branch[:, answer.issues], np.arange(self.case.n_draws))


def _nobody_meets(outcome: FloatArray, tables: int, players: int) -> Settled:
    """Return what is left where no table meets any more: `outcome`, (B, K)."""
    draws = len(outcome)
    return Settled(
        lottery=Lottery.sure(outcome, players),
        agreement=np.zeros((draws, tables), dtype=bool),
        converged=np.ones(draws, dtype=bool),
        residual=np.zeros(draws),
        sweeps=np.zeros(draws, dtype=np.int64),
        side_payments=np.zeros((draws, players)),
    )


def _search(
    answer: _Response,
    point: FloatArray,
    weights: FloatArray,
    solution: str,
    myopic: FloatArray,
    mesh: float,
) -> Found:
    """Return the first table's best outcome from several starts: myopic, status quo, middle."""
    case, issues = answer.case, answer.issues
    middle = 0.5 * (case.lower + case.upper)
    starts = [x[:, issues] for x in (myopic, case.status_quo, middle)]
    scale = np.ones_like(point)

    def best(objectives: Sequence[str]) -> list[Found]:
        def aim(objective: str) -> Aim:
            return lambda worth, rows: _score(
                answer.gains(worth, point[rows], rows), weights[rows], scale[rows], objective
            )

        aims = [aim(objective) for objective in objectives]
        many = [a for a in aims for _ in starts]
        rough = _climb(answer, many, starts * len(aims), mesh=_ROUGH, first=0.25)
        groups = [rough[n : n + len(starts)] for n in range(0, len(rough), len(starts))]
        return _climb(answer, aims, [_highest(g) for g in groups], mesh=mesh, first=_ROUGH)

    if solution == "kalai_smorodinsky":
        ideals = best([f"ideal:{n}" for n in range(point.shape[1])])
        reached = np.stack([i.score for i in ideals], axis=1)
        scale = np.where(reached > 0.0, reached, 1.0)
    return best([solution])[0]


def _highest(found: Sequence[Found]) -> FloatArray:
    """Return the best point of every draw, (B, k); the first of equals."""
    pick = np.stack([f.score for f in found]).argmax(axis=0)
    return np.asarray(np.stack([f.point for f in found])[pick, np.arange(len(pick))])


def _climb(
    answer: _Response,
    aims: Sequence[Aim],
    starts: Sequence[FloatArray],
    *,
    mesh: float,
    first: float,
) -> list[Found]:
    """Search for each aim from its start, all side by side: a reply costs less among many."""
    case, issues, draws = answer.case, answer.issues, answer.case.n_draws

    def score(x: FloatArray, rows: Rows) -> FloatArray:
        which, draw = np.divmod(rows, draws)
        worth, spare = answer.judged(x, draw)
        value = np.empty(len(rows))
        for n, aim in enumerate(aims):
            own = which == n
            value[own] = aim(worth[own], draw[own])
        return np.where(spare < 0.0, _NO_DEAL + np.minimum(spare, 0.0), value)

    lower, upper = (np.tile(b[:, issues], (len(aims), 1)) for b in (case.lower, case.upper))
    found = compass_search(score, np.concatenate(starts), lower, upper, mesh=mesh, first=first)
    ends = [slice(n * draws, (n + 1) * draws) for n in range(len(aims))]
    return [Found(found.point[e], found.score[e], found.mesh[e]) for e in ends]


def _score(gains: FloatArray, weights: FloatArray, scale: FloatArray, objective: str) -> FloatArray:
    """Return what the solution maximises; points that harm a party rank below every deal."""
    least = gains.min(axis=1)
    safe = np.where(gains > 0.0, gains, 1.0)
    if objective == "nash":
        value = (weights * np.log(safe)).sum(axis=1)
    elif objective == "egalitarian":
        value = (gains / weights).min(axis=1)
    elif objective == "utilitarian":
        value = (gains * weights).sum(axis=1)
    elif objective == "kalai_smorodinsky":
        value = (gains / scale).min(axis=1)
    else:
        value = gains[:, int(objective.removeprefix("ideal:"))]
    return np.asarray(np.where(least > 0.0, value, _NO_DEAL + least))
