"""Which exit code an outcome stands for (PRODUCT: 0 done, 1 the answer is no, 3 repeat later, 4 a person)."""

from collections.abc import Sequence

from trimtab.cli.frame import DONE, NO, OUTSIDE, WAITS
from trimtab.model.breaks import Break, BreakCause
from trimtab.model.decision import Hold, HoldKind
from trimtab.model.ledger import CycleOutcome
from trimtab.model.mandate import Outcome
from trimtab.model.plans import Status
from trimtab.model.thought import Thought
from trimtab.record.facts import Facts

BY_OUTCOME = {
    CycleOutcome.DONE: DONE,
    CycleOutcome.HELD: DONE,
    CycleOutcome.BLOCKED: NO,
    CycleOutcome.DECLINED: NO,
    CycleOutcome.INFEASIBLE: NO,
    CycleOutcome.WAITING: WAITS,
    CycleOutcome.HALTED: WAITS,
    CycleOutcome.STUCK: WAITS,
    CycleOutcome.ABANDONED: OUTSIDE,
}


def of_state(thought: Thought) -> int:
    """Some unknowns are still a state; if nothing at all could be read, the outside world failed."""
    nothing = thought.snapshot.unknown and not thought.snapshot.balances
    return OUTSIDE if nothing else DONE


def of_thought(thought: Thought) -> int:
    """What `plan` answers: go, no, wait for a person, or come back when the world can be seen."""
    if isinstance(thought.decision, Hold):
        return _of_hold(thought.decision)
    assert thought.plan is not None
    if thought.plan.status is Status.INFEASIBLE:
        return NO
    if thought.verdict is None:
        return DONE
    return {Outcome.PASS: DONE, Outcome.ASK: WAITS, Outcome.BLOCK: NO}[thought.verdict.outcome]


def of_facts(facts: Facts) -> int:
    """What `run` answers about the cycle that ended."""
    if facts.closed is not None and facts.closed.outcome is CycleOutcome.HELD and isinstance(facts.decision, Hold):
        return _of_hold(facts.decision)
    if facts.reconciled is not None and facts.reconciled.breaks:
        return of_breaks(facts.reconciled.breaks)
    return BY_OUTCOME[facts.closed.outcome] if facts.closed is not None else OUTSIDE


def of_breaks(found: Sequence[Break]) -> int:
    """A difference is a no; where an account could not be read there is nothing to compare, and it is asked again."""
    return NO if any(b.cause is not BreakCause.UNREAD for b in found) else OUTSIDE


def _of_hold(hold: Hold) -> int:
    return {HoldKind.DOUBTFUL: OUTSIDE, HoldKind.UNLISTED: NO}.get(hold.kind, DONE)
