"""A process that kills itself with SIGKILL at one exact moment of a cycle: `python killing.py FUND MOMENT N`.

The store and the venues are the real ones, wrapped: the N-th commit or order is the last thing that happens,
or the first thing that does not. Without N it only counts the moments.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trimtab import api
from trimtab.model.ledger import Draft, Entry, Lease
from trimtab.model.orders import Order, OrderState

MOMENTS = ("before commit", "after commit", "before order", "after order", "after intent")


class Fate:
    """Counts moments, and dies at the chosen one."""

    def __init__(self, moment: str, number: int) -> None:
        self.seen: Counter[str] = Counter()
        self._chosen = (moment, number)

    def pass_by(self, moment: str) -> None:
        self.seen[moment] += 1
        if (moment, self.seen[moment]) == self._chosen:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedStore:
    """The store, with a death before or after each commit."""

    def __init__(self, store: Any, fate: Fate) -> None:
        self._store, self._fate = store, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, drafts: Sequence[Draft], lease: Lease | None) -> tuple[Entry, ...]:
        self._fate.pass_by("before commit")
        written: tuple[Entry, ...] = self._store.append(drafts, lease)
        self._fate.pass_by("after commit")
        if any(draft.kind == "intended" for draft in drafts):
            self._fate.pass_by("after intent")
        return written


class DoomedVenue:
    """A venue, with a death before or after each order's effect."""

    def __init__(self, venue: Any, fate: Fate) -> None:
        self._venue, self._fate = venue, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    async def place(self, order: Order) -> OrderState:
        self._fate.pass_by("before order")
        state: OrderState = await self._venue.place(order)
        self._fate.pass_by("after order")
        return state


async def main(fund: str, moment: str = "", number: str = "0") -> None:
    """Run one cycle of a fund, up to the chosen moment."""
    fate = Fate(moment, int(number))
    async with api.connect(api.load_settings(Path(fund))) as desk:
        venues: Any = {name: DoomedVenue(venue, fate) for name, venue in desk.venues.items()}
        store: Any = DoomedStore(desk.store, fate)
        doomed = replace(desk, store=store, venues=venues)
        await api.run_cycle(doomed, api.Wishes(holder=api.holder()))
    sys.stdout.write(json.dumps(fate.seen))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
