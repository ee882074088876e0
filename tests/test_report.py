"""The report: its sentences against the numbers, its page against what a browser needs."""

import html
import html.parser
import json
import math
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from sim.cli.app import app
from sim.errors import ResultError
from sim.plots.style import percent
from sim.report import Evidence, Gain, answer, render
from sim.report.assumptions import assumption_tables
from sim.report.checks import caveats, check_tables
from sim.report.facts import read_facts
from sim.report.reproduce import recipe
from sim.report.tables import result_tables
from sim.report.words import likelihood, often, with_article
from sim.results import plan_run, simulate, summarise, to_dataset
from sim.results.planning import run_of
from sim.scenario import load_scenario, parse_scenario

ROOT = Path(__file__).parent.parent
PIES = """
title: Two pies & <one> "table"
summary: Is a pie of 100 % better than two of 50 %?
unit: units of payoff
players: {A: {name: United Pies}, B: {name: Bakery}}
parameters:
  taste: {value: {uniform: [0.5, 3]}, why: Nobody knows <how> hungry A is, source: A guess}
  love: {value: {triangular: [0, 1, 2]}}
issues:
  first: {parties: [A, B], track: first, range: [0, 1], status_quo: 0, breakdown: 0}
  second: {parties: [A, B], track: second, range: [0, 1], status_quo: 0, breakdown: 0.1,
           note: A note of its own}
payoffs:
  a: {linear: first, weights: {A: taste, B: -0.5}, why: Because}
  b: {linear: second, weights: {A: -0.5, B: love}}
regimes: {linked: {erosion: 0}}
simulate: {draws: 48, seed: 3, sampler: random}
solutions: [nash]
"""


@cache
def pies():
    return simulate(plan_run(parse_scenario(PIES, name="pies.yaml"), draws=48))


@cache
def page():
    return render(pies())


# ---- sentences ----------------------------------------------------------------------------------


def gains():
    """One player's gain with any sign, error and share."""
    size = st.floats(-50, 50).map(lambda v: round(v, 3))
    share = st.floats(0, 1)
    return st.builds(
        lambda name, mean, se, spread, share, tied: Gain(
            player=name,
            mean=mean,
            se=se,
            low=mean - spread,
            high=mean + spread,
            share=share * (1 - tied),
            tied=tied,
            scale=10.0,
        ),
        st.text("abcdefgh", min_size=3, max_size=6),
        size,
        st.none() | st.floats(0, 5),
        st.floats(0, 20),
        share,
        st.just(0.0) | st.just(1.0) | share,
    )


ANY = st.integers(1, 10_000)


def evidences(draws=ANY):
    """Evidence with or without parts and deals, few draws and many."""
    parts = st.dictionaries(
        st.sampled_from(["logrolling", "coercion", "erosion", "leverage", "packaging"]),
        st.floats(-5, 5),
    )
    deals = st.dictionaries(st.sampled_from(["linked", "separate", "trilateral"]), st.floats(0, 1))

    @st.composite
    def build(draw):
        known = draw(st.lists(gains(), max_size=4, unique_by=lambda g: g.player))
        return Evidence(
            unit="USD bn",
            draws=draw(draws),
            uncertain=draw(st.booleans()),
            gains=tuple(known),
            parts={g.player: draw(parts) for g in known},
            deals=draw(deals),
            payoffs={"trilateral": {g.player: (g.mean, g.se) for g in known}},
        )

    return build()


@given(evidences())
def test_always_three_sentences_without_a_hole(evidence):
    told = answer(evidence)
    assert len(told) == 3
    for sentence in told:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert not re.search(r"\b(nan|inf|None)\b|∞|  |\.\.", sentence)


VERBS = {
    "gain": ("pays for",),
    "loss": ("costs",),
    "open": ("cannot be told from zero",),
    "same": ("makes no difference",),
}


@given(evidences().filter(lambda e: e.gains))
def test_first_sentence_puts_every_player_on_its_side(evidence):
    first = answer(evidence)[0]
    clauses = first.split("; it ")
    for gain in evidence.gains:
        if gain.tied >= 1.0:
            side = "same"
        elif gain.mean == 0.0 or (gain.se is not None and abs(gain.mean) <= 2 * gain.se):
            side = gain.verdict
            assert side in ("open", "same")
        else:
            side = "gain" if gain.mean > 0 else "loss"
        assert gain.verdict == side or abs(gain.mean) <= 1e-5
        mine = [c for c in clauses if re.search(rf"\b{gain.player}\b", c)] or [first]
        assert any(verb in mine[0] for verb in VERBS[gain.verdict])
        everybody_ties = all(g.verdict == "same" for g in evidence.gains)
        assert everybody_ties or re.search(rf"\b{gain.player}\b", first)


@given(evidences(st.integers(30, 10**6)).filter(lambda e: e.gains and e.uncertain))
def test_second_sentence_says_chances_in_words_and_figures(evidence):
    second = answer(evidence)[1]
    if all(g.tied >= 1.0 for g in evidence.gains):
        assert f"{evidence.draws:,}" in second
        return
    for gain in evidence.gains:
        told = f"{likelihood(gain.share)} for {gain.player} ({often(gain.share)}"
        assert told in second


@given(evidences(st.integers(2, 29)).filter(lambda e: e.gains and e.uncertain))
def test_few_draws_are_counted_not_called_likely(evidence):
    second = answer(evidence)[1]
    assert "likely" not in second
    for gain in evidence.gains:
        if not all(g.tied >= 1.0 for g in evidence.gains):
            assert f"gains in {round(gain.share * evidence.draws)} of {evidence.draws}" in second


@given(evidences().filter(lambda e: e.gains))
def test_reason_is_the_largest_part_in_the_direction_of_the_mean(evidence):
    third = answer(evidence)[2]
    for gain in evidence.gains:
        parts = evidence.parts[gain.player]
        three = ("logrolling", "coercion", "erosion")
        if gain.verdict not in ("gain", "loss") or not all(p in parts for p in three):
            continue
        best = max(three, key=lambda p: parts[p] * math.copysign(1.0, gain.mean))
        if parts[best] * gain.mean > 0.0:
            assert re.search(rf"{best}\b", third)
            assert re.search(rf"\b{gain.player} \(", third)


def test_missing_regimes_failed_talks_and_one_draw():
    nothing = answer(Evidence("USD bn", 10, payoffs={"trilateral": {"Japan": (1.0, 0.1)}}))
    assert "only trilateral" in nothing[0]
    assert "Japan +1.00 ±0.10" in nothing[1]
    one = Gain("United States", -1.0, None, -1.0, -1.0, 0.0)
    told = answer(Evidence("USD bn", 1, gains=(one,), deals={"linked": 0.0, "separate": 1.0}))
    assert told[0].startswith("Linkage costs everybody: the United States −1, in USD bn")
    assert told[1] == "One draw says nothing of how sure this is."
    assert "if linked, at least one table fails in every draw" in told[2]
    assert "lacks the regimes" in told[2]
    tie = Gain("Japan", 0.0, 0.0, 0.0, 0.0, 0.0, tied=1.0)
    same = answer(Evidence("USD bn", 100, gains=(tie,)))
    assert "no difference to anybody" in same[0]
    assert same[1] == "That holds in every one of the 100 draws."


@given(st.floats(0, 1), st.floats(0, 1))
def test_likelihood_words_are_ordered(p, q):
    words = [likelihood(v) for v in (0.0, 0.01, 0.1, 0.33, 0.66, 0.9, 0.99)]
    assert len(set(words)) == 7
    low, high = sorted((p, q))
    assert words.index(likelihood(low)) <= words.index(likelihood(high))
    assert with_article("Japan") == "Japan"
    assert with_article("Republic of Korea") == "the Republic of Korea"


# ---- evidence from datasets ---------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=40),
    st.tuples(st.sampled_from([-5.0, 0.0, 5.0]), st.sampled_from([-5.0, 0.0, 5.0])),
)
def test_evidence_is_what_the_draws_say(steps, shift):
    result = crafted(np.array(steps, float) + np.array(shift))
    evidence = read_facts(result).evidence()
    gap = np.array(steps, float) + np.array(shift)
    for n, gain in enumerate(evidence.gains):
        own = gap[:, n]
        assert gain.mean == pytest.approx(own.mean(), abs=1e-12)
        assert gain.se == pytest.approx(own.std(ddof=1) / np.sqrt(len(own)), abs=1e-12)
        assert gain.share == np.mean(own > 0)
        assert gain.tied == np.mean(own == 0)
        assert gain.low == pytest.approx(np.quantile(own, 0.05))
        if gain.verdict in ("gain", "loss"):
            assert (own.mean() > 0) == (gain.verdict == "gain")
    assert evidence.deals == {"separate": 1.0, "linked": 0.5 if len(steps) % 2 == 0 else 1.0}
    assert len(answer(evidence)) == 3
    by_player = read_facts(result).difference("payoff_change", "nash")
    assert [by_player[p][0] for p in ("A", "B")] == pytest.approx(gap.mean(axis=0), abs=1e-12)


def crafted(gap):
    """Return a result of the pies in which linked − separate is `gap` (B, 2)."""
    run = plan_of_pies()
    n, issues = len(gap), len(run.coords["issue"][1])
    change = np.stack([np.ones_like(gap), 1.0 + gap], axis=1)[:, :, None]
    deal = np.ones((n, 2, 1, 2), dtype=np.int8)
    deal[:, 0, :, 1], deal[:, 1, :, 0] = -1, -1
    if n % 2 == 0:
        deal[::2, 1, :, 1] = 0
    arrays = {
        "payoff_change": change,
        "outcome": np.zeros((n, 2, 1, issues)),
        "agreement": deal,
        "converged": np.ones((n, 2, 1), bool),
        "residual": np.zeros((n, 2, 1)),
        "linkage_gain": gap[:, None],
    }
    labels = {
        "regime": ("separate", "linked"),
        "solution": ("nash",),
        "player": ("A", "B"),
        "issue": run.coords["issue"][1],
        "table": ("apart", "together"),
    }
    return to_dataset(arrays, labels, attrs={**run.attrs, "draws": n})


@cache
def plan_of_pies():
    return plan_run(parse_scenario(PIES, name="pies.yaml"), draws=48)


# ---- the page -----------------------------------------------------------------------------------

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(html.parser.HTMLParser):
    """Collects what the tests ask for; raises where tags do not nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.styles = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            self.styles.append(data)
        elif "svg" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@cache
def parsed():
    return Page(page())


def plain_text(text):
    return " ".join(text.replace("\u00a0", " ").split())


def test_loads_nothing():
    found = parsed()
    urls = [
        value
        for _, attrs, _ in found.tags
        for key, value in attrs.items()
        if key in ("src", "href", "xlink:href", "data", "action", "poster", "srcset")
    ]
    urls += [u for _, attrs, _ in found.tags for u in re.findall(r"url\(([^)]*)\)", str(attrs))]
    urls += re.findall(r"url\(([^)]*)\)|@import", " ".join(found.styles))
    assert urls
    assert all(url.startswith("#") or url == "data:," for url in urls)
    assert not [tag for tag, _, _ in found.tags if tag in ("script", "iframe", "object", "embed")]
    assert not [key for _, attrs, _ in found.tags for key in attrs if key.startswith("on")]
    policy = next(a["content"] for _, a, _ in found.tags if "Content-Security" in str(a))
    assert policy.startswith("default-src 'none'")


def test_links_and_identifiers_fit():
    ids = [attrs["id"] for _, attrs, _ in parsed().tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {a[k][1:] for _, a, _ in parsed().tags for k in ("href", "xlink:href") if k in a}
    assert links - {"ata:,"} <= set(ids)
    assert {"question", "answer", "figures", "tables", "assumptions", "diagnostics"} <= set(ids)


def test_every_figure_has_words():
    pictures = [a for tag, a, inside in parsed().tags if tag == "svg" and "svg" not in inside]
    assert len(pictures) >= 10
    assert all(a.get("role") == "img" and len(a.get("aria-label", "")) > 40 for a in pictures)
    assert not [tag for tag, _, _ in parsed().tags if tag == "img"]


def test_every_number_is_finite():
    assert not re.search(r"\b(nan|inf|infinity|None|undefined)\b|∞", parsed().text)
    geometry = [a.get(k, "") for _, a, _ in parsed().tags for k in ("d", "x", "y", "width")]
    assert not [g for g in geometry if re.search(r"nan|inf", g)]


def test_same_result_same_bytes(tmp_path):
    again = simulate(plan_run(parse_scenario(PIES, name="pies.yaml"), draws=48))
    assert render(again, tmp_path / "report.html") == page()
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page()


def test_answer_and_shares_are_those_of_the_draws():
    text = plain_text(parsed().text)
    for sentence in answer(read_facts(pies()).evidence()):
        assert sentence in text
    gap = pies()["linkage_gain"].values[:, 0]
    for n, name in enumerate(("United Pies", "Bakery")):
        share = percent(float(np.mean(gap[:, n] > 1e-6)))
        assert re.search(rf"{name}.*?gains in {re.escape(share)}", text)


def test_every_assumption_stands_there_with_reason_and_source():
    text = plain_text(parsed().text)
    scenario = parse_scenario(PIES, name="pies.yaml")
    wanted = [*scenario.parameters, *scenario.issues, *scenario.payoffs, "A note of its own"]
    wanted += ["Nobody knows <how> hungry A is", "A guess", "no source given: a judgement"]
    wanted += ["uniform(low 0.5, high 3)", "triangular(low 0, mode 1, high 2)", "Because"]
    for entry in wanted:
        assert entry in text
    bare = len(scenario.parameters) - 1 + len(scenario.issues) + len(scenario.payoffs)
    assert text.count("no source given: a judgement") == bare


def test_sourced_figures_of_the_case_are_all_listed():
    result = crafted_case()
    facts = read_facts(result)
    cells = [c for t in assumption_tables(facts) for row in t.rows for c in row]
    text = " ".join(f"{c.text} {c.small}" for c in cells)
    for item in facts.scenario.sources:
        for words in (item.why, item.source):
            assert words is None or words in text
    for uncertain in facts.scenario.uncertain:
        assert str(uncertain.distribution) in text
    assert "no source given" not in text
    assert all(player.source for player in facts.scenario.players.values())
    tables = result_tables(facts) + assumption_tables(facts) + check_tables(facts, {})
    assert all(len(row) == len(t.head) for t in tables for row in t.rows)
    assert len({t.name for t in tables}) == len(tables)


@cache
def crafted_case():
    path = ROOT / "scenarios" / "us-allies-2025-04.yaml"
    run = plan_run(
        load_scenario(path), draws=4, regimes=("separate", "linked"), solutions=("nash",)
    )
    return simulate(run)


def test_recipe_makes_the_same_run_again():
    facts = read_facts(pies())
    made = recipe(facts)
    text = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page(), re.S)[1])
    again = parse_scenario(text, name=made.file)
    assert again.sha256 == made.sha256 == run_of(pies().attrs).plan.scenario.sha256
    command = made.commands[0][1]
    for part in ("--draws 48", "--seed 3", "--sampler random", "--solutions nash", "pies.yaml"):
        assert part in command
    assert command in html.unescape(page())
    for name, version in made.versions.items():
        assert f"{name} {version}" in plain_text(parsed().text)
    assert made.remarks == ()


def test_summary_alone_and_one_regime_alone_have_reports():
    kept = render(summarise(pies()))
    found = Page(kept)
    assert "needs the draws" in found.text
    for sentence in answer(read_facts(pies()).evidence())[:2]:
        assert sentence in plain_text(found.text)
    scenario = parse_scenario(PIES, name="pies.yaml")
    alone = Page(render(simulate(plan_run(scenario, draws=3, regimes=("separate",)))))
    assert "does not say who gains from linkage" in plain_text(alone.text)
    assert alone.text.count("this run lacks one") == 5
    assert not re.search(r"\b(nan|inf|None)\b", alone.text)


def test_caveats_name_what_weakens_the_answer():
    few = read_facts(crafted(np.array([[1.0, -1.0], [2.0, -1.0]])))
    told = " ".join(caveats(few))
    assert "Only 2 draws" in told
    assert "1 of 2 parameters rest on judgement" in told
    assert "Nash solution" in told


def test_what_is_no_result_is_named():
    with pytest.raises(ResultError, match="needs a result of sim run"):
        render(pies().drop_vars("payoff_change"))


# ---- command line -------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_figures")
def test_command_writes_the_page(tmp_path):
    file = tmp_path / "pies.yaml"
    file.write_text(PIES, encoding="utf-8")
    call = CliRunner().invoke
    out = tmp_path / "out"
    arguments = ["run", str(file), "--draws", "8", "--workers", "1", "--regimes", "separate"]
    done = call(app, [*arguments, "--out", str(out)])
    assert done.exit_code == 0, done.output
    first = (out / "report.html").read_bytes()
    other = tmp_path / "sent.html"
    assert call(app, ["report", str(out), "-o", str(other)]).exit_code == 0
    assert other.read_bytes() == first
    bare = tmp_path / "bare"
    assert call(app, [*arguments, "--no-report", "--out", str(bare)]).exit_code == 0
    assert not (bare / "report.html").exists()


# ---- in a browser -------------------------------------------------------------------------------

HARNESS = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="out"></pre><script>
const told = {}, widths = [375, 1280];
function measure(at) {
  if (at === widths.length) {
    document.getElementById("out").textContent = JSON.stringify(told);
    return;
  }
  const frame = document.createElement("iframe");
  frame.style.cssText = "border:0;height:900px;width:" + widths[at] + "px";
  frame.srcdoc = PAGE;
  frame.onload = () => {
    const root = frame.contentDocument.documentElement;
    const seen = [...root.querySelectorAll("svg[role=img]")].filter(e => e.clientWidth);
    told[widths[at]] = {
      over: root.scrollWidth - root.clientWidth,
      figures: seen.length,
      widest: Math.max(...seen.map(e => e.getBoundingClientRect().right)) - root.clientWidth,
      requests: frame.contentWindow.performance.getEntriesByType("resource").length,
    };
    frame.remove();
    measure(at + 1);
  };
  document.body.append(frame);
}
const PAGE = %s;
measure(0);
</script>"""


def browser():
    """Return the path of a Chromium, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def measured(chromium, folder):
    """Return what a browser measures at each width, and what it writes on its console."""
    harness = folder / "harness.html"
    text = json.dumps(page()).replace("</", "<\\/")
    harness.write_text(HARNESS % text, encoding="utf-8")
    quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    still = "--disable-background-networking --disable-component-update --enable-logging=stderr"
    command = [chromium, *quiet.split(), *still.split(), f"--user-data-dir={folder / 'profile'}"]
    command += ["--virtual-time-budget=20000", "--dump-dom", harness.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    out = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.S)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(out[1])), console


def test_fits_a_phone_and_a_page(tmp_path):
    viewport = next(a for _, a, _ in parsed().tags if a.get("name") == "viewport")
    assert viewport["content"] == "width=device-width, initial-scale=1"
    style = " ".join(parsed().styles)
    assert "@media print" in style
    assert "@media (max-width:46rem)" in style
    pictures = [a["aria-label"] for tag, a, _ in parsed().tags if tag == "svg" and "role" in a]
    half = len(pictures) // 2
    assert len(pictures) == 2 * half
    chromium = browser()
    told, console = measured(chromium, tmp_path) if chromium else ({}, [])
    assert console == []
    assert set(told) == ({"375", "1280"} if chromium else set())
    for width, found in told.items():
        assert found["over"] <= 0, f"overflow at {width} pixels"
        assert found["widest"] <= 0.5
        assert found["figures"] == half
        assert found["requests"] == 0
