"""Reading a world from two tables of trade and output."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import PayoffError
from sim.payoffs.hat_algebra import World
from sim.payoffs.terms import FloatArray

__all__ = ["read_world"]


def read_world(
    trade: Path | str,
    output: Path | str,
    *,
    substitution: ArrayLike = 5.0,
    tariffs: ArrayLike = 0.0,
) -> tuple[tuple[str, ...], World]:
    """Read regions and their baseline from CSV files.

    Parameters
    ----------
    trade : path
        One row an exporter, one column an importer, names in the first row and column.
    output : path
        One row a region: name, output. Same unit as trade.
    substitution, tariffs : array_like
        As for `World`.

    Returns
    -------
    regions : tuple of str
        In the order of the trade table.
    world : World

    Raises
    ------
    PayoffError
        If a table is not rectangular, a number is none, or regions differ.
    """
    header, *rows = _read(trade)
    regions = tuple(header[1:])
    if tuple(row[0] for row in rows) != regions:
        raise PayoffError(f"{Path(trade).name}: rows and columns must name the same regions")
    flows = np.array([_numbers(row, len(regions), trade) for row in rows])
    _, *made = _read(output)
    by_name = {row[0]: float(_numbers(row, 1, output)[0]) for row in made}
    missing = [name for name in regions if name not in by_name]
    if missing:
        raise PayoffError(f"{Path(output).name}: no output of {', '.join(missing)}")
    levels = np.array([by_name[name] for name in regions])
    return regions, World.from_trade(flows, levels, substitution=substitution, tariffs=tariffs)


def _read(path: Path | str) -> list[list[str]]:
    """Return the rows of a CSV file that are not empty."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise PayoffError(f"{path}: cannot be read ({error.strerror})") from error
    if len(rows) < 2:
        raise PayoffError(f"{Path(path).name}: a header and at least one row are needed")
    return rows


def _numbers(row: list[str], count: int, path: Path | str) -> FloatArray:
    if len(row) != count + 1:
        raise PayoffError(f"{Path(path).name}: row {row[0]!r} must have {count} numbers")
    try:
        return np.array([float(cell) for cell in row[1:]])
    except ValueError:
        raise PayoffError(f"{Path(path).name}: row {row[0]!r} holds what is no number") from None
