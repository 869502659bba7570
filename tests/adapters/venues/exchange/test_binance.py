"""Binance behind the ports: what is sent, and answers that are not what they should be."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest

from tests.adapters.venues.exchange.scripted import KEYS, Script, said, scripted
from tests.contracts.sites import D, order
from trimtab.adapters.clock import WallClock
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.model.orders import Order, OrderStatus, Side
from trimtab.ports import Unavailable, Uncertain

T = TypeVar("T")

ORDER = "/api/v3/order"
TRADES = "/api/v3/myTrades"
ACCOUNT = "/api/v3/account"
LISTING = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "filters": [
        {"filterType": "LOT_SIZE", "stepSize": "0.00001", "minQty": "0", "maxQty": "0"},
        {"filterType": "PRICE_FILTER", "tickSize": "0.01", "minPrice": "0", "maxPrice": "0"},
    ],
}


def play(folder: Path, asking: Callable[[Script, BinanceVenue], Coroutine[Any, Any, T]]) -> T:
    """What comes of asking a venue that says what it is told to."""

    async def work() -> T:
        async with scripted(folder) as script:
            script.says("/api/v3/exchangeInfo", said({"symbols": [LISTING]}))
            script.says("/api/v3/openOrders", said([]))
            venue = BinanceVenue("here", {"main": KEYS}, frozenset({"BTC", "USDT"}), WallClock(), script.target)
            try:
                return await asking(script, venue)
            finally:
                await venue.aclose()

    return asyncio.run(work())


def soon(seconds: float = 3) -> Order:
    return order(1, Side.BUY, "0.1", "50000", valid_until=WallClock().now() + timedelta(seconds=seconds))


def told(**more: Any) -> dict[str, Any]:
    row = {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": f"{1:032x}", "status": "NEW", "executedQty": "0"}
    return {**row, "transactTime": 1767268800000, "fills": [], **more}


def trade(number: int, amount: str) -> dict[str, Any]:
    fee = {"commission": "0.00001", "commissionAsset": "BTC"}
    return {"id": number, "orderId": 7, "qty": amount, "price": "50000", "time": 1767268800000, **fee}


def test_an_order_is_sent_with_the_intents_own_digits_and_waits_no_longer_than_its_time(tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> dict[str, list[str]]:
        script.says(ORDER, said(told()))
        assert (await venue.place(soon())).status is OrderStatus.OPEN
        (asked,) = script.heard(ORDER)
        return parse_qs(asked.body)

    sent = play(tmp_path, asking)

    assert {name: sent[name] for name in ("quantity", "price", "newClientOrderId", "newOrderRespType")} == {
        "quantity": ["0.1"],
        "price": ["50000"],
        "newClientOrderId": [f"{1:032x}"],
        "newOrderRespType": ["FULL"],
    }
    assert 0 < int(sent["recvWindow"][0]) <= 3000


def test_an_order_whose_time_is_over_is_not_sent(tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> None:
        with pytest.raises(Unavailable, match="is not sent"):
            await venue.place(soon(-1))
        assert script.heard(ORDER) == []

    play(tmp_path, asking)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"clientOrderId": "another"},
        {"symbol": "ETHUSDT"},
        {"status": "NEWER"},
        {"orderId": None},
        {"executedQty": "0.1"},
        {"executedQty": 0.5},
    ],
)
def test_an_answer_about_an_order_that_is_not_whole_leaves_it_in_doubt(spoilt: dict[str, Any], tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> None:
        script.says(ORDER, said(told(**spoilt)))
        with pytest.raises(Uncertain):
            await venue.place(soon())

    play(tmp_path, asking)


def test_a_cancelled_orders_late_fills_are_read_and_until_all_are_told_nothing_is_said(tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> Any:
        ended = told(status="CANCELED", executedQty="0.05", clientOrderId="new", origClientOrderId=f"{1:032x}")
        script.says(ORDER, said(ended), said(told(status="CANCELED", executedQty="0.05")))
        script.says(TRADES, said([trade(1, "0.02")]), said([trade(1, "0.02"), trade(2, "0.03")]))
        with pytest.raises(Unavailable, match="not all told"):
            await venue.cancel(soon())
        return await venue.query(soon())

    state = play(tmp_path, asking)

    assert (state.status, state.filled) == (OrderStatus.CANCELLED, D("0.05"))
    assert [(f.id, f.amount, f.fee, f.fee_asset) for f in state.fills] == [
        ("BTCUSDT-1", D("0.02"), D("0.00001"), "BTC"),
        ("BTCUSDT-2", D("0.03"), D("0.00001"), "BTC"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        said({"balances": []}),
        said({"balances": None}),
        said({"total": {}}),
        said({"balances": [{"asset": "BTC", "free": 1.5, "locked": "x"}]}),
        said({"balances": [{"asset": "BTC", "free": "1"}]}),
        said([]),
        said("<html>"),
    ],
)
def test_balances_that_are_not_what_they_should_be_are_no_balances(answer: bytes, tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> None:
        script.says(ACCOUNT, said({"balances": [{"asset": "BTC", "free": "1", "locked": "0"}]}), answer)
        assert [b.total for b in (await venue.read("main")).balances] == [D(1)]
        with pytest.raises(Unavailable):
            await venue.read("main")

    play(tmp_path, asking)


def test_balances_read_in_the_second_in_which_a_withdrawal_left_are_read_again(tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> None:
        script.says(ACCOUNT, said({"balances": [{"asset": "BTC", "free": "1", "locked": "0"}]}))
        read_at = (await venue.read("main")).as_of
        script.says("/sapi/v1/capital/deposit/hisrec", said([]))
        for applied, clear in ((read_at, False), (read_at - timedelta(seconds=2), True)):
            row = {"id": "w1", "txId": "", "coin": "BTC", "network": "BTC", "address": "a", "amount": "1", "status": 4}
            more = {"transactionFee": "0", "applyTime": f"{applied:%Y-%m-%d %H:%M:%S}"}
            script.says("/sapi/v1/capital/withdraw/history", said([{**row, **more}]))
            if clear:
                assert len(await venue.transfers("main", read_at)) == 1
            else:
                with pytest.raises(Unavailable, match="read again"):
                    await venue.transfers("main", read_at)

    play(tmp_path, asking)


def test_a_request_is_dated_by_the_venues_clock(tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> int:
        script.ahead_s = 3600
        script.says(ORDER, said(told()))
        await venue.place(soon())
        return int(parse_qs(script.heard(ORDER)[0].body)["timestamp"][0])

    assert abs(play(tmp_path, asking) - (time.time() + 3600) * 1000) < 60_000


def test_open_orders_are_asked_for_only_where_something_is_locked(tmp_path: Path) -> None:
    account = "/api/v3/account"

    def holding(locked: str) -> bytes:
        return said({"balances": [{"asset": "BTC", "free": "2", "locked": locked}]})

    async def asking(script: Script, venue: BinanceVenue) -> list[int]:
        script.says(account, holding("0"), holding("0.1"))
        counts = []
        for _ in range(2):
            await venue.read("main")
            counts.append(len(script.heard("/api/v3/openOrders")))
        return counts

    assert play(tmp_path, asking) == [0, 1]


def test_listings_are_asked_for_once_however_many_accounts_wait_for_them(tmp_path: Path) -> None:
    async def asking(script: Script, venue: BinanceVenue) -> int:
        script.says("/api/v3/account", said({"balances": [{"asset": "BTC", "free": "2", "locked": "0"}]}))
        await asyncio.gather(*(venue.read("main") for _ in range(5)))
        return len(script.heard("/api/v3/exchangeInfo"))

    assert play(tmp_path, asking) == 1
