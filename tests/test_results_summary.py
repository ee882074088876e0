"""Statistics against their definitions, the JSON object of `sim run --json`, and the CSV."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
import xarray as xr
from test_results_store import ATTRS, COORDS, LABELS, arrays

from sim.results import STATISTICS, is_summary, summarise, summary_csv, summary_json
from sim.results.dataset import to_dataset


def dataset(total=800, replicates=16, **changed):
    whole = arrays(range(total)) | changed
    if replicates:
        whole["replicate"] = np.arange(total) % replicates
    further = {"issue_unit": COORDS["issue_unit"]}
    attrs = ATTRS | {"draws": total, "residual": json.dumps({"max": 1e-9})}
    return to_dataset(whole, LABELS, attrs=attrs, coords=further)


@pytest.fixture(scope="module")
def result():
    return dataset()


def test_statistics_are_their_definitions(result):
    stats = summarise(result)
    values = result["payoff_change_by_domain"].values
    found = stats["payoff_change_by_domain"]
    assert found.dims == ("statistic", "regime", "solution", "player", "domain")
    assert np.allclose(found.sel(statistic="mean"), values.mean(axis=0), rtol=1e-12)
    means = np.stack([values[np.arange(800) % 16 == r].mean(axis=0) for r in range(16)])
    assert np.allclose(found.sel(statistic="se"), means.std(axis=0, ddof=1) / 4, rtol=1e-9)
    for name, q in [("q05", 0.05), ("q50", 0.5), ("q95", 0.95)]:
        assert np.array_equal(found.sel(statistic=name), np.quantile(values, q, axis=0))
    assert found.attrs["units"] == "USD bn per year"


def test_threads_and_the_size_of_what_is_read_at_once_change_no_bit(result, monkeypatch):
    stats = summarise(result)
    assert summarise(result, threads=3).identical(stats)
    monkeypatch.setattr("sim.results.summary._AT_ONCE", 0)  # column by column, as a large result
    assert summarise(result, threads=2).identical(stats)


def test_independent_draws_have_the_usual_standard_error():
    result = dataset(replicates=None)
    values = result["outcome"].values
    expected = values.std(axis=0, ddof=1) / np.sqrt(800)
    assert np.allclose(summarise(result)["outcome"].sel(statistic="se"), expected, rtol=1e-12)


def test_shares_of_draws_leave_tables_out_that_are_not_there(result):
    stats = summarise(result)
    agreement = result["agreement"].values
    found = stats["agreement"].sel(regime="separate", solution="nash")
    assert float(found.sel(table="trade")) == np.mean(agreement[:, 0, 0, 0] == 1)
    assert float(found.sel(table="all")) == -1
    assert np.array_equal(stats["converged"], result["converged"].values.mean(axis=0))
    assert 0 < float(stats["converged"].min()) < 1  # unconverged draws are in, and seen


def test_gains_and_ties_are_told_apart():
    change = np.zeros((4, 2, 1, 3))
    change[:, 0] = 100.0
    gain = np.array([[5.0, 1e-7, -3.0], [1e-3, 0.0, 2.0], [-1.0, -1e-8, 2.0], [2e-4, 9e-5, 0.0]])
    change[:, 1, 0] = 100.0 + gain
    labels = LABELS | {"solution": ("nash",)}
    given = {"payoff_change": change, "linkage_gain": gain[:, None]}
    stats = summarise(to_dataset(given, labels, attrs=ATTRS))
    # the scale is about 100, so that a tie is within 1e-4
    assert np.array_equal(stats["p_gain"][0], [0.75, 0, 0.5])
    assert np.array_equal(stats["p_tie"][0], [0, 1, 0.25])


def test_a_column_rounds_alike_in_any_company(result):
    whole, alone = summarise(result), summarise(result.isel(player=[1], solution=[0]))
    for name in ("payoff_change", "linkage_gain", "payoff_change_by_domain"):
        same = whole[name].isel(player=[1], solution=[0])
        assert np.array_equal(same, alone[name])


def test_a_summary_is_its_own_summary(result):
    stats = summarise(result)
    assert is_summary(stats)
    assert not is_summary(result)
    assert summarise(stats) is stats


def test_an_infinite_residual_is_no_nan_and_no_warning():
    residual = arrays(range(800))["residual"]
    residual[::3, 0, 0] = np.inf
    stats = summarise(dataset(residual=residual))["residual"]
    assert not np.isnan(stats).any()
    assert np.isinf(stats.sel(regime="separate", solution="nash", statistic="mean"))
    assert np.isfinite(stats.sel(regime="linked")).all()


def test_draws_without_payoffs_are_left_out_of_the_statistics():
    """And count as neither gain nor tie."""
    whole = arrays(range(800))
    lost = np.arange(800) % 5 == 3
    gappy = {name: np.where(lost.reshape(-1, *[1] * (v.ndim - 1)), np.nan, v)
             for name, v in whole.items() if name in {"payoff_change", "linkage_gain"}}  # fmt: skip
    stats = summarise(dataset(**gappy))
    for name in gappy:
        known = whole[name][~lost]
        assert np.allclose(stats[name].sel(statistic="mean"), known.mean(axis=0))
        assert np.array_equal(
            stats[name].sel(statistic="q95"), np.quantile(known, 0.95, axis=0), equal_nan=False
        )
        assert np.isfinite(stats[name]).all()
    change = whole["payoff_change"][~lost]
    size = np.abs(change[:, [LABELS["regime"].index(r) for r in ("linked", "separate")]])
    scale = size.max(axis=1).mean(axis=0)
    gains = (whole["linkage_gain"][~lost] > 1e-6 * scale).sum(axis=0) / 800
    assert np.allclose(stats["p_gain"], gains)
    nobody = summarise(dataset(payoff_change=np.full_like(whole["payoff_change"], np.nan)))
    assert np.isposinf(nobody["payoff_change"]).all()


def test_the_json_object_is_that_of_the_issue(result):
    found = summary_json(result)
    assert set(found) == {
        "scenario", "title", "draws", "seed", "regimes", "linkage_gain", "provenance"
    }  # fmt: skip
    assert (found["draws"], found["seed"]) == (800, 0)
    assert set(found["regimes"]) == set(LABELS["regime"])
    cell = found["regimes"]["separate"]["egalitarian"]
    assert set(cell["agreement"]) == {"trade", "defence"}
    assert 0 < cell["converged"] < 1
    stat = cell["payoff_change"]["US"]
    assert tuple(stat) == STATISTICS
    assert stat["mean"] == pytest.approx(result["payoff_change"][:, 0, 1, 0].mean().item())
    assert set(cell["payoff_change_by_domain"]["JPN"]) == set(LABELS["domain"])
    assert set(cell["outcome"]) == set(LABELS["issue"])
    gain = found["linkage_gain"]["nash"]["Côte d’Ivoire"]
    assert set(gain) == {*STATISTICS, "p_gain", "p_tie", "coercion"}
    assert set(gain["coercion"]) == set(STATISTICS)
    assert found["provenance"]["scenario_sha256"] == "abc"
    assert found["provenance"]["residual"] == {"max": 1e-9}
    assert "scenario_text" not in found["provenance"]
    json.dumps(found, allow_nan=False)
    assert found == summary_json(summarise(result))


def test_one_draw_has_no_standard_error_and_json_says_null():
    found = summary_json(dataset(total=1, replicates=None))
    stat = found["linkage_gain"]["nash"]["US"]
    assert stat["se"] is None
    assert stat["mean"] == stat["q05"] == stat["q95"]
    json.dumps(found, allow_nan=False)


def test_a_constant_has_no_error_at_all():
    constant = np.full((800, 2, 2, 2), 0.1 + 0.2)
    stats = summarise(dataset(outcome=constant))["outcome"]
    for name in STATISTICS:
        assert np.all(stats.sel(statistic=name) == (0 if name == "se" else 0.1 + 0.2))


def test_without_linked_regimes_there_is_no_gain():
    result = dataset().drop_vars(["linkage_gain", "decomposition"]).isel(regime=[0])
    found = summary_json(result)
    assert found["linkage_gain"] == {}
    assert set(found["regimes"]) == {"separate"}


def test_the_table_holds_every_number_once(result):
    stats = summarise(result)
    rows = list(csv.DictReader(io.StringIO(summary_csv(result))))
    numbers = sum(
        array.size // (len(STATISTICS) if "statistic" in array.dims else 1)
        for array in stats.data_vars.values()
    )
    absent = int((stats["agreement"] < 0).sum())
    assert len(rows) == numbers - absent
    assert len({tuple(row.items())[:10] for row in rows}) == len(rows)  # quantity and nine labels
    (row,) = [
        row
        for row in rows
        if row["quantity"] == "outcome"
        and (row["regime"], row["solution"], row["issue"]) == ("linked", "nash", "troops")
    ]
    at = {"regime": "linked", "solution": "nash", "issue": "troops"}
    for name in STATISTICS:
        assert float(row[name]) == float(stats["outcome"].sel(at | {"statistic": name}))
    assert row["units"] == "see issue_unit"
    assert isinstance(stats, xr.Dataset)
