"""The composition root: settings become a Desk of live adapters. The one file that sees both sides."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from trimtab.adapters.clock import SimulatedClock, WallClock
from trimtab.adapters.secrets import references
from trimtab.adapters.stores import memory, seals, sqlite
from trimtab.adapters.venues import paper
from trimtab.cycle import doctor
from trimtab.cycle.inspection import Check
from trimtab.ports import Clock, Desk, Store, Venue
from trimtab.settings import KeyReference, Settings, VenueSettings
from trimtab.settings.shape import UNPROVEN, ClockSource, VenueKind
from trimtab.sim import clockwork, files
from trimtab.units import ONE

if TYPE_CHECKING:
    from trimtab.adapters.venues.exchange.binance import BinanceVenue
    from trimtab.adapters.venues.exchange.coinbase import CoinbaseVenue
    from trimtab.adapters.venues.exchange.uniform import UniformVenue


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
    clock = _clock(settings, opened)
    venues = {place.id: _venue(settings, place, clock, opened) for place in settings.venues}
    return Desk(
        policy=settings.policy,
        clock=clock,
        store=store,
        witness=seals.SealFile(settings.seals),
        venues=venues,
    )


def _venue(settings: Settings, place: VenueSettings, clock: Clock, opened: AsyncExitStack) -> Venue:
    mine = {account.id for account in settings.policy.accounts if account.venue == place.id}
    keys = [key for key in settings.keys if key.account in mine]
    if place.kind is VenueKind.PAPER:
        told = {key.account: references.resolve(key.reference, settings.folder) for key in keys}
        venue = paper.connect(place.world, place.id, told)
        opened.callback(venue.close)
        return venue
    exchange = _exchange(settings, place, clock, keys)
    opened.push_async_callback(exchange.aclose)
    return exchange


def _exchange(
    settings: Settings, place: VenueSettings, clock: Clock, keys: Sequence[KeyReference]
) -> "BinanceVenue | CoinbaseVenue | UniformVenue":
    """A client of an exchange; what it needs is imported only here. Raises ValueError where that is not installed."""
    try:
        from trimtab.adapters.venues.exchange.binance import BinanceVenue  # noqa: PLC0415  # slow to import
        from trimtab.adapters.venues.exchange.coinbase import CoinbaseVenue  # noqa: PLC0415
        from trimtab.adapters.venues.exchange.line import Credentials, Target  # noqa: PLC0415
        from trimtab.adapters.venues.exchange.others import MANNERS  # noqa: PLC0415
        from trimtab.adapters.venues.exchange.uniform import UniformVenue  # noqa: PLC0415
    except ImportError as error:
        raise ValueError(
            f"venues.{place.id}: {place.kind} needs {error.name}: pip install 'trimtab[exchange]'"
        ) from error
    told: dict[str, Any] = {
        "id": place.id,
        "accounts": {
            key.account: Credentials(
                *(references.resolve(r, settings.folder) for r in (key.reference, key.secret) if r)
            )
            for key in keys
        },
        "assets": frozenset(asset.id for asset in settings.policy.assets),
        "clock": clock,
        "target": None if place.wire is None else Target(place.wire.port, place.wire.ca),
        "known": {(route.asset, route.network, route.address): route.target for route in settings.policy.routes},
    }
    if place.kind in UNPROVEN:
        return UniformVenue(**told, manner=MANNERS[place.kind], trades=place.unproven)
    told["movers"] = {
        key.account: Credentials(*(references.resolve(r, settings.folder) for r in key.mover))
        for key in keys
        if key.mover
    }
    return BinanceVenue(**told) if place.kind is VenueKind.BINANCE else CoinbaseVenue(**told)


def _clock(settings: Settings, opened: AsyncExitStack) -> Clock:
    if settings.clock is ClockSource.WALL:
        return WallClock()
    clock = clockwork.open_clock(settings.world)
    opened.callback(clock.close)
    return SimulatedClock(clock)


def clock_check(settings: Settings) -> Check:
    """Whether the fund's clock fits the kinds of its venues."""
    speed = files.load_world(settings.world).speed if settings.clock is ClockSource.SIM else ONE
    return doctor.clock(settings.clock, speed, ["paper" if v.simulated else str(v.kind) for v in settings.venues])
