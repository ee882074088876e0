"""A bargaining problem from plain Python functions, for notebooks and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim.bargaining.problem import BoxProblem, FloatArray
from sim.errors import ProblemError
from sim.payoffs import CustomTerm, Payoffs

__all__ = ["from_functions"]

Utility = Callable[..., ArrayLike]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The players' functions as one function of an outcome matrix."""

    functions: tuple[Utility, ...]
    names: tuple[str, ...]

    def __call__(self, x: FloatArray, *parameters: FloatArray | float) -> FloatArray:
        """Return one column a player, shape (B, N)."""
        given = dict(zip(self.names, parameters, strict=True))
        columns = [np.asarray(function(*x.T, **given), np.float64) for function in self.functions]
        return np.stack([np.broadcast_to(column, len(x)) for column in columns], axis=1)


def from_functions(
    players: Mapping[str, Utility],
    issues: Mapping[str, tuple[float, float]],
    *,
    disagreement: ArrayLike | None = None,
    breakdown: Sequence[float] | Mapping[str, float] | None = None,
    weights: ArrayLike | Mapping[str, float] | None = None,
    start: Sequence[float] | None = None,
    parameters: Mapping[str, ArrayLike] | None = None,
) -> BoxProblem:
    """Return the bargaining problem of players whose utilities are Python functions.

    Parameters
    ----------
    players : mapping of str to callable
        Each player's utility. It is called with one array per issue, in the order of `issues`,
        each of shape (B,), and with the parameters by name; it returns an array (B,) or a
        number, and works element by element. Derivatives are taken numerically.
    issues : mapping of str to (float, float)
        Each issue's range.
    disagreement : array_like, shape (N,) or (B, N), optional
        Utilities without an agreement.
    breakdown : sequence or mapping, optional
        The outcome without an agreement, one number an issue; give this or `disagreement`.
    weights : array_like or mapping of str to float, optional
        Bargaining weights; equal by default.
    start : sequence of float, optional
        Where the search begins; the middle of the box by default.
    parameters : mapping of str to array_like, optional
        Numbers or arrays (B,) that the functions take by name: one problem a draw.

    Returns
    -------
    BoxProblem

    Raises
    ------
    ProblemError
        If neither or both of `disagreement` and `breakdown` are given, a name is missing, or a
        range or parameter is not one.

    Examples
    --------
    A pie of size 1; the first player is risk averse:

    >>> from sim.bargaining import solve
    >>> table = from_functions(
    ...     {"A": lambda share: share**0.5, "B": lambda share: 1 - share},
    ...     {"share": (0, 1)},
    ...     disagreement=[0, 0],
    ... )
    >>> solve(table).outcome.round(6)
    array([[0.333333]])
    """
    if (disagreement is None) == (breakdown is None):
        raise ProblemError("give either disagreement (utilities) or breakdown (an outcome)")
    if not players or not issues:
        raise ProblemError("at least one player and one issue are needed")
    lower, upper = _ranges(issues)
    draws = {name: np.asarray(value, np.float64) for name, value in (parameters or {}).items()}
    lengths = {value.size for value in draws.values() if value.ndim} or {1}
    if len(lengths) > 1 or any(value.ndim > 1 for value in draws.values()):
        raise ProblemError("parameters: numbers, or arrays of one length, the number of draws")
    n_draws = lengths.pop()
    term = CustomTerm(
        function=_Columns(tuple(players.values()), tuple(draws)),
        players=tuple(range(len(players))),
        issues=tuple(range(len(issues))),
        name="utilities",
        lower=lower,
        upper=upper,
        parameters=tuple(value if value.ndim else float(value) for value in draws.values()),
    )
    zero = np.zeros((len(players), n_draws))
    payoffs = Payoffs(tuple(players), tuple(issues), (term,), n_draws, zero)
    if breakdown is not None:
        disagreement = payoffs.utility(np.array(_listed(breakdown, issues, "breakdown")))
    return BoxProblem(
        payoffs=payoffs,
        lower=lower,
        upper=upper,
        disagreement=np.asarray(disagreement, np.float64),
        weights=_listed(weights, players, "weights") if isinstance(weights, Mapping) else weights,
        start=None if start is None else _listed(start, issues, "start"),
    )


def _ranges(
    issues: Mapping[str, tuple[float, float]],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return lower and upper bounds of the issues."""
    try:
        pairs = [(float(low), float(high)) for low, high in issues.values()]
    except (TypeError, ValueError):
        raise ProblemError("issues: each needs a range (lower, upper)") from None
    for name, (low, high) in zip(issues, pairs, strict=True):
        if not (np.isfinite(low) and np.isfinite(high) and low <= high):
            raise ProblemError(f"issues: range of {name!r} is ({low}, {high}); lower <= upper")
    return tuple(low for low, _ in pairs), tuple(high for _, high in pairs)


def _listed(
    values: Sequence[float] | Mapping[str, float], names: Mapping[str, object], what: str
) -> list[float]:
    """Return one number a name, in the order of the names."""
    if not isinstance(values, Mapping):
        if len(values) != len(names):
            raise ProblemError(f"{what}: {len(values)} numbers for {', '.join(names)}")
        return [float(value) for value in values]
    if set(values) != set(names):
        raise ProblemError(f"{what}: names {sorted(values)}; needed: {sorted(names)}")
    return [float(values[name]) for name in names]
