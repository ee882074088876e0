"""From a file to a checked scenario: all faults at once, each where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from sim.errors import Fault, ScenarioError
from sim.scenario.checks import check
from sim.scenario.flows import inline_tables
from sim.scenario.locate import fault_at
from sim.scenario.models import Scenario, SourceFile
from sim.scenario.nodes import Node, Path, Place, dotted, plain
from sim.scenario.read import Reading, override, read_path, read_text
from sim.scenario.repair import Repair

__all__ = ["load_scenario", "parse_scenario"]

_KINDS = {"scenario_key": "key", "scenario_missing": "missing"}
_ATTEMPTS = 8


def load_scenario(
    path: str | os.PathLike[str], overrides: Mapping[str, object] | None = None
) -> Scenario:
    """Read a scenario file, and the files that it extends.

    Parameters
    ----------
    path : str or path-like
        A YAML file.
    overrides : mapping of str to object, optional
        Dotted path, or the name of a parameter, to a value; text is read as YAML.

    Returns
    -------
    Scenario
        Its `warnings` list what is allowed but probably not meant.

    Raises
    ------
    ScenarioError
        With every fault of the file, each as `file:line:column: field: what is wrong`.

    Examples
    --------
    >>> load_scenario("nowhere.yaml")
    Traceback (most recent call last):
    ...
    sim.errors.ScenarioError: nowhere.yaml:1:1: file: cannot be read: No such file or directory
    """
    return _finish(read_path(path), overrides or {})


def parse_scenario(
    text: str, overrides: Mapping[str, object] | None = None, *, name: str = "scenario.yaml"
) -> Scenario:
    """Read a scenario from text, as if it stood in the file `name`.

    Parameters
    ----------
    text : str
        YAML.
    overrides : mapping of str to object, optional
        As for `load_scenario`.
    name : str
        File name for positions, and for the folder that `extends:` starts from.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    return _finish(read_text(text, name), overrides or {})


def _finish(reading: Reading, overrides: Mapping[str, object]) -> Scenario:
    if not reading.files:
        raise ScenarioError(reading.faults)
    override(reading, overrides)
    inline_tables(reading)
    if not reading.root.value and reading.faults:
        raise ScenarioError(reading.faults)  # no YAML at all: nothing more to say
    scenario, faults = _validated(reading.root)
    warnings: list[Fault] = []
    if scenario is not None:
        found, warnings = check(scenario, reading.root)
        faults += found
    faults = _in_order(reading.faults + faults, [name for name, _ in reading.files])
    if faults or scenario is None:
        raise ScenarioError(faults)
    scenario._files = tuple(SourceFile(name, text) for name, text in reading.files)
    scenario._warnings = (*reading.notes, *warnings)
    scenario._places = dict(_places(reading.root))
    return scenario


def _in_order(faults: list[Fault], files: list[str]) -> list[Fault]:
    """Sort by file and position, and drop repetitions."""
    rank = {name: n for n, name in enumerate(files)}
    unique = list(dict.fromkeys(faults))
    return sorted(unique, key=lambda f: (rank.get(f.file, len(rank)), f.line, f.column))


def _places(node: Node, path: Path = ()) -> Iterator[tuple[str, Place]]:
    yield dotted(path), node.shown_at
    if isinstance(node.value, dict):
        for key, inner in node.value.items():
            yield from _places(inner, (*path, key))


def _validated(root: Node) -> tuple[Scenario | None, list[Fault]]:
    """Return the scenario and its faults.

    Values that do not validate are left out of it, so that the cross-checks can look at the rest
    and all faults come at once.
    """
    data = plain(root)
    assert isinstance(data, dict)
    faults: list[Fault] = []
    repair = Repair(data)
    for attempt in range(_ATTEMPTS):
        try:
            return Scenario.model_validate(data), faults
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        for detail in details:
            kind = _KINDS.get(detail["type"], "value")
            if attempt == 0:
                faults.append(fault_at(root, detail["loc"], detail["msg"], kind=kind))
            repair.leave_out(detail["loc"], missing=kind == "missing")
    return None, faults
