"""Sensitivity indices of functions whose indices are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from published import Answers, Estimate, Inputs, solves
from sim.montecarlo.sampling import design
from sim.montecarlo.sensitivity import sobol_design, sobol_indices


@dataclass(frozen=True)
class Angle:
    """An input that is uniform on [−π, π], as the samplers want it."""

    name: str

    @property
    def distribution(self) -> Angle:
        return self

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return np.pi * (2.0 * u - 1.0)


@solves("ISHIGAMI")
def ishigami(inputs: Inputs) -> Answers:
    """Mean, variance, first and total Sobol' indices, from independently scrambled designs."""
    a, b = inputs["a"], inputs["b"]
    found: dict[str, list[np.ndarray]] = {"mean": [], "V": [], "S": [], "ST": []}
    for seed in range(16):
        scheme = sobol_design(design([Angle("x1"), Angle("x2"), Angle("x3")], seed=seed))
        n = 1024 * scheme.width
        draws = scheme(range(n))
        x = np.stack([*draws.values()])
        y = np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0])
        indices = sobol_indices(scheme, y)
        values = (y.mean(), indices.variance, indices.first, indices.total)
        for name, value in zip(found, values, strict=True):
            found[name].append(np.asarray(value))
    return {
        name: Estimate(np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / 4.0)
        for name, values in found.items()
    }
