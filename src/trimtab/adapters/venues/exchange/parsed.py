"""What ccxt's uniform methods answer, as nouns: every field that is needed must be there, and exact.

ccxt writes numbers as text (`number=str`), but for books, which it reads as floats: the shortest text that gives a
float back is the text that it was, up to fifteen digits.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from trimtab.adapters.venues.exchange import answers
from trimtab.adapters.venues.exchange.answers import EPOCH, Garbled
from trimtab.model.assets import FeeTerms, Filters, Instrument, Listing, TakenFrom
from trimtab.model.holdings import Balance, OpenOrder, Stage, Transfer
from trimtab.model.orders import Fill, Order, OrderState, OrderStatus, Side
from trimtab.model.prices import Ladder, Level
from trimtab.units import BPS, ZERO, canon

MILLISECOND: Final = timedelta(milliseconds=1)
FLOAT_DIGITS: Final = 15
STATUSES: Final = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}
GONE: Final = frozenset({"failed", "canceled"})


class Told(NamedTuple):
    """Where an order stands, the venue's number of it, and from when on its fills are."""

    state: OrderState
    number: str
    since_ms: int | None


def symbol(name: str) -> str:
    """The uniform name of an instrument: `kraken:BTC/USD` is BTC/USD."""
    return name.partition(":")[2]


def millis(at: datetime) -> int:
    """An instant as ccxt wants it."""
    return (at - EPOCH) // MILLISECOND


def instrument(venue: str, row: Mapping[str, Any], unproven: str) -> Instrument | None:
    """One listing with its rules; halted with a reason where it is not to be traded. None for one without rules."""
    base, quote = answers.text(row, "base"), answers.text(row, "quote")
    precision = answers.record(answers.within(row, "precision"), "precision")
    if precision.get("amount") is None or precision.get("price") is None or answers.text(row, "symbol").count("/") != 1:
        return None
    limits = answers.record(answers.within(row, "limits"), "limits")
    notice = unproven or ("" if row.get("active") else "the venue says that it is not active")
    return Instrument(
        id=f"{venue}:{base}/{quote}",
        venue=venue,
        base=base,
        quote=quote,
        listing=Listing.HALTED if notice else Listing.TRADING,
        notice=notice,
        filters=Filters(
            step=answers.number(precision, "amount"),
            tick=answers.number(precision, "price"),
            min_amount=_limit(limits, "amount", "min"),
            max_amount=_limit(limits, "amount", "max"),
            min_notional=_limit(limits, "cost", "min"),
            max_notional=_limit(limits, "cost", "max"),
        ),
    )


def _limit(limits: Mapping[str, Any], name: str, end: str) -> Decimal | None:
    return answers.optional(answers.record(limits.get(name) or {}, name), end)


def book(name: str, answer: Any, levels: int, at: datetime) -> Ladder:
    """A book of two sides."""
    row = answers.record(answer, "book")
    bids, asks = (_levels(answers.within(row, side), levels) for side in ("bids", "asks"))
    if not bids or not asks or bids[0].price >= asks[0].price:
        raise Garbled("the book has not two sides that are apart")
    return Ladder(instrument=name, bids=bids, asks=asks, as_of=at)


def _levels(told: Any, most: int) -> tuple[Level, ...]:
    if not isinstance(told, list) or any(not isinstance(row, list) or len(row) < 2 for row in told):
        raise Garbled("a side of the book is no list of levels")
    return tuple(Level(price=_shortest(row[0], "price"), amount=_shortest(row[1], "amount")) for row in told[:most])


def _shortest(value: Any, name: str) -> Decimal:
    """The decimal that a float was read from. Raises Garbled where it had too many digits to be sure of."""
    if not isinstance(value, float):
        return answers.exact(value, name)
    found = Decimal(repr(value))
    if not found.is_finite() or len(found.as_tuple().digits) > FLOAT_DIGITS:
        raise Garbled(f"{name} has more digits than a float keeps")
    return canon(found)


def terms(account: str, name: str, answer: Any, taken_from: TakenFrom) -> FeeTerms:
    """What an account pays on an instrument."""
    row = answers.record(answer, "fee")
    if row.get("symbol") != symbol(name):
        raise Garbled("the fee is another instrument's")
    maker, taker = (canon(answers.number(row, side) * BPS) for side in ("maker", "taker"))
    return FeeTerms(account=account, instrument=name, maker_bps=maker, taker_bps=taker, taken_from=taken_from)


def balances(account: str, answer: Any, at: datetime) -> tuple[Balance, ...]:
    """What an account holds of each asset."""
    row = answers.record(answer, "balance")
    totals = answers.record(answers.within(row, "total"), "total")
    free = answers.record(answers.within(row, "free"), "free")
    return tuple(
        Balance(
            account=account,
            asset=asset,
            total=answers.number(totals, asset),
            free=answers.number(free, asset),
            as_of=at,
        )
        for asset in sorted(totals)
    )


def resting(account: str, venue: str, named: str, answer: Any) -> tuple[OpenOrder, ...]:
    """Orders on the book, ours or not."""
    found = [
        OpenOrder(
            account=account,
            instrument=f"{venue}:{answers.text(row, 'symbol')}",
            client_id=str(answers.record(answers.within(row, "info"), "info").get(named) or ""),
            side=Side(answers.text(row, "side")),
            amount=answers.number(row, "amount"),
            filled=answers.number(row, "filled"),
            price=answers.optional(row, "price"),
        )
        for row in answers.rows(answer, "orders")
    ]
    return tuple(sorted(found, key=lambda order: (order.instrument, order.client_id)))


def taken(order: Order, answer: Any) -> str:
    """The venue's number of an order that it took."""
    row = answers.record(answer, "order")
    if row.get("clientOrderId") not in (None, order.id) or not answers.text(row, "id"):
        raise Garbled("the answer is about another order")
    return answers.text(row, "id")


def state(order: Order, row: Mapping[str, Any], at: datetime) -> Told:
    """Where an order stands, without its fills. It must be the order that was asked about, as it was sent."""
    told = answers.text(row, "symbol"), answers.text(row, "side"), answers.number(row, "amount")
    if told != (symbol(order.instrument), order.side.value, order.amount) or _price(row) != order.limit_price:
        raise Garbled("the answer is about another order")
    status, filled = answers.text(row, "status"), answers.number(row, "filled")
    if status not in STATUSES:
        raise Garbled(f"status {status} is not known")
    cut = STATUSES[status] is OrderStatus.FILLED and filled != order.amount
    found = OrderStatus.CANCELLED if cut else STATUSES[status]
    made = row.get("timestamp")
    since = made - 1000 if isinstance(made, int) else None
    return Told(OrderState(order_id=order.id, status=found, filled=filled, at=at), answers.text(row, "id"), since)


def _price(row: Mapping[str, Any]) -> Decimal | None:
    return answers.optional(row, "price")


def fill(order: Order, row: Mapping[str, Any]) -> Fill:
    """A part that was done, with the fee that the venue says it took."""
    fee = answers.record(answers.within(row, "fee"), "fee")
    return Fill(
        id=f"{order.instrument}-{answers.text(row, 'id')}",
        order_id=order.id,
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        amount=answers.number(row, "amount"),
        price=answers.number(row, "price"),
        fee=answers.number(fee, "cost"),
        fee_asset=answers.text(fee, "currency"),
        at=answers.instant(row, "timestamp"),
    )


def with_fills(told: OrderState, fills: Sequence[Fill]) -> OrderState:
    """A state with all of its fills."""
    ordered = tuple(sorted(fills, key=lambda one: (one.at, one.id)))
    return OrderState(order_id=told.order_id, status=told.status, filled=told.filled, fills=ordered, at=told.at)


def each(read: Callable[[Mapping[str, Any]], Transfer]) -> Callable[[Any], list[Transfer]]:
    """Reads every row of a list."""
    return lambda answer: [read(row) for row in answers.rows(answer, "transfers")]


def left(account: str, row: Mapping[str, Any], whose: Callable[[str, str, str], str]) -> Transfer:
    """A withdrawal: its amount is what arrives, and its fee goes on top of that."""
    fee = answers.optional(answers.record(row.get("fee") or {}, "fee"), "cost") or ZERO
    status, asset = answers.text(row, "status"), answers.text(row, "currency")
    stage = Stage.SENT if status == "ok" else Stage.RETURNED if status in GONE else Stage.REQUESTED
    ended = answers.instant(row, "updated" if row.get("updated") else "timestamp")
    return Transfer(
        id=str(row.get("txid") or answers.text(row, "id")),
        asset=asset,
        amount=canon(answers.number(row, "amount") + fee),
        fee=ZERO if stage is Stage.RETURNED else fee,
        source=account,
        target=whose(asset, str(row.get("network") or ""), str(row.get("addressTo") or row.get("address") or "")),
        stage=stage,
        debited_at=answers.instant(row, "timestamp"),
        credited_at=ended if stage is Stage.RETURNED else None,
        because=f"the venue says {status}" if stage is Stage.RETURNED else "",
    )


def arrived(account: str) -> Callable[[Mapping[str, Any]], Transfer]:
    """Reads a deposit. That it can leave again is not told: one that is credited counts as whole."""

    def read(row: Mapping[str, Any]) -> Transfer:
        status, came = answers.text(row, "status"), answers.instant(row, "timestamp")
        stage = Stage.WITHDRAWABLE if status == "ok" else Stage.HELD if status in GONE else Stage.SEEN
        return Transfer(
            id=str(row.get("txid") or answers.text(row, "id")),
            asset=answers.text(row, "currency"),
            amount=answers.number(row, "amount"),
            fee=ZERO,
            source="",
            target=account,
            stage=stage,
            debited_at=came,
            credited_at=answers.instant(row, "updated" if row.get("updated") else "timestamp")
            if status == "ok"
            else None,
            because=f"the venue says {status}" if stage is Stage.HELD else "",
        )

    return read
