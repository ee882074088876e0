"""Reading files of other programs: what cannot be read is a fault with a place."""

from __future__ import annotations

from pathlib import Path

from sim.errors import Fault, ScenarioError

__all__ = ["read_bytes", "read_text"]


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of a file; a fault if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError([Fault(str(path), 1, 1, "file", f"cannot be read: {reason}")]) from None


def read_text(path: str | Path) -> str:
    """Return the text of a file, in which line ends are single; a fault if it is not UTF-8."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"UTF-8 is allowed, got byte {error.object[error.start]:#04x}"
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - (error.object.rfind(b"\n", 0, error.start) + 1) + 1
        raise ScenarioError([Fault(str(path), line, column, "file", message)]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
