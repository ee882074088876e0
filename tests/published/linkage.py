"""Linked against separate tables: sums of bargaining sets."""

from __future__ import annotations

from itertools import product

import numpy as np

from published import Answers, Inputs, solves
from published.bargaining import hull, point
from sim.bargaining import FiniteProblem, TransferableProblem, minkowski_sum, solve


def divisible(values, d=None) -> FiniteProblem:
    """Return the table that divides one good, worth `values` to each player."""
    return hull(np.vstack([np.zeros(len(values)), np.diag(values)]), d or np.zeros(len(values)))


@solves("LINK-LINEAR2-SYM", "LINK-LINEAR2-BOTH-PREFER-A")
def two_linear_issues(inputs: Inputs) -> Answers:
    """Two goods to divide: apart each is halved, together whoever wants it more has it."""
    tables = [divisible(inputs["a"], inputs["d"]), divisible(inputs["b"], inputs["d"])]
    separate = sum(point(table) for table in tables)
    linked = point(minkowski_sum(*tables))
    return {"separate": separate, "linked": linked, "gain": linked - separate}


@solves("LINK-TU-NEUTRAL")
def neutral(inputs: Inputs) -> Answers:
    """With transferable utility linkage changes nothing."""
    tables = [TransferableProblem(inputs[f"budget_{name}"], inputs[f"d_{name}"]) for name in "AB"]
    for solution in ("kalai_smorodinsky", "egalitarian"):
        apart = sum(point(table, solution) for table in tables)
        assert np.allclose(apart, point(minkowski_sum(*tables), solution), atol=1e-12)
    return {
        "separate": sum(point(table) for table in tables),
        "linked": point(minkowski_sum(*tables)),
    }


@solves("LINK-HOSTAGE-CORNER")
def hostage(inputs: Inputs) -> Answers:
    """A contested pie and an uncontested gain: linking taxes the larger uncontested gain."""
    s, p, q = inputs["s"], inputs["p"], inputs["q"]
    contested = hull([[s, 0], [0, s]], inputs["d"])
    uncontested = hull([[p, q]], inputs["d"])
    separate = point(contested) + point(uncontested)
    linked = point(minkowski_sum(contested, uncontested))
    return {"separate": separate, "linked": linked, "loss_1": separate[0] - linked[0]}


def random_table(rng: np.random.Generator, n_draws: int) -> FiniteProblem:
    """Return random comprehensive polygons around (0, 0), one a draw."""
    points = rng.uniform(0.05, 1.0, (n_draws, 4, 2)) * rng.uniform(0.2, 3.0, (n_draws, 1, 2))
    return FiniteProblem(points, [0, 0], lotteries=True)


@solves("LINK-SUPERADDITIVITY-PROPERTY")
def superadditivity(inputs: Inputs) -> Answers:
    """Random tables and their sums, all draws at once."""
    n, rng = inputs["trials"], np.random.default_rng(1981)
    tables = [random_table(rng, n), random_table(rng, n)]
    linked = minkowski_sum(*tables)
    change = {
        name: solve(linked, name).payoffs - sum(solve(table, name).payoffs for table in tables)
        for name in ("nash", "kalai_smorodinsky", "egalitarian", "perles_maschler")
    }
    together = solve(linked).payoffs
    product_change = together.prod(axis=1) - (together - change["nash"]).prod(axis=1)
    # Egalitarian payoffs need tables that equalise gains: the least gain is what adds up.
    least = [solve(problem, "egalitarian").payoffs.min(axis=1) for problem in (linked, *tables)]
    return {
        "product_violations": (product_change < -1e-10).sum(),
        "egal_violations": (least[0] - least[1] - least[2] < -1e-10).sum(),
        "pm_violations": (change["perles_maschler"] < -1e-10).sum(),
        "nbs_hurts_someone_sometimes": (change["nash"] < -1e-6).any(),
        "ks_hurts_someone_sometimes": (change["kalai_smorodinsky"] < -1e-6).any(),
    }


@solves("LINK-NO-PAIN-NO-GAIN")
def no_pain_no_gain(inputs: Inputs) -> Answers:
    """A project that one side alone would veto is worth putting on the table."""
    money = TransferableProblem(inputs["budget_A"], inputs["d"])
    project = FiniteProblem([[0, 0], inputs["B"]], inputs["d"])
    assert not solve(project).agreement.any()
    return {
        "separate": point(money) + point(project),
        "linked": point(minkowski_sum(money, project)),
    }


@solves("LINK-CREATES-ZOPA")
def creates_an_agreement(inputs: Inputs) -> Answers:
    """Two projects, each vetoed alone, pass as a package; lotteries do not help."""
    for lotteries in (True, False):
        tables = [
            FiniteProblem([[0, 0], inputs[name]], inputs["d"], lotteries=lotteries) for name in "AB"
        ]
        separate = sum(point(table) for table in tables)
        linked = point(minkowski_sum(*tables))
        assert np.allclose(linked, 2.0, atol=1e-12)
        assert not separate.any()
    return {"separate": separate, "linked": linked}


@solves("LINK-NPLAYER-EISENBERG-GALE")
def competitive_equilibrium(inputs: Inputs) -> Answers:
    """Three goods, three players: the linked Nash solution is a competitive equilibrium."""
    values = np.array(inputs["values"])
    linked = minkowski_sum(*(hull(np.diag(good), inputs["d"]) for good in values.T))
    separate = sum(point(hull(np.diag(good), inputs["d"])) for good in values.T)
    return {"separate": separate, "linked": point(linked)}


@solves("LINK-NPLAYER-NO-HARM-PROPERTY")
def nobody_is_harmed(inputs: Inputs) -> Answers:
    """Divisible goods, any weights: separate shares w_i of every good, linked never less."""
    rng = np.random.default_rng(1974)
    violations, per_shape = 0, inputs["trials"] // 4
    for n_players, n_goods in ((2, 3), (3, 3), (4, 3), (5, 2)):
        values = rng.uniform(0.1, 10.0, (per_shape, n_players, n_goods))
        w = rng.uniform(0.2, 1.0, (per_shape, n_players))
        owners = np.array(list(product(range(n_players), repeat=n_goods)))
        owned = owners[:, :, None] == np.arange(n_players)
        totals = np.einsum("mkn,bnk->bmn", owned, values)
        linked = solve(FiniteProblem(totals, np.zeros(n_players), lotteries=True, weights=w))
        assert linked.converged.all()
        assert (linked.residual <= 1e-9).all()
        goods = np.moveaxis(values, 2, 0)[..., None] * np.eye(n_players)
        tables = [FiniteProblem(g, np.zeros(n_players), lotteries=True, weights=w) for g in goods]
        separate = sum(solve(table).payoffs for table in tables)
        assert np.allclose(separate, w / w.sum(axis=1, keepdims=True) * values.sum(axis=2))
        violations += int((linked.payoffs - separate < -1e-6).sum())
    return {"violations_below_-1e-6": violations}
