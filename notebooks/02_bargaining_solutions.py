# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One table: what a solution is
#
# A bargaining problem is a set $S$ of payoffs that the players can reach together and a point $d$
# that they have if they do not agree. A *solution* picks a point of $S$. Which one? Every solution
# concept answers with a short list of principles, and each gives one of them up.
#
# Here: one table, all solutions, their geometry, and their axioms put to the test.

# %%
import numpy as np

from sim.bargaining import (
    SOLUTIONS,
    CurveProblem,
    FiniteProblem,
    from_functions,
    ideal_point,
    solve,
)
from sim.plots import draw_space
from sim.plots.space import space_of_problem

# %% [markdown]
# ## A pie and a cautious player
#
# A and B divide a pie of size 1. A is risk averse, $u_A = \sqrt{x}$; B is not, $u_B = 1 - x$.
# Without agreement both have nothing. Nash bargaining maximises $\sqrt{x}\,(1 - x)$: the derivative
# $\tfrac{1}{2\sqrt{x}}(1 - x) - \sqrt{x}$ vanishes at $x = 1/3$. Caution costs A a sixth of the
# pie.

# %%
table = from_functions(
    {"A": np.sqrt, "B": lambda x: 1 - x},
    {"share of A": (0, 1)},
    disagreement=[0, 0],
)
frontier = CurveProblem(lambda u: 1 - u**2, 0, 1, [0, 0])  # the same as a curve: u_B = 1 - u_A^2
for name in SOLUTIONS:
    payoffs = solve(frontier, name).payoffs[0]
    print(f"{name:18} share of A {payoffs[0] ** 2:.4f}   payoffs {payoffs.round(4)}")
print("ideal point:", ideal_point(table)[0])
assert abs(solve(table, "nash").outcome[0, 0] - 1 / 3) < 1e-6

# %%
chart = draw_space(space_of_problem(table, solutions=("nash", "kalai_smorodinsky", "utilitarian")))
print(chart.alt)
chart

# %% [markdown]
# - **Nash** maximises the product of gains $\prod_i (u_i - d_i)^{w_i}$: for two, the point
#   halves the frontier's tangent between the lines through $d$.
# - **Kalai–Smorodinsky** goes from $d$ as far as it can towards the ideal point, each player's best
#   among the outcomes where nobody loses.
# - **Egalitarian** gives equal gains, in whatever unit payoffs have: give it money.
# - **Utilitarian** maximises the sum, with nobody below $d$.
# - **Perles–Maschler** lets two points walk from the ends of the frontier with equal $\int
#   \sqrt{-du_1\,du_2}$ until they meet.
# - **Raiffa** goes half of the way to the ideal point (`raiffa_continuous`: a little), takes that
#   as the new $d$, and goes on.
#
# ## More caution, less pie
#
# With $u_A = x^\rho$ the Nash share is $\rho/(1 + \rho)$. Move the slider.


# %%
def cautious(rho=0.5):
    """Print the shares of a player with utility x^rho."""
    problem = from_functions(
        {"A": lambda x: x**rho, "B": lambda x: 1 - x}, {"share": (0, 1)}, disagreement=[0, 0]
    )
    for name in ("nash", "kalai_smorodinsky", "egalitarian"):
        print(f"{name:18} {solve(problem, name).outcome[0, 0]:.3f}")
    return solve(problem, "nash").outcome[0, 0]


assert abs(cautious(0.25) - 0.2) < 1e-5

# %%
from ipywidgets import interact

_ = interact(cautious, rho=(0.1, 1.0, 0.1))

# %% [markdown]
# ## What tells the solutions apart
#
# Nash (1950): if what was chosen is still there, taking away other alternatives changes nothing.
# Kalai and Smorodinsky (1975) objected: suppose the set grows in favour of player 2, and the ideal
# point stays. Why should 2 lose?

# %%
before = FiniteProblem([[0, 1], [0.75, 0.75], [1, 0]], [0, 0], lotteries=True)
after = FiniteProblem([[0, 1], [1, 0.7], [1, 0]], [0, 0], lotteries=True)
for name in ("nash", "kalai_smorodinsky"):
    print(f"{name:18} {solve(before, name).payoffs[0]} -> {solve(after, name).payoffs[0].round(4)}")
assert solve(after, "nash").payoffs[0, 1] < solve(before, "nash").payoffs[0, 1]
assert (
    solve(after, "kalai_smorodinsky").payoffs[0, 1]
    > solve(before, "kalai_smorodinsky").payoffs[0, 1]
)

# %% [markdown]
# Every payoff of player 1 now comes with at least as much for player 2 as before, and under Nash
# player 2 gets less.
#
# ## Axioms, tested
#
# The kit in `sim.testing` searches for a counterexample to an axiom and reports the smallest that
# it finds. It knows which axioms each solution promises:

# %%
from sim.testing import SATISFIES, AxiomViolation, check_axiom

for name, axioms in SATISFIES.items():
    print(f"{name}: {', '.join(axioms)}")

# %%
for name, axiom in (
    ("nash", "independence_of_irrelevant_alternatives"),
    ("kalai_smorodinsky", "restricted_monotonicity"),
    ("perles_maschler", "superadditivity"),
):
    check_axiom(name, axiom, examples=30)
    print(f"{name} keeps {axiom}")

for name, axiom in (("nash", "restricted_monotonicity"), ("kalai_smorodinsky", "superadditivity")):
    try:
        check_axiom(name, axiom)
        raise AssertionError("no counterexample was found")
    except AxiomViolation as violation:
        print(f"\n{name} breaks {axiom}:\n{violation}")

# %% [markdown]
# The last line is the seed of this whole project. Kalai–Smorodinsky is not superadditive, nor is
# Nash: bargaining over two tables together can leave a player with less than bargaining over them
# apart. That is [the next notebook](03_linkage.py).
#
# ## When there is no deal
#
# Where no outcome gives every player a gain, the answer says so. It is data: payoffs are $d$,
# `agreement` is False.

# %%
hopeless = solve(FiniteProblem([[1, -1], [-1, 1]], [0.5, 0.5]), "nash")
print(hopeless.agreement, hopeless.payoffs)
assert not hopeless.agreement[0]
