"""One simulated venue as a pure state machine: orders in, answers out; market time is an argument.

Before each request bring the venue up to date, in the order of what is due:

    while (moment := exchange.due(venue, at)) is not None:
        exchange.settle(venue, moment, outside(moment.instrument, moment.at) if moment.instrument else None)

and after it (and between two of these, where depth was consumed) store `venue.state.take_changes()`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab.model.assets import Listing
from trimtab.model.holdings import AccountRead, Balance, OpenOrder
from trimtab.model.orders import Order, OrderKind, OrderState, OrderStatus, Side, TimeInForce
from trimtab.quant import filters
from trimtab.sim import funds, matching, transfers
from trimtab.sim.refusals import Ground, Refusal
from trimtab.sim.rules import Outside, Right
from trimtab.sim.state import Direction, Exchange, Placed
from trimtab.units import ZERO, under_context


@dataclass(frozen=True)
class Due:
    """Something that happens by itself at `at`: to the order `seq`, or to the movement `movement`.

    `instrument` is named where settling it needs the market outside.
    """

    at: datetime
    seq: int = 0
    movement: tuple[str, Direction] | None = None
    instrument: str | None = None


def due(venue: Exchange, until: datetime) -> Due | None:
    """The first thing that happens by itself not later than `until`: an acceptance, an expiry, a transfer's stage.

    At one instant orders come before transfers, and earlier ones before later ones.
    """
    return min(
        (moment for moment in _dues(venue) if moment.at <= until),
        key=lambda moment: (moment.at, moment.movement is not None, moment.seq, moment.movement or ()),
        default=None,
    )


def settle(venue: Exchange, moment: Due, outside: Outside | None = None) -> None:
    """Let one due thing happen, at its own instant. A delayed order is accepted or refused here (D25).

    Raises ValueError where an order is to be accepted and the market outside is missing.
    """
    if moment.movement is not None:
        transfers.advance(venue, moment.movement)
        return
    placed = venue.state.orders[moment.seq]
    if placed.status is OrderStatus.OPEN:
        matching.end(venue, placed.seq, OrderStatus.EXPIRED, "its time had come", moment.at)
        return
    if outside is None:
        raise ValueError(f"order {placed.order.id} is to be accepted; give the market of {moment.instrument}")
    try:
        _accept(venue, placed, moment.at, outside)
    except Refusal as error:
        rejected = replace(placed, status=OrderStatus.REJECTED, changed_at=moment.at, because=str(error))
        venue.state.keep_order(rejected)


def cross(venue: Exchange, instrument: str, at: datetime, outside: Outside) -> None:
    """Fill resting orders that the market outside has come to, at their own prices, as makers.

    Every placing does this too. Call it at moments that do not depend on who looks, or looking would trade.
    """
    matching.cross(venue, instrument, at, outside)


def place(venue: Exchange, order: Order, at: datetime, outside: Outside) -> OrderState | None:
    """Take an order: match it at once, rest it, or refuse it (status rejected; nothing is remembered of it then).

    None: it arrived and will be accepted or refused later (`Rules.delay_s`); until then nobody can see it.
    """
    try:
        placed = take(venue, order, at, outside)
    except Refusal as error:
        return OrderState(order_id=order.id, status=OrderStatus.REJECTED, filled=ZERO, at=at, because=str(error))
    return None if placed.status is None else answer(placed, at)


def take(venue: Exchange, order: Order, at: datetime, outside: Outside) -> Placed:
    """What `place` does; raises Refusal with its ground where the order is refused. A delayed one has no status yet."""
    if any(placed.live for placed in venue.state.named(order.account, order.id)):
        raise Refusal(Ground.REPEATED, f"an order with the id {order.id} is open")
    placed = Placed(venue.state.next_order, order, at, at + timedelta(seconds=venue.rules.delay_s))
    if venue.rules.delay_s:
        venue.state.keep_order(placed)
    else:
        _accept(venue, placed, at, outside)
    venue.state.next_order += 1
    return venue.state.orders[placed.seq]


def query(venue: Exchange, account: str, order_id: str, at: datetime) -> OrderState | None:
    """Where an order stands; of several with one id the open one, else the latest.

    None while it waits for acceptance, and once it ended more than `retention_s` ago: unknown is not absent (D25).
    """
    placed = found(venue, account, order_id, at)
    return None if placed is None else answer(placed, at)


def cancel(venue: Exchange, account: str, order_id: str, at: datetime) -> OrderState | None:
    """Take an order off the book and say where it ended; None where `query` would say None.

    An order that waits for acceptance cannot be cancelled: nobody can see it yet, and it will still come.
    """
    placed = found(venue, account, order_id, at)
    if placed is not None and placed.status is OrderStatus.OPEN:
        matching.end(venue, placed.seq, OrderStatus.CANCELLED, "it was cancelled", at)
    return query(venue, account, order_id, at)


def read(venue: Exchange, account: str, at: datetime) -> AccountRead:
    """All balances and open orders of an account. Raises ValueError for an account the venue does not know."""
    if account not in venue.rules.member:
        raise ValueError(f"{account}: {venue.rules.venue} has no such account; it has {', '.join(venue.rules.member)}")
    held = sorted(asset for owner, asset in venue.state.balances if owner == account)
    orders = (placed for placed in venue.state.live() if placed.order.account == account)
    return AccountRead(
        account=account,
        as_of=at,
        balances=tuple(_balance(venue, account, asset, at) for asset in held),
        orders=tuple(sorted(_open(orders), key=lambda order: (order.instrument, order.client_id))),
    )


def found(venue: Exchange, account: str, order_id: str, at: datetime) -> Placed | None:
    """What `query` answers from: of several orders with one id the open one, else the latest that is retained."""
    seen = [placed for placed in venue.state.named(account, order_id) if placed.status is not None]
    last = max(seen, key=lambda placed: (placed.status is not OrderStatus.REJECTED, placed.seq), default=None)
    if last is None or last.live:
        return last
    gone = last.changed_at is None or last.changed_at + timedelta(seconds=venue.rules.retention_s) < at
    return None if gone else last


def answer(placed: Placed, at: datetime) -> OrderState:
    """Where an order stands, as a venue tells it; one that waits for acceptance counts as open."""
    return OrderState(
        order_id=placed.order.id,
        status=placed.status or OrderStatus.OPEN,
        filled=placed.filled,
        fills=placed.fills,
        at=at,
        because=placed.because,
    )


def _dues(venue: Exchange) -> Iterator[Due]:
    for placed in venue.state.live():
        if placed.status is None:
            yield Due(placed.accepts_at, placed.seq, instrument=placed.order.instrument)
        elif placed.order.expires_at is not None:
            yield Due(placed.order.expires_at, placed.seq)
    for movement in venue.state.movements.values():
        at = transfers.next_at(movement)
        if at is not None:
            yield Due(at, movement=movement.key)


@under_context
def _accept(venue: Exchange, placed: Placed, at: datetime, outside: Outside) -> None:
    """Match an order and keep it; raises Refusal, and keeps nothing of it, where it is not accepted at `at`."""
    _allow(venue, placed.order)
    _time(placed.order, at)
    _shape(placed.order)
    _fit(venue, placed.order, outside)
    matching.enter(venue, placed, at, outside)


def _allow(venue: Exchange, order: Order) -> None:
    member, instrument = venue.rules.member.get(order.account), venue.rules.instrument.get(order.instrument)
    if member is None:
        raise Refusal(Ground.ACCOUNT, f"there is no account {order.account} here")
    if Right.TRADE not in member.rights:
        raise Refusal(Ground.RIGHT, f"{order.account} may not trade")
    if instrument is None or instrument.listing is Listing.VANISHED:
        raise Refusal(Ground.LISTING, f"{order.instrument} is not listed")
    if instrument.listing is Listing.HALTED:
        raise Refusal(Ground.CLOSED, f"{order.instrument} is halted")


def _time(order: Order, at: datetime) -> None:
    came = f"it came at {at.isoformat()} and"
    if at > order.valid_until:
        raise Refusal(Ground.LATE, f"{came} was valid until {order.valid_until.isoformat()}")
    if order.expires_at is not None and order.expires_at <= at:
        raise Refusal(Ground.LATE, f"{came} expired at {order.expires_at.isoformat()}")


def _shape(order: Order) -> None:
    if order.kind is OrderKind.LIMIT and order.limit_price is None:
        raise Refusal(Ground.SHAPE, "it is a limit order without a price")
    if order.kind is OrderKind.MARKET and order.limit_price is not None:
        raise Refusal(Ground.SHAPE, "it is a market order with a price")
    if order.kind is OrderKind.MARKET and order.time_in_force is TimeInForce.POST_ONLY:
        raise Refusal(Ground.SHAPE, "a market order cannot be post-only")


def _fit(venue: Exchange, order: Order, outside: Outside) -> None:
    instrument = venue.rules.instrument[order.instrument]
    wrong = filters.broken(
        instrument.filters,
        side=order.side,
        kind=order.kind,
        amount=order.amount,
        price=order.limit_price,
        average=matching.average(outside),
    )
    mine = [p for p in _open_on(venue, order.instrument) if p.order.account == order.account]
    coming = sum((p.order.amount - p.filled for p in mine if p.order.side is Side.BUY), ZERO)
    there = funds.amount(venue, instrument.base, venue.state.stock(order.account, instrument.base).total)
    wrong = wrong or filters.crowded(
        instrument.filters, side=order.side, amount=order.amount, orders=len(mine), position=there + coming
    )
    if wrong is not None:
        raise Refusal(*wrong)


def _open_on(venue: Exchange, instrument: str) -> Iterator[Placed]:
    return (placed for placed in venue.state.live(instrument) if placed.status is OrderStatus.OPEN)


def _balance(venue: Exchange, account: str, asset: str, at: datetime) -> Balance:
    stock = venue.state.stock(account, asset)
    return Balance(
        account=account,
        asset=asset,
        total=funds.amount(venue, asset, stock.total),
        free=funds.amount(venue, asset, stock.free),
        withdrawable=funds.amount(venue, asset, funds.withdrawable(venue, account, asset)),
        as_of=at,
    )


def _open(orders: Iterator[Placed]) -> Iterator[OpenOrder]:
    for placed in orders:
        if placed.status is OrderStatus.OPEN:
            order = placed.order
            yield OpenOrder(
                account=order.account,
                instrument=order.instrument,
                client_id=order.id,
                side=order.side,
                amount=order.amount,
                filled=placed.filled,
                price=order.limit_price,
            )
