"""Sensitivity, sweeps and discovery on a small scenario, against runs that do the same by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from test_results_runs import CASE

from sim.errors import ResultError, SamplingError
from sim.montecarlo.break_even import crossings
from sim.montecarlo.sweeps import Vary, parse_vary, sweep_task
from sim.results import (
    Comparison,
    Execution,
    along,
    break_even,
    discover,
    gain_profile,
    load_result,
    morris,
    plan_run,
    rerun,
    simulate,
    sobol,
    summarise,
    sweep,
    tornado,
)
from sim.results.planning import run_of
from sim.scenario import parse_scenario


def planned(text=CASE, **options):
    options = {"draws": 64, "solutions": ("nash",), "regimes": ("separate", "linked")} | options
    return plan_run(parse_scenario(text), **options)


@pytest.fixture(scope="module")
def result():
    return simulate(planned(draws=1024))


def test_coordinates_stand_in_one_order_whatever_the_hash_seed():
    """A set of their names has another order in every process, and the file other bytes."""
    found = tornado(planned())
    assert list(found.coords) == ["input", "solution", "player"]
    found = sobol(planned(), points=16, grouped=True)
    assert list(found.coords) == ["input", "solution", "player", "bound"]


def test_sobol_indices_of_a_scenario():
    free = CASE.replace("correlations: [[benefit, cost, 0.4]]", "")
    run = planned(free)
    found = sobol(run, points=64)
    assert found["first"].dims == ("input", "solution", "player")
    assert list(found["input"].values) == ["benefit", "cost", "loss"]
    # A's taste for keeping its market closed is no part of what B is paid for
    total = found["total"].sel(solution="nash")
    assert np.all(found["first_interval"].sel(bound="lower") <= found["first"])
    assert np.all(found["total_interval"].sel(bound="upper") >= found["total"])
    assert np.all(total > -0.05)
    by_hand = simulate(planned(free, draws=4096))["linkage_gain"].var("draw")
    assert np.allclose(found["variance"], by_hand, rtol=0.35)
    assert json.loads(found.attrs["analysis"])["points"] == 64


def test_correlated_parameters_are_refused_or_one_input():
    with pytest.raises(SamplingError, match="benefit, cost"):
        sobol(planned(), points=32)
    found = sobol(planned(), points=32, grouped=True, of="payoff_change")
    assert list(found["input"].values) == ["benefit + cost", "loss"]
    assert found["total"].dims == ("input", "regime", "solution", "player")


def test_a_tornado_is_what_overrides_give():
    run = planned()
    found = tornado(run, low=0.1, high=0.9, of="outcome")
    cost = run.design.distributions[1]
    for side, quantile in [("low", 0.1), ("high", 0.9)]:
        fixed = {
            name: float(law.ppf(np.array([0.5]))[0])
            for name, law in zip(run.design.names, run.design.distributions, strict=True)
        }
        fixed["cost"] = float(cost.ppf(np.array([quantile]))[0])
        alone = parse_scenario(CASE.replace("correlations: [[benefit, cost, 0.4]]", ""), fixed)
        by_hand = simulate(
            plan_run(alone, draws=1, solutions=("nash",), regimes=("separate", "linked"))
        )
        assert np.allclose(found[side].sel(input="cost"), by_hand["outcome"][0], atol=1e-6)


def test_morris_screening_agrees_on_what_does_not_matter():
    found = morris(planned(), trajectories=6, of="outcome")
    pay = found["mu_star"].sel(issue="pay", regime="separate", solution="nash")
    assert float(pay.sel(input="benefit")) == pytest.approx(0, abs=1e-6)
    assert float(pay.sel(input="cost")) > 0.1


def test_a_sweep_over_a_parameter_is_runs_with_the_same_draws():
    run = planned()
    found = sweep(run, [parse_vary("loss=0:0.4:3")])
    assert found["linkage_gain"].dims == ("statistic", "loss", "solution", "player")
    assert list(found["loss"].values) == [0, 0.2, 0.4]
    # the same draws of the others, by hand
    theta = run.design(range(64))
    task = sweep_task(run.plan, run.design, [Vary("loss", (0.2,))], draws=64, keep=["outcome"])
    assert np.array_equal(task.at(0)(range(64))["outcome"], task(range(64))["outcome"])
    assert task.at(0).fixed == {"loss": 0.2}
    assert np.array_equal(task.task.design(range(64))["cost"], theta["cost"])
    fixed = simulate(
        plan_run(
            parse_scenario(CASE, {"loss": 0.2}),
            draws=64,
            solutions=("nash",),
            regimes=("separate", "linked"),
        )
    )
    # a parameter that is set leaves its place in the point set empty: the others draw alike
    mean = summarise(fixed)["payoff_change"].sel(statistic="mean")
    assert np.allclose(found["payoff_change"].sel(statistic="mean", loss=0.2), mean, atol=1e-6)


@pytest.mark.parametrize("important", ["", "important: [loss, benefit], "])
def test_a_sweep_over_any_parameter_is_the_runs_that_set_it(important):
    free = CASE.replace("correlations: [[benefit, cost, 0.4]]", "")
    free = free.replace("simulate: { ", f"simulate: {{ {important}")
    run = planned(free)
    assert run_of(run.attrs).design == run.design
    found = sweep(run, [Vary("benefit", (3.0, 5.0))])["payoff_change"]
    options = {"draws": 64, "solutions": ("nash",), "regimes": ("separate", "linked")}
    fixed = simulate(plan_run(parse_scenario(free, {"benefit": 5.0}), **options))
    there = summarise(fixed)["payoff_change"]
    assert np.allclose(found.sel(benefit=5.0), there, atol=1e-6, equal_nan=True)


def test_a_sweep_over_two_numbers_anywhere_in_the_scenario():
    vary = [parse_vary("issues.pay.breakdown=0:1:2"), parse_vary("parameters.cost.value=0.5:1.5:3")]
    found = sweep(planned(), vary, draws=32)
    assert found["p_gain"].dims == (
        "issues.pay.breakdown",
        "parameters.cost.value",
        "solution",
        "player",
    )
    assert found["p_gain"].shape == (2, 3, 1, 2)
    other = parse_scenario(CASE, {"issues.pay.breakdown": 0})
    task = sweep_task(planned().plan, planned().design, vary, draws=32, keep=["outcome"])
    assert task.at(1).fixed == {"cost": 1.0}
    assert task.at(1).plan.scenario.issues["pay"].breakdown == other.issues["pay"].breakdown
    line = found["linkage_gain"].sel({"player": "A", "solution": "nash"})[:, 0]
    crossings(line["parameters.cost.value"].values, line[0].values, line[1].values)


def test_an_analysis_resumes_in_its_folder(tmp_path):
    run, vary = planned(), [parse_vary("loss=0:0.4:9")]
    whole = sweep(run, vary, how=Execution(out=tmp_path / "whole", workers=2))

    def interrupt(done, total):
        if done >= 256:
            raise KeyboardInterrupt

    folder = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        sweep(run, vary, how=Execution(out=folder, progress=interrupt))
    assert list((folder / "chunks").glob("*.npz"))
    with pytest.raises(ResultError, match="vary"):
        sweep(run, [parse_vary("loss=0:0.3:9")], how=Execution(out=folder, resume=True))
    again = sweep(run, vary, how=Execution(out=folder, resume=True))
    assert whole.identical(again)
    assert whole.identical(sweep(run, vary, how=Execution(out=folder, resume=True)))
    assert {file.name for file in folder.iterdir()} == {"manifest.json", "sweep.nc"}
    assert (folder / "sweep.nc").read_bytes() == (tmp_path / "whole" / "sweep.nc").read_bytes()


STUDIES = {
    "sobol": lambda run, how: sobol(run, of="outcome", points=32, grouped=True, how=how),
    "tornado": lambda run, how: tornado(run, low=0.1, how=how),
    "morris": lambda run, how: morris(run, trajectories=4, how=how),
    "sweep": lambda run, how: sweep(run, [parse_vary("loss=0:0.4:3")], draws=16, how=how),
    "break-even": lambda run, how: break_even(run, [along(run, "loss=0:0.3:4")], draws=16, how=how),
}


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_is_made_again_to_the_bit_from_its_folder(study, tmp_path):
    made = STUDIES[study](planned(), Execution(out=tmp_path))
    assert rerun(tmp_path) == Comparison(identical=True, changes=())
    with pytest.raises(ResultError, match=rf"a study \({study}\), no result of a run"):
        load_result(tmp_path / f"{study}.nc")
    name = str(next(iter(made.data_vars)))
    found = rerun(made.assign({name: made[name] + 0.5}))
    assert not found.identical
    assert [change.partition(":")[0] for change in found.changes] == [name]


@pytest.mark.parametrize(
    "text", ["loss", "loss=1", "loss=0:1:10001", "loss=0:1:1", "=0:1:3", "loss=0:inf:3"]
)
def test_what_cannot_be_varied_is_named(text):
    with pytest.raises(SamplingError, match="vary"):
        parse_vary(text)


def test_a_path_that_is_no_number_is_named():
    run = planned()
    with pytest.raises(SamplingError, match=r"vary .*: there is no 'tariff' in issues"):
        sweep(run, [parse_vary("issues.tariff.breakdown=0:1:2")])
    with pytest.raises(SamplingError, match="one or two numbers"):
        sweep(run, [parse_vary("loss=0:1:2")] * 2)
    with pytest.raises(SamplingError, match="no quantity to analyse"):
        sobol(run, of="happiness")
    with pytest.raises(SamplingError, match="linkage_gain: not among the results"):
        tornado(planned(regimes=("separate",)))


def test_boxes_of_a_result(result):
    gain = result["linkage_gain"]
    shifted = result.assign(linkage_gain=gain - gain.quantile(0.7, "draw"))
    a = shifted["linkage_gain"].sel(solution="nash", player="A").values
    found = discover(shifted, player="A", density=0.7)
    assert found.share == pytest.approx(0.3, abs=0.01)
    assert found.box.density >= 0.6
    told = found.as_dict()
    json.dumps(told, allow_nan=False)
    assert told["of_interest"] == "gain"
    assert set(told["bounds"]) == set(found.box.restricted) != set()
    inside = found.box.contains(result["theta"].values[1::2])
    assert found.held_out.density == np.mean(a[1::2][inside] > 1e-5)
    losses = discover(shifted, player="A", wins=False, density=0.9)
    assert losses.share == pytest.approx(0.7, abs=0.01)
    assert losses.as_dict()["of_interest"] == "loss"


def test_whole_replicates_are_held_out():
    run = simulate(planned(draws=1024, sampler="sobol", replicates=3))
    gain = run["linkage_gain"]
    shifted = run.assign(linkage_gain=gain - gain.quantile(0.7, "draw"))
    found = discover(shifted, player="A", density=0.7)
    odd = run["replicate"].values == 1
    inside = found.box.contains(run["theta"].values[odd])
    a = shifted["linkage_gain"].sel(solution="nash", player="A").values[odd]
    assert found.held_out.mass == np.mean(inside)
    assert found.held_out.density == np.mean(a[inside] > 1e-5)


def test_discovery_says_what_it_cannot_do(result):
    for options, message in [
        ({"player": "C"}, "player 'C': there are A, B"),
        ({"player": "A", "solution": "raiffa"}, "solution 'raiffa': there are nash"),
    ]:
        with pytest.raises(SamplingError, match=message):
            discover(result, **options)
    with pytest.raises(SamplingError, match="only a summary"):
        discover(summarise(result), player="A")
    with pytest.raises(SamplingError, match="nothing is uncertain"):
        discover(result.drop_vars("theta"), player="A")


def test_a_profile_along_a_parameter(result):
    found = gain_profile(result, "benefit", bins=8)
    assert found["mean"].dims == ("bin", "solution", "player")
    assert np.all(np.diff(found["centre"]) > 0)
    whole = result["linkage_gain"].mean("draw")
    assert np.allclose(found["mean"].mean("bin"), whole, atol=1e-9)
    assert isinstance(found, xr.Dataset)
    with pytest.raises(SamplingError, match="there are benefit, cost, loss"):
        gain_profile(result, "patience")
