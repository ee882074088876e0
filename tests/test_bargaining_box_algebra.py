"""Block-diagonal plus rank N: against dense linear algebra, definite or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.bargaining.box.blocks import dot, factorise, gram, solve_small, weighted_hessian
from sim.bargaining.box.step import Quadratic, box_step

FloatArray = NDArray[np.float64]
QUICK = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
PARTITIONS = (
    ((0,), (1,), (2,)),
    ((0, 1), (2,)),
    ((0, 2), (1, 3)),
    ((0, 1, 2), (3,)),
    ((0, 1, 2, 3, 4),),
)


class Logs:
    """(diag(1/b) + G) mu = rhs - shift, as for a Nash product."""

    def __init__(self, inverse_b: FloatArray, rhs: FloatArray) -> None:
        self.inverse_b, self.rhs = inverse_b, rhs

    def solve(
        self,
        g: list[list[FloatArray]],
        shift: FloatArray | None,
        rows: NDArray[np.intp] | None,
    ) -> tuple[FloatArray, NDArray[np.int64] | int]:
        some = slice(None) if rows is None else rows
        rhs = self.rhs[:, some] - (0.0 if shift is None else shift)
        for p in range(len(g)):
            g[p][p] = g[p][p] + self.inverse_b[p, some]
        return solve_small(g, rhs)


def drawn(
    seed: int, blocks: tuple[tuple[int, ...], ...], b: int = 5, lift: float = 0.0
) -> tuple[FloatArray, dict[tuple[int, int], FloatArray], FloatArray]:
    """Return diagonal, entries off it, and the dense matrices (B, K, K)."""
    rng = np.random.default_rng(seed)
    k = max(max(block) for block in blocks) + 1
    diagonal = rng.normal(size=(k, b)) + lift
    off = {
        (i, j): rng.normal(size=b) * 0.5
        for block in blocks
        for at, i in enumerate(block)
        for j in block[at + 1 :]
    }
    dense = np.zeros((b, k, k))
    dense[:, np.arange(k), np.arange(k)] = diagonal.T
    for (i, j), value in off.items():
        dense[:, i, j] = dense[:, j, i] = value
    return diagonal, off, dense


@QUICK
@given(seed=SEEDS, blocks=st.sampled_from(PARTITIONS))
def test_factors_solve_on_the_free_issues(seed: int, blocks: tuple[tuple[int, ...], ...]) -> None:
    diagonal, off, dense = drawn(seed, blocks)
    rng = np.random.default_rng(seed + 1)
    k, b = diagonal.shape
    free = rng.random((k, b)) < 0.7
    factor = factorise(diagonal, off, free, np.full((k, b), 1e-14), blocks)
    u = rng.normal(size=(2, k, b))
    w = factor.solve(u)
    for d in range(b):
        who = np.flatnonzero(free[:, d])
        part = dense[d][np.ix_(who, who)]
        want = np.zeros((2, k))
        want[:, who] = np.linalg.solve(part, u[:, who, d].T).T if who.size else 0.0
        size = np.linalg.cond(part) if who.size else 1.0
        assert w[:, :, d] == pytest.approx(want, rel=1e-9 * size, abs=1e-9 * size)
        negative = 0 if factor.negative is None else factor.negative[d]
        assert negative == (np.linalg.eigvalsh(part) < 0).sum()


@QUICK
@given(seed=SEEDS, blocks=st.sampled_from(PARTITIONS))
def test_factors_of_some_draws(seed: int, blocks: tuple[tuple[int, ...], ...]) -> None:
    diagonal, off, _ = drawn(seed, blocks)
    everyone = np.ones(diagonal.shape, dtype=bool)
    factor = factorise(diagonal, off, everyone, np.full(diagonal.shape, 1e-14), blocks)
    u = np.random.default_rng(seed).normal(size=(2, *diagonal.shape))
    rows = np.array([3, 0])
    part = factor.take(rows)
    assert np.array_equal(part.solve(u[..., rows]), factor.solve(u)[..., rows])
    if factor.negative is not None:
        assert part.negative is not None
        assert np.array_equal(part.negative, factor.negative[rows])
    definite = part.absolute()
    assert definite.negative is None
    slope = (u[..., rows] * definite.solve(u[..., rows])).sum(axis=1)
    assert (slope > 0).all()


@QUICK
@given(seed=SEEDS, blocks=st.sampled_from(PARTITIONS), n=st.integers(1, 4))
def test_steps_and_inertia_against_dense_algebra(
    seed: int, blocks: tuple[tuple[int, ...], ...], n: int
) -> None:
    diagonal, off, dense = drawn(seed, blocks, lift=0.5)
    rng = np.random.default_rng(seed + 2)
    k, b = diagonal.shape
    u = rng.normal(size=(n, k, b))
    inverse_b, rhs = rng.uniform(0.1, 2.0, (n, b)), rng.normal(size=(n, b))
    far = np.full((k, b), 1e9)
    everyone = np.ones((k, b), dtype=bool)
    model = Quadratic(u, diagonal, off, np.full((k, b), 1e-14), blocks, everyone, -far, far)
    step = box_step(model, Logs(inverse_b, rhs))
    for d in range(b):
        bend = np.diag(1.0 / inverse_b[:, d])
        full = dense[d] + u[:, :, d].T @ bend @ u[:, :, d]
        values = np.linalg.eigvalsh(full)
        assert step.definite[d] == bool((values > 0).all())
        gradient = u[:, :, d].T @ bend @ rhs[:, d]
        if step.definite[d]:
            size = np.linalg.cond(full) * np.linalg.cond(dense[d])
            assert full @ step.move[:, d] == pytest.approx(gradient, abs=1e-9 * size)
        else:  # some way uphill
            assert gradient @ step.move[:, d] >= -1e-9


@QUICK
@given(seed=SEEDS, blocks=st.sampled_from(PARTITIONS))
def test_steps_in_a_box_are_optimal(seed: int, blocks: tuple[tuple[int, ...], ...]) -> None:
    diagonal, off, dense = drawn(seed, blocks, lift=6.0)
    rng = np.random.default_rng(seed + 3)
    k, b = diagonal.shape
    u = rng.normal(size=(2, k, b)) * 0.5
    inverse_b, rhs = rng.uniform(0.5, 2.0, (2, b)), 4.0 * rng.normal(size=(2, b))
    low, high = -rng.uniform(0.0, 0.5, (k, b)), rng.uniform(0.0, 0.5, (k, b))
    model = Quadratic(
        u, diagonal, off, np.full((k, b), 1e-14), blocks, np.ones((k, b), bool), low, high
    )
    step = box_step(model, Logs(inverse_b, rhs))
    move = np.clip(step.move, low, high)
    for d in range(b):
        bend = np.diag(1.0 / inverse_b[:, d])
        full = dense[d] + u[:, :, d].T @ bend @ u[:, :, d]
        slope = u[:, :, d].T @ bend @ rhs[:, d] - full @ move[:, d]
        inner = (move[:, d] > low[:, d] + 1e-9) & (move[:, d] < high[:, d] - 1e-9)
        assert slope[inner] == pytest.approx(0.0, abs=1e-7)
        assert (slope[move[:, d] <= low[:, d] + 1e-9] <= 1e-7).all()
        assert (slope[move[:, d] >= high[:, d] - 1e-9] >= -1e-7).all()


@QUICK
@given(seed=SEEDS, n=st.integers(1, 5))
def test_small_systems_and_their_inertia(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(6, n, n))
    a = a + a.transpose(0, 2, 1)
    rhs = rng.normal(size=(n, 6))
    lower = [[a[:, p, q].copy() for q in range(p + 1)] for p in range(n)]
    found, negative = solve_small(lower, rhs)
    negative = np.broadcast_to(negative, 6)
    for d in range(6):
        size = np.linalg.cond(a[d]) ** 2
        assert a[d] @ found[:, d] == pytest.approx(rhs[:, d], abs=1e-9 * size)
        assert negative[d] == (np.linalg.eigvalsh(a[d]) < 0).sum()


def test_hessians_add_up() -> None:
    h = np.array([1.0, 2.0])
    diagonal, off = weighted_hessian(
        [(0, 0, 0, h), (1, 0, 0, h), (0, 0, 1, 3.0), (1, 0, 1, h)], np.array([[1.0, 1], [2, 2]]), 2
    )
    assert diagonal.tolist() == [[-3.0, -6.0], [0.0, 0.0]]
    assert off[0, 1].tolist() == [-5.0, -7.0]
    u = np.arange(12.0).reshape(2, 3, 2)
    assert gram(u, u)[1][0].tolist() == [(u[0] * u[1])[:, d].sum() for d in range(2)]
    assert dot(u[0][:, :1], u[1][:, :1]).tolist() == [float((u[0] * u[1])[:, 0].sum())]


@QUICK
@given(seed=SEEDS, blocks=st.sampled_from(PARTITIONS), n=st.integers(1, 3))
def test_steps_may_be_told_from_where_the_rows_count(
    seed: int, blocks: tuple[tuple[int, ...], ...], n: int
) -> None:
    """A^-1 (r + U mu) with r = U a and the system for mu - a is the step A^-1 U mu."""
    diagonal, off, _ = drawn(seed, blocks, lift=6.0)
    rng = np.random.default_rng(seed + 4)
    k, b = diagonal.shape
    u, a = 0.5 * rng.normal(size=(n, k, b)), rng.normal(size=(n, b))
    inverse_b, rhs = rng.uniform(0.5, 2.0, (n, b)), 4.0 * rng.normal(size=(n, b))
    low, high = -rng.uniform(0.0, 0.5, (k, b)), rng.uniform(0.0, 0.5, (k, b))
    model = Quadratic(
        u, diagonal, off, np.full((k, b), 1e-14), blocks, np.ones((k, b), bool), low, high
    )
    whole = box_step(model, Logs(inverse_b, rhs))
    told = replace(model, slope=(a[:, None] * u).sum(axis=0))
    step = box_step(told, Logs(inverse_b, rhs - inverse_b * a))
    assert step.move == pytest.approx(whole.move, abs=1e-9)
    assert step.mu + a == pytest.approx(whole.mu, abs=1e-9)
    assert np.array_equal(step.definite, whole.definite)
