"""Binance Spot's answers and questions as nouns: pure readers of rows, and an order in the venue's words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from trimtab.adapters.venues.exchange import answers
from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.model.accounts import Carried
from trimtab.model.assets import FeeTerms, Filters, Instrument, Listing, TakenFrom
from trimtab.model.holdings import Balance, Stage, Transfer
from trimtab.model.orders import Fill, Order, OrderKind, OrderState, OrderStatus, TimeInForce
from trimtab.model.prices import Ladder, Level
from trimtab.ports import Unavailable
from trimtab.units import BPS, ONE, ZERO, canon

STATUSES: Final = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
CAME: Final = {
    0: (Stage.SEEN, ""),
    1: (Stage.WITHDRAWABLE, ""),
    2: (Stage.HELD, "the venue rejected it"),
    6: (Stage.TRADABLE, ""),
    7: (Stage.HELD, "wrong deposit"),
    8: (Stage.HELD, "waits for a person's confirmation at the venue"),
}
"""Deposit codes. 6 is credited and cannot leave yet (D9)."""
SENT: Final = {
    0: (Stage.REQUESTED, ""),
    1: (Stage.RETURNED, "it was cancelled"),
    2: (Stage.REQUESTED, "it waits for approval"),
    3: (Stage.RETURNED, "the venue rejected it"),
    4: (Stage.REQUESTED, ""),
    5: (Stage.RETURNED, "it failed"),
    6: (Stage.SENT, ""),
}
"""Withdrawal codes. A withdrawal that ended without leaving gave its money back."""


def symbol_of(instrument: Instrument) -> str:
    """What the venue calls it."""
    return f"{instrument.base}{instrument.quote}"


def symbol(name: str) -> str:
    """The venue's name of an instrument: `binance:BTC/USDT` is BTCUSDT."""
    return name.partition(":")[2].replace("/", "")


def instrument(venue: str, row: Mapping[str, Any]) -> Instrument:
    """One listing with its rules."""
    base, quote, status = answers.text(row, "baseAsset"), answers.text(row, "quoteAsset"), answers.text(row, "status")
    listed = {answers.text(f, "filterType"): f for f in answers.rows(answers.within(row, "filters"), "filters")}
    return Instrument(
        id=f"{venue}:{base}/{quote}",
        venue=venue,
        base=base,
        quote=quote,
        listing=Listing.TRADING if status == "TRADING" else Listing.HALTED,
        notice="" if status == "TRADING" else f"the venue says {status}",
        filters=_filters(listed),
    )


def _filters(listed: Mapping[str, Mapping[str, Any]]) -> Filters:
    """The venue's rules; a zero stands for none, and a filter that is not there for none at all."""

    def rule(kind: str, name: str) -> Decimal | None:
        value = answers.number(listed[kind], name) if kind in listed and name in listed[kind] else ZERO
        return value or None

    step, tick = rule("LOT_SIZE", "stepSize"), rule("PRICE_FILTER", "tickSize")
    if step is None or tick is None:
        raise Garbled("a listing has no step or no tick")
    notional = "NOTIONAL" if "NOTIONAL" in listed else "MIN_NOTIONAL"
    sides = "PERCENT_PRICE_BY_SIDE"
    return Filters(
        step=step,
        tick=tick,
        min_amount=rule("LOT_SIZE", "minQty"),
        max_amount=rule("LOT_SIZE", "maxQty"),
        market_step=rule("MARKET_LOT_SIZE", "stepSize"),
        market_min_amount=rule("MARKET_LOT_SIZE", "minQty"),
        market_max_amount=rule("MARKET_LOT_SIZE", "maxQty"),
        min_price=rule("PRICE_FILTER", "minPrice"),
        max_price=rule("PRICE_FILTER", "maxPrice"),
        min_notional=rule(notional, "minNotional"),
        max_notional=rule(notional, "maxNotional"),
        bid_up=rule(sides, "bidMultiplierUp"),
        bid_down=rule(sides, "bidMultiplierDown"),
        ask_up=rule(sides, "askMultiplierUp"),
        ask_down=rule(sides, "askMultiplierDown"),
        max_orders=answers.whole(listed["MAX_NUM_ORDERS"], "maxNumOrders") if "MAX_NUM_ORDERS" in listed else None,
        max_position=rule("MAX_POSITION", "maxPosition"),
    )


def book(name: str, row: Mapping[str, Any], levels: int, at: datetime) -> Ladder | None:
    """A book of two sides; None where one is empty."""
    bids, asks = (_levels(answers.within(row, side), levels) for side in ("bids", "asks"))
    if not bids or not asks:
        return None
    if bids[0].price >= asks[0].price:
        raise Garbled("the book is crossed")
    return Ladder(instrument=name, bids=bids, asks=asks, as_of=at)


def _levels(told: Any, most: int) -> tuple[Level, ...]:
    if not isinstance(told, list) or any(not isinstance(row, list) or len(row) < 2 for row in told):
        raise Garbled("a side of the book is no list of levels")
    return tuple(
        Level(price=answers.exact(row[0], "price"), amount=answers.exact(row[1], "amount")) for row in told[:most]
    )


def terms(account: str, name: str, row: Mapping[str, Any], third: tuple[str, Decimal] | None) -> FeeTerms:
    """What an account pays on an instrument."""
    return FeeTerms(
        account=account,
        instrument=name,
        maker_bps=canon(answers.number(row, "makerCommission") * BPS),
        taker_bps=canon(answers.number(row, "takerCommission") * BPS),
        taken_from=TakenFrom.THIRD if third else TakenFrom.RECEIVED,
        third=third[0] if third else None,
        discount=third[1] if third else None,
    )


def discount(answer: Any) -> tuple[str, Decimal]:
    """The asset for fees, and what paying in it saves: the venue tells the part that is still paid."""
    row = answers.record(answers.within(answers.record(answer, "commission"), "discount"), "discount")
    return answers.text(row, "discountAsset"), canon(ONE - answers.number(row, "discount"))


def balance(account: str, row: Mapping[str, Any], at: datetime) -> Balance:
    """One asset in an account. What may leave, the venue does not say."""
    free, locked = answers.number(row, "free"), answers.number(row, "locked")
    return Balance(account=account, asset=answers.text(row, "asset"), total=canon(free + locked), free=free, as_of=at)


def stage_of(known: Mapping[int, tuple[Stage, str]], code: int) -> tuple[Stage, str]:
    """How far a transfer is, by its code, and why it goes no further."""
    if code not in known:
        raise Garbled(f"transfer status {code} is not known")
    return known[code]


def deposited(account: str, row: Mapping[str, Any]) -> Transfer:
    """One row of the deposits."""
    stage, because = stage_of(CAME, answers.whole(row, "status"))
    came = answers.instant(row, "insertTime")
    credited = stage in (Stage.TRADABLE, Stage.WITHDRAWABLE)
    completed = answers.instant(row, "completeTime") if row.get("completeTime") else came
    return Transfer(
        id=answers.text(row, "txId"),
        asset=answers.text(row, "coin"),
        amount=answers.number(row, "amount"),
        fee=ZERO,
        source="",
        target=account,
        stage=stage,
        debited_at=came,
        credited_at=completed if credited else None,
        because=because,
    )


def require_sharp(venue: str, account: str, found: Iterable[Transfer], read_at: datetime | None) -> None:
    """Money that moved in the very second in which balances were read is in them or not: nobody can say.

    For stamps of whole seconds. Raises Unavailable: the next reading is in another second.
    """
    for transfer in found if read_at else ():
        moved_at = transfer.debited_at if transfer.source == account else transfer.credited_at
        if read_at and moved_at and answers.blurred(moved_at, read_at):
            raise Unavailable(f"{venue}: {transfer.id} moved in the second in which {account} was read; read again")


def carried(answer: Any, assets: Sequence[str]) -> list[Carried]:
    """The networks of some assets."""
    return [
        Carried(
            asset=answers.text(coin, "coin"),
            network=answers.text(way, "network"),
            fee=answers.number(way, "withdrawFee"),
            minimum=answers.number(way, "withdrawMin"),
            deposits=answers.flag(way, "depositEnable"),
            withdrawals=answers.flag(way, "withdrawEnable"),
        )
        for coin in answers.rows(answer, "coins")
        if answers.text(coin, "coin") in assets
        for way in answers.rows(answers.within(coin, "networkList"), "networks")
    ]


def address(row: Mapping[str, Any], asset: str) -> str:
    """The address, if it is for this asset."""
    found = answers.text(row, "address")
    if answers.text(row, "coin") != asset or not found:
        raise Garbled("the address is for something else, or empty")
    return found


def sent_as(order: Order) -> dict[str, str]:
    """The order in the venue's words; its numbers are the intent's own digits."""
    told = {
        "symbol": symbol(order.instrument),
        "side": order.side.value.upper(),
        "quantity": f"{order.amount:f}",
        "newClientOrderId": order.id,
        "newOrderRespType": "FULL",
    }
    if order.kind is OrderKind.MARKET or order.limit_price is None:
        return {**told, "type": "MARKET"}
    priced = {**told, "price": f"{order.limit_price:f}"}
    if order.time_in_force is TimeInForce.POST_ONLY:
        return {**priced, "type": "LIMIT_MAKER"}
    return {**priced, "type": "LIMIT", "timeInForce": order.time_in_force.value.upper()}


def fill(order: Order, row: Mapping[str, Any], named: str, at: datetime) -> Fill:
    """A part that was done; `named` is the field with the trade's number."""
    return Fill(
        id=f"{symbol(order.instrument)}-{answers.whole(row, named)}",
        order_id=order.id,
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        amount=answers.number(row, "qty"),
        price=answers.number(row, "price"),
        fee=answers.number(row, "commission"),
        fee_asset=answers.text(row, "commissionAsset"),
        at=at,
    )


def with_fills(told: OrderState, fills: Sequence[Fill]) -> OrderState:
    """A state with its fills, which must be all of them."""
    if sum((fill.amount for fill in fills), ZERO) != told.filled:
        raise Garbled("its fills are not all told yet")
    return OrderState(
        order_id=told.order_id,
        status=told.status,
        filled=told.filled,
        fills=tuple(sorted(fills, key=lambda fill: (fill.at, fill.id))),
        at=told.at,
    )
