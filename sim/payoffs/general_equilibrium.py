"""`general_equilibrium`: what tariffs are worth when wages adjust everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import PayoffError
from sim.payoffs.hat_algebra import World, baseline_of
from sim.payoffs.hat_equations import Array, Baseline, State, solve_wages, solved
from sim.payoffs.terms import Component, Entry, FloatArray, Row, Rows, TermEvaluation, parameter

__all__ = ["GeneralEquilibrium", "GeneralEquilibriumKernel"]

Table = tuple[tuple[Row, ...], ...]

IMAGINARY = 1e-20
"""Complex step: exact to rounding, as nothing is subtracted."""


@dataclass(frozen=True, slots=True)
class GeneralEquilibrium:
    r"""Real income of countries in an Armington world, as a function of tariffs.

    With N'_j = ŵ_j Y_j + D_j the income before tariff revenue, E'_j spending and P̂_j prices of
    the equilibrium in `sim.payoffs.hat_algebra`, country j's payoff is the change of::

        w_I N'_j/P̂_j + w_R (E'_j − N'_j)/P̂_j

    from the baseline, in units of the flows: at weights 1 the equivalent variation
    E_j (Ŵ_j − 1). NaN in a draw in which no wages clear the markets. Derivatives follow from the
    market-clearing conditions by the implicit function theorem; second derivatives are complex
    steps of the first, exact to rounding.

    Parameters
    ----------
    name : str
    flows : array_like, (N, N) or (B, N, N)
        Border values X_ij, exporter first; domestic sales on the diagonal. USD bn per year.
    countries : tuple of (int or None)
        The player of each country; None if it is no player.
    issues_of : mapping of (int, int) to int
        (exporter, importer) to the issue that is the importer's ad valorem tariff on it. Several
        pairs may share an issue.
    substitution : array_like, float or (B,)
        σ > 1.
    baseline : array_like, (N, N) or (B, N, N)
        Tariffs at which the flows were observed.
    fixed : array_like, optional, (N, N) or (B, N, N)
        Tariffs that are no issue; default: the baseline.
    income, revenue : mapping of int to (float or (B,))
        Political weights w_I and w_R by player; default 1.
    domain : str

    Raises
    ------
    PayoffError
        If the data are no world (see `World`), a pair is no pair of two countries, or countries
        and players do not fit.

    References
    ----------
    Dekle, Eaton and Kortum (2008), IMF Staff Papers 55; Ossa (2014), AER 104.
    """

    name: str
    flows: ArrayLike
    countries: tuple[int | None, ...]
    issues_of: Mapping[tuple[int, int], int]
    substitution: ArrayLike = 5.0
    baseline: ArrayLike = 0.0
    fixed: ArrayLike | None = None
    income: Mapping[int, Row] | None = None
    revenue: Mapping[int, Row] | None = None
    domain: str = "tariffs"

    def __post_init__(self) -> None:
        label = f"general equilibrium {self.name}"
        put = object.__setattr__
        sigma = parameter(self.substitution, f"{label}: substitution", above=1.0)
        world = World(_array(self.flows), sigma, _array(self.baseline))
        n = world.n_countries
        if len(self.countries) != n:
            raise PayoffError(f"{label}: one player or None for each of {n} countries")
        named = [p for p in self.countries if p is not None]
        if len(set(named)) != len(named) or not named:
            raise PayoffError(f"{label}: each player once, at least one")
        for pair in self.issues_of:
            if len(set(pair)) != 2 or not set(pair) <= set(range(n)):
                raise PayoffError(
                    f"{label}: pairs of two different countries 0 to {n - 1}, got {pair}"
                )
        if not self.issues_of:
            raise PayoffError(f"{label}: at least one tariff that is an issue")
        put(self, "substitution", sigma)
        put(self, "flows", _nested(world.flows))
        put(self, "baseline", _nested(world.tariffs))
        fixed = world.tariffs if self.fixed is None else _array(self.fixed)
        put(self, "fixed", _nested(np.broadcast_to(np.asarray(fixed), np.shape(world.tariffs))))
        for field in ("income", "revenue"):
            weights = getattr(self, field) or {}
            checked = {
                p: parameter(weights.get(p, 1.0), f"{label}: {field} weight", at_least=0.0)
                for p in named
            }
            put(self, field, checked)

    @property
    def players(self) -> tuple[int, ...]:
        """Countries that are players."""
        return tuple(p for p in self.countries if p is not None)

    @property
    def issues(self) -> tuple[int, ...]:
        """Tariffs that are issues."""
        return tuple(sorted(set(self.issues_of.values())))

    def _kernel(self, rows: Rows, n_draws: int) -> GeneralEquilibriumKernel:
        """Return the term as a function of all its issues."""
        sigma = np.broadcast_to(np.asarray(self.substitution), (n_draws,))
        world = World(_stacked(self.flows, n_draws), sigma, _stacked(self.baseline, n_draws))
        logs = np.log1p(_stacked(self.fixed, n_draws))
        for (exporter, importer), issue in self.issues_of.items():
            logs[:, exporter, importer] = np.log1p(np.asarray(rows[issue]))
        income, revenue = self.income or {}, self.revenue or {}
        accounts = tuple(
            (p, country, income[p], revenue[p])
            for country, p in enumerate(self.countries)
            if p is not None
        )
        places = tuple((i, m, j) for (m, j), i in self.issues_of.items())
        return GeneralEquilibriumKernel(baseline_of(world), logs, places, accounts)

    def components(self, x: Rows) -> list[Component]:
        """Return income and revenue of every player, as changes from the baseline."""
        n_draws = len(np.asarray(x[self.issues[0]]))
        return self._kernel(x, n_draws).parts(self.domain)

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> GeneralEquilibriumKernel | None:
        """Return the term at one table; see `Term.bind`."""
        if not any(p in players for p in self.players):
            return None
        whole = self._kernel(fixed, len(np.asarray(fixed[self.issues[0]])))
        return GeneralEquilibriumKernel(
            base=whole.base,
            logs=whole.logs,
            places=tuple((issues[i], m, j) for i, m, j in whole.places if i in issues),
            accounts=tuple((players[a[0]], *a[1:]) for a in whole.accounts if a[0] in players),
        )


@dataclass(frozen=True, slots=True)
class GeneralEquilibriumKernel:
    """The world at a table; made by `GeneralEquilibrium.bind`.

    Attributes
    ----------
    base : Baseline
        Draws first, like `logs`.
    logs : (B, N, N)
        ln(1 + t') of what is fixed.
    places : tuple of (issue, exporter, importer)
    accounts : tuple of (player, country, income weight, revenue weight)
    """

    base: Baseline
    logs: Array
    places: tuple[tuple[int, int, int], ...]
    accounts: tuple[tuple[int, int, Row, Row], ...]

    @property
    def issues(self) -> tuple[int, ...]:
        """Issues at the table."""
        return tuple(sorted({i for i, _, _ in self.places}))

    @np.errstate(invalid="ignore", over="ignore")
    def evaluate(self, x: Rows, order: int) -> TermEvaluation:
        """Return value, gradient and Hessian, NaN in draws without an equilibrium; see `Kernel`."""
        rows = {i: x[i] for i in self.issues}
        state, wages = self._solve(rows, None)
        values: list[tuple[int, Row]] = [
            (p, revenue * spent + (income - revenue) * earned)
            for p, income, revenue, spent, earned in self._amounts(state)
        ]
        if order < 1:
            return TermEvaluation(values, [], [])
        slopes = self._gradient(state, rows)
        gradient: list[tuple[int, int, Row]] = [(p, i, s) for (p, i), s in slopes.items()]
        if order < 2:
            return TermEvaluation(values, gradient, [])
        bends: dict[tuple[int, int, int], FloatArray] = {}
        for k in self.issues:
            stepped = {i: row + (1j * IMAGINARY if i == k else 0j) for i, row in rows.items()}
            shifted = self._gradient(self._solve(stepped, wages)[0], stepped)
            for (p, i), slope in shifted.items():
                place = (p, min(i, k), max(i, k))
                share = slope.imag / IMAGINARY * (1.0 if i == k else 0.5)
                bends[place] = bends.get(place, 0.0) + share
        hessian: list[Entry] = [(p, i, j, h) for (p, i, j), h in bends.items()]
        return TermEvaluation(values, gradient, hessian)

    @np.errstate(invalid="ignore", over="ignore")
    def parts(self, domain: str) -> list[Component]:
        """Return the components at the fixed tariffs."""
        state, _ = self._solve({}, None)
        found = []
        for p, income, revenue, spent, earned in self._amounts(state):
            found.append(Component(p, domain, "income", income, np.asarray(earned)))
            found.append(Component(p, domain, "revenue", revenue, np.asarray(spent - earned)))
        return found

    def _solve(self, rows: Mapping[int, Array], start: Array | None) -> tuple[State, Array]:
        """Return the equilibrium at the issues' values, real or complex."""
        kind = np.complex128 if any(np.iscomplexobj(r) for r in rows.values()) else np.float64
        logs = self.logs.astype(kind)
        for issue, exporter, importer in self.places:
            if issue in rows:
                logs[:, exporter, importer] = np.log1p(rows[issue])
        wages = solve_wages(self.base, logs, start)
        return State.at(self.base, logs, wages), wages

    def _amounts(self, state: State) -> list[tuple[int, Row, Row, Array, Array]]:
        """Return (player, w_I, w_R, real spending, real income), changes from the baseline."""
        income = self.base.output + self.base.deficit
        taxed = (1.0 - np.exp(-self.base.logs)) * self.base.shares
        spending = income / (1.0 - taxed.sum(axis=1))
        return [
            (
                p,
                w_income,
                w_revenue,
                state.spending[:, j] / state.prices[:, j] - spending[:, j],
                state.income[:, j] / state.prices[:, j] - income[:, j],
            )
            for p, j, w_income, w_revenue in self.accounts
        ]

    def _gradient(self, state: State, rows: Mapping[int, Array]) -> dict[tuple[int, int], Array]:
        """Return derivatives by (player, issue), wages responding."""
        by_wages, jacobian = state.by_wages(self.base.power)
        jacobian[:, -1] = state.earned
        direct = [state.by_tariff(self.base.power, m, j) for _, m, j in self.places]
        push = np.stack([change for _, change in direct], axis=2)
        push[:, -1] = 0.0
        moved = -solved(jacobian, push)  # d ln ŵ_k per unit of ln(1 + t), (B, k, place)
        prices = np.matmul(state.shares.transpose(0, 2, 1), moved)
        spending = np.matmul(by_wages, moved)
        slopes: dict[tuple[int, int], Array] = {}
        for place, (issue, exporter, importer) in enumerate(self.places):
            for p, j, income, revenue in self.accounts:
                log_p, log_e = prices[:, j, place], spending[:, j, place]
                if j == importer:
                    log_p = log_p + state.shares[:, exporter, j]
                    log_e = log_e + direct[place][0]
                earned = state.earned[:, j] * moved[:, j, place] - state.income[:, j] * log_p
                slope = revenue * state.spending[:, j] * (log_e - log_p)
                slope = (slope + (income - revenue) * earned) / state.prices[:, j]
                slope = slope / (1.0 + rows[issue])
                slopes[p, issue] = slopes.get((p, issue), 0.0) + slope
        return slopes


def _array(value: ArrayLike) -> ArrayLike:
    """Return a table that holds rows as one array, draws first; what holds none as it is."""
    if isinstance(value, tuple) and all(isinstance(row, tuple) for row in value):
        rows = [entry for row in value for entry in row if isinstance(entry, np.ndarray)]
        if rows:
            return _stacked(value, rows[0].size)
    return value


def _nested(array: ArrayLike) -> Table:
    """Return (B, N, N) as a table of numbers, or of rows where draws differ."""
    stack = np.asarray(array)
    same = bool((stack == stack[:1]).all())
    n = stack.shape[1]
    return tuple(
        tuple(
            float(stack[0, i, j]) if same else np.ascontiguousarray(stack[:, i, j])
            for j in range(n)
        )
        for i in range(n)
    )


def _stacked(table: ArrayLike | None, n_draws: int) -> FloatArray:
    """Return a table of numbers or rows as (B, N, N)."""
    assert isinstance(table, tuple)
    return np.stack(
        [np.stack([np.broadcast_to(entry, (n_draws,)) for entry in row], axis=1) for row in table],
        axis=1,
    )
