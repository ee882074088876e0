"""Agendas and majority rule: acceptance conditions and vote prices, by definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import majority_rule, sequential_agenda

OPENERS = ("same", "random", "accepter")
values = st.lists(st.tuples(st.floats(0.2, 5), st.floats(0.2, 5)), min_size=1, max_size=4)


def opened(after, opener, proposer):
    """Return what follows an agreement on a proposal of `proposer`."""
    if opener == "same":
        return after[proposer]
    if opener == "accepter":
        return after[1 - proposer]
    return after.mean(axis=0)


@given(values, st.floats(0, 0.99), st.floats(0, 0.99), st.sampled_from(OPENERS))
@settings(deadline=None)
def test_every_stage_satisfies_the_definition(worth, first, second, opener):
    delta = np.array([first, second])
    found = sequential_agenda(worth, delta, opener=opener)
    assert found.residual[0] < 1e-9
    after = np.zeros((2, 2))
    for place in range(len(worth) - 1, -1, -1):
        stage, v = found.stages[place], np.array(worth[place])
        payoffs = stage.payoffs[0]
        for k in (0, 1):
            share = stage.shares[0, k]
            split = np.array([share, 1 - share]) * v
            np.testing.assert_allclose(payoffs[k], split + opened(after, opener, k), atol=1e-9)
            j = 1 - k
            needs = delta[j] * payoffs[j, j]
            assert payoffs[k, j] >= needs - 1e-8
            # a responder gets more than it needs only if it gets nothing of the issue itself
            if split[j] > 1e-7:
                assert payoffs[k, j] <= needs + 1e-7
        after = payoffs
    np.testing.assert_allclose(found.payoffs[0], after)


@given(st.floats(0.5, 3), st.floats(0.5, 3), st.floats(0.5, 3), st.floats(0.5, 3))
@settings(deadline=None, max_examples=40)
def test_patience_leads_to_the_formula(a0, a1, b0, b1):
    """The formula holds where the second issue is shared inside its bounds: always, a pie."""
    for opener, kappa in zip(OPENERS, (0.0, 0.5, 1.0), strict=True):
        found = sequential_agenda([[a0, a1], [b0, b1]], 1 - 1e-7, opener=opener)
        share = np.clip(0.5 + kappa * (a0 * b1 - a1 * b0) / (2 * a0 * a1), 0, 1)
        np.testing.assert_allclose(found.stages[0].shares[0], share, atol=1e-5)


def test_one_issue_is_rubinstein():
    found = sequential_agenda([[3.0, 1.0]], [0.9, 0.8])
    np.testing.assert_allclose(found.stages[0].shares[0, 0], 0.2 / 0.28)


def test_the_order_of_issues_matters():
    forward = sequential_agenda([[2, 1.5], [1.5, 2]], 0.999).payoffs[0].mean(axis=0)
    backward = sequential_agenda([[1.5, 2], [2, 1.5]], 0.999).payoffs[0].mean(axis=0)
    assert forward[0] > backward[0] + 0.4
    assert forward[1] < backward[1] - 0.4


@given(
    st.lists(st.floats(0.05, 1), min_size=2, max_size=7).map(lambda p: np.array(p) / np.sum(p)),
    st.floats(0.05, 0.99),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_majority_equilibria_satisfy_the_definition(p, delta, data):
    n = len(p)
    quota = data.draw(st.integers(1, n))
    found = majority_rule(p, discount=delta, quota=quota)
    assert found.residual < 1e-9
    np.testing.assert_allclose(found.values.sum(), 1.0)
    price = delta * found.values
    np.testing.assert_allclose(found.reservations, price)
    np.testing.assert_allclose(found.inclusion.sum(axis=1), quota - 1, atol=1e-9)
    assert found.inclusion.min() >= -1e-12
    assert found.inclusion.max() <= 1 + 1e-12
    for i in range(n):
        cheapest = np.sort(np.delete(price, i))[: quota - 1].sum()
        np.testing.assert_allclose(found.proposer_shares[i], 1 - cheapest, atol=1e-9)
        assert found.proposer_shares[i] >= price[i] - 1e-9
        bought = p @ found.inclusion[:, i]
        expected = p[i] * found.proposer_shares[i] + bought * price[i]
        np.testing.assert_allclose(found.values[i], expected, atol=1e-9)


@pytest.mark.parametrize(("n", "quota", "delta"), [(3, 2, 0.9), (5, 3, 1 - 1e-9), (7, 4, 0.5)])
def test_baron_ferejohn(n, quota, delta):
    found = majority_rule([1 / n] * n, discount=delta, quota=quota)
    np.testing.assert_allclose(found.values, 1 / n)
    np.testing.assert_allclose(found.proposer_shares, 1 - delta * (quota - 1) / n)


@given(st.lists(st.floats(0.05, 1), min_size=2, max_size=6), st.floats(0.05, 0.99))
@settings(deadline=None)
def test_under_unanimity_values_are_the_recognition_probabilities(raw, delta):
    p = np.array(raw) / np.sum(raw)
    found = majority_rule(p, discount=delta, quota=len(p))
    np.testing.assert_allclose(found.values, p, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sequential_agenda([1.0, 2.0], 0.9), r"shape \(K, 2\)"),
        (lambda: sequential_agenda([[0.0, 2.0]], 0.9), "values"),
        (lambda: sequential_agenda([[1.0, 2.0]], 1.0), r"discount: values in \[0, 1\)"),
        (lambda: sequential_agenda([[1.0, 2.0]], 0.9, opener="nobody"), "same, random, accepter"),
        (lambda: majority_rule([0.5, 0.4], discount=0.9, quota=1), "add to 1"),
        (lambda: majority_rule([1.0], discount=0.9, quota=1), "n from 2"),
        (lambda: majority_rule([0.5, 0.5], discount=0.9, quota=3), "quota: 1 to 2"),
        (lambda: majority_rule([0.5, 0.5], discount=-0.1, quota=1), "discount"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()
