"""What a referee will ask: what payments amount to, and where the sign of the gain flips."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.negotiation.chunk import Plan, make_plan, median_theta, solve_chunk
from sim.negotiation.compile import compile_case
from sim.negotiation.fixed_points import seek_fixed_points
from sim.negotiation.regimes import solve_regimes
from sim.negotiation.war import threat_cost
from sim.scenario import Scenario
from sim.scenario.terms import Presence, Transfer

__all__ = [
    "Flip",
    "HostPayment",
    "diagnose",
    "flip_points",
    "gain_by_breakdown",
    "host_payments",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Flip:
    """A value of one parameter at which a player's linkage gain changes its sign.

    Parameters
    ----------
    parameter, player : str
    value : float
        Of the parameter, all others at their medians.
    quantile : float
        Where the value lies in the parameter's distribution.
    rising : bool
        Whether the player gains above the value.
    bracket : float
        Width of the interval that holds the flip.
    """

    parameter: str
    player: str
    value: float
    quantile: float
    rising: bool
    bracket: float


def _gains(plan: Plan, theta: dict[str, FloatArray], draws: int) -> FloatArray:
    """Return u(linked) − u(separate), (B, N), under the plan's first solution."""
    change = solve_chunk(plan, theta, draws)["payoff_change"][:, :, 0]
    linked, separate = plan.regimes.index("linked"), plan.regimes.index("separate")
    return np.asarray(change[:, linked] - change[:, separate])


def flip_points(
    scenario: Scenario,
    *,
    solution: str = "nash",
    parameters: Sequence[str] | None = None,
    points: int = 25,
    bisections: int = 24,
) -> tuple[Flip, ...]:
    """Return where the linkage gain changes sign along each parameter, the others at their medians.

    A grid over the 1 to 99 % range of each parameter finds the changes of sign; bisection narrows
    all of them at once. A pair of flips between two grid points goes unseen.

    Parameters
    ----------
    scenario : Scenario
    solution : str
    parameters : sequence of str, optional
        Names from `scenario.uncertain`; all of them by default.
    points : int
        Grid points a parameter.
    bisections : int

    Returns
    -------
    tuple of Flip
        In the order of the parameters, then of the players.
    """
    plan = make_plan(scenario, regimes=("separate", "linked"), solutions=(solution,))
    middle = median_theta(scenario)
    items = [u for u in scenario.uncertain if parameters is None or u.name in parameters]
    items = [u for u in items if not u.distribution.discrete]
    if not items:
        return ()
    level = np.linspace(0.01, 0.99, points)
    names = np.repeat([u.name for u in items], points)
    values = np.concatenate([u.distribution.ppf(level) for u in items])

    def gains(which: NDArray[np.str_], at: FloatArray) -> FloatArray:
        theta = {
            name: np.where(which == name, at, float(value[0])) for name, value in middle.items()
        }
        return _gains(plan, theta, len(at))

    found = gains(names, values).reshape(len(items), points, -1)
    item, left, player = np.nonzero(np.sign(found[:, :-1]) * np.sign(found[:, 1:]) < 0)
    if not len(item):
        return ()
    grid = values.reshape(len(items), points)
    below = found[item, left, player]
    which = np.array([items[n].name for n in item])

    def same_side(at: FloatArray) -> BoolArray:
        several = at.shape[1]
        there = gains(np.repeat(which, several), at.ravel()).reshape(*at.shape, -1)
        return np.asarray(np.sign(there[np.arange(len(at)), :, player]) == np.sign(below)[:, None])

    low, high = _bisect(same_side, grid[item, left], grid[item, left + 1], bisections)
    value = 0.5 * (low + high)
    return tuple(
        Flip(
            parameter=str(which[n]),
            player=plan.players[player[n]],
            value=float(value[n]),
            quantile=items[item[n]].distribution.cdf(float(value[n])),
            rising=bool(below[n] < 0.0),
            bracket=float(high[n] - low[n]),
        )
        for n in range(len(item))
    )


def _bisect(
    same_side: Callable[[FloatArray], BoolArray], low: FloatArray, high: FloatArray, times: int
) -> tuple[FloatArray, FloatArray]:
    """Halve brackets (F,) `times` times, keeping a change of side inside.

    `same_side` says where points (F, P) lie on the side of `low`. Up to four halvings share one
    call on all the points that they could ask for: a call costs far more than a point in it.
    """
    which = np.arange(len(low))
    while times > 0:
        halvings = min(times, 4)
        parts = 2**halvings
        inner = low[:, None] + (high - low)[:, None] * (np.arange(1, parts) / parts)
        ends = np.column_stack([low, inner, high])
        same = same_side(inner)
        first, last = np.zeros_like(which), np.full_like(which, parts)
        for _ in range(halvings):
            centre = (first + last) // 2
            up = same[which, centre - 1]
            first, last = np.where(up, centre, first), np.where(up, last, centre)
        low, high = ends[which, first], ends[which, last]
        times -= halvings
    return low, high


@dataclass(frozen=True, slots=True)
class HostPayment:
    """A host-nation payment in proportion.

    Parameters
    ----------
    issue : str
        The payment.
    payer : str
    amount : float
        USD bn per year.
    over_presence_cost : float or None
        Over what the troops cost whoever stations them; None if the scenario has no such cost.
    over_gdp : float or None
        Over the payer's gross domestic product.
    per_soldier : float or None
        USD thousand per year and soldier; None if no troops are left.
    """

    issue: str
    payer: str
    amount: float
    over_presence_cost: float | None
    over_gdp: float | None
    per_soldier: float | None


def host_payments(scenario: Scenario, outcome: dict[str, float]) -> tuple[HostPayment, ...]:
    """Return every payment of a payer with troops on the same parties' file, in proportion.

    Parameters
    ----------
    scenario : Scenario
    outcome : dict of str to float
        Value of every issue: status quo, a mean outcome, a demand.

    Returns
    -------
    tuple of HostPayment
        Presence costs at their medians.
    """
    theta = median_theta(scenario)
    found = []
    for term in scenario.payoffs.values():
        if not isinstance(term, Transfer):
            continue
        payment = term.transfer
        parties = set(scenario.issues[payment].parties)
        gdp = scenario.players[term.from_].gdp
        soldiers, cost = 0.0, 0.0
        for other in scenario.payoffs.values():
            if not isinstance(other, Presence):
                continue
            if set(scenario.issues[other.presence].parties) == parties:
                soldiers += outcome[other.presence]
                rate = float(np.mean(scenario.number(other.cost, theta)))
                cost += rate * outcome[other.presence]
        amount = outcome[payment]
        wealth = None if gdp is None else float(np.mean(scenario.number(gdp, theta)))
        found.append(
            HostPayment(
                issue=payment,
                payer=term.from_,
                amount=amount,
                over_presence_cost=amount / cost if cost > 0.0 else None,
                over_gdp=None if wealth is None else amount / wealth,
                per_soldier=1e3 * amount / soldiers if soldiers > 0.0 else None,
            )
        )
    return tuple(found)


def diagnose(
    scenario: Scenario,
    outcomes: Mapping[str, Mapping[str, float]],
    *,
    solution: str = "nash",
    regime: str = "linked",
    regimes: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return what a referee will ask for, as plain data.

    Parameters
    ----------
    scenario : Scenario
    outcomes : mapping of str to mapping of str to float
        Per label the value of every issue, to which the status quo is added.
    solution : str
        Under which the sign flips are sought.
    regime : str
        Whose threat is priced.
    regimes : collection of str, optional
        Those of a run: of other ones no further fixed points are sought.

    Returns
    -------
    dict
        `threat_cost` {player: USD bn per year}, at the medians; `host_payments` {label: [...]};
        `fixed_points` {regime: {several, no_agreement, draws, starts}}, shares of a sub-sample;
        `gain_by_breakdown` {kind: {player: USD bn per year}}, at the medians;
        `flips`: [...], empty if the scenario has no `linked` and `separate`.
    """
    case = compile_case(scenario, median_theta(scenario), 1)
    status_quo = dict(zip(case.layout.issues, case.status_quo[0].tolist(), strict=True))
    labelled = {"status quo": status_quo, **outcomes}
    found: dict[str, Any] = {
        "host_payments": {
            name: [asdict(p) for p in host_payments(scenario, dict(outcome))]
            for name, outcome in labelled.items()
        }
    }
    if regime in case.regimes:
        rules = case.regimes[regime]
        cost = threat_cost(case.under(rules), rules)[0]
        found["threat_cost"] = dict(zip(case.layout.players, cost.tolist(), strict=True))
    found["fixed_points"] = _fixed_points(scenario, solution, regimes)
    if {"linked", "separate"} <= set(case.regimes):
        found["gain_by_breakdown"] = gain_by_breakdown(scenario, solution=solution)
        found["flips"] = [asdict(flip) for flip in flip_points(scenario, solution=solution)]
    return found


def gain_by_breakdown(
    scenario: Scenario, *, solution: str = "nash"
) -> dict[str, dict[str, float | None]]:
    """Return the linkage gain at the medians if breakdown values come from each source in turn.

    Parameters
    ----------
    scenario : Scenario
    solution : str

    Returns
    -------
    dict
        Per source (`announced`, `status_quo`, `nash`, and `variable` where every player of the
        dyads has declared postures) and player, USD bn per year; None if it did not converge.
    """
    case = compile_case(scenario, median_theta(scenario), 1)
    kinds = ["announced", "status_quo", "nash"]
    dyads = case.layout.dyads()
    if all(len(d) == 2 and all(case.postures.get(p) for p in d) for d in dyads):
        kinds.append("variable")
    pair = ("separate", "linked")
    found: dict[str, dict[str, float | None]] = {}
    for kind in kinds:
        regimes = {name: replace(case.regimes[name], breakdown=kind) for name in pair}
        whole = replace(case, regimes={**case.regimes, **regimes})
        solved = solve_regimes(whole, pair, solution)
        money = {
            name: solved[name].lottery.money(whole.under(regimes[name]).payoffs)[0] for name in pair
        }
        sure = all(bool(solved[name].converged[0]) for name in pair)
        gain = money["linked"] - money["separate"]
        found[kind] = {
            player: float(gain[p]) if sure else None for p, player in enumerate(case.layout.players)
        }
    return found


SUBSAMPLE = 32
"""Draws, independent of those of the run, in which further fixed points are looked for."""


def _fixed_points(
    scenario: Scenario, solution: str, regimes: Collection[str] | None
) -> dict[str, Any]:
    """Return how often the standard regimes have several fixed points, and mutual walk-outs.

    At a table alone a fixed point is a local maximum of what its solution maximises.
    """
    rng = np.random.default_rng(scenario.simulate.seed)
    items = scenario.uncertain
    draws = SUBSAMPLE if items else 1
    theta = {u.name: u.distribution.ppf(rng.random(draws)) for u in items}
    case = compile_case(scenario, theta, draws)
    found = {}
    for name in ("separate", "threat-linked", "linked", "trilateral"):
        if name not in case.regimes or name not in (case.regimes if regimes is None else regimes):
            continue
        points = seek_fixed_points(case, name, solution)
        found[name] = {
            "several": float(points.several.mean()),
            "no_agreement": float(points.no_agreement.mean()),
            "draws": draws,
            "starts": points.starts,
        }
    return found
