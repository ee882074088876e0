"""Checks of correlations: names, sizes, and whether they can hold together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sim.scenario.checks.context import Context, Finding
from sim.scenario.names import LEFT_OUT, listed, nearest
from sim.scenario.numbers import ParameterName

__all__ = ["clash", "correlations"]

_TOLERANCE = 1e-10


def correlations(context: Context) -> Iterator[Finding]:
    """Each pair is two different uncertain numbers, named once; all together can hold."""
    scenario = context.scenario
    uncertain = {u.name for u in scenario.uncertain}
    pairs: dict[frozenset[str], int] = {}
    entries: list[tuple[str, str, float]] = []
    for n, (a, b, size) in enumerate(scenario.correlations):
        path = ("correlations", n)
        fine = True
        for position, name in enumerate((a, b)):
            known = name in context.parameters
            if name == LEFT_OUT or (known and context.value(ParameterName(name)) is None):
                fine = False  # a fault of its own is reported there
            elif name not in uncertain:
                yield Finding((*path, position), _no_such(name, context, uncertain))
                fine = False
        if not -1 <= size <= 1:
            yield Finding((*path, 2), f"must lie between -1 and 1, not {size:g}")
            fine = False
        if a == b:
            yield Finding(path, f"correlates {a!r} with itself; name two different parameters")
        elif frozenset((a, b)) in pairs:
            yield Finding(
                path, f"{a} and {b} are correlated already, in entry {pairs[frozenset((a, b))]}"
            )
        elif fine:
            pairs[frozenset((a, b))] = n
            entries.append((a, b, size))
    among = clash(entries, rank=scenario.correlation_kind == "rank")
    if among:
        inside = [e for e in entries if e[0] in among and e[1] in among]
        said = ", ".join(f"[{a}, {b}, {r:g}]" for a, b, r in inside)
        unnamed = [
            f"{a} and {b}" for a, b in combinations(among, 2) if frozenset((a, b)) not in pairs
        ]
        said += f", with {', '.join(unnamed)} uncorrelated" if unnamed else ""
        last = max(pairs[frozenset(e[:2])] for e in inside)
        yield Finding(
            ("correlations", last),
            f"cannot hold together (not positive semidefinite): {said}; weaken one of them",
        )


def _no_such(name: str, context: Context, uncertain: set[str]) -> str:
    if name in context.parameters:
        return f"parameter {name!r} is one number; only distributions can be correlated"
    return f"unknown parameter {name!r}{nearest(name, uncertain)}; uncertain: {listed(uncertain)}"


def clash(entries: Sequence[tuple[str, str, float]], *, rank: bool) -> tuple[str, ...]:
    """Return the smallest found set of names whose correlations cannot hold together, or nothing.

    Pairs without an entry are uncorrelated.
    A rank correlation r is one of 2 sin(π r/6) between the normals of a Gaussian copula.

    Parameters
    ----------
    entries : sequence of (str, str, float)
    rank : bool
        Rank correlations; otherwise linear ones.

    References
    ----------
    Kruskal (1958), "Ordinal Measures of Association", JASA 53.
    """
    names = list(dict.fromkeys(name for a, b, _ in entries for name in (a, b)))
    matrix = np.eye(len(names))
    for a, b, size in entries:
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = 2 * np.sin(np.pi * size / 6) if rank else size
    keep = list(range(len(names)))
    if not _indefinite(matrix, keep):
        return ()
    for i in list(keep):  # leave out whatever is not needed for the clash
        rest = [k for k in keep if k != i]
        if _indefinite(matrix, rest):
            keep = rest
    return tuple(names[i] for i in keep)


def _indefinite(matrix: NDArray[np.float64], keep: list[int]) -> bool:
    if len(keep) < 2:
        return False
    return bool(np.linalg.eigvalsh(matrix[np.ix_(keep, keep)])[0] < -_TOLERANCE)
