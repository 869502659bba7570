from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.execute.trading import EXECUTION, GENESIS, T0, VENUE, D, after, leg, terms
from trimtab.execute import orders
from trimtab.execute.orders import Silence, Source
from trimtab.model.accounts import VenueTerms
from trimtab.model.ledger import Terms
from trimtab.model.orders import Order, OrderKind, Side, TimeInForce
from trimtab.model.runs import Slice

SOURCE = Source(GENESIS, "7")
BUY = leg("l1", Side.BUY, "BTC", "0.3")


def made(law: Terms, *, amount: str = "0.1") -> Order:
    piece = Slice(index=2, due=T0, amount=D(amount))
    return orders.order(SOURCE, BUY, piece, D(amount), T0, orders.rules(law, BUY))


def test_an_id_is_32_hexadecimal_digits_and_so_a_uuid() -> None:
    made_id = orders.order_id(GENESIS, "7", "l1", 0, 1)
    assert UUID(made_id).hex == made_id


def test_parts_of_an_id_cannot_run_into_each_other() -> None:
    ids = {
        orders.order_id(GENESIS, *parts)
        for parts in [("1", "11", 1, 1), ("11", "1", 1, 1), ("1", "1", 11, 1), ("1", "1", 1, 11), ('1","1', "1", 1, 1)]
    }
    assert len(ids) == 5


def test_the_id_of_a_known_order_never_changes() -> None:
    assert orders.order_id("00", "1", "l1", 0, 1) == "7c42532bee907a1c9b432369d62b2d3b"


def test_a_market_slice_is_immediate_or_cancel_at_the_guard() -> None:
    order = made(terms())
    assert (order.kind, order.time_in_force, order.expires_at) == (OrderKind.LIMIT, TimeInForce.IOC, None)
    assert order.limit_price == D(60300)


def test_a_limit_slice_rests_and_expires_by_itself_soon_after_we_would_cancel_it() -> None:
    order = made(terms(replace(EXECUTION, order_kind="limit")))
    assert order.time_in_force is TimeInForce.GTC
    assert order.expires_at == after(10 + 5 + 1)


@pytest.mark.parametrize(("side", "price"), [(Side.BUY, "60300"), (Side.SELL, "59707")])
def test_the_guard_is_rounded_to_the_tick_and_never_worse(side: Side, price: str) -> None:
    one = leg("l1", side, "BTC", "1")
    assert orders.guard(one, orders.rules(terms(tick=D(7)), one)) == Decimal(price) - (Decimal(price) % 7)


def test_the_smallest_order_meets_the_minimum_value_at_the_guard() -> None:
    sell = leg("l1", Side.SELL, "BTC", "1")
    assert orders.smallest(sell, orders.rules(terms(), sell)) == D("0.0002")
    assert orders.smallest(sell, orders.rules(terms(min_notional=D("5.97")), sell)) == D("0.0001")


def test_an_order_may_be_accepted_as_long_as_the_longer_of_both_bounds_says() -> None:
    assert made(terms()).valid_until == after(5)
    assert made(terms(venue=replace(VENUE, accept_window_s=30))).valid_until == after(30)


@pytest.mark.parametrize(
    ("asked_after", "meaning"),
    [
        (3, Silence.NOTHING),
        (5, Silence.NOTHING),
        (7, Silence.NOTHING),
        (7.001, Silence.ABSENT),
        (86_399, Silence.ABSENT),
        (86_399.001, Silence.FORGOTTEN),
    ],
)
def test_silence_is_proof_only_between_the_window_and_the_memory(asked_after: float, meaning: Silence) -> None:
    law = terms()
    assert orders.silence(made(law), after(asked_after), orders.rules(law, BUY)) is meaning


def test_a_venue_that_decides_before_it_answers_is_believed_at_once() -> None:
    law = terms(venue=VenueTerms(venue="north", accept_window_s=0, retention_s=60, skew_s=0))
    assert orders.silence(made(law), T0, orders.rules(law, BUY)) is Silence.ABSENT
    assert orders.silence(made(law), T0 + timedelta(seconds=61), orders.rules(law, BUY)) is Silence.FORGOTTEN
