"""Normal-form games and coalitions: chicken, gloves, the airport, the Talmud, votes, blocs."""

from __future__ import annotations

import re

import numpy as np

from published import Answers, Inputs, solves
from sim.games import (
    NormalFormGame,
    airport_game,
    bankruptcy_game,
    characteristic_function,
    core,
    correlated_equilibrium,
    equilibria,
    nucleolus,
    owen_value,
    shapley_value,
    voting_power,
)


@solves("CHICKEN-AUMANN")
def chicken(inputs: Inputs) -> Answers:
    game = NormalFormGame(np.moveaxis(np.array(inputs["payoffs"], dtype=float), -1, 0))
    found = equilibria(game)
    assert found.complete
    assert not found.degenerate
    (mixed,) = [one for one in found if not one.pure]
    assert {tuple(one.payoffs) for one in found.pure} == {(7.0, 2.0), (2.0, 7.0)}
    best = correlated_equilibrium(game)
    assert best.converged
    assert best.payoffs[0] == best.payoffs[1]
    return {
        "p_C": mixed.profile[0][0],
        "u_mixed": mixed.payoffs[0],
        "u_CE": best.payoffs[0],
        "n_eq": len(found),
    }


@solves("SHAPLEY-GLOVE")
def gloves(inputs: Inputs) -> Answers:
    game = characteristic_function(lambda who: float("1" in who and len(who) > 1), "123")
    middle = nucleolus(game)
    assert middle.converged
    inside = core(game)
    assert not inside.empty
    np.testing.assert_allclose(inside.element, middle.payoffs, atol=1e-9)
    return {"shapley": shapley_value(game), "nucleolus": middle.payoffs}


@solves("SHAPLEY-AIRPORT")
def airport(inputs: Inputs) -> Answers:
    return {"shapley_cost": shapley_value(airport_game(inputs["costs"]))}


@solves("TALMUD-NUCLEOLUS")
def talmud(inputs: Inputs) -> Answers:
    shares = {e: nucleolus(bankruptcy_game(e, inputs["claims"])) for e in inputs["E"]}
    assert all(each.converged for each in shares.values())
    return {f"E{e}": each.payoffs for e, each in shares.items()}


@solves("SHAPLEY-SHUBIK-UNSC")
def security_council(inputs: Inputs) -> Answers:
    groups = [(int(n), int(w)) for n, w in re.findall(r"(\d+)x(\d+)", inputs["weights"])]
    power = voting_power(inputs["quota"], [w for n, w in groups for _ in range(n)])
    assert np.isclose(power.sum(), 1.0, atol=1e-12)
    return {"perm": power[0], "nonperm": power[-1]}


@solves("HARSANYI-JOINT-BARGAINING")
def joint_bargaining(inputs: Inputs) -> Answers:
    players, bloc = ("US", "JP", "KR"), [("JP", "KR")]
    needed = characteristic_function({players: 1.0}, players)
    either = characteristic_function(lambda who: float("US" in who and len(who) > 1), players)
    return {
        "unan_sep": shapley_value(needed),
        "unan_merged": owen_value(needed, bloc),
        "subst_sep": shapley_value(either),
        "subst_merged": owen_value(either, bloc),
    }
