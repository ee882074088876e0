"""From a scenario to a result and back: the same bytes however it is computed, and again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from sim.errors import ResultError, SamplingError, ScenarioError
from sim.montecarlo.engine import Shard
from sim.results import (
    load_result,
    merge_runs,
    plan_run,
    rerun,
    simulate,
    simulate_shard,
    summarise,
    summary_json,
)
from sim.results.planning import run_of
from sim.scenario import parse_scenario

CASE = """
title: A small case
unit: USD bn per year
players: { A: { name: Alpha }, B: {} }
parameters:
  benefit: { value: { lognormal: { median: 4, gsd: 1.3 } } }
  cost: { value: { uniform: [0.5, 1.5] } }
  loss: { value: { triangular: [0, 0.1, 0.4] } }
correlations: [[benefit, cost, 0.4]]
issues:
  pay:
    { label: payment, parties: [A, B], track: defence, domain: payments, unit: USD bn,
      range: [0, 5], status_quo: 1, breakdown: 0.5 }
  access:
    { parties: [A, B], track: trade, domain: other, range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  pay: { transfer: pay, from: B, to: A, premium: 1.2, paying_cost: cost }
  access: { concession: access, from: B, to: A, cost: 2, cost_power: 2, benefit: benefit }
  reply: { linear: pay, weights: { B: 1.5 } }
  gift: { quadratic_loss: access, weights: { A: loss }, ideals: { A: 1 } }
regimes: {}
solutions: [nash, egalitarian]
simulate: { draws: 300, seed: 3, sampler: sobol, regimes: [separate, linked-by-consent, linked] }
"""


@pytest.fixture(scope="module")
def scenario():
    return parse_scenario(CASE, name="folder/small.yaml")


@pytest.fixture(scope="module")
def whole(scenario, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole")
    simulate(scenario, out=path).close()
    return path


def content(path):
    return {file.name: file.read_bytes() for file in Path(path).rglob("*") if file.is_file()}


def test_a_result_has_what_was_asked_for(scenario, whole):
    with load_result(whole) as result:
        assert result.sizes["draw"] == 300
        assert list(result["regime"].values) == ["separate", "linked-by-consent", "linked"]
        assert list(result["solution"].values) == ["nash", "egalitarian"]
        assert list(result["player_name"].values) == ["Alpha", "B"]
        assert list(result["parameter"].values) == ["benefit", "cost", "loss"]
        assert result.attrs["scenario"] == "small"
        assert result.attrs["scenario_sha256"] == scenario.sha256
        gain = result["payoff_change"].sel(regime="linked") - result["payoff_change"].sel(
            regime="separate"
        )
        assert np.allclose(result["linkage_gain"], gain, atol=1e-12)
        parts = result["decomposition"]
        assert list(parts["part"].values) == ["logrolling", "coercion", "erosion"]
        assert np.allclose(parts.sum("part"), result["linkage_gain"], atol=1e-9)
        by_domain = result["payoff_change_by_domain"].sum("domain")
        assert np.allclose(by_domain, result["payoff_change"], atol=1e-9)
        assert bool(result["converged"].all())
        assert result["agreement"].dtype == np.int8


def test_no_path_and_no_time_is_in_the_files(whole):
    for name, data in content(whole).items():
        assert str(whole).encode() not in data, name
        assert b"folder/" not in data, name


def test_workers_and_chunks_give_the_same_bytes(scenario, whole, tmp_path):
    simulate(scenario, out=tmp_path, workers=2, chunk=97).close()
    assert content(tmp_path) == content(whole)


def test_dask_gives_the_same_bytes(scenario, whole, tmp_path, scheduler):
    simulate(scenario, out=tmp_path, scheduler=scheduler).close()
    assert content(tmp_path) == content(whole)


def test_an_interrupted_run_resumes_to_the_same_bytes(scenario, whole, tmp_path):
    def interrupt(done, total):
        if done >= 256:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"interrupted: 256 of 300 draws are kept in"):
        simulate(scenario, out=tmp_path, progress=interrupt, chunk=128)
    assert len(list((tmp_path / "chunks").glob("*.npz"))) == 2
    with pytest.raises(ResultError, match="resume it"):
        simulate(scenario, out=tmp_path)
    with pytest.raises(ResultError, match="seed is 3 there and 4 here"):
        simulate(scenario, out=tmp_path, seed=4, resume=True)
    simulate(scenario, out=tmp_path, resume=True).close()
    assert content(tmp_path) == content(whole)


def test_ctrl_c_at_the_real_command_says_what_is_kept(scenario, tmp_path):
    file, folder = tmp_path / "small.yaml", tmp_path / "run"
    file.write_text(CASE)
    code = (
        "import signal, sys; from sim.cli import main; sys.argv = ['sim', *sys.argv[1:]]\n"
        # Tests that were started in the background hand down a Ctrl-C that is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler); main()"
    )
    options = ["--draws", "1000000", "--workers", "2", "--out", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", str(file), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(folder.glob("chunks/*.npz")) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert (out, process.returncode) == ("", 130)
    assert err.startswith("interrupted: ")
    assert f"of 1,000,000 draws are kept in {folder}; resume to go on" in err
    assert "Traceback" not in err


def test_shards_merge_to_the_same_bytes(scenario, whole, tmp_path):
    planned = plan_run(scenario)
    for part in (1, 2):
        simulate_shard(planned, tmp_path / str(part), Shard(part, 2), chunk=150)
    merge_runs([tmp_path / "1", tmp_path / "2"], tmp_path / "both").close()
    assert content(tmp_path / "both") == content(whole)
    simulate_shard(planned, tmp_path / "both", Shard(1, 2), resume=True)  # nothing left to do
    assert content(tmp_path / "both") == content(whole)


def test_memory_and_file_hold_the_same(scenario, whole):
    memory = simulate(scenario)
    with load_result(whole) as result:
        assert memory.identical(result.load())
    assert summary_json(memory) == json.loads((whole / "summary.json").read_text())
    small = simulate(scenario, keep="summary")
    assert small.identical(summarise(memory))


def test_running_again_reproduces_every_bit(whole):
    found = rerun(whole)
    assert found.identical
    assert found.changes == ()


def test_running_again_says_what_changed(whole):
    with load_result(whole) as result:
        changed = result.load().copy(deep=True)
    changed["outcome"][5, 0, 0, 0] += 0.5
    versions = json.loads(changed.attrs["versions"]) | {"numpy": "1.0"}
    changed.attrs["versions"] = json.dumps(versions)
    found = rerun(changed)
    assert not found.identical
    assert found.changes[0] == "outcome: 1 of 3600 numbers differ, by at most 0.5"
    assert any(change.startswith("numpy was 1.0 and is") for change in found.changes)
    with pytest.raises(ResultError, match="no provenance"):
        rerun(changed.drop_attrs())


def test_running_again_compares_the_statistics_of_the_file_as_well(whole, tmp_path):
    file = tmp_path / "copy.nc"
    file.write_bytes((whole / "result.nc").read_bytes())
    with h5py.File(file, "r+") as netcdf:
        netcdf["summary/linkage_gain"][0, 0, 0] += 0.5
    found = rerun(file)
    assert not found.identical
    (change,) = found.changes
    assert change == "summary of linkage_gain: 1 of 20 numbers differ, by at most 0.5"


def test_provenance_describes_the_run(scenario, whole):
    with load_result(whole) as result:
        again = run_of(result.attrs)
    planned = plan_run(scenario)
    assert again.attrs == dict(planned.attrs) | {"scenario": "small"}
    assert again.design == planned.design
    assert again.coords == planned.coords


def test_draw_n_is_the_same_in_a_longer_run(scenario):
    short, long = simulate(scenario, draws=40), simulate(scenario, draws=90)
    assert np.array_equal(short["theta"], long["theta"][:40])
    assert np.allclose(short["payoff_change"], long["payoff_change"][:40], atol=1e-9)


def test_seed_zero_is_a_seed(scenario):
    zero, again, other = (
        simulate(scenario, draws=20, seed=seed, solutions=("nash",)) for seed in (0, 0, 3)
    )
    assert zero.identical(again)
    assert not np.any(zero["theta"].values == other["theta"].values)


def test_stopping_by_precision(scenario, tmp_path):
    how = {"draws": "auto", "solutions": ("nash",)}
    loose = simulate(scenario, se=0.01, out=tmp_path, **how)
    told = json.loads(loose.attrs["precision"])
    assert told["met"]
    assert told["reached"] <= told["se"] == 0.01
    stats = summarise(loose)
    assert float(stats["linkage_gain"].sel(statistic="se").max()) == told["reached"]
    assert loose.attrs["draws"] == loose.sizes["draw"] == 2048
    loose.close()
    capped = simulate(plan_run(scenario, se=1e-9, cap=100, **how))
    told = json.loads(capped.attrs["precision"])
    assert not told["met"]
    assert told["reached"] > 1e-9
    assert capped.sizes["draw"] == 100


def test_what_does_not_fit_is_named(scenario, tmp_path):
    for options, message in [
        ({"draws": "auto"}, "say how exact"),
        ({"draws": 10, "se": 0.1}, "goes with draws auto"),
        ({"draws": 10, "cap": 20}, "cap 20: goes with draws auto, not with 10 draws"),
        ({"draws": 0}, "integers from 1"),
        ({"draws": "auto", "se": 0.1, "sampler": "lhs"}, "not with lhs"),
        ({"draws": "auto", "se": 0.1, "regimes": ("separate",)}, "separate and linked"),
    ]:
        with pytest.raises(SamplingError, match=message):
            plan_run(scenario, **options)
    with pytest.raises(SamplingError, match="not in shards"):
        simulate_shard(plan_run(scenario, draws="auto", se=1), tmp_path, Shard(1, 2))
    with pytest.raises(SamplingError, match="planned already"):
        simulate(plan_run(scenario), seed=1)
    with pytest.raises(ScenarioError, match="title"):
        parse_scenario("players: {}")
    assert not list(tmp_path.iterdir())


def test_a_scenario_file_and_its_overrides(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(CASE)
    planned = plan_run(file, overrides={"loss": 0.2}, draws=10)
    assert planned.design.names == ("benefit", "cost")
    assert json.loads(planned.attrs["overrides"]) == {"loss": "0.2"}
    assert simulate(planned)["theta"].shape == (10, 2)
