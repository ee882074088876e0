"""Any Python function of the outcome as a payoff term of a scenario."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import ResultError
from sim.payoffs import CustomTerm
from sim.results import plan_run, rerun, simulate
from sim.scenario import load_scenario

SCENARIO = Path(__file__).parents[1] / "scenarios" / "theory" / "hostage-linkage.yaml"


def twice_the_troops(x: np.ndarray) -> np.ndarray:
    """B is worth 1.9 more with the troops: then both sides want them as much."""
    return 1.9 * x


def test_a_python_term_changes_the_deal_as_its_formula_says() -> None:
    """With p = q = 2 linking is neutral: both get s/2 + 2."""
    scenario = load_scenario(SCENARIO)
    troops = list(scenario.issues).index("troops")
    term = CustomTerm(twice_the_troops, players=(1,), issues=(troops,), name="troops, too")
    result = simulate(plan_run(scenario, draws=1, solutions=("nash",), extra=(term,)))
    for regime in ("separate", "linked"):
        change = result["payoff_change"].sel(regime=regime, solution="nash").values[0]
        np.testing.assert_allclose(change, (2.5, 2.5), atol=1e-5)
    with pytest.raises(ResultError, match="troops, too"):
        rerun(result)
