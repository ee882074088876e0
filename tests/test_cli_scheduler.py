"""Every command that computes does so on a dask scheduler as well, and says the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli.app import app

COMMANDS = (
    "sensitivity mine.yaml --method tornado --json",
    "sweep mine.yaml --vary issues.payment.demand=1:2:2 --draws 16 --json",
    "discover mine.yaml --break-even issues.payment.demand=1:2:3 --draws 16 --json",
    "discover mine.yaml --draws 64 --json",
    "rerun out --json",
)


def told(words: list[str]) -> str:
    """Return what a command prints, in this process; its faults are raised."""
    found = CliRunner().invoke(app, words, catch_exceptions=False)
    assert found.exit_code == 0, found.stderr
    return found.stdout


def test_a_scheduler_says_what_a_process_says(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told(["new", "mine.yaml"])
    told(["run", "mine.yaml", "--draws", "16", "--workers", "1", "--out", "out", "--no-report"])
    for command in COMMANDS:
        words = command.split()
        alone = told([*words, "--workers", "1"])
        assert told([*words, "--scheduler", scheduler]) == alone, command
