"""Every published result, through public functions, at its tolerance."""

from __future__ import annotations

import pytest
from published import SOLVERS, Result, error, results

RESULTS = results()


def test_there_are_59_results_and_each_has_a_solver() -> None:
    ids = [result.id for result in RESULTS]
    assert len(ids) == len(set(ids)) == 59
    assert set(SOLVERS) == set(ids)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.id)
def test_published(result: Result) -> None:
    computed = SOLVERS[result.id](result.inputs)
    assert set(computed) == set(result.expected)
    misses = {name: error(computed[name], want, result) for name, want in result.expected.items()}
    assert max(misses.values()) <= 1.0, (misses, dict(computed))
    for name, mistake in result.wrong.items():
        assert error(computed[name], mistake, result) > 1.0, name
