"""What time does to a deal, whether it holds, and what coalitions are worth."""

from __future__ import annotations

from rich.console import Console

from sim.cli.equilibria.cells import Report, figure, percent, unsolved
from sim.cli.grids import grid

__all__ = ["coalitions", "enforcement", "talks"]


def talks(report: Report, out: Console) -> None:
    """Print what alternating offers lead to, by who proposes first."""
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
                *(figure(payoff[p]) for p in parties),
                percent(found["agreement"]),
                figure(found["years_until_agreement"]),
            )
        table.add_row("offers ever faster", *(figure(found["limit"][p]) for p in parties))
        out.print(table)
        if found["equilibria"]["q95"] > 1:
            out.print(f"{figure(found['equilibria'])} stationary equilibria a draw; one is shown")
        unsolved(found["converged"], out)
        out.print()


def enforcement(report: Report, out: Console) -> None:
    """Print the discount factors from which deals hold, file by file and pooled."""
    table = grid(
        "Does the deal hold? Critical discount factor per year",
        ["", "of", "factor", "never", "holds", "linkage rescues", "tightens"],
        naming=2,
    )
    table.collapse_padding = True
    lines = []
    for dyad, found in report.items():
        for track, entry in found["separate"].items():
            table.add_row(
                dyad,
                track,
                figure(entry["critical_discount_factor"]),
                f"{100 * entry['never']:.0f} %",
                f"{100 * entry['holds']['mean']:.0f} %",
                f"{100 * entry['rescued_by_linkage']:.0f} %",
                f"{100 * entry['tightened_by_linkage']:.0f} %",
            )
        pooled = found["pooled"]
        cells = [figure(pooled["critical_discount_factor"]), f"{100 * pooled['never']:.0f} %"]
        table.add_row(dyad, "pooled", *cells, f"{100 * pooled['holds']['mean']:.0f} %", "", "")
        alone = found["by_issue"]
        hopeless = [issue for issue, entry in alone.items() if entry["never"] >= 1.0]
        for issue in [issue for issue in alone if issue not in hopeless]:
            entry = alone[issue]
            cells = [figure(entry["critical_discount_factor"]), f"{100 * entry['never']:.0f} %"]
            table.add_row("", f"{issue} alone", *cells, "", "", "")
        if hopeless:
            lines.append(f"{dyad}: never, in any draw: {', '.join(hopeless)}, each alone")
    out.print(table)
    for line in lines:
        out.print(line)
    unsolved(min((found["converged"] for found in report.values()), default=1.0), out)
    out.print()


def coalitions(report: Report, out: Console) -> None:
    """Print how coalitions divide the gain, and what each is worth."""
    table = grid("Coalitions: division of the total gain over breakdown", ["", *report["shapley"]])
    table.add_row("Shapley value", *(figure(s) for s in report["shapley"].values()))
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
    out.print(
        f"the core is {empty} at mean values; the partners are {kind} ({figure(complements)})"
    )
    out.print()
    table = grid("Total gain over breakdown by coalition", ["", "worth"])
    for members, worth in report["worth"].items():
        if worth["mean"]:
            table.add_row(members, figure(worth))
    out.print(table)
