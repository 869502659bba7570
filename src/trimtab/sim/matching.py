"""One instrument's market at one moment: the orders that rest at the venue and the ladder of everybody else.

Orders that rest here came before the moment at which the ladder was read, so at one price they are met first;
a ladder that has come to a resting order's price fills it at that price, as a maker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from trimtab.model.assets import Instrument, Listing
from trimtab.model.orders import Order, OrderKind, OrderStatus, Side, TimeInForce
from trimtab.model.prices import Level
from trimtab.sim import fills, funds
from trimtab.sim.book import BUY, OUTSIDE, SELL, Book, End, Force, Match, Outcome
from trimtab.sim.refusals import Ground, Refusal
from trimtab.sim.rules import Consumed, Outside
from trimtab.sim.state import Exchange, Placed
from trimtab.units import canon, under_context

FORCES: Final = {
    TimeInForce.GTC: Force.REST,
    TimeInForce.IOC: Force.IOC,
    TimeInForce.FOK: Force.FOK,
    TimeInForce.POST_ONLY: Force.POST_ONLY,
}
WHY: Final = {
    End.DRY: "nothing was left in the book at its price",
    End.SELF: "it met an order of the same owner, and the rest of it was cancelled",
    End.UNFILLABLE: "it could not be filled whole at once",
    End.CROSSES: "it would have traded at once, and it is post-only",
}


@under_context
def cross(venue: Exchange, instrument: str, at: datetime, outside: Outside) -> None:
    """Fill the resting orders that the ladder has come to, where the instrument is trading; they consume it."""
    listed = venue.rules.instrument[instrument]
    if listed.listing is Listing.TRADING:
        _assembled(venue, listed, at, outside)


@under_context
def enter(venue: Exchange, placed: Placed, at: datetime, outside: Outside) -> None:
    """Match an accepted order and keep it in the log; raises Refusal, and keeps nothing of it, where it cannot be."""
    order, instrument = placed.order, venue.rules.instrument[placed.order.instrument]
    book = _assembled(venue, instrument, at, outside)
    outcome = _place(book, placed, instrument, venue)
    if outcome.end is End.CROSSES:
        raise Refusal(Ground.CROSSES, WHY[End.CROSSES])
    locks = _locks(venue, order, instrument, outcome)
    asset = fills.pays(instrument, order.side)
    free = venue.state.stock(order.account, asset).free
    if locks[0] > free:
        wanted, there = (f"{funds.amount(venue, asset, units):f}" for units in (locks[0], free))
        raise Refusal(Ground.FUNDS, f"it needs {wanted} {asset} and {there} are free")
    funds.lock(venue.state, order.account, asset, locks[0])
    venue.state.keep_order(replace(placed, status=OrderStatus.OPEN, locked=locks[0], changed_at=at))
    taker = fills.terms(venue, order).taker_bps
    for match, locked in zip(outcome.matches, locks[1:], strict=True):
        deal = fills.Deal(*_deal(instrument, match), taker, at, outside)
        fills.apply(venue, venue.state.orders[placed.seq], deal, locked)
        _meet(venue, instrument, order.side, match, deal)
    if outcome.end not in (End.DONE, End.RESTS):
        end(venue, placed.seq, OrderStatus.CANCELLED, WHY[outcome.end], at)


def end(venue: Exchange, seq: int, status: OrderStatus, because: str, at: datetime) -> None:
    """Take a resting order out: give back what it locks and say why it ended."""
    placed = venue.state.orders[seq]
    asset = fills.pays(venue.rules.instrument[placed.order.instrument], placed.order.side)
    funds.lock(venue.state, placed.order.account, asset, -placed.locked)
    venue.state.keep_order(replace(placed, status=status, locked=0, changed_at=at, because=because))


def average(outside: Outside) -> Decimal | None:
    """The venue's average price, or the middle of the ladder; None where a side is empty."""
    bids, asks = outside.ladder.bids, outside.ladder.asks
    if outside.average is not None or not bids or not asks:
        return outside.average
    return canon((bids[0].price + asks[0].price) / 2)


def _assembled(venue: Exchange, instrument: Instrument, at: datetime, outside: Outside) -> Book:
    book = Book()
    for placed in tuple(venue.state.live(instrument.id)):
        if placed.status is OrderStatus.OPEN:
            _place(book, placed, instrument, venue)
    for key, side, level in _levels(outside):
        lots, ticks = _whole(level.amount, instrument.filters.step), _whole(level.price, instrument.filters.tick)
        for match in book.place(key, OUTSIDE, side, lots, ticks, Force.REST).matches:
            amount, price = _deal(instrument, match)
            _made(venue, match.maker, fills.Deal(amount, price, Decimal(0), at, outside))
            _consume(venue, instrument, side, level.price, amount)
    return book


def _levels(outside: Outside) -> Iterator[tuple[int, int, Level]]:
    bids, asks = outside.ladder.bids, outside.ladder.asks
    if bids and asks and bids[0].price >= asks[0].price:
        raise ValueError(f"{outside.ladder.instrument}: the ladder is crossed, {bids[0].price} over {asks[0].price}")
    key = 0
    for side, levels in ((BUY, bids), (SELL, asks)):
        for level in levels:
            key -= 1
            if level.amount:
                yield key, side, level


def _place(book: Book, placed: Placed, instrument: Instrument, venue: Exchange) -> Outcome:
    order, owner = placed.order, venue.rules.member[placed.order.account].owner
    lots = _whole(order.amount - placed.filled, instrument.filters.step)
    ticks = None if order.limit_price is None else _whole(order.limit_price, instrument.filters.tick)
    return book.place(placed.seq, owner, _side(order), lots, ticks, FORCES[order.time_in_force])


def _locks(venue: Exchange, order: Order, instrument: Instrument, outcome: Outcome) -> list[int]:
    """What the order locks before its first match and after each one."""
    deals = [_deal(instrument, match) for match in outcome.matches]
    if order.kind is OrderKind.MARKET or order.limit_price is None:
        return _suffixes([fills.need(venue, order, amount, price) for amount, price in deals])
    left, locks = order.amount, [fills.need(venue, order, order.amount, order.limit_price)]
    for amount, _ in deals:
        left -= amount
        locks.append(fills.need(venue, order, left, order.limit_price))
    return locks


def _suffixes(needs: Sequence[int]) -> list[int]:
    return [sum(needs[index:]) for index in range(len(needs) + 1)]


def _meet(venue: Exchange, instrument: Instrument, side: Side, match: Match, deal: fills.Deal) -> None:
    if match.maker < 0:
        _consume(venue, instrument, SELL if side is Side.BUY else BUY, deal.price, deal.amount)
    else:
        _made(venue, match.maker, deal)


def _made(venue: Exchange, seq: int, deal: fills.Deal) -> None:
    placed = venue.state.orders[seq]
    order = placed.order
    if order.limit_price is None:
        raise AssertionError(f"order {order.id} rests without a price")
    left = order.amount - placed.filled - deal.amount
    made = replace(deal, bps=fills.terms(venue, order).maker_bps)
    fills.apply(venue, placed, made, fills.need(venue, order, left, order.limit_price))


def _consume(venue: Exchange, instrument: Instrument, side: int, price: Decimal, amount: Decimal) -> None:
    venue.state.consumed.append(Consumed(instrument.id, "bids" if side == BUY else "asks", price, amount))


def _deal(instrument: Instrument, match: Match) -> tuple[Decimal, Decimal]:
    filters = instrument.filters
    return canon(match.lots * filters.step), canon(match.ticks * filters.tick)


def _side(order: Order) -> int:
    return BUY if order.side is Side.BUY else SELL


def _whole(value: Decimal, step: Decimal) -> int:
    count = value / step
    if count != int(count):
        raise ValueError(f"{value} is not a multiple of {step}; ladders must be on the instrument's ticks and steps")
    return int(count)
