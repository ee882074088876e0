"""What is agreed: every issue as intervals, beside what was, what is asked, and what threatens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.plots.canvas import Chart, chart, finish, grid, styled
from sim.plots.reading import (
    FloatArray,
    choose,
    footnote,
    labels,
    need,
    numbers,
    pick_solution,
    scenario_of,
)
from sim.plots.style import (
    FAINT,
    INK,
    MUTED,
    PAGE,
    axis_unit,
    mark,
    percent,
    plain,
    regime_label,
    settled,
    solution_label,
    wrapped,
)

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario import Scenario

__all__ = ["outcomes"]

_NAME = "outcomes"
_DASHED = (0.0, (3.0, 1.5))
_FIRST = ("separate", "linked", "trilateral")


@dataclass(frozen=True, slots=True)
class _Marks:
    """What a scenario says of one issue; breakdown as its 5, 50 and 95 % quantiles."""

    limits: tuple[float, float]
    status_quo: float
    breakdown: tuple[float, float, float]
    demand: float | None
    offer: float | None


@dataclass(frozen=True, slots=True)
class _Interval:
    """Quantiles 5, 50 and 95 % of an issue over the draws with a deal; None without any."""

    quantiles: tuple[float, float, float] | None
    deal: float


@styled
def outcomes(
    dataset: xr.Dataset,
    *,
    regimes: tuple[str, ...] | None = None,
    issues: tuple[str, ...] | None = None,
    solution: str | None = None,
    width: float = PAGE,
) -> Chart:
    """Draw the outcome of every issue as an interval per regime, with its landmarks.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws.
    regimes : tuple of str, optional
        `separate`, `linked` and `trilateral` by default, or the first three of the result.
    issues : tuple of str, optional
        All by default.
    solution : str, optional
        The first of the result by default.
    width : float
        Inches; below 5 the issues stand in one column.

    Returns
    -------
    Chart
        A panel an issue over its range and in its unit: median and 5 to 95 % of the draws with a
        deal; the status quo, the breakdown value (a band where it is uncertain), the demand and the
        offer. A regime without a deal in any draw says so.

    Raises
    ------
    FigureError
        No outcomes or draws, or a name that is not there.
    """
    need(dataset, _NAME, "outcome", "agreement")
    solution = pick_solution(dataset, _NAME, solution)
    known = labels(dataset, "regime")
    first = tuple(name for name in _FIRST if name in known) or known[:3]
    shown = tuple(choose(_NAME, "regime", r, known) for r in regimes) if regimes else first
    everything = labels(dataset, "issue")
    wanted = tuple(choose(_NAME, "issue", k, everything) for k in issues) if issues else everything
    scenario = scenario_of(dataset, _NAME) if "scenario_text" in dataset.attrs else None
    deals = _deals(dataset, scenario, shown, solution)
    found = {k: [_interval(dataset, r, k, solution, deals[r, k]) for r in shown] for k in wanted}
    theta = None if scenario is None else _theta(dataset, scenario)
    marks = {k: _marks(scenario, theta or {}, k) for k in wanted}
    columns = 2 if width >= 5.0 and len(wanted) > 1 else 1
    rows = -(-len(wanted) // columns)
    figure = chart(width, rows * (0.62 + 0.13 * len(shown)) + 0.6)
    axes = grid(figure, rows, columns)
    for n, issue in enumerate(wanted):
        axis = axes[(n % rows) * columns + n // rows]  # column by column: allies side by side
        _panel(axis, found[issue], marks[issue], shown)
        axis.set_title(wrapped(_label(dataset, issue), 46), fontsize=7.0)
        axis.set_xlabel(_unit(dataset, issue), fontsize=6.5, labelpad=1.5)
        axis.set_ylabel("regime", fontsize=6.5)
    for n in range(len(wanted), rows * columns):
        axes[(n % rows) * columns + n // rows].remove()
    _legend(figure, marks, columns)
    note = footnote(
        dataset, solution, regimes="dot and bar: median, 5 to 95 % of draws with a deal"
    )
    if not any(marks.values()):
        note += "; status quo, demand and breakdown are not in this result"
    return finish(figure, _words(dataset, found, marks, shown, solution), note=note)


def _label(dataset: xr.Dataset, issue: str) -> str:
    if "issue_label" not in dataset.variables:
        return issue
    return str(dataset["issue_label"].sel(issue=issue).values)


def _unit(dataset: xr.Dataset, issue: str) -> str:
    if "issue_unit" not in dataset.variables:
        return f"{issue} (no unit given)"
    return axis_unit(str(dataset["issue_unit"].sel(issue=issue).values))


def _deals(
    dataset: xr.Dataset, scenario: Scenario | None, regimes: tuple[str, ...], solution: str
) -> dict[tuple[str, str], FloatArray]:
    """Return per regime and issue which draws, (B,), have a deal at the table that settles it.

    Which table that is follows from the scenario; without it, all tables of the regime must agree.
    """
    settles = {} if scenario is None else _settles(scenario)
    tables = labels(dataset, "table")
    found = {}
    for regime in regimes:
        flags = numbers(dataset, "agreement", regime=regime, solution=solution)
        everywhere = (flags != 0.0).all(axis=1)
        for issue in labels(dataset, "issue"):
            table = settles.get((regime, issue))
            one = everywhere if table not in tables else flags[:, tables.index(table)] == 1.0
            found[regime, issue] = one
    return found


def _settles(scenario: Scenario) -> dict[tuple[str, str], str]:
    """Return which table settles each issue in each regime."""
    from sim.negotiation import compile_case, median_theta

    case = compile_case(scenario, median_theta(scenario), 1)
    return {
        (regime.name, case.layout.issues[k]): table.name
        for regime in case.regimes.values()
        for table in regime.tables
        for k in table.issues
    }


def _interval(
    dataset: xr.Dataset, regime: str, issue: str, solution: str, deal: FloatArray
) -> _Interval:
    values = numbers(dataset, "outcome", regime=regime, issue=issue, solution=solution)
    kept = values[np.asarray(deal, dtype=bool) & np.isfinite(values)]
    share = float(np.mean(deal))
    if not len(kept):
        return _Interval(None, share)
    low, middle, high = np.quantile(kept, (0.05, 0.5, 0.95))
    return _Interval((float(low), float(middle), float(high)), share)


def _marks(scenario: Scenario | None, theta: dict[str, FloatArray], issue: str) -> _Marks | None:
    """Return what the scenario says of an issue, None if the result does not hold it."""
    if scenario is None or issue not in scenario.issues:
        return None
    spec = scenario.issues[issue]

    def middle(number: object) -> float:
        return float(np.median(np.asarray(scenario.number(number, theta))))  # type: ignore[arg-type]

    falls = np.quantile(np.asarray(scenario.number(spec.breakdown, theta)), (0.05, 0.5, 0.95))
    return _Marks(
        limits=(middle(spec.range[0]), middle(spec.range[1])),
        status_quo=middle(spec.status_quo),
        breakdown=(float(falls[0]), float(falls[1]), float(falls[2])),
        demand=None if spec.demand is None else middle(spec.demand),
        offer=None if spec.offer is None else middle(spec.offer),
    )


def _theta(dataset: xr.Dataset, scenario: Scenario) -> dict[str, FloatArray]:
    """Return the draws of the uncertain numbers, their medians where the result holds none."""
    from sim.negotiation import median_theta

    theta = median_theta(scenario)
    if "theta" in dataset:
        drawn = labels(dataset, "parameter")
        theta |= {name: numbers(dataset, "theta", parameter=name) for name in drawn}
    return theta


def _panel(
    axis: Axes, found: list[_Interval], marks: _Marks | None, regimes: tuple[str, ...]
) -> None:
    """Draw one issue, the first regime on top."""
    if marks is not None:
        _landmarks(axis, marks)
    for y, interval in enumerate(found):
        style = mark(y)
        if interval.quantiles is None:
            axis.text(
                0.5,
                y,
                "no deal in any draw",
                transform=axis.get_yaxis_transform(),
                ha="center",
                va="center",
                fontsize=6.5,
                style="italic",
            )
            continue
        low, middle, high = interval.quantiles
        axis.plot([low, high], [y, y], color=style.color, linewidth=2.4, solid_capstyle="butt")
        axis.plot(
            middle,
            y,
            marker=style.marker,
            color=style.color,
            markeredgecolor="white",
            markeredgewidth=0.5,
            markersize=4.6,
            zorder=5,
        )
        if interval.deal < 1.0:
            axis.text(
                1.0,
                y,
                f"deal {percent(interval.deal)}",
                transform=axis.get_yaxis_transform(),
                ha="right",
                va="bottom",
                fontsize=6.0,
                color=MUTED,
            )
    axis.set_ylim(len(found) - 0.4, -0.6)
    axis.set_yticks(range(len(found)), [regime_label(name) for name in regimes], fontsize=6.5)
    axis.tick_params(axis="y", length=0.0)
    axis.spines["left"].set_visible(False)


def _landmarks(axis: Axes, marks: _Marks) -> None:
    """Draw what the scenario says of an issue, and set the limits to its range."""
    low, _, high = marks.breakdown
    if high > low:
        axis.axvspan(low, high, facecolor=FAINT, alpha=0.45, linewidth=0.0, zorder=0)
    axis.axvline(marks.breakdown[1], color=MUTED, linewidth=1.0, linestyle=_DASHED)
    axis.plot(
        marks.breakdown[1],
        1.0,
        marker="X",
        color=MUTED,
        markeredgecolor="white",
        markersize=5.0,
        transform=axis.get_xaxis_transform(),
        clip_on=False,
        zorder=6,
    )
    axis.axvline(marks.status_quo, color=INK, linewidth=0.9)
    others = [value for value in (marks.demand, marks.offer) if value is not None]
    if marks.demand is not None:
        axis.plot(
            marks.demand,
            0.5,
            marker="*",
            color="white",
            markeredgecolor=INK,
            markersize=7.5,
            transform=axis.get_xaxis_transform(),
            clip_on=False,
            zorder=6,
        )
    if marks.offer is not None:
        axis.plot(
            marks.offer,
            0.5,
            marker="h",
            color="white",
            markeredgecolor=INK,
            markersize=5.5,
            transform=axis.get_xaxis_transform(),
            clip_on=False,
            zorder=6,
        )
    first = min(marks.limits[0], low, marks.status_quo, *others)
    last = max(marks.limits[1], high, marks.status_quo, *others)
    room = 0.03 * ((last - first) or max(abs(first), 1.0))
    axis.set_xlim(first - room, last + room)


def _legend(figure: Chart, marks: dict[str, _Marks | None], columns: int) -> None:
    """Explain the landmarks above the panels."""
    known = [m for m in marks.values() if m is not None]
    if not known:
        return
    keys: list[Line2D | Patch] = [
        Line2D([], [], color=INK, linewidth=0.9, label="status quo"),
        Line2D(
            [],
            [],
            color=MUTED,
            linewidth=1.0,
            linestyle=_DASHED,
            marker="X",
            markeredgecolor="white",
            markersize=5.0,
            label="breakdown",
        ),
    ]
    if any(m.breakdown[2] > m.breakdown[0] for m in known):
        keys.append(Patch(facecolor=FAINT, alpha=0.45, label="breakdown, 5 to 95 %"))
    for name, shape, size in (("demand", "*", 7.5), ("offer", "h", 5.5)):
        if any(getattr(m, name) is not None for m in known):
            keys.append(
                Line2D(
                    [],
                    [],
                    linestyle="",
                    marker=shape,
                    color="white",
                    markeredgecolor=INK,
                    markersize=size,
                    label=name,
                )
            )
    figure.legend(handles=keys, loc="outside upper left", ncols=2 * columns + 1, columnspacing=1.2)


def _words(
    dataset: xr.Dataset,
    found: dict[str, list[_Interval]],
    marks: dict[str, _Marks | None],
    regimes: tuple[str, ...],
    solution: str,
) -> str:
    """Return the alternative text."""
    told = [
        f"Outcomes by issue, {solution_label(solution)} solution: median and 5 to 95 % of draws "
        "with a deal."
    ]
    for issue, intervals in found.items():
        parts = []
        known = marks[issue]
        wide = 0.0 if known is None else known.limits[1] - known.limits[0]
        for regime, interval in zip(regimes, intervals, strict=True):
            if interval.quantiles is None:
                parts.append(f"{regime_label(regime)} no deal in any draw")
                continue
            low, middle, high = (plain(settled(value, wide)) for value in interval.quantiles)
            deal = "" if interval.deal == 1.0 else f", deal in {percent(interval.deal)}"
            parts.append(f"{regime_label(regime)} {middle} ({low} to {high}{deal})")
        if known is not None:
            parts.append(f"status quo {plain(known.status_quo)}")
            parts.append(f"breakdown {plain(known.breakdown[1])}")
            parts += [f"demand {plain(known.demand)}"] if known.demand is not None else []
        told.append(f"{_label(dataset, issue)}, {_unit(dataset, issue)}: {'; '.join(parts)}.")
    return " ".join(told)
