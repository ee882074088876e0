"""The regimes of a scenario: the standard ones, what the file changes in them, and new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sim.errors import SimError
from sim.negotiation.structure import Front, Layout, Number, Regime, Table, standard_regimes
from sim.negotiation.terms import Names
from sim.scenario import Scenario

__all__ = ["WITHOUT_EROSION", "build_regimes"]

WITHOUT_EROSION = "-without-erosion"
"""What the name of a regime's twin at credibility 1 ends with."""


def build_regimes(scenario: Scenario, layout: Layout, names: Names) -> dict[str, Regime]:
    """Return all regimes of a scenario, with their numbers for the draws.

    Parameters
    ----------
    scenario : Scenario
    layout : Layout
    names : Names

    Returns
    -------
    dict of str to Regime
        `linked` has a twin, `linked-without-erosion`, for the decomposition of its gain. The
        weighted three-way table and linkage by consent take over what the file says of `trilateral`
        and `separate`.
    """
    weights = tuple(names.number(player.weight) for player in scenario.players.values())
    standard = standard_regimes(layout)
    base = {name: _reweighted(regime, weights) for name, regime in standard.items()}
    declared = dict(scenario.regimes)
    found: dict[str, Regime] = {}

    def build(name: str) -> Regime:
        if name in found:
            return found[name]
        spec = declared.get(name)
        if spec is None:
            regime = base[name]
        else:
            start = spec.like or (name if name in base else "linked")
            if start in base and start in declared and start != name:
                regime = replace(build(start), name=name)
            else:
                regime = replace(base.get(start) or build(start), name=name)
            regime = _changed(regime, spec, layout, names)
            _foreseeable(scenario, regime)
        found[name] = regime
        return regime

    if "joint-front" in declared:
        base["joint-front"] = replace(base["trilateral"], name="joint-front")
    for name in [*base, *(n for n in declared if n not in base)]:
        build(name)
    _twins(found, declared, standard)
    return found


def _reweighted(regime: Regime, weights: Sequence[Number]) -> Regime:
    """Return the regime with the players' own weights, times what it gives them itself."""
    return replace(
        regime, weights=tuple(w * own for w, own in zip(weights, regime.weights, strict=True))
    )


def _twins(
    found: dict[str, Regime], declared: Mapping[str, Any], standard: Mapping[str, Regime]
) -> None:
    """Let the regimes that only exist for comparison follow the ones they are compared with."""
    if "trilateral-weighted" in found and "trilateral-weighted" not in declared:
        twin = replace(found["trilateral"], name="trilateral-weighted")
        heads = standard["trilateral-weighted"].weights
        found["trilateral-weighted"] = _reweighted(replace(twin, weights=heads), twin.weights)
    if "linked" in found:
        found["linked" + WITHOUT_EROSION] = found["linked"].without_erosion(
            "linked" + WITHOUT_EROSION
        )


def _changed(regime: Regime, spec: Any, layout: Layout, names: Names) -> Regime:
    """Return `regime` with what the file says differently."""
    changes: dict[str, Any] = {}
    for key in ("erosion", "threat_credibility"):
        value = getattr(spec, key)
        if value is not None:
            changes[key] = names.number(value)
    if spec.audience_cost is not None:
        cost = names.by_player(spec.audience_cost)
        changes["audience_cost"] = tuple(cost.get(p, 0.0) for p in range(len(layout.players)))
    if spec.weights is not None:
        given = names.by_player(spec.weights)
        changes["weights"] = tuple(given.get(p, w) for p, w in enumerate(regime.weights))
    if spec.breakdown is not None:
        changes["breakdown"] = spec.breakdown
    if spec.disagreement is not None:
        changes["fallback"] = None if spec.disagreement == "breakdown" else spec.disagreement
    if spec.tables is not None:
        changes["tables"] = tuple(
            _table(name, table, layout, names) for name, table in spec.tables.items()
        )
        changes["stages"] = ()  # an order that was inherited is of other tables
    regime = replace(regime, **changes)
    if spec.front is not None:
        regime = _fronted(regime, spec.front, layout, names)
    if spec.order is not None:
        regime = replace(regime, stages=_stages(regime, spec.order, layout))
    if spec.foresight is not None:
        regime = replace(regime, foresight=spec.foresight)
    return regime


def _foreseeable(scenario: Scenario, regime: Regime) -> None:
    """Raise unless each stage that looks ahead is one table."""
    if not regime.foresight:
        return
    where = f"regimes.{regime.name}.foresight"
    if len(regime.order) < 2:
        raise scenario.fault(where, "needs an `order:` of two stages or more")
    for n, stage in enumerate(regime.order[:-1], 1):
        if len(stage) != 1:
            held = ", ".join(regime.tables[t].name for t in stage)
            raise scenario.fault(
                where,
                f"each stage but the last must be one table, to look ahead; stage {n} holds "
                f"{held}. Name one table a stage in `order:`",
            )


def _table(name: str, spec: Any, layout: Layout, names: Names) -> Table:
    """Return a table that the file declares."""
    issues = tuple(names.issue(k) for k in spec.issues)
    parties = tuple(sorted(names.player(p) for p in spec.parties))
    falls = spec.falls
    if falls == "own":
        fallen = issues
    elif falls == "dyad":
        fallen = tuple(
            k for k, sides in enumerate(layout.parties) if set(sides) <= set(parties) or k in issues
        )
    elif falls == "all":
        fallen = tuple(range(len(layout.issues)))
    else:
        fallen = tuple(dict.fromkeys([*issues, *(names.issue(k) for k in falls)]))
    return Table(name, parties, issues, fallen)


def _fronted(regime: Regime, spec: Any, layout: Layout, names: Names) -> Regime:
    """Return the regime with a front."""
    members = tuple(names.player(p) for p in spec.members)
    shares = []
    for member in spec.members:
        share = names.number(spec.shares.get(member, 1.0))
        if not isinstance(share, float):
            raise SimError(f"regimes.{regime.name}.front.shares.{member}: must be a plain number")
        shares.append(share)
    head_count = spec.weight == "head_count"
    return replace(regime, front=Front(members, tuple(shares), head_count, spec.division))


def _stages(
    regime: Regime, order: Sequence[Sequence[str]], layout: Layout
) -> tuple[tuple[int, ...], ...]:
    """Return the stages as table indices: a stage names tables, or a player for all of its tables.

    Tables that no stage names come last, side by side.
    """
    left = list(range(len(regime.tables)))
    stages: list[tuple[int, ...]] = []
    for entry in order:
        stage = []
        for name in entry:
            for t in list(left):
                table = regime.tables[t]
                at_it = name in layout.players and layout.players.index(name) in table.parties
                if table.name == name or at_it:
                    stage.append(t)
                    left.remove(t)
        if stage:
            stages.append(tuple(stage))
    if left:
        stages.append(tuple(left))
    return tuple(stages)
