"""Foresight adds nothing where tables have nothing to do with each other, in any solution."""

from __future__ import annotations

import numpy as np
import pytest

from sim.negotiation import compile_case, solve_regimes
from sim.scenario import parse_scenario

APART = """
title: Two tables that have nothing to do with each other
as_of: 2025-04-17
summary: A careful B pays A for a file, and each has a small gain elsewhere.
players:
  A: {}
  B: { risk_aversion: 1 }
issues:
  price: { parties: [A, B], track: one, range: [0, 4], status_quo: 0, breakdown: 0, source: x }
  done:  { parties: [A, B], track: one, range: [0, 1], status_quo: 0, breakdown: 0, source: x }
  other: { parties: [A, B], track: two, range: [0, 1], status_quo: 0, breakdown: 0, source: x }
payoffs:
  price: { linear: price, weights: { A: 1, B: -1 } }
  done:  { linear: done,  weights: { A: 0.5, B: 4 } }
  other: { linear: other, weights: { A: 0.001, B: 0.001 } }
regimes:
  in-turn: { like: separate, order: [A-B one, A-B two], foresight: true }
"""


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian", "utilitarian"])
def test_with_risk_aversion_foresight_leads_where_separate_tables_do(solution: str) -> None:
    case = compile_case(parse_scenario(APART), {}, 1)
    found = solve_regimes(case, ["separate", "in-turn"], solution)
    for settled in found.values():
        assert settled.agreement.all()
    money = [
        case.payoffs.certainty_equivalent(found[name].lottery.utility(case.payoffs))
        for name in ("separate", "in-turn")
    ]
    if solution == "utilitarian":  # money moves one for one: the total is unique, the price is not
        money = [each.sum(axis=1) for each in money]
    if solution == "egalitarian":
        np.testing.assert_allclose(money[1], np.full((1, 2), 2.251), atol=1e-3)
    np.testing.assert_allclose(money[1], money[0], atol=2e-3)
