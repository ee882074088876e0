"""How the command ends: its exit codes, and what stands on stderr when it could not do its work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOSTAGE = str(ROOT / "scenarios" / "theory" / "hostage-linkage.yaml")

MISUSE = {
    "run": "sim run: Missing argument 'FILE'. Try 'sim run --help'",
    "run FILE --drws 8": "sim run: No such option: --drws",
    "run FILE --workers 0": "sim run: Invalid value for '--workers': ",
    "run FILE --seed 1.5": "sim run: Invalid value for '--seed': ",
    "run FILE another": "sim run: Got unexpected extra argument",
    "run FILE --draws -1": "--draws -1: allowed are the integers from 1",
    "shwo FILE": "sim: No such command 'shwo'. Did you mean 'show'? Try 'sim --help'",
    "--hlep": "sim: No such option: --hlep",
    "merge FILE": "sim merge: Missing option '--out'",
}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sim", *arguments]


@pytest.mark.parametrize("words", MISUSE)
def test_misuse_is_one_line_on_stderr(words: str) -> None:
    arguments = [HOSTAGE if word == "FILE" else word for word in words.split()]
    found = subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stdout == ""
    assert len(found.stderr.splitlines()) == 1
    assert found.stderr.startswith(MISUSE[words])


def test_without_words_it_says_what_it_can_do() -> None:
    found = subprocess.run(command(), capture_output=True, text=True, check=False)
    assert found.returncode == 0
    assert found.stderr == ""
    assert "Usage: sim" in found.stdout


@pytest.mark.parametrize("words", ["run FILE", "run FILE --json", "schema", "show FILE", "--help"])
def test_a_reader_who_leaves_ends_it_in_silence(words: str) -> None:
    """As with `head`: 128 + SIGPIPE, and nothing on stderr."""
    arguments = [HOSTAGE if word == "FILE" else word for word in words.split()]
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 141
    assert said == b""


def test_a_full_disk_is_said_in_one_line() -> None:
    full = Path("/dev/full")
    if not full.exists():  # it is Linux that has one
        return
    with full.open("w") as nowhere:
        found = subprocess.run(
            command("schema"), stdout=nowhere, stderr=subprocess.PIPE, text=True, check=False
        )
    assert found.returncode == 2
    assert found.stderr == "output: cannot be written: No space left on device\n"


def test_a_name_too_long_for_a_file_is_said_in_one_line() -> None:
    found = subprocess.run(command("rerun", 400 * "x"), capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stderr == f"{400 * 'x'}: cannot be used: File name too long\n"
