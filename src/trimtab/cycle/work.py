"""Work a cleared plan: tell the step machine what happened, write its commands down, carry them out.

Events and the commands they caused are one commit, made before any command is carried out; so a crash at any
point leaves either nothing to do, or an intent whose outcome can be asked for.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from trimtab.cycle.pen import Pen, write
from trimtab.cycle.perform import perform
from trimtab.execute import run as runs
from trimtab.model.ledger import Happened, Intended, Terms, noun
from trimtab.model.orders import Command, Event, Halted, Tick
from trimtab.model.runs import Run, RunState
from trimtab.ports import Desk, LeaseHeld

HEARTBEAT_S = 0.5
"""How long the shell sleeps at most before it looks for a halt, a stop or a lost lease."""


class Interrupted(Exception):  # not an error: a person or the system asked
    """The process was asked to stop, or lost its lease. The ledger is complete; the next run goes on from it."""


@dataclass(frozen=True)
class Watching:
    """Who looks on while a run is worked: `progress` is shown each new state, `stopping` ends the loop.

    `waiting` is told once where another process has to be waited for first.
    """

    progress: Callable[[Run], None] = lambda _: None
    waiting: Callable[[LeaseHeld], None] = lambda _: None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


async def work(desk: Desk, pen: Pen, run: Run, terms: Terms, watching: Watching) -> Run:
    """Work a run to its end. Raises Interrupted at a safe place when asked to stop."""
    told_halt = False
    while run.state in (RunState.WORKING, RunState.HALTING):
        if watching.stopping.is_set():
            raise Interrupted
        halt = None if told_halt else _halt(desk)
        told_halt = told_halt or halt is not None
        run = await tell(desk, pen, run, terms, (halt or Tick(at=desk.clock.now()),))
        watching.progress(run)
        wake = runs.wake(run, terms)
        if run.state in (RunState.WORKING, RunState.HALTING) and wake is not None:
            await _rest(desk, wake, watching)
    return run


async def tell(desk: Desk, pen: Pen, run: Run, terms: Terms, events: Sequence[Event]) -> Run:
    """Tell a run what happened, and do what it answers, until it has nothing more to say."""
    while events:
        after, commands = stepped(run, events, terms)
        if commands or replace(after, now=run.now) != run:
            write(pen, *_facts(events, commands))
        run = after
        events = await perform(desk, commands) if commands else ()
    return run


def stepped(run: Run, events: Sequence[Event], terms: Terms) -> tuple[Run, tuple[Command, ...]]:
    """Several events in a row, as one step: the last state, and all commands in order."""
    commands: tuple[Command, ...] = ()
    for event in events:
        run, more = runs.step(run, event, terms)
        commands += more
    return run, commands


def _facts(events: Sequence[Event], commands: Sequence[Command]) -> tuple[tuple[str, Happened | Intended], ...]:
    happened = ("happened", Happened(events=tuple(events)))
    return (happened, ("intended", Intended(commands=tuple(commands)))) if commands else (happened,)


def _halt(desk: Desk) -> Halted | None:
    if not desk.store.halted():
        return None
    lever = desk.store.last("halted")
    assert lever is not None, "the store says halted and has no halt"
    pulled = noun(lever)
    return Halted(by=pulled.by, because=pulled.because, at=desk.clock.now())


async def _rest(desk: Desk, wake: datetime, watching: Watching) -> None:
    """Sleep until something is due, but look up every heartbeat of wall time."""
    sleeping = asyncio.create_task(desk.clock.sleep_until(wake))
    stopped = asyncio.create_task(watching.stopping.wait())
    try:
        await asyncio.wait((sleeping, stopped), timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
        if sleeping.done():
            sleeping.result()
    finally:
        for task in (sleeping, stopped):
            task.cancel()
        await asyncio.gather(sleeping, stopped, return_exceptions=True)
