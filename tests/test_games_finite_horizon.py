"""Alternating offers with a last round and dated events, against a tree that carries outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from games_cases import BREAKDOWN, LOWER, STATUS_QUO, UPPER, US_JAPAN, worked_example
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import GameError
from sim.games import Event, Issues, Menu, Pie, Stage, Talks, finite_horizon, stationary_equilibrium
from sim.games.alternating_offers.blends import Blend, blend_tables
from sim.payoffs import Payoffs

NONE = frozenset()


@given(st.floats(0, 0.99), st.floats(0, 0.99))
def test_stahl(first, second):
    """Shares of the first proposer with one to four rounds."""
    talks = Talks([first, second])
    expected = [
        1.0,
        1 - second,
        1 - second * (1 - first),
        1 - second * (1 - first * (1 - second)),
    ]
    for rounds, share in enumerate(expected, start=1):
        found = finite_horizon(Stage(Pie(), talks), rounds=rounds)
        np.testing.assert_allclose(found.payoffs, [[share, 1 - share]], atol=1e-12)
        np.testing.assert_array_equal(found.agreement, 1.0)
        np.testing.assert_array_equal(found.date, 0.0)


def test_many_rounds_approach_rubinstein():
    talks = Talks([0.9, 0.8], breakdown_risk=0.05, during=[0.1, 0.0], breakdown=[0.0, 0.2])
    forever = stationary_equilibrium(Pie(), talks).payoffs[0, 0]
    long = finite_horizon(Stage(Pie(), talks), rounds=200)
    np.testing.assert_allclose(long.payoffs[0], forever, atol=1e-12)


def test_final_refusal_gives_breakdown():
    talks = Talks(0.9, during=[0.3, 0.3], breakdown=[0.1, 0.25])
    found = finite_horizon(Stage(Pie(), talks), rounds=1)
    np.testing.assert_allclose(found.payoffs, [[0.75, 0.25]])
    hopeless = finite_horizon(Stage(Pie(), Talks(0.9, during=0.4, breakdown=[0.7, 0.6])), rounds=3)
    np.testing.assert_array_equal(hopeless.agreement, 0.0)
    wait = [(1 - 0.81) * 0.4 + 0.81 * d for d in (0.7, 0.6)]
    np.testing.assert_allclose(hopeless.payoffs, [wait])


def test_outside_options_end_the_talks():
    found = finite_horizon(Stage(Pie(), Talks(0.9, outside=[-np.inf, 0.6])), rounds=5)
    np.testing.assert_allclose(found.payoffs, [[0.4, 0.6]])
    out = finite_horizon(Stage(Pie(), Talks(0.9, outside=[0.2, 1.1])), rounds=4)
    np.testing.assert_array_equal(out.agreement, 0.0)
    np.testing.assert_allclose(out.payoffs, [[0.2, 1.1]])
    assert out.branches[1].probability[0] == 0.0


class Tree:
    """A finite bargain over a menu, solved by carrying the outcome and its date."""

    def __init__(self, seed: int, rounds: int, risk: float) -> None:
        rng = np.random.default_rng(seed)
        self.rounds, self.risk = rounds, risk
        self.delta = rng.uniform(0.6, 0.95, 2)
        self.chance = {"vote": 0.3 + 0.4 * rng.random(), "pause": 0.3 + 0.4 * rng.random()}
        self.when = {"vote": 2, "pause": 3}
        levels = rng.uniform(0, 1, (2, 2, 6, 2))
        # the vote changes player 1 only
        levels[1, :, :, 0] = levels[0, :, :, 0]
        self.u = levels
        self.s = rng.uniform(-0.3, 0.5, (2, 2, 2))
        self.s[1, :, 0] = self.s[0, :, 0]
        self.d = rng.uniform(-0.3, 0.3, (2, 2, 2))
        self.d[1, :, 0] = self.d[0, :, 0]

    def stage(self, events: frozenset) -> Stage:
        v, w = int("vote" in events), int("pause" in events)
        talks = Talks(
            self.delta, breakdown_risk=self.risk, during=self.s[v, w], breakdown=self.d[v, w]
        )
        return Stage(Menu(self.u[v, w]), talks)

    def moves(self, events: frozenset, date: int):
        found = [(events, 1.0)]
        for name, when in self.when.items():
            if when == date:
                p = self.chance[name]
                found = [x for e, q in found for x in ((e | {name}, q * p), (e, q * (1 - p)))]
        return found

    def value(self, node, date: int, events: frozenset, vote: int, player: int) -> float:
        """Value of what will happen, to somebody with the preferences of before or after."""
        world, delta = int("pause" in events), self.delta[player]
        kind, content = node
        if kind in ("deal", "end"):
            now = self.d if kind == "end" else self.u[:, :, content]
            now = now[vote, world, player]
            if date >= max(self.when.values()):
                return now
            later = sum(
                q * self.value(node, date + 1, e, vote, player)
                for e, q in self.moves(events, date + 1)
            )
            return (1 - delta) * now + delta * later
        later = 0.0
        for e, q in self.moves(events, date + 1):
            broken = self.value(("end", None), date + 1, e, vote, player)
            going = self.value(content[e], date + 1, e, vote, player)
            later += q * (self.risk * broken + (1 - self.risk) * going)
        return (1 - delta) * self.s[vote, world, player] + delta * later

    def play(self, date: int, events: frozenset):
        """Return what happens from here on."""
        vote = int("vote" in events)
        if date == self.rounds - 1:
            refused = ("end", None)
        else:
            refused = (
                "wait",
                {e: self.play(date + 1, e) for e, _ in self.moves(events, date + 1)},
            )
        proposer, responder = date % 2, 1 - date % 2
        floor, own = (self.value(refused, date, events, vote, i) for i in (responder, proposer))
        offers = [
            (
                self.value(("deal", m), date, events, vote, proposer),
                self.value(("deal", m), date, events, vote, responder),
                m,
            )
            for m in range(6)
        ]
        fits = [o for o in offers if o[1] >= floor - 1e-12]
        if fits and max(fits)[0] >= own - 1e-12:
            return ("deal", max(fits)[2])
        return refused


@given(st.integers(0, 10_000), st.integers(1, 7), st.sampled_from([0.0, 0.1]))
@settings(deadline=None, max_examples=80)
def test_values_are_those_of_the_tree_that_carries_outcomes(seed, rounds, risk):
    tree = Tree(seed, rounds, risk)
    events = [
        Event("vote", 2, tree.chance["vote"], "preferences"),
        Event("pause", 3, tree.chance["pause"], "world"),
    ]
    found = finite_horizon(tree.stage, rounds=rounds, events=events)
    start = tree.play(0, NONE)
    truth = [tree.value(start, 0, NONE, 0, i) for i in (0, 1)]
    np.testing.assert_allclose(found.payoffs[0], truth, atol=1e-10)
    for branch in found.branches:
        node = tree.play(branch.round, branch.events)
        vote = int("vote" in branch.events)
        here = [tree.value(node, branch.round, branch.events, vote, i) for i in (0, 1)]
        np.testing.assert_allclose(branch.payoffs[0], here, atol=1e-10)
        assert branch.agreement[0] == (node[0] == "deal")
    by_round = {}
    for branch in found.branches:
        by_round.setdefault(branch.round, []).append(branch.probability[0])
    assert sum(by_round[0]) == pytest.approx(1.0)
    assert 0.0 <= found.agreement[0] <= 1.0


def test_a_government_waits_for_better_terms():
    """A responder who is about to become dear to wait out makes the deal come early, or late."""

    def stage(events):
        rich = "windfall" in events
        return Stage(Pie(5.0 if rich else 1.0), Talks(0.99))

    found = finite_horizon(stage, rounds=8, events=[Event("windfall", 3, 1.0, "world")])
    np.testing.assert_allclose(found.date, 3.0)
    np.testing.assert_array_equal(found.agreement, 1.0)
    assert [bool(b.agreement[0]) for b in found.branches if not b.events] == [False] * 3 + [
        True
    ] * 5


def test_an_event_that_cannot_happen_changes_nothing():
    talks = Talks([0.9, 0.8])

    def stage(events):
        return Stage(Pie(2.0 if events else 1.0), talks)

    plain = finite_horizon(Stage(Pie(), talks), rounds=9)
    found = finite_horizon(stage, rounds=9, events=[Event("never", 2.0, 0.0)])
    np.testing.assert_allclose(found.payoffs, plain.payoffs, atol=1e-12)


def test_dates_are_met_by_the_first_offer_at_or_after_them():
    def stage(events):
        return Stage(Pie(3.0 if events else 1.0), Talks(0.5))

    found = finite_horizon(stage, rounds=6, interval=0.25, events=[Event("e", 0.6)])
    happened = [b for b in found.branches if b.events]
    assert min(b.round for b in happened) == 3
    assert min(b.date for b in happened) == 0.75


def test_issues_with_an_event_that_revalues_deals():
    payoffs = worked_example(3, spread=0.1, seed=2)
    issues = list(US_JAPAN[1])
    before = payoffs.table(*US_JAPAN, STATUS_QUO)
    richer = worked_example(3, spread=0.3, seed=9).table(*US_JAPAN, STATUS_QUO)
    d = before.utility(BREAKDOWN[issues])
    tables = {
        False: Issues(before, LOWER[issues], UPPER[issues]),
        True: Issues(richer, LOWER[issues], UPPER[issues]),
    }

    def stage(events):
        return Stage(tables[bool(events)], Talks([0.95, 0.9], breakdown=d - 1.0))

    found = finite_horizon(stage, rounds=5, events=[Event("boom", 2, 0.4)])
    assert found.converged.all()
    np.testing.assert_allclose(found.agreement, 1.0)
    first = found.branches[0]
    later = np.array([0.95, 0.9]) ** 2
    mean = 0.6 * before.utility(first.outcome) + 0.4 * richer.utility(first.outcome)
    worth = (1 - later) * before.utility(first.outcome) + later * mean
    np.testing.assert_allclose(first.payoffs[first.agreement], worth[first.agreement], atol=1e-8)
    np.testing.assert_allclose(worth[:, 1], first.thresholds[:, 1], atol=1e-7)
    # who waits for the event loses nothing by it
    assert (first.payoffs[:, 0] >= worth[:, 0] - 1e-9).all()


def test_blends_have_the_derivatives_of_the_average():
    plain = worked_example(2, spread=0.1, seed=2)
    averse = Payoffs(
        plain.players,
        plain.issues,
        plain.terms,
        2,
        plain.reference,
        np.array([0.01, 0.02, 0.0]),
    )
    w = np.full((3, 2), 0.3)
    blend = Blend((plain, averse), (w, 1 - w))
    x = np.ascontiguousarray(np.tile(0.6 * LOWER + 0.4 * UPPER, (2, 1)).T)
    found = blend.evaluate(x, 2)
    np.testing.assert_allclose(
        found.value.T, 0.3 * plain.utility(x.T) + 0.7 * averse.utility(x.T), atol=1e-12
    )
    dense = np.zeros((3, 12, 12, 2))
    for p, i, j, h in found.hessian:
        dense[p, i, j] += h
        if i != j:
            dense[p, j, i] += h
    expected = 0.3 * plain.hessian(x.T) + 0.7 * averse.hessian(x.T)
    np.testing.assert_allclose(dense.transpose(3, 0, 1, 2), expected, atol=1e-9)
    with pytest.raises(GameError, match="certainty equivalent"):
        blend.certainty_equivalent(found.value.T)


def test_tables_of_different_kinds_do_not_mix():
    w = np.full((1, 2), 0.5)
    with pytest.raises(GameError, match="one kind"):
        blend_tables([Pie(), Menu([[1.0, 1.0]])], [w, w])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: finite_horizon(Stage(Pie(), Talks(0.9)), rounds=0), "rounds: 1 to 1000"),
        (lambda: finite_horizon(Stage(Pie(), Talks(0.9)), rounds=True), "whole number"),
        (lambda: finite_horizon(Stage(Pie(), Talks(0.9)), rounds=2, order=[2]), "order: players"),
        (lambda: finite_horizon(Stage(Pie(), Talks(0.9)), rounds=2, interval=0), "interval"),
        (
            lambda: finite_horizon(
                Stage(Pie(), Talks(0.9)), rounds=2, events=[Event("a", 1), Event("a", 1)]
            ),
            "different names",
        ),
        (lambda: finite_horizon(Pie(), rounds=2), "stage: a Stage, or a function to one"),
        (lambda: Event("a", -1.0), "event a: date"),
        (lambda: Event("a", 1.0, 1.5), "event a: probability"),
        (lambda: Event("a", 1.0, 0.5, "weather"), "preferences or world"),
        (
            lambda: finite_horizon(
                lambda e: Stage(Pie(1.0, 3 if e else 2), Talks(0.9)),
                rounds=3,
                events=[Event("a", 1)],
            ),
            "same players",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(GameError, match=message):
        make()


def test_talks_that_cannot_settle_yet_may_break_down_before_they_can():
    """A deal is possible after the event only, from the third offer on; the risk comes each round.

    Thereafter the first who proposes is accepted at once.
    """

    def stage(past):
        return Stage(Pie(size=1.0, base=0.0 if past else -2.0), Talks(0.9, breakdown_risk=0.2))

    found = finite_horizon(stage, rounds=5, interval=1.0, events=[Event("thaw", 2.0)])
    np.testing.assert_allclose(found.agreement, 0.8**2)
    np.testing.assert_allclose(found.date, 2.0)
    reached = {b.round: b.probability[0] for b in found.branches if b.probability[0] > 0}
    np.testing.assert_allclose([reached[r] for r in (0, 1, 2)], [1.0, 0.8, 0.64])


def test_who_takes_an_outside_option_ends_the_talks_at_once():
    """Before the event the option is better than waiting; nobody comes to the second round."""

    def stage(past):
        outside = [-np.inf, 1.5 if not past else -np.inf]
        return Stage(Pie(), Talks(0.9, outside=outside, breakdown=[0.1, 0.0]))

    found = finite_horizon(stage, rounds=3, events=[Event("closed", 1.0)])
    np.testing.assert_array_equal(found.agreement, 0.0)
    np.testing.assert_allclose(found.payoffs, [[0.1, 1.5]])
    assert all(b.probability[0] == 0.0 for b in found.branches if b.round > 0)
    stays = finite_horizon(Stage(Pie(base=-2.0), Talks(0.9, outside=[-np.inf, -3.0])), rounds=2)
    assert any(b.probability[0] == 1.0 for b in stays.branches if b.round == 1)


def test_who_is_indifferent_makes_the_offer():
    """The last proposer gets what a breakdown gives: the deal is made all the same."""
    found = finite_horizon(Stage(Menu([[0.3, 0.8]]), Talks(0.9, breakdown=[0.3, 0.1])), rounds=1)
    np.testing.assert_array_equal(found.agreement, 1.0)
    np.testing.assert_allclose(found.payoffs, [[0.3, 0.8]])
