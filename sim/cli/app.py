"""The command `sim`: one function a command; each loads what it needs when it runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli import options

_NARROW = shutil.get_terminal_size().columns < 80  # boxes would cut the names of options

app = typer.Typer(
    name="sim",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None if _NARROW else "rich",
    help="Does linking issues pay, for whom, and how sure are we?\n\n"
    "`sim show FILE` says what is at stake, `sim run FILE` who gains from linkage, `sim new FILE` "
    "starts a case of your own.",
)


@app.command()
def run(
    file: options.File,
    draws: options.Draws = None,
    se: options.StandardError = None,
    cap: options.Cap = None,
    seed: options.Seed = None,
    sampler: options.SamplerName = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    out: options.Out = None,
    resume: options.Resume = False,
    keep: options.Keep = "draws",
    shard: options.ShardText = None,
    as_json: options.Json = False,
    overrides: options.Set = None,
    regimes: options.Regimes = None,
    solutions: options.Solutions = None,
    breakdowns: options.Breakdowns = None,
    without_diagnostics: options.WithoutDiagnostics = False,
    page: options.Page = True,
) -> None:
    """Solve every regime in every draw, and say who gains from linkage and why.

    Example: sim run scenarios/us-allies-2025-04.yaml --draws 2000 --out out/april
    """
    from sim.cli.run import run as command

    command(
        file,
        draws=draws,
        seed=seed,
        sampler=sampler,
        se=se,
        cap=cap,
        workers=workers,
        scheduler=scheduler,
        out=out,
        resume=resume,
        keep=keep,
        shard=shard,
        as_json=as_json,
        overrides=overrides or [],
        regimes=regimes,
        solutions=solutions,
        breakdowns=breakdowns,
        diagnostics=not without_diagnostics,
        page=page,
    )


@app.command()
def merge(
    parts: Annotated[list[Path], typer.Argument(help="the folders of the shards")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="folder for the whole result")
    ],
    as_json: options.Json = False,
    without_diagnostics: options.WithoutDiagnostics = False,
    page: options.Page = True,
) -> None:
    """Bring the shards of one run together, as if it had been one.

    Example: sim merge parts/1 parts/2 --out out/april
    """
    from sim.cli.run import merge as command

    command(parts, out, as_json=as_json, diagnostics=not without_diagnostics, page=page)


@app.command()
def rerun(
    result: options.Result,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    as_json: options.Json = False,
) -> None:
    """Make a result again from what it says of itself, bit for bit, or say what changed.

    Example: sim rerun out/april
    """
    from sim.cli.run import rerun as command

    command(result, workers=workers, scheduler=scheduler, as_json=as_json)


@app.command()
def report(
    result: options.Result,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="the page; report.html beside the result by default"
        ),
    ] = None,
) -> None:
    """Write a result as one HTML page that needs nothing but itself.

    The answer in three sentences, figures, tables, every assumption with its source, diagnostics.

    Example: sim report out/april -o april.html
    """
    from sim.cli.report import report as command

    command(result, out)


@app.command()
def equilibria(
    file: options.File,
    draws: Annotated[int, typer.Option(metavar="N", help="draws of the uncertain numbers")] = 256,
    seed: options.Seed = None,
    as_json: options.Json = False,
    overrides: options.Set = None,
) -> None:
    """Stances, offers over time, private information, enforcement and coalitions of a scenario.

    Is linkage chosen at all, what is threatened, when do talks fail, and does the deal hold?

    Example: sim equilibria scenarios/us-allies-2025-04.yaml --draws 64
    """
    from sim.cli.equilibria import equilibria as command

    command(file, draws=draws, seed=seed, as_json=as_json, overrides=overrides or [])


@app.command()
def sensitivity(
    file: options.File,
    of: Annotated[
        str, typer.Option("--of", metavar="WHAT", help="linkage_gain, payoff_change, outcome, ...")
    ] = "linkage_gain",
    method: Annotated[
        str, typer.Option(metavar="NAME", help="sobol (indices), tornado or morris (screening)")
    ] = "sobol",
    points: Annotated[
        int, typer.Option(metavar="N", min=32, max=2**20, help="base points of the Sobol' design")
    ] = 1024,
    grouped: Annotated[
        bool, typer.Option("--grouped", help="take correlated parameters as one input")
    ] = False,
    seed: options.Seed = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    out: options.StudyOut = None,
    resume: options.Resume = False,
    as_json: options.Json = False,
    overrides: options.Set = None,
    regimes: options.Regimes = None,
    solutions: options.Solutions = None,
) -> None:
    """Say which uncertain numbers the answer rests on.

    Example: sim sensitivity scenarios/us-allies-2025-04.yaml --of linkage_gain --grouped
    """
    from sim.cli.study import sensitivity as command

    command(
        file,
        of=of,
        method=method,
        points=points,
        grouped=grouped,
        seed=seed,
        workers=workers,
        scheduler=scheduler,
        out=out,
        resume=resume,
        as_json=as_json,
        overrides=overrides or [],
        regimes=regimes,
        solutions=solutions,
    )


@app.command()
def discover(
    source: Annotated[
        Path, typer.Argument(help="a scenario file, a result with draws, or a study to read again")
    ],
    numbers: Annotated[
        list[str] | None,
        typer.Option(
            "--break-even",
            metavar="NAME[=FROM:TO[:N]]",
            help="where the mean turns along this number, such as erosion=0:0.3; once or twice",
        ),
    ] = None,
    of: Annotated[
        str,
        typer.Option(
            "--of", metavar="WHAT", help="break-even of what: linkage_gain, payoff_change, ..."
        ),
    ] = "linkage_gain",
    player: Annotated[
        str | None, typer.Option(metavar="NAME", help="whose gain; everybody's by default")
    ] = None,
    losses: Annotated[
        bool, typer.Option("--losses", help="box: look for losses instead of gains")
    ] = False,
    density: Annotated[
        float, typer.Option(metavar="X", min=0.0, max=1.0, help="box: share wanted inside it")
    ] = 0.8,
    draws: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="box: draws, for a scenario file; break-even: draws a point, 1024 by default",
        ),
    ] = None,
    seed: options.Seed = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="folder for the run, or for break-even.nc"),
    ] = None,
    resume: options.Resume = False,
    as_json: options.Json = False,
    overrides: options.Set = None,
    regimes: options.Regimes = None,
    solutions: options.Solutions = None,
) -> None:
    """Find where a player gains from linkage: in a box of parameters, or up to which value.

    Without --break-even: the box in which most draws are gains (PRIM). With it: the values, along
    two numbers the curve, at which the mean gain is zero, with confidence intervals.

    Example: sim discover scenarios/us-allies-2025-04.yaml --break-even erosion=0:0.3
    """
    from sim.cli.discover import find_box, find_break_even, tell_again

    common: dict[str, Any] = {
        "player": player,
        "draws": draws,
        "seed": seed,
        "workers": workers,
        "scheduler": scheduler,
        "out": out,
        "resume": resume,
        "as_json": as_json,
        "overrides": overrides or [],
        "regimes": regimes,
        "solutions": solutions,
    }
    if numbers:
        find_break_even(source, numbers, of=of, **common)
    elif not tell_again(source, player=player, as_json=as_json):
        find_box(source, of=of, wins=not losses, density=density, **common)


@app.command()
def sweep(
    file: options.File,
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="PATH=FROM:TO:N",
            help="a number and its grid, such as erosion=0:0.3:7; once or twice",
        ),
    ],
    draws: Annotated[int | None, typer.Option(metavar="N", min=1, help="draws a point")] = None,
    seed: options.Seed = None,
    workers: options.Workers = None,
    scheduler: options.Scheduler = None,
    out: options.SweepOut = None,
    resume: options.Resume = False,
    as_json: options.Json = False,
    overrides: options.Set = None,
    regimes: options.Regimes = None,
    solutions: options.Solutions = None,
) -> None:
    """Run a scenario over a grid of one or two numbers, with common draws.

    Example: sim sweep scenarios/us-allies-2025-04.yaml --vary erosion=0:0.3:7 --draws 512
    """
    from sim.cli.study import sweeps as command

    command(
        file,
        vary=vary,
        draws=draws,
        seed=seed,
        workers=workers,
        scheduler=scheduler,
        out=out,
        resume=resume,
        as_json=as_json,
        overrides=overrides or [],
        regimes=regimes,
        solutions=solutions,
    )


@app.command()
def plot(
    result: Annotated[
        Path | None, typer.Argument(help="a result or a study: its folder or its .nc file")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="which figure; see --list")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="ends in .svg, .pdf or .png"),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="KEY=VALUE",
            help="solution=nash, regimes=separate,linked, width=3.5 (inches), ...; may be repeated",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="say which figures there are, and what they need")
    ] = False,
) -> None:
    """Draw a figure from a result.

    Example: sim plot out/april who-gains -o gains.pdf
    """
    from sim.cli.plot import list_figures
    from sim.cli.plot import plot as command

    if listed:
        list_figures()
        return
    command(result, name, out, given or [])


@app.command()
def export(
    source: Annotated[Path, typer.Argument(help="a scenario file; for csv a result")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="the file to write")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="nfg: the stance game; efg: offers over time as a tree; csv: statistics",
        ),
    ] = "nfg",
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="efg: which table; the first with talks")
    ] = None,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="efg: offers in all")] = 2,
    overrides: options.Set = None,
) -> None:
    """Write games of a scenario for other programs, or a result's statistics as CSV.

    Example: sim export scenarios/us-allies-2025-04.yaml --format nfg -o stances.nfg
    """
    from sim.cli.export import export as command

    command(source, form=form, out=out, table=table, rounds=rounds, overrides=overrides or [])


@app.command()
def check(
    file: options.File,
    laws: Annotated[
        bool, typer.Option("--laws", help="also try to break the laws of its payoffs")
    ] = False,
    as_json: options.Json = False,
    overrides: options.Set = None,
) -> None:
    """Say every fault of a scenario file, as file:line:column, or that there is none.

    Example: sim check mine.yaml --laws
    """
    from sim.cli.scenarios import check as command

    command(file, overrides or [], laws=laws, as_json=as_json)


@app.command()
def show(file: options.File, as_json: options.Json = False, overrides: options.Set = None) -> None:
    """Print players, issues and tables, what the status quo is worth, and what failed talks change.

    Example: sim show scenarios/us-allies-2025-04.yaml --set troops_left_jpn=30
    """
    from sim.cli.scenarios import show as command

    command(file, overrides or [], as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors.

    Example: sim schema > scenario.schema.json
    """
    from sim.cli.scenarios import schema as command

    command()


@app.command()
def new(
    file: Annotated[
        Path, typer.Argument(help="the file to write; it must not exist", metavar="FILE")
    ],
) -> None:
    """Write a commented starter scenario to fill in.

    Example: sim new mine.yaml
    """
    from sim.cli.scenarios import new as command

    command(file)
