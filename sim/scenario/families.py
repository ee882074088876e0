"""The frozen list of distributions: their parameters, quantiles, means and supports.

Every family gives, for its standardised parameters, the quantile function ``ppf``, the distribution
function ``cdf`` and the partial expectation ``∫_{-∞}^x t f(t) dt``; truncation and means follow from the
three. `scipy.special` is imported when a function is first called.

References
----------
Johnson, Kotz, Balakrishnan (1994, 1995), *Continuous Univariate Distributions*, vols. 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTINUOUS", "Family", "Parameters", "need"]

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
        Parameters of one of the forms to the shape that the functions take; raises `ValueError` with
        arguments (parameter, what is wrong) on bad ones.
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


# ---- uniform and log-uniform ------------------------------------------------------------------


def _ends(p: Parameters) -> Shape:
    need(p["low"] < p["high"], "high", f"must be above low, which is {p['low']:g}")
    return (p["low"], p["high"])


def _log_ends(p: Parameters) -> Shape:
    need(p["low"] > 0, "low", "must be above 0")
    return _ends(p)


def _uniform_partial(x: float, s: Shape) -> float:
    return 0.5 * (x + s[0]) * (x - s[0]) / (s[1] - s[0])


UNIFORM = Family(
    "uniform",
    "uniform",
    "Every value between low and high is equally likely.",
    ({"low": "lowest value", "high": "highest value"},),
    _ends,
    lambda u, s: s[0] + (s[1] - s[0]) * u,
    lambda x, s: (x - s[0]) / (s[1] - s[0]),
    _uniform_partial,
    lambda s: (s[0], s[1]),
    listed=True,
)
LOGUNIFORM = Family(
    "loguniform",
    "loguniform",
    "Every order of magnitude between low and high is equally likely.",
    ({"low": "lowest value, above 0", "high": "highest value"},),
    _log_ends,
    lambda u, s: np.exp(math.log(s[0]) + math.log(s[1] / s[0]) * u),
    lambda x, s: math.log(x / s[0]) / math.log(s[1] / s[0]),
    lambda x, s: (x - s[0]) / math.log(s[1] / s[0]),
    lambda s: (s[0], s[1]),
    listed=True,
)


# ---- triangular -------------------------------------------------------------------------------


def _peak(p: Parameters) -> Shape:
    low, mode, high = p["low"], p["mode"], p["high"]
    need(low < high, "high", f"must be above low, which is {low:g}")
    need(low <= mode <= high, "mode", f"must lie between low and high, {low:g} and {high:g}")
    return (low, mode, high)


def _triangular_ppf(u: FloatArray, s: Shape) -> FloatArray:
    low, mode, high = s
    left = (mode - low) * (high - low)
    right = (high - mode) * (high - low)
    rising = low + np.sqrt(u * left)
    falling = high - np.sqrt((1.0 - u) * right)
    return np.where(u * (high - low) < mode - low, rising, falling)


def _triangular_cdf(x: float, s: Shape) -> float:
    low, mode, high = s
    if x < mode:
        return (x - low) ** 2 / ((high - low) * (mode - low))
    if high == mode:
        return 1.0
    return 1.0 - (high - x) ** 2 / ((high - low) * (high - mode))


def _triangular_partial(x: float, s: Shape) -> float:
    low, mode, high = s
    height = 2.0 / (high - low)

    def rising(y: float) -> float:  # ∫ (low + r) r dr, r = t − low
        r = y - low
        return height * r * r * (low / 2 + r / 3) / (mode - low)

    def falling(y: float) -> float:  # ∫ (high − r) r dr from high − y to high − mode
        near, far = high - y, high - mode
        area = high / 2 * (far**2 - near**2) - (far**3 - near**3) / 3
        return height * area / (high - mode)

    if x < mode:
        return rising(x)
    left = rising(mode) if mode > low else 0.0
    return left + (falling(x) if high > mode else 0.0)


TRIANGULAR = Family(
    "triangular",
    "triang",
    "Rises from low to the most likely value and falls to high.",
    ({"low": "lowest value", "mode": "most likely value", "high": "highest value"},),
    _peak,
    _triangular_ppf,
    _triangular_cdf,
    _triangular_partial,
    lambda s: (s[0], s[2]),
    listed=True,
)


# ---- normal and log-normal --------------------------------------------------------------------


def _phi(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) if abs(z) < 40 else 0.0


def _ncdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _ndtri(u: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(ndtri(u), dtype=float)


def _mean_sd(p: Parameters) -> Shape:
    need(p["sd"] > 0, "sd", "must be above 0")
    return (p["mean"], p["sd"])


def _normal_partial(x: float, s: Shape) -> float:
    z = (x - s[0]) / s[1]
    return s[0] * _ncdf(z) - s[1] * _phi(z)


NORMAL = Family(
    "normal",
    "norm",
    "Bell curve.",
    ({"mean": "mean", "sd": "standard deviation, above 0"},),
    _mean_sd,
    lambda u, s: s[0] + s[1] * _ndtri(u),
    lambda x, s: _ncdf((x - s[0]) / s[1]),
    _normal_partial,
    lambda s: (-math.inf, math.inf),
)


def _need_moments(p: Parameters) -> None:
    need(p["mean"] > 0, "mean", "must be above 0")
    low, high = 1e-6 * p["mean"], 1e3 * p["mean"]
    need(low <= p["sd"] <= high, "sd", f"must lie between {low:g} and {high:g} with this mean")


def _log_shape(p: Parameters) -> Shape:
    if "median" in p:
        need(p["median"] > 0, "median", "must be above 0")
        need(1 < p["gsd"] <= 100, "gsd", "must be above 1 and at most 100")
        return (math.log(p["median"]), math.log(p["gsd"]))
    _need_moments(p)
    spread = math.log1p((p["sd"] / p["mean"]) ** 2)
    return (math.log(p["mean"]) - 0.5 * spread, math.sqrt(spread))


def _lognormal_cdf(x: float, s: Shape) -> float:
    return _ncdf((math.log(x) - s[0]) / s[1]) if x > 0 else 0.0


def _lognormal_partial(x: float, s: Shape) -> float:
    mean = math.exp(s[0] + 0.5 * s[1] ** 2)
    return mean * _ncdf((math.log(x) - s[0]) / s[1] - s[1]) if x > 0 else 0.0


LOGNORMAL = Family(
    "lognormal",
    "lognorm",
    "Positive, right-skewed; two thirds lie between median / gsd and median · gsd.",
    (
        {"median": "median, above 0", "gsd": "geometric standard deviation, above 1"},
        {"mean": "mean, above 0", "sd": "standard deviation, above 0"},
    ),
    _log_shape,
    lambda u, s: np.exp(s[0] + s[1] * _ndtri(u)),
    _lognormal_cdf,
    _lognormal_partial,
    lambda s: (0.0, math.inf),
)


# ---- beta and gamma ---------------------------------------------------------------------------


def _beta_shape(p: Parameters) -> Shape:
    low, high = p.get("low", 0.0), p.get("high", 1.0)
    need(low < high, "high", f"must be above low, which is {low:g}")
    if "a" in p:
        need(p["a"] > 0, "a", "must be above 0")
        need(p["b"] > 0, "b", "must be above 0")
        return (p["a"], p["b"], low, high)
    need(low < p["mean"] < high, "mean", f"must lie between {low:g} and {high:g}")
    m, sd = (p["mean"] - low) / (high - low), p["sd"] / (high - low)
    top = math.sqrt(m * (1 - m)) * (high - low)
    need(0 < p["sd"] < top, "sd", f"must be above 0 and below {top:.4g} with this mean")
    total = m * (1 - m) / sd**2 - 1
    return (m * total, (1 - m) * total, low, high)


def _beta_ppf(u: FloatArray, s: Shape) -> FloatArray:
    from scipy.special import betaincinv

    return s[2] + (s[3] - s[2]) * np.asarray(betaincinv(s[0], s[1], u), dtype=float)


def _beta_cdf(x: float, s: Shape) -> float:
    from scipy.special import betainc

    return float(betainc(s[0], s[1], (x - s[2]) / (s[3] - s[2])))


def _beta_partial(x: float, s: Shape) -> float:
    from scipy.special import betainc

    a, b, low, high = s
    z = (x - low) / (high - low)
    inner = a / (a + b) * float(betainc(a + 1, b, z))
    return low * float(betainc(a, b, z)) + (high - low) * inner


_BETA_ENDS = {"low": "lowest value, 0 unless given", "high": "highest value, 1 unless given"}
BETA = Family(
    "beta",
    "beta",
    "Between 0 and 1 (or low and high), of any skew.",
    (
        {"mean": "mean", "sd": "standard deviation", **_BETA_ENDS},
        {"a": "first shape, above 0", "b": "second shape, above 0", **_BETA_ENDS},
    ),
    _beta_shape,
    _beta_ppf,
    _beta_cdf,
    _beta_partial,
    lambda s: (s[2], s[3]),
    optional=frozenset({"low", "high"}),
)


def _gamma_shape(p: Parameters) -> Shape:
    if "shape" in p:
        need(p["shape"] > 0, "shape", "must be above 0")
        need(p["scale"] > 0, "scale", "must be above 0")
        return (p["shape"], p["scale"])
    _need_moments(p)
    return ((p["mean"] / p["sd"]) ** 2, p["sd"] ** 2 / p["mean"])


def _gamma_ppf(u: FloatArray, s: Shape) -> FloatArray:
    from scipy.special import gammaincinv

    return np.asarray(s[1] * gammaincinv(s[0], u), dtype=float)


def _gamma_cdf(x: float, s: Shape) -> float:
    from scipy.special import gammainc

    return float(gammainc(s[0], x / s[1])) if x > 0 else 0.0


def _gamma_partial(x: float, s: Shape) -> float:
    from scipy.special import gammainc

    return s[0] * s[1] * float(gammainc(s[0] + 1, x / s[1])) if x > 0 else 0.0


GAMMA = Family(
    "gamma",
    "gamma",
    "Positive, right-skewed with a lighter tail than the log-normal.",
    (
        {"mean": "mean, above 0", "sd": "standard deviation, above 0"},
        {"shape": "shape, above 0", "scale": "scale, above 0"},
    ),
    _gamma_shape,
    _gamma_ppf,
    _gamma_cdf,
    _gamma_partial,
    lambda s: (0.0, math.inf),
)


def _rate(p: Parameters) -> Shape:
    need(p["mean"] > 0, "mean", "must be above 0")
    return (p["mean"],)


EXPONENTIAL = Family(
    "exponential",
    "expon",
    "Waiting time of a constant hazard.",
    ({"mean": "mean, above 0"},),
    _rate,
    lambda u, s: -s[0] * np.log1p(-u),
    lambda x, s: -math.expm1(-x / s[0]) if x > 0 else 0.0,
    lambda x, s: (
        s[0] * -math.expm1(-x / s[0]) - (x * math.exp(-x / s[0]) if x < math.inf else 0.0)
        if x > 0
        else 0.0
    ),
    lambda s: (0.0, math.inf),
)


# ---- Student's t ------------------------------------------------------------------------------


def _t_shape(p: Parameters) -> Shape:
    need(p["df"] > 1, "df", "must be above 1, or there is no mean")
    need(p["scale"] > 0, "scale", "must be above 0")
    return (p["df"], p.get("mean", 0.0), p["scale"])


def _t_ppf(u: FloatArray, s: Shape) -> FloatArray:
    from scipy.special import stdtrit

    return np.asarray(s[1] + s[2] * stdtrit(s[0], u), dtype=float)


def _t_cdf(x: float, s: Shape) -> float:
    from scipy.special import stdtr

    return float(stdtr(s[0], (x - s[1]) / s[2]))


def _t_partial(x: float, s: Shape) -> float:
    df, z = s[0], (x - s[1]) / s[2]
    peak = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    tail = 0.0 if math.isinf(z) else peak * df / (df - 1) * (1 + z * z / df) ** (-(df - 1) / 2)
    return s[1] * _t_cdf(x, s) - s[2] * tail


STUDENT_T = Family(
    "student_t",
    "t",
    "Bell curve with heavy tails.",
    (
        {
            "df": "degrees of freedom, above 1",
            "mean": "centre, 0 unless given",
            "scale": "scale, above 0",
        },
    ),
    _t_shape,
    _t_ppf,
    _t_cdf,
    _t_partial,
    lambda s: (-math.inf, math.inf),
    optional=frozenset({"mean"}),
)

CONTINUOUS: dict[str, Family] = {
    family.name: family
    for family in (
        UNIFORM,
        LOGUNIFORM,
        TRIANGULAR,
        NORMAL,
        LOGNORMAL,
        BETA,
        GAMMA,
        EXPONENTIAL,
        STUDENT_T,
    )
}
