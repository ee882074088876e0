"""Write docs/published.md: every published result beside what the program computes.

python docs/published.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

HEAD = """# Published results

Results of the literature, each computed by the program through public functions;
`tests/test_published.py` holds every one of them to its tolerance. An error of 1 would be the
tolerance itself; far below it is rounding, which differs between machines. References that say
*own* are derivations made for this project. Written by `python docs/published.py`.

| result | reference | quantity | expected | computed | error / tolerance |
| --- | --- | --- | --- | --- | --- |
"""


def table() -> str:
    """Compute every result and return the table's rows."""
    from published import SOLVERS, error, results
    from published.__main__ import shown

    rows = []
    for result in results():
        computed = SOLVERS[result.id](result.inputs)
        for name, want in result.expected.items():
            cells = (
                f"`{result.id}`",
                result.reference,
                f"`{name}`",
                shown(want),
                shown(computed[name]),
                _told(error(computed[name], want, result)),
            )
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _told(share: float) -> str:
    return "0" if share == 0.0 else f"{share:.1g}" if share >= 1e-6 else "< 1e-06"


if __name__ == "__main__":
    (ROOT / "docs" / "published.md").write_text(HEAD + table(), "utf-8")
