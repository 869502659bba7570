"""The end of a cycle: look again, reconcile, and write the closing entries in one commit."""

from dataclasses import replace

from trimtab.cycle import observe
from trimtab.cycle.fold import Told, marks_of
from trimtab.cycle.pen import Pen, write
from trimtab.cycle.think import frozen
from trimtab.execute import residual
from trimtab.model.breaks import BreakCause, Reconciled
from trimtab.model.decision import Decision, Hold, HoldKind, Past, Slot
from trimtab.model.holdings import Unknown
from trimtab.model.ledger import Closed, CycleOutcome, Opened
from trimtab.model.runs import Ended, Run, RunState
from trimtab.model.thought import Thought
from trimtab.ports import Desk
from trimtab.reconcile import breaks
from trimtab.value import marks, valuation

OUTCOMES = {RunState.ENDED: CycleOutcome.DONE, RunState.STUCK: CycleOutcome.STUCK}


def close(desk: Desk, pen: Pen, opened: Opened, thought: Thought, outcome: CycleOutcome, because: str) -> Closed:
    """Close a cycle that did not act."""
    closed = Closed(
        cycle=pen.cycle,
        at=desk.clock.now(),
        outcome=outcome,
        because=because,
        consumed=_consumed(opened.past, thought.decision, outcome, acted=None),
        frozen=frozen(desk.store),
    )
    write(pen, ("closed", closed))
    return closed


async def settle(desk: Desk, pen: Pen, cycle: Told, run: Run | None) -> Closed:
    """Close a cycle that acted: how the run ended, what is there now, and whether that is what was expected.

    `run` None: the end of the run is written already, and only the look afterwards is missing.
    """
    ended = cycle.ended
    if ended is None:
        assert run is not None
        ended = residual.finish(run, cycle.terms, marks_of(cycle))
        write(pen, ("ended", ended))
    assert cycle.snapshot is not None
    after = await observe.accounts(desk)
    quoted = await observe.quotes(desk, cycle.terms)
    worth = valuation.value(after, marks.choose(after.at, quoted.quotes, cycle.terms), cycle.terms.policy)
    found = breaks.reconcile(after.at, cycle.snapshot, after, ended, cycle.plan, cycle.terms)
    halted = ended.state is RunState.ENDED and desk.store.halted()
    outcome = CycleOutcome.HALTED if halted else OUTCOMES[ended.state]
    closed = closing(replace(cycle, ended=ended), found, outcome, frozen(desk.store))
    write(pen, ("after", after), ("quoted", quoted), ("valued", worth), ("reconciled", found), ("closed", closed))
    return closed


def closing(cycle: Told, found: Reconciled, outcome: CycleOutcome, before: tuple[Unknown, ...]) -> Closed:
    """The last entry of a cycle that acted. `before` are the accounts that were frozen until now."""
    ended = cycle.ended
    assert ended is not None
    assert cycle.decision is not None
    unexplained = tuple(
        Unknown(account=b.account, because=f"frozen by an unexplained break of {b.asset} in cycle {cycle.opened.cycle}")
        for b in found.breaks
        if b.cause is BreakCause.UNEXPLAINED
    )
    return Closed(
        cycle=cycle.opened.cycle,
        at=found.at,
        outcome=outcome,
        because=_sentence(ended, found),
        consumed=_consumed(cycle.opened.past, cycle.decision, outcome, acted=ended),
        frozen=_merged(before, unexplained),
    )


def _sentence(ended: Ended, found: Reconciled) -> str:
    parts = [_count(len(ended.fills), "fill")]
    if ended.residuals:
        parts.append(f"{_count(len(ended.residuals), 'leg')} left a residual")
    unread = sorted({b.account for b in found.breaks if b.cause is BreakCause.UNREAD})
    broken = [b for b in found.breaks if b.cause is not BreakCause.UNREAD]
    if broken or not unread:
        parts.append(_count(len(broken), "break") if broken else "everything reconciles")
    if unread:
        parts.append(f"{' and '.join(unread)} could not be read afterwards, so that nothing there is compared")
    return ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _consumed(past: Past, decision: Decision, outcome: CycleOutcome, *, acted: Ended | None) -> Past:
    """A slot is used up by a cycle that ended done, or held because all is within bands; by no other."""
    within = isinstance(decision, Hold) and decision.kind is HoldKind.WITHIN_BANDS
    if outcome is not CycleOutcome.DONE and not within:
        return past
    slots = {slot.trigger: slot for slot in (*past.slots, *decision.slots)}
    last = acted.at if acted is not None and acted.fills else past.rebalanced_at
    return Past(rebalanced_at=last, slots=tuple(_sorted(slots)))


def _sorted(slots: dict[str, Slot]) -> list[Slot]:
    return [slots[trigger] for trigger in sorted(slots)]


def _merged(*groups: tuple[Unknown, ...]) -> tuple[Unknown, ...]:
    first: dict[str, Unknown] = {}
    for item in (i for group in groups for i in group):
        first.setdefault(item.account, item)
    return tuple(first[account] for account in sorted(first))
