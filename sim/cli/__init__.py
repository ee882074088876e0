"""The command line: argument parsing and printing only."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command `sim`; the process ends with its exit code.

    0; 2 for a fault of the user's, each on one line of stderr; 130 on Ctrl-C; 1 for a fault of the
    program, with its traceback.
    """
    from sim.cli.app import app
    from sim.errors import SimError

    try:
        app()
    except SimError as fault:
        sys.stderr.write(f"{fault}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
