"""How far the numbers can be trusted: convergence, errors, and what a referee will ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sim.negotiation.diagnostics import diagnose
from sim.plots.style import listed, percent, plain, regime_label, signed, solution_label
from sim.report.answer import FEW
from sim.report.assumptions import unsourced
from sim.report.facts import Facts
from sim.report.tables import ABSENT, Cell, Table
from sim.report.words import with_article

__all__ = ["caveats", "check_tables", "diagnosed"]

Diagnostics = Mapping[str, Any]

_SAMPLERS = {
    "sobol": "scrambled Sobol' points; standard errors from the means of the replicates",
    "lhs": "Latin hypercubes; standard errors from the means of the replicates",
    "random": "independent draws; standard errors s/√n",
}


def diagnosed(facts: Facts) -> Diagnostics:
    """Return what a referee will ask for, under the headline solution; see `diagnose`."""
    outcomes: dict[str, dict[str, float]] = {
        regime: {issue: stat["mean"] for issue, stat in facts.cell(regime)["outcome"].items()}
        for regime in ("separate", "linked")
        if regime in facts.regimes
    }
    return diagnose(facts.scenario, outcomes, solution=facts.solution, regimes=tuple(facts.regimes))


def check_tables(facts: Facts, diagnostics: Diagnostics) -> list[Table]:
    """Return the tables of the diagnostics, those with something to tell."""
    found = [
        _numerics(facts),
        _convergence(facts),
        _flips(facts, diagnostics),
        _fixed_points(diagnostics),
        _threats(facts, diagnostics),
        _payments(facts, diagnostics),
    ]
    return [table for table in found if table.rows]


def _attribute(facts: Facts, name: str) -> dict[str, Any]:
    return dict(json.loads(str(facts.result.attrs.get(name, "{}"))))


def _numerics(facts: Facts) -> Table:
    settings, residual = _attribute(facts, "settings"), _attribute(facts, "residual")
    sampler = str(settings.get("sampler", ""))
    rows = [
        ("draws", f"{facts.draws:,}", "" if facts.uncertain else "nothing is uncertain"),
        ("sampler", sampler, _SAMPLERS.get(sampler, "")),
        ("replicates", str(settings.get("replicates") or ABSENT), ""),
        ("seed", str(facts.summary["seed"]), "the same seed gives the same bytes"),
    ]
    errors = [
        (stat["se"], facts.players[key])
        for key, stat in facts.gain().items()
        if stat["se"] is not None
    ]
    if errors:
        worst, player = max(errors)
        text = f"{plain(worst)} ({player})"
        rows.append(("largest standard error of a gain", text, facts.unit))
    precision = _attribute(facts, "precision")
    if precision:
        reached = precision.get("reached")
        told = ABSENT if reached is None else plain(float(reached))
        met = "met" if precision.get("met") else "not met"
        rows.append(("precision asked for", plain(float(precision["se"])), f"{met}: {told}"))
    if residual:
        count, of = residual["unconverged"], residual["of"]
        rows.append(("solutions that did not converge", f"{count:,} of {of:,}", "kept, flagged"))
        for key, label in _RESIDUALS.items():
            value = residual.get(key)
            rows.append((label, ABSENT if value is None else f"{value:.1e}", ""))
    tolerance = settings.get("solver", {}).get("tolerance")
    if tolerance is not None:
        rows.append(("tolerance of the solver", f"{tolerance:.1e}", "relative"))
    cells = tuple((Cell(name), Cell(value, small)) for name, value, small in rows)
    return Table("numerics", "Numerics", ("", "value"), cells)


_RESIDUALS = {
    "q50": "residual, median",
    "q95": "residual, 95 % quantile",
    "q999": "residual, 99.9 % quantile",
    "max": "residual, largest",
}


def _convergence(facts: Facts) -> Table:
    rows = tuple(
        (
            Cell(regime_label(regime)),
            *(Cell(f"{100 * facts.cell(regime, s)['converged']:.2f} %") for s in facts.solutions),
        )
        for regime in facts.regimes
    )
    return Table(
        name="convergence",
        title="Converged draws",
        head=("", *map(solution_label, facts.solutions)),
        rows=rows,
        note="Share of draws solved within tolerance. The others are part of every number here; "
        "they are flagged in the result, where they can be left out.",
    )


def _flips(facts: Facts, diagnostics: Diagnostics) -> Table:
    rows = tuple(
        (
            Cell(flip["parameter"]),
            Cell(facts.players.get(flip["player"], flip["player"])),
            Cell(f"{'above' if flip['rising'] else 'below'} {plain(flip['value'], 4)}"),
            Cell(percent(flip["quantile"])),
        )
        for flip in diagnostics.get("flips", ())
    )
    return Table(
        name="flips",
        title="Where the gain changes its sign",
        head=("parameter", "player", "gains", "quantile"),
        rows=rows,
        note="One parameter at a time, all others at their medians; the quantile says where the "
        "value lies in the range assumed.",
    )


def _fixed_points(diagnostics: Diagnostics) -> Table:
    found = diagnostics.get("fixed_points", {})
    rows = tuple(
        (Cell(regime_label(regime)), Cell(percent(e["several"])), Cell(percent(e["no_agreement"])))
        for regime, e in found.items()
    )
    draws = max((entry["draws"] for entry in found.values()), default=0)
    return Table(
        name="fixed-points",
        title="Is the outcome the only one",
        head=("", "several fixed points", "no deal is one, too"),
        rows=rows,
        note="Tables settle side by side, each taking the others as given, and where payoffs are "
        "not concave one table can have several local maxima: share of draws in which further "
        f"starts lead elsewhere, in {draws} draws of their own.",
    )


def _threats(facts: Facts, diagnostics: Diagnostics) -> Table:
    rows = tuple(
        (Cell(facts.players.get(key, key)), Cell(plain(float(value))))
        for key, value in diagnostics.get("threat_cost", {}).items()
    )
    return Table(
        name="threats",
        title="What it costs to carry out one's part of the breakdown",
        head=("", f"cost, {facts.unit.partition(' at ')[0]}"),
        rows=rows,
        note="Against the best reply to the others' breakdown, at the medians of all parameters.",
    )


def _payments(facts: Facts, diagnostics: Diagnostics) -> Table:
    rows = []
    for at, entries in diagnostics.get("host_payments", {}).items():
        for entry in entries:
            label = facts.issues.get(entry["issue"], entry["issue"])
            soldier = entry["per_soldier"]
            rows.append(
                (
                    Cell(label, regime_label(at)),
                    Cell(f"{entry['amount']:.2f}"),
                    _share(entry["over_presence_cost"], 0),
                    _share(entry["over_gdp"], 3),
                    Cell(ABSENT if soldier is None else f"{1e3 * soldier:,.0f}"),
                )
            )
    return Table(
        name="payments",
        title="Host-nation payments in proportion",
        head=("", "USD bn per year", "of presence cost", "of GDP", "USD per soldier"),
        rows=tuple(rows),
    )


def _share(value: float | None, digits: int) -> Cell:
    return Cell(ABSENT if value is None else f"{100 * value:.{digits}f} %")


def caveats(facts: Facts) -> list[str]:
    """Return what a reader must know before quoting the answer."""
    found = []
    if facts.uncertain and facts.draws < FEW:
        found.append(f"Only {facts.draws} draws: run more before quoting a number.")
    found += _other_solutions(facts) + _political(facts) + _unconverged(facts)
    if facts.deals.get("linked") == 0.0 or facts.deals.get("separate") == 0.0:
        found.append("Where no draw has a deal, what is compared is what follows a breakdown.")
    bare, total = unsourced(facts)
    if total:
        held = "chances above hold" if facts.gain() else "numbers hold"
        told = f"{bare} of {total} parameters rest on judgement without a source of their own"
        if not bare:
            told = "Every parameter names a source" if total > 1 else "The parameter names a source"
        found.append(f"{told}; the {held} within the ranges assumed.")
    if "regime" in facts.result.dims and facts.result.sizes.get("solution", 0) == 1:
        found.append(
            f"All numbers are those of the {solution_label(facts.solution)} solution; another "
            "solution divides the gains in another way."
        )
    return found


def _other_solutions(facts: Facts) -> list[str]:
    head = {g.player: g.verdict for g in facts.gains(facts.solution)}
    if not head or len(facts.solutions) < 2:
        return []
    names, differing = [], []
    for solution in facts.solutions[1:]:
        others = [g for g in facts.gains(solution) if g.verdict != head.get(g.player)]
        if others:
            told = listed([f"{with_article(g.player)} {g.told}" for g in others])
            label = solution_label(solution)
            differing.append(f"The {label} solution comes out differently: {told}.")
        else:
            names.append(solution_label(solution))
    first = solution_label(facts.solution)
    several = "solutions give" if len(names) > 1 else "solution gives"
    same = [f"The {listed(names)} {several} the same signs as {first}."] if names else []
    return same + differing


def _political(facts: Facts) -> list[str]:
    felt = facts.difference("payoff_change", facts.solution)
    plainly = facts.difference("payoff_change_unweighted", facts.solution)
    turned = [
        f"{with_article(facts.players[key])} {signed(float(plainly[key][0]))}"
        for key in felt
        if key in plainly and felt[key][0] * plainly[key][0] < 0.0
    ]
    if turned:
        return [f"Without political weights the sign of the mean turns: {listed(turned)}."]
    return ["Without political weights the means keep their signs."] if plainly else []


def _unconverged(facts: Facts) -> list[str]:
    residual = _attribute(facts, "residual")
    count = residual.get("unconverged", 0)
    if not count:
        return []
    worst = min(
        (facts.cell(regime, s)["converged"], regime_label(regime))
        for regime in facts.regimes
        for s in facts.solutions
    )
    return [
        f"{count:,} of {residual['of']:,} solutions did not converge, most of them under "
        f"{worst[1]} ({percent(1.0 - worst[0])}); they are included and flagged."
    ]
