"""The composition root: settings become a Desk of live adapters. The one file that sees both sides."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from trimtab.adapters.clock import SimulatedClock, WallClock
from trimtab.adapters.secrets import references
from trimtab.adapters.stores import memory, seals, sqlite
from trimtab.adapters.venues import paper
from trimtab.cycle import doctor
from trimtab.cycle.inspection import Check
from trimtab.ports import Clock, Desk, Store, Venue
from trimtab.settings import Settings
from trimtab.settings.shape import ClockSource
from trimtab.sim import clockwork, files
from trimtab.units import ONE


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Desk]:
    """A desk that may act: its ledger is made or migrated if need be. Raises ValueError, Unavailable."""
    with levers(settings) as store:
        async with AsyncExitStack() as opened:
            yield _desk(settings, store, opened)


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Desk]:
    """A desk for looking: it makes no ledger and takes no lease. A fund without a ledger yet has an empty one."""
    with records(settings) as store:
        async with AsyncExitStack() as opened:
            yield _desk(settings, store, opened)


@contextmanager
def records(settings: Settings) -> Iterator[Store]:
    """The ledger alone, for reading."""
    if not settings.store.exists():
        yield memory.MemoryStore(settings.policy.fund)
        return
    store = sqlite.open_readonly(settings.store, settings.policy.fund)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def levers(settings: Settings) -> Iterator[Store]:
    """The ledger for people's levers, which need no lease and work beside a running cycle."""
    store = sqlite.open_store(settings.store, settings.policy.fund)
    try:
        yield store
    finally:
        store.close()


def _desk(settings: Settings, store: Store, opened: AsyncExitStack) -> Desk:
    keys = {key.account: references.resolve(key.reference, settings.folder) for key in settings.keys}
    venues: dict[str, Venue] = {}
    for place in settings.venues:
        venue = paper.connect(place.world, place.id, keys)
        opened.callback(venue.close)
        venues[place.id] = venue
    return Desk(
        policy=settings.policy,
        clock=_clock(settings, opened),
        store=store,
        witness=seals.SealFile(settings.seals),
        venues=venues,
    )


def _clock(settings: Settings, opened: AsyncExitStack) -> Clock:
    if settings.clock is ClockSource.WALL:
        return WallClock()
    clock = clockwork.open_clock(settings.venues[0].world)
    opened.callback(clock.close)
    return SimulatedClock(clock)


def clock_check(settings: Settings) -> Check:
    """Whether the fund's clock fits the kinds of its venues."""
    speed = files.load_world(settings.venues[0].world).speed if settings.clock is ClockSource.SIM else ONE
    return doctor.clock(settings.clock, speed, [str(v.kind) for v in settings.venues])
