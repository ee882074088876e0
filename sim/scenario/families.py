"""What a family of distributions is: its parameters, quantiles, means and support.

Every family gives, for its standardised parameters, the quantile function ``ppf``, the
distribution function ``cdf`` and the partial expectation ``∫_{-∞}^x t f(t) dt``; truncation and
means follow from the three. SciPy loads `scipy.special` when one of its functions is first used.

References
----------
Johnson, Kotz, Balakrishnan (1994, 1995), *Continuous Univariate Distributions*, vols. 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Family", "FloatArray", "Parameters", "Shape", "need"]

FloatArray = NDArray[np.float64]
Parameters = Mapping[str, float]
Shape = tuple[float, ...]


@dataclass(frozen=True)
class Family:
    """One kind of distribution.

    Parameters
    ----------
    name : str
        As it stands in a scenario file.
    scipy : str
        The name in `scipy.stats`.
    summary : str
        One sentence for the schema.
    forms : tuple of mappings of str to str
        The ways to give its parameters: parameter name to description.
    standardise : callable
        Parameters of one of the forms to the shape that the functions take; raises `ValueError`
        with arguments (parameter, what is wrong) on bad ones.
    ppf, cdf, partial : callable
        Vectorised in their first argument; the second is the shape.
    support : callable
        Shape to (lowest, highest) possible value.
    discrete : bool
        Discrete families cannot be truncated, and attain the ends of their support.
    listed : bool
        Whether the first form may be given as a list, in the order of its parameters.
    optional : frozenset of str
        Parameters that may be left out.
    """

    name: str
    scipy: str
    summary: str
    forms: tuple[Mapping[str, str], ...]
    standardise: Callable[[Parameters], Shape]
    ppf: Callable[[FloatArray, Shape], FloatArray]
    cdf: Callable[[float, Shape], float]
    partial: Callable[[float, Shape], float]
    support: Callable[[Shape], tuple[float, float]]
    discrete: bool = False
    listed: bool = False
    optional: frozenset[str] = frozenset()


def need(condition: bool, parameter: str, message: str) -> None:
    """Raise unless `condition` holds; the error names the parameter."""
    if not condition:
        raise ValueError(parameter, message)
