"""Tables of plain text that fit the terminal: wide ones go on below, and no number is cut."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from functools import partial

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

__all__ = ["WIDTH", "consoles", "grid"]

WIDTH = 80
"""Columns where there is no terminal to ask."""

_NARROWEST = 20
_LEAST = 12  # columns of a cell of words before its lines are broken further


def consoles() -> tuple[Console, Console]:
    """Return the consoles for stdout and stderr; both honour NO_COLOR, COLUMNS and pipes."""
    plain = partial(Console, highlight=False, markup=False, emoji=False)  # a user's text is text
    out = plain()
    if not out.is_terminal:
        asked = os.environ.get("COLUMNS", "")
        width = max(_NARROWEST, int(asked)) if asked.isdecimal() else WIDTH
        out = plain(width=width, color_system=None)
    return out, plain(stderr=True)


class _Grid(Table):
    """Columns that do not fit side by side follow below, each time with those that name the row.

    Words are broken over lines; where not even one number fits beside its row's name, each stands
    on a line of its own.
    """

    naming = 1
    """How many columns, from the first on, name the row."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.title:
            yield Text(str(self.title), style="bold")
        parts = self._parts(options.max_width)
        if not parts:
            yield from self._line_by_line(options.max_width)
        for n, part in enumerate(parts):
            if n:
                yield Text()
            yield part

    def _parts(self, width: int) -> list[Table]:
        """Return tables that fit, or nothing if there are none."""
        names, others = self.columns[: self.naming], self.columns[self.naming :]
        need = [_words(c) if not c.no_wrap else _longest(c) for c in others]
        gap = 1 if self.collapse_padding else 2
        between = gap * (len(names) - 1)
        label, whole = between + sum(map(_longest, names)), True
        if label + gap + max(need, default=0) > width:
            label, whole = between + sum(min(_longest(c), _LEAST) for c in names), False
        if label + gap + max(need, default=0) > width:
            return []
        packs: list[list[Column]] = [[]]
        free = width - label
        for column, least in zip(others, need, strict=True):
            if least + gap > free:
                packs.append([])
                free = width - label
            packs[-1].append(column)
            free -= least + gap
        return [self._plain(names, pack, whole=whole) for pack in packs]

    def _plain(self, names: Sequence[Column], columns: Sequence[Column], *, whole: bool) -> Table:
        """Return a table of these columns; the names of the rows may be broken unless `whole`."""
        table = Table(box=None, pad_edge=False, collapse_padding=self.collapse_padding)
        for place, column in enumerate((*names, *columns)):
            table.add_column(
                Text(str(column.header)),
                justify=column.justify,
                no_wrap=whole if place < len(names) else column.no_wrap,
                overflow="fold",
            )
        for row in zip(*map(_cells, (*names, *columns)), strict=True):
            table.add_row(*row)
        return table

    def _line_by_line(self, width: int) -> Iterator[RenderableType]:
        heads = [str(column.header) for column in self.columns]
        for row in zip(*(_cells(column) for column in self.columns), strict=True):
            names, cells = row[: self.naming], row[self.naming :]
            said = [
                cell.plain if place == 0 and not head else f"{head} {cell.plain}"
                for place, (head, cell) in enumerate(zip(heads, names, strict=False))
                if cell.plain
            ]
            yield names[0] if len(names) == 1 else Text(", ".join(said))
            for head, cell in zip(heads[self.naming :], cells, strict=True):
                if cell.plain and cell_len(f"  {head} {cell.plain}") <= width:
                    yield Text(f"  {head} " if head else "  ").append_text(cell)
                elif cell.plain:
                    yield Text(f"  {head}")
                    yield Text("  ").append_text(cell)


def _cells(column: Column) -> list[Text]:
    return [cell if isinstance(cell, Text) else Text(str(cell)) for cell in column.cells]


def _longest(column: Column) -> int:
    return max(map(cell_len, [str(column.header), *(cell.plain for cell in _cells(column))]))


def _words(column: Column) -> int:
    """Return the least width of a column of words."""
    said = [str(column.header), *(cell.plain for cell in _cells(column))]
    longest = max((cell_len(word) for text in said for word in text.split()), default=0)
    return min(_longest(column), max(longest, _LEAST))


def grid(
    title: str, columns: Sequence[str], *, words: Collection[str] = (), naming: int = 1
) -> Table:
    """Return an empty table without lines, numbers to the right.

    Parameters
    ----------
    title : str
        It may be wider than the columns.
    columns : sequence of str
        Heads; the first `naming` columns hold the names of the rows.
    words : collection of str
        Heads of further columns that hold words, to the left, broken over lines where needed.
    naming : int
        Columns that are said again wherever the table goes on below.
    """
    table = _Grid(title=title)
    table.naming = naming
    for number, column in enumerate(columns):
        text = number < naming or column in words
        table.add_column(column, justify="left" if text else "right", no_wrap=not text)
    return table
