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
# # When does linkage help, and whom?
#
# Three textbook facts, each derived by hand, solved by the program, and compared: the hostage
# theorem (linkage moves payoffs and creates none), neutrality (with free side payments it does
# nothing), and *no pain, no gain* (adding an issue that hurts you can help you).

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import sim
from sim.bargaining import from_functions, solve

THEORY = Path(sim.__file__).parents[1] / "scenarios" / "theory"

# %% [markdown]
# ## The hostage theorem
#
# Two files. A contested pie of size $s$: every split $u_1 + u_2 \le s$ can be had. And an
# uncontested gain: both sides want it, at $p$ to the first and $q$ to the second.
#
# **Apart**, Nash bargaining halves the pie and both enjoy the other file: $(s/2 + p,\ s/2 + q)$.
#
# **Linked**, failure costs both files. The feasible set is $u_1 + u_2 = s + p + q$ with $p \le u_1
# \le s + p$, because only the pie can be moved. The Nash product $u_1 (s + p + q - u_1)$ is concave
# in $u_1$ and highest at the middle, so
#
# $$u_1 = \min\{\max\{(s + p + q)/2,\ p\},\ s + p\}.$$
#
# Against $s/2 + p$ that is a loss of $\min\{|p - q|, s\}/2$ for whoever has the larger uncontested
# gain: it has more to lose from failure, and pays for that with the pie.


# %%
def linked_nash(s, p, q):
    """Solve the linked table: the payoffs of A and B."""
    table = from_functions(
        {
            "A": lambda share, done: s * share + p * done,
            "B": lambda share, done: s * (1 - share) + q * done,
        },
        {"share": (0, 1), "done": (0, 1)},
        disagreement=[0, 0],
    )
    return solve(table, "nash").payoffs[0]


for s, p, q in [(1, 2, 0.1), (1, 0.3, 0.6), (2, 1, 1), (0.5, 0.1, 3)]:
    found = linked_nash(s, p, q)
    expected = np.clip((s + p + q) / 2, p, s + p)
    print(f"s={s} p={p} q={q}: A {found[0]:.4f}, by the formula {expected:.4f}")
    assert abs(found[0] - expected) < 1e-5

# %% [markdown]
# The shape of it, with a slider for what the uncontested file is worth to A:


# %%
def hostage(p=2.0, q=0.1, s=1.0):
    """Draw the set of payoffs apart and linked."""
    apart = np.array([s / 2 + p, s / 2 + q])
    linked = np.array([np.clip((s + p + q) / 2, p, s + p), 0.0])
    linked[1] = s + p + q - linked[0]
    _, axes = plt.subplots(figsize=(4.2, 3.4), layout="constrained")
    axes.plot([p, s + p], [s + q, q], color="0.2", label="frontier, linked")
    axes.plot([0, 4], [0, 4], color="0.8", lw=0.8, zorder=0)
    axes.plot(*apart, "o", color="#0072B2", label="separate")
    axes.plot(*linked, "s", color="#D55E00", label="linked")
    axes.plot(0, 0, "x", color="0.2", label="breakdown of both files")
    axes.set(xlabel="payoff of A", ylabel="payoff of B", xlim=(-0.2, 4), ylim=(-0.2, 4))
    axes.legend(frameon=False, fontsize=8)


hostage()

# %%
from ipywidgets import interact

interact(hostage, p=(0.0, 3.0, 0.1), q=(0.0, 3.0, 0.1), s=(0.1, 1.0, 0.1))
plt.close("all")

# %% [markdown]
# The same from the scenario file, with the Kalai–Smorodinsky solution beside: a verdict on linkage
# is always one *under a solution*.

# %%
result = sim.simulate(THEORY / "hostage-linkage.yaml")
print(result["payoff_change"].isel(draw=0).sel(solution="nash").to_pandas())
print(result["linkage_gain"].isel(draw=0).to_pandas())
gain = result["linkage_gain"].isel(draw=0).sel(solution="nash")
assert np.allclose(gain, [-0.5, 0.5], atol=1e-5)

# %% [markdown]
# `linked-by-consent` equals `separate`: where walking away from the linked table brings back the
# separate deals, nobody can be held hostage, and nothing can be gained from trading across these
# two files.
#
# ## Neutrality
#
# Suppose each table has a currency of its own, money without limit. Then table $a$ with surplus
# $\sigma_a$ and disagreement $d^a$ gives $d^a_i + \sigma_a/2$, and the sum over the tables is
# $\sum_a d^a_i + \tfrac12 \sum_a \sigma_a$: exactly what one table with the summed surplus and the
# summed disagreement gives. Linkage does nothing.

# %%
neutral = sim.simulate(THEORY / "neutrality.yaml")
print(neutral["payoff_change"].isel(draw=0).sel(solution="nash").to_pandas())
assert np.abs(neutral["linkage_gain"]).max() < 1e-6

# %% [markdown]
# ## No pain, no gain
#
# The first file is a gain of 6 that money divides. The second costs A 1 and brings B 4, and there
# is nothing at its table to pay with: apart, A vetoes it. Linked, it is paid for in the first file,
# and both have $(6 - 1 + 4)/2 = 4.5$ where they had 3.

# %%
project = sim.simulate(THEORY / "no-pain-no-gain.yaml")
print(project["payoff_change"].isel(draw=0).sel(solution="nash").to_pandas())
assert np.allclose(project["linkage_gain"], 1.5, atol=1e-5)

# %% [markdown]
# So linkage creates value where a table lacks a currency (logrolling), moves value where the stakes
# in failure differ (coercion), and can destroy it: if a linked protection is trusted less, both
# sides lose what the trust was worth (erosion).
#
# ## The product never falls
#
# One inequality survives every shape of the sets. If payoffs are separable across tables,
# disagreement payoffs add up and outcomes elsewhere are fixed, then the sum of the separate deals
# is feasible at the linked table, and the linked table maximises the product of gains:
#
# $$\prod_i g_i(\text{linked}) \ \ge\ \prod_i \sum_{\text{tables}} g_i(\text{separate}).$$
#
# A single factor may fall, as A's did above: $2.0 \times 1.1 \ge 2.5 \times 0.6$.

# %%
from sim.bargaining import FiniteProblem, minkowski_sum

rng = np.random.default_rng(1)
worst, hurt = np.inf, 0
for _ in range(200):
    tables = [FiniteProblem(rng.uniform(0, 4, (5, 2)), [0, 0], lotteries=True) for _ in range(2)]
    separate = sum(solve(table, "nash").payoffs[0] for table in tables)
    linked = solve(minkowski_sum(*tables), "nash").payoffs[0]
    worst = min(worst, linked.prod() / separate.prod())
    hurt += bool((linked < separate - 1e-9).any())
print(
    f"smallest ratio of the products: {worst:.6f}; "
    f"somebody loses by linkage in {hurt} of 200 pairs of tables"
)
assert worst > 1 - 1e-9

# %% [markdown]
# Somebody loses in two pairs of five, and the product never falls: linkage is efficient for the
# pair and risky for each. Who demands linkage should first ask who has more to lose if the talks
# fail.
