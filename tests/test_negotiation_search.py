"""Compass search: it finds what a dense grid and a closed form find, jumps or not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.negotiation.search import compass_search


@given(st.integers(0, 10_000))
def test_finds_the_maximum_of_a_concave_quadratic_inside_its_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    draws, n = 3, 3
    centre = rng.uniform(-0.5, 1.5, (draws, n))
    lower, upper = np.zeros((draws, n)), np.ones((draws, n))

    def score(x, rows):
        return -((x - centre[rows]) ** 2).sum(axis=1)

    found = compass_search(score, np.full((draws, n), 0.5), lower, upper, mesh=1e-7)
    np.testing.assert_allclose(found.point, np.clip(centre, 0.0, 1.0), atol=1e-6)
    assert (found.mesh < 1e-7).all()


def test_climbs_a_jump() -> None:
    """The payoff drops beyond 0.6: the best point is just before it."""

    def score(x, rows):
        return np.where(x[:, 0] <= 0.6, x[:, 0], x[:, 0] - 1.0)

    found = compass_search(score, np.array([[0.1]]), np.zeros((1, 1)), np.ones((1, 1)), mesh=1e-8)
    np.testing.assert_allclose(found.point, 0.6, atol=1e-7)


def test_says_the_mesh_it_reached_when_the_polls_run_out() -> None:
    def score(x, rows):
        return -np.abs(x[:, 0] - 1 / 3)

    found = compass_search(
        score, np.array([[0.9]]), np.zeros((1, 1)), np.ones((1, 1)), mesh=1e-9, iterations=5
    )
    assert found.mesh[0] > 1e-9
