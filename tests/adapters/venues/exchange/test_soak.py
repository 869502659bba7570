"""A hundred thousand calls over the wire: client and server together do not grow."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contracts.sites import BTC, client, write
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.sim.clockwork import open_clock
from trimtab.sim.gates import Allowance, Limits
from trimtab.sim.venue import open_venue
from trimtab.sim.wire import certs, keys
from trimtab.sim.wire.server import Running, Told, serving

CALLS = 100_000
WARM = 10_000
AT_ONCE = 10
ENDLESS = Allowance(name="1M", most=10**9, window_s=Decimal(60))


def resident_kb() -> int:
    """What this process occupies."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


async def called(venue: BinanceVenue, server: Running, calls: int) -> None:
    """So many calls: of each round two readings of an account, a book and an address."""
    for _ in range(calls // (4 * AT_ONCE)):
        rounds = [
            call
            for _ in range(AT_ONCE)
            for call in (venue.read("main"), venue.ladders([BTC], 50), venue.address("main", "USDT", "ETH"))
        ]
        await asyncio.gather(*rounds)
        server.venues["here"].calls.clear()


async def grown(path: Path) -> float:
    """By what share the process has grown between the warm-up and the end."""
    key = keys.make("main", "main", keys.Kind.HMAC)
    made = (key, keys.make("sub", "sub", keys.Kind.HMAC))
    told = Told(made, certs.ready(path.parent), Limits(weight=ENDLESS, wallet=ENDLESS))
    clock, truth = open_clock(path), open_venue(path, "here")
    async with serving(path, told) as server:
        venue = client(server, "here", clock, truth)
        assert isinstance(venue, BinanceVenue)
        venue.lines.budget("").limit = 0
        await called(venue, server, WARM)
        before = resident_kb()
        await called(venue, server, CALLS)
        after = resident_kb()
        await venue.aclose()
    clock.close()
    truth.close()
    return after / before - 1


@pytest.mark.soak
def test_a_hundred_thousand_calls_grow_the_process_by_less_than_two_percent(tmp_path: Path) -> None:
    assert asyncio.run(grown(write(tmp_path))) < 0.02
