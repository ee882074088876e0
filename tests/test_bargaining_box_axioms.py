"""Axioms of the solutions on boxes with smooth payoffs, and what they are defined by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from box_cases import Smooth, gains, outcomes, random_problem, stakes
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.bargaining import BoxProblem, from_functions, solve

FloatArray = NDArray[np.float64]
SOLUTIONS = ("nash", "kalai_smorodinsky", "egalitarian", "utilitarian")
QUICK = settings(max_examples=12, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.tuples(st.integers(2, 4), st.integers(1, 5))
B = 12


def drawn(seed: int, size: tuple[int, int], *, pairs: bool = True) -> BoxProblem:
    n, k = size
    joined = ((0, k - 1),) if pairs and k > 1 else ()
    return random_problem(np.random.default_rng(seed), n, k, B, pairs=joined)


def objective(problem: BoxProblem, solution: str, g: FloatArray, ideal: FloatArray) -> FloatArray:
    """Return what the solution maximises, of gains (..., B, N); -inf where somebody loses."""
    g = np.where(np.abs(g) <= 1e-8, np.abs(g), g)
    w = np.ones(problem.n_players) if problem.weights is None else np.asarray(problem.weights)
    inside = (g >= 0.0).all(axis=-1)
    with np.errstate(all="ignore"):
        value = {
            "nash": (w * np.log(np.maximum(g, 1e-300))).sum(axis=-1),
            "kalai_smorodinsky": (g / ideal).min(axis=-1),
            "egalitarian": (g / w).min(axis=-1),
            "utilitarian": (w * g).sum(axis=-1),
        }[solution]
    return np.where(inside, value, -np.inf)


@pytest.mark.parametrize("solution", SOLUTIONS)
@QUICK
@given(seed=SEEDS, size=SIZES)
def test_no_sampled_outcome_does_better(solution: str, seed: int, size: tuple[int, int]) -> None:
    problem = drawn(seed, size)
    found = solve(problem, solution)
    assert found.converged.all()
    assert found.agreement.all()
    assert (found.residual <= 1e-7).all()
    rng = np.random.default_rng(seed)
    ideal = np.asarray(solve(problem, "kalai_smorodinsky").parameters["ideal"])
    mine = found.payoffs - problem.disagreement
    assert np.allclose(mine, gains(problem, found.outcome), atol=1e-12)
    others = outcomes(problem, rng, 400)
    near = found.outcome + rng.normal(size=others.shape) * 10.0 ** rng.uniform(
        -6, -1, (len(others), 1, 1)
    )
    lower, upper = problem.bounds
    for points in (others, near.clip(lower, upper)):
        g = np.stack([gains(problem, x) for x in points])
        assert (
            objective(problem, solution, g, ideal).max(axis=0)
            <= objective(problem, solution, mine, ideal) + 1e-7
        ).all()


@pytest.mark.parametrize("solution", SOLUTIONS)
@QUICK
@given(seed=SEEDS, size=SIZES)
def test_individually_rational_and_efficient(
    solution: str, seed: int, size: tuple[int, int]
) -> None:
    problem = drawn(seed, size)
    found = solve(problem, solution)
    mine = found.payoffs - problem.disagreement
    unit = stakes(problem)
    assert (mine >= -1e-8 * unit).all()
    # nobody can gain more if all keep what they have: the max-min from there is no deal
    again = solve(replace(problem, disagreement=found.payoffs - 1e-9 * unit, start=found.outcome))
    rise = (again.payoffs - found.payoffs) / unit
    assert (rise.min(axis=1) <= 1e-6).all()


@pytest.mark.parametrize("solution", SOLUTIONS)
@QUICK
@given(seed=SEEDS, k=st.integers(1, 3))
def test_symmetric_players_get_the_same(solution: str, seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    one = random_problem(rng, 1, 2 * k, 1).payoffs
    assert isinstance(one, Smooth)
    swap = [*range(k, 2 * k), *range(k)]
    both = Smooth(
        *(
            np.concatenate([m, m[:, :, swap]], axis=1)
            for m in (one.slope, one.bend, one.ideal, one.root)
        ),
        np.zeros((1, 2, 0)),
    )
    inner = rng.uniform(0.2, 0.8, k)
    d = both.at(np.concatenate([inner, inner])[None]) - 0.3
    found = solve(BoxProblem(both, np.zeros(2 * k), np.ones(2 * k), d), solution)
    assert found.payoffs[0, 0] == pytest.approx(found.payoffs[0, 1], abs=1e-7)
    assert found.outcome[0] == pytest.approx(found.outcome[0][swap], abs=1e-4)


@pytest.mark.parametrize("factor", [7.0, 0.01])
@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky"])
@QUICK
@given(seed=SEEDS, size=SIZES)
def test_units_and_zeros_of_utility_do_not_matter(
    solution: str, factor: float, seed: int, size: tuple[int, int]
) -> None:
    problem = drawn(seed, size)
    scale = np.ones(size[0])
    scale[0] = factor
    shift = np.arange(size[0]) * 10.0 - 5.0
    base = problem.payoffs
    assert isinstance(base, Smooth)
    other = replace(
        problem,
        payoffs=Smooth(
            base.slope, base.bend, base.ideal, base.root, base.cross, base.pairs, None, scale, shift
        ),
        disagreement=np.asarray(problem.disagreement) * scale + shift,
    )
    one, two = solve(problem, solution), solve(other, solution)
    size_of = stakes(problem) * scale
    assert (np.abs(one.payoffs * scale + shift - two.payoffs) <= 2e-7 * size_of).all()


@pytest.mark.parametrize("solution", ["egalitarian", "utilitarian"])
@QUICK
@given(seed=SEEDS, size=SIZES)
def test_money_solutions_do_not_see_units_of_utility(
    solution: str, seed: int, size: tuple[int, int]
) -> None:
    problem = drawn(seed, size)
    base = problem.payoffs
    assert isinstance(base, Smooth)
    scale, shift = np.linspace(0.2, 3.0, size[0]), np.linspace(-4.0, 9.0, size[0])
    parts = (base.slope, base.bend, base.ideal, base.root, base.cross, base.pairs)
    other = replace(
        problem,
        payoffs=Smooth(*parts, None, scale, shift),
        disagreement=np.asarray(problem.disagreement) * scale + shift,
    )
    one, two = solve(problem, solution), solve(other, solution)
    assert np.abs(one.payoffs * scale + shift - two.payoffs).max() <= 1e-6


@QUICK
@given(seed=SEEDS, size=SIZES, share=st.floats(0.05, 0.9))
def test_nash_ignores_alternatives_not_chosen(
    seed: int, size: tuple[int, int], share: float
) -> None:
    problem = drawn(seed, size)
    found = solve(problem)
    rng = np.random.default_rng(seed)
    lower, upper = problem.bounds
    smaller = replace(
        problem,
        lower=found.outcome - rng.uniform(share, 1.0, lower.shape) * (found.outcome - lower),
        upper=found.outcome + rng.uniform(share, 1.0, lower.shape) * (upper - found.outcome),
    )
    again = solve(smaller)
    assert np.abs(again.payoffs - found.payoffs).max() <= 1e-6


@QUICK
@given(
    curve=st.floats(1.2, 2.0),
    low=st.floats(0.05, 0.5),
    more=st.floats(0.0, 1.0),
    tilt=st.floats(-0.5, 0.5),
)
def test_kalai_smorodinsky_is_restricted_monotone(
    curve: float, low: float, more: float, tilt: float
) -> None:
    """A larger set with the same ideal point leaves nobody worse off."""

    def problem(top: float) -> BoxProblem:
        return from_functions(
            {
                "A": lambda x, y: x + (1.0 + tilt) * y * (x * (1.0 - x)) ** 2,
                "B": lambda x, y: 1.0 - x**curve + (1.0 - tilt) * y * (x * (1.0 - x)) ** 2,
            },
            {"x": (0.0, 1.0), "y": (0.0, top)},
            disagreement=[0.0, 0.0],
        )

    small = solve(problem(0.2 * low), "kalai_smorodinsky")
    large = solve(problem(0.2 * low + 0.2 * more), "kalai_smorodinsky")
    assert np.asarray(small.parameters["ideal"]) == pytest.approx(1.0, abs=1e-6)
    assert np.asarray(large.parameters["ideal"]) == pytest.approx(1.0, abs=1e-6)
    assert (large.payoffs >= small.payoffs - 1e-6).all()


@QUICK
@given(w=st.floats(0.05, 20.0), v=st.floats(0.05, 20.0))
def test_weights_divide_a_pie(w: float, v: float) -> None:
    table = from_functions(
        {"A": lambda x: x, "B": lambda x: 1.0 - x},
        {"x": (0.0, 1.0)},
        disagreement=[0.0, 0.0],
        weights=[w, v],
    )
    share = w / (w + v)
    assert solve(table).outcome[0, 0] == pytest.approx(share, abs=1e-8)
    assert solve(table, "egalitarian").outcome[0, 0] == pytest.approx(share, abs=1e-7)
    assert solve(table, "kalai_smorodinsky").outcome[0, 0] == pytest.approx(0.5, abs=1e-7)
    corner = 1.0 if w > v else 0.0
    if abs(w - v) > 1e-3:
        assert solve(table, "utilitarian").outcome[0, 0] == pytest.approx(corner, abs=1e-6)


@pytest.mark.parametrize("solution", SOLUTIONS)
@QUICK
@given(seed=SEEDS, size=SIZES)
def test_names_do_not_matter(solution: str, seed: int, size: tuple[int, int]) -> None:
    n, k = size
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.5, 2.0, n)
    problem = replace(drawn(seed, size, pairs=False), weights=weights)
    base = problem.payoffs
    assert isinstance(base, Smooth)
    who, what = rng.permutation(n), rng.permutation(k)
    parts = (m[:, who][:, :, what] for m in (base.slope, base.bend, base.ideal, base.root))
    other = BoxProblem(
        Smooth(*parts, base.cross[:, who]),
        np.zeros(k),
        np.ones(k),
        np.asarray(problem.disagreement)[:, who],
        weights=weights[who],
    )
    one, two = solve(problem, solution), solve(other, solution)
    assert np.abs(one.payoffs[:, who] - two.payoffs).max() <= 1e-6


@QUICK
@given(seed=SEEDS, size=SIZES)
def test_equal_shares_where_everybody_matters(seed: int, size: tuple[int, int]) -> None:
    problem = drawn(seed, size)
    ks, equal = solve(problem, "kalai_smorodinsky"), solve(problem, "egalitarian")
    share = (ks.payoffs - problem.disagreement) / np.asarray(ks.parameters["ideal"])
    distance = np.asarray(ks.parameters["distance"])
    assert share.max(axis=1) - share.min(axis=1) == pytest.approx(distance, abs=1e-9)
    gain = equal.payoffs - problem.disagreement
    assert gain.min(axis=1) == pytest.approx(np.asarray(equal.parameters["level"]), abs=1e-9)
    assert equal.parameters["money_metric"] is True
