"""`market`: what tariffs are worth in a constant-elasticity market (model section 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import PayoffError
from sim.payoffs.market_kernel import Account, ActiveSupplier, MarketKernel
from sim.payoffs.terms import Component, FloatArray, Row, Rows, expm1_ratio, parameter, row

__all__ = ["Market", "Supplier"]

SHARES_TOLERANCE = 1e-9
# Stands for 1 − ε at ε = 1 exactly, where expm1(z)/z has its limit.
TINY = 1e-200
# exp(LOWEST) is 0 for all purposes and raises no warning.
LOWEST = -700.0


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier of a market.

    Parameters
    ----------
    name : str
    share : float or (B,)
        Share of consumer spending at the baseline, in [0, 1].
    player : int, optional
        Who earns its profits; None for the rest of the world. The importing player's own
        supplier is the domestic one.
    issue : int, optional
        The issue that is its ad valorem tariff; several suppliers may share one.
    tariff : float or (B,)
        Its fixed tariff where no issue is given.
    baseline : float or (B,), optional
        Tariff t0 at which shares and size are observed. Default: `tariff`; required with an issue.
    weight : float or (B,)
        Political weight 1 + lambda of its profits.

    Raises
    ------
    PayoffError
        If a number is outside its domain.
    """

    name: str
    share: Row
    player: int | None = None
    issue: int | None = None
    tariff: Row = 0.0
    baseline: Row | None = None
    weight: Row = 1.0

    def __post_init__(self) -> None:
        label = f"supplier {self.name}"
        put = object.__setattr__
        put(self, "share", parameter(self.share, f"{label}: share", at_least=0.0, at_most=1.0))
        put(self, "tariff", parameter(self.tariff, f"{label}: tariff", above=-1.0))
        if self.baseline is None:
            if self.issue is not None:
                raise PayoffError(f"{label}: a tariff that is an issue needs a baseline tariff")
            put(self, "baseline", self.tariff)
        else:
            put(self, "baseline", parameter(self.baseline, f"{label}: baseline", above=-1.0))
        put(self, "weight", parameter(self.weight, f"{label}: weight", at_least=0.0))

    def log_change(self, tariff: Row) -> FloatArray:
        """Return ln T_s = ln (1 + t_s)/(1 + t0_s) at a tariff, (B,) or a number."""
        assert self.baseline is not None  # set by __post_init__
        return row(np.log1p(tariff) - np.log1p(self.baseline))


@dataclass(frozen=True, slots=True)
class Market:
    r"""A constant-elasticity market inside an importing country.

    With T_s = (1 + t_s)/(1 + t0_s), consumer price c_s = T_s^φ and border price b_s = T_s^(φ−1)
    relative to the baseline::

        P   = (Σ a_s c_s^(1−σ))^(1/(1−σ))          price index
        X_s = E0 a_s c_s^(1−σ) P^(σ−ε)             consumer spending on s
        R_s = X_s/(1 + t_s)                        border value
        π_s = R_s (1 − (1 − μ)/b_s)                producers' surplus
        ΔCS = −E0 ln P · expm1(z)/z, z = (1−ε) ln P     change of consumer surplus
        G   = Σ t_s R_s                            tariff revenue

        importer: w_C ΔCS + w_R G + (1 + λ) π_domestic        exporter: (1 + λ_s) π_s

    φ < 1 is reduced-form pricing to market at constant marginal cost: exporters absorb 1 − φ of
    a tariff by cutting margins; domestic and third-country prices do not respond.

    Parameters
    ----------
    name : str
    importer : int or None
        The importing player; None if the country is no player.
    size : float or (B,)
        E0, consumer spending at the baseline, USD bn per year.
    suppliers : tuple of Supplier
        Shares sum to 1.
    substitution : float or (B,)
        σ > 1.
    demand_elasticity : float or (B,)
        ε > 0.
    pass_through : float or (B,)
        φ in (0, 1].
    margin : float or (B,), optional
        μ in (0, 1], price-cost margin at the baseline; default 1/σ.
    consumers, revenue : float or (B,)
        Political weights w_C and w_R.
    domain : str

    Raises
    ------
    PayoffError
        If a number is outside its domain, shares do not sum to 1, or the domestic supplier has a
        tariff.

    References
    ----------
    Grossman and Helpman (1994), "Protection for Sale", AER 84; Ossa (2014), "Trade Wars and Trade
    Talks with Data", AER 104; Amiti, Redding and Weinstein (2019), JEP 33.
    """

    name: str
    importer: int | None
    size: Row
    suppliers: tuple[Supplier, ...]
    substitution: Row
    demand_elasticity: Row
    pass_through: Row = 1.0
    margin: Row | None = None
    consumers: Row = 1.0
    revenue: Row = 1.0
    domain: str = "tariffs"

    def __post_init__(self) -> None:
        def put(field: str, value: ArrayLike, **domain: float) -> None:
            text = f"market {self.name}: {field.replace('_', ' ')}"
            object.__setattr__(self, field, parameter(value, text, **domain))

        put("size", self.size, above=0.0)
        put("substitution", self.substitution, above=1.0)
        put("demand_elasticity", self.demand_elasticity, above=0.0)
        put("pass_through", self.pass_through, above=0.0, at_most=1.0)
        margin = 1.0 / np.asarray(self.substitution) if self.margin is None else self.margin
        put("margin", margin, above=0.0, at_most=1.0)
        put("consumers", self.consumers, at_least=0.0)
        put("revenue", self.revenue, at_least=0.0)
        self._check_suppliers()

    def _check_suppliers(self) -> None:
        total = np.asarray(sum(np.asarray(s.share) for s in self.suppliers))
        worst = float(total.flat[np.abs(total - 1.0).argmax()]) if total.size else 1.0
        if abs(worst - 1.0) > SHARES_TOLERANCE:
            raise PayoffError(f"market {self.name}: shares must sum to 1, they sum to {worst:.12g}")
        for s in self.suppliers:
            domestic = s.player is not None and s.player == self.importer
            if domestic and (s.issue is not None or np.any(np.asarray(s.tariff) != 0)):
                raise PayoffError(
                    f"market {self.name}: the domestic supplier {s.name} has no tariff"
                )

    @property
    def unit_cost(self) -> Row:
        """1 − μ, of the baseline border price."""
        assert self.margin is not None  # set by __post_init__
        return 1.0 - self.margin

    @property
    def players(self) -> tuple[int, ...]:
        """The importer and every player that supplies."""
        found = {s.player for s in self.suppliers} | {self.importer}
        return tuple(sorted(p for p in found if p is not None))

    @property
    def issues(self) -> tuple[int, ...]:
        """The tariffs that are issues."""
        return tuple(sorted({s.issue for s in self.suppliers if s.issue is not None}))

    def components(self, x: Rows) -> list[Component]:
        """Return consumers, revenue and profits of the importer, and profits of the exporters."""
        sigma, epsilon, phi = self.substitution, self.demand_elasticity, self.pass_through
        tariffs = [s.tariff if s.issue is None else x[s.issue] for s in self.suppliers]
        log_t = [s.log_change(t) for s, t in zip(self.suppliers, tariffs, strict=True)]
        terms = [
            s.share * np.exp(phi * (1.0 - sigma) * lt)
            for s, lt in zip(self.suppliers, log_t, strict=True)
        ]
        log_p = np.log(sum(terms)) / (1.0 - sigma)
        per_share = self.size * np.exp((sigma - epsilon) * log_p)
        revenue: Row = 0.0
        parts: list[Component] = []
        for s, t, lt, share in zip(self.suppliers, tariffs, log_t, terms, strict=True):
            border = per_share * share / (1.0 + t)
            revenue = revenue + t * border
            if s.player is not None:
                profit = border * (1.0 - self.unit_cost * np.exp((1.0 - phi) * lt))
                parts.append(Component(s.player, self.domain, "profits", s.weight, row(profit)))
        if self.importer is None:
            return parts
        surplus = -self.size * log_p * expm1_ratio((1.0 - epsilon) * log_p)
        return [
            Component(self.importer, self.domain, "consumers", self.consumers, row(surplus)),
            Component(self.importer, self.domain, "revenue", self.revenue, row(revenue)),
            *parts,
        ]

    def bind(
        self, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
    ) -> MarketKernel | None:
        """Return the market as a function of the table's tariffs; see `Term.bind`."""
        return _compile(self, fixed, issues, players)

    def margins(self, upper: Rows) -> list[tuple[str, FloatArray]]:
        """Return b_s − (1 − μ) of each supplier at the highest tariffs, where it is smallest.

        Parameters
        ----------
        upper : rows
            Highest value of every issue.
        """
        found = []
        for s in self.suppliers:
            t = s.tariff if s.issue is None else upper[s.issue]
            price = np.exp((self.pass_through - 1.0) * s.log_change(t))
            found.append((s.name, np.atleast_1d(price - self.unit_cost)))
        return found


@dataclass(slots=True)
class Folding:
    """Collects what the suppliers of a market are at one table."""

    active: list[ActiveSupplier] = field(default_factory=list)
    own: dict[int, list[int]] = field(default_factory=dict)
    constant: dict[int, Row] = field(default_factory=dict)
    rest: Row | None = None

    def earn(self, player: int | None, amount: Row) -> None:
        """Add to what a player at the table gets per unit of E/D."""
        if player is not None:
            self.constant[player] = self.constant.get(player, 0.0) + amount


def _compile(
    market: Market, fixed: Rows, issues: Mapping[int, int], players: Mapping[int, int]
) -> MarketKernel | None:
    """Return the market at a table, or None if no player there has a part in it."""
    importer = None if market.importer is None else players.get(market.importer)
    folding = Folding()
    for supplier in market.suppliers:
        owner = None if supplier.player is None else players.get(supplier.player)
        if supplier.issue is not None and supplier.issue in issues:
            if owner is not None:
                folding.own.setdefault(owner, []).append(len(folding.active))
            folding.active.append(_active(market, supplier, issues[supplier.issue]))
        else:
            tariff = supplier.tariff if supplier.issue is None else fixed[supplier.issue]
            _fold(folding, market, supplier, tariff=tariff, owner=owner, importer=importer)
    present = sorted({p for p in (importer, *folding.own, *folding.constant) if p is not None})
    accounts = tuple(
        Account(p, folding.constant.get(p), tuple(folding.own.get(p, ())), p == importer)
        for p in present
    )
    if not accounts:
        return None
    return _kernel(market, folding, accounts)


def _active(market: Market, s: Supplier, issue: int) -> ActiveSupplier:
    """Return a supplier whose tariff is settled at the table, at that position."""
    tau0 = -s.log_change(0.0)
    C = market.pass_through * (1.0 - market.substitution)
    share = np.asarray(s.share)
    known = share > 0.0
    level = np.where(known, np.log(np.where(known, share, 1.0)) - C * tau0, LOWEST)
    cost = s.weight * market.unit_cost * np.exp((market.pass_through - 1.0) * tau0)
    return ActiveSupplier(issue, _plain(level), s.weight, _plain(cost), (C - 1.0) * s.weight)


def _fold(
    folding: Folding,
    market: Market,
    s: Supplier,
    *,
    tariff: Row,
    owner: int | None,
    importer: int | None,
) -> None:
    """Fold a supplier with a fixed tariff into D, the tariff revenue and its owner's profits."""
    log_t = s.log_change(tariff)
    weight = _plain(s.share * np.exp(market.pass_through * (1.0 - market.substitution) * log_t))
    folding.rest = weight if folding.rest is None else folding.rest + weight
    border = weight / (1.0 + tariff)
    if owner is not None:
        cost = market.unit_cost * np.exp((1.0 - market.pass_through) * log_t)
        folding.earn(owner, _plain(s.weight * border * (1.0 - cost)))
    if np.any(np.asarray(tariff) != 0.0):
        folding.earn(importer, _plain(market.revenue * border * tariff))


def _kernel(market: Market, folding: Folding, accounts: tuple[Account, ...]) -> MarketKernel:
    """Return the kernel with the constants that its formulas share."""
    sigma, epsilon, phi = market.substitution, market.demand_elasticity, market.pass_through
    C, B = phi * (1.0 - sigma), phi * (sigma - epsilon)
    theta = _plain(np.where(np.asarray(epsilon) == 1.0, TINY, 1.0 - np.asarray(epsilon)))
    return MarketKernel(
        issues=tuple(sorted({a.issue for a in folding.active})),
        active=tuple(folding.active),
        accounts=accounts,
        rest=folding.rest,
        size=market.size,
        eta=theta / (1.0 - sigma),
        surplus=-market.consumers * market.size / theta,
        C=C,
        C1=C - 1.0,
        B=B,
        half=0.5 * (B - C),
        absorbed=1.0 - phi if np.any(np.asarray(phi) != 1.0) else None,
        F=phi - C,
        F1=(phi - C) * (1.0 - phi),
        duty=market.revenue,
        slope=market.revenue * (1.0 - C),
        level=market.revenue * C - market.consumers * phi,
        cross=0.5 * market.consumers * phi * B,
    )


def _plain(value: Row) -> Row:
    """Return a float for what is no row."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else array
