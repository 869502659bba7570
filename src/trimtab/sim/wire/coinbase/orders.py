"""Orders in: what a client may ask for, how the venue is told, and its refusals in Coinbase's words."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from trimtab.model.assets import Instrument
from trimtab.model.orders import Order, OrderKind, OrderStatus, Side, TimeInForce
from trimtab.ports import Refused
from trimtab.quant import fees
from trimtab.quant.filters import Rule
from trimtab.sim.faults import Fault
from trimtab.sim.refusals import Ground, Refusal
from trimtab.sim.state import Placed
from trimtab.sim.wire.coinbase import ids
from trimtab.sim.wire.coinbase.asked import Asked, Repeats, fields, text_of
from trimtab.sim.wire.coinbase.errors import wrong
from trimtab.sim.wire.coinbase.products import listed
from trimtab.units import ONE, ZERO, canon, is_multiple, under_context

KINDS: Final = {
    "limit_limit_gtc": (OrderKind.LIMIT, TimeInForce.GTC),
    "limit_limit_gtd": (OrderKind.LIMIT, TimeInForce.GTC),
    "limit_limit_fok": (OrderKind.LIMIT, TimeInForce.FOK),
    "sor_limit_ioc": (OrderKind.LIMIT, TimeInForce.IOC),
    "market_market_ioc": (OrderKind.MARKET, TimeInForce.IOC),
}
MOST_CANCELS: Final = 100
FOREVER: Final = timedelta(days=1)
"""An order without a window is accepted whenever it comes to be; a day is longer than any delay here."""


class Reason(NamedTuple):
    """What an order that is refused is told: its error and, where a preview would have found it, that word too."""

    error: str
    preview: str = ""


USED: Final = "client_order_id was used before"
UNKNOWN: Final = "UNKNOWN_FAILURE_REASON"
FUNDS: Final = "Insufficient balance in source account"

REASONS: Final[Mapping[Ground | Rule, Reason]] = {
    Ground.FUNDS: Reason("INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
    Ground.CROSSES: Reason("INVALID_LIMIT_PRICE_POST_ONLY", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
    Ground.LISTING: Reason("INVALID_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID"),
    Ground.CLOSED: Reason("ORDER_ENTRY_DISABLED"),
    Ground.RIGHT: Reason("INELIGIBLE_PAIR"),
    Ground.LATE: Reason("COMMANDER_REJECTED_NEW_ORDER"),
    Ground.REPEATED: Reason("INVALID_REQUEST"),
    Ground.SHAPE: Reason("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG"),
    Rule.PRICE: Reason("INVALID_LIMIT_PRICE", "PREVIEW_INVALID_LIMIT_PRICE"),
    Rule.PERCENT: Reason(UNKNOWN, "PREVIEW_LIMIT_PRICE_TOO_FAR_FROM_MARKET"),
    Rule.LOT: Reason(UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
    Rule.MARKET_LOT: Reason(UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
    Rule.NOTIONAL: Reason(UNKNOWN, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
    Rule.ORDERS: Reason("COMMANDER_REJECTED_NEW_ORDER"),
    Rule.POSITION: Reason("COMMANDER_REJECTED_NEW_ORDER"),
}
PRECISION: Final = {
    "size": Reason("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION"),
    "price": Reason("INVALID_PRICE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION"),
}


def create(asked: Asked) -> Any:
    """POST orders: success and ids, or success false and a reason, both with status 200; never a status or fills."""
    body = fields(asked)
    product, client_id = text_of(body, "product_id"), text_of(body, "client_order_id")
    configuration = body.get("order_configuration")
    if not isinstance(configuration, dict) or len(configuration) != 1:
        raise wrong("order_configuration: must hold exactly one configuration")
    try:
        return _success(asked, _taken(asked, body, product, client_id), configuration)
    except Refusal as refusal:
        return _refusal(asked, refusal, body)


def _taken(asked: Asked, body: Mapping[str, Any], product: str, client_id: str) -> Placed:
    """The order, or the earlier one of its client id where that is the habit. Raises Refusal."""
    known = asked.sim.query(asked.account, client_id)
    returns = asked.habits.repeats is Repeats.RETURNED
    if known is not None and not returns:
        raise Refusal(Ground.REPEATED, USED)
    if known is not None:
        return known
    _thin(asked, product)
    try:
        return _place(asked, _order(asked, body, product, client_id))
    except Refused as error:
        if not isinstance(error.__cause__, Refusal):
            raise
        waiting = _waiting(asked, client_id) if returns and error.__cause__.ground is Ground.REPEATED else None
        if waiting is None:
            raise error.__cause__ from error
        return waiting


def _waiting(asked: Asked, client_id: str) -> Placed | None:
    """An order that was not accepted yet: nobody can see it, but its client id is used."""
    log = asked.sim.orders(asked.account)
    return next((one for one in reversed(log) if one.order.id == client_id and one.status is None), None)


def _thin(asked: Asked, product: str) -> None:
    """Let others take their share first, where that is to go wrong."""
    fault, instrument = asked.struck(Fault.PARTIAL), listed(asked).get(product)
    if fault is not None and instrument is not None:
        asked.sim.thin(instrument.id, fault.number)


def _place(asked: Asked, order: Order) -> Placed:
    """Put an order to the venue, with what is to go wrong on the way there and back."""
    late, unlisted = asked.struck(Fault.LATE), asked.struck(Fault.UNLISTED)
    placed = asked.sim.place(order, float(late.number) if late is not None else 0)
    if unlisted is not None:
        asked.memory.unlisted[placed.seq] = int(unlisted.number)
    if asked.struck(Fault.DUPLICATE):
        raise Refusal(Ground.REPEATED, USED)
    return placed


def cancel(asked: Asked) -> Any:
    """POST orders/batch_cancel: each order for itself; one that is over already is a failure with its reason."""
    wanted = fields(asked).get("order_ids")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_CANCELS:
        raise wrong(f"order_ids: must be a list of 1 to {MOST_CANCELS}")
    return {"results": [_cancelled(asked, str(one)) for one in wanted]}


def find(asked: Asked, order_id: str) -> Placed | None:
    """An order of the caller's that the venue tells of: it was accepted or refused, and not too long ago."""
    number = ids.order_number(asked.sim.id, order_id)
    placed = None if number is None else asked.sim.numbered(number)
    return placed if placed is not None and mine(asked, placed) else None


def mine(asked: Asked, placed: Placed) -> bool:
    """Whether an order may be told to the caller. What waits for its acceptance, nobody can see."""
    if placed.order.account != asked.account or placed.status is None or placed.seq in asked.hidden:
        return False
    retained = timedelta(seconds=asked.sim.terms.retention_s)
    return placed.live or placed.changed_at is None or placed.changed_at + retained >= asked.sim.now()


def _cancelled(asked: Asked, order_id: str) -> dict[str, Any]:
    """A success means that the cancellation is on its way; what was filled before it, a second look must tell."""
    placed = find(asked, order_id)
    why = "UNKNOWN_CANCEL_FAILURE_REASON"
    if placed is None:
        why = "UNKNOWN_CANCEL_ORDER"
    elif placed.live:
        ended = asked.sim.cancel(asked.account, placed.order.id)
        if ended is not None and ended.status is OrderStatus.FILLED:
            why = "ORDER_IS_FULLY_FILLED"
    else:
        filled = placed.status is OrderStatus.FILLED
        why = "ORDER_IS_FULLY_FILLED" if filled else "DUPLICATE_CANCEL_REQUEST"
    return {"success": why == "UNKNOWN_CANCEL_FAILURE_REASON", "failure_reason": why, "order_id": order_id}


def _order(asked: Asked, body: Mapping[str, Any], product: str, client_id: str) -> Order:
    """The venue's order. Its leg keeps the configuration as it was sent, which must be told again later."""
    ((name, told),) = body["order_configuration"].items()
    if name not in KINDS or not isinstance(told, dict):
        raise Refusal(Ground.SHAPE, f"{name} is not supported")
    instrument = listed(asked).get(product)
    if instrument is None:
        raise Refusal(Ground.LISTING, f"{product} is not listed")
    if body.get("side") not in ("BUY", "SELL"):
        raise wrong("side: must be BUY or SELL")
    side, now = Side(str(body["side"]).lower()), asked.sim.now()
    kind, force = KINDS[name]
    limit = kind is OrderKind.LIMIT
    return Order(
        id=client_id,
        leg=msgspec.json.encode({name: told}).decode(),
        slice=0,
        attempt=1,
        account=asked.account,
        instrument=instrument.id,
        side=side,
        kind=kind,
        time_in_force=TimeInForce.POST_ONLY if told.get("post_only") is True else force,
        amount=_amount(asked, instrument, side, told, kind),
        limit_price=ids.number(told.get("limit_price"), "limit_price") if limit else None,
        valid_until=now + _window(asked),
        expires_at=ids.instant(told.get("end_time"), "end_time") if name == "limit_limit_gtd" else None,
    )


def _window(asked: Asked) -> timedelta:
    """How long an order may be on its way in market time, where the world promises that; a wall second at least."""
    promised = asked.sim.told.accept_window_s
    least = int(asked.sim.clock.pace.speed) + 1
    return timedelta(seconds=max(promised, least)) if promised else FOREVER


def _amount(asked: Asked, instrument: Instrument, side: Side, told: Mapping[str, Any], kind: OrderKind) -> Decimal:
    if "base_size" in told:
        return ids.number(told["base_size"], "base_size")
    if kind is OrderKind.LIMIT or side is Side.SELL or "quote_size" not in told:
        raise Refusal(Ground.SHAPE, "give base_size; only a market buy may give quote_size")
    budget = ids.number(told["quote_size"], "quote_size")
    if not is_multiple(budget, instrument.filters.tick):
        raise Refusal(Rule.LOT, "quote_size is not a multiple of quote_increment")
    return _bought(asked, instrument, budget)


@under_context
def _bought(asked: Asked, instrument: Instrument, budget: Decimal) -> Decimal:
    """How much a budget buys at this moment, with the taker's fee inside it, walking up the book."""
    rules, ladder = asked.sim.rules(), asked.sim.ladder(instrument.id)
    terms = fees.terms_for(rules.fees, asked.account, instrument.id)
    assets = rules.asset[instrument.base], rules.asset[instrument.quote]
    step, amount, left = instrument.filters.step, ZERO, budget
    for level in ladder.asks if ladder else ():
        trade = fees.Trade(Side.BUY, ONE, level.price, *assets)
        part = min(level.amount, fees.spendable(terms, left, trade, step))
        left -= fees.cost_in_quote(terms, fees.Trade(Side.BUY, part, level.price, *assets)) if part else ZERO
        amount += part
    return canon(amount)


def _success(asked: Asked, placed: Placed, configuration: dict[str, Any]) -> dict[str, Any]:
    order_id, order = ids.order_id(asked.sim.id, placed.seq), placed.order
    told = {
        "order_id": order_id,
        "product_id": order.instrument.partition(":")[2].replace("/", "-"),
        "side": order.side.upper(),
        "client_order_id": order.id,
    }
    return {"success": True, "success_response": told, "order_configuration": configuration}


def _refusal(asked: Asked, refusal: Refusal, body: Mapping[str, Any]) -> Any:
    reason = _reason(asked, refusal, body)
    funds = refusal.ground is Ground.FUNDS
    told = {
        "error": reason.error,
        "message": FUNDS if funds else str(refusal),
        "error_details": "" if funds else str(refusal),
        **({"preview_failure_reason": reason.preview} if reason.preview else {}),
        **({} if reason.preview else {"new_order_failure_reason": reason.error}),
    }
    return {"success": False, "error_response": told, "order_configuration": body["order_configuration"]}


def _reason(asked: Asked, refusal: Refusal, body: Mapping[str, Any]) -> Reason:
    """The reason of a ground; what is off its grid has a word of its own, and so has what is too large."""
    reason = REASONS.get(refusal.ground, Reason(UNKNOWN))
    told = next(iter(body["order_configuration"].values()))
    instrument = listed(asked).get(str(body["product_id"]))
    if instrument is None or refusal.ground not in (Rule.LOT, Rule.MARKET_LOT, Rule.NOTIONAL, Rule.PRICE):
        return reason
    size = ids.number(told.get("base_size", told.get("quote_size")), "base_size")
    step = instrument.filters.step if "base_size" in told else instrument.filters.tick
    if refusal.ground in (Rule.LOT, Rule.MARKET_LOT) and not is_multiple(size, step):
        return PRECISION["size"]
    if refusal.ground is Rule.PRICE and not is_multiple(
        ids.number(told["limit_price"], "limit_price"), instrument.filters.tick
    ):
        return PRECISION["price"]
    large = "largest" in str(refusal)
    return Reason(reason.error, reason.preview.replace("TOO_SMALL", "TOO_LARGE")) if large else reason
