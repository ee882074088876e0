"""Options that several commands share, with the help that teaches them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import SimError

if TYPE_CHECKING:
    from rich.console import Console

    from sim.scenario import Scenario

__all__ = [
    "Breakdowns",
    "Cap",
    "Draws",
    "File",
    "Json",
    "Keep",
    "Out",
    "Page",
    "Regimes",
    "Result",
    "Resume",
    "SamplerName",
    "Scheduler",
    "Seed",
    "Set",
    "ShardText",
    "Solutions",
    "StandardError",
    "StudyOut",
    "SweepOut",
    "WithoutDiagnostics",
    "Workers",
    "names",
    "parse_set",
    "warn",
]


def _seed(text: str) -> int:
    """Read a seed, any integer from 0; `1e9` is one as well."""
    try:
        number = int(text) if text.isdecimal() else float(text)
        if number >= 0 and number == int(number) and (text.isdecimal() or number <= 2**53):
            return int(number)
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(f"{text}: allowed are the integers from 0")


File = Annotated[Path, typer.Argument(help="a scenario file, YAML", metavar="FILE")]
Draws = Annotated[
    str | None,
    typer.Option(
        metavar="N", help="draws of the uncertain numbers, or auto; the scenario's own by default"
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="S", parser=_seed, help="the same seed gives the same bytes; 0 is a seed"),
]
Workers = Annotated[
    int | None, typer.Option(metavar="W", min=1, help="processes; all cores by default")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="DIR", help="folder for result.nc, summary.json, summary.csv, report"
    ),
]
SweepOut = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="folder for sweep.nc")
]
StudyOut = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="folder for METHOD.nc, such as sobol.nc"),
]
Page = Annotated[
    bool, typer.Option("--report/--no-report", help="write report.html into --out as well")
]
WithoutDiagnostics = Annotated[
    bool,
    typer.Option(
        "--no-diagnostics",
        help="do not say where the sign of a gain flips, what carrying out a threat costs, how "
        "large payments are, which takes some seconds; the report says it in any case",
    ),
]
Result = Annotated[Path, typer.Argument(help="a result: its folder or its .nc file")]
StandardError = Annotated[
    float | None,
    typer.Option(
        metavar="X", help="with --draws auto: stop when no linkage gain's standard error exceeds X"
    ),
]
Cap = Annotated[
    int | None,
    typer.Option(metavar="N", min=2, help="with --draws auto: draws at which it stops anyway"),
]
SamplerName = Annotated[
    str | None, typer.Option("--sampler", metavar="NAME", help="sobol, random or lhs")
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="a dask.distributed scheduler instead of processes"),
]
Resume = Annotated[bool, typer.Option("--resume", help="go on with the run in --out")]
Keep = Annotated[
    str, typer.Option(metavar="WHAT", help="what is stored: draws, or only their summary")
]
ShardText = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="compute part I of N only; sim merge joins them"),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout, nothing else")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="override any number: --set erosion=0.2, --set issues.hns_jpn.demand=4; may be "
        "repeated. A number that was uncertain leaves its correlations",
    ),
]
Regimes = Annotated[
    str | None, typer.Option(metavar="A,B", help="only these regimes, and those they lean on")
]
Breakdowns = Annotated[
    str | None,
    typer.Option(
        "--breakdowns",
        metavar="A,B",
        help="also the linkage gains side by side if breakdown values are announced, status_quo, "
        "nash (war) or variable (optimal threats)",
    ),
]
Solutions = Annotated[str | None, typer.Option(metavar="A,B", help="only these solutions")]


def parse_set(overrides: list[str]) -> dict[str, Any]:
    """Return `path=value` texts as a mapping.

    Raises
    ------
    SimError
        For a text without `=`.
    """
    found: dict[str, Any] = {}
    for text in overrides:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise SimError(f"--set {text}: must be PATH=VALUE, such as erosion=0.2")
        found[path.strip()] = value.strip()
    return found


def names(text: str | None) -> tuple[str, ...] | None:
    """Return the names of a comma-separated list, None for none given.

    Raises
    ------
    SimError
        For a list without a name.
    """
    if text is None:
        return None
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if not found:
        raise SimError(f"{text!r} names nothing: write A,B, or leave the option out")
    return found


def warn(scenario: Scenario, stderr: Console) -> None:
    """Print what a scenario is allowed to say but probably does not mean."""
    for warning in scenario.warnings:
        stderr.print(f"warning: {warning}", soft_wrap=True)
