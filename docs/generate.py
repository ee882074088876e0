"""Pages made at build time: scenario reference, literature, notebooks, programming reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

NOTEBOOK_LINK = re.compile(r"\((\d\d_\w+)\.py\)")
ENTRY = re.compile(r"@(\w+)\{(\w+),\s*(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"(\w+)\s*=\s*\{(.*?)\}\s*(?:,|$)", re.DOTALL)
PACKAGES = {
    "sim": "The front door",
    "sim.scenario": "What a file says",
    "sim.payoffs": "What an outcome is worth",
    "sim.bargaining": "One table",
    "sim.games": "Equilibria without a table",
    "sim.negotiation": "Tables and regimes",
    "sim.montecarlo.sampling": "Draws",
    "sim.montecarlo.sensitivity": "Sensitivity",
    "sim.montecarlo.one_at_a_time": "Tornado and screening",
    "sim.montecarlo.sweeps": "Sweeps",
    "sim.montecarlo.discovery": "Discovery",
    "sim.montecarlo.break_even": "Break-even points",
    "sim.montecarlo.contours": "Break-even curves",
    "sim.results": "Results",
    "sim.plots": "Figures",
    "sim.report": "The report",
    "sim.testing": "Tests for payoffs and solutions of one's own",
    "sim.errors": "Faults",
}


def write_all(root: Path, target: Path) -> None:
    """Write every generated page below `target`."""
    pages = {
        "scenario.md": scenario_page(),
        "references.md": references_page((root / "docs" / "references.bib").read_text("utf-8")),
        "commands.md": commands_page(),
        "figures.md": figures_page(),
        "changelog.md": included(root / "CHANGELOG.md"),
        "vision.md": included(root / "VISION.md"),
    }
    for name, title in PACKAGES.items():
        pages[f"reference/{name}.md"] = module_page(name, title)
    for name, text in pages.items():
        _write(target / name, text)
    for notebook in sorted((root / "notebooks").glob("*.py")):
        _write(target / "notebooks" / f"{notebook.stem}.ipynb", notebook_page(notebook))


def _write(path: Path, text: str) -> None:
    """Write a page if it changed, so that Sphinx reads only what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def included(path: Path) -> str:
    """Return a text file of the repository as a page."""
    return path.read_text("utf-8")


def notebook_page(path: Path) -> str:
    """Return a notebook as Jupyter stores it, with links that work in the documentation."""
    import jupytext

    text = NOTEBOOK_LINK.sub(r"(\1.ipynb)", path.read_text("utf-8"))
    notebook = jupytext.reads(text.replace("../docs/", "../../"), fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # the same at every build
    return str(jupytext.writes(notebook, fmt="ipynb"))


def module_page(name: str, title: str) -> str:
    """Return the page of a package from its docstrings."""
    options = ":members:\n:imported-members:\n:undoc-members:\n:exclude-members: set\n"
    if name == "sim":
        options = ":members: simulate, summarise, load_result, load_scenario\n:imported-members:\n"
    return (
        f"# {title}: `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n"
        + "".join(f"   {line}\n" for line in options.splitlines())
        + "```\n"
    )


def figures_page() -> str:
    """Return the table of figures."""
    from sim.plots import FIGURES

    rows = [f"| `{e.name}` | {e.description} | {e.needs} |" for e in FIGURES.values()]
    head = "# Figures\n\n`sim plot RESULT NAME -o FILE.svg`, or `sim.plots.draw(name, result)`.\n\n"
    return head + "| name | shows | needs |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def commands_page() -> str:
    """Return every command with its options, as `--help` has them."""
    import typer

    from sim.cli.app import app

    whole = typer.main.get_command(app)
    parts = ["# Commands\n", "The same as `sim COMMAND --help`.\n"]
    for name, command in getattr(whole, "commands").items():  # noqa: B009
        rows = [
            f"| {_spelling(one)} | {_cell(getattr(one, 'help', None) or '')} | {_usual(one)} |"
            for one in command.params
        ]
        text = command.help.replace("Example: ", "Example: `", 1) if command.help else ""
        text += "`" if "Example: `" in text else ""
        head = "| argument or option | meaning | default |\n| --- | --- | --- |\n"
        parts.append(f"## sim {name}\n\n{text}\n\n{head}" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    value = f" {parameter.metavar}" if parameter.metavar else ""
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return f"`{names}{value}`"


def _usual(parameter: Any) -> str:
    """Return the default of an option, nothing where none says anything."""
    default = parameter.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    return f"`{default}`" if plain else ""


def scenario_page() -> str:
    """Return every key of a scenario file, from the JSON Schema that `sim schema` prints."""
    from sim.scenario import FAMILIES, json_schema

    kinds: dict[str, Any] = json_schema()["$defs"]
    parts = [
        "# Scenario reference\n",
        "Every key of a scenario file, made from the JSON Schema (`sim schema`). *Number* stands "
        "for a number, the name of a parameter, or a distribution. A file with `extends:` is laid "
        "over another: mappings merge key by key, lists and distributions replace, `null` removes "
        "a key.\n",
        _section("Scenario", kinds["Scenario"]),
    ]
    skipped = {"Scenario", "Distribution"}
    for name in sorted(kinds):
        if name not in skipped and not name.startswith("Variant"):
            parts.append(_section(name, kinds[name]))
    parts.append(
        "## Distribution\n\nWritten as `{ normal: { mean: 1, sd: 0.5 } }`. In a continuous one, "
        "`min` and `max` cut off\nwhat lies beyond: `{ normal: { mean: 1, sd: 0.5, min: 0 } }`.\n\n"
        "| name | parameters | what it is |\n| --- | --- | --- |"
    )
    for name, family in FAMILIES.items():
        forms = " or ".join("`" + ", ".join(form) + "`" for form in family.forms)
        parts.append(f"| `{name}` | {forms} | {_cell(family.summary)} |")
    return "\n".join(parts) + "\n"


def _section(name: str, schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        found = [s for s in schema.get("anyOf", []) if "properties" in s]
        if not found:
            return f"## {name}\n\n{schema.get('description', '')}\n"
        schema = {"description": schema.get("description", ""), **found[0]}
    needed = schema.get("required", [])
    rows = [
        f"| `{key}` | {_kind(body)} | {_default(key, body, needed)} | "
        f"{_cell(body.get('description', ''))} |"
        for key, body in schema["properties"].items()
    ]
    head = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
    return f"## {name}\n\n{schema.get('description', '')}\n\n{head}" + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")


def _default(key: str, body: dict[str, Any], needed: list[str]) -> str:
    if key in needed:
        return "required"
    default = body.get("default")
    if default in (None, [], {}) or isinstance(default, dict):
        return ""  # of a block the defaults stand in its own table
    return f"`[{', '.join(map(str, default))}]`" if isinstance(default, list) else f"`{default}`"


def _kind(body: dict[str, Any]) -> str:
    """Return the type of a key in a word or two."""
    if "$ref" in body:
        name = body["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in body:
        return ", ".join(f"`{value}`" for value in body["enum"])
    if "const" in body:
        return f"`{body['const']}`"
    if "anyOf" in body:
        kinds = [_kind(one) for one in body["anyOf"] if one.get("type") != "null"]
        if any("#distribution" in kind for kind in kinds):
            return "[number](#distribution)"
        return " or ".join(dict.fromkeys(kinds))
    if body.get("type") == "object":
        inner = body.get("additionalProperties")
        return f"name → {_kind(inner)}" if isinstance(inner, dict) else "mapping"
    if body.get("type") == "array":
        inner = body.get("items")
        return f"list of {_kind(inner)}" if isinstance(inner, dict) and inner else "list"
    return str(body.get("type", "value"))


def references_page(bibtex: str) -> str:
    """Return the literature, sorted by author."""
    entries = []
    for _, key, body in ENTRY.findall(bibtex):
        field = {name: " ".join(value.split()) for name, value in FIELD.findall(body)}
        entries.append((field["author"], field["year"], key, field))
    lines = ["# Literature\n", "In BibTeX: [references.bib](../references.bib).\n"]
    for author, year, _, field in sorted(entries, key=lambda e: (e[0], e[1])):
        where = field.get("journal") or field.get("booktitle") or field.get("publisher", "")
        place = f"*{where}*" if where else field.get("howpublished", "")
        if "volume" in field:
            place += f" {field['volume']}"
        if "number" in field:
            place += f"({field['number']})"
        if "pages" in field:
            place += f", {field['pages'].replace('--', '–')}"
        title = field["title"] if field["title"].endswith("?") else field["title"] + "."
        line = f"- {author.replace(' and ', '; ')} ({year}). {title} {place}."
        line += f" {field['note']}." if "note" in field else ""
        lines.append(line.replace("{", "").replace("}", ""))
    return "\n".join(lines) + "\n"
