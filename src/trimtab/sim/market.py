"""One simulated venue in its market: what is outside at a moment, and letting time pass up to another.

The market outside moves once a second. A resting order looks at it every second for its first ten minutes and
every whole minute after that, whoever else looks or trades: so what happened never depends on who asked when.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final

from msgspec import structs

from trimtab.model.assets import Listing
from trimtab.model.orders import OrderKind, OrderStatus, Side
from trimtab.model.prices import Ladder
from trimtab.sim import depth, exchange, tape, world
from trimtab.sim.clock import instant, micros, second
from trimtab.sim.depth import Rung, Rungs, Shape, Taken
from trimtab.sim.rules import Outside, Rules
from trimtab.sim.state import Exchange, Placed
from trimtab.units import ZERO, canon, floor_to

CLOSE_WATCH_S: Final = 600
FAR_WATCH_S: Final = 60


@dataclass(frozen=True)
class Traded:
    """One listed pair as its market sees it."""

    listed: world.Listed
    pair: tuple[str, str]
    shape: Shape


@dataclass(frozen=True, eq=False)
class Market:
    """What surrounds one venue and never changes: the world and its tape."""

    world: world.World
    venue: str
    tape: tape.Tape

    @cached_property
    def traded(self) -> dict[str, Traded]:
        """Listed pairs by instrument id, vanished ones too."""
        place = world.venue(self.world, self.venue)
        return {f"{self.venue}:{pair.id}": _traded(self.world, pair) for pair in place.instruments}

    @cached_property
    def edges(self) -> list[datetime]:
        """Every instant at which a listing changes."""
        found: set[datetime] = set()
        for one in self.traded.values():
            found.update(at for at in (one.listed.halted_from, one.listed.halted_until, one.listed.vanishes_at) if at)
            found.update(instant(edge) for edge in tape.span(self.tape, *one.pair) or ())
        return sorted(found)

    @cached_property
    def laws(self) -> dict[int, Rules]:
        """Rules already made, by the number of edges before them."""
        return {}


@dataclass
class Depth:
    """What we took out of the books outside, by instrument, side and rung; the rows that a request touched."""

    taken: dict[tuple[str, str, str], Taken] = field(default_factory=dict)
    touched: set[tuple[str, str, str]] = field(default_factory=set)


def rules(market: Market, at: datetime) -> Rules:
    """The venue's rules at an instant; a pair whose market is closed is halted."""
    number = bisect_right(market.edges, at)
    found = market.laws.get(number)
    if found is None:
        found = world.rules_of(market.world, market.venue, at)
        instruments = tuple(
            structs.replace(i, listing=Listing.HALTED)
            if i.listing is Listing.TRADING and not _runs(market, i.id, at)
            else i
            for i in found.instruments
        )
        found = market.laws[number] = replace(found, instruments=instruments)
    return found


def outside(market: Market, taken: Depth, instrument: str, at: datetime) -> Outside | None:
    """The market outside of one instrument, less what we took; None while it is closed."""
    one = market.traded[instrument]
    book = tape.rungs(market.tape, one.pair, one.shape, second(at))
    if book is None:
        return None
    ladder = _ladder(market, taken, instrument, book, at)
    return Outside(ladder, tape.average(market.tape, one.pair, second(at)), _thirds(market, one.pair[1], second(at)))


def ladder(market: Market, taken: Depth, instrument: str, at: datetime) -> Ladder | None:
    """The visible book of an instrument; None while its market is closed."""
    one = market.traded[instrument]
    book = tape.rungs(market.tape, one.pair, one.shape, second(at))
    return None if book is None else _ladder(market, taken, instrument, book, at)


def is_open(market: Market, instrument: str, at: datetime) -> bool:
    """Whether the tape has a price for an instrument now."""
    return tape.mid(market.tape, *market.traded[instrument].pair, second(at)) is not None


def closed(market: Market, instrument: str, at: datetime) -> str:
    """The sentence that says why an instrument's market is closed."""
    return tape.closed(market.tape, *market.traded[instrument].pair, second(at))


def restless(venue: Exchange, until: datetime) -> bool:
    """Whether anything can have happened by itself until then."""
    return exchange.due(venue, until) is not None or any(True for _ in _resting(venue))


def settle(market: Market, venue: Exchange, taken: Depth, since: datetime, until: datetime) -> None:
    """Let everything happen that happens by itself after `since` and not later than `until`, in order of time.

    Passing through an instant in between changes nothing: settling twice is settling once.
    """
    cursor = (second(since), "~")
    while True:
        moment = exchange.due(venue, until)
        crossing = _crossing(market, venue, cursor, until if moment is None else moment.at)
        if crossing is not None and (moment is None or instant(crossing[0]) < moment.at):
            cursor = crossing
            cross(market, venue, taken, crossing[1], instant(crossing[0]))
        elif moment is not None:
            _due(market, venue, taken, moment)
        else:
            return


def cross(market: Market, venue: Exchange, taken: Depth, instrument: str, at: datetime) -> None:
    """Let the market of an instrument meet the orders that rest in it, now."""
    venue.rules = rules(market, at)
    around = outside(market, taken, instrument, at)
    if around is not None:
        exchange.cross(venue, instrument, at, around)
        note(market, venue, taken, at)


def note(market: Market, venue: Exchange, taken: Depth, at: datetime) -> None:
    """Remember what the venue has just consumed of the books outside."""
    for used in venue.state.consumed:
        one = market.traded[used.instrument]
        book = tape.rungs(market.tape, one.pair, one.shape, second(at))
        rung = next(rung for rung in getattr(book, used.side) if rung.price == used.price)
        key = used.instrument, used.side, rung.key
        taken.taken[key] = depth.take(taken.taken.get(key), used.amount, micros(at), market.world.recovery_s)
        taken.touched.add(key)
    venue.state.consumed.clear()


def _due(market: Market, venue: Exchange, taken: Depth, moment: exchange.Due) -> None:
    """A late order that finds its market closed is refused by the rules, which say it is halted."""
    venue.rules = rules(market, moment.at)
    around = None
    if moment.instrument is not None:
        empty = Ladder(instrument=moment.instrument, bids=(), asks=(), as_of=moment.at)
        around = outside(market, taken, moment.instrument, moment.at) or Outside(empty)
    exchange.settle(venue, moment, around)
    note(market, venue, taken, moment.at)


def _crossing(market: Market, venue: Exchange, after: tuple[int, str], until: datetime) -> tuple[int, str] | None:
    """The first second (and instrument) after `after` at which the market has come to a resting order."""
    best: tuple[int, str] | None = None
    last = second(until)
    for placed in _resting(venue):
        name = placed.order.instrument
        for now in _looks(placed, after[0] if name > after[1] else after[0] + 1, last):
            if _reached(market, placed, now):
                best = min(best or (now, name), (now, name))
                last = best[0]
                break
    return best


def _resting(venue: Exchange) -> Iterator[Placed]:
    for placed in venue.state.live():
        if placed.status is OrderStatus.OPEN and placed.order.kind is OrderKind.LIMIT:
            yield placed


def _looks(placed: Placed, first: int, last: int) -> Iterator[int]:
    """The seconds at which an order looks at the market, never sooner than the one after its acceptance."""
    now = max(first, second(placed.accepts_at) + 1)
    while now <= last:
        yield now
        close = now - second(placed.accepts_at) < CLOSE_WATCH_S
        now = now + 1 if close else (now // FAR_WATCH_S + 1) * FAR_WATCH_S


def _reached(market: Market, placed: Placed, now: int) -> bool:
    one, price = market.traded[placed.order.instrument], placed.order.limit_price
    if price is None or rules(market, instant(now)).instrument[placed.order.instrument].listing is not Listing.TRADING:
        return False
    middle, buys = tape.mid(market.tape, *one.pair, now), placed.order.side is Side.BUY
    if middle is None or (float(price) < middle if buys else float(price) > middle):
        return False  # No bid is above the middle and no ask below it, so the book need not be drawn.
    book = tape.rungs(market.tape, one.pair, one.shape, now)
    best = () if book is None else book.asks if buys else book.bids
    return bool(best) and (best[0].price <= price if buys else best[0].price >= price)


def _traded(whole: world.World, pair: world.Listed) -> Traded:
    base, quoted = world.pair_of(pair.id)
    assets = {asset.id: asset for asset in whole.assets}
    spread = max(assets[base].half_spread_bps, assets[quoted].half_spread_bps if quoted != whole.tape.unit else ZERO)
    shape = Shape(
        tick=pair.filters.tick,
        step=pair.filters.step,
        half_spread_bps=spread if pair.half_spread_bps is None else pair.half_spread_bps,
        depth=assets[base].depth if pair.depth is None else pair.depth,
    )
    return Traded(listed=pair, pair=(base, quoted), shape=shape)


def _runs(market: Market, instrument: str, at: datetime) -> bool:
    found = tape.span(market.tape, *market.traded[instrument].pair)
    return found is not None and found[0] <= second(at) < found[1]


def _thirds(market: Market, quoted: str, now: int) -> dict[str, Decimal]:
    thirds = {fee.third for fee in world.venue(market.world, market.venue).fees if fee.third is not None}
    prices = {third: tape.mid(market.tape, third, quoted, now) if third != quoted else 1.0 for third in sorted(thirds)}
    return {third: canon(Decimal(f"{price:.10g}")) for third, price in prices.items() if price}


def _ladder(market: Market, taken: Depth, instrument: str, book: Rungs, at: datetime) -> Ladder:
    bids, asks = book.levels
    used = {key[1:]: one for key, one in taken.taken.items() if key[0] == instrument}
    if used:
        step, half_life = market.traded[instrument].shape.step, market.world.recovery_s
        now = micros(at)
        bids, asks = (
            depth.levels(tuple(_less(rung, used.get((side, rung.key)), step, now, half_life) for rung in rungs))
            for side, rungs in (("bids", book.bids), ("asks", book.asks))
        )
    return Ladder(instrument=instrument, bids=bids, asks=asks, as_of=at)


def _less(rung: Rung, used: Taken | None, step: Decimal, now: int, half_life_s: Decimal) -> Rung:
    if used is None:
        return rung
    left = floor_to(rung.amount - depth.missing(used, now, half_life_s), step)
    return rung._replace(amount=max(ZERO, left))
