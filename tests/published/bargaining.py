"""Bargaining solutions: Nash, Kalai–Smorodinsky, Perles–Maschler, Raiffa."""

from __future__ import annotations

from itertools import product

import numpy as np

from published import Answers, Inputs, solves
from sim.bargaining import (
    CurveProblem,
    FiniteProblem,
    TransferableProblem,
    from_functions,
    maximisers,
    solve,
)


def point(problem, solution: str = "nash") -> np.ndarray:
    """Return the payoffs of a problem with one draw, after checking the certificate."""
    answer = solve(problem, solution)
    assert answer.converged.all()
    return answer.payoffs[0]


def hull(points, d) -> FiniteProblem:
    """Return the problem with lotteries over points."""
    return FiniteProblem(points, d, lotteries=True)


def trades(inputs: Inputs) -> np.ndarray:
    """Return the gains of Bill and Jack from each of the 2⁹ sets of goods that change hands."""
    bill, jack = (
        np.array(list(inputs["bill_goods"].values())),
        np.array(list(inputs["jack_goods"].values())),
    )
    worth = np.vstack([bill * [-1, 1], jack * [1, -1]])
    return np.array(list(product([0, 1], repeat=len(worth)))) @ worth


@solves("NBS-NASH1950-BARTER")
def barter(inputs: Inputs) -> Answers:
    """All trades are listed; lotteries change nothing, the solution is a vertex."""
    gains = trades(inputs)
    bill, jack = point(FiniteProblem(gains, inputs["d"]))
    return {
        "gain_bill": bill,
        "gain_jack": jack,
        "product": bill * jack,
        "nbs_with_lotteries": point(hull(gains, inputs["d"])),
    }


@solves("TU-NASH1950-MONEY")
def barter_with_money(inputs: Inputs) -> Answers:
    """Money makes the largest total surplus divisible."""
    answer = solve(TransferableProblem(inputs["total_surplus"], inputs["d"]))
    assert np.ptp(answer.payoffs) == 0
    return {"total": answer.payoffs.sum(), "each": answer.payoffs[0, 0]}


@solves("KS1975-MONOTONICITY")
def restricted_monotonicity(inputs: Inputs) -> Answers:
    """A larger set with the same ideal point may cost a player under Nash."""
    names = {"nbs": "nash", "ks": "kalai_smorodinsky", "pm": "perles_maschler"}
    return {
        f"{short}_{which}": point(hull(inputs[which], inputs["d"]), name)
        for short, name in names.items()
        for which in "AB"
    }


@solves("FRONTIER-1-U2")
def parabola(inputs: Inputs) -> Answers:
    """Every solution on one smooth frontier."""
    problem = CurveProblem(lambda u: 1 - u**2, inputs["lower"], inputs["upper"], inputs["d"])
    assert np.allclose(point(problem, "egalitarian"), point(problem, "kalai_smorodinsky"))
    return {
        "nbs": point(problem),
        "ks": point(problem, "kalai_smorodinsky"),
        "utilitarian": point(problem, "utilitarian"),
        "perles_maschler": point(problem, "perles_maschler"),
        "raiffa_discrete": point(problem, "raiffa"),
    }


@solves("ANBS-TU")
def weights_on_a_pie(inputs: Inputs) -> Answers:
    """Weights are shares of the surplus."""
    return {"u": point(TransferableProblem(inputs["pie"], inputs["d"], weights=inputs["alpha"]))}


@solves("NBS-RISK-AVERSION-POWER")
def risk_aversion(inputs: Inputs) -> Answers:
    """Divide a pie of size 1; player 1's utility is a power of its share."""

    def share(power: float, alpha: float, solution: str = "nash") -> float:
        table = from_functions(
            {"1": lambda x: x**power, "2": lambda x: 1 - x},
            {"share": (0.0, 1.0)},
            disagreement=[0, 0],
            weights=[alpha, 1 - alpha],
        )
        answer = solve(table, solution)
        assert answer.converged.all()
        return float(answer.outcome[0, 0])

    averse = 0.5
    return {
        "x_nbs": share(averse, inputs["alpha"]),
        "x_ks": share(averse, inputs["alpha"], "kalai_smorodinsky"),
        "x_nbs_both_neutral": share(1.0, inputs["alpha"]),
        "x_nbs_alpha0.7": share(averse, 0.7),
    }


@solves("NBS-NPLAYER-HYPERPLANE")
def hyperplane(inputs: Inputs) -> Answers:
    """Three players on Σ a_i u_i ≤ B: in closed form, and from its vertices by programme."""
    a, d, w = (np.array(inputs[key]) for key in ("a", "d", "w"))
    closed = point(TransferableProblem(inputs["B"], d, a, w))
    corners = d + np.diag((inputs["B"] - a @ d) / a)
    listed = point(FiniteProblem(corners, d, lotteries=True, weights=w))
    assert np.allclose(closed, listed, atol=1e-9)
    return {"u": closed}


@solves("NONCONVEX-NO-LOTTERY")
def lotteries(inputs: Inputs) -> Answers:
    """Without lotteries there are two maximisers."""
    problem = FiniteProblem(inputs["S"], inputs["d"])
    mixed = point(hull(inputs["S"], inputs["d"]))
    return {
        "max_product_pure": point(problem).prod(),
        "n_maximisers_pure": maximisers(problem).sum(),
        "nbs_lottery": mixed,
        "max_product_lottery": mixed.prod(),
    }


@solves("SCALE-COVARIANCE")
def scale_covariance(inputs: Inputs) -> Answers:
    """Nash and Kalai–Smorodinsky move with the units of utility, the egalitarian does not."""
    vertices, scale, shift = (np.array(inputs[key], float) for key in ("V", "scale", "shift"))
    plain = hull(vertices, np.zeros(2))
    scaled = hull(vertices * scale + shift, shift)
    ks = point(plain, "kalai_smorodinsky")
    assert np.allclose(point(scaled, "kalai_smorodinsky"), ks * scale + shift, atol=1e-12)
    equal = point(plain, "egalitarian")
    assert not np.allclose(point(scaled, "egalitarian"), equal * scale + shift, atol=1e-3)
    return {"nbs": point(scaled), "egalitarian_original": equal}


@solves("THREAT-LINKAGE-TU")
def threat(inputs: Inputs) -> Answers:
    """A threat in another issue moves the disagreement point by −h."""
    d = np.array(inputs["d"]) - inputs["h"]
    return {"u": point(TransferableProblem(inputs["S"], d))}


@solves("SEC-PAYMENT-NTU")
def payment_for_security(inputs: Inputs) -> Answers:
    """The ally pays m ≤ p, of which a share theta arrives, for protection that costs c."""
    theta, alpha = inputs["theta"], inputs["alpha"]
    value, cost = inputs["ally_value"], inputs["guarantor_cost"]
    table = from_functions(
        {"guarantor": lambda m: theta * m - cost, "ally": lambda m: value - m},
        {"payment": (0.0, 2 * value)},
        disagreement=[0, 0],
        weights=[alpha, 1 - alpha],
    )
    answer = solve(table)
    useless = from_functions(
        {"guarantor": lambda m: theta * m - value, "ally": lambda m: value - m},
        {"payment": (0.0, 2 * value)},
        disagreement=[0, 0],
    )
    assert answer.agreement.all()
    assert not solve(useless).agreement.any()
    guarantor, ally = answer.payoffs[0]
    return {"m": answer.outcome[0, 0], "u_guarantor": guarantor, "u_ally": ally}


@solves("FEARON-RANGE")
def bargaining_range(inputs: Inputs) -> Answers:
    """Settlements that both prefer to war; the Nash solution halves the costs of war."""
    p, cost_a, cost_b = inputs["p"], inputs["cA"], inputs["cB"]
    war = [p - cost_a, 1 - p - cost_b]
    problem = CurveProblem(lambda x: 1 - x, 0, 1, war)
    ideal = solve(problem).parameters["ideal"][0]
    return {
        "range": [p - cost_a, p - cost_a + ideal[0]],
        "x_nbs": point(problem)[0],
        "surplus": ideal[0],
    }


@solves("MC-NORMAL-SURPLUS")
def uncertain_surplus(inputs: Inputs) -> Answers:
    """Half of a normal surplus, nothing where it is negative."""
    from published import Estimate

    n = 400_000
    surplus = np.random.default_rng(0).normal(inputs["mu"], inputs["sigma"], n)
    answer = solve(TransferableProblem(surplus, [0, 0]))
    gain = answer.payoffs[:, 0]
    share = answer.agreement.mean()
    return {
        "P_agree": Estimate(share, np.sqrt(share * (1 - share) / n)),
        "E_gain_each": Estimate(gain.mean(), gain.std() / np.sqrt(n)),
    }
