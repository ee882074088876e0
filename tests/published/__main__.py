"""Print every published result beside what is computed, as a Markdown table.

cd tests && python -m published > published.md
"""

from __future__ import annotations

import sys

import numpy as np

from published import SOLVERS, Band, Estimate, error, results


def shown(value: object) -> str:
    """Return numbers with six digits."""
    if isinstance(value, Estimate):
        return f"{shown(value.mean)} ± {shown(value.error)}"
    if isinstance(value, Band):
        return f"{value.low:g} to {value.high:g}"
    array = np.round(np.asarray(value, dtype=float), 12) + 0.0  # neither rounding error nor -0
    return np.array2string(array, precision=6, separator=", ", max_line_width=10_000).strip()


def main() -> None:
    """Run all solvers; the last column is the error in units of the tolerance."""
    lines = [
        "| result | quantity | expected | computed | error / tolerance |",
        "|---|---|---|---|---|",
    ]
    for result in results():
        computed = SOLVERS[result.id](result.inputs)
        lines += [
            f"| {result.id}: {result.reference} | {name} | {shown(want)} | "
            f"{shown(computed[name])} | {error(computed[name], want, result):.2g} |"
            for name, want in result.expected.items()
        ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
