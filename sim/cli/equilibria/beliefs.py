"""Private information: offers to an unknown opponent, and what is left to agree on."""

from __future__ import annotations

from rich.console import Console

from sim.cli.equilibria.cells import Report, figure, percent
from sim.cli.grids import grid

__all__ = ["beliefs"]

_SHOWN = 4  # types of opponent with a line of their own; of more the first, middle and last

_PLANS = {
    "pool": "  buys off the tougher type at once",
    "skim": "  pays the weaker type to settle, then gives in",
    "mix": "  stays hard, the weaker type gives way at random",
    "exclude": "  never buys off the tougher type",
}


def beliefs(report: Report, out: Console) -> None:
    """Print the offers to opponents of unknown resolve, then what follows a refusal."""
    table = grid(
        "One offer to an opponent of unknown resolve",
        ["", "proposer", "no deal", "value", "without a deal"],
    )
    for name, found in report.items():
        proposer = found["proposer"]
        table.add_row(
            name,
            proposer,
            percent(found["breakdown"]),
            figure(found["value"]),
            figure(found["without_a_deal"][proposer]),
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
        (f"value to {report['proposer']}", figure(found["value"])),
        ("worth of a promise that the first is the last", figure(found["value_of_commitment"])),
        ("no deal", percent(found["breakdown"])),
        ("deal only at the second offer", percent(found["delay"])),
    ):
        table.add_row(words, cell)
    for plan, words in _PLANS.items():
        table.add_row(words, percent(found["plans"][plan]))
    out.print(table)
    out.print()


def _crisis(name: str, found: Report, out: Console) -> None:
    """Print which transfers both prefer to a breakdown, and why there may be none."""
    table = grid(
        f"{name}: what both prefer to a breakdown, {found['transfer']}",
        ["against", "belief", "from", "to", "no such value"],
    )
    types = list(found["types"].items())
    if len(types) > _SHOWN:
        types = [types[0], types[len(types) // 2], types[-1]]
    for kind, entry in types:
        low, high, empty = figure(entry["low"]), figure(entry["high"]), percent(entry["empty"])
        table.add_row(kind, f"{100 * entry['belief']:.0f} %", low, high, empty)
    every = found["any_type"]
    low, high, empty = figure(every["low"]), figure(every["high"]), percent(every["empty"])
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


def _crisis_rows(found: Report) -> list[tuple[str, str]]:
    """Return what is said below the ranges, as pairs of words and figures."""
    rows = [("agreed without secrets", figure(found["agreed"]))]
    if "demand" in found:
        demand = found["demand"]
        rows.append(
            (
                f"chance that the demand of {figure(demand['value'])} is within",
                percent(demand["acceptable"]),
            )
        )
    rows.append(("width of the range", figure(found["width"])))
    if found["width_without_costs"] != found["width"]:
        costless = figure(found["width_without_costs"])
        rows.append(("  without the declared costs of a breakdown", costless))
    rows += [
        ("best take-it-or-leave-it demand", figure(found["offer"])),
        ("  refused", percent(found["refused"])),
        ("  refused though both could gain", percent(found["refused_though_both_could_gain"])),
    ]
    if "no_whole_lot" in found:
        rows.append(("no whole lot within the range", percent(found["no_whole_lot"])))
    if "before_shift" in found:
        shift = found["before_shift"]
        rows.append(("width if later terms cannot be promised", figure(shift["width"])))
        rows.append(
            ("  nothing left: broken off before the shift", percent(shift["broken_by_the_shift"]))
        )
    return rows
