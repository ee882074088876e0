"""Which unknown matters, one moved at a time: the swings of a tornado, Morris screening.

As for Sobol' indices, each method is a design (rows to parameters) and a function that reads the
outputs of its rows; any number of outputs at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.break_even import critical_value
from sim.montecarlo.sampling import Design, Draws, quantiles
from sim.montecarlo.sensitivity import require_inputs

__all__ = [
    "MorrisEffects",
    "PointsDesign",
    "Swings",
    "morris_design",
    "morris_effects",
    "swings",
    "tornado_design",
]

FloatArray = npt.NDArray[np.float64]

_LEVELS = 4


@dataclass(frozen=True, slots=True)
class PointsDesign:
    """Parameters at quantiles that are written down: row n is row n of `points`.

    Correlations play no part: one input moves, all others stay.

    Parameters
    ----------
    base : Design
        Names and distributions.
    points : array, shape (n, d)
        Probabilities in (0, 1).
    """

    base: Design
    points: FloatArray

    def __call__(self, rows: range) -> Draws:
        """Return the parameters of `rows`."""
        return quantiles(self.base, self.points[rows.start : rows.stop])


def tornado_design(base: Design, *, low: float = 0.05, high: float = 0.95) -> PointsDesign:
    """Make the design of a tornado: everything at its median, then one at a time low and high.

    Parameters
    ----------
    base : Design
    low, high : float
        Quantiles, 0 < low < high < 1.

    Returns
    -------
    PointsDesign
        1 + 2 d rows: the medians, then low and high of each parameter.

    Raises
    ------
    SamplingError
        Quantiles that are none, or nothing is uncertain.
    """
    require_inputs(base)
    if not 0.0 < low < high < 1.0:
        raise SamplingError(
            f"tornado: quantiles {low:g} to {high:g}, allowed are 0 < low < high < 1"
        )
    d = len(base.names)
    points = np.full((1 + 2 * d, d), 0.5)
    for j in range(d):
        points[1 + 2 * j, j], points[2 + 2 * j, j] = low, high
    return PointsDesign(base, points)


@dataclass(frozen=True, slots=True)
class Swings:
    """What each parameter alone does to m outputs.

    Parameters
    ----------
    inputs : tuple of str
        The d parameters.
    central : array, shape (...)
        With everything at its median.
    low, high : array, shape (d, ...)
        With one parameter at its low and at its high quantile.
    """

    inputs: tuple[str, ...]
    central: FloatArray
    low: FloatArray
    high: FloatArray


def swings(design: PointsDesign, values: FloatArray) -> Swings:
    """Read the outputs of a tornado design, shape (1 + 2 d, ...)."""
    return Swings(design.base.names, values[0], values[1::2], values[2::2])


def morris_design(
    base: Design, *, trajectories: int = 20, low: float = 0.01, high: float = 0.99
) -> PointsDesign:
    """Make Morris trajectories: each changes every parameter once, in random order.

    Parameters
    ----------
    base : Design
        Its seed is used.
    trajectories : int
        Each costs d + 1 model runs.
    low, high : float
        The quantiles that the four levels of a parameter span.

    Returns
    -------
    PointsDesign

    Raises
    ------
    SamplingError
        SALib is not installed, fewer than two trajectories, or nothing is uncertain.

    References
    ----------
    Morris (1991), Factorial sampling plans for preliminary computational experiments,
    Technometrics 33.
    """
    try:
        from SALib.sample import morris as salib
    except ImportError as error:
        raise SamplingError("morris needs SALib: install linkage-sim[sensitivity]") from error
    require_inputs(base)
    if trajectories < 2:
        raise SamplingError(f"morris: {trajectories} trajectories tell no spread; take at least 2")
    # a generator, because SALib takes seed 0 for none
    rng = np.random.default_rng(np.random.SeedSequence(base.seed, spawn_key=(3,)))
    points = salib.sample(_problem(base, low, high), trajectories, num_levels=_LEVELS, seed=rng)
    return PointsDesign(base, np.asarray(points, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class MorrisEffects:
    """Elementary effects on m outputs, over the whole range from `low` to `high` quantile.

    Parameters
    ----------
    inputs : tuple of str
        The d parameters.
    mu_star : array, shape (d, ...)
        Mean absolute effect: how much an input matters.
    mu_star_reach : array, shape (d, ...)
        Half width of its 95 % confidence interval, by Student's t over the trajectories.
    sigma : array, shape (d, ...)
        Standard deviation of the effect: curvature and interactions.
    """

    inputs: tuple[str, ...]
    mu_star: FloatArray
    mu_star_reach: FloatArray
    sigma: FloatArray


def morris_effects(design: PointsDesign, values: FloatArray) -> MorrisEffects:
    """Estimate elementary effects, (f(u + Δ e_i) − f(u))/Δ, from the outputs of a Morris design.

    Parameters
    ----------
    design : PointsDesign
        From `morris_design`.
    values : array, shape (n, ...)
        Outputs of all its rows.

    Returns
    -------
    MorrisEffects
    """
    d = len(design.base.names)
    points = design.points.reshape(-1, d + 1, d)
    step = _LEVELS / (2.0 * (_LEVELS - 1))
    outputs = values.reshape(len(points), d + 1, *values.shape[1:])
    moved = np.diff(points, axis=1)  # one parameter a step
    which = np.argmax(np.abs(moved), axis=2)
    sign = np.sign(np.take_along_axis(moved, which[..., None], axis=2))[..., 0]
    tail = (1,) * (values.ndim - 1)
    steps = np.diff(outputs, axis=1) * sign.reshape(*sign.shape, *tail) / step
    order = np.argsort(which, axis=1).reshape(*which.shape, *tail)
    effects = np.take_along_axis(steps, np.broadcast_to(order, steps.shape), axis=1)
    count = len(points)
    size = np.abs(effects)
    return MorrisEffects(
        inputs=design.base.names,
        mu_star=size.mean(axis=0),
        mu_star_reach=critical_value(count - 1) * size.std(axis=0, ddof=1) / np.sqrt(count),
        sigma=effects.std(axis=0, ddof=1),
    )


def _problem(base: Design, low: float, high: float) -> dict[str, object]:
    d = len(base.names)
    return {"num_vars": d, "names": list(base.names), "bounds": [[low, high]] * d}
