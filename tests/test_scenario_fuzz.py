"""Whatever a file says, the answer is a scenario or a `ScenarioError` with positions."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_cases import EQUILIBRIA, FOLDER, SMALL, bare

from sim.errors import Fault, ScenarioError
from sim.scenario import Scenario, load_scenario, parse_scenario, starter
from sim.scenario.nodes import compose

EXAMPLE = (FOLDER / "worked-example.yaml").read_text(encoding="utf-8")
TEXTS = [EXAMPLE, SMALL, starter(), EQUILIBRIA]

SCALARS = st.one_of(
    st.sampled_from([0, -1, 1, 0.5, 1e300, -1e300, 10**400, math.nan, math.inf, True, False, None]),
    st.sampled_from(
        ["", "US", "A", "tariff", "cost", "nash", "linked", "1e3", "all", "2025-04-17"]
    ),
    st.floats(),
    st.integers(-10, 10),
    st.text(max_size=5),
)
DISTRIBUTIONS = st.one_of(
    st.lists(st.floats(-2, 2), max_size=4).map(lambda ends: {"uniform": ends}),
    st.lists(st.floats(-2, 2), min_size=3, max_size=3).map(lambda ends: {"triangular": ends}),
    st.tuples(SCALARS, SCALARS).map(lambda p: {"normal": {"mean": p[0], "sd": p[1]}}),
    st.tuples(SCALARS, SCALARS).map(lambda p: {"lognormal": {"median": p[0], "gsd": p[1]}}),
    st.tuples(SCALARS, SCALARS).map(lambda p: {"beta": {"mean": p[0], "sd": p[1]}}),
    st.lists(SCALARS, max_size=3).map(lambda v: {"choice": {"values": v}}),
)
VALUES = st.one_of(
    SCALARS,
    DISTRIBUTIONS,
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["value", "US", "A", "x", "tariff"]), inner, max_size=3
            )
        ),
        max_leaves=5,
    ),
)


def paths(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value."""
    found = [path]
    if isinstance(data, dict):
        for key, value in data.items():
            found += paths(value, (*path, key))
    elif isinstance(data, list):
        for n, value in enumerate(data):
            found += paths(value, (*path, n))
    return found


def written(data: object, path: tuple[str | int, ...] = ()) -> str:
    """Return data as flow-style YAML; numbers that YAML cannot write become its own."""
    if isinstance(data, dict):
        inner = ", ".join(f"{quoted(str(k))}: {written(v)}" for k, v in data.items())
        return "{" + inner + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(written, data)) + "]"
    if isinstance(data, str):
        return quoted(data)
    if data is None or isinstance(data, bool):
        return {None: "null", True: "true", False: "false"}[data]
    if isinstance(data, float) and not math.isfinite(data):
        return ".nan" if math.isnan(data) else (".inf" if data > 0 else "-.inf")
    return repr(data)


def quoted(text: str) -> str:
    """Return text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


SPELLINGS = ["x", "", "1", "-1", "{", ":"]
DATA = [bare(compose(text, "x")[0]) for text in TEXTS]
PATHS = [paths(data)[1:] for data in DATA]


def attempt(
    text: str, overrides: dict[str, object] | None = None, *, name: str = "f.yaml"
) -> tuple[Scenario | None, tuple[Fault, ...]]:
    """Read a text: the scenario, or None and its faults. Nothing else is ever raised."""
    try:
        return parse_scenario(text, overrides, name=name), ()
    except ScenarioError as error:
        return None, error.faults


def answer(text: str) -> Scenario | None:
    """Read a text, and check what comes: a sound scenario, or proper faults."""
    scenario, found = attempt(text)
    if scenario is not None:
        sound(scenario)
        return scenario
    assert found
    lines = len(text.splitlines()) + 1
    for fault in found:
        assert fault.file == "f.yaml"
        assert 1 <= fault.line <= lines
        assert fault.column >= 1
        assert fault.field
        assert fault.message
        assert "\n" not in str(fault)
        assert "left-out" not in str(fault)
    return None


def sound(scenario: Scenario) -> None:
    """Check that what is accepted can be drawn from, written, read again and sent to a worker."""
    theta = {}
    for uncertain in scenario.uncertain:
        draws = uncertain.distribution.ppf(np.array([0.01, 0.5, 0.99]))
        assert np.isfinite(draws).all()
        theta[uncertain.name] = draws
    for issue in scenario.issues.values():
        low, high = (scenario.number(end, theta) for end in issue.range)
        assert np.all(np.asarray(low) <= np.asarray(high))
        for value in (issue.status_quo, issue.breakdown):
            assert np.all(np.asarray(scenario.number(value, theta)) >= low)
            assert np.all(np.asarray(scenario.number(value, theta)) <= high)
    assert parse_scenario(scenario.to_yaml()).sha256 == scenario.sha256
    assert pickle.loads(pickle.dumps(scenario)).sha256 == scenario.sha256


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_values_changed_at_random(data):
    which = data.draw(st.integers(0, len(TEXTS) - 1))
    case = copy.deepcopy(DATA[which])
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(PATHS[which]))
        parent = case
        try:
            for part in path[:-1]:
                parent = parent[part]
            if data.draw(st.booleans()):
                parent[path[-1]] = data.draw(VALUES)
            else:
                del parent[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    answer(written(case))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_names_misspelt_and_keys_renamed(data):
    which = data.draw(st.integers(0, len(TEXTS) - 1))
    text = TEXTS[which]
    words = sorted({w.strip(":,{}[]") for w in text.split()} - {""})
    for _ in range(data.draw(st.integers(1, 3))):
        word = data.draw(st.sampled_from(words))
        text = text.replace(word, data.draw(st.sampled_from([*words, *SPELLINGS])))
    answer(text)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_characters_changed_at_random(data):
    text = TEXTS[data.draw(st.integers(0, len(TEXTS) - 1))]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 3))
        new = data.draw(
            st.text(max_size=3)
            | st.sampled_from([*"[]{}:,&*!|>'\"%@`#?-\n\t", "<<: ", "&a ", "*a "])
        )
        text = text[:at] + new + text[at + cut :]
    answer(text)


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_any_text(text):
    answer(text)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(list(Scenario.model_fields)), VALUES))
def test_any_value_in_any_block(data):
    assert answer(written(data)) is None


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_override(data):
    paths = [".".join(map(str, path)) for path in PATHS[1]]
    path = data.draw(st.sampled_from(paths) | st.text(max_size=8))
    value = data.draw(VALUES | st.text(max_size=8).map(lambda t: t))
    scenario, found = attempt(SMALL, {path: value})
    assert all(f.file in {"--set", "f.yaml"} for f in found)
    if scenario is not None:
        sound(scenario)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_variant(data):
    base = FOLDER / "worked-example.yaml"
    variant = data.draw(
        st.dictionaries(st.sampled_from(list(Scenario.model_fields)), VALUES, max_size=2)
    )
    text = written({"extends": str(base), **variant})
    scenario, found = attempt(text)
    assert all(f.file in {"f.yaml", str(base)} for f in found)
    if scenario is not None:
        sound(scenario)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"\x00" * 10, b"a: \xe9", b"\xef\xbb\xbftitle: x"])
def test_any_bytes(tmp_path, text):
    (tmp_path / "f.yaml").write_bytes(text)
    with pytest.raises(ScenarioError):
        load_scenario(tmp_path / "f.yaml")
