"""The exchange client against the simulated Binance in a process of its own: what we add to a call, and who waits.

overhead: a signed call by our line and by bare ccxt on a session like ours, in turns, in one run; line 200 us.
urgent: an order is cancelled while thirty histories are being read by the same account; line 50 ms.
"""

import argparse
import asyncio
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from ccxt import async_support

from trimtab import api
from trimtab.adapters.clock import WallClock
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.adapters.venues.exchange.line import Budget, Credentials, Line, Target, _session
from trimtab.adapters.venues.exchange.table import BINANCE
from trimtab.model.orders import Order, OrderKind, Side, TimeInForce
from trimtab.sim.faults import Fault

ACCOUNT = "trading"
HISTORIES = 30
SLOW_S = "0.2"


@contextmanager
def served(home: Path, *arguments: str) -> Iterator[int]:
    """The port of a simulated Binance."""
    program = [sys.executable, "-c", "from trimtab.cli import main; main()", "sim", "--world", str(home / "sim.toml")]
    process = subprocess.Popen([*program, "--port", "0", "--json", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["ports"]["binance"]
    finally:
        process.kill()
        process.wait()


def credentials(home: Path) -> Credentials:
    """The account's key, as `trimtab sim` wrote it."""
    return Credentials(*((home / "sim-keys" / f"{ACCOUNT}.{part}").read_text() for part in ("key", "secret")))


async def batch(calls: int, call: Callable[[], Awaitable[Any]]) -> float:
    """Seconds for each of so many calls, one after the other."""
    started = time.perf_counter()
    for _ in range(calls):
        await call()
    return (time.perf_counter() - started) / calls


async def overhead(home: Path, port: int, runs: int, calls: int) -> dict[str, Any]:
    """Our line and bare ccxt, in turns."""
    target, keys = Target(port, home / "sim-ca.pem"), credentials(home)
    line = Line(BINANCE, Budget(0, 60), keys, target)
    session = _session(target, aiohttp.TraceConfig())
    told = {"apiKey": keys.key, "secret": keys.secret, "session": session, "enableRateLimit": False, "number": str}
    bare = async_support.binance({**told, "options": dict(BINANCE.options)})
    ours: list[float] = []
    theirs: list[float] = []
    for run in range(runs + 1):
        mine = await batch(calls, lambda: line.ask("sapi_get_bnbburn", {}, lambda answer: answer))
        peer = await batch(calls, bare.sapi_get_bnbburn)
        if run:  # The first is a rehearsal.
            ours.append(mine)
            theirs.append(peer)
    await line.close()
    bare.session = None
    await session.close()
    added = statistics.median(mine - peer for mine, peer in zip(ours, theirs, strict=True))
    return {
        "bench": "wire.overhead",
        "runs": runs,
        "calls": calls,
        "ours_us": round(1e6 * statistics.median(ours)),
        "ccxt_us": round(1e6 * statistics.median(theirs)),
        "added_us": round(1e6 * added),
        "line_us": 200,
        "python": platform.python_version(),
    }


async def urgent(home: Path, port: int, runs: int) -> dict[str, Any]:
    """How long a cancel takes alone, and behind histories that each take a while."""
    assets = frozenset({"BNB", "BTC", "ETH", "SOL", "USDT"})
    alone: list[float] = []
    behind: list[float] = []
    for run in range(runs + 1):
        for waiting, taken in ((0, alone), (HISTORIES, behind)):
            # A client of its own for each, with a rate budget of its own: thirty histories use a tenth of one.
            keys, target = {ACCOUNT: credentials(home)}, Target(port, home / "sim-ca.pem")
            venue = BinanceVenue("binance", keys, assets, WallClock(), target)
            seconds = await cancelled(venue, resting(run, waiting), waiting)
            await venue.aclose()
            if run:
                taken.append(seconds)
    waits = statistics.median(behind) - statistics.median(alone)
    return {
        "bench": "wire.urgent",
        "runs": runs,
        "histories": HISTORIES,
        "alone_ms": round(1e3 * statistics.median(alone), 1),
        "behind_ms": round(1e3 * statistics.median(behind), 1),
        "waits_ms": round(1e3 * waits, 1),
        "line_ms": 50,
    }


async def cancelled(venue: BinanceVenue, order: Order, histories: int) -> float:
    """Seconds that the cancellation of an order takes while so many histories are read."""
    await venue.place(order)
    since = venue.clock.now() - timedelta(days=1)
    reading = [asyncio.ensure_future(venue.transfers(ACCOUNT, since)) for _ in range(histories)]
    await asyncio.sleep(0.01)
    started = time.perf_counter()
    await venue.cancel(order)
    seconds = time.perf_counter() - started
    await asyncio.gather(*reading)
    return seconds


def resting(run: int, waiting: int) -> Order:
    """An order far below the market."""
    return Order(
        id=f"{run:016x}{waiting:016x}",
        leg="",
        slice=0,
        attempt=1,
        account=ACCOUNT,
        instrument="binance:BTC/USDT",
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.GTC,
        amount=Decimal("0.001"),
        limit_price=Decimal(50000),
        valid_until=WallClock().now() + timedelta(seconds=5),
    )


async def main() -> None:
    """Measure and print JSON lines."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=9)
    asked.add_argument("--calls", type=int, default=200)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        api.write_template("exchange", home)
        with served(home) as port:
            print(json.dumps(await overhead(home, port, options.runs, options.calls)))
        slow = home / "slow.toml"
        call = "GET /sapi/v1/capital/withdraw/history"
        slow.write_text(f'[[faults]]\nfault = "{Fault.SLOW}"\ncall = "{call}"\namount = "{SLOW_S}"\n')
        with served(home, "--faults", str(slow)) as port:
            print(json.dumps(await urgent(home, port, options.runs)))
        shutil.rmtree(home / "sim-keys", ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
