"""Sphinx configuration: `sphinx-build -W -b html docs OUT`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS)]

from generate import write_all  # noqa: E402

write_all(ROOT, DOCS / "generated")

project = "linkage-sim"
author = "The linkage-sim authors"
copyright = "2026, the linkage-sim authors"
release = "0.1.0"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "README.md"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}

nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# Words of numpydoc types, such as `shape`, are also names of attributes here and there.
suppress_warnings = ["ref.python"]

html_theme = "alabaster"
html_title = "linkage-sim"
html_theme_options = {
    "description": "Does linking issues pay, for whom, and how sure are we?",
    "body_max_width": "none",
    "page_width": "1240px",  # code of 100 columns and tables of four fit without scrolling
    "sidebar_width": "290px",
}

LITERAL = re.compile(r"(`[^`]*`)")
MARKUP = re.compile(r"([|*\\]|(?<=\w)_(?!\w))")


def formulas_as_they_are(
    app: Any, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """Escape what reStructuredText would take for markup in formulas such as |v| and x_."""
    for number, line in enumerate(lines):
        if ".. " in line or line.lstrip().startswith(">>>"):
            continue
        parts = LITERAL.split(line)
        parts[::2] = [MARKUP.sub(r"\\\1", part) for part in parts[::2]]
        lines[number] = "".join(parts)


def setup(app: Any) -> None:
    """Run before napoleon, whose priority is 500."""
    app.connect("autodoc-process-docstring", formulas_as_they_are, priority=400)
