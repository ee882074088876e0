"""The worked example: regimes under three solutions against an independent solver's numbers."""

import numpy as np
import pytest
from negotiation_cases import worked_case

from sim.negotiation.regimes import solve_regimes

# Change of payoff from the status quo (US, JPN, ROK), USD bn a year; computed by SciPy SLSQP and
# L-BFGS-B, one problem at a time: Nash points good to about 1e-6, the others to about 1e-4.
PUBLISHED = {
    ("separate", "nash"): (42.0167, -22.4221, -22.0593),
    ("separate", "kalai_smorodinsky"): (42.1166, -22.5196, -22.0988),
    ("separate", "egalitarian"): (43.5723, -23.8276, -23.0419),
    ("threat-linked", "nash"): (41.8480, -22.1796, -22.0155),
    ("linked", "nash"): (41.8480, -22.1796, -22.0155),
    ("linked", "kalai_smorodinsky"): (41.8148, -22.1386, -22.0070),
    ("linked", "egalitarian"): (43.5728, -23.8268, -23.0424),
    ("linked-by-consent", "nash"): (42.0311, -22.4076, -22.0612),
    ("trilateral-weighted", "nash"): (41.8779, -24.2462, -19.9025),
    ("trilateral", "nash"): (39.3127, -22.2765, -18.0576),
    ("trilateral", "kalai_smorodinsky"): (39.5112, -22.3927, -18.2291),
    ("trilateral", "egalitarian"): (40.7697, -23.4570, -19.0220),
}
ACCURACY = {"nash": 1e-4, "kalai_smorodinsky": 2e-4, "egalitarian": 2e-4}

# fmt: off
OUTCOMES = {
    "separate": [0.1064, 0.1474, 0.9235, 86.8529, 2.2743, 50.0,
                 0.1329, 0.1735, 0.5792, 50.5057, 2.2005, 28.5],
    "linked": [0.1012, 0.1425, 0.9043, 85.5302, 2.5002, 50.0,
               0.13, 0.1711, 0.5726, 50.0853, 2.2862, 28.5],
    "trilateral": [0.1062, 0.1419, 0.8945, 84.8554, 2.4841, 50.0,
                   0.1009, 0.1353, 0.4808, 44.1097, 2.1073, 28.5],
}
# fmt: on


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian"])
def test_payoffs_agree_with_the_independent_solver(solution: str) -> None:
    case = worked_case()
    wanted = [regime for regime, concept in PUBLISHED if concept == solution]
    solved = solve_regimes(case, wanted, solution)
    for regime in wanted:
        settled = solved[regime]
        assert settled.converged.all()
        assert settled.agreement.all()
        change = settled.lottery.utility(case.payoffs)[0]
        expected = PUBLISHED[regime, solution]
        np.testing.assert_allclose(change, expected, atol=ACCURACY[solution], err_msg=regime)


def test_outcomes_agree_with_the_independent_solver() -> None:
    case = worked_case()
    solved = solve_regimes(case, list(OUTCOMES), "nash")
    for regime, expected in OUTCOMES.items():
        outcome = solved[regime].lottery.mean[0]
        np.testing.assert_allclose(outcome, expected, rtol=2e-5, atol=6e-5, err_msg=regime)


def test_a_little_lost_credibility_outweighs_everything() -> None:
    case = worked_case(erosion=0.2)
    settled = solve_regimes(case, ["linked"], "nash")["linked"]
    change = settled.lottery.utility(case.under(case.regimes["linked"]).payoffs)[0]
    np.testing.assert_allclose(change, (39.9527, -24.4877, -23.7551), atol=1e-4)


def test_headline_decomposition() -> None:
    from sim.negotiation.decompose import decompose

    case = worked_case()
    solved = solve_regimes(
        case, ["separate", "threat-linked", "linked-by-consent", "linked"], "nash"
    )
    payoff = {name: s.lottery.money(case.payoffs)[0] for name, s in solved.items()}
    parts = decompose(payoff)
    np.testing.assert_allclose(parts["logrolling"], (0.0144, 0.0145, -0.0019), atol=1e-4)
    np.testing.assert_allclose(parts["coercion"], (-0.1831, 0.2280, 0.0457), atol=1e-4)
    np.testing.assert_allclose(parts["packaging"], 0.0, atol=1e-6)
