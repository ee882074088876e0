"""The table in README.md is that of a run: a smaller one agrees with it within standard errors."""

from __future__ import annotations

import math
import re
from pathlib import Path

from sim.cli.tables import label
from sim.results import plan_run, simulate, summary_json

ROOT = Path(__file__).parents[1]
BASE = ROOT / "scenarios" / "us-allies-2025-04.yaml"
CELL = re.compile(r"([+-]?\d[\d.]*) +±([\d.e-]+)")


def told() -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return what the README prints: title of the table, name of the row, (mean, error)."""
    text = (ROOT / "README.md").read_text("utf-8").split("```text\n")[1].split("```")[0]
    found = {}
    for block in text.split("\n\n"):
        title, *lines = block.splitlines()
        rows = {
            line[: cells[0].start()].strip(): [(float(c[1]), float(c[2])) for c in cells]
            for line in lines
            if (cells := list(CELL.finditer(line)))
        }
        found[title] = rows
    return found


def test_the_table_of_the_readme_is_that_of_a_run() -> None:
    tables = told()
    summary = summary_json(simulate(plan_run(BASE, draws=512, solutions=("nash",))))
    regimes = {name: found["nash"] for name, found in summary["regimes"].items()}
    gains = tables["Gain from linkage (linked − separate), nash"]
    pairs = [(gains[p][0], stat) for p, stat in summary["linkage_gain"]["nash"].items()]
    payoffs = tables["Payoff, change from the status quo, nash"]
    assert list(payoffs) == [label(name) for name in regimes]
    for name, found in regimes.items():
        pairs += zip(payoffs[label(name)], found["payoff_change"].values(), strict=True)
    outcomes = tables["Outcomes, nash"]
    assert list(outcomes) == list(regimes["separate"]["outcome"])
    for issue, cells in outcomes.items():
        three = [regimes[r]["outcome"][issue] for r in ("separate", "linked", "trilateral")]
        pairs += zip(cells, three, strict=True)
    assert len(pairs) == 3 + 3 * len(regimes) + 3 * len(outcomes)
    for (mean, error), stat in pairs:
        # A seldom event has no error in a small run: an issue off its bound in one draw of 1,000.
        room = 8.0 * math.hypot(error, stat["se"]) + 1e-3 * abs(mean)
        assert abs(mean - stat["mean"]) <= room, (mean, error, stat)
