"""Shared by the payoff tests: finite differences, a market in plain formulas, strategies."""

from __future__ import annotations

import cmath
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from sim.payoffs import Market, Payoffs, Supplier, Term


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False, width=64)


def single(term: Term, *, players: int, issues: int, n_draws: int = 1, risk_aversion=None):
    """Payoffs of one term, with reference 0."""
    return Payoffs(
        tuple(f"p{n}" for n in range(players)),
        tuple(f"x{n}" for n in range(issues)),
        (term,),
        n_draws,
        np.zeros((players, n_draws)),
        risk_aversion,
    )


def differences(function, x, step):
    """Fourth-order central differences of function (B, K) -> (B, ...), result (..., K) last."""
    columns = []
    for k in range(x.shape[1]):
        d = np.zeros(x.shape[1])
        d[k] = step[k]
        near = function(x + d) - function(x - d)
        far = function(x + 2 * d) - function(x - 2 * d)
        columns.append((8 * near - far) / (12 * step[k]))
    return np.stack(columns, axis=-1)


def assert_derivatives(payoffs, x, *, step, tolerance=2e-6):
    """Gradient and Hessian of v agree with differences of v and of the gradient."""
    x = np.atleast_2d(np.asarray(x, dtype=float))
    step = np.broadcast_to(step, x.shape[1:])
    gradient, hessian = payoffs.gradient(x), payoffs.hessian(x)
    for exact, approximate in (
        (gradient, differences(payoffs.utility, x, step)),
        (hessian, differences(payoffs.gradient, x, step)),
    ):
        # Errors are rounding of the payoff over the step: measured against the payoff's scale.
        scale = 1.0 + np.abs(exact).max() + np.abs(payoffs.utility(x)).max()
        np.testing.assert_allclose(exact, approximate, rtol=0, atol=tolerance * scale)
    np.testing.assert_array_equal(hessian, np.swapaxes(hessian, -1, -2))


@dataclass(frozen=True)
class PlainMarket:
    """The formulas of section 2.1 line by line, for one draw, in complex numbers."""

    market: Market

    def evaluate(self, tariff):
        m = self.market
        sigma, epsilon, phi = m.substitution, m.demand_elasticity, m.pass_through
        t = [s.tariff if s.issue is None else tariff[s.issue] for s in m.suppliers]
        T = [(1 + a) / (1 + s.baseline) for a, s in zip(t, m.suppliers, strict=True)]
        c, b = [a**phi for a in T], [a ** (phi - 1) for a in T]
        index = sum(s.share * a ** (1 - sigma) for s, a in zip(m.suppliers, c, strict=True))
        P = index ** (1 / (1 - sigma))
        X = [
            m.size * s.share * a ** (1 - sigma) * P ** (sigma - epsilon)
            for s, a in zip(m.suppliers, c, strict=True)
        ]
        R = [a / (1 + r) for a, r in zip(X, t, strict=True)]
        profit = [r * (1 - (1 - m.margin) / p) for r, p in zip(R, b, strict=True)]
        z = (1 - epsilon) * cmath.log(P)
        if abs(z) < 1e-2:  # the series of (e^z − 1)/z, where the quotient would cancel
            ratio = 1 + z / 2 * (1 + z / 3 * (1 + z / 4 * (1 + z / 5 * (1 + z / 6))))
        else:
            ratio = (P ** (1 - epsilon) - 1) / z
        surplus = -m.size * cmath.log(P) * ratio
        revenue = sum(a * r for a, r in zip(t, R, strict=True))
        return {"surplus": surplus, "revenue": revenue, "profit": profit, "R": R, "X": X, "P": P}

    def payoffs(self, tariff, players):
        m, parts = self.market, self.evaluate(tariff)
        u = [0j] * players
        if m.importer is not None:
            u[m.importer] += m.consumers * parts["surplus"] + m.revenue * parts["revenue"]
        for s, profit in zip(m.suppliers, parts["profit"], strict=True):
            if s.player is not None:
                u[s.player] += s.weight * profit
        return np.array(u)

    def gradient(self, tariff, players):
        """Complex step: exact to rounding."""
        h = 1e-40
        columns = []
        for k in range(len(tariff)):
            z = np.array(tariff, dtype=complex)
            z[k] += 1j * h
            columns.append(self.payoffs(z, players).imag / h)
        return np.array(columns).T


@st.composite
def markets(draw, *, players=3, issues=3, positive_margin=False):
    """A market of player 0 or of nobody, domestic supplier or not, tariffs shared or not."""
    n = draw(st.integers(2, 5))
    raw = np.array([draw(number(0.05, 1.0)) for _ in range(n)])
    shares = raw / raw.sum()
    importer = draw(st.sampled_from([0, 0, None]))
    suppliers = []
    for k in range(n):
        if k == 0 and importer is not None and draw(st.booleans()):
            suppliers.append(
                Supplier("home", shares[k], player=importer, weight=draw(number(0.5, 2)))
            )
            continue
        suppliers.append(
            Supplier(
                f"s{k}",
                shares[k],
                player=draw(st.sampled_from([None, *range(1, players)])),
                issue=draw(st.sampled_from([None, *range(issues)])),
                tariff=draw(number(0, 0.3)),
                baseline=draw(number(0, 0.2)),
                weight=draw(number(0.5, 2)),
            )
        )
    suppliers[-1] = Supplier("last", shares[-1], player=1, issue=0, baseline=draw(number(0, 0.2)))
    sigma = draw(number(1.3, 7))
    low = 0.9 if positive_margin else 0.4
    return Market(
        "m",
        importer=importer,
        size=draw(number(1, 1000)),
        suppliers=tuple(suppliers),
        substitution=sigma,
        demand_elasticity=draw(st.one_of(number(0.2, 3), st.just(1.0), st.just(sigma))),
        pass_through=draw(st.one_of(number(low, 1), st.just(1.0))),
        margin=draw(st.one_of(st.none(), number(0.3, 1))),
        consumers=draw(number(0.2, 2)),
        revenue=draw(number(0.2, 2)),
    )
