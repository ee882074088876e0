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
# # April 2025: troop costs and tariffs on one table
#
# On 8 April 2025 the American president told Seoul that tariffs and payment for military protection
# would be settled together, "one-stop shopping"; a week later Tokyo heard the same. Payments,
# tariffs and troops had been separate files for decades. Does putting them on one table pay, and
# for whom?
#
# This notebook runs with a few hundred draws, so that it ends within a minute; `sim run` takes ten
# thousand.

# %%
from pathlib import Path

import numpy as np

import sim
from sim.results import plan_run

SCENARIOS = Path(sim.__file__).parents[1] / "scenarios"
BASE = SCENARIOS / "us-allies-2025-04.yaml"
case = sim.load_scenario(BASE)
print(case.title, case.summary, sep="\n")
print(
    f"{len(case.issues)} issues, {len(case.payoffs)} payoff terms, "
    f"{len(case.uncertain)} uncertain numbers"
)

# %% [markdown]
# ## What is at stake
#
# Twelve issues, six with each ally; and many numbers that nobody knows exactly, each with a range
# and its reason.

# %%
for key, issue in case.issues.items():
    print(f"{key:12} {issue.label}")
print()
for known in case.uncertain[:4]:
    print(f"{known.name}: {known.why}")

# %% [markdown]
# ## Who gains from linkage

# %%
result = sim.simulate(BASE, draws=512, solutions=("nash",))
summary = sim.summarise(result)
table = summary["linkage_gain"].sel(solution="nash").to_pandas().round(3)
print(table)
print(
    "share of draws with a gain:",
    summary["p_gain"].sel(solution="nash").to_pandas().round(3).to_dict(),
)

# %%
chart = sim.plots.draw("who-gains", result, {"regimes": ("linked-by-consent", "linked")})
print(chart.alt)
chart

# %% [markdown]
# ## Why
#
# Logrolling, coercion and erosion add up to the gain in every draw.

# %%
parts = result["decomposition"].sel(solution="nash", part=["logrolling", "coercion", "erosion"])
print(parts.mean("draw").to_pandas().round(3))
gain = result["linkage_gain"].sel(solution="nash")
assert np.allclose(parts.sum("part"), gain, atol=1e-9)
sim.plots.draw("decomposition", result)

# %% [markdown]
# Trading across files is worth a little to everybody. The joint threat moves a little from
# Washington to its allies: a failure of the linked table would cost America more than it would cost
# them, which is the [hostage theorem](03_linkage.py). What decides the sign is *erosion*, the
# credibility that a protection loses when it becomes part of a trade deal.
#
# ## What would be agreed

# %%
sim.plots.draw("outcomes", result)

# %% [markdown]
# ## What the answer rests on
#
# Nobody has measured erosion, so we ask at what value the sign flips, all else as it is.

# %%
from sim.montecarlo.sweeps import Vary
from sim.results import sweep

planned = plan_run(BASE, regimes=("separate", "linked"), solutions=("nash",))
swept = sweep(planned, [Vary("erosion", tuple(np.linspace(0, 0.2, 5)))], draws=128)
print(swept["linkage_gain"].sel(solution="nash", statistic="mean").to_pandas().round(3))
sim.plots.draw("sweep", swept)

# %% [markdown]
# ## Other readings of the same day
#
# A variant is a file that says what differs. Three of them: trust suffers hardly at all, only cars
# and payments are on the table, and a threat to withdraw that is meant.

# %%
for name in ("us-allies-erosion-low", "us-allies-cars-only", "us-allies-credible-withdrawal"):
    variant = sim.simulate(
        SCENARIOS / f"{name}.yaml", draws=128, regimes=("separate", "linked"), solutions=("nash",)
    )
    means = variant["linkage_gain"].sel(solution="nash").mean("draw").to_pandas().round(2).to_dict()
    print(f"{name:32} {means}")

# %% [markdown]
# ## Limits
#
# - **The order of the effects, not their size.** The largest, erosion, is the one that nobody has
#   measured. Its range is a judgement, and [docs/data.md](../docs/data.md) says so number by
#   number.
# - **Stated interests, not a forecast.** Governments are taken to want what the payoffs say. That
#   the files were linked in fact says that somebody weighed them otherwise.
# - **The reference is the world before April 2025**; a line of the results says what the whole
#   affair brought or cost against it. Comparisons between regimes hardly depend on that, levels do.
# - **One solution is one view.** Nash bargaining was used here; the other solutions are a keyword
#   away, and a verdict on linkage may differ between them.
# - **Left out**: retaliation, arms purchases, energy, the exchange rate, and everything after 17
#   April 2025.
#
# And the arithmetic can be checked: draws that did not converge are counted, not dropped.

# %%
failed = int((~result["converged"]).sum())
print(f"solutions that did not converge: {failed} of {result['converged'].size}")
print("largest standard error of a gain:", float(summary["linkage_gain"].sel(statistic="se").max()))
