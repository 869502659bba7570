"""Real ccxt, unmodified, against the simulated Binance: what its manual promises."""

from decimal import Decimal

import ccxt.async_support as ccxt
import pytest
from ccxt.base.errors import (
    DDoSProtection,
    InsufficientFunds,
    InvalidOrder,
    OnMaintenance,
    OrderImmediatelyFillable,
    OrderNotFound,
)

from tests.contracts.sites import NOON
from tests.sim.wire.wired import Wired
from trimtab.sim.faults import Fault, Plan, Planned

PAIR = "BTC/USDT"


@pytest.fixture
def exchange(site: Wired) -> ccxt.binance:
    one = site.exchange()
    site.run(one.load_markets())
    return one


def test_markets_come_with_their_filters(site: Wired, exchange: ccxt.binance) -> None:
    market = exchange.markets[PAIR]

    assert sorted(exchange.markets) == [PAIR, "ETH/USDT"]
    assert (market["precision"]["amount"], market["precision"]["price"]) == ("0.00001000", "0.01000000")
    assert (market["limits"]["cost"]["min"], market["active"]) == ("5.00000000", True)
    assert exchange.currencies["USDT"]["networks"]["ERC20"]["fee"] == "1.00000000"


def test_without_a_key_markets_and_books_are_read(site: Wired) -> None:
    exchange = site.exchange("")
    book = site.run(exchange.fetch_order_book(PAIR, 5))
    truth = site.here.sim.ladder("here:BTC/USDT")

    assert truth is not None
    assert [Decimal(str(price)) for price, _ in book["asks"]] == [level.price for level in truth.asks[:5]]


def test_balances_are_whole_to_the_last_unit(site: Wired, exchange: ccxt.binance) -> None:
    site.run(exchange.create_order(PAIR, "limit", "buy", 0.1, 50000))
    held = site.run(exchange.fetch_balance())

    assert (held["BTC"]["total"], held["USDT"]["free"], held["USDT"]["used"]) == (
        "2.00000001",
        "1995000.00000000",
        "5000.00000000",
    )


def test_a_limit_order_rests_is_found_by_the_clients_id_and_is_cancelled(site: Wired, exchange: ccxt.binance) -> None:
    made = site.run(exchange.create_order(PAIR, "limit", "buy", 0.1, 50000, {"clientOrderId": "mine-1"}))
    found = site.run(exchange.fetch_order(None, PAIR, {"clientOrderId": "mine-1"}))
    there = site.run(exchange.fetch_open_orders(PAIR))
    ended = site.run(exchange.cancel_order(made["id"], PAIR))

    assert (made["status"], made["clientOrderId"], found["id"]) == ("open", "mine-1", made["id"])
    assert [one["id"] for one in there] == [made["id"]]
    assert (ended["status"], ended["info"]["origClientOrderId"]) == ("canceled", "mine-1")
    assert ended["clientOrderId"] != "mine-1"
    assert site.run(exchange.fetch_order(made["id"], PAIR))["clientOrderId"] == "mine-1"


def test_a_market_order_is_filled_and_pays_its_fee_from_what_it_receives(site: Wired, exchange: ccxt.binance) -> None:
    made = site.run(exchange.create_order(PAIR, "market", "buy", 0.01))
    (trade,) = site.run(exchange.fetch_my_trades(PAIR))

    assert (made["status"], made["filled"], made["fees"]) == (
        "closed",
        "0.01000000",
        [{"currency": "BTC", "cost": "0.00001000"}],
    )
    assert (trade["order"], trade["takerOrMaker"], trade["timestamp"]) == (
        made["id"],
        "taker",
        int(NOON.timestamp() * 1000),
    )


def test_a_market_order_for_so_much_money_spends_no_more(site: Wired, exchange: ccxt.binance) -> None:
    made = site.run(exchange.create_market_buy_order_with_cost(PAIR, 1000))

    assert Decimal(999) < Decimal(made["cost"]) <= 1000


def test_what_an_immediate_order_cannot_get_expires(site: Wired, exchange: ccxt.binance) -> None:
    made = site.run(exchange.create_order(PAIR, "limit", "buy", 5, 60006, {"timeInForce": "IOC"}))

    assert made["status"] == "expired"
    assert 0 < Decimal(made["filled"]) < 5


def test_a_maker_that_would_take_is_refused_and_one_that_would_not_rests(site: Wired, exchange: ccxt.binance) -> None:
    with pytest.raises(OrderImmediatelyFillable):
        site.run(exchange.create_order(PAIR, "limit", "buy", 0.01, 70000, {"postOnly": True}))
    made = site.run(exchange.create_order(PAIR, "limit", "buy", 0.01, 50000, {"postOnly": True}))

    assert (made["type"], made["postOnly"], made["status"]) == ("limit", True, "open")


def test_refusals_are_what_ccxt_calls_them(site: Wired, exchange: ccxt.binance) -> None:
    with pytest.raises(InsufficientFunds):
        site.run(exchange.create_order(PAIR, "limit", "sell", 3, 70000))
    with pytest.raises(OrderNotFound):
        site.run(exchange.fetch_order("77", PAIR))
    with pytest.raises(OrderNotFound):
        site.run(exchange.cancel_order("77", PAIR))
    site.run(exchange.create_order(PAIR, "limit", "buy", 0.1, 50000, {"clientOrderId": "twice"}))
    with pytest.raises(InvalidOrder):
        site.run(exchange.create_order(PAIR, "limit", "buy", 0.1, 50000, {"clientOrderId": "twice"}))


def test_a_venue_that_is_repaired_says_so(site: Wired, exchange: ccxt.binance) -> None:
    site.here.plan = Plan(faults=(Planned(fault=Fault.MAINTENANCE),))

    assert site.run(exchange.fetch_status())["status"] == "maintenance"
    with pytest.raises(OnMaintenance):
        site.run(exchange.fetch_balance())


def test_a_key_that_was_good_and_is_revoked_looks_like_a_flood_to_ccxt(site: Wired, exchange: ccxt.binance) -> None:
    site.run(exchange.fetch_balance())
    site.here.plan = Plan(faults=(Planned(fault=Fault.REVOKED),))
    with pytest.raises(DDoSProtection, match="-2015"):
        site.run(exchange.fetch_balance())


def test_a_withdrawal_arrives_at_the_other_venue_by_stages(site: Wired, exchange: ccxt.binance) -> None:
    far = site.exchange("other", "there")
    target = site.run(far.fetch_deposit_address("USDT", {"network": "ERC20"}))["address"]
    made = site.run(exchange.withdraw("USDT", 1000, target, {"network": "ERC20", "withdrawOrderId": "w1"}))
    told = []
    for seconds in (0, 240, 600, 1800):
        site.clock.step(NOON.replace(minute=seconds // 60))
        (out,) = site.run(exchange.fetch_withdrawals("USDT"))
        came = site.run(far.fetch_deposits("USDT"))
        told.append((out["info"]["status"], out["txid"], [(c["info"]["status"], c["txid"], c["amount"]) for c in came]))

    tx = made["id"]
    assert told == [
        (4, None, []),
        (6, tx, [(0, tx, "999.00000000")]),
        (6, tx, [(6, tx, "999.00000000")]),
        (6, tx, [(1, tx, "999.00000000")]),
    ]
    (out,) = site.run(exchange.fetch_withdrawals("USDT"))
    assert (out["amount"], out["fee"]["cost"], out["info"]["withdrawOrderId"]) == ("999.00000000", "1.00000000", "w1")
    assert site.run(far.fetch_balance())["USDT"]["total"] == "999"


def test_fees_time_and_status_are_told(site: Wired, exchange: ccxt.binance) -> None:
    fee = site.run(exchange.fetch_trading_fees())[PAIR]

    assert (Decimal(fee["maker"]), Decimal(fee["taker"])) == (Decimal("0.0008"), Decimal("0.001"))
    assert site.run(exchange.fetch_status())["status"] == "ok"
    assert abs(site.run(exchange.fetch_time()) - exchange.milliseconds()) < 60_000
