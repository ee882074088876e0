"""Dependence between parameters: a Gaussian copula, given by rank or linear correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from sim.errors import SamplingError

__all__ = ["Copula", "CorrelationKind", "Distribution", "gaussian_copula"]

FloatArray = npt.NDArray[np.float64]
CorrelationKind = Literal["rank", "linear"]
Entry = tuple[str, str, float]

_EIGENVALUE_TOLERANCE = 1e-10
_HERMITE_TERMS = 80
_NODES = 4001
_REACH = 8.0


class Distribution(Protocol):
    """Anything with a quantile function; `sim.scenario.distributions` has the frozen list."""

    def ppf(self, u: FloatArray, /) -> FloatArray:
        """Return the quantiles at the probabilities `u` in (0, 1), element by element."""
        ...


@dataclass(frozen=True, slots=True)
class Copula:
    """Gaussian copula of the columns that take part in a correlation.

    With z = Φ⁻¹(u) for independent uniforms u, the dependent ones are u' = Φ(L z), L Lᵀ = R.
    Columns outside of `columns` are left exactly as they are.

    Parameters
    ----------
    columns : tuple of int
        Positions of the k correlated parameters, ascending.
    correlation : tuple of tuple of float
        R, the (k, k) correlation of the normals; zero where nothing was said.

    References
    ----------
    Li (2000), On default correlation: a copula function approach, Journal of Fixed Income 9.
    """

    columns: tuple[int, ...]
    correlation: tuple[tuple[float, ...], ...]

    def apply(self, u: FloatArray) -> FloatArray:
        """Turn independent uniforms into dependent ones.

        Parameters
        ----------
        u : array, shape (n, d)
            Independent uniforms in (0, 1).

        Returns
        -------
        array, shape (n, d)
            Dependent uniforms in (0, 1). A row depends on that row alone, bit for bit: the sums
            are elementwise, because a matrix product may round differently in blocks of
            different size.
        """
        from scipy.special import ndtr, ndtri

        normals = [ndtri(u[:, column]) for column in self.columns]
        result = u.copy()
        for row, column in zip(_factor(np.array(self.correlation)), self.columns, strict=True):
            total = np.zeros(len(u))
            for loading, normal in zip(row, normals, strict=True):
                if loading != 0.0:
                    total += loading * normal
            result[:, column] = np.clip(ndtr(total), 2.0**-54, 1.0 - 2.0**-53)
        return result

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Return the connected components of the correlations, as tuples of columns."""
        linked = np.array(self.correlation) != 0.0
        left, found = list(range(len(self.columns))), []
        while left:
            group, front = {left[0]}, [left[0]]
            while front:
                near = {int(j) for j in np.flatnonzero(linked[front.pop()])} - group
                group |= near
                front += sorted(near)
            left = [i for i in left if i not in group]
            found.append(tuple(self.columns[i] for i in sorted(group)))
        return tuple(found)


def gaussian_copula(
    names: Sequence[str],
    entries: Sequence[Entry],
    *,
    kind: CorrelationKind = "rank",
    distributions: Mapping[str, Distribution] | None = None,
) -> Copula | None:
    """Build the Gaussian copula with the correlations asked for.

    A rank correlation ρ_S becomes the normals' correlation 2 sin(π ρ_S/6). A linear correlation ρ
    of the parameters themselves becomes the r that solves

        Σ_k r^k a_k b_k = ρ √(Σ a_k² Σ b_k²),   a_k = E[X He_k(z)]/√k!,  k ≥ 1,

    the Hermite (Mehler) series of the covariance of two transformed normals. With discrete
    parameters a rank correlation is that of the underlying continuous scale.

    Parameters
    ----------
    names : sequence of str
        All d parameters, in the order of the columns.
    entries : sequence of (str, str, float)
        Two names and their correlation; pairs that are not named are uncorrelated.
    kind : {"rank", "linear"}
        What the numbers are: Spearman's rank correlation or Pearson's linear one.
    distributions : mapping of str to Distribution, optional
        The marginal distributions, needed for `linear`.

    Returns
    -------
    Copula or None
        None if there is no correlation.

    Raises
    ------
    SamplingError
        Unknown or repeated names, a number outside [-1, 1], a linear correlation that these two
        distributions cannot have, or correlations that clash (not positive semidefinite): the
        message names the smallest set of entries that clashes and what the last one may be.

    References
    ----------
    Kruskal (1958), Ordinal measures of association, JASA 53 (rank correlation of normals).
    Cario & Nelson (1997), Modeling and generating random vectors with arbitrary marginal
    distributions and correlation matrix (the linear case).
    """
    if kind not in ("rank", "linear"):
        raise SamplingError(f"correlation kind {kind!r}: allowed are 'rank' and 'linear'")
    entries = _checked(names, entries)
    if not entries:
        return None
    used = {name for a, b, _ in entries for name in (a, b)}
    columns = tuple(i for i, name in enumerate(names) if name in used)
    place = {names[column]: i for i, column in enumerate(columns)}
    matrix = np.eye(len(columns))
    for a, b, value in entries:
        normal = (
            2.0 * np.sin(np.pi * value / 6.0)
            if kind == "rank"
            else _normal_correlation(a, b, value, distributions or {})
        )
        matrix[place[a], place[b]] = matrix[place[b], place[a]] = normal
    _refuse_clash(matrix, [names[column] for column in columns], entries, kind)
    return Copula(columns=columns, correlation=tuple(tuple(map(float, row)) for row in matrix))


def _checked(names: Sequence[str], entries: Sequence[Entry]) -> list[Entry]:
    seen: set[frozenset[str]] = set()
    for a, b, value in entries:
        label = f"correlation of {a} and {b}"
        unknown = [name for name in (a, b) if name not in names]
        if unknown:
            raise SamplingError(
                f"{label}: {', '.join(unknown)} is no uncertain parameter; "
                f"there are {', '.join(names) or 'none'}"
            )
        if a == b or frozenset((a, b)) in seen:
            raise SamplingError(f"{label}: each pair of two different parameters stands once")
        if not -1.0 <= value <= 1.0:
            raise SamplingError(f"{label}: {value} is outside [-1, 1]")
        seen.add(frozenset((a, b)))
    return [(a, b, float(value)) for a, b, value in entries if value != 0.0]


def _factor(matrix: FloatArray) -> FloatArray:
    """Return the lower triangular L with L Lᵀ = R; zero columns where R is singular."""
    size = len(matrix)
    lower = np.zeros((size, size))
    for j in range(size):
        pivot = matrix[j, j] - float(np.sum(lower[j, :j] ** 2))
        if pivot <= _EIGENVALUE_TOLERANCE:
            continue
        lower[j, j] = np.sqrt(pivot)
        for i in range(j + 1, size):
            lower[i, j] = (matrix[i, j] - float(np.sum(lower[i, :j] * lower[j, :j]))) / lower[j, j]
    return lower


def _semidefinite(matrix: FloatArray) -> bool:
    return bool(np.linalg.eigvalsh(matrix)[0] >= -_EIGENVALUE_TOLERANCE)


def _refuse_clash(
    matrix: FloatArray, names: Sequence[str], entries: Sequence[Entry], kind: CorrelationKind
) -> None:
    if _semidefinite(matrix):
        return
    keep = list(range(len(names)))
    for i in range(len(names)):  # drop whatever is not needed for the clash
        without = [j for j in keep if j != i]
        if not _semidefinite(matrix[np.ix_(without, without)]):
            keep = without
    inside = {names[i] for i in keep}
    clash = [entry for entry in entries if {entry[0], entry[1]} <= inside]
    last = clash[-1]
    i, j = names.index(last[0]), names.index(last[1])
    rest = [[k for k in range(len(names)) if k != dropped] for dropped in (i, j)]
    if all(_semidefinite(matrix[np.ix_(others, others)]) for others in rest):
        keep = list(range(len(names)))  # this entry alone can mend it
    low, high = _allowed(matrix[np.ix_(keep, keep)], keep.index(i), keep.index(j))
    if kind == "rank":
        low, high = (6.0 / np.pi * np.arcsin(r / 2.0) for r in (low, high))
    told = ", ".join(f"{a}–{b} {value:g}" for a, b, value in clash)
    advice = (
        f"given the others, {last[0]}–{last[1]} may lie in [{low:.3f}, {high:.3f}]"
        if kind == "rank" and low <= high
        else "bring them nearer to zero"
    )
    raise SamplingError(
        f"correlations {told} cannot hold together (not positive semidefinite): {advice}"
    )


def _allowed(matrix: FloatArray, i: int, j: int) -> tuple[float, float]:
    """Return the interval of entry (i, j) that makes the matrix semidefinite, others fixed.

    With S the other rows, r_ij = r_iS R_SS⁻¹ r_Sj ± √(s_ii s_jj), s the Schur complements.
    """
    rest = [k for k in range(len(matrix)) if k not in (i, j)]
    inner = np.linalg.pinv(matrix[np.ix_(rest, rest)])
    a, b = matrix[i, rest], matrix[j, rest]
    middle = float(a @ inner @ b)
    left_a, left_b = (max(0.0, 1.0 - float(r @ inner @ r)) for r in (a, b))
    spread = float(np.sqrt(left_a * left_b))
    return max(-1.0, middle - spread), min(1.0, middle + spread)


def _normal_correlation(
    a: str, b: str, target: float, distributions: Mapping[str, Distribution]
) -> float:
    """Solve the Hermite series for the normals' correlation that gives the linear one.

    Two steps (discrete parameters) leave a long tail beyond K terms, whose coefficients fall like
    k^(−3/2). Their sum is known, because the ends r = ±1 are, and with x = (K + ½) ln(1/|r|) the
    share of it that is left at r is

        ∫_K^∞ |r|^k k^(−3/2) dk / ∫_K^∞ k^(−3/2) dk = e^(−x) − √(πx) erfc(√x).
    """
    from scipy.optimize import brentq
    from scipy.special import erfc

    (x, first), (y, second) = (_hermite(name, distributions) for name in (a, b))
    weight = _normal_weights()
    scale = float(np.sqrt(np.sum(weight * x * x) * np.sum(weight * y * y)))
    product = first * second / scale
    powers = np.arange(1, _HERMITE_TERMS + 1)
    low = float(np.sum(weight * x * y[::-1])) / scale
    high = float(np.sum(weight * x * y)) / scale
    if not low <= target <= high:
        raise SamplingError(
            f"correlation of {a} and {b}: these two distributions can have a linear correlation "
            f"in [{low:.3f}, {high:.3f}], not {target:g}; give a rank correlation instead"
        )

    def excess(r: float) -> float:
        end, sign = (high, 1.0) if r >= 0.0 else (low, -1.0)
        beyond = end - float(np.sum(product * sign**powers))
        x = (_HERMITE_TERMS + 0.5) * -np.log(max(abs(r), 1e-300))
        left = np.exp(-x) - np.sqrt(np.pi * x) * erfc(np.sqrt(x))
        return float(np.sum(product * r**powers) + beyond * left) - target

    return float(brentq(excess, -1.0, 1.0, xtol=1e-12))


def _normal_weights() -> FloatArray:
    z: FloatArray = np.linspace(-_REACH, _REACH, _NODES)
    density = np.exp(-0.5 * z**2)
    return np.asarray(density / np.sum(density))


def _hermite(name: str, distributions: Mapping[str, Distribution]) -> tuple[FloatArray, FloatArray]:
    """Return X − E X on the nodes and a_k = E[X He_k(z)]/√k!, k = 1 … K, X = F⁻¹(Φ(z))."""
    from scipy.special import ndtr

    if name not in distributions:
        raise SamplingError(f"a linear correlation of {name} needs its distribution")
    z: FloatArray = np.linspace(-_REACH, _REACH, _NODES)
    weight = _normal_weights()
    x = distributions[name].ppf(np.minimum(ndtr(z), 1.0 - 2.0**-53))
    x = x - np.sum(weight * x)
    previous, current = np.zeros_like(z), np.ones_like(z)
    coefficients = np.empty(_HERMITE_TERMS)
    for k in range(_HERMITE_TERMS):
        previous, current = current, (z * current - np.sqrt(k) * previous) / np.sqrt(k + 1.0)
        coefficients[k] = np.sum(weight * x * current)
    if not np.all(np.isfinite(coefficients)) or not np.any(coefficients):
        raise SamplingError(f"a linear correlation of {name} needs a finite, positive variance")
    return x, coefficients
