"""Where linkage pays, from the draws of a result: boxes and profiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.break_even import profile
from sim.montecarlo.discovery import Box, prim, score
from sim.results.summary import TIE, is_summary

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Discovery", "discover", "gain_profile"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Discovery:
    """A box of parameters in which a player gains, or loses, from linkage.

    Parameters
    ----------
    player, solution : str
    wins : bool
        True: gains are of interest; False: losses.
    share : float
        Share of all draws that are of interest.
    box : Box
        With coverage, density and quasi-p-values in the half of the draws that chose it.
    held_out : Box
        The same box with its scores in the other half: the odd replicates, or draws.
    """

    player: str
    solution: str
    wins: bool
    share: float
    box: Box
    held_out: Box

    def as_dict(self) -> dict[str, Any]:
        """Return what a JSON file says of it: bounds by parameter, scores in both halves."""
        box = self.box
        bounds = {}
        for j, name in enumerate(box.names):
            ends = {
                "lower": (box.lower[j], box.lower_p[j]),
                "upper": (box.upper[j], box.upper_p[j]),
            }
            found = {
                side: {"value": float(end), "quasi_p": float(p)}
                for side, (end, p) in ends.items()
                if np.isfinite(end)
            }
            if found:
                bounds[name] = found
        return {
            "player": self.player,
            "solution": self.solution,
            "of_interest": "gain" if self.wins else "loss",
            "share": self.share,
            "bounds": bounds,
            "coverage": box.coverage,
            "density": box.density,
            "mass": box.mass,
            "held_out": {
                "coverage": self.held_out.coverage,
                "density": self.held_out.density,
                "mass": self.held_out.mass,
            },
        }


def discover(
    result: xr.Dataset,
    *,
    player: str,
    solution: str | None = None,
    wins: bool = True,
    density: float = 0.8,
    alpha: float = 0.05,
    min_mass: float = 0.05,
) -> Discovery:
    """Find the parameters for which a player gains from linkage.

    Parameters
    ----------
    result : xarray.Dataset
        With draws, from `simulate` or `load_result`.
    player : str
    solution : str, optional
        The first one by default.
    wins : bool
        False: where the player loses.
    density, alpha, min_mass
        See `sim.montecarlo.discovery.prim`.

    Returns
    -------
    Discovery

    Raises
    ------
    SamplingError
        Nothing uncertain, no such player or solution, too few draws, or nobody gains in any.
    """
    gain, solution = _gains(result, player, solution)
    y = gain > 0.0 if wins else gain < 0.0
    x = result["theta"].values
    names = [str(name) for name in result["parameter"].values]
    odd = _odd(result)
    box = prim(x[~odd], y[~odd], names=names, density=density, alpha=alpha, min_mass=min_mass)
    return Discovery(
        player=player,
        solution=solution,
        wins=wins,
        share=float(np.mean(y)),
        box=box,
        held_out=score(box, x[odd], y[odd]),
    )


def _odd(result: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Return which draws are held out."""
    # whole replicates: every other point of a Sobol' sequence keeps to one half of a coordinate
    place = result["replicate"].values if "replicate" in result else np.arange(result.sizes["draw"])
    return np.asarray(place % 2 == 1)


def _gains(result: xr.Dataset, player: str, solution: str | None) -> tuple[FloatArray, str]:
    """Return the player's linkage gains with ties set to 0."""
    _need_draws(result)
    players = [str(name) for name in result["player"].values]
    solutions = [str(name) for name in result["solution"].values]
    solution = solution or solutions[0]
    for what, name, known in (("player", player, players), ("solution", solution, solutions)):
        if name not in known:
            raise SamplingError(f"{what} {name!r}: there are {', '.join(known)}")
    at = {"player": player, "solution": solution}
    gain = result["linkage_gain"].sel(at).values
    change = result["payoff_change"].sel(at | {"regime": ["linked", "separate"]}).values
    scale = np.mean(np.max(np.abs(change), axis=1))
    return np.where(np.abs(gain) <= TIE * scale, 0.0, gain), solution


def _need_draws(result: xr.Dataset) -> None:
    if is_summary(result):
        raise SamplingError("discovery needs the draws, of which this result kept only a summary")
    for name, why in [
        ("theta", "nothing is uncertain in this scenario"),
        ("linkage_gain", "it needs the regimes separate and linked"),
    ]:
        if name not in result:
            raise SamplingError(f"discovery: {why}")


def gain_profile(result: xr.Dataset, parameter: str, *, bins: int = 20) -> xr.Dataset:
    """Return the mean linkage gain along one parameter, all others as they are drawn.

    Parameters
    ----------
    result : xarray.Dataset
        With draws.
    parameter : str
    bins : int
        Of equal numbers of draws.

    Returns
    -------
    xarray.Dataset
        `mean` and `error` (bin, solution, player), `centre` (bin): the parameter's mean there.

    Raises
    ------
    SamplingError
        No such parameter, or too few draws.
    """
    import xarray as xr

    _need_draws(result)
    names = [str(name) for name in result["parameter"].values]
    if parameter not in names:
        raise SamplingError(f"parameter {parameter!r}: there are {', '.join(names)}")
    gains = result["linkage_gain"]
    found = profile(result["theta"].sel(parameter=parameter).values, gains.values, bins=bins)
    dims = ("bin", *gains.dims[1:])
    told = json.dumps({"analysis": "profile", "parameter": parameter})
    return xr.Dataset(
        {
            "mean": (dims, found.mean, dict(gains.attrs)),
            "error": (dims, found.error, dict(gains.attrs)),
            "centre": ("bin", found.centre, {"long_name": parameter}),
        },
        coords={name: gains[name] for name in ("solution", "player")},
        attrs={**result.attrs, "analysis": told},
    )
