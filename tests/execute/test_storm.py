"""Runs against a venue that loses, delays, repeats and half fills, and a process that dies: what holds for all."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.execute.trading import EXECUTION, T0, VENUE, Toy, after, done, leg, marks, over, started, terms
from trimtab.execute import residual
from trimtab.execute import run as runs
from trimtab.model.accounts import VenueTerms
from trimtab.model.ledger import Terms
from trimtab.model.orders import Command, Event, Halted, Place, Resumed, Side, Tick
from trimtab.model.policy import Schedule
from trimtab.model.runs import Run, RunState
from trimtab.units import canon

LEGS = (
    leg("l1", Side.SELL, "BTC", "0.9"),
    leg("l2", Side.BUY, "ETH", "18", "l1"),
    leg("l3", Side.BUY, "BTC", "0.05"),
)
FREE = Decimal(18) * Decimal(3015) - Decimal("0.9") * Decimal(59700) * Decimal("0.999")
"""What the plan took from money that was there before: its buys at their guard less its sells at theirs, after fees."""


FORGETFUL = replace(VENUE, retention_s=8)
PROMPT = replace(VENUE, accept_window_s=0, skew_s=0)


@dataclass
class Story:
    """A run, what was written down of it, and everything it ever commanded."""

    law: Terms
    run: Run
    told: list[Event] = field(default_factory=list)
    given: list[Command] = field(default_factory=list)

    def hear(self, event: Event) -> tuple[Command, ...]:
        before = self.run
        self.run, commands = runs.step(before, event, self.law)
        assert runs.step(before, event, self.law) == (self.run, commands)
        again, echoes = runs.step(self.run, event, self.law)
        assert again == self.run or isinstance(event, (Tick, Resumed))
        assert not [c for c in echoes if isinstance(c, Place)] or isinstance(event, Tick)
        if commands or self.run != before:
            self.told.append(event)
        self.given += commands
        return commands

    def retold(self) -> Run:
        run = started(self.law, *(w.leg for w in self.run.legs))
        for event in self.told:
            run, _ = runs.step(run, event, self.law)
        return run


def live(story: Story, venue: Toy, random: Random, *, halt_at: int) -> datetime:
    """Work a run to its end as the shell does; sometimes the process dies between two commands."""
    now = T0
    for turn in range(3000):
        if over(story.run):
            return now
        event: Event = Halted(by="Ann", because="drill", at=now) if turn == halt_at else Tick(at=now)
        now = _act(story, venue, random, story.hear(event), now)
        wake = runs.wake(story.run, story.law)
        assert wake is not None or over(story.run), "a run that goes on knows when"
        now = max(now, wake or now) + (after(random.choice([0, 0, 0.5])) - T0)
    raise AssertionError("the run never ended")


def _act(story: Story, venue: Toy, random: Random, commands: tuple[Command, ...], now: datetime) -> datetime:
    waiting = list(commands)
    while waiting:
        if random.random() < 0.05:
            dead = random.randrange(len(waiting) + 1)
            for command in waiting[:dead]:
                venue.perform(command, now)
            assert story.retold() == story.run
            now = now + (after(random.choice([0, 3, 30])) - T0)
            waiting = list(story.hear(Resumed(at=now)))
            continue
        command = waiting.pop(0)
        now = now + (after(random.choice([0, 0.01, 1])) - T0)
        for event in venue.perform(command, now):
            waiting += story.hear(event)
    return now


def story_of(
    seed: int, kind: str, schedule: Schedule, halt_at: int, venue_terms: VenueTerms = VENUE
) -> tuple[Story, Toy]:
    law = terms(replace(EXECUTION, order_kind=kind, schedule=schedule), venue_terms)
    random = Random(seed)
    story, venue = Story(law, started(law, *LEGS)), Toy(random, law)
    live(story, venue, random, halt_at=halt_at)
    return story, venue


STORM: dict[str, st.SearchStrategy[Any]] = {
    "seed": st.integers(0, 2**32),
    "kind": st.sampled_from(["market", "limit"]),
    "schedule": st.sampled_from(list(Schedule)),
    "halt_at": st.sampled_from([-1, -1, 0, 2, 7]),
}


@given(**STORM, venue_terms=st.sampled_from([VENUE, FORGETFUL, PROMPT]))
@settings(max_examples=200, deadline=None)
def test_no_storm_fills_more_than_a_leg_or_loses_a_fill(
    seed: int, kind: str, schedule: Schedule, halt_at: int, venue_terms: VenueTerms
) -> None:
    story, venue = story_of(seed, kind, schedule, halt_at, venue_terms)
    for one in LEGS:
        at_venue = sum((k.filled for k in venue.log.values() if k.order.leg == one.id), Decimal(0))
        assert at_venue <= one.amount
        assert story.run.state is RunState.STUCK or done(story.run, one.id) == canon(at_venue)


@given(**STORM)
@settings(max_examples=75, deadline=None)
def test_no_storm_gives_an_id_twice_and_every_leg_ends(seed: int, kind: str, schedule: Schedule, halt_at: int) -> None:
    story, _ = story_of(seed, kind, schedule, halt_at)
    given_ids = Counter(c.order.id for c in story.given if isinstance(c, Place))
    assert set(given_ids.values()) <= {1}
    assert all(working.ended for working in story.run.legs)
    assert story.retold() == story.run


@given(**STORM)
@settings(max_examples=75, deadline=None)
def test_no_storm_lets_buys_spend_more_than_sells_brought(
    seed: int, kind: str, schedule: Schedule, halt_at: int
) -> None:
    _, venue = story_of(seed, kind, schedule, halt_at)
    money = {"l1": Decimal(0), "l2": Decimal(0)}
    for known in venue.log.values():
        for fill in known.fills:
            if known.order.leg in money:
                money[known.order.leg] += fill.amount * fill.price - (fill.fee if fill.fee_asset == "USDT" else 0)
    assert money["l2"] <= money["l1"] + FREE


@given(**STORM)
@settings(max_examples=75, deadline=None)
def test_what_was_done_and_what_is_left_is_the_whole_leg(
    seed: int, kind: str, schedule: Schedule, halt_at: int
) -> None:
    story, _ = story_of(seed, kind, schedule, halt_at)
    ended = residual.finish(story.run, story.law, marks())
    left = {r.leg: r.amount for r in ended.residuals}
    assert all(done(story.run, one.id) + left.get(one.id, Decimal(0)) == one.amount for one in LEGS)
    assert all(r.because for r in ended.residuals)


def test_a_calm_venue_leaves_nothing() -> None:
    law = terms(replace(EXECUTION, order_kind="limit"))
    story, venue = Story(law, started(law, *LEGS)), Toy(Random(1), law, calm=True)
    live(story, venue, Random(1), halt_at=-1)
    assert residual.finish(story.run, law, marks()).residuals == ()
