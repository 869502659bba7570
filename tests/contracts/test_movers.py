"""Money leaves by a key of its own, and the key that trades need not be able to send it (D29)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.sites import D, write
from tests.contracts.test_venue import AS_COINBASE
from trimtab.adapters.clock import SimulatedClock
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.adapters.venues.exchange.coinbase import CoinbaseVenue
from trimtab.adapters.venues.exchange.line import Credentials, Target
from trimtab.model.holdings import Transfer
from trimtab.model.orders import Withdrawal
from trimtab.ports import Refused
from trimtab.sim.clockwork import open_clock
from trimtab.sim.venue import open_venue
from trimtab.sim.wire import certs, keys
from trimtab.sim.wire.keys import Kind, Permission
from trimtab.sim.wire.server import Told, serving

TRADES = (Permission.READ, Permission.TRADE)
KINDS: dict[str, tuple[type[BinanceVenue | CoinbaseVenue], Kind]] = {
    "binance": (BinanceVenue, Kind.HMAC),
    "coinbase": (CoinbaseVenue, Kind.ES256),
}


async def sent(path: Path, wire: str, mover: str = "") -> Transfer:
    """A withdrawal by a client whose trading key may not send money, with another key for that if it is named."""
    made, kind = KINDS[wire]
    told = (keys.make("trades", "main", kind, TRADES), keys.make("moves", "main", kind, (Permission.WITHDRAW,)))
    clock, far = open_clock(path), open_venue(path, "there")
    async with serving(path, Told(told, certs.ready(path.parent))) as sim:
        target = Target(sim.ports["here"], sim.told.certificates.ca)
        by: dict[str, Any] = {key.id: Credentials(key.key, key.secret) for key in told}
        assets = frozenset({"USDT"})
        movers = {"main": by[mover]} if mover else {}
        accounts = {"main": by["trades"]}
        venue = made("here", accounts, assets, SimulatedClock(clock), target, movers=movers)
        address = far.address("other", "USDT", "ETH")
        away = Withdrawal(id="f" * 32, account="main", asset="USDT", amount=D(1000), network="ETH", address=address)
        try:
            assert (await venue.read("main")).balances
            return await venue.withdraw(away)
        finally:
            await venue.aclose()
            clock.close()
            far.close()


def world(folder: Path, wire: str) -> Path:
    return write(folder, **(AS_COINBASE if wire == "coinbase" else {}))


@pytest.mark.parametrize("wire", sorted(KINDS))
def test_a_key_that_only_moves_money_sends_it(wire: str, tmp_path: Path) -> None:
    told = asyncio.run(sent(world(tmp_path, wire), wire, "moves"))

    assert (told.amount, told.source) == (D(1000), "main")


@pytest.mark.parametrize("wire", sorted(KINDS))
def test_without_one_the_key_that_trades_is_asked_and_may_not(wire: str, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        asyncio.run(sent(world(tmp_path, wire), wire))
