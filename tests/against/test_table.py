"""The page of the documentation is what was kept, and nothing that is compared is missing."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from against import PROGRAMS, comparisons, installed, stored

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_shows_the_last_results() -> None:
    page = runpy.run_path(str(DOCS / "against.py"))["page"]
    assert (DOCS / "against.md").read_text("utf-8") == page()


def test_every_program_has_results_within_their_tolerance() -> None:
    rows = stored()
    assert {row.program for row in rows} == set(PROGRAMS.values())
    assert all(row.cases > 0 and row.difference <= row.tolerance for row in rows)


@pytest.mark.parametrize("key", installed())
def test_every_comparison_has_a_result(key: str) -> None:
    kept = {row.name: row for row in stored() if row.program == PROGRAMS[key]}
    for one in comparisons(key):
        row = kept.pop(one.name)
        assert (row.what, row.measure, row.tolerance) == (one.what, one.measure, one.tolerance)
    assert not kept
