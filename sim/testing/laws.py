"""The laws of payoff functions: try to break gradients, finiteness, monotonicity.

Points are tried over the whole box, in every draw that is looked at; a law that fails names
the player, the issues and the simplest point found at which it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.bargaining.problem import FloatArray, PayoffsLike
from sim.errors import PayoffError, ProblemError
from sim.testing.sampled import MARGIN, Function, Tried

__all__ = ["Law", "LawViolation", "assert_laws", "check_laws"]

SLOPES = 2e-5
"""A gradient may differ from differences by this share of the payoff's range in the box."""
BENDS = 2e-3
"""A Hessian likewise."""
FLAT = 1e-9
"""A curvature, or a step against the required sign, above this share of the range counts."""
STEP = 1e-5
"""Differences are taken over this share of an issue's range."""


@dataclass(frozen=True, slots=True)
class Law:
    """One law and whether the payoffs obey it.

    Parameters
    ----------
    name : str
        `finite`, `gradient`, `hessian`, `monotone` or `concave`.
    holds : bool
        True also for what is reported only: payoffs need not be concave.
    message : str
        What was found, with the simplest counterexample if there is one.
    """

    name: str
    holds: bool
    message: str


class LawViolation(AssertionError):  # noqa: N818  (an assertion that fails, by its own name)
    """Payoffs break a law; the message names it and gives the simplest counterexample."""


def check_laws(
    payoffs: PayoffsLike | Function,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    monotone: Mapping[tuple[int, int], int] | None = None,
    points: int = 64,
    seed: int = 0,
) -> list[Law]:
    """Try to break the laws that solvers rely on.

    Parameters
    ----------
    payoffs : Payoffs or callable
        Payoffs of `sim.payoffs`, or any function from outcomes (B, K) to payoffs (B, N); of a
        function the derivatives are not checked, since it has none of its own.
    lower, upper : array_like, shape (K,) or (B, K)
        The box.
    monotone : mapping of (int, int) to int, optional
        (player, issue) → +1 if the payoff must not fall in the issue, −1 if it must not rise.
    points : int
        Points tried in each draw, besides two corners and middles of faces; whether payoffs are
        finite is tried at more corners, all of them if they are 32 at most.
    seed : int

    Returns
    -------
    list of Law
        `finite`; `gradient` and `hessian` against central differences; `monotone`, one for
        each sign that is asked for; `concave`, a report of how often a player's Hessian has
        a positive eigenvalue.

    Raises
    ------
    ProblemError
        If bounds do not fit, or `monotone` names no player, no issue or no sign.

    Examples
    --------
    >>> laws = check_laws(lambda x: x[:, :1] ** 2, [0], [1], monotone={(0, 0): -1})
    >>> [(law.name, law.holds) for law in laws]
    [('finite', True), ('monotone', False), ('concave', True)]
    """
    law = Tried.of(payoffs, lower, upper, points, seed)
    n, k = len(law.payoffs.players), len(law.payoffs.issues)
    signs = dict(monotone or {})
    for (player, issue), sign in signs.items():
        if not (0 <= player < n and 0 <= issue < k and sign in (1, -1)):
            raise ProblemError(
                f"monotone: players 0 to {n - 1}, issues 0 to {k - 1} and signs +1 and -1 are "
                f"allowed, got {(player, issue)}: {sign}"
            )
    found = [_finite(law)]
    if not found[0].holds:
        return found
    with np.errstate(all="ignore"):  # infinite derivatives are looked for
        if law.analytic:
            found += [_gradient(law), _hessian(law)]
        found += [_monotone(law, where, sign) for where, sign in signs.items()]
        return [*found, _concave(law)]


def assert_laws(
    payoffs: PayoffsLike | Function,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    monotone: Mapping[tuple[int, int], int] | None = None,
) -> None:
    """Raise `LawViolation` for the first law of `check_laws` that does not hold."""
    for law in check_laws(payoffs, lower, upper, monotone=monotone):
        if not law.holds:
            raise LawViolation(f"{law.name} is violated: {law.message}")


def _simplest(
    case: Tried, x: FloatArray, draw: int, broken: Callable[[FloatArray], bool]
) -> FloatArray:
    """Move a counterexample to bounds, middles and round numbers as long as it stays one."""
    best = x.copy()
    for k in range(x.shape[1]):
        low, high = case.lower[draw, k], case.upper[draw, k]
        rounded = [float(f"{best[draw, k]:.{digits}g}") for digits in (1, 2, 3)]
        for value in (low, high, (low + high) / 2.0, *rounded):
            if not low <= value <= high:
                continue
            other = best.copy()
            other[draw, k] = value
            if broken(other):
                best = other
                break
    return best


def _first(
    case: Tried, wrong: Callable[[FloatArray], FloatArray], points: Sequence[FloatArray] = ()
) -> tuple[FloatArray, tuple[int, ...]] | None:
    """Return the simplest point, and the place, at which `wrong` (B, ...) is above 1 or NaN."""

    def broken(x: FloatArray) -> NDArray[np.bool_]:
        return ~(wrong(x) <= 1.0)

    for x in points or case.tried:
        bad = broken(x)
        if not bad.any():
            continue
        place = tuple(int(i) for i in np.unravel_index(np.argmax(bad), bad.shape))
        point = _simplest(case, x, place[0], lambda other: bool(broken(other)[place]))  # noqa: B023
        return point, place
    return None


def _finite(case: Tried) -> Law:
    def wrong(x: FloatArray) -> FloatArray:
        return np.where(np.isfinite(case.value(x)), 0.0, 2.0)

    points = (*case.corners, *case.tried)
    try:
        found = _first(case, wrong, points)
    except PayoffError as error:
        return Law("finite", False, str(error))
    if found is None:
        return Law("finite", True, f"finite at all {len(points)} points of the box")
    x, (draw, player) = found
    value = case.value(x)[draw, player]
    name = case.payoffs.players[player]
    return Law("finite", False, f"the payoff of {name} is {value} at {case.at(x, draw)}")


def _differences(
    case: Tried, x: FloatArray, function: Callable[[FloatArray], FloatArray]
) -> Iterator[tuple[int, tuple[FloatArray, FloatArray, FloatArray]]]:
    """Yield issue and the central, left and right difference of `function`."""
    here = function(x)
    for k in range(x.shape[1]):
        step = STEP * case.width[:, k]
        up, down = x.copy(), x.copy()
        up[:, k] += step
        down[:, k] -= step
        safe = np.where(step > 0, step, 1.0).reshape(len(x), *[1] * (here.ndim - 1))
        left, right = (here - function(down)) / safe, (function(up) - here) / safe
        yield k, ((left + right) / 2.0, left, right)


def _inside(case: Tried, x: FloatArray) -> FloatArray:
    """Return a point at a margin from every bound."""
    margin = MARGIN * case.width
    return np.clip(x, case.lower + margin, case.upper - margin)


def _gradient(case: Tried) -> Law:
    spread, noise = case.spread()

    def wrong(x: FloatArray) -> FloatArray:
        point = _inside(case, x)
        slope = case.gradient(point)
        miss = np.zeros(slope.shape)
        for k, (central, _, _) in _differences(case, point, case.value):
            miss[:, :, k] = np.abs(slope[:, :, k] - central) * case.width[:, None, k]
        bend = np.nan_to_num(np.abs(case.hessian(point))) * case.width[:, None, None, :]
        bend = np.einsum("bnkk->bnk", bend) * case.width[:, None, :]
        allowed = SLOPES * (spread[..., None] + bend) + noise[..., None] / STEP
        excess: FloatArray = miss / allowed
        return excess

    found = _first(case, wrong)
    if found is None:
        return Law("gradient", True, "gradients agree with differences")
    x, (draw, player, issue) = found
    point = _inside(case, x)
    got = case.gradient(point)[draw, player, issue]
    want = dict(_differences(case, point, case.value))[issue][0][draw, player]
    return Law(
        "gradient",
        False,
        f"d({case.payoffs.players[player]})/d({case.payoffs.issues[issue]}) is {got:.9g}, "
        f"differences give {want:.9g}, at {case.at(point, draw)}",
    )


def _hessian(case: Tried) -> Law:
    spread, noise = case.spread()

    def wrong(x: FloatArray) -> FloatArray:
        point = _inside(case, x)
        dense = case.hessian(point)
        width = case.width[:, None, :, None] * case.width[:, None, None, :]
        miss = np.zeros(dense.shape)
        for k, slopes in _differences(case, point, case.gradient):
            # At a kink of the gradient the Hessian is that of one side.
            miss[..., k] = np.min([np.abs(dense[..., k] - slope) for slope in slopes], axis=0)
        bend = np.nan_to_num(np.abs(dense) * width).max(axis=(2, 3), keepdims=True)
        size = spread[..., None, None] + bend
        excess: FloatArray = miss * width / (BENDS * size + noise[..., None, None] / STEP)
        return excess

    found = _first(case, wrong)
    if found is None:
        return Law("hessian", True, "Hessians agree with differences of gradients")
    x, (draw, player, i, j) = found
    point = _inside(case, x)
    got = case.hessian(point)[draw, player, i, j]
    want = dict(_differences(case, point, case.gradient))[j][0][draw, player, i]
    names = case.payoffs.issues
    return Law(
        "hessian",
        False,
        f"d²({case.payoffs.players[player]})/d({names[i]})d({names[j]}) is {got:.9g}, "
        f"differences give {want:.9g}, at {case.at(point, draw)}",
    )


def _monotone(case: Tried, where: tuple[int, int], sign: int) -> Law:
    player, issue = where
    spread, noise = (values[:, player] for values in case.spread())
    rises = "rise" if sign > 0 else "fall"
    name = f"{case.payoffs.players[player]} must {rises} in {case.payoffs.issues[issue]}"

    def against(low: FloatArray, high: FloatArray, x: FloatArray) -> FloatArray:
        left, right = x.copy(), x.copy()
        left[:, issue], right[:, issue] = low, high
        change = (case.value(right) - case.value(left))[:, player]
        return -sign * change / (FLAT * spread + noise)

    def nearby(x: FloatArray) -> FloatArray:
        step = STEP * case.width[:, issue]
        low = np.minimum(x[:, issue], case.upper[:, issue] - step)
        return against(low, low + step, x)

    def upwards(x: FloatArray) -> FloatArray:
        return against(x[:, issue], case.upper[:, issue], x)

    def downwards(x: FloatArray) -> FloatArray:
        return against(case.lower[:, issue], x[:, issue], x)

    # A jump lies between the points that are tried: no small step sees it, a long one does.
    for wrong, end in ((nearby, ""), (upwards, " to its highest"), (downwards, " from its lowest")):
        found = _first(case, wrong)
        if found is not None:
            x, (draw,) = found
            way = f" on the way{end}" if end else ""
            return Law("monotone", False, f"{name}, and does not{way} at {case.at(x, draw)}")
    return Law("monotone", True, f"{name}: so it does")


def _concave(case: Tried) -> Law:
    """Report where payoffs bend upwards: allowed, and a reason for several starts."""
    spread, noise = case.spread()
    convex = np.zeros(len(case.payoffs.players))
    scaled = case.width[:, None, :, None] * case.width[:, None, None, :]
    for x in case.tried:
        bends = np.nan_to_num(case.hessian(_inside(case, x)) * scaled)
        largest = np.linalg.eigvalsh(bends)[..., -1]
        convex += (largest > BENDS * spread + noise / STEP).mean(axis=0) / len(case.tried)
    bent = [
        f"{name} at {share:.0%} of the points"
        for name, share in zip(case.payoffs.players, convex, strict=True)
        if share > 0
    ]
    text = "concave for all players" if not bent else f"not concave for {', '.join(bent)}"
    return Law("concave", True, text)
