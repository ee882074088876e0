"""A case written out a second time: payoffs from the file's text, tables solved by SciPy.

Nothing here is taken from `sim`: the file is read as plain YAML, each formula stands as in the
theory pages, derivatives are complex steps, and a table is one problem for SLSQP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from scipy.optimize import minimize

Array = NDArray[Any]
DOMAINS = ("security", "tariffs", "payments", "other")
CHANNELS = ("consumers", "revenue", "profits")
STEP = 1e-30
INSIDE = 1e-9  # of each range: powers below 1 have no slope at 0


def read(path: Path) -> dict[str, Any]:
    """Return a file as plain data, laid over what it extends."""
    own = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return laid_over(read(path.parent / own.pop("extends")), own) if "extends" in own else own


def laid_over(base: Any, own: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    both = {k: v if k == "value" else laid_over(base.get(k), v) for k, v in own.items()}
    return {**base, **both}


class PlainCase:
    """One draw of a scenario file."""

    def __init__(self, tree: Mapping[str, Any], theta: Mapping[str, float]) -> None:
        self.tree, self.theta = tree, theta
        self.players, self.issues = list(tree["players"]), list(tree["issues"])
        rows = tree["issues"].values()
        self.lower = np.array([self.number(k["range"][0]) for k in rows])
        self.width = np.array([self.number(k["range"][1]) for k in rows]) - self.lower
        self.status_quo = np.array([self.number(k["status_quo"]) for k in rows])
        self.breakdown = np.array([self.number(k["breakdown"]) for k in rows])
        self.reference = self.money(self.status_quo, 0.0)

    def number(self, spec: Any) -> float:
        return float(self.theta[spec] if isinstance(spec, str) else spec)

    def where(self, *, parties: Sequence[str], track: str | None = None) -> list[int]:
        """Return the issues between `parties`, on one track or on all."""
        return [
            i
            for i, k in enumerate(self.tree["issues"].values())
            if set(k["parties"]) <= set(parties) and track in (None, k["track"])
        ]

    def parts(
        self, x: Array, erosion: float, *, plain: bool = False
    ) -> Iterator[tuple[int, str, Array]]:
        """Yield (player, domain, value) at x (K, ...); `plain` leaves out what is political."""
        number, at = self.number, {k: x[i] for i, k in enumerate(self.issues)}
        seat = {p: n for n, p in enumerate(self.players)}
        for name, term in self.tree["payoffs"].items():
            if "market" in term:
                for p, _, value in self.market(term, at, seat, plain=plain):
                    yield p, "tariffs", value
            elif "deterrence" in term:
                troops, c = at[term["deterrence"]], 1.0 - erosion
                spill = term.get("spill_in", {})
                present = troops + sum(number(share) * at[k] for k, share in spill.items())
                force = number(term["own_forces"]) + c * present
                held = force / (force + number(term["threat"]))
                for p, stake in term["stakes"].items():
                    yield seat[p], "security", number(stake) * held
                for p, doubt in term.get("reputation", {}).items():
                    yield seat[p], "security", -number(doubt) * erosion + 0.0 * troops
            elif "presence" in term:
                cost = -number(term["cost"]) * at[term["presence"]]
                yield seat[term["player"]], "security", cost
            elif "transfer" in term:
                z = at[term["transfer"]]
                usual = number(self.tree["issues"][term["transfer"]]["status_quo"])
                excess = np.where(np.real(z) > usual, z - usual, 0.0 * z)
                premium, pain = number(term["premium"]), number(term["paying_cost"])
                yield seat[term["to"]], "payments", z if plain else premium * z
                yield seat[term["from"]], "payments", -z - (0.0 if plain else pain) * excess**2
            elif "concession" in term:
                z = at[term["concession"]]
                for who, sign, what in (("to", 1.0, "benefit"), ("from", -1.0, "cost")):
                    raised = z ** number(term[f"{what}_power"])
                    yield seat[term[who]], "other", sign * number(term[what]) * raised
            elif "parity" in term:
                gap = at[term["precedent"][0]] - at[term["precedent"][1]]
                for p in term["players"]:
                    yield seat[p], term["domain"], -number(term["parity"]) * gap**2
            else:
                raise NotImplementedError(name)

    def market(
        self, term: Any, at: Mapping[str, Array], seat: Mapping[str, int], *, plain: bool
    ) -> Iterator[tuple[int, str, Array]]:
        """Yield (player, channel, value)."""
        number = self.number
        sigma, epsilon = number(term["substitution"]), number(term["demand_elasticity"])
        phi = number(term["pass_through"])
        weight = {k: 1.0 if plain else number(w) for k, w in term["weights"].items()}
        sellers = []
        for name, s in term["suppliers"].items():
            tariff, issue = s.get("tariff", 0.0), self.tree["issues"].get(s.get("tariff"))
            t = number(tariff) + 0.0 * next(iter(at.values())) if issue is None else at[tariff]
            usual = s.get("baseline", tariff if issue is None else issue["status_quo"])
            sellers.append((name, number(s["share"]), t, (1.0 + t) / (1.0 + number(usual))))
        price = sum(a * T ** (phi * (1.0 - sigma)) for _, a, _, T in sellers)
        price = price ** (1.0 / (1.0 - sigma))
        revenue: Any = 0.0
        for name, a, t, T in sellers:
            spent = a * T ** (phi * (1.0 - sigma)) * price ** (sigma - epsilon)
            border = number(term["size"]) * spent / (1.0 + t)
            revenue = revenue + t * border
            if name in seat:
                own = weight["producers" if name == term["market"] else "exporters"]
                profit = border * (1.0 - (1.0 - 1.0 / sigma) / T ** (phi - 1.0))
                yield seat[name], "profits", own * profit
        surplus = -number(term["size"]) * (price ** (1.0 - epsilon) - 1.0) / (1.0 - epsilon)
        yield seat[term["market"]], "consumers", weight["consumers"] * surplus
        yield seat[term["market"]], "revenue", weight["revenue"] * revenue

    def money(self, x: Array, erosion: float, *, plain: bool = False) -> Array:
        """Return payoffs (N, ...) at x (K, ...)."""
        total = [0.0 * x[0] for _ in self.players]
        for p, _, value in self.parts(x, erosion, plain=plain):
            total[p] = total[p] + value
        return np.array(total)

    def by_domain(self, x: Array, erosion: float) -> Array:
        """Return the change of payoffs (N, D) from the status quo."""
        total = np.zeros((len(self.players), len(DOMAINS)))
        for sign, where, lost in ((1.0, x, erosion), (-1.0, self.status_quo, 0.0)):
            for p, domain, value in self.parts(where, lost):
                total[p, DOMAINS.index(domain)] += sign * value
        return total

    def by_channel(self, x: Array) -> Array:
        """Return the change of payoffs from tariffs (N, C) from the status quo."""
        total = np.zeros((len(self.players), len(CHANNELS)))
        seat = {p: n for n, p in enumerate(self.players)}
        for sign, where in ((1.0, x), (-1.0, self.status_quo)):
            at = {k: where[i] for i, k in enumerate(self.issues)}
            for term in self.tree["payoffs"].values():
                if "market" in term:
                    for p, channel, value in self.market(term, at, seat, plain=False):
                        total[p, CHANNELS.index(channel)] += sign * value
        return total


class PlainTable:
    """Gains of the parties, rows of `sides` (n, N), over some issues; the rest is at `outcome`."""

    def __init__(
        self,
        case: PlainCase,
        issues: Sequence[int],
        *,
        outcome: Array,
        erosion: float,
        point: Array,
        sides: Array,
        weights: Sequence[float],
    ) -> None:
        self.case, self.issues, self.outcome, self.erosion = case, list(issues), outcome, erosion
        self.point, self.sides, self.weights = point, sides, np.asarray(weights, float)
        self._last: tuple[bytes, tuple[Array, Array]] | None = None

    def gains(self, z: Array) -> tuple[Array, Array]:
        """Return gains (n,) and slopes (n, k) at shares z of the ranges.

        SLSQP asks for objective, constraint and slopes at a point one after the other.
        """
        at = z.tobytes()
        if self._last is None or self._last[0] != at:
            self._last = (at, self._gains(z))
        return self._last[1]

    def _gains(self, z: Array) -> tuple[Array, Array]:
        k, case = len(z), self.case
        steps = np.column_stack([1j * STEP * np.eye(k), np.zeros(k)]) + z[:, None]
        x = np.repeat(self.outcome[:, None], k + 1, axis=1).astype(complex)
        x[self.issues] = case.lower[self.issues, None] + case.width[self.issues, None] * steps
        value = self.sides @ (case.money(x, self.erosion) - case.reference[:, None])
        return value[:, -1].real - self.point, value[:, :-1].imag / STEP

    def climb(
        self, start: Array, score: Callable[[Array], tuple[float, Array]], *, free: bool = False
    ) -> Array:
        """Maximise `score` of z by SLSQP, nobody losing unless `free`."""
        bound = {
            "type": "ineq",
            "fun": lambda z: self.gains(z)[0],
            "jac": lambda z: self.gains(z)[1],
        }
        found = minimize(
            lambda z: tuple(-v for v in score(z)),
            start,
            jac=True,
            method="SLSQP",
            bounds=[(INSIDE, 1.0)] * len(start),
            constraints=() if free else (bound,),
            options={"ftol": 1e-15, "maxiter": 200},
        )
        return np.clip(found.x, INSIDE, 1.0)

    def highest(self, start: Array, scale: Array) -> Array:
        """Maximise the least scaled gain: t with g ≥ scale · t, as one more variable."""
        k = len(start)
        bound = {
            "type": "ineq",
            "fun": lambda y: self.gains(y[:k])[0] - scale * y[k],
            "jac": lambda y: np.column_stack([self.gains(y[:k])[1], -scale]),
        }
        last = np.append(np.zeros(k), -1.0)
        found = minimize(
            lambda y: (-y[k], last),
            np.append(start, (self.gains(start)[0] / scale).min()),
            jac=True,
            method="SLSQP",
            bounds=[(INSIDE, 1.0)] * k + [(None, None)],
            constraints=(bound,),
            options={"ftol": 1e-12, "maxiter": 200},
        )
        return np.clip(found.x[:k], INSIDE, 1.0)

    def solve(self, solution: str) -> Array:
        """Return the outcome (K,) that the table settles on, from the middle of the box."""
        ones = np.ones(len(self.point))
        fair = self.highest(np.full(len(self.issues), 0.5), ones)
        assert self.gains(fair)[0].min() > 0.0
        if solution == "nash":
            z = self.climb(self.climb(fair, self.product, free=True), self.product, free=True)
        elif solution == "utilitarian":
            z = self.climb(fair, lambda z: tuple(self.weights @ g for g in self.gains(z)))
        elif solution == "egalitarian":
            z = self.highest(fair, self.weights)
        else:
            best = [
                self.climb(fair, lambda z, n=n: tuple(g[n] for g in self.gains(z)))
                for n in range(len(ones))
            ]
            ideal = np.array([self.gains(z)[0][n] for n, z in enumerate(best)])
            z = self.highest(fair, ideal)
        outcome = self.outcome.copy()
        outcome[self.issues] = self.case.lower[self.issues] + self.case.width[self.issues] * z
        return outcome

    def product(self, z: Array) -> tuple[float, Array]:
        """Return Σ w ln g; far below everything where somebody loses, so that steps shorten."""
        g, slope = self.gains(z)
        if g.min() <= 0.0:
            return -1e6 + g.min(), slope[g.argmin()]
        return float(self.weights @ np.log(g)), (self.weights / g) @ slope
