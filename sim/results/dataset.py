"""The labelled result: its variables, with dimensions, units and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.montecarlo.chunks import Arrays

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SCHEMA", "Labels", "Variable", "attributes", "dimensions", "to_dataset"]

Labels = Mapping[str, tuple[str, ...]]
Attributes = Mapping[str, str | int | float]

_MONEY = "{money}"


@dataclass(frozen=True, slots=True)
class Variable:
    """What a variable of the result is.

    Parameters
    ----------
    dims : tuple of str
        Its dimensions; `draw` leads.
    long_name : str
        For axes and tables.
    units : str
        `{money}` stands for the scenario's unit of payoffs.
    share : bool
        True for yes or no in each draw: its summary is the share of draws, not quantiles.
    """

    dims: tuple[str, ...]
    long_name: str
    units: str = _MONEY
    share: bool = False


_CELL = ("draw", "regime", "solution")

SCHEMA: Mapping[str, Variable] = {
    "payoff_change": Variable((*_CELL, "player"), "change of payoff from the status quo"),
    "payoff_change_by_domain": Variable(
        (*_CELL, "player", "domain"), "change of payoff from the status quo, by domain"
    ),
    "payoff_change_of_tariffs": Variable(
        (*_CELL, "player", "channel"), "change of payoff from tariffs, by channel"
    ),
    "payoff_change_unweighted": Variable(
        (*_CELL, "player"), "change of payoff from the status quo, all political weights 1"
    ),
    "certainty_equivalent": Variable(
        (*_CELL, "player"), "certainty equivalent of the change of payoff from the status quo"
    ),
    "side_payment": Variable((*_CELL, "player"), "side payment received within a front"),
    "outcome": Variable((*_CELL, "issue"), "outcome of the issue", "see issue_unit"),
    "agreement": Variable(
        (*_CELL, "table"), "agreement at the table: 1 deal, 0 none, -1 no such table", "1", True
    ),
    "converged": Variable(_CELL, "whether the solution was found within tolerance", "1", True),
    "residual": Variable(_CELL, "residual of the solution, relative", "1"),
    "sweeps": Variable(_CELL, "sweeps over the tables until no outcome moved", "1"),
    "linkage_gain": Variable(
        ("draw", "solution", "player"), "linkage gain: payoff if linked less if separate"
    ),
    "decomposition": Variable(("draw", "solution", "part", "player"), "part of the linkage gain"),
    "theta": Variable(("draw", "parameter"), "uncertain parameter", "its own"),
    "replicate": Variable(("draw",), "independent replicate of the design", "1"),
}


def dimensions(name: str) -> tuple[str, ...]:
    """Return the dimensions of a variable.

    Raises
    ------
    KeyError
        The schema does not know it.
    """
    if name not in SCHEMA:
        raise KeyError(f"{name}: no variable of a result; there are {', '.join(SCHEMA)}")
    return SCHEMA[name].dims


def attributes(name: str, money: str) -> dict[str, str]:
    """Return the units and the long name of a variable."""
    known = SCHEMA[name]
    return {"units": known.units.format(money=money), "long_name": known.long_name}


def to_dataset(
    arrays: Arrays,
    labels: Labels,
    *,
    attrs: Attributes,
    coords: Mapping[str, tuple[str, tuple[str, ...]]] | None = None,
) -> xr.Dataset:
    """Label the arrays of a run.

    Parameters
    ----------
    arrays : dict of str to array
        By the names of `SCHEMA`, draws leading.
    labels : mapping of str to tuple of str
        The labels of each dimension but `draw`.
    attrs : mapping
        Provenance; `unit` names the unit of payoffs.
    coords : mapping of str to (str, tuple of str), optional
        Further coordinates along one dimension: `issue_unit`, `player_name`.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    KeyError, ValueError
        An array that the schema does not know, or that does not fit the labels.
    """
    import xarray as xr

    money = str(attrs.get("unit", ""))
    variables = {
        name: (dimensions(name), array, attributes(name, money)) for name, array in arrays.items()
    }
    used = {dim for dims, _, _ in variables.values() for dim in dims}
    index: dict[str, Any] = {dim: np.array(names) for dim, names in labels.items() if dim in used}
    for name, (dim, values) in (coords or {}).items():
        if dim in used:
            index[name] = (dim, np.array(values))
    return xr.Dataset(variables, coords=index, attrs=dict(attrs))
