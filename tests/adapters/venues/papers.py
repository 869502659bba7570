"""Small paper worlds in a folder, for tests."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

from trimtab.adapters.venues import paper
from trimtab.adapters.venues.paper import PaperVenue
from trimtab.model.holdings import Transfer
from trimtab.model.orders import Order, OrderKind, Side, TimeInForce, Withdrawal
from trimtab.sim import files
from trimtab.sim.clockwork import SimClock, open_clock

T = TypeVar("T")

D = Decimal
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BTC = "north:BTC/USDT"

WORLD = """
start = 2026-01-01T12:00:00Z
speed = 0
[tape]
seed = "7"
[assets]
BTC = { decimals = 8, price = 60000, volatility = 0.6, depth = 1 }
USDT = { decimals = 8 }
[venues.north]
accept_window_s = 5
[venues.north.accounts.main]
balances = { BTC = 2, USDT = 2000000 }
[venues.north.accounts.sub]
parent = "main"
rights = ["trade"]
balances = { USDT = 500 }
[venues.north.instruments."BTC/USDT"]
filters = { step = 0.00001, tick = 0.01, min_notional = 5 }
[[venues.north.fees]]
maker_bps = 8
taker_bps = 10
[venues.south.accounts.other]
[venues.south.instruments."BTC/USDT"]
filters = { step = 0.00001, tick = 0.01 }
[[venues.south.fees]]
maker_bps = 8
taker_bps = 10
taken_from = "quote"
[[networks]]
id = "chain"
asset = "USDT"
fee = 1
minimum = 10
sent_s = 240
tradable_s = 360
withdrawable_s = 1560
"""


def write(folder: Path, text: str = WORLD, **changes: str) -> Path:
    """Write a world's file; each change is `old => new`."""
    for change in changes.values():
        old, new = change.split(" => ")
        assert old in text, f"{old} is not in the world"
        text = text.replace(old, new, 1)
    path = folder / "paper.toml"
    path.write_text(text)
    return path


def run(asked: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asked)


class Opened:
    """A world with its venues and clock open, closed together."""

    def __init__(self, path: Path, **secrets: str) -> None:
        self.path = path
        self.clock: SimClock = open_clock(path)
        self.north: PaperVenue = paper.connect(path, "north", secrets)
        self.south: PaperVenue = paper.connect(path, "south", secrets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self.clock, self.north, self.south):
            one.close()

    def after(self, seconds: float) -> datetime:
        """Step the clock to so many seconds after noon."""
        self.clock.step(NOON + timedelta(seconds=seconds))
        return self.clock.now()

    def total(self, venue: PaperVenue, account: str, asset: str = "USDT") -> Decimal:
        return next((b.total for b in run(venue.read(account)).balances if b.asset == asset), D(0))


def order(number: int, side: Side, amount: str, price: str | None, **more: Any) -> Order:
    return Order(
        id=f"{number:032x}",
        leg="l1",
        slice=0,
        attempt=1,
        account=more.pop("account", "main"),
        instrument=more.pop("instrument", BTC),
        side=side,
        kind=OrderKind.MARKET if price is None else OrderKind.LIMIT,
        time_in_force=more.pop("time_in_force", TimeInForce.GTC),
        amount=D(amount),
        limit_price=None if price is None else D(price),
        valid_until=more.pop("valid_until", NOON + timedelta(days=999)),
        **more,
    )


def sent(venue: PaperVenue, account: str, amount: Decimal, address: str) -> Coroutine[Any, Any, Transfer]:
    """USDT on its way to an address, by the only network."""
    told = Withdrawal(id="f" * 32, account=account, asset="USDT", amount=amount, network="chain", address=address)
    return venue.withdraw(told)


def dump(path: Path) -> list[tuple[Any, ...]]:
    """Every row of every table of a world's file."""
    with sqlite3.connect(path.with_suffix(files.SUFFIX)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [(table, *row) for table in sorted(tables) for row in connection.execute(f"SELECT * FROM {table}")]
    connection.close()
    return rows
