"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.plots.style import listed, percent, regime_label, signed, solution_label
from sim.report.answer import Gain, answer
from sim.report.assumptions import assumption_tables
from sim.report.checks import caveats, check_tables, diagnosed
from sim.report.facts import Facts, read_facts
from sim.report.figures import figures
from sim.report.reproduce import recipe
from sim.report.tables import result_tables
from sim.report.words import likelihood, unbroken, with_article

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["render"]


def render(
    result: xr.Dataset,
    path: str | os.PathLike[str] | None = None,
    *,
    diagnostics: Mapping[str, Any] | None = None,
) -> str:
    """Return, and write if asked for, the report of a result as one HTML page.

    The page holds the question, the answer in three sentences, figures with their words, tables,
    every assumption with its source, diagnostics, and how to make it again. It loads nothing:
    style and figures are inline, there is no script. The same result gives the same bytes.

    Parameters
    ----------
    result : xarray.Dataset
        From `sim.simulate` or `sim.load_result`, with draws or only their summary.
    path : path-like, optional
        Where to write it; replaced only when the new page is whole.
    diagnostics : mapping, optional
        From `sim.negotiation.diagnostics.diagnose`, if it is known already.

    Returns
    -------
    str

    Raises
    ------
    ResultError
        The dataset is no result of a run, or the file cannot be written.
    """
    facts = read_facts(result)
    page = _page(facts, diagnosed(facts) if diagnostics is None else diagnostics)
    if path is not None:
        from sim.montecarlo.chunks import atomic_write

        atomic_write(Path(path), page.encode())
    return page


def _page(facts: Facts, diagnostics: Mapping[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    folder = resources.files("sim.report")
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["unbroken"] = unbroken
    template = made.from_string(folder.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    scenario = facts.scenario
    drawn = figures(facts)
    return template.render(
        style=folder.joinpath("page.css").read_text(encoding="utf-8"),
        facts=facts,
        scenario=scenario,
        solution=solution_label(facts.solution),
        question=_question(facts),
        answer=answer(facts.evidence()),
        players=[_card(gain) for gain in facts.gains(facts.solution)],
        caveats=caveats(facts),
        figures=[f for f in drawn if f.name != "convergence"],
        convergence=[f for f in drawn if f.name == "convergence"],
        tables=result_tables(facts),
        assumptions=assumption_tables(facts),
        checks=check_tables(facts, diagnostics),
        recipe=recipe(facts),
    )


def _question(facts: Facts) -> str:
    """Ask what the run answers, in the scenario's own words."""
    issues = facts.scenario.issues.values()
    tracks = list(dict.fromkeys(issue.track.replace("_", " ") for issue in issues))
    players = listed([with_article(name) for name in facts.players.values()])
    if not facts.gain():
        regimes = listed([regime_label(name) for name in facts.regimes])
        return f"What do {players} reach under {regimes}?"
    files = listed(tracks) if len(tracks) > 1 else "the issues"
    return (
        f"Does it pay to negotiate {files} at one table instead of separate ones: for whom among "
        f"{players}, and how sure is that?"
    )


def _card(gain: Gain) -> dict[str, Any]:
    """Return what the card of a player shows."""
    value, _, error = gain.told.partition(" ")
    lose = max(1.0 - gain.share - gain.tied, 0.0)
    return {
        "name": gain.player,
        "value": value,
        "error": error,
        "verdict": {"gain": "gains", "loss": "loses", "same": "no difference", "open": "open"}[
            gain.verdict
        ],
        "tone": gain.verdict,
        "range": f"{signed(gain.low)} to {signed(gain.high)}",
        "likelihood": likelihood(gain.share),
        "shares": [
            (kind, word, percent(share), f"{100.0 * share:.1f}")
            for kind, word, share in (
                ("loss", "loses in", lose),
                ("same", "no difference in", gain.tied),
                ("gain", "gains in", gain.share),
            )
            if share > 5e-7
        ],
    }
