"""Tables of trade and output: from CSV files into the tree of a scenario, cell by cell.

Every cell becomes a number of the tree that knows its file, line and column, as if it had been
typed into the scenario. So faults point into the table, and the resolved text needs no other file.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import replace

from sim.errors import Fault
from sim.scenario.names import repeated
from sim.scenario.nodes import Node, Path, Place, dotted
from sim.scenario.read import Reading, file_text
from sim.scenario.world import GeneralEquilibrium

__all__ = ["inline_tables"]

_KEY = GeneralEquilibrium.kind


def inline_tables(reading: Reading) -> None:
    """Replace the CSV files that `general_equilibrium` terms name by what they hold.

    Parameters
    ----------
    reading : Reading
        Changed in place. A term whose file cannot be read is a fault, and goes.
    """
    for path, terms in _blocks(reading.root):
        for name, term in list(terms.items()):
            data = term.value.get(_KEY) if isinstance(term.value, dict) else None
            if data is None or not isinstance(data.value, dict):
                continue
            for field in ("trade", "gdp"):
                cell = data.value.get(field)
                if cell is None or not isinstance(cell.value, str):
                    continue
                table, faults = _table(cell, (*path, name, _KEY, field), reading)
                reading.faults.extend(faults)
                data.value[field] = table
                if faults:
                    terms.pop(name, None)


def _blocks(root: Node) -> Iterator[tuple[Path, dict[str, Node]]]:
    """Yield every mapping of payoff terms with its path: the players' and the ratifiers'."""
    top = root.value if isinstance(root.value, dict) else {}
    ratifiers = top.get("ratifiers")
    owners: list[tuple[Path, object]] = [((), top)]
    if ratifiers is not None and isinstance(ratifiers.value, dict):
        owners += [(("ratifiers", name), node.value) for name, node in ratifiers.value.items()]
    for path, owner in owners:
        found = owner.get("payoffs") if isinstance(owner, dict) else None
        if found is not None and isinstance(found.value, dict):
            yield (*path, "payoffs"), found.value


def _table(cell: Node, path: Path, reading: Reading) -> tuple[Node, list[Fault]]:
    """Return the table that a path names as a tree, and what is wrong with it."""
    names = [name for name, _ in reading.files]
    at = cell.place
    beside = at.file if at.file in names else names[0]  # `--set` has no folder of its own
    file = os.path.normpath(os.path.join(os.path.dirname(beside), str(cell.value)))
    text, wrong = file_text(file)
    if wrong:
        return cell, [Fault(at.file, at.line, at.column, dotted(path), f"{file} {wrong}")]
    if file not in names:
        reading.files.append((file, text))
    return _parsed(text, file, path, replace(cell, value=None))


def _parsed(text: str, file: str, path: Path, node: Node) -> tuple[Node, list[Fault]]:
    def fault(line: int, message: str) -> list[Fault]:
        return [Fault(file, line, 1, dotted(path), message)]

    lines = csv.reader(io.StringIO(text))
    try:
        rows = [(lines.line_num, [part.strip() for part in row]) for row in lines if row]
    except csv.Error as error:
        return node, fault(lines.line_num, f"is no CSV table: {error}")
    if len(rows) < 2:
        return node, fault(1, "needs a header and a row for every region")
    header = rows[0][1]
    columns = len(header) if path[-1] == "trade" else 2
    for line, row in rows:
        if len(row) != columns or not row[0]:
            return node, fault(line, f"needs {columns} cells: a region, then numbers")
    again = [*repeated(row[0] for _, row in rows[1:]), *repeated(header[1:])]
    if again:
        return node, fault(1, f"names regions twice: {', '.join(again)}")
    table: dict[str, Node] = {}
    for line, row in rows[1:]:
        cells = _cells(row, file, line)
        inner = dict(zip(header[1:], cells, strict=True))
        start = Place(file, line, 1)
        table[row[0]] = Node(inner, start, start) if path[-1] == "trade" else cells[0]
    return replace(node, value=dict(table)), []


def _cells(row: list[str], file: str, line: int) -> list[Node]:
    """Return the numbers of a row; what is none stays text, a fault when it is validated."""
    cells, column = [], len(row[0]) + 2
    for part in row[1:]:
        place = Place(file, line, column)
        try:
            cells.append(Node(float(part), place))
        except ValueError:
            cells.append(Node(part, place))
        column += len(part) + 1
    return cells
