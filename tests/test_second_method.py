"""The April 2025 case against a second implementation that shares no code with the first.

Payoffs are written out once more and every table is one problem for SciPy's SLSQP
(`plain_case.py`). A regime's outcome is right if each table, given the others, settles on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plain_case import PlainCase, PlainTable, read

from sim.negotiation import compile_case, make_plan, median_theta, solve_chunk, solve_regimes
from sim.negotiation.decompose import decompose
from sim.negotiation.diagnostics import flip_points
from sim.negotiation.war import breakdown_values, threat_cost
from sim.scenario import load_scenario, parse_scenario

FOLDER = Path(__file__).parents[1] / "scenarios"
BASE = FOLDER / "us-allies-2025-04.yaml"
DRAWS = 2  # the medians and one random draw
US, JPN, ROK = "US", "JPN", "ROK"


def theta_of(scenario: Any, draws: int = DRAWS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20250417)
    middle = median_theta(scenario)
    return {
        u.name: np.concatenate([middle[u.name], u.distribution.ppf(rng.random(draws - 1))])
        for u in scenario.uncertain
    }


def plain_draws(path: Path, theta: dict[str, np.ndarray]) -> list[PlainCase]:
    tree = read(path)
    draws = len(next(iter(theta.values())))
    return [PlainCase(tree, {k: float(v[n]) for k, v in theta.items()}) for n in range(draws)]


def point(
    case: PlainCase, falls: Sequence[int], outcome: np.ndarray, *, erosion: float, shame: float
) -> np.ndarray:
    """Return d of all players: q the breakdown, 1 − q the status quo, America ashamed."""
    q = case.theta["threat_credibility"]
    done, back = outcome.copy(), outcome.copy()
    done[falls], back[falls] = case.breakdown[falls], case.status_quo[falls]
    blame = np.array([shame, 0.0, 0.0])
    money = q * case.money(done, erosion) + (1 - q) * (case.money(back, erosion) - blame)
    return money - case.reference


def table(
    case: PlainCase,
    outcome: np.ndarray,
    *,
    parties: Sequence[str],
    track: str | None = None,
    falls: Sequence[int] | None = None,
    erosion: float = 0.0,
    shame: float = 0.0,
    front: float | None = None,
    weights: Sequence[float] | None = None,
    stands: np.ndarray | None = None,
) -> PlainTable:
    """Return a table of a regime: who sits there, what falls, at what cost."""
    issues = case.where(parties=parties, track=track)
    if stands is None:
        falls = issues if falls is None else falls
        where = point(case, falls, outcome, erosion=erosion, shame=shame)
    else:
        kept = outcome.copy()
        kept[issues] = stands[issues]
        where = case.money(kept, erosion) - case.reference
    sides = np.eye(3)[[case.players.index(p) for p in parties]]
    if front is not None:
        sides = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
        weights = (1.0, front)
    return PlainTable(
        case, issues, outcome=outcome, erosion=erosion, point=sides @ where, sides=sides,
        weights=np.ones(len(sides)) if weights is None else weights,
    )  # fmt: skip


def tables(case: PlainCase, regime: str, x: np.ndarray, stands: np.ndarray) -> list[PlainTable]:
    """Return the tables of a regime of the shipped files, each with the others at `x`."""
    linked: dict[str, Any] = {"shame": case.theta["audience_cost"]}
    eroded = {**linked, "erosion": case.theta["erosion"]}
    pairs, everybody = ((US, JPN), (US, ROK)), (US, JPN, ROK)
    tracks = [(pair, track) for pair in pairs for track in ("trade", "defence")]
    if regime == "separate":
        return [table(case, x, parties=p, track=t) for p, t in tracks]
    if regime == "threat-linked":
        return [
            table(case, x, parties=p, track=t, falls=case.where(parties=p), **linked)
            for p, t in tracks
        ]
    if regime == "linked-by-consent":
        return [table(case, x, parties=p, stands=stands) for p in pairs]
    if regime in {"linked", "linked-without-erosion"}:
        rules = eroded if regime == "linked" else linked
        return [table(case, x, parties=p, **rules) for p in pairs]
    if regime in {"japan-first", "korea-first"}:
        first, second = pairs if regime == "japan-first" else pairs[::-1]
        before = x.copy()
        later = case.where(parties=second)
        before[later] = case.status_quo[later]
        return [
            table(case, before, parties=first, **eroded),
            table(case, x, parties=second, **eroded),
        ]
    special: dict[str, dict[str, Any]] = {
        "trilateral": {},
        "trilateral-weighted": {"weights": (2.0, 1.0, 1.0)},
        "joint-front": {"front": 1.0},
        "joint-front-two-votes": {"front": 2.0},
    }
    return [table(case, x, parties=everybody, **eroded, **special[regime])]


MILD = ("separate", "threat-linked", "linked-by-consent")
CASES = [
    (BASE, "nash", ("separate", "threat-linked", "linked-by-consent", "linked",
                    "linked-without-erosion", "trilateral", "trilateral-weighted")),
    (BASE, "kalai_smorodinsky", ("linked", "trilateral", *MILD)),
    (BASE, "egalitarian", ("linked", "trilateral", *MILD)),
    (BASE, "utilitarian", ("linked", "trilateral", *MILD)),
    (FOLDER / "us-allies-joint-front.yaml", "nash", ("joint-front", "joint-front-two-votes")),
    (FOLDER / "us-allies-joint-front.yaml", "kalai_smorodinsky", ("joint-front",)),
    (FOLDER / "us-allies-three-way-table.yaml", "nash", ("trilateral", "linked")),
    (FOLDER / "us-allies-japan-first-then-korea.yaml", "nash", ("japan-first", "korea-first")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "solution", "regimes"), CASES, ids=[f"{p.stem[10:]}-{s}" for p, s, _ in CASES]
)
def test_every_table_settles_on_what_scipy_finds(
    path: Path, solution: str, regimes: tuple[str, ...]
) -> None:
    scenario = load_scenario(path)
    theta = theta_of(scenario)
    plan = make_plan(scenario, regimes=regimes, solutions=(solution,))
    found = solve_chunk(plan, theta, DRAWS)
    assert found["converged"].all()
    for n, case in enumerate(plain_draws(path, theta)):
        outcome = dict(zip(plan.regimes, found["outcome"][n, :, 0], strict=True))
        for regime in regimes:
            x = np.clip(outcome[regime], case.lower, case.lower + case.width)
            stands = outcome.get("separate", x)
            for side in tables(case, regime, x, stands):
                own = side.issues
                z = (x[own] - case.lower[own]) / case.width[own]
                mine = (side.solve(solution)[own] - case.lower[own]) / case.width[own]
                np.testing.assert_allclose(z, mine, atol=1e-4, err_msg=f"{n} {regime}")
                got, best = (side.gains(np.clip(v, 1e-9, 1.0))[0] for v in (z, mine))
                np.testing.assert_allclose(got, best, atol=2e-5, err_msg=f"{n} {regime}")


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"])
def test_payoffs_by_domain_with_and_without_political_weights(solution: str) -> None:
    """Payoffs of every regime at its outcome, and both decompositions of the linkage gain."""
    scenario = load_scenario(BASE)
    theta = theta_of(scenario)
    plan = make_plan(scenario, solutions=(solution,))
    found = solve_chunk(plan, theta, DRAWS)
    for n, case in enumerate(plain_draws(BASE, theta)):
        money = {}
        plain = case.money(case.status_quo, 0.0, plain=True)
        for r, regime in enumerate(plan.regimes):
            conditional = regime == "linked" or regime.startswith("trilateral")
            erosion = case.theta["erosion"] if conditional else 0.0
            x = found["outcome"][n, r, 0]
            domains = case.by_domain(x, erosion)
            money[regime] = domains.sum(axis=1)
            raw = case.money(x, erosion, plain=True) - plain
            for name, expected in (
                ("payoff_change_by_domain", domains),
                ("payoff_change_of_tariffs", case.by_channel(x)),
                ("payoff_change", money[regime]),
                ("payoff_change_unweighted", raw),
            ):
                np.testing.assert_allclose(found[name][n, r, 0], expected, atol=1e-8)
        change = found["payoff_change"][n, :, 0]
        parts = decompose(dict(zip(plan.regimes, change, strict=True)))
        pure, consent = money["linked-without-erosion"], money["linked-by-consent"]
        gain = money["linked"] - money["separate"]
        np.testing.assert_allclose(parts["logrolling"], consent - money["separate"], atol=1e-8)
        np.testing.assert_allclose(parts["coercion"], pure - consent, atol=1e-8)
        np.testing.assert_allclose(parts["erosion"], money["linked"] - pure, atol=1e-8)
        for names in (("logrolling", "coercion"), ("leverage", "packaging")):
            total = sum(parts[k] for k in names) + parts["erosion"]
            np.testing.assert_allclose(total, gain, atol=1e-8)


def test_a_front_that_shares_leaves_its_members_equal_gains_over_breakdown() -> None:
    """Side payments: none for America, a balance of 0, and the gains over d that result."""
    path = FOLDER / "us-allies-joint-front.yaml"
    scenario = load_scenario(path)
    theta = theta_of(scenario)
    name = "joint-front-shared"
    whole = compile_case(scenario, theta, DRAWS)
    front = solve_regimes(whole, [name], "nash")[name]
    assert front.agreement.all()
    for n, case in enumerate(plain_draws(path, theta)):
        x = np.clip(front.lottery.mean[n], case.lower, case.lower + case.width)
        erosion, shame = case.theta["erosion"], case.theta["audience_cost"]
        (grand,) = tables(case, "joint-front", x, x)
        z = (x - case.lower) / case.width
        best = (grand.solve("nash") - case.lower) / case.width
        np.testing.assert_allclose(z, best, atol=1e-4)
        everything = list(range(len(x)))
        down = point(case, everything, x, erosion=erosion, shame=shame)
        gain = case.money(x, erosion) - case.reference - down
        paid = front.side_payments[n]
        np.testing.assert_allclose(paid, [0.0, *(gain[1:].mean() - gain[1:])], atol=1e-8)
        assert np.abs(paid).max() > 1e-3


RATIFIED = f"""
extends: {BASE.name}
ratifiers:
  diet: {{ player: JPN, stakes: {{ japan_payment: 2 }}, threshold: -19 }}
  senate: {{ player: US, stakes: {{ us_goods: 0.9 }}, threshold: 5 }}
"""


def test_a_veto_is_a_constraint_of_the_same_problem() -> None:
    """SLSQP with the Diet's −19 ≤ its payoff, the payment counted twice, finds the same deal."""
    scenario = parse_scenario(RATIFIED, name=str(BASE.with_name("ratified.yaml")))
    theta = median_theta(scenario)
    settled = solve_regimes(compile_case(scenario, theta, 1), ["trilateral"], "nash")["trilateral"]
    case = PlainCase(read(BASE), {k: float(v[0]) for k, v in theta.items()})
    (grand,) = tables(case, "trilateral", case.status_quo, case.status_quo)

    def consents(x: np.ndarray) -> np.ndarray:
        """Return what the Diet and the Senate have above their thresholds, (2, ...)."""
        diet = senate = 0.0
        for sign, where, lost in ((1.0, x, grand.erosion), (-1.0, case.status_quo, 0.0)):
            us, japan, _ = case.money(where, lost)
            one = case.tree["payoffs"]
            payment = PlainCase.money(_only(case, one, "japan_payment"), where, lost)[1]
            goods = PlainCase.money(_only(case, one, "us_goods"), where, lost)[0]
            diet = diet + sign * (japan + payment)
            senate = senate + sign * (us - 0.1 * goods)
        return np.array([diet + 19.0, senate - 5.0])

    x = settled.lottery.mean[0]
    assert consents(x)[0] == pytest.approx(0.0, abs=1e-6)  # the veto binds
    assert consents(x)[1] > 0.0
    z = (x - case.lower) / case.width
    gains, slope = grand.gains(np.clip(z, 1e-9, 1.0))
    pull = (1.0 / gains) @ slope
    step = 1e-30
    inside = case.lower[:, None] + case.width[:, None] * (z[:, None] + 1j * step * np.eye(len(z)))
    force = consents(inside)[0].imag / step
    free = (z > 1e-6) & (z < 1 - 1e-6)
    # Karush–Kuhn–Tucker: the product's pull is −λ times the veto's where no bound holds.
    shadow = -(pull[free] @ force[free]) / (force[free] @ force[free])
    assert shadow > 0.0
    np.testing.assert_allclose(pull[free], -shadow * force[free], atol=1e-5 * np.abs(pull).max())


def _only(case: PlainCase, payoffs: dict[str, Any], name: str) -> PlainCase:
    """Return a case with one payoff term."""
    return PlainCase({**case.tree, "payoffs": {name: payoffs[name]}}, case.theta)


def test_the_war_and_the_cost_of_a_threat_are_best_replies() -> None:
    """No player does better on a grid of its own instruments, nor than its threat costs."""
    scenario = load_scenario(BASE)
    theta = median_theta(scenario)
    whole = compile_case(scenario, theta, 1)
    regime = whole.regimes["linked"]
    local = whole.under(regime)
    fought = breakdown_values(local, replace(regime, breakdown="nash"))
    case = PlainCase(read(BASE), {k: float(v[0]) for k, v in theta.items()})
    erosion = case.theta["erosion"]
    cost = threat_cost(local, regime)[0]
    announced = case.breakdown
    for p, who in enumerate((US, JPN, ROK)):
        own = [k for k in range(len(case.issues)) if whole.controlled_by[k] == p]
        dyads = [case.where(parties=pair) for pair in ((US, JPN), (US, ROK)) if who in pair]
        for dyad in dyads:
            start = case.status_quo.copy()
            start[dyad] = fought.values[0, dyad]
            mine = [k for k in own if k in dyad]
            assert _best(case, start, mine, p, erosion) <= 1e-6
        assert _best(case, announced, own, p, erosion) == pytest.approx(cost[p], abs=1e-4)


def _best(case: PlainCase, x: np.ndarray, own: list[int], p: int, erosion: float) -> float:
    """Return what player p gains by resetting its own issues in turn, on fine grids."""
    at = x.copy()
    for _ in range(12):
        for k in own:
            grid = case.lower[k] + case.width[k] * np.linspace(0.0, 1.0, 2001)
            tries = np.repeat(at[:, None], len(grid), axis=1)
            tries[k] = grid
            value = case.money(tries, erosion)[p]
            if value.max() > case.money(at, erosion)[p]:
                at[k] = grid[value.argmax()]
    return float(case.money(at, erosion)[p] - case.money(x, erosion)[p])


def test_the_sign_of_the_gain_turns_where_the_second_method_says() -> None:
    """At the flips along erosion the plain payoffs of both regimes are equal to 1e-4."""
    scenario = load_scenario(BASE)
    flips = flip_points(scenario, parameters=["erosion"], points=9, bisections=22)
    assert {f.player for f in flips} == {JPN, ROK}
    middle = median_theta(scenario)
    plan = make_plan(scenario, regimes=("separate", "linked"), solutions=("nash",))
    for flip in flips:
        theta = {**middle, "erosion": np.array([flip.value])}
        found = solve_chunk(plan, theta, 1)["outcome"][0, :, 0]
        case = PlainCase(read(BASE), {k: float(v[0]) for k, v in theta.items()})
        p = case.players.index(flip.player)
        at = dict(zip(plan.regimes, found, strict=True))
        linked = case.money(at["linked"], flip.value)[p]
        assert linked == pytest.approx(case.money(at["separate"], 0.0)[p], abs=1e-4)
        assert not flip.rising
