"""One simulated venue's orders: what is accepted, what it locks, what it trades, what can be asked about it."""

from decimal import Decimal

import pytest

from tests.sim.venue import (
    BTC_USDT,
    FILTERS,
    T0,
    after,
    free,
    holds,
    order,
    outside,
    pays,
    place,
    reloaded,
    settle,
    venue,
)
from trimtab.model.assets import Filters, Listing, TakenFrom
from trimtab.model.orders import OrderStatus, Side, TimeInForce
from trimtab.sim import exchange, funds, transfers
from trimtab.sim.refusals import Refusal
from trimtab.sim.rules import Consumed
from trimtab.sim.state import Exchange

BUY, SELL = Side.BUY, Side.SELL
RICH = {"BTC": "10", "USDT": "1000000", "BNB": "1"}


def rich(**more: object) -> Exchange:
    return venue(main=RICH, sub=RICH, other=RICH, **more)  # type: ignore[arg-type]


def test_a_market_buy_walks_the_asks_and_says_what_it_consumed() -> None:
    of = rich()
    answer = place(of, order(BUY, "3"), outside(asks=(("60000", "2"), ("60010", "5"))))
    assert [(fill.price, fill.amount) for fill in answer.fills] == [
        (Decimal(60_000), Decimal(2)),
        (Decimal(60_010), Decimal(1)),
    ]
    assert answer.status is OrderStatus.FILLED
    assert of.state.take_changes().consumed == (
        Consumed(BTC_USDT, "asks", Decimal(60_000), Decimal(2)),
        Consumed(BTC_USDT, "asks", Decimal(60_010), Decimal(1)),
    )


@pytest.mark.parametrize(
    ("taken_from", "bitcoin", "tether", "bnb"),
    [
        (TakenFrom.RECEIVED, "10.999", "940000", "1"),
        (TakenFrom.QUOTE, "11", "939940", "1"),
        (TakenFrom.THIRD, "11", "940000", "0.925"),
    ],
)
def test_a_fee_is_taken_from_what_the_account_says(taken_from: TakenFrom, bitcoin: str, tether: str, bnb: str) -> None:
    of = venue(pays("main", taken_from), main=RICH)
    place(of, order(BUY, "1"))
    assert holds(of, "main") == {"BTC": Decimal(bitcoin), "USDT": Decimal(tether), "BNB": Decimal(bnb)}


def test_a_third_asset_that_runs_out_in_the_middle_leaves_the_rest_to_what_is_received() -> None:
    of = venue(pays("main", TakenFrom.THIRD), main={"USDT": "60000", "BNB": "0.05"})
    answer = place(of, order(BUY, "1"), outside(bids=(), asks=(("59990", "0.5"), ("60000", "0.5"))))
    assert [(fill.fee_asset, fill.fee) for fill in answer.fills] == [
        ("BNB", Decimal("0.03749375")),
        ("BTC", Decimal("0.0005")),
    ]


def test_one_bitcoin_bought_with_a_fee_in_bitcoin_cannot_be_withdrawn_whole() -> None:
    of = venue(main={"USDT": "60000"})
    place(of, order(BUY, "1"))
    with pytest.raises(Refusal, match=r"1 BTC cannot leave main: 0\.999 is withdrawable"):
        transfers.withdraw(of, "main", "BTC", Decimal(1), network="bitcoin", target="elsewhere", at=T0)
    assert holds(of, "main")["BTC"] == Decimal("0.999")


def test_a_resting_buy_locks_its_worth_with_the_dearer_fee_on_top() -> None:
    of = venue(pays("main", TakenFrom.QUOTE, maker="5", taker="10"), main={"USDT": "60060"})
    assert place(of, order(BUY, "1", "59990")).status is OrderStatus.OPEN
    assert free(of, "main", "USDT") == Decimal(60060) - Decimal(59990) * Decimal("1.001")


def test_an_order_is_refused_one_unit_short_and_taken_at_the_edge() -> None:
    terms = pays("main", TakenFrom.QUOTE)
    short, enough = (venue(terms, main={"USDT": units}) for units in ("60059.99999999", "60060"))
    refused = place(short, order(BUY, "1", "60000"))
    assert (refused.status, refused.because) == (
        OrderStatus.REJECTED,
        "it needs 60060 USDT and 60059.99999999 are free",
    )
    assert place(enough, order(BUY, "1", "60000")).status is OrderStatus.FILLED
    assert holds(enough, "main")["USDT"] == 0


def test_a_refused_order_changes_nothing_and_is_not_remembered() -> None:
    of = venue(main={"USDT": "10"})
    of.state.take_changes()
    before = (dict(of.state.balances), dict(of.state.orders), of.state.next_order)
    assert place(of, order(BUY, "1", "60000")).status is OrderStatus.REJECTED
    assert (of.state.balances, of.state.orders, of.state.next_order) == before
    assert exchange.query(of, "main", "1", T0) is None


def test_a_limit_order_that_trades_better_than_its_price_gets_the_difference_back() -> None:
    of = venue(main={"USDT": "61000"})
    place(of, order(BUY, "1", "61000"))
    assert free(of, "main", "USDT") == Decimal(1000)


def test_a_ladder_that_comes_to_a_resting_order_fills_it_at_its_own_price_as_a_maker() -> None:
    of = venue(pays("main", maker="2"), main={"USDT": "60000"})
    place(of, order(BUY, "1", "59999.5"))
    exchange.cross(of, BTC_USDT, after(10), outside(bids=(), asks=(("59999.5", "0.4"), ("60000", "9"))))
    state = exchange.query(of, "main", "1", after(10))
    assert state is not None
    assert (state.status, state.filled) == (OrderStatus.OPEN, Decimal("0.4"))
    assert (state.fills[0].price, state.fills[0].fee, state.fills[0].fee_asset) == (
        Decimal("59999.5"),
        Decimal("0.00008"),
        "BTC",
    )
    assert of.state.take_changes().consumed == (Consumed(BTC_USDT, "asks", Decimal("59999.5"), Decimal("0.4")),)
    assert free(of, "main", "USDT") == Decimal("0.5")


def test_a_ladder_just_short_of_a_resting_order_leaves_it_alone() -> None:
    of = rich()
    place(of, order(BUY, "1", "59999.5"))
    exchange.cross(of, BTC_USDT, after(10), outside(bids=(), asks=(("59999.51", "9"),)))
    assert of.state.take_changes().consumed == ()


def test_nothing_trades_while_it_is_halted_and_a_resting_order_can_still_be_cancelled() -> None:
    of = rich()
    place(of, order(BUY, "1", "59999.5"))
    of.rules = rich(listing=Listing.HALTED).rules
    exchange.cross(of, BTC_USDT, after(10), outside(bids=(), asks=(("59000", "9"),)))
    assert of.state.take_changes().consumed == ()
    cancelled = exchange.cancel(of, "main", "1", after(10))
    assert cancelled is not None
    assert cancelled.status is OrderStatus.CANCELLED


def test_two_accounts_of_one_fund_never_trade_with_each_other() -> None:
    of = rich()
    place(of, order(SELL, "1", "60000", account="sub", order_id="s"), outside(asks=()))
    answer = place(of, order(BUY, "1"), outside(asks=(("60000", "5"),)))
    assert (answer.status, answer.filled) == (OrderStatus.CANCELLED, Decimal(0))
    assert answer.because == "it met an order of the same owner, and the rest of it was cancelled"


def test_two_funds_do_and_each_pays_its_own_fee() -> None:
    of = venue(pays("other", maker="2"), main={"USDT": "60000"}, other={"BTC": "1"})
    place(of, order(SELL, "1", "60000", account="other", order_id="s"), outside(asks=()))
    answer = place(of, order(BUY, "1"), outside(asks=(("60000", "5"),)))
    assert answer.status is OrderStatus.FILLED
    assert holds(of, "main") == {"BTC": Decimal("0.999"), "USDT": 0}
    assert holds(of, "other") == {"BTC": 0, "USDT": Decimal(59_988)}
    assert of.state.take_changes().consumed == ()


@pytest.mark.parametrize(
    ("force", "status", "filled"),
    [
        (TimeInForce.GTC, OrderStatus.OPEN, 5),
        (TimeInForce.IOC, OrderStatus.CANCELLED, 5),
        (TimeInForce.FOK, OrderStatus.CANCELLED, 0),
        (TimeInForce.POST_ONLY, OrderStatus.REJECTED, 0),
    ],
)
def test_what_cannot_be_filled_at_once_goes_by_the_time_in_force(
    force: TimeInForce, status: OrderStatus, filled: int
) -> None:
    answer = place(rich(), order(BUY, "6", "60000", force=force))
    assert (answer.status, answer.filled) == (status, Decimal(filled))


def test_what_is_cancelled_gives_back_its_lock_and_keeps_its_fills() -> None:
    of = venue(main={"USDT": "600000"})
    place(of, order(BUY, "6", "60000"))
    state = exchange.cancel(of, "main", "1", after(1))
    assert state is not None
    assert (state.status, state.filled, len(state.fills)) == (OrderStatus.CANCELLED, Decimal(5), 1)
    assert free(of, "main", "USDT") == holds(of, "main")["USDT"] == 300_000


def test_cancelling_what_is_done_or_unknown_changes_nothing() -> None:
    of = rich()
    place(of, order(BUY, "1"))
    done = exchange.cancel(of, "main", "1", after(1))
    assert done is not None
    assert done.status is OrderStatus.FILLED
    assert exchange.cancel(of, "main", "2", after(1)) is None


def test_a_resting_order_expires_at_its_instant_and_gives_back_its_lock() -> None:
    of = rich()
    place(of, order(BUY, "1", "59000", expires_s=60))
    settle(of, after(59.999))
    assert len(exchange.read(of, "main", after(59.999)).orders) == 1
    settle(of, after(90))
    state = exchange.query(of, "main", "1", after(90))
    assert state is not None
    assert state.status is OrderStatus.EXPIRED
    assert of.state.named("main", "1")[0].changed_at == after(60)
    assert free(of, "main", "USDT") == 1_000_000


def test_an_order_shows_in_its_account_while_it_rests() -> None:
    of = rich()
    place(of, order(BUY, "6", "60000"))
    (shown,) = exchange.read(of, "main", T0).orders
    assert (shown.client_id, shown.amount, shown.filled, shown.price) == ("1", Decimal(6), Decimal(5), Decimal(60_000))
    assert exchange.read(of, "sub", T0).orders == ()


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (order(BUY, "1", account="nobody"), "there is no account nobody here"),
        (order(BUY, "1", instrument="v:BTC/EUR"), "v:BTC/EUR is not listed"),
        (order(BUY, "1", valid_s=-0.001), "and was valid until"),
        (order(BUY, "1", "60000", expires_s=0), "and expired at"),
        (order(BUY, "1", force=TimeInForce.POST_ONLY), "a market order cannot be post-only"),
        (order(BUY, "0.0001", "60000"), "amount 0.0001 is not a multiple of the step 0.001"),
        (order(BUY, "0.001", "9999"), "value 9.999 is below the smallest allowed, 10"),
    ],
)
def test_an_order_that_does_not_fit_is_refused_with_the_reason(wrong: object, because: str) -> None:
    answer = place(rich(), wrong)  # type: ignore[arg-type]
    assert answer.status is OrderStatus.REJECTED
    assert because in answer.because


def test_an_order_is_still_accepted_at_the_last_instant_of_its_window() -> None:
    assert place(rich(), order(BUY, "1", valid_s=5), at=after(5)).status is OrderStatus.FILLED
    assert place(rich(), order(BUY, "1", valid_s=5), at=after(5.001)).status is OrderStatus.REJECTED


@pytest.mark.parametrize(
    ("listing", "because"), [(Listing.HALTED, "v:BTC/USDT is halted"), (Listing.VANISHED, "v:BTC/USDT is not listed")]
)
def test_only_what_is_trading_can_be_traded(listing: Listing, because: str) -> None:
    assert place(rich(listing=listing), order(BUY, "1")).because == because


def test_a_market_order_into_an_empty_book_ends_with_nothing_done() -> None:
    answer = place(rich(), order(BUY, "1"), outside(asks=()))
    assert (answer.status, answer.because) == (
        OrderStatus.CANCELLED,
        "nothing was left in the book at its price",
    )


def limited(**more: object) -> Filters:
    return Filters(step=FILTERS.step, tick=FILTERS.tick, **more)  # type: ignore[arg-type]


def test_the_number_of_open_orders_is_limited() -> None:
    of = rich(filters=limited(max_orders=1))
    assert place(of, order(BUY, "1", "59000")).status is OrderStatus.OPEN
    assert place(of, order(BUY, "1", "59000", order_id="2")).because == (
        "1 orders are open already, at most 1 are allowed"
    )
    assert place(of, order(BUY, "1", "59000", account="sub", order_id="2")).status is OrderStatus.OPEN


def test_a_position_counts_what_open_buys_may_add() -> None:
    of = rich(filters=limited(max_position=Decimal(12)))
    assert place(of, order(BUY, "1", "59000")).status is OrderStatus.OPEN
    assert "at most 12 is allowed" in place(of, order(BUY, "1.001", "59000", order_id="2")).because
    assert place(of, order(BUY, "1", "59000", order_id="2")).status is OrderStatus.OPEN


def test_a_price_is_bounded_by_the_middle_of_the_ladder() -> None:
    of = rich(filters=limited(bid_down=Decimal("0.5")))
    assert place(of, order(BUY, "1", "29999.75")).status is OrderStatus.OPEN
    assert "times the average price" in place(of, order(BUY, "1", "29999.74", order_id="2")).because


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    of = rich()
    place(of, order(BUY, "1", "59000"))
    assert place(of, order(BUY, "1", "59000")).because == "an order with the id 1 is open"
    exchange.cancel(of, "main", "1", T0)
    assert place(of, order(BUY, "1")).status is OrderStatus.FILLED
    answered = exchange.query(of, "main", "1", T0)
    assert answered is not None
    assert answered.status is OrderStatus.FILLED
    assert len(of.state.named("main", "1")) == 2


def test_an_ended_order_is_forgotten_only_after_its_retention() -> None:
    of = rich(retention_s=60)
    place(of, order(BUY, "1"))
    assert exchange.query(of, "main", "1", after(60)) is not None
    assert exchange.query(of, "main", "1", after(60.001)) is None


def late(valid_s: float = 5) -> Exchange:
    of = rich(delay_s=4.2)
    assert exchange.place(of, order(BUY, "1", valid_s=valid_s), T0, outside()) is None
    return of


def asked(of: Exchange, seconds: float, order_id: str = "1") -> OrderStatus | None:
    settle(of, after(seconds))
    state = exchange.query(of, "main", order_id, after(seconds))
    return None if state is None else state.status


def test_a_late_order_is_unknown_at_three_seconds_and_found_once_after_its_window() -> None:
    of = late()
    assert asked(of, 3) is None
    assert asked(of, 6) is OrderStatus.FILLED
    assert holds(of, "main")["BTC"] == Decimal("10.999")
    assert of.state.named("main", "1")[0].fills[0].at == after(4.2)


def test_resending_a_late_order_too_early_fills_twice() -> None:
    of = late()
    assert asked(of, 3) is None
    exchange.place(of, order(BUY, "1", order_id="2", valid_s=8), after(3), outside())
    assert (asked(of, 8), asked(of, 8, "2")) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert holds(of, "main")["BTC"] == Decimal("11.998")


def test_a_late_order_that_is_refused_does_not_hide_an_earlier_one_of_its_id() -> None:
    of = late()
    assert asked(of, 5) is OrderStatus.FILLED
    exchange.place(of, order(BUY, "1", valid_s=6), after(5), outside())
    assert asked(of, 10) is OrderStatus.FILLED
    assert [placed.status for placed in of.state.named("main", "1")] == [OrderStatus.FILLED, OrderStatus.REJECTED]


def test_another_process_finds_a_late_order_from_the_stored_rows() -> None:
    taken_over = reloaded(late())
    assert asked(taken_over, 4) is None
    assert asked(taken_over, 6) is OrderStatus.FILLED


def test_a_late_order_past_its_window_never_trades_and_says_so() -> None:
    of = late(valid_s=4.1)
    assert asked(of, 5) is OrderStatus.REJECTED
    assert holds(of, "main")["BTC"] == 10


def test_a_late_order_cannot_be_cancelled_before_it_can_be_seen() -> None:
    of = late()
    assert exchange.cancel(of, "main", "1", after(3)) is None
    assert asked(of, 6) is OrderStatus.FILLED


def test_accepting_a_late_order_needs_the_market() -> None:
    of = late()
    moment = exchange.due(of, after(6))
    assert moment is not None
    assert moment.instrument == BTC_USDT
    with pytest.raises(ValueError, match="give the market of v:BTC/USDT"):
        exchange.settle(of, moment)


def test_a_request_changes_the_rows_of_its_own_account_only() -> None:
    of = rich()
    of.state.take_changes()
    place(of, order(BUY, "1"))
    changes = of.state.take_changes()
    assert [(row.account, row.asset) for row in changes.balances] == [("main", "BTC"), ("main", "USDT")]
    assert [row.order.id for row in changes.orders] == ["1"]
    assert changes.movements == ()


def test_a_fee_in_many_parts_never_takes_what_the_account_does_not_have() -> None:
    terms = pays("main", TakenFrom.QUOTE, maker="1", taker="1")
    of = venue(terms, filters=limited(), main={"USDT": "0.0060906"})
    assert "are free" in place(of, order(BUY, "0.003", "2.03"), outside(bids=(), asks=())).because
    of = venue(terms, filters=limited(), main={"USDT": "0.00609061"})
    place(of, order(BUY, "0.003", "2.03"), outside(bids=(), asks=()))
    for _ in range(3):
        exchange.cross(of, BTC_USDT, T0, outside(bids=(), asks=(("2.03", "0.001"),)))
    state = exchange.query(of, "main", "1", T0)
    assert state is not None
    assert [fill.fee for fill in state.fills] == [Decimal("2E-7"), Decimal("2E-7"), Decimal("2.1E-7")]
    assert holds(of, "main")["USDT"] == 0


@pytest.mark.parametrize("asks", [(("60000.001", "1"),), (("60000", "0.0001"),)])
def test_a_ladder_off_the_grid_is_bad_input(asks: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="ladders must be on the instrument's ticks and steps"):
        place(rich(), order(BUY, "1"), outside(asks=asks))


def test_a_crossed_ladder_is_bad_input() -> None:
    with pytest.raises(ValueError, match="the ladder is crossed, 60000 over 60000"):
        place(rich(), order(BUY, "1"), outside(bids=(("60000", "1"),)))


def test_an_unknown_account_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="nobody: v has no such account; it has main, sub, free, other"):
        exchange.read(rich(), "nobody", T0)


def test_a_balance_never_goes_below_zero_by_a_defect() -> None:
    of = venue(main={"USDT": "1"})
    with pytest.raises(AssertionError, match="below zero"):
        funds.credit(of.state, "main", "USDT", -100_000_001)
