"""Keeps freed memory in the process, so that a solver's next temporary costs nothing."""

from __future__ import annotations

import ctypes
from functools import cache

__all__ = ["keep_freed_memory"]

# Parameters of glibc's mallopt(3).
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
# 32 MiB is the largest threshold that glibc accepts on 64-bit machines.
MMAP_BYTES, TRIM_BYTES, PAD_BYTES = 32 << 20, 512 << 20, 16 << 20


@cache
def keep_freed_memory() -> bool:
    """Ask the C library to keep up to 512 MiB of freed memory, once for the process.

    Payoffs are evaluated with a few hundred short-lived rows. By default glibc hands them back to
    the kernel after each evaluation and gets them again, one page fault per 4 KiB, for the next:
    in a virtual machine that is more than half of the time. Results do not depend on it.

    Call it where many tables are about to be solved, in every worker process. With another C
    library (macOS, Windows, musl) it does nothing.

    Returns
    -------
    bool
        Whether the C library took the request.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    requests = (
        (M_MMAP_THRESHOLD, MMAP_BYTES),
        (M_TRIM_THRESHOLD, TRIM_BYTES),
        (M_TOP_PAD, PAD_BYTES),
    )
    return all(mallopt(name, value) == 1 for name, value in requests)
