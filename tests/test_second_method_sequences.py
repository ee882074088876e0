"""Three tables in a row, the earlier foreseeing the later: against backward induction on grids.

Payoffs are written out once more, and every table is a search of its one issue over grids that
close in on the best point. Nothing but the answer is taken from `sim`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.negotiation import compile_case, solve_regimes
from sim.scenario import parse_scenario

Array = NDArray[np.float64]
Reply = Callable[[Array], Array]

CREDIBLE, SHAME, WORTH = 0.6, 0.05, (3.0, 2.8, 3.2)
BROKEN, STANDS, TOP = 0.1, 0.4, 4.0
TEXT = f"""
title: A hub settles with three allies in turn
players: {{ H: {{}}, A: {{}}, B: {{}}, C: {{}} }}
issues:
  a: {{ parties: [H, A], track: t, range: [0, {TOP}], status_quo: {STANDS}, breakdown: {BROKEN} }}
  b: {{ parties: [H, B], track: t, range: [0, {TOP}], status_quo: {STANDS}, breakdown: {BROKEN} }}
  c: {{ parties: [H, C], track: t, range: [0, {TOP}], status_quo: {STANDS}, breakdown: {BROKEN} }}
payoffs:
  worth_a: {{ linear: a, weights: {{ A: {WORTH[0]} }} }}
  worth_b: {{ linear: b, weights: {{ B: {WORTH[1]} }} }}
  worth_c: {{ linear: c, weights: {{ C: {WORTH[2]} }} }}
  dear_a: {{ quadratic_loss: a, ideals: {{ A: 0 }}, weights: {{ A: 0.8 }} }}
  dear_b: {{ quadratic_loss: b, ideals: {{ B: 0 }}, weights: {{ B: 0.8 }} }}
  dear_c: {{ quadratic_loss: c, ideals: {{ C: 0 }}, weights: {{ C: 0.8 }} }}
  pay_a: {{ transfer: a, from: A, to: H }}
  pay_b: {{ transfer: b, from: B, to: H }}
  pay_c: {{ transfer: c, from: C, to: H }}
  like_ab: {{ precedent: [a, b], parity: 0.3, players: [A, B], domain: payments }}
  like_bc: {{ precedent: [b, c], parity: 0.25, players: [B, C], domain: payments }}
  ends: {{ interaction: [a, c], weights: {{ H: 0.1, A: -0.2 }} }}
regimes:
  row: {{ like: linked, order: [[A], [B], [C]], foresight: true, threat_credibility: {CREDIBLE},
         audience_cost: {{ H: {SHAME} }} }}
"""


def payoffs(a: Array, b: Array, c: Array) -> Array:
    """Return the payoffs of H, A, B and C, (4, ...)."""
    own = [(w - 1.0) * z - 0.8 * z**2 for w, z in zip(WORTH, (a, b, c), strict=True)]
    return np.array(
        [
            a + b + c + 0.1 * a * c,
            own[0] - 0.3 * (a - b) ** 2 - 0.2 * a * c,
            own[1] - 0.3 * (a - b) ** 2 - 0.25 * (b - c) ** 2,
            own[2] - 0.25 * (b - c) ** 2,
        ]
    )


def settle(
    worth: Callable[[Array], Array], shape: tuple[int, ...], solution: str, limit: float
) -> Array:
    """Return what a table of H and an ally settles, `shape`; `worth` of z (..., m) is (2, ..., m).

    Below the breakdown lottery nobody signs. Each round searches a sixth of the last one's width.
    """
    blame = np.array([SHAME, 0.0]).reshape(2, *[1] * (len(shape) + 1))
    done, back = (worth(np.full((*shape, 1), v)) for v in (BROKEN, STANDS))
    point = CREDIBLE * done + (1.0 - CREDIBLE) * (back - blame)
    low, high = np.zeros(shape), np.full(shape, limit)
    for _ in range(9):
        z = low[..., None] + (high - low)[..., None] * np.linspace(0.0, 1.0, 25)
        gains = worth(z) - point
        score = gains.min(axis=0) if solution == "egalitarian" else np.prod(gains, axis=0)
        score = np.where(gains.min(axis=0) > 0.0, score, -1e9 + gains.min(axis=0))
        best = np.take_along_axis(z, score.argmax(axis=-1)[..., None], -1)[..., 0]
        step = (high - low) / 12.0
        low, high = np.maximum(best - step, 0.0), np.minimum(best + step, limit)
    assert (score.max(axis=-1) > 0.0).all()
    return best


def last(solution: str, limit: float, a: Array, b: Array) -> Array:
    a, b = np.broadcast_arrays(a, b)
    return settle(
        lambda z: payoffs(a[..., None], b[..., None], z)[[0, 3]], a.shape, solution, limit
    )


def middle(solution: str, limit: float, a: Array) -> Array:
    def worth(z: Array) -> Array:
        c = last(solution, limit, a[..., None], z)
        return payoffs(a[..., None], z, c)[[0, 2]]

    return settle(worth, a.shape, solution, TOP)


def first(solution: str, limit: float) -> Array:
    def worth(z: Array) -> Array:
        b = middle(solution, limit, z)
        return payoffs(z, b, last(solution, limit, z, b))[[0, 1]]

    return settle(worth, (), solution, TOP)


@pytest.mark.parametrize(("solution", "ceiling"), [("nash", None), ("egalitarian", 1.0)])
def test_three_tables_in_a_row_are_solved_from_the_end(
    solution: str, ceiling: float | None
) -> None:
    """A parliament that only minds c, −c + 0.4 ≥ −0.6, is the ceiling c ≤ 1 of the last table.

    Where a score is flat, an error of the reply moves its peak by the square root of that error,
    once a stage: hence the tolerance, under three per cent of what foresight changes.
    """
    text = TEXT
    if ceiling is not None:
        text += f"""
ratifiers:
  house: {{ player: C, stakes: {{ worth_c: 0, dear_c: 0, like_bc: 0 }},
           threshold: {STANDS - ceiling} }}
"""
    case = compile_case(parse_scenario(text), {}, 1)
    settled = solve_regimes(case, ["row"], solution)["row"]
    assert settled.converged.all()
    assert settled.agreement.all()
    limit = TOP if ceiling is None else ceiling
    a = first(solution, limit)
    b = middle(solution, limit, a)
    c = last(solution, limit, a, b)
    np.testing.assert_allclose(settled.lottery.mean[0], [a, b, c], atol=2e-3)
    assert ceiling is None or c == pytest.approx(ceiling, abs=1e-9)  # the veto binds
