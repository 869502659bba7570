"""The working of a cleared plan as a pure step machine: events in, commands out, the same ones for ever.

The order of a run's events is its ledger. Folding them again after a crash rebuilds exactly the run that was being
worked; `Resumed` then asks about whatever was sent without an answer.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from msgspec.structs import replace

from trimtab.execute import halt, legs, orders, proceeds
from trimtab.execute.orders import Source
from trimtab.model.canonical import digest
from trimtab.model.ledger import Started, Terms
from trimtab.model.orders import Answered, Command, Event, Halted, Place, Resumed, Tick
from trimtab.model.plans import Cleared
from trimtab.model.runs import Placed, Run, RunState, Working
from trimtab.units import under_context

OVER = (RunState.ENDED, RunState.STUCK)


def start(cleared: Cleared, terms: Terms, started: Started, cycle: str, genesis: str) -> Run:
    """A run as it is before its first event: all legs wait, nothing is sent until the first tick.

    `genesis` is the ledger's own random bytes, from which the ids of all orders follow (D26).
    """
    plan = cleared.plan
    known = {leg.id for leg in plan.legs}
    assert digest(plan) == cleared.plan_hash == started.plan_hash, "a run was started on another plan than was cleared"
    assert all(need in known for leg in plan.legs for need in leg.needs), "a leg needs one that the plan does not have"
    for leg in plan.legs:
        orders.rules(terms, leg)  # Defects in the terms stop here, before anything is sent.
    return Run(
        cycle=cycle,
        plan_hash=cleared.plan_hash,
        genesis=genesis,
        state=RunState.WORKING if plan.legs else RunState.ENDED,
        now=started.at,
        legs=tuple(Working(leg=leg, slices=()) for leg in plan.legs),
    )


@under_context
def step(run: Run, event: Event, terms: Terms) -> tuple[Run, tuple[Command, ...]]:
    """Say what one event changes and what to do next.

    An event that changes nothing gives back the very same run, its `now` included, so that a fold over the events
    that did change something gives the same run as having heard them all. Raises AssertionError for an order that
    the run never gave.
    """
    match event:
        case Tick(at=at):
            return _tick(run, at, terms)
        case Halted():
            return _halted(run, event, terms)
        case Resumed(at=at):
            return _each(run, at, [legs.resume(working, at) for working in run.legs])
        case _:
            return _told(run, event, terms)


def resume(run: Run, at: datetime, terms: Terms) -> tuple[Run, tuple[Command, ...]]:
    """Carry on a run that another process left: a run with nothing in doubt is given back as it is."""
    return step(run, Resumed(at=at), terms)


@under_context
def wake(run: Run, terms: Terms) -> datetime | None:
    """The next instant at which a tick has something to do; None once the run is over, or while it awaits answers.

    An instant that is past means now.
    """
    if run.state in OVER:
        return None
    ended = _ended(run)
    instants = (_wake(run, working, ended, terms) for working in run.legs if not working.ended)
    return min((instant for instant in instants if instant is not None), default=None)


def _wake(run: Run, working: Working, ended: dict[str, Working], terms: Terms) -> datetime | None:
    if working.started_at is None:
        return run.now if _may_start(working, ended) else None
    return legs.wake(working, orders.rules(terms, working.leg))


def _tick(run: Run, at: datetime, terms: Terms) -> tuple[Run, tuple[Command, ...]]:
    if run.state in OVER:
        return run, ()
    ended, source = _ended(run), Source(run.genesis, run.cycle)
    return _each(run, at, [_ticked(working, at, ended, source, terms) for working in run.legs])


def _ticked(
    working: Working, at: datetime, ended: dict[str, Working], source: Source, terms: Terms
) -> tuple[Working, tuple[Command, ...]]:
    if working.ended or (working.started_at is None and not _may_start(working, ended)):
        return working, ()
    rules = orders.rules(terms, working.leg)
    if working.started_at is None:
        needed = [ended[need] for need in working.leg.needs]
        held = [need.leg.id for need in needed if legs.stuck(need)]
        if held:
            return legs.refuse(working, at, f"it needs {', '.join(held)}, which waits for a person"), ()
        working = legs.begin(working, at, proceeds.allowance(working.leg, needed, terms), rules)
        if working.ended:
            return working, ()
    return legs.tick(working, at, source, rules)


def _halted(run: Run, event: Halted, terms: Terms) -> tuple[Run, tuple[Command, ...]]:
    if run.state is not RunState.WORKING:
        return run, ()
    because = f"halted by {event.by}: {event.because}"
    stopped = [halt.stop(w, event.at, because, orders.rules(terms, w.leg)) for w in run.legs]
    commands = tuple(command for _, more in stopped for command in more)
    return _moved(replace(run, state=RunState.HALTING), event.at, tuple(w for w, _ in stopped)), commands


def _told(run: Run, event: legs.Told, terms: Terms) -> tuple[Run, tuple[Command, ...]]:
    order_id, at = (event.state.order_id, event.state.at) if isinstance(event, Answered) else (event.order_id, event.at)
    place = _find(run.placed, order_id)
    assert place is not None, f"order {order_id} was never given by this run"
    before = run.legs[place.leg]
    rules = orders.rules(terms, before.leg)
    working, commands = legs.told(before, place.slice, event, rules)
    if run.state is RunState.HALTING:
        working, more = halt.stop(working, at, "the run was halted", rules)
        commands += more
    if working == before:
        return run, commands
    return _moved(run, at, (*run.legs[: place.leg], working, *run.legs[place.leg + 1 :])), commands


def _each(
    run: Run, at: datetime, worked: Sequence[tuple[Working, tuple[Command, ...]]]
) -> tuple[Run, tuple[Command, ...]]:
    """The run with all of its legs worked, and all their commands in the order of the legs."""
    commands = tuple(command for _, more in worked for command in more)
    after = tuple(working for working, _ in worked)
    if after == run.legs:
        return run, commands
    moved = _moved(run, at, after)
    return replace(moved, placed=_entered(moved, commands)), commands


def _moved(run: Run, at: datetime, after: tuple[Working, ...]) -> Run:
    return replace(run, now=max(run.now, at), legs=after, state=_state(run, after))


def _state(run: Run, after: tuple[Working, ...]) -> RunState:
    if not all(working.ended for working in after):
        return run.state
    return RunState.STUCK if any(legs.stuck(working) for working in after) else RunState.ENDED


def _entered(run: Run, commands: Iterable[Command]) -> tuple[Placed, ...]:
    """The orders ever given, with those of `commands`."""
    given = [command.order for command in commands if isinstance(command, Place)]
    if not given:
        return run.placed
    positions = {working.leg.id: n for n, working in enumerate(run.legs)}
    for order in given:
        assert _find(run.placed, order.id) is None, f"order {order.id} was given before"
    fresh = (Placed(order_id=o.id, leg=positions[o.leg], slice=o.slice) for o in given)
    return tuple(sorted((*run.placed, *fresh), key=attrgetter("order_id")))


def _find(placed: tuple[Placed, ...], order_id: str) -> Placed | None:
    place = bisect_left(placed, order_id, key=attrgetter("order_id"))
    return placed[place] if place < len(placed) and placed[place].order_id == order_id else None


def _ended(run: Run) -> dict[str, Working]:
    return {working.leg.id: working for working in run.legs if working.ended}


def _may_start(working: Working, ended: dict[str, Working]) -> bool:
    return all(need in ended for need in working.leg.needs)
