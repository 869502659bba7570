"""Orders out: where they stand and what was filled, newest first, page by page."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from trimtab.model.orders import Fill, OrderKind, OrderStatus, TimeInForce
from trimtab.sim.state import Placed
from trimtab.sim.wire.coinbase import ids
from trimtab.sim.wire.coinbase.asked import Asked, count, page
from trimtab.sim.wire.coinbase.errors import Failure
from trimtab.sim.wire.coinbase.orders import find, mine
from trimtab.units import ONE, ZERO, canon, divide, floor_to, money, under_context

STATUSES: Final = {
    None: "PENDING",
    OrderStatus.OPEN: "OPEN",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELLED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "FAILED",
}
FORCES: Final = {
    "limit_limit_gtc": "GOOD_UNTIL_CANCELLED",
    "limit_limit_gtd": "GOOD_UNTIL_DATE_TIME",
    "limit_limit_fok": "FILL_OR_KILL",
    "sor_limit_ioc": "IMMEDIATE_OR_CANCEL",
    "market_market_ioc": "IMMEDIATE_OR_CANCEL",
}
SHAPES: Final = {
    (OrderKind.LIMIT, TimeInForce.GTC): "limit_limit_gtc",
    (OrderKind.LIMIT, TimeInForce.POST_ONLY): "limit_limit_gtc",
    (OrderKind.LIMIT, TimeInForce.FOK): "limit_limit_fok",
    (OrderKind.LIMIT, TimeInForce.IOC): "sor_limit_ioc",
}
ORDERS: Final = 100
FILLS: Final = 100


def order(asked: Asked) -> Any:
    """GET orders/historical/ID. Raises Failure for one that is not the caller's, or is not told any more."""
    placed = find(asked, asked.named["order_id"])
    if placed is None:
        raise Failure("unknown", "order with this orderID was not found")
    return {"order": _row(asked, placed)}


def orders(asked: Asked) -> Any:
    """GET orders/historical/batch: the caller's orders, by filters that all must hold."""
    known = (placed for placed in reversed(asked.sim.orders(asked.account)) if mine(asked, placed))
    found = [(str(placed.seq), placed) for placed in known if _wanted(asked, placed)]
    part, cursor = page(found, asked.one("cursor"), count(asked, "limit", ORDERS, 1000))
    rows = [_row(asked, placed) for placed in part]
    return {"orders": rows, "sequence": "0", "has_next": bool(cursor), "cursor": cursor}


def fills(asked: Asked) -> Any:
    """GET orders/historical/fills: there is no has_next; an empty cursor is the end."""
    rows = [(row["entry_id"], row) for row in _fills(asked) if _wanted_fill(asked, row)]
    part, cursor = page(rows, asked.one("cursor"), count(asked, "limit", FILLS, 3000))
    return {"fills": part, "cursor": cursor}


def configuration(placed: Placed) -> dict[str, Any]:
    """An order's configuration as it was sent; one that came by another door is told as this one would have it."""
    order = placed.order
    if order.leg.startswith("{"):
        found: dict[str, Any] = msgspec.json.decode(order.leg)
        return found
    size: dict[str, Any] = {"base_size": ids.text(order.amount)}
    if order.limit_price is None:
        return {"market_market_ioc": size}
    told = {**size, "limit_price": ids.text(order.limit_price)}
    if order.expires_at is not None:
        return {"limit_limit_gtd": {**told, "end_time": ids.stamp(order.expires_at)}}
    return {SHAPES[order.kind, order.time_in_force]: told}


def status(asked: Asked, placed: Placed) -> str:
    """Where an order is told to stand, which may lag behind where it does (`Habits.lag_s`)."""
    found, lag, now = STATUSES[placed.status], asked.habits.lag_s, asked.sim.now()
    if found == "OPEN" and ids.seconds_of(now, placed.accepts_at) < lag:
        return asked.habits.young
    if found == "CANCELLED" and placed.changed_at and ids.seconds_of(now, placed.changed_at) < lag:
        return "CANCEL_QUEUED"
    return found


@under_context
def _row(asked: Asked, placed: Placed) -> dict[str, Any]:
    order, sent = placed.order, configuration(placed)
    name, body = next(iter(sent.items()))
    value = sum((fill.amount * fill.price for fill in placed.fills), ZERO)
    paid = sum((fill.fee for fill in placed.fills), ZERO)
    by_quote = "quote_size" in body
    return {
        "order_id": ids.order_id(asked.sim.id, placed.seq),
        "product_id": _product(order.instrument),
        "user_id": ids.portfolio_id(order.account),
        "order_configuration": sent,
        "side": order.side.upper(),
        "client_order_id": order.id,
        "status": status(asked, placed),
        "time_in_force": FORCES[name],
        "created_time": ids.stamp(placed.arrived_at),
        "completion_percentage": ids.text(floor_to(divide(placed.filled, order.amount) * 100, ONE.scaleb(-2))),
        "filled_size": ids.text(placed.filled),
        "average_filled_price": ids.text(money(divide(value, placed.filled)) if placed.filled else ZERO),
        "fee": "",
        "number_of_fills": str(len(placed.fills)),
        "filled_value": ids.text(canon(value)),
        "pending_cancel": status(asked, placed) == "CANCEL_QUEUED",
        "size_in_quote": by_quote,
        "total_fees": ids.text(canon(paid)),
        "size_inclusive_of_fees": by_quote,
        "total_value_after_fees": ids.text(canon(value + paid if order.side == "buy" else value - paid)),
        "trigger_status": "INVALID_ORDER_TYPE",
        "order_type": order.kind.upper(),
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "settled": not placed.live,
        "product_type": "SPOT",
        "reject_message": placed.because if placed.status is OrderStatus.REJECTED else "",
        "cancel_message": placed.because if placed.status is OrderStatus.CANCELLED else "",
        "retail_portfolio_id": ids.portfolio_id(order.account),
        "last_fill_time": ids.stamp(placed.fills[-1].at) if placed.fills else None,
    }


def _fills(asked: Asked) -> Iterator[dict[str, Any]]:
    log = (placed for placed in asked.sim.orders(asked.account) if placed.fills)
    found = ((fill, placed) for placed in log for fill in placed.fills)
    for fill, placed in sorted(found, key=lambda pair: (pair[0].at, pair[1].seq), reverse=True):
        yield _fill(asked, placed, fill)


@under_context
def _fill(asked: Asked, placed: Placed, fill: Fill) -> dict[str, Any]:
    """The commission has no currency, it is in the quote; of an order sized in quote, so is the size."""
    by_quote = "quote_size" in next(iter(configuration(placed).values()))
    return {
        "entry_id": ids.named("entry", asked.sim.id, fill.id),
        "trade_id": ids.named("fill", asked.sim.id, fill.id),
        "order_id": ids.order_id(asked.sim.id, placed.seq),
        "trade_time": ids.stamp(fill.at),
        "trade_type": "FILL",
        "price": ids.text(fill.price),
        "size": ids.text(canon(fill.amount * fill.price) if by_quote else fill.amount),
        "commission": ids.text(fill.fee),
        "product_id": _product(fill.instrument),
        "sequence_timestamp": ids.stamp(fill.at),
        "liquidity_indicator": "TAKER" if fill.at == placed.accepts_at else "MAKER",
        "size_in_quote": by_quote,
        "user_id": ids.portfolio_id(fill.account),
        "side": fill.side.upper(),
        "retail_portfolio_id": ids.portfolio_id(fill.account),
    }


def _wanted(asked: Asked, placed: Placed) -> bool:
    """Every filter that was given holds."""
    if not _within(placed.arrived_at, asked.one("start_date"), asked.one("end_date")):
        return False
    order = placed.order
    filters: tuple[tuple[frozenset[str], Callable[[], str]], ...] = (
        (asked.many("order_ids"), lambda: ids.order_id(asked.sim.id, placed.seq)),
        (asked.many("product_id", "product_ids"), lambda: _product(order.instrument)),
        (asked.many("order_status"), lambda: status(asked, placed)),
        (asked.many("order_type", "order_types"), order.kind.upper),
        (asked.many("order_side"), order.side.upper),
        (asked.many("time_in_forces"), lambda: FORCES[next(iter(configuration(placed)))]),
        (asked.many("product_type"), lambda: "SPOT"),
    )
    return all(not values or told() in values for values, told in filters)


def _wanted_fill(asked: Asked, row: dict[str, Any]) -> bool:
    filters = {
        "order_id": asked.many("order_id", "order_ids"),
        "trade_id": asked.many("trade_ids"),
        "product_id": asked.many("product_id", "product_ids"),
    }
    ends = asked.one("start_sequence_timestamp"), asked.one("end_sequence_timestamp")
    moment = ids.instant(row["trade_time"], "time")
    return _within(moment, *ends) and all(not many or row[name] in many for name, many in filters.items())


def _within(moment: datetime, start: str | None, end: str | None) -> bool:
    """Both bounds are inclusive."""
    begun = start is None or moment >= ids.instant(start, "start")
    return begun and (end is None or moment <= ids.instant(end, "end"))


def _product(instrument: str) -> str:
    return instrument.partition(":")[2].replace("/", "-")
