"""Hypothesis strategies for bargaining problems, payoffs, games and scenarios.

Numbers are eighths, so that counterexamples shrink to something a person can read, and so
that ties and flat edges, where solutions go wrong, turn up often.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.bargaining import BoxProblem, CurveProblem, FiniteProblem
from sim.games.strategic_form.normal_form import NormalFormGame
from sim.payoffs import (
    Concession,
    Curve,
    Deterrence,
    Exponential,
    Form,
    Interaction,
    Linear,
    Logistic,
    Payoffs,
    Power,
    Presence,
    QuadraticLoss,
    Transfer,
)
from sim.payoffs.terms import Term
from sim.scenario import Scenario, parse_scenario

__all__ = [
    "curve_problems",
    "finite_problems",
    "games",
    "hull_problems",
    "payoffs",
    "scenario_texts",
    "scenarios",
    "smooth_problems",
]

FloatArray = NDArray[np.float64]
WEIGHTS = (0.5, 1.0, 2.0, 3.0)


def eighths(low: float, high: float) -> st.SearchStrategy[float]:
    """Return a strategy for multiples of 1/8 between two numbers."""
    return st.integers(round(8 * low), round(8 * high)).map(lambda k: k / 8)


def vectors(low: float, high: float, size: int) -> st.SearchStrategy[list[float]]:
    """Return a strategy for lists of `size` multiples of 1/8."""
    return st.lists(eighths(low, high), min_size=size, max_size=size)


@st.composite
def finite_problems(
    draw: st.DrawFn,
    *,
    players: tuple[int, int] = (2, 5),
    alternatives: tuple[int, int] = (1, 8),
    lotteries: bool | None = False,
    agreement: bool = True,
    weighted: bool = False,
) -> FiniteProblem:
    """Draw a list of alternatives.

    Parameters
    ----------
    players, alternatives : (int, int)
        Least and largest number.
    lotteries : bool or None
        Whether lotteries are allowed; None: either.
    agreement : bool
        Whether the first alternative gives every player a gain.
    weighted : bool
        Whether bargaining weights are drawn; otherwise they are equal.
    """
    n = draw(st.integers(*players))
    rows = draw(st.lists(vectors(-8, 8, n), min_size=alternatives[0], max_size=alternatives[1]))
    utilities = np.array(rows)
    disagreement = np.array(draw(vectors(-8, 8, n)))
    if agreement:
        utilities[0] = disagreement + draw(vectors(0.125, 8, n))
    mixed = draw(st.booleans()) if lotteries is None else lotteries
    weights = (
        np.array(draw(st.lists(st.sampled_from(WEIGHTS), min_size=n, max_size=n)))
        if weighted
        else None
    )
    return FiniteProblem(utilities, disagreement, lotteries=mixed, weights=weights)


def hull_problems(
    *,
    players: tuple[int, int] = (2, 5),
    alternatives: tuple[int, int] = (1, 8),
    agreement: bool = True,
    weighted: bool = False,
) -> st.SearchStrategy[FiniteProblem]:
    """Return a strategy for convex hulls of alternatives; see `finite_problems`."""
    return finite_problems(
        players=players,
        alternatives=alternatives,
        lotteries=True,
        agreement=agreement,
        weighted=weighted,
    )


@dataclass(frozen=True, slots=True)
class Arc:
    """u₂ = height (1 − (u₁ / width)^power) on [0, width], concave for power ≥ 1."""

    width: float
    height: float
    power: float

    def __call__(self, u1: FloatArray) -> FloatArray:
        """Return u₂ at an array of u₁."""
        return self.height * (1.0 - (np.maximum(u1, 0.0) / self.width) ** self.power)


@st.composite
def curve_problems(draw: st.DrawFn) -> CurveProblem:
    """Draw a smooth concave frontier of two players, with a point inside to disagree at."""
    width, height = draw(eighths(0.5, 8)), draw(eighths(0.5, 8))
    power = draw(eighths(1, 4))
    arc = Arc(width, height, power)
    inside = draw(st.integers(0, 6)) / 8 * width
    below = draw(st.integers(0, 7)) / 8 * float(arc(np.array(inside)))
    return CurveProblem(arc, 0.0, width, np.array([inside, below]))


@st.composite
def smooth_problems(
    draw: st.DrawFn,
    *,
    players: tuple[int, int] = (2, 3),
    issues: tuple[int, int] = (1, 3),
) -> BoxProblem:
    """Draw a box with concave payoffs and a disagreement point that everybody can improve on.

    Each player loses quadratically in the distance from its ideal outcome, and gains or loses
    linearly in each issue.
    """
    n, k = draw(st.integers(*players)), draw(st.integers(*issues))
    terms: list[Term] = []
    for issue in range(k):
        ideals, pulls, slopes = (draw(vectors(a, b, n)) for a, b in ((0, 1), (0.125, 4), (-2, 2)))
        losses = {p: QuadraticLoss(pulls[p], ideals[p]) for p in range(n)}
        lines = {p: Linear(slopes[p]) for p in range(n)}
        terms += [Form(f"loss {issue}", issue, losses), Form(f"line {issue}", issue, lines)]
    names = tuple(f"player {p}" for p in range(n)), tuple(f"issue {i}" for i in range(k))
    value = Payoffs(*names, tuple(terms), 1, np.zeros((n, 1)))
    better = np.array(draw(vectors(0.125, 0.875, k)))
    disagreement = value.utility(better) - np.array(draw(vectors(0.125, 4, n)))
    return BoxProblem(value, np.zeros(k), np.ones(k), disagreement)


def _term(
    draw: st.DrawFn, name: str, n: int, k: int, rows: Callable[[float, float], FloatArray | float]
) -> Term:
    """Draw one payoff term on n players and k issues in [0, 1]."""
    issue = draw(st.integers(0, k - 1))
    one, other = draw(st.permutations(range(n)))[:2]
    kind = draw(st.sampled_from(KINDS))
    if kind == "transfer":
        return Transfer(name, issue, one, other, rows(0.5, 2), rows(0, 2), rows(0, 1))
    if kind == "presence":
        return Presence(name, issue, one, rows(0, 2))
    if kind == "concession":
        powers = rows(1, 3), rows(0.25, 1)
        return Concession(name, issue, one, other, rows(0, 3), rows(0, 3), *powers)
    if kind == "deterrence":
        stakes = {one: rows(0, 8), other: rows(0, 8)}
        return Deterrence(name, issue, rows(0.125, 2), rows(0.125, 2), stakes)
    if kind == "interaction" and k > 1:
        pair = tuple(sorted(draw(st.permutations(range(k)))[:2]))
        return Interaction(name, (pair[0], pair[1]), {one: rows(-2, 2), other: rows(-2, 2)})
    curves: dict[str, Callable[[], Curve]] = {
        "power": lambda: Power(rows(-3, 3), rows(0.5, 3)),
        "exponential": lambda: Exponential(rows(-2, 2), rows(-2, 2)),
        "quadratic": lambda: QuadraticLoss(rows(0, 4), rows(0, 1)),
        "logistic": lambda: Logistic(rows(-4, 4), rows(0, 1), rows(0.5, 8)),
    }
    curve = curves[kind] if kind in curves else lambda: Linear(rows(-4, 4))
    return Form(name, issue, {one: curve(), other: curve()})


KINDS = (
    "linear",
    "quadratic",
    "power",
    "exponential",
    "logistic",
    "interaction",
    "transfer",
    "presence",
    "concession",
    "deterrence",
)


@st.composite
def payoffs(
    draw: st.DrawFn,
    *,
    players: tuple[int, int] = (2, 4),
    issues: tuple[int, int] = (1, 4),
    terms: tuple[int, int] = (1, 5),
    draws: tuple[int, int] = (1, 3),
) -> Payoffs:
    """Draw a sum of payoff terms over issues in [0, 1], not concave in general.

    Parameters
    ----------
    players, issues, terms, draws : (int, int)
        Least and largest number; every parameter of a term differs between draws.
    """
    n, k, b = (draw(st.integers(*limits)) for limits in (players, issues, draws))

    def rows(low: float, high: float) -> FloatArray | float:
        values = draw(vectors(low, high, b))
        return np.array(values) if b > 1 else values[0]

    parts = tuple(_term(draw, f"term {t}", n, k, rows) for t in range(draw(st.integers(*terms))))
    names = tuple(f"player {p}" for p in range(n)), tuple(f"issue {i}" for i in range(k))
    return Payoffs.from_status_quo(*names, parts, status_quo=np.full(k, 0.5), n_draws=b)


@st.composite
def games(
    draw: st.DrawFn,
    *,
    players: tuple[int, int] = (2, 3),
    actions: tuple[int, int] = (1, 4),
) -> NormalFormGame:
    """Draw a normal-form game, often with ties between payoffs.

    Parameters
    ----------
    players, actions : (int, int)
        Least and largest number of players, and of actions of each.
    """
    n = draw(st.integers(*players))
    shape = tuple(draw(st.lists(st.integers(*actions), min_size=n, max_size=n)))
    size = n * int(np.prod(shape))
    table = np.array(draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size)), float)
    return NormalFormGame(table.reshape(n, *shape))


def scenario_texts(*, allies: tuple[int, int] = (1, 2)) -> st.SearchStrategy[str]:
    """Return a strategy for the text of valid scenario files.

    Parameters
    ----------
    allies : (int, int)
        Least and largest number of partners of the first player.
    """
    return _scenario_data(allies=allies).map(lambda data: json.dumps(data, indent=1))


def scenarios(*, allies: tuple[int, int] = (1, 2)) -> st.SearchStrategy[Scenario]:
    """Return a strategy for scenarios; see `scenario_texts`."""
    return scenario_texts(allies=allies).map(parse_scenario)


@st.composite
def _scenario_data(draw: st.DrawFn, *, allies: tuple[int, int]) -> dict[str, object]:
    names = ["A", "B", "C", "D"][: draw(st.integers(*allies))]
    issues: dict[str, object] = {}
    terms: dict[str, object] = {}
    for name in names:
        issues |= _dyad_issues(draw, name)
        terms |= _dyad_terms(draw, name)
    low, mode, high = sorted(draw(st.lists(eighths(0.25, 4), min_size=3, max_size=3, unique=True)))
    return {
        "title": "A drawn case",
        "players": {name: {"name": f"Country {name}"} for name in ["HUB", *names]},
        "parameters": {"paying_cost": {"value": {"triangular": [low, mode, high]}, "why": "drawn"}},
        "issues": issues,
        "payoffs": terms,
        "solutions": ["nash"],
        "simulate": {"draws": 8, "seed": draw(st.integers(0, 3))},
    }


def _dyad_issues(draw: st.DrawFn, ally: str) -> dict[str, object]:
    """Draw a tariff, a payment and a troop level between the first player and an ally."""
    top, paid, troops = draw(eighths(0.125, 0.5)), draw(eighths(0, 2)), draw(eighths(1, 6))
    return {
        f"tariff_{ally}": {
            "parties": ["HUB", ally],
            "track": "trade",
            "domain": "tariffs",
            "range": [0, top],
            "status_quo": 0,
            "breakdown": top,
        },
        f"payment_{ally}": {
            "parties": ["HUB", ally],
            "track": "defence",
            "domain": "payments",
            "range": [0, 4],
            "status_quo": paid,
            "breakdown": paid,
        },
        f"troops_{ally}": {
            "parties": ["HUB", ally],
            "track": "defence",
            "domain": "security",
            "range": [0, troops],
            "status_quo": troops,
            "breakdown": troops / 2,
        },
    }


def _dyad_terms(draw: st.DrawFn, ally: str) -> dict[str, object]:
    """Draw what they are worth."""
    return {
        f"market_{ally}": {
            "market": "HUB",
            "size": draw(eighths(8, 64)),
            "suppliers": {
                "HUB": {"share": 0.75},
                ally: {"share": 0.25, "tariff": f"tariff_{ally}"},
            },
            "substitution": draw(eighths(2, 5)),
            "demand_elasticity": draw(eighths(0.5, 2)),
            "pass_through": 0.875,
        },
        f"payment_{ally}": {
            "transfer": f"payment_{ally}",
            "from": ally,
            "to": "HUB",
            "premium": draw(eighths(1, 2)),
            "paying_cost": "paying_cost",
        },
        f"defence_{ally}": {
            "deterrence": f"troops_{ally}",
            "own_forces": draw(eighths(1, 8)),
            "threat": draw(eighths(1, 8)),
            "stakes": {"HUB": draw(eighths(1, 8)), ally: draw(eighths(1, 16))},
        },
        f"upkeep_{ally}": {
            "presence": f"troops_{ally}",
            "player": "HUB",
            "cost": draw(eighths(0, 0.5)),
        },
    }
