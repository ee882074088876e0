"""Which unknown matters: Sobol' indices, one-at-a-time swings, Morris screening.

Each method is a design (rows to parameters, as `Design` is) and a function that reads the outputs
of its rows; any number of outputs at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.sampling import Design, Draws, independent_uniforms, quantiles

__all__ = [
    "MorrisEffects",
    "PointsDesign",
    "SobolDesign",
    "SobolIndices",
    "Swings",
    "morris_design",
    "morris_effects",
    "sobol_design",
    "sobol_indices",
    "swings",
    "tornado_design",
]

FloatArray = npt.NDArray[np.float64]

_BLOCKS = 16  # of independent draws, for the jackknife
_LEVELS = 4


@dataclass(frozen=True, slots=True)
class SobolDesign:
    """Points of the pick-and-freeze scheme, for g inputs: row n is block n % (g + 2) of point
    n // (g + 2).

    Block 0 is A, block 1 is B, block 2 + i is A with input i from B. A and B take turns in the
    coordinates of one design with twice as many: the first ones, which are the most even, go to
    the parameters with the first places in both.

    Parameters
    ----------
    base : Design
        Parameters, seed, sampler, replicates, correlations.
    inputs : tuple of str
        The g inputs: parameters, or groups of correlated ones, `a + b`.
    columns : tuple of tuple of int
        The parameters of each input.
    """  # noqa: D205

    base: Design
    inputs: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        """Rows a point: g + 2."""
        return len(self.inputs) + 2

    def __call__(self, rows: range) -> Draws:
        """Return the parameters of `rows`."""
        d, width = len(self.base.names), self.width
        points = range(rows.start // width, (rows.stop - 1) // width + 1)
        both = independent_uniforms(self.base, points, dimensions=2 * self.base.width)
        places = 2 * np.array(self.base.coordinates)
        block = np.repeat(both[:, None, places], width, axis=1)
        block[:, 1] = both[:, places + 1]
        for i, columns in enumerate(self.columns):
            block[:, 2 + i, list(columns)] = block[:, 1, list(columns)]
        first = points.start * width
        u = block.reshape(-1, d)[rows.start - first : rows.stop - first]
        return quantiles(self.base, u if self.base.copula is None else self.base.copula.apply(u))

    def replicate(self, points: int) -> npt.NDArray[np.int64]:
        """Return the independent block that each of the first `points` points belongs to."""
        random = self.base.sampler == "random"
        return np.arange(points) % (_BLOCKS if random else self.base.replicates)


def sobol_design(base: Design, *, grouped: bool = False) -> SobolDesign:
    """Make the design for Sobol' indices.

    Variance splits among inputs only where these are independent.

    Parameters
    ----------
    base : Design
        The parameters and their correlations.
    grouped : bool
        Take parameters that are correlated with one another as one input.

    Returns
    -------
    SobolDesign

    Raises
    ------
    SamplingError
        Parameters are correlated and not grouped (the message names them), or there are none.
    """
    if not base.names:
        raise SamplingError("sensitivity: nothing is uncertain in this scenario")
    together = base.copula.groups() if base.copula else ()
    if together and not grouped:
        told = "; ".join(", ".join(base.names[c] for c in columns) for columns in together)
        raise SamplingError(
            f"sensitivity: these parameters are correlated, and variance does not split among "
            f"them: {told}; take each group as one input (grouped), or drop the correlations"
        )
    inside = {column for columns in together for column in columns}
    alone = tuple((column,) for column in range(len(base.names)) if column not in inside)
    columns = tuple(sorted((*together, *alone)))
    names = tuple(" + ".join(base.names[c] for c in group) for group in columns)
    return SobolDesign(base=base, inputs=names, columns=columns)


@dataclass(frozen=True, slots=True)
class SobolIndices:
    """First-order and total Sobol' indices of m outputs, with confidence intervals.

    Parameters
    ----------
    inputs : tuple of str
        The g inputs.
    first, total : array, shape (g, ...)
        Share of the output's variance that an input explains alone, and with all its interactions.
        0 where the output does not vary.
    first_interval, total_interval : array, shape (2, g, ...)
        Lower and upper end.
    variance : array, shape (...)
        Of each output.
    points : int
        Number of points; model runs are (g + 2) times as many.
    """

    inputs: tuple[str, ...]
    first: FloatArray
    total: FloatArray
    first_interval: FloatArray
    total_interval: FloatArray
    variance: FloatArray
    points: int


def sobol_indices(
    design: SobolDesign, values: FloatArray, *, confidence: float = 0.95
) -> SobolIndices:
    """Estimate Sobol' indices from the outputs of a `SobolDesign`.

    With outputs centred by the mean over A and B and V their variance there,

        S_i  = 1/N Σ f_B (f_AB_i − f_A) / V,      S_Ti = 1/(2N) Σ (f_A − f_AB_i)² / V,

    the estimators of Saltelli et al. (2010, Table 2 b and f), as in scipy.stats.sobol_indices. The
    intervals are jackknife ones over the R independent replicates of the design: with θ_(r) the
    estimate without replicate r, se² = (R − 1)/R Σ (θ_(r) − mean θ_(·))², and θ ± t_{R−1} se. They
    hold for scrambled Sobol' points, where a bootstrap of single points would not.

    Parameters
    ----------
    design : SobolDesign
    values : array, shape (N (g + 2), ...)
        Outputs of the rows 0 … N (g + 2) − 1, in that order.
    confidence : float
        Of the intervals.

    Returns
    -------
    SobolIndices

    Raises
    ------
    SamplingError
        The number of rows is no multiple of g + 2, or there are too few points.

    References
    ----------
    Saltelli, Annoni, Azzini, Campolongo, Ratto & Tarantola (2010), Variance based sensitivity
    analysis of model output, Computer Physics Communications 181.
    Efron & Stein (1981), The jackknife estimate of variance, Annals of Statistics 9.
    """
    from scipy.stats import t as student

    points, rest = divmod(len(values), design.width)
    label = design.replicate(points)
    if rest or points < 2 * (label.max(initial=0) + 1):
        raise SamplingError(
            f"sensitivity: {len(values)} rows are no {design.width} for each of at least two "
            "points a replicate"
        )
    blocks = values.reshape(points, design.width, *values.shape[1:])
    whole = _indices(blocks)
    count = int(label.max()) + 1
    without = np.stack([_indices(blocks[label != r])[:2] for r in range(count)])
    spread = np.sqrt((count - 1) / count * np.sum((without - without.mean(axis=0)) ** 2, axis=0))
    reach = student.ppf(0.5 + confidence / 2, count - 1) * spread
    first, total, variance = whole
    return SobolIndices(
        inputs=design.inputs,
        first=first,
        total=total,
        first_interval=np.stack([first - reach[0], first + reach[0]]),
        total_interval=np.stack([total - reach[1], total + reach[1]]),
        variance=variance[0],
        points=points,
    )


def _indices(blocks: FloatArray) -> FloatArray:
    """Return first and total indices and the variance, (3, g, ...), of blocks (N, g + 2, ...)."""
    f_a, f_b, f_ab = blocks[:, :1], blocks[:, 1:2], blocks[:, 2:]
    both = blocks[:, :2]
    mean = np.mean(both, axis=(0, 1))
    variance = np.broadcast_to(np.mean((both - mean) ** 2, axis=(0, 1)), f_ab.shape[1:])
    flat = variance <= 1e-24 * np.maximum(1.0, mean**2)
    scale = np.where(flat, np.inf, variance)
    first = np.mean((f_b - mean) * (f_ab - f_a), axis=0) / scale
    total = 0.5 * np.mean((f_a - f_ab) ** 2, axis=0) / scale
    return np.stack([first, total, np.where(flat, 0.0, variance)])


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
        Quantiles that are none.
    """
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
        SALib is not installed.

    References
    ----------
    Morris (1991), Factorial sampling plans for preliminary computational experiments,
    Technometrics 33.
    """
    try:
        from SALib.sample import morris as salib
    except ImportError as error:
        raise SamplingError("morris needs SALib: install linkage-sim[sensitivity]") from error
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
        Half width of its 95 % confidence interval.
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
        mu_star_reach=1.96 * size.std(axis=0, ddof=1) / np.sqrt(count),
        sigma=effects.std(axis=0, ddof=1),
    )


def _problem(base: Design, low: float, high: float) -> dict[str, object]:
    d = len(base.names)
    return {"num_vars": d, "names": list(base.names), "bounds": [[low, high]] * d}
