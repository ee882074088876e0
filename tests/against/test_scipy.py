"""Solutions of random tables against SciPy's general optimisers, which know nothing of bargaining.

Payoffs and their derivatives are those of `box_cases`, written for the tests; SciPy maximises the
definition of each solution from several starts, and the best it finds counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from box_cases import gains, random_problem
from numpy.typing import NDArray
from scipy.optimize import differential_evolution, linprog, minimize

from against import compared
from sim.bargaining import BoxProblem, solve
from sim.games import NormalFormGame, correlated_equilibrium

FloatArray = NDArray[np.float64]
STARTS = 2
TABLES = [(n, k, b) for n, k, b in ((2, 2, 20), (2, 3, 20), (2, 4, 20), (2, 6, 20), (3, 4, 20))]


def tables(seed: int) -> Iterator[BoxProblem]:
    """Yield concave tables of two players and two to six issues, and of three and four."""
    rng = np.random.default_rng(seed)
    for n, k, b in TABLES:
        pairs = ((0, k - 1),) if k > 2 else ()
        yield random_problem(rng, n, k, b, pairs=pairs)


class Programme:
    """Max f over outcomes x and one number t, by SLSQP, with analytic derivatives."""

    def __init__(self, problem: BoxProblem) -> None:
        self.payoffs, self.d = problem.payoffs, np.asarray(problem.disagreement)[0]
        self.lower, self.upper = (bound[0] for bound in problem.bounds)

    def at(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gains (N,) and their gradients (N, K)."""
        found = self.payoffs.evaluate(x[:, None], 1)
        return found.value[:, 0] - self.d, found.gradient[:, :, 0]

    def best(
        self,
        loss: Callable[[FloatArray], tuple[float, FloatArray]],
        held: Callable[[FloatArray], tuple[FloatArray, FloatArray]] | None,
        start: FloatArray,
        *,
        free: bool = False,
    ) -> FloatArray:
        """Minimise a loss under held(z) ≥ 0, z = x or (x, t); return the best z of some starts."""
        rng = np.random.default_rng(0)
        bounds = [*zip(self.lower, self.upper, strict=True)] + [(None, None)] * free
        rule = {"type": "ineq", "fun": lambda z: held(z)[0], "jac": lambda z: held(z)[1]}
        best, least = start, np.inf
        for again in range(STARTS):
            if again:
                start = start.copy()
                start[: len(self.lower)] = rng.uniform(self.lower, self.upper)
            found = minimize(
                loss,
                start,
                jac=True,
                method="SLSQP",
                bounds=bounds,
                constraints=[rule] if held else (),
                options={"ftol": 1e-15, "maxiter": 300},
            )
            short = held(found.x)[0].min() if held else 0.0
            if found.fun < least and short > -1e-9:
                best, least = found.x, found.fun
        return best

    def nash(self) -> float:
        """Return the largest Σ log g."""

        def loss(x: FloatArray) -> tuple[float, FloatArray]:
            g, slope = self.at(x)
            e = np.maximum(g, 1e-3)  # below it, the quadratic that continues the logarithm
            short = (g - e) / e
            return -(np.log(e) + short - 0.5 * short**2).sum(), -((1 - short) / e) @ slope

        x = self.best(loss, self.at, self.fairest(np.ones(len(self.d)))[:-1])
        return float(np.log(self.at(x)[0]).sum())

    def most(self, weights: FloatArray) -> float:
        """Return the largest Σ w g where nobody loses."""

        def loss(x: FloatArray) -> tuple[float, FloatArray]:
            g, slope = self.at(x)
            return -float(weights @ g), -weights @ slope

        x = self.best(loss, self.at, 0.5 * (self.lower + self.upper))
        return float(weights @ self.at(x)[0])

    def max_min(self, scale: FloatArray) -> float:
        """Return the largest min g / scale."""
        return float((self.at(self.fairest(scale)[:-1])[0] / scale).min())

    def fairest(self, scale: FloatArray) -> FloatArray:
        """Return the outcome with the largest min g / scale, and that number, (K + 1,)."""

        def held(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            g, slope = self.at(z[:-1])
            return g / scale - z[-1], np.column_stack([slope / scale[:, None], -np.ones(len(g))])

        middle = 0.5 * (self.lower + self.upper)
        start = np.append(middle, (self.at(middle)[0] / scale).min())
        last = np.append(np.zeros(len(middle)), -1.0)
        return self.best(lambda z: (-z[-1], last), held, start, free=True)


def draws(problem: BoxProblem) -> Iterator[tuple[int, Programme]]:
    """Yield each draw as a problem for SciPy."""
    for draw in range(problem.n_draws):
        yield draw, Programme(problem.take(np.array([draw])))


def ours(problem: BoxProblem, solution: str) -> tuple[FloatArray, dict]:
    """Return gains (B, N) of a solution at the outcome it chose, all converged, and its numbers."""
    found = solve(problem, solution)
    assert found.agreement.all()
    assert found.converged.all()
    return gains(problem, found.outcome), dict(found.parameters)


@compared(measure="difference of the log product", tolerance=1e-8)
def test_nash_products_by_slsqp() -> Iterator[float]:
    """Nash product, by SLSQP."""
    for problem in tables(1):
        g, _ = ours(problem, "nash")
        for draw, theirs in draws(problem):
            yield abs(float(np.log(g[draw]).sum()) - theirs.nash())


@compared(measure="difference of a share of the ideal gain", tolerance=1e-8)
def test_kalai_smorodinsky_by_slsqp() -> Iterator[float]:
    """Kalai–Smorodinsky: ideal gains and their least share, by SLSQP."""
    for problem in tables(2):
        g, numbers = ours(problem, "kalai_smorodinsky")
        for draw, theirs in draws(problem):
            ideal = np.array([theirs.most(row) for row in np.eye(problem.n_players)])
            share = g[draw] / ideal
            off = [np.abs(numbers["ideal"][draw] / ideal - 1).max(), share.min()]
            off[1] = abs(off[1] - theirs.max_min(ideal))
            if problem.n_players == 2:  # on the ray from d to the ideal point
                off.append(np.ptp(share))
            yield max(off)


@compared(measure="relative difference of the least gain", tolerance=1e-8)
def test_egalitarian_by_slsqp() -> Iterator[float]:
    """Egalitarian: least gain, by SLSQP."""
    for problem in tables(3):
        g, _ = ours(problem, "egalitarian")
        for draw, theirs in draws(problem):
            yield abs(g[draw].min() / theirs.max_min(np.ones(problem.n_players)) - 1)


@compared(measure="relative difference of the sum", tolerance=1e-8)
def test_utilitarian_by_slsqp() -> Iterator[float]:
    """Utilitarian: largest sum of gains where nobody loses, by SLSQP."""
    for problem in tables(4):
        g, _ = ours(problem, "utilitarian")
        for draw, theirs in draws(problem):
            yield abs(g[draw].sum() / theirs.most(np.ones(problem.n_players)) - 1)


@compared(measure="difference of the log product", tolerance=1e-6)
def test_nash_products_by_differential_evolution() -> Iterator[float]:
    """Nash product, by differential evolution."""
    yield from evolved("nash", lambda g: np.log(g).sum(axis=0))


@compared(measure="relative difference of the least gain", tolerance=1e-6)
def test_egalitarian_by_differential_evolution() -> Iterator[float]:
    """Egalitarian: least gain, by differential evolution."""
    yield from evolved("egalitarian", lambda g: np.log(g.min(axis=0)))


@compared(measure="relative difference of the least share", tolerance=1e-6)
def test_kalai_smorodinsky_by_differential_evolution() -> Iterator[float]:
    """Kalai–Smorodinsky: least share of the ideal gain, by differential evolution."""
    yield from evolved("kalai_smorodinsky", lambda g: np.log(g.min(axis=0)), shares=True)


def evolved(
    solution: str, worth: Callable[[FloatArray], FloatArray], *, shares: bool = False
) -> Iterator[float]:
    """Yield by how much a solution's worth, of gains (N, S), differs from what evolution finds."""
    rng = np.random.default_rng(5)
    for n, k in ((2, 2), (2, 3), (2, 4), (3, 3)):
        problem = random_problem(rng, n, k, 5)
        g, numbers = ours(problem, solution)
        unit = np.asarray(numbers["ideal"]) if shares else np.ones_like(g)
        for draw in range(problem.n_draws):
            one = problem.take(np.array([draw]))
            mine = float(worth(g[draw][:, None] / unit[draw][:, None])[0])
            yield abs(mine - evolve(one, worth, unit[draw]))


def evolve(
    problem: BoxProblem, worth: Callable[[FloatArray], FloatArray], unit: FloatArray
) -> float:
    """Return the largest worth of the gains, in units, where nobody loses."""
    d = np.asarray(problem.disagreement)[0]

    def loss(x: FloatArray) -> FloatArray:
        many = problem.payoffs.take(np.zeros(x.shape[1], dtype=np.intp))
        gain = (many.evaluate(x, 0).value - d[:, None]) / unit[:, None]
        lost = np.minimum(gain, 0.0).sum(axis=0)
        return np.where(lost < 0, 1e3 - lost, -worth(np.maximum(gain, 1e-300)))

    found = differential_evolution(
        loss,
        list(zip(*(bound[0] for bound in problem.bounds), strict=True)),
        rng=0,
        popsize=12,
        tol=1e-10,
        maxiter=2000,
        polish=False,
        updating="deferred",
        vectorized=True,
    )
    return -float(found.fun)


@compared(measure="log product that evolution finds above ours", tolerance=1e-6)
def test_nash_products_of_tables_that_are_not_concave() -> Iterator[float]:
    """Nash product where payoffs are not concave: best of six starts, by differential evolution."""
    rng = np.random.default_rng(7)
    for n, k in ((2, 2), (2, 3), (2, 4), (3, 3)):
        problem = random_problem(rng, n, k, 5, concave=False)
        starts = [0.5, *rng.uniform(size=(5, k))]
        best = np.full(problem.n_draws, -np.inf)
        for start in starts:
            g, _ = ours(problem.starting_at(start), "nash")
            best = np.maximum(best, np.log(g).sum(axis=1))
        for draw in range(problem.n_draws):
            one = problem.take(np.array([draw]))
            found = evolve(one, lambda g: np.log(g).sum(axis=0), np.ones(n))
            yield max(0.0, found - best[draw])


@compared(measure="relative difference of the value", tolerance=1e-8)
def test_correlated_equilibria_by_a_programme_written_out() -> Iterator[float]:
    """Best correlated equilibrium, by a linear programme written out profile by profile."""
    rng = np.random.default_rng(8)
    for shape in ((2, 2), (3, 3), (4, 5), (2, 2, 2), (3, 2, 4)):
        for _ in range(5):
            game = NormalFormGame(rng.normal(size=(len(shape), *shape)))
            weights = rng.uniform(size=len(shape))
            found = correlated_equilibrium(game, weights)
            assert found.converged
            yield abs(found.value / best_obeyed(game, weights) - 1)


def best_obeyed(game: NormalFormGame, weights: FloatArray) -> float:
    """Return the largest Σ w u that a recommendation which everyone obeys can bring."""
    profiles = list(np.ndindex(game.shape))
    rows = []
    for player, count in enumerate(game.shape):
        for told, instead in np.ndindex(count, count):
            row = np.zeros(len(profiles))
            for column, profile in enumerate(profiles):
                if profile[player] == told:
                    other = (*profile[:player], instead, *profile[player + 1 :])
                    row[column] = game.payoffs[(player, *other)] - game.payoffs[(player, *profile)]
            rows.append(row)
    worth = [weights @ game.payoffs[(slice(None), *profile)] for profile in profiles]
    solved = linprog(
        -np.array(worth), np.array(rows), np.zeros(len(rows)), np.ones((1, len(profiles))), [1.0]
    )
    return -float(solved.fun)
