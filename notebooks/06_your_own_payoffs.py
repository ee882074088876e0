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
# # Payoffs of your own
#
# Scenario files have no language of formulas, on purpose: a file should read aloud. What the
# built-in terms do not cover is a Python function. It is added beside the terms of the file, is
# differentiated numerically, and should be tested like everything else.
#
# The example: in the hostage case, A also cares for *safety in numbers*, with each further soldier
# worth less than the one before, and the last worth nothing.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import sim
from sim.payoffs import CustomTerm, Payoffs
from sim.results import plan_run
from sim.testing import LawViolation, assert_laws, check_laws

SCENARIO = Path(sim.__file__).parents[1] / "scenarios" / "theory" / "hostage-linkage.yaml"
case = sim.load_scenario(SCENARIO)
issues, players = list(case.issues), list(case.players)

# %% [markdown]
# A term's function gets the outcomes as an array, **one row a draw, one column an issue**, and
# returns one row a draw, one column a player. What differs between draws is handed over as
# `parameters`, so that a solver can work on some draws.


# %%
def saturating(x, worth):
    """Return what the troops are worth to A, rising and flat at the end: worth x (2 - x)."""
    troops = x[:, 0]
    return worth * troops * (2 - troops)


def term_of(worth):
    """Return the term for A over the troops."""
    return CustomTerm(
        saturating,
        players=(players.index("A"),),
        issues=(issues.index("troops"),),
        name="safety in numbers",
        domain="security",
        lower=(0.0,),
        upper=(1.0,),
        parameters=(worth,),
    )


# %% [markdown]
# ## First test it
#
# `check_laws` tries points over the whole box: is the payoff finite everywhere, does the gradient
# fit, does it rise where it should, is it concave?

# %%
payoffs = Payoffs.from_status_quo(("A", "B"), tuple(issues), [term_of(1.0)], status_quo=[0, 0, 0])
lower, upper = [0, 0, 0], [1, 1, 1]
troops = issues.index("troops")
for law in check_laws(payoffs, lower, upper, monotone={(0, troops): +1}):
    print(f"{'holds' if law.holds else 'BROKEN'}  {law.name}: {law.message}")
assert_laws(payoffs, lower, upper, monotone={(0, troops): +1})

# %% [markdown]
# A mistake is found, with the simplest point at which it shows. Suppose that the 2 had been a 1.5:


# %%
def mistaken(x):
    """Return a payoff that falls in the end."""
    return (x[:, 0] * (1.5 - x[:, 0]))[:, None]


try:
    assert_laws(mistaken, [0], [1], monotone={(0, 0): +1})
    raise AssertionError("the mistake was not found")
except LawViolation as violation:
    print(violation)

# %% [markdown]
# The same as a Hypothesis test, for any worth:

# %%
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=25, deadline=None, database=None)
@given(worth=st.floats(0.1, 10), z=st.floats(0, 1))
def test_value_and_slope(worth, z):
    """Compare value and numerical derivative with the formulas."""
    one = Payoffs.from_status_quo(("A", "B"), tuple(issues), [term_of(worth)], status_quo=[0, 0, 0])
    x = np.zeros((1, 3))
    x[0, troops] = z
    assert abs(one.money(x)[0, 0] - worth * z * (2 - z)) < 1e-12 * worth
    assert abs(one.gradient(x)[0, 0, troops] - 2 * worth * (1 - z)) < 1e-6 * worth


test_value_and_slope()

# %% [markdown]
# ## Then bargain with it
#
# `plan_run(..., extra=...)` lays the term beside those of the file. At the end of the range the
# function is worth its full amount, so it raises A's uncontested gain from 2 to $p = 2 + w$. The
# hostage theorem then says that the linked payoff of A is $\min\{\max\{(1 + p + q)/2,\ p\},\ 1 +
# p\}$ with $q = 0.1$: A already gave up its share of the market, and keeps its $p$.


# %%
def linked_gain(worth):
    """Return the linkage gains of A and B."""
    run = plan_run(case, draws=1, solutions=("nash",), extra=(term_of(worth),))
    return sim.simulate(run)["linkage_gain"].values[0, 0]


for worth in (0.0, 0.5, 1.0):
    print(worth, linked_gain(worth).round(4))
    assert np.allclose(linked_gain(worth), [-0.5, 0.5], atol=1e-4)

# %% [markdown]
# If instead the troops were worth less to A, its loss would be $|p - q|/2$, as long as that is
# below half of the market.


# %%
def curve(q=0.1):
    """Draw A's linkage gain by what the troops are worth to it."""
    p = np.linspace(0, 3, 61)
    loss = np.clip((1 + p + q) / 2, p, 1 + p) - (0.5 + p)
    _, axes = plt.subplots(figsize=(4.2, 2.8), layout="constrained")
    axes.axhline(0, color="0.6", lw=0.8)
    axes.plot(p, loss, color="#D55E00")
    axes.set(xlabel="worth of the troops to A", ylabel="linkage gain of A", ylim=(-0.6, 0.6))


curve()

# %%
from ipywidgets import interact

interact(curve, q=(0.0, 3.0, 0.1))
plt.close("all")

# %% [markdown]
# A result with Python terms cannot be made again from what it says of itself, since a function is
# not data; `sim.results.rerun` says so by name. A term that others will need belongs into the
# program: see *add a term* in the documentation.
