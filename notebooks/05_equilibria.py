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
# # Equilibria around the table
#
# A bargaining solution says how a table ends. Strategy decides before and after: whether tables are
# linked at all, what is threatened, how talks run in time, what is not known, and whether the deal
# is kept.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import sim
from sim import games
from sim.plots import draw_game, table_of

SCENARIOS = Path(sim.__file__).parents[1] / "scenarios"

# %% [markdown]
# ## Threats
#
# What happens without a deal may itself be a game. In the tariff dilemma each side's best tariff is
# 1/3 whatever the other does, though both prefer 0. The war is a Nash equilibrium, and the war is
# the disagreement point.

# %%
war = sim.simulate(SCENARIOS / "theory" / "tariff-prisoners-dilemma.yaml")
nash = war.sel(solution="nash", regime="from-tariff-war").isel(draw=0)
print("tariffs agreed:", nash["outcome"].values, " gain:", nash["payoff_change"].values)
assert np.allclose(nash["payoff_change"], 1 / 36, atol=1e-5)
sim.plots.draw("best-responses", war, {"regime": "from-tariff-war"})

# %% [markdown]
# Nash (1953) let both sides choose threats *because* of what they do to the bargain. With money to
# divide, only the difference $A - B$ of a threat's damage counts: the threat game is the zero-sum
# game $A - B$ with value $v$, and of a total $\sigma$ the players get $(\sigma \pm v)/2$.

# %%
ours = [[2, -1], [0, 1]]
theirs = [[1, -2], [3, 0]]
best = games.optimal_threats_transferable(ours, theirs, surplus=8)
print("threats:", best.row, best.column, " bargain:", best.payoffs)
assert np.allclose(best.payoffs, [[(8 + 1) / 2, (8 - 1) / 2]])  # the zero-sum game has value 1

# %% [markdown]
# ## Stances
#
# Before any table meets, Washington chooses whether to link, the ally whether to accept. Suppose
# linking with consent is worth 2 to each, pressing against insistence leaves both at −1, and apart
# they have 1 and 1.

# %%
stance = games.bimatrix([[1, 1], [2, -1]], [[1, 1], [2, -1]])
for one in games.equilibria(stance):
    print([np.round(p, 3) for p in one.profile], one.payoffs.round(3), "regret", one.regret)
draw_game(table_of(stance))

# %% [markdown]
# Several equilibria: no single prediction. The program reports P(linkage) as an interval, *in every
# equilibrium* to *in some equilibrium*, and beside it two selections: risk dominance, and the limit
# of the logit quantal response path, on which players err less and less.

# %%
print("risk dominant actions:", games.risk_dominant(stance).actions)


print("end of the logit path:", [np.round(p, 3) for p in games.logit_selection(stance).profile])

# %% [markdown]
# ## Offers over time
#
# Rubinstein (1982): A and B offer in turn, a pie of 1, discount factors $\delta_A, \delta_B$. The
# proposer offers what makes the other just accept, $1 - x_A = \delta_B x_B$ and $1 - x_B = \delta_A
# x_A$, so
#
# $$x_A = \frac{1 - \delta_B}{1 - \delta_A \delta_B}.$$

# %%
delta = np.array([0.9, 0.8])
found = games.stationary_equilibrium(games.Pie(1.0), games.Talks(delta))
formula = (1 - delta[1]) / (1 - delta[0] * delta[1])
print(f"A proposes first and gets {found.payoffs[0, 0, 0]:.6f}; the formula says {formula:.6f}")
assert abs(found.payoffs[0, 0, 0] - formula) < 1e-9

# %% [markdown]
# As offers come faster the first mover's advantage vanishes, and the split approaches the Nash
# solution with weights $1/r_i$: patience is power. Move the slider for the impatience of B.


# %%
def patience(rate_b=0.2):
    """Draw the share of A by the time between offers."""
    steps = np.geomspace(3, 0.01, 12)
    offers = games.convergence_path(games.Pie(1.0), [0.1, rate_b], intervals=steps)
    _, axes = plt.subplots(figsize=(4.4, 3), layout="constrained")
    axes.semilogx(steps, offers.payoffs[:, 0, 0, 0], label="A offers first")
    axes.semilogx(steps, offers.payoffs[:, 0, 1, 0], "--", label="B offers first")
    axes.axhline(offers.limit[0, 0], color="0.5", lw=0.8, label="Nash, weights 1/r")
    axes.set(xlabel="years between offers", ylabel="share of A", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8)


patience()

# %%
from ipywidgets import interact

interact(patience, rate_b=(0.02, 0.5, 0.02))
plt.close("all")

# %% [markdown]
# ## Private information
#
# Why do talks fail at all, if everybody knows that a deal beats failure? Because they do not know.
# A seller with cost $c$ faces a value uniform on [0, 1]: the best price is $(1 + c)/2$, and it is
# refused with that same probability.

# %%
price = games.uniform_price(0.2)
print(f"price {float(price.price):.2f}, refused with probability {float(price.breakdown):.2f}")
assert abs(float(price.price) - 0.6) < 1e-12

# %% [markdown]
# One offer is not the best that a proposer can do. On the frontier $u_0 = 1 - u_1^2$ with a
# responder whose fallback is 0 (probability 0.64) or 0.6, a single offer is worth 0.64 at best. A
# menu that offers the tough type what it needs, but only with some probability, is worth 0.698:
# risking failure keeps the weak type honest.

# %%
frontier = games.Curve(lambda u: 1 - u**2)
single = games.take_it_or_leave_it(
    frontier, proposer=0, reservations=[0, 0.6], beliefs=[0.64, 0.36]
)
menu = games.lottery_menu(frontier, proposer=0, reservations=[0, 0.6], beliefs=[0.64, 0.36])
print(f"single offer {single.value[0]:.4f}, menu {menu.value[0]:.4f}")
print(f"the menu fails with probability {menu.breakdown[0]:.2f}")
assert abs(menu.value[0] - 0.6976) < 1e-6

# %% [markdown]
# And no mechanism helps altogether: where both sides have secrets, independent and spread over
# intervals that overlap, efficient trade that is voluntary for every type needs a subsidy (Myerson
# and Satterthwaite 1983), 1/6 with two uniform values.

# %%
uniform = games.uniform_prior()
print(f"deficit {games.myerson_satterthwaite(uniform, uniform).deficit:.6f}")

# %% [markdown]
# ## Does the deal hold?
#
# A deal without a court holds if the future counts enough. Deviating pays $\mathit{dev}$ once and
# $N < c$ for ever after, against $c$ for ever: comply if $\delta \ge (\mathit{dev} -
# c)/(\mathit{dev} - N)$. In the tariff dilemma that is $(19/24 - 3/4)/(19/24 - 13/18) = 3/5$.
# Pooling two files pools their slack (Bernheim and Whinston 1990):

# %%
alone = games.critical_discount([19 / 24], [3 / 4], [13 / 18])
pooled = games.enforcement_linkage(
    deviation=[[3.0, 3.0], [2.2, 2.2]],
    cooperation=[[2.0, 2.0], [2.0, 2.0]],
    punishment=[[1.6, 1.6], [0.5, 0.5]],
)
print(f"tariff dilemma: {float(alone.agreement):.3f}")
print("two files alone:", pooled.separate_agreement.ravel().round(3))
print("two files pooled:", pooled.pooled_agreement.round(3))
assert abs(float(alone.agreement) - 0.6) < 1e-9

# %% [markdown]
# The first file, tempting and weakly punished, is rescued; the second pays for it. In the case of
# April 2025 `sim equilibria scenarios/us-allies-2025-04.yaml` answers all of this at once. Next:
# [payoffs of your own](06_your_own_payoffs.py).
