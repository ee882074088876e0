"""Chunks are there whole or not at all, and a folder belongs to one run."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import ResultError
from sim.montecarlo.chunks import (
    MemoryStore,
    atomic_write,
    gaps,
    gather,
    merge,
    open_folder,
    read_manifest,
    replacing,
    rows_done,
)

MANIFEST = {"scenario": "abc", "settings": {"seed": 0, "sampler": "sobol"}}


def arrays(start, stop):
    rows = np.arange(start, stop, dtype=float)
    return {"x": rows, "y": np.stack([rows, -rows], axis=1), "flag": rows > 3}


def files(path):
    return {
        str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()
    }


@given(
    spans=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8),
    start=st.integers(0, 60),
    length=st.integers(0, 40),
)
def test_gaps_are_exactly_the_rows_that_no_span_covers(spans, start, length):
    spans = sorted((a, a + n) for a, n in spans)
    covered = {row for a, b in spans for row in range(a, b)}
    left = [row for a, b in gaps(spans, range(start, start + length)) for row in range(a, b)]
    assert left == [row for row in range(start, start + length) if row not in covered]


@given(cuts=st.lists(st.integers(1, 99), max_size=6), start=st.integers(0, 98))
def test_gather_reads_across_chunks_even_where_they_overlap(cuts, start):
    store = MemoryStore()
    edges = sorted({0, 100, *cuts})
    for a, b in itertools.pairwise(edges):
        store.put((max(a - 2, 0), b), arrays(max(a - 2, 0), b))
    rows = range(start, 99)
    for name, values in gather(store, rows).items():
        assert np.array_equal(values, arrays(start, 99)[name])
    assert rows_done(store) == 100


def test_gather_names_what_is_missing():
    store = MemoryStore()
    store.put((10, 20), arrays(10, 20))
    with pytest.raises(ResultError, match="draws 0 to 9, 20 to 29 are not computed yet"):
        gather(store, range(30))


def test_a_folder_gives_back_what_was_put_with_its_types(tmp_path):
    store = open_folder(tmp_path / "run", MANIFEST)
    store.put((0, 5), arrays(0, 5))
    again = open_folder(tmp_path / "run", MANIFEST, resume=True)
    assert again.spans() == ((0, 5),)
    for name, values in again.get((0, 5)).items():
        assert np.array_equal(values, arrays(0, 5)[name])
        assert values.dtype == arrays(0, 5)[name].dtype
    assert set(again.get((0, 5), ["y"])) == {"y"}


def test_a_folder_of_another_run_is_refused_and_left_as_it_was(tmp_path):
    open_folder(tmp_path, MANIFEST).put((0, 5), arrays(0, 5))
    before = files(tmp_path)
    other = {"scenario": "abc", "settings": {"seed": 1, "sampler": "sobol"}, "long": "x" * 99}
    for resume in (False, True):
        with pytest.raises(ResultError, match=r"settings\.seed is 0 there and 1 here"):
            open_folder(tmp_path, other, resume=resume)
    with pytest.raises(ResultError, match="holds this run already; resume"):
        open_folder(tmp_path, MANIFEST)
    assert files(tmp_path) == before


def test_differences_inside_texts_and_long_values_are_told_apart(tmp_path):
    versions = {"attrs": {"versions": '{"numpy": "2.0", "python": "3.11"}', "text": "a" * 500}}
    open_folder(tmp_path, versions)
    other = {"attrs": {"versions": '{"numpy": "2.1", "python": "3.11"}', "text": "a" * 499}}
    told = (
        r'run: versions\.numpy is "2\.0" there and "2\.1" here; text differs; take another folder$'
    )
    with pytest.raises(ResultError, match=told):
        open_folder(tmp_path, other, resume=True)


def test_of_many_differences_the_first_are_told_and_none_that_only_follows(tmp_path):
    attrs = {"scenario": "base", "title": "A", "scenario_sha256": "0" * 64, "scenario_text": "a"}
    here = {"draws": 8, "attrs": attrs, "seed": 1, "workers": 1, "coords": {"issue": [1, 2]}}
    open_folder(tmp_path, here)

    def told(**changes):
        with pytest.raises(ResultError) as caught:
            open_folder(tmp_path, {**here, **changes}, resume=True)
        return str(caught.value).removeprefix(f"{tmp_path}: holds another run: ")

    edited = attrs | {"scenario_sha256": "1" * 64, "scenario_text": "b" * 99}
    assert told(attrs=edited) == "scenario_text differs; take another folder"
    other = edited | {"scenario": "variant", "title": "B"}
    everything = told(draws=4, attrs=other, seed=2, workers=2, coords={"issue": [3]})
    assert everything == (
        'draws is 8 there and 4 here; scenario is "base" there and "variant" here; '
        "seed is 1 there and 2 here; and 1 more; take another folder"
    )


@pytest.mark.parametrize("text", ["", "[1, 2]", "{"])
def test_a_manifest_that_is_none_is_named(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ResultError, match="no folder of a run"):
        read_manifest(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultError, match=r"file/run: cannot be made \(Not a directory\)"):
        open_folder(tmp_path / "file" / "run", MANIFEST)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    target = tmp_path / "result"
    atomic_write(target, b"old")

    def fail():
        with replacing(target) as part:
            part.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(ResultError, match=r"No space left on device.*what was there is kept"):
        fail()
    assert files(tmp_path) == {"result": b"old"}


@pytest.mark.parametrize("part", ["begin", "data", "end", "length", "rows", "nothing"])
def test_a_damaged_chunk_is_named_and_computed_again(tmp_path, part):
    store = open_folder(tmp_path, MANIFEST)
    store.put((0, 5), arrays(0, 5))
    store.put((5, 9), arrays(5, 9))
    file = sorted((tmp_path / "chunks").iterdir())[1]
    content = bytearray(file.read_bytes())
    if part == "rows":
        store.put((5, 9), arrays(5, 8))
    elif part in ("length", "nothing"):
        file.write_bytes(content[:-40] if part == "length" else b"")
    else:
        content[{"begin": 2, "data": 200, "end": -60}[part]] ^= 1
        file.write_bytes(content)
    if part != "rows":
        with pytest.raises(ResultError, match="resume the run and it is computed again"):
            store.get((5, 9))
    assert open_folder(tmp_path, MANIFEST, resume=True).spans() == ((0, 5),)


def test_any_damage_to_a_chunk_is_a_result_error_or_harmless(tmp_path):
    store = open_folder(tmp_path, MANIFEST)
    store.put((0, 5), arrays(0, 5))
    (file,) = (tmp_path / "chunks").iterdir()
    whole, right = file.read_bytes(), store.get((0, 5))
    for place in range(0, len(whole), 7):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        file.write_bytes(content)
        with suppress(ResultError):
            for name, array in store.get((0, 5)).items():
                assert np.array_equal(array, right[name])


def test_chunks_of_two_kinds_do_not_mix():
    store = MemoryStore()
    store.put((0, 2), {"x": np.zeros(2), "y": np.zeros(2)})
    store.put((2, 4), {"x": np.zeros(2)})
    with pytest.raises(ResultError, match=r"draws 2 to 3: not all chunks have y"):
        gather(store, range(4))


def test_shards_merge_into_one_folder(tmp_path):
    for part, span in [("a", (0, 5)), ("b", (5, 9))]:
        open_folder(tmp_path / part, MANIFEST).put(span, arrays(*span))
    store = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "whole")
    assert np.array_equal(gather(store, range(9))["x"], np.arange(9.0))
    assert json.loads((tmp_path / "whole" / "manifest.json").read_text()) == MANIFEST
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "a")
    assert rows_done(open_folder(tmp_path / "a", MANIFEST, resume=True)) == 9


def test_shards_of_different_runs_do_not_merge(tmp_path):
    open_folder(tmp_path / "a", MANIFEST)
    open_folder(tmp_path / "b", MANIFEST | {"scenario": "other"})
    with pytest.raises(ResultError, match='scenario is "abc" there and "other" here'):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "whole")
    with pytest.raises(ResultError, match="no folders"):
        merge([], tmp_path / "whole")
    assert not (tmp_path / "whole").exists()


def test_remove_takes_the_chunks_and_leaves_what_is_not_ours(tmp_path):
    store = open_folder(tmp_path, MANIFEST)
    store.put((0, 5), arrays(0, 5))
    (tmp_path / "chunks" / ".half.npz.0123456789ab.part").write_text("killed")
    (tmp_path / ".result.nc.0123456789ab.part").write_text("killed while the end was written")
    (tmp_path / ".mine.part").write_text("mine")
    (tmp_path / "chunks" / "notes.npz").write_text("mine")
    assert store.spans() == ((0, 5),)
    store.remove()
    assert set(files(tmp_path)) == {"manifest.json", "chunks/notes.npz", ".mine.part"}
    store.remove()
