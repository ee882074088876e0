"""Files: bytes that depend on the run alone, lazily opened, whole or not there at all."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sim.errors import ResultError
from sim.montecarlo.chunks import gather, merge, open_folder
from sim.montecarlo.engine import Shard, run
from sim.montecarlo.engines import open_engine
from sim.results import load_result, load_summary, merge_runs, save_result, summarise
from sim.results import store as store_module
from sim.results.dataset import SCHEMA, to_dataset
from sim.results.folders import finish, open_run

LABELS = {
    "regime": ("separate", "linked"),
    "solution": ("nash", "egalitarian"),
    "player": ("US", "JPN", "Côte d’Ivoire"),
    "issue": ("tariff", "troops"),
    "table": ("trade", "defence", "all"),
    "domain": ("security", "other"),
    "part": ("coercion",),
    "parameter": ("a", "b"),
}
ATTRS = {
    "scenario": "made-up",
    "title": "A made-up case",
    "unit": "USD bn per year",
    "scenario_sha256": "abc",
    "scenario_text": "title: A made-up case\n" * 5000,
    "overrides": "{}",
    "versions": "{}",
    "settings": "{}",
    "seed": 0,
}
COORDS = {name: (name, names) for name, names in LABELS.items()} | {
    "issue_unit": ("issue", ("share", "thousand"))
}
TOTAL = 5000


def arrays(rows):
    """Return made-up arrays, a function of the number of the draw."""
    noise = np.array([np.random.default_rng(row).normal(size=24) for row in rows])
    noise = noise.reshape(len(rows), 2, 2, 6)
    change = noise[..., :3] + np.array([1.0, 0.0, -1.0])
    agreement = (noise[..., 3:] > -1.0).astype(np.int8)
    agreement[:, 0, :, 2] = agreement[:, 1, :, 0] = -1
    gain = change[:, 1] - change[:, 0]
    return {
        "payoff_change": change,
        "payoff_change_by_domain": np.stack([change / 4, change * 3 / 4], axis=-1),
        "outcome": noise[..., :2] ** 2,
        "agreement": agreement,
        "converged": noise[..., 5] < 3.0,
        "residual": 1e-9 * np.abs(noise[..., 0]),
        "linkage_gain": gain,
        "decomposition": gain[:, :, None],
        "theta": noise[:, 0, 0, :2],
    }


def manifest(keep="draws", total=TOTAL, seed=0):
    return {
        "format": 1,
        "keep": keep,
        "draws": total,
        "precision": None,
        "replicates": 16,
        "attrs": ATTRS | {"seed": seed},
        "coords": {name: [dim, list(names)] for name, (dim, names) in COORDS.items()},
    }


def complete(path, *, keep="draws", total=TOTAL, resume=False, **how):
    """Run the made-up task in a folder, to the end."""
    store = open_run(Path(path), manifest(keep, total), resume=resume)
    if store is not None:
        run(arrays, total, store=store, **how)
        finish(store, manifest(keep, total), {"draws": total})


def content(path):
    return {file.name: file.read_bytes() for file in Path(path).rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    complete(path)
    return path


def test_what_is_there_in_the_end(folder):
    assert set(content(folder)) == {"manifest.json", "result.nc", "summary.csv", "summary.json"}


def test_numbers_labels_units_and_provenance_come_back(folder):
    with load_result(folder) as result:
        assert not result["payoff_change"].variable._in_memory  # opened lazily
        for name, expected in arrays(range(TOTAL)).items():
            assert np.array_equal(result[name].values, expected)
            assert result[name].dtype == expected.dtype
            assert result[name].dims == SCHEMA[name].dims
        for dim, names in LABELS.items():
            assert tuple(result[dim].values) == names
        assert list(result["issue_unit"].values) == ["share", "thousand"]
        assert np.array_equal(result["replicate"], np.arange(TOTAL) % 16)
        assert result["payoff_change"].attrs["units"] == "USD bn per year"
        assert result.attrs["scenario_text"] == ATTRS["scenario_text"]
        assert json.loads(result.attrs["residual"])["of"] == 4 * TOTAL


def test_a_run_of_several_blocks_comes_back(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "_AT_ONCE", 4096)
    complete(tmp_path)
    with load_result(tmp_path) as blocks, load_result(folder) as whole:
        assert blocks.identical(whole)
        assert load_summary(tmp_path).identical(load_summary(folder))


def test_bytes_do_not_depend_on_workers_chunks_time_or_folder(folder, tmp_path):
    time.sleep(1.1)  # a time in the file would show
    with open_engine(workers=2) as engine:
        complete(tmp_path / "elsewhere" / "again", engine=engine, chunk=777)
    assert content(tmp_path / "elsewhere" / "again") == content(folder)


def test_a_resumed_run_has_the_same_bytes(folder, tmp_path):
    store = open_run(tmp_path, manifest())
    run(arrays, 1500, store=store, chunk=300)
    complete(tmp_path, resume=True)
    assert content(tmp_path) == content(folder)
    complete(tmp_path, resume=True)  # nothing is left to do
    assert content(tmp_path) == content(folder)


def test_an_end_that_was_interrupted_is_made_good(folder, tmp_path):
    store = open_run(tmp_path, manifest())
    run(arrays, TOTAL, store=store)
    finish(store, manifest(), {"draws": TOTAL})
    (tmp_path / "summary.csv").unlink()
    store.path.joinpath("chunks").mkdir()
    store.put((0, 10), arrays(range(10)))
    complete(tmp_path, resume=True)
    assert content(tmp_path) == content(folder)


def test_a_ctrl_c_that_python_drops_in_a_destructor_is_heard(tmp_path, monkeypatch):
    class Closing:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def reading(*args):
        Closing()
        return gather(*args)

    store = open_run(tmp_path, manifest())
    run(arrays, TOTAL, store=store)
    monkeypatch.setattr("sim.results.folders.gather", reading)
    monkeypatch.setattr(store_module, "_AT_ONCE", 1024)
    monkeypatch.setattr("sys.unraisablehook", lambda dropped: None)
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # may be ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            finish(store, manifest(), {"draws": TOTAL})
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, inherited)
    monkeypatch.undo()
    assert not list(tmp_path.glob("*.nc"))
    assert not list(tmp_path.glob(".*"))
    assert store.spans()[-1][1] == TOTAL


def test_merged_shards_have_the_same_bytes(folder, tmp_path):
    for part in (1, 2, 3):
        store = open_run(tmp_path / str(part), manifest())
        run(arrays, TOTAL, store=store, shard=Shard(part, 3))
    with pytest.raises(ResultError, match=r"draws 2500 to 3749 of 5000 are in none"):
        merge_runs([tmp_path / "1", tmp_path / "2"], tmp_path / "some")
    merge_runs([tmp_path / str(part) for part in (1, 2, 3)], tmp_path / "whole").close()
    assert content(tmp_path / "whole") == content(folder)
    merge_runs([tmp_path / "whole"], tmp_path / "whole").close()
    assert content(tmp_path / "whole") == content(folder)


def test_a_dataset_in_memory_saves_to_the_same_bytes(folder, tmp_path):
    whole = arrays(range(TOTAL)) | {"replicate": np.arange(TOTAL) % 16}
    further = {"issue_unit": COORDS["issue_unit"]}
    dataset = to_dataset(whole, LABELS, attrs=ATTRS | {"draws": TOTAL}, coords=further)
    save_result(dataset, tmp_path / "memory.nc")
    assert (tmp_path / "memory.nc").read_bytes() == (folder / "result.nc").read_bytes()
    with load_result(folder) as lazily:
        save_result(lazily, tmp_path / "copy.nc")
    assert (tmp_path / "copy.nc").read_bytes() == (folder / "result.nc").read_bytes()


def test_a_summary_alone_is_the_summary_of_the_draws(folder, tmp_path):
    complete(tmp_path, keep="summary")
    with (
        load_result(tmp_path) as small,
        load_summary(folder) as beside,
        load_result(folder) as draws,
    ):
        assert "draw" not in small.dims
        for other in (beside, summarise(draws)):
            assert set(small.data_vars) == set(other.data_vars)
            for name in small.data_vars:
                assert np.array_equal(small[name], other[name])
        assert small.attrs == draws.attrs
        assert summarise(small) is small
        with pytest.raises(ResultError, match="holds no draws to save"):
            save_result(small, tmp_path / "more.nc")
    assert (tmp_path / "result.nc").stat().st_size < (folder / "result.nc").stat().st_size / 5
    assert (tmp_path / "summary.json").read_bytes() == (folder / "summary.json").read_bytes()


def test_a_folder_of_another_run_stays_as_it_was(folder, tmp_path):
    before = content(folder)
    for other, differing in [
        (manifest(seed=1), r"run: seed is 0 there and 1 here"),
        (manifest(keep="summary"), 'keep is "draws" there and "summary" here'),
        (manifest(total=10), "draws is 5000 there and 10 here"),
    ]:
        with pytest.raises(ResultError, match=differing):
            open_run(folder, other, resume=True)
    with pytest.raises(ResultError, match="holds this run already"):
        open_run(folder, manifest())
    assert content(folder) == before
    (tmp_path / "result.nc").write_bytes(b"somebody's")
    with pytest.raises(ResultError, match="that no run here made"):
        open_run(tmp_path, manifest(), resume=True)
    assert content(tmp_path) == {"result.nc": b"somebody's"}


def limited(path):
    """Finish a run whose result does not fit on the disk; for a process of its own."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
    try:
        complete(path, resume=True)
    except ResultError as error:
        sys.stdout.write(str(error))


def test_a_result_that_does_not_fit_leaves_the_chunks(folder, tmp_path):
    path = tmp_path / "run"
    run(arrays, TOTAL, store=open_run(path, manifest()))
    before = content(path)
    code = f"import test_results_store as t; t.limited({str(path)!r})"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "result.nc: cannot be written" in ended.stdout
    assert ended.returncode == 0
    assert content(path) == before
    complete(path, resume=True)
    assert content(path) == content(folder)


def test_files_that_are_no_result_are_named(tmp_path):
    import xarray as xr

    (tmp_path / "text.nc").write_text("no netCDF")
    xr.Dataset({"x": ("draw", np.zeros(3))}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    for name, message in [
        ("absent.nc", "no result of a run"),
        ("text.nc", "no result of a run"),
        ("other.nc", "it has no provenance"),
    ]:
        with pytest.raises(ResultError, match=message):
            load_result(tmp_path / name)


def test_a_variable_that_the_schema_does_not_know_is_named():
    with pytest.raises(KeyError, match="wealth: no variable of a result"):
        to_dataset({"wealth": np.zeros(3)}, LABELS, attrs=ATTRS)


def test_what_to_keep_is_checked(tmp_path):
    store = open_folder(tmp_path, manifest())
    run(arrays, TOTAL, store=store)
    with pytest.raises(ResultError, match="allowed are 'draws' and 'summary'"):
        finish(store, manifest(keep="all"), {"draws": TOTAL})
    assert merge([tmp_path], tmp_path).spans() == store.spans()
