"""A result as one JSON object, and as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.results.summary import STATISTICS, summarise

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["summary_csv", "summary_json"]

Stat = dict[str, float | None]

_KEYS = (
    "regime", "solution", "player", "domain", "channel", "issue", "table", "part", "parameter"
)  # fmt: skip
_SPLITS = {"payoff_change_by_domain": "domain", "payoff_change_of_tariffs": "channel"}


def summary_json(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the object that `sim run --json` prints.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws, or its summary.

    Returns
    -------
    dict
        `scenario`, `title`, `draws`, `seed`, `regimes` {regime: {solution: {agreement, converged,
        payoff_change, payoff_change_by_domain, payoff_change_of_tariffs (by channel: consumers,
        revenue, profits), outcome}}}, `linkage_gain` {solution: {player: {mean, se, q05, q50, q95,
        p_gain, p_tie, and each part}}}, `provenance`. Every STAT is {mean, se, q05, q50, q95}; `se`
        is null where one draw tells nothing of it.
    """
    stats = summarise(dataset)
    attrs = stats.attrs
    return {
        "scenario": attrs["scenario"],
        "title": attrs["title"],
        "draws": int(attrs["draws"]),
        "seed": int(attrs["seed"]),
        "regimes": {
            regime: {
                solution: _cell(stats.sel(regime=regime, solution=solution))
                for solution in _names(stats, "solution")
            }
            for regime in _names(stats, "regime")
        },
        "linkage_gain": _linkage(stats),
        "provenance": {
            name: json.loads(value) if name in _STRUCTURED else _plain(value)
            for name, value in attrs.items()
            if name not in ("scenario_text", "scenario", "title", "draws", "seed")
        },
    }


_STRUCTURED = ("overrides", "settings", "versions", "residual", "precision")


def _names(stats: xr.Dataset, dim: str) -> list[str]:
    return [str(name) for name in stats[dim].values] if dim in stats.coords else []


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _stat(array: xr.DataArray) -> Stat:
    return {
        name: float(value) if np.isfinite(value) else None
        for name, value in zip(STATISTICS, array.values, strict=True)
    }


def _cell(stats: xr.Dataset) -> dict[str, Any]:
    """Return what one regime leads to under one solution."""
    found: dict[str, Any] = {
        "agreement": {
            table: float(stats["agreement"].sel(table=table))
            for table in _names(stats, "table")
            if float(stats["agreement"].sel(table=table)) >= 0.0
        },
        "converged": float(stats["converged"]),
    }
    for name, dim in [
        ("payoff_change", "player"),
        ("payoff_change_unweighted", "player"),
        ("outcome", "issue"),
    ]:
        if name in stats:
            found[name] = {
                label: _stat(stats[name].sel({dim: label})) for label in _names(stats, dim)
            }
    for name, dim in _SPLITS.items():
        if name in stats:
            found[name] = {
                player: {
                    label: _stat(stats[name].sel({"player": player, dim: label}))
                    for label in _names(stats, dim)
                }
                for player in _names(stats, "player")
            }
    return found


def _linkage(stats: xr.Dataset) -> dict[str, Any]:
    if "linkage_gain" not in stats:
        return {}

    def entry(solution: str, player: str) -> dict[str, Any]:
        at = {"solution": solution, "player": player}
        own: dict[str, Any] = dict(_stat(stats["linkage_gain"].sel(at)))
        own |= {name: float(stats[name].sel(at)) for name in ("p_gain", "p_tie")}
        for part in _names(stats, "part"):
            own[part] = _stat(stats["decomposition"].sel(at | {"part": part}))
        return own

    return {
        solution: {player: entry(solution, player) for player in _names(stats, "player")}
        for solution in _names(stats, "solution")
    }


def summary_csv(dataset: xr.Dataset) -> str:
    """Return the statistics as CSV, one row a number and its standard error and quantiles.

    Parameters
    ----------
    dataset : xarray.Dataset
        A result with draws, or its summary.

    Returns
    -------
    str
        Columns `quantity`, the labels (regime, solution, player, domain, channel, issue, table,
        part, parameter; empty where they do not apply), `mean`, `se`, `q05`, `q50`, `q95`, `units`.
        Shares of draws stand in the column `mean`.
    """
    stats = summarise(dataset)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["quantity", *_KEYS, *STATISTICS, "units"])
    for name in stats.data_vars:
        for row in _rows(stats[name]):
            writer.writerow([name, *row, stats[name].attrs.get("units", "")])
    return out.getvalue()


def _rows(array: xr.DataArray) -> Iterator[list[str]]:
    dims = [str(dim) for dim in array.dims if dim != "statistic"]
    labels = [[str(label) for label in array[dim].values] for dim in dims]
    values = array.transpose(*dims, "statistic").values if "statistic" in array.dims else None
    for index in itertools.product(*(range(len(names)) for names in labels)):
        at = {dim: labels[k][index[k]] for k, dim in enumerate(dims)}
        if values is None:
            share = float(array.values[index])
            if share < 0.0:  # the regime has no such table
                continue
            numbers = [repr(share), *[""] * (len(STATISTICS) - 1)]
        else:
            numbers = [repr(float(v)) if np.isfinite(v) else "" for v in values[index]]
        yield [*(at.get(key, "") for key in _KEYS), *numbers]
