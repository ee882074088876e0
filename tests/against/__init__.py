"""The program against programs that nobody here wrote.

A comparison is a generator that yields, case by case, by how much the two differ; `compared` turns
it into a test. `docs/against.py` runs the same comparisons and keeps the number of cases and the
largest difference in `tests/data/against.json`, from which the page of the documentation is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "against.json"
PROGRAMS = {
    "nashpy": "nashpy",
    "pygambit": "pygambit",
    "scipy": "scipy",
    "ema_workbench": "ema_workbench",
    "salib": "SALib",
}
"""End of the name of a test module → name of the program, by which it is imported too."""


@dataclass(frozen=True)
class Row:
    """What one comparison came to, and when."""

    program: str
    version: str
    name: str
    what: str
    measure: str
    cases: int
    difference: float
    tolerance: float
    date: str


@dataclass(frozen=True)
class Comparison:
    """One comparison of a test module."""

    name: str
    what: str
    measure: str
    tolerance: float
    cases: Callable[[], Iterator[float]]

    def run(self) -> tuple[int, float]:
        """Return the number of cases and the largest difference; fail where it is too large."""
        count, worst = 0, 0.0
        for difference in self.cases():
            assert difference <= self.tolerance, (
                f"case {count}: {self.measure} of {difference:.3g}, "
                f"{self.tolerance:.3g} is tolerated"
            )
            count, worst = count + 1, max(worst, float(difference))
        assert count > 0, f"{self.name}: no case"
        return count, worst


def compared(
    *, measure: str, tolerance: float
) -> Callable[[Callable[[], Iterator[float]]], Callable[[], None]]:
    """Turn a generator of differences into a test that holds each of them to a tolerance.

    The first line of the generator's docstring says in the table what is compared.
    """

    def make(cases: Callable[[], Iterator[float]]) -> Callable[[], None]:
        what = (cases.__doc__ or "").splitlines()[0].rstrip(".")
        comparison = Comparison(cases.__name__, what, measure, tolerance, cases)

        def test() -> None:
            comparison.run()

        test.__name__, test.__doc__, test.__module__ = cases.__name__, what, cases.__module__
        test.comparison = comparison
        return test

    return make


def installed() -> list[str]:
    """Return the test modules, by the ends of their names, whose program can be imported."""
    return [key for key, program in PROGRAMS.items() if find_spec(program)]


def comparisons(key: str) -> list[Comparison]:
    """Return the comparisons of one test module, in its order."""
    module = import_module(f"{__name__}.test_{key}")
    found = (getattr(value, "comparison", None) for value in vars(module).values())
    return [one for one in found if one]


def run(key: str, date: str) -> list[Row]:
    """Run the comparisons of one test module."""
    rows = []
    for one in comparisons(key):
        count, worst = one.run()
        program = PROGRAMS[key]
        rows.append(
            Row(
                program,
                version(program),
                one.name,
                one.what,
                one.measure,
                count,
                worst,
                one.tolerance,
                date,
            )
        )
    return rows


def stored() -> list[Row]:
    """Return the last results that were kept."""
    return [Row(**row) for row in json.loads(DATA.read_text("utf-8"))] if DATA.exists() else []


def keep(rows: list[Row]) -> None:
    """Keep results for the next build of the documentation."""
    text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False)
    DATA.write_text(text + "\n", "utf-8")
