"""Run the comparisons with other programs and write docs/against.md.

python docs/against.py

Programs that are not installed keep the last results in tests/data/against.json.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

HEAD = """# Against other programs

The same questions put to programs that nobody here wrote. Each row is a test in `tests/against`
that holds the largest difference over all its cases to the tolerance; the module of a program is
collected where the program is installed, and nowhere else. The table has the last result of each,
written by `python docs/against.py`.

nashpy, SciPy and SALib come with the tests. The other two are an extra of their own, because Gambit
is compiled from source on most machines:

```bash
.venv/bin/python -m pip install -e '.[test,against]'
.venv/bin/python -m pytest tests/against
.venv/bin/python docs/against.py
```

"""
COLUMNS = """| what | cases | largest difference | tolerated | measured as |
| --- | --- | --- | --- | --- |
"""
TAIL = """
## Where they differ, and who is right

What decides is the definition: the regret of a profile, the constraints of a programme.

- **nashpy's Lemke–Howson** ends at profiles with regrets of a fifth of the payoff range and more in
  all three random 5×4 games. They are no equilibria and are left out before sets are compared; the
  program here checks every profile by its regret.
- **Gambit's polynomial systems** (`enumpoly`) miss equilibria of 4 of the 24 random games of three
  and four players, one of 11 in a 3×3×2 game. That every one of theirs is listed here, and that
  every one listed here has no regret by Gambit's own payoffs, are therefore two rows.
- **Degenerate games** have infinitely many equilibria. Listed here, by Gambit's `enummixed` and by
  nashpy's vertex enumeration are the extreme ones, of which the others are convex combinations.
  Of the entry game ((0, 3), (0, 3); (−1, −1), (2, 1)) these are 3; nashpy's support enumeration and
  Gambit's `enumpoly` give 2 of them.
- **Stance games** are degenerate, because several profiles lead to the same talks. Gambit lists
  pure equilibria; the list here has a point of the continuum beside them and says that it is not
  complete.
- **Exported offers over time** leave a party exactly nothing at the two ends of the frontier. Such
  ties used to be broken by the solver's rounding, and the subgame-perfect payoffs that Gambit's
  tree gave were then up to 12 % off. They are exact ties now.
- **ema_workbench's PRIM** takes the same peels: no density or mass differs. Where several are
  equally good the two choose differently; it stops when no peel helps, where the path here goes on
  to the least mass; and `prim` here drops bounds that may be an accident, and with them some
  coverage on the cases that chose the box.
- **SALib** takes the mean of all rows off the outputs before it estimates first-order indices, this
  program the mean over the two independent samples. That shifts an estimate by some 10⁻⁵; the row
  compares what is left.
"""


def page() -> str:
    """Return the page from the results that are kept."""
    from against import stored

    rows = stored()
    text = HEAD
    for program in dict.fromkeys(row.program for row in rows):
        mine = [row for row in rows if row.program == program]
        text += f"## {program} {mine[0].version}\n\nLast run on {mine[0].date}.\n\n{COLUMNS}"
        for row in mine:
            numbers = f"{row.cases} | {row.difference:.1g} | {row.tolerance:.1g}"
            text += f"| {row.what} | {numbers} | {row.measure} |\n"
        text += "\n"
    return text.rstrip("\n") + "\n" + TAIL


if __name__ == "__main__":
    from against import PROGRAMS, installed, keep, run, stored

    known = {
        program: [r for r in stored() if r.program == program] for program in PROGRAMS.values()
    }
    for key in installed():
        known[PROGRAMS[key]] = run(key, date.today().isoformat())
    keep([row for rows in known.values() for row in rows])
    (ROOT / "docs" / "against.md").write_text(page(), "utf-8")
