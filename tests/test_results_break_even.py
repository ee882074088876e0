"""Break-even studies: against sweeps and flips at the medians, in folders, in words."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from test_results_runs import CASE

from sim.errors import ResultError, SamplingError, ScenarioError
from sim.montecarlo.sweeps import Vary, parse_vary
from sim.negotiation.diagnostics import flip_points
from sim.results import (
    BreakEvenCurves,
    BreakEvenPoints,
    Execution,
    along,
    break_even,
    load_break_even,
    plan_run,
    read_break_even,
    simulate,
    summarise,
    sweep,
)
from sim.results.domain import require_domain
from sim.results.planning import run_of
from sim.scenario import parse_scenario

# what pay falls back to decides whether B gains
FALLING = CASE.replace("breakdown: 0.5", "breakdown: fall").replace(
    "correlations:",
    "  fall: { value: { uniform: [0, 2] } }\n"
    "  heads: { value: { bernoulli: { p: 0.5 } } }\n"
    "correlations:",
)


def planned(text=FALLING, **options):
    options = {"draws": 64, "solutions": ("nash",), "regimes": ("separate", "linked")} | options
    return plan_run(parse_scenario(text, name="small.yaml"), **options)


@pytest.fixture(scope="module")
def line():
    run = planned()
    return run, break_even(run, [along(run, "fall", points=7)], draws=64)


def of_player(found, player):
    (answer,) = read_break_even(found, player=player)
    return answer


# ---- computed ------------------------------------------------------------------------------------


def test_means_are_those_of_a_sweep_over_the_same_values(line):
    run, found = line
    values = tuple(found["fall"].values.tolist())
    swept = sweep(run, [Vary("fall", values)], draws=64)["linkage_gain"]
    for own, theirs in (("mean", "mean"), ("se", "se")):
        expected = swept.sel(statistic=theirs)
        assert np.allclose(found[own], expected.transpose(*found[own].dims), atol=1e-5)
    assert found["mean"].dims == ("fall", "solution", "player")
    assert np.all(found["p_positive"] >= 0.0)
    assert np.all(found["converged"] == 1.0)
    assert json.loads(found.attrs["analysis"])["freedom"] == run.design.replicates - 1


def test_the_grid_is_finer_where_something_turns_and_only_there(line):
    _, found = line
    grid = found["fall"].values
    assert np.all(np.diff(grid) > 0.0)
    assert set(np.linspace(0.0, 2.0, 7)) <= set(grid)
    (root,) = of_player(found, "B").roots
    k = int(np.searchsorted(grid, root.value))
    assert grid[k] - grid[k - 1] == pytest.approx(2.0 / 6.0 / 8.0)
    assert np.max(np.diff(grid)) == pytest.approx(2.0 / 6.0)


def test_at_the_medians_it_is_the_flip_that_bisection_finds(line):
    run, found = line
    (flip,) = flip_points(run.plan.scenario, parameters=["fall"])
    assert flip.player == "B"
    ((value, rising),) = of_player(found, "B").at_medians
    assert value == pytest.approx(flip.value, abs=2e-3)
    assert rising == flip.rising
    assert of_player(found, "A").at_medians == ()


def test_the_root_is_where_a_run_with_that_number_has_no_mean_gain(line):
    run, found = line
    (root,) = of_player(found, "B").roots
    assert root.lower < root.value < root.upper
    gains = {}
    for at in (root.lower, root.value, root.upper):
        task = run.task
        arrays = type(task)(task.plan, task.design, {"fall": at})(range(64))
        gains[at] = arrays["linkage_gain"][:, 0, 1].mean()
    low, middle, high = gains.values()
    assert low < 0.0 < high
    assert abs(middle) < 0.2 * min(-low, high)


def test_the_probability_of_a_gain_is_that_of_the_values_above_the_root(line):
    answer = of_player(line[1], "B")
    (root,) = answer.roots
    assert root.rising
    assert answer.probability == pytest.approx((2.0 - root.value) / 2.0, abs=1e-9)
    assert of_player(line[1], "A").probability == pytest.approx(1.0)


@pytest.mark.parametrize("of", ["payoff_change", "decomposition", "certainty_equivalent"])
def test_other_outputs_have_an_answer_a_regime_or_part(line, of):
    run, _ = line
    found = break_even(run, [along(run, "cost", points=3)], of=of, draws=8)
    answers = read_break_even(found, player="A")
    further = "part" if of == "decomposition" else "regime"
    known = list(found[further].values)
    assert [answer.cell[further] for answer in answers] == known
    assert all(of.replace("_", " ") in answer.answer for answer in answers)


def test_a_number_that_is_no_parameter_and_two_at_once():
    run = planned(CASE)
    paths = ["issues.pay.breakdown=0:2:3", "cost=0.5:1.5:3"]
    found = break_even(run, [along(run, text) for text in paths], draws=32)
    assert found["mean"].dims[:2] == ("issues.pay.breakdown", "cost")
    other = parse_scenario(CASE, {"issues.pay.breakdown": 2})
    alone = plan_run(other, draws=32, solutions=("nash",), regimes=("separate", "linked"))
    again = break_even(alone, [Vary("cost", (0.5, 1.0, 1.5))], draws=32)
    at_end = found.sel({"issues.pay.breakdown": 2.0})
    for name in ("mean", "at_medians"):
        values = again.sel(medians=[0.5, 1.0, 1.5]) if name == "at_medians" else again
        coarse = values[name] if name == "at_medians" else values[name].sel(cost=[0.5, 1.0, 1.5])
        assert np.allclose(at_end[name], coarse, atol=1e-6), name
    answer = of_player(found, "B")
    assert isinstance(answer, BreakEvenCurves)
    json.dumps(answer.as_dict(), allow_nan=False)


def test_independent_draws_and_a_result_that_was_kept():
    result = simulate(planned(sampler="random", draws=100, regimes=None, solutions=None))
    again = run_of(result.attrs, draws=80, regimes=("separate", "linked"), solutions=("nash",))
    assert again.plan.regimes[:1] == ("separate",)
    found = break_even(again, [along(again, "loss", points=3)], draws=80)
    told = json.loads(found.attrs["analysis"])
    assert (told["draws"], told["freedom"]) == (80, 79)
    assert run_of(result.attrs).draws == 100


# ---- kept ----------------------------------------------------------------------------------------


def test_a_study_resumes_to_the_same_bytes_on_any_number_of_workers(tmp_path):
    run = planned()
    vary = [along(run, "fall", points=4)]
    whole = break_even(run, vary, draws=16, how=Execution(out=tmp_path / "a", workers=2, chunk=100))

    def interrupt(done, total):
        if done > 4 * 16:  # in the middle of the finer cells
            raise KeyboardInterrupt

    folder = tmp_path / "b"
    with pytest.raises(KeyboardInterrupt):
        break_even(run, vary, draws=16, how=Execution(out=folder, chunk=32, progress=interrupt))
    assert list((folder / "chunks").glob("*.npz"))
    with pytest.raises(ResultError, match="holds this run already"):
        break_even(run, vary, draws=16, how=Execution(out=folder))
    again = break_even(run, vary, draws=16, how=Execution(out=folder, resume=True))
    assert whole.identical(again)
    assert (folder / "break-even.nc").read_bytes() == (
        tmp_path / "a" / "break-even.nc"
    ).read_bytes()
    assert load_break_even(folder).identical(whole)
    assert load_break_even(folder / "break-even.nc").identical(whole)
    assert {file.name for file in folder.iterdir()} == {"manifest.json", "break-even.nc"}


def test_what_is_no_study_is_named(tmp_path, line):
    with pytest.raises(ResultError, match="no break-even study"):
        load_break_even(tmp_path)
    run, found = line
    swept = sweep(run, [Vary("fall", (0.0, 1.0))], draws=16)
    swept.to_netcdf(tmp_path / "break-even.nc", engine="h5netcdf")
    with pytest.raises(ResultError, match="no break-even study"):
        load_break_even(tmp_path)
    with pytest.raises(SamplingError, match="--break-even"):
        read_break_even(summarise(swept))
    with pytest.raises(SamplingError, match="player 'C': there are A, B"):
        read_break_even(found, player="C")


# ---- asked for -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ends", "count"),
    [
        ("fall", (0.0, 2.0), 13),
        ("parameters.fall.value", (0.0, 2.0), 13),
        ("fall=0.5:1.5", (0.5, 1.5), 13),
        ("fall=0.5:1.5:4", (0.5, 1.5), 4),
        ("issues.pay.status_quo=0:2:3", (0.0, 2.0), 3),
    ],
)
def test_a_number_and_its_range(text, ends, count):
    found = along(planned(), text)
    assert (found.values[0], found.values[-1]) == ends
    assert len(found.values) == count
    assert found.path in ("fall", "issues.pay.status_quo")


def test_the_default_range_is_that_of_the_distribution_without_long_tails():
    law = planned().plan.scenario.uncertain[0].distribution
    found = along(planned(), "benefit")
    assert np.allclose([found.values[0], found.values[-1]], law.ppf([0.01, 0.99]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fell", "did you mean 'fall'.* benefit, cost, loss, fall"),
        ("issues.pay.status_quo", "needs a range"),
        ("heads", "bernoulli.*no values in between.*sim sweep"),
        ("fall=1", "FROM below TO"),
        ("fall=1:0", "FROM below TO"),
        ("fall=0:1:2", "N at least 3"),
        ("fall=0:1:1000000000", "at most 10,000"),
        ("fall=0:inf", "FROM below TO"),
        ("fall=0:1:3:4", "FROM below TO"),
        ("fall=a:b", "FROM below TO"),
    ],
)
def test_what_nothing_can_be_sought_along_is_named(text, message):
    with pytest.raises(SamplingError, match=message):
        along(planned(), text)


OUTSIDE = {
    "cost=-1:1:5": r"cost from -1 to 1: -1, -0.5 cannot be; .*: parameter 'cost' must be at least",
    "issues.tariff.breakdown=0:1": r"issues.tariff.breakdown: there is no 'tariff' in issues",
    "issues.pay.status_quo=-1:2:4": r"-1 cannot be; issues.pay.status_quo: -1 lies be",
}


@pytest.mark.parametrize("text", OUTSIDE)
def test_values_that_a_scenario_cannot_have_are_refused(text):
    with pytest.raises(SamplingError, match=OUTSIDE[text]):
        along(planned(), text)
    if text.count(":") == 2:  # a sweep says the same
        with pytest.raises(SamplingError, match=OUTSIDE[text]):
            sweep(planned(), [parse_vary(text)])


@pytest.mark.parametrize("high", [-0.5, 1.0])
def test_the_values_outside_are_those_that_the_scenario_refuses(high):
    vary = Vary("cost", tuple(np.linspace(-2.0, high, 7).tolist()))
    with pytest.raises(SamplingError) as refusal:
        require_domain(planned().plan.scenario, [vary], "vary")
    listed = str(refusal.value).split(": ")[1].split(" cannot be")[0]
    text = planned().plan.scenario.to_yaml()
    for value in vary.values:
        if f"{value:g}" in listed.split(", "):
            with pytest.raises(ScenarioError):
                parse_scenario(text, {"cost": value})
        else:
            parse_scenario(text, {"cost": value})


def test_a_study_that_cannot_be_made_is_refused_at_once():
    run, grid = planned(), [Vary("fall", (0.0, 1.0, 2.0))]
    with pytest.raises(SamplingError, match="outcome: allowed are payoff_change"):
        break_even(run, grid, of="outcome")
    with pytest.raises(SamplingError, match="needs the regimes separate and linked"):
        break_even(planned(regimes=("separate",)), grid)
    with pytest.raises(SamplingError, match="1 draws are too few"):
        break_even(planned(sampler="random"), grid, draws=1)
    with pytest.raises(SamplingError, match="three ascending values"):
        break_even(run, [Vary("fall", (0.0, 2.0, 1.0))])
    with pytest.raises(SamplingError, match="one or two numbers"):
        break_even(run, grid * 3)


# ---- in words ------------------------------------------------------------------------------------


def study(grids, mean, *, error=0.01, names=("x", "y"), of="linkage_gain"):
    """Return a study whose means are known: of the player A the field, of B its negative."""
    names = names[: len(grids)]
    values = np.asarray(mean(*np.meshgrid(*grids, indexing="ij")), float)
    both = np.stack([values, -values], axis=-1)[..., None, :]
    dims = (*names, "solution", "player")
    told = {
        "analysis": "break-even",
        "of": of,
        "along": {name: [g[0], g[-1], len(g)] for name, g in zip(names, grids, strict=True)},
        "draws": 64,
        "freedom": 7,
    }
    return xr.Dataset(
        {
            "mean": (dims, both),
            "se": (dims, np.full(both.shape, error)),
            "at_medians": (dims, both),
        },
        coords={"solution": ["nash"], "player": ["A", "B"], **dict(zip(names, grids, strict=True))},
        attrs={"analysis": json.dumps(told), "unit": "USD bn per year"},
    )


T7 = 2.364624251592785  # of Student's t with 7 degrees of freedom, 97.5 %


def test_one_root_in_a_sentence():
    found = study([np.linspace(0, 1, 5)], lambda x: 0.4 - x)
    answer = of_player(found, "A")
    assert isinstance(answer, BreakEvenPoints)
    reach = 0.01 * T7
    assert answer.roots[0].lower == pytest.approx(0.4 - reach)
    assert answer.roots[0].upper == pytest.approx(0.4 + reach)
    assert answer.answer == ("A gains from linkage where x is below 0.4 (95 %: 0.3764 to 0.4236).")
    assert of_player(found, "B").answer.startswith("B gains from linkage where x is above 0.4 (")
    (wide,) = read_break_even(found, player="A", confidence=0.99)
    assert wide.roots[0].upper > answer.roots[0].upper


def test_several_roots_in_a_sentence():
    grid = np.linspace(0, 1, 101)
    found = study([grid], lambda x: (x - 0.2) * (x - 0.5) * (x - 0.8), error=1e-4)
    assert [root.value for root in of_player(found, "A").roots] == pytest.approx([0.2, 0.5, 0.8])
    first, second = (of_player(found, name).answer for name in "AB")
    assert "between 0.2 (" in first
    assert ") and 0.5 (" in first
    assert ") or above 0.8 (" in first
    assert "where x is below 0.2 (" in second
    assert ") or between 0.5 (" in second


def test_no_root_said_plainly():
    found = study([np.linspace(0, 1, 5)], lambda x: 1.0 + x)
    assert of_player(found, "A").answer == (
        "A gains from linkage at every x from 0 to 1, there is no sign change in the range: at "
        "the nearest, x 0, it is +1 ± 0.01."
    )
    assert of_player(found, "B").answer.startswith("B loses from linkage at every x from 0 to 1")
    nothing = study([np.linspace(0, 1, 5)], lambda x: 0.0 * x, error=0.0)
    assert (
        of_player(nothing, "A").answer == "Linkage makes no difference to A at any x from 0 to 1."
    )
    noise = study([np.linspace(0, 1, 5)], lambda x: 0.001 + 0.0 * x)
    assert "its sign cannot be told either" in of_player(noise, "A").answer
    doubt = of_player(study([np.linspace(0, 1, 5)], lambda x: 0.01 + x), "A")
    assert doubt.roots == ()
    assert "from 0 to 0.01365 that is not sure" in doubt.answer
    assert np.allclose(doubt.as_dict()["undecided"], [[0.0, 0.01 * T7 - 0.01]])


def test_an_interval_without_an_end_is_null_in_json():
    found = study([np.linspace(0, 1, 5)], lambda x: x - 0.01)
    told = of_player(found, "A").as_dict()
    assert told["roots"][0]["lower"] is None
    assert "(95 %: up to 0.03365)" in told["answer"]
    json.dumps(told, allow_nan=False)
    other = of_player(study([np.linspace(0, 1, 5)], lambda x: x - 0.99), "A")
    assert "(95 %: from 0.9664 on)" in other.answer
    vague = of_player(study([np.linspace(0, 1, 5)], lambda x: x - 0.5, error=9.0), "A")
    assert "(95 %: anywhere in the range)" in vague.answer


def test_the_curve_of_a_linear_gain_is_its_line_and_the_band_lies_on_both_sides():
    x, y = np.linspace(0, 1, 9), np.linspace(0, 2, 9)
    answer = of_player(study([x, y], lambda x, y: 3.0 * x - 2.0 * y + 0.5), "A")
    (curve,), (gain,), (loss,) = answer.curves, answer.gain_band, answer.loss_band
    for points, shift in ((curve, 0.0), (gain, 0.01 * T7), (loss, -0.01 * T7)):
        np.testing.assert_allclose(3 * points[:, 0] - 2 * points[:, 1] + 0.5, shift, atol=1e-9)
    for level, roots in answer.rows:
        expected = (2.0 * level - 0.5) / 3.0
        if 0.01 < expected < 0.99:
            assert roots[0].value == pytest.approx(expected)
            assert roots[0].rising
        elif not 0.0 <= expected <= 1.0:
            assert roots == ()
    assert sum(answer.shares) == pytest.approx(1.0)


def test_where_a_gain_is_sure_it_is_and_the_sentence_says_so():
    x, y = np.linspace(0, 1, 9), np.linspace(0, 1, 9)
    answer = of_player(study([x, y], lambda x, y: y - x - 0.1), "A")
    (a, b), (c, d) = answer.gains_where
    assert (a, d) == (0.0, 1.0)
    assert c - b - 0.1 >= 0.01 * T7  # the worst corner
    assert c - b - 0.1 <= 0.01 * T7 + 2.0 / 128.0  # no larger one on the finer grid
    assert (
        f"A gains from linkage where x is below {b:.4g} and y is above {c:.4g}; " in answer.answer
    )
    assert "A loses from linkage where x is above" in answer.answer
    assert "break-even runs from" in answer.answer
    told = answer.as_dict()
    assert told["gains_where"] == {"x": [a, b], "y": [c, d]}
    assert set(told["band"]) == {"gain", "loss"}
    json.dumps(told, allow_nan=False)


def test_planes_without_a_curve_and_with_a_closed_one():
    x = np.linspace(-1, 1, 17)
    bowl = study([x, x], lambda x, y: 0.3 - x**2 - y**2)
    assert "the longest break-even curve is closed" in of_player(bowl, "A").answer
    plain = of_player(study([x, x], lambda x, y: 5.0 + x + y), "A")
    assert plain.answer.endswith("surely: there is no sign change in the range.")
    assert plain.curves == ()
    unsure = of_player(study([x, x], lambda x, y: 0.01 + np.maximum(x, 0.0)), "A")
    assert unsure.answer.startswith("No sign change of A's mean at x from -1 to 1")
