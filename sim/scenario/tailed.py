"""Distributions with tails: normal, log-normal, gamma, exponential, Student's t."""

from __future__ import annotations

import math

import numpy as np
import scipy

from sim.scenario.families import Family, FloatArray, Parameters, Shape, need

__all__ = ["TAILED"]


# ---- normal and log-normal --------------------------------------------------------------------


def _phi(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) if abs(z) < 40 else 0.0


def _ncdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _ndtri(u: FloatArray) -> FloatArray:
    return np.asarray(scipy.special.ndtri(u), dtype=float)


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


# ---- gamma and exponential --------------------------------------------------------------------


def _gamma_shape(p: Parameters) -> Shape:
    if "shape" in p:
        need(p["shape"] > 0, "shape", "must be above 0")
        need(p["scale"] > 0, "scale", "must be above 0")
        return (p["shape"], p["scale"])
    _need_moments(p)
    return ((p["mean"] / p["sd"]) ** 2, p["sd"] ** 2 / p["mean"])


def _gamma_ppf(u: FloatArray, s: Shape) -> FloatArray:
    return np.asarray(s[1] * scipy.special.gammaincinv(s[0], u), dtype=float)


def _gamma_cdf(x: float, s: Shape) -> float:
    return float(scipy.special.gammainc(s[0], x / s[1])) if x > 0 else 0.0


def _gamma_partial(x: float, s: Shape) -> float:
    return s[0] * s[1] * float(scipy.special.gammainc(s[0] + 1, x / s[1])) if x > 0 else 0.0


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
    return np.asarray(s[1] + s[2] * scipy.special.stdtrit(s[0], u), dtype=float)


def _t_cdf(x: float, s: Shape) -> float:
    return float(scipy.special.stdtr(s[0], (x - s[1]) / s[2]))


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

TAILED: dict[str, Family] = {f.name: f for f in (NORMAL, LOGNORMAL, GAMMA, EXPONENTIAL, STUDENT_T)}
