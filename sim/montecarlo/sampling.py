"""Designs: which parameters draw number n has, on any machine, in any chunk.

Every random number comes from `SeedSequence(seed, spawn_key=(stream, …))` with a key that is made
of the place of the number alone, so that a draw depends on the seed, its own number and nothing
else. Appending a parameter leaves the draws of the earlier ones as they were, and a parameter that
is set to a number leaves its place empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError
from sim.montecarlo.copula import Copula, CorrelationKind, Distribution, Entry, gaussian_copula

__all__ = [
    "Design",
    "Draws",
    "Sampler",
    "Uncertain",
    "design",
    "independent_uniforms",
    "quantiles",
    "replicate",
    "sample",
    "settings",
    "uniforms",
]

FloatArray = npt.NDArray[np.float64]
Draws = dict[str, FloatArray]
Sampler = Literal["random", "sobol", "lhs"]

_SAMPLERS: tuple[Sampler, ...] = ("random", "sobol", "lhs")
_STREAM = {name: i for i, name in enumerate(_SAMPLERS)}
_BLOCK = 1024  # rows of one stream of the random sampler
_BITS = 32  # of a Sobol' coordinate
_SOBOL_DIMENSIONS = 21201  # Joe and Kuo's direction numbers


class Uncertain(Protocol):
    """A parameter that is not known: `sim.scenario.Uncertain`, or anything shaped like it."""

    @property
    def name(self) -> str:
        """Name of the parameter."""
        ...

    @property
    def distribution(self) -> Distribution:
        """Its distribution."""
        ...


@dataclass(frozen=True, slots=True)
class Design:
    """Everything that draw n is a function of; small, and the only thing that travels to workers.

    Parameters
    ----------
    names : tuple of str
        The d parameters, in the order of their columns.
    distributions : tuple of Distribution
        One a parameter.
    seed : int
        Any integer ≥ 0; 0 is a seed like any other.
    sampler : {"sobol", "random", "lhs"}
        `sobol`: draw n is point n // R of replicate n % R, each replicate a Sobol' sequence with
        its own linear matrix scramble and digital shift. Most exact with R 2^k draws.
        `random`: independent draws. `lhs`: R independent Latin hypercubes, draw n is row n // R
        of hypercube n % R; its draws depend on the total number `total`, so a longer run is
        another run.
    replicates : int
        R, for `sobol` and `lhs`: standard errors come from the R independent replicate means. More
        of them tell the error more exactly and make it larger, since each sequence is shorter: on
        the base case at 2¹³ draws 8 leave at least 90 times less variance than independent draws,
        16 some 50 times (`benchmarks/sampling.py`).
    total : int, optional
        Number of draws, needed for `lhs` only.
    copula : Copula, optional
        Dependence between the parameters.
    places : tuple of int, optional
        The coordinate of the point set that each parameter takes; 0 … d − 1 by default. The first
        coordinates of a Sobol' sequence are the most even together: give them to the parameters
        that matter most. A place may stay empty: where a parameter is held at a number in one run
        and drawn in another, all others have the same draws in both.

    References
    ----------
    Matoušek (1998), On the L2-discrepancy for anchored boxes, J. Complexity 14 (scramble).
    Joe & Kuo (2008), Constructing Sobol sequences with better two-dimensional projections, SIAM
    J. Sci. Comput. 30. Owen (1997), Monte Carlo variance of scrambled net quadrature, SIAM J.
    Numer. Anal. 34. McKay, Beckman & Conover (1979), Technometrics 21.
    """

    names: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    seed: int
    sampler: Sampler = "sobol"
    replicates: int = 8
    total: int | None = None
    copula: Copula | None = None
    places: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.sampler not in _SAMPLERS:
            raise SamplingError(f"sampler {self.sampler!r}: allowed are {', '.join(_SAMPLERS)}")
        if len(self.names) != len(self.distributions) or len(set(self.names)) != len(self.names):
            raise SamplingError("each parameter needs one name of its own and one distribution")
        if self.seed < 0:
            raise SamplingError(f"seed {self.seed}: allowed are the integers from 0")
        if self.sampler != "random" and self.replicates < 2:
            raise SamplingError(
                f"replicates {self.replicates}: {self.sampler} needs at least 2 of them, "
                "the standard error is measured between them"
            )
        if self.sampler == "lhs" and (self.total is None or self.total < 1):
            raise SamplingError("lhs: its design depends on the number of draws, so say it first")
        taken = self.coordinates
        if not len(self.names) == len(taken) == len(set(taken)) or min(taken, default=0) < 0:
            raise SamplingError(f"places {taken}: each parameter needs one of its own, from 0")
        if self.sampler == "sobol" and self.width > _SOBOL_DIMENSIONS:
            raise SamplingError(f"sobol: at most {_SOBOL_DIMENSIONS} places for parameters")

    @property
    def coordinates(self) -> tuple[int, ...]:
        """The place of each parameter."""
        return tuple(range(len(self.names))) if self.places is None else self.places

    @property
    def width(self) -> int:
        """Number of coordinates, empty places included."""
        return max(self.coordinates, default=-1) + 1

    def __call__(self, rows: range) -> Draws:
        """Return the parameters of the draws `rows`; see `sample`."""
        return quantiles(self, uniforms(self, rows))


def design(
    uncertain: Sequence[Uncertain],
    *,
    seed: int,
    sampler: Sampler = "sobol",
    replicates: int = 8,
    total: int | None = None,
    correlations: Sequence[Entry] = (),
    correlation_kind: CorrelationKind = "rank",
    places: tuple[int, ...] | None = None,
) -> Design:
    """Make the design for a scenario's uncertain parameters.

    Parameters
    ----------
    uncertain : sequence of Uncertain
        Names and distributions, in file order.
    seed, sampler, replicates, total, places
        See `Design`.
    correlations : sequence of (str, str, float)
        Pairs of parameters and their correlation.
    correlation_kind : {"rank", "linear"}
        What the numbers in `correlations` are.

    Returns
    -------
    Design

    Raises
    ------
    SamplingError
        A sampler, seed or correlation that is not allowed; the message says what is.
    """
    names = tuple(parameter.name for parameter in uncertain)
    distributions = tuple(parameter.distribution for parameter in uncertain)
    copula = gaussian_copula(
        names,
        correlations,
        kind=correlation_kind,
        distributions=dict(zip(names, distributions, strict=True)),
    )
    return Design(names, distributions, seed, sampler, replicates, total, copula, places)


def sample(
    uncertain: Sequence[Uncertain],
    rows: range,
    *,
    seed: int,
    sampler: Sampler = "sobol",
    replicates: int = 8,
    total: int | None = None,
    correlations: Sequence[Entry] = (),
    correlation_kind: CorrelationKind = "rank",
) -> Draws:
    """Draw parameters: the draws `rows` of the design with these settings.

    Parameters
    ----------
    uncertain, seed, sampler, replicates, total, correlations, correlation_kind
        See `design`.
    rows : range
        Which draws, with step 1.

    Returns
    -------
    dict of str to array, shape (n,)
        One array a parameter, in its own unit.

    Raises
    ------
    SamplingError
        As `design`.
    """
    return design(
        uncertain,
        seed=seed,
        sampler=sampler,
        replicates=replicates,
        total=total if sampler != "lhs" else total or rows.stop,
        correlations=correlations,
        correlation_kind=correlation_kind,
    )(rows)


def quantiles(plan: Design, u: FloatArray) -> Draws:
    """Map uniforms through the quantile functions.

    Parameters
    ----------
    plan : Design
    u : array, shape (n, d)
        Probabilities in (0, 1).

    Returns
    -------
    dict of str to array, shape (n,)
    """
    pairs = zip(plan.names, plan.distributions, strict=True)
    return {
        name: np.asarray(law.ppf(np.ascontiguousarray(u[:, j])), dtype=np.float64)
        for j, (name, law) in enumerate(pairs)
    }


def uniforms(plan: Design, rows: range) -> FloatArray:
    """Return the dependent uniforms of the draws `rows`, shape (n, d), inside (0, 1)."""
    u = independent_uniforms(plan, rows, dimensions=plan.width)[:, list(plan.coordinates)]
    return u if plan.copula is None else plan.copula.apply(u)


def independent_uniforms(plan: Design, rows: range, *, dimensions: int) -> FloatArray:
    """Return the first `dimensions` independent uniforms of the draws `rows`.

    Parameters
    ----------
    plan : Design
        Its sampler, seed, replicates and total count; its parameters do not.
    rows : range
        Which draws, with step 1.
    dimensions : int
        Number of columns.

    Returns
    -------
    array, shape (n, dimensions)
        Inside the open interval (0, 1).
    """
    if rows.step != 1 or rows.start < 0:
        raise SamplingError(f"rows {rows}: allowed are ranges from 0 up with step 1")
    if plan.sampler == "lhs" and rows.stop > (plan.total or 0):
        raise SamplingError(f"lhs: draw {rows.stop - 1} of a design of {plan.total} draws")
    if len(rows) == 0 or dimensions == 0:
        return np.empty((len(rows), dimensions))
    if plan.sampler == "random":
        return _random(plan.seed, rows, dimensions)
    points = range(rows.start // plan.replicates, (rows.stop - 1) // plan.replicates + 1)
    block = (_sobol if plan.sampler == "sobol" else _latin)(plan, points, dimensions)
    first = points.start * plan.replicates
    return block.reshape(-1, dimensions)[rows.start - first : rows.stop - first]


def replicate(plan: Design, rows: range) -> npt.NDArray[np.int64] | None:
    """Return the replicate that each draw belongs to, shape (n,); None for `random`."""
    if plan.sampler == "random":
        return None
    return np.arange(rows.start, rows.stop) % plan.replicates


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _random(seed: int, rows: range, dimensions: int) -> FloatArray:
    first, last = rows.start // _BLOCK, (rows.stop - 1) // _BLOCK
    # parameters lead within a block, so that a further parameter changes no earlier one
    blocks = [
        _generator(seed, _STREAM["random"], block).random((dimensions, _BLOCK))
        for block in range(first, last + 1)
    ]
    u = np.concatenate(blocks, axis=1)[:, rows.start - first * _BLOCK : rows.stop - first * _BLOCK]
    return np.maximum(u.T, 2.0**-54)


def _sobol(plan: Design, points: range, dimensions: int) -> FloatArray:
    """Return points (i, replicate, dimension) of R scrambled Sobol' sequences.

    Scramble of the integer x of a coordinate, MSB first: y = L x ⊕ s over GF(2), L unit lower
    triangular. Column p of L is the mask of bit p, so y = s ⊕ ⊕_p x_p mask_p.
    """
    from scipy.stats import qmc

    engine = qmc.Sobol(dimensions, scramble=False, bits=_BITS)
    start = points.start
    if start == 0:  # a first call with another number than a power of two would warn
        parts = [engine.random(1)] + ([engine.random(len(points) - 1)] if len(points) > 1 else [])
    else:
        parts = [engine.fast_forward(start).random(len(points))]
    integers = (np.concatenate(parts) * 2.0**_BITS).astype(np.uint32)[:, None, :]
    masks, shifts = _scramble(plan.seed, plan.replicates, dimensions)
    scrambled = np.repeat(shifts[None], len(points), axis=0)
    for bit in range(_BITS):
        scrambled ^= ((integers >> np.uint32(bit)) & np.uint32(1)) * masks[:, :, bit]
    return (scrambled.astype(np.float64) + 0.5) * 2.0**-_BITS


@lru_cache(maxsize=4)
def _scramble(
    seed: int, replicates: int, dimensions: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Return masks (R, d, bits) and digital shifts (R, d)."""
    masks = np.empty((replicates, dimensions, _BITS), dtype=np.uint32)
    shifts = np.empty((replicates, dimensions), dtype=np.uint32)
    diagonal = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    for r in range(replicates):
        for j in range(dimensions):
            bits = _generator(seed, _STREAM["sobol"], r, j).integers(
                0, 2**_BITS, size=_BITS + 1, dtype=np.uint32
            )
            shifts[r, j] = bits[0]
            masks[r, j] = diagonal | (bits[1:] & (diagonal - np.uint32(1)))
    return masks, shifts


def _latin(plan: Design, points: range, dimensions: int) -> FloatArray:
    """Return rows (i, replicate, dimension) of R Latin hypercubes: u = (permutation + v)/n_r."""
    total = plan.total or 0
    u = np.full((len(points), plan.replicates, dimensions), 0.5)
    for r in range(plan.replicates):
        size = (total - r + plan.replicates - 1) // plan.replicates
        count = min(points.stop, size) - points.start
        if count <= 0:
            continue
        for j in range(dimensions):
            rng = _generator(plan.seed, _STREAM["lhs"], r, j)
            cells = rng.permutation(size)[points.start : points.start + count]
            within = rng.random(size)[points.start : points.start + count]
            u[:count, r, j] = (cells + within) / size
    inside: FloatArray = np.clip(u, 2.0**-54, 1.0 - 2.0**-53)
    return inside


def settings(plan: Design) -> Mapping[str, object]:
    """Return what identifies the design beside its parameters, for manifests and provenance."""
    return {
        "seed": plan.seed,
        "sampler": plan.sampler,
        "replicates": plan.replicates if plan.sampler != "random" else None,
        "total": plan.total if plan.sampler == "lhs" else None,
    }
