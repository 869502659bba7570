"""Finish what a process that is gone left behind. It is the same path as a start: fold, ask, go on."""

from trimtab.cycle import fold
from trimtab.cycle.close import settle
from trimtab.cycle.fold import Told
from trimtab.cycle.pen import Pen, write
from trimtab.cycle.think import frozen
from trimtab.cycle.work import Watching, tell, work
from trimtab.model.ledger import Closed, CycleOutcome, Entry, Lease, Opened
from trimtab.model.orders import Resumed
from trimtab.ports import Desk, Store


def unfinished(store: Store) -> tuple[Entry, ...]:
    """The entries of the cycle that was opened last and never closed; empty if every cycle was closed."""
    opened, closed = store.last("opened"), store.last("closed")
    if opened is None or (closed is not None and closed.seq > opened.seq):
        return ()
    return tuple(store.entries(cycle=opened.cycle))


async def finish(desk: Desk, lease: Lease, watching: Watching) -> Closed | None:
    """Bring an unfinished cycle to its end. None: there was none that had begun to act.

    A cycle that had not started to trade is closed as abandoned: its plan is about a world that has moved.
    """
    entries = unfinished(desk.store)
    if not entries:
        return None
    pen = Pen(desk.store, lease, entries[0].cycle)
    cycle = fold.told(desk.store, entries)
    if cycle.started is None:
        _abandon(desk, pen, cycle.opened)
        return None
    _require_places(desk, cycle)
    if cycle.ended is not None:
        return await settle(desk, pen, cycle, None)
    run = fold.rebuilt(cycle, entries)
    run = await tell(desk, pen, run, cycle.terms, (Resumed(at=desk.clock.now()),))
    run = await work(desk, pen, run, cycle.terms, watching)
    return await settle(desk, pen, cycle, run)


def _require_places(desk: Desk, cycle: Told) -> None:
    """The accounts of an unfinished cycle must still be there to ask about its orders and to look at its balances."""
    homes = {account.id: account.venue for account in desk.policy.accounts}
    gone = [a.id for a in cycle.terms.policy.accounts if homes.get(a.id) != a.venue]
    if gone:
        raise ValueError(
            f"cycle {cycle.opened.cycle} is not finished and traded with {', '.join(gone)}, which the fund's file no "
            "longer has there; bring it back until `trimtab run` has finished that cycle"
        )


def _abandon(desk: Desk, pen: Pen, opened: Opened) -> None:
    because = "the process ended before the plan was started; nothing was sent"
    closed = Closed(
        cycle=pen.cycle,
        at=desk.clock.now(),
        outcome=CycleOutcome.ABANDONED,
        because=because,
        consumed=opened.past,
        frozen=frozen(desk.store),
    )
    write(pen, ("closed", closed))
