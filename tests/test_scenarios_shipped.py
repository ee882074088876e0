"""The shipped scenario files: they load, say where their figures come from, and keep to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.negotiation import compile_case, make_plan, solve_chunk
from sim.negotiation.stances import stance_game
from sim.scenario import Inline, NumberSpec, ParameterName, Scenario, load_scenario

FOLDER = Path(__file__).parent.parent / "scenarios"
FILES = sorted(p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.yaml"))
BASE = "us-allies-2025-04.yaml"
ALLIES = [name for name in FILES if name.startswith("us-allies")]
VARIANTS = [name for name in ALLIES if name != BASE]
THEORY = [name for name in FILES if name.startswith("theory/")]

_LOADED: dict[str, Scenario] = {}


def load(name: str) -> Scenario:
    """Return a shipped scenario, read once."""
    if name not in _LOADED:
        _LOADED[name] = load_scenario(FOLDER / name)
    return _LOADED[name]


def ends(scenario: Scenario, number: NumberSpec) -> tuple[float, float]:
    """Return the least and the greatest value that a number can take."""
    while isinstance(number, ParameterName):
        number = scenario.parameters[number].value
    if isinstance(number, Inline):
        return number.distribution.support
    return float(number), float(number)


def mean(scenario: Scenario, number: NumberSpec) -> float:
    """Return the expectation of a number."""
    return float(scenario.number(number, scenario.means))


def test_every_case_of_the_project_is_shipped() -> None:
    wanted = {
        BASE,
        "us-allies-2025-04-checked.yaml",
        "us-allies-japan-quadruple-korea-4p7bn.yaml",
        "us-allies-credible-withdrawal.yaml",
        "us-allies-semiconductors.yaml",
        "us-allies-cars-only.yaml",
        "us-allies-erosion-low.yaml",
        "us-allies-erosion-central.yaml",
        "us-allies-erosion-high.yaml",
        "us-allies-japan-first-then-korea.yaml",
        "us-allies-korea-before-election.yaml",
        "us-allies-korea-after-election.yaml",
        "us-allies-joint-front.yaml",
        "us-allies-three-way-table.yaml",
        "us-allies-higher-threat.yaml",
        "us-allies-general-equilibrium.yaml",
        "theory/hostage-linkage.yaml",
        "theory/logrolling.yaml",
        "theory/neutrality.yaml",
        "theory/no-pain-no-gain.yaml",
        "theory/tariff-prisoners-dilemma.yaml",
        "worked-example.yaml",
    }
    assert wanted <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_loads_without_faults_or_warnings(name: str) -> None:
    assert [str(warning) for warning in load(name).warnings] == []


@pytest.mark.parametrize("name", FILES)
def test_opens_with_a_comment_and_fits_the_page(name: str) -> None:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", ALLIES)
def test_every_parameter_argues_its_range_and_names_its_source(name: str) -> None:
    silent = [key for key, p in load(name).parameters.items() if not p.why or not p.source]
    assert silent == []


@pytest.mark.parametrize("name", ALLIES)
def test_every_figure_of_an_issue_has_a_source(name: str) -> None:
    """Whatever was demanded, or is not 0 now or on breakdown, is a fact about the world."""
    for key, issue in load(name).issues.items():
        factual = issue.demand is not None or any(
            ends(load(name), number)[1] != 0.0 for number in (issue.status_quo, issue.breakdown)
        )
        assert issue.source or not factual, key


@pytest.mark.parametrize("name", ALLIES)
def test_every_market_has_a_source(name: str) -> None:
    kinds = {"market", "general_equilibrium"}
    markets = {k: t for k, t in load(name).payoffs.items() if t.kind in kinds}
    assert markets
    assert [key for key, term in markets.items() if not term.source] == []


@pytest.mark.parametrize("name", ALLIES)
def test_ranges_hold_status_quo_breakdown_and_offer(name: str) -> None:
    scenario = load(name)
    for key, issue in scenario.issues.items():
        low = ends(scenario, issue.range[0])[1]
        high = ends(scenario, issue.range[1])[0]
        for number in (issue.status_quo, issue.breakdown, issue.demand, issue.offer):
            if number is not None:
                least, greatest = ends(scenario, number)
                assert low <= least <= greatest <= high, key


def test_base_case_keeps_the_figures_of_the_report() -> None:
    issues = load(BASE).issues
    assert (issues["hns_rok"].status_quo, issues["hns_rok"].demand) == (1.47, 4.7)
    assert (issues["hns_jpn"].status_quo, issues["hns_jpn"].demand) == (1.48, 4 * 1.48)
    assert (issues["troops_jpn"].status_quo, issues["troops_rok"].status_quo) == (50, 28.5)
    assert issues["auto_jpn"].breakdown == pytest.approx(0.025 + 0.25)
    assert issues["auto_rok"].breakdown == pytest.approx(0.25)
    assert issues["goods_jpn"].range[1] == 0.24
    assert issues["goods_rok"].range[1] == 0.25


@pytest.mark.parametrize(
    ("market", "supplier", "imports"),
    [
        ("us_cars", "JPN", 40.0),
        ("us_cars", "ROK", 37.4),
        ("us_goods", "JPN", 148.2 - 40.0),
        ("us_goods", "ROK", 131.5 - 37.4),
    ],
)
def test_market_shares_give_back_the_imports_of_2024(
    market: str, supplier: str, imports: float
) -> None:
    scenario = load(BASE)
    term = scenario.payoffs[market]
    seller = term.suppliers[supplier]
    at_border = mean(scenario, term.size) * mean(scenario, seller.share)
    assert at_border / (1.0 + mean(scenario, seller.baseline)) == pytest.approx(imports, rel=0.02)


def test_imports_from_everywhere_give_back_the_total_of_2024() -> None:
    """Passenger cars, light trucks and all other goods together are the 3,267.5 of the Census."""
    scenario, total = load(BASE), 0.0
    for market in ("us_cars", "us_goods"):
        term = scenario.payoffs[market]
        for name, seller in term.suppliers.items():
            if name != "US":
                before = mean(scenario, seller.baseline)
                total += mean(scenario, term.size) * mean(scenario, seller.share) / (1.0 + before)
    assert total == pytest.approx(3267.5, rel=0.02)


def test_presence_costs_add_up_to_the_reports_five_billion() -> None:
    scenario = load(BASE)
    modes = {"presence_cost_jpn": (50, 0.063), "presence_cost_rok": (28.5, 0.071)}
    gao = {"presence_cost_jpn": 20.9 / 4 / 50, "presence_cost_rok": 13.4 / 4 / 28.5}
    for name, (_, mode) in modes.items():
        low, high = ends(scenario, ParameterName(name))
        assert low < mode < high
        assert high == pytest.approx(gao[name], abs=0.001)
    assert sum(troops * mode for troops, mode in modes.values()) == pytest.approx(5.2, abs=0.1)


def test_checked_case_corrects_korea() -> None:
    issue = load("us-allies-2025-04-checked.yaml").issues["hns_rok"]
    assert issue.status_quo == pytest.approx(1402.8 / 1430, abs=0.01)
    assert 1519.2 / 1475 <= ends(load(BASE), issue.breakdown)[0] <= 1519.2 / 1425


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_differ_from_the_base_case_in_something(name: str) -> None:
    assert load(name).title != load(BASE).title
    assert load(name).model_dump(exclude={"title"}) != load(BASE).model_dump(exclude={"title"})


def test_erosion_is_all_that_the_erosion_variants_differ_in() -> None:
    dumps, levels = [], []
    for level in ("low", "central", "high"):
        scenario = load(f"us-allies-erosion-{level}.yaml")
        levels.append(mean(scenario, ParameterName("erosion")))
        dump = scenario.model_dump(exclude={"title"})
        del dump["parameters"]["erosion"]
        dumps.append(dump)
    assert levels == [0.02, 0.10, 0.25]
    assert dumps[0] == dumps[1] == dumps[2]


def test_correlated_parameters_have_a_valid_correlation_matrix() -> None:
    for name in ALLIES:
        scenario = load(name)
        names = [u.name for u in scenario.uncertain]
        matrix = np.eye(len(names))
        for a, b, rho in scenario.correlations:
            i, j = names.index(a), names.index(b)
            matrix[i, j] = matrix[j, i] = 2.0 * np.sin(np.pi * rho / 6.0)
        assert np.linalg.eigvalsh(matrix).min() > 0.0


def test_every_profile_of_stances_leads_somewhere() -> None:
    stances = load(BASE).stances
    assert stances is not None
    assert set(stances.players) == {"US", "JPN", "ROK"}
    assert stances.players["US"] == ("separate", "link", "link-with-troop-threat")
    for us in stances.players["US"]:
        for jpn in stances.players["JPN"]:
            for rok in stances.players["ROK"]:
                profile = {"US": us, "JPN": jpn, "ROK": rok}
                fits = [o for o in stances.outcomes if o.when.items() <= profile.items()]
                assert fits, profile


def solved(name: str, draws: int, **wanted: tuple[str, ...]) -> dict[str, dict[str, np.ndarray]]:
    """Return what a shipped case gives: per regime the arrays of its first solution."""
    scenario = load(name)
    rng = np.random.default_rng(0)
    theta = {u.name: u.distribution.ppf(rng.random(draws)) for u in scenario.uncertain}
    plan = make_plan(scenario, **wanted)
    out = solve_chunk(plan, theta, draws)
    return {
        regime: {
            key: array[:, r, 0] for key, array in out.items() if array.shape[1] == len(plan.regimes)
        }
        for r, regime in enumerate(plan.regimes)
    }


def payoffs(result: dict[str, np.ndarray]) -> np.ndarray:
    """Return the mean change of payoff of each player."""
    return result["payoff_change"].mean(axis=0)


def test_hostage_linkage_costs_who_wants_the_troops_more() -> None:
    """s = 1, p = 2, q = 0.1: apart (s/2 + p, s/2 + q), linked clamp(1.55, p, s + p) for A."""
    cases = solved("theory/hostage-linkage.yaml", 1, solutions=("nash",))
    np.testing.assert_allclose(payoffs(cases["separate"]), [2.5, 0.6], atol=1e-6)
    for regime in ("linked", "threat-linked"):
        np.testing.assert_allclose(payoffs(cases[regime]), [2.0, 1.1], atol=1e-6)
    np.testing.assert_allclose(payoffs(cases["linked-by-consent"]), [2.5, 0.6], atol=1e-6)


def test_hostage_linkage_under_kalai_smorodinsky() -> None:
    """Linked ideal point (3, 1.1), frontier u_A + u_B = 3.1: A has 3 x 3.1/4.1, less than 2.5."""
    cases = solved("theory/hostage-linkage.yaml", 1, solutions=("kalai_smorodinsky",))
    np.testing.assert_allclose(payoffs(cases["separate"]), [2.5, 0.6], atol=1e-5)
    expected = np.array([3.0, 1.1]) * 3.1 / 4.1
    np.testing.assert_allclose(payoffs(cases["linked"]), expected, atol=1e-5)


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian"])
def test_side_payments_make_linkage_neutral(solution: str) -> None:
    cases = solved("theory/neutrality.yaml", 1, solutions=(solution,))
    for regime in ("separate", "linked"):
        np.testing.assert_allclose(payoffs(cases[regime]), [6.5, 3.5], atol=1e-5)


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian"])
def test_logrolling_gives_each_the_pie_it_cares_for(solution: str) -> None:
    cases = solved("theory/logrolling.yaml", 1, solutions=(solution,))
    for regime in ("linked", "linked-by-consent"):
        np.testing.assert_allclose(payoffs(cases[regime]), [3.0, 3.0], atol=1e-5)
    if solution == "nash":
        np.testing.assert_allclose(payoffs(cases["separate"]), [2.0, 2.0], atol=1e-6)


@pytest.mark.parametrize("solution", ["nash", "egalitarian"])
def test_no_pain_no_gain(solution: str) -> None:
    cases = solved("theory/no-pain-no-gain.yaml", 1, solutions=(solution,))
    np.testing.assert_allclose(payoffs(cases["separate"]), [3.0, 3.0], atol=1e-5)
    np.testing.assert_allclose(payoffs(cases["linked"]), [4.5, 4.5], atol=1e-5)
    assert 0 in cases["separate"]["agreement"]  # A vetoes the project
    assert 0 not in cases["linked"]["agreement"]


@pytest.mark.parametrize("solution", ["nash", "kalai_smorodinsky", "egalitarian"])
def test_bargaining_ends_the_tariff_war(solution: str) -> None:
    cases = solved("theory/tariff-prisoners-dilemma.yaml", 1, solutions=(solution,))
    for regime in ("separate", "linked", "from-tariff-war"):
        np.testing.assert_allclose(payoffs(cases[regime]), [1 / 36, 1 / 36], atol=1e-6)
        np.testing.assert_allclose(cases[regime]["outcome"], 0.0, atol=1e-5)


def test_tariff_dilemma_has_its_four_payoffs() -> None:
    """T = 19/24, R = 3/4, P = 13/18, S = 49/72, and 1/3 is the best reply to anything."""
    case = compile_case(load("theory/tariff-prisoners-dilemma.yaml"), {}, 1)
    third, constant = 1.0 / 3.0, 3.0 / 4.0
    corners = {"R": (0.0, 0.0), "T": (third, 0.0), "S": (0.0, third), "P": (third, third)}
    home = {
        key: constant + case.payoffs.money(np.array([tariffs]))[0, 0]
        for key, tariffs in corners.items()
    }
    expected = {"T": 19 / 24, "R": 3 / 4, "P": 13 / 18, "S": 49 / 72}
    assert home == pytest.approx(expected, abs=1e-12)
    delta = (home["T"] - home["R"]) / (home["T"] - home["P"])
    assert delta == pytest.approx(3 / 5)
    for other in (0.0, third, 1.0):
        slope = case.payoffs.gradient(np.array([[third, other]]))[0, 0, 0]
        assert slope == pytest.approx(0.0, abs=1e-12)


def test_base_case_stays_within_what_was_said_and_done() -> None:
    scenario = load(BASE)
    issues = list(scenario.issues)
    cases = solved(BASE, 256, regimes=("separate", "linked"), solutions=("nash",))
    for regime, most in (("separate", 0.25), ("linked", 0.5)):
        outcome = cases[regime]["outcome"]
        assert cases[regime]["converged"].mean() > 0.99
        for ally in ("jpn", "rok"):
            payment = np.median(outcome[:, issues.index(f"hns_{ally}")])
            now = mean(scenario, scenario.issues[f"hns_{ally}"].status_quo)
            demand = mean(scenario, scenario.issues[f"hns_{ally}"].demand)
            # Past rounds conceded between nothing and a quarter of the gap (docs/data.md).
            assert 0.0 < (payment - now) / (demand - now) < most
            for tariff in (f"auto_{ally}", f"goods_{ally}"):
                assert 0.03 < np.median(outcome[:, issues.index(tariff)]) < 0.20
    # Lost trust costs everybody; without it the allies gain from linkage and America hardly moves.
    trust = payoffs(cases["linked-without-erosion"]) - payoffs(cases["linked"])
    assert (trust > 0.3).all()
    gain = payoffs(cases["linked-without-erosion"]) - payoffs(cases["separate"])
    assert abs(gain[0]) < 0.5
    assert (gain[1:] > 0.0).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_solved(name: str) -> None:
    """All its regimes but those with foresight, which take half a minute to set up."""
    scenario = load(name)
    regimes = tuple(
        regime
        for regime in scenario.simulate.regimes or ()
        if regime not in scenario.regimes or not scenario.regimes[regime].foresight
    )
    assert regimes
    for result in solved(name, 4, solutions=("nash",), regimes=regimes).values():
        assert np.isfinite(result["payoff_change"]).all()
        assert (payoffs(result)[1:] < payoffs(result)[0]).all()


def test_stances_at_mean_payoffs_leave_the_files_apart_and_korea_waiting() -> None:
    """No player gains by another stance; Japan does not go along with a threat to the troops."""
    scenario = load(BASE)
    rng = np.random.default_rng(0)
    draws = 256
    theta = {u.name: u.distribution.ppf(rng.random(draws)) for u in scenario.uncertain}
    game = stance_game(scenario, theta, draws)
    assert game.converged.mean() > 0.99
    mean_payoffs = game.payoffs[game.converged].mean(axis=0)
    equilibria = {
        tuple(game.stances[n][i] for n, i in enumerate(profile))
        for profile in np.ndindex(*mean_payoffs.shape[1:])
        if all(
            mean_payoffs[n][profile]
            >= np.moveaxis(mean_payoffs[n], n, -1)[
                tuple(i for m, i in enumerate(profile) if m != n)
            ].max()
            - 1e-6
            for n in range(3)
        )
    }
    assert {(us, rok) for us, _, rok in equilibria} == {("separate", "delay")}
    threat = mean_payoffs[:, game.stances[0].index("link-with-troop-threat")]
    accept, insist = (game.stances[1].index(stance) for stance in ("accept", "insist"))
    assert (threat[1, insist] > threat[1, accept]).all()
