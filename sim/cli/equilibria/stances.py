"""The stance game: its payoffs, its equilibria, and whether linkage is chosen."""

from __future__ import annotations

from rich.console import Console

from sim.cli.equilibria.cells import Report, figure, percent, unsolved
from sim.cli.grids import grid

__all__ = ["stances"]

_SHOWN = 6
"""Mixed equilibria that are printed."""


def stances(report: Report, out: Console) -> None:
    """Print the chance of linkage, then the game behind it."""
    _chance(report, out)
    _profiles(report, out)
    _dominance(report, out)
    _advice(report, out)


def _profiles(report: Report, out: Console) -> None:
    """Print the payoff table, its equilibria and who would leave the others."""
    players = report["players"]
    table = grid(
        "Stance game: mean payoffs over the draws; * equilibrium there",
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
    unsolved(report["converged"], out)
    mixed = [
        one
        for one in report["equilibria"]
        if any(max(s.values()) <= 1 - 1e-9 for s in one["profile"].values())
    ]
    out.print(
        f"\n{len(pure)} pure and {len(mixed)} mixed equilibria at mean payoffs; "
        f"{figure(report['pure_equilibria'])} pure ones a draw, none in "
        f"{100 * report['without_pure_equilibrium']:.1f} % of draws"
    )
    _central(report, pure, out)
    for one in mixed[:_SHOWN]:
        out.print(_mixed(one))
    if len(mixed) > _SHOWN:
        out.print(f"{len(mixed) - _SHOWN} more mixed ones are in the output of --json")
    if mixed and report["degenerate"]:
        out.print(
            "Several profiles lead to the same payoffs. Through such ties mixed equilibria come in "
            "whole ranges, of which some points are listed."
        )
    elif not report["complete"]:
        out.print(f"The list may be incomplete: {'; '.join(report['notes'])}")
    out.print()


def _mixed(one: Report) -> str:
    """Return a mixed equilibrium in words: who plays what how often, and what each has."""
    plays = [
        f"{player} "
        + ", ".join(
            stance if share > 1 - 1e-9 else f"{stance} {100 * share:.1f} %"
            for stance, share in strategy.items()
            if share > 1e-9
        )
        for player, strategy in one["profile"].items()
    ]
    worth = ", ".join(f"u {player} {value:+.2f}" for player, value in one["payoff"].items())
    return f"mixed: {'; '.join(plays)} ({worth})"


def _central(report: Report, pure: list[dict[str, str]], out: Console) -> None:
    """Print the pure equilibria at mean parameters, and how far payoffs there are from the means.

    Payoffs bend, so that payoffs at the mean of the parameters are not the mean payoffs.
    """
    found = report.get("at_mean_parameters")
    if found is None:
        return
    away = max(
        abs(at["payoff"][p] - entry["payoff"][p])
        for at, entry in zip(found["profiles"], report["profiles"], strict=True)
        for p in report["players"]
    )
    own = found["pure_equilibria"]
    said = ", ".join("/".join(one[p] for p in report["players"]) for one in own) or "none"
    same = all(one in pure for one in own) and len(own) == len(pure)
    out.print(
        "Pure equilibria at mean parameters, where payoffs differ from these by up to "
        f"{away:.2f}: " + ("the same" if same else said)
    )


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
    chosen = 100 * chance["risk_dominant_selected"]
    for key, words in (
        ("every_equilibrium", "in every pure equilibrium"),
        ("some_equilibrium", "in some pure equilibrium"),
        ("risk_dominant", f"in the risk-dominant one (there is one in {chosen:.0f} % of draws)"),
        ("logit", "in the one the logit branch selects"),
        ("correlated_low", "at least, in any correlated equilibrium"),
        ("correlated_high", "at most, in any correlated equilibrium"),
    ):
        table.add_row(words, percent(chance[key]))
    if report["agenda"]:
        agenda = report["agenda"]
        table.add_row("agenda stage: everybody gains", percent(agenda["everybody_gains"]))
        table.add_row(
            "agenda stage: winners can compensate", percent(agenda["winners_can_compensate"])
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
