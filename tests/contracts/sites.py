"""Two small venues of one world, as the contract of a venue needs them: the one that is asked, and one far away."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from trimtab.adapters.clock import SimulatedClock
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.adapters.venues.exchange.coinbase import CoinbaseVenue
from trimtab.adapters.venues.exchange.line import Credentials, Target
from trimtab.model.assets import TakenFrom
from trimtab.model.holdings import Stage, Transfer
from trimtab.model.orders import Order, OrderKind, OrderState, Side, TimeInForce, Withdrawal
from trimtab.ports import Venue
from trimtab.sim.clockwork import SimClock
from trimtab.sim.venue import SimVenue
from trimtab.sim.wire.server import Running

T = TypeVar("T")

D = Decimal
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BTC = "here:BTC/USDT"
ETH = "here:ETH/USDT"

WORLD = """
start = 2026-01-01T12:00:00Z
speed = 0
[tape]
seed = "7"
[assets]
BNB = { decimals = 8, price = 600 }
BTC = { decimals = 8, price = 60000, volatility = 0.6, depth = 1 }
ETH = { decimals = 8, price = 3000, volatility = 0.6, depth = 1 }
USDT = { decimals = 8 }
[venues.here]
wire = "binance"
accept_window_s = 5
[venues.here.accounts.main]
balances = { BTC = "2.00000001", ETH = 10, USDT = 2000000 }
[venues.here.accounts.sub]
parent = "main"
rights = ["trade"]
balances = { USDT = 500 }
[venues.here.instruments]
"BTC/USDT" = { filters = { step = 0.00001, tick = 0.01, min_notional = 5, min_amount = 0.00001, max_orders = 5 } }
"ETH/USDT" = { filters = { step = 0.0001, tick = 0.01, min_notional = 5 } }
[[venues.here.fees]]
maker_bps = 8
taker_bps = 10
[venues.there]
wire = "binance"
[venues.there.accounts.other]
[venues.there.instruments."BTC/USDT"]
filters = { step = 0.00001, tick = 0.01 }
[[venues.there.fees]]
maker_bps = 8
taker_bps = 10
[[networks]]
id = "ETH"
asset = "USDT"
fee = 1
minimum = 10
sent_s = 240
tradable_s = 360
withdrawable_s = 1560
"""


@dataclass
class Site:
    """A venue behind its ports, another, the world's clock, and the truth: both venues' own books."""

    here: Venue
    there: Venue
    clock: SimClock
    truth: SimVenue
    far: SimVenue
    loop: asyncio.AbstractEventLoop
    wire: str = ""
    served: Running | None = None

    @property
    def server(self) -> Running:
        """The simulator, where there is one."""
        assert self.served is not None, "paper venues have no server"
        return self.served

    @property
    def taken_from(self) -> TakenFrom:
        """What fees are taken from."""
        return TakenFrom.QUOTE if self.wire == "coinbase" else TakenFrom.RECEIVED

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        """What a port answers."""
        return self.loop.run_until_complete(asked)

    def after(self, seconds: float) -> datetime:
        """Step the clock to so many seconds after noon."""
        self.clock.step(NOON + timedelta(seconds=seconds))
        return self.clock.now()

    def place(self, order: Order) -> OrderState:
        """Send an order to the venue that is asked."""
        return self.run(self.here.place(order))

    def query(self, order: Order) -> OrderState | None:
        """Ask what became of it."""
        return self.run(self.here.query(order))

    def cancel(self, order: Order) -> OrderState | None:
        """Take it off the book."""
        return self.run(self.here.cancel(order))

    def best(self, side: Side, instrument: str = BTC) -> Decimal:
        """The price at which an order of a side would meet the book."""
        book = self.truth.ladder(instrument)
        assert book is not None
        return (book.asks if side is Side.BUY else book.bids)[0].price

    def held(self, account: str = "main") -> dict[str, tuple[Decimal, Decimal]]:
        """Total and free of each asset, as the ports tell them; what is nothing is left out."""
        read = self.run(self.here.read(account))
        return {b.asset: (b.total, b.free) for b in read.balances if b.total}

    def send(self, amount: str = "1000", account: str = "main", *, network: str = "ETH") -> Transfer:
        """USDT on its way to the other venue."""
        address = self.run(self.there.address("other", "USDT", network))
        told = Withdrawal(
            id="f" * 32, account=account, asset="USDT", amount=D(amount), network=network, address=address
        )
        return self.run(self.here.withdraw(told))

    def stages(self) -> tuple[list[Stage], list[Stage]]:
        """How far each end says that the money has come."""
        now = NOON
        out = self.run(self.here.transfers("main", now))
        back = self.run(self.there.transfers("other", now))
        return [t.stage for t in out], [t.stage for t in back]


def client(sim: Running, name: str, clock: SimClock, *venues: SimVenue) -> BinanceVenue | CoinbaseVenue:
    """A real client of a served venue, which may do everything with every account there."""
    target = Target(sim.ports[name], sim.told.certificates.ca)
    accounts = {a: Credentials(sim.key(a).key, sim.key(a).secret) for a in sim.venues[name].sim.accounts}
    known = {
        ("USDT", "ETH", venue.address(account, "USDT", "ETH")): account
        for venue in venues
        for account in venue.accounts
    }
    kinds: dict[str, type[BinanceVenue | CoinbaseVenue]] = {"binance": BinanceVenue, "coinbase": CoinbaseVenue}
    made = kinds[sim.venues[name].sim.told.wire or ""]
    return made(name, accounts, frozenset({"BNB", "BTC", "ETH", "USDT"}), SimulatedClock(clock), target, known)


def order(number: int, side: Side, amount: str, price: Decimal | str | None, **more: Any) -> Order:
    """An order for BTC of the main account; without a price it is a market order."""
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
        valid_until=more.pop("valid_until", NOON + timedelta(seconds=5)),
        **more,
    )


def write(folder: Path, **changes: str) -> Path:
    """The world's file; each change is `old => new`."""
    text = WORLD
    for change in changes.values():
        old, new = change.split(" => ")
        assert old in text, f"{old} is not in the world"
        text = text.replace(old, new, 1)
    path = folder / "paper.toml"
    path.write_text(text)
    return path
