"""Distributions on an interval: uniform, log-uniform, triangular, beta."""

from __future__ import annotations

import math

import numpy as np
import scipy

from sim.scenario.families import Family, FloatArray, Parameters, Shape, need

__all__ = ["BOUNDED"]


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


# ---- beta ---------------------------------------------------------------------------


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
    return s[2] + (s[3] - s[2]) * np.asarray(scipy.special.betaincinv(s[0], s[1], u), dtype=float)


def _beta_cdf(x: float, s: Shape) -> float:
    return float(scipy.special.betainc(s[0], s[1], (x - s[2]) / (s[3] - s[2])))


def _beta_partial(x: float, s: Shape) -> float:
    a, b, low, high = s
    z = (x - low) / (high - low)
    inner = a / (a + b) * float(scipy.special.betainc(a + 1, b, z))
    return low * float(scipy.special.betainc(a, b, z)) + (high - low) * inner


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

BOUNDED: dict[str, Family] = {f.name: f for f in (UNIFORM, LOGUNIFORM, TRIANGULAR, BETA)}
