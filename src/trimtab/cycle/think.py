"""From looking to a verdict: the first half of a cycle, the same for a dry run as for a real one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from trimtab import __version__
from trimtab.check import verdict
from trimtab.cycle import observe
from trimtab.decide import decision, worth
from trimtab.model.canonical import digest
from trimtab.model.decision import Cause, Hold, Past
from trimtab.model.holdings import Unknown
from trimtab.model.ledger import Entry, Opened, Terms, noun
from trimtab.model.thought import Thought
from trimtab.plan import plan as plans
from trimtab.plan import rivals
from trimtab.ports import Desk, Store
from trimtab.value import marks, valuation

Note = Callable[[str, Any], None]
"""Takes the kind of an entry and its noun, the terms first. A dry run notes nothing."""


async def think(desk: Desk, cycle: str, cause: Cause | None, note: Note) -> Thought:
    """Observe, value, decide, plan and check, noting each finding before the next is made from it."""
    thought = await assess(desk, cycle, cause, note)
    return thought if isinstance(thought.decision, Hold) else await _plan(desk, thought, note)


def compared(thought: Thought) -> Thought:
    """The same thought with what simpler planners would do, where there is a plan."""
    if thought.plan is None or thought.liquidity is None or isinstance(thought.decision, Hold):
        return thought
    found = rivals.compare(
        thought.plan, thought.decision, thought.snapshot, thought.marks, thought.terms, thought.liquidity
    )
    return replace(thought, rivals=found)


async def assess(desk: Desk, cycle: str, cause: Cause | None, note: Note) -> Thought:
    """Observe, value and decide: what there is, and whether anything should be done about it."""
    known = await observe.terms(desk)
    opened = open_cycle(desk, cycle, cause, known)
    note("terms", known)
    note("opened", opened)
    snapshot = await observe.accounts(desk, frozen(desk.store))
    note("observed", snapshot)
    quoted = await observe.quotes(desk, known)
    note("quoted", quoted)
    chosen = marks.choose(snapshot.at, quoted.quotes, known)
    valued = valuation.value(snapshot, chosen, known.policy)
    note("valued", valued)
    decided = decision.decide(valued, known.policy, verdict.examine(valued, known.policy), opened)
    note("decided", decided)
    return Thought(
        terms=known,
        opened=opened,
        snapshot=snapshot,
        quoted=quoted,
        marks=chosen,
        valuation=valued,
        decision=decided,
    )


async def _plan(desk: Desk, thought: Thought, note: Note) -> Thought:
    """The rest of a thought that decided to act: books, plan, its worth, and the verdict on it."""
    assert not isinstance(thought.decision, Hold)
    books = await observe.books(desk, thought.terms)
    note("looked", books)
    made = plans.plan(thought.decision, thought.snapshot, thought.marks, thought.terms, books)
    note("planned", made)
    judged = worth.judge(made, thought.terms.policy)
    note("judged", judged)
    thought = replace(thought, liquidity=books, plan=made, plan_hash=digest(made), judgement=judged)
    if isinstance(judged, Hold):
        return thought
    checked = verdict.check(made, thought.snapshot, thought.marks, thought.terms)
    note("checked", checked)
    return replace(thought, verdict=checked)


def open_cycle(desk: Desk, cycle: str, cause: Cause | None, known: Terms) -> Opened:
    """The head of a cycle: its id, its instant in market time, the law it runs under and what came before."""
    return Opened(
        cycle=cycle,
        at=desk.clock.now(),
        terms_hash=digest(known),
        version=__version__,
        past=past(desk.store),
        cause=cause,
        last_at=last_at(desk.store),
    )


def past(store: Store) -> Past:
    """What earlier cycles left behind: the last one closed carries it forward."""
    last = store.last("closed")
    return noun(last).consumed if last else Past()


def last_at(store: Store) -> datetime | None:
    """The latest end of any cycle, in market time: also where the clock went back before the last one."""
    closed, opened = store.last("closed"), store.last("opened")
    known = (noun(closed).at if closed else None, noun(opened).last_at if opened else None)
    return max((at for at in known if at is not None), default=None)


def frozen(store: Store) -> tuple[Unknown, ...]:
    """Accounts with an unexplained break that nobody has accepted since: they stay unknown until someone does."""
    last = store.last("closed")
    return () if last is None else still_frozen((last, *store.entries(after=last.seq, kinds=("accepted",))))


def still_frozen(since: Sequence[Entry]) -> tuple[Unknown, ...]:
    """What is frozen after a `closed` entry and the `accepted` entries that follow it."""
    closed, *levers = since
    accepted = {noun(entry).account for entry in levers}
    return tuple(item for item in noun(closed).frozen if item.account not in accepted)


def next_cycle(store: Store) -> str:
    """The id of the next cycle: cycles of a ledger are numbered from 1."""
    last = store.last("opened")
    return str(int(last.cycle) + 1) if last else "1"
