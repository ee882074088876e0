"""Distributions of whole numbers and of listed values: bernoulli, poisson, choice."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy

from sim.scenario.families import Family, FloatArray, Parameters, Shape, need

__all__ = ["DISCRETE", "choice_shape"]


def _chance(p: Parameters) -> Shape:
    need(0 <= p["p"] <= 1, "p", "must lie between 0 and 1")
    return (p["p"],)


BERNOULLI = Family(
    "bernoulli",
    "bernoulli",
    "1 with probability p, else 0.",
    ({"p": "probability of 1"},),
    _chance,
    lambda u, s: np.where(u > 1.0 - s[0], 1.0, 0.0),
    lambda x, s: 0.0 if x < 0 else (1.0 - s[0] if x < 1 else 1.0),
    lambda x, s: s[0] if x >= 1 else 0.0,
    lambda s: (0.0 if s[0] < 1 else 1.0, 1.0 if s[0] > 0 else 0.0),
    discrete=True,
)


def _count(p: Parameters) -> Shape:
    need(0 < p["mean"] <= 1e6, "mean", "must be above 0 and at most 1e6")
    return (p["mean"],)


def _poisson_ppf(u: FloatArray, s: Shape) -> FloatArray:
    above = np.ceil(np.asarray(scipy.special.pdtrik(u, s[0]), dtype=float))
    below = np.maximum(above - 1.0, 0.0)
    reached = np.asarray(scipy.special.pdtr(below, s[0]), dtype=float) >= u
    return np.asarray(np.where(reached, below, above), dtype=float)


def _poisson_cdf(x: float, s: Shape) -> float:
    return float(scipy.special.pdtr(math.floor(x), s[0])) if x >= 0 else 0.0


def _poisson_partial(x: float, s: Shape) -> float:
    if math.isinf(x):
        return s[0] if x > 0 else 0.0
    return s[0] * _poisson_cdf(x - 1, s)


POISSON = Family(
    "poisson",
    "poisson",
    "Number of events at a constant rate.",
    ({"mean": "expected number, above 0"},),
    _count,
    _poisson_ppf,
    _poisson_cdf,
    _poisson_partial,
    lambda s: (0.0, math.inf),
    discrete=True,
)


def choice_shape(values: Sequence[float], probabilities: Sequence[float] | None) -> Shape:
    """Return (values in ascending order, their probabilities), flattened.

    Parameters
    ----------
    values : sequence of float
        At least one.
    probabilities : sequence of float or None
        Non-negative, adding to 1; equal unless given.

    Raises
    ------
    ValueError
        With (parameter, what is wrong).
    """
    need(len(values) > 0, "values", "must list at least one value")
    chances = [1.0 / len(values)] * len(values) if probabilities is None else list(probabilities)
    need(
        len(chances) == len(values),
        "probabilities",
        f"must be as many as the values: {len(values)}, not {len(chances)}",
    )
    need(all(c >= 0 for c in chances), "probabilities", "must not be negative")
    total = math.fsum(chances)
    need(abs(total - 1) <= 1e-6, "probabilities", f"must add to 1, not {total:g}")
    pairs = sorted(zip(values, chances, strict=True))
    return tuple(v for v, _ in pairs) + tuple(c / total for _, c in pairs)


def _split(s: Shape) -> tuple[FloatArray, FloatArray]:
    n = len(s) // 2
    return np.asarray(s[:n]), np.asarray(s[n:])


def _choice_ppf(u: FloatArray, s: Shape) -> FloatArray:
    values, chances = _split(s)
    possible = chances > 0
    edges = np.cumsum(chances[possible])[:-1]
    return values[possible][np.searchsorted(edges, u, side="left")]


def _choice_cdf(x: float, s: Shape) -> float:
    values, chances = _split(s)
    return float(chances[values <= x].sum())


def _choice_partial(x: float, s: Shape) -> float:
    values, chances = _split(s)
    return float((values * chances)[values <= x].sum())


def _choice_support(s: Shape) -> tuple[float, float]:
    values, chances = _split(s)
    possible = values[chances > 0]
    return float(possible[0]), float(possible[-1])


CHOICE = Family(
    "choice",
    "rv_discrete",
    "One of the listed values.",
    (
        {
            "values": "the possible values",
            "probabilities": "their probabilities, equal unless given",
        },
    ),
    lambda p: (),  # its parameters are lists: `choice_shape`
    _choice_ppf,
    _choice_cdf,
    _choice_partial,
    _choice_support,
    discrete=True,
    optional=frozenset({"probabilities"}),
)

DISCRETE: dict[str, Family] = {f.name: f for f in (BERNOULLI, POISSON, CHOICE)}
