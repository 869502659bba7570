"""The faults that only the protocol can play: each once, with what really happened behind it."""

from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.contracts.sites import NOON
from tests.sim.wire.wired import Answer, Wired, signed
from trimtab.model.orders import OrderStatus
from trimtab.sim.faults import Fault, Plan, Planned

ORDER, ACCOUNT = "POST /api/v3/order", "GET /api/v3/account"
REST = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.1",
    "price": "50000",
    "newClientOrderId": "mine",
}


def meets(site: Wired, fault: Fault, call: str = ORDER, **more: Any) -> None:
    site.here.plan = Plan(faults=(Planned(fault=fault, call=call, on=(1,), **more),))


def place(site: Wired, **changes: str) -> Answer:
    return site.ask(ORDER, "main", **{**REST, **changes})


def query(site: Wired) -> Answer:
    return site.ask("GET /api/v3/order", "main", symbol="BTCUSDT", origClientOrderId="mine")


def taken(site: Wired) -> list[OrderStatus | None]:
    return [placed.status for placed in site.here.sim.log()]


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.SHORT])
def test_an_order_whose_answer_is_lost_was_taken(fault: Fault, site: Wired) -> None:
    meets(site, fault)
    with pytest.raises(aiohttp.ClientError):
        place(site)

    assert taken(site) == [OrderStatus.OPEN]
    assert list(site.here.calls) == [ORDER]
    assert query(site).json["status"] == "NEW"


def test_an_order_that_never_came_was_not_taken(site: Wired) -> None:
    meets(site, Fault.RESET_BEFORE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        place(site)

    assert taken(site) == []
    assert query(site).code == -2013


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED, Fault.WRONG, Fault.BROKEN])
def test_an_order_whose_answer_is_garbled_was_taken(fault: Fault, site: Wired) -> None:
    meets(site, fault)
    place(site)

    assert taken(site) == [OrderStatus.OPEN]


def test_an_order_may_be_accepted_late(site: Wired) -> None:
    meets(site, Fault.LATE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        place(site)
    early = query(site).code
    site.clock.step(NOON.replace(second=3))
    still = query(site).code
    site.clock.step(NOON.replace(second=5))

    assert (early, still) == (-2013, -2013)
    assert query(site).json["status"] == "NEW"
    assert query(site).json["time"] == int(NOON.timestamp() * 1000) + 4200


@pytest.mark.parametrize(("code", "status"), [(-1006, 500), (-1007, 504)])
def test_the_venue_may_not_know_what_became_of_an_order(code: int, status: int, site: Wired) -> None:
    meets(site, Fault.UNKNOWN, amount=Decimal(code))
    answer = place(site)

    assert (answer.status, answer.code) == (status, code)
    assert taken(site) == [OrderStatus.OPEN]


def test_an_order_may_be_called_a_duplicate_of_itself(site: Wired) -> None:
    meets(site, Fault.DUPLICATE)
    answer = place(site)

    assert (answer.code, answer.json["msg"]) == (-2010, "Duplicate order sent.")
    assert query(site).json["status"] == "NEW"


def test_others_may_be_faster(site: Wired) -> None:
    meets(site, Fault.PARTIAL)
    told = place(site, quantity="2", price="60100").json

    assert told["status"] == "PARTIALLY_FILLED"
    assert 0 < Decimal(told["executedQty"]) < 2


def test_an_order_may_not_be_listed_for_a_while(site: Wired) -> None:
    meets(site, Fault.UNLISTED)
    made = place(site).json
    answers = [query(site).code, site.ask("GET /api/v3/openOrders", "main").json, query(site).status]

    assert (made["status"], answers) == ("NEW", [-2013, [], 200])


def test_balances_may_be_stale_under_a_fresh_time(site: Wired) -> None:
    first = site.ask(ACCOUNT, "main").json
    site.clock.step(NOON.replace(second=1))
    place(site)
    meets(site, Fault.STALE, ACCOUNT)
    stale = site.ask(ACCOUNT, "main").json
    fresh = site.ask(ACCOUNT, "main").json

    assert stale["balances"] == first["balances"] != fresh["balances"]
    assert stale["updateTime"] == fresh["updateTime"] > first["updateTime"]


@pytest.mark.parametrize("line", ["GET /api/v3/depth", "GET /api/v3/ticker/bookTicker", "GET /api/v3/avgPrice"])
def test_one_price_may_be_wild(line: str, site: Wired) -> None:
    meets(site, Fault.WILD, line)
    wild, tame = (site.ask(line, symbol="BTCUSDT").json for _ in range(2))

    def price(told: Any) -> Decimal:
        return Decimal(told.get("price") or told.get("bidPrice") or told["bids"][0][0])

    assert price(wild) == 10 * price(tame)


def test_a_listing_may_vanish(site: Wired) -> None:
    meets(site, Fault.VANISHED, "GET /api/v3/exchangeInfo", subject="BTCUSDT")
    listed = site.ask("GET /api/v3/exchangeInfo").json["symbols"]

    assert [one["symbol"] for one in listed] == ["ETHUSDT"]
    assert place(site).code == -1121
    assert site.ask("GET /api/v3/depth", symbol="BTCUSDT").code == -1121


@pytest.mark.parametrize(
    ("fault", "status", "code", "wait"),
    [(Fault.LIMITED, 429, -1003, "1"), (Fault.BANNED, 418, -1003, "120"), (Fault.MAINTENANCE, 503, 1, None)],
)
def test_the_venue_may_turn_everybody_away(fault: Fault, status: int, code: int, wait: str | None, site: Wired) -> None:
    meets(site, fault)
    answer = place(site)

    assert (answer.status, answer.code, answer.headers.get("Retry-After")) == (status, code, wait)
    assert taken(site) == []


def test_who_is_banned_stays_so_and_who_was_limited_does_not(site: Wired) -> None:
    meets(site, Fault.LIMITED)
    assert [place(site).status for _ in range(2)] == [429, 200]
    meets(site, Fault.BANNED)
    assert [place(site).status for _ in range(2)] == [418, 418]


def test_an_answer_may_come_later_than_anybody_waits(site: Wired) -> None:
    meets(site, Fault.SLOW, amount=Decimal(3600))
    session = site.session()
    query, header = signed(site.sim.key("main"), REST)

    async def ask() -> None:
        url = f"https://api.binance.com/api/v3/order?{query}"
        await session.post(url, headers=header, timeout=aiohttp.ClientTimeout(total=0.5))

    with pytest.raises(TimeoutError):
        site.run(ask())
    assert taken(site) == [OrderStatus.OPEN]
