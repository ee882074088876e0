"""The documentation does what it says: code runs, commands exist, links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from typer.testing import CliRunner

from sim.cli.app import app
from sim.scenario import load_scenario

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in DOCS.rglob("*.md") if not {"generated", "_build"} & set(path.parts)),
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return [code for kind, code in BLOCK.findall(page.read_text("utf-8")) if kind == language]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]
WITH_BASH = [page for page in PAGES if blocks(page, "bash")]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All Python of a page, in order, as one script, warnings as errors."""
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(page, "python")), "utf-8")
    monkeypatch.chdir(ROOT)
    plt.switch_backend("Agg")
    runpy.run_path(str(script), run_name="__main__")
    plt.close("all")


WITH_YAML = [page for page in PAGES if blocks(page, "yaml")]


@pytest.mark.parametrize("page", WITH_YAML, ids=name_of)
def test_scenarios_load(page: Path, tmp_path: Path) -> None:
    """A block of YAML is a scenario file beside those of the project."""
    shutil.copytree(ROOT / "scenarios", tmp_path, dirs_exist_ok=True)
    for text in blocks(page, "yaml"):
        file = tmp_path / "page.yaml"
        file.write_text(text, "utf-8")
        assert not load_scenario(file).warnings


@cache
def options_of(command: str) -> frozenset[str]:
    """Return the options of a sub-command of sim."""
    import typer

    whole = typer.main.get_command(app)
    commands = getattr(whole, "commands")  # noqa: B009
    assert command in commands, f"sim has no command {command}"
    found = {
        name
        for parameter in commands[command].params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    return frozenset(found | {"--help"})


def sim_commands(page: Path) -> list[list[str]]:
    """Return the words after `sim` of every such command of a page, without redirections."""
    found = []
    for block in blocks(page, "bash"):
        for line in block.replace("&&", "\n").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].rsplit("/", 1)[-1] == "sim":
                found.append(words[1 : words.index(">") if ">" in words else None])
    return found


@pytest.mark.parametrize("page", WITH_BASH, ids=name_of)
def test_commands_exist(page: Path) -> None:
    """Every `sim COMMAND --option`, and every scenario that is named."""
    for command, *words in sim_commands(page):
        allowed = options_of(command)
        for word in words:
            if word.startswith("-"):
                assert word.split("=")[0] in allowed, (command, word)
            if word.startswith("scenarios/"):
                assert (ROOT / word).is_file(), (command, word)


FEW = {"--draws": "32", "--workers": "1"}
SOME = ["--solutions", "nash", "--regimes", "separate,linked"]


def quickly(words: list[str]) -> list[list[str]]:
    """Return a command with fewer draws, no report and no diagnostics, which have their own tests.

    Of the real case two regimes; a part of a run stands for all parts, of which two are enough.
    """
    words = [
        word if word == "auto" else FEW.get(before, word) for before, word in pairwise(["", *words])
    ]
    if words[0] in ("run", "merge"):
        words += ["--no-diagnostics", "--no-report"]
    if words[0] in ("run", "discover") and "us-allies" in words[1]:
        words += [] if "--draws" in words else ["--draws", "32"]
        words += SOME if words[0] == "run" else []
    if "--shard" not in words:
        return [words]
    at, out = words.index("--shard") + 1, words.index("--out") + 1
    return [
        [f"{n}/2" if i == at else f"parts/{n}" if i == out else w for i, w in enumerate(words)]
        for n in (1, 2)
    ]


@pytest.mark.usefixtures("few_figures")
@pytest.mark.parametrize("page", [p for p in WITH_BASH if sim_commands(p)], ids=name_of)
def test_commands_run(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """The commands of a page in order, quickly; the README's first one as it is in CI."""
    monkeypatch.setattr("sim.cli.discover._POINTS", {1: 5, 2: 3})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    commands = sim_commands(page)
    if all(command != "new" for command, *_ in commands):
        commands.insert(0, ["new", "mine.yaml"])  # of an earlier page
    for words in commands:
        if "--scheduler" in words:  # there is none of the page's name, but one that is as good
            words[words.index("--scheduler") + 1] = request.getfixturevalue("scheduler")
        if "--out" in words and "--resume" not in words:  # another way to do the same
            shutil.rmtree(words[words.index("--out") + 1], ignore_errors=True)
        parts = [str(path) for path in sorted(Path("parts").glob("*"))]
        for each in quickly(words):
            told = [a for word in each for a in (parts if word == "parts/*" else [word])]
            found = CliRunner().invoke(app, told)
            assert found.exit_code == 0, (told, found.output, found.exception)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target) or "/generated/" in f"/{target}":
            continue  # generated pages are checked by the build with -W
        assert (page.parent / target).exists(), f"{name_of(page)}: {target}"


def test_the_readme_has_its_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for name in ("run", "test"):
        assert re.search(rf"<!-- command: {name} -->\n```bash\n[^\n]+\n```", text), name


def test_every_page_and_notebook_is_listed() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    for notebook in (ROOT / "notebooks").glob("*.py"):
        assert f"generated/notebooks/{notebook.stem}\n" in index
        assert f"notebooks/{notebook.name}" in (DOCS / "howto/open-the-notebooks.md").read_text()
    for page in PAGES[1:]:
        if page != DOCS / "index.md":
            assert f"{page.relative_to(DOCS).with_suffix('').as_posix()}\n" in index


def test_the_published_table_has_every_result() -> None:
    from published import results

    table = (DOCS / "published.md").read_text("utf-8")
    for result in results():
        assert f"| `{result.id}` |" in table


def test_the_bibliography_is_well_formed() -> None:
    """Every entry has author, title and year and is found by the generator; keys are unique."""
    text = (DOCS / "references.bib").read_text("utf-8")
    keys = re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE)
    assert len(keys) == len(set(keys)) == text.count("@")
    for entry in text.split("\n@"):
        for field in ("author", "title", "year"):
            assert re.search(rf"\b{field} = \{{", entry), entry


CITED = re.compile(
    r"\b(?!Springer|Methods, SIAM|SIAM )"  # publishers of books that are cited by their title
    r"([A-Z][\w'’.-]+(?:(?:,? (?:and|&) |, |[-–—])[A-Z][\w'’.-]*)*(?: et al\.)?)"
    r" \((1[89]\d\d|20\d\d)[a-z]?[,)]"
)
"""`Nash (1950)`, `Bernheim and Whinston (1990)`, `Tollison-Willett (1979)`."""


def test_every_work_that_is_cited_stands_in_the_bibliography() -> None:
    """An entry of the year has one of the names among its authors."""
    entries = _plain((DOCS / "references.bib").read_text("utf-8")).split("\n@")
    known = {
        (name, year)
        for entry in entries
        for year in re.findall(r"year = \{(\d{4})\}", entry)
        for authors in re.findall(r"author = \{(.*?)\},\n", entry)
        for name in re.findall(r"[A-Z][\w'’]+", authors)
    }
    missing = set()
    files = (*ROOT.glob("sim/**/*.py"), *ROOT.glob("notebooks/*.py"), *DOCS.glob("theory/*.md"))
    for file in (*files, ROOT / "tests" / "data" / "published.toml"):
        text = re.sub(r"\s*\n\s*(?:# )?", " ", _plain(file.read_text("utf-8")))
        for names, year in CITED.findall(text):
            found = (n.removesuffix("'s").strip("'") for n in re.findall(r"[A-Z][\w'’]+", names))
            if not any((name, year) in known for name in found):
                missing.add(f"{file.name}: {names} ({year})")
    assert not missing, "add to docs/references.bib: " + "; ".join(sorted(missing))


def _plain(text: str) -> str:
    """Return text without accents."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in split if not unicodedata.combining(letter))
