"""Coinbase Advanced's answers and questions as nouns: pure readers of rows, and an order in the venue's words."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

from trimtab.adapters.venues.exchange import answers
from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.model.accounts import Access
from trimtab.model.assets import FeeTerms, Filters, Instrument, Listing, TakenFrom
from trimtab.model.holdings import Balance, OpenOrder, Stage, Transfer
from trimtab.model.orders import Fill, Order, OrderKind, OrderState, OrderStatus, Side, TimeInForce
from trimtab.model.prices import Ladder, Level
from trimtab.units import BPS, ZERO, canon

T = TypeVar("T")

STATUSES: Final = {
    "PENDING": OrderStatus.OPEN,
    "QUEUED": OrderStatus.OPEN,
    "OPEN": OrderStatus.OPEN,
    "CANCEL_QUEUED": OrderStatus.OPEN,
    "EDIT_QUEUED": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "FAILED": OrderStatus.REJECTED,
}
CLOSED: Final = ("trading_disabled", "is_disabled", "cancel_only", "post_only", "auction_mode", "view_only")
"""Signs of a product that no order can take from now."""

GONE: Final = frozenset({"canceled", "expired", "failed"})
ON_ITS_WAY: Final = frozenset({"pending", "waiting_for_clearing", "waiting_for_signature"})
SETTLED: Final = frozenset({"confirmed", "off_blockchain"})


class Wallet(NamedTuple):
    """One asset in an account, and the venue's id of it."""

    id: str
    balance: Balance


class Page(NamedTuple):
    """Some rows of a list, and what to ask for next; nothing at the end."""

    rows: list[Any]
    more: Mapping[str, str]


def page(name: str, read: Callable[[Mapping[str, Any]], Any]) -> Callable[[Any], Page]:
    """Reads one page of v3: `cursor` leads on, unless `has_next` says that there is nothing."""

    def reader(answer: Any) -> Page:
        told = answers.record(answer, name)
        rows = [read(row) for row in answers.rows(answers.within(told, name), name)]
        cursor = answers.text(told, "cursor")
        ends = "has_next" in told and not answers.flag(told, "has_next")
        return Page(rows, {} if ends or not cursor else {"cursor": cursor})

    return reader


def old_page(answer: Any) -> Page:
    """Reads one page of v2."""
    told = answers.record(answer, "page")
    rows = answers.rows(answers.within(told, "data"), "data")
    after = answers.record(answers.within(told, "pagination"), "pagination").get("next_starting_after")
    return Page(rows, {"starting_after": str(after)} if after else {})


def product(name: str) -> str:
    """The venue's name of an instrument: `coinbase:BTC/USD` is BTC-USD."""
    return name.partition(":")[2].replace("/", "-")


def instrument(venue: str, row: Mapping[str, Any]) -> Instrument:
    """One listing with its rules; an empty rule is none."""
    base, quote = answers.text(row, "base_currency_id"), answers.text(row, "quote_currency_id")
    status = answers.text(row, "status")
    signs = [sign for sign in CLOSED if row.get(sign) is True]
    notice = ", ".join([*([] if status == "online" else [status]), *signs])
    tick = "price_increment" if row.get("price_increment") else "quote_increment"
    return Instrument(
        id=f"{venue}:{base}/{quote}",
        venue=venue,
        base=base,
        quote=quote,
        listing=Listing.HALTED if notice else Listing.TRADING,
        notice=f"the venue says {notice}" if notice else "",
        filters=Filters(
            step=answers.number(row, "base_increment"),
            tick=answers.number(row, tick),
            min_amount=answers.optional(row, "base_min_size"),
            max_amount=answers.optional(row, "base_max_size"),
            min_notional=answers.optional(row, "quote_min_size"),
            max_notional=answers.optional(row, "quote_max_size"),
        ),
    )


def book(name: str, answer: Any, levels: int, at: datetime) -> Ladder | None:
    """A book of two sides; None where one is empty."""
    row = answers.record(answers.within(answers.record(answer, "book"), "pricebook"), "pricebook")
    if answers.text(row, "product_id") != product(name):
        raise Garbled("the book is another product's")
    bids, asks = (_levels(answers.rows(answers.within(row, side), side)[:levels]) for side in ("bids", "asks"))
    if not bids or not asks:
        return None
    if bids[0].price >= asks[0].price:
        raise Garbled("the book is crossed")
    return Ladder(instrument=name, bids=bids, asks=asks, as_of=at)


def _levels(rows: list[Mapping[str, Any]]) -> tuple[Level, ...]:
    return tuple(Level(price=answers.number(row, "price"), amount=answers.number(row, "size")) for row in rows)


def terms(account: str, answer: Any) -> tuple[FeeTerms, ...]:
    """What an account pays on everything, by its tier; in quote."""
    tier = answers.record(answers.within(answers.record(answer, "summary"), "fee_tier"), "fee_tier")
    maker, taker = (canon(answers.number(tier, f"{side}_fee_rate") * BPS) for side in ("maker", "taker"))
    return (FeeTerms(account=account, maker_bps=maker, taker_bps=taker, taken_from=TakenFrom.QUOTE),)


def access(account: str, answer: Any) -> Access:
    """What a key may do. To move within and to send out are one permission; addresses that are listed are not told."""
    row = answers.record(answer, "key_permissions")
    moves = answers.flag(row, "can_transfer")
    return Access(account=account, trade=answers.flag(row, "can_trade"), transfer=moves, withdraw=moves)


def wallet(account: str, row: Mapping[str, Any], at: datetime) -> Wallet:
    """One wallet: what is available, and what orders hold."""
    free = answers.number(answers.record(answers.within(row, "available_balance"), "available_balance"), "value")
    held = answers.number(answers.record(answers.within(row, "hold"), "hold"), "value")
    answers.text(row, "type")
    asset = answers.text(row, "currency")
    balance = Balance(account=account, asset=asset, total=canon(free + held), free=free, as_of=at)
    return Wallet(answers.text(row, "uuid"), balance)


def sent_as(order: Order) -> dict[str, Any]:
    """The order in the venue's words; its numbers are the intent's own digits."""
    size = {"base_size": f"{order.amount:f}"}
    priced = size if order.limit_price is None else {**size, "limit_price": f"{order.limit_price:f}"}
    return {
        "client_order_id": order.id,
        "product_id": product(order.instrument),
        "side": order.side.value.upper(),
        "order_configuration": _configured(order, size, priced),
    }


def _configured(order: Order, size: dict[str, str], priced: dict[str, str]) -> dict[str, Any]:
    if order.kind is OrderKind.MARKET:
        return {"market_market_ioc": size}
    if order.time_in_force is TimeInForce.IOC:
        return {"sor_limit_ioc": priced}
    if order.time_in_force is TimeInForce.FOK:
        return {"limit_limit_fok": priced}
    rests = {**priced, "post_only": order.time_in_force is TimeInForce.POST_ONLY}
    if order.expires_at is not None:
        return {"limit_limit_gtd": {**rests, "end_time": f"{order.expires_at:%Y-%m-%dT%H:%M:%SZ}"}}
    return {"limit_limit_gtc": rests}


def taken(order: Order, answer: Any) -> str:
    """The venue's id of an order that it took; it must be the one that was sent."""
    row = answers.record(answers.within(answers.record(answer, "order"), "success_response"), "success_response")
    if answers.text(row, "client_order_id") != order.id or answers.text(row, "product_id") != product(order.instrument):
        raise Garbled("the answer is about another order")
    return answers.text(row, "order_id")


def state(order: Order, row: Mapping[str, Any], at: datetime) -> OrderState:
    """Where an order stands, without its fills. It must be the order that was asked about, as it was sent."""
    if answers.text(row, "client_order_id") != order.id or not _same(order, row):
        raise Garbled("the answer is about another order")
    status = answers.text(row, "status")
    if status not in STATUSES:
        raise Garbled(f"status {status} is not known")
    because = next((str(row[name]) for name in ("reject_message", "cancel_message") if row.get(name)), "")
    filled = answers.number(row, "filled_size")
    return OrderState(order_id=order.id, status=STATUSES[status], filled=filled, at=at, because=because)


def _same(order: Order, row: Mapping[str, Any]) -> bool:
    size, price = _asked(row)
    names = answers.text(row, "product_id"), answers.text(row, "side")
    return (*names, size, price) == (
        product(order.instrument),
        order.side.value.upper(),
        order.amount,
        order.limit_price,
    )


def _asked(row: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """The amount and the limit price that an order was sent with, whatever its kind."""
    told = answers.record(answers.within(row, "order_configuration"), "order_configuration")
    if len(told) != 1:
        raise Garbled("an order has not one configuration")
    (sent,) = (answers.record(one, "order_configuration") for one in told.values())
    return answers.optional(sent, "base_size"), answers.optional(sent, "limit_price")


def resting(account: str, venue: str, row: Mapping[str, Any]) -> OpenOrder:
    """An order on the book, ours or not. One that is sized in quote is told by what it has filled."""
    amount, price = _asked(row)
    filled = answers.number(row, "filled_size")
    return OpenOrder(
        account=account,
        instrument=f"{venue}:{answers.text(row, 'product_id').replace('-', '/')}",
        client_id=answers.text(row, "client_order_id"),
        side=Side(answers.text(row, "side").lower()),
        amount=filled if amount is None else amount,
        filled=filled,
        price=price,
    )


def fill(order: Order, row: Mapping[str, Any]) -> Fill:
    """A part that was done. Its commission has no currency: it is in quote."""
    if answers.flag(row, "size_in_quote"):
        raise Garbled("a fill is told in quote; the order was not sized in it")
    return Fill(
        id=answers.text(row, "trade_id"),
        order_id=order.id,
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        amount=answers.number(row, "size"),
        price=answers.number(row, "price"),
        fee=answers.number(row, "commission"),
        fee_asset=order.instrument.rpartition("/")[2],
        at=answers.stamped(row, "trade_time"),
    )


def moved(account: str, row: Mapping[str, Any], whose: Callable[[str, str, str], str]) -> Transfer | None:
    """A transaction as a transfer; None for what is none. Its sign alone tells a withdrawal from a deposit.

    Of the many kinds of rows only `send` is money that comes or goes by a network; the others are fills, conversions
    and moves within. `whose` says whom an asset's address on a network belongs to.
    """
    if answers.text(row, "type") != "send":
        return None
    money = answers.record(answers.within(row, "amount"), "amount")
    amount, asset = answers.number(money, "amount"), answers.text(money, "currency")
    network = answers.record(row.get("network") or {}, "network")
    told_id = str(network.get("hash") or answers.text(row, "id"))
    if amount > ZERO:
        return _arrived(account, row, network, told_id)
    to = answers.record(row.get("to") or {}, "to")
    target = whose(asset, str(network.get("network_name", "")), str(to.get("address", "")))
    return _left(account, row, network, told_id, target)


def _left(account: str, row: Mapping[str, Any], network: Mapping[str, Any], told_id: str, target: str) -> Transfer:
    money = answers.record(row["amount"], "amount")
    status = answers.text(row, "status")
    if status != "completed" and status not in ON_ITS_WAY | GONE:
        raise Garbled(f"transaction status {status} is not known")
    stage = Stage.SENT if status == "completed" else Stage.RETURNED if status in GONE else Stage.REQUESTED
    return Transfer(
        id=told_id,
        asset=answers.text(money, "currency"),
        amount=canon(-answers.number(money, "amount")),
        fee=ZERO if stage is Stage.RETURNED else _fee(network),
        source=account,
        target=target,
        stage=stage,
        debited_at=answers.stamped(row, "created_at"),
        credited_at=answers.stamped(row, "updated_at") if stage is Stage.RETURNED else None,
        because=f"the venue says {status}" if stage is Stage.RETURNED else "",
    )


def _fee(network: Mapping[str, Any]) -> Decimal:
    """What the network took; nothing is told of a transfer that stays inside the venue."""
    fee = network.get("transaction_fee")
    return ZERO if fee is None else answers.number(answers.record(fee, "transaction_fee"), "amount")


def _arrived(account: str, row: Mapping[str, Any], network: Mapping[str, Any], told_id: str) -> Transfer:
    """`completed` beside a network that is still pending is money that can trade and not leave (D9)."""
    money = answers.record(row["amount"], "amount")
    status, seen = answers.text(row, "status"), str(network.get("status", "off_blockchain"))
    stage, because = Stage.SEEN, ""
    if status == "completed":
        stage = Stage.WITHDRAWABLE if seen in SETTLED else Stage.TRADABLE
    elif status != "pending":
        stage, because = Stage.HELD, str(row.get("description") or f"the venue says {status.replace('_', ' ')}")
    credited = stage in (Stage.TRADABLE, Stage.WITHDRAWABLE)
    return Transfer(
        id=told_id,
        asset=answers.text(money, "currency"),
        amount=answers.number(money, "amount"),
        fee=ZERO,
        source="",
        target=account,
        stage=stage,
        debited_at=answers.stamped(row, "created_at"),
        credited_at=answers.stamped(row, "updated_at") if credited else None,
        because=because,
    )
