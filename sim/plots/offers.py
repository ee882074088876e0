"""Alternating offers: how the first proposer's advantage fades as offers come faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from sim.errors import FigureError
from sim.plots.canvas import Chart, finish, log_scale, panels, side_by_side, styled
from sim.plots.reading import FloatArray, scenario_of
from sim.plots.style import FAINT, INK, MUTED, PAGE, listed, mark, plain, signed, with_unit

if TYPE_CHECKING:
    import xarray as xr

    from sim.games.alternating_offers import Convergence
    from sim.scenario import Scenario

__all__ = ["alternating_offers", "draw_offers"]

_NAME = "alternating-offers"
_INTERVALS = tuple(float(t) for t in 2.0 ** -np.arange(0.0, 9.0))


def alternating_offers(
    dataset: xr.Dataset, *, table: str | None = None, width: float = PAGE
) -> Chart:
    """Draw how alternating offers at a table of the scenario approach the Nash solution.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result that holds a scenario with talks.
    table : str, optional
        One that has talks; the first by default. Their horizon, events and outside options are left
        out: the figure is about the time between offers.
    width : float
        Inches.

    Returns
    -------
    Chart
        See `draw_offers`; parameters at their medians.

    Raises
    ------
    FigureError
        No scenario, no talks, or none at that table.
    """
    scenario = scenario_of(dataset, _NAME)
    if not scenario.talks:
        raise FigureError(f"{_NAME}: the scenario has no talks: add a block `talks:`")
    name = table or next(iter(scenario.talks))
    if name not in scenario.talks:
        raise FigureError(f"{_NAME}: no talks at {name!r}; there are {', '.join(scenario.talks)}")
    path, parties = _solved(scenario, name)
    note = "parameters at their medians, other tables at their Nash solution, no events"
    return draw_offers(
        path, players=parties, unit=scenario.unit, title=name, note=note, width=width
    )


def _solved(scenario: Scenario, table: str) -> tuple[Convergence, tuple[str, ...]]:
    """Return the equilibria for shorter and shorter rounds, and the parties' names."""
    from sim.games.alternating_offers import Issues, convergence_path
    from sim.negotiation import compile_case, median_theta
    from sim.negotiation.seat import take_seat
    from sim.negotiation.terms import Names

    theta = median_theta(scenario)
    spec, names = scenario.talks[table], Names(scenario, theta, 1)
    seat = take_seat(compile_case(scenario, theta, 1), table)
    rates = []
    for party in seat.parties:
        rate = spec.rates.get(party, scenario.players[party].discount_rate)
        if rate is None:
            raise FigureError(f"{_NAME}: {party} has no discount rate, for which its talks ask")
        rates.append(float(names.column(rate)[0]))
    held = seat.case.status_quo if spec.during_talks == "status_quo" else seat.case.breakdown
    path = convergence_path(
        Issues(seat.payoffs, seat.lower, seat.upper),
        rates,
        intervals=_INTERVALS,
        hazard=float(names.column(spec.breakdown_hazard)[0]),
        during=seat.held(held),
        breakdown=seat.failure(),
    )
    return path, seat.parties


@styled
def draw_offers(
    path: Convergence,
    *,
    players: tuple[str, ...],
    unit: str = "utility",
    time: str = "years",
    title: str = "",
    note: str = "",
    width: float = PAGE,
) -> Chart:
    """Draw equilibrium payoffs of alternating offers against the time between offers.

    Parameters
    ----------
    path : Convergence
        From `sim.games.alternating_offers.convergence_path`; its first draw is shown.
    players : tuple of str
    unit : str
        Of the payoffs.
    time : str
        Unit of the intervals.
    title, note : str
    width : float
        Inches; below 5 the panels stand below each other.

    Returns
    -------
    Chart
        A panel a player: its payoff by who makes the first offer, and the Nash solution that both
        approach (line across). Last panel: the largest distance from it, beside slope 1, that of
        first-order convergence. Intervals that did not converge are left out, and said.

    Raises
    ------
    FigureError
        No equilibrium converged.

    References
    ----------
    Binmore, Rubinstein and Wolinsky (1986), RAND J. Econ. 17, 176-188.
    """
    good = np.asarray(path.converged[:, 0], dtype=bool)
    if not good.any():
        raise FigureError(f"{_NAME}: no equilibrium was found to tolerance at any interval")
    times, payoffs = path.intervals[good], path.payoffs[good, 0]
    limit, distance = path.limit[0], path.distance[good, 0]
    count = len(players) + 1
    columns = side_by_side(2 if count == 4 else count, width)  # four: two by two
    figure, axes = panels(count, columns, width=width, row=2.1, rest=0.3)
    for n, player in enumerate(players):
        _payoff(axes[n], times, payoffs[:, :, n], float(limit[n]), players)
        axes[n].set_title(f"{player} at {title}" if title else player)
        axes[n].set_ylabel(with_unit("change of payoff", unit))
    _distance(axes[len(players)], times, distance)
    axes[len(players)].set_ylabel(with_unit("largest distance", unit))
    for axis in axes:
        log_scale(axis, "x")
        axis.set_xlabel(f"time between offers ({time})")
    lost = int(np.sum(~good))
    notes = [note] if note else []
    notes += [f"{lost} of {len(good)} intervals did not converge, left out"] if lost else []
    return finish(
        figure, _words(times, payoffs, limit, distance, players, unit, time), note="; ".join(notes)
    )


def _payoff(
    axis: Axes, times: FloatArray, payoffs: FloatArray, limit: float, players: tuple[str, ...]
) -> None:
    """Draw one player's payoff by first proposer."""
    axis.axhline(limit, color=INK, linewidth=0.9)
    axis.annotate(
        "Nash",
        (1.0, limit),
        xycoords=axis.get_yaxis_transform(),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        fontsize=6.5,
    )
    for k, first in enumerate(players):
        style = mark(k)
        axis.plot(
            times,
            payoffs[:, k],
            color=style.color,
            linestyle=style.dashes,
            marker=style.marker,
            markersize=3.2,
            label=f"{first} offers first",
        )
    spread = float(np.abs(payoffs - limit).max()) or max(abs(limit), 1.0) * 1e-6
    axis.set_ylim(limit - 1.15 * spread, limit + 1.15 * spread)
    axis.legend(loc="upper left")


def _distance(axis: Axes, times: FloatArray, distance: FloatArray) -> None:
    """Draw the largest distance from the limit on logarithmic axes, beside slope 1."""
    axis.set_title("distance from Nash")
    some = distance > 0.0
    if not some.any():
        axis.text(0.5, 0.5, "none at any interval", transform=axis.transAxes, ha="center")
        return
    axis.plot(times[some], distance[some], color=INK, marker="o", markersize=3.2)
    log_scale(axis, "y")
    last = int(np.flatnonzero(some)[np.argmin(times[some])])
    line = 0.6 * distance[last] * times / times[last]
    axis.plot(times, line, color=FAINT, linestyle=(0.0, (3.0, 2.0)), linewidth=0.9)
    axis.annotate(
        "slope 1",
        (float(times[last]), float(line[last])),
        xytext=(8, -1),
        textcoords="offset points",
        fontsize=6.5,
        color=MUTED,
    )


def _words(
    times: FloatArray,
    payoffs: FloatArray,
    limit: FloatArray,
    distance: FloatArray,
    players: tuple[str, ...],
    unit: str,
    time: str,
) -> str:
    """Return the alternative text."""
    told = [f"Alternating offers of {listed(players)} against the time between offers, {unit}."]
    for n, player in enumerate(players):
        ends = [
            f"{signed(float(payoffs[0, k, n]))} where {first} offers first"
            for k, first in enumerate(players)
        ]
        told.append(
            f"{player}: at {plain(float(times[0]))} {time} {', '.join(ends)}; limit "
            f"{signed(float(limit[n]))}, the Nash solution."
        )
    told.append(
        f"The largest distance falls from {plain(float(distance[0]))} to "
        f"{plain(float(distance[-1]))} at {plain(float(times[-1]))} {time}."
    )
    return " ".join(told)
