"""The command line: argument parsing and printing only."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

__all__ = ["main"]

_READER_LEFT = 141  # 128 + SIGPIPE: what a shell sees of any program whose reader has left
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_PLACE = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS)


def main() -> None:
    """Run the command `sim`; the process ends with its exit code.

    0; 2 for a fault of the user's, each on one line of stderr; 130 on Ctrl-C; 141, silently, if
    whoever read the output has left (`sim run FILE | head`); 1 for a fault of the program, with its
    traceback.
    """
    code: int | str | None
    try:
        code = _run(sys.argv[1:] or ["--help"])
        for stream in _streams():
            stream.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = _READER_LEFT
    except SystemExit as end:  # how rich and click end on a broken pipe, among others
        code = _READER_LEFT if isinstance(end.__context__, BrokenPipeError) else end.code
    except OSError as error:
        if error.errno in _FULL:
            _say(f"{error.filename or 'output'}: cannot be written: {error.strerror}")
        elif error.errno in _NO_PLACE and error.filename is not None:
            _say(f"{error.filename}: cannot be used: {error.strerror}")
        else:
            raise
        code = 2
        _silence()
    if code == _READER_LEFT:
        _silence()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    from typer import Abort, BadParameter

    from sim.cli.app import app
    from sim.errors import SimError

    # of the click that typer stands on, its own or another's
    usage_error: type[Exception] = BadParameter.__bases__[0]
    try:
        code = app(arguments, prog_name="sim", standalone_mode=False)
    except SimError as fault:
        _say(str(fault))
        return 2
    except MemoryError:
        _say("sim: more than the memory holds; take fewer draws, points or workers")
        return 2
    except Abort:  # click's word for Ctrl-C
        return 130
    except usage_error as fault:
        _say(_in_one_line(fault))
        return 2
    return code if isinstance(code, int) else 0


def _in_one_line(fault: Exception) -> str:
    """Return what is wrong with the words of a command, and where to read on."""
    context = getattr(fault, "ctx", None)
    command = "sim" if context is None else str(context.command_path)
    told = " ".join(getattr(fault, "format_message", fault.__str__)().split()).rstrip(".")
    stop = "" if told.endswith("?") else "."
    return f"{command}: {told}{stop} Try '{command} --help'"


def _say(text: str) -> None:
    """Write a line on stderr, if there is one."""
    try:
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)  # noqa: T201
    except BrokenPipeError:
        raise
    except OSError:
        _silence()


def _streams() -> list[TextIO]:
    """Return stdout and stderr, as far as they are open (`sim run FILE >&-`)."""
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _silence() -> None:
    """Send what is still to be written nowhere, so that nothing complains at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in _streams():
        os.dup2(nowhere, stream.fileno())
