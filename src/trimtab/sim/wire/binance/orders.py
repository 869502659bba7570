"""Orders and trades as Binance writes them, and what its parameters ask of the venue."""

import re
import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from trimtab.model.assets import Instrument
from trimtab.model.orders import Fill, Order, OrderKind, OrderStatus, Side, TimeInForce
from trimtab.ports import Refused, Uncertain
from trimtab.quant import fees
from trimtab.sim import matching
from trimtab.sim.book import End
from trimtab.sim.faults import Fault
from trimtab.sim.refusals import Refusal
from trimtab.sim.state import Placed
from trimtab.sim.wire.binance.asked import (
    Asked,
    instrument,
    ms,
    must,
    number,
    rate,
    text,
    whole,
    within_a_day,
)
from trimtab.sim.wire.binance.errors import ORDERS, Rejected
from trimtab.sim.wire.calls import Lost
from trimtab.units import ZERO, canon, divide, floor_to

CLIENT_ID: Final = r"^[a-zA-Z0-9\-_\.:/]{1,36}$"
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
FORCES: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}
FIELDS: Final = {
    "LIMIT": ({"timeInForce", "quantity", "price"}, {"quoteOrderQty"}),
    "LIMIT_MAKER": ({"quantity", "price"}, {"timeInForce", "quoteOrderQty"}),
    "MARKET": (set[str](), {"timeInForce", "price"}),
}
"""What each type of order must have, and what it must not."""
NEVER: Final = ("stopPrice", "trailingDelta", "icebergQty")
STATUS: Final = {
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELLED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}
MANY: Final = 1000


def place(asked: Asked) -> Any:
    """Take an order; the answer is as long as `newOrderRespType` asks."""
    order, ends = _order(asked), asked.params.get("newOrderRespType")
    placed = _placed(asked, order)
    if asked.struck(Fault.DUPLICATE):
        raise Rejected(-2010, "Duplicate order sent.")
    if hidden := asked.struck(Fault.UNLISTED):
        asked.memory.unlisted[order.account, order.id] = int(hidden.number)
    full = ends == "FULL" or (ends is None and asked.params["type"] != "LIMIT_MAKER")
    if ends == "ACK":
        return _named(asked, placed)
    told = {**_named(asked, placed), **_state(placed), "workingTime": ms(placed.accepts_at)}
    return {**told, "fills": [_fill(fill) for fill in placed.fills]} if full else told


def tried(asked: Asked) -> Any:
    """Whether an order would be well formed; nothing is placed."""
    order = _order(asked)
    if asked.params.get("computeCommissionRates") != "true":
        return {}
    terms = fees.terms_for(asked.sim.rules().fees, order.account, order.instrument)
    standard = {"maker": rate(terms.maker_bps), "taker": rate(terms.taker_bps)}
    return {"standardCommissionForOrder": standard}


def query(asked: Asked) -> Any:
    """Where an order stands, by `orderId` or `origClientOrderId`."""
    found = _found(asked)
    if found is None:
        raise Rejected(-2013)
    return _whole(found)


def cancel(asked: Asked) -> Any:
    """Take an order off the book. The answer's clientOrderId is the cancellation's own; ours is origClientOrderId."""
    found = _found(asked)
    if found is None or not found.live:
        raise Rejected(-2011)
    return _cancelled(asked, found)


def cancel_all(asked: Asked) -> Any:
    """Take every order on a symbol off the book."""
    wanted = instrument(asked).id
    mine = [placed for placed in _open(asked) if placed.order.instrument == wanted]
    if not mine:
        raise Rejected(-2011)
    return [_cancelled(asked, placed) for placed in mine]


def open_orders(asked: Asked) -> Any:
    """What rests on the book: on one symbol, or on all."""
    wanted = instrument(asked).id if "symbol" in asked.params else None
    return [_whole(placed) for placed in _open(asked) if wanted in (None, placed.order.instrument)]


def all_orders(asked: Asked) -> Any:
    """Every order on a symbol that is still retained: from an id on, of a span of time, or the latest."""
    one, (start, end) = instrument(asked), within_a_day(asked)
    rows = [p for p in _seen(asked, one) if _retained(asked, p) and start <= p.accepts_at <= end]
    first = whole(asked, "orderId")
    return [_whole(p) for p in _cut(asked, [p for p in rows if first is None or p.seq >= first], first)]


def trades(asked: Asked) -> Any:
    """Every fill on a symbol: from an id on, of an order, of a span of time, or the latest."""
    one, (start, end) = instrument(asked), within_a_day(asked)
    order, first = whole(asked, "orderId"), whole(asked, "fromId")
    found = [
        (placed, fill)
        for placed in _seen(asked, one, order)
        for fill in placed.fills
        if start <= fill.at <= end and (first is None or trade_id(fill) >= first)
    ]
    found.sort(key=lambda pair: trade_id(pair[1]))
    return [_trade(placed, fill) for placed, fill in _cut(asked, found, first)]


def trade_id(fill: Fill) -> int:
    """The number of a fill at its venue."""
    return int(re.sub(r"^.*\D", "", fill.id))


def _cut(asked: Asked, rows: list[Any], first: int | None) -> list[Any]:
    """The earliest rows where a beginning was named, else the latest."""
    limit = whole(asked, "limit", 500, MANY) or 500
    forward = first is not None or "startTime" in asked.params
    return rows[:limit] if forward else rows[-limit:]


def _order(asked: Asked) -> Order:
    one, kind = instrument(asked), must(asked, "type")
    side = SIDES.get(must(asked, "side"))
    if side is None:
        raise Rejected(-1117)
    if kind not in FIELDS:
        raise Rejected(-1116)
    _check_fields(asked, kind)
    amount, price = number(asked, "quantity"), number(asked, "price")
    quoted = number(asked, "quoteOrderQty")
    if kind == "MARKET" and (amount is None) == (quoted is None):
        raise Rejected(*((-1102, "quantity") if amount is None else (-1128,)))
    if quoted is not None:
        amount = _bought_for(asked, one, side, quoted)
    assert amount is not None, "an order's amount was asked for"
    return Order(
        id=_client_id(asked, "newClientOrderId"),
        leg="",
        slice=0,
        attempt=1,
        account=asked.account,
        instrument=one.id,
        side=side,
        kind=OrderKind.MARKET if kind == "MARKET" else OrderKind.LIMIT,
        time_in_force=_force(asked, kind),
        amount=amount,
        limit_price=price,
        valid_until=asked.sim.now() + asked.valid_for * _pace(asked),
    )


def _pace(asked: Asked) -> float:
    """How much market time passes in a second of the wall; a clock that is stepped by hand counts as one that runs."""
    return float(asked.sim.clock.pace.speed) or 1.0


def _check_fields(asked: Asked, kind: str) -> None:
    needed, needless = FIELDS[kind]
    for name in sorted(needed):
        must(asked, name)
    for name in (*sorted(needless), *NEVER):
        if name in asked.params:
            raise Rejected(-1106, name)


def _force(asked: Asked, kind: str) -> TimeInForce:
    if kind != "LIMIT":
        return TimeInForce.POST_ONLY if kind == "LIMIT_MAKER" else TimeInForce.IOC
    force = FORCES.get(must(asked, "timeInForce"))
    if force is None:
        raise Rejected(-1115)
    return force


def _client_id(asked: Asked, name: str) -> str:
    given = asked.params.get(name)
    if given is None:
        return secrets.token_hex(11)
    if not re.fullmatch(CLIENT_ID, given):
        raise Rejected(-1100, name, CLIENT_ID)
    return given


def _bought_for(asked: Asked, one: Instrument, side: Side, quoted: Decimal) -> Decimal:
    """The most of the base that an amount of quote comes to at the book as it is, on the instrument's step."""
    ladder, left, amount = asked.sim.ladder(one.id), quoted, ZERO
    levels = () if ladder is None else ladder.asks if side is Side.BUY else ladder.bids
    for level in levels:
        taken = min(level.amount, divide(left, level.price))
        amount, left = amount + taken, left - taken * level.price
        if taken < level.amount:
            break
    return floor_to(amount, one.filters.market_step or one.filters.step)


def _placed(asked: Asked, order: Order) -> Placed:
    """The order as the venue took it, with what faults do to it on its way."""
    if thin := asked.struck(Fault.PARTIAL):
        asked.sim.thin(order.instrument, thin.number)
    late = asked.struck(Fault.LATE)
    try:
        return asked.sim.place(order, delay_s=float(late.number) if late else 0)
    except Uncertain as error:
        if late:
            raise Lost from error
        raise
    except Refused as error:
        if not isinstance(error.__cause__, Refusal):
            raise
        raise Rejected(*ORDERS[error.__cause__.ground]) from error


def _seen(asked: Asked, one: Instrument, seq: int | None = None) -> list[Placed]:
    """The account's orders on an instrument, ended ones too; or the one of them with a number."""
    if seq is None:
        found = asked.sim.orders(asked.account)
    else:
        numbered = asked.sim.numbered(seq)
        found = () if numbered is None or numbered.order.account != asked.account else (numbered,)
    return [placed for placed in _told(asked, found) if placed.order.instrument == one.id]


def _open(asked: Asked) -> list[Placed]:
    return _told(asked, asked.sim.living(asked.account))


def _found(asked: Asked) -> Placed | None:
    """The order that is meant: by its number, else by the client's id the open one, else the latest."""
    one, seq, client = instrument(asked), whole(asked, "orderId"), asked.params.get("origClientOrderId")
    if seq is None and client is None:
        raise Rejected(-1102, "orderId")
    if seq is None:
        named = asked.sim.query(asked.account, str(client))
        there = [] if named is None else _told(asked, (named,))
    else:
        there = [p for p in _seen(asked, one, seq) if _retained(asked, p) and client in (None, p.order.id)]
    return next((p for p in there if p.order.instrument == one.id), None)


def _told(asked: Asked, found: tuple[Placed, ...]) -> list[Placed]:
    """What was accepted of these orders, less what a fault keeps this server from knowing for a few calls yet."""
    late = asked.memory.unlisted
    hidden = {key for key in late if key[0] == asked.account}
    for key in hidden:
        late[key] -= 1
        if late[key] <= 0:
            del late[key]
    return [p for p in found if p.status is not None and (asked.account, p.order.id) not in hidden]


def _retained(asked: Asked, placed: Placed) -> bool:
    """Whether the venue can still be asked about an order: one that ended long ago is archived."""
    oldest = asked.sim.now() - timedelta(seconds=asked.sim.terms.retention_s)
    return placed.live or (placed.changed_at is not None and placed.changed_at >= oldest)


def _cancelled(asked: Asked, placed: Placed) -> dict[str, Any]:
    ended = asked.sim.cancel(asked.account, placed.order.id)
    if ended is None or ended.status is not OrderStatus.CANCELLED:
        raise Rejected(-2011)
    named = _named(asked, ended)
    fresh = {"origClientOrderId": named["clientOrderId"], "clientOrderId": _client_id(asked, "newClientOrderId")}
    return {**named, **fresh, **_state(ended)}


def _named(asked: Asked, placed: Placed) -> dict[str, Any]:
    return {
        "symbol": _symbol(placed),
        "orderId": placed.seq,
        "orderListId": -1,
        "clientOrderId": placed.order.id,
        "transactTime": ms(asked.sim.now()),
    }


def _state(placed: Placed) -> dict[str, Any]:
    order = placed.order
    maker = order.time_in_force is TimeInForce.POST_ONLY
    market = order.kind is OrderKind.MARKET
    return {
        "price": text(order.limit_price or ZERO),
        "origQty": text(order.amount),
        "executedQty": text(placed.filled),
        "origQuoteOrderQty": text(ZERO),
        "cummulativeQuoteQty": text(canon(sum((f.amount * f.price for f in placed.fills), ZERO))),
        "status": status(placed),
        "timeInForce": "GTC" if maker or market else order.time_in_force.upper(),
        "type": "MARKET" if market else "LIMIT_MAKER" if maker else "LIMIT",
        "side": order.side.upper(),
        "selfTradePreventionMode": "EXPIRE_TAKER",
    }


def status(placed: Placed) -> str:
    """Binance calls what an immediate order did not get expired, and not cancelled."""
    if placed.status in (None, OrderStatus.OPEN):
        return "PARTIALLY_FILLED" if placed.filled else "NEW"
    if placed.because == matching.WHY[End.SELF]:
        return "EXPIRED_IN_MATCH"
    if placed.status is OrderStatus.CANCELLED and placed.order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        return "EXPIRED"
    return STATUS[placed.status]


def _whole(placed: Placed) -> dict[str, Any]:
    return {
        "symbol": _symbol(placed),
        "orderId": placed.seq,
        "orderListId": -1,
        "clientOrderId": placed.order.id,
        **_state(placed),
        "stopPrice": text(ZERO),
        "icebergQty": text(ZERO),
        "time": ms(placed.accepts_at),
        "updateTime": ms(placed.changed_at or placed.accepts_at),
        "isWorking": True,
        "workingTime": ms(placed.accepts_at),
    }


def _fill(fill: Fill) -> dict[str, Any]:
    return {
        "price": text(fill.price),
        "qty": text(fill.amount),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset,
        "tradeId": trade_id(fill),
    }


def _trade(placed: Placed, fill: Fill) -> dict[str, Any]:
    return {
        "symbol": _symbol(placed),
        "id": trade_id(fill),
        "orderId": placed.seq,
        "orderListId": -1,
        "price": text(fill.price),
        "qty": text(fill.amount),
        "quoteQty": text(canon(fill.amount * fill.price)),
        "commission": text(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": ms(fill.at),
        "isBuyer": fill.side is Side.BUY,
        "isMaker": fill.at != placed.accepts_at,
        "isBestMatch": True,
    }


def _symbol(placed: Placed) -> str:
    base, _, quoted = placed.order.instrument.partition(":")[2].partition("/")
    return base + quoted
