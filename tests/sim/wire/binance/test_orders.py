"""Orders, trades and market as the wire tells them, against the venue's own books."""

from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.sites import NOON
from tests.sim.wire.wired import Wired, wired

ORDER = "POST /api/v3/order"
REST = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "50000"}
TAKE = {**REST, "price": "70000"}
AT = int(NOON.timestamp() * 1000)


def place(site: Wired, **changes: Any) -> Any:
    answer = site.ask(ORDER, "main", **{**REST, **changes})
    assert answer.status == 200, answer.content
    return answer.json


def refused(site: Wired, without: str = "", **changes: Any) -> tuple[int, str]:
    asked = {name: value for name, value in {**REST, **changes}.items() if name != without}
    answer = site.ask(ORDER, "main", **asked)
    assert answer.status == 400, answer.content
    return answer.json["code"], answer.json["msg"]


def test_an_answer_is_as_long_as_it_was_asked_for(site: Wired) -> None:
    ack = place(site, newOrderRespType="ACK", newClientOrderId="a")
    result = place(site, newOrderRespType="RESULT", newClientOrderId="b")
    full = place(site, newClientOrderId="c", price="70000")

    assert ack == {"symbol": "BTCUSDT", "orderId": 1, "orderListId": -1, "clientOrderId": "a", "transactTime": AT}
    assert (result["status"], result["origQty"], result["executedQty"]) == ("NEW", "0.10000000", "0.00000000")
    assert "fills" not in result
    assert [fill["qty"] for fill in full["fills"]] == ["0.10000000"]


def test_fills_tell_price_fee_and_its_asset(site: Wired) -> None:
    told = place(site, price="70000")
    book = site.here.sim.ladder("here:BTC/USDT")
    (fill,) = told["fills"]

    assert book is not None
    assert (told["status"], Decimal(told["cummulativeQuoteQty"])) == ("FILLED", Decimal(fill["price"]) * Decimal("0.1"))
    assert fill == {
        "price": "60006.00000000",
        "qty": "0.10000000",
        "commission": "0.00010000",
        "commissionAsset": "BTC",
        "tradeId": 1,
    }


def test_fees_come_from_the_third_asset_where_they_do(tmp_path: Path) -> None:
    terms = 'taken_from = "third"\nthird = "BNB"\ndiscount = 0.25'
    third = f"taker_bps = 10\n[venues.there]\n => taker_bps = 10\n{terms}\n[venues.there]\n"
    with wired(tmp_path, third=third, stock="balances = { BTC =  => balances = { BNB = 1, BTC = ") as site:
        told = place(site, price="70000")
        commission = site.ask("GET /api/v3/account/commission", "main", symbol="BTCUSDT").json

        assert {fill["commissionAsset"] for fill in told["fills"]} == {"BNB"}
        assert commission["standardCommission"]["taker"] == "0.00100000"
        assert commission["discount"] == {
            "enabledForAccount": True,
            "enabledForSymbol": True,
            "discountAsset": "BNB",
            "discount": "0.75000000",
        }
        assert site.ask("GET /sapi/v1/bnbBurn", "main").json["spotBNBBurn"] is True


def missing(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def illegal(name: str, legal: str) -> str:
    return f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"symbol": "XRPUSDT"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "STOP_LOSS"}, -1116, "Invalid orderType."),
        ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
        ({"without": "price"}, -1102, missing("price")),
        ({"without": "quantity"}, -1102, missing("quantity")),
        ({"without": "timeInForce"}, -1102, missing("timeInForce")),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"quantity": "0.123456789"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "-1"}, -1100, illegal("quantity", r"^([0-9]{1,20})(\.[0-9]{1,20})?$")),
        ({"newClientOrderId": "ü"}, -1100, illegal("newClientOrderId", r"^[a-zA-Z0-9\-_\.:/]{1,36}$")),
        ({"price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "0"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.100001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.00005"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
    ],
)  # fmt: skip
def test_each_mistake_has_its_code(changes: dict[str, str], code: int, message: str, site: Wired) -> None:
    assert refused(site, **changes) == (code, message)
    assert site.here.sim.log() == ()


def test_filters_of_market_orders_percent_and_positions_have_theirs(tmp_path: Path) -> None:
    rules = "max_orders = 1, market_max_amount = 1, bid_down = 0.9, ask_up = 1.1, max_position = 3 } }"
    more = f"max_orders = 5 }} }} => {rules}"
    with wired(tmp_path, more=more) as site:
        (symbol,) = site.ask("GET /api/v3/exchangeInfo", symbol="BTCUSDT").json["symbols"]
        told = {one["filterType"]: one for one in symbol["filters"]}
        big = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1.1"}

        assert told["MARKET_LOT_SIZE"]["maxQty"] == "1.00000000"
        assert told["PERCENT_PRICE_BY_SIDE"]["bidMultiplierDown"] == "0.90000000"
        assert (told["MAX_NUM_ORDERS"]["maxNumOrders"], told["MAX_POSITION"]["maxPosition"]) == (1, "3.00000000")
        assert site.ask(ORDER, "main", **big).json["msg"] == "Filter failure: MARKET_LOT_SIZE"
        assert refused(site, price="40000")[1] == "Filter failure: PERCENT_PRICE_BY_SIDE"
        assert refused(site, quantity="1.1", price="60000")[1] == "Filter failure: MAX_POSITION"
        place(site, price="59000")
        assert refused(site, price="59000")[1] == "Filter failure: MAX_NUM_ORDERS"


def test_an_open_order_keeps_its_id_to_itself_and_an_ended_one_does_not(site: Wired) -> None:
    place(site, newClientOrderId="one")
    assert refused(site, newClientOrderId="one") == (-2010, "Duplicate order sent.")
    site.ask("DELETE /api/v3/order", "main", symbol="BTCUSDT", origClientOrderId="one")
    again = place(site, newClientOrderId="one")

    assert (
        site.ask("GET /api/v3/order", "main", symbol="BTCUSDT", origClientOrderId="one").json["orderId"]
        == again["orderId"]
    )


def test_a_halted_market_is_closed_and_a_vanished_one_is_none(tmp_path: Path) -> None:
    halted = '"ETH/USDT" = { => "ETH/USDT" = { halted_from = 2026-01-01T12:00:00Z, vanishes_at = 2026-01-01T12:01:00Z,'
    with wired(tmp_path, halted=halted) as site:
        states = {one["symbol"]: one["status"] for one in site.ask("GET /api/v3/exchangeInfo").json["symbols"]}
        assert states == {"BTCUSDT": "TRADING", "ETHUSDT": "HALT"}
        assert refused(site, symbol="ETHUSDT", price="3000") == (-1013, "Market is closed.")
        site.clock.step(NOON.replace(minute=1))
        assert site.ask("GET /api/v3/depth", symbol="ETHUSDT").code == -1121
        assert refused(site, symbol="ETHUSDT", price="3000")[0] == -1121


def test_a_cancelled_order_says_so_and_cannot_be_cancelled_again(site: Wired) -> None:
    made = place(site, newClientOrderId="mine")
    ended = site.ask("DELETE /api/v3/order", "main", symbol="BTCUSDT", orderId=made["orderId"]).json

    assert (ended["status"], ended["origClientOrderId"], ended["clientOrderId"] != "mine") == ("CANCELED", "mine", True)
    assert site.ask("DELETE /api/v3/order", "main", symbol="BTCUSDT", orderId=made["orderId"]).code == -2011
    assert site.ask("GET /api/v3/openOrders", "main").json == []


def test_all_orders_of_a_symbol_are_cancelled_at_once(site: Wired) -> None:
    place(site)
    place(site, symbol="ETHUSDT", price="2000")
    ended = site.ask("DELETE /api/v3/openOrders", "main", symbol="BTCUSDT").json

    assert [one["symbol"] for one in ended] == ["BTCUSDT"]
    assert [one["symbol"] for one in site.ask("GET /api/v3/openOrders", "main").json] == ["ETHUSDT"]
    assert site.ask("DELETE /api/v3/openOrders", "main", symbol="BTCUSDT").code == -2011


def test_nobody_sees_or_ends_anothers_orders(site: Wired) -> None:
    made = place(site, newClientOrderId="mine")
    for named in ({"orderId": made["orderId"]}, {"origClientOrderId": "mine"}):
        assert site.ask("GET /api/v3/order", "sub", symbol="BTCUSDT", **named).code == -2013
        assert site.ask("DELETE /api/v3/order", "sub", symbol="BTCUSDT", **named).code == -2011
    assert site.ask("GET /api/v3/allOrders", "sub", symbol="BTCUSDT").json == []


def test_an_order_that_ended_long_ago_is_known_no_more_but_its_trades_are(site: Wired) -> None:
    made = place(site, price="70000")
    site.clock.step(NOON.replace(day=3))

    assert site.ask("GET /api/v3/order", "main", symbol="BTCUSDT", orderId=made["orderId"]).code == -2013
    assert len(site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT").json) == 1


def test_trades_are_paged_by_id_order_and_time(site: Wired) -> None:
    first = place(site, price="70000")
    site.clock.step(NOON.replace(minute=5))
    for _ in range(3):
        place(site, price="70000")
    rows = {
        "all": site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT").json,
        "latest": site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT", limit=2).json,
        "from": site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT", fromId=2, limit=2).json,
        "order": site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT", orderId=first["orderId"]).json,
        "later": site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT", startTime=AT + 1).json,
        "then": site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT", startTime=AT, endTime=AT).json,
    }

    ids = {name: [row["id"] for row in found] for name, found in rows.items()}
    assert ids == {"all": [1, 2, 3, 4], "latest": [3, 4], "from": [2, 3], "order": [1], "later": [2, 3, 4], "then": [1]}
    assert {row["isMaker"] for row in rows["all"]} == {False}
    assert site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT", startTime=0, endTime=AT).code == -1127


def test_an_order_that_the_market_came_to_was_the_maker(site: Wired) -> None:
    book = site.here.sim.ladder("here:BTC/USDT")
    assert book is not None
    made = place(site, price=str(book.bids[0].price))
    for hour in range(13, 24):
        site.clock.step(NOON.replace(hour=hour))
    told = site.ask("GET /api/v3/order", "main", symbol="BTCUSDT", orderId=made["orderId"]).json
    found = site.ask("GET /api/v3/myTrades", "main", symbol="BTCUSDT").json

    assert told["status"] == "FILLED"
    assert {row["isMaker"] for row in found} == {True}
    assert {Decimal(row["commission"]) / Decimal(row["qty"]) for row in found} == {Decimal("0.0008")}


def test_a_market_order_by_amount_of_money_needs_one_of_two(site: Wired) -> None:
    market = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET"}

    assert site.ask(ORDER, "main", **market).code == -1102
    assert site.ask(ORDER, "main", **market, quantity="1", quoteOrderQty="1").code == -1128
    told = site.ask(ORDER, "main", **market, quoteOrderQty="1000").json
    assert Decimal(999) < Decimal(told["cummulativeQuoteQty"]) <= 1000


def test_numbers_do_not_depend_on_the_process_decimal_context(site: Wired) -> None:
    with localcontext(Context(prec=4)):
        told = place(site, price="70000", quantity="0.12345")
        bought = site.ask(ORDER, "main", symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="12345.67").json

    assert told["cummulativeQuoteQty"] == "7407.74070000"
    assert bought["executedQty"] == "0.20574000"


def test_a_trial_order_is_judged_and_not_placed(site: Wired) -> None:
    assert site.ask("POST /api/v3/order/test", "main", **REST).json == {}
    assert site.ask("POST /api/v3/order/test", "main", **{**REST, "side": "X"}).code == -1117
    assert site.here.sim.log() == ()


NAMES = st.sampled_from(
    "symbol side type timeInForce quantity price quoteOrderQty newClientOrderId newOrderRespType orderId limit fromId "
    "startTime endTime origClientOrderId recvWindow coin network address amount status offset symbols".split()
)
VALUES = st.one_of(
    st.sampled_from(
        "BTCUSDT BUY SELL LIMIT MARKET LIMIT_MAKER GTC IOC FOK 0 1 0.1 50000 -1 1e9 NaN USDT ETH [] {}".split()
    ),
    st.integers().map(str),
    st.text(max_size=8),
)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with wired(tmp_path_factory.mktemp("fuzz")) as one:
        yield one


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    line=st.sampled_from(
        "POST /api/v3/order|POST /api/v3/order/test|GET /api/v3/order|DELETE /api/v3/order|GET /api/v3/allOrders|"
        "GET /api/v3/myTrades|GET /api/v3/depth|GET /api/v3/ticker/bookTicker|POST /sapi/v1/capital/withdraw/apply|"
        "GET /sapi/v1/capital/withdraw/history|GET /sapi/v1/capital/deposit/hisrec|"
        "GET /sapi/v1/capital/deposit/address|"
        "POST /sapi/v1/sub-account/universalTransfer".split("|")
    ),
    params=st.dictionaries(NAMES, VALUES, max_size=8),
)
def test_whatever_is_asked_is_answered_by_a_code_or_done(line: str, params: dict[str, str], lasting: Wired) -> None:
    answer = lasting.ask(line, "main", **params)

    assert answer.status in (200, 400, 429, 418), (answer.status, answer.content)
    assert answer.status == 200 or answer.code in range(-5000, 0)
