"""Writing the ledger from the shell: the lease that allows it, and one commit for facts that belong together."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from trimtab.model.canonical import digest
from trimtab.model.ledger import Entry, Lease, Terms
from trimtab.ports import Desk, Fenced, LeaseHeld, Store, Unavailable
from trimtab.record import entries

RETRY_S = 0.1
"""Pause between two attempts to take a lease that someone else holds."""


@dataclass(frozen=True)
class Pen:
    """The right to write one cycle's entries."""

    store: Store
    lease: Lease
    cycle: str


def write(pen: Pen, *facts: tuple[str, Any]) -> tuple[Entry, ...]:
    """Write facts (kind and noun) in one commit. Raises Fenced if another process has taken over."""
    return pen.store.append([entries.draft(kind, pen.cycle, fact) for kind, fact in facts], pen.lease)


def write_terms(pen: Pen, terms: Terms) -> None:
    """Write the terms if they differ from the last ones written."""
    last = pen.store.last("terms")
    if last is None or hashlib.sha256(last.body).hexdigest() != digest(terms):
        pen.store.append([entries.draft("terms", "", terms)], pen.lease)


@asynccontextmanager
async def held(
    desk: Desk, holder: str, lost: asyncio.Event, waiting: Callable[[LeaseHeld], None] = lambda _: None
) -> AsyncIterator[Lease]:
    """Hold the lease `cycle`, renewing it; `lost` is set if it is taken over.

    Waits `[limits] lease_wait_s` for another holder, of whom `waiting` is told once, then raises LeaseHeld naming it.
    """
    lease = await _acquire(desk, holder, waiting)
    keeping = asyncio.create_task(_keep(desk, lease, lost))
    try:
        yield lease
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        desk.store.release(lease)


async def _acquire(desk: Desk, holder: str, waiting: Callable[[LeaseHeld], None]) -> Lease:
    limits = desk.policy.limits
    loop = asyncio.get_running_loop()
    patience = loop.time() + limits.lease_wait_s
    told = False
    while True:
        try:
            return desk.store.acquire("cycle", holder, limits.lease_ttl_s)
        except LeaseHeld as other:
            if loop.time() >= patience:
                raise
            if not told:
                waiting(other)
                told = True
        await asyncio.sleep(RETRY_S)


async def _keep(desk: Desk, lease: Lease, lost: asyncio.Event) -> None:
    """Renew at a third of the lease's life: two renewals may fail before anyone else can take it."""
    while True:
        await asyncio.sleep(desk.policy.limits.lease_ttl_s / 3)
        try:
            desk.store.renew(lease, desk.policy.limits.lease_ttl_s)
        except Unavailable:
            continue  # The lease is still ours until someone takes it; a store that stays away stops the next write.
        except Fenced:
            lost.set()
            return
