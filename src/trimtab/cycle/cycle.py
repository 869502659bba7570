"""One cycle, on one page: look, think, act, look again, write everything down.

Whatever a pure stage reads is noted first; whatever touches the world is written before it does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from trimtab.check import verdict
from trimtab.cycle import fold, recover, saved
from trimtab.cycle.close import close, settle
from trimtab.cycle.pen import Pen, held, write, write_terms
from trimtab.cycle.think import next_cycle, think
from trimtab.cycle.work import Interrupted, Watching, work
from trimtab.execute import run as runs
from trimtab.model.decision import Cause, Hold
from trimtab.model.ledger import Closed, CycleOutcome, Lease, Started
from trimtab.model.mandate import Outcome
from trimtab.model.plans import Status
from trimtab.model.thought import Thought
from trimtab.ports import Desk
from trimtab.record import seal


async def agree(_: Thought) -> bool:
    """The answer of someone who said yes beforehand."""
    return True


@dataclass(frozen=True)
class Wishes:
    """What the caller of a cycle wants: who runs it, why now, who confirms the plan, and who looks on."""

    holder: str
    cause: Cause | None = None
    confirm: Callable[[Thought], Awaitable[bool]] = agree
    recall: Thought | None = None
    watching: Watching = field(default_factory=Watching)


@dataclass(frozen=True)
class Result:
    """How a cycle ended, its seal, and whether a process that is gone had begun it."""

    closed: Closed
    seal: str
    resumed: bool


async def run_cycle(desk: Desk, wishes: Wishes) -> Result | None:
    """Run one cycle under the lease, or finish the one that was cut off. None: the fund is halted.

    Raises LeaseHeld, Interrupted (state kept), Fenced (another process took over), Unavailable (the store), or
    ValueError where the ledger is not the one that was sealed last, or an unfinished cycle's account is gone.
    """
    async with held(desk, wishes.holder, wishes.watching.stopping, wishes.watching.waiting) as lease:
        if wrong := unsealed(desk) or changed(desk):
            raise ValueError(wrong)
        if desk.store.last("closed") is not None:
            seal_last(desk)  # A crash may have come between the last cycle's end and its seal.
        try:
            return await _run(desk, lease, wishes)
        except Interrupted:
            desk.store.renew(lease, desk.policy.limits.lease_ttl_s)  # Raises Fenced if that is why it stopped.
            raise


async def _run(desk: Desk, lease: Lease, wishes: Wishes) -> Result | None:
    finished = await recover.finish(desk, lease, wishes.watching)
    if finished is not None:
        return Result(finished, seal_last(desk), resumed=True)
    if desk.store.halted():
        return None
    closed = await _cycle(desk, lease, wishes)
    return Result(closed, seal_last(desk), resumed=False)


async def preview(desk: Desk, cause: Cause | None) -> Thought:
    """The same looking and thinking as a cycle's, without a lease and without a trace."""
    return await think(desk, next_cycle(desk.store), cause, lambda _kind, _fact: None)


async def _cycle(desk: Desk, lease: Lease, wishes: Wishes) -> Closed:
    pen = Pen(desk.store, lease, next_cycle(desk.store))
    thought = await _thought(desk, pen, wishes)
    ending = _ending(thought)
    if ending is None and not await wishes.confirm(thought):
        ending = (CycleOutcome.DECLINED, "the plan was declined by the person who was asked")
    if ending is None and _too_old(desk, thought):
        ending = (CycleOutcome.ABANDONED, "the plan grew too old while it waited for an answer")
    if ending is not None:
        return close(desk, pen, thought.opened, thought, *ending)
    assert thought.plan is not None
    assert thought.verdict is not None
    cleared = verdict.clear(thought.plan, thought.verdict)
    started = Started(plan_hash=cleared.plan_hash, at=desk.clock.now())
    write(pen, ("started", started))
    run = runs.start(cleared, thought.terms, started, pen.cycle, fold.nonce(desk.store))
    run = await work(desk, pen, run, thought.terms, wishes.watching)
    return await settle(desk, pen, fold.told(desk.store, tuple(desk.store.entries(cycle=pen.cycle))), run)


async def _thought(desk: Desk, pen: Pen, wishes: Wishes) -> Thought:
    """Think, and write all of it in one commit: nothing has left yet. What was found before a failure is kept."""
    facts: list[tuple[str, Any]] = []
    try:
        if wishes.recall is not None:
            return await saved.recall(desk, pen.cycle, wishes.recall, lambda kind, fact: facts.append((kind, fact)))
        return await think(desk, pen.cycle, wishes.cause, lambda kind, fact: facts.append((kind, fact)))
    finally:
        if facts:
            write_terms(pen, facts[0][1])
            write(pen, *facts[1:])


def _ending(thought: Thought) -> tuple[CycleOutcome, str] | None:
    """How the cycle ends without acting, if it does."""
    if isinstance(thought.decision, Hold):
        return CycleOutcome.HELD, thought.decision.because
    assert thought.plan is not None
    if thought.plan.status is Status.INFEASIBLE:
        return CycleOutcome.INFEASIBLE, "; ".join((*thought.plan.because, *(u.because for u in thought.plan.unmet)))
    if isinstance(thought.judgement, Hold):
        return CycleOutcome.HELD, thought.judgement.because
    assert thought.verdict is not None
    if thought.verdict.outcome is Outcome.PASS:
        return None
    wanted = CycleOutcome.BLOCKED if thought.verdict.outcome is Outcome.BLOCK else CycleOutcome.WAITING
    return wanted, "; ".join(f"{f.because} (clause {f.clause})" for f in thought.verdict.findings if f.breached)


def _too_old(desk: Desk, thought: Thought) -> bool:
    age = desk.clock.now() - thought.snapshot.at
    return age > timedelta(seconds=thought.terms.policy.limits.plan_max_age_s)


def unsealed(desk: Desk) -> str:
    """Why this ledger may not be acted on: it is not the one that was sealed last. Empty: it is, or nothing was.

    An old copy put back knows nothing of orders that were sent since, and would give their ids to new ones.
    """
    line = seal.newest(desk.witness.kept())
    if line is None:
        return ""
    seq, _ = seal.parse(line)
    there = next(desk.store.entries(after=seq - 1), None)
    if there is not None and seal.sealed(there, line):
        return ""
    return (
        f"the ledger is not the one that was sealed last ({line}): it was cut off, rewritten or put back from an old "
        "copy, or another fund keeps its seals in the same file; bring the right one back before anything acts, or, "
        "to begin anew, move the file of seals away with the ledger"
    )


def changed(desk: Desk) -> str:
    """Why the ledger's chain does not hold, by its first fault; empty while it does. Nothing acts on one that lies."""
    fault = next(iter(seal.faults(seal.row(entry) for entry in desk.store.entries())), None)
    if fault is None:
        return ""
    return f"{fault.because}; `trimtab verify` names every entry; bring the right ledger back before anything acts"


def seal_last(desk: Desk) -> str:
    """Bring the derived tables up to date and put the last cycle's seal outside the store."""
    desk.store.publish()
    entry = desk.store.last("closed")
    assert entry is not None, "a seal needs a closed cycle"
    line = seal.seal(entry)
    desk.witness.keep(line)
    return line
