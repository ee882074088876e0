"""Offers over time, private information, threats, enforcement, agendas."""

from __future__ import annotations

import numpy as np

from published import Answers, Inputs, solves
from sim.games import (
    Issues,
    LinearTariffGame,
    Pie,
    Talks,
    chatterjee_samuelson,
    coase_path,
    convergence_path,
    critical_discount,
    deepest_agreement,
    enforcement_linkage,
    myerson_satterthwaite,
    optimal_threats_transferable,
    posted_price,
    power_issue,
    preventive_war,
    sequential_agenda,
    stationary_equilibrium,
    take_it_or_leave_it,
    uniform_price,
    uniform_prior,
)
from sim.payoffs import Form, Linear, Payoffs


def offers(table, talks) -> np.ndarray:
    """Return payoffs by first proposer at the only draw, after checking the certificate."""
    found = stationary_equilibrium(table, talks)
    assert found.converged.all()
    assert found.agreement.all()
    assert (found.count == 1).all()
    return found.payoffs[0]


@solves("RUB-1982")
def rubinstein(inputs: Inputs) -> Answers:
    payoffs = offers(Pie(), Talks([inputs["delta1"], inputs["delta2"]]))
    return {"x1": payoffs[0, 0], "y1": payoffs[1, 0]}


@solves("RUB-NPLAYER-ROTATING")
def rotation(inputs: Inputs) -> Answers:
    payoffs = offers(Pie(n_players=inputs["n"]), Talks(inputs["delta"]))
    for proposer in range(inputs["n"]):
        assert np.allclose(np.roll(payoffs[0], proposer), payoffs[proposer])
    return {"x": payoffs[0]}


@solves("BRW-RATES")
def short_rounds(inputs: Inputs) -> Answers:
    rates = [inputs["r1"], inputs["r2"]]
    path = convergence_path(Pie(), rates, intervals=[*inputs["Delta"], 1e-3])
    assert path.converged.all()
    return {
        "x1": path.payoffs[:-1, 0, 0, 0],
        "limit": path.limit[0, 0],
        "first_order_coef": path.premium[-1, 0, 0] / path.intervals[-1],
    }


@solves("OUTSIDE-OPTION-DEAL-ME-OUT")
def outside_option(inputs: Inputs) -> Answers:
    options = [[-np.inf, b] for b in inputs["b2"]]
    found = stationary_equilibrium(
        Pie(np.ones(len(options))), Talks(inputs["delta"], outside=options)
    )
    assert found.converged.all()
    return {"u2": found.payoffs[:, 0, 1]}


@solves("NASH1953-TU-THREATS")
def transferable_threats(inputs: Inputs) -> Answers:
    found = optimal_threats_transferable(inputs["A"], inputs["B"])
    assert found.converged.all()
    return {"u": found.payoffs[0], "v": found.value[0] / found.rates[0, 0]}


@solves("TARIFF-LINEAR-PD")
def linear_tariffs(inputs: Inputs) -> Answers:
    game = LinearTariffGame(inputs["alpha"], inputs["e"])
    temptation, reward, punishment, sucker = (float(v) for v in game.dilemma())
    grid = np.linspace(0, inputs["e"], 100_001)
    for other in (0.0, 0.2):
        best = grid[game.welfare(grid, other).argmax()]
        assert abs(best - game.nash_tariff) < 1e-5
        harm = game.welfare(grid, other) - game.welfare(other, grid)
        assert abs(grid[harm.argmax()] - game.threat_tariff) < 1e-5
    return {
        "t_nash": game.nash_tariff,
        "t_threat": game.threat_tariff,
        "T": temptation,
        "R": reward,
        "P": punishment,
        "S": sucker,
        "delta_star": critical_discount([temptation], [reward], [punishment]).agreement,
    }


@solves("ENFORCE-POOLING")
def pooling(inputs: Inputs) -> Answers:
    games = np.array([inputs["first_game"], inputs["second_game"]], dtype=float)
    both = enforcement_linkage(*(games[:, [k]] for k in (0, 1, 2)))
    twice = games[[0, 0]]
    same = enforcement_linkage(*(twice[:, [k]] for k in (0, 1, 2)))
    return {
        "delta_1": both.separate_agreement[0, 0],
        "delta_2": both.separate_agreement[0, 1],
        "delta_linked": both.pooled_agreement[0],
        "delta_linked_identical": same.pooled_agreement[0],
    }


def depths(issues, delta: float) -> Answers:
    """Return the deepest agreements, separate and linked, after checking the certificate."""
    found = {
        name: deepest_agreement(issues, delta, linked=linked)
        for name, linked in (("separate", False), ("linked", True))
    }
    assert all(one.converged.all() for one in found.values())
    return {name: one.depth[0] for name, one in found.items()}


@solves("ENFORCE-LIMAO-REALLOCATION")
def reallocation(inputs: Inputs) -> Answers:
    delta = inputs["rho"] / (1 + inputs["rho"])
    return depths([power_issue(power=2), power_issue(power=3)], delta)


@solves("ENFORCE-SLACK-TRANSFER")
def slack(inputs: Inputs) -> Answers:
    assert inputs["capped_at_1"]
    return depths([power_issue(cap=1), power_issue(gain=2, cap=1)], inputs["delta"])


@solves("AGENDA-SEQUENTIAL")
def agenda(inputs: Inputs) -> Answers:
    a, b = np.array(inputs["a"], dtype=float), np.array(inputs["b"], dtype=float)
    patience = 1 - 1e-6
    one_by_one = {
        opener: sequential_agenda([a, b], patience, opener=opener)
        for opener in ("same", "random", "accepter")
    }
    assert all(found.residual.max() < 1e-12 for found in one_by_one.values())
    values = tuple(
        Form(name, issue, {0: Linear(worth[0]), 1: Linear(-worth[1], reference=1.0)})
        for issue, (name, worth) in enumerate((("A", a), ("B", b)))
    )
    payoffs = Payoffs.from_status_quo(("1", "2"), ("A", "B"), values, status_quo=[0.0, 1.0])
    shift = payoffs.reference[:, 0]
    package = offers(
        Issues(payoffs, np.zeros(2), np.ones(2)), Talks(patience, during=-shift, breakdown=-shift)
    )
    independent = sum(w * np.array([0.5, 0.5]) for w in (a, b))
    alone = [sequential_agenda([w], patience).payoffs[0].mean(axis=0) for w in (a, b)]
    assert np.allclose(sum(alone), independent, atol=1e-9)
    return {
        **{f"x_{name}": one.stages[0].shares.mean() for name, one in one_by_one.items()},
        "u_A_first_random": one_by_one["random"].payoffs[0].mean(axis=0),
        "u_A_first_accepter": one_by_one["accepter"].payoffs[0].mean(axis=0),
        "u_package": package.mean(axis=0) + shift,
        "u_independent": sum(alone),
    }


@solves("FEARON-PREVENTIVE-WAR")
def preventive(inputs: Inputs) -> Answers:
    known = {"discount": inputs["delta"], "cost": inputs["cB"]}
    threshold = float(preventive_war(inputs["p1"], 0.0, **known).threshold)
    for later, fights in ((threshold - 1e-6, False), (threshold + 1e-6, True)):
        found = preventive_war(inputs["p1"], later, **known)
        assert bool(found.war) is fights
        assert bool(found.fight_now > found.best_peace) is fights
    return {"p2_threshold": threshold}


@solves("SCREEN-TWO-TYPE")
def screening(inputs: Inputs) -> Answers:
    high, low = inputs["vH"], inputs["vL"]
    beliefs = np.array([[p, 1 - p] for p in inputs["prob_H"]])
    found = posted_price([high, low], beliefs, cost=inputs["c"])
    # the same bargain over a pie: a buyer of value v keeps vH - price, and needs vH - v
    table = take_it_or_leave_it(
        Pie(np.full(len(beliefs), float(high))),
        proposer=0,
        reservations=[0.0, high - low],
        beliefs=beliefs,
        disagreement=inputs["c"],
    )
    np.testing.assert_allclose(table.value, found.profit, atol=1e-12)
    np.testing.assert_allclose(table.breakdown, found.breakdown, atol=1e-12)
    left, right = 0.0, 1.0
    for _ in range(60):
        p = (left + right) / 2
        screens = float(posted_price([high, low], [p, 1 - p], cost=inputs["c"]).price) == high
        left, right = (left, p) if screens else (p, right)
    return {"payoff": found.profit, "cutoff": right, "P_disagree": found.breakdown}


@solves("ULTIMATUM-UNIFORM")
def uniform_ultimatum(inputs: Inputs) -> Answers:
    found = uniform_price(inputs["c"])
    return {"p": found.price, "P_trade": 1 - found.breakdown, "profit": found.profit}


@solves("CHATTERJEE-SAMUELSON")
def double_auction(inputs: Inputs) -> Answers:
    found, seller = chatterjee_samuelson(inputs["k"]), chatterjee_samuelson(0.0)
    np.testing.assert_allclose(found.seller, [2 / 3, 1 / 4])
    np.testing.assert_allclose(found.buyer, [2 / 3, 1 / 12])
    second_best = myerson_satterthwaite(uniform_prior(), uniform_prior()).second_best
    assert abs(second_best - found.gains) < 1e-12
    return {
        "P_trade": found.probability,
        "gains": found.gains,
        "first_best": found.first_best,
        "efficiency": found.efficiency,
        "gains_seller_tioli": seller.gains,
    }


@solves("MYERSON-SATTERTHWAITE-DEFICIT")
def impossibility(inputs: Inputs) -> Answers:
    return {"deficit": myerson_satterthwaite(uniform_prior(), uniform_prior()).deficit}


@solves("COASE-UNIFORM")
def coase(inputs: Inputs) -> Answers:
    path = coase_path(inputs["delta"])
    assert coase_path(1 - 1e-9).profit < 1e-4
    return {"p0": path.prices[0], "ratio": path.states[1], "profit": path.profit}
