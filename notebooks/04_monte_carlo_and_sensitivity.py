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
# # Monte Carlo: how sure are we, and what does it rest on?
#
# Nobody knows a stake, an elasticity or a credibility exactly. A scenario gives each a
# distribution, and the model is solved in every draw. Three questions follow: how precise is the
# mean, which number drives it, and where does the sign flip.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import sim
from sim.results import discover, plan_run, sobol, tornado

BASE = Path(sim.__file__).parents[1] / "scenarios" / "us-allies-cars-only.yaml"
REGIMES = ("separate", "linked")

# %% [markdown]
# ## Draws
#
# Independent draws have a standard error of $s/\sqrt{n}$. A scrambled Sobol' sequence fills the
# space more evenly; its error cannot be read off a single sequence, so eight independently
# scrambled ones are used, and the standard error comes from the spread of their means. Either way
# draw $n$ is the same whatever the number of workers, and **seed 0 is a seed**.

# %%
for sampler in ("random", "sobol"):
    result = sim.simulate(
        BASE, draws=512, sampler=sampler, seed=1, regimes=REGIMES, solutions=("nash",)
    )
    summary = sim.summarise(result)
    gain = summary["linkage_gain"].sel(solution="nash", player="JPN")
    mean, error = (float(gain.sel(statistic=name)) for name in ("mean", "se"))
    print(f"{sampler:7} mean {mean:.4f}  standard error {error:.4f}")

# %% [markdown]
# ## Paired draws
#
# Every regime sees the same draws, so the gain is a difference within each draw. What that saves,
# against two independent runs:

# %%
change = result["payoff_change"].sel(solution="nash", player="JPN")
apart, linked = change.sel(regime="separate"), change.sel(regime="linked")
paired = float((linked - apart).std())
unpaired = float(np.sqrt(apart.var() + linked.var()))
print(f"standard deviation of the difference: paired {paired:.2f}, unpaired {unpaired:.2f}")
print(f"so paired draws are worth {(unpaired / paired) ** 2:.0f} times as many")
assert paired < unpaired

# %%
sim.plots.draw("convergence", result)

# %% [markdown]
# ## Tornado
#
# One number at a time from its 5 % to its 95 % quantile, all else at the median. Easy to read,
# blind to interactions.

# %%
planned = plan_run(BASE, regimes=REGIMES, solutions=("nash",))
bars = tornado(planned)
sim.plots.draw("tornado", bars)

# %% [markdown]
# ## Sobol' indices
#
# The first-order index of a parameter is the share of the variance that knowing it alone would
# remove, $S_i = \operatorname{Var}(\mathbb E[Y \mid \theta_i])/\operatorname{Var}(Y)$; the total
# index is the share that would be left if all *others* were known, $T_i = \mathbb
# E[\operatorname{Var}(Y \mid \theta_{-i})]/\operatorname{Var}(Y)$. Both assume independent inputs,
# so correlated parameters are taken as one (`grouped=True`).

# %%
indices = sobol(planned, points=32, grouped=True)
chart = sim.plots.draw("sobol", indices)
print(chart.alt)
chart

# %% [markdown]
# With 32 base points the intervals are wide; `sim sensitivity` uses 1,024.
#
# ## Where linkage pays
#
# PRIM peels the space of parameters into a box in which a player gains in most draws (Friedman and
# Fisher 1999). It says under which conditions the rare case occurs.

# %%
found = discover(result, player="JPN", density=0.6)
print(f"in all draws {found.share:.0%} gain; in the box {found.box.density:.0%}")
for name, low, high in zip(found.box.names, found.box.lower, found.box.upper, strict=True):
    if np.isfinite([low, high]).any():
        print(f"{name}: {low:.3g} to {high:.3g}")
print(f"checked on draws that did not shape the box: {found.held_out.density:.0%}")

# %%
erosion = result["theta"].sel(parameter="erosion")


def scatter(player="JPN"):
    """Draw the gain against erosion."""
    gain = result["linkage_gain"].sel(solution="nash", player=player)
    _, axes = plt.subplots(figsize=(4.6, 3), layout="constrained")
    axes.axhline(0, color="0.6", lw=0.8)
    axes.plot(erosion, gain, ".", ms=3, color="#0072B2")
    axes.set(xlabel="erosion of credibility", ylabel=f"gain of {player}, USD bn a year")


scatter()

# %%
from ipywidgets import interact

interact(scatter, player=["US", "JPN", "ROK"])
plt.close("all")

# %% [markdown]
# The answer rests on the erosion of trust and on the stakes that it multiplies. A mean with a small
# standard error would hide that.
