"""What the simulated Coinbase lists, quotes and charges."""

from pathlib import Path

from tests.sim.wire.coinbase.coinbases import Client, D, write
from trimtab.sim.faults import Fault, Planned

V3 = "/api/v3/brokerage"


def test_a_product_carries_its_rules_as_strings_and_says_nothing_where_there_is_no_rule(east: Client) -> None:
    told = east.ask(f"GET {V3}/market/products/BTC-USD", token="")

    assert {name: told[name] for name in told if "size" in name or "increment" in name} == {
        "base_increment": "0.00001",
        "quote_increment": "0.01",
        "price_increment": "0.01",
        "base_min_size": "0.00001",
        "base_max_size": "300",
        "quote_min_size": "5",
        "quote_max_size": "",
    }
    assert (told["status"], told["trading_disabled"], told["product_type"]) == ("online", False, "SPOT")
    assert (told["price"], told["mid_market_price"]) == ("60000", "60000")


def test_products_are_filtered_by_type_and_by_id_keyed_or_not(east: Client) -> None:
    def ids(line: str, token: str | None = None) -> list[str]:
        return [one["product_id"] for one in east.ask(line, token=token)["products"]]

    assert ids(f"GET {V3}/market/products", token="") == ["BTC-USD", "ETH-USD", "USDC-USD"]
    assert ids(f"GET {V3}/products?product_type=SPOT&limit=2") == ["BTC-USD", "ETH-USD"]
    assert ids(f"GET {V3}/products?product_ids=ETH-USD&product_ids=USDC-USD") == ["ETH-USD", "USDC-USD"]
    assert ids(f"GET {V3}/market/products?product_type=FUTURE", token="") == []


def test_a_halted_product_is_listed_and_one_that_vanished_is_not(tmp_path: Path) -> None:
    halted = '"ETH/USD" = { filters => "ETH/USD" = { halted_from = 2026-01-01T12:00:01Z, filters'
    gone = '"USDC/USD" = { filters => "USDC/USD" = { vanishes_at = 2026-01-01T12:00:01Z, filters'
    east = Client(write(tmp_path, halted=halted, gone=gone))
    east.step(2)

    found = {one["product_id"]: one for one in east.ask(f"GET {V3}/products")["products"]}
    assert sorted(found) == ["BTC-USD", "ETH-USD"]
    assert (found["ETH-USD"]["trading_disabled"], found["ETH-USD"]["cancel_only"]) == (True, True)
    assert east.reply(f"GET {V3}/products/USDC-USD").status == 404
    east.close()


def test_a_book_has_as_many_levels_as_were_asked_for_under_the_markets_time(east: Client) -> None:
    book = east.ask(f"GET {V3}/product_book?product_id=BTC-USD&limit=2")["pricebook"]
    bids, asks = ([D(level["price"]) for level in book[side]] for side in ("bids", "asks"))

    assert len(bids) == len(asks) == 2
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert book["time"] == "2026-01-01T12:00:00.000000Z"


def test_the_touch_is_the_first_level_of_each_book(east: Client) -> None:
    books = east.ask(f"GET {V3}/best_bid_ask?product_ids=BTC-USD&product_ids=ETH-USD")["pricebooks"]
    whole = east.ask(f"GET {V3}/market/product_book?product_id=ETH-USD", token="")["pricebook"]

    assert [book["product_id"] for book in books] == ["BTC-USD", "ETH-USD"]
    assert books[1]["bids"] == whole["bids"][:1]
    assert books[1]["asks"] == whole["asks"][:1]


def test_the_fee_tier_is_the_accounts_own_terms(tmp_path: Path) -> None:
    own = '[[venues.east.fees]] => [[venues.east.fees]]\naccount = "main"\nmaker_bps = 1\ntaker_bps = 2.5\n'
    east = Client(write(tmp_path, own=own + 'taken_from = "quote"\n[[venues.east.fees]]'))
    tier = east.ask(f"GET {V3}/transaction_summary")["fee_tier"]

    assert (tier["maker_fee_rate"], tier["taker_fee_rate"]) == ("0.0001", "0.00025")
    east.close()


def test_currencies_are_told_in_two_lists_and_rates_in_one_table(east: Client) -> None:
    fiat = east.ask("GET /v2/currencies", token="")["data"]
    crypto = east.ask("GET /v2/currencies/crypto", token="")["data"]
    rates = east.ask("GET /v2/exchange-rates?currency=USD", token="")["data"]

    assert [one["id"] for one in fiat] == ["USD"]
    assert [one["code"] for one in crypto] == ["BTC", "ETH", "USDC"]
    assert (rates["currency"], rates["rates"]["USD"]) == ("USD", "1")
    assert D("0.000016") < D(rates["rates"]["BTC"]) < D("0.000017")


def test_both_clocks_of_the_wire_are_the_walls(east: Client) -> None:
    assert east.ask("GET /v2/time", token="")["data"] == {"iso": "2026-11-21T09:00:00Z", "epoch": 1795251600}
    assert east.ask(f"GET {V3}/time", token="")["epochMillis"] == "1795251600000"


def test_one_wild_price_is_in_one_answer_only(east: Client) -> None:
    line = f"GET {V3}/product_book?product_id=BTC-USD&limit=1"
    wild = east.ask(line, fault=Planned(fault=Fault.WILD))["pricebook"]["asks"][0]
    true = east.ask(line)["pricebook"]["asks"][0]

    assert D(wild["price"]) == 10 * D(true["price"])
    assert wild["size"] == true["size"]


def test_a_listing_that_a_fault_took_is_gone_for_good(east: Client) -> None:
    east.ask("GET /v2/time", fault=Planned(fault=Fault.VANISHED, subject="ETH-USD"))
    assert east.reply(f"GET {V3}/products/ETH-USD").status == 404
    assert east.send("1", {"market_market_ioc": {"base_size": "1"}}, body={"product_id": "ETH-USD"})["success"] is False
