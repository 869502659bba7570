"""A second client that knows nothing of the first: python-binance, unmodified, with both kinds of keys."""

import socket
import ssl
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # What its own dependencies deprecate is not ours to judge.
    from binance.async_client import AsyncClient
    from binance.exceptions import BinanceAPIException

from tests.contracts.sites import NOON
from tests.sim.wire.wired import ToPort, Wired, wired
from trimtab.sim.wire import keys
from trimtab.sim.wire.keys import Key, Kind

PAIR = "BTCUSDT"
ED25519 = keys.make("ed", "main", Kind.ED25519)


async def connected(site: Wired, venue: str, key: Key) -> Any:
    trusted = ssl.create_default_context(cafile=str(site.sim.told.certificates.ca))
    connector = aiohttp.TCPConnector(ssl=trusted, resolver=ToPort(site.sim.ports[venue]), family=socket.AF_INET)
    signs = {"private_key": key.secret} if key.kind is Kind.ED25519 else {"api_secret": key.secret}
    client = AsyncClient(key.key, session_params={"connector": connector}, **signs)
    site.opened.push_async_callback(client.close_connection)
    return client


@contextmanager
def client_of(folder: Path, kind: Kind) -> Iterator[tuple[Wired, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with wired(folder, (ED25519,)) as site:
            yield site, site.run(connected(site, "here", ED25519 if kind is Kind.ED25519 else site.sim.key("main")))


@pytest.mark.parametrize("kind", [Kind.HMAC, Kind.ED25519])
def test_orders_from_beginning_to_end(kind: Kind, tmp_path: Path) -> None:
    with client_of(tmp_path, kind) as (site, client):
        made = site.run(
            client.create_order(
                symbol=PAIR, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price="50000",
                newClientOrderId="mine",
            )
        )  # fmt: skip
        found = site.run(client.get_order(symbol=PAIR, origClientOrderId="mine"))
        there = site.run(client.get_open_orders(symbol=PAIR))
        ended = site.run(client.cancel_order(symbol=PAIR, orderId=made["orderId"]))
        taken = site.run(client.order_market_buy(symbol=PAIR, quantity="0.01"))
        trades = site.run(client.get_my_trades(symbol=PAIR))

        assert found["orderId"] == made["orderId"] == there[0]["orderId"]
        assert (ended["status"], ended["origClientOrderId"]) == ("CANCELED", "mine")
        assert [row["id"] for row in trades] == [fill["tradeId"] for fill in taken["fills"]]
        assert len(site.run(client.get_all_orders(symbol=PAIR))) == 2


@pytest.mark.parametrize("kind", [Kind.HMAC, Kind.ED25519])
def test_money_out_and_in(kind: Kind, tmp_path: Path) -> None:
    with client_of(tmp_path, kind) as (site, client):
        far = site.run(connected(site, "there", site.sim.key("other")))
        address = site.run(far.get_deposit_address(coin="USDT", network="ETH"))["address"]
        made = site.run(client.withdraw(coin="USDT", network="ETH", address=address, amount="1000"))
        site.clock.step(NOON.replace(minute=30))
        (out,) = site.run(client.get_withdraw_history())
        (came,) = site.run(far.get_deposit_history())

        assert (out["id"], out["status"], came["status"]) == (made["id"], 6, 1)
        assert out["txId"] == came["txId"]
        assert Decimal(came["amount"]) == Decimal(out["amount"]) == 999


def test_market_account_and_wallet_are_read(tmp_path: Path) -> None:
    with client_of(tmp_path, Kind.HMAC) as (site, client):
        assert abs(site.run(client.get_server_time())["serverTime"] - time.time() * 1000) < 60_000
        assert [one["symbol"] for one in site.run(client.get_exchange_info())["symbols"]] == [PAIR, "ETHUSDT"]
        assert site.run(client.get_symbol_info(PAIR))["status"] == "TRADING"
        assert len(site.run(client.get_order_book(symbol=PAIR, limit=5))["bids"]) == 5
        assert site.run(client.get_orderbook_ticker(symbol=PAIR))["symbol"] == PAIR
        assert site.run(client.get_asset_balance(asset="BTC"))["free"] == "2.00000001"
        assert site.run(client.get_trade_fee(symbol=PAIR))[0]["takerCommission"] == "0.00100000"
        assert len(site.run(client.get_all_coins_info())) == 4
        assert site.run(client.get_account_api_permissions())["enableWithdrawals"] is True
        assert site.run(client.get_system_status())["status"] == 0


def test_a_wrong_secret_is_refused_by_code(tmp_path: Path) -> None:
    with client_of(tmp_path, Kind.HMAC) as (site, _):
        key = site.sim.key("main")
        wrong = keys.Key(id="w", account="main", key=key.key, secret="wrong")
        client = site.run(connected(site, "here", wrong))
        with pytest.raises(BinanceAPIException) as error:
            site.run(client.get_account())

        assert error.value.code == -1022
