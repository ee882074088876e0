"""How to make a result again: commands, versions, hash."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sim.negotiation import Settings
from sim.report.facts import Facts

__all__ = ["Recipe", "recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What it takes to make a result again.

    Parameters
    ----------
    commands : tuple of (str, str)
        What each does, and the command.
    versions : mapping of str to str
    sha256 : str
        Of the resolved scenario.
    overrides : tuple of (str, str)
        What was set on top of the file; the text has it already.
    file : str
        Name to save the text as.
    text : str
        The resolved scenario.
    remarks : tuple of str
        What the commands do not say.
    """

    commands: tuple[tuple[str, str], ...]
    versions: Mapping[str, str]
    sha256: str
    overrides: tuple[tuple[str, str], ...]
    file: str
    text: str
    remarks: tuple[str, ...] = ()


def recipe(facts: Facts) -> Recipe:
    """Return the exact commands, versions and the hash of a result."""
    attrs = facts.result.attrs
    settings = json.loads(str(attrs.get("settings", "{}")))
    file = f"{attrs['scenario']}.yaml"
    precision = json.loads(str(attrs.get("precision", "{}")))
    words = ["sim", "run", file, "--draws"]
    words += ["auto", "--se", repr(precision["se"])] if precision else [str(facts.draws)]
    words += ["--seed", str(facts.summary["seed"]), "--sampler", str(settings.get("sampler"))]
    words += ["--regimes", ",".join(facts.regimes), "--solutions", ",".join(facts.solutions)]
    commands = (
        ("run the scenario below again", shlex.join([*words, "--out", "again"])),
        ("or check the result file bit for bit", "sim rerun result.nc"),
        ("and write this page", "sim report again -o report.html"),
    )
    return Recipe(
        commands=commands,
        versions=json.loads(str(attrs.get("versions", "{}"))),
        sha256=str(attrs.get("scenario_sha256", "")),
        overrides=tuple(json.loads(str(attrs.get("overrides", "{}"))).items()),
        file=file,
        text=str(attrs["scenario_text"]),
        remarks=tuple(_remarks(facts, settings)),
    )


def _remarks(facts: Facts, settings: Mapping[str, object]) -> list[str]:
    found = []
    own = facts.scenario.simulate.replicates
    asked = settings.get("replicates")
    if asked is not None and asked != own:
        found.append(f"The run has {asked} replicates, the scenario's own are {own}.")
    solver = settings.get("solver")
    if isinstance(solver, dict) and solver != asdict(Settings()):
        told = ", ".join(f"{name} {value}" for name, value in solver.items())
        found.append(f"The solver's settings differ from the default: {told}.")
    if found:
        found.append("sim rerun keeps to these settings; they are in the result file.")
    return found
