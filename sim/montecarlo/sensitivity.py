"""Which unknown matters: Sobol' indices, shares of the variance of any number of outputs at once.

A design (rows to parameters, as `Design` is) and a function that reads the outputs of its rows; see
`sim.montecarlo.one_at_a_time` for swings and screening.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.sampling import Design, Draws, independent_uniforms, quantiles

__all__ = ["SobolDesign", "SobolIndices", "require_inputs", "sobol_design", "sobol_indices"]

FloatArray = npt.NDArray[np.float64]

_BLOCKS = 16  # of independent draws, for the jackknife


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


def require_inputs(base: Design) -> None:
    """Raise unless something is uncertain."""
    if not base.names:
        raise SamplingError("sensitivity: nothing is uncertain in this scenario")


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
    require_inputs(base)
    together = base.copula.groups() if base.copula else ()
    if together and not grouped:
        told = "; ".join(", ".join(base.names[c] for c in columns) for columns in together)
        raise SamplingError(
            f"sensitivity: these parameters are correlated, and variance does not split among "
            f"them: {told}; take each group as one input (--grouped, from Python grouped=True), "
            "or drop the correlations"
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
