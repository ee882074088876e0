"""`sim equilibria`: what is threatened, whether linkage is chosen, and whether the deal holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.cli.grids import consoles, grid
from sim.cli.objects import print_json
from sim.cli.options import parse_set, warn
from sim.results.equilibria import Progress, equilibria_report
from sim.scenario import load_scenario

__all__ = ["equilibria"]

Report = Mapping[str, Any]


def equilibria(
    file: Path, *, draws: int, seed: int | None, as_json: bool, overrides: list[str]
) -> None:
    """Analyse what a scenario declares beyond its bargaining tables, and print it."""
    out, err = consoles()
    scenario = load_scenario(file, parse_set(overrides))
    warn(scenario, err)
    with _status(err) as progress:
        report = equilibria_report(scenario, draws=draws, seed=seed, progress=progress)
    if as_json:
        print_json(report)
        return
    out.print(Text(report["title"], style="bold"))
    out.print(f"{draws:,} draws, seed {report['seed']}; {report['unit']}\n", soft_wrap=True)
    if lost := report["draws_without_payoffs"]:
        out.print(f"{lost:,} draws left out: payoffs without a value at status quo or breakdown\n")
    for key, show in _SHOWS.items():
        if key in report:
            show(report[key], out)
    if not any(key in report for key in _SHOWS):
        out.print(
            "Nothing to solve: the file declares no stances:, talks:, beliefs: or enforcement:, "
            "and has no player with several partners, whose coalitions could be valued."
        )


@contextmanager
def _status(console: Console) -> Iterator[Progress | None]:
    """Show which analysis is in work, on a terminal; say where Ctrl-C came."""
    current = "interrupted before the first analysis"
    try:
        with console.status("draws") as line:

            def update(what: str, done: int, total: int) -> None:
                nonlocal current
                current = f"interrupted in {what}; nothing is kept"
                line.update(f"{what} ({done + 1} of {total})")

            yield update
    except KeyboardInterrupt:
        console.print(current, soft_wrap=True)
        raise


def _share(stat: Report) -> str:
    error = stat["se"]
    return f"{100 * stat['mean']:.1f} %" + ("" if error is None else f" ±{100 * error:.1f}")


def _stat(stat: Report, digits: int = 2) -> str:
    if stat["mean"] is None:
        middle = "never" if stat["q50"] is None else f"{stat['q50']:.{digits}f}"
        return f"median {middle}"
    error = "" if stat["se"] is None else f" ±{stat['se']:.{digits}f}"
    return f"{stat['mean']:.{digits}f}{error}"


def _unsolved(converged: float, out: Console) -> None:
    """Say in how many draws a solver did not get to the end, if in any."""
    if converged < 1.0:
        out.print(f"not certified in {100 * (1 - converged):.1f} % of draws, which count as found")


def _stances(report: Report, out: Console) -> None:
    _chance(report, out)
    _profiles(report, out)
    _dominance(report, out)
    _advice(report, out)


def _profiles(report: Report, out: Console) -> None:
    """Print the payoff table, its equilibria and who would leave the others."""
    players = report["players"]
    table = grid(
        "Stance game: payoffs at mean parameters; * equilibrium there",
        [" / ".join(players), *(f"u {p}" for p in players), "eq. in", "would leave"],
    )
    table.collapse_padding = True
    pure = [
        {p: max(strategy, key=strategy.get) for p, strategy in one["profile"].items()}
        for one in report["equilibria"]
        if all(max(s.values()) > 1 - 1e-9 for s in one["profile"].values())
    ]
    for entry in report["profiles"]:
        mark = "*" if entry["profile"] in pure else " "
        leavers = ",".join(entry["deviations"]) or "nobody"
        table.add_row(
            mark + "/".join(entry["profile"][p] for p in players),
            *(f"{entry['payoff'][p]:+.2f}" for p in players),
            f"{100 * entry['share_equilibrium']:.0f} %",
            leavers,
        )
    out.print(table)
    _unsolved(report["converged"], out)
    mixed = len(report["equilibria"]) - len(pure)
    out.print(
        f"\n{len(pure)} pure and {mixed} mixed equilibria at mean payoffs; "
        f"{_stat(report['pure_equilibria'])} pure ones a draw, none in "
        f"{100 * report['without_pure_equilibrium']:.1f} % of draws"
    )
    if mixed and report["degenerate"]:
        out.print(
            "Several profiles lead to the same payoffs. Through such ties mixed equilibria come in "
            "whole ranges, of which some points are listed."
        )
    out.print()


def _dominance(report: Report, out: Console) -> None:
    """Print which stances are never worth taking, at mean payoffs and over the draws."""
    table = grid(
        "Stances that another one beats whatever the others do",
        ["", "at means", "best to", "strictly", "weakly", "stays"],
    )
    table.collapse_padding = True
    for player, own in report["dominance"].items():
        for stance, entry in own.items():
            share = entry["share"]
            table.add_row(
                f"{player} {stance}",
                _dominated(entry),
                f"{entry['best_reply_to']} of {entry['of']}",
                *(f"{100 * share[k]:.0f} %" for k in ("strictly", "weakly", "survives_strict")),
            )
    out.print(table)
    out.print(
        "At means: does another stance, or a mixture, do better whatever the others do (strictly), "
        "or never worse (weakly)? If only once others are gone: the round in which it goes. Best "
        "to so many choices of the others. Then the share of draws in which one other stance "
        "beats it, and in which it stays when all beaten ones are taken out again and again.\n"
    )


def _dominated(entry: Report) -> str:
    if entry["out_strict"] is not None and entry["out_strict"] > 1:
        return f"out in round {entry['out_strict']}"
    return "strictly" if entry["strictly"] else "weakly" if entry["weakly"] else "no"


def _chance(report: Report, out: Console) -> None:
    """Print how often files are linked, under every notion of equilibrium."""
    chance = report["p_linkage"]
    table = grid("Chance that files are linked", ["", "share of draws"])
    for key, words in (
        ("every_equilibrium", "in every pure equilibrium"),
        ("some_equilibrium", "in some pure equilibrium"),
        ("risk_dominant", "in the risk-dominant one"),
        ("logit", "in the one the logit branch selects"),
        ("correlated_low", "at least, in any correlated equilibrium"),
        ("correlated_high", "at most, in any correlated equilibrium"),
    ):
        table.add_row(words, _share(chance[key]))
    if report["agenda"]:
        agenda = report["agenda"]
        table.add_row("agenda stage: everybody gains", _share(agenda["everybody_gains"]))
        table.add_row(
            "agenda stage: winners can compensate", _share(agenda["winners_can_compensate"])
        )
    out.print(table)
    out.print()


def _advice(report: Report, out: Console) -> None:
    """Print what correlated equilibria can bring."""
    found = report["correlated"]
    ends = found["p_linkage"]
    payoffs = ", ".join(
        f"{p} {v['low']:+.2f} to {v['high']:+.2f}" for p, v in found["payoff"].items()
    )
    out.print(
        "Correlated equilibrium: a mediator, or news that all watch, suggests a stance to each, "
        "and nobody gains by doing otherwise. At mean payoffs such advice links files with a "
        f"chance of {100 * ends['low']:.1f} to {100 * ends['high']:.1f} % and brings "
        f"{payoffs}.\n"
    )


def _talks(report: Report, out: Console) -> None:
    for name, found in report.items():
        parties = list(found["limit"])
        table = grid(
            f"Offers over time at {name}: change of payoff by first proposer",
            ["", *parties, "agreement", "years"],
        )
        table.collapse_padding = True
        for first, payoff in found["payoff"].items():
            table.add_row(
                f"{first} first",
                *(_stat(payoff[p]) for p in parties),
                _share(found["agreement"]),
                _stat(found["years_until_agreement"]),
            )
        table.add_row("offers ever faster", *(_stat(found["limit"][p]) for p in parties))
        out.print(table)
        if found["equilibria"]["q95"] > 1:
            out.print(f"{_stat(found['equilibria'])} stationary equilibria a draw; one is shown")
        _unsolved(found["converged"], out)
        out.print()


def _beliefs(report: Report, out: Console) -> None:
    table = grid(
        "One offer to an opponent of unknown resolve",
        ["", "proposer", "no deal", "value", "without a deal"],
    )
    for name, found in report.items():
        proposer = found["proposer"]
        table.add_row(
            name,
            proposer,
            _share(found["breakdown"]),
            _stat(found["value"]),
            _stat(found["without_a_deal"][proposer]),
        )
    out.print(table)
    out.print()
    for name, found in report.items():
        if "second_offer" in found:
            _second_offer(name, found, out)
    for name, found in report.items():
        if "crisis" in found:
            _crisis(name, found["crisis"], out)


def _second_offer(name: str, report: Report, out: Console) -> None:
    """Print what changes if the proposer cannot help offering once more after a refusal."""
    found = report["second_offer"]
    table = grid(f"{name}: a second offer after a refusal, without commitment", ["", ""])
    table.show_header = False
    for words, cell in (
        (f"value to {report['proposer']}", _stat(found["value"])),
        ("worth of a promise that the first is the last", _stat(found["value_of_commitment"])),
        ("no deal", _share(found["breakdown"])),
        ("deal only at the second offer", _share(found["delay"])),
    ):
        table.add_row(words, cell)
    for plan, words in _PLANS.items():
        table.add_row(words, _share(found["plans"][plan]))
    out.print(table)
    out.print()


_PLANS = {
    "pool": "  buys off the tougher type at once",
    "skim": "  pays the weaker type to settle, then gives in",
    "mix": "  stays hard, the weaker type gives way at random",
    "exclude": "  never buys off the tougher type",
}


def _crisis(name: str, found: Report, out: Console) -> None:
    """Print which transfers both prefer to a breakdown, and why there may be none."""
    table = grid(
        f"{name}: what both prefer to a breakdown, {found['transfer']}",
        ["against", "belief", "from", "to", "no such value"],
    )
    types = list(found["types"].items())
    if len(types) > SHOWN:
        types = [types[0], types[len(types) // 2], types[-1]]
    for kind, entry in types:
        low, high, empty = _stat(entry["low"]), _stat(entry["high"]), _share(entry["empty"])
        table.add_row(kind, f"{100 * entry['belief']:.0f} %", low, high, empty)
    every = found["any_type"]
    low, high, empty = _stat(every["low"]), _stat(every["high"]), _share(every["empty"])
    table.add_row("all of them", "", low, high, empty)
    out.print(table)
    out.print()
    table = grid("", ["", ""])
    table.show_header = False
    for words, cell in _crisis_rows(found):
        table.add_row(words, cell)
    out.print(table)
    if found["converged"] < 1.0:
        share = 100 * (1 - found["converged"])
        out.print(f"not one interval in {share:.1f} % of draws and types: a payoff turns")
    out.print()


SHOWN = 4
"""Most types of opponent with a line of their own; of more the first, middle and last."""


def _crisis_rows(found: Report) -> list[tuple[str, str]]:
    """Return what is said below the ranges, as pairs of words and figures."""
    rows = [("agreed without secrets", _stat(found["agreed"]))]
    if "demand" in found:
        demand = found["demand"]
        rows.append(
            (
                f"chance that the demand of {_stat(demand['value'])} is within",
                _share(demand["acceptable"]),
            )
        )
    rows.append(("width of the range", _stat(found["width"])))
    if found["width_without_costs"] != found["width"]:
        costless = _stat(found["width_without_costs"])
        rows.append(("  without the declared costs of a breakdown", costless))
    rows += [
        ("best take-it-or-leave-it demand", _stat(found["offer"])),
        ("  refused", _share(found["refused"])),
        ("  refused though both could gain", _share(found["refused_though_both_could_gain"])),
    ]
    if "no_whole_lot" in found:
        rows.append(("no whole lot within the range", _share(found["no_whole_lot"])))
    if "before_shift" in found:
        shift = found["before_shift"]
        rows.append(("width if later terms cannot be promised", _stat(shift["width"])))
        rows.append(
            ("  nothing left: broken off before the shift", _share(shift["broken_by_the_shift"]))
        )
    return rows


def _enforcement(report: Report, out: Console) -> None:
    table = grid(
        "Does the deal hold? Critical discount factor per year",
        ["", "of", "factor", "never", "holds", "linkage rescues", "tightens"],
    )
    table.collapse_padding = True
    lines = []
    for dyad, found in report.items():
        for track, entry in found["separate"].items():
            table.add_row(
                dyad,
                track,
                _stat(entry["critical_discount_factor"]),
                f"{100 * entry['never']:.0f} %",
                f"{100 * entry['holds']['mean']:.0f} %",
                f"{100 * entry['rescued_by_linkage']:.0f} %",
                f"{100 * entry['tightened_by_linkage']:.0f} %",
            )
        pooled = found["pooled"]
        cells = [_stat(pooled["critical_discount_factor"]), f"{100 * pooled['never']:.0f} %"]
        table.add_row(dyad, "pooled", *cells, f"{100 * pooled['holds']['mean']:.0f} %", "", "")
        alone = found["by_issue"]
        hopeless = [issue for issue, entry in alone.items() if entry["never"] >= 1.0]
        for issue in [issue for issue in alone if issue not in hopeless]:
            entry = alone[issue]
            cells = [_stat(entry["critical_discount_factor"]), f"{100 * entry['never']:.0f} %"]
            table.add_row("", f"{issue} alone", *cells, "", "", "")
        if hopeless:
            lines.append(f"{dyad}: never, in any draw: {', '.join(hopeless)}, each alone")
    out.print(table)
    for line in lines:
        out.print(line)
    _unsolved(min((found["converged"] for found in report.values()), default=1.0), out)
    out.print()


def _coalitions(report: Report, out: Console) -> None:
    table = grid("Coalitions: division of the total gain over breakdown", ["", *report["shapley"]])
    table.add_row("Shapley value", *(_stat(s) for s in report["shapley"].values()))
    table.add_row(
        "nucleolus at means", *(f"{v:.2f}" for v in report["nucleolus_at_means"].values())
    )
    out.print(table)
    complements = report["complements"]
    mean, error = complements["mean"] or 0.0, complements["se"] or 0.0
    kind = (
        "independent" if abs(mean) <= 2.0 * error else "complements" if mean > 0 else "substitutes"
    )
    empty = "empty" if report["core_empty_at_means"] else "not empty"
    out.print(f"the core is {empty} at mean values; the partners are {kind} ({_stat(complements)})")
    out.print()
    table = grid("Total gain over breakdown by coalition", ["", "worth"])
    for members, stat in report["worth"].items():
        if stat["mean"]:
            table.add_row(members, _stat(stat))
    out.print(table)


_SHOWS = {
    "stances": _stances,
    "talks": _talks,
    "beliefs": _beliefs,
    "enforcement": _enforcement,
    "coalitions": _coalitions,
}
