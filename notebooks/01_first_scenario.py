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
# # A first scenario
#
# A case is a text file. It says who bargains over what, what an outcome is worth to each side, and
# what happens where there is no deal. Everything else follows: the tables, the regimes, the
# solutions. Here we read the textbook case for linkage, *logrolling*, and then write a case of our
# own.

# %%
from pathlib import Path

import sim

SCENARIOS = Path(sim.__file__).parents[1] / "scenarios"
text = (SCENARIOS / "theory" / "logrolling.yaml").read_text()
print(text)

# %% [markdown]
# Two pies, two tables. A values the first pie at 3 and the second at 1; B the other way round. Who
# baked a pie divides it; who does not agree goes hungry.
#
# `simulate` solves every regime under every solution. The answer is a labelled `xarray.Dataset`, so
# that a number is asked for by name.

# %%
result = sim.simulate(SCENARIOS / "theory" / "logrolling.yaml")
change = result["payoff_change"].isel(draw=0)
change.sel(solution="nash").to_pandas()

# %% [markdown]
# Apart, each table halves its pie: $3/2 + 1/2 = 2$ for each. Linked, each side takes the pie that
# it cares for: 3 and 3. The **linkage gain** is the difference, draw by draw, and it is split
# exactly into three parts:
#
# $$
# \underbrace{u(\text{by consent}) - u(\text{separate})}_{\text{logrolling}}
# + \underbrace{u(\text{linked, no erosion}) - u(\text{by consent})}_{\text{coercion}}
# + \underbrace{u(\text{linked}) - u(\text{linked, no erosion})}_{\text{erosion}} .
# $$
#
# Here all of it is logrolling: nobody is threatened, and nobody's trust is spent.

# %%
parts = result["decomposition"].isel(draw=0).sel(solution="nash")
print(parts.sel(part=["logrolling", "coercion", "erosion"]).to_pandas())
assert abs(parts.sel(part="logrolling").values - 1).max() < 1e-6

# %% [markdown]
# ## A case of one's own
#
# Two neighbours share a river. The upstream one, U, could stop polluting (that costs it 2, and is
# worth 5 to the other, D) and D could open its port (that costs it 1, and is worth 4 to U). Neither
# table has anything to pay with.

# %%
from sim.scenario import parse_scenario

RIVER = """
title: River and port
unit: units of payoff
summary: Two favours, each at a table where nobody can pay for it.
as_of: 2025-04-17
players:
  U: { name: upstream }
  D: { name: downstream }
issues:
  clean: { label: Share of the pollution stopped, parties: [U, D], track: river, unit: share,
           range: [0, 1], status_quo: 0, breakdown: 0 }
  port:  { label: Share of the port opened, parties: [U, D], track: harbour, unit: share,
           range: [0, 1], status_quo: 0, breakdown: 0 }
payoffs:
  cleaning: { linear: clean, weights: { U: -2, D: 5 } }
  opening:  { linear: port, weights: { U: 4, D: -1 } }
solutions: [nash, kalai_smorodinsky, egalitarian]
simulate: { draws: 1, seed: 0, sampler: random }
"""
river = sim.simulate(parse_scenario(RIVER, name="river.yaml"))
print(river["payoff_change"].isel(draw=0).sel(solution="nash").to_pandas())
print(river["agreement"].isel(draw=0).sel(solution="nash").to_pandas())

# %% [markdown]
# Apart there is no deal at either table: 0 in the second table means *no agreement*, a result like
# any other, and −1 *no such table under this regime*. Linked, both favours are done.
#
# A mistake is answered with its place, what is wrong, and what is allowed:

# %%
try:
    parse_scenario(
        RIVER.replace("range: [0, 1], status_quo: 0", "range: [1, 0], status_quo: 0"),
        name="river.yaml",
    )
except sim.ScenarioError as fault:
    print(fault)

# %% [markdown]
# ## What is uncertain
#
# A number may be a distribution. Suppose nobody knows how much the clean river is worth to D:
# somewhere between 1 and 6.

# %%
unsure = parse_scenario(
    RIVER.replace("D: 5", "D: { uniform: [1, 6] }").replace("draws: 1,", "draws: 512,"),
    name="river.yaml",
)
many = sim.simulate(unsure, solutions=("nash",))
summary = sim.summarise(many)
print(summary["linkage_gain"].sel(solution="nash").to_pandas().round(3))
print(summary["p_gain"].to_pandas())

# %% [markdown]
# The standard error stands beside the mean. Every regime sees the same draws, so that a difference
# between regimes is a difference within each draw.

# %%
chart = sim.plots.draw("who-gains", many, {"regimes": ("linked",)})
print(chart.alt)
chart

# %% [markdown]
# Next: [what a solution is](02_bargaining_solutions.py), and [when linking hurts](03_linkage.py).
