"""Names: what they may look like, and which known one was probably meant."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping

__all__ = ["LEFT_OUT", "listed", "nearest", "repeated", "shown"]

LEFT_OUT = "ꙮ-left-out-ꙮ"
"""Stands for a value that is at fault itself, while the rest of its block is checked."""


def nearest(name: object, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return `; did you mean 'x'?` for the known name nearest to `name`, or nothing.

    Parameters
    ----------
    name : object
        What was given.
    known : iterable of str
        What is allowed.
    cutoff : float
        Least similarity, from 0 to 1.

    Examples
    --------
    >>> nearest("erosoin", ["erosion", "premium"])
    "; did you mean 'erosion'?"
    """
    by_fold = {k.casefold(): k for k in known if LEFT_OUT not in k}
    text = str(name)[:80].casefold()
    longer = [k for k in by_fold if len(text) > 2 and k.startswith(text)]
    close = longer[:1] or difflib.get_close_matches(text, by_fold, n=1, cutoff=cutoff)
    return f"; did you mean {by_fold[close[0]]!r}?" if close else ""


def listed(names: Iterable[str], *, most: int = 12) -> str:
    """Return names for a message, the first `most` of them.

    Examples
    --------
    >>> listed(["US", "JPN"])
    'US, JPN'
    """
    names = [name for name in names if LEFT_OUT not in name]
    if not names:
        return "none"
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that come more than once.

    Examples
    --------
    >>> repeated(["US", "JPN", "US"])
    ['US']
    """
    return [name for name, n in Counter(names).items() if n > 1 and name != LEFT_OUT]


def shown(value: object) -> str:
    """Return a value for a message: short, on one line, in the words of a file.

    Examples
    --------
    >>> shown(True), shown([1]), shown("abc")
    ('true', 'a list', "'abc'")
    """
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "an enormous number"
    return text if len(text) <= 40 else text[:37] + "..."
