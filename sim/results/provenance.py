"""Where a result comes from: all that is needed to make it again, inside the file itself.

Nothing here names a machine, a folder or a time: identical runs have identical bytes.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.montecarlo.sampling import Design
from sim.negotiation import Plan
from sim.scenario.dump import digest

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario import Scenario

__all__ = ["Comparison", "changed_versions", "compare", "provenance", "residuals", "versions"]

_PACKAGES = ("linkage-sim", "numpy", "scipy", "h5py", "h5netcdf")


def versions() -> dict[str, str]:
    """Return the versions of what the numbers and the bytes depend on."""
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in _PACKAGES}


def provenance(
    scenario: Scenario,
    plan: Plan,
    design: Design,
    *,
    draws: int | None,
    overrides: Mapping[str, object] | None = None,
) -> dict[str, str | int]:
    """Return the attributes that say how a result is made, known before it is.

    Parameters
    ----------
    scenario : Scenario
        Resolved: after `extends` and overrides.
    plan : Plan
        Regimes, solutions, solver settings.
    design : Design
        Seed, sampler, replicates.
    draws : int or None
        None where the run stops by precision.
    overrides : mapping of str to object, optional
        What was set on top of the file, for the record: the text has it already.

    Returns
    -------
    dict
        `scenario` (the file's name without folder and suffix), `title`, `unit`, `scenario_text`,
        `scenario_sha256`, `seed`, and as JSON `overrides`, `settings` and `versions`; `draws` where
        it is known.
    """
    files = scenario.files
    text = scenario.to_yaml()
    found: dict[str, str | int] = {
        "scenario": PurePath(files[0].name).stem if files else scenario.title,
        "title": scenario.title,
        "unit": scenario.unit,
        "scenario_sha256": digest(text),
        "scenario_text": text,
        "overrides": _json({key: str(value) for key, value in (overrides or {}).items()}),
        "version": metadata.version("linkage-sim"),
        "versions": _json(versions()),
        "settings": _json(
            {
                "sampler": design.sampler,
                "replicates": None if design.sampler == "random" else design.replicates,
                "regimes": list(plan.regimes),
                "solutions": list(plan.solutions),
                "solver": asdict(plan.settings),
                **({"extra": [term.name for term in plan.extra]} if plan.extra else {}),
            }
        ),
        "seed": str(design.seed) if design.seed >= 2**63 else design.seed,
    }
    return found if draws is None else found | {"draws": draws}


def residuals(residual: Any, converged: Any) -> str:
    """Return quantiles of the residuals and the count of unconverged draws, as JSON."""
    values = np.asarray(residual, dtype=np.float64).ravel()
    ranks = {"q50": 0.5, "q95": 0.95, "q999": 0.999, "max": 1.0}
    found = np.quantile(values, [*ranks.values()], method="higher")
    return _json(
        {
            name: float(value) if np.isfinite(value) else None
            for name, value in zip(ranks, found, strict=True)
        }
        | {
            "unconverged": int(np.sum(~np.asarray(converged, dtype=bool))),
            "of": values.size,
        }
    )


def changed_versions(attrs: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the packages that are not those that a result was made with."""
    there, here = json.loads(str(attrs["versions"])), versions()
    return tuple(
        f"{name} was {there.get(name)} and is {here.get(name)}"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a result was reproduced.

    Parameters
    ----------
    identical : bool
        Every number is the same, bit for bit.
    changes : tuple of str
        What is not: numbers by how much, and the packages whose version changed.
    """

    identical: bool
    changes: tuple[str, ...]


def compare(old: xr.Dataset, new: xr.Dataset) -> Comparison:
    """Compare two results bit for bit.

    Parameters
    ----------
    old, new : xarray.Dataset
        Both with draws or both summaries.

    Returns
    -------
    Comparison
    """
    changes = []
    for name in [*old.data_vars, *(name for name in new.data_vars if name not in old)]:
        if name not in old or name not in new:
            changes.append(f"{name}: only in the {'new' if name in new else 'old'} result")
        elif told := _difference(old[name].values, new[name].values):
            changes.append(f"{name}: {told}")
    for dim in old.coords:
        if dim not in new.coords or not np.array_equal(old[dim].values, new[dim].values):
            changes.append(f"{dim}: other labels")
    moved = changed_versions(old.attrs)
    if str(old.attrs.get("scenario_sha256")) != str(new.attrs.get("scenario_sha256")):
        moved = (*moved, "the scenario's content differs")
    return Comparison(identical=not changes, changes=(*changes, *moved))


def _difference(old: Any, new: Any) -> str:
    if old.shape != new.shape:
        return f"shape was {old.shape} and is {new.shape}"
    if old.dtype == new.dtype and old.tobytes() == new.tobytes():
        return ""
    gap = np.abs(old.astype(np.float64) - new.astype(np.float64))
    return f"{np.count_nonzero(gap)} of {gap.size} numbers differ, by at most {np.max(gap):.3g}"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
