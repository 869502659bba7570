"""Orders at the simulated Coinbase: what it takes, what it refuses and in which words, and what it tells of them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.sim.wire.coinbase.coinbases import NOON, PATIENT, Client, D, limit, write
from trimtab.model.orders import Order, OrderKind, Side, TimeInForce
from trimtab.sim.faults import Fault, Planned
from trimtab.sim.wire.calls import Lost
from trimtab.sim.wire.coinbase.asked import Repeats

BATCH = "GET /api/v3/brokerage/orders/historical/batch"
FILLS = "GET /api/v3/brokerage/orders/historical/fills"
MARKET = {"market_market_ioc": {"base_size": "0.01"}}


def placed(east: Client, client_id: str, configuration: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The order that a second call tells of."""
    answer = east.send(client_id, configuration, **more)
    assert answer["success"], answer
    return east.order(answer["success_response"]["order_id"])


def refused(east: Client, configuration: dict[str, Any], **body: Any) -> tuple[str, str | None]:
    answer = east.send("refused", configuration, body=body)
    assert answer["success"] is False
    return answer["error_response"]["error"], answer["error_response"].get("preview_failure_reason")


def cancelled(east: Client, *order_ids: str) -> list[tuple[bool, str]]:
    told = east.ask("POST /api/v3/brokerage/orders/batch_cancel", {"order_ids": order_ids})["results"]
    assert [one["order_id"] for one in told] == list(order_ids)
    return [(one["success"], one["failure_reason"]) for one in told]


def test_a_success_tells_ids_and_neither_status_nor_fills(east: Client) -> None:
    answer = east.send("any string / at all", MARKET)

    assert answer == {
        "success": True,
        "success_response": {
            "order_id": answer["success_response"]["order_id"],
            "product_id": "BTC-USD",
            "side": "BUY",
            "client_order_id": "any string / at all",
        },
        "order_configuration": MARKET,
    }


@pytest.mark.parametrize(
    ("configuration", "status", "force", "filled"),
    [
        (limit(), "OPEN", "GOOD_UNTIL_CANCELLED", "0"),
        (limit(post_only=True), "OPEN", "GOOD_UNTIL_CANCELLED", "0"),
        (limit("1", "60006"), "FILLED", "GOOD_UNTIL_CANCELLED", "1"),
        (
            {"limit_limit_gtd": {"base_size": "1", "limit_price": "50000", "end_time": "2026-01-01T13:00:00Z"}},
            "OPEN",
            "GOOD_UNTIL_DATE_TIME",
            "0",
        ),
        ({"sor_limit_ioc": {"base_size": "3", "limit_price": "60006"}}, "CANCELLED", "IMMEDIATE_OR_CANCEL", "2.31666"),
        ({"limit_limit_fok": {"base_size": "3", "limit_price": "60006"}}, "CANCELLED", "FILL_OR_KILL", "0"),
        ({"limit_limit_fok": {"base_size": "2", "limit_price": "60006"}}, "FILLED", "FILL_OR_KILL", "2"),
        (MARKET, "FILLED", "IMMEDIATE_OR_CANCEL", "0.01"),
    ],
)
def test_every_configuration_ends_where_its_name_says(
    east: Client, configuration: dict[str, Any], status: str, force: str, filled: str
) -> None:
    told = placed(east, "1", configuration)

    assert (told["status"], told["time_in_force"], told["filled_size"]) == (status, force, filled)
    assert told["order_configuration"] == configuration


def test_an_order_that_is_good_till_a_date_expires_by_itself(east: Client) -> None:
    gtd = {"limit_limit_gtd": {"base_size": "1", "limit_price": "50000", "end_time": "2026-01-01T12:00:10Z"}}
    order_id = placed(east, "1", gtd)["order_id"]
    east.step(11)
    assert east.order(order_id)["status"] == "EXPIRED"


def test_an_order_by_quote_spends_at_most_what_it_says_with_the_fee_inside(east: Client) -> None:
    told = placed(east, "1", {"market_market_ioc": {"quote_size": "300000"}})
    spent = D(told["filled_value"]) + D(told["total_fees"])

    assert told["status"] == "FILLED"
    assert int(told["number_of_fills"]) > 1
    assert D(299_998) < spent <= D(300_000)
    assert told["total_value_after_fees"] == str(spent)
    assert (told["size_in_quote"], told["size_inclusive_of_fees"]) == (True, True)


@pytest.mark.parametrize("budget", ["5.67", "610", "12345.67", "139854.21", "300000", "999999.99", "1000000"])
def test_an_order_by_quote_leaves_less_than_another_step_would_cost(east: Client, budget: str) -> None:
    told = placed(east, "1", {"market_market_ioc": {"quote_size": budget}})
    left = D(budget) - D(told["filled_value"]) - D(told["total_fees"])
    last = max(D(fill["price"]) for fill in east.ask(FILLS)["fills"])
    assert 0 <= left < D("0.00001") * (last + 10) * D("1.006")


@pytest.mark.parametrize(
    ("configuration", "body", "error", "preview"),
    [
        (limit("30"), {}, "INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
        (limit("3"), {"side": "SELL"}, "INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
        (limit("0.000001"), {}, "INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION"),
        (limit("301"), {}, "UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
        (limit("0"), {}, "UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
        (limit("0.00001"), {}, "UNKNOWN_FAILURE_REASON", "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
        (limit("1", "50000.001"), {}, "INVALID_PRICE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION"),
        (limit("1", "0"), {}, "INVALID_LIMIT_PRICE", "PREVIEW_INVALID_LIMIT_PRICE"),
        (
            limit("1", "60006", post_only=True),
            {},
            "INVALID_LIMIT_PRICE_POST_ONLY",
            "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY",
        ),
        (limit(), {"product_id": "BTC/USD"}, "INVALID_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID"),
        (limit(), {"product_id": "DOGE-USD"}, "INVALID_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID"),
        (
            {"stop_limit_stop_limit_gtc": {"base_size": "1"}},
            {},
            "UNSUPPORTED_ORDER_CONFIGURATION",
            "PREVIEW_INVALID_ORDER_CONFIG",
        ),
        (
            {"market_market_ioc": {"quote_size": "10"}},
            {"side": "SELL"},
            "UNSUPPORTED_ORDER_CONFIGURATION",
            "PREVIEW_INVALID_ORDER_CONFIG",
        ),
        (
            {"market_market_ioc": {"quote_size": "10.001"}},
            {},
            "INVALID_SIZE_PRECISION",
            "PREVIEW_INVALID_SIZE_PRECISION",
        ),
        (
            {"limit_limit_gtd": {"base_size": "1", "limit_price": "50000", "end_time": "2026-01-01T11:00:00Z"}},
            {},
            "COMMANDER_REJECTED_NEW_ORDER",
            None,
        ),
    ],
)
def test_every_refusal_has_its_word_and_leaves_nothing_behind(
    east: Client, configuration: dict[str, Any], body: dict[str, Any], error: str, preview: str | None
) -> None:
    assert refused(east, configuration, **body) == (error, preview)
    assert east.ask(BATCH)["orders"] == []


def test_a_halted_product_takes_no_orders(tmp_path: Path) -> None:
    halted = '"BTC/USD" = { filters => "BTC/USD" = { halted_from = 2026-01-01T12:00:00Z, filters'
    east = Client(write(tmp_path, halted=halted))
    assert refused(east, limit()) == ("ORDER_ENTRY_DISABLED", None)
    east.close()


@pytest.mark.parametrize(
    ("configuration", "body", "because"),
    [
        ({}, {}, "exactly one"),
        ({**limit(), **MARKET}, {}, "exactly one"),
        (limit(), {"side": "buy"}, "side"),
        (limit(), {"product_id": ""}, "product_id"),
        ({"limit_limit_gtc": {"base_size": 1, "limit_price": "5"}}, {}, "numbers are sent as strings"),
        ({"limit_limit_gtc": {"base_size": "NaN", "limit_price": "5"}}, {}, "not a number"),
        ({"limit_limit_gtc": {"base_size": "1"}}, {}, "limit_price"),
        ({"limit_limit_gtd": {"base_size": "1", "limit_price": "1", "end_time": "soon"}}, {}, "not an instant"),
    ],
)
def test_what_makes_no_sense_is_an_argument_error(
    east: Client, configuration: dict[str, Any], body: dict[str, Any], because: str
) -> None:
    whole = {"client_order_id": "1", "product_id": "BTC-USD", "side": "BUY", "order_configuration": configuration}
    reply = east.reply("POST /api/v3/brokerage/orders", {**whole, **body})

    assert reply.status == 400
    assert msgspec.json.decode(reply.body)["error"] == "INVALID_ARGUMENT"
    assert because in msgspec.json.decode(reply.body)["message"]


def test_a_repeated_client_id_returns_the_old_order_and_trades_once(east: Client) -> None:
    first, again = east.send("same", MARKET), east.send("same", limit("2"))

    assert again["success_response"]["order_id"] == first["success_response"]["order_id"]
    assert len(east.ask(BATCH)["orders"]) == len(east.ask(FILLS)["fills"]) == 1


def test_or_a_repeated_client_id_is_refused_and_trades_once(east: Client) -> None:
    east.speaker.habits = msgspec.structs.replace(PATIENT, repeats=Repeats.REFUSED)
    east.send("same", MARKET)

    assert east.send("same", MARKET)["error_response"]["error"] == "INVALID_REQUEST"
    assert len(east.ask(FILLS)["fills"]) == 1


def test_a_client_id_of_another_account_is_nothing_of_ours(east: Client, tmp_path: Path) -> None:
    east.send("same", limit("0.001"))
    sub = Client(tmp_path / "sim.toml", account="sub")

    assert sub.ask(BATCH)["orders"] == []
    assert sub.send("same", limit("0.001"))["success"]
    assert len(sub.ask(BATCH)["orders"]) == len(east.ask(BATCH)["orders"]) == 1
    sub.close()


def test_an_order_cannot_be_named_by_its_number_alone(east: Client) -> None:
    order_id = placed(east, "1", limit())["order_id"]
    forged = f"00000000-0000-0000-0000-{order_id[-12:]}"
    assert east.reply(f"GET /api/v3/brokerage/orders/historical/{forged}").status == 404


def test_each_order_of_a_batch_is_cancelled_for_itself_and_says_why_not(east: Client, tmp_path: Path) -> None:
    rests, filled = placed(east, "1", limit())["order_id"], placed(east, "2", MARKET)["order_id"]
    sub = Client(tmp_path / "sim.toml", account="sub")
    theirs = placed(sub, "3", limit("0.001"))["order_id"]
    sub.close()

    assert cancelled(east, rests, filled, theirs, "none", rests) == [
        (True, "UNKNOWN_CANCEL_FAILURE_REASON"),
        (False, "ORDER_IS_FULLY_FILLED"),
        (False, "UNKNOWN_CANCEL_ORDER"),
        (False, "UNKNOWN_CANCEL_ORDER"),
        (False, "DUPLICATE_CANCEL_REQUEST"),
    ]
    assert east.order(rests)["status"] == "CANCELLED"


@pytest.mark.parametrize("order_ids", [[], None, ["x"] * 101])
def test_a_batch_is_of_one_to_a_hundred(east: Client, order_ids: Any) -> None:
    assert east.reply("POST /api/v3/brokerage/orders/batch_cancel", {"order_ids": order_ids}).status == 400


def test_statuses_may_lag_behind_what_has_happened(east: Client) -> None:
    east.speaker.habits = msgspec.structs.replace(PATIENT, lag_s=D(5), young="QUEUED")
    order_id = placed(east, "1", limit())["order_id"]

    assert east.order(order_id)["status"] == "QUEUED"
    east.step(6)
    assert east.order(order_id)["status"] == "OPEN"
    cancelled(east, order_id)
    assert (east.order(order_id)["status"], east.order(order_id)["pending_cancel"]) == ("CANCEL_QUEUED", True)
    east.step(6)
    assert (east.order(order_id)["status"], east.order(order_id)["pending_cancel"]) == ("CANCELLED", False)


def test_orders_are_found_by_all_filters_together(east: Client) -> None:
    first = placed(east, "1", limit())["order_id"]
    east.step(10)
    second = placed(east, "2", {"market_market_ioc": {"base_size": "0.1"}}, body={"product_id": "ETH-USD"})["order_id"]
    third = placed(east, "3", MARKET, body={"side": "SELL"})["order_id"]

    def found(query: str) -> list[str]:
        return [one["order_id"] for one in east.ask(f"{BATCH}?{query}")["orders"]]

    assert found("") == [third, second, first]
    assert found("order_status=OPEN") == [first]
    assert found("order_status=OPEN&order_status=FILLED&product_ids=BTC-USD") == [third, first]
    assert found("order_side=SELL") == [third]
    assert found("time_in_forces=GOOD_UNTIL_CANCELLED") == [first]
    assert found("product_type=FUTURE") == []
    assert found(f"order_ids={first}&order_ids={second}&order_types=MARKET") == [second]
    assert found("end_date=2026-01-01T12:00:09Z") == [first]
    assert found("start_date=2026-01-01T12:00:10Z") == [third, second]
    assert found("start_date=2026-01-01T12:00:10Z&product_id=ETH-USD") == [second]


def test_orders_come_page_by_page_without_gap_or_repetition(east: Client) -> None:
    sent = [placed(east, str(number), limit("0.001"))["order_id"] for number in range(5)]
    seen, cursor, more = [], "", True
    while more:
        answer = east.ask(f"{BATCH}?limit=2&cursor={cursor}")
        seen += [one["order_id"] for one in answer["orders"]]
        cursor, more = answer["cursor"], answer["has_next"]

    assert seen == sent[::-1]
    assert east.reply(f"{BATCH}?cursor=nonsense").status == 400
    assert east.reply(f"{BATCH}?limit=0").status == 400


def test_a_fill_has_its_commission_in_quote_and_says_who_made_and_who_took(tmp_path: Path) -> None:
    east = Client(write(tmp_path, moves="price = 60000, => price = 60000, volatility = 0.6,"))
    maker = placed(east, "1", limit("0.001", "59990"))["order_id"]
    taker = placed(east, "2", limit("0.5", "60006"))["order_id"]
    east.step(86_400)
    fills = {one["order_id"]: one for one in east.ask(FILLS)["fills"]}

    assert (fills[taker]["size"], fills[taker]["price"], fills[taker]["size_in_quote"]) == ("0.5", "60006", False)
    assert [fills[order]["liquidity_indicator"] for order in (taker, maker)] == ["TAKER", "MAKER"]
    assert D(fills[taker]["commission"]) == D(30_003) * D("0.006")
    assert D(fills[maker]["commission"]) == D("59.99") * D("0.004")
    east.close()


def test_the_size_of_a_fill_is_in_quote_where_the_orders_was(east: Client) -> None:
    order = placed(east, "1", {"market_market_ioc": {"quote_size": "610"}})
    (fill,) = east.ask(FILLS)["fills"]

    assert fill["size_in_quote"] is True
    assert D(fill["size"]) == D(order["filled_value"])
    assert D(fill["size"]) / D(fill["price"]) == D(order["filled_size"])


def test_fills_are_found_by_order_and_come_page_by_page(east: Client) -> None:
    first = placed(east, "1", MARKET)["order_id"]
    east.step(1)
    second = placed(east, "2", MARKET)["order_id"]

    for query in (f"order_ids={first}", "end_sequence_timestamp=2026-01-01T12:00:00.5Z"):
        (one,) = east.ask(f"{FILLS}?{query}")["fills"]
        assert one["order_id"] == first
    page = east.ask(f"{FILLS}?limit=1")
    assert [row["order_id"] for row in page["fills"]] == [second]
    rest = east.ask(f"{FILLS}?limit=1&cursor={page['cursor']}")
    assert ([row["order_id"] for row in rest["fills"]], rest["cursor"]) == ([first], "")


def test_an_order_is_told_as_long_as_the_venue_retains_it(tmp_path: Path) -> None:
    east = Client(write(tmp_path, kept="accept_window_s = 5 => accept_window_s = 5\nretention_s = 60"))
    order_id = placed(east, "1", MARKET)["order_id"]
    east.step(60)
    assert east.order(order_id)["status"] == "FILLED"
    east.step(1)
    assert east.reply(f"GET /api/v3/brokerage/orders/historical/{order_id}").status == 404
    assert east.ask(BATCH)["orders"] == []
    east.close()


@pytest.mark.parametrize("speed", ["1", "100000"])
def test_an_order_is_in_time_however_fast_the_market_runs(tmp_path: Path, speed: str) -> None:
    east = Client(write(tmp_path, speed=f"speed = 0 => speed = {speed}"))
    assert east.send("1", MARKET)["success"]
    east.close()


def test_an_order_that_came_by_another_door_is_told_as_well(east: Client) -> None:
    rested = Order(
        id="other door",
        leg="l1",
        slice=0,
        attempt=1,
        account="main",
        instrument="east:BTC/USD",
        side=Side.BUY,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.POST_ONLY,
        amount=D("0.5"),
        limit_price=D(50_000),
        valid_until=NOON.replace(year=2027),
    )
    east.sim.place(rested)
    (told,) = east.ask(BATCH)["orders"]
    assert told["order_configuration"] == {"limit_limit_gtc": {"base_size": "0.5", "limit_price": "50000"}}


def test_a_late_order_is_unknown_until_it_is_accepted_and_nobody_answers(east: Client) -> None:
    with pytest.raises(Lost):
        east.send("late", limit(), fault=Planned(fault=Fault.LATE, amount=D(4)))
    assert east.ask(BATCH)["orders"] == []
    assert [result for result, _ in cancelled(east, "x")] == [False]
    east.step(4)
    assert [one["client_order_id"] for one in east.ask(BATCH)["orders"]] == ["late"]


@pytest.mark.parametrize("repeats", list(Repeats))
def test_a_client_id_counts_as_used_while_its_order_waits_for_acceptance(east: Client, repeats: Repeats) -> None:
    east.speaker.habits = msgspec.structs.replace(PATIENT, repeats=repeats)
    with pytest.raises(Lost):
        east.send("late", limit(), fault=Planned(fault=Fault.LATE, amount=D(4)))

    assert east.send("late", limit())["success"] is (repeats is Repeats.RETURNED)
    east.step(4)
    assert len(east.ask(BATCH)["orders"]) == 1


def test_a_late_order_that_cannot_be_paid_any_more_has_failed(east: Client) -> None:
    with pytest.raises(Lost):
        east.send("late", limit("10"), fault=Planned(fault=Fault.LATE, amount=D(4)))
    east.send("other", limit("15"))
    east.step(4)
    late = next(one for one in east.ask(BATCH)["orders"] if one["client_order_id"] == "late")
    assert late["status"] == "FAILED"
    assert "are free" in late["reject_message"]


def test_a_lost_reply_is_no_refusal(tmp_path: Path) -> None:
    east = Client(
        write(tmp_path, lose="[venues.west]\n => [venues.east.faults]\nlose_reply_every = 1\n[venues.west]\n")
    )
    body = {"client_order_id": "1", "product_id": "BTC-USD", "side": "BUY", "order_configuration": limit()}
    reply = east.reply("POST /api/v3/brokerage/orders", body)

    assert reply.status == 504
    assert msgspec.json.decode(reply.body)["error"] == "DEADLINE_EXCEEDED"
    assert [one["client_order_id"] for one in east.ask(BATCH)["orders"]] == ["1"]
    east.close()


def test_an_order_that_is_not_listed_yet_is_known_after_so_many_calls(east: Client) -> None:
    sent = east.send("1", limit(), fault=Planned(fault=Fault.UNLISTED))
    line = f"GET /api/v3/brokerage/orders/historical/{sent['success_response']['order_id']}"

    assert [east.reply(line).status for _ in range(3)] == [404, 404, 200]


def test_a_duplicate_that_is_none_was_taken_all_the_same(east: Client) -> None:
    answer = east.send("1", limit(), fault=Planned(fault=Fault.DUPLICATE))
    assert answer["error_response"]["error"] == "INVALID_REQUEST"
    assert [one["client_order_id"] for one in east.ask(BATCH)["orders"]] == ["1"]


def test_an_order_by_quote_comes_to_the_book_that_others_have_left(east: Client) -> None:
    thin = Planned(fault=Fault.PARTIAL)
    sent = east.send("1", {"market_market_ioc": {"quote_size": "30000"}}, fault=thin)
    told = east.order(sent["success_response"]["order_id"])
    assert told["status"] == "FILLED"
    assert int(told["number_of_fills"]) > 3
    assert D(told["total_value_after_fees"]) <= D(30_000)


def test_others_may_take_most_of_the_book_first(east: Client) -> None:
    sent = east.send(
        "1", {"sor_limit_ioc": {"base_size": "2", "limit_price": "60006"}}, fault=Planned(fault=Fault.PARTIAL)
    )
    told = east.order(sent["success_response"]["order_id"])
    assert told["status"] == "CANCELLED"
    assert D(0) < D(told["filled_size"]) < D("0.1")
