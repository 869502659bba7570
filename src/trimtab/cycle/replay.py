"""Replay: derive everything again from what a cycle noted, and compare byte for byte (D36).

Valuation, decision, judgement, verdict, commands, the run's end and the reconciliation are recomputed. The stored
plan is checked against its certificate exactly; solving again is only a diagnostic, since another machine may
break a tie elsewhere.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trimtab.check import verdict
from trimtab.cycle import fold
from trimtab.cycle.close import OUTCOMES, closing
from trimtab.cycle.fold import Told
from trimtab.cycle.think import still_frozen
from trimtab.cycle.work import stepped
from trimtab.decide import decision, worth
from trimtab.execute import residual
from trimtab.model.canonical import encode
from trimtab.model.decision import Rebalance
from trimtab.model.holdings import Snapshot, Unknown
from trimtab.model.ledger import CycleOutcome, Entry, Intended, Quoted, noun
from trimtab.model.prices import Marks
from trimtab.model.runs import Run, RunState
from trimtab.plan import certificate
from trimtab.plan import plan as plans
from trimtab.ports import Store
from trimtab.reconcile import breaks
from trimtab.value import marks, valuation

NOTHING = b""

CHECKED = ("observed", "quoted", "valued", "decided", "looked", "planned", "judged", "checked")
ACTED = (*CHECKED, "started", "ended", "after", "quoted", "valued", "reconciled")
WRITTEN = {
    **dict.fromkeys((CycleOutcome.BLOCKED, CycleOutcome.WAITING, CycleOutcome.DECLINED), CHECKED),
    **dict.fromkeys((CycleOutcome.DONE, CycleOutcome.HALTED, CycleOutcome.STUCK), ACTED),
}
"""What a cycle has written down at its end, by its outcome."""


@dataclass(frozen=True)
class Difference:
    """One entry that does not follow from those before it: what is stored, and what replay derives."""

    seq: int
    kind: str
    stored: bytes
    derived: bytes


@dataclass(frozen=True)
class Replayed:
    """What a replay compared and found; `plan_faults` are the certificate's, `resolved_same` is a diagnostic."""

    cycle: str
    compared: int
    differences: tuple[Difference, ...]
    plan_faults: tuple[str, ...]
    resolved_same: bool | None

    @property
    def holds(self) -> bool:
        """Whether everything derived equals what is stored, and the plan keeps its promise."""
        return not self.differences and not self.plan_faults


def replay(store: Store, cycle: str) -> Replayed:
    """Replay one cycle. Raises ValueError for a cycle that is not in the ledger."""
    entries = tuple(store.entries(cycle=cycle))
    if not entries:
        raise ValueError(f"there is no cycle {cycle!r} in this ledger; `trimtab cycles` lists them")
    missing = tuple(_missing(entries))
    if missing:
        return Replayed(cycle, 0, missing, (), None)
    told = fold.told(store, entries)
    derived = tuple(_derived(told, entries))
    closed = tuple(_derived_closed(store, told, entries))
    compared = (*derived, *closed)
    wrong = tuple(Difference(e.seq, e.kind, e.body, body) for e, body in compared if body != e.body)
    return Replayed(cycle, len(compared), wrong, _plan_faults(told), _solved_again(told))


def _derived(told: Told, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Each derived entry with the bytes that replay gives it."""
    yield from _derived_thought(told, entries)
    yield from _derived_run(told, entries)
    yield from _derived_close(told, entries)


def _derived_thought(told: Told, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    if told.snapshot is None or told.quoted is None:
        return
    first = {entry.kind: entry for entry in reversed(entries)}
    chosen, policy = fold.marks_of(told), told.terms.policy
    worth_then = valuation.value(told.snapshot, chosen, policy)
    if "valued" in first:
        yield first["valued"], encode(worth_then)
    if "decided" in first:
        present = verdict.examine(worth_then, policy)
        yield first["decided"], encode(decision.decide(worth_then, policy, present, told.opened))
    if "judged" in first and told.plan is not None:
        yield first["judged"], encode(worth.judge(told.plan, policy))
    if "checked" in first and told.plan is not None:
        yield first["checked"], encode(verdict.check(told.plan, told.snapshot, chosen, told.terms))


def _derived_run(told: Told, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    if told.started is None:
        return
    run, due = fold.started_run(told), NOTHING
    for entry, following in zip(entries, (*entries[1:], None), strict=True):
        if entry.kind == "happened":
            run, commands = stepped(run, noun(entry).events, told.terms)
            due = encode(Intended(commands=commands)) if commands else NOTHING
            if due and (following is None or following.kind != "intended"):
                yield entry, due  # It caused commands that were never written down.
        elif entry.kind == "intended":
            yield entry, due
        elif entry.kind == "ended":
            yield entry, _end(told, run)


def _end(told: Told, run: Run) -> bytes:
    return encode(residual.finish(run, told.terms, fold.marks_of(told)))


def _derived_close(told: Told, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    last = {entry.kind: entry for entry in entries}
    if "reconciled" not in last or told.snapshot is None:
        return
    after: Snapshot = noun(last["after"])
    quoted: Quoted = noun(last["quoted"])
    chosen: Marks = marks.choose(after.at, quoted.quotes, told.terms)
    yield last["valued"], encode(valuation.value(after, chosen, told.terms.policy))
    found = breaks.reconcile(after.at, told.snapshot, after, told.ended, told.plan, told.terms)
    yield last["reconciled"], encode(found)


def _derived_closed(store: Store, told: Told, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """The last entry of a cycle that acted. Whether a person had halted it is taken from there."""
    last = {entry.kind: entry for entry in entries}
    if told.closed is None or told.ended is None or told.decision is None or "reconciled" not in last:
        return
    halted = told.closed.outcome is CycleOutcome.HALTED and told.ended.state is RunState.ENDED
    outcome = CycleOutcome.HALTED if halted else OUTCOMES[told.ended.state]
    before = _frozen_before(store, last["closed"].seq)
    yield last["closed"], encode(closing(told, noun(last["reconciled"]), outcome, before))


def _frozen_before(store: Store, seq: int) -> tuple[Unknown, ...]:
    earlier = [entry for entry in store.entries(kinds=("closed", "accepted")) if entry.seq < seq]
    ends = [n for n, entry in enumerate(earlier) if entry.kind == "closed"]
    return still_frozen(earlier[ends[-1] :]) if ends else ()


def _missing(entries: Sequence[Entry]) -> Iterator[Difference]:
    """What a cycle with this outcome must have written and has not: a comparison of nothing proves nothing."""
    if entries[-1].kind != "closed":
        return
    there = Counter(entry.kind for entry in entries)
    for kind, count in Counter(WRITTEN.get(noun(entries[-1]).outcome, ())).items():
        if there[kind] < count:
            yield Difference(entries[-1].seq, kind, b"", b"(an entry of this kind)")


def plan_faults(store: Store, cycle: str) -> tuple[str, ...] | None:
    """What is wrong with the plan of a cycle, without a solver: empty if it holds, None where there is no plan."""
    told = fold.told(store, tuple(store.entries(cycle=cycle)))
    return None if told.plan is None else _plan_faults(told)


def _plan_faults(told: Told) -> tuple[str, ...]:
    if told.plan is None or told.liquidity is None or told.snapshot is None:
        return ()
    assert isinstance(told.decision, Rebalance)
    return certificate.faults(told.plan, told.decision, told.snapshot, fold.marks_of(told), told.terms, told.liquidity)


def _solved_again(told: Told) -> bool | None:
    if told.plan is None or told.liquidity is None or told.snapshot is None:
        return None
    assert isinstance(told.decision, Rebalance)
    again = plans.plan(told.decision, told.snapshot, fold.marks_of(told), told.terms, told.liquidity)
    return encode(again) == encode(told.plan)
