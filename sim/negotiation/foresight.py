"""Tables in an order, where the earlier one foresees the later response.

The first table bargains over x1 knowing that the rest will answer with x2*(x1), and that after its
own breakdown they will answer with x2*(breakdown 1). The response can jump, so the search is
derivative-free and starts from several points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.errors import ProblemError
from sim.negotiation.case import Case, take_regime
from sim.negotiation.lottery import Lottery
from sim.negotiation.nash_in_nash import Settings, Settled, nash_in_nash
from sim.negotiation.search import Found, compass_search
from sim.negotiation.structure import Regime, Table
from sim.negotiation.tables import fallen, per_draw

__all__ = ["with_foresight"]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.intp]

_ROUGH = 0.02  # mesh to which every start is searched, before the best of them is refined

_NO_DEAL = (
    -1e9
)  # below any score of a deal; the smallest gain is added, so that the search can climb out


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
        with equal scores keeps the first of them.

    Raises
    ------
    ProblemError
        For a solution, or a first stage, that foresight does not cover.
    """
    head, rest = regime.order[0], regime.order[1:]
    allowed = ("nash", "egalitarian", "utilitarian", "kalai_smorodinsky")
    if solution not in allowed:
        raise ProblemError(f"foresight: true knows {', '.join(allowed)}; got {solution}")
    if len(head) != 1 or not rest:
        raise ProblemError("foresight: true needs one table in the first stage and others after it")
    table = regime.tables[head[0]]
    later = replace(regime, stages=rest, foresight=len(rest) > 1)
    answer = _Response(case, later, table, solution, start, settings)
    myopic = nash_in_nash(case, regime, solution, start=start, settings=settings)
    point, failure = answer.disagreement(regime)
    weights = np.stack([per_draw(regime.weights[p], case.n_draws) for p in table.parties], axis=1)
    found = _search(answer, point, weights, solution, myopic.lottery.mean, mesh)
    deal = found.score > 0.5 * _NO_DEAL
    settled = answer.settle(found.point, np.arange(case.n_draws))
    agreement = settled.agreement.copy()
    agreement[:, head[0]] = deal
    return replace(
        settled,
        lottery=settled.lottery.where(deal, failure),
        agreement=agreement & deal[:, None] | agreement & _survives(regime, table),
        converged=settled.converged & (found.mesh < mesh),
        residual=np.maximum(settled.residual, found.mesh),
    )


def _survives(regime: Regime, table: Table) -> NDArray[np.bool_]:
    """Return which tables' agreements stand if `table` fails: those that it does not bring down."""
    return np.array([not set(other.issues) & set(table.falls) for other in regime.tables])


class _Response:
    """The later stages' answer to a first outcome, and what the first parties then get."""

    def __init__(
        self,
        case: Case,
        later: Regime,
        table: Table,
        solution: str,
        start: FloatArray,
        settings: Settings | None,
    ) -> None:
        self.case, self.later, self.table = case, later, table
        self.solution, self.start, self.settings = solution, start, settings
        self.issues = list(table.issues)

    def settle(self, first: FloatArray, rows: Rows) -> Settled:
        """Solve the later stages with the first table's issues fixed at `first`, (M, k)."""
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

    def utility(self, first: FloatArray, rows: Rows) -> FloatArray:
        """Return v of the first table's parties after the response, (M, n)."""
        lottery = self.settle(first, rows).lottery
        return lottery.utility(self.case.payoffs.take(rows))[:, list(self.table.parties)]

    def disagreement(self, regime: Regime) -> tuple[FloatArray, Lottery]:
        """Return v of the parties, (B, n), after the first breakdown, and what happens then.

        The later tables answer to each branch: the threat executed, or the status quo back at the
        audience cost. Where a later table fails in its turn, its mean breakdown stands.
        """
        case, rows = self.case, np.arange(self.case.n_draws)
        own = np.zeros(case.lower.shape[1], dtype=bool)
        own[self.issues] = True
        branches = fallen(case, regime, self.start, own)
        done = self.settle(branches.executed[:, self.issues], rows).lottery.mean
        back = self.settle(branches.unexecuted[:, self.issues], rows).lottery.mean
        lottery = Lottery(done, back, branches.chance, branches.penalty)
        return lottery.utility(case.payoffs)[:, list(self.table.parties)], lottery


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
    lower, upper = case.lower[:, issues], case.upper[:, issues]
    starts = [myopic[:, issues], case.status_quo[:, issues], 0.5 * (lower + upper)]
    scale = np.ones_like(point)

    def best(objective: str) -> Found:
        def score(x: FloatArray, rows: Rows) -> FloatArray:
            gains = answer.utility(x, rows) - point[rows]
            return _score(gains, weights[rows], scale[rows], objective)

        rough = [compass_search(score, s, lower, upper, mesh=_ROUGH) for s in starts]
        pick = np.stack([f.score for f in rough]).argmax(axis=0)
        start = np.stack([f.point for f in rough])[pick, np.arange(case.n_draws)]
        return compass_search(score, start, lower, upper, mesh=mesh, first=_ROUGH)

    if solution == "kalai_smorodinsky":
        ideals = [best(f"ideal:{n}") for n in range(point.shape[1])]
        reached = np.stack([i.score for i in ideals], axis=1)
        scale = np.where(reached > 0.0, reached, 1.0)
    return best(solution)


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
