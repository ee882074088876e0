"""Tariffs, trade in general equilibrium, contests, alliances, bilateral deals with a hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from published import Answers, Band, Inputs, solves
from sim.bargaining import TransferableProblem, solve
from sim.games import (
    alliance_contributions,
    characteristic_function,
    cooperative_tariffs,
    horn_wolinsky_cournot,
    hub_nash_in_nash,
    nash_tariffs,
    optimal_tariff,
    shapley_value,
    symmetric_nash_tariff,
    tullock,
)
from sim.payoffs import World, acr_autarky_loss, acr_welfare, equilibrium, read_world

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TOY = [[95, 3, 2], [3, 20.5, 1.5], [2, 1.5, 6.5]]


def war(world: World):
    """Return the tariff war of a world, after checking the certificate."""
    found = nash_tariffs(world)
    assert found.converged.all()
    return found


@solves("NASH-IN-NASH-TU-SUBST")
def substitutes(inputs: Inputs) -> Answers:
    one, other, both = (inputs[f"v_hub_{name}"] for name in ("J", "K", "J_K"))
    deals = hub_nash_in_nash([0, one, other, both])
    assert deals.agreement.all()
    worth = {"HJ": one, "HK": other, "HJK": both}
    game = characteristic_function(lambda who: worth.get("".join(who), 0), "HJK")
    return {
        "nash_in_nash(hub,J,K)": deals.payoffs,
        "shapley": shapley_value(game),
        "threeway_nbs": solve(TransferableProblem(both, [0, 0, 0])).payoffs[0],
    }


@solves("HORN-WOLINSKY-COURNOT")
def input_prices(inputs: Inputs) -> Answers:
    found = horn_wolinsky_cournot(cost=inputs["c"])
    assert found.converged.all()
    assert np.ptp(found.prices) < 1e-12
    return {"w": found.prices[0, 0]}


@solves("TARIFF-PE-OPTIMAL")
def inverse_elasticity(inputs: Inputs) -> Answers:
    assert (inputs["import_demand"], inputs["export_supply"]) == ("p=10-m", "p*=2+0.5m")
    found = optimal_tariff((10, 1), (2, 0.5))
    return {
        "m": found.imports,
        "tau_advalorem": found.ad_valorem,
        "one_over_eps": 1 / found.supply_elasticity,
    }


@solves("GROS-SYMMETRIC-NASH")
def gros(inputs: Inputs) -> Answers:
    home = 1 - inputs["import_share"]
    world = World([[home, 1 - home], [1 - home, home]], inputs["sigma"])
    found = war(world)
    tariff, share, welfare = symmetric_nash_tariff(inputs["sigma"], inputs["import_share"])
    np.testing.assert_allclose(found.tariffs[0, 0, 1], tariff, atol=1e-9)
    np.testing.assert_allclose(found.welfare[0], welfare, atol=1e-12)
    after = equilibrium(world, found.tariffs)
    np.testing.assert_allclose(after.shares[0, 0, 1], share, atol=1e-9)
    return {
        "t_nash": found.tariffs[0, 1, 0],
        "import_share_nash": after.shares[0, 1, 0],
        "W_hat": found.welfare[0, 0],
    }


@solves("MAYER-LOCUS-NBS")
def mayer(inputs: Inputs) -> Answers:
    world = World(inputs["X"], inputs["sigma"])
    nash = war(world)
    deal = cooperative_tariffs(world, nash.welfare)
    assert deal.converged.all()
    first, second = deal.tariffs[0, 1, 0], deal.tariffs[0, 0, 1]
    return {
        "t_nash(1,2)": [nash.tariffs[0, 1, 0], nash.tariffs[0, 0, 1]],
        "W_nash": nash.welfare[0],
        "locus_product": (1 + first) * (1 + second),
        "W_nbs": deal.welfare[0],
        "t_nbs": [first, second],
    }


@solves("HAT3-COOP-NBS")
def three_way_talks(inputs: Inputs) -> Answers:
    world = World(inputs["X"], inputs["sigma"])
    deal = cooperative_tariffs(world, war(world).welfare)
    assert deal.converged.all()
    factor = 1 + deal.tariffs[0]
    return {
        "W": deal.welfare[0],
        "cycle_product": factor[0, 1] * factor[1, 2] * factor[2, 0],
        "pair_product_US_JP": factor[0, 1] * factor[1, 0],
        "t_US_on(JP,KR)": deal.tariffs[0, 1:, 0],
    }


def us_tariffs(inputs: Inputs, *, retaliation: bool):
    """Return the world and its equilibrium after 25 % of the United States, or of all with it."""
    world = World(inputs["X"], inputs["sigma"], inputs["t0"])
    tariffs = np.zeros((3, 3))
    tariffs[1:, 0] = 0.25
    if retaliation:
        tariffs[0, 1:] = 0.25
    return world, equilibrium(world, tariffs)


@solves("HAT3-US25")
def us_25(inputs: Inputs) -> Answers:
    world, found = us_tariffs(inputs, retaliation=False)
    return {
        "W": found.welfare[0],
        "w": found.wages[0],
        "E_hat": found.spending[0] / world.spending[0],
        "P_hat": found.prices[0],
        "US_import_share_JP": found.shares[0, 1, 0],
    }


@solves("HAT3-RETALIATION")
def retaliation(inputs: Inputs) -> Answers:
    _, found = us_tariffs(inputs, retaliation=True)
    return {"W": found.welfare[0], "w": found.wages[0]}


@solves("ACR-AUTARKY")
def autarky(inputs: Inputs) -> Answers:
    return {"loss": acr_autarky_loss(inputs["lambda_ii"], inputs["trade_elasticity"])}


@solves("ACR-FORMULA-TARIFF")
def acr_with_revenue(inputs: Inputs) -> Answers:
    assert inputs["case"] == "HAT3-US25"
    world, found = us_tariffs({"X": TOY, "sigma": 5, "t0": 0}, retaliation=False)
    return {"W": acr_welfare(world, found)[0]}


@solves("OSSA-2014-HEADLINE")
def seven_regions(inputs: Inputs) -> Answers:
    """One sector stands in for 33: a range of elasticities around Ossa's mean of 3.4.

    His low-elasticity industries weigh most, so the range leans below the mean. The gain from
    cooperation starts at uniform tariffs of 5 and of 20 %.
    """
    sigma = np.array([2.5, 4.0])
    files = (SCENARIOS / "data" / name for name in ("goods_trade_2023.csv", "gdp_2023.csv"))
    world = read_world(*files, substitution=sigma)[1].balanced()
    own = [nash_tariffs(world, players=[k]) for k in range(world.n_countries)]
    alone = np.mean([one.tariffs[:, k - 1, k] for k, one in enumerate(own)], axis=0)
    trade_war = war(world)
    between = ~np.eye(world.n_countries, dtype=bool)
    mutual = trade_war.tariffs[:, between].mean(axis=1)
    loss = 1 - trade_war.welfare.mean(axis=1)
    gains = []
    for level in (0.05, 0.2):
        protected = World(np.asarray(world.flows), sigma, np.where(between, level, 0.0)).balanced()
        gains.append(equilibrium(protected, np.zeros(between.shape)).welfare.mean(axis=1) - 1)
    found = {
        "optimal_pct": alone,
        "nash_pct": mutual,
        "breakdown_loss_pct": loss,
        "cooperation_gain_pct": np.array(gains),
    }
    return {name: Band(100 * v.min(), 100 * v.max()) for name, v in found.items()}


@solves("OLSON-ZECKHAUSER-INTERIOR")
def alliance(inputs: Inputs) -> Answers:
    found = alliance_contributions(inputs["I"], taste=inputs["a"])
    assert found.contributors.all()
    return {
        "q": found.contributions[0],
        "Q": found.total[0],
        "Q_efficient": found.efficient[0],
    }


@solves("TULLOCK-ASYM")
def two_rivals(inputs: Inputs) -> Answers:
    found = tullock(inputs["V"])
    assert found.exists.all()
    return {
        "x": found.efforts[0],
        "p1": found.probabilities[0, 0],
        "payoffs": found.payoffs[0],
    }


@solves("TULLOCK-NSYM")
def many_rivals(inputs: Inputs) -> Answers:
    found = tullock([inputs["V"]] * inputs["n"], returns=inputs["r"])
    assert found.exists.all()
    return {"x": found.efforts[0]}
